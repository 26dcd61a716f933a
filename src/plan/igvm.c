/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of an IGVM file for one platform.
 *
 * Source: IGVM, directive headers; QEMU, backends/igvm.c for its order.
 */
#include "plan_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* The strongest first, as loaders pick. */
static const struct {
	enum cf_platform platform;
	enum cf_igvm_platform_type type;
} platform_types[] = {
	{ CF_PLATFORM_SEV_SNP, CF_IGVM_SEV_SNP },
	{ CF_PLATFORM_SEV_ES, CF_IGVM_SEV_ES },
	{ CF_PLATFORM_SEV, CF_IGVM_SEV },
	{ CF_PLATFORM_NATIVE, CF_IGVM_NATIVE },
	{ CF_PLATFORM_TDX, CF_IGVM_TDX },
	{ CF_PLATFORM_VBS, CF_IGVM_VSM_ISOLATION },
};

const char *walk_type_name(const struct cf_igvm_header *h)
{
	const char *name = cf_igvm_type_name(h->type);

	return strncmp(name, "IGVM_VHT_", 9) == 0 ? name + 9 : name;
}

enum coffer_status walk_refuse(const struct walk *w,
	const struct cf_igvm_header *h, enum coffer_status status,
	const char *fmt, ...)
{
	bool init = h->type < CF_IGVM_PARAMETER_AREA;
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return cf_fail(w->err, status,
		"igvm: %s %zu (%s at offset 0x%" PRIx64 "): %s",
		init ? "initialization" : "directive", h->index,
		walk_type_name(h), h->position, text);
}

static unsigned platforms_of(const struct directive_rule *rules, uint32_t type)
{
	for (; rules->type; rules++)
		if (rules->type == type)
			return rules->platforms;
	return 0;
}

/* *skip: the header is for another platform, or optional and unknown. */
static enum coffer_status check_type(struct walk *w,
	const struct directive_rule *rules, const struct cf_igvm_header *h,
	bool *skip)
{
	unsigned platforms = platforms_of(rules, h->type);
	bool mine = !h->compatibility_mask || h->compatibility_mask & w->mask;

	*skip = !mine;
	if (!platforms && h->optional) {
		*skip = true;
		return COFFER_OK;
	}
	if ((mine && !(platforms & 1u << w->platform)) ||
		(!platforms && w->profile->strict_types))
		return walk_refuse(w, h, COFFER_ERR_UNSUPPORTED,
			"loader '%s' does not take it on platform %s",
			w->profile->name, cf_platform_name(w->platform));
	return COFFER_OK;
}

static enum coffer_status flush(struct walk *w)
{
	enum coffer_status st = COFFER_OK;

	for (size_t i = 0; !st && i < w->npending; i++)
		st = cf_plan_add(w->plan, &w->pending[i], w->err);
	w->npending = 0;
	return st;
}

/* What the platform makes of a page. */
static enum coffer_status page_type(
	struct walk *w, const struct cf_igvm_header *h, enum cf_page_type *out)
{
	const uint32_t flags = h->u.page.flags;
	bool special = h->u.page.data_type != CF_IGVM_PAGE_NORMAL;

	if (flags & CF_IGVM_PAGE_SHARED && w->profile->shared_pages)
		*out = CF_PAGE_SHARED;
	else if (special && w->platform == CF_PLATFORM_SEV_SNP)
		*out = h->u.page.data_type == CF_IGVM_PAGE_SECRETS
			? CF_PAGE_SECRETS
			: CF_PAGE_CPUID;
	else if (special && w->platform != CF_PLATFORM_NATIVE &&
		w->platform != CF_PLATFORM_TDX)
		return walk_refuse(w, h, COFFER_ERR_UNSUPPORTED,
			"data_type %u: platform %s has NORMAL pages only",
			h->u.page.data_type, cf_platform_name(w->platform));
	else
		*out = flags & CF_IGVM_PAGE_UNMEASURED ? CF_PAGE_UNMEASURED
						       : CF_PAGE_NORMAL;
	return COFFER_OK;
}

static bool fits_group(const struct walk *w, const struct cf_igvm_header *h,
	enum cf_page_type type)
{
	return w->npending && w->pending[0].type == type &&
		w->pending_flags == h->u.page.flags &&
		w->pending_mask == h->compatibility_mask &&
		w->pending_end == h->u.page.gpa &&
		w->pending_last + 1 == h->index &&
		w->pending_has_data == (h->data != NULL);
}

