/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a PVH kernel: an ELF file that names a 32-bit entry point in a
 * note, entered with EBX at the start info.
 *
 * Source: Xen, public headers hvm/start_info.h (version 1) and elfnote.h;
 * docs/misc/pvh.
 */
#include "base/base.h"
#include "image/cpu_state.h"
#include "machine/boot/load_priv.h"

#include <inttypes.h>

#define START_INFO  0x10000u
#define MODULE_LIST 0x10100u
#define MEMORY_MAP  0x10200u
#define CMDLINE     0x20000u
#define CMDLINE_MAX 0x10000u
#define MAGIC       0x336EC578u
#define VERSION     1u

/* The start info: offsets and sizes of its parts. */
enum {
	SI_MAGIC = 0,
	SI_VERSION = 4,
	SI_NMODULES = 12,
	SI_MODULES = 16,
	SI_CMDLINE = 24,
	SI_RSDP = 32,
	SI_MAP = 40,
	SI_NMAP = 48,
	RANGE_LEN = 24,
	LEN = MEMORY_MAP - START_INFO + RANGE_LEN * CF_BOOT_RANGES,
};

static enum coffer_status write_start_info(struct cf_machine *m,
	const struct cf_kernel_config *c, uint64_t module,
	struct coffer_error *err)
{
	uint8_t b[LEN] = { 0 };
	struct cf_boot_range map[CF_BOOT_RANGES];
	size_t n = cf_boot_memory_map(m, map);

	cf_store_le32(b + SI_MAGIC, MAGIC);
	cf_store_le32(b + SI_VERSION, VERSION);
	if (module) {
		uint8_t *e = b + (MODULE_LIST - START_INFO);

		cf_store_le32(b + SI_NMODULES, 1);
		cf_store_le64(b + SI_MODULES, MODULE_LIST);
		cf_store_le64(e, module);
		cf_store_le64(e + 8, c->initrd_len);
	}
	cf_store_le64(b + SI_CMDLINE, CMDLINE);
	cf_store_le64(b + SI_RSDP, CF_BOOT_RSDP);
	cf_store_le64(b + SI_MAP, MEMORY_MAP);
	cf_store_le32(b + SI_NMAP, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		uint8_t *e = b + (MEMORY_MAP - START_INFO) + RANGE_LEN * i;

		cf_store_le64(e, map[i].base);
		cf_store_le64(e + 8, map[i].len);
		cf_store_le32(e + 16, map[i].type);
	}
	return cf_guest_write(m->memory, START_INFO, b, sizeof(b), err);
}

enum coffer_status cf_boot_pvh(struct cf_machine *m,
	const struct cf_kernel_config *c, struct coffer_error *err)
{
	struct cf_elf elf;
	struct cf_cpu_state state;
	uint64_t end = 0, module = 0;
	enum coffer_status s =
		cf_elf_parse(c->kernel, c->kernel_len, &elf, err);

	if (s)
		return s;
	if (!elf.has_pvh_entry)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"kernel: an ELF file with neither a PVH entry point "
			"(Xen note 18) nor a multiboot header, and no bzImage");
	if ((s = cf_boot_place_elf(m, &elf, &end, err)))
		return s;
	if (elf.pvh_entry < CF_BOOT_HIGH || elf.pvh_entry >= end)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"kernel: PVH entry point 0x%" PRIx64
			" is outside its segments",
			elf.pvh_entry);
	if ((s = cf_boot_place_module(
		     m, c->initrd, c->initrd_len, end, true, &module, err)) ||
		(s = cf_boot_place_cmdline(m, c->append ? c->append : "",
			 CMDLINE, CMDLINE_MAX, err)) ||
		(s = write_start_info(m, c, module, err)))
		return s;
	cf_boot_flat_state(&state, CF_BOOT_CODE32);
	state.rip = elf.pvh_entry;
	state.gpr[CF_RBX] = START_INFO;
	return cf_boot_enter(m, CF_BOOT_CODE32, &state, err);
}
