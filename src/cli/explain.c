/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer explain: which assumption about a launch is wrong, from a reported
 * digest and the inputs that one believes in.
 */
#include "cli/explain_priv.h"

#include "base/base.h"
#include "cli/igvm_file.h"
#include "cli/launch_inputs.h"
#include "cli/measure_priv.h"
#include "cli/progress.h"
#include "crypto/sev_kdf.h"
#include "igvm/igvm.h"

static const struct cli_option options[] = {
	LAUNCH_INPUT_OPTIONS,
	{ "igvm", 0, "FILE", "the IGVM file that one believes in", false },
	{ "platform", 'p', "NAME", "platform of the IGVM file", false },
	{ "profile", 0, "NAME", "loader of the IGVM file: spec or qemu",
		false },
	{ "max-vcpus", 0, "N", "try up to this many vCPUs (default 64)",
		false },
	{ "tik", 0, "FILE",
		"transport integrity key: the value may be LAUNCH_MEASURE's",
		false },
	{ "nonce", 0, "HEX|BASE64", "its nonce, unless the value holds it",
		false },
	{ "api", 0, "N.N", "API version of the platform, for --tik", false },
	{ "build", 0, "N", "build of the platform's firmware, for --tik",
		false },
	{ "policy", 0, "N", "guest policy that one believes in", false },
	{ "json", 'j', NULL, "print JSON", false },
	{ NULL },
};

static int get_policy(const struct cli_args *args, struct explain_target *t)
{
	if (!cli_get_u64(args, "policy", UINT64_MAX, 0, &t->believed_policy))
		return CLI_USAGE;
	t->has_believed_policy = cli_has(args, "policy");
	return -1;
}

/* The policy of an IGVM file, unless the user named one. */
static void get_file_policy(const struct cf_igvm *file, enum cf_platform p,
	const struct cf_loader_profile *profile, struct explain_target *t)
{
	struct cf_plan *plan;

	if (t->has_believed_policy ||
		cf_plan_from_igvm(file, p, profile, NULL, &plan, NULL))
		return;
	t->has_believed_policy = plan->has_policy;
	t->believed_policy = plan->policy;
	cf_plan_destroy(plan);
}

static int explain_igvm(const struct cli_args *args, struct explain_target *t)
{
	const char *path = cli_get(args, "igvm");
	const char *platform = cli_get(args, "platform");
	const char *loader = cli_get(args, "profile");
	enum cf_platform p = CF_PLATFORM_SEV_SNP;
	const struct cf_loader_profile *profile =
		cf_profile_by_name(loader ? loader : "spec");
	struct cf_explain_result r = { 0 };
	struct cf_igvm *file = NULL;
	struct cf_mapping bytes;
	struct coffer_error err;
	enum coffer_status st;
	int leave;

	if (!profile)
		return cli_usage(args->command,
			"--profile: '%s' is not one of spec, qemu", loader);
	if (platform && !cf_platform_from_name(platform, &p))
		return cli_usage(args->command, "--platform: '%s' is not known",
			platform);
	if (cf_map_file(path, &bytes, &err))
		return cli_failed(args->command, &err);
	st = cli_parse_igvm(&bytes, &file, &err);
	if (!st && !platform)
		st = cf_plan_pick_platform(
			file, ~(1u << CF_PLATFORM_NATIVE), &p, &err);
	if (!st)
		get_file_policy(file, p, profile, t);
	if (!st)
		st = cf_explain_igvm(
			file, p, profile, t->digest, t->len, &r, &err);
	if (st)
		cf_error_context(&err, st, "%s", path);
	leave = st ? cli_failed(args->command, &err)
		   : explain_print(args, t, &r);
	cf_explain_result_finish(&r);
	cf_igvm_destroy(file);
	cf_unmap_file(&bytes);
	return leave;
}

/* --tik: the target is, or starts with, the answer of LAUNCH_MEASURE. */
static int get_hmac(const struct cli_args *args, struct explain_target *t,
	uint8_t tik[16], struct cf_explain_hmac *out)
{
	struct cf_sev_measure m = { 0 };
	struct coffer_error err;
	uint64_t policy;
	uint8_t *key;
	size_t len;

	if (t->len == 48) {
		memcpy(out->nonce, t->digest + 32, 16);
		t->len = 32;
	} else if (!measure_get_nonce(args, out->nonce)) {
		return cli_usage(args->command,
			"--tik needs --nonce, or a value of 48 bytes that "
			"ends with it");
	}
	if (!measure_get_api(args, &m))
		return cli_usage(args->command,
			"--tik needs --api MAJOR.MINOR and --build N");
	if (!cli_get_u64(args, "policy", UINT32_MAX, 0, &policy))
		return CLI_USAGE;
	if (cf_read_file(cli_get(args, "tik"), 4096, &key, &len, &err))
		return cli_failed(args->command, &err);
	if (len == 16)
		memcpy(tik, key, 16);
	cf_wipe(key, len);
	free(key);
	if (len != 16)
		return cli_fail(args->command, "%s: %zu bytes, a TIK has 16",
			cli_get(args, "tik"), len);
	out->tik = tik;
	out->api_major = m.api_major;
	out->api_minor = m.api_minor;
	out->build = m.build_id;
	out->policy = (uint32_t)policy;
	return -1;
}

