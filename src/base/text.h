/* SPDX-License-Identifier: Apache-2.0 */
/* Text encodings of bytes and numbers: hex, base64, integers. */
#ifndef CF_BASE_TEXT_H
#define CF_BASE_TEXT_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_buf;

/* Lower-case hex of n bytes plus NUL into out, which holds 2*n+1 chars. */
void cf_hex(char *out, const void *p, size_t n);

/* Exactly n bytes from 2*n hex digits of either case; false otherwise. */
CF_MUST_CHECK bool cf_unhex(const char *text, void *out, size_t n);

/* Append the base64 text (RFC 4648, padded, one line) of n bytes. */
void cf_base64(struct cf_buf *out, const void *p, size_t n);

/* Append the bytes of base64 text; white space is skipped; false if the text
 * is not base64 (bad character, wrong padding, stray bits). */
CF_MUST_CHECK bool cf_unbase64(
	struct cf_buf *out, const char *text, size_t len);

/* Whole text as an unsigned number, decimal or 0x hex; false on anything
 * else, on a sign, on overflow or when above max. */
CF_MUST_CHECK bool cf_parse_u64(const char *text, uint64_t max, uint64_t *out);

/* A size as QEMU takes it: digits with optional K, M, G, T (powers of 1024);
 * without a suffix the number counts units of default_unit bytes. */
CF_MUST_CHECK bool cf_parse_size(
	const char *text, uint64_t default_unit, uint64_t *out);

/* A GUID in its text form as 16 bytes in EFI's mixed-endian order. */
CF_MUST_CHECK bool cf_guid_from_text(const char *text, uint8_t out[16]);

/* The 36-character text form plus NUL of a mixed-endian GUID. */
void cf_guid_to_text(char out[37], const uint8_t guid[16]);

#endif
