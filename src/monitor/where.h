/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing of a -qmp option's value and opening of what it names. */
#ifndef CF_MONITOR_WHERE_H
#define CF_MONITOR_WHERE_H

#include "base/error.h"

#include <stdbool.h>

struct qmp_where {
	enum {
		QMP_UNIX,
		QMP_TCP,
		QMP_STDIO,
	} kind;
	char address[108]; /* path, or host */
	char port[16];
	bool wait; /* block until the first client */
};

/* "unix:PATH,server=on,wait=off", "tcp:HOST:PORT,server=on", "stdio". */
enum coffer_status qmp_where_parse(const char *text, struct qmp_where *out,
	struct coffer_error *err) CF_MUST_CHECK;

/* A listening socket; an old socket file at the path is replaced. */
enum coffer_status qmp_where_listen(const struct qmp_where *w, int *fd,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
