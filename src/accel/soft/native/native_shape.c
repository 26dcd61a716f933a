/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instructions may run natively, and what their stubs have to load and
 * store.  The choice is a list of what is allowed, since an instruction that
 * got here by mistake would act on the host: base instructions are named one
 * by one, extensions are allowed whole when all that they contain is data
 * processing; then every operand is looked at.
 */
#include "accel/soft/native/native_code_priv.h"

#define BIT16(n) ((uint16_t)(1u << (n)))

static bool base_mnemonic(ZydisMnemonic m)
{
	switch (m) {
	case ZYDIS_MNEMONIC_ADC:
	case ZYDIS_MNEMONIC_ADD:
	case ZYDIS_MNEMONIC_AND:
	case ZYDIS_MNEMONIC_BSF:
	case ZYDIS_MNEMONIC_BSR:
	case ZYDIS_MNEMONIC_BSWAP:
	case ZYDIS_MNEMONIC_BT:
	case ZYDIS_MNEMONIC_BTC:
	case ZYDIS_MNEMONIC_BTR:
	case ZYDIS_MNEMONIC_BTS:
	case ZYDIS_MNEMONIC_CBW:
	case ZYDIS_MNEMONIC_CDQ:
	case ZYDIS_MNEMONIC_CDQE:
	case ZYDIS_MNEMONIC_CLC:
	case ZYDIS_MNEMONIC_CMC:
	case ZYDIS_MNEMONIC_CMP:
	case ZYDIS_MNEMONIC_CMPXCHG:
	case ZYDIS_MNEMONIC_CMPXCHG16B:
	case ZYDIS_MNEMONIC_CMPXCHG8B:
	case ZYDIS_MNEMONIC_CQO:
	case ZYDIS_MNEMONIC_CWD:
	case ZYDIS_MNEMONIC_CWDE:
	case ZYDIS_MNEMONIC_DEC:
	case ZYDIS_MNEMONIC_DIV:
	case ZYDIS_MNEMONIC_IDIV:
	case ZYDIS_MNEMONIC_IMUL:
	case ZYDIS_MNEMONIC_INC:
	case ZYDIS_MNEMONIC_LAHF:
	case ZYDIS_MNEMONIC_MOV:
	case ZYDIS_MNEMONIC_MOVSX:
	case ZYDIS_MNEMONIC_MOVSXD:
	case ZYDIS_MNEMONIC_MOVZX:
	case ZYDIS_MNEMONIC_MUL:
	case ZYDIS_MNEMONIC_NEG:
	case ZYDIS_MNEMONIC_NOT:
	case ZYDIS_MNEMONIC_OR:
	case ZYDIS_MNEMONIC_POPCNT:
	case ZYDIS_MNEMONIC_RCL:
	case ZYDIS_MNEMONIC_RCR:
	case ZYDIS_MNEMONIC_ROL:
	case ZYDIS_MNEMONIC_ROR:
	case ZYDIS_MNEMONIC_SAHF:
	case ZYDIS_MNEMONIC_SAR:
	case ZYDIS_MNEMONIC_SBB:
	case ZYDIS_MNEMONIC_SHL:
	case ZYDIS_MNEMONIC_SHLD:
	case ZYDIS_MNEMONIC_SHR:
	case ZYDIS_MNEMONIC_SHRD:
	case ZYDIS_MNEMONIC_STC:
	case ZYDIS_MNEMONIC_SUB:
	case ZYDIS_MNEMONIC_TEST:
	case ZYDIS_MNEMONIC_XADD:
	case ZYDIS_MNEMONIC_XCHG:
	case ZYDIS_MNEMONIC_XOR:
		return true;
	default:
		return false;
	}
}

