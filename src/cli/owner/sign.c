/* SPDX-License-Identifier: Apache-2.0 */
/* coffer sign: ID blocks for SNP guests. */
#include "cli/cli.h"

#include "base/base.h"
#include "cli/owner/owner_files.h"
#include "cli/owner/sign_priv.h"
#include "owner/policy.h"

#include <stdio.h>
#include <string.h>

static const struct cli_option options[] = {
	{ "measurement", 'm', "VALUE",
		"launch digest, base64 or hex (default: that of --igvm)",
		false },
	{ "idkey", 0, "PATH", "ID key, P-384 private key in PEM", false },
	{ "authorkey", 0, "PATH", "author key, the same", false },
	{ "id-pubkey", 0, "PATH", "ID public key, for --id-signature", false },
	{ "id-signature", 0, "PATH",
		"DER signature of the ID block, made elsewhere", false },
	{ "author-pubkey", 0, "PATH",
		"author public key, for --author-signature", false },
	{ "author-signature", 0, "PATH",
		"DER signature of the ID key structure, made elsewhere",
		false },
	{ "to-sign", 0, "PREFIX",
		"write PREFIX.block and PREFIX.key, what is to be signed "
		"elsewhere, and stop",
		false },
	{ "family-id", 0, "HEX", "family id, 16 bytes (default 0)", false },
	{ "image-id", 0, "HEX", "image id, 16 bytes (default 0)", false },
	{ "guest-svn", 0, "N", "security version (default 0)", false },
	{ "policy", 'p', "POLICY",
		"number or words: smt,debug=off,abi=1.55 (default 0x30000)",
		false },
	{ "host-data", 0, "HEX",
		"up to 32 bytes, printed as a host-data property", false },
	{ "igvm", 0, "FILE", "IGVM file to put the ID block into", false },
	{ "output", 'o', "FILE", "where the signed IGVM file goes", false },
	{ "id-block-out", 0, "FILE", "write the 96-byte ID block", false },
	{ "id-auth-out", 0, "FILE",
		"write the 4096 bytes of ID authentication information",
		false },
	{ "new-key", 0, "FILE",
		"make a private key (mode 0600) and stop; never overwrites",
		false },
	{ "show-policy", 0, "POLICY",
		"print a policy as number and as words, and stop", false },
	{ "json", 'j', NULL, "print JSON", false },
	{ NULL },
};

static int show_policy(const struct cli_args *args)
{
	struct cf_buf text = { 0 };
	struct cf_policy_rule rule;
	struct coffer_error err;
	uint64_t policy;

	if (cf_policy_rule_parse(
		    CF_POLICY_SNP, cli_get(args, "show-policy"), &rule, &err))
		return cli_usage(args->command, "%s", err.msg);
	policy = cf_policy_from_rule(CF_POLICY_SNP, &rule);
	if (cf_policy_check(CF_POLICY_SNP, policy, &rule, &err))
		return cli_fail(args->command, "%s", err.msg);
	cf_policy_text(CF_POLICY_SNP, policy, &text);
	printf("0x%llx %s\n", (unsigned long long)policy, cf_buf_text(&text));
	cf_buf_finish(&text);
	return CLI_OK;
}

static int new_key(const struct cli_args *args)
{
	struct coffer_error err;

	if (cli_new_private_key(cli_get(args, "new-key"), NULL, &err))
		return cli_failed(args->command, &err);
	return CLI_OK;
}

/* The digest in base64, as snp-create-id-block takes it, or in hex. */
static bool parse_measurement(const char *text, uint8_t out[48])
{
	struct cf_buf bytes = { 0 };
	bool ok = cf_unhex(text, out, 48);

	if (ok)
		return true;
	ok = cf_unbase64(&bytes, text, strlen(text)) && bytes.len == 48;
	if (ok)
		memcpy(out, bytes.data, 48);
	cf_buf_finish(&bytes);
	return ok;
}

