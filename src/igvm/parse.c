/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader: fixed header, checksum, the list of variable headers, and the
 * bytes that each of them owns.  What is kept per header is its position, 4
 * bytes; everything else is decoded again when asked for.
 */
#include "igvm/igvm_priv.h"

#include "base/alloc.h"
#include "base/bytes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static enum cf_igvm_refusal refuse_file(struct coffer_error *err,
	enum cf_igvm_refusal code, enum coffer_status status, size_t at,
	const char *field, uint64_t value, const char *rule)
{
	cf_fail(err, status,
		"igvm: fixed header: %s 0x%" PRIx64 " at 0x%zx: %s", field,
		value, at, rule);
	return code;
}

static uint32_t checksum(const struct cf_igvm *f, uint32_t fixed_size)
{
	uint8_t fixed[CF_IGVM_V2_SIZE];
	uLong crc;

	memcpy(fixed, f->bytes, fixed_size);
	cf_store_le32(fixed + CF_IGVM_CHECKSUM_AT, 0);
	crc = crc32_z(0, fixed, fixed_size);
	return (uint32_t)crc32_z(crc, f->bytes + f->headers_at, f->headers_len);
}

/* Version 2 adds architecture and page size. */
static enum cf_igvm_refusal parse_v2(
	struct cf_igvm *f, struct coffer_error *err)
{
	uint32_t arch, page_size;

	if (f->len < CF_IGVM_V2_SIZE)
		return refuse_file(err, CF_IGVM_BAD_FIXED_HEADER,
			COFFER_ERR_TRUNCATED, 0, "file length", f->len,
			"a version 2 file has at least 32 bytes");
	arch = cf_load_le32(f->bytes + 0x18);
	page_size = cf_load_le32(f->bytes + 0x1C);
	if (arch > CF_IGVM_AARCH64)
		return refuse_file(err, CF_IGVM_BAD_FIXED_HEADER,
			COFFER_ERR_FORMAT, 0x18, "architecture", arch,
			"must be 0 (X64) or 1 (AARCH64)");
	if (page_size != CF_PAGE_SIZE)
		return refuse_file(err, CF_IGVM_PAGE_SIZE_UNSUPPORTED,
			COFFER_ERR_UNSUPPORTED, 0x1C, "page_size", page_size,
			"only 4096 is supported");
	f->arch = (enum cf_igvm_arch)arch;
	return CF_IGVM_FINE;
}

/* Sizes and offsets of the fixed header, then its checksum. */
static enum cf_igvm_refusal parse_layout(
	struct cf_igvm *f, uint32_t fixed_size, struct coffer_error *err)
{
	const enum cf_igvm_refusal bad = CF_IGVM_BAD_FIXED_HEADER;
	uint32_t total = cf_load_le32(f->bytes + 0x10);
	uint32_t want = cf_load_le32(f->bytes + CF_IGVM_CHECKSUM_AT), crc;
	uint64_t end;

