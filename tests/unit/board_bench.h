/* SPDX-License-Identifier: Apache-2.0 */
/* Buses, memory and PCI of a test's own, for the devices that need them. */
#ifndef CF_TEST_BOARD_BENCH_H
#define CF_TEST_BOARD_BENCH_H

#include "test.h"

#include "machine/chips/fw_cfg_priv.h"
#include "machine/machine.h"
#include "machine/pci_priv.h"
#include "memory/memory.h"

static struct coffer_error err;

struct bench {
	struct cf_bus pio, mmio;
	struct cf_clock clock;
	struct cf_memory *mem;
	struct cf_dev_env env;
	enum cf_end end;
};

static inline uint64_t zero_now(void *opaque)
{
	return 0;
}

static inline void bench_end(void *opaque, enum cf_end end, uint32_t code)
{
	((struct bench *)opaque)->end = end;
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
	struct bench *b = *state;

	assert_int_equal(b->pio.nranges, 0);
	assert_int_equal(b->mmio.nranges, 0);
	cf_memory_destroy(b->mem);
	free(b);
	return 0;
}

static inline void out(
	struct bench *b, uint16_t port, unsigned size, uint32_t v)
{
	cf_bus_write(&b->pio, 0, port, size, v);
}

static inline uint32_t in(struct bench *b, uint16_t port, unsigned size)
{
	return (uint32_t)cf_bus_read(&b->pio, 0, port, size);
}

static inline void config_out(
	struct bench *b, unsigned slot, unsigned reg, uint32_t v)
{
	out(b, 0xCF8, 4, 0x80000000u | slot << 11 | (reg & 0xFC));
	out(b, (uint16_t)(0xCFC + (reg & 3)), 4, v);
}

static inline uint32_t config_in(struct bench *b, unsigned slot, unsigned reg)
{
	out(b, 0xCF8, 4, 0x80000000u | slot << 11 | (reg & 0xFC));
	return in(b, (uint16_t)(0xCFC + (reg & 3)), 4);
}

#endif
