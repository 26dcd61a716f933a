/* SPDX-License-Identifier: Apache-2.0 */
/* coffer secret: the packet that puts secrets into a SEV or SEV-ES guest. */
#include "cli/cli.h"

#include "base/base.h"
#include "cli/owner/sev_files.h"
#include "owner/secret.h"

#include <stdio.h>
#include <string.h>

#define LUKS_GUID "736869e5-84f0-4973-92ec-06879ce3da0b"

static const struct cli_option options[] = {
	{ "tek", 0, "FILE", "transport encryption key, from session", false },
	{ "tik", 0, "FILE", "transport integrity key, from session", false },
	{ "measurement", 'm', "BASE64",
		"what query-sev-launch-measure gave; verify it first", false },
	{ "entry", 'e', "GUID:FILE", "one secret under its GUID", true },
	{ "luks", 0, "FILE",
		"passphrase of a disk: its first line, with a NUL after it",
		false },
	{ "header", 0, "FILE", "where the packet header goes (base64)", false },
	{ "payload", 0, "FILE", "where the encrypted table goes (base64)",
		false },
	{ "json", 'j', NULL, "print the arguments of sev-inject-launch-secret",
		false },
	{ NULL },
};

#define MAX_ENTRIES 64

struct entries {
	struct cf_secret_entry entry[MAX_ENTRIES];
	uint8_t *owned[MAX_ENTRIES]; /* wiped and freed */
	size_t owned_len[MAX_ENTRIES];
	size_t n;
};

static void finish_entries(struct entries *e)
{
	for (size_t i = 0; i < e->n; i++) {
		cf_wipe(e->owned[i], e->owned_len[i]);
		free(e->owned[i]);
	}
}

static enum coffer_status add_entry(struct entries *e, const char *guid,
	const char *path, struct coffer_error *err)
{
	struct cf_secret_entry *to = &e->entry[e->n];
	enum coffer_status status;
	size_t len;

	if (e->n == MAX_ENTRIES)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"more than %d secrets", MAX_ENTRIES);
	if (!cf_guid_from_text(guid, to->guid))
		return cf_fail(
			err, COFFER_ERR_ARGUMENT, "'%s' is not a GUID", guid);
	status = cf_read_file(path, CF_SECRET_MAX, &e->owned[e->n], &len, err);
	if (status)
		return status;
	to->data = e->owned[e->n];
	to->len = len;
	e->owned_len[e->n++] = len;
	return COFFER_OK;
}

/* The file's first line; the NUL that cf_read_file adds may be used. */
static enum coffer_status add_luks(
	struct entries *e, const char *path, struct coffer_error *err)
{
	enum coffer_status status = add_entry(e, LUKS_GUID, path, err);
	uint8_t *data, *newline;

	if (status)
		return status;
	data = e->owned[e->n - 1];
	newline = memchr(data, '\n', e->owned_len[e->n - 1]);
	if (newline) {
		*newline = '\0';
		e->entry[e->n - 1].len = (size_t)(newline - data);
	}
	e->entry[e->n - 1].len++;
	return COFFER_OK;
}

static enum coffer_status load_entries(const struct cli_args *args,
	struct entries *e, struct coffer_error *err)
{
	enum coffer_status status = COFFER_OK;
	const char *text;

	for (size_t i = 0; !status && (text = cli_get_nth(args, "entry", i));
		i++) {
		char guid[37];

		if (strlen(text) < 38 || text[36] != ':')
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"--entry: '%s' is not GUID:FILE", text);
		memcpy(guid, text, 36);
		guid[36] = '\0';
		status = add_entry(e, guid, text + 37, err);
	}
	if (!status && cli_has(args, "luks"))
		status = add_luks(e, cli_get(args, "luks"), err);
	return status;
}

static enum coffer_status load_keys(const struct cli_args *args,
	struct cf_sev_keys *keys, struct coffer_error *err)
{
	enum coffer_status status =
		cli_load_sev_key(cli_get(args, "tek"), keys->tek, err);

