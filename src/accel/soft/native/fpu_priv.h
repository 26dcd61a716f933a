/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest x87, MMX, SSE and AVX state, and when the guest may use it.  The
 * state is held in the standard (not compacted) XSAVE layout, so that the host
 * processor can load parts of it as they are.
 *
 * Source: APM volume 1 (AMD 24592), x87 and SSE environments; volume 2
 * (24593), "SSE, MMX and x87 programming"; volume 4 (26568), XSAVE.
 */
#ifndef CF_ACCEL_SOFT_FPU_PRIV_H
#define CF_ACCEL_SOFT_FPU_PRIV_H

#include "base/compiler.h"
#include "image/cpu_state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CF_XCR0_X87   0x1u
#define CF_XCR0_SSE   0x2u
#define CF_XCR0_AVX   0x4u
#define CF_XCR0_KNOWN (CF_XCR0_X87 | CF_XCR0_SSE | CF_XCR0_AVX)

/* Offsets in the standard layout. */
#define CF_FPU_FCW       0
#define CF_FPU_FSW       2
#define CF_FPU_FTW       4 /* abridged: bit n, physical register n in use */
#define CF_FPU_MXCSR     24
#define CF_FPU_ST        32  /* 8 of 16 bytes, ST(0) first */
#define CF_FPU_XMM       160 /* 16 of 16 bytes */
#define CF_FPU_HEADER    512 /* XSTATE_BV, XCOMP_BV */
#define CF_FPU_YMM_HIGH  576 /* 16 of 16 bytes */
#define CF_FPU_AREA_LEN  832
#define CF_MXCSR_DEFAULT 0x1f80u
#define CF_MXCSR_MASK    0xffffu /* bits that the guest may set */

struct cf_fpu {
	/* Everything that the guest has; the header part is not used. */
	_Alignas(64) uint8_t area[CF_FPU_AREA_LEN];
	uint64_t xcr0;
};

/* After reset: FCW 0x40, as the table "initial processor state" says. */
void cf_fpu_reset(struct cf_fpu *f);
void cf_fpu_from_state(struct cf_fpu *f, const struct cf_cpu_state *s);
void cf_fpu_to_state(const struct cf_fpu *f, struct cf_cpu_state *s);

/* The tag word in its full form (two bits a register, 3 empty) and back. */
uint16_t cf_fpu_tag_full(const struct cf_fpu *f);
uint8_t cf_fpu_tag_abridge(uint16_t full);

/* An x87 exception waits for the next waiting instruction (FSW.ES). */
static inline bool cf_fpu_pending(const struct cf_fpu *f)
{
	return f->area[CF_FPU_FSW] & 0x80;
}

/* Bytes that an XSAVE or XRSTOR with the mask in EDX:EAX may touch. */
size_t cf_fpu_xsave_len(const struct cf_fpu *f, const uint64_t gpr[16]);

/* What an instruction needs of the control registers before it may run. */
enum cf_fpu_need {
	CF_FPU_NONE,
	CF_FPU_X87,    /* CR0.EM and TS clear */
	CF_FPU_WAIT,   /* FWAIT: CR0.MP and TS not both set */
	CF_FPU_MMX,    /* as X87, but EM gives #UD */
	CF_FPU_SSE,    /* also CR4.OSFXSR */
	CF_FPU_FXSAVE, /* CR0.EM and TS clear; OSFXSR does not matter */
	CF_FPU_XSAVE,  /* CR4.OSXSAVE, CR0.TS clear */
	CF_FPU_AVX,    /* CR4.OSXSAVE, XCR0 SSE and AVX, CR0.TS clear */
	CF_FPU_NNEEDS,
};

/* Bit n set: need n is met.  Recompute it when CR0, CR4 or XCR0 change, then
 * an instruction costs one bit test. */
unsigned cf_fpu_allowed(uint64_t cr0, uint64_t cr4, uint64_t xcr0);

/* The vector, #UD (6) or #NM (7), for a need that is not met. */
unsigned cf_fpu_refusal(
	enum cf_fpu_need need, uint64_t cr0, uint64_t cr4, uint64_t xcr0);

/* May the guest set this XCR0?  offered: cf_cpuid_xcr0(). */
bool cf_fpu_xcr0_valid(uint64_t value, uint64_t offered);

#endif
