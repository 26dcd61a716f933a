/* SPDX-License-Identifier: Apache-2.0 */
/* The last page of a guest that could not go on: where, why, registers, last
 * device accesses; one screen. */
#include "cli/run/run_priv.h"

#include <inttypes.h>
#include <stdio.h>

static const char *stop_name(const struct cf_machine_result *r)
{
	if (r->end == CF_END_BUDGET)
		return "the instruction limit is reached";
	switch (r->stop.why) {
	case CF_STOP_TRIPLE_FAULT:
		return "triple fault";
	case CF_STOP_GUEST_TERM:
		return "the guest asked to be terminated";
	case CF_STOP_DEBUG:
		return "breakpoint";
	case CF_STOP_UNSUPPORTED:
		return "the CPU engine cannot go on";
	default:
		return "stopped";
	}
}

static void print_registers(const struct cf_cpu_state *s)
{
	static const char *const names[CF_NGPRS] = { "rax", "rcx", "rdx", "rbx",
		"rsp", "rbp", "rsi", "rdi", "r8 ", "r9 ", "r10", "r11", "r12",
		"r13", "r14", "r15" };

	for (int i = 0; i < CF_NGPRS; i++)
		fprintf(stderr, "%s%s %016" PRIx64 "%s", i % 4 ? " " : "  ",
			names[i], s->gpr[i], i % 4 == 3 ? "\n" : "");
	fprintf(stderr,
		"  rip %016" PRIx64 " rfl %016" PRIx64 " cs %04x base %" PRIx64
		" cpl %u\n"
		"  cr0 %016" PRIx64 " cr2 %016" PRIx64 " cr3 %016" PRIx64
		" cr4 %08" PRIx64 "\n"
		"  efer %08" PRIx64 " gdt %016" PRIx64 ":%04x idt %016" PRIx64
		":%04x\n",
		s->rip, s->rflags, s->seg[CF_SEG_CS].selector,
		s->seg[CF_SEG_CS].base, s->cpl, s->cr0, s->cr2, s->cr3, s->cr4,
		s->efer, s->gdtr.base, s->gdtr.limit, s->idtr.base,
		s->idtr.limit);
}

void run_report(struct run *r, const struct cf_machine_result *result)
{
	const struct cf_stop_info *stop = &result->stop;
	struct cf_cpu_state state;
	struct coffer_error err;
	struct cf_buf text = { 0 };

	fflush(stdout);
	fprintf(stderr, "\ncoffer run: vCPU %u: %s%s%s\n", result->vcpu,
		stop_name(result), stop->detail[0] ? ": " : "", stop->detail);
	if (result->end == CF_END_FAILED)
		fprintf(stderr,
			"  at linear address 0x%" PRIx64 ", access 0x%" PRIx64
			", code 0x%" PRIx64 "\n",
			stop->rip, stop->gpa, stop->code);
	for (unsigned i = 0; i < r->config.vcpus; i++)
		fprintf(stderr, "  vcpu%u: %" PRIu64 " instructions\n", i,
			cf_machine_instructions(r->machine, i));
	if (cf_machine_vcpu_state(r->machine, result->vcpu, &state, &err))
		fprintf(stderr, "  registers: %s\n", err.msg);
	else
		print_registers(&state);
	cf_machine_describe(r->machine, &text);
	if (cf_buf_text(&text))
		fputs(cf_buf_text(&text), stderr);
	cf_buf_finish(&text);
}
