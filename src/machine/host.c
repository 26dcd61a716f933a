/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine as the CPU engine sees it: ports, device memory, interrupts,
 * idling.  Called from vCPU threads; each call takes the machine's lock.
 */
#include "machine/machine_priv.h"

#include "base/base.h"

#include <time.h>

/* Reads of the PM timer in a row before a vCPU counts as waiting, and how
 * long it then naps (real time) or how much time is skipped (counted). */
#define POLLS_BEFORE_NAP 64
#define NAP_NS           20000u
#define PM_TIMER_PORT    0x608
#define HPET_COUNTER     0xFED000F0u
#define APIC_COUNTER     0xFEE00390u

static void lock(struct cf_machine *m)
{
	pthread_mutex_lock(&m->lock);
}

static void unlock(struct cf_machine *m)
{
	pthread_mutex_unlock(&m->lock);
}

/* Remember an access; repeats of the last one only count. */
static void trace(struct cf_machine *m, const struct cf_trace_entry *e)
{
	struct cf_trace_entry *last = &m->trace[m->trace_at];

	if (last->repeats && last->addr == e->addr && last->mmio == e->mmio &&
		last->write == e->write && last->vcpu == e->vcpu) {
		last->repeats++;
		last->value = e->value;
		return;
	}
	m->trace_at = (m->trace_at + 1) % CF_TRACE_LEN;
	m->trace[m->trace_at] = *e;
	m->trace[m->trace_at].repeats = 1;
}

static bool others_run(const struct cf_machine *m, unsigned vcpu)
{
	for (unsigned i = 0; i < m->config.vcpus; i++)
		if (i != vcpu && !m->vcpu[i].asleep && !m->vcpu[i].parked)
			return true;
	return false;
}

/*
 * A guest that only polls a timer, or spins, waits: let the host have the
 * processor until something is to be done.  Counted: let the next vCPU run,
 * or time pass.
 */
