/* SPDX-License-Identifier: Apache-2.0 */
/* coffer inspect: what an IGVM file holds. */
#include "cli/cli.h"

#include "base/base.h"
#include "igvmkit/igvmkit.h"

static const struct cli_option options[] = {
	{ 0 },
};

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
	status = cf_igvm_parse(m.data, m.len, &file, &err);
	if (!status)
		status = cf_view_text(file, &out, &err);
	if (status)
		cf_error_context(&err, status, "%s", path);
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
	leave = args.noperands == 1
		? inspect(&args)
		: cli_usage(self, "one IGVM file is needed");
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
