/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions that 64-bit mode dropped: BCD arithmetic and BOUND. */
#include "accel/soft/insn/ops_sys_priv.h"

#define AL (CF_RAX * 8)
#define AH (CF_RAX * 8 + 1)
#define AX (CF_RAX * 8)

/* Flags by a result in AL; the rest by hand. */
static void set_flags(struct vcpu *cpu, uint8_t al, bool cf, bool af)
{
	uint64_t fl = 0;

	cf_test8(cpu, al, al);
	fl = cf_flags_status(cpu) & (CF_FL_SF | CF_FL_ZF | CF_FL_PF);
	cf_flags_set_status(
		cpu, fl | (cf ? CF_FL_CF : 0) | (af ? CF_FL_AF : 0));
}

static bool flag(const struct vcpu *cpu, uint64_t bit)
{
	return cf_flags_status(cpu) & bit;
}

static const struct op *ascii_adjust(
	struct vcpu *cpu, const struct op *op, int sign)
{
	uint16_t ax = cf_get16(cpu, AX);
	bool adjust = (ax & 0xf) > 9 || flag(cpu, CF_FL_AF);

	cf_sys_begin(cpu, op);
	if (adjust)
		ax = (uint16_t)(ax + sign * 0x106);
	cf_set16(cpu, AX, ax & 0xff0f);
	set_flags(cpu, ax & 0xf, adjust, adjust);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_aaa(struct vcpu *cpu, const struct op *op)
{
	return ascii_adjust(cpu, op, 1);
}

const struct op *cf_op_aas(struct vcpu *cpu, const struct op *op)
{
	return ascii_adjust(cpu, op, -1);
}

static const struct op *decimal_adjust(
	struct vcpu *cpu, const struct op *op, int sign)
{
	uint8_t old = cf_get8(cpu, AL), al = old;
	bool cf = flag(cpu, CF_FL_CF), af = false, new_cf = false;

	cf_sys_begin(cpu, op);
	if ((al & 0xf) > 9 || flag(cpu, CF_FL_AF)) {
		new_cf = cf || (sign > 0 ? al > 0xf9 : al < 6);
		al = (uint8_t)(al + sign * 6);
		af = true;
	}
	if (old > 0x99 || cf) {
		al = (uint8_t)(al + sign * 0x60);
		new_cf = true;
	}
	cf_set8(cpu, AL, al);
	set_flags(cpu, al, new_cf, af);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_daa(struct vcpu *cpu, const struct op *op)
{
	return decimal_adjust(cpu, op, 1);
}

const struct op *cf_op_das(struct vcpu *cpu, const struct op *op)
{
	return decimal_adjust(cpu, op, -1);
}

const struct op *cf_op_aam(struct vcpu *cpu, const struct op *op)
{
	uint8_t base = (uint8_t)op->imm, al = cf_get8(cpu, AL);

	cf_sys_begin(cpu, op);
	if (!base)
		cf_raise(cpu, NULL, CF_VEC_DE);
	cf_set8(cpu, AH, al / base);
	cf_set8(cpu, AL, al % base);
	set_flags(cpu, al % base, false, false);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_aad(struct vcpu *cpu, const struct op *op)
{
	uint8_t al = (uint8_t)(cf_get8(cpu, AL) +
		cf_get8(cpu, AH) * (uint8_t)op->imm);

	cf_sys_begin(cpu, op);
	cf_set16(cpu, AX, al);
	set_flags(cpu, al, false, false);
	return cf_sys_done(cpu, op);
}

const struct op *cf_op_bound(struct vcpu *cpu, const struct op *op)
{
	unsigned size = op->size, shift = size == 2 ? 48 : 32;
	uint64_t addr;
	int64_t v, low, high;

	cf_sys_begin(cpu, op);
	addr = cf_sys_ea(cpu, op, size * 2, false);
	v = (int64_t)(cf_get_size(cpu, op->src, size) << shift) >> shift;
	low = (int64_t)(cf_ld(cpu, NULL, addr, size) << shift) >> shift;
	high = (int64_t)(cf_ld(cpu, NULL, addr + size, size) << shift) >> shift;
	if (v < low || v > high)
		cf_raise(cpu, NULL, CF_VEC_BR);
	return cf_sys_done(cpu, op);
}
