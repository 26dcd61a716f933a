/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNP_VLEK_LOAD: a hashstick that the key server wrapped for this chip.  How
 * AMD wraps it is not public; the model's key server is the model itself,
 * which derives the wrapping key from the chip.  Source: SNP firmware ABI
 * (AMD 56860), SNP_VLEK_LOAD.
 */
#include "sp/soft/commands_priv.h"

#include <string.h>

#define WRAP_IV_LEN 12
#define WRAP_STICK  0x010
#define WRAP_TCB    0x190
#define WRAP_TAG    0x1A0

static enum coffer_status wrap_key(
	const struct cf_sp_soft *sp, uint8_t key[32], struct coffer_error *err)
{
	return cf_sp_derive(
		sp->chip_secret, "sim-vlek-wrap", NULL, 0, key, 32, err);
}

/* AAD: the TCB version and the zeros behind it. */
enum coffer_status cf_sp_soft_vlek_wrap(struct cf_sp_soft *sp,
	uint8_t out[CF_SP_VLEK_WRAPPED_LEN], struct coffer_error *err)
{
	uint8_t key[32], stick[VLEK_HASHSTICK_LEN];
	enum coffer_status status;

	memset(out, 0, CF_SP_VLEK_WRAPPED_LEN);
	cf_store_le64(out + WRAP_TCB, cf_sp_reported_tcb(sp));
	status = cf_sp_derive(sp->chip_secret, "sim-vlek-hashstick",
		CF_SP_CSP_ID, sizeof(CF_SP_CSP_ID) - 1, stick, sizeof(stick),
		err);
	if (!status)
		status = wrap_key(sp, key, err);
	if (!status)
		status = cf_random(out, WRAP_IV_LEN, err);
	if (!status)
		status = cf_aes256_gcm_seal(key, out, out + WRAP_TCB, 16, stick,
			sizeof(stick), out + WRAP_STICK, out + WRAP_TAG, err);
	cf_wipe(key, sizeof(key));
	cf_wipe(stick, sizeof(stick));
	return status;
}

uint32_t cf_sp_snp_vlek_load(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	uint8_t w[CF_SP_VLEK_WRAPPED_LEN], key[32], stick[VLEK_HASHSTICK_LEN];
	enum coffer_status status;
	struct tcb tcb, current = cf_sp_current(sp);

	if (cf_load_le32(c->buf) != 0x10)
		return CF_FW_INVALID_LENGTH;
	if (c->buf[4])
		return CF_FW_INVALID_PARAM;
	if (!cf_sp_read(sp, cf_load_le64(c->buf + 8), w, sizeof(w)))
		return CF_FW_INVALID_ADDRESS;
	if (!cf_is_zero(w + 0x0C, 4) || !cf_is_zero(w + 0x198, 8) ||
		!cf_sp_tcb_decode(
			sp->product, cf_load_le64(w + WRAP_TCB), &tcb) ||
		!cf_sp_tcb_le(&tcb, &current))
		return CF_FW_INVALID_PARAM;
	if (wrap_key(sp, key, NULL))
		return CF_FW_HWERROR_PLATFORM;
	status = cf_aes256_gcm_open(key, w, w + WRAP_TCB, 16, w + WRAP_STICK,
		sizeof(stick), stick, w + WRAP_TAG, NULL);
	cf_wipe(key, sizeof(key));
	if (status)
		return UNC_VLEK_BAD_TAG;
	memcpy(sp->vlek_hashstick, stick, sizeof(stick));
	cf_wipe(stick, sizeof(stick));
	sp->has_vlek = true;
	return CF_FW_SUCCESS;
}
