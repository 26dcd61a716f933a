/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates for people and for programs.  One walk makes JSON objects;
 * the text is those objects line by line, so that both say the same. */
#include "cli/owner/certs_priv.h"

#include "base/base.h"

#include <json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void add(struct json_object *to, const char *name, const char *text)
{
	json_object_object_add(to, name, json_object_new_string(text));
}

static void add_hex(
	struct json_object *to, const char *name, const uint8_t *p, size_t n)
{
	char hex[2 * 64 + 1];

	cf_hex(hex, p, n < 64 ? n : 64);
	add(to, name, hex);
}

static void add_date(struct json_object *to, const char *name, int64_t t)
{
	time_t when = (time_t)t;
	struct tm tm;
	char text[32];

	gmtime_r(&when, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	add(to, name, text);
}

static void add_vek(struct json_object *o, const struct cf_x509 *cert)
{
	struct cf_vek vek;
	struct coffer_error err;
	char tcb[96];

	if (cf_vek_decode(cert, &vek, &err)) {
		add(o, "refused", err.msg);
		return;
	}
	cf_tcb_text(vek.product, &vek.tcb, tcb, sizeof(tcb));
	add(o, "product", vek.product_name);
	add(o, "tcb", tcb);
	if (vek.hwid_len)
		add_hex(o, "chip_id", vek.hwid, vek.hwid_len);
	if (vek.csp_id[0])
		add(o, "csp_id", vek.csp_id);
}

static struct json_object *x509_json(const struct cf_x509 *cert)
{
	struct json_object *o = json_object_new_object();
	enum cf_cert_role role = cf_cert_role(cert);
	char text[256];

	add(o, "role", cf_cert_role_name(role));
	if (cf_x509_subject(cert, "CN", text, sizeof(text)))
		add(o, "subject", text);
	if (cf_x509_issuer(cert, "CN", text, sizeof(text)))
		add(o, "issuer", text);
	cf_x509_serial(cert, text, sizeof(text));
	add(o, "serial", text);
	add_date(o, "not_before", cf_x509_not_before(cert));
	add_date(o, "not_after", cf_x509_not_after(cert));
	if (role == CF_CERT_VCEK || role == CF_CERT_VLEK)
		add_vek(o, cert);
	if (cf_cert_is_simulated(cert))
		add(o, "root_of_trust", "SIMULATED");
	else if (cf_cert_amd_root(cert))
		add(o, "root_of_trust", "AMD's pinned key");
	return o;
}

static struct json_object *crl_json(const struct cf_x509_crl *crl)
{
	struct json_object *o = json_object_new_object();

	add(o, "role", "CRL");
	add_date(o, "this_update", cf_x509_crl_this_update(crl));
	if (cf_x509_crl_next_update(crl))
		add_date(o, "next_update", cf_x509_crl_next_update(crl));
	return o;
}

static struct json_object *sev_json(const struct cf_sev_cert *cert)
{
	struct json_object *o = json_object_new_object();
	char text[64];

	add(o, "role", cf_sev_usage_name(cert->usage));
	snprintf(text, sizeof(text), "%u.%u", cert->api_major, cert->api_minor);
	add(o, "api", text);
	snprintf(text, sizeof(text), "0x%03x", cert->algo);
	add(o, "algorithm", text);
	for (size_t i = 0; i < 2; i++) {
		if (cert->sig_usage[i] == CF_SEV_USAGE_NONE)
			continue;
		snprintf(text, sizeof(text), "%s with 0x%03x",
			cf_sev_usage_name(cert->sig_usage[i]),
			cert->sig_algo[i]);
		add(o, i ? "second_signature" : "signature", text);
	}
	if (!cert->is_rsa)
		add_hex(o, "public_x", cert->key.x, sizeof(cert->key.x));
	return o;
}

static struct json_object *amd_json(const struct cf_amd_cert *cert)
{
	struct json_object *o = json_object_new_object();
	const char *line = cf_sev_root_line(cert);
	char text[32];

	add(o, "role", cf_sev_usage_name(cert->usage));
	snprintf(text, sizeof(text), "RSA-%zu", cert->number_len * 8);
	add(o, "algorithm", text);
	add_hex(o, "key_id", cert->key_id, CF_SEV_KEY_ID_LEN);
	add_hex(o, "certifying_id", cert->certifying_id, CF_SEV_KEY_ID_LEN);
	if (!cert->signature)
		add(o, "signature", "none");
	if (line) {
		add(o, "line", line);
		add(o, "root_of_trust", "AMD's pinned key");
	} else if (cf_sev_ca_is_simulated(cert)) {
		add(o, "root_of_trust", "SIMULATED");
	}
	return o;
}

bool cli_certs_has_sev(const struct certs *c)
{
	return c->sev.pdh.bytes || c->sev.pek.bytes || c->sev.oca.bytes ||
		c->sev.cek.bytes || c->sev.ask.bytes || c->sev.ark.bytes;
}

static struct json_object *all_json(const struct certs *c)
{
	const struct cf_sev_cert *platform[] = { &c->sev.pdh, &c->sev.pek,
		&c->sev.oca, &c->sev.cek };
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < CF_ARRAY_LEN(platform); i++)
		if (platform[i]->bytes)
			json_object_array_add(a, sev_json(platform[i]));
	if (c->sev.ask.bytes)
		json_object_array_add(a, amd_json(&c->sev.ask));
	if (c->sev.ark.bytes)
		json_object_array_add(a, amd_json(&c->sev.ark));
	for (size_t i = 0; i < c->x509.ncerts; i++)
		json_object_array_add(a, x509_json(c->x509.cert[i]));
	for (size_t i = 0; i < c->x509.ncrls; i++)
		json_object_array_add(a, crl_json(c->x509.crl[i]));
	return a;
}

void cli_certs_json(const struct certs *c)
{
	struct json_object *a = all_json(c);

	puts(json_object_to_json_string_ext(a,
		JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(a);
}

void cli_certs_text(const struct certs *c)
{
	struct json_object *a = all_json(c);

	for (size_t i = 0; i < json_object_array_length(a); i++) {
		struct json_object *o = json_object_array_get_idx(a, i);
		const char *indent = "";

		json_object_object_foreach(o, key, value)
		{
			printf("%s%s: %s\n", indent, key,
				json_object_get_string(value));
			indent = "  ";
		}
	}
	json_object_put(a);
}
