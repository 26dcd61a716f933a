/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of a report against its certificate and the owner's rules. */
#include "owner/verify.h"

#include "base/base.h"
#include "owner/verify_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *cf_check_name(enum cf_check check)
{
	static const char *const names[] = {
		[CF_CHECK_CHAIN] = "chain",
		[CF_CHECK_ROOT] = "root",
		[CF_CHECK_VALIDITY] = "validity",
		[CF_CHECK_REVOCATION] = "revocation",
		[CF_CHECK_SIGNATURE] = "signature",
		[CF_CHECK_PRODUCT] = "product",
		[CF_CHECK_TCB] = "tcb",
		[CF_CHECK_CHIP_ID] = "chip-id",
		[CF_CHECK_POLICY] = "policy",
		[CF_CHECK_MEASUREMENT] = "measurement",
		[CF_CHECK_REPORT_DATA] = "report-data",
		[CF_CHECK_HOST_DATA] = "host-data",
		[CF_CHECK_VMPL] = "vmpl",
		[CF_CHECK_MIN_TCB] = "min-tcb",
		[CF_CHECK_FIRMWARE] = "firmware",
		[CF_CHECK_PLATFORM] = "platform",
		[CF_CHECK_GUEST_SVN] = "guest-svn",
		[CF_CHECK_FAMILY_ID] = "family-id",
		[CF_CHECK_IMAGE_ID] = "image-id",
		[CF_CHECK_ID_KEY] = "id-key",
		[CF_CHECK_AUTHOR_KEY] = "author-key",
	};

	return check < CF_ARRAY_LEN(names) ? names[check] : "unknown";
}

const char *cf_verdict_name(enum cf_verdict v)
{
	static const char *const names[] = {
		[CF_NOT_ASKED] = "not asked",
		[CF_PASSED] = "passed",
		[CF_FAILED] = "failed",
	};

	return v < CF_ARRAY_LEN(names) ? names[v] : "unknown";
}

void cf_check_set(struct cf_verify_result *result, enum cf_check check,
	enum cf_verdict verdict, const char *fmt, ...)
{
	struct cf_check_result *c = &result->check[check];
	va_list ap;

	c->verdict = verdict;
	va_start(ap, fmt);
	vsnprintf(c->reason, sizeof(c->reason), fmt, ap);
	va_end(ap);
}

bool cf_verify_ok(const struct cf_verify_result *result)
{
	static const enum cf_check mandatory[] = { CF_CHECK_CHAIN,
		CF_CHECK_ROOT, CF_CHECK_VALIDITY, CF_CHECK_SIGNATURE,
		CF_CHECK_PRODUCT, CF_CHECK_TCB, CF_CHECK_POLICY };

	for (size_t i = 0; i < CF_CHECK_COUNT; i++)
		if (result->check[i].verdict == CF_FAILED)
			return false;
	for (size_t i = 0; i < CF_ARRAY_LEN(mandatory); i++)
		if (result->check[mandatory[i]].verdict != CF_PASSED)
			return false;
	return true;
}

static void check_signature(const struct cf_report *r,
	const struct cf_chain *chain, struct cf_verify_result *result)
{
	const enum cf_check c = CF_CHECK_SIGNATURE;
	struct coffer_error err;

	if (r->chip_key_masked || r->signing_key == CF_REPORT_KEY_NONE)
		cf_check_set(result, c, CF_FAILED,
			"the report is not signed: the host masked the key");
	else if (r->signature_algo != 1)
		cf_check_set(result, c, CF_FAILED,
			"signature algorithm %u; want 1, ECDSA P-384 with "
			"SHA-384",
			r->signature_algo);
	else if (!chain->vek)
		cf_check_set(result, c, CF_FAILED,
			"could not check: no %s among the certificates",
			r->signing_key == CF_REPORT_KEY_VLEK ? "VLEK" : "VCEK");
	else if (cf_x509_verify_p384(chain->vek, r->raw, CF_REPORT_SIGNED_LEN,
			 &r->signature, &err))
		cf_check_set(result, c, CF_FAILED, "%s", err.msg);
	else
		cf_check_set(result, c, CF_PASSED, "ECDSA P-384 by the %s",
			chain->info.vlek ? "VLEK" : "VCEK");
}

