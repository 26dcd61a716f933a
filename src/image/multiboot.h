/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A multiboot 1 kernel: its header, and what it has loaded where.
 *
 * Source: the Multiboot Specification, version 0.6.96, "OS image format".
 */
#ifndef CF_IMAGE_MULTIBOOT_H
#define CF_IMAGE_MULTIBOOT_H

#include "base/error.h"
#include "image/elf.h"

/* Either what the address fields say, as one segment, or those of the ELF
 * file. */
struct cf_multiboot {
	size_t header_at; /* in the file */
	uint32_t flags;
	struct cf_elf elf; /* entry, segments */
};

/* Whether the first 8 KiB hold a header: aligned, with a good checksum. */
CF_MUST_CHECK bool cf_multiboot_is(const uint8_t *bytes, size_t len);

/* COFFER_ERR_TRUNCATED, _FORMAT, or _UNSUPPORTED (it requires a feature that
 * is not known; a 64-bit ELF file). */
enum coffer_status cf_multiboot_parse(const uint8_t *bytes, size_t len,
	struct cf_multiboot *out, struct coffer_error *err) CF_MUST_CHECK;

#endif
