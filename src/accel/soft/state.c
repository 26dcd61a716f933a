/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a vCPU as a whole: load and store, reset, INIT and start-up
 * IPIs, and what is derived from it.
 */
#include "accel/soft/block_priv.h"
#include "accel/soft/debug/dr_priv.h"
#include "accel/soft/mem_priv.h"
#include "accel/soft/run_priv.h"
#include "accel/soft/seg_priv.h"
#include "accel/soft/sev/sev_priv.h"

/* A small number for each mode, part of the jump cache's tags. */
static unsigned mode_id(struct vcpu *cpu, uint32_t mode)
{
	unsigned i;

	for (i = 0; i < cpu->nmode_ids; i++) {
		if (cpu->mode_ids[i] == mode)
			return i;
	}
	if (i == CF_ARRAY_LEN(cpu->mode_ids)) {
		/* Never seen in practice: start over. */
		memset(cpu->jump, 0, CF_JUMP_SIZE * sizeof(*cpu->jump));
		cpu->link_op = NULL;
		i = 0;
	}
	cpu->mode_ids[i] = mode;
	cpu->nmode_ids = i + 1;
	return i;
}

void cf_set_mode(struct vcpu *cpu, uint32_t mode)
{
	if (mode != cpu->mode) {
		cpu->mode = mode;
		cpu->mode_id = mode_id(cpu, mode);
	}
	cf_update_salt(cpu);
}

void cf_update_mode(struct vcpu *cpu)
{
	uint32_t mode = cpu->mode & CF_MODE_SINGLE;
	uint16_t cs = cpu->seg[CF_SEG_CS].attr;

	if ((cpu->flags & CF_FL_VM) && !(cpu->efer & CF_EFER_LMA))
		mode |= CF_MODE_VM;
	else if (cpu->cr0 & CF_CR0_PE)
		mode |= CF_MODE_PE;
	if ((cpu->efer & CF_EFER_LMA) && (cs & CF_SEG_L))
		mode |= CF_MODE_L;
	else if (cs & CF_SEG_DB)
		mode |= CF_MODE_D;
	if (cpu->seg[CF_SEG_SS].attr & CF_SEG_DB)
		mode |= CF_MODE_SS32;
	if (cpu->cpl == 3)
		mode |= CF_MODE_CPL3;
	mode |= cf_fpu_allowed(cpu->cr0, cpu->cr4, cpu->fpu.xcr0)
		<< CF_MODE_FPU_SHIFT;
	cf_set_mode(cpu, mode);
}

void cf_set_rflags(struct vcpu *cpu, uint64_t rflags)
{
	cf_flags_set_status(cpu, rflags);
	cpu->flags = (rflags & 0x3f7fd7 & ~(uint64_t)CF_FL_ARITH) | 2;
	cf_update_salt(cpu);
	if (rflags & (CF_FL_TF | CF_FL_RF))
		atomic_store(&cpu->limit, 0);
}

static void load_segment(struct cf_seg_state *to, const struct cf_segment *from)
{
	to->base = from->base;
	to->limit = from->limit;
	to->sel = from->selector;
	to->attr = from->attrib & 0xfff;
}

static void store_segment(
	struct cf_segment *to, const struct cf_seg_state *from)
{
	to->base = from->base;
	to->limit = from->limit;
	to->selector = from->sel;
	to->attrib = from->attr;
}

void cf_vcpu_load(struct vcpu *cpu, const struct cf_cpu_state *s)
{
	unsigned i;

	memcpy(cpu->r, s->gpr, sizeof(s->gpr));
	cpu->r[CF_R_ZERO] = 0;
	cpu->r[CF_R_RIP] = s->rip;
	for (i = 0; i < CF_NSEGS; i++) {
		load_segment(&cpu->seg[i], &s->seg[i]);
		cf_seg_set_base(cpu, i, s->seg[i].base);
	}
	load_segment(&cpu->ldtr, &s->ldtr);
	load_segment(&cpu->tr, &s->tr);
	cpu->gdtr.base = s->gdtr.base;
	cpu->gdtr.limit = s->gdtr.limit & 0xffff;
	cpu->idtr.base = s->idtr.base;
	cpu->idtr.limit = s->idtr.limit & 0xffff;
	cpu->cr0 = s->cr0 | CF_CR0_ET;
	cpu->cr2 = s->cr2;
	cpu->cr3 = s->cr3;
	cpu->cr4 = s->cr4;
	cpu->efer = s->efer;
	memcpy(cpu->dr, s->dr, sizeof(cpu->dr));
	cpu->dr6 = s->dr6;
	cpu->dr7 = s->dr7;
	cpu->xss = s->xss;
	cpu->star = s->star;
	cpu->lstar = s->lstar;
	cpu->cstar = s->cstar;
	cpu->sfmask = s->sfmask;
	cpu->kernel_gs_base = s->kernel_gs_base;
	cpu->sysenter_cs = s->sysenter_cs;
	cpu->sysenter_esp = s->sysenter_esp;
	cpu->sysenter_eip = s->sysenter_eip;
	cpu->g_pat = s->g_pat;
	cpu->dbgctl = s->dbgctl;
	cpu->tsc_aux = s->tsc_aux;
	cpu->pkru = s->pkru;
	cpu->vmpl = s->vmpl;
	cpu->cpl = s->cpl & 3;
	cf_fpu_from_state(&cpu->fpu, s);
	cpu->sev_features = s->sev_features;
	cpu->virtual_tom = s->virtual_tom;
	cpu->vintr_ctrl = s->vintr_ctrl;
	cpu->halted = false;
	cpu->shadow = cpu->ss_shadow = false;
	cpu->dr_hit = 0;
	cpu->dr6_pending = 0;
	cf_dr_update(cpu);
	cpu->delivering = false;
	cf_set_rflags(cpu, s->rflags);
	cf_tlb_flush(cpu);
	cf_update_mode(cpu);
}

