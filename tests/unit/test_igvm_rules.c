/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that involve several headers, and those of VP contexts' data:
 * each broken alone, with its message and its code in the libigvm ABI.
 */
#include "test.h"
#include "test_igvm.h"

#include "igvm/igvm_priv.h"

static struct coffer_error err;

#define PLATFORM(kind, mask)                                \
	{                                                   \
		.type = CF_IGVM_SUPPORTED_PLATFORM,         \
		.compatibility_mask = mask, .u.platform = { \
			.platform_type = CF_IGVM_##kind,    \
			.platform_version = 1               \
		}                                           \
	}
#define AREA(number)                                                  \
	{                                                             \
		.type = CF_IGVM_PARAMETER_AREA, .u.parameter_area = { \
			4096,                                         \
			number                                        \
		}                                                     \
	}
#define INSERT(mask, at, number)                                              \
	{                                                                     \
		.type = CF_IGVM_PARAMETER_INSERT, .compatibility_mask = mask, \
		.u.parameter_insert = {                                       \
			at,                                                   \
			number                                                \
		}                                                             \
	}
#define VP_COUNT(number)                                             \
	{                                                            \
		.type = CF_IGVM_VP_COUNT_PARAMETER, .u.parameter = { \
			number,                                      \
			0                                            \
		}                                                    \
	}
#define CONTEXT(mask, bytes, len)                                       \
	{                                                               \
		.type = CF_IGVM_VP_CONTEXT, .compatibility_mask = mask, \
		.data = bytes, .data_len = len                          \
	}
#define TABLES(mask, at, len)                                 \
	{                                                     \
		.type = CF_IGVM_PAGE_TABLE_RELOCATION_REGION, \
		.compatibility_mask = mask, .u.page_table = { \
			.gpa = at,                            \
			.size = len                           \
		}                                             \
	}
#define REGION(mask, at, len)                                  \
	{                                                      \
		.type = CF_IGVM_RELOCATABLE_REGION,            \
		.compatibility_mask = mask, .u.relocatable = { \
			.alignment = 0x1000,                   \
			.gpa = at,                             \
			.size = len                            \
		}                                              \
	}
#define CORIM(kind, mask)                                                 \
	{                                                                 \
		.type = CF_IGVM_CORIM_##kind, .compatibility_mask = mask, \
		.data = (const uint8_t *)"corim", .data_len = 5           \
	}
#define CCA_POLICY(mask)                                               \
	{                                                              \
		.type = CF_IGVM_CCA_POLICY, .compatibility_mask = mask \
	}

/* Register lists: count, then 32 bytes each: vtl, name, zeros, value. */
static const uint8_t rip[36] = { 1, [4] = 0, 0x10, 0, 2 };
static const uint8_t two_vtls[68] = { 2, [4] = 0, 0x10, 0, 2, [36] = 2, 0x11, 0,
	2 };
static const uint8_t bad_vtl[36] = { 1, [4] = 3, 0x10, 0, 2 };
static const uint8_t bad_name[36] = { 1, [4] = 0, 0, 0, 2 };
static const uint8_t bad_zeros[36] = { 1, [4] = 0, 0x10, 0, 2, [19] = 1 };
static const uint8_t too_many[36] = { 2, [4] = 0, 0x10, 0, 2 };
static const uint8_t x0_to_arm[36] = { 1, [4] = 0, 0x22, 0, 2 };
static const uint8_t native[4096] = { [231] = 1, [232] = 1 };
static const uint8_t cca[4096] = { [79] = 1, [4095] = 1 };

struct rule_case {
	unsigned version;
	enum cf_igvm_arch arch;
	const char *text; /* NULL: valid */
	int code;
	struct cf_igvm_header h[6];
};

#define X64     1, CF_IGVM_X64
#define AARCH64 2, CF_IGVM_AARCH64

