/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing handlers: integer arithmetic, moves, shifts, bits. */
#include "accel/soft/insn/decode_priv.h"

static bool has_lock(const struct cf_dec *d)
{
	return d->in.attributes & ZYDIS_ATTRIB_HAS_LOCK;
}

static bool decode_alu(struct cf_dec *d, enum cf_alu which)
{
	const struct cf_alu_fns *f = &cf_alu_fns[which];
	struct op *op = d->op;
	const ZydisDecodedOperand *a = &d->o[0], *b = &d->o[1];
	unsigned s = cf_log2_size(a->size / 8u);

	op->size = (uint8_t)(a->size / 8);
	if (cf_is_reg(a)) {
		op->dst = cf_reg_offset(a->reg.value);
		if (cf_is_reg(b)) {
			op->src = cf_reg_offset(b->reg.value);
			op->fn = f->rr[s];
		} else if (cf_is_imm(b)) {
			op->imm = cf_imm(b);
			op->fn = f->ri[s];
		} else {
			op->fn = f->rm[s][cf_decode_mem(d, b)];
		}
		return true;
	}
	if (cf_is_reg(b)) {
		op->src = cf_reg_offset(b->reg.value);
		op->fn = f->mr[s][cf_decode_mem(d, a)];
		if (has_lock(d))
			op->fn = f->lock_mr[s];
	} else {
		op->imm = cf_imm(b);
		op->fn = f->mi[s][cf_decode_mem(d, a)];
		if (has_lock(d))
			op->fn = f->lock_mi[s];
	}
	return true;
}

static bool decode_unary(struct cf_dec *d, const struct cf_unary_fns *f)
{
	const ZydisDecodedOperand *a = &d->o[0];
	unsigned s = cf_log2_size(a->size / 8u);

	d->op->size = (uint8_t)(a->size / 8);
	if (cf_is_reg(a)) {
		d->op->dst = cf_reg_offset(a->reg.value);
		d->op->fn = f->r[s];
		return true;
	}
	cf_decode_mem_general(d, a);
	d->op->fn = has_lock(d) ? f->lock_m[s] : f->m[s];
	return true;
}

static bool decode_shift(struct cf_dec *d, enum cf_shift which)
{
	const ZydisDecodedOperand *a = &d->o[0], *b = &d->o[1];
	unsigned s = cf_log2_size(a->size / 8u);
	bool imm = cf_is_imm(b);

	d->op->size = (uint8_t)(a->size / 8);
	d->op->imm = imm ? b->imm.value.u & (a->size == 64 ? 0x3f : 0x1f) : 0;
	if (cf_is_reg(a)) {
		d->op->dst = cf_reg_offset(a->reg.value);
		d->op->fn = imm ? cf_shift_ri[which][s] : cf_shift_rc[which][s];
		/* A count of 0 changes no flags, but clears bits 63:32. */
		if (imm && !d->op->imm) {
			d->op->src = d->op->dst;
			d->op->fn = cf_mov_fns.rr[s];
		}
		return true;
	}
	cf_decode_mem_general(d, a);
	d->op->fn = imm ? cf_shift_mi[which][s] : cf_shift_mc[which][s];
	return true;
}

static bool decode_bt(struct cf_dec *d, unsigned kind)
{
	const ZydisDecodedOperand *a = &d->o[0], *b = &d->o[1];
	unsigned s = cf_log2_size(a->size / 8u) - 1;
	struct op *op = d->op;

	op->size = (uint8_t)(a->size / 8);
	if (cf_is_imm(b))
		op->imm = b->imm.value.u;
	else
		op->src = cf_reg_offset(b->reg.value);
	if (cf_is_reg(a)) {
		op->dst = cf_reg_offset(a->reg.value);
		op->fn = cf_is_imm(b) ? cf_bt_ri[kind][s] : cf_bt_rr[kind][s];
		return true;
	}
	cf_decode_mem_general(d, a);
	op->fn = cf_is_imm(b) ? cf_bt_mi[kind][s] : cf_bt_mr[kind][s];
	return true;
}

