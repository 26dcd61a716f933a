/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every header type, every field of it broken, one at a time: the exact
 * message and the error code of the libigvm ABI.  Offsets, rules and codes
 * are those of the specification notes, sections 2 and 3.1.
 */
#include "test.h"
#include "test_igvm.h"

#include "igvm/igvm_priv.h"

#include <inttypes.h>

#define SNP    1u
#define VSM    2u
#define NATIVE 4u
#define TDX    8u

static struct coffer_error err;

/* A valid file with a header of this type, and where that header stands. */
struct sample {
	struct cf_buf bytes;
	enum cf_igvm_section section;
	size_t index;
	size_t at; /* of the type/length prefix */
};

static void add(struct cf_igvm_writer *w, struct cf_igvm_header h)
{
	assert_ok(cf_igvm_writer_add(w, &h, &err));
}

static void add_platforms(struct cf_igvm_writer *w, bool cca)
{
	static const uint8_t x64[] = { CF_IGVM_SEV_SNP, CF_IGVM_VSM_ISOLATION,
		CF_IGVM_NATIVE, CF_IGVM_TDX };
	static const uint8_t aarch64[] = { CF_IGVM_CCA };
	const uint8_t *types = cca ? aarch64 : x64;

	for (size_t i = 0; i < (cca ? sizeof(aarch64) : sizeof(x64)); i++)
		add(w,
			(struct cf_igvm_header) {
				.type = CF_IGVM_SUPPORTED_PLATFORM,
				.compatibility_mask = 1u << i,
				.u.platform = { .platform_type = types[i],
					.platform_version = 1 },
			});
}

static void add_area(struct cf_igvm_writer *w, const uint8_t *data, size_t len)
{
	add(w,
		(struct cf_igvm_header) {
			.type = CF_IGVM_PARAMETER_AREA,
			.data = data,
			.data_len = len,
			.u.parameter_area = { 4096, 7 },
		});
}

/* One register of VTL 0: Rip. */
static void add_vbs_context(struct cf_igvm_writer *w)
{
	static const uint8_t list[36] = { 1, 0, 0, 0, 0, 0x10, 0, 2 };

	add(w,
		(struct cf_igvm_header) {
			.type = CF_IGVM_VP_CONTEXT,
			.compatibility_mask = VSM,
			.data = list,
			.data_len = sizeof(list),
		});
}

/* What a header of this type needs around it, and the header. */
static void add_sample(struct cf_igvm_writer *w, uint32_t type)
{
	static const uint8_t page[4096] = { 0x11, [0x178] = 0x10 };
	static const uint8_t vmsa[4096] = { [0x178] = 0x10 };
	struct cf_igvm_header h = { .type = type, .compatibility_mask = SNP };

	switch (type) {
	case CF_IGVM_SUPPORTED_PLATFORM:
		return;
	case CF_IGVM_RELOCATABLE_REGION:
		add_vbs_context(w);
		h.compatibility_mask = VSM;
		h.u.relocatable.alignment = 0x2000;
		h.u.relocatable.gpa = 0x10000;
		h.u.relocatable.size = 0x4000;
		h.u.relocatable.maximum_gpa = 0x100000;
		break;
	case CF_IGVM_PAGE_TABLE_RELOCATION_REGION:
		add_vbs_context(w);
		h.compatibility_mask = VSM;
		h.u.page_table.gpa = 0x200000;
		h.u.page_table.size = 0x4000;
		h.u.page_table.used_size = 0x1000;
		break;
	case CF_IGVM_CORIM_SIGNATURE:
		add_sample(w, CF_IGVM_CORIM_DOCUMENT);
		CF_FALLTHROUGH;
	case CF_IGVM_CORIM_DOCUMENT:
		h.data = page;
		h.data_len = 24;
		break;
	case CF_IGVM_PARAMETER_AREA:
		add_area(w, page, sizeof(page));
		return;
	case CF_IGVM_PAGE_DATA:
		h.data = page;
		h.data_len = sizeof(page);
		h.u.page.gpa = 0x1000;
		break;
	case CF_IGVM_PARAMETER_INSERT:
		add_area(w, NULL, 0);
		h.u.parameter_insert.index = 7;
		break;
	case CF_IGVM_VP_CONTEXT:
		h.data = vmsa;
		h.data_len = sizeof(vmsa);
		h.u.vp_context.gpa = 0xfffffffff000;
		break;
	case CF_IGVM_REQUIRED_MEMORY:
		h.u.required_memory.number_of_bytes = 0x2000;
		break;
	case CF_IGVM_VP_COUNT_PARAMETER:
	case CF_IGVM_SRAT:
	case CF_IGVM_MADT:
	case CF_IGVM_MMIO_RANGES:
	case CF_IGVM_MEMORY_MAP:
	case CF_IGVM_COMMAND_LINE:
	case CF_IGVM_SLIT:
	case CF_IGVM_PPTT:
	case CF_IGVM_DEVICE_TREE:
	case CF_IGVM_ENVIRONMENT_INFO_PARAMETER:
		add_area(w, NULL, 0);
		h.compatibility_mask = 0;
		h.u.parameter.index = 7;
		break;
	default:
		break;
	}
	add(w, h);
}

