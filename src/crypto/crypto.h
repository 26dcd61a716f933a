/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thin layer over OpenSSL's libcrypto: the digests, MACs, ciphers and
 * curve operations that the SEV and SNP specifications name, and nothing
 * else.  No cipher or bignum is ours.  Keys are plain byte arrays that the
 * caller wipes.
 */
#ifndef CF_CRYPTO_H
#define CF_CRYPTO_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CF_SHA256_LEN 32
#define CF_SHA384_LEN 48
#define CF_SHA512_LEN 64

/* Whole-buffer digests.  They fail only when libcrypto has no memory. */
enum coffer_status cf_sha256(const void *p, size_t n,
	uint8_t out[CF_SHA256_LEN], struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_sha384(const void *p, size_t n,
	uint8_t out[CF_SHA384_LEN], struct coffer_error *err) CF_MUST_CHECK;

enum cf_hash_alg {
	CF_HASH_SHA256,
	CF_HASH_SHA384,
	CF_HASH_SHA512,
};

/* A running digest; create, update any number of times, final once. */
struct cf_hash;
enum coffer_status cf_hash_create(enum cf_hash_alg alg, struct cf_hash **out,
	struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_hash_update(struct cf_hash *h, const void *p, size_t n,
	struct coffer_error *err) CF_MUST_CHECK;
/* The digest of what came so far; the hash can be updated further. */
enum coffer_status cf_hash_peek(const struct cf_hash *h, uint8_t *out,
	struct coffer_error *err) CF_MUST_CHECK;
/* A second running digest with the same state. */
enum coffer_status cf_hash_clone(const struct cf_hash *h, struct cf_hash **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_hash_destroy(struct cf_hash *h);
/* The digest of n bytes on their own, with the context of h, whose running
 * state is lost.  For many small digests. */
enum coffer_status cf_hash_once(struct cf_hash *h, const void *p, size_t n,
	uint8_t *out, struct coffer_error *err) CF_MUST_CHECK;

/* HMAC-SHA-256 over the concatenation of n parts. */
struct cf_bytes {
	const void *p;
	size_t n;
};
enum coffer_status cf_hmac_sha256(const void *key, size_t key_len,
	const struct cf_bytes *parts, size_t nparts, uint8_t out[CF_SHA256_LEN],
	struct coffer_error *err) CF_MUST_CHECK;

/* AES-128-CTR; the 16-byte IV is the first counter block, incremented as one
 * big-endian number.  in == out is allowed; encrypt and decrypt are one. */
enum coffer_status cf_aes128_ctr(const uint8_t key[16], const uint8_t iv[16],
	const void *in, void *out, size_t n,
	struct coffer_error *err) CF_MUST_CHECK;

/* AES-128 on whole 16-byte blocks, each by itself (ECB): what simulated memory
 * encryption is built from, not a mode for messages.  in == out is allowed.
 * One thread at a time per object. */
struct cf_aes128;
enum coffer_status cf_aes128_create(const uint8_t key[16], bool decrypt,
	struct cf_aes128 **out, struct coffer_error *err) CF_MUST_CHECK;
CF_MUST_CHECK bool cf_aes128_blocks(
	struct cf_aes128 *a, const void *in, void *out, size_t nblocks);
void cf_aes128_destroy(struct cf_aes128 *a); /* NULL is fine */

/* AES-256-GCM with a 12-byte IV and a 16-byte tag.  open fails with
 * COFFER_ERR_MISMATCH, and out is zeroed, when the tag is wrong. */
enum coffer_status cf_aes256_gcm_seal(const uint8_t key[32],
	const uint8_t iv[12], const void *aad, size_t aad_len, const void *in,
	size_t n, void *out, uint8_t tag[16],
	struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_aes256_gcm_open(const uint8_t key[32],
	const uint8_t iv[12], const void *aad, size_t aad_len, const void *in,
	size_t n, void *out, const uint8_t tag[16],
	struct coffer_error *err) CF_MUST_CHECK;

/* n random bytes from the system. */
enum coffer_status cf_random(
	void *out, size_t n, struct coffer_error *err) CF_MUST_CHECK;

/*
 * P-384.  Points and scalars are 48-byte big-endian; the 72-byte
 * little-endian form that AMD's structures use is converted by
 * cf_p384_to_le72/from_le72.
 */
#define CF_P384_LEN 48
struct cf_p384_public {
	uint8_t x[CF_P384_LEN];
	uint8_t y[CF_P384_LEN];
};
struct cf_p384_signature {
	uint8_t r[CF_P384_LEN];
	uint8_t s[CF_P384_LEN];
};

void cf_p384_to_le72(const uint8_t in[CF_P384_LEN], uint8_t out[72]);
/* False when a byte above the 48 significant ones is not zero. */
CF_MUST_CHECK bool cf_p384_from_le72(
	const uint8_t in[72], uint8_t out[CF_P384_LEN]);

enum coffer_status cf_p384_generate(uint8_t secret[CF_P384_LEN],
	struct cf_p384_public *pub, struct coffer_error *err) CF_MUST_CHECK;
/* The public key of a scalar in [1, n-1]. */
enum coffer_status cf_p384_public(const uint8_t secret[CF_P384_LEN],
	struct cf_p384_public *pub, struct coffer_error *err) CF_MUST_CHECK;
/* ECDSA over the hash (alg) of n bytes. */
enum coffer_status cf_p384_sign(const uint8_t secret[CF_P384_LEN],
	enum cf_hash_alg alg, const void *p, size_t n,
	struct cf_p384_signature *sig, struct coffer_error *err) CF_MUST_CHECK;
/* COFFER_ERR_MISMATCH when the signature is not good. */
enum coffer_status cf_p384_verify(const struct cf_p384_public *pub,
	enum cf_hash_alg alg, const void *p, size_t n,
	const struct cf_p384_signature *sig,
	struct coffer_error *err) CF_MUST_CHECK;
/* X coordinate of secret * pub, 48 bytes big-endian. */
enum coffer_status cf_p384_ecdh(const uint8_t secret[CF_P384_LEN],
	const struct cf_p384_public *pub, uint8_t out[CF_P384_LEN],
	struct coffer_error *err) CF_MUST_CHECK;

#endif
