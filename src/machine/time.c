/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is behind the virtual clock: the host's monotonic clock, or counted
 * instructions plus the idle time that was skipped.
 */
#include "machine/machine_priv.h"

#include <time.h>

/* Wake the I/O loop this much before it would wake by itself. */
#define NS_PER_S 1000000000u

static uint64_t host_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t real_now(void *opaque)
{
	const struct cf_machine *m = opaque;

	uint64_t frozen = atomic_load(&m->frozen_ns);

	return frozen ? frozen : host_ns() - atomic_load(&m->start_ns);
}

static uint64_t counted_now(void *opaque)
{
	const struct cf_machine *m = opaque;
	uint64_t n = 0;

	for (unsigned i = 0; m->vm && i < m->config.vcpus; i++)
		n += m->accel->instructions(m->vm, i);
	return (n << m->config.icount_shift) + m->skipped_ns;
}

/* A timer is due before all others.  Real time: the loop sleeps for longer,
 * wake it.  Counted: the running vCPU's budget is too long, end it. */
static void real_earlier(void *opaque)
{
	struct cf_machine *m = opaque;

	if (cf_clock_deadline(&m->clock) < atomic_load(&m->sleep_until))
		cf_loop_wake(&m->loop);
}

static void counted_earlier(void *opaque)
{
	struct cf_machine *m = opaque;

	for (unsigned i = 0; m->vm && i < m->config.vcpus; i++)
		m->accel->kick(m->vm, i);
}

void cf_machine_clock_init(struct cf_machine *m)
{
	atomic_store(&m->start_ns, host_ns());
	m->clock = (struct cf_clock) {
		.now = m->config.icount ? counted_now : real_now,
		.earlier = m->config.icount ? counted_earlier : real_earlier,
		.opaque = m,
	};
}

/* Counted time stands still by itself when nothing runs. */
void cf_machine_freeze_clock(struct cf_machine *m, bool frozen)
{
	uint64_t was = atomic_load(&m->frozen_ns);

	if (m->config.icount || frozen == (was != 0))
		return;
	if (frozen) {
		atomic_store(&m->frozen_ns,
			host_ns() - atomic_load(&m->start_ns) + 1);
		return;
	}
	atomic_store(&m->start_ns, host_ns() - was);
	atomic_store(&m->frozen_ns, 0);
}
