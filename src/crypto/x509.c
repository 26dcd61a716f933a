/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing certificates and revocation lists, and looking into them. */
#include "crypto/x509_priv.h"

#include "base/alloc.h"

#include <limits.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static const struct cf_x509 *finish_parse(struct cf_x509 *c)
{
	c->key = X509_get_pubkey(c->x);
	/* Fills the cached extension flags now, not in a shared object later.
	 */
	(void)X509_check_purpose(c->x, -1, 0);
	ERR_clear_error();
	return c;
}

static enum coffer_status wrap_cert(
	X509 *x, struct cf_x509 **out, struct coffer_error *err)
{
	struct cf_x509 *c = cf_alloc_array(1, sizeof(*c));

	if (!c) {
		X509_free(x);
		return cf_fail_nomem(err, "a certificate");
	}
	c->x = x;
	finish_parse(c);
	*out = c;
	return COFFER_OK;
}

enum coffer_status cf_x509_parse(const uint8_t *der, size_t n,
	struct cf_x509 **out, struct coffer_error *err)
{
	const uint8_t *at = der;
	X509 *x = n > LONG_MAX ? NULL : d2i_X509(NULL, &at, (long)n);

	ERR_clear_error();
	if (!x)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"x509: %zu bytes are not a DER certificate", n);
	if ((size_t)(at - der) != n) {
		X509_free(x);
		return cf_fail(err, COFFER_ERR_FORMAT,
			"x509: %zu bytes follow the certificate",
			n - (size_t)(at - der));
	}
	return wrap_cert(x, out, err);
}

void cf_x509_destroy(struct cf_x509 *cert)
{
	if (!cert)
		return;
	EVP_PKEY_free(cert->key);
	X509_free(cert->x);
	free(cert);
}

struct cf_x509 *cf_x509_share(const struct cf_x509 *cert)
{
	struct cf_x509 *c = cf_alloc_array(1, sizeof(*c));

	if (!c)
		return NULL;
	*c = *cert;
	X509_up_ref(c->x);
	if (c->key)
		EVP_PKEY_up_ref(c->key);
	return c;
}

static enum coffer_status wrap_crl(
	X509_CRL *x, struct cf_x509_crl **out, struct coffer_error *err)
{
	struct cf_x509_crl *c = cf_alloc_array(1, sizeof(*c));

	if (!c) {
		X509_CRL_free(x);
		return cf_fail_nomem(err, "a revocation list");
	}
	c->x = x;
	*out = c;
	return COFFER_OK;
}

enum coffer_status cf_x509_crl_parse(const uint8_t *der, size_t n,
	struct cf_x509_crl **out, struct coffer_error *err)
{
	const uint8_t *at = der;
	X509_CRL *x = n > LONG_MAX ? NULL : d2i_X509_CRL(NULL, &at, (long)n);

	ERR_clear_error();
	if (!x || (size_t)(at - der) != n) {
		X509_CRL_free(x);
		return cf_fail(err, COFFER_ERR_FORMAT,
			"x509: %zu bytes are not a DER revocation list", n);
	}
	return wrap_crl(x, out, err);
}

void cf_x509_crl_destroy(struct cf_x509_crl *crl)
{
	if (!crl)
		return;
	X509_CRL_free(crl->x);
	free(crl);
}

static enum coffer_status read_der(const uint8_t *p, size_t n,
	const struct cf_x509_sink *sink, struct coffer_error *err)
{
	struct cf_x509 *cert = NULL;
	struct cf_x509_crl *crl = NULL;
	enum coffer_status status = cf_x509_parse(p, n, &cert, err);

	if (status && cf_x509_crl_parse(p, n, &crl, NULL))
		return status;
	return sink->take(sink->opaque, cert, crl, err);
}

static enum coffer_status take_block(const char *name, const uint8_t *der,
	long n, const struct cf_x509_sink *sink, struct coffer_error *err)
{
	struct cf_x509 *cert = NULL;
	struct cf_x509_crl *crl = NULL;
	enum coffer_status status;

	if (strcmp(name, PEM_STRING_X509) == 0)
		status = cf_x509_parse(der, (size_t)n, &cert, err);
	else if (strcmp(name, PEM_STRING_X509_CRL) == 0)
		status = cf_x509_crl_parse(der, (size_t)n, &crl, err);
	else
		status = cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"pem: a block '%.40s'; want CERTIFICATE or X509 CRL",
			name);
	if (status)
		return status;
	return sink->take(sink->opaque, cert, crl, err);
}

static enum coffer_status read_pem(const uint8_t *p, size_t n,
	const struct cf_x509_sink *sink, struct coffer_error *err)
{
	BIO *bio = BIO_new_mem_buf(p, (int)n);
	enum coffer_status status = COFFER_OK;
	size_t blocks = 0;

	if (!bio)
		return cf_fail_nomem(err, "a PEM text");
	while (!status) {
		char *name = NULL, *header = NULL;
		uint8_t *der = NULL;
		long len;

		if (PEM_read_bio(bio, &name, &header, &der, &len) != 1)
			break;
		status = take_block(name, der, len, sink, err);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
		blocks++;
	}
	if (!status &&
		ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		status = cf_fail(err, COFFER_ERR_FORMAT,
			"pem: block %zu is damaged", blocks);
	ERR_clear_error();
	BIO_free(bio);
	return status;
}

enum coffer_status cf_x509_read(const uint8_t *p, size_t n,
	const struct cf_x509_sink *sink, struct coffer_error *err)
{
	static const char begin[] = "-----BEGIN ";

	if (n > INT_MAX)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"x509: %zu bytes are too many", n);
	if (memmem(p, n, begin, sizeof(begin) - 1))
		return read_pem(p, n, sink, err);
	return read_der(p, n, sink, err);
}

