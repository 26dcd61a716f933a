/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user-mode network: 10.0.2.0/24, host and gateway 10.0.2.2, DNS
 * 10.0.2.3, the guest gets 10.0.2.15 by DHCP, as with QEMU.
 */
#include "machine/backend/net_priv.h"

#include "base/base.h"
#include "config.h"

#include <arpa/inet.h>
#include <stdio.h>

#if HAVE_SLIRP
#include <slirp/libslirp.h>

#define NS_PER_MS 1000000u

/* libslirp's timers on the virtual clock. */
struct net_timer {
	struct cf_user_net *net;
	struct cf_timer timer;
	SlirpTimerCb cb;
	void *cb_opaque;
};

struct cf_user_net {
	struct cf_dev_env env;
	Slirp *slirp;
	SlirpCb callbacks;
	struct cf_waiter waiter;
	struct cf_pollset *set; /* while being filled */
	void (*receive)(void *opaque, const uint8_t *frame, size_t len);
	void *opaque;
};

static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
	struct cf_user_net *u = opaque;

	u->receive(u->opaque, buf, len);
	return (ssize_t)len;
}

static void guest_error(const char *msg, void *opaque)
{
	const struct cf_user_net *u = opaque;

	cf_log(u->env.log, CF_LOG_DEBUG, "net: %s", msg);
}

static int64_t clock_get_ns(void *opaque)
{
	struct cf_user_net *u = opaque;

	return (int64_t)cf_clock_now(u->env.clock);
}

static void timer_fire(void *opaque)
{
	struct net_timer *t = opaque;

	t->cb(t->cb_opaque);
}

static void *timer_new(SlirpTimerCb cb, void *cb_opaque, void *opaque)
{
	struct net_timer *t = cf_alloc_array(1, sizeof(*t));

	if (!t)
		return NULL;
	*t = (struct net_timer) { .net = opaque,
		.timer = { .fire = timer_fire, .opaque = t },
		.cb = cb,
		.cb_opaque = cb_opaque };
	return t;
}

static void timer_free(void *timer, void *opaque)
{
	struct net_timer *t = timer;

	if (t)
		cf_timer_cancel(t->net->env.clock, &t->timer);
	free(t);
}

static void timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
	struct net_timer *t = timer;

	if (t)
		cf_timer_arm(t->net->env.clock, &t->timer,
			(uint64_t)expire_ms * NS_PER_MS);
}

static void register_poll_fd(int fd, void *opaque)
{
}

static void unregister_poll_fd(int fd, void *opaque)
{
}

static void notify(void *opaque)
{
	struct cf_user_net *u = opaque;

	cf_loop_wake(u->env.loop);
}

static const SlirpCb callbacks = {
	.send_packet = send_packet,
	.guest_error = guest_error,
	.clock_get_ns = clock_get_ns,
	.timer_new = timer_new,
	.timer_free = timer_free,
	.timer_mod = timer_mod,
	.register_poll_fd = register_poll_fd,
	.unregister_poll_fd = unregister_poll_fd,
	.notify = notify,
};

/* The two sets of event bits, side by side. */
static const struct {
	int slirp;
	short poll;
} events[] = {
	{ SLIRP_POLL_IN, POLLIN },
	{ SLIRP_POLL_OUT, POLLOUT },
	{ SLIRP_POLL_PRI, POLLPRI },
	{ SLIRP_POLL_ERR, POLLERR },
	{ SLIRP_POLL_HUP, POLLHUP },
};

static int add_poll(int fd, int want, void *opaque)
{
	struct cf_user_net *u = opaque;
	short bits = 0;

	for (size_t i = 0; i < CF_ARRAY_LEN(events); i++)
		if (want & events[i].slirp)
			bits |= events[i].poll;
	return cf_pollset_add(u->set, fd, bits);
}

static int get_revents(int index, void *opaque)
{
	struct cf_user_net *u = opaque;
	short got = cf_pollset_events(u->set, index);
	int bits = 0;

	for (size_t i = 0; i < CF_ARRAY_LEN(events); i++)
		if (got & events[i].poll)
			bits |= events[i].slirp;
	return bits;
}

static void net_prepare(void *opaque, struct cf_pollset *set)
{
	struct cf_user_net *u = opaque;
	uint32_t timeout_ms = 1000;

	u->set = set;
	slirp_pollfds_fill(u->slirp, &timeout_ms, add_poll, u);
	if ((uint64_t)timeout_ms * NS_PER_MS < set->timeout_ns)
		set->timeout_ns = (uint64_t)timeout_ms * NS_PER_MS;
}

