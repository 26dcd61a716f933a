/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is an SNP attestation report to be believed?  Certificates come from the
 * caller; roots are AMD's, built in by public key.  A simulated root counts
 * only when the caller gives it and says so.
 *
 * Objects are immutable once made and may be shared between threads; a set
 * of certificates is not one while it is being filled.
 */
#ifndef COFFER_VERIFY_H
#define COFFER_VERIFY_H

#include "coffer/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COFFER_REPORT_LEN 0x4A0

/** Certificates and revocation lists, in any order. */
struct coffer_certs;

/** An empty set; destroy it with coffer_certs_destroy. */
enum coffer_status coffer_certs_create(
	struct coffer_certs **out, struct coffer_error *err);
void coffer_certs_destroy(struct coffer_certs *certs); /* NULL is fine */
/**
 * Add what the bytes hold: PEM, DER, or the certificate table of an extended
 * guest request.  COFFER_ERR_FORMAT, _TRUNCATED, _UNSUPPORTED, _NOMEM.
 */
enum coffer_status coffer_certs_add(struct coffer_certs *certs,
	const uint8_t *bytes, size_t len, struct coffer_error *err);

/** A certificate chain with its checks done; they are the costly part. */
struct coffer_chain;

/** What to trust.  Zero it, then fill in. */
struct coffer_trust {
	int64_t now; /* seconds since 1970; 0: the current time */
	/* A root certificate (DER or PEM) that is insisted on; NULL: AMD's. */
	const uint8_t *root;
	size_t root_len;
	bool simulated; /* accept that root although it is SIMULATED */
};

/**
 * Choose and check the chain of the key that signed a report; it then serves
 * every report of that key.
 *
 * certs   borrowed for the call.
 * report  COFFER_REPORT_LEN bytes, or what coffer_report_locate takes.
 *
 * Returns COFFER_OK also when checks of the chain fail: they are in the
 * result of each verification.  COFFER_ERR_FORMAT and the like: the report
 * or the root is not one.
 */
enum coffer_status coffer_chain_create(const struct coffer_certs *certs,
	const uint8_t *report, size_t len, const struct coffer_trust *trust,
	struct coffer_chain **out, struct coffer_error *err);
void coffer_chain_destroy(struct coffer_chain *chain); /* NULL is fine */

/** What is expected of a report.  Zero it; NULL and false: not asked. */
struct coffer_expectation {
	const uint8_t *measurement;       /* 48 bytes */
	const uint8_t *report_data;       /* 64 */
	const uint8_t *host_data;         /* 32 */
	const uint8_t *chip_id;           /* 64 */
	const uint8_t *family_id;         /* 16 */
	const uint8_t *image_id;          /* 16 */
	const uint8_t *id_key_digest;     /* 48 */
	const uint8_t *author_key_digest; /* 48 */
	/* Number or words, "smt=off,abi=1.55"; debug is refused unless the
	 * text speaks of it. */
	const char *policy;
	/* Words about the platform, "smt=off,ecc"; NULL: not asked. */
	const char *platform;
	bool has_vmpl, has_guest_svn, has_firmware;
	uint8_t firmware[3]; /* lowest committed: major, minor, build */
	uint32_t vmpl;
	uint32_t guest_svn; /* lowest that is accepted */
};

enum coffer_verdict {
	COFFER_NOT_ASKED,
	COFFER_PASSED,
	COFFER_FAILED,
};

struct coffer_check {
	const char *name; /* "signature"; static */
	enum coffer_verdict verdict;
	char reason[256]; /* one line, may be empty */
};

#define COFFER_CHECKS_MAX 32

struct coffer_verification {
	/* Nothing failed and every mandatory check passed.  Checks that were
	 * not asked are not included: look at them. */
	bool verified;
	bool simulated; /* the chain says that it is SIMULATED */
	size_t nchecks;
	struct coffer_check check[COFFER_CHECKS_MAX];
};

/**
 * Check one report against its chain and what is expected of it.
 *
 * Returns COFFER_OK when the checks were done, whatever their outcome;
 * COFFER_ERR_FORMAT and the like when the bytes are no report;
 * COFFER_ERR_ARGUMENT when the policy text is not one.
 * Source: SNP firmware ABI (AMD 56860), ATTESTATION_REPORT.
 */
enum coffer_status coffer_verify_report(const struct coffer_chain *chain,
	const uint8_t *report, size_t len,
	const struct coffer_expectation *expected,
	struct coffer_verification *out, struct coffer_error *err);

/**
 * Find the report in what wraps it: the firmware's response message, Azure's
 * HCL blob, or hexadecimal text; copies it.  COFFER_ERR_FORMAT: none there.
 */
enum coffer_status coffer_report_locate(const uint8_t *bytes, size_t len,
	uint8_t out[COFFER_REPORT_LEN], struct coffer_error *err);

#ifdef __cplusplus
}
#endif

#endif
