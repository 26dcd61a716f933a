/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Linux kernel image (bzImage): its setup header, and where its parts are.
 *
 * Source: Linux, Documentation/arch/x86/boot.rst, "The Real-Mode Kernel
 * Header".
 */
#ifndef CF_IMAGE_BZIMAGE_H
#define CF_IMAGE_BZIMAGE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The header lies at the same place in the image and in boot_params. */
#define CF_BZIMAGE_HEADER 0x1f1

#define CF_BZIMAGE_LOADED_HIGH 0x01 /* loadflags */
#define CF_BZIMAGE_KERNEL_64   0x01 /* xloadflags: entry at load + 0x200 */
#define CF_BZIMAGE_ABOVE_4G    0x02

/* Fields that the protocol version lacks hold the value that the document
 * gives for it, zero where it gives none. */
struct cf_bzimage {
	const uint8_t *bytes; /* borrowed */
	size_t len;
	size_t header_end; /* in the image; copy 0x1f1 .. header_end */
	size_t setup_len;  /* real-mode part; the kernel follows it */
	size_t kernel_len; /* len - setup_len */
	uint16_t protocol; /* 0x20f */
	uint8_t loadflags;
	uint16_t xloadflags;
	bool relocatable;
	uint32_t code32_start;
	uint32_t kernel_alignment;
	uint32_t cmdline_size; /* longest command line, without NUL */
	uint32_t initrd_addr_max;
	uint64_t pref_address;
	uint32_t init_size; /* memory that it needs from its load address */
	uint32_t payload_offset, payload_len; /* in the kernel part */
};

/* Whether the file has the magic of the header. */
CF_MUST_CHECK bool cf_bzimage_is(const uint8_t *bytes, size_t len);

/* COFFER_ERR_TRUNCATED, _FORMAT (no kernel, a field that breaks a rule) or
 * _UNSUPPORTED (zImage, protocol before 2.06). */
enum coffer_status cf_bzimage_parse(const uint8_t *bytes, size_t len,
	struct cf_bzimage *out, struct coffer_error *err) CF_MUST_CHECK;

#endif
