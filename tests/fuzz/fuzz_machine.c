/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that does anything: the input is a list of port, memory and register
 * accesses and of bytes put into guest memory, played against the whole board
 * through the callbacks that a CPU engine uses.
 */
#include "fuzz.h"

#include "base/base.h"
#include "config.h"
#include "machine/backend/block.h"
#include "machine/backend/chardev.h"
#include "machine/machine.h"
#include "memory/memory.h"

#include <stdlib.h>

#define RAM        ((uint64_t)2 << 20)
#define DISK_SIZE  (64u * 512)
#define BAR_BASE   0xC0000000u
#define FLASH_LEN  0x2000u /* each of two chips, the second read-only */
#define FLASH_BASE (0xFFFFFFFFu - 2 * FLASH_LEN + 1)

/* The engine: remembers the callbacks and plays the input when it is run. */
struct cf_vm {
	const struct cf_accel_host *host;
	struct cf_memory *mem;
};

static struct cf_cursor input;

static enum coffer_status vm_create(const struct cf_vm_config *config,
	struct cf_vm **out, struct coffer_error *err)
{
	*out = calloc(1, sizeof(**out));
	(*out)->host = config->host;
	(*out)->mem = config->memory;
	return COFFER_OK;
}

static void vm_destroy(struct cf_vm *vm)
{
	free(vm);
}

static enum coffer_status set_state(struct cf_vm *vm, unsigned vcpu,
	const struct cf_cpu_state *s, struct coffer_error *err)
{
	return COFFER_OK;
}

static void park(struct cf_vm *vm, unsigned vcpu, bool parked)
{
}

static void nothing(struct cf_vm *vm, unsigned vcpu)
{
}

static void sipi(struct cf_vm *vm, unsigned vcpu, uint8_t vector)
{
}

static uint64_t instructions(struct cf_vm *vm, unsigned vcpu)
{
	return 0;
}

/* Slots 2 to 5 are the disk, the network card, the console and the random
 * numbers. */
static void place_bars(const struct cf_accel_host *h)
{
	for (uint32_t slot = 2; slot < 6; slot++)
		for (uint32_t reg = 0x10; reg <= 0x14; reg += 4) {
			h->pio_write(h->opaque, 0, 0xCF8, 4,
				0x80000000u | slot << 11 | reg);
			h->pio_write(h->opaque, 0, 0xCFC, 4,
				BAR_BASE + slot * 0x10000 +
					(reg - 0x10) * 0x1000);
			h->pio_write(h->opaque, 0, 0xCF8, 4,
				0x80000000u | slot << 11 | 4);
			h->pio_write(h->opaque, 0, 0xCFC, 2, 7);
		}
}

/* Pages with devices, so that few bytes of input reach a register. */
static uint64_t device_address(uint8_t which, uint16_t offset)
{
	static const uint64_t pages[] = { 0xFEE00000, 0xFEC00000, 0xFED00000,
		BAR_BASE + 0x20000, BAR_BASE + 0x24000, BAR_BASE + 0x30000,
		BAR_BASE + 0x34000, 0xB0000000, BAR_BASE + 0x40000,
		BAR_BASE + 0x44000, BAR_BASE + 0x50000, BAR_BASE + 0x54000,
		FLASH_BASE };

	return pages[which % CF_ARRAY_LEN(pages)] + offset;
}

