/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tracing to the VM's log, level debug: executed blocks, exits, exceptions, in
 * lines that can be compared with another emulator's.
 */
#ifndef CF_ACCEL_SOFT_TRACE_PRIV_H
#define CF_ACCEL_SOFT_TRACE_PRIV_H

#include "accel/soft/cpu_priv.h"

void cf_trace_block_slow(struct vcpu *cpu, const struct block *b);
void cf_trace_event_slow(
	struct vcpu *cpu, const char *what, int vector, uint32_t error);

static inline void cf_trace_block(struct vcpu *cpu, const struct block *b)
{
	if (CF_UNLIKELY(cpu->vm->trace & CF_TRACE_BLOCKS))
		cf_trace_block_slow(cpu, b);
}

static inline void cf_trace_exception(
	struct vcpu *cpu, int vector, uint32_t error)
{
	if (CF_UNLIKELY(cpu->vm->trace & CF_TRACE_EXCEPTIONS))
		cf_trace_event_slow(cpu, "exception", vector, error);
}

static inline void cf_trace_interrupt(struct vcpu *cpu, unsigned vector)
{
	if (CF_UNLIKELY(cpu->vm->trace & CF_TRACE_EXCEPTIONS))
		cf_trace_event_slow(cpu, "interrupt", (int)vector, 0);
}

#endif
