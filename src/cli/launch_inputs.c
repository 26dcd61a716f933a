/* SPDX-License-Identifier: Apache-2.0 */
/* From options to firmware parameters. */
#include "cli/launch_inputs.h"

#include "base/base.h"

#include <errno.h>
#include <sys/stat.h>

static const struct {
	const char *name;
	enum cf_platform platform;
	bool svsm, hash_only;
} modes[] = {
	{ "sev", CF_PLATFORM_SEV, false, false },
	{ "seves", CF_PLATFORM_SEV_ES, false, false },
	{ "snp", CF_PLATFORM_SEV_SNP, false, false },
	{ "snp:ovmf-hash", CF_PLATFORM_SEV_SNP, false, true },
	{ "snp:svsm", CF_PLATFORM_SEV_SNP, true, false },
};

/* An option that is given and not empty; scripts pass empty ones. */
static const char *given(const struct cli_args *args, const char *name)
{
	const char *value = cli_get(args, name);

	return value && *value ? value : NULL;
}

static int load_mode(const struct cli_args *args, const char *guess,
	struct launch_inputs *in, bool *svsm)
{
	const char *mode = cli_get(args, "mode");

	if (!mode)
		mode = guess;
	if (!mode)
		return cli_usage(args->command, "--mode is missing");
	for (size_t i = 0; i < CF_ARRAY_LEN(modes); i++) {
		if (strcmp(modes[i].name, mode) != 0)
			continue;
		in->mode = modes[i].name;
		in->params.platform = modes[i].platform;
		in->ovmf_hash_only = modes[i].hash_only;
		*svsm = modes[i].svsm;
		return -1;
	}
	return cli_usage(args->command,
		"--mode: '%s' is not one of sev, seves, snp, snp:ovmf-hash, "
		"snp:svsm",
		mode);
}

static int load_vcpus(
	const struct cli_args *args, bool guess, struct launch_inputs *in)
{
	const char *text = cli_get(args, "vcpus");
	uint64_t first, last;
	char copy[32], *dash;

	in->first_vcpus = in->last_vcpus = 1;
	if (in->params.platform == CF_PLATFORM_SEV || in->ovmf_hash_only ||
		(!text && guess))
		return -1;
	if (!text)
		return cli_usage(args->command,
			"--vcpus N is missing (mode '%s')", in->mode);
	snprintf(copy, sizeof(copy), "%s", text);
	dash = strchr(copy, '-');
	if (dash)
		*dash++ = '\0';
	if (!cf_parse_u64(copy, 4096, &first) ||
		!cf_parse_u64(dash ? dash : copy, 4096, &last) || first == 0 ||
		last < first)
		return cli_usage(args->command,
			"--vcpus: '%s' is not a number from 1 to 4096 or a "
			"range of them",
			text);
	in->first_vcpus = (unsigned)first;
	in->last_vcpus = (unsigned)last;
	return -1;
}

static int list_eras(void)
{
	for (enum cf_vmm vmm = CF_VMM_QEMU; vmm <= CF_VMM_SVSM; vmm++)
		for (size_t i = 0; cf_vmsa_era_at(vmm, i); i++)
			printf("%-5s %-13s %s\n", cf_vmm_name(vmm),
				cf_vmsa_era_name(cf_vmsa_era_at(vmm, i)),
				cf_vmsa_era_text(cf_vmsa_era_at(vmm, i)));
	return CLI_OK;
}

static int load_vmm(
	const struct cli_args *args, struct launch_inputs *in, bool svsm)
{
	const char *vmm = cli_get(args, "vmm-type");
	const char *era = cli_get(args, "era");

	if (era && strcmp(era, "list") == 0)
		return list_eras();
	if (vmm && !cf_vmm_from_name(vmm, &in->params.vmm))
		return cli_usage(args->command,
			"--vmm-type: '%s' is not one of QEMU, ec2, gce, krun",
			vmm);
	if (svsm && in->params.vmm != CF_VMM_QEMU)
		return cli_usage(args->command,
			"--vmm-type: mode snp:svsm is known for QEMU only");
	if (svsm)
		in->params.vmm = CF_VMM_SVSM;
	if (!era)
		return -1;
	in->params.era = cf_vmsa_era_by_name(in->params.vmm, era);
	return in->params.era ? -1
			      : cli_usage(args->command,
					"--era: %s has no '%s'; see --era list",
					cf_vmm_name(in->params.vmm), era);
}