static bool step(struct cf_vm *vm)
{
	const struct cf_accel_host *h = vm->host;
	uint8_t op, which;
	uint16_t at;
	uint64_t v, msr;
	unsigned size;

	if (!cf_take_u8(&input, &op) || !cf_take_u8(&input, &which) ||
		!cf_take_le16(&input, &at))
		return false;
	size = 1u << (op >> 4 & 3);
	if (!cf_take_le64(&input, &v))
		v = which;
	switch (op & 7) {
	case 0:
		h->pio_read(h->opaque, 0, at, size > 4 ? 4 : size);
		break;
	case 1:
		h->pio_write(
			h->opaque, 0, at, size > 4 ? 4 : size, (uint32_t)v);
		break;
	case 2:
		h->mmio_read(
			h->opaque, 0, device_address(which, at & 0x3FFF), size);
		break;
	case 3:
		h->mmio_write(h->opaque, 0, device_address(which, at & 0x3FFF),
			size, v);
		break;
	case 4: /* what rings and DMA descriptors are made of */
		if (cf_guest_write(vm->mem, ((uint64_t)at << 4) + (which & 15),
			    &v, 8, NULL))
			return false;
		break;
	case 5:
		if (!h->msr_read(h->opaque, 0, 0x800u + (at & 0x3F), &msr))
			h->msr_write(h->opaque, 0, 0x1B, v);
		break;
	case 6:
		h->msr_write(h->opaque, 0, 0x800u + (at & 0x3F), v);
		break;
	case 7:
		h->irq_take(h->opaque, 0);
		break;
	}
	return true;
}

static void play(struct cf_vm *vm, unsigned vcpu, uint64_t budget,
	struct cf_stop_info *out)
{
	place_bars(vm->host);
	while (step(vm))
		;
	out->why = CF_STOP_UNSUPPORTED;
}

static const struct cf_accel_ops engine = {
	.name = "fuzz",
	.vm_create = vm_create,
	.vm_destroy = vm_destroy,
	.set_state = set_state,
	.park = park,
	.run = play,
	.kick = nothing,
	.notify_irq = nothing,
	.init = nothing,
	.sipi = sipi,
	.nmi = nothing,
	.instructions = instructions,
};

/* A disk in memory. */
struct disk {
	struct cf_block base;
	uint8_t bytes[DISK_SIZE];
};

static enum coffer_status disk_read(struct cf_block *b, uint64_t offset,
	void *out, size_t len, struct coffer_error *err)
{
	memcpy(out, CF_CONTAINER_OF(b, struct disk, base)->bytes + offset, len);
	return COFFER_OK;
}

static enum coffer_status disk_write(struct cf_block *b, uint64_t offset,
	const void *in, size_t len, struct coffer_error *err)
{
	memcpy(CF_CONTAINER_OF(b, struct disk, base)->bytes + offset, in, len);
	return COFFER_OK;
}

static enum coffer_status disk_flush(
	struct cf_block *b, struct coffer_error *err)
{
	return COFFER_OK;
}

static const struct cf_block_ops disk_ops = {
	.read = disk_read,
	.write = disk_write,
	.flush = disk_flush,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct disk disk = { .base = { &disk_ops, DISK_SIZE } };
	struct disk chip[2] = { { .base = { &disk_ops, FLASH_LEN } },
		{ .base = { &disk_ops, FLASH_LEN } } };
	struct cf_machine_config c = { .memory = RAM,
		.vcpus = 1,
		.cpu_model = "EPYC-Milan",
		.accel = &engine,
		.rng = true,
		.seeded = true,
		/* No way out of the virtual network. */
		.nic = { { .mac = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 },
			.restricted = true } },
		.nnics = HAVE_SLIRP,
		.debug_exit = true,
		.debug_exit_port = 0x501,
		.debug_exit_size = 2,
		.testdev = true,
		.icount = true,
		.drive = { { .block = &disk.base } },
		.ndrives = 1,
		.flash = { { .block = &chip[0].base },
			{ .block = &chip[1].base, .readonly = true } },
		.nflash = 2 };
	struct cf_machine_result result;
	struct cf_machine *m;

	input = cf_cursor(data, size);
	if (cf_chardev_buffer(NULL, &c.serial[0], NULL) ||
		cf_chardev_buffer(NULL, &c.console, NULL))
		goto done;
	if (cf_machine_create(&c, &m, NULL) == COFFER_OK) {
		if (cf_machine_start_flash(m, NULL) == COFFER_OK &&
			cf_machine_run(m, UINT64_MAX, &result, NULL) !=
				COFFER_OK)
			abort();
		cf_machine_destroy(m);
	}
done:
	cf_chardev_destroy(c.serial[0]);
	cf_chardev_destroy(c.console);
	return 0;
}
