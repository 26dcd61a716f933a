/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Model-specific registers, as the machine and the core give them; an MSR that
 * is not here is #GP, which guests rely on when they probe.
 *
 * Source: APM volume 2 (AMD 24593), appendix "MSR cross-reference".
 */
#include "accel/soft/mem_priv.h"
#include "accel/soft/run_priv.h"
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/world_priv.h"

#define EXIT_WRITE_TRAP_EFER 0x8fu
#define PAT_DEFAULT          0x0007040600070406u
#define MTRR_CAP             0x508u /* WC, fixed ranges, 8 variable */

enum {
	MSR_TSC = 0x10,
	MSR_APIC_BASE = 0x1b,
	MSR_TSC_ADJUST = 0x3b,
	MSR_SPEC_CTRL = 0x48,
	MSR_PRED_CMD = 0x49,
	MSR_PATCH_LEVEL = 0x8b,
	MSR_MTRR_CAP = 0xfe,
	MSR_MCG_CAP = 0x179,
	MSR_MCG_STATUS = 0x17a,
	MSR_MCG_CTL = 0x17b,
	MSR_DEBUGCTL = 0x1d9,
	MSR_MTRR_VAR = 0x200, /* 16 of them */
	MSR_MTRR_64K = 0x250,
	MSR_MTRR_16K = 0x258, /* 2 */
	MSR_MTRR_4K = 0x268,  /* 8 */
	MSR_PAT = 0x277,
	MSR_MTRR_DEFAULT = 0x2ff,
	MSR_X2APIC = 0x800, /* 0x100 of them, the machine's */
	MSR_XSS = 0xda0,
};
#define MSR_EFER           0xc0000080u
#define MSR_STAR           0xc0000081u
#define MSR_LSTAR          0xc0000082u
#define MSR_CSTAR          0xc0000083u
#define MSR_SFMASK         0xc0000084u
#define MSR_FS_BASE        0xc0000100u
#define MSR_GS_BASE        0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_TSC_AUX        0xc0000103u
#define MSR_PMC            0xc0010000u /* 4 selects, 4 counters */
#define MSR_SYSCFG         0xc0010010u
#define MSR_HWCR           0xc0010015u
#define MSR_NB_CFG         0xc001001fu
#define MSR_INT_PENDING    0xc0010055u
#define MSR_OSVW_LEN       0xc0010140u
#define MSR_OSVW_STATUS    0xc0010141u
#define MSR_DE_CFG         0xc0011029u

static bool canonical(uint64_t v)
{
	return (uint64_t)((int64_t)(v << 16) >> 16) == v;
}

/* Plain latches; canonical ones are addresses. */
static uint64_t *latch(struct vcpu *cpu, uint32_t msr, bool *address)
{
	*address = false;
	switch (msr) {
	case 0x174:
		return &cpu->sysenter_cs;
	case 0x175:
		*address = true;
		return &cpu->sysenter_esp;
	case 0x176:
		*address = true;
		return &cpu->sysenter_eip;
	case MSR_DEBUGCTL:
		return &cpu->dbgctl;
	case MSR_STAR:
		return &cpu->star;
	case MSR_LSTAR:
		*address = true;
		return &cpu->lstar;
	case MSR_CSTAR:
		*address = true;
		return &cpu->cstar;
	case MSR_SFMASK:
		return &cpu->sfmask;
	case MSR_KERNEL_GS_BASE:
		*address = true;
		return &cpu->kernel_gs_base;
	case MSR_HWCR:
		return &cpu->hwcr;
	case MSR_DE_CFG:
		return &cpu->de_cfg;
	case MSR_MTRR_64K:
		return &cpu->mtrr[16];
	case MSR_MTRR_DEFAULT:
		return &cpu->mtrr[27];
	default:
		break;
	}
	if (msr >= MSR_MTRR_VAR && msr < MSR_MTRR_VAR + 16)
		return &cpu->mtrr[msr - MSR_MTRR_VAR];
	if (msr == MSR_MTRR_16K || msr == MSR_MTRR_16K + 1)
		return &cpu->mtrr[17 + msr - MSR_MTRR_16K];
	if (msr >= MSR_MTRR_4K && msr < MSR_MTRR_4K + 8)
		return &cpu->mtrr[19 + msr - MSR_MTRR_4K];
	return NULL;
}

/* Every processor of the architecture has four performance counters; these
 * count nothing, and a guest that writes and reads one back sees that. */
static bool is_counter(uint32_t msr)
{
	return msr >= MSR_PMC && msr < MSR_PMC + 8;
}

static bool of_machine(uint32_t msr)
{
	return msr == MSR_APIC_BASE ||
		(msr >= MSR_X2APIC && msr < MSR_X2APIC + 0x100);
}

/* Leaf 0x80000008 EBX: IBPB 12, IBRS 14, STIBP 15, SSBD 24. */
static uint32_t speculation_features(struct vcpu *cpu)
{
	uint32_t out[4];

	cf_cpuid(&cpu->cpuid, 0x80000008, 0, out);
	return out[1];
}

static bool machine_read(struct vcpu *cpu, uint32_t msr, uint64_t *value)
{
	const struct cf_accel_host *h = &cpu->vm->host;
	bool inside = cf_gate_pause(cpu);
	bool ok = h->msr_read(h->opaque, cpu->index, msr, value);

	cf_gate_go_on(cpu, inside);
	return ok;
}