static bool extension(ZydisISAExt ext)
{
	switch (ext) {
	case ZYDIS_ISA_EXT_ADOX_ADCX:
	case ZYDIS_ISA_EXT_AES:
	case ZYDIS_ISA_EXT_AVX:
	case ZYDIS_ISA_EXT_AVX2:
	case ZYDIS_ISA_EXT_AVXAES:
	case ZYDIS_ISA_EXT_BMI1:
	case ZYDIS_ISA_EXT_BMI2:
	case ZYDIS_ISA_EXT_F16C:
	case ZYDIS_ISA_EXT_FMA:
	case ZYDIS_ISA_EXT_LZCNT:
	case ZYDIS_ISA_EXT_MMX:
	case ZYDIS_ISA_EXT_MOVBE:
	case ZYDIS_ISA_EXT_PCLMULQDQ:
	case ZYDIS_ISA_EXT_RDRAND:
	case ZYDIS_ISA_EXT_RDSEED:
	case ZYDIS_ISA_EXT_SHA:
	case ZYDIS_ISA_EXT_SSE:
	case ZYDIS_ISA_EXT_SSE2:
	case ZYDIS_ISA_EXT_SSE3:
	case ZYDIS_ISA_EXT_SSE4:
	case ZYDIS_ISA_EXT_SSE4A:
	case ZYDIS_ISA_EXT_SSSE3:
	case ZYDIS_ISA_EXT_VAES:
	case ZYDIS_ISA_EXT_VPCLMULQDQ:
	case ZYDIS_ISA_EXT_X87:
		return true;
	default:
		return false;
	}
}

/* Members of allowed extensions that touch more than the shape says: other
 * state, or memory that they do not name. */
static bool excluded(ZydisMnemonic m)
{
	switch (m) {
	case ZYDIS_MNEMONIC_EMMS: /* by hand, and so on to FRSTOR */
	case ZYDIS_MNEMONIC_FLDENV:
	case ZYDIS_MNEMONIC_FNSAVE:
	case ZYDIS_MNEMONIC_FNSTENV:
	case ZYDIS_MNEMONIC_FRSTOR:
	case ZYDIS_MNEMONIC_FXRSTOR:
	case ZYDIS_MNEMONIC_FXRSTOR64:
	case ZYDIS_MNEMONIC_FXSAVE:
	case ZYDIS_MNEMONIC_FXSAVE64:
	case ZYDIS_MNEMONIC_LDMXCSR:
	case ZYDIS_MNEMONIC_STMXCSR:
	case ZYDIS_MNEMONIC_VLDMXCSR:
	case ZYDIS_MNEMONIC_VSTMXCSR:
	case ZYDIS_MNEMONIC_VZEROALL:
	case ZYDIS_MNEMONIC_VZEROUPPER:
		return true;
	default:
		return false;
	}
}

static bool allowed(const ZydisDecodedInstruction *insn)
{
	if (insn->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED)
		return false;
	if (insn->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
		insn->encoding != ZYDIS_INSTRUCTION_ENCODING_VEX)
		return false;
	/* With VEX.W they are VPINSRQ and VPEXTRQ, which only 64-bit code
	 * has; Zydis 4.0 ignores the bit. */
	if ((insn->mnemonic == ZYDIS_MNEMONIC_VPINSRD ||
		    insn->mnemonic == ZYDIS_MNEMONIC_VPEXTRD) &&
		insn->raw.vex.W)
		return false;
	if (insn->meta.category == ZYDIS_CATEGORY_CMOV ||
		insn->meta.category == ZYDIS_CATEGORY_SETCC)
		return true;
	if (base_mnemonic(insn->mnemonic))
		return true;
	return extension(insn->meta.isa_ext) && !excluded(insn->mnemonic);
}

static unsigned gpr_id(ZydisRegister reg)
{
	ZydisRegister full = ZydisRegisterGetLargestEnclosing(
		ZYDIS_MACHINE_MODE_LONG_64, reg);

	return (unsigned)ZydisRegisterGetId(full);
}

static bool reg_operand(const ZydisDecodedOperand *o, struct cf_native_shape *s)
{
	ZydisRegister reg = o->reg.value;
	ZydisRegisterClass class = ZydisRegisterGetClass(reg);
	bool write = o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;

	switch (class) {
	case ZYDIS_REGCLASS_GPR8:
		if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH)
			s->byte_high = true;
		CF_FALLTHROUGH;
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32:
	case ZYDIS_REGCLASS_GPR64:
		s->gpr_used |= BIT16(gpr_id(reg));
		if (write)
			s->gpr_written |= BIT16(gpr_id(reg));
		return true;
	case ZYDIS_REGCLASS_XMM:
	case ZYDIS_REGCLASS_YMM:
		s->xmm_used |= BIT16(ZydisRegisterGetId(reg));
		if (write)
			s->xmm_written |= BIT16(ZydisRegisterGetId(reg));
		if (class == ZYDIS_REGCLASS_YMM)
			s->high = true;
		return true;
	case ZYDIS_REGCLASS_X87:
	case ZYDIS_REGCLASS_MMX:
		s->x87 = true;
		return true;
	case ZYDIS_REGCLASS_FLAGS:
		return true;
	default:
		return reg == ZYDIS_REGISTER_X87CONTROL ||
			reg == ZYDIS_REGISTER_X87STATUS ||
			reg == ZYDIS_REGISTER_X87TAG;
	}
}

