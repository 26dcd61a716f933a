/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer measure: the launch digest that a platform must report.  Takes the
 * options of sev-snp-measure, so that a script works with the name changed.
 */
#include "cli/measure_priv.h"

#include "base/base.h"
#include "cli/launch_inputs.h"

static const struct cli_option options[] = {
	LAUNCH_INPUT_OPTIONS,
	{ "output-format", 0, "FORM", "hex (default) or base64", true },
	{ "dump-vmsa", 0, NULL, "write the measured VMSAs to vmsa<N>.bin",
		true },
	{ "platform", 'p', "NAME",
		"of an IGVM file: sev-snp, sev-es, sev, tdx or vbs (default: "
		"the strongest that it has)",
		false },
	{ "profile", 0, "NAME",
		"loader of an IGVM file: spec (default) or qemu", false },
	{ "ignore-id-block", 0, NULL,
		"do not compare with the ID block of an IGVM file", false },
	{ "tik", 0, "FILE",
		"transport integrity key: print what LAUNCH_MEASURE answers "
		"(sev, seves)",
		false },
	{ "nonce", 0, "HEX|BASE64", "nonce of that answer, 16 bytes", false },
	{ "api", 0, "N.N", "API version of the platform, for --tik", false },
	{ "build", 0, "N", "build of the platform's firmware, for --tik",
		false },
	{ "policy", 0, "N", "guest policy, for --tik", false },
	{ "json", 'j', NULL, "print JSON", false },
	{ "verbose", 'v', NULL, "say what the number is", true },
	{ "version", 0, NULL, "print the version", true },
	{ NULL },
};

static int run(int argc, char **argv, const struct cli_command *self)
{
	struct cli_args args;
	int leave = cli_parse(argc, argv, self, &args);

	if (leave >= 0)
		return leave;
	if (cli_has(&args, "version"))
		leave = cli_print_version();
	else if (args.noperands > 1)
		leave = cli_usage(self, "one IGVM file at a time");
	else if (args.noperands == 1 && launch_inputs_given(&args, "vcpus"))
		leave = cli_usage(self,
			"'%s': --%s is for firmware, not for IGVM files",
			args.operand[0], launch_inputs_given(&args, "vcpus"));
	else
		leave = args.noperands ? measure_igvm(&args)
				       : measure_firmware(&args);
	cli_args_finish(&args);
	return leave;
}

const struct cli_command cli_measure = {
	.name = "measure",
	.args = "[FILE.igvm]",
	.summary = "compute the launch digest of an IGVM file or a firmware",
	.details = "With an IGVM file: its digest on one platform.  With "
		   "--mode and --ovmf: the digest\nof that firmware image, by "
		   "the options of sev-snp-measure.",
	.options = options,
	.run = run,
};
