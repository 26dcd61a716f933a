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

/* What the caller's thread hashes with, made when it is first needed. */
struct cf_batch;
enum coffer_status cf_batch_create(
	struct cf_batch **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_batch_destroy(struct cf_batch *b); /* NULL is fine */

/*
 * SHA-384 of n blocks of len bytes each, out[i] of block[i].  ready: called
 * when the digests of blocks [first, first + n) are there: in order, without
 * gaps, on the caller's thread, while later blocks are still being hashed.  A
 * status other than COFFER_OK ends the work.  ready may be NULL.
 * COFFER_ERR_NOMEM; COFFER_ERR_ARGUMENT for 2^32 blocks or more.
 */
typedef enum coffer_status cf_batch_ready_fn(
	void *opaque, size_t first, size_t n, struct coffer_error *err);
enum coffer_status cf_batch_sha384(struct cf_batch *b,
	const uint8_t *const *block, size_t n, size_t len, uint8_t (*out)[48],
	cf_batch_ready_fn *ready, void *opaque,
	struct coffer_error *err) CF_MUST_CHECK;

/* SHA-384 of one short text, for instance inside of ready, with what there is:
 * libcrypto is quicker at this, but not so much that a short run would load it
 * for that alone. */
enum coffer_status cf_batch_sha384_one(struct cf_batch *b, const void *p,
	size_t n, uint8_t out[48], struct coffer_error *err) CF_MUST_CHECK;

/* What hashes here, for people: "AVX2, 4 blocks at once"; never NULL. */
const char *cf_batch_how(void);

#endif
