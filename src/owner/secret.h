/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets for a SEV or SEV-ES guest: the table of GUIDs that OVMF hands to
 * the guest, and the packet of LAUNCH_SECRET.
 *
 * Sources: SEV API (AMD 55766), LAUNCH_SECRET; EDK2, "confidential computing
 * secret" table, as Linux's efi_secret reads it.
 */
#ifndef CF_OWNER_SECRET_H
#define CF_OWNER_SECRET_H

#include "crypto/sev_kdf.h"

struct cf_buf;

/* Largest plain text; what firmware takes is not published. */
#define CF_SECRET_MAX 16384

struct cf_secret_entry {
	uint8_t guid[16]; /* in EFI's byte order */
	const uint8_t *data;
	size_t len;
};
/* Append the table, padded with zeros to a multiple of 16; out is empty, and
 * wiped by the caller. */
enum coffer_status cf_secret_table(const struct cf_secret_entry *entries,
	size_t n, struct cf_buf *out, struct coffer_error *err) CF_MUST_CHECK;

/* The packet for a plain text of whole 16-byte blocks: header into header,
 * cipher text appended to *data.  measure is MEASURE[32] of LAUNCH_MEASURE.
 * iv NULL: random. */
struct cf_secret_params {
	const struct cf_sev_keys *keys;
	const uint8_t *measure;
	const uint8_t *iv;
	uint32_t flags;
};
enum coffer_status cf_secret_packet(const struct cf_secret_params *params,
	const uint8_t *plain, size_t n, uint8_t header[CF_SEV_PACKET_LEN],
	struct cf_buf *data, struct coffer_error *err) CF_MUST_CHECK;

#endif
