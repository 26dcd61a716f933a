/* SPDX-License-Identifier: Apache-2.0 */
/* Guest memory: ranges, and the two views of a page. */
#include "memory_fixture.h"

#include "crypto/crypto.h"

#include <pthread.h>

static const uint8_t other_vek[CF_VEK_LEN] = { 42 };

static void test_memory_lists_regions_in_address_order(void **state)
{
	struct cf_memory *mem = setup();
	struct cf_region r;

	assert_int_equal(cf_memory_nregions(mem), 3);
	cf_memory_region(mem, 0, &r);
	assert_int_equal(r.gpa, RAM);
	assert_string_equal(r.name, "ram");
	cf_memory_region(mem, 2, &r);
	assert_int_equal(r.gpa, TOP);
	assert_int_equal(r.kind, CF_REGION_ROM);
	cf_memory_destroy(mem);
}

struct seen_hide {
	unsigned changed;
	uint64_t gpa;
	int hidden;
};

static void see_changed(void *opaque, uint64_t gpa)
{
	((struct seen_hide *)opaque)->changed++;
}

static void see_hidden(void *opaque, uint64_t gpa, bool hidden)
{
	struct seen_hide *s = opaque;

	s->gpa = gpa;
	s->hidden = hidden;
}

static void test_memory_hides_flash_from_guests_alone(void **state)
{
	struct cf_memory *mem = setup();
	struct seen_hide seen = { .hidden = -1 };
	const struct cf_memory_sync sync = {
		.opaque = &seen, .changed = see_changed, .hidden = see_hidden
	};
	enum cf_region_kind kind;
	uint8_t v = 7;

	assert_ok(cf_memory_add(
		mem, TOP + 2 * PAGE, 3 * PAGE, CF_REGION_FLASH, "chip", &err));
	cf_memory_set_sync(mem, &sync);
	assert_true(cf_memory_is_flash(mem, TOP + 4 * PAGE + 5));
	assert_false(cf_memory_is_flash(mem, TOP));
	assert_false(cf_memory_is_flash(mem, 0));
	assert_non_null(cf_memory_page(mem, TOP + 2 * PAGE, 0, &kind));
	assert_int_equal(kind, CF_REGION_FLASH);
	assert_ok(cf_memory_hide(mem, TOP + 2 * PAGE, true, &err));
	assert_int_equal(seen.changed, 3); /* each page */
	assert_int_equal(seen.gpa, TOP + 2 * PAGE);
	assert_int_equal(seen.hidden, 1);
	assert_null(cf_memory_page(mem, TOP + 2 * PAGE, 0, NULL));
	assert_null(cf_memory_page(mem, TOP + 4 * PAGE, 1, NULL));
	assert_non_null(cf_memory_page(mem, TOP + PAGE, 0, NULL));
	/* The host still reaches it. */
	assert_true(cf_memory_covers(mem, TOP, 5 * PAGE));
	assert_ok(cf_guest_write(mem, TOP + 4 * PAGE, &v, 1, &err));
	assert_ok(cf_memory_hide(mem, TOP + 2 * PAGE, false, &err));
	assert_int_equal(seen.hidden, 0);
	assert_int_equal(*cf_memory_page(mem, TOP + 4 * PAGE, 0, NULL), 7);
	/* Only a chip as a whole. */
	assert_int_equal(
		cf_memory_hide(mem, TOP, true, &err), COFFER_ERR_ARGUMENT);
	assert_int_equal(cf_memory_hide(mem, TOP + 3 * PAGE, true, &err),
		COFFER_ERR_ARGUMENT);
	assert_int_equal(
		cf_memory_hide(mem, 0, true, &err), COFFER_ERR_ARGUMENT);
	cf_memory_destroy(mem);
}

