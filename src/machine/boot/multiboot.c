/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a multiboot 1 kernel: entered with EBX at the boot information and
 * a magic number in EAX.
 *
 * Source: the Multiboot Specification, version 0.6.96, "Machine state" and
 * "Boot information format".
 */
#include "image/multiboot.h"

#include "base/base.h"
#include "image/cpu_state.h"
#include "machine/boot/load_priv.h"

#include <inttypes.h>

#define INFO        0x10000u
#define MODULE_LIST 0x10100u
#define LOADER_NAME 0x10180u
#define MEMORY_MAP  0x10200u
#define STRINGS     0x12000u /* of the modules; up to CMDLINE */
#define CMDLINE     0x20000u
#define CMDLINE_MAX 0x10000u
#define BOOT_MAGIC  0x2BADB002u
#define LOW_KIB     639u /* up to the extended BIOS data area */

/* The boot information: what of it is there, offsets, sizes. */
enum {
	HAS_MEMORY = 1 << 0,
	HAS_CMDLINE = 1 << 2,
	HAS_MODULES = 1 << 3,
	HAS_MAP = 1 << 6,
	HAS_LOADER_NAME = 1 << 9,
	BI_FLAGS = 0,
	BI_MEM_LOWER = 4,
	BI_MEM_UPPER = 8,
	BI_CMDLINE = 16,
	BI_NMODULES = 20,
	BI_MODULES = 24,
	BI_MAP_LEN = 44,
	BI_MAP = 48,
	BI_LOADER_NAME = 64,
	MODULE_LEN = 16,
	RANGE_LEN = 24, /* with the size field in front, which does not count */
	LEN = MEMORY_MAP - INFO + RANGE_LEN * CF_BOOT_RANGES,
};

static void fill_map(const struct cf_machine *m, uint8_t *b)
{
	struct cf_boot_range map[CF_BOOT_RANGES];
	size_t n = cf_boot_memory_map(m, map);

	cf_store_le32(b + BI_MAP_LEN, (uint32_t)(RANGE_LEN * n));
	cf_store_le32(b + BI_MAP, MEMORY_MAP);
	for (size_t i = 0; i < n; i++) {
		uint8_t *e = b + (MEMORY_MAP - INFO) + RANGE_LEN * i;

		cf_store_le32(e, RANGE_LEN - 4);
		cf_store_le64(e + 4, map[i].base);
		cf_store_le64(e + 12, map[i].len);
		cf_store_le32(e + 20, map[i].type);
	}
}

/* Modules on pages of their own after the kernel, their strings, the list. */
static enum coffer_status place_modules(struct cf_machine *m,
	const struct cf_kernel_config *c, uint64_t from, uint8_t *b,
	struct coffer_error *err)
{
	uint64_t text_at = STRINGS;
	enum coffer_status s = COFFER_OK;

	if (c->nmodules > CF_MAX_MODULES)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"kernel: more than %d modules", CF_MAX_MODULES);
	for (size_t i = 0; i < c->nmodules && s == COFFER_OK; i++) {
		const struct cf_kernel_module *k = &c->module[i];
		uint8_t *e = b + (MODULE_LIST - INFO) + MODULE_LEN * i;
		uint64_t at = 0;

		s = cf_boot_place_module(
			m, k->bytes, k->len, from, false, &at, err);
		if (s == COFFER_OK)
			s = cf_boot_place_cmdline(
				m, k->text, text_at, CMDLINE - text_at, err);
		cf_store_le32(e, (uint32_t)at);
		cf_store_le32(e + 4, (uint32_t)(at + k->len));
		cf_store_le32(e + 8, (uint32_t)text_at);
		text_at += strlen(k->text) + 1;
		if (k->len)
			from = at + k->len;
	}
	return s;
}

static enum coffer_status write_info(struct cf_machine *m,
	const struct cf_kernel_config *c, uint64_t end,
	struct coffer_error *err)
{
	static const char name[] = "coffer";
	uint8_t b[LEN] = { 0 };
	uint32_t flags = HAS_MEMORY | HAS_CMDLINE | HAS_MAP | HAS_LOADER_NAME;
	enum coffer_status s = place_modules(m, c, end, b, err);

	if (s)
		return s;
	cf_store_le32(b + BI_MEM_LOWER, LOW_KIB);
	cf_store_le32(b + BI_MEM_UPPER,
		(uint32_t)((m->low_ram - CF_BOOT_HIGH) / 1024));
	cf_store_le32(b + BI_CMDLINE, CMDLINE);
	if (c->nmodules) {
		flags |= HAS_MODULES;
		cf_store_le32(b + BI_NMODULES, (uint32_t)c->nmodules);
		cf_store_le32(b + BI_MODULES, MODULE_LIST);
	}
	fill_map(m, b);
	memcpy(b + (LOADER_NAME - INFO), name, sizeof(name));
	cf_store_le32(b + BI_LOADER_NAME, LOADER_NAME);
	cf_store_le32(b + BI_FLAGS, flags);
	return cf_guest_write(m->memory, INFO, b, sizeof(b), err);
}

static bool is_loaded(const struct cf_elf *elf, uint64_t addr)
{
	for (size_t i = 0; i < elf->nsegments; i++)
		if (addr >= elf->segment[i].paddr &&
			addr - elf->segment[i].paddr < elf->segment[i].mem_len)
			return true;
	return false;
}

enum coffer_status cf_boot_multiboot(struct cf_machine *m,
	const struct cf_kernel_config *c, struct coffer_error *err)
{
	struct cf_multiboot k;
	struct cf_cpu_state state;
	uint64_t end = 0;
	CF_CLEANUP(cf_buf_finish) struct cf_buf cmdline = { 0 };
	enum coffer_status s =
		cf_multiboot_parse(c->kernel, c->kernel_len, &k, err);

	cf_buf_printf(&cmdline, "%s%s%s", c->name ? c->name : "",
		c->append ? " " : "", c->append ? c->append : "");
	if (!cf_buf_text(&cmdline))
		return cf_fail_nomem(err, "the command line");
	if (s || (s = cf_boot_place_elf(m, &k.elf, &end, err)))
		return s;
	if (!is_loaded(&k.elf, k.elf.entry))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"kernel: multiboot entry point 0x%" PRIx64
			" is outside what it loads",
			k.elf.entry);
	if ((s = cf_boot_place_cmdline(
		     m, cf_buf_text(&cmdline), CMDLINE, CMDLINE_MAX, err)) ||
		(s = write_info(m, c, end, err)))
		return s;
	cf_boot_flat_state(&state, CF_BOOT_CODE32);
	state.rip = k.elf.entry;
	state.gpr[CF_RAX] = BOOT_MAGIC;
	state.gpr[CF_RBX] = INFO;
	return cf_boot_enter(m, CF_BOOT_CODE32, &state, err);
}
