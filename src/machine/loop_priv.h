/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The I/O loop: one thread that waits for descriptors and for the clock, and
 * calls whoever waits with the machine's lock held.
 */
#ifndef CF_MACHINE_LOOP_PRIV_H
#define CF_MACHINE_LOOP_PRIV_H

#include "base/error.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CF_LOOP_MAX_FDS 128

struct cf_pollset {
	struct pollfd fd[CF_LOOP_MAX_FDS];
	size_t n;
	uint64_t timeout_ns; /* lower it to wake earlier */
};

/* Add a descriptor; returns its index, or -1 when the set is full. */
int cf_pollset_add(struct cf_pollset *set, int fd, short events);
/* What happened to index i; 0 for i = -1. */
short cf_pollset_events(const struct cf_pollset *set, int i);

/* Someone who waits.  Both are called with the lock held. */
struct cf_waiter {
	void *opaque;
	void (*prepare)(void *opaque, struct cf_pollset *set);
	void (*ready)(void *opaque, const struct cf_pollset *set);
	struct cf_waiter *next;
};

struct cf_loop {
	struct cf_waiter *first;
	int wake_fd; /* eventfd */
};

enum coffer_status cf_loop_init(
	struct cf_loop *loop, struct coffer_error *err) CF_MUST_CHECK;
void cf_loop_finish(struct cf_loop *loop);
void cf_loop_add(struct cf_loop *loop, struct cf_waiter *w); /* kept */
void cf_loop_remove(struct cf_loop *loop, struct cf_waiter *w);
/* From any thread or a signal handler: make a waiting round return. */
void cf_loop_wake(struct cf_loop *loop);
/* One round: prepare, wait at most max_ns, ready.  lock and unlock guard the
 * waiters. */
void cf_loop_round(struct cf_loop *loop, uint64_t max_ns,
	void (*lock)(void *opaque, bool locked), void *opaque);

#endif
