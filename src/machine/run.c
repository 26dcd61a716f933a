/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running: one thread per vCPU and the I/O loop on the caller's thread; or, in
 * deterministic mode, everything in turn on the caller's thread.
 */
#include "machine/machine_priv.h"

#include "base/base.h"

#define LOOP_MAX_NS     1000000000u /* look around at least this often */
#define SLICE           100000u     /* instructions per vCPU in turn */
#define SLICES_PER_POLL 64

static void loop_lock(void *opaque, bool locked)
{
	struct cf_machine *m = opaque;

	if (locked)
		pthread_mutex_lock(&m->lock);
	else
		pthread_mutex_unlock(&m->lock);
}

/* A vCPU came back with something else than a kick. */
static void stopped(
	struct cf_machine *m, unsigned vcpu, const struct cf_stop_info *stop)
{
	pthread_mutex_lock(&m->lock);
	if (stop->why == CF_STOP_BUDGET) {
		cf_machine_end(m, CF_END_BUDGET, 0);
	} else if (m->result.end == CF_END_NONE) {
		m->result.stop = *stop;
		m->result.vcpu = vcpu;
		cf_machine_end(m, CF_END_FAILED, 0);
	}
	pthread_mutex_unlock(&m->lock);
}

/* Sleep until somebody gives this vCPU something to do. */
static void wait_parked(struct cf_vcpu_thread *v)
{
	struct cf_machine *m = v->m;

	pthread_mutex_lock(&m->wake_lock);
	while (!v->wake && !atomic_load(&m->ending))
		pthread_cond_wait(&v->cond, &m->wake_lock);
	v->wake = false;
	pthread_mutex_unlock(&m->wake_lock);
}

/* What of the limit on instructions this vCPU has left. */
static uint64_t budget_left(const struct cf_vcpu_thread *v)
{
	const struct cf_machine *m = v->m;
	uint64_t done;

	if (m->budget == UINT64_MAX)
		return UINT64_MAX;
	done = m->accel->instructions(m->vm, v->index);
	return done < m->budget ? m->budget - done : 0;
}

static void *vcpu_main(void *opaque)
{
	struct cf_vcpu_thread *v = opaque;
	struct cf_machine *m = v->m;
	struct cf_stop_info stop;

	while (!atomic_load(&m->ending)) {
		stop = (struct cf_stop_info) { 0 };
		if (!cf_machine_enter(v))
			break;
		m->accel->run(m->vm, v->index, budget_left(v), &stop);
		cf_machine_leave(v);
		/* With a limit, the engine also comes back from idling. */
		if (stop.why == CF_STOP_BUDGET && budget_left(v))
			continue;
		if (stop.why == CF_STOP_PARKED)
			wait_parked(v);
		else if (stop.why == CF_STOP_DEBUG && m->gdb)
			cf_machine_debug_stop(m, v->index, &stop);
		else if (stop.why != CF_STOP_KICK)
			stopped(m, v->index, &stop);
	}
	return NULL;
}

static enum coffer_status start_threads(
	struct cf_machine *m, struct coffer_error *err)
{
	for (unsigned i = 0; i < m->config.vcpus; i++) {
		struct cf_vcpu_thread *v = &m->vcpu[i];
		int e = pthread_create(&v->thread, NULL, vcpu_main, v);

		if (e)
			return cf_fail_errno(
				err, e, "machine: thread of vCPU %u", i);
		v->started = true;
	}
	return COFFER_OK;
}

static void join_threads(struct cf_machine *m)
{
	for (unsigned i = 0; i < m->config.vcpus; i++) {
		if (m->vcpu[i].started)
			pthread_join(m->vcpu[i].thread, NULL);
		m->vcpu[i].started = false;
	}
}

/* Lock held. */
static void check_quit(struct cf_machine *m)
{
	if (atomic_load(&m->quit_asked))
		cf_machine_end(m, CF_END_QUIT, 0);
}

/* Real time: wait for descriptors and for the next timer. */
static void loop_until_end(struct cf_machine *m)
{
	while (!atomic_load(&m->ending)) {
		uint64_t now, deadline, wait = LOOP_MAX_NS;

		pthread_mutex_lock(&m->lock);
		check_quit(m);
		cf_clock_run(&m->clock);
		now = cf_clock_now(&m->clock);
		deadline = cf_clock_deadline(&m->clock);
		if (deadline <= now)
			wait = 0;
		else if (deadline - now < wait)
			wait = deadline - now;
		atomic_store(&m->sleep_until, now + wait);
		pthread_mutex_unlock(&m->lock);
		cf_loop_round(&m->loop, wait, loop_lock, m);
		atomic_store(&m->sleep_until, 0);
	}
}

