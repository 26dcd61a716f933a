/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF, multiboot and bzImage kernels: what the parsers find, and that they
 * refuse each mangled field and survive every truncation.
 */
#include "syn.h"

#include "image/bzimage.h"
#include "image/elf.h"
#include "image/multiboot.h"

#define ELF_LEN 0x200

static struct coffer_error err;

/* 64-bit: a segment of 0x80 bytes at 2 MiB, linked to run high, and a note
 * segment with one note of another name and the one that counts. */
static void make_elf64(uint8_t f[ELF_LEN])
{
	memset(f, 0, ELF_LEN);
	put(f, "7f454c46020101");
	put(f + 0x10, "02003e0001000000");
	put(f + 0x18, "10002081ffffffff"); /* entry */
	put(f + 0x20, "4000000000000000"); /* program headers */
	put(f + 0x34, "400038000200");
	put(f + 0x40, "0100000005000000"); /* PT_LOAD */
	put(f + 0x48, "0001000000000000"); /* offset */
	put(f + 0x50, "00002081ffffffff"); /* virtual */
	put(f + 0x58, "0000200000000000"); /* physical */
	put(f + 0x60, "8000000000000000"); /* in the file */
	put(f + 0x68, "0010000000000000"); /* in memory */
	put(f + 0x78, "0400000004000000"); /* PT_NOTE */
	put(f + 0x80, "8001000000000000");
	put(f + 0x98, "3400000000000000");
	put(f + 0xa0, "3400000000000000");
	put(f + 0xa8, "0400000000000000"); /* align */
	/* 0x12 "GNUx", 5 bytes and their padding */
	put(f + 0x180, "050000000500000012000000474e557800000000");
	put(f + 0x194, "0102030405000000");
	/* 0x12 "Xen" */
	put(f + 0x19c, "04000000080000001200000058656e00");
	put(f + 0x1ac, "2000200000000000");
}

/* 32-bit, with a multiboot header at 0x100. */
static void make_elf32(uint8_t f[ELF_LEN])
{
	memset(f, 0, ELF_LEN);
	put(f, "7f454c46010101");
	put(f + 0x10, "02000300010000000c00100034000000");
	put(f + 0x28, "340020000100");
	put(f + 0x34, "01000000000100000000100000001000");
	put(f + 0x44, "80000000000200000700000000100000");
	put(f + 0x100, "02b0ad1b03000000fb4f52e4");
}

/* Flat: the header at 0x20, loaded from 0x10 on, 0x100 bytes and 0x80 more. */
static void make_flat(uint8_t f[ELF_LEN])
{
	memset(f, 0, ELF_LEN);
	put(f + 0x20, "02b0ad1b03000100fb4f51e4");
	put(f + 0x2c, "1000100000001000000110008001100040001000");
}

static void test_elf_segments_and_pvh_entry_are_read(void **state)
{
	uint8_t f[ELF_LEN];
	struct cf_elf e;

	make_elf64(f);
	assert_true(cf_elf_is(f, sizeof(f)));
	assert_ok(cf_elf_parse(f, sizeof(f), &e, &err));
	assert_true(e.is_64);
	assert_int_equal(e.nsegments, 1);
	assert_ptr_equal(e.segment[0].bytes, f + 0x100);
	assert_int_equal(e.segment[0].len, 0x80);
	assert_int_equal(e.segment[0].mem_len, 0x1000);
	assert_int_equal(e.segment[0].paddr, 0x200000);
	assert_true(e.segment[0].vaddr == 0xffffffff81200000);
	assert_int_equal(e.entry, 0x200010); /* made physical */
	assert_true(e.has_pvh_entry);
	assert_int_equal(e.pvh_entry, 0x200020);
}

static void test_elf_note_of_another_name_or_type_is_no_entry(void **state)
{
	uint8_t f[ELF_LEN];
	struct cf_elf e;

	make_elf64(f);
	f[0x1a4] = 17;
	assert_ok(cf_elf_parse(f, sizeof(f), &e, &err));
	assert_false(e.has_pvh_entry);
	make_elf64(f);
	f[0x1a8] = 'Y';
	assert_ok(cf_elf_parse(f, sizeof(f), &e, &err));
	assert_false(e.has_pvh_entry);
	make_elf64(f); /* four bytes are enough */
	f[0x1a0] = 4;
	f[0x98] = 0x30;
	assert_ok(cf_elf_parse(f, sizeof(f), &e, &err));
	assert_int_equal(e.pvh_entry, 0x200020);
}

