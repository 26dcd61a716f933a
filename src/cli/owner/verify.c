/* SPDX-License-Identifier: Apache-2.0 */
/* coffer verify: is this attestation report to be believed? */
#include "cli/cli.h"

#include "base/base.h"
#include "cli/owner/owner_files.h"
#include "cli/owner/verify_priv.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MAX_REPORT_FILE (1 << 20)

static const struct cli_option options[] = {
	{ "certs", 'c', "PATH",
		"certificates and CRLs: PEM, DER, certificate table, or a "
		"folder",
		true },
	{ "root", 0, "FILE", "insist on this root certificate", false },
	{ "simulated", 0, NULL,
		"accept the root given with --root although it is SIMULATED",
		false },
	{ "measurement", 'm', "HEX", "expected launch digest, 48 bytes",
		false },
	{ "report-data", 'd', "HEX",
		"expected nonce, up to 64 bytes, zeros follow", false },
	{ "host-data", 0, "HEX", "expected host data, 32 bytes", false },
	{ "policy", 'p', "RULE",
		"number or words: smt=off,debug=off,abi=1.55 (default "
		"debug=off)",
		false },
	{ "vmpl", 0, "N", "expected VMPL", false },
	{ "min-tcb", 0, "LIST", "bl=N,tee=N,snp=N,ucode=N[,fmc=N]", false },
	{ "min-firmware", 0, "VERSION",
		"lowest committed firmware, MAJOR.MINOR.BUILD", false },
	{ "platform", 0, "RULE",
		"words of the platform: smt=off,ecc,alias-check, ...", false },
	{ "guest-svn", 0, "N", "lowest guest SVN", false },
	{ "chip-id", 0, "HEX", "expected chip, 64 bytes", false },
	{ "family-id", 0, "HEX", "expected family id, 16 bytes", false },
	{ "image-id", 0, "HEX", "expected image id, 16 bytes", false },
	{ "id-key-digest", 0, "HEX", "expected ID key digest, 48 bytes",
		false },
	{ "author-key-digest", 0, "HEX", "expected author key digest, 48 bytes",
		false },
	{ "at", 0, "DATE", "time for dates and CRLs (default: now)", false },
	{ "json", 'j', NULL, "print JSON", false },
	{ NULL },
};

static bool parse_tcb(const struct cli_args *args, struct cf_tcb *out)
{
	const struct {
		const char *key;
		uint8_t *to;
	} parts[] = {
		{ "bl", &out->boot_loader },
		{ "tee", &out->tee },
		{ "snp", &out->snp },
		{ "ucode", &out->microcode },
		{ "fmc", &out->fmc },
	};
	char copy[128], *at = copy, *word;

	snprintf(copy, sizeof(copy), "%s", cli_get(args, "min-tcb"));
	while ((word = strsep(&at, ","))) {
		char *value = strchr(word, '=');
		size_t i = 0;
		uint64_t n;

		if (value)
			*value++ = '\0';
		while (i < CF_ARRAY_LEN(parts) &&
			strcmp(parts[i].key, word) != 0)
			i++;
		if (!value || i == CF_ARRAY_LEN(parts) ||
			!cf_parse_u64(value, 255, &n)) {
			cli_usage(args->command,
				"--min-tcb: '%s' is not one of bl, tee, snp, "
				"ucode, fmc with a number to 255",
				word);
			return false;
		}
		*parts[i].to = (uint8_t)n;
	}
	return true;
}

static bool get_policy(const struct cli_args *args, struct rules *r)
{
	const char *text = cli_get(args, "policy");
	struct coffer_error err;

	r->rules.policy =
		(struct cf_policy_rule) { .mask = CF_SNP_POLICY_DEBUG };
	if (!text)
		return true;
	if (cf_policy_rule_parse(CF_POLICY_SNP, text, &r->rules.policy, &err)) {
		cli_usage(args->command, "--policy: %s", err.msg);
		return false;
	}
	/* A rule that does not speak of debug still refuses it. */
	if (!r->rules.policy.exact && !strstr(text, "debug"))
		r->rules.policy.mask |= CF_SNP_POLICY_DEBUG;
	return true;
}

static bool get_platform(const struct cli_args *args, struct rules *r)
{
	const char *version = cli_get(args, "min-firmware");
	const char *platform = cli_get(args, "platform");
	unsigned char *to[] = { &r->rules.firmware.major,
		&r->rules.firmware.minor, &r->rules.firmware.build };
	char copy[32], *at = copy;
	struct coffer_error err;

	r->rules.has_firmware = version != NULL;
	r->rules.has_platform = platform != NULL;
	snprintf(copy, sizeof(copy), "%s", version ? version : "0.0.0");
	for (size_t i = 0; i < CF_ARRAY_LEN(to); i++) {
		const char *part = strsep(&at, ".");
		uint64_t n;

		if (!part || !cf_parse_u64(part, 255, &n) || (i == 2 && at)) {
			cli_usage(args->command,
				"--min-firmware: '%s' is not "
				"MAJOR.MINOR.BUILD",
				version);
			return false;
		}
		*to[i] = (uint8_t)n;
	}
	if (platform &&
		cf_policy_rule_parse(CF_POLICY_PLATFORM, platform,
			&r->rules.platform, &err)) {
		cli_usage(args->command, "--platform: %s", err.msg);
		return false;
	}
	return true;
}

