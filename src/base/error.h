/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling in struct coffer_error.  The layer that knows the facts writes the
 * message; a layer above may put context in front of it and nothing else.
 */
#ifndef CF_BASE_ERROR_H
#define CF_BASE_ERROR_H

#include "base/compiler.h"
#include "coffer/error.h"

/* Fill *err (may be NULL) and return status. */
enum coffer_status cf_fail(struct coffer_error *err, enum coffer_status status,
	const char *fmt, ...) CF_PRINTF(3, 4);

/* COFFER_ERR_SYSTEM with errnum and its text appended to the message. */
enum coffer_status cf_fail_errno(struct coffer_error *err, int errnum,
	const char *fmt, ...) CF_PRINTF(3, 4);

/* COFFER_ERR_FIRMWARE with the firmware's own status code kept. */
enum coffer_status cf_fail_fw(struct coffer_error *err, uint32_t fw_status,
	const char *fmt, ...) CF_PRINTF(3, 4);

/* COFFER_ERR_NOMEM, naming what there was no memory for. */
enum coffer_status cf_fail_nomem(struct coffer_error *err, const char *what);

/* Put "context: " in front of the message in *err; returns err->status. */
enum coffer_status cf_error_context(struct coffer_error *err,
	enum coffer_status status, const char *fmt, ...) CF_PRINTF(3, 4);

#endif
