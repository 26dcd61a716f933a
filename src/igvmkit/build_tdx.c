/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages that a firmware image wants on TDX.  The order is that of its
 * metadata, in which VMMs add pages to a TD.
 *
 * Source: Intel TDX Virtual Firmware Design Guide, "TDVF descriptor".
 */
#include "igvmkit/build_priv.h"

#include "base/base.h"

#include <inttypes.h>
#include <string.h>

#define DESCRIPTOR_SIZE 16u
#define SECTION_SIZE    32u
#define ATTR_MR_EXTEND  0x1u /* measured */
#define ATTR_PAGE_AUG   0x2u /* added later, not at launch */

struct section {
	uint32_t raw_offset, raw_size;
	uint64_t gpa, size;
	uint32_t type, attributes;
};

static enum coffer_status add_section(
	struct cf_builder *b, size_t i, const struct section *s)
{
	uint32_t mask = cf_builder_mask(b, CF_IGVM_TDX);
	uint32_t flags =
		s->attributes & ATTR_MR_EXTEND ? 0 : CF_IGVM_PAGE_UNMEASURED;
	enum coffer_status status;
	uint64_t end;

	if (!cf_range_ok(s->raw_offset, s->raw_size, b->ovmf.len))
		return cf_fail(b->err, COFFER_ERR_FORMAT,
			"firmware: TDX section %zu: data 0x%x at 0x%x must "
			"lie in the image of 0x%zx",
			i, s->raw_size, s->raw_offset, b->ovmf.len);
	if (!cf_is_aligned(s->gpa | s->size, CF_PAGE_SIZE) ||
		s->raw_size > s->size ||
		cf_add_overflow_u64(s->gpa, s->size, &end) || end > CF_4GIB)
		return cf_fail(b->err, COFFER_ERR_FORMAT,
			"firmware: TDX section %zu: memory 0x%" PRIx64
			" at 0x%" PRIx64 " must be whole pages below 4 GiB "
			"that hold its 0x%x bytes of data",
			i, s->size, s->gpa, s->raw_size);
	if (s->attributes & ATTR_PAGE_AUG)
		return COFFER_OK;
	end = cf_align_up(s->raw_size, CF_PAGE_SIZE);
	status = cf_builder_pages(b, mask, s->gpa, s->raw_size,
		b->ovmf.bytes + s->raw_offset, CF_IGVM_PAGE_NORMAL, flags);
	if (status)
		return status;
	return cf_builder_pages(b, mask, s->gpa + end, s->size - end, NULL,
		CF_IGVM_PAGE_NORMAL, flags);
}

/* A field that the cursor was found to hold. */
static bool take_section(struct cf_cursor *c, struct section *s)
{
	return cf_take_le32(c, &s->raw_offset) &&
		cf_take_le32(c, &s->raw_size) && cf_take_le64(c, &s->gpa) &&
		cf_take_le64(c, &s->size) && cf_take_le32(c, &s->type) &&
		cf_take_le32(c, &s->attributes);
}

enum coffer_status cf_builder_tdx(struct cf_builder *b)
{
	uint32_t back = b->ovmf.tdx_metadata_offset, length, version, count;
	struct cf_cursor c;
	const uint8_t *magic;

	if (!cf_builder_platform(b, CF_IGVM_TDX))
		return COFFER_OK;
	if (!b->ovmf.has_tdx_metadata)
		return cf_fail(b->err, COFFER_ERR_UNSUPPORTED,
			"firmware: no TDX metadata, which platform tdx needs; "
			"build the image for TDX or leave that platform out");
	if (back > b->ovmf.len)
		return cf_fail(b->err, COFFER_ERR_FORMAT,
			"firmware: TDX metadata 0x%x before the end: must lie "
			"in the image of 0x%zx",
			back, b->ovmf.len);
	c = cf_cursor(b->ovmf.bytes + (b->ovmf.len - back), back);
	if (!cf_take(&c, 4, &magic) || memcmp(magic, "TDVF", 4) != 0)
		return cf_fail(b->err, COFFER_ERR_FORMAT,
			"firmware: TDX metadata 0x%x before the end: must "
			"start with \"TDVF\"",
			back);
	if (!cf_take_le32(&c, &length) || !cf_take_le32(&c, &version) ||
		!cf_take_le32(&c, &count) || version != 1 ||
		length < DESCRIPTOR_SIZE ||
		count > (length - DESCRIPTOR_SIZE) / SECTION_SIZE)
		return cf_fail(b->err, COFFER_ERR_FORMAT,
			"firmware: TDX metadata: must be version 1 and long "
			"enough for its sections");
	for (size_t i = 0; i < count; i++) {
		enum coffer_status status;
		struct section s;

		if (!take_section(&c, &s))
			return cf_fail(b->err, COFFER_ERR_TRUNCATED,
				"firmware: TDX section %zu lies past the end "
				"of the image",
				i);
		status = add_section(b, i, &s);
		if (status)
			return status;
	}
	return COFFER_OK;
}
