/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupt controllers of the APIC kind, and the HPET that drives them. */
#include "device_bench.h"

#include "machine/chips/lapic_priv.h"

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
		T(test_lapic_timer_counts_at_one_gigahertz),
		T(test_lapic_holds_back_lower_priorities),
		T(test_ipis_reach_whom_they_name),
		T(test_x2apic_is_reached_by_msr),
		T(test_ioapic_delivers_edges_and_holds_levels),
		T(test_hpet_counts_and_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
