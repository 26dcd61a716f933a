/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures in AMD's X.509 hierarchy.  One profile is accepted, so that a
 * weaker algorithm that libcrypto also knows cannot come in.
 */
#include "crypto/x509_priv.h"

#include "crypto/p384_priv.h"

#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>

#define MIN_RSA_BITS 4096
#define SALT_LEN     48

static bool alg_is_sha384(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *obj = NULL;

	if (!alg)
		return false;
	X509_ALGOR_get0(&obj, NULL, NULL, alg);
	return OBJ_obj2nid(obj) == NID_sha384;
}

static bool mask_is_mgf1_sha384(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *obj = NULL;
	const void *value = NULL;
	X509_ALGOR *hash;
	int type = 0;
	bool ok;

	if (!alg)
		return false;
	X509_ALGOR_get0(&obj, &type, &value, alg);
	if (OBJ_obj2nid(obj) != NID_mgf1 || type != V_ASN1_SEQUENCE)
		return false;
	hash = ASN1_TYPE_unpack_sequence(
		ASN1_ITEM_rptr(X509_ALGOR), alg->parameter);
	ok = alg_is_sha384(hash);
	X509_ALGOR_free(hash);
	return ok;
}

/* AMD's profile: SHA-384, MGF1 with SHA-384, salt 48, trailer 1. */
static bool is_pss_profile(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *obj = NULL;
	const void *value = NULL;
	RSA_PSS_PARAMS *pss;
	int type = 0;
	bool ok;

	X509_ALGOR_get0(&obj, &type, &value, alg);
	if (OBJ_obj2nid(obj) != NID_rsassaPss || type != V_ASN1_SEQUENCE)
		return false;
	pss = ASN1_TYPE_unpack_sequence(
		ASN1_ITEM_rptr(RSA_PSS_PARAMS), alg->parameter);
	ok = pss && alg_is_sha384(pss->hashAlgorithm) &&
		mask_is_mgf1_sha384(pss->maskGenAlgorithm) && pss->saltLength &&
		ASN1_INTEGER_get(pss->saltLength) == SALT_LEN &&
		(!pss->trailerField ||
			ASN1_INTEGER_get(pss->trailerField) == 1);
	RSA_PSS_PARAMS_free(pss);
	return ok;
}

static enum coffer_status check_signer(
	const struct cf_x509 *issuer, struct coffer_error *err)
{
	if (cf_x509_key_kind(issuer) != CF_X509_KEY_RSA ||
		cf_x509_key_bits(issuer) < MIN_RSA_BITS)
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"the issuer's key is not RSA of %d bits or more",
			MIN_RSA_BITS);
	return COFFER_OK;
}

enum coffer_status cf_x509_verify(const struct cf_x509 *cert,
	const struct cf_x509 *issuer, struct coffer_error *err)
{
	const X509_ALGOR *alg = NULL;
	enum coffer_status status;
	int good;

	if (!cf_x509_names_chain(cert, issuer))
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"its issuer name is not the subject of that issuer");
	status = check_signer(issuer, err);
	if (status)
		return status;
	X509_get0_signature(NULL, &alg, cert->x);
	if (!is_pss_profile(alg) ||
		!is_pss_profile(X509_get0_tbs_sigalg(cert->x)))
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"the signature is not RSASSA-PSS with SHA-384, "
			"MGF1-SHA-384 and salt 48");
	good = X509_verify(cert->x, issuer->key);
	ERR_clear_error();
	if (good != 1)
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"the signature does not match the issuer's key");
	return COFFER_OK;
}

bool cf_x509_crl_names(
	const struct cf_x509_crl *crl, const struct cf_x509 *issuer)
{
	return X509_NAME_cmp(X509_CRL_get_issuer(crl->x),
		       X509_get_subject_name(issuer->x)) == 0;
}

enum coffer_status cf_x509_crl_verify(const struct cf_x509_crl *crl,
	const struct cf_x509 *issuer, struct coffer_error *err)
{
	const X509_ALGOR *alg = NULL;
	enum coffer_status status;
	int good;

	if (!cf_x509_crl_names(crl, issuer))
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"the list was made by another issuer");
	status = check_signer(issuer, err);
	if (status)
		return status;
	X509_CRL_get0_signature(crl->x, NULL, &alg);
	good = is_pss_profile(alg) ? X509_CRL_verify(crl->x, issuer->key) : 0;
	ERR_clear_error();
	if (good != 1)
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"the list's signature does not match the issuer's key");
	return COFFER_OK;
}

bool cf_x509_crl_revokes(
	const struct cf_x509_crl *crl, const struct cf_x509 *cert)
{
	X509_REVOKED *entry = NULL;

	return X509_CRL_get0_by_cert(crl->x, &entry, cert->x) == 1;
}

enum coffer_status cf_x509_verify_p384(const struct cf_x509 *cert,
	const void *p, size_t n, const struct cf_p384_signature *sig,
	struct coffer_error *err)
{
	uint8_t *der = NULL;
	EVP_MD_CTX *ctx;
	int len, good = 0;

	if (cf_x509_key_kind(cert) != CF_X509_KEY_P384)
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"the certificate's key is not on P-384");
	ctx = EVP_MD_CTX_new();
	len = cf_p384_signature_der(sig, &der);
	if (ctx && len &&
		EVP_DigestVerifyInit(
			ctx, NULL, EVP_sha384(), NULL, cert->key) == 1)
		good = EVP_DigestVerify(ctx, der, (size_t)len, p, n);
	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	if (good != 1)
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"the signature does not match the certificate's key");
	return COFFER_OK;
}
