/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's own breakpoints, DR0 to DR7.  While any is enabled the vCPU runs
 * one instruction at a time (run.c), and while one watches data no translation
 * is cached; without, all of this costs nothing.
 */
#ifndef CF_ACCEL_SOFT_DR_PRIV_H
#define CF_ACCEL_SOFT_DR_PRIV_H

#include "accel/soft/cpu_priv.h"

#define CF_DR6_BD 0x2000u /* a debug register was accessed, DR7.GD */
#define CF_DR6_BS 0x4000u /* single step */
#define CF_DR6_BT 0x8000u /* task switch */
#define CF_DR7_GD 0x2000u

#define CF_DEBUGCTL_LBR 0x1u
#define CF_DEBUGCTL_BTF 0x2u

/* After a change of DR7, CR4.DE or the state as a whole. */
void cf_dr_update(struct vcpu *cpu);

/* Breakpoints (bits 3:0, as DR6 has them) on the instruction at r[RIP]. */
unsigned cf_dr_exec(const struct vcpu *cpu);

/* Note what an access hits, for cpu->dr_hit; addr is linear. */
void cf_dr_data(struct vcpu *cpu, uint64_t addr, unsigned size, bool write);
void cf_dr_io(struct vcpu *cpu, unsigned port, unsigned size);

/* Fill cpu->exc with a #DB and set DR6; deliver it or unwind with it.  trap:
 * after the instruction, else at it. */
void cf_dr_exception(struct vcpu *cpu, uint32_t dr6, bool trap);

#endif
