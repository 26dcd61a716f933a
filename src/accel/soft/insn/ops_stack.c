/* SPDX-License-Identifier: Apache-2.0 */
/* PUSH, POP and what else works on the stack. */
#include "accel/soft/insn/ops_priv.h"
#include "accel/soft/insn/vme_priv.h"

/* The stack pointer's width: 64-bit code, else by SS. */
static unsigned stack_bytes(const struct vcpu *cpu)
{
	if (cpu->mode & CF_MODE_L)
		return 8;
	return cpu->mode & CF_MODE_SS32 ? 4 : 2;
}

static uint64_t stack_addr(struct vcpu *cpu, const struct op *op, uint64_t sp,
	unsigned size, bool write)
{
	sp &= cf_size_mask(stack_bytes(cpu));
	if (cpu->mode & CF_MODE_L)
		return sp;
	return cf_linear(cpu, op, CF_SEG_SS, sp, size, write);
}

void cf_stack_add(struct vcpu *cpu, uint64_t n)
{
	unsigned width = stack_bytes(cpu);

	cf_set_size(cpu, CF_RSP * 8, width, cpu->r[CF_RSP] + n);
}

void cf_push(struct vcpu *cpu, const struct op *op, unsigned size, uint64_t v)
{
	cf_st(cpu, op, stack_addr(cpu, op, cpu->r[CF_RSP] - size, size, true),
		size, v);
	cf_stack_add(cpu, -(uint64_t)size);
}

uint64_t cf_peek(
	struct vcpu *cpu, const struct op *op, uint64_t at, unsigned size)
{
	return cf_ld(cpu, op,
		stack_addr(cpu, op, cpu->r[CF_RSP] + at, size, false), size);
}

const struct op *cf_op_push64_r(struct vcpu *cpu, const struct op *op)
{
	uint64_t sp = cpu->r[CF_RSP] - 8;

	cf_st64(cpu, op, sp, cf_get64(cpu, op->dst));
	cpu->r[CF_RSP] = sp;
	return cf_next(cpu, op);
}

const struct op *cf_op_push64_i(struct vcpu *cpu, const struct op *op)
{
	uint64_t sp = cpu->r[CF_RSP] - 8;

	cf_st64(cpu, op, sp, op->imm);
	cpu->r[CF_RSP] = sp;
	return cf_next(cpu, op);
}

/* op with the stack's segment: its own is the memory operand's, and a bad
 * address on the stack is another exception. */
static struct op on_stack(const struct op *op)
{
	struct op stack = *op;

	stack.seg = CF_SEG_SS;
	return stack;
}

const struct op *cf_op_push64_m(struct vcpu *cpu, const struct op *op)
{
	uint64_t v = cf_ld64(cpu, op, cf_ea_gen(cpu, op, 8, false));
	uint64_t sp = cpu->r[CF_RSP] - 8;
	struct op stack = on_stack(op);

	cf_st64(cpu, &stack, sp, v);
	cpu->r[CF_RSP] = sp;
	return cf_next(cpu, op);
}

const struct op *cf_op_pop64_r(struct vcpu *cpu, const struct op *op)
{
	uint64_t v = cf_ld64(cpu, op, cpu->r[CF_RSP]);

	cpu->r[CF_RSP] += 8;
	cf_set64(cpu, op->dst, v);
	return cf_next(cpu, op);
}

const struct op *cf_op_push_r(struct vcpu *cpu, const struct op *op)
{
	cf_push(cpu, op, op->size, cf_get_size(cpu, op->dst, op->size));
	return cf_next(cpu, op);
}

const struct op *cf_op_push_i(struct vcpu *cpu, const struct op *op)
{
	cf_push(cpu, op, op->size, op->imm);
	return cf_next(cpu, op);
}

const struct op *cf_op_push_m(struct vcpu *cpu, const struct op *op)
{
	uint64_t v =
		cf_ld(cpu, op, cf_ea_gen(cpu, op, op->size, false), op->size);
	struct op stack = on_stack(op);

	cf_push(cpu, &stack, op->size, v);
	return cf_next(cpu, op);
}

const struct op *cf_op_pop_r(struct vcpu *cpu, const struct op *op)
{
	uint64_t v = cf_peek(cpu, op, 0, op->size);

	cf_stack_add(cpu, op->size);
	cf_set_size(cpu, op->dst, op->size, v);
	return cf_next(cpu, op);
}

