/* SPDX-License-Identifier: Apache-2.0 */
/* Status names and the functions that write error messages. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const status_names[] = {
	[COFFER_OK] = "ok",
	[COFFER_ERR_ARGUMENT] = "argument",
	[COFFER_ERR_FORMAT] = "format",
	[COFFER_ERR_TRUNCATED] = "truncated",
	[COFFER_ERR_UNSUPPORTED] = "unsupported",
	[COFFER_ERR_STATE] = "state",
	[COFFER_ERR_MISMATCH] = "mismatch",
	[COFFER_ERR_NOMEM] = "nomem",
	[COFFER_ERR_SYSTEM] = "system",
	[COFFER_ERR_FIRMWARE] = "firmware",
	[COFFER_ERR_INTERNAL] = "internal",
};

const char *coffer_status_name(enum coffer_status status)
{
	if ((unsigned)status >= CF_ARRAY_LEN(status_names))
		return "unknown";
	return status_names[status];
}

static void fill(struct coffer_error *err, enum coffer_status status,
	const char *fmt, va_list ap)
{
	if (!err)
		return;
	err->status = status;
	err->sys_errno = 0;
	err->fw_status = 0;
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
}

enum coffer_status cf_fail(struct coffer_error *err, enum coffer_status status,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, status, fmt, ap);
	va_end(ap);
	return status;
}

enum coffer_status cf_fail_errno(
	struct coffer_error *err, int errnum, const char *fmt, ...)
{
	char buf[128];
	size_t len;
	va_list ap;

	if (!err)
		return COFFER_ERR_SYSTEM;
	va_start(ap, fmt);
	fill(err, COFFER_ERR_SYSTEM, fmt, ap);
	va_end(ap);
	err->sys_errno = errnum;
	len = strlen(err->msg);
	/* GNU's strerror_r: thread-safe, returns the text. */
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s",
		strerror_r(errnum, buf, sizeof(buf)));
	return COFFER_ERR_SYSTEM;
}

enum coffer_status cf_fail_fw(
	struct coffer_error *err, uint32_t fw_status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, COFFER_ERR_FIRMWARE, fmt, ap);
	va_end(ap);
	if (err)
		err->fw_status = fw_status;
	return COFFER_ERR_FIRMWARE;
}

enum coffer_status cf_fail_nomem(struct coffer_error *err, const char *what)
{
	return cf_fail(err, COFFER_ERR_NOMEM, "not enough memory for %s", what);
}

enum coffer_status cf_error_context(struct coffer_error *err,
	enum coffer_status status, const char *fmt, ...)
{
	char old[sizeof(err->msg)];
	size_t len;
	va_list ap;

	if (!err)
		return status;
	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %.*s",
		(int)(sizeof(old) - 1), old);
	return status;
}
