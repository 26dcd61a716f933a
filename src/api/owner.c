/* SPDX-License-Identifier: Apache-2.0 */
/* The public face of sessions, secrets and ID blocks. */
#include "coffer/owner.h"

#include "base/base.h"
#include "crypto/key_file.h"
#include "igvm/igvm.h"
#include "owner/id_block.h"
#include "owner/secret.h"
#include "owner/session.h"
#include "owner/sev_chain.h"

#include <string.h>

#define MAX_SECRETS 256

void coffer_session_wipe(struct coffer_session *session)
{
	if (session)
		cf_wipe(session, sizeof(*session));
}

/* The chain of the certificates; the first link that fails is the error. */
static enum coffer_status check_chain(const struct cf_sev_chain *chain,
	bool simulated, struct coffer_error *err)
{
	struct cf_sev_chain_result result;

	cf_sev_chain_verify(chain, simulated, &result);
	for (size_t i = 0; i < CF_SEV_LINK_COUNT; i++)
		if (result.link[i].verdict != CF_PASSED)
			return cf_fail(err, COFFER_ERR_MISMATCH,
				"session: %s: %s",
				cf_sev_link_name((enum cf_sev_link)i),
				result.link[i].reason);
	return COFFER_OK;
}

enum coffer_status coffer_session_create(const uint8_t *certs, size_t len,
	uint32_t policy, bool simulated, struct coffer_session *out,
	struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) struct cf_sev_chain *chain = NULL;
	struct cf_sev_session session;
	enum coffer_status status;

	if (!certs || !out)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"session: no certificates or no result");
	chain = cf_alloc_array(1, sizeof(*chain));
	if (!chain)
		return cf_fail_nomem(err, "a certificate chain");
	status = cf_sev_chain_add(chain, certs, len, err);
	if (!status)
		status = check_chain(chain, simulated, err);
	if (!status)
		status = cf_sev_session_create(
			&chain->pdh, policy, &session, err);
	if (status)
		return status;
	memcpy(out->dh_cert, session.dh_cert, sizeof(out->dh_cert));
	memcpy(out->blob, session.blob, sizeof(out->blob));
	memcpy(out->tek, session.keys.tek, sizeof(out->tek));
	memcpy(out->tik, session.keys.tik, sizeof(out->tik));
	cf_sev_session_wipe(&session);
	return COFFER_OK;
}

enum coffer_status coffer_launch_check(const uint8_t tik[16],
	const struct coffer_launch *launch, const uint8_t measurement[48],
	struct coffer_error *err)
{
	const struct cf_sev_measure m = {
		.api_major = launch->api_major,
		.api_minor = launch->api_minor,
		.build_id = launch->build_id,
		.policy = launch->policy,
		.digest = launch->digest,
	};

	return cf_sev_measurement_check(tik, &m, measurement, err);
}

static enum coffer_status make_table(const struct coffer_secret *secrets,
	size_t n, struct cf_buf *out, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr)
	struct cf_secret_entry *entry = cf_alloc_array(n, sizeof(*entry));

	if (!entry)
		return cf_fail_nomem(err, "secrets");
	for (size_t i = 0; i < n; i++) {
		if (!secrets[i].guid ||
			!cf_guid_from_text(secrets[i].guid, entry[i].guid))
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"secret %zu: '%s' is not a GUID", i,
				secrets[i].guid ? secrets[i].guid : "");
		entry[i].data = secrets[i].data;
		entry[i].len = secrets[i].len;
	}
	return cf_secret_table(entry, n, out, err);
}

enum coffer_status coffer_secret_packet(const uint8_t tek[16],
	const uint8_t tik[16], const uint8_t measurement[48],
	const struct coffer_secret *secrets, size_t nsecrets,
	uint8_t header[52], uint8_t **payload, size_t *payload_len,
	struct coffer_error *err)
{
	struct cf_buf table = { 0 }, data = { 0 };
	struct cf_sev_keys keys;
	const struct cf_secret_params params = {
		.keys = &keys,
		.measure = measurement,
	};
	enum coffer_status status;

	if (!secrets || !nsecrets || nsecrets > MAX_SECRETS)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"secret: %zu secrets; want 1 to %d", nsecrets,
			MAX_SECRETS);
	memcpy(keys.tek, tek, sizeof(keys.tek));
	memcpy(keys.tik, tik, sizeof(keys.tik));
	status = make_table(secrets, nsecrets, &table, err);
	if (!status)
		status = cf_secret_packet(
			&params, table.data, table.len, header, &data, err);
	cf_wipe(&keys, sizeof(keys));
	if (table.data)
		cf_wipe(table.data, table.cap);
	cf_buf_finish(&table);
	if (status) {
		cf_buf_finish(&data);
		return status;
	}
	*payload = data.data;
	*payload_len = data.len;
	return COFFER_OK;
}

static enum coffer_status load_key(
	const char *pem, uint8_t secret[CF_P384_LEN], struct coffer_error *err)
{
	struct cf_p384_public pub;

	return cf_p384_secret_from_pem(pem, strlen(pem), secret, &pub, err);
}

enum coffer_status coffer_id_block_sign(const struct coffer_id_block *id,
	const char *id_key_pem, const char *author_key_pem, uint8_t block[96],
	uint8_t auth[4096], struct coffer_error *err)
{
	uint8_t id_key[CF_P384_LEN], author_key[CF_P384_LEN];
	struct cf_id_block b = { .version = 1 };
	struct cf_id_auth a;
	enum coffer_status status;

	if (!id || !id_key_pem)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"id block: no block or no ID key");
	memcpy(b.measurement, id->measurement, sizeof(b.measurement));
	memcpy(b.family_id, id->family_id, sizeof(b.family_id));
	memcpy(b.image_id, id->image_id, sizeof(b.image_id));
	b.guest_svn = id->guest_svn;
	b.policy = id->policy;
	cf_id_block_encode(&b, block);
	status = load_key(id_key_pem, id_key, err);
	if (!status && author_key_pem)
		status = load_key(author_key_pem, author_key, err);
	if (!status)
		status = cf_id_auth_sign(block, id_key,
			author_key_pem ? author_key : NULL, &a, err);
	if (!status)
		cf_id_auth_encode(&a, auth);
	cf_wipe(id_key, sizeof(id_key));
	cf_wipe(author_key, sizeof(author_key));
	return status;
}

enum coffer_status coffer_id_block_into_igvm(const uint8_t *file, size_t len,
	const uint8_t block[96], const uint8_t auth[4096], uint8_t **out,
	size_t *out_len, struct coffer_error *err)
{
	struct cf_igvm *igvm = NULL;
	struct cf_buf bytes = { 0 };
	struct cf_id_block b;
	struct cf_id_auth a;
	enum coffer_status status = cf_id_auth_decode(auth, &a, err);

	if (!status)
		status = cf_id_auth_verify(&a, block, err);
	if (!status)
		status = cf_igvm_parse(file, len, &igvm, err);
	cf_id_block_decode(block, &b);
	if (!status)
		status = cf_id_block_into_igvm(igvm, &b, &a, &bytes, err);
	cf_igvm_destroy(igvm);
	if (status) {
		cf_buf_finish(&bytes);
		return status;
	}
	*out = bytes.data;
	*out_len = bytes.len;
	return COFFER_OK;
}
