/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNP_LAUNCH_FINISH: the owner's ID block and its signatures are checked, in
 * the firmware's order, before the guest may run.  Source: SNP firmware ABI
 * (AMD 56860), SNP_LAUNCH_FINISH, "ID Block", "ID Authentication".
 */
#include "sp/soft/commands_priv.h"

#include <string.h>

#define FINISH_ID_BLOCK BIT(0)
#define FINISH_AUTH_KEY BIT(1)
#define FINISH_VCEK_DIS BIT(2)

#define AUTH_LEN        0x1000
#define AUTH_ID_ALGO    0x000
#define AUTH_AUTH_ALGO  0x004
#define AUTH_BLOCK_SIG  0x040
#define AUTH_ID_KEY     0x240
#define AUTH_ID_KEY_SIG 0x680
#define AUTH_AUTHOR_KEY 0x880
#define KEY_LEN         0x404
#define SIG_LEN         0x200
#define ALGO_P384       1
#define CURVE_P384      2

#define BLOCK_POLICY  0x58
#define BLOCK_VERSION 0x50

/* Bytes that must be zero in the authentication page. */
static bool auth_reserved_are_zero(const uint8_t *a, bool author)
{
	return cf_is_zero(a + 0x008, 0x38) && cf_is_zero(a + 0x644, 0x3C) &&
		cf_is_zero(a + 0xC84, AUTH_LEN - 0xC84) &&
		(author || cf_load_le32(a + AUTH_AUTH_ALGO) <= ALGO_P384);
}

static bool load_key(const uint8_t *p, struct cf_p384_public *key)
{
	return cf_load_le32(p) == CURVE_P384 &&
		cf_p384_from_le72(p + 4, key->x) &&
		cf_p384_from_le72(p + 0x4C, key->y) &&
		cf_is_zero(p + 0x94, KEY_LEN - 0x94);
}

static bool load_signature(const uint8_t *p, struct cf_p384_signature *sig)
{
	return cf_p384_from_le72(p, sig->r) &&
		cf_p384_from_le72(p + 72, sig->s) &&
		cf_is_zero(p + 144, SIG_LEN - 144);
}

static uint32_t verify(const uint8_t *key_bytes, const uint8_t *sig_bytes,
	const uint8_t *signed_bytes, size_t len)
{
	struct cf_p384_public key;
	struct cf_p384_signature sig;

	if (!load_key(key_bytes, &key) || !load_signature(sig_bytes, &sig) ||
		cf_p384_verify(
			&key, CF_HASH_SHA384, signed_bytes, len, &sig, NULL))
		return CF_FW_BAD_SIGNATURE;
	return CF_FW_SUCCESS;
}

/* The order of the checks is the firmware's: digest, policy, signatures. */
static uint32_t check_block(struct snp_guest *g, const uint8_t *block,
	const uint8_t *auth, bool author)
{
	uint32_t fw;

	if (cf_load_le32(block + BLOCK_VERSION) != 1 ||
		cf_load_le32(auth + AUTH_ID_ALGO) != ALGO_P384 ||
		(author && cf_load_le32(auth + AUTH_AUTH_ALGO) != ALGO_P384) ||
		!auth_reserved_are_zero(auth, author))
		return CF_FW_INVALID_PARAM;
	if (!cf_equal_ct(block, g->ld, sizeof(g->ld)))
		return CF_FW_BAD_MEASUREMENT;
	if (cf_load_le64(block + BLOCK_POLICY) != g->policy)
		return CF_FW_POLICY_FAILURE;
	fw = verify(auth + AUTH_ID_KEY, auth + AUTH_BLOCK_SIG, block,
		SNP_ID_BLOCK_LEN);
	if (!fw && author)
		fw = verify(auth + AUTH_AUTHOR_KEY, auth + AUTH_ID_KEY_SIG,
			auth + AUTH_ID_KEY, KEY_LEN);
	return fw;
}

static uint32_t take_block(struct call *c, bool author)
{
	struct snp_guest *g = c->snp;
	uint8_t block[SNP_ID_BLOCK_LEN], auth[AUTH_LEN];
	uint32_t fw;

	if (!cf_sp_read(
		    c->sp, cf_load_le64(c->buf + 8), block, sizeof(block)) ||
		!cf_sp_read(
			c->sp, cf_load_le64(c->buf + 0x10), auth, sizeof(auth)))
		return CF_FW_INVALID_ADDRESS;
	fw = check_block(g, block, auth, author);
	if (fw)
		return fw;
	if (cf_sha384(auth + AUTH_ID_KEY, KEY_LEN, g->id_key_digest, NULL))
		return CF_FW_HWERROR_PLATFORM;
	if (author &&
		cf_sha384(auth + AUTH_AUTHOR_KEY, KEY_LEN, g->author_key_digest,
			NULL))
		return CF_FW_HWERROR_PLATFORM;
	memcpy(g->id_block, block, sizeof(block));
	g->id_block_en = true;
	g->author_key_en = author;
	return CF_FW_SUCCESS;
}

uint32_t cf_sp_snp_launch_finish(struct call *c)
{
	uint64_t flags = cf_load_le64(c->buf + 0x18);
	uint32_t fw;

	if (flags & ~(uint64_t)7)
		return CF_FW_INVALID_PARAM;
	if ((flags & FINISH_AUTH_KEY) && !(flags & FINISH_ID_BLOCK))
		return UNC_AUTH_WITHOUT_BLOCK;
	if (flags & FINISH_ID_BLOCK) {
		fw = take_block(c, flags & FINISH_AUTH_KEY);
		if (fw)
			return fw;
	}
	c->snp->vcek_dis = flags & FINISH_VCEK_DIS;
	memcpy(c->snp->host_data, c->buf + 0x20, sizeof(c->snp->host_data));
	c->snp->state = SG_RUNNING;
	return CF_FW_SUCCESS;
}
