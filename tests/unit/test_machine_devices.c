/* SPDX-License-Identifier: Apache-2.0 */
/* The PC's devices, each on buses and a clock of the test's own. */
#include "test.h"

#include "machine/backend/chardev.h"
#include "machine/devices_priv.h"
#include "machine/chips/lapic_priv.h"

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

static uint64_t bench_now(void *opaque)
{
	return ((struct bench *)opaque)->now;
}

static void bench_end(void *opaque, enum cf_end end, uint32_t code)
{
	struct bench *b = opaque;

	b->end = end;
	b->code = code;
}

static void bench_irq(void *opaque, unsigned line, bool level)
{
	struct bench *b = opaque;

	if (level && !b->level[line])
		b->edges[line]++;
	b->level[line] = level;
}

static int setup(void **state)
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

static int teardown(void **state)
{
	struct bench *b = *state;

	/* Every device took its ranges and timers with it. */
	assert_int_equal(b->pio.nranges, 0);
	assert_int_equal(b->mmio.nranges, 0);
	assert_null(b->clock.first);
	free(b);
	return 0;
}

static struct cf_irq irq(struct bench *b, unsigned line)
{
	return (struct cf_irq) { bench_irq, b, line };
}

static void outb(struct bench *b, uint16_t port, uint8_t v)
{
	cf_bus_write(&b->pio, 0, port, 1, v);
}

static uint8_t inb(struct bench *b, uint16_t port)
{
	return (uint8_t)cf_bus_read(&b->pio, 0, port, 1);
}

/* Let virtual time pass as the machine does: timer by timer. */
static void pass(struct bench *b, uint64_t ns)
{
	uint64_t until = b->now + ns;

	while (cf_clock_deadline(&b->clock) <= until) {
		b->now = cf_clock_deadline(&b->clock);
		cf_clock_run(&b->clock);
	}
	b->now = until;
}

static void test_serial_sends_and_receives_with_interrupts(void **state)
{
	struct bench *b = *state;
	struct cf_irq line = irq(b, 4);
	struct cf_chardev *c;
	struct cf_serial *s;
	struct cf_buf out = { 0 };

	assert_ok(cf_chardev_buffer(&out, &c, &err));
	assert_ok(cf_serial_create(&b->env, 0x3F8, &line, c, &s, &err));
	outb(b, 0x3F8, 'h');
	outb(b, 0x3F8, 'i');
	assert_string_equal(cf_buf_text(&out), "hi");
	assert_int_equal(inb(b, 0x3FD), 0x60);
	assert_int_equal(inb(b, 0x3FE), 0xB0);

	outb(b, 0x3F9, 1); /* receive interrupt */
	assert_int_equal(cf_chardev_feed(c, (const uint8_t *)"xy", 2), 1);
	assert_false(b->level[4]); /* OUT2 gates the line */
	outb(b, 0x3FC, 0x0B);
	assert_true(b->level[4]);
	assert_int_equal(inb(b, 0x3FA), 0x04);
	assert_int_equal(inb(b, 0x3FD), 0x61);
	assert_int_equal(inb(b, 0x3F8), 'x');
	assert_false(b->level[4]);
	assert_int_equal(inb(b, 0x3FA), 0x01);

	outb(b, 0x3FA, 1); /* FIFO: 16 bytes */
	assert_int_equal(
		cf_chardev_feed(c, (const uint8_t *)"0123456789abcdefgh", 18),
		16);
	assert_int_equal(inb(b, 0x3FA), 0xC4);

	outb(b, 0x3F9, 2); /* transmit interrupt, raised by enabling it */
	assert_int_equal(inb(b, 0x3FA), 0xC2);
	assert_int_equal(inb(b, 0x3FA), 0xC1);
	cf_serial_destroy(s);
	cf_chardev_destroy(c);
	cf_buf_finish(&out);
}

