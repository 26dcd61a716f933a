/* SPDX-License-Identifier: Apache-2.0 */
/*
 * High-precision event timer: a 100 MHz counter and three comparators.
 *
 * Source: IA-PC HPET specification 1.0a.
 */
#include "base/base.h"
#include "base/state.h"
#include "machine/devices_priv.h"

#define HPET_BASE   0xFED00000u
#define HPET_LEN    0x400
#define NTIMERS     3
#define NS_PER_TICK 10u
#define PERIOD_FS   10000000u

enum {
	REG_ID = 0x00,
	REG_CONFIG = 0x10,
	REG_STATUS = 0x20,
	REG_COUNTER = 0xF0
};

#define CONFIG_ENABLE 0x1u
#define CONFIG_LEGACY 0x2u

#define T_LEVEL        0x02u
#define T_ENABLE       0x04u
#define T_PERIODIC     0x08u
#define T_CAN_PERIODIC 0x10u
#define T_CAN_64       0x20u
#define T_SET_PERIOD   0x40u
#define T_32BIT        0x100u
#define T_WRITABLE     0x3F4Eu /* without SET_PERIOD, which is write-only */
#define T_ROUTE_SHIFT  9
#define ROUTES         0x00F00004u /* pins 2 and 20 to 23 */

struct comparator {
	struct cf_hpet *all;
	unsigned index;
	uint64_t config;
	uint64_t value, period;
	bool set_value; /* the next write to the comparator sets the value */
	struct cf_timer timer;
};

struct cf_hpet {
	struct cf_dev_env env;
	struct cf_irq line[24];
	struct cf_pit *pit;
	uint64_t config, status;
	uint64_t counter; /* while stopped */
	uint64_t offset;  /* counter minus clock ticks while running */
	struct comparator t[NTIMERS];
};

static uint64_t counter(const struct cf_hpet *h)
{
	if (!(h->config & CONFIG_ENABLE))
		return h->counter;
	return cf_clock_now(h->env.clock) / NS_PER_TICK + h->offset;
}

/* `again`: the match that is now has fired, the next is meant. */
static void arm(struct comparator *c, bool again)
{
	struct cf_hpet *h = c->all;
	uint64_t now = counter(h), left = c->value - now;

	if (!(h->config & CONFIG_ENABLE)) {
		cf_timer_cancel(h->env.clock, &c->timer);
		return;
	}
	if (c->config & T_32BIT)
		left = (uint32_t)left;
	if (again && !left && c->config & T_32BIT)
		left = (uint64_t)1 << 32;
	/* More than half way around is in the past: a full turn away, for
	 * a 64-bit counter never. */
	if (left > INT64_MAX / NS_PER_TICK) {
		cf_timer_cancel(h->env.clock, &c->timer);
		return;
	}
	cf_timer_arm(h->env.clock, &c->timer,
		cf_clock_now(h->env.clock) + left * NS_PER_TICK);
}

static unsigned route(const struct comparator *c)
{
	/* Legacy replacement: timer 0 is IRQ0 (pin 2), timer 1 is IRQ8. */
	if ((c->all->config & CONFIG_LEGACY) && c->index < 2)
		return c->index ? 8 : 2;
	return (unsigned)(c->config >> T_ROUTE_SHIFT) & 31;
}

static void interrupt(struct comparator *c)
{
	struct cf_hpet *h = c->all;
	unsigned pin = route(c);

	if (!(c->config & T_ENABLE) || pin >= 24)
		return;
	if (c->config & T_LEVEL) {
		h->status |= 1u << c->index;
		cf_irq_set(&h->line[pin], true);
	} else {
		cf_irq_pulse(&h->line[pin]);
	}
}

static void fire(void *opaque)
{
	struct comparator *c = opaque;
	uint64_t late;

	interrupt(c);
	if (c->config & T_PERIODIC && c->period) {
		late = counter(c->all) - c->value;
		c->value += (late / c->period + 1) * c->period;
		arm(c, true);
	} else if (c->config & T_32BIT) {
		arm(c, true); /* the low half matches once a turn */
	}
}

static void write_config(struct cf_hpet *h, uint64_t v)
{
	uint64_t now = counter(h);

	h->config = v & (CONFIG_ENABLE | CONFIG_LEGACY);
	h->counter = now;
	h->offset = now - cf_clock_now(h->env.clock) / NS_PER_TICK;
	cf_pit_set_muted(h->pit, v & CONFIG_LEGACY);
	for (int i = 0; i < NTIMERS; i++)
		arm(&h->t[i], false);
}

static void write_status(struct cf_hpet *h, uint64_t v)
{
	for (unsigned i = 0; i < NTIMERS; i++) {
		if (!(v & h->status & 1u << i))
			continue;
		h->status &= ~(uint64_t)(1u << i);
		if (route(&h->t[i]) < 24)
			cf_irq_set(&h->line[route(&h->t[i])], false);
	}
}

