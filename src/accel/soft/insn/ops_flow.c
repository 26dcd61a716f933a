/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Far transfers, software interrupts, system calls, and the flags that decide
 * about interrupts.
 */
#include "accel/soft/debug/dr_priv.h"
#include "accel/soft/insn/ops_sys_priv.h"
#include "accel/soft/run_priv.h"
#include "accel/soft/seg_priv.h"
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/insn/vme_priv.h"

#include "accel/soft/world_priv.h"

#include <sched.h>

#define PAUSE_DISTANCE    64 /* instructions between two of a loop */
#define PAUSES_BEFORE_NAP 4000
#define PAUSES_PER_NAP    64 /* so that loops that count PAUSEs go on */

/* The far pointer of JMP and CALL. */
static void far_pointer(
	struct vcpu *cpu, const struct op *op, uint16_t *sel, uint64_t *offset)
{
	if (op->aux & CF_AUX_MEM) {
		uint64_t at = cf_sys_ea(cpu, op, op->size + 2u, false);

		*offset = cf_ld(cpu, NULL, at, op->size);
		*sel = cf_ld16(cpu, NULL, at + op->size);
		return;
	}
	*sel = (uint16_t)(op->imm >> 48);
	*offset = op->imm & 0xffffffff;
}

static uint64_t following(const struct vcpu *cpu, const struct op *op)
{
	uint64_t next = cpu->r[CF_R_RIP] + op->len;

	if (cpu->mode & CF_MODE_L)
		return next;
	return cpu->mode & CF_MODE_D ? next & 0xffffffff : next & 0xffff;
}

const struct op *cf_op_jmp_far(struct vcpu *cpu, const struct op *op)
{
	uint64_t offset;
	uint16_t sel;

	cf_sys_begin(cpu, op);
	far_pointer(cpu, op, &sel, &offset);
	cf_far_jump(cpu, sel, offset, following(cpu, op));
	return cf_sys_jumped(cpu);
}

const struct op *cf_op_call_far(struct vcpu *cpu, const struct op *op)
{
	uint64_t offset;
	uint16_t sel;

	cf_sys_begin(cpu, op);
	far_pointer(cpu, op, &sel, &offset);
	cf_far_call(cpu, sel, offset, op->size, following(cpu, op));
	return cf_sys_jumped(cpu);
}

const struct op *cf_op_ret_far(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	cf_far_return(cpu, op->size, op->imm);
	return cf_sys_jumped(cpu);
}

const struct op *cf_op_int(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	if (cf_vme_interrupt(cpu, (unsigned)op->imm, following(cpu, op)))
		return cf_sys_jumped(cpu);
	cf_require_vm86_iopl(cpu, false);
	cf_software_interrupt(
		cpu, (unsigned)op->imm, false, following(cpu, op));
	return cf_sys_jumped(cpu);
}

const struct op *cf_op_int3(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	cf_software_interrupt(cpu, CF_VEC_BP, false, following(cpu, op));
	return cf_sys_jumped(cpu);
}

const struct op *cf_op_int1(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	cf_software_interrupt(cpu, CF_VEC_DB, true, following(cpu, op));
	return cf_sys_jumped(cpu);
}

const struct op *cf_op_into(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	if (!(cpu->fl & 1))
		return cf_sys_done(cpu, op);
	cf_software_interrupt(cpu, CF_VEC_OF, false, following(cpu, op));
	return cf_sys_jumped(cpu);
}

const struct op *cf_op_iret(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	cf_iret(cpu, op->size, following(cpu, op));
	cpu->nmi_blocked = false;
	return cf_sys_jumped(cpu);
}

/* A flat segment as SYSCALL and SYSRET make it. */
static void flat_segment(
	struct vcpu *cpu, unsigned seg, uint16_t sel, uint16_t attr)
{
	cpu->seg[seg] = (struct cf_seg_state) {
		.limit = 0xffffffff, .sel = sel, .attr = attr
	};
}

#define ATTR_CODE (CF_SEG_P | CF_SEG_S | 0xb | CF_SEG_G)
#define ATTR_DATA (CF_SEG_P | CF_SEG_S | 0x3 | CF_SEG_G | CF_SEG_DB)
#define ATTR_DPL3 (3u << CF_SEG_DPL_SHIFT)

