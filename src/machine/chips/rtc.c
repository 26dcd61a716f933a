/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MC146818 real-time clock with 128 bytes of CMOS.  Time of day is the virtual
 * clock plus an offset, so it is computed, not counted.
 *
 * Source: MC146818A data sheet (Motorola).
 */
#include "base/base.h"
#include "base/state.h"
#include "machine/devices_priv.h"

#include <time.h>

#define RTC_PORT 0x70
#define NS_PER_S 1000000000u
#define RTC_HZ   32768u

enum {
	R_SECONDS = 0,
	R_SECONDS_ALARM = 1,
	R_MINUTES = 2,
	R_MINUTES_ALARM = 3,
	R_HOURS = 4,
	R_HOURS_ALARM = 5,
	R_WEEKDAY = 6,
	R_DAY = 7,
	R_MONTH = 8,
	R_YEAR = 9,
	R_A = 10,
	R_B = 11,
	R_C = 12,
	R_D = 13,
	R_CENTURY = 0x32,
};

#define A_UIP      0x80
#define B_24H      0x02
#define B_BINARY   0x04
#define B_UPDATE   0x10
#define B_ALARM    0x20
#define B_PERIODIC 0x40
#define B_SET      0x80
#define C_IRQ      0x80
#define D_VALID    0x80

/* The update takes 1984 us, and UIP is set 244 us before it. */
#define UIP_NS (1984000u + 244000u)

struct cf_rtc {
	struct cf_dev_env env;
	struct cf_irq irq;
	uint8_t index;
	uint8_t cmos[128];
	int64_t base;     /* time of day in seconds at ... */
	uint64_t base_ns; /* ... this virtual time */
	struct tm frozen; /* while B_SET stops the clock */
	struct cf_timer periodic, update;
};

static int64_t wall_seconds(const struct cf_rtc *r)
{
	uint64_t passed = cf_clock_now(r->env.clock) - r->base_ns;

	return r->base + (int64_t)(passed / NS_PER_S);
}

/* Nanoseconds into the second. */
static uint64_t wall_fraction(const struct cf_rtc *r)
{
	return (cf_clock_now(r->env.clock) - r->base_ns) % NS_PER_S;
}

/* The time of day is t from now on; a guest may name any year. */
static void set_wall(struct cf_rtc *r, const struct tm *t)
{
	struct tm copy = *t;

	r->base = timegm(&copy);
	r->base_ns = cf_clock_now(r->env.clock);
}

static void now_tm(const struct cf_rtc *r, struct tm *out)
{
	time_t t = (time_t)wall_seconds(r);

	if (r->cmos[R_B] & B_SET)
		*out = r->frozen;
	else
		gmtime_r(&t, out);
}

static uint8_t encode(const struct cf_rtc *r, int v)
{
	if (r->cmos[R_B] & B_BINARY)
		return (uint8_t)v;
	return (uint8_t)(v / 10 << 4 | v % 10);
}

static int decode(const struct cf_rtc *r, uint8_t v)
{
	if (r->cmos[R_B] & B_BINARY)
		return v;
	return (v >> 4) * 10 + (v & 15);
}

static uint8_t encode_hour(const struct cf_rtc *r, int hour)
{
	if (r->cmos[R_B] & B_24H)
		return encode(r, hour);
	return (uint8_t)(encode(r, hour % 12 ? hour % 12 : 12) |
		(hour >= 12 ? 0x80 : 0));
}

static int decode_hour(const struct cf_rtc *r, uint8_t v)
{
	if (r->cmos[R_B] & B_24H)
		return decode(r, v);
	return decode(r, v & 0x7F) % 12 + (v & 0x80 ? 12 : 0);
}

static uint8_t read_time(const struct cf_rtc *r, uint8_t index)
{
	struct tm t;

	now_tm(r, &t);
	switch (index) {
	case R_SECONDS:
		return encode(r, t.tm_sec);
	case R_MINUTES:
		return encode(r, t.tm_min);
	case R_HOURS:
		return encode_hour(r, t.tm_hour);
	case R_WEEKDAY:
		return encode(r, t.tm_wday + 1);
	case R_DAY:
		return encode(r, t.tm_mday);
	case R_MONTH:
		return encode(r, t.tm_mon + 1);
	case R_YEAR:
		return encode(r, t.tm_year % 100);
	default: /* R_CENTURY */
		return encode(r, t.tm_year / 100 + 19);
	}
}

