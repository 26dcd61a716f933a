/* SPDX-License-Identifier: Apache-2.0 */
/* -qmp addresses: QEMU's syntax for the three that make sense here. */
#include "monitor/where.h"

#include "base/base.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static enum coffer_status bad(
	struct coffer_error *err, const char *text, const char *why)
{
	return cf_fail(err, COFFER_ERR_ARGUMENT,
		"-qmp %s: %s; use unix:PATH,server=on,wait=off or "
		"tcp:HOST:PORT,server=on,wait=off or stdio",
		text, why);
}

/* One "key=value" (or bare "server", "nowait") after the address. */
static const char *parse_flag(const char *flag, bool *server, bool *wait)
{
	if (!strcmp(flag, "server") || !strcmp(flag, "server=on"))
		*server = true;
	else if (!strcmp(flag, "server=off"))
		*server = false;
	else if (!strcmp(flag, "nowait") || !strcmp(flag, "wait=off"))
		*wait = false;
	else if (!strcmp(flag, "wait") || !strcmp(flag, "wait=on"))
		*wait = true;
	else
		return "only server= and wait= are known";
	return NULL;
}

static const char *parse_address(char *address, struct qmp_where *out)
{
	char *colon;

	if (strncmp(address, "unix:", 5) == 0) {
		out->kind = QMP_UNIX;
		address += 5;
	} else if (strncmp(address, "tcp:", 4) == 0) {
		out->kind = QMP_TCP;
		address += 4;
		colon = strrchr(address, ':');
		if (!colon || !colon[1] ||
			strlen(colon + 1) >= sizeof(out->port))
			return "no port";
		strcpy(out->port, colon + 1);
		*colon = '\0';
	} else {
		return "neither unix: nor tcp: nor stdio";
	}
	if (out->kind == QMP_UNIX && !*address)
		return "no path";
	if (strlen(address) >= sizeof(out->address))
		return "the path is longer than a socket address holds";
	strcpy(out->address, address);
	return NULL;
}

enum coffer_status qmp_where_parse(
	const char *text, struct qmp_where *out, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) char *copy = strdup(text);
	char *rest = copy, *address;
	bool server = false;
	const char *why;

	if (!copy)
		return cf_fail_nomem(err, "-qmp");
	*out = (struct qmp_where) { .wait = true };
	address = strsep(&rest, ",");
	if (strcmp(address, "stdio") == 0) {
		out->kind = QMP_STDIO;
		return rest ? bad(err, text, "stdio takes no flags")
			    : COFFER_OK;
	}
	why = parse_address(address, out);
	while (rest && !why)
		why = parse_flag(strsep(&rest, ","), &server, &out->wait);
	if (!why && !server)
		why = "only server=on is supported";
	return why ? bad(err, text, why) : COFFER_OK;
}

static enum coffer_status listen_unix(
	const struct qmp_where *w, int *out, struct coffer_error *err)
{
	CF_CLEANUP(cf_close_fd) int fd = -1;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;

	memcpy(addr.sun_path, w->address, strlen(w->address));
	if (lstat(w->address, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(w->address);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
		listen(fd, 16) < 0)
		return cf_fail_errno(
			err, errno, "-qmp unix:%s: cannot listen", w->address);
	*out = cf_steal_fd(&fd);
	return COFFER_OK;
}

static enum coffer_status listen_tcp(
	const struct qmp_where *w, int *out, struct coffer_error *err)
{
	CF_CLEANUP(cf_close_fd) int fd = -1;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV },
			*list;
	int on = 1, code;
	bool ok;

	code = getaddrinfo(
		*w->address ? w->address : NULL, w->port, &hints, &list);
	if (code)
		return cf_fail(err, COFFER_ERR_ARGUMENT, "-qmp tcp:%s:%s: %s",
			w->address, w->port, gai_strerror(code));
	fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ok = fd >= 0 &&
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ==
			0 &&
		bind(fd, list->ai_addr, list->ai_addrlen) == 0 &&
		listen(fd, 16) == 0;
	code = errno;
	freeaddrinfo(list);
	if (!ok)
		return cf_fail_errno(err, code, "-qmp tcp:%s:%s: cannot listen",
			w->address, w->port);
	*out = cf_steal_fd(&fd);
	return COFFER_OK;
}

enum coffer_status qmp_where_listen(
	const struct qmp_where *w, int *fd, struct coffer_error *err)
{
	return w->kind == QMP_UNIX ? listen_unix(w, fd, err)
				   : listen_tcp(w, fd, err);
}
