/* SPDX-License-Identifier: Apache-2.0 */
/* coffer build: an IGVM file from a firmware image or a Linux kernel. */
#include "cli/build_priv.h"
#include "cli/cli.h"

#include "base/base.h"
#include "cli/progress.h"
#include "igvmkit/igvmkit.h"
#include "image/image.h"

#include <inttypes.h>
#include <string.h>

static const struct cli_option options[] = {
	{ "firmware", 'f', "FILE", "firmware image (OVMF); it ends at 4 GiB" },
	{ "kernel", 'k', "FILE",
		"Linux kernel, to be started without firmware; with "
		"--firmware: to be checked by it" },
	{ "initrd", 0, "FILE", "its initial RAM disk" },
	{ "append", 0, "TEXT", "its command line" },
	{ "output", 'o', "FILE", "IGVM file to write" },
	{ "manifest", 0, "FILE",
		"build what this description says, see 'inspect --manifest'" },
	{ "platform", 'p', "LIST",
		"sev-snp, sev-es, sev, native, tdx; several with commas" },
	{ "cpucount", 'c', "N", "vCPUs that get a VMSA (default 1)" },
	{ "policy", 0, "[PLATFORM=]N",
		"guest policy; without a name: of every platform", true },
	{ "guest-features", 0, "[PLATFORM=]N",
		"SEV_FEATURES of the VMSAs (default 1 on sev-snp, 0 on sev-es)",
		true },
	{ "vcpu-type", 0, "TYPE",
		"make the VMSAs that QEMU makes for this CPU type" },
	{ "vcpu-sig", 0, "N", "the same, CPU given as CPUID 1 EAX" },
	{ "parameters", 0, "GPA[:SIZE]=LIST",
		"pages that the loader fills: vp-count, memory-map@0x100, ...",
		true },
	{ "native-entry", 0, "ADDR[,TABLES]",
		"native: start in 64-bit mode there; page tables at TABLES" },
	{ "verbose", 'v', NULL, "say on standard error what was built" },
	{ 0 },
};

/* "a,b,c" as platforms in this order. */
static int parse_platforms(const struct cli_command *self, const char *list,
	struct cf_build_params *p)
{
	while (*list) {
		size_t len = strcspn(list, ",");
		char name[32];

		if (p->nplatforms == CF_BUILD_MAX_PLATFORMS)
			return cli_usage(self, "more than %d platforms",
				CF_BUILD_MAX_PLATFORMS);
		snprintf(name, sizeof(name), "%.*s", (int)len, list);
		if (len >= sizeof(name) ||
			!cf_kit_platform_from_name(
				name, &p->platform[p->nplatforms].type))
			return cli_usage(self,
				"platform '%.*s': must be sev-snp, sev-es, "
				"sev, native or tdx",
				(int)len, list);
		p->nplatforms++;
		list += len + (list[len] == ',');
	}
	return -1;
}

/* Values of one "[PLATFORM=]N" option. */
static int parse_numbers(const struct cli_args *args, const char *option,
	struct cf_build_params *p)
{
	const struct cli_command *self = args->command;
	const char *value;

	for (size_t i = 0; (value = cli_get_nth(args, option, i)); i++) {
		const char *equals = strchr(value, '=');
		const char *number = equals ? equals + 1 : value;
		bool used = false;
		uint64_t v;

		if (!cf_parse_u64(number, UINT64_MAX, &v))
			return cli_usage(self, "--%s %s: '%s' is no number",
				option, value, number);
		for (size_t k = 0; k < p->nplatforms; k++) {
			struct cf_build_platform *b = &p->platform[k];
			const char *name = cf_kit_platform_name(b->type);
			bool vmsas = b->type == CF_IGVM_SEV_SNP ||
				b->type == CF_IGVM_SEV_ES;

			if (equals &&
				(strlen(name) != (size_t)(equals - value) ||
					strncmp(name, value, strlen(name))))
				continue;
			if (strcmp(option, "policy") == 0) {
				b->has_policy = used = true;
				b->policy = v;
			} else if (vmsas) {
				b->has_features = used = true;
				b->features = v;
			}
		}
		if (!used)
			return cli_usage(self,
				"--%s %s: names no platform of this file that "
				"has one",
				option, value);
	}
	return -1;
}