static void test_serial_loop_back_is_how_linux_finds_it(void **state)
{
	struct bench *b = *state;
	struct cf_irq line = irq(b, 4);
	struct cf_serial *s;

	assert_ok(cf_serial_create(&b->env, 0x3F8, &line, NULL, &s, &err));
	outb(b, 0x3FC, 0x1A); /* loop, OUT2, RTS */
	assert_int_equal(inb(b, 0x3FE) & 0xF0, 0x90);
	outb(b, 0x3F8, 0x5A);
	assert_int_equal(inb(b, 0x3F8), 0x5A);
	outb(b, 0x3FF, 0xA5);
	assert_int_equal(inb(b, 0x3FF), 0xA5);
	cf_serial_destroy(s);
}

static void init_pic(struct bench *b)
{
	static const uint8_t words[][2] = { { 0x20, 0x11 }, { 0xA0, 0x11 },
		{ 0x21, 0x30 }, { 0xA1, 0x38 }, { 0x21, 4 }, { 0xA1, 2 },
		{ 0x21, 1 }, { 0xA1, 1 }, { 0x21, 0 }, { 0xA1, 0 } };

	for (size_t i = 0; i < CF_ARRAY_LEN(words); i++)
		outb(b, words[i][0], words[i][1]);
}

static void test_pic_gives_vectors_by_priority(void **state)
{
	struct bench *b = *state;
	struct cf_irq out = irq(b, 0);
	struct cf_pic *p;

	assert_ok(cf_pic_create(&b->env, &out, &p, &err));
	init_pic(b);
	cf_pic_set(p, 10, true);
	cf_pic_set(p, 4, true);
	assert_true(b->level[0]);
	assert_int_equal(cf_pic_ack(p), 0x3A); /* slave comes through line 2 */
	assert_false(b->level[0]);
	cf_pic_set(p, 1, true);
	assert_int_equal(cf_pic_ack(p), 0x31);
	outb(b, 0x20, 0x20); /* ends line 1 */
	outb(b, 0xA0, 0x20);
	outb(b, 0x20, 0x20); /* ends the cascade */
	assert_int_equal(cf_pic_ack(p), 0x34);
	assert_int_equal(cf_pic_ack(p), 0x37); /* spurious */
	outb(b, 0x20, 0x0B);
	assert_int_equal(inb(b, 0x20), 0x10); /* ISR */
	outb(b, 0x20, 0x64);                  /* specific EOI */
	assert_int_equal(inb(b, 0x20), 0);
	outb(b, 0x21, 0xFF);
	cf_pic_set(p, 3, true);
	assert_false(cf_pic_pending(p));
	outb(b, 0x21, 0xF7);
	assert_true(cf_pic_pending(p));
	cf_pic_destroy(p);
}

static void test_pit_ticks_at_its_rate(void **state)
{
	struct bench *b = *state;
	struct cf_irq line = irq(b, 0);
	struct cf_pit *p;
	unsigned low, high;

	assert_ok(cf_pit_create(&b->env, &line, &p, &err));
	outb(b, 0x43, 0x34); /* channel 0, both bytes, mode 2 */
	outb(b, 0x40, 0xA9); /* 4773: 250 Hz */
	outb(b, 0x40, 0x12);
	pass(b, 1000000000);
	assert_in_range(b->edges[0], 249, 251);
	outb(b, 0x43, 0x00); /* latch */
	pass(b, 1000);
	low = inb(b, 0x40);
	high = inb(b, 0x40);
	assert_in_range(high << 8 | low, 1, 4773);
	outb(b, 0x43, 0x30); /* mode 0: one shot */
	outb(b, 0x40, 0xE8);
	outb(b, 0x40, 0x03);
	assert_false(b->level[0]);
	b->edges[0] = 0;
	pass(b, 837000);
	assert_int_equal(b->edges[0], 0);
	pass(b, 3000);
	assert_int_equal(b->edges[0], 1);
	pass(b, 1000000000);
	assert_int_equal(b->edges[0], 1);
	cf_pit_destroy(p);
}

