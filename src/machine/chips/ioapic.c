/* SPDX-License-Identifier: Apache-2.0 */
/*
 * I/O APIC with 24 pins.
 *
 * Source: 82093AA data sheet (Intel 290566); version 0x20 adds the EOI
 * register.
 */
#include "base/base.h"
#include "base/state.h"
#include "machine/chips/lapic_priv.h"

#define IOAPIC_BASE 0xFEC00000u
#define NPINS       24
#define VERSION     0x20

#define REG_SELECT 0x00
#define REG_WINDOW 0x10
#define REG_EOI    0x40

#define RTE_REMOTE_IRR 0x4000u
#define RTE_LEVEL      0x8000u
#define RTE_MASKED     0x10000u
#define RTE_ACTIVE_LOW 0x2000u
#define RTE_READ_ONLY  (RTE_REMOTE_IRR | 0x1000u)

struct cf_ioapic {
	struct cf_bus *mmio;
	struct cf_apics *apics;
	uint8_t select, id;
	uint64_t rte[NPINS];
	uint32_t levels;  /* lines as devices drive them, true is active */
	uint32_t pending; /* edges that came while masked */
};

static void service(struct cf_ioapic *io, unsigned pin)
{
	uint64_t *rte = &io->rte[pin];
	struct cf_apic_message m = {
		.dest = (uint32_t)(*rte >> 56),
		.logical = *rte >> 11 & 1,
		.level = *rte & RTE_LEVEL,
		.mode = (enum cf_apic_mode)(*rte >> 8 & 7),
		.vector = (uint8_t)*rte,
	};

	if (*rte & RTE_MASKED)
		return;
	if (*rte & RTE_LEVEL) {
		if (*rte & RTE_REMOTE_IRR || !(io->levels >> pin & 1))
			return;
		*rte |= RTE_REMOTE_IRR;
	} else if (!(io->pending >> pin & 1)) {
		return;
	}
	io->pending &= ~(1u << pin);
	cf_apics_send(io->apics, &m);
}

/* Lines are logical: true is active, whatever polarity the guest programs. */
void cf_ioapic_set(struct cf_ioapic *io, unsigned pin, bool level)
{
	bool was = io->levels >> pin & 1;

	if (level == was)
		return;
	io->levels ^= 1u << pin;
	if (!level)
		return;
	/* An edge that comes while the pin is masked is lost. */
	if (!(io->rte[pin] & (RTE_LEVEL | RTE_MASKED)))
		io->pending |= 1u << pin;
	service(io, pin);
}

void cf_ioapic_eoi(struct cf_ioapic *io, uint8_t vector)
{
	for (unsigned i = 0; i < NPINS; i++) {
		if (!(io->rte[i] & RTE_LEVEL) || (uint8_t)io->rte[i] != vector)
			continue;
		io->rte[i] &= ~(uint64_t)RTE_REMOTE_IRR;
		service(io, i);
	}
}

static uint32_t read_window(const struct cf_ioapic *io)
{
	unsigned pin = (io->select - 0x10u) / 2;

	switch (io->select) {
	case 0:
	case 2:
		return (uint32_t)io->id << 24;
	case 1:
		return (NPINS - 1) << 16 | VERSION;
	}
	if (io->select < 0x10 || pin >= NPINS)
		return 0;
	return (uint32_t)(io->rte[pin] >> (io->select & 1 ? 32 : 0));
}

static void write_window(struct cf_ioapic *io, uint32_t v)
{
	unsigned pin = (io->select - 0x10u) / 2;
	uint64_t *rte;

	if (io->select == 0)
		io->id = v >> 24 & 0xF;
	if (io->select < 0x10 || pin >= NPINS)
		return;
	rte = &io->rte[pin];
	if (io->select & 1) {
		*rte = (uint32_t)*rte | (uint64_t)v << 32;
	} else {
		*rte = (*rte & ~(uint64_t)0xFFFFFFFF) |
			(v & ~RTE_READ_ONLY & 0x1FFFF) |
			(*rte & RTE_REMOTE_IRR);
		if (!(v & RTE_LEVEL))
			*rte &= ~(uint64_t)RTE_REMOTE_IRR;
	}
	service(io, pin);
}

static uint64_t ioapic_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	const struct cf_ioapic *io = dev;

	if (offset == REG_SELECT)
		return io->select;
	return offset == REG_WINDOW ? read_window(io) : 0;
}

static void ioapic_write(void *dev, unsigned vcpu, uint64_t offset,
	unsigned size, uint64_t value)
{
	struct cf_ioapic *io = dev;

	if (offset == REG_SELECT)
		io->select = (uint8_t)value;
	else if (offset == REG_WINDOW)
		write_window(io, (uint32_t)value);
	else if (offset == REG_EOI)
		cf_ioapic_eoi(io, (uint8_t)value);
}

static const struct cf_io_ops ioapic_ops = { ioapic_read, ioapic_write, 4 };

enum coffer_status cf_ioapic_create(const struct cf_dev_env *env,
	struct cf_apics *apics, struct cf_ioapic **out,
	struct coffer_error *err)
{
	struct cf_ioapic *io = cf_alloc_array(1, sizeof(*io));
	struct cf_io_range range = { IOAPIC_BASE, CF_PAGE_SIZE, &ioapic_ops, io,
		"I/O APIC" };
	enum coffer_status s;

	if (!io)
		return cf_fail_nomem(err, "the I/O APIC");
	io->mmio = env->mmio;
	io->apics = apics;
	for (int i = 0; i < NPINS; i++)
		io->rte[i] = RTE_MASKED;
	s = cf_bus_add(env->mmio, &range, err);
	if (s)
		free(io);
	else
		*out = io;
	return s;
}

void cf_ioapic_destroy(struct cf_ioapic *io)
{
	if (io)
		cf_bus_remove(io->mmio, IOAPIC_BASE, io);
	free(io);
}

void cf_ioapic_state(struct cf_ioapic *io, struct cf_state *s)
{
	const uint32_t pins = (1u << NPINS) - 1;

	cf_state_u8(s, &io->select);
	cf_state_u8(s, &io->id);
	for (size_t i = 0; i < NPINS; i++)
		cf_state_u64(s, &io->rte[i]);
	cf_state_u32(s, &io->levels);
	cf_state_u32(s, &io->pending);
	cf_state_need(s, !((io->levels | io->pending) & ~pins), "the pins");
}
