/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the machine gives: intel-ipsec-mb's SHA-384 of pages side by side on
 * one processor, for each instruction set that it has here, against libcrypto's
 * one stream over the same bytes; and what no scheduling of the two on this
 * machine's processors can beat, given that each page adds a step of 112 bytes
 * to a chain: two of its 128-byte blocks, in a lane or in libcrypto, whichever
 * is cheaper.
 */
#include <intel-ipsec-mb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* <openssl/sha.h> has names that the other header has too. */
unsigned char *SHA384(const unsigned char *d, size_t n, unsigned char *md);

#define PAGE   4096
#define PAGES  4096 /* 16 MiB at a time, cold */
#define ROUNDS 24

static uint8_t digest[PAGES][48];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void hash_pages(IMB_MGR *m, const uint8_t *p)
{
	for (size_t i = 0; i < PAGES; i++) {
		IMB_JOB *job = IMB_GET_NEXT_JOB(m);

		memset(job, 0, sizeof(*job));
		job->cipher_mode = IMB_CIPHER_NULL;
		job->cipher_direction = IMB_DIR_ENCRYPT;
		job->chain_order = IMB_ORDER_HASH_CIPHER;
		job->hash_alg = IMB_AUTH_SHA_384;
		job->src = p + i * PAGE;
		job->msg_len_to_hash_in_bytes = PAGE;
		job->auth_tag_output = digest[i];
		job->auth_tag_output_len_in_bytes = 48;
		job = IMB_SUBMIT_JOB_NOCHECK(m);
		while (job)
			job = IMB_GET_COMPLETED_JOB(m);
	}
	while (IMB_FLUSH_JOB(m))
		;
}

/* Nanoseconds of processor time for each page, the best of several. */
static double lanes_ns(IMB_MGR *m, const uint8_t *p)
{
	double best = 1;

	for (size_t i = 0; i < ROUNDS; i++) {
		double start = now(), spent;

		hash_pages(m, p + i * PAGES * PAGE);
		spent = now() - start;
		best = spent < best ? spent : best;
	}
	return best / PAGES * 1e9;
}

static double stream_ns(const uint8_t *p)
{
	uint8_t out[48];
	double best = 1;

	for (size_t i = 0; i < ROUNDS; i++) {
		double start = now(), spent;

		SHA384(p + i * PAGES * PAGE, PAGES * PAGE, out);
		spent = now() - start;
		best = spent < best ? spent : best;
	}
	return best / PAGES * 1e9;
}

int main(void)
{
	static const struct {
		const char *name;
		uint64_t needs;
		void (*init)(IMB_MGR *m);
	} sets[] = {
		{ "AVX-512", IMB_CPUFLAGS_AVX512, init_mb_mgr_avx512 },
		{ "AVX2", IMB_CPUFLAGS_AVX2, init_mb_mgr_avx2 },
		{ "SSE", IMB_CPUFLAGS_SSE, init_mb_mgr_sse },
	};
	const size_t len = (size_t)ROUNDS * PAGES * PAGE;
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t *p = malloc(len);
	double stream;

	if (!p)
		return 1;
	for (size_t i = 0; i < len / 8; i++)
		p[i] = i * 0x9e3779b97f4a7c15u;
	stream = stream_ns((const uint8_t *)p);
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		IMB_MGR *m = alloc_mb_mgr(0);
		double ns, alone, beside;

		if (!m)
			return 1;
		if ((m->features & sets[i].needs) == sets[i].needs) {
			sets[i].init(m);
			ns = lanes_ns(m, (const uint8_t *)p);
			alone = stream * 2 / (PAGE / 128.0);
			beside = ns * 2 / (PAGE / 128.0 + 1);
			printf("lanes %s: %.2f times one stream on one "
			       "processor (%.0f ns a page against %.0f); with "
			       "the chain on %ld at most %.1f\n",
				sets[i].name, stream / ns, ns, stream, cpus,
				stream * (double)cpus /
					(ns +
						(alone < beside ? alone
								: beside)));
		}
		free_mb_mgr(m);
	}
	free(p);
	return 0;
}
