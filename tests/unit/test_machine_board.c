/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fw_cfg, PCI, ACPI tables, virtio rings, and the machine around a CPU engine
 * that a test plays.
 */
#include "test.h"

#include "machine/acpi/acpi_priv.h"
#include "machine/backend/block.h"
#include "machine/backend/chardev.h"
#include "machine/chips/fw_cfg_priv.h"
#include "machine/machine.h"
#include "machine/pci_priv.h"
#include "machine/virtio/virtio_priv.h"
#include "memory/memory.h"

#include <unistd.h>

static struct coffer_error err;

struct bench {
	struct cf_bus pio, mmio;
	struct cf_clock clock;
	struct cf_memory *mem;
	struct cf_dev_env env;
	enum cf_end end;
};

static uint64_t zero_now(void *opaque)
{
	return 0;
}

static void bench_end(void *opaque, enum cf_end end, uint32_t code)
{
	((struct bench *)opaque)->end = end;
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_ok(cf_memory_create(&b->mem, &err));
	assert_ok(
		cf_memory_add(b->mem, 0, 1 << 20, CF_REGION_RAM, "ram", &err));
	b->clock.now = zero_now;
	b->env = (struct cf_dev_env) { .pio = &b->pio,
		.mmio = &b->mmio,
		.clock = &b->clock,
		.mem = b->mem,
		.end = bench_end,
		.opaque = b };
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	assert_int_equal(b->pio.nranges, 0);
	assert_int_equal(b->mmio.nranges, 0);
	cf_memory_destroy(b->mem);
	free(b);
	return 0;
}

static void out(struct bench *b, uint16_t port, unsigned size, uint32_t v)
{
	cf_bus_write(&b->pio, 0, port, size, v);
}

static uint32_t in(struct bench *b, uint16_t port, unsigned size)
{
	return (uint32_t)cf_bus_read(&b->pio, 0, port, size);
}

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

static void config_out(struct bench *b, unsigned slot, unsigned reg, uint32_t v)
{
	out(b, 0xCF8, 4, 0x80000000u | slot << 11 | (reg & 0xFC));
	out(b, (uint16_t)(0xCFC + (reg & 3)), 4, v);
}

static uint32_t config_in(struct bench *b, unsigned slot, unsigned reg)
{
	out(b, 0xCF8, 4, 0x80000000u | slot << 11 | (reg & 0xFC));
	return in(b, (uint16_t)(0xCFC + (reg & 3)), 4);
}

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

/* --- virtio --- */

#define BAR         0xC0000000u
#define DESC        0x10000u
#define AVAIL       0x11000u
#define USED        0x12000u
#define BUFFERS     0x20000u
#define NEEDS_RESET 0x40u

struct disk {
	struct cf_block *block;
	struct cf_pci *pci;
	struct cf_virtio_dev *dev;
};

static void reg(struct bench *b, unsigned offset, unsigned size, uint32_t v)
{
	cf_bus_write(&b->mmio, 0, BAR + offset, size, v);
}

static uint32_t reg_in(struct bench *b, unsigned offset, unsigned size)
{
	return (uint32_t)cf_bus_read(&b->mmio, 0, BAR + offset, size);
}

static void start_disk(struct bench *b, struct disk *d, bool readonly)
{
	char path[] = "/tmp/coffer-disk-XXXXXX";
	int fd = mkstemp(path);
	struct cf_virtio_device v;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 64 * 512), 0);
	close(fd);
	assert_ok(cf_block_open(path, readonly, &d->block, &err));
	unlink(path);
	assert_ok(cf_virtio_blk_create(d->block, readonly, 0, &v, &err));
	assert_ok(cf_pci_create(&b->env, &d->pci, &err));
	assert_ok(cf_virtio_pci_create(&b->env, d->pci, NULL, 2, v.ops, v.self,
		v.features, &d->dev, &err));
	*v.transport = d->dev;
	config_out(b, 2, 0x10, BAR);
	config_out(b, 2, 4, 6);
	reg(b, 0x14, 1, 0);
	reg(b, 0x14, 1, 3);
	reg(b, 0x08, 4, 1);
	reg(b, 0x0C, 4, 1); /* VERSION_1 */
	reg(b, 0x14, 1, 0x0B);
	assert_int_equal(reg_in(b, 0x14, 1), 0x0B);
	reg(b, 0x16, 2, 0);
	reg(b, 0x18, 2, 8);
	reg(b, 0x20, 4, DESC);
	reg(b, 0x28, 4, AVAIL);
	reg(b, 0x30, 4, USED);
	reg(b, 0x1C, 2, 1);
	reg(b, 0x14, 1, 0x0F);
}

