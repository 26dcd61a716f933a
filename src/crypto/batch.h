/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests of many equally long blocks at once.  Blocks are hashed side by
 * side where the processor and the library can, on two threads when there
 * are many, and equal blocks once.
 */
#ifndef CF_CRYPTO_BATCH_H
#define CF_CRYPTO_BATCH_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/*
 * SHA-384 of n blocks of len bytes each, out[i] of block[i].
 *
 * Returns COFFER_OK or COFFER_ERR_NOMEM.  The result does not depend on the
 * way it is computed.
 */
enum coffer_status cf_batch_sha384(const uint8_t *const *block, size_t n,
	size_t len, uint8_t (*out)[48], struct coffer_error *err) CF_MUST_CHECK;

#endif
