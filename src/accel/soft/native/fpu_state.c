/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest FPU state at reset and in struct cf_cpu_state, and the rules on when
 * the guest may use it.
 */
#include "accel/soft/native/fpu_priv.h"

#include "base/bytes.h"

#include <string.h>

#define CR0_MP         (1u << 1)
#define CR0_EM         (1u << 2)
#define CR0_TS         (1u << 3)
#define CR4_OSFXSR     (1u << 9)
#define CR4_OSXSAVE    (1u << 18)
#define XCR0_AVX_STATE (CF_XCR0_SSE | CF_XCR0_AVX)

void cf_fpu_reset(struct cf_fpu *f)
{
	memset(f, 0, sizeof *f);
	cf_store_le16(f->area + CF_FPU_FCW, 0x0040);
	f->area[CF_FPU_FTW] = 0xff; /* all in use, all zero */
	cf_store_le32(f->area + CF_FPU_MXCSR, CF_MXCSR_DEFAULT);
	f->xcr0 = CF_XCR0_X87;
}

/* FXSAVE has one bit per register, the full form two: 3 is empty. */
uint8_t cf_fpu_tag_abridge(uint16_t full)
{
	uint8_t out = 0;

	for (unsigned i = 0; i < 8; i++)
		if ((full >> 2 * i & 3) != 3)
			out |= (uint8_t)(1u << i);
	return out;
}

/* 0 valid, 1 zero, 2 special (infinity, NaN, denormal, unnormal). */
static unsigned tag_of(const uint8_t st[10])
{
	unsigned exponent = cf_load_le16(st + 8) & 0x7fff;
	uint64_t mantissa = cf_load_le64(st);

	if (exponent == 0)
		return mantissa ? 2 : 1;
	if (exponent == 0x7fff || !(mantissa >> 63))
		return 2;
	return 0;
}

uint16_t cf_fpu_tag_full(const struct cf_fpu *f)
{
	unsigned top = cf_load_le16(f->area + CF_FPU_FSW) >> 11 & 7;
	unsigned full = 0;

	/* Tags are by physical register, the area by stack position. */
	for (unsigned i = 0; i < 8; i++) {
		unsigned phys = (top + i) & 7;
		unsigned tag = 3;

		if (f->area[CF_FPU_FTW] & 1u << phys)
			tag = tag_of(f->area + CF_FPU_ST + 16 * i);
		full |= tag << 2 * phys;
	}
	return (uint16_t)full;
}

void cf_fpu_from_state(struct cf_fpu *f, const struct cf_cpu_state *s)
{
	uint32_t mxcsr = s->mxcsr & CF_MXCSR_MASK;

	memset(f, 0, sizeof *f);
	cf_store_le16(f->area + CF_FPU_FCW, s->fcw);
	cf_store_le16(f->area + CF_FPU_FSW, s->fsw);
	f->area[CF_FPU_FTW] = cf_fpu_tag_abridge(s->ftw);
	cf_store_le32(f->area + CF_FPU_MXCSR, mxcsr);
	for (size_t i = 0; i < 8; i++)
		memcpy(f->area + CF_FPU_ST + 16 * i, s->x87 + 10 * i, 10);
	memcpy(f->area + CF_FPU_XMM, s->xmm, sizeof s->xmm);
	memcpy(f->area + CF_FPU_YMM_HIGH, s->ymm_high, sizeof s->ymm_high);
	f->xcr0 = s->xcr0;
}

void cf_fpu_to_state(const struct cf_fpu *f, struct cf_cpu_state *s)
{
	s->fcw = cf_load_le16(f->area + CF_FPU_FCW);
	s->fsw = cf_load_le16(f->area + CF_FPU_FSW);
	s->ftw = cf_fpu_tag_full(f);
	s->fop = 0;
	s->mxcsr = cf_load_le32(f->area + CF_FPU_MXCSR);
	for (size_t i = 0; i < 8; i++)
		memcpy(s->x87 + 10 * i, f->area + CF_FPU_ST + 16 * i, 10);
	memcpy(s->xmm, f->area + CF_FPU_XMM, sizeof s->xmm);
	memcpy(s->ymm_high, f->area + CF_FPU_YMM_HIGH, sizeof s->ymm_high);
	s->xcr0 = f->xcr0;
}

/* 0: met, else the vector. */
static unsigned refusal(
	enum cf_fpu_need need, uint64_t cr0, uint64_t cr4, uint64_t xcr0)
{
	switch (need) {
	case CF_FPU_X87:
	case CF_FPU_FXSAVE:
		return cr0 & (CR0_EM | CR0_TS) ? 7 : 0;
	case CF_FPU_WAIT:
		return (cr0 & CR0_MP) && (cr0 & CR0_TS) ? 7 : 0;
	case CF_FPU_MMX:
		if (cr0 & CR0_EM)
			return 6;
		break;
	case CF_FPU_SSE:
		if ((cr0 & CR0_EM) || !(cr4 & CR4_OSFXSR))
			return 6;
		break;
	case CF_FPU_XSAVE:
		if (!(cr4 & CR4_OSXSAVE))
			return 6;
		break;
	case CF_FPU_AVX:
		if (!(cr4 & CR4_OSXSAVE) ||
			(xcr0 & XCR0_AVX_STATE) != XCR0_AVX_STATE)
			return 6;
		break;
	default:
		return 0;
	}
	return cr0 & CR0_TS ? 7 : 0;
}

unsigned cf_fpu_allowed(uint64_t cr0, uint64_t cr4, uint64_t xcr0)
{
	unsigned out = 0;

	for (unsigned need = 0; need < CF_FPU_NNEEDS; need++)
		if (!refusal(need, cr0, cr4, xcr0))
			out |= 1u << need;
	return out;
}

unsigned cf_fpu_refusal(
	enum cf_fpu_need need, uint64_t cr0, uint64_t cr4, uint64_t xcr0)
{
	return refusal(need, cr0, cr4, xcr0);
}

bool cf_fpu_xcr0_valid(uint64_t value, uint64_t offered)
{
	if (!(value & CF_XCR0_X87) || (value & ~offered))
		return false;
	return !(value & CF_XCR0_AVX) || (value & CF_XCR0_SSE);
}
