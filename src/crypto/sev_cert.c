/* SPDX-License-Identifier: Apache-2.0 */
/* SEV certificates and AMD's binary root certificates. */
#include "crypto/sev_cert.h"

#include "base/alloc.h"
#include "base/bytes.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#define AT_API      0x004
#define AT_USAGE    0x008
#define AT_ALGO     0x00C
#define AT_KEY      0x010
#define KEY_LEN     0x404
#define AT_SIG(i)   (0x414u + 0x208u * (i))
#define SIG_LEN     0x200
#define CURVE_P384  2
#define RSA_MAX_LEN 512

const char *cf_sev_usage_name(uint32_t usage)
{
	switch (usage) {
	case CF_SEV_USAGE_ARK:
		return "ARK";
	case CF_SEV_USAGE_ASK:
		return "ASK";
	case CF_SEV_USAGE_NONE:
		return "none";
	case CF_SEV_USAGE_OCA:
		return "OCA";
	case CF_SEV_USAGE_PEK:
		return "PEK";
	case CF_SEV_USAGE_PDH:
		return "PDH";
	case CF_SEV_USAGE_CEK:
		return "CEK";
	default:
		return "?";
	}
}

static bool algo_is_rsa(uint32_t algo)
{
	return algo == CF_SEV_ALGO_RSA_SHA256 || algo == CF_SEV_ALGO_RSA_SHA384;
}

static bool algo_is_ec(uint32_t algo)
{
	return algo == CF_SEV_ALGO_ECDSA_SHA256 ||
		algo == CF_SEV_ALGO_ECDSA_SHA384 ||
		algo == CF_SEV_ALGO_ECDH_SHA256 ||
		algo == CF_SEV_ALGO_ECDH_SHA384;
}

enum coffer_status cf_sev_cert_parse(const uint8_t *p, size_t n,
	struct cf_sev_cert *out, struct coffer_error *err)
{
	const uint8_t *key = p + AT_KEY;
	struct cf_sev_cert c = { .bytes = p };

	if (n != CF_SEV_CERT_LEN)
		return cf_fail(err, COFFER_ERR_TRUNCATED,
			"SEV certificate: %zu bytes, must be %u", n,
			CF_SEV_CERT_LEN);
	if (cf_load_le32(p) != 1 || cf_load_le16(p + 6))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"SEV certificate: version %u, must be 1",
			cf_load_le32(p));
	c.api_major = p[AT_API];
	c.api_minor = p[AT_API + 1];
	c.usage = cf_load_le32(p + AT_USAGE);
	c.algo = cf_load_le32(p + AT_ALGO);
	for (unsigned i = 0; i < 2; i++) {
		c.sig_usage[i] = cf_load_le32(p + AT_SIG(i));
		c.sig_algo[i] = cf_load_le32(p + AT_SIG(i) + 4);
	}
	if (c.usage < CF_SEV_USAGE_OCA || c.usage > CF_SEV_USAGE_CEK)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"SEV certificate: key usage 0x%x is none of OCA, PEK, "
			"PDH, CEK",
			c.usage);
	c.is_rsa = algo_is_rsa(c.algo);
	if (!c.is_rsa && !algo_is_ec(c.algo))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"SEV certificate: no key algorithm 0x%x", c.algo);
	if (!c.is_rsa &&
		(cf_load_le32(key) != CURVE_P384 ||
			!cf_p384_from_le72(key + 4, c.key.x) ||
			!cf_p384_from_le72(key + 0x4C, c.key.y)))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"SEV certificate: the key of the %s is not on P-384",
			cf_sev_usage_name(c.usage));
	*out = c;
	return COFFER_OK;
}

/* Little-endian number to a BIGNUM. */
static BIGNUM *number(const uint8_t *p, size_t n)
{
	return BN_lebin2bn(p, (int)n, NULL);
}

static EVP_PKEY *rsa_key(
	const uint8_t *modulus, const uint8_t *exponent, size_t n)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *m = number(modulus, n), *e = number(exponent, n);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (bld && m && e && ctx &&
		OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, m) == 1 &&
		OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		params = OSSL_PARAM_BLD_to_param(bld);
	if (!params || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_free(m);
	BN_free(e);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* RSASSA-PSS; MGF1 has the same hash and the salt its length. */
static bool rsa_verify(EVP_PKEY *key, const EVP_MD *hash, const uint8_t *p,
	size_t n, const uint8_t *sig_le, size_t sig_len)
{
	uint8_t sig[RSA_MAX_LEN];
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL;
	bool good;

	for (size_t i = 0; i < sig_len; i++)
		sig[i] = sig_le[sig_len - 1 - i];
	good = key && md &&
		EVP_DigestVerifyInit(md, &ctx, hash, NULL, key) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, EVP_MD_get_size(hash)) ==
			1 &&
		EVP_DigestVerify(md, sig, sig_len, p, n) == 1;
	EVP_MD_CTX_free(md);
	return good;
}

