/* SPDX-License-Identifier: Apache-2.0 */
/* Segment registers and descriptor tables. */
#include "accel/soft/insn/ops_sys_priv.h"
#include "accel/soft/seg_priv.h"

static void load(struct vcpu *cpu, unsigned seg, uint16_t sel)
{
	cf_seg_load(cpu, seg, sel);
	/* After SS no interrupt may see the old stack pointer. */
	if (seg == CF_SEG_SS)
		cpu->shadow = cpu->ss_shadow = true;
}

const struct op *cf_op_mov_to_seg(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	load(cpu, op->src, (uint16_t)cf_rm_read(cpu, op, 2));
	return cf_sys_done(cpu, op);
}

/* Not a block's end: op is passed on for faults. */
const struct op *cf_op_mov_from_seg(struct vcpu *cpu, const struct op *op)
{
	uint16_t sel = cpu->seg[op->src].sel;

	if (op->aux & CF_AUX_MEM)
		cf_st16(cpu, op, cf_ea_gen(cpu, op, 2, true), sel);
	else
		cf_set_size(cpu, op->dst, op->size, sel);
	return cf_next(cpu, op);
}

const struct op *cf_op_push_seg(struct vcpu *cpu, const struct op *op)
{
	cf_push(cpu, op, op->size, cpu->seg[op->src].sel);
	return cf_next(cpu, op);
}

