/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers that a debugger sees: GDB's amd64 core and SSE sets in the
 * order that it wants, the FS and GS bases, and the control registers.
 */
#include "machine/gdb/gdb_priv.h"

#include "base/base.h"

#include <string.h>

#define R(name, type, bits) \
	"<reg name=\"" name "\" bitsize=\"" bits "\" type=\"" type "\"/>"
#define R64(name) R(name, "int64", "64")
#define R32(name) R(name, "int32", "32")
#define ST(name)  R(name, "i387_ext", "80")
#define FP(name) \
	"<reg name=\"" name "\" bitsize=\"32\" type=\"int\" group=\"float\"/>"
#define XMM(name) R(name, "vec128", "128")

const char cf_gdb_target_xml[] =
	"<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
	"<target><architecture>i386:x86-64</architecture>"
	"<feature name=\"org.gnu.gdb.i386.core\">" R64("rax") R64("rbx") R64(
		"rcx") R64("rdx") R64("rsi") R64("rdi") R("rbp", "data_ptr",
		"64") R("rsp", "data_ptr",
		"64") R64("r8") R64("r9") R64("r10") R64("r11") R64("r12") R64("r13")
		R64("r14") R64("r15") R("rip", "code_ptr", "64") R32("eflags") R32(
			"cs") R32("ss") R32("ds") R32("es") R32("fs") R32("gs")
			ST("st0") ST("st1") ST("st2") ST("st3") ST("st4") ST("st5") ST(
				"st6") ST("st7") FP("fctrl") FP("fstat") FP("ftag")
				FP("fiseg") FP("fioff") FP("foseg") FP("fooff") FP(
					"fop") "</feature><feature name=\"org.gnu.gdb.i386.sse\">"
					       "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
					       "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
					       "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
					       "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
					       "<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
					       "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
					       "<field name=\"v2_double\" type=\"v2d\"/>"
					       "<field name=\"v16_int8\" type=\"v16i8\"/>"
					       "<field name=\"v4_int32\" type=\"v4i32\"/>"
					       "<field name=\"v2_int64\" type=\"v2i64\"/>"
					       "<field name=\"uint128\" type=\"uint128\"/></union>" XMM(
						       "xmm0") XMM("xmm1")
						       XMM("xmm2") XMM("xmm3") XMM("xmm4") XMM("xmm5") XMM(
							       "xmm6") XMM("xmm7") XMM("xmm8")
							       XMM("xmm9") XMM("xmm10") XMM("xmm11") XMM(
								       "xmm12") XMM("xmm13") XMM("xmm14")
								       XMM("xmm15") R32("mxcsr") "</feature><feature name=\"org.gnu.gdb.i386.segments\">" R64(
									       "fs_base")
									       R64("gs_base") "</feature><feature name=\"coffer.system\">" R64(
										       "cr0") R64("cr2")
										       R64("cr3") R64(
											       "cr4")
											       R64("efer") "</feature></target>";

/* Numbers in the order above. */
enum {
	REG_RIP = 16,
	REG_EFLAGS,
	REG_CS, /* SS DS ES FS GS follow */
	REG_ST0 = 24,
	REG_FCTRL = 32,
	REG_FSTAT,
	REG_FTAG,
	REG_FOP = 39,
	REG_XMM0,
	REG_MXCSR = 56,
	REG_FS_BASE,
	REG_GS_BASE,
	REG_CR0,
	REG_CR2,
	REG_CR3,
	REG_CR4,
	REG_EFER,
	NREGS,
};

/* GDB's order of general and segment registers, in encoding order. */
static const uint8_t gprs[16] = { CF_RAX, CF_RBX, CF_RCX, CF_RDX, CF_RSI,
	CF_RDI, CF_RBP, CF_RSP, 8, 9, 10, 11, 12, 13, 14, 15 };
