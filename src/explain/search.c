/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search: for each state before the vCPUs (prefix), each kind of VMSA, each
 * number of vCPUs.  A prefix is launched once and cloned.
 */
#include "explain_priv.h"

#include "crypto/sev_kdf.h"

/* Everything but vCPUs, ready to be cloned. */
struct prefix {
	struct guess g;
	struct cf_firmware_params params;
	struct cf_kernel_hashes hashes;
	struct cf_sp_guest *sp;
};

static void set_hashes(
	const struct space *s, const struct guess *g, struct prefix *p)
{
	p->params.hashes = NULL;
	if (!s->kernel_on[g->kernel])
		return;
	memcpy(p->hashes.kernel, s->kernel_hash, 32);
	memcpy(p->hashes.initrd,
		s->initrd_on[0] && !g->initrd ? s->initrd_hash
					      : s->no_initrd_hash,
		32);
	memcpy(p->hashes.cmdline, s->cmdline[g->cmdline].hash, 32);
	p->params.hashes = &p->hashes;
}

static void count(struct space *s)
{
	if (++s->out->candidates % 1024 == 0)
		cf_progress_tell(s->q->progress, "trying candidates",
			s->out->candidates, 0);
}

/* Does the target fit this digest, or an HMAC over it? */
static enum coffer_status compare(struct space *s, const struct guess *g,
	const uint8_t *digest, size_t len)
{
	const struct cf_explain_hmac *h = &s->q->hmac;
	struct guess found = *g;
	uint8_t mac[32];

	count(s);
	if (len == s->q->target_len && memcmp(digest, s->q->target, len) == 0)
		cf_match_add(s, g);
	if (!h->tik || len != CF_SHA256_LEN)
		return COFFER_OK;
	for (unsigned i = 0; i < s->npolicies; i++) {
		const struct cf_sev_measure m = {
			.api_major = h->api_major,
			.api_minor = h->api_minor,
			.build_id = h->build,
			.policy = s->policy[i],
			.digest = digest,
			.mnonce = h->nonce,
		};
		enum coffer_status st =
			cf_sev_launch_measure(h->tik, &m, mac, s->err);

		if (st)
			return st;
		count(s);
		if (memcmp(mac, s->q->target, sizeof(mac)) != 0)
			continue;
		found.hmac = true;
		found.policy = i;
		cf_match_add(s, &found);
	}
	return COFFER_OK;
}

static enum coffer_status compare_state(
	struct space *s, const struct guess *g, struct cf_sp_guest *sp)
{
	uint8_t digest[CF_DIGEST_MAX];
	size_t len;
	enum coffer_status st =
		sp->ops->launch_digest(sp, digest, &len, s->err);

	return st ? st : compare(s, g, digest, len);
}

/* One kind of VMSA: the digest after each vCPU. */
static enum coffer_status try_vcpus(struct space *s, const struct prefix *p,
	const struct guess *g, const uint8_t *bsp, const uint8_t *ap)
{
	struct cf_sp_guest *sp = NULL;
	struct guess here = *g;
	enum coffer_status st = cf_sp_digest_clone(p->sp, &sp, s->err);

	for (unsigned i = 0; !st && i < s->max_vcpus; i++) {
		if (i && !p->params.ovmf->has_reset_eip)
			break;
		st = sp->ops->launch_update_vmsa(
			sp, i, CF_KVM_VMSA_GPA, i ? ap : bsp, s->err);
		here.vcpus = i + 1;
		if (!st)
			st = compare_state(s, &here, sp);
	}
	cf_sp_guest_destroy(sp);
	return st;
}

static void make_vmsa(const struct space *s, const struct prefix *p,
	const struct guess *g, uint64_t eip, uint8_t page[4096])
{
	const struct cf_vmsa_params params = {
		.vmm = s->era_vmm[g->era],
		.era = s->era[g->era],
		.cpuid_signature = s->cpu[g->cpu],
		.sev_features = s->features[g->features],
		.eip = eip,
	};
	struct cf_cpu_state state;

	cf_vmsa_initial(&params, &state);
	cf_vmsa_encode(&state, page);
}

static enum coffer_status try_vmsa(
	struct space *s, const struct prefix *p, const struct guess *g)
{
	uint8_t bsp[4096], ap[4096];

	make_vmsa(s, p, g, CF_RESET_EIP, bsp);
	make_vmsa(s, p, g, p->params.ovmf->reset_eip, ap);
	return try_vcpus(s, p, g, bsp, ap);
}

/* All kinds of VMSA after a prefix; features from `first` to `last`. */
static enum coffer_status try_vmsas(struct space *s, const struct prefix *p,
	size_t ncpus, size_t first, size_t last)
{
	const bool es = p->params.platform == CF_PLATFORM_SEV_ES;
	enum coffer_status st = COFFER_OK;
	struct guess g = p->g;

	for (g.era = 0; !st && g.era < s->neras; g.era++) {
		size_t cpus = cf_space_uses_cpu(s, g.era) ? ncpus : 1;

		/* On SNP the VMM also decides the order of sections. */
		if (!es && s->era_vmm[g.era] != s->vmm[g.vmm])
			continue;
		for (g.cpu = 0; !st && g.cpu < cpus; g.cpu++)
			for (g.features = (unsigned)first;
				!st && g.features < last; g.features++)
				st = try_vmsa(s, p, &g);
	}
	return st;
}

