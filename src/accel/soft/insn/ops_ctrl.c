/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control and debug registers, MSRs, CPUID, time stamps, cache and TLB
 * management.
 *
 * Source: APM volume 2 (AMD 24593), "System-Control Registers"; volume 3.
 */
#include "accel/soft/debug/dr_priv.h"
#include "accel/soft/insn/ops_sys_priv.h"
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/world_priv.h"

#define PCID_MASK           0xfffu
#define CF_MSR_APIC_BASE    0x1bu
#define CF_APIC_BASE_ENABLE 0x800u
#define EXIT_WRITE_TRAP_CR0 0x90u
#define EXIT_WRITE_TRAP_CR4 0x94u
#define EXIT_WRITE_TRAP_CR8 0x98u

static _Noreturn void gp0(struct vcpu *cpu)
{
	cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
}

/* Paging goes on or off: long mode follows. */
static void check_long_mode(struct vcpu *cpu, uint64_t cr0)
{
	bool pg = cr0 & CF_CR0_PG, was = cpu->cr0 & CF_CR0_PG;

	if (pg && !was && (cpu->efer & CF_EFER_LME)) {
		if (!(cpu->cr4 & CF_CR4_PAE) ||
			(cpu->seg[CF_SEG_CS].attr & CF_SEG_L))
			gp0(cpu);
		cpu->efer |= CF_EFER_LMA;
	} else if (!pg && was) {
		if ((cpu->mode & CF_MODE_L) || (cpu->cr4 & CF_CR4_PCIDE))
			gp0(cpu);
		cpu->efer &= ~(uint64_t)CF_EFER_LMA;
	}
}

static void write_cr0(struct vcpu *cpu, uint64_t v)
{
	const uint64_t known = CF_CR0_PE | CF_CR0_MP | CF_CR0_EM | CF_CR0_TS |
		CF_CR0_ET | CF_CR0_NE | CF_CR0_WP | CF_CR0_AM | CF_CR0_NW |
		CF_CR0_CD | CF_CR0_PG;
	uint64_t old = cpu->cr0;

	if (v >> 32 || ((v & CF_CR0_PG) && !(v & CF_CR0_PE)) ||
		((v & CF_CR0_NW) && !(v & CF_CR0_CD)))
		gp0(cpu);
	v = (v & known) | CF_CR0_ET;
	check_long_mode(cpu, v);
	cpu->cr0 = v;
	/* Entering protected mode, segments stay as real mode left them. */
	if ((old ^ v) & CF_CR0_PE && !(v & CF_CR0_PE))
		cpu->cpl = 0;
	if ((old ^ v) & (CF_CR0_PE | CF_CR0_PG | CF_CR0_WP))
		cf_tlb_flush(cpu);
	cf_update_mode(cpu);
	if (cpu->vm->es)
		cf_sev_write_trap(cpu, EXIT_WRITE_TRAP_CR0, v);
}

/* With PCIDs, bit 63 asks to keep what is cached of the new one. */
static void write_cr3(struct vcpu *cpu, uint64_t v)
{
	bool tagged = cpu->cr4 & CF_CR4_PCIDE;
	bool keep = tagged && v >> 63;
	unsigned old = cpu->cr3 & PCID_MASK;

	if (tagged)
		v &= ~((uint64_t)1 << 63);
	if ((cpu->efer & CF_EFER_LMA) &&
		(v & ~cpu->vm->cbit_mask & ~cpu->vm->phys_mask &
			~(uint64_t)0xfff))
		gp0(cpu);
	cpu->cr3 = v;
	if (tagged)
		cf_tlb_switch(cpu, old, v & PCID_MASK, keep);
	else
		cf_tlb_flush(cpu);
}

static void write_cr4(struct vcpu *cpu, uint64_t v)
{
	uint64_t old = cpu->cr4;

	if (v & ~cf_cpuid_cr4(&cpu->cpuid))
		gp0(cpu);
	if ((cpu->efer & CF_EFER_LMA) && !(v & CF_CR4_PAE))
		gp0(cpu);
	if ((v & ~old & CF_CR4_PCIDE) &&
		(!(cpu->efer & CF_EFER_LMA) || (cpu->cr3 & 0xfff)))
		gp0(cpu);
	cpu->cr4 = v;
	cf_dr_update(cpu);
	if ((old ^ v) &
		(CF_CR4_PGE | CF_CR4_PSE | CF_CR4_PAE | CF_CR4_SMEP |
			CF_CR4_SMAP | CF_CR4_PCIDE))
		cf_tlb_flush(cpu);
	cf_update_mode(cpu);
	if (cpu->vm->es)
		cf_sev_write_trap(cpu, EXIT_WRITE_TRAP_CR4, v);
}

