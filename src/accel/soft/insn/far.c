/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Far jumps, calls and returns, IRET, with call gates and inner stacks; task
 * switches are in task.c.
 *
 * Source: APM volume 3 (AMD 24594), CALL, JMP, RET (far), IRET.
 */
#include "accel/soft/mem_priv.h"
#include "accel/soft/insn/ops_priv.h"
#include "accel/soft/seg_priv.h"
#include "accel/soft/insn/vme_priv.h"

static bool protected_mode(const struct vcpu *cpu)
{
	return cpu->mode & CF_MODE_PE && !(cpu->flags & CF_FL_VM);
}

static bool canonical(uint64_t addr)
{
	return (uint64_t)((int64_t)(addr << 16) >> 16) == addr;
}

static unsigned dpl_of(const struct cf_descriptor *d)
{
	return d->attr >> CF_SEG_DPL_SHIFT & 3;
}

/* Check a code segment as the target of a transfer to privilege `cpl`. */
static void check_code(struct vcpu *cpu, uint16_t sel,
	const struct cf_descriptor *d, bool gate)
{
	unsigned dpl = dpl_of(d), rpl = sel & 3;
	bool conforming = d->attr & CF_SEG_EC;
	bool bad;

	bad = !(d->attr & CF_SEG_S) || !(d->attr & CF_SEG_CODE);
	if (gate)
		bad |= dpl > cpu->cpl;
	else if (conforming)
		bad |= dpl > cpu->cpl;
	else
		bad |= rpl > cpu->cpl || dpl != cpu->cpl;
	if ((cpu->efer & CF_EFER_LMA) && (d->attr & CF_SEG_L) &&
		(d->attr & CF_SEG_DB))
		bad = true;
	if (bad)
		cf_raise_error(cpu, NULL, CF_VEC_GP, sel & 0xfffcu);
	if (!(d->attr & CF_SEG_P))
		cf_raise_error(cpu, NULL, CF_VEC_NP, sel & 0xfffcu);
}

/* The target must be inside the segment before anything changes. */
static void check_target(
	struct vcpu *cpu, const struct cf_descriptor *d, uint64_t offset)
{
	bool wide = (cpu->efer & CF_EFER_LMA) && (d->attr & CF_SEG_L);

	if (wide ? !canonical(offset) : offset > d->limit)
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
}

static void set_cs(struct vcpu *cpu, uint16_t sel, unsigned cpl,
	struct cf_descriptor *d, uint64_t offset)
{
	cf_seg_install(cpu, CF_SEG_CS, (uint16_t)((sel & 0xfffcu) | cpl), d);
	cpu->cpl = (uint8_t)cpl;
	cpu->r[CF_R_RIP] = offset;
	cf_update_mode(cpu);
}

/* A call or jump through a gate; *d becomes its code segment. */
struct gate {
	uint16_t sel;
	uint64_t offset;
	unsigned size;   /* of what is pushed */
	unsigned params; /* words to copy, 32-bit gates */
};

/* A TSS or a task gate as target: switch to it.  False: something else. */
static bool far_task(struct vcpu *cpu, uint16_t sel,
	const struct cf_descriptor *d, bool call, uint64_t next)
{
	unsigned type = d->attr & CF_SEG_TYPE, dpl = dpl_of(d);
	struct cf_task t = { .how = call ? CF_TASK_CALL : CF_TASK_JUMP,
		.sel = sel,
		.next = next };

	if ((d->attr & CF_SEG_S) || (cpu->efer & CF_EFER_LMA) ||
		!(type == 5 || (type & 5) == 1))
		return false;
	if (dpl < cpu->cpl || dpl < (sel & 3u))
		cf_raise_error(cpu, NULL, CF_VEC_GP, sel & 0xfffcu);
	if (type == 5) {
		if (!(d->attr & CF_SEG_P))
			cf_raise_error(cpu, NULL, CF_VEC_NP, sel & 0xfffcu);
		t.sel = (uint16_t)(d->raw >> 16);
	}
	cf_task_switch(cpu, &t);
	return true;
}

