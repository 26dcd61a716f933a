/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A comparison and the conditional branch behind it in one step.  The branch
 * keeps its own operation (for its place, its count and its link), so a jump
 * to it, or a stop between the two, finds everything as if nothing were
 * fused.
 */
#include "accel/soft/insn/ops_priv.h"

#define DEFINE_FUSED_CC(name, compare, cc)             \
	static const struct op *name##_##cc(           \
		struct vcpu *cpu, const struct op *op) \
	{                                              \
		compare;                               \
		if (!cf_cond(cpu, cc))                 \
			return cf_run_op(cpu, op + 2); \
		return cf_jump_linked(cpu, op + 1);    \
	}
/* Only the conditions that compilers use after a comparison. */
#define DEFINE_FUSED(name, compare)        \
	DEFINE_FUSED_CC(name, compare, 2)  \
	DEFINE_FUSED_CC(name, compare, 3)  \
	DEFINE_FUSED_CC(name, compare, 4)  \
	DEFINE_FUSED_CC(name, compare, 5)  \
	DEFINE_FUSED_CC(name, compare, 6)  \
	DEFINE_FUSED_CC(name, compare, 7)  \
	DEFINE_FUSED_CC(name, compare, 8)  \
	DEFINE_FUSED_CC(name, compare, 9)  \
	DEFINE_FUSED_CC(name, compare, 12) \
	DEFINE_FUSED_CC(name, compare, 13) \
	DEFINE_FUSED_CC(name, compare, 14) \
	DEFINE_FUSED_CC(name, compare, 15)

#define RR(which, bits)   \
	cf_##which##bits( \
		cpu, cf_get##bits(cpu, op->dst), cf_get##bits(cpu, op->src))
#define RI(which, bits)   \
	cf_##which##bits( \
		cpu, cf_get##bits(cpu, op->dst), (uint##bits##_t)op->imm)

DEFINE_FUSED(cmp8_ri, RI(cmp, 8))
DEFINE_FUSED(cmp32_rr, RR(cmp, 32))
DEFINE_FUSED(cmp32_ri, RI(cmp, 32))
DEFINE_FUSED(cmp64_rr, RR(cmp, 64))
DEFINE_FUSED(cmp64_ri, RI(cmp, 64))
DEFINE_FUSED(test8_rr, RR(test, 8))
DEFINE_FUSED(test8_ri, RI(test, 8))
DEFINE_FUSED(test32_rr, RR(test, 32))
DEFINE_FUSED(test64_rr, RR(test, 64))

#define BY_CC(n)                                                             \
	{                                                                    \
		NULL, NULL, n##_2, n##_3, n##_4, n##_5, n##_6, n##_7, n##_8, \
			n##_9, NULL, NULL, n##_12, n##_13, n##_14, n##_15    \
	}

static const struct {
	enum cf_alu alu;
	unsigned size; /* log2 */
	bool imm;
	cf_op_fn *fn[16];
} table[] = {
	{ CF_ALU_CMP, 0, true, BY_CC(cmp8_ri) },
	{ CF_ALU_CMP, 2, false, BY_CC(cmp32_rr) },
	{ CF_ALU_CMP, 2, true, BY_CC(cmp32_ri) },
	{ CF_ALU_CMP, 3, false, BY_CC(cmp64_rr) },
	{ CF_ALU_CMP, 3, true, BY_CC(cmp64_ri) },
	{ CF_ALU_TEST, 0, false, BY_CC(test8_rr) },
	{ CF_ALU_TEST, 0, true, BY_CC(test8_ri) },
	{ CF_ALU_TEST, 2, false, BY_CC(test32_rr) },
	{ CF_ALU_TEST, 3, false, BY_CC(test64_rr) },
};

cf_op_fn *cf_fused(const struct op *compare, const struct op *branch)
{
	size_t i;
	unsigned cc;

	for (cc = 0; cc < 16; cc++) {
		if (branch->fn == cf_jcc_linked[cc])
			break;
	}
	if (cc == 16)
		return NULL;
	for (i = 0; i < CF_ARRAY_LEN(table); i++) {
		const struct cf_alu_fns *f = &cf_alu_fns[table[i].alu];

		if (compare->fn ==
			(table[i].imm ? f->ri[table[i].size]
				      : f->rr[table[i].size]))
			return table[i].fn[cc];
	}
	return NULL;
}
