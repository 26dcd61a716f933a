/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the vCPUs begin: the first in the shim, the others of a SEV-ES guest in
 * the hold page.
 */
#include "shim/build_priv.h"

#include "image/cpu_state.h"
#include "shim/layout.h"

#define PAGE      4096u
#define VMSA_GPA  UINT64_C(0xFFFFFFFFF000)
#define EFER_SVME 0x1000 /* which VMRUN wants */

static struct cf_segment flat(uint16_t selector, uint16_t attrib)
{
	return (struct cf_segment) {
		.selector = selector, .attrib = attrib, .limit = UINT32_MAX
	};
}

/* 32-bit protected mode without paging. */
static void entry_state(const struct cf_shim_rule *rule, struct cf_cpu_state *s)
{
	cf_cpu_state_reset(s, 0);
	s->gpr[CF_RDX] = rule->shim;
	s->gpr[CF_RBX] = rule->shim == SHIM_NATIVE ? 0 : SHIM_CBIT_HIGH;
	s->rip = SHIM_BASE;
	for (unsigned i = 0; i < CF_NSEGS; i++)
		s->seg[i] =
			i == CF_SEG_CS ? flat(0x08, 0xC9B) : flat(0x10, 0xC93);
	s->cr0 = 0x31; /* PE, ET, NE */
	if (rule->shim >= SHIM_SEV_ES)
		s->efer = EFER_SVME;
	s->sev_features = rule->shim == SHIM_SNP;
}

/* The other processors of SEV-ES come from reset, into the hold page. */
static bool add_held_states(struct cf_shim_job *j)
{
	uint8_t page[PAGE] = { 0 };
	struct cf_cpu_state s;

	cf_cpu_state_reset(&s, 0);
	s.efer = EFER_SVME;
	cf_vmsa_encode(&s, page);
	for (unsigned i = 1; i < j->vcpus; i++) {
		struct cf_igvm_header h = { .type = CF_IGVM_VP_CONTEXT,
			.data = page,
			.data_len = PAGE };

		h.u.vp_context.gpa = VMSA_GPA;
		h.u.vp_context.vp_index = (uint16_t)i;
		if (!cf_shim_add(j, j->es, h))
			return false;
	}
	return true;
}

bool cf_shim_add_states(struct cf_shim_job *j)
{
	for (size_t i = 0; i < j->p->nplatforms; i++) {
		const struct cf_shim_rule *rule =
			cf_shim_rule_of(j->p->platform[i].type);
		struct cf_igvm_header h = { .type = CF_IGVM_VP_CONTEXT };
		uint8_t page[PAGE] = { 0 };
		struct cf_cpu_state s;

		if (rule->shim == SHIM_SEV)
			continue; /* starts at the reset vector */
		entry_state(rule, &s);
		if (rule->shim >= SHIM_SEV_ES) {
			cf_vmsa_encode(&s, page);
			h.u.vp_context.gpa = VMSA_GPA;
		} else {
			cf_native_context_encode(&s, page);
		}
		h.data = page;
		h.data_len = PAGE;
		if (!cf_shim_add(j, 1u << i, h))
			return false;
	}
	return !j->es || add_held_states(j);
}