static void write_comparator(struct comparator *c, uint64_t v)
{
	if (c->config & T_32BIT)
		v = (uint32_t)v;
	if (!(c->config & T_PERIODIC) || c->set_value)
		c->value = v;
	if (c->config & T_PERIODIC)
		c->period = v;
	c->set_value = false;
	arm(c, false);
}

static uint64_t read_timer(const struct comparator *c, unsigned reg)
{
	switch (reg) {
	case 0x00:
		return c->config | T_CAN_PERIODIC | T_CAN_64 |
			(uint64_t)ROUTES << 32;
	case 0x08:
		return c->value;
	}
	return 0;
}

static uint64_t read_reg(const struct cf_hpet *h, unsigned reg)
{
	if (reg >= 0x100 && reg < 0x100 + 0x20 * NTIMERS)
		return read_timer(&h->t[(reg - 0x100) / 0x20], reg & 0x18);
	switch (reg) {
	case REG_ID:
		return (uint64_t)PERIOD_FS << 32 | 0x8086A201;
	case REG_CONFIG:
		return h->config;
	case REG_STATUS:
		return h->status;
	case REG_COUNTER:
		return counter(h);
	}
	return 0;
}

static void write_reg(struct cf_hpet *h, unsigned reg, uint64_t v)
{
	struct comparator *c;

	if (reg >= 0x100 && reg < 0x100 + 0x20 * NTIMERS) {
		c = &h->t[(reg - 0x100) / 0x20];
		if ((reg & 0x18) == 0x08) {
			write_comparator(c, v);
		} else if ((reg & 0x18) == 0) {
			c->config = v & T_WRITABLE;
			c->set_value = v & T_SET_PERIOD;
			arm(c, false);
		}
		return;
	}
	switch (reg) {
	case REG_CONFIG:
		write_config(h, v);
		break;
	case REG_STATUS:
		write_status(h, v);
		break;
	case REG_COUNTER: /* only meaningful while stopped */
		h->counter = v;
		break;
	}
}

static uint64_t hpet_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	uint64_t v = read_reg(dev, (unsigned)offset & ~7u);

	return v >> (8 * (offset & 7));
}

/* Halves of a register are merged with what the other half holds. */
static void hpet_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	struct cf_hpet *h = dev;
	unsigned reg = (unsigned)offset & ~7u, shift = 8 * (offset & 7);
	uint64_t old;

	if (size < 4)
		return;
	if (size == 4) {
		if (reg == REG_STATUS) {
			old = 0;
		} else {
			old = read_reg(h, reg);
			if ((reg & 0x118) == 0x100)
				old &= T_WRITABLE;
		}
		old &= ~((uint64_t)UINT32_MAX << shift);
		value = old | value << shift;
	}
	write_reg(h, reg, value);
}

static const struct cf_io_ops hpet_ops = { hpet_read, hpet_write, 8 };

enum coffer_status cf_hpet_create(const struct cf_dev_env *env,
	const struct cf_irq lines[24], struct cf_pit *pit, struct cf_hpet **out,
	struct coffer_error *err)
{
	struct cf_hpet *h = cf_alloc_array(1, sizeof(*h));
	struct cf_io_range range = { HPET_BASE, HPET_LEN, &hpet_ops, h,
		"HPET" };
	enum coffer_status s;

	if (!h)
		return cf_fail_nomem(err, "the HPET");
	h->env = *env;
	h->pit = pit;
	memcpy(h->line, lines, sizeof(h->line));
	for (unsigned i = 0; i < NTIMERS; i++)
		h->t[i] = (struct comparator) { .all = h,
			.index = i,
			.value = UINT64_MAX,
			.timer = { .fire = fire, .opaque = &h->t[i] } };
	s = cf_bus_add(env->mmio, &range, err);
	if (s)
		free(h);
	else
		*out = h;
	return s;
}

void cf_hpet_destroy(struct cf_hpet *h)
{
	if (!h)
		return;
	for (int i = 0; i < NTIMERS; i++)
		cf_timer_cancel(h->env.clock, &h->t[i].timer);
	cf_bus_remove(h->env.mmio, HPET_BASE, h);
	free(h);
}

void cf_hpet_state(struct cf_hpet *h, struct cf_state *s)
{
	cf_state_u64(s, &h->config);
	cf_state_need(s,
		!(h->config & ~(uint64_t)(CONFIG_ENABLE | CONFIG_LEGACY)),
		"the configuration");
	cf_state_u64(s, &h->status);
	cf_state_u64(s, &h->counter);
	cf_state_u64(s, &h->offset);
	for (size_t i = 0; i < NTIMERS; i++) {
		struct comparator *c = &h->t[i];
		uint64_t fixed = c->config & ~(uint64_t)T_WRITABLE;

		cf_state_u64(s, &c->config);
		cf_state_need(s, (c->config & ~(uint64_t)T_WRITABLE) == fixed,
			"a timer's configuration");
		cf_state_u64(s, &c->value);
		cf_state_u64(s, &c->period);
		cf_state_bool(s, &c->set_value);
		cf_state_timer(s, h->env.clock, &c->timer);
	}
}