static const uint8_t segs[6] = { CF_SEG_CS, CF_SEG_SS, CF_SEG_DS, CF_SEG_ES,
	CF_SEG_FS, CF_SEG_GS };

size_t cf_gdb_nregs(void)
{
	return NREGS;
}

size_t cf_gdb_reg_len(size_t reg)
{
	if (reg >= NREGS)
		return 0;
	if (reg >= REG_ST0 && reg < REG_FCTRL)
		return 10;
	if (reg >= REG_XMM0 && reg < REG_MXCSR)
		return 16;
	if ((reg >= REG_EFLAGS && reg < REG_XMM0) || reg == REG_MXCSR)
		return 4;
	return 8;
}

static uint64_t *wide(struct cf_cpu_state *s, size_t reg)
{
	switch (reg) {
	case REG_RIP:
		return &s->rip;
	case REG_FS_BASE:
		return &s->seg[CF_SEG_FS].base;
	case REG_GS_BASE:
		return &s->seg[CF_SEG_GS].base;
	case REG_CR0:
		return &s->cr0;
	case REG_CR2:
		return &s->cr2;
	case REG_CR3:
		return &s->cr3;
	case REG_CR4:
		return &s->cr4;
	case REG_EFER:
		return &s->efer;
	default:
		return reg < 16 ? &s->gpr[gprs[reg]] : NULL;
	}
}

static uint32_t narrow(const struct cf_cpu_state *s, size_t reg)
{
	switch (reg) {
	case REG_EFLAGS:
		return (uint32_t)s->rflags;
	case REG_FCTRL:
		return s->fcw;
	case REG_FSTAT:
		return s->fsw;
	case REG_FTAG:
		return s->ftw;
	case REG_FOP:
		return s->fop;
	case REG_MXCSR:
		return s->mxcsr;
	default:
		return reg >= REG_CS && reg < REG_ST0
			? s->seg[segs[reg - REG_CS]].selector
			: 0;
	}
}

void cf_gdb_reg_get(const struct cf_cpu_state *s, size_t reg, uint8_t *out)
{
	struct cf_cpu_state copy;
	const uint64_t *w;

	if (reg >= REG_ST0 && reg < REG_FCTRL) {
		memcpy(out, s->x87 + 10 * (reg - REG_ST0), 10);
	} else if (reg >= REG_XMM0 && reg < REG_MXCSR) {
		memcpy(out, s->xmm[reg - REG_XMM0], 16);
	} else if (cf_gdb_reg_len(reg) == 4) {
		cf_store_le32(out, narrow(s, reg));
	} else {
		copy = *s;
		w = wide(&copy, reg);
		cf_store_le64(out, w ? *w : 0);
	}
}

static void set_narrow(struct cf_cpu_state *s, size_t reg, uint32_t v)
{
	switch (reg) {
	case REG_EFLAGS:
		s->rflags = v | 2;
		break;
	case REG_FCTRL:
		s->fcw = (uint16_t)v;
		break;
	case REG_FSTAT:
		s->fsw = (uint16_t)v;
		break;
	case REG_FTAG:
		s->ftw = (uint16_t)v;
		break;
	case REG_MXCSR:
		s->mxcsr = v & 0xffff;
		break;
	default:
		/* Selectors: a write would not load the descriptor. */
		break;
	}
}

void cf_gdb_reg_set(struct cf_cpu_state *s, size_t reg, const uint8_t *in)
{
	uint64_t *w;

	if (reg >= REG_ST0 && reg < REG_FCTRL) {
		memcpy(s->x87 + 10 * (reg - REG_ST0), in, 10);
	} else if (reg >= REG_XMM0 && reg < REG_MXCSR) {
		memcpy(s->xmm[reg - REG_XMM0], in, 16);
	} else if (cf_gdb_reg_len(reg) == 4) {
		set_narrow(s, reg, cf_load_le32(in));
	} else {
		w = wide(s, reg);
		if (w)
			*w = cf_load_le64(in);
	}
}
