/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA and ECDH on P-384 with raw keys.  libcrypto wants keys as objects, so
 * each call builds one, uses it and frees it.
 */
#include "crypto/p384_priv.h"

#include "base/alloc.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <string.h>

#define POINT_LEN (1 + 2 * CF_P384_LEN)

static enum coffer_status failed(struct coffer_error *err, const char *what)
{
	return cf_fail(
		err, COFFER_ERR_NOMEM, "libcrypto: P-384 %s failed", what);
}

void cf_p384_to_le72(const uint8_t in[CF_P384_LEN], uint8_t out[72])
{
	memset(out, 0, 72);
	for (size_t i = 0; i < CF_P384_LEN; i++)
		out[i] = in[CF_P384_LEN - 1 - i];
}

bool cf_p384_from_le72(const uint8_t in[72], uint8_t out[CF_P384_LEN])
{
	uint8_t high = 0;

	for (size_t i = CF_P384_LEN; i < 72; i++)
		high |= in[i];
	for (size_t i = 0; i < CF_P384_LEN; i++)
		out[i] = in[CF_P384_LEN - 1 - i];
	return high == 0;
}

static const EVP_MD *evp_of(enum cf_hash_alg alg)
{
	switch (alg) {
	case CF_HASH_SHA256:
		return EVP_sha256();
	case CF_HASH_SHA384:
		return EVP_sha384();
	case CF_HASH_SHA512:
		return EVP_sha512();
	}
	return NULL;
}

EVP_PKEY *cf_p384_make_key(
	const struct cf_p384_public *pub, const uint8_t *secret)
{
	uint8_t point[POINT_LEN];
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	BIGNUM *scalar = NULL;
	EVP_PKEY *key = NULL;
	int ok;

	point[0] = POINT_CONVERSION_UNCOMPRESSED;
	memcpy(point + 1, pub->x, CF_P384_LEN);
	memcpy(point + 1 + CF_P384_LEN, pub->y, CF_P384_LEN);
	ok = bld && ctx &&
		OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
			SN_secp384r1, 0) == 1 &&
		OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
			point, sizeof(point)) == 1;
	if (ok && secret) {
		scalar = BN_secure_new();
		ok = scalar && BN_bin2bn(secret, CF_P384_LEN, scalar) &&
			OSSL_PARAM_BLD_push_BN(
				bld, OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1;
	}
	if (ok)
		params = OSSL_PARAM_BLD_to_param(bld);
	if (!params || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &key,
			secret ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
			params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_clear_free(scalar);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static bool point_bytes(const EC_GROUP *group, const EC_POINT *point,
	struct cf_p384_public *pub)
{
	uint8_t bytes[POINT_LEN];

	if (EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED,
		    bytes, sizeof(bytes), NULL) != sizeof(bytes))
		return false;
	memcpy(pub->x, bytes + 1, CF_P384_LEN);
	memcpy(pub->y, bytes + 1 + CF_P384_LEN, CF_P384_LEN);
	return true;
}

enum coffer_status cf_p384_public(const uint8_t secret[CF_P384_LEN],
	struct cf_p384_public *pub, struct coffer_error *err)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp384r1);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	BIGNUM *scalar = BN_secure_new();
	bool ok, in_range = false;

	ok = group && point && scalar && BN_bin2bn(secret, CF_P384_LEN, scalar);
	if (ok)
		in_range = !BN_is_zero(scalar) &&
			BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0;
	if (ok && in_range)
		ok = EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) ==
				1 &&
			point_bytes(group, point, pub);
	BN_clear_free(scalar);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	if (!ok)
		return failed(err, "multiplication");
	if (!in_range)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"P-384: the private key is not in [1, n-1]");
	return COFFER_OK;
}

enum coffer_status cf_p384_generate(uint8_t secret[CF_P384_LEN],
	struct cf_p384_public *pub, struct coffer_error *err)
{
	/* Rejection sampling; a miss has probability 2^-190. */
	for (int tries = 0; tries < 8; tries++) {
		enum coffer_status status = cf_random(secret, CF_P384_LEN, err);

		if (status)
			return status;
		status = cf_p384_public(secret, pub, err);
		if (status != COFFER_ERR_ARGUMENT)
			return status;
	}
	return cf_fail(err, COFFER_ERR_INTERNAL, "P-384: no key in 8 tries");
}

