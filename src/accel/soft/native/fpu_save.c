/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FXSAVE, FXRSTOR and the XSAVE family by hand: the image belongs to the
 * guest, so it is checked and copied, never handed to the host's own
 * instructions.
 *
 * Source: APM volume 2 (AMD 24593), "Saving media and x87 state", "XSAVE/
 * XRSTOR instructions"; volume 4 (26568), the instructions' pages.
 */
#include "accel/soft/native/fpu_ops_priv.h"

#include "base/bytes.h"

#include <string.h>

#define FAULT_GP (CF_NATIVE_FAULT | 13)

#define XSTATE_BV      512
#define XCOMP_BV       520
#define HEADER_REST    528
#define HEADER_END     576
#define COMPACTED      ((uint64_t)1 << 63)
#define MXCSR_MASK_OFF 28
#define ST_LEN         128
#define XMM_LEN        256
#define YMM_LEN        256

/* x87: bytes 0..23 and the registers, of which 10 of 16 bytes count. */
static void save_x87(const struct cf_fpu *f, uint8_t *mem)
{
	memcpy(mem, f->area, 24);
	for (size_t i = 0; i < 8; i++) {
		memcpy(mem + CF_FPU_ST + 16 * i, f->area + CF_FPU_ST + 16 * i,
			10);
		memset(mem + CF_FPU_ST + 16 * i + 10, 0, 6);
	}
}

static void load_x87(struct cf_fpu *f, const uint8_t *mem)
{
	cf_fpu_set_control(f, cf_load_le16(mem + CF_FPU_FCW),
		cf_load_le16(mem + CF_FPU_FSW));
	f->area[CF_FPU_FTW] = mem[CF_FPU_FTW];
	for (size_t i = 0; i < 8; i++)
		memcpy(f->area + CF_FPU_ST + 16 * i, mem + CF_FPU_ST + 16 * i,
			10);
}

static void init_x87(struct cf_fpu *f)
{
	cf_fpu_set_control(f, 0x37f, 0);
	f->area[CF_FPU_FTW] = 0;
	memset(f->area + CF_FPU_ST, 0, ST_LEN);
}

static void save_mxcsr(const struct cf_fpu *f, uint8_t *mem)
{
	memcpy(mem + CF_FPU_MXCSR, f->area + CF_FPU_MXCSR, 4);
	cf_store_le32(mem + MXCSR_MASK_OFF, CF_MXCSR_MASK);
}

static bool mxcsr_ok(const uint8_t *mem)
{
	return !(cf_load_le32(mem + CF_FPU_MXCSR) & ~CF_MXCSR_MASK);
}

static uint32_t fxsave(const struct cf_fpu *f, uint8_t *mem, size_t nxmm)
{
	save_x87(f, mem);
	save_mxcsr(f, mem);
	memcpy(mem + CF_FPU_XMM, f->area + CF_FPU_XMM, 16 * nxmm);
	return 0;
}

static uint32_t fxrstor(struct cf_fpu *f, const uint8_t *mem, size_t nxmm)
{
	if (!mxcsr_ok(mem))
		return FAULT_GP;
	load_x87(f, mem);
	memcpy(f->area + CF_FPU_MXCSR, mem + CF_FPU_MXCSR, 4);
	memcpy(f->area + CF_FPU_XMM, mem + CF_FPU_XMM, 16 * nxmm);
	return 0;
}

static uint32_t do_fxsave(FN_ARGS)
{
	return fxsave(fpu, mem, 16);
}

static uint32_t do_fxsave_legacy(FN_ARGS)
{
	return fxsave(fpu, mem, 8);
}

static uint32_t do_fxrstor(FN_ARGS)
{
	return fxrstor(fpu, mem, 16);
}

static uint32_t do_fxrstor_legacy(FN_ARGS)
{
	return fxrstor(fpu, mem, 8);
}

/* The components that an instruction asks for and XCR0 enables. */
static uint64_t requested(const struct cf_fpu *f, const uint64_t gpr[16])
{
	uint64_t mask = (gpr[CF_RDX] << 32) | (gpr[CF_RAX] & 0xffffffff);

	return mask & f->xcr0;
}

size_t cf_fpu_xsave_len(const struct cf_fpu *f, const uint64_t gpr[16])
{
	return requested(f, gpr) & CF_XCR0_AVX ? CF_FPU_AREA_LEN : HEADER_END;
}

