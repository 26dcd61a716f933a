/* SPDX-License-Identifier: Apache-2.0 */
/* The output forms of coffer measure, and the answer of LAUNCH_MEASURE. */
#include "cli/measure_priv.h"

#include "base/base.h"
#include "crypto/sev_kdf.h"

#include <json-c/json.h>
#include <stdio.h>

/* Names that sev-snp-measure prints with -v. */
static const char *verbose_name(const struct measure_facts *f)
{
	if (f->mode && strcmp(f->mode, "snp:svsm") == 0)
		return "SEV_SNP_SVSM";
	switch (f->platform) {
	case CF_PLATFORM_SEV:
		return "SEV";
	case CF_PLATFORM_SEV_ES:
		return "SEV_ES";
	case CF_PLATFORM_SEV_SNP:
		return "SEV_SNP";
	default:
		return cf_platform_name(f->platform);
	}
}

static bool get_format(const struct cli_args *args, bool *base64)
{
	const char *form = cli_get(args, "output-format");

	*base64 = form && strcmp(form, "base64") == 0;
	if (!form || *base64 || strcmp(form, "hex") == 0)
		return true;
	cli_usage(args->command,
		"--output-format: '%s' is not one of hex, base64", form);
	return false;
}

static void encode(struct cf_buf *out, const uint8_t *p, size_t n, bool base64)
{
	char hex[2 * CF_DIGEST_MAX + 1];

	if (base64) {
		cf_base64(out, p, n);
		return;
	}
	cf_hex(hex, p, n);
	cf_buf_printf(out, "%s", hex);
}

#define JSON_FORM (JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE)

static void add_text(struct json_object *o, const char *name, const char *text)
{
	if (text)
		json_object_object_add(o, name, json_object_new_string(text));
}

static void add_hex(struct json_object *o, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	add_text(o, name, text);
}

static struct json_object *rows_json(const struct measured *m, size_t n)
{
	struct json_object *rows = json_object_new_array();

	for (size_t i = 0; i < n; i++) {
		struct json_object *row = json_object_new_object();
		char hex[2 * CF_DIGEST_MAX + 1];

		cf_hex(hex, m[i].digest, m[i].len);
		json_object_object_add(row, "vcpus",
			json_object_new_int64((int64_t)m[i].vcpus));
		add_text(row, "digest", hex);
		json_object_array_add(rows, row);
	}
	return rows;
}

static int print_json(
	const struct measure_facts *f, const struct measured *m, size_t n)
{
	struct json_object *o = json_object_new_object();
	char hex[2 * CF_DIGEST_MAX + 1];

	add_text(o, "file", f->file);
	add_text(o, "platform", cf_platform_name(f->platform));
	add_text(o, "mode", f->mode);
	add_text(o, "profile", f->profile);
	add_text(o, "vmm", f->vmm);
	add_text(o, "era", f->era);
	if (f->vmm) {
		add_hex(o, "cpu_signature", f->cpuid_signature);
		add_hex(o, "guest_features", f->sev_features);
	}
	if (f->mode)
		json_object_object_add(o, "kernel_hashes",
			json_object_new_boolean(f->kernel_hashes));
	if (f->has_policy)
		add_hex(o, "policy", f->policy);
	if (n == 1) {
		cf_hex(hex, m->digest, m->len);
		if (m->vcpus)
			json_object_object_add(o, "vcpus",
				json_object_new_int64((int64_t)m->vcpus));
		add_text(o, "digest", hex);
	} else {
		json_object_object_add(o, "digests", rows_json(m, n));
	}
	puts(json_object_to_json_string_ext(o, JSON_FORM));
	json_object_put(o);
	return CLI_OK;
}

int measure_print(const struct cli_args *args, const struct measure_facts *f,
	const struct measured *m, size_t n)
{
	struct cf_buf out = { 0 };
	bool base64;

	if (!get_format(args, &base64))
		return CLI_USAGE;
	if (cli_has(args, "json"))
		return print_json(f, m, n);
	/* The firmware digest alone is always in hex, as the tool has it. */
	if (f->mode && strcmp(f->mode, "snp:ovmf-hash") == 0)
		base64 = false;
	for (size_t i = 0; i < n; i++) {
		if (n > 1)
			cf_buf_printf(&out, "%u ", m[i].vcpus);
		else if (cli_has(args, "verbose"))
			cf_buf_printf(&out, "Calculated %s guest measurement: ",
				verbose_name(f));
		encode(&out, m[i].digest, m[i].len, base64);
		cf_buf_u8(&out, '\n');
	}
	fwrite(out.data, 1, out.len, stdout);
	cf_buf_finish(&out);
	return CLI_OK;
}