static void stop_disk(struct disk *d)
{
	cf_pci_destroy(d->pci);
	cf_virtio_pci_destroy(d->dev);
	cf_block_destroy(d->block);
}

static void desc(struct bench *b, unsigned i, uint64_t gpa, uint32_t len,
	uint16_t flags, uint16_t next)
{
	uint8_t e[16];

	cf_store_le64(e, gpa);
	cf_store_le32(e + 8, len);
	cf_store_le16(e + 12, flags);
	cf_store_le16(e + 14, next);
	assert_ok(cf_guest_write(b->mem, DESC + 16 * i, e, 16, &err));
}

static void offer(struct bench *b, uint16_t n, uint16_t head)
{
	uint8_t v[2];

	cf_store_le16(v, head);
	assert_ok(cf_guest_write(
		b->mem, AVAIL + 4 + 2 * ((n - 1) % 8), v, 2, &err));
	cf_store_le16(v, n);
	assert_ok(cf_guest_write(b->mem, AVAIL + 2, v, 2, &err));
	reg(b, 0x3000, 2, 0);
}

static uint16_t used(struct bench *b)
{
	uint8_t v[2];

	assert_ok(cf_guest_read(b->mem, USED + 2, v, 2, &err));
	return cf_load_le16(v);
}

static void request(struct bench *b, uint32_t type, uint64_t sector,
	uint32_t len, uint16_t data_flags)
{
	uint8_t h[16] = { 0 };

	cf_store_le32(h, type);
	cf_store_le64(h + 8, sector);
	assert_ok(cf_guest_write(b->mem, BUFFERS, h, 16, &err));
	desc(b, 0, BUFFERS, 16, 1, 1);
	desc(b, 1, BUFFERS + 0x1000, len, (uint16_t)(1 | data_flags), 2);
	desc(b, 2, BUFFERS + 0x100, 1, 2, 0);
}

static uint8_t status_byte(struct bench *b)
{
	uint8_t v;

	assert_ok(cf_guest_read(b->mem, BUFFERS + 0x100, &v, 1, &err));
	return v;
}

static void test_virtio_disk_keeps_what_is_written(void **state)
{
	struct bench *b = *state;
	struct disk d;
	uint8_t data[1024], back[1024];

	start_disk(b, &d, false);
	assert_int_equal(reg_in(b, 0x2000, 4), 64);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	assert_ok(cf_guest_write(
		b->mem, BUFFERS + 0x1000, data, sizeof(data), &err));
	request(b, 1, 62, 1024, 0);
	offer(b, 1, 0);
	assert_int_equal(used(b), 1);
	assert_int_equal(status_byte(b), 0);
	memset(back, 0, sizeof(back));
	assert_ok(cf_guest_write(
		b->mem, BUFFERS + 0x1000, back, sizeof(back), &err));
	request(b, 0, 62, 1024, 2);
	offer(b, 2, 0);
	assert_int_equal(used(b), 2);
	assert_ok(cf_guest_read(
		b->mem, BUFFERS + 0x1000, back, sizeof(back), &err));
	assert_memory_equal(back, data, sizeof(data));
	assert_int_equal(reg_in(b, 0x1000, 1), 1); /* ISR, cleared by it */
	assert_int_equal(reg_in(b, 0x1000, 1), 0);
	stop_disk(&d);
}

static void test_virtio_disk_refuses_what_is_past_its_end(void **state)
{
	struct bench *b = *state;
	struct disk d;

	start_disk(b, &d, true);
	request(b, 0, 63, 1024, 2);
	offer(b, 1, 0);
	assert_int_equal(status_byte(b), 1);
	request(b, 0, UINT64_MAX / 512, 512, 2);
	offer(b, 2, 0);
	assert_int_equal(status_byte(b), 1);
	request(b, 1, 0, 512, 0); /* read-only */
	offer(b, 3, 0);
	assert_int_equal(status_byte(b), 1);
	request(b, 77, 0, 512, 2);
	offer(b, 4, 0);
	assert_int_equal(status_byte(b), 2);
	assert_int_equal(used(b), 4);
	stop_disk(&d);
}

