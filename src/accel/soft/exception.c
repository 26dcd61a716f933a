/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raising exceptions from inside handlers, and delivering exceptions and
 * interrupts through the IVT or IDT.
 *
 * Source: APM volume 2 (AMD 24593), "Exceptions and interrupts".
 */
#include "accel/soft/mem_priv.h"
#include "accel/soft/insn/ops_priv.h"
#include "accel/soft/seg_priv.h"

#include <stdarg.h>
#include <stdio.h>

/* Undo what a half-done instruction moved, make RIP exact, unwind. */
static _Noreturn void unwind(struct vcpu *cpu, const struct op *op)
{
	if (op) {
		cpu->r[CF_R_RIP] += op->off;
		cpu->count += op->idx;
	}
	if (cpu->restore_sp) {
		cpu->r[CF_RSP] = cpu->exc_sp;
		cpu->restore_sp = false;
	}
	cpu->rmw_pending = false;
	cpu->link_op = NULL;
	longjmp(*cpu->unwind, 1);
}

_Noreturn void cf_raise(struct vcpu *cpu, const struct op *op, int vector)
{
	cpu->exc = (struct cf_exception) { .vector = vector, .cr2 = cpu->cr2 };
	unwind(cpu, op);
}

_Noreturn void cf_raise_error(
	struct vcpu *cpu, const struct op *op, int vector, uint32_t error)
{
	cpu->exc = (struct cf_exception) {
		.vector = vector,
		.has_error = true,
		.error = error,
		.cr2 = cpu->cr2,
	};
	unwind(cpu, op);
}

_Noreturn void cf_raise_pf(
	struct vcpu *cpu, const struct op *op, uint64_t addr, uint32_t error)
{
	cpu->exc = (struct cf_exception) {
		.vector = CF_VEC_PF,
		.has_error = true,
		.error = error,
		.cr2 = addr,
	};
	unwind(cpu, op);
}

_Noreturn void cf_stop(struct vcpu *cpu, const struct op *op, enum cf_stop why,
	const char *fmt, ...)
{
	va_list args;

	cpu->stop.why = why;
	va_start(args, fmt);
	vsnprintf(cpu->stop.detail, sizeof(cpu->stop.detail), fmt, args);
	va_end(args);
	cpu->stopping = true;
	unwind(cpu, op);
}

_Noreturn void cf_raise_filled(struct vcpu *cpu)
{
	unwind(cpu, NULL);
}

static void deliver_real(struct vcpu *cpu, const struct cf_event *e)
{
	uint64_t at = cpu->idtr.base + e->vector * 4u;
	uint32_t target;

	if (e->vector * 4u + 3 > cpu->idtr.limit)
		cf_raise_error(cpu, NULL, CF_VEC_GP, e->vector * 8 + 2);
	target = (uint32_t)cf_sys_ld(cpu, at, 4);
	cf_push(cpu, NULL, 2, cf_rflags(cpu));
	cf_push(cpu, NULL, 2, cpu->seg[CF_SEG_CS].sel);
	cf_push(cpu, NULL, 2, e->rip);
	cf_set_rflags(cpu,
		cf_rflags(cpu) &
			~(uint64_t)(CF_FL_IF | CF_FL_TF | CF_FL_RF | CF_FL_AC));
	cf_seg_load_real(cpu, CF_SEG_CS, (uint16_t)(target >> 16));
	cpu->r[CF_R_RIP] = target & 0xffff;
	cf_update_mode(cpu);
}

/* What the gate says, checked. */
struct target {
	uint16_t sel;
	uint64_t offset;
	unsigned type; /* 14 interrupt, 15 trap; 6 and 7 with 16 bits */
	unsigned ist;
	unsigned cpl;
	struct cf_descriptor code;
};

static void read_idt(
	struct vcpu *cpu, const struct cf_event *e, struct target *t)
{
	bool lma = cpu->efer & CF_EFER_LMA;
	unsigned width = lma ? 16 : 8;
	uint32_t ext = e->external ? 1 : 0;
	uint32_t code = e->vector * 8 + 2 + ext;
	uint64_t at = cpu->idtr.base + (uint64_t)e->vector * width;
	uint64_t gate;
	unsigned dpl;

