/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GDB's door to a running machine: a socket, one debugger at a time, on a
 * thread of its own.  While a debugger is connected the machine stands still
 * unless it was told to continue.
 */
#include "machine/gdb/gdb_priv.h"
#include "machine/machine_priv.h"

#include "base/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct cf_gdb_server {
	struct cf_machine *m;
	struct cf_gdb_target target;
	struct cf_gdb session;
	int listen, fd; /* fd: the debugger, or -1 */
	int event;      /* a vCPU stopped, or the server ends */
	char *unlink_path;
	pthread_t thread;
	bool started;
	atomic_bool ending;
};

static bool has_debug(const struct cf_machine *m)
{
	return m->vm && m->accel->debug_points;
}

static bool get_state(void *opaque, unsigned vcpu, struct cf_cpu_state *s)
{
	struct cf_machine *m = opaque;

	return m->vm && m->accel->get_state(m->vm, vcpu, s, NULL) == COFFER_OK;
}

static bool set_state(void *opaque, unsigned vcpu, const struct cf_cpu_state *s)
{
	struct cf_machine *m = opaque;

	return m->vm && m->accel->set_state(m->vm, vcpu, s, NULL) == COFFER_OK;
}

static bool read_memory(
	void *opaque, unsigned vcpu, uint64_t addr, void *p, size_t len)
{
	struct cf_machine *m = opaque;

	return has_debug(m) && m->accel->debug_read(m->vm, vcpu, addr, p, len);
}

static bool write_memory(
	void *opaque, unsigned vcpu, uint64_t addr, const void *p, size_t len)
{
	struct cf_machine *m = opaque;

	return has_debug(m) && m->accel->debug_write(m->vm, vcpu, addr, p, len);
}

static bool set_points(
	void *opaque, const struct cf_debug_point *points, size_t n)
{
	struct cf_machine *m = opaque;

	return has_debug(m) && m->accel->debug_points(m->vm, points, n);
}

/* All others stay where they are while one vCPU takes a step. */
static void step(struct cf_gdb_server *s, unsigned vcpu)
{
	struct cf_machine *m = s->m;
	struct cf_stop_info why = { .why = CF_STOP_DEBUG,
		.code = CF_DEBUG_HIT_STEP };

	if (has_debug(m)) {
		m->accel->debug_step(m->vm, vcpu, true);
		cf_machine_freeze_clock(m, false);
		m->accel->run(m->vm, vcpu, UINT64_MAX, &why);
		cf_machine_freeze_clock(m, true);
		m->accel->debug_step(m->vm, vcpu, false);
	}
	cf_gdb_stopped(&s->session, vcpu, &why);
}

static void resume(void *opaque, int which)
{
	struct cf_machine *m = opaque;

	if (which >= 0)
		step(m->gdb, (unsigned)which);
	else
		cf_machine_resume(m);
}

static void stop(void *opaque)
{
	struct cf_machine *m = opaque;
	struct cf_stop_info why = { .why = CF_STOP_KICK };

	cf_machine_pause(m);
	cf_gdb_stopped(&m->gdb->session, m->gdb->session.thread, &why);
}

static void quit(void *opaque)
{
	cf_machine_quit(opaque);
}

/* A debugger that cannot take its answers within seconds is gone. */
static bool send_out(struct cf_gdb_server *s)
{
	struct cf_buf *b = &s->session.out;
	size_t done = 0;

	while (done < b->len) {
		ssize_t n = send(
			s->fd, b->data + done, b->len - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	b->len = 0;
	return true;
}

static void connected(struct cf_gdb_server *s)
{
	struct timeval patience = { .tv_sec = 5 };

	s->fd = accept4(s->listen, NULL, NULL, SOCK_CLOEXEC);
	if (s->fd < 0)
		return;
	setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	cf_machine_pause(s->m);
	cf_gdb_init(&s->session, &s->target);
}

/* Without its debugger the machine goes on (a detach has seen to that). */
static void disconnected(struct cf_gdb_server *s)
{
	struct cf_machine *m = s->m;
	bool over = atomic_load(&s->ending) || atomic_load(&m->ending);

	if (!s->session.detached && !over && has_debug(m)) {
		cf_machine_pause(m);
		if (m->accel->debug_points(m->vm, NULL, 0))
			cf_machine_resume(m);
	}
	close(s->fd);
	s->fd = -1;
	cf_gdb_finish(&s->session);
}

static void readable(struct cf_gdb_server *s)
{
	uint8_t bytes[CF_GDB_PACKET_MAX];
	ssize_t n = recv(s->fd, bytes, sizeof bytes, 0);

	if (n < 0 && errno == EINTR)
		return;
	if (n > 0)
		cf_gdb_feed(&s->session, bytes, (size_t)n);
	if (n <= 0 || !send_out(s) || s->session.detached)
		disconnected(s);
}

/* A break- or watchpoint was hit on some vCPU, or the machine ended. */
static void event(struct cf_gdb_server *s)
{
	struct cf_machine *m = s->m;
	struct cf_stop_info why;
	unsigned vcpu;
	uint64_t count;

	if (read(s->event, &count, sizeof count) != sizeof count)
		return;
	if (atomic_load(&m->ending) && s->fd >= 0)
		cf_gdb_exited(&s->session, m->result.code);
	else if (cf_machine_debug_taken(m, &vcpu, &why) && s->fd >= 0)
		cf_gdb_stopped(&s->session, vcpu, &why);
	if (s->fd >= 0 && !send_out(s))
		disconnected(s);
}

static void *serve(void *opaque)
{
	struct cf_gdb_server *s = opaque;

	while (!atomic_load(&s->ending)) {
		struct pollfd fds[2] = {
			{ .fd = s->event, .events = POLLIN },
			{ .fd = s->fd >= 0 ? s->fd : s->listen,
				.events = POLLIN },
		};

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents)
			event(s);
		else if (fds[1].revents && s->fd >= 0)
			readable(s);
		else if (fds[1].revents)
			connected(s);
	}
	if (s->fd >= 0)
		disconnected(s);
	return NULL;
}

void cf_gdb_server_event(struct cf_gdb_server *s)
{
	const uint64_t one = 1;

	/* The counter cannot overflow: the reader takes all of it. */
	if (s && write(s->event, &one, sizeof one) < 0)
		return;
}

static enum coffer_status listen_unix(
	struct cf_gdb_server *s, const char *path, struct coffer_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (!*path || strlen(path) >= sizeof addr.sun_path)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"gdb: unix: a path of 1 to %zu bytes is missing",
			sizeof addr.sun_path - 1);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	s->listen = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listen < 0 ||
		bind(s->listen, (struct sockaddr *)&addr, sizeof addr))
		return cf_fail_errno(err, errno, "gdb: bind %s", path);
	s->unlink_path = cf_dup(path, strlen(path) + 1);
	return COFFER_OK;
}