/* clang-format off */
static const struct rule_case cases[] = {
	{ X64, "no SUPPORTED_PLATFORM header; at least one is needed", -5,
	  { AREA(0) } },
	{ X64, "platform 1 (SUPPORTED_PLATFORM) at 0x30: platform_type 0x2 at 0x3d: platform 0 is SEV_SNP already", -12,
	  { PLATFORM(SEV_SNP, 1), PLATFORM(SEV_SNP, 2) } },
	{ X64, "platform 1 (SUPPORTED_PLATFORM) at 0x30: compatibility_mask 0x1 at 0x38: platform 0 has this bit already", 0,
	  { PLATFORM(SEV_SNP, 1), PLATFORM(SEV_ES, 1) } },
	{ X64, "platform 0 (SUPPORTED_PLATFORM) at 0x18: platform_type 0x6 at 0x25: CCA does not exist on architecture X64", -23,
	  { PLATFORM(CCA, 1) } },
	{ AARCH64, "platform 0 (SUPPORTED_PLATFORM) at 0x20: platform_type 0x2 at 0x2d: SEV_SNP does not exist on architecture AARCH64", -23,
	  { PLATFORM(SEV_SNP, 1) } },
	{ AARCH64, NULL, 0, { PLATFORM(VSM_ISOLATION, 1), PLATFORM(CCA, 2), CCA_POLICY(2) } },
	{ X64, "initialization 0 (CCA_POLICY) at 0x30: does not exist on architecture X64", -24,
	  { PLATFORM(SEV_SNP, 1), CCA_POLICY(1) } },
	{ AARCH64, "initialization 0 (CCA_POLICY) at 0x50: compatibility_mask 0x3 at 0x58: must name nothing but the CCA platform, 0x2", -28,
	  { PLATFORM(VSM_ISOLATION, 1), PLATFORM(CCA, 2), CCA_POLICY(3) } },

	{ X64, "directive 1 (PARAMETER_AREA) at 0x48: parameter_area_index 0x5 at 0x58: directive 0 declares this index already", -13,
	  { PLATFORM(SEV_SNP, 1), AREA(5), AREA(5) } },
	{ X64, "directive 2 (PARAMETER_AREA) at 0x60: parameter_area_index 0x5 at 0x70: directive 0 declares this index already", -13,
	  { PLATFORM(SEV_SNP, 1), AREA(5), INSERT(1, 0, 5), AREA(5) } },
	{ X64, "directive 0 (VP_COUNT_PARAMETER) at 0x30: parameter_area_index 0x5 at 0x38: no area with this index was declared before", -13,
	  { PLATFORM(SEV_SNP, 1), VP_COUNT(5), AREA(5) } },
	{ X64, "directive 2 (VP_COUNT_PARAMETER) at 0x60: parameter_area_index 0x5 at 0x68: this area was inserted before and is gone", -13,
	  { PLATFORM(SEV_SNP, 1), AREA(5), INSERT(1, 0, 5), VP_COUNT(5) } },
	{ X64, "directive 2 (PARAMETER_INSERT) at 0x60: parameter_area_index 0x5 at 0x74: this area was inserted before and is gone", -13,
	  { PLATFORM(SEV_SNP, 1), AREA(5), INSERT(1, 0, 5), INSERT(2, 0, 5) } },
	{ X64, NULL, 0, { PLATFORM(SEV_SNP, 1), AREA(5), AREA(4), VP_COUNT(4), INSERT(1, 0, 4), VP_COUNT(5) } },

	{ X64, "initialization 1 (PAGE_TABLE_RELOCATION_REGION) at 0x58: compatibility_mask 0x5 at 0x60: initialization 0 has a page table region for bit 0 already", -19,
	  { PLATFORM(VSM_ISOLATION, 1), TABLES(1, 0, 0x1000), TABLES(5, 0x8000, 0x1000), CONTEXT(1, rip, 36) } },
	{ X64, "initialization 1 (RELOCATABLE_REGION) at 0x68: region at 0x2000 overlaps that of initialization 0 at 0x1000", -20,
	  { PLATFORM(VSM_ISOLATION, 1), REGION(1, 0x1000, 0x2000), REGION(1, 0x2000, 0x1000), CONTEXT(1, rip, 36) } },
	{ X64, "initialization 0 (PAGE_TABLE_RELOCATION_REGION) at 0x30: region at 0x3000 overlaps that of initialization 1 at 0x2000", -20,
	  { PLATFORM(VSM_ISOLATION, 1), TABLES(1, 0x3000, 0x1000), REGION(3, 0x2000, 0x1001000), CONTEXT(1, rip, 36) } },
	{ X64, NULL, 0, { PLATFORM(VSM_ISOLATION, 1), TABLES(1, 0x3000, 0x1000), REGION(1, 0x2000, 0x1000), REGION(1, 0x4000, 0x1000), CONTEXT(1, rip, 36) } },
	{ X64, "initialization 0 (RELOCATABLE_REGION) at 0x30: no VSM_ISOLATION VP_CONTEXT of this mask has vp_index 0 and vtl 0", -22,
	  { PLATFORM(VSM_ISOLATION, 1), REGION(1, 0, 0x1000) } },
	{ X64, "directive 2 (PARAMETER_INSERT) at 0x90: gpa 0x3000 at 0x98: must not lie in the page table region of initialization 0", -21,
	  { PLATFORM(VSM_ISOLATION, 1), TABLES(1, 0x2000, 0x2000), AREA(0), CONTEXT(1, rip, 36), INSERT(3, 0x3000, 0) } },
	{ X64, NULL, 0, { PLATFORM(VSM_ISOLATION, 1), TABLES(1, 0x2000, 0x2000), AREA(0), CONTEXT(1, rip, 36), INSERT(1, 0x4000, 0) } },
	{ X64, NULL, 0, { PLATFORM(VSM_ISOLATION, 1), TABLES(1, 0x2000, 0x2000), AREA(0), CONTEXT(1, rip, 36), INSERT(2, 0x3000, 0) } },

	{ X64, "initialization 1 (CORIM_DOCUMENT) at 0x48: compatibility_mask 0x3 at 0x50: initialization 0 has one for bit 0 already", -10,
	  { PLATFORM(SEV_SNP, 1), CORIM(DOCUMENT, 1), CORIM(DOCUMENT, 3) } },
	{ X64, "initialization 2 (CORIM_SIGNATURE) at 0x60: compatibility_mask 0x1 at 0x68: initialization 1 has one for bit 0 already", -10,
	  { PLATFORM(SEV_SNP, 1), CORIM(DOCUMENT, 1), CORIM(SIGNATURE, 1), CORIM(SIGNATURE, 1) } },
	{ X64, "initialization 0 (CORIM_SIGNATURE) at 0x30: compatibility_mask 0x1 at 0x38: no CORIM_DOCUMENT for bit 0 comes before", -10,
	  { PLATFORM(SEV_SNP, 1), CORIM(SIGNATURE, 1), CORIM(DOCUMENT, 1) } },

	{ X64, NULL, 0, { PLATFORM(VSM_ISOLATION, 1), CONTEXT(1, rip, 36) } },
	{ X64, "directive 0 (VP_CONTEXT) at 0x30: register 1: vtl 2: must be that of register 0, 0", -11,
	  { PLATFORM(VSM_ISOLATION, 1), CONTEXT(1, two_vtls, 68) } },
	{ X64, "directive 0 (VP_CONTEXT) at 0x30: register 0: vtl 3: must be 0, 1 or 2", -11,
	  { PLATFORM(VSM_ISOLATION, 1), CONTEXT(1, bad_vtl, 36) } },
	{ X64, "directive 0 (VP_CONTEXT) at 0x30: register 0: name 0x20000: not a register that IGVM takes", -11,
	  { PLATFORM(VSM_ISOLATION, 1), CONTEXT(1, bad_name, 36) } },
	{ X64, "directive 0 (VP_CONTEXT) at 0x30: register 0: reserved bytes 5 to 15 must be zero", 0,
	  { PLATFORM(VSM_ISOLATION, 1), CONTEXT(1, bad_zeros, 36) } },
	{ X64, "directive 0 (VP_CONTEXT) at 0x30: VP context: 68 bytes needed, 36 left in the file", -11,
	  { PLATFORM(VSM_ISOLATION, 1), CONTEXT(1, too_many, 36) } },
	{ X64, "directive 0 (VP_CONTEXT) at 0x30: VP context: 4 bytes needed, 3 left in the file", -11,
	  { PLATFORM(VSM_ISOLATION, 1), CONTEXT(1, rip, 3) } },
	{ AARCH64, NULL, 0, { PLATFORM(VSM_ISOLATION, 1), CONTEXT(1, x0_to_arm, 36) } },
	{ AARCH64, "directive 0 (VP_CONTEXT) at 0x38: register 0: name 0x20010: not a register that IGVM takes", -11,
	  { PLATFORM(VSM_ISOLATION, 1), CONTEXT(1, rip, 36) } },
	{ X64, "directive 0 (VP_CONTEXT) at 0x30: native context: byte 0xe8 is 0x01: what follows its 232 bytes must be zero", -11,
	  { PLATFORM(NATIVE, 1), CONTEXT(1, native, 4096) } },
	{ X64, NULL, 0, { PLATFORM(SEV, 1), CONTEXT(1, native, 232) } },
	{ AARCH64, "directive 0 (VP_CONTEXT) at 0x38: CCA context: byte 0xfff is 0x01: what follows its 80 bytes must be zero", -11,
	  { PLATFORM(CCA, 1), CONTEXT(1, cca, 4096) } },
	{ AARCH64, NULL, 0, { PLATFORM(CCA, 1), CONTEXT(1, cca, 80) } },
	{ X64, NULL, 0, { PLATFORM(SEV_ES, 1), CONTEXT(1, native, 4096) } },
};
/* clang-format on */

