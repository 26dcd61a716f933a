/* SPDX-License-Identifier: Apache-2.0 */
/* Hashing of blocks side by side on one thread, finding equal ones, and what a
 * thread does with a chunk of them. */
#ifndef CF_CRYPTO_BATCH_PRIV_H
#define CF_CRYPTO_BATCH_PRIV_H

#include "crypto/batch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_lanes;

/* NULL where the library or the processor has no such thing, or the library's
 * self test failed. */
struct cf_lanes *cf_lanes_create(enum cf_batch_use most);
void cf_lanes_destroy(struct cf_lanes *l);
/* Lanes so many and quick that a chain should ride in one of them. */
bool cf_lanes_carry_chains(const struct cf_lanes *l);

/*
 * out[i] of block[i].  ride: steps of a chain that take one lane meanwhile;
 * next's `ready` counts the first blocks of this call whose digests are out.
 * NULL: none.  False: the library refused; no digest is to be used, and what
 * the chain was given last is not taken.
 */
bool cf_lanes_sha384(struct cf_lanes *l, const uint8_t *const *block, size_t n,
	size_t len, uint8_t *const *out, const struct cf_batch_chain *ride);
void cf_lanes_sha384_one(
	struct cf_lanes *l, const void *p, size_t n, uint8_t out[48]);
/* "AVX2" and so on. */
const char *cf_lanes_name(const struct cf_lanes *l);

/*
 * Which blocks were seen before: a slot remembers the last block with its
 * fingerprint only, so that the work is linear whatever the contents.  Threads
 * share it.
 */
struct cf_seen {
	const uint8_t *const *block;
	size_t len;
	/* Half a fingerprint, then the index of a block, plus one. */
	_Atomic uint64_t *slot;
	size_t nslots; /* a power of two */
};
/* n: how many blocks at most; false: no memory. */
bool cf_seen_init(
	struct cf_seen *s, const uint8_t *const *block, size_t n, size_t len);
void cf_seen_finish(struct cf_seen *s);
/* For each of n blocks from the first on: the index of an earlier block that is
 * equal, or its own. */
void cf_seen_find(struct cf_seen *s, size_t first, size_t n, uint32_t *same);

/* What one thread hashes with. */
struct cf_batch {
	enum cf_batch_use most;
	struct cf_lanes *lanes; /* NULL: one by one */
	bool tried_lanes;
	struct cf_hash *hash; /* NULL: not needed yet */
	size_t nones;
};

#define CF_BATCH_CHUNK 512 /* blocks at most */

struct cf_batch_work {
	/* Of the caller's thread alone: */
	const struct cf_batch_chain *chain; /* NULL: none */
	size_t ready; /* the first blocks whose digests are all there */

	const uint8_t *const *block;
	size_t n, len;
	uint8_t (*out)[48];
	uint32_t *same; /* the first block that is equal, or itself */
	struct cf_seen seen;
	size_t chunk; /* blocks in each but the last */
};

size_t cf_batch_end_of(const struct cf_batch_work *w, size_t chunk);

/* leads: this is the caller's thread, so the chain may ride along. */
enum coffer_status cf_batch_hash_chunk(struct cf_batch_work *w,
	struct cf_batch *b, size_t chunk, bool leads,
	struct coffer_error *err) CF_MUST_CHECK;

/* The caller's thread, when all chunks before `end` are hashed: fill in what is
 * equal to earlier blocks. */
void cf_batch_complete(struct cf_batch_work *w, size_t end);

bool cf_batch_rides(const struct cf_batch_work *w, const struct cf_batch *b);
/* The steps of the chain that need no more than the first `ready` digests. */
enum coffer_status cf_batch_follow(const struct cf_batch_work *w,
	struct cf_batch *b, size_t ready,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