	if (e->vector * width + width - 1 > cpu->idtr.limit)
		cf_raise_error(cpu, NULL, CF_VEC_GP, code);
	gate = cf_sys_ld(cpu, at, 8);
	t->type = gate >> 40 & 0x1f;
	dpl = gate >> 45 & 3;
	t->sel = (uint16_t)(gate >> 16);
	t->offset = (gate & 0xffff) | (gate >> 32 & 0xffff0000u);
	t->ist = lma ? gate >> 32 & 7 : 0;
	if (lma)
		t->offset |= cf_sys_ld(cpu, at + 8, 4) << 32;
	if (!(t->type == 14 || t->type == 15 ||
		    (!lma && t->type >= 5 && t->type <= 7)))
		cf_raise_error(cpu, NULL, CF_VEC_GP, code);
	if (e->soft && dpl < cpu->cpl)
		cf_raise_error(cpu, NULL, CF_VEC_GP, code);
	if (!(gate >> 47 & 1))
		cf_raise_error(cpu, NULL, CF_VEC_NP, code);
	if (t->type == 5)
		return; /* a task gate */
	code = (t->sel & 0xfffcu) + ext;
	if (!(t->sel & 0xfffc))
		cf_raise_error(cpu, NULL, CF_VEC_GP, ext);
	if (!cf_descriptor_read(cpu, t->sel, &t->code))
		cf_raise_error(cpu, NULL, CF_VEC_GP, code);
	dpl = t->code.attr >> CF_SEG_DPL_SHIFT & 3;
	if (!(t->code.attr & CF_SEG_S) || !(t->code.attr & CF_SEG_CODE) ||
		dpl > cpu->cpl)
		cf_raise_error(cpu, NULL, CF_VEC_GP, code);
	/* Out of virtual-8086 mode there is only ring 0. */
	if ((cpu->mode & CF_MODE_VM) && (dpl || (t->code.attr & CF_SEG_EC)))
		cf_raise_error(cpu, NULL, CF_VEC_GP, code);
	if (lma && (!(t->code.attr & CF_SEG_L) || (t->code.attr & CF_SEG_DB)))
		cf_raise_error(cpu, NULL, CF_VEC_GP, code);
	if (!(t->code.attr & CF_SEG_P))
		cf_raise_error(cpu, NULL, CF_VEC_NP, code);
	t->cpl = t->code.attr & CF_SEG_EC ? cpu->cpl : dpl;
	if (t->type < 8)
		t->offset &= 0xffff;
}

static void enter(struct vcpu *cpu, struct target *t)
{
	uint64_t clear = CF_FL_TF | CF_FL_NT | CF_FL_RF | CF_FL_VM;

	if (!(t->type & 1))
		clear |= CF_FL_IF;
	cf_seg_install(cpu, CF_SEG_CS, (uint16_t)((t->sel & 0xfffcu) | t->cpl),
		&t->code);
	cpu->cpl = (uint8_t)t->cpl;
	cpu->r[CF_R_RIP] = t->offset;
	cf_set_rflags(cpu, cf_rflags(cpu) & ~clear);
	cf_update_mode(cpu);
}

static uint64_t pushed_flags(const struct vcpu *cpu, const struct cf_event *e)
{
	uint64_t fl = cf_rflags(cpu);

	return e->rf ? fl | CF_FL_RF : fl;
}

static void deliver_long(
	struct vcpu *cpu, const struct cf_event *e, struct target *t)
{
	uint64_t sp = cpu->r[CF_RSP];
	const uint64_t frame[6] = { e->error, e->rip, cpu->seg[CF_SEG_CS].sel,
		pushed_flags(cpu, e), sp, cpu->seg[CF_SEG_SS].sel };
	bool inner = t->cpl != cpu->cpl;
	unsigned i, first = e->has_error ? 0 : 1;

	if (t->ist)
		sp = cf_sys_ld(cpu, cpu->tr.base + 0x1c + 8u * t->ist, 8);
	else if (inner)
		sp = cf_sys_ld(cpu, cpu->tr.base + 4 + 8u * t->cpl, 8);
	sp &= ~(uint64_t)15;
	if ((uint64_t)((int64_t)(sp << 16) >> 16) != sp)
		cf_raise_error(cpu, NULL, CF_VEC_SS, e->external ? 1 : 0);
	for (i = 6; i-- > first;) {
		sp -= 8;
		cf_sys_st(cpu, sp, 8, frame[i]);
	}
	if (inner) {
		cf_seg_null(cpu, CF_SEG_SS, (uint16_t)t->cpl);
		cpu->seg[CF_SEG_SS].attr =
			(uint16_t)(t->cpl << CF_SEG_DPL_SHIFT);
	}
	cpu->r[CF_RSP] = sp;
	enter(cpu, t);
}

