/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a migration goes and comes from: file:PATH (a FIFO too), unix:PATH,
 * tcp:HOST:PORT, as in QEMU.  No call waits for ever: each looks every now and
 * then whether it is to give up.
 */
#include "cli/run/run_migrate_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 100

static enum coffer_status given_up(struct coffer_error *err)
{
	return cf_fail(err, COFFER_ERR_STATE, "migration: cancelled");
}

static bool must_give_up(const struct run_channel *c)
{
	return c->give_up && c->give_up(c->opaque);
}

/* Until the descriptor is ready for this. */
static enum coffer_status wait_ready(const struct run_channel *c, int fd,
	short events, struct coffer_error *err)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int n = poll(&p, 1, LOOK_MS);

		if (must_give_up(c))
			return given_up(err);
		if (n > 0)
			return COFFER_OK;
		if (n < 0 && errno != EINTR)
			return cf_fail_errno(err, errno, "%s", c->uri);
	}
}

static enum coffer_status channel_write(
	void *opaque, const void *p, size_t n, struct coffer_error *err)
{
	struct run_channel *c = opaque;
	const uint8_t *at = p;

	while (n) {
		ssize_t done = write(c->fd, at, n);

		if (done > 0) {
			at += done;
			n -= (size_t)done;
			if (must_give_up(c))
				return given_up(err);
		} else if (done < 0 && errno == EAGAIN) {
			enum coffer_status s =
				wait_ready(c, c->fd, POLLOUT, err);

			if (s)
				return s;
		} else if (done == 0 || errno != EINTR) {
			return cf_fail_errno(err, done ? errno : EIO,
				"%s: cannot write", c->uri);
		}
	}
	return COFFER_OK;
}

static enum coffer_status channel_read(
	void *opaque, void *p, size_t n, struct coffer_error *err)
{
	struct run_channel *c = opaque;
	uint8_t *at = p;

	while (n) {
		enum coffer_status s = wait_ready(c, c->fd, POLLIN, err);
		ssize_t done;

		if (s)
			return s;
		done = read(c->fd, at, n);
		if (done == 0)
			return cf_fail(err, COFFER_ERR_TRUNCATED,
				"%s: the stream ends too early", c->uri);
		if (done > 0) {
			at += done;
			n -= (size_t)done;
		} else if (errno != EINTR && errno != EAGAIN) {
			return cf_fail_errno(
				err, errno, "%s: cannot read", c->uri);
		}
	}
	return COFFER_OK;
}

static enum coffer_status unix_address(
	const char *path, struct sockaddr_un *out, struct coffer_error *err)
{
	*out = (struct sockaddr_un) { .sun_family = AF_UNIX };
	if (!*path || strlen(path) >= sizeof(out->sun_path))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"unix:%s: no path that a socket address holds", path);
	strcpy(out->sun_path, path);
	return COFFER_OK;
}

/* "HOST:PORT"; the caller frees *list. */
static enum coffer_status tcp_address(const char *text, bool passive,
	struct addrinfo **list, struct coffer_error *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0) };
	const char *colon = strrchr(text, ':');
	char host[256];
	int code;

	if (!colon || !colon[1] || (size_t)(colon - text) >= sizeof(host))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"tcp:%s: not HOST:PORT", text);
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	code = getaddrinfo(*host ? host : NULL, colon + 1, &hints, list);
	return code ? cf_fail(err, COFFER_ERR_ARGUMENT, "tcp:%s: %s", text,
			      gai_strerror(code))
		    : COFFER_OK;
}

/* A socket that is connected, or, passive, listens. */
static enum coffer_status make_socket(struct run_channel *c,
	const struct sockaddr *addr, socklen_t len, bool passive,
	struct coffer_error *err)
{
	int on = 1;

