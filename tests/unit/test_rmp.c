/* SPDX-License-Identifier: Apache-2.0 */
/* The RMP: entries of both sizes, and what they keep the host from. */
#include "memory_fixture.h"

static void test_rmp_entries_read_as_they_were_set(void **state)
{
	struct cf_memory *mem = setup();
	struct cf_rmp_entry in = { .assigned = true,
		.validated = true,
		.vmsa = true,
		.asid = 513,
		.perms = { 0xF, 1, 3, 8 },
		.gpa = UINT64_C(0xFFFFFFFFFF000) };
	struct cf_rmp_entry out;

	assert_false(cf_rmp_enabled(mem));
	assert_false(cf_rmp_set(mem, RAM, &in));
	assert_true(cf_rmp_get(mem, RAM, &out));
	assert_false(out.assigned);
	assert_ok(cf_rmp_enable(mem, &err));
	assert_true(cf_rmp_set(mem, RAM + PAGE, &in));
	assert_true(cf_rmp_get(mem, RAM + PAGE + 17, &out));
	assert_true(out.assigned && out.validated && out.vmsa);
	assert_false(out.immutable);
	assert_int_equal(out.asid, 513);
	assert_int_equal(out.gpa, UINT64_C(0xFFFFFFFFFF000));
	assert_memory_equal(out.perms, in.perms, 4);
	assert_true(cf_rmp_get(mem, RAM, &out));
	assert_false(out.assigned || out.validated || out.vmsa || out.asid);
	assert_false(cf_rmp_get(mem, RAM - 1, &out));
	assert_false(cf_rmp_set(mem, RAM - PAGE, &in));
	/* Memory that comes later has an RMP, too. */
	assert_ok(
		cf_memory_add(mem, 1 << 30, PAGE, CF_REGION_RAM, "late", &err));
	assert_true(cf_rmp_set(mem, 1 << 30, &in));
	cf_memory_destroy(mem);
}

#define HIGH  (UINT64_C(1) << 30)
#define LARGE CF_RMP_LARGE

static void test_rmp_large_entries_cover_512_pages(void **state)
{
	struct cf_memory *mem = setup();
	struct cf_rmp_entry e = { .assigned = true,
		.large = true,
		.asid = 1,
		.perms = { 0xF, 1 },
		.gpa = 8 * LARGE };
	struct cf_rmp_entry out;
	uint8_t b = 1;

	assert_ok(cf_memory_add(
		mem, HIGH, 3 * LARGE - PAGE, CF_REGION_RAM, "high", &err));
	assert_false(cf_rmp_set(mem, HIGH, &e));
	assert_ok(cf_rmp_enable(mem, &err));
	assert_true(cf_rmp_vacant(mem, HIGH));
	assert_false(cf_rmp_vacant(mem, HIGH + 2 * LARGE)); /* a page short */
	assert_true(cf_rmp_set(mem, HIGH, &e));
	assert_false(cf_rmp_vacant(mem, HIGH));
	for (uint64_t at = 0; at < LARGE; at += PAGE) {
		assert_true(cf_rmp_get(mem, HIGH + at, &out));
		assert_true(out.assigned && out.large);
		assert_true(out.gpa == 8 * LARGE + at);
		assert_int_equal(out.asid, 1);
		assert_int_equal(out.perms[1], 1);
		assert_status(COFFER_ERR_STATE,
			cf_guest_write(mem, HIGH + at, &b, 1, &err));
	}
	assert_true(cf_rmp_get(mem, HIGH + LARGE, &out));
	assert_false(out.assigned || out.large);
	/* Not aligned, of two sizes at once, over the end, in a hole. */
	assert_false(cf_rmp_set(mem, HIGH + PAGE, &e));
	e.gpa += PAGE;
	assert_false(cf_rmp_set(mem, HIGH + LARGE, &e));
	e.gpa -= PAGE;
	assert_false(cf_rmp_set(mem, HIGH + 2 * LARGE, &e));
	assert_false(cf_rmp_set(mem, 4 * HIGH, &e));
	e.large = false;
	assert_false(cf_rmp_set(mem, HIGH + 7 * PAGE, &e));
	/* Nobody's pages have no size. */
	e = (struct cf_rmp_entry) { .large = true };
	assert_true(cf_rmp_set(mem, HIGH, &e));
	assert_true(cf_rmp_get(mem, HIGH + 7 * PAGE, &out));
	assert_false(out.assigned || out.large);
	cf_memory_destroy(mem);
}