/* Legacy SSE needs alignment for all 16-byte operands but these. */
static bool sse_unaligned(ZydisMnemonic m)
{
	switch (m) {
	case ZYDIS_MNEMONIC_LDDQU:
	case ZYDIS_MNEMONIC_MOVDQU:
	case ZYDIS_MNEMONIC_MOVUPD:
	case ZYDIS_MNEMONIC_MOVUPS:
	case ZYDIS_MNEMONIC_PCMPESTRI:
	case ZYDIS_MNEMONIC_PCMPESTRM:
	case ZYDIS_MNEMONIC_PCMPISTRI:
	case ZYDIS_MNEMONIC_PCMPISTRM:
	case ZYDIS_MNEMONIC_MASKMOVDQU:
		return true;
	default:
		return false;
	}
}

/* VEX instructions need it for none but these. */
static bool vex_aligned(ZydisMnemonic m)
{
	switch (m) {
	case ZYDIS_MNEMONIC_VMOVAPD:
	case ZYDIS_MNEMONIC_VMOVAPS:
	case ZYDIS_MNEMONIC_VMOVDQA:
	case ZYDIS_MNEMONIC_VMOVNTDQ:
	case ZYDIS_MNEMONIC_VMOVNTDQA:
	case ZYDIS_MNEMONIC_VMOVNTPD:
	case ZYDIS_MNEMONIC_VMOVNTPS:
		return true;
	default:
		return false;
	}
}

static uint8_t alignment(
	const ZydisDecodedInstruction *insn, const struct cf_native_shape *s)
{
	if (insn->mnemonic == ZYDIS_MNEMONIC_CMPXCHG16B)
		return 16;
	if (s->vex)
		return vex_aligned(insn->mnemonic) ? (uint8_t)s->op.mem_len : 1;
	/* Some processors check SHA operands and some do not; the host does
	 * as it does, on a pointer with the guest's alignment. */
	if (insn->meta.isa_ext == ZYDIS_ISA_EXT_SHA)
		return 1;
	if (s->op.mem_len == 16)
		return sse_unaligned(insn->mnemonic) ? 1 : 16;
	return 1;
}

static bool is_bit_test(ZydisMnemonic m)
{
	return m == ZYDIS_MNEMONIC_BT || m == ZYDIS_MNEMONIC_BTC ||
		m == ZYDIS_MNEMONIC_BTR || m == ZYDIS_MNEMONIC_BTS;
}

/* Their memory operand is hidden: DS:[RDI]. */
static bool masked_by_rdi(ZydisMnemonic m)
{
	return m == ZYDIS_MNEMONIC_MASKMOVDQU || m == ZYDIS_MNEMONIC_MASKMOVQ ||
		m == ZYDIS_MNEMONIC_VMASKMOVDQU;
}

static bool masked_store(ZydisMnemonic m)
{
	return masked_by_rdi(m) || m == ZYDIS_MNEMONIC_VMASKMOVPS ||
		m == ZYDIS_MNEMONIC_VMASKMOVPD ||
		m == ZYDIS_MNEMONIC_VPMASKMOVD ||
		m == ZYDIS_MNEMONIC_VPMASKMOVQ;
}

static bool mem_operand(const ZydisDecodedInstruction *insn,
	const ZydisDecodedOperand *operands, size_t i,
	struct cf_native_shape *s)
{
	const ZydisDecodedOperand *o = &operands[i];

	if (s->op.mem_len || o->mem.type != ZYDIS_MEMOP_TYPE_MEM)
		return false;
	s->mem_rdi = o->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
	if (s->mem_rdi && !masked_by_rdi(insn->mnemonic))
		return false;
	/* A register bit offset reaches beyond the operand. */
	if (is_bit_test(insn->mnemonic) &&
		operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER)
		return false;
	if (o->size == 0 || o->size / 8 > 64)
		return false;
	s->op.mem_len = (uint16_t)(o->size / 8);
	s->op.mem_operand = (uint8_t)i;
	s->op.mem_read = o->actions & ZYDIS_OPERAND_ACTION_MASK_READ;
	s->op.mem_write = o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
	/* Bytes that the mask leaves out keep their value. */
	if (masked_store(insn->mnemonic))
		s->op.mem_read = true;
	return true;
}