static bool verify_slot_rsa(const struct cf_sev_cert *cert, unsigned slot,
	const uint8_t *modulus, const uint8_t *exponent, size_t n)
{
	const EVP_MD *hash = cert->sig_algo[slot] == CF_SEV_ALGO_RSA_SHA384
		? EVP_sha384()
		: EVP_sha256();
	EVP_PKEY *key;
	bool good;

	if (!algo_is_rsa(cert->sig_algo[slot]))
		return false;
	key = rsa_key(modulus, exponent, n);
	good = rsa_verify(key, hash, cert->bytes, CF_SEV_CERT_BODY,
		cert->bytes + AT_SIG(slot) + 8, n);
	EVP_PKEY_free(key);
	return good;
}

static bool verify_slot_ec(const struct cf_sev_cert *cert, unsigned slot,
	const struct cf_p384_public *key)
{
	const uint8_t *sig = cert->bytes + AT_SIG(slot) + 8;
	struct cf_p384_signature s;
	enum cf_hash_alg alg = CF_HASH_SHA256;

	if (cert->sig_algo[slot] == CF_SEV_ALGO_ECDSA_SHA384)
		alg = CF_HASH_SHA384;
	else if (cert->sig_algo[slot] != CF_SEV_ALGO_ECDSA_SHA256)
		return false;
	return cf_p384_from_le72(sig, s.r) &&
		cf_p384_from_le72(sig + 72, s.s) &&
		cf_p384_verify(
			key, alg, cert->bytes, CF_SEV_CERT_BODY, &s, NULL) == 0;
}

static bool verify_slot(const struct cf_sev_cert *cert, unsigned slot,
	const struct cf_sev_cert *signer)
{
	const uint8_t *key = signer->bytes + AT_KEY;
	size_t bits;

	/* A key for key agreement signs nothing. */
	if (signer->algo == CF_SEV_ALGO_ECDH_SHA256 ||
		signer->algo == CF_SEV_ALGO_ECDH_SHA384)
		return false;
	if (!signer->is_rsa)
		return verify_slot_ec(cert, slot, &signer->key);
	bits = cf_load_le32(key);
	if (bits != 2048 && bits != 4096)
		return false;
	return verify_slot_rsa(cert, slot, key + 0x204, key + 4, bits / 8);
}

enum coffer_status cf_sev_cert_verify(const struct cf_sev_cert *cert,
	const struct cf_sev_cert *signer, struct coffer_error *err)
{
	for (unsigned i = 0; i < 2; i++)
		if (cert->sig_usage[i] == signer->usage &&
			verify_slot(cert, i, signer))
			return COFFER_OK;
	return cf_fail(err, COFFER_ERR_MISMATCH,
		"SEV certificate: the %s has no good signature of this %s",
		cf_sev_usage_name(cert->usage),
		cf_sev_usage_name(signer->usage));
}

void cf_sev_cert_make(
	const struct cf_sev_cert_fields *f, uint8_t out[CF_SEV_CERT_LEN])
{
	memset(out, 0, CF_SEV_CERT_LEN);
	cf_store_le32(out, 1);
	out[AT_API] = f->api_major;
	out[AT_API + 1] = f->api_minor;
	cf_store_le32(out + AT_USAGE, f->usage);
	cf_store_le32(out + AT_ALGO, f->algo);
	cf_store_le32(out + AT_KEY, CURVE_P384);
	cf_p384_to_le72(f->key->x, out + AT_KEY + 4);
	cf_p384_to_le72(f->key->y, out + AT_KEY + 0x4C);
	cf_sev_cert_clear_signature(out, 0);
	cf_sev_cert_clear_signature(out, 1);
}

void cf_sev_cert_set_signature(uint8_t cert[CF_SEV_CERT_LEN], unsigned slot,
	uint32_t usage, uint32_t algo, const uint8_t *sig, size_t n)
{
	uint8_t *at = cert + AT_SIG(slot);

	memset(at, 0, 8 + SIG_LEN);
	cf_store_le32(at, usage);
	cf_store_le32(at + 4, algo);
	if (n)
		memcpy(at + 8, sig, n);
}

void cf_sev_cert_clear_signature(uint8_t cert[CF_SEV_CERT_LEN], unsigned slot)
{
	cf_sev_cert_set_signature(
		cert, slot, CF_SEV_USAGE_NONE, CF_SEV_ALGO_NONE, NULL, 0);
}

enum coffer_status cf_sev_cert_sign(uint8_t cert[CF_SEV_CERT_LEN],
	unsigned slot, enum cf_sev_usage signer,
	const uint8_t secret[CF_P384_LEN], struct coffer_error *err)
{
	struct cf_p384_signature sig;
	uint8_t bytes[144];
	enum coffer_status status = cf_p384_sign(
		secret, CF_HASH_SHA256, cert, CF_SEV_CERT_BODY, &sig, err);

	if (status)
		return status;
	cf_p384_to_le72(sig.r, bytes);
	cf_p384_to_le72(sig.s, bytes + 72);
	cf_sev_cert_set_signature(cert, slot, signer, CF_SEV_ALGO_ECDSA_SHA256,
		bytes, sizeof(bytes));
	return COFFER_OK;
}

