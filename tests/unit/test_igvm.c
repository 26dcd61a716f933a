/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IGVM reader and writer: whole files.  Test files come from the shared
 * vectors (written by microsoft/igvm's serializer) and from the layout that
 * the specification notes derive for the C API's test data.
 */
#include "test.h"
#include "test_igvm.h"

#include "crypto/crypto.h"

#include <zlib.h>

static struct coffer_error err;

static void test_writer_makes_the_c_api_test_file(void **state)
{
	static const char *const want[] = {
		"effc7663b1f9669b6534453ad5e26f5f"
		"29d16cd9f3c953b24cd45858b23dd215",
		"79650db91577fa2ee586683571f0e04c"
		"7a76dc9849bcad07b2dcd216a55903b8",
	};
	uint8_t digest[32];
	char hex[65];

	for (unsigned version = 1; version <= 2; version++) {
		struct cf_buf file = { 0 };

		igvm_api_test_file(version, &file);
		assert_ok(cf_sha256(file.data, file.len, digest, &err));
		cf_hex(hex, digest, sizeof(digest));
		assert_string_equal(hex, want[version - 1]);
		cf_buf_finish(&file);
	}
}

static void test_reader_counts_and_decodes(void **state)
{
	struct cf_buf bytes = { 0 };
	struct cf_igvm *f = NULL;
	struct cf_igvm_header h;

	igvm_api_test_file(1, &bytes);
	assert_ok(cf_igvm_parse(bytes.data, bytes.len, &f, &err));
	assert_int_equal(cf_igvm_format_version(f), 1);
	assert_int_equal(cf_igvm_arch(f), CF_IGVM_X64);
	assert_int_equal(cf_igvm_count(f, CF_IGVM_PLATFORMS), 1);
	assert_int_equal(cf_igvm_count(f, CF_IGVM_INITIALIZATIONS), 2);
	assert_int_equal(cf_igvm_count(f, CF_IGVM_DIRECTIVES), 11);
	assert_int_equal(cf_igvm_mask_of(f, CF_IGVM_VSM_ISOLATION), 1);
	assert_int_equal(cf_igvm_mask_of(f, CF_IGVM_SEV_SNP), 0);
	cf_igvm_get(f, CF_IGVM_INITIALIZATIONS, 1, &h);
	assert_int_equal(h.type, CF_IGVM_GUEST_POLICY);
	assert_int_equal(h.compatibility_mask, 2);
	assert_int_equal(h.u.policy.policy, 0x30000);
	cf_igvm_get(f, CF_IGVM_DIRECTIVES, 3, &h);
	assert_int_equal(h.type, CF_IGVM_PAGE_DATA);
	assert_int_equal(h.u.page.gpa, 4 * 4096);
	assert_int_equal(h.data_len, 4096);
	assert_ptr_equal(h.data, bytes.data + 0x31A0);
	cf_igvm_get(f, CF_IGVM_DIRECTIVES, 8, &h);
	assert_int_equal(h.type, CF_IGVM_PARAMETER_AREA);
	assert_null(h.data);
	cf_igvm_destroy(f);
	cf_buf_finish(&bytes);
}

static void copy_section(const struct cf_igvm *f, enum cf_igvm_section s,
	struct cf_igvm_writer *w)
{
	struct cf_igvm_header h;

	for (size_t i = 0; i < cf_igvm_count(f, s); i++) {
		cf_igvm_get(f, s, i, &h);
		assert_ok(cf_igvm_writer_add(w, &h, &err));
	}
}

static void rewrite(const struct cf_igvm *f, struct cf_buf *out)
{
	struct cf_igvm_writer *w;

	assert_ok(cf_igvm_writer_create(
		cf_igvm_format_version(f), cf_igvm_arch(f), &w, &err));
	for (unsigned s = 0; s < CF_IGVM_NSECTIONS; s++)
		copy_section(f, s, w);
	assert_ok(cf_igvm_writer_finish(w, out, &err));
	cf_igvm_writer_destroy(w);
}

/* Files of microsoft/igvm's serializer come back byte for byte. */
static void test_files_of_the_reference_come_back(void **state)
{
	static const char *const names[] = { "capi_basic", "native_one_page",
		"snp_two_pages", "v2_aarch64_vbs", "v2_corim", "v2_x64_vbs",
		"x_snp_page_types", "x_tdx_params_unmeasured" };

	for (size_t i = 0; i < CF_ARRAY_LEN(names); i++) {
		struct cf_buf out = { 0 };
		struct cf_igvm *f = NULL;
		struct cf_mapping m;

		if (!igvm_map_vector(names[i], &m))
			skip();
		assert_ok(cf_igvm_parse(m.data, m.len, &f, &err));
		rewrite(f, &out);
		assert_int_equal(out.len, m.len);
		assert_memory_equal(out.data, m.data, m.len);
		cf_igvm_destroy(f);
		cf_unmap_file(&m);
		cf_buf_finish(&out);
	}
}

static void test_every_truncation_is_refused(void **state)
{
	struct cf_buf bytes = { 0 };
	struct cf_igvm *f = NULL;

	igvm_api_test_file(1, &bytes);
	for (size_t len = 0; len < bytes.len; len++) {
		/* An own allocation, so that a read past it is seen. */
		uint8_t *cut = cf_dup(bytes.data, len);

		assert_status(COFFER_ERR_TRUNCATED,
			cf_igvm_parse(cut, len, &f, &err));
		free(cut);
	}
	assert_null(f);
	cf_buf_finish(&bytes);
}

static void test_every_flipped_header_bit_is_refused(void **state)
{
	struct cf_buf bytes = { 0 };
	struct cf_igvm *f = NULL;

	igvm_api_test_file(2, &bytes);
	for (size_t bit = 0; bit < 0x1A8 * 8; bit++) {
		bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (cf_igvm_parse(bytes.data, bytes.len, &f, &err) == COFFER_OK)
			fail_msg("bit %zu flipped: accepted", bit);
		bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cf_buf_finish(&bytes);
}

static void test_fixed_header_errors_name_the_field(void **state)
{
	static const struct {
		unsigned version;
		size_t at;
		uint32_t value;
		enum coffer_status status;
		const char *text;
	} cases[] = {
		{ 1, 0x00, 0x4D56474A, COFFER_ERR_FORMAT,
			"magic 0x4d56474a at 0x0: must be 0x4d564749" },
		{ 1, 0x04, 3, COFFER_ERR_FORMAT,
			"format_version 0x3 at 0x4: must be 1 or 2" },
		{ 1, 0x04, 0, COFFER_ERR_FORMAT, "format_version 0x0 at 0x4" },
		{ 1, 0x08, 16, COFFER_ERR_FORMAT,
			"variable_header_offset 0x10 at 0x8: must not lie "
			"inside the fixed header" },
		{ 1, 0x08, 28, COFFER_ERR_FORMAT,
			"variable_header_offset 0x1c at 0x8: must be a "
			"multiple of 8" },
		{ 1, 0x08, 0xFFFFFFF8, COFFER_ERR_FORMAT,
			"variable headers must end inside the file" },
		{ 1, 0x0C, 0xFFFFFFF8, COFFER_ERR_FORMAT,
			"variable_header_size 0xfffffff8 at 0xc: variable "
			"headers must end inside the file" },
		{ 1, 0x10, 16799, COFFER_ERR_FORMAT,
			"total_file_size 0x419f at 0x10: must be the length "
			"of the file, 0x41a0" },
		{ 1, 0x10, 16801, COFFER_ERR_TRUNCATED, "cut short" },
		{ 1, 0x14, 0x2364C521, COFFER_ERR_FORMAT,
			"checksum 0x2364c521 at 0x14: must be 0x2364c520" },
		{ 2, 0x18, 2, COFFER_ERR_FORMAT,
			"architecture 0x2 at 0x18: must be 0 (X64) or 1" },
		{ 2, 0x1C, 16384, COFFER_ERR_UNSUPPORTED,
			"page_size 0x4000 at 0x1c: only 4096" },
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(cases); i++) {
		struct cf_buf bytes = { 0 };
		struct cf_igvm *f = NULL;

		igvm_api_test_file(cases[i].version, &bytes);
		cf_store_le32(bytes.data + cases[i].at, cases[i].value);
		assert_status(cases[i].status,
			cf_igvm_parse(bytes.data, bytes.len, &f, &err));
		assert_message(cases[i].text);
		cf_buf_finish(&bytes);
	}
}

static void test_damaged_vectors_are_refused(void **state)
{
	static const char *const names[] = { "reject_empty",
		"reject_first16_upstream", "reject_truncated_half",
		"reject_varhdr_bitflip", "reject_version3" };

	for (size_t i = 0; i < CF_ARRAY_LEN(names); i++) {
		struct cf_igvm *f = NULL;
		struct cf_mapping m;

		if (!igvm_map_vector(names[i], &m))
			skip();
		assert_int_not_equal(
			cf_igvm_parse(m.data, m.len, &f, &err), COFFER_OK);
		cf_unmap_file(&m);
	}
}

static void test_files_of_other_writers_are_read(void **state)
{
	static const struct {
		const char *name;
		size_t count[CF_IGVM_NSECTIONS];
	} cases[] = {
		{ "tool_bz_x86_acpitest", { 1, 1, 151 } },
		{ "tool_bz2_x86", { 1, 1, 379 } },
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(cases); i++) {
		struct cf_igvm *f = NULL;
		struct cf_mapping m;

		if (!igvm_map_vector(cases[i].name, &m))
			skip();
		assert_ok(cf_igvm_parse(m.data, m.len, &f, &err));
		for (unsigned s = 0; s < CF_IGVM_NSECTIONS; s++)
			assert_int_equal(
				cf_igvm_count(f, s), cases[i].count[s]);
		cf_igvm_destroy(f);
		cf_unmap_file(&m);
	}
}

static void test_optional_headers_are_skipped_and_kept(void **state)
{
	static const uint8_t content[5] = { 1, 2, 3, 4, 5 };
	/* In the range of directives, and outside all ranges. */
	static const uint32_t types[] = { 0x3F0, 0x250 };

	for (size_t i = 0; i < CF_ARRAY_LEN(types); i++) {
		struct cf_igvm_header h = { .type = types[i],
			.optional = true,
			.u.opaque = { content, sizeof(content) } };
		struct cf_buf bytes = { 0 }, again = { 0 };
		struct cf_igvm *f = NULL;
		struct cf_igvm_writer *w;

		w = igvm_writer_with_platform(CF_IGVM_SEV_SNP);
		igvm_add_page(w, 0x1000, 7);
		assert_ok(cf_igvm_writer_add(w, &h, &err));
		igvm_add_page(w, 0x2000, 8);
		assert_ok(cf_igvm_writer_finish(w, &bytes, &err));
		cf_igvm_writer_destroy(w);
		assert_ok(cf_igvm_parse(bytes.data, bytes.len, &f, &err));
		assert_int_equal(cf_igvm_count(f, CF_IGVM_DIRECTIVES), 3);
		cf_igvm_get(f, CF_IGVM_DIRECTIVES, 1, &h);
		assert_int_equal(h.type, types[i]);
		assert_true(h.optional);
		assert_int_equal(h.u.opaque.len, sizeof(content));
		assert_memory_equal(h.u.opaque.bytes, content, sizeof(content));
		rewrite(f, &again);
		assert_int_equal(again.len, bytes.len);
		assert_memory_equal(again.data, bytes.data, bytes.len);
		cf_igvm_destroy(f);
		cf_buf_finish(&bytes);
		cf_buf_finish(&again);
	}
}

static void test_a_file_without_data_is_valid(void **state)
{
	struct cf_igvm_writer *w = igvm_writer_with_platform(CF_IGVM_NATIVE);
	struct cf_buf bytes = { 0 };
	struct cf_igvm *f = NULL;

	assert_ok(cf_igvm_writer_finish(w, &bytes, &err));
	assert_int_equal(bytes.len, 24 + 24);
	assert_ok(cf_igvm_parse(bytes.data, bytes.len, &f, &err));
	cf_igvm_destroy(f);
	cf_igvm_writer_destroy(w);
	cf_buf_finish(&bytes);
}

static void test_a_2mib_page_has_2mib_of_data(void **state)
{
	struct cf_igvm_writer *w = igvm_writer_with_platform(CF_IGVM_SEV_SNP);
	static uint8_t page[2 << 20];
	struct cf_igvm_header h = { .type = CF_IGVM_PAGE_DATA,
		.compatibility_mask = 1,
		.data = page,
		.data_len = sizeof(page),
		.u.page = { .gpa = 2 << 20, .flags = CF_IGVM_PAGE_2MB } };
	struct cf_buf bytes = { 0 };
	struct cf_igvm *f = NULL;

	page[sizeof(page) - 1] = 0xEE;
	assert_ok(cf_igvm_writer_add(w, &h, &err));
	assert_ok(cf_igvm_writer_finish(w, &bytes, &err));
	assert_ok(cf_igvm_parse(bytes.data, bytes.len, &f, &err));
	cf_igvm_get(f, CF_IGVM_DIRECTIVES, 0, &h);
	assert_int_equal(h.data_len, sizeof(page));
	assert_memory_equal(h.data, page, sizeof(page));
	cf_igvm_destroy(f);
	cf_igvm_writer_destroy(w);
	cf_buf_finish(&bytes);
}

static void test_writer_refuses_what_cannot_be_written(void **state)
{
	struct cf_igvm_writer *w = NULL;
	uint8_t big[4097] = { 0 };
	struct cf_igvm_header page = {
		.type = CF_IGVM_PAGE_DATA, .data = big, .data_len = sizeof(big)
	};
	struct cf_igvm_header vp = { .type = CF_IGVM_VP_CONTEXT,
		.compatibility_mask = 1,
		.data = big,
		.data_len = 4096 };
	struct cf_igvm_header unknown = { .type = 0x3F0 };
	struct cf_buf out = { 0 };

	assert_status(COFFER_ERR_ARGUMENT,
		cf_igvm_writer_create(3, CF_IGVM_X64, &w, &err));
	assert_status(COFFER_ERR_ARGUMENT,
		cf_igvm_writer_create(1, CF_IGVM_AARCH64, &w, &err));
	assert_ok(cf_igvm_writer_create(1, CF_IGVM_X64, &w, &err));
	assert_status(COFFER_ERR_ARGUMENT, cf_igvm_writer_add(w, &page, &err));
	assert_message("PAGE_DATA: 4097 bytes of data, room for 4096");
	assert_status(COFFER_ERR_STATE, cf_igvm_writer_add(w, &vp, &err));
	assert_message("no platform with mask 0x1");
	assert_status(
		COFFER_ERR_ARGUMENT, cf_igvm_writer_add(w, &unknown, &err));
	assert_status(COFFER_ERR_FORMAT, cf_igvm_writer_finish(w, &out, &err));
	assert_message("no SUPPORTED_PLATFORM");
	assert_int_equal(out.len, 0);
	cf_igvm_writer_destroy(w);
	cf_buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writer_makes_the_c_api_test_file),
		cmocka_unit_test(test_reader_counts_and_decodes),
		cmocka_unit_test(test_files_of_the_reference_come_back),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(test_every_flipped_header_bit_is_refused),
		cmocka_unit_test(test_fixed_header_errors_name_the_field),
		cmocka_unit_test(test_damaged_vectors_are_refused),
		cmocka_unit_test(test_files_of_other_writers_are_read),
		cmocka_unit_test(test_optional_headers_are_skipped_and_kept),
		cmocka_unit_test(test_a_file_without_data_is_valid),
		cmocka_unit_test(test_a_2mib_page_has_2mib_of_data),
		cmocka_unit_test(test_writer_refuses_what_cannot_be_written),
	};

	return cmocka_run_group_tests_name("igvm", tests, NULL, NULL);
}
