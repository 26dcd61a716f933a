/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between two files, platform by platform: not bytes of the
 * files, but what a loader would do with them.  Headers are matched by what
 * they are about (the page at an address, the context of a VP, ...), so that
 * masks, file offsets and the place in the file don't matter, except that the
 * order of what is measured does.
 */
#include "igvmkit/view_priv.h"

#include "base/base.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct item {
	uint32_t type;
	uint64_t key; /* what the header is about, within its type */
	enum cf_igvm_section section;
	size_t index;
};

struct items {
	struct item *item;
	size_t n, cap;
};

struct diff {
	const struct cf_igvm *file[2];
	cf_diff_fn *report;
	void *opaque;
	struct coffer_error *err;
	int platform; /* of the differences that are found; -1: of the file */
	size_t found;
};

static void report(struct diff *d, const char *what, const char *where,
	const char *a, const char *b)
{
	const struct cf_difference x = { d->platform, what, where, a, b };

	d->found++;
	d->report(d->opaque, &x);
}

static uint64_t key_of(const struct cf_igvm_header *h)
{
	switch (h->type) {
	case CF_IGVM_PAGE_DATA:
		return h->u.page.gpa;
	case CF_IGVM_VP_CONTEXT:
		return h->u.vp_context.vp_index;
	case CF_IGVM_REQUIRED_MEMORY:
		return h->u.required_memory.gpa;
	case CF_IGVM_ERROR_RANGE:
		return h->u.error_range.gpa;
	case CF_IGVM_PARAMETER_INSERT:
		return h->u.parameter_insert.gpa;
	case CF_IGVM_PARAMETER_AREA:
		return h->u.parameter_area.index;
	case CF_IGVM_RELOCATABLE_REGION:
		return h->u.relocatable.gpa;
	case CF_IGVM_GUEST_POLICY:
	case CF_IGVM_CCA_POLICY:
	case CF_IGVM_CORIM_DOCUMENT:
	case CF_IGVM_CORIM_SIGNATURE:
	case CF_IGVM_PAGE_TABLE_RELOCATION_REGION:
	case CF_IGVM_SNP_ID_BLOCK:
	case CF_IGVM_VBS_MEASUREMENT:
		return 0;
	default: /* parameters; what is unknown is known by its type alone */
		if (!cf_igvm_type_known(h->type))
			return 0;
		return (uint64_t)h->u.parameter.index << 32 |
			h->u.parameter.byte_offset;
	}
}

static void describe(const struct item *i, char *out, size_t size)
{
	const char *name = cf_igvm_type_name(i->type) + strlen("IGVM_VHT_");

	switch (i->type) {
	case CF_IGVM_VP_CONTEXT:
		snprintf(out, size, "vp %" PRIu64, i->key);
		break;
	case CF_IGVM_PAGE_DATA:
		snprintf(out, size, "page 0x%" PRIx64, i->key);
		break;
	case CF_IGVM_PARAMETER_AREA:
		snprintf(out, size, "%s %" PRIu64, name, i->key);
		break;
	case CF_IGVM_REQUIRED_MEMORY:
	case CF_IGVM_ERROR_RANGE:
	case CF_IGVM_PARAMETER_INSERT:
	case CF_IGVM_RELOCATABLE_REGION:
		snprintf(out, size, "%s 0x%" PRIx64, name, i->key);
		break;
	default:
		if (!cf_igvm_type_known(i->type))
			snprintf(out, size, "type 0x%x", i->type);
		else if (i->key)
			snprintf(out, size, "%s area %" PRIu64 " offset %u",
				name, i->key >> 32, (uint32_t)i->key);
		else
			snprintf(out, size, "%s", name);
		break;
	}
}

