/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that involve several headers.  One pass over the file; what it
 * remembers is in struct rules.  Costs n log n for n headers, whatever they
 * say.
 */
#include "igvm/igvm_priv.h"

#include "base/alloc.h"
#include "base/bytes.h"

#include <inttypes.h>
#include <stdlib.h>

#define MASK_BITS 32

/* A relocatable or page-table region. */
struct region {
	uint64_t gpa, size;
	size_t index; /* within the initialization section */
};

/* A declared parameter area. */
struct area {
	uint32_t index;
	bool inserted;
	size_t declared; /* by this directive */
};

struct rules {
	const struct cf_igvm *file;
	struct coffer_error *err;
	struct region *region;
	size_t nregions;
	struct area *area; /* in order of index, then of declaration */
	size_t nareas;
	/* Per mask bit: one more than the index of the initialization header
	 * that took it; 0: none did. */
	size_t page_table[MASK_BITS];
	size_t document[MASK_BITS];
	size_t signature[MASK_BITS];
	bool vtl_seen[3]; /* by VP contexts of VSM_ISOLATION */
};

typedef enum cf_igvm_refusal rule_fn(
	struct rules *r, const struct cf_igvm_header *h);

static bool bit_in(uint32_t mask, unsigned bit)
{
	return mask >> bit & 1;
}

static enum cf_igvm_refusal rule_platform(
	struct rules *r, const struct cf_igvm_header *h)
{
	unsigned type = h->u.platform.platform_type;
	bool fits = type == CF_IGVM_VSM_ISOLATION ||
		(type == CF_IGVM_CCA) == (r->file->arch == CF_IGVM_AARCH64);

	for (size_t i = 0; i < h->index && i < r->file->nplatforms; i++) {
		if (r->file->platform[i].type == type)
			return cf_igvm_refuse_field(r->err,
				CF_IGVM_DUPLICATE_PLATFORM, h, "platform_type",
				type, "platform %zu is %s already", i,
				cf_igvm_platform_name(type));
		if (r->file->mode == CF_IGVM_BY_SPEC &&
			r->file->platform[i].mask == h->compatibility_mask)
			return cf_igvm_refuse_field(r->err,
				CF_IGVM_BAD_PLATFORM, h, "compatibility_mask",
				h->compatibility_mask,
				"platform %zu has this bit already", i);
	}
	if (!fits)
		return cf_igvm_refuse_field(r->err, CF_IGVM_PLATFORM_ARCH, h,
			"platform_type", type,
			"%s does not exist on architecture %s",
			cf_igvm_platform_name(type),
			r->file->arch == CF_IGVM_X64 ? "X64" : "AARCH64");
	return CF_IGVM_FINE;
}

static enum cf_igvm_refusal rule_cca_policy(
	struct rules *r, const struct cf_igvm_header *h)
{
	uint32_t cca = cf_igvm_mask_of(r->file, CF_IGVM_CCA);

	if (r->file->arch == CF_IGVM_X64)
		return cf_igvm_refuse(r->err, CF_IGVM_HEADER_ARCH, h,
			"does not exist on architecture X64");
	if (h->compatibility_mask & ~cca)
		return cf_igvm_refuse_field(r->err, CF_IGVM_BAD_CCA_MASK, h,
			"compatibility_mask", h->compatibility_mask,
			"must name nothing but the CCA platform, 0x%x", cca);
	return CF_IGVM_FINE;
}

static void add_region(struct rules *r, const struct cf_igvm_header *h,
	uint64_t gpa, uint64_t size)
{
	r->region[r->nregions++] = (struct region) { gpa, size, h->index };
}

static enum cf_igvm_refusal rule_relocatable(
	struct rules *r, const struct cf_igvm_header *h)
{
	add_region(r, h, h->u.relocatable.gpa, h->u.relocatable.size);
	return CF_IGVM_FINE;
}

/* Take the bits of a mask for a header; the bit that was taken, or -1. */
static int take_bits(size_t taken[MASK_BITS], const struct cf_igvm_header *h)
{
	for (unsigned bit = 0; bit < MASK_BITS; bit++) {
		if (!bit_in(h->compatibility_mask, bit))
			continue;
		if (taken[bit])
			return (int)bit;
		taken[bit] = h->index + 1;
	}
	return -1;
}

static enum cf_igvm_refusal rule_page_table(
	struct rules *r, const struct cf_igvm_header *h)
{
	int bit = take_bits(r->page_table, h);

	if (bit >= 0)
		return cf_igvm_refuse_field(r->err,
			CF_IGVM_TWO_PAGE_TABLE_REGIONS, h, "compatibility_mask",
			h->compatibility_mask,
			"initialization %zu has a page table region for bit "
			"%d already",
			r->page_table[bit] - 1, bit);
	add_region(r, h, h->u.page_table.gpa, h->u.page_table.size);
	return CF_IGVM_FINE;
}

static enum cf_igvm_refusal rule_corim(
	struct rules *r, const struct cf_igvm_header *h)
{
	bool document = h->type == CF_IGVM_CORIM_DOCUMENT;
	size_t *taken = document ? r->document : r->signature;
	int bit = take_bits(taken, h);

