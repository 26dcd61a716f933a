/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables at the end of an OVMF flash image: the list of GUIDed entries
 * below the reset vector and the SEV metadata that one of them points to.
 *
 * Sources: OVMF's ResetVector (Ia16/ResetVectorVtf0.asm) and SEV metadata;
 * QEMU's readers of both.
 */
#include "image/image.h"

#include "base/base.h"

#include <inttypes.h>

#define RESET_VECTOR_LEN 0x20 /* at the end of the image, after the table */
#define ENTRY_TAIL       18   /* u16 length, GUID: end of every entry */
#define SEV_HEADER_LEN   16
#define SEV_SECTION_LEN  12
#define FOOTER_GUID      "96b582de-1fb2-45f7-baea-a366c55a082d"

enum entry_id {
	ENTRY_RESET,
	ENTRY_SECRET,
	ENTRY_HASHES,
	ENTRY_SEV_METADATA,
	ENTRY_TDX_METADATA,
	ENTRY_SVSM_INFO,
	NENTRIES,
};

/* Data of each entry: one or two little-endian words. */
static const struct {
	const char *guid;
	const char *name;
	size_t nwords;
} entry_kinds[NENTRIES] = {
	[ENTRY_RESET] = { "00f771de-1a7e-4fcb-890e-68c77e2fb44e",
		"SEV-ES reset block", 1 },
	[ENTRY_SECRET] = { "4c2eb361-7d9b-4cc3-8081-127c90d3d294",
		"SEV secret block", 2 },
	[ENTRY_HASHES] = { "7255371f-3a3b-4b04-927b-1da6efa8d454",
		"SEV hash table block", 2 },
	[ENTRY_SEV_METADATA] = { "dc886566-984a-4798-a75e-5585a7bf67cc",
		"SEV metadata", 1 },
	[ENTRY_TDX_METADATA] = { "e47a6535-984a-4798-865e-4685a7bf8ec2",
		"TDX metadata", 1 },
	[ENTRY_SVSM_INFO] = { "a789a612-0597-4c4b-a49f-cbb1fe9d1ddd",
		"SVSM info", 1 },
};

struct parser {
	struct cf_ovmf *o;
	struct coffer_error *err;
	unsigned seen; /* bit per enum entry_id */
	uint32_t sev_metadata_offset;
};

static enum coffer_status bad(struct parser *p, size_t offset, const char *what)
{
	return cf_fail(p->err, COFFER_ERR_FORMAT, "firmware: offset 0x%zx: %s",
		offset, what);
}

/* An address and size that must lie below 4 GiB. */
static enum coffer_status check_area(struct parser *p, enum entry_id id,
	size_t offset, uint32_t gpa, uint32_t size)
{
	if (cf_range_ok(gpa, size, CF_4GIB))
		return COFFER_OK;
	return cf_fail(p->err, COFFER_ERR_FORMAT,
		"firmware: offset 0x%zx: %s: address 0x%" PRIx32
		" and size 0x%" PRIx32 " pass 4 GiB",
		offset, entry_kinds[id].name, gpa, size);
}

/* Builds without a feature leave its entry there with zeros. */
static enum coffer_status take_entry(struct parser *p, enum entry_id id,
	size_t offset, const uint8_t *data, size_t len)
{
	struct cf_ovmf *o = p->o;
	uint32_t word[2] = { 0 };

	if (p->seen & 1u << id)
		return cf_fail(p->err, COFFER_ERR_FORMAT,
			"firmware: offset 0x%zx: second entry '%s'", offset,
			entry_kinds[id].name);
	p->seen |= 1u << id;
	if (len < 4 * entry_kinds[id].nwords)
		return cf_fail(p->err, COFFER_ERR_FORMAT,
			"firmware: offset 0x%zx: entry '%s' has %zu bytes, "
			"needs %zu",
			offset, entry_kinds[id].name, len,
			4 * entry_kinds[id].nwords);
	for (size_t i = 0; i < entry_kinds[id].nwords; i++)
		word[i] = cf_load_le32(data + 4 * i);
	switch (id) {
	case ENTRY_RESET:
		o->has_reset_eip = true;
		o->reset_eip = word[0];
		break;
	case ENTRY_SECRET:
		o->has_secret_area = word[0] != 0;
		o->secret_gpa = word[0];
		o->secret_size = word[1];
		return check_area(p, id, offset, word[0], word[1]);
	case ENTRY_HASHES:
		o->has_hash_table = word[0] != 0;
		o->hash_table_gpa = word[0];
		o->hash_table_size = word[1];
		return check_area(p, id, offset, word[0], word[1]);
	case ENTRY_SEV_METADATA:
		o->has_sev_metadata = true;
		p->sev_metadata_offset = word[0];
		break;
	case ENTRY_TDX_METADATA:
		o->has_tdx_metadata = true;
		o->tdx_metadata_offset = word[0];
		break;
	case ENTRY_SVSM_INFO:
		o->has_svsm_info = true;
		o->svsm_entry_offset = word[0];
		break;
	case NENTRIES:
		break;
	}
	return COFFER_OK;
}

