/* SPDX-License-Identifier: Apache-2.0 */
/* Formatting for the log callback. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void cf_log(
	const struct cf_log *log, enum cf_log_level level, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!log || !log->write || level > log->level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log->write(log->opaque, level, text);
}
