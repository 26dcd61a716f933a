/* SPDX-License-Identifier: Apache-2.0 */
/* Batch digests against libcrypto's, block by block. */
#include "test.h"

#include "crypto/batch.h"
#include "crypto/crypto.h"

static struct coffer_error err;

static void fill(uint8_t *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		p[i] = (uint8_t)(seed >> 24);
	}
}

/* n blocks, of which every `unique`-th differs from all before. */
static void check(size_t n, size_t len, size_t unique)
{
	uint8_t *bytes = calloc(n ? n : 1, len), want[48];
	const uint8_t **block = calloc(n ? n : 1, sizeof(*block));
	uint8_t(*out)[48] = calloc(n ? n : 1, sizeof(*out));
	struct cf_batch *b;

	for (size_t i = 0; i < n; i++) {
		block[i] = bytes + i * len;
		if (i % unique == 0)
			fill(bytes + i * len, len, (uint32_t)i);
	}
	assert_ok(cf_batch_create(&b, &err));
	assert_ok(cf_batch_sha384(b, block, n, len, out, NULL, &err));
	cf_batch_destroy(b);
	for (size_t i = 0; i < n; i++) {
		assert_ok(cf_sha384(block[i], len, want, &err));
		if (memcmp(out[i], want, 48) != 0)
			fail_msg("block %zu of %zu, %zu bytes", i, n, len);
	}
	free(bytes);
	free(block);
	free(out);
}

static void test_batch_equals_single_digests(void **state)
{
	/* around the limits of lanes, chunks and threads */
	static const size_t counts[] = { 0, 1, 2, 15, 16, 17, 63, 64, 65, 255,
		256, 257, 1000, 1024, 1025, 3000 };

	for (size_t i = 0; i < CF_ARRAY_LEN(counts); i++) {
		check(counts[i], 4096, 1);
		check(counts[i], 4096, 7);
		check(counts[i], 112, 1);
		check(counts[i], 1, 1);
	}
}

/* Blocks that agree wherever samples are taken, and differ elsewhere. */
static void test_batch_does_not_trust_its_fingerprint(void **state)
{
	enum { N = 300 };
	uint8_t *bytes = calloc(N, 4096), out[N][48], want[48];
	const uint8_t *block[N];
	struct cf_batch *b;

	for (size_t i = 0; i < N; i++) {
		block[i] = bytes + i * 4096;
		cf_store_le16(bytes + i * 4096 + 100, (uint16_t)i);
	}
	assert_ok(cf_batch_create(&b, &err));
	assert_ok(cf_batch_sha384(b, block, N, 4096, out, NULL, &err));
	cf_batch_destroy(b);
	for (size_t i = 0; i < N; i++) {
		assert_ok(cf_sha384(block[i], 4096, want, &err));
		assert_memory_equal(out[i], want, 48);
	}
	free(bytes);
}

/*
 * A chain like that of launch digests: after every third block comes a step of
 * no block, and two more at the end.
 */
struct links {
	const uint8_t (*out)[48];
	size_t n, block, steps;
	uint8_t ld[48];
	bool asked; /* and not given yet */
};

static bool has_block(const struct links *l)
{
	return l->block < l->n && l->steps % 4 != 3;
}

static size_t write_link(const struct links *l, uint8_t *text)
{
	memcpy(text, l->ld, 48);
	memset(text + 48, 0, 64);
	if (has_block(l))
		memcpy(text + 48, l->out[l->block], 48);
	cf_store_le64(text + 104, l->steps);
	return l->steps % 5 ? 112 : CF_BATCH_TEXT - l->steps % 128;
}

static size_t count_links(size_t n)
{
	struct links l = { .n = n };

	for (; l.block < n; l.steps++)
		l.block += has_block(&l);
	return l.steps + 2;
}

