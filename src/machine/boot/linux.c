/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a Linux kernel: through firmware, which finds it in fw_cfg, or
 * directly with the 64-bit boot protocol.
 *
 * Source: Linux, Documentation/arch/x86/boot.rst, "64-bit Boot Protocol", and
 * zero-page.rst.
 */
#include "base/base.h"
#include "image/bzimage.h"
#include "image/cpu_state.h"
#include "image/multiboot.h"
#include "machine/boot/load_priv.h"

#include <inttypes.h>

/* Below 1 MiB, in RAM that the memory map leaves to the kernel; it copies what
 * it needs before it uses that memory for itself. */
#define PAGE_TABLES 0x1000u /* six pages */
#define STACK_TOP   0x8FF0u
#define BOOT_PARAMS 0x10000u
#define CMDLINE     0x20000u
#define CMDLINE_MAX 0x10000u

/* boot_params */
enum {
	BP_RSDP = 0x070,
	BP_E820_COUNT = 0x1E8,
	BP_LOADER = 0x210,
	BP_LOADFLAGS = 0x211,
	BP_RAMDISK = 0x218,
	BP_RAMDISK_LEN = 0x21C,
	BP_CMDLINE = 0x228,
	BP_E820 = 0x2D0,
};

#define PTE_PRESENT 0x1u
#define PTE_WRITE   0x2u
#define PTE_LARGE   0x80u

static void fill_e820(const struct cf_machine *m, uint8_t *bp)
{
	struct cf_boot_range map[CF_BOOT_RANGES];
	size_t n = cf_boot_memory_map(m, map);

	bp[BP_E820_COUNT] = (uint8_t)n;
	for (size_t i = 0; i < n; i++) {
		uint8_t *e = bp + BP_E820 + 20 * i;

		cf_store_le64(e, map[i].base);
		cf_store_le64(e + 8, map[i].len);
		cf_store_le32(e + 16, map[i].type);
	}
}

/* 0 to 4 GiB, one to one, in 2 MiB pages. */
static enum coffer_status write_page_tables(
	struct cf_machine *m, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr)
	uint8_t *t = cf_alloc_array(6, CF_PAGE_SIZE);
	uint32_t link = PTE_PRESENT | PTE_WRITE;

	if (!t)
		return cf_fail_nomem(err, "page tables");
	cf_store_le64(t, (PAGE_TABLES + CF_PAGE_SIZE) | link);
	for (size_t i = 0; i < 4; i++)
		cf_store_le64(t + CF_PAGE_SIZE + 8 * i,
			(PAGE_TABLES + (2 + i) * CF_PAGE_SIZE) | link);
	for (size_t i = 0; i < 4 * 512; i++)
		cf_store_le64(t + 2 * CF_PAGE_SIZE + 8 * i,
			i * CF_2MIB | link | PTE_LARGE);
	return cf_guest_write(m->memory, PAGE_TABLES, t, 6 * CF_PAGE_SIZE, err);
}

static void entry_state(struct cf_cpu_state *s, uint64_t entry)
{
	cf_boot_flat_state(s, CF_BOOT_CODE64);
	s->cr0 |= 0x80000020; /* PG, NE */
	s->cr3 = PAGE_TABLES;
	s->cr4 = 0x20;   /* PAE */
	s->efer = 0x500; /* LME, LMA */
	s->rip = entry;
	s->gpr[CF_RSP] = STACK_TOP;
	s->gpr[CF_RSI] = BOOT_PARAMS;
}

/* Where the kernel goes: its preferred address, for which it needs no
 * relocation. */
static enum coffer_status place_kernel(struct cf_machine *m,
	const struct cf_bzimage *k, uint64_t *out, struct coffer_error *err)
{
	uint64_t at = k->pref_address;

	if (at < CF_BOOT_HIGH || at > m->low_ram ||
		k->init_size > m->low_ram - at)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"kernel: needs %u bytes from 0x%" PRIx64
			", RAM ends at 0x%" PRIx64 "; give more with -m",
			k->init_size, at, m->low_ram);
	*out = at;
	return cf_guest_write(
		m->memory, at, k->bytes + k->setup_len, k->kernel_len, err);
}

/* As high as the kernel can read it. */
static enum coffer_status place_initrd(struct cf_machine *m,
	const struct cf_bzimage *k, const struct cf_kernel_config *c,
	uint64_t kernel_at, uint8_t *bp, struct coffer_error *err)
{
	uint64_t top = m->low_ram, at;

	if (!c->initrd_len)
		return COFFER_OK;
	if (top > (uint64_t)k->initrd_addr_max + 1)
		top = (uint64_t)k->initrd_addr_max + 1;
	if (c->initrd_len > top - (kernel_at + k->init_size))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"initrd: %zu bytes do not fit above the kernel; give "
			"more with -m",
			c->initrd_len);
	at = cf_align_down(top - c->initrd_len, CF_PAGE_SIZE);
	cf_store_le32(bp + BP_RAMDISK, (uint32_t)at);
	cf_store_le32(bp + BP_RAMDISK_LEN, (uint32_t)c->initrd_len);
	return cf_guest_write(m->memory, at, c->initrd, c->initrd_len, err);
}

