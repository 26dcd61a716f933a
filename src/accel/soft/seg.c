/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments: addresses through them, descriptors, and loading of segment
 * registers.
 *
 * Source: APM volume 2 (AMD 24593), "Segmented virtual memory".
 */
#include "accel/soft/mem_priv.h"
#include "accel/soft/insn/ops_priv.h"
#include "accel/soft/seg_priv.h"

static _Noreturn void limit_fault(
	struct vcpu *cpu, const struct op *op, unsigned seg)
{
	cf_raise_error(cpu, op, seg == CF_SEG_SS ? CF_VEC_SS : CF_VEC_GP, 0);
}

uint64_t cf_linear(struct vcpu *cpu, const struct op *op, unsigned seg,
	uint64_t offset, unsigned size, bool write)
{
	const struct cf_seg_state *s = &cpu->seg[seg];
	uint64_t last = offset + size - 1;
	unsigned type = s->attr & CF_SEG_TYPE;

	if (cpu->mode & CF_MODE_L) {
		if (seg == CF_SEG_FS)
			return offset + cpu->r[CF_R_FS];
		if (seg == CF_SEG_GS)
			return offset + cpu->r[CF_R_GS];
		return offset;
	}
	if (cpu->mode & CF_MODE_PE) {
		if (!(s->attr & CF_SEG_P))
			limit_fault(cpu, op, seg);
		if (type & CF_SEG_CODE ? write || !(type & CF_SEG_RW)
				       : write && !(type & CF_SEG_RW))
			limit_fault(cpu, op, seg);
		if ((type & (CF_SEG_CODE | CF_SEG_EC)) == CF_SEG_EC) {
			uint64_t top =
				s->attr & CF_SEG_DB ? 0xffffffff : 0xffff;

			if (offset <= s->limit || last > top)
				limit_fault(cpu, op, seg);
			return (s->base + offset) & 0xffffffff;
		}
	}
	if (last > s->limit)
		limit_fault(cpu, op, seg);
	return (s->base + offset) & 0xffffffff;
}

uint64_t cf_ea_general(
	struct vcpu *cpu, const struct op *op, unsigned size, bool write)
{
	uint64_t off = cf_get64(cpu, op->base) +
		(cf_get64(cpu, op->index) << (op->shift & CF_EA_SHIFT)) +
		(uint64_t)(int64_t)op->disp;

	if (op->shift & CF_EA_16)
		off &= 0xffff;
	else if (op->shift & CF_EA_32)
		off &= 0xffffffff;
	return cf_linear(cpu, op, op->seg, off, size, write);
}

bool cf_descriptor_read(
	struct vcpu *cpu, uint16_t sel, struct cf_descriptor *out)
{
	uint64_t base = cpu->gdtr.base;
	uint32_t limit = cpu->gdtr.limit, hi, lo;
	uint64_t raw;

	if (sel & 4) {
		if (!(cpu->ldtr.attr & CF_SEG_P))
			return false;
		base = cpu->ldtr.base;
		limit = cpu->ldtr.limit;
	}
	if (!(sel & 0xfffc) || (sel | 7u) > limit)
		return false;
	raw = cf_sys_ld(cpu, base + (sel & ~7u), 8);
	lo = (uint32_t)raw;
	hi = (uint32_t)(raw >> 32);
	*out = (struct cf_descriptor) {
		.at = base + (sel & ~7u),
		.raw = raw,
		.base = (uint64_t)(lo >> 16 | (hi & 0xff) << 16 |
			(hi & 0xff000000u)),
		.limit = (lo & 0xffff) | (hi & 0xf0000),
		.attr = (uint16_t)((hi >> 8 & 0xff) | (hi >> 12 & 0xf00)),
	};
	if (out->attr & CF_SEG_G)
		out->limit = out->limit << 12 | 0xfff;
	return true;
}

void cf_seg_set_base(struct vcpu *cpu, unsigned seg, uint64_t base)
{
	cpu->seg[seg].base = base;
	if (seg == CF_SEG_FS)
		cpu->r[CF_R_FS] = base;
	else if (seg == CF_SEG_GS)
		cpu->r[CF_R_GS] = base;
}