/* Instructions until the next timer, at most a slice. */
static uint64_t slice_budget(struct cf_machine *m)
{
	uint64_t now = cf_clock_now(&m->clock);
	uint64_t deadline = cf_clock_deadline(&m->clock), n;

	if (deadline <= now)
		return 1;
	/* Compared before 1 is added: without a timer n may be UINT64_MAX. */
	n = (deadline - now) >> m->config.icount_shift;
	return n < SLICE ? n + 1 : SLICE;
}

/* Let one vCPU run; false when it has nothing to do. */
static bool run_slice(struct cf_machine *m, unsigned i)
{
	struct cf_vcpu_thread *v = &m->vcpu[i];
	struct cf_stop_info stop = { 0 };
	uint64_t budget;

	pthread_mutex_lock(&m->lock);
	check_quit(m);
	cf_clock_run(&m->clock);
	budget = slice_budget(m);
	pthread_mutex_unlock(&m->lock);
	if (v->asleep || v->parked)
		return false;
	/* A pause that came meanwhile is served before the next slice. */
	if (!cf_machine_enter_now(v))
		return true;
	m->accel->run(m->vm, i, budget, &stop);
	cf_machine_leave(v);
	if (stop.why == CF_STOP_PARKED)
		v->parked = true;
	else if (stop.why == CF_STOP_DEBUG && m->gdb)
		cf_machine_debug_stop(m, i, &stop);
	else if (stop.why != CF_STOP_KICK && stop.why != CF_STOP_BUDGET)
		stopped(m, i, &stop);
	return true;
}

/* All vCPUs wait: skip to the next timer, or wait for input.  A timer at the
 * end of time never comes: time would wrap, and all that is in the past would
 * be due again and again. */
static void skip_idle(struct cf_machine *m)
{
	uint64_t now, deadline;

	pthread_mutex_lock(&m->lock);
	now = cf_clock_now(&m->clock);
	deadline = cf_clock_deadline(&m->clock);
	if (deadline < CF_TIME_MAX && deadline > now)
		m->skipped_ns += deadline - now;
	cf_clock_run(&m->clock);
	pthread_mutex_unlock(&m->lock);
	if (deadline >= CF_TIME_MAX)
		cf_loop_round(&m->loop, LOOP_MAX_NS, loop_lock, m);
}

static uint64_t all_instructions(struct cf_machine *m)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < m->config.vcpus; i++)
		n += m->accel->instructions(m->vm, i);
	return n;
}

/* The I/O loop alone, until somebody resumes or ends the machine. */
static void wait_paused(struct cf_machine *m)
{
	while (atomic_load(&m->paused) && !atomic_load(&m->ending)) {
		pthread_mutex_lock(&m->lock);
		check_quit(m);
		pthread_mutex_unlock(&m->lock);
		if (!atomic_load(&m->ending))
			cf_loop_round(&m->loop, LOOP_MAX_NS, loop_lock, m);
	}
}

static void run_counted(struct cf_machine *m)
{
	unsigned rounds = 0;

	while (!atomic_load(&m->ending)) {
		bool any = false;

		if (atomic_load(&m->paused)) {
			wait_paused(m);
			continue;
		}
		for (unsigned i = 0; i < m->config.vcpus; i++)
			if (!atomic_load(&m->ending))
				any |= run_slice(m, i);
		if (!any)
			skip_idle(m);
		if (++rounds % SLICES_PER_POLL == 0)
			cf_loop_round(&m->loop, 0, loop_lock, m);
		if (all_instructions(m) >= m->budget)
			stopped(m, 0,
				&(struct cf_stop_info) {
					.why = CF_STOP_BUDGET });
	}
}

enum coffer_status cf_machine_run(struct cf_machine *m,
	uint64_t max_instructions, struct cf_machine_result *out,
	struct coffer_error *err)
{
	enum coffer_status s = COFFER_OK;

	m->budget = max_instructions;
	if (m->config.paused) {
		wait_paused(m);
		*out = m->result;
		if (atomic_load(&m->ending))
			return COFFER_OK;
	}
	s = cf_machine_finish_launch(m, err);
	if (s)
		return s;
	if (!m->vm)
		return cf_fail(err, COFFER_ERR_STATE,
			"machine: nothing was loaded to run");
	if (m->config.icount) {
		run_counted(m);
	} else {
		s = start_threads(m, err);
		if (s) {
			pthread_mutex_lock(&m->lock);
			cf_machine_end(m, CF_END_QUIT, 0);
			pthread_mutex_unlock(&m->lock);
		} else {
			loop_until_end(m);
		}
		join_threads(m);
	}
	*out = m->result;
	return s;
}

/* Only what a signal handler may do; the loop does the rest.  Counted, the loop
 * runs the vCPUs, and one may be in a long instruction: the engine that counts
 * is kicked with atomics alone. */
void cf_machine_quit(struct cf_machine *m)
{
	atomic_store(&m->quit_asked, true);
	for (unsigned i = 0; m->config.icount && m->vm && i < m->config.vcpus;
		i++)
		m->accel->kick(m->vm, i);
	cf_loop_wake(&m->loop);
}
