/* SPDX-License-Identifier: Apache-2.0 */
/* Single instructions through native stubs, with results from the manuals. */
#include "accel/soft/native/native_priv.h"
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct cf_native *native;
	ZydisDecoder decoder;
	uint64_t gpr[16];
	uint16_t fl;
	struct cf_fpu fpu;
	struct cf_native_op op;
	_Alignas(64) uint8_t mem[CF_NATIVE_MEM_MAX];
};

#define FL(low, of) ((uint16_t)((low) << 8 | (of)))
#define CF_BIT      0x01
#define ZF_BIT      0x40

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof f);
	ZydisDecoderInit(
		&f.decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	cf_fpu_reset(&f.fpu);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	cf_native_destroy(f->native);
	return 0;
}

static enum cf_native_result compile(
	struct fixture *f, size_t len, const uint8_t *code)
{
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];

	/* Here and not in setup(): cmocka installs its own signal handlers
	 * between setup and test. */
	if (!f->native)
		assert_int_equal(cf_native_create(&f->native, NULL), COFFER_OK);
	assert_true(ZYAN_SUCCESS(
		ZydisDecoderDecodeFull(&f->decoder, code, len, &insn, ops)));
	assert_int_equal(insn.length, len);
	return cf_native_compile(f->native, &insn, ops, &f->op);
}

#define COMPILE(f, ...)                                       \
	compile(f, sizeof((const uint8_t[]) { __VA_ARGS__ }), \
		(const uint8_t[]) { __VA_ARGS__ })

static uint32_t run(struct fixture *f)
{
	return f->op.run(f->gpr, f->mem, &f->fpu, &f->fl);
}

#define RUN(f, ...) \
	(assert_int_equal(COMPILE(f, __VA_ARGS__), CF_NATIVE_OK), run(f))

static uint8_t *xmm(struct fixture *f, size_t i)
{
	return f->fpu.area + CF_FPU_XMM + 16 * i;
}

static uint8_t *high(struct fixture *f, size_t i)
{
	return f->fpu.area + CF_FPU_YMM_HIGH + 16 * i;
}

static void test_native_multiplies_wide(void **state)
{
	struct fixture *f = *state;

	f->gpr[CF_RAX] = 0xffffffffffffffff;
	f->gpr[CF_RDI] = 3;
	assert_int_equal(RUN(f, 0x48, 0xf7, 0xe7), 0); /* mul rdi */
	assert_true(f->gpr[CF_RAX] == 0xfffffffffffffffd);
	assert_true(f->gpr[CF_RDX] == 2);
	assert_int_equal(f->fl & FL(CF_BIT, 1), FL(CF_BIT, 1));
	assert_int_equal(f->op.flags_written, CF_NATIVE_STATUS);
}

static void test_native_clears_upper_half_of_32_bit_result(void **state)
{
	struct fixture *f = *state;

	f->gpr[CF_RBX] = 0xffffffff00000000;
	f->gpr[CF_R8] = 0x12345678;
	assert_int_equal(RUN(f, 0x44, 0x0f, 0xaf, 0xc3), 0); /* imul r8d,ebx */
	assert_true(f->gpr[CF_R8] == 0);
	f->gpr[CF_RBX] = 0xffffffff00000000;
	assert_int_equal(RUN(f, 0x0f, 0xcb), 0); /* bswap ebx */
	assert_true(f->gpr[CF_RBX] == 0);
}

