/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest policies as numbers and as words, both ways: "smt,debug=off,abi=1.55"
 * is 0x30137 without the bits that are left out.
 *
 * Sources: SNP firmware ABI (AMD 56860), "Guest Policy"; SEV API (AMD 55766),
 * "Guest Policy Structure".
 */
#ifndef CF_OWNER_POLICY_H
#define CF_OWNER_POLICY_H

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_buf;

#define CF_SNP_POLICY_DEFAULT ((uint64_t)0x30000)
#define CF_SNP_POLICY_DEBUG   ((uint64_t)1 << 19)
#define CF_SEV_POLICY_ES      4u

enum cf_policy_kind {
	CF_POLICY_SEV,      /* SEV and SEV-ES, 32 bits */
	CF_POLICY_SNP,      /* 64 bits */
	CF_POLICY_PLATFORM, /* PLATFORM_INFO of a report: "smt=off,ecc" */
};

/* What a text asks of a policy (or of a platform): the bits in mask have the values in value;
 * the version is at least abi. */
struct cf_policy_rule {
	uint64_t mask, value;
	bool exact; /* the text was a number: every bit counts */
	uint8_t abi_major, abi_minor;
};

/* Parse a number or words; an unknown word is named in *err. */
enum coffer_status cf_policy_rule_parse(enum cf_policy_kind kind,
	const char *text, struct cf_policy_rule *out,
	struct coffer_error *err) CF_MUST_CHECK;
/* The policy that a rule describes; bits that it leaves open are 0, those
 * that must be set are set. */
uint64_t cf_policy_from_rule(
	enum cf_policy_kind kind, const struct cf_policy_rule *rule);
/* The words of a policy: "abi=0.0,smt,debug=off". */
void cf_policy_text(
	enum cf_policy_kind kind, uint64_t policy, struct cf_buf *out);
/* COFFER_ERR_MISMATCH names the first bit that breaks the rule.  Reserved
 * bits must have their value whatever the rule says. */
enum coffer_status cf_policy_check(enum cf_policy_kind kind, uint64_t policy,
	const struct cf_policy_rule *rule,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
