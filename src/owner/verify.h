/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this report to be believed?  A list of checks, each passed, failed or
 * not asked, with the reason.  The checks of the chain cost RSA signatures
 * and depend on the certificates alone: do them once per chain and start
 * every report's result from that result.
 */
#ifndef CF_OWNER_VERIFY_H
#define CF_OWNER_VERIFY_H

#include "owner/chain.h"
#include "owner/policy.h"

enum cf_check {
	/* of the chain */
	CF_CHECK_CHAIN,
	CF_CHECK_ROOT,
	CF_CHECK_VALIDITY,
	CF_CHECK_REVOCATION,
	/* of the report */
	CF_CHECK_SIGNATURE,
	CF_CHECK_PRODUCT,
	CF_CHECK_TCB,
	CF_CHECK_CHIP_ID,
	CF_CHECK_POLICY,
	CF_CHECK_MEASUREMENT,
	CF_CHECK_REPORT_DATA,
	CF_CHECK_HOST_DATA,
	CF_CHECK_VMPL,
	CF_CHECK_MIN_TCB,
	CF_CHECK_FIRMWARE,
	CF_CHECK_PLATFORM,
	CF_CHECK_GUEST_SVN,
	CF_CHECK_FAMILY_ID,
	CF_CHECK_IMAGE_ID,
	CF_CHECK_ID_KEY,
	CF_CHECK_AUTHOR_KEY,
	CF_CHECK_COUNT,
};
const char *cf_check_name(enum cf_check check); /* "report-data" */

enum cf_verdict {
	CF_NOT_ASKED,
	CF_PASSED,
	CF_FAILED,
};
const char *cf_verdict_name(enum cf_verdict v); /* "not asked" */

struct cf_check_result {
	enum cf_verdict verdict;
	char reason[256];
};

struct cf_verify_result {
	struct cf_check_result check[CF_CHECK_COUNT];
	bool simulated; /* the chain carries the mark of simulation */
};
/* No check failed and the mandatory ones, up to POLICY but for REVOCATION and
 * CHIP_ID, passed. */
bool cf_verify_ok(const struct cf_verify_result *result);

struct cf_chain_options {
	int64_t now; /* seconds since 1970, for dates and CRLs */
	/* The root that the caller insists on; NULL: AMD's.  A root that is
	 * not AMD's is accepted only with simulated set, and only when the
	 * whole chain carries the mark. */
	const struct cf_x509 *root;
	bool simulated;
};
void cf_verify_chain(const struct cf_chain *chain,
	const struct cf_chain_options *options,
	struct cf_verify_result *result);

/* What is expected of the report; NULL and false: not asked. */
struct cf_report_rules {
	const uint8_t *measurement;       /* 48 bytes */
	const uint8_t *report_data;       /* 64 */
	const uint8_t *host_data;         /* 32 */
	const uint8_t *chip_id;           /* 64; the certificate's else */
	const uint8_t *family_id;         /* 16 */
	const uint8_t *image_id;          /* 16 */
	const uint8_t *id_key_digest;     /* 48 */
	const uint8_t *author_key_digest; /* 48 */
	bool has_vmpl, has_min_tcb, has_min_svn, has_firmware, has_platform;
	uint32_t vmpl, min_svn;
	struct cf_tcb min_tcb;
	struct cf_firmware_version firmware; /* lowest committed one */
	struct cf_policy_rule platform;      /* of PLATFORM_INFO */
	/* Always checked; the caller decides about debug. */
	struct cf_policy_rule policy;
};
/* Adds the checks of the report to a result that holds those of its chain. */
void cf_verify_report(const struct cf_report *r, const struct cf_chain *chain,
	const struct cf_report_rules *rules, struct cf_verify_result *result);

#endif