static enum coffer_status parse_elf(
	const uint8_t *bytes, size_t len, struct coffer_error *e)
{
	struct cf_elf parsed;

	return cf_elf_parse(bytes, len, &parsed, e);
}

static void test_elf_refuses_each_mangled_field(void **state)
{
	static const struct mangle cases[] = {
		{ 0x00, "7e", COFFER_ERR_FORMAT, "not an ELF" },
		{ 0x04, "03", COFFER_ERR_FORMAT, "class 3" },
		{ 0x05, "02", COFFER_ERR_UNSUPPORTED, "little-endian" },
		{ 0x10, "01", COFFER_ERR_UNSUPPORTED, "type 1" },
		{ 0x12, "b7", COFFER_ERR_UNSUPPORTED, "machine 183" },
		{ 0x20, "f8ffffffffffffff", COFFER_ERR_TRUNCATED, "pass" },
		{ 0x36, "20", COFFER_ERR_FORMAT, "32 bytes" },
		{ 0x38, "ff", COFFER_ERR_TRUNCATED, "255 ELF program" },
		{ 0x38, "00", COFFER_ERR_FORMAT, "without a segment" },
		{ 0x48, "ffffffffffffffff", COFFER_ERR_TRUNCATED,
			"offset 0x40" },
		{ 0x48, "80", COFFER_OK, NULL },
		{ 0x48, "81", COFFER_ERR_TRUNCATED, "0x181" },
		{ 0x58, "ffffffffffffffff", COFFER_ERR_FORMAT, "wrap" },
		{ 0x60, "01010000", COFFER_ERR_TRUNCATED, "size 0x101" },
		{ 0x68, "7f00", COFFER_ERR_FORMAT, "0x7f of memory" },
		{ 0x98, "33", COFFER_ERR_TRUNCATED, "offset 0x19c" },
		{ 0x180, "ffffffff", COFFER_ERR_TRUNCATED, "offset 0x180" },
		{ 0x184, "ffffffff", COFFER_ERR_TRUNCATED, "offset 0x180" },
		{ 0x1a0, "07", COFFER_ERR_FORMAT, "of 7 bytes" },
	};
	uint8_t f[ELF_LEN];

	make_elf64(f);
	assert_mangled(f, sizeof(f), cases, CF_ARRAY_LEN(cases), parse_elf);
}

static void test_elf_has_a_limit_of_segments(void **state)
{
	enum { N = CF_ELF_MAX_SEGMENTS + 1, LEN = 0x40 + N * 0x38 + 0x80 };
	uint8_t one[ELF_LEN], f[LEN] = { 0 };
	struct cf_elf e;

	make_elf64(one);
	memcpy(f, one, 0x40);
	for (size_t i = 0; i < N; i++)
		memcpy(f + 0x40 + i * 0x38, one + 0x40, 0x38);
	f[0x38] = N;
	assert_status(
		COFFER_ERR_UNSUPPORTED, cf_elf_parse(f, sizeof(f), &e, &err));
	assert_message("more than 16");
	f[0x38] = N - 1;
	assert_ok(cf_elf_parse(f, sizeof(f), &e, &err));
	assert_int_equal(e.nsegments, 16);
}

static void test_elf_truncated_anywhere_is_refused(void **state)
{
	uint8_t f[ELF_LEN];
	struct cf_elf e;

	make_elf64(f);
	for (size_t n = 0; n < 0x1b4; n++)
		assert_true(cf_elf_parse(f, n, &e, &err) != COFFER_OK);
	assert_ok(cf_elf_parse(f, 0x1b4, &e, &err));
}

static void test_multiboot_elf_is_read(void **state)
{
	uint8_t f[ELF_LEN];
	struct cf_multiboot k;

	make_elf32(f);
	assert_true(cf_multiboot_is(f, sizeof(f)));
	assert_ok(cf_multiboot_parse(f, sizeof(f), &k, &err));
	assert_int_equal(k.header_at, 0x100);
	assert_int_equal(k.flags, 3);
	assert_int_equal(k.elf.entry, 0x10000c);
	assert_int_equal(k.elf.nsegments, 1);
	assert_int_equal(k.elf.segment[0].paddr, 0x100000);
	assert_int_equal(k.elf.segment[0].len, 0x80);
	assert_int_equal(k.elf.segment[0].mem_len, 0x200);
}

