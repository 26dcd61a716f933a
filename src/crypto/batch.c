/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests of many blocks, cut into chunks that threads take in order; the
 * caller's thread hands out what is complete and takes chunks itself while it
 * waits.  Each thread looks for equal blocks in its own chunks, just before it
 * hashes the rest.
 */
#include "crypto/batch.h"

#include "base/base.h"
#include "crypto/batch_priv.h"
#include "crypto/crypto.h"

#include <pthread.h>
#include <unistd.h>

#define CHUNK       64  /* for threads to take */
#define MAX_CHUNK   512 /* without any: the last lanes of each run half empty */
#define MIN_LANES   16  /* fewer blocks are not worth a manager */
#define MIN_THREADS 1024 /* nor a thread */
#define MAX_THREADS 16
#define MAX_ONES    2048 /* short texts that are not worth libcrypto */

/* What one thread hashes with. */
struct cf_batch {
	struct cf_lanes *lanes; /* NULL: one by one */
	bool tried_lanes;
	struct cf_hash *hash; /* NULL: not needed yet */
	size_t nones;
};

struct work {
	const uint8_t *const *block;
	size_t n, len;
	uint8_t (*out)[48];
	uint32_t *same; /* the first block that is equal, or itself */
	struct cf_seen seen;
	bool *chunk_done;
	size_t chunk, nchunks; /* blocks in one; how many */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t next; /* chunk that nobody has taken */
	enum coffer_status status;
	struct coffer_error err;
};

enum coffer_status cf_batch_create(
	struct cf_batch **out, struct coffer_error *err)
{
	*out = cf_alloc_array(1, sizeof(**out));
	return *out ? COFFER_OK : cf_fail_nomem(err, "digests");
}

static void finish(struct cf_batch *b)
{
	cf_lanes_destroy(b->lanes);
	cf_hash_destroy(b->hash);
}

void cf_batch_destroy(struct cf_batch *b)
{
	if (b)
		finish(b);
	free(b);
}

static void want_lanes(struct cf_batch *b, size_t n)
{
	if (b->tried_lanes || n < MIN_LANES)
		return;
	b->lanes = cf_lanes_create();
	b->tried_lanes = true;
}

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

static size_t end_of(const struct work *w, size_t chunk)
{
	const size_t first = chunk * w->chunk;

	return w->n - first < w->chunk ? w->n : first + w->chunk;
}

static enum coffer_status hash_chunk(struct work *w, struct cf_batch *b,
	size_t chunk, struct coffer_error *err)
{
	const size_t first = chunk * w->chunk, end = end_of(w, chunk);
	const uint8_t *block[MAX_CHUNK];
	uint8_t *out[MAX_CHUNK];
	enum coffer_status st = COFFER_OK;
	size_t n = 0;

	cf_seen_find(&w->seen, first, end - first, w->same + first);
	for (size_t i = first; i < end; i++) {
		if (w->same[i] != i)
			continue;
		block[n] = w->block[i];
		out[n++] = w->out[i];
	}
	if (b->lanes && cf_lanes_sha384(b->lanes, block, n, w->len, out))
		return COFFER_OK;
	for (size_t i = 0; !st && i < n; i++)
		st = hash_alone(b, block[i], w->len, out[i], err);
	return st;
}

/* False: there is none left, or the work has failed. */
static bool take_chunk(struct work *w, size_t *chunk)
{
	bool took;

	pthread_mutex_lock(&w->lock);
	took = !w->status && w->next < w->nchunks;
	if (took)
		*chunk = w->next++;
	pthread_mutex_unlock(&w->lock);
	return took;
}

