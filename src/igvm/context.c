/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data of VP_CONTEXT headers: how long it is and what it may hold, by the
 * platform that the header is for.
 */
#include "igvm/igvm_priv.h"

#include "base/bytes.h"

/* Offsets in a record of a VBS register list. */
#define VBS_NAME     1
#define VBS_RESERVED 5
#define VBS_VALUE    16

size_t cf_igvm_context_len(
	const struct cf_igvm *file, uint32_t mask, const uint8_t *p)
{
	if (cf_igvm_platform_of(file, mask) == CF_IGVM_VSM_ISOLATION)
		return 4 + (size_t)CF_IGVM_VBS_RECORD_SIZE * cf_load_le32(p);
	return CF_PAGE_SIZE;
}

static enum cf_igvm_refusal check_vbs(const struct cf_igvm *file,
	const struct cf_igvm_header *h, const uint8_t *p, size_t count,
	struct coffer_error *err)
{
	if (count == 0)
		return cf_igvm_refuse(err, CF_IGVM_BAD_DIRECTIVE, h,
			"register list is empty; at least 1 is needed");
	for (size_t i = 0; i < count; i++) {
		const uint8_t *r = p + 4 + i * CF_IGVM_VBS_RECORD_SIZE;
		uint32_t name = cf_load_le32(r + VBS_NAME);

		if (r[0] > 2)
			return cf_igvm_refuse(err, CF_IGVM_BAD_DIRECTIVE, h,
				"register %zu: vtl %u: must be 0, 1 or 2", i,
				r[0]);
		if (r[0] != p[4])
			return cf_igvm_refuse(err, CF_IGVM_BAD_DIRECTIVE, h,
				"register %zu: vtl %u: must be that of "
				"register 0, %u",
				i, r[0], p[4]);
		if (!cf_igvm_register_name(file->arch, name))
			return cf_igvm_refuse(err, CF_IGVM_BAD_DIRECTIVE, h,
				"register %zu: name 0x%x: not a register that "
				"IGVM takes",
				i, name);
		if (file->mode == CF_IGVM_BY_SPEC &&
			!cf_is_zero(r + VBS_RESERVED, VBS_VALUE - VBS_RESERVED))
			return cf_igvm_refuse(err, CF_IGVM_BAD_DIRECTIVE, h,
				"register %zu: reserved bytes 5 to 15 must be "
				"zero",
				i);
	}
	return CF_IGVM_FINE;
}

static enum cf_igvm_refusal check_padding(const struct cf_igvm_header *h,
	const uint8_t *p, size_t used, const char *what,
	struct coffer_error *err)
{
	for (size_t i = used; i < CF_PAGE_SIZE; i++)
		if (p[i])
			return cf_igvm_refuse(err, CF_IGVM_BAD_DIRECTIVE, h,
				"%s context: byte 0x%zx is 0x%02x: what "
				"follows its %zu bytes must be zero",
				what, i, p[i], used);
	return CF_IGVM_FINE;
}

enum cf_igvm_refusal cf_igvm_check_context(const struct cf_igvm *file,
	const struct cf_igvm_header *h, const uint8_t *p, size_t left,
	struct coffer_error *err)
{
	int type = cf_igvm_platform_of(file, h->compatibility_mask);
	size_t need = type == CF_IGVM_VSM_ISOLATION ? 4 : CF_PAGE_SIZE;

	if (left >= need)
		need = cf_igvm_context_len(file, h->compatibility_mask, p);
	if (left < need)
		return cf_igvm_refuse(err, CF_IGVM_BAD_DIRECTIVE, h,
			"VP context: %zu bytes needed, %zu left in the file",
			need, left);
	switch (type) {
	case CF_IGVM_VSM_ISOLATION:
		return check_vbs(file, h, p, cf_load_le32(p), err);
	case CF_IGVM_NATIVE:
	case CF_IGVM_SEV:
		return check_padding(
			h, p, CF_IGVM_NATIVE_CONTEXT_SIZE, "native", err);
	case CF_IGVM_CCA:
		return check_padding(
			h, p, CF_IGVM_CCA_CONTEXT_SIZE, "CCA", err);
	default:
		return CF_IGVM_FINE;
	}
}
