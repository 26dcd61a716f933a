/* SPDX-License-Identifier: Apache-2.0 */
/* coffer sp firmware, update, vlek: what the chip's maker would hand out, a
 * firmware image and a wrapped VLEK, and their installation. */
#include "cli/sp_priv.h"

#include <string.h>

/* Where the session's memory is free. */
#define BUFFER 0x4000

#define DOWNLOAD_EX     0xCA
#define DOWNLOAD_EX_LEN 0x18
#define VLEK_LOAD       0xCD
#define VLEK_LOAD_LEN   0x10

enum coffer_status sp_fw_status(
	struct coffer_error *err, const char *command, uint32_t fw)
{
	const char *remedy = cf_fw_status_remedy(fw);

	if (!fw)
		return COFFER_OK;
	return cf_fail_fw(err, fw, "%s: firmware status %s (0x%02x)%s%s",
		command, cf_fw_status_name(fw), fw, *remedy ? ": " : "",
		remedy);
}

/* "1.56" into two bytes. */
static enum coffer_status parse_api(const struct cli_args *args,
	const char *name, uint8_t out[2], struct coffer_error *err)
{
	const char *text = cli_get(args, name), *dot;
	uint64_t major, minor;
	char head[8];

	if (!text)
		return COFFER_OK;
	dot = strchr(text, '.');
	if (dot && (size_t)(dot - text) < sizeof(head)) {
		memcpy(head, text, (size_t)(dot - text));
		head[dot - text] = '\0';
		if (cf_parse_u64(head, 255, &major) &&
			cf_parse_u64(dot + 1, 255, &minor)) {
			out[0] = (uint8_t)major;
			out[1] = (uint8_t)minor;
			return COFFER_OK;
		}
	}
	return cf_fail(err, COFFER_ERR_ARGUMENT,
		"--%s %s: take a version as 1.56", name, text);
}

static enum coffer_status parse_byte(const struct cli_args *args,
	const char *name, uint8_t *out, struct coffer_error *err)
{
	const char *text = cli_get(args, name);
	uint64_t v;

	if (!text)
		return COFFER_OK;
	if (!cf_parse_u64(text, 255, &v))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"--%s %s: take a number up to 255", name, text);
	*out = (uint8_t)v;
	return COFFER_OK;
}

static uint8_t running_spl(const struct cf_sp_soft_facts *f)
{
	struct cf_sp_spl spl[5];
	size_t n = cf_sp_tcb_split(f->product, f->current_tcb, spl);

	for (size_t i = 0; i < n; i++)
		if (strcmp(spl[i].name, "snpSPL") == 0)
			return spl[i].value;
	return 0;
}

/* What is not given is as it runs now. */
static enum coffer_status parse_version(const struct cli_args *args,
	struct sp_session *s, struct cf_sp_firmware_version *v,
	struct coffer_error *err)
{
	struct cf_sp_soft_facts f;
	enum coffer_status status;

	cf_sp_soft_facts(s->sp, &f);
	*v = (struct cf_sp_firmware_version) {
		.sev_api = { f.sev_api[0], f.sev_api[1] },
		.snp_api = { f.snp_api[0], f.snp_api[1] },
		.build = f.build,
		.snp_spl = running_spl(&f),
	};
	status = parse_api(args, "sev-api", v->sev_api, err);
	if (!status)
		status = parse_api(args, "snp-api", v->snp_api, err);
	if (!status)
		status = parse_byte(args, "build", &v->build, err);
	if (!status)
		status = parse_byte(args, "snp-spl", &v->snp_spl, err);
	return status;
}

static int need_file(const struct cli_args *args, const char *action,
	const char *option, const char **out)
{
	*out = cli_get(args, option);
	if (*out)
		return -1;
	return cli_usage(args->command, "%s needs --%s FILE", action, option);
}

