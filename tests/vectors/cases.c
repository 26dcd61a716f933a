/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters and input files of a row. */
#include "cases.h"

#include "crypto/crypto.h"

#include <stdarg.h>

#define MAX_PATH 512

void case_skip(struct vcase *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "# SKIP %s: ", v->id);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	v->skipped = true;
}

/* Where the value of a key begins; NULL: the key is absent. */
static const char *find_value(const char *text, const char *key)
{
	const size_t n = strlen(key);

	for (const char *p = text; (p = strstr(p, key)); p += n) {
		const char *after = p + n;

		if (p != text && p[-1] != ' ' && p[-1] != ';')
			continue;
		if (*after == '(') {
			after = strchr(after, ')');
			if (!after)
				return NULL;
			after++;
		}
		if (*after == '=')
			return after + 1;
	}
	return NULL;
}

bool case_param(const char *text, const char *key, char *out, size_t size)
{
	const char *value = find_value(text, key), *end;

	if (!value)
		return false;
	if (*value == '"') {
		value++;
		end = strchr(value, '"');
	} else {
		end = strchr(value, ';');
	}
	if (!end)
		end = value + strlen(value);
	assert_true((size_t)(end - value) < size);
	memcpy(out, value, (size_t)(end - value));
	out[end - value] = '\0';
	return true;
}

uint64_t case_number(const struct vcase *v, const char *key, uint64_t fallback)
{
	char text[256];

	if (!case_param(v->parameters, key, text, sizeof(text)))
		return fallback;
	return strtoull(text, NULL, 0);
}

/* One input as it stands in the row: a name, or "Debian ... sha256=...". */
static bool input_text(const char *inputs, size_t i, char *out, size_t size)
{
	const char *p = inputs;

	while (*p) {
		const char *end;

		while (*p == ' ' || *p == '+')
			p++;
		if (strncmp(p, "Debian ", 7) == 0)
			end = strstr(p, " + ");
		else
			end = strchr(p, ' ');
		if (!end)
			end = p + strlen(p);
		if (i-- == 0 && end > p) {
			assert_true((size_t)(end - p) < size);
			memcpy(out, p, (size_t)(end - p));
			out[end - p] = '\0';
			return true;
		}
		p = end;
	}
	return false;
}

static bool has_sha256(const struct cf_mapping *m, const char *want)
{
	struct coffer_error err;
	uint8_t digest[32];
	char hex[65];

	assert_ok(cf_sha256(m->data, m->len, digest, &err));
	cf_hex(hex, digest, sizeof(digest));
	return strncmp(hex, want, 64) == 0;
}

/* "Debian PACKAGE VERSION: /path sha256=HEX" from the unpacked packages. */
static bool debian_input(
	struct vcase *v, const char *text, struct cf_mapping *out)
{
	const char *cache = getenv("COFFER_GUEST_CACHE");
	const char *path = strstr(text, ": /"), *sha = strstr(text, "sha256=");
	const char *folder =
		strncmp(text, "Debian ovmf", 11) == 0 ? "ovmf" : "kernel";
	char name[MAX_PATH];

	assert_non_null(path);
	assert_non_null(sha);
	if (!cache) {
		case_skip(v, "COFFER_GUEST_CACHE is not set: %s", text);
		return false;
	}
	snprintf(name, sizeof(name), "%s/guests/%s%.*s", cache, folder,
		(int)(sha - 1 - (path + 2)), path + 2);
	if (cf_map_file(name, out, NULL) != COFFER_OK) {
		case_skip(v, "not in the guest cache: %s", text);
		return false;
	}
	if (has_sha256(out, sha + 7))
		return true;
	case_skip(v, "the cache has another version: %s", text);
	cf_unmap_file(out);
	return false;
}

static bool open_input(
	struct vcase *v, const char *text, struct cf_mapping *out)
{
	struct coffer_error err;
	char path[MAX_PATH];

	if (strncmp(text, "Debian ", 7) == 0)
		return debian_input(v, text, out);
	snprintf(path, sizeof(path), "%s/%s", getenv("COFFER_VECTORS"), text);
	assert_ok(cf_map_file(path, out, &err));
	return true;
}

bool case_input(struct vcase *v, size_t i, struct cf_mapping *out)
{
	char text[MAX_PATH];

	return input_text(v->inputs, i, text, sizeof(text)) &&
		open_input(v, text, out);
}

bool case_input_named(struct vcase *v, const char *part, struct cf_mapping *out)
{
	char text[MAX_PATH];

	for (size_t i = 0; input_text(v->inputs, i, text, sizeof(text)); i++)
		if (strstr(text, part))
			return open_input(v, text, out);
	return false;
}

void case_assert_hex(const uint8_t *p, size_t n, const char *want)
{
	char hex[129];

	assert_true(n <= 64);
	cf_hex(hex, p, n);
	assert_string_equal(hex, want);
}