static void test_native_maps_stack_pointer(void **state)
{
	struct fixture *f = *state;

	f->gpr[CF_RSP] = 7;
	f->gpr[CF_RCX] = 6;
	assert_int_equal(RUN(f, 0x48, 0x0f, 0xaf, 0xe1), 0); /* imul rsp,rcx */
	assert_true(f->gpr[CF_RSP] == 42);
	f->gpr[CF_RAX] = 0x8000;
	assert_int_equal(RUN(f, 0x0f, 0xb6, 0xe4), 0); /* movzx esp, ah */
	assert_true(f->gpr[CF_RSP] == 0x80);
	f->gpr[CF_RSP] = 0x1ff;
	assert_int_equal(RUN(f, 0x40, 0xfe, 0xc4), 0); /* inc spl */
	assert_true(f->gpr[CF_RSP] == 0x100);
	/* The register that stood for RSP is itself again. */
	f->gpr[CF_RSP] = 0x11223344;
	f->gpr[CF_RBP] = 0x55667788;
	assert_int_equal(RUN(f, 0x0f, 0xcc), 0); /* bswap esp */
	assert_int_equal(RUN(f, 0x0f, 0xcd), 0); /* bswap ebp */
	assert_true(f->gpr[CF_RSP] == 0x44332211);
	assert_true(f->gpr[CF_RBP] == 0x88776655);
}

static void test_native_uses_every_argument_register(void **state)
{
	struct fixture *f = *state;

	/* cmpxchg16b names rax, rdx, rbx, rcx; memory is [rdi]. */
	f->gpr[CF_RAX] = 1;
	f->gpr[CF_RDX] = 2;
	f->gpr[CF_RBX] = 3;
	f->gpr[CF_RCX] = 4;
	cf_store_le64(f->mem, 1);
	cf_store_le64(f->mem + 8, 2);
	assert_int_equal(RUN(f, 0xf0, 0x48, 0x0f, 0xc7, 0x0f), 0);
	assert_true(cf_load_le64(f->mem) == 3);
	assert_true(cf_load_le64(f->mem + 8) == 4);
	assert_int_equal(f->fl & FL(ZF_BIT, 0), FL(ZF_BIT, 0));
	assert_int_equal(f->op.mem_len, 16);
	assert_int_equal(f->op.mem_align, 16);
	assert_true(f->op.mem_read && f->op.mem_write);
	/* vpaddd with every pointer register taken by shifts: shlx */
	f->gpr[CF_RSI] = 4;
	f->gpr[CF_RDI] = 3;
	assert_int_equal(
		RUN(f, 0xc4, 0xe2, 0xc9, 0xf7, 0xd7), 0); /* shlx rdx,rdi,rsi */
	assert_true(f->gpr[CF_RDX] == 48);
}

static void test_native_keeps_flags_that_are_not_written(void **state)
{
	struct fixture *f = *state;

	f->fl = FL(0xd5, 1);
	assert_int_equal(RUN(f, 0xf8), 0); /* clc */
	assert_int_equal(f->fl & FL(0xd5, 1), FL(0xd4, 1));
	/* A shift by zero leaves all of them. */
	f->gpr[CF_RCX] = 0;
	f->fl = FL(0xd5, 1);
	assert_int_equal(RUN(f, 0xd3, 0xe0), 0); /* shl eax, cl */
	assert_int_equal(f->fl & FL(0xd5, 1), FL(0xd5, 1));
	/* Carry goes through an increment and into adc. */
	f->gpr[CF_RAX] = 5;
	assert_int_equal(RUN(f, 0x48, 0x83, 0xd0, 0x00), 0); /* adc rax, 0 */
	assert_true(f->gpr[CF_RAX] == 6);
	/* ADOX takes OF, and keeps CF. */
	f->fl = FL(0, 1);
	f->gpr[CF_RBX] = 1;
	assert_int_equal(
		RUN(f, 0xf3, 0x48, 0x0f, 0x38, 0xf6, 0xc3), 0); /* adox */
	assert_true(f->gpr[CF_RAX] == 8);
	assert_int_equal(f->fl & FL(0xd5, 1), 0);
}

