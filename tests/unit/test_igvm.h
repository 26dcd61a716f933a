/* SPDX-License-Identifier: Apache-2.0 */
/* What the IGVM test programs share: small files made with the writer. */
#ifndef CF_TEST_IGVM_H
#define CF_TEST_IGVM_H

#include "igvm/igvm.h"

#include <zlib.h>

/* Make the checksum of a changed file right again. */
static inline void igvm_fix_checksum(struct cf_buf *b)
{
	uint32_t fixed = cf_load_le32(b->data + 4) == 2 ? 32 : 24;

	cf_store_le32(b->data + 20, 0);
	cf_store_le32(b->data + 20,
		(uint32_t)crc32(
			0, b->data, fixed + cf_load_le32(b->data + 12)));
}

/* A version 1 writer that has this platform, with mask 1. */
static inline struct cf_igvm_writer *igvm_writer_with_platform(unsigned type)
{
	struct cf_igvm_header h = { .type = CF_IGVM_SUPPORTED_PLATFORM,
		.compatibility_mask = 1,
		.u.platform = { .platform_type = (uint8_t)type,
			.platform_version = 1 } };
	struct cf_igvm_writer *w = NULL;
	struct coffer_error err;

	assert_ok(cf_igvm_writer_create(1, CF_IGVM_X64, &w, &err));
	assert_ok(cf_igvm_writer_add(w, &h, &err));
	return w;
}

/* A NORMAL page filled with one value. */
static inline void igvm_add_page(
	struct cf_igvm_writer *w, uint64_t gpa, uint8_t fill)
{
	uint8_t page[4096];
	struct cf_igvm_header h = { .type = CF_IGVM_PAGE_DATA,
		.compatibility_mask = 1,
		.data = page,
		.data_len = sizeof(page),
		.u.page.gpa = gpa };
	struct coffer_error err;

	memset(page, fill, sizeof(page));
	assert_ok(cf_igvm_writer_add(w, &h, &err));
}

/* The content of the reference library's C API test data. */
static inline void igvm_api_test_file(unsigned version, struct cf_buf *out)
{
	static const uint8_t at[] = { 0, 1, 2, 4, 10, 11, 12, 14 };
	const struct cf_igvm_header first[] = {
		{ .type = CF_IGVM_SUPPORTED_PLATFORM,
			.compatibility_mask = 1,
			.u.platform = { .platform_type = CF_IGVM_VSM_ISOLATION,
				.platform_version = 1 } },
		{ .type = CF_IGVM_GUEST_POLICY,
			.compatibility_mask = 1,
			.u.policy.policy = 0x30000 },
		{ .type = CF_IGVM_GUEST_POLICY,
			.compatibility_mask = 2,
			.u.policy.policy = 0x30000 },
	};
	const struct cf_igvm_header last[] = {
		{ .type = CF_IGVM_PARAMETER_AREA,
			.u.parameter_area.number_of_bytes = 4096 },
		{ .type = CF_IGVM_VP_COUNT_PARAMETER },
		{ .type = CF_IGVM_PARAMETER_INSERT,
			.compatibility_mask = 1,
			.u.parameter_insert.gpa = 20 * 4096 },
	};
	struct cf_igvm_writer *w = NULL;
	struct coffer_error err;

	assert_ok(cf_igvm_writer_create(version, CF_IGVM_X64, &w, &err));
	for (size_t i = 0; i < CF_ARRAY_LEN(first); i++)
		assert_ok(cf_igvm_writer_add(w, &first[i], &err));
	for (size_t i = 0; i < CF_ARRAY_LEN(at); i++)
		igvm_add_page(w, at[i] * UINT64_C(4096), (uint8_t)(i % 4 + 1));
	for (size_t i = 0; i < CF_ARRAY_LEN(last); i++)
		assert_ok(cf_igvm_writer_add(w, &last[i], &err));
	assert_ok(cf_igvm_writer_finish(w, out, &err));
	cf_igvm_writer_destroy(w);
}

/* Map a file of the shared vectors; false (SKIP) when they are absent. */
static inline bool igvm_map_vector(const char *name, struct cf_mapping *out)
{
	const char *dir = getenv("COFFER_VECTORS");
	struct coffer_error err;
	char path[512];

	snprintf(path, sizeof(path), "%s/igvm/%s.igvm", dir ? dir : "", name);
	if (cf_map_file(path, out, &err) == COFFER_OK)
		return true;
	print_message("SKIP: no vectors: %s\n", err.msg);
	return false;
}

#endif