static void test_pit_channel_2_calibrates_through_port_61(void **state)
{
	struct bench *b = *state;
	struct cf_irq line = irq(b, 0);
	struct cf_pit *p;

	assert_ok(cf_pit_create(&b->env, &line, &p, &err));
	outb(b, 0x61, 0x01);
	outb(b, 0x43, 0xB0); /* channel 2, mode 0 */
	outb(b, 0x42, 0x9C); /* 59659 ticks: 50 ms */
	outb(b, 0x42, 0xE8);
	assert_int_equal(inb(b, 0x61) & 0x20, 0);
	pass(b, 49900000);
	assert_int_equal(inb(b, 0x61) & 0x20, 0);
	pass(b, 200000);
	assert_int_equal(inb(b, 0x61) & 0x20, 0x20);
	cf_pit_destroy(p);
}

static uint8_t cmos(struct bench *b, uint8_t index)
{
	outb(b, 0x70, index);
	return inb(b, 0x71);
}

static void test_rtc_tells_the_time_in_bcd_and_binary(void **state)
{
	struct bench *b = *state;
	struct cf_irq line = irq(b, 8);
	struct cf_rtc *r;

	/* 2024-02-29 23:59:58 UTC */
	assert_ok(cf_rtc_create(&b->env, &line, 1709251198, &r, &err));
	assert_int_equal(cmos(b, 0), 0x58);
	assert_int_equal(cmos(b, 2), 0x59);
	assert_int_equal(cmos(b, 4), 0x23);
	assert_int_equal(cmos(b, 7), 0x29);
	assert_int_equal(cmos(b, 9), 0x24);
	assert_int_equal(cmos(b, 0x32), 0x20);
	assert_int_equal(cmos(b, 0x0D), 0x80);
	pass(b, 2000000000);
	assert_int_equal(cmos(b, 7), 0x01);
	assert_int_equal(cmos(b, 8), 0x03);
	outb(b, 0x70, 0x0B);
	outb(b, 0x71, 0x06);
	assert_int_equal(cmos(b, 9), 24);
	assert_int_equal(cmos(b, 0x0A) & 0x80, 0);
	pass(b, 999000000);
	assert_int_equal(cmos(b, 0x0A) & 0x80, 0x80);
	cf_rtc_destroy(r);
}

static void test_rtc_periodic_interrupt_needs_its_flag_read(void **state)
{
	struct bench *b = *state;
	struct cf_irq line = irq(b, 8);
	struct cf_rtc *r;

	assert_ok(cf_rtc_create(&b->env, &line, 0, &r, &err));
	outb(b, 0x70, 0x0B);
	outb(b, 0x71, 0x42); /* periodic, 1024 Hz */
	pass(b, 1000000);
	assert_true(b->level[8]);
	assert_int_equal(cmos(b, 0x0C), 0xC0);
	assert_false(b->level[8]);
	outb(b, 0x70, 0x0B);
	outb(b, 0x71, 0x12); /* update ended */
	pass(b, 1000000000);
	assert_int_equal(cmos(b, 0x0C) & 0x90, 0x90);
	cf_rtc_destroy(r);
}

static void test_pm_timer_runs_and_power_goes_off(void **state)
{
	struct bench *b = *state;
	struct cf_irq line = irq(b, 9);
	struct cf_acpi_pm *p;

	assert_ok(cf_acpi_pm_create(&b->env, &line, &p, &err));
	assert_int_equal(cf_bus_read(&b->pio, 0, 0x608, 4), 0xFFFFFFFF);
	assert_ok(cf_acpi_pm_map(p, 0x600, &err));
	b->now = 1000000000;
	assert_int_equal(cf_bus_read(&b->pio, 0, 0x608, 4), 3579545);
	b->now = 5000000000; /* 24 bits wrap */
	assert_int_equal(
		cf_bus_read(&b->pio, 0, 0x608, 4), 17897725 & 0xFFFFFF);
	cf_bus_write(&b->pio, 0, 0x604, 2, 0x2001 | 5 << 10);
	assert_int_equal(b->end, CF_END_NONE);
	cf_acpi_pm_power_button(p);
	assert_false(b->level[9]);
	cf_bus_write(&b->pio, 0, 0x602, 2, 0x100);
	assert_true(b->level[9]);
	cf_bus_write(&b->pio, 0, 0x600, 2, 0x100);
	assert_false(b->level[9]);
	cf_bus_write(&b->pio, 0, 0x604, 2, 0x2001);
	assert_int_equal(b->end, CF_END_POWEROFF);
	cf_acpi_pm_destroy(p);
}

