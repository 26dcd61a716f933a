/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IGVM files: other platforms of the file, other loaders, fewer vCPUs or more
 * than the file has contexts for, and the two places where a well-known tool
 * (igvmmeasure) measures differently.
 */
#include "explain_priv.h"

#include "igvm/igvm.h"

#include <stdio.h>

#define MAX_EXTRA 64

struct variant {
	enum cf_platform platform;
	const struct cf_loader_profile *profile;
	bool zero_pages;    /* pages without data as ZERO, not NORMAL */
	bool one_page;      /* a parameter area as one page */
	size_t vcpus, all;  /* contexts measured, contexts in the file */
	size_t extra;       /* vCPUs without a context, which KVM adds */
	uint32_t signature; /* their CPU */
};

struct igvm_search {
	const struct cf_igvm *file;
	enum cf_platform platform;
	const struct cf_loader_profile *profile;
	const uint8_t *target;
	size_t target_len;
	struct cf_explain_result *out;
	struct coffer_error *err;
};

static const char *profile_name(const struct cf_loader_profile *p)
{
	return p == &cf_profile_qemu ? "qemu" : "spec";
}

static void change(struct cf_explain_match *m, const char *assumption,
	const char *believed, const char *actual)
{
	struct cf_explain_change *c = &m->change[m->nchanges++];

	c->assumption = assumption;
	snprintf(c->believed, sizeof(c->believed), "%s", believed);
	snprintf(c->actual, sizeof(c->actual), "%s", actual);
}

static void vcpu_change(struct cf_explain_match *m, const struct variant *v)
{
	char have[80], want[24];

	snprintf(want, sizeof(want), "%zu", v->all);
	if (v->extra)
		snprintf(have, sizeof(have),
			"%zu: %zu of CPU 0x%x have no context in the file",
			v->all + v->extra, v->extra, v->signature);
	else
		snprintf(have, sizeof(have), "%zu", v->vcpus);
	if (v->extra || v->vcpus != v->all)
		change(m, "vCPUs", want, have);
}

static void add_match(struct igvm_search *s, const struct variant *v)
{
	struct cf_explain_match m = { 0 };

	if (v->platform != s->platform)
		change(&m, "platform", cf_platform_name(s->platform),
			cf_platform_name(v->platform));
	if (v->profile != s->profile)
		change(&m, "loader", profile_name(s->profile),
			profile_name(v->profile));
	vcpu_change(&m, v);
	if (v->zero_pages)
		change(&m, "pages without data", "NORMAL pages of zeros",
			"ZERO pages (igvmmeasure --native-zero)");
	if (v->one_page)
		change(&m, "parameter areas", "all of their pages",
			"the first page only (igvmmeasure)");
	cf_match_insert(s->out, &m);
}

static enum coffer_status compare(
	struct igvm_search *s, struct cf_sp_guest *sp, const struct variant *v)
{
	uint8_t digest[CF_DIGEST_MAX];
	size_t len;
	enum coffer_status st =
		sp->ops->launch_digest(sp, digest, &len, s->err);

	s->out->candidates++;
	if (!st && len == s->target_len && memcmp(digest, s->target, len) == 0)
		add_match(s, v);
	return st;
}

/* The plan's steps but the vCPUs at its end, as this variant has them. */
static size_t rewrite(const struct cf_plan *plan, const struct variant *v,
	struct cf_step *step)
{
	size_t n = plan->nsteps;

	while (n && plan->step[n - 1].kind == CF_STEP_VCPU)
		n--;
	for (size_t i = 0; i < n; i++) {
		struct cf_step s = plan->step[i];
		bool insert = strcmp(s.origin.what, "PARAMETER_INSERT") == 0;

		if (v->zero_pages && s.kind == CF_STEP_RANGE && !s.data &&
			s.type == CF_PAGE_NORMAL)
			s.type = CF_PAGE_ZERO;
		if (v->one_page && insert && s.len > CF_PAGE_SIZE)
			s.len = CF_PAGE_SIZE;
		step[i] = s;
	}
	return n;
}

/* vCPUs that the file has no context for start at reset, with the features
 * of those that it has. */
static enum coffer_status try_extra(struct igvm_search *s,
	const struct cf_sp_guest *base, struct variant *v, uint64_t features)
{
	uint8_t page[4096];
	const struct cf_vmsa_params p = { .vmm = CF_VMM_QEMU,
		.cpuid_signature = v->signature,
		.sev_features = features,
		.eip = CF_RESET_EIP };
	struct cf_cpu_state state;
	struct cf_sp_guest *sp;
	enum coffer_status st = cf_sp_digest_clone(base, &sp, s->err);

	if (st)
		return st;
	cf_vmsa_initial(&p, &state);
	cf_vmsa_encode(&state, page);
	for (v->extra = 1; !st && v->extra <= MAX_EXTRA; v->extra++) {
		st = sp->ops->launch_update_vmsa(sp,
			(unsigned)(v->all + v->extra - 1), CF_KVM_VMSA_GPA,
			page, s->err);
		if (!st)
			st = compare(s, sp, v);
	}
	v->extra = 0;
	cf_sp_guest_destroy(sp);
	return st;
}

