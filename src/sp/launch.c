/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaying a plan onto a secure processor: the one path from image to
 * digest, for measuring as for launching.
 */
#include "sp/sp.h"

#include "base/base.h"
#include "memory/memory.h"

#include <inttypes.h>

#define MEASURING "measuring"
#define TELL_EACH (16u << 20) /* bytes between two words of progress */

/* Zeros that a step may leave out; such ranges go in pieces of this size. */
#define PIECE (16 * CF_PAGE_SIZE)
static const uint8_t zeros[PIECE];

struct replay {
	const struct cf_plan *plan;
	const struct cf_launch_params *params;
	struct cf_memory *mem;
	struct cf_sp_guest *g;
	struct coffer_error *err;
	const struct cf_progress *progress; /* NULL: nobody is told */
	uint64_t done, told, total;         /* bytes */
};

static bool encrypted(const struct cf_plan *plan)
{
	return plan->platform != CF_PLATFORM_NATIVE;
}

/* What reaches LAUNCH_UPDATE: on SEV only what is measured, elsewhere
 * everything but shared pages. */
static bool is_updated(const struct cf_plan *plan, enum cf_page_type type)
{
	if (type == CF_PAGE_SHARED)
		return false;
	if (type == CF_PAGE_UNMEASURED)
		return plan->platform != CF_PLATFORM_SEV &&
			plan->platform != CF_PLATFORM_SEV_ES;
	return true;
}

static enum coffer_status at_step(
	struct replay *r, const struct cf_step *s, enum coffer_status st)
{
	char at[CF_ORIGIN_TEXT_LEN];

	if (!st)
		return st;
	cf_origin_text(&s->origin, at);
	return cf_error_context(r->err, st, "%s", at);
}

static uint64_t bytes_of(const struct cf_plan *plan)
{
	uint64_t n = 0;

	for (size_t i = 0; i < plan->nsteps; i++)
		if (plan->step[i].kind == CF_STEP_RANGE)
			n += plan->step[i].len;
	return n;
}

static void tell(struct replay *r, uint64_t len)
{
	r->done += len;
	if (!r->progress || r->done - r->told < TELL_EACH)
		return;
	r->told = r->done;
	cf_progress_tell(r->progress, MEASURING, r->done, r->total);
}

static enum coffer_status update_piece(struct replay *r,
	const struct cf_step *s, uint64_t at, uint64_t len, const uint8_t *data)
{
	struct cf_sp_update u = {
		.gpa = s->gpa + at,
		.len = len,
		.data = data,
		.type = s->type,
	};
	enum coffer_status st = COFFER_OK;

	memcpy(u.vmpl_perms, s->vmpl_perms, sizeof(u.vmpl_perms));
	if (s->kind == CF_STEP_ERROR_RANGE)
		u.type = CF_PAGE_VBS_ERROR;
	if (r->mem)
		st = cf_guest_write(r->mem, u.gpa, data, len, r->err);
	if (!st && encrypted(r->plan) && is_updated(r->plan, u.type))
		st = r->g->ops->launch_update(r->g, &u, r->err);
	return st;
}

static enum coffer_status replay_range(
	struct replay *r, const struct cf_step *s)
{
	const uint8_t *data = s->data, *from;
	enum coffer_status st = COFFER_OK;
	uint64_t piece = s->len;

	if (s->type == CF_PAGE_CPUID && r->params->cpuid_page) {
		data = r->params->cpuid_page;
		piece = CF_PAGE_SIZE;
	}
	from = data;
	if (!data)
		piece = PIECE;
	else if (r->progress && piece > TELL_EACH)
		piece = TELL_EACH;
	for (uint64_t at = 0; !st && at < s->len; at += piece) {
		uint64_t len = s->len - at < piece ? s->len - at : piece;

		if (!data)
			from = zeros;
		else if (data == s->data)
			from = data + at;
		st = update_piece(r, s, at, len, from);
		tell(r, len);
	}
	return st;
}

static enum coffer_status replay_vcpu(struct replay *r, const struct cf_step *s)
{
	enum coffer_status st = COFFER_OK;

	switch (s->format) {
	case CF_VCPU_NATIVE: /* nothing of it reaches a secure processor */
		return COFFER_OK;
	case CF_VCPU_VBS:
		if (!r->g->ops->launch_update_registers)
			break;
		return r->g->ops->launch_update_registers(
			r->g, s->data, s->len, r->err);
	case CF_VCPU_VMSA:
		if (!r->g->ops->launch_update_vmsa)
			break;
		/* KVM keeps VMSAs in pages of its own; elsewhere a VMSA can be
		 * guest memory. */
		if (r->mem && r->plan->platform == CF_PLATFORM_SEV_SNP &&
			cf_memory_covers(r->mem, s->gpa, CF_PAGE_SIZE))
			st = cf_guest_write(
				r->mem, s->gpa, s->data, CF_PAGE_SIZE, r->err);
		if (!st)
			st = r->g->ops->launch_update_vmsa(
				r->g, s->vp_index, s->gpa, s->data, r->err);
		return st;
	}
	return cf_fail(r->err, COFFER_ERR_UNSUPPORTED,
		"secure processor '%s' takes no vCPU state of this kind",
		r->g->ops->name);
}

