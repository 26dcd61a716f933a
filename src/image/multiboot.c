/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a multiboot kernel. */
#include "image/multiboot.h"

#include "base/base.h"

#include <inttypes.h>

#define MAGIC      0x1BADB002u
#define SEARCH_LEN 8192u
#define HEADER_LEN 12u /* the part that every header has */

/* Of the flags that a loader must obey: modules on page boundaries, memory
 * information, a video mode (of which it is told that there is none). */
#define FLAGS_KNOWN    0x0007u
#define FLAGS_REQUIRED 0xFFFFu
#define FLAG_ADDRESSES 0x10000u

static bool find_header(
	const uint8_t *bytes, size_t len, size_t *at, uint32_t *flags)
{
	size_t end = len < SEARCH_LEN ? len : SEARCH_LEN;

	for (size_t i = 0; cf_range_ok(i, HEADER_LEN, end); i += 4) {
		struct cf_cursor c = cf_cursor(bytes + i, end - i);
		uint32_t magic, f, sum;

		if (!cf_take_le32(&c, &magic) || magic != MAGIC ||
			!cf_take_le32(&c, &f) || !cf_take_le32(&c, &sum) ||
			(uint32_t)(magic + f + sum) != 0)
			continue;
		*at = i;
		*flags = f;
		return true;
	}
	return false;
}

struct addresses {
	uint32_t header, load, load_end, bss_end, entry;
};

static enum coffer_status check_addresses(const struct addresses *a, size_t at,
	size_t len, struct coffer_error *err)
{
	if (a->header < a->load || a->header - a->load > at)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"kernel: offset 0x%zx: multiboot header at 0x%" PRIx32
			", load address 0x%" PRIx32
			": the load starts before the file",
			at, a->header, a->load);
	if (a->load_end && a->load_end < a->load)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"kernel: offset 0x%zx: load end 0x%" PRIx32
			" before the load address 0x%" PRIx32,
			at, a->load_end, a->load);
	if (a->load_end &&
		!cf_range_ok(
			at - (a->header - a->load), a->load_end - a->load, len))
		return cf_fail(err, COFFER_ERR_TRUNCATED,
			"kernel: offset 0x%zx: load end 0x%" PRIx32
			" passes the end of the file",
			at, a->load_end);
	return COFFER_OK;
}

/* The image as its address fields describe it. */
static enum coffer_status parse_addresses(const uint8_t *bytes, size_t len,
	struct cf_multiboot *k, struct coffer_error *err)
{
	struct cf_elf_segment *g = &k->elf.segment[0];
	struct cf_cursor c =
		cf_cursor(bytes + k->header_at, len - k->header_at);
	struct addresses a;
	size_t from;
	enum coffer_status s;

	if (!cf_skip(&c, HEADER_LEN) || !cf_take_le32(&c, &a.header) ||
		!cf_take_le32(&c, &a.load) || !cf_take_le32(&c, &a.load_end) ||
		!cf_take_le32(&c, &a.bss_end) || !cf_take_le32(&c, &a.entry))
		return cf_fail(err, COFFER_ERR_TRUNCATED,
			"kernel: offset 0x%zx: multiboot header passes the end "
			"of the file",
			k->header_at);
	s = check_addresses(&a, k->header_at, len, err);
	if (s)
		return s;
	from = k->header_at - (a.header - a.load);
	g->bytes = bytes + from;
	g->len = a.load_end ? a.load_end - a.load : len - from;
	g->vaddr = g->paddr = a.load;
	g->mem_len = g->len;
	if (a.bss_end && a.bss_end < a.load + (uint64_t)g->len)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"kernel: offset 0x%zx: bss end 0x%" PRIx32
			" before the load end",
			k->header_at, a.bss_end);
	if (a.bss_end)
		g->mem_len = a.bss_end - a.load;
	k->elf.nsegments = 1;
	k->elf.entry = a.entry;
	return COFFER_OK;
}

static enum coffer_status parse_elf(const uint8_t *bytes, size_t len,
	struct cf_multiboot *k, struct coffer_error *err)
{
	enum coffer_status s;

	if (!cf_elf_is(bytes, len))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"kernel: offset 0x%zx: the multiboot header has no "
			"address fields, and the file is not ELF",
			k->header_at);
	s = cf_elf_parse(bytes, len, &k->elf, err);
	if (s == COFFER_OK && k->elf.is_64)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"kernel: offset 0x4: a multiboot kernel in a 64-bit ELF "
			"file; give a 32-bit one");
	return s;
}

bool cf_multiboot_is(const uint8_t *bytes, size_t len)
{
	size_t at;
	uint32_t flags;

	return find_header(bytes, len, &at, &flags);
}

enum coffer_status cf_multiboot_parse(const uint8_t *bytes, size_t len,
	struct cf_multiboot *out, struct coffer_error *err)
{
	struct cf_multiboot k = { 0 };
	enum coffer_status s;

	if (!find_header(bytes, len, &k.header_at, &k.flags))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"kernel: no multiboot header in the first %u bytes",
			SEARCH_LEN);
	if (k.flags & FLAGS_REQUIRED & ~FLAGS_KNOWN)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"kernel: offset 0x%zx: multiboot flags 0x%" PRIx32
			" require what version 1 does not define",
			k.header_at + 4, k.flags);
	s = k.flags & FLAG_ADDRESSES ? parse_addresses(bytes, len, &k, err)
				     : parse_elf(bytes, len, &k, err);
	if (s == COFFER_OK)
		*out = k;
	return s;
}