/* CMPXCHG and XADD: r/m, reg. */
static bool decode_exchange(
	struct cf_dec *d, cf_op_fn *const *reg, cf_op_fn *const *mem)
{
	const ZydisDecodedOperand *a = &d->o[0], *b = &d->o[1];
	unsigned s = cf_log2_size(a->size / 8u);

	d->op->size = (uint8_t)(a->size / 8);
	d->op->src = cf_reg_offset(b->reg.value);
	if (cf_is_reg(a)) {
		d->op->dst = cf_reg_offset(a->reg.value);
		d->op->fn = reg[s];
		return true;
	}
	cf_decode_mem_general(d, a);
	d->op->fn = mem[s];
	return true;
}

static bool decode_xchg(struct cf_dec *d)
{
	const ZydisDecodedOperand *a = &d->o[0], *b = &d->o[1];
	unsigned s = cf_log2_size(a->size / 8u);

	if (cf_is_reg(a) && cf_is_reg(b)) {
		d->op->dst = cf_reg_offset(a->reg.value);
		d->op->src = cf_reg_offset(b->reg.value);
		d->op->fn = cf_xchg_rr[s];
		return true;
	}
	if (cf_is_mem(b)) {
		const ZydisDecodedOperand *t = a;

		a = b;
		b = t;
	}
	d->op->dst = cf_reg_offset(b->reg.value);
	cf_decode_mem_general(d, a);
	d->op->fn = cf_xchg_rm[s];
	return true;
}

static bool decode_imul(struct cf_dec *d)
{
	const ZydisDecodedOperand *a = &d->o[0], *b = &d->o[1];
	unsigned s;

	if (d->in.operand_count_visible < 2)
		return false; /* the widening form runs natively */
	s = cf_log2_size(a->size / 8u) - 1;
	d->op->dst = cf_reg_offset(a->reg.value);
	if (d->in.operand_count_visible == 3) {
		d->op->imm = cf_imm(&d->o[2]);
		if (cf_is_reg(b)) {
			d->op->src = cf_reg_offset(b->reg.value);
			d->op->fn = cf_imul_rri[s];
		} else {
			cf_decode_mem_general(d, b);
			d->op->fn = cf_imul_rmi[s];
		}
		return true;
	}
	if (cf_is_reg(b)) {
		d->op->src = cf_reg_offset(b->reg.value);
		d->op->fn = cf_imul_rr[s];
	} else {
		cf_decode_mem_general(d, b);
		d->op->fn = cf_imul_rm[s];
	}
	return true;
}

static bool decode_mul(struct cf_dec *d)
{
	const ZydisDecodedOperand *a = &d->o[0];

	if (a->size < 32)
		return false;
	if (cf_is_reg(a)) {
		d->op->dst = cf_reg_offset(a->reg.value);
		d->op->fn = cf_mul_r[a->size == 64];
		return true;
	}
	cf_decode_mem_general(d, a);
	d->op->fn = cf_mul_m[a->size == 64];
	return true;
}

/* MOV with a 64-bit absolute address (A0..A3). */
static const struct op *op_mov_moffs(struct vcpu *cpu, const struct op *op)
{
	bool store = op->aux;
	uint64_t addr = cf_linear(cpu, op, op->seg, op->imm, op->size, store);

	if (store)
		cf_st(cpu, op, addr, op->size,
			cf_get_size(cpu, CF_RAX * 8, op->size));
	else
		cf_set_size(cpu, CF_RAX * 8, op->size,
			cf_ld(cpu, op, addr, op->size));
	return cf_next(cpu, op);
}

static bool is_gpr(const ZydisDecodedOperand *o)
{
	ZydisRegisterClass c = ZydisRegisterGetClass(o->reg.value);

	return c == ZYDIS_REGCLASS_GPR8 || c == ZYDIS_REGCLASS_GPR16 ||
		c == ZYDIS_REGCLASS_GPR32 || c == ZYDIS_REGCLASS_GPR64;
}