	if (bit >= 0)
		return cf_igvm_refuse_field(r->err, CF_IGVM_BAD_INITIALIZATION,
			h, "compatibility_mask", h->compatibility_mask,
			"initialization %zu has one for bit %d already",
			taken[bit] - 1, bit);
	for (unsigned i = 0; !document && i < MASK_BITS; i++)
		if (bit_in(h->compatibility_mask, i) && !r->document[i])
			return cf_igvm_refuse_field(r->err,
				CF_IGVM_BAD_INITIALIZATION, h,
				"compatibility_mask", h->compatibility_mask,
				"no CORIM_DOCUMENT for bit %u comes before", i);
	return CF_IGVM_FINE;
}

/* The first declaration of an index; NULL: none. */
static struct area *find_area(const struct rules *r, uint32_t index)
{
	size_t low = 0, high = r->nareas;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->area[mid].index < index)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == r->nareas || r->area[low].index != index)
		return NULL;
	return &r->area[low];
}

static enum cf_igvm_refusal rule_area(
	struct rules *r, const struct cf_igvm_header *h)
{
	const struct area *a = find_area(r, h->u.parameter_area.index);

	if (a->declared != h->index)
		return cf_igvm_refuse_field(r->err, CF_IGVM_BAD_PARAMETER_AREA,
			h, "parameter_area_index", h->u.parameter_area.index,
			"directive %zu declares this index already",
			a->declared);
	return CF_IGVM_FINE;
}

static enum cf_igvm_refusal use_area(struct rules *r,
	const struct cf_igvm_header *h, uint32_t index, struct area **out)
{
	struct area *a = find_area(r, index);

	if (!a || a->declared > h->index)
		return cf_igvm_refuse_field(r->err, CF_IGVM_BAD_PARAMETER_AREA,
			h, "parameter_area_index", index,
			"no area with this index was declared before");
	if (a->inserted)
		return cf_igvm_refuse_field(r->err, CF_IGVM_BAD_PARAMETER_AREA,
			h, "parameter_area_index", index,
			"this area was inserted before and is gone");
	*out = a;
	return CF_IGVM_FINE;
}

static enum cf_igvm_refusal rule_parameter(
	struct rules *r, const struct cf_igvm_header *h)
{
	struct area *a;

	return use_area(r, h, h->u.parameter.index, &a);
}

static enum cf_igvm_refusal rule_insert(
	struct rules *r, const struct cf_igvm_header *h)
{
	uint64_t gpa = h->u.parameter_insert.gpa;
	struct cf_igvm_header t;
	enum cf_igvm_refusal code;
	struct area *a = NULL;

	code = use_area(r, h, h->u.parameter_insert.index, &a);
	if (code)
		return code;
	a->inserted = true;
	for (unsigned bit = 0; bit < MASK_BITS; bit++) {
		if (!bit_in(h->compatibility_mask, bit) || !r->page_table[bit])
			continue;
		cf_igvm_get(r->file, CF_IGVM_INITIALIZATIONS,
			r->page_table[bit] - 1, &t);
		if (gpa >= t.u.page_table.gpa &&
			gpa - t.u.page_table.gpa < t.u.page_table.size)
			return cf_igvm_refuse_field(r->err,
				CF_IGVM_INSERT_IN_PAGE_TABLES, h, "gpa", gpa,
				"must not lie in the page table region of "
				"initialization %zu",
				t.index);
	}
	return CF_IGVM_FINE;
}

static enum cf_igvm_refusal rule_context(
	struct rules *r, const struct cf_igvm_header *h)
{
	if (cf_igvm_platform_of(r->file, h->compatibility_mask) ==
		CF_IGVM_VSM_ISOLATION)
		r->vtl_seen[h->data[4]] = true; /* checked: 0 to 2 */
	return CF_IGVM_FINE;
}

static rule_fn *rule_of(uint32_t type)
{
	switch (type) {
	case CF_IGVM_SUPPORTED_PLATFORM:
		return rule_platform;
	case CF_IGVM_RELOCATABLE_REGION:
		return rule_relocatable;
	case CF_IGVM_PAGE_TABLE_RELOCATION_REGION:
		return rule_page_table;
	case CF_IGVM_CORIM_DOCUMENT:
	case CF_IGVM_CORIM_SIGNATURE:
		return rule_corim;
	case CF_IGVM_CCA_POLICY:
		return rule_cca_policy;
	case CF_IGVM_PARAMETER_AREA:
		return rule_area;
	case CF_IGVM_PARAMETER_INSERT:
		return rule_insert;
	case CF_IGVM_VP_CONTEXT:
		return rule_context;
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
		return rule_parameter;
	default:
		return NULL;
	}
}

