/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that the loaders share. */
#ifndef CF_MACHINE_LOAD_PRIV_H
#define CF_MACHINE_LOAD_PRIV_H

#include "image/elf.h"
#include "machine/machine_priv.h"

#define FLASH_LOWEST 0xFF000000u

/* launch NULL: a plain guest. */
enum coffer_status cf_machine_create_vm(struct cf_machine *m,
	const struct cf_machine_launch *launch, uint64_t sev_features,
	struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_machine_set_reset_state(struct cf_machine *m,
	unsigned vcpu, struct coffer_error *err) CF_MUST_CHECK;

/*
 * direct.c: what every kernel finds that is entered without firmware.  Loaders
 * use what is between CF_BOOT_LOW and CF_BOOT_HIGH for their own structures.
 */
#define CF_BOOT_LOW    0x10000u /* below: the kernel's, but for a page */
#define CF_BOOT_HIGH   0x100000u
#define CF_BOOT_RSDP   0xE0000u
#define CF_BOOT_GDT    0x11000u
#define CF_BOOT_RANGES 6

/* Descriptor 0x10, code; 0x18 is data. */
#define CF_BOOT_CODE32 0x00CF9B000000FFFFu
#define CF_BOOT_CODE64 0x00AF9B000000FFFFu

struct cf_boot_range {
	uint64_t base, len;
	uint32_t type; /* E820: 1 RAM, 2 reserved */
};
/* Returns how many of out are used. */
size_t cf_boot_memory_map(
	const struct cf_machine *m, struct cf_boot_range out[CF_BOOT_RANGES]);

/* Protected mode without paging, flat segments, all registers zero. */
void cf_boot_flat_state(struct cf_cpu_state *s, uint64_t code);

/* Last step: the board as firmware leaves it, descriptors, the VM, and its
 * first vCPU in this state; the others wait for a start-up IPI. */
enum coffer_status cf_boot_enter(struct cf_machine *m, uint64_t code,
	const struct cf_cpu_state *state,
	struct coffer_error *err) CF_MUST_CHECK;

/* Segments into RAM below CF_BOOT_LOW or from CF_BOOT_HIGH on; *end: the first
 * byte after the latter. */
enum coffer_status cf_boot_place_elf(struct cf_machine *m,
	const struct cf_elf *elf, uint64_t *end,
	struct coffer_error *err) CF_MUST_CHECK;
/* An initrd or module in whole pages that start at or after `from`, at the end
 * of low RAM when `high`; *at is 0 when it is empty. */
enum coffer_status cf_boot_place_module(struct cf_machine *m,
	const uint8_t *bytes, size_t len, uint64_t from, bool high,
	uint64_t *at, struct coffer_error *err) CF_MUST_CHECK;
/* The command line with its NUL. */
enum coffer_status cf_boot_place_cmdline(struct cf_machine *m, const char *text,
	uint64_t at, size_t max, struct coffer_error *err) CF_MUST_CHECK;

/* pvh.c, multiboot.c */
enum coffer_status cf_boot_pvh(struct cf_machine *m,
	const struct cf_kernel_config *c,
	struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_boot_multiboot(struct cf_machine *m,
	const struct cf_kernel_config *c,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
