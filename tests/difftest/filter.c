/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which decoded instructions may be in a sequence: those that act on
 * registers, flags and memory alone and give the same result each time.
 */
#include "filter.h"

#include "vendors.h"

#include <cpuid.h>

static bool host_has(ZydisISAExt ext)
{
	switch (ext) {
	case ZYDIS_ISA_EXT_AVX:
		return __builtin_cpu_supports("avx");
	case ZYDIS_ISA_EXT_AVX2:
		return __builtin_cpu_supports("avx2");
	case ZYDIS_ISA_EXT_FMA:
		return __builtin_cpu_supports("fma");
	case ZYDIS_ISA_EXT_BMI1:
		return __builtin_cpu_supports("bmi");
	case ZYDIS_ISA_EXT_BMI2:
		return __builtin_cpu_supports("bmi2");
	case ZYDIS_ISA_EXT_AES:
	case ZYDIS_ISA_EXT_AVXAES:
		return __builtin_cpu_supports("aes");
	case ZYDIS_ISA_EXT_PCLMULQDQ:
		return __builtin_cpu_supports("pclmul");
	case ZYDIS_ISA_EXT_SSE4:
		return __builtin_cpu_supports("sse4.2");
	case ZYDIS_ISA_EXT_SSSE3:
		return __builtin_cpu_supports("ssse3");
	case ZYDIS_ISA_EXT_SSE3:
		return __builtin_cpu_supports("sse3");
	case ZYDIS_ISA_EXT_LZCNT: {
		uint32_t a, b, c = 0, d;

		__get_cpuid(0x80000001, &a, &b, &c, &d);
		return c & 1u << 5;
	}
	case ZYDIS_ISA_EXT_ADOX_ADCX:
	case ZYDIS_ISA_EXT_SHA: {
		uint32_t a, b = 0, c, d;

		__get_cpuid_count(7, 0, &a, &b, &c, &d);
		return b & 1u << (ext == ZYDIS_ISA_EXT_SHA ? 29 : 19);
	}
	case ZYDIS_ISA_EXT_MOVBE:
	case ZYDIS_ISA_EXT_F16C: {
		uint32_t a, b, c = 0, d;

		__get_cpuid(1, &a, &b, &c, &d);
		return c & 1u << (ext == ZYDIS_ISA_EXT_F16C ? 29 : 22);
	}
	case ZYDIS_ISA_EXT_BASE:
	case ZYDIS_ISA_EXT_CLFSH:
	case ZYDIS_ISA_EXT_LONGMODE:
	case ZYDIS_ISA_EXT_MMX:
	case ZYDIS_ISA_EXT_PAUSE:
	case ZYDIS_ISA_EXT_SSE:
	case ZYDIS_ISA_EXT_SSE2:
	case ZYDIS_ISA_EXT_X87:
		return true;
	default:
		return false;
	}
}

static bool category_ok(ZydisInstructionCategory c)
{
	switch (c) {
	case ZYDIS_CATEGORY_CALL:
	case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_INTERRUPT:
	case ZYDIS_CATEGORY_IO:
	case ZYDIS_CATEGORY_IOSTRINGOP:
	case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_SEGOP:
	case ZYDIS_CATEGORY_STRINGOP: /* has a generator of its own */
	case ZYDIS_CATEGORY_SYSCALL:
	case ZYDIS_CATEGORY_SYSRET:
	case ZYDIS_CATEGORY_SYSTEM:
	case ZYDIS_CATEGORY_UNCOND_BR:
	case ZYDIS_CATEGORY_VTX:
		return false;
	default:
		return true;
	}
}

static bool mnemonic_ok(ZydisMnemonic m)
{
	switch (m) {
	/* Depend on the time, on chance, or on system state. */
	case ZYDIS_MNEMONIC_CPUID:
	case ZYDIS_MNEMONIC_LAR:
	case ZYDIS_MNEMONIC_LSL:
	case ZYDIS_MNEMONIC_RDTSC:
	case ZYDIS_MNEMONIC_RDPMC:
	case ZYDIS_MNEMONIC_SGDT:
	case ZYDIS_MNEMONIC_SIDT:
	case ZYDIS_MNEMONIC_SLDT:
	case ZYDIS_MNEMONIC_SMSW:
	case ZYDIS_MNEMONIC_STR:
	case ZYDIS_MNEMONIC_VERR:
	case ZYDIS_MNEMONIC_VERW:
	/* TF and AC act on the tester. */
	case ZYDIS_MNEMONIC_POPF:
	case ZYDIS_MNEMONIC_POPFD:
	case ZYDIS_MNEMONIC_POPFQ:
	/* Images with host pointers, or with the host's MXCSR mask. */
	case ZYDIS_MNEMONIC_FLDENV:
	case ZYDIS_MNEMONIC_FNSAVE:
	case ZYDIS_MNEMONIC_FNSTENV:
	case ZYDIS_MNEMONIC_FRSTOR:
	case ZYDIS_MNEMONIC_FXRSTOR:
	case ZYDIS_MNEMONIC_FXRSTOR64:
	case ZYDIS_MNEMONIC_FXSAVE:
	case ZYDIS_MNEMONIC_FXSAVE64:
	case ZYDIS_MNEMONIC_LDMXCSR:
	case ZYDIS_MNEMONIC_VLDMXCSR:
	/* Not offered by CPUID, or memory through a register of its own. */
	case ZYDIS_MNEMONIC_FEMMS:
	case ZYDIS_MNEMONIC_MASKMOVDQU:
	case ZYDIS_MNEMONIC_MASKMOVQ:
	case ZYDIS_MNEMONIC_VMASKMOVDQU:
	case ZYDIS_MNEMONIC_XLAT:
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
		return false;
	default:
		return true;
	}
}

static bool operand_ok(const ZydisDecodedOperand *o)
{
	if (o->type == ZYDIS_OPERAND_TYPE_MEMORY)
		return o->mem.type != ZYDIS_MEMOP_TYPE_VSIB &&
			o->mem.type != ZYDIS_MEMOP_TYPE_MIB &&
			o->mem.disp.value <= INT32_MAX && /* not MOV moffs */
			o->mem.disp.value >= INT32_MIN &&
			o->mem.segment != ZYDIS_REGISTER_FS &&
			o->mem.segment != ZYDIS_REGISTER_GS;
	if (o->type != ZYDIS_OPERAND_TYPE_REGISTER)
		return true;
	switch (ZydisRegisterGetClass(o->reg.value)) {
	case ZYDIS_REGCLASS_SEGMENT:
	case ZYDIS_REGCLASS_CONTROL:
	case ZYDIS_REGCLASS_DEBUG:
	case ZYDIS_REGCLASS_BOUND:
	case ZYDIS_REGCLASS_MASK:
		return false;
	default:
		return true;
	}
}

bool filter(const ZydisDecodedInstruction *insn,
	const ZydisDecodedOperand *operands)
{
	if (insn->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED)
		return false;
	if (insn->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
		insn->encoding != ZYDIS_INSTRUCTION_ENCODING_VEX)
		return false;
	if (!category_ok(insn->meta.category) || !mnemonic_ok(insn->mnemonic))
		return false;
	/* MOV moffs has an address of its own; the 64-bit ones are caught by
   * their size. */
	if (insn->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
		(insn->opcode & 0xfc) == 0xa0)
		return false;
	if (!host_has(insn->meta.isa_ext) || !vendors_agree(insn))
		return false;
	for (size_t i = 0; i < insn->operand_count; i++)
		if (!operand_ok(&operands[i]))
			return false;
	return true;
}