static bool decode_mov(struct cf_dec *d)
{
	const ZydisDecodedOperand *a = &d->o[0], *b = &d->o[1];
	const struct cf_mov_fns *f = &cf_mov_fns;
	struct op *op = d->op;
	unsigned s;

	if ((cf_is_reg(a) && !is_gpr(a)) || (cf_is_reg(b) && !is_gpr(b)))
		return false;
	op->size = (uint8_t)(a->size / 8);
	s = cf_log2_size(op->size);
	if (d->in.opcode >= 0xa0 && d->in.opcode <= 0xa3 &&
		d->in.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT) {
		const ZydisDecodedOperand *m = cf_is_mem(a) ? a : b;

		op->imm = (uint64_t)m->mem.disp.value;
		if (d->in.address_width == 32)
			op->imm &= 0xffffffff;
		else if (d->in.address_width == 16)
			op->imm &= 0xffff;
		op->seg = (uint8_t)cf_seg_index(m->mem.segment);
		op->aux = cf_is_mem(a);
		op->fn = op_mov_moffs;
		return true;
	}
	if (cf_is_reg(a)) {
		op->dst = cf_reg_offset(a->reg.value);
		if (cf_is_reg(b)) {
			op->src = cf_reg_offset(b->reg.value);
			op->fn = f->rr[s];
		} else if (cf_is_imm(b)) {
			op->imm = cf_imm(b);
			op->fn = f->ri[s];
		} else {
			op->fn = f->rm[s][cf_decode_mem(d, b)];
		}
		return true;
	}
	if (cf_is_reg(b)) {
		op->src = cf_reg_offset(b->reg.value);
		op->fn = f->mr[s][cf_decode_mem(d, a)];
	} else {
		op->imm = cf_imm(b);
		op->fn = f->mi[s][cf_decode_mem(d, a)];
	}
	return true;
}

static bool decode_extend(struct cf_dec *d, bool sign)
{
	const ZydisDecodedOperand *a = &d->o[0], *b = &d->o[1];
	unsigned from = cf_log2_size(b->size / 8u);
	unsigned to = cf_log2_size(a->size / 8u) - 1;

	d->op->dst = cf_reg_offset(a->reg.value);
	if (cf_is_reg(b)) {
		d->op->src = cf_reg_offset(b->reg.value);
		d->op->fn = cf_extend_rr[sign][from][to];
	} else {
		d->op->fn = cf_extend_rm[sign][from][to][cf_decode_mem(d, b)];
	}
	return d->op->fn != NULL;
}

static bool decode_cmov(struct cf_dec *d)
{
	const ZydisDecodedOperand *a = &d->o[0], *b = &d->o[1];
	unsigned cc = d->in.opcode & 15;

	d->op->dst = cf_reg_offset(a->reg.value);
	d->op->aux = (uint8_t)cc;
	if (cf_is_reg(b))
		d->op->src = cf_reg_offset(b->reg.value);
	else
		cf_decode_mem_general(d, b);
	if (a->size == 16)
		d->op->fn = cf_is_reg(b) ? cf_op_cmov16_rr : cf_op_cmov16_rm;
	else if (cf_is_reg(b))
		d->op->fn = cf_cmov_rr[a->size == 64][cc];
	else
		d->op->fn = cf_cmov_rm[a->size == 64][cc];
	return true;
}

static bool decode_setcc(struct cf_dec *d)
{
	const ZydisDecodedOperand *a = &d->o[0];
	unsigned cc = d->in.opcode & 15;

	d->op->aux = (uint8_t)cc;
	if (cf_is_reg(a)) {
		d->op->dst = cf_reg_offset(a->reg.value);
		d->op->fn = cf_setcc_r[cc];
		return true;
	}
	cf_decode_mem_general(d, a);
	d->op->fn = cf_op_setcc_m;
	return true;
}

static bool decode_lea(struct cf_dec *d)
{
	const ZydisDecodedOperand *a = &d->o[0];
	ZydisDecodedOperand m = d->o[1];

	m.mem.segment = ZYDIS_REGISTER_DS; /* LEA has no segment */
	d->op->dst = cf_reg_offset(a->reg.value);
	d->op->fn = cf_lea_fns[cf_log2_size(a->size / 8u) - 1]
			      [cf_decode_mem(d, &m)];
	return true;
}