/* Components that differ from their initial state. */
static uint64_t in_use(const struct cf_fpu *f)
{
	uint64_t used = 0;

	if (cf_load_le16(f->area + CF_FPU_FCW) != 0x37f ||
		cf_load_le16(f->area + CF_FPU_FSW) || f->area[CF_FPU_FTW] ||
		!cf_is_zero(f->area + CF_FPU_ST, ST_LEN))
		used |= CF_XCR0_X87;
	if (!cf_is_zero(f->area + CF_FPU_XMM, XMM_LEN))
		used |= CF_XCR0_SSE;
	if (!cf_is_zero(f->area + CF_FPU_YMM_HIGH, YMM_LEN))
		used |= CF_XCR0_AVX;
	return used;
}

static void save_components(
	const struct cf_fpu *f, uint8_t *mem, uint64_t which)
{
	if (which & CF_XCR0_X87)
		save_x87(f, mem);
	if (which & CF_XCR0_SSE)
		memcpy(mem + CF_FPU_XMM, f->area + CF_FPU_XMM, XMM_LEN);
	if (which & CF_XCR0_AVX)
		memcpy(mem + CF_FPU_YMM_HIGH, f->area + CF_FPU_YMM_HIGH,
			YMM_LEN);
}

/* The compacted form puts AVX, the only extended component that there is,
 * where the standard one has it. */
static uint32_t do_xsave(FN_ARGS)
{
	uint8_t *p = mem;
	uint64_t rfbm = requested(fpu, gpr);
	uint64_t old = cf_load_le64(p + XSTATE_BV);

	save_components(fpu, p, rfbm);
	if (rfbm & (CF_XCR0_SSE | CF_XCR0_AVX))
		save_mxcsr(fpu, p);
	cf_store_le64(p + XSTATE_BV, (old & ~rfbm) | (in_use(fpu) & rfbm));
	return 0;
}

static uint32_t do_xsaveopt(FN_ARGS)
{
	uint8_t *p = mem;
	uint64_t rfbm = requested(fpu, gpr);
	uint64_t used = in_use(fpu) & rfbm;
	uint64_t old = cf_load_le64(p + XSTATE_BV);

	save_components(fpu, p, used);
	if (rfbm & (CF_XCR0_SSE | CF_XCR0_AVX))
		save_mxcsr(fpu, p);
	cf_store_le64(p + XSTATE_BV, (old & ~rfbm) | used);
	return 0;
}

static uint32_t do_xsavec(FN_ARGS)
{
	uint8_t *p = mem;
	uint64_t rfbm = requested(fpu, gpr);
	uint64_t used = in_use(fpu);

	if (cf_load_le32(fpu->area + CF_FPU_MXCSR) != CF_MXCSR_DEFAULT)
		used |= CF_XCR0_SSE;
	used &= rfbm;
	save_components(fpu, p, used);
	if (used & CF_XCR0_SSE)
		save_mxcsr(fpu, p);
	cf_store_le64(p + XSTATE_BV, used);
	cf_store_le64(p + XCOMP_BV, rfbm | COMPACTED);
	return 0;
}

static bool header_ok(const struct cf_fpu *f, const uint8_t *p)
{
	uint64_t bv = cf_load_le64(p + XSTATE_BV);
	uint64_t comp = cf_load_le64(p + XCOMP_BV);

	if (comp & COMPACTED) {
		return !(comp & ~COMPACTED & ~f->xcr0) && !(bv & ~comp) &&
			cf_is_zero(p + HEADER_REST, HEADER_END - HEADER_REST);
	}
	return !comp && !cf_load_le64(p + HEADER_REST) && !(bv & ~f->xcr0);
}

static void load_vectors(
	struct cf_fpu *f, const uint8_t *p, uint64_t rfbm, uint64_t present)
{
	if (rfbm & CF_XCR0_SSE) {
		if (present & CF_XCR0_SSE)
			memcpy(f->area + CF_FPU_XMM, p + CF_FPU_XMM, XMM_LEN);
		else
			memset(f->area + CF_FPU_XMM, 0, XMM_LEN);
	}
	if (rfbm & CF_XCR0_AVX) {
		if (present & CF_XCR0_AVX)
			memcpy(f->area + CF_FPU_YMM_HIGH, p + CF_FPU_YMM_HIGH,
				YMM_LEN);
		else
			memset(f->area + CF_FPU_YMM_HIGH, 0, YMM_LEN);
	}
}

static uint32_t do_xrstor(FN_ARGS)
{
	const uint8_t *p = mem;
	uint64_t rfbm = requested(fpu, gpr);
	uint64_t present = cf_load_le64(p + XSTATE_BV);
	bool compacted = cf_load_le64(p + XCOMP_BV) & COMPACTED;
	bool mxcsr = compacted ? (rfbm & present & CF_XCR0_SSE) != 0
			       : (rfbm & (CF_XCR0_SSE | CF_XCR0_AVX)) != 0;

	if (!header_ok(fpu, p) || (mxcsr && !mxcsr_ok(p)))
		return FAULT_GP;
	if (rfbm & CF_XCR0_X87) {
		if (present & CF_XCR0_X87)
			load_x87(fpu, p);
		else
			init_x87(fpu);
	}
	load_vectors(fpu, p, rfbm, present);
	if (mxcsr)
		memcpy(fpu->area + CF_FPU_MXCSR, p + CF_FPU_MXCSR, 4);
	else if (compacted && (rfbm & CF_XCR0_SSE))
		cf_store_le32(fpu->area + CF_FPU_MXCSR, CF_MXCSR_DEFAULT);
	return 0;
}

