/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libigvm as a program outside sees it: its header, the shared library and
 * nothing else of this project.  The file is put together here by hand; it
 * has the content of the reference library's C API test data, whose checksum
 * the specification notes give.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#ifdef LIBIGVM_INSTALLED
#include <igvm/igvm.h>
#else
#include "libigvm/igvm/igvm.h"
#endif

#define HEADERS_SIZE 0x188u
#define DATA_AT      (24u + HEADERS_SIZE)
#define FILE_SIZE    (DATA_AT + 4u * 4096u)

static uint8_t file[FILE_SIZE];

/* Append a variable header; this machine is little-endian like the file. */
static size_t add(size_t at, uint32_t type, const void *header, uint32_t size)
{
	IGVM_VHS_VARIABLE_HEADER prefix = { type, size };

	memcpy(file + at, &prefix, sizeof(prefix));
	memcpy(file + at + sizeof(prefix), header, size);
	return at + sizeof(prefix) + size;
}

static void make_file(void)
{
	static const uint8_t page_number[] = { 0, 1, 2, 4, 10, 11, 12, 14 };
	const IGVM_FIXED_HEADER fixed = { IGVM_MAGIC_VALUE, 1, 24, HEADERS_SIZE,
		FILE_SIZE, 0x2364C520 };
	const IGVM_VHS_SUPPORTED_PLATFORM platform = { 1, 0,
		IGVM_PLATFORM_TYPE_VSM_ISOLATION, 1, 0 };
	const IGVM_VHS_PARAMETER_AREA area = { 4096, 0, 0 };
	const IGVM_VHS_PARAMETER count = { 0, 0 };
	const IGVM_VHS_PARAMETER_INSERT insert = { 20 * 4096, 1, 0 };
	size_t at = sizeof(fixed);

	memcpy(file, &fixed, sizeof(fixed));
	at = add(at, IGVM_VHT_SUPPORTED_PLATFORM, &platform, sizeof(platform));
	for (uint32_t mask = 1; mask <= 2; mask++) {
		IGVM_VHS_GUEST_POLICY policy = { 0x30000, mask, 0 };

		at = add(at, IGVM_VHT_GUEST_POLICY, &policy, sizeof(policy));
	}
	for (uint32_t i = 0; i < 8; i++) {
		IGVM_VHS_PAGE_DATA page = { .gpa = page_number[i] * 4096u,
			.compatibility_mask = 1,
			.file_offset = DATA_AT + i % 4 * 4096 };

		at = add(at, IGVM_VHT_PAGE_DATA, &page, sizeof(page));
	}
	at = add(at, IGVM_VHT_PARAMETER_AREA, &area, sizeof(area));
	at = add(at, IGVM_VHT_VP_COUNT_PARAMETER, &count, sizeof(count));
	at = add(at, IGVM_VHT_PARAMETER_INSERT, &insert, sizeof(insert));
	assert_int_equal(at, DATA_AT);
	for (int i = 0; i < 4; i++)
		memset(file + DATA_AT + i * 4096, i + 1, 4096);
}

static IgvmHandle open_file(void)
{
	IgvmHandle igvm;

	make_file();
	igvm = igvm_new_from_binary(file, sizeof(file));
	assert_true(igvm > 0);
	/* The library keeps nothing of the caller's. */
	memset(file, 0xAA, sizeof(file));
	return igvm;
}

/* The structure of a header, in its buffer; checks what is in front. */
static const void *get(IgvmHandle igvm, IgvmHeaderSection section,
	uint32_t index, uint32_t type, uint32_t size)
{
	IgvmHandle buffer = igvm_get_header(igvm, section, index);
	const IGVM_VHS_VARIABLE_HEADER *h;

	assert_true(buffer > 0);
	h = (const void *)igvm_get_buffer(igvm, buffer);
	assert_non_null(h);
	assert_int_equal(h->typ, type);
	assert_int_equal(h->length, size);
	assert_int_equal(igvm_get_header_type(igvm, section, index), type);
	assert_int_equal(igvm_get_buffer_size(igvm, buffer),
		(int)((sizeof(*h) + size + 7) / 8 * 8));
	return h + 1;
}