static void check(const struct rule_case *c, size_t i)
{
	static const uint8_t page[] = { 1 };
	struct cf_igvm_writer *w = NULL;
	struct cf_buf bytes = { 0 };
	struct cf_igvm *f = NULL, *l = NULL;
	bool data = false;
	char want[320];
	int code;

	assert_ok(cf_igvm_writer_create(c->version, c->arch, &w, &err));
	for (size_t k = 0; k < CF_ARRAY_LEN(c->h) && c->h[k].type; k++) {
		assert_ok(cf_igvm_writer_add(w, &c->h[k], &err));
		data |= c->h[k].data != NULL;
	}
	/* The library refuses a file without any data. */
	if (!data)
		assert_ok(cf_igvm_writer_add(w,
			&(struct cf_igvm_header) { .type = CF_IGVM_PAGE_DATA,
				.data = page,
				.data_len = 1 },
			&err));
	assert_ok(cf_igvm_writer_serialize(w, &bytes, &err));
	cf_igvm_writer_destroy(w);
	if (cf_igvm_parse(bytes.data, bytes.len, &f, &err)) {
		snprintf(want, sizeof(want), "igvm: %s",
			c->text ? c->text : "(valid)");
		assert_string_equal(err.msg, want);
	} else if (c->text) {
		fail_msg("case %zu is taken, not refused: %s", i, c->text);
	}
	code = cf_igvm_parse_mode(
		bytes.data, bytes.len, CF_IGVM_BY_LIBRARY, &l, NULL);
	if (code != c->code)
		fail_msg("case %zu: code %d, want %d: %s", i, code, c->code,
			c->text);
	cf_igvm_destroy(f);
	cf_igvm_destroy(l);
	cf_buf_finish(&bytes);
}

