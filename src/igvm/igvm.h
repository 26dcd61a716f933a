/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IGVM format: reader, validator and writer.  One decoded form of a
 * variable header, struct cf_igvm_header, is what the reader yields, what the
 * writer takes and what every view prints.
 *
 * Reading is zero-copy: the bytes of the file are borrowed, page contents are
 * never touched, and memory use depends on the number of headers alone.
 *
 * Source: Independent Guest Virtual Machine (IGVM) file format, revisions 1
 * and 2 (microsoft/igvm, igvm_defs 0.4).
 */
#ifndef CF_IGVM_H
#define CF_IGVM_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_buf;

#define CF_IGVM_MAGIC    0x4D564749u
#define CF_IGVM_OPTIONAL 0x80000000u /* type bit: skip me if unknown */

/* Variable header types; the value is the one on disk. */
enum cf_igvm_type {
	CF_IGVM_SUPPORTED_PLATFORM = 0x001,
	CF_IGVM_GUEST_POLICY = 0x101,
	CF_IGVM_RELOCATABLE_REGION = 0x102,
	CF_IGVM_PAGE_TABLE_RELOCATION_REGION = 0x103,
	CF_IGVM_CORIM_DOCUMENT = 0x104,
	CF_IGVM_CORIM_SIGNATURE = 0x105,
	CF_IGVM_CCA_POLICY = 0x106,
	CF_IGVM_PARAMETER_AREA = 0x301,
	CF_IGVM_PAGE_DATA = 0x302,
	CF_IGVM_PARAMETER_INSERT = 0x303,
	CF_IGVM_VP_CONTEXT = 0x304,
	CF_IGVM_REQUIRED_MEMORY = 0x305,
	CF_IGVM_VP_COUNT_PARAMETER = 0x307,
	CF_IGVM_SRAT = 0x308,
	CF_IGVM_MADT = 0x309,
	CF_IGVM_MMIO_RANGES = 0x30A,
	CF_IGVM_SNP_ID_BLOCK = 0x30B,
	CF_IGVM_MEMORY_MAP = 0x30C,
	CF_IGVM_ERROR_RANGE = 0x30D,
	CF_IGVM_COMMAND_LINE = 0x30E,
	CF_IGVM_SLIT = 0x30F,
	CF_IGVM_PPTT = 0x310,
	CF_IGVM_VBS_MEASUREMENT = 0x311,
	CF_IGVM_DEVICE_TREE = 0x312,
	CF_IGVM_ENVIRONMENT_INFO_PARAMETER = 0x313,
};

enum cf_igvm_section {
	CF_IGVM_PLATFORMS,
	CF_IGVM_INITIALIZATIONS,
	CF_IGVM_DIRECTIVES,
	CF_IGVM_NSECTIONS,
};

enum cf_igvm_platform_type {
	CF_IGVM_NATIVE = 0,
	CF_IGVM_VSM_ISOLATION = 1,
	CF_IGVM_SEV_SNP = 2,
	CF_IGVM_TDX = 3,
	CF_IGVM_SEV = 4,
	CF_IGVM_SEV_ES = 5,
	CF_IGVM_CCA = 6,
};

enum cf_igvm_arch {
	CF_IGVM_X64 = 0,
	CF_IGVM_AARCH64 = 1,
};

enum cf_igvm_page_type {
	CF_IGVM_PAGE_NORMAL = 0,
	CF_IGVM_PAGE_SECRETS = 1,
	CF_IGVM_PAGE_CPUID_DATA = 2,
	CF_IGVM_PAGE_CPUID_XF = 3,
};

/* PAGE_DATA flags. */
#define CF_IGVM_PAGE_2MB        0x1u
#define CF_IGVM_PAGE_UNMEASURED 0x2u
#define CF_IGVM_PAGE_SHARED     0x4u

/* One decoded variable header.  Field names are the specification's. */
struct cf_igvm_header {
	uint32_t type;     /* enum cf_igvm_type, without the optional bit */
	bool optional;     /* CF_IGVM_OPTIONAL was set */
	size_t index;      /* position within its section, from 0 */
	uint64_t position; /* file offset of the type/length prefix */
	/* Bytes in the data region; NULL and 0 when the header has none.  The
	 * reader borrows them from the file; the writer copies them. */
	const uint8_t *data;
	size_t data_len;
	/* All headers that carry one; 0 for those that apply always. */
	uint32_t compatibility_mask;
	union {
		struct {
			uint8_t highest_vtl;
			uint8_t platform_type;
			uint16_t platform_version;
			uint64_t shared_gpa_boundary;
		} platform;
		struct {
			uint64_t policy;
		} policy;
		struct {
			uint16_t vp_index;
			uint8_t vtl;
			uint8_t flags;
			uint64_t alignment;
			uint64_t gpa;
			uint64_t size;
			uint64_t minimum_gpa;
			uint64_t maximum_gpa;
		} relocatable;
		struct {
			uint16_t vp_index;
			uint8_t vtl;
			uint64_t gpa;
			uint64_t size;
			uint64_t used_size;
		} page_table;
		struct {
			uint64_t required_zeroes;
			uint64_t required_ones;
			uint8_t hash_algorithm;
			uint8_t lfa_policy;
		} cca_policy;
		struct {
			uint64_t number_of_bytes;
			uint32_t index;
		} parameter_area;
		struct {
			uint64_t gpa;
			uint32_t flags;
			uint16_t data_type;
		} page;
		struct {
			uint64_t gpa;
			uint32_t index;
		} parameter_insert;
		struct {
			uint64_t gpa;
			uint16_t vp_index;
		} vp_context;
		struct {
			uint64_t gpa;
			uint32_t number_of_bytes;
			uint32_t flags;
		} required_memory;
		struct { /* VP_COUNT .. DEVICE_TREE, ENVIRONMENT_INFO */
			uint32_t index;
			uint32_t byte_offset;
		} parameter;
		struct {
			uint64_t gpa;
			uint32_t size_bytes;
		} error_range;
		struct {
			uint8_t author_key_enabled;
			uint8_t reserved[3];
			uint8_t ld[48];
			uint8_t family_id[16];
			uint8_t image_id[16];
			uint32_t version;
			uint32_t guest_svn;
			uint32_t id_key_algorithm;
			uint32_t author_key_algorithm;
			/* 144 bytes r[72] s[72]; 152 bytes curve, reserved,
			 * qx[72], qy[72]; all as on disk. */
			uint8_t id_key_signature[144];
			uint8_t id_public_key[152];
			uint8_t author_key_signature[144];
			uint8_t author_public_key[152];
		} snp_id_block;
		struct {
			uint32_t version;
			uint32_t product_id;
			uint32_t module_id;
			uint32_t security_version;
			uint32_t policy_flags;
			uint32_t boot_digest_algo;
			uint32_t signing_algo;
			uint8_t boot_measurement_digest[64];
			uint8_t signature[256];
			uint8_t public_key[512];
		} vbs_measurement;
		struct { /* an optional header of a type unknown here */
			const uint8_t *bytes; /* its content, as on disk */
			size_t len;
		} opaque;
	} u;
};

