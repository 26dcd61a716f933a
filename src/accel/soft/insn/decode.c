/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding a block: Zydis reads the instructions, decode_*.c choose handlers. */
#include "accel/soft/insn/decode_priv.h"
#include "accel/soft/block_priv.h"

#include <string.h>

uint8_t cf_reg_offset(ZydisRegister r)
{
	if (r >= ZYDIS_REGISTER_AL && r <= ZYDIS_REGISTER_BL)
		return (uint8_t)((r - ZYDIS_REGISTER_AL) * 8);
	if (r >= ZYDIS_REGISTER_AH && r <= ZYDIS_REGISTER_BH)
		return (uint8_t)((r - ZYDIS_REGISTER_AH) * 8 + 1);
	if (r >= ZYDIS_REGISTER_SPL && r <= ZYDIS_REGISTER_DIL)
		return (uint8_t)((r - ZYDIS_REGISTER_SPL + 4) * 8);
	if (r >= ZYDIS_REGISTER_R8B && r <= ZYDIS_REGISTER_R15B)
		return (uint8_t)((r - ZYDIS_REGISTER_R8B + 8) * 8);
	if (r >= ZYDIS_REGISTER_AX && r <= ZYDIS_REGISTER_R15W)
		return (uint8_t)((r - ZYDIS_REGISTER_AX) * 8);
	if (r >= ZYDIS_REGISTER_EAX && r <= ZYDIS_REGISTER_R15D)
		return (uint8_t)((r - ZYDIS_REGISTER_EAX) * 8);
	if (r >= ZYDIS_REGISTER_RAX && r <= ZYDIS_REGISTER_R15)
		return (uint8_t)((r - ZYDIS_REGISTER_RAX) * 8);
	if (r == ZYDIS_REGISTER_RIP || r == ZYDIS_REGISTER_EIP)
		return CF_R_RIP * 8;
	return CF_R_ZERO * 8;
}

enum cf_segment_index cf_seg_index(ZydisRegister r)
{
	switch (r) {
	case ZYDIS_REGISTER_ES:
		return CF_SEG_ES;
	case ZYDIS_REGISTER_CS:
		return CF_SEG_CS;
	case ZYDIS_REGISTER_SS:
		return CF_SEG_SS;
	case ZYDIS_REGISTER_FS:
		return CF_SEG_FS;
	case ZYDIS_REGISTER_GS:
		return CF_SEG_GS;
	default:
		return CF_SEG_DS;
	}
}

/* Base 5 of mode 0 in a SIB byte is a displacement alone, whatever REX.B says;
 * Zydis 4.0 takes it for R13D when addresses have 32 bits. */
static bool no_base(const struct cf_dec *d, const ZydisDecodedOperand *o)
{
	return o->encoding == ZYDIS_OPERAND_ENCODING_MODRM_RM &&
		(d->in.attributes & ZYDIS_ATTRIB_HAS_SIB) &&
		d->in.raw.modrm.mod == 0 && d->in.raw.sib.base == 5;
}

enum cf_ea cf_decode_mem(struct cf_dec *d, const ZydisDecodedOperand *o)
{
	struct op *op = d->op;
	enum cf_segment_index seg = cf_seg_index(o->mem.segment);
	int64_t disp = o->mem.disp.value;
	bool has_index = o->mem.index != ZYDIS_REGISTER_NONE;
	bool has_base = o->mem.base != ZYDIS_REGISTER_NONE && !no_base(d, o);

	if (o->mem.base != ZYDIS_REGISTER_NONE && !has_base)
		disp = d->in.raw.disp.value;
	op->seg = (uint8_t)seg;
	op->base = cf_reg_offset(has_base ? o->mem.base : ZYDIS_REGISTER_NONE);
	op->index = cf_reg_offset(o->mem.index);
	op->shift = 0;
	if (has_index && o->mem.scale > 1)
		op->shift = (uint8_t)__builtin_ctz(o->mem.scale);
	if (op->base == CF_R_RIP * 8)
		disp += op->off + op->len;
	op->disp = (int32_t)disp;
	if (d->in.address_width == 16)
		op->shift |= CF_EA_16;
	else if (d->in.address_width == 32)
		op->shift |= CF_EA_32;
	if (!(d->cpu->mode & CF_MODE_L) || d->in.address_width != 64)
		return CF_EA_GEN;
	if (seg == CF_SEG_FS || seg == CF_SEG_GS) {
		uint8_t base = (seg == CF_SEG_FS ? CF_R_FS : CF_R_GS) * 8;

		/* The base of FS and GS is a register like any other. */
		if (!has_base)
			op->base = base;
		else if (!has_index)
			op->index = base;
		else
			return CF_EA_GEN;
		op->seg = CF_SEG_DS;
		return has_base || has_index ? CF_EA_BIS : CF_EA_BD;
	}
	return has_index ? CF_EA_BIS : CF_EA_BD;
}

void cf_decode_mem_general(struct cf_dec *d, const ZydisDecodedOperand *o)
{
	(void)cf_decode_mem(d, o);
}

