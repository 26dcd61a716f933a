/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files sign*.c only. */
#ifndef CF_CLI_SIGN_PRIV_H
#define CF_CLI_SIGN_PRIV_H

#include "cli/cli.h"
#include "owner/id_block.h"

struct signing {
	struct cf_id_block block;
	struct cf_id_auth auth;
	bool has_policy, has_measurement, has_host_data;
	uint8_t bytes[CF_ID_BLOCK_LEN];
	uint8_t packed[CF_ID_AUTH_LEN];
	uint8_t host_data[32];
};

/* Policy and, unless given, measurement of the IGVM file. */
enum coffer_status cli_sign_measure(const struct cli_args *args,
	struct signing *s, struct coffer_error *err) CF_MUST_CHECK;
/* Fill auth: sign, or take the signatures made elsewhere and check them. */
enum coffer_status cli_sign_keys(const struct cli_args *args, struct signing *s,
	struct coffer_error *err) CF_MUST_CHECK;
/* What is to be signed elsewhere. */
enum coffer_status cli_sign_write_inputs(const struct cli_args *args,
	const struct signing *s, struct coffer_error *err) CF_MUST_CHECK;
/* The files that were asked for. */
enum coffer_status cli_sign_outputs(const struct cli_args *args,
	const struct signing *s, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cli_sign_write_igvm(const struct cli_args *args,
	const struct signing *s, struct coffer_error *err) CF_MUST_CHECK;
void cli_sign_print(const struct cli_args *args, const struct signing *s);

#endif
