/* SPDX-License-Identifier: Apache-2.0 */
/* Finding equal blocks. */
#include "base/base.h"
#include "crypto/batch_priv.h"

#include <stdatomic.h>

#define LINE    64 /* of the cache */
#define SAMPLES 4  /* words of one */
#define AHEAD   16 /* blocks looked at together */
#define BEGIN   3  /* lines of each that are asked for */

bool cf_seen_init(
	struct cf_seen *s, const uint8_t *const *block, size_t n, size_t len)
{
	*s = (struct cf_seen) { .block = block, .len = len, .nslots = 64 };
	while (s->nslots < 2 * n)
		s->nslots *= 2;
	s->slot = cf_alloc_array(s->nslots, sizeof(*s->slot));
	return s->slot != NULL;
}

void cf_seen_finish(struct cf_seen *s)
{
	free((void *)s->slot);
}

static uint64_t mix(uint64_t f, const uint8_t *line, size_t left)
{
	for (size_t i = 0; i < SAMPLES && i * 16 + 8 <= left; i++) {
		f = (f ^ cf_load_le64(line + i * 16)) * 0x9e3779b97f4a7c15u;
		f ^= f >> 32;
	}
	return f;
}

/* A cheap number that equal blocks share: from two cache lines, because each
 * one costs a wait for memory. */
static uint64_t fingerprint(const uint8_t *block, size_t len)
{
	const size_t middle = len / 2 / LINE * LINE;

	return mix(mix(0, block, len), block + middle, len - middle);
}

/*
 * What a slot holds may be of any thread, so only a block that comes before
 * this one counts: its digest is complete when this one is handed out.
 */
static uint32_t find(struct cf_seen *s, uint64_t f, uint32_t i)
{
	const uint8_t *block = s->block[i];
	_Atomic uint64_t *slot = &s->slot[f & (s->nslots - 1)];
	uint64_t seen = atomic_load_explicit(slot, memory_order_relaxed);
	uint32_t other = (uint32_t)seen;

	if (seen >> 32 == f >> 32 && other && other - 1 < i &&
		(s->block[other - 1] == block ||
			memcmp(s->block[other - 1], block, s->len) == 0))
		return other - 1;
	atomic_store_explicit(
		slot, (f >> 32 << 32) | (i + 1), memory_order_relaxed);
	return i;
}

/* Ask for what will be read soon: a wait for each block costs a tenth of all. */
static void prefetch(const uint8_t *block, size_t len)
{
	for (size_t at = 0; at < BEGIN * LINE && at < len; at += LINE)
		__builtin_prefetch(block + at);
	__builtin_prefetch(block + len / 2);
}

void cf_seen_find(struct cf_seen *s, size_t first, size_t n, uint32_t *same)
{
	uint64_t f[AHEAD];

	for (size_t done = 0, part; done < n; done += part) {
		const size_t at = first + done;

		part = n - done < AHEAD ? n - done : AHEAD;
		for (size_t i = 0; i < part; i++)
			prefetch(s->block[at + i], s->len);
		for (size_t i = 0; i < part; i++) {
			f[i] = fingerprint(s->block[at + i], s->len);
			__builtin_prefetch(
				(void *)&s->slot[f[i] & (s->nslots - 1)]);
		}
		for (size_t i = 0; i < part; i++)
			same[done + i] = find(s, f[i], (uint32_t)(at + i));
	}
}
