/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to local APICs: who a destination means, and what each delivery
 * mode does there.
 *
 * Source: APM volume 2 (AMD 24593), "Interprocessor Interrupts (IPI)",
 * "Logical destination mode".
 */
#include "base/base.h"
#include "machine/chips/lapic_core_priv.h"

#define ICR_LOGICAL   0x800u
#define ICR_ASSERT    0x4000u
#define ICR_LEVEL     0x8000u
#define ICR_SHORTHAND 18

static bool matches_logical(const struct lapic *l, uint32_t dest)
{
	uint32_t ldr = lapic_ldr(l);

	if (lapic_is_x2(l))
		return ldr >> 16 == dest >> 16 && (ldr & dest & 0xFFFF);
	ldr >>= 24;
	if (l->dfr >> 28 == 0xF) /* flat */
		return ldr & dest;
	return ldr >> 4 == dest >> 4 && (ldr & dest & 0xF);
}

static bool is_broadcast(const struct cf_apic_message *m)
{
	return m->dest == (m->wide ? 0xFFFFFFFF : 0xFF);
}

static bool matches(const struct lapic *l, const struct cf_apic_message *m)
{
	if (is_broadcast(m))
		return true;
	return m->logical ? matches_logical(l, m->dest) : l->id == m->dest;
}

static void deliver(
	struct cf_apics *a, struct lapic *l, const struct cf_apic_message *m)
{
	void *o = a->hooks.opaque;

	switch (m->mode) {
	case CF_APIC_FIXED:
	case CF_APIC_LOWEST:
		lapic_accept(a, l, m->vector, m->level);
		break;
	case CF_APIC_NMI:
		a->hooks.nmi(o, l->id);
		break;
	case CF_APIC_INIT:
		cf_apics_reset_one(a, l->id);
		a->hooks.init(o, l->id);
		break;
	case CF_APIC_STARTUP:
		a->hooks.sipi(o, l->id, m->vector);
		break;
	case CF_APIC_EXTINT:
		l->extint = true;
		a->hooks.notify(o, l->id);
		break;
	case CF_APIC_SMI: /* there is no SMM */
		break;
	}
}

/* One of the addressed APICs; they take turns. */
static void deliver_lowest(struct cf_apics *a, const struct cf_apic_message *m)
{
	for (unsigned i = 0; i < a->n; i++) {
		unsigned at = (a->next_lowest + i) % a->n;
		struct lapic *l = &a->apic[at];

		if (!lapic_software_enabled(l) || !matches(l, m))
			continue;
		a->next_lowest = at + 1;
		deliver(a, l, m);
		return;
	}
}

void cf_apics_send(struct cf_apics *a, const struct cf_apic_message *m)
{
	if (m->mode == CF_APIC_LOWEST) {
		deliver_lowest(a, m);
		return;
	}
	for (unsigned i = 0; i < a->n; i++)
		if (matches(&a->apic[i], m))
			deliver(a, &a->apic[i], m);
}

bool cf_apics_msi(struct cf_apics *a, uint64_t addr, uint32_t data)
{
	struct cf_apic_message m = {
		.dest = (uint32_t)(addr >> 12 & 0xFF),
		.logical = addr >> 2 & 1,
		.level = data >> 15 & 1,
		.mode = (enum cf_apic_mode)(data >> 8 & 7),
		.vector = (uint8_t)data,
	};

	if (addr >> 20 != CF_APIC_BASE >> 20)
		return false;
	cf_apics_send(a, &m);
	return true;
}

void lapic_send_ipi(struct cf_apics *a, struct lapic *l)
{
	uint32_t low = (uint32_t)l->icr;
	unsigned shorthand = low >> ICR_SHORTHAND & 3;
	bool x2 = lapic_is_x2(l);
	struct cf_apic_message m = {
		.dest = (uint32_t)(l->icr >> (x2 ? 32 : 56)),
		.logical = low & ICR_LOGICAL,
		.wide = x2,
		.mode = (enum cf_apic_mode)(low >> 8 & 7),
		.vector = (uint8_t)low,
	};

	/* The de-assert message that ends an INIT means nothing any more. */
	if (m.mode == CF_APIC_INIT && (low & ICR_LEVEL) && !(low & ICR_ASSERT))
		return;
	if (shorthand == 0) {
		cf_apics_send(a, &m);
		return;
	}
	for (unsigned i = 0; i < a->n; i++) {
		bool self = &a->apic[i] == l;

		if ((shorthand == 1 && self) || shorthand == 2 ||
			(shorthand == 3 && !self))
			deliver(a, &a->apic[i], &m);
	}
}