static void test_native_reports_divide_errors(void **state)
{
	struct fixture *f = *state;
	uint32_t r;

	f->gpr[CF_RAX] = 100;
	f->gpr[CF_RDX] = 0;
	f->gpr[CF_RBX] = 7;
	assert_int_equal(RUN(f, 0x48, 0xf7, 0xf3), 0); /* div rbx */
	assert_true(f->gpr[CF_RAX] == 14 && f->gpr[CF_RDX] == 2);
	f->gpr[CF_RBX] = 0;
	r = run(f);
	assert_int_equal(r, CF_NATIVE_FAULT | 0);
	assert_true(f->gpr[CF_RAX] == 14 && f->gpr[CF_RDX] == 2);
	/* Quotient too large. */
	f->gpr[CF_RDX] = 1;
	f->gpr[CF_RBX] = 1;
	assert_int_equal(run(f), CF_NATIVE_FAULT | 0);
}

static void test_native_adds_vectors_from_memory(void **state)
{
	struct fixture *f = *state;

	cf_store_le32(xmm(f, 9), 40);
	cf_store_le32(f->mem, 2);
	/* paddd xmm9, [rax + 0x10] */
	assert_int_equal(RUN(f, 0x66, 0x44, 0x0f, 0xfe, 0x48, 0x10), 0);
	assert_int_equal(cf_load_le32(xmm(f, 9)), 42);
	assert_int_equal(f->op.mem_align, 16);
	assert_int_equal(f->op.mem_operand, 1);
	assert_int_equal(f->op.need, CF_FPU_SSE);
	assert_int_equal(COMPILE(f, 0xf3, 0x0f, 0x6f, 0x00), CF_NATIVE_OK);
	assert_int_equal(f->op.mem_align, 1); /* movdqu */
}

static void test_native_avx_clears_upper_halves(void **state)
{
	struct fixture *f = *state;

	if (!__builtin_cpu_supports("avx2"))
		skip();
	memset(high(f, 1), 0xaa, 16);
	memset(high(f, 2), 0x55, 16);
	memset(xmm(f, 1), 0x0f, 16);
	/* vpxor ymm3, ymm1, ymm2 */
	assert_int_equal(RUN(f, 0xc5, 0xf5, 0xef, 0xda), 0);
	assert_int_equal(high(f, 3)[15], 0xff);
	assert_int_equal(xmm(f, 3)[0], 0x0f);
	assert_int_equal(f->op.need, CF_FPU_AVX);
	/* vpxor xmm3, xmm1, xmm2 */
	assert_int_equal(RUN(f, 0xc5, 0xf1, 0xef, 0xda), 0);
	assert_int_equal(high(f, 3)[15], 0);
	/* legacy pxor leaves the upper half alone */
	assert_int_equal(RUN(f, 0x66, 0x0f, 0xef, 0xca), 0);
	assert_int_equal(high(f, 1)[0], 0xaa);
}

static void test_native_rounds_as_guest_mxcsr_says(void **state)
{
	struct fixture *f = *state;
	uint8_t *mxcsr = f->fpu.area + CF_FPU_MXCSR;

	cf_store_le64(xmm(f, 0), 0x3ff8000000000000); /* 1.5 */
	assert_int_equal(
		RUN(f, 0xf2, 0x0f, 0x2d, 0xc0), 0); /* cvtsd2si eax, xmm0 */
	assert_int_equal(f->gpr[CF_RAX], 2);
	assert_int_equal(cf_load_le32(mxcsr), 0x1fa0); /* PE */
	cf_store_le32(mxcsr, 0x3f80);                  /* round down */
	assert_int_equal(run(f), 0);
	assert_int_equal(f->gpr[CF_RAX], 1);
	/* From memory, with RDX taken: no vector register, MXCSR all the same. */
	memcpy(f->mem, xmm(f, 0), 8);
	assert_int_equal(
		RUN(f, 0xf2, 0x0f, 0x2d, 0x10), 0); /* cvtsd2si edx, [rax] */
	assert_int_equal(f->gpr[CF_RDX], 1);
	/* The host's own rounding is untouched. */
	assert_int_equal(__builtin_ia32_stmxcsr() & 0xffc0, 0x1f80);
}

