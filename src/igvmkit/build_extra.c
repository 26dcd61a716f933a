/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file can hold besides the firmware: parameter areas, the table of
 * kernel hashes, and a native entry in 64-bit mode.
 */
#include "igvmkit/build_priv.h"

#include "base/base.h"

#include <inttypes.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t type;
} parameters[] = {
	{ "vp-count", CF_IGVM_VP_COUNT_PARAMETER },
	{ "memory-map", CF_IGVM_MEMORY_MAP },
	{ "madt", CF_IGVM_MADT },
	{ "srat", CF_IGVM_SRAT },
	{ "slit", CF_IGVM_SLIT },
	{ "pptt", CF_IGVM_PPTT },
	{ "mmio-ranges", CF_IGVM_MMIO_RANGES },
	{ "command-line", CF_IGVM_COMMAND_LINE },
	{ "device-tree", CF_IGVM_DEVICE_TREE },
	{ "environment", CF_IGVM_ENVIRONMENT_INFO_PARAMETER },
};

uint32_t cf_build_parameter_type(const char *name)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(parameters); i++)
		if (strcmp(parameters[i].name, name) == 0)
			return parameters[i].type;
	return 0;
}

static enum coffer_status add_area(struct cf_builder *b, uint32_t index)
{
	const struct cf_build_area *area = &b->p->area[index];
	struct cf_igvm_header h = {
		.type = CF_IGVM_PARAMETER_AREA,
		.u.parameter_area = { area->size, index },
	};
	enum coffer_status status = cf_igvm_writer_add(b->w, &h, b->err);

	for (size_t i = 0; !status && i < area->nuses; i++) {
		h = (struct cf_igvm_header) {
			.type = area->use[i].type,
			.u.parameter = { index, area->use[i].offset },
		};
		if (area->use[i].offset >= area->size)
			return cf_fail(b->err, COFFER_ERR_ARGUMENT,
				"build: parameter at offset 0x%x: must lie in "
				"its area of 0x%" PRIx64 " bytes",
				area->use[i].offset, area->size);
		status = cf_igvm_writer_add(b->w, &h, b->err);
	}
	return status;
}

enum coffer_status cf_builder_parameters(struct cf_builder *b)
{
	uint32_t all = (uint32_t)((UINT64_C(1) << b->p->nplatforms) - 1);
	enum coffer_status status = COFFER_OK;

	for (uint32_t i = 0; !status && i < b->p->nareas; i++)
		status = add_area(b, i);
	for (uint32_t i = 0; !status && i < b->p->nareas; i++) {
		struct cf_igvm_header h = {
			.type = CF_IGVM_PARAMETER_INSERT,
			.compatibility_mask = all,
			.u.parameter_insert = { b->p->area[i].gpa, i },
		};

		status = cf_igvm_writer_add(b->w, &h, b->err);
	}
	return status;
}

enum coffer_status cf_builder_hashes(
	struct cf_builder *b, uint32_t mask, uint64_t gpa, uint64_t size)
{
	uint64_t table = b->ovmf.hash_table_gpa;
	uint8_t *data;
	enum coffer_status status;

	if (!b->ovmf.has_hash_table || table < gpa ||
		!cf_range_ok(table - gpa, CF_KERNEL_HASHES_LEN, size))
		return cf_fail(b->err, COFFER_ERR_UNSUPPORTED,
			"firmware: its place for kernel hashes, 0x%" PRIx64
			", must lie in the pages at 0x%" PRIx64
			" that its metadata has for them",
			table, gpa);
	data = cf_alloc_array((size_t)size, 1);
	if (!data)
		return cf_fail_nomem(b->err, "build: the kernel hashes");
	cf_kernel_hashes_table(b->p->hashes, data + (table - gpa));
	status = cf_builder_pages(
		b, mask, gpa, size, data, CF_IGVM_PAGE_NORMAL, 0);
	free(data);
	return status;
}

enum coffer_status cf_builder_sev_hashes(struct cf_builder *b)
{
	uint32_t mask = cf_builder_mask(b, CF_IGVM_SEV) |
		cf_builder_mask(b, CF_IGVM_SEV_ES);
	uint64_t page = cf_align_down(b->ovmf.hash_table_gpa, CF_PAGE_SIZE);

