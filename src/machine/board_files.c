/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What firmware finds in fw_cfg: memory map, ACPI tables, SMBIOS, CPU counts.
 *
 * Source: QEMU, docs/specs "fw_cfg"; OVMF's use of it; SMBIOS 2.8 and 3.0.
 */
#include "machine/machine_priv.h"

#include "base/base.h"

#define E820_RAM      1
#define E820_RESERVED 2

static void e820_entry(
	struct cf_buf *b, uint64_t base, uint64_t len, uint32_t type)
{
	if (!len)
		return;
	cf_buf_le64(b, base);
	cf_buf_le64(b, len);
	cf_buf_le32(b, type);
}

static enum coffer_status add_buf(struct cf_machine *m, const char *name,
	struct cf_buf *b, struct coffer_error *err)
{
	enum coffer_status s = b->failed
		? cf_fail_nomem(err, name)
		: cf_fw_cfg_file(m->fw_cfg, name, b->data, b->len, err);

	cf_buf_finish(b);
	return s;
}

static enum coffer_status add_e820(
	struct cf_machine *m, struct coffer_error *err)
{
	struct cf_buf b = { 0 };

	e820_entry(&b, 0, m->low_ram, E820_RAM);
	e820_entry(&b, CF_4GIB, m->config.memory - m->low_ram, E820_RAM);
	return add_buf(m, "etc/e820", &b, err);
}

/* A structure's strings follow it, each with its NUL, one more NUL ends. */
static void smbios_strings(struct cf_buf *b, const char *const *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cf_buf_append(b, s[i], strlen(s[i]) + 1);
	cf_buf_u8(b, 0);
	if (!n)
		cf_buf_u8(b, 0);
}

static void smbios_header(
	struct cf_buf *b, uint8_t type, uint8_t len, uint16_t handle)
{
	cf_buf_u8(b, type);
	cf_buf_u8(b, len);
	cf_buf_le16(b, handle);
}

static void smbios_structures(struct cf_buf *b)
{
	static const char *const bios[] = { "coffer", "1", "01/01/2026" };
	static const char *const system[] = { "coffer", "q35 PC", "1" };

	smbios_header(b, 0, 24, 0); /* BIOS information */
	cf_buf_u8(b, 1);
	cf_buf_u8(b, 2);
	cf_buf_le16(b, 0xE800);
	cf_buf_u8(b, 3);
	cf_buf_u8(b, 0);
	cf_buf_le64(b, 0x08); /* characteristics: not supported */
	cf_buf_u8(b, 0);
	cf_buf_u8(b, 0x1C); /* virtual machine, UEFI, targeted content */
	cf_buf_le32(b, 0xFFFF0000);
	smbios_strings(b, bios, CF_ARRAY_LEN(bios));

	smbios_header(b, 1, 27, 0x100); /* system information */
	cf_buf_u8(b, 1);
	cf_buf_u8(b, 2);
	cf_buf_u8(b, 3);
	cf_buf_u8(b, 0);
	cf_buf_zeros(b, 16); /* no UUID */
	cf_buf_u8(b, 6);     /* power switch */
	cf_buf_u8(b, 0);
	cf_buf_u8(b, 0);
	smbios_strings(b, system, CF_ARRAY_LEN(system));

	smbios_header(b, 127, 4, 0x7F00); /* end of table */
	smbios_strings(b, NULL, 0);
}

static uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t v = 0;

	while (n--)
		v = (uint8_t)(v + *p++);
	return v;
}

/* The 64-bit entry point; firmware fills the address in. */
static void smbios_anchor(struct cf_buf *b, size_t tables_len)
{
	cf_buf_append(b, "_SM3_", 5);
	cf_buf_u8(b, 0);
	cf_buf_u8(b, 24);
	cf_buf_u8(b, 3);
	cf_buf_u8(b, 0);
	cf_buf_u8(b, 0);
	cf_buf_u8(b, 1);
	cf_buf_u8(b, 0);
	cf_buf_le32(b, (uint32_t)tables_len);
	cf_buf_le64(b, 0);
	if (!b->failed)
		b->data[5] = (uint8_t)-sum(b->data, b->len);
}

static enum coffer_status add_smbios(
	struct cf_machine *m, struct coffer_error *err)
{
	struct cf_buf tables = { 0 }, anchor = { 0 };
	enum coffer_status s;

	smbios_structures(&tables);
	smbios_anchor(&anchor, tables.len);
	s = add_buf(m, "etc/smbios/smbios-tables", &tables, err);
	if (s) {
		cf_buf_finish(&anchor);
		return s;
	}
	return add_buf(m, "etc/smbios/smbios-anchor", &anchor, err);
}

static enum coffer_status add_acpi(
	struct cf_machine *m, struct coffer_error *err)
{
	const struct {
		const char *name;
		const struct cf_buf *b;
	} files[] = {
		{ CF_ACPI_TABLES_FILE, &m->acpi.tables },
		{ CF_ACPI_RSDP_FILE, &m->acpi.rsdp },
		{ CF_ACPI_SCRIPT_FILE, &m->acpi.script },
	};
	enum coffer_status s = COFFER_OK;

	for (size_t i = 0; i < CF_ARRAY_LEN(files) && s == COFFER_OK; i++)
		s = cf_fw_cfg_file(m->fw_cfg, files[i].name, files[i].b->data,
			files[i].b->len, err);
	return s;
}

enum coffer_status cf_board_fill_fw_cfg(
	struct cf_machine *m, struct coffer_error *err)
{
	/* Byte n: bit 7, Sn is supported. */
	static const uint8_t states[6] = { 0x80, 0, 0, 0, 0, 0x80 };
	uint16_t vcpus = (uint16_t)m->config.vcpus;
	enum coffer_status s;

	cf_fw_cfg_u16(m->fw_cfg, CF_FW_CFG_NB_CPUS, vcpus);
	cf_fw_cfg_u16(m->fw_cfg, CF_FW_CFG_MAX_CPUS, vcpus);
	cf_fw_cfg_u16(m->fw_cfg, CF_FW_CFG_BOOT_MENU, 0);
	if ((s = add_e820(m, err)) || (s = add_acpi(m, err)) ||
		(s = add_smbios(m, err)))
		return s;
	return cf_fw_cfg_file(
		m->fw_cfg, "etc/system-states", states, sizeof(states), err);
}