static int by_subject(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int by_place(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* The headers of one platform, in the order of the file. */
static bool collect(
	const struct cf_igvm *file, uint32_t mask, struct items *out)
{
	struct cf_igvm_header h;

	for (unsigned s = CF_IGVM_INITIALIZATIONS; s < CF_IGVM_NSECTIONS; s++)
		for (size_t i = 0; i < cf_igvm_count(file, s); i++) {
			cf_igvm_get(file, s, i, &h);
			if (h.compatibility_mask &&
				!(h.compatibility_mask & mask))
				continue;
			if (!cf_grow_array(&out->item, &out->cap, out->n + 1,
				    sizeof(*out->item)))
				return false;
			out->item[out->n++] = (struct item) { h.type,
				key_of(&h), (enum cf_igvm_section)s, i };
		}
	return true;
}

/* Bytes of two blobs, the shorter one continued with zeros. */
static void compare_data(struct diff *d, const char *where,
	const struct cf_igvm_header *a, const struct cf_igvm_header *b)
{
	size_t n = a->data_len > b->data_len ? a->data_len : b->data_len;
	size_t first = n, count = 0;
	char text[2][64], what[80];
	uint8_t bytes[2][16];

	if (a->data_len == b->data_len &&
		(n == 0 || memcmp(a->data, b->data, n) == 0))
		return;
	for (size_t i = 0; i < n; i++) {
		uint8_t x = i < a->data_len ? a->data[i] : 0;
		uint8_t y = i < b->data_len ? b->data[i] : 0;

		if (x == y)
			continue;
		if (!count++)
			first = i;
	}
	if (!count)
		return;
	n = n - first < sizeof(bytes[0]) ? n - first : sizeof(bytes[0]);
	for (size_t i = 0; i < n; i++) {
		bytes[0][i] = first + i < a->data_len ? a->data[first + i] : 0;
		bytes[1][i] = first + i < b->data_len ? b->data[first + i] : 0;
	}
	cf_hex(text[0], bytes[0], n);
	cf_hex(text[1], bytes[1], n);
	snprintf(what, sizeof(what), "%s: %zu byte%s from offset 0x%zx on",
		where, count, count == 1 ? "" : "s", first);
	report(d, "data", what, text[0], text[1]);
}

static void field_text(const struct cf_igvm_field_view *f, char *out)
{
	if (f->is_bytes)
		cf_hex(out, f->bytes, f->size < 48 ? f->size : 48);
	else
		snprintf(out, 24, f->is_hex ? "0x%" PRIx64 : "%" PRIu64,
			f->value);
}

/* All fields but the mask, which is a matter of numbering. */
static void compare_fields(struct diff *d, const char *where,
	struct cf_igvm_header *a, struct cf_igvm_header *b)
{
	struct cf_igvm_field_view x, y;
	char text[2][100], what[128];

	for (size_t i = 0;
		cf_igvm_field_at(a, i, &x) && cf_igvm_field_at(b, i, &y); i++) {
		bool same = x.is_bytes ? memcmp(x.bytes, y.bytes, x.size) == 0
				       : x.value == y.value;

		if (same || strcmp(x.name, "compatibility_mask") == 0)
			continue;
		field_text(&x, text[0]);
		field_text(&y, text[1]);
		snprintf(what, sizeof(what), "%s: %s", where, x.name);
		report(d, "field", what, text[0], text[1]);
	}
}

struct registers {
	struct {
		char name[24];
		char value[112];
	} reg[96];
	size_t n;
};

static void note_register(void *opaque, const char *name, const char *value)
{
	struct registers *r = opaque;

	if (r->n == CF_ARRAY_LEN(r->reg))
		return; /* the data is compared as well */
	snprintf(r->reg[r->n].name, sizeof(r->reg[0].name), "%s", name);
	snprintf(r->reg[r->n].value, sizeof(r->reg[0].value), "%s", value);
	r->n++;
}

static const char *register_value(const struct registers *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->reg[i].name, name) == 0)
			return r->reg[i].value;
	return NULL;
}

