/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An x86 ELF executable as a boot loader sees it: what to load where, and the
 * entry point that a PVH kernel names in a note.
 *
 * Sources: System V ABI, "Object Files" and "Program Loading"; Xen, public
 * header elfnote.h.
 */
#ifndef CF_IMAGE_ELF_H
#define CF_IMAGE_ELF_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CF_ELF_MAX_SEGMENTS 16

/* Memory beyond len is to be zero. */
struct cf_elf_segment {
	uint64_t vaddr, paddr;
	const uint8_t *bytes; /* borrowed */
	size_t len;
	uint64_t mem_len; /* at least len; paddr + mem_len does not wrap */
};

struct cf_elf {
	bool is_64;
	uint64_t entry; /* physical, where a segment holds it */
	bool has_pvh_entry;
	uint64_t pvh_entry; /* physical, 32-bit code */
	struct cf_elf_segment segment[CF_ELF_MAX_SEGMENTS];
	size_t nsegments; /* at least one */
};

/* Whether the file says that it is ELF. */
CF_MUST_CHECK bool cf_elf_is(const uint8_t *bytes, size_t len);

/* COFFER_ERR_TRUNCATED, _FORMAT, or _UNSUPPORTED (not x86, not little-endian,
 * more segments than fit). */
enum coffer_status cf_elf_parse(const uint8_t *bytes, size_t len,
	struct cf_elf *out, struct coffer_error *err) CF_MUST_CHECK;

#endif