/* The launch up to the vCPUs; *usable false: these inputs cannot launch. */
static enum coffer_status open_prefix(
	struct space *s, struct prefix *p, bool *usable)
{
	struct cf_plan *plan = NULL;
	uint8_t digest[CF_DIGEST_MAX];
	enum coffer_status st;
	size_t len, all;

	*usable = false;
	st = cf_plan_from_firmware(&p->params, &plan, s->err);
	if (st)
		return st == COFFER_ERR_NOMEM ? st : COFFER_OK;
	all = plan->nsteps;
	while (plan->nsteps &&
		plan->step[plan->nsteps - 1].kind == CF_STEP_VCPU)
		plan->nsteps--;
	st = cf_sp_digest_create(NULL, &p->sp, s->err);
	if (!st)
		st = cf_launch_replay(plan, NULL, NULL, p->sp, s->err);
	if (!st)
		st = p->sp->ops->launch_digest(p->sp, digest, &len, s->err);
	plan->nsteps = all;
	cf_plan_destroy(plan);
	*usable = st == COFFER_OK;
	return st;
}

static enum coffer_status try_stages(
	struct space *s, const struct prefix *p, enum cf_platform platform)
{
	struct guess g = p->g;
	struct cf_step fw = { .kind = CF_STEP_RANGE,
		.gpa = p->params.ovmf->gpa,
		.len = p->params.ovmf->len,
		.data = p->params.ovmf->bytes,
		.type = CF_PAGE_NORMAL };
	const struct cf_plan alone = {
		.platform = platform, .step = &fw, .nsteps = 1
	};
	uint8_t digest[CF_DIGEST_MAX];
	enum coffer_status st;
	size_t len;

	g.stage = platform == CF_PLATFORM_SEV ? STAGE_WHOLE : STAGE_NO_VCPUS;
	st = compare_state(s, &g, p->sp);
	/* Kernel and VMM do not matter to the firmware pages. */
	if (st || platform != CF_PLATFORM_SEV_SNP || g.kernel || g.cmdline ||
		g.initrd || g.vmm)
		return st;
	g.stage = STAGE_FIRMWARE_ONLY;
	st = cf_launch_digest(&alone, NULL, digest, &len, s->err);
	return st ? st : compare(s, &g, digest, len);
}

/* Wide: every combination of features, where little else differs. */
static enum coffer_status try_prefix(
	struct space *s, const struct guess *g, bool wide)
{
	struct prefix p = { .g = *g };
	enum coffer_status st;
	bool usable;

	p.params = (struct cf_firmware_params) {
		.ovmf = &s->image[g->image].ovmf,
		.platform = s->platform[g->platform],
		.vmm = s->vmm[g->vmm],
		.vcpus = 1,
	};
	set_hashes(s, g, &p);
	st = open_prefix(s, &p, &usable);
	if (!st && usable && !wide)
		st = try_stages(s, &p, p.params.platform);
	if (!st && usable && p.params.platform != CF_PLATFORM_SEV)
		st = wide ? try_vmsas(s, &p, 1, s->nlikely, s->nfeatures)
			  : try_vmsas(s, &p, s->ncpus, 0, s->nlikely);
	cf_sp_guest_destroy(p.sp);
	return st;
}

/* Kernel hashes off: command line and initrd do not matter. */
static bool is_meaningful(const struct space *s, const struct guess *g)
{
	if (!s->image[g->image].valid)
		return false;
	if (!s->kernel_on[g->kernel] && (g->cmdline || g->initrd))
		return false;
	/* SEV and SEV-ES launch the same whoever does it. */
	return s->platform[g->platform] == CF_PLATFORM_SEV_SNP || !g->vmm;
}

static enum coffer_status try_prefixes(struct space *s, bool wide)
{
	struct guess g = { .vcpus = s->q->vcpus };
	enum coffer_status st = COFFER_OK;
	const size_t n[] = { s->nplatforms, s->nimages, s->nkernels,
		s->ncmdlines, s->ninitrds, s->nvmms };
	unsigned *digit[] = { &g.platform, &g.image, &g.kernel, &g.cmdline,
		&g.initrd, &g.vmm };
	size_t at = 0;

	/* Count through all combinations, the last digit fastest. */
	while (!st) {
		if (is_meaningful(s, &g) &&
			!(wide && cf_match_changes(s, &g, NULL) > 1))
			st = try_prefix(s, &g, wide);
		for (at = CF_ARRAY_LEN(n); at-- > 0;) {
			if (++*digit[at] < n[at])
				break;
			*digit[at] = 0;
		}
		if (at == SIZE_MAX)
			break;
	}
	return st;
}

enum coffer_status cf_explain_firmware(const struct cf_explain_request *q,
	struct cf_explain_result *out, struct coffer_error *err)
{
	struct space *s = cf_alloc_array(1, sizeof(*s));
	enum coffer_status st;

	*out = (struct cf_explain_result) { 0 };
	if (!s)
		return cf_fail_nomem(err, "the search");
	s->q = q;
	s->out = out;
	s->err = err;
	if (q->target_len != 32 && q->target_len != 48)
		st = cf_fail(err, COFFER_ERR_ARGUMENT,
			"a digest has 32 or 48 bytes, not %zu", q->target_len);
	else
		st = cf_space_fill(s);
	if (!st)
		st = try_prefixes(s, false);
	if (!st && !out->nmatches && q->platform == CF_PLATFORM_SEV_SNP)
		st = try_prefixes(s, true);
	if (!st)
		cf_space_describe(s);
	free(s);
	return st;
}

void cf_explain_result_finish(struct cf_explain_result *r)
{
	if (r)
		cf_buf_finish(&r->tried);
}
