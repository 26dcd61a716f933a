/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file as JSON: the description that it can be built from again, or the
 * view for programs, which is the same plus positions, registers and, for the
 * page, digests.
 */
#include "igvmkit/view_priv.h"

#include "base/base.h"
#include "crypto/crypto.h"

#include <inttypes.h>
#include <json.h>
#include <stdio.h>
#include <string.h>

struct writer {
	const struct cf_igvm *file;
	const uint8_t *bytes;  /* of the file */
	const char *data_name; /* description: the file to take data from */
	const char *page_name; /* page: what it is called */
	size_t len;            /* page: of the file */
	size_t ndigests;       /* so far */
	bool failed;
};

/* A page shows one digest per 4 KiB up to this many, then none: 64 MiB. */
#define MAX_DIGESTS 16384

/* NULL stands for "no memory" in json-c; one flag collects it. */
static void put(struct writer *w, struct json_object *to, const char *key,
	struct json_object *value)
{
	if (!value || json_object_object_add(to, key, value)) {
		json_object_put(value);
		w->failed = true;
	}
}

static struct json_object *hex_number(uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, v);
	return json_object_new_string(text);
}

static struct json_object *hex_bytes(const uint8_t *p, size_t n)
{
	char *text = cf_alloc_array(2 * n + 1, 1);
	struct json_object *o = NULL;

	if (text) {
		cf_hex(text, p, n);
		o = json_object_new_string(text);
	}
	free(text);
	return o;
}

static struct json_object *field_value(const struct cf_igvm_field_view *f)
{
	if (f->is_bytes)
		return hex_bytes(f->bytes, f->size);
	if (strcmp(f->name, "platform_type") == 0)
		return json_object_new_string(
			cf_igvm_platform_name((unsigned)f->value));
	if (strcmp(f->name, "data_type") == 0)
		return json_object_new_string(
			cf_view_page_type((unsigned)f->value));
	if (f->is_hex)
		return hex_number(f->value);
	return json_object_new_int64((int64_t)f->value);
}

/* Bytes that are all zero are left out: zero is what is not said. */
static void put_fields(
	struct writer *w, struct json_object *o, struct cf_igvm_header *h)
{
	struct cf_igvm_field_view f;

	for (size_t i = 0; cf_igvm_field_at(h, i, &f); i++) {
		if (f.is_bytes ? cf_is_zero(f.bytes, f.size) : f.is_reserved)
			continue;
		put(w, o, f.name, field_value(&f));
	}
	if (!cf_igvm_type_known(h->type))
		put(w, o, "content",
			hex_bytes(h->u.opaque.bytes, h->u.opaque.len));
}

static void put_data(struct writer *w, struct json_object *o,
	const struct cf_igvm_header *h, size_t len)
{
	struct json_object *d;

	if (!h->data)
		return;
	d = json_object_new_object();
	if (w->data_name)
		put(w, d, "file", json_object_new_string(w->data_name));
	put(w, d, "offset", json_object_new_int64(h->data - w->bytes));
	put(w, d, "length", json_object_new_int64((int64_t)len));
	put(w, o, "data", d);
}

/* SHA-384 of each page of the data, which secure processors measure. */
static void put_digests(struct writer *w, struct json_object *o,
	const struct cf_igvm_header *h, size_t len)
{
	struct json_object *list;
	uint8_t digest[CF_SHA384_LEN];

	if (!h->data || len % CF_PAGE_SIZE ||
		len / CF_PAGE_SIZE > MAX_DIGESTS - w->ndigests)
		return;
	w->ndigests += len / CF_PAGE_SIZE;
	list = json_object_new_array();
	for (size_t at = 0; at < len; at += CF_PAGE_SIZE) {
		struct json_object *text = NULL;

		if (!cf_sha384(h->data + at, CF_PAGE_SIZE, digest, NULL))
			text = hex_bytes(digest, sizeof(digest));
		if (!text || !list || json_object_array_add(list, text)) {
			json_object_put(text);
			w->failed = true;
			break;
		}
	}
	put(w, o, "digests", list);
}

struct registers {
	struct writer *w;
	struct json_object *o;
};

static void put_register(void *opaque, const char *name, const char *value)
{
	struct registers *r = opaque;

	put(r->w, r->o, name, json_object_new_string(value));
}

/* `pages` headers like h, which follow each other in every respect. */
static struct json_object *entry(
	struct writer *w, struct cf_igvm_header *h, size_t pages)
{
	struct json_object *o = json_object_new_object();
	const char *name = cf_igvm_type_name(h->type) + strlen("IGVM_VHT_");