/* Add a page to the group; bytes that follow each other in the file make one
 * step. */
static enum coffer_status keep_page(
	struct walk *w, const struct cf_igvm_header *h, enum cf_page_type type)
{
	struct cf_step *last =
		w->npending ? &w->pending[w->npending - 1] : NULL;

	w->pending_flags = h->u.page.flags;
	w->pending_mask = h->compatibility_mask;
	w->pending_last = h->index;
	w->pending_has_data = h->data != NULL;
	w->pending_end = h->u.page.gpa + CF_PAGE_SIZE;
	if (last && (h->data ? last->data + last->len == h->data : true)) {
		last->len += CF_PAGE_SIZE;
		return COFFER_OK;
	}
	if (!cf_grow_array(&w->pending, &w->pending_cap, w->npending + 1,
		    sizeof(*w->pending)))
		return cf_fail_nomem(w->err, "the launch plan");
	w->pending[w->npending++] = (struct cf_step) {
		.kind = CF_STEP_RANGE,
		.origin = { .what = "PAGE_DATA", .index = h->index },
		.gpa = h->u.page.gpa,
		.len = CF_PAGE_SIZE,
		.data = h->data,
		.type = type,
	};
	return COFFER_OK;
}

static enum coffer_status walk_page(
	struct walk *w, const struct cf_igvm_header *h)
{
	enum cf_page_type type = CF_PAGE_NORMAL;
	enum coffer_status st;

	if (h->u.page.flags & CF_IGVM_PAGE_2MB)
		return walk_refuse(w, h, COFFER_ERR_UNSUPPORTED,
			"2 MiB pages: loaders do not agree on their contents; "
			"use 4 KiB pages");
	st = page_type(w, h, &type);
	if (!st && !fits_group(w, h, type))
		st = flush(w);
	return st ? st : keep_page(w, h, type);
}

static enum coffer_status walk_required(
	struct walk *w, const struct cf_igvm_header *h)
{
	const struct cf_step step = {
		.kind = CF_STEP_REQUIRED,
		.origin = { .what = "REQUIRED_MEMORY", .index = h->index },
		.gpa = h->u.required_memory.gpa,
		.len = h->u.required_memory.number_of_bytes,
	};

	return cf_plan_add(w->plan, &step, w->err);
}

static enum coffer_status walk_error_range(
	struct walk *w, const struct cf_igvm_header *h)
{
	const struct cf_step step = {
		.kind = CF_STEP_ERROR_RANGE,
		.origin = { .what = "ERROR_RANGE", .index = h->index },
		.gpa = h->u.error_range.gpa,
		.len = cf_align_up(h->u.error_range.size_bytes, CF_PAGE_SIZE),
		.type = CF_PAGE_VBS_ERROR,
	};

	return cf_plan_add(w->plan, &step, w->err);
}

static enum coffer_status walk_directive(
	struct walk *w, const struct cf_igvm_header *h)
{
	switch (h->type) {
	case CF_IGVM_PAGE_DATA:
		return walk_page(w, h);
	case CF_IGVM_PARAMETER_AREA:
		return walk_area(w, h);
	case CF_IGVM_PARAMETER_INSERT:
		return walk_insert(w, h);
	case CF_IGVM_VP_CONTEXT:
		return walk_vcpu(w, h);
	case CF_IGVM_REQUIRED_MEMORY:
		return walk_required(w, h);
	case CF_IGVM_SNP_ID_BLOCK:
		return walk_id_block(w, h);
	case CF_IGVM_ERROR_RANGE:
		return walk_error_range(w, h);
	case CF_IGVM_VBS_MEASUREMENT: /* a signature of the digest */
		return COFFER_OK;
	default:
		return walk_parameter(w, h);
	}
}

static enum coffer_status walk_directives(struct walk *w)
{
	size_t n = cf_igvm_count(w->file, CF_IGVM_DIRECTIVES);
	enum coffer_status st = COFFER_OK;

	for (size_t i = 0; !st && i < n; i++) {
		struct cf_igvm_header h;
		bool skip;

		cf_igvm_get(w->file, CF_IGVM_DIRECTIVES, i, &h);
		st = check_type(w, w->profile->directives, &h, &skip);
		if (st || skip)
			continue;
		if (h.type != CF_IGVM_PAGE_DATA && !w->profile->late_groups)
			st = flush(w);
		if (!st)
			st = walk_directive(w, &h);
	}
	if (!st)
		st = flush(w);
	return st ? st : walk_vcpus_last(w);
}

