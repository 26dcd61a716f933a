/* SPDX-License-Identifier: Apache-2.0 */
/* Program headers and notes of an ELF executable. */
#include "image/elf.h"

#include "base/base.h"

#include <inttypes.h>

#define MAGIC      "\177ELF"
#define IDENT_LEN  16
#define EM_386     3
#define EM_X86_64  62
#define ET_EXEC    2
#define ET_DYN     3
#define PT_LOAD    1
#define PT_NOTE    4
#define PHDR32_LEN 32
#define PHDR64_LEN 56

/* XEN_ELFNOTE_PHYS32_ENTRY, in notes of the name "Xen". */
#define NOTE_PHYS32_ENTRY 18

struct program_header {
	size_t at; /* in the file */
	uint32_t type;
	uint64_t offset, vaddr, paddr, file_len, mem_len, align;
};

struct reader {
	const uint8_t *bytes;
	size_t len;
	struct cf_elf *elf;
	struct coffer_error *err;
};

/* An address or size: as wide as the file's class. */
static bool take_word(struct cf_cursor *c, bool is_64, uint64_t *out)
{
	uint32_t v;

	if (is_64)
		return cf_take_le64(c, out);
	if (!cf_take_le32(c, &v))
		return false;
	*out = v;
	return true;
}

static enum coffer_status parse_ident(const struct reader *r)
{
	if (!cf_elf_is(r->bytes, r->len))
		return cf_fail(r->err, COFFER_ERR_FORMAT,
			"kernel: offset 0x0: not an ELF file");
	if (r->len < IDENT_LEN)
		return cf_fail(r->err, COFFER_ERR_TRUNCATED,
			"kernel: %zu bytes, an ELF file has %d to say its "
			"kind",
			r->len, IDENT_LEN);
	if (r->bytes[4] != 1 && r->bytes[4] != 2)
		return cf_fail(r->err, COFFER_ERR_FORMAT,
			"kernel: offset 0x4: ELF class %d, must be 1 or 2",
			r->bytes[4]);
	if (r->bytes[5] != 1)
		return cf_fail(r->err, COFFER_ERR_UNSUPPORTED,
			"kernel: offset 0x5: not a little-endian ELF file");
	r->elf->is_64 = r->bytes[4] == 2;
	return COFFER_OK;
}

/* The rest of the ELF header; where the program headers are. */
static enum coffer_status parse_header(
	const struct reader *r, uint64_t *phoff, uint16_t *phnum)
{
	bool wide = r->elf->is_64;
	uint16_t type, machine, phentsize;
	uint64_t shoff;
	struct cf_cursor c = cf_cursor(r->bytes, r->len);

	if (!cf_skip(&c, IDENT_LEN) || !cf_take_le16(&c, &type) ||
		!cf_take_le16(&c, &machine) || !cf_skip(&c, 4) ||
		!take_word(&c, wide, &r->elf->entry) ||
		!take_word(&c, wide, phoff) || !take_word(&c, wide, &shoff) ||
		!cf_skip(&c, 4 + 2) || !cf_take_le16(&c, &phentsize) ||
		!cf_take_le16(&c, phnum))
		return cf_fail(r->err, COFFER_ERR_TRUNCATED,
			"kernel: %zu bytes end inside the ELF header", r->len);
	if (machine != EM_386 && machine != EM_X86_64)
		return cf_fail(r->err, COFFER_ERR_UNSUPPORTED,
			"kernel: offset 0x12: ELF machine %u, give one for x86",
			machine);
	if (type != ET_EXEC && type != ET_DYN)
		return cf_fail(r->err, COFFER_ERR_UNSUPPORTED,
			"kernel: offset 0x10: ELF type %u, give an executable",
			type);
	if (phentsize != (wide ? PHDR64_LEN : PHDR32_LEN))
		return cf_fail(r->err, COFFER_ERR_FORMAT,
			"kernel: ELF program headers of %u bytes, must be %d",
			phentsize, wide ? PHDR64_LEN : PHDR32_LEN);
	if (!cf_range_ok(*phoff, (uint64_t)*phnum * phentsize, r->len))
		return cf_fail(r->err, COFFER_ERR_TRUNCATED,
			"kernel: %u ELF program headers from 0x%" PRIx64
			" pass the end of the file",
			*phnum, *phoff);
	return COFFER_OK;
}

static bool take_program_header(
	struct cf_cursor *c, bool wide, struct program_header *p)
{
	if (!cf_take_le32(c, &p->type) || (wide && !cf_skip(c, 4)))
		return false;
	return take_word(c, wide, &p->offset) &&
		take_word(c, wide, &p->vaddr) &&
		take_word(c, wide, &p->paddr) &&
		take_word(c, wide, &p->file_len) &&
		take_word(c, wide, &p->mem_len) && (wide || cf_skip(c, 4)) &&
		take_word(c, wide, &p->align);
}

