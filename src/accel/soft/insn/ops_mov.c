/* SPDX-License-Identifier: Apache-2.0 */
/* Data movement: MOV, MOVZX, MOVSX, LEA, XCHG, CMOVcc, SETcc and friends. */
#include "accel/soft/insn/ops_priv.h"

#define DEFINE_MOV(bits)                                                \
	static const struct op *mov##bits##_rr(                         \
		struct vcpu *cpu, const struct op *op)                  \
	{                                                               \
		cf_set##bits(cpu, op->dst, cf_get##bits(cpu, op->src)); \
		return cf_next(cpu, op);                                \
	}                                                               \
	static const struct op *mov##bits##_ri(                         \
		struct vcpu *cpu, const struct op *op)                  \
	{                                                               \
		cf_set##bits(cpu, op->dst, (uint##bits##_t)op->imm);    \
		return cf_next(cpu, op);                                \
	}
#define DEFINE_MOV_MEM(bits, ea)                                          \
	static const struct op *mov##bits##_rm_##ea(                      \
		struct vcpu *cpu, const struct op *op)                    \
	{                                                                 \
		cf_set##bits(cpu, op->dst,                                \
			cf_ld##bits(cpu, op,                              \
				cf_ea_##ea(cpu, op, bits / 8, false)));   \
		return cf_next(cpu, op);                                  \
	}                                                                 \
	static const struct op *mov##bits##_mr_##ea(                      \
		struct vcpu *cpu, const struct op *op)                    \
	{                                                                 \
		cf_st##bits(cpu, op, cf_ea_##ea(cpu, op, bits / 8, true), \
			cf_get##bits(cpu, op->src));                      \
		return cf_next(cpu, op);                                  \
	}                                                                 \
	static const struct op *mov##bits##_mi_##ea(                      \
		struct vcpu *cpu, const struct op *op)                    \
	{                                                                 \
		cf_st##bits(cpu, op, cf_ea_##ea(cpu, op, bits / 8, true), \
			(uint##bits##_t)op->imm);                         \
		return cf_next(cpu, op);                                  \
	}
#define DEFINE_MOV_SIZE(bits)     \
	DEFINE_MOV(bits)          \
	DEFINE_MOV_MEM(bits, bd)  \
	DEFINE_MOV_MEM(bits, bis) \
	DEFINE_MOV_MEM(bits, gen)
DEFINE_MOV_SIZE(8)
DEFINE_MOV_SIZE(16)
DEFINE_MOV_SIZE(32)
DEFINE_MOV_SIZE(64)

#define BY_SIZE(name, form)                                                   \
	{                                                                     \
		name##8##form, name##16##form, name##32##form, name##64##form \
	}
#define BY_SIZE_EA(name, form)                                               \
	{                                                                    \
		CF_EA_FNS(name##8##form), CF_EA_FNS(name##16##form),         \
			CF_EA_FNS(name##32##form), CF_EA_FNS(name##64##form) \
	}
const struct cf_mov_fns cf_mov_fns = {
	.rr = BY_SIZE(mov, _rr),
	.ri = BY_SIZE(mov, _ri),
	.rm = BY_SIZE_EA(mov, _rm),
	.mr = BY_SIZE_EA(mov, _mr),
	.mi = BY_SIZE_EA(mov, _mi),
};

/* Extension from `from` to `to` bits; sign: the C type that extends. */
#define DEFINE_EXT(name, from, to, T, U)                                    \
	static const struct op *name##from##_##to##_rr(                     \
		struct vcpu *cpu, const struct op *op)                      \
	{                                                                   \
		cf_set##to(cpu, op->dst, (U)(T)cf_get##from(cpu, op->src)); \
		return cf_next(cpu, op);                                    \
	}                                                                   \
	DEFINE_EXT_MEM(name, from, to, T, U, bd)                            \
	DEFINE_EXT_MEM(name, from, to, T, U, bis)                           \
	DEFINE_EXT_MEM(name, from, to, T, U, gen)
#define DEFINE_EXT_MEM(name, from, to, T, U, ea)                        \
	static const struct op *name##from##_##to##_rm_##ea(            \
		struct vcpu *cpu, const struct op *op)                  \
	{                                                               \
		cf_set##to(cpu, op->dst,                                \
			(U)(T)cf_ld##from(cpu, op,                      \
				cf_ea_##ea(cpu, op, from / 8, false))); \
		return cf_next(cpu, op);                                \
	}
DEFINE_EXT(zx, 8, 16, uint8_t, uint16_t)
DEFINE_EXT(zx, 8, 32, uint8_t, uint32_t)
DEFINE_EXT(zx, 8, 64, uint8_t, uint64_t)
DEFINE_EXT(zx, 16, 16, uint16_t, uint16_t)
DEFINE_EXT(zx, 16, 32, uint16_t, uint32_t)
DEFINE_EXT(zx, 16, 64, uint16_t, uint64_t)
DEFINE_EXT(sx, 8, 16, int8_t, uint16_t)
DEFINE_EXT(sx, 8, 32, int8_t, uint32_t)
DEFINE_EXT(sx, 8, 64, int8_t, uint64_t)
DEFINE_EXT(sx, 16, 16, int16_t, uint16_t)
DEFINE_EXT(sx, 16, 32, int16_t, uint32_t)
DEFINE_EXT(sx, 16, 64, int16_t, uint64_t)
DEFINE_EXT(sx, 32, 64, int32_t, uint64_t)

#define EXT_RR(name, from)                                                 \
	{                                                                  \
		name##from##_16_rr, name##from##_32_rr, name##from##_64_rr \
	}
#define EXT_RM(name, from)                                                    \
	{                                                                     \
		CF_EA_FNS(name##from##_16_rm), CF_EA_FNS(name##from##_32_rm), \
			CF_EA_FNS(name##from##_64_rm)                         \
	}
/* MOVSXD with a 16- or 32-bit destination is a plain move. */
cf_op_fn *const cf_extend_rr[2][3][3] = {
	{ EXT_RR(zx, 8), EXT_RR(zx, 16), { NULL, NULL, NULL } },
	{ EXT_RR(sx, 8), EXT_RR(sx, 16), { mov16_rr, mov32_rr, sx32_64_rr } },
};
cf_op_fn *const cf_extend_rm[2][3][3][CF_NEA] = {
	{ EXT_RM(zx, 8), EXT_RM(zx, 16), { { NULL }, { NULL }, { NULL } } },
	{ EXT_RM(sx, 8), EXT_RM(sx, 16),
		{ CF_EA_FNS(mov16_rm), CF_EA_FNS(mov32_rm),
			CF_EA_FNS(sx32_64_rm) } },
};

/* The address itself; no segment, cut to the address size. */
static uint64_t lea_general(struct vcpu *cpu, const struct op *op)
{
	uint64_t v = cf_get64(cpu, op->base) +
		(cf_get64(cpu, op->index) << (op->shift & CF_EA_SHIFT)) +
		(uint64_t)(int64_t)op->disp;

	if (op->shift & CF_EA_16)
		return v & 0xffff;
	if (op->shift & CF_EA_32)
		return v & 0xffffffff;
	return v;
}

#define DEFINE_LEA(bits)                                                     \
	static const struct op *lea##bits##_bd(                              \
		struct vcpu *cpu, const struct op *op)                       \
	{                                                                    \
		cf_set##bits(cpu, op->dst,                                   \
			(uint##bits##_t)cf_ea_bd(cpu, op, 0, false));        \
		return cf_next(cpu, op);                                     \
	}                                                                    \
	static const struct op *lea##bits##_bis(                             \
		struct vcpu *cpu, const struct op *op)                       \
	{                                                                    \
		cf_set##bits(cpu, op->dst,                                   \
			(uint##bits##_t)cf_ea_bis(cpu, op, 0, false));       \
		return cf_next(cpu, op);                                     \
	}                                                                    \
	static const struct op *lea##bits##_gen(                             \
		struct vcpu *cpu, const struct op *op)                       \
	{                                                                    \
		cf_set##bits(                                                \
			cpu, op->dst, (uint##bits##_t)lea_general(cpu, op)); \
		return cf_next(cpu, op);                                     \
	}
DEFINE_LEA(16)
DEFINE_LEA(32)
DEFINE_LEA(64)
cf_op_fn *const cf_lea_fns[3][CF_NEA] = {
	CF_EA_FNS(lea16),
	CF_EA_FNS(lea32),
	CF_EA_FNS(lea64),
};

/* XCHG with memory is always atomic. */
#define DEFINE_XCHG(bits, insn)                                               \
	static const struct op *xchg##bits##_rr(                              \
		struct vcpu *cpu, const struct op *op)                        \
	{                                                                     \
		uint##bits##_t a = cf_get##bits(cpu, op->dst);                \
                                                                              \
		cf_set##bits(cpu, op->dst, cf_get##bits(cpu, op->src));       \
		cf_set##bits(cpu, op->src, a);                                \
		return cf_next(cpu, op);                                      \
	}                                                                     \
	static const struct op *xchg##bits##_rm(                              \
		struct vcpu *cpu, const struct op *op)                        \
	{                                                                     \
		void *p = cf_rmw(cpu, op, cf_ea_gen(cpu, op, bits / 8, true), \
			bits / 8);                                            \
		uint##bits##_t v = cf_get##bits(cpu, op->dst);                \
                                                                              \
		__asm__ volatile(insn " %0, (%1)"                             \
				 : "+r"(v)                                    \
				 : "r"(p)                                     \
				 : "memory");                                 \
		cf_set##bits(cpu, op->dst, v);                                \
		cf_mem_commit(cpu);                                           \
		return cf_next(cpu, op);                                      \
	}
DEFINE_XCHG(8, "xchgb")
DEFINE_XCHG(16, "xchgw")
DEFINE_XCHG(32, "xchgl")
DEFINE_XCHG(64, "xchgq")
cf_op_fn *const cf_xchg_rr[4] = BY_SIZE(xchg, _rr);
cf_op_fn *const cf_xchg_rm[4] = BY_SIZE(xchg, _rm);

static const struct op *bswap32_r(struct vcpu *cpu, const struct op *op)
{
	cf_set32(cpu, op->dst, __builtin_bswap32(cf_get32(cpu, op->dst)));
	return cf_next(cpu, op);
}

static const struct op *bswap64_r(struct vcpu *cpu, const struct op *op)
{
	cf_set64(cpu, op->dst, __builtin_bswap64(cf_get64(cpu, op->dst)));
	return cf_next(cpu, op);
}

cf_op_fn *const cf_bswap[2] = { bswap32_r, bswap64_r };

#define RAX (CF_RAX * 8)
#define RDX (CF_RDX * 8)
static const struct op *cbw(struct vcpu *cpu, const struct op *op)
{
	cf_set16(cpu, RAX, (uint16_t)(int8_t)cf_get8(cpu, RAX));
	return cf_next(cpu, op);
}

static const struct op *cwde(struct vcpu *cpu, const struct op *op)
{
	cf_set32(cpu, RAX, (uint32_t)(int16_t)cf_get16(cpu, RAX));
	return cf_next(cpu, op);
}

static const struct op *cdqe(struct vcpu *cpu, const struct op *op)
{
	cf_set64(cpu, RAX, (uint64_t)(int32_t)cf_get32(cpu, RAX));
	return cf_next(cpu, op);
}

static const struct op *cwd(struct vcpu *cpu, const struct op *op)
{
	cf_set16(cpu, RDX, cf_get16(cpu, RAX) & 0x8000 ? 0xffff : 0);
	return cf_next(cpu, op);
}

static const struct op *cdq(struct vcpu *cpu, const struct op *op)
{
	cf_set32(cpu, RDX, cf_get32(cpu, RAX) >> 31 ? UINT32_MAX : 0);
	return cf_next(cpu, op);
}

static const struct op *cqo(struct vcpu *cpu, const struct op *op)
{
	cf_set64(cpu, RDX, cf_get64(cpu, RAX) >> 63 ? UINT64_MAX : 0);
	return cf_next(cpu, op);
}

cf_op_fn *const cf_convert[2][3] = { { cbw, cwde, cdqe }, { cwd, cdq, cqo } };

const struct op *cf_op_xlat(struct vcpu *cpu, const struct op *op)
{
	/* base is RBX, index is RAX of which only AL counts. */
	uint64_t off = cf_get64(cpu, CF_RBX * 8) + cf_get8(cpu, RAX);

	if (op->shift & CF_EA_16)
		off &= 0xffff;
	else if (op->shift & CF_EA_32)
		off &= 0xffffffff;
	cf_set8(cpu, RAX,
		cf_ld8(cpu, op, cf_linear(cpu, op, op->seg, off, 1, false)));
	return cf_next(cpu, op);
}
