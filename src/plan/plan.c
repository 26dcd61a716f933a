/* SPDX-License-Identifier: Apache-2.0 */
/* The plan itself: names, steps and the bytes that it owns. */
#include "plan/plan.h"

#include "base/base.h"

#include <stdio.h>

static const char *const platform_names[CF_NPLATFORMS] = {
	[CF_PLATFORM_NATIVE] = "native",
	[CF_PLATFORM_SEV] = "sev",
	[CF_PLATFORM_SEV_ES] = "sev-es",
	[CF_PLATFORM_SEV_SNP] = "sev-snp",
	[CF_PLATFORM_TDX] = "tdx",
	[CF_PLATFORM_VBS] = "vbs",
};

static const struct {
	enum cf_page_type type;
	const char *name;
} page_types[] = {
	{ CF_PAGE_NORMAL, "normal" },
	{ CF_PAGE_VMSA, "vmsa" },
	{ CF_PAGE_ZERO, "zero" },
	{ CF_PAGE_UNMEASURED, "unmeasured" },
	{ CF_PAGE_SECRETS, "secrets" },
	{ CF_PAGE_CPUID, "cpuid" },
	{ CF_PAGE_SHARED, "shared" },
	{ CF_PAGE_VBS_ERROR, "error-range" },
};

const char *cf_platform_name(enum cf_platform p)
{
	return (size_t)p < CF_NPLATFORMS ? platform_names[p] : "unknown";
}

bool cf_platform_from_name(const char *name, enum cf_platform *out)
{
	for (size_t i = 0; i < CF_NPLATFORMS; i++)
		if (strcmp(platform_names[i], name) == 0) {
			*out = (enum cf_platform)i;
			return true;
		}
	return false;
}

const char *cf_page_type_name(enum cf_page_type t)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(page_types); i++)
		if (page_types[i].type == t)
			return page_types[i].name;
	return "unknown";
}

void cf_origin_text(
	const struct cf_origin *origin, char out[CF_ORIGIN_TEXT_LEN])
{
	const char *what = origin->what ? origin->what : "step";

	if (origin->index == SIZE_MAX)
		snprintf(out, CF_ORIGIN_TEXT_LEN, "%s", what);
	else
		snprintf(
			out, CF_ORIGIN_TEXT_LEN, "%s %zu", what, origin->index);
}

void cf_plan_destroy(struct cf_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->nowned; i++)
		free(plan->owned[i]);
	free(plan->owned);
	free(plan->step);
	free(plan);
}

enum coffer_status cf_plan_add(struct cf_plan *plan, const struct cf_step *step,
	struct coffer_error *err)
{
	if (!cf_grow_array(&plan->step, &plan->step_cap, plan->nsteps + 1,
		    sizeof(*plan->step)))
		return cf_fail_nomem(err, "the launch plan");
	plan->step[plan->nsteps++] = *step;
	return COFFER_OK;
}

uint8_t *cf_plan_alloc(struct cf_plan *plan, size_t n)
{
	void *p;

	if (!cf_grow_array(&plan->owned, &plan->owned_cap, plan->nowned + 1,
		    sizeof(*plan->owned)))
		return NULL;
	p = cf_alloc_array(n, 1);
	if (p)
		plan->owned[plan->nowned++] = p;
	return p;
}

static bool same_step(const struct cf_step *a, const struct cf_step *b)
{
	if (a->kind != b->kind || a->gpa != b->gpa || a->len != b->len ||
		a->type != b->type || a->vp_index != b->vp_index ||
		a->format != b->format ||
		memcmp(a->vmpl_perms, b->vmpl_perms, 4) != 0)
		return false;
	if (a->data == b->data)
		return true;
	return a->data && b->data && memcmp(a->data, b->data, a->len) == 0;
}

bool cf_plan_same(const struct cf_plan *a, const struct cf_plan *b)
{
	if (a->platform != b->platform || a->nsteps != b->nsteps)
		return false;
	for (size_t i = 0; i < a->nsteps; i++)
		if (!same_step(&a->step[i], &b->step[i]))
			return false;
	return true;
}