static bool is_shift(const ZydisDecodedInstruction *insn)
{
	return insn->meta.category == ZYDIS_CATEGORY_SHIFT ||
		insn->meta.category == ZYDIS_CATEGORY_ROTATE;
}

static bool clears_flags(ZydisMnemonic m)
{
	return m == ZYDIS_MNEMONIC_PTEST || m == ZYDIS_MNEMONIC_VPTEST ||
		m == ZYDIS_MNEMONIC_VTESTPS || m == ZYDIS_MNEMONIC_VTESTPD;
}

static void find_flags(
	const ZydisDecodedInstruction *insn, struct cf_native_shape *s)
{
	const ZydisAccessedFlags *f = insn->cpu_flags;

	if (!f)
		return;
	s->op.flags_read = (uint16_t)(f->tested & CF_NATIVE_STATUS);
	/* Zydis 4.0 forgets that these clear what they do not set. */
	if (clears_flags(insn->mnemonic)) {
		s->op.flags_written = CF_NATIVE_STATUS;
		return;
	}
	s->op.flags_written =
		(uint16_t)((f->modified | f->set_0 | f->set_1 | f->undefined) &
			CF_NATIVE_STATUS);
	/* A count of zero changes no flag. */
	if (is_shift(insn))
		s->op.flags_read |= s->op.flags_written;
}

static bool uses_mxcsr(const ZydisDecodedInstruction *insn)
{
	/* Of the conversions from integers in MMX registers or memory, which
	 * have no class, only this one rounds. */
	if (insn->mnemonic == ZYDIS_MNEMONIC_CVTPI2PS)
		return true;
	switch (insn->meta.exception_class) {
	case ZYDIS_EXCEPTION_CLASS_SSE2:
	case ZYDIS_EXCEPTION_CLASS_SSE3:
	case ZYDIS_EXCEPTION_CLASS_AVX2:
	case ZYDIS_EXCEPTION_CLASS_AVX3:
	case ZYDIS_EXCEPTION_CLASS_AVX11:
		return true;
	default:
		return false;
	}
}

static enum cf_fpu_need need_of(
	const ZydisDecodedInstruction *insn, const struct cf_native_shape *s)
{
	if (insn->meta.isa_ext == ZYDIS_ISA_EXT_X87 ||
		insn->meta.isa_set == ZYDIS_ISA_SET_SSE3X87)
		return CF_FPU_X87;
	if (s->vex)
		return CF_FPU_AVX;
	if (s->xmm_used)
		return CF_FPU_SSE;
	return s->x87 ? CF_FPU_MMX : CF_FPU_NONE;
}

bool cf_native_shape(const ZydisDecodedInstruction *insn,
	const ZydisDecodedOperand *operands, struct cf_native_shape *out)
{
	struct cf_native_shape s = { .op = { .mem_align = 1 } };

	if (!allowed(insn))
		return false;
	for (size_t i = 0; i < insn->operand_count; i++) {
		const ZydisDecodedOperand *o = &operands[i];
		bool ok = o->type == ZYDIS_OPERAND_TYPE_IMMEDIATE ||
			(o->type == ZYDIS_OPERAND_TYPE_REGISTER &&
				reg_operand(o, &s)) ||
			(o->type == ZYDIS_OPERAND_TYPE_MEMORY &&
				mem_operand(insn, operands, i, &s));

		if (!ok)
			return false;
	}
	s.vex = insn->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX && s.xmm_used;
	s.x87 |= insn->meta.isa_ext == ZYDIS_ISA_EXT_X87;
	/* A store whose unmasked exception waits writes nothing. */
	s.op.waits = s.x87;
	s.op.mem_read |= s.x87 && s.op.mem_write;
	s.mxcsr = uses_mxcsr(insn);
	s.op.mem_align = alignment(insn, &s);
	s.op.need = (uint8_t)need_of(insn, &s);
	find_flags(insn, &s);
	if (!cf_native_encode(insn, operands, &s))
		return false;
	*out = s;
	return true;
}