	f->headers_at = cf_load_le32(f->bytes + 0x8);
	f->headers_len = cf_load_le32(f->bytes + 0xC);
	end = (uint64_t)f->headers_at + f->headers_len;
	if (total != f->len) {
		cf_fail(err,
			total > f->len ? COFFER_ERR_TRUNCATED
				       : COFFER_ERR_FORMAT,
			"igvm: fixed header: total_file_size 0x%x at 0x10: "
			"must be the length of the file, 0x%zx%s",
			total, f->len,
			total > f->len ? " (the file is cut short)" : "");
		return bad;
	}
	if (f->mode == CF_IGVM_BY_SPEC && f->headers_at < fixed_size)
		return refuse_file(err, bad, COFFER_ERR_FORMAT, 0x8,
			"variable_header_offset", f->headers_at,
			"must not lie inside the fixed header");
	if (end > f->len)
		return refuse_file(err, bad, COFFER_ERR_FORMAT, 0xC,
			"variable_header_size", f->headers_len,
			"variable headers must end inside the file");
	if (f->mode == CF_IGVM_BY_LIBRARY && end == f->len)
		return refuse_file(err, bad, COFFER_ERR_FORMAT, 0xC,
			"variable_header_size", f->headers_len,
			"the library wants file data after the headers");
	if (f->mode == CF_IGVM_BY_SPEC && f->headers_at % 8)
		return refuse_file(err, bad, COFFER_ERR_FORMAT, 0x8,
			"variable_header_offset", f->headers_at,
			"must be a multiple of 8");
	crc = checksum(f, fixed_size);
	if (crc == want)
		return CF_IGVM_FINE;
	cf_fail(err, COFFER_ERR_FORMAT,
		"igvm: fixed header: checksum 0x%08x at 0x14: must be 0x%08x, "
		"the CRC-32 of fixed and variable headers (damaged file?)",
		want, crc);
	return CF_IGVM_BAD_CHECKSUM;
}

static enum cf_igvm_refusal parse_fixed(
	struct cf_igvm *f, struct coffer_error *err)
{
	enum cf_igvm_refusal code;
	uint32_t magic, version;

	if (f->len < CF_IGVM_V1_SIZE)
		return refuse_file(err, CF_IGVM_BAD_FIXED_HEADER,
			COFFER_ERR_TRUNCATED, 0, "file length", f->len,
			"an IGVM file has at least 24 bytes");
	magic = cf_load_le32(f->bytes);
	version = cf_load_le32(f->bytes + 4);
	if (magic != CF_IGVM_MAGIC)
		return refuse_file(err, CF_IGVM_BAD_FIXED_HEADER,
			COFFER_ERR_FORMAT, 0, "magic", magic,
			"must be 0x4d564749 (\"IGVM\"); not an IGVM file");
	if (version != 1 && version != 2)
		return refuse_file(err, CF_IGVM_BAD_FIXED_HEADER,
			COFFER_ERR_FORMAT, 4, "format_version", version,
			"must be 1 or 2");
	f->version = version;
	if (version == 1)
		return parse_layout(f, CF_IGVM_V1_SIZE, err);
	code = parse_v2(f, err);
	return code ? code : parse_layout(f, CF_IGVM_V2_SIZE, err);
}

/* The header's data, from its file offset.  The offset was read from the
 * file; nothing about it is known yet. */
static enum cf_igvm_refusal locate_data(const struct cf_igvm *f,
	const struct cf_igvm_type_info *info, struct cf_igvm_header *h,
	const struct cf_igvm_where *where, struct coffer_error *err)
{
	uint64_t data_at = (uint64_t)f->headers_at + f->headers_len;
	uint64_t need = cf_igvm_data_size(f, info, h, where);
	enum cf_igvm_refusal bad = cf_igvm_bad_header(
				     cf_igvm_section_of(h->type)),
			     code;
	const uint8_t *p = f->bytes + where->file_offset;

	if (info->data == CF_IGVM_NO_DATA)
		return CF_IGVM_FINE;
	if (where->file_offset == 0 && info->data != CF_IGVM_DATA_CONTEXT &&
		(info->data != CF_IGVM_DATA_BLOB || need == 0))
		return CF_IGVM_FINE;
	if (where->file_offset < data_at)
		return cf_igvm_refuse_field(err, bad, h, "file_offset",
			where->file_offset,
			"must lie in the file data, from 0x%" PRIx64, data_at);
	if (!cf_range_ok(where->file_offset, need, f->len))
		return cf_igvm_refuse_field(err, bad, h, "file_offset",
			where->file_offset,
			"0x%" PRIx64 " bytes of data must end inside the file "
			"of 0x%zx",
			need, f->len);
	if (info->data == CF_IGVM_DATA_CONTEXT) {
		code = cf_igvm_check_context(
			f, h, p, f->len - where->file_offset, err);
		if (code)
			return code;
		need = cf_igvm_context_len(f, h->compatibility_mask, p);
	}
	h->data = need ? p : NULL;
	h->data_len = (size_t)need;
	return CF_IGVM_FINE;
}