static void test_rmp_large_entries_are_split_and_joined(void **state)
{
	struct cf_memory *mem = setup();
	struct cf_rmp_entry e = { .assigned = true,
		.validated = true,
		.large = true,
		.asid = 1,
		.gpa = LARGE };
	struct cf_rmp_entry out;

	assert_ok(cf_memory_add(
		mem, HIGH, 2 * LARGE, CF_REGION_RAM, "high", &err));
	assert_ok(cf_rmp_enable(mem, &err));
	assert_false(cf_rmp_smash(mem, HIGH));
	assert_true(cf_rmp_set(mem, HIGH, &e));
	assert_false(cf_rmp_join(mem, HIGH));
	assert_true(cf_rmp_smash(mem, HIGH + 5 * PAGE));
	assert_false(cf_rmp_smash(mem, HIGH));
	assert_true(cf_rmp_get(mem, HIGH + 5 * PAGE, &out));
	assert_true(out.validated && !out.large && out.gpa == LARGE + 5 * PAGE);
	/* One that is not like the others. */
	out.validated = false;
	assert_true(cf_rmp_set(mem, HIGH + 5 * PAGE, &out));
	assert_false(cf_rmp_join(mem, HIGH));
	out.validated = true;
	out.perms[2] = 1;
	assert_true(cf_rmp_set(mem, HIGH + 5 * PAGE, &out));
	assert_false(cf_rmp_join(mem, HIGH));
	out.perms[2] = 0;
	out.gpa += PAGE;
	assert_true(cf_rmp_set(mem, HIGH + 5 * PAGE, &out));
	assert_false(cf_rmp_join(mem, HIGH));
	out.gpa -= PAGE;
	assert_true(cf_rmp_set(mem, HIGH + 5 * PAGE, &out));
	assert_false(cf_rmp_join(mem, HIGH + PAGE));
	assert_true(cf_rmp_join(mem, HIGH));
	assert_true(cf_rmp_get(mem, HIGH + 511 * PAGE, &out));
	assert_true(out.large && out.gpa == LARGE + 511 * PAGE);
	assert_false(cf_rmp_join(mem, HIGH + LARGE));
	cf_rmp_reset(mem);
	assert_true(cf_rmp_vacant(mem, HIGH));
	assert_true(cf_rmp_get(mem, HIGH + 511 * PAGE, &out));
	assert_false(out.large || out.validated || out.asid);
	cf_memory_destroy(mem);
}

static void test_rmp_refuses_host_writes_to_assigned_pages(void **state)
{
	struct cf_memory *mem = setup();
	struct cf_rmp_entry e = { .assigned = true,
		.validated = true,
		.asid = 1,
		.gpa = RAM + PAGE };
	uint8_t in[2 * PAGE], out[2 * PAGE];

	pattern(in, sizeof(in), 6);
	assert_ok(cf_rmp_enable(mem, &err));
	assert_true(cf_rmp_set(mem, RAM + PAGE, &e));
	/* Raw or private, and nothing of the first page is written either. */
	for (unsigned pass = 0; pass < 2; pass++) {
		assert_status(COFFER_ERR_STATE,
			cf_guest_write(mem, RAM, in, sizeof(in), &err));
		assert_message("0x11000");
		assert_message("a guest (ASID 1, validated)");
		assert_ok(cf_guest_read(mem, RAM, out, PAGE, &err));
		assert_true(cf_is_zero(out, PAGE));
		assert_non_null(cf_memory_page(mem, RAM + PAGE, 1, NULL));
	}
	e = (struct cf_rmp_entry) { .assigned = true, .immutable = true };
	assert_true(cf_rmp_set(mem, RAM + PAGE, &e));
	assert_status(COFFER_ERR_STATE,
		cf_guest_write(mem, RAM + PAGE + 9, in, 1, &err));
	assert_message("the firmware");
	e = (struct cf_rmp_entry) { 0 };
	assert_true(cf_rmp_set(mem, RAM + PAGE, &e));
	assert_ok(cf_guest_write(mem, RAM, in, sizeof(in), &err));
	assert_ok(cf_guest_read(mem, RAM, out, sizeof(out), &err));
	assert_memory_equal(in, out, sizeof(in));
	cf_memory_destroy(mem);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rmp_entries_read_as_they_were_set),
		cmocka_unit_test(test_rmp_large_entries_cover_512_pages),
		cmocka_unit_test(test_rmp_large_entries_are_split_and_joined),
		cmocka_unit_test(
			test_rmp_refuses_host_writes_to_assigned_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
