/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret: for the initial RAM disk of a SEV or SEV-ES guest without firmware.
 * Prints the first entry of the secret that the owner injected, from the page
 * that the boot shim keeps for it (SHIM_SECRET), and wipes the page.
 *
 * Source: Linux, drivers/virt/coco/efi_secret: the table of GUIDs.
 */
#include "layout.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE         4096u
#define GUID_LEN     16u
#define TABLE_HEADER 20u /* GUID and length, as an entry has them */

/* 1e74f542-71dd-4d66-963e-ef4287ff173b */
static const uint8_t table_guid[GUID_LEN] = { 0x42, 0xF5, 0x74, 0x1E, 0xDD,
	0x71, 0x66, 0x4D, 0x96, 0x3E, 0xEF, 0x42, 0x87, 0xFF, 0x17, 0x3B };

static uint32_t le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static int fail(const char *what)
{
	fprintf(stderr, "secret: %s\n", what);
	return 1;
}

/* The table is the owner's, but what was injected may be anything. */
static int print_first(const uint8_t *page)
{
	uint32_t table, len;

	if (memcmp(page, table_guid, GUID_LEN))
		return fail("no secret was injected");
	table = le32(page + GUID_LEN);
	if (table < 2 * TABLE_HEADER || table > PAGE)
		return fail("the table has no entry");
	len = le32(page + TABLE_HEADER + GUID_LEN);
	if (len < TABLE_HEADER || len > table - TABLE_HEADER)
		return fail("the entry is longer than the table");
	len -= TABLE_HEADER;
	return fwrite(page + 2 * TABLE_HEADER, 1, len, stdout) != len;
}

int main(void)
{
	int mem = open("/dev/mem", O_RDWR);
	uint8_t *page;
	int status;

	if (mem < 0)
		return fail("/dev/mem");
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, mem,
		SHIM_SECRET);
	if (page == MAP_FAILED)
		return fail("cannot map the page");
	status = print_first(page);
	memset(page, 0, PAGE);
	return status;
}
