/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libslirp, opened when the first user-mode network asks for it, so that other
 * commands do not load it and GLib.  Without the library slirp_new gives NULL.
 */
#include "config.h"

#if HAVE_SLIRP

#include <dlfcn.h>
#include <libslirp.h>
#include <pthread.h>

/* Filled once, before the first call, and never changed. */
static struct {
	void *library;
	__typeof__(slirp_new) *new;
	__typeof__(slirp_cleanup) *cleanup;
	__typeof__(slirp_pollfds_fill) *pollfds_fill;
	__typeof__(slirp_pollfds_poll) *pollfds_poll;
	__typeof__(slirp_input) *input;
	__typeof__(slirp_add_hostfwd) *add_hostfwd;
} real;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	void *l = dlopen("libslirp.so.0", RTLD_NOW | RTLD_LOCAL);

	if (!l)
		return;
	real.new = dlsym(l, "slirp_new");
	real.cleanup = dlsym(l, "slirp_cleanup");
	real.pollfds_fill = dlsym(l, "slirp_pollfds_fill");
	real.pollfds_poll = dlsym(l, "slirp_pollfds_poll");
	real.input = dlsym(l, "slirp_input");
	real.add_hostfwd = dlsym(l, "slirp_add_hostfwd");
	if (real.new &&real.cleanup &&
		real.pollfds_fill &&real.pollfds_poll &&real.input &&real
			.add_hostfwd)
		real.library = l;
	else
		dlclose(l);
}

Slirp *slirp_new(const SlirpConfig *cfg, const SlirpCb *callbacks, void *opaque)
{
	pthread_once(&once, load);
	return real.library ? real.new(cfg, callbacks, opaque) : NULL;
}

/* The rest is called with what slirp_new gave, so the library is there. */
void slirp_cleanup(Slirp *slirp)
{
	real.cleanup(slirp);
}

void slirp_pollfds_fill(
	Slirp *slirp, uint32_t *timeout, SlirpAddPollCb add_poll, void *opaque)
{
	real.pollfds_fill(slirp, timeout, add_poll, opaque);
}

void slirp_pollfds_poll(Slirp *slirp, int select_error,
	SlirpGetREventsCb get_revents, void *opaque)
{
	real.pollfds_poll(slirp, select_error, get_revents, opaque);
}

void slirp_input(Slirp *slirp, const uint8_t *pkt, int pkt_len)
{
	real.input(slirp, pkt, pkt_len);
}

int slirp_add_hostfwd(Slirp *slirp, int is_udp, struct in_addr host_addr,
	int host_port, struct in_addr guest_addr, int guest_port)
{
	return real.add_hostfwd(
		slirp, is_udp, host_addr, host_port, guest_addr, guest_port);
}

#endif