static enum cf_igvm_refusal parse_known(const struct cf_igvm *f,
	const struct cf_igvm_type_info *info, const uint8_t *content,
	uint32_t len, struct cf_igvm_header *h, struct coffer_error *err)
{
	enum cf_igvm_refusal code,
		bad = cf_igvm_bad_header(cf_igvm_section_of(h->type));
	const struct cf_igvm_field *field;
	struct cf_igvm_where where;
	uint64_t value;

	if (len != info->size)
		return cf_igvm_refuse(err, bad, h,
			"length %u at 0x%" PRIx64 ": must be %u", len,
			h->position + 4, info->size);
	cf_igvm_decode(f->mode, info, content, h, &where, &field, &value);
	if (field)
		switch ((enum cf_igvm_kind)field->kind) {
		case CF_IGVM_ONE_BIT:
			return cf_igvm_refuse_field(err, bad, h, field->name,
				value, "must have exactly one bit set");
		case CF_IGVM_MAX:
		case CF_IGVM_MAX_BY_SPEC:
			return cf_igvm_refuse_field(err, bad, h, field->name,
				value, "must not exceed %u", field->arg);
		case CF_IGVM_EQUAL:
			return cf_igvm_refuse_field(err, bad, h, field->name,
				value, "must be %u", field->arg);
		case CF_IGVM_ZERO:
			return cf_igvm_refuse_field(
				err, bad, h, field->name, value, "must be 0");
		default:
			return cf_igvm_refuse_field(err, bad, h, field->name,
				value, "must be a multiple of 4096");
		}
	code = cf_igvm_check_header(f, h, err);
	return code ? code : locate_data(f, info, h, &where, err);
}

/* Platforms are remembered as they come: VP contexts refer to them. */
static void note_platform(struct cf_igvm *f, const struct cf_igvm_header *h)
{
	if (f->nplatforms == CF_IGVM_MAX_PLATFORMS)
		return; /* more than types: cf_igvm_check_file refuses */
	f->platform[f->nplatforms].mask = h->compatibility_mask;
	f->platform[f->nplatforms].type = h->u.platform.platform_type;
	f->nplatforms++;
}

/* One header at h->position; *section is the one that the list is in. */
static enum cf_igvm_refusal parse_header(struct cf_igvm *f, struct cf_cursor *c,
	enum cf_igvm_section *section, struct cf_igvm_header *h,
	struct coffer_error *err)
{
	const struct cf_igvm_type_info *info;
	enum cf_igvm_section own;
	enum cf_igvm_refusal code;
	const uint8_t *content;
	uint32_t raw, len;

	if (!cf_take_le32(c, &raw) || !cf_take_le32(c, &len))
		return cf_igvm_refuse(err, CF_IGVM_BAD_SECTION, h,
			"less than 8 bytes are left for type and length");
	h->type = raw & ~CF_IGVM_OPTIONAL;
	h->optional = raw & CF_IGVM_OPTIONAL;
	own = cf_igvm_section_of(h->type);
	if (own == CF_IGVM_NSECTIONS && h->optional)
		own = *section;
	if (own == CF_IGVM_NSECTIONS ||
		(h->optional && f->mode == CF_IGVM_BY_LIBRARY))
		return cf_igvm_refuse(err, CF_IGVM_BAD_SECTION, h,
			"type 0x%x lies in no range of header types", raw);
	if (own < *section) {
		cf_fail(err, COFFER_ERR_FORMAT,
			"igvm: header %zu (%s) at 0x%" PRIx64
			": %s headers must not follow %s headers",
			h->index, cf_igvm_short_name(h->type), h->position,
			cf_igvm_section_name(own),
			cf_igvm_section_name(*section));
		return CF_IGVM_BAD_SECTION;
	}
	while (*section < own)
		f->start[++*section] = f->nheaders;
	h->index = f->nheaders - f->start[own];
	info = cf_igvm_type_info(h->type);
	if (!info && !h->optional)
		return cf_igvm_refuse(err, cf_igvm_bad_header(own), h,
			"unknown type 0x%x, and it is not marked optional",
			h->type);
	if (!cf_take(c, len, &content) || !cf_skip(c, -(size_t)len % 8))
		return cf_igvm_refuse(err, cf_igvm_bad_header(own), h,
			"length %u at 0x%" PRIx64
			": content must end inside the variable headers",
			len, h->position + 4);
	/* What the padding holds is not looked at: writers leave junk there. */
	if (!info)
		return CF_IGVM_FINE;
	code = parse_known(f, info, content, len, h, err);
	if (!code && h->type == CF_IGVM_SUPPORTED_PLATFORM)
		note_platform(f, h);
	return code;
}