/* Registers by name; bytes that are no register's as bytes. */
static void compare_contexts(struct diff *d, const char *where,
	const struct cf_igvm_header *a, const struct cf_igvm_header *b)
{
	struct registers r[2] = { { .n = 0 }, { .n = 0 } };
	size_t before = d->found;
	char what[64];

	cf_view_registers(d->file[0], a, note_register, &r[0]);
	cf_view_registers(d->file[1], b, note_register, &r[1]);
	for (size_t i = 0; i < r[0].n; i++) {
		const char *other = register_value(&r[1], r[0].reg[i].name);

		snprintf(what, sizeof(what), "%s: %s", where, r[0].reg[i].name);
		if (!other || strcmp(other, r[0].reg[i].value) != 0)
			report(d, "register", what, r[0].reg[i].value,
				other ? other : "0");
	}
	for (size_t i = 0; i < r[1].n; i++) {
		snprintf(what, sizeof(what), "%s: %s", where, r[1].reg[i].name);
		if (!register_value(&r[0], r[1].reg[i].name))
			report(d, "register", what, "0", r[1].reg[i].value);
	}
	if (d->found == before)
		compare_data(d, where, a, b);
}

static void compare_pair(
	struct diff *d, const struct item *x, const struct item *y)
{
	struct cf_igvm_header a, b;
	char where[96];

	describe(x, where, sizeof(where));
	cf_igvm_get(d->file[0], x->section, x->index, &a);
	cf_igvm_get(d->file[1], y->section, y->index, &b);
	compare_fields(d, where, &a, &b);
	if (!cf_igvm_type_known(a.type) &&
		(a.u.opaque.len != b.u.opaque.len ||
			memcmp(a.u.opaque.bytes, b.u.opaque.bytes,
				a.u.opaque.len) != 0))
		report(d, "field", where, "other content", "other content");
	if (a.type == CF_IGVM_VP_CONTEXT)
		compare_contexts(d, where, &a, &b);
	else
		compare_data(d, where, &a, &b);
}

/* Headers that only one side has; pages that follow each other are one. */
static size_t report_single(
	struct diff *d, const struct items *l, size_t i, size_t end, bool first)
{
	const struct item *x = &l->item[i];
	size_t n = 1;
	char where[128];

	describe(x, where, sizeof(where));
	if (x->type == CF_IGVM_PAGE_DATA)
		while (i + n < end && l->item[i + n].type == x->type &&
			l->item[i + n].key == x->key + n * CF_PAGE_SIZE)
			n++;
	if (n > 1)
		snprintf(where, sizeof(where),
			"pages 0x%" PRIx64 " to 0x%" PRIx64 " (%zu)", x->key,
			x->key + (n - 1) * CF_PAGE_SIZE, n);
	report(d, "header", where, first ? "present" : "absent",
		first ? "absent" : "present");
	return i + n;
}

/* How many items from i on the other list, from j on, does not have. */
static size_t singles_end(
	const struct items *l, size_t i, const struct items *other, size_t j)
{
	while (i < l->n &&
		(j == other->n || l->item[i].type < other->item[j].type ||
			(l->item[i].type == other->item[j].type &&
				l->item[i].key < other->item[j].key)))
		i++;
	return i;
}

static bool is_measured(uint32_t type)
{
	return type == CF_IGVM_PAGE_DATA || type == CF_IGVM_VP_CONTEXT ||
		type == CF_IGVM_PARAMETER_INSERT;
}

/* With the same headers on both sides: do the measured ones come in the same
 * order? */
static void compare_order(
	struct diff *d, const struct items *a, const struct items *b)
{
	char x[96], y[96];
	size_t j = 0;

	for (size_t i = 0; i < a->n; i++) {
		if (!is_measured(a->item[i].type))
			continue;
		while (j < b->n && !is_measured(b->item[j].type))
			j++;
		if (j == b->n)
			return;
		if (a->item[i].type != b->item[j].type ||
			a->item[i].key != b->item[j].key) {
			describe(&a->item[i], x, sizeof(x));
			describe(&b->item[j], y, sizeof(y));
			report(d, "order", "first of those in another order", x,
				y);
			return;
		}
		j++;
	}
}

