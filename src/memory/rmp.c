/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reverse map table: who owns each page.  A flat array per region.  Here
 * is only the table; the rules of who may do what are the CPU engine's and
 * the secure processor's.
 *
 * Source: APM volume 2 (AMD 24593), "Reverse Map Table".
 */
#include "memory/memory_priv.h"

#include "base/bytes.h"

#define WHERE_ASSIGNED  0x1u
#define WHERE_VALIDATED 0x2u
#define WHERE_IMMUTABLE 0x4u
#define WHERE_VMSA      0x8u
#define WHO_PERMS_SHIFT 16

bool cf_rmp_add_region(struct region *r)
{
	r->rmp = cf_memory_map((size_t)(r->len / PAGE_SIZE) * sizeof(*r->rmp));
	return r->rmp;
}

enum coffer_status cf_rmp_enable(
	struct cf_memory *mem, struct coffer_error *err)
{
	for (size_t i = 0; i < mem->nregions; i++) {
		struct region *r = &mem->region[i];

		if (!r->rmp && !cf_rmp_add_region(r))
			return cf_fail(err, COFFER_ERR_NOMEM,
				"memory: no room for the RMP of %s", r->name);
	}
	mem->rmp = true;
	return COFFER_OK;
}

bool cf_rmp_enabled(const struct cf_memory *mem)
{
	return mem->rmp;
}

bool cf_rmp_assigned(const struct place *at)
{
	if (!at->r->rmp)
		return false;
	return atomic_load_explicit(
		       &at->r->rmp[at->page].where, memory_order_relaxed) &
		WHERE_ASSIGNED;
}

bool cf_rmp_get(
	const struct cf_memory *mem, uint64_t gpa, struct cf_rmp_entry *out)
{
	struct place at;
	uint64_t where, who;

	if (!cf_memory_find(mem, gpa, &at))
		return false;
	*out = (struct cf_rmp_entry) { 0 };
	if (!mem->rmp)
		return true;
	where = atomic_load_explicit(
		&at.r->rmp[at.page].where, memory_order_relaxed);
	who = atomic_load_explicit(
		&at.r->rmp[at.page].who, memory_order_relaxed);
	out->assigned = where & WHERE_ASSIGNED;
	out->validated = where & WHERE_VALIDATED;
	out->immutable = where & WHERE_IMMUTABLE;
	out->vmsa = where & WHERE_VMSA;
	out->gpa = cf_align_down(where, PAGE_SIZE);
	out->asid = (uint16_t)who;
	for (unsigned i = 0; i < 4; i++)
		out->perms[i] = (uint8_t)(who >> (WHO_PERMS_SHIFT + 8 * i));
	return true;
}

bool cf_rmp_set(
	struct cf_memory *mem, uint64_t gpa, const struct cf_rmp_entry *e)
{
	struct place at;
	uint64_t where, who = e->asid;

	if (!mem->rmp || !cf_memory_find(mem, gpa, &at))
		return false;
	where = cf_align_down(e->gpa, PAGE_SIZE) |
		(e->assigned ? WHERE_ASSIGNED : 0) |
		(e->validated ? WHERE_VALIDATED : 0) |
		(e->immutable ? WHERE_IMMUTABLE : 0) |
		(e->vmsa ? WHERE_VMSA : 0);
	for (unsigned i = 0; i < 4; i++)
		who |= (uint64_t)e->perms[i] << (WHO_PERMS_SHIFT + 8 * i);
	cf_memory_stop(mem);
	atomic_store_explicit(
		&at.r->rmp[at.page].where, where, memory_order_relaxed);
	atomic_store_explicit(
		&at.r->rmp[at.page].who, who, memory_order_relaxed);
	if (mem->sync.changed)
		mem->sync.changed(mem->sync.opaque, place_gpa(&at));
	cf_memory_resume(mem);
	return true;
}
