/* SPDX-License-Identifier: Apache-2.0 */
/* A file as text for people: one table per section, then the vCPU states. */
#include "igvmkit/view_priv.h"

#include "base/base.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void add_platforms(const struct cf_igvm *file, struct cf_buf *out)
{
	size_t n = cf_igvm_count(file, CF_IGVM_PLATFORMS);
	struct cf_igvm_header h;

	cf_buf_printf(out, "\nplatforms\n  %-10s  %-13s  %-7s  %-11s  %s\n",
		"mask", "type", "version", "highest VTL",
		"shared GPA boundary");
	for (size_t i = 0; i < n; i++) {
		cf_igvm_get(file, CF_IGVM_PLATFORMS, i, &h);
		if (!cf_igvm_type_known(h.type)) {
			cf_buf_printf(out, "  unknown type 0x%x (optional)\n",
				h.type);
			continue;
		}
		cf_buf_printf(out, "  0x%08x  %-13s  %-7u  %-11u  ",
			h.compatibility_mask,
			cf_igvm_platform_name(h.u.platform.platform_type),
			h.u.platform.platform_version,
			h.u.platform.highest_vtl);
		if (h.u.platform.shared_gpa_boundary)
			cf_buf_printf(out, "0x%" PRIx64 "\n",
				h.u.platform.shared_gpa_boundary);
		else
			cf_buf_printf(out, "-\n");
	}
}

/* "name value, name value" of all that the table has no column for. */
static void add_fields(struct cf_igvm_header *h, struct cf_buf *out)
{
	struct cf_igvm_field_view f;
	const char *comma = "";

	for (size_t i = 0; cf_igvm_field_at(h, i, &f); i++) {
		if (f.is_reserved ||
			strcmp(f.name, "compatibility_mask") == 0 ||
			strcmp(f.name, "gpa") == 0)
			continue;
		cf_buf_printf(out, "%s%s ", comma, f.name);
		comma = ", ";
		if (f.is_bytes)
			cf_buf_printf(out, "%s",
				cf_is_zero(f.bytes, f.size) ? "0" : "...");
		else
			cf_buf_printf(out, f.is_hex ? "0x%" PRIx64 : "%" PRIu64,
				f.value);
	}
	if (h->data)
		cf_buf_printf(out, "%s%zu bytes of data", comma, h->data_len);
}

/* The policy as the first platform of its mask reads it. */
static void add_policy(const struct cf_igvm *file,
	const struct cf_igvm_header *h, struct cf_buf *out)
{
	struct cf_buf text = { 0 };
	struct cf_igvm_header p;

	cf_buf_printf(out, "policy 0x%" PRIx64, h->u.policy.policy);
	for (size_t i = 0; i < cf_igvm_count(file, CF_IGVM_PLATFORMS); i++) {
		cf_igvm_get(file, CF_IGVM_PLATFORMS, i, &p);
		if (!(p.compatibility_mask & h->compatibility_mask))
			continue;
		cf_view_policy(
			p.u.platform.platform_type, h->u.policy.policy, &text);
		if (text.len)
			cf_buf_printf(out, ": %s", cf_buf_text(&text));
		cf_buf_finish(&text);
		return;
	}
	cf_buf_printf(out, " (no platform has this mask)");
}

static void add_row(size_t first, size_t last, const struct cf_igvm_header *h,
	struct cf_buf *out)
{
	char range[48], type[64];

	if (first == last)
		snprintf(range, sizeof(range), "%zu", first);
	else
		snprintf(range, sizeof(range), "%zu-%zu", first, last);
	if (cf_igvm_type_known(h->type))
		snprintf(type, sizeof(type), "%s%s",
			cf_igvm_type_name(h->type) + strlen("IGVM_VHT_"),
			h->optional ? " (optional)" : "");
	else
		snprintf(type, sizeof(type), "0x%x (optional)", h->type);
	cf_buf_printf(out, "  %-11s  %-28s  ", range, type);
	if (h->compatibility_mask)
		cf_buf_printf(out, "0x%08x  ", h->compatibility_mask);
	else
		cf_buf_printf(out, "%-10s  ", "-");
}