const struct op *cf_op_syscall(struct vcpu *cpu, const struct op *op)
{
	bool lma = cpu->efer & CF_EFER_LMA;
	uint16_t sel = (uint16_t)(cpu->star >> 32 & 0xfffc);
	uint64_t target;

	cf_sys_begin(cpu, op);
	if (!(cpu->efer & CF_EFER_SCE) || !(cpu->mode & CF_MODE_PE))
		cf_raise(cpu, NULL, CF_VEC_UD);
	cpu->r[CF_RCX] = following(cpu, op);
	if (lma) {
		target = cpu->mode & CF_MODE_L ? cpu->lstar : cpu->cstar;
		cpu->r[CF_R11] = cf_rflags(cpu) & ~(uint64_t)CF_FL_RF;
		cf_set_rflags(cpu, cpu->r[CF_R11] & ~cpu->sfmask);
	} else {
		target = cpu->star & 0xffffffff;
		cf_set_rflags(cpu,
			cf_rflags(cpu) &
				~(uint64_t)(CF_FL_IF | CF_FL_VM | CF_FL_RF));
	}
	flat_segment(cpu, CF_SEG_CS, sel,
		(uint16_t)(ATTR_CODE | (lma ? CF_SEG_L : CF_SEG_DB)));
	flat_segment(cpu, CF_SEG_SS, (uint16_t)(sel + 8), ATTR_DATA);
	/* A mask with TF in it ends single steps here. */
	cpu->no_trap = !(cpu->flags & CF_FL_TF);
	cpu->cpl = 0;
	cpu->r[CF_R_RIP] = target;
	cf_update_mode(cpu);
	return cf_sys_jumped(cpu);
}

const struct op *cf_op_sysret(struct vcpu *cpu, const struct op *op)
{
	uint16_t sel = (uint16_t)(cpu->star >> 48 | 3);
	bool wide = op->size == 8;

	cf_sys_begin(cpu, op);
	if (!(cpu->efer & CF_EFER_SCE) || !(cpu->mode & CF_MODE_PE))
		cf_raise(cpu, NULL, CF_VEC_UD);
	cf_require_cpl0(cpu);
	if (wide &&
		(uint64_t)((int64_t)(cpu->r[CF_RCX] << 16) >> 16) !=
			cpu->r[CF_RCX])
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
	if (cpu->efer & CF_EFER_LMA) {
		cf_set_rflags(cpu, (cpu->r[CF_R11] & 0x3c7fd7) | 2);
		/* Unlike IRET's, this TF counts at once. */
		cpu->dr6_pending |= cpu->flags & CF_FL_TF ? CF_DR6_BS : 0;
		cpu->no_trap = true;
	} else {
		cf_set_rflags(cpu, cf_rflags(cpu) | CF_FL_IF);
	}
	flat_segment(cpu, CF_SEG_CS, (uint16_t)(wide ? sel + 16 : sel),
		(uint16_t)(ATTR_CODE | ATTR_DPL3 |
			(wide ? CF_SEG_L : CF_SEG_DB)));
	flat_segment(
		cpu, CF_SEG_SS, (uint16_t)(sel + 8), ATTR_DATA | ATTR_DPL3);
	cpu->cpl = 3;
	cpu->r[CF_R_RIP] = wide ? cpu->r[CF_RCX] : cf_get32(cpu, CF_RCX * 8);
	cf_update_mode(cpu);
	return cf_sys_jumped(cpu);
}

/* AMD has SYSENTER and SYSEXIT outside long mode only. */
const struct op *cf_op_sysenter(struct vcpu *cpu, const struct op *op)
{
	uint16_t sel = (uint16_t)(cpu->sysenter_cs & 0xfffc);

	cf_sys_begin(cpu, op);
	if (cpu->efer & CF_EFER_LMA)
		cf_raise(cpu, NULL, CF_VEC_UD);
	if (!(cpu->cr0 & CF_CR0_PE) || !sel)
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
	cf_set_rflags(cpu, cf_rflags(cpu) & ~(uint64_t)(CF_FL_IF | CF_FL_VM));
	flat_segment(cpu, CF_SEG_CS, sel, ATTR_CODE | CF_SEG_DB);
	flat_segment(cpu, CF_SEG_SS, (uint16_t)(sel + 8), ATTR_DATA);
	cpu->cpl = 0;
	cpu->r[CF_RSP] = cpu->sysenter_esp & 0xffffffff;
	cpu->r[CF_R_RIP] = cpu->sysenter_eip & 0xffffffff;
	cf_update_mode(cpu);
	return cf_sys_jumped(cpu);
}

