/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI tables.  FADT, FACS, XSDT and RSDP are made here, the DSDT is measured
 * with the shim; only the MADT, which lists the processors, comes from the
 * host, and it is checked before anyone reads it.
 *
 * Source: ACPI specification 6.4, "System Description Tables".
 */
#include "boot.h"

#define HEADER_LEN 36
#define MADT_LEN   44
#define FADT_LEN   244
#define FACS_LEN   64
#define RSDP_LEN   36
#define CHECKSUM   9
#define MADT       (SHIM_TABLES + 0x400) /* the copy */

/* The machine's fixed hardware. */
#define SCI       9
#define PM1_EVENT PM_BASE
#define PM1_CNT   PM1_CONTROL
#define PM_TIMER  (PM_BASE + 8)
#define GPE0      (PM_BASE + 0x20)

static void put(uint8_t *table, unsigned at, uint64_t v, unsigned n)
{
	memcpy(table + at, &v, n);
}

static uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n--)
		s = (uint8_t)(s + *p++);
	return s;
}

static void close(uint8_t *table, size_t n, unsigned at)
{
	table[at] = 0;
	table[at] = (uint8_t)-sum(table, n);
}

static void open(
	uint8_t *table, const char *signature, uint32_t len, uint8_t revision)
{
	memset(table, 0, len);
	memcpy(table, signature, 4);
	put(table, 4, len, 4);
	table[8] = revision;
	memcpy(table + 10, "COFFER", 6);
	memcpy(table + 16, "SHIM    ", 8);
	put(table, 24, 1, 4);
	memcpy(table + 28, "CFFR", 4);
	put(table, 32, 1, 4);
}

/* Length, checksum, and the chain of entries inside the table; types that say
 * how processors and interrupts are wired, nothing else. */
static void check_madt(const uint8_t *t, uint32_t len)
{
	if (memcmp(t, "APIC", 4) || len < MADT_LEN || len > SHIM_MADT_MAX ||
		sum(t, len))
		give_up(REASON_TABLE, "MADT: bad header or checksum");
	for (uint32_t at = MADT_LEN; at < len; at += t[at + 1]) {
		if (len - at < 2 || t[at + 1] < 2 || t[at + 1] > len - at)
			give_up(REASON_TABLE, "MADT: entry past the end");
		switch (t[at]) {
		case 0:  /* local APIC */
		case 1:  /* I/O APIC */
		case 2:  /* interrupt source override */
		case 3:  /* NMI source */
		case 4:  /* local APIC NMI */
		case 9:  /* local x2APIC */
		case 10: /* local x2APIC NMI */
			break;
		default:
			give_up(REASON_TABLE, "MADT: unknown entry type");
		}
	}
}

/* A generic address: system I/O space. */
static void address(uint8_t *table, unsigned at, unsigned bits, uint16_t port)
{
	table[at] = 1;
	table[at + 1] = (uint8_t)bits;
	put(table, at + 4, port, 8);
}

static void make_fadt(uint8_t *t, uintptr_t facs, uintptr_t dsdt)
{
	open(t, "FACP", FADT_LEN, 3);
	put(t, 36, facs, 4);
	put(t, 40, dsdt, 4);
	put(t, 46, SCI, 2);
	put(t, 56, PM1_EVENT, 4);
	put(t, 64, PM1_CNT, 4);
	put(t, 76, PM_TIMER, 4);
	put(t, 80, GPE0, 4);
	t[88] = 4; /* PM1 event length */
	t[89] = 2;
	t[91] = 4;
	t[92] = 16;            /* GPE0 */
	put(t, 96, 0xFFF, 2);  /* no C2 */
	put(t, 98, 0xFFF, 2);  /* no C3 */
	t[108] = 0x32;         /* century in CMOS */
	put(t, 109, 0x3, 2);   /* legacy devices, 8042 */
	put(t, 112, 0x4A5, 4); /* WBINVD, C1, no sleep button, RTC, reset */
	address(t, 116, 8, 0xCF9);
	t[128] = 0x0F;
	put(t, 132, facs, 8);
	put(t, 140, dsdt, 8);
	address(t, 148, 32, PM1_EVENT);
	address(t, 172, 16, PM1_CNT);
	address(t, 208, 32, PM_TIMER);
	address(t, 220, 128, GPE0);
	close(t, FADT_LEN, CHECKSUM);
}

uint32_t acpi_processors(void)
{
	const uint8_t *t = (const uint8_t *)MADT;
	uint32_t len, n = 0;

	memcpy(&len, t + 4, 4);
	for (uint32_t at = MADT_LEN; at < len; at += t[at + 1]) {
		if (t[at] == 0 && t[at + 1] >= 8)
			n += t[at + 4] & 1;
		else if (t[at] == 9 && t[at + 1] >= 16)
			n += t[at + 8] & 1;
	}
	return n;
}

uint64_t acpi_make(void)
{
	uint8_t *base = (uint8_t *)SHIM_TABLES, *facs = base;
	uint8_t *rsdp = base + 0x80, *xsdt = base + 0x100, *fadt = base + 0x200;
	uint8_t *madt = (uint8_t *)MADT;
	uint32_t len = *(volatile uint32_t *)(SHIM_MADT + 4);

	/* The copy is checked and used: the host's page is read once. */
	if (len < HEADER_LEN || len > SHIM_MADT_MAX)
		give_up(REASON_TABLE, "MADT: missing");
	memcpy(madt, (const void *)SHIM_MADT, len);
	put(madt, 4, len, 4);
	check_madt(madt, len);

	memset(facs, 0, FACS_LEN);
	memcpy(facs, "FACS", 4);
	put(facs, 4, FACS_LEN, 4);
	facs[32] = 1; /* version */
	make_fadt(fadt, (uintptr_t)facs, SHIM_DSDT);
	open(xsdt, "XSDT", HEADER_LEN + 16, 1);
	put(xsdt, HEADER_LEN, (uintptr_t)fadt, 8);
	put(xsdt, HEADER_LEN + 8, (uintptr_t)madt, 8);
	close(xsdt, HEADER_LEN + 16, CHECKSUM);
	memset(rsdp, 0, RSDP_LEN);
	memcpy(rsdp, "RSD PTR COFFER", 8);
	memcpy(rsdp + 9, "COFFER", 6);
	rsdp[15] = 2;
	put(rsdp, 20, RSDP_LEN, 4);
	put(rsdp, 24, (uintptr_t)xsdt, 8);
	close(rsdp, 20, 8);
	close(rsdp, RSDP_LEN, 32);
	return (uintptr_t)rsdp;
}
