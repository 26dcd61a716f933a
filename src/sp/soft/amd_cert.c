/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated ARK and ASK in AMD's binary form, and the CEK certificate
 * with the ASK's signature, as the key server hands it out.  The RSA keys are
 * those of the X.509 certificates.
 */
#include "sp/soft/x509_priv.h"

#include "crypto/sim_marker.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <string.h>

#define RSA_LEN 512

/* RSASSA-PSS, SHA-384, little-endian as AMD stores it. */
static bool pss_sign(
	EVP_PKEY *key, const uint8_t *p, size_t n, uint8_t sig[RSA_LEN])
{
	EVP_MD_CTX *md = cf_sp_x509_pss(key);
	uint8_t be[RSA_LEN];
	size_t len = sizeof(be);
	bool ok = md && EVP_DigestSign(md, be, &len, p, n) == 1 &&
		len == sizeof(be);

	EVP_MD_CTX_free(md);
	for (size_t i = 0; ok && i < RSA_LEN; i++)
		sig[i] = be[RSA_LEN - 1 - i];
	return ok;
}

static bool key_number(EVP_PKEY *key, const char *name, uint8_t out[RSA_LEN])
{
	BIGNUM *n = NULL;
	bool ok = EVP_PKEY_get_bn_param(key, name, &n) == 1 &&
		BN_bn2lebinpad(n, out, RSA_LEN) == RSA_LEN;

	BN_free(n);
	return ok;
}

/* "SIMULATED" and seven bytes of the key's digest. */
static bool key_id(EVP_PKEY *key, uint8_t id[CF_SEV_KEY_ID_LEN])
{
	const size_t mark = sizeof(CF_SIM_TEXT) - 1;
	uint8_t modulus[RSA_LEN], hash[CF_SHA256_LEN];

	if (!key_number(key, OSSL_PKEY_PARAM_RSA_N, modulus) ||
		cf_sha256(modulus, sizeof(modulus), hash, NULL))
		return false;
	memcpy(id, CF_SIM_TEXT, mark);
	memcpy(id + mark, hash, CF_SEV_KEY_ID_LEN - mark);
	return true;
}

static bool encode(const struct authority *own, const struct authority *ark,
	uint32_t usage, struct cf_buf *out)
{
	uint8_t id[CF_SEV_KEY_ID_LEN], ark_id[CF_SEV_KEY_ID_LEN];
	uint8_t number[RSA_LEN];
	size_t start = out->len;

	if (!key_id(own->key, id) || !key_id(ark->key, ark_id))
		return false;
	cf_buf_le32(out, 1);
	cf_buf_append(out, id, sizeof(id));
	cf_buf_append(out, ark_id, sizeof(ark_id));
	cf_buf_le32(out, usage);
	cf_buf_zeros(out, 16);
	cf_buf_le32(out, 8 * RSA_LEN);
	cf_buf_le32(out, 8 * RSA_LEN);
	if (!key_number(own->key, OSSL_PKEY_PARAM_RSA_E, number))
		return false;
	cf_buf_append(out, number, sizeof(number));
	if (!key_number(own->key, OSSL_PKEY_PARAM_RSA_N, number))
		return false;
	cf_buf_append(out, number, sizeof(number));
	if (out->failed ||
		!pss_sign(
			ark->key, out->data + start, out->len - start, number))
		return false;
	cf_buf_append(out, number, sizeof(number));
	return !out->failed;
}

enum coffer_status cf_sp_append_amd_cert(struct cf_sp_soft *sp,
	enum cf_sp_cert which, struct cf_buf *out, struct coffer_error *err)
{
	struct authority ark = { 0 }, own = { 0 };
	enum coffer_status status;

	status = cf_sp_authority(sp, CF_SP_CERT_ARK, &ark, err);
	if (!status)
		status = cf_sp_authority(sp, which, &own, err);
	if (!status &&
		!encode(&own, &ark,
			which == CF_SP_CERT_ARK ? CF_SEV_USAGE_ARK
						: CF_SEV_USAGE_ASK,
			out))
		status = cf_sp_x509_failed(err, "an AMD certificate");
	cf_sp_authority_finish(&ark);
	cf_sp_authority_finish(&own);
	return status;
}

enum coffer_status cf_sp_soft_amd_chain(
	struct cf_sp_soft *sp, struct cf_buf *out, struct coffer_error *err)
{
	enum coffer_status status;

	pthread_mutex_lock(&sp->lock);
	status = cf_sp_append_amd_cert(sp, CF_SP_CERT_ASK, out, err);
	if (!status)
		status = cf_sp_append_amd_cert(sp, CF_SP_CERT_ARK, out, err);
	pthread_mutex_unlock(&sp->lock);
	return status;
}

enum coffer_status cf_sp_cek_signed(struct cf_sp_soft *sp,
	uint8_t cert[CF_SEV_CERT_LEN], struct coffer_error *err)
{
	uint8_t cek[CF_P384_LEN], sig[RSA_LEN];
	struct authority ask = { 0 };
	enum coffer_status status = cf_sp_cek(sp, cek, cert, err);

	cf_wipe(cek, sizeof(cek));
	if (!status)
		status = cf_sp_authority(sp, CF_SP_CERT_ASK, &ask, err);
	if (!status && !pss_sign(ask.key, cert, CF_SEV_CERT_BODY, sig))
		status = cf_sp_x509_failed(err, "the CEK certificate");
	cf_sp_authority_finish(&ask);
	if (!status)
		cf_sev_cert_set_signature(cert, 0, CF_SEV_USAGE_ASK,
			CF_SEV_ALGO_RSA_SHA384, sig, sizeof(sig));
	return status;
}

enum coffer_status cf_sp_soft_cek(
	struct cf_sp_soft *sp, struct cf_buf *out, struct coffer_error *err)
{
	uint8_t cert[CF_SEV_CERT_LEN];
	enum coffer_status status;

	pthread_mutex_lock(&sp->lock);
	status = cf_sp_cek_signed(sp, cert, err);
	pthread_mutex_unlock(&sp->lock);
	if (status)
		return status;
	cf_buf_append(out, cert, sizeof(cert));
	return out->failed ? cf_fail_nomem(err, "the CEK certificate")
			   : COFFER_OK;
}