static void test_memory_refuses_bad_regions(void **state)
{
	static const struct {
		uint64_t gpa, len;
		const char *message;
	} bad[] = {
		{ RAM + 8 * PAGE, PAGE, "overlaps ram" },
		{ RAM - PAGE, 2 * PAGE, "overlaps ram" },
		{ 0, UINT64_C(1) << 40, "overlaps ram" },
		{ RAM + 1, PAGE, "whole 4 KiB pages" },
		{ 0, PAGE + 1, "whole 4 KiB pages" },
		{ 0, 0, "whole 4 KiB pages" },
		{ UINT64_C(1) << 52, PAGE, "above 2^52" },
		{ (UINT64_C(1) << 52) - PAGE, 2 * PAGE, "above 2^52" },
		{ UINT64_MAX - PAGE + 1, PAGE, "above 2^52" },
	};
	struct cf_memory *mem = setup();

	for (size_t i = 0; i < CF_ARRAY_LEN(bad); i++) {
		assert_status(COFFER_ERR_ARGUMENT,
			cf_memory_add(mem, bad[i].gpa, bad[i].len,
				CF_REGION_RAM, "new", &err));
		assert_message(bad[i].message);
	}
	assert_int_equal(cf_memory_nregions(mem), 3);
	cf_memory_destroy(mem);
}

static void test_memory_takes_32_regions(void **state)
{
	struct cf_memory *mem;

	assert_ok(cf_memory_create(&mem, &err));
	for (uint64_t i = 0; i < 32; i++)
		assert_ok(cf_memory_add(
			mem, i * 2 * PAGE, PAGE, CF_REGION_RAM, "r", &err));
	assert_status(COFFER_ERR_UNSUPPORTED,
		cf_memory_add(mem, 1 << 30, PAGE, CF_REGION_RAM, "r", &err));
	cf_memory_destroy(mem);
}

static void test_memory_checks_every_edge_of_a_range(void **state)
{
	static const struct {
		uint64_t gpa;
		size_t len;
		bool inside;
	} range[] = {
		{ RAM, 16 * PAGE, true },
		{ RAM, 20 * PAGE, true }, /* across two regions */
		{ RAM, 20 * PAGE + 1, false },
		{ RAM - 1, 2, false },
		{ RAM + 20 * PAGE - 1, 1, true },
		{ RAM + 20 * PAGE - 1, 2, false },
		{ RAM + 20 * PAGE, 0, true },
		{ RAM + 20 * PAGE, 1, false },
		{ 0, 1, false },
		{ TOP, 2 * PAGE, true },
		{ TOP + 2 * PAGE - 8, 8, true },
		{ TOP + 2 * PAGE - 8, 9, false },
		{ UINT64_MAX, 1, false },
		{ UINT64_MAX, 2, false },
		{ UINT64_MAX - 7, 16, false },
	};
	struct cf_memory *mem = setup();
	static uint8_t buf[20 * PAGE + 1];

	for (size_t i = 0; i < CF_ARRAY_LEN(range); i++) {
		uint64_t gpa = range[i].gpa;
		size_t len = range[i].len;
		enum coffer_status want =
			range[i].inside ? COFFER_OK : COFFER_ERR_ARGUMENT;

		assert_int_equal(
			cf_memory_covers(mem, gpa, len), range[i].inside);
		assert_status(want, cf_guest_read(mem, gpa, buf, len, &err));
		assert_status(want, cf_guest_write(mem, gpa, buf, len, &err));
		assert_status(want,
			cf_guest_read_private(mem, 1, gpa, buf, len, &err));
		assert_status(want,
			cf_guest_write_private(mem, 1, gpa, buf, len, &err));
	}
	assert_null(cf_memory_page(mem, RAM - 1, 0, NULL));
	assert_null(cf_memory_page(mem, UINT64_MAX, 0, NULL));
	cf_memory_destroy(mem);
}