	if (!o)
		return NULL;
	put(w, o, "type",
		cf_igvm_type_known(h->type) ? json_object_new_string(name)
					    : hex_number(h->type));
	if (h->optional)
		put(w, o, "optional", json_object_new_boolean(true));
	if (!w->data_name) {
		put(w, o, "index", json_object_new_int64((int64_t)h->index));
		put(w, o, "position",
			json_object_new_int64((int64_t)h->position));
	}
	put_fields(w, o, h);
	if (pages > 1)
		put(w, o, "pages", json_object_new_int64((int64_t)pages));
	put_data(w, o, h, h->data_len * pages);
	if (w->page_name)
		put_digests(w, o, h, h->data_len * pages);
	if (!w->data_name &&
		cf_view_context_kind(w->file, h) != CF_VIEW_NO_CONTEXT) {
		struct registers r = { w, json_object_new_object() };

		cf_view_registers(w->file, h, put_register, &r);
		put(w, o, "registers", r.o);
	}
	return o;
}

/* How many pages from index on are one entry: a run, but with its data in one
 * piece. */
static size_t pages_at(
	const struct writer *w, size_t index, const struct cf_view_run *run)
{
	size_t n = run->last - run->first.index + 1;
	struct cf_igvm_header h;

	if (run->first.type != CF_IGVM_PAGE_DATA || !run->first.data)
		return n;
	for (size_t i = 1; i < n; i++) {
		cf_igvm_get(w->file, CF_IGVM_DIRECTIVES, index + i, &h);
		if (h.data != run->first.data + i * run->first.data_len)
			return i;
	}
	return n;
}

static struct json_object *section(
	struct writer *w, enum cf_igvm_section section_id)
{
	size_t n = cf_igvm_count(w->file, section_id), step;
	struct json_object *list = json_object_new_array(), *o;
	struct cf_view_run run;

	for (size_t i = 0; list && i < n; i += step) {
		step = 1;
		if (section_id == CF_IGVM_DIRECTIVES) {
			cf_view_run_at(w->file, i, &run);
			step = pages_at(w, i, &run);
		} else {
			cf_igvm_get(w->file, section_id, i, &run.first);
		}
		o = entry(w, &run.first, step);
		if (!o || json_object_array_add(list, o)) {
			json_object_put(o);
			w->failed = true;
		}
	}
	return list;
}

static enum coffer_status write_json(
	struct writer *w, struct cf_buf *out, struct coffer_error *err)
{
	struct json_object *o = json_object_new_object();
	const char *text = NULL;
	/* In a page, "/" stays escaped: "</script>" must not occur. */
	int flags = w->page_name
		? JSON_C_TO_STRING_PLAIN
		: JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			JSON_C_TO_STRING_NOSLASHESCAPE;

	if (o && w->page_name) {
		put(w, o, "name", json_object_new_string(w->page_name));
		put(w, o, "size", json_object_new_int64((int64_t)w->len));
	}
	if (o) {
		put(w, o, "format_version",
			json_object_new_int(
				(int)cf_igvm_format_version(w->file)));
		put(w, o, "architecture",
			json_object_new_string(
				cf_igvm_arch(w->file) == CF_IGVM_X64
					? "X64"
					: "AARCH64"));
		put(w, o, "platforms", section(w, CF_IGVM_PLATFORMS));
		put(w, o, "initializations",
			section(w, CF_IGVM_INITIALIZATIONS));
		put(w, o, "directives", section(w, CF_IGVM_DIRECTIVES));
		text = json_object_to_json_string_ext(o, flags);
	}
	if (text)
		cf_buf_printf(out, "%s\n", text);
	json_object_put(o);
	if (!text || w->failed || out->failed)
		return cf_fail_nomem(err, "the JSON text");
	return COFFER_OK;
}

enum coffer_status cf_view_json(const struct cf_igvm *file,
	const uint8_t *bytes, struct cf_buf *out, struct coffer_error *err)
{
	struct writer w = { .file = file, .bytes = bytes };

	return write_json(&w, out, err);
}

enum coffer_status cf_manifest_write(const struct cf_igvm *file,
	const uint8_t *bytes, const char *data_name, struct cf_buf *out,
	struct coffer_error *err)
{
	struct writer w = {
		.file = file,
		.bytes = bytes,
		.data_name = data_name,
	};

	return write_json(&w, out, err);
}

/* The page is made by src/igvmkit/page.html around the data. */
enum coffer_status cf_view_html(const struct cf_igvm *file,
	const uint8_t *bytes, size_t len, const char *name, struct cf_buf *out,
	struct coffer_error *err)
{
	static const char mark[] = "@DATA@";
	const char *at = strstr(cf_view_page, mark);
	struct writer w = {
		.file = file,
		.bytes = bytes,
		.page_name = name,
		.len = len,
	};
	enum coffer_status status;

	cf_buf_append(out, cf_view_page, (size_t)(at - cf_view_page));
	status = write_json(&w, out, err);
	at += strlen(mark);
	cf_buf_append(out, at, strlen(at));
	if (!status && out->failed)
		status = cf_fail_nomem(err, "the page");
	return status;
}