	if (!b->p->hashes)
		return COFFER_OK;
	if (!b->ovmf.has_hash_table || b->ovmf.hash_table_size == 0)
		return cf_fail(b->err, COFFER_ERR_UNSUPPORTED,
			"firmware: no place for kernel hashes; it does not "
			"check what it boots, build OVMF's AmdSev variant");
	if (!mask)
		return COFFER_OK;
	return cf_builder_hashes(b, mask, page, CF_PAGE_SIZE);
}

#define PRESENT_WRITABLE 0x3u
#define LARGE            0xE3u /* also accessed and dirty, as if in use */

/* PML4, PDPT, and a page directory for each of 4 GiB. */
static void fill_tables(uint8_t tables[6 * CF_PAGE_SIZE], uint64_t gpa)
{
	cf_store_le64(tables, (gpa + CF_PAGE_SIZE) | PRESENT_WRITABLE);
	for (uint64_t g = 0; g < 4; g++) {
		cf_store_le64(tables + CF_PAGE_SIZE + 8 * g,
			(gpa + (2 + g) * CF_PAGE_SIZE) | PRESENT_WRITABLE);
		for (uint64_t m = 0; m < 512; m++)
			cf_store_le64(tables + (2 + g) * CF_PAGE_SIZE + 8 * m,
				(g << 30 | m << 21) | LARGE);
	}
}

/* 64-bit mode with flat segments; GDTR and IDTR are empty. */
static void fill_state(struct cf_cpu_state *s, uint64_t entry, uint64_t tables)
{
	cf_cpu_state_reset(s, 0);
	for (size_t i = 0; i < CF_NSEGS; i++)
		s->seg[i] = (struct cf_segment) {
			.selector = i == CF_SEG_CS ? 0x8 : 0x10,
			.attrib = i == CF_SEG_CS ? 0xA9B : 0xC93,
			.limit = 0xFFFFFFFF,
		};
	s->gdtr.limit = s->idtr.limit = 0;
	s->rip = entry;
	s->rflags = 2;
	s->cr0 = 0x80000031; /* PG, NE, ET, PE */
	s->cr3 = tables;
	s->cr4 = 0x20;   /* PAE */
	s->efer = 0x500; /* LMA, LME */
}

enum coffer_status cf_builder_native(struct cf_builder *b)
{
	uint32_t mask = cf_builder_mask(b, CF_IGVM_NATIVE);
	uint64_t gpa = b->p->page_tables;
	uint8_t tables[6 * CF_PAGE_SIZE] = { 0 }, context[232];
	struct cf_igvm_header h = {
		.type = CF_IGVM_VP_CONTEXT,
		.compatibility_mask = mask,
		.data = context,
		.data_len = sizeof(context),
	};
	struct cf_cpu_state state;
	enum coffer_status status;

	if (!b->p->has_native_entry)
		return COFFER_OK;
	if (!mask)
		return cf_fail(b->err, COFFER_ERR_ARGUMENT,
			"build: a native entry needs platform native");
	if (!cf_is_aligned(gpa, CF_PAGE_SIZE) ||
		gpa > b->ovmf.gpa - sizeof(tables))
		return cf_fail(b->err, COFFER_ERR_ARGUMENT,
			"build: page tables at 0x%" PRIx64 ": must be whole "
			"pages below the firmware at 0x%" PRIx64,
			gpa, b->ovmf.gpa);
	if (b->p->native_entry >= CF_4GIB)
		return cf_fail(b->err, COFFER_ERR_ARGUMENT,
			"build: native entry 0x%" PRIx64
			": must lie below 4 GiB, which is what is mapped",
			b->p->native_entry);
	fill_tables(tables, gpa);
	status = cf_builder_pages(
		b, mask, gpa, sizeof(tables), tables, CF_IGVM_PAGE_NORMAL, 0);
	if (status)
		return status;
	fill_state(&state, b->p->native_entry, gpa);
	cf_native_context_encode(&state, context);
	return cf_igvm_writer_add(b->w, &h, b->err);
}
