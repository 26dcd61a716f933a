/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FPU instructions by hand: those that move control words or tags, where
 * executing natively would be slower, or would show the guest the host's
 * instruction pointers (FNSTENV, FNSAVE).  The x87 instruction and data
 * pointers always read as zero, as on a processor that only reports them
 * with a pending exception and never has to.
 *
 * Source: APM volume 1 (AMD 24592), "x87 environment"; volume 5 (26569).
 */
#include "accel/soft/native/fpu_ops_priv.h"

#include "base/bytes.h"

#include <stdatomic.h>
#include <string.h>

#define FCW_MASKS 0x3fu
#define FCW_BITS  0x1f3fu /* the others read as 0, but bit 6 as 1 */
#define FSW_TOP   0x3800u
#define FSW_ES    0x80u
#define FSW_B     0x8000u

#define FAULT_GP (CF_NATIVE_FAULT | 13)
#define FAULT_MF (CF_NATIVE_FAULT | 16)

static uint16_t get_fcw(const struct cf_fpu *f)
{
	return cf_load_le16(f->area + CF_FPU_FCW);
}

static uint16_t get_fsw(const struct cf_fpu *f)
{
	return cf_load_le16(f->area + CF_FPU_FSW);
}

/* The area holds the registers from ST(0) on, so they move when TOP does. */
static void rotate(struct cf_fpu *f, unsigned from, unsigned to)
{
	uint8_t old[8][16];

	if (from == to)
		return;
	memcpy(old, f->area + CF_FPU_ST, sizeof old);
	for (unsigned i = 0; i < 8; i++)
		memcpy(f->area + CF_FPU_ST + 16 * i, old[(to + i - from) & 7],
			16);
}

/* ES and B follow from the flags and masks. */
void cf_fpu_set_control(struct cf_fpu *f, uint16_t fcw, uint16_t fsw)
{
	unsigned pending = fsw & FCW_MASKS & ~(unsigned)fcw;
	unsigned status = fsw & ~(FSW_ES | FSW_B);

	if (pending)
		status |= FSW_ES | FSW_B;
	rotate(f, get_fsw(f) >> 11 & 7, fsw >> 11 & 7);
	cf_store_le16(
		f->area + CF_FPU_FCW, (uint16_t)((fcw & FCW_BITS) | 0x40));
	cf_store_le16(f->area + CF_FPU_FSW, (uint16_t)status);
}

static uint32_t do_nothing(FN_ARGS)
{
	return 0;
}

static uint32_t do_fence(FN_ARGS)
{
	atomic_thread_fence(memory_order_seq_cst);
	return 0;
}

static void init_x87(struct cf_fpu *f)
{
	cf_fpu_set_control(f, 0x37f, 0);
	f->area[CF_FPU_FTW] = 0;
}

static uint32_t do_fninit(FN_ARGS)
{
	init_x87(fpu);
	return 0;
}

static uint32_t do_fnclex(FN_ARGS)
{
	cf_store_le16(
		fpu->area + CF_FPU_FSW, (uint16_t)(get_fsw(fpu) & 0x7f00));
	return 0;
}

static uint32_t do_fnstcw(FN_ARGS)
{
	cf_store_le16(mem, get_fcw(fpu));
	return 0;
}

static uint32_t do_fnstsw(FN_ARGS)
{
	cf_store_le16(mem, get_fsw(fpu));
	return 0;
}

static uint32_t do_fnstsw_ax(FN_ARGS)
{
	gpr[0] = (gpr[0] & ~(uint64_t)0xffff) | get_fsw(fpu);
	return 0;
}

static uint32_t do_fldcw(FN_ARGS)
{
	if (get_fsw(fpu) & FSW_ES)
		return FAULT_MF;
	cf_fpu_set_control(fpu, cf_load_le16(mem), get_fsw(fpu));
	return 0;
}

static uint32_t do_fwait(FN_ARGS)
{
	return get_fsw(fpu) & FSW_ES ? FAULT_MF : 0;
}

/* A pending exception comes first, as for every waiting instruction. */
static uint32_t do_emms(FN_ARGS)
{
	if (get_fsw(fpu) & FSW_ES)
		return FAULT_MF;
	fpu->area[CF_FPU_FTW] = 0;
	cf_fpu_set_control(
		fpu, get_fcw(fpu), (uint16_t)(get_fsw(fpu) & ~FSW_TOP));
	return 0;
}

/* The environment: control, status and tag word, then the pointers, as seven
 * fields of 2 or 4 bytes; the upper halves of control words read as ones. */
