/* SPDX-License-Identifier: Apache-2.0 */
/* All registers as text, in QEMU's layout (-d cpu, info registers). */
#include "accel/soft/debug/trace_priv.h"

#include <inttypes.h>

static void general_64(const struct vcpu *cpu, struct cf_buf *out)
{
	static const char *const names[CF_NGPRS] = { "RAX", "RBX", "RCX", "RDX",
		"RSI", "RDI", "RBP", "RSP", "R8 ", "R9 ", "R10", "R11", "R12",
		"R13", "R14", "R15" };
	static const uint8_t order[CF_NGPRS] = { CF_RAX, CF_RBX, CF_RCX, CF_RDX,
		CF_RSI, CF_RDI, CF_RBP, CF_RSP, 8, 9, 10, 11, 12, 13, 14, 15 };
	unsigned i;

	for (i = 0; i < CF_NGPRS; i++)
		cf_buf_printf(out, "%s=%016" PRIx64 "%c", names[i],
			cpu->r[order[i]], i % 4 == 3 ? '\n' : ' ');
}

static void general_32(const struct vcpu *cpu, struct cf_buf *out)
{
	static const char *const names[8] = { "EAX", "EBX", "ECX", "EDX", "ESI",
		"EDI", "EBP", "ESP" };
	static const uint8_t order[8] = { CF_RAX, CF_RBX, CF_RCX, CF_RDX,
		CF_RSI, CF_RDI, CF_RBP, CF_RSP };
	unsigned i;

	for (i = 0; i < 8; i++)
		cf_buf_printf(out, "%s=%08x%c", names[i],
			(uint32_t)cpu->r[order[i]], i % 4 == 3 ? '\n' : ' ');
}

static void flags(const struct vcpu *cpu, struct cf_buf *out)
{
	uint32_t f = (uint32_t)cf_rflags(cpu);

	cf_buf_printf(out,
		"%08x [%c%c%c%c%c%c%c] CPL=%u II=%d A20=1 SMM=0 HLT=%d\n", f,
		f & CF_FL_DF ? 'D' : '-', f & CF_FL_OF ? 'O' : '-',
		f & CF_FL_SF ? 'S' : '-', f & CF_FL_ZF ? 'Z' : '-',
		f & CF_FL_AF ? 'A' : '-', f & CF_FL_PF ? 'P' : '-',
		f & CF_FL_CF ? 'C' : '-', cpu->cpl, cpu->shadow, cpu->halted);
}

/* Attributes as the upper half of a descriptor has them. */
static void segment(struct cf_buf *out, const char *name,
	const struct cf_seg_state *s, bool wide)
{
	uint32_t attr = (s->attr & 0xffu) << 8 | (s->attr & 0xf00u) << 12;

	cf_buf_printf(out, "%s=%04x %0*" PRIx64 " %08x %08x\n", name, s->sel,
		wide ? 16 : 8, s->base, s->limit, attr);
}

void cf_trace_registers(const struct vcpu *cpu, struct cf_buf *out)
{
	static const char *const names[CF_NSEGS] = { "ES ", "CS ", "SS ", "DS ",
		"FS ", "GS " };
	static const uint8_t order[CF_NSEGS] = { CF_SEG_ES, CF_SEG_CS,
		CF_SEG_SS, CF_SEG_DS, CF_SEG_FS, CF_SEG_GS };
	bool wide = cpu->mode & CF_MODE_L;
	int w = wide ? 16 : 8;
	unsigned i;

	(wide ? general_64 : general_32)(cpu, out);
	cf_buf_printf(out,
		wide ? "RIP=%016" PRIx64 " RFL=" : "EIP=%08" PRIx64 " EFL=",
		cpu->r[CF_R_RIP]);
	flags(cpu, out);
	for (i = 0; i < CF_NSEGS; i++)
		segment(out, names[i], &cpu->seg[order[i]], wide);
	segment(out, "LDT", &cpu->ldtr, wide);
	segment(out, "TR ", &cpu->tr, wide);
	cf_buf_printf(out,
		"GDT=     %0*" PRIx64 " %08x\nIDT=     %0*" PRIx64 " %08x\n", w,
		cpu->gdtr.base, cpu->gdtr.limit, w, cpu->idtr.base,
		cpu->idtr.limit);
	cf_buf_printf(out,
		"CR0=%08" PRIx64 " CR2=%0*" PRIx64 " CR3=%0*" PRIx64
		" CR4=%08" PRIx64 "\n",
		cpu->cr0, w, cpu->cr2, w, cpu->cr3, cpu->cr4);
	cf_buf_printf(out,
		"DR0=%016" PRIx64 " DR1=%016" PRIx64 " DR2=%016" PRIx64
		" DR3=%016" PRIx64 " \nDR6=%016" PRIx64 " DR7=%016" PRIx64 "\n",
		cpu->dr[0], cpu->dr[1], cpu->dr[2], cpu->dr[3], cpu->dr6,
		cpu->dr7);
	cf_buf_printf(out, "EFER=%016" PRIx64 "\n", cpu->efer);
}
