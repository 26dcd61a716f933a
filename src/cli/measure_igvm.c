/* SPDX-License-Identifier: Apache-2.0 */
/* coffer measure of an IGVM file. */
#include "cli/measure_priv.h"

#include "base/base.h"
#include "cli/igvm_file.h"
#include "cli/progress.h"
#include "igvm/igvm.h"

static int get_options(const struct cli_args *args, const struct cf_igvm *file,
	enum cf_platform *platform, const struct cf_loader_profile **profile)
{
	const char *name = cli_get(args, "platform");
	const char *loader = cli_get(args, "profile");
	struct coffer_error err;

	*profile = cf_profile_by_name(loader ? loader : "spec");
	if (!*profile)
		return cli_usage(args->command,
			"--profile: '%s' is not one of spec, qemu", loader);
	if (name && !cf_platform_from_name(name, platform))
		return cli_usage(args->command,
			"--platform: '%s' is not one of sev-snp, sev-es, sev, "
			"tdx, vbs",
			name);
	if (name)
		return -1;
	/* Native comes last: it has no digest. */
	if (cf_plan_pick_platform(file, ~(1u << CF_PLATFORM_NATIVE), platform,
		    NULL) == COFFER_OK)
		return -1;
	if (cf_plan_pick_platform(file, ~0u, platform, &err))
		return cli_failed(args->command, &err);
	return -1;
}

static int check_id_block(const struct cli_args *args,
	const struct cf_plan *plan, const struct measured *m)
{
	char have[97];

	if (!plan->id_block_enabled || cli_has(args, "ignore-id-block") ||
		memcmp(plan->id_block, m->digest, 48) == 0)
		return -1;
	cf_hex(have, plan->id_block, 48);
	return cli_fail(args->command,
		"%s: its ID block is for another digest, %s; "
		"--ignore-id-block prints this one's",
		args->operand[0], have);
}

static int finish(const struct cli_args *args, const struct cf_plan *plan,
	const struct cf_loader_profile *profile, const struct measured *m)
{
	const struct measure_facts f = {
		.file = args->operand[0],
		.profile = profile == &cf_profile_qemu ? "qemu" : "spec",
		.platform = plan->platform,
		.has_policy = plan->has_policy,
		.policy = plan->policy,
	};
	int leave = check_id_block(args, plan, m);
	uint64_t policy;

	if (leave >= 0)
		return leave;
	if (!measure_wants_hmac(args))
		return measure_print(args, &f, m, 1);
	if (m->len != 32 || plan->platform == CF_PLATFORM_VBS)
		return cli_usage(
			args->command, "--tik is for platforms sev and sev-es");
	if (!cli_get_u64(args, "policy", UINT32_MAX, plan->policy, &policy))
		return CLI_USAGE;
	return measure_print_hmac(args, m->digest,
		plan->has_policy || cli_has(args, "policy"), policy);
}

/* Nobody named a loader: say when the other one measures this file in another
 * order, since then it is the other digest that its guests report. */
static void note_other_order(const struct cli_args *args,
	const struct cf_igvm *file, enum cf_platform platform,
	const struct cf_plan_env *env, const struct cf_plan *ours,
	const struct measured *m)
{
	struct measured other = { 0 };
	struct cf_plan *plan = NULL;
	char hex[2 * CF_DIGEST_MAX + 1];

	if (cli_has(args, "profile") ||
		cf_plan_from_igvm(
			file, platform, &cf_profile_qemu, env, &plan, NULL))
		return;
	if (!cf_plan_same(plan, ours) &&
		cli_launch_digest(args->command, cli_has(args, "json"), plan,
			NULL, other.digest, &other.len, NULL) == COFFER_OK &&
		memcmp(other.digest, m->digest, m->len)) {
		cf_hex(hex, other.digest, other.len);
		fprintf(stderr,
			"coffer measure: %s: note: QEMU and coffer run load "
			"this file in another order and launch it as %s "
			"(--profile qemu)\n",
			args->operand[0], hex);
	}
	cf_plan_destroy(plan);
}

static int measure(const struct cli_args *args, const struct cf_igvm *file)
{
	const struct cf_loader_profile *profile;
	struct cf_plan_env env = { 0 };
	enum cf_platform platform;
	struct cf_plan *plan = NULL;
	struct measured m = { 0 };
	struct coffer_error err;
	enum coffer_status st;
	uint64_t vcpus;
	int leave = get_options(args, file, &platform, &profile);

	if (leave >= 0)
		return leave;
	if (!cli_get_u64(args, "vcpus", UINT16_MAX, 0, &vcpus))
		return CLI_USAGE;
	env.vcpus = (uint32_t)vcpus;
	st = cf_plan_from_igvm(file, platform, profile, &env, &plan, &err);
	if (!st)
		st = cli_launch_digest(args->command, cli_has(args, "json"),
			plan, NULL, m.digest, &m.len, &err);
	if (st)
		cf_error_context(&err, st, "%s", args->operand[0]);
	leave = st ? cli_failed(args->command, &err)
		   : finish(args, plan, profile, &m);
	if (leave == CLI_OK)
		note_other_order(args, file, platform, &env, plan, &m);
	cf_plan_destroy(plan);
	return leave;
}

int measure_igvm(const struct cli_args *args)
{
	const char *path = args->operand[0];
	struct cf_mapping bytes;
	struct cf_igvm *file;
	struct coffer_error err;
	enum coffer_status st;
	int leave;

	if (cf_map_file(path, &bytes, &err))
		return cli_failed(args->command, &err);
	st = cli_parse_igvm(&bytes, &file, &err);
	if (st) {
		cf_error_context(&err, st, "%s", path);
		leave = cli_failed(args->command, &err);
	} else {
		leave = measure(args, file);
		cf_igvm_destroy(file);
	}
	cf_unmap_file(&bytes);
	return leave;
}