static void store_env(const struct cf_fpu *f, uint8_t *mem, size_t field)
{
	const uint16_t words[3] = { get_fcw(f), get_fsw(f),
		cf_fpu_tag_full(f) };

	memset(mem, 0, 7 * field);
	for (size_t i = 0; i < 3; i++) {
		if (field == 4)
			cf_store_le32(mem + 4 * i, 0xffff0000u | words[i]);
		else
			cf_store_le16(mem + 2 * i, words[i]);
	}
	if (field == 4)
		cf_store_le32(mem + 24, 0xffff0000u);
}

static void load_env(struct cf_fpu *f, const uint8_t *mem, size_t field)
{
	cf_fpu_set_control(f, cf_load_le16(mem), cf_load_le16(mem + field));
	f->area[CF_FPU_FTW] = cf_fpu_tag_abridge(cf_load_le16(mem + 2 * field));
}

static uint32_t fnstenv(struct cf_fpu *fpu, void *mem, size_t field)
{
	store_env(fpu, mem, field);
	cf_fpu_set_control(
		fpu, (uint16_t)(get_fcw(fpu) | FCW_MASKS), get_fsw(fpu));
	return 0;
}

static uint32_t fnsave(struct cf_fpu *fpu, uint8_t *mem, size_t field)
{
	store_env(fpu, mem, field);
	for (size_t i = 0; i < 8; i++)
		memcpy(mem + 7 * field + 10 * i, fpu->area + CF_FPU_ST + 16 * i,
			10);
	init_x87(fpu);
	return 0;
}

static uint32_t frstor(struct cf_fpu *fpu, const uint8_t *mem, size_t field)
{
	if (get_fsw(fpu) & FSW_ES)
		return FAULT_MF;
	load_env(fpu, mem, field);
	for (size_t i = 0; i < 8; i++)
		memcpy(fpu->area + CF_FPU_ST + 16 * i, mem + 7 * field + 10 * i,
			10);
	return 0;
}

static uint32_t fldenv(struct cf_fpu *fpu, const uint8_t *mem, size_t field)
{
	if (get_fsw(fpu) & FSW_ES)
		return FAULT_MF;
	load_env(fpu, mem, field);
	return 0;
}

static uint32_t do_fnstenv16(FN_ARGS)
{
	return fnstenv(fpu, mem, 2);
}

static uint32_t do_fnstenv32(FN_ARGS)
{
	return fnstenv(fpu, mem, 4);
}

static uint32_t do_fnsave16(FN_ARGS)
{
	return fnsave(fpu, mem, 2);
}

static uint32_t do_fnsave32(FN_ARGS)
{
	return fnsave(fpu, mem, 4);
}

static uint32_t do_frstor16(FN_ARGS)
{
	return frstor(fpu, mem, 2);
}

static uint32_t do_frstor32(FN_ARGS)
{
	return frstor(fpu, mem, 4);
}

static uint32_t do_fldenv16(FN_ARGS)
{
	return fldenv(fpu, mem, 2);
}

static uint32_t do_fldenv32(FN_ARGS)
{
	return fldenv(fpu, mem, 4);
}

static uint32_t do_ldmxcsr(FN_ARGS)
{
	uint32_t v = cf_load_le32(mem);

	if (v & ~CF_MXCSR_MASK)
		return FAULT_GP;
	cf_store_le32(fpu->area + CF_FPU_MXCSR, v);
	return 0;
}

static uint32_t do_stmxcsr(FN_ARGS)
{
	memcpy(mem, fpu->area + CF_FPU_MXCSR, 4);
	return 0;
}

static uint32_t do_vzeroupper(FN_ARGS)
{
	memset(fpu->area + CF_FPU_YMM_HIGH, 0, 256);
	return 0;
}

static uint32_t do_vzeroall(FN_ARGS)
{
	memset(fpu->area + CF_FPU_YMM_HIGH, 0, 256);
	memset(fpu->area + CF_FPU_XMM, 0, 256);
	return 0;
}

/* Outside 64-bit mode there are eight registers. */
static uint32_t do_vzeroupper_legacy(FN_ARGS)
{
	memset(fpu->area + CF_FPU_YMM_HIGH, 0, 128);
	return 0;
}

static uint32_t do_vzeroall_legacy(FN_ARGS)
{
	memset(fpu->area + CF_FPU_YMM_HIGH, 0, 128);
	memset(fpu->area + CF_FPU_XMM, 0, 128);
	return 0;
}

#define READ  1
#define WRITE 2

