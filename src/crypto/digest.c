/* SPDX-License-Identifier: Apache-2.0 */
/* Digests and HMAC over libcrypto. */
#define OPENSSL_SUPPRESS_DEPRECATED /* the block functions of SHA-2 */
#include "crypto/crypto.h"

#include "base/alloc.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>

/*
 * SHA-2 through libcrypto's block functions and plain contexts.  EVP would
 * fetch a provider first, which costs a short run more than the hashing, and
 * every small digest of a hash chain half as much again.
 */
struct cf_hash {
	enum cf_hash_alg alg;
	union {
		SHA256_CTX sha256;
		SHA512_CTX sha512; /* SHA-384 too */
	} u;
};

static int init(struct cf_hash *h)
{
	switch (h->alg) {
	case CF_HASH_SHA256:
		return SHA256_Init(&h->u.sha256);
	case CF_HASH_SHA384:
		return SHA384_Init(&h->u.sha512);
	case CF_HASH_SHA512:
		return SHA512_Init(&h->u.sha512);
	}
	return 0;
}

static int update(struct cf_hash *h, const void *p, size_t n)
{
	return h->alg == CF_HASH_SHA256 ? SHA256_Update(&h->u.sha256, p, n)
					: SHA512_Update(&h->u.sha512, p, n);
}

/* The length of the digest is in the context. */
static int final(struct cf_hash *h, uint8_t *out)
{
	return h->alg == CF_HASH_SHA256 ? SHA256_Final(out, &h->u.sha256)
					: SHA512_Final(out, &h->u.sha512);
}

static enum coffer_status failed(struct coffer_error *err, const char *what)
{
	return cf_fail(err, COFFER_ERR_NOMEM, "libcrypto: %s failed", what);
}

static enum coffer_status once(struct cf_hash *h, const void *p, size_t n,
	uint8_t *out, struct coffer_error *err)
{
	if (init(h) != 1 || update(h, p, n) != 1 || final(h, out) != 1)
		return failed(err, "digest");
	return COFFER_OK;
}

enum coffer_status cf_sha256(const void *p, size_t n,
	uint8_t out[CF_SHA256_LEN], struct coffer_error *err)
{
	struct cf_hash h = { .alg = CF_HASH_SHA256 };

	return once(&h, p, n, out, err);
}

enum coffer_status cf_sha384(const void *p, size_t n,
	uint8_t out[CF_SHA384_LEN], struct coffer_error *err)
{
	struct cf_hash h = { .alg = CF_HASH_SHA384 };

	return once(&h, p, n, out, err);
}

enum coffer_status cf_hash_create(
	enum cf_hash_alg alg, struct cf_hash **out, struct coffer_error *err)
{
	struct cf_hash *h = cf_alloc_array(1, sizeof(*h));

	if (!h)
		return cf_fail_nomem(err, "a digest");
	h->alg = alg;
	if (init(h) != 1) {
		free(h);
		return failed(err, "digest");
	}
	*out = h;
	return COFFER_OK;
}

enum coffer_status cf_hash_update(
	struct cf_hash *h, const void *p, size_t n, struct coffer_error *err)
{
	if (n && update(h, p, n) != 1)
		return failed(err, "digest");
	return COFFER_OK;
}

enum coffer_status cf_hash_peek(
	const struct cf_hash *h, uint8_t *out, struct coffer_error *err)
{
	struct cf_hash copy = *h;

	return final(&copy, out) == 1 ? COFFER_OK : failed(err, "digest");
}

enum coffer_status cf_hash_clone(
	const struct cf_hash *h, struct cf_hash **out, struct coffer_error *err)
{
	*out = cf_dup(h, sizeof(*h));
	return *out ? COFFER_OK : cf_fail_nomem(err, "a digest");
}

void cf_hash_destroy(struct cf_hash *h)
{
	free(h);
}

enum coffer_status cf_hash_once(struct cf_hash *h, const void *p, size_t n,
	uint8_t *out, struct coffer_error *err)
{
	return once(h, p, n, out, err);
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
