/* SPDX-License-Identifier: Apache-2.0 */
/* coffer session: own a SEV or SEV-ES guest before it starts. */
#include "cli/cli.h"

#include "base/base.h"
#include "cli/owner/owner_files.h"
#include "cli/owner/sev_files.h"
#include "owner/policy.h"

#include <stdio.h>
#include <string.h>

static const struct cli_option options[] = {
	{ "policy", 'p', "POLICY",
		"number or words: nodbg,noks,es,nosend,domain,sev,api=1.40 "
		"(default 0x1)",
		false },
	{ "output", 'o', "NAME", "start of the files' names (default vm)",
		false },
	{ "simulated", 0, NULL, "accept a SIMULATED root", false },
	{ "trust-pdh", 0, NULL,
		"do not verify the PDH's chain: it came by a way that you "
		"trust",
		false },
	{ "json", 'j', NULL, "print JSON", false },
	{ NULL },
};

static bool get_policy(const struct cli_args *args, uint32_t *out)
{
	const char *text = cli_get(args, "policy");
	struct cf_policy_rule rule, any = { 0 };
	struct coffer_error err;

	*out = 1;
	if (!text)
		return true;
	if (cf_policy_rule_parse(CF_POLICY_SEV, text, &rule, &err) ||
		cf_policy_check(CF_POLICY_SEV,
			cf_policy_from_rule(CF_POLICY_SEV, &rule), &any,
			&err)) {
		cli_usage(args->command, "--policy: %s", err.msg);
		return false;
	}
	*out = (uint32_t)cf_policy_from_rule(CF_POLICY_SEV, &rule);
	return true;
}

static int check_chain(
	const struct cli_args *args, const struct cf_sev_chain *chain)
{
	struct cf_sev_chain_result result;

	if (!chain->pdh.bytes)
		return cli_fail(
			args->command, "no PDH certificate among the files");
	if (cli_has(args, "trust-pdh"))
		return -1;
	cf_sev_chain_verify(chain, cli_has(args, "simulated"), &result);
	if (!cf_sev_chain_ok(&result)) {
		cli_print_sev_chain(&result);
		return cli_fail(args->command,
			"the platform's chain does not verify: no session is "
			"made for it");
	}
	if (!cli_has(args, "json"))
		printf("chain: verified to %s\n",
			result.simulated
				? "a SIMULATED root, which proves nothing "
				  "about hardware"
				: "AMD's root key");
	return -1;
}

static enum coffer_status write_files(const char *name,
	const struct cf_sev_session *s, struct coffer_error *err)
{
	const struct {
		const char *suffix;
		const uint8_t *p;
		size_t n;
		bool secret;
	} files[] = {
		{ "tik.bin", s->keys.tik, sizeof(s->keys.tik), true },
		{ "tek.bin", s->keys.tek, sizeof(s->keys.tek), true },
		{ "godh.b64", s->dh_cert, sizeof(s->dh_cert), false },
		{ "session.b64", s->blob, sizeof(s->blob), false },
	};
	enum coffer_status status = COFFER_OK;

	for (size_t i = 0; !status && i < CF_ARRAY_LEN(files); i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s_%s", name, files[i].suffix);
		status = files[i].secret
			? cli_write_secret(path, files[i].p, files[i].n, err)
			: cli_write_base64(path, files[i].p, files[i].n, err);
	}
	return status;
}

static void print_result(
	const struct cli_args *args, const char *name, uint32_t policy)
{
	struct cf_buf words = { 0 };

	cf_policy_text(CF_POLICY_SEV, policy, &words);
	if (cli_has(args, "json"))
		printf("{\"policy\": %u, \"policy_words\": \"%s\"}\n", policy,
			cf_buf_text(&words));
	else
		printf("policy: 0x%x %s\n"
		       "to the host: %s_godh.b64 (dh-cert-file), "
		       "%s_session.b64 (session-file)\n"
		       "kept secret: %s_tik.bin, %s_tek.bin\n",
			policy, cf_buf_text(&words), name, name, name, name);
	cf_buf_finish(&words);
}

static int make_session(const struct cli_args *args,
	const struct cf_sev_chain *chain, uint32_t policy)
{
	const char *name = cli_get(args, "output");
	struct cf_sev_session session;
	struct coffer_error err;
	enum coffer_status status;

	name = name ? name : "vm";
	status = cf_sev_session_create(&chain->pdh, policy, &session, &err);
	if (!status)
		status = write_files(name, &session, &err);
	cf_sev_session_wipe(&session);
	if (status)
		return cli_failed(args->command, &err);
	print_result(args, name, policy);
	return CLI_OK;
}

static int session(const struct cli_args *args)
{
	CF_CLEANUP(cf_free_ptr) struct cf_sev_chain *chain = NULL;
	struct coffer_error err;
	uint32_t policy;
	int leave;

	if (!args->noperands)
		return cli_usage(args->command,
			"want the files with the platform's certificates");
	if (!get_policy(args, &policy))
		return CLI_USAGE;
	chain = cf_alloc_array(1, sizeof(*chain));
	if (!chain)
		return cli_fail(args->command, "not enough memory");
	for (size_t i = 0; i < args->noperands; i++)
		if (cli_load_sev_certs(args->operand[i], chain, &err))
			return cli_failed(args->command, &err);
	leave = check_chain(args, chain);
	return leave >= 0 ? leave : make_session(args, chain, policy);
}

static int run(int argc, char **argv, const struct cli_command *self)
{
	struct cli_args args;
	int leave = cli_parse(argc, argv, self, &args);

	if (leave >= 0)
		return leave;
	leave = session(&args);
	cli_args_finish(&args);
	return leave;
}

const struct cli_command cli_session = {
	.name = "session",
	.args = "CERTS...",
	.summary = "make the session of a SEV or SEV-ES guest",
	.details =
		"CERTS hold the platform's PDH, PEK, OCA and CEK and AMD's ASK "
		"and ARK, in any\nnumber of files, binary or base64. The chain "
		"is verified first.",
	.options = options,
	.run = run,
};
