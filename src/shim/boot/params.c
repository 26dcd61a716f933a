/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel is told: boot_params.  build.c has put the kernel's setup
 * header there, measured; the shim adds what depends on the machine.
 *
 * Source: Linux, Documentation/arch/x86/{boot,zero-page}.rst.
 */
#include "boot.h"

#define ACPI_RSDP    0x070
#define E820_COUNT   0x1E8
#define SETUP_DATA   0x250
#define E820_TABLE   0x2D0
#define E820_MAX     128
#define E820_RAM     1u
#define E820_KEPT    2u
#define E820_ACPI    3u
#define SETUP_CC     7u
#define CC_MAGIC     0x45444D41u
#define LEGACY_START 0x9F000u
#define LEGACY_END   0x100000u

static uint8_t *const zero_page = (uint8_t *)SHIM_ZERO_PAGE;

/* In the last page of the tables, which nothing else uses. */
struct cc_blob {
	uint64_t next;
	uint32_t type, len;
	uint32_t blob; /* address of what follows */
	uint32_t pad;
	uint32_t magic;
	uint16_t version, reserved;
	uint64_t secrets;
	uint32_t secrets_len, reserved1;
	uint64_t cpuid;
	uint32_t cpuid_len, reserved2;
};

static void add(uint64_t start, uint64_t end, uint32_t type)
{
	uint8_t n = zero_page[E820_COUNT];
	uint64_t len = end - start;
	uint8_t *at = zero_page + E820_TABLE + 20 * n;

	if (start >= end)
		return;
	if (n == E820_MAX)
		give_up(REASON_MEMORY, "memory map: more than 128 entries");
	memcpy(at, &start, 8);
	memcpy(at + 8, &len, 8);
	memcpy(at + 16, &type, 4);
	zero_page[E820_COUNT] = (uint8_t)(n + 1);
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t higher(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* RAM without the legacy hole, and with the shim's own MiB set aside. */
static void add_ram(uint64_t start, uint64_t end)
{
	add(start, lower(end, LEGACY_START), E820_RAM);
	add(higher(start, SHIM_BASE), lower(end, SHIM_SECRET), E820_ACPI);
	/* Kept by nobody, so that user space may map it. */
	add(higher(start, SHIM_SECRET), lower(end, SHIM_SECRET_END), E820_KEPT);
	add(higher(start, SHIM_SECRET_END), lower(end, SHIM_RESERVED),
		E820_ACPI);
	add(higher(start, SHIM_RESERVED), end, E820_RAM);
}

void boot_params_fill(const struct memory *m, uint64_t rsdp, bool snp)
{
	static struct cc_blob cc;
	uint64_t at = (uintptr_t)&cc;

	for (uint32_t i = 0; i < m->n; i++) {
		const struct range *r = &m->range[i];

		if (r->ram)
			add_ram(r->start, r->end);
		else
			add(r->start, r->end, E820_KEPT);
	}
	memcpy(zero_page + ACPI_RSDP, &rsdp, 8);
	if (!snp)
		return;
	cc = (struct cc_blob) { .type = SETUP_CC,
		.len = sizeof(cc) - 16,
		.blob = (uint32_t)(uintptr_t)&cc.magic,
		.magic = CC_MAGIC,
		.secrets = SHIM_SECRETS,
		.secrets_len = PAGE,
		.cpuid = SHIM_CPUID,
		.cpuid_len = PAGE };
	memcpy(zero_page + SETUP_DATA, &at, 8);
}