static enum coffer_status walk_initializations(struct walk *w)
{
	size_t n = cf_igvm_count(w->file, CF_IGVM_INITIALIZATIONS);
	enum coffer_status st = COFFER_OK;

	for (size_t i = 0; !st && i < n; i++) {
		struct cf_igvm_header h;
		bool skip;

		cf_igvm_get(w->file, CF_IGVM_INITIALIZATIONS, i, &h);
		st = check_type(w, w->profile->initializations, &h, &skip);
		if (st || skip || h.type != CF_IGVM_GUEST_POLICY)
			continue;
		w->plan->has_policy = true;
		w->plan->policy = h.u.policy.policy; /* the last one counts */
	}
	return st;
}

static bool in_memory(const struct cf_plan_env *env, uint64_t gpa, uint64_t len)
{
	if (env->flash_base && gpa >= env->flash_base &&
		cf_range_ok(gpa, len, CF_4GIB))
		return true;
	for (size_t i = 0; len && i < env->nmemory; i++) {
		const struct cf_memory_range *m = &env->memory[i];
		uint64_t inside;

		if (gpa < m->base || gpa - m->base >= m->size)
			continue;
		inside = m->size - (gpa - m->base);
		if (inside >= len)
			return true;
		gpa += inside; /* the next range may go on */
		len -= inside;
	}
	return len == 0;
}

static enum coffer_status check_memory(struct walk *w)
{
	for (size_t i = 0; w->env->nmemory && i < w->plan->nsteps; i++) {
		const struct cf_step *s = &w->plan->step[i];
		char at[CF_ORIGIN_TEXT_LEN];

		if (s->kind == CF_STEP_VCPU ||
			in_memory(w->env, s->gpa, s->len))
			continue;
		cf_origin_text(&s->origin, at);
		return cf_fail(w->err, COFFER_ERR_ARGUMENT,
			"%s: 0x%" PRIx64 " size 0x%" PRIx64
			" is outside the guest's memory; give it more (-m)",
			at, s->gpa, s->len);
	}
	return COFFER_OK;
}

static enum coffer_status find_mask(struct walk *w)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(platform_types); i++)
		if (platform_types[i].platform == w->platform)
			w->mask = cf_igvm_mask_of(
				w->file, platform_types[i].type);
	if (w->mask)
		return COFFER_OK;
	return cf_fail(w->err, COFFER_ERR_UNSUPPORTED,
		"igvm: the file does not support platform %s",
		cf_platform_name(w->platform));
}

static enum coffer_status run(struct walk *w)
{
	enum coffer_status st = find_mask(w);

	if (!st)
		st = walk_initializations(w);
	if (!st)
		st = walk_directives(w);
	if (!st)
		st = cf_plan_check(w->plan, w->err);
	return st ? st : check_memory(w);
}

enum coffer_status cf_plan_from_igvm(const struct cf_igvm *file,
	enum cf_platform platform, const struct cf_loader_profile *profile,
	const struct cf_plan_env *env, struct cf_plan **out,
	struct coffer_error *err)
{
	static const struct cf_plan_env none;
	struct walk w = {
		.file = file,
		.profile = profile,
		.env = env ? env : &none,
		.platform = platform,
		.err = err,
	};
	enum coffer_status st;

	w.plan = cf_alloc_array(1, sizeof(*w.plan));
	if (!w.plan)
		return cf_fail_nomem(err, "the launch plan");
	w.plan->platform = platform;
	st = run(&w);
	free(w.area);
	free(w.pending);
	free(w.vcpu);
	if (st)
		cf_plan_destroy(w.plan);
	else
		*out = w.plan;
	return st;
}

enum coffer_status cf_plan_pick_platform(const struct cf_igvm *file,
	unsigned usable, enum cf_platform *out, struct coffer_error *err)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(platform_types); i++) {
		if (!(usable & 1u << platform_types[i].platform) ||
			!cf_igvm_mask_of(file, platform_types[i].type))
			continue;
		*out = platform_types[i].platform;
		return COFFER_OK;
	}
	return cf_fail(err, COFFER_ERR_UNSUPPORTED,
		"igvm: no compatible platform: the file supports none of "
		"those that can be used here");
}
