/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 8254 interval timer and port 0x61, which gates channel 2 and shows its
 * output.  Counts are computed from the virtual clock when they are read.
 *
 * Source: 8254 data sheet (Intel 231164).
 */
#include "base/base.h"
#include "base/state.h"
#include "machine/devices_priv.h"

#define PIT_PORT     0x40
#define SPEAKER_PORT 0x61
#define PIT_HZ       1193182u

#define REFRESH_NS 15085u /* the memory refresh toggle of bit 4 */

enum { ACCESS_LATCH, ACCESS_LOW, ACCESS_HIGH, ACCESS_BOTH };

struct channel {
	uint32_t count; /* 1 .. 0x10000 */
	uint8_t mode, access;
	bool bcd, gate, loaded;
	bool write_high, read_high; /* second byte of ACCESS_BOTH is next */
	uint8_t write_low;
	bool latched;
	uint16_t latch;
	bool status_latched;
	uint8_t status;
	uint64_t start; /* in ticks */
};

struct cf_pit {
	struct cf_dev_env env;
	struct cf_irq irq;
	struct channel ch[3];
	struct cf_timer timer; /* of channel 0 */
	uint64_t next;         /* tick at which it fires */
	uint8_t speaker;
	bool muted;
};

static uint64_t ticks_now(const struct cf_pit *p)
{
	return cf_ns_to_ticks(cf_clock_now(p->env.clock), PIT_HZ);
}

static bool periodic(const struct channel *c)
{
	return c->mode == 2 || c->mode == 3;
}

static uint16_t to_bcd(uint32_t v)
{
	return (uint16_t)(v % 10 | v / 10 % 10 << 4 | v / 100 % 10 << 8 |
		v / 1000 % 10 << 12);
}

static uint16_t count_of(const struct channel *c, uint64_t now)
{
	uint64_t d = c->gate ? now - c->start : 0;
	uint32_t v;

	if (!c->loaded)
		return 0;
	if (c->mode == 3) /* counts down by two */
		v = (uint32_t)(c->count - 2 * d % c->count);
	else if (c->mode == 2)
		v = (uint32_t)(c->count - d % c->count);
	else
		v = (uint32_t)(c->count - d);
	return c->bcd ? to_bcd(v % 10000) : (uint16_t)v;
}

static bool output_of(const struct channel *c, uint64_t now)
{
	uint64_t d = now - c->start;

	if (!c->loaded)
		return c->mode != 0;
	switch (c->mode) {
	case 0:
		return d >= c->count;
	case 1:
		return d >= c->count;
	case 2:
		return d % c->count != c->count - 1;
	case 3:
		return d % c->count < (c->count + 1) / 2;
	default:
		return d != c->count;
	}
}

static void arm(struct cf_pit *p, uint64_t tick)
{
	p->next = tick;
	cf_timer_arm(p->env.clock, &p->timer, cf_ticks_to_ns(tick, PIT_HZ));
}

/* Channel 0 reached its terminal count: OUT rises.  Periods that nobody saw
 * are skipped. */
static void fire(void *opaque)
{
	struct cf_pit *p = opaque;
	const struct channel *c = &p->ch[0];
	uint64_t missed;

	if (!p->muted) {
		cf_irq_set(&p->irq, false);
		cf_irq_set(&p->irq, true);
	}
	if (!periodic(c))
		return;
	missed = (ticks_now(p) - p->next) / c->count;
	arm(p, p->next + (missed + 1) * c->count);
}

static void load(struct cf_pit *p, unsigned n, uint32_t value)
{
	struct channel *c = &p->ch[n];

	c->count = value ? value : 0x10000;
	if (c->bcd) {
		value = (value & 15) + (value >> 4 & 15) * 10 +
			(value >> 8 & 15) * 100 + (value >> 12 & 15) * 1000;
		c->count = value ? value : 10000;
	}
	c->start = ticks_now(p);
	c->loaded = true;
	if (n != 0)
		return;
	cf_irq_set(&p->irq, c->mode != 0 && !p->muted);
	arm(p, c->start + c->count + (c->mode >= 4));
}

static void latch_status(struct cf_pit *p, struct channel *c)
{
	if (c->status_latched)
		return;
	c->status = (uint8_t)(output_of(c, ticks_now(p)) << 7 |
		!c->loaded << 6 | c->access << 4 | c->mode << 1 | c->bcd);
	c->status_latched = true;
}

static void latch_count(struct cf_pit *p, struct channel *c)
{
	if (c->latched)
		return;
	c->latch = count_of(c, ticks_now(p));
	c->latched = true;
	c->read_high = false;
}

static void write_control(struct cf_pit *p, uint8_t v)
{
	unsigned n = v >> 6;
	struct channel *c = &p->ch[n];

	if (n == 3) { /* read-back */
		for (unsigned i = 0; i < 3; i++) {
			if (!(v & 2u << i))
				continue;
			if (!(v & 0x20))
				latch_count(p, &p->ch[i]);
			if (!(v & 0x10))
				latch_status(p, &p->ch[i]);
		}
		return;
	}
	if ((v >> 4 & 3) == ACCESS_LATCH) {
		latch_count(p, c);
		return;
	}
	c->access = v >> 4 & 3;
	c->mode = v >> 1 & 7;
	if (c->mode > 5)
		c->mode &= 3;
	c->bcd = v & 1;
	c->loaded = c->write_high = c->read_high = false;
	c->latched = c->status_latched = false;
	if (n == 0) {
		cf_timer_cancel(p->env.clock, &p->timer);
		cf_irq_set(&p->irq, c->mode != 0 && !p->muted);
	}
}

