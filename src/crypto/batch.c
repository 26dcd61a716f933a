/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests of many blocks, cut into chunks that threads take in order; the
 * caller's thread puts together what is complete, follows the chain, and takes
 * chunks itself while it waits.  Each thread looks for equal blocks in its own
 * chunks, just before it hashes the rest.
 *
 * The chain rides in a lane beside the blocks of the caller's thread, where it
 * costs half of what libcrypto takes; what it is behind by more than MAX_LAG
 * blocks is done with libcrypto, which has the digest of one text sooner.
 */
#include "crypto/batch.h"

#include "base/base.h"
#include "crypto/batch_priv.h"
#include "crypto/crypto.h"

#include <pthread.h>
#include <unistd.h>

#define CHUNK       128  /* for threads to take; without any, the longest */
#define MIN_LANES   16   /* fewer blocks are not worth a manager */
#define MIN_THREADS 1024 /* nor a thread */
#define MAX_THREADS 16
#define MAX_LAG     512

/* The work, and what the threads that do it share. */
struct team {
	struct cf_batch_work w;
	enum cf_batch_use most;
	bool *chunk_done;
	size_t nchunks;

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

void cf_batch_limit(struct cf_batch *b, enum cf_batch_use most)
{
	b->most = most;
}

static void want_lanes(struct cf_batch *b, size_t n)
{
	if (b->tried_lanes || n < MIN_LANES)
		return;
	b->lanes = cf_lanes_create(b->most);
	b->tried_lanes = true;
}

/* False: there is none left, or the work has failed. */
static bool take_chunk(struct team *t, size_t *chunk)
{
	bool took;

	pthread_mutex_lock(&t->lock);
	took = !t->status && t->next < t->nchunks;
	if (took)
		*chunk = t->next++;
	pthread_mutex_unlock(&t->lock);
	return took;
}

static void give_chunk(struct team *t, size_t chunk, enum coffer_status st,
	const struct coffer_error *err)
{
	pthread_mutex_lock(&t->lock);
	t->chunk_done[chunk] = true;
	if (st && !t->status) {
		t->status = st;
		t->err = *err;
	}
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

static void *help(void *opaque)
{
	struct team *t = opaque;
	struct cf_batch b = { .most = t->most };
	struct coffer_error err;
	size_t chunk;

	want_lanes(&b, t->w.n);
	while (take_chunk(t, &chunk))
		give_chunk(t, chunk,
			cf_batch_hash_chunk(&t->w, &b, chunk, false, &err),
			&err);
	finish(&b);
	return NULL;
}

/* The caller's thread: returns when chunk `want` is complete. */
static enum coffer_status wait_for(
	struct team *t, struct cf_batch *b, size_t want)
{
	for (;;) {
		struct coffer_error err;
		enum coffer_status st;
		size_t chunk;
		bool done;

		pthread_mutex_lock(&t->lock);
		done = t->chunk_done[want];
		st = t->status;
		while (!done && !st && t->next == t->nchunks) {
			pthread_cond_wait(&t->changed, &t->lock);
			done = t->chunk_done[want];
			st = t->status;
		}
		pthread_mutex_unlock(&t->lock);
		if (st || done)
			return st;
		if (take_chunk(t, &chunk)) {
			st = cf_batch_hash_chunk(&t->w, b, chunk, true, &err);
			give_chunk(t, chunk, st, &err);
		}
	}
}

/* Chunk after chunk, in order. */
static enum coffer_status hand_out(
	struct team *t, struct cf_batch *b, struct coffer_error *err)
{
	struct cf_batch_work *w = &t->w;
	const size_t lag = cf_batch_rides(w, b) ? MAX_LAG : 0;
	enum coffer_status st = COFFER_OK;

	for (size_t chunk = 0; !st && chunk < t->nchunks; chunk++) {
		st = wait_for(t, b, chunk);
		if (st) {
			if (err)
				*err = t->err;
			return st;
		}
		cf_batch_complete(w, cf_batch_end_of(w, chunk));
		if (w->ready > lag)
			st = cf_batch_follow(w, b, w->ready - lag, err);
	}
	return st ? st : cf_batch_follow(w, b, w->n, err);
}

static size_t count_threads(const struct team *t)
{
	long processors;
	size_t want;

	if (t->w.n < MIN_THREADS)
		return 0;
	processors = sysconf(_SC_NPROCESSORS_ONLN);
	want = processors > 1 ? (size_t)processors - 1 : 0;
	return want < MAX_THREADS ? want : MAX_THREADS;
}

static enum coffer_status run(
	struct team *t, struct cf_batch *b, struct coffer_error *err)
{
	pthread_t thread[MAX_THREADS];
	size_t nthreads = 0, want = count_threads(t);
	enum coffer_status st;

	while (nthreads < want &&
		pthread_create(&thread[nthreads], NULL, help, t) == 0)
		nthreads++;
	want_lanes(b, t->w.n);
	st = hand_out(t, b, err);
	pthread_mutex_lock(&t->lock);
	t->next = t->nchunks; /* nothing more to take, whatever happened */
	pthread_mutex_unlock(&t->lock);
	for (size_t i = 0; i < nthreads; i++)
		pthread_join(thread[i], NULL);
	return st;
}

enum coffer_status cf_batch_sha384(struct cf_batch *b,
	const uint8_t *const *block, size_t n, size_t len, uint8_t (*out)[48],
	const struct cf_batch_chain *chain, struct coffer_error *err)
{
	struct team t = {
		.most = b->most,
		.w = {
			.chain = chain,
			.block = block,
			.n = n,
			.len = len,
			.out = out,
			.chunk = n < MIN_THREADS ? CF_BATCH_CHUNK : CHUNK,
		},
	};
	enum coffer_status st = COFFER_OK;

	if (n >= UINT32_MAX)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"digests: %zu blocks are too many", n);
	t.nchunks = (n + t.w.chunk - 1) / t.w.chunk;
	t.w.same = cf_alloc_array(n, sizeof(*t.w.same));
	t.chunk_done = cf_alloc_array(t.nchunks, sizeof(bool));
	if (!cf_seen_init(&t.w.seen, block, n, len) || !t.w.same ||
		!t.chunk_done)
		st = cf_fail_nomem(err, "digests");
	pthread_mutex_init(&t.lock, NULL);
	pthread_cond_init(&t.changed, NULL);
	if (!st)
		st = run(&t, b, err);
	pthread_cond_destroy(&t.changed);
	pthread_mutex_destroy(&t.lock);
	cf_seen_finish(&t.w.seen);
	free(t.w.same);
	free(t.chunk_done);
	return st;
}

const char *cf_batch_how(enum cf_batch_use most)
{
	struct cf_lanes *l = cf_lanes_create(most);
	const char *name = l ? cf_lanes_name(l) : "libcrypto, one by one";

	cf_lanes_destroy(l);
	return name;
}
