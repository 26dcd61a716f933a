/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardware task switches, outside long mode: by JMP and CALL to a TSS or
 * through a task gate, by IRET with NT, by a task gate in the IDT.
 *
 * Everything that can be known before is checked in the old task.  What is
 * found wrong with the new task's segments is an exception of the new task.
 *
 * Source: APM volume 2 (AMD 24593), "Task Management".
 */
#include "accel/soft/debug/dr_priv.h"
#include "accel/soft/mem_priv.h"
#include "accel/soft/insn/ops_priv.h"
#include "accel/soft/seg_priv.h"

#define TYPE_BUSY 2u /* bit of the type of a TSS descriptor */
#define TYPE_32   8u
#define LOCALS    0x155u /* DR7: what is for one task */

/* A task's state, of either width, as its TSS holds it. */
struct state {
	bool wide; /* 32 bits */
	uint32_t cr3, eip, eflags, gpr[8];
	uint16_t seg[CF_NSEGS], ldt, link;
	bool trap;
};

static _Noreturn void fault(
	struct vcpu *cpu, int vector, uint16_t sel, uint32_t ext)
{
	cf_raise_error(cpu, NULL, vector, (sel & 0xfffcu) + ext);
}

static bool is_wide(const struct cf_descriptor *d)
{
	return d->attr & TYPE_32;
}

/* Offsets: 32-bit fields are 4 bytes apart from 32 on, 16-bit 2 from 14. */
static uint32_t field(struct vcpu *cpu, uint64_t tss, bool wide, unsigned n)
{
	return (uint32_t)(wide ? cf_sys_ld(cpu, tss + 32 + 4 * n, 4)
			       : cf_sys_ld(cpu, tss + 14 + 2 * n, 2));
}

static void set_field(struct vcpu *cpu, uint64_t tss, bool wide, unsigned n,
	uint32_t v, bool selector)
{
	if (wide && !selector)
		cf_sys_st(cpu, tss + 32 + 4 * n, 4, v);
	else
		cf_sys_st(cpu, tss + (wide ? 32 + 4 * n : 14 + 2 * n), 2, v);
}

enum { EIP, EFLAGS, GPRS, SEGS = GPRS + 8 };

static void read_state(
	struct vcpu *cpu, uint64_t tss, bool wide, struct state *s)
{
	unsigned nsegs = wide ? CF_NSEGS : 4, i;

	*s = (struct state) { .wide = wide };
	s->link = (uint16_t)cf_sys_ld(cpu, tss, 2);
	s->eip = field(cpu, tss, wide, EIP);
	s->eflags = field(cpu, tss, wide, EFLAGS);
	for (i = 0; i < 8; i++)
		s->gpr[i] = field(cpu, tss, wide, GPRS + i);
	for (i = 0; i < nsegs; i++)
		s->seg[i] = (uint16_t)field(cpu, tss, wide, SEGS + i);
	s->ldt = (uint16_t)field(cpu, tss, wide, SEGS + nsegs);
	if (wide) {
		s->cr3 = (uint32_t)cf_sys_ld(cpu, tss + 28, 4);
		s->trap = cf_sys_ld(cpu, tss + 100, 2) & 1;
	}
}

/* What a switch changes of the task that is left. */
static void save_state(struct vcpu *cpu, uint64_t eip, uint64_t eflags)
{
	uint64_t tss = cpu->tr.base;
	bool wide = cpu->tr.attr & TYPE_32;
	unsigned nsegs = wide ? CF_NSEGS : 4, i;

	set_field(cpu, tss, wide, EIP, (uint32_t)eip, false);
	set_field(cpu, tss, wide, EFLAGS, (uint32_t)eflags, false);
	for (i = 0; i < 8; i++)
		set_field(cpu, tss, wide, GPRS + i, (uint32_t)cpu->r[i], false);
	for (i = 0; i < nsegs; i++)
		set_field(cpu, tss, wide, SEGS + i, cpu->seg[i].sel, true);
}

