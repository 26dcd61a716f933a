/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of src/igvm: the tables of header types and fields that drive
 * reader, writer and views, the parsed file, and refusals with the codes of
 * the reference library.
 */
#ifndef CF_IGVM_PRIV_H
#define CF_IGVM_PRIV_H

#include "igvm/igvm.h"

#define CF_IGVM_V1_SIZE       24u
#define CF_IGVM_V2_SIZE       32u
#define CF_IGVM_PREFIX_SIZE   8u /* type and length before the content */
#define CF_IGVM_CHECKSUM_AT   20u
#define CF_IGVM_MAX_PLATFORMS 7u /* each platform type at most once per file */

/* Why a file was refused; the values are those of the libigvm ABI. */
enum cf_igvm_refusal {
	CF_IGVM_FINE = 0,
	CF_IGVM_NO_MEMORY = -3, /* libigvm: INVALID_FILE */
	CF_IGVM_NO_PLATFORM = -5,
	CF_IGVM_TLV_TOO_LARGE = -7,
	CF_IGVM_FILE_TOO_LARGE = -8,
	CF_IGVM_BAD_PLATFORM = -9,
	CF_IGVM_BAD_INITIALIZATION = -10,
	CF_IGVM_BAD_DIRECTIVE = -11,
	CF_IGVM_DUPLICATE_PLATFORM = -12,
	CF_IGVM_BAD_PARAMETER_AREA = -13,
	CF_IGVM_BAD_FIXED_HEADER = -16,
	CF_IGVM_BAD_SECTION = -17,
	CF_IGVM_BAD_CHECKSUM = -18,
	CF_IGVM_TWO_PAGE_TABLE_REGIONS = -19,
	CF_IGVM_REGIONS_OVERLAP = -20,
	CF_IGVM_INSERT_IN_PAGE_TABLES = -21,
	CF_IGVM_NO_VP_CONTEXT = -22,
	CF_IGVM_PLATFORM_ARCH = -23,
	CF_IGVM_HEADER_ARCH = -24,
	CF_IGVM_PAGE_SIZE_UNSUPPORTED = -25,
	CF_IGVM_BAD_CCA_MASK = -28,
};

/* Which rules: the format's, or those of the reference library's C build,
 * which drops headers whose mask is 0, looks neither into the values of CCA
 * policies nor at reserved bytes of register lists, knows neither optional headers nor CoRIM nor 2 MiB of page data, wants
 * a data region, and overlooks a bad alignment of the headers and platforms
 * that share a mask. */
enum cf_igvm_mode {
	CF_IGVM_BY_SPEC,
	CF_IGVM_BY_LIBRARY,
};

/* What a field is and which rule binds it alone. */
enum cf_igvm_kind {
	CF_IGVM_FREE,        /* any number */
	CF_IGVM_FLAGS,       /* a number, best shown in hex */
	CF_IGVM_BYTES,       /* an array, as on disk */
	CF_IGVM_MASK,        /* compatibility mask */
	CF_IGVM_ONE_BIT,     /* compatibility mask with exactly one bit */
	CF_IGVM_GPA,         /* multiple of 4096 */
	CF_IGVM_ANY_GPA,     /* address without a rule of its own */
	CF_IGVM_SIZE,        /* multiple of 4096 */
	CF_IGVM_MAX,         /* not above arg */
	CF_IGVM_MAX_BY_SPEC, /* the same; the library takes any */
	CF_IGVM_EQUAL,       /* arg */
	CF_IGVM_ZERO,        /* reserved, must be zero */
	CF_IGVM_IGNORED,     /* reserved, not looked at */
	CF_IGVM_FILE_OFFSET, /* of the header's data */
	CF_IGVM_DATA_LEN,    /* of the header's data */
};

struct cf_igvm_field {
	const char *name; /* the specification's */
	uint16_t at;      /* offset within the content */
	uint16_t size;    /* 1, 2, 4, 8; any for BYTES */
	uint16_t member;  /* offset in struct cf_igvm_header */
	uint8_t kind;     /* enum cf_igvm_kind */
	uint8_t arg;
};

/* Which bytes of the data region belong to a header. */
enum cf_igvm_data {
	CF_IGVM_NO_DATA,
	CF_IGVM_DATA_PAGE,
	CF_IGVM_DATA_AREA,    /* number_of_bytes */
	CF_IGVM_DATA_CONTEXT, /* by platform */
	CF_IGVM_DATA_BLOB,    /* length in the header */
};

struct cf_igvm_type_info {
	uint32_t type;
	const char *name; /* "IGVM_VHT_..." */
	uint16_t size;    /* of the content */
	uint8_t data;     /* enum cf_igvm_data */
	uint8_t nfields;
	const struct cf_igvm_field *field;
};

/* The row of a type; NULL when unknown. */
const struct cf_igvm_type_info *cf_igvm_type_info(uint32_t type);
/* Row i in order of types; NULL past the end. */
const struct cf_igvm_type_info *cf_igvm_type_row(size_t i);
const struct cf_igvm_field *cf_igvm_field_named(
	const struct cf_igvm_type_info *info, const char *name);
