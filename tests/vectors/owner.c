/* SPDX-License-Identifier: Apache-2.0 */
/* Reports, certificates and ID blocks. */
#include "vectors.h"

#include "crypto/key_file.h"
#include "igvm/igvm.h"
#include "owner/id_block.h"
#include "owner/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Every certificate of inputs from `first` on, in one set. */
static bool load_certs(const struct vector_row *row, size_t first,
	struct cf_cert_set *set, struct cf_buf *why)
{
	struct coffer_error err;

	for (size_t i = first; i < vector_ninputs(row); i++) {
		enum coffer_status status;
		uint8_t *data;
		size_t len;

		if (!vector_input(row, i, &data, &len, why))
			return false;
		/* cert-chain-013 and its like damage their first input. */
		if (i == first && strstr(row->parameters, "byte 40 XOR 0xff"))
			data[40] ^= 0xff;
		status = cf_cert_set_add(set, data, len, &err);
		free(data);
		if (status)
			return vector_fail(why, "%s", err.msg);
	}
	return true;
}

static bool load_report(const struct vector_row *row,
	uint8_t raw[CF_REPORT_LEN], struct cf_buf *why)
{
	size_t at = strstr(row->parameters, "offset 32") ? 32 : 0, len;
	uint8_t *data;

	if (!vector_input(row, 0, &data, &len, why))
		return false;
	if (!cf_range_ok(at, CF_REPORT_LEN, len)) {
		free(data);
		return vector_fail(why, "no report at offset %zu", at);
	}
	memcpy(raw, data + at, CF_REPORT_LEN);
	free(data);
	return true;
}

/* The tampering that the row's parameters describe. */
static void tamper(const struct vector_row *row, uint8_t raw[CF_REPORT_LEN])
{
	if (strstr(row->parameters, "adding 1 (mod 256) to report byte 42"))
		raw[42]++;
	if (strstr(row->parameters, "top bit of the first MEASUREMENT byte"))
		raw[0x90] ^= 0x80;
}

/* Dates are not part of these rows: the time is one of the VEK's validity. */
static void verify(const struct cf_cert_set *set, const struct cf_report *r,
	struct cf_verify_result *out)
{
	static const struct cf_report_rules rules;
	struct cf_chain_options o = { 0 };
	struct cf_chain chain;

	cf_chain_find(set, r, NULL, &chain);
	if (chain.vek)
		o.now = cf_x509_not_after(chain.vek) - 3600;
	cf_verify_chain(&chain, &o, out);
	cf_verify_report(r, &chain, &rules, out);
}

static bool run_report_verify(const struct vector_row *row, struct cf_buf *why)
{
	struct cf_cert_set set = { 0 };
	struct cf_verify_result result;
	struct cf_report report;
	struct coffer_error err;
	uint8_t raw[CF_REPORT_LEN];
	bool want = strcmp(row->expected, "valid") == 0, ok;

	if (!want && strcmp(row->expected, "signature must not verify") != 0)
		return vector_fail(why, "unknown expectation");
	if (!load_report(row, raw, why) || !load_certs(row, 1, &set, why)) {
		cf_cert_set_finish(&set);
		return false;
	}
	tamper(row, raw);
	if (cf_report_parse(raw, sizeof(raw), &report, &err)) {
		cf_cert_set_finish(&set);
		return !want || vector_fail(why, "%s", err.msg);
	}
	verify(&set, &report, &result);
	if (want)
		ok = cf_verify_ok(&result);
	else
		ok = result.check[CF_CHECK_SIGNATURE].verdict == CF_FAILED;
	for (size_t i = 0; want && i < CF_CHECK_COUNT; i++)
		if (result.check[i].verdict == CF_FAILED)
			vector_fail(why, "%s: %s",
				cf_check_name((enum cf_check)i),
				result.check[i].reason);
	cf_cert_set_finish(&set);
	return ok;
}

static bool expect_cpuid(const struct vector_row *row,
	const struct cf_report *r, struct cf_buf *why)
{
	const uint8_t has[] = { r->cpuid_family, r->cpuid_model,
		r->cpuid_stepping };

	if (!strstr(row->expected, "cpuid_fam_mod_step"))
		return r->version < 3 ||
			vector_fail(why, "version 3 without CPUID in the row");
	return vector_expect_hex(
		row, why, "cpuid_fam_mod_step", has, sizeof(has));
}

