/* SPDX-License-Identifier: Apache-2.0 */
/* Layout and signatures of ID block and ID authentication information. */
#include "owner/id_block.h"

#include "base/base.h"

#include <string.h>

enum {
	BLOCK_FAMILY_ID = 0x30,
	BLOCK_IMAGE_ID = 0x40,
	BLOCK_VERSION = 0x50,
	BLOCK_GUEST_SVN = 0x54,
	BLOCK_POLICY = 0x58,
};

enum {
	AUTH_ID_ALGO = 0x000,
	AUTH_AUTHOR_ALGO = 0x004,
	AUTH_RESERVED1 = 0x008,
	AUTH_BLOCK_SIG = 0x040,
	AUTH_ID_KEY = 0x240,
	AUTH_RESERVED2 = 0x644,
	AUTH_ID_KEY_SIG = 0x680,
	AUTH_AUTHOR_KEY = 0x880,
	AUTH_RESERVED3 = 0xC84,
};

#define SIGNATURE_LEN 0x200
#define SIGNATURE_S   0x48
#define SIGNATURE_END 0x90
#define KEY_QX        0x04
#define KEY_QY        0x4C
#define KEY_END       0x94
#define CURVE_P384    2
#define ALGO_ECDSA    1 /* P-384 with SHA-384 */

void cf_id_block_encode(
	const struct cf_id_block *b, uint8_t out[CF_ID_BLOCK_LEN])
{
	memcpy(out, b->measurement, sizeof(b->measurement));
	memcpy(out + BLOCK_FAMILY_ID, b->family_id, sizeof(b->family_id));
	memcpy(out + BLOCK_IMAGE_ID, b->image_id, sizeof(b->image_id));
	cf_store_le32(out + BLOCK_VERSION, b->version);
	cf_store_le32(out + BLOCK_GUEST_SVN, b->guest_svn);
	cf_store_le64(out + BLOCK_POLICY, b->policy);
}

void cf_id_block_decode(
	const uint8_t in[CF_ID_BLOCK_LEN], struct cf_id_block *out)
{
	memcpy(out->measurement, in, sizeof(out->measurement));
	memcpy(out->family_id, in + BLOCK_FAMILY_ID, sizeof(out->family_id));
	memcpy(out->image_id, in + BLOCK_IMAGE_ID, sizeof(out->image_id));
	out->version = cf_load_le32(in + BLOCK_VERSION);
	out->guest_svn = cf_load_le32(in + BLOCK_GUEST_SVN);
	out->policy = cf_load_le64(in + BLOCK_POLICY);
}

void cf_id_key_encode(
	const struct cf_p384_public *pub, uint8_t out[CF_ID_KEY_LEN])
{
	memset(out, 0, CF_ID_KEY_LEN);
	cf_store_le32(out, CURVE_P384);
	cf_p384_to_le72(pub->x, out + KEY_QX);
	cf_p384_to_le72(pub->y, out + KEY_QY);
}

static bool decode_key(const uint8_t *in, struct cf_p384_public *out)
{
	return cf_load_le32(in) == CURVE_P384 &&
		cf_p384_from_le72(in + KEY_QX, out->x) &&
		cf_p384_from_le72(in + KEY_QY, out->y) &&
		cf_is_zero(in + KEY_END, CF_ID_KEY_LEN - KEY_END);
}

static void encode_signature(const struct cf_p384_signature *s, uint8_t *out)
{
	cf_p384_to_le72(s->r, out);
	cf_p384_to_le72(s->s, out + SIGNATURE_S);
}

static bool decode_signature(const uint8_t *in, struct cf_p384_signature *out)
{
	return cf_p384_from_le72(in, out->r) &&
		cf_p384_from_le72(in + SIGNATURE_S, out->s) &&
		cf_is_zero(in + SIGNATURE_END, SIGNATURE_LEN - SIGNATURE_END);
}

enum coffer_status cf_id_key_digest(const struct cf_p384_public *pub,
	uint8_t out[CF_SHA384_LEN], struct coffer_error *err)
{
	uint8_t key[CF_ID_KEY_LEN];

	cf_id_key_encode(pub, key);
	return cf_sha384(key, sizeof(key), out, err);
}

