/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated root of trust in X.509: ARK, ASK and ASVK (RSA-4096), the
 * VCEK and VLEK certificates (P-384) and the CRL, with AMD's profile and the
 * marks of crypto/sim_marker.h.  libcrypto cannot make RSA keys from a seed,
 * so the roots are made when first needed and kept in the storage; the EC
 * keys are derived from the chip.  Source: VCEK certificate and KDS interface
 * specification (AMD 57230).
 */
#include "sp/soft/x509_priv.h"

#include "crypto/sim_marker.h"

#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#define YEAR      ((int64_t)31557600)
#define AMD_ARC   "1.3.6.1.4.1.3704.1"
#define KDS_CRL   "URI:https://kdsintf.amd.com/%s/v1/%s/crl"
#define SALT_LEN  48
#define NAME_SIZE 64

enum coffer_status cf_sp_x509_failed(struct coffer_error *err, const char *what)
{
	return cf_fail(err, COFFER_ERR_NOMEM, "libcrypto: %s failed", what);
}

/* AMD's RDNs in AMD's order, then the mark. */
static X509_NAME *make_name(const char *cn)
{
	static const struct {
		const char *key, *value;
	} rdns[] = {
		{ "OU", "Engineering" },
		{ "C", "US" },
		{ "L", "Santa Clara" },
		{ "ST", "CA" },
		{ "O", "Advanced Micro Devices" },
		{ "CN", NULL },
		{ "description", CF_SIM_NAME },
	};
	X509_NAME *name = X509_NAME_new();

	for (size_t i = 0; name && i < CF_ARRAY_LEN(rdns); i++) {
		const char *value = rdns[i].value ? rdns[i].value : cn;

		if (X509_NAME_add_entry_by_txt(name, rdns[i].key, MBSTRING_UTF8,
			    (const unsigned char *)value, -1, -1, 0) != 1) {
			X509_NAME_free(name);
			return NULL;
		}
	}
	return name;
}

/* A certificate with everything but its extensions and signature. */
X509 *cf_sp_x509_new(const struct x509_head *h)
{
	X509 *x = X509_new();
	X509_NAME *subject = make_name(h->subject);
	X509_NAME *issuer = make_name(h->issuer);
	int ok;

	ok = x && subject && issuer && X509_set_version(x, 2) == 1 &&
		ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), h->serial) ==
			1 &&
		X509_set_subject_name(x, subject) == 1 &&
		X509_set_issuer_name(x, issuer) == 1 &&
		ASN1_TIME_set(X509_getm_notBefore(x), h->from) &&
		ASN1_TIME_set(
			X509_getm_notAfter(x), h->from + h->years * YEAR) &&
		X509_set_pubkey(x, h->key) == 1;
	X509_NAME_free(subject);
	X509_NAME_free(issuer);
	if (ok)
		return x;
	X509_free(x);
	return NULL;
}

/* An extension whose value is these bytes as they are. */
bool cf_sp_x509_extend(X509 *x, const char *oid, const uint8_t *p, size_t n)
{
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext = NULL;
	bool ok;

	ok = obj && value && ASN1_OCTET_STRING_set(value, p, (int)n) == 1;
	if (ok)
		ext = X509_EXTENSION_create_by_OBJ(NULL, obj, 0, value);
	ok = ext && X509_add_ext(x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(obj);
	return ok;
}

static bool extend_integer(X509 *x, const char *suffix, unsigned v)
{
	uint8_t der[4] = { V_ASN1_INTEGER, 1, (uint8_t)v, 0 };
	char oid[NAME_SIZE];

	snprintf(oid, sizeof(oid), AMD_ARC ".%s", suffix);
	if (v < 0x80)
		return cf_sp_x509_extend(x, oid, der, 3);
	der[1] = 2;
	der[2] = 0;
	der[3] = (uint8_t)v;
	return cf_sp_x509_extend(x, oid, der, 4);
}

static bool extend_string(X509 *x, const char *oid, int tag, const char *text)
{
	uint8_t der[2 + NAME_SIZE];
	size_t n = strlen(text);

	if (n > NAME_SIZE)
		return false;
	der[0] = (uint8_t)tag;
	der[1] = (uint8_t)n;
	memcpy(der + 2, text, n);
	return cf_sp_x509_extend(x, oid, der, n + 2);
}

/* RSASSA-PSS, SHA-384, MGF1 of the same, 48 bytes of salt. */
EVP_MD_CTX *cf_sp_x509_pss(EVP_PKEY *key)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL;

	if (md && EVP_DigestSignInit(md, &ctx, EVP_sha384(), NULL, key) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, SALT_LEN) == 1)
		return md;
	EVP_MD_CTX_free(md);
	return NULL;
}

static bool sign(X509 *x, EVP_PKEY *key)
{
	EVP_MD_CTX *md = cf_sp_x509_pss(key);
	bool ok = md && X509_sign_ctx(x, md) > 0;

	EVP_MD_CTX_free(md);
	return ok;
}

