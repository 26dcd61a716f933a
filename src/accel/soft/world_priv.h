/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stopping the world: for changes that other vCPUs may have cached.
 *
 * A vCPU thread is either in the guest or outside (idle, in a callback of the
 * machine, not running).  cf_world_stop() returns when all are outside, and
 * none comes back in before cf_world_resume().  A vCPU thread that may stop
 * the world, or that calls something that may take long, is outside meanwhile:
 * cf_gate_leave(), the call, cf_gate_enter().
 */
#ifndef CF_ACCEL_SOFT_WORLD_PRIV_H
#define CF_ACCEL_SOFT_WORLD_PRIV_H

#include "accel/soft/cpu_priv.h"

void cf_gate_enter(struct vcpu *cpu);
void cf_gate_leave(struct vcpu *cpu);

/* The same around a callback of the machine, whose lock another vCPU may hold
 * while it stops the world; from inside or outside. */
static inline bool cf_gate_pause(struct vcpu *cpu)
{
	bool inside = atomic_load(&cpu->in_guest);

	if (inside)
		cf_gate_leave(cpu);
	return inside;
}

static inline void cf_gate_go_on(struct vcpu *cpu, bool inside)
{
	if (inside)
		cf_gate_enter(cpu);
}

/* Nests; the caller is no vCPU thread, or is outside. */
void cf_world_stop(struct cf_vm *vm);
void cf_world_resume(struct cf_vm *vm);
/* For struct cf_memory_sync: drop all cached of a page, everywhere. */
void cf_world_changed(struct cf_vm *vm, uint64_t gpa);

int cf_world_init(struct cf_vm *vm); /* 0 or errno */
void cf_world_finish(struct cf_vm *vm);

#endif
