/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IGVM files: other platforms of the file, other loaders, fewer vCPUs, and the
 * two places where a well-known tool (igvmmeasure) measures differently.
 */
#include "explain_priv.h"

#include "igvm/igvm.h"

#include <stdio.h>

struct variant {
	enum cf_platform platform;
	const struct cf_loader_profile *profile;
	bool zero_pages;   /* pages without data as ZERO, not NORMAL */
	bool one_page;     /* a parameter area as one page */
	size_t vcpus, all; /* contexts measured, contexts in the file */
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

static void add_match(struct igvm_search *s, const struct variant *v)
{
	struct cf_explain_match m = { 0 };
	char have[24], want[24];

	if (v->platform != s->platform)
		change(&m, "platform", cf_platform_name(s->platform),
			cf_platform_name(v->platform));
	if (v->profile != s->profile)
		change(&m, "loader", profile_name(s->profile),
			profile_name(v->profile));
	snprintf(want, sizeof(want), "%zu", v->all);
	snprintf(have, sizeof(have), "%zu", v->vcpus);
	if (v->vcpus != v->all)
		change(&m, "vCPU contexts", want, have);
	if (v->zero_pages)
		change(&m, "pages without data", "NORMAL pages of zeros",
			"ZERO pages (igvmmeasure --native-zero)");
	if (v->one_page)
		change(&m, "parameter areas", "all of their pages",
			"the first page only (igvmmeasure)");
	cf_match_insert(s->out, &m);
}

/* The plan's steps as this variant has them, in `step`. */
static size_t rewrite(const struct cf_plan *plan, const struct variant *v,
	struct cf_step *step)
{
	size_t n = 0, contexts = 0;

	for (size_t i = 0; i < plan->nsteps; i++) {
		struct cf_step s = plan->step[i];
		bool insert = strcmp(s.origin.what, "PARAMETER_INSERT") == 0;

		if (s.kind == CF_STEP_VCPU && contexts++ >= v->vcpus)
			continue;
		if (v->zero_pages && s.kind == CF_STEP_RANGE && !s.data &&
			s.type == CF_PAGE_NORMAL)
			s.type = CF_PAGE_ZERO;
		if (v->one_page && insert && s.len > CF_PAGE_SIZE)
			s.len = CF_PAGE_SIZE;
		step[n++] = s;
	}
	return n;
}

static enum coffer_status try_variant(struct igvm_search *s,
	const struct cf_plan *plan, const struct variant *v)
{
	CF_CLEANUP(cf_free_ptr)
	struct cf_step *step = cf_alloc_array(plan->nsteps, sizeof(*step));
	struct cf_plan copy = { .platform = plan->platform, .step = step };
	uint8_t digest[CF_DIGEST_MAX];
	enum coffer_status st;
	size_t len;

	if (!step)
		return cf_fail_nomem(s->err, "the search");
	copy.nsteps = rewrite(plan, v, step);
	st = cf_launch_digest(&copy, NULL, digest, &len, s->err);
	if (st == COFFER_ERR_NOMEM)
		return st;
	s->out->candidates++;
	if (!st && len == s->target_len && memcmp(digest, s->target, len) == 0)
		add_match(s, v);
	return COFFER_OK;
}

static enum coffer_status try_plan(struct igvm_search *s,
	enum cf_platform platform, const struct cf_loader_profile *profile)
{
	struct variant v = { .platform = platform, .profile = profile };
	const bool snp = platform == CF_PLATFORM_SEV_SNP;
	struct cf_plan *plan;
	enum coffer_status st = cf_plan_from_igvm(
		s->file, platform, profile, NULL, &plan, s->err);

	if (st)
		return st == COFFER_ERR_NOMEM ? st : COFFER_OK;
	for (size_t i = 0; i < plan->nsteps; i++)
		v.all += plan->step[i].kind == CF_STEP_VCPU;
	cf_buf_printf(&s->out->tried,
		"platform %s, loader %s, 0 to %zu vCPU contexts%s\n",
		cf_platform_name(platform), profile_name(profile), v.all,
		snp ? ", zero pages and parameter areas both ways" : "");
	for (unsigned ways = 0; !st && ways < (snp ? 4u : 1u); ways++)
		for (v.vcpus = 0; !st && v.vcpus <= v.all; v.vcpus++) {
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