static void read_gate(
	struct vcpu *cpu, uint16_t sel, struct cf_descriptor *d, struct gate *g)
{
	bool lma = cpu->efer & CF_EFER_LMA;
	unsigned type = d->attr & CF_SEG_TYPE, dpl = dpl_of(d);

	if ((d->attr & CF_SEG_S) || !(type == 12 || (type == 4 && !lma)))
		cf_raise_error(cpu, NULL, CF_VEC_GP, sel & 0xfffcu);
	if (dpl < cpu->cpl || dpl < (sel & 3u))
		cf_raise_error(cpu, NULL, CF_VEC_GP, sel & 0xfffcu);
	if (!(d->attr & CF_SEG_P))
		cf_raise_error(cpu, NULL, CF_VEC_NP, sel & 0xfffcu);
	*g = (struct gate) {
		.sel = (uint16_t)(d->raw >> 16),
		.offset = (d->raw & 0xffff) | (d->raw >> 32 & 0xffff0000u),
		.size = lma          ? 8
			: type == 12 ? 4
				     : 2,
		.params = lma ? 0 : (unsigned)(d->raw >> 32) & 31,
	};
	if (type == 4)
		g->offset &= 0xffff;
	if (lma)
		g->offset |= cf_sys_ld(cpu, d->at + 8, 4) << 32;
	if (!cf_descriptor_read(cpu, g->sel, d))
		cf_raise_error(cpu, NULL, CF_VEC_GP, g->sel & 0xfffcu);
	check_code(cpu, g->sel, d, true);
	if (lma && !(d->attr & CF_SEG_L))
		cf_raise_error(cpu, NULL, CF_VEC_GP, g->sel & 0xfffcu);
}

void cf_far_jump(struct vcpu *cpu, uint16_t sel, uint64_t offset, uint64_t next)
{
	struct cf_descriptor d;
	struct gate g;

	if (!protected_mode(cpu)) {
		if (offset > cpu->seg[CF_SEG_CS].limit)
			cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
		cf_seg_load_real(cpu, CF_SEG_CS, sel);
		cpu->r[CF_R_RIP] = offset;
		cf_update_mode(cpu);
		return;
	}
	if (!cf_descriptor_read(cpu, sel, &d))
		cf_raise_error(cpu, NULL, CF_VEC_GP, sel & 0xfffcu);
	if (d.attr & CF_SEG_S) {
		check_code(cpu, sel, &d, false);
		check_target(cpu, &d, offset);
		set_cs(cpu, sel, cpu->cpl, &d, offset);
		return;
	}
	if (far_task(cpu, sel, &d, false, next))
		return;
	read_gate(cpu, sel, &d, &g);
	if (!(d.attr & CF_SEG_EC) && dpl_of(&d) != cpu->cpl)
		cf_raise_error(cpu, NULL, CF_VEC_GP, g.sel & 0xfffcu);
	check_target(cpu, &d, g.offset);
	set_cs(cpu, g.sel, cpu->cpl, &d, g.offset);
}

/* Through a gate to an inner ring: switch stacks, copy parameters. */
static void call_inner(struct vcpu *cpu, const struct gate *g,
	struct cf_descriptor *code, uint64_t next)
{
	unsigned dpl = dpl_of(code), i;
	struct cf_seg_state old_ss = cpu->seg[CF_SEG_SS];
	uint64_t old_sp = cpu->r[CF_RSP], sp;
	uint16_t old_cs = cpu->seg[CF_SEG_CS].sel, ss;
	struct cf_descriptor d;
	uint64_t base;