static bool machine_write(struct vcpu *cpu, uint32_t msr, uint64_t value)
{
	const struct cf_accel_host *h = &cpu->vm->host;
	bool inside = cf_gate_pause(cpu);
	bool ok = h->msr_write(h->opaque, cpu->index, msr, value);

	cf_gate_go_on(cpu, inside);
	return ok;
}

bool cf_msr_read(struct vcpu *cpu, uint32_t msr, uint64_t *value)
{
	bool address;
	uint64_t *p = latch(cpu, msr, &address);

	if (p) {
		*value = *p;
		return true;
	}
	if (of_machine(msr))
		return machine_read(cpu, msr, value);
	if (is_counter(msr)) {
		*value = 0;
		return true;
	}
	switch (msr) {
	case MSR_TSC:
		*value = cf_tsc(cpu);
		return true;
	case MSR_SPEC_CTRL:
		if (!(speculation_features(cpu) & 0x0100c000u))
			return false;
		*value = cpu->spec_ctrl;
		return true;
	case MSR_MTRR_CAP:
		*value = MTRR_CAP;
		return true;
	case MSR_PAT:
		*value = cpu->g_pat;
		return true;
	case MSR_XSS:
		*value = cpu->xss;
		return true;
	case MSR_EFER:
		*value = cpu->efer;
		return true;
	case MSR_FS_BASE:
		*value = cpu->r[CF_R_FS];
		return true;
	case MSR_GS_BASE:
		*value = cpu->r[CF_R_GS];
		return true;
	case MSR_TSC_AUX:
		*value = cpu->tsc_aux;
		return true;
	case MSR_PATCH_LEVEL:
	case MSR_MCG_CAP:
	case MSR_MCG_STATUS:
	case MSR_SYSCFG:
	case MSR_NB_CFG:
	case MSR_INT_PENDING:
	case MSR_OSVW_LEN:
	case MSR_OSVW_STATUS:
		*value = 0;
		return true;
	default:
		return false;
	}
}

static bool write_efer(struct vcpu *cpu, uint64_t v)
{
	/* SVME is on in the state of an ES guest; nothing uses it. */
	uint64_t known = CF_EFER_SCE | CF_EFER_LME | CF_EFER_LMA | CF_EFER_NXE |
		CF_EFER_FFXSR;

	if (cpu->vm->es)
		known |= CF_EFER_SVME;
	if (v & ~known)
		return false;
	if (((v ^ cpu->efer) & CF_EFER_LME) && (cpu->cr0 & CF_CR0_PG))
		return false;
	cpu->efer = (v & ~(uint64_t)CF_EFER_LMA) | (cpu->efer & CF_EFER_LMA);
	cf_tlb_flush(cpu);
	cf_update_mode(cpu);
	if (cpu->vm->es)
		cf_sev_write_trap(cpu, EXIT_WRITE_TRAP_EFER, v);
	return true;
}

static bool valid_pat(uint64_t v)
{
	unsigned i;

	for (i = 0; i < 8; i++) {
		unsigned t = v >> i * 8 & 0xff;

		if (t > 7 || t == 2 || t == 3)
			return false;
	}
	return true;
}

static void set_base(struct vcpu *cpu, unsigned seg, unsigned reg, uint64_t v)
{
	cpu->seg[seg].base = v;
	cpu->r[reg] = v;
}

bool cf_msr_write(struct vcpu *cpu, uint32_t msr, uint64_t value)
{
	bool address;
	uint64_t *p = latch(cpu, msr, &address);

	if (p) {
		if (address && !canonical(value))
			return false;
		*p = value;
		return true;
	}
	if (of_machine(msr))
		return machine_write(cpu, msr, value);
	if (is_counter(msr))
		return true;
	switch (msr) {
	case MSR_TSC:
		cpu->tsc_offset += value - cf_tsc(cpu);
		return true;
	case MSR_SPEC_CTRL:
		if (!(speculation_features(cpu) & 0x0100c000u))
			return false;
		cpu->spec_ctrl = value;
		return true;
	case MSR_PRED_CMD:
		return speculation_features(cpu) & 0x1000u;
	case MSR_PAT:
		if (!valid_pat(value))
			return false;
		cpu->g_pat = value;
		return true;
	case MSR_XSS:
		return value == 0;
	case MSR_EFER:
		return write_efer(cpu, value);
	case MSR_FS_BASE:
		if (!canonical(value))
			return false;
		set_base(cpu, CF_SEG_FS, CF_R_FS, value);
		return true;
	case MSR_GS_BASE:
		if (!canonical(value))
			return false;
		set_base(cpu, CF_SEG_GS, CF_R_GS, value);
		return true;
	case MSR_TSC_AUX:
		if (value >> 32)
			return false;
		cpu->tsc_aux = (uint32_t)value;
		return true;
	case MSR_PATCH_LEVEL:
	case MSR_MCG_STATUS:
	case MSR_NB_CFG:
	case MSR_INT_PENDING:
		return true;
	default:
		return false;
	}
}

void cf_msr_reset(struct vcpu *cpu)
{
	cpu->g_pat = PAT_DEFAULT;
	memset(cpu->mtrr, 0, sizeof(cpu->mtrr));
	cpu->hwcr = 0;
	cpu->de_cfg = 0;
	cpu->spec_ctrl = 0;
}

uint64_t cf_tsc(struct vcpu *cpu)
{
	const struct cf_accel_host *h = &cpu->vm->host;
	unsigned __int128 ns = h->clock_ns(h->opaque, cpu->index);

	return (uint64_t)(ns * cpu->vm->tsc_hz / 1000000000u) + cpu->tsc_offset;
}