static void set_busy(struct vcpu *cpu, uint64_t descriptor, bool busy)
{
	uint64_t at = descriptor + 5;
	uint64_t v = cf_sys_ld(cpu, at, 1) & ~(uint64_t)TYPE_BUSY;

	cf_sys_st(cpu, at, 1, v | (busy ? TYPE_BUSY : 0));
}

/* The TSS that a selector names, as this way of switching wants it. */
static void read_tss(
	struct vcpu *cpu, const struct cf_task *t, struct cf_descriptor *d)
{
	bool back = t->how == CF_TASK_IRET;
	int wrong = back || t->how == CF_TASK_EVENT ? CF_VEC_TS : CF_VEC_GP;
	unsigned type;

	if ((t->sel & 4) || !cf_descriptor_read(cpu, t->sel, d))
		fault(cpu, wrong, t->sel, t->ext);
	type = d->attr & (CF_SEG_TYPE | CF_SEG_S);
	if ((type & ~(TYPE_32 | TYPE_BUSY)) != 1 ||
		back != !!(type & TYPE_BUSY))
		fault(cpu, wrong, t->sel, t->ext);
	if (!(d->attr & CF_SEG_P))
		fault(cpu, CF_VEC_NP, t->sel, t->ext);
	if (d->limit < (is_wide(d) ? 0x67u : 0x2bu))
		fault(cpu, CF_VEC_TS, t->sel, t->ext);
}

/* Selectors first: a fault from here on is the new task's. */
static void set_registers(struct vcpu *cpu, const struct state *s)
{
	unsigned i;

	for (i = 0; i < 8; i++)
		cpu->r[i] = s->gpr[i];
	cpu->r[CF_R_RIP] = s->eip;
	cf_set_rflags(cpu, s->eflags | 2);
	for (i = 0; i < CF_NSEGS; i++)
		cf_seg_null(cpu, i, s->seg[i]);
	cpu->ldtr = (struct cf_seg_state) { .sel = s->ldt };
}

static void load_ldt(struct vcpu *cpu, uint16_t sel, uint32_t ext)
{
	struct cf_descriptor d;

	if (!(sel & 0xfffc))
		return;
	if ((sel & 4) || !cf_descriptor_read(cpu, sel, &d) ||
		(d.attr & (CF_SEG_S | CF_SEG_TYPE)) != 2 ||
		!(d.attr & CF_SEG_P))
		fault(cpu, CF_VEC_TS, sel, ext);
	cpu->ldtr = (struct cf_seg_state) {
		.base = d.base, .limit = d.limit, .sel = sel, .attr = d.attr
	};
}

static void load_code(struct vcpu *cpu, uint16_t sel, uint32_t ext)
{
	struct cf_descriptor d;
	unsigned rpl = sel & 3, dpl;

	if (!cf_descriptor_read(cpu, sel, &d))
		fault(cpu, CF_VEC_TS, sel, ext);
	dpl = d.attr >> CF_SEG_DPL_SHIFT & 3;
	if (!(d.attr & CF_SEG_S) || !(d.attr & CF_SEG_CODE) ||
		(d.attr & CF_SEG_EC ? dpl > rpl : dpl != rpl))
		fault(cpu, CF_VEC_TS, sel, ext);
	if (!(d.attr & CF_SEG_P))
		fault(cpu, CF_VEC_NP, sel, ext);
	cf_seg_install(cpu, CF_SEG_CS, sel, &d);
}

static void load_stack(struct vcpu *cpu, uint16_t sel, uint32_t ext)
{
	struct cf_descriptor d;
	unsigned dpl;

	if (!cf_descriptor_read(cpu, sel, &d))
		fault(cpu, CF_VEC_TS, sel, ext);
	dpl = d.attr >> CF_SEG_DPL_SHIFT & 3;
	if (!(d.attr & CF_SEG_S) || (d.attr & CF_SEG_CODE) ||
		!(d.attr & CF_SEG_RW) || dpl != cpu->cpl ||
		(sel & 3u) != cpu->cpl)
		fault(cpu, CF_VEC_TS, sel, ext);
	if (!(d.attr & CF_SEG_P))
		fault(cpu, CF_VEC_SS, sel, ext);
	cf_seg_install(cpu, CF_SEG_SS, sel, &d);
}