enum cf_x509_key cf_x509_key_kind(const struct cf_x509 *cert)
{
	char group[32];

	if (!cert->key)
		return CF_X509_KEY_OTHER;
	if (EVP_PKEY_is_a(cert->key, "RSA"))
		return CF_X509_KEY_RSA;
	if (EVP_PKEY_is_a(cert->key, "EC") &&
		EVP_PKEY_get_group_name(
			cert->key, group, sizeof(group), NULL) == 1 &&
		strcmp(group, SN_secp384r1) == 0)
		return CF_X509_KEY_P384;
	return CF_X509_KEY_OTHER;
}

unsigned cf_x509_key_bits(const struct cf_x509 *cert)
{
	return cert->key ? (unsigned)EVP_PKEY_get_bits(cert->key) : 0;
}

enum coffer_status cf_x509_spki_sha384(const struct cf_x509 *cert,
	uint8_t out[CF_SHA384_LEN], struct coffer_error *err)
{
	uint8_t *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert->x), &der);
	enum coffer_status status;

	if (n <= 0)
		return cf_fail_nomem(err, "a public key");
	status = cf_sha384(der, (size_t)n, out, err);
	OPENSSL_free(der);
	return status;
}

static bool name_attribute(
	const X509_NAME *name, const char *attribute, char *out, size_t size)
{
	int nid = OBJ_txt2nid(attribute);
	int at = X509_NAME_get_index_by_NID(name, nid, -1);
	const ASN1_STRING *value;
	size_t n;

	if (nid == NID_undef || at < 0)
		return false;
	value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	n = (size_t)ASN1_STRING_length(value);
	/* Texts go to people and comparisons: no NUL, no control bytes. */
	for (size_t i = 0; i < n; i++)
		if (ASN1_STRING_get0_data(value)[i] < 0x20)
			return false;
	if (n >= size)
		return false;
	memcpy(out, ASN1_STRING_get0_data(value), n);
	out[n] = '\0';
	return true;
}

bool cf_x509_subject(const struct cf_x509 *cert, const char *attribute,
	char *out, size_t size)
{
	return name_attribute(
		X509_get_subject_name(cert->x), attribute, out, size);
}

bool cf_x509_issuer(const struct cf_x509 *cert, const char *attribute,
	char *out, size_t size)
{
	return name_attribute(
		X509_get_issuer_name(cert->x), attribute, out, size);
}

bool cf_x509_names_chain(
	const struct cf_x509 *cert, const struct cf_x509 *issuer)
{
	return X509_NAME_cmp(X509_get_issuer_name(cert->x),
		       X509_get_subject_name(issuer->x)) == 0;
}

bool cf_x509_equal(const struct cf_x509 *a, const struct cf_x509 *b)
{
	return X509_cmp(a->x, b->x) == 0;
}

bool cf_x509_is_ca(const struct cf_x509 *cert)
{
	return X509_check_ca(cert->x) == 1;
}

static int64_t to_seconds(const ASN1_TIME *t)
{
	struct tm tm;

	if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm);
}

int64_t cf_x509_not_before(const struct cf_x509 *cert)
{
	return to_seconds(X509_get0_notBefore(cert->x));
}

int64_t cf_x509_not_after(const struct cf_x509 *cert)
{
	return to_seconds(X509_get0_notAfter(cert->x));
}

int64_t cf_x509_crl_this_update(const struct cf_x509_crl *crl)
{
	return to_seconds(X509_CRL_get0_lastUpdate(crl->x));
}

int64_t cf_x509_crl_next_update(const struct cf_x509_crl *crl)
{
	return to_seconds(X509_CRL_get0_nextUpdate(crl->x));
}

void cf_x509_serial(const struct cf_x509 *cert, char *out, size_t size)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert->x);
	const uint8_t *p = ASN1_STRING_get0_data(serial);
	size_t n = (size_t)ASN1_STRING_length(serial), used = 0;

	while (n && *p == 0) {
		p++;
		n--;
	}
	snprintf(out, size, "%s%x",
		ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER ? "-" : "",
		n ? *p : 0);
	for (size_t i = 1; i < n; i++) {
		used = strlen(out);
		snprintf(out + used, size - used, "%02x", p[i]);
	}
}

static void extension_bytes(X509_EXTENSION *ext, const uint8_t **p, size_t *n)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(ext);

	*p = ASN1_STRING_get0_data(value);
	*n = (size_t)ASN1_STRING_length(value);
}

bool cf_x509_extension(const struct cf_x509 *cert, const char *oid,
	const uint8_t **p, size_t *n)
{
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	int at = obj ? X509_get_ext_by_OBJ(cert->x, obj, -1) : -1;
	int next = at < 0 ? -1 : X509_get_ext_by_OBJ(cert->x, obj, at);

	ASN1_OBJECT_free(obj);
	if (at < 0 || next >= 0)
		return false;
	extension_bytes(X509_get_ext(cert->x, at), p, n);
	return true;
}

bool cf_x509_extension_at(const struct cf_x509 *cert, size_t i, char *oid,
	size_t size, const uint8_t **p, size_t *n)
{
	X509_EXTENSION *ext =
		i > INT_MAX ? NULL : X509_get_ext(cert->x, (int)i);

	if (!ext)
		return false;
	OBJ_obj2txt(oid, (int)size, X509_EXTENSION_get_object(ext), 1);
	extension_bytes(ext, p, n);
	return true;
}
