/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which bytes of an IGVM file the launch digest stands for: flipping any bit
 * of a measured page changes it, flipping one of a page that is not measured
 * does not.  Every page, at offsets that a prime spreads over it.
 */
#include "test.h"

#include "igvm/igvm.h"
#include "sp/sp.h"

#define MASK   1
#define STRIDE 61 /* does not divide the page */

static struct coffer_error err;

static void add_platform(
	struct cf_igvm_writer *w, enum cf_igvm_platform_type type)
{
	struct cf_igvm_header h = { .type = CF_IGVM_SUPPORTED_PLATFORM,
		.compatibility_mask = MASK };

	h.u.platform.platform_type = (uint8_t)type;
	h.u.platform.platform_version = 1;
	assert_ok(cf_igvm_writer_add(w, &h, &err));
}

/* Each page has bytes of its own, so that none is stored twice. */
static void fill(uint8_t page[CF_PAGE_SIZE], unsigned seed)
{
	uint32_t x = seed * 2654435761u + 1;

	for (size_t i = 0; i < CF_PAGE_SIZE; i++) {
		x = x * 1664525u + 1013904223u;
		page[i] = (uint8_t)(x >> 24);
	}
}

static void add_page(struct cf_igvm_writer *w, uint64_t gpa, uint32_t flags,
	uint16_t data_type)
{
	struct cf_igvm_header h = { .type = CF_IGVM_PAGE_DATA,
		.compatibility_mask = MASK };
	uint8_t page[CF_PAGE_SIZE];

	fill(page, (unsigned)(gpa >> 12));
	h.u.page.gpa = gpa;
	h.u.page.flags = flags;
	h.u.page.data_type = data_type;
	h.data = page;
	h.data_len = sizeof(page);
	assert_ok(cf_igvm_writer_add(w, &h, &err));
}

static void add_vmsa(struct cf_igvm_writer *w, unsigned index)
{
	struct cf_igvm_header h = { .type = CF_IGVM_VP_CONTEXT,
		.compatibility_mask = MASK };
	uint8_t page[CF_PAGE_SIZE];

	fill(page, 1000 + index);
	h.u.vp_context.gpa = 0xfffffffff000;
	h.u.vp_context.vp_index = (uint16_t)index;
	h.data = page;
	h.data_len = sizeof(page);
	assert_ok(cf_igvm_writer_add(w, &h, &err));
}

static void add_area(struct cf_igvm_writer *w, uint64_t gpa)
{
	struct cf_igvm_header area = { .type = CF_IGVM_PARAMETER_AREA };
	struct cf_igvm_header insert = { .type = CF_IGVM_PARAMETER_INSERT,
		.compatibility_mask = MASK };
	uint8_t page[CF_PAGE_SIZE];

	fill(page, 2000);
	area.u.parameter_area.number_of_bytes = sizeof(page);
	area.data = page;
	area.data_len = sizeof(page);
	insert.u.parameter_insert.gpa = gpa;
	assert_ok(cf_igvm_writer_add(w, &area, &err));
	assert_ok(cf_igvm_writer_add(w, &insert, &err));
}

static void make_file(enum cf_platform platform,
	enum cf_igvm_platform_type type, struct cf_buf *out)
{
	bool snp = platform == CF_PLATFORM_SEV_SNP;
	struct cf_igvm_writer *w;

	assert_ok(cf_igvm_writer_create(1, CF_IGVM_X64, &w, &err));
	add_platform(w, type);
	for (unsigned i = 1; i <= 9; i++)
		add_page(w, i * CF_PAGE_SIZE, 0, CF_IGVM_PAGE_NORMAL);
	add_page(w, 0x20000, CF_IGVM_PAGE_UNMEASURED, CF_IGVM_PAGE_NORMAL);
	add_page(w, 0x22000, CF_IGVM_PAGE_SHARED, CF_IGVM_PAGE_NORMAL);
	if (snp) {
		add_page(w, 0x24000, 0, CF_IGVM_PAGE_SECRETS);
		add_page(w, 0x26000, 0, CF_IGVM_PAGE_CPUID_DATA);
	}
	add_area(w, 0x28000);
	if (snp || platform == CF_PLATFORM_SEV_ES) {
		add_vmsa(w, 0);
		add_vmsa(w, 1);
	}
	assert_ok(cf_igvm_writer_finish(w, out, &err));
	cf_igvm_writer_destroy(w);
}

