/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choosing handlers: system instructions.  All of them end their block, so
 * that whatever they change is looked at anew.
 */
#include "accel/soft/insn/decode_priv.h"
#include "accel/soft/insn/ops_sys_priv.h"
#include "accel/soft/sev/sev_priv.h"

/* A general register or memory operand; CF_AUX_MEM says which. */
static void set_rm(struct cf_dec *d, const ZydisDecodedOperand *o)
{
	if (cf_is_reg(o)) {
		d->op->dst = cf_reg_offset(o->reg.value);
	} else if (cf_is_mem(o)) {
		cf_decode_mem_general(d, o);
		d->op->aux |= CF_AUX_MEM;
	}
}

static ZydisRegisterClass class_of(const ZydisDecodedOperand *o)
{
	return cf_is_reg(o) ? ZydisRegisterGetClass(o->reg.value)
			    : ZYDIS_REGCLASS_INVALID;
}

static bool sys(struct cf_dec *d, cf_op_fn *fn)
{
	d->op->fn = fn;
	d->ends = true;
	return true;
}

/* MOV to and from control, debug and segment registers. */
static bool decode_mov(struct cf_dec *d)
{
	const ZydisDecodedOperand *a = &d->o[0], *b = &d->o[1];
	ZydisRegisterClass ca = class_of(a), cb = class_of(b);

	if (ca == ZYDIS_REGCLASS_CONTROL) {
		d->op->src = cf_reg_offset(b->reg.value);
		d->op->aux = (uint8_t)(a->reg.value - ZYDIS_REGISTER_CR0);
		return sys(d, cf_op_mov_to_cr);
	}
	if (cb == ZYDIS_REGCLASS_CONTROL) {
		d->op->dst = cf_reg_offset(a->reg.value);
		d->op->aux = (uint8_t)(b->reg.value - ZYDIS_REGISTER_CR0);
		return sys(d, cf_op_mov_from_cr);
	}
	if (ca == ZYDIS_REGCLASS_DEBUG) {
		d->op->src = cf_reg_offset(b->reg.value);
		d->op->aux = (uint8_t)(a->reg.value - ZYDIS_REGISTER_DR0);
		return sys(d, cf_op_mov_to_dr);
	}
	if (cb == ZYDIS_REGCLASS_DEBUG) {
		d->op->dst = cf_reg_offset(a->reg.value);
		d->op->aux = (uint8_t)(b->reg.value - ZYDIS_REGISTER_DR0);
		return sys(d, cf_op_mov_from_dr);
	}
	if (ca == ZYDIS_REGCLASS_SEGMENT) {
		set_rm(d, b);
		d->op->src = (uint8_t)cf_seg_index(a->reg.value);
		if (d->op->src == CF_SEG_CS)
			return sys(d, cf_op_ud);
		return sys(d, cf_op_mov_to_seg);
	}
	if (cb == ZYDIS_REGCLASS_SEGMENT) {
		set_rm(d, a);
		d->op->size = (uint8_t)(a->size / 8);
		d->op->src = (uint8_t)cf_seg_index(b->reg.value);
		d->op->fn = cf_op_mov_from_seg;
		return true;
	}
	return false;
}

static bool decode_push_pop(struct cf_dec *d, bool push)
{
	if (class_of(&d->o[0]) != ZYDIS_REGCLASS_SEGMENT)
		return false;
	d->op->src = (uint8_t)cf_seg_index(d->o[0].reg.value);
	d->op->size = (uint8_t)(d->in.operand_width / 8);
	if (push) {
		d->op->fn = cf_op_push_seg;
		return true;
	}
	return sys(d, cf_op_pop_seg);
}

/* Far JMP and CALL: pointer in imm (selector in 63:48) or memory. */
static bool decode_far(struct cf_dec *d, cf_op_fn *fn)
{
	const ZydisDecodedOperand *a = &d->o[0];

	if (d->in.meta.branch_type != ZYDIS_BRANCH_TYPE_FAR)
		return false;
	d->op->size = (uint8_t)(d->in.operand_width / 8);
	if (a->type == ZYDIS_OPERAND_TYPE_POINTER)
		d->op->imm = (uint64_t)a->ptr.segment << 48 |
			(uint64_t)a->ptr.offset;
	else
		set_rm(d, a);
	return sys(d, fn);
}

