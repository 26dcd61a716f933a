/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's sockets: one thread that polls listeners and clients.  What a
 * session writes (from any thread) goes to the client's buffer and is sent by
 * the thread; a client that does not read loses its connection, never the
 * guest its time.
 */
#include "monitor/monitor_priv.h"
#include "monitor/where.h"

#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_LISTENERS 4
#define MAX_CLIENTS   128
#define MAX_UNSENT    ((size_t)4 << 20)

struct client {
	struct qmp_server *server;
	int in, out; /* the same for sockets; 0 and 1 for stdio */
	struct cf_monitor_session *session;
	/* Guarded by the monitor's lock, which write() is called under. */
	struct cf_buf unsent;
	bool eof;  /* nothing more comes in */
	bool dead; /* drop as soon as the thread sees it */
};

struct qmp_server {
	struct cf_monitor *mon;
	pthread_t thread;
	int wake; /* eventfd: there is something to send, or to stop for */
	int listener[MAX_LISTENERS];
	size_t nlisteners;
	struct client *client[MAX_CLIENTS];
	size_t nclients;
	/* Guarded by the monitor's lock. */
	bool stopping;
	unsigned long accepted;
	pthread_cond_t was_accepted;
};

static void wake_up(struct qmp_server *server)
{
	uint64_t one = 1;

	if (write(server->wake, &one, sizeof(one)) < 0)
		return; /* the counter is full: awake anyway */
}

/* The session's write callback; the monitor's lock is held. */
static void queue(void *opaque, const char *text, size_t len)
{
	struct client *c = opaque;

	if (c->unsent.len + len > MAX_UNSENT)
		c->dead = true;
	else
		cf_buf_append(&c->unsent, text, len);
	wake_up(c->server);
}

static void drop_client(struct qmp_server *server, size_t i)
{
	struct client *c = server->client[i];

	cf_monitor_session_destroy(c->session);
	if (c->in > 2)
		close(c->in);
	cf_buf_finish(&c->unsent);
	free(c);
	server->client[i] = server->client[--server->nclients];
}

static bool add_client(struct qmp_server *server, int in, int out)
{
	struct client *c;

	if (server->nclients == MAX_CLIENTS)
		return false;
	c = cf_alloc_array(1, sizeof(*c));
	if (!c)
		return false;
	c->server = server;
	c->in = in;
	c->out = out;
	if (cf_monitor_session_create(
		    server->mon, queue, c, &c->session, NULL)) {
		free(c);
		return false;
	}
	server->client[server->nclients++] = c;
	return true;
}

static void accept_client(struct qmp_server *server, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (!add_client(server, fd, fd)) {
		close(fd);
		return;
	}
	pthread_mutex_lock(&server->mon->lock);
	server->accepted++;
	pthread_cond_broadcast(&server->was_accepted);
	pthread_mutex_unlock(&server->mon->lock);
}

static void receive(struct client *c)
{
	char bytes[16384];
	ssize_t n = read(c->in, bytes, sizeof(bytes));

	if (n > 0)
		cf_monitor_session_input(c->session, bytes, (size_t)n);
	else if (n == 0)
		c->eof = true;
	else if (errno != EAGAIN && errno != EINTR)
		c->dead = true;
}

static void transmit(struct client *c)
{
	pthread_mutex_lock(&c->server->mon->lock);
	if (c->unsent.len) {
		ssize_t n = write(c->out, c->unsent.data, c->unsent.len);

		if (n > 0) {
			memmove(c->unsent.data, c->unsent.data + n,
				c->unsent.len - (size_t)n);
			c->unsent.len -= (size_t)n;
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			c->dead = true;
		}
	}
	/* A half-closed client still gets the answers it is owed. */
	if (c->eof && c->unsent.len == 0)
		c->dead = true;
	pthread_mutex_unlock(&c->server->mon->lock);
}

static size_t fill_poll(struct qmp_server *server, struct pollfd *fds)
{
	size_t n = 0;

	fds[n++] = (struct pollfd) { .fd = server->wake, .events = POLLIN };
	for (size_t i = 0; i < server->nlisteners; i++)
		fds[n++] = (struct pollfd) { .fd = server->listener[i],
			.events = POLLIN };
	pthread_mutex_lock(&server->mon->lock);
	for (size_t i = 0; i < server->nclients; i++) {
		struct client *c = server->client[i];

		fds[n++] = (struct pollfd) { .fd = c->eof ? -1 : c->in,
			.events = POLLIN };
		fds[n++] = (struct pollfd) { .fd = c->unsent.len ? c->out : -1,
			.events = POLLOUT };
	}
	pthread_mutex_unlock(&server->mon->lock);
	return n;
}

