/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AVX instructions whose memory operand is not one range: masked moves,
 * which neither read nor fault where the mask is clear, and gathers, which
 * keep what they have when an element faults.
 */
#include "accel/soft/insn/decode_priv.h"
#include "accel/soft/insn/ops_priv.h"

/* imm holds what does not fit into the operation's fields. */
#define IMM_VL(bytes)   ((uint64_t)(bytes))
#define IMM_DATA(reg)   ((uint64_t)(reg) << 8)   /* masked store: what */
#define IMM_INDEX(size) ((uint64_t)(size) << 16) /* gather: index size */
#define IMM_COUNT(n)    ((uint64_t)(n) << 24)    /* gather: elements */

static unsigned imm_byte(const struct op *op, unsigned at)
{
	return (unsigned)(op->imm >> at & 0xff);
}

/* Element i of a YMM register, whose halves are apart. */
static uint8_t *element(struct vcpu *cpu, unsigned reg, unsigned at)
{
	if (at < 16)
		return cpu->fpu.area + CF_FPU_XMM + 16 * reg + at;
	return cpu->fpu.area + CF_FPU_YMM_HIGH + 16 * reg + (at - 16);
}

static bool sign(struct vcpu *cpu, unsigned reg, unsigned at, unsigned size)
{
	return *element(cpu, reg, at + size - 1) & 0x80;
}

static void clear_from(struct vcpu *cpu, unsigned reg, unsigned at)
{
	for (; at < 32; at++)
		*element(cpu, reg, at) = 0;
}

static void require_avx(struct vcpu *cpu, const struct op *op)
{
	if (CF_UNLIKELY(!(cpu->mode >> CF_MODE_FPU_SHIFT >> CF_FPU_AVX & 1)))
		cf_raise(cpu, op,
			(int)cf_fpu_refusal(
				CF_FPU_AVX, cpu->cr0, cpu->cr4, cpu->fpu.xcr0));
}

/* dst: register; src: mask register. */
static const struct op *op_masked_load(struct vcpu *cpu, const struct op *op)
{
	unsigned vl = imm_byte(op, 0), size = op->size;
	uint8_t out[32] = { 0 };
	uint64_t addr;

	require_avx(cpu, op);
	addr = cf_ea_gen(cpu, op, vl, false);
	for (unsigned at = 0; at < vl; at += size) {
		if (!sign(cpu, op->src, at, size))
			continue;
		uint64_t v = cf_ld(cpu, op, addr + at, size);

		memcpy(out + at, &v, size);
	}
	for (unsigned at = 0; at < 32; at++)
		*element(cpu, op->dst, at) = out[at];
	return cf_next(cpu, op);
}

static const struct op *op_masked_store(struct vcpu *cpu, const struct op *op)
{
	unsigned vl = imm_byte(op, 0), data = imm_byte(op, 8);
	unsigned size = op->size;
	uint64_t addr;

	require_avx(cpu, op);
	addr = cf_ea_gen(cpu, op, vl, true);
	/* All that is to be written can be, before anything is. */
	for (unsigned at = 0; at < vl; at += size) {
		if (sign(cpu, op->src, at, size))
			cf_rmw(cpu, op, addr + at, size);
		cpu->rmw_pending = false;
	}
	for (unsigned at = 0; at < vl; at += size) {
		uint64_t v = 0;

		if (!sign(cpu, op->src, at, size))
			continue;
		memcpy(&v, element(cpu, data, at), size);
		cf_st(cpu, op, addr + at, size, v);
	}
	return cf_next(cpu, op);
}

static uint64_t gather_address(
	struct vcpu *cpu, const struct op *op, uint64_t index, unsigned size)
{
	uint64_t off = cf_get64(cpu, op->base) + (uint64_t)(int64_t)op->disp +
		(index << (op->shift & CF_EA_SHIFT));

	if (op->shift & CF_EA_32)
		off &= 0xffffffff;
	return cf_linear(cpu, op, op->seg, off, size, false);
}

