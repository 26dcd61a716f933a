/* SPDX-License-Identifier: Apache-2.0 */
/* Hashing of blocks side by side on one thread. */
#ifndef CF_CRYPTO_BATCH_PRIV_H
#define CF_CRYPTO_BATCH_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_lanes;

/* NULL where the library is absent, or its self test failed. */
struct cf_lanes *cf_lanes_create(void);
void cf_lanes_destroy(struct cf_lanes *l);
/* False: the library refused; out is then not to be used. */
bool cf_lanes_sha384(struct cf_lanes *l, const uint8_t *const *block, size_t n,
	size_t len, uint8_t (*out)[48]);
/* "AVX2" and so on. */
const char *cf_lanes_name(const struct cf_lanes *l);

#endif
