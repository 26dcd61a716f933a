/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU of the software engine in a stream: what was saved comes back, fields
 * that no vCPU can have are refused by name, and whatever else is taken can be
 * run.
 */
#include "test.h"
#include "soft_guest.h"

#include "base/base.h"
#include "base/state.h"
#include "image/cpu_feature.h"

#include <stdlib.h>

/* Where fields lie in the section, from its end: what waits for the vCPU has
 * 20 bytes with what follows it; before it come CR8 and the count. */
#define FROM_END_ATTENTION 20u
#define FROM_END_COUNT     (FROM_END_ATTENTION + 16u)

static struct guest g;

static int setup(void **state)
{
	guest_create(&g, 1);
	guest_map(&g);
	return 0;
}

static int teardown(void **state)
{
	guest_destroy(&g);
	return 0;
}

static void save(struct cf_buf *out)
{
	struct cf_state s = { .out = out };

	out->len = 0;
	g.ops->vcpu_state(g.vm, 0, &s);
	assert_false(out->failed);
}

/* NULL: taken; else what is wrong. */
static const char *load(const struct cf_buf *from)
{
	struct cf_state s = { .loading = true,
		.in = cf_cursor(from->data, from->len) };

	g.ops->vcpu_state(g.vm, 0, &s);
	cf_state_need(&s, cf_at_end(&s.in), "bytes that are left over");
	return s.wrong;
}

/* A vCPU in the middle of 64-bit code. */
static void save_long_mode(struct cf_buf *out)
{
	struct coffer_error err;
	struct cf_cpu_state s;

	guest_long_mode(&s);
	assert_ok(g.ops->set_state(g.vm, 0, &s, &err));
	save(out);
}

static void test_vcpu_saves_what_it_loaded(void **state)
{
	struct cf_buf first = { 0 }, again = { 0 };

	save_long_mode(&first);
	guest_destroy(&g);
	guest_create(&g, 1);
	assert_null(load(&first));
	save(&again);
	/* A loaded vCPU looks for interrupts once more: bit 1. */
	again.data[again.len - FROM_END_ATTENTION] &= (uint8_t)~2u;
	assert_int_equal(again.len, first.len);
	assert_memory_equal(again.data, first.data, first.len);
	cf_buf_finish(&first);
	cf_buf_finish(&again);
}

/* Sums of it with a budget would wrap, and time with it. */
static void test_instruction_count_without_end_is_refused(void **state)
{
	struct cf_buf b = { 0 };

	save_long_mode(&b);
	cf_store_le64(b.data + b.len - FROM_END_COUNT, UINT64_MAX - 1);
	assert_string_equal(load(&b), "the count of instructions");
	cf_store_le64(b.data + b.len - FROM_END_COUNT, 12345);
	assert_null(load(&b));
	assert_int_equal(g.ops->instructions(g.vm, 0), 12345);
	cf_buf_finish(&b);
}

/* In the section, behind the features: registers, RIP, RFLAGS, CR0, CR2, CR3,
 * CR4, EFER, DR6, DR7, XCR0, XSS. */
static void refuse(
	const struct cf_buf *good, size_t word, unsigned byte, const char *what)
{
	size_t at = sizeof(uint32_t) * CF_NWORDS + 8 * word + byte;

	good->data[at] ^= 0x10;
	assert_string_equal(load(good), what);
	good->data[at] ^= 0x10;
}

static void test_registers_that_cannot_be_are_refused(void **state)
{
	struct cf_buf b = { 0 };

	save_long_mode(&b);
	refuse(&b, CF_NGPRS + 2, 1, "CR0"); /* bit 12 */
	refuse(&b, CF_NGPRS + 5, 7, "CR4");
	refuse(&b, CF_NGPRS + 6, 1, "EFER"); /* SVME */
	refuse(&b, CF_NGPRS + 9, 1, "XCR0");
	refuse(&b, CF_NGPRS + 10, 0, "XSS");
	assert_null(load(&b));
	cf_buf_finish(&b);
}

/* Something to find at any address: code, tables, rings of everything. */
static void fill_memory(void)
{
	uint8_t page[CF_PAGE_SIZE];

	for (size_t i = 0; i < sizeof(page); i++)
		page[i] = (uint8_t)rand();
	for (uint64_t at = 0; at < 64 * sizeof(page); at += sizeof(page))
		guest_put(&g, 0x10000 + at, page, sizeof(page));
	guest_put(&g, GUEST_CODE, page, sizeof(page));
}

static void change(struct cf_buf *b, size_t first)
{
	for (unsigned n = (unsigned)rand() % 12 + 1; n; n--) {
		size_t at = first + (size_t)rand() % (b->len - first);

		b->data[at] = rand() & 1 ? (uint8_t)rand() : 0xff;
	}
}

/* Real mode, or 32-bit code with its flat segments. */
static void save_legacy(struct cf_buf *out, bool protected)
{
	struct coffer_error err;
	struct cf_cpu_state s;

	cf_cpu_state_reset(&s, 0xa00f11);
	s.rip = 0;
	s.seg[CF_SEG_CS].base = GUEST_CODE;
	s.gpr[CF_RSP] = 0x8000;
	for (unsigned i = 0; protected && i < CF_NSEGS; i++) {
		s.cr0 |= 1;
		s.seg[i].base = 0;
		s.seg[i].limit = UINT32_MAX;
		s.seg[i].attrib = i == CF_SEG_CS ? 0xc9b : 0xc93;
		s.rip = GUEST_CODE;
	}
	assert_ok(g.ops->set_state(g.vm, 0, &s, &err));
	save(out);
}

/* A sanitizer looks on. */
static void run_variations(const struct cf_buf *good, unsigned min)
{
	struct cf_buf b = { 0 };
	struct cf_stop_info stop;
	unsigned taken = 0;

	for (unsigned i = 0; i < 3000; i++) {
		b.len = 0;
		cf_buf_append(&b, good->data, good->len);
		assert_false(b.failed);
		change(&b, sizeof(uint32_t) * CF_NWORDS);
		if (load(&b))
			continue;
		taken++;
		g.ops->run(g.vm, 0, 300, &stop);
	}
	assert_true(taken > min);
	cf_buf_finish(&b);
}

static void test_whatever_is_taken_can_be_run(void **state)
{
	struct cf_buf good = { 0 };

	/* Here, so that faults of guest code come to the engine's handlers
	 * and not to those of the test's runner. */
	guest_destroy(&g);
	guest_create(&g, 1);
	guest_map(&g);
	srand(20240917);
	fill_memory();
	save_long_mode(&good);
	run_variations(&good, 500);
	save_legacy(&good, false);
	run_variations(&good, 500);
	save_legacy(&good, true);
	run_variations(&good, 500);
	cf_buf_finish(&good);
}

#define state_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		state_test(test_vcpu_saves_what_it_loaded),
		state_test(test_instruction_count_without_end_is_refused),
		state_test(test_registers_that_cannot_be_are_refused),
		state_test(test_whatever_is_taken_can_be_run),
	};

	return cmocka_run_group_tests_name(
		"accel_soft_state", tests, NULL, NULL);
}
