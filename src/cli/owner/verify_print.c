/* SPDX-License-Identifier: Apache-2.0 */
/* The result of a verification, for people and for programs. */
#include "cli/owner/verify_priv.h"

#include "base/base.h"
#include "cli/cli.h"

#include <json.h>
#include <stdio.h>

/* Names of the checks with this verdict, with ", " between them. */
static void print_names(
	const struct cf_verify_result *result, enum cf_verdict verdict)
{
	const char *between = "";

	for (size_t i = 0; i < CF_CHECK_COUNT; i++) {
		if (result->check[i].verdict != verdict)
			continue;
		printf("%s%s", between, cf_check_name((enum cf_check)i));
		between = ", ";
	}
}

static bool has_verdict(
	const struct cf_verify_result *result, enum cf_verdict verdict)
{
	for (size_t i = 0; i < CF_CHECK_COUNT; i++)
		if (result->check[i].verdict == verdict)
			return true;
	return false;
}

static void print_conclusion(const struct cf_verify_result *result)
{
	if (!cf_verify_ok(result)) {
		printf("%sNOT verified%s; failed: ", cli_red(stdout),
			cli_reset(stdout));
		print_names(result, CF_FAILED);
		putchar('\n');
		return;
	}
	printf("%sverified%s%s", cli_green(stdout), cli_reset(stdout),
		result->simulated
			? " against a SIMULATED root, which proves nothing "
			  "about hardware"
			: "");
	if (has_verdict(result, CF_NOT_ASKED)) {
		printf("; not checked: ");
		print_names(result, CF_NOT_ASKED);
	}
	putchar('\n');
}

void cli_verify_text(const struct cf_verify_result *result)
{
	for (size_t i = 0; i < CF_CHECK_COUNT; i++) {
		const struct cf_check_result *c = &result->check[i];
		const char *colour = c->verdict == CF_PASSED ? cli_green(stdout)
			: c->verdict == CF_FAILED            ? cli_red(stdout)
							     : "";

		printf("%s%-9s%s  %-*s%s%s\n", colour,
			cf_verdict_name(c->verdict),
			*colour ? cli_reset(stdout) : "", *c->reason ? 12 : 0,
			cf_check_name((enum cf_check)i), *c->reason ? "  " : "",
			c->reason);
	}
	print_conclusion(result);
}

static void add_hex(
	struct json_object *to, const char *name, const uint8_t *p, size_t n)
{
	char hex[2 * 64 + 1];

	cf_hex(hex, p, n);
	json_object_object_add(to, name, json_object_new_string(hex));
}

static struct json_object *report_json(const struct cf_report *r)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "version", json_object_new_int64(r->version));
	json_object_object_add(
		o, "guest_svn", json_object_new_int64(r->guest_svn));
	json_object_object_add(o, "policy", json_object_new_uint64(r->policy));
	json_object_object_add(o, "vmpl", json_object_new_int64(r->vmpl));
	add_hex(o, "measurement", r->measurement, sizeof(r->measurement));
	add_hex(o, "report_data", r->report_data, sizeof(r->report_data));
	add_hex(o, "host_data", r->host_data, sizeof(r->host_data));
	add_hex(o, "family_id", r->family_id, sizeof(r->family_id));
	add_hex(o, "image_id", r->image_id, sizeof(r->image_id));
	add_hex(o, "id_key_digest", r->id_key_digest, sizeof(r->id_key_digest));
	add_hex(o, "author_key_digest", r->author_key_digest,
		sizeof(r->author_key_digest));
	add_hex(o, "report_id", r->report_id, sizeof(r->report_id));
	add_hex(o, "chip_id", r->chip_id, sizeof(r->chip_id));
	add_hex(o, "reported_tcb", r->tcb_raw[CF_TCB_REPORTED], 8);
	return o;
}

void cli_verify_json(
	const struct cf_report *r, const struct cf_verify_result *result)
{
	struct json_object *top = json_object_new_object();
	struct json_object *checks = json_object_new_array();

	for (size_t i = 0; i < CF_CHECK_COUNT; i++) {
		const struct cf_check_result *c = &result->check[i];
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "check",
			json_object_new_string(
				cf_check_name((enum cf_check)i)));
		json_object_object_add(o, "verdict",
			json_object_new_string(cf_verdict_name(c->verdict)));
		json_object_object_add(
			o, "reason", json_object_new_string(c->reason));
		json_object_array_add(checks, o);
	}
	json_object_object_add(
		top, "verified", json_object_new_boolean(cf_verify_ok(result)));
	json_object_object_add(
		top, "simulated", json_object_new_boolean(result->simulated));
	json_object_object_add(top, "checks", checks);
	json_object_object_add(top, "report", report_json(r));
	puts(json_object_to_json_string_ext(top,
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(top);
}
