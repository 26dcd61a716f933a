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
	assert_ok(cf_batch_sha384(b, block, n, len, out, NULL, NULL, &err));
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
	assert_ok(cf_batch_sha384(b, block, N, 4096, out, NULL, NULL, &err));
	cf_batch_destroy(b);
	for (size_t i = 0; i < N; i++) {
		assert_ok(cf_sha384(block[i], 4096, want, &err));
		assert_memory_equal(out[i], want, 48);
	}
	free(bytes);
}

struct order {
	size_t next;
	size_t stop_at;
};

static enum coffer_status in_order(
	void *opaque, size_t first, size_t n, struct coffer_error *e)
{
	struct order *o = opaque;

	assert_int_equal(first, o->next);
	assert_true(n > 0);
	o->next += n;
	if (o->next >= o->stop_at)
		return cf_fail(e, COFFER_ERR_STATE, "enough");
	return COFFER_OK;
}

static void test_batch_hands_out_in_order_and_stops(void **state)
{
	enum { N = 2000 };
	uint8_t *bytes = calloc(N, 64), (*out)[48] = calloc(N, 48);
	const uint8_t *block[N];
	struct cf_batch *b;
	struct order o = { .stop_at = SIZE_MAX };

	fill(bytes, N * 64, 1);
	for (size_t i = 0; i < N; i++)
		block[i] = bytes + (i % 3 ? i : 0) * 64;
	assert_ok(cf_batch_create(&b, &err));
	assert_ok(cf_batch_sha384(b, block, N, 64, out, in_order, &o, &err));
	assert_int_equal(o.next, N);
	o = (struct order) { .stop_at = 100 };
	assert_status(COFFER_ERR_STATE,
		cf_batch_sha384(b, block, N, 64, out, in_order, &o, &err));
	assert_true(o.next < N);
	cf_batch_destroy(b);
	assert_true(strlen(cf_batch_how()) > 0);
	free(bytes);
	free(out);
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
				b, block, 64, 4096, out, NULL, NULL, &err));
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
		cmocka_unit_test(test_batch_hands_out_in_order_and_stops),
		cmocka_unit_test(test_batch_hashes_short_texts),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
