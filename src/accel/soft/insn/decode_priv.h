/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From Zydis' instruction to a struct op.  Each cf_decode_*() takes one family
 * of instructions: true when it was one of them.
 */
#ifndef CF_ACCEL_SOFT_DECODE_PRIV_H
#define CF_ACCEL_SOFT_DECODE_PRIV_H

#include "accel/soft/insn/ops_priv.h"

#include <Zydis/Zydis.h>

struct cf_dec {
	struct vcpu *cpu;
	ZydisDecodedInstruction in;
	ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
	const uint8_t *bytes;
	struct op *op;
	uint64_t rip; /* of the block */
	bool ends;    /* the block ends with this one */
	bool native_full;
};

/* For the mode that the vCPU is in. */
void cf_decoder_init(const struct vcpu *cpu, ZydisDecoder *z);

bool cf_decode_int(struct cf_dec *d);
bool cf_decode_flow(struct cf_dec *d);
bool cf_decode_string(struct cf_dec *d);
bool cf_decode_sys(struct cf_dec *d);
bool cf_decode_avx(struct cf_dec *d);
bool cf_decode_native(struct cf_dec *d);
unsigned cf_decode_sev(struct cf_dec *d, unsigned avail);
/* Cheaper handlers where the block shows that they do. */
void cf_decode_polish(struct op *ops, unsigned n);

/* Byte offset of a general register in struct vcpu. */
uint8_t cf_reg_offset(ZydisRegister r);
enum cf_segment_index cf_seg_index(ZydisRegister r);
/* Fill the address of a memory operand; which form serves it. */
enum cf_ea cf_decode_mem(struct cf_dec *d, const ZydisDecodedOperand *o);
/* The same where handlers only have the general form. */
void cf_decode_mem_general(struct cf_dec *d, const ZydisDecodedOperand *o);

static inline bool cf_is_reg(const ZydisDecodedOperand *o)
{
	return o->type == ZYDIS_OPERAND_TYPE_REGISTER;
}

static inline bool cf_is_mem(const ZydisDecodedOperand *o)
{
	return o->type == ZYDIS_OPERAND_TYPE_MEMORY;
}

static inline bool cf_is_imm(const ZydisDecodedOperand *o)
{
	return o->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
}

static inline uint64_t cf_imm(const ZydisDecodedOperand *o)
{
	return o->imm.is_signed ? (uint64_t)o->imm.value.s : o->imm.value.u;
}

/* The handler for an instruction that raises #UD. */
cf_op_fn cf_op_ud;

#endif