static uint64_t read_cr8(struct vcpu *cpu)
{
	const struct cf_accel_host *h = &cpu->vm->host;
	bool inside = cf_gate_pause(cpu);
	uint64_t v = h->cr8_read(h->opaque, cpu->index);

	cf_gate_go_on(cpu, inside);
	return v;
}

static void write_cr8(struct vcpu *cpu, uint64_t v)
{
	const struct cf_accel_host *h = &cpu->vm->host;
	bool inside;

	if (v & ~(uint64_t)0xf)
		gp0(cpu);
	cpu->cr8 = v;
	inside = cf_gate_pause(cpu);
	h->cr8_write(h->opaque, cpu->index, v);
	cf_gate_go_on(cpu, inside);
	cpu->irq_hint = true; /* a lower priority may let one in */
	if (cpu->vm->es)
		cf_sev_write_trap(cpu, EXIT_WRITE_TRAP_CR8, v);
}

const struct op *cf_op_mov_to_cr(struct vcpu *cpu, const struct op *op)
{
	uint64_t v = cpu->mode & CF_MODE_L ? cf_get64(cpu, op->src)
					   : cf_get32(cpu, op->src);

	cf_sys_begin(cpu, op);
	cf_require_cpl0(cpu);
	switch (op->aux) {
	case 0:
		write_cr0(cpu, v);
		break;
	case 2:
		cpu->cr2 = v;
		break;
	case 3:
		write_cr3(cpu, v);
		break;
	case 4:
		write_cr4(cpu, v);
		break;
	case 8:
		write_cr8(cpu, v);
		break;
	default:
		cf_raise(cpu, NULL, CF_VEC_UD);
	}
	return cf_sys_done(cpu, op);
}

static uint64_t read_cr(struct vcpu *cpu, unsigned n)
{
	switch (n) {
	case 0:
		return cpu->cr0;
	case 2:
		return cpu->cr2;
	case 3:
		return cpu->cr3;
	case 4:
		return cpu->cr4;
	case 8:
		return read_cr8(cpu);
	default:
		cf_raise(cpu, NULL, CF_VEC_UD);
	}
}

static void set_native(struct vcpu *cpu, unsigned off, uint64_t v)
{
	if (cpu->mode & CF_MODE_L)
		cf_set64(cpu, off, v);
	else
		cf_set32(cpu, off, (uint32_t)v);
}

const struct op *cf_op_mov_from_cr(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	cf_require_cpl0(cpu);
	set_native(cpu, op->dst, read_cr(cpu, op->aux));
	return cf_sys_done(cpu, op);
}

/* DR4 and DR5 are DR6 and DR7 unless CR4.DE says #UD; DR7.GD makes every
 * access a #DB. */
static unsigned debug_register(struct vcpu *cpu, unsigned n)
{
	cf_require_cpl0(cpu);
	if (n == 4 || n == 5) {
		if (cpu->cr4 & CF_CR4_DE)
			cf_raise(cpu, NULL, CF_VEC_UD);
		n += 2;
	}
	if (cpu->dr7 & CF_DR7_GD) {
		cf_dr_exception(cpu, CF_DR6_BD, false);
		cf_raise_filled(cpu);
	}
	return n;
}