/* Does this type have a compatibility mask? */
bool cf_igvm_has_mask(const struct cf_igvm_type_info *info);
/* The section of a type's range; CF_IGVM_NSECTIONS when in none. */
enum cf_igvm_section cf_igvm_section_of(uint32_t type);
const char *cf_igvm_section_name(enum cf_igvm_section section);
const char *cf_igvm_short_name(uint32_t type); /* without IGVM_VHT_ */

/* Number fields; value of a BYTES field is 0. */
uint64_t cf_igvm_field_get(
	const struct cf_igvm_header *h, const struct cf_igvm_field *f);
void cf_igvm_field_set(struct cf_igvm_header *h, const struct cf_igvm_field *f,
	uint64_t value);

/* Where a header's data is said to be. */
struct cf_igvm_where {
	uint32_t file_offset;
	uint32_t len; /* DATA_LEN field */
};

/* Content bytes (info->size of them) to the decoded form and back; data and
 * data_len are not touched.  decode yields the first field that breaks its
 * own rule in *bad (NULL: none). */
void cf_igvm_decode(enum cf_igvm_mode mode,
	const struct cf_igvm_type_info *info, const uint8_t *p,
	struct cf_igvm_header *h, struct cf_igvm_where *where,
	const struct cf_igvm_field **bad, uint64_t *bad_value);
void cf_igvm_encode(const struct cf_igvm_type_info *info,
	const struct cf_igvm_header *h, const struct cf_igvm_where *where,
	uint8_t *p);

struct cf_igvm {
	const uint8_t *bytes;
	size_t len;
	enum cf_igvm_mode mode;
	unsigned version;
	enum cf_igvm_arch arch;
	uint32_t headers_at, headers_len; /* the variable headers */
	uint32_t *position; /* file offset of each header, in file order */
	size_t nheaders, cap;
	size_t start[CF_IGVM_NSECTIONS + 1]; /* index of a section's first */
	struct {
		uint32_t mask;
		uint8_t type;
	} platform[CF_IGVM_MAX_PLATFORMS];
	size_t nplatforms;
};

/* Type of a header, without the optional bit. */
uint32_t cf_igvm_type_at(
	const struct cf_igvm *file, enum cf_igvm_section section, size_t index);

enum cf_igvm_refusal cf_igvm_parse_mode(const uint8_t *bytes, size_t len,
	enum cf_igvm_mode mode, struct cf_igvm **out,
	struct coffer_error *err) CF_MUST_CHECK;

/* Bytes of data that a header owns if it has any, which may lie outside the
 * file; 0 for a VP context, see cf_igvm_context_len. */
uint64_t cf_igvm_data_size(const struct cf_igvm *file,
	const struct cf_igvm_type_info *info, const struct cf_igvm_header *h,
	const struct cf_igvm_where *where);

/* Platform type that owns exactly this mask; -1: none. */
int cf_igvm_platform_of(const struct cf_igvm *file, uint32_t mask);

/* Refuse a header: "igvm: directive 7 (PAGE_DATA) at 0x1a0: ...". */
enum cf_igvm_refusal cf_igvm_refuse(struct coffer_error *err,
	enum cf_igvm_refusal code, const struct cf_igvm_header *h,
	const char *fmt, ...) CF_PRINTF(4, 5);
/* Refuse one field of it: "... gpa 0x1001 at 0x1a8: RULE". */
enum cf_igvm_refusal cf_igvm_refuse_field(struct coffer_error *err,
	enum cf_igvm_refusal code, const struct cf_igvm_header *h,
	const char *field, uint64_t value, const char *fmt, ...)
	CF_PRINTF(6, 7);
/* The code that the library gives to a bad header of a section. */
enum cf_igvm_refusal cf_igvm_bad_header(enum cf_igvm_section section);

/* The rules of one header that involve several fields. */
enum cf_igvm_refusal cf_igvm_check_header(const struct cf_igvm *file,
	const struct cf_igvm_header *h, struct coffer_error *err) CF_MUST_CHECK;
/* Length and contents of a VP context; *len is the length of its data, of
 * which `left` bytes are in the file from p on. */
enum cf_igvm_refusal cf_igvm_check_context(const struct cf_igvm *file,
	const struct cf_igvm_header *h, const uint8_t *p, size_t left,
	struct coffer_error *err) CF_MUST_CHECK;
size_t cf_igvm_context_len(
	const struct cf_igvm *file, uint32_t mask, const uint8_t *p);
/* The rules that involve several headers. */
enum cf_igvm_refusal cf_igvm_check_file(
	const struct cf_igvm *file, struct coffer_error *err) CF_MUST_CHECK;

/* The writer's file without the check that it is valid. */
enum coffer_status cf_igvm_writer_serialize(struct cf_igvm_writer *w,
	struct cf_buf *out, struct coffer_error *err) CF_MUST_CHECK;

#define CF_IGVM_NATIVE_CONTEXT_SIZE 232u
#define CF_IGVM_CCA_CONTEXT_SIZE    80u
#define CF_IGVM_VBS_RECORD_SIZE     32u

#endif
