/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address spaces of devices (I/O ports, memory-mapped registers), interrupt
 * lines and the virtual clock: what each device is built on.
 */
#ifndef CF_MACHINE_BUS_PRIV_H
#define CF_MACHINE_BUS_PRIV_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A device's registers.  offset counts from the start of its range; size is
 * at most `unit` bytes, larger and misaligned accesses come in pieces.  NULL
 * read: all ones; NULL write: dropped.
 */
struct cf_io_ops {
	uint64_t (*read)(
		void *dev, unsigned vcpu, uint64_t offset, unsigned size);
	void (*write)(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
		uint64_t value);
	unsigned unit; /* 1, 2, 4 or 8 */
};

struct cf_io_range {
	uint64_t base, len;
	const struct cf_io_ops *ops; /* kept */
	void *dev;                   /* kept */
	const char *name;            /* static text */
};

#define CF_BUS_MAX_RANGES 96

/* Sorted by base, no overlaps. */
struct cf_bus {
	struct cf_io_range range[CF_BUS_MAX_RANGES];
	size_t nranges;
	size_t last; /* index of the last hit */
};

/* COFFER_ERR_ARGUMENT: empty, wraps or overlaps another range. */
enum coffer_status cf_bus_add(struct cf_bus *bus,
	const struct cf_io_range *range,
	struct coffer_error *err) CF_MUST_CHECK;
/* Remove the range that starts at base and belongs to dev; no-op if none. */
void cf_bus_remove(struct cf_bus *bus, uint64_t base, const void *dev);
/* The range that holds addr, or NULL; valid until the bus changes. */
const struct cf_io_range *cf_bus_find(struct cf_bus *bus, uint64_t addr);
/* Where there is no device, all ones are read and writes are dropped. */
uint64_t cf_bus_read(
	struct cf_bus *bus, unsigned vcpu, uint64_t addr, unsigned size);
void cf_bus_write(struct cf_bus *bus, unsigned vcpu, uint64_t addr,
	unsigned size, uint64_t value);

/* An interrupt line, given to a device by the board.  set may be NULL: not
 * connected. */
struct cf_irq {
	void (*set)(void *opaque, unsigned line, bool level);
	void *opaque;
	unsigned line;
};

static inline void cf_irq_set(const struct cf_irq *irq, bool level)
{
	if (irq->set)
		irq->set(irq->opaque, irq->line, level);
}

static inline void cf_irq_pulse(const struct cf_irq *irq)
{
	cf_irq_set(irq, true);
	cf_irq_set(irq, false);
}

/*
 * The virtual clock in nanoseconds.  Every device clock derives from it: what
 * is behind `now` (host time, or counted instructions) no device knows.
 */
struct cf_timer {
	uint64_t deadline;
	bool armed;
	void (*fire)(void *opaque); /* may arm the timer again */
	void *opaque;
	struct cf_timer *next;
};

/* No clock comes this far (146 years), so that sums with a time do not wrap. */
#define CF_TIME_MAX ((uint64_t)1 << 62)

struct cf_clock {
	uint64_t (*now)(void *opaque);
	/* A timer is due before all others; may be NULL. */
	void (*earlier)(void *opaque);
	void *opaque;
	struct cf_timer *first; /* by deadline */
};

static inline uint64_t cf_clock_now(struct cf_clock *c)
{
	return c->now(c->opaque);
}

/* Arm or re-arm; a deadline in the past fires at the next cf_clock_run. */
void cf_timer_arm(struct cf_clock *c, struct cf_timer *t, uint64_t deadline);
/* Whether it is armed, and for when. */
struct cf_state;
void cf_state_timer(struct cf_state *s, struct cf_clock *c, struct cf_timer *t);
void cf_timer_cancel(struct cf_clock *c, struct cf_timer *t);
/* When the next timer is due; UINT64_MAX: none is armed. */
uint64_t cf_clock_deadline(const struct cf_clock *c);
/* Fire what is due now. */
void cf_clock_run(struct cf_clock *c);
/* ticks = ns * hz / 1e9 and back (rounded up), without overflow. */
uint64_t cf_ns_to_ticks(uint64_t ns, uint64_t hz);
uint64_t cf_ticks_to_ns(uint64_t ticks, uint64_t hz);

#endif