static void test_reset_ports_reset(void **state)
{
	struct bench *b = *state;
	struct cf_irq line = irq(b, 1);
	struct cf_i8042 *k;

	assert_ok(cf_i8042_create(&b->env, &line, &k, &err));
	outb(b, 0x92, 0x02);
	assert_int_equal(b->end, CF_END_NONE);
	outb(b, 0x64, 0xAA);
	assert_int_equal(inb(b, 0x64) & 1, 1);
	assert_int_equal(inb(b, 0x60), 0x55);
	outb(b, 0x64, 0xFE);
	assert_int_equal(b->end, CF_END_RESET);
	b->end = CF_END_NONE;
	outb(b, 0x92, 0x03);
	assert_int_equal(b->end, CF_END_RESET);
	cf_i8042_destroy(k);
}

static void test_keyboard_obeys_at_once(void **state)
{
	struct bench *b = *state;
	struct cf_irq line = irq(b, 1);
	struct cf_i8042 *k;

	assert_ok(cf_i8042_create(&b->env, &line, &k, &err));
	outb(b, 0x60, 0xFF); /* reset: acknowledged, self test passed */
	assert_int_equal(inb(b, 0x64) & 1, 1);
	assert_int_equal(inb(b, 0x60), 0xFA);
	assert_int_equal(inb(b, 0x60), 0xAA);
	assert_int_equal(inb(b, 0x64) & 1, 0);
	assert_int_equal(b->edges[1], 0);
	outb(b, 0x64, 0x60); /* interrupts on */
	outb(b, 0x60, 0x01);
	assert_int_equal(inb(b, 0x64) & 1, 0); /* not for the keyboard */
	outb(b, 0x60, 0xED);
	outb(b, 0x60, 0xFF); /* all lamps, no reset */
	assert_int_equal(inb(b, 0x60), 0xFA);
	assert_int_equal(inb(b, 0x60), 0xFA);
	assert_int_equal(inb(b, 0x64) & 1, 0);
	assert_true(b->edges[1] >= 2);
	/* More than anybody reads is dropped. */
	for (unsigned i = 0; i < 100; i++)
		outb(b, 0x60, 0xF2);
	assert_int_equal(inb(b, 0x60), 0xFA);
	assert_int_equal(inb(b, 0x60), 0xAB);
	assert_int_equal(inb(b, 0x60), 0x83);
	outb(b, 0x64, 0xAB); /* is a keyboard there? */
	assert_int_equal(inb(b, 0x60), 0x00);
	assert_int_equal(inb(b, 0x64) & 1, 0);
	cf_i8042_destroy(k);
}

static void test_debug_exit_code_is_qemus(void **state)
{
	struct bench *b = *state;
	struct cf_debug_exit *d;
	struct cf_debugcon *c;
	struct cf_chardev *chardev;
	struct cf_buf out = { 0 };

	assert_ok(cf_debug_exit_create(&b->env, 0xF4, 4, &d, &err));
	cf_bus_write(&b->pio, 0, 0xF4, 4, 0x10);
	assert_int_equal(b->end, CF_END_DEBUG_EXIT);
	assert_int_equal(b->code, 0x21);
	cf_debug_exit_destroy(d);
	assert_ok(cf_chardev_buffer(&out, &chardev, &err));
	assert_ok(cf_debugcon_create(&b->env, 0x402, chardev, &c, &err));
	assert_int_equal(inb(b, 0x402), 0xE9);
	outb(b, 0x402, '!');
	assert_string_equal(cf_buf_text(&out), "!");
	cf_debugcon_destroy(c);
	cf_chardev_destroy(chardev);
	cf_buf_finish(&out);
}

