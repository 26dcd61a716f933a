/* SPDX-License-Identifier: Apache-2.0 */
/* The debugger's page walk in every paging mode, on tables made by hand. */
#include "test.h"

#include "machine/translate_priv.h"

static struct coffer_error err;
static uint8_t tables[0x8000]; /* guest-physical 0x10000 on */

#define BASE  0x10000u
#define PML5  (BASE + 0x0000)
#define PML4  (BASE + 0x1000)
#define PDPT  (BASE + 0x2000)
#define PD    (BASE + 0x3000)
#define PT    (BASE + 0x4000)
#define DIR32 (BASE + 0x5000)
#define TAB32 (BASE + 0x6000)
#define CBIT  (1ull << 51)

#define PAGING   (1ull << 31)
#define PAE      (1ull << 5)
#define PSE      (1ull << 4)
#define LA57     (1ull << 12)
#define LONG     (1ull << 10)
#define PRESENT  1u
#define BIG_PAGE 0x81u

static enum coffer_status read_tables(void *opaque, uint64_t gpa, void *out,
	size_t len, struct coffer_error *e)
{
	if (gpa < BASE || len > sizeof(tables) ||
		gpa - BASE > sizeof(tables) - len)
		return cf_fail(e, COFFER_ERR_ARGUMENT, "no memory at tables");
	memcpy(out, tables + (gpa - BASE), len);
	return COFFER_OK;
}

static void put(uint64_t table, unsigned index, uint64_t entry)
{
	cf_store_le64(tables + (table - BASE) + 8 * index, entry);
}

static void put32(uint64_t table, unsigned index, uint32_t entry)
{
	cf_store_le32(tables + (table - BASE) + 4 * index, entry);
}

static struct cf_cpu_state state;
static uint64_t cbit_mask;

static enum coffer_status translate(
	uint64_t gva, uint64_t *gpa, bool *private_page)
{
	struct cf_translate t = {
		.state = &state, .cbit_mask = cbit_mask, .read = read_tables
	};

	return cf_translate(&t, gva, gpa, private_page, &err);
}

static void assert_maps(uint64_t gva, uint64_t want)
{
	uint64_t gpa = 0;
	bool private_page = true;

	assert_ok(translate(gva, &gpa, &private_page));
	assert_int_equal(gpa, want);
	assert_int_equal(private_page, cbit_mask != 0);
}

static void assert_unmapped(uint64_t gva, const char *text)
{
	uint64_t gpa;
	bool private_page;

	assert_status(COFFER_ERR_ARGUMENT, translate(gva, &gpa, &private_page));
	assert_message(text);
}

static int setup(void **test_state)
{
	memset(tables, 0, sizeof(tables));
	state = (struct cf_cpu_state) { 0 };
	cbit_mask = 0;
	return 0;
}

/* Linear 0xffff8880_00000000: PML4 273; its GiB 0: PD, GiB 1: a big page. */
static void make_long_tables(uint64_t bit)
{
	state.cr0 = PAGING | 1;
	state.cr4 = PAE;
	state.efer = LONG;
	state.cr3 = PML4 | bit | 0x18; /* PWT and PCD do not matter */
	put(PML5, 0, PML4 | bit | PRESENT);
	put(PML4, 273, PDPT | bit | PRESENT);
	put(PDPT, 0, PD | bit | PRESENT);
	put(PDPT, 1, 0x1c0000000 | bit | BIG_PAGE);
	put(PD, 0, PT | bit | PRESENT);
	put(PD, 1, 0x7fe00000 | bit | BIG_PAGE | 1ull << 63);
	put(PT, 5, 0xabcde000 | bit | PRESENT | 1ull << 63);
	put(PT, 6, 0xabcde000 | PRESENT);
}

static void test_translate_without_paging_is_flat(void **test_state)
{
	assert_maps(0xfffffff0, 0xfffffff0);
	cbit_mask = CBIT;
	assert_maps(0x1234, 0x1234);
}

