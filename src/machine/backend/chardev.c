/* SPDX-License-Identifier: Apache-2.0 */
/* Character backends: at most one descriptor for input, one for output. */
#include "machine/backend/chardev.h"

#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define CTRL_A 0x01

/* How long one write may wait for a slow reader. */
#define WRITE_TIMEOUT_MS 100

struct cf_chardev {
	int in, out;       /* -1: none; equal for a socket */
	int listen;        /* server socket that waits for a peer, or -1 */
	char *unlink_path; /* of the server socket */
	struct cf_buf *sink;
	struct cf_chardev_input input;
	struct cf_chardev_host host;
	uint8_t pending[256]; /* read, but not yet taken by the device */
	size_t npending;
	bool escapes; /* C-a commands */
	bool escaped; /* C-a was typed */
	bool raw;     /* terminal settings to restore */
	struct termios saved;
};

static enum coffer_status new_chardev(
	struct cf_chardev **out, struct coffer_error *err)
{
	struct cf_chardev *c = cf_alloc_array(1, sizeof(*c));

	if (!c)
		return cf_fail_nomem(err, "a character device");
	c->in = c->out = c->listen = -1;
	*out = c;
	return COFFER_OK;
}

/* A terminal gives every key to the guest, at once; with keep_signals C-c
 * still ends the program. */
static void make_raw(struct cf_chardev *c, bool keep_signals)
{
	struct termios t;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &c->saved))
		return;
	t = c->saved;
	t.c_iflag &= (tcflag_t) ~(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
	t.c_lflag &= (tcflag_t) ~(ECHO | ICANON | IEXTEN);
	if (!keep_signals)
		t.c_lflag &= (tcflag_t)~ISIG;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	c->raw = tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0;
}

static enum coffer_status open_file(
	struct cf_chardev *c, const char *path, struct coffer_error *err)
{
	c->out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (c->out < 0)
		return cf_fail_errno(err, errno, "chardev: %s", path);
	return COFFER_OK;
}

struct unix_options {
	bool server, wait;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

static bool parse_switch(const char *text, const char *name, bool *out)
{
	size_t n = strlen(name);

	if (strcmp(text, name) == 0) {
		*out = true;
		return true;
	}
	if (strncmp(text, "no", 2) == 0 && strcmp(text + 2, name) == 0) {
		*out = false;
		return true;
	}
	if (strncmp(text, name, n) || text[n] != '=')
		return false;
	*out = strcmp(text + n + 1, "on") == 0;
	return *out || strcmp(text + n + 1, "off") == 0;
}

static enum coffer_status parse_unix(
	const char *spec, struct unix_options *o, struct coffer_error *err)
{
	size_t n = strcspn(spec, ",");
	char word[32];

	*o = (struct unix_options) { .wait = true };
	if (n == 0 || n >= sizeof(o->path))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"chardev: unix socket path must have 1 to %zu bytes",
			sizeof(o->path) - 1);
	memcpy(o->path, spec, n);
	for (const char *p = spec + n; *p == ',';) {
		size_t len = strcspn(++p, ",");

		snprintf(word, sizeof(word), "%.*s", (int)len, p);
		if (len >= sizeof(word) ||
			(!parse_switch(word, "server", &o->server) &&
				!parse_switch(word, "wait", &o->wait)))
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"chardev: unix: no option '%.*s'", (int)len, p);
		p += len;
	}
	return COFFER_OK;
}

static enum coffer_status open_unix(
	struct cf_chardev *c, const char *spec, struct coffer_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	CF_CLEANUP(cf_close_fd) int fd = -1;
	struct unix_options o;
	enum coffer_status s = parse_unix(spec, &o, err);

	if (s)
		return s;
	memcpy(addr.sun_path, o.path, sizeof(o.path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return cf_fail_errno(err, errno, "chardev: socket");
	if (!o.server) {
		if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
			return cf_fail_errno(
				err, errno, "chardev: connect to %s", o.path);
		c->in = c->out = cf_steal_fd(&fd);
		return COFFER_OK;
	}
	unlink(o.path);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 1))
		return cf_fail_errno(
			err, errno, "chardev: listen on %s", o.path);
	c->unlink_path = cf_dup(o.path, strlen(o.path) + 1);
	if (o.wait) {
		c->in = c->out = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (c->in < 0)
			return cf_fail_errno(
				err, errno, "chardev: accept on %s", o.path);
	}
	c->listen = cf_steal_fd(&fd);
	return COFFER_OK;
}

static enum coffer_status open_spec(
	struct cf_chardev *c, const char *spec, struct coffer_error *err)
{
	if (strcmp(spec, "null") == 0 || strcmp(spec, "none") == 0)
		return COFFER_OK;
	if (strcmp(spec, "stdio") == 0 || strcmp(spec, "mon:stdio") == 0) {
		c->in = STDIN_FILENO;
		c->out = STDOUT_FILENO;
		c->escapes = spec[0] == 'm';
		make_raw(c, !c->escapes);
		return COFFER_OK;
	}
	if (strncmp(spec, "file:", 5) == 0)
		return open_file(c, spec + 5, err);
	if (strncmp(spec, "unix:", 5) == 0)
		return open_unix(c, spec + 5, err);
	return cf_fail(err, COFFER_ERR_UNSUPPORTED,
		"chardev: no backend '%s'; there are stdio, mon:stdio, null, "
		"file:PATH and unix:PATH[,server=on][,wait=off]",
		spec);
}

