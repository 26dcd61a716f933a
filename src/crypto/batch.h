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

/* Hash with less than the processor has; before the first block.  So that
 * tests and benchmarks reach every way on any machine. */
enum cf_batch_use {
	CF_BATCH_USE_ALL,
	CF_BATCH_USE_AVX2,
	CF_BATCH_USE_SSE,
	CF_BATCH_USE_LIBCRYPTO, /* one by one */
};
void cf_batch_limit(struct cf_batch *b, enum cf_batch_use most);

/*
 * A hash chain that the digests enter in order.  Each step is the SHA-384 of a
 * short text that holds the step before, so steps cannot be computed side by
 * side, but beside blocks.  Both functions are called on the caller's thread.
 */
#define CF_BATCH_TEXT 239 /* two blocks of SHA-384 with their padding */
struct cf_batch_chain {
	/* Writes the text of the next step and returns its length.  0: it
	 * needs other digests than the first `ready`, or there is no step
	 * left.  Asked again before `take`, the same. */
	size_t (*next)(void *opaque, size_t ready, uint8_t text[CF_BATCH_TEXT]);
	/* The digest of that text. */
	void (*take)(void *opaque, const uint8_t digest[48]);
	void *opaque;
};

/*
 * SHA-384 of n blocks of len bytes each, out[i] of block[i], and of the chain
 * to its end; chain may be NULL.  COFFER_ERR_NOMEM; COFFER_ERR_ARGUMENT for
 * 2^32 blocks or more.
 */
enum coffer_status cf_batch_sha384(struct cf_batch *b,
	const uint8_t *const *block, size_t n, size_t len, uint8_t (*out)[48],
	const struct cf_batch_chain *chain,
	struct coffer_error *err) CF_MUST_CHECK;

/* SHA-384 of one short text with what there is: libcrypto is quicker at this,
 * but not so much that a short run would load it for that alone. */
enum coffer_status cf_batch_sha384_one(struct cf_batch *b, const void *p,
	size_t n, uint8_t out[48], struct coffer_error *err) CF_MUST_CHECK;

/* What hashes here, for people: "AVX2, 4 blocks at once"; never NULL. */
const char *cf_batch_how(enum cf_batch_use most);

#endif
