/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs, fields and comparisons for the handlers. */
#include "vectors.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_INPUT ((size_t)64 << 20)

bool vector_fail(struct cf_buf *why, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cf_buf_printf(why, "%s%s", why->len ? "; " : "", text);
	return false;
}

/* The i-th word of the inputs column. */
static bool input_word(
	const struct vector_row *row, size_t i, const char **p, size_t *n)
{
	const char *at = row->inputs;

	if (strcmp(at, "(none)") == 0)
		return false;
	for (;;) {
		at += strspn(at, " ");
		*p = at;
		*n = strcspn(at, " ");
		if (!*n)
			return false;
		if (i-- == 0)
			return true;
		at += *n;
	}
}

size_t vector_ninputs(const struct vector_row *row)
{
	const char *p;
	size_t i = 0, n;

	while (input_word(row, i, &p, &n))
		i++;
	return i;
}

void vector_input_name(
	const struct vector_row *row, size_t i, char *out, size_t size)
{
	const char *p, *slash;
	size_t n;

	out[0] = '\0';
	if (!input_word(row, i, &p, &n))
		return;
	slash = memrchr(p, '/', n);
	if (slash) {
		n -= (size_t)(slash + 1 - p);
		p = slash + 1;
	}
	snprintf(out, size, "%.*s", (int)n, p);
}

bool vector_input(const struct vector_row *row, size_t i, uint8_t **data,
	size_t *len, struct cf_buf *why)
{
	struct coffer_error err;
	const char *p;
	char path[1024];
	size_t n;

	if (!input_word(row, i, &p, &n))
		return vector_fail(why, "no input %zu", i);
	snprintf(path, sizeof(path), "%s/%.*s", row->folder, (int)n, p);
	if (cf_read_file(path, MAX_INPUT, data, len, &err))
		return vector_fail(why, "%s", err.msg);
	return true;
}

bool vector_field(const char *list, const char *separators, const char *name,
	char *out, size_t size)
{
	size_t len = strlen(name);

	while (*list) {
		size_t n = strcspn(list, separators);

		if (n > len && list[len] == '=' &&
			memcmp(list, name, len) == 0) {
			snprintf(out, size, "%.*s", (int)(n - len - 1),
				list + len + 1);
			return true;
		}
		list += n;
		list += strspn(list, separators);
		list += strspn(list, " ");
	}
	return false;
}

bool vector_hex(const char *list, const char *name, uint8_t *out, size_t n)
{
	char text[8192];

	return vector_field(list, ";", name, text, sizeof(text)) &&
		cf_unhex(text, out, n);
}

bool vector_u64(const char *list, const char *name, uint64_t *out)
{
	char text[64];

	return vector_field(list, ";", name, text, sizeof(text)) &&
		cf_parse_u64(text, UINT64_MAX, out);
}

bool vector_base64(const char *list, const char *name, struct cf_buf *out)
{
	char text[8192];

	return vector_field(list, ";", name, text, sizeof(text)) &&
		cf_unbase64(out, text, strlen(text));
}

bool vector_same_hex(struct cf_buf *why, const char *name, const uint8_t *has,
	const uint8_t *want, size_t n)
{
	char text[2 * 64 + 1];

	if (memcmp(has, want, n) == 0)
		return true;
	cf_hex(text, has, n < 64 ? n : 64);
	return vector_fail(why, "%s: %s is not what is expected", name, text);
}

bool vector_expect_hex(const struct vector_row *row, struct cf_buf *why,
	const char *name, const uint8_t *has, size_t n)
{
	uint8_t want[4096];

	if (n > sizeof(want) || !vector_hex(row->expected, name, want, n))
		return vector_fail(
			why, "%s: not %zu bytes of hex in the row", name, n);
	return vector_same_hex(why, name, has, want, n);
}

bool vector_expect_u64(const struct vector_row *row, struct cf_buf *why,
	const char *name, uint64_t has)
{
	uint64_t want;

	if (!vector_u64(row->expected, name, &want))
		return vector_fail(why, "%s: no number in the row", name);
	if (has != want)
		return vector_fail(
			why, "%s: %" PRIu64 ", want %" PRIu64, name, has, want);
	return true;
}

bool vector_known_fields(const struct vector_row *row, struct cf_buf *why,
	const char *const *names)
{
	const char *at = row->expected;

	while (*at) {
		size_t n = strcspn(at, ";"), key = strcspn(at, "=");
		size_t i = 0;

		while (names[i] &&
			(strlen(names[i]) != key ||
				memcmp(names[i], at, key) != 0))
			i++;
		if (!names[i])
			return vector_fail(why, "field '%.*s' is not checked",
				(int)key, at);
		at += n;
		at += strspn(at, "; ");
	}
	return true;
}
