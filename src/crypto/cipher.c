/* SPDX-License-Identifier: Apache-2.0 */
/* AES blocks, AES-CTR, AES-GCM and system randomness. */
#include "crypto/crypto.h"

#include "base/alloc.h"

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <sys/random.h>

static enum coffer_status failed(struct coffer_error *err, const char *what)
{
	return cf_fail(err, COFFER_ERR_NOMEM, "libcrypto: %s failed", what);
}

enum coffer_status cf_aes128_ctr(const uint8_t key[16], const uint8_t iv[16],
	const void *in, void *out, size_t n, struct coffer_error *err)
{
	EVP_CIPHER_CTX *ctx;
	int len = 0, ok;

	if (n > INT_MAX)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"AES-128-CTR: %zu bytes are too many", n);
	ctx = EVP_CIPHER_CTX_new();
	ok = ctx &&
		EVP_EncryptInit_ex(ctx, EVP_aes_128_ctr(), NULL, key, iv) ==
			1 &&
		EVP_EncryptUpdate(ctx, out, &len, in, (int)n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? COFFER_OK : failed(err, "AES-128-CTR");
}

/* The object is libcrypto's context under a name of ours. */
enum coffer_status cf_aes128_create(const uint8_t key[16], bool decrypt,
	struct cf_aes128 **out, struct coffer_error *err)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (!ctx ||
		EVP_CipherInit_ex(ctx, EVP_aes_128_ecb(), NULL, key, NULL,
			!decrypt) != 1 ||
		EVP_CIPHER_CTX_set_padding(ctx, 0) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		return failed(err, "AES-128");
	}
	*out = (struct cf_aes128 *)ctx;
	return COFFER_OK;
}

bool cf_aes128_blocks(
	struct cf_aes128 *a, const void *in, void *out, size_t nblocks)
{
	int len = 0;

	if (nblocks > INT_MAX / 16)
		return false;
	return EVP_CipherUpdate((EVP_CIPHER_CTX *)a, out, &len, in,
		       (int)(nblocks * 16)) == 1;
}

void cf_aes128_destroy(struct cf_aes128 *a)
{
	/* Asked first: a run without keys does not open libcrypto for this. */
	if (a)
		EVP_CIPHER_CTX_free((EVP_CIPHER_CTX *)a);
}

enum coffer_status cf_aes256_gcm_seal(const uint8_t key[32],
	const uint8_t iv[12], const void *aad, size_t aad_len, const void *in,
	size_t n, void *out, uint8_t tag[16], struct coffer_error *err)
{
	EVP_CIPHER_CTX *ctx;
	uint8_t none[16];
	int len = 0, ok;

	if (n > INT_MAX || aad_len > INT_MAX)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"AES-256-GCM: %zu bytes are too many", n);
	ctx = EVP_CIPHER_CTX_new();
	ok = ctx &&
		EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv) ==
			1 &&
		EVP_EncryptUpdate(ctx, NULL, &len, aad, (int)aad_len) == 1 &&
		EVP_EncryptUpdate(ctx, out, &len, in, (int)n) == 1 &&
		EVP_EncryptFinal_ex(ctx, none, &len) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? COFFER_OK : failed(err, "AES-256-GCM");
}

enum coffer_status cf_aes256_gcm_open(const uint8_t key[32],
	const uint8_t iv[12], const void *aad, size_t aad_len, const void *in,
	size_t n, void *out, const uint8_t tag[16], struct coffer_error *err)
{
	EVP_CIPHER_CTX *ctx;
	uint8_t want[16], none[16];
	int len = 0, ok, good;

	if (n > INT_MAX || aad_len > INT_MAX)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"AES-256-GCM: %zu bytes are too many", n);
	for (size_t i = 0; i < sizeof(want); i++)
		want[i] = tag[i];
	ctx = EVP_CIPHER_CTX_new();
	ok = ctx &&
		EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv) ==
			1 &&
		EVP_DecryptUpdate(ctx, NULL, &len, aad, (int)aad_len) == 1 &&
		EVP_DecryptUpdate(ctx, out, &len, in, (int)n) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, 16, want) == 1;
	good = ok && EVP_DecryptFinal_ex(ctx, none, &len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!good)
		cf_wipe(out, n);
	if (!ok)
		return failed(err, "AES-256-GCM");
	if (!good)
		return cf_fail(err, COFFER_ERR_MISMATCH,
			"AES-256-GCM: the tag does not match");
	return COFFER_OK;
}

enum coffer_status cf_random(void *out, size_t n, struct coffer_error *err)
{
	uint8_t *at = out;

	while (n) {
		ssize_t got = getrandom(at, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return cf_fail_errno(err, errno, "getrandom");
		at += got;
		n -= (size_t)got;
	}
	return COFFER_OK;
}
