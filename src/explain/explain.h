/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which assumption is wrong: given a reported launch digest and the inputs
 * that one believes in, search the neighbourhood of these inputs for those
 * that give the digest.  Every candidate is a launch plan replayed onto the
 * `digest` processor, with the state before the vCPUs shared.
 *
 * Uses plan and sp; nothing below the command line uses it.
 */
#ifndef CF_EXPLAIN_H
#define CF_EXPLAIN_H

#include "base/buf.h"
#include "base/error.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_igvm;

#define CF_EXPLAIN_MAX_MATCHES 8
#define CF_EXPLAIN_MAX_CHANGES 12

/* One assumption that differs: "vCPUs", "4", "2". */
struct cf_explain_change {
	const char *assumption; /* static text */
	char believed[96], actual[96];
};

/* Inputs that give the digest, as changes from what was believed; none: the
 * inputs were right. */
struct cf_explain_match {
	struct cf_explain_change change[CF_EXPLAIN_MAX_CHANGES];
	size_t nchanges;
};

struct cf_explain_result {
	/* The fewest changes first. */
	struct cf_explain_match match[CF_EXPLAIN_MAX_MATCHES];
	size_t nmatches;
	uint64_t candidates; /* tried */
	struct cf_buf tried; /* lines: which values of which assumption */
};
void cf_explain_result_finish(struct cf_explain_result *r);

/* An image that may be the firmware; the first is the one believed in. */
struct cf_explain_image {
	const char *name;
	const uint8_t *bytes;
	size_t len;
};

/* How a 32-byte value may be the HMAC of LAUNCH_MEASURE instead. */
struct cf_explain_hmac {
	const uint8_t *tik; /* 16 bytes; NULL: not tried */
	uint8_t nonce[16];
	uint8_t api_major, api_minor, build;
	uint32_t policy;
};

struct cf_explain_request {
	const uint8_t *target;
	size_t target_len; /* 32 or 48 */
	enum cf_platform platform;
	const struct cf_explain_image *image;
	size_t nimages;
	bool has_kernel;
	const uint8_t *kernel, *initrd;
	size_t kernel_len, initrd_len;
	const char *append; /* NULL: none */
	enum cf_vmm vmm;
	const struct cf_vmsa_era *era; /* NULL: the VMM's current one */
	uint32_t cpuid_signature;
	uint32_t reported_signature; /* from a report; 0: not known */
	uint64_t sev_features;
	unsigned vcpus;
	unsigned max_vcpus; /* 0: 64 */
	struct cf_explain_hmac hmac;
	const struct cf_progress *progress; /* NULL: nobody is told */
};

/* COFFER_OK with or without matches.  COFFER_ERR_ARGUMENT: a target of
 * another length; COFFER_ERR_NOMEM. */
enum coffer_status cf_explain_firmware(const struct cf_explain_request *q,
	struct cf_explain_result *out, struct coffer_error *err) CF_MUST_CHECK;

/* The same for an IGVM file: platform, loader profile, number of vCPUs, and
 * what other tools measure differently. */
enum coffer_status cf_explain_igvm(const struct cf_igvm *file,
	enum cf_platform platform, const struct cf_loader_profile *profile,
	const uint8_t *target, size_t target_len, struct cf_explain_result *out,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
