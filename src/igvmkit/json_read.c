/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An IGVM file from its description in JSON.  Every key must be known, every
 * value must fit its field; messages say where: "manifest: directives[3]".
 */
#include "igvmkit/view_priv.h"

#include "base/base.h"

#include <inttypes.h>
#include <json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MAX_PAGES (UINT64_C(1) << 20) /* a file holds less than 4 GiB */

struct reader {
	const struct cf_manifest_files *files;
	struct cf_igvm_writer *w;
	struct coffer_error *err;
	const char *section; /* key of the array */
	size_t index;        /* in the array */
};

/* Bytes of a "data" object: borrowed, or owned. */
struct bytes {
	const uint8_t *p;
	size_t len;
	uint8_t *owned;
};

static enum coffer_status refuse(const struct reader *r, const char *fmt, ...)
	CF_PRINTF(2, 3);

static enum coffer_status refuse(const struct reader *r, const char *fmt, ...)
{
	char text[192];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!r->section)
		return cf_fail(r->err, COFFER_ERR_FORMAT, "manifest: %s", text);
	return cf_fail(r->err, COFFER_ERR_FORMAT, "manifest: %s[%zu]: %s",
		r->section, r->index, text);
}

/* A number, or text that is one. */
static bool get_number(struct json_object *o, uint64_t max, uint64_t *out)
{
	if (json_object_is_type(o, json_type_string))
		return cf_parse_u64(json_object_get_string(o), max, out);
	if (!json_object_is_type(o, json_type_int) ||
		json_object_get_int64(o) < 0)
		return false;
	*out = json_object_get_uint64(o);
	return *out <= max;
}