	if (cpu->efer & CF_EFER_LMA) {
		sp = cf_sys_ld(cpu, cpu->tr.base + 4 + 8u * dpl, 8);
		for (i = 0; i < 4; i++) {
			const uint64_t frame[4] = { next, old_cs, old_sp,
				old_ss.sel };

			cf_sys_st(cpu, sp - 8u * (4 - i), 8, frame[i]);
		}
		cf_seg_null(cpu, CF_SEG_SS, (uint16_t)dpl);
		cpu->seg[CF_SEG_SS].attr = (uint16_t)(dpl << CF_SEG_DPL_SHIFT);
		cpu->r[CF_RSP] = sp - 32;
		set_cs(cpu, g->sel, dpl, code, g->offset);
		return;
	}
	sp = cf_inner_stack(cpu, dpl, &ss, &d, 0);
	base = d.base + sp;
	base -= g->size;
	cf_sys_st(cpu, base, g->size, old_ss.sel);
	base -= g->size;
	cf_sys_st(cpu, base, g->size, old_sp);
	for (i = g->params; i-- > 0;) {
		base -= g->size;
		cf_sys_st(cpu, base, g->size,
			cf_sys_ld(cpu,
				old_ss.base + (uint32_t)old_sp +
					(uint64_t)i * g->size,
				g->size));
	}
	base -= g->size;
	cf_sys_st(cpu, base, g->size, old_cs);
	base -= g->size;
	cf_sys_st(cpu, base, g->size, next);
	cpu->r[CF_RSP] = (uint32_t)(base - d.base);
	cf_seg_install(cpu, CF_SEG_SS, ss, &d);
	set_cs(cpu, g->sel, dpl, code, g->offset);
}

void cf_far_call(struct vcpu *cpu, uint16_t sel, uint64_t offset, unsigned size,
	uint64_t next)
{
	struct cf_descriptor d;
	struct gate g = { .sel = sel, .offset = offset, .size = size };
	uint64_t old_sp = cpu->r[CF_RSP];
	uint16_t old_cs = cpu->seg[CF_SEG_CS].sel;

	if (protected_mode(cpu)) {
		if (!cf_descriptor_read(cpu, sel, &d))
			cf_raise_error(cpu, NULL, CF_VEC_GP, sel & 0xfffcu);
		if (d.attr & CF_SEG_S) {
			check_code(cpu, sel, &d, false);
		} else if (far_task(cpu, sel, &d, true, next)) {
			return;
		} else {
			read_gate(cpu, sel, &d, &g);
			if (!(d.attr & CF_SEG_EC) && dpl_of(&d) < cpu->cpl) {
				check_target(cpu, &d, g.offset);
				call_inner(cpu, &g, &d, next);
				return;
			}
		}
		check_target(cpu, &d, g.offset);
	} else if (offset > cpu->seg[CF_SEG_CS].limit) {
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
	}
	/* The second push may fault: test it before moving the stack. */
	cf_push(cpu, NULL, g.size, old_cs);
	cpu->exc_sp = old_sp;
	cpu->restore_sp = true;
	cf_push(cpu, NULL, g.size, next);
	cpu->restore_sp = false;
	if (protected_mode(cpu)) {
		set_cs(cpu, g.sel, cpu->cpl, &d, g.offset);
		return;
	}
	cf_seg_load_real(cpu, CF_SEG_CS, sel);
	cpu->r[CF_R_RIP] = offset;
	cf_update_mode(cpu);
}

/* Data segments that the outer ring may not have become null. */
static void drop_inner_segments(struct vcpu *cpu)
{
	static const unsigned data[] = { CF_SEG_ES, CF_SEG_DS, CF_SEG_FS,
		CF_SEG_GS };
	unsigned i;

	for (i = 0; i < CF_ARRAY_LEN(data); i++) {
		const struct cf_seg_state *s = &cpu->seg[data[i]];
		unsigned dpl = s->attr >> CF_SEG_DPL_SHIFT & 3;
		unsigned type = s->attr & CF_SEG_TYPE;

		if ((type & (CF_SEG_CODE | CF_SEG_EC)) ==
			(CF_SEG_CODE | CF_SEG_EC))
			continue;
		if (dpl < cpu->cpl && (s->attr & CF_SEG_P)) {
			uint64_t base = s->base;

			cf_seg_null(cpu, data[i], 0);
			/* In 64-bit mode the hidden base is kept. */
			if (cpu->efer & CF_EFER_LMA)
				cf_seg_set_base(cpu, data[i], base);
		}
	}
}

