/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing of property strings. */
#include "cli/run/qemu_props.h"

#include "base/base.h"

#include <string.h>

char *qemu_next_piece(const char **text)
{
	const char *p = *text;
	size_t n = 0;
	char *piece;

	if (!p)
		return NULL;
	piece = cf_alloc_array(strlen(p) + 1, 1);
	if (!piece)
		return NULL;
	for (; *p; p++) {
		if (*p == ',' && p[1] != ',')
			break;
		if (*p == ',')
			p++;
		piece[n++] = *p;
	}
	*text = *p ? p + 1 : NULL;
	return piece;
}

static const struct qemu_type *find_type(
	const struct qemu_type *types, const char *name)
{
	for (; types->name; types++)
		if (strcmp(types->name, name) == 0)
			return types;
	return NULL;
}

static const struct qemu_prop *find_prop(
	const struct qemu_type *type, const char *name)
{
	for (const struct qemu_prop *p = type->props; p->name; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

static bool parse_bool(const char *text, bool *out)
{
	static const char *const on[] = { "on", "yes", "true", "y" };
	static const char *const off[] = { "off", "no", "false", "n" };

	for (size_t i = 0; i < CF_ARRAY_LEN(on); i++) {
		*out = strcmp(text, on[i]) == 0;
		if (*out || strcmp(text, off[i]) == 0)
			return true;
	}
	return false;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t n = strlen(text);

	for (const char *p = choices; *p;) {
		size_t len = strcspn(p, "|");

		if (len == n && memcmp(p, text, n) == 0)
			return true;
		p += len + (p[len] == '|');
	}
	return false;
}

static bool base64_fits(const char *text, const char *longest)
{
	struct cf_buf b = { 0 };
	uint64_t max = 0;
	bool ok = cf_parse_u64(longest, UINT32_MAX, &max) &&
		cf_unbase64(&b, text, strlen(text)) && b.len <= max;

	cf_buf_finish(&b);
	return ok;
}

static bool number_ok(const struct qemu_prop *p, const char *text)
{
	uint64_t v;

	switch (p->kind) {
	case QEMU_U16:
		return cf_parse_u64(text, UINT16_MAX, &v);
	case QEMU_U32:
		return cf_parse_u64(text, UINT32_MAX, &v);
	case QEMU_U64:
		return cf_parse_u64(text, UINT64_MAX, &v);
	default:
		return cf_parse_size(
			text, p->kind == QEMU_MIB ? 1 << 20 : 1, &v);
	}
}

/* A message fragment saying what the value should be; NULL: it is fine. */
static const char *value_rule(const struct qemu_prop *p, const char *text)
{
	bool ignored;

	switch (p->kind) {
	case QEMU_STR:
	case QEMU_MANY:
		return NULL;
	case QEMU_BOOL:
		return parse_bool(text, &ignored) ? NULL : "on or off";
	case QEMU_AUTO:
		return strcmp(text, "auto") == 0 || parse_bool(text, &ignored)
			? NULL
			: "on, off or auto";
	case QEMU_CHOICE:
		return is_choice(p->param, text) ? NULL : p->param;
	case QEMU_BASE64:
		return base64_fits(text, p->param) ? NULL
						   : "base64 text of "
						     "the right length";
	case QEMU_SIZE:
	case QEMU_MIB:
		return number_ok(p, text) ? NULL : "a size such as 512M or 2G";
	case QEMU_U16:
	case QEMU_U32:
	case QEMU_U64:
		return number_ok(p, text) ? NULL
					  : "a number in the property's range";
	}
	return NULL;
}

static enum coffer_status store_value(struct qemu_set *set,
	const struct qemu_prop *p, const char *text, struct coffer_error *err)
{
	struct qemu_value *v = &set->value[set->nvalues];

	v->prop = p;
	v->text = cf_dup(text, strlen(text) + 1);
	if (!v->text)
		return cf_fail_nomem(err, "an option");
	set->nvalues++;
	return COFFER_OK;
}

/* where: "-m" or "-object sev-guest". */
static enum coffer_status add_value(const char *where, struct qemu_set *set,
	const char *name, const char *text, struct coffer_error *err)
{
	const struct qemu_prop *p = find_prop(set->type, name);
	const char *rule;

	if (!p)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"%s: no property '%s'; '%.*s %s,help' lists them",
			where, name, (int)strcspn(where, " "), where,
			set->type->name);
	if (!text)
		text = p->kind == QEMU_BOOL || p->kind == QEMU_AUTO ? "on"
								    : NULL;
	if (!text)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"%s: property '%s' needs a value", where, name);
	rule = value_rule(p, text);
	if (rule && p->kind == QEMU_BASE64)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"%s: property '%s' must be base64 text of at most %s "
			"bytes",
			where, name, p->param);
	if (rule)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"%s: property '%s': '%s' is not %s", where, name, text,
			rule);
	if (set->nvalues == QEMU_MAX_VALUES)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"%s: too many properties", where);
	return store_value(set, p, text, err);
}

static enum coffer_status add_piece(const char *where, struct qemu_set *set,
	const char *implied, char *piece, struct coffer_error *err)
{
	char *equals = strchr(piece, '=');

	if (equals) {
		*equals = '\0';
		return add_value(where, set, piece, equals + 1, err);
	}
	if (implied)
		return add_value(where, set, implied, piece, err);
	/* "nofoo" is the old spelling of "foo=off". */
	if (strncmp(piece, "no", 2) == 0 && !find_prop(set->type, piece) &&
		find_prop(set->type, piece + 2))
		return add_value(where, set, piece + 2, "off", err);
	return add_value(where, set, piece, NULL, err);
}

