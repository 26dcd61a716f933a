/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between a guess and the believed inputs, in words. */
#include "explain_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* The change's texts are to be filled; NULL when only counting. */
static struct cf_explain_change *next_change(
	struct cf_explain_match *m, size_t *n, const char *assumption)
{
	struct cf_explain_change *c;

	(*n)++;
	if (!m || m->nchanges == CF_EXPLAIN_MAX_CHANGES)
		return NULL;
	c = &m->change[m->nchanges++];
	c->assumption = assumption;
	return c;
}

static void put(char out[96], const char *fmt, ...) CF_PRINTF(2, 3);

static void put(char out[96], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out, 96, fmt, ap);
	va_end(ap);
}

static void put_cpu(char out[96], uint32_t signature)
{
	uint32_t known;

	for (size_t i = 0; cf_cpu_type_name(i); i++)
		if (cf_cpu_type_signature(cf_cpu_type_name(i), &known) &&
			known == signature) {
			put(out, "0x%x (%s)", signature, cf_cpu_type_name(i));
			return;
		}
	put(out, "0x%x", signature);
}

static const char *on_off(bool on)
{
	return on ? "on" : "off";
}

static void image_changes(const struct space *s, const struct guess *g,
	struct cf_explain_match *m, size_t *n)
{
	struct cf_explain_change *c;

	if (g->platform && (c = next_change(m, n, "mode"))) {
		put(c->believed, "%s", cf_platform_name(s->platform[0]));
		put(c->actual, "%s",
			cf_platform_name(s->platform[g->platform]));
	}
	if (g->image && (c = next_change(m, n, "firmware"))) {
		put(c->believed, "%s", s->image[0].name);
		put(c->actual, "%s", s->image[g->image].name);
	}
	if (g->kernel && (c = next_change(m, n, "kernel hashes"))) {
		put(c->believed, "%s", on_off(s->kernel_on[0]));
		put(c->actual, "%s", on_off(s->kernel_on[g->kernel]));
	}
	if (g->cmdline && (c = next_change(m, n, "command line"))) {
		put(c->believed, "%s", s->cmdline[0].name);
		put(c->actual, "%s", s->cmdline[g->cmdline].name);
	}
	if (g->initrd && (c = next_change(m, n, "initrd"))) {
		put(c->believed, "as given");
		put(c->actual, "none");
	}
}

static void vcpu_changes(const struct space *s, const struct guess *g,
	struct cf_explain_match *m, size_t *n)
{
	struct cf_explain_change *c;

	if (g->vmm && (c = next_change(m, n, "VMM"))) {
		put(c->believed, "%s", cf_vmm_name(s->vmm[0]));
		put(c->actual, "%s", cf_vmm_name(s->vmm[g->vmm]));
	}
	/* The current era of another VMM is no further change. */
	if (g->era &&
		!(g->vmm &&
			s->era[g->era] == cf_vmsa_era_at(s->vmm[g->vmm], 0)) &&
		(c = next_change(m, n, "era"))) {
		put(c->believed, "%s", cf_vmsa_era_name(s->era[0]));
		put(c->actual, "%s (%.70s)", cf_vmsa_era_name(s->era[g->era]),
			cf_vmsa_era_text(s->era[g->era]));
	}
	if (g->cpu && (c = next_change(m, n, "CPU signature"))) {
		put_cpu(c->believed, s->cpu[0]);
		put_cpu(c->actual, s->cpu[g->cpu]);
	}
	if (g->features && (c = next_change(m, n, "guest features"))) {
		put(c->believed, "0x%" PRIx64, s->features[0]);
		put(c->actual, "0x%" PRIx64, s->features[g->features]);
	}
	if (g->vcpus != s->q->vcpus && (c = next_change(m, n, "vCPUs"))) {
		put(c->believed, "%u", s->q->vcpus);
		put(c->actual, "%u", g->vcpus);
	}
}

static void form_changes(const struct space *s, const struct guess *g,
	struct cf_explain_match *m, size_t *n)
{
	struct cf_explain_change *c;

	if (g->stage && (c = next_change(m, n, "stage"))) {
		put(c->believed, "the whole launch");
		put(c->actual, "%s",
			g->stage == STAGE_NO_VCPUS
				? "before the vCPU states"
				: "the firmware pages alone (snp:ovmf-hash)");
	}
	if (g->hmac && (c = next_change(m, n, "value"))) {
		put(c->believed, "launch digest");
		put(c->actual, "HMAC of LAUNCH_MEASURE");
	}
	if (g->hmac && g->policy && (c = next_change(m, n, "policy"))) {
		put(c->believed, "0x%x", s->policy[0]);
		put(c->actual, "0x%x", s->policy[g->policy]);
	}
}

size_t cf_match_changes(const struct space *s, const struct guess *g,
	struct cf_explain_match *m)
{
	size_t n = 0;

	if (m)
		m->nchanges = 0;
	image_changes(s, g, m, &n);
	vcpu_changes(s, g, m, &n);
	form_changes(s, g, m, &n);
	return n;
}

void cf_match_insert(
	struct cf_explain_result *r, const struct cf_explain_match *m)
{
	size_t at = r->nmatches;

	while (at > 0 && r->match[at - 1].nchanges > m->nchanges)
		at--;
	if (at == CF_EXPLAIN_MAX_MATCHES)
		return;
	if (r->nmatches < CF_EXPLAIN_MAX_MATCHES)
		r->nmatches++;
	memmove(&r->match[at + 1], &r->match[at],
		(r->nmatches - 1 - at) * sizeof(*m));
	r->match[at] = *m;
}

void cf_match_add(struct space *s, const struct guess *g)
{
	struct cf_explain_match m = { 0 };

	cf_match_changes(s, g, &m);
	cf_match_insert(s->out, &m);
}
