/* SPDX-License-Identifier: Apache-2.0 */
/* A board with every device around an engine that runs a script, and a stream
 * in memory: for tests of migration. */
#ifndef CF_TESTS_MIGRATE_BOARD_H
#define CF_TESTS_MIGRATE_BOARD_H

#include "base/base.h"
#include "base/state.h"
#include "machine/backend/block.h"
#include "machine/backend/chardev.h"
#include "machine/machine.h"
#include "machine/migrate/migrate.h"
#include "memory/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BOARD_RAM  ((uint64_t)1 << 20)
#define BOARD_DISK (64u * 512)

struct cf_vm {
	const struct cf_accel_host *host;
	struct cf_memory *mem;
	uint64_t registers[4]; /* what stands for a vCPU */
};

/* What the vCPU does when the machine runs. */
static void (*board_script)(struct cf_vm *vm);
static struct cf_vm *board_vm; /* the last that was created */
static bool board_goes_on;     /* after the script; else the machine ends */

static enum coffer_status board_vm_create(const struct cf_vm_config *config,
	struct cf_vm **out, struct coffer_error *e)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return cf_fail_nomem(e, "a VM");
	(*out)->host = config->host;
	(*out)->mem = config->memory;
	board_vm = *out;
	return COFFER_OK;
}

static void board_vm_destroy(struct cf_vm *vm)
{
	free(vm);
}

static enum coffer_status board_set_state(struct cf_vm *vm, unsigned vcpu,
	const struct cf_cpu_state *s, struct coffer_error *e)
{
	return COFFER_OK;
}

static void board_park(struct cf_vm *vm, unsigned vcpu, bool parked)
{
}

static atomic_uint board_kicks;

static void board_kick(struct cf_vm *vm, unsigned vcpu)
{
	atomic_fetch_add(&board_kicks, 1);
}

static void board_nothing(struct cf_vm *vm, unsigned vcpu)
{
}

static void board_sipi(struct cf_vm *vm, unsigned vcpu, uint8_t vector)
{
}

static uint64_t board_instructions(struct cf_vm *vm, unsigned vcpu)
{
	return vm->registers[0];
}

static void board_run(struct cf_vm *vm, unsigned vcpu, uint64_t budget,
	struct cf_stop_info *out)
{
	board_script(vm);
	out->why = board_goes_on ? CF_STOP_KICK : CF_STOP_UNSUPPORTED;
}

static void board_vcpu_state(
	struct cf_vm *vm, unsigned vcpu, struct cf_state *s)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(vm->registers); i++)
		cf_state_u64(s, &vm->registers[i]);
	/* Counts instructions, so that time stands still by itself. */
	cf_state_need(s, vm->registers[0] < (uint64_t)1 << 40, "the count");
}

static const struct cf_accel_ops board_engine = {
	.name = "board",
	.vm_create = board_vm_create,
	.vm_destroy = board_vm_destroy,
	.set_state = board_set_state,
	.park = board_park,
	.run = board_run,
	.kick = board_kick,
	.notify_irq = board_nothing,
	.init = board_nothing,
	.sipi = board_sipi,
	.nmi = board_nothing,
	.instructions = board_instructions,
	.vcpu_state = board_vcpu_state,
};

/* A disk in memory. */
struct board_disk {
	struct cf_block base;
	uint8_t bytes[BOARD_DISK];
	unsigned flushes;
};

static enum coffer_status board_disk_read(struct cf_block *b, uint64_t offset,
	void *out, size_t len, struct coffer_error *e)
{
	memcpy(out, CF_CONTAINER_OF(b, struct board_disk, base)->bytes + offset,
		len);
	return COFFER_OK;
}

static enum coffer_status board_disk_write(struct cf_block *b, uint64_t offset,
	const void *in, size_t len, struct coffer_error *e)
{
	memcpy(CF_CONTAINER_OF(b, struct board_disk, base)->bytes + offset, in,
		len);
	return COFFER_OK;
}

static enum coffer_status board_disk_flush(
	struct cf_block *b, struct coffer_error *e)
{
	CF_CONTAINER_OF(b, struct board_disk, base)->flushes++;
	return COFFER_OK;
}

static const struct cf_block_ops board_disk_ops = {
	.read = board_disk_read,
	.write = board_disk_write,
	.flush = board_disk_flush,
};

struct board {
	struct board_disk disk;
	struct cf_machine_config config;
	struct cf_machine *m;
};

/* Made and loaded, paused, its engine created; false: no memory. */
static bool board_create(struct board *b)
{
	static const uint8_t rom[CF_PAGE_SIZE] = { 0xf4 };

	*b = (struct board) {
		.disk = { .base = { &board_disk_ops, BOARD_DISK } }
	};
	b->config = (struct cf_machine_config) { .memory = BOARD_RAM,
		.vcpus = 1,
		.cpu_model = "EPYC-Milan",
		.accel = &board_engine,
		.rng = true,
		.testdev = true,
		.icount = true,
		.paused = true,
		.drive = { { .block = &b->disk.base } },
		.ndrives = 1 };
	if (cf_chardev_buffer(NULL, &b->config.serial[0], NULL))
		return false;
	return cf_machine_create(&b->config, &b->m, NULL) == COFFER_OK &&
		cf_machine_load_firmware(b->m, rom, sizeof(rom), NULL) ==
		COFFER_OK;
}

static void board_destroy(struct board *b)
{
	cf_machine_destroy(b->m);
	cf_chardev_destroy(b->config.serial[0]);
}

/* --- A stream in memory --- */

struct board_stream {
	struct cf_buf buf;
	size_t at;
};

static enum coffer_status board_stream_write(
	void *opaque, const void *p, size_t n, struct coffer_error *e)
{
	cf_buf_append(&((struct board_stream *)opaque)->buf, p, n);
	return COFFER_OK;
}

static enum coffer_status board_stream_read(
	void *opaque, void *p, size_t n, struct coffer_error *e)
{
	struct board_stream *s = opaque;

	if (n > s->buf.len - s->at)
		return cf_fail(e, COFFER_ERR_TRUNCATED, "the stream ends");
	memcpy(p, s->buf.data + s->at, n);
	s->at += n;
	return COFFER_OK;
}

static struct cf_migrate_channel board_channel(struct board_stream *s)
{
	return (struct cf_migrate_channel) { .opaque = s,
		.write = board_stream_write,
		.read = board_stream_read };
}

#endif
