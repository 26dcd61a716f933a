/* SPDX-License-Identifier: Apache-2.0 */
/* What one thread does with a chunk of blocks, and with the chain beside it. */
#include "base/base.h"
#include "crypto/batch_priv.h"
#include "crypto/crypto.h"

#define MAX_ONES 2048 /* short texts that are not worth libcrypto */

static enum coffer_status hash_alone(struct cf_batch *b, const void *p,
	size_t n, uint8_t *out, struct coffer_error *err)
{
	enum coffer_status st = COFFER_OK;

	if (!b->hash)
		st = cf_hash_create(CF_HASH_SHA384, &b->hash, err);
	return st ? st : cf_hash_once(b->hash, p, n, out, err);
}

enum coffer_status cf_batch_sha384_one(struct cf_batch *b, const void *p,
	size_t n, uint8_t out[48], struct coffer_error *err)
{
	if (!b->lanes || b->hash || b->nones == MAX_ONES)
		return hash_alone(b, p, n, out, err);
	b->nones++;
	cf_lanes_sha384_one(b->lanes, p, n, out);
	return COFFER_OK;
}

size_t cf_batch_end_of(const struct cf_batch_work *w, size_t chunk)
{
	const size_t first = chunk * w->chunk;

	return w->n - first < w->chunk ? w->n : first + w->chunk;
}

void cf_batch_complete(struct cf_batch_work *w, size_t end)
{
	for (; w->ready < end; w->ready++)
		if (w->same[w->ready] != w->ready)
			memcpy(w->out[w->ready], w->out[w->same[w->ready]], 48);
}

bool cf_batch_rides(const struct cf_batch_work *w, const struct cf_batch *b)
{
	return w->chain && b->lanes && cf_lanes_carry_chains(b->lanes);
}

/* A chunk in the lanes: its blocks that were not seen before. */
struct lot {
	struct cf_batch_work *w;
	size_t n;
	const uint8_t *block[CF_BATCH_CHUNK];
	uint8_t *out[CF_BATCH_CHUNK];
	uint32_t index[CF_BATCH_CHUNK + 1]; /* then the end of the chunk */
	bool is_next; /* all blocks before it are complete */
};

static size_t next_beside(void *opaque, size_t ready, uint8_t *text)
{
	struct lot *lot = opaque;
	struct cf_batch_work *w = lot->w;

	if (lot->is_next)
		cf_batch_complete(w, lot->index[ready]);
	return w->chain->next(w->chain->opaque, w->ready, text);
}

static void take_beside(void *opaque, const uint8_t digest[48])
{
	const struct cf_batch_chain *chain = ((struct lot *)opaque)->w->chain;

	chain->take(chain->opaque, digest);
}

static void fill_lot(
	struct lot *lot, struct cf_batch_work *w, size_t first, size_t end)
{
	lot->w = w;
	lot->n = 0;
	cf_seen_find(&w->seen, first, end - first, w->same + first);
	for (size_t i = first; i < end; i++) {
		if (w->same[i] != i)
			continue;
		lot->block[lot->n] = w->block[i];
		lot->out[lot->n] = w->out[i];
		lot->index[lot->n++] = (uint32_t)i;
	}
	lot->index[lot->n] = (uint32_t)end;
}

enum coffer_status cf_batch_hash_chunk(struct cf_batch_work *w,
	struct cf_batch *b, size_t chunk, bool leads, struct coffer_error *err)
{
	struct lot lot;
	const struct cf_batch_chain beside = {
		.next = next_beside,
		.take = take_beside,
		.opaque = &lot,
	};
	enum coffer_status st = COFFER_OK;

	fill_lot(&lot, w, chunk * w->chunk, cf_batch_end_of(w, chunk));
	lot.is_next = leads && w->ready == chunk * w->chunk;
	if (b->lanes &&
		cf_lanes_sha384(b->lanes, lot.block, lot.n, w->len, lot.out,
			leads && cf_batch_rides(w, b) ? &beside : NULL))
		return COFFER_OK;
	for (size_t i = 0; !st && i < lot.n; i++)
		st = hash_alone(b, lot.block[i], w->len, lot.out[i], err);
	return st;
}

enum coffer_status cf_batch_follow(const struct cf_batch_work *w,
	struct cf_batch *b, size_t ready, struct coffer_error *err)
{
	enum coffer_status st = COFFER_OK;
	uint8_t text[CF_BATCH_TEXT], digest[48];
	size_t n;

	while (!st && w->chain &&
		(n = w->chain->next(w->chain->opaque, ready, text))) {
		st = cf_batch_sha384_one(b, text, n, digest, err);
		if (!st)
			w->chain->take(w->chain->opaque, digest);
	}
	return st;
}
