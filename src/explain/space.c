/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values that each assumption may have instead.  They are the ones that
 * real mistakes and real differences between hosts come from.
 */
#include "explain_priv.h"

#include <inttypes.h>
#include <stdio.h>

/* Sizes of OVMF's variable store: 2 MiB builds, 4 MiB builds. */
static const size_t vars_sizes[] = { 0x20000, 0x84000 };

/* SEV_FEATURES of hosts seen: SNP alone, with DebugSwap, SecureTSC,
 * restricted or alternate injection, SVSM builds, none. */
static const uint64_t likely_features[] = { 0x1, 0x21, 0x0, 0x20, 0x9, 0x29,
	0x11, 0x31, 0x201, 0x221, 0x41, 0x8001 };
/* Bits that the wide search combines with SNP. */
static const uint64_t feature_bits[] = { 0x2, 0x4, 0x8, 0x10, 0x20, 0x100,
	0x200, 0x8000 };

static const uint32_t likely_policies[] = { 0x0, 0x1, 0x3, 0x4, 0x5, 0x7 };

static void add_image(
	struct space *s, const char *name, const uint8_t *p, size_t n)
{
	struct image *i = &s->image[s->nimages];

	if (s->nimages == MAX_IMAGES)
		return;
	snprintf(i->name, sizeof(i->name), "%s", name);
	i->bytes = p;
	i->len = n;
	i->valid = cf_ovmf_parse(p, n, &i->ovmf, NULL) == COFFER_OK;
	s->nimages++;
}

/* The images as they are, then each without a variable store in front. */
static void fill_images(struct space *s)
{
	for (size_t i = 0; i < s->q->nimages; i++)
		add_image(s, s->q->image[i].name, s->q->image[i].bytes,
			s->q->image[i].len);
	for (size_t i = 0; i < s->q->nimages; i++)
		for (size_t k = 0; k < CF_ARRAY_LEN(vars_sizes); k++) {
			const struct cf_explain_image *m = &s->q->image[i];
			char name[96];

			if (m->len <= vars_sizes[k] + 0x100000)
				continue;
			snprintf(name, sizeof(name),
				"%.60s without its first 0x%zx bytes", m->name,
				vars_sizes[k]);
			add_image(s, name, m->bytes + vars_sizes[k],
				m->len - vars_sizes[k]);
		}
}

static enum coffer_status add_cmdline(
	struct space *s, const char *name, const char *text, size_t n)
{
	struct cmdline *c = &s->cmdline[s->ncmdlines++];

	c->name = name;
	return cf_sha256(text, n, c->hash, s->err);
}

/* The bytes that are hashed, with the NUL or without. */
static enum coffer_status fill_cmdlines(struct space *s)
{
	const char *text = s->q->append ? s->q->append : "";
	const size_t n = strlen(text);
	CF_CLEANUP(cf_free_ptr) char *t = cf_alloc_array(n + 3, 1);
	enum coffer_status st;
	size_t bare = n;

	if (!t)
		return cf_fail_nomem(s->err, "the command line");
	memcpy(t, text, n);
	while (bare && (t[bare - 1] == '\n' || t[bare - 1] == ' '))
		bare--;
	st = add_cmdline(s, "as given", t, n + 1);
	if (!st)
		st = add_cmdline(s, "without the final NUL", t, n);
	if (!st)
		st = add_cmdline(s, "with two final NULs", t, n + 2);
	if (!st && n)
		st = add_cmdline(s, "none", "", 1);
	t[n] = '\n';
	if (!st)
		st = add_cmdline(s, "with a final newline", t, n + 2);
	if (!st)
		st = add_cmdline(
			s, "with a final newline, without the NUL", t, n + 1);
	t[n] = ' ';
	if (!st)
		st = add_cmdline(s, "with a final blank", t, n + 2);
	t[bare] = '\0';
	if (!st && bare < n)
		st = add_cmdline(
			s, "without final blanks and newlines", t, bare + 1);
	if (!st && bare < n)
		st = add_cmdline(s,
			"without final blanks, newlines and the NUL", t, bare);
	return st;
}

static enum coffer_status fill_kernel(struct space *s)
{
	const struct cf_explain_request *q = s->q;
	enum coffer_status st;

	s->nkernels = s->ncmdlines = s->ninitrds = 1;
	s->kernel_on[0] = q->has_kernel;
	if (!q->has_kernel)
		return COFFER_OK;
	s->nkernels = 2;
	s->ncmdlines = 0;
	s->initrd_on[0] = q->initrd != NULL;
	s->ninitrds = q->initrd ? 2 : 1;
	st = cf_sha256(q->kernel ? (const void *)q->kernel : "", q->kernel_len,
		s->kernel_hash, s->err);
	if (!st)
		st = cf_sha256(q->initrd ? (const void *)q->initrd : "",
			q->initrd_len, s->initrd_hash, s->err);
	if (!st)
		st = cf_sha256("", 0, s->no_initrd_hash, s->err);
	return st ? st : fill_cmdlines(s);
}

static void fill_platforms(struct space *s)
{
	s->platform[s->nplatforms++] = s->q->platform;
	if (s->q->platform == CF_PLATFORM_SEV)
		s->platform[s->nplatforms++] = CF_PLATFORM_SEV_ES;
	else if (s->q->platform == CF_PLATFORM_SEV_ES)
		s->platform[s->nplatforms++] = CF_PLATFORM_SEV;
}

