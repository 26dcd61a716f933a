/* SPDX-License-Identifier: Apache-2.0 */
/* coffer diff: what two IGVM files do differently, and whether it shows in
 * the launch digest. */
#include "cli/cli.h"

#include "base/base.h"
#include "cli/igvm_file.h"
#include "cli/progress.h"
#include "igvmkit/igvmkit.h"
#include "plan/plan.h"
#include "sp/sp.h"

#include <json.h>
#include <string.h>

static const struct cli_option options[] = {
	{ "json", 0, NULL, "print JSON" },
	{ 0 },
};

struct side {
	const char *path;
	struct cf_mapping m;
	struct cf_igvm *file;
};

struct output {
	struct json_object *list; /* NULL: text */
	size_t count;
};

static const char *platform_text(int platform)
{
	return platform < 0 ? "file"
			    : cf_igvm_platform_name((unsigned)platform);
}

static void print_difference(void *opaque, const struct cf_difference *x)
{
	struct output *out = opaque;
	struct json_object *o;

	out->count++;
	if (!out->list) {
		printf("%s: %s\n  - %s\n  + %s\n", platform_text(x->platform),
			x->where, x->a, x->b);
		return;
	}
	o = json_object_new_object();
	json_object_object_add(o, "platform",
		x->platform < 0
			? NULL
			: json_object_new_string(platform_text(x->platform)));
	json_object_object_add(o, "what", json_object_new_string(x->what));
	json_object_object_add(o, "where", json_object_new_string(x->where));
	json_object_object_add(o, "a", json_object_new_string(x->a));
	json_object_object_add(o, "b", json_object_new_string(x->b));
	json_object_array_add(out->list, o);
}

/* The digest as hex; false: this platform has none. */
static bool digest_of(const struct side *s, enum cf_platform platform,
	bool quiet, char hex[2 * CF_DIGEST_MAX + 1])
{
	uint8_t digest[CF_DIGEST_MAX];
	struct cf_plan *plan = NULL;
	bool known = false;
	size_t len;

	if (cf_plan_from_igvm(s->file, platform, &cf_profile_spec, NULL, &plan,
		    NULL) == COFFER_OK)
		known = cli_launch_digest(&cli_diff, quiet, plan, NULL, digest,
				&len, NULL) == COFFER_OK;
	if (known)
		cf_hex(hex, digest, len);
	cf_plan_destroy(plan);
	return known;
}

static void compare_digest(const struct side s[2],
	enum cf_igvm_platform_type type, enum cf_platform platform,
	struct json_object *list)
{
	char hex[2][2 * CF_DIGEST_MAX + 1];
	bool same;
	struct json_object *o;

	if (!cf_igvm_mask_of(s[0].file, type) ||
		!cf_igvm_mask_of(s[1].file, type) ||
		!digest_of(&s[0], platform, list, hex[0]) ||
		!digest_of(&s[1], platform, list, hex[1]))
		return;
	same = strcmp(hex[0], hex[1]) == 0;
	if (!list) {
		if (same)
			printf("%s: launch digest is the same: %s\n",
				cf_igvm_platform_name(type), hex[0]);
		else
			printf("%s: launch digest changes\n  - %s\n  + %s\n",
				cf_igvm_platform_name(type), hex[0], hex[1]);
		return;
	}
	o = json_object_new_object();
	json_object_object_add(o, "platform",
		json_object_new_string(cf_igvm_platform_name(type)));
	json_object_object_add(o, "same", json_object_new_boolean(same));
	json_object_object_add(o, "a", json_object_new_string(hex[0]));
	json_object_object_add(o, "b", json_object_new_string(hex[1]));
	json_object_array_add(list, o);
}

static void compare_digests(const struct side s[2], struct json_object *list)
{
	static const struct {
		enum cf_igvm_platform_type type;
		enum cf_platform platform;
	} rows[] = {
		{ CF_IGVM_SEV_SNP, CF_PLATFORM_SEV_SNP },
		{ CF_IGVM_SEV_ES, CF_PLATFORM_SEV_ES },
		{ CF_IGVM_SEV, CF_PLATFORM_SEV },
		{ CF_IGVM_TDX, CF_PLATFORM_TDX },
		{ CF_IGVM_VSM_ISOLATION, CF_PLATFORM_VBS },
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(rows); i++)
		compare_digest(s, rows[i].type, rows[i].platform, list);
}

static enum coffer_status open_side(struct side *s, struct coffer_error *err)
{
	enum coffer_status status = cf_map_file(s->path, &s->m, err);

	if (status)
		return status;
	status = cli_parse_igvm(&s->m, &s->file, err);
	if (status)
		cf_error_context(err, status, "%s", s->path);
	return status;
}

static enum coffer_status compare(const struct side s[2], bool json,
	size_t *count, struct coffer_error *err)
{
	struct json_object *root = json ? json_object_new_object() : NULL;
	struct json_object *digests = json ? json_object_new_array() : NULL;
	struct output out = { json ? json_object_new_array() : NULL, 0 };
	enum coffer_status status = cf_diff_files(
		s[0].file, s[1].file, print_difference, &out, err);

	*count = out.count;
	if (!json) {
		if (!status && out.count == 0)
			printf("no difference\n");
		if (!status && out.count)
			compare_digests(s, NULL);
		return status;
	}
	if (!status)
		compare_digests(s, digests);
	json_object_object_add(root, "same",
		json_object_new_boolean(!status && out.count == 0));
	json_object_object_add(root, "differences", out.list);
	json_object_object_add(root, "digests", digests);
	if (!status)
		puts(json_object_to_json_string_ext(root,
			JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED));
	json_object_put(root);
	return status;
}

static int diff(const struct cli_args *args)
{
	struct side s[2] = { { .path = args->operand[0] },
		{ .path = args->operand[1] } };
	struct coffer_error err;
	enum coffer_status status = open_side(&s[0], &err);
	size_t count = 0;

	if (!status)
		status = open_side(&s[1], &err);
	if (!status)
		status = compare(s, cli_has(args, "json"), &count, &err);
	for (size_t i = 0; i < 2; i++) {
		cf_igvm_destroy(s[i].file);
		cf_unmap_file(&s[i].m);
	}
	if (status)
		return cli_failed(args->command, &err);
	return count ? CLI_FAILED : CLI_OK;
}

static int run(int argc, char **argv, const struct cli_command *self)
{
	struct cli_args args;
	int leave = cli_parse(argc, argv, self, &args);

	if (leave >= 0)
		return leave;
	leave = args.noperands == 2
		? diff(&args)
		: cli_usage(self, "two IGVM files are needed");
	cli_args_finish(&args);
	return leave;
}

const struct cli_command cli_diff = {
	.name = "diff",
	.args = "A B",
	.summary = "compare what two IGVM files do",
	.details = "Platform by platform: headers, fields, registers, page "
		   "contents, order, and whether the\nlaunch digest changes.  "
		   "Exit status 0: the same; 1: different or failed.",
	.options = options,
	.run = run,
};
