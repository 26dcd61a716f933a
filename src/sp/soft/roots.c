/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated ARK, ASK and ASVK in the storage, and what is handed out:
 * certificates in DER and the certificate table of extended guest requests.
 * The roots' records are not bound to a chip, so that the platforms of one
 * storage share them, as real ones share AMD's.
 */
#include "sp/soft/x509_priv.h"

#include <openssl/rsa.h>
#include <string.h>

#define RSA_BITS 4096

static const char *record_name(enum cf_sp_cert which)
{
	return which == CF_SP_CERT_ARK    ? "ark"
		: which == CF_SP_CERT_ASK ? "ask"
					  : "asvk";
}

void cf_sp_authority_finish(struct authority *a)
{
	X509_free(a->cert);
	EVP_PKEY_free(a->key);
	*a = (struct authority) { 0 };
}

/* Record: length of the key's DER, the key, the certificate. */
static bool decode(const uint8_t *p, size_t n, struct authority *out)
{
	const unsigned char *at;
	uint32_t key_len;

	if (n < 4)
		return false;
	key_len = cf_load_le32(p);
	if (key_len > n - 4)
		return false;
	at = p + 4;
	out->key = d2i_AutoPrivateKey(NULL, &at, (long)key_len);
	at = p + 4 + key_len;
	out->cert = d2i_X509(NULL, &at, (long)(n - 4 - key_len));
	if (out->key && out->cert &&
		X509_check_private_key(out->cert, out->key) == 1)
		return true;
	cf_sp_authority_finish(out);
	return false;
}

static void record_file(
	const struct cf_sp_soft *sp, enum cf_sp_cert which, char name[32])
{
	snprintf(
		name, 32, "roots/%s-%s", record_name(which), sp->product->name);
}

static enum coffer_status store(struct cf_sp_soft *sp, enum cf_sp_cert which,
	const struct authority *a, struct coffer_error *err)
{
	unsigned char *key = NULL, *cert = NULL;
	int key_len = i2d_PrivateKey(a->key, &key);
	int cert_len = i2d_X509(a->cert, &cert);
	struct cf_buf b = { 0 };
	enum coffer_status status;
	char name[32];

	if (key_len > 0 && cert_len > 0) {
		cf_buf_le32(&b, (uint32_t)key_len);
		cf_buf_append(&b, key, (size_t)key_len);
		cf_buf_append(&b, cert, (size_t)cert_len);
	}
	OPENSSL_clear_free(key, key_len > 0 ? (size_t)key_len : 0);
	OPENSSL_free(cert);
	record_file(sp, which, name);
	if (!b.data || b.failed)
		status = cf_fail_nomem(err, "a root key");
	else
		status =
			sp->ops.store(sp->ops.opaque, name, b.data, b.len, err);
	if (b.data)
		cf_wipe(b.data, b.len);
	cf_buf_finish(&b);
	return status;
}

/* libcrypto calls it for each number that it tries. */
static int tell(EVP_PKEY_CTX *c)
{
	cf_progress_tell(EVP_PKEY_CTX_get_app_data(c),
		"making the simulated platform's RSA-4096 roots", 0, 0);
	return 1;
}

static EVP_PKEY *make_key(const struct cf_progress *progress)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
	EVP_PKEY *key = NULL;

	if (c && EVP_PKEY_keygen_init(c) == 1 &&
		EVP_PKEY_CTX_set_rsa_keygen_bits(c, RSA_BITS) == 1) {
		EVP_PKEY_CTX_set_app_data(c, (void *)(uintptr_t)progress);
		EVP_PKEY_CTX_set_cb(c, tell);
		if (EVP_PKEY_generate(c, &key) != 1)
			key = NULL;
	}
	EVP_PKEY_CTX_free(c);
	return key;
}

static enum coffer_status make(struct cf_sp_soft *sp, enum cf_sp_cert which,
	struct authority *out, struct coffer_error *err)
{
	struct authority ark = { 0 };
	enum coffer_status status;

