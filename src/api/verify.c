/* SPDX-License-Identifier: Apache-2.0 */
/* The public face of verification. */
#include "coffer/verify.h"

#include "base/base.h"
#include "owner/verify.h"

#include <string.h>
#include <time.h>

_Static_assert(COFFER_REPORT_LEN == CF_REPORT_LEN, "one report length");
_Static_assert(CF_CHECK_COUNT <= COFFER_CHECKS_MAX, "room for every check");
_Static_assert((int)COFFER_FAILED == (int)CF_FAILED &&
		(int)COFFER_NOT_ASKED == (int)CF_NOT_ASKED,
	"verdicts have one numbering");

struct coffer_certs {
	struct cf_cert_set set;
};

/* Owns its certificates, so that the set may go. */
struct coffer_chain {
	struct cf_x509 *vek, *ask, *ark;
	struct cf_chain chain;
	struct cf_verify_result result;
};

enum coffer_status coffer_certs_create(
	struct coffer_certs **out, struct coffer_error *err)
{
	*out = cf_alloc_array(1, sizeof(**out));
	return *out ? COFFER_OK : cf_fail_nomem(err, "a set of certificates");
}

void coffer_certs_destroy(struct coffer_certs *certs)
{
	if (!certs)
		return;
	cf_cert_set_finish(&certs->set);
	free(certs);
}

enum coffer_status coffer_certs_add(struct coffer_certs *certs,
	const uint8_t *bytes, size_t len, struct coffer_error *err)
{
	if (!certs || !bytes)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"verify: no set or no certificate");
	return cf_cert_set_add(&certs->set, bytes, len, err);
}

enum coffer_status coffer_report_locate(const uint8_t *bytes, size_t len,
	uint8_t out[COFFER_REPORT_LEN], struct coffer_error *err)
{
	return cf_report_locate(bytes, len, out, err);
}

static enum coffer_status parse_report(const uint8_t *bytes, size_t len,
	struct cf_report *out, struct coffer_error *err)
{
	uint8_t raw[CF_REPORT_LEN];
	enum coffer_status status;

	if (!bytes)
		return cf_fail(err, COFFER_ERR_ARGUMENT, "verify: no report");
	status = cf_report_locate(bytes, len, raw, err);
	return status ? status : cf_report_parse(raw, sizeof(raw), out, err);
}

static enum coffer_status share(const struct cf_x509 *from, struct cf_x509 **to,
	struct coffer_error *err)
{
	if (!from)
		return COFFER_OK;
	*to = cf_x509_share(from);
	return *to ? COFFER_OK : cf_fail_nomem(err, "a certificate");
}

/* Keep the certificates; the revocation list has done its work. */
static enum coffer_status keep(struct coffer_chain *c, struct coffer_error *err)
{
	enum coffer_status status = share(c->chain.vek, &c->vek, err);

	if (!status)
		status = share(c->chain.ask, &c->ask, err);
	if (!status)
		status = share(c->chain.ark, &c->ark, err);
	c->chain.vek = c->vek;
	c->chain.ask = c->ask;
	c->chain.ark = c->ark;
	c->chain.crl = NULL;
	return status;
}

static enum coffer_status load_root(const struct coffer_trust *trust,
	struct cf_cert_set *root, struct coffer_error *err)
{
	enum coffer_status status;

	if (!trust->root)
		return COFFER_OK;
	status = cf_cert_set_add(root, trust->root, trust->root_len, err);
	if (!status && root->ncerts != 1)
		status = cf_fail(err, COFFER_ERR_ARGUMENT,
			"verify: the root is not one certificate");
	return status;
}

enum coffer_status coffer_chain_create(const struct coffer_certs *certs,
	const uint8_t *report, size_t len, const struct coffer_trust *trust,
	struct coffer_chain **out, struct coffer_error *err)
{
	CF_CLEANUP(cf_cert_set_finish) struct cf_cert_set root = { 0 };
	struct cf_chain_options o = { 0 };
	struct coffer_chain *c;
	struct cf_report r;
	enum coffer_status status;