static void give_chunk(struct work *w, size_t chunk, enum coffer_status st,
	const struct coffer_error *err)
{
	pthread_mutex_lock(&w->lock);
	w->chunk_done[chunk] = true;
	if (st && !w->status) {
		w->status = st;
		w->err = *err;
	}
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

static void *help(void *opaque)
{
	struct work *w = opaque;
	struct cf_batch b = { 0 };
	struct coffer_error err;
	size_t chunk;

	want_lanes(&b, w->n);
	while (take_chunk(w, &chunk))
		give_chunk(w, chunk, hash_chunk(w, &b, chunk, &err), &err);
	finish(&b);
	return NULL;
}

/* The caller's thread: returns when chunk `want` is complete. */
static enum coffer_status wait_for(
	struct work *w, struct cf_batch *b, size_t want)
{
	for (;;) {
		struct coffer_error err;
		enum coffer_status st;
		size_t chunk;
		bool done;

		pthread_mutex_lock(&w->lock);
		done = w->chunk_done[want];
		st = w->status;
		while (!done && !st && w->next == w->nchunks) {
			pthread_cond_wait(&w->changed, &w->lock);
			done = w->chunk_done[want];
			st = w->status;
		}
		pthread_mutex_unlock(&w->lock);
		if (st || done)
			return st;
		if (take_chunk(w, &chunk))
			give_chunk(
				w, chunk, hash_chunk(w, b, chunk, &err), &err);
	}
}

/* Chunk after chunk: fill in what is equal to earlier blocks, and tell. */
static enum coffer_status hand_out(struct work *w, struct cf_batch *b,
	cf_batch_ready_fn *ready, void *opaque, struct coffer_error *err)
{
	for (size_t chunk = 0; chunk < w->nchunks; chunk++) {
		const size_t first = chunk * w->chunk, end = end_of(w, chunk);
		enum coffer_status st = wait_for(w, b, chunk);

		if (st) {
			if (err)
				*err = w->err;
			return st;
		}
		for (size_t i = first; i < end; i++)
			if (w->same[i] != i)
				memcpy(w->out[i], w->out[w->same[i]], 48);
		if (ready)
			st = ready(opaque, first, end - first, err);
		if (st)
			return st;
	}
	return COFFER_OK;
}

static size_t count_threads(const struct work *w)
{
	long processors;
	size_t want;

	if (w->n < MIN_THREADS)
		return 0;
	processors = sysconf(_SC_NPROCESSORS_ONLN);
	want = processors > 1 ? (size_t)processors - 1 : 0;
	return want < MAX_THREADS ? want : MAX_THREADS;
}

static enum coffer_status run(struct work *w, struct cf_batch *b,
	cf_batch_ready_fn *ready, void *opaque, struct coffer_error *err)
{
	pthread_t thread[MAX_THREADS];
	size_t nthreads = 0, want = count_threads(w);
	enum coffer_status st;

	while (nthreads < want &&
		pthread_create(&thread[nthreads], NULL, help, w) == 0)
		nthreads++;
	want_lanes(b, w->n);
	st = hand_out(w, b, ready, opaque, err);
	pthread_mutex_lock(&w->lock);
	w->next = w->nchunks; /* nothing more to take, whatever happened */
	pthread_mutex_unlock(&w->lock);
	for (size_t i = 0; i < nthreads; i++)
		pthread_join(thread[i], NULL);
	return st;
}

enum coffer_status cf_batch_sha384(struct cf_batch *b,
	const uint8_t *const *block, size_t n, size_t len, uint8_t (*out)[48],
	cf_batch_ready_fn *ready, void *opaque, struct coffer_error *err)
{
	struct work w = { .block = block, .n = n, .len = len, .out = out };
	enum coffer_status st = COFFER_OK;

	if (n == 0)
		return COFFER_OK;
	if (n >= UINT32_MAX)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"digests: %zu blocks are too many", n);
	w.chunk = n < MIN_THREADS ? MAX_CHUNK : CHUNK;
	w.nchunks = (n + w.chunk - 1) / w.chunk;
	w.same = cf_alloc_array(n, sizeof(*w.same));
	w.chunk_done = cf_alloc_array(w.nchunks, sizeof(bool));
	if (!cf_seen_init(&w.seen, block, n, len) || !w.same || !w.chunk_done)
		st = cf_fail_nomem(err, "digests");
	pthread_mutex_init(&w.lock, NULL);
	pthread_cond_init(&w.changed, NULL);
	if (!st)
		st = run(&w, b, ready, opaque, err);
	pthread_cond_destroy(&w.changed);
	pthread_mutex_destroy(&w.lock);
	cf_seen_finish(&w.seen);
	free(w.same);
	free(w.chunk_done);
	return st;
}

const char *cf_batch_how(void)
{
	struct cf_lanes *l = cf_lanes_create();
	const char *name = l ? cf_lanes_name(l) : "libcrypto, one by one";

	cf_lanes_destroy(l);
	return name;
}
