/* SPDX-License-Identifier: Apache-2.0 */
/* Termination requests in words. */
#include "accel/soft/ghcb_priv.h"

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
};

void cf_ghcb_terminate(struct vcpu *cpu, unsigned set, unsigned code,
	struct cf_ghcb_outcome *out)
{
	const char *text = set > 1 ? "unknown reason set" : "guest's own code";

	for (size_t i = 0; i < CF_ARRAY_LEN(reasons); i++)
		if (reasons[i].set == set && reasons[i].code == code)
			text = reasons[i].text;
	*out = (struct cf_ghcb_outcome) { .stop = true,
		.why = CF_STOP_GUEST_TERM,
		.code = 0x100 | (uint64_t)set << 12 | (uint64_t)code << 16 };
	snprintf(out->text, sizeof(out->text),
		"vcpu %u asks to be terminated: reason set %u, code 0x%x (%s)",
		cpu->index, set, code, text);
}
