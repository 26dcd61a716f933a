/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine code of a stub:
 *
 *	save callee-saved registers in use; move pointers into place
 *	load status flags, general registers, vector registers, MXCSR, x87
 *	the instruction
 *	store x87 or vector registers, MXCSR, general registers, flags
 *	eax = 0
 *	restore MXCSR, x87 and callee-saved registers; return
 *   exit:	(a fault continues here, with the result in EAX)
 *	store x87; restore and return as above
 *
 * Loads and stores use MOV forms only, which leave the flags alone.
 */
#include "accel/soft/native/native_code_priv.h"

#include <stdarg.h>
#include <string.h>

#define OF 0x800u

static void put(struct cf_native_code *c, size_t n, ...)
{
	va_list ap;

	va_start(ap, n);
	for (size_t i = 0; i < n; i++)
		c->bytes[c->len++] = (uint8_t)va_arg(ap, int);
	va_end(ap);
}

static void put32(struct cf_native_code *c, uint32_t v)
{
	put(c, 4, (int)(v & 0xff), (int)(v >> 8 & 0xff), (int)(v >> 16 & 0xff),
		(int)(v >> 24));
}

static int rex(bool w, unsigned reg, unsigned base)
{
	return 0x40 | (w ? 8 : 0) | (reg >= 8 ? 4 : 0) | (base >= 8 ? 1 : 0);
}

/* ModRM, SIB where needed, and a 32-bit displacement: reg, [base + disp]. */
static void modrm_mem(
	struct cf_native_code *c, unsigned reg, unsigned base, uint32_t disp)
{
	put(c, 1, (int)(0x80 | (reg & 7) << 3 | (base & 7)));
	if ((base & 7) == 4)
		put(c, 1, 0x24);
	put32(c, disp);
}

static void mov_reg(struct cf_native_code *c, unsigned to, unsigned from)
{
	put(c, 3, rex(true, from, to), 0x89,
		(int)(0xc0 | (from & 7) << 3 | (to & 7)));
}

static void gpr_mem(struct cf_native_code *c, bool store, unsigned reg,
	unsigned base, unsigned index)
{
	put(c, 2, rex(true, reg, base), store ? 0x89 : 0x8b);
	modrm_mem(c, reg, base, index * 8);
}

static void push_pop(struct cf_native_code *c, bool pop, unsigned reg)
{
	if (reg >= 8)
		put(c, 1, 0x41);
	put(c, 1, (int)((pop ? 0x58 : 0x50) + (reg & 7)));
}

/* MOVAPS between XMM and the FPU area. */
static void xmm_mem(
	struct cf_native_code *c, bool store, unsigned xmm, unsigned base)
{
	put(c, 4, rex(false, xmm, base), 0x0f, store ? 0x29 : 0x28,
		(int)(0x80 | (xmm & 7) << 3 | (base & 7)));
	if ((base & 7) == 4)
		put(c, 1, 0x24);
	put32(c, CF_FPU_XMM + xmm * 16);
}

/* VINSERTF128 ymm, ymm, [..], 1 and VEXTRACTF128 [..], ymm, 1. */
static void high_mem(
	struct cf_native_code *c, bool store, unsigned ymm, unsigned base)
{
	int rb = (ymm >= 8 ? 0 : 0x80) | 0x40 | (base >= 8 ? 0 : 0x20) | 3;
	unsigned vvvv = store ? 0 : ymm;

	put(c, 4, 0xc4, rb, (int)((~vvvv & 15) << 3 | 5), store ? 0x19 : 0x18);
	modrm_mem(c, ymm, base, CF_FPU_YMM_HIGH + ymm * 16);
	put(c, 1, 1);
}

/* The VEX forms are used when the upper halves are in play: on some
 * processors mixing them with legacy SSE is slow. */
static void vex_low_mem(
	struct cf_native_code *c, bool store, unsigned ymm, unsigned base)
{
	int rb = (ymm >= 8 ? 0 : 0x80) | 0x40 | (base >= 8 ? 0 : 0x20) | 1;

	put(c, 4, 0xc4, rb, 0x78, store ? 0x29 : 0x28);
	modrm_mem(c, ymm, base, CF_FPU_XMM + ymm * 16);
}

/* A 0F AE instruction: FXSAVE 0, FXRSTOR 1, LDMXCSR 2, STMXCSR 3. */
static void group15(struct cf_native_code *c, bool w, unsigned op,
	unsigned base, uint32_t disp)
{
	put(c, 3, rex(w, 0, base), 0x0f, 0xae);
	modrm_mem(c, op, base, disp);
}

static void ldmxcsr_default(struct cf_native_code *c)
{
	/* push imm32; ldmxcsr [rsp]; lea rsp, [rsp + 8]: flags stay */
	put(c, 1, 0x68);
	put32(c, CF_MXCSR_DEFAULT);
	put(c, 4, 0x0f, 0xae, 0x14, 0x24);
	put(c, 5, 0x48, 0x8d, 0x64, 0x24, 0x08);
}

/* Through RAX, before the guest's RAX is loaded.  OF comes from adding 0x7f
 * to 1 or 0, the rest from SAHF. */
static void load_flags(
	struct cf_native_code *c, const struct cf_native_shape *s)
{
	unsigned base = s->regs.fl;

	if (!s->op.flags_read)
		return;
	put(c, 3, rex(false, 0, base), 0x0f, 0xb7); /* movzx eax, word [fl] */
	modrm_mem(c, 0, base, 0);
	if (s->op.flags_read & OF)
		put(c, 2, 0x04, 0x7f); /* add al, 0x7f */
	put(c, 1, 0x9e);               /* sahf */
}