static void test_memory_is_zero_at_first_and_keeps_what_is_written(void **state)
{
	struct cf_memory *mem = setup();
	uint8_t in[3 * PAGE], out[3 * PAGE];
	uint64_t gpa = RAM + 14 * PAGE + 100;

	assert_ok(cf_guest_read(mem, gpa, out, sizeof(out), &err));
	assert_true(cf_is_zero(out, sizeof(out)));
	pattern(in, sizeof(in), 3);
	assert_ok(cf_guest_write(mem, gpa, in, sizeof(in), &err));
	assert_ok(cf_guest_read(mem, gpa, out, sizeof(out), &err));
	assert_memory_equal(in, out, sizeof(in));
	cf_memory_destroy(mem);
}

/* The convention of docs/memory.md, with OpenSSL's one-block AES. */
static void expected_block(uint64_t gpa, const uint8_t *plain, uint8_t *out)
{
	struct cf_aes128 *data, *tweak;
	uint8_t t[16] = { 0 };

	assert_ok(cf_aes128_create(vek, false, &data, &err));
	assert_ok(cf_aes128_create(vek + 16, false, &tweak, &err));
	cf_store_le64(t, gpa);
	assert_true(cf_aes128_blocks(tweak, t, t, 1));
	for (unsigned i = 0; i < 16; i++)
		out[i] = plain[i] ^ t[i];
	assert_true(cf_aes128_blocks(data, out, out, 1));
	for (unsigned i = 0; i < 16; i++)
		out[i] ^= t[i];
	cf_aes128_destroy(data);
	cf_aes128_destroy(tweak);
}

static void test_memory_host_sees_cipher_text_of_a_private_page(void **state)
{
	struct cf_memory *mem = setup();
	uint8_t plain[PAGE], seen[PAGE], want[16];

	pattern(plain, PAGE, 1);
	assert_ok(cf_guest_write_private(mem, 1, RAM, plain, PAGE, &err));
	assert_ok(cf_guest_read(mem, RAM, seen, PAGE, &err));
	for (unsigned i = 0; i < PAGE; i += 16) {
		expected_block(RAM + i, plain + i, want);
		assert_memory_equal(seen + i, want, 16);
		assert_memory_not_equal(seen + i, plain + i, 16);
	}
	/* Looking has not taken the page from the guest. */
	assert_int_equal(cf_memory_page_view(mem, RAM), 1);
	assert_ok(cf_guest_read_private(mem, 1, RAM, seen, PAGE, &err));
	assert_memory_equal(seen, plain, PAGE);
	cf_memory_destroy(mem);
}

static void test_memory_same_plain_text_differs_by_address_and_key(void **state)
{
	struct cf_memory *mem = setup();
	uint8_t plain[32] = { 0 }, a[32], b[32], c[32];

	assert_ok(cf_memory_set_key(mem, 2, other_vek, &err));
	assert_ok(cf_guest_write_private(mem, 1, RAM, plain, 32, &err));
	assert_ok(cf_guest_write_private(mem, 1, RAM + PAGE, plain, 32, &err));
	assert_ok(cf_guest_read(mem, RAM, a, 32, &err));
	assert_ok(cf_guest_read(mem, RAM + PAGE, b, 32, &err));
	assert_memory_not_equal(a, b, 16);
	assert_memory_not_equal(a, a + 16, 16);
	assert_ok(cf_guest_write_private(mem, 2, RAM, plain, 32, &err));
	assert_ok(cf_guest_read(mem, RAM, c, 32, &err));
	assert_memory_not_equal(a, c, 16);
	cf_memory_destroy(mem);
}

static void test_memory_cipher_text_moved_away_decrypts_to_noise(void **state)
{
	struct cf_memory *mem = setup();
	uint8_t plain[PAGE], raw[PAGE], back[PAGE];

	pattern(plain, PAGE, 9);
	assert_ok(cf_guest_write_private(mem, 1, RAM, plain, PAGE, &err));
	assert_ok(cf_guest_read(mem, RAM, raw, PAGE, &err));
	assert_ok(cf_guest_write(mem, RAM + PAGE, raw, PAGE, &err));
	assert_ok(cf_guest_read_private(mem, 1, RAM + PAGE, back, PAGE, &err));
	for (unsigned i = 0; i < PAGE; i += 16)
		assert_memory_not_equal(back + i, plain + i, 16);
	/* Put back where it was, it is the plain text again. */
	assert_ok(cf_guest_write(mem, RAM, raw, PAGE, &err));
	assert_ok(cf_guest_read_private(mem, 1, RAM, back, PAGE, &err));
	assert_memory_equal(back, plain, PAGE);
	cf_memory_destroy(mem);
}