static int by_gpa(const void *a, const void *b)
{
	const struct region *x = a, *y = b;

	if (x->gpa != y->gpa)
		return x->gpa < y->gpa ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Regions of one platform must not overlap: in order of addresses, each must
 * start where or after the furthest one of its platform ended. */
static enum cf_igvm_refusal check_overlaps(struct rules *r)
{
	const struct region *last[MASK_BITS] = { NULL };
	struct cf_igvm_header h;

	qsort(r->region, r->nregions, sizeof(*r->region), by_gpa);
	for (size_t i = 0; i < r->nregions; i++) {
		const struct region *now = &r->region[i];

		cf_igvm_get(r->file, CF_IGVM_INITIALIZATIONS, now->index, &h);
		for (unsigned bit = 0; bit < MASK_BITS && now->size; bit++) {
			if (!bit_in(h.compatibility_mask, bit))
				continue;
			if (last[bit] &&
				now->gpa - last[bit]->gpa < last[bit]->size)
				return cf_igvm_refuse(r->err,
					CF_IGVM_REGIONS_OVERLAP, &h,
					"region at 0x%" PRIx64
					" overlaps that of initialization %zu "
					"at 0x%" PRIx64,
					now->gpa, last[bit]->index,
					last[bit]->gpa);
			last[bit] = now;
		}
	}
	return CF_IGVM_FINE;
}

/* What a region moves must be some VP's registers. */
static enum cf_igvm_refusal check_vp_contexts(struct rules *r)
{
	uint32_t vsm = cf_igvm_mask_of(r->file, CF_IGVM_VSM_ISOLATION);
	struct cf_igvm_header h;

	for (size_t i = 0; i < r->nregions; i++) {
		unsigned vp, vtl;

		cf_igvm_get(r->file, CF_IGVM_INITIALIZATIONS,
			r->region[i].index, &h);
		if (h.type == CF_IGVM_RELOCATABLE_REGION) {
			vp = h.u.relocatable.vp_index;
			vtl = h.u.relocatable.vtl;
		} else {
			vp = h.u.page_table.vp_index;
			vtl = h.u.page_table.vtl;
		}
		if (vp || !(h.compatibility_mask & vsm) || !r->vtl_seen[vtl])
			return cf_igvm_refuse(r->err, CF_IGVM_NO_VP_CONTEXT, &h,
				"no VSM_ISOLATION VP_CONTEXT of this mask has "
				"vp_index %u and vtl %u",
				vp, vtl);
	}
	return CF_IGVM_FINE;
}

static enum cf_igvm_refusal run(struct rules *r)
{
	enum cf_igvm_refusal code;
	struct cf_igvm_header h;
	rule_fn *rule;

	for (unsigned s = 0; s < CF_IGVM_NSECTIONS; s++) {
		size_t n = cf_igvm_count(r->file, s);

		for (size_t i = 0; i < n; i++) {
			rule = rule_of(cf_igvm_type_at(r->file, s, i));
			if (!rule)
				continue;
			cf_igvm_get(r->file, s, i, &h);
			/* For no platform: nothing depends on it. */
			if (!h.compatibility_mask &&
				cf_igvm_has_mask(cf_igvm_type_info(h.type)))
				continue;
			code = rule(r, &h);
			if (code)
				return code;
		}
		/* The order in which the library finds things. */
		code = s == CF_IGVM_INITIALIZATIONS ? check_overlaps(r)
						    : CF_IGVM_FINE;
		if (code)
			return code;
	}
	return check_vp_contexts(r);
}

static int by_index(const void *a, const void *b)
{
	const struct area *x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return x->declared < y->declared ? -1 : x->declared > y->declared;
}

/* False: no memory. */
static bool collect_areas(struct rules *r)
{
	size_t n = cf_igvm_count(r->file, CF_IGVM_DIRECTIVES), cap = 0;
	struct cf_igvm_header h;

	for (size_t i = 0; i < n; i++) {
		if (cf_igvm_type_at(r->file, CF_IGVM_DIRECTIVES, i) !=
			CF_IGVM_PARAMETER_AREA)
			continue;
		if (!cf_grow_array(
			    &r->area, &cap, r->nareas + 1, sizeof(*r->area)))
			return false;
		cf_igvm_get(r->file, CF_IGVM_DIRECTIVES, i, &h);
		r->area[r->nareas++] = (struct area) {
			.index = h.u.parameter_area.index,
			.declared = i,
		};
	}
	if (r->nareas)
		qsort(r->area, r->nareas, sizeof(*r->area), by_index);
	return true;
}

enum cf_igvm_refusal cf_igvm_check_file(
	const struct cf_igvm *file, struct coffer_error *err)
{
	struct rules r = { .file = file, .err = err };
	enum cf_igvm_refusal code = CF_IGVM_NO_MEMORY;

	if (file->nplatforms == 0) {
		cf_fail(err, COFFER_ERR_FORMAT,
			"igvm: no SUPPORTED_PLATFORM header; at least one is "
			"needed");
		return CF_IGVM_NO_PLATFORM;
	}
	r.region = cf_alloc_array(cf_igvm_count(file, CF_IGVM_INITIALIZATIONS),
		sizeof(*r.region));
	if (r.region && collect_areas(&r))
		code = run(&r);
	else
		cf_fail_nomem(err, "igvm: the check of the whole file");
	free(r.region);
	free(r.area);
	return code;
}
