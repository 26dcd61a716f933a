/* SPDX-License-Identifier: Apache-2.0 */
/* Hashing of blocks side by side on one thread, and finding equal ones. */
#ifndef CF_CRYPTO_BATCH_PRIV_H
#define CF_CRYPTO_BATCH_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_lanes;

/* NULL where the library is absent, or its self test failed. */
struct cf_lanes *cf_lanes_create(void);
void cf_lanes_destroy(struct cf_lanes *l);
/* out[i] of block[i].  False: the library refused; nothing is to be used. */
bool cf_lanes_sha384(struct cf_lanes *l, const uint8_t *const *block, size_t n,
	size_t len, uint8_t *const *out);
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

#endif