/* A parsed and validated file. */
struct cf_igvm;

/*
 * Parse and validate.  bytes is kept: it must outlive the object.  Every
 * refusal names the header, the file offset, the field, its value and the
 * rule.  COFFER_ERR_FORMAT, _TRUNCATED, _UNSUPPORTED, _NOMEM.
 *
 * A header of unknown type is refused unless it is marked optional; then it
 * is listed in the section of its type's range (outside the ranges: where it
 * stands) with u.opaque filled, so that it can be reported and written again.
 * A file whose data region is empty is valid.
 */
enum coffer_status cf_igvm_parse(const uint8_t *bytes, size_t len,
	struct cf_igvm **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_igvm_destroy(struct cf_igvm *file);

unsigned cf_igvm_format_version(const struct cf_igvm *file); /* 1 or 2 */
enum cf_igvm_arch cf_igvm_arch(const struct cf_igvm *file);
size_t cf_igvm_count(const struct cf_igvm *file, enum cf_igvm_section section);

/* Decode header `index` of a section; index < cf_igvm_count().  Borrowed
 * pointers in *out are valid as long as the bytes of the file. */
void cf_igvm_get(const struct cf_igvm *file, enum cf_igvm_section section,
	size_t index, struct cf_igvm_header *out);

/* The one-bit mask of a platform type in this file; 0 when it is absent. */
uint32_t cf_igvm_mask_of(
	const struct cf_igvm *file, enum cf_igvm_platform_type platform);

/* True for the types above; others are opaque. */
bool cf_igvm_type_known(uint32_t type);

/* Specification names ("IGVM_VHT_PAGE_DATA", "SEV_SNP"); never NULL. */
const char *cf_igvm_type_name(uint32_t type);
const char *cf_igvm_platform_name(unsigned platform_type);

/* Name of a Hyper-V register; NULL when IGVM does not take it. */
const char *cf_igvm_register_name(enum cf_igvm_arch arch, uint32_t number);

/*
 * The fields of a header as the specification names and orders them, for
 * views and descriptions.  Numbers only come as u64; file offsets and lengths
 * of data are the reader's and the writer's own business and do not appear.
 */
struct cf_igvm_field_view {
	const char *name;
	bool is_bytes;
	bool is_reserved; /* no meaning; zero unless preserved */
	bool is_hex;      /* address, mask, flags: people expect hex */
	uint16_t size;    /* bytes on disk */
	uint64_t value;   /* numbers */
	uint8_t *bytes;   /* arrays: inside the header */
};
/* Field i; false past the end or when the type is unknown. */
CF_MUST_CHECK bool cf_igvm_field_at(
	struct cf_igvm_header *h, size_t i, struct cf_igvm_field_view *out);
/* Set number field i; value must fit its size. */
void cf_igvm_field_put(struct cf_igvm_header *h, size_t i, uint64_t value);

/*
 * Writer.  Headers are added in any order of sections, but platforms before
 * the VP contexts that name them; each section keeps the order of its
 * additions.  Data may be shorter than the header says (a page, a parameter
 * area, a VP context): the rest is zeros.  Equal data blobs are stored once.
 * The result of equal additions is equal bytes; index and position are
 * ignored.
 */
struct cf_igvm_writer;
enum coffer_status cf_igvm_writer_create(unsigned format_version,
	enum cf_igvm_arch arch, struct cf_igvm_writer **out,
	struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_igvm_writer_add(struct cf_igvm_writer *w,
	const struct cf_igvm_header *h, struct coffer_error *err) CF_MUST_CHECK;
/* Serialize and validate; appends the file to *out. */
enum coffer_status cf_igvm_writer_finish(struct cf_igvm_writer *w,
	struct cf_buf *out, struct coffer_error *err) CF_MUST_CHECK;
void cf_igvm_writer_destroy(struct cf_igvm_writer *w);

#endif
