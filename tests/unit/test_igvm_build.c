/* SPDX-License-Identifier: Apache-2.0 */
/* What a built file holds besides the firmware. */
#include "test.h"
#include "test_igvmkit.h"

#include "image/image.h"

static struct coffer_error err;
static uint8_t image[KIT_IMAGE_LEN];

static struct cf_build_params params_for(
	enum cf_igvm_platform_type type, bool hashes)
{
	kit_image_with(image, hashes);
	return (struct cf_build_params) {
		.firmware = image,
		.firmware_len = sizeof(image),
		.platform[0].type = type,
		.nplatforms = 1,
		.vcpus = 1,
	};
}

static struct cf_igvm *build(
	const struct cf_build_params *p, struct cf_buf *bytes)
{
	struct cf_igvm *file = NULL;

	assert_ok(cf_build_from_firmware(p, bytes, &err));
	assert_ok(cf_igvm_parse(bytes->data, bytes->len, &file, &err));
	return file;
}

/* The PAGE_DATA header at an address, for one platform. */
static bool find_page(const struct cf_igvm *f, uint32_t mask, uint64_t gpa,
	struct cf_igvm_header *out)
{
	for (size_t i = 0; i < cf_igvm_count(f, CF_IGVM_DIRECTIVES); i++) {
		cf_igvm_get(f, CF_IGVM_DIRECTIVES, i, out);
		if (out->type == CF_IGVM_PAGE_DATA &&
			out->compatibility_mask & mask &&
			out->u.page.gpa == gpa)
			return true;
	}
	return false;
}

/* "kernel" and no initial RAM disk or command line. */
static struct cf_kernel_hashes some_hashes(void)
{
	struct cf_kernel_hashes h;

	assert_ok(cf_kernel_hashes_make(
		(const uint8_t *)"kernel", 6, NULL, 0, NULL, &h, &err));
	return h;
}

/* Table GUID, length 168, then three entries; section 5.4 of the notes. */
static void test_kernel_hashes_lie_where_firmware_looks(void **state)
{
	static const enum cf_igvm_platform_type types[] = { CF_IGVM_SEV_SNP,
		CF_IGVM_SEV_ES, CF_IGVM_SEV };
	struct cf_kernel_hashes hashes = some_hashes();
	uint8_t guid[16];

	assert_true(cf_guid_from_text(
		"9438d606-4f22-4cc9-b479-a793d411fd21", guid));
	for (size_t i = 0; i < CF_ARRAY_LEN(types); i++) {
		struct cf_build_params p = params_for(types[i], true);
		struct cf_buf bytes = { 0 };
		struct cf_igvm_header h;
		struct cf_igvm *f;

		p.hashes = &hashes;
		f = build(&p, &bytes);
		assert_true(find_page(f, 1, 0x811000, &h));
		assert_int_equal(h.u.page.data_type, CF_IGVM_PAGE_NORMAL);
		assert_int_equal(h.u.page.flags, 0);
		assert_true(cf_is_zero(h.data, 0xc00));
		assert_memory_equal(h.data + 0xc00, guid, 16);
		assert_int_equal(cf_load_le16(h.data + 0xc10), 168);
		assert_memory_equal(
			h.data + 0xc00 + 0x76 + 18, hashes.kernel, 32);
		assert_true(cf_is_zero(h.data + 0xc00 + 176, 0x400 - 176));
		cf_igvm_destroy(f);
		cf_buf_finish(&bytes);
	}
}

static void test_without_hashes_their_page_is_empty(void **state)
{
	struct cf_build_params p = params_for(CF_IGVM_SEV_SNP, true);
	struct cf_buf bytes = { 0 };
	struct cf_igvm *f = build(&p, &bytes);
	struct cf_igvm_header h;

	assert_true(find_page(f, 1, 0x811000, &h));
	assert_null(h.data);
	cf_igvm_destroy(f);
	cf_buf_finish(&bytes);
}

static void assert_refused(const struct cf_build_params *p, const char *text)
{
	struct cf_buf bytes = { 0 };

	assert_int_not_equal(
		cf_build_from_firmware(p, &bytes, &err), COFFER_OK);
	assert_message(text);
	cf_buf_finish(&bytes);
}

static void test_firmware_without_a_place_for_hashes_is_refused(void **state)
{
	struct cf_kernel_hashes hashes = some_hashes();
	struct cf_build_params p = params_for(CF_IGVM_SEV_SNP, false);

	p.hashes = &hashes;
	assert_refused(&p, "its SEV metadata has no page for kernel hashes");
	p.platform[0].type = CF_IGVM_SEV;
	assert_refused(&p, "no place for kernel hashes");
}

