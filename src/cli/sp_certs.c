/* SPDX-License-Identifier: Apache-2.0 */
/* coffer sp certs, kds: the platform's certificates as files. */
#include "cli/sp_priv.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

/* One PEM block of bytes in DER. */
static void append_pem(
	struct cf_buf *out, const char *label, const uint8_t *der, size_t n)
{
	struct cf_buf text = { 0 };

	cf_base64(&text, der, n);
	cf_buf_printf(out, "-----BEGIN %s-----\n", label);
	for (size_t at = 0; at < text.len; at += 64) {
		size_t line = text.len - at < 64 ? text.len - at : 64;

		cf_buf_append(out, text.data + at, line);
		cf_buf_u8(out, '\n');
	}
	cf_buf_printf(out, "-----END %s-----\n", label);
	cf_buf_finish(&text);
}

enum coffer_status sp_pem(struct cf_sp_soft *sp, const enum cf_sp_cert *which,
	size_t n, struct cf_buf *out, struct coffer_error *err)
{
	for (size_t i = 0; i < n; i++) {
		struct cf_buf der = { 0 };
		enum coffer_status status =
			cf_sp_soft_cert(sp, which[i], &der, err);

		if (!status)
			append_pem(out, "CERTIFICATE", der.data, der.len);
		cf_buf_finish(&der);
		if (status)
			return status;
	}
	return out->failed ? cf_fail_nomem(err, "PEM text") : COFFER_OK;
}

/* Folders on the way to dir/name are made. */
static enum coffer_status write_one(struct sp_session *s, const char *dir,
	const char *name, const struct cf_buf *b, struct coffer_error *err)
{
	char path[PATH_MAX];
	enum coffer_status status;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= PATH_MAX)
		return cf_fail(
			err, COFFER_ERR_ARGUMENT, "%s: path too long", dir);
	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		path[i] = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			return cf_fail_errno(
				err, errno, "%s: cannot create", path);
		path[i] = '/';
	}
	if (b->failed)
		return cf_fail_nomem(err, name);
	status = cf_write_file(path, 0644, b->data, b->len, err);
	cli_progress_hide(&s->progress);
	if (!status)
		printf("%s\n", path);
	return status;
}

static enum coffer_status write_sev(
	struct sp_session *s, const char *dir, struct coffer_error *err)
{
	struct cf_buf pdh = { 0 }, chain = { 0 }, cek = { 0 }, amd = { 0 };
	enum coffer_status status;
	size_t part;

	status = cf_sp_soft_sev_certs(s->sp, &pdh, &chain, err);
	if (!status)
		status = cf_sp_soft_cek(s->sp, &cek, err);
	if (!status)
		status = cf_sp_soft_amd_chain(s->sp, &amd, err);
	part = chain.len / 3;
	if (!status) {
		const struct cf_buf pek = { .data = chain.data, .len = part };
		const struct cf_buf oca = { .data = chain.data + part,
			.len = part };

		status = write_one(s, dir, "pdh.cert", &pdh, err);
		if (!status)
			status = write_one(s, dir, "pek.cert", &pek, err);
		if (!status)
			status = write_one(s, dir, "oca.cert", &oca, err);
		if (!status)
			status = write_one(s, dir, "cek.cert", &cek, err);
		if (!status)
			status = write_one(s, dir, "ask_ark.cert", &amd, err);
	}
	cf_buf_finish(&pdh);
	cf_buf_finish(&chain);
	cf_buf_finish(&cek);
	cf_buf_finish(&amd);
	return status;
}

int sp_certs(const struct cli_args *args, struct sp_session *s)
{
	static const struct {
		enum cf_sp_cert which;
		const char *name;
	} files[] = {
		{ CF_SP_CERT_ARK, "ark.pem" },
		{ CF_SP_CERT_ASK, "ask.pem" },
		{ CF_SP_CERT_VCEK, "vcek.pem" },
		{ CF_SP_CERT_ASVK, "asvk.pem" },
		{ CF_SP_CERT_VLEK, "vlek.pem" },
	};
	/* The last two are of a VLEK that is loaded. */
	size_t n = CF_ARRAY_LEN(files) - (cli_has(args, "vlek") ? 0 : 2);
	const char *dir = cli_get(args, "out");
	enum coffer_status status = COFFER_OK;
	struct coffer_error err;
	struct cf_buf b = { 0 };

	if (!dir)
		dir = ".";
	for (size_t i = 0; i < n && !status; i++) {
		b.len = 0;
		status = sp_pem(s->sp, &files[i].which, 1, &b, &err);
		if (!status)
			status = write_one(s, dir, files[i].name, &b, &err);
	}
	b.len = 0;
	if (!status)
		status = cf_sp_soft_cert(s->sp, CF_SP_CERT_CRL, &b, &err);
	if (!status)
		status = write_one(s, dir, "crl.der", &b, &err);
	b.len = 0;
	if (!status)
		status = cf_sp_soft_cert_table(s->sp, &b, &err);
	if (!status)
		status = write_one(s, dir, "cert_table.bin", &b, &err);
	cf_buf_finish(&b);
	if (!status)
		status = write_sev(s, dir, &err);
	cli_progress_end(&s->progress);
	return status ? cli_failed(args->command, &err) : CLI_OK;
}

/* Every resource of this platform, under the names that the server has. */
static enum coffer_status write_tree(
	struct sp_session *s, const char *dir, struct coffer_error *err)
{
	struct cf_sp_soft_facts f;
	char hwid[129], path[256];
	enum coffer_status status = COFFER_OK;
	const char *line;

	cf_sp_soft_facts(s->sp, &f);
	line = cf_sp_product_name(f.product);
	cf_hex(hwid, f.chip_id, f.chip_id_len);
	for (unsigned i = 0; i < (f.vlek_loaded ? 7u : 6u) && !status; i++) {
		struct cf_buf b = { 0 };
		bool pem;

		if (i < 4)
			snprintf(path, sizeof(path), "%s/v1/%s/%s",
				i & 1 ? "vlek" : "vcek", line,
				i & 2 ? "crl" : "cert_chain");
		else if (i == 4)
			snprintf(path, sizeof(path), "vcek/v1/%s/%s", line,
				hwid);
		else if (i == 5)
			snprintf(path, sizeof(path), "cek/id/%s", hwid);
		else
			snprintf(path, sizeof(path), "vlek/v1/%s/cert", line);
		status = sp_kds_get(s, path, &b, &pem, err);
		if (!status)
			status = write_one(s, dir, path, &b, err);
		cf_buf_finish(&b);
	}
	return status;
}

int sp_kds(const struct cli_args *args, struct sp_session *s)
{
	enum coffer_status status;
	struct coffer_error err;
	uint64_t port;

	if (cli_has(args, "listen")) {
		if (!cli_get_u64(args, "listen", UINT16_MAX, 0, &port))
			return CLI_USAGE;
		status = sp_kds_listen(s, (uint16_t)port, &err);
	} else {
		const char *dir = cli_get(args, "out");

		status = write_tree(s, dir ? dir : ".", &err);
	}
	cli_progress_end(&s->progress);
	return status ? cli_failed(args->command, &err) : CLI_OK;
}