static void test_native_reports_simd_exceptions(void **state)
{
	struct fixture *f = *state;
	uint8_t *mxcsr = f->fpu.area + CF_FPU_MXCSR;

	cf_store_le32(mxcsr, 0x1d80); /* division by zero unmasked */
	cf_store_le32(xmm(f, 0), 0x3f800000);
	assert_int_equal(RUN(f, 0xf3, 0x0f, 0x5e, 0xc1), /* divss xmm0,xmm1 */
		CF_NATIVE_FAULT | 19);
	assert_int_equal(cf_load_le32(xmm(f, 0)), 0x3f800000);
	assert_int_equal(cf_load_le32(mxcsr), 0x1d84);
	assert_int_equal(__builtin_ia32_stmxcsr() & 0xffc0, 0x1f80);
}

static void test_native_x87_computes_and_hides_pointers(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(RUN(f, 0xdb, 0xe3), 0); /* fninit */
	assert_int_equal(RUN(f, 0xd9, 0xeb), 0); /* fldpi */
	assert_int_equal(f->op.need, CF_FPU_X87);
	cf_store_le16(f->mem, 2);
	assert_int_equal(RUN(f, 0xde, 0x08), 0); /* fimul word [rax] */
	assert_int_equal(RUN(f, 0xdb, 0x38), 0); /* fstp tbyte [rax] */
	/* pi has exponent 0x4000; twice that is one more */
	assert_int_equal(cf_load_le16(f->mem + 8), 0x4001);
	assert_true(cf_load_le64(f->mem) == 0xc90fdaa22168c235);
	assert_true(cf_is_zero(f->fpu.area + 6, 18));
	assert_int_equal(f->fpu.area[CF_FPU_FTW], 0);
}

static void test_native_x87_defers_its_exceptions(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(RUN(f, 0xdb, 0xe3), 0); /* fninit */
	cf_store_le16(f->mem, 0x37b);            /* ZM clear */
	assert_int_equal(RUN(f, 0xd9, 0x28), 0); /* fldcw */
	assert_int_equal(RUN(f, 0xd9, 0xe8), 0); /* fld1 */
	assert_int_equal(RUN(f, 0xd9, 0xee), 0); /* fldz */
	assert_int_equal(RUN(f, 0xde, 0xf9), 0); /* fdivp: pending */
	assert_int_equal(RUN(f, 0xd9, 0xe8), CF_NATIVE_FAULT | 16);
	assert_int_equal(RUN(f, 0x9b), CF_NATIVE_FAULT | 16); /* fwait */
	assert_int_equal(RUN(f, 0xdb, 0xe2), 0);              /* fnclex */
	assert_int_equal(RUN(f, 0xd9, 0xe8), 0);
}

/* FXSAVE numbers registers from ST(0); FNINIT makes that R0. */
static void test_native_fninit_keeps_register_contents(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(RUN(f, 0xdb, 0xe3), 0); /* fninit */
	assert_int_equal(RUN(f, 0xd9, 0xe8), 0); /* fld1: R7 */
	assert_int_equal(f->fpu.area[CF_FPU_ST + 8], 0xff);
	assert_int_equal(RUN(f, 0xdb, 0xe3), 0); /* fninit: R7 is ST(7) */
	assert_int_equal(f->fpu.area[CF_FPU_ST + 8], 0);
	assert_int_equal(f->fpu.area[CF_FPU_ST + 7 * 16 + 8], 0xff);
}

