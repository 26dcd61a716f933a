/* SPDX-License-Identifier: Apache-2.0 */
/* A key of the guest's own, and the secret that is sealed for it. */
#include "attest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

struct opener {
	EVP_PKEY *key;
	uint8_t public_key[KEY_LEN];
};

struct opener *opener_create(uint8_t public_key[KEY_LEN])
{
	struct opener *o = calloc(1, sizeof(*o));
	size_t len = KEY_LEN;

	if (!o)
		fail("out of memory");
	o->key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	if (!o->key ||
		!EVP_PKEY_get_raw_public_key(o->key, o->public_key, &len) ||
		len != KEY_LEN)
		fail("cannot make a key");
	memcpy(public_key, o->public_key, KEY_LEN);
	return o;
}

void sha256(const uint8_t *p, size_t n, uint8_t out[32])
{
	if (!EVP_Digest(p, n, out, NULL, EVP_sha256(), NULL))
		fail("SHA-256");
}

void report_data(const uint8_t nonce[NONCE_LEN],
	const uint8_t public_key[KEY_LEN], uint8_t out[64])
{
	uint8_t text[sizeof(LABEL_REPORT) - 1 + NONCE_LEN + KEY_LEN];
	uint8_t *at = text;

	memcpy(at, LABEL_REPORT, sizeof(LABEL_REPORT) - 1);
	at += sizeof(LABEL_REPORT) - 1;
	memcpy(at, nonce, NONCE_LEN);
	memcpy(at + NONCE_LEN, public_key, KEY_LEN);
	if (!EVP_Digest(text, sizeof(text), out, NULL, EVP_sha512(), NULL))
		fail("SHA-512");
}

static bool agree(struct opener *o, const uint8_t *sender, uint8_t *point)
{
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(
		EVP_PKEY_X25519, NULL, sender, KEY_LEN);
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(o->key, NULL);
	size_t len = KEY_LEN;
	bool ok = peer && c && EVP_PKEY_derive_init(c) > 0 &&
		EVP_PKEY_derive_set_peer(c, peer) > 0 &&
		EVP_PKEY_derive(c, point, &len) > 0 && len == KEY_LEN;

	EVP_PKEY_CTX_free(c);
	EVP_PKEY_free(peer);
	return ok;
}

static bool derive(const struct opener *o, const uint8_t *nonce,
	const uint8_t *sender, uint8_t *point, uint8_t *key)
{
	uint8_t info[sizeof(LABEL_SECRET) - 1 + 2 * KEY_LEN];
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *c = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(
			OSSL_KDF_PARAM_DIGEST, (char[]) { "SHA256" }, 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_KEY, point, KEY_LEN),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_SALT, (void *)nonce, NONCE_LEN),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_INFO, info, sizeof(info)),
		OSSL_PARAM_construct_end(),
	};
	bool ok;

	memcpy(info, LABEL_SECRET, sizeof(LABEL_SECRET) - 1);
	memcpy(info + sizeof(info) - 2 * KEY_LEN, sender, KEY_LEN);
	memcpy(info + sizeof(info) - KEY_LEN, o->public_key, KEY_LEN);
	ok = c && EVP_KDF_derive(c, key, KEY_LEN, params) > 0;
	EVP_KDF_CTX_free(c);
	EVP_KDF_free(kdf);
	return ok;
}

static bool decrypt(const uint8_t *key, const uint8_t *iv, uint8_t *p, size_t n)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int some = 0;
	bool ok = c &&
		EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, iv) > 0 &&
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, p + n) >
			0 &&
		EVP_DecryptUpdate(c, p, &some, p, (int)n) > 0 &&
		EVP_DecryptFinal_ex(c, p + some, &some) > 0;

	EVP_CIPHER_CTX_free(c);
	return ok;
}

bool opener_open(struct opener *o, const uint8_t nonce[NONCE_LEN],
	const uint8_t sender[KEY_LEN], const uint8_t iv[IV_LEN],
	uint8_t *sealed, size_t *len)
{
	uint8_t point[KEY_LEN], key[KEY_LEN];

	if (*len < TAG_LEN || *len - TAG_LEN > MAX_SECRET)
		return false;
	*len -= TAG_LEN;
	return agree(o, sender, point) &&
		derive(o, nonce, sender, point, key) &&
		decrypt(key, iv, sealed, *len);
}
