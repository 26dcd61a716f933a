/* SPDX-License-Identifier: Apache-2.0 */
/* The PC's devices, each on buses and a clock of the test's own. */
#include "device_bench.h"

#include "machine/backend/chardev.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