static void test_native_fxsave_round_trip(void **state)
{
	struct fixture *f = *state;
	struct cf_fpu before;

	memset(xmm(f, 0), 0x5a, 256);
	assert_int_equal(RUN(f, 0xdb, 0xe3), 0); /* fninit */
	assert_int_equal(RUN(f, 0xd9, 0xeb), 0); /* fldpi */
	before = f->fpu;
	memset(f->mem, 0xcc, 512);
	assert_int_equal(RUN(f, 0x48, 0x0f, 0xae, 0x00), 0); /* fxsave64 */
	assert_int_equal(f->op.mem_len, 512);
	assert_int_equal(f->op.mem_align, 16);
	assert_int_equal(cf_load_le16(f->mem), 0x37f);
	assert_int_equal(f->mem[4], 0x80);
	assert_int_equal(cf_load_le32(f->mem + 24), CF_MXCSR_DEFAULT);
	assert_int_equal(f->mem[160], 0x5a);
	assert_int_equal(f->mem[416], 0xcc); /* reserved, not written */
	cf_fpu_reset(&f->fpu);
	assert_int_equal(RUN(f, 0x48, 0x0f, 0xae, 0x08), 0); /* fxrstor64 */
	assert_memory_equal(f->fpu.area, before.area, 28);
	assert_memory_equal(f->fpu.area + 32, before.area + 32, 480);
	cf_store_le32(f->mem + 24, 0x10000);
	assert_int_equal(run(f), CF_NATIVE_FAULT | 13);
}

static void test_native_xsave_marks_what_is_in_use(void **state)
{
	struct fixture *f = *state;

	f->fpu.xcr0 = 7;
	f->gpr[CF_RAX] = 7;
	f->gpr[CF_RDX] = 0;
	assert_int_equal(RUN(f, 0xdb, 0xe3), 0); /* fninit */
	memset(high(f, 5), 1, 16);
	assert_int_equal(RUN(f, 0x0f, 0xae, 0x20), 0); /* xsave [rax] */
	assert_int_equal(f->op.mem_len, CF_NATIVE_LEN_XSAVE);
	assert_int_equal(cf_fpu_xsave_len(&f->fpu, f->gpr), 832);
	assert_true(cf_load_le64(f->mem + 512) == 4);
	assert_int_equal(f->mem[576 + 80], 1);
	memset(high(f, 5), 2, 16);
	memset(xmm(f, 5), 2, 16);
	assert_int_equal(RUN(f, 0x0f, 0xae, 0x28), 0); /* xrstor [rax] */
	assert_int_equal(high(f, 5)[0], 1);
	assert_int_equal(xmm(f, 5)[0], 0); /* not in the image: initial */
	f->mem[520] = 1;
	assert_int_equal(run(f), CF_NATIVE_FAULT | 13);
	f->gpr[CF_RAX] = 3;
	assert_int_equal(cf_fpu_xsave_len(&f->fpu, f->gpr), 576);
}

static void test_native_environment_has_full_tags(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(RUN(f, 0xdb, 0xe3), 0); /* fninit */
	assert_int_equal(RUN(f, 0xd9, 0xee), 0); /* fldz */
	assert_int_equal(RUN(f, 0xd9, 0x30), 0); /* fnstenv [rax] */
	assert_int_equal(f->op.mem_len, 28);
	assert_int_equal(cf_load_le16(f->mem + 8), 0x7fff); /* R7 is zero */
	assert_int_equal(cf_load_le32(f->mem + 12), 0);     /* no FIP */
	assert_int_equal(RUN(f, 0xd9, 0x20), 0);            /* fldenv [rax] */
	assert_int_equal(f->fpu.area[CF_FPU_FTW], 0x80);
}

static void test_native_stores_masked_bytes(void **state)
{
	struct fixture *f = *state;

	memset(xmm(f, 0), 0x11, 16);
	memset(xmm(f, 1), 0, 16);
	xmm(f, 1)[3] = 0x80;
	memset(f->mem, 0xee, 16);
	assert_int_equal(RUN(f, 0x66, 0x0f, 0xf7, 0xc1), 0); /* maskmovdqu */
	assert_int_equal(f->op.mem_len, 16);
	assert_int_equal(f->op.mem_operand, 2);
	assert_int_equal(f->op.mem_align, 1);
	assert_true(f->op.mem_read && f->op.mem_write);
	assert_int_equal(f->mem[2], 0xee);
	assert_int_equal(f->mem[3], 0x11);
}

