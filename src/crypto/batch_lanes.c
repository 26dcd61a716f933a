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
struct cf_lanes *cf_lanes_create(void)
{
	IMB_MGR *m = alloc_mb_mgr(0);

	if (!m)
		return NULL;
	init_mb_mgr_auto(m, NULL);
	if (imb_get_errno(m) == 0 && m->features & IMB_FEATURE_SELF_TEST_PASS)
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

bool cf_lanes_sha384(struct cf_lanes *l, const uint8_t *const *block, size_t n,
	size_t len, uint8_t *const *out)
{
	IMB_MGR *m = (IMB_MGR *)l;
	IMB_JOB *job;
	size_t done = 0;

	for (size_t i = 0; i < n; i++) {
		fill_job(IMB_GET_NEXT_JOB(m), block[i], len, out[i]);
		job = IMB_SUBMIT_JOB_NOCHECK(m); /* its fields are ours */
		for (; job; job = IMB_GET_COMPLETED_JOB(m))
			done += job->status == IMB_STATUS_COMPLETED;
	}
	while ((job = IMB_FLUSH_JOB(m)))
		done += job->status == IMB_STATUS_COMPLETED;
	return done == n;
}

/* One lane of eight takes less time than the function for one; of four, more. */
void cf_lanes_sha384_one(
	struct cf_lanes *l, const void *p, size_t n, uint8_t out[48])
{
	IMB_MGR *m = (IMB_MGR *)l;
	const uint8_t *block = p;

	if (m->used_arch != IMB_ARCH_AVX512 ||
		!cf_lanes_sha384(l, &block, 1, n, &out))
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

struct cf_lanes *cf_lanes_create(void)
{
	return NULL;
}

void cf_lanes_destroy(struct cf_lanes *l)
{
}

bool cf_lanes_sha384(struct cf_lanes *l, const uint8_t *const *block, size_t n,
	size_t len, uint8_t *const *out)
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
