/* SPDX-License-Identifier: Apache-2.0 */
/* Binary certificates and secrets of SEV. */
#include "vectors.h"

#include "owner/secret.h"
#include "owner/sev_chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The inputs of a row: up to four files, and what is parsed from them. */
struct files {
	uint8_t *data[4];
	size_t len[4];
};

static void finish(struct files *f)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(f->data); i++)
		free(f->data[i]);
}

static bool load_files(
	const struct vector_row *row, struct files *f, struct cf_buf *why)
{
	size_t n = vector_ninputs(row);

	memset(f, 0, sizeof(*f));
	if (n > CF_ARRAY_LEN(f->data))
		return vector_fail(why, "too many inputs");
	for (size_t i = 0; i < n; i++)
		if (!vector_input(row, i, &f->data[i], &f->len[i], why))
			return false;
	return true;
}

/* The published ARK of Naples without signature: trusted by its key. */
static bool check_bare_ark(
	const struct vector_row *row, const struct files *f, struct cf_buf *why)
{
	struct cf_sev_chain chain = { 0 };
	struct coffer_error err;
	const char *line;

	if (strcmp(row->expected,
		    "equal to naples_ark.cert in the first 576 bytes: True"))
		return vector_fail(why, "unknown expectation");
	if (cf_sev_chain_add(&chain, f->data[0], f->len[0], &err))
		return vector_fail(why, "%s", err.msg);
	line = cf_sev_root_line(&chain.ark);
	return f->len[0] == 576 && f->len[1] > 576 && !chain.ark.signature &&
		memcmp(f->data[0], f->data[1], 576) == 0 && line &&
		strcmp(line, "Naples") == 0;
}

static bool check_ca(
	const struct vector_row *row, const struct files *f, struct cf_buf *why)
{
	struct cf_amd_cert ark, ask;
	struct coffer_error err;
	char text[512], ark_id[33], ask_id[33];

	if (strstr(row->parameters, "no signature"))
		return check_bare_ark(row, f, why);
	if (cf_amd_cert_parse(f->data[0], f->len[0], &ark, &err) ||
		cf_amd_cert_parse(f->data[1], f->len[1], &ask, &err))
		return vector_fail(why, "%s", err.msg);
	cf_hex(ark_id, ark.key_id, 16);
	cf_hex(ask_id, ask.key_id, 16);
	snprintf(text, sizeof(text),
		"%s, %s, %s; modulus_bits=%zu; ark_key_id=%s; ask_key_id=%s; "
		"ark_usage=0x%x; ask_usage=0x%x",
		cf_amd_cert_verify(&ark, &ark, NULL) ? "invalid" : "valid",
		cf_amd_cert_verify(&ask, &ark, NULL) ? "invalid" : "valid",
		cf_amd_cert_verify(&ark, &ask, NULL) ? "invalid" : "valid",
		ark.number_len * 8, ark_id, ask_id, ark.usage, ask.usage);
	if (!cf_sev_root_line(&ark))
		return vector_fail(why, "not a pinned root");
	return strcmp(text, row->expected) == 0 || vector_fail(why, "%s", text);
}

static bool run_sev_ca(const struct vector_row *row, struct cf_buf *why)
{
	struct files f;
	bool ok = load_files(row, &f, why) && check_ca(row, &f, why);

	finish(&f);
	return ok;
}

static bool check_chain(
	const struct vector_row *row, const struct files *f, struct cf_buf *why)
{
	bool want = strcmp(row->expected, "valid") == 0;
	size_t last = vector_ninputs(row) - 1;
	struct cf_sev_cert cert, signer;
	struct cf_amd_cert ask;
	struct coffer_error err;
	enum coffer_status status;

	if (!want && strcmp(row->expected, "invalid") != 0)
		return vector_fail(why, "unknown expectation");
	status = cf_sev_cert_parse(f->data[0], f->len[0], &cert, &err);
	if (!status && f->len[last] == CF_SEV_CERT_LEN) {
		status = cf_sev_cert_parse(
			f->data[last], f->len[last], &signer, &err);
		if (!status)
			status = cf_sev_cert_verify(&cert, &signer, &err);
	} else if (!status) {
		status = cf_amd_cert_parse(
			f->data[last], f->len[last], &ask, &err);
		if (!status)
			status = cf_sev_cert_verify_ask(&cert, &ask, &err);
	}
	if (status && status != COFFER_ERR_MISMATCH)
		return vector_fail(why, "%s", err.msg);
	return (status == COFFER_OK) == want;
}

static bool run_sev_chain(const struct vector_row *row, struct cf_buf *why)
{
	struct files f;
	bool ok = load_files(row, &f, why) && check_chain(row, &f, why);

	finish(&f);
	return ok;
}