/* Family over signature over type, as the tool has it. */
static int load_cpu(
	const struct cli_args *args, bool guess, struct launch_inputs *in)
{
	const char *type = given(args, "vcpu-type");
	uint64_t family, model, stepping, signature;

	if (!cli_get_u64(args, "vcpu-family", 270, 0, &family) ||
		!cli_get_u64(args, "vcpu-model", 255, 0, &model) ||
		!cli_get_u64(args, "vcpu-stepping", 15, 0, &stepping) ||
		!cli_get_u64(args, "vcpu-sig", UINT32_MAX, 0, &signature))
		return CLI_USAGE;
	if (family) {
		if (!cli_has(args, "vcpu-model") ||
			!cli_has(args, "vcpu-stepping"))
			return cli_usage(args->command,
				"--vcpu-family needs --vcpu-model and "
				"--vcpu-stepping");
		in->params.cpuid_signature = cf_cpu_signature(
			(unsigned)family, (unsigned)model, (unsigned)stepping);
		return -1;
	}
	if (cli_has(args, "vcpu-sig")) {
		in->params.cpuid_signature = (uint32_t)signature;
		return -1;
	}
	if (!type && guess)
		type = "EPYC-v4";
	if (type && !cf_cpu_type_signature(type, &in->params.cpuid_signature))
		return cli_usage(args->command,
			"--vcpu-type: no type '%s'; EPYC, EPYC-v4, EPYC-Rome, "
			"EPYC-Milan, EPYC-Genoa, EPYC-Turin and their "
			"versions are known",
			type);
	if (!type && in->params.platform != CF_PLATFORM_SEV &&
		!in->ovmf_hash_only &&
		(in->params.vmm == CF_VMM_QEMU ||
			in->params.vmm == CF_VMM_SVSM))
		return cli_usage(args->command,
			"--vcpu-type, --vcpu-sig or --vcpu-family is missing "
			"(mode '%s')",
			in->mode);
	return -1;
}

static int map(
	const struct cli_args *args, const char *path, struct cf_mapping *out)
{
	struct coffer_error err;

	return cf_map_file(path, out, &err) ? cli_failed(args->command, &err)
					    : -1;
}

static int load_kernel(const struct cli_args *args, struct launch_inputs *in)
{
	const char *kernel = given(args, "kernel");
	const char *initrd = given(args, "initrd");
	struct coffer_error err;
	int leave = -1;

	in->append = cli_get(args, "append");
	if (!kernel && initrd)
		return cli_usage(args->command, "--initrd needs --kernel");
	if (!kernel && given(args, "append"))
		return cli_usage(args->command, "--append needs --kernel");
	if (!kernel)
		return -1;
	leave = map(args, kernel, &in->kernel);
	if (leave < 0 && initrd)
		leave = map(args, initrd, &in->initrd);
	if (leave >= 0)
		return leave;
	in->has_kernel = true;
	in->has_initrd = initrd != NULL;
	if (cf_kernel_hashes_make(in->kernel.data, in->kernel.len,
		    in->initrd.data, in->initrd.len, in->append, &in->hashes,
		    &err))
		return cli_failed(args->command, &err);
	in->params.hashes = &in->hashes;
	return -1;
}

static int load_ovmf(const struct cli_args *args, struct launch_inputs *in)
{
	const char *path = given(args, "ovmf");
	struct coffer_error err;
	enum coffer_status st;

	if (!path)
		return cli_usage(args->command, "--ovmf is missing");
	st = cf_map_file(path, &in->ovmf_file, &err);
	if (st)
		return cli_failed(args->command, &err);
	st = cf_ovmf_parse(
		in->ovmf_file.data, in->ovmf_file.len, &in->ovmf, &err);
	if (st) {
		cf_error_context(&err, st, "%s", path);
		return cli_failed(args->command, &err);
	}
	in->params.ovmf = &in->ovmf;
	return -1;
}