/* Both lists are in order of subjects.  True when they have the same. */
static bool compare_items(struct diff *d, const struct items l[2])
{
	size_t i = 0, j = 0, end;
	bool same = true;

	while (i < l[0].n || j < l[1].n) {
		for (end = singles_end(&l[0], i, &l[1], j); i < end;
			same = false)
			i = report_single(d, &l[0], i, end, true);
		for (end = singles_end(&l[1], j, &l[0], i); j < end;
			same = false)
			j = report_single(d, &l[1], j, end, false);
		if (i < l[0].n && j < l[1].n &&
			l[0].item[i].type == l[1].item[j].type &&
			l[0].item[i].key == l[1].item[j].key)
			compare_pair(d, &l[0].item[i++], &l[1].item[j++]);
	}
	return same;
}

static void compare_platform_headers(
	struct diff *d, enum cf_igvm_platform_type type)
{
	struct cf_igvm_header h[2];

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0;
			i < cf_igvm_count(d->file[k], CF_IGVM_PLATFORMS); i++) {
			cf_igvm_get(d->file[k], CF_IGVM_PLATFORMS, i, &h[k]);
			if (h[k].type == CF_IGVM_SUPPORTED_PLATFORM &&
				h[k].u.platform.platform_type == type)
				break;
		}
	compare_fields(d, "platform", &h[0], &h[1]);
}

static void sort_items(
	struct items *l, int (*order)(const void *, const void *))
{
	if (l->n)
		qsort(l->item, l->n, sizeof(*l->item), order);
}

static enum coffer_status compare_platform(
	struct diff *d, enum cf_igvm_platform_type type)
{
	struct items l[2] = { { NULL, 0, 0 }, { NULL, 0, 0 } };
	bool fine = true;

	for (size_t k = 0; k < 2; k++)
		fine = fine &&
			collect(d->file[k], cf_igvm_mask_of(d->file[k], type),
				&l[k]);
	if (fine) {
		compare_platform_headers(d, type);
		sort_items(&l[0], by_subject);
		sort_items(&l[1], by_subject);
		if (compare_items(d, l)) {
			sort_items(&l[0], by_place);
			sort_items(&l[1], by_place);
			compare_order(d, &l[0], &l[1]);
		}
	}
	free(l[0].item);
	free(l[1].item);
	return fine ? COFFER_OK : cf_fail_nomem(d->err, "the comparison");
}

static const char *arch_name(const struct cf_igvm *file)
{
	return cf_igvm_arch(file) == CF_IGVM_X64 ? "X64" : "AARCH64";
}

enum coffer_status cf_diff_files(const struct cf_igvm *a,
	const struct cf_igvm *b, cf_diff_fn *fn, void *opaque,
	struct coffer_error *err)
{
	struct diff d = { { a, b }, fn, opaque, err, -1, 0 };
	enum coffer_status status = COFFER_OK;

	if (cf_igvm_format_version(a) != cf_igvm_format_version(b))
		report(&d, "file", "format version",
			cf_igvm_format_version(a) == 1 ? "1" : "2",
			cf_igvm_format_version(b) == 1 ? "1" : "2");
	if (cf_igvm_arch(a) != cf_igvm_arch(b))
		report(&d, "file", "architecture", arch_name(a), arch_name(b));
	for (unsigned t = 0; !status && t <= CF_IGVM_CCA; t++) {
		bool in_a = cf_igvm_mask_of(a, t) != 0;
		bool in_b = cf_igvm_mask_of(b, t) != 0;

		d.platform = (int)t;
		if (in_a && in_b)
			status = compare_platform(&d, t);
		else if (in_a || in_b)
			report(&d, "platform", "platform",
				in_a ? "present" : "absent",
				in_b ? "present" : "absent");
	}
	return status;
}