	c->fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 && errno == EPERM)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"%s: the system call filter lets a running guest's "
			"process make no connection; start it with "
			"-no-seccomp, or migrate to file:PATH, where PATH may "
			"be a FIFO that the other side reads",
			c->uri);
	if (c->fd < 0)
		return cf_fail_errno(err, errno, "%s", c->uri);
	setsockopt(c->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (passive ? bind(c->fd, addr, len) || listen(c->fd, 1)
		    : connect(c->fd, addr, len))
		return cf_fail_errno(err, errno, "%s: cannot %s", c->uri,
			passive ? "listen" : "connect");
	return COFFER_OK;
}

static enum coffer_status open_socket(
	struct run_channel *c, bool passive, struct coffer_error *err)
{
	struct sockaddr_un local;
	struct addrinfo *list = NULL;
	enum coffer_status s;

	if (strncmp(c->uri, "unix:", 5) == 0) {
		s = unix_address(c->uri + 5, &local, err);
		if (!s && passive)
			unlink(local.sun_path);
		return s ? s
			 : make_socket(c, (struct sockaddr *)&local,
				   sizeof(local), passive, err);
	}
	s = tcp_address(c->uri + 4, passive, &list, err);
	if (!s)
		s = make_socket(
			c, list->ai_addr, list->ai_addrlen, passive, err);
	if (list)
		freeaddrinfo(list);
	return s;
}

static bool is_file(const char *uri)
{
	return strncmp(uri, "file:", 5) == 0;
}

static enum coffer_status check_uri(const char *uri, struct coffer_error *err)
{
	if (is_file(uri) || strncmp(uri, "unix:", 5) == 0 ||
		strncmp(uri, "tcp:", 4) == 0)
		return COFFER_OK;
	return cf_fail(err, COFFER_ERR_ARGUMENT,
		"'%.60s': there are file:PATH, unix:PATH and tcp:HOST:PORT",
		uri);
}

/* A FIFO opens when somebody reads it. */
static enum coffer_status open_to_write(
	struct run_channel *c, struct coffer_error *err)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };

	for (;;) {
		c->fd = open(c->uri + 5,
			O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC,
			0600);
		if (c->fd >= 0 || errno != ENXIO)
			break;
		if (must_give_up(c))
			return given_up(err);
		nanosleep(&pause, NULL);
	}
	return c->fd >= 0
		? COFFER_OK
		: cf_fail_errno(err, errno, "%s: cannot open", c->uri);
}

enum coffer_status run_channel_out(
	struct run_channel *c, const char *uri, struct coffer_error *err)
{
	enum coffer_status s = check_uri(uri, err);

	c->uri = uri;
	c->fd = -1;
	c->ops = (struct cf_migrate_channel) { .opaque = c,
		.write = channel_write };
	if (!s)
		s = is_file(uri) ? open_to_write(c, err)
				 : open_socket(c, false, err);
	if (!s && fcntl(c->fd, F_SETFL, O_NONBLOCK) < 0)
		s = cf_fail_errno(err, errno, "%s", uri);
	if (s)
		run_channel_close(c);
	return s;
}

static enum coffer_status accept_one(
	struct run_channel *c, struct coffer_error *err)
{
	enum coffer_status s = wait_ready(c, c->fd, POLLIN, err);
	int fd;

	if (s)
		return s;
	fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return cf_fail_errno(err, errno, "%s: cannot accept", c->uri);
	close(c->fd);
	if (strncmp(c->uri, "unix:", 5) == 0)
		unlink(c->uri + 5);
	c->fd = fd;
	return COFFER_OK;
}

enum coffer_status run_channel_in(
	struct run_channel *c, const char *uri, struct coffer_error *err)
{
	enum coffer_status s = check_uri(uri, err);

	c->uri = uri;
	c->fd = -1;
	c->ops = (struct cf_migrate_channel) { .opaque = c,
		.read = channel_read };
	if (!s && is_file(uri)) {
		/* Without waiting for the writer of a FIFO. */
		c->fd = open(uri + 5, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (c->fd < 0)
			s = cf_fail_errno(err, errno, "%s: cannot open", uri);
	} else if (!s) {
		s = open_socket(c, true, err);
		if (!s)
			s = accept_one(c, err);
	}
	if (s)
		run_channel_close(c);
	return s;
}

void run_channel_close(struct run_channel *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}