static int load_svsm(const struct cli_args *args, struct launch_inputs *in)
{
	const char *path = given(args, "svsm");
	const char *vars = given(args, "vars-file");
	struct coffer_error err;
	struct stat info;
	uint64_t size;
	int leave;

	if (!path)
		return cli_usage(
			args->command, "--svsm is missing (mode snp:svsm)");
	if (vars && cli_has(args, "vars-size"))
		return cli_usage(args->command,
			"--vars-file and --vars-size exclude each other");
	if (!cli_get_u64(args, "vars-size", UINT32_MAX, 0, &size))
		return CLI_USAGE;
	if (vars && stat(vars, &info) != 0) {
		cf_fail_errno(&err, errno, "%s", vars);
		return cli_failed(args->command, &err);
	}
	if (vars)
		size = (uint64_t)info.st_size;
	if (size == 0)
		return cli_usage(args->command,
			"--vars-size or --vars-file is missing (mode "
			"snp:svsm)");
	leave = map(args, path, &in->svsm_file);
	if (leave >= 0)
		return leave;
	if (cf_ovmf_parse(
		    in->svsm_file.data, in->svsm_file.len, &in->svsm, &err)) {
		cf_error_context(&err, err.status, "%s", path);
		return cli_failed(args->command, &err);
	}
	in->params.svsm = in->svsm_file.data;
	in->params.svsm_len = in->svsm_file.len;
	in->params.svsm_vars_size = size;
	in->params.svsm_tables = &in->svsm;
	in->params.sev_features = 1; /* --guest-features is not looked at */
	return -1;
}

static int load_features(const struct cli_args *args, struct launch_inputs *in)
{
	const char *seed = given(args, "snp-ovmf-hash");
	const bool snp = in->params.platform == CF_PLATFORM_SEV_SNP;
	uint64_t features;

	if (!cli_get_u64(args, "guest-features", UINT64_MAX, 1, &features))
		return CLI_USAGE;
	in->params.sev_features = snp ? features : 0;
	if (!seed)
		return -1;
	if (strcmp(in->mode, "snp") != 0)
		return cli_usage(args->command,
			"--snp-ovmf-hash works in mode snp only");
	if (!cf_unhex(seed, in->seed, sizeof(in->seed)))
		return cli_usage(
			args->command, "--snp-ovmf-hash: needs 96 hex digits");
	in->has_seed = true;
	in->params.skip_firmware_pages = true;
	return -1;
}

int launch_inputs_load(const struct cli_args *args, const char *guess_mode,
	struct launch_inputs *in)
{
	const bool guess = guess_mode != NULL;
	bool svsm = false;
	int leave;

	*in = (struct launch_inputs) { 0 };
	leave = load_mode(args, guess_mode, in, &svsm);
	if (leave < 0)
		leave = load_vmm(args, in, svsm);
	if (leave < 0)
		leave = load_vcpus(args, guess, in);
	if (leave < 0)
		leave = load_cpu(args, guess, in);
	if (leave < 0)
		leave = load_features(args, in);
	if (leave < 0)
		leave = load_ovmf(args, in);
	if (leave < 0)
		leave = load_kernel(args, in);
	if (leave < 0 && svsm)
		leave = load_svsm(args, in);
	if (leave >= 0)
		launch_inputs_finish(in);
	return leave;
}

const char *launch_inputs_given(const struct cli_args *args, const char *except)
{
	static const struct cli_option inputs[] = {
		LAUNCH_INPUT_OPTIONS,
		{ NULL },
	};

	for (const struct cli_option *o = inputs; o->name; o++)
		if (cli_has(args, o->name) &&
			!(except && strcmp(except, o->name) == 0))
			return o->name;
	return NULL;
}

void launch_inputs_finish(struct launch_inputs *in)
{
	cf_unmap_file(&in->ovmf_file);
	cf_unmap_file(&in->kernel);
	cf_unmap_file(&in->initrd);
	cf_unmap_file(&in->svsm_file);
}