static void fill_vmms(struct space *s)
{
	static const enum cf_vmm all[] = { CF_VMM_QEMU, CF_VMM_EC2, CF_VMM_GCE,
		CF_VMM_KRUN };
	const struct cf_vmsa_era *believed =
		s->q->era ? s->q->era : cf_vmsa_era_at(s->q->vmm, 0);

	s->vmm[s->nvmms++] = s->q->vmm;
	for (size_t i = 0; i < CF_ARRAY_LEN(all); i++)
		if (all[i] != s->q->vmm)
			s->vmm[s->nvmms++] = all[i];
	s->era[s->neras] = believed;
	s->era_vmm[s->neras++] = s->q->vmm;
	for (size_t i = 0; i < s->nvmms; i++)
		for (size_t k = 0; cf_vmsa_era_at(s->vmm[i], k); k++) {
			const struct cf_vmsa_era *e =
				cf_vmsa_era_at(s->vmm[i], k);

			if (e == believed || s->neras == MAX_ERAS)
				continue;
			s->era[s->neras] = e;
			s->era_vmm[s->neras++] = s->vmm[i];
		}
}

static void add_cpu(struct space *s, uint32_t signature)
{
	for (size_t i = 0; i < s->ncpus; i++)
		if (s->cpu[i] == signature)
			return;
	if (s->ncpus < MAX_CPUS)
		s->cpu[s->ncpus++] = signature;
}

static void add_features(struct space *s, uint64_t features)
{
	for (size_t i = 0; i < s->nfeatures; i++)
		if (s->features[i] == features)
			return;
	if (s->nfeatures < MAX_FEATURES)
		s->features[s->nfeatures++] = features;
}

static void fill_cpus_and_features(struct space *s)
{
	uint32_t signature;

	add_cpu(s, s->q->cpuid_signature);
	if (s->q->reported_signature)
		add_cpu(s, s->q->reported_signature);
	for (size_t i = 0; cf_cpu_type_name(i); i++)
		if (cf_cpu_type_signature(cf_cpu_type_name(i), &signature))
			add_cpu(s, signature);
	add_cpu(s, 0);
	add_features(s, s->q->sev_features);
	for (size_t i = 0; i < CF_ARRAY_LEN(likely_features); i++)
		add_features(s, likely_features[i]);
	s->nlikely = s->nfeatures;
	for (unsigned set = 0; set < 1u << CF_ARRAY_LEN(feature_bits); set++) {
		uint64_t features = 1;

		for (size_t i = 0; i < CF_ARRAY_LEN(feature_bits); i++)
			features |= set >> i & 1 ? feature_bits[i] : 0;
		add_features(s, features);
	}
}

static void fill_policies(struct space *s)
{
	s->policy[s->npolicies++] = s->q->hmac.policy;
	for (size_t i = 0; i < CF_ARRAY_LEN(likely_policies); i++)
		if (likely_policies[i] != s->q->hmac.policy)
			s->policy[s->npolicies++] = likely_policies[i];
}

enum coffer_status cf_space_fill(struct space *s)
{
	s->max_vcpus = s->q->max_vcpus ? s->q->max_vcpus : 64;
	if (s->max_vcpus < s->q->vcpus)
		s->max_vcpus = s->q->vcpus;
	fill_platforms(s);
	fill_images(s);
	fill_vmms(s);
	fill_cpus_and_features(s);
	fill_policies(s);
	return fill_kernel(s);
}

bool cf_space_uses_cpu(const struct space *s, unsigned era)
{
	struct cf_vmsa_params p = { .vmm = s->era_vmm[era],
		.era = s->era[era],
		.cpuid_signature = 1,
		.eip = CF_RESET_EIP };
	struct cf_cpu_state state;

	cf_vmsa_initial(&p, &state);
	return state.gpr[CF_RDX] == 1;
}

void cf_space_describe(const struct space *s)
{
	struct cf_buf *b = &s->out->tried;
	const bool vcpus =
		s->q->platform != CF_PLATFORM_SEV || s->nplatforms > 1;

	for (size_t i = 0; i < s->nimages; i++)
		cf_buf_printf(b, "firmware: %s\n", s->image[i].name);
	if (!s->q->has_kernel)
		cf_buf_printf(b,
			"kernel hashes: off (no --kernel was given "
			"to try with)\n");
	else
		cf_buf_printf(b, "kernel hashes: on, off\n");
	for (size_t i = 0; s->q->has_kernel && i < s->ncmdlines; i++)
		cf_buf_printf(b, "command line: %s\n", s->cmdline[i].name);
	if (vcpus)
		cf_buf_printf(b, "vCPUs: 1 to %u\n", s->max_vcpus);
	for (size_t i = 0; vcpus && i < s->neras; i++)
		cf_buf_printf(b, "VMM and era: %s, %s\n",
			cf_vmm_name(s->era_vmm[i]),
			cf_vmsa_era_name(s->era[i]));
	if (vcpus) {
		cf_buf_printf(b, "CPU signatures:");
		for (size_t i = 0; i < s->ncpus; i++)
			cf_buf_printf(b, " 0x%x", s->cpu[i]);
		cf_buf_printf(b, "\nguest features:");
		for (size_t i = 0; i < s->nlikely; i++)
			cf_buf_printf(b, " 0x%" PRIx64, s->features[i]);
		cf_buf_printf(b,
			", and bits 1 to 5, 8, 9, 15 in every "
			"combination where little else differs\n");
	}
	if (s->q->hmac.tik)
		cf_buf_printf(b,
			"as the HMAC of LAUNCH_MEASURE, policies 0, "
			"1, 3, 4, 5, 7 and the given one\n");
}
