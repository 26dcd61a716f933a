/* SPDX-License-Identifier: Apache-2.0 */
/* Session keys, launch measurement and packet MACs of SEV and SEV-ES. */
#include "crypto/sev_kdf.h"

#include "base/alloc.h"
#include "base/bytes.h"

#include <string.h>

enum {
	SESSION_NONCE = 0x00,
	SESSION_WRAP_TK = 0x10,
	SESSION_WRAP_IV = 0x30,
	SESSION_WRAP_MAC = 0x40,
	SESSION_POLICY_MAC = 0x60,
};

#define MEASURE_TAG 0x04

enum coffer_status cf_sev_kdf(const uint8_t *key, size_t key_len,
	const char *label, const uint8_t *context, size_t context_len,
	uint8_t *out, size_t out_len, struct coffer_error *err)
{
	uint8_t counter[4], bits[4], block[CF_SHA256_LEN];
	const struct cf_bytes parts[] = {
		{ counter, sizeof(counter) },
		{ label, strlen(label) + 1 }, /* its NUL is the separator */
		{ context, context_len },
		{ bits, sizeof(bits) },
	};
	enum coffer_status status = COFFER_OK;
	uint32_t i = 1;

	if (out_len > (size_t)1 << 28)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"sev kdf: %zu bytes are too many", out_len);
	cf_store_le32(bits, (uint32_t)(out_len * 8));
	while (out_len && !status) {
		size_t n = out_len < sizeof(block) ? out_len : sizeof(block);

		cf_store_le32(counter, i++);
		status = cf_hmac_sha256(
			key, key_len, parts, CF_ARRAY_LEN(parts), block, err);
		if (!status)
			memcpy(out, block, n);
		out += n;
		out_len -= n;
	}
	cf_wipe(block, sizeof(block));
	return status;
}

struct wrap_keys {
	uint8_t kek[CF_SEV_KEY_LEN], kik[CF_SEV_KEY_LEN];
};

static enum coffer_status derive_wrap_keys(const uint8_t z[CF_P384_LEN],
	const uint8_t nonce[16], struct wrap_keys *out,
	struct coffer_error *err)
{
	uint8_t master[CF_SEV_KEY_LEN];
	enum coffer_status status = cf_sev_kdf(z, CF_P384_LEN,
		"sev-master-secret", nonce, 16, master, sizeof(master), err);

	if (!status)
		status = cf_sev_kdf(master, sizeof(master), "sev-kek", NULL, 0,
			out->kek, sizeof(out->kek), err);
	if (!status)
		status = cf_sev_kdf(master, sizeof(master), "sev-kik", NULL, 0,
			out->kik, sizeof(out->kik), err);
	cf_wipe(master, sizeof(master));
	return status;
}

static enum coffer_status policy_mac(const uint8_t tik[CF_SEV_KEY_LEN],
	uint32_t policy, uint8_t out[CF_SHA256_LEN], struct coffer_error *err)
{
	uint8_t le[4];
	const struct cf_bytes part = { le, sizeof(le) };

	cf_store_le32(le, policy);
	return cf_hmac_sha256(tik, CF_SEV_KEY_LEN, &part, 1, out, err);
}

static enum coffer_status wrap_mac(const uint8_t kik[CF_SEV_KEY_LEN],
	const uint8_t *wrapped, uint8_t out[CF_SHA256_LEN],
	struct coffer_error *err)
{
	const struct cf_bytes part = { wrapped, 2 * CF_SEV_KEY_LEN };

	return cf_hmac_sha256(kik, CF_SEV_KEY_LEN, &part, 1, out, err);
}

enum coffer_status cf_sev_session_wrap(const uint8_t z[CF_P384_LEN],
	const struct cf_sev_keys *keys, const uint8_t nonce[16],
	const uint8_t iv[16], uint32_t policy, uint8_t out[CF_SEV_SESSION_LEN],
	struct coffer_error *err)
{
	uint8_t plain[2 * CF_SEV_KEY_LEN];
	struct wrap_keys wrap;
	enum coffer_status status = derive_wrap_keys(z, nonce, &wrap, err);