static void test_memory_host_write_spoils_only_the_blocks_it_hits(void **state)
{
	struct cf_memory *mem = setup();
	uint8_t plain[PAGE], back[PAGE];
	const uint8_t bytes[2] = { 0xAA, 0xBB };

	pattern(plain, PAGE, 4);
	assert_ok(cf_guest_write_private(mem, 1, RAM, plain, PAGE, &err));
	assert_ok(cf_guest_write(mem, RAM + 0x1F, bytes, 2, &err));
	assert_ok(cf_guest_read_private(mem, 1, RAM, back, PAGE, &err));
	assert_memory_equal(back, plain, 0x10);
	assert_memory_not_equal(back + 0x10, plain + 0x10, 16);
	assert_memory_not_equal(back + 0x20, plain + 0x20, 16);
	assert_memory_equal(back + 0x30, plain + 0x30, PAGE - 0x30);
	cf_memory_destroy(mem);
}

static void test_memory_page_flips_forth_and_back(void **state)
{
	struct cf_memory *mem = setup();
	uint8_t plain[PAGE];
	enum cf_region_kind kind;
	uint8_t *p, *q;

	pattern(plain, PAGE, 8);
	p = cf_memory_page(mem, RAM, 1, &kind);
	assert_non_null(p);
	assert_int_equal(kind, CF_REGION_RAM);
	memcpy(p, plain, PAGE);
	for (unsigned i = 0; i < 3; i++) {
		q = cf_memory_page(mem, RAM + 5, 0, NULL);
		assert_ptr_equal(p, q);
		assert_int_equal(cf_memory_page_view(mem, RAM), 0);
		assert_memory_not_equal(q, plain, PAGE);
		assert_ptr_equal(cf_memory_page(mem, RAM, 1, NULL), p);
		assert_memory_equal(p, plain, PAGE);
	}
	assert_non_null(cf_memory_page(mem, TOP, 0, &kind));
	assert_int_equal(kind, CF_REGION_ROM);
	cf_memory_destroy(mem);
}

static void test_memory_without_a_key_has_no_private_view(void **state)
{
	struct cf_memory *mem = setup();
	uint8_t b[16] = { 0 };

	assert_null(cf_memory_page(mem, RAM, 2, NULL));
	assert_null(cf_memory_page(mem, RAM, CF_MEMORY_MAX_ASID + 1, NULL));
	assert_status(COFFER_ERR_STATE,
		cf_guest_read_private(mem, 2, RAM, b, 16, &err));
	assert_status(COFFER_ERR_STATE,
		cf_guest_write_private(mem, 2, RAM, b, 16, &err));
	assert_status(COFFER_ERR_STATE,
		cf_guest_encrypt_in_place(mem, 0, RAM, 16, &err));
	assert_status(COFFER_ERR_STATE, cf_memory_set_key(mem, 1, vek, &err));
	assert_status(
		COFFER_ERR_ARGUMENT, cf_memory_set_key(mem, 0, vek, &err));
	assert_status(COFFER_ERR_ARGUMENT,
		cf_memory_set_key(mem, CF_MEMORY_MAX_ASID + 1, vek, &err));
	cf_memory_destroy(mem);
}