/* One rule broken at a time; the device asks for a reset and stays quiet. */
static void test_virtio_ring_breaks_on_each_broken_rule(void **state)
{
	struct bench *b = *state;

	for (int rule = 0; rule < 8; rule++) {
		struct disk d;
		uint16_t head = 0, n = 1;

		start_disk(b, &d, false);
		request(b, 0, 0, 512, 2);
		switch (rule) {
		case 0: /* head outside the queue */
			head = 8;
			break;
		case 1: /* next outside the queue */
			desc(b, 1, BUFFERS + 0x1000, 512, 3, 8);
			break;
		case 2: /* a loop */
			desc(b, 2, BUFFERS + 0x100, 1, 3, 2);
			break;
		case 3: /* readable after writable */
			desc(b, 2, BUFFERS + 0x100, 1, 0, 0);
			break;
		case 4: /* more requests than entries */
			n = 9;
			break;
		case 5: /* flags of no meaning */
			desc(b, 0, BUFFERS, 16, 0x11, 1);
			break;
		case 6: /* header outside memory */
			desc(b, 2, UINT64_MAX - 4, 1, 2, 0);
			break;
		case 7: /* no status byte */
			desc(b, 0, BUFFERS, 16, 0, 0);
			break;
		}
		offer(b, n, head);
		assert_int_equal(reg_in(b, 0x14, 1) & NEEDS_RESET, NEEDS_RESET);
		assert_int_equal(used(b), 0);
		reg(b, 0x14, 1, 0);
		assert_int_equal(reg_in(b, 0x14, 1), 0);
		stop_disk(&d);
	}
}

/* --- the machine, around a played engine --- */

struct cf_vm {
	const struct cf_vm_config *config;
	const struct cf_accel_host *host;
	unsigned state_calls;
	struct cf_cpu_state state;
	_Atomic bool kicked;
};

static void (*script)(struct cf_vm *vm, unsigned vcpu);

static enum coffer_status fake_create(const struct cf_vm_config *config,
	struct cf_vm **vm, struct coffer_error *e)
{
	*vm = calloc(1, sizeof(**vm));
	(*vm)->host = config->host;
	return COFFER_OK;
}

static void fake_destroy(struct cf_vm *vm)
{
	free(vm);
}

static enum coffer_status fake_set(struct cf_vm *vm, unsigned vcpu,
	const struct cf_cpu_state *s, struct coffer_error *e)
{
	vm->state = *s;
	vm->state_calls++;
	return COFFER_OK;
}

static enum coffer_status fake_get(struct cf_vm *vm, unsigned vcpu,
	struct cf_cpu_state *s, struct coffer_error *e)
{
	*s = vm->state;
	return COFFER_OK;
}

static void fake_park(struct cf_vm *vm, unsigned vcpu, bool parked)
{
}

static void fake_run(struct cf_vm *vm, unsigned vcpu, uint64_t budget,
	struct cf_stop_info *stop)
{
	if (vm->kicked) {
		stop->why = CF_STOP_KICK;
		return;
	}
	stop->why = CF_STOP_UNSUPPORTED;
	snprintf(stop->detail, sizeof(stop->detail), "script ended");
	script(vm, vcpu);
	if (vm->kicked)
		stop->why = CF_STOP_KICK;
}

static void fake_kick(struct cf_vm *vm, unsigned vcpu)
{
	vm->kicked = true;
}

static void fake_notify(struct cf_vm *vm, unsigned vcpu)
{
}

static unsigned nmis; /* a bit per vCPU */

static void fake_nmi(struct cf_vm *vm, unsigned vcpu)
{
	nmis |= 1u << vcpu;
}

static void fake_sipi(struct cf_vm *vm, unsigned vcpu, uint8_t vector)
{
}

static uint64_t fake_instructions(struct cf_vm *vm, unsigned vcpu)
{
	return 42;
}

static const struct cf_accel_ops fake_accel = {
	.name = "fake",
	.vm_create = fake_create,
	.vm_destroy = fake_destroy,
	.set_state = fake_set,
	.get_state = fake_get,
	.park = fake_park,
	.run = fake_run,
	.kick = fake_kick,
	.notify_irq = fake_notify,
	.init = fake_notify,
	.sipi = fake_sipi,
	.nmi = fake_nmi,
	.instructions = fake_instructions,
};