/* The common part of RETF and IRET in protected mode: cs:rip are popped,
 * `at` bytes of the frame are used so far. */
static void return_to(struct vcpu *cpu, uint16_t cs, uint64_t rip,
	unsigned size, uint64_t at, uint64_t release, bool always_stack)
{
	unsigned rpl = cs & 3;
	struct cf_descriptor d, s;
	uint64_t sp = 0;
	uint16_t ss = 0;
	bool outer, wide, null_ss;

	if (!cf_descriptor_read(cpu, cs, &d) || !(d.attr & CF_SEG_S) ||
		!(d.attr & CF_SEG_CODE) || rpl < cpu->cpl ||
		(d.attr & CF_SEG_EC ? dpl_of(&d) > rpl : dpl_of(&d) != rpl))
		cf_raise_error(cpu, NULL, CF_VEC_GP, cs & 0xfffcu);
	if (!(d.attr & CF_SEG_P))
		cf_raise_error(cpu, NULL, CF_VEC_NP, cs & 0xfffcu);
	wide = (cpu->efer & CF_EFER_LMA) && (d.attr & CF_SEG_L);
	outer = rpl > cpu->cpl;
	if (!outer && !always_stack) {
		check_target(cpu, &d, rip);
		cf_stack_add(cpu, at + release);
		set_cs(cpu, cs, rpl, &d, rip);
		return;
	}
	sp = cf_peek(cpu, NULL, at + release, size);
	ss = (uint16_t)cf_peek(cpu, NULL, at + release + size, size);
	null_ss = !(ss & 0xfffc);
	if (null_ss) {
		if (!wide || rpl == 3)
			cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
	} else {
		if (!cf_descriptor_read(cpu, ss, &s) || !(s.attr & CF_SEG_S) ||
			(s.attr & CF_SEG_CODE) || !(s.attr & CF_SEG_RW) ||
			(ss & 3u) != rpl || dpl_of(&s) != rpl)
			cf_raise_error(cpu, NULL, CF_VEC_GP, ss & 0xfffcu);
		if (!(s.attr & CF_SEG_P))
			cf_raise_error(cpu, NULL, CF_VEC_SS, ss & 0xfffcu);
	}
	check_target(cpu, &d, rip);
	set_cs(cpu, cs, rpl, &d, rip);
	if (null_ss) {
		cf_seg_null(cpu, CF_SEG_SS, ss);
		cpu->seg[CF_SEG_SS].attr = (uint16_t)(rpl << CF_SEG_DPL_SHIFT);
	} else {
		cf_seg_install(cpu, CF_SEG_SS, ss, &s);
	}
	if (wide)
		cpu->r[CF_RSP] = sp;
	else
		cf_set_size(cpu, CF_RSP * 8,
			null_ss || (s.attr & CF_SEG_DB) ? 4 : 2, sp);
	cf_update_mode(cpu);
	if (outer) {
		drop_inner_segments(cpu);
		cf_stack_add(cpu, release);
	}
}

void cf_far_return(struct vcpu *cpu, unsigned size, uint64_t release)
{
	uint64_t rip = cf_peek(cpu, NULL, 0, size);
	uint16_t cs = (uint16_t)cf_peek(cpu, NULL, size, size);

	if (protected_mode(cpu)) {
		return_to(cpu, cs, rip, size, 2u * size, release, false);
		return;
	}
	if (rip > cpu->seg[CF_SEG_CS].limit)
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
	cf_stack_add(cpu, 2u * size + release);
	cf_seg_load_real(cpu, CF_SEG_CS, cs);
	cpu->r[CF_R_RIP] = rip;
	cf_update_mode(cpu);
}