static bool run_report_fields(const struct vector_row *row, struct cf_buf *why)
{
	static const char *const names[] = { "version", "guest_svn", "policy",
		"vmpl", "measurement", "report_data", "host_data",
		"id_key_digest", "author_key_digest", "report_id",
		"platform_info", "key_info", "current_tcb_le",
		"reported_tcb_le", "committed_tcb_le", "launch_tcb_le",
		"chip_id", "cpuid_fam_mod_step", NULL };
	struct cf_report r;
	struct coffer_error err;
	uint8_t raw[CF_REPORT_LEN];
	bool ok = true;

	if (!load_report(row, raw, why))
		return false;
	if (cf_report_parse(raw, sizeof(raw), &r, &err))
		return vector_fail(why, "%s", err.msg);
	ok &= vector_known_fields(row, why, names);
	ok &= vector_expect_u64(row, why, "version", r.version);
	ok &= vector_expect_u64(row, why, "guest_svn", r.guest_svn);
	ok &= vector_expect_u64(row, why, "policy", r.policy);
	ok &= vector_expect_u64(row, why, "vmpl", r.vmpl);
	ok &= vector_expect_hex(row, why, "measurement", r.measurement, 48);
	ok &= vector_expect_hex(row, why, "report_data", r.report_data, 64);
	ok &= vector_expect_hex(row, why, "host_data", r.host_data, 32);
	ok &= vector_expect_hex(row, why, "id_key_digest", r.id_key_digest, 48);
	ok &= vector_expect_hex(
		row, why, "author_key_digest", r.author_key_digest, 48);
	ok &= vector_expect_hex(row, why, "report_id", r.report_id, 32);
	ok &= vector_expect_u64(row, why, "platform_info", r.platform_info);
	ok &= vector_expect_u64(row, why, "key_info", r.key_info);
	ok &= vector_expect_hex(
		row, why, "current_tcb_le", r.tcb_raw[CF_TCB_CURRENT], 8);
	ok &= vector_expect_hex(
		row, why, "reported_tcb_le", r.tcb_raw[CF_TCB_REPORTED], 8);
	ok &= vector_expect_hex(
		row, why, "committed_tcb_le", r.tcb_raw[CF_TCB_COMMITTED], 8);
	ok &= vector_expect_hex(
		row, why, "launch_tcb_le", r.tcb_raw[CF_TCB_LAUNCH], 8);
	ok &= vector_expect_hex(row, why, "chip_id", r.chip_id, 64);
	return expect_cpuid(row, &r, why) && ok;
}

static bool load_first_cert(const struct vector_row *row,
	struct cf_cert_set *set, struct cf_buf *why)
{
	if (!load_certs(row, 0, set, why))
		return false;
	return set->ncerts > 0 || vector_fail(why, "no certificate");
}