static void test_each_rule_has_its_error(void **state)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(cases); i++)
		check(&cases[i], i);
}

static void store_header(struct cf_buf *b, uint32_t type, uint32_t len)
{
	cf_buf_le32(b, type);
	cf_buf_le32(b, len);
	cf_buf_zeros(b, (len + 7) / 8 * 8);
}

/* Sections in the wrong order cannot come from the writer. */
static void test_sections_have_an_order(void **state)
{
	static const struct {
		uint32_t second;
		const char *text;
	} orders[] = {
		{ CF_IGVM_GUEST_POLICY,
			"igvm: header 2 (GUEST_POLICY) at 0x48: "
			"initialization headers must not follow directive "
			"headers" },
		{ CF_IGVM_SUPPORTED_PLATFORM,
			"igvm: header 2 (SUPPORTED_PLATFORM) at 0x48: platform "
			"headers must not follow directive headers" },
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(orders); i++) {
		struct cf_igvm_writer *w =
			igvm_writer_with_platform(CF_IGVM_SEV_SNP);
		struct cf_buf b = { 0 }, tail = { 0 };
		struct cf_igvm *f = NULL;

		assert_ok(cf_igvm_writer_finish(w, &b, &err));
		store_header(&b, CF_IGVM_PARAMETER_AREA, 16);
		store_header(&b, orders[i].second, 16);
		store_header(&tail, 0, 0);
		cf_buf_append(&b, tail.data, tail.len);
		cf_store_le32(b.data + 0xC, 72);
		cf_store_le32(b.data + 0x10, (uint32_t)b.len);
		igvm_fix_checksum(&b);
		assert_status(COFFER_ERR_FORMAT,
			cf_igvm_parse(b.data, b.len, &f, &err));
		assert_string_equal(err.msg, orders[i].text);
		assert_int_equal(cf_igvm_parse_mode(b.data, b.len,
					 CF_IGVM_BY_LIBRARY, &f, NULL),
			-17);
		cf_igvm_writer_destroy(w);
		cf_buf_finish(&b);
		cf_buf_finish(&tail);
	}
}