/* IRET of ring 0 to a task in virtual-8086 mode: EIP, CS, EFLAGS, ESP, SS, ES,
 * DS, FS, GS. */
static void enter_vm86(struct vcpu *cpu, uint64_t rip, uint16_t cs, uint64_t fl)
{
	static const unsigned order[] = { CF_SEG_SS, CF_SEG_ES, CF_SEG_DS,
		CF_SEG_FS, CF_SEG_GS };
	uint64_t sp = cf_peek(cpu, NULL, 12, 4);
	uint16_t sel[CF_NSEGS];
	unsigned i;

	for (i = 0; i < CF_ARRAY_LEN(order); i++)
		sel[order[i]] = (uint16_t)cf_peek(cpu, NULL, 16 + 4 * i, 4);
	sel[CF_SEG_CS] = cs;
	cpu->cpl = 3;
	cf_set_rflags(cpu, fl | 2);
	cf_seg_load_vm86(cpu, sel);
	cpu->r[CF_RSP] = sp;
	cpu->r[CF_R_RIP] = rip & 0xffff;
	cf_update_mode(cpu);
}

void cf_iret(struct vcpu *cpu, unsigned size, uint64_t next)
{
	uint64_t rip, fl;
	uint16_t cs;
	uint64_t may = CF_FL_ARITH | CF_FL_TF | CF_FL_DF | CF_FL_NT | CF_FL_RF |
		CF_FL_AC | CF_FL_ID;
	unsigned cpl = cpu->cpl;
	bool virtual = false;

	if (protected_mode(cpu) && (cpu->flags & CF_FL_NT)) {
		if (cpu->efer & CF_EFER_LMA)
			cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
		cf_task_switch(cpu,
			&(struct cf_task) { .how = CF_TASK_IRET,
				.sel = (uint16_t)cf_sys_ld(
					cpu, cpu->tr.base, 2),
				.next = next });
		return;
	}
	rip = cf_peek(cpu, NULL, 0, size);
	cs = (uint16_t)cf_peek(cpu, NULL, size, size);
	fl = cf_peek(cpu, NULL, 2u * size, size);
	if (protected_mode(cpu)) {
		if ((fl & CF_FL_VM) && size == 4 && cpl == 0 &&
			!(cpu->efer & CF_EFER_LMA)) {
			enter_vm86(cpu, rip, cs, fl);
			return;
		}
		return_to(cpu, cs, rip, size, 3u * size, 0,
			cpu->mode & CF_MODE_L);
		if (cpl == 0)
			may |= CF_FL_IOPL | CF_FL_VIF | CF_FL_VIP;
		if (cpl <= (cpu->flags & CF_FL_IOPL) >> 12)
			may |= CF_FL_IF;
	} else {
		bool vm = cpu->mode & CF_MODE_VM;

		virtual = vm && size == 2 && cf_vme_active(cpu);
		if (rip > cpu->seg[CF_SEG_CS].limit ||
			(vm && !virtual &&
				(cpu->flags & CF_FL_IOPL) != CF_FL_IOPL))
			cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
		if (virtual)
			fl = cf_vme_take(cpu, fl);
		cf_stack_add(cpu, 3u * size);
		cf_seg_load_real(cpu, CF_SEG_CS, cs);
		cpu->r[CF_R_RIP] = rip;
		cf_update_mode(cpu);
		may |= (virtual ? 0 : CF_FL_IF) | (vm ? 0 : CF_FL_IOPL);
	}
	if (size == 2)
		may &= 0xffff;
	if (virtual)
		may |= CF_FL_VIF;
	/* RF is for one instruction; without breakpoints nobody sees it. */
	if (!cpu->dr_armed)
		fl &= ~(uint64_t)CF_FL_RF;
	cf_set_rflags(cpu, (cf_rflags(cpu) & ~may) | (fl & may));
}