void cf_id_auth_encode(const struct cf_id_auth *a, uint8_t out[CF_ID_AUTH_LEN])
{
	memset(out, 0, CF_ID_AUTH_LEN);
	cf_store_le32(out + AUTH_ID_ALGO, ALGO_ECDSA);
	encode_signature(&a->block_signature, out + AUTH_BLOCK_SIG);
	cf_id_key_encode(&a->id_key, out + AUTH_ID_KEY);
	if (!a->has_author)
		return;
	cf_store_le32(out + AUTH_AUTHOR_ALGO, ALGO_ECDSA);
	encode_signature(&a->id_key_signature, out + AUTH_ID_KEY_SIG);
	cf_id_key_encode(&a->author_key, out + AUTH_AUTHOR_KEY);
}

static enum coffer_status decode_author(
	const uint8_t *in, struct cf_id_auth *out, struct coffer_error *err)
{
	uint32_t algo = cf_load_le32(in + AUTH_AUTHOR_ALGO);

	out->has_author = algo != 0;
	if (algo == 0 && cf_is_zero(in + AUTH_ID_KEY_SIG, SIGNATURE_LEN) &&
		cf_is_zero(in + AUTH_AUTHOR_KEY, CF_ID_KEY_LEN))
		return COFFER_OK;
	if (algo != ALGO_ECDSA)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"id auth: author key algorithm %u with an author key; "
			"want 1",
			algo);
	if (!decode_key(in + AUTH_AUTHOR_KEY, &out->author_key) ||
		!decode_signature(in + AUTH_ID_KEY_SIG, &out->id_key_signature))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"id auth: author key or its signature is malformed");
	return COFFER_OK;
}

enum coffer_status cf_id_auth_decode(const uint8_t in[CF_ID_AUTH_LEN],
	struct cf_id_auth *out, struct coffer_error *err)
{
	memset(out, 0, sizeof(*out));
	if (cf_load_le32(in + AUTH_ID_ALGO) != ALGO_ECDSA)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"id auth: ID key algorithm %u; want 1",
			cf_load_le32(in + AUTH_ID_ALGO));
	if (!cf_is_zero(in + AUTH_RESERVED1, AUTH_BLOCK_SIG - AUTH_RESERVED1) ||
		!cf_is_zero(in + AUTH_RESERVED2,
			AUTH_ID_KEY_SIG - AUTH_RESERVED2) ||
		!cf_is_zero(
			in + AUTH_RESERVED3, CF_ID_AUTH_LEN - AUTH_RESERVED3))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"id auth: reserved bytes are not zero");
	if (!decode_key(in + AUTH_ID_KEY, &out->id_key) ||
		!decode_signature(in + AUTH_BLOCK_SIG, &out->block_signature))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"id auth: ID key or its signature is malformed");
	return decode_author(in, out, err);
}

enum coffer_status cf_id_auth_sign(const uint8_t block[CF_ID_BLOCK_LEN],
	const uint8_t id_secret[CF_P384_LEN],
	const uint8_t author_secret[CF_P384_LEN], struct cf_id_auth *out,
	struct coffer_error *err)
{
	uint8_t key[CF_ID_KEY_LEN];
	enum coffer_status status;

	memset(out, 0, sizeof(*out));
	status = cf_p384_public(id_secret, &out->id_key, err);
	if (!status)
		status = cf_p384_sign(id_secret, CF_HASH_SHA384, block,
			CF_ID_BLOCK_LEN, &out->block_signature, err);
	if (status || !author_secret)
		return status;
	out->has_author = true;
	cf_id_key_encode(&out->id_key, key);
	status = cf_p384_public(author_secret, &out->author_key, err);
	if (!status)
		status = cf_p384_sign(author_secret, CF_HASH_SHA384, key,
			sizeof(key), &out->id_key_signature, err);
	return status;
}

enum coffer_status cf_id_auth_verify(const struct cf_id_auth *a,
	const uint8_t block[CF_ID_BLOCK_LEN], struct coffer_error *err)
{
	uint8_t key[CF_ID_KEY_LEN];

	if (cf_p384_verify(&a->id_key, CF_HASH_SHA384, block, CF_ID_BLOCK_LEN,
		    &a->block_signature, err))
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"id block: its signature does not match the ID key");
	if (!a->has_author)
		return COFFER_OK;
	cf_id_key_encode(&a->id_key, key);
	if (cf_p384_verify(&a->author_key, CF_HASH_SHA384, key, sizeof(key),
		    &a->id_key_signature, err))
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"id block: the ID key's signature does not match the "
			"author key");
	return COFFER_OK;
}
