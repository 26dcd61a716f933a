/* SPDX-License-Identifier: Apache-2.0 */
/* Making certificates (x509.c) and keeping the roots (roots.c). */
#ifndef CF_SP_SOFT_X509_PRIV_H
#define CF_SP_SOFT_X509_PRIV_H

#include "sp/soft/soft_priv.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

struct x509_head {
	const char *subject, *issuer; /* common names */
	uint64_t serial;
	int64_t from;
	int years;
	EVP_PKEY *key;
};

enum coffer_status cf_sp_x509_failed(
	struct coffer_error *err, const char *what);
/* Each returns owned, or NULL when libcrypto has no memory. */
X509 *cf_sp_x509_new(const struct x509_head *h);
X509 *cf_sp_x509_authority(const struct product *p, enum cf_sp_cert which,
	EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, int64_t now);
X509 *cf_sp_x509_endorsement(const struct cf_sp_soft *sp,
	const struct cf_p384_public *pub, const char *csp_id,
	EVP_PKEY *issuer_key);
X509_CRL *cf_sp_x509_crl(X509 *ark, EVP_PKEY *ark_key, int64_t now);
EVP_PKEY *cf_sp_x509_p384(const struct cf_p384_public *pub);
EVP_MD_CTX *cf_sp_x509_pss(EVP_PKEY *key);
bool cf_sp_x509_extend(X509 *x, const char *oid, const uint8_t *p, size_t n);

/* A root of the hierarchy with its key: from the storage, or made now. */
struct authority {
	X509 *cert;
	EVP_PKEY *key;
};
enum coffer_status cf_sp_authority(struct cf_sp_soft *sp, enum cf_sp_cert which,
	struct authority *out, struct coffer_error *err) CF_MUST_CHECK;
void cf_sp_authority_finish(struct authority *a);
/* ARK or ASK in AMD's binary form. */
enum coffer_status cf_sp_append_amd_cert(struct cf_sp_soft *sp,
	enum cf_sp_cert which, struct cf_buf *out,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
