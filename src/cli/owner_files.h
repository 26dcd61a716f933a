/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest-owner subcommands share: certificates from files and
 * folders, byte strings and dates from options, private key files. */
#ifndef CF_CLI_OWNER_FILES_H
#define CF_CLI_OWNER_FILES_H

#include "owner/chain.h"

struct cli_args;

/* Add the certificates of a file, or of every file below a folder (files
 * there that hold no certificate are passed over, as a copy of AMD's key
 * distribution service also has other files). */
enum coffer_status cli_load_certs(const char *path, struct cf_cert_set *set,
	struct coffer_error *err) CF_MUST_CHECK;

/* Option NAME as n bytes of hex.  *has tells whether it was given; false: it
 * is not hex of that length, and a message was printed. */
CF_MUST_CHECK bool cli_get_hex(const struct cli_args *args, const char *name,
	uint8_t *out, size_t n, bool *has);
/* The same for at most n bytes; what is missing at the end is zero. */
CF_MUST_CHECK bool cli_get_hex_padded(const struct cli_args *args,
	const char *name, uint8_t *out, size_t n, bool *has);

/* "2026-01-31", "2026-01-31T12:00:00Z" or seconds since 1970. */
CF_MUST_CHECK bool cli_parse_date(const char *text, int64_t *out);

#endif
