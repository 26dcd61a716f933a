/* SPDX-License-Identifier: Apache-2.0 */
/* coffer sp: the software secure processor from outside. */
#include "cli/sp_priv.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#define SPARE_MEMORY ((uint64_t)64 << 10)

static const struct cli_option options[] = {
	{ "sp-state", 0, "DIR",
		"where the chip and its keys are kept (default: "
		"$XDG_STATE_HOME/coffer/sp)" },
	{ "product", 0, "NAME",
		"Milan, Genoa or Turin (default: the first that is there)" },
	{ "seed", 0, "TEXT",
		"derive the chip from a text instead of keeping it" },
	{ "out", 'o', "PATH",
		"certs, kds: folder to write to; firmware, vlek: file" },
	{ "listen", 0, "PORT",
		"kds: serve on 127.0.0.1 instead of writing (0: any port)" },
	{ "reported-tcb", 0, "LEVELS",
		"config: patch levels to report, as blSPL=4,snpSPL=22" },
	{ "mask-chip-id", 0, "BOOL", "config: yes leaves it out of reports" },
	{ "mask-chip-key", 0, "BOOL", "config: yes leaves reports unsigned" },
	{ "snp-api", 0, "VERSION", "firmware: SNP ABI of the image, as 1.56" },
	{ "sev-api", 0, "VERSION", "firmware: SEV API of the image, as 0.25" },
	{ "build", 0, "N", "firmware: build number of the image" },
	{ "snp-spl", 0, "N", "firmware: patch level of the image" },
	{ "image", 0, "FILE", "update: the image to install" },
	{ "commit", 0, NULL, "update: commit it at once" },
	{ "vlek", 0, "FILE",
		"certs, kds: load a wrapped VLEK, give its certificates" },
	{ "roots", 0, NULL, "reset: new simulated ARK, ASK and ASVK too" },
	{ "yes", 0, NULL, "reset: do it" },
	{ "json", 0, NULL, "status: print JSON" },
	{ 0 },
};

static enum coffer_status make_memory(
	struct sp_session *s, struct coffer_error *err)
{
	struct cf_sp_soft_memory bound;
	enum coffer_status status = cf_memory_create(&s->mem, err);

	if (!status)
		status = cf_memory_add(s->mem, 0, SPARE_MEMORY, CF_REGION_RAM,
			"command buffers", err);
	if (status)
		return status;
	cf_sp_soft_memory_bind(s->mem, &bound);
	cf_sp_soft_set_memory(s->sp, &bound);
	return COFFER_OK;
}

/* INIT fails once when the identity of the owner is damaged. */
static enum coffer_status initialise(
	struct sp_session *s, struct coffer_error *err)
{
	uint8_t init[0x14] = { 0 };
	uint32_t fw = cf_sp_soft_call(s->sp, 0x01, init, sizeof(init));

	if (fw == CF_FW_SECURE_DATA_INVALID)
		fw = cf_sp_soft_call(s->sp, 0x01, init, sizeof(init));
	if (fw)
		return sp_fw_status(err, "INIT", fw);
	return sp_fw_status(
		err, "SNP_INIT", cf_sp_soft_call(s->sp, 0x81, NULL, 0));
}

static enum coffer_status open_session(const struct cli_args *args,
	struct sp_session *s, struct coffer_error *err)
{
	struct cf_sp_soft_config config = { .product = CF_SP_MILAN };
	const char *product = cli_get(args, "product");
	const char *seed = cli_get(args, "seed");
	enum coffer_status status;
	bool found = false;

	status = cf_sp_state_open(cli_get(args, "sp-state"), &s->state, err);
	if (status)
		return status;
	cf_sp_state_ops(s->state, &config.ops);
	cli_progress_begin(
		&s->progress, args->command, stderr, cli_has(args, "json"));
	config.progress = cli_progress(&s->progress);
	config.seed = (const uint8_t *)seed;
	config.seed_len = seed ? strlen(seed) : 0;
	status = cf_sp_soft_stored_product(
		&config.ops, &config.product, &found, err);
	if (!status && product &&
		!cf_sp_product_from_name(product, &config.product))
		status = cf_fail(err, COFFER_ERR_ARGUMENT,
			"--product %s: take Milan, Genoa or Turin", product);
	if (!status)
		status = cf_sp_soft_create(&config, &s->sp, err);
	if (!status)
		status = make_memory(s, err);
	if (!status)
		status = initialise(s, err);
	if (!status && cli_has(args, "vlek"))
		status = sp_load_vlek(s, cli_get(args, "vlek"), err);
	return status;
}

static void close_session(struct sp_session *s)
{
	cf_sp_soft_destroy(s->sp);
	cf_memory_destroy(s->mem);
	cf_sp_state_close(s->state);
}

/* --- status --- */