static void test_native_refuses_what_acts_on_the_host(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(COMPILE(f, 0x0f, 0x05), CF_NATIVE_REFUSED);
	assert_int_equal(COMPILE(f, 0xcc), CF_NATIVE_REFUSED);
	assert_int_equal(COMPILE(f, 0xc3), CF_NATIVE_REFUSED);
	assert_int_equal(COMPILE(f, 0x50), CF_NATIVE_REFUSED);
	assert_int_equal(COMPILE(f, 0xeb, 0xfe), CF_NATIVE_REFUSED);
	assert_int_equal(COMPILE(f, 0x0f, 0xa2), CF_NATIVE_REFUSED);
	assert_int_equal(COMPILE(f, 0x0f, 0x22, 0xd8), CF_NATIVE_REFUSED);
	assert_int_equal(COMPILE(f, 0x8e, 0xd8), CF_NATIVE_REFUSED);
	assert_int_equal(COMPILE(f, 0xa4), CF_NATIVE_REFUSED);
	assert_int_equal(COMPILE(f, 0xd7), CF_NATIVE_REFUSED);
	assert_int_equal(COMPILE(f, 0xf3, 0x48, 0x0f, 0xae, 0xd0),
		CF_NATIVE_REFUSED); /* wrfsbase */
	assert_int_equal(COMPILE(f, 0x0f, 0xab, 0x08),
		CF_NATIVE_REFUSED); /* bts [rax], ecx */
	assert_int_equal(COMPILE(f, 0xc4, 0xe2, 0x69, 0x90, 0x04, 0x08),
		CF_NATIVE_REFUSED); /* gather */
}

static void test_native_finds_stubs_again(void **state)
{
	struct fixture *f = *state;
	size_t stubs, bytes, again;
	struct coffer_error err;

	/* Displacement and address registers make no difference. */
	assert_int_equal(
		COMPILE(f, 0x66, 0x0f, 0xfe, 0x40, 0x10), CF_NATIVE_OK);
	cf_native_usage(f->native, &stubs, &bytes);
	assert_int_equal(stubs, 1);
	assert_int_equal(
		COMPILE(f, 0x66, 0x0f, 0xfe, 0x44, 0x33, 0x20), CF_NATIVE_OK);
	cf_native_usage(f->native, &again, &bytes);
	assert_int_equal(again, 1);
	assert_int_equal(cf_native_reset(f->native, &err), COFFER_OK);
	cf_native_usage(f->native, &stubs, &bytes);
	assert_int_equal(stubs, 0);
	cf_store_le32(xmm(f, 0), 1);
	assert_int_equal(RUN(f, 0x66, 0x0f, 0xfe, 0x40, 0x10), 0);
	assert_int_equal(cf_load_le32(xmm(f, 0)), 1);
}

static void test_native_fills_up_and_starts_again(void **state)
{
	struct fixture *f = *state;
	struct coffer_error err;
	uint8_t code[] = { 0x69, 0xc3, 0, 0, 0, 0 }; /* imul eax, ebx, imm */
	enum cf_native_result r = CF_NATIVE_OK;

	for (uint32_t i = 0x1000; r == CF_NATIVE_OK; i++) {
		cf_store_le32(code + 2, i);
		r = compile(f, sizeof code, code);
		assert_true(i < 0x200000);
	}
	assert_int_equal(r, CF_NATIVE_FULL);
	assert_int_equal(cf_native_reset(f->native, &err), COFFER_OK);
	f->gpr[CF_RBX] = 3;
	cf_store_le32(code + 2, 5000);
	assert_int_equal(compile(f, sizeof code, code), CF_NATIVE_OK);
	assert_int_equal(run(f), 0);
	assert_true(f->gpr[CF_RAX] == 15000);
}