/* Names that stand for numbers of one field; false: no such name. */
static bool name_to_number(const char *field, const char *name, uint64_t *out)
{
	bool platform = strcmp(field, "platform_type") == 0;

	if (!platform && strcmp(field, "data_type") != 0)
		return false;
	for (unsigned i = 0; i <= CF_IGVM_CCA; i++) {
		const char *known = platform ? cf_igvm_platform_name(i)
					     : cf_view_page_type(i);

		if (strcasecmp(known, name) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

static enum coffer_status read_field(const struct reader *r,
	struct cf_igvm_header *h, const char *key, struct json_object *o)
{
	struct cf_igvm_field_view f;
	const char *text = json_object_is_type(o, json_type_string)
		? json_object_get_string(o)
		: NULL;
	uint64_t v, max;
	size_t i;

	for (i = 0; cf_igvm_field_at(h, i, &f); i++)
		if (strcmp(f.name, key) == 0 && (f.is_bytes || !f.is_reserved))
			break;
	if (!cf_igvm_field_at(h, i, &f))
		return refuse(r, "no field '%s' in this type of header", key);
	if (f.is_bytes) {
		if (!text || strlen(text) != 2u * f.size ||
			!cf_unhex(text, f.bytes, f.size))
			return refuse(r, "%s: must be %u hex digits", key,
				2u * f.size);
		return COFFER_OK;
	}
	max = f.size == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * f.size) - 1;
	if (!get_number(o, max, &v) && !(text && name_to_number(key, text, &v)))
		return refuse(
			r, "%s: must be a number up to 0x%" PRIx64, key, max);
	cf_igvm_field_put(h, i, v);
	return COFFER_OK;
}

static enum coffer_status read_hex(
	const struct reader *r, const char *text, struct bytes *out)
{
	size_t n = strlen(text) / 2;

	out->owned = cf_alloc_array(n, 1);
	if (!out->owned)
		return cf_fail_nomem(r->err, "manifest: hex data");
	if (strlen(text) % 2 || !cf_unhex(text, out->owned, n))
		return refuse(r, "hex: must be pairs of hex digits");
	out->p = out->owned;
	out->len = n;
	return COFFER_OK;
}

static enum coffer_status read_file_part(const struct reader *r,
	struct json_object *o, const char *name, struct bytes *out)
{
	uint64_t offset = 0, length = UINT64_MAX;
	struct json_object *v;
	enum coffer_status status;
	const uint8_t *p;
	size_t len;

	if (json_object_object_get_ex(o, "offset", &v) &&
		!get_number(v, UINT64_MAX, &offset))
		return refuse(r, "data: offset must be a number");
	if (json_object_object_get_ex(o, "length", &v) &&
		!get_number(v, UINT64_MAX, &length))
		return refuse(r, "data: length must be a number");
	if (!r->files || !r->files->load)
		return refuse(r, "data: files cannot be read here");
	status = r->files->load(r->files->opaque, name, &p, &len, r->err);
	if (status)
		return cf_error_context(r->err, status, "manifest: %s[%zu]",
			r->section, r->index);
	if (length == UINT64_MAX)
		length = offset <= len ? len - offset : 0;
	if (!cf_range_ok(offset, length, len))
		return refuse(r,
			"data: %" PRIu64 " bytes at %" PRIu64
			" must lie in '%s', which has %zu",
			length, offset, name, len);
	out->p = p + offset;
	out->len = (size_t)length;
	return COFFER_OK;
}

static enum coffer_status read_data(
	const struct reader *r, struct json_object *o, struct bytes *out)
{
	struct json_object *file = NULL, *hex = NULL;
	size_t known;

	if (!json_object_is_type(o, json_type_object))
		return refuse(r, "data: must be an object");
	known = json_object_object_get_ex(o, "file", &file) +
		json_object_object_get_ex(o, "offset", NULL) +
		json_object_object_get_ex(o, "length", NULL) +
		json_object_object_get_ex(o, "hex", &hex);
	if (!file == !hex || (size_t)json_object_object_length(o) != known ||
		(hex && known != 1))
		return refuse(r,
			"data: must have 'hex', or 'file' with 'offset' and "
			"'length' as needed");
	if (hex)
		return read_hex(r, json_object_get_string(hex), out);
	return read_file_part(r, o, json_object_get_string(file), out);
}

static enum coffer_status read_type(
	const struct reader *r, struct json_object *o, struct cf_igvm_header *h)
{
	struct json_object *v = NULL;
	const char *text;
	uint64_t type;

	if (!json_object_object_get_ex(o, "type", &v) ||
		!(text = json_object_get_string(v)))
		return refuse(r, "'type' is missing");
	if (cf_parse_u64(text, CF_IGVM_OPTIONAL - 1, &type)) {
		h->type = (uint32_t)type;
		return COFFER_OK;
	}
	for (uint32_t i = 1; i <= 0x400; i++)
		if (cf_igvm_type_known(i) &&
			strcmp(cf_igvm_type_name(i) + strlen("IGVM_VHT_"),
				text) == 0) {
			h->type = i;
			return COFFER_OK;
		}
	return refuse(r, "type '%s' is no header type", text);
}

/* Write `pages` headers, each with its part of the data. */
static enum coffer_status add_headers(const struct reader *r,
	struct cf_igvm_header *h, uint64_t pages, const struct bytes *data)
{
	size_t size = h->u.page.flags & CF_IGVM_PAGE_2MB ? (size_t)CF_2MIB
							 : CF_PAGE_SIZE;
	enum coffer_status status = COFFER_OK;

	if (h->type != CF_IGVM_PAGE_DATA) {
		if (pages != 1)
			return refuse(r, "pages: only PAGE_DATA takes it");
		h->data = data->p;
		h->data_len = data->len;
		status = cf_igvm_writer_add(r->w, h, r->err);
	}
	if (h->type == CF_IGVM_PAGE_DATA && data->len > pages * size)
		return refuse(r, "data: %zu bytes do not fit %" PRIu64 " pages",
			data->len, pages);
	for (uint64_t i = 0;
		!status && h->type == CF_IGVM_PAGE_DATA && i < pages; i++) {
		size_t at = (size_t)i * size;
		size_t left = at < data->len ? data->len - at : 0;

		h->data = left ? data->p + at : NULL;
		h->data_len = left < size ? left : size;
		status = cf_igvm_writer_add(r->w, h, r->err);
		h->u.page.gpa += size;
	}
	if (status)
		return cf_error_context(r->err, status, "manifest: %s[%zu]",
			r->section, r->index);
	return COFFER_OK;
}

static enum coffer_status read_keys(const struct reader *r,
	struct json_object *o, struct cf_igvm_header *h, uint64_t *pages,
	struct bytes *data, struct bytes *content)
{
	enum coffer_status status = COFFER_OK;

	json_object_object_foreach(o, key, value)
	{
		if (strcmp(key, "type") == 0)
			continue;
		if (strcmp(key, "optional") == 0)
			h->optional = json_object_get_boolean(value);
		else if (strcmp(key, "pages") == 0)
			status = get_number(value, MAX_PAGES, pages)
				? COFFER_OK
				: refuse(r, "pages: must be a number");
		else if (strcmp(key, "data") == 0)
			status = read_data(r, value, data);
		else if (strcmp(key, "content") == 0 &&
			!cf_igvm_type_known(h->type) && !content->owned &&
			json_object_is_type(value, json_type_string))
			status = read_hex(
				r, json_object_get_string(value), content);
		else
			status = read_field(r, h, key, value);
		if (status)
			return status;
	}
	return COFFER_OK;
}

static enum coffer_status read_header(
	const struct reader *r, struct json_object *o)
{
	struct cf_igvm_header h = { 0 };
	struct bytes data = { 0 }, content = { 0 };
	uint64_t pages = 1;
	enum coffer_status status;

	if (!json_object_is_type(o, json_type_object))
		return refuse(r, "must be an object");
	status = read_type(r, o, &h);
	if (!status)
		status = read_keys(r, o, &h, &pages, &data, &content);
	if (!status && !cf_igvm_type_known(h.type)) {
		h.u.opaque.bytes = content.p;
		h.u.opaque.len = content.len;
	}
	if (!status)
		status = add_headers(r, &h, pages, &data);
	free(data.owned);
	free(content.owned);
	return status;
}

static enum coffer_status read_section(
	struct reader *r, struct json_object *root, const char *key)
{
	enum coffer_status status = COFFER_OK;
	struct json_object *list;

	if (!json_object_object_get_ex(root, key, &list))
		return COFFER_OK;
	r->section = NULL;
	if (!json_object_is_type(list, json_type_array))
		return refuse(r, "'%s' must be an array", key);
	r->section = key;
	for (size_t i = 0; !status && i < json_object_array_length(list); i++) {
		r->index = i;
		status = read_header(r, json_object_array_get_idx(list, i));
	}
	r->section = NULL;
	return status;
}

/* Format version and architecture; makes the writer. */
static enum coffer_status read_root(struct reader *r, struct json_object *root)
{
	static const char *const keys[] = { "format_version", "architecture",
		"platforms", "initializations", "directives" };
	uint64_t version = 1, arch = CF_IGVM_X64;
	struct json_object *v;

	if (!json_object_is_type(root, json_type_object))
		return refuse(r, "must be an object");
	json_object_object_foreach(root, key, value)
	{
		bool known = false;

		for (size_t i = 0; i < CF_ARRAY_LEN(keys); i++)
			known |= strcmp(key, keys[i]) == 0;
		if (!known)
			return refuse(r, "no key '%s'", key);
		(void)value;
	}
	if (json_object_object_get_ex(root, "format_version", &v) &&
		!get_number(v, 2, &version))
		return refuse(r, "format_version: must be 1 or 2");
	if (json_object_object_get_ex(root, "architecture", &v)) {
		const char *text = json_object_get_string(v);

		if (text && strcmp(text, "AARCH64") == 0)
			arch = CF_IGVM_AARCH64;
		else if (!text || strcmp(text, "X64") != 0)
			return refuse(
				r, "architecture: must be X64 or AARCH64");
	}
	return cf_igvm_writer_create(
		(unsigned)version, (enum cf_igvm_arch)arch, &r->w, r->err);
}

static struct json_object *parse_text(
	const struct reader *r, const char *text, size_t len)
{
	struct json_tokener *t = len < INT32_MAX ? json_tokener_new() : NULL;
	struct json_object *root = NULL;
	enum json_tokener_error e;

	if (!t) {
		cf_fail_nomem(r->err, "manifest: the text");
		return NULL;
	}
	root = json_tokener_parse_ex(t, text, (int)len);
	e = json_tokener_get_error(t);
	if (e == json_tokener_continue && !root)
		refuse(r, "the text ends too early");
	else if (e != json_tokener_success || !root)
		refuse(r, "byte %zu: %s", json_tokener_get_parse_end(t),
			json_tokener_error_desc(e));
	else
		for (size_t i = json_tokener_get_parse_end(t); i < len; i++)
			if (!strchr(" \t\r\n", text[i])) {
				refuse(r, "byte %zu: text after the end", i);
				json_object_put(root);
				root = NULL;
				break;
			}
	json_tokener_free(t);
	return root;
}

enum coffer_status cf_manifest_read(const char *text, size_t len,
	const struct cf_manifest_files *files, struct cf_buf *out,
	struct coffer_error *err)
{
	struct coffer_error own;
	struct reader r = { .files = files, .err = err ? err : &own };
	struct json_object *root = parse_text(&r, text, len);
	enum coffer_status status;

	if (!root)
		return r.err->status;
	status = read_root(&r, root);
	if (!status)
		status = read_section(&r, root, "platforms");
	if (!status)
		status = read_section(&r, root, "initializations");
	if (!status)
		status = read_section(&r, root, "directives");
	if (!status)
		status = cf_igvm_writer_finish(r.w, out, r.err);
	cf_igvm_writer_destroy(r.w);
	json_object_put(root);
	return status;
}
