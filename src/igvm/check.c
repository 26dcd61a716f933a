/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of one header that involve several of its fields. */
#include "igvm/igvm_priv.h"

#include "base/bytes.h"

#include <inttypes.h>

typedef enum cf_igvm_refusal check_fn(const struct cf_igvm *file,
	const struct cf_igvm_header *h, struct coffer_error *err);

static enum cf_igvm_refusal check_platform(const struct cf_igvm *file,
	const struct cf_igvm_header *h, struct coffer_error *err)
{
	unsigned type = h->u.platform.platform_type;

	if (h->u.platform.highest_vtl == 1)
		return cf_igvm_refuse_field(err, CF_IGVM_BAD_PLATFORM, h,
			"highest_vtl", 1, "must be 0 or 2");
	if (h->u.platform.shared_gpa_boundary &&
		(type == CF_IGVM_NATIVE || type == CF_IGVM_VSM_ISOLATION))
		return cf_igvm_refuse_field(err, CF_IGVM_BAD_PLATFORM, h,
			"shared_gpa_boundary",
			h->u.platform.shared_gpa_boundary,
			"must be 0 on platform %s",
			cf_igvm_platform_name(type));
	return CF_IGVM_FINE;
}

static enum cf_igvm_refusal check_relocatable(const struct cf_igvm *file,
	const struct cf_igvm_header *h, struct coffer_error *err)
{
	const uint64_t align = h->u.relocatable.alignment;
	const struct {
		const char *field;
		uint64_t value;
	} aligned[] = {
		{ "relocation_region_gpa", h->u.relocatable.gpa },
		{ "minimum_relocation_gpa", h->u.relocatable.minimum_gpa },
		{ "maximum_relocation_gpa", h->u.relocatable.maximum_gpa },
	};

	if (align == 0)
		return cf_igvm_refuse_field(err, CF_IGVM_BAD_INITIALIZATION, h,
			"relocation_alignment", 0, "must not be 0");
	for (size_t i = 0; i < CF_ARRAY_LEN(aligned); i++)
		if (aligned[i].value % align)
			return cf_igvm_refuse_field(err,
				CF_IGVM_BAD_INITIALIZATION, h, aligned[i].field,
				aligned[i].value,
				"must be a multiple of relocation_alignment "
				"0x%" PRIx64,
				align);
	if (file->mode == CF_IGVM_BY_SPEC &&
		h->u.relocatable.size > UINT64_MAX - h->u.relocatable.gpa)
		return cf_igvm_refuse_field(err, CF_IGVM_BAD_INITIALIZATION, h,
			"relocation_region_size", h->u.relocatable.size,
			"region must end below 2^64");
	return CF_IGVM_FINE;
}

static enum cf_igvm_refusal check_page_table(const struct cf_igvm *file,
	const struct cf_igvm_header *h, struct coffer_error *err)
{
	if (h->u.page_table.used_size > h->u.page_table.size)
		return cf_igvm_refuse_field(err, CF_IGVM_BAD_INITIALIZATION, h,
			"used_size", h->u.page_table.used_size,
			"must not exceed size 0x%" PRIx64,
			h->u.page_table.size);
	if (file->mode == CF_IGVM_BY_SPEC &&
		h->u.page_table.size > UINT64_MAX - h->u.page_table.gpa)
		return cf_igvm_refuse_field(err, CF_IGVM_BAD_INITIALIZATION, h,
			"size", h->u.page_table.size,
			"region must end below 2^64");
	return CF_IGVM_FINE;
}

static enum cf_igvm_refusal check_cca_policy(const struct cf_igvm *file,
	const struct cf_igvm_header *h, struct coffer_error *err)
{
	if (h->u.cca_policy.required_zeroes & h->u.cca_policy.required_ones)
		return cf_igvm_refuse_field(err, CF_IGVM_BAD_INITIALIZATION, h,
			"attributes_required_ones",
			h->u.cca_policy.required_ones,
			"must share no bit with attributes_required_zeroes "
			"0x%" PRIx64,
			h->u.cca_policy.required_zeroes);
	return CF_IGVM_FINE;
}

static enum cf_igvm_refusal check_corim(const struct cf_igvm *file,
	const struct cf_igvm_header *h, struct coffer_error *err)
{
	if (file->mode == CF_IGVM_BY_LIBRARY)
		return cf_igvm_refuse(err, CF_IGVM_BAD_INITIALIZATION, h,
			"the C library knows no CoRIM headers");
	return CF_IGVM_FINE;
}

static enum cf_igvm_refusal check_page(const struct cf_igvm *file,
	const struct cf_igvm_header *h, struct coffer_error *err)
{
	if (file->mode == CF_IGVM_BY_SPEC &&
		h->u.page.flags & CF_IGVM_PAGE_2MB &&
		!cf_is_aligned(h->u.page.gpa, CF_2MIB))
		return cf_igvm_refuse_field(err, CF_IGVM_BAD_DIRECTIVE, h,
			"gpa", h->u.page.gpa,
			"a 2 MiB page must be a multiple of 0x200000");
	return CF_IGVM_FINE;
}

static enum cf_igvm_refusal check_context(const struct cf_igvm *file,
	const struct cf_igvm_header *h, struct coffer_error *err)
{
	int type = cf_igvm_platform_of(file, h->compatibility_mask);

	if (type < 0)
		return cf_igvm_refuse_field(err, CF_IGVM_BAD_DIRECTIVE, h,
			"compatibility_mask", h->compatibility_mask,
			"must be the mask of exactly one platform of the file");
	if (type == CF_IGVM_TDX)
		return cf_igvm_refuse_field(err, CF_IGVM_BAD_DIRECTIVE, h,
			"compatibility_mask", h->compatibility_mask,
			"platform TDX takes no VP context");
	if ((type == CF_IGVM_SEV_SNP || type == CF_IGVM_SEV_ES) &&
		!cf_is_aligned(h->u.vp_context.gpa, CF_PAGE_SIZE))
		return cf_igvm_refuse_field(err, CF_IGVM_BAD_DIRECTIVE, h,
			"gpa", h->u.vp_context.gpa,
			"must be a multiple of 4096");
	if (type == CF_IGVM_VSM_ISOLATION && h->u.vp_context.vp_index)
		return cf_igvm_refuse_field(err, CF_IGVM_BAD_DIRECTIVE, h,
			"vp_index", h->u.vp_context.vp_index,
			"must be 0 on platform VSM_ISOLATION");
	return CF_IGVM_FINE;
}

enum cf_igvm_refusal cf_igvm_check_header(const struct cf_igvm *file,
	const struct cf_igvm_header *h, struct coffer_error *err)
{
	check_fn *check;

	switch (h->type) {
	case CF_IGVM_SUPPORTED_PLATFORM:
		check = check_platform;
		break;
	case CF_IGVM_RELOCATABLE_REGION:
		check = check_relocatable;
		break;
	case CF_IGVM_PAGE_TABLE_RELOCATION_REGION:
		check = check_page_table;
		break;
	case CF_IGVM_CORIM_DOCUMENT:
	case CF_IGVM_CORIM_SIGNATURE:
		check = check_corim;
		break;
	case CF_IGVM_CCA_POLICY:
		check = check_cca_policy;
		break;
	case CF_IGVM_PAGE_DATA:
		check = check_page;
		break;
	case CF_IGVM_VP_CONTEXT:
		check = check_context;
		break;
	default:
		return CF_IGVM_FINE;
	}
	return check(file, h, err);
}