static void load_data(
	struct vcpu *cpu, unsigned seg, uint16_t sel, uint32_t ext)
{
	struct cf_descriptor d;
	unsigned rpl = sel & 3, dpl;
	bool code, conforming;

	if (!(sel & 0xfffc))
		return;
	if (!cf_descriptor_read(cpu, sel, &d) || !(d.attr & CF_SEG_S))
		fault(cpu, CF_VEC_TS, sel, ext);
	dpl = d.attr >> CF_SEG_DPL_SHIFT & 3;
	code = d.attr & CF_SEG_CODE;
	conforming = code && (d.attr & CF_SEG_EC);
	if ((code && !(d.attr & CF_SEG_RW)) ||
		(!conforming && (rpl > dpl || cpu->cpl > dpl)))
		fault(cpu, CF_VEC_TS, sel, ext);
	if (!(d.attr & CF_SEG_P))
		fault(cpu, CF_VEC_NP, sel, ext);
	cf_seg_install(cpu, seg, sel, &d);
}

static void load_segments(struct vcpu *cpu, const struct state *s, uint32_t ext)
{
	static const unsigned data[] = { CF_SEG_ES, CF_SEG_DS, CF_SEG_FS,
		CF_SEG_GS };
	unsigned i;

	cpu->cpl = cpu->flags & CF_FL_VM ? 3 : s->seg[CF_SEG_CS] & 3;
	cf_update_mode(cpu);
	load_ldt(cpu, s->ldt, ext);
	if (cpu->flags & CF_FL_VM) {
		cf_seg_load_vm86(cpu, s->seg);
	} else {
		load_code(cpu, s->seg[CF_SEG_CS], ext);
		load_stack(cpu, s->seg[CF_SEG_SS], ext);
		for (i = 0; i < CF_ARRAY_LEN(data); i++)
			load_data(cpu, data[i], s->seg[data[i]], ext);
	}
	cf_update_mode(cpu);
	if (cpu->r[CF_R_RIP] > cpu->seg[CF_SEG_CS].limit)
		cf_raise_error(cpu, NULL, CF_VEC_GP, ext);
}

void cf_task_switch(struct vcpu *cpu, const struct cf_task *t)
{
	bool nests = t->how == CF_TASK_CALL || t->how == CF_TASK_EVENT;
	uint64_t old = cpu->gdtr.base + (cpu->tr.sel & 0xfff8u);
	uint64_t flags = cf_rflags(cpu) | (t->rf ? CF_FL_RF : 0);
	uint16_t old_sel = cpu->tr.sel;
	struct cf_descriptor d;
	struct state s;

	read_tss(cpu, t, &d);
	read_state(cpu, d.base, is_wide(&d), &s);
	if (t->how == CF_TASK_IRET)
		flags &= ~(uint64_t)CF_FL_NT;
	save_state(cpu, t->next, flags);
	if (!nests)
		set_busy(cpu, old, false);
	if (nests) {
		cf_sys_st(cpu, d.base, 2, old_sel);
		s.eflags |= CF_FL_NT;
	}
	set_busy(cpu, d.at, true);
	cpu->tr = (struct cf_seg_state) {
		.base = d.base,
		.limit = d.limit,
		.sel = t->sel,
		.attr = (uint16_t)(d.attr | TYPE_BUSY),
	};
	cpu->cr0 |= CF_CR0_TS;
	if (s.wide && (cpu->cr0 & CF_CR0_PG)) {
		cpu->cr3 = s.cr3;
		cf_tlb_flush(cpu);
	}
	cpu->dr7 &= ~(uint64_t)LOCALS;
	cf_dr_update(cpu);
	set_registers(cpu, &s);
	load_segments(cpu, &s, t->ext);
	if (t->has_error)
		cf_push(cpu, NULL, s.wide ? 4 : 2, t->error);
	if (s.trap)
		cpu->dr6_pending |= CF_DR6_BT;
	atomic_store(&cpu->limit, 0);
}
