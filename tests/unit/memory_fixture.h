/* SPDX-License-Identifier: Apache-2.0 */
/* Guest memory of a few regions, and one key. */
#ifndef CF_TEST_MEMORY_FIXTURE_H
#define CF_TEST_MEMORY_FIXTURE_H

#include "test.h"

#include "memory/memory.h"

#define PAGE 4096u
#define RAM  UINT64_C(0x10000)
#define TOP  UINT64_C(0xFFE00000)

static const uint8_t vek[CF_VEK_LEN] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55,
	0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 1, 2, 3, 4,
	5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static struct coffer_error err;

/* RAM of 16 pages, a second region behind it without a gap, one far away. */
static inline struct cf_memory *setup(void)
{
	struct cf_memory *mem;

	assert_ok(cf_memory_create(&mem, &err));
	assert_ok(cf_memory_add(
		mem, RAM + 16 * PAGE, 4 * PAGE, CF_REGION_RAM, "high", &err));
	assert_ok(
		cf_memory_add(mem, RAM, 16 * PAGE, CF_REGION_RAM, "ram", &err));
	assert_ok(cf_memory_add(
		mem, TOP, 2 * PAGE, CF_REGION_ROM, "flash", &err));
	assert_ok(cf_memory_set_key(mem, 1, vek, &err));
	return mem;
}

static inline void pattern(uint8_t *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + seed + (i >> 8));
}

#endif