static void test_garbage_is_refused(void **state)
{
	static const uint8_t garbage[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
		12, 13, 14, 15, 16 };

	assert_int_equal(igvm_new_from_binary(garbage, sizeof(garbage)),
		IGVMAPI_INVALID_FIXED_HEADER);
	assert_int_equal(
		igvm_new_from_binary(NULL, 0), IGVMAPI_INVALID_PARAMETER);
}

static void test_counts(void **state)
{
	IgvmHandle igvm = open_file();

	assert_int_equal(
		igvm_header_count(igvm, IGVM_HEADER_SECTION_PLATFORM), 1);
	assert_int_equal(
		igvm_header_count(igvm, IGVM_HEADER_SECTION_INITIALIZATION), 2);
	assert_int_equal(
		igvm_header_count(igvm, IGVM_HEADER_SECTION_DIRECTIVE), 11);
	assert_int_equal(igvm_header_count(igvm, 3), IGVMAPI_INVALID_PARAMETER);
	igvm_free(igvm);
	assert_int_equal(igvm_header_count(igvm, IGVM_HEADER_SECTION_PLATFORM),
		IGVMAPI_INVALID_HANDLE);
}

static void test_platform_and_policies(void **state)
{
	IgvmHandle igvm = open_file();
	const IGVM_VHS_SUPPORTED_PLATFORM *p;
	const IGVM_VHS_GUEST_POLICY *g;

	p = get(igvm, IGVM_HEADER_SECTION_PLATFORM, 0,
		IGVM_VHT_SUPPORTED_PLATFORM, sizeof(*p));
	assert_int_equal(p->platform_type, IGVM_PLATFORM_TYPE_VSM_ISOLATION);
	assert_int_equal(p->compatibility_mask, 1);
	assert_int_equal(p->platform_version, 1);
	assert_int_equal(p->highest_vtl, 0);
	assert_int_equal(p->shared_gpa_boundary, 0);
	for (uint32_t i = 0; i < 2; i++) {
		g = get(igvm, IGVM_HEADER_SECTION_INITIALIZATION, i,
			IGVM_VHT_GUEST_POLICY, sizeof(*g));
		assert_int_equal(g->policy, 0x30000);
		assert_int_equal(g->compatibility_mask, i + 1);
		assert_int_equal(g->reserved, 0);
	}
	igvm_free(igvm);
}

static void test_directives(void **state)
{
	IgvmHandle igvm = open_file();
	const IGVM_VHS_PAGE_DATA *page;
	const IGVM_VHS_PARAMETER_AREA *area;
	const IGVM_VHS_PARAMETER *count;
	const IGVM_VHS_PARAMETER_INSERT *insert;

	page = get(igvm, IGVM_HEADER_SECTION_DIRECTIVE, 1, IGVM_VHT_PAGE_DATA,
		sizeof(*page));
	assert_int_equal(page->gpa, 0x1000);
	assert_int_equal(page->compatibility_mask, 1);
	assert_int_equal(page->file_offset, 0);
	assert_int_equal(IGVM_UINT32_FLAGS_VALUE(page->flags), 0);
	assert_int_equal(page->data_type, IGVM_PAGE_DATA_TYPE_NORMAL);
	assert_int_equal(page->reserved, 0);
	area = get(igvm, IGVM_HEADER_SECTION_DIRECTIVE, 8,
		IGVM_VHT_PARAMETER_AREA, sizeof(*area));
	assert_int_equal(area->number_of_bytes, 0x1000);
	assert_int_equal(area->parameter_area_index, 0);
	assert_int_equal(area->file_offset, 0);
	count = get(igvm, IGVM_HEADER_SECTION_DIRECTIVE, 9,
		IGVM_VHT_VP_COUNT_PARAMETER, sizeof(*count));
	assert_int_equal(count->parameter_area_index, 0);
	assert_int_equal(count->byte_offset, 0);
	insert = get(igvm, IGVM_HEADER_SECTION_DIRECTIVE, 10,
		IGVM_VHT_PARAMETER_INSERT, sizeof(*insert));
	assert_int_equal(insert->gpa, 0x14000);
	assert_int_equal(insert->compatibility_mask, 1);
	assert_int_equal(insert->parameter_area_index, 0);
	igvm_free(igvm);
}