	if (!certs || !trust || !out)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"verify: no certificates, trust or result");
	status = parse_report(report, len, &r, err);
	if (!status)
		status = load_root(trust, &root, err);
	if (status)
		return status;
	c = cf_alloc_array(1, sizeof(*c));
	if (!c)
		return cf_fail_nomem(err, "a chain");
	o.now = trust->now ? trust->now : (int64_t)time(NULL);
	o.root = root.ncerts ? root.cert[0] : NULL;
	o.simulated = trust->simulated;
	cf_chain_find(&certs->set, &r, o.root, &c->chain);
	cf_verify_chain(&c->chain, &o, &c->result);
	status = keep(c, err);
	if (status) {
		coffer_chain_destroy(c);
		return status;
	}
	*out = c;
	return COFFER_OK;
}

void coffer_chain_destroy(struct coffer_chain *chain)
{
	if (!chain)
		return;
	cf_x509_destroy(chain->vek);
	cf_x509_destroy(chain->ask);
	cf_x509_destroy(chain->ark);
	free(chain);
}

static enum coffer_status rules_of(const struct coffer_expectation *e,
	struct cf_report_rules *out, struct coffer_error *err)
{
	enum coffer_status status = COFFER_OK;

	*out = (struct cf_report_rules) {
		.measurement = e->measurement,
		.report_data = e->report_data,
		.host_data = e->host_data,
		.chip_id = e->chip_id,
		.family_id = e->family_id,
		.image_id = e->image_id,
		.id_key_digest = e->id_key_digest,
		.author_key_digest = e->author_key_digest,
		.has_vmpl = e->has_vmpl,
		.vmpl = e->vmpl,
		.has_min_svn = e->has_guest_svn,
		.min_svn = e->guest_svn,
		.has_firmware = e->has_firmware,
		.firmware = { .major = e->firmware[0],
			.minor = e->firmware[1],
			.build = e->firmware[2] },
		.has_platform = e->platform != NULL,
	};
	if (e->platform)
		status = cf_policy_rule_parse(
			CF_POLICY_PLATFORM, e->platform, &out->platform, err);
	if (status)
		return status;
	if (e->policy)
		status = cf_policy_rule_parse(
			CF_POLICY_SNP, e->policy, &out->policy, err);
	if (!e->policy || (!out->policy.exact && !strstr(e->policy, "debug")))
		out->policy.mask |= CF_SNP_POLICY_DEBUG;
	return status;
}

static void export_result(
	const struct cf_verify_result *from, struct coffer_verification *out)
{
	memset(out, 0, sizeof(*out));
	out->verified = cf_verify_ok(from);
	out->simulated = from->simulated;
	out->nchecks = CF_CHECK_COUNT;
	for (size_t i = 0; i < CF_CHECK_COUNT; i++) {
		struct coffer_check *c = &out->check[i];

		c->name = cf_check_name((enum cf_check)i);
		c->verdict = (enum coffer_verdict)from->check[i].verdict;
		memcpy(c->reason, from->check[i].reason, sizeof(c->reason));
	}
}

enum coffer_status coffer_verify_report(const struct coffer_chain *chain,
	const uint8_t *report, size_t len,
	const struct coffer_expectation *expected,
	struct coffer_verification *out, struct coffer_error *err)
{
	struct cf_verify_result result;
	struct cf_report_rules rules;
	struct cf_report r;
	enum coffer_status status;

	if (!chain || !expected || !out)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"verify: no chain, expectation or result");
	status = parse_report(report, len, &r, err);
	if (!status)
		status = rules_of(expected, &rules, err);
	if (status)
		return status;
	result = chain->result;
	cf_verify_report(&r, &chain->chain, &rules, &result);
	export_result(&result, out);
	return COFFER_OK;
}
