/* SPDX-License-Identifier: Apache-2.0 */
/* Buses and a clock of a test's own, for one device of the board. */
#ifndef CF_TEST_DEVICE_BENCH_H
#define CF_TEST_DEVICE_BENCH_H

#include "test.h"

#include "machine/devices_priv.h"

static struct coffer_error err;

struct bench {
	struct cf_bus pio, mmio;
	struct cf_clock clock;
	uint64_t now;
	struct cf_dev_env env;
	enum cf_end end;
	uint32_t code;
	bool level[24];
	unsigned edges[24];
	unsigned notified, nmis, inits, sipi_vector, eoi_vector;
	struct cf_pic *pic;
};

static inline uint64_t bench_now(void *opaque)
{
	return ((struct bench *)opaque)->now;
}

static inline void bench_end(void *opaque, enum cf_end end, uint32_t code)
{
	struct bench *b = opaque;

	b->end = end;
	b->code = code;
}

static inline void bench_irq(void *opaque, unsigned line, bool level)
{
	struct bench *b = opaque;

	if (level && !b->level[line])
		b->edges[line]++;
	b->level[line] = level;
}

static inline int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->clock = (struct cf_clock) { .now = bench_now, .opaque = b };
	b->env = (struct cf_dev_env) { .pio = &b->pio,
		.mmio = &b->mmio,
		.clock = &b->clock,
		.end = bench_end,
		.opaque = b };
	*state = b;
	return 0;
}

static inline int teardown(void **state)
{
	struct bench *b = *state;

	/* Every device took its ranges and timers with it. */
	assert_int_equal(b->pio.nranges, 0);
	assert_int_equal(b->mmio.nranges, 0);
	assert_null(b->clock.first);
	free(b);
	return 0;
}

static inline struct cf_irq irq(struct bench *b, unsigned line)
{
	return (struct cf_irq) { bench_irq, b, line };
}

static inline void outb(struct bench *b, uint16_t port, uint8_t v)
{
	cf_bus_write(&b->pio, 0, port, 1, v);
}

static inline uint8_t inb(struct bench *b, uint16_t port)
{
	return (uint8_t)cf_bus_read(&b->pio, 0, port, 1);
}

/* Let virtual time pass as the machine does: timer by timer. */
static inline void pass(struct bench *b, uint64_t ns)
{
	uint64_t until = b->now + ns;

	while (cf_clock_deadline(&b->clock) <= until) {
		b->now = cf_clock_deadline(&b->clock);
		cf_clock_run(&b->clock);
	}
	b->now = until;
}

#endif
