/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instruction as the host executes it: the guest's registers in the host
 * registers of the same names (so that hidden operands fit too), RSP
 * replaced, and the memory operand through a pointer in a register that the
 * instruction does not use.
 */
#include "accel/soft/native/native_code_priv.h"

#include <string.h>

#define BIT16(n) ((uint16_t)(1u << (n)))

#define CALLEE_SAVED                                                         \
	(BIT16(CF_RBX) | BIT16(CF_RBP) | BIT16(12) | BIT16(13) | BIT16(14) | \
		BIT16(CF_R15))
/* RAX carries flags and results, RSP is the stack. */
#define RESERVED (BIT16(CF_RAX) | BIT16(CF_RSP))

/* The argument's own register if free, else the first free of the list. */
static bool pick(uint16_t *taken, uint8_t first, uint8_t *out)
{
	static const uint8_t order[] = { CF_R8, 9, 10, 11, CF_RBX, CF_RBP, 12,
		13, 14, CF_R15 };

	if (!(*taken & BIT16(first))) {
		*out = first;
		*taken |= BIT16(first);
		return true;
	}
	for (size_t i = 0; i < CF_ARRAY_LEN(order); i++) {
		if (*taken & BIT16(order[i]))
			continue;
		*out = order[i];
		*taken |= BIT16(order[i]);
		return true;
	}
	return false;
}

/* No pointer may move into the register that another still arrives in, so
 * the arguments' registers are only ever used for themselves. */
static bool assign(struct cf_native_shape *s)
{
	struct cf_native_regs *r = &s->regs;
	uint16_t args =
		BIT16(CF_RDI) | BIT16(CF_RSI) | BIT16(CF_RDX) | BIT16(CF_RCX);
	uint16_t taken = s->gpr_used | RESERVED;
	uint16_t for_rsp = taken | args;

	/* RSP's substitute must be encodable beside AH, so without REX. */
	if (s->gpr_used & BIT16(CF_RSP)) {
		if (!pick(&for_rsp, CF_RBP, &r->rsp))
			return false;
		if (s->byte_high && r->rsp >= CF_R8)
			return false;
		taken |= BIT16(r->rsp);
	}
	if (s->mem_rdi) { /* no general registers beside it: RDI is free */
		if (s->gpr_used)
			return false;
		r->mem = CF_RDI;
	} else if (!pick(&taken, CF_RSI, &r->mem)) {
		return false;
	}
	if (!pick(&taken, CF_RDI, &r->gpr) || !pick(&taken, CF_RDX, &r->fpu) ||
		!pick(&taken, CF_RCX, &r->fl))
		return false;
	if (s->byte_high && s->op.mem_len && r->mem >= CF_R8)
		return false;
	r->saved = (taken & (uint16_t)~RESERVED) & CALLEE_SAVED;
	return true;
}

static ZydisRegister replace_rsp(ZydisRegister reg, uint8_t by)
{
	switch (reg) {
	case ZYDIS_REGISTER_RSP:
		return ZYDIS_REGISTER_RAX + by;
	case ZYDIS_REGISTER_ESP:
		return ZYDIS_REGISTER_EAX + by;
	case ZYDIS_REGISTER_SP:
		return ZYDIS_REGISTER_AX + by;
	case ZYDIS_REGISTER_SPL:
		return ZydisRegisterEncode(
			ZYDIS_REGCLASS_GPR8, (ZyanU8)(by < 4 ? by : by + 4));
	default:
		return reg;
	}
}

/* The encoder's result is decoded again: what runs on the host must be the
 * instruction that was looked at, and all of its bytes. */
static bool check(
	const ZydisDecodedInstruction *insn, const struct cf_native_shape *s)
{
	ZydisDecoder decoder;
	ZydisDecodedInstruction got;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];

	if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
		    ZYDIS_STACK_WIDTH_64)) ||
		!ZYAN_SUCCESS(ZydisDecoderDecodeFull(
			&decoder, s->insn, s->insn_len, &got, ops)))
		return false;
	if (got.mnemonic != insn->mnemonic || got.length != s->insn_len ||
		got.operand_count != insn->operand_count)
		return false;
	if (!s->op.mem_len)
		return true;
	const ZydisDecodedOperand *m = &ops[s->op.mem_operand];

	return m->type == ZYDIS_OPERAND_TYPE_MEMORY &&
		m->size == s->op.mem_len * 8 &&
		m->mem.base ==
		(ZydisRegister)(ZYDIS_REGISTER_RAX + s->regs.mem) &&
		m->mem.index == ZYDIS_REGISTER_NONE && !m->mem.disp.value;
}

bool cf_native_encode(const ZydisDecodedInstruction *insn,
	const ZydisDecodedOperand *operands, struct cf_native_shape *s)
{
	ZydisEncoderRequest req;
	uint8_t bytes[ZYDIS_MAX_INSTRUCTION_LENGTH];
	ZyanUSize len = sizeof bytes;

	if (!assign(s))
		return false;
	if (!ZYAN_SUCCESS(ZydisEncoderDecodedInstructionToEncoderRequest(
		    insn, operands, insn->operand_count_visible, &req)))
		return false;
	req.machine_mode = ZYDIS_MACHINE_MODE_LONG_64;
	req.prefixes &= ZYDIS_ATTRIB_HAS_LOCK;
	req.address_size_hint = ZYDIS_ADDRESS_SIZE_HINT_NONE;
	for (size_t i = 0; i < req.operand_count; i++) {
		ZydisEncoderOperand *o = &req.operands[i];

		if (o->type == ZYDIS_OPERAND_TYPE_REGISTER) {
			o->reg.value = replace_rsp(o->reg.value, s->regs.rsp);
		} else if (o->type == ZYDIS_OPERAND_TYPE_MEMORY) {
			o->mem.base = ZYDIS_REGISTER_RAX + s->regs.mem;
			o->mem.index = ZYDIS_REGISTER_NONE;
			o->mem.scale = 0;
			o->mem.displacement = 0;
		}
	}
	if (!ZYAN_SUCCESS(ZydisEncoderEncodeInstruction(&req, bytes, &len)))
		return false;
	memcpy(s->insn, bytes, len);
	s->insn_len = (uint8_t)len;
	return check(insn, s);
}
