/* SPDX-License-Identifier: Apache-2.0 */
/* coffer verify launch: is this what a SEV guest with that digest measures? */
#include "cli/cli.h"

#include "base/base.h"
#include "cli/owner/owner_files.h"
#include "cli/owner/sev_files.h"
#include "owner/policy.h"

#include <stdio.h>
#include <string.h>

static const struct cli_option options[] = {
	{ "measurement", 'm', "BASE64", "what query-sev-launch-measure gave",
		false },
	{ "digest", 'd', "HEX",
		"expected launch digest, 32 bytes: coffer measure --mode sev",
		false },
	{ "tik", 0, "FILE", "transport integrity key, from session", false },
	{ "policy", 'p', "POLICY", "the guest's policy, number or words",
		false },
	{ "api-major", 0, "N", "of query-sev", false },
	{ "api-minor", 0, "N", "of query-sev", false },
	{ "build-id", 0, "N", "of query-sev", false },
	{ "json", 'j', NULL, "print JSON", false },
	{ NULL },
};

static bool get_params(const struct cli_args *args, uint8_t digest[32],
	struct cf_sev_measure *m)
{
	const char *policy = cli_get(args, "policy");
	uint64_t major, minor, build;
	struct cf_policy_rule rule;
	struct coffer_error err;
	bool has;

	if (!cli_get_u64(args, "api-major", 255, 0, &major) ||
		!cli_get_u64(args, "api-minor", 255, 0, &minor) ||
		!cli_get_u64(args, "build-id", 255, 0, &build) ||
		!cli_get_hex(args, "digest", digest, 32, &has))
		return false;
	if (cf_policy_rule_parse(CF_POLICY_SEV, policy, &rule, &err)) {
		cli_usage(args->command, "--policy: %s", err.msg);
		return false;
	}
	m->api_major = (uint8_t)major;
	m->api_minor = (uint8_t)minor;
	m->build_id = (uint8_t)build;
	m->policy = (uint32_t)cf_policy_from_rule(CF_POLICY_SEV, &rule);
	m->digest = digest;
	return true;
}

static int verify_launch(const struct cli_args *args)
{
	static const char *const needed[] = { "measurement", "digest", "tik",
		"policy", "api-major", "api-minor", "build-id" };
	uint8_t measurement[CF_SEV_MEASUREMENT_LEN], digest[32];
	uint8_t tik[CF_SEV_KEY_LEN];
	struct cf_sev_measure m = { 0 };
	struct coffer_error err;
	enum coffer_status status;

	for (size_t i = 0; i < CF_ARRAY_LEN(needed); i++)
		if (!cli_has(args, needed[i]))
			return cli_usage(args->command, "want --%s", needed[i]);
	if (!cli_get_measurement(args, "measurement", measurement) ||
		!get_params(args, digest, &m))
		return CLI_USAGE;
	status = cli_load_sev_key(cli_get(args, "tik"), tik, &err);
	if (!status)
		status = cf_sev_measurement_check(tik, &m, measurement, &err);
	cf_wipe(tik, sizeof(tik));
	if (status && status != COFFER_ERR_MISMATCH)
		return cli_failed(args->command, &err);
	if (cli_has(args, "json"))
		printf("{\"verified\": %s}\n", status ? "false" : "true");
	else if (!status)
		printf("%sverified%s: the guest measured this digest\n",
			cli_green(stdout), cli_reset(stdout));
	return status ? cli_failed(args->command, &err) : CLI_OK;
}

static int run(int argc, char **argv, const struct cli_command *self)
{
	struct cli_args args;
	int leave = cli_parse(argc, argv, self, &args);

	if (leave >= 0)
		return leave;
	if (args.noperands)
		leave = cli_usage(
			self, "no operand is expected: '%s'", args.operand[0]);
	else
		leave = verify_launch(&args);
	cli_args_finish(&args);
	return leave;
}

const struct cli_command cli_verify_launch = {
	.name = "verify launch",
	.args = "",
	.summary = "check the launch measurement of a SEV or SEV-ES guest",
	.options = options,
	.run = run,
};