static int search(const struct cli_args *args, struct explain_target *t,
	const struct launch_inputs *in)
{
	struct cf_explain_request q = {
		.target = t->digest,
		.platform = in->params.platform,
		.has_kernel = in->has_kernel,
		.kernel = in->kernel.data,
		.kernel_len = in->kernel.len,
		.initrd = in->initrd.data,
		.initrd_len = in->initrd.len,
		.append = in->append,
		.vmm = in->params.vmm,
		.era = in->params.era,
		.cpuid_signature = in->params.cpuid_signature,
		.reported_signature = t->signature,
		.sev_features = in->params.sev_features,
		.vcpus = in->first_vcpus,
	};
	struct explain_images images;
	struct cf_explain_result r = { 0 };
	struct cli_progress progress;
	struct coffer_error err;
	enum coffer_status st;
	uint8_t tik[16] = { 0 };
	uint64_t max;
	int leave = -1;

	if (!cli_get_u64(args, "max-vcpus", 4096, 64, &max))
		return CLI_USAGE;
	q.max_vcpus = (unsigned)max;
	if (cli_has(args, "tik"))
		leave = get_hmac(args, t, tik, &q.hmac);
	if (leave >= 0)
		return leave;
	q.target_len = t->len;
	explain_find_images(cli_get(args, "ovmf"), &in->ovmf_file, &images);
	q.image = images.image;
	q.nimages = images.n;
	cli_progress_begin(
		&progress, args->command, stderr, cli_has(args, "json"));
	q.progress = cli_progress(&progress);
	st = cf_explain_firmware(&q, &r, &err);
	cli_progress_end(&progress);
	leave = st ? cli_failed(args->command, &err)
		   : explain_print(args, t, &r);
	cf_wipe(tik, sizeof(tik));
	cf_explain_result_finish(&r);
	explain_images_finish(&images);
	return leave;
}

static int explain_firmware(
	const struct cli_args *args, struct explain_target *t)
{
	const bool answer = t->len == 48 && cli_has(args, "tik");
	struct launch_inputs in;
	int leave = launch_inputs_load(
		args, t->len == 48 && !answer ? "snp" : "sev", &in);

	if (leave >= 0)
		return leave;
	if (in.params.svsm || in.has_seed || in.ovmf_hash_only)
		leave = cli_usage(args->command,
			"modes snp:svsm and snp:ovmf-hash and "
			"--snp-ovmf-hash cannot be explained");
	else if (t->len == 48 && !answer &&
		in.params.platform != CF_PLATFORM_SEV_SNP)
		leave = cli_fail(args->command,
			"48 bytes in mode %s are LAUNCH_MEASURE's answer, an "
			"HMAC and a nonce, not a digest; give --tik",
			in.mode);
	else if (t->len == 32 && in.params.platform == CF_PLATFORM_SEV_SNP)
		leave = cli_fail(args->command,
			"32 bytes are no SNP digest (48 bytes); try --mode "
			"sev or seves");
	else
		leave = search(args, t, &in);
	launch_inputs_finish(&in);
	return leave;
}

static int explain(const struct cli_args *args)
{
	struct explain_target t = { 0 };
	int leave;

	if (args->noperands != 1)
		return cli_usage(args->command,
			"one digest (hex or base64) or report file is needed");
	if (cli_has(args, "igvm") == cli_has(args, "ovmf"))
		return cli_usage(
			args->command, "either --ovmf or --igvm is needed");
	if (cli_has(args, "igvm") && launch_inputs_given(args, NULL))
		return cli_usage(args->command,
			"--%s is for firmware, not for --igvm",
			launch_inputs_given(args, NULL));
	if (cli_has(args, "igvm") && cli_has(args, "tik"))
		return cli_usage(args->command, "--tik works with --ovmf only");
	leave = explain_read_target(args, args->operand[0], &t);
	if (leave < 0)
		leave = get_policy(args, &t);
	if (leave >= 0)
		return leave;
	return cli_has(args, "igvm") ? explain_igvm(args, &t)
				     : explain_firmware(args, &t);
}

static int run(int argc, char **argv, const struct cli_command *self)
{
	struct cli_args args;
	int leave = cli_parse(argc, argv, self, &args);

	if (leave >= 0)
		return leave;
	leave = explain(&args);
	cli_args_finish(&args);
	return leave;
}

const struct cli_command cli_explain = {
	.name = "explain",
	.args = "DIGEST|REPORT",
	.summary = "find which assumption about a launch is wrong",
	.details =
		"Tries the neighbourhood of the inputs that one believes in: "
		"vCPUs, CPU type, VMM, era,\nguest features, kernel hashes and "
		"command line, firmware halves, loader of an IGVM file.\nExit "
		"status 0: found; 1: none fits.",
	.options = options,
	.run = run,
};
