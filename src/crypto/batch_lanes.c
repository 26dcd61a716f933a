/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Side by side with intel-ipsec-mb.  Its burst call for hashes refuses plain
 * SHA in the version that Debian has, so each block is a job.
 */
#include "crypto/batch_priv.h"

#include "config.h"

#if HAVE_IPSEC_MB

#include <intel-ipsec-mb.h>
#include <string.h>

/* The manager is the object: it needs an alignment that its own allocator
 * knows. */
static bool has(const IMB_MGR *m, uint64_t features)
{
	return (m->features & features) == features;
}

static void init(IMB_MGR *m, enum cf_batch_use most)
{
	if (most == CF_BATCH_USE_ALL)
		init_mb_mgr_auto(m, NULL);
	else if (most == CF_BATCH_USE_AVX2 && has(m, IMB_CPUFLAGS_AVX2))
		init_mb_mgr_avx2(m);
	else if (has(m, IMB_CPUFLAGS_SSE))
		init_mb_mgr_sse(m);
}

struct cf_lanes *cf_lanes_create(enum cf_batch_use most)
{
	IMB_MGR *m;

	if (most == CF_BATCH_USE_LIBCRYPTO)
		return NULL;
	m = alloc_mb_mgr(0);
	if (!m)
		return NULL;
	init(m, most);
	if (imb_get_errno(m) == 0 && has(m, IMB_FEATURE_SELF_TEST_PASS))
		return (struct cf_lanes *)m;
	free_mb_mgr(m);
	return NULL;
}

void cf_lanes_destroy(struct cf_lanes *l)
{
	if (l)
		free_mb_mgr((IMB_MGR *)l);
}

static void fill_job(
	IMB_JOB *job, const uint8_t *block, size_t len, uint8_t *out)
{
	memset(job, 0, sizeof(*job));
	job->cipher_mode = IMB_CIPHER_NULL;
	job->cipher_direction = IMB_DIR_ENCRYPT;
	job->chain_order = IMB_ORDER_HASH_CIPHER;
	job->hash_alg = IMB_AUTH_SHA_384;
	job->src = block;
	job->msg_len_to_hash_in_bytes = len;
	job->auth_tag_output = out;
	job->auth_tag_output_len_in_bytes = 48;
}

/* One call: the manager gives jobs back in the order that they were given. */
struct run {
	IMB_MGR *m;
	size_t done; /* blocks */
	bool failed;
	const struct cf_batch_chain *ride;
	IMB_JOB *step; /* of the chain, in a lane; NULL: none is */
	uint8_t text[CF_BATCH_TEXT], digest[48];
};

static void end_step(struct run *r)
{
	r->step = NULL;
	r->ride->take(r->ride->opaque, r->digest);
}

/* What the manager gave back.  A step is often complete before its turn, and
 * was taken then. */
static void collect(struct run *r, IMB_JOB *job)
{
	for (; job; job = IMB_GET_COMPLETED_JOB(r->m)) {
		r->failed |= job->status != IMB_STATUS_COMPLETED;
		if (job->user_data != r)
			r->done++;
		else if (job == r->step && !r->failed)
			end_step(r);
	}
	if (r->step && r->step->status == IMB_STATUS_COMPLETED)
		end_step(r);
}

static void submit(struct run *r, const uint8_t *block, size_t len,
	uint8_t *out, void *owner)
{
	IMB_JOB *job = IMB_GET_NEXT_JOB(r->m);

	fill_job(job, block, len, out);
	job->user_data = owner;
	if (owner)
		r->step = job;
	collect(r, IMB_SUBMIT_JOB_NOCHECK(r->m)); /* its fields are ours */
}

static bool begin_step(struct run *r)
{
	size_t n = 0;

	if (r->ride && !r->step && !r->failed)
		n = r->ride->next(r->ride->opaque, r->done, r->text);
	if (n)
		submit(r, r->text, n, r->digest, r);
	return n != 0;
}

bool cf_lanes_sha384(struct cf_lanes *l, const uint8_t *const *block, size_t n,
	size_t len, uint8_t *const *out, const struct cf_batch_chain *ride)
{
	struct run r = { .m = (IMB_MGR *)l, .ride = ride };
	IMB_JOB *job;

	for (size_t i = 0; i < n;)
		if (!begin_step(&r)) {
			submit(&r, block[i], len, out[i], NULL);
			i++;
		}
	while ((job = IMB_FLUSH_JOB(r.m))) {
		collect(&r, job);
		if (r.done < n)
			begin_step(&r);
	}
	return r.done == n && !r.failed;
}

bool cf_lanes_carry_chains(const struct cf_lanes *l)
{
	return ((const IMB_MGR *)l)->used_arch == IMB_ARCH_AVX512;
}

/* One lane of eight takes less time than the function for one; of four, more. */
void cf_lanes_sha384_one(
	struct cf_lanes *l, const void *p, size_t n, uint8_t out[48])
{
	IMB_MGR *m = (IMB_MGR *)l;
	const uint8_t *block = p;

	if (!cf_lanes_carry_chains(l) ||
		!cf_lanes_sha384(l, &block, 1, n, &out, NULL))
		IMB_SHA384(m, p, n, out);
}

const char *cf_lanes_name(const struct cf_lanes *l)
{
	switch (((const IMB_MGR *)l)->used_arch) {
	case IMB_ARCH_AVX512:
		return "AVX-512, 8 blocks at once";
	case IMB_ARCH_AVX2:
		return "AVX2, 4 blocks at once";
	case IMB_ARCH_AVX:
		return "AVX, 2 blocks at once";
	default:
		return "SSE, 2 blocks at once";
	}
}

#else

struct cf_lanes *cf_lanes_create(enum cf_batch_use most)
{
	return NULL;
}

void cf_lanes_destroy(struct cf_lanes *l)
{
}

bool cf_lanes_sha384(struct cf_lanes *l, const uint8_t *const *block, size_t n,
	size_t len, uint8_t *const *out, const struct cf_batch_chain *ride)
{
	return false;
}

bool cf_lanes_carry_chains(const struct cf_lanes *l)
{
	return false;
}

/* Never called: there is no object. */
void cf_lanes_sha384_one(
	struct cf_lanes *l, const void *p, size_t n, uint8_t out[48])
{
}

const char *cf_lanes_name(const struct cf_lanes *l)
{
	return "";
}

#endif
