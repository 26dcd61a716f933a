/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI tables and the loader script.
 *
 * Sources: ACPI 6.4, chapter 5; QEMU's table-loader format (docs/specs,
 * "etc/table-loader"); IA-PC HPET specification 1.0a, section 3.2.4.
 */
#include "machine/acpi/acpi_priv.h"

#include "base/base.h"
#include "machine/machine.h"
#include "memory/memory.h"

#define HEADER_LEN   36
#define CHECKSUM_OFF 9
#define RECORD_LEN   128
#define FILE_LEN     56

enum { CMD_ALLOCATE = 1, CMD_ADD_POINTER = 2, CMD_ADD_CHECKSUM = 3 };
enum { ZONE_HIGH = 1, ZONE_FSEG = 2 };

/* Where the fixed hardware is; the board maps it there. */
#define PM_BASE  0x600
#define SCI_LINE 9

static size_t begin_table(
	struct cf_buf *b, const char *signature, uint8_t revision)
{
	size_t at;

	cf_buf_zeros(b, (16 - b->len % 16) % 16);
	at = b->len;
	cf_buf_append(b, signature, 4);
	cf_buf_le32(b, 0); /* length */
	cf_buf_u8(b, revision);
	cf_buf_u8(b, 0); /* checksum */
	cf_buf_append(b, "COFFER", 6);
	cf_buf_append(b, "COFFERPC", 8);
	cf_buf_le32(b, 1);
	cf_buf_append(b, "COFR", 4);
	cf_buf_le32(b, 1);
	return at;
}

static void record(struct cf_buf *s, uint32_t command, const char *file)
{
	char name[FILE_LEN] = { 0 };

	memcpy(name, file, strlen(file));
	cf_buf_le32(s, command);
	cf_buf_append(s, name, sizeof(name));
}

static void pad_record(struct cf_buf *s)
{
	cf_buf_zeros(s, (RECORD_LEN - s->len % RECORD_LEN) % RECORD_LEN);
}

static void script_allocate(
	struct cf_buf *s, const char *file, uint32_t align, uint8_t zone)
{
	record(s, CMD_ALLOCATE, file);
	cf_buf_le32(s, align);
	cf_buf_u8(s, zone);
	pad_record(s);
}

/* Add the address of the tables blob to the integer at offset in dest. */
static void script_pointer(
	struct cf_buf *s, const char *dest, size_t offset, uint8_t size)
{
	char name[FILE_LEN] = CF_ACPI_TABLES_FILE;

	record(s, CMD_ADD_POINTER, dest);
	cf_buf_append(s, name, sizeof(name));
	cf_buf_le32(s, (uint32_t)offset);
	cf_buf_u8(s, size);
	pad_record(s);
}

static void script_checksum(struct cf_buf *s, const char *file, size_t result,
	size_t start, size_t len)
{
	record(s, CMD_ADD_CHECKSUM, file);
	cf_buf_le32(s, (uint32_t)result);
	cf_buf_le32(s, (uint32_t)start);
	cf_buf_le32(s, (uint32_t)len);
	pad_record(s);
}

static uint8_t checksum(const uint8_t *p, size_t n)
{
	uint8_t sum = 0;

	while (n--)
		sum = (uint8_t)(sum + *p++);
	return (uint8_t)-sum;
}

/* Set the length; has_pointers: the checksum is the loader's job. */
static void end_table(struct cf_acpi_tables *t, size_t at, bool has_pointers)
{
	struct cf_buf *b = &t->tables;
	size_t len = b->len - at;

	if (b->failed)
		return;
	cf_store_le32(b->data + at + 4, (uint32_t)len);
	if (has_pointers)
		script_checksum(&t->script, CF_ACPI_TABLES_FILE,
			at + CHECKSUM_OFF, at, len);
	else
		b->data[at + CHECKSUM_OFF] = checksum(b->data + at, len);
}

