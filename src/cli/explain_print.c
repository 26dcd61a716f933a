/* SPDX-License-Identifier: Apache-2.0 */
/* What coffer explain found, as text or JSON. */
#include "cli/explain_priv.h"

#include "base/base.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

static void add_text(struct json_object *o, const char *name, const char *text)
{
	json_object_object_add(o, name, json_object_new_string(text));
}

static struct json_object *match_json(const struct cf_explain_match *m)
{
	struct json_object *changes = json_object_new_array();

	for (size_t i = 0; i < m->nchanges; i++) {
		struct json_object *c = json_object_new_object();

		add_text(c, "assumption", m->change[i].assumption);
		add_text(c, "believed", m->change[i].believed);
		add_text(c, "actual", m->change[i].actual);
		json_object_array_add(changes, c);
	}
	return changes;
}

static struct json_object *tried_json(struct cf_explain_result *r)
{
	struct json_object *lines = json_object_new_array();
	char *copy = strdup(r->tried.len ? (char *)r->tried.data : "");
	char *at = copy, *line;

	while (at && (line = strsep(&at, "\n")))
		if (*line)
			json_object_array_add(
				lines, json_object_new_string(line));
	free(copy);
	return lines;
}

static void print_json(
	const struct explain_target *t, struct cf_explain_result *r)
{
	struct json_object *o = json_object_new_object();
	struct json_object *found = json_object_new_array();
	char hex[97];

	cf_hex(hex, t->digest, t->len);
	add_text(o, "value", hex);
	if (t->from_report)
		json_object_object_add(
			o, "report_policy", json_object_new_uint64(t->policy));
	if (t->has_believed_policy)
		json_object_object_add(o, "believed_policy",
			json_object_new_uint64(t->believed_policy));
	json_object_object_add(
		o, "found", json_object_new_boolean(r->nmatches > 0));
	json_object_object_add(
		o, "candidates", json_object_new_int64((int64_t)r->candidates));
	for (size_t i = 0; i < r->nmatches; i++)
		json_object_array_add(found, match_json(&r->match[i]));
	json_object_object_add(o, "explanations", found);
	cf_buf_u8(&r->tried, 0);
	json_object_object_add(o, "tried", tried_json(r));
	puts(json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

static void print_match(const struct cf_explain_match *m, size_t number)
{
	if (m->nchanges == 0) {
		printf("%sthe inputs are right:%s they give this value\n",
			cli_green(stdout), cli_reset(stdout));
		return;
	}
	printf("%s%s%s %zu assumption%s differ%s:\n", cli_bold(stdout),
		number ? "also fits:" : "found:", cli_reset(stdout),
		m->nchanges, m->nchanges == 1 ? "" : "s",
		m->nchanges == 1 ? "s" : "");
	for (size_t i = 0; i < m->nchanges; i++)
		printf("  %s: not %s but %s\n", m->change[i].assumption,
			m->change[i].believed, m->change[i].actual);
}

static void print_text(struct cf_explain_result *r)
{
	const char *tried;

	for (size_t i = 0; i < r->nmatches; i++)
		print_match(&r->match[i], i);
	if (r->nmatches) {
		printf("%" PRIu64 " candidates tried\n", r->candidates);
		return;
	}
	printf("%snone of %" PRIu64 " candidates gives this value%s; tried:\n",
		cli_red(stdout), r->candidates, cli_reset(stdout));
	tried = cf_buf_text(&r->tried);
	for (const char *p = tried; p && *p;) {
		size_t n = strcspn(p, "\n");

		printf("  %.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

static bool policy_differs(const struct explain_target *t)
{
	return t->from_report && t->has_believed_policy &&
		t->policy != t->believed_policy;
}

int explain_print(const struct cli_args *args, const struct explain_target *t,
	struct cf_explain_result *r)
{
	if (cli_has(args, "json"))
		print_json(t, r);
	else
		print_text(r);
	if (policy_differs(t) && !cli_has(args, "json"))
		printf("policy: not 0x%" PRIx64 " but 0x%" PRIx64
		       " in the report (no part of the digest)\n",
			t->believed_policy, t->policy);
	return r->nmatches ? CLI_OK : CLI_FAILED;
}
