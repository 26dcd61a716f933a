/* SPDX-License-Identifier: Apache-2.0 */
/* Hex, base64, integers and GUIDs as text. */
#include "base/text.h"

#include "base/buf.h"
#include "base/bytes.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void cf_hex(char *out, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 15];
	}
	out[2 * n] = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool cf_unhex(const char *text, void *out, size_t n)
{
	uint8_t *b = out;

	if (strlen(text) != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int hi = hex_digit(text[2 * i]);
		int lo = hex_digit(text[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		b[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void cf_base64(struct cf_buf *out, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t v = (uint32_t)b[i] << 16;
		char quad[4];

		if (left > 1)
			v |= (uint32_t)b[i + 1] << 8;
		if (left > 2)
			v |= b[i + 2];
		quad[0] = base64_digits[v >> 18];
		quad[1] = base64_digits[v >> 12 & 63];
		quad[2] = left > 1 ? base64_digits[v >> 6 & 63] : '=';
		quad[3] = left > 2 ? base64_digits[v & 63] : '=';
		cf_buf_append(out, quad, 4);
	}
}

bool cf_unbase64(struct cf_buf *out, const char *text, size_t len)
{
	uint32_t bits = 0;
	unsigned have = 0, digits = 0, pads = 0;

	for (size_t i = 0; i < len; i++) {
		const char *at;

		if (isspace((unsigned char)text[i]))
			continue;
		if (text[i] == '=') {
			pads++;
			continue;
		}
		at = text[i] ? strchr(base64_digits, text[i]) : NULL;
		if (!at || pads)
			return false;
		bits = bits << 6 | (uint32_t)(at - base64_digits);
		have += 6;
		digits++;
		if (have >= 8) {
			have -= 8;
			cf_buf_u8(out, (uint8_t)(bits >> have));
			bits &= (1u << have) - 1;
		}
	}
	return (digits + pads) % 4 == 0 && pads <= 2 && digits % 4 != 1 &&
		bits == 0 && !out->failed;
}

bool cf_parse_u64(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	unsigned base = 10;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (!*text)
		return false;
	for (; *text; text++) {
		int digit = hex_digit(*text);

		if (digit < 0 || (unsigned)digit >= base)
			return false;
		if (__builtin_mul_overflow(value, base, &value) ||
			cf_add_overflow_u64(value, (uint64_t)digit, &value))
			return false;
	}
	if (value > max)
		return false;
	*out = value;
	return true;
}

bool cf_parse_size(const char *text, uint64_t default_unit, uint64_t *out)
{
	static const char suffixes[] = "bkmgt";
	char digits[32];
	size_t len = strlen(text);
	uint64_t unit = default_unit, value;
	const char *at;

	if (len == 0 || len >= sizeof(digits))
		return false;
	memcpy(digits, text, len + 1);
	at = strchr(suffixes, tolower((unsigned char)digits[len - 1]));
	if (at && strncmp(digits, "0x", 2) != 0) {
		unit = (uint64_t)1 << (10 * (at - suffixes));
		digits[len - 1] = '\0';
	}
	if (!cf_parse_u64(digits, UINT64_MAX, &value) ||
		__builtin_mul_overflow(value, unit, &value))
		return false;
	*out = value;
	return true;
}

/* Text order of the bytes of a mixed-endian GUID. */
static const uint8_t guid_order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11,
	12, 13, 14, 15 };

bool cf_guid_from_text(const char *text, uint8_t out[16])
{
	size_t at = 0;

	if (strlen(text) != 36)
		return false;
	for (size_t i = 0; i < 16; i++) {
		int hi, lo;

		if (at == 8 || at == 13 || at == 18 || at == 23)
			if (text[at++] != '-')
				return false;
		hi = hex_digit(text[at]);
		lo = hex_digit(text[at + 1]);
		if (hi < 0 || lo < 0)
			return false;
		out[guid_order[i]] = (uint8_t)(hi << 4 | lo);
		at += 2;
	}
	return true;
}

void cf_guid_to_text(char out[37], const uint8_t guid[16])
{
	size_t at = 0;

	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		cf_hex(out + at, &guid[guid_order[i]], 1);
		at += 2;
	}
}
