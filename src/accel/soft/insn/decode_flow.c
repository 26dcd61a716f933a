/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing handlers: near branches, the stack, strings, native execution. */
#include "accel/soft/insn/decode_priv.h"
#include "accel/soft/block_priv.h"

static bool is_long(const struct cf_dec *d)
{
	return d->cpu->mode & CF_MODE_L;
}

/* Target minus block start, for a relative branch. */
static void set_target(struct cf_dec *d)
{
	const ZydisDecodedOperand *t = &d->o[0];

	d->op->disp = (int32_t)(t->imm.value.s + d->op->off + d->op->len);
	d->op->size = (uint8_t)(d->in.operand_width / 8);
}

static bool on_block_page(const struct cf_dec *d)
{
	int64_t at = (int64_t)(d->rip & 0xfff) + d->op->disp;

	return at >= 0 && at < 0x1000;
}

/* 64-bit code with the operand size that branches have there. */
static bool is_plain(const struct cf_dec *d)
{
	return is_long(d) && d->in.operand_width == 64;
}

static bool decode_jcc(struct cf_dec *d)
{
	unsigned cc = d->in.opcode & 15;

	set_target(d);
	if (!is_plain(d))
		d->op->fn = cf_jcc_legacy[cc];
	else
		d->op->fn =
			on_block_page(d) ? cf_jcc_linked[cc] : cf_jcc_far[cc];
	return true;
}

