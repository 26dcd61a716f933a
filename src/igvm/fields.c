/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving fields between the disk, the decoded header and numbers, as the
 * table of fields says, and the text of refusals.
 */
#include "igvm/igvm_priv.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static uint64_t load(const uint8_t *p, size_t size)
{
	switch (size) {
	case 1:
		return *p;
	case 2:
		return cf_load_le16(p);
	case 4:
		return cf_load_le32(p);
	default:
		return cf_load_le64(p);
	}
}

static void store(uint8_t *p, size_t size, uint64_t v)
{
	switch (size) {
	case 1:
		*p = (uint8_t)v;
		break;
	case 2:
		cf_store_le16(p, (uint16_t)v);
		break;
	case 4:
		cf_store_le32(p, (uint32_t)v);
		break;
	default:
		cf_store_le64(p, v);
		break;
	}
}

/* Members of the decoded header are native integers of the field's size;
 * this host is little-endian, so both forms have the same bytes. */
static bool has_member(const struct cf_igvm_field *f)
{
	return f->kind != CF_IGVM_ZERO && f->kind != CF_IGVM_IGNORED &&
		f->kind != CF_IGVM_FILE_OFFSET && f->kind != CF_IGVM_DATA_LEN;
}

uint64_t cf_igvm_field_get(
	const struct cf_igvm_header *h, const struct cf_igvm_field *f)
{
	if (!has_member(f) || f->kind == CF_IGVM_BYTES)
		return 0;
	return load((const uint8_t *)h + f->member, f->size);
}

void cf_igvm_field_set(
	struct cf_igvm_header *h, const struct cf_igvm_field *f, uint64_t value)
{
	if (has_member(f) && f->kind != CF_IGVM_BYTES)
		store((uint8_t *)h + f->member, f->size, value);
}

bool cf_igvm_has_mask(const struct cf_igvm_type_info *info)
{
	for (size_t i = 0; i < info->nfields; i++)
		if (info->field[i].kind == CF_IGVM_MASK ||
			info->field[i].kind == CF_IGVM_ONE_BIT)
			return true;
	return false;
}

const struct cf_igvm_field *cf_igvm_field_named(
	const struct cf_igvm_type_info *info, const char *name)
{
	for (size_t i = 0; i < info->nfields; i++)
		if (strcmp(info->field[i].name, name) == 0)
			return &info->field[i];
	return NULL;
}

bool cf_igvm_field_at(
	struct cf_igvm_header *h, size_t i, struct cf_igvm_field_view *out)
{
	const struct cf_igvm_type_info *info = cf_igvm_type_info(h->type);
	const struct cf_igvm_field *f;
	bool reserved;

	if (!info || i >= info->nfields)
		return false;
	f = &info->field[i];
	reserved = !has_member(f) || strcmp(f->name, "reserved") == 0;
	*out = (struct cf_igvm_field_view) {
		.name = f->name,
		.is_bytes = f->kind == CF_IGVM_BYTES,
		.is_reserved = reserved,
		.is_hex = f->kind != CF_IGVM_FREE && f->kind != CF_IGVM_MAX &&
			f->kind != CF_IGVM_MAX_BY_SPEC &&
			f->kind != CF_IGVM_EQUAL,
		.size = f->size,
		.value = cf_igvm_field_get(h, f),
		.bytes = f->kind == CF_IGVM_BYTES ? (uint8_t *)h + f->member
						  : NULL,
	};
	return true;
}

void cf_igvm_field_put(struct cf_igvm_header *h, size_t i, uint64_t value)
{
	const struct cf_igvm_type_info *info = cf_igvm_type_info(h->type);

	if (info && i < info->nfields)
		cf_igvm_field_set(h, &info->field[i], value);
}

static bool breaks_rule(
	enum cf_igvm_mode mode, const struct cf_igvm_field *f, uint64_t v)
{
	switch ((enum cf_igvm_kind)f->kind) {
	case CF_IGVM_ONE_BIT:
		return !cf_is_pow2(v);
	case CF_IGVM_GPA:
	case CF_IGVM_SIZE:
		return !cf_is_aligned(v, CF_PAGE_SIZE);
	case CF_IGVM_MAX:
		return v > f->arg;
	case CF_IGVM_MAX_BY_SPEC:
		return mode == CF_IGVM_BY_SPEC && v > f->arg;
	case CF_IGVM_EQUAL:
		return v != f->arg;
	case CF_IGVM_ZERO:
		return v != 0;
	default:
		return false;
	}
}

