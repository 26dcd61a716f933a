/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest-owner subcommands share: certificates from files and
 * folders, byte strings and dates from options, private key files. */
#ifndef CF_CLI_OWNER_FILES_H
#define CF_CLI_OWNER_FILES_H

#include "crypto/crypto.h"
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

/* A P-384 private key in PEM; the caller wipes it. */
enum coffer_status cli_load_private_key(const char *path,
	uint8_t secret[CF_P384_LEN], struct cf_p384_public *pub,
	struct coffer_error *err) CF_MUST_CHECK;
/* Write bytes that must stay secret to a new file of mode 0600; a file that
 * is there is never overwritten. */
enum coffer_status cli_write_secret(const char *path, const void *p, size_t n,
	struct coffer_error *err) CF_MUST_CHECK;
/* Make a private key and store it so; pub may be NULL. */
enum coffer_status cli_new_private_key(const char *path,
	struct cf_p384_public *pub, struct coffer_error *err) CF_MUST_CHECK;

/* "2026-01-31", "2026-01-31T12:00:00Z" or seconds since 1970. */
CF_MUST_CHECK bool cli_parse_date(const char *text, int64_t *out);

#endif
