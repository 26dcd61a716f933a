/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the handlers of operations are written with: guest registers, memory
 * addresses, and arithmetic whose flags the host's own instructions compute
 * (LAHF and SETO right behind them), so that they are right in every corner,
 * undefined flags included.
 */
#ifndef CF_ACCEL_SOFT_OPS_PRIV_H
#define CF_ACCEL_SOFT_OPS_PRIV_H

#include "accel/soft/cpu_priv.h"
#include "accel/soft/insn/dispatch_priv.h"
#include "accel/soft/mem_priv.h"

#include <string.h>

/* Registers by byte offset; a 32-bit write clears the upper half. */
#define CF_DEFINE_REG(bits)                                           \
	static CF_ALWAYS_INLINE uint##bits##_t cf_get##bits(          \
		const struct vcpu *cpu, unsigned off)                 \
	{                                                             \
		uint##bits##_t v;                                     \
                                                                      \
		memcpy(&v, (const uint8_t *)cpu->r + off, sizeof(v)); \
		return v;                                             \
	}
CF_DEFINE_REG(8)
CF_DEFINE_REG(16)
CF_DEFINE_REG(32)
CF_DEFINE_REG(64)

static CF_ALWAYS_INLINE void cf_set8(struct vcpu *cpu, unsigned off, uint8_t v)
{
	memcpy((uint8_t *)cpu->r + off, &v, sizeof(v));
}

static CF_ALWAYS_INLINE void cf_set16(
	struct vcpu *cpu, unsigned off, uint16_t v)
{
	memcpy((uint8_t *)cpu->r + off, &v, sizeof(v));
}

static CF_ALWAYS_INLINE void cf_set64(
	struct vcpu *cpu, unsigned off, uint64_t v)
{
	memcpy((uint8_t *)cpu->r + off, &v, sizeof(v));
}

static CF_ALWAYS_INLINE void cf_set32(
	struct vcpu *cpu, unsigned off, uint32_t v)
{
	cf_set64(cpu, off, v);
}

/* Forms of addresses: base + disp; base + index + disp; anything. */
enum cf_ea { CF_EA_BD, CF_EA_BIS, CF_EA_GEN, CF_NEA };

static CF_ALWAYS_INLINE uint64_t cf_ea_bd(struct vcpu *cpu, const struct op *op,
	unsigned size CF_UNUSED, bool write CF_UNUSED)
{
	return cf_get64(cpu, op->base) + (uint64_t)(int64_t)op->disp;
}

static CF_ALWAYS_INLINE uint64_t cf_ea_bis(struct vcpu *cpu,
	const struct op *op, unsigned size CF_UNUSED, bool write CF_UNUSED)
{
	return cf_get64(cpu, op->base) +
		(cf_get64(cpu, op->index) << op->shift) +
		(uint64_t)(int64_t)op->disp;
}

static CF_ALWAYS_INLINE uint64_t cf_ea_gen(
	struct vcpu *cpu, const struct op *op, unsigned size, bool write)
{
	return cf_ea_general(cpu, op, size, write);
}

/*
 * a = a OP b with flags.  The in-place forms work on host memory, the locked
 * ones atomically.
 */
#define CF_ASM_FLAGS "\n\tlahf\n\tseto %%al"
#define CF_DEFINE_ALU(name, bits, insn, in, fl_io)                            \
	static CF_ALWAYS_INLINE uint##bits##_t cf_##name##bits(               \
		struct vcpu *cpu, uint##bits##_t a, uint##bits##_t b)         \
	{                                                                     \
		uint16_t fl = cpu->fl;                                        \
                                                                              \
		__asm__(in insn " %[b], %[a]" CF_ASM_FLAGS                    \
			: [a] "+&r"(a), fl_io(fl)                             \
			: [b] "r"(b)                                          \
			: "cc");                                              \
		cpu->fl = fl;                                                 \
		return a;                                                     \
	}                                                                     \
	static CF_ALWAYS_INLINE void cf_##name##_at##bits(                    \
		struct vcpu *cpu, void *p, uint##bits##_t b)                  \
	{                                                                     \
		uint16_t fl = cpu->fl;                                        \
                                                                              \
		__asm__ volatile(in insn " %[b], (%[p])" CF_ASM_FLAGS         \
				 : fl_io(fl)                                  \
				 : [b] "r"(b), [p] "r"(p)                     \
				 : "cc", "memory");                           \
		cpu->fl = fl;                                                 \
	}                                                                     \
	static CF_ALWAYS_INLINE void cf_##name##_lock##bits(                  \
		struct vcpu *cpu, void *p, uint##bits##_t b)                  \
	{                                                                     \
		uint16_t fl = cpu->fl;                                        \
                                                                              \
		__asm__ volatile(in "lock " insn " %[b], (%[p])" CF_ASM_FLAGS \
				 : fl_io(fl)                                  \
				 : [b] "r"(b), [p] "r"(p)                     \
				 : "cc", "memory");                           \
		cpu->fl = fl;                                                 \
	}