enum coffer_status cf_p384_sign(const uint8_t secret[CF_P384_LEN],
	enum cf_hash_alg alg, const void *p, size_t n,
	struct cf_p384_signature *sig, struct coffer_error *err)
{
	struct cf_p384_public pub;
	uint8_t der[128];
	const uint8_t *at = der;
	size_t len = sizeof(der);
	enum coffer_status status = cf_p384_public(secret, &pub, err);
	EVP_MD_CTX *ctx;
	EVP_PKEY *key;
	ECDSA_SIG *parsed = NULL;
	int ok;

	if (status)
		return status;
	ctx = EVP_MD_CTX_new();
	key = cf_p384_make_key(&pub, secret);
	ok = ctx && key &&
		EVP_DigestSignInit(ctx, NULL, evp_of(alg), NULL, key) == 1 &&
		EVP_DigestSign(ctx, der, &len, p, n) == 1;
	if (ok)
		parsed = d2i_ECDSA_SIG(NULL, &at, (long)len);
	ok = parsed &&
		BN_bn2binpad(ECDSA_SIG_get0_r(parsed), sig->r, CF_P384_LEN) ==
			CF_P384_LEN &&
		BN_bn2binpad(ECDSA_SIG_get0_s(parsed), sig->s, CF_P384_LEN) ==
			CF_P384_LEN;
	ECDSA_SIG_free(parsed);
	EVP_PKEY_free(key);
	EVP_MD_CTX_free(ctx);
	return ok ? COFFER_OK : failed(err, "signature");
}

int cf_p384_signature_der(const struct cf_p384_signature *sig, uint8_t **der)
{
	ECDSA_SIG *s = ECDSA_SIG_new();
	BIGNUM *r_bn = BN_bin2bn(sig->r, CF_P384_LEN, NULL);
	BIGNUM *s_bn = BN_bin2bn(sig->s, CF_P384_LEN, NULL);
	int len = 0;

	if (s && r_bn && s_bn && ECDSA_SIG_set0(s, r_bn, s_bn) == 1) {
		len = i2d_ECDSA_SIG(s, der);
	} else {
		BN_free(r_bn);
		BN_free(s_bn);
	}
	ECDSA_SIG_free(s);
	return len > 0 ? len : 0;
}

enum coffer_status cf_p384_verify(const struct cf_p384_public *pub,
	enum cf_hash_alg alg, const void *p, size_t n,
	const struct cf_p384_signature *sig, struct coffer_error *err)
{
	uint8_t *der = NULL;
	EVP_MD_CTX *ctx;
	EVP_PKEY *key = cf_p384_make_key(pub, NULL);
	int len, good = 0;

	if (!key)
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"P-384: the public key is not a point of the curve");
	ctx = EVP_MD_CTX_new();
	len = cf_p384_signature_der(sig, &der);
	if (ctx && len &&
		EVP_DigestVerifyInit(ctx, NULL, evp_of(alg), NULL, key) == 1)
		good = EVP_DigestVerify(ctx, der, (size_t)len, p, n);
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	EVP_MD_CTX_free(ctx);
	if (good != 1)
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"P-384: the signature does not match");
	return COFFER_OK;
}

enum coffer_status cf_p384_ecdh(const uint8_t secret[CF_P384_LEN],
	const struct cf_p384_public *pub, uint8_t out[CF_P384_LEN],
	struct coffer_error *err)
{
	struct cf_p384_public own;
	enum coffer_status status = cf_p384_public(secret, &own, err);
	EVP_PKEY *key, *peer;
	EVP_PKEY_CTX *ctx;
	size_t len = CF_P384_LEN;
	int ok;

	if (status)
		return status;
	key = cf_p384_make_key(&own, secret);
	peer = cf_p384_make_key(pub, NULL);
	ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	ok = peer && ctx && EVP_PKEY_derive_init(ctx) == 1 &&
		EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
		EVP_PKEY_derive(ctx, out, &len) == 1 && len == CF_P384_LEN;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	if (peer && !ok) {
		EVP_PKEY_free(peer);
		return failed(err, "key agreement");
	}
	if (!peer)
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"P-384: the public key is not a point of the curve");
	EVP_PKEY_free(peer);
	return COFFER_OK;
}