static void test_translate_long_mode_pages_of_each_size(void **test_state)
{
	make_long_tables(0);
	assert_maps(0xffff888000005123, 0xabcde123);
	assert_maps(0xffff888000212345, 0x7fe12345);
	assert_maps(0xffff888041234567, 0x1c1234567);
}

static void test_translate_names_the_level_that_is_missing(void **test_state)
{
	make_long_tables(0);
	assert_unmapped(0xffff888000000000, "page table");
	assert_unmapped(0xffff888000400000, "page directory is not");
	assert_unmapped(0xffff888080000000, "page-directory-pointer table");
	assert_unmapped(0, "PML4");
	assert_message("0x0");
}

static void test_translate_five_levels(void **test_state)
{
	make_long_tables(0);
	state.cr4 |= LA57;
	state.cr3 = PML5;
	assert_maps(0x0000888000005123, 0xabcde123);
	assert_unmapped(0xffff888000005123, "PML5");
}

static void test_translate_takes_the_cbit_out_and_reports_it(void **test_state)
{
	uint64_t gpa = 0;
	bool private_page = true;

	cbit_mask = CBIT;
	make_long_tables(CBIT);
	assert_maps(0xffff888000005123, 0xabcde123);
	assert_maps(0xffff888041234567, 0x1c1234567);
	assert_ok(translate(0xffff888000006008, &gpa, &private_page));
	assert_int_equal(gpa, 0xabcde008);
	assert_false(private_page);
}

static void test_translate_pae(void **test_state)
{
	state.cr0 = PAGING | 1;
	state.cr4 = PAE;
	state.cr3 = PDPT + 0x20;
	put(PDPT + 0x20, 3, PD | PRESENT);
	put(PD, 0, PT | PRESENT);
	put(PD, 511, 0x120000000 | BIG_PAGE);
	put(PT, 1, 0x3f000 | PRESENT);
	assert_maps(0xc0001004, 0x3f004);
	assert_maps(0xffe00010, 0x120000010);
	/* 32-bit addresses wrap. */
	assert_maps(0x1c0001004, 0x3f004);
	assert_unmapped(0, "page-directory-pointer table");
}

static void test_translate_32_bit(void **test_state)
{
	state.cr0 = PAGING | 1;
	state.cr3 = DIR32;
	put32(DIR32, 1, TAB32 | PRESENT);
	put32(TAB32, 2, 0x89abc000 | PRESENT);
	/* Bits 20:13 are address bits 39:32 (PSE-36). */
	put32(DIR32, 2, 0x00400000 | 3u << 13 | BIG_PAGE);
	assert_maps(0x402345, 0x89abc345);
	assert_unmapped(0x400000, "page table");
	/* Without CR4.PSE the bit is ignored: a table, outside memory. */
	assert_unmapped(0x801234, "no memory at tables");
	state.cr4 = PSE;
	assert_maps(0x801234, 0x300401234);
	assert_unmapped(0xfffff000, "page directory");
}

static void test_translate_table_outside_memory_is_an_error(void **test_state)
{
	make_long_tables(0);
	put(PML4, 273, 0xfff000 | PRESENT);
	assert_unmapped(0xffff888000005123, "no memory at tables");
	state.cr3 = 0;
	assert_unmapped(0, "no memory at tables");
}

#define walk_test(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		walk_test(test_translate_without_paging_is_flat),
		walk_test(test_translate_long_mode_pages_of_each_size),
		walk_test(test_translate_names_the_level_that_is_missing),
		walk_test(test_translate_five_levels),
		walk_test(test_translate_takes_the_cbit_out_and_reports_it),
		walk_test(test_translate_pae),
		walk_test(test_translate_32_bit),
		walk_test(test_translate_table_outside_memory_is_an_error),
	};

	return cmocka_run_group_tests_name(
		"machine_translate", tests, NULL, NULL);
}