/* [HOST]:PORT; without a host only this machine can connect. */
static enum coffer_status listen_tcp(
	struct cf_gdb_server *s, const char *text, struct coffer_error *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	const char *colon = strrchr(text, ':');
	char host[64] = "127.0.0.1";
	int one = 1, e;

	if (!colon || (size_t)(colon - text) >= sizeof host)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"gdb: tcp:%s is not tcp:[ADDRESS]:PORT", text);
	if (colon != text) {
		memcpy(host, text, (size_t)(colon - text));
		host[colon - text] = 0;
	}
	e = getaddrinfo(host, colon + 1, &hints, &found);
	if (e)
		return cf_fail(err, COFFER_ERR_ARGUMENT, "gdb: tcp:%s: %s",
			text, gai_strerror(e));
	s->listen = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listen >= 0)
		setsockopt(
			s->listen, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (s->listen < 0 ||
		bind(s->listen, found->ai_addr, found->ai_addrlen)) {
		e = errno;
		freeaddrinfo(found);
		return cf_fail_errno(err, e, "gdb: bind tcp:%s", text);
	}
	freeaddrinfo(found);
	return COFFER_OK;
}

static enum coffer_status open_server(
	struct cf_gdb_server *s, const char *spec, struct coffer_error *err)
{
	enum coffer_status status;
	int e;

	if (strncmp(spec, "unix:", 5) == 0)
		status = listen_unix(s, spec + 5, err);
	else if (strncmp(spec, "tcp:", 4) == 0)
		status = listen_tcp(s, spec + 4, err);
	else
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"gdb: %s: neither tcp:[ADDRESS]:PORT nor unix:PATH",
			spec);
	if (status)
		return status;
	s->event = eventfd(0, EFD_CLOEXEC);
	if (s->event < 0 || listen(s->listen, 1))
		return cf_fail_errno(err, errno, "gdb: listen on %s", spec);
	e = pthread_create(&s->thread, NULL, serve, s);
	if (e)
		return cf_fail_errno(err, e, "gdb: thread");
	s->started = true;
	return COFFER_OK;
}

enum coffer_status cf_machine_gdb(
	struct cf_machine *m, const char *spec, struct coffer_error *err)
{
	struct cf_gdb_server *s;
	enum coffer_status status;

	if (m->gdb)
		return cf_fail(err, COFFER_ERR_STATE,
			"gdb: the machine has a debugger port already");
	if (!m->accel->debug_points)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"gdb: the engine \"%s\" cannot be debugged; use "
			"-accel soft",
			m->accel->name);
	/* A launch without secrets (SEV and SEV-ES alone have them) has nothing
	 * to wait for, and a debugger wants to see the vCPUs before they
	 * start. */
	if (!m->launch.sp || m->config.platform == CF_PLATFORM_SEV_SNP) {
		status = cf_machine_finish_launch(m, err);
		if (status)
			return status;
	}
	s = cf_alloc_array(1, sizeof *s);
	if (!s)
		return cf_fail_nomem(err, "gdb");
	s->m = m;
	s->listen = s->fd = s->event = -1;
	s->target = (struct cf_gdb_target) { .opaque = m,
		.nvcpus = m->config.vcpus,
		.get_state = get_state,
		.set_state = set_state,
		.read = read_memory,
		.write = write_memory,
		.set_points = set_points,
		.resume = resume,
		.stop = stop,
		.quit = quit };
	m->gdb = s;
	status = open_server(s, spec, err);
	if (status)
		cf_gdb_server_close(m);
	return status;
}

void cf_gdb_server_close(struct cf_machine *m)
{
	struct cf_gdb_server *s = m->gdb;

	if (!s)
		return;
	atomic_store(&s->ending, true);
	if (s->started) {
		cf_gdb_server_event(s);
		pthread_join(s->thread, NULL);
	}
	cf_close_fd(&s->listen);
	cf_close_fd(&s->event);
	if (s->unlink_path)
		unlink(s->unlink_path);
	free(s->unlink_path);
	free(s);
	m->gdb = NULL;
}
