/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bit tests and the compare-and-exchange family.  Where they write memory
 * they are atomic whether the guest said LOCK or not.
 */
#include "accel/soft/insn/ops_priv.h"

/* Register forms: flags other than CF are kept as the host keeps them. */
#define DEFINE_BT_REG(name, bits, insn)                                        \
	static CF_ALWAYS_INLINE uint##bits##_t name##bits(                     \
		struct vcpu *cpu, uint##bits##_t a, uint##bits##_t n)          \
	{                                                                      \
		uint16_t fl = cpu->fl;                                         \
                                                                               \
		__asm__("addb $0x7f, %%al\n\tsahf\n\t" insn                    \
			" %[n], %[a]" CF_ASM_FLAGS                             \
			: [a] "+&r"(a), "+&a"(fl)                              \
			: [n] "r"(n)                                           \
			: "cc");                                               \
		cpu->fl = fl;                                                  \
		return a;                                                      \
	}                                                                      \
	static const struct op *name##bits##_rr(                               \
		struct vcpu *cpu, const struct op *op)                         \
	{                                                                      \
		uint##bits##_t v = name##bits(cpu, cf_get##bits(cpu, op->dst), \
			cf_get##bits(cpu, op->src));                           \
                                                                               \
		if (writes_##name)                                             \
			cf_set##bits(cpu, op->dst, v);                         \
		return cf_next(cpu, op);                                       \
	}                                                                      \
	static const struct op *name##bits##_ri(                               \
		struct vcpu *cpu, const struct op *op)                         \
	{                                                                      \
		uint##bits##_t v = name##bits(cpu, cf_get##bits(cpu, op->dst), \
			(uint##bits##_t)op->imm);                              \
                                                                               \
		if (writes_##name)                                             \
			cf_set##bits(cpu, op->dst, v);                         \
		return cf_next(cpu, op);                                       \
	}                                                                      \
	static const struct op *name##bits##_mr(                               \
		struct vcpu *cpu, const struct op *op)                         \
	{                                                                      \
		int64_t n = (int##bits##_t)cf_get##bits(cpu, op->src);         \
                                                                               \
		bit_mem(cpu, op, bits / 8, kind_##name, n);                    \
		return cf_next(cpu, op);                                       \
	}                                                                      \
	static const struct op *name##bits##_mi(                               \
		struct vcpu *cpu, const struct op *op)                         \
	{                                                                      \
		bit_mem(cpu, op, bits / 8, kind_##name,                        \
			(int64_t)(op->imm & (bits - 1)));                      \
		return cf_next(cpu, op);                                       \
	}

enum { kind_bt, kind_bts, kind_btr, kind_btc };
enum { writes_bt = 0, writes_bts = 1, writes_btr = 1, writes_btc = 1 };

/* n bits from the operand's start, which may be far away. */
static void bit_mem(struct vcpu *cpu, const struct op *op, unsigned size,
	int kind, int64_t n)
{
	int64_t unit = n >> (size == 8 ? 6 : size == 4 ? 5 : 4);
	struct op moved = *op;
	uint64_t addr, old, mask = (uint64_t)1 << (n & 7);
	uint8_t *p;

	/* The displacement is part of the offset, before the segment. */
	if (unit) {
		uint64_t off = cf_get64(cpu, op->base) +
			(cf_get64(cpu, op->index)
				<< (op->shift & CF_EA_SHIFT)) +
			(uint64_t)(int64_t)op->disp +
			(uint64_t)(unit * (int64_t)size);

		if (op->shift & CF_EA_16)
			off &= 0xffff;
		else if (op->shift & CF_EA_32)
			off &= 0xffffffff;
		addr = cf_linear(cpu, op, moved.seg, off, size, kind);
	} else {
		addr = cf_ea_gen(cpu, op, size, kind);
	}
	/* The access is as wide as the operand; only its bit changes. */
	if (kind == kind_bt) {
		old = cf_ld(cpu, op, addr, size) >> (n & (size * 8 - 8));
	} else {
		p = cf_rmw(cpu, op, addr, size);
		p += (n & (size * 8 - 1)) >> 3;
		switch (kind) {
		case kind_bts:
			old = __atomic_fetch_or(
				p, (uint8_t)mask, __ATOMIC_SEQ_CST);
			break;
		case kind_btr:
			old = __atomic_fetch_and(
				p, (uint8_t)~mask, __ATOMIC_SEQ_CST);
			break;
		default:
			old = __atomic_fetch_xor(
				p, (uint8_t)mask, __ATOMIC_SEQ_CST);
			break;
		}
		cf_mem_commit(cpu);
	}
	if (old & mask)
		cpu->fl |= CF_FL_CF << 8;
	else
		cpu->fl = (uint16_t)(cpu->fl & ~(CF_FL_CF << 8));
}

#define DEFINE_BT_SIZES(name)              \
	DEFINE_BT_REG(name, 16, #name "w") \
	DEFINE_BT_REG(name, 32, #name "l") \
	DEFINE_BT_REG(name, 64, #name "q")
DEFINE_BT_SIZES(bt)
DEFINE_BT_SIZES(bts)
DEFINE_BT_SIZES(btr)
DEFINE_BT_SIZES(btc)

#define BT_SIZES(name, form)                                   \
	{                                                      \
		name##16##form, name##32##form, name##64##form \
	}
#define BT_FNS(form)                                                          \
	{                                                                     \
		BT_SIZES(bt, form), BT_SIZES(bts, form), BT_SIZES(btr, form), \
			BT_SIZES(btc, form)                                   \
	}
cf_op_fn *const cf_bt_rr[4][3] = BT_FNS(_rr);
cf_op_fn *const cf_bt_ri[4][3] = BT_FNS(_ri);
cf_op_fn *const cf_bt_mr[4][3] = BT_FNS(_mr);
cf_op_fn *const cf_bt_mi[4][3] = BT_FNS(_mi);

/*
 * CMPXCHG.  RAX changes only on failure (a 32-bit one then clears its upper
 * half), a register destination as the host does it.
 */
#define DEFINE_CMPXCHG(bits, sfx)                                             \
	static const struct op *cmpxchg##bits##_m(                            \
		struct vcpu *cpu, const struct op *op)                        \
	{                                                                     \
		void *p = cf_rmw(cpu, op, cf_ea_gen(cpu, op, bits / 8, true), \
			bits / 8);                                            \
		uint64_t rax = cpu->r[CF_RAX], acc;                           \
                                                                              \
		__asm__ volatile(                                             \
			"lock cmpxchg" sfx " %[n], (%[p])\n\t"                \
			"movq %%rax, %[acc]" CF_ASM_FLAGS                     \
			: "+&a"(rax), [acc] "=&r"(acc)                        \
			: [n] "r"(cf_get##bits(cpu, op->src)), [p] "r"(p)     \
			: "cc", "memory");                                    \
		cpu->fl = (uint16_t)rax;                                      \
		if (!(cpu->fl & CF_FL_ZF << 8))                               \
			cf_set##bits(cpu, CF_RAX * 8, (uint##bits##_t)acc);   \
		cf_mem_commit(cpu);                                           \
		return cf_next(cpu, op);                                      \
	}                                                                     \
	static const struct op *cmpxchg##bits##_r(                            \
		struct vcpu *cpu, const struct op *op)                        \
	{                                                                     \
		uint64_t rax = cpu->r[CF_RAX], acc;                           \
		uint##bits##_t d = cf_get##bits(cpu, op->dst);                \
                                                                              \
		__asm__ volatile("cmpxchg" sfx " %[n], %[d]\n\t"              \
				 "movq %%rax, %[acc]" CF_ASM_FLAGS            \
				 : "+&a"(rax), [acc] "=&r"(acc), [d] "+&r"(d) \
				 : [n] "r"(cf_get##bits(cpu, op->src))        \
				 : "cc");                                     \
		cpu->fl = (uint16_t)rax;                                      \
		if (cpu->fl & CF_FL_ZF << 8)                                  \
			cf_set##bits(cpu, op->dst, d);                        \
		else                                                          \
			cf_set##bits(cpu, CF_RAX * 8, (uint##bits##_t)acc);   \
		return cf_next(cpu, op);                                      \
	}                                                                     \
	static const struct op *xadd##bits##_m(                               \
		struct vcpu *cpu, const struct op *op)                        \
	{                                                                     \
		void *p = cf_rmw(cpu, op, cf_ea_gen(cpu, op, bits / 8, true), \
			bits / 8);                                            \
		uint##bits##_t v = cf_get##bits(cpu, op->src);                \
		uint16_t fl;                                                  \
                                                                              \
		__asm__ volatile("lock xadd" sfx " %[v], (%[p])" CF_ASM_FLAGS \
				 : "=&a"(fl), [v] "+&r"(v)                    \
				 : [p] "r"(p)                                 \
				 : "cc", "memory");                           \
		cpu->fl = fl;                                                 \
		cf_set##bits(cpu, op->src, v);                                \
		cf_mem_commit(cpu);                                           \
		return cf_next(cpu, op);                                      \
	}                                                                     \
	static const struct op *xadd##bits##_r(                               \
		struct vcpu *cpu, const struct op *op)                        \
	{                                                                     \
		uint##bits##_t d = cf_get##bits(cpu, op->dst);                \
		uint##bits##_t sum =                                          \
			cf_add##bits(cpu, d, cf_get##bits(cpu, op->src));     \
                                                                              \
		cf_set##bits(cpu, op->src, d);                                \
		cf_set##bits(cpu, op->dst, sum);                              \
		return cf_next(cpu, op);                                      \
	}
DEFINE_CMPXCHG(8, "b")
DEFINE_CMPXCHG(16, "w")
DEFINE_CMPXCHG(32, "l")
DEFINE_CMPXCHG(64, "q")

#define SIZES(name, form)                                                     \
	{                                                                     \
		name##8##form, name##16##form, name##32##form, name##64##form \
	}
cf_op_fn *const cf_cmpxchg_r[4] = SIZES(cmpxchg, _r);
cf_op_fn *const cf_cmpxchg_m[4] = SIZES(cmpxchg, _m);
cf_op_fn *const cf_xadd_r[4] = SIZES(xadd, _r);
cf_op_fn *const cf_xadd_m[4] = SIZES(xadd, _m);

static void set_zf(struct vcpu *cpu, bool zf)
{
	if (zf)
		cpu->fl |= CF_FL_ZF << 8;
	else
		cpu->fl = (uint16_t)(cpu->fl & ~(CF_FL_ZF << 8));
}

const struct op *cf_op_cmpxchg8b(struct vcpu *cpu, const struct op *op)
{
	void *p = cf_rmw(cpu, op, cf_ea_gen(cpu, op, 8, true), 8);
	uint64_t acc = cf_get32(cpu, CF_RDX * 8);
	uint64_t new = cf_get32(cpu, CF_RCX * 8);
	uint8_t zf;

	acc = acc << 32 | cf_get32(cpu, CF_RAX * 8);
	new = new << 32 | cf_get32(cpu, CF_RBX * 8);
	__asm__ volatile("lock cmpxchgq %[n], (%[p])\n\tsete %[zf]"
			 : "+&a"(acc), [zf] "=q"(zf)
			 : [n] "r"(new), [p] "r"(p)
			 : "cc", "memory");
	set_zf(cpu, zf);
	if (!zf) {
		cf_set32(cpu, CF_RAX * 8, (uint32_t)acc);
		cf_set32(cpu, CF_RDX * 8, (uint32_t)(acc >> 32));
	}
	cf_mem_commit(cpu);
	return cf_next(cpu, op);
}

const struct op *cf_op_cmpxchg16b(struct vcpu *cpu, const struct op *op)
{
	uint64_t addr = cf_ea_gen(cpu, op, 16, true);
	uint64_t lo = cpu->r[CF_RAX], hi = cpu->r[CF_RDX];
	uint8_t zf;
	void *p;

	if (addr & 15)
		cf_raise_error(cpu, op, CF_VEC_GP, 0);
	p = cf_rmw(cpu, op, addr, 16);
	__asm__ volatile("lock cmpxchg16b (%[p])\n\tsete %[zf]"
			 : "+&a"(lo), "+&d"(hi), [zf] "=q"(zf)
			 : [p] "r"(p), "b"(cpu->r[CF_RBX]), "c"(cpu->r[CF_RCX])
			 : "cc", "memory");
	set_zf(cpu, zf);
	if (!zf) {
		cpu->r[CF_RAX] = lo;
		cpu->r[CF_RDX] = hi;
	}
	cf_mem_commit(cpu);
	return cf_next(cpu, op);
}
