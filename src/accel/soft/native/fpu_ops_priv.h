/* SPDX-License-Identifier: Apache-2.0 */
/* FPU instructions by hand: what their two files share. */
#ifndef CF_ACCEL_SOFT_FPU_OPS_PRIV_H
#define CF_ACCEL_SOFT_FPU_OPS_PRIV_H

#include "accel/soft/native/native_code_priv.h"

/* The arguments of cf_native_fn. */
#define FN_ARGS uint64_t gpr[16], void *mem, struct cf_fpu *fpu, uint16_t *fl

/* Set control and status word; ES, B and the order of the registers in the
 * area follow from them. */
void cf_fpu_set_control(struct cf_fpu *f, uint16_t fcw, uint16_t fsw);

/* FXSAVE, XSAVE and their families, and cache line writes; false: none. */
CF_MUST_CHECK bool cf_fpu_save_by_hand(const ZydisDecodedInstruction *insn,
	uint8_t mem_operand, struct cf_native_op *out);

#endif