static bool decode_ret_far(struct cf_dec *d)
{
	if (d->in.meta.branch_type != ZYDIS_BRANCH_TYPE_FAR)
		return false;
	d->op->size = (uint8_t)(d->in.operand_width / 8);
	if (d->in.operand_count_visible)
		d->op->imm = d->o[0].imm.value.u & 0xffff;
	return sys(d, cf_op_ret_far);
}

static bool decode_io(struct cf_dec *d, bool in)
{
	const ZydisDecodedOperand *port = &d->o[in ? 1 : 0];
	const ZydisDecodedOperand *data = &d->o[in ? 0 : 1];

	d->op->size = (uint8_t)(data->size / 8);
	if (cf_is_imm(port)) {
		d->op->imm = port->imm.value.u & 0xff;
		d->op->aux = 1;
	}
	return sys(d, in ? cf_op_in : cf_op_out);
}

static bool decode_load_far_pointer(struct cf_dec *d, enum cf_segment_index seg)
{
	d->op->dst = cf_reg_offset(d->o[0].reg.value);
	d->op->size = (uint8_t)(d->in.operand_width / 8);
	d->op->src = (uint8_t)seg;
	cf_decode_mem_general(d, &d->o[1]);
	return sys(d, cf_op_load_far);
}

/* Instructions of one register-or-memory operand, or of none. */
struct entry {
	ZydisMnemonic mnemonic;
	cf_op_fn *fn;
};

static const struct entry table[] = {
	{ ZYDIS_MNEMONIC_LMSW, cf_op_lmsw },
	{ ZYDIS_MNEMONIC_SMSW, cf_op_smsw },
	{ ZYDIS_MNEMONIC_CLTS, cf_op_clts },
	{ ZYDIS_MNEMONIC_LGDT, cf_op_lgdt },
	{ ZYDIS_MNEMONIC_LIDT, cf_op_lidt },
	{ ZYDIS_MNEMONIC_SGDT, cf_op_sgdt },
	{ ZYDIS_MNEMONIC_SIDT, cf_op_sidt },
	{ ZYDIS_MNEMONIC_LLDT, cf_op_lldt },
	{ ZYDIS_MNEMONIC_LTR, cf_op_ltr },
	{ ZYDIS_MNEMONIC_SLDT, cf_op_sldt },
	{ ZYDIS_MNEMONIC_STR, cf_op_str },
	{ ZYDIS_MNEMONIC_VERR, cf_op_verr },
	{ ZYDIS_MNEMONIC_VERW, cf_op_verw },
	{ ZYDIS_MNEMONIC_INVLPG, cf_op_invlpg },
	{ ZYDIS_MNEMONIC_INT3, cf_op_int3 },
	{ ZYDIS_MNEMONIC_INT1, cf_op_int1 },
	{ ZYDIS_MNEMONIC_INTO, cf_op_into },
	{ ZYDIS_MNEMONIC_IRET, cf_op_iret },
	{ ZYDIS_MNEMONIC_IRETD, cf_op_iret },
	{ ZYDIS_MNEMONIC_IRETQ, cf_op_iret },
	{ ZYDIS_MNEMONIC_SYSCALL, cf_op_syscall },
	{ ZYDIS_MNEMONIC_SYSRET, cf_op_sysret },
	{ ZYDIS_MNEMONIC_SYSENTER, cf_op_sysenter },
	{ ZYDIS_MNEMONIC_SYSEXIT, cf_op_sysexit },
	{ ZYDIS_MNEMONIC_HLT, cf_op_hlt },
	{ ZYDIS_MNEMONIC_PAUSE, cf_op_pause },
	{ ZYDIS_MNEMONIC_CLI, cf_op_cli },
	{ ZYDIS_MNEMONIC_STI, cf_op_sti },
	{ ZYDIS_MNEMONIC_POPF, cf_op_popf },
	{ ZYDIS_MNEMONIC_POPFD, cf_op_popf },
	{ ZYDIS_MNEMONIC_POPFQ, cf_op_popf },
	{ ZYDIS_MNEMONIC_RDTSC, cf_op_rdtsc },
	{ ZYDIS_MNEMONIC_RDTSCP, cf_op_rdtscp },
	{ ZYDIS_MNEMONIC_RDPMC, cf_op_rdpmc },
	{ ZYDIS_MNEMONIC_RDPID, cf_op_rdpid },
	{ ZYDIS_MNEMONIC_RDMSR, cf_op_rdmsr },
	{ ZYDIS_MNEMONIC_WRMSR, cf_op_wrmsr },
	{ ZYDIS_MNEMONIC_CPUID, cf_op_cpuid },
	{ ZYDIS_MNEMONIC_WBINVD, cf_op_wbinvd },
	{ ZYDIS_MNEMONIC_INVD, cf_op_invd },
	{ ZYDIS_MNEMONIC_MONITOR, cf_op_monitor },
	{ ZYDIS_MNEMONIC_MWAIT, cf_op_mwait },
	{ ZYDIS_MNEMONIC_XGETBV, cf_op_xgetbv },
	{ ZYDIS_MNEMONIC_XSETBV, cf_op_xsetbv },
	{ ZYDIS_MNEMONIC_SWAPGS, cf_op_swapgs },
	{ ZYDIS_MNEMONIC_STAC, cf_op_stac },
	{ ZYDIS_MNEMONIC_CLAC, cf_op_clac },
	{ ZYDIS_MNEMONIC_VMMCALL, cf_op_vmmcall },
	{ ZYDIS_MNEMONIC_UD0, cf_op_ud },
	{ ZYDIS_MNEMONIC_UD1, cf_op_ud },
	{ ZYDIS_MNEMONIC_UD2, cf_op_ud },
	{ ZYDIS_MNEMONIC_AAA, cf_op_aaa },
	{ ZYDIS_MNEMONIC_AAS, cf_op_aas },
	{ ZYDIS_MNEMONIC_DAA, cf_op_daa },
	{ ZYDIS_MNEMONIC_DAS, cf_op_das },
};