void cf_igvm_decode(enum cf_igvm_mode mode,
	const struct cf_igvm_type_info *info, const uint8_t *p,
	struct cf_igvm_header *h, struct cf_igvm_where *where,
	const struct cf_igvm_field **bad, uint64_t *bad_value)
{
	*where = (struct cf_igvm_where) { 0 };
	*bad = NULL;
	for (size_t i = 0; i < info->nfields; i++) {
		const struct cf_igvm_field *f = &info->field[i];
		uint64_t v;

		if (f->kind == CF_IGVM_BYTES) {
			memcpy((uint8_t *)h + f->member, p + f->at, f->size);
			continue;
		}
		v = load(p + f->at, f->size);
		if (f->kind == CF_IGVM_FILE_OFFSET)
			where->file_offset = (uint32_t)v;
		else if (f->kind == CF_IGVM_DATA_LEN)
			where->len = (uint32_t)v;
		else
			cf_igvm_field_set(h, f, v);
		if (!*bad && breaks_rule(mode, f, v)) {
			*bad = f;
			*bad_value = v;
		}
	}
}

void cf_igvm_encode(const struct cf_igvm_type_info *info,
	const struct cf_igvm_header *h, const struct cf_igvm_where *where,
	uint8_t *p)
{
	memset(p, 0, info->size);
	for (size_t i = 0; i < info->nfields; i++) {
		const struct cf_igvm_field *f = &info->field[i];

		if (f->kind == CF_IGVM_BYTES)
			memcpy(p + f->at, (const uint8_t *)h + f->member,
				f->size);
		else if (f->kind == CF_IGVM_FILE_OFFSET)
			cf_store_le32(p + f->at, where->file_offset);
		else if (f->kind == CF_IGVM_DATA_LEN)
			cf_store_le32(p + f->at, where->len);
		else
			store(p + f->at, f->size, cf_igvm_field_get(h, f));
	}
}

static void header_context(
	char *text, size_t size, const struct cf_igvm_header *h)
{
	enum cf_igvm_section section = cf_igvm_section_of(h->type);

	if (cf_igvm_type_known(h->type))
		snprintf(text, size, "igvm: %s %zu (%s) at 0x%" PRIx64,
			cf_igvm_section_name(section), h->index,
			cf_igvm_short_name(h->type), h->position);
	else
		snprintf(text, size, "igvm: %s %zu (type 0x%x) at 0x%" PRIx64,
			cf_igvm_section_name(section), h->index, h->type,
			h->position);
}

static enum coffer_status status_of(enum cf_igvm_refusal code)
{
	switch (code) {
	case CF_IGVM_NO_MEMORY:
		return COFFER_ERR_NOMEM;
	case CF_IGVM_PAGE_SIZE_UNSUPPORTED:
		return COFFER_ERR_UNSUPPORTED;
	default:
		return COFFER_ERR_FORMAT;
	}
}

enum cf_igvm_refusal cf_igvm_refuse(struct coffer_error *err,
	enum cf_igvm_refusal code, const struct cf_igvm_header *h,
	const char *fmt, ...)
{
	char context[96], text[192];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	header_context(context, sizeof(context), h);
	cf_fail(err, status_of(code), "%s: %s", context, text);
	return code;
}

enum cf_igvm_refusal cf_igvm_refuse_field(struct coffer_error *err,
	enum cf_igvm_refusal code, const struct cf_igvm_header *h,
	const char *field, uint64_t value, const char *fmt, ...)
{
	const struct cf_igvm_type_info *info = cf_igvm_type_info(h->type);
	const struct cf_igvm_field *f =
		info ? cf_igvm_field_named(info, field) : NULL;
	uint64_t at = h->position + CF_IGVM_PREFIX_SIZE + (f ? f->at : 0);
	char text[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return cf_igvm_refuse(err, code, h,
		"%s 0x%" PRIx64 " at 0x%" PRIx64 ": %s", field, value, at,
		text);
}
