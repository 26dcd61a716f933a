/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMD's binary certificates: the SEV ones of a platform (OCA, CEK, PEK, PDH;
 * 2084 bytes) and those of AMD's roots (ARK, ASK).  Firmware makes and checks
 * them, a guest owner checks them; both use this.
 *
 * Source: SEV API (AMD 55766), "SEV Certificate Format", "ARK and ASK
 * Certificate Format".
 */
#ifndef CF_CRYPTO_SEV_CERT_H
#define CF_CRYPTO_SEV_CERT_H

#include "crypto/crypto.h"

#define CF_SEV_CERT_LEN   0x824
#define CF_SEV_CERT_BODY  0x414                 /* what the signatures cover */
#define CF_SEV_CHAIN_LEN  (3 * CF_SEV_CERT_LEN) /* PEK, OCA, CEK */
#define CF_SEV_KEY_ID_LEN 16

enum cf_sev_usage {
	CF_SEV_USAGE_ARK = 0x0000,
	CF_SEV_USAGE_ASK = 0x0013,
	CF_SEV_USAGE_NONE = 0x1000, /* an empty signature slot */
	CF_SEV_USAGE_OCA = 0x1001,
	CF_SEV_USAGE_PEK = 0x1002,
	CF_SEV_USAGE_PDH = 0x1003,
	CF_SEV_USAGE_CEK = 0x1004,
};
const char *cf_sev_usage_name(uint32_t usage); /* "PEK"; "?" */

enum cf_sev_algo {
	CF_SEV_ALGO_NONE = 0x000,
	CF_SEV_ALGO_RSA_SHA256 = 0x001,
	CF_SEV_ALGO_ECDSA_SHA256 = 0x002,
	CF_SEV_ALGO_ECDH_SHA256 = 0x003,
	CF_SEV_ALGO_RSA_SHA384 = 0x101,
	CF_SEV_ALGO_ECDSA_SHA384 = 0x102,
	CF_SEV_ALGO_ECDH_SHA384 = 0x103,
};

/* A parsed SEV certificate; bytes are borrowed. */
struct cf_sev_cert {
	const uint8_t *bytes;
	uint8_t api_major, api_minor;
	uint32_t usage, algo;
	bool is_rsa;
	struct cf_p384_public key; /* unless is_rsa */
	uint32_t sig_usage[2], sig_algo[2];
};

/* Exactly CF_SEV_CERT_LEN bytes; COFFER_ERR_FORMAT names the field. */
enum coffer_status cf_sev_cert_parse(const uint8_t *p, size_t n,
	struct cf_sev_cert *out, struct coffer_error *err) CF_MUST_CHECK;
/* One of the two signatures is by signer's key and good (either slot). */
enum coffer_status cf_sev_cert_verify(const struct cf_sev_cert *cert,
	const struct cf_sev_cert *signer,
	struct coffer_error *err) CF_MUST_CHECK;

/* A certificate of a P-384 key without signatures (also: a PEK's CSR). */
struct cf_sev_cert_fields {
	enum cf_sev_usage usage;
	enum cf_sev_algo algo;
	uint8_t api_major, api_minor;
	const struct cf_p384_public *key;
};
void cf_sev_cert_make(
	const struct cf_sev_cert_fields *f, uint8_t out[CF_SEV_CERT_LEN]);
/* ECDSA with SHA-256 into slot 0 or 1. */
enum coffer_status cf_sev_cert_sign(uint8_t cert[CF_SEV_CERT_LEN],
	unsigned slot, enum cf_sev_usage signer,
	const uint8_t secret[CF_P384_LEN],
	struct coffer_error *err) CF_MUST_CHECK;
/* A signature that was made elsewhere: n <= 512 bytes, little-endian. */
void cf_sev_cert_set_signature(uint8_t cert[CF_SEV_CERT_LEN], unsigned slot,
	uint32_t usage, uint32_t algo, const uint8_t *sig, size_t n);
void cf_sev_cert_clear_signature(uint8_t cert[CF_SEV_CERT_LEN], unsigned slot);

/* An ARK or ASK certificate; all pointers are borrowed.  Numbers are
 * little-endian as in the file. */
struct cf_amd_cert {
	const uint8_t *bytes;
	size_t len; /* of this certificate; more may follow */
	uint32_t usage;
	const uint8_t *key_id, *certifying_id; /* 16 bytes each */
	size_t number_len;                     /* 256 or 512 */
	const uint8_t *exponent, *modulus;
	const uint8_t *signature; /* NULL: the form without one */
};
/* The certificate at the start of n bytes. */
enum coffer_status cf_amd_cert_parse(const uint8_t *p, size_t n,
	struct cf_amd_cert *out, struct coffer_error *err) CF_MUST_CHECK;
/* The form without a signature, as early Naples ARKs were published: all n
 * bytes.  It can be trusted by its key only. */
enum coffer_status cf_amd_cert_parse_bare(const uint8_t *p, size_t n,
	struct cf_amd_cert *out, struct coffer_error *err) CF_MUST_CHECK;
/* SHA-384 of the key as a SubjectPublicKeyInfo, comparable with the key of an
 * X.509 certificate. */
enum coffer_status cf_amd_cert_spki_sha384(const struct cf_amd_cert *cert,
	uint8_t out[CF_SHA384_LEN], struct coffer_error *err) CF_MUST_CHECK;
/* Signed by the ARK (itself, for an ARK). */
enum coffer_status cf_amd_cert_verify(const struct cf_amd_cert *cert,
	const struct cf_amd_cert *ark, struct coffer_error *err) CF_MUST_CHECK;
/* A CEK is signed by the ASK. */
enum coffer_status cf_sev_cert_verify_ask(const struct cf_sev_cert *cek,
	const struct cf_amd_cert *ask, struct coffer_error *err) CF_MUST_CHECK;

#endif