static struct cf_machine_result run_script(
	void (*s)(struct cf_vm *, unsigned), struct cf_buf *text)
{
	struct cf_machine_config c = { .memory = 16 << 20,
		.vcpus = 1,
		.cpu_model = "EPYC-Milan",
		.accel = &fake_accel };
	static const uint8_t rom[4096];
	struct cf_machine_result r;
	struct cf_machine *m;
	struct cf_buf out_text = { 0 };

	assert_ok(cf_chardev_buffer(&out_text, &c.serial[0], &err));
	script = s;
	assert_ok(cf_machine_create(&c, &m, &err));
	assert_ok(cf_machine_load_firmware(m, rom, sizeof(rom), &err));
	assert_ok(cf_machine_run(m, UINT64_MAX, &r, &err));
	if (text)
		cf_machine_describe(m, text);
	cf_machine_destroy(m);
	cf_chardev_destroy(c.serial[0]);
	cf_buf_finish(&out_text);
	return r;
}

static void script_reset(struct cf_vm *vm, unsigned vcpu)
{
	vm->host->pio_write(vm->host->opaque, vcpu, 0x64, 1, 0xFE);
}

static void script_stuck(struct cf_vm *vm, unsigned vcpu)
{
	for (int i = 0; i < 3; i++)
		vm->host->pio_read(vm->host->opaque, vcpu, 0x3FD, 1);
	vm->host->mmio_write(vm->host->opaque, vcpu, 0xD0000000, 4, 7);
}

static bool got_timer;

/* Program the LAPIC timer, sleep, take the interrupt, reset. */
static void script_sleep(struct cf_vm *vm, unsigned vcpu)
{
	const struct cf_accel_host *h = vm->host;

	h->mmio_write(h->opaque, vcpu, 0xFEE000F0, 4, 0x1FF);
	h->mmio_write(h->opaque, vcpu, 0xFEE003E0, 4, 0x0B);
	h->mmio_write(h->opaque, vcpu, 0xFEE00320, 4, 0x50);
	h->mmio_write(h->opaque, vcpu, 0xFEE00380, 4, 2000000);
	while (!h->irq_pending(h->opaque, vcpu))
		h->idle(h->opaque, vcpu);
	got_timer = h->irq_take(h->opaque, vcpu) == 0x50;
	script_reset(vm, vcpu);
}

static void test_machine_nmi_goes_to_every_vcpu(void **state)
{
	struct cf_machine_config c = { .memory = 16 << 20,
		.vcpus = 3,
		.cpu_model = "EPYC-Milan",
		.accel = &fake_accel };
	static const uint8_t rom[4096];
	struct cf_machine *m;

	nmis = 0;
	assert_ok(cf_machine_create(&c, &m, &err));
	cf_machine_nmi(m); /* nothing loaded: nobody there */
	assert_int_equal(nmis, 0);
	assert_ok(cf_machine_load_firmware(m, rom, sizeof(rom), &err));
	cf_machine_nmi(m);
	assert_int_equal(nmis, 7);
	cf_machine_destroy(m);
}

static void test_machine_ends_as_the_guest_asks(void **state)
{
	struct cf_machine_result r = run_script(script_reset, NULL);

	assert_int_equal(r.end, CF_END_RESET);
}

static void test_machine_wakes_an_idle_vcpu_with_a_timer(void **state)
{
	struct cf_machine_result r = run_script(script_sleep, NULL);

	assert_int_equal(r.end, CF_END_RESET);
	assert_true(got_timer);
}

static void test_machine_says_what_a_stuck_guest_did_last(void **state)
{
	struct cf_buf text = { 0 };
	struct cf_machine_result r = run_script(script_stuck, &text);

	assert_int_equal(r.end, CF_END_FAILED);
	assert_string_equal(r.stop.detail, "script ended");
	assert_non_null(strstr(cf_buf_text(&text),
		"read  port 0x3fd = 0x60  serial port, 3 times"));
	assert_non_null(strstr(cf_buf_text(&text),
		"write memory 0xd0000000 = 0x00000007  (nothing there)"));
	cf_buf_finish(&text);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_fw_cfg_reads_items_by_port_and_dma),
		T(test_pci_bars_are_sized_and_move_with_their_register),
		T(test_q35_maps_pm_block_and_ecam_where_firmware_says),
		T(test_acpi_tables_are_linked_and_sum_to_zero),
		T(test_virtio_disk_keeps_what_is_written),
		T(test_virtio_disk_refuses_what_is_past_its_end),
		T(test_virtio_ring_breaks_on_each_broken_rule),
		cmocka_unit_test(test_machine_nmi_goes_to_every_vcpu),
		cmocka_unit_test(test_machine_ends_as_the_guest_asks),
		cmocka_unit_test(test_machine_wakes_an_idle_vcpu_with_a_timer),
		cmocka_unit_test(test_machine_says_what_a_stuck_guest_did_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