static void test_file_data(void **state)
{
	IgvmHandle igvm = open_file(), data;
	const uint8_t *p;

	data = igvm_get_header_data(igvm, IGVM_HEADER_SECTION_DIRECTIVE, 3);
	assert_true(data > 0);
	assert_int_equal(igvm_get_buffer_size(igvm, data), 0x1000);
	p = igvm_get_buffer(igvm, data);
	for (int i = 0; i < 0x1000; i++)
		assert_int_equal(p[i], 4);
	igvm_free_buffer(igvm, data);
	assert_int_equal(
		igvm_get_header_data(igvm, IGVM_HEADER_SECTION_DIRECTIVE, 9),
		IGVMAPI_NO_DATA);
	assert_int_equal(igvm_get_header_data(
				 igvm, IGVM_HEADER_SECTION_INITIALIZATION, 0),
		IGVMAPI_NO_DATA);
	assert_int_equal(
		igvm_get_header_data(igvm, IGVM_HEADER_SECTION_PLATFORM, 0),
		IGVMAPI_INVALID_PARAMETER);
	igvm_free(igvm);
}

static void test_bad_questions(void **state)
{
	IgvmHandle igvm = open_file(), other = open_file(), buffer;

	assert_int_not_equal(igvm, other);
	assert_int_equal(
		igvm_get_header(igvm, IGVM_HEADER_SECTION_DIRECTIVE, 11),
		IGVMAPI_INVALID_PARAMETER);
	assert_int_equal(
		igvm_get_header(igvm, 3, 0), IGVMAPI_INVALID_PARAMETER);
	assert_int_equal(
		igvm_get_header_data(igvm, IGVM_HEADER_SECTION_DIRECTIVE, 11),
		IGVMAPI_INVALID_PARAMETER);
	assert_int_equal(
		igvm_get_header_type(igvm, IGVM_HEADER_SECTION_DIRECTIVE, 11),
		IGVMAPI_INVALID_PARAMETER);
	assert_int_equal(igvm_get_header(0, IGVM_HEADER_SECTION_DIRECTIVE, 0),
		IGVMAPI_INVALID_HANDLE);
	buffer = igvm_get_header(igvm, IGVM_HEADER_SECTION_DIRECTIVE, 0);
	assert_true(buffer > other);
	/* A buffer belongs to its file. */
	assert_null(igvm_get_buffer(other, buffer));
	assert_int_equal(
		igvm_get_buffer_size(other, buffer), IGVMAPI_INVALID_HANDLE);
	igvm_free_buffer(other, buffer);
	assert_non_null(igvm_get_buffer(igvm, buffer));
	igvm_free_buffer(igvm, buffer);
	assert_null(igvm_get_buffer(igvm, buffer));
	igvm_free_buffer(igvm, buffer);
	igvm_free(igvm);
	igvm_free(igvm);
	igvm_free(-1);
	assert_int_equal(
		igvm_header_count(other, IGVM_HEADER_SECTION_PLATFORM), 1);
	igvm_free(other);
}

static void test_buffers_live_until_freed_in_any_order(void **state)
{
	IgvmHandle igvm = open_file(), b[64];

	for (int i = 0; i < 64; i++)
		b[i] = igvm_get_header(
			igvm, IGVM_HEADER_SECTION_DIRECTIVE, (uint32_t)i % 11);
	for (int i = 0; i < 64; i += 2)
		igvm_free_buffer(igvm, b[i]);
	for (int i = 0; i < 64; i++)
		if (i % 2)
			assert_non_null(igvm_get_buffer(igvm, b[i]));
		else
			assert_null(igvm_get_buffer(igvm, b[i]));
	igvm_free(igvm);
}

static void store32(size_t at, uint32_t v)
{
	memcpy(file + at, &v, sizeof(v));
}

