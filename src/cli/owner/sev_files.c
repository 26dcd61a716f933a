/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing what SEV's owner and platform exchange. */
#include "cli/owner/sev_files.h"

#include "base/base.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#define MAX_CHAIN_FILE 65536

enum coffer_status cli_load_binary(const char *path, size_t max,
	struct cf_buf *out, struct coffer_error *err)
{
	struct cf_buf decoded = { 0 };
	enum coffer_status status;
	uint8_t *data;
	size_t len;

	status = cf_read_file(path, max, &data, &len, err);
	if (status)
		return status;
	if (len && cf_unbase64(&decoded, (const char *)data, len))
		cf_buf_append(out, decoded.data, decoded.len);
	else
		cf_buf_append(out, data, len);
	cf_wipe(data, len);
	if (decoded.data)
		cf_wipe(decoded.data, decoded.len);
	cf_buf_finish(&decoded);
	free(data);
	return out->failed ? cf_fail_nomem(err, path) : COFFER_OK;
}

enum coffer_status cli_load_sev_certs(
	const char *path, struct cf_sev_chain *chain, struct coffer_error *err)
{
	struct cf_buf bytes = { 0 };
	enum coffer_status status =
		cli_load_binary(path, MAX_CHAIN_FILE, &bytes, err);

	if (!status) {
		status = cf_sev_chain_add(chain, bytes.data, bytes.len, err);
		if (status)
			cf_error_context(err, status, "%s", path);
	}
	cf_buf_finish(&bytes);
	return status;
}

enum coffer_status cli_load_sev_key(
	const char *path, uint8_t out[CF_SEV_KEY_LEN], struct coffer_error *err)
{
	uint8_t *data;
	size_t len;
	enum coffer_status status = cf_read_file(path, 64, &data, &len, err);

	if (status)
		return status;
	if (len == CF_SEV_KEY_LEN)
		memcpy(out, data, len);
	else
		status = cf_fail(err, COFFER_ERR_FORMAT,
			"%s: %zu bytes; a key has %u", path, len,
			CF_SEV_KEY_LEN);
	cf_wipe(data, len);
	free(data);
	return status;
}

enum coffer_status cli_write_base64(
	const char *path, const void *p, size_t n, struct coffer_error *err)
{
	struct cf_buf text = { 0 };
	enum coffer_status status;

	cf_base64(&text, p, n);
	cf_buf_u8(&text, '\n');
	status = text.failed
		? cf_fail_nomem(err, path)
		: cf_write_file(path, 0644, text.data, text.len, err);
	cf_buf_finish(&text);
	return status;
}

bool cli_get_measurement(const struct cli_args *args, const char *name,
	uint8_t out[CF_SEV_MEASUREMENT_LEN])
{
	const char *text = cli_get(args, name);
	struct cf_buf bytes = { 0 };
	bool ok = text && cf_unbase64(&bytes, text, strlen(text)) &&
		bytes.len == CF_SEV_MEASUREMENT_LEN;

	if (ok)
		memcpy(out, bytes.data, bytes.len);
	else
		cli_usage(args->command,
			"--%s: want the 48 bytes of query-sev-launch-measure "
			"in base64",
			name);
	cf_buf_finish(&bytes);
	return ok;
}

void cli_print_sev_chain(const struct cf_sev_chain_result *result)
{
	for (size_t i = 0; i < CF_SEV_LINK_COUNT; i++) {
		const struct cf_check_result *c = &result->link[i];
		const char *colour = c->verdict == CF_PASSED ? cli_green(stdout)
							     : cli_red(stdout);

		printf("%s%-9s%s  %-*s%s%s\n", colour,
			cf_verdict_name(c->verdict), cli_reset(stdout),
			*c->reason ? 13 : 0,
			cf_sev_link_name((enum cf_sev_link)i),
			*c->reason ? "  " : "", c->reason);
	}
}
