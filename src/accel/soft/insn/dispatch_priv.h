/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From one operation to the next.  In optimised builds a handler ends in a
 * tail call of the next one (threaded dispatch); without optimisation, and
 * under sanitizers, it returns the next operation to the loop in run.c.  The
 * handlers are the same.
 */
#ifndef CF_ACCEL_SOFT_DISPATCH_PRIV_H
#define CF_ACCEL_SOFT_DISPATCH_PRIV_H

#include "accel/soft/cpu_priv.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define CF_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define CF_SANITIZED 1
#endif

#if defined(__OPTIMIZE__) && !defined(CF_SANITIZED)
static CF_ALWAYS_INLINE const struct op *cf_run_op(
	struct vcpu *cpu, const struct op *op)
{
	return op->fn(cpu, op);
}
#else
static CF_ALWAYS_INLINE const struct op *cf_run_op(
	struct vcpu *cpu CF_UNUSED, const struct op *op)
{
	return op;
}
#endif

static CF_ALWAYS_INLINE const struct op *cf_next(
	struct vcpu *cpu, const struct op *op)
{
	return cf_run_op(cpu, op + 1);
}

/* Leave the block before op: r[RIP] is its instruction. */
static CF_ALWAYS_INLINE const struct op *cf_leave_before(
	struct vcpu *cpu, const struct op *op)
{
	cpu->r[CF_R_RIP] += op->off;
	cpu->count += op->idx;
	return NULL;
}

/* Leave the block after op. */
static CF_ALWAYS_INLINE const struct op *cf_leave(
	struct vcpu *cpu, const struct op *op)
{
	cpu->r[CF_R_RIP] += (uint64_t)op->off + op->len;
	cpu->count += (uint64_t)op->idx + 1;
	return NULL;
}

/*
 * For system instructions, which all end their block: make r[RIP] exact, so
 * that C code may raise with op NULL; then cf_sys_done().
 */
static CF_ALWAYS_INLINE void cf_sys_begin(struct vcpu *cpu, const struct op *op)
{
	cpu->r[CF_R_RIP] += op->off;
	cpu->count += op->idx;
}

static CF_ALWAYS_INLINE const struct op *cf_sys_done(
	struct vcpu *cpu, const struct op *op)
{
	cpu->r[CF_R_RIP] += op->len;
	cpu->count++;
	return NULL;
}

/* The instruction changed RIP itself. */
static CF_ALWAYS_INLINE const struct op *cf_sys_jumped(struct vcpu *cpu)
{
	cpu->count++;
	return NULL;
}

static CF_ALWAYS_INLINE uint64_t cf_jump_hash(uint64_t rip)
{
	return (rip ^ rip >> 12) & (CF_JUMP_SIZE - 1);
}

/* Go to an address that is only known now, after op. */
static CF_ALWAYS_INLINE const struct op *cf_jump(
	struct vcpu *cpu, const struct op *op, uint64_t target)
{
	const struct cf_jump_entry *e = &cpu->jump[cf_jump_hash(target)];

	cpu->r[CF_R_RIP] = target;
	cpu->count += (uint64_t)op->idx + 1;
	if (CF_UNLIKELY(cpu->count >=
		    atomic_load_explicit(&cpu->limit, memory_order_relaxed)))
		return NULL;
	if (CF_UNLIKELY(e->tag != (target ^ cpu->jump_salt)))
		return NULL;
	return cf_run_op(cpu, e->block->ops);
}

/* Go to a fixed target on the same page: op->imm is the linked block once the
 * loop has found it. */
static CF_ALWAYS_INLINE const struct op *cf_jump_linked(
	struct vcpu *cpu, const struct op *op)
{
	const struct block *b = (const struct block *)(uintptr_t)op->imm;

	cpu->r[CF_R_RIP] += (uint64_t)(int64_t)op->disp;
	cpu->count += (uint64_t)op->idx + 1;
	if (CF_UNLIKELY(cpu->count >=
		    atomic_load_explicit(&cpu->limit, memory_order_relaxed)))
		return NULL;
	if (CF_UNLIKELY(!b)) {
		cpu->link_op = op;
		return NULL;
	}
	return cf_run_op(cpu, b->ops);
}

#endif