static enum coffer_status try_extras(struct igvm_search *s,
	const struct cf_sp_guest *base, struct variant *v,
	const struct cf_step *first)
{
	enum coffer_status st = COFFER_OK;
	uint32_t signature, before = 0;

	if (!first || first->format != CF_VCPU_VMSA || first->len < 4096)
		return COFFER_OK;
	for (size_t i = 0; !st && cf_cpu_type_name(i); i++) {
		if (!cf_cpu_type_signature(cf_cpu_type_name(i), &signature) ||
			signature == before)
			continue;
		before = v->signature = signature;
		st = try_extra(s, base, v, cf_load_le64(first->data + 0x3b0));
	}
	return st;
}

static enum coffer_status push_vcpu(
	struct igvm_search *s, struct cf_sp_guest *sp, const struct cf_step *c)
{
	if (c->format == CF_VCPU_VMSA)
		return sp->ops->launch_update_vmsa(
			sp, c->vp_index, c->gpa, c->data, s->err);
	return c->format == CF_VCPU_VBS
		? sp->ops->launch_update_registers(sp, c->data, c->len, s->err)
		: COFFER_OK;
}

/* All of the launch but the vCPUs at its end, then one more at a time. */
static enum coffer_status try_variant(
	struct igvm_search *s, const struct cf_plan *plan, struct variant *v)
{
	CF_CLEANUP(cf_free_ptr)
	struct cf_step *step = cf_alloc_array(plan->nsteps, sizeof(*step));
	struct cf_plan copy = { .platform = plan->platform, .step = step };
	const struct cf_step *first = NULL;
	struct cf_sp_guest *sp = NULL;
	enum coffer_status st;

	if (!step)
		return cf_fail_nomem(s->err, "the search");
	copy.nsteps = rewrite(plan, v, step);
	st = cf_sp_digest_create(NULL, &sp, s->err);
	if (!st)
		st = cf_launch_replay(&copy, NULL, NULL, sp, s->err);
	v->vcpus = 0;
	for (size_t i = 0; i < copy.nsteps; i++)
		v->vcpus += step[i].kind == CF_STEP_VCPU;
	if (!st)
		st = compare(s, sp, v);
	for (size_t i = copy.nsteps; !st && i < plan->nsteps; i++) {
		if (!first)
			first = &plan->step[i];
		st = push_vcpu(s, sp, &plan->step[i]);
		v->vcpus++;
		if (!st)
			st = compare(s, sp, v);
	}
	if (!st && !v->zero_pages && !v->one_page)
		st = try_extras(s, sp, v, first);
	cf_sp_guest_destroy(sp);
	return st == COFFER_ERR_NOMEM ? st : COFFER_OK;
}

static enum coffer_status try_plan(struct igvm_search *s,
	enum cf_platform platform, const struct cf_loader_profile *profile)
{
	struct variant v = { .platform = platform, .profile = profile };
	const bool snp = platform == CF_PLATFORM_SEV_SNP;
	size_t trailing = 0; /* contexts with nothing after them */
	struct cf_plan *plan;
	enum coffer_status st = cf_plan_from_igvm(
		s->file, platform, profile, NULL, &plan, s->err);

	if (st)
		return st == COFFER_ERR_NOMEM ? st : COFFER_OK;
	for (size_t i = 0; i < plan->nsteps; i++) {
		bool vcpu = plan->step[i].kind == CF_STEP_VCPU;

		v.all += vcpu;
		trailing = vcpu ? trailing + 1 : 0;
	}
	cf_buf_printf(&s->out->tried,
		"platform %s, loader %s, %zu to %zu vCPU contexts%s\n",
		cf_platform_name(platform), profile_name(profile),
		v.all - trailing, v.all,
		snp ? ", zero pages and parameter areas both ways" : "");
	if (trailing && (snp || platform == CF_PLATFORM_SEV_ES))
		cf_buf_printf(&s->out->tried,
			"up to %d vCPUs more, without a context, of every CPU "
			"type\n",
			MAX_EXTRA);
	for (unsigned ways = 0; !st && ways < (snp ? 4u : 1u); ways++) {
		v.zero_pages = ways & 1;
		v.one_page = ways & 2;
		st = try_variant(s, plan, &v);
	}
	cf_plan_destroy(plan);
	return st;
}

enum coffer_status cf_explain_igvm(const struct cf_igvm *file,
	enum cf_platform platform, const struct cf_loader_profile *profile,
	const uint8_t *target, size_t target_len, struct cf_explain_result *out,
	struct coffer_error *err)
{
	static const struct cf_loader_profile *const profiles[] = {
		&cf_profile_spec,
		&cf_profile_qemu,
	};
	struct igvm_search s = {
		.file = file,
		.platform = platform,
		.profile = profile,
		.target = target,
		.target_len = target_len,
		.out = out,
		.err = err,
	};
	enum coffer_status st = COFFER_OK;

	*out = (struct cf_explain_result) { 0 };
	for (unsigned p = 0; !st && p < CF_NPLATFORMS; p++)
		for (size_t i = 0; !st && i < CF_ARRAY_LEN(profiles); i++)
			if (p != CF_PLATFORM_NATIVE)
				st = try_plan(
					&s, (enum cf_platform)p, profiles[i]);
	return st;
}