/* 32-bit TSS: ring stacks at 4 + 8 * ring. */
uint64_t cf_inner_stack(struct vcpu *cpu, unsigned cpl, uint16_t *ss,
	struct cf_descriptor *d, uint32_t ext)
{
	uint64_t sp;
	bool tss32 = (cpu->tr.attr & CF_SEG_TYPE) >= 8;

	if (tss32) {
		sp = cf_sys_ld(cpu, cpu->tr.base + 4 + 8u * cpl, 4);
		*ss = (uint16_t)cf_sys_ld(cpu, cpu->tr.base + 8 + 8u * cpl, 2);
	} else {
		sp = cf_sys_ld(cpu, cpu->tr.base + 2 + 4u * cpl, 2);
		*ss = (uint16_t)cf_sys_ld(cpu, cpu->tr.base + 4 + 4u * cpl, 2);
	}
	if (!cf_descriptor_read(cpu, *ss, d) || (*ss & 3u) != cpl ||
		(d->attr >> CF_SEG_DPL_SHIFT & 3u) != cpl ||
		!(d->attr & CF_SEG_S) || (d->attr & CF_SEG_CODE) ||
		!(d->attr & CF_SEG_RW))
		cf_raise_error(cpu, NULL, CF_VEC_TS, (*ss & 0xfffcu) + ext);
	if (!(d->attr & CF_SEG_P))
		cf_raise_error(cpu, NULL, CF_VEC_SS, (*ss & 0xfffcu) + ext);
	return sp;
}

/* Pushed first, in this order, by what comes out of virtual-8086 mode. */
static const unsigned vm_segments[] = { CF_SEG_GS, CF_SEG_FS, CF_SEG_DS,
	CF_SEG_ES };

static void deliver_legacy(
	struct vcpu *cpu, const struct cf_event *e, struct target *t)
{
	unsigned size = t->type < 8 ? 2 : 4, i, n = 0;
	uint64_t frame[10], sp = cpu->r[CF_RSP], mask;
	struct cf_seg_state *old = &cpu->seg[CF_SEG_SS];
	struct cf_descriptor d;
	uint64_t base = old->base;
	bool inner = t->cpl != cpu->cpl;
	bool big = old->attr & CF_SEG_DB;
	bool vm = cpu->mode & CF_MODE_VM;
	uint16_t ss = 0;

	for (i = 0; vm && i < CF_ARRAY_LEN(vm_segments); i++)
		frame[n++] = cpu->seg[vm_segments[i]].sel;
	if (inner) {
		frame[n++] = old->sel;
		frame[n++] = sp;
		sp = cf_inner_stack(cpu, t->cpl, &ss, &d, e->external ? 1 : 0);
		base = d.base;
		big = d.attr & CF_SEG_DB;
	}
	frame[n++] = pushed_flags(cpu, e);
	frame[n++] = cpu->seg[CF_SEG_CS].sel;
	frame[n++] = e->rip;
	if (e->has_error)
		frame[n++] = e->error;
	mask = big ? 0xffffffff : 0xffff;
	for (i = 0; i < n; i++) {
		sp -= size;
		cf_sys_st(
			cpu, (base + (sp & mask)) & 0xffffffff, size, frame[i]);
	}
	if (inner)
		cf_seg_install(cpu, CF_SEG_SS, ss, &d);
	cf_set_size(cpu, CF_RSP * 8, big ? 4 : 2, sp);
	for (i = 0; vm && i < CF_ARRAY_LEN(vm_segments); i++)
		cf_seg_null(cpu, vm_segments[i], 0);
	enter(cpu, t);
}

void cf_deliver(struct vcpu *cpu, const struct cf_event *e)
{
	struct target t;

	if (!(cpu->cr0 & CF_CR0_PE)) {
		cpu->exc_sp = cpu->r[CF_RSP];
		cpu->restore_sp = true;
		deliver_real(cpu, e);
		cpu->restore_sp = false;
		return;
	}
	read_idt(cpu, e, &t);
	if (t.type == 5) {
		cf_task_switch(cpu,
			&(struct cf_task) { .how = CF_TASK_EVENT,
				.sel = t.sel,
				.next = e->rip,
				.rf = e->rf,
				.ext = e->external,
				.has_error = e->has_error,
				.error = e->error });
		return;
	}
	if (cpu->efer & CF_EFER_LMA)
		deliver_long(cpu, e, &t);
	else
		deliver_legacy(cpu, e, &t);
}
