/* SPDX-License-Identifier: Apache-2.0 */
/* Trace lines: see trace_priv.h. */
#include "accel/soft/debug/trace_priv.h"

#include "accel/soft/insn/decode_priv.h"

#include <inttypes.h>
#include <stdio.h>

/* QEMU's bits of the third number of a Trace line. */
#define HF_SHADOW 0x08u
#define HF_CS32   0x10u
#define HF_SS32   0x20u
#define HF_ADDSEG 0x40u
#define HF_PE     0x80u
#define HF_MP     0x200u
#define HF_EM     0x400u
#define HF_TS     0x800u
#define HF_LMA    0x4000u
#define HF_CS64   0x8000u
#define HF_OSFXSR 0x400000u
#define HF_RFLAGS (CF_FL_TF | CF_FL_IOPL | CF_FL_RF | CF_FL_VM | CF_FL_AC)

static void emit(const struct vcpu *cpu, struct cf_buf *text)
{
	const struct cf_trace_config *t = &cpu->vm->config.trace;

	if (!text->failed)
		t->write(t->opaque, (const char *)text->data, text->len);
	cf_buf_finish(text);
}

static uint64_t cs_base(const struct vcpu *cpu)
{
	return cpu->mode & CF_MODE_L ? 0 : cpu->seg[CF_SEG_CS].base;
}

static bool wanted(const struct vcpu *cpu, uint64_t addr)
{
	const struct cf_trace_config *t = &cpu->vm->config.trace;

	for (size_t i = 0; i < t->nranges; i++)
		if (addr >= t->range[i].first && addr <= t->range[i].last)
			return true;
	return !t->nranges;
}

/* Segment bases matter: QEMU adds them. */
static bool adds_segments(const struct vcpu *cpu)
{
	if (cpu->mode & CF_MODE_L)
		return false;
	return !(cpu->mode & CF_MODE_PE) || (cpu->flags & CF_FL_VM) ||
		!(cpu->mode & CF_MODE_D) || cpu->seg[CF_SEG_DS].base ||
		cpu->seg[CF_SEG_ES].base || cpu->seg[CF_SEG_SS].base;
}

static uint32_t hidden_flags(const struct vcpu *cpu)
{
	bool wide = cpu->mode & CF_MODE_L;
	uint32_t f = cpu->cpl;

	f |= cpu->shadow ? HF_SHADOW : 0;
	f |= wide || (cpu->mode & CF_MODE_D) ? HF_CS32 : 0;
	f |= wide || (cpu->mode & CF_MODE_SS32) ? HF_SS32 : 0;
	f |= adds_segments(cpu) ? HF_ADDSEG : 0;
	f |= cpu->cr0 & CF_CR0_PE ? HF_PE : 0;
	f |= cpu->cr0 & CF_CR0_MP ? HF_MP : 0;
	f |= cpu->cr0 & CF_CR0_EM ? HF_EM : 0;
	f |= cpu->cr0 & CF_CR0_TS ? HF_TS : 0;
	f |= cpu->efer & CF_EFER_LMA ? HF_LMA : 0;
	f |= wide ? HF_CS64 : 0;
	f |= cpu->cr4 & CF_CR4_OSFXSR ? HF_OSFXSR : 0;
	return f | (uint32_t)(cpu->flags & HF_RFLAGS);
}

void cf_trace_block_slow(struct vcpu *cpu, const struct block *b)
{
	uint64_t pc = cs_base(cpu) + cpu->r[CF_R_RIP];
	struct cf_buf text = { 0 };

	if (!wanted(cpu, pc))
		return;
	if (cpu->vm->trace & CF_TRACE_BLOCKS)
		cf_buf_printf(&text,
			"Trace %u: 0x%" PRIx64 " [%016" PRIx64 "/%016" PRIx64
			"/%08x/%08x] \n",
			cpu->index, b->gpa, cs_base(cpu), pc, hidden_flags(cpu),
			b->nops);
	if (cpu->vm->trace & CF_TRACE_REGISTERS)
		cf_trace_registers(cpu, &text);
	emit(cpu, &text);
}

void cf_trace_code_slow(
	struct vcpu *cpu, uint64_t addr, const uint8_t *code, unsigned len)
{
	ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction in;
	ZydisFormatter format;
	struct cf_buf text = { 0 };
	ZydisDecoder z;
	char name[128];
	unsigned at, n, i;

	if (!wanted(cpu, addr))
		return;
	cf_decoder_init(cpu, &z);
	ZydisFormatterInit(&format, ZYDIS_FORMATTER_STYLE_ATT);
	cf_buf_printf(&text, "----------------\nIN: \n");
	for (at = 0; at < len; at += n) {
		n = len - at;
		snprintf(name, sizeof(name), "(bad)");
		if (ZYAN_SUCCESS(
			    ZydisDecoderDecodeFull(&z, code + at, n, &in, o))) {
			n = in.length;
			ZydisFormatterFormatInstruction(&format, &in, o,
				in.operand_count_visible, name, sizeof(name),
				addr + at, NULL);
		}
		cf_buf_printf(&text, "0x%08" PRIx64 ": ", addr + at);
		for (i = 0; i < n; i++)
			cf_buf_printf(&text, " %02x", code[at + i]);
		cf_buf_printf(&text, "%*s%s\n",
			n < 8 ? (int)(8 - n) * 3 + 2 : 2, "", name);
	}
	cf_buf_printf(&text, "\n");
	emit(cpu, &text);
}

void cf_trace_event_slow(struct vcpu *cpu, int vector, uint32_t error,
	bool software, bool hardware)
{
	bool fault = vector == CF_VEC_PF && !hardware && !software;
	uint64_t rip = cpu->r[CF_R_RIP];
	struct cf_buf text = { 0 };

	if (hardware && vector != CF_VEC_NMI)
		cf_buf_printf(&text, "Servicing hardware INT=0x%02x\n", vector);
	cf_buf_printf(&text,
		"%6" PRIu64 ": v=%02x e=%04x i=%d cpl=%u IP=%04x:%016" PRIx64
		" pc=%016" PRIx64 " SP=%04x:%016" PRIx64 " %s=%016" PRIx64 "\n",
		cpu->count, vector, error, software, cpu->cpl,
		cpu->seg[CF_SEG_CS].sel, rip, cs_base(cpu) + rip,
		cpu->seg[CF_SEG_SS].sel, cpu->r[CF_RSP],
		fault ? "CR2" : "env->regs[R_EAX]",
		fault ? cpu->exc.cr2 : cpu->r[CF_RAX]);
	cf_trace_registers(cpu, &text);
	emit(cpu, &text);
}

void cf_trace_second_slow(struct vcpu *cpu, int first, int second)
{
	struct cf_buf text = { 0 };

	cf_buf_printf(
		&text, "check_exception old: 0x%x new 0x%x\n", first, second);
	emit(cpu, &text);
}