const struct op *cf_op_pop_seg(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	load(cpu, op->src, (uint16_t)cf_peek(cpu, NULL, 0, op->size));
	cf_stack_add(cpu, op->size);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_load_far(struct vcpu *cpu, const struct op *op)
{
	uint64_t addr, offset;

	cf_sys_begin(cpu, op);
	addr = cf_sys_ea(cpu, op, op->size + 2u, false);
	offset = cf_ld(cpu, NULL, addr, op->size);
	cf_seg_load(
		cpu, op->src, (uint16_t)cf_ld16(cpu, NULL, addr + op->size));
	cf_set_size(cpu, op->dst, op->size, offset);
	return cf_sys_done(cpu, op);
}

/* Bytes of a base: 8 in 64-bit mode, else 4 of which 16-bit code uses 3. */
static unsigned base_bytes(const struct vcpu *cpu)
{
	return cpu->mode & CF_MODE_L ? 8 : 4;
}

static void load_table(
	struct vcpu *cpu, const struct op *op, uint64_t *base, uint32_t *limit)
{
	unsigned n = base_bytes(cpu);
	uint64_t addr, v;
	uint32_t new_limit;

	cf_require_cpl0(cpu);
	addr = cf_sys_ea(cpu, op, 2 + n, false);
	new_limit = cf_ld16(cpu, NULL, addr);
	v = cf_ld(cpu, NULL, addr + 2, n);
	if (n == 4 && op->size == 2)
		v &= 0xffffff;
	if (n == 8 && (uint64_t)((int64_t)(v << 16) >> 16) != v)
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
	*base = v;
	*limit = new_limit;
}

static void store_table(
	struct vcpu *cpu, const struct op *op, uint64_t base, uint32_t limit)
{
	unsigned n = base_bytes(cpu);
	uint64_t addr;

	if (cpu->cr4 & CF_CR4_UMIP)
		cf_require_cpl0(cpu);
	addr = cf_sys_ea(cpu, op, 2 + n, true);
	cf_st16(cpu, NULL, addr, (uint16_t)limit);
	cf_st(cpu, NULL, addr + 2, n, base);
}

const struct op *cf_op_lgdt(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	load_table(cpu, op, &cpu->gdtr.base, &cpu->gdtr.limit);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_lidt(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	load_table(cpu, op, &cpu->idtr.base, &cpu->idtr.limit);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_sgdt(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	store_table(cpu, op, cpu->gdtr.base, cpu->gdtr.limit);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_sidt(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	store_table(cpu, op, cpu->idtr.base, cpu->idtr.limit);
	return cf_sys_done(cpu, op);
}

static _Noreturn void selector_fault(struct vcpu *cpu, int vector, uint16_t sel)
{
	cf_raise_error(cpu, NULL, vector, sel & 0xfffcu);
}

/* A system descriptor for LLDT or LTR; 16 bytes in long mode. */
static void read_system(struct vcpu *cpu, uint16_t sel, struct cf_descriptor *d)
{
	if ((sel & 4) || !cf_descriptor_read(cpu, sel, d))
		selector_fault(cpu, CF_VEC_GP, sel);
	if (d->attr & CF_SEG_S)
		selector_fault(cpu, CF_VEC_GP, sel);
	if (cpu->efer & CF_EFER_LMA) {
		if ((sel & ~7u) + 15 > cpu->gdtr.limit)
			selector_fault(cpu, CF_VEC_GP, sel);
		d->base |= cf_sys_ld(cpu, d->at + 8, 4) << 32;
		if ((uint64_t)((int64_t)(d->base << 16) >> 16) != d->base)
			selector_fault(cpu, CF_VEC_GP, sel);
	}
}

static void require_protected_cpl0(struct vcpu *cpu)
{
	if (!(cpu->mode & CF_MODE_PE))
		cf_raise(cpu, NULL, CF_VEC_UD);
	cf_require_cpl0(cpu);
}

const struct op *cf_op_lldt(struct vcpu *cpu, const struct op *op)
{
	struct cf_descriptor d;
	uint16_t sel;

	cf_sys_begin(cpu, op);
	require_protected_cpl0(cpu);
	sel = (uint16_t)cf_rm_read(cpu, op, 2);
	if (!(sel & 0xfffc)) {
		cpu->ldtr = (struct cf_seg_state) { .sel = sel };
		return cf_sys_done(cpu, op);
	}
	read_system(cpu, sel, &d);
	if ((d.attr & CF_SEG_TYPE) != 2)
		selector_fault(cpu, CF_VEC_GP, sel);
	if (!(d.attr & CF_SEG_P))
		selector_fault(cpu, CF_VEC_NP, sel);
	cpu->ldtr = (struct cf_seg_state) {
		.base = d.base, .limit = d.limit, .sel = sel, .attr = d.attr
	};
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_ltr(struct vcpu *cpu, const struct op *op)
{
	struct cf_descriptor d;
	uint16_t sel;
	unsigned type;

	cf_sys_begin(cpu, op);
	require_protected_cpl0(cpu);
	sel = (uint16_t)cf_rm_read(cpu, op, 2);
	if (!(sel & 0xfffc))
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
	read_system(cpu, sel, &d);
	type = d.attr & CF_SEG_TYPE;
	if (!(type == 9 || (type == 1 && !(cpu->efer & CF_EFER_LMA))))
		selector_fault(cpu, CF_VEC_GP, sel);
	if (!(d.attr & CF_SEG_P))
		selector_fault(cpu, CF_VEC_NP, sel);
	/* Mark it busy. */
	cf_sys_st(cpu, d.at + 5, 1, (d.raw >> 40 & 0xff) | 2);
	cpu->tr = (struct cf_seg_state) {
		.base = d.base,
		.limit = d.limit,
		.sel = sel,
		.attr = (uint16_t)(d.attr | 2),
	};
	return cf_sys_done(cpu, op);
}

static const struct op *store_selector(
	struct vcpu *cpu, const struct op *op, uint16_t sel)
{
	cf_sys_begin(cpu, op);
	if (!(cpu->mode & CF_MODE_PE))
		cf_raise(cpu, NULL, CF_VEC_UD);
	if (cpu->cr4 & CF_CR4_UMIP)
		cf_require_cpl0(cpu);
	cf_rm_write(cpu, op, op->size, 2, sel);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_sldt(struct vcpu *cpu, const struct op *op)
{
	return store_selector(cpu, op, cpu->ldtr.sel);
}

const struct op *cf_op_str(struct vcpu *cpu, const struct op *op)
{
	return store_selector(cpu, op, cpu->tr.sel);
}

static void set_zf(struct vcpu *cpu, bool zf)
{
	cf_flags_set_status(cpu,
		(cf_flags_status(cpu) & ~(uint64_t)CF_FL_ZF) |
			(zf ? CF_FL_ZF : 0));
}

/* May this privilege use the segment at all? */
static bool visible(
	const struct vcpu *cpu, const struct cf_descriptor *d, uint16_t sel)
{
	unsigned dpl = d->attr >> CF_SEG_DPL_SHIFT & 3;
	bool conforming = (d->attr & CF_SEG_S) && (d->attr & CF_SEG_CODE) &&
		(d->attr & CF_SEG_EC);

	return conforming || (dpl >= cpu->cpl && dpl >= (sel & 3u));
}

static const struct op *verify(
	struct vcpu *cpu, const struct op *op, bool write)
{
	struct cf_descriptor d;
	uint16_t sel;
	bool ok, code;

	cf_sys_begin(cpu, op);
	if (!(cpu->mode & CF_MODE_PE))
		cf_raise(cpu, NULL, CF_VEC_UD);
	sel = (uint16_t)cf_rm_read(cpu, op, 2);
	ok = cf_descriptor_read(cpu, sel, &d) && (d.attr & CF_SEG_S) &&
		visible(cpu, &d, sel);
	if (ok) {
		code = d.attr & CF_SEG_CODE;
		if (write)
			ok = !code && (d.attr & CF_SEG_RW);
		else
			ok = !code || (d.attr & CF_SEG_RW);
	}
	set_zf(cpu, ok);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_verr(struct vcpu *cpu, const struct op *op)
{
	return verify(cpu, op, false);
}

const struct op *cf_op_verw(struct vcpu *cpu, const struct op *op)
{
	return verify(cpu, op, true);
}

/* Types of system descriptors that LAR and LSL know, by mode. */
static bool known_system_type(const struct vcpu *cpu, unsigned type, bool lsl)
{
	bool lma = cpu->efer & CF_EFER_LMA;
	uint32_t set;

	if (lsl)
		set = lma ? 1u << 2 | 1u << 9 | 1u << 11
			  : 1u << 1 | 1u << 2 | 1u << 3 | 1u << 9 | 1u << 11;
	else
		set = lma ? 1u << 2 | 1u << 9 | 1u << 11 | 1u << 12
			  : 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 |
				1u << 9 | 1u << 11 | 1u << 12;
	return set >> type & 1;
}

static const struct op *load_attributes(
	struct vcpu *cpu, const struct op *op, bool lsl)
{
	struct cf_descriptor d;
	uint16_t sel;
	bool ok;

	cf_sys_begin(cpu, op);
	if (!(cpu->mode & CF_MODE_PE))
		cf_raise(cpu, NULL, CF_VEC_UD);
	sel = (uint16_t)cf_rm_read(cpu, op, 2);
	ok = cf_descriptor_read(cpu, sel, &d) && visible(cpu, &d, sel) &&
		((d.attr & CF_SEG_S) ||
			known_system_type(cpu, d.attr & CF_SEG_TYPE, lsl));
	if (ok)
		cf_set_size(cpu, op->src, op->size,
			lsl ? d.limit : d.raw >> 32 & 0xf0ff00u);
	set_zf(cpu, ok);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_lar(struct vcpu *cpu, const struct op *op)
{
	return load_attributes(cpu, op, false);
}

const struct op *cf_op_lsl(struct vcpu *cpu, const struct op *op)
{
	return load_attributes(cpu, op, true);
}

const struct op *cf_op_arpl(struct vcpu *cpu, const struct op *op)
{
	uint16_t a, b = cf_get16(cpu, op->src);

	cf_sys_begin(cpu, op);
	if (!(cpu->mode & CF_MODE_PE))
		cf_raise(cpu, NULL, CF_VEC_UD);
	a = (uint16_t)cf_rm_read(cpu, op, 2);
	if ((a & 3) < (b & 3)) {
		cf_rm_write(cpu, op, 2, 2, (a & ~3u) | (b & 3u));
		set_zf(cpu, true);
	} else {
		set_zf(cpu, false);
	}
	return cf_sys_done(cpu, op);
}