enum coffer_status qemu_parse(const char *where, const char *text,
	const struct qemu_type *types, const char *implied,
	struct qemu_set *set, struct coffer_error *err)
{
	const char *rest = text;
	char *piece, label[64];

	snprintf(label, sizeof(label), "%s", where);
	if (!implied) {
		CF_CLEANUP(cf_free_ptr) char *name = qemu_next_piece(&rest);

		if (!name)
			return cf_fail_nomem(err, "an option");
		set->type = find_type(types, name);
		if (!set->type)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"%s: no type '%s'; '%s help' lists them", where,
				name, where);
		snprintf(label, sizeof(label), "%s %s", where, set->type->name);
	} else {
		set->type = types;
	}
	while ((piece = qemu_next_piece(&rest))) {
		enum coffer_status s = COFFER_OK;

		if (*piece)
			s = add_piece(label, set, implied, piece, err);
		free(piece);
		implied = NULL;
		if (s)
			return s;
	}
	return COFFER_OK;
}

void qemu_set_finish(struct qemu_set *set)
{
	for (size_t i = 0; i < set->nvalues; i++)
		free(set->value[i].text);
	*set = (struct qemu_set) { 0 };
}

const char *qemu_get(const struct qemu_set *set, const char *name)
{
	const struct qemu_prop *p;

	for (size_t i = set->nvalues; i > 0; i--)
		if (strcmp(set->value[i - 1].prop->name, name) == 0)
			return set->value[i - 1].text;
	p = set->type ? find_prop(set->type, name) : NULL;
	return p ? p->fallback : NULL;
}

const char *qemu_get_nth(const struct qemu_set *set, const char *name, size_t n)
{
	for (size_t i = 0; i < set->nvalues; i++)
		if (strcmp(set->value[i].prop->name, name) == 0 && n-- == 0)
			return set->value[i].text;
	return NULL;
}

bool qemu_was_given(const struct qemu_set *set, const char *name)
{
	return qemu_get_nth(set, name, 0) != NULL;
}

uint64_t qemu_get_u64(const struct qemu_set *set, const char *name)
{
	const struct qemu_prop *p =
		set->type ? find_prop(set->type, name) : NULL;
	const char *text = qemu_get(set, name);
	uint64_t v = 0;

	if (!text || !p)
		return 0;
	if (p->kind == QEMU_SIZE || p->kind == QEMU_MIB)
		return cf_parse_size(
			       text, p->kind == QEMU_MIB ? 1 << 20 : 1, &v)
			? v
			: 0;
	return cf_parse_u64(text, UINT64_MAX, &v) ? v : 0;
}

bool qemu_get_bool(const struct qemu_set *set, const char *name)
{
	const char *text = qemu_get(set, name);
	bool on = false;

	return text && parse_bool(text, &on) && on;
}

enum coffer_status qemu_get_base64(const struct qemu_set *set, const char *name,
	uint8_t *out, size_t cap, size_t *len, struct coffer_error *err)
{
	const char *text = qemu_get(set, name);
	struct cf_buf b = { 0 };

	*len = 0;
	if (!text)
		return COFFER_OK;
	if (!cf_unbase64(&b, text, strlen(text)) || b.len > cap) {
		cf_buf_finish(&b);
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"property '%s': longer than %zu bytes", name, cap);
	}
	if (b.len)
		memcpy(out, b.data, b.len);
	*len = b.len;
	cf_buf_finish(&b);
	return COFFER_OK;
}

static const char *kind_name(const struct qemu_prop *p)
{
	static const char *const names[] = {
		[QEMU_STR] = "str",
		[QEMU_U16] = "uint16",
		[QEMU_U32] = "uint32",
		[QEMU_U64] = "uint64",
		[QEMU_BOOL] = "bool",
		[QEMU_AUTO] = "on|off|auto",
		[QEMU_SIZE] = "size",
		[QEMU_MIB] = "size",
		[QEMU_BASE64] = "base64",
		[QEMU_MANY] = "str...",
	};

	return p->kind == QEMU_CHOICE ? p->param : names[p->kind];
}

static void print_type(FILE *to, const char *where, const struct qemu_type *t)
{
	fprintf(to, "%s %s: %s\n", where, t->name, t->help);
	for (const struct qemu_prop *p = t->props; p->name; p++)
		fprintf(to, "  %s=<%s>  %s%s%s%s\n", p->name, kind_name(p),
			p->help, p->fallback ? " (default: " : "",
			p->fallback ? p->fallback : "", p->fallback ? ")" : "");
}

bool qemu_help(FILE *to, const char *where, const char *text,
	const struct qemu_type *types)
{
	size_t n = strcspn(text, ",");

	if (strcmp(text, "help") == 0 || strcmp(text, "?") == 0) {
		fprintf(to, "types that %s takes:\n", where);
		for (; types->name; types++)
			fprintf(to, "  %-22s %s\n", types->name, types->help);
		return true;
	}
	if (strcmp(text + n, ",help") != 0 && strcmp(text + n, ",?") != 0)
		return false;
	for (; types->name; types++)
		if (strlen(types->name) == n &&
			memcmp(types->name, text, n) == 0) {
			print_type(to, where, types);
			return true;
		}
	return false;
}
