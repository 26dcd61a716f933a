/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509 certificates and revocation lists, as far as AMD's key hierarchy uses
 * them: RSASSA-PSS with SHA-384 signatures, RSA and P-384 keys, extensions
 * looked up by OID.  libcrypto parses; nothing here trusts anything by
 * itself.  Objects are immutable once made, and safe to share.
 */
#ifndef CF_CRYPTO_X509_H
#define CF_CRYPTO_X509_H

#include "crypto/crypto.h"

struct cf_x509;
struct cf_x509_crl;

/* One certificate from DER that fills all n bytes. */
enum coffer_status cf_x509_parse(const uint8_t *der, size_t n,
	struct cf_x509 **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_x509_destroy(struct cf_x509 *cert);
/* A second owner of the same certificate; NULL on no memory. */
struct cf_x509 *cf_x509_share(const struct cf_x509 *cert) CF_MUST_CHECK;

enum coffer_status cf_x509_crl_parse(const uint8_t *der, size_t n,
	struct cf_x509_crl **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_x509_crl_destroy(struct cf_x509_crl *crl);

/*
 * Every certificate and CRL in a PEM text (other blocks are an error) or one
 * of them in DER.  Each is handed to the callback, which takes it; exactly
 * one of the two is not NULL.
 */
struct cf_x509_sink {
	void *opaque;
	enum coffer_status (*take)(void *opaque, struct cf_x509 *cert,
		struct cf_x509_crl *crl, struct coffer_error *err);
};
enum coffer_status cf_x509_read(const uint8_t *p, size_t n,
	const struct cf_x509_sink *sink,
	struct coffer_error *err) CF_MUST_CHECK;

/* The signature of cert by issuer's key: RSASSA-PSS with SHA-384, MGF1 with
 * SHA-384, salt 48 and trailer 1, no other; issuer's subject is cert's
 * issuer.  COFFER_ERR_MISMATCH tells which of these does not hold. */
enum coffer_status cf_x509_verify(const struct cf_x509 *cert,
	const struct cf_x509 *issuer, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_x509_crl_verify(const struct cf_x509_crl *crl,
	const struct cf_x509 *issuer, struct coffer_error *err) CF_MUST_CHECK;
/* The list says that it is issuer's. */
bool cf_x509_crl_names(
	const struct cf_x509_crl *crl, const struct cf_x509 *issuer);
/* Whether the list names the serial number of cert. */
bool cf_x509_crl_revokes(
	const struct cf_x509_crl *crl, const struct cf_x509 *cert);

/* ECDSA with SHA-384 by the certificate's P-384 key. */
enum coffer_status cf_x509_verify_p384(const struct cf_x509 *cert,
	const void *p, size_t n, const struct cf_p384_signature *sig,
	struct coffer_error *err) CF_MUST_CHECK;

enum cf_x509_key {
	CF_X509_KEY_OTHER,
	CF_X509_KEY_RSA,
	CF_X509_KEY_P384,
};
enum cf_x509_key cf_x509_key_kind(const struct cf_x509 *cert);
unsigned cf_x509_key_bits(const struct cf_x509 *cert);
/* SHA-384 of the SubjectPublicKeyInfo. */
enum coffer_status cf_x509_spki_sha384(const struct cf_x509 *cert,
	uint8_t out[CF_SHA384_LEN], struct coffer_error *err) CF_MUST_CHECK;

/* The value of the first attribute of a name ("CN", "description"); false
 * when there is none or it does not fit. */
CF_MUST_CHECK bool cf_x509_subject(const struct cf_x509 *cert,
	const char *attribute, char *out, size_t size);
CF_MUST_CHECK bool cf_x509_issuer(const struct cf_x509 *cert,
	const char *attribute, char *out, size_t size);
/* The issuer's name in cert is the subject's name in issuer. */
bool cf_x509_names_chain(
	const struct cf_x509 *cert, const struct cf_x509 *issuer);
bool cf_x509_equal(const struct cf_x509 *a, const struct cf_x509 *b);
bool cf_x509_is_ca(const struct cf_x509 *cert);

/* Seconds since 1970. */
int64_t cf_x509_not_before(const struct cf_x509 *cert);
int64_t cf_x509_not_after(const struct cf_x509 *cert);
int64_t cf_x509_crl_this_update(const struct cf_x509_crl *crl);
int64_t cf_x509_crl_next_update(const struct cf_x509_crl *crl); /* 0: none */

/* Serial number in lower-case hex without leading zeros. */
void cf_x509_serial(const struct cf_x509 *cert, char *out, size_t size);

/* Bytes inside extnValue of the extension with this OID ("1.3.6..."); they
 * are borrowed from the certificate.  False: none, or more than one. */
CF_MUST_CHECK bool cf_x509_extension(const struct cf_x509 *cert,
	const char *oid, const uint8_t **p, size_t *n);
/* The OID text and bytes of the i-th extension; false past the last. */
CF_MUST_CHECK bool cf_x509_extension_at(const struct cf_x509 *cert, size_t i,
	char *oid, size_t size, const uint8_t **p, size_t *n);

#endif