/* The library forgets headers for no platform, as if they were filtered. */
static bool is_dropped(const struct cf_igvm *f, const struct cf_igvm_header *h)
{
	return f->mode == CF_IGVM_BY_LIBRARY && h->compatibility_mask == 0 &&
		cf_igvm_has_mask(cf_igvm_type_info(h->type));
}

static enum cf_igvm_refusal parse_headers(
	struct cf_igvm *f, struct coffer_error *err)
{
	struct cf_cursor c =
		cf_cursor(f->bytes + f->headers_at, f->headers_len);
	enum cf_igvm_section section = CF_IGVM_PLATFORMS;
	enum cf_igvm_refusal code;
	struct cf_igvm_header h = { 0 };

	while (!cf_at_end(&c)) {
		/* Not as a whole: the union is large, and decoding sets what
		 * the header's type has of it. */
		h.type = 0;
		h.index = f->nheaders;
		h.position = (uint64_t)(c.at - f->bytes);
		h.data = NULL;
		h.data_len = 0;
		h.compatibility_mask = 0;
		if (!cf_grow_array(&f->position, &f->cap, f->nheaders + 1,
			    sizeof(*f->position))) {
			cf_fail_nomem(err, "igvm: the index of headers");
			return CF_IGVM_NO_MEMORY;
		}
		code = parse_header(f, &c, &section, &h, err);
		if (code)
			return code;
		if (!is_dropped(f, &h))
			f->position[f->nheaders++] = (uint32_t)h.position;
	}
	while (section < CF_IGVM_NSECTIONS)
		f->start[++section] = f->nheaders;
	return CF_IGVM_FINE;
}

enum cf_igvm_refusal cf_igvm_parse_mode(const uint8_t *bytes, size_t len,
	enum cf_igvm_mode mode, struct cf_igvm **out, struct coffer_error *err)
{
	struct cf_igvm *f = cf_alloc_array(1, sizeof(*f));
	enum cf_igvm_refusal code;

	if (!f) {
		cf_fail_nomem(err, "igvm: the parsed file");
		return CF_IGVM_NO_MEMORY;
	}
	*f = (struct cf_igvm) { .bytes = bytes, .len = len, .mode = mode };
	code = parse_fixed(f, err);
	if (!code)
		code = parse_headers(f, err);
	if (!code)
		code = cf_igvm_check_file(f, err);
	if (code) {
		cf_igvm_destroy(f);
		return code;
	}
	*out = f;
	return CF_IGVM_FINE;
}

enum coffer_status cf_igvm_parse(const uint8_t *bytes, size_t len,
	struct cf_igvm **out, struct coffer_error *err)
{
	struct coffer_error own;

	if (!err)
		err = &own;
	return cf_igvm_parse_mode(bytes, len, CF_IGVM_BY_SPEC, out, err)
		? err->status
		: COFFER_OK;
}