static bool get_policy(const struct cli_args *args, struct signing *s)
{
	const char *text = cli_get(args, "policy");
	struct cf_policy_rule rule, any = { 0 };
	struct coffer_error err;

	s->block.policy = CF_SNP_POLICY_DEFAULT;
	s->has_policy = text != NULL;
	if (!text)
		return true;
	if (cf_policy_rule_parse(CF_POLICY_SNP, text, &rule, &err)) {
		cli_usage(args->command, "--policy: %s", err.msg);
		return false;
	}
	s->block.policy = cf_policy_from_rule(CF_POLICY_SNP, &rule);
	if (cf_policy_check(CF_POLICY_SNP, s->block.policy, &any, &err)) {
		cli_usage(args->command, "--policy: %s", err.msg);
		return false;
	}
	return true;
}

static bool get_block(const struct cli_args *args, struct signing *s)
{
	const char *measurement = cli_get(args, "measurement");
	uint64_t svn;
	bool has;

	s->block.version = 1;
	s->has_measurement = measurement != NULL;
	if (measurement &&
		!parse_measurement(measurement, s->block.measurement)) {
		cli_usage(args->command,
			"--measurement: want 48 bytes in base64 or hex");
		return false;
	}
	if (!cli_get_hex(args, "family-id", s->block.family_id, 16, &has) ||
		!cli_get_hex(args, "image-id", s->block.image_id, 16, &has) ||
		!cli_get_u64(args, "guest-svn", UINT32_MAX, 0, &svn) ||
		!cli_get_hex_padded(
			args, "host-data", s->host_data, 32, &s->has_host_data))
		return false;
	s->block.guest_svn = (uint32_t)svn;
	return get_policy(args, s);
}

static int check_options(const struct cli_args *args)
{
	const struct cli_command *self = args->command;

	if (args->noperands)
		return cli_usage(
			self, "no operand is expected: '%s'", args->operand[0]);
	if (!cli_has(args, "measurement") && !cli_has(args, "igvm"))
		return cli_usage(self, "want --measurement or --igvm");
	if (cli_has(args, "to-sign"))
		return -1;
	if (cli_has(args, "idkey") == cli_has(args, "id-signature"))
		return cli_usage(
			self, "want one of --idkey and --id-signature");
	if (cli_has(args, "authorkey") && cli_has(args, "author-signature"))
		return cli_usage(
			self, "want one of --authorkey and --author-signature");
	if (cli_has(args, "id-signature") != cli_has(args, "id-pubkey"))
		return cli_usage(
			self, "--id-signature and --id-pubkey go together");
	if (cli_has(args, "author-signature") != cli_has(args, "author-pubkey"))
		return cli_usage(self,
			"--author-signature and --author-pubkey go together");
	if (cli_has(args, "igvm") != cli_has(args, "output"))
		return cli_usage(self, "--igvm and --output go together");
	return -1;
}

static int sign(const struct cli_args *args)
{
	struct signing s = { 0 };
	struct coffer_error err;
	int leave = check_options(args);

	if (leave >= 0)
		return leave;
	if (!get_block(args, &s))
		return CLI_USAGE;
	if (cli_sign_measure(args, &s, &err))
		return cli_failed(args->command, &err);
	cf_id_block_encode(&s.block, s.bytes);
	if (cli_has(args, "to-sign"))
		return cli_sign_write_inputs(args, &s, &err)
			? cli_failed(args->command, &err)
			: CLI_OK;
	if (cli_sign_keys(args, &s, &err) || cli_sign_outputs(args, &s, &err))
		return cli_failed(args->command, &err);
	cli_sign_print(args, &s);
	return CLI_OK;
}

static int run(int argc, char **argv, const struct cli_command *self)
{
	struct cli_args args;
	int leave = cli_parse(argc, argv, self, &args);

	if (leave >= 0)
		return leave;
	if (cli_has(&args, "show-policy"))
		leave = show_policy(&args);
	else if (cli_has(&args, "new-key"))
		leave = new_key(&args);
	else
		leave = sign(&args);
	cli_args_finish(&args);
	return leave;
}

const struct cli_command cli_sign = {
	.name = "sign",
	.args = "",
	.summary = "sign the ID block of an SNP guest",
	.details =
		"Prints the id-block and id-auth properties and the digests "
		"of the keys in the\nform of snp-create-id-block. Signatures "
		"made elsewhere are accepted in place of\nprivate keys.",
	.options = options,
	.run = run,
};