static void write_time(struct cf_rtc *r, uint8_t index, uint8_t v)
{
	struct tm t;
	int century;

	now_tm(r, &t);
	century = t.tm_year / 100 + 19;
	switch (index) {
	case R_SECONDS:
		t.tm_sec = decode(r, v);
		break;
	case R_MINUTES:
		t.tm_min = decode(r, v);
		break;
	case R_HOURS:
		t.tm_hour = decode_hour(r, v);
		break;
	case R_DAY:
		t.tm_mday = decode(r, v);
		break;
	case R_MONTH:
		t.tm_mon = decode(r, v) - 1;
		break;
	case R_YEAR:
		t.tm_year = (century - 19) * 100 + decode(r, v);
		break;
	case R_CENTURY:
		t.tm_year = (decode(r, v) - 19) * 100 + t.tm_year % 100;
		break;
	default: /* the day of the week follows from the date */
		return;
	}
	r->frozen = t;
	if (!(r->cmos[R_B] & B_SET))
		set_wall(r, &t);
}

static void raise_event(struct cf_rtc *r, uint8_t event)
{
	r->cmos[R_C] |= event;
	if (!(r->cmos[R_B] & event & 0x70))
		return;
	r->cmos[R_C] |= C_IRQ;
	cf_irq_set(&r->irq, true);
}

/* 0: no periodic interrupt. */
static uint64_t period_ns(const struct cf_rtc *r)
{
	unsigned rate = r->cmos[R_A] & 15;

	if (rate == 0 || !(r->cmos[R_B] & B_PERIODIC))
		return 0;
	if (rate <= 2)
		rate += 7;
	return cf_ticks_to_ns((uint64_t)1 << (rate - 1), RTC_HZ);
}

static void fire_periodic(void *opaque)
{
	struct cf_rtc *r = opaque;
	uint64_t period = period_ns(r);

	if (!period)
		return;
	raise_event(r, B_PERIODIC);
	cf_timer_arm(r->env.clock, &r->periodic,
		cf_clock_now(r->env.clock) + period);
}

static bool alarm_matches(const struct cf_rtc *r, uint8_t alarm, uint8_t now)
{
	return (alarm & 0xC0) == 0xC0 || alarm == now;
}

static void fire_update(void *opaque);

/* Only armed while somebody wants update or alarm interrupts. */
static void arm_update(struct cf_rtc *r)
{
	uint64_t left;

	cf_timer_cancel(r->env.clock, &r->update);
	if (!(r->cmos[R_B] & (B_UPDATE | B_ALARM)) || r->cmos[R_B] & B_SET)
		return;
	left = NS_PER_S - wall_fraction(r);
	cf_timer_arm(
		r->env.clock, &r->update, cf_clock_now(r->env.clock) + left);
}

static void fire_update(void *opaque)
{
	struct cf_rtc *r = opaque;

	raise_event(r, B_UPDATE);
	if (alarm_matches(
		    r, r->cmos[R_SECONDS_ALARM], read_time(r, R_SECONDS)) &&
		alarm_matches(
			r, r->cmos[R_MINUTES_ALARM], read_time(r, R_MINUTES)) &&
		alarm_matches(r, r->cmos[R_HOURS_ALARM], read_time(r, R_HOURS)))
		raise_event(r, B_ALARM);
	arm_update(r);
}

static void arm_periodic(struct cf_rtc *r)
{
	uint64_t period = period_ns(r);

	if (!period)
		cf_timer_cancel(r->env.clock, &r->periodic);
	else if (!r->periodic.armed)
		cf_timer_arm(r->env.clock, &r->periodic,
			cf_clock_now(r->env.clock) + period);
}

static void write_b(struct cf_rtc *r, uint8_t v)
{
	bool was_set = r->cmos[R_B] & B_SET;
	struct tm t;

	now_tm(r, &t);
	r->cmos[R_B] = v;
	if (v & B_SET)
		r->frozen = t;
	else if (was_set)
		set_wall(r, &r->frozen);
	arm_periodic(r);
	arm_update(r);
}

static bool is_time(uint8_t index)
{
	return index == R_CENTURY ||
		(index < R_A &&
			(index == R_SECONDS || index == R_MINUTES ||
				index == R_HOURS || index >= R_WEEKDAY));
}