static uint32_t do_nothing(FN_ARGS)
{
	return 0;
}

#define READ   1
#define WRITE  2
#define UPDATE 3

static const struct save_row {
	ZydisMnemonic mnemonic;
	cf_native_fn run;
	cf_native_fn run_legacy; /* outside 64-bit mode, where different */
	uint16_t len;
	uint8_t access;
	uint8_t align;
	enum cf_fpu_need need;
} rows[] = {
	{ ZYDIS_MNEMONIC_FXSAVE, do_fxsave, do_fxsave_legacy, 512, UPDATE, 16,
		CF_FPU_FXSAVE },
	{ ZYDIS_MNEMONIC_FXSAVE64, do_fxsave, do_fxsave, 512, UPDATE, 16,
		CF_FPU_FXSAVE },
	{ ZYDIS_MNEMONIC_FXRSTOR, do_fxrstor, do_fxrstor_legacy, 512, READ, 16,
		CF_FPU_FXSAVE },
	{ ZYDIS_MNEMONIC_FXRSTOR64, do_fxrstor, do_fxrstor, 512, READ, 16,
		CF_FPU_FXSAVE },
	{ ZYDIS_MNEMONIC_XSAVE, do_xsave, do_xsave, CF_NATIVE_LEN_XSAVE, UPDATE,
		64, CF_FPU_XSAVE },
	{ ZYDIS_MNEMONIC_XSAVE64, do_xsave, do_xsave, CF_NATIVE_LEN_XSAVE,
		UPDATE, 64, CF_FPU_XSAVE },
	{ ZYDIS_MNEMONIC_XSAVEOPT, do_xsaveopt, do_xsaveopt,
		CF_NATIVE_LEN_XSAVE, UPDATE, 64, CF_FPU_XSAVE },
	{ ZYDIS_MNEMONIC_XSAVEOPT64, do_xsaveopt, do_xsaveopt,
		CF_NATIVE_LEN_XSAVE, UPDATE, 64, CF_FPU_XSAVE },
	{ ZYDIS_MNEMONIC_XSAVEC, do_xsavec, do_xsavec, CF_NATIVE_LEN_XSAVE,
		UPDATE, 64, CF_FPU_XSAVE },
	{ ZYDIS_MNEMONIC_XSAVEC64, do_xsavec, do_xsavec, CF_NATIVE_LEN_XSAVE,
		UPDATE, 64, CF_FPU_XSAVE },
	{ ZYDIS_MNEMONIC_XRSTOR, do_xrstor, do_xrstor, CF_NATIVE_LEN_XSAVE,
		READ, 64, CF_FPU_XSAVE },
	{ ZYDIS_MNEMONIC_XRSTOR64, do_xrstor, do_xrstor, CF_NATIVE_LEN_XSAVE,
		READ, 64, CF_FPU_XSAVE },
	/* One byte is enough for translation and its faults. */
	{ ZYDIS_MNEMONIC_CLFLUSH, do_nothing, do_nothing, 1, READ, 1,
		CF_FPU_NONE },
	{ ZYDIS_MNEMONIC_CLFLUSHOPT, do_nothing, do_nothing, 1, READ, 1,
		CF_FPU_NONE },
	{ ZYDIS_MNEMONIC_CLWB, do_nothing, do_nothing, 1, READ, 1,
		CF_FPU_NONE },
};

bool cf_fpu_save_by_hand(const ZydisDecodedInstruction *insn,
	uint8_t mem_operand, struct cf_native_op *out)
{
	bool long_mode = insn->machine_mode == ZYDIS_MACHINE_MODE_LONG_64;

	for (size_t i = 0; i < CF_ARRAY_LEN(rows); i++) {
		const struct save_row *r = &rows[i];

		if (r->mnemonic != insn->mnemonic)
			continue;
		*out = (struct cf_native_op) {
			.run = long_mode ? r->run : r->run_legacy,
			.mem_len = r->len,
			.mem_operand = mem_operand,
			.mem_align = r->align,
			.need = (uint8_t)r->need,
			.mem_read = r->access & READ,
			.mem_write = r->access & WRITE,
		};
		return true;
	}
	return false;
}