#define CF_DEFINE_ALU_SIZES(name, in, fl_io)          \
	CF_DEFINE_ALU(name, 8, #name "b", in, fl_io)  \
	CF_DEFINE_ALU(name, 16, #name "w", in, fl_io) \
	CF_DEFINE_ALU(name, 32, #name "l", in, fl_io) \
	CF_DEFINE_ALU(name, 64, #name "q", in, fl_io)

CF_DEFINE_ALU_SIZES(add, "", "=&a")
CF_DEFINE_ALU_SIZES(or, "", "=&a")
CF_DEFINE_ALU_SIZES(and, "", "=&a")
CF_DEFINE_ALU_SIZES(sub, "", "=&a")
CF_DEFINE_ALU_SIZES(xor, "", "=&a")
CF_DEFINE_ALU_SIZES(adc, "sahf\n\t", "+&a")
CF_DEFINE_ALU_SIZES(sbb, "sahf\n\t", "+&a")

/* Compare and test only set flags. */
#define CF_DEFINE_CMP(name, bits, insn)                               \
	static CF_ALWAYS_INLINE void cf_##name##bits(                 \
		struct vcpu *cpu, uint##bits##_t a, uint##bits##_t b) \
	{                                                             \
		uint16_t fl;                                          \
                                                                      \
		__asm__(insn " %[b], %[a]" CF_ASM_FLAGS               \
			: "=&a"(fl)                                   \
			: [a] "r"(a), [b] "r"(b)                      \
			: "cc");                                      \
		cpu->fl = fl;                                         \
	}
CF_DEFINE_CMP(cmp, 8, "cmpb")
CF_DEFINE_CMP(cmp, 16, "cmpw")
CF_DEFINE_CMP(cmp, 32, "cmpl")
CF_DEFINE_CMP(cmp, 64, "cmpq")
CF_DEFINE_CMP(test, 8, "testb")
CF_DEFINE_CMP(test, 16, "testw")
CF_DEFINE_CMP(test, 32, "testl")
CF_DEFINE_CMP(test, 64, "testq")

/* One operand. */
#define CF_DEFINE_UNARY(name, bits, insn, in, fl_io)                    \
	static CF_ALWAYS_INLINE uint##bits##_t cf_##name##bits(         \
		struct vcpu *cpu, uint##bits##_t a)                     \
	{                                                               \
		uint16_t fl = cpu->fl;                                  \
                                                                        \
		__asm__(in insn " %[a]" CF_ASM_FLAGS                    \
			: [a] "+&r"(a), fl_io(fl)                       \
			:                                               \
			: "cc");                                        \
		cpu->fl = fl;                                           \
		return a;                                               \
	}                                                               \
	static CF_ALWAYS_INLINE void cf_##name##_at##bits(              \
		struct vcpu *cpu, void *p)                              \
	{                                                               \
		uint16_t fl = cpu->fl;                                  \
                                                                        \
		__asm__ volatile(in insn " (%[p])" CF_ASM_FLAGS         \
				 : fl_io(fl)                            \
				 : [p] "r"(p)                           \
				 : "cc", "memory");                     \
		cpu->fl = fl;                                           \
	}                                                               \
	static CF_ALWAYS_INLINE void cf_##name##_lock##bits(            \
		struct vcpu *cpu, void *p)                              \
	{                                                               \
		uint16_t fl = cpu->fl;                                  \
                                                                        \
		__asm__ volatile(in "lock " insn " (%[p])" CF_ASM_FLAGS \
				 : fl_io(fl)                            \
				 : [p] "r"(p)                           \
				 : "cc", "memory");                     \
		cpu->fl = fl;                                           \
	}
#define CF_DEFINE_UNARY_SIZES(name, in, fl_io)          \
	CF_DEFINE_UNARY(name, 8, #name "b", in, fl_io)  \
	CF_DEFINE_UNARY(name, 16, #name "w", in, fl_io) \
	CF_DEFINE_UNARY(name, 32, #name "l", in, fl_io) \
	CF_DEFINE_UNARY(name, 64, #name "q", in, fl_io)
CF_DEFINE_UNARY_SIZES(inc, "sahf\n\t", "+&a")
CF_DEFINE_UNARY_SIZES(dec, "sahf\n\t", "+&a")
CF_DEFINE_UNARY_SIZES(neg, "", "=&a")

/* Conditions, in the order of their encodings; odd ones are negations. */
static CF_ALWAYS_INLINE bool cf_cond(const struct vcpu *cpu, unsigned cc)
{
	unsigned fl = cpu->fl;
	bool v = false;

	switch (cc >> 1) {
	case 0: /* O */
		v = fl & 1;
		break;
	case 1: /* B */
		v = fl & CF_FL_CF << 8;
		break;
	case 2: /* Z */
		v = fl & CF_FL_ZF << 8;
		break;
	case 3: /* BE */
		v = fl & (CF_FL_CF | CF_FL_ZF) << 8;
		break;
	case 4: /* S */
		v = fl & CF_FL_SF << 8;
		break;
	case 5: /* P */
		v = fl & CF_FL_PF << 8;
		break;
	case 6: /* L */
		v = (fl >> 15 ^ fl) & 1;
		break;
	case 7: /* LE */
		v = ((fl >> 15 ^ fl) & 1) || (fl & CF_FL_ZF << 8);
		break;
	default:
		break;
	}
	return v != (cc & 1);
}

/* Sizes 1, 2, 4, 8 as table indices. */
static inline unsigned cf_log2_size(unsigned bytes)
{
	return (unsigned)__builtin_ctz(bytes);
}

#define CF_EA_FNS(name)                           \
	{                                         \
		name##_bd, name##_bis, name##_gen \
	}

/* Tables of handlers, by size (log2) and form of address. */
struct cf_alu_fns {
	cf_op_fn *rr[4], *ri[4];
	cf_op_fn *rm[4][CF_NEA], *mr[4][CF_NEA], *mi[4][CF_NEA];
	cf_op_fn *lock_mr[4], *lock_mi[4]; /* general form */
};
enum cf_alu {
	CF_ALU_ADD,
	CF_ALU_OR,
	CF_ALU_ADC,
	CF_ALU_SBB,
	CF_ALU_AND,
	CF_ALU_SUB,
	CF_ALU_XOR,
	CF_ALU_CMP,
	CF_ALU_TEST,
	CF_NALU,
};
extern const struct cf_alu_fns cf_alu_fns[CF_NALU];
/* 32- and 64-bit forms whose flags nobody sees; NULL where there is none. */
extern cf_op_fn *const cf_alu_rr_noflags[CF_NALU][2];
extern cf_op_fn *const cf_alu_ri_noflags[CF_NALU][2];

struct cf_unary_fns {
	cf_op_fn *r[4], *m[4], *lock_m[4]; /* m: general form */
};
extern const struct cf_unary_fns cf_inc_fns, cf_dec_fns, cf_neg_fns, cf_not_fns;

/* ops_mov.c */
struct cf_mov_fns {
	cf_op_fn *rr[4], *ri[4], *rm[4][CF_NEA], *mr[4][CF_NEA], *mi[4][CF_NEA];
};
extern const struct cf_mov_fns cf_mov_fns;
/* [signed][source size log2][destination size log2 - 1] */
extern cf_op_fn *const cf_extend_rr[2][3][3];
extern cf_op_fn *const cf_extend_rm[2][3][3][CF_NEA];
extern cf_op_fn *const cf_lea_fns[3][CF_NEA]; /* 16, 32, 64 */
extern cf_op_fn *const cf_xchg_rr[4], *const cf_xchg_rm[4];
extern cf_op_fn *const cf_bswap[2];
extern cf_op_fn *const cf_convert[2][3];  /* CBW.. and CWD.., 16 32 64 */
extern cf_op_fn *const cf_cmov_rr[2][16]; /* 32, 64 */
extern cf_op_fn *const cf_cmov_rm[2][16]; /* general form */
extern cf_op_fn cf_op_cmov16_rr, cf_op_cmov16_rm; /* condition in aux */
extern cf_op_fn *const cf_setcc_r[16];
extern cf_op_fn cf_op_setcc_m; /* condition in aux */
cf_op_fn cf_op_nop, cf_op_xlat, cf_op_lahf, cf_op_sahf, cf_op_cmc, cf_op_clc,
	cf_op_stc, cf_op_cld, cf_op_std, cf_op_salc;

/* ops_shift.c: [SHL SHR SAR ROL ROR RCL RCR][size]; count in imm or CL. */
enum cf_shift {
	CF_SHL,
	CF_SHR,
	CF_SAR,
	CF_ROL,
	CF_ROR,
	CF_RCL,
	CF_RCR,
	CF_NSHIFTS,
};
extern cf_op_fn *const cf_shift_ri[CF_NSHIFTS][4];
extern cf_op_fn *const cf_shift_rc[CF_NSHIFTS][4];
extern cf_op_fn *const cf_shift_mi[CF_NSHIFTS][4];
extern cf_op_fn *const cf_shift_mc[CF_NSHIFTS][4];

/* ops_bit.c: BT BTS BTR BTC by [kind][size log2 - 1]; memory forms general,
 * always atomic where they write. */
extern cf_op_fn *const cf_bt_rr[4][3], *const cf_bt_ri[4][3];
extern cf_op_fn *const cf_bt_mr[4][3], *const cf_bt_mi[4][3];
extern cf_op_fn *const cf_cmpxchg_r[4], *const cf_cmpxchg_m[4];
extern cf_op_fn *const cf_xadd_r[4], *const cf_xadd_m[4];
cf_op_fn cf_op_cmpxchg8b, cf_op_cmpxchg16b;

/* ops_mul.c: by size log2 - 1 */
extern cf_op_fn *const cf_imul_rr[3], *const cf_imul_rm[3];
extern cf_op_fn *const cf_imul_rri[3], *const cf_imul_rmi[3];
extern cf_op_fn *const cf_mul_r[2], *const cf_mul_m[2]; /* 32, 64 */

/* ops_branch.c */
extern cf_op_fn *const cf_jcc_linked[16], *const cf_jcc_far[16];
extern cf_op_fn *const cf_jcc_legacy[16];
cf_op_fn cf_op_jmp_linked, cf_op_jmp, cf_op_jmp_legacy, cf_op_jmp_r,
	cf_op_jmp_m, cf_op_jmp_r_legacy, cf_op_jmp_m_legacy, cf_op_call_linked,
	cf_op_call, cf_op_call_legacy, cf_op_call_r, cf_op_call_m,
	cf_op_call_r_legacy, cf_op_call_m_legacy, cf_op_ret, cf_op_ret_imm,
	cf_op_ret_legacy, cf_op_loop, cf_op_end, cf_op_end_far, cf_op_stale;

/* ops_fused.c: one handler for both, or NULL. */
cf_op_fn *cf_fused(const struct op *compare, const struct op *branch);

/* ops_stack.c */
cf_op_fn cf_op_push64_r, cf_op_push64_i, cf_op_push64_m, cf_op_pop64_r,
	cf_op_push_r, cf_op_push_i, cf_op_push_m, cf_op_pop_r, cf_op_pop_m,
	cf_op_leave64, cf_op_leave, cf_op_enter, cf_op_pusha, cf_op_popa,
	cf_op_pushf;
void cf_push(struct vcpu *cpu, const struct op *op, unsigned size, uint64_t v);
/* The value `at` bytes above the stack pointer, which does not move. */
uint64_t cf_peek(
	struct vcpu *cpu, const struct op *op, uint64_t at, unsigned size);
void cf_stack_add(struct vcpu *cpu, uint64_t n);

/* ops_string.c: aux bit 0 REP/REPE, bit 1 REPNE. */
cf_op_fn cf_op_movs, cf_op_stos, cf_op_lods, cf_op_scas, cf_op_cmps, cf_op_ins,
	cf_op_outs;

/* By size at run time, for forms that are rare. */
static inline uint64_t cf_get_size(
	const struct vcpu *cpu, unsigned off, unsigned size)
{
	switch (size) {
	case 1:
		return cf_get8(cpu, off);
	case 2:
		return cf_get16(cpu, off);
	case 4:
		return cf_get32(cpu, off);
	default:
		return cf_get64(cpu, off);
	}
}

static inline void cf_set_size(
	struct vcpu *cpu, unsigned off, unsigned size, uint64_t v)
{
	switch (size) {
	case 1:
		cf_set8(cpu, off, (uint8_t)v);
		break;
	case 2:
		cf_set16(cpu, off, (uint16_t)v);
		break;
	case 4:
		cf_set32(cpu, off, (uint32_t)v);
		break;
	default:
		cf_set64(cpu, off, v);
		break;
	}
}

static inline uint64_t cf_ld(
	struct vcpu *cpu, const struct op *op, uint64_t addr, unsigned size)
{
	switch (size) {
	case 1:
		return cf_ld8(cpu, op, addr);
	case 2:
		return cf_ld16(cpu, op, addr);
	case 4:
		return cf_ld32(cpu, op, addr);
	default:
		return cf_ld64(cpu, op, addr);
	}
}

static inline void cf_st(struct vcpu *cpu, const struct op *op, uint64_t addr,
	unsigned size, uint64_t v)
{
	switch (size) {
	case 1:
		cf_st8(cpu, op, addr, (uint8_t)v);
		break;
	case 2:
		cf_st16(cpu, op, addr, (uint16_t)v);
		break;
	case 4:
		cf_st32(cpu, op, addr, (uint32_t)v);
		break;
	default:
		cf_st64(cpu, op, addr, v);
		break;
	}
}

static inline uint64_t cf_size_mask(unsigned size)
{
	return size == 8 ? UINT64_MAX : ((uint64_t)1 << size * 8) - 1;
}

#endif
