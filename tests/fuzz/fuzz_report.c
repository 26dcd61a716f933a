/* SPDX-License-Identifier: Apache-2.0 */
/* An attestation report, alone or in what wraps it, and its checks without
 * certificates; then the same bytes as ID authentication information. */
#include "fuzz.h"

#include "owner/id_block.h"
#include "owner/verify.h"

#include <string.h>

static void verify(const struct cf_report *r)
{
	static const uint8_t zero[64];
	const struct cf_report_rules rules = { .measurement = zero,
		.report_data = zero,
		.chip_id = zero,
		.has_vmpl = true,
		.has_min_tcb = true };
	const struct cf_chain_options o = { .now = 1735689600 };
	const struct cf_cert_set set = { 0 };
	struct cf_verify_result result;
	struct cf_chain chain;

	cf_chain_find(&set, r, NULL, &chain);
	cf_verify_chain(&chain, &o, &result);
	cf_verify_report(r, &chain, &rules, &result);
	/* Without certificates nothing is ever believed. */
	if (cf_verify_ok(&result))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t raw[CF_REPORT_LEN], auth[CF_ID_AUTH_LEN] = { 0 };
	struct cf_id_auth decoded;
	struct coffer_error err;
	struct cf_report r;

	if (!cf_report_locate(data, size, raw, &err) &&
		!cf_report_parse(raw, sizeof(raw), &r, &err))
		verify(&r);
	memcpy(auth, data, size < sizeof(auth) ? size : sizeof(auth));
	if (!cf_id_auth_decode(auth, &decoded, &err)) {
		uint8_t again[CF_ID_AUTH_LEN];

		cf_id_auth_encode(&decoded, again);
		if (memcmp(again, auth, sizeof(auth)) != 0)
			__builtin_trap();
	}
	return 0;
}