static enum coffer_status add_segment(
	const struct reader *r, const struct program_header *p)
{
	struct cf_elf *elf = r->elf;

	if (p->mem_len < p->file_len)
		return cf_fail(r->err, COFFER_ERR_FORMAT,
			"kernel: offset 0x%zx: segment of 0x%" PRIx64
			" bytes in 0x%" PRIx64 " of memory",
			p->at, p->file_len, p->mem_len);
	if (p->mem_len > UINT64_MAX - p->paddr)
		return cf_fail(r->err, COFFER_ERR_FORMAT,
			"kernel: offset 0x%zx: address 0x%" PRIx64
			" and size 0x%" PRIx64 " wrap",
			p->at, p->paddr, p->mem_len);
	if (p->mem_len == 0)
		return COFFER_OK;
	if (elf->nsegments == CF_ELF_MAX_SEGMENTS)
		return cf_fail(r->err, COFFER_ERR_UNSUPPORTED,
			"kernel: offset 0x%zx: more than %d segments to load",
			p->at, CF_ELF_MAX_SEGMENTS);
	elf->segment[elf->nsegments++] =
		(struct cf_elf_segment) { .vaddr = p->vaddr,
			.paddr = p->paddr,
			.bytes = r->bytes + p->offset,
			.len = (size_t)p->file_len,
			.mem_len = p->mem_len };
	return COFFER_OK;
}

/* Skip what pads `used` bytes; the last note may lack it. */
static void skip_padding(struct cf_cursor *c, size_t used, size_t align)
{
	size_t pad = (align - used % align) % align;

	if (!cf_skip(c, pad))
		*c = cf_cursor(c->at, 0);
}

static enum coffer_status parse_notes(
	const struct reader *r, const struct program_header *p)
{
	struct cf_cursor c =
		cf_cursor(r->bytes + p->offset, (size_t)p->file_len);
	size_t align = p->align == 8 ? 8 : 4;

	while (!cf_at_end(&c)) {
		size_t at = (size_t)(c.at - r->bytes);
		uint32_t name_len, len, type;
		const uint8_t *name, *desc;
		bool ok = cf_take_le32(&c, &name_len) &&
			cf_take_le32(&c, &len) && cf_take_le32(&c, &type) &&
			cf_take(&c, name_len, &name);

		if (ok)
			skip_padding(&c, 12 + (size_t)name_len, align);
		if (!ok || !cf_take(&c, len, &desc))
			return cf_fail(r->err, COFFER_ERR_TRUNCATED,
				"kernel: offset 0x%zx: ELF note passes the end "
				"of its segment",
				at);
		skip_padding(&c, len, align);
		if (type != NOTE_PHYS32_ENTRY || name_len != 4 ||
			memcmp(name, "Xen", 4) != 0)
			continue;
		if (len != 4 && len != 8)
			return cf_fail(r->err, COFFER_ERR_FORMAT,
				"kernel: offset 0x%zx: PVH entry point of %u "
				"bytes, must be 4 or 8",
				at, len);
		r->elf->has_pvh_entry = true;
		r->elf->pvh_entry =
			len == 8 ? cf_load_le64(desc) : cf_load_le32(desc);
	}
	return COFFER_OK;
}

static enum coffer_status parse_segments(
	const struct reader *r, uint64_t phoff, uint16_t phnum)
{
	struct cf_cursor c =
		cf_cursor(r->bytes + phoff, r->len - (size_t)phoff);
	enum coffer_status s = COFFER_OK;

	for (unsigned i = 0; i < phnum && s == COFFER_OK; i++) {
		struct program_header p = { .at = (size_t)(c.at - r->bytes) };

		if (!take_program_header(&c, r->elf->is_64, &p))
			return cf_fail(r->err, COFFER_ERR_TRUNCATED,
				"kernel: offset 0x%zx: ELF program header %u "
				"passes the end of the file",
				p.at, i);
		if (p.type != PT_LOAD && p.type != PT_NOTE)
			continue;
		if (!cf_range_ok(p.offset, p.file_len, r->len))
			return cf_fail(r->err, COFFER_ERR_TRUNCATED,
				"kernel: offset 0x%zx: segment 0x%" PRIx64
				" size 0x%" PRIx64 " passes the end of the "
				"file",
				p.at, p.offset, p.file_len);
		s = p.type == PT_LOAD ? add_segment(r, &p) : parse_notes(r, &p);
	}
	return s;
}

/* Kernels are linked to run elsewhere than they are loaded. */
static void make_entry_physical(struct cf_elf *elf)
{
	for (size_t i = 0; i < elf->nsegments; i++) {
		const struct cf_elf_segment *g = &elf->segment[i];

		if (elf->entry < g->vaddr ||
			elf->entry - g->vaddr >= g->mem_len)
			continue;
		elf->entry = g->paddr + (elf->entry - g->vaddr);
		return;
	}
}

bool cf_elf_is(const uint8_t *bytes, size_t len)
{
	return len >= 4 && memcmp(bytes, MAGIC, 4) == 0;
}

enum coffer_status cf_elf_parse(const uint8_t *bytes, size_t len,
	struct cf_elf *out, struct coffer_error *err)
{
	struct cf_elf elf = { 0 };
	struct reader r = {
		.bytes = bytes, .len = len, .elf = &elf, .err = err
	};
	uint64_t phoff = 0;
	uint16_t phnum = 0;
	enum coffer_status s;

	if ((s = parse_ident(&r)) || (s = parse_header(&r, &phoff, &phnum)) ||
		(s = parse_segments(&r, phoff, phnum)))
		return s;
	if (elf.nsegments == 0)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"kernel: ELF file without a segment to load");
	make_entry_physical(&elf);
	*out = elf;
	return COFFER_OK;
}