static bool set_fn(struct cf_dec *d, cf_op_fn *fn)
{
	d->op->fn = fn;
	return true;
}

static bool decode_simple(struct cf_dec *d)
{
	switch (d->in.mnemonic) {
	case ZYDIS_MNEMONIC_NOP:
		/* 0F 0D is PREFETCH, of memory only. */
		if (d->in.opcode_map == ZYDIS_OPCODE_MAP_0F &&
			d->in.opcode == 0x0d)
			return false;
		return set_fn(d, cf_op_nop);
	case ZYDIS_MNEMONIC_ENDBR32:
	case ZYDIS_MNEMONIC_ENDBR64:
	case ZYDIS_MNEMONIC_PREFETCH:
	case ZYDIS_MNEMONIC_PREFETCHNTA:
	case ZYDIS_MNEMONIC_PREFETCHT0:
	case ZYDIS_MNEMONIC_PREFETCHT1:
	case ZYDIS_MNEMONIC_PREFETCHT2:
	case ZYDIS_MNEMONIC_PREFETCHW:
	case ZYDIS_MNEMONIC_PREFETCHWT1:
		return set_fn(d, cf_op_nop);
	case ZYDIS_MNEMONIC_CLC:
		return set_fn(d, cf_op_clc);
	case ZYDIS_MNEMONIC_STC:
		return set_fn(d, cf_op_stc);
	case ZYDIS_MNEMONIC_CMC:
		return set_fn(d, cf_op_cmc);
	case ZYDIS_MNEMONIC_CLD:
		return set_fn(d, cf_op_cld);
	case ZYDIS_MNEMONIC_STD:
		return set_fn(d, cf_op_std);
	case ZYDIS_MNEMONIC_LAHF:
		return set_fn(d, cf_op_lahf);
	case ZYDIS_MNEMONIC_SAHF:
		return set_fn(d, cf_op_sahf);
	case ZYDIS_MNEMONIC_SALC:
		return set_fn(d, cf_op_salc);
	case ZYDIS_MNEMONIC_CBW:
		return set_fn(d, cf_convert[0][0]);
	case ZYDIS_MNEMONIC_CWDE:
		return set_fn(d, cf_convert[0][1]);
	case ZYDIS_MNEMONIC_CDQE:
		return set_fn(d, cf_convert[0][2]);
	case ZYDIS_MNEMONIC_CWD:
		return set_fn(d, cf_convert[1][0]);
	case ZYDIS_MNEMONIC_CDQ:
		return set_fn(d, cf_convert[1][1]);
	case ZYDIS_MNEMONIC_CQO:
		return set_fn(d, cf_convert[1][2]);
	case ZYDIS_MNEMONIC_XLAT:
		if (d->in.address_width == 16)
			d->op->shift = CF_EA_16;
		else if (d->in.address_width == 32)
			d->op->shift = CF_EA_32;
		for (unsigned i = 0; i < d->in.operand_count; i++) {
			if (cf_is_mem(&d->o[i]))
				d->op->seg = (uint8_t)cf_seg_index(
					d->o[i].mem.segment);
		}
		return set_fn(d, cf_op_xlat);
	case ZYDIS_MNEMONIC_BSWAP:
		if (d->o[0].size < 32)
			return false;
		d->op->dst = cf_reg_offset(d->o[0].reg.value);
		return set_fn(d, cf_bswap[d->o[0].size == 64]);
	case ZYDIS_MNEMONIC_CMPXCHG8B:
		cf_decode_mem_general(d, &d->o[0]);
		return set_fn(d, cf_op_cmpxchg8b);
	case ZYDIS_MNEMONIC_CMPXCHG16B:
		cf_decode_mem_general(d, &d->o[0]);
		return set_fn(d, cf_op_cmpxchg16b);
	default:
		return false;
	}
}

