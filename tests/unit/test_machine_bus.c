/* SPDX-License-Identifier: Apache-2.0 */
/* Address dispatch, the virtual clock and its timers. */
#include "test.h"

#include "machine/bus_priv.h"

static struct coffer_error err;

struct probe {
	uint8_t reg[16];
	unsigned last_size;
	unsigned nwrites;
};

static uint64_t probe_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	struct probe *p = dev;
	uint64_t v = 0;

	p->last_size = size;
	memcpy(&v, p->reg + offset, size);
	return v;
}

static void probe_write(void *dev, unsigned vcpu, uint64_t offset,
	unsigned size, uint64_t value)
{
	struct probe *p = dev;

	p->nwrites++;
	p->last_size = size;
	memcpy(p->reg + offset, &value, size);
}

static const struct cf_io_ops bytes_ops = { probe_read, probe_write, 1 };
static const struct cf_io_ops words_ops = { probe_read, probe_write, 4 };
static const struct cf_io_ops write_only = { NULL, probe_write, 1 };

static enum coffer_status add(struct cf_bus *bus, uint64_t base, uint64_t len,
	const struct cf_io_ops *ops, struct probe *p)
{
	struct cf_io_range r = { base, len, ops, p, "probe" };

	return cf_bus_add(bus, &r, &err);
}

static void test_bus_splits_what_a_device_cannot_take(void **state)
{
	struct cf_bus bus = { 0 };
	struct probe p = { .reg = { 1, 2, 3, 4 } }, w = { .reg = { 9 } };

	assert_ok(add(&bus, 0x100, 4, &bytes_ops, &p));
	assert_ok(add(&bus, 0x200, 8, &words_ops, &w));
	assert_int_equal(cf_bus_read(&bus, 0, 0x100, 4), 0x04030201);
	assert_int_equal(p.last_size, 1);
	cf_bus_write(&bus, 0, 0x100, 2, 0xFFAABB);
	assert_int_equal(p.nwrites, 2);
	assert_int_equal(p.reg[0], 0xBB);
	assert_int_equal(p.reg[1], 0xAA);
	cf_bus_write(&bus, 0, 0x200, 8, 0x1122334455667788);
	assert_int_equal(w.nwrites, 2);
	assert_int_equal(cf_bus_read(&bus, 0, 0x200, 8), 0x1122334455667788);
}

static void test_bus_reads_ones_where_nothing_is(void **state)
{
	struct cf_bus bus = { 0 };
	struct probe p = { .reg = { 0x5A } };

	assert_ok(add(&bus, 0x100, 1, &bytes_ops, &p));
	assert_int_equal(cf_bus_read(&bus, 0, 0x80, 4), 0xFFFFFFFF);
	assert_int_equal(cf_bus_read(&bus, 0, 0x100, 2), 0xFF5A);
	assert_int_equal(cf_bus_read(&bus, 0, 0xFF, 2), 0x5AFF);
	assert_int_equal(cf_bus_read(&bus, 0, UINT64_MAX, 8) & 0xFF, 0xFF);
	cf_bus_write(&bus, 0, 0x80, 4, 0);
	assert_int_equal(p.nwrites, 0);
	assert_ok(add(&bus, 0x90, 1, &write_only, &p));
	assert_int_equal(cf_bus_read(&bus, 0, 0x90, 1), 0xFF);
}

static void test_bus_refuses_overlap_and_wrap(void **state)
{
	struct cf_bus bus = { 0 };
	struct probe p = { 0 };

	assert_ok(add(&bus, 0x100, 8, &bytes_ops, &p));
	assert_status(COFFER_ERR_ARGUMENT, add(&bus, 0x107, 1, &bytes_ops, &p));
	assert_status(COFFER_ERR_ARGUMENT, add(&bus, 0xF0, 17, &bytes_ops, &p));
	assert_status(COFFER_ERR_ARGUMENT, add(&bus, 0x100, 8, &bytes_ops, &p));
	assert_status(
		COFFER_ERR_ARGUMENT, add(&bus, UINT64_MAX, 2, &bytes_ops, &p));
	assert_status(COFFER_ERR_ARGUMENT, add(&bus, 0x300, 0, &bytes_ops, &p));
	assert_ok(add(&bus, 0x108, 1, &bytes_ops, &p));
	assert_ok(add(&bus, 0xF0, 16, &bytes_ops, &p));
	cf_bus_remove(&bus, 0x100, &p);
	assert_null(cf_bus_find(&bus, 0x103));
	assert_non_null(cf_bus_find(&bus, 0x108));
	assert_ok(add(&bus, 0x100, 8, &bytes_ops, &p));
}

static uint64_t manual_now(void *opaque)
{
	return *(uint64_t *)opaque;
}

struct shot {
	char *log;
	char name;
	struct cf_clock *clock;
	struct cf_timer timer;
	uint64_t again;
};

static void shoot(void *opaque)
{
	struct shot *s = opaque;
	size_t n = strlen(s->log);

	s->log[n] = s->name;
	if (s->again) {
		cf_timer_arm(s->clock, &s->timer, s->again);
		s->again = 0;
	}
}

static void test_clock_fires_timers_in_order_of_deadline(void **state)
{
	uint64_t now = 0;
	struct cf_clock c = { .now = manual_now, .opaque = &now };
	char log[8] = "";
	struct shot a = { log, 'a', &c, { .fire = shoot, .opaque = &a }, 0 };
	struct shot b = { log, 'b', &c, { .fire = shoot, .opaque = &b }, 30 };

	assert_true(cf_clock_deadline(&c) == UINT64_MAX);
	cf_timer_arm(&c, &a.timer, 20);
	cf_timer_arm(&c, &b.timer, 10);
	assert_int_equal(cf_clock_deadline(&c), 10);
	cf_clock_run(&c);
	assert_string_equal(log, "");
	now = 25;
	cf_clock_run(&c);
	assert_string_equal(log, "ba");
	assert_int_equal(cf_clock_deadline(&c), 30);
	cf_timer_cancel(&c, &b.timer);
	cf_timer_cancel(&c, &b.timer);
	now = 100;
	cf_clock_run(&c);
	assert_string_equal(log, "ba");
	cf_timer_arm(&c, &a.timer, 200);
	cf_timer_arm(&c, &a.timer, 90);
	cf_clock_run(&c);
	assert_string_equal(log, "baa");
}

static void test_ticks_convert_without_overflow(void **state)
{
	uint64_t year = (uint64_t)365 * 86400 * 1000000000;

	assert_int_equal(cf_ns_to_ticks(1000000000, 3579545), 3579545);
	assert_int_equal(cf_ns_to_ticks(year, 3000000000u),
		(uint64_t)365 * 86400 * 3000000000u);
	assert_int_equal(cf_ticks_to_ns(1, 1193182), 839);
	for (uint64_t t = 1; t < 100000; t += 777)
		assert_int_equal(
			cf_ns_to_ticks(cf_ticks_to_ns(t, 1193182), 1193182), t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bus_splits_what_a_device_cannot_take),
		cmocka_unit_test(test_bus_reads_ones_where_nothing_is),
		cmocka_unit_test(test_bus_refuses_overlap_and_wrap),
		cmocka_unit_test(test_clock_fires_timers_in_order_of_deadline),
		cmocka_unit_test(test_ticks_convert_without_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
