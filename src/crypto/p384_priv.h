/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of this folder that hand signatures to libcrypto. */
#ifndef CF_CRYPTO_P384_PRIV_H
#define CF_CRYPTO_P384_PRIV_H

#include "crypto/crypto.h"

#include <openssl/evp.h>

/* DER of (r, s), to be freed with OPENSSL_free; 0 on no memory. */
int cf_p384_signature_der(const struct cf_p384_signature *sig, uint8_t **der);

/* An EVP key from a point and, when it is not NULL, the scalar; NULL when the
 * point is not on the curve. */
EVP_PKEY *cf_p384_make_key(
	const struct cf_p384_public *pub, const uint8_t *secret);

#endif