static void hook_notify(void *opaque, unsigned vcpu)
{
	((struct bench *)opaque)->notified |= 1u << vcpu;
}

static void hook_nmi(void *opaque, unsigned vcpu)
{
	((struct bench *)opaque)->nmis |= 1u << vcpu;
}

static void hook_init(void *opaque, unsigned vcpu)
{
	((struct bench *)opaque)->inits |= 1u << vcpu;
}

static void hook_sipi(void *opaque, unsigned vcpu, uint8_t vector)
{
	((struct bench *)opaque)->sipi_vector = (unsigned)vector << 8 | vcpu;
}

static void hook_eoi(void *opaque, uint8_t vector)
{
	((struct bench *)opaque)->eoi_vector = vector;
}

static bool hook_pic_pending(void *opaque)
{
	return false;
}

static uint8_t hook_pic_ack(void *opaque)
{
	return 0xFF;
}

static struct cf_apics *make_apics(struct bench *b, unsigned n)
{
	struct cf_apic_hooks hooks = { b, hook_notify, hook_nmi, hook_init,
		hook_sipi, hook_eoi, hook_pic_pending, hook_pic_ack };
	struct cf_apics *a;

	assert_ok(cf_apics_create(&b->env, n, &hooks, &a, &err));
	for (unsigned i = 0; i < n; i++)
		cf_bus_write(&b->mmio, i, 0xFEE000F0, 4, 0x1FF);
	return a;
}

static uint32_t apic_get(struct bench *b, unsigned vcpu, unsigned reg)
{
	return (uint32_t)cf_bus_read(&b->mmio, vcpu, 0xFEE00000u + reg, 4);
}

static void apic_set(struct bench *b, unsigned vcpu, unsigned reg, uint32_t v)
{
	cf_bus_write(&b->mmio, vcpu, 0xFEE00000u + reg, 4, v);
}

static void test_lapic_timer_counts_at_one_gigahertz(void **state)
{
	struct bench *b = *state;
	struct cf_apics *a = make_apics(b, 1);

	apic_set(b, 0, 0x3E0, 0x0B);    /* divide by 1 */
	apic_set(b, 0, 0x320, 0x20040); /* periodic, vector 0x40 */
	apic_set(b, 0, 0x380, 10000000);
	pass(b, 4000000);
	assert_int_equal(apic_get(b, 0, 0x390), 6000000);
	assert_false(cf_apics_pending(a, 0));
	pass(b, 6000000);
	assert_true(cf_apics_pending(a, 0));
	assert_int_equal(cf_apics_take(a, 0), 0x40);
	assert_int_equal(cf_apics_take(a, 0), -1);
	apic_set(b, 0, 0xB0, 0);
	pass(b, 10000000);
	assert_int_equal(cf_apics_take(a, 0), 0x40);
	apic_set(b, 0, 0xB0, 0);
	apic_set(b, 0, 0x320, 0x00041); /* one shot */
	apic_set(b, 0, 0x3E0, 0x03);    /* divide by 16 */
	apic_set(b, 0, 0x380, 1000);
	pass(b, 15999);
	assert_false(cf_apics_pending(a, 0));
	pass(b, 1);
	assert_int_equal(cf_apics_take(a, 0), 0x41);
	assert_int_equal(apic_get(b, 0, 0x390), 0);
	cf_apics_destroy(a);
}

static void test_lapic_holds_back_lower_priorities(void **state)
{
	struct bench *b = *state;
	struct cf_apics *a = make_apics(b, 1);

	assert_true(cf_apics_msi(a, 0xFEE00000, 0x31));
	assert_true(cf_apics_msi(a, 0xFEE00000, 0x52));
	assert_int_equal(cf_apics_take(a, 0), 0x52);
	assert_int_equal(cf_apics_take(a, 0), -1);
	assert_true(cf_apics_msi(a, 0xFEE00000, 0x61));
	assert_int_equal(cf_apics_take(a, 0), 0x61);
	apic_set(b, 0, 0xB0, 0);
	apic_set(b, 0, 0xB0, 0);
	cf_apics_set_cr8(a, 0, 3);
	assert_int_equal(apic_get(b, 0, 0x80), 0x30);
	assert_false(cf_apics_pending(a, 0));
	cf_apics_set_cr8(a, 0, 2);
	assert_int_equal(cf_apics_take(a, 0), 0x31);
	assert_false(cf_apics_msi(a, 0xFED00000, 0x31));
	cf_apics_destroy(a);
}