static void iso_date(int64_t t, char out[32])
{
	time_t when = (time_t)t;
	struct tm tm;

	gmtime_r(&when, &tm);
	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static bool run_vek_validity(const struct vector_row *row, struct cf_buf *why)
{
	struct cf_cert_set set = { 0 };
	char cn[64], from[32], to[32], serial[64], text[256];

	if (!load_first_cert(row, &set, why) ||
		!cf_x509_subject(set.cert[0], "CN", cn, sizeof(cn))) {
		cf_cert_set_finish(&set);
		return false;
	}
	iso_date(cf_x509_not_before(set.cert[0]), from);
	iso_date(cf_x509_not_after(set.cert[0]), to);
	cf_x509_serial(set.cert[0], serial, sizeof(serial));
	snprintf(text, sizeof(text),
		"CN=%s; notBefore=%s; notAfter=%s; serial=%s", cn, from, to,
		serial);
	cf_cert_set_finish(&set);
	return strcmp(text, row->expected) == 0 || vector_fail(why, "%s", text);
}

static bool run_vek_extensions(const struct vector_row *row, struct cf_buf *why)
{
	struct cf_cert_set set = { 0 };
	struct cf_buf text = { 0 };
	struct coffer_error err;
	struct cf_vek vek;
	char oid[128], hex[2 * 256 + 1];
	const uint8_t *p;
	size_t n;
	bool ok;

	if (!load_first_cert(row, &set, why)) {
		cf_cert_set_finish(&set);
		return false;
	}
	for (size_t i = 0;
		cf_x509_extension_at(set.cert[0], i, oid, sizeof(oid), &p, &n);
		i++) {
		cf_hex(hex, p, n < 256 ? n : 256);
		cf_buf_printf(&text, "%s%s=%s", i ? "; " : "", oid, hex);
	}
	ok = strcmp(cf_buf_text(&text), row->expected) == 0 ||
		vector_fail(why, "%s", cf_buf_text(&text));
	if (cf_vek_decode(set.cert[0], &vek, &err))
		ok = vector_fail(why, "%s", err.msg);
	cf_buf_finish(&text);
	cf_cert_set_finish(&set);
	return ok;
}

/* Chain of whatever is there: VEK, ASK or ASVK, ARK; the ARK is AMD's. */
static bool chain_holds(const struct cf_cert_set *set, struct cf_buf *why)
{
	const struct cf_x509 *by_role[CF_CERT_VLEK + 1] = { 0 };
	const struct cf_x509 *ask, *vek;
	struct coffer_error err;

	for (size_t i = 0; i < set->ncerts; i++)
		by_role[cf_cert_role(set->cert[i])] = set->cert[i];
	vek = by_role[CF_CERT_VCEK] ? by_role[CF_CERT_VCEK]
				    : by_role[CF_CERT_VLEK];
	ask = by_role[CF_CERT_ASK] ? by_role[CF_CERT_ASK]
				   : by_role[CF_CERT_ASVK];
	if (!ask || !by_role[CF_CERT_ARK])
		return vector_fail(why, "no ASK or ARK");
	if (cf_cert_amd_root(by_role[CF_CERT_ARK]) == CF_PRODUCT_UNKNOWN)
		return vector_fail(why, "not a root of AMD's");
	if (cf_x509_verify(by_role[CF_CERT_ARK], by_role[CF_CERT_ARK], &err) ||
		cf_x509_verify(ask, by_role[CF_CERT_ARK], &err) ||
		(vek && cf_x509_verify(vek, ask, &err)))
		return vector_fail(why, "%s", err.msg);
	return true;
}

static bool run_cert_chain(const struct vector_row *row, struct cf_buf *why)
{
	struct cf_cert_set set = { 0 };
	bool want = strcmp(row->expected, "valid") == 0, ok;

	if (!want && strcmp(row->expected, "must not verify") != 0 &&
		strcmp(row->expected, "chain invalid") != 0)
		return vector_fail(why, "unknown expectation");
	/* A damaged certificate may also be refused when it is read. */
	ok = load_certs(row, 0, &set, why) && chain_holds(&set, why);
	cf_cert_set_finish(&set);
	return ok == want;
}

static bool load_key(const struct vector_row *row, size_t i,
	uint8_t secret[CF_P384_LEN], struct cf_p384_public *pub,
	struct cf_buf *why)
{
	struct coffer_error err;
	enum coffer_status status;
	uint8_t *pem;
	size_t len;

	if (!vector_input(row, i, &pem, &len, why))
		return false;
	status = cf_p384_secret_from_pem(pem, len, secret, pub, &err);
	free(pem);
	return !status || vector_fail(why, "%s", err.msg);
}

static bool run_idblock_bytes(const struct vector_row *row, struct cf_buf *why)
{
	struct cf_id_block block = { 0 };
	struct cf_id_auth auth, back;
	struct cf_p384_public pub;
	struct coffer_error err;
	uint8_t id[CF_P384_LEN], author[CF_P384_LEN], bytes[CF_ID_BLOCK_LEN];
	uint8_t packed[CF_ID_AUTH_LEN];
	uint64_t version, svn;

	if (!load_key(row, 0, id, &pub, why) ||
		!load_key(row, 1, author, &pub, why))
		return false;
	if (!vector_hex(
		    row->parameters, "launch_digest", block.measurement, 48) ||
		!vector_u64(row->parameters, "version", &version) ||
		!vector_u64(row->parameters, "guest_svn", &svn) ||
		!vector_u64(row->parameters, "policy", &block.policy))
		return vector_fail(why, "unknown parameters");
	block.version = (uint32_t)version;
	block.guest_svn = (uint32_t)svn;
	cf_id_block_encode(&block, bytes);
	if (cf_id_auth_sign(bytes, id, author, &auth, &err))
		return vector_fail(why, "%s", err.msg);
	cf_id_auth_encode(&auth, packed);
	if (cf_id_auth_decode(packed, &back, &err) ||
		cf_id_auth_verify(&back, bytes, &err))
		return vector_fail(why, "%s", err.msg);
	return vector_expect_hex(row, why, "id_block", bytes, sizeof(bytes));
}

static bool run_key_digest(const struct vector_row *row, struct cf_buf *why)
{
	struct cf_p384_public pub;
	struct coffer_error err;
	uint8_t secret[CF_P384_LEN], has[48], want[48];

	if (!load_key(row, 0, secret, &pub, why))
		return false;
	if (cf_id_key_digest(&pub, has, &err))
		return vector_fail(why, "%s", err.msg);
	return cf_unhex(row->expected, want, sizeof(want)) &&
		vector_same_hex(why, "digest", has, want, sizeof(has));
}

static bool check_igvm_block(const struct vector_row *row,
	const struct cf_id_block *b, const struct cf_id_auth *a,
	struct cf_buf *why)
{
	const char *digest = strstr(row->expected, "key digest ");
	uint8_t bytes[CF_ID_BLOCK_LEN], has[48], want[48];
	struct coffer_error err;
	char hex[97];
	bool ok = true;

	ok &= vector_expect_hex(row, why, "launch_digest", b->measurement, 48);
	ok &= vector_expect_hex(row, why, "family_id", b->family_id, 16);
	ok &= vector_expect_hex(row, why, "image_id", b->image_id, 16);
	ok &= vector_expect_u64(row, why, "version", b->version);
	ok &= vector_expect_u64(row, why, "guest_svn", b->guest_svn);
	ok &= vector_expect_u64(row, why, "policy", b->policy);
	ok &= vector_expect_u64(row, why, "id_key_algorithm", 1);
	ok &= vector_expect_u64(row, why, "author_key_enabled", a->has_author);
	cf_id_block_encode(b, bytes);
	if (cf_id_auth_verify(a, bytes, &err) ||
		cf_id_key_digest(&a->id_key, has, &err))
		return vector_fail(why, "%s", err.msg);
	if (!strstr(row->expected, "signature valid") || !digest)
		return vector_fail(why, "unknown expectation");
	snprintf(hex, sizeof(hex), "%.96s", digest + strlen("key digest "));
	return cf_unhex(hex, want, 48) &&
		vector_same_hex(why, "key digest", has, want, 48) && ok;
}

static bool run_igvm_idblock(const struct vector_row *row, struct cf_buf *why)
{
	struct cf_igvm *file = NULL;
	struct cf_id_block block;
	struct cf_id_auth auth;
	struct coffer_error err;
	uint8_t *data;
	size_t len;
	bool ok;

	if (!vector_input(row, 0, &data, &len, why))
		return false;
	if (cf_igvm_parse(data, len, &file, &err) ||
		cf_id_block_from_igvm(file, &block, &auth, &err))
		ok = vector_fail(why, "%s", err.msg);
	else
		ok = check_igvm_block(row, &block, &auth, why);
	cf_igvm_destroy(file);
	free(data);
	return ok;
}

const struct vector_kind vector_owner_kinds[] = {
	{ "report-fields", run_report_fields },
	{ "report-verify", run_report_verify },
	{ "vek-validity", run_vek_validity },
	{ "vek-extensions", run_vek_extensions },
	{ "cert-chain", run_cert_chain },
	{ "idblock-bytes", run_idblock_bytes },
	{ "idblock-key-digest", run_key_digest },
	{ "igvm-idblock", run_igvm_idblock },
	{ NULL },
};