static void test_multiboot_address_fields_are_obeyed(void **state)
{
	uint8_t f[ELF_LEN];
	struct cf_multiboot k;

	make_flat(f);
	assert_ok(cf_multiboot_parse(f, sizeof(f), &k, &err));
	assert_int_equal(k.elf.entry, 0x100040);
	assert_ptr_equal(k.elf.segment[0].bytes, f + 0x10);
	assert_int_equal(k.elf.segment[0].paddr, 0x100000);
	assert_int_equal(k.elf.segment[0].len, 0x100);
	assert_int_equal(k.elf.segment[0].mem_len, 0x180);
	put(f + 0x34, "0000000000000000"); /* all of the file, no bss */
	assert_ok(cf_multiboot_parse(f, sizeof(f), &k, &err));
	assert_int_equal(k.elf.segment[0].len, ELF_LEN - 0x10);
	assert_int_equal(k.elf.segment[0].mem_len, ELF_LEN - 0x10);
}

static void test_multiboot_header_is_found_in_8_kib_only(void **state)
{
	static uint8_t f[3 * CF_PAGE_SIZE];
	static const char header[] = "02b0ad1b00000000fe4f52e4";

	put(f + 8192 - 12, header);
	assert_true(cf_multiboot_is(f, sizeof(f)));
	assert_false(cf_multiboot_is(f, 8192 - 1));
	memset(f, 0, sizeof(f));
	put(f + 8192 - 8, header);
	assert_false(cf_multiboot_is(f, sizeof(f)));
	memset(f, 0, sizeof(f));
	put(f + 6, header); /* not aligned */
	assert_false(cf_multiboot_is(f, sizeof(f)));
}

static enum coffer_status parse_multiboot(
	const uint8_t *bytes, size_t len, struct coffer_error *e)
{
	struct cf_multiboot parsed;

	return cf_multiboot_parse(bytes, len, &parsed, e);
}

static void test_multiboot_refuses_each_mangled_field(void **state)
{
	static const struct mangle cases[] = {
		{ 0x20, "03", COFFER_ERR_FORMAT, "no multiboot header" },
		{ 0x28, "fc", COFFER_ERR_FORMAT, "no multiboot header" },
		{ 0x24, "0b000100f3", COFFER_ERR_UNSUPPORTED, "0x1000b" },
		{ 0x24, "03000000fb4f52", COFFER_ERR_FORMAT, "not ELF" },
		{ 0x2c, "ffff0f", COFFER_ERR_FORMAT, "before the file" },
		{ 0x2c, "21", COFFER_ERR_FORMAT, "before the file" },
		{ 0x34, "ffff0f", COFFER_ERR_FORMAT, "load end 0xfffff" },
		{ 0x34, "f10110", COFFER_ERR_TRUNCATED, "0x1001f1" },
		{ 0x38, "ff0010", COFFER_ERR_FORMAT, "bss end 0x1000ff" },
	};
	uint8_t f[ELF_LEN];
	struct cf_multiboot k;

	make_flat(f);
	assert_mangled(
		f, sizeof(f), cases, CF_ARRAY_LEN(cases), parse_multiboot);
	for (size_t n = 0; n < 0x110; n++)
		assert_true(cf_multiboot_parse(f, n, &k, &err) != COFFER_OK);
	assert_ok(cf_multiboot_parse(f, 0x110, &k, &err));
}

static void test_multiboot_in_a_64_bit_elf_is_refused(void **state)
{
	uint8_t f[ELF_LEN];
	struct cf_multiboot k;

	make_elf64(f);
	put(f + 0x100, "02b0ad1b03000000fb4f52e4");
	assert_status(COFFER_ERR_UNSUPPORTED,
		cf_multiboot_parse(f, sizeof(f), &k, &err));
	assert_message("64-bit ELF");
}

#define KERNEL_LEN 0x2000

