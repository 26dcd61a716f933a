/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions that the host processor executes for the guest.  Everything
 * outside the hand-written hot set that touches only registers, status flags
 * and at most one memory operand is encoded again, with the memory operand
 * as a host pointer, and put into a small generated function (a stub).  The
 * few instructions of the same shape that must not run natively (FXSAVE,
 * XRSTOR, LDMXCSR, FNSTENV, ...) are C functions with the same signature, so
 * that the engine need not tell them apart.
 *
 * How the engine uses it.  At decode time cf_native_compile() fills a struct
 * cf_native_op, which is copied into the decoded operation.  To execute it:
 *
 *   1. need: unless bit `need` of the vCPU's cf_fpu_allowed() is set, raise
 *      cf_fpu_refusal().  CF_FPU_NONE is always allowed.
 *      waits and cf_fpu_pending(): raise #MF (run() would do so too, but
 *      after the memory operand's faults).
 *   2. mem_len > 0 (for CF_NATIVE_LEN_XSAVE take cf_fpu_xsave_len() in its
 *      place from here on): compute the address of the operand `mem_operand`.  When
 *      mem_align > 1 and the linear address is not a multiple: #GP(0).
 *   3. Get a host pointer through the TLB, for write if mem_write (so that
 *      dirty bits and faults are right).  An operand that straddles a page
 *      or is a device goes through a 64-byte aligned bounce buffer of
 *      CF_NATIVE_MEM_MAX bytes: read it if mem_read, run, write back if
 *      mem_write and run() returned 0.
 *   4. flags_read or a partial flags_written: make *fl up to date.
 *   5. r = run(gpr, mem, fpu, fl).  0: done, go to the next instruction.
 *      Else raise exception cf_native_vector(r), error code 0 if #GP; no
 *      register, flag or memory has changed (but MXCSR's flags, as
 *      specified).  #XM (19) becomes #UD while CR4.OSXMMEXCPT is clear.
 *   6. flags_written: *fl now holds them.
 *
 * gpr has the order of instruction encodings.  In 16- and 32-bit guest modes a
 * 32-bit result clears the upper half of its register, as on hardware.
 *
 * Stubs live in memory that is mapped executable and never writable; they
 * are written through the file descriptor behind it.
 */
#ifndef CF_ACCEL_SOFT_NATIVE_PRIV_H
#define CF_ACCEL_SOFT_NATIVE_PRIV_H

#include "accel/soft/native/fpu_priv.h"
#include "base/error.h"

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stdint.h>

#define CF_NATIVE_MEM_MAX   1024
#define CF_NATIVE_LEN_XSAVE 0xffff /* depends on EDX:EAX and XCR0 */

/* Status flags: CF PF AF ZF SF OF. */
#define CF_NATIVE_STATUS 0x8d5u

/* fl: the status flags as the host's LAHF and SETO leave them, AH in the high
 * byte and OF in bit 0. */
typedef uint32_t (*cf_native_fn)(
	uint64_t gpr[16], void *mem, struct cf_fpu *fpu, uint16_t *fl);

#define CF_NATIVE_FAULT 0x80000000u /* or-ed with the vector */

static inline unsigned cf_native_vector(uint32_t result)
{
	return result & 0xff;
}

struct cf_native_op {
	cf_native_fn run;
	uint16_t mem_len;       /* bytes of the memory operand; 0: none */
	uint8_t mem_operand;    /* its index among the decoded operands */
	uint8_t mem_align;      /* alignment that is checked; 1: none */
	uint8_t need;           /* enum cf_fpu_need */
	bool waits;             /* see cf_fpu_pending() */
	bool mem_read;          /* run() reads the operand */
	bool mem_write;         /* run() writes it */
	uint16_t flags_read;    /* of CF_NATIVE_STATUS */
	uint16_t flags_written; /* defined or not; the rest is untouched */
};

enum cf_native_result {
	CF_NATIVE_OK,
	CF_NATIVE_REFUSED, /* not one of these: by hand, or #UD */
	CF_NATIVE_FULL,    /* drop every block, cf_native_reset(), retry */
};

struct cf_native; /* the stubs of one VM */

/* While one exists, handlers for SIGFPE, SIGILL and SIGSEGV turn faults
 * inside stubs into results and pass on all others. */
enum coffer_status cf_native_create(
	struct cf_native **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_native_destroy(struct cf_native *n); /* NULL is fine */

/* From any thread.  operands: all insn->operand_count of them. */
enum cf_native_result cf_native_compile(struct cf_native *n,
	const ZydisDecodedInstruction *insn,
	const ZydisDecodedOperand *operands, struct cf_native_op *out);

/* Forget all stubs; no vCPU runs one and no block refers to one.  After a
 * failure nothing can be compiled any more. */
enum coffer_status cf_native_reset(
	struct cf_native *n, struct coffer_error *err) CF_MUST_CHECK;

/* Stubs made so far, and their bytes. */
void cf_native_usage(struct cf_native *n, size_t *stubs, size_t *bytes);

#endif
