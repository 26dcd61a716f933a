/* SPDX-License-Identifier: Apache-2.0 */
/* Stopping all vCPUs and time, and going on; the buttons on the case. */
#include "machine/machine_priv.h"

bool cf_machine_enter(struct cf_vcpu_thread *v)
{
	struct cf_machine *m = v->m;
	bool go;

	pthread_mutex_lock(&m->wake_lock);
	while (atomic_load(&m->paused) && !atomic_load(&m->ending))
		pthread_cond_wait(&v->cond, &m->wake_lock);
	go = !atomic_load(&m->ending);
	v->running = go;
	pthread_mutex_unlock(&m->wake_lock);
	return go;
}

bool cf_machine_enter_now(struct cf_vcpu_thread *v)
{
	struct cf_machine *m = v->m;

	pthread_mutex_lock(&m->wake_lock);
	v->running = !atomic_load(&m->paused) && !atomic_load(&m->ending);
	pthread_mutex_unlock(&m->wake_lock);
	return v->running;
}

void cf_machine_leave(struct cf_vcpu_thread *v)
{
	struct cf_machine *m = v->m;

	pthread_mutex_lock(&m->wake_lock);
	v->running = false;
	pthread_cond_broadcast(&m->paused_cond);
	pthread_mutex_unlock(&m->wake_lock);
}

static bool any_running(const struct cf_machine *m)
{
	for (unsigned i = 0; i < m->config.vcpus; i++)
		if (m->vcpu[i].running)
			return true;
	return false;
}

/* Ask all vCPUs to come out. */
static void begin_pause(struct cf_machine *m)
{
	if (atomic_exchange(&m->paused, true))
		return;
	for (unsigned i = 0; i < m->config.vcpus; i++) {
		if (m->vm)
			m->accel->kick(m->vm, i);
		cf_machine_wake(m, i);
	}
	cf_loop_wake(&m->loop);
}

static void wait_still(struct cf_machine *m)
{
	pthread_mutex_lock(&m->wake_lock);
	while (any_running(m) && !atomic_load(&m->ending))
		pthread_cond_wait(&m->paused_cond, &m->wake_lock);
	pthread_mutex_unlock(&m->wake_lock);
	cf_machine_freeze_clock(m, true);
}

void cf_machine_pause(struct cf_machine *m)
{
	begin_pause(m);
	wait_still(m);
}

void cf_machine_debug_stop(
	struct cf_machine *m, unsigned vcpu, const struct cf_stop_info *why)
{
	pthread_mutex_lock(&m->wake_lock);
	if (!m->debug_hit) {
		m->debug_hit = true;
		m->debug_vcpu = vcpu;
		m->debug_why = *why;
	}
	pthread_mutex_unlock(&m->wake_lock);
	begin_pause(m);
	cf_gdb_server_event(m->gdb);
}

bool cf_machine_debug_taken(
	struct cf_machine *m, unsigned *vcpu, struct cf_stop_info *why)
{
	bool hit;

	pthread_mutex_lock(&m->wake_lock);
	hit = m->debug_hit;
	m->debug_hit = false;
	*vcpu = m->debug_vcpu;
	*why = m->debug_why;
	pthread_mutex_unlock(&m->wake_lock);
	if (hit)
		wait_still(m);
	return hit;
}

void cf_machine_resume(struct cf_machine *m)
{
	cf_machine_freeze_clock(m, false);
	if (!atomic_exchange(&m->paused, false))
		return;
	for (unsigned i = 0; i < m->config.vcpus; i++)
		cf_machine_wake(m, i);
	cf_loop_wake(&m->loop);
}

bool cf_machine_is_running(struct cf_machine *m)
{
	return !atomic_load(&m->paused) && !atomic_load(&m->ending);
}

void cf_machine_power_button(struct cf_machine *m)
{
	pthread_mutex_lock(&m->lock);
	cf_acpi_pm_power_button(m->pm);
	pthread_mutex_unlock(&m->lock);
}

void cf_machine_nmi(struct cf_machine *m)
{
	pthread_mutex_lock(&m->lock);
	for (unsigned i = 0; m->vm && i < m->config.vcpus; i++) {
		m->accel->nmi(m->vm, i);
		cf_machine_wake(m, i);
	}
	pthread_mutex_unlock(&m->lock);
}

void cf_machine_reset(struct cf_machine *m)
{
	pthread_mutex_lock(&m->lock);
	cf_machine_end(m, CF_END_RESET, 0);
	pthread_mutex_unlock(&m->lock);
}
