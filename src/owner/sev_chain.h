/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of trust of a SEV platform: PDH by PEK, PEK by OCA and by CEK,
 * CEK by ASK, ASK by ARK, and the ARK by AMD's pinned keys.
 *
 * Source: SEV API (AMD 55766), "Chain of Trust".
 */
#ifndef CF_OWNER_SEV_CHAIN_H
#define CF_OWNER_SEV_CHAIN_H

#include "crypto/sev_cert.h"
#include "owner/verify.h"

#define CF_AMD_CERT_MAX_LEN 0x640

/* The parsed certificates point into raw: not to be copied.  bytes NULL: not
 * there. */
struct cf_sev_chain {
	struct cf_sev_cert pdh, pek, oca, cek;
	struct cf_amd_cert ask, ark;
	struct {
		uint8_t pdh[CF_SEV_CERT_LEN], pek[CF_SEV_CERT_LEN];
		uint8_t oca[CF_SEV_CERT_LEN], cek[CF_SEV_CERT_LEN];
		uint8_t ask[CF_AMD_CERT_MAX_LEN], ark[CF_AMD_CERT_MAX_LEN];
	} raw;
};

/* Take every certificate of a file: any of the six, one after the other.  A
 * second one of a kind is refused, except that a CEK with AMD's signature
 * replaces one without (platforms export theirs unsigned). */
enum coffer_status cf_sev_chain_add(struct cf_sev_chain *chain,
	const uint8_t *p, size_t n, struct coffer_error *err) CF_MUST_CHECK;

/* "Milan": whose ARK this is at AMD; NULL: not AMD's. */
const char *cf_sev_root_line(const struct cf_amd_cert *ark);
bool cf_sev_ca_is_simulated(const struct cf_amd_cert *cert);

enum cf_sev_link {
	CF_SEV_LINK_PDH_PEK,
	CF_SEV_LINK_PEK_OCA,
	CF_SEV_LINK_PEK_CEK,
	CF_SEV_LINK_OCA_SELF,
	CF_SEV_LINK_CEK_ASK,
	CF_SEV_LINK_ASK_ARK,
	CF_SEV_LINK_ROOT,
	CF_SEV_LINK_COUNT,
};
const char *cf_sev_link_name(enum cf_sev_link link); /* "PDH by PEK" */

struct cf_sev_chain_result {
	struct cf_check_result link[CF_SEV_LINK_COUNT];
	bool simulated;
};
/* A simulated root passes only when `simulated` asks for it. */
void cf_sev_chain_verify(const struct cf_sev_chain *chain, bool simulated,
	struct cf_sev_chain_result *out);
/* Every link passed. */
bool cf_sev_chain_ok(const struct cf_sev_chain_result *result);

#endif
