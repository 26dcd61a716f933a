/* SPDX-License-Identifier: Apache-2.0 */
/* The I/O loop. */
#include "machine/loop_priv.h"

#include "base/base.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int cf_pollset_add(struct cf_pollset *set, int fd, short events)
{
	if (set->n == CF_LOOP_MAX_FDS)
		return -1;
	set->fd[set->n] = (struct pollfd) { .fd = fd, .events = events };
	return (int)set->n++;
}

short cf_pollset_events(const struct cf_pollset *set, int i)
{
	return i < 0 || (size_t)i >= set->n ? 0 : set->fd[i].revents;
}

enum coffer_status cf_loop_init(struct cf_loop *loop, struct coffer_error *err)
{
	*loop = (struct cf_loop) { .wake_fd = -1 };
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->wake_fd < 0)
		return cf_fail_errno(err, errno, "machine: eventfd");
	return COFFER_OK;
}

void cf_loop_finish(struct cf_loop *loop)
{
	cf_close_fd(&loop->wake_fd);
}

void cf_loop_add(struct cf_loop *loop, struct cf_waiter *w)
{
	w->next = loop->first;
	loop->first = w;
}

void cf_loop_remove(struct cf_loop *loop, struct cf_waiter *w)
{
	struct cf_waiter **at = &loop->first;

	while (*at && *at != w)
		at = &(*at)->next;
	if (*at)
		*at = w->next;
}

void cf_loop_wake(struct cf_loop *loop)
{
	uint64_t one = 1;
	ssize_t ignored = write(loop->wake_fd, &one, sizeof(one));

	(void)ignored; /* a full counter wakes as well */
}

static void drain(struct cf_loop *loop, const struct cf_pollset *set)
{
	uint64_t count;

	if (cf_pollset_events(set, 0)) {
		ssize_t ignored = read(loop->wake_fd, &count, sizeof(count));

		(void)ignored;
	}
}

void cf_loop_round(struct cf_loop *loop, uint64_t max_ns,
	void (*lock)(void *opaque, bool locked), void *opaque)
{
	struct cf_pollset set = { .timeout_ns = max_ns };
	struct timespec wait;
	int n;

	cf_pollset_add(&set, loop->wake_fd, POLLIN);
	lock(opaque, true);
	for (struct cf_waiter *w = loop->first; w; w = w->next)
		w->prepare(w->opaque, &set);
	lock(opaque, false);
	wait.tv_sec = (time_t)(set.timeout_ns / 1000000000u);
	wait.tv_nsec = (long)(set.timeout_ns % 1000000000u);
	n = ppoll(set.fd, set.n, &wait, NULL);
	if (n < 0)
		for (size_t i = 0; i < set.n; i++)
			set.fd[i].revents = 0;
	drain(loop, &set);
	lock(opaque, true);
	for (struct cf_waiter *w = loop->first; w; w = w->next)
		w->ready(w->opaque, &set);
	lock(opaque, false);
}
