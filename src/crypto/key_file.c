/* SPDX-License-Identifier: Apache-2.0 */
/* P-384 keys from and to PEM. */
#include "crypto/key_file.h"

#include "base/base.h"
#include "crypto/p384_priv.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <string.h>

#define POINT_LEN (1 + 2 * CF_P384_LEN)

/* libcrypto asks for a password on the terminal unless told not to. */
static int no_password(char *buf, int size, int rwflag, void *opaque)
{
	return -1;
}

static EVP_PKEY *read_key(const void *pem, size_t n, bool secret)
{
	BIO *bio = n > INT_MAX ? NULL : BIO_new_mem_buf(pem, (int)n);
	EVP_PKEY *key = NULL;

	if (bio && secret)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	else if (bio)
		key = PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL);
	BIO_free(bio);
	ERR_clear_error();
	return key;
}

static bool is_p384(const EVP_PKEY *key)
{
	char group[32];

	return EVP_PKEY_is_a(key, "EC") &&
		EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
		strcmp(group, SN_secp384r1) == 0;
}

/* One coordinate, or the scalar, as 48 bytes big-endian. */
static bool get_number(
	const EVP_PKEY *key, const char *name, uint8_t out[CF_P384_LEN])
{
	BIGNUM *bn = NULL;
	bool ok = EVP_PKEY_get_bn_param(key, name, &bn) == 1 &&
		BN_bn2binpad(bn, out, CF_P384_LEN) == CF_P384_LEN;

	BN_clear_free(bn);
	return ok;
}

static bool get_point(const EVP_PKEY *key, struct cf_p384_public *pub)
{
	return get_number(key, OSSL_PKEY_PARAM_EC_PUB_X, pub->x) &&
		get_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, pub->y);
}

enum coffer_status cf_p384_secret_from_pem(const void *pem, size_t n,
	uint8_t secret[CF_P384_LEN], struct cf_p384_public *pub,
	struct coffer_error *err)
{
	EVP_PKEY *key = read_key(pem, n, true);
	bool ok;

	if (!key)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"key: not a PEM private key without password");
	if (!is_p384(key)) {
		EVP_PKEY_free(key);
		return cf_fail(
			err, COFFER_ERR_UNSUPPORTED, "key: not on curve P-384");
	}
	ok = get_number(key, OSSL_PKEY_PARAM_PRIV_KEY, secret);
	EVP_PKEY_free(key);
	if (!ok) {
		cf_wipe(secret, CF_P384_LEN);
		return cf_fail(
			err, COFFER_ERR_FORMAT, "key: no scalar of P-384");
	}
	/* From the scalar, since the file may state another point. */
	return cf_p384_public(secret, pub, err);
}

enum coffer_status cf_p384_public_from_pem(const void *pem, size_t n,
	struct cf_p384_public *pub, struct coffer_error *err)
{
	uint8_t secret[CF_P384_LEN];
	EVP_PKEY *key = read_key(pem, n, false);
	enum coffer_status status = COFFER_OK;

	if (!key) {
		status = cf_p384_secret_from_pem(pem, n, secret, pub, err);
		cf_wipe(secret, sizeof(secret));
		return status == COFFER_ERR_FORMAT
			? cf_fail(err, status, "key: not a PEM key")
			: status;
	}
	if (!is_p384(key))
		status = cf_fail(
			err, COFFER_ERR_UNSUPPORTED, "key: not on curve P-384");
	else if (!get_point(key, pub))
		status = cf_fail(
			err, COFFER_ERR_FORMAT, "key: no point of P-384");
	EVP_PKEY_free(key);
	return status;
}

static enum coffer_status take_text(
	BIO *bio, bool ok, struct cf_buf *out, struct coffer_error *err)
{
	char *text = NULL;
	long n = ok ? BIO_get_mem_data(bio, &text) : 0;

	if (n > 0)
		cf_buf_append(out, text, (size_t)n);
	BIO_free(bio);
	ERR_clear_error();
	if (n <= 0 || out->failed)
		return cf_fail_nomem(err, "a PEM key");
	return COFFER_OK;
}

enum coffer_status cf_p384_secret_to_pem(const uint8_t secret[CF_P384_LEN],
	struct cf_buf *out, struct coffer_error *err)
{
	struct cf_p384_public pub;
	enum coffer_status status = cf_p384_public(secret, &pub, err);
	EVP_PKEY *key;
	BIO *bio;
	bool ok;

	if (status)
		return status;
	key = cf_p384_make_key(&pub, secret);
	bio = BIO_new(BIO_s_secmem());
	ok = key && bio &&
		PEM_write_bio_PKCS8PrivateKey(
			bio, key, NULL, NULL, 0, NULL, NULL) == 1;
	EVP_PKEY_free(key);
	return take_text(bio, ok, out, err);
}

enum coffer_status cf_p384_public_to_pem(const struct cf_p384_public *pub,
	struct cf_buf *out, struct coffer_error *err)
{
	EVP_PKEY *key = cf_p384_make_key(pub, NULL);
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok = key && bio && PEM_write_bio_PUBKEY(bio, key) == 1;

	EVP_PKEY_free(key);
	return take_text(bio, ok, out, err);
}

enum coffer_status cf_p384_signature_from_der(const uint8_t *der, size_t n,
	struct cf_p384_signature *out, struct coffer_error *err)
{
	const uint8_t *at = der;
	ECDSA_SIG *s = n > LONG_MAX ? NULL : d2i_ECDSA_SIG(NULL, &at, (long)n);
	bool ok = s && at == der + n &&
		BN_bn2binpad(ECDSA_SIG_get0_r(s), out->r, CF_P384_LEN) ==
			CF_P384_LEN &&
		BN_bn2binpad(ECDSA_SIG_get0_s(s), out->s, CF_P384_LEN) ==
			CF_P384_LEN;

	ECDSA_SIG_free(s);
	ERR_clear_error();
	if (!ok)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"signature: not a DER signature of P-384");
	return COFFER_OK;
}
