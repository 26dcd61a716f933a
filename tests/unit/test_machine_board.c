/* SPDX-License-Identifier: Apache-2.0 */
/* fw_cfg, PCI and the ACPI tables. */
#include "board_bench.h"

#include "machine/acpi/acpi_priv.h"

/* --- fw_cfg --- */

static void dma(struct bench *b, uint32_t control, uint32_t len, uint64_t gpa)
{
	uint8_t d[16];

	cf_store_be32(d, control);
	cf_store_be32(d + 4, len);
	cf_store_be64(d + 8, gpa);
	assert_ok(cf_guest_write(b->mem, 0x1000, d, 16, &err));
	out(b, 0x514, 4, 0);
	out(b, 0x518, 4, __builtin_bswap32(0x1000));
}

static uint32_t dma_result(struct bench *b)
{
	uint8_t d[4];

	assert_ok(cf_guest_read(b->mem, 0x1000, d, 4, &err));
	return cf_load_be32(d);
}

static void test_fw_cfg_reads_items_by_port_and_dma(void **state)
{
	struct bench *b = *state;
	struct cf_fw_cfg *f;
	uint8_t bytes[8];

	assert_ok(cf_fw_cfg_create(&b->env, &f, &err));
	assert_ok(cf_fw_cfg_file(f, "etc/b", "xyz", 3, &err));
	assert_ok(cf_fw_cfg_file(f, "etc/a", "hello", 5, &err));
	out(b, 0x510, 2, 0);
	assert_int_equal(in(b, 0x511, 1), 'Q');
	assert_int_equal(in(b, 0x511, 1), 'E');
	assert_int_equal(in(b, 0x514, 4), 0x554D4551 & 0xFFFFFFFF);
	out(b, 0x510, 2, 0x19); /* directory, sorted by name */
	for (int i = 0; i < 3; i++)
		assert_int_equal(in(b, 0x511, 1), 0);
	assert_int_equal(in(b, 0x511, 1), 2);

	dma(b, 0x20u << 16 | 0x0A, 5, 0x2000); /* select and read etc/a */
	assert_int_equal(dma_result(b), 0);
	assert_ok(cf_guest_read(b->mem, 0x2000, bytes, 5, &err));
	assert_memory_equal(bytes, "hello", 5);
	dma(b, 0x21u << 16 | 0x08, 0, 0);
	dma(b, 0x04, 1, 0);      /* skip */
	dma(b, 0x02, 4, 0x2000); /* zeros past the end */
	assert_ok(cf_guest_read(b->mem, 0x2000, bytes, 4, &err));
	assert_memory_equal(bytes, "yz\0\0", 4);
	dma(b, 0x10, 1, 0x2000); /* nothing is writable */
	assert_int_equal(dma_result(b), 1);
	dma(b, 0x20u << 16 | 0x0A, 0xFFFFFFFF, 0xFFFF0);
	assert_int_equal(dma_result(b), 1);
	cf_fw_cfg_destroy(f);
}

/* --- PCI --- */

static uint64_t nothing_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	return 0x1234;
}

static const struct cf_io_ops nothing_ops = { nothing_read, NULL, 4 };

static void test_pci_bars_are_sized_and_move_with_their_register(void **state)
{
	struct bench *b = *state;
	struct cf_pci *p;
	struct cf_pci_dev d;

	assert_ok(cf_pci_create(&b->env, &p, &err));
	cf_pci_dev_init(&d, "thing", 3, 0, 0x1AF4, 0x1042, 0x01000001);
	d.bar[0] = (struct cf_pci_bar) {
		.size = 0x4000, .ops = &nothing_ops, .dev = &d
	};
	assert_ok(cf_pci_add(p, &d, &err));
	assert_int_equal(config_in(b, 3, 0), 0x10421AF4);
	assert_int_equal(config_in(b, 4, 0), 0xFFFFFFFF);
	config_out(b, 3, 0, 0); /* identification is read-only */
	assert_int_equal(config_in(b, 3, 0), 0x10421AF4);
	config_out(b, 3, 0x10, 0xFFFFFFFF);
	assert_int_equal(config_in(b, 3, 0x10), 0xFFFFC000);
	config_out(b, 3, 0x10, 0xC0000000);
	assert_int_equal(cf_bus_read(&b->mmio, 0, 0xC0000000, 4), 0xFFFFFFFF);
	config_out(b, 3, 4, 2); /* memory decoding on */
	assert_int_equal(cf_bus_read(&b->mmio, 0, 0xC0000000, 4), 0x1234);
	config_out(b, 3, 0x10, 0xC0010000);
	assert_int_equal(cf_bus_read(&b->mmio, 0, 0xC0000000, 4), 0xFFFFFFFF);
	assert_int_equal(cf_bus_read(&b->mmio, 0, 0xC0010000, 4), 0x1234);
	assert_ok(cf_pci_map_ecam(p, 0xB0000000, 256 << 20, &err));
	assert_int_equal(cf_bus_read(&b->mmio, 0, 0xB0000000 + (3 << 15), 4),
		0x10421AF4);
	out(b, 0xCF9, 1, 0x06);
	assert_int_equal(b->end, CF_END_RESET);
	cf_pci_destroy(p);
}

