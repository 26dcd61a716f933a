/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Near branches.  In 64-bit code a target on the same page is a direct link
 * to its block; any other goes through the vCPU's jump cache.  A conditional
 * branch that is not taken stays in the block.  "legacy" forms serve 16- and
 * 32-bit code (and 16-bit operand sizes): they cut the target.
 */
#include "accel/soft/insn/ops_priv.h"

#define DEFINE_JCC(cc)                                 \
	static const struct op *jcc_linked_##cc(       \
		struct vcpu *cpu, const struct op *op) \
	{                                              \
		if (!cf_cond(cpu, cc))                 \
			return cf_next(cpu, op);       \
		return cf_jump_linked(cpu, op);        \
	}                                              \
	static const struct op *jcc_far_##cc(          \
		struct vcpu *cpu, const struct op *op) \
	{                                              \
		if (!cf_cond(cpu, cc))                 \
			return cf_next(cpu, op);       \
		return cf_op_jmp(cpu, op);             \
	}                                              \
	static const struct op *jcc_legacy_##cc(       \
		struct vcpu *cpu, const struct op *op) \
	{                                              \
		if (!cf_cond(cpu, cc))                 \
			return cf_next(cpu, op);       \
		return cf_op_jmp_legacy(cpu, op);      \
	}
DEFINE_JCC(0)
DEFINE_JCC(1)
DEFINE_JCC(2)
DEFINE_JCC(3)
DEFINE_JCC(4)
DEFINE_JCC(5)
DEFINE_JCC(6)
DEFINE_JCC(7)
DEFINE_JCC(8)
DEFINE_JCC(9)
DEFINE_JCC(10)
DEFINE_JCC(11)
DEFINE_JCC(12)
DEFINE_JCC(13)
DEFINE_JCC(14)
DEFINE_JCC(15)

#define BY_COND(n)                                                             \
	{                                                                      \
		n##_0, n##_1, n##_2, n##_3, n##_4, n##_5, n##_6, n##_7, n##_8, \
			n##_9, n##_10, n##_11, n##_12, n##_13, n##_14, n##_15  \
	}
cf_op_fn *const cf_jcc_linked[16] = BY_COND(jcc_linked);
cf_op_fn *const cf_jcc_far[16] = BY_COND(jcc_far);
cf_op_fn *const cf_jcc_legacy[16] = BY_COND(jcc_legacy);

const struct op *cf_op_jmp_linked(struct vcpu *cpu, const struct op *op)
{
	return cf_jump_linked(cpu, op);
}

const struct op *cf_op_jmp(struct vcpu *cpu, const struct op *op)
{
	return cf_jump(cpu, op, cpu->r[CF_R_RIP] + (uint64_t)(int64_t)op->disp);
}

/* An address that code cannot have is the branch's fault, not the target's. */
static CF_ALWAYS_INLINE uint64_t near_target(
	struct vcpu *cpu, const struct op *op, uint64_t target)
{
	if (CF_UNLIKELY((uint64_t)((int64_t)(target << 16) >> 16) != target))
		cf_raise_error(cpu, op, CF_VEC_GP, 0);
	return target;
}

const struct op *cf_op_jmp_r(struct vcpu *cpu, const struct op *op)
{
	return cf_jump(cpu, op, near_target(cpu, op, cf_get64(cpu, op->dst)));
}

static CF_ALWAYS_INLINE uint64_t memory_target(
	struct vcpu *cpu, const struct op *op)
{
	return near_target(
		cpu, op, cf_ld64(cpu, op, cf_ea_gen(cpu, op, 8, false)));
}

const struct op *cf_op_jmp_m(struct vcpu *cpu, const struct op *op)
{
	return cf_jump(cpu, op, memory_target(cpu, op));
}

static CF_ALWAYS_INLINE uint64_t return_address(
	const struct vcpu *cpu, const struct op *op)
{
	return cpu->r[CF_R_RIP] + op->off + op->len;
}

static CF_ALWAYS_INLINE void push_return(struct vcpu *cpu, const struct op *op)
{
	uint64_t sp = cpu->r[CF_RSP] - 8;

	cf_st64(cpu, op, sp, return_address(cpu, op));
	cpu->r[CF_RSP] = sp;
}

const struct op *cf_op_call_linked(struct vcpu *cpu, const struct op *op)
{
	push_return(cpu, op);
	return cf_jump_linked(cpu, op);
}

const struct op *cf_op_call(struct vcpu *cpu, const struct op *op)
{
	push_return(cpu, op);
	return cf_op_jmp(cpu, op);
}

const struct op *cf_op_call_r(struct vcpu *cpu, const struct op *op)
{
	uint64_t target = near_target(cpu, op, cf_get64(cpu, op->dst));

	push_return(cpu, op);
	return cf_jump(cpu, op, target);
}

const struct op *cf_op_call_m(struct vcpu *cpu, const struct op *op)
{
	uint64_t target = memory_target(cpu, op);

	push_return(cpu, op);
	return cf_jump(cpu, op, target);
}

const struct op *cf_op_ret(struct vcpu *cpu, const struct op *op)
{
	uint64_t target =
		near_target(cpu, op, cf_ld64(cpu, op, cpu->r[CF_RSP]));

	cpu->r[CF_RSP] += 8;
	return cf_jump(cpu, op, target);
}

