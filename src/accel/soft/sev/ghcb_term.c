/* SPDX-License-Identifier: Apache-2.0 */
/* Termination requests in words. */
#include "accel/soft/sev/ghcb_priv.h"
#include "accel/soft/sev/sev_priv.h"

#include <stdio.h>

/* Set 0 is the specification's; set 1 is what guests made of it. */
static const struct {
	unsigned set, code;
	const char *text;
} reasons[] = {
	{ 0, 0, "general termination request" },
	{ 0, 1, "GHCB protocol version not supported" },
	{ 0, 2, "SNP features not supported" },
	{ 1, 0, "Linux: GHCB registration failed" },
	{ 1, 1,
		"Linux: page state change failed; OVMF reset vector: #VC that "
		"was not CPUID" },
	{ 1, 2,
		"Linux: PVALIDATE failed; OVMF reset vector: unexpected "
		"answer" },
	{ 1, 3, "Linux: not running at VMPL 0" },
	{ 1, 4, "Linux: invalid CPUID table" },
	{ 1, 5, "Linux: CPUID value missing from the table" },
	/* Set 0xC: ours, src/shim/guest/sev.h. */
	{ 0xC, 1, "coffer shim: GHCB protocol version not supported" },
	{ 0xC, 2, "coffer shim: the platform or a feature is missing" },
	{ 0xC, 3, "coffer shim: the GHCB is refused" },
	{ 0xC, 4, "coffer shim: page state change failed" },
	{ 0xC, 5, "coffer shim: PVALIDATE failed, or changed nothing" },
	{ 0xC, 6, "coffer shim: not running at VMPL 0" },
	{ 0xC, 7, "coffer shim: bad CPUID page" },
	{ 0xC, 8, "coffer shim: unexpected #VC or answer to it" },
	{ 0xC, 9, "coffer shim: port I/O" },
	{ 0xC, 10, "coffer shim: guest request failed" },
	{ 0xC, 11,
		"coffer shim: the secure processor's answer is not genuine" },
	{ 0xC, 12, "coffer shim: starting another vCPU failed" },
	{ 0xC, 13, "coffer shim: bad memory map" },
	{ 0xC, 14, "coffer shim: bad ACPI table, or too many processors" },
	{ 0xC, 15, "coffer shim: the C-bit is not where the launch had it" },
	{ 0xC, 16, "coffer shim: a page has lost its validation" },
};
#define SET_SHIM       0xCu
#define SHIM_EXCEPTION 0x20u /* + vector */

void cf_ghcb_terminate(struct vcpu *cpu, unsigned set, unsigned code,
	struct cf_ghcb_outcome *out)
{
	const char *text = set > 1 && set != SET_SHIM ? "unknown reason set"
						      : "guest's own code";
	char exception[48];

	if (set == SET_SHIM && code >= SHIM_EXCEPTION &&
		code < SHIM_EXCEPTION + 32) {
		snprintf(exception, sizeof(exception),
			"coffer shim: exception %u", code - SHIM_EXCEPTION);
		text = exception;
	}
	for (size_t i = 0; i < CF_ARRAY_LEN(reasons); i++)
		if (reasons[i].set == set && reasons[i].code == code)
			text = reasons[i].text;
	*out = (struct cf_ghcb_outcome) { .stop = true,
		.why = CF_STOP_GUEST_TERM,
		.code = 0x100 | (uint64_t)set << 12 | (uint64_t)code << 16 };
	snprintf(out->text, sizeof(out->text),
		"vcpu %u asks to be terminated: reason set %u, code 0x%x (%s)",
		cpu->index, set, code, text);
	cf_sev_explain(cpu, out->text, sizeof(out->text));
}
