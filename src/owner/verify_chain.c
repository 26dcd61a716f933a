/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of a certificate chain: signatures, root, dates, revocation. */
#include "owner/verify_priv.h"

#include "base/base.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct link {
	const char *name;
	const struct cf_x509 *cert, *issuer; /* NULL: not found */
};

#define NLINKS 3

static void get_links(const struct cf_chain *chain, struct link out[NLINKS])
{
	out[0] = (struct link) { "VCEK or VLEK", chain->vek, chain->ask };
	out[1] = (struct link) { "ASK", chain->ask, chain->ark };
	out[2] = (struct link) { "ARK", chain->ark, chain->ark };
}

/* A VEK is an end entity, the others are authorities, of fitting names. */
static bool has_right_role(
	const struct cf_chain *chain, const struct cf_x509 *cert)
{
	enum cf_cert_role role = cf_cert_role(cert);

	if (cert == chain->vek)
		return !cf_x509_is_ca(cert);
	if (!cf_x509_is_ca(cert))
		return false;
	if (cert == chain->ark)
		return role == CF_CERT_ARK;
	return role == (chain->info.vlek ? CF_CERT_ASVK : CF_CERT_ASK) &&
		cf_cert_line(cert) == cf_cert_line(chain->ark);
}

static void check_links(
	const struct cf_chain *chain, struct cf_verify_result *result)
{
	const enum cf_check c = CF_CHECK_CHAIN;
	struct coffer_error err;
	struct link links[NLINKS];
	struct cf_vek info;

	get_links(chain, links);
	for (size_t i = 0; i < NLINKS; i++)
		if (!links[i].cert) {
			cf_check_set(result, c, CF_FAILED,
				"no %s among the certificates%s", links[i].name,
				i ? " whose subject is the issuer" : "");
			return;
		}
	for (size_t i = 0; i < NLINKS; i++) {
		const struct cf_x509 *cert = links[i].cert;

		if (cf_x509_verify(cert, links[i].issuer, &err)) {
			cf_check_set(result, c, CF_FAILED, "%s: %s",
				links[i].name, err.msg);
			return;
		}
		if (!has_right_role(chain, cert)) {
			cf_check_set(result, c, CF_FAILED,
				"%s: not a certificate of that role",
				links[i].name);
			return;
		}
	}
	if (cf_vek_decode(chain->vek, &info, &err))
		cf_check_set(result, c, CF_FAILED, "%s", err.msg);
	else
		cf_check_set(result, c, CF_PASSED, "%s <- %s <- ARK",
			info.vlek ? "VLEK" : "VCEK",
			info.vlek ? "ASVK" : "ASK");
}

static void check_root(const struct cf_chain *chain,
	const struct cf_chain_options *o, struct cf_verify_result *result)
{
	const enum cf_check c = CF_CHECK_ROOT;
	enum cf_product line;
	bool marked_whole;

	if (!chain->ark) {
		cf_check_set(result, c, CF_FAILED, "could not check: no ARK");
		return;
	}
	line = cf_cert_amd_root(chain->ark);
	marked_whole = cf_cert_is_simulated(chain->ark) && chain->ask &&
		cf_cert_is_simulated(chain->ask) && chain->vek &&
		cf_cert_is_simulated(chain->vek);
	if (o->root && !cf_x509_equal(o->root, chain->ark))
		cf_check_set(result, c, CF_FAILED,
			"the chain ends in another root than the one given");
	else if (line != CF_PRODUCT_UNKNOWN && !result->simulated)
		cf_check_set(result, c, CF_PASSED, "AMD's root key of %s",
			cf_product_name(line));
	else if (!result->simulated)
		cf_check_set(result, c, CF_FAILED, "not a root key of AMD's");
	else if (!o->simulated || !o->root)
		cf_check_set(result, c, CF_FAILED,
			"the root is SIMULATED; it proves nothing about "
			"hardware (to accept it: --root FILE --simulated)");
	else if (!marked_whole || line != CF_PRODUCT_UNKNOWN)
		cf_check_set(result, c, CF_FAILED,
			"only a part of the chain is marked as simulated");
	else
		cf_check_set(result, c, CF_PASSED,
			"SIMULATED root, accepted because it was asked for");
}

static void date_text(int64_t t, char out[32])
{
	time_t when = (time_t)t;
	struct tm tm;

	if (!gmtime_r(&when, &tm) ||
		!strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(out, 32, "%lld s", (long long)t);
}

static void check_validity(const struct cf_chain *chain, int64_t now,
	struct cf_verify_result *result)
{
	const enum cf_check c = CF_CHECK_VALIDITY;
	struct link links[NLINKS];
	char date[32];

	get_links(chain, links);
	for (size_t i = 0; i < NLINKS; i++) {
		const struct cf_x509 *cert = links[i].cert;
		int64_t from, to;

		if (!cert) {
			cf_check_set(result, c, CF_FAILED,
				"could not check: no %s", links[i].name);
			return;
		}
		from = cf_x509_not_before(cert);
		to = cf_x509_not_after(cert);
		if (now >= from && now <= to)
			continue;
		date_text(now < from ? from : to, date);
		cf_check_set(result, c, CF_FAILED, "%s: %s %s", links[i].name,
			now < from ? "not valid before" : "expired at", date);
		return;
	}
	date_text(now, date);
	cf_check_set(result, c, CF_PASSED, "every certificate at %s", date);
}

static void check_revocation(const struct cf_chain *chain, int64_t now,
	struct cf_verify_result *result)
{
	const enum cf_check c = CF_CHECK_REVOCATION;
	struct link links[NLINKS];
	struct coffer_error err;
	int64_t next;

	get_links(chain, links);
	if (!chain->crl) {
		cf_check_set(result, c, CF_NOT_ASKED,
			"no revocation list of this root was given");
		return;
	}
	next = cf_x509_crl_next_update(chain->crl);
	if (!chain->ark || cf_x509_crl_verify(chain->crl, chain->ark, &err)) {
		cf_check_set(result, c, CF_FAILED, "%s",
			chain->ark ? err.msg : "could not check: no ARK");
		return;
	}
	if (now < cf_x509_crl_this_update(chain->crl) || (next && now > next)) {
		cf_check_set(result, c, CF_FAILED,
			"the revocation list is out of date");
		return;
	}
	for (size_t i = 0; i < NLINKS; i++) {
		const struct cf_x509 *cert = links[i].cert;

		if (!cert || !cf_x509_crl_revokes(chain->crl, cert))
			continue;
		cf_check_set(
			result, c, CF_FAILED, "%s: revoked", links[i].name);
		return;
	}
	cf_check_set(result, c, CF_PASSED, "not on the list");
}

void cf_verify_chain(const struct cf_chain *chain,
	const struct cf_chain_options *options, struct cf_verify_result *result)
{
	memset(result, 0, sizeof(*result));
	result->simulated = (chain->ark && cf_cert_is_simulated(chain->ark)) ||
		(chain->ask && cf_cert_is_simulated(chain->ask)) ||
		(chain->vek && cf_cert_is_simulated(chain->vek));
	check_links(chain, result);
	check_root(chain, options, result);
	check_validity(chain, options->now, result);
	check_revocation(chain, options->now, result);
}
