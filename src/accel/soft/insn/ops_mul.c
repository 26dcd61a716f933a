/* SPDX-License-Identifier: Apache-2.0 */
/* The multiplications that are hot; the others run natively. */
#include "accel/soft/insn/ops_priv.h"

#define DEFINE_IMUL(bits, insn)                                          \
	static CF_ALWAYS_INLINE uint##bits##_t imul##bits(               \
		struct vcpu *cpu, uint##bits##_t a, uint##bits##_t b)    \
	{                                                                \
		uint16_t fl;                                             \
                                                                         \
		__asm__(insn " %[b], %[a]" CF_ASM_FLAGS                  \
			: [a] "+&r"(a), "=&a"(fl)                        \
			: [b] "r"(b)                                     \
			: "cc");                                         \
		cpu->fl = fl;                                            \
		return a;                                                \
	}                                                                \
	static const struct op *imul##bits##_rr(                         \
		struct vcpu *cpu, const struct op *op)                   \
	{                                                                \
		cf_set##bits(cpu, op->dst,                               \
			imul##bits(cpu, cf_get##bits(cpu, op->dst),      \
				cf_get##bits(cpu, op->src)));            \
		return cf_next(cpu, op);                                 \
	}                                                                \
	static const struct op *imul##bits##_rm(                         \
		struct vcpu *cpu, const struct op *op)                   \
	{                                                                \
		uint##bits##_t b = cf_ld##bits(                          \
			cpu, op, cf_ea_gen(cpu, op, bits / 8, false));   \
                                                                         \
		cf_set##bits(cpu, op->dst,                               \
			imul##bits(cpu, cf_get##bits(cpu, op->dst), b)); \
		return cf_next(cpu, op);                                 \
	}                                                                \
	static const struct op *imul##bits##_rri(                        \
		struct vcpu *cpu, const struct op *op)                   \
	{                                                                \
		cf_set##bits(cpu, op->dst,                               \
			imul##bits(cpu, cf_get##bits(cpu, op->src),      \
				(uint##bits##_t)op->imm));               \
		return cf_next(cpu, op);                                 \
	}                                                                \
	static const struct op *imul##bits##_rmi(                        \
		struct vcpu *cpu, const struct op *op)                   \
	{                                                                \
		uint##bits##_t b = cf_ld##bits(                          \
			cpu, op, cf_ea_gen(cpu, op, bits / 8, false));   \
                                                                         \
		cf_set##bits(cpu, op->dst,                               \
			imul##bits(cpu, b, (uint##bits##_t)op->imm));    \
		return cf_next(cpu, op);                                 \
	}
DEFINE_IMUL(16, "imulw")
DEFINE_IMUL(32, "imull")
DEFINE_IMUL(64, "imulq")

#define SIZES(form)                                      \
	{                                                \
		imul16##form, imul32##form, imul64##form \
	}
cf_op_fn *const cf_imul_rr[3] = SIZES(_rr);
cf_op_fn *const cf_imul_rm[3] = SIZES(_rm);
cf_op_fn *const cf_imul_rri[3] = SIZES(_rri);
cf_op_fn *const cf_imul_rmi[3] = SIZES(_rmi);

/* Widening MUL: RDX:RAX = RAX * b. */
#define DEFINE_MUL(bits, insn)                                         \
	static CF_ALWAYS_INLINE void mul##bits(                        \
		struct vcpu *cpu, uint##bits##_t b)                    \
	{                                                              \
		uint##bits##_t a = cf_get##bits(cpu, CF_RAX * 8);      \
		uint##bits##_t hi, lo;                                 \
                                                                       \
		__asm__(insn " %[b]\n\tmov %[a], %[lo]" CF_ASM_FLAGS   \
			: [a] "+&a"(a), "=&d"(hi), [lo] "=&r"(lo)      \
			: [b] "r"(b)                                   \
			: "cc");                                       \
		cpu->fl = (uint16_t)a;                                 \
		cf_set##bits(cpu, CF_RAX * 8, lo);                     \
		cf_set##bits(cpu, CF_RDX * 8, hi);                     \
	}                                                              \
	static const struct op *mul##bits##_r(                         \
		struct vcpu *cpu, const struct op *op)                 \
	{                                                              \
		mul##bits(cpu, cf_get##bits(cpu, op->dst));            \
		return cf_next(cpu, op);                               \
	}                                                              \
	static const struct op *mul##bits##_m(                         \
		struct vcpu *cpu, const struct op *op)                 \
	{                                                              \
		mul##bits(cpu,                                         \
			cf_ld##bits(cpu, op,                           \
				cf_ea_gen(cpu, op, bits / 8, false))); \
		return cf_next(cpu, op);                               \
	}
DEFINE_MUL(32, "mull")
DEFINE_MUL(64, "mulq")
cf_op_fn *const cf_mul_r[2] = { mul32_r, mul64_r };
cf_op_fn *const cf_mul_m[2] = { mul32_m, mul64_m };
