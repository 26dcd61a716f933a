/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ID block and its authentication information: what the owner signs so
 * that the firmware starts the guest only with this digest and policy.
 *
 * Source: SNP firmware ABI (AMD 56860), ID_BLOCK, ID_AUTH, SNP_LAUNCH_FINISH.
 */
#ifndef CF_OWNER_ID_BLOCK_H
#define CF_OWNER_ID_BLOCK_H

#include "crypto/crypto.h"

struct cf_buf;
struct cf_igvm;

#define CF_ID_BLOCK_LEN 0x60
#define CF_ID_AUTH_LEN  0x1000
#define CF_ID_KEY_LEN   0x404

struct cf_id_block {
	uint8_t measurement[48];
	uint8_t family_id[16], image_id[16];
	uint32_t version; /* 1 */
	uint32_t guest_svn;
	uint64_t policy;
};
void cf_id_block_encode(
	const struct cf_id_block *b, uint8_t out[CF_ID_BLOCK_LEN]);
void cf_id_block_decode(
	const uint8_t in[CF_ID_BLOCK_LEN], struct cf_id_block *out);

/* The key structure that is signed, and digested for reports. */
void cf_id_key_encode(
	const struct cf_p384_public *pub, uint8_t out[CF_ID_KEY_LEN]);
enum coffer_status cf_id_key_digest(const struct cf_p384_public *pub,
	uint8_t out[CF_SHA384_LEN], struct coffer_error *err) CF_MUST_CHECK;

struct cf_id_auth {
	struct cf_p384_public id_key;
	struct cf_p384_signature block_signature;
	bool has_author;
	struct cf_p384_public author_key;
	struct cf_p384_signature id_key_signature;
};
void cf_id_auth_encode(const struct cf_id_auth *a, uint8_t out[CF_ID_AUTH_LEN]);
/* Reserved bytes, algorithms and curves are checked, signatures are not. */
enum coffer_status cf_id_auth_decode(const uint8_t in[CF_ID_AUTH_LEN],
	struct cf_id_auth *out, struct coffer_error *err) CF_MUST_CHECK;

/* Sign with keys at hand; author NULL: no author key. */
enum coffer_status cf_id_auth_sign(const uint8_t block[CF_ID_BLOCK_LEN],
	const uint8_t id_secret[CF_P384_LEN],
	const uint8_t author_secret[CF_P384_LEN], struct cf_id_auth *out,
	struct coffer_error *err) CF_MUST_CHECK;
/* COFFER_ERR_MISMATCH names the signature that is not good. */
enum coffer_status cf_id_auth_verify(const struct cf_id_auth *a,
	const uint8_t block[CF_ID_BLOCK_LEN],
	struct coffer_error *err) CF_MUST_CHECK;

/* The ID block of an IGVM file; its policy is that of the guest policy
 * header.  COFFER_ERR_STATE: the file has none. */
enum coffer_status cf_id_block_from_igvm(const struct cf_igvm *file,
	struct cf_id_block *block, struct cf_id_auth *auth,
	struct coffer_error *err) CF_MUST_CHECK;
/* The file with this ID block in the place of any that it had; appended.  The
 * file's guest policy becomes the block's. */
enum coffer_status cf_id_block_into_igvm(const struct cf_igvm *file,
	const struct cf_id_block *block, const struct cf_id_auth *auth,
	struct cf_buf *out, struct coffer_error *err) CF_MUST_CHECK;

#endif
