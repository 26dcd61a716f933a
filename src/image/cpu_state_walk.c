/* SPDX-License-Identifier: Apache-2.0 */
/* The architectural state of a vCPU in a stream. */
#include "image/cpu_state.h"

#include "base/base.h"
#include "base/state.h"

static void segment(struct cf_state *s, struct cf_segment *g)
{
	cf_state_u16(s, &g->selector);
	cf_state_u16(s, &g->attrib);
	cf_state_u32(s, &g->limit);
	cf_state_u64(s, &g->base);
}

static void words(struct cf_state *s, uint64_t *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cf_state_u64(s, list[i]);
}

static void fpu(struct cf_cpu_state *c, struct cf_state *s)
{
	cf_state_u16(s, &c->fcw);
	cf_state_u16(s, &c->fsw);
	cf_state_u16(s, &c->ftw);
	cf_state_u16(s, &c->fop);
	cf_state_u32(s, &c->mxcsr);
	cf_state_bytes(s, c->x87, sizeof(c->x87));
	cf_state_bytes(s, c->xmm, sizeof(c->xmm));
	cf_state_bytes(s, c->ymm_high, sizeof(c->ymm_high));
}

void cf_cpu_state_walk(struct cf_cpu_state *c, struct cf_state *s)
{
	uint64_t *const list[] = { &c->rip, &c->rflags, &c->cr0, &c->cr2,
		&c->cr3, &c->cr4, &c->efer, &c->dr6, &c->dr7, &c->xcr0, &c->xss,
		&c->star, &c->lstar, &c->cstar, &c->sfmask, &c->kernel_gs_base,
		&c->sysenter_cs, &c->sysenter_esp, &c->sysenter_eip, &c->g_pat,
		&c->dbgctl };

	for (size_t i = 0; i < CF_NGPRS; i++)
		cf_state_u64(s, &c->gpr[i]);
	words(s, list, CF_ARRAY_LEN(list));
	for (size_t i = 0; i < 4; i++)
		cf_state_u64(s, &c->dr[i]);
	for (size_t i = 0; i < CF_NSEGS; i++)
		segment(s, &c->seg[i]);
	segment(s, &c->gdtr);
	segment(s, &c->idtr);
	segment(s, &c->ldtr);
	segment(s, &c->tr);
	cf_state_u32(s, &c->tsc_aux);
	cf_state_u32(s, &c->pkru);
	cf_state_u8(s, &c->cpl);
	cf_state_need(s, c->cpl <= 3, "the privilege level");
	fpu(c, s);
}
