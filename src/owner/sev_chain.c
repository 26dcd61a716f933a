/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting and verifying a platform's certificates. */
#include "owner/sev_chain.h"

#include "base/base.h"
#include "crypto/sim_marker.h"
#include "owner/roots_priv.h"

#include <stdio.h>
#include <string.h>

const char *cf_sev_root_line(const struct cf_amd_cert *ark)
{
	uint8_t digest[CF_SHA384_LEN];

	if (cf_amd_cert_spki_sha384(ark, digest, NULL))
		return NULL;
	return cf_amd_root_line(digest);
}

bool cf_sev_ca_is_simulated(const struct cf_amd_cert *cert)
{
	return memcmp(cert->key_id, CF_SIM_TEXT, strlen(CF_SIM_TEXT)) == 0;
}

static bool signed_by_amd(const struct cf_sev_cert *cek)
{
	return cek->sig_usage[0] == CF_SEV_USAGE_ASK ||
		cek->sig_usage[1] == CF_SEV_USAGE_ASK;
}

static enum coffer_status two(uint32_t usage, struct coffer_error *err)
{
	return cf_fail(err, COFFER_ERR_ARGUMENT,
		"SEV certificates: two different %ss",
		cf_sev_usage_name(usage));
}

/* Where a platform certificate goes. */
static struct cf_sev_cert *place(
	struct cf_sev_chain *chain, uint32_t usage, uint8_t **raw)
{
	switch (usage) {
	case CF_SEV_USAGE_PDH:
		*raw = chain->raw.pdh;
		return &chain->pdh;
	case CF_SEV_USAGE_PEK:
		*raw = chain->raw.pek;
		return &chain->pek;
	case CF_SEV_USAGE_OCA:
		*raw = chain->raw.oca;
		return &chain->oca;
	default:
		*raw = chain->raw.cek;
		return &chain->cek;
	}
}

static enum coffer_status add_platform(
	struct cf_sev_chain *chain, const uint8_t *p, struct coffer_error *err)
{
	struct cf_sev_cert cert, *to;
	enum coffer_status status =
		cf_sev_cert_parse(p, CF_SEV_CERT_LEN, &cert, err);
	uint8_t *raw;

	if (status)
		return status;
	to = place(chain, cert.usage, &raw);
	if (to->bytes && memcmp(raw, p, CF_SEV_CERT_LEN) != 0) {
		if (cert.usage != CF_SEV_USAGE_CEK ||
			signed_by_amd(to) == signed_by_amd(&cert))
			return two(cert.usage, err);
		if (signed_by_amd(to))
			return COFFER_OK;
	}
	memcpy(raw, p, CF_SEV_CERT_LEN);
	*to = cert;
	to->bytes = raw;
	return COFFER_OK;
}

static enum coffer_status add_authority(struct cf_sev_chain *chain,
	const uint8_t *p, size_t n, size_t *len, struct coffer_error *err)
{
	struct cf_amd_cert cert, *to;
	enum coffer_status status = cf_amd_cert_parse(p, n, &cert, err);
	uint8_t *raw;

	if (status == COFFER_ERR_TRUNCATED)
		status = cf_amd_cert_parse_bare(p, n, &cert, err);
	if (status)
		return status;
	to = cert.usage == CF_SEV_USAGE_ARK ? &chain->ark : &chain->ask;
	raw = to == &chain->ark ? chain->raw.ark : chain->raw.ask;
	*len = cert.len;
	if (to->bytes) {
		if (to->len == cert.len && memcmp(raw, p, cert.len) == 0)
			return COFFER_OK;
		return two(cert.usage, err);
	}
	memcpy(raw, p, cert.len);
	/* The same parse, now of the copy. */
	return cert.signature ? cf_amd_cert_parse(raw, cert.len, to, err)
			      : cf_amd_cert_parse_bare(raw, cert.len, to, err);
}

/* Whether a platform certificate starts here; the usage of an ARK or ASK is
 * elsewhere, and a key id in its place. */
static bool is_platform(const uint8_t *p, size_t n)
{
	uint32_t usage = n >= CF_SEV_CERT_LEN ? cf_load_le32(p + 8) : 0;

	return usage >= CF_SEV_USAGE_OCA && usage <= CF_SEV_USAGE_CEK;
}

enum coffer_status cf_sev_chain_add(struct cf_sev_chain *chain,
	const uint8_t *p, size_t n, struct coffer_error *err)
{
	size_t at = 0;

	if (n == 0)
		return cf_fail(err, COFFER_ERR_TRUNCATED,
			"sev certificates: there is none");
	while (at < n) {
		size_t len = CF_SEV_CERT_LEN;
		enum coffer_status status;

		if (is_platform(p + at, n - at))
			status = add_platform(chain, p + at, err);
		else
			status =
				add_authority(chain, p + at, n - at, &len, err);
		if (status)
			return cf_error_context(err, status, "at 0x%zx", at);
		at += len;
	}
	return COFFER_OK;
}