static void pit_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	struct cf_pit *p = dev;
	uint8_t v = (uint8_t)value;
	struct channel *c;

	if (offset == 3) {
		write_control(p, v);
		return;
	}
	c = &p->ch[offset];
	switch (c->access) {
	case ACCESS_LOW:
		load(p, (unsigned)offset, v);
		break;
	case ACCESS_HIGH:
		load(p, (unsigned)offset, (uint32_t)v << 8);
		break;
	case ACCESS_BOTH:
		if (c->write_high)
			load(p, (unsigned)offset,
				c->write_low | (uint32_t)v << 8);
		else
			c->write_low = v;
		c->write_high = !c->write_high;
		break;
	}
}

static uint64_t pit_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	struct cf_pit *p = dev;
	struct channel *c;
	uint16_t v;
	bool high;

	if (offset == 3)
		return 0xFF;
	c = &p->ch[offset];
	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	v = c->latched ? c->latch : count_of(c, ticks_now(p));
	high = c->access == ACCESS_HIGH ||
		(c->access == ACCESS_BOTH && c->read_high);
	if (c->access == ACCESS_BOTH)
		c->read_high = !c->read_high;
	if (c->access != ACCESS_BOTH || high)
		c->latched = false;
	return high ? v >> 8 : v & 0xFF;
}

static uint64_t speaker_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	struct cf_pit *p = dev;
	uint64_t refresh = cf_clock_now(p->env.clock) / REFRESH_NS;

	return (p->speaker & 3u) | (refresh & 1) << 4 |
		(uint64_t)output_of(&p->ch[2], ticks_now(p)) << 5;
}

/* A rising gate restarts the count in the modes that the gate triggers. */
static void speaker_write(void *dev, unsigned vcpu, uint64_t offset,
	unsigned size, uint64_t value)
{
	struct cf_pit *p = dev;
	struct channel *c = &p->ch[2];
	bool gate = value & 1;

	if (gate && !c->gate)
		c->start = ticks_now(p);
	c->gate = gate;
	p->speaker = (uint8_t)value & 3;
}

void cf_pit_set_muted(struct cf_pit *p, bool muted)
{
	p->muted = muted;
}

static const struct cf_io_ops pit_ops = { pit_read, pit_write, 1 };
static const struct cf_io_ops speaker_ops = { speaker_read, speaker_write, 1 };

enum coffer_status cf_pit_create(const struct cf_dev_env *env,
	const struct cf_irq *irq, struct cf_pit **out, struct coffer_error *err)
{
	struct cf_pit *p = cf_alloc_array(1, sizeof(*p));
	struct cf_io_range pit = { PIT_PORT, 4, &pit_ops, p, "timer" };
	struct cf_io_range speaker = { SPEAKER_PORT, 1, &speaker_ops, p,
		"speaker port" };
	enum coffer_status s;

	if (!p)
		return cf_fail_nomem(err, "the timer");
	p->env = *env;
	p->irq = *irq;
	p->timer = (struct cf_timer) { .fire = fire, .opaque = p };
	for (int i = 0; i < 3; i++)
		p->ch[i] = (struct channel) {
			.count = 0x10000, .access = ACCESS_BOTH, .gate = i != 2
		};
	s = cf_bus_add(env->pio, &pit, err);
	if (s == COFFER_OK)
		s = cf_bus_add(env->pio, &speaker, err);
	if (s)
		cf_pit_destroy(p);
	else
		*out = p;
	return s;
}

void cf_pit_destroy(struct cf_pit *p)
{
	if (!p)
		return;
	cf_timer_cancel(p->env.clock, &p->timer);
	cf_bus_remove(p->env.pio, PIT_PORT, p);
	cf_bus_remove(p->env.pio, SPEAKER_PORT, p);
	free(p);
}

static void channel_state(
	const struct cf_pit *p, struct channel *c, struct cf_state *s)
{
	cf_state_u32(s, &c->count);
	cf_state_u8(s, &c->mode);
	cf_state_u8(s, &c->access);
	cf_state_bool(s, &c->bcd);
	cf_state_bool(s, &c->gate);
	cf_state_bool(s, &c->loaded);
	cf_state_bool(s, &c->write_high);
	cf_state_bool(s, &c->read_high);
	cf_state_u8(s, &c->write_low);
	cf_state_bool(s, &c->latched);
	cf_state_u16(s, &c->latch);
	cf_state_bool(s, &c->status_latched);
	cf_state_u8(s, &c->status);
	cf_state_u64(s, &c->start);
	cf_state_need(s, c->count <= 0x10000 && (c->count || !c->loaded),
		"a channel's count");
	cf_state_need(s, c->mode <= 5 && c->access <= 3, "a channel's mode");
	cf_state_need(s, c->start <= ticks_now(p), "a channel's start");
}

void cf_pit_state(struct cf_pit *p, struct cf_state *s)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(p->ch); i++)
		channel_state(p, &p->ch[i], s);
	cf_state_u64(s, &p->next);
	cf_state_u8(s, &p->speaker);
	cf_state_bool(s, &p->muted);
	cf_state_timer(s, p->env.clock, &p->timer);
	cf_state_need(s, !p->timer.armed || p->ch[0].count, "the timer");
}
