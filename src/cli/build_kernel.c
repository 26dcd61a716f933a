/* SPDX-License-Identifier: Apache-2.0 */
/* coffer build --kernel: a Linux kernel without firmware. */
#include "cli/build_priv.h"

#include "base/base.h"
#include "machine/machine.h"
#include "shim/shim.h"

/* The shim has no use for what only firmware images need. */
static int check_options(const struct cli_args *args)
{
	static const char *const firmware_only[] = { "guest-features",
		"vcpu-type", "vcpu-sig", "parameters", "native-entry" };

	for (size_t i = 0; i < CF_ARRAY_LEN(firmware_only); i++)
		if (cli_has(args, firmware_only[i]))
			return cli_usage(args->command,
				"--%s does not go with --kernel: the kernel "
				"starts its own processors",
				firmware_only[i]);
	return -1;
}

static int take_platforms(const struct cli_args *args,
	const struct cf_build_params *p, struct cf_shim_params *shim)
{
	if (p->nplatforms > CF_SHIM_MAX_PLATFORMS)
		return cli_usage(args->command,
			"--kernel: at most %d platforms",
			CF_SHIM_MAX_PLATFORMS);
	for (size_t i = 0; i < p->nplatforms; i++)
		shim->platform[i] = (struct cf_shim_platform) {
			.type = p->platform[i].type,
			.has_policy = p->platform[i].has_policy,
			.policy = p->platform[i].policy,
		};
	shim->nplatforms = p->nplatforms;
	shim->vcpus = p->vcpus;
	return -1;
}

static enum coffer_status write_file(const struct cli_args *args,
	const struct cf_shim_params *shim, struct coffer_error *err)
{
	const char *path = cli_get(args, "output");
	struct cf_buf file = { 0 };
	enum coffer_status status = cf_shim_build(shim, &file, err);

	if (status)
		cf_error_context(err, status, "%s", cli_get(args, "kernel"));
	else
		status = build_write(args, path, &file, err);
	if (!status && cli_has(args, "verbose"))
		fprintf(stderr, "coffer build: %s: %zu bytes, from %s\n", path,
			file.len, cli_get(args, "kernel"));
	cf_buf_finish(&file);
	return status;
}

int cli_build_kernel(
	const struct cli_args *args, const struct cf_build_params *p)
{
	const char *initrd_path = cli_get(args, "initrd");
	struct cf_shim_params shim = { .append = cli_get(args, "append") };
	struct cf_mapping kernel = { 0 }, initrd = { 0 };
	struct cf_buf dsdt = { 0 };
	enum coffer_status status;
	struct coffer_error err;
	int leave = check_options(args);

	if (leave < 0)
		leave = take_platforms(args, p, &shim);
	if (leave >= 0)
		return leave;
	status = cf_map_file(cli_get(args, "kernel"), &kernel, &err);
	if (!status && initrd_path)
		status = cf_map_file(initrd_path, &initrd, &err);
	if (!status)
		status = cf_machine_dsdt(&dsdt, &err);
	shim.dsdt = dsdt.data;
	shim.dsdt_len = dsdt.len;
	shim.kernel = kernel.data;
	shim.kernel_len = kernel.len;
	shim.initrd = initrd.data;
	shim.initrd_len = initrd.len;
	if (!status)
		status = write_file(args, &shim, &err);
	cf_buf_finish(&dsdt);
	cf_unmap_file(&initrd);
	cf_unmap_file(&kernel);
	return status ? cli_failed(args->command, &err) : CLI_OK;
}
