/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated memory encryption: keys, and pages changing between raw bytes
 * and the plain text of a key.
 *
 * The cipher is a convention of the simulator (AMD's tweak constants are not
 * public): block at address a has T = AES_K2(LE64(a) || 0) and cipher text
 * AES_K1(P xor T) xor T.  Like the hardware's it is deterministic, depends on
 * the address and has no integrity.
 */
#include "memory/recode_priv.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "crypto/crypto.h"

#define BLOCK 16u

static void destroy_key(struct key *k)
{
	cf_aes128_destroy(k->encrypt);
	cf_aes128_destroy(k->decrypt);
	cf_aes128_destroy(k->tweak);
	*k = (struct key) { 0 };
}

enum coffer_status cf_memory_set_key(struct cf_memory *mem, unsigned asid,
	const uint8_t vek[CF_VEK_LEN], struct coffer_error *err)
{
	struct key k = { 0 };
	enum coffer_status status;

	if (!asid || asid > CF_MEMORY_MAX_ASID)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"memory: no key slot %u; there are 1 to %d", asid,
			CF_MEMORY_MAX_ASID);
	if (mem->key[asid].encrypt)
		return cf_fail(err, COFFER_ERR_STATE,
			"memory: key slot %u is in use", asid);
	status = cf_aes128_create(vek, false, &k.encrypt, err);
	if (status == COFFER_OK)
		status = cf_aes128_create(vek, true, &k.decrypt, err);
	if (status == COFFER_OK)
		status = cf_aes128_create(vek + 16, false, &k.tweak, err);
	if (status != COFFER_OK) {
		destroy_key(&k);
		return status;
	}
	cf_memory_stop(mem);
	mem->key[asid] = k;
	cf_memory_resume(mem);
	return COFFER_OK;
}

/* out may be in.  The tweaks of a page are made in one go, so that libcrypto
 * can work on several blocks at once. */
static bool convert(const struct key *k, bool decrypt, uint64_t gpa,
	const uint8_t *in, uint8_t *out)
{
	uint8_t tweak[PAGE_SIZE];

	for (size_t i = 0; i < PAGE_SIZE; i += BLOCK) {
		cf_store_le64(tweak + i, gpa + i);
		cf_store_le64(tweak + i + 8, 0);
	}
	if (!cf_aes128_blocks(k->tweak, tweak, tweak, PAGE_SIZE / BLOCK))
		return false;
	for (size_t i = 0; i < PAGE_SIZE; i++)
		out[i] = in[i] ^ tweak[i];
	if (!cf_aes128_blocks(decrypt ? k->decrypt : k->encrypt, out, out,
		    PAGE_SIZE / BLOCK))
		return false;
	for (size_t i = 0; i < PAGE_SIZE; i++)
		out[i] ^= tweak[i];
	return true;
}

void cf_memory_declare(
	struct cf_memory *mem, const struct place *at, unsigned view)
{
	atomic_store_explicit(
		&at->r->view[at->page], (uint8_t)view, memory_order_release);
	if (mem->sync.changed)
		mem->sync.changed(mem->sync.opaque, place_gpa(at));
}

bool cf_memory_has_key(const struct cf_memory *mem, unsigned asid)
{
	return asid && asid <= CF_MEMORY_MAX_ASID && mem->key[asid].encrypt;
}

bool cf_memory_flip(
	struct cf_memory *mem, const struct place *at, unsigned view)
{
	unsigned now = place_view(at);
	uint8_t *host = place_host(at);
	uint64_t gpa = place_gpa(at);

	if (now == view)
		return true;
	if (view && !cf_memory_has_key(mem, view))
		return false;
	if (now && !convert(&mem->key[now], false, gpa, host, host))
		return false;
	if (view && !convert(&mem->key[view], true, gpa, host, host))
		return false;
	cf_memory_declare(mem, at, view);
	return true;
}

bool cf_memory_peek_raw(
	const struct cf_memory *mem, const struct place *at, uint8_t *out)
{
	unsigned now = place_view(at);

	if (now)
		return convert(&mem->key[now], false, place_gpa(at),
			place_host(at), out);
	memcpy(out, place_host(at), PAGE_SIZE);
	return true;
}

void cf_memory_clear_key(struct cf_memory *mem, unsigned asid)
{
	if (!cf_memory_has_key(mem, asid))
		return;
	cf_memory_stop(mem);
	for (size_t i = 0; i < mem->nregions; i++) {
		struct place at = { .r = &mem->region[i] };

		for (; at.page < at.r->len / PAGE_SIZE; at.page++)
			/* A page that cannot be encrypted is erased: it must
			 * not be seen as plain text. */
			if (place_view(&at) == asid &&
				!cf_memory_flip(mem, &at, 0)) {
				cf_wipe(place_host(&at), PAGE_SIZE);
				cf_memory_declare(mem, &at, 0);
			}
	}
	destroy_key(&mem->key[asid]);
	cf_memory_resume(mem);
}
