/* SPDX-License-Identifier: Apache-2.0 */
/* coffer certs: show certificates of any kind, and check what signs what. */
#include "cli/cli.h"

#include "base/base.h"
#include "cli/owner/certs_priv.h"
#include "cli/owner/owner_files.h"
#include "cli/owner/sev_files.h"

#include <json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct cli_option options[] = {
	{ "verify", 0, NULL,
		"check the chain of the certificates; exit 1 if it does not "
		"hold",
		false },
	{ "simulated", 0, NULL, "accept a SIMULATED root", false },
	{ "json", 'j', NULL, "print JSON", false },
	{ NULL },
};

#define MAX_CERT_FILE (1 << 20)

/* Binary certificates begin with version 1; DER and PEM never do. */
static bool is_sev(const uint8_t *p, size_t n)
{
	return n >= 4 && cf_load_le32(p) == 1;
}

static enum coffer_status load(
	const char *path, struct certs *c, struct coffer_error *err)
{
	struct cf_buf bytes = { 0 };
	enum coffer_status status =
		cli_load_binary(path, MAX_CERT_FILE, &bytes, NULL);

	/* A folder, or something that only the X.509 reader can explain. */
	if (status || !is_sev(bytes.data, bytes.len)) {
		cf_buf_finish(&bytes);
		return cli_load_certs(path, &c->x509, err);
	}
	status = cf_sev_chain_add(&c->sev, bytes.data, bytes.len, err);
	if (status)
		cf_error_context(err, status, "%s", path);
	cf_buf_finish(&bytes);
	return status;
}

/* Each X.509 certificate by the one that its issuer's name points at. */
static bool x509_ok(const struct certs *c, size_t i, struct coffer_error *err)
{
	const struct cf_x509 *cert = c->x509.cert[i];
	enum coffer_status status = cf_fail(err, COFFER_ERR_MISMATCH,
		"its issuer is not among the certificates");

	for (size_t k = 0; k < c->x509.ncerts; k++) {
		if (!cf_x509_names_chain(cert, c->x509.cert[k]))
			continue;
		status = cf_x509_verify(cert, c->x509.cert[k], err);
		if (!status)
			return true;
	}
	return false;
}

static bool verify_x509(const struct certs *c, bool simulated)
{
	bool ok = true;

	for (size_t i = 0; i < c->x509.ncerts; i++) {
		const struct cf_x509 *cert = c->x509.cert[i];
		bool root = cf_cert_role(cert) == CF_CERT_ARK;
		struct coffer_error err;
		bool good = x509_ok(c, i, &err);

		if (good && root && cf_cert_is_simulated(cert)) {
			good = simulated;
			cf_fail(&err, COFFER_ERR_MISMATCH,
				"the root is SIMULATED (to accept it: "
				"--simulated)");
		} else if (good && root && !cf_cert_amd_root(cert)) {
			good = false;
			cf_fail(&err, COFFER_ERR_MISMATCH,
				"not a root key of AMD's");
		}
		printf("%-9s  %s%s%s\n", good ? "passed" : "failed",
			cf_cert_role_name(cf_cert_role(cert)), good ? "" : ": ",
			good ? "" : err.msg);
		ok = ok && good;
	}
	return ok;
}

static int certs(const struct cli_args *args, struct certs *c)
{
	bool simulated = cli_has(args, "simulated");
	struct cf_sev_chain_result result;
	struct coffer_error err;
	bool ok = true;

	for (size_t i = 0; i < args->noperands; i++)
		if (load(args->operand[i], c, &err))
			return cli_failed(args->command, &err);
	if (cli_has(args, "json"))
		cli_certs_json(c);
	else
		cli_certs_text(c);
	if (!cli_has(args, "verify"))
		return CLI_OK;
	if (cli_certs_has_sev(c)) {
		cf_sev_chain_verify(&c->sev, simulated, &result);
		if (!cli_has(args, "json"))
			cli_print_sev_chain(&result);
		ok = cf_sev_chain_ok(&result);
	}
	if (!verify_x509(c, simulated))
		ok = false;
	return ok ? CLI_OK
		  : cli_fail(args->command, "the chain does not verify");
}

static int run(int argc, char **argv, const struct cli_command *self)
{
	struct cli_args args;
	struct certs *c;
	int leave = cli_parse(argc, argv, self, &args);

	if (leave >= 0)
		return leave;
	c = cf_alloc_array(1, sizeof(*c));
	if (!args.noperands)
		leave = cli_usage(self, "want files with certificates");
	else if (cli_has(&args, "json") && cli_has(&args, "verify"))
		leave = cli_usage(self, "--json shows; --verify is for people");
	else
		leave = c ? certs(&args, c)
			  : cli_fail(self, "not enough memory");
	if (c)
		cf_cert_set_finish(&c->x509);
	free(c);
	cli_args_finish(&args);
	return leave;
}

const struct cli_command cli_certs = {
	.name = "certs",
	.args = "FILE...",
	.summary = "show and check certificates of AMD's hierarchies",
	.details = "X.509 in PEM or DER, certificate tables, folders, and "
		   "SEV's binary certificates.",
	.options = options,
	.run = run,
};
