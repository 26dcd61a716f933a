/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a large IGVM file, or parses and validates one and says how long that
 * took and how much memory it needed.
 *
 * usage: bench_igvm make FILE PAGES
 *        bench_igvm parse FILE
 */
#include "base/base.h"
#include "igvm/igvm.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Resident memory now.  The reader frees nothing before it returns, so the
 * growth over a parse is its peak. */
static long resident_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long total = 0, resident = 0;

	if (f && fscanf(f, "%ld %ld", &total, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return resident * 4;
}

static int fail(const char *what)
{
	fprintf(stderr, "bench_igvm: %s\n", what);
	return 1;
}

/* Headers of an SNP file with this many pages of data, each of its own. */
static void make_headers(struct cf_buf *b, uint32_t pages)
{
	uint32_t tlv = 24 + 24 + 32 * pages;
	uint32_t data = 24 + tlv;

	cf_buf_le32(b, CF_IGVM_MAGIC);
	cf_buf_le32(b, 1);
	cf_buf_le32(b, 24);
	cf_buf_le32(b, tlv);
	cf_buf_le32(b, data + pages * 4096);
	cf_buf_le32(b, 0);
	cf_buf_le32(b, CF_IGVM_SUPPORTED_PLATFORM);
	cf_buf_le32(b, 16);
	cf_buf_le32(b, 1);
	cf_buf_le32(b, CF_IGVM_SEV_SNP << 8 | 1u << 16);
	cf_buf_le64(b, 0);
	cf_buf_le32(b, CF_IGVM_GUEST_POLICY);
	cf_buf_le32(b, 16);
	cf_buf_le64(b, 0x30000);
	cf_buf_le64(b, 1);
	for (uint32_t i = 0; i < pages; i++) {
		cf_buf_le32(b, CF_IGVM_PAGE_DATA);
		cf_buf_le32(b, 24);
		cf_buf_le64(b, (uint64_t)i * 4096);
		cf_buf_le32(b, 1);
		cf_buf_le32(b, data + i * 4096);
		cf_buf_le64(b, 0);
	}
	if (!b->failed)
		cf_store_le32(
			b->data + 20, (uint32_t)crc32_z(0, b->data, 24 + tlv));
}

static int make(const char *path, const char *count)
{
	struct cf_buf head = { 0 };
	uint64_t pages, page[512];
	FILE *f;

	if (!cf_parse_u64(count, 1u << 19, &pages))
		return fail("PAGES: at most 524288");
	make_headers(&head, (uint32_t)pages);
	f = fopen(path, "wb");
	if (!f || head.failed)
		return fail("cannot make the file");
	fwrite(head.data, 1, head.len, f);
	for (uint64_t i = 0; i < pages; i++) {
		for (size_t k = 0; k < 512; k++)
			page[k] = (i << 16 | k) * UINT64_C(0x9E3779B97F4A7C15);
		fwrite(page, 1, sizeof(page), f);
	}
	cf_buf_finish(&head);
	return fclose(f) ? fail("cannot write the file") : 0;
}

static int parse(const char *path)
{
	struct cf_mapping m;
	struct coffer_error err;
	struct cf_igvm *file = NULL;
	double start, spent;
	long before;

	if (cf_map_file(path, &m, &err))
		return fail(err.msg);
	before = resident_kib();
	start = now_ms();
	if (cf_igvm_parse(m.data, m.len, &file, &err))
		return fail(err.msg);
	spent = now_ms() - start;
	printf("%.2f ms, %ld KiB, %zu headers\n", spent,
		resident_kib() - before,
		cf_igvm_count(file, CF_IGVM_DIRECTIVES));
	cf_igvm_destroy(file);
	cf_unmap_file(&m);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "make") == 0)
		return make(argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "parse") == 0)
		return parse(argv[2]);
	return fail("make FILE PAGES | parse FILE");
}