const struct op *cf_op_sysexit(struct vcpu *cpu, const struct op *op)
{
	uint16_t sel = (uint16_t)((cpu->sysenter_cs + 16) | 3);

	cf_sys_begin(cpu, op);
	if (cpu->efer & CF_EFER_LMA)
		cf_raise(cpu, NULL, CF_VEC_UD);
	if (!(cpu->mode & CF_MODE_PE) || !(cpu->sysenter_cs & 0xfffc))
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
	cf_require_cpl0(cpu);
	flat_segment(cpu, CF_SEG_CS, sel, ATTR_CODE | CF_SEG_DB | ATTR_DPL3);
	flat_segment(
		cpu, CF_SEG_SS, (uint16_t)(sel + 8), ATTR_DATA | ATTR_DPL3);
	cpu->cpl = 3;
	cpu->r[CF_RSP] = cf_get32(cpu, CF_RCX * 8);
	cpu->r[CF_R_RIP] = cf_get32(cpu, CF_RDX * 8);
	cf_update_mode(cpu);
	return cf_sys_jumped(cpu);
}

const struct op *cf_op_hlt(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	cf_require_cpl0(cpu);
	cpu->halted = true;
	return cf_sys_done(cpu, op);
}

/*
 * A spinning vCPU lets the one it waits for have the processor; one that has
 * spun for longer than locks are held only waits, and sleeps between looks.
 */
const struct op *cf_op_pause(struct vcpu *cpu, const struct op *op)
{
	const struct cf_accel_host *h = &cpu->vm->host;

	cf_sys_begin(cpu, op);
	if (cpu->count - cpu->last_pause > PAUSE_DISTANCE)
		cpu->pauses = 0;
	cpu->last_pause = cpu->count;
	if (++cpu->pauses > PAUSES_BEFORE_NAP &&
		cpu->pauses % PAUSES_PER_NAP == 0) {
		cf_gate_leave(cpu);
		h->relax(h->opaque, cpu->index);
		cf_gate_enter(cpu);
	} else if (cpu->vm->nvcpus > 1 && (cpu->pauses & 31) == 0) {
		sched_yield();
	}
	return cf_sys_done(cpu, op);
}

static void require_iopl(struct vcpu *cpu)
{
	if ((cpu->mode & (CF_MODE_PE | CF_MODE_VM)) &&
		cpu->cpl > (cpu->flags & CF_FL_IOPL) >> 12)
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
}

const struct op *cf_op_cli(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	if (cf_vme_active(cpu)) {
		cpu->flags &= ~(uint64_t)CF_FL_VIF;
		return cf_sys_done(cpu, op);
	}
	require_iopl(cpu);
	cpu->flags &= ~(uint64_t)CF_FL_IF;
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_sti(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	if (cf_vme_active(cpu) && !(cpu->flags & CF_FL_VIP)) {
		cpu->flags |= CF_FL_VIF;
		return cf_sys_done(cpu, op);
	}
	require_iopl(cpu);
	/* Interrupts wait for the end of the next instruction. */
	if (!(cpu->flags & CF_FL_IF))
		cpu->shadow = true;
	cpu->flags |= CF_FL_IF;
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_popf(struct vcpu *cpu, const struct op *op)
{
	uint64_t may = CF_FL_ARITH | CF_FL_TF | CF_FL_DF | CF_FL_NT | CF_FL_AC |
		CF_FL_ID;
	bool pe = cpu->mode & (CF_MODE_PE | CF_MODE_VM), virtual;
	uint64_t v;

	cf_sys_begin(cpu, op);
	virtual = (cpu->mode & CF_MODE_VM) && op->size == 2 &&
		cf_vme_active(cpu);
	cf_require_vm86_iopl(cpu, virtual);
	v = cf_peek(cpu, NULL, 0, op->size);
	if (virtual)
		v = cf_vme_take(cpu, v);
	if (!pe || cpu->cpl == 0)
		may |= CF_FL_IOPL;
	if (!pe || cpu->cpl <= (cpu->flags & CF_FL_IOPL) >> 12)
		may |= CF_FL_IF;
	if (op->size == 2)
		may &= 0xffff;
	if (virtual)
		may |= CF_FL_VIF;
	cf_stack_add(cpu, op->size);
	cf_set_rflags(cpu,
		((cf_rflags(cpu) & ~may) | (v & may)) & ~(uint64_t)CF_FL_RF);
	return cf_sys_done(cpu, op);
}

static const struct op *set_ac(
	struct vcpu *cpu, const struct op *op, uint64_t ac)
{
	cf_sys_begin(cpu, op);
	if (cpu->cpl || !(cf_cpuid_cr4(&cpu->cpuid) & CF_CR4_SMAP))
		cf_raise(cpu, NULL, CF_VEC_UD);
	cpu->flags = (cpu->flags & ~(uint64_t)CF_FL_AC) | ac;
	cf_update_salt(cpu);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_stac(struct vcpu *cpu, const struct op *op)
{
	return set_ac(cpu, op, CF_FL_AC);
}

const struct op *cf_op_clac(struct vcpu *cpu, const struct op *op)
{
	return set_ac(cpu, op, 0);
}