static void test_memory_cleared_key_leaves_cipher_text(void **state)
{
	struct cf_memory *mem = setup();
	uint8_t plain[PAGE], before[PAGE], after[PAGE];

	pattern(plain, PAGE, 2);
	assert_ok(cf_guest_write_private(mem, 1, RAM, plain, PAGE, &err));
	assert_ok(cf_guest_read(mem, RAM, before, PAGE, &err));
	cf_memory_clear_key(mem, 1);
	assert_int_equal(cf_memory_page_view(mem, RAM), 0);
	assert_ok(cf_guest_read(mem, RAM, after, PAGE, &err));
	assert_memory_equal(before, after, PAGE);
	/* The next guest with the slot reads noise. */
	assert_ok(cf_memory_set_key(mem, 1, other_vek, &err));
	assert_ok(cf_guest_read_private(mem, 1, RAM, after, PAGE, &err));
	assert_memory_not_equal(after, plain, PAGE);
	cf_memory_destroy(mem);
}

static void test_memory_encrypts_in_place(void **state)
{
	struct cf_memory *mem = setup();
	uint8_t raw[4 * PAGE], back[4 * PAGE], rest[16];
	uint64_t gpa = RAM + PAGE - 32;
	size_t len = 2 * PAGE + 48; /* a tail, a page, a page, a head */

	pattern(raw, sizeof(raw), 5);
	assert_ok(cf_guest_write(mem, RAM, raw, sizeof(raw), &err));
	assert_ok(cf_guest_encrypt_in_place(mem, 1, gpa, len, &err));
	assert_ok(cf_guest_read_private(mem, 1, gpa, back, len, &err));
	assert_memory_equal(back, raw + PAGE - 32, len);
	/* What is outside the range is as the host wrote it. */
	assert_ok(cf_guest_read(mem, RAM, back, PAGE - 32, &err));
	assert_memory_equal(back, raw, PAGE - 32);
	assert_ok(cf_guest_read(mem, gpa + len, rest, 16, &err));
	assert_memory_equal(rest, raw + PAGE - 32 + len, 16);
	/* A second range of a page that is in part encrypted already. */
	assert_ok(cf_guest_encrypt_in_place(mem, 1, gpa - 16, 16, &err));
	assert_ok(cf_guest_read_private(mem, 1, gpa - 16, back, 48, &err));
	assert_memory_equal(back, raw + PAGE - 48, 48);
	assert_status(COFFER_ERR_ARGUMENT,
		cf_guest_encrypt_in_place(mem, 1, RAM + 8, 16, &err));
	assert_status(COFFER_ERR_ARGUMENT,
		cf_guest_encrypt_in_place(mem, 1, RAM, 24, &err));
	cf_memory_destroy(mem);
}

/* What the engine is told: every change lies between stop and resume. */
struct spy {
	int depth;
	unsigned stops, changes;
	uint64_t last;
};

static void spy_stop(void *opaque)
{
	struct spy *s = opaque;

	assert_int_equal(s->depth++, 0);
	s->stops++;
}

static void spy_changed(void *opaque, uint64_t gpa)
{
	struct spy *s = opaque;

	assert_int_equal(s->depth, 1);
	s->changes++;
	s->last = gpa;
}

static void spy_resume(void *opaque)
{
	struct spy *s = opaque;

	assert_int_equal(--s->depth, 0);
}

static void test_memory_stops_the_world_for_changes_only(void **state)
{
	struct cf_memory *mem = setup();
	struct spy spy = { 0 };
	struct cf_memory_sync sync = { .opaque = &spy,
		.stop = spy_stop,
		.changed = spy_changed,
		.resume = spy_resume };
	struct cf_rmp_entry e = { .assigned = true };
	uint8_t b[16] = { 1 };

	cf_memory_set_sync(mem, &sync);
	assert_ok(cf_guest_write(mem, RAM, b, 16, &err));
	assert_ok(cf_guest_read(mem, RAM, b, 16, &err));
	assert_non_null(cf_memory_page(mem, RAM, 0, NULL));
	assert_int_equal(spy.stops, 0);
	assert_non_null(cf_memory_page(mem, RAM + PAGE + 8, 1, NULL));
	assert_int_equal(spy.stops, 1);
	assert_int_equal(spy.changes, 1);
	assert_int_equal(spy.last, RAM + PAGE);
	assert_non_null(cf_memory_page(mem, RAM + PAGE, 1, NULL));
	assert_ok(cf_guest_read(mem, RAM + PAGE, b, 16, &err));
	assert_int_equal(spy.stops, 1);
	assert_ok(cf_guest_write(mem, RAM + PAGE, b, 16, &err));
	assert_int_equal(spy.changes, 2);
	assert_ok(cf_rmp_enable(mem, &err));
	assert_true(cf_rmp_set(mem, RAM, &e));
	assert_int_equal(spy.changes, 3);
	assert_int_equal(spy.last, RAM);
	assert_int_equal(spy.depth, 0);
	cf_memory_set_sync(mem, NULL);
	cf_memory_destroy(mem);
}

