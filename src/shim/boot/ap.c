/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other processors of a SEV-ES guest.  Their registers are measured and
 * nobody outside can change them, so a start-up IPI cannot tell them where to
 * go.  The shim sends them into the hold page (hold.S); the kernel finds the
 * page as the AP jump table, through the hypervisor, and starts them from it.
 */
#include "boot.h"

#define APIC_ICR    UINT64_C(0xFEE00300)
#define ICR_OTHERS  0x000C0000u /* all but self */
#define ICR_INIT    0x4500u
#define ICR_STARTUP 0x4600u
#define JUMP_TABLE  0x80000005u
#define SET_TABLE   0
#define PATIENCE    (UINT64_C(1) << 34) /* of the TSC: some seconds */

static uint64_t tsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

void processors_hold(void)
{
	const volatile uint32_t *held = (volatile uint32_t *)SHIM_AP_COUNT;
	uint32_t n = acpi_processors();
	uint64_t start;

	if (n > param(SHIM_P_PROCESSORS))
		give_up(REASON_TABLE,
			"MADT: more processors than the launch has measured; "
			"build the file with --cpucount");
	if (n < 2)
		return;
	ghcb_mmio_write32(APIC_ICR, ICR_OTHERS | ICR_INIT);
	ghcb_mmio_write32(APIC_ICR, ICR_OTHERS | ICR_STARTUP);
	for (start = tsc(); *held < n - 1;) {
		if (tsc() - start > PATIENCE)
			give_up(REASON_AP, "a processor does not answer");
		pause();
	}
	ghcb_clear();
	ghcb_exit(JUMP_TABLE, SET_TABLE, SHIM_JUMP_TABLE, REASON_AP);
}
