/* SPDX-License-Identifier: Apache-2.0 */
/* The loop, and what changes the state of a vCPU as a whole. */
#ifndef CF_ACCEL_SOFT_RUN_PRIV_H
#define CF_ACCEL_SOFT_RUN_PRIV_H

#include "accel/soft/cpu_priv.h"

/* On the vCPU's own thread. */
void cf_vcpu_run(struct vcpu *cpu, uint64_t budget, struct cf_stop_info *out);

/* INT n, INT3, INTO (r[RIP] exact): through the IDT, or raises. */
void cf_software_interrupt(
	struct vcpu *cpu, unsigned vector, bool privileged, uint64_t next);

/* state.c */
void cf_vcpu_reset(struct vcpu *cpu);
void cf_vcpu_init_ipi(struct vcpu *cpu);
void cf_vcpu_startup_ipi(struct vcpu *cpu);
/* Set the mode bits and the salts that follow. */
void cf_set_mode(struct vcpu *cpu, uint32_t mode);

/* Break- and watchpoints (cpu->watch is set).  at: before the instruction at
 * r[RIP]; true: stop there, cpu->stop is filled.  after: the last instruction
 * hit a data watchpoint. */
bool cf_watch_at(struct vcpu *cpu);
bool cf_watch_after(struct vcpu *cpu);

/* msr.c: the MSRs that a reset gives a value. */
void cf_msr_reset(struct vcpu *cpu);

#endif