/* Up to and with the modulus. */
static enum coffer_status parse_body(const uint8_t *p, size_t n,
	struct cf_amd_cert *out, struct coffer_error *err)
{
	struct cf_cursor c = cf_cursor(p, n);
	struct cf_amd_cert a = { .bytes = p };
	uint32_t version, exp_bits, mod_bits;

	if (!cf_take_le32(&c, &version) ||
		!cf_take(&c, CF_SEV_KEY_ID_LEN, &a.key_id) ||
		!cf_take(&c, CF_SEV_KEY_ID_LEN, &a.certifying_id) ||
		!cf_take_le32(&c, &a.usage) || !cf_skip(&c, 16) ||
		!cf_take_le32(&c, &exp_bits) || !cf_take_le32(&c, &mod_bits))
		return cf_fail(err, COFFER_ERR_TRUNCATED,
			"AMD certificate: %zu bytes are too few", n);
	if (version != 1 ||
		(a.usage != CF_SEV_USAGE_ARK && a.usage != CF_SEV_USAGE_ASK))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"AMD certificate: version %u with key usage 0x%x is "
			"neither ARK nor ASK",
			version, a.usage);
	if ((mod_bits != 2048 && mod_bits != 4096) || exp_bits != mod_bits)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"AMD certificate: %u-bit modulus and %u-bit exponent, "
			"must be 2048 or 4096 both",
			mod_bits, exp_bits);
	a.number_len = mod_bits / 8;
	if (!cf_take(&c, a.number_len, &a.exponent) ||
		!cf_take(&c, a.number_len, &a.modulus))
		return cf_fail(err, COFFER_ERR_TRUNCATED,
			"AMD certificate: it ends within its key");
	a.len = n - c.left;
	*out = a;
	return COFFER_OK;
}

enum coffer_status cf_amd_cert_parse(const uint8_t *p, size_t n,
	struct cf_amd_cert *out, struct coffer_error *err)
{
	struct cf_amd_cert a;
	enum coffer_status status = parse_body(p, n, &a, err);

	if (status)
		return status;
	if (a.number_len > n - a.len)
		return cf_fail(err, COFFER_ERR_TRUNCATED,
			"AMD certificate: it ends before its signature");
	a.signature = p + a.len;
	a.len += a.number_len;
	*out = a;
	return COFFER_OK;
}

enum coffer_status cf_amd_cert_parse_bare(const uint8_t *p, size_t n,
	struct cf_amd_cert *out, struct coffer_error *err)
{
	enum coffer_status status = parse_body(p, n, out, err);

	if (status)
		return status;
	if (out->len != n)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"AMD certificate: %zu bytes follow its key; want none "
			"or a signature of %zu",
			n - out->len, out->number_len);
	return COFFER_OK;
}

enum coffer_status cf_amd_cert_spki_sha384(const struct cf_amd_cert *cert,
	uint8_t out[CF_SHA384_LEN], struct coffer_error *err)
{
	EVP_PKEY *key =
		rsa_key(cert->modulus, cert->exponent, cert->number_len);
	uint8_t *der = NULL;
	int n = key ? i2d_PUBKEY(key, &der) : 0;
	enum coffer_status status;

	EVP_PKEY_free(key);
	if (n <= 0)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"AMD certificate: its numbers are no RSA key");
	status = cf_sha384(der, (size_t)n, out, err);
	OPENSSL_free(der);
	return status;
}

enum coffer_status cf_amd_cert_verify(const struct cf_amd_cert *cert,
	const struct cf_amd_cert *ark, struct coffer_error *err)
{
	EVP_PKEY *key;
	bool good = false;

	if (ark->usage != CF_SEV_USAGE_ARK ||
		memcmp(cert->certifying_id, ark->key_id, CF_SEV_KEY_ID_LEN) !=
			0)
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"AMD certificate: the %s names another key as its "
			"signer",
			cf_sev_usage_name(cert->usage));
	key = rsa_key(ark->modulus, ark->exponent, ark->number_len);
	if (cert->signature && cert->number_len == ark->number_len)
		good = rsa_verify(key,
			ark->number_len == 512 ? EVP_sha384() : EVP_sha256(),
			cert->bytes, cert->len - cert->number_len,
			cert->signature, cert->number_len);
	EVP_PKEY_free(key);
	if (!good)
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"AMD certificate: the signature of the %s is not good",
			cf_sev_usage_name(cert->usage));
	return COFFER_OK;
}

enum coffer_status cf_sev_cert_verify_ask(const struct cf_sev_cert *cek,
	const struct cf_amd_cert *ask, struct coffer_error *err)
{
	for (unsigned i = 0; i < 2; i++)
		if (cek->sig_usage[i] == CF_SEV_USAGE_ASK &&
			ask->usage == CF_SEV_USAGE_ASK &&
			verify_slot_rsa(cek, i, ask->modulus, ask->exponent,
				ask->number_len))
			return COFFER_OK;
	return cf_fail(err, COFFER_ERR_MISMATCH,
		"SEV certificate: the %s has no good signature of this ASK",
		cf_sev_usage_name(cek->usage));
}