	if (!status)
		status = cli_load_sev_key(cli_get(args, "tik"), keys->tik, err);
	return status;
}

static void print_json(
	const uint8_t header[CF_SEV_PACKET_LEN], const struct cf_buf *payload)
{
	struct cf_buf a = { 0 }, b = { 0 };

	cf_base64(&a, header, CF_SEV_PACKET_LEN);
	cf_base64(&b, payload->data, payload->len);
	printf("{\"packet-header\": \"%s\", \"secret\": \"%s\"}\n",
		cf_buf_text(&a), cf_buf_text(&b));
	cf_buf_finish(&a);
	cf_buf_finish(&b);
}

static enum coffer_status put_out(const struct cli_args *args,
	const uint8_t header[CF_SEV_PACKET_LEN], const struct cf_buf *payload,
	struct coffer_error *err)
{
	enum coffer_status status = COFFER_OK;

	if (cli_has(args, "json"))
		print_json(header, payload);
	if (cli_has(args, "header"))
		status = cli_write_base64(cli_get(args, "header"), header,
			CF_SEV_PACKET_LEN, err);
	if (!status && cli_has(args, "payload"))
		status = cli_write_base64(cli_get(args, "payload"),
			payload->data, payload->len, err);
	return status;
}

static enum coffer_status make_packet(const struct cli_args *args,
	struct entries *e, const uint8_t *measurement, struct coffer_error *err)
{
	struct cf_buf table = { 0 }, payload = { 0 };
	uint8_t header[CF_SEV_PACKET_LEN];
	struct cf_sev_keys keys;
	const struct cf_secret_params params = {
		.keys = &keys,
		.measure = measurement,
	};
	enum coffer_status status = load_keys(args, &keys, err);

	if (!status)
		status = cf_secret_table(e->entry, e->n, &table, err);
	if (!status)
		status = cf_secret_packet(
			&params, table.data, table.len, header, &payload, err);
	if (!status)
		status = put_out(args, header, &payload, err);
	cf_wipe(&keys, sizeof(keys));
	if (table.data)
		cf_wipe(table.data, table.cap);
	cf_buf_finish(&table);
	cf_buf_finish(&payload);
	return status;
}

static int secret(const struct cli_args *args)
{
	const struct cli_command *self = args->command;
	uint8_t measurement[CF_SEV_MEASUREMENT_LEN];
	struct entries e = { .n = 0 };
	struct coffer_error err;
	enum coffer_status status;

	if (args->noperands)
		return cli_usage(
			self, "no operand is expected: '%s'", args->operand[0]);
	if (!cli_has(args, "tek") || !cli_has(args, "tik"))
		return cli_usage(self, "want --tek and --tik");
	if (!cli_has(args, "entry") && !cli_has(args, "luks"))
		return cli_usage(self, "no secret: want --entry or --luks");
	if (!cli_has(args, "json") &&
		(!cli_has(args, "header") || !cli_has(args, "payload")))
		return cli_usage(self,
			"want --header and --payload, or "
			"--json");
	if (!cli_get_measurement(args, "measurement", measurement))
		return CLI_USAGE;
	status = load_entries(args, &e, &err);
	if (!status)
		status = make_packet(args, &e, measurement, &err);
	finish_entries(&e);
	return status ? cli_failed(self, &err) : CLI_OK;
}

static int run(int argc, char **argv, const struct cli_command *self)
{
	struct cli_args args;
	int leave = cli_parse(argc, argv, self, &args);

	if (leave >= 0)
		return leave;
	leave = secret(&args);
	cli_args_finish(&args);
	return leave;
}

const struct cli_command cli_secret = {
	.name = "secret",
	.args = "",
	.summary = "encrypt secrets for a SEV or SEV-ES guest",
	.details =
		"Makes the table of secrets that OVMF hands to the guest, and "
		"the packet that\nsev-inject-launch-secret takes. Verify the "
		"measurement before: coffer verify launch.",
	.options = options,
	.run = run,
};
