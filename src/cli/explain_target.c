/* SPDX-License-Identifier: Apache-2.0 */
/* What coffer explain is given: a digest or a report; firmware halves. */
#include "cli/explain_priv.h"

#include "base/base.h"
#include "image/image.h"
#include "owner/report.h"

#include <stdio.h>

#define MAX_REPORT_FILE ((size_t)1 << 20)

static bool read_digest(const char *text, struct explain_target *t)
{
	struct cf_buf b = { 0 };
	bool ok;

	for (t->len = 48; t->len >= 32; t->len -= 16)
		if (cf_unhex(text, t->digest, t->len))
			return true;
	ok = cf_unbase64(&b, text, strlen(text)) &&
		(b.len == 48 || b.len == 32);
	if (ok) {
		t->len = b.len;
		memcpy(t->digest, b.data, b.len);
	}
	cf_buf_finish(&b);
	return ok;
}

static enum coffer_status read_report(
	const char *path, struct explain_target *t, struct coffer_error *err)
{
	uint8_t raw[CF_REPORT_LEN], *bytes;
	struct cf_report r;
	enum coffer_status st;
	size_t len;

	st = cf_read_file(path, MAX_REPORT_FILE, &bytes, &len, err);
	if (st)
		return st;
	st = cf_report_locate(bytes, len, raw, err);
	free(bytes);
	if (!st)
		st = cf_report_parse(raw, sizeof(raw), &r, err);
	if (st)
		return cf_error_context(err, st, "%s", path);
	memcpy(t->digest, r.measurement, 48);
	t->len = 48;
	t->from_report = true;
	t->policy = r.policy;
	if (r.cpuid_family)
		t->signature = cf_cpu_signature(
			r.cpuid_family, r.cpuid_model, r.cpuid_stepping);
	return COFFER_OK;
}

int explain_read_target(
	const struct cli_args *args, const char *text, struct explain_target *t)
{
	struct coffer_error err;

	if (read_digest(text, t))
		return -1;
	if (read_report(text, t, &err) == COFFER_OK)
		return -1;
	if (err.status == COFFER_ERR_SYSTEM)
		return cli_fail(args->command,
			"'%s' is neither a digest (32 or 48 bytes in hex or "
			"base64) nor a readable report: %s",
			text, err.msg);
	return cli_failed(args->command, &err);
}

/* The path with CODE for VARS or the other way; false: it has neither. */
static bool other_half(const char *path, char *out, size_t size, bool *is_code)
{
	const char *base = strrchr(path, '/');
	const char *half;

	base = base ? base + 1 : path;
	half = strstr(base, "CODE");
	*is_code = half != NULL;
	if (!half)
		half = strstr(base, "VARS");
	if (!half)
		return false;
	snprintf(out, size, "%.*s%s%s", (int)(half - path), path,
		*is_code ? "VARS" : "CODE", half + 4);
	return true;
}

static void add(struct explain_images *m, const char *name,
	const uint8_t *bytes, size_t len)
{
	snprintf(m->name[m->n], sizeof(m->name[0]), "%.90s", name);
	m->image[m->n] = (struct cf_explain_image) {
		.name = m->name[m->n],
		.bytes = bytes,
		.len = len,
	};
	m->n++;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void explain_find_images(const char *path, const struct cf_mapping *bytes,
	struct explain_images *m)
{
	const struct cf_mapping *code, *vars;
	char other[1024];
	bool is_code;

	*m = (struct explain_images) { 0 };
	add(m, base_name(path), bytes->data, bytes->len);
	if (!other_half(path, other, sizeof(other), &is_code) ||
		cf_map_file(other, &m->other, NULL) != COFFER_OK)
		return;
	add(m, base_name(other), m->other.data, m->other.len);
	code = is_code ? bytes : &m->other;
	vars = is_code ? &m->other : bytes;
	/* The whole image is variables, then code. */
	m->joined = cf_alloc_array(vars->len + code->len, 1);
	if (!m->joined)
		return;
	memcpy(m->joined, vars->data, vars->len);
	memcpy(m->joined + vars->len, code->data, code->len);
	add(m, "VARS and CODE joined", m->joined, vars->len + code->len);
}

void explain_images_finish(struct explain_images *m)
{
	cf_unmap_file(&m->other);
	free(m->joined);
}