static void tcb_text(
	enum cf_sp_product product, uint64_t tcb, struct cf_buf *out)
{
	struct cf_sp_spl spl[5];
	size_t n = cf_sp_tcb_split(product, tcb, spl);

	for (size_t i = 0; i < n; i++)
		cf_buf_printf(out, "%s%s=%u", i ? "," : "", spl[i].name,
			spl[i].value);
}

static struct json_object *status_json(
	const struct sp_session *s, const struct cf_sp_soft_facts *f)
{
	struct json_object *o = json_object_new_object();
	char hex[129], version[32];
	const struct {
		const char *name;
		uint64_t tcb;
	} tcbs[] = { { "current_tcb", f->current_tcb },
		{ "committed_tcb", f->committed_tcb },
		{ "reported_tcb", f->reported_tcb } };

#define ADD(name, value) json_object_object_add(o, name, value)
	ADD("simulated", json_object_new_boolean(true));
	ADD("state", json_object_new_string(cf_sp_state_path(s->state)));
	ADD("product", json_object_new_string(cf_sp_product_name(f->product)));
	cf_hex(hex, f->chip_id, f->chip_id_len);
	ADD("chip_id", json_object_new_string(hex));
	snprintf(version, sizeof(version), "%u.%u build %u", f->sev_api[0],
		f->sev_api[1], f->build);
	ADD("sev_api", json_object_new_string(version));
	snprintf(version, sizeof(version), "%u.%u build %u", f->snp_api[0],
		f->snp_api[1], f->build);
	ADD("snp_api", json_object_new_string(version));
	snprintf(version, sizeof(version), "%u.%u build %u",
		f->committed_version[0], f->committed_version[1],
		f->committed_version[2]);
	ADD("committed_version", json_object_new_string(version));
	for (size_t i = 0; i < CF_ARRAY_LEN(tcbs); i++) {
		struct cf_buf text = { 0 };

		tcb_text(f->product, tcbs[i].tcb, &text);
		ADD(tcbs[i].name, json_object_new_string(cf_buf_text(&text)));
		cf_buf_finish(&text);
	}
	ADD("mask_chip_id", json_object_new_boolean(f->mask_chip_id));
	ADD("mask_chip_key", json_object_new_boolean(f->mask_chip_key));
	ADD("owner",
		json_object_new_string(
			f->external_owner ? "external" : "self"));
#undef ADD
	return o;
}

int sp_status(const struct cli_args *args, struct sp_session *s)
{
	struct cf_sp_soft_facts f;
	struct json_object *o;

	cf_sp_soft_facts(s->sp, &f);
	o = status_json(s, &f);
	if (cli_has(args, "json")) {
		puts(json_object_to_json_string_ext(o,
			JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
				JSON_C_TO_STRING_NOSLASHESCAPE));
	} else {
		printf("%sSIMULATED%s secure processor\n", cli_bold(stdout),
			cli_reset(stdout));
		json_object_object_foreach(o, name, value)
		{
			if (strcmp(name, "simulated") != 0)
				printf("%-18s %s\n", name,
					json_object_get_string(value));
		}
	}
	json_object_put(o);
	return CLI_OK;
}

/* --- config, commit, reset --- */

/* "blSPL=4,snpSPL=22": the levels that are not named stay. */
static enum coffer_status parse_levels(const char *text,
	enum cf_sp_product product, uint64_t *tcb, struct coffer_error *err)
{
	while (*text) {
		size_t n = strcspn(text, ",");
		char item[32], *equals;
		uint64_t value;

		if (n >= sizeof(item))
			n = sizeof(item) - 1;
		memcpy(item, text, n);
		item[n] = '\0';
		equals = strchr(item, '=');
		if (equals)
			*equals = '\0';
		if (!equals || !cf_parse_u64(equals + 1, 255, &value) ||
			!cf_sp_tcb_set(product, item, (uint8_t)value, tcb))
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"--reported-tcb: '%s' is not a level of a %s "
				"with a number up to 255",
				item, cf_sp_product_name(product));
		text += n;
		text += *text == ',';
	}
	return COFFER_OK;
}

static enum coffer_status parse_bool(const struct cli_args *args,
	const char *name, bool *out, struct coffer_error *err)
{
	const char *text = cli_get(args, name);

	if (!text)
		return COFFER_OK;
	if (strcmp(text, "yes") == 0 || strcmp(text, "on") == 0)
		*out = true;
	else if (strcmp(text, "no") == 0 || strcmp(text, "off") == 0)
		*out = false;
	else
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"--%s %s: take yes or no", name, text);
	return COFFER_OK;
}

