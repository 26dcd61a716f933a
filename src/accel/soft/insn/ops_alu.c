/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two-operand arithmetic and logic: ADD OR ADC SBB AND SUB XOR CMP TEST, and
 * INC DEC NEG NOT, in all sizes and forms.
 */
#include "accel/soft/insn/ops_priv.h"

#define DEFINE_RR_RI(name, bits)                                         \
	static const struct op *name##bits##_rr(                         \
		struct vcpu *cpu, const struct op *op)                   \
	{                                                                \
		cf_set##bits(cpu, op->dst,                               \
			cf_##name##bits(cpu, cf_get##bits(cpu, op->dst), \
				cf_get##bits(cpu, op->src)));            \
		return cf_next(cpu, op);                                 \
	}                                                                \
	static const struct op *name##bits##_ri(                         \
		struct vcpu *cpu, const struct op *op)                   \
	{                                                                \
		cf_set##bits(cpu, op->dst,                               \
			cf_##name##bits(cpu, cf_get##bits(cpu, op->dst), \
				(uint##bits##_t)op->imm));               \
		return cf_next(cpu, op);                                 \
	}

#define DEFINE_MEM(name, bits, ea)                                             \
	static const struct op *name##bits##_rm_##ea(                          \
		struct vcpu *cpu, const struct op *op)                         \
	{                                                                      \
		uint##bits##_t b = cf_ld##bits(                                \
			cpu, op, cf_ea_##ea(cpu, op, bits / 8, false));        \
                                                                               \
		cf_set##bits(cpu, op->dst,                                     \
			cf_##name##bits(cpu, cf_get##bits(cpu, op->dst), b));  \
		return cf_next(cpu, op);                                       \
	}                                                                      \
	static const struct op *name##bits##_mr_##ea(                          \
		struct vcpu *cpu, const struct op *op)                         \
	{                                                                      \
		void *p = cf_rmw(cpu, op, cf_ea_##ea(cpu, op, bits / 8, true), \
			bits / 8);                                             \
                                                                               \
		cf_##name##_at##bits(cpu, p, cf_get##bits(cpu, op->src));      \
		cf_mem_commit(cpu);                                            \
		return cf_next(cpu, op);                                       \
	}                                                                      \
	static const struct op *name##bits##_mi_##ea(                          \
		struct vcpu *cpu, const struct op *op)                         \
	{                                                                      \
		void *p = cf_rmw(cpu, op, cf_ea_##ea(cpu, op, bits / 8, true), \
			bits / 8);                                             \
                                                                               \
		cf_##name##_at##bits(cpu, p, (uint##bits##_t)op->imm);         \
		cf_mem_commit(cpu);                                            \
		return cf_next(cpu, op);                                       \
	}

#define DEFINE_LOCK(name, bits)                                               \
	static const struct op *name##bits##_lock_mr(                         \
		struct vcpu *cpu, const struct op *op)                        \
	{                                                                     \
		void *p = cf_rmw(cpu, op, cf_ea_gen(cpu, op, bits / 8, true), \
			bits / 8);                                            \
                                                                              \
		cf_##name##_lock##bits(cpu, p, cf_get##bits(cpu, op->src));   \
		cf_mem_commit(cpu);                                           \
		return cf_next(cpu, op);                                      \
	}                                                                     \
	static const struct op *name##bits##_lock_mi(                         \
		struct vcpu *cpu, const struct op *op)                        \
	{                                                                     \
		void *p = cf_rmw(cpu, op, cf_ea_gen(cpu, op, bits / 8, true), \
			bits / 8);                                            \
                                                                              \
		cf_##name##_lock##bits(cpu, p, (uint##bits##_t)op->imm);      \
		cf_mem_commit(cpu);                                           \
		return cf_next(cpu, op);                                      \
	}

#define DEFINE_OP(name, bits)       \
	DEFINE_RR_RI(name, bits)    \
	DEFINE_MEM(name, bits, bd)  \
	DEFINE_MEM(name, bits, bis) \
	DEFINE_MEM(name, bits, gen) \
	DEFINE_LOCK(name, bits)
#define DEFINE_SIZES(name)  \
	DEFINE_OP(name, 8)  \
	DEFINE_OP(name, 16) \
	DEFINE_OP(name, 32) \
	DEFINE_OP(name, 64)

DEFINE_SIZES(add)
DEFINE_SIZES(or)
DEFINE_SIZES(adc)
DEFINE_SIZES(sbb)
DEFINE_SIZES(and)
DEFINE_SIZES(sub)
DEFINE_SIZES(xor)

