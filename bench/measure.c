/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The launch digest of a large image against libcrypto's SHA-384 in one
 * stream over the same bytes, which no tool that hashes page by page can beat.
 * The digest is compared with a chain computed by libcrypto alone before
 * anything is timed.
 *
 * usage: bench_measure MIB
 */
#include "base/base.h"
#include "crypto/batch.h"
#include "sp/sp.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <time.h>

#define ROUNDS 5

static double clock_of(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The best of several rounds: time on the wall, and of all processors. */
struct best {
	double wall, cpu;
	double wall_start, cpu_start;
};

static void begin(struct best *b)
{
	b->wall_start = clock_of(CLOCK_MONOTONIC);
	b->cpu_start = clock_of(CLOCK_PROCESS_CPUTIME_ID);
}

static void end(struct best *b)
{
	double wall = clock_of(CLOCK_MONOTONIC) - b->wall_start;
	double cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID) - b->cpu_start;

	b->wall = wall < b->wall ? wall : b->wall;
	b->cpu = cpu < b->cpu ? cpu : b->cpu;
}

static void fill(uint8_t *p, size_t n)
{
	uint64_t x = 88172645463325252u;

	for (size_t i = 0; i + 8 <= n; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		cf_store_le64(p + i, x);
	}
}

static void sha384(EVP_MD_CTX *c, const void *p, size_t n, uint8_t out[48])
{
	if (EVP_DigestInit_ex(c, EVP_sha384(), NULL) != 1 ||
		EVP_DigestUpdate(c, p, n) != 1 ||
		EVP_DigestFinal_ex(c, out, NULL) != 1)
		abort();
}

/* PAGE_INFO of SNP_LAUNCH_UPDATE, written out once more. */
static void reference(EVP_MD_CTX *c, const uint8_t *p, size_t n, uint8_t ld[48])
{
	memset(ld, 0, 48);
	for (size_t at = 0; at < n; at += 4096) {
		uint8_t info[112] = { 0 };

		memcpy(info, ld, 48);
		sha384(c, p + at, 4096, info + 48);
		info[0x60] = 0x70;
		info[0x62] = 1;
		cf_store_le64(info + 0x68, at);
		sha384(c, info, sizeof(info), ld);
	}
}

static bool measure(const uint8_t *p, size_t n, uint8_t out[CF_DIGEST_MAX])
{
	struct cf_step step = {
		.kind = CF_STEP_RANGE,
		.len = n,
		.data = p,
		.type = CF_PAGE_NORMAL,
	};
	const struct cf_plan plan = {
		.platform = CF_PLATFORM_SEV_SNP,
		.step = &step,
		.nsteps = 1,
	};
	struct coffer_error err;
	size_t len;

	if (cf_launch_digest(&plan, NULL, out, &len, &err) == COFFER_OK)
		return true;
	fprintf(stderr, "bench_measure: %s\n", err.msg);
	return false;
}

static int compare(EVP_MD_CTX *c, const char *name, const uint8_t *p, size_t n)
{
	uint8_t want[48], have[CF_DIGEST_MAX];
	struct best stream = { .wall = 1e9, .cpu = 1e9 }, ours = stream;

	reference(c, p, n, want);
	if (!measure(p, n, have) || memcmp(want, have, 48) != 0) {
		fprintf(stderr, "bench_measure: %s: wrong digest\n", name);
		return 1;
	}
	for (int i = 0; i < ROUNDS; i++) {
		begin(&stream);
		sha384(c, p, n, want);
		end(&stream);
		begin(&ours);
		if (!measure(p, n, have))
			return 1;
		end(&ours);
	}
	printf("measure %zu MiB, %s: %.2f times one SHA-384 stream "
	       "(%.3f s against %.3f s); by processor time %.2f times\n",
		n >> 20, name, stream.wall / ours.wall, ours.wall, stream.wall,
		stream.cpu / ours.cpu);
	return 0;
}

int main(int argc, char **argv)
{
	const size_t n = strtoul(argc > 1 ? argv[1] : "512", NULL, 10) << 20;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t *p = cf_alloc_array(n, 1);
	int failed;

	if (!c || !p)
		return 1;
	printf("hashing here: %s\n", cf_batch_how());
	fill(p, n);
	failed = compare(c, "all pages different", p, n);
	/* A disk image or initrd with free space, as guests have them. */
	for (size_t at = 0; at < n; at += 8 * 4096)
		memset(p + at, 0, 4 * 4096);
	failed |= compare(c, "half of the pages zero", p, n);
	free(p);
	EVP_MD_CTX_free(c);
	return failed;
}