static struct sample make_sample(uint32_t type)
{
	bool cca = type == CF_IGVM_CCA_POLICY;
	struct sample s = { .section = cf_igvm_section_of(type) };
	struct cf_igvm_writer *w = NULL;
	struct cf_igvm *f = NULL;
	struct cf_igvm_header h;

	assert_ok(cf_igvm_writer_create(
		2, cca ? CF_IGVM_AARCH64 : CF_IGVM_X64, &w, &err));
	add_platforms(w, cca);
	add_sample(w, type);
	/* The library refuses a file without any data. */
	if (cf_igvm_type_info(type)->data == CF_IGVM_NO_DATA)
		igvm_add_page(w, 0x7000, 0x77);
	assert_ok(cf_igvm_writer_finish(w, &s.bytes, &err));
	cf_igvm_writer_destroy(w);
	assert_ok(cf_igvm_parse(s.bytes.data, s.bytes.len, &f, &err));
	for (size_t i = 0; i < cf_igvm_count(f, s.section); i++) {
		cf_igvm_get(f, s.section, i, &h);
		if (h.type != type)
			continue;
		s.index = i;
		s.at = (size_t)h.position;
		break;
	}
	assert_int_not_equal(s.at, 0);
	cf_igvm_destroy(f);
	return s;
}

static size_t data_start(const struct sample *s)
{
	return cf_load_le32(s->bytes.data + 8) +
		cf_load_le32(s->bytes.data + 12);
}

