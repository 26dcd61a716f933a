/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that exist for debugging and testing: the debug console,
 * isa-debug-exit and pc-testdev.
 *
 * Source: QEMU, hw/char/debugcon and docs on isa-debug-exit (behaviour).
 */
#include "base/base.h"
#include "base/state.h"
#include "machine/backend/chardev.h"
#include "machine/devices_priv.h"

#define DEBUGCON_MAGIC 0xE9
#define ECHO_PORT      0xE0
#define LINES_PORT     0x2000
#define FLUSH_PORT     0xE4
#define RAM_BASE       0xFF000000u
#define RAM_LEN        0x10000u

struct cf_debugcon {
	struct cf_bus *pio;
	struct cf_chardev *chardev;
	uint16_t port;
};

static uint64_t debugcon_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	return DEBUGCON_MAGIC;
}

static void debugcon_write(void *dev, unsigned vcpu, uint64_t offset,
	unsigned size, uint64_t value)
{
	const struct cf_debugcon *d = dev;
	uint8_t byte = (uint8_t)value;

	cf_chardev_write(d->chardev, &byte, 1);
}

static const struct cf_io_ops debugcon_ops = {
	.read = debugcon_read,
	.write = debugcon_write,
	.unit = 1,
};

enum coffer_status cf_debugcon_create(const struct cf_dev_env *env,
	uint16_t port, struct cf_chardev *chardev, struct cf_debugcon **out,
	struct coffer_error *err)
{
	struct cf_debugcon *d = cf_alloc_array(1, sizeof(*d));
	struct cf_io_range range = { port, 1, &debugcon_ops, d,
		"debug console" };
	enum coffer_status s;

	if (!d)
		return cf_fail_nomem(err, "the debug console");
	*d = (struct cf_debugcon) { env->pio, chardev, port };
	s = cf_bus_add(env->pio, &range, err);
	if (s)
		free(d);
	else
		*out = d;
	return s;
}

void cf_debugcon_destroy(struct cf_debugcon *d)
{
	if (d)
		cf_bus_remove(d->pio, d->port, d);
	free(d);
}

struct cf_debug_exit {
	struct cf_dev_env env;
	uint16_t port;
};

static uint64_t exit_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	return 0;
}

static void exit_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	const struct cf_debug_exit *d = dev;

	d->env.end(
		d->env.opaque, CF_END_DEBUG_EXIT, (uint32_t)(value << 1 | 1));
}

static const struct cf_io_ops exit_ops = {
	.read = exit_read,
	.write = exit_write,
	.unit = 4,
};

enum coffer_status cf_debug_exit_create(const struct cf_dev_env *env,
	uint16_t port, uint16_t len, struct cf_debug_exit **out,
	struct coffer_error *err)
{
	struct cf_debug_exit *d = cf_alloc_array(1, sizeof(*d));
	struct cf_io_range range = { port, len, &exit_ops, d,
		"isa-debug-exit" };
	enum coffer_status s;

	if (!d)
		return cf_fail_nomem(err, "isa-debug-exit");
	*d = (struct cf_debug_exit) { .env = *env, .port = port };
	s = cf_bus_add(env->pio, &range, err);
	if (s)
		free(d);
	else
		*out = d;
	return s;
}

void cf_debug_exit_destroy(struct cf_debug_exit *d)
{
	if (d)
		cf_bus_remove(d->env.pio, d->port, d);
	free(d);
}

struct cf_testdev {
	struct cf_bus *pio, *mmio;
	struct cf_irq line[24];
	uint8_t echo[4];
	uint8_t ram[RAM_LEN];
};

static uint64_t echo_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	const struct cf_testdev *d = dev;
	uint64_t v = 0;

	memcpy(&v, d->echo, size);
	return v;
}

static void echo_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	struct cf_testdev *d = dev;

	memcpy(d->echo, &value, size);
}

/* Bytes behind a device: every access to them leaves the vCPU. */
static uint64_t ram_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	const struct cf_testdev *d = dev;
	uint64_t v = 0;

	if (cf_range_ok(offset, size, sizeof(d->ram)))
		memcpy(&v, d->ram + offset, size);
	return v;
}

static void ram_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	struct cf_testdev *d = dev;

	if (cf_range_ok(offset, size, sizeof(d->ram)))
		memcpy(d->ram + offset, &value, size);
}

/* Asks that a page's mapping be made anew, which changes nothing here. */
static void flush_write(void *dev, unsigned vcpu, uint64_t offset,
	unsigned size, uint64_t value)
{
}

static void lines_write(void *dev, unsigned vcpu, uint64_t offset,
	unsigned size, uint64_t value)
{
	const struct cf_testdev *d = dev;

	cf_irq_set(&d->line[offset], value != 0);
}

/* Each access starts at 0xE0 again, whatever its size. */
static const struct cf_io_ops echo_ops = {
	.read = echo_read,
	.write = echo_write,
	.unit = 4,
};
static const struct cf_io_ops ram_ops = {
	.read = ram_read,
	.write = ram_write,
	.unit = 8,
};
static const struct cf_io_ops flush_ops = {
	.write = flush_write,
	.unit = 4,
};
static const struct cf_io_ops lines_ops = {
	.write = lines_write,
	.unit = 1,
};

enum coffer_status cf_testdev_create(const struct cf_dev_env *env,
	const struct cf_irq lines[24], struct cf_testdev **out,
	struct coffer_error *err)
{
	struct cf_testdev *d = cf_alloc_array(1, sizeof(*d));
	struct cf_io_range echo = { ECHO_PORT, 4, &echo_ops, d, "pc-testdev" };
	struct cf_io_range line = { LINES_PORT, 24, &lines_ops, d,
		"pc-testdev lines" };
	struct cf_io_range flush = { FLUSH_PORT, 4, &flush_ops, d,
		"pc-testdev flush" };
	struct cf_io_range ram = { RAM_BASE, RAM_LEN, &ram_ops, d,
		"pc-testdev memory" };
	enum coffer_status s;

	if (!d)
		return cf_fail_nomem(err, "pc-testdev");
	d->pio = env->pio;
	d->mmio = env->mmio;
	memcpy(d->line, lines, sizeof(d->line));
	s = cf_bus_add(env->pio, &echo, err);
	if (s == COFFER_OK)
		s = cf_bus_add(env->pio, &line, err);
	if (s == COFFER_OK)
		s = cf_bus_add(env->pio, &flush, err);
	if (s == COFFER_OK)
		s = cf_bus_add(env->mmio, &ram, err);
	if (s)
		cf_testdev_destroy(d);
	else
		*out = d;
	return s;
}

void cf_testdev_destroy(struct cf_testdev *d)
{
	if (d) {
		cf_bus_remove(d->pio, ECHO_PORT, d);
		cf_bus_remove(d->pio, LINES_PORT, d);
		cf_bus_remove(d->pio, FLUSH_PORT, d);
		cf_bus_remove(d->mmio, RAM_BASE, d);
	}
	free(d);
}

void cf_testdev_state(struct cf_testdev *d, struct cf_state *s)
{
	cf_state_bytes(s, d->echo, sizeof(d->echo));
	cf_state_bytes(s, d->ram, sizeof(d->ram));
}