static bool decode_table(struct cf_dec *d)
{
	size_t i;

	for (i = 0; i < CF_ARRAY_LEN(table); i++) {
		if (table[i].mnemonic != d->in.mnemonic)
			continue;
		d->op->size = (uint8_t)(d->in.operand_width / 8);
		if (d->in.operand_count_visible) {
			set_rm(d, &d->o[0]);
			if (cf_is_reg(&d->o[0]))
				d->op->size = (uint8_t)(d->o[0].size / 8);
		}
		return sys(d, table[i].fn);
	}
	return false;
}

/* The host executes it, unless runs are to repeat themselves. */
static bool decode_random(struct cf_dec *d)
{
	if (!d->cpu->vm->config.seeded)
		return false;
	d->op->dst = cf_reg_offset(d->o[0].reg.value);
	d->op->size = (uint8_t)(d->o[0].size / 8);
	return sys(d, cf_op_random);
}

/* FS and GS base by register: aux bit 0 GS, bit 1 write. */
static bool decode_base(struct cf_dec *d, unsigned aux)
{
	d->op->dst = cf_reg_offset(d->o[0].reg.value);
	d->op->size = (uint8_t)(d->o[0].size / 8);
	d->op->aux = (uint8_t)aux;
	return sys(d, cf_op_fsgsbase);
}

static bool decode_reg_rm(struct cf_dec *d, cf_op_fn *fn)
{
	d->op->src = cf_reg_offset(d->o[0].reg.value);
	d->op->size = (uint8_t)(d->o[0].size / 8);
	set_rm(d, &d->o[1]);
	return sys(d, fn);
}

