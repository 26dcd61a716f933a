/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entering a kernel without firmware: what its loaders have in common, and
 * the board as firmware would have left it.
 */
#include "base/base.h"
#include "image/cpu_state.h"
#include "machine/boot/load_priv.h"

#include <inttypes.h>

#define EBDA        0x9FC00u
#define ACPI_TABLES 0xE1000u
#define ECAM_BASE   0xB0000000u
#define ECAM_LEN    0x10000000u

size_t cf_boot_memory_map(
	const struct cf_machine *m, struct cf_boot_range out[CF_BOOT_RANGES])
{
	const struct cf_boot_range all[CF_BOOT_RANGES] = {
		{ 0, EBDA, 1 },
		{ EBDA, 0xA0000 - EBDA, 2 },
		{ CF_BOOT_RSDP, CF_BOOT_HIGH - CF_BOOT_RSDP, 2 },
		{ CF_BOOT_HIGH,
			m->low_ram > CF_BOOT_HIGH ? m->low_ram - CF_BOOT_HIGH
						  : 0,
			1 },
		{ ECAM_BASE, ECAM_LEN, 2 },
		{ CF_4GIB, m->config.memory - m->low_ram, 1 },
	};
	size_t n = 0;

	for (size_t i = 0; i < CF_BOOT_RANGES; i++)
		if (all[i].len)
			out[n++] = all[i];
	return n;
}

void cf_boot_flat_state(struct cf_cpu_state *s, uint64_t code)
{
	uint16_t attrib = code == CF_BOOT_CODE64 ? 0xA9B : 0xC9B;

	cf_cpu_state_reset(s, 0x00A00F11);
	for (int i = 0; i < CF_NSEGS; i++)
		s->seg[i] = (struct cf_segment) { 0x18, 0xC93, 0xFFFFFFFF, 0 };
	s->seg[CF_SEG_CS] = (struct cf_segment) { 0x10, attrib, 0xFFFFFFFF, 0 };
	s->gdtr = (struct cf_segment) { .limit = 31, .base = CF_BOOT_GDT };
	s->idtr = (struct cf_segment) { 0 };
	s->cr0 = 0x11; /* ET, PE */
	s->rflags = 2;
	memset(s->gpr, 0, sizeof(s->gpr));
}

static enum coffer_status write_gdt(
	struct cf_machine *m, uint64_t code, struct coffer_error *err)
{
	uint8_t gdt[32] = { 0 };

	cf_store_le64(gdt + 0x10, code);
	cf_store_le64(gdt + 0x18, 0x00CF93000000FFFF);
	return cf_guest_write(m->memory, CF_BOOT_GDT, gdt, sizeof(gdt), err);
}

/* What firmware would have done to the board. */
static enum coffer_status prepare_board(
	struct cf_machine *m, struct coffer_error *err)
{
	enum coffer_status s = cf_q35_preset(m->q35, err);

	if (s)
		return s;
	cf_pci_assign(m->pci);
	cf_acpi_pm_enable(m->pm);
	if (m->acpi.tables.len > CF_BOOT_HIGH - ACPI_TABLES)
		return cf_fail(err, COFFER_ERR_INTERNAL,
			"machine: the ACPI tables do not fit");
	return cf_acpi_place(
		&m->acpi, m->memory, ACPI_TABLES, CF_BOOT_RSDP, err);
}

enum coffer_status cf_boot_enter(struct cf_machine *m, uint64_t code,
	const struct cf_cpu_state *state, struct coffer_error *err)
{
	enum coffer_status s;

	if ((s = write_gdt(m, code, err)) || (s = prepare_board(m, err)) ||
		(s = cf_machine_create_vm(m, NULL, 0, err)))
		return s;
	s = m->accel->set_state(m->vm, 0, state, err);
	for (unsigned i = 1; i < m->config.vcpus && s == COFFER_OK; i++) {
		s = cf_machine_set_reset_state(m, i, err);
		m->accel->park(m->vm, i, true);
	}
	return s;
}

static bool is_low(const struct cf_elf_segment *g)
{
	return g->paddr >= CF_PAGE_SIZE && g->paddr < CF_BOOT_LOW &&
		g->mem_len <= CF_BOOT_LOW - g->paddr;
}

enum coffer_status cf_boot_place_elf(struct cf_machine *m,
	const struct cf_elf *elf, uint64_t *end, struct coffer_error *err)
{
	enum coffer_status s = COFFER_OK;

	*end = CF_BOOT_HIGH;
	for (size_t i = 0; i < elf->nsegments && s == COFFER_OK; i++) {
		const struct cf_elf_segment *g = &elf->segment[i];

		if (g->paddr < CF_BOOT_HIGH && !is_low(g))
			return cf_fail(err, COFFER_ERR_UNSUPPORTED,
				"kernel: segment of 0x%" PRIx64
				" bytes at 0x%" PRIx64
				", must be between 4 and 64 KiB or at or above "
				"1 MiB",
				g->mem_len, g->paddr);
		if (!cf_range_ok(g->paddr, g->mem_len, m->low_ram))
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"kernel: needs 0x%" PRIx64
				" bytes from 0x%" PRIx64
				", RAM ends at 0x%" PRIx64
				"; give more with -m",
				g->mem_len, g->paddr, m->low_ram);
		if (g->paddr + g->mem_len > *end)
			*end = g->paddr + g->mem_len;
		if (g->len)
			s = cf_guest_write(
				m->memory, g->paddr, g->bytes, g->len, err);
	}
	return s;
}

enum coffer_status cf_boot_place_module(struct cf_machine *m,
	const uint8_t *bytes, size_t len, uint64_t from, bool high,
	uint64_t *at, struct coffer_error *err)
{
	uint64_t first = cf_align_up(from, CF_PAGE_SIZE);

	*at = 0;
	if (!len)
		return COFFER_OK;
	if (!cf_range_ok(first, len, m->low_ram))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"initrd: %zu bytes do not fit above the kernel; give "
			"more with -m",
			len);
	*at = high ? cf_align_down(m->low_ram - len, CF_PAGE_SIZE) : first;
	return cf_guest_write(m->memory, *at, bytes, len, err);
}

enum coffer_status cf_boot_place_cmdline(struct cf_machine *m, const char *text,
	uint64_t at, size_t max, struct coffer_error *err)
{
	size_t len = strlen(text);

	if (len >= max)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"kernel: the command line has %zu bytes, it takes %zu",
			len, max ? max - 1 : 0);
	return cf_guest_write(m->memory, at, text, len + 1, err);
}
