/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tracing: executed blocks, decoded code, registers, exceptions, in the forms
 * of QEMU's -d exec, in_asm, cpu and int, so that logs can be compared.
 */
#ifndef CF_ACCEL_SOFT_TRACE_PRIV_H
#define CF_ACCEL_SOFT_TRACE_PRIV_H

#include "accel/soft/cpu_priv.h"
#include "base/buf.h"

void cf_trace_block_slow(struct vcpu *cpu, const struct block *b);
void cf_trace_code_slow(
	struct vcpu *cpu, uint64_t addr, const uint8_t *code, unsigned len);
/* software: by an instruction that asks for it (INT n, INT3, INTO). */
void cf_trace_event_slow(struct vcpu *cpu, int vector, uint32_t error,
	bool software, bool hardware);
void cf_trace_second_slow(struct vcpu *cpu, int first, int second);

/* trace_regs.c: all registers as QEMU shows them. */
void cf_trace_registers(const struct vcpu *cpu, struct cf_buf *out);

static inline void cf_trace_block(struct vcpu *cpu, const struct block *b)
{
	if (CF_UNLIKELY(
		    cpu->vm->trace & (CF_TRACE_BLOCKS | CF_TRACE_REGISTERS)))
		cf_trace_block_slow(cpu, b);
}

static inline void cf_trace_code(
	struct vcpu *cpu, uint64_t addr, const uint8_t *code, unsigned len)
{
	if (CF_UNLIKELY(cpu->vm->trace & CF_TRACE_CODE))
		cf_trace_code_slow(cpu, addr, code, len);
}

static inline void cf_trace_exception(
	struct vcpu *cpu, int vector, uint32_t error)
{
	if (CF_UNLIKELY(cpu->vm->trace & CF_TRACE_EXCEPTIONS))
		cf_trace_event_slow(cpu, vector, error, false, false);
}

static inline void cf_trace_software(
	struct vcpu *cpu, unsigned vector, bool software)
{
	if (CF_UNLIKELY(cpu->vm->trace & CF_TRACE_EXCEPTIONS))
		cf_trace_event_slow(cpu, (int)vector, 0, software, false);
}

static inline void cf_trace_interrupt(struct vcpu *cpu, unsigned vector)
{
	if (CF_UNLIKELY(cpu->vm->trace & CF_TRACE_EXCEPTIONS))
		cf_trace_event_slow(cpu, (int)vector, 0, false, true);
}

/* An exception while another is being delivered. */
static inline void cf_trace_second(struct vcpu *cpu, int first, int second)
{
	if (CF_UNLIKELY(cpu->vm->trace & CF_TRACE_EXCEPTIONS))
		cf_trace_second_slow(cpu, first, second);
}

#endif