static void test_fpu_needs_follow_control_registers(void **state)
{
	unsigned all = cf_fpu_allowed(0x80000033, 0x40200, 7);

	assert_int_equal(all, (1u << CF_FPU_NNEEDS) - 1);
	/* TS: #NM for all but FWAIT without MP. */
	assert_int_equal(cf_fpu_allowed(8, 0x40200, 7),
		1u << CF_FPU_NONE | 1u << CF_FPU_WAIT);
	assert_int_equal(cf_fpu_refusal(CF_FPU_X87, 8, 0x40200, 7), 7);
	assert_int_equal(cf_fpu_refusal(CF_FPU_WAIT, 10, 0x40200, 7), 7);
	/* EM: x87 #NM, the others #UD. */
	assert_int_equal(cf_fpu_refusal(CF_FPU_X87, 4, 0x40200, 7), 7);
	assert_int_equal(cf_fpu_refusal(CF_FPU_MMX, 4, 0x40200, 7), 6);
	assert_int_equal(cf_fpu_refusal(CF_FPU_SSE, 4, 0x40200, 7), 6);
	assert_int_equal(cf_fpu_refusal(CF_FPU_SSE, 0, 0x40000, 7), 6);
	assert_int_equal(cf_fpu_refusal(CF_FPU_AVX, 0, 0x40200, 3), 6);
	assert_int_equal(cf_fpu_refusal(CF_FPU_XSAVE, 0, 0x200, 7), 6);
	assert_true(cf_fpu_xcr0_valid(7, 7));
	assert_false(cf_fpu_xcr0_valid(5, 7));
	assert_false(cf_fpu_xcr0_valid(6, 7));
	assert_false(cf_fpu_xcr0_valid(7, 3));
}

static void test_fpu_state_round_trip(void **state)
{
	struct fixture *f = *state;
	struct cf_cpu_state s = { .fcw = 0x37f,
		.ftw = 0x3fff,
		.mxcsr = 0x1f80,
		.xcr0 = 7,
		.fsw = 0x3800 };
	struct cf_cpu_state back = { 0 };

	memset(s.xmm, 3, sizeof s.xmm);
	memset(s.ymm_high, 4, sizeof s.ymm_high);
	s.x87[8] = 0xff; /* ST(0) = 1.0 in R7 */
	s.x87[9] = 0x3f;
	s.x87[7] = 0x80;
	cf_fpu_from_state(&f->fpu, &s);
	cf_fpu_to_state(&f->fpu, &back);
	assert_memory_equal(&s, &back, sizeof s);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_native_multiplies_wide),
		TEST(test_native_clears_upper_half_of_32_bit_result),
		TEST(test_native_maps_stack_pointer),
		TEST(test_native_uses_every_argument_register),
		TEST(test_native_keeps_flags_that_are_not_written),
		TEST(test_native_reports_divide_errors),
		TEST(test_native_adds_vectors_from_memory),
		TEST(test_native_avx_clears_upper_halves),
		TEST(test_native_rounds_as_guest_mxcsr_says),
		TEST(test_native_reports_simd_exceptions),
		TEST(test_native_x87_computes_and_hides_pointers),
		TEST(test_native_x87_defers_its_exceptions),
		TEST(test_native_fninit_keeps_register_contents),
		TEST(test_native_fxsave_round_trip),
		TEST(test_native_xsave_marks_what_is_in_use),
		TEST(test_native_environment_has_full_tags),
		TEST(test_native_stores_masked_bytes),
		TEST(test_native_refuses_what_acts_on_the_host),
		TEST(test_native_finds_stubs_again),
		TEST(test_native_fills_up_and_starts_again),
		TEST(test_fpu_needs_follow_control_registers),
		TEST(test_fpu_state_round_trip),
	};

	return cmocka_run_group_tests_name("native", tests, NULL, NULL);
}