static size_t next_link(void *opaque, size_t ready, uint8_t text[CF_BATCH_TEXT])
{
	struct links *l = opaque;

	assert_true(ready <= l->n);
	if (l->steps == count_links(l->n) ||
		(has_block(l) && l->block >= ready))
		return 0;
	l->asked = true;
	memset(text, 0, CF_BATCH_TEXT);
	return write_link(l, text);
}

static void take_link(void *opaque, const uint8_t digest[48])
{
	struct links *l = opaque;

	assert_true(l->asked);
	l->asked = false;
	memcpy(l->ld, digest, 48);
	l->block += has_block(l);
	l->steps++;
}

/* n blocks, of which every `unique`-th differs from all before, and a chain,
 * against a chain computed when all digests are known. */
static void check_chain(size_t n, size_t unique, enum cf_batch_use most)
{
	uint8_t *bytes = calloc(n + 1, 4096), text[CF_BATCH_TEXT];
	const uint8_t **block = calloc(n + 1, sizeof(*block));
	uint8_t(*out)[48] = calloc(n + 1, sizeof(*out));
	struct links have = { .out = out, .n = n }, want = have;
	const struct cf_batch_chain chain = {
		.next = next_link,
		.take = take_link,
		.opaque = &have,
	};
	struct cf_batch *b;

	for (size_t i = 0; i < n; i++) {
		block[i] = bytes + i * 4096;
		if (i % unique == 0)
			fill(bytes + i * 4096, 4096, (uint32_t)i);
	}
	assert_ok(cf_batch_create(&b, &err));
	cf_batch_limit(b, most);
	assert_ok(cf_batch_sha384(b, block, n, 4096, out, &chain, &err));
	cf_batch_destroy(b);
	for (; want.steps < count_links(n); want.steps++) {
		memset(text, 0, sizeof(text));
		assert_ok(cf_sha384(
			text, write_link(&want, text), want.ld, &err));
		want.block += has_block(&want);
	}
	if (have.steps != want.steps || memcmp(have.ld, want.ld, 48) != 0)
		fail_msg("%zu blocks, one in %zu new: %zu steps of %zu", n,
			unique, have.steps, want.steps);
	free(bytes);
	free(block);
	free(out);
}

static void test_batch_follows_a_chain(void **state)
{
	static const size_t counts[] = { 0, 1, 7, 8, 15, 16, 17, 63, 400, 512,
		513, 1023, 1024, 1025, 3000 };

	for (size_t i = 0; i < CF_ARRAY_LEN(counts); i++)
		for (size_t unique = 1; unique < 50; unique *= 7)
			for (enum cf_batch_use most = CF_BATCH_USE_ALL;
				most <= CF_BATCH_USE_LIBCRYPTO; most++)
				check_chain(counts[i], unique, most);
	assert_true(strlen(cf_batch_how(CF_BATCH_USE_ALL)) > 0);
}

/* Before any batch, after one, and when there were many. */
static void test_batch_hashes_short_texts(void **state)
{
	uint8_t text[112], have[48], want[48], out[64][48];
	static uint8_t bytes[64 * 4096];
	const uint8_t *block[64];
	struct cf_batch *b;

	for (size_t i = 0; i < CF_ARRAY_LEN(block); i++)
		block[i] = bytes + i * 4096;
	fill(bytes, sizeof(bytes), 3);
	for (int batch_first = 0; batch_first < 2; batch_first++) {
		assert_ok(cf_batch_create(&b, &err));
		if (batch_first)
			assert_ok(cf_batch_sha384(
				b, block, 64, 4096, out, NULL, &err));
		for (uint32_t i = 0; i < 2100; i++) {
			fill(text, sizeof(text), i);
			assert_ok(cf_batch_sha384_one(
				b, text, i % 113, have, &err));
			assert_ok(cf_sha384(text, i % 113, want, &err));
			assert_memory_equal(have, want, 48);
		}
		cf_batch_destroy(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batch_equals_single_digests),
		cmocka_unit_test(test_batch_does_not_trust_its_fingerprint),
		cmocka_unit_test(test_batch_follows_a_chain),
		cmocka_unit_test(test_batch_hashes_short_texts),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