int sp_firmware(const struct cli_args *args, struct sp_session *s)
{
	uint8_t image[CF_SP_FIRMWARE_LEN];
	struct cf_sp_firmware_version v;
	enum coffer_status status;
	struct coffer_error err;
	const char *path;
	int code = need_file(args, "firmware", "out", &path);

	if (code >= 0)
		return code;
	status = parse_version(args, s, &v, &err);
	if (!status)
		status = cf_sp_soft_firmware_image(s->sp, &v, image, &err);
	if (!status)
		status = cf_write_file(path, 0644, image, sizeof(image), &err);
	return status ? cli_failed(args->command, &err) : CLI_OK;
}

/* A file of exactly one size into the session's memory. */
static enum coffer_status load_file(struct sp_session *s, const char *path,
	size_t want, const char *what, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) uint8_t *data = NULL;
	enum coffer_status status;
	size_t len;

	status = cf_read_file(path, 1 << 20, &data, &len, err);
	if (status)
		return status;
	if (len != want)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"%s: %zu bytes; %s has %zu", path, len, what, want);
	return cf_guest_write(s->mem, BUFFER, data, len, err);
}

/* DOWNLOAD_FIRMWARE_EX wants SEV shut down; it comes up again after. */
static enum coffer_status download(struct sp_session *s, const char *path,
	bool commit, struct coffer_error *err)
{
	uint8_t b[DOWNLOAD_EX_LEN] = { sizeof(b) };
	enum coffer_status status;

	status = load_file(s, path, CF_SP_FIRMWARE_LEN,
		"an image of 'coffer sp firmware'", err);
	if (!status)
		status = sp_fw_status(
			err, "SHUTDOWN", cf_sp_soft_call(s->sp, 0x02, NULL, 0));
	if (status)
		return status;
	cf_store_le64(b + 8, BUFFER);
	cf_store_le32(b + 0x10, CF_SP_FIRMWARE_LEN);
	cf_store_le32(b + 0x14, commit);
	return sp_fw_status(err, "DOWNLOAD_FIRMWARE_EX",
		cf_sp_soft_call(s->sp, DOWNLOAD_EX, b, sizeof(b)));
}

int sp_update(const struct cli_args *args, struct sp_session *s)
{
	uint8_t init[0x14] = { 0 };
	enum coffer_status status;
	struct coffer_error err;
	const char *path;
	int code = need_file(args, "update", "image", &path);

	if (code >= 0)
		return code;
	status = download(s, path, cli_has(args, "commit"), &err);
	if (!status)
		status = sp_fw_status(&err, "INIT",
			cf_sp_soft_call(s->sp, 0x01, init, sizeof(init)));
	return status ? cli_failed(args->command, &err) : sp_status(args, s);
}

int sp_vlek(const struct cli_args *args, struct sp_session *s)
{
	uint8_t wrapped[CF_SP_VLEK_WRAPPED_LEN];
	enum coffer_status status;
	struct coffer_error err;
	const char *path;
	int code = need_file(args, "vlek", "out", &path);

	if (code >= 0)
		return code;
	status = cf_sp_soft_vlek_wrap(s->sp, wrapped, &err);
	if (!status)
		status = cf_write_file(
			path, 0600, wrapped, sizeof(wrapped), &err);
	return status ? cli_failed(args->command, &err) : CLI_OK;
}

enum coffer_status sp_load_vlek(
	struct sp_session *s, const char *path, struct coffer_error *err)
{
	uint8_t b[VLEK_LOAD_LEN] = { sizeof(b) };
	enum coffer_status status = load_file(s, path, CF_SP_VLEK_WRAPPED_LEN,
		"a VLEK of 'coffer sp vlek'", err);

	if (status)
		return status;
	cf_store_le64(b + 8, BUFFER);
	return sp_fw_status(err, "SNP_VLEK_LOAD",
		cf_sp_soft_call(s->sp, VLEK_LOAD, b, sizeof(b)));
}
