/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shifts and rotates by an immediate count or CL.  A count of 0 (after
 * masking) changes no flag.  The host's flags are loaded first for the
 * rotates, which keep some.
 */
#include "accel/soft/insn/ops_priv.h"

/* AL = OF as 0 or 1, AH = the rest: all six into the host's flags. */
#define LOAD_FLAGS "addb $0x7f, %%al\n\tsahf\n\t"

#define DEFINE_SHIFT(name, bits, insn, in, fl_io)                              \
	static CF_ALWAYS_INLINE uint##bits##_t name##bits(                     \
		struct vcpu *cpu, uint##bits##_t a, uint8_t n)                 \
	{                                                                      \
		uint16_t fl = cpu->fl;                                         \
                                                                               \
		__asm__(in insn " %%cl, %[a]" CF_ASM_FLAGS                     \
			: [a] "+&r"(a), fl_io(fl)                              \
			: "c"(n)                                               \
			: "cc");                                               \
		cpu->fl = fl;                                                  \
		return a;                                                      \
	}                                                                      \
	static const struct op *name##bits##_ri(                               \
		struct vcpu *cpu, const struct op *op)                         \
	{                                                                      \
		cf_set##bits(cpu, op->dst,                                     \
			name##bits(cpu, cf_get##bits(cpu, op->dst),            \
				(uint8_t)op->imm));                            \
		return cf_next(cpu, op);                                       \
	}                                                                      \
	static const struct op *name##bits##_rc(                               \
		struct vcpu *cpu, const struct op *op)                         \
	{                                                                      \
		uint8_t n =                                                    \
			cf_get8(cpu, CF_RCX * 8) & (bits == 64 ? 0x3f : 0x1f); \
		uint##bits##_t v = cf_get##bits(cpu, op->dst);                 \
                                                                               \
		if (n)                                                         \
			v = name##bits(cpu, v, n);                             \
		cf_set##bits(cpu, op->dst, v);                                 \
		return cf_next(cpu, op);                                       \
	}                                                                      \
	static CF_ALWAYS_INLINE const struct op *name##bits##_m(               \
		struct vcpu *cpu, const struct op *op, uint8_t n)              \
	{                                                                      \
		void *p = cf_rmw(cpu, op, cf_ea_gen(cpu, op, bits / 8, true),  \
			bits / 8);                                             \
		uint##bits##_t v;                                              \
                                                                               \
		memcpy(&v, p, sizeof(v));                                      \
		if (n)                                                         \
			v = name##bits(cpu, v, n);                             \
		memcpy(p, &v, sizeof(v));                                      \
		cf_mem_commit(cpu);                                            \
		return cf_next(cpu, op);                                       \
	}                                                                      \
	static const struct op *name##bits##_mi(                               \
		struct vcpu *cpu, const struct op *op)                         \
	{                                                                      \
		return name##bits##_m(cpu, op, (uint8_t)op->imm);              \
	}                                                                      \
	static const struct op *name##bits##_mc(                               \
		struct vcpu *cpu, const struct op *op)                         \
	{                                                                      \
		return name##bits##_m(cpu, op,                                 \
			cf_get8(cpu, CF_RCX * 8) &                             \
				(bits == 64 ? 0x3f : 0x1f));                   \
	}

#define DEFINE_SHIFT_SIZES(name, in, fl_io)          \
	DEFINE_SHIFT(name, 8, #name "b", in, fl_io)  \
	DEFINE_SHIFT(name, 16, #name "w", in, fl_io) \
	DEFINE_SHIFT(name, 32, #name "l", in, fl_io) \
	DEFINE_SHIFT(name, 64, #name "q", in, fl_io)

DEFINE_SHIFT_SIZES(shl, "", "=&a")
DEFINE_SHIFT_SIZES(shr, "", "=&a")
DEFINE_SHIFT_SIZES(sar, "", "=&a")
DEFINE_SHIFT_SIZES(rol, LOAD_FLAGS, "+&a")
DEFINE_SHIFT_SIZES(ror, LOAD_FLAGS, "+&a")
DEFINE_SHIFT_SIZES(rcl, LOAD_FLAGS, "+&a")
DEFINE_SHIFT_SIZES(rcr, LOAD_FLAGS, "+&a")

#define SIZES(name, form)                                                     \
	{                                                                     \
		name##8##form, name##16##form, name##32##form, name##64##form \
	}
#define SHIFTS(form)                                                          \
	{                                                                     \
		SIZES(shl, form), SIZES(shr, form), SIZES(sar, form),         \
			SIZES(rol, form), SIZES(ror, form), SIZES(rcl, form), \
			SIZES(rcr, form)                                      \
	}
cf_op_fn *const cf_shift_ri[CF_NSHIFTS][4] = SHIFTS(_ri);
cf_op_fn *const cf_shift_rc[CF_NSHIFTS][4] = SHIFTS(_rc);
cf_op_fn *const cf_shift_mi[CF_NSHIFTS][4] = SHIFTS(_mi);
cf_op_fn *const cf_shift_mc[CF_NSHIFTS][4] = SHIFTS(_mc);
