/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P-384 keys and signatures in the forms that other tools write: PEM private
 * keys (SEC1 or PKCS#8, not encrypted), PEM public keys, DER signatures.
 */
#ifndef CF_CRYPTO_KEY_FILE_H
#define CF_CRYPTO_KEY_FILE_H

#include "crypto/crypto.h"

struct cf_buf;

/* The scalar and its point; the caller wipes secret. */
enum coffer_status cf_p384_secret_from_pem(const void *pem, size_t n,
	uint8_t secret[CF_P384_LEN], struct cf_p384_public *pub,
	struct coffer_error *err) CF_MUST_CHECK;
/* From a public key, or from a private key of which only the point is used. */
enum coffer_status cf_p384_public_from_pem(const void *pem, size_t n,
	struct cf_p384_public *pub, struct coffer_error *err) CF_MUST_CHECK;

/* PKCS#8 text of a private key and SubjectPublicKeyInfo text of a public
 * one, appended; the caller wipes what holds the private key. */
enum coffer_status cf_p384_secret_to_pem(const uint8_t secret[CF_P384_LEN],
	struct cf_buf *out, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_p384_public_to_pem(const struct cf_p384_public *pub,
	struct cf_buf *out, struct coffer_error *err) CF_MUST_CHECK;

/* SEQUENCE { r, s }, as OpenSSL and signing devices give it. */
enum coffer_status cf_p384_signature_from_der(const uint8_t *der, size_t n,
	struct cf_p384_signature *out, struct coffer_error *err) CF_MUST_CHECK;

#endif