const struct op *cf_op_mov_to_dr(struct vcpu *cpu, const struct op *op)
{
	uint64_t v = cpu->mode & CF_MODE_L ? cf_get64(cpu, op->src)
					   : cf_get32(cpu, op->src);
	unsigned n;

	cf_sys_begin(cpu, op);
	n = debug_register(cpu, op->aux);
	if (n == 7)
		cf_intercept(cpu, CF_EXIT_WR_DR7);
	if (n >= 6 && v >> 32)
		gp0(cpu);
	if (n < 4)
		cpu->dr[n] = v;
	else if (n == 6)
		cpu->dr6 = (v & 0xe00f) | 0xffff0ff0u;
	else
		cpu->dr7 = (v & 0xffff2bffu) | 0x400;
	if (n == 7)
		cf_dr_update(cpu);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_mov_from_dr(struct vcpu *cpu, const struct op *op)
{
	unsigned n;

	cf_sys_begin(cpu, op);
	n = debug_register(cpu, op->aux);
	if (n == 7)
		cf_intercept(cpu, CF_EXIT_RD_DR7);
	set_native(cpu, op->dst,
		n < 4            ? cpu->dr[n]
			: n == 6 ? cpu->dr6
				 : cpu->dr7);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_lmsw(struct vcpu *cpu, const struct op *op)
{
	uint64_t v;

	cf_sys_begin(cpu, op);
	cf_require_cpl0(cpu);
	v = cf_rm_read(cpu, op, 2) & 0xf;
	/* PE can be set, not cleared. */
	write_cr0(cpu, (cpu->cr0 & ~(uint64_t)0xe) | v);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_smsw(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	if (cpu->cr4 & CF_CR4_UMIP)
		cf_require_cpl0(cpu);
	cf_rm_write(cpu, op, op->size, 2, cpu->cr0);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_clts(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	cf_require_cpl0(cpu);
	cpu->cr0 &= ~(uint64_t)CF_CR0_TS;
	cf_update_mode(cpu);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_invlpg(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	cf_require_cpl0(cpu);
	/* A non-canonical address invalidates nothing. */
	if (cpu->mode & CF_MODE_L)
		cf_tlb_flush_page(cpu, cf_sys_ea(cpu, op, 1, false));
	else
		cf_tlb_flush(cpu);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_invpcid(struct vcpu *cpu, const struct op *op)
{
	enum { ADDRESS, CONTEXT, ALL_WITH_GLOBAL, ALL };
	unsigned current = cpu->cr3 & PCID_MASK;
	uint64_t kind, at, pcid, addr;

	cf_sys_begin(cpu, op);
	if (!cf_cpuid_invpcid(&cpu->cpuid))
		cf_raise(cpu, NULL, CF_VEC_UD);
	cf_require_cpl0(cpu);
	kind = cf_get_size(cpu, op->src, cpu->mode & CF_MODE_L ? 8 : 4);
	at = cf_sys_ea(cpu, op, 16, false);
	pcid = cf_ld64(cpu, NULL, at);
	addr = cf_ld64(cpu, NULL, at + 8);
	if (kind > ALL || pcid & ~(uint64_t)PCID_MASK)
		gp0(cpu);
	if (kind <= CONTEXT && pcid && !(cpu->cr4 & CF_CR4_PCIDE))
		gp0(cpu);
	if (kind == ADDRESS && (uint64_t)((int64_t)(addr << 16) >> 16) != addr)
		gp0(cpu);
	if (kind == ADDRESS)
		cf_tlb_flush_page(cpu, addr);
	else if (kind == CONTEXT && (cpu->cr4 & CF_CR4_PCIDE))
		cf_tlb_flush_pcid(cpu, current, (unsigned)pcid);
	else
		cf_tlb_flush(cpu);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_xgetbv(struct vcpu *cpu, const struct op *op)
{
	uint64_t v;

	cf_sys_begin(cpu, op);
	if (!(cpu->cr4 & CF_CR4_OSXSAVE))
		cf_raise(cpu, NULL, CF_VEC_UD);
	switch (cf_get32(cpu, CF_RCX * 8)) {
	case 0:
	case 1: /* state in use: all of it may be */
		v = cpu->fpu.xcr0;
		break;
	default:
		gp0(cpu);
	}
	cf_set32(cpu, CF_RAX * 8, (uint32_t)v);
	cf_set32(cpu, CF_RDX * 8, (uint32_t)(v >> 32));
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_xsetbv(struct vcpu *cpu, const struct op *op)
{
	uint64_t v = (uint64_t)cf_get32(cpu, CF_RDX * 8) << 32 |
		cf_get32(cpu, CF_RAX * 8);

	cf_sys_begin(cpu, op);
	if (!(cpu->cr4 & CF_CR4_OSXSAVE))
		cf_raise(cpu, NULL, CF_VEC_UD);
	cf_require_cpl0(cpu);
	if (cf_get32(cpu, CF_RCX * 8) ||
		!cf_fpu_xcr0_valid(v, cf_cpuid_xcr0(&cpu->cpuid)))
		gp0(cpu);
	cpu->fpu.xcr0 = v;
	cf_update_mode(cpu);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_rdmsr(struct vcpu *cpu, const struct op *op)
{
	uint32_t msr = cf_get32(cpu, CF_RCX * 8);
	uint64_t v = 0;
	bool fault = false;

	cf_sys_begin(cpu, op);
	cf_require_cpl0(cpu);
	if (!cf_sev_rdmsr(cpu, msr, &v, &fault))
		fault = !cf_msr_read(cpu, msr, &v);
	if (fault)
		gp0(cpu);
	cf_set32(cpu, CF_RAX * 8, (uint32_t)v);
	cf_set32(cpu, CF_RDX * 8, (uint32_t)(v >> 32));
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_wrmsr(struct vcpu *cpu, const struct op *op)
{
	uint32_t msr = cf_get32(cpu, CF_RCX * 8);
	uint64_t v = (uint64_t)cf_get32(cpu, CF_RDX * 8) << 32 |
		cf_get32(cpu, CF_RAX * 8);
	bool fault = false;

	cf_sys_begin(cpu, op);
	cf_require_cpl0(cpu);
	if (!cf_sev_wrmsr(cpu, msr, v, &fault))
		fault = !cf_msr_write(cpu, msr, v);
	if (fault)
		gp0(cpu);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_cpuid(struct vcpu *cpu, const struct op *op)
{
	uint64_t base;
	uint32_t out[4];

	cf_sys_begin(cpu, op);
	cf_intercept(cpu, CF_EXIT_CPUID);
	cpu->cpuid.cr4 = cpu->cr4;
	cpu->cpuid.xcr0 = cpu->fpu.xcr0;
	cpu->cpuid.xss = cpu->xss;
	if (cf_get32(cpu, CF_RAX * 8) == 1)
		cpu->cpuid.apic_off =
			cf_msr_read(cpu, CF_MSR_APIC_BASE, &base) &&
			!(base & CF_APIC_BASE_ENABLE);
	cf_cpuid(&cpu->cpuid, cf_get32(cpu, CF_RAX * 8),
		cf_get32(cpu, CF_RCX * 8), out);
	cf_set32(cpu, CF_RAX * 8, out[0]);
	cf_set32(cpu, CF_RBX * 8, out[1]);
	cf_set32(cpu, CF_RCX * 8, out[2]);
	cf_set32(cpu, CF_RDX * 8, out[3]);
	return cf_sys_done(cpu, op);
}

static void time_stamp(struct vcpu *cpu, uint32_t exit_code)
{
	uint64_t v;

	if ((cpu->cr4 & CF_CR4_TSD) && cpu->cpl)
		gp0(cpu);
	cf_intercept(cpu, exit_code);
	v = cf_tsc(cpu);
	cf_set32(cpu, CF_RAX * 8, (uint32_t)v);
	cf_set32(cpu, CF_RDX * 8, (uint32_t)(v >> 32));
}

const struct op *cf_op_rdtsc(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	time_stamp(cpu, CF_EXIT_RDTSC);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_rdtscp(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	time_stamp(cpu, CF_EXIT_RDTSCP);
	cf_set32(cpu, CF_RCX * 8, cpu->tsc_aux);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_rdpid(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	set_native(cpu, op->dst, cpu->tsc_aux);
	return cf_sys_done(cpu, op);
}

/* No performance counters are on offer. */
const struct op *cf_op_rdpmc(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	if (cpu->cpl && !(cpu->cr4 & CF_CR4_PCE))
		gp0(cpu);
	cf_intercept(cpu, CF_EXIT_RDPMC);
	gp0(cpu);
}

const struct op *cf_op_wbinvd(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	cf_require_cpl0(cpu);
	cf_intercept(cpu, CF_EXIT_WBINVD);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_invd(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	cf_require_cpl0(cpu);
	cf_intercept(cpu, CF_EXIT_INVD);
	return cf_sys_done(cpu, op);
}

/* MONITOR and MWAIT: the wait ends at once, as the architecture allows. */
const struct op *cf_op_monitor(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	if (cpu->cpl)
		cf_raise(cpu, NULL, CF_VEC_UD);
	cf_intercept(cpu, CF_EXIT_MONITOR);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_mwait(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	if (cpu->cpl)
		cf_raise(cpu, NULL, CF_VEC_UD);
	cf_intercept(cpu, CF_EXIT_MWAIT);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_swapgs(struct vcpu *cpu, const struct op *op)
{
	uint64_t gs = cpu->r[CF_R_GS];

	cf_sys_begin(cpu, op);
	if (!(cpu->mode & CF_MODE_L))
		cf_raise(cpu, NULL, CF_VEC_UD);
	cf_require_cpl0(cpu);
	cpu->r[CF_R_GS] = cpu->seg[CF_SEG_GS].base = cpu->kernel_gs_base;
	cpu->kernel_gs_base = gs;
	return cf_sys_done(cpu, op);
}

/* aux: bit 0 GS, bit 1 write. */
const struct op *cf_op_fsgsbase(struct vcpu *cpu, const struct op *op)
{
	unsigned seg = op->aux & 1 ? CF_SEG_GS : CF_SEG_FS;
	uint64_t v;

	cf_sys_begin(cpu, op);
	if (!(cpu->mode & CF_MODE_L) || !(cpu->cr4 & CF_CR4_FSGSBASE))
		cf_raise(cpu, NULL, CF_VEC_UD);
	if (op->aux & 2) {
		v = cf_get_size(cpu, op->dst, op->size);
		if ((uint64_t)((int64_t)(v << 16) >> 16) != v)
			gp0(cpu);
		cpu->seg[seg].base = v;
		cpu->r[seg == CF_SEG_GS ? CF_R_GS : CF_R_FS] = v;
	} else {
		cf_set_size(cpu, op->dst, op->size, cpu->seg[seg].base);
	}
	return cf_sys_done(cpu, op);
}