	if (which != CF_SP_CERT_ARK) {
		status = cf_sp_authority(sp, CF_SP_CERT_ARK, &ark, err);
		if (status)
			return status;
	}
	*out = (struct authority) { .key = make_key(sp->progress) };
	if (out->key)
		out->cert = cf_sp_x509_authority(sp->product, which, out->key,
			ark.cert, ark.key, cf_sp_now(sp));
	cf_sp_authority_finish(&ark);
	if (!out->cert) {
		cf_sp_authority_finish(out);
		return cf_sp_x509_failed(err, "making a root key");
	}
	return sp->ops.store ? store(sp, which, out, err) : COFFER_OK;
}

static enum coffer_status load_or_make(struct cf_sp_soft *sp,
	enum cf_sp_cert which, struct authority *out, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) uint8_t *data = NULL;
	enum coffer_status status = COFFER_OK;
	char name[32];
	size_t len = 0;

	record_file(sp, which, name);
	if (sp->ops.load)
		status = sp->ops.load(sp->ops.opaque, name, &data, &len, err);
	if (status)
		return status;
	if (!data)
		return make(sp, which, out, err);
	if (!decode(data, len, out))
		status = cf_fail(err, COFFER_ERR_FORMAT,
			"secure processor state: record '%s' is damaged; "
			"'coffer sp reset' makes a new one",
			name);
	cf_wipe(data, len);
	return status;
}

enum coffer_status cf_sp_authority(struct cf_sp_soft *sp, enum cf_sp_cert which,
	struct authority *out, struct coffer_error *err)
{
	enum coffer_status status;

	*out = (struct authority) { 0 };
	cf_sp_storage_lock(sp, true);
	status = load_or_make(sp, which, out, err);
	cf_sp_storage_lock(sp, false);
	if (status)
		cf_sp_authority_finish(out);
	return status;
}

static enum coffer_status append_cert(
	X509 *x, struct cf_buf *out, struct coffer_error *err)
{
	unsigned char *der = NULL;
	int n = x ? i2d_X509(x, &der) : -1;

	if (n > 0)
		cf_buf_append(out, der, (size_t)n);
	OPENSSL_free(der);
	if (n <= 0 || out->failed)
		return cf_sp_x509_failed(err, "a certificate");
	return COFFER_OK;
}

static enum coffer_status append_crl(struct cf_sp_soft *sp,
	const struct authority *ark, struct cf_buf *out,
	struct coffer_error *err)
{
	X509_CRL *crl = cf_sp_x509_crl(ark->cert, ark->key, cf_sp_now(sp));
	unsigned char *der = NULL;
	int n = crl ? i2d_X509_CRL(crl, &der) : -1;

	if (n > 0)
		cf_buf_append(out, der, (size_t)n);
	OPENSSL_free(der);
	X509_CRL_free(crl);
	if (n <= 0 || out->failed)
		return cf_sp_x509_failed(err, "the revocation list");
	return COFFER_OK;
}

static enum coffer_status append_endorsement(struct cf_sp_soft *sp, bool vlek,
	const struct authority *issuer, struct cf_buf *out,
	struct coffer_error *err)
{
	uint8_t scalar[CF_P384_LEN];
	struct cf_p384_public pub;
	enum coffer_status status;
	X509 *x;

	status = vlek ? cf_sp_vlek(sp, scalar, err)
		      : cf_sp_vcek(sp, scalar, err);
	if (!status)
		status = cf_p384_public(scalar, &pub, err);
	cf_wipe(scalar, sizeof(scalar));
	if (status)
		return status;
	x = cf_sp_x509_endorsement(
		sp, &pub, vlek ? CF_SP_CSP_ID : NULL, issuer->key);
	status = append_cert(x, out, err);
	X509_free(x);
	return status;
}

static enum coffer_status append(struct cf_sp_soft *sp, enum cf_sp_cert which,
	struct cf_buf *out, struct coffer_error *err)
{
	struct authority a = { 0 };
	enum cf_sp_cert issuer = which;
	enum coffer_status status;

