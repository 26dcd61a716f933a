/* SPDX-License-Identifier: Apache-2.0 */
/* Digests and HMAC over libcrypto's EVP interface. */
#include "crypto/crypto.h"

#include "base/alloc.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>

struct cf_hash {
	EVP_MD_CTX *ctx;
};

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

static enum coffer_status failed(struct coffer_error *err, const char *what)
{
	return cf_fail(err, COFFER_ERR_NOMEM, "libcrypto: %s failed", what);
}

/* The one-shot functions of libcrypto do not allocate: page digests are the
 * hot path of every measurement. */
enum coffer_status cf_sha256(const void *p, size_t n,
	uint8_t out[CF_SHA256_LEN], struct coffer_error *err)
{
	if (!SHA256(p, n, out))
		return failed(err, "SHA-256");
	return COFFER_OK;
}

enum coffer_status cf_sha384(const void *p, size_t n,
	uint8_t out[CF_SHA384_LEN], struct coffer_error *err)
{
	if (!SHA384(p, n, out))
		return failed(err, "SHA-384");
	return COFFER_OK;
}

enum coffer_status cf_hash_create(
	enum cf_hash_alg alg, struct cf_hash **out, struct coffer_error *err)
{
	struct cf_hash *h = cf_alloc_array(1, sizeof(*h));

	if (!h)
		return cf_fail_nomem(err, "a digest");
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, evp_of(alg), NULL) != 1) {
		cf_hash_destroy(h);
		return failed(err, "digest initialisation");
	}
	*out = h;
	return COFFER_OK;
}

enum coffer_status cf_hash_update(
	struct cf_hash *h, const void *p, size_t n, struct coffer_error *err)
{
	if (n && EVP_DigestUpdate(h->ctx, p, n) != 1)
		return failed(err, "digest update");
	return COFFER_OK;
}

enum coffer_status cf_hash_peek(
	const struct cf_hash *h, uint8_t *out, struct coffer_error *err)
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	int ok = copy && EVP_MD_CTX_copy_ex(copy, h->ctx) == 1 &&
		EVP_DigestFinal_ex(copy, out, NULL) == 1;

	EVP_MD_CTX_free(copy);
	return ok ? COFFER_OK : failed(err, "digest");
}

enum coffer_status cf_hash_clone(
	const struct cf_hash *h, struct cf_hash **out, struct coffer_error *err)
{
	struct cf_hash *copy = cf_alloc_array(1, sizeof(*copy));

	if (!copy)
		return cf_fail_nomem(err, "a digest");
	copy->ctx = EVP_MD_CTX_new();
	if (!copy->ctx || EVP_MD_CTX_copy_ex(copy->ctx, h->ctx) != 1) {
		cf_hash_destroy(copy);
		return failed(err, "digest copy");
	}
	*out = copy;
	return COFFER_OK;
}

void cf_hash_destroy(struct cf_hash *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

enum coffer_status cf_hash_once(struct cf_hash *h, const void *p, size_t n,
	uint8_t *out, struct coffer_error *err)
{
	/* No digest named: the one that the context has already fetched. */
	if (EVP_DigestInit_ex(h->ctx, NULL, NULL) != 1 ||
		EVP_DigestUpdate(h->ctx, p, n) != 1 ||
		EVP_DigestFinal_ex(h->ctx, out, NULL) != 1)
		return failed(err, "digest");
	return COFFER_OK;
}

enum coffer_status cf_hmac_sha256(const void *key, size_t key_len,
	const struct cf_bytes *parts, size_t nparts, uint8_t out[CF_SHA256_LEN],
	struct coffer_error *err)
{
	enum coffer_status status = COFFER_OK;
	EVP_PKEY *mac_key = NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = CF_SHA256_LEN;
	int ok;

	mac_key =
		EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL, key, key_len);
	ok = ctx && mac_key &&
		EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, mac_key) == 1;
	for (size_t i = 0; ok && i < nparts; i++)
		if (parts[i].n)
			ok = EVP_DigestSignUpdate(
				     ctx, parts[i].p, parts[i].n) == 1;
	ok = ok && EVP_DigestSignFinal(ctx, out, &len) == 1;
	if (!ok)
		status = failed(err, "HMAC");
	EVP_PKEY_free(mac_key);
	EVP_MD_CTX_free(ctx);
	return status;
}