static void store(uint8_t *p, size_t size, uint64_t v)
{
	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t load(const uint8_t *p, size_t size)
{
	uint64_t v = 0;

	for (size_t i = 0; i < size; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

/* Append a rule; $D is where the data starts, $L the length of the file. */
static void expand(
	char *out, size_t size, const struct sample *s, const char *rule)
{
	size_t at = strlen(out);

	for (; *rule && at + 24 < size; rule++) {
		if (*rule != '$') {
			out[at++] = *rule;
			continue;
		}
		rule++;
		at += (size_t)snprintf(out + at, size - at, "0x%zx",
			*rule == 'D' ? data_start(s) : s->bytes.len);
	}
	out[at] = 0;
}

#define GPA    "must be a multiple of 4096"
#define ZERO   "must be 0"
#define REGION "region must end below 2^64"
#define DATA   "must lie in the file data, from $D"

/* Set `size` bytes at `at` of the content to value.  The message then is
 * about the field (NULL: about the header) at err_at and says the rule (NULL:
 * the file is still valid); code is libigvm's. */
struct field_case {
	uint32_t type;
	uint16_t at, size;
	uint64_t value;
	int code;
	const char *field;
	uint16_t err_at, err_size;
	const char *rule;
};

#define BAD(type, at, size, value, code, field, rule)                        \
	{                                                                    \
		CF_IGVM_##type, at, size, value, code, field, at, size, rule \
	}
#define HEADER(type, at, size, value, code, rule)                       \
	{                                                               \
		CF_IGVM_##type, at, size, value, code, NULL, 0, 0, rule \
	}
#define FINE(type, at, size)                                              \
	{                                                                 \
		CF_IGVM_##type, at, size, UINT64_MAX, 0, NULL, 0, 0, NULL \
	}

/* clang-format off */
static const struct field_case cases[] = {
	BAD(SUPPORTED_PLATFORM, 0x0, 4, 0, -9, "compatibility_mask", "must have exactly one bit set"),
	BAD(SUPPORTED_PLATFORM, 0x0, 4, 0x11, -9, "compatibility_mask", "must have exactly one bit set"),
	BAD(SUPPORTED_PLATFORM, 0x4, 1, 1, -9, "highest_vtl", "must be 0 or 2"),
	BAD(SUPPORTED_PLATFORM, 0x4, 1, 3, -9, "highest_vtl", "must not exceed 2"),
	BAD(SUPPORTED_PLATFORM, 0x5, 1, 7, -9, "platform_type", "must not exceed 6"),
	BAD(SUPPORTED_PLATFORM, 0x6, 2, 0, -9, "platform_version", "must be 1"),
	BAD(SUPPORTED_PLATFORM, 0x6, 2, 2, -9, "platform_version", "must be 1"),
	BAD(SUPPORTED_PLATFORM, 0x5, 1, CF_IGVM_CCA, -23, "platform_type", "CCA does not exist on architecture X64"),
	FINE(SUPPORTED_PLATFORM, 0x8, 8),

	FINE(GUEST_POLICY, 0x0, 8),
	FINE(GUEST_POLICY, 0x8, 4),
	BAD(GUEST_POLICY, 0xC, 4, 1, -10, "reserved", ZERO),

	HEADER(RELOCATABLE_REGION, 0x0, 4, SNP, -22, "no VSM_ISOLATION VP_CONTEXT of this mask has vp_index 0 and vtl 0"),
	HEADER(RELOCATABLE_REGION, 0x4, 2, 1, -22, "no VSM_ISOLATION VP_CONTEXT of this mask has vp_index 1 and vtl 0"),
	HEADER(RELOCATABLE_REGION, 0x6, 1, 2, -22, "no VSM_ISOLATION VP_CONTEXT of this mask has vp_index 0 and vtl 2"),
	BAD(RELOCATABLE_REGION, 0x6, 1, 3, -10, "vtl", "must not exceed 2"),
	FINE(RELOCATABLE_REGION, 0x7, 1),
	BAD(RELOCATABLE_REGION, 0x8, 8, 0, -10, "relocation_alignment", "must not be 0"),
	BAD(RELOCATABLE_REGION, 0x8, 8, 0x1800, -10, "relocation_alignment", GPA),
	BAD(RELOCATABLE_REGION, 0x10, 8, 0x11000, -10, "relocation_region_gpa", "must be a multiple of relocation_alignment 0x2000"),
	BAD(RELOCATABLE_REGION, 0x18, 8, 0x4800, -10, "relocation_region_size", GPA),
	BAD(RELOCATABLE_REGION, 0x18, 8, 0xfffffffffffff000, 0, "relocation_region_size", REGION),
	BAD(RELOCATABLE_REGION, 0x20, 8, 0x1000, -10, "minimum_relocation_gpa", "must be a multiple of relocation_alignment 0x2000"),
	BAD(RELOCATABLE_REGION, 0x28, 8, 0x1000, -10, "maximum_relocation_gpa", "must be a multiple of relocation_alignment 0x2000"),

	HEADER(PAGE_TABLE_RELOCATION_REGION, 0x0, 4, SNP, -22, "no VSM_ISOLATION VP_CONTEXT of this mask has vp_index 0 and vtl 0"),
	HEADER(PAGE_TABLE_RELOCATION_REGION, 0x4, 2, 9, -22, "no VSM_ISOLATION VP_CONTEXT of this mask has vp_index 9 and vtl 0"),
	BAD(PAGE_TABLE_RELOCATION_REGION, 0x6, 1, 3, -10, "vtl", "must not exceed 2"),
	BAD(PAGE_TABLE_RELOCATION_REGION, 0x7, 1, 1, -10, "reserved", ZERO),
	BAD(PAGE_TABLE_RELOCATION_REGION, 0x8, 8, 0x200800, -10, "gpa", GPA),
	BAD(PAGE_TABLE_RELOCATION_REGION, 0x10, 8, 0x4001, -10, "size", GPA),
	BAD(PAGE_TABLE_RELOCATION_REGION, 0x10, 8, 0xfffffffffffff000, 0, "size", REGION),
	BAD(PAGE_TABLE_RELOCATION_REGION, 0x18, 8, 0x1001, -10, "used_size", GPA),
	BAD(PAGE_TABLE_RELOCATION_REGION, 0x18, 8, 0x5000, -10, "used_size", "must not exceed size 0x4000"),

	FINE(CORIM_DOCUMENT, 0x0, 4),
	BAD(CORIM_DOCUMENT, 0x4, 4, 0, -10, "file_offset", DATA),
	BAD(CORIM_DOCUMENT, 0x4, 4, 0x20, -10, "file_offset", DATA),
	{ CF_IGVM_CORIM_DOCUMENT, 0x8, 4, 25, -10, "file_offset", 0x4, 4, "0x19 bytes of data must end inside the file of $L" },
	BAD(CORIM_DOCUMENT, 0xC, 4, 1, -10, "reserved", ZERO),
	BAD(CORIM_SIGNATURE, 0x0, 4, 5, -10, "compatibility_mask", "no CORIM_DOCUMENT for bit 2 comes before"),
	BAD(CORIM_SIGNATURE, 0x4, 4, 0, -10, "file_offset", DATA),
	{ CF_IGVM_CORIM_SIGNATURE, 0x8, 4, 0xffffffff, -10, "file_offset", 0x4, 4, "0xffffffff bytes of data must end inside the file of $L" },
	BAD(CORIM_SIGNATURE, 0xC, 4, 1, -10, "reserved", ZERO),

	BAD(CCA_POLICY, 0x0, 4, 3, -28, "compatibility_mask", "must name nothing but the CCA platform, 0x1"),
	BAD(CCA_POLICY, 0x4, 4, 1, -10, "reserved", ZERO),
	FINE(CCA_POLICY, 0x8, 8),
	FINE(CCA_POLICY, 0x10, 8),
	BAD(CCA_POLICY, 0x18, 1, 3, 0, "hash_algorithm", "must not exceed 2"),
	BAD(CCA_POLICY, 0x19, 1, 2, 0, "lfa_policy", "must not exceed 1"),
	BAD(CCA_POLICY, 0x1A, 2, 1, -10, "reserved2", ZERO),
	BAD(CCA_POLICY, 0x1C, 4, 1, -10, "reserved3", ZERO),

	BAD(PARAMETER_AREA, 0x0, 8, 0x1001, -11, "number_of_bytes", GPA),
	{ CF_IGVM_PARAMETER_AREA, 0x0, 8, 0x2000, -11, "file_offset", 0xC, 4, "0x2000 bytes of data must end inside the file of $L" },
	{ CF_IGVM_PARAMETER_AREA, 0x0, 8, 0xfffffffffffff000, -11, "file_offset", 0xC, 4, "0xfffffffffffff000 bytes of data must end inside the file of $L" },
	FINE(PARAMETER_AREA, 0x8, 4),
	BAD(PARAMETER_AREA, 0xC, 4, 8, -11, "file_offset", DATA),
	BAD(PARAMETER_AREA, 0xC, 4, 0xffffffff, -11, "file_offset", "0x1000 bytes of data must end inside the file of $L"),

	BAD(PAGE_DATA, 0x0, 8, 0x1001, -11, "gpa", GPA),
	FINE(PAGE_DATA, 0x8, 4),
	BAD(PAGE_DATA, 0xC, 4, 1, -11, "file_offset", DATA),
	BAD(PAGE_DATA, 0xC, 4, 0x1000, -11, "file_offset", "0x1000 bytes of data must end inside the file of $L"),
	BAD(PAGE_DATA, 0xC, 4, 0xfffff000, -11, "file_offset", "0x1000 bytes of data must end inside the file of $L"),
	{ CF_IGVM_PAGE_DATA, 0x10, 4, 0xfffffffe, 0, NULL, 0, 0, NULL },
	/* The library takes 4 KiB of data and any address for a 2 MiB page. */
	{ CF_IGVM_PAGE_DATA, 0x10, 4, 1, 0, "gpa", 0x0, 8, "a 2 MiB page must be a multiple of 0x200000" },
	BAD(PAGE_DATA, 0x14, 2, 4, -11, "data_type", "must not exceed 3"),
	BAD(PAGE_DATA, 0x16, 2, 1, -11, "reserved", ZERO),

	BAD(PARAMETER_INSERT, 0x0, 8, 0x800, -11, "gpa", GPA),
	FINE(PARAMETER_INSERT, 0x8, 4),
	BAD(PARAMETER_INSERT, 0xC, 4, 8, -13, "parameter_area_index", "no area with this index was declared before"),

	BAD(VP_CONTEXT, 0x0, 8, 0xfffffffff001, -11, "gpa", GPA),
	BAD(VP_CONTEXT, 0x8, 4, 0, -11, "compatibility_mask", "must be the mask of exactly one platform of the file"),
	BAD(VP_CONTEXT, 0x8, 4, SNP | VSM, -11, "compatibility_mask", "must be the mask of exactly one platform of the file"),
	BAD(VP_CONTEXT, 0x8, 4, TDX, -11, "compatibility_mask", "platform TDX takes no VP context"),
	HEADER(VP_CONTEXT, 0x8, 4, VSM, -11, "register list is empty; at least 1 is needed"),
	HEADER(VP_CONTEXT, 0x8, 4, NATIVE, -11, "native context: byte 0x178 is 0x10: what follows its 232 bytes must be zero"),
	BAD(VP_CONTEXT, 0xC, 4, 0, -11, "file_offset", DATA),
	HEADER(VP_CONTEXT, 0xC, 4, 0x200, -11, "VP context: 4096 bytes needed, 3744 left in the file"),
	BAD(VP_CONTEXT, 0xC, 4, 0xffffffff, -11, "file_offset", "0x0 bytes of data must end inside the file of $L"),
	FINE(VP_CONTEXT, 0x10, 2),
	FINE(VP_CONTEXT, 0x12, 2),

	BAD(REQUIRED_MEMORY, 0x0, 8, 1, -11, "gpa", GPA),
	FINE(REQUIRED_MEMORY, 0x8, 4),
	BAD(REQUIRED_MEMORY, 0xC, 4, 0x1800, -11, "number_of_bytes", GPA),
	FINE(REQUIRED_MEMORY, 0x10, 4),
	BAD(REQUIRED_MEMORY, 0x14, 4, 1, -11, "reserved", ZERO),

	BAD(ERROR_RANGE, 0x0, 8, 0xfff, -11, "gpa", GPA),
	FINE(ERROR_RANGE, 0x8, 4),
	FINE(ERROR_RANGE, 0xC, 4),
};
/* clang-format on */

static void check_case(const struct field_case *c)
{
	struct sample s = make_sample(c->type);
	bool corim = c->type == CF_IGVM_CORIM_DOCUMENT ||
		c->type == CF_IGVM_CORIM_SIGNATURE;
	size_t content = s.at + CF_IGVM_PREFIX_SIZE;
	struct cf_igvm *f = NULL, *l = NULL;
	enum coffer_status status;
	char want[320];
	int code;

	store(s.bytes.data + content + c->at, c->size, c->value);
	igvm_fix_checksum(&s.bytes);
	status = cf_igvm_parse(s.bytes.data, s.bytes.len, &f, &err);
	code = cf_igvm_parse_mode(
		s.bytes.data, s.bytes.len, CF_IGVM_BY_LIBRARY, &l, NULL);
	snprintf(want, sizeof(want),
		"igvm: %s %zu (%s) at 0x%zx: ", cf_igvm_section_name(s.section),
		s.index, cf_igvm_short_name(c->type), s.at);
	if (c->field)
		snprintf(want + strlen(want), sizeof(want) - strlen(want),
			"%s 0x%" PRIx64 " at 0x%zx: ", c->field,
			load(s.bytes.data + content + c->err_at, c->err_size),
			content + c->err_at);
	if (c->rule) {
		expand(want, sizeof(want), &s, c->rule);
		assert_int_equal(status, COFFER_ERR_FORMAT);
		assert_string_equal(err.msg, want);
	} else if (status) {
		fail_msg("%s byte 0x%x: refused: %s",
			cf_igvm_short_name(c->type), c->at, err.msg);
	}
	if (code != (corim ? CF_IGVM_BAD_INITIALIZATION : c->code))
		fail_msg("%s byte 0x%x value 0x%" PRIx64 ": code %d, want %d",
			cf_igvm_short_name(c->type), c->at, c->value, code,
			c->code);
	cf_igvm_destroy(f);
	cf_igvm_destroy(l);
	cf_buf_finish(&s.bytes);
}

static void test_each_field_has_its_error(void **state)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(cases); i++)
		check_case(&cases[i]);
}

/* The parameters share a structure; the two big headers have no rules. */
static void test_parameters_and_signed_headers(void **state)
{
	static const uint32_t parameters[] = { CF_IGVM_VP_COUNT_PARAMETER,
		CF_IGVM_SRAT, CF_IGVM_MADT, CF_IGVM_MMIO_RANGES,
		CF_IGVM_MEMORY_MAP, CF_IGVM_COMMAND_LINE, CF_IGVM_SLIT,
		CF_IGVM_PPTT, CF_IGVM_DEVICE_TREE,
		CF_IGVM_ENVIRONMENT_INFO_PARAMETER };
	static const struct {
		uint32_t type;
		uint16_t size;
	} plain[] = { { CF_IGVM_SNP_ID_BLOCK, 696 },
		{ CF_IGVM_VBS_MEASUREMENT, 864 } };

	for (size_t i = 0; i < CF_ARRAY_LEN(parameters); i++) {
		check_case(&(struct field_case) { parameters[i], 0, 4, 8, -13,
			"parameter_area_index", 0, 4,
			"no area with this index was declared before" });
		check_case(&(struct field_case) {
			parameters[i], 4, 4, UINT64_MAX, 0, NULL, 0, 0, NULL });
	}
	for (size_t i = 0; i < CF_ARRAY_LEN(plain); i++)
		for (uint16_t at = 0; at < plain[i].size; at += 4)
			check_case(&(struct field_case) { plain[i].type, at, 4,
				UINT64_MAX, 0, NULL, 0, 0, NULL });
}

static void assert_refused(const struct cf_buf *b, int code, const char *want)
{
	struct cf_igvm *f = NULL;

	assert_status(
		COFFER_ERR_FORMAT, cf_igvm_parse(b->data, b->len, &f, &err));
	assert_string_equal(err.msg, want);
	assert_int_equal(cf_igvm_parse_mode(
				 b->data, b->len, CF_IGVM_BY_LIBRARY, &f, NULL),
		code);
}

/* Headers of the file in front of the sample's. */
static size_t headers_before(const struct sample *s)
{
	size_t n = 0;

	for (size_t at = 32; at < s->at; n++)
		at += 8 + (cf_load_le32(s->bytes.data + at + 4) + 7) / 8 * 8;
	return n;
}

/* Type and length of every header type. */
static void test_each_type_and_length_has_its_error(void **state)
{
	static const int codes[] = { -9, -10, -11 };
	const struct cf_igvm_type_info *info;

	for (size_t i = 0; (info = cf_igvm_type_row(i)); i++) {
		struct sample s = make_sample(info->type);
		uint32_t type = info->type;
		char want[320];

		if (type != CF_IGVM_SUPPORTED_PLATFORM) {
			cf_store_le32(s.bytes.data + s.at, 0x250);
			igvm_fix_checksum(&s.bytes);
			snprintf(want, sizeof(want),
				"igvm: header %zu (type 0x250) at 0x%zx: type "
				"0x250 lies in no range of header types",
				headers_before(&s), s.at);
			/* The library stops at the document before. */
			assert_refused(&s.bytes,
				type == CF_IGVM_CORIM_SIGNATURE ? -10 : -17,
				want);
		}
		cf_store_le32(s.bytes.data + s.at, type);
		cf_store_le32(s.bytes.data + s.at + 4, info->size - 1u);
		igvm_fix_checksum(&s.bytes);
		snprintf(want, sizeof(want),
			"igvm: %s %zu (%s) at 0x%zx: length %u at 0x%zx: must "
			"be %u",
			cf_igvm_section_name(s.section), s.index,
			cf_igvm_short_name(type), s.at, info->size - 1u,
			s.at + 4, info->size);
		assert_refused(&s.bytes, codes[s.section], want);
		cf_store_le32(s.bytes.data + s.at + 4, 0xFFFFFFF0);
		igvm_fix_checksum(&s.bytes);
		snprintf(want, sizeof(want),
			"igvm: %s %zu (%s) at 0x%zx: length 4294967280 at "
			"0x%zx: content must end inside the variable headers",
			cf_igvm_section_name(s.section), s.index,
			cf_igvm_short_name(type), s.at, s.at + 4);
		assert_refused(&s.bytes, codes[s.section], want);
		cf_buf_finish(&s.bytes);
	}
}

static void test_unknown_types_in_a_range_are_refused(void **state)
{
	static const struct {
		uint32_t type;
		int code;
		const char *text;
	} unknown[] = {
		{ 0x306, -11,
			"directive 0 (type 0x306) at 0x80: unknown type "
			"0x306, and it is not marked optional" },
		{ 0x400, -11,
			"directive 0 (type 0x400) at 0x80: unknown type "
			"0x400, and it is not marked optional" },
		{ 0x107, -10,
			"initialization 0 (type 0x107) at 0x80: unknown "
			"type 0x107, and it is not marked optional" },
		{ 0x2, -9,
			"platform 4 (type 0x2) at 0x80: unknown type 0x2, "
			"and it is not marked optional" },
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(unknown); i++) {
		struct sample s = make_sample(CF_IGVM_PAGE_DATA);
		char want[320];

		assert_int_equal(s.at, 0x80);
		cf_store_le32(s.bytes.data + s.at, unknown[i].type);
		igvm_fix_checksum(&s.bytes);
		snprintf(want, sizeof(want), "igvm: %s", unknown[i].text);
		assert_refused(&s.bytes, unknown[i].code, want);
		cf_buf_finish(&s.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_field_has_its_error),
		cmocka_unit_test(test_parameters_and_signed_headers),
		cmocka_unit_test(test_each_type_and_length_has_its_error),
		cmocka_unit_test(test_unknown_types_in_a_range_are_refused),
	};

	return cmocka_run_group_tests_name("igvm_fields", tests, NULL, NULL);
}
