/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reverse map table: who owns each page.  A flat array per region.  Here
 * is only the table; the rules of who may do what are the CPU engine's and
 * the secure processor's.
 *
 * A large entry is in all 512 cells, each with its own page's address, so that
 * a look-up takes one cell whatever the size is.
 *
 * Source: APM volume 2 (AMD 24593), "Reverse Map Table".
 */
#include "memory/memory_priv.h"

#include "base/bytes.h"

#define WHERE_ASSIGNED  0x1u
#define WHERE_VALIDATED 0x2u
#define WHERE_IMMUTABLE 0x4u
#define WHERE_VMSA      0x8u
#define WHERE_LARGE     0x10u
#define WHO_PERMS_SHIFT 16
#define LARGE_PAGES     (CF_RMP_LARGE / PAGE_SIZE)

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
	out->large = where & WHERE_LARGE;
	out->gpa = cf_align_down(where, PAGE_SIZE);
	out->asid = (uint16_t)who;
	for (unsigned i = 0; i < 4; i++)
		out->perms[i] = (uint8_t)(who >> (WHO_PERMS_SHIFT + 8 * i));
	return true;
}

static uint64_t cell_where(const struct place *at)
{
	return atomic_load_explicit(
		&at->r->rmp[at->page].where, memory_order_relaxed);
}

static uint64_t cell_who(const struct place *at)
{
	return atomic_load_explicit(
		&at->r->rmp[at->page].who, memory_order_relaxed);
}

/* With the world stopped. */
static void store(const struct cf_memory *mem, const struct place *at,
	uint64_t where, uint64_t who)
{
	struct rmp_cell *cell = &at->r->rmp[at->page];

	atomic_store_explicit(&cell->where, where, memory_order_relaxed);
	atomic_store_explicit(&cell->who, who, memory_order_relaxed);
	if (mem->sync.changed)
		mem->sync.changed(mem->sync.opaque, place_gpa(at));
}

/* The first page of a whole 2 MiB of one region. */
static bool find_large(
	const struct cf_memory *mem, uint64_t gpa, struct place *at)
{
	return mem->rmp && cf_is_aligned(gpa, CF_RMP_LARGE) &&
		cf_memory_find(mem, gpa, at) &&
		at->r->len - (gpa - at->r->gpa) >= CF_RMP_LARGE;
}

void cf_rmp_reset(struct cf_memory *mem)
{
	cf_memory_stop(mem);
	for (size_t i = 0; mem->rmp && i < mem->nregions; i++) {
		struct place at = { .r = &mem->region[i] };

		for (; at.page < at.r->len / PAGE_SIZE; at.page++)
			if (cell_where(&at) || cell_who(&at))
				store(mem, &at, 0, 0);
	}
	cf_memory_resume(mem);
}

static void set_large(struct cf_memory *mem, struct place at, uint64_t where,
	uint64_t who, uint64_t step)
{
	cf_memory_stop(mem);
	for (unsigned i = 0; i < LARGE_PAGES; i++, at.page++)
		store(mem, &at, where + i * step, who);
	cf_memory_resume(mem);
}

bool cf_rmp_set(
	struct cf_memory *mem, uint64_t gpa, const struct cf_rmp_entry *e)
{
	struct place at;
	uint64_t where, who = e->asid;
	bool ok;

	where = cf_align_down(e->gpa, PAGE_SIZE) |
		(e->assigned ? WHERE_ASSIGNED : 0) |
		(e->validated ? WHERE_VALIDATED : 0) |
		(e->immutable ? WHERE_IMMUTABLE : 0) |
		(e->vmsa ? WHERE_VMSA : 0);
	for (unsigned i = 0; i < 4; i++)
		who |= (uint64_t)e->perms[i] << (WHO_PERMS_SHIFT + 8 * i);
	if (e->large) {
		/* Firmware's own pages have no guest address that counts. */
		if (!find_large(mem, gpa, &at) ||
			!cf_is_aligned(e->gpa, CF_RMP_LARGE))
			return false;
		if (e->assigned)
			where |= WHERE_LARGE;
		set_large(mem, at, where, who, e->asid ? PAGE_SIZE : 0);
		return true;
	}
	if (!mem->rmp || !cf_memory_find(mem, gpa, &at))
		return false;
	cf_memory_stop(mem);
	ok = !(cell_where(&at) & WHERE_LARGE);
	if (ok)
		store(mem, &at, where, who);
	cf_memory_resume(mem);
	return ok;
}

bool cf_rmp_vacant(const struct cf_memory *mem, uint64_t gpa)
{
	struct place at;

	if (!find_large(mem, gpa, &at))
		return false;
	for (unsigned i = 0; i < LARGE_PAGES; i++, at.page++)
		if (cell_where(&at) & (WHERE_ASSIGNED | WHERE_IMMUTABLE))
			return false;
	return true;
}

/* Put the mark of a large entry on 512 cells, or take it away. */
static void mark_large(struct cf_memory *mem, struct place at, bool large)
{
	for (unsigned i = 0; i < LARGE_PAGES; i++, at.page++) {
		uint64_t where = cell_where(&at) & ~(uint64_t)WHERE_LARGE;

		store(mem, &at, where | (large ? WHERE_LARGE : 0),
			cell_who(&at));
	}
}

bool cf_rmp_smash(struct cf_memory *mem, uint64_t gpa)
{
	struct place at;
	bool ok;

	if (!find_large(mem, cf_align_down(gpa, CF_RMP_LARGE), &at))
		return false;
	cf_memory_stop(mem);
	ok = cell_where(&at) & WHERE_LARGE;
	if (ok)
		mark_large(mem, at, false);
	cf_memory_resume(mem);
	return ok;
}

/* Small, assigned, alike, and in order from a multiple of 2 MiB. */
static bool can_join(struct place at)
{
	uint64_t where = cell_where(&at), who = cell_who(&at);
	uint64_t step = (uint16_t)who ? PAGE_SIZE : 0;

	if (!(where & WHERE_ASSIGNED) || (where & WHERE_LARGE) ||
		!cf_is_aligned(cf_align_down(where, PAGE_SIZE), CF_RMP_LARGE))
		return false;
	for (unsigned i = 0; i < LARGE_PAGES; i++, at.page++)
		if (cell_where(&at) != where + i * step || cell_who(&at) != who)
			return false;
	return true;
}

bool cf_rmp_join(struct cf_memory *mem, uint64_t gpa)
{
	struct place at;
	bool ok;

	if (!find_large(mem, gpa, &at))
		return false;
	cf_memory_stop(mem);
	ok = can_join(at);
	if (ok)
		mark_large(mem, at, true);
	cf_memory_resume(mem);
	return ok;
}