const struct op *cf_op_ret_imm(struct vcpu *cpu, const struct op *op)
{
	uint64_t target =
		near_target(cpu, op, cf_ld64(cpu, op, cpu->r[CF_RSP]));

	cpu->r[CF_RSP] += 8 + op->imm;
	return cf_jump(cpu, op, target);
}

/* Operand size cuts the target; outside 64-bit mode CS limits it. */
static uint64_t legacy_target(
	struct vcpu *cpu, const struct op *op, uint64_t target)
{
	target &= cf_size_mask(op->size);
	if (!(cpu->mode & CF_MODE_L) && target > cpu->seg[CF_SEG_CS].limit)
		cf_raise_error(cpu, op, CF_VEC_GP, 0);
	return target;
}

const struct op *cf_op_jmp_legacy(struct vcpu *cpu, const struct op *op)
{
	return cf_jump(cpu, op,
		legacy_target(cpu, op,
			cpu->r[CF_R_RIP] + (uint64_t)(int64_t)op->disp));
}

const struct op *cf_op_jmp_r_legacy(struct vcpu *cpu, const struct op *op)
{
	return cf_jump(cpu, op, legacy_target(cpu, op, cf_get64(cpu, op->dst)));
}

const struct op *cf_op_jmp_m_legacy(struct vcpu *cpu, const struct op *op)
{
	uint64_t target =
		cf_ld(cpu, op, cf_ea_gen(cpu, op, op->size, false), op->size);

	return cf_jump(cpu, op, legacy_target(cpu, op, target));
}

static const struct op *call_legacy(
	struct vcpu *cpu, const struct op *op, uint64_t target)
{
	target = legacy_target(cpu, op, target);
	cf_push(cpu, op, op->size, return_address(cpu, op));
	return cf_jump(cpu, op, target);
}

const struct op *cf_op_call_legacy(struct vcpu *cpu, const struct op *op)
{
	return call_legacy(
		cpu, op, cpu->r[CF_R_RIP] + (uint64_t)(int64_t)op->disp);
}

const struct op *cf_op_call_r_legacy(struct vcpu *cpu, const struct op *op)
{
	return call_legacy(cpu, op, cf_get64(cpu, op->dst));
}

const struct op *cf_op_call_m_legacy(struct vcpu *cpu, const struct op *op)
{
	return call_legacy(cpu, op,
		cf_ld(cpu, op, cf_ea_gen(cpu, op, op->size, false), op->size));
}

const struct op *cf_op_ret_legacy(struct vcpu *cpu, const struct op *op)
{
	uint64_t target = legacy_target(cpu, op, cf_peek(cpu, op, 0, op->size));

	cf_stack_add(cpu, op->size + op->imm);
	return cf_jump(cpu, op, target);
}

/* aux: 0 LOOPNE, 1 LOOPE, 2 LOOP, 3 JrCXZ; src: bytes of the counter. */
const struct op *cf_op_loop(struct vcpu *cpu, const struct op *op)
{
	uint64_t n = cf_get_size(cpu, CF_RCX * 8, op->src);
	bool zf = cpu->fl & CF_FL_ZF << 8;
	uint64_t target = cpu->r[CF_R_RIP] + (uint64_t)(int64_t)op->disp;
	bool taken;

	if (op->aux == 3) {
		taken = n == 0;
	} else {
		n = (n - 1) & cf_size_mask(op->src);
		taken = n != 0 && (op->aux == 2 || zf == (op->aux == 1));
	}
	if (taken)
		target = legacy_target(cpu, op, target);
	if (op->aux != 3)
		cf_set_size(cpu, CF_RCX * 8, op->src, n);
	if (!taken)
		return cf_next(cpu, op);
	return cf_jump(cpu, op, target);
}

/* Ends of blocks that just stop; not instructions: off is the block's length,
 * idx its count of instructions.  The next address is on the same page. */
const struct op *cf_op_end(struct vcpu *cpu, const struct op *op)
{
	const struct block *b = (const struct block *)(uintptr_t)op->imm;

	cpu->r[CF_R_RIP] += op->off;
	cpu->count += op->idx;
	if (CF_UNLIKELY(cpu->count >=
		    atomic_load_explicit(&cpu->limit, memory_order_relaxed)))
		return NULL;
	if (CF_UNLIKELY(!b)) {
		cpu->link_op = op;
		return NULL;
	}
	return cf_run_op(cpu, b->ops);
}

/* The next address is on the next page, or unknown. */
const struct op *cf_op_end_far(struct vcpu *cpu, const struct op *op)
{
	const struct cf_jump_entry *e;
	uint64_t rip = cpu->r[CF_R_RIP] + op->off;

	if (!(cpu->mode & (CF_MODE_D | CF_MODE_L)))
		rip &= 0xffff;
	e = &cpu->jump[cf_jump_hash(rip)];
	cpu->r[CF_R_RIP] = rip;
	cpu->count += op->idx;
	if (CF_UNLIKELY(cpu->count >=
		    atomic_load_explicit(&cpu->limit, memory_order_relaxed)))
		return NULL;
	if (e->tag != (rip ^ cpu->jump_salt))
		return NULL;
	return cf_run_op(cpu, e->block->ops);
}

/* In place of every operation of a dead block: go and find the code anew. */
const struct op *cf_op_stale(struct vcpu *cpu, const struct op *op)
{
	return cf_leave_before(cpu, op);
}
