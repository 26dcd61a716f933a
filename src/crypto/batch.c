/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests of many blocks: equal ones are found, the others cut into chunks
 * that threads take in order; the caller's thread hands out what is complete
 * and takes chunks itself while it waits.
 */
#include "crypto/batch.h"

#include "base/base.h"
#include "crypto/batch_priv.h"
#include "crypto/crypto.h"

#include <pthread.h>
#include <unistd.h>

#define CHUNK       64
#define MIN_LANES   16  /* fewer blocks are not worth a manager */
#define MIN_THREADS 256 /* nor a thread */
#define MAX_THREADS 16
#define SAMPLES     8

struct batch {
	size_t len;
	/* The blocks that differ, in order of first appearance. */
	const uint8_t **block;
	uint8_t (*digest)[48];
	size_t n;
	bool *chunk_done;
	size_t nchunks;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t next; /* chunk that nobody has taken */
	enum coffer_status status;
	struct coffer_error err;
};

/* What one thread hashes with. */
struct worker {
	struct cf_lanes *lanes; /* NULL: one by one */
	struct cf_hash *hash;
};

static enum coffer_status worker_init(
	struct worker *w, size_t n, struct coffer_error *err)
{
	w->lanes = n >= MIN_LANES ? cf_lanes_create() : NULL;
	return cf_hash_create(CF_HASH_SHA384, &w->hash, err);
}

static void worker_finish(struct worker *w)
{
	cf_lanes_destroy(w->lanes);
	cf_hash_destroy(w->hash);
}

static enum coffer_status hash_chunk(struct batch *b, struct worker *w,
	size_t chunk, struct coffer_error *err)
{
	const size_t first = chunk * CHUNK;
	const size_t n = b->n - first < CHUNK ? b->n - first : CHUNK;
	enum coffer_status st = COFFER_OK;

	if (w->lanes &&
		cf_lanes_sha384(w->lanes, b->block + first, n, b->len,
			b->digest + first))
		return COFFER_OK;
	for (size_t i = first; !st && i < first + n; i++)
		st = cf_hash_once(
			w->hash, b->block[i], b->len, b->digest[i], err);
	return st;
}

/* False: there is none left, or the work has failed. */
static bool take_chunk(struct batch *b, size_t *chunk)
{
	bool took;

	pthread_mutex_lock(&b->lock);
	took = !b->status && b->next < b->nchunks;
	if (took)
		*chunk = b->next++;
	pthread_mutex_unlock(&b->lock);
	return took;
}

static void give_chunk(struct batch *b, size_t chunk, enum coffer_status st,
	const struct coffer_error *err)
{
	pthread_mutex_lock(&b->lock);
	b->chunk_done[chunk] = true;
	if (st && !b->status) {
		b->status = st;
		b->err = *err;
	}
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
}

static void *work(void *opaque)
{
	struct batch *b = opaque;
	struct worker w = { 0 };
	struct coffer_error err;
	size_t chunk;

	/* A thread that cannot start leaves the chunks to the others. */
	if (worker_init(&w, b->n, &err) == COFFER_OK)
		while (take_chunk(b, &chunk))
			give_chunk(
				b, chunk, hash_chunk(b, &w, chunk, &err), &err);
	worker_finish(&w);
	return NULL;
}

/* The caller's thread: returns when chunk `want` is complete. */
static enum coffer_status wait_for(
	struct batch *b, struct worker *w, size_t want)
{
	for (;;) {
		struct coffer_error err;
		enum coffer_status st;
		size_t chunk;
		bool done;

		pthread_mutex_lock(&b->lock);
		done = b->chunk_done[want];
		st = b->status;
		while (!done && !st && b->next == b->nchunks) {
			pthread_cond_wait(&b->changed, &b->lock);
			done = b->chunk_done[want];
			st = b->status;
		}
		pthread_mutex_unlock(&b->lock);
		if (st || done)
			return st;
		if (take_chunk(b, &chunk))
			give_chunk(
				b, chunk, hash_chunk(b, w, chunk, &err), &err);
	}
}

/* A cheap number that equal blocks share. */
static uint64_t fingerprint(const uint8_t *block, size_t len)
{
	uint64_t f = 0;

	for (size_t i = 0; len >= 8 && i < SAMPLES; i++) {
		f = (f ^ cf_load_le64(block + i * ((len - 8) / SAMPLES))) *
			0x9e3779b97f4a7c15u;
		f ^= f >> 32;
	}
	return f;
}

/*
 * same[i]: which of b->block is block i.  A slot remembers the last block with
 * its fingerprint only, so that the work is linear whatever the contents.
 */