static void test_damage_has_the_error_of_the_reference(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
		IgvmResult want;
	} cases[] = {
		{ 0x00, 0, IGVMAPI_INVALID_FIXED_HEADER },
		{ 0x04, 3, IGVMAPI_INVALID_FIXED_HEADER },
		{ 0x08, FILE_SIZE, IGVMAPI_INVALID_FIXED_HEADER },
		{ 0x0C, FILE_SIZE - 24, IGVMAPI_INVALID_FIXED_HEADER },
		{ 0x0C, UINT32_MAX, IGVMAPI_INVALID_FIXED_HEADER },
		{ 0x10, FILE_SIZE - 1, IGVMAPI_INVALID_FIXED_HEADER },
		{ 0x14, 0, IGVMAPI_INVALID_CHECKSUM },
		{ 0x20, 3, IGVMAPI_INVALID_CHECKSUM },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_file();
		store32(cases[i].at, cases[i].value);
		assert_int_equal(igvm_new_from_binary(file, sizeof(file)),
			cases[i].want);
	}
}

/* The layouts that a program compiled against the other header has. */
static void test_structures_have_the_known_layout(void **state)
{
	assert_int_equal(sizeof(IGVM_FIXED_HEADER), 24);
	assert_int_equal(sizeof(IGVM_VHS_SUPPORTED_PLATFORM), 16);
	assert_int_equal(
		offsetof(IGVM_VHS_SUPPORTED_PLATFORM, platform_type), 5);
	assert_int_equal(sizeof(IGVM_VHS_GUEST_POLICY), 16);
	assert_int_equal(sizeof(IGVM_VHS_CCA_POLICY), 32);
	assert_int_equal(offsetof(IGVM_VHS_CCA_POLICY, lfa_policy), 0x19);
	assert_int_equal(sizeof(IGVM_VHS_RELOCATABLE_REGION), 48);
	assert_int_equal(sizeof(IGVM_VHS_PAGE_TABLE_RELOCATION), 32);
	assert_int_equal(sizeof(IGVM_VHS_PARAMETER_AREA), 16);
	assert_int_equal(sizeof(IGVM_VHS_PAGE_DATA), 24);
	assert_int_equal(offsetof(IGVM_VHS_PAGE_DATA, data_type), 0x14);
	assert_int_equal(sizeof(IGVM_VHS_PARAMETER_INSERT), 16);
	assert_int_equal(sizeof(IGVM_VHS_PARAMETER), 8);
	assert_int_equal(sizeof(IGVM_VHS_VP_CONTEXT), 24);
	assert_int_equal(offsetof(IGVM_VHS_VP_CONTEXT, vp_index), 0x10);
	assert_int_equal(sizeof(IgvmVbsVpContextRegister), 36);
	assert_int_equal(sizeof(IGVM_VHS_REQUIRED_MEMORY), 24);
	assert_int_equal(sizeof(IGVM_VHS_MMIO_RANGES), 32);
	assert_int_equal(sizeof(IGVM_VHS_SNP_ID_BLOCK), 696);
	assert_int_equal(offsetof(IGVM_VHS_SNP_ID_BLOCK, id_public_key), 0xF8);
	assert_int_equal(
		offsetof(IGVM_VHS_SNP_ID_BLOCK, author_public_key), 0x220);
	assert_int_equal(sizeof(IGVM_VHS_VBS_MEASUREMENT), 864);
	assert_int_equal(sizeof(IGVM_VHS_MEMORY_MAP_ENTRY), 24);
	assert_int_equal(sizeof(IGVM_VHS_ERROR_RANGE), 16);
	assert_int_equal(sizeof(IgvmHandle), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_garbage_is_refused),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_platform_and_policies),
		cmocka_unit_test(test_directives),
		cmocka_unit_test(test_file_data),
		cmocka_unit_test(test_bad_questions),
		cmocka_unit_test(test_buffers_live_until_freed_in_any_order),
		cmocka_unit_test(test_damage_has_the_error_of_the_reference),
		cmocka_unit_test(test_structures_have_the_known_layout),
	};

	return cmocka_run_group_tests_name("libigvm", tests, NULL, NULL);
}