static int parse_cpu(const struct cli_args *args, struct cf_build_params *p)
{
	const char *type = cli_get(args, "vcpu-type");
	uint64_t n;

	if (!cli_get_u64(args, "cpucount", UINT16_MAX, 1, &n))
		return CLI_USAGE;
	if (n == 0)
		return cli_usage(args->command, "--cpucount 0: at least 1");
	p->vcpus = (unsigned)n;
	if (type && !cf_cpu_type_signature(type, &p->cpuid_signature))
		return cli_usage(args->command,
			"--vcpu-type %s: not a CPU type of QEMU that has SEV",
			type);
	if (cli_has(args, "vcpu-sig")) {
		if (!cli_get_u64(args, "vcpu-sig", UINT32_MAX, 0, &n))
			return CLI_USAGE;
		p->cpuid_signature = (uint32_t)n;
	}
	p->qemu_vmsa = type || cli_has(args, "vcpu-sig");
	return -1;
}

static int parse_params(const struct cli_args *args, struct cf_build_params *p)
{
	const char *list = cli_get(args, "platform");
	int leave;

	if ((!cli_get(args, "firmware") && !cli_get(args, "kernel")) ||
		!cli_get(args, "output"))
		return cli_usage(args->command,
			"--output FILE and --firmware FILE or --kernel FILE "
			"are needed");
	if (!cli_get(args, "kernel") &&
		(cli_get(args, "initrd") || cli_get(args, "append")))
		return cli_usage(args->command,
			"--initrd and --append go with --kernel");
	if (args->noperands + !!list != 1)
		return cli_usage(args->command,
			"give the platforms once: as the last word or with "
			"--platform");
	leave = parse_platforms(
		args->command, list ? list : args->operand[0], p);
	if (leave < 0)
		leave = parse_numbers(args, "policy", p);
	if (leave < 0)
		leave = parse_numbers(args, "guest-features", p);
	if (leave < 0)
		leave = cli_build_extra(args, p);
	return leave < 0 ? parse_cpu(args, p) : leave;
}

static enum coffer_status build_from_image(const struct cli_args *args,
	struct cf_build_params *p, struct cf_buf *out, struct coffer_error *err)
{
	const char *path = cli_get(args, "firmware");
	struct cf_kernel_hashes hashes;
	struct cf_mapping image = { 0 };
	enum coffer_status status = COFFER_OK;

	if (cli_get(args, "kernel")) {
		status = cli_build_hashes(args, &hashes, err);
		p->hashes = &hashes;
	}
	if (!status)
		status = cf_map_file(path, &image, err);
	if (status)
		return status;
	p->firmware = image.data;
	p->firmware_len = image.len;
	status = cf_build_from_firmware(p, out, err);
	if (status)
		cf_error_context(err, status, "%s", path);
	cf_unmap_file(&image);
	return status;
}

enum coffer_status build_write(const struct cli_args *args, const char *path,
	const struct cf_buf *file, struct coffer_error *err)
{
	struct cli_progress p;
	enum coffer_status status;

	cli_progress_begin(&p, args->command, stderr, false);
	status = cf_write_file_told(
		path, 0644, file->data, file->len, cli_progress(&p), err);
	cli_progress_end(&p);
	return status;
}

static int build(const struct cli_args *args, struct cf_build_params *p)
{
	const char *manifest = cli_get(args, "manifest");
	const char *in = manifest ? manifest : cli_get(args, "firmware");
	const char *out = cli_get(args, "output");
	struct cf_buf file = { 0 };
	struct coffer_error err;
	enum coffer_status status = manifest
		? cli_build_manifest(in, &file, &err)
		: build_from_image(args, p, &file, &err);

	if (!status)
		status = build_write(args, out, &file, &err);
	if (!status && cli_has(args, "verbose"))
		fprintf(stderr, "coffer build: %s: %zu bytes, from %s\n", out,
			file.len, in);
	cf_buf_finish(&file);
	return status ? cli_failed(args->command, &err) : CLI_OK;
}

static int run(int argc, char **argv, const struct cli_command *self)
{
	struct cf_build_params params = { 0 };
	struct cli_args args;
	int leave = cli_parse(argc, argv, self, &args);

	if (leave >= 0)
		return leave;
	if (!cli_get(&args, "manifest"))
		leave = parse_params(&args, &params);
	else if (!cli_get(&args, "output") ||
		args.nvalues > 2u + cli_has(&args, "verbose") || args.noperands)
		leave = cli_usage(self,
			"--manifest goes with --output FILE and nothing else");
	if (leave < 0)
		leave = cli_get(&args, "kernel") && !cli_get(&args, "firmware")
			? cli_build_kernel(&args, &params)
			: build(&args, &params);
	cli_args_finish(&args);
	return leave;
}

const struct cli_command cli_build = {
	.name = "build",
	.args = "PLATFORM",
	.summary = "make an IGVM file from a firmware image or a kernel",
	.details = "Takes buildigvm's options. Equal inputs give equal bytes.",
	.options = options,
	.run = run,
};