/* The header fields of Debian's 6.1 kernel, but three setup sectors. */
static void make_kernel(uint8_t k[KERNEL_LEN])
{
	memset(k, 0, KERNEL_LEN);
	k[0x1f1] = 3;
	put(k + 0x1fe, "55aaeb6a486472530f02");
	k[0x211] = 1;
	put(k + 0x214, "00001000");
	put(k + 0x22c, "ffffff7f0000200001157f00ff070000");
	put(k + 0x248, "0001000000100000");
	put(k + 0x258, "000000010000000000803703");
}

static void test_bzimage_header_is_read(void **state)
{
	uint8_t k[KERNEL_LEN];
	struct cf_bzimage b;

	make_kernel(k);
	assert_ok(cf_bzimage_parse(k, sizeof(k), &b, &err));
	assert_int_equal(b.protocol, 0x20f);
	assert_int_equal(b.header_end, 0x26c);
	assert_int_equal(b.setup_len, 2048);
	assert_int_equal(b.kernel_len, KERNEL_LEN - 2048);
	assert_int_equal(b.xloadflags, 0x7f);
	assert_true(b.relocatable);
	assert_int_equal(b.kernel_alignment, 0x200000);
	assert_int_equal(b.cmdline_size, 0x7ff);
	assert_int_equal(b.initrd_addr_max, 0x7fffffff);
	assert_int_equal(b.pref_address, 0x1000000);
	assert_int_equal(b.init_size, 0x3378000);
	k[0x1f1] = 0; /* means four */
	assert_ok(cf_bzimage_parse(k, sizeof(k), &b, &err));
	assert_int_equal(b.setup_len, 5 * 512);
	k[0x206] = 0x09; /* before pref_address */
	assert_ok(cf_bzimage_parse(k, sizeof(k), &b, &err));
	assert_int_equal(b.pref_address, 0x100000);
	assert_int_equal(b.init_size, 0);
}

static enum coffer_status parse_bzimage(
	const uint8_t *bytes, size_t len, struct coffer_error *e)
{
	struct cf_bzimage parsed;

	return cf_bzimage_parse(bytes, len, &parsed, e);
}

static void test_bzimage_refuses_each_mangled_field(void **state)
{
	static const struct mangle cases[] = {
		{ 0x1fe, "00", COFFER_ERR_FORMAT, "not a bzImage" },
		{ 0x202, "00", COFFER_ERR_FORMAT, "not a bzImage" },
		{ 0x206, "05", COFFER_ERR_UNSUPPORTED, "2.05" },
		{ 0x201, "8f", COFFER_ERR_FORMAT, "0x291" },
		{ 0x201, "10", COFFER_ERR_FORMAT, "0x212" },
		{ 0x1f1, "0f", COFFER_ERR_TRUNCATED, "setup part" },
		{ 0x211, "00", COFFER_ERR_UNSUPPORTED, "zImage" },
		{ 0x230, "01", COFFER_ERR_FORMAT, "power of two" },
		{ 0x248, "ffffffff", COFFER_ERR_TRUNCATED, "payload" },
		{ 0x258, "ffffffffffffffff", COFFER_ERR_FORMAT, "wrap" },
	};
	uint8_t k[KERNEL_LEN];
	struct cf_bzimage b;

	make_kernel(k);
	assert_mangled(k, sizeof(k), cases, CF_ARRAY_LEN(cases), parse_bzimage);
	for (size_t n = 0; n < sizeof(k); n++)
		if (!cf_bzimage_parse(k, n, &b, &err))
			assert_true(n >= 2048 + 0x1100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elf_segments_and_pvh_entry_are_read),
		cmocka_unit_test(
			test_elf_note_of_another_name_or_type_is_no_entry),
		cmocka_unit_test(test_elf_refuses_each_mangled_field),
		cmocka_unit_test(test_elf_has_a_limit_of_segments),
		cmocka_unit_test(test_elf_truncated_anywhere_is_refused),
		cmocka_unit_test(test_multiboot_elf_is_read),
		cmocka_unit_test(test_multiboot_address_fields_are_obeyed),
		cmocka_unit_test(test_multiboot_header_is_found_in_8_kib_only),
		cmocka_unit_test(test_multiboot_refuses_each_mangled_field),
		cmocka_unit_test(test_multiboot_in_a_64_bit_elf_is_refused),
		cmocka_unit_test(test_bzimage_header_is_read),
		cmocka_unit_test(test_bzimage_refuses_each_mangled_field),
	};

	return cmocka_run_group_tests_name("kernel_formats", tests, NULL, NULL);
}
