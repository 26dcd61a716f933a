/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cheaper handlers for what the block shows: arithmetic whose flags the next
 * instruction overwrites computes none, and a comparison takes the branch
 * behind it along.
 */
#include "accel/soft/insn/decode_priv.h"

/* Which of a family's tables holds fn; the variant without flags. */
static cf_op_fn *without_flags(const struct op *op)
{
	unsigned a, s;

	for (a = 0; a < CF_NALU; a++) {
		for (s = 0; s < 2; s++) {
			if (op->fn == cf_alu_fns[a].rr[s + 2])
				return cf_alu_rr_noflags[a][s];
			if (op->fn == cf_alu_fns[a].ri[s + 2])
				return cf_alu_ri_noflags[a][s];
		}
	}
	return NULL;
}

/*
 * Does it overwrite every status flag without reading any, and without a
 * fault that would show them?
 */
static bool overwrites_flags(const struct op *op)
{
	unsigned a, s;

	for (a = 0; a < CF_NALU; a++) {
		if (a == CF_ALU_ADC || a == CF_ALU_SBB)
			continue;
		for (s = 0; s < 4; s++) {
			if (op->fn == cf_alu_fns[a].rr[s] ||
				op->fn == cf_alu_fns[a].ri[s])
				return true;
		}
	}
	return false;
}

/* Neither reads nor writes flags and cannot fault. */
static bool leaves_flags(const struct op *op)
{
	unsigned s;

	for (s = 0; s < 4; s++) {
		if (op->fn == cf_mov_fns.rr[s] || op->fn == cf_mov_fns.ri[s])
			return true;
	}
	for (s = 0; s < 3; s++) {
		if (op->fn == cf_lea_fns[s][CF_EA_BD] ||
			op->fn == cf_lea_fns[s][CF_EA_BIS])
			return true;
	}
	return op->fn == cf_op_nop;
}

void cf_decode_polish(struct op *ops, unsigned n)
{
	bool dead = false; /* the flags behind ops[i] */
	unsigned i;

	for (i = n; i-- > 0;) {
		bool overwrites = overwrites_flags(&ops[i]);
		cf_op_fn *fn;

		if (dead && overwrites) {
			fn = without_flags(&ops[i]);
			if (fn)
				ops[i].fn = fn;
		}
		if (overwrites)
			dead = true;
		else if (!leaves_flags(&ops[i]))
			dead = false;
	}
	for (i = 0; i + 1 < n; i++) {
		cf_op_fn *fn = cf_fused(&ops[i], &ops[i + 1]);

		if (fn)
			ops[i].fn = fn;
	}
}