static void test_ipis_reach_whom_they_name(void **state)
{
	struct bench *b = *state;
	struct cf_apics *a = make_apics(b, 4);

	apic_set(b, 0, 0x310, 2u << 24);
	apic_set(b, 0, 0x300, 0x4500); /* INIT to APIC 2 */
	assert_int_equal(b->inits, 1u << 2);
	apic_set(b, 0, 0x300, 0x4608); /* SIPI, vector 8 */
	assert_int_equal(b->sipi_vector, 8u << 8 | 2);
	b->inits = 0;
	apic_set(b, 0, 0x300, 0x8500); /* INIT de-assert */
	assert_int_equal(b->inits, 0);
	cf_bus_write(&b->mmio, 2, 0xFEE000F0, 4, 0x1FF);
	b->notified = 0;
	apic_set(b, 1, 0x300, 0xC4055); /* all but self */
	assert_int_equal(b->notified, 0xD);
	assert_int_equal(cf_apics_take(a, 1), -1);
	assert_int_equal(cf_apics_take(a, 3), 0x55);
	assert_int_equal(cf_apics_take(a, 0), 0x55);
	for (unsigned i = 0; i < 4; i++)
		apic_set(b, i, 0xD0, 1u << (24 + i));
	b->notified = 0;
	apic_set(b, 0, 0x310, 0x0Au << 24); /* logical: 1 and 3 */
	apic_set(b, 0, 0x300, 0x4866);
	assert_int_equal(cf_apics_take(a, 1), 0x66);
	assert_int_equal(cf_apics_take(a, 0), -1);
	apic_set(b, 0, 0x310, 1u << 24);
	apic_set(b, 0, 0x300, 0x4400);
	assert_int_equal(b->nmis, 2);
	cf_apics_destroy(a);
}

static void test_x2apic_is_reached_by_msr(void **state)
{
	struct bench *b = *state;
	struct cf_apics *a = make_apics(b, 2);
	uint64_t v;

	assert_true(cf_apics_msr_read(a, 0, 0x1B, &v));
	assert_int_equal(v, 0xFEE00900);
	assert_false(cf_apics_msr_read(a, 0, 0x802, &v));
	assert_false(cf_apics_msr_write(a, 1, 0x1B, 0xFEE00400));
	assert_true(cf_apics_msr_write(a, 1, 0x1B, 0xFEE00C00));
	assert_true(cf_apics_msr_read(a, 1, 0x802, &v));
	assert_int_equal(v, 1);
	assert_true(cf_apics_msr_read(a, 1, 0x80D, &v));
	assert_int_equal(v, 2);
	assert_int_equal(apic_get(b, 1, 0x20), 0xFFFFFFFF);
	assert_true(cf_apics_msr_write(a, 1, 0x830, 0x4077));
	assert_int_equal(cf_apics_take(a, 0), 0x77);
	assert_true(cf_apics_msr_write(a, 1, 0x83F, 0x78));
	assert_int_equal(cf_apics_take(a, 1), 0x78);
	assert_false(cf_apics_msr_write(a, 1, 0x80E, 0));
	assert_false(cf_apics_msr_write(a, 1, 0x1B, 0xFEE00800));
	cf_apics_destroy(a);
}

static void ioapic_write(struct bench *b, unsigned reg, uint32_t v)
{
	cf_bus_write(&b->mmio, 0, 0xFEC00000, 4, reg);
	cf_bus_write(&b->mmio, 0, 0xFEC00010, 4, v);
}

