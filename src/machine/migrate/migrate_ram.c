/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory in the stream: pieces of up to 256 pages, each piece with its
 * address and a bit per page that says whether it is there or all zero.  The
 * pieces come in the order of the regions and leave nothing out, so that a
 * loader needs no record of what it has.
 */
#include "machine/migrate/migrate_priv.h"

#include "base/base.h"
#include "machine/machine_priv.h"

#include <inttypes.h>

#define PIECE_PAGES 256u
#define BITMAP_LEN  (PIECE_PAGES / 8)

static enum coffer_status save_piece(struct cf_machine *m,
	struct cf_migrate_io *io, uint64_t gpa, unsigned pages,
	struct coffer_error *err)
{
	uint8_t bitmap[BITMAP_LEN] = { 0 }, page[CF_PAGE_SIZE];
	struct cf_buf *b = &io->section;
	unsigned present = 0;

	b->len = 0;
	cf_buf_le64(b, gpa);
	cf_buf_le32(b, pages);
	cf_buf_append(b, bitmap, sizeof(bitmap));
	for (unsigned i = 0; i < pages; i++) {
		enum coffer_status s = cf_guest_read(m->memory,
			gpa + i * CF_PAGE_SIZE, page, sizeof(page), err);

		if (s)
			return s;
		if (cf_is_zero(page, sizeof(page)))
			continue;
		bitmap[i / 8] |= (uint8_t)(1u << i % 8);
		cf_buf_append(b, page, sizeof(page));
		present++;
	}
	if (!b->failed)
		memcpy(b->data + 12, bitmap, sizeof(bitmap));
	if (io->progress) {
		atomic_fetch_add(
			&io->progress->done, (uint64_t)pages * CF_PAGE_SIZE);
		atomic_fetch_add(&io->progress->normal_pages, present);
		atomic_fetch_add(&io->progress->zero_pages, pages - present);
	}
	return cf_migrate_put(io, "ram", 0, err);
}

/* Writing zeros would give every page of an empty guest a page of the host. */
static bool is_zero_already(struct cf_machine *m, uint64_t gpa)
{
	uint8_t page[CF_PAGE_SIZE];

	return cf_guest_read(m->memory, gpa, page, sizeof(page), NULL) ==
		COFFER_OK &&
		cf_is_zero(page, sizeof(page));
}

static enum coffer_status load_piece(struct cf_machine *m,
	struct cf_migrate_io *io, uint64_t gpa, unsigned pages,
	struct coffer_error *err)
{
	static const uint8_t zeros[CF_PAGE_SIZE];
	struct cf_cursor c;
	const uint8_t *bitmap, *page;
	uint64_t at = 0;
	uint32_t n = 0;
	enum coffer_status s = cf_migrate_take(io, "ram", 0, err);

	if (s)
		return s;
	c = cf_cursor(io->section.data, io->section.len);
	if (!cf_take_le64(&c, &at) || !cf_take_le32(&c, &n) || at != gpa ||
		n != pages || !cf_take(&c, BITMAP_LEN, &bitmap))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"migration: memory at 0x%" PRIx64
			" comes where 0x%" PRIx64 " is expected",
			at, gpa);
	for (unsigned i = 0; i < pages; i++) {
		page = zeros;
		if (bitmap[i / 8] >> i % 8 & 1 &&
			!cf_take(&c, CF_PAGE_SIZE, &page))
			return cf_fail(err, COFFER_ERR_FORMAT,
				"migration: memory at 0x%" PRIx64
				" ends too early",
				gpa);
		if (page == zeros && is_zero_already(m, gpa + i * CF_PAGE_SIZE))
			continue;
		s = cf_guest_write(m->memory, gpa + i * CF_PAGE_SIZE, page,
			CF_PAGE_SIZE, err);
		if (s)
			return s;
	}
	return cf_at_end(&c) ? COFFER_OK
			     : cf_fail(err, COFFER_ERR_FORMAT,
				       "migration: bytes after the memory at "
				       "0x%" PRIx64,
				       gpa);
}

static enum coffer_status each_piece(struct cf_machine *m,
	struct cf_migrate_io *io,
	enum coffer_status (*piece)(struct cf_machine *m,
		struct cf_migrate_io *io, uint64_t gpa, unsigned pages,
		struct coffer_error *err),
	struct coffer_error *err)
{
	enum coffer_status s = COFFER_OK;

	for (size_t i = 0; i < cf_memory_nregions(m->memory); i++) {
		struct cf_region r;

		cf_memory_region(m->memory, i, &r);
		for (uint64_t at = 0; at < r.len && !s;) {
			uint64_t left = (r.len - at) / CF_PAGE_SIZE;
			unsigned n = left < PIECE_PAGES ? (unsigned)left
							: PIECE_PAGES;

			s = piece(m, io, r.gpa + at, n, err);
			at += (uint64_t)n * CF_PAGE_SIZE;
		}
	}
	return s;
}

enum coffer_status cf_migrate_save_ram(struct cf_machine *m,
	struct cf_migrate_io *io, struct coffer_error *err)
{
	return each_piece(m, io, save_piece, err);
}

enum coffer_status cf_migrate_load_ram(struct cf_machine *m,
	struct cf_migrate_io *io, struct coffer_error *err)
{
	return each_piece(m, io, load_piece, err);
}