static bool check_fields(
	const struct vector_row *row, const struct files *f, struct cf_buf *why)
{
	static const char *const names[] = { "pdh", "pek", "oca", "cek" };
	struct cf_buf text = { 0 };
	struct coffer_error err;
	bool ok;

	for (size_t i = 0; i < CF_ARRAY_LEN(names); i++) {
		struct cf_sev_cert c;

		if (cf_sev_cert_parse(f->data[i], f->len[i], &c, &err)) {
			cf_buf_finish(&text);
			return vector_fail(why, "%s", err.msg);
		}
		cf_buf_printf(&text,
			"%s%s: version=%u api=%u.%u usage=0x%x algo=0x%x "
			"sig1=0x%x/0x%x sig2=0x%x/0x%x",
			i ? "; " : "", names[i], cf_load_le32(c.bytes),
			c.api_major, c.api_minor, c.usage, c.algo,
			c.sig_usage[0], c.sig_algo[0], c.sig_usage[1],
			c.sig_algo[1]);
	}
	ok = strcmp(cf_buf_text(&text), row->expected) == 0 ||
		vector_fail(why, "%s", cf_buf_text(&text));
	cf_buf_finish(&text);
	return ok;
}

static bool run_cert_fields(const struct vector_row *row, struct cf_buf *why)
{
	struct files f;
	bool ok = load_files(row, &f, why) && check_fields(row, &f, why);

	finish(&f);
	return ok;
}

/* A field that is "name=HEX" or "name(b64)=BASE64". */
static bool bytes_field(
	const char *list, const char *name, uint8_t *out, size_t n)
{
	struct cf_buf bytes = { 0 };
	char b64[64];
	bool ok;

	if (vector_hex(list, name, out, n))
		return true;
	snprintf(b64, sizeof(b64), "%s(b64)", name);
	ok = vector_base64(list, b64, &bytes) && bytes.len == n;
	if (ok)
		memcpy(out, bytes.data, n);
	cf_buf_finish(&bytes);
	return ok;
}

static bool load_key(const struct vector_row *row, size_t i, uint8_t out[16],
	struct cf_buf *why)
{
	uint8_t *data;
	size_t len;

	if (!vector_input(row, i, &data, &len, why))
		return false;
	if (len == 16)
		memcpy(out, data, 16);
	free(data);
	return len == 16 || vector_fail(why, "a key of %zu bytes", len);
}

static bool expect_base64(const struct vector_row *row, struct cf_buf *why,
	const char *name, const uint8_t *has, size_t n)
{
	struct cf_buf want = { 0 };
	bool ok = vector_base64(row->expected, name, &want) && want.len == n &&
		vector_same_hex(why, name, has, want.data, n);

	cf_buf_finish(&want);
	return ok || vector_fail(why, "%s differs", name);
}

static bool run_secret(const struct vector_row *row, struct cf_buf *why)
{
	static const char before[] = "table with GUID ";
	const char *guid_text = strstr(row->parameters, before);
	struct cf_buf plain = { 0 }, data = { 0 };
	struct cf_secret_entry entry;
	struct cf_sev_keys keys;
	struct cf_secret_params params = { .keys = &keys };
	struct coffer_error err;
	uint8_t iv[16], blob[48], header[CF_SEV_PACKET_LEN], *secret;
	char guid[37];
	size_t len;
	bool ok;

	if (!guid_text || !bytes_field(row->parameters, "iv", iv, 16) ||
		!bytes_field(row->parameters, "launch blob", blob, 48))
		return vector_fail(why, "unknown parameters");
	snprintf(guid, sizeof(guid), "%s", guid_text + sizeof(before) - 1);
	if (!cf_guid_from_text(guid, entry.guid) ||
		!load_key(row, 0, keys.tik, why) ||
		!load_key(row, 1, keys.tek, why) ||
		!vector_input(row, 2, &secret, &len, why))
		return false;
	entry.data = secret;
	entry.len = len;
	params.iv = iv;
	params.measure = blob;
	ok = !cf_secret_table(&entry, 1, &plain, &err) &&
		!cf_secret_packet(
			&params, plain.data, plain.len, header, &data, &err);
	ok = ok ? vector_expect_hex(
			  row, why, "plaintext", plain.data, plain.len) &&
			expect_base64(row, why, "header(b64)", header,
				sizeof(header)) &&
			expect_base64(
				row, why, "payload(b64)", data.data, data.len)
		: vector_fail(why, "%s", err.msg);
	free(secret);
	cf_buf_finish(&plain);
	cf_buf_finish(&data);
	return ok;
}

const struct vector_kind vector_sev_kinds[] = {
	{ "sev-ca", run_sev_ca },
	{ "sev-chain", run_sev_chain },
	{ "sev-cert-fields", run_cert_fields },
	{ "sev-secret", run_secret },
	{ NULL },
};
