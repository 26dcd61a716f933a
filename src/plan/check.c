/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that every plan keeps to, whatever its source.  A secure
 * processor takes each page once; the second update of a page fails on
 * hardware, late and without a place.  Here it is named.
 */
#include "plan/plan.h"

#include "base/base.h"

#include <inttypes.h>

static bool has_range(const struct cf_step *s)
{
	return s->kind == CF_STEP_RANGE || s->kind == CF_STEP_ERROR_RANGE;
}

/* LAUNCH_UPDATE_DATA of SEV and SEV-ES goes by the cipher's block. */
static uint64_t granule(enum cf_platform p)
{
	return p == CF_PLATFORM_SEV || p == CF_PLATFORM_SEV_ES ? 16
							       : CF_PAGE_SIZE;
}

static enum coffer_status check_step(const struct cf_plan *plan,
	const struct cf_step *s, struct coffer_error *err)
{
	uint64_t align = granule(plan->platform), end;
	char at[CF_ORIGIN_TEXT_LEN];

	cf_origin_text(&s->origin, at);
	if (!cf_is_aligned(s->gpa, align) || !cf_is_aligned(s->len, align))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"%s: address 0x%" PRIx64 " and size 0x%" PRIx64
			" must be multiples of %" PRIu64,
			at, s->gpa, s->len, align);
	if (cf_add_overflow_u64(s->gpa, s->len, &end))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"%s: address 0x%" PRIx64 " and size 0x%" PRIx64 " wrap",
			at, s->gpa, s->len);
	return COFFER_OK;
}

static int by_address(const void *a, const void *b)
{
	const struct cf_step *x = *(const struct cf_step *const *)a;
	const struct cf_step *y = *(const struct cf_step *const *)b;

	if (x->gpa != y->gpa)
		return x->gpa < y->gpa ? -1 : 1;
	return x < y ? -1 : x > y;
}

static enum coffer_status twice(const struct cf_step *a,
	const struct cf_step *b, struct coffer_error *err)
{
	const struct cf_step *first = a < b ? a : b;
	const struct cf_step *second = a < b ? b : a;
	char at[CF_ORIGIN_TEXT_LEN], before[CF_ORIGIN_TEXT_LEN];

	cf_origin_text(&second->origin, at);
	cf_origin_text(&first->origin, before);
	return cf_fail(err, COFFER_ERR_FORMAT,
		"%s: page 0x%" PRIx64 " is given before by %s; a page can be "
		"launched once",
		at, cf_align_down(a->gpa > b->gpa ? a->gpa : b->gpa, 4096),
		before);
}

enum coffer_status cf_plan_check(
	const struct cf_plan *plan, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) const struct cf_step **sorted = NULL;
	size_t n = 0;

	sorted = cf_alloc_array(plan->nsteps, sizeof(*sorted));
	if (!sorted)
		return cf_fail_nomem(err, "the launch plan");
	for (size_t i = 0; i < plan->nsteps; i++) {
		const struct cf_step *s = &plan->step[i];
		enum coffer_status st;

		if (!has_range(s))
			continue;
		st = check_step(plan, s, err);
		if (st)
			return st;
		if (s->len)
			sorted[n++] = s;
	}
	qsort(sorted, n, sizeof(*sorted), by_address);
	for (size_t i = 1; i < n; i++)
		if (sorted[i]->gpa - sorted[i - 1]->gpa < sorted[i - 1]->len)
			return twice(sorted[i - 1], sorted[i], err);
	return COFFER_OK;
}