/* dst: register; src: mask register; aux: index register. */
static const struct op *op_gather(struct vcpu *cpu, const struct op *op)
{
	unsigned size = op->size, isize = imm_byte(op, 16);
	unsigned count = imm_byte(op, 24);

	require_avx(cpu, op);
	for (unsigned i = 0; i < count; i++) {
		uint64_t index = 0, v;

		if (sign(cpu, op->src, i * size, size)) {
			memcpy(&index, element(cpu, op->aux, i * isize), isize);
			if (isize == 4)
				index = (uint64_t)(int64_t)(int32_t)index;
			v = cf_ld(cpu, op, gather_address(cpu, op, index, size),
				size);
			memcpy(element(cpu, op->dst, i * size), &v, size);
		}
		memset(element(cpu, op->src, i * size), 0, size);
	}
	clear_from(cpu, op->src, 0);
	clear_from(cpu, op->dst, count * size);
	return cf_next(cpu, op);
}

static uint8_t vector_id(const ZydisDecodedOperand *o)
{
	return (uint8_t)ZydisRegisterGetId(o->reg.value);
}

/* Load: register, mask, memory.  Store: memory, mask, register. */
static bool decode_masked(struct cf_dec *d, unsigned size)
{
	bool load = d->o[2].type == ZYDIS_OPERAND_TYPE_MEMORY;
	unsigned vl = d->o[load ? 2 : 0].size / 8u;

	cf_decode_mem_general(d, &d->o[load ? 2 : 0]);
	d->op->size = (uint8_t)size;
	d->op->src = vector_id(&d->o[1]);
	d->op->imm = IMM_VL(vl);
	if (load)
		d->op->dst = vector_id(&d->o[0]);
	else
		d->op->imm |= IMM_DATA(vector_id(&d->o[2]));
	d->op->fn = load ? op_masked_load : op_masked_store;
	return true;
}

static bool decode_gather(struct cf_dec *d, unsigned size, unsigned isize)
{
	unsigned vl = d->in.avx.vector_length == 256 ? 32 : 16;
	unsigned wider = size > isize ? size : isize;
	uint8_t dst = vector_id(&d->o[0]), mask = vector_id(&d->o[2]);
	uint8_t index = (uint8_t)ZydisRegisterGetId(d->o[1].mem.index);

	if (dst == mask || dst == index || mask == index)
		return false; /* #UD */
	cf_decode_mem_general(d, &d->o[1]);
	d->op->size = (uint8_t)size;
	d->op->dst = dst;
	d->op->src = mask;
	d->op->aux = index;
	d->op->imm = IMM_INDEX(isize) | IMM_COUNT(vl / wider);
	d->op->fn = op_gather;
	return true;
}

bool cf_decode_avx(struct cf_dec *d)
{
	switch (d->in.mnemonic) {
	case ZYDIS_MNEMONIC_VMASKMOVPS:
	case ZYDIS_MNEMONIC_VPMASKMOVD:
		return decode_masked(d, 4);
	case ZYDIS_MNEMONIC_VMASKMOVPD:
	case ZYDIS_MNEMONIC_VPMASKMOVQ:
		return decode_masked(d, 8);
	default:
		break;
	}
	if (d->in.meta.isa_ext != ZYDIS_ISA_EXT_AVX2GATHER)
		return false;
	switch (d->in.mnemonic) {
	case ZYDIS_MNEMONIC_VGATHERDPS:
	case ZYDIS_MNEMONIC_VPGATHERDD:
		return decode_gather(d, 4, 4);
	case ZYDIS_MNEMONIC_VGATHERQPS:
	case ZYDIS_MNEMONIC_VPGATHERQD:
		return decode_gather(d, 4, 8);
	case ZYDIS_MNEMONIC_VGATHERDPD:
	case ZYDIS_MNEMONIC_VPGATHERDQ:
		return decode_gather(d, 8, 4);
	case ZYDIS_MNEMONIC_VGATHERQPD:
	case ZYDIS_MNEMONIC_VPGATHERQQ:
		return decode_gather(d, 8, 8);
	default:
		return false;
	}
}