static enum coffer_status replay_required(
	struct replay *r, const struct cf_step *s)
{
	if (!r->mem || cf_memory_covers(r->mem, s->gpa, s->len))
		return COFFER_OK;
	return cf_fail(r->err, COFFER_ERR_ARGUMENT,
		"required memory 0x%" PRIx64 " size 0x%" PRIx64
		" is not there; give the guest more memory (-m)",
		s->gpa, s->len);
}

static enum coffer_status replay_step(struct replay *r, const struct cf_step *s)
{
	switch (s->kind) {
	case CF_STEP_RANGE:
	case CF_STEP_ERROR_RANGE:
		return replay_range(r, s);
	case CF_STEP_VCPU:
		return replay_vcpu(r, s);
	case CF_STEP_REQUIRED:
		return replay_required(r, s);
	}
	return COFFER_OK;
}

static enum coffer_status start(struct replay *r)
{
	struct cf_sp_launch launch = r->params->launch;
	enum coffer_status st;

	launch.platform = r->plan->platform;
	if (r->plan->has_policy && !r->params->override_policy)
		launch.policy = r->plan->policy;
	st = r->g->ops->launch_start(r->g, &launch, r->err);
	if (!st && r->plan->progress && r->g->ops->watch &&
		r->g->ops->watch(r->g, r->plan->progress))
		return st;
	r->progress = r->plan->progress;
	if (r->progress)
		r->total = bytes_of(r->plan);
	return st;
}

static enum coffer_status measure(struct replay *r)
{
	uint8_t measurement[48];
	enum coffer_status st;

	if (!r->g->ops->launch_measure ||
		(r->plan->platform != CF_PLATFORM_SEV &&
			r->plan->platform != CF_PLATFORM_SEV_ES))
		return COFFER_OK;
	st = r->g->ops->launch_measure(r->g, measurement, r->err);
	if (!st && r->params->measurement)
		memcpy(r->params->measurement, measurement,
			sizeof(measurement));
	return st;
}

enum coffer_status cf_launch_replay(const struct cf_plan *plan,
	const struct cf_launch_params *params, struct cf_memory *mem,
	struct cf_sp_guest *g, struct coffer_error *err)
{
	static const struct cf_launch_params none;
	struct replay r = {
		.plan = plan,
		.params = params ? params : &none,
		.mem = mem,
		.g = g,
		.err = err,
	};
	enum coffer_status st = COFFER_OK;

	if (encrypted(plan))
		st = start(&r);
	for (size_t i = 0; !st && i < plan->nsteps; i++)
		st = at_step(
			&r, &plan->step[i], replay_step(&r, &plan->step[i]));
	if (!st && encrypted(plan))
		st = measure(&r);
	return st;
}

enum coffer_status cf_launch_digest(const struct cf_plan *plan,
	const uint8_t *seed, uint8_t out[CF_DIGEST_MAX], size_t *len,
	struct coffer_error *err)
{
	struct cf_sp_guest *g;
	enum coffer_status st;

	if (!encrypted(plan))
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"platform %s has no launch measurement",
			cf_platform_name(plan->platform));
	st = cf_sp_digest_create(seed, &g, err);
	if (st)
		return st;
	st = cf_launch_replay(plan, NULL, NULL, g, err);
	if (!st)
		st = g->ops->launch_digest(g, out, len, err);
	cf_sp_guest_destroy(g);
	return st;
}

static enum coffer_status digest_table(
	struct replay *r, uint8_t (*out)[CF_DIGEST_MAX], size_t n, size_t *len)
{
	const struct cf_plan *plan = r->plan;
	enum coffer_status st = start(r);

	for (size_t i = 0; !st && i < plan->nsteps; i++) {
		const struct cf_step *s = &plan->step[i];

		if (i >= plan->nsteps - n && s->kind != CF_STEP_VCPU)
			return cf_fail(r->err, COFFER_ERR_ARGUMENT,
				"digest table: a plan's vCPUs must come last");
		st = at_step(r, s, replay_step(r, s));
		if (!st && i >= plan->nsteps - n)
			st = r->g->ops->launch_digest(
				r->g, out[i - (plan->nsteps - n)], len, r->err);
	}
	return st;
}

enum coffer_status cf_launch_digest_table(const struct cf_plan *plan,
	const uint8_t *seed, uint8_t (*out)[CF_DIGEST_MAX], size_t n,
	size_t *len, struct coffer_error *err)
{
	static const struct cf_launch_params none;
	struct replay r = { .plan = plan, .params = &none, .err = err };
	enum coffer_status st;

	if (n == 0 || n > plan->nsteps)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"digest table: %zu vCPUs, the plan has %zu steps", n,
			plan->nsteps);
	st = cf_sp_digest_create(seed, &r.g, err);
	if (st)
		return st;
	st = digest_table(&r, out, n, len);
	cf_sp_guest_destroy(r.g);
	return st;
}
