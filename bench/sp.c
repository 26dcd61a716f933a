/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages per second of the software processor's launch updates against what
 * they cannot do without: the digest of the page and its encryption, both by
 * libcrypto alone.  The digest is compared before anything is timed.
 *
 * usage: bench_sp MIB (even)
 */
#include "base/base.h"
#include "sp/soft/soft.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <time.h>

#define ROUNDS 5

static struct coffer_error err;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void check(enum coffer_status status)
{
	if (!status)
		return;
	fprintf(stderr, "bench_sp: %s\n", err.msg);
	exit(1);
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

struct reference {
	EVP_MD_CTX *md;
	EVP_CIPHER_CTX *aes;
	const EVP_MD *hash;
};

static void digest(struct reference *r, const void *p, size_t n, uint8_t *out)
{
	if (EVP_DigestInit_ex(r->md, r->hash, NULL) != 1 ||
		EVP_DigestUpdate(r->md, p, n) != 1 ||
		EVP_DigestFinal_ex(r->md, out, NULL) != 1)
		abort();
}

/* SNP's digest chain, and AES-128 over each page in place. */
static double reference_snp(
	struct reference *r, uint8_t *p, size_t n, uint8_t ld[48])
{
	double start = now();
	int len;

	memset(ld, 0, 48);
	for (size_t at = 0; at < n; at += CF_PAGE_SIZE) {
		uint8_t info[112] = { 0 };

		memcpy(info, ld, 48);
		digest(r, p + at, CF_PAGE_SIZE, info + 48);
		info[0x60] = 0x70;
		info[0x62] = 1;
		cf_store_le64(info + 0x68, at);
		digest(r, info, sizeof(info), ld);
		if (EVP_EncryptUpdate(
			    r->aes, p + at, &len, p + at, CF_PAGE_SIZE) != 1)
			abort();
	}
	return now() - start;
}

static double reference_sev(
	struct reference *r, uint8_t *p, size_t n, uint8_t out[32])
{
	double start = now();
	int len;

	digest(r, p, n, out);
	for (size_t at = 0; at < n; at += CF_PAGE_SIZE)
		if (EVP_EncryptUpdate(
			    r->aes, p + at, &len, p + at, CF_PAGE_SIZE) != 1)
			abort();
	return now() - start;
}

/* The same pages, 2 MiB at a time, through the door: what a host does that
 * backs its guest with large pages. */
static void update_large(struct cf_sp_soft *sp, struct cf_memory *mem, size_t n)
{
	struct cf_rmp_entry e = {
		.assigned = true, .immutable = true, .large = true, .asid = 1
	};
	uint8_t b[0x20] = { 0 };

	cf_store_le64(b, CF_SP_HOST_AREA + ((uint64_t)64 << 20));
	b[8] = 1 << 1 | 1; /* NORMAL, 2 MiB */
	for (; e.gpa < n; e.gpa += CF_RMP_LARGE) {
		cf_store_le64(b + 0x10, e.gpa);
		if (!cf_rmp_set(mem, e.gpa, &e) ||
			cf_sp_soft_call(sp, 0xA1, b, sizeof(b)))
			abort();
	}
}

/* One launch; the seconds of LAUNCH_UPDATE. */
static double launch(enum cf_platform platform, bool large, const uint8_t *p,
	size_t n, uint8_t *ld)
{
	const struct cf_sp_soft_config config = { .product = CF_SP_MILAN,
		.seed = (const uint8_t *)"bench",
		.seed_len = 5 };
	const struct cf_sp_launch l = { .platform = platform,
		.policy = platform == CF_PLATFORM_SEV_SNP ? 0x30000 : 0 };
	const struct cf_sp_update u = {
		.len = n, .data = p, .type = CF_PAGE_NORMAL
	};
	struct cf_memory *mem;
	struct cf_sp_soft *sp;
	struct cf_sp_guest *g;
	double spent;
	size_t len;

	check(cf_memory_create(&mem, &err));
	check(cf_memory_add(mem, 0, n, CF_REGION_RAM, "ram", &err));
	check(cf_sp_soft_create(&config, &sp, &err));
	check(cf_sp_soft_guest_create(sp, mem, platform, 1, 1, &g, &err));
	check(g->ops->launch_start(g, &l, &err));
	check(cf_guest_write(mem, 0, p, n, &err));
	spent = now();
	if (large)
		update_large(sp, mem, n);
	else
		check(g->ops->launch_update(g, &u, &err));
	spent = now() - spent;
	check(g->ops->launch_digest(g, ld, &len, &err));
	cf_sp_guest_destroy(g);
	cf_sp_soft_destroy(sp);
	cf_memory_destroy(mem);
	return spent;
}

static int compare(
	const char *name, enum cf_platform platform, bool large, size_t n)
{
	const bool snp = platform == CF_PLATFORM_SEV_SNP;
	struct reference r = { .md = EVP_MD_CTX_new(),
		.aes = EVP_CIPHER_CTX_new(),
		.hash = snp ? EVP_sha384() : EVP_sha256() };
	uint8_t *p = cf_alloc_array(n, 1), *copy = cf_alloc_array(n, 1);
	uint8_t ld[CF_DIGEST_MAX], want[CF_DIGEST_MAX], key[16] = { 1 };
	double ours = 1e9, theirs = 1e9;
	int same = 0;

	if (!p || !copy || !r.md || !r.aes ||
		EVP_EncryptInit_ex(r.aes, EVP_aes_128_ecb(), NULL, key, NULL) !=
			1)
		abort();
	EVP_CIPHER_CTX_set_padding(r.aes, 0);
	fill(p, n);
	for (int i = 0; i < ROUNDS; i++) {
		double t = launch(platform, large, p, n, ld);

		ours = t < ours ? t : ours;
		memcpy(copy, p, n);
		t = snp ? reference_snp(&r, copy, n, want)
			: reference_sev(&r, copy, n, want);
		theirs = t < theirs ? t : theirs;
	}
	same = memcmp(ld, want, snp ? 48 : 32) == 0;
	if (same)
		printf("sp %s: %.0f pages/s, %.2f times the time of plain "
		       "%s and AES-128 (%.0f pages/s)\n",
			name, (double)(n / CF_PAGE_SIZE) / ours, ours / theirs,
			snp ? "SHA-384" : "SHA-256",
			(double)(n / CF_PAGE_SIZE) / theirs);
	else
		printf("sp %s: the digests differ\n", name);
	EVP_MD_CTX_free(r.md);
	EVP_CIPHER_CTX_free(r.aes);
	free(p);
	free(copy);
	return !same;
}

int main(int argc, char **argv)
{
	uint64_t mib = 64;

	if (argc > 1 && !cf_parse_u64(argv[1], 1024, &mib))
		return 2;
	if (!mib || mib % 2)
		return 2;
	return compare("SNP_LAUNCH_UPDATE", CF_PLATFORM_SEV_SNP, false,
		       (size_t)mib << 20) |
		compare("SNP_LAUNCH_UPDATE of 2 MiB", CF_PLATFORM_SEV_SNP, true,
			(size_t)mib << 20) |
		compare("LAUNCH_UPDATE_DATA", CF_PLATFORM_SEV, false,
			(size_t)mib << 20);
}