static void digest_of(const struct cf_buf *bytes, enum cf_platform platform,
	uint8_t digest[CF_DIGEST_MAX])
{
	struct cf_igvm *file;
	struct cf_plan *plan;
	size_t len;

	memset(digest, 0, CF_DIGEST_MAX);
	assert_ok(cf_igvm_parse(bytes->data, bytes->len, &file, &err));
	assert_ok(cf_plan_from_igvm(
		file, platform, &cf_profile_spec, NULL, &plan, &err));
	assert_ok(cf_launch_digest(plan, NULL, digest, &len, &err));
	cf_plan_destroy(plan);
	cf_igvm_destroy(file);
}

static bool is_measured(const struct cf_igvm_header *h)
{
	if (h->type == CF_IGVM_VP_CONTEXT)
		return true;
	return h->type == CF_IGVM_PAGE_DATA && h->u.page.flags == 0 &&
		h->u.page.data_type == CF_IGVM_PAGE_NORMAL;
}

static void flip_page(struct cf_buf *bytes, enum cf_platform platform,
	const struct cf_igvm_header *h, const uint8_t *before)
{
	size_t start = (size_t)(h->data - bytes->data);
	bool measured = is_measured(h);
	uint8_t after[CF_DIGEST_MAX];

	for (size_t i = 0; i <= CF_PAGE_SIZE / STRIDE + 1; i++) {
		/* the first and the last byte, and some between */
		size_t at = i * STRIDE < CF_PAGE_SIZE ? i * STRIDE
						      : CF_PAGE_SIZE - 1;
		uint8_t bit = (uint8_t)(1 << i % 8);

		bytes->data[start + at] ^= bit;
		digest_of(bytes, platform, after);
		bytes->data[start + at] ^= bit;
		if ((memcmp(before, after, CF_DIGEST_MAX) != 0) != measured)
			fail_msg("%s: directive %zu, byte %zu: digest %s",
				cf_platform_name(platform), h->index, at,
				measured ? "is the same" : "changes");
	}
}

static void flip_all(enum cf_platform platform, enum cf_igvm_platform_type type)
{
	struct cf_buf bytes = { 0 };
	uint8_t before[CF_DIGEST_MAX];
	size_t measured = 0, unmeasured = 0;
	struct cf_igvm *file;

	make_file(platform, type, &bytes);
	digest_of(&bytes, platform, before);
	assert_ok(cf_igvm_parse(bytes.data, bytes.len, &file, &err));
	for (size_t i = 0; i < cf_igvm_count(file, CF_IGVM_DIRECTIVES); i++) {
		struct cf_igvm_header h;

		cf_igvm_get(file, CF_IGVM_DIRECTIVES, i, &h);
		if (!h.data)
			continue;
		flip_page(&bytes, platform, &h, before);
		measured += is_measured(&h);
		unmeasured += !is_measured(&h);
	}
	assert_true(measured >= 9);
	assert_true(unmeasured >= 3);
	cf_igvm_destroy(file);
	cf_buf_finish(&bytes);
}

static void test_snp_digest_stands_for_the_measured_bytes(void **state)
{
	flip_all(CF_PLATFORM_SEV_SNP, CF_IGVM_SEV_SNP);
}

static void test_sev_digest_stands_for_the_measured_bytes(void **state)
{
	flip_all(CF_PLATFORM_SEV, CF_IGVM_SEV);
	flip_all(CF_PLATFORM_SEV_ES, CF_IGVM_SEV_ES);
}

static void test_tdx_and_vbs_digests_stand_for_the_measured_bytes(void **state)
{
	flip_all(CF_PLATFORM_TDX, CF_IGVM_TDX);
	flip_all(CF_PLATFORM_VBS, CF_IGVM_VSM_ISOLATION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snp_digest_stands_for_the_measured_bytes),
		cmocka_unit_test(test_sev_digest_stands_for_the_measured_bytes),
		cmocka_unit_test(
			test_tdx_and_vbs_digests_stand_for_the_measured_bytes),
	};

	return cmocka_run_group_tests_name("measured_bytes", tests, NULL, NULL);
}
