/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests of many equally long blocks at once.  Blocks are hashed side by
 * side where the processor and the library can (intel-ipsec-mb, else one
 * after the other with libcrypto), on all processors when there are many, and
 * equal blocks once.  The result does not depend on the way.
 */
#ifndef CF_CRYPTO_BATCH_H
#define CF_CRYPTO_BATCH_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* SHA-384 of n blocks of len bytes each, out[i] of block[i].
 * COFFER_ERR_NOMEM. */
enum coffer_status cf_batch_sha384(const uint8_t *const *block, size_t n,
	size_t len, uint8_t (*out)[48], struct coffer_error *err) CF_MUST_CHECK;

/*
 * The same, with a call when the digests of blocks [first, first + n) are
 * there: in order, without gaps, on the caller's thread, while later blocks
 * are still being hashed.  A status other than COFFER_OK ends the work.
 */
typedef enum coffer_status cf_batch_ready_fn(
	void *opaque, size_t first, size_t n, struct coffer_error *err);
enum coffer_status cf_batch_sha384_each(const uint8_t *const *block, size_t n,
	size_t len, uint8_t (*out)[48], cf_batch_ready_fn *ready, void *opaque,
	struct coffer_error *err) CF_MUST_CHECK;

/* What hashes here, for people: "AVX2, 4 blocks at once"; never NULL. */
const char *cf_batch_how(void);

#endif