static enum coffer_status take_unknown(struct parser *p, const char *guid,
	size_t offset, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < NENTRIES; i++)
		if (strcmp(entry_kinds[i].guid, guid) == 0)
			return take_entry(
				p, (enum entry_id)i, offset, data, len);
	return COFFER_OK;
}

/* Entries are read from the end down: data, u16 length, GUID. */
static enum coffer_status walk_table(struct parser *p, size_t start, size_t end)
{
	while (end - start >= ENTRY_TAIL) {
		const uint8_t *tail = p->o->bytes + end - ENTRY_TAIL;
		size_t len = cf_load_le16(tail);
		enum coffer_status st;
		char guid[37];

		if (len < ENTRY_TAIL || len > end - start)
			return cf_fail(p->err, COFFER_ERR_FORMAT,
				"firmware: offset 0x%zx: table entry length "
				"%zu, must be from %d to the %zu bytes left",
				end - ENTRY_TAIL, len, ENTRY_TAIL, end - start);
		cf_guid_to_text(guid, tail + 2);
		st = take_unknown(p, guid, end - len, p->o->bytes + end - len,
			len - ENTRY_TAIL);
		if (st)
			return st;
		end -= len;
	}
	return COFFER_OK;
}

/* Firmware of the first SEV-ES days: the reset block alone, no footer. */
static enum coffer_status take_old_form(struct parser *p, size_t end)
{
	const uint8_t *tail = p->o->bytes + end - ENTRY_TAIL;
	size_t len = cf_load_le16(tail);

	if (len < ENTRY_TAIL || len > end)
		return bad(p, end - ENTRY_TAIL,
			"SEV-ES reset block: length outside the image");
	return take_entry(p, ENTRY_RESET, end - len, p->o->bytes + end - len,
		len - ENTRY_TAIL);
}

static enum coffer_status parse_table(struct parser *p)
{
	size_t end = p->o->len - RESET_VECTOR_LEN;
	const uint8_t *tail = p->o->bytes + end - ENTRY_TAIL;
	char guid[37];
	size_t len;

	cf_guid_to_text(guid, tail + 2);
	if (strcmp(guid, entry_kinds[ENTRY_RESET].guid) == 0)
		return take_old_form(p, end);
	if (strcmp(guid, FOOTER_GUID) != 0)
		return COFFER_OK;
	len = cf_load_le16(tail);
	if (len < ENTRY_TAIL || len > end)
		return bad(p, end - ENTRY_TAIL,
			"table footer: length outside the image");
	return walk_table(p, end - len, end - ENTRY_TAIL);
}

static bool overlap(uint64_t a, uint64_t alen, uint64_t b, uint64_t blen)
{
	return a < b + blen && b < a + alen;
}

/* A page may be launched once: sections overlap neither each other nor the
 * image. */
static enum coffer_status check_section(
	struct parser *p, size_t index, size_t offset)
{
	const struct cf_ovmf *o = p->o;
	const struct cf_ovmf_section *s = &o->section[index];

