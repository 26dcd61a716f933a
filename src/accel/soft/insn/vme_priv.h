/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual interrupts: CR4.VME in virtual-8086 mode, CR4.PVI in ring 3. */
#ifndef CF_ACCEL_SOFT_VME_PRIV_H
#define CF_ACCEL_SOFT_VME_PRIV_H

#include "accel/soft/cpu_priv.h"

/* Does what would change IF here change VIF? */
static inline bool cf_vme_active(const struct vcpu *cpu)
{
	if ((cpu->flags & CF_FL_IOPL) == CF_FL_IOPL)
		return false;
	if (cpu->mode & CF_MODE_VM)
		return cpu->cr4 & CF_CR4_VME;
	return (cpu->mode & CF_MODE_PE) && cpu->cpl == 3 &&
		(cpu->cr4 & CF_CR4_PVI);
}

/* What PUSHF shows: IF is VIF, the I/O level 3. */
uint64_t cf_vme_image(const struct vcpu *cpu);
/* What POPF and IRET may set, VIF for IF; #GP for what is the monitor's. */
uint64_t cf_vme_take(struct vcpu *cpu, uint64_t fl);
/* INT n (r[RIP] exact): true when it stayed in the 8086 program. */
bool cf_vme_interrupt(struct vcpu *cpu, unsigned vector, uint64_t next);

#endif
