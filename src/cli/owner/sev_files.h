/* SPDX-License-Identifier: Apache-2.0 */
/* Files and values of SEV: certificates, session keys, measurements. */
#ifndef CF_CLI_SEV_FILES_H
#define CF_CLI_SEV_FILES_H

#include "owner/session.h"
#include "owner/sev_chain.h"

struct cli_args;
struct cf_buf;

/* A file's bytes; base64 text, as QMP gives and takes it, is decoded. */
enum coffer_status cli_load_binary(const char *path, size_t max,
	struct cf_buf *out, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cli_load_sev_certs(const char *path,
	struct cf_sev_chain *chain, struct coffer_error *err) CF_MUST_CHECK;
/* A key of 16 bytes; the caller wipes it. */
enum coffer_status cli_load_sev_key(const char *path,
	uint8_t out[CF_SEV_KEY_LEN], struct coffer_error *err) CF_MUST_CHECK;
/* Write base64 text with mode 0644. */
enum coffer_status cli_write_base64(const char *path, const void *p, size_t n,
	struct coffer_error *err) CF_MUST_CHECK;
/* "MEASURE MNONCE" in base64, from an option; prints and returns false when
 * it is not that. */
CF_MUST_CHECK bool cli_get_measurement(const struct cli_args *args,
	const char *name, uint8_t out[CF_SEV_MEASUREMENT_LEN]);

/* One line per link, and whether the chain holds. */
void cli_print_sev_chain(const struct cf_sev_chain_result *result);

#endif
