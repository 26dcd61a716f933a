/* SPDX-License-Identifier: Apache-2.0 */
/* coffer inspect: what an IGVM file holds. */
#include "cli/cli.h"

#include "base/base.h"
#include "cli/igvm_file.h"
#include "igvmkit/igvmkit.h"

#include <string.h>

static const struct cli_option options[] = {
	{ "json", 0, NULL, "JSON for programs: every field of every header" },
	{ "manifest", 0, NULL,
		"JSON that 'coffer build --manifest' makes the file from" },
	{ "html", 0, "FILE",
		"write a page with the memory map, tables, states" },
	{ 0 },
};

/* The last part of a path: what the manifest calls the file, since names in a
 * manifest are relative to where it lies. */
static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static enum coffer_status view(const struct cli_args *args,
	const struct cf_igvm *file, const struct cf_mapping *m,
	struct cf_buf *out, struct coffer_error *err)
{
	if (cli_has(args, "json"))
		return cf_view_json(file, m->data, out, err);
	if (cli_has(args, "manifest"))
		return cf_manifest_write(
			file, m->data, last_part(args->operand[0]), out, err);
	if (cli_has(args, "html"))
		return cf_view_html(file, m->data, m->len,
			last_part(args->operand[0]), out, err);
	return cf_view_text(file, out, err);
}

static int inspect(const struct cli_args *args)
{
	const char *path = args->operand[0];
	struct cf_mapping m = { 0 };
	struct cf_igvm *file = NULL;
	struct cf_buf out = { 0 };
	struct coffer_error err;
	enum coffer_status status = cf_map_file(path, &m, &err);

	if (status)
		return cli_failed(args->command, &err);
	status = cli_parse_igvm(&m, &file, &err);
	if (!status)
		status = view(args, file, &m, &out, &err);
	if (status)
		cf_error_context(&err, status, "%s", path);
	else if (cli_has(args, "html"))
		status = cf_write_file(
			cli_get(args, "html"), 0644, out.data, out.len, &err);
	else
		fwrite(out.data, 1, out.len, stdout);
	cf_buf_finish(&out);
	cf_igvm_destroy(file);
	cf_unmap_file(&m);
	return status ? cli_failed(args->command, &err) : CLI_OK;
}

static int run(int argc, char **argv, const struct cli_command *self)
{
	struct cli_args args;
	int leave = cli_parse(argc, argv, self, &args);

	if (leave >= 0)
		return leave;
	if (args.noperands != 1)
		leave = cli_usage(self, "one IGVM file is needed");
	else if (args.nvalues > 1)
		leave = cli_usage(self,
			"--json, --manifest and --html exclude each other");
	else
		leave = inspect(&args);
	cli_args_finish(&args);
	return leave;
}

const struct cli_command cli_inspect = {
	.name = "inspect",
	.args = "FILE",
	.summary = "show what an IGVM file holds",
	.options = options,
	.run = run,
};