void cf_vcpu_store(struct vcpu *cpu, struct cf_cpu_state *s)
{
	unsigned i;

	*s = (struct cf_cpu_state) { 0 };
	memcpy(s->gpr, cpu->r, sizeof(s->gpr));
	s->rip = cpu->r[CF_R_RIP];
	for (i = 0; i < CF_NSEGS; i++)
		store_segment(&s->seg[i], &cpu->seg[i]);
	store_segment(&s->ldtr, &cpu->ldtr);
	store_segment(&s->tr, &cpu->tr);
	s->gdtr.base = cpu->gdtr.base;
	s->gdtr.limit = cpu->gdtr.limit;
	s->idtr.base = cpu->idtr.base;
	s->idtr.limit = cpu->idtr.limit;
	s->cr0 = cpu->cr0;
	s->cr2 = cpu->cr2;
	s->cr3 = cpu->cr3;
	s->cr4 = cpu->cr4;
	s->efer = cpu->efer;
	memcpy(s->dr, cpu->dr, sizeof(s->dr));
	s->dr6 = cpu->dr6;
	s->dr7 = cpu->dr7;
	s->xss = cpu->xss;
	s->star = cpu->star;
	s->lstar = cpu->lstar;
	s->cstar = cpu->cstar;
	s->sfmask = cpu->sfmask;
	s->kernel_gs_base = cpu->kernel_gs_base;
	s->sysenter_cs = cpu->sysenter_cs;
	s->sysenter_esp = cpu->sysenter_esp;
	s->sysenter_eip = cpu->sysenter_eip;
	s->g_pat = cpu->g_pat;
	s->dbgctl = cpu->dbgctl;
	s->tsc_aux = cpu->tsc_aux;
	s->pkru = cpu->pkru;
	s->vmpl = cpu->vmpl;
	s->cpl = cpu->cpl;
	s->rflags = cf_rflags(cpu);
	cf_fpu_to_state(&cpu->fpu, s);
	s->sev_features = cpu->sev_features;
	s->virtual_tom = cpu->virtual_tom;
	s->vintr_ctrl = cpu->vintr_ctrl;
}

void cf_vcpu_reset(struct vcpu *cpu)
{
	struct cf_cpu_state s;

	cf_cpu_state_reset(&s, cf_cpu_model_signature(cpu->vm->model));
	cf_msr_reset(cpu);
	cf_vcpu_load(cpu, &s);
	cpu->nmi_blocked = false;
	cpu->nmi_pending = 0;
}

void cf_vcpu_init_ipi(struct vcpu *cpu)
{
	struct cf_cpu_state s;
	uint64_t cr0 = cpu->cr0;

	cpu->wait_sipi = true;
	cpu->halted = false;
	if (cf_sev_init_ipi(cpu))
		return;
	/* INIT leaves the FPU, the caches' bits and most MSRs alone. */
	cf_cpu_state_reset(&s, cf_cpu_model_signature(cpu->vm->model));
	s.cr0 = 0x10 | (cr0 & (CF_CR0_CD | CF_CR0_NW));
	cf_fpu_to_state(&cpu->fpu, &s);
	s.g_pat = cpu->g_pat;
	s.tsc_aux = cpu->tsc_aux;
	cf_vcpu_load(cpu, &s);
	cpu->nmi_pending = 0;
	cpu->nmi_blocked = false;
}

void cf_vcpu_startup_ipi(struct vcpu *cpu)
{
	uint16_t sel = (uint16_t)(cpu->sipi_vector << 8);

	if (!cpu->wait_sipi)
		return;
	cpu->wait_sipi = false;
	cpu->parked = false;
	if (cf_sev_startup_ipi(cpu))
		return;
	cf_seg_load_real(cpu, CF_SEG_CS, sel);
	cpu->r[CF_R_RIP] = 0;
	cf_update_mode(cpu);
}