static bool extend_nid(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext && X509_add_ext(x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

/* ARK when issuer is NULL, else ASK or ASVK. */
X509 *cf_sp_x509_authority(const struct product *p, enum cf_sp_cert which,
	EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, int64_t now)
{
	char cn[NAME_SIZE], ark_cn[NAME_SIZE], dp[2 * NAME_SIZE];
	bool vlek = which == CF_SP_CERT_ASVK;
	struct x509_head h = { .subject = cn,
		.issuer = ark_cn,
		.key = key,
		.from = now,
		.years = 25 };
	X509 *x;
	bool ok;

	snprintf(ark_cn, sizeof(ark_cn), "ARK-%s", p->name);
	snprintf(cn, sizeof(cn), issuer ? "SEV-%s%s" : "ARK-%s%s",
		vlek ? "VLEK-" : "", p->name);
	snprintf(dp, sizeof(dp), KDS_CRL, vlek ? "vlek" : "vcek", p->name);
	h.serial = !issuer ? p->ark_serial
		: vlek     ? p->asvk_serial
			   : p->ask_serial;
	x = cf_sp_x509_new(&h);
	if (!x)
		return NULL;
	ok = extend_nid(x, x, NID_subject_key_identifier, "hash");
	if (issuer)
		ok = ok &&
			extend_nid(x, issuer, NID_authority_key_identifier,
				"keyid:always") &&
			extend_nid(x, issuer, NID_basic_constraints,
				"critical,CA:TRUE,pathlen:0") &&
			extend_nid(x, issuer, NID_key_usage,
				"critical,keyCertSign");
	else
		ok = ok &&
			extend_nid(x, x, NID_basic_constraints,
				"critical,CA:TRUE") &&
			extend_nid(x, x, NID_key_usage,
				"critical,keyCertSign,cRLSign");
	ok = ok && extend_nid(x, x, NID_crl_distribution_points, dp) &&
		extend_string(x, CF_SIM_OID, V_ASN1_UTF8STRING, CF_SIM_TEXT) &&
		sign(x, issuer ? issuer_key : key);
	if (ok)
		return x;
	X509_free(x);
	return NULL;
}

EVP_PKEY *cf_sp_x509_p384(const struct cf_p384_public *pub)
{
	uint8_t point[1 + 2 * CF_P384_LEN];
	OSSL_PARAM params[3];
	char group[] = "P-384";
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *key = NULL;

	point[0] = 4; /* uncompressed */
	memcpy(point + 1, pub->x, CF_P384_LEN);
	memcpy(point + 1 + CF_P384_LEN, pub->y, CF_P384_LEN);
	params[0] = OSSL_PARAM_construct_utf8_string(
		OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
	params[1] = OSSL_PARAM_construct_octet_string(
		OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point));
	params[2] = OSSL_PARAM_construct_end();
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static bool extend_levels(X509 *x, const struct product *p, const struct tcb *t)
{
	if (p->turin_tcb)
		return extend_integer(x, "3.9", t->fmc) &&
			extend_integer(x, "3.1", t->bl) &&
			extend_integer(x, "3.2", t->tee) &&
			extend_integer(x, "3.3", t->snp) &&
			extend_integer(x, "3.5", 0) &&
			extend_integer(x, "3.6", 0) &&
			extend_integer(x, "3.7", 0) &&
			extend_integer(x, "3.8", t->ucode);
	return extend_integer(x, "3.1", t->bl) &&
		extend_integer(x, "3.2", t->tee) &&
		extend_integer(x, "3.4", 0) && extend_integer(x, "3.5", 0) &&
		extend_integer(x, "3.6", 0) && extend_integer(x, "3.7", 0) &&
		extend_integer(x, "3.3", t->snp) &&
		extend_integer(x, "3.8", t->ucode);
}

/* VCEK when csp_id is NULL, else VLEK. */
X509 *cf_sp_x509_endorsement(const struct cf_sp_soft *sp,
	const struct cf_p384_public *pub, const char *csp_id,
	EVP_PKEY *issuer_key)
{
	const struct product *p = sp->product;
	char issuer[NAME_SIZE];
	struct x509_head h = { .subject = csp_id ? "SEV-VLEK" : "SEV-VCEK",
		.issuer = issuer,
		.from = cf_sp_now(sp),
		.years = 7 };
	X509 *x = NULL;
	bool ok = false;

	snprintf(issuer, sizeof(issuer), "SEV-%s%s", csp_id ? "VLEK-" : "",
		p->name);
	h.key = cf_sp_x509_p384(pub);
	if (h.key)
		x = cf_sp_x509_new(&h);
	if (x)
		ok = extend_integer(x, "1", p->turin_tcb) &&
			extend_string(x, AMD_ARC ".2", V_ASN1_IA5STRING,
				csp_id ? p->name : p->cert_name) &&
			extend_levels(x, p, &sp->config.reported) &&
			(csp_id ? extend_string(x, AMD_ARC ".5",
					  V_ASN1_IA5STRING, csp_id)
				: cf_sp_x509_extend(x, AMD_ARC ".4",
					  sp->chip_id, p->hwid_len)) &&
			sign(x, issuer_key);
	EVP_PKEY_free(h.key);
	if (ok)
		return x;
	X509_free(x);
	return NULL;
}

/* An empty list: nothing that is simulated was ever revoked. */
X509_CRL *cf_sp_x509_crl(X509 *ark, EVP_PKEY *ark_key, int64_t now)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *from = ASN1_TIME_set(NULL, now);
	ASN1_TIME *to = ASN1_TIME_set(NULL, now + YEAR);
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	EVP_MD_CTX *md = cf_sp_x509_pss(ark_key);
	bool ok;

	ok = crl && from && to && number && md &&
		ASN1_INTEGER_set(number, 1) == 1 &&
		X509_CRL_set_version(crl, 1) == 1 &&
		X509_CRL_set_issuer_name(crl, X509_get_subject_name(ark)) ==
			1 &&
		X509_CRL_set1_lastUpdate(crl, from) == 1 &&
		X509_CRL_set1_nextUpdate(crl, to) == 1 &&
		X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1 &&
		X509_CRL_sign_ctx(crl, md) > 0;
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	ASN1_INTEGER_free(number);
	EVP_MD_CTX_free(md);
	if (ok)
		return crl;
	X509_CRL_free(crl);
	return NULL;
}