static void add_initializations(const struct cf_igvm *file, struct cf_buf *out)
{
	size_t n = cf_igvm_count(file, CF_IGVM_INITIALIZATIONS);
	struct cf_igvm_header h;

	if (!n)
		return;
	cf_buf_printf(out, "\ninitialization\n  %-11s  %-28s  %-10s  %s\n",
		"number", "header", "mask", "what it says");
	for (size_t i = 0; i < n; i++) {
		cf_igvm_get(file, CF_IGVM_INITIALIZATIONS, i, &h);
		add_row(i, i, &h, out);
		if (h.type == CF_IGVM_GUEST_POLICY)
			add_policy(file, &h, out);
		else
			add_fields(&h, out);
		cf_buf_printf(out, "\n");
	}
}

static void add_page(const struct cf_igvm_header *h, struct cf_buf *out)
{
	uint32_t flags = h->u.page.flags;

	cf_buf_printf(out, "%s, %s%s%s", cf_view_page_type(h->u.page.data_type),
		h->data ? "data" : "no data",
		flags & CF_IGVM_PAGE_UNMEASURED ? ", unmeasured" : "",
		flags & CF_IGVM_PAGE_SHARED ? ", shared" : "");
	if (flags & CF_IGVM_PAGE_2MB)
		cf_buf_printf(out, ", 2 MiB pages");
}

static void add_directives(const struct cf_igvm *file, struct cf_buf *out)
{
	size_t n = cf_igvm_count(file, CF_IGVM_DIRECTIVES);
	struct cf_view_run run;
	char size[32];

	if (!n)
		return;
	cf_buf_printf(out,
		"\ndirectives\n  %-11s  %-28s  %-10s  %-14s  %-9s  %s\n",
		"number", "header", "mask", "GPA", "size", "what it says");
	for (size_t i = 0; i < n;) {
		i = cf_view_run_at(file, i, &run);
		add_row(run.first.index, run.last, &run.first, out);
		if (run.gpa || run.size ||
			run.first.type == CF_IGVM_PARAMETER_INSERT)
			cf_buf_printf(out, "%#-14" PRIx64 "  ", run.gpa);
		else
			cf_buf_printf(out, "%-14s  ", "-");
		cf_view_size(run.size, size);
		cf_buf_printf(out, "%-9s  ", run.size ? size : "-");
		if (run.first.type == CF_IGVM_PAGE_DATA)
			add_page(&run.first, out);
		else
			add_fields(&run.first, out);
		cf_buf_printf(out, "\n");
	}
}

struct lines {
	struct cf_buf *out;
	size_t column;
};

/* Short values share a line. */
static void add_register(void *opaque, const char *name, const char *value)
{
	struct lines *l = opaque;
	size_t width = strlen(name) + strlen(value) + 3;

	if (l->column && l->column + width > 78) {
		cf_buf_printf(l->out, "\n");
		l->column = 0;
	}
	cf_buf_printf(
		l->out, "%s%s=%s", l->column ? "  " : "    ", name, value);
	l->column += width;
}

static void add_contexts(const struct cf_igvm *file, struct cf_buf *out)
{
	size_t n = cf_igvm_count(file, CF_IGVM_DIRECTIVES);
	struct cf_igvm_header h, before = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct lines lines = { .out = out };

		cf_igvm_get(file, CF_IGVM_DIRECTIVES, i, &h);
		if (h.type != CF_IGVM_VP_CONTEXT)
			continue;
		if (!before.data)
			cf_buf_printf(
				out, "\nvCPU states (zero is not shown)\n");
		cf_buf_printf(out, "  vp %u, mask 0x%08x",
			h.u.vp_context.vp_index, h.compatibility_mask);
		if (before.data &&
			before.compatibility_mask == h.compatibility_mask &&
			before.data_len == h.data_len &&
			memcmp(before.data, h.data, h.data_len) == 0) {
			cf_buf_printf(out, ": as vp %u\n",
				before.u.vp_context.vp_index);
			continue;
		}
		cf_buf_printf(out, "\n");
		cf_view_registers(file, &h, add_register, &lines);
		cf_buf_printf(out, "\n");
		before = h;
	}
}

enum coffer_status cf_view_text(const struct cf_igvm *file, struct cf_buf *out,
	struct coffer_error *err)
{
	cf_buf_printf(out, "IGVM version %u, %s\n",
		cf_igvm_format_version(file),
		cf_igvm_arch(file) == CF_IGVM_X64 ? "X64" : "AARCH64");
	add_platforms(file, out);
	add_initializations(file, out);
	add_directives(file, out);
	add_contexts(file, out);
	return out->failed ? cf_fail_nomem(err, "the view") : COFFER_OK;
}