/* An address based on RSP uses the value after the pop. */
const struct op *cf_op_pop_m(struct vcpu *cpu, const struct op *op)
{
	struct op moved = *op, stack = on_stack(op);
	uint64_t v = cf_peek(cpu, &stack, 0, op->size);
	uint64_t sp = cpu->r[CF_RSP];

	if (op->base == CF_RSP * 8)
		moved.disp += op->size;
	cf_st(cpu, op, cf_ea_gen(cpu, &moved, op->size, true), op->size, v);
	cpu->r[CF_RSP] = sp;
	cf_stack_add(cpu, op->size);
	return cf_next(cpu, op);
}

const struct op *cf_op_leave64(struct vcpu *cpu, const struct op *op)
{
	uint64_t v = cf_ld64(cpu, op, cpu->r[CF_RBP]);

	cpu->r[CF_RSP] = cpu->r[CF_RBP] + 8;
	cpu->r[CF_RBP] = v;
	return cf_next(cpu, op);
}

const struct op *cf_op_leave(struct vcpu *cpu, const struct op *op)
{
	unsigned width = stack_bytes(cpu);
	uint64_t v = cf_ld(cpu, op,
		stack_addr(cpu, op, cpu->r[CF_RBP], op->size, false), op->size);

	cf_set_size(cpu, CF_RSP * 8, width, cpu->r[CF_RBP]);
	cf_stack_add(cpu, op->size);
	cf_set_size(cpu, CF_RBP * 8, op->size, v);
	return cf_next(cpu, op);
}

/* imm: bytes of locals; aux: nesting level. */
const struct op *cf_op_enter(struct vcpu *cpu, const struct op *op)
{
	unsigned size = op->size, level = op->aux & 31;
	uint64_t old = cpu->r[CF_RSP], bp = cpu->r[CF_RBP], frame;
	unsigned i;

	/* Nothing may have changed when one of the accesses faults. */
	cf_rmw(cpu, op,
		stack_addr(cpu, op,
			old - (uint64_t)size * (level + 1) - op->imm, size,
			true),
		size);
	cpu->rmw_pending = false;
	cf_push(cpu, op, size, bp);
	frame = cpu->r[CF_RSP];
	for (i = 1; i < level; i++) {
		bp -= size;
		cf_push(cpu, op, size,
			cf_ld(cpu, op, stack_addr(cpu, op, bp, size, false),
				size));
	}
	if (level)
		cf_push(cpu, op, size, frame);
	cf_set_size(cpu, CF_RBP * 8, size, frame);
	cf_stack_add(cpu, -op->imm);
	return cf_next(cpu, op);
}

const struct op *cf_op_pusha(struct vcpu *cpu, const struct op *op)
{
	unsigned size = op->size, i;
	uint64_t sp = cpu->r[CF_RSP];

	/* RAX first, as single pushes would; what a fault leaves half done
	 * is below the stack. */
	for (i = 0; i < 8; i++)
		cf_st(cpu, op,
			stack_addr(cpu, op, sp - (uint64_t)size * (i + 1), size,
				true),
			size, i == CF_RSP ? sp : cpu->r[i]);
	cf_stack_add(cpu, -(uint64_t)size * 8);
	return cf_next(cpu, op);
}

const struct op *cf_op_popa(struct vcpu *cpu, const struct op *op)
{
	unsigned size = op->size, i;

	/* As processors do: a fault leaves what was popped so far, and RSP
	 * where it was, so that all is popped again. */
	for (i = 8; i-- > 0;) {
		uint64_t v = cf_peek(cpu, op, (uint64_t)size * (7 - i), size);

		if (i != CF_RSP)
			cf_set_size(cpu, i * 8, size, v);
	}
	cf_stack_add(cpu, (uint64_t)size * 8);
	return cf_next(cpu, op);
}

const struct op *cf_op_pushf(struct vcpu *cpu, const struct op *op)
{
	uint64_t fl = cf_rflags(cpu);

	if ((cpu->mode & CF_MODE_VM) &&
		(cpu->flags & CF_FL_IOPL) != CF_FL_IOPL) {
		if (op->size != 2 || !cf_vme_active(cpu))
			cf_raise_error(cpu, op, CF_VEC_GP, 0);
		fl = cf_vme_image(cpu);
	}
	cf_push(cpu, op, op->size, fl & ~(uint64_t)(CF_FL_RF | CF_FL_VM));
	return cf_next(cpu, op);
}