static bool find_equal(
	struct batch *b, const uint8_t *const *block, size_t n, size_t *same)
{
	size_t slots = 64, *slot;

	while (slots < 2 * n)
		slots *= 2;
	slot = cf_alloc_array(slots, sizeof(*slot)); /* index plus one */
	if (!slot)
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t *s = &slot[fingerprint(block[i], b->len) & (slots - 1)];

		if (*s &&
			(block[i] == b->block[*s - 1] ||
				memcmp(block[i], b->block[*s - 1], b->len) ==
					0)) {
			same[i] = *s - 1;
			continue;
		}
		b->block[b->n] = block[i];
		same[i] = b->n++;
		*s = b->n;
	}
	free(slot);
	return true;
}

/* Copy digests to their places as chunks become complete. */
static enum coffer_status hand_out(struct batch *b, struct worker *w,
	const size_t *same, size_t n, uint8_t (*out)[48],
	cf_batch_ready_fn *ready, void *opaque, struct coffer_error *err)
{
	size_t at = 0;

	for (size_t chunk = 0; chunk < b->nchunks; chunk++) {
		enum coffer_status st = wait_for(b, w, chunk);
		const size_t first = at;

		if (st) {
			if (err)
				*err = b->err;
			return st;
		}
		for (; at < n && same[at] < (chunk + 1) * CHUNK; at++)
			memcpy(out[at], b->digest[same[at]], 48);
		if (ready && at > first)
			st = ready(opaque, first, at - first, err);
		if (st)
			return st;
	}
	return COFFER_OK;
}

static size_t count_threads(const struct batch *b)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t want = processors > 1 ? (size_t)processors - 1 : 0;

	if (b->n < MIN_THREADS)
		return 0;
	return want < MAX_THREADS ? want : MAX_THREADS;
}

static enum coffer_status run(struct batch *b, const size_t *same, size_t n,
	uint8_t (*out)[48], cf_batch_ready_fn *ready, void *opaque,
	struct coffer_error *err)
{
	pthread_t thread[MAX_THREADS];
	size_t nthreads = 0, want = count_threads(b);
	struct worker w = { 0 };
	enum coffer_status st = worker_init(&w, b->n, err);

	while (!st && nthreads < want &&
		pthread_create(&thread[nthreads], NULL, work, b) == 0)
		nthreads++;
	if (!st)
		st = hand_out(b, &w, same, n, out, ready, opaque, err);
	pthread_mutex_lock(&b->lock);
	b->next = b->nchunks; /* nothing more to take, whatever happened */
	pthread_mutex_unlock(&b->lock);
	for (size_t i = 0; i < nthreads; i++)
		pthread_join(thread[i], NULL);
	worker_finish(&w);
	return st;
}

enum coffer_status cf_batch_sha384_each(const uint8_t *const *block, size_t n,
	size_t len, uint8_t (*out)[48], cf_batch_ready_fn *ready, void *opaque,
	struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) size_t *same = NULL;
	struct batch b = { .len = len };
	enum coffer_status st = COFFER_OK;

	if (n == 0)
		return COFFER_OK;
	pthread_mutex_init(&b.lock, NULL);
	pthread_cond_init(&b.changed, NULL);
	same = cf_alloc_array(n, sizeof(*same));
	b.block = cf_alloc_array(n, sizeof(*b.block));
	if (!same || !b.block || !find_equal(&b, block, n, same))
		st = cf_fail_nomem(err, "digests");
	b.nchunks = (b.n + CHUNK - 1) / CHUNK;
	b.digest = st ? NULL : cf_alloc_array(b.n, sizeof(*b.digest));
	b.chunk_done = st ? NULL : cf_alloc_array(b.nchunks, sizeof(bool));
	if (!st && (!b.digest || !b.chunk_done))
		st = cf_fail_nomem(err, "digests");
	if (!st)
		st = run(&b, same, n, out, ready, opaque, err);
	free(b.block);
	free(b.digest);
	free(b.chunk_done);
	pthread_cond_destroy(&b.changed);
	pthread_mutex_destroy(&b.lock);
	return st;
}

enum coffer_status cf_batch_sha384(const uint8_t *const *block, size_t n,
	size_t len, uint8_t (*out)[48], struct coffer_error *err)
{
	return cf_batch_sha384_each(block, n, len, out, NULL, NULL, err);
}

const char *cf_batch_how(void)
{
	struct cf_lanes *l = cf_lanes_create();
	const char *name = l ? cf_lanes_name(l) : "libcrypto, one by one";

	cf_lanes_destroy(l);
	return name;
}