/* Two threads flip one page against each other: whatever the order, what one
 * view wrote there is what that view reads. */
struct flipper {
	struct cf_memory *mem;
	unsigned asid;
	bool bad;
};

static void *flip_often(void *arg)
{
	struct flipper *f = arg;
	struct coffer_error e;
	uint8_t mine[64], back[64];

	memset(mine, (int)(0x40 + f->asid), sizeof(mine));
	/* Each writes to its own page and disturbs the other's by looking. */
	for (unsigned i = 0; i < 500 && !f->bad; i++) {
		uint64_t own = RAM + f->asid * PAGE;
		uint64_t theirs = RAM + (3 - f->asid) * PAGE;

		f->bad = cf_guest_write_private(
				 f->mem, f->asid, own, mine, 64, &e) ||
			cf_guest_read(f->mem, theirs, back, 64, &e) ||
			!cf_memory_page(f->mem, theirs, 0, NULL) ||
			cf_guest_read_private(
				f->mem, f->asid, own, back, 64, &e);
	}
	return NULL;
}

static void test_memory_survives_flips_from_two_threads(void **state)
{
	struct cf_memory *mem = setup();
	struct flipper f[2] = { { mem, 1, false }, { mem, 2, false } };
	pthread_t t[2];
	uint8_t want[64], back[64];

	assert_ok(cf_memory_set_key(mem, 2, other_vek, &err));
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(
			pthread_create(&t[i], NULL, flip_often, &f[i]), 0);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	for (unsigned i = 0; i < 2; i++) {
		assert_false(f[i].bad);
		memset(want, (int)(0x41 + i), 64);
		assert_ok(cf_guest_read_private(
			mem, i + 1, RAM + (i + 1) * PAGE, back, 64, &err));
		assert_memory_equal(want, back, 64);
	}
	cf_memory_destroy(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_lists_regions_in_address_order),
		cmocka_unit_test(test_memory_hides_flash_from_guests_alone),
		cmocka_unit_test(test_memory_refuses_bad_regions),
		cmocka_unit_test(test_memory_takes_32_regions),
		cmocka_unit_test(test_memory_checks_every_edge_of_a_range),
		cmocka_unit_test(
			test_memory_is_zero_at_first_and_keeps_what_is_written),
		cmocka_unit_test(
			test_memory_host_sees_cipher_text_of_a_private_page),
		cmocka_unit_test(
			test_memory_same_plain_text_differs_by_address_and_key),
		cmocka_unit_test(
			test_memory_cipher_text_moved_away_decrypts_to_noise),
		cmocka_unit_test(
			test_memory_host_write_spoils_only_the_blocks_it_hits),
		cmocka_unit_test(test_memory_page_flips_forth_and_back),
		cmocka_unit_test(test_memory_without_a_key_has_no_private_view),
		cmocka_unit_test(test_memory_cleared_key_leaves_cipher_text),
		cmocka_unit_test(test_memory_encrypts_in_place),
		cmocka_unit_test(test_memory_stops_the_world_for_changes_only),
		cmocka_unit_test(test_memory_survives_flips_from_two_threads),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
