/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a parsed file. */
#include "igvm/igvm_priv.h"

#include "base/bytes.h"

#include <stdlib.h>

void cf_igvm_destroy(struct cf_igvm *file)
{
	if (!file)
		return;
	free(file->position);
	free(file);
}

unsigned cf_igvm_format_version(const struct cf_igvm *file)
{
	return file->version;
}

enum cf_igvm_arch cf_igvm_arch(const struct cf_igvm *file)
{
	return file->arch;
}

size_t cf_igvm_count(const struct cf_igvm *file, enum cf_igvm_section section)
{
	return file->start[section + 1] - file->start[section];
}

uint32_t cf_igvm_type_at(
	const struct cf_igvm *file, enum cf_igvm_section section, size_t index)
{
	uint32_t at = file->position[file->start[section] + index];

	return cf_load_le32(file->bytes + at) & ~CF_IGVM_OPTIONAL;
}

int cf_igvm_platform_of(const struct cf_igvm *file, uint32_t mask)
{
	/* The library, which lets platforms share a mask, takes the last. */
	for (size_t i = file->nplatforms; i-- > 0;)
		if (file->platform[i].mask == mask)
			return file->platform[i].type;
	return -1;
}

uint32_t cf_igvm_mask_of(
	const struct cf_igvm *file, enum cf_igvm_platform_type platform)
{
	for (size_t i = 0; i < file->nplatforms; i++)
		if (file->platform[i].type == platform)
			return file->platform[i].mask;
	return 0;
}

uint64_t cf_igvm_data_size(const struct cf_igvm *file,
	const struct cf_igvm_type_info *info, const struct cf_igvm_header *h,
	const struct cf_igvm_where *where)
{
	switch ((enum cf_igvm_data)info->data) {
	case CF_IGVM_DATA_PAGE:
		return h->u.page.flags & CF_IGVM_PAGE_2MB &&
				file->mode == CF_IGVM_BY_SPEC
			? CF_2MIB
			: CF_PAGE_SIZE;
	case CF_IGVM_DATA_AREA:
		return h->u.parameter_area.number_of_bytes;
	case CF_IGVM_DATA_BLOB:
		return where->len;
	case CF_IGVM_DATA_CONTEXT:
	case CF_IGVM_NO_DATA:
		break;
	}
	return 0;
}

void cf_igvm_get(const struct cf_igvm *file, enum cf_igvm_section section,
	size_t index, struct cf_igvm_header *out)
{
	uint32_t at = file->position[file->start[section] + index];
	const uint8_t *p = file->bytes + at;
	const struct cf_igvm_type_info *info;
	const struct cf_igvm_field *bad;
	struct cf_igvm_where where;
	uint64_t value;

	*out = (struct cf_igvm_header) {
		.type = cf_load_le32(p) & ~CF_IGVM_OPTIONAL,
		.optional = cf_load_le32(p) & CF_IGVM_OPTIONAL,
		.index = index,
		.position = at,
	};
	info = cf_igvm_type_info(out->type);
	if (!info) {
		out->u.opaque.bytes = p + CF_IGVM_PREFIX_SIZE;
		out->u.opaque.len = cf_load_le32(p + 4);
		return;
	}
	cf_igvm_decode(file->mode, info, p + CF_IGVM_PREFIX_SIZE, out, &where,
		&bad, &value);
	if (where.file_offset == 0)
		return;
	/* The parser has checked all that is relied on here. */
	p = file->bytes + where.file_offset;
	if (info->data == CF_IGVM_DATA_CONTEXT)
		out->data_len =
			cf_igvm_context_len(file, out->compatibility_mask, p);
	else
		out->data_len =
			(size_t)cf_igvm_data_size(file, info, out, &where);
	out->data = out->data_len ? p : NULL;
}