/* What the reference refuses and the specification does not. */
static void test_the_library_mode_is_stricter_where_it_must(void **state)
{
	struct cf_igvm_writer *w = igvm_writer_with_platform(CF_IGVM_SEV_SNP);
	struct cf_igvm_header h = { .type = 0x3FF, .optional = true };
	struct cf_buf empty = { 0 }, optional = { 0 };
	struct cf_igvm *f = NULL;

	assert_ok(cf_igvm_writer_finish(w, &empty, &err));
	assert_int_equal(cf_igvm_parse_mode(empty.data, empty.len,
				 CF_IGVM_BY_LIBRARY, &f, NULL),
		-16);
	assert_ok(cf_igvm_writer_add(w, &h, &err));
	igvm_add_page(w, 0, 1);
	assert_ok(cf_igvm_writer_finish(w, &optional, &err));
	assert_int_equal(cf_igvm_parse_mode(optional.data, optional.len,
				 CF_IGVM_BY_LIBRARY, &f, NULL),
		-17);
	cf_igvm_writer_destroy(w);
	cf_buf_finish(&empty);
	cf_buf_finish(&optional);
}

/* Where the library is laxer, and forgets what is for no platform. */
static void test_the_library_mode_is_laxer_where_it_may(void **state)
{
	const struct cf_igvm_header es = PLATFORM(SEV_ES, 1);
	const struct cf_igvm_header nobody = INSERT(0, 0x1000, 0);
	const struct cf_igvm_header area = AREA(0), insert = INSERT(1, 0, 0);
	struct cf_igvm_writer *w = igvm_writer_with_platform(CF_IGVM_SEV_SNP);
	struct cf_buf bytes = { 0 };
	struct cf_igvm *f = NULL;

	/* An insert for no platform neither counts nor uses up the area. */
	igvm_add_page(w, 0x8000, 1);
	assert_ok(cf_igvm_writer_add(w, &area, &err));
	assert_ok(cf_igvm_writer_add(w, &nobody, &err));
	assert_ok(cf_igvm_writer_add(w, &insert, &err));
	assert_ok(cf_igvm_writer_finish(w, &bytes, &err));
	assert_ok(cf_igvm_parse(bytes.data, bytes.len, &f, &err));
	assert_int_equal(cf_igvm_count(f, CF_IGVM_DIRECTIVES), 4);
	cf_igvm_destroy(f);
	assert_int_equal(cf_igvm_parse_mode(bytes.data, bytes.len,
				 CF_IGVM_BY_LIBRARY, &f, &err),
		0);
	assert_int_equal(cf_igvm_count(f, CF_IGVM_DIRECTIVES), 3);
	cf_igvm_destroy(f);
	cf_buf_finish(&bytes);
	/* Of two platforms with one mask, the last counts. */
	assert_ok(cf_igvm_writer_add(w, &es, &err));
	assert_ok(cf_igvm_writer_serialize(w, &bytes, &err));
	assert_int_equal(cf_igvm_parse_mode(bytes.data, bytes.len,
				 CF_IGVM_BY_LIBRARY, &f, &err),
		0);
	assert_int_equal(cf_igvm_platform_of(f, 1), CF_IGVM_SEV_ES);
	cf_igvm_destroy(f);
	cf_buf_finish(&bytes);
	cf_igvm_writer_destroy(w);
}

/* The check must not take time that grows with the square of the headers. */
static void test_many_areas_are_quick(void **state)
{
	struct cf_igvm_writer *w = igvm_writer_with_platform(CF_IGVM_SEV_SNP);
	struct cf_buf b = { 0 };

	for (uint32_t i = 0; i < 50000; i++) {
		struct cf_igvm_header area = AREA(i << 12);
		struct cf_igvm_header use = VP_COUNT(i << 12);

		assert_ok(cf_igvm_writer_add(w, &area, &err));
		assert_ok(cf_igvm_writer_add(w, &use, &err));
	}
	assert_ok(cf_igvm_writer_finish(w, &b, &err));
	cf_igvm_writer_destroy(w);
	cf_buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_rule_has_its_error),
		cmocka_unit_test(test_sections_have_an_order),
		cmocka_unit_test(
			test_the_library_mode_is_stricter_where_it_must),
		cmocka_unit_test(test_the_library_mode_is_laxer_where_it_may),
		cmocka_unit_test(test_many_areas_are_quick),
	};

	return cmocka_run_group_tests_name("igvm_rules", tests, NULL, NULL);
}