static size_t add_facs(struct cf_buf *b)
{
	size_t at;

	cf_buf_zeros(b, (64 - b->len % 64) % 64);
	at = b->len;
	cf_buf_append(b, "FACS", 4);
	cf_buf_le32(b, 64);
	cf_buf_zeros(b, 24);
	cf_buf_u8(b, 2); /* version */
	cf_buf_zeros(b, 31);
	return at;
}

/* Generic address structure of an I/O register block. */
static void gas(struct cf_buf *b, unsigned port, uint8_t bits, uint8_t access)
{
	cf_buf_u8(b, 1); /* system I/O */
	cf_buf_u8(b, bits);
	cf_buf_u8(b, 0);
	cf_buf_u8(b, access);
	cf_buf_le64(b, port);
}

static void fadt_fixed_part(struct cf_buf *b, size_t facs, size_t dsdt)
{
	cf_buf_le32(b, (uint32_t)facs);
	cf_buf_le32(b, (uint32_t)dsdt);
	cf_buf_u8(b, 1); /* was INT_MODEL */
	cf_buf_u8(b, 0); /* preferred profile: unspecified */
	cf_buf_le16(b, SCI_LINE);
	cf_buf_le32(b, 0); /* SMI_CMD: none, ACPI is on */
	cf_buf_zeros(b, 4);
	cf_buf_le32(b, PM_BASE);     /* PM1a_EVT */
	cf_buf_le32(b, 0);           /* PM1b_EVT */
	cf_buf_le32(b, PM_BASE + 4); /* PM1a_CNT */
	cf_buf_le32(b, 0);
	cf_buf_le32(b, 0);              /* PM2_CNT */
	cf_buf_le32(b, PM_BASE + 8);    /* PM_TMR */
	cf_buf_le32(b, PM_BASE + 0x20); /* GPE0 */
	cf_buf_le32(b, 0);
	cf_buf_u8(b, 4);  /* PM1_EVT_LEN */
	cf_buf_u8(b, 2);  /* PM1_CNT_LEN */
	cf_buf_u8(b, 0);  /* PM2_CNT_LEN */
	cf_buf_u8(b, 4);  /* PM_TMR_LEN */
	cf_buf_u8(b, 16); /* GPE0_BLK_LEN */
	cf_buf_zeros(b, 3);
	cf_buf_le16(b, 0x0FFF); /* P_LVL2_LAT: no C2 */
	cf_buf_le16(b, 0x0FFF);
	cf_buf_zeros(b, 4 + 2);
	cf_buf_zeros(b, 2);     /* day and month alarm: none */
	cf_buf_u8(b, 0x32);     /* CENTURY */
	cf_buf_le16(b, 0x0005); /* IAPC_BOOT_ARCH: ISA devices, no VGA */
	cf_buf_u8(b, 0);
	/* WBINVD, PROC_C1, SLP_BUTTON (control method), RTC_S4 off,
	 * RESET_REG_SUP. */
	cf_buf_le32(b, 0x1 | 0x4 | 0x20 | 0x400);
}

static size_t add_fadt(struct cf_acpi_tables *t, size_t facs, size_t dsdt)
{
	struct cf_buf *b = &t->tables;
	size_t at = begin_table(b, "FACP", 3);

	fadt_fixed_part(b, facs, dsdt);
	gas(b, 0xCF9, 8, 1); /* RESET_REG */
	cf_buf_u8(b, 0x0E);  /* RESET_VALUE */
	cf_buf_zeros(b, 3);
	cf_buf_le64(b, facs);
	cf_buf_le64(b, dsdt);
	gas(b, PM_BASE, 32, 2);
	cf_buf_zeros(b, 12);
	gas(b, PM_BASE + 4, 16, 2);
	cf_buf_zeros(b, 12 + 12);
	gas(b, PM_BASE + 8, 32, 3);
	gas(b, PM_BASE + 0x20, 128, 1);
	cf_buf_zeros(b, 12);
	script_pointer(&t->script, CF_ACPI_TABLES_FILE, at + 36, 4);
	script_pointer(&t->script, CF_ACPI_TABLES_FILE, at + 40, 4);
	script_pointer(&t->script, CF_ACPI_TABLES_FILE, at + 132, 8);
	script_pointer(&t->script, CF_ACPI_TABLES_FILE, at + 140, 8);
	end_table(t, at, true);
	return at;
}

