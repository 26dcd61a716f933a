/* SPDX-License-Identifier: Apache-2.0 */
/* Remote disks: names, and how long a server may think. */
#ifndef CF_MACHINE_NBD_PRIV_H
#define CF_MACHINE_NBD_PRIV_H

#include "base/buf.h"
#include "machine/backend/block.h"

#define CF_NBD_TIMEOUT_MS 30000u /* for one request */

/* Is this a remote disk's name, in either form? */
bool cf_nbd_is_name(const char *name);

/*
 * The URI of a name: a URI itself, or QEMU's older nbd:HOST:PORT and
 * nbd:unix:PATH, each with :exportname=NAME or without.
 */
enum coffer_status cf_nbd_uri(const char *name, struct cf_buf *out,
	struct coffer_error *err) CF_MUST_CHECK;

/* As cf_block_open_nbd, with another limit. */
enum coffer_status cf_block_open_nbd_within(const char *name, bool readonly,
	unsigned timeout_ms, struct cf_block **out,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