static void nap(void *opaque, unsigned vcpu)
{
	struct cf_machine *m = opaque;
	struct cf_vcpu_thread *v = &m->vcpu[vcpu];
	struct timespec end;

	if (m->config.icount) {
		if (others_run(m, vcpu))
			m->accel->kick(m->vm, vcpu);
		else
			m->skipped_ns += NAP_NS / 4;
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += NAP_NS;
	if (end.tv_nsec >= 1000000000) {
		end.tv_nsec -= 1000000000;
		end.tv_sec++;
	}
	pthread_mutex_lock(&m->wake_lock);
	if (!v->wake && !atomic_load(&m->ending))
		pthread_cond_clockwait(
			&v->cond, &m->wake_lock, CLOCK_MONOTONIC, &end);
	v->wake = false;
	pthread_mutex_unlock(&m->wake_lock);
}

/* Lock held.  Is this one more look at the same timer, and nothing between? */
static bool polls_timer(struct cf_machine *m, uint64_t addr)
{
	if (addr != PM_TIMER_PORT && addr != HPET_COUNTER &&
		addr != APIC_COUNTER) {
		m->polls = 0;
		return false;
	}
	if (addr != m->polled)
		m->polls = 0;
	m->polled = addr;
	return ++m->polls > POLLS_BEFORE_NAP;
}

static uint32_t pio_read(
	void *opaque, unsigned vcpu, uint16_t port, unsigned size)
{
	struct cf_machine *m = opaque;
	bool waits;
	uint64_t v;

	lock(m);
	waits = polls_timer(m, port);
	v = cf_bus_read(&m->pio, vcpu, port, size);
	trace(m,
		&(struct cf_trace_entry) { .size = (uint8_t)size,
			.vcpu = (uint8_t)vcpu,
			.addr = port,
			.value = v });
	unlock(m);
	if (waits)
		nap(m, vcpu);
	return (uint32_t)v;
}

static void pio_write(void *opaque, unsigned vcpu, uint16_t port, unsigned size,
	uint32_t value)
{
	struct cf_machine *m = opaque;

	lock(m);
	m->polls = 0;
	trace(m,
		&(struct cf_trace_entry) { .write = true,
			.size = (uint8_t)size,
			.vcpu = (uint8_t)vcpu,
			.addr = port,
			.value = value });
	cf_bus_write(&m->pio, vcpu, port, size, value);
	unlock(m);
}

static uint64_t mmio_read(
	void *opaque, unsigned vcpu, uint64_t gpa, unsigned size)
{
	struct cf_machine *m = opaque;
	bool waits;
	uint64_t v;

	lock(m);
	waits = polls_timer(m, gpa);
	v = cf_bus_read(&m->mmio, vcpu, gpa, size);
	trace(m,
		&(struct cf_trace_entry) { .mmio = true,
			.size = (uint8_t)size,
			.vcpu = (uint8_t)vcpu,
			.addr = gpa,
			.value = v });
	unlock(m);
	if (waits)
		nap(m, vcpu);
	return v;
}

static void mmio_write(void *opaque, unsigned vcpu, uint64_t gpa, unsigned size,
	uint64_t value)
{
	struct cf_machine *m = opaque;

	lock(m);
	m->polls = 0;
	trace(m,
		&(struct cf_trace_entry) { .mmio = true,
			.write = true,
			.size = (uint8_t)size,
			.vcpu = (uint8_t)vcpu,
			.addr = gpa,
			.value = value });
	cf_bus_write(&m->mmio, vcpu, gpa, size, value);
	unlock(m);
}

static int irq_take(void *opaque, unsigned vcpu)
{
	struct cf_machine *m = opaque;
	int v;

	lock(m);
	v = m->apics ? cf_apics_take(m->apics, vcpu) : -1;
	unlock(m);
	return v;
}

static bool irq_pending(void *opaque, unsigned vcpu)
{
	struct cf_machine *m = opaque;
	bool v;

	lock(m);
	v = m->apics && cf_apics_pending(m->apics, vcpu);
	unlock(m);
	return v;
}

static uint64_t cr8_read(void *opaque, unsigned vcpu)
{
	struct cf_machine *m = opaque;
	uint64_t v;

	lock(m);
	v = m->apics ? cf_apics_cr8(m->apics, vcpu) : 0;
	unlock(m);
	return v;
}

static void cr8_write(void *opaque, unsigned vcpu, uint64_t value)
{
	struct cf_machine *m = opaque;

	lock(m);
	if (m->apics)
		cf_apics_set_cr8(m->apics, vcpu, value);
	unlock(m);
}

static bool msr_read(void *opaque, unsigned vcpu, uint32_t msr, uint64_t *value)
{
	struct cf_machine *m = opaque;
	bool ok;

	lock(m);
	ok = m->apics && cf_apics_msr_read(m->apics, vcpu, msr, value);
	unlock(m);
	return ok;
}

static bool msr_write(void *opaque, unsigned vcpu, uint32_t msr, uint64_t value)
{
	struct cf_machine *m = opaque;
	bool ok;

	lock(m);
	ok = m->apics && cf_apics_msr_write(m->apics, vcpu, msr, value);
	unlock(m);
	return ok;
}

/* Deterministic mode: the scheduler in run.c decides who runs next. */
static void idle_counted(struct cf_machine *m, unsigned vcpu)
{
	if (m->apics && cf_apics_pending(m->apics, vcpu))
		return;
	m->vcpu[vcpu].asleep = true;
	m->accel->kick(m->vm, vcpu);
}

/* Whoever makes an interrupt pending sets `wake` after it, so checking first
 * and waiting then misses nothing. */
static void idle(void *opaque, unsigned vcpu)
{
	struct cf_machine *m = opaque;
	struct cf_vcpu_thread *v = &m->vcpu[vcpu];

	if (m->config.icount) {
		lock(m);
		idle_counted(m, vcpu);
		unlock(m);
		return;
	}
	if (irq_pending(m, vcpu))
		return;
	pthread_mutex_lock(&m->wake_lock);
	while (!v->wake && !atomic_load(&m->ending))
		pthread_cond_wait(&v->cond, &m->wake_lock);
	v->wake = false;
	pthread_mutex_unlock(&m->wake_lock);
}

void cf_machine_wake(struct cf_machine *m, unsigned vcpu)
{
	struct cf_vcpu_thread *v = &m->vcpu[vcpu];

	pthread_mutex_lock(&m->wake_lock);
	v->wake = true;
	v->asleep = v->parked = false;
	pthread_cond_signal(&v->cond);
	pthread_mutex_unlock(&m->wake_lock);
}

/* From engine code with locks of its own: only wake_lock is taken. */
static void wake(void *opaque, unsigned vcpu)
{
	cf_machine_wake(opaque, vcpu);
}

static uint64_t clock_ns(void *opaque, unsigned vcpu)
{
	struct cf_machine *m = opaque;

	return cf_clock_now(&m->clock);
}

void cf_machine_host_init(struct cf_machine *m)
{
	m->host = (struct cf_accel_host) {
		.opaque = m,
		.pio_read = pio_read,
		.pio_write = pio_write,
		.mmio_read = mmio_read,
		.mmio_write = mmio_write,
		.irq_take = irq_take,
		.irq_pending = irq_pending,
		.cr8_read = cr8_read,
		.cr8_write = cr8_write,
		.msr_read = msr_read,
		.msr_write = msr_write,
		.idle = idle,
		.relax = nap,
		.wake = wake,
		.clock_ns = clock_ns,
	};
}

void cf_machine_end(void *machine, enum cf_end end, uint32_t code)
{
	struct cf_machine *m = machine;

	if (m->result.end == CF_END_NONE) {
		m->result.end = end;
		m->result.code = code;
	}
	atomic_store(&m->ending, true);
	for (unsigned i = 0; i < m->config.vcpus; i++) {
		cf_machine_wake(m, i);
		if (m->vm)
			m->accel->kick(m->vm, i);
	}
	cf_loop_wake(&m->loop);
	cf_gdb_server_event(m->gdb);
}
