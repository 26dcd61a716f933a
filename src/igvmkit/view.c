/* SPDX-License-Identifier: Apache-2.0 */
/* What the views of a file share: runs of pages, policies, sizes. */
#include "igvmkit/view_priv.h"

#include "base/base.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t page_size(const struct cf_igvm_header *h)
{
	return h->u.page.flags & CF_IGVM_PAGE_2MB ? CF_2MIB : CF_PAGE_SIZE;
}

/* Where a directive puts something, and how much. */
static void covers(
	const struct cf_igvm_header *h, uint64_t *gpa, uint64_t *size)
{
	*gpa = *size = 0;
	switch (h->type) {
	case CF_IGVM_PAGE_DATA:
		*gpa = h->u.page.gpa;
		*size = page_size(h);
		break;
	case CF_IGVM_VP_CONTEXT:
		if (h->data_len == CF_PAGE_SIZE) {
			*gpa = h->u.vp_context.gpa;
			*size = CF_PAGE_SIZE;
		}
		break;
	case CF_IGVM_REQUIRED_MEMORY:
		*gpa = h->u.required_memory.gpa;
		*size = h->u.required_memory.number_of_bytes;
		break;
	case CF_IGVM_PARAMETER_INSERT:
		*gpa = h->u.parameter_insert.gpa;
		break;
	case CF_IGVM_ERROR_RANGE:
		*gpa = h->u.error_range.gpa;
		*size = h->u.error_range.size_bytes;
		break;
	default:
		break;
	}
}

static bool alike(
	const struct cf_igvm_header *a, const struct cf_igvm_header *b)
{
	return b->type == CF_IGVM_PAGE_DATA &&
		a->compatibility_mask == b->compatibility_mask &&
		a->optional == b->optional &&
		a->u.page.flags == b->u.page.flags &&
		a->u.page.data_type == b->u.page.data_type &&
		!a->data == !b->data;
}

size_t cf_view_run_at(
	const struct cf_igvm *file, size_t index, struct cf_view_run *out)
{
	size_t n = cf_igvm_count(file, CF_IGVM_DIRECTIVES);

	cf_igvm_get(file, CF_IGVM_DIRECTIVES, index, &out->first);
	covers(&out->first, &out->gpa, &out->size);
	out->last = index++;
	if (out->first.type != CF_IGVM_PAGE_DATA)
		return index;
	for (; index < n; index++) {
		struct cf_igvm_header h;

		cf_igvm_get(file, CF_IGVM_DIRECTIVES, index, &h);
		if (!alike(&out->first, &h) ||
			h.u.page.gpa - out->gpa != out->size)
			break;
		out->size += page_size(&h);
		out->last = index;
	}
	return index;
}

const char *cf_view_page_type(unsigned data_type)
{
	static const char *const names[] = {
		[CF_IGVM_PAGE_NORMAL] = "normal",
		[CF_IGVM_PAGE_SECRETS] = "secrets",
		[CF_IGVM_PAGE_CPUID_DATA] = "cpuid",
		[CF_IGVM_PAGE_CPUID_XF] = "cpuid-xf",
	};

	return data_type < CF_ARRAY_LEN(names) ? names[data_type] : "unknown";
}

struct bit {
	unsigned platform;
	unsigned bit;
	const char *text;
};

static const struct bit policy_bits[] = {
	{ CF_IGVM_SEV_SNP, 16, "SMT allowed" },
	{ CF_IGVM_SEV_SNP, 18, "migration agent allowed" },
	{ CF_IGVM_SEV_SNP, 19, "debugging allowed" },
	{ CF_IGVM_SEV_SNP, 20, "single socket" },
	{ CF_IGVM_SEV_SNP, 21, "CXL allowed" },
	{ CF_IGVM_SEV_SNP, 22, "AES-256-XTS required" },
	{ CF_IGVM_SEV_SNP, 23, "RAPL disabled" },
	{ CF_IGVM_SEV_SNP, 24, "ciphertext hiding required" },
	{ CF_IGVM_TDX, 0, "debugging allowed" },
	{ CF_IGVM_TDX, 1, "SEPT #VE disabled" },
	{ CF_IGVM_TDX, 2, "migratable" },
	{ CF_IGVM_SEV, 0, "no debugging" },
	{ CF_IGVM_SEV, 1, "no key sharing" },
	{ CF_IGVM_SEV, 2, "SEV-ES required" },
	{ CF_IGVM_SEV, 3, "no sending" },
	{ CF_IGVM_SEV, 4, "domain" },
	{ CF_IGVM_SEV, 5, "SEV" },
};

void cf_view_policy(unsigned platform_type, uint64_t policy, struct cf_buf *out)
{
	unsigned rows =
		platform_type == CF_IGVM_SEV_ES ? CF_IGVM_SEV : platform_type;
	const char *comma = "";

	for (size_t i = 0; i < CF_ARRAY_LEN(policy_bits); i++) {
		const struct bit *b = &policy_bits[i];

		if (b->platform != rows || !(policy >> b->bit & 1))
			continue;
		cf_buf_printf(out, "%s%s", comma, b->text);
		comma = ", ";
	}
	if (rows == CF_IGVM_SEV_SNP && !(policy >> 17 & 1)) {
		cf_buf_printf(out, "%sINVALID: bit 17 must be set", comma);
		comma = ", ";
	}
	if (rows == CF_IGVM_SEV_SNP)
		cf_buf_printf(out, "%sABI %u.%u or later", comma,
			(unsigned)(policy >> 8 & 0xFF),
			(unsigned)(policy & 0xFF));
	if (rows == CF_IGVM_SEV)
		cf_buf_printf(out, "%sAPI %u.%u or later", comma,
			(unsigned)(policy >> 16 & 0xFF),
			(unsigned)(policy >> 24 & 0xFF));
}

void cf_view_size(uint64_t size, char out[32])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB",
		"PiB", "EiB" };
	unsigned unit = 0;
	uint64_t whole = size, rest = 0;

	for (; whole >= 1024 && unit + 1 < CF_ARRAY_LEN(units); unit++) {
		rest = whole % 1024;
		whole /= 1024;
	}
	if (rest)
		snprintf(out, 32, "%" PRIu64 ".%" PRIu64 " %s", whole,
			rest * 10 / 1024, units[unit]);
	else
		snprintf(out, 32, "%" PRIu64 " %s", whole, units[unit]);
}