static uint64_t rtc_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	struct cf_rtc *r = dev;
	uint64_t into;
	uint8_t v;

	if (offset == 0)
		return 0xFF;
	if (is_time(r->index))
		return read_time(r, r->index);
	v = r->cmos[r->index];
	switch (r->index) {
	case R_A:
		into = wall_fraction(r);
		if (into >= NS_PER_S - UIP_NS && !(r->cmos[R_B] & B_SET))
			v |= A_UIP;
		return v;
	case R_C:
		r->cmos[R_C] = 0;
		cf_irq_set(&r->irq, false);
		return v;
	case R_D:
		return D_VALID;
	}
	return v;
}

static void rtc_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	struct cf_rtc *r = dev;
	uint8_t v = (uint8_t)value;

	if (offset == 0) {
		r->index = v & 0x7F;
		return;
	}
	if (is_time(r->index)) {
		write_time(r, r->index, v);
		return;
	}
	switch (r->index) {
	case R_A:
		r->cmos[R_A] = v & 0x7F;
		arm_periodic(r);
		break;
	case R_B:
		write_b(r, v);
		break;
	case R_C:
	case R_D:
		break;
	default:
		r->cmos[r->index] = v;
	}
}

void cf_rtc_set_cmos(struct cf_rtc *r, uint8_t index, uint8_t value)
{
	r->cmos[index & 0x7F] = value;
}

static const struct cf_io_ops rtc_ops = { rtc_read, rtc_write, 1 };

enum coffer_status cf_rtc_create(const struct cf_dev_env *env,
	const struct cf_irq *irq, int64_t seconds, struct cf_rtc **out,
	struct coffer_error *err)
{
	struct cf_rtc *r = cf_alloc_array(1, sizeof(*r));
	struct cf_io_range range = { RTC_PORT, 2, &rtc_ops, r,
		"real-time clock" };
	enum coffer_status s;

	if (!r)
		return cf_fail_nomem(err, "the real-time clock");
	r->env = *env;
	r->irq = *irq;
	r->periodic = (struct cf_timer) { .fire = fire_periodic, .opaque = r };
	r->update = (struct cf_timer) { .fire = fire_update, .opaque = r };
	r->cmos[R_A] = 0x26; /* 32768 Hz, 1024 Hz interrupts */
	r->cmos[R_B] = B_24H;
	r->base = seconds;
	r->base_ns = cf_clock_now(env->clock);
	s = cf_bus_add(env->pio, &range, err);
	if (s)
		free(r);
	else
		*out = r;
	return s;
}

void cf_rtc_destroy(struct cf_rtc *r)
{
	if (!r)
		return;
	cf_timer_cancel(r->env.clock, &r->periodic);
	cf_timer_cancel(r->env.clock, &r->update);
	cf_bus_remove(r->env.pio, RTC_PORT, r);
	free(r);
}

/* Where a guest stopped the clock; any date may be set. */
static void frozen_state(struct tm *t, struct cf_state *s)
{
	int *const part[] = { &t->tm_sec, &t->tm_min, &t->tm_hour, &t->tm_mday,
		&t->tm_mon, &t->tm_year, &t->tm_wday, &t->tm_yday };

	for (size_t i = 0; i < CF_ARRAY_LEN(part); i++) {
		uint32_t v = (uint32_t)*part[i];

		cf_state_u32(s, &v);
		cf_state_need(
			s, v < 100000 || v > UINT32_MAX - 100000, "the date");
		if (cf_state_ok(s))
			*part[i] = (int)v;
	}
}

void cf_rtc_state(struct cf_rtc *r, struct cf_state *s)
{
	uint64_t base = (uint64_t)r->base;

	cf_state_u8(s, &r->index);
	cf_state_need(s, r->index < sizeof(r->cmos), "the index");
	cf_state_bytes(s, r->cmos, sizeof(r->cmos));
	cf_state_u64(s, &base);
	cf_state_need(s, base + ((uint64_t)1 << 40) < (uint64_t)1 << 41,
		"the time of day");
	if (cf_state_ok(s))
		r->base = (int64_t)base;
	cf_state_u64(s, &r->base_ns);
	cf_state_need(s, r->base_ns <= cf_clock_now(r->env.clock),
		"when the time was set");
	frozen_state(&r->frozen, s);
	cf_state_timer(s, r->env.clock, &r->periodic);
	cf_state_timer(s, r->env.clock, &r->update);
}