const char *cf_sev_link_name(enum cf_sev_link link)
{
	static const char *const names[] = {
		[CF_SEV_LINK_PDH_PEK] = "PDH by PEK",
		[CF_SEV_LINK_PEK_OCA] = "PEK by OCA",
		[CF_SEV_LINK_PEK_CEK] = "PEK by CEK",
		[CF_SEV_LINK_OCA_SELF] = "OCA by itself",
		[CF_SEV_LINK_CEK_ASK] = "CEK by ASK",
		[CF_SEV_LINK_ASK_ARK] = "ASK by ARK",
		[CF_SEV_LINK_ROOT] = "root",
	};

	return link < CF_ARRAY_LEN(names) ? names[link] : "unknown";
}

static void set(struct cf_sev_chain_result *out, enum cf_sev_link link,
	enum cf_verdict verdict, const char *reason)
{
	out->link[link].verdict = verdict;
	snprintf(out->link[link].reason, sizeof(out->link[link].reason), "%s",
		reason);
}

static void check_platform(struct cf_sev_chain_result *out,
	enum cf_sev_link link, const struct cf_sev_cert *cert,
	const struct cf_sev_cert *signer)
{
	struct coffer_error err;

	if (!cert->bytes || !signer->bytes)
		set(out, link, CF_FAILED,
			"could not check: a certificate is missing");
	else if (cf_sev_cert_verify(cert, signer, &err))
		set(out, link, CF_FAILED, err.msg);
	else
		set(out, link, CF_PASSED, "");
}

static void check_cek(
	const struct cf_sev_chain *chain, struct cf_sev_chain_result *out)
{
	const enum cf_sev_link link = CF_SEV_LINK_CEK_ASK;
	struct coffer_error err;

	if (!chain->cek.bytes || !chain->ask.bytes)
		set(out, link, CF_FAILED,
			"could not check: a certificate is missing");
	else if (!signed_by_amd(&chain->cek))
		set(out, link, CF_FAILED,
			"the CEK carries no signature of AMD's; give the one "
			"of AMD's key distribution service too");
	else if (cf_sev_cert_verify_ask(&chain->cek, &chain->ask, &err))
		set(out, link, CF_FAILED, err.msg);
	else
		set(out, link, CF_PASSED, "");
}

static void check_root(const struct cf_sev_chain *chain, bool simulated,
	struct cf_sev_chain_result *out)
{
	const enum cf_sev_link link = CF_SEV_LINK_ROOT;
	struct coffer_error err;
	const char *line;

	if (!chain->ark.bytes) {
		set(out, link, CF_FAILED, "could not check: no ARK");
		return;
	}
	line = cf_sev_root_line(&chain->ark);
	if (line)
		set(out, link, CF_PASSED, line);
	else if (!out->simulated)
		set(out, link, CF_FAILED, "not a root key of AMD's");
	else if (!simulated)
		set(out, link, CF_FAILED,
			"the root is SIMULATED; it proves nothing about "
			"hardware (to accept it: --simulated)");
	else if (cf_amd_cert_verify(&chain->ark, &chain->ark, &err))
		set(out, link, CF_FAILED, err.msg);
	else
		set(out, link, CF_PASSED,
			"SIMULATED root, accepted because it was asked for");
}

void cf_sev_chain_verify(const struct cf_sev_chain *chain, bool simulated,
	struct cf_sev_chain_result *out)
{
	struct coffer_error err;

	memset(out, 0, sizeof(*out));
	out->simulated =
		chain->ark.bytes && cf_sev_ca_is_simulated(&chain->ark);
	check_platform(out, CF_SEV_LINK_PDH_PEK, &chain->pdh, &chain->pek);
	check_platform(out, CF_SEV_LINK_PEK_OCA, &chain->pek, &chain->oca);
	check_platform(out, CF_SEV_LINK_PEK_CEK, &chain->pek, &chain->cek);
	check_platform(out, CF_SEV_LINK_OCA_SELF, &chain->oca, &chain->oca);
	check_cek(chain, out);
	if (!chain->ask.bytes || !chain->ark.bytes)
		set(out, CF_SEV_LINK_ASK_ARK, CF_FAILED,
			"could not check: a certificate is missing");
	else if (cf_amd_cert_verify(&chain->ask, &chain->ark, &err))
		set(out, CF_SEV_LINK_ASK_ARK, CF_FAILED, err.msg);
	else
		set(out, CF_SEV_LINK_ASK_ARK, CF_PASSED, "");
	check_root(chain, simulated, out);
}

bool cf_sev_chain_ok(const struct cf_sev_chain_result *result)
{
	for (size_t i = 0; i < CF_SEV_LINK_COUNT; i++)
		if (result->link[i].verdict != CF_PASSED)
			return false;
	return true;
}
