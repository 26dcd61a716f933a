/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging goes to a callback of the program's; a NULL log drops everything.
 * Texts read "module: what name=value"; never keys, secrets or guest plain
 * text.
 */
#ifndef CF_BASE_LOG_H
#define CF_BASE_LOG_H

#include "base/compiler.h"

enum cf_log_level {
	CF_LOG_ERROR,
	CF_LOG_WARN,
	CF_LOG_INFO,
	CF_LOG_DEBUG,
};

struct cf_log {
	void *opaque;
	enum cf_log_level level; /* what is more detailed is dropped */
	void (*write)(void *opaque, enum cf_log_level level, const char *text);
};

void cf_log(const struct cf_log *log, enum cf_log_level level, const char *fmt,
	...) CF_PRINTF(3, 4);

#endif