bool cf_decode_sys(struct cf_dec *d)
{
	switch (d->in.mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
		return decode_mov(d);
	case ZYDIS_MNEMONIC_PUSH:
		return decode_push_pop(d, true);
	case ZYDIS_MNEMONIC_POP:
		return decode_push_pop(d, false);
	case ZYDIS_MNEMONIC_JMP:
		return decode_far(d, cf_op_jmp_far);
	case ZYDIS_MNEMONIC_CALL:
		return decode_far(d, cf_op_call_far);
	case ZYDIS_MNEMONIC_RET:
		return decode_ret_far(d);
	case ZYDIS_MNEMONIC_IN:
		return decode_io(d, true);
	case ZYDIS_MNEMONIC_OUT:
		return decode_io(d, false);
	case ZYDIS_MNEMONIC_INT:
		d->op->imm = d->o[0].imm.value.u & 0xff;
		return sys(d, cf_op_int);
	case ZYDIS_MNEMONIC_LDS:
		return decode_load_far_pointer(d, CF_SEG_DS);
	case ZYDIS_MNEMONIC_LES:
		return decode_load_far_pointer(d, CF_SEG_ES);
	case ZYDIS_MNEMONIC_LFS:
		return decode_load_far_pointer(d, CF_SEG_FS);
	case ZYDIS_MNEMONIC_LGS:
		return decode_load_far_pointer(d, CF_SEG_GS);
	case ZYDIS_MNEMONIC_LSS:
		return decode_load_far_pointer(d, CF_SEG_SS);
	case ZYDIS_MNEMONIC_LAR:
		return decode_reg_rm(d, cf_op_lar);
	case ZYDIS_MNEMONIC_LSL:
		return decode_reg_rm(d, cf_op_lsl);
	case ZYDIS_MNEMONIC_BOUND:
		return decode_reg_rm(d, cf_op_bound);
	case ZYDIS_MNEMONIC_INVPCID:
		return decode_reg_rm(d, cf_op_invpcid);
	case ZYDIS_MNEMONIC_ARPL:
		set_rm(d, &d->o[0]);
		d->op->src = cf_reg_offset(d->o[1].reg.value);
		return sys(d, cf_op_arpl);
	case ZYDIS_MNEMONIC_AAM:
		d->op->imm = d->o[0].imm.value.u & 0xff;
		return sys(d, cf_op_aam);
	case ZYDIS_MNEMONIC_AAD:
		d->op->imm = d->o[0].imm.value.u & 0xff;
		return sys(d, cf_op_aad);
	case ZYDIS_MNEMONIC_RDRAND:
	case ZYDIS_MNEMONIC_RDSEED:
		return decode_random(d);
	case ZYDIS_MNEMONIC_RDFSBASE:
		return decode_base(d, 0);
	case ZYDIS_MNEMONIC_RDGSBASE:
		return decode_base(d, 1);
	case ZYDIS_MNEMONIC_WRFSBASE:
		return decode_base(d, 2);
	case ZYDIS_MNEMONIC_WRGSBASE:
		return decode_base(d, 3);
	default:
		return decode_table(d);
	}
}

/*
 * Encodings that Zydis does not know or takes for others: 0F 01 with a
 * mandatory prefix.  Returns the length, 0: none of them.
 */
unsigned cf_decode_sev(struct cf_dec *d, unsigned avail)
{
	static const struct {
		uint8_t prefix, last;
		cf_op_fn *fn;
	} list[] = {
		{ 0xf3, 0xd9, cf_op_vmgexit },
		{ 0xf2, 0xd9, cf_op_vmgexit },
		{ 0xf2, 0xff, cf_op_pvalidate },
		{ 0xf3, 0xfe, cf_op_rmpadjust },
		{ 0xf3, 0xfd, cf_op_rmpquery },
	};
	size_t i;

	if (avail < 4 || d->bytes[1] != 0x0f || d->bytes[2] != 0x01)
		return 0;
	for (i = 0; i < CF_ARRAY_LEN(list); i++) {
		if (d->bytes[0] == list[i].prefix &&
			d->bytes[3] == list[i].last) {
			d->op->fn = list[i].fn;
			d->op->len = 4;
			d->ends = true;
			return 4;
		}
	}
	return 0;
}