void cf_decoder_init(const struct vcpu *cpu, ZydisDecoder *z)
{
	if (cpu->mode & CF_MODE_L)
		ZydisDecoderInit(
			z, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	else if (cpu->mode & CF_MODE_D)
		ZydisDecoderInit(
			z, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
	else if (cpu->mode & CF_MODE_PE)
		ZydisDecoderInit(
			z, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
	else
		ZydisDecoderInit(
			z, ZYDIS_MACHINE_MODE_REAL_16, ZYDIS_STACK_WIDTH_16);
	ZydisDecoderEnableMode(z, ZYDIS_DECODER_MODE_AMD_BRANCHES, ZYAN_TRUE);
	ZydisDecoderEnableMode(z, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
	ZydisDecoderEnableMode(z, ZYDIS_DECODER_MODE_CET, ZYAN_FALSE);
}

const struct op *cf_op_ud(struct vcpu *cpu, const struct op *op)
{
	cf_raise(cpu, op, CF_VEC_UD);
}

/* An instruction that has more than 15 bytes. */
static const struct op *op_too_long(struct vcpu *cpu, const struct op *op)
{
	cf_raise_error(cpu, op, CF_VEC_GP, 0);
}

/* F3 REX.B 90 is XCHG with R8, its prefix without meaning, which Zydis 4.0
 * takes for PAUSE. */
static ZyanStatus decode_as_xchg(struct cf_dec *d, const ZydisDecoder *z)
{
	uint8_t bytes[15];
	size_t n = d->in.length;

	memcpy(bytes, d->bytes, n);
	for (size_t i = 0; i < n; i++)
		if (bytes[i] == 0xf3)
			bytes[i] = 0x3e; /* DS, without meaning too */
	return ZydisDecoderDecodeFull(z, bytes, n, &d->in, d->o);
}

enum decoded { DECODED, TRUNCATED, FULL };

static enum decoded decode_one(
	struct cf_dec *d, const ZydisDecoder *z, unsigned avail)
{
	ZyanStatus st;

	if (d->cpu->vm->es && cf_decode_sev(d, avail))
		return DECODED;
	st = ZydisDecoderDecodeFull(
		z, d->bytes, avail > 15 ? 15 : avail, &d->in, d->o);
	if (st == ZYDIS_STATUS_NO_MORE_DATA && avail < 15)
		return TRUNCATED;
	if (st == ZYDIS_STATUS_NO_MORE_DATA ||
		st == ZYDIS_STATUS_INSTRUCTION_TOO_LONG) {
		d->op->len = 15;
		d->op->fn = op_too_long;
		d->ends = true;
		return DECODED;
	}
	if (ZYAN_SUCCESS(st) && d->in.mnemonic == ZYDIS_MNEMONIC_PAUSE &&
		d->in.raw.rex.B)
		st = decode_as_xchg(d, z);
	if (!ZYAN_SUCCESS(st)) {
		d->op->len = 1;
		d->op->fn = cf_op_ud;
		d->ends = true;
		return DECODED;
	}
	d->op->len = d->in.length;
	d->op->size = (uint8_t)(d->in.operand_width / 8);
	if (cf_decode_sys(d) || cf_decode_int(d) || cf_decode_flow(d) ||
		cf_decode_string(d) || cf_decode_avx(d) || cf_decode_native(d))
		return d->native_full ? FULL : DECODED;
	d->op->fn = cf_op_ud;
	d->ends = true;
	return DECODED;
}

/* Behind the last instruction: go on with what follows it. */
static void end_marker(struct op *op, const struct vcpu *cpu, unsigned nops,
	unsigned len, uint64_t rip)
{
	bool same_page = (rip & 0xfff) + len < 0x1000;

	*op = (struct op) {
		.fn = same_page && (cpu->mode & CF_MODE_L) ? cf_op_end
							   : cf_op_end_far,
		.off = (uint16_t)len,
		.idx = (uint8_t)nops,
		.disp = (int32_t)len,
		.base = CF_R_ZERO * 8,
		.index = CF_R_ZERO * 8,
	};
}

void cf_decode_block(struct vcpu *cpu, const uint8_t *code, unsigned avail,
	unsigned max_ops, uint64_t rip, struct op *ops,
	struct cf_decode_out *out)
{
	struct cf_dec d = { .cpu = cpu, .rip = rip };
	unsigned n = 0, len = 0;
	ZydisDecoder z;

	cf_decoder_init(cpu, &z);
	*out = (struct cf_decode_out) { 0 };
	while (n < max_ops && !d.ends && len < avail) {
		enum decoded r;

		d.op = &ops[n];
		d.bytes = code + len;
		*d.op = (struct op) {
			.off = (uint16_t)len,
			.idx = (uint8_t)n,
			.base = CF_R_ZERO * 8,
			.index = CF_R_ZERO * 8,
			.seg = CF_SEG_DS,
		};
		r = decode_one(&d, &z, avail - len);
		if (r == TRUNCATED) {
			out->truncated = n == 0;
			break;
		}
		if (r == FULL)
			break;
		len += d.op->len;
		n++;
	}
	cf_decode_polish(ops, n);
	end_marker(&ops[n], cpu, n, len, rip);
	out->nops = n;
	out->len = len;
}