static enum coffer_status place_cmdline(struct cf_machine *m,
	const struct cf_bzimage *k, const char *text, uint8_t *bp,
	struct coffer_error *err)
{
	size_t len = strlen(text);

	if (len > k->cmdline_size || len >= CMDLINE_MAX)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"kernel: the command line has %zu bytes, it takes %u",
			len, k->cmdline_size);
	cf_store_le32(bp + BP_CMDLINE, CMDLINE);
	return cf_guest_write(m->memory, CMDLINE, text, len + 1, err);
}

static enum coffer_status boot_directly(struct cf_machine *m,
	const struct cf_bzimage *k, const struct cf_kernel_config *c,
	struct coffer_error *err)
{
	uint8_t bp[CF_PAGE_SIZE] = { 0 };
	struct cf_cpu_state state;
	uint64_t at = 0;
	enum coffer_status s;

	if (!(k->xloadflags & CF_BZIMAGE_KERNEL_64))
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"kernel: it has no 64-bit entry point");
	memcpy(bp + CF_BZIMAGE_HEADER, k->bytes + CF_BZIMAGE_HEADER,
		k->header_end - CF_BZIMAGE_HEADER);
	bp[BP_LOADER] = 0xFF;
	bp[BP_LOADFLAGS] |= CF_BZIMAGE_LOADED_HIGH;
	cf_store_le64(bp + BP_RSDP, CF_BOOT_RSDP);
	fill_e820(m, bp);
	if ((s = place_kernel(m, k, &at, err)) ||
		(s = place_initrd(m, k, c, at, bp, err)) ||
		(s = place_cmdline(
			 m, k, c->append ? c->append : "", bp, err)) ||
		(s = write_page_tables(m, err)) ||
		(s = cf_guest_write(
			 m->memory, BOOT_PARAMS, bp, sizeof(bp), err)))
		return s;
	entry_state(&state, at + 0x200);
	return cf_boot_enter(m, CF_BOOT_CODE64, &state, err);
}

/* Firmware takes the parts of the image apart from each other. */
static void offer_through_fw_cfg(struct cf_machine *m,
	const struct cf_bzimage *k, const struct cf_kernel_config *c)
{
	struct cf_fw_cfg *f = m->fw_cfg;
	const char *append = c->append ? c->append : "";

	cf_fw_cfg_u32(f, CF_FW_CFG_SETUP_SIZE, (uint32_t)k->setup_len);
	cf_fw_cfg_item(f, CF_FW_CFG_SETUP_DATA, k->bytes, k->setup_len);
	cf_fw_cfg_u32(f, CF_FW_CFG_KERNEL_SIZE, (uint32_t)k->kernel_len);
	cf_fw_cfg_item(f, CF_FW_CFG_KERNEL_DATA, k->bytes + k->setup_len,
		k->kernel_len);
	cf_fw_cfg_u32(f, CF_FW_CFG_CMDLINE_SIZE, (uint32_t)strlen(append) + 1);
	cf_fw_cfg_item(f, CF_FW_CFG_CMDLINE_DATA, append, strlen(append) + 1);
	cf_fw_cfg_u32(f, CF_FW_CFG_INITRD_SIZE, (uint32_t)c->initrd_len);
	cf_fw_cfg_item(f, CF_FW_CFG_INITRD_DATA, c->initrd, c->initrd_len);
}

/* In the order in which QEMU looks for them. */
static enum coffer_status boot_other(struct cf_machine *m,
	const struct cf_kernel_config *c, struct coffer_error *err)
{
	if (cf_multiboot_is(c->kernel, c->kernel_len))
		return cf_boot_multiboot(m, c, err);
	if (cf_elf_is(c->kernel, c->kernel_len))
		return cf_boot_pvh(m, c, err);
	return cf_fail(err, COFFER_ERR_FORMAT,
		"kernel: neither a bzImage ('HdrS' at 0x202) nor a multiboot "
		"kernel (header in the first 8 KiB) nor an ELF file with a PVH "
		"entry point (Xen note 18)");
}

enum coffer_status cf_machine_load_kernel(struct cf_machine *m,
	const struct cf_kernel_config *kernel, bool has_firmware,
	struct coffer_error *err)
{
	struct cf_bzimage k;
	enum coffer_status s;

	if (!has_firmware && !cf_bzimage_is(kernel->kernel, kernel->kernel_len))
		return boot_other(m, kernel, err);
	s = cf_bzimage_parse(kernel->kernel, kernel->kernel_len, &k, err);
	if (s)
		return s;
	if (!has_firmware)
		return boot_directly(m, &k, kernel, err);
	offer_through_fw_cfg(m, &k, kernel);
	return COFFER_OK;
}
