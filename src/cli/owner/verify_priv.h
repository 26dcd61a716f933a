/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files verify*.c only. */
#ifndef CF_CLI_VERIFY_PRIV_H
#define CF_CLI_VERIFY_PRIV_H

#include "owner/verify.h"

/* The rules with the bytes that they point at. */
struct rules {
	struct cf_report_rules rules;
	uint8_t measurement[48], report_data[64], host_data[32], chip_id[64];
	uint8_t family_id[16], image_id[16], id_key[48], author_key[48];
};

void cli_verify_text(const struct cf_verify_result *result);
void cli_verify_json(
	const struct cf_report *r, const struct cf_verify_result *result);

#endif