static void test_parameters_come_first_and_are_inserted(void **state)
{
	static const uint32_t want[] = { CF_IGVM_PARAMETER_AREA,
		CF_IGVM_VP_COUNT_PARAMETER, CF_IGVM_MEMORY_MAP,
		CF_IGVM_PARAMETER_AREA, CF_IGVM_MADT, CF_IGVM_PARAMETER_INSERT,
		CF_IGVM_PARAMETER_INSERT, CF_IGVM_PAGE_DATA };
	struct cf_build_params p = params_for(CF_IGVM_SEV, false);
	struct cf_buf bytes = { 0 };
	struct cf_igvm_header h;
	struct cf_igvm *f;

	p.platform[1].type = CF_IGVM_NATIVE;
	p.nplatforms = 2;
	p.area[0] = (struct cf_build_area) { 0x10000, 0x2000,
		{ { CF_IGVM_VP_COUNT_PARAMETER, 0 },
			{ CF_IGVM_MEMORY_MAP, 0x1000 } },
		2 };
	p.area[1] = (struct cf_build_area) { 0x20000, 0x1000,
		{ { CF_IGVM_MADT, 8 } }, 1 };
	p.nareas = 2;
	f = build(&p, &bytes);
	for (size_t i = 0; i < CF_ARRAY_LEN(want); i++) {
		cf_igvm_get(f, CF_IGVM_DIRECTIVES, i, &h);
		assert_int_equal(h.type, want[i]);
	}
	cf_igvm_get(f, CF_IGVM_DIRECTIVES, 2, &h);
	assert_int_equal(h.u.parameter.index, 0);
	assert_int_equal(h.u.parameter.byte_offset, 0x1000);
	cf_igvm_get(f, CF_IGVM_DIRECTIVES, 6, &h);
	assert_int_equal(h.u.parameter_insert.gpa, 0x20000);
	assert_int_equal(h.u.parameter_insert.index, 1);
	assert_int_equal(h.compatibility_mask, 3);
	cf_igvm_destroy(f);
	cf_buf_finish(&bytes);
	p.area[1].use[0].offset = 0x1000;
	assert_refused(&p, "parameter at offset 0x1000: must lie in its area");
	p.area[1].use[0].offset = 0;
	p.area[1].gpa = 0x20800;
	assert_refused(&p, "must be a multiple of 4096");
}

/* Follow the tables as a processor does. */
static uint64_t walk(
	const struct cf_igvm *f, uint64_t cr3, uint64_t va, uint64_t *page_size)
{
	uint64_t at = cr3, entry = 0;
	struct cf_igvm_header h;

	for (unsigned shift = 39; shift >= 21; shift -= 9) {
		assert_true(find_page(f, 1, at, &h));
		entry = cf_load_le64(h.data + 8 * (va >> shift & 511));
		assert_int_equal(entry & 3, 3);
		*page_size = UINT64_C(1) << shift;
		if (entry & 0x80)
			return (entry & 0x000FFFFFFFFFF000) |
				(va & (*page_size - 1));
		at = entry & 0x000FFFFFFFFFF000;
	}
	return UINT64_MAX;
}

static void test_native_entry_has_memory_mapped_to_itself(void **state)
{
	static const uint64_t addresses[] = { 0, 0x1234, 0x3fffffff, 0x40000000,
		0xffffe000, 0xffffffff };
	struct cf_build_params p = params_for(CF_IGVM_NATIVE, false);
	struct cf_buf bytes = { 0 };
	struct cf_cpu_state s;
	struct cf_igvm_header h;
	struct cf_igvm *f;
	uint64_t size;

	p.has_native_entry = true;
	p.native_entry = 0xffffe000;
	p.page_tables = 0x8000;
	f = build(&p, &bytes);
	assert_int_equal(cf_igvm_format_version(f), 2);
	cf_igvm_get(f, CF_IGVM_DIRECTIVES,
		cf_igvm_count(f, CF_IGVM_DIRECTIVES) - 1, &h);
	assert_int_equal(h.type, CF_IGVM_VP_CONTEXT);
	assert_ok(cf_native_context_decode(h.data, h.data_len, &s, &err));
	assert_int_equal(s.rip, 0xffffe000);
	assert_int_equal(s.cr3, 0x8000);
	assert_int_equal(s.cr0, 0x80000031);
	assert_int_equal(s.cr4, 0x20);
	assert_int_equal(s.efer, 0x500);
	assert_int_equal(s.seg[CF_SEG_CS].attrib & 0x200, 0x200);
	for (size_t i = 0; i < CF_ARRAY_LEN(addresses); i++)
		assert_int_equal(
			walk(f, s.cr3, addresses[i], &size), addresses[i]);
	assert_int_equal(size, 2 << 20);
	cf_igvm_destroy(f);
	cf_buf_finish(&bytes);
}

static void test_impossible_native_entries_are_refused(void **state)
{
	struct cf_build_params p = params_for(CF_IGVM_SEV, false);

	p.has_native_entry = true;
	p.native_entry = 0xffffe000;
	p.page_tables = 0x8000;
	assert_refused(&p, "a native entry needs platform native");
	p.platform[0].type = CF_IGVM_NATIVE;
	p.page_tables = 0x8800;
	assert_refused(&p, "page tables at 0x8800: must be whole pages");
	p.page_tables = 0xffffa000;
	assert_refused(&p, "below the firmware at 0xffffd000");
	p.page_tables = 0x8000;
	p.native_entry = 0x100000000;
	assert_refused(&p, "must lie below 4 GiB");
}

static void test_parameters_have_names(void **state)
{
	assert_int_equal(cf_build_parameter_type("vp-count"), 0x307);
	assert_int_equal(cf_build_parameter_type("memory-map"), 0x30C);
	assert_int_equal(cf_build_parameter_type("environment"), 0x313);
	assert_int_equal(cf_build_parameter_type("page-data"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel_hashes_lie_where_firmware_looks),
		cmocka_unit_test(test_without_hashes_their_page_is_empty),
		cmocka_unit_test(
			test_firmware_without_a_place_for_hashes_is_refused),
		cmocka_unit_test(test_parameters_come_first_and_are_inserted),
		cmocka_unit_test(test_native_entry_has_memory_mapped_to_itself),
		cmocka_unit_test(test_impossible_native_entries_are_refused),
		cmocka_unit_test(test_parameters_have_names),
	};

	return cmocka_run_group_tests_name("igvm_build", tests, NULL, NULL);
}