static void test_q35_maps_pm_block_and_ecam_where_firmware_says(void **state)
{
	struct bench *b = *state;
	struct cf_irq none = { 0 };
	struct cf_acpi_pm *pm;
	struct cf_pci *p;
	struct cf_q35 *q;

	assert_ok(cf_acpi_pm_create(&b->env, &none, &pm, &err));
	assert_ok(cf_pci_create(&b->env, &p, &err));
	assert_ok(cf_q35_create(&b->env, p, pm, &q, &err));
	assert_int_equal(config_in(b, 0, 0), 0x29C08086);
	assert_int_equal(config_in(b, 31, 0), 0x29188086);
	assert_int_equal(in(b, 0x608, 4), 0xFFFFFFFF);
	config_out(b, 31, 0x40, 0x601);
	config_out(b, 31, 0x44, 0x80);
	assert_int_equal(in(b, 0x608, 4), 0);
	config_out(b, 0, 0x64, 0);
	config_out(b, 0, 0x60, 0xB0000001);
	assert_int_equal(cf_bus_read(&b->mmio, 0, 0xB00F8000, 4), 0x29188086);
	cf_pci_destroy(p);
	cf_q35_destroy(q);
	cf_acpi_pm_destroy(pm);
}

/* --- ACPI --- */

static uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t v = 0;

	while (n--)
		v = (uint8_t)(v + *p++);
	return v;
}

static void test_acpi_tables_are_linked_and_sum_to_zero(void **state)
{
	struct bench *b = *state;
	struct cf_acpi_params p = { 4, 0xB0000000, 256 << 20 };
	struct cf_acpi_tables t;
	uint8_t mem[8192], *xsdt;
	uint64_t at;
	bool madt = false, fadt = false;

	assert_ok(cf_acpi_build(&p, &t, &err));
	assert_ok(cf_acpi_place(&t, b->mem, 0xE1000, 0xE0000, &err));
	assert_ok(cf_guest_read(b->mem, 0xE0000, mem, sizeof(mem), &err));
	assert_memory_equal(mem, "RSD PTR ", 8);
	assert_int_equal(sum(mem, 20), 0);
	assert_int_equal(sum(mem, 36), 0);
	at = cf_load_le64(mem + 24);
	xsdt = mem + (at - 0xE0000);
	assert_memory_equal(xsdt, "XSDT", 4);
	assert_int_equal(sum(xsdt, cf_load_le32(xsdt + 4)), 0);
	for (size_t i = 36; i < cf_load_le32(xsdt + 4); i += 8) {
		uint8_t *table = mem + (cf_load_le64(xsdt + i) - 0xE0000);

		assert_int_equal(sum(table, cf_load_le32(table + 4)), 0);
		madt |= memcmp(table, "APIC", 4) == 0;
		if (memcmp(table, "FACP", 4) == 0) {
			fadt = true;
			assert_memory_equal(
				mem + (cf_load_le32(table + 40) - 0xE0000),
				"DSDT", 4);
			assert_memory_equal(
				mem + (cf_load_le64(table + 132) - 0xE0000),
				"FACS", 4);
			assert_int_equal(cf_load_le32(table + 76), 0x608);
		}
	}
	assert_true(madt && fadt);
	assert_int_equal(sum(t.tables.data + t.madt, t.madt_len), 0);
	cf_acpi_finish(&t);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_fw_cfg_reads_items_by_port_and_dma),
		T(test_pci_bars_are_sized_and_move_with_their_register),
		T(test_q35_maps_pm_block_and_ecam_where_firmware_says),
		T(test_acpi_tables_are_linked_and_sum_to_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