	if (!cf_is_aligned(s->gpa, CF_PAGE_SIZE) ||
		!cf_is_aligned(s->size, CF_PAGE_SIZE) ||
		!cf_range_ok(s->gpa, s->size, CF_4GIB))
		return cf_fail(p->err, COFFER_ERR_FORMAT,
			"firmware: offset 0x%zx: SEV metadata section %zu: "
			"0x%" PRIx32 " size 0x%" PRIx32
			": not whole pages below 4 GiB",
			offset, index, s->gpa, s->size);
	if (overlap(s->gpa, s->size, o->gpa, o->len))
		return cf_fail(p->err, COFFER_ERR_FORMAT,
			"firmware: offset 0x%zx: SEV metadata section %zu: "
			"0x%" PRIx32 " size 0x%" PRIx32
			" overlaps the image itself",
			offset, index, s->gpa, s->size);
	for (size_t i = 0; i < index; i++)
		if (overlap(s->gpa, s->size, o->section[i].gpa,
			    o->section[i].size))
			return cf_fail(p->err, COFFER_ERR_FORMAT,
				"firmware: offset 0x%zx: SEV metadata section "
				"%zu overlaps section %zu",
				offset, index, i);
	return COFFER_OK;
}

static enum coffer_status parse_sections(
	struct parser *p, struct cf_cursor *c, uint32_t count, size_t offset)
{
	for (size_t i = 0; i < count; i++) {
		struct cf_ovmf_section *s = &p->o->section[i];
		enum coffer_status st;

		if (!cf_take_le32(c, &s->gpa) || !cf_take_le32(c, &s->size) ||
			!cf_take_le32(c, &s->type))
			return bad(p, offset,
				"SEV metadata: sections pass "
				"its length");
		st = check_section(p, i, offset + SEV_SECTION_LEN * i);
		if (st)
			return st;
		p->o->nsections = i + 1;
	}
	return COFFER_OK;
}

static enum coffer_status parse_sev_metadata(struct parser *p)
{
	const struct cf_ovmf *o = p->o;
	uint32_t back = p->sev_metadata_offset, len, version, count;
	const uint8_t *magic;
	struct cf_cursor c;
	size_t at;

	if (back > o->len || back < SEV_HEADER_LEN)
		return cf_fail(p->err, COFFER_ERR_FORMAT,
			"firmware: SEV metadata: offset 0x%" PRIx32
			" from the end is outside the image",
			back);
	at = o->len - back;
	c = cf_cursor(o->bytes + at, back);
	if (!cf_take(&c, 4, &magic) || !cf_take_le32(&c, &len) ||
		!cf_take_le32(&c, &version) || !cf_take_le32(&c, &count))
		return bad(p, at, "SEV metadata: header cut off");
	if (memcmp(magic, "ASEV", 4) != 0)
		return bad(p, at, "SEV metadata: signature is not 'ASEV'");
	if (version != 1)
		return cf_fail(p->err, COFFER_ERR_UNSUPPORTED,
			"firmware: offset 0x%zx: SEV metadata: version %" PRIu32
			", only 1 is known",
			at, version);
	if (len < SEV_HEADER_LEN || len > back)
		return bad(p, at, "SEV metadata: length outside the image");
	if (count > CF_OVMF_MAX_SECTIONS)
		return cf_fail(p->err, COFFER_ERR_UNSUPPORTED,
			"firmware: offset 0x%zx: SEV metadata: %" PRIu32
			" sections, at most %d are supported",
			at, count, CF_OVMF_MAX_SECTIONS);
	c = cf_cursor(o->bytes + at + SEV_HEADER_LEN, len - SEV_HEADER_LEN);
	return parse_sections(p, &c, count, at + SEV_HEADER_LEN);
}

enum coffer_status cf_ovmf_parse(const uint8_t *bytes, size_t len,
	struct cf_ovmf *out, struct coffer_error *err)
{
	struct cf_ovmf o = { .bytes = bytes, .len = len };
	struct parser p = { .o = &o, .err = err };
	enum coffer_status st = COFFER_OK;

	if (len == 0)
		return cf_fail(err, COFFER_ERR_TRUNCATED, "firmware: empty");
	if (len >= CF_4GIB)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"firmware: %zu bytes, it must end at 4 GiB", len);
	if (len >= 4 && memcmp(bytes, "IGVM", 4) == 0)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"firmware: an IGVM file, not a firmware image; it "
			"holds all of the guest and is given by itself");
	o.gpa = CF_4GIB - len;
	/* What is shorter than a page has no tables. */
	if (len >= CF_PAGE_SIZE)
		st = parse_table(&p);
	if (!st && o.has_sev_metadata)
		st = parse_sev_metadata(&p);
	if (!st)
		*out = o;
	return st;
}