	if (which == CF_SP_CERT_VCEK)
		issuer = CF_SP_CERT_ASK;
	if (which == CF_SP_CERT_VLEK)
		issuer = CF_SP_CERT_ASVK;
	if (which == CF_SP_CERT_CRL)
		issuer = CF_SP_CERT_ARK;
	if (which == CF_SP_CERT_VLEK && !sp->has_vlek)
		return cf_fail(err, COFFER_ERR_STATE,
			"secure processor: no VLEK is loaded");
	status = cf_sp_authority(sp, issuer, &a, err);
	if (status)
		return status;
	if (which == CF_SP_CERT_VCEK || which == CF_SP_CERT_VLEK)
		status = append_endorsement(
			sp, which == CF_SP_CERT_VLEK, &a, out, err);
	else if (which == CF_SP_CERT_CRL)
		status = append_crl(sp, &a, out, err);
	else
		status = append_cert(a.cert, out, err);
	cf_sp_authority_finish(&a);
	return status;
}

enum coffer_status cf_sp_soft_cert(struct cf_sp_soft *sp, enum cf_sp_cert which,
	struct cf_buf *out, struct coffer_error *err)
{
	enum coffer_status status;

	pthread_mutex_lock(&sp->lock);
	status = append(sp, which, out, err);
	pthread_mutex_unlock(&sp->lock);
	return status;
}

enum coffer_status cf_sp_soft_vcek_at(struct cf_sp_soft *sp, uint64_t tcb,
	struct cf_buf *out, struct coffer_error *err)
{
	enum coffer_status status;
	struct tcb was, want, current = cf_sp_current(sp);

	if (!cf_sp_tcb_decode(sp->product, tcb, &want) ||
		!cf_sp_tcb_le(&want, &current))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"secure processor: no VCEK of patch levels above "
			"those that run");
	pthread_mutex_lock(&sp->lock);
	was = sp->config.reported;
	sp->config.reported = want;
	status = append(sp, CF_SP_CERT_VCEK, out, err);
	sp->config.reported = was;
	pthread_mutex_unlock(&sp->lock);
	return status;
}

/* GUIDs in text order: GHCB specification (AMD 56421), certificate table. */
static const uint8_t guid_vcek[16] = { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45,
	0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd };
static const uint8_t guid_vlek[16] = { 0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48,
	0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1 };
static const uint8_t guid_ask[16] = { 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f,
	0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82 };
static const uint8_t guid_ark[16] = { 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49,
	0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae };

enum coffer_status cf_sp_soft_cert_table(
	struct cf_sp_soft *sp, struct cf_buf *out, struct coffer_error *err)
{
	const struct {
		const uint8_t *guid;
		enum cf_sp_cert which;
	} entries[] = {
		{ sp->has_vlek ? guid_vlek : guid_vcek,
			sp->has_vlek ? CF_SP_CERT_VLEK : CF_SP_CERT_VCEK },
		{ guid_ask, sp->has_vlek ? CF_SP_CERT_ASVK : CF_SP_CERT_ASK },
		{ guid_ark, CF_SP_CERT_ARK },
	};
	const size_t table_len = 24 * (CF_ARRAY_LEN(entries) + 1);
	enum coffer_status status = COFFER_OK;
	struct cf_buf blobs = { 0 };

	for (size_t i = 0; i < CF_ARRAY_LEN(entries) && !status; i++) {
		size_t at = blobs.len;

		status = cf_sp_soft_cert(sp, entries[i].which, &blobs, err);
		cf_buf_append(out, entries[i].guid, 16);
		cf_buf_le32(out, (uint32_t)(table_len + at));
		cf_buf_le32(out, (uint32_t)(blobs.len - at));
	}
	cf_buf_zeros(out, 24);
	cf_buf_append(out, blobs.data, blobs.len);
	cf_buf_zeros(out, cf_align_up(out->len, CF_PAGE_SIZE) - out->len);
	cf_buf_finish(&blobs);
	if (!status && out->failed)
		status = cf_fail_nomem(err, "the certificate table");
	return status;
}
