/* SPDX-License-Identifier: Apache-2.0 */
/* Operations that read flags or set them directly: CMOVcc, SETcc, flags. */
#include "accel/soft/insn/ops_priv.h"

#define DEFINE_COND(cc)                                                      \
	static const struct op *cmov32_rr_##cc(                              \
		struct vcpu *cpu, const struct op *op)                       \
	{                                                                    \
		uint32_t v = cf_get32(cpu, op->dst);                         \
                                                                             \
		if (cf_cond(cpu, cc))                                        \
			v = cf_get32(cpu, op->src);                          \
		cf_set32(cpu, op->dst, v);                                   \
		return cf_next(cpu, op);                                     \
	}                                                                    \
	static const struct op *cmov64_rr_##cc(                              \
		struct vcpu *cpu, const struct op *op)                       \
	{                                                                    \
		uint64_t v = cf_get64(cpu, op->dst);                         \
                                                                             \
		if (cf_cond(cpu, cc))                                        \
			v = cf_get64(cpu, op->src);                          \
		cf_set64(cpu, op->dst, v);                                   \
		return cf_next(cpu, op);                                     \
	}                                                                    \
	static const struct op *cmov32_rm_##cc(                              \
		struct vcpu *cpu, const struct op *op)                       \
	{                                                                    \
		uint32_t m = cf_ld32(cpu, op, cf_ea_gen(cpu, op, 4, false)); \
		uint32_t v = cf_get32(cpu, op->dst);                         \
                                                                             \
		cf_set32(cpu, op->dst, cf_cond(cpu, cc) ? m : v);            \
		return cf_next(cpu, op);                                     \
	}                                                                    \
	static const struct op *cmov64_rm_##cc(                              \
		struct vcpu *cpu, const struct op *op)                       \
	{                                                                    \
		uint64_t m = cf_ld64(cpu, op, cf_ea_gen(cpu, op, 8, false)); \
		uint64_t v = cf_get64(cpu, op->dst);                         \
                                                                             \
		cf_set64(cpu, op->dst, cf_cond(cpu, cc) ? m : v);            \
		return cf_next(cpu, op);                                     \
	}                                                                    \
	static const struct op *setcc_r_##cc(                                \
		struct vcpu *cpu, const struct op *op)                       \
	{                                                                    \
		cf_set8(cpu, op->dst, cf_cond(cpu, cc));                     \
		return cf_next(cpu, op);                                     \
	}
DEFINE_COND(0)
DEFINE_COND(1)
DEFINE_COND(2)
DEFINE_COND(3)
DEFINE_COND(4)
DEFINE_COND(5)
DEFINE_COND(6)
DEFINE_COND(7)
DEFINE_COND(8)
DEFINE_COND(9)
DEFINE_COND(10)
DEFINE_COND(11)
DEFINE_COND(12)
DEFINE_COND(13)
DEFINE_COND(14)
DEFINE_COND(15)

#define BY_COND(n)                                                             \
	{                                                                      \
		n##_0, n##_1, n##_2, n##_3, n##_4, n##_5, n##_6, n##_7, n##_8, \
			n##_9, n##_10, n##_11, n##_12, n##_13, n##_14, n##_15  \
	}
cf_op_fn *const cf_cmov_rr[2][16] = { BY_COND(cmov32_rr), BY_COND(cmov64_rr) };
cf_op_fn *const cf_cmov_rm[2][16] = { BY_COND(cmov32_rm), BY_COND(cmov64_rm) };
cf_op_fn *const cf_setcc_r[16] = BY_COND(setcc_r);

const struct op *cf_op_cmov16_rr(struct vcpu *cpu, const struct op *op)
{
	if (cf_cond(cpu, op->aux))
		cf_set16(cpu, op->dst, cf_get16(cpu, op->src));
	return cf_next(cpu, op);
}

const struct op *cf_op_cmov16_rm(struct vcpu *cpu, const struct op *op)
{
	uint16_t m = cf_ld16(cpu, op, cf_ea_gen(cpu, op, 2, false));

	if (cf_cond(cpu, op->aux))
		cf_set16(cpu, op->dst, m);
	return cf_next(cpu, op);
}

const struct op *cf_op_setcc_m(struct vcpu *cpu, const struct op *op)
{
	cf_st8(cpu, op, cf_ea_gen(cpu, op, 1, true), cf_cond(cpu, op->aux));
	return cf_next(cpu, op);
}

const struct op *cf_op_nop(struct vcpu *cpu, const struct op *op)
{
	return cf_next(cpu, op);
}

const struct op *cf_op_lahf(struct vcpu *cpu, const struct op *op)
{
	cf_set8(cpu, CF_RAX * 8 + 1, (uint8_t)(cf_flags_status(cpu) | 2));
	return cf_next(cpu, op);
}

const struct op *cf_op_sahf(struct vcpu *cpu, const struct op *op)
{
	uint64_t ah = cf_get8(cpu, CF_RAX * 8 + 1);

	cf_flags_set_status(
		cpu, (ah & 0xff) | (cf_flags_status(cpu) & CF_FL_OF));
	return cf_next(cpu, op);
}

const struct op *cf_op_cmc(struct vcpu *cpu, const struct op *op)
{
	cpu->fl ^= CF_FL_CF << 8;
	return cf_next(cpu, op);
}

const struct op *cf_op_clc(struct vcpu *cpu, const struct op *op)
{
	cpu->fl = (uint16_t)(cpu->fl & ~(CF_FL_CF << 8));
	return cf_next(cpu, op);
}

const struct op *cf_op_stc(struct vcpu *cpu, const struct op *op)
{
	cpu->fl |= CF_FL_CF << 8;
	return cf_next(cpu, op);
}

const struct op *cf_op_cld(struct vcpu *cpu, const struct op *op)
{
	cpu->flags &= ~(uint64_t)CF_FL_DF;
	return cf_next(cpu, op);
}

const struct op *cf_op_std(struct vcpu *cpu, const struct op *op)
{
	cpu->flags |= CF_FL_DF;
	return cf_next(cpu, op);
}

/* Undocumented D6: AL = CF ? 0xff : 0; outside 64-bit mode. */
const struct op *cf_op_salc(struct vcpu *cpu, const struct op *op)
{
	cf_set8(cpu, CF_RAX * 8, cpu->fl & CF_FL_CF << 8 ? 0xff : 0);
	return cf_next(cpu, op);
}