bool measure_wants_hmac(const struct cli_args *args)
{
	return cli_has(args, "tik");
}

bool measure_get_nonce(const struct cli_args *args, uint8_t nonce[16])
{
	const char *text = cli_get(args, "nonce");
	struct cf_buf bytes = { 0 };
	bool ok;

	if (!text)
		return false;
	if (cf_unhex(text, nonce, 16))
		return true;
	ok = cf_unbase64(&bytes, text, strlen(text)) && bytes.len == 16;
	if (ok)
		memcpy(nonce, bytes.data, 16);
	cf_buf_finish(&bytes);
	return ok;
}

bool measure_get_api(const struct cli_args *args, struct cf_sev_measure *m)
{
	const char *text = cli_get(args, "api");
	uint64_t major, minor, build;
	char copy[16], *dot;

	if (!text || !cli_has(args, "build"))
		return false;
	snprintf(copy, sizeof(copy), "%s", text);
	dot = strchr(copy, '.');
	if (!dot)
		return false;
	*dot++ = '\0';
	if (!cf_parse_u64(copy, 255, &major) ||
		!cf_parse_u64(dot, 255, &minor) ||
		!cf_parse_u64(cli_get(args, "build"), 255, &build))
		return false;
	m->api_major = (uint8_t)major;
	m->api_minor = (uint8_t)minor;
	m->build_id = (uint8_t)build;
	return true;
}

static int print_answer(const struct cli_args *args, const uint8_t digest[32],
	const uint8_t answer[48])
{
	const char *form = cli_get(args, "output-format");
	const bool base64 = !form || strcmp(form, "base64") == 0;
	struct cf_buf out = { 0 };

	if (cli_has(args, "json")) {
		struct json_object *o = json_object_new_object();
		char hex[65];

		cf_hex(hex, digest, 32);
		add_text(o, "digest", hex);
		cf_hex(hex, answer, 32);
		add_text(o, "measure", hex);
		cf_hex(hex, answer + 32, 16);
		add_text(o, "nonce", hex);
		cf_base64(&out, answer, 48);
		add_text(o, "answer", cf_buf_text(&out));
		puts(json_object_to_json_string_ext(o, JSON_FORM));
		json_object_put(o);
	} else {
		encode(&out, answer, 48, base64);
		puts(cf_buf_text(&out));
	}
	cf_buf_finish(&out);
	return CLI_OK;
}

int measure_print_hmac(const struct cli_args *args, const uint8_t digest[32],
	bool has_policy, uint64_t policy)
{
	struct cf_sev_measure m = { .policy = (uint32_t)policy,
		.digest = digest };
	uint8_t answer[48], *tik;
	struct coffer_error err;
	enum coffer_status st;
	size_t len;

	if (!has_policy)
		return cli_usage(args->command, "--tik needs --policy");
	if (!measure_get_nonce(args, answer + 32))
		return cli_usage(args->command,
			"--tik needs --nonce, 16 bytes in hex or base64");
	if (!measure_get_api(args, &m))
		return cli_usage(args->command,
			"--tik needs --api MAJOR.MINOR and --build N");
	m.mnonce = answer + 32;
	st = cf_read_file(cli_get(args, "tik"), 4096, &tik, &len, &err);
	if (st)
		return cli_failed(args->command, &err);
	if (len == CF_SEV_KEY_LEN)
		st = cf_sev_launch_measure(tik, &m, answer, &err);
	else
		st = cf_fail(&err, COFFER_ERR_FORMAT,
			"%s: %zu bytes, a TIK has %d", cli_get(args, "tik"),
			len, CF_SEV_KEY_LEN);
	cf_wipe(tik, len);
	free(tik);
	return st ? cli_failed(args->command, &err)
		  : print_answer(args, digest, answer);
}