static void net_ready(void *opaque, const struct cf_pollset *set)
{
	struct cf_user_net *u = opaque;
	struct cf_pollset copy = *set;

	u->set = &copy;
	slirp_pollfds_poll(u->slirp, 0, get_revents, u);
	u->set = NULL;
}

/* PROTO:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT */
static enum coffer_status add_forward(
	struct cf_user_net *u, const char *text, struct coffer_error *err)
{
	char proto[4] = "", host[64] = "", guest[64] = "";
	unsigned host_port, guest_port;
	struct in_addr host_addr = { 0 }, guest_addr;
	const char *p = strchr(text, ':');
	bool ok;

	ok = p && (size_t)(p - text) < sizeof(proto);
	if (ok) {
		memcpy(proto, text, (size_t)(p - text));
		ok = sscanf(p, ":%63[0-9.]:%u-", host, &host_port) == 2 ||
			sscanf(p, "::%u-", &host_port) == 1;
		p = strchr(p, '-');
	}
	ok = ok && p &&
		(sscanf(p, "-%63[0-9.]:%u", guest, &guest_port) == 2 ||
			sscanf(p, "-:%u", &guest_port) == 1);
	ok = ok && host_port <= UINT16_MAX && guest_port <= UINT16_MAX &&
		(!host[0] || inet_pton(AF_INET, host, &host_addr) == 1) &&
		inet_pton(AF_INET, guest[0] ? guest : "10.0.2.15",
			&guest_addr) == 1 &&
		(strcmp(proto, "tcp") == 0 || strcmp(proto, "udp") == 0);
	if (!ok)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-netdev user: hostfwd=%s is not "
			"tcp|udp:[addr]:port-[addr]:port",
			text);
	if (slirp_add_hostfwd(u->slirp, proto[0] == 'u', host_addr,
		    (int)host_port, guest_addr, (int)guest_port))
		return cf_fail(err, COFFER_ERR_SYSTEM,
			"-netdev user: hostfwd=%s: the port is taken", text);
	return COFFER_OK;
}

enum coffer_status cf_user_net_create(const struct cf_dev_env *env,
	const struct cf_nic_config *config,
	void (*receive)(void *opaque, const uint8_t *frame, size_t len),
	void *opaque, struct cf_user_net **out, struct coffer_error *err)
{
	SlirpConfig c = { .version = 1,
		.restricted = config->restricted,
		.in_enabled = true };
	struct cf_user_net *u = cf_alloc_array(1, sizeof(*u));
	enum coffer_status s = COFFER_OK;

	if (!u)
		return cf_fail_nomem(err, "the user-mode network");
	*u = (struct cf_user_net) { .env = *env,
		.callbacks = callbacks,
		.receive = receive,
		.opaque = opaque };
	inet_pton(AF_INET, "10.0.2.0", &c.vnetwork);
	inet_pton(AF_INET, "255.255.255.0", &c.vnetmask);
	inet_pton(AF_INET, "10.0.2.2", &c.vhost);
	inet_pton(AF_INET, "10.0.2.15", &c.vdhcp_start);
	inet_pton(AF_INET, "10.0.2.3", &c.vnameserver);
	u->slirp = slirp_new(&c, &u->callbacks, u);
	if (!u->slirp) {
		free(u);
		return cf_fail(err, COFFER_ERR_SYSTEM,
			"-netdev user: libslirp cannot start");
	}
	u->waiter = (struct cf_waiter) {
		.opaque = u, .prepare = net_prepare, .ready = net_ready
	};
	cf_loop_add(env->loop, &u->waiter);
	for (size_t i = 0; config->hostfwd[i] && s == COFFER_OK; i++)
		s = add_forward(u, config->hostfwd[i], err);
	if (s)
		cf_user_net_destroy(u);
	else
		*out = u;
	return s;
}

void cf_user_net_destroy(struct cf_user_net *u)
{
	if (!u)
		return;
	cf_loop_remove(u->env.loop, &u->waiter);
	slirp_cleanup(u->slirp);
	free(u);
}

/* The reply to a frame may be due before the loop looks again. */
void cf_user_net_send(struct cf_user_net *u, const uint8_t *frame, size_t len)
{
	slirp_input(u->slirp, frame, (int)len);
	cf_loop_wake(u->env.loop);
}

#else

enum coffer_status cf_user_net_create(const struct cf_dev_env *env,
	const struct cf_nic_config *config,
	void (*receive)(void *opaque, const uint8_t *frame, size_t len),
	void *opaque, struct cf_user_net **out, struct coffer_error *err)
{
	return cf_fail(err, COFFER_ERR_UNSUPPORTED,
		"-netdev user: built without libslirp");
}

void cf_user_net_destroy(struct cf_user_net *u)
{
}

void cf_user_net_send(struct cf_user_net *u, const uint8_t *frame, size_t len)
{
}

#endif