static bool get_digests(const struct cli_args *args, struct rules *r)
{
	const struct {
		const char *name;
		uint8_t *to;
		size_t n;
		const uint8_t **rule;
	} fields[] = {
		{ "measurement", r->measurement, 48, &r->rules.measurement },
		{ "host-data", r->host_data, 32, &r->rules.host_data },
		{ "chip-id", r->chip_id, 64, &r->rules.chip_id },
		{ "family-id", r->family_id, 16, &r->rules.family_id },
		{ "image-id", r->image_id, 16, &r->rules.image_id },
		{ "id-key-digest", r->id_key, 48, &r->rules.id_key_digest },
		{ "author-key-digest", r->author_key, 48,
			&r->rules.author_key_digest },
	};
	bool has;

	for (size_t i = 0; i < CF_ARRAY_LEN(fields); i++) {
		if (!cli_get_hex(args, fields[i].name, fields[i].to,
			    fields[i].n, &has))
			return false;
		*fields[i].rule = has ? fields[i].to : NULL;
	}
	if (!cli_get_hex_padded(args, "report-data", r->report_data, 64, &has))
		return false;
	r->rules.report_data = has ? r->report_data : NULL;
	return true;
}

static bool get_rules(const struct cli_args *args, struct rules *r)
{
	uint64_t vmpl, svn;

	memset(r, 0, sizeof(*r));
	if (!get_digests(args, r) || !get_policy(args, r) ||
		!get_platform(args, r) ||
		!cli_get_u64(args, "vmpl", UINT32_MAX, 0, &vmpl) ||
		!cli_get_u64(args, "guest-svn", UINT32_MAX, 0, &svn))
		return false;
	r->rules.has_vmpl = cli_has(args, "vmpl");
	r->rules.vmpl = (uint32_t)vmpl;
	r->rules.has_min_svn = cli_has(args, "guest-svn");
	r->rules.min_svn = (uint32_t)svn;
	r->rules.has_min_tcb = cli_has(args, "min-tcb");
	return !r->rules.has_min_tcb || parse_tcb(args, &r->rules.min_tcb);
}

static enum coffer_status load_report(
	const char *path, struct cf_report *out, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) uint8_t *data = NULL;
	uint8_t raw[CF_REPORT_LEN];
	enum coffer_status status;
	size_t len;

	status = cf_read_file(path, MAX_REPORT_FILE, &data, &len, err);
	if (status)
		return status;
	status = cf_report_locate(data, len, raw, err);
	if (!status)
		status = cf_report_parse(raw, sizeof(raw), out, err);
	if (status)
		return cf_error_context(err, status, "%s", path);
	return COFFER_OK;
}

static enum coffer_status load_root(
	const char *path, struct cf_cert_set *set, struct coffer_error *err)
{
	enum coffer_status status;

	if (!path)
		return COFFER_OK;
	status = cli_load_certs(path, set, err);
	if (status)
		return status;
	if (set->ncerts != 1 || cf_cert_role(set->cert[0]) != CF_CERT_ARK)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"%s: want one ARK certificate and nothing else", path);
	return COFFER_OK;
}

static int verify(const struct cli_args *args, const struct rules *rules,
	const struct cf_chain_options *options_in)
{
	CF_CLEANUP(cf_cert_set_finish) struct cf_cert_set set = { 0 };
	CF_CLEANUP(cf_cert_set_finish) struct cf_cert_set root = { 0 };
	struct cf_chain_options o = *options_in;
	struct cf_verify_result result;
	struct cf_report report;
	struct cf_chain chain;
	struct coffer_error err;
	const char *path;

	if (load_report(args->operand[0], &report, &err) ||
		load_root(cli_get(args, "root"), &root, &err))
		return cli_failed(args->command, &err);
	for (size_t i = 0; (path = cli_get_nth(args, "certs", i)); i++)
		if (cli_load_certs(path, &set, &err))
			return cli_failed(args->command, &err);
	o.root = root.ncerts ? root.cert[0] : NULL;
	cf_chain_find(&set, &report, o.root, &chain);
	cf_verify_chain(&chain, &o, &result);
	cf_verify_report(&report, &chain, &rules->rules, &result);
	if (cli_has(args, "json"))
		cli_verify_json(&report, &result);
	else
		cli_verify_text(&result);
	return cf_verify_ok(&result) ? CLI_OK : CLI_FAILED;
}

static int run(int argc, char **argv, const struct cli_command *self)
{
	struct cf_chain_options o = { .now = (int64_t)time(NULL) };
	struct cli_args args;
	struct rules rules;
	int leave;

	if (argc > 1 && strcmp(argv[1], "launch") == 0)
		return cli_verify_launch.run(
			argc - 1, argv + 1, &cli_verify_launch);
	leave = cli_parse(argc, argv, self, &args);
	if (leave >= 0)
		return leave;
	o.simulated = cli_has(&args, "simulated");
	if (args.noperands != 1)
		leave = cli_usage(self, "want one REPORT");
	else if (!cli_has(&args, "certs"))
		leave = cli_usage(self, "no --certs: whose signature is it?");
	else if (o.simulated && !cli_has(&args, "root"))
		leave = cli_usage(self,
			"--simulated needs --root FILE: name the root that "
			"you accept");
	else if (cli_get(&args, "at") &&
		!cli_parse_date(cli_get(&args, "at"), &o.now))
		leave = cli_usage(
			self, "--at: '%s' is not a date", cli_get(&args, "at"));
	else if (!get_rules(&args, &rules))
		leave = CLI_USAGE;
	else
		leave = verify(&args, &rules, &o);
	cli_args_finish(&args);
	return leave;
}

const struct cli_command cli_verify = {
	.name = "verify",
	.args = "REPORT",
	.summary = "check an SNP attestation report and its certificates",
	.details =
		"One line per check: passed, failed or not asked, with the "
		"reason. Roots are AMD's,\nbuilt in by public key. Nothing is "
		"fetched: certificates come from --certs.\n\n'coffer verify "
		"launch' checks the launch measurement of a SEV or SEV-ES "
		"guest.",
	.options = options,
	.run = run,
};