static int config(const struct cli_args *args, struct sp_session *s)
{
	const char *levels = cli_get(args, "reported-tcb");
	struct cf_sp_soft_facts f;
	uint8_t buf[0x40] = { 0 };
	struct coffer_error err;
	enum coffer_status st = COFFER_OK;
	uint32_t fw;

	cf_sp_soft_facts(s->sp, &f);
	if (levels)
		st = parse_levels(levels, f.product, &f.reported_tcb, &err);
	if (!st)
		st = parse_bool(args, "mask-chip-id", &f.mask_chip_id, &err);
	if (!st)
		st = parse_bool(args, "mask-chip-key", &f.mask_chip_key, &err);
	if (st)
		return cli_failed(args->command, &err);
	cf_store_le64(buf, f.reported_tcb);
	cf_store_le32(buf + 8,
		(uint32_t)f.mask_chip_id | (uint32_t)f.mask_chip_key << 1);
	fw = cf_sp_soft_call(s->sp, 0xC9, buf, sizeof(buf));
	if (fw == CF_FW_INVALID_PARAM)
		return cli_fail(args->command,
			"SNP_CONFIG: firmware status INVALID_PARAM (0x16): no "
			"level may be above the committed one, see 'coffer sp "
			"status'");
	if (sp_fw_status(&err, "SNP_CONFIG", fw))
		return cli_failed(args->command, &err);
	return sp_status(args, s);
}

static int commit(const struct cli_args *args, struct sp_session *s)
{
	uint8_t buf[4] = { sizeof(buf) };
	struct coffer_error err;

	if (sp_fw_status(&err, "SNP_COMMIT",
		    cf_sp_soft_call(s->sp, 0xCB, buf, sizeof(buf))))
		return cli_failed(args->command, &err);
	return sp_status(args, s);
}

static int reset(const struct cli_args *args)
{
	struct cf_sp_state *state;
	struct coffer_error err;
	enum coffer_status st;

	if (!cli_has(args, "yes"))
		return cli_usage(args->command,
			"reset forgets the chip and all its keys; add --yes");
	st = cf_sp_state_open(cli_get(args, "sp-state"), &state, &err);
	if (st)
		return cli_failed(args->command, &err);
	st = cf_sp_state_reset(state, cli_has(args, "roots"), &err);
	cf_sp_state_close(state);
	return st ? cli_failed(args->command, &err) : CLI_OK;
}

static int commands(void)
{
	struct cf_buf b = { 0 };

	cf_sp_soft_commands_markdown(&b);
	fputs(cf_buf_text(&b), stdout);
	cf_buf_finish(&b);
	return CLI_OK;
}

static int with_session(const struct cli_args *args,
	int (*action)(const struct cli_args *, struct sp_session *))
{
	struct sp_session s = { 0 };
	struct coffer_error err;
	int code;

	if (open_session(args, &s, &err)) {
		cli_progress_end(&s.progress);
		code = cli_failed(args->command, &err);
	} else {
		code = action(args, &s);
	}
	close_session(&s);
	return code;
}

static int run(int argc, char **argv, const struct cli_command *self)
{
	static const struct {
		const char *name;
		int (*run)(const struct cli_args *, struct sp_session *);
	} actions[] = {
		{ "status", sp_status },
		{ "certs", sp_certs },
		{ "config", config },
		{ "commit", commit },
		{ "kds", sp_kds },
		{ "firmware", sp_firmware },
		{ "update", sp_update },
		{ "vlek", sp_vlek },
	};
	struct cli_args args;
	const char *action;
	int code = cli_parse(argc, argv, self, &args);

	if (code >= 0)
		return code;
	action = args.noperands ? args.operand[0] : "";
	code = -1;
	if (args.noperands > 1)
		code = cli_usage(self, "one action at a time");
	else if (strcmp(action, "reset") == 0)
		code = reset(&args);
	else if (strcmp(action, "commands") == 0)
		code = commands();
	for (size_t i = 0; code < 0 && i < CF_ARRAY_LEN(actions); i++)
		if (strcmp(action, actions[i].name) == 0)
			code = with_session(&args, actions[i].run);
	if (code < 0)
		code = cli_usage(self,
			"no action '%s': take status, certs, config, commit, "
			"firmware, update, vlek, reset, kds or commands",
			action);
	cli_args_finish(&args);
	return code;
}

const struct cli_command cli_sp = {
	.name = "sp",
	.args = "ACTION",
	.summary = "look at the software secure processor, export its "
		   "certificates",
	.details =
		"Actions: status tells what chip it is; certs writes its "
		"certificates; config sets\nwhat reports say; commit raises "
		"the committed firmware version; firmware makes a\nsimulated "
		"firmware image and update installs one; vlek makes a "
		"wrapped VLEK; kds\nwrites or serves what AMD's key server "
		"would have; reset makes a new chip;\ncommands prints the "
		"table of firmware commands. All of it is simulated.",
	.options = options,
	.run = run,
};