/* len: 0 none; two entries with different lengths are chosen by it. */
static const struct {
	ZydisMnemonic mnemonic;
	cf_native_fn run;
	uint16_t len;
	uint8_t access;
	uint8_t align;
	enum cf_fpu_need need;
} hand[] = {
	{ ZYDIS_MNEMONIC_FNINIT, do_fninit, 0, 0, 1, CF_FPU_X87 },
	{ ZYDIS_MNEMONIC_FNCLEX, do_fnclex, 0, 0, 1, CF_FPU_X87 },
	{ ZYDIS_MNEMONIC_FWAIT, do_fwait, 0, 0, 1, CF_FPU_WAIT },
	{ ZYDIS_MNEMONIC_EMMS, do_emms, 0, 0, 1, CF_FPU_MMX },
	{ ZYDIS_MNEMONIC_FNSTCW, do_fnstcw, 2, WRITE, 1, CF_FPU_X87 },
	{ ZYDIS_MNEMONIC_FNSTSW, do_fnstsw, 2, WRITE, 1, CF_FPU_X87 },
	{ ZYDIS_MNEMONIC_FNSTSW, do_fnstsw_ax, 0, 0, 1, CF_FPU_X87 },
	{ ZYDIS_MNEMONIC_FLDCW, do_fldcw, 2, READ, 1, CF_FPU_X87 },
	{ ZYDIS_MNEMONIC_FNSTENV, do_fnstenv16, 14, WRITE, 1, CF_FPU_X87 },
	{ ZYDIS_MNEMONIC_FNSTENV, do_fnstenv32, 28, WRITE, 1, CF_FPU_X87 },
	{ ZYDIS_MNEMONIC_FNSAVE, do_fnsave16, 94, WRITE, 1, CF_FPU_X87 },
	{ ZYDIS_MNEMONIC_FNSAVE, do_fnsave32, 108, WRITE, 1, CF_FPU_X87 },
	{ ZYDIS_MNEMONIC_FLDENV, do_fldenv16, 14, READ, 1, CF_FPU_X87 },
	{ ZYDIS_MNEMONIC_FLDENV, do_fldenv32, 28, READ, 1, CF_FPU_X87 },
	{ ZYDIS_MNEMONIC_FRSTOR, do_frstor16, 94, READ, 1, CF_FPU_X87 },
	{ ZYDIS_MNEMONIC_FRSTOR, do_frstor32, 108, READ, 1, CF_FPU_X87 },
	{ ZYDIS_MNEMONIC_LDMXCSR, do_ldmxcsr, 4, READ, 1, CF_FPU_SSE },
	{ ZYDIS_MNEMONIC_STMXCSR, do_stmxcsr, 4, WRITE, 1, CF_FPU_SSE },
	{ ZYDIS_MNEMONIC_VLDMXCSR, do_ldmxcsr, 4, READ, 1, CF_FPU_AVX },
	{ ZYDIS_MNEMONIC_VSTMXCSR, do_stmxcsr, 4, WRITE, 1, CF_FPU_AVX },
	{ ZYDIS_MNEMONIC_VZEROUPPER, do_vzeroupper, 0, 0, 1, CF_FPU_AVX },
	{ ZYDIS_MNEMONIC_VZEROALL, do_vzeroall, 0, 0, 1, CF_FPU_AVX },
	{ ZYDIS_MNEMONIC_MFENCE, do_fence, 0, 0, 1, CF_FPU_NONE },
	{ ZYDIS_MNEMONIC_LFENCE, do_nothing, 0, 0, 1, CF_FPU_NONE },
	{ ZYDIS_MNEMONIC_SFENCE, do_nothing, 0, 0, 1, CF_FPU_NONE },
};

static cf_native_fn for_mode(
	const ZydisDecodedInstruction *insn, cf_native_fn fn)
{
	if (insn->machine_mode == ZYDIS_MACHINE_MODE_LONG_64)
		return fn;
	if (fn == do_vzeroupper)
		return do_vzeroupper_legacy;
	return fn == do_vzeroall ? do_vzeroall_legacy : fn;
}

static const ZydisDecodedOperand *memory_of(const ZydisDecodedInstruction *insn,
	const ZydisDecodedOperand *operands, uint8_t *index)
{
	for (uint8_t i = 0; i < insn->operand_count_visible; i++) {
		if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY) {
			*index = i;
			return &operands[i];
		}
	}
	return NULL;
}

bool cf_native_by_hand(const ZydisDecodedInstruction *insn,
	const ZydisDecodedOperand *operands, struct cf_native_op *out)
{
	uint8_t index = 0;
	const ZydisDecodedOperand *m = memory_of(insn, operands, &index);
	unsigned len = m ? m->size / 8u : 0;

	for (size_t i = 0; i < CF_ARRAY_LEN(hand); i++) {
		if (hand[i].mnemonic != insn->mnemonic || hand[i].len != len)
			continue;
		*out = (struct cf_native_op) {
			.run = for_mode(insn, hand[i].run),
			.mem_len = hand[i].len,
			.mem_operand = index,
			.mem_align = hand[i].align,
			.need = (uint8_t)hand[i].need,
			.mem_read = hand[i].access & READ,
			.mem_write = hand[i].access & WRITE,
			.waits = hand[i].access == READ &&
				hand[i].need == CF_FPU_X87,
		};
		return true;
	}
	return m && cf_fpu_save_by_hand(insn, index, out);
}
