/* SPDX-License-Identifier: Apache-2.0 */
/* Files, folders and values of the guest-owner subcommands. */
#include "cli/owner/owner_files.h"

#include "base/base.h"
#include "cli/cli.h"
#include "crypto/key_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_CERT_FILE (1 << 20)
#define MAX_DEPTH     8
#define MAX_KEY_FILE  65536

static enum coffer_status load_file(
	const char *path, struct cf_cert_set *set, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) uint8_t *data = NULL;
	enum coffer_status status;
	size_t len;

	status = cf_read_file(path, MAX_CERT_FILE, &data, &len, err);
	if (status)
		return status;
	status = cf_cert_set_add(set, data, len, err);
	if (status)
		return cf_error_context(err, status, "%s", path);
	return COFFER_OK;
}

static enum coffer_status load_folder(const char *path, unsigned depth,
	struct cf_cert_set *set, struct coffer_error *err);

static enum coffer_status load_entry(const char *path, unsigned depth,
	struct cf_cert_set *set, struct coffer_error *err)
{
	enum coffer_status status;
	struct stat st;

	if (stat(path, &st))
		return COFFER_OK; /* gone meanwhile, or a dangling link */
	if (S_ISDIR(st.st_mode))
		return load_folder(path, depth + 1, set, err);
	if (!S_ISREG(st.st_mode) || st.st_size > MAX_CERT_FILE)
		return COFFER_OK;
	status = load_file(path, set, err);
	return status == COFFER_ERR_NOMEM ? status : COFFER_OK;
}

static enum coffer_status load_folder(const char *path, unsigned depth,
	struct cf_cert_set *set, struct coffer_error *err)
{
	enum coffer_status status = COFFER_OK;
	struct dirent **entry;
	int n;

	if (depth > MAX_DEPTH)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"%s: more than %d folders deep", path, MAX_DEPTH);
	n = scandir(path, &entry, NULL, alphasort);
	if (n < 0)
		return cf_fail_errno(err, errno, "%s", path);
	for (int i = 0; i < n; i++) {
		char *full = NULL;

		if (!status && entry[i]->d_name[0] != '.') {
			if (asprintf(&full, "%s/%s", path, entry[i]->d_name) <
				0)
				status = cf_fail_nomem(err, "a path");
			else
				status = load_entry(full, depth, set, err);
			free(full);
		}
		free(entry[i]);
	}
	free(entry);
	return status;
}

enum coffer_status cli_load_certs(
	const char *path, struct cf_cert_set *set, struct coffer_error *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return load_folder(path, 0, set, err);
	return load_file(path, set, err);
}

bool cli_get_hex(const struct cli_args *args, const char *name, uint8_t *out,
	size_t n, bool *has)
{
	const char *text = cli_get(args, name);

	*has = text != NULL;
	if (!text || cf_unhex(text, out, n))
		return true;
	cli_usage(args->command, "--%s: want %zu bytes in hex", name, n);
	return false;
}

bool cli_get_hex_padded(const struct cli_args *args, const char *name,
	uint8_t *out, size_t n, bool *has)
{
	const char *text = cli_get(args, name);
	size_t len = text ? strlen(text) / 2 : 0;

	*has = text != NULL;
	memset(out, 0, n);
	if (!text || (len && len <= n && cf_unhex(text, out, len)))
		return true;
	cli_usage(args->command, "--%s: want 1 to %zu bytes in hex", name, n);
	return false;
}

enum coffer_status cli_load_private_key(const char *path,
	uint8_t secret[CF_P384_LEN], struct cf_p384_public *pub,
	struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) uint8_t *pem = NULL;
	enum coffer_status status;
	size_t len = 0;

	status = cf_read_file(path, MAX_KEY_FILE, &pem, &len, err);
	if (status)
		return status;
	status = cf_p384_secret_from_pem(pem, len, secret, pub, err);
	cf_wipe(pem, len);
	return status ? cf_error_context(err, status, "%s", path) : COFFER_OK;
}

static enum coffer_status write_all(int fd, const char *path, const uint8_t *at,
	size_t n, struct coffer_error *err)
{
	while (n) {
		ssize_t wrote = write(fd, at, n);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return cf_fail_errno(err, errno, "%s", path);
		at += wrote;
		n -= (size_t)wrote;
	}
	if (fsync(fd))
		return cf_fail_errno(err, errno, "%s", path);
	return COFFER_OK;
}

enum coffer_status cli_write_secret(
	const char *path, const void *p, size_t n, struct coffer_error *err)
{
	CF_CLEANUP(cf_close_fd)
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum coffer_status status;

	if (fd < 0)
		return cf_fail_errno(err, errno, "%s", path);
	status = write_all(fd, path, p, n, err);
	if (status)
		unlink(path);
	return status;
}

enum coffer_status cli_new_private_key(
	const char *path, struct cf_p384_public *pub, struct coffer_error *err)
{
	struct cf_p384_public made;
	struct cf_buf pem = { 0 };
	uint8_t secret[CF_P384_LEN];
	enum coffer_status status = cf_p384_generate(secret, &made, err);

	if (!status)
		status = cf_p384_secret_to_pem(secret, &pem, err);
	if (!status)
		status = cli_write_secret(path, pem.data, pem.len, err);
	if (!status && pub)
		*pub = made;
	cf_wipe(secret, sizeof(secret));
	if (pem.data)
		cf_wipe(pem.data, pem.len);
	cf_buf_finish(&pem);
	return status;
}

bool cli_parse_date(const char *text, int64_t *out)
{
	static const char *const formats[] = { "%Y-%m-%dT%H:%M:%SZ",
		"%Y-%m-%d" };
	uint64_t seconds;

	for (size_t i = 0; i < CF_ARRAY_LEN(formats); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, formats[i], &tm);

		if (!end || *end)
			continue;
		*out = (int64_t)timegm(&tm);
		return true;
	}
	if (!cf_parse_u64(text, (uint64_t)1 << 40, &seconds))
		return false;
	*out = (int64_t)seconds;
	return true;
}
