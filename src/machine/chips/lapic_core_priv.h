/* SPDX-License-Identifier: Apache-2.0 */
/* State of the local APICs, shared by their registers and their messages. */
#ifndef CF_MACHINE_LAPIC_CORE_PRIV_H
#define CF_MACHINE_LAPIC_CORE_PRIV_H

#include "machine/chips/lapic_priv.h"

#define CF_APIC_BASE 0xFEE00000u

enum lvt {
	LVT_TIMER,
	LVT_THERMAL,
	LVT_PERF,
	LVT_LINT0,
	LVT_LINT1,
	LVT_ERROR,
	NLVT,
};

struct lapic {
	struct cf_apics *all;
	uint32_t id;
	uint64_t base; /* MSR 0x1B */
	uint32_t tpr, ldr, dfr, svr, esr, esr_next;
	uint32_t isr[8], tmr[8], irr[8];
	uint32_t lvt[NLVT];
	uint64_t icr;
	uint32_t tmict, tdcr;
	uint64_t timer_start; /* ns */
	struct cf_timer timer;
	bool extint; /* a message in ExtINT mode came */
};

struct cf_apics {
	struct cf_dev_env env;
	struct cf_apic_hooks hooks;
	unsigned n;
	struct lapic apic[CF_MAX_VCPUS];
	unsigned next_lowest; /* rotates lowest-priority delivery */
};

bool lapic_software_enabled(const struct lapic *l);
bool lapic_is_x2(const struct lapic *l);
uint32_t lapic_ldr(const struct lapic *l);
/* A fixed interrupt arrives. */
void lapic_accept(
	struct cf_apics *a, struct lapic *l, uint8_t vector, bool level);
/* ICR was written. */
void lapic_send_ipi(struct cf_apics *a, struct lapic *l);

#endif
