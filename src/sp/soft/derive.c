/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Randomness and keys derived from secrets.  AMD's derivations from chip
 * secrets are not public; this is the model's own, with the KDF that the
 * firmware uses elsewhere.
 */
#include "sp/soft/soft_priv.h"

#include "crypto/sev_kdf.h"

enum coffer_status cf_sp_derive(const uint8_t secret[32], const char *label,
	const void *context, size_t context_len, uint8_t *out, size_t n,
	struct coffer_error *err)
{
	return cf_sev_kdf(secret, 32, label, context, context_len, out, n, err);
}

enum coffer_status cf_sp_derive_scalar(const uint8_t secret[32],
	const char *label, const void *context, size_t context_len,
	uint8_t out[CF_P384_LEN], struct coffer_error *err)
{
	struct cf_p384_public pub;
	uint8_t mixed[32];
	enum coffer_status status = cf_sp_derive(
		secret, label, context, context_len, mixed, sizeof(mixed), err);

	/* A candidate outside [1, n-1] has probability 2^-190. */
	for (uint8_t i = 0; i < 8 && !status; i++) {
		status = cf_sp_derive(
			mixed, "scalar", &i, 1, out, CF_P384_LEN, err);
		if (!status)
			status = cf_p384_public(out, &pub, err);
		if (status != COFFER_ERR_ARGUMENT)
			break;
		status = COFFER_OK;
	}
	cf_wipe(mixed, sizeof(mixed));
	return status;
}

enum coffer_status cf_sp_random(
	struct cf_sp_soft *sp, void *out, size_t n, struct coffer_error *err)
{
	uint8_t counter[8];
	uint8_t *at = out;

	if (sp->ops.random)
		return sp->ops.random(sp->ops.opaque, out, n, err);
	if (!sp->seeded)
		return cf_random(out, n, err);
	while (n) {
		size_t take = n < 64 ? n : 64;
		enum coffer_status status;

		cf_store_le64(counter, sp->drawn++);
		status = cf_sp_derive(sp->seed, "random", counter,
			sizeof(counter), at, take, err);
		if (status)
			return status;
		at += take;
		n -= take;
	}
	return COFFER_OK;
}

int64_t cf_sp_now(const struct cf_sp_soft *sp)
{
	/* 2024-01-01T00:00:00Z, so that tests are the same every day. */
	return sp->ops.now ? sp->ops.now(sp->ops.opaque) : 1704067200;
}