/* The line of root, certificate and, where it tells, report is one. */
static void check_product(const struct cf_report *r,
	const struct cf_chain *chain, struct cf_verify_result *result)
{
	const enum cf_check c = CF_CHECK_PRODUCT;
	enum cf_product told = cf_report_product(r);
	enum cf_product vek = chain->info.product, line;

	if (!chain->vek || !chain->ark) {
		cf_check_set(result, c, CF_FAILED,
			"could not check: the chain is not complete");
		return;
	}
	line = cf_cert_line(chain->ark);
	if (vek == CF_PRODUCT_UNKNOWN || vek != line)
		cf_check_set(result, c, CF_FAILED,
			"certificate for %s under the root of %s",
			chain->info.product_name, cf_product_name(line));
	else if (r->version >= 3 && told != vek)
		cf_check_set(result, c, CF_FAILED,
			"report of family 0x%x model 0x%x (%s), certificate "
			"for %s",
			r->cpuid_family, r->cpuid_model, cf_product_name(told),
			chain->info.product_name);
	else
		cf_check_set(
			result, c, CF_PASSED, "%s", chain->info.product_name);
}

static void check_tcb(const struct cf_report *r, const struct cf_chain *chain,
	struct cf_verify_result *result)
{
	const enum cf_check c = CF_CHECK_TCB;
	enum cf_product p = chain->info.product;
	struct cf_tcb tcb[CF_TCB_COUNT];
	char has[96], want[96];

	if (!chain->vek || p == CF_PRODUCT_UNKNOWN) {
		cf_check_set(result, c, CF_FAILED,
			"could not check: no readable VCEK or VLEK");
		return;
	}
	for (size_t i = 0; i < CF_TCB_COUNT; i++)
		tcb[i] = cf_tcb_decode(p, r->tcb_raw[i]);
	cf_tcb_text(p, &tcb[CF_TCB_REPORTED], has, sizeof(has));
	cf_tcb_text(p, &chain->info.tcb, want, sizeof(want));
	if (!cf_tcb_equal(&tcb[CF_TCB_REPORTED], &chain->info.tcb))
		cf_check_set(result, c, CF_FAILED,
			"reported %s; certificate for %s", has, want);
	else if (!cf_tcb_at_least(
			 &tcb[CF_TCB_COMMITTED], &tcb[CF_TCB_REPORTED]) ||
		!cf_tcb_at_least(
			&tcb[CF_TCB_CURRENT], &tcb[CF_TCB_COMMITTED]) ||
		!cf_tcb_at_least(&tcb[CF_TCB_CURRENT], &tcb[CF_TCB_LAUNCH]))
		cf_check_set(result, c, CF_FAILED,
			"not reported <= committed <= current and launch <= "
			"current");
	else
		cf_check_set(result, c, CF_PASSED, "%s", has);
}

static void check_chip_id(const struct cf_report *r,
	const struct cf_chain *chain, const struct cf_report_rules *rules,
	struct cf_verify_result *result)
{
	const enum cf_check c = CF_CHECK_CHIP_ID;
	size_t n = chain->info.hwid_len;
	bool masked = cf_is_zero(r->chip_id, sizeof(r->chip_id));

	if (rules->chip_id &&
		memcmp(rules->chip_id, r->chip_id, sizeof(r->chip_id)) != 0)
		cf_check_set(result, c, CF_FAILED, "not the chip asked for");
	else if (chain->vek && n && !masked &&
		(memcmp(chain->info.hwid, r->chip_id, n) != 0 ||
			!cf_is_zero(r->chip_id + n, CF_CHIP_ID_LEN - n)))
		cf_check_set(result, c, CF_FAILED,
			"the certificate is for another chip");
	else if (chain->vek && n && !masked)
		cf_check_set(
			result, c, CF_PASSED, "the chip of the certificate");
	else if (rules->chip_id)
		cf_check_set(result, c, CF_PASSED, "the chip asked for");
	else
		cf_check_set(result, c, CF_NOT_ASKED, "%s",
			masked ? "the report does not tell its chip"
			       : "a VLEK is not bound to a chip");
}

static void check_bytes(struct cf_verify_result *result, enum cf_check c,
	const uint8_t *has, const uint8_t *want, size_t n)
{
	char hex[2 * 64 + 1];

	if (!want) {
		cf_check_set(result, c, CF_NOT_ASKED, "%s", "");
		return;
	}
	cf_hex(hex, has, n);
	if (memcmp(has, want, n) == 0)
		cf_check_set(result, c, CF_PASSED, "%s", hex);
	else
		cf_check_set(result, c, CF_FAILED,
			"does not match; the report has %s", hex);
}

static void check_numbers(const struct cf_report *r,
	const struct cf_chain *chain, const struct cf_report_rules *rules,
	struct cf_verify_result *result)
{
	struct cf_tcb reported =
		cf_tcb_decode(chain->info.product, r->tcb_raw[CF_TCB_REPORTED]);
	char text[96];