void cf_seg_install(
	struct vcpu *cpu, unsigned seg, uint16_t sel, struct cf_descriptor *d)
{
	if (!(d->attr & CF_SEG_A)) {
		/* The accessed bit is bit 40 of the descriptor. */
		cf_sys_st(cpu, d->at + 5, 1, (d->raw >> 40 & 0xff) | 1);
		d->attr |= CF_SEG_A;
	}
	cpu->seg[seg].sel = sel;
	cpu->seg[seg].limit = d->limit;
	cpu->seg[seg].attr = d->attr;
	cf_seg_set_base(cpu, seg, d->base);
}

void cf_seg_load_real(struct vcpu *cpu, unsigned seg, uint16_t sel)
{
	/* Limit and attributes stay: "unreal" mode depends on it. */
	cpu->seg[seg].sel = sel;
	cf_seg_set_base(cpu, seg, (uint64_t)sel << 4);
}

void cf_seg_load_vm86(struct vcpu *cpu, const uint16_t sel[CF_NSEGS])
{
	unsigned i;

	for (i = 0; i < CF_NSEGS; i++) {
		cf_seg_load_real(cpu, i, sel[i]);
		cpu->seg[i].limit = 0xffff;
		cpu->seg[i].attr = CF_SEG_P | 3u << CF_SEG_DPL_SHIFT |
			CF_SEG_S | CF_SEG_RW | CF_SEG_A;
	}
}

void cf_seg_null(struct vcpu *cpu, unsigned seg, uint16_t sel)
{
	cpu->seg[seg].sel = sel;
	cpu->seg[seg].attr = 0;
	cpu->seg[seg].limit = 0;
	cf_seg_set_base(cpu, seg, 0);
}

static void load_ss(struct vcpu *cpu, uint16_t sel)
{
	unsigned rpl = sel & 3, dpl;
	struct cf_descriptor d;

	if (!(sel & 0xfffc)) {
		if (!(cpu->mode & CF_MODE_L) || cpu->cpl == 3 ||
			rpl != cpu->cpl)
			cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
		cf_seg_null(cpu, CF_SEG_SS, sel);
		/* Keeps the privilege level where CPL is looked for. */
		cpu->seg[CF_SEG_SS].attr = (uint16_t)(rpl << CF_SEG_DPL_SHIFT);
		return;
	}
	if (!cf_descriptor_read(cpu, sel, &d))
		cf_raise_error(cpu, NULL, CF_VEC_GP, sel & 0xfffcu);
	dpl = d.attr >> CF_SEG_DPL_SHIFT & 3;
	if (!(d.attr & CF_SEG_S) || (d.attr & CF_SEG_CODE) ||
		!(d.attr & CF_SEG_RW) || rpl != cpu->cpl || dpl != cpu->cpl)
		cf_raise_error(cpu, NULL, CF_VEC_GP, sel & 0xfffcu);
	if (!(d.attr & CF_SEG_P))
		cf_raise_error(cpu, NULL, CF_VEC_SS, sel & 0xfffcu);
	cf_seg_install(cpu, CF_SEG_SS, sel, &d);
}

void cf_seg_load(struct vcpu *cpu, unsigned seg, uint16_t sel)
{
	struct cf_descriptor d;
	unsigned rpl = sel & 3, dpl;
	bool code;

	if (!(cpu->mode & CF_MODE_PE)) {
		cf_seg_load_real(cpu, seg, sel);
		return;
	}
	if (seg == CF_SEG_SS) {
		load_ss(cpu, sel);
		cf_update_mode(cpu);
		return;
	}
	if (!(sel & 0xfffc)) {
		cf_seg_null(cpu, seg, sel);
		return;
	}
	if (!cf_descriptor_read(cpu, sel, &d) || !(d.attr & CF_SEG_S))
		cf_raise_error(cpu, NULL, CF_VEC_GP, sel & 0xfffcu);
	dpl = d.attr >> CF_SEG_DPL_SHIFT & 3;
	code = d.attr & CF_SEG_CODE;
	if (code && !(d.attr & CF_SEG_RW))
		cf_raise_error(cpu, NULL, CF_VEC_GP, sel & 0xfffcu);
	if (!(code && (d.attr & CF_SEG_EC)) && (rpl > dpl || cpu->cpl > dpl))
		cf_raise_error(cpu, NULL, CF_VEC_GP, sel & 0xfffcu);
	if (!(d.attr & CF_SEG_P))
		cf_raise_error(cpu, NULL, CF_VEC_NP, sel & 0xfffcu);
	cf_seg_install(cpu, seg, sel, &d);
}