enum coffer_status cf_chardev_open(
	const char *spec, struct cf_chardev **out, struct coffer_error *err)
{
	struct cf_chardev *c = NULL;
	enum coffer_status s = new_chardev(&c, err);

	if (s)
		return s;
	s = open_spec(c, spec, err);
	if (s) {
		cf_chardev_destroy(c);
		return s;
	}
	*out = c;
	return COFFER_OK;
}

enum coffer_status cf_chardev_buffer(
	struct cf_buf *sink, struct cf_chardev **out, struct coffer_error *err)
{
	enum coffer_status s = new_chardev(out, err);

	if (s == COFFER_OK)
		(*out)->sink = sink;
	return s;
}

void cf_chardev_destroy(struct cf_chardev *c)
{
	if (!c)
		return;
	if (c->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &c->saved);
	if (c->in > STDERR_FILENO)
		close(c->in);
	if (c->out > STDERR_FILENO && c->out != c->in)
		close(c->out);
	cf_close_fd(&c->listen);
	if (c->unlink_path)
		unlink(c->unlink_path);
	free(c->unlink_path);
	free(c);
}

/* The peer of a socket went away: wait for the next one, if we listen. */
static void hang_up(struct cf_chardev *c)
{
	if (c->in > STDERR_FILENO)
		close(c->in);
	if (c->out == c->in)
		c->out = -1;
	c->in = -1;
}

/* A socket is never written to with write(): a lost peer raises no signal. */
static ssize_t write_some(struct cf_chardev *c, const uint8_t *p, size_t n)
{
	if (c->out == c->in)
		return send(c->out, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	return write(c->out, p, n);
}

void cf_chardev_write(struct cf_chardev *c, const uint8_t *p, size_t n)
{
	if (!c)
		return;
	if (c->sink)
		cf_buf_append(c->sink, p, n);
	while (n && c->out >= 0) {
		struct pollfd wait = { .fd = c->out, .events = POLLOUT };
		ssize_t did = write_some(c, p, n);

		if (did > 0) {
			p += did;
			n -= (size_t)did;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || poll(&wait, 1, WRITE_TIMEOUT_MS) != 1)
			return;
	}
}

void cf_chardev_set_input(
	struct cf_chardev *c, const struct cf_chardev_input *input)
{
	c->input = input ? *input : (struct cf_chardev_input) { 0 };
}

void cf_chardev_set_host(
	struct cf_chardev *c, const struct cf_chardev_host *host)
{
	c->host = host ? *host : (struct cf_chardev_host) { 0 };
}

size_t cf_chardev_feed(struct cf_chardev *c, const uint8_t *p, size_t n)
{
	size_t space = c->input.space ? c->input.space(c->input.opaque) : 0;

	if (n > space)
		n = space;
	if (n)
		c->input.receive(c->input.opaque, p, n);
	return n;
}

void cf_chardev_more(struct cf_chardev *c)
{
	bool full = c->npending == sizeof(c->pending);
	size_t took = cf_chardev_feed(c, c->pending, c->npending);

	c->npending -= took;
	memmove(c->pending, c->pending + took, c->npending);
	if (full && took && c->host.wake)
		c->host.wake(c->host.opaque);
}

int cf_chardev_poll_fd(struct cf_chardev *c)
{
	if (c->in < 0)
		return c->listen;
	if (!c->input.space && !c->escapes)
		return -1;
	return c->npending < sizeof(c->pending) ? c->in : -1;
}

/* Filter C-a commands out of typed bytes; returns how many remain. */
static size_t take_escapes(struct cf_chardev *c, uint8_t *p, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (!c->escaped && p[i] == CTRL_A) {
			c->escaped = true;
			continue;
		}
		if (c->escaped && p[i] == 'x' && c->host.quit)
			c->host.quit(c->host.opaque);
		if (!c->escaped || p[i] == CTRL_A)
			p[kept++] = p[i];
		c->escaped = false;
	}
	return kept;
}

void cf_chardev_readable(struct cf_chardev *c)
{
	uint8_t *at = c->pending + c->npending;
	ssize_t n;

	if (c->in < 0) {
		if (c->listen >= 0)
			c->in = c->out =
				accept4(c->listen, NULL, NULL, SOCK_CLOEXEC);
		return;
	}
	if (c->npending == sizeof(c->pending))
		return;
	n = read(c->in, at, sizeof(c->pending) - c->npending);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		hang_up(c);
		return;
	}
	c->npending += c->escapes ? take_escapes(c, at, (size_t)n) : (size_t)n;
	cf_chardev_more(c);
}
