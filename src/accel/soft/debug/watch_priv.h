/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Break- and watchpoints of a debugger.  While a vCPU has any it runs one
 * instruction at a time with no translation cached: exact, and slow.
 */
#ifndef CF_ACCEL_SOFT_WATCH_PRIV_H
#define CF_ACCEL_SOFT_WATCH_PRIV_H

#include "accel/soft/cpu_priv.h"

#define CF_WATCH_MAX 32

enum cf_watch_kind {
	CF_WATCH_EXEC = 1,
	CF_WATCH_WRITE = 2,
	CF_WATCH_READ = 4,
	CF_WATCH_ACCESS = CF_WATCH_READ | CF_WATCH_WRITE,
};

/* For a vCPU that does not run.  False: no room, or no such point. */
bool cf_watch_add(
	struct vcpu *cpu, enum cf_watch_kind kind, uint64_t addr, uint64_t len);
bool cf_watch_remove(
	struct vcpu *cpu, enum cf_watch_kind kind, uint64_t addr, uint64_t len);
void cf_watch_clear(struct vcpu *cpu);

/* Data access while cpu->watch is set. */
void cf_watch_access(
	struct vcpu *cpu, uint64_t addr, unsigned size, bool write);

#endif