static void madt_override(
	struct cf_buf *b, uint8_t isa, uint32_t gsi, uint16_t flags)
{
	cf_buf_u8(b, 2);
	cf_buf_u8(b, 10);
	cf_buf_u8(b, 0);
	cf_buf_u8(b, isa);
	cf_buf_le32(b, gsi);
	cf_buf_le16(b, flags);
}

static size_t add_madt(struct cf_acpi_tables *t, unsigned vcpus)
{
	struct cf_buf *b = &t->tables;
	size_t at = begin_table(b, "APIC", 3);

	cf_buf_le32(b, 0xFEE00000);
	cf_buf_le32(b, 1); /* there are 8259s */
	for (unsigned i = 0; i < vcpus; i++) {
		cf_buf_u8(b, 0);
		cf_buf_u8(b, 8);
		cf_buf_u8(b, (uint8_t)i);
		cf_buf_u8(b, (uint8_t)i);
		cf_buf_le32(b, 1); /* enabled */
	}
	cf_buf_u8(b, 1); /* I/O APIC */
	cf_buf_u8(b, 12);
	cf_buf_u8(b, 0);
	cf_buf_u8(b, 0);
	cf_buf_le32(b, 0xFEC00000);
	cf_buf_le32(b, 0);
	madt_override(b, 0, 2, 0);
	madt_override(b, SCI_LINE, SCI_LINE, 0x0D); /* level, active high */
	cf_buf_u8(b, 4);                            /* LINT1 is NMI on all */
	cf_buf_u8(b, 6);
	cf_buf_u8(b, 0xFF);
	cf_buf_le16(b, 0);
	cf_buf_u8(b, 1);
	end_table(t, at, false);
	t->madt = at;
	t->madt_len = b->len - at;
	return at;
}

static size_t add_mcfg(struct cf_acpi_tables *t, const struct cf_acpi_params *p)
{
	struct cf_buf *b = &t->tables;
	size_t at = begin_table(b, "MCFG", 1);

	cf_buf_zeros(b, 8);
	cf_buf_le64(b, p->ecam_base);
	cf_buf_le16(b, 0);
	cf_buf_u8(b, 0);
	cf_buf_u8(b, (uint8_t)((p->ecam_len >> 20) - 1));
	cf_buf_le32(b, 0);
	end_table(t, at, false);
	return at;
}

static size_t add_hpet(struct cf_acpi_tables *t)
{
	struct cf_buf *b = &t->tables;
	size_t at = begin_table(b, "HPET", 1);

	cf_buf_le32(b, 0x8086A201);
	cf_buf_u8(b, 0); /* system memory */
	cf_buf_zeros(b, 3);
	cf_buf_le64(b, 0xFED00000);
	cf_buf_zeros(b, 4);
	end_table(t, at, false);
	return at;
}

static void add_xsdt(
	struct cf_acpi_tables *t, const size_t *entry, size_t n, size_t *out)
{
	struct cf_buf *b = &t->tables;
	size_t at = begin_table(b, "XSDT", 1);

	for (size_t i = 0; i < n; i++) {
		script_pointer(&t->script, CF_ACPI_TABLES_FILE, b->len, 8);
		cf_buf_le64(b, entry[i]);
	}
	end_table(t, at, true);
	*out = at;
}

static void add_rsdp(struct cf_acpi_tables *t, size_t xsdt)
{
	struct cf_buf *b = &t->rsdp;

	cf_buf_append(b, "RSD PTR ", 8);
	cf_buf_u8(b, 0);
	cf_buf_append(b, "COFFER", 6);
	cf_buf_u8(b, 2);
	cf_buf_le32(b, 0);
	cf_buf_le32(b, 36);
	cf_buf_le64(b, xsdt);
	cf_buf_u8(b, 0);
	cf_buf_zeros(b, 3);
	script_pointer(&t->script, CF_ACPI_RSDP_FILE, 24, 8);
	script_checksum(&t->script, CF_ACPI_RSDP_FILE, 8, 0, 20);
	script_checksum(&t->script, CF_ACPI_RSDP_FILE, 32, 0, 36);
}