/* CMP and TEST write nothing but flags. */
#define DEFINE_CMP(name, bits)                                   \
	static const struct op *name##bits##_rr(                 \
		struct vcpu *cpu, const struct op *op)           \
	{                                                        \
		cf_##name##bits(cpu, cf_get##bits(cpu, op->dst), \
			cf_get##bits(cpu, op->src));             \
		return cf_next(cpu, op);                         \
	}                                                        \
	static const struct op *name##bits##_ri(                 \
		struct vcpu *cpu, const struct op *op)           \
	{                                                        \
		cf_##name##bits(cpu, cf_get##bits(cpu, op->dst), \
			(uint##bits##_t)op->imm);                \
		return cf_next(cpu, op);                         \
	}
#define DEFINE_CMP_MEM(name, bits, ea)                                  \
	static const struct op *name##bits##_rm_##ea(                   \
		struct vcpu *cpu, const struct op *op)                  \
	{                                                               \
		uint##bits##_t b = cf_ld##bits(                         \
			cpu, op, cf_ea_##ea(cpu, op, bits / 8, false)); \
                                                                        \
		cf_##name##bits(cpu, cf_get##bits(cpu, op->dst), b);    \
		return cf_next(cpu, op);                                \
	}                                                               \
	static const struct op *name##bits##_mr_##ea(                   \
		struct vcpu *cpu, const struct op *op)                  \
	{                                                               \
		uint##bits##_t a = cf_ld##bits(                         \
			cpu, op, cf_ea_##ea(cpu, op, bits / 8, false)); \
                                                                        \
		cf_##name##bits(cpu, a, cf_get##bits(cpu, op->src));    \
		return cf_next(cpu, op);                                \
	}                                                               \
	static const struct op *name##bits##_mi_##ea(                   \
		struct vcpu *cpu, const struct op *op)                  \
	{                                                               \
		uint##bits##_t a = cf_ld##bits(                         \
			cpu, op, cf_ea_##ea(cpu, op, bits / 8, false)); \
                                                                        \
		cf_##name##bits(cpu, a, (uint##bits##_t)op->imm);       \
		return cf_next(cpu, op);                                \
	}
#define DEFINE_CMP_SIZE(name, bits)     \
	DEFINE_CMP(name, bits)          \
	DEFINE_CMP_MEM(name, bits, bd)  \
	DEFINE_CMP_MEM(name, bits, bis) \
	DEFINE_CMP_MEM(name, bits, gen)
DEFINE_CMP_SIZE(cmp, 8)
DEFINE_CMP_SIZE(cmp, 16)
DEFINE_CMP_SIZE(cmp, 32)
DEFINE_CMP_SIZE(cmp, 64)
DEFINE_CMP_SIZE(test, 8)
DEFINE_CMP_SIZE(test, 16)
DEFINE_CMP_SIZE(test, 32)
DEFINE_CMP_SIZE(test, 64)

#define BY_SIZE(name, form)                                                   \
	{                                                                     \
		name##8##form, name##16##form, name##32##form, name##64##form \
	}
#define BY_SIZE_EA(name, form)                                               \
	{                                                                    \
		CF_EA_FNS(name##8##form), CF_EA_FNS(name##16##form),         \
			CF_EA_FNS(name##32##form), CF_EA_FNS(name##64##form) \
	}
#define COMMON_FNS(name)                                          \
	.rr = BY_SIZE(name, _rr), .ri = BY_SIZE(name, _ri),       \
	.rm = BY_SIZE_EA(name, _rm), .mr = BY_SIZE_EA(name, _mr), \
	.mi = BY_SIZE_EA(name, _mi)
#define ALU_FNS(name)                                                 \
	{                                                             \
		COMMON_FNS(name), .lock_mr = BY_SIZE(name, _lock_mr), \
				  .lock_mi = BY_SIZE(name, _lock_mi)  \
	}

const struct cf_alu_fns cf_alu_fns[CF_NALU] = {
	[CF_ALU_ADD] = ALU_FNS(add),
	[CF_ALU_OR] = ALU_FNS(or),
	[CF_ALU_ADC] = ALU_FNS(adc),
	[CF_ALU_SBB] = ALU_FNS(sbb),
	[CF_ALU_AND] = ALU_FNS(and),
	[CF_ALU_SUB] = ALU_FNS(sub),
	[CF_ALU_XOR] = ALU_FNS(xor),
	[CF_ALU_CMP] = { COMMON_FNS(cmp) },
	[CF_ALU_TEST] = { COMMON_FNS(test) },
};

/* The same without flags, for results whose flags are overwritten unseen. */
#define DEFINE_NOFLAGS(name, bits, operator)                                \
	static const struct op *name##bits##_rr_noflags(                    \
		struct vcpu *cpu, const struct op *op)                      \
	{                                                                   \
		cf_set##bits(cpu, op->dst,                                  \
			cf_get##bits(cpu, op->dst) operator cf_get##bits(   \
				cpu, op->src));                             \
		return cf_next(cpu, op);                                    \
	}                                                                   \
	static const struct op *name##bits##_ri_noflags(                    \
		struct vcpu *cpu, const struct op *op)                      \
	{                                                                   \
		cf_set##bits(cpu, op->dst,                                  \
			cf_get##bits(cpu, op->dst) operator(uint##bits##_t) \
				op->imm);                                   \
		return cf_next(cpu, op);                                    \
	}
