/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handlers of system instructions.  An r/m operand is a register (dst) or,
 * with CF_AUX_MEM in aux, memory.
 */
#ifndef CF_ACCEL_SOFT_OPS_SYS_PRIV_H
#define CF_ACCEL_SOFT_OPS_SYS_PRIV_H

#include "accel/soft/insn/ops_priv.h"

#define CF_AUX_MEM 0x80u

/* ops_ctrl.c */
cf_op_fn cf_op_mov_to_cr, cf_op_mov_from_cr, cf_op_mov_to_dr, cf_op_mov_from_dr,
	cf_op_lmsw, cf_op_smsw, cf_op_clts, cf_op_invlpg, cf_op_invpcid,
	cf_op_xgetbv, cf_op_xsetbv, cf_op_rdmsr, cf_op_wrmsr, cf_op_cpuid,
	cf_op_rdtsc, cf_op_rdtscp, cf_op_rdpmc, cf_op_rdpid, cf_op_wbinvd,
	cf_op_invd, cf_op_monitor, cf_op_mwait, cf_op_swapgs, cf_op_fsgsbase;
/* random.c */
cf_op_fn cf_op_random;
/* ops_seg.c */
cf_op_fn cf_op_mov_to_seg, cf_op_mov_from_seg, cf_op_push_seg, cf_op_pop_seg,
	cf_op_load_far, cf_op_lgdt, cf_op_lidt, cf_op_sgdt, cf_op_sidt,
	cf_op_lldt, cf_op_ltr, cf_op_sldt, cf_op_str, cf_op_verr, cf_op_verw,
	cf_op_lar, cf_op_lsl, cf_op_arpl;
/* ops_flow.c */
cf_op_fn cf_op_jmp_far, cf_op_call_far, cf_op_ret_far, cf_op_int, cf_op_int3,
	cf_op_int1, cf_op_into, cf_op_iret, cf_op_syscall, cf_op_sysret,
	cf_op_sysenter, cf_op_sysexit, cf_op_hlt, cf_op_pause, cf_op_cli,
	cf_op_sti, cf_op_popf, cf_op_stac, cf_op_clac;
/* ops_io.c */
cf_op_fn cf_op_in, cf_op_out;
/* #GP unless the I/O privilege level or the TSS allows the port. */
void cf_check_io(struct vcpu *cpu, unsigned port, unsigned size);
uint32_t cf_pio_read(struct vcpu *cpu, unsigned port, unsigned size);
void cf_pio_write(
	struct vcpu *cpu, unsigned port, unsigned size, uint32_t value);
/* ops_bcd.c: what 64-bit mode dropped */
cf_op_fn cf_op_aaa, cf_op_aas, cf_op_daa, cf_op_das, cf_op_aam, cf_op_aad,
	cf_op_bound;

/* Address of the memory operand once r[RIP] is exact. */
static inline uint64_t cf_sys_ea(
	struct vcpu *cpu, const struct op *op, unsigned size, bool write)
{
	struct op here = *op;

	if (here.base == CF_R_RIP * 8)
		here.disp -= here.off;
	here.off = 0;
	here.idx = 0;
	return cf_ea_general(cpu, &here, size, write);
}

/* r[RIP] is exact, so these raise with op NULL. */
static inline uint64_t cf_rm_read(
	struct vcpu *cpu, const struct op *op, unsigned size)
{
	if (op->aux & CF_AUX_MEM)
		return cf_ld(cpu, NULL, cf_sys_ea(cpu, op, size, false), size);
	return cf_get_size(cpu, op->dst, size);
}

/* A register takes reg_size bytes, memory mem_size. */
static inline void cf_rm_write(struct vcpu *cpu, const struct op *op,
	unsigned reg_size, unsigned mem_size, uint64_t v)
{
	if (op->aux & CF_AUX_MEM)
		cf_st(cpu, NULL, cf_sys_ea(cpu, op, mem_size, true), mem_size,
			v);
	else
		cf_set_size(cpu, op->dst, reg_size, v);
}

/* In virtual-8086 mode, what acts on the interrupt flag is for the monitor
 * unless the I/O level is 3; virtual: or there is a virtual interrupt flag,
 * and the operand has 16 bits. */
static inline void cf_require_vm86_iopl(struct vcpu *cpu, bool virtual)
{
	if ((cpu->mode & CF_MODE_VM) && !virtual &&
		(cpu->flags & CF_FL_IOPL) != CF_FL_IOPL)
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
}

/* #GP(0) unless CPL is 0. */
static inline void cf_require_cpl0(struct vcpu *cpu)
{
	if (cpu->cpl)
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
}

#endif