	if (rules->has_vmpl)
		cf_check_set(result, CF_CHECK_VMPL,
			r->vmpl == rules->vmpl ? CF_PASSED : CF_FAILED,
			"VMPL %u", r->vmpl);
	if (rules->has_min_svn)
		cf_check_set(result, CF_CHECK_GUEST_SVN,
			r->guest_svn >= rules->min_svn ? CF_PASSED : CF_FAILED,
			"guest SVN %u; want %u or more", r->guest_svn,
			rules->min_svn);
	if (!rules->has_min_tcb)
		return;
	cf_tcb_text(chain->info.product, &rules->min_tcb, text, sizeof(text));
	cf_check_set(result, CF_CHECK_MIN_TCB,
		chain->info.product != CF_PRODUCT_UNKNOWN &&
				cf_tcb_at_least(&reported, &rules->min_tcb)
			? CF_PASSED
			: CF_FAILED,
		"at least %s", text);
}

/* The committed version: the current one can be rolled back to it. */
static void check_firmware(const struct cf_report *r,
	const struct cf_report_rules *rules, struct cf_verify_result *result)
{
	const struct cf_firmware_version *has = &r->committed;
	const struct cf_firmware_version *want = &rules->firmware;
	bool ok;

	if (!rules->has_firmware)
		return;
	if (has->major != want->major)
		ok = has->major > want->major;
	else if (has->minor != want->minor)
		ok = has->minor > want->minor;
	else
		ok = has->build >= want->build;
	cf_check_set(result, CF_CHECK_FIRMWARE, ok ? CF_PASSED : CF_FAILED,
		"committed %u.%u.%u; want %u.%u.%u or later", has->major,
		has->minor, has->build, want->major, want->minor, want->build);
}

static void check_platform(const struct cf_report *r,
	const struct cf_report_rules *rules, struct cf_verify_result *result)
{
	struct cf_buf text = { 0 };
	struct coffer_error err;

	if (!rules->has_platform)
		return;
	cf_policy_text(CF_POLICY_PLATFORM, r->platform_info, &text);
	if (cf_policy_check(CF_POLICY_PLATFORM, r->platform_info,
		    &rules->platform, &err))
		cf_check_set(
			result, CF_CHECK_PLATFORM, CF_FAILED, "%s", err.msg);
	else
		cf_check_set(result, CF_CHECK_PLATFORM, CF_PASSED, "%s",
			text.len ? cf_buf_text(&text) : "");
	cf_buf_finish(&text);
}

static void check_policy(const struct cf_report *r,
	const struct cf_report_rules *rules, struct cf_verify_result *result)
{
	struct cf_buf text = { 0 };
	struct coffer_error err;

	if (cf_policy_check(CF_POLICY_SNP, r->policy, &rules->policy, &err)) {
		cf_check_set(result, CF_CHECK_POLICY, CF_FAILED, "%s", err.msg);
		return;
	}
	cf_policy_text(CF_POLICY_SNP, r->policy, &text);
	cf_check_set(result, CF_CHECK_POLICY, CF_PASSED, "%s",
		text.failed ? "" : cf_buf_text(&text));
	cf_buf_finish(&text);
}

void cf_verify_report(const struct cf_report *r, const struct cf_chain *chain,
	const struct cf_report_rules *rules, struct cf_verify_result *result)
{
	check_signature(r, chain, result);
	check_product(r, chain, result);
	check_tcb(r, chain, result);
	check_chip_id(r, chain, rules, result);
	check_policy(r, rules, result);
	check_bytes(result, CF_CHECK_MEASUREMENT, r->measurement,
		rules->measurement, sizeof(r->measurement));
	check_bytes(result, CF_CHECK_REPORT_DATA, r->report_data,
		rules->report_data, sizeof(r->report_data));
	check_bytes(result, CF_CHECK_HOST_DATA, r->host_data, rules->host_data,
		sizeof(r->host_data));
	check_bytes(result, CF_CHECK_FAMILY_ID, r->family_id, rules->family_id,
		sizeof(r->family_id));
	check_bytes(result, CF_CHECK_IMAGE_ID, r->image_id, rules->image_id,
		sizeof(r->image_id));
	check_bytes(result, CF_CHECK_ID_KEY, r->id_key_digest,
		rules->id_key_digest, sizeof(r->id_key_digest));
	check_bytes(result, CF_CHECK_AUTHOR_KEY, r->author_key_digest,
		rules->author_key_digest, sizeof(r->author_key_digest));
	check_numbers(r, chain, rules, result);
	check_firmware(r, rules, result);
	check_platform(r, rules, result);
}