static bool is_condition(const struct cf_dec *d, unsigned opcode)
{
	return d->in.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
		d->in.opcode_map == ZYDIS_OPCODE_MAP_0F &&
		(d->in.opcode & 0xf0u) == opcode;
}

bool cf_decode_int(struct cf_dec *d)
{
	if (is_condition(d, 0x40))
		return decode_cmov(d);
	if (is_condition(d, 0x90))
		return decode_setcc(d);
	switch (d->in.mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
		return decode_mov(d);
	case ZYDIS_MNEMONIC_ADD:
		return decode_alu(d, CF_ALU_ADD);
	case ZYDIS_MNEMONIC_OR:
		return decode_alu(d, CF_ALU_OR);
	case ZYDIS_MNEMONIC_ADC:
		return decode_alu(d, CF_ALU_ADC);
	case ZYDIS_MNEMONIC_SBB:
		return decode_alu(d, CF_ALU_SBB);
	case ZYDIS_MNEMONIC_AND:
		return decode_alu(d, CF_ALU_AND);
	case ZYDIS_MNEMONIC_SUB:
		return decode_alu(d, CF_ALU_SUB);
	case ZYDIS_MNEMONIC_XOR:
		return decode_alu(d, CF_ALU_XOR);
	case ZYDIS_MNEMONIC_CMP:
		return decode_alu(d, CF_ALU_CMP);
	case ZYDIS_MNEMONIC_TEST:
		return decode_alu(d, CF_ALU_TEST);
	case ZYDIS_MNEMONIC_INC:
		return decode_unary(d, &cf_inc_fns);
	case ZYDIS_MNEMONIC_DEC:
		return decode_unary(d, &cf_dec_fns);
	case ZYDIS_MNEMONIC_NEG:
		return decode_unary(d, &cf_neg_fns);
	case ZYDIS_MNEMONIC_NOT:
		return decode_unary(d, &cf_not_fns);
	case ZYDIS_MNEMONIC_SHL:
		return decode_shift(d, CF_SHL);
	case ZYDIS_MNEMONIC_SHR:
		return decode_shift(d, CF_SHR);
	case ZYDIS_MNEMONIC_SAR:
		return decode_shift(d, CF_SAR);
	case ZYDIS_MNEMONIC_ROL:
		return decode_shift(d, CF_ROL);
	case ZYDIS_MNEMONIC_ROR:
		return decode_shift(d, CF_ROR);
	case ZYDIS_MNEMONIC_RCL:
		return decode_shift(d, CF_RCL);
	case ZYDIS_MNEMONIC_RCR:
		return decode_shift(d, CF_RCR);
	case ZYDIS_MNEMONIC_BT:
		return decode_bt(d, 0);
	case ZYDIS_MNEMONIC_BTS:
		return decode_bt(d, 1);
	case ZYDIS_MNEMONIC_BTR:
		return decode_bt(d, 2);
	case ZYDIS_MNEMONIC_BTC:
		return decode_bt(d, 3);
	case ZYDIS_MNEMONIC_CMPXCHG:
		return decode_exchange(d, cf_cmpxchg_r, cf_cmpxchg_m);
	case ZYDIS_MNEMONIC_XADD:
		return decode_exchange(d, cf_xadd_r, cf_xadd_m);
	case ZYDIS_MNEMONIC_XCHG:
		return decode_xchg(d);
	case ZYDIS_MNEMONIC_MOVZX:
		return decode_extend(d, false);
	case ZYDIS_MNEMONIC_MOVSXD:
		/* To 16 bits: from 32, says AMD's hardware; natively. */
		return d->in.operand_width != 16 && decode_extend(d, true);
	case ZYDIS_MNEMONIC_MOVSX:
		return decode_extend(d, true);
	case ZYDIS_MNEMONIC_LEA:
		return decode_lea(d);
	case ZYDIS_MNEMONIC_IMUL:
		return decode_imul(d);
	case ZYDIS_MNEMONIC_MUL:
		return decode_mul(d);
	default:
		return decode_simple(d);
	}
}