enum coffer_status cf_acpi_build(const struct cf_acpi_params *params,
	struct cf_acpi_tables *out, struct coffer_error *err)
{
	struct cf_acpi_tables t = { 0 };
	size_t facs, dsdt, entry[4], xsdt;

	script_allocate(&t.script, CF_ACPI_RSDP_FILE, 16, ZONE_FSEG);
	script_allocate(&t.script, CF_ACPI_TABLES_FILE, 64, ZONE_HIGH);
	facs = add_facs(&t.tables);
	dsdt = begin_table(&t.tables, "DSDT", 2);
	cf_acpi_dsdt(params, &t.tables);
	end_table(&t, dsdt, false);
	entry[0] = add_fadt(&t, facs, dsdt);
	entry[1] = add_madt(&t, params->vcpus);
	entry[2] = add_mcfg(&t, params);
	entry[3] = add_hpet(&t);
	add_xsdt(&t, entry, CF_ARRAY_LEN(entry), &xsdt);
	add_rsdp(&t, xsdt);
	*out = t;
	if (t.tables.failed || t.rsdp.failed || t.script.failed) {
		cf_acpi_finish(out);
		return cf_fail_nomem(err, "the ACPI tables");
	}
	return COFFER_OK;
}

enum coffer_status cf_machine_dsdt(struct cf_buf *out, struct coffer_error *err)
{
	const struct cf_acpi_params params = { .ecam_base = CF_ACPI_ECAM_BASE,
		.ecam_len = CF_ACPI_ECAM_LEN };
	struct cf_acpi_tables t = { 0 };
	size_t at = begin_table(&t.tables, "DSDT", 2);

	cf_acpi_dsdt(&params, &t.tables);
	end_table(&t, at, false);
	if (t.tables.failed)
		cf_fail_nomem(err, "the DSDT");
	else
		*out = t.tables;
	return t.tables.failed ? err->status : COFFER_OK;
}

void cf_acpi_finish(struct cf_acpi_tables *t)
{
	cf_buf_finish(&t->tables);
	cf_buf_finish(&t->rsdp);
	cf_buf_finish(&t->script);
}

/* Our own script, so its offsets are right. */
static void run_record(
	struct cf_acpi_tables *t, const uint8_t *r, uint64_t tables_gpa)
{
	bool rsdp = strcmp((const char *)r + 4, CF_ACPI_RSDP_FILE) == 0;
	uint8_t *file = rsdp ? t->rsdp.data : t->tables.data;
	const uint8_t *args = r + 4 + FILE_LEN;

	switch (cf_load_le32(r)) {
	case CMD_ADD_POINTER: {
		uint8_t *at = file + cf_load_le32(args + FILE_LEN);

		if (args[FILE_LEN + 4] == 8)
			cf_store_le64(at, cf_load_le64(at) + tables_gpa);
		else
			cf_store_le32(
				at, cf_load_le32(at) + (uint32_t)tables_gpa);
		break;
	}
	case CMD_ADD_CHECKSUM: {
		uint8_t *at = file + cf_load_le32(args);

		*at = 0;
		*at = checksum(
			file + cf_load_le32(args + 4), cf_load_le32(args + 8));
		break;
	}
	}
}

enum coffer_status cf_acpi_place(struct cf_acpi_tables *t,
	struct cf_memory *mem, uint64_t tables_gpa, uint64_t rsdp_gpa,
	struct coffer_error *err)
{
	enum coffer_status s;

	for (size_t i = 0; i + RECORD_LEN <= t->script.len; i += RECORD_LEN)
		run_record(t, t->script.data + i, tables_gpa);
	s = cf_guest_write(mem, tables_gpa, t->tables.data, t->tables.len, err);
	if (s == COFFER_OK)
		s = cf_guest_write(
			mem, rsdp_gpa, t->rsdp.data, t->rsdp.len, err);
	return s;
}