static void serve_clients(
	struct qmp_server *server, const struct pollfd *fds, size_t polled)
{
	for (size_t i = 0; i < polled; i++) {
		struct client *c = server->client[i];

		if (fds[2 * i].revents)
			receive(c);
		transmit(c);
	}
	for (size_t i = server->nclients; i-- > 0;)
		if (server->client[i]->dead)
			drop_client(server, i);
}

static bool is_stopping(struct qmp_server *server)
{
	bool stopping;

	pthread_mutex_lock(&server->mon->lock);
	stopping = server->stopping;
	pthread_mutex_unlock(&server->mon->lock);
	return stopping;
}

static void *serve(void *opaque)
{
	struct qmp_server *server = opaque;
	struct pollfd fds[1 + MAX_LISTENERS + 2 * MAX_CLIENTS];

	while (!is_stopping(server)) {
		size_t nlisteners = server->nlisteners;
		size_t nclients = server->nclients;
		uint64_t count;

		if (poll(fds, fill_poll(server, fds), -1) < 0)
			continue;
		if (fds[0].revents &&
			read(server->wake, &count, sizeof(count)) < 0)
			continue;
		serve_clients(server, fds + 1 + nlisteners, nclients);
		for (size_t i = 0; i < nlisteners; i++)
			if (fds[1 + i].revents)
				accept_client(server, server->listener[i]);
	}
	/* A last try for what is unsent: the answer to "quit". */
	for (size_t i = 0; i < server->nclients; i++)
		transmit(server->client[i]);
	return NULL;
}

static enum coffer_status start_server(
	struct cf_monitor *mon, struct coffer_error *err)
{
	struct qmp_server *server = cf_alloc_array(1, sizeof(*server));

	if (!server)
		return cf_fail_nomem(err, "the monitor's server");
	server->mon = mon;
	server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_cond_init(&server->was_accepted, NULL);
	if (server->wake < 0) {
		free(server);
		return cf_fail_errno(err, errno, "eventfd");
	}
	mon->server = server;
	return COFFER_OK;
}

void qmp_server_destroy(struct qmp_server *server)
{
	if (!server)
		return;
	if (server->thread) {
		pthread_mutex_lock(&server->mon->lock);
		server->stopping = true;
		pthread_mutex_unlock(&server->mon->lock);
		wake_up(server);
		pthread_join(server->thread, NULL);
	}
	while (server->nclients)
		drop_client(server, 0);
	for (size_t i = 0; i < server->nlisteners; i++)
		close(server->listener[i]);
	close(server->wake);
	pthread_cond_destroy(&server->was_accepted);
	free(server);
}

static enum coffer_status start_thread(
	struct qmp_server *server, struct coffer_error *err)
{
	int errnum;

	if (server->thread)
		return COFFER_OK;
	errnum = pthread_create(&server->thread, NULL, serve, server);
	if (errnum)
		return cf_fail_errno(err, errnum, "the monitor's thread");
	return COFFER_OK;
}

static void wait_for_client(struct qmp_server *server)
{
	pthread_mutex_lock(&server->mon->lock);
	while (!server->accepted)
		pthread_cond_wait(&server->was_accepted, &server->mon->lock);
	pthread_mutex_unlock(&server->mon->lock);
}

enum coffer_status cf_monitor_listen(
	struct cf_monitor *mon, const char *where, struct coffer_error *err)
{
	enum coffer_status status;
	struct qmp_where w;
	int fd;

	status = qmp_where_parse(where, &w, err);
	if (status)
		return status;
	if (mon->server)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-qmp %s: one -qmp is enough, it takes many clients",
			where);
	status = start_server(mon, err);
	if (status)
		return status;
	if (w.kind == QMP_STDIO) {
		if (!add_client(mon->server, STDIN_FILENO, STDOUT_FILENO))
			return cf_fail_nomem(err, "the monitor on stdio");
	} else {
		status = qmp_where_listen(&w, &fd, err);
		if (status)
			return status;
		mon->server->listener[mon->server->nlisteners++] = fd;
	}
	status = start_thread(mon->server, err);
	if (!status && w.kind != QMP_STDIO && w.wait)
		wait_for_client(mon->server);
	return status;
}