static bool decode_jmp(struct cf_dec *d)
{
	const ZydisDecodedOperand *a = &d->o[0];

	if (d->in.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return false;
	d->ends = true;
	d->op->size = (uint8_t)(d->in.operand_width / 8);
	if (cf_is_imm(a)) {
		set_target(d);
		if (!is_plain(d))
			d->op->fn = cf_op_jmp_legacy;
		else
			d->op->fn =
				on_block_page(d) ? cf_op_jmp_linked : cf_op_jmp;
	} else if (cf_is_reg(a)) {
		d->op->dst = cf_reg_offset(a->reg.value);
		d->op->fn = is_plain(d) ? cf_op_jmp_r : cf_op_jmp_r_legacy;
	} else {
		cf_decode_mem_general(d, a);
		d->op->fn = is_plain(d) ? cf_op_jmp_m : cf_op_jmp_m_legacy;
	}
	return true;
}

static bool decode_call(struct cf_dec *d)
{
	const ZydisDecodedOperand *a = &d->o[0];

	if (d->in.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return false;
	d->ends = true;
	d->op->size = (uint8_t)(d->in.operand_width / 8);
	if (cf_is_imm(a)) {
		set_target(d);
		if (!is_plain(d))
			d->op->fn = cf_op_call_legacy;
		else
			d->op->fn = on_block_page(d) ? cf_op_call_linked
						     : cf_op_call;
	} else if (cf_is_reg(a)) {
		d->op->dst = cf_reg_offset(a->reg.value);
		d->op->fn = is_plain(d) ? cf_op_call_r : cf_op_call_r_legacy;
	} else {
		cf_decode_mem_general(d, a);
		d->op->fn = is_plain(d) ? cf_op_call_m : cf_op_call_m_legacy;
	}
	return true;
}

static bool decode_ret(struct cf_dec *d)
{
	if (d->in.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		return false;
	d->ends = true;
	d->op->size = (uint8_t)(d->in.operand_width / 8);
	if (d->in.operand_count_visible)
		d->op->imm = d->o[0].imm.value.u & 0xffff;
	if (!is_plain(d))
		d->op->fn = cf_op_ret_legacy;
	else
		d->op->fn = d->op->imm ? cf_op_ret_imm : cf_op_ret;
	return true;
}

static bool decode_loop(struct cf_dec *d, unsigned kind)
{
	set_target(d);
	d->op->aux = (uint8_t)kind;
	d->op->src = (uint8_t)(d->in.address_width / 8);
	d->op->fn = cf_op_loop;
	return true;
}

static bool is_sreg(const ZydisDecodedOperand *o)
{
	return cf_is_reg(o) &&
		ZydisRegisterGetClass(o->reg.value) == ZYDIS_REGCLASS_SEGMENT;
}

static bool decode_push(struct cf_dec *d)
{
	const ZydisDecodedOperand *a = &d->o[0];
	bool plain = is_plain(d);

	if (is_sreg(a))
		return false;
	d->op->size = (uint8_t)(d->in.operand_width / 8);
	if (cf_is_reg(a)) {
		d->op->dst = cf_reg_offset(a->reg.value);
		d->op->fn = plain ? cf_op_push64_r : cf_op_push_r;
	} else if (cf_is_imm(a)) {
		d->op->imm = cf_imm(a);
		d->op->fn = plain ? cf_op_push64_i : cf_op_push_i;
	} else {
		cf_decode_mem_general(d, a);
		d->op->fn = plain ? cf_op_push64_m : cf_op_push_m;
	}
	return true;
}

static bool decode_pop(struct cf_dec *d)
{
	const ZydisDecodedOperand *a = &d->o[0];

	if (is_sreg(a))
		return false;
	d->op->size = (uint8_t)(d->in.operand_width / 8);
	if (cf_is_reg(a)) {
		d->op->dst = cf_reg_offset(a->reg.value);
		d->op->fn = is_plain(d) ? cf_op_pop64_r : cf_op_pop_r;
	} else {
		cf_decode_mem_general(d, a);
		d->op->fn = cf_op_pop_m;
	}
	return true;
}

static bool set_fn(struct cf_dec *d, cf_op_fn *fn)
{
	d->op->size = (uint8_t)(d->in.operand_width / 8);
	d->op->fn = fn;
	return true;
}

/* A bad address of theirs is #SS, not #GP. */
static bool uses_stack(ZydisMnemonic m)
{
	switch (m) {
	case ZYDIS_MNEMONIC_CALL:
	case ZYDIS_MNEMONIC_ENTER:
	case ZYDIS_MNEMONIC_LEAVE:
	case ZYDIS_MNEMONIC_POP:
	case ZYDIS_MNEMONIC_PUSH:
	case ZYDIS_MNEMONIC_PUSHF:
	case ZYDIS_MNEMONIC_PUSHFQ:
	case ZYDIS_MNEMONIC_RET:
		return true;
	default:
		return false;
	}
}

bool cf_decode_flow(struct cf_dec *d)
{
	if (uses_stack(d->in.mnemonic))
		d->op->seg = CF_SEG_SS;
	if (d->in.meta.category == ZYDIS_CATEGORY_COND_BR &&
		((d->in.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
			 (d->in.opcode & 0xf0) == 0x70) ||
			(d->in.opcode_map == ZYDIS_OPCODE_MAP_0F &&
				(d->in.opcode & 0xf0) == 0x80)))
		return decode_jcc(d);
	switch (d->in.mnemonic) {
	case ZYDIS_MNEMONIC_JMP:
		return decode_jmp(d);
	case ZYDIS_MNEMONIC_CALL:
		return decode_call(d);
	case ZYDIS_MNEMONIC_RET:
		return decode_ret(d);
	case ZYDIS_MNEMONIC_LOOPNE:
		return decode_loop(d, 0);
	case ZYDIS_MNEMONIC_LOOPE:
		return decode_loop(d, 1);
	case ZYDIS_MNEMONIC_LOOP:
		return decode_loop(d, 2);
	case ZYDIS_MNEMONIC_JCXZ:
	case ZYDIS_MNEMONIC_JECXZ:
	case ZYDIS_MNEMONIC_JRCXZ:
		return decode_loop(d, 3);
	case ZYDIS_MNEMONIC_PUSH:
		return decode_push(d);
	case ZYDIS_MNEMONIC_POP:
		return decode_pop(d);
	case ZYDIS_MNEMONIC_LEAVE:
		return set_fn(d, is_plain(d) ? cf_op_leave64 : cf_op_leave);
	case ZYDIS_MNEMONIC_ENTER:
		d->op->imm = d->o[0].imm.value.u & 0xffff;
		d->op->aux = (uint8_t)d->o[1].imm.value.u;
		return set_fn(d, cf_op_enter);
	case ZYDIS_MNEMONIC_PUSHA:
	case ZYDIS_MNEMONIC_PUSHAD:
		return set_fn(d, cf_op_pusha);
	case ZYDIS_MNEMONIC_POPA:
	case ZYDIS_MNEMONIC_POPAD:
		return set_fn(d, cf_op_popa);
	case ZYDIS_MNEMONIC_PUSHF:
	case ZYDIS_MNEMONIC_PUSHFD:
	case ZYDIS_MNEMONIC_PUSHFQ:
		return set_fn(d, cf_op_pushf);
	default:
		return false;
	}
}

/* Strings: size of the element, address size in shift, prefix in aux. */
bool cf_decode_string(struct cf_dec *d)
{
	static const struct {
		ZydisMnemonic mnemonic;
		cf_op_fn *fn;
		uint8_t size;
	} table[] = {
		{ ZYDIS_MNEMONIC_MOVSB, cf_op_movs, 1 },
		{ ZYDIS_MNEMONIC_MOVSW, cf_op_movs, 2 },
		{ ZYDIS_MNEMONIC_MOVSD, cf_op_movs, 4 },
		{ ZYDIS_MNEMONIC_MOVSQ, cf_op_movs, 8 },
		{ ZYDIS_MNEMONIC_STOSB, cf_op_stos, 1 },
		{ ZYDIS_MNEMONIC_STOSW, cf_op_stos, 2 },
		{ ZYDIS_MNEMONIC_STOSD, cf_op_stos, 4 },
		{ ZYDIS_MNEMONIC_STOSQ, cf_op_stos, 8 },
		{ ZYDIS_MNEMONIC_LODSB, cf_op_lods, 1 },
		{ ZYDIS_MNEMONIC_LODSW, cf_op_lods, 2 },
		{ ZYDIS_MNEMONIC_LODSD, cf_op_lods, 4 },
		{ ZYDIS_MNEMONIC_LODSQ, cf_op_lods, 8 },
		{ ZYDIS_MNEMONIC_SCASB, cf_op_scas, 1 },
		{ ZYDIS_MNEMONIC_SCASW, cf_op_scas, 2 },
		{ ZYDIS_MNEMONIC_SCASD, cf_op_scas, 4 },
		{ ZYDIS_MNEMONIC_SCASQ, cf_op_scas, 8 },
		{ ZYDIS_MNEMONIC_CMPSB, cf_op_cmps, 1 },
		{ ZYDIS_MNEMONIC_CMPSW, cf_op_cmps, 2 },
		{ ZYDIS_MNEMONIC_CMPSD, cf_op_cmps, 4 },
		{ ZYDIS_MNEMONIC_CMPSQ, cf_op_cmps, 8 },
		{ ZYDIS_MNEMONIC_INSB, cf_op_ins, 1 },
		{ ZYDIS_MNEMONIC_INSW, cf_op_ins, 2 },
		{ ZYDIS_MNEMONIC_INSD, cf_op_ins, 4 },
		{ ZYDIS_MNEMONIC_OUTSB, cf_op_outs, 1 },
		{ ZYDIS_MNEMONIC_OUTSW, cf_op_outs, 2 },
		{ ZYDIS_MNEMONIC_OUTSD, cf_op_outs, 4 },
	};
	unsigned i, k;

	/* MOVSD and CMPSD are also names of SSE instructions. */
	if (d->in.opcode_map != ZYDIS_OPCODE_MAP_DEFAULT)
		return false;
	for (i = 0; i < CF_ARRAY_LEN(table); i++) {
		if (table[i].mnemonic == d->in.mnemonic)
			break;
	}
	if (i == CF_ARRAY_LEN(table))
		return false;
	d->op->fn = table[i].fn;
	d->op->size = table[i].size;
	d->op->src = (uint8_t)(d->in.address_width / 8);
	/* The source's segment can be overridden, never ES of the other. */
	for (k = 0; k < d->in.operand_count; k++) {
		const ZydisDecodedOperand *o = &d->o[k];

		if (cf_is_mem(o) && o->mem.segment != ZYDIS_REGISTER_ES &&
			cf_reg_offset(o->mem.base) == CF_RSI * 8)
			d->op->seg = (uint8_t)cf_seg_index(o->mem.segment);
		if (cf_is_mem(o) && o->mem.segment == ZYDIS_REGISTER_ES &&
			cf_reg_offset(o->mem.base) == CF_RSI * 8)
			d->op->seg = CF_SEG_ES;
	}
	if (d->in.attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE))
		d->op->aux = 1;
	else if (d->in.attributes & ZYDIS_ATTRIB_HAS_REPNE)
		d->op->aux = 2;
	/* Long ones stop in the middle; ports end their block. */
	d->ends = d->op->fn == cf_op_ins || d->op->fn == cf_op_outs;
	return true;
}

/* imm: the struct cf_native_op. */
static const struct cf_native_op *native_of(const struct op *op)
{
	return (const struct cf_native_op *)(uintptr_t)op->imm;
}

static void require_fpu(
	struct vcpu *cpu, const struct op *op, const struct cf_native_op *n)
{
	if (CF_UNLIKELY(!(cpu->mode >> CF_MODE_FPU_SHIFT >> n->need & 1)))
		cf_raise(cpu, op,
			(int)cf_fpu_refusal(
				n->need, cpu->cr0, cpu->cr4, cpu->fpu.xcr0));
}

static _Noreturn void native_fault(
	struct vcpu *cpu, const struct op *op, uint32_t result)
{
	int vector = (int)cf_native_vector(result);

	cpu->rmw_pending = false;
	if (vector == CF_VEC_GP || vector == CF_VEC_AC)
		cf_raise_error(cpu, op, vector, 0);
	if (vector == CF_VEC_XM && !(cpu->cr4 & CF_CR4_OSXMMEXCPT))
		vector = CF_VEC_UD;
	cf_raise(cpu, op, vector);
}

static const struct op *op_native_reg(struct vcpu *cpu, const struct op *op)
{
	const struct cf_native_op *n = native_of(op);
	uint32_t r;

	require_fpu(cpu, op, n);
	r = n->run(cpu->r, NULL, &cpu->fpu, &cpu->fl);
	if (CF_UNLIKELY(r))
		native_fault(cpu, op, r);
	return cf_next(cpu, op);
}

static const struct op *op_native_mem(struct vcpu *cpu, const struct op *op)
{
	const struct cf_native_op *n = native_of(op);
	unsigned len = n->mem_len;
	uint64_t addr;
	void *mem;
	uint32_t r;

	require_fpu(cpu, op, n);
	if (n->waits && cf_fpu_pending(&cpu->fpu))
		cf_raise(cpu, op, CF_VEC_MF);
	if (len == CF_NATIVE_LEN_XSAVE)
		len = (unsigned)cf_fpu_xsave_len(&cpu->fpu, cpu->r);
	addr = cf_ea_gen(cpu, op, len, n->mem_write);
	if (n->mem_align > 1 && (addr & (n->mem_align - 1u)))
		cf_raise_error(cpu, op, CF_VEC_GP, 0);
	if (!n->mem_write)
		mem = (void *)(uintptr_t)cf_mem_read(cpu, op, addr, len);
	else if (n->mem_read)
		mem = cf_rmw(cpu, op, addr, len);
	else
		mem = cf_mem_write(cpu, op, addr, len);
	r = n->run(cpu->r, mem, &cpu->fpu, &cpu->fl);
	if (CF_UNLIKELY(r))
		native_fault(cpu, op, r);
	cf_mem_commit(cpu);
	return cf_next(cpu, op);
}

bool cf_decode_native(struct cf_dec *d)
{
	struct cf_native_op n, *kept;

	switch (cf_native_compile(d->cpu->vm->native, &d->in, d->o, &n)) {
	case CF_NATIVE_OK:
		break;
	case CF_NATIVE_FULL:
		d->native_full = true;
		return true;
	default:
		return false;
	}
	kept = cf_blocks_alloc(d->cpu, sizeof(*kept));
	if (!kept) {
		d->native_full = true;
		return true;
	}
	*kept = n;
	if (n.mem_len)
		cf_decode_mem_general(d, &d->o[n.mem_operand]);
	d->op->imm = (uint64_t)(uintptr_t)kept;
	d->op->fn = n.mem_len ? op_native_mem : op_native_reg;
	return true;
}
