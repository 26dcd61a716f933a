/* SPDX-License-Identifier: Apache-2.0 */
/* Trace lines: see trace_priv.h. */
#include "accel/soft/trace_priv.h"

#include "base/log.h"

#include <inttypes.h>

void cf_trace_block_slow(struct vcpu *cpu, const struct block *b)
{
	cf_log(cpu->vm->config.log, CF_LOG_DEBUG,
		"cpu: block vcpu=%u rip=0x%016" PRIx64 " gpa=0x%" PRIx64
		" n=%u count=%" PRIu64,
		cpu->index, cpu->r[CF_R_RIP], b->gpa, b->nops, cpu->count);
}

void cf_trace_event_slow(
	struct vcpu *cpu, const char *what, int vector, uint32_t error)
{
	cf_log(cpu->vm->config.log, CF_LOG_DEBUG,
		"cpu: %s vcpu=%u vector=%d error=0x%x rip=0x%016" PRIx64
		" cr2=0x%016" PRIx64 " count=%" PRIu64,
		what, cpu->index, vector, error, cpu->r[CF_R_RIP], cpu->exc.cr2,
		cpu->count);
}