static void test_ioapic_delivers_edges_and_holds_levels(void **state)
{
	struct bench *b = *state;
	struct cf_apics *a = make_apics(b, 1);
	struct cf_ioapic *io;

	assert_ok(cf_ioapic_create(&b->env, a, &io, &err));
	ioapic_write(b, 0x10 + 2 * 4, 0x44);
	cf_ioapic_set(io, 4, true);
	cf_ioapic_set(io, 4, false);
	assert_int_equal(cf_apics_take(a, 0), 0x44);
	apic_set(b, 0, 0xB0, 0);
	assert_int_equal(b->eoi_vector, 0); /* edges need none */
	ioapic_write(b, 0x10 + 2 * 20, 0x8054);
	cf_ioapic_set(io, 20, true);
	assert_int_equal(cf_apics_take(a, 0), 0x54);
	apic_set(b, 0, 0xB0, 0);
	assert_int_equal(b->eoi_vector, 0x54);
	assert_int_equal(cf_apics_take(a, 0), -1);
	cf_ioapic_eoi(io, 0x54); /* still high: again */
	assert_int_equal(cf_apics_take(a, 0), 0x54);
	cf_ioapic_set(io, 20, false);
	apic_set(b, 0, 0xB0, 0);
	cf_ioapic_eoi(io, 0x54);
	assert_int_equal(cf_apics_take(a, 0), -1);
	cf_bus_write(&b->mmio, 0, 0xFEC00000, 4, 1);
	assert_int_equal(cf_bus_read(&b->mmio, 0, 0xFEC00010, 4), 0x170020);
	cf_ioapic_destroy(io);
	cf_apics_destroy(a);
}

static void test_hpet_counts_and_interrupts(void **state)
{
	struct bench *b = *state;
	struct cf_irq pins[24], line = irq(b, 0);
	struct cf_hpet *h;
	struct cf_pit *pit;

	for (unsigned i = 0; i < 24; i++)
		pins[i] = irq(b, i);
	assert_ok(cf_pit_create(&b->env, &line, &pit, &err));
	assert_ok(cf_hpet_create(&b->env, pins, pit, &h, &err));
	assert_int_equal(cf_bus_read(&b->mmio, 0, 0xFED00004, 4), 10000000);
	pass(b, 1000);
	assert_int_equal(cf_bus_read(&b->mmio, 0, 0xFED000F0, 8), 0);
	cf_bus_write(&b->mmio, 0, 0xFED00100, 4, 0x14C); /* periodic, 32-bit */
	cf_bus_write(&b->mmio, 0, 0xFED00108, 4, 100000);
	cf_bus_write(&b->mmio, 0, 0xFED00108, 4, 100000);
	cf_bus_write(&b->mmio, 0, 0xFED00010, 4, 3); /* legacy routes */
	pass(b, 10500000);
	assert_int_equal(cf_bus_read(&b->mmio, 0, 0xFED000F0, 8), 1050000);
	assert_int_equal(b->edges[2], 10);
	cf_hpet_destroy(h);
	cf_pit_destroy(pit);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_serial_sends_and_receives_with_interrupts),
		T(test_serial_loop_back_is_how_linux_finds_it),
		T(test_pic_gives_vectors_by_priority),
		T(test_pit_ticks_at_its_rate),
		T(test_pit_channel_2_calibrates_through_port_61),
		T(test_rtc_tells_the_time_in_bcd_and_binary),
		T(test_rtc_periodic_interrupt_needs_its_flag_read),
		T(test_pm_timer_runs_and_power_goes_off),
		T(test_reset_ports_reset),
		T(test_keyboard_obeys_at_once),
		T(test_debug_exit_code_is_qemus),
		T(test_lapic_timer_counts_at_one_gigahertz),
		T(test_lapic_holds_back_lower_priorities),
		T(test_ipis_reach_whom_they_name),
		T(test_x2apic_is_reached_by_msr),
		T(test_ioapic_delivers_edges_and_holds_levels),
		T(test_hpet_counts_and_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