	memcpy(plain, keys->tek, CF_SEV_KEY_LEN);
	memcpy(plain + CF_SEV_KEY_LEN, keys->tik, CF_SEV_KEY_LEN);
	memcpy(out + SESSION_NONCE, nonce, 16);
	memcpy(out + SESSION_WRAP_IV, iv, 16);
	if (!status)
		status = cf_aes128_ctr(wrap.kek, iv, plain,
			out + SESSION_WRAP_TK, sizeof(plain), err);
	if (!status)
		status = wrap_mac(wrap.kik, out + SESSION_WRAP_TK,
			out + SESSION_WRAP_MAC, err);
	if (!status)
		status = policy_mac(
			keys->tik, policy, out + SESSION_POLICY_MAC, err);
	cf_wipe(plain, sizeof(plain));
	cf_wipe(&wrap, sizeof(wrap));
	return status;
}

static enum coffer_status open_wrap(const struct wrap_keys *wrap,
	const uint8_t session[CF_SEV_SESSION_LEN], struct cf_sev_keys *keys,
	struct coffer_error *err)
{
	uint8_t plain[2 * CF_SEV_KEY_LEN], mac[CF_SHA256_LEN];
	enum coffer_status status =
		wrap_mac(wrap->kik, session + SESSION_WRAP_TK, mac, err);

	if (!status &&
		!cf_equal_ct(mac, session + SESSION_WRAP_MAC, sizeof(mac)))
		status = cf_fail(err, COFFER_ERR_MISMATCH,
			"sev session: WRAP_MAC does not match: it was made "
			"for another platform key, or it was changed");
	if (!status)
		status = cf_aes128_ctr(wrap->kek, session + SESSION_WRAP_IV,
			session + SESSION_WRAP_TK, plain, sizeof(plain), err);
	if (!status) {
		memcpy(keys->tek, plain, CF_SEV_KEY_LEN);
		memcpy(keys->tik, plain + CF_SEV_KEY_LEN, CF_SEV_KEY_LEN);
	}
	cf_wipe(plain, sizeof(plain));
	return status;
}

enum coffer_status cf_sev_session_unwrap(const uint8_t z[CF_P384_LEN],
	const uint8_t session[CF_SEV_SESSION_LEN], uint32_t policy,
	struct cf_sev_keys *keys, struct coffer_error *err)
{
	uint8_t mac[CF_SHA256_LEN];
	struct wrap_keys wrap;
	enum coffer_status status =
		derive_wrap_keys(z, session + SESSION_NONCE, &wrap, err);

	if (!status)
		status = open_wrap(&wrap, session, keys, err);
	if (!status)
		status = policy_mac(keys->tik, policy, mac, err);
	if (!status &&
		!cf_equal_ct(mac, session + SESSION_POLICY_MAC, sizeof(mac)))
		status = cf_fail(err, COFFER_ERR_MISMATCH,
			"sev session: POLICY_MAC does not match policy 0x%x",
			policy);
	cf_wipe(&wrap, sizeof(wrap));
	if (status)
		cf_wipe(keys, sizeof(*keys));
	return status;
}

enum coffer_status cf_sev_launch_measure(const uint8_t tik[CF_SEV_KEY_LEN],
	const struct cf_sev_measure *m, uint8_t out[CF_SEV_MEASURE_LEN],
	struct coffer_error *err)
{
	uint8_t head[8] = { MEASURE_TAG, m->api_major, m->api_minor,
		m->build_id };
	const struct cf_bytes parts[] = {
		{ head, sizeof(head) },
		{ m->digest, CF_SHA256_LEN },
		{ m->mnonce, 16 },
	};

	cf_store_le32(head + 4, m->policy);
	return cf_hmac_sha256(
		tik, CF_SEV_KEY_LEN, parts, CF_ARRAY_LEN(parts), out, err);
}

enum coffer_status cf_sev_packet_mac(const uint8_t tik[CF_SEV_KEY_LEN],
	const struct cf_sev_packet *p, uint8_t out[CF_SHA256_LEN],
	struct coffer_error *err)
{
	uint8_t head[5] = { (uint8_t)p->kind }, lengths[8];
	const struct cf_bytes parts[] = {
		{ head, sizeof(head) },
		{ p->iv, 16 },
		{ lengths, sizeof(lengths) },
		{ p->data, p->data_len },
		{ p->measure, CF_SEV_MEASURE_LEN },
	};

	cf_store_le32(head + 1, p->flags);
	cf_store_le32(lengths, p->guest_len);
	cf_store_le32(lengths + 4, p->data_len);
	return cf_hmac_sha256(tik, CF_SEV_KEY_LEN, parts,
		CF_ARRAY_LEN(parts) - (p->measure ? 0 : 1), out, err);
}
