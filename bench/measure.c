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
struct info {
	uint8_t (*hash)[48]; /* of all pages */
	size_t n, page;
	uint8_t ld[48];
};

static void write_info(const struct info *i, uint8_t text[112])
{
	memset(text, 0, 112);
	memcpy(text, i->ld, 48);
	memcpy(text + 48, i->hash[i->page], 48);
	text[0x60] = 0x70;
	text[0x62] = 1;
	cf_store_le64(text + 0x68, 4096 * i->page);
}

static size_t next_info(void *opaque, size_t ready, uint8_t text[CF_BATCH_TEXT])
{
	struct info *i = opaque;

	if (i->page >= ready)
		return 0;
	write_info(i, text);
	return 112;
}

static void take_info(void *opaque, const uint8_t digest[48])
{
	struct info *i = opaque;

	memcpy(i->ld, digest, 48);
	i->page++;
}

static void reference(EVP_MD_CTX *c, const uint8_t *p, struct info *i)
{
	uint8_t text[112];

	for (; i->page < i->n; i->page++) {
		sha384(c, p + 4096 * i->page, 4096, i->hash[i->page]);
		write_info(i, text);
		sha384(c, text, sizeof(text), i->ld);
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

/* What a launch digest is made with, confined to less than the processor has. */
static bool batch(const uint8_t *p, size_t n, enum cf_batch_use most,
	uint8_t out[CF_DIGEST_MAX])
{
	const uint8_t **block = cf_alloc_array(n / 4096, sizeof(*block));
	struct info i = { .hash = cf_alloc_array(n / 4096, 48) };
	const struct cf_batch_chain chain = {
		.next = next_info,
		.take = take_info,
		.opaque = &i,
	};
	struct coffer_error err;
	struct cf_batch *b;

	if (!block || !i.hash || cf_batch_create(&b, &err))
		abort();
	for (size_t at = 0; at < n; at += 4096)
		block[at / 4096] = p + at;
	cf_batch_limit(b, most);
	if (cf_batch_sha384(b, block, n / 4096, 4096, i.hash, &chain, &err))
		abort();
	memcpy(out, i.ld, 48);
	cf_batch_destroy(b);
	free(i.hash);
	free(block);
	return true;
}

static bool once(const uint8_t *p, size_t n, enum cf_batch_use most,
	uint8_t out[CF_DIGEST_MAX])
{
	return most == CF_BATCH_USE_ALL ? measure(p, n, out)
					: batch(p, n, most, out);
}

static int compare(EVP_MD_CTX *c, const char *name, const uint8_t *p, size_t n,
	enum cf_batch_use most)
{
	struct info want = {
		.hash = cf_alloc_array(n / 4096, 48),
		.n = n / 4096,
	};
	uint8_t have[CF_DIGEST_MAX];
	struct best stream = { .wall = 1e9, .cpu = 1e9 }, ours = stream;

	if (!want.hash)
		return 1;
	reference(c, p, &want);
	free(want.hash);
	if (!once(p, n, most, have) || memcmp(want.ld, have, 48) != 0) {
		fprintf(stderr, "bench_measure: %s: wrong digest\n", name);
		return 1;
	}
	for (int i = 0; i < ROUNDS; i++) {
		begin(&stream);
		sha384(c, p, n, have);
		end(&stream);
		begin(&ours);
		if (!once(p, n, most, have))
			return 1;
		end(&ours);
	}
	printf("measure %zu MiB, %s, %s: %.2f times one SHA-384 stream "
	       "(%.3f s against %.3f s); by processor time %.2f times\n",
		n >> 20, name, cf_batch_how(most), stream.wall / ours.wall,
		ours.wall, stream.wall, stream.cpu / ours.cpu);
	return 0;
}

static int compare_ways(
	EVP_MD_CTX *c, const char *name, const uint8_t *p, size_t n)
{
	int failed = compare(c, name, p, n, CF_BATCH_USE_ALL);

	if (strcmp(cf_batch_how(CF_BATCH_USE_ALL),
		    cf_batch_how(CF_BATCH_USE_AVX2)) != 0)
		failed |= compare(c, name, p, n, CF_BATCH_USE_AVX2);
	return failed;
}

int main(int argc, char **argv)
{
	const size_t n = strtoul(argc > 1 ? argv[1] : "512", NULL, 10) << 20;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t *p = cf_alloc_array(n, 1);
	int failed;

	if (!c || !p)
		return 1;
	fill(p, n);
	failed = compare_ways(c, "all pages different", p, n);
	/* A disk image or initrd with free space, as guests have them. */
	for (size_t at = 0; at < n; at += 8 * 4096)
		memset(p + at, 0, 4 * 4096);
	failed |= compare_ways(c, "half of the pages zero", p, n);
	free(p);
	EVP_MD_CTX_free(c);
	return failed;
}