static void store_flags(
	struct cf_native_code *c, const struct cf_native_shape *s)
{
	unsigned base = s->regs.fl;
	unsigned flags = s->op.flags_written;
	unsigned mask = (flags & 0xff) << 8 | (flags & OF ? 1 : 0);

	if (!flags)
		return;
	put(c, 3, 0x0f, 0x90, 0xc0); /* seto al */
	put(c, 1, 0x9f);             /* lahf */
	if (flags == CF_NATIVE_STATUS) {
		put(c, 3, 0x66, rex(false, 0, base), 0x89); /* mov [fl], ax */
		modrm_mem(c, 0, base, 0);
		return;
	}
	put(c, 1, 0x25); /* and eax, mask */
	put32(c, mask);
	put(c, 3, 0x66, rex(false, 0, base), 0x81); /* and word [fl], ~mask */
	modrm_mem(c, 4, base, 0);
	put(c, 2, (int)(~mask & 0xff), (int)(~mask >> 8 & 0xff));
	put(c, 3, 0x66, rex(false, 0, base), 0x09); /* or [fl], ax */
	modrm_mem(c, 0, base, 0);
}

static void load_vectors(
	struct cf_native_code *c, const struct cf_native_shape *s)
{
	unsigned base = s->regs.fpu;

	if (s->x87) {
		group15(c, true, 1, base, 0);
		return;
	}
	for (unsigned i = 0; i < 16; i++) {
		if (!(s->xmm_used & 1u << i))
			continue;
		if (s->vex)
			vex_low_mem(c, false, i, base);
		else
			xmm_mem(c, false, i, base);
		if (s->high)
			high_mem(c, false, i, base);
	}
	if (s->mxcsr)
		group15(c, false, 2, base, CF_FPU_MXCSR);
}

/* FXSAVE leaves instruction and data pointers of the host in the image. */
static void wipe_pointers(struct cf_native_code *c, unsigned base)
{
	for (uint32_t at = 8; at <= 16; at += 8) {
		put(c, 2, rex(true, 0, base), 0xc7);
		modrm_mem(c, 0, base, at);
		put32(c, 0);
	}
	put(c, 3, 0x66, rex(false, 0, base), 0xc7);
	modrm_mem(c, 0, base, 6);
	put(c, 2, 0, 0);
}

static void store_vectors(
	struct cf_native_code *c, const struct cf_native_shape *s)
{
	unsigned base = s->regs.fpu;

	if (s->x87) {
		group15(c, true, 0, base, 0);
		wipe_pointers(c, base);
		return;
	}
	for (unsigned i = 0; i < 16; i++) {
		if (!(s->xmm_written & 1u << i))
			continue;
		if (!s->vex) {
			xmm_mem(c, true, i, base);
			continue;
		}
		vex_low_mem(c, true, i, base);
		high_mem(c, true, i, base);
	}
}

static void prologue(struct cf_native_code *c, const struct cf_native_shape *s)
{
	const struct cf_native_regs *r = &s->regs;

	for (unsigned i = 0; i < 16; i++)
		if (r->saved & 1u << i)
			push_pop(c, false, i);
	if (s->gpr_used && r->gpr != CF_RDI)
		mov_reg(c, r->gpr, CF_RDI);
	if (s->op.mem_len && r->mem != CF_RSI)
		mov_reg(c, r->mem, CF_RSI);
	if ((s->xmm_used || s->mxcsr || s->x87) && r->fpu != CF_RDX)
		mov_reg(c, r->fpu, CF_RDX);
	if ((s->op.flags_read || s->op.flags_written) && r->fl != CF_RCX)
		mov_reg(c, r->fl, CF_RCX);
}

static void epilogue(struct cf_native_code *c, const struct cf_native_shape *s)
{
	const struct cf_native_regs *r = &s->regs;

	if (s->mxcsr || s->x87) {
		if (s->mxcsr || s->xmm_used)
			group15(c, false, 3, r->fpu, CF_FPU_MXCSR);
		ldmxcsr_default(c);
	}
	if (s->x87)
		put(c, 2, 0xdb, 0xe3); /* fninit */
	if (s->vex)
		put(c, 3, 0xc5, 0xf8, 0x77); /* vzeroupper */
	for (unsigned i = 16; i-- > 0;)
		if (r->saved & 1u << i)
			push_pop(c, true, i);
	put(c, 1, 0xc3);
}

static unsigned host_reg(const struct cf_native_shape *s, unsigned guest)
{
	return guest == CF_RSP ? s->regs.rsp : guest;
}

void cf_native_emit(
	const struct cf_native_shape *shape, struct cf_native_code *out)
{
	const struct cf_native_regs *r = &shape->regs;
	struct cf_native_code *c = out;

	c->len = 0;
	prologue(c, shape);
	load_flags(c, shape);
	for (unsigned i = 0; i < 16; i++)
		if (shape->gpr_used & 1u << i)
			gpr_mem(c, false, host_reg(shape, i), r->gpr, i);
	load_vectors(c, shape);
	c->insn_at = c->len;
	memcpy(c->bytes + c->len, shape->insn, shape->insn_len);
	c->len += shape->insn_len;
	store_vectors(c, shape);
	for (unsigned i = 0; i < 16; i++)
		if (shape->gpr_written & 1u << i)
			gpr_mem(c, true, host_reg(shape, i), r->gpr, i);
	store_flags(c, shape);
	put(c, 2, 0x31, 0xc0); /* xor eax, eax */
	epilogue(c, shape);
	c->exit_at = c->len;
	/* MMX instructions with a SIMD exception have set the tags. */
	if (shape->x87)
		store_vectors(c, shape);
	epilogue(c, shape);
}