#define DEFINE_NOFLAGS_SIZES(name, operator) \
	DEFINE_NOFLAGS(name, 32, operator)   \
	DEFINE_NOFLAGS(name, 64, operator)
DEFINE_NOFLAGS_SIZES(add, +)
DEFINE_NOFLAGS_SIZES(sub, -)
DEFINE_NOFLAGS_SIZES(and, &)
DEFINE_NOFLAGS_SIZES(or, |)
DEFINE_NOFLAGS_SIZES(xor, ^)

#define NOFLAGS(name, form)                                        \
	{                                                          \
		name##32##form##_noflags, name##64##form##_noflags \
	}
cf_op_fn *const cf_alu_rr_noflags[CF_NALU][2] = {
	[CF_ALU_ADD] = NOFLAGS(add, _rr),
	[CF_ALU_OR] = NOFLAGS(or, _rr),
	[CF_ALU_AND] = NOFLAGS(and, _rr),
	[CF_ALU_SUB] = NOFLAGS(sub, _rr),
	[CF_ALU_XOR] = NOFLAGS(xor, _rr),
};
cf_op_fn *const cf_alu_ri_noflags[CF_NALU][2] = {
	[CF_ALU_ADD] = NOFLAGS(add, _ri),
	[CF_ALU_OR] = NOFLAGS(or, _ri),
	[CF_ALU_AND] = NOFLAGS(and, _ri),
	[CF_ALU_SUB] = NOFLAGS(sub, _ri),
	[CF_ALU_XOR] = NOFLAGS(xor, _ri),
};

/* INC, DEC, NEG, NOT. */
#define DEFINE_UNARY(name, bits)                                              \
	static const struct op *name##bits##_r(                               \
		struct vcpu *cpu, const struct op *op)                        \
	{                                                                     \
		cf_set##bits(cpu, op->dst,                                    \
			cf_##name##bits(cpu, cf_get##bits(cpu, op->dst)));    \
		return cf_next(cpu, op);                                      \
	}                                                                     \
	static const struct op *name##bits##_m(                               \
		struct vcpu *cpu, const struct op *op)                        \
	{                                                                     \
		void *p = cf_rmw(cpu, op, cf_ea_gen(cpu, op, bits / 8, true), \
			bits / 8);                                            \
                                                                              \
		cf_##name##_at##bits(cpu, p);                                 \
		cf_mem_commit(cpu);                                           \
		return cf_next(cpu, op);                                      \
	}                                                                     \
	static const struct op *name##bits##_lock_m(                          \
		struct vcpu *cpu, const struct op *op)                        \
	{                                                                     \
		void *p = cf_rmw(cpu, op, cf_ea_gen(cpu, op, bits / 8, true), \
			bits / 8);                                            \
                                                                              \
		cf_##name##_lock##bits(cpu, p);                               \
		cf_mem_commit(cpu);                                           \
		return cf_next(cpu, op);                                      \
	}

#define DEFINE_NOT(bits, insn)                                                \
	static CF_ALWAYS_INLINE uint##bits##_t cf_not##bits(                  \
		struct vcpu *cpu CF_UNUSED, uint##bits##_t a)                 \
	{                                                                     \
		return (uint##bits##_t) ~a;                                   \
	}                                                                     \
	static CF_ALWAYS_INLINE void cf_not_at##bits(                         \
		struct vcpu *cpu CF_UNUSED, void *p)                          \
	{                                                                     \
		__asm__ volatile(insn " (%0)" : : "r"(p) : "memory");         \
	}                                                                     \
	static CF_ALWAYS_INLINE void cf_not_lock##bits(                       \
		struct vcpu *cpu CF_UNUSED, void *p)                          \
	{                                                                     \
		__asm__ volatile("lock " insn " (%0)" : : "r"(p) : "memory"); \
	}
DEFINE_NOT(8, "notb")
DEFINE_NOT(16, "notw")
DEFINE_NOT(32, "notl")
DEFINE_NOT(64, "notq")

#define DEFINE_UNARY_SIZES(name)                      \
	DEFINE_UNARY(name, 8)                         \
	DEFINE_UNARY(name, 16)                        \
	DEFINE_UNARY(name, 32)                        \
	DEFINE_UNARY(name, 64)                        \
	const struct cf_unary_fns cf_##name##_fns = { \
		.r = BY_SIZE(name, _r),               \
		.m = BY_SIZE(name, _m),               \
		.lock_m = BY_SIZE(name, _lock_m),     \
	};
DEFINE_UNARY_SIZES(inc)
DEFINE_UNARY_SIZES(dec)
DEFINE_UNARY_SIZES(neg)
DEFINE_UNARY_SIZES(not )
