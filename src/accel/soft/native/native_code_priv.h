/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the parts of native execution: what a stub has to load, run and
 * store (the shape), its machine code, and the faults inside stubs.
 */
#ifndef CF_ACCEL_SOFT_NATIVE_CODE_PRIV_H
#define CF_ACCEL_SOFT_NATIVE_CODE_PRIV_H

#include "accel/soft/native/native_priv.h"

#define CF_NATIVE_INSN_MAX 15
#define CF_NATIVE_STUB_MAX 1024 /* the longest stub is about 900 bytes */

/* Which host registers hold the stub's pointers and the guest's RSP. */
struct cf_native_regs {
	uint8_t gpr, mem, fpu, fl; /* the four arguments */
	uint8_t rsp;               /* stands for RSP if the guest names it */
	uint16_t saved;            /* callee-saved registers in use */
};

struct cf_native_shape {
	struct cf_native_op op; /* all but run */
	uint16_t gpr_used, gpr_written;
	uint16_t xmm_used, xmm_written;
	bool high;      /* upper halves of YMM registers are read */
	bool vex;       /* a VEX instruction on vector registers: clears them */
	bool x87;       /* the whole FXSAVE image is loaded and stored */
	bool mxcsr;     /* rounds or raises SIMD exceptions */
	bool mem_rdi;   /* the memory operand is hidden and always [RDI] */
	bool byte_high; /* names AH, CH, DH or BH: no REX prefix allowed */
	struct cf_native_regs regs;
	uint8_t insn[CF_NATIVE_INSN_MAX]; /* for the host, 64-bit mode */
	uint8_t insn_len;
};

/* False: not an instruction that may run natively. */
CF_MUST_CHECK bool cf_native_shape(const ZydisDecodedInstruction *insn,
	const ZydisDecodedOperand *operands, struct cf_native_shape *out);

/* C functions for instructions of the same shape; false: none. */
CF_MUST_CHECK bool cf_native_by_hand(const ZydisDecodedInstruction *insn,
	const ZydisDecodedOperand *operands, struct cf_native_op *out);

/* Registers for the pointers, then shape->insn. */
CF_MUST_CHECK bool cf_native_encode(const ZydisDecodedInstruction *insn,
	const ZydisDecodedOperand *operands, struct cf_native_shape *shape);

struct cf_native_code {
	uint8_t bytes[CF_NATIVE_STUB_MAX];
	size_t len;
	size_t insn_at; /* where a fault may happen */
	size_t exit_at; /* where it continues, the result in EAX */
};
void cf_native_emit(
	const struct cf_native_shape *shape, struct cf_native_code *out);

/* Where faults are looked for: one range of code and its fault sites. */
struct cf_native_site {
	uint32_t insn, exit; /* offsets into the code; insn ascends */
};

struct cf_native_range {
	const uint8_t *code;
	size_t code_len;
	const struct cf_native_site *sites;
	size_t nsites; /* atomic: release on append, acquire on lookup */
	struct cf_native_range *next;
};

/* Watch this range; the handlers are installed as long as one is. */
enum coffer_status cf_native_watch(
	struct cf_native_range *r, struct coffer_error *err) CF_MUST_CHECK;
void cf_native_unwatch(struct cf_native_range *r);

#endif
