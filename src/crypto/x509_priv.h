/* SPDX-License-Identifier: Apache-2.0 */
/* What a certificate object holds; shared by the files x509*.c only. */
#ifndef CF_CRYPTO_X509_PRIV_H
#define CF_CRYPTO_X509_PRIV_H

#include "crypto/x509.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

struct cf_x509 {
	X509 *x;
	EVP_PKEY *key; /* NULL: a kind that libcrypto does not know */
};

struct cf_x509_crl {
	X509_CRL *x;
};

#endif
