/* SPDX-License-Identifier: Apache-2.0 */
/* Making and ending a machine; what is known about it before it runs. */
#include "machine/machine_priv.h"

#include "base/base.h"
#include "machine/backend/chardev.h"

#include <inttypes.h>

/* RAM below 4 GiB ends here at the latest: q35's ECAM follows. */
#define LOW_RAM_MAX  0xB0000000u
#define LOW_RAM_MANY 0x80000000u /* with more RAM than that */

/* IGVM files put firmware pages here; memory is made to fit. */
#define FLASH_WINDOW 0xFF000000u

static void chardev_prepare(void *opaque, struct cf_pollset *set)
{
	struct cf_machine *m = opaque;

	for (size_t i = 0; i < m->nchardevs; i++) {
		int fd = cf_chardev_poll_fd(m->chardev[i]);

		m->chardev_poll[i] =
			fd < 0 ? -1 : cf_pollset_add(set, fd, POLLIN);
	}
}

static void chardev_ready(void *opaque, const struct cf_pollset *set)
{
	struct cf_machine *m = opaque;

	for (size_t i = 0; i < m->nchardevs; i++)
		if (cf_pollset_events(set, m->chardev_poll[i]))
			cf_chardev_readable(m->chardev[i]);
}

static void chardev_quit(void *opaque)
{
	cf_machine_end(opaque, CF_END_QUIT, 0);
}

static void chardev_wake(void *opaque)
{
	struct cf_machine *m = opaque;

	cf_loop_wake(&m->loop);
}

static void attach_chardev(struct cf_machine *m, struct cf_chardev *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < m->nchardevs; i++)
		if (m->chardev[i] == c)
			return;
	cf_chardev_set_host(
		c, &(struct cf_chardev_host) { m, chardev_quit, chardev_wake });
	m->chardev[m->nchardevs++] = c;
}

static enum coffer_status add_ram(
	struct cf_machine *m, struct coffer_error *err)
{
	uint64_t ram = m->config.memory;
	enum coffer_status s;

	m->low_ram = ram <= LOW_RAM_MAX ? ram : LOW_RAM_MANY;
	s = cf_memory_create(&m->memory, err);
	if (s == COFFER_OK)
		s = cf_memory_add(
			m->memory, 0, m->low_ram, CF_REGION_RAM, "ram", err);
	if (s == COFFER_OK && ram > m->low_ram)
		s = cf_memory_add(m->memory, CF_4GIB, ram - m->low_ram,
			CF_REGION_RAM, "ram above 4 GiB", err);
	return s;
}

static enum coffer_status check_config(
	const struct cf_machine_config *c, struct coffer_error *err)
{
	if (c->vcpus < 1 || c->vcpus > CF_MAX_VCPUS)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"machine: %u vCPUs; there can be 1 to %d", c->vcpus,
			CF_MAX_VCPUS);
	if (c->memory < 1 << 20 || c->memory % (1 << 20))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"machine: RAM must be whole MiB, at least 1");
	if (!c->accel)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"machine: no CPU engine is given");
	return COFFER_OK;
}

static void init_env(struct cf_machine *m)
{
	m->env = (struct cf_dev_env) { .pio = &m->pio,
		.mmio = &m->mmio,
		.clock = &m->clock,
		.mem = m->memory,
		.loop = &m->loop,
		.log = m->config.log,
		.end = cf_machine_end,
		.opaque = m };
	m->ranges[0] =
		(struct cf_memory_range) { 0, m->low_ram, CF_MEMORY_RAM };
	m->ranges[1] = (struct cf_memory_range) { CF_4GIB,
		m->config.memory - m->low_ram, CF_MEMORY_RAM };
}

/* After the board, whose tables are part of it. */
static void init_plan_env(struct cf_machine *m)
{
	m->plan_env = (struct cf_plan_env) { .vcpus = m->config.vcpus,
		.memory = m->ranges,
		.nmemory = m->ranges[1].size ? 2 : 1,
		.flash_base = FLASH_WINDOW,
		.madt = m->acpi.tables.data + m->acpi.madt,
		.madt_len = m->acpi.madt_len };
}

enum coffer_status cf_machine_create(const struct cf_machine_config *config,
	struct cf_machine **out, struct coffer_error *err)
{
	struct cf_machine *m;
	enum coffer_status s = check_config(config, err);

	if (s)
		return s;
	m = cf_alloc_array(1, sizeof(*m));
	if (!m)
		return cf_fail_nomem(err, "the machine");
	m->config = *config;
	m->accel = config->accel;
	m->loop.wake_fd = -1;
	pthread_mutex_init(&m->lock, NULL);
	pthread_mutex_init(&m->wake_lock, NULL);
	pthread_cond_init(&m->paused_cond, NULL);
	atomic_store(&m->paused, config->paused);
	for (unsigned i = 0; i < config->vcpus; i++) {
		m->vcpu[i].m = m;
		m->vcpu[i].index = i;
		pthread_cond_init(&m->vcpu[i].cond, NULL);
	}
	cf_machine_clock_init(m);
	cf_machine_host_init(m);
	if ((s = cf_loop_init(&m->loop, err)) || (s = add_ram(m, err)))
		goto destroy;
	init_env(m);
	for (size_t i = 0; i < CF_MAX_SERIAL; i++)
		attach_chardev(m, config->serial[i]);
	attach_chardev(m, config->debugcon);
	attach_chardev(m, config->console);
	m->chardev_waiter = (struct cf_waiter) {
		.opaque = m, .prepare = chardev_prepare, .ready = chardev_ready
	};
	cf_loop_add(&m->loop, &m->chardev_waiter);
	s = cf_board_build(m, err);
	if (s)
		goto destroy;
	init_plan_env(m);
	*out = m;
	return COFFER_OK;
destroy:
	cf_machine_destroy(m);
	return s;
}

void cf_machine_end_vm(struct cf_machine *m)
{
	if (m && m->vm)
		m->accel->vm_destroy(m->vm);
	if (m)
		m->vm = NULL;
}

void cf_machine_destroy(struct cf_machine *m)
{
	if (!m)
		return;
	cf_gdb_server_close(m);
	cf_machine_end_vm(m);
	cf_board_finish(m);
	for (size_t i = 0; i < m->nchardevs; i++)
		cf_chardev_set_host(m->chardev[i], NULL);
	cf_loop_finish(&m->loop);
	cf_memory_destroy(m->memory);
	for (unsigned i = 0; i < m->config.vcpus; i++)
		pthread_cond_destroy(&m->vcpu[i].cond);
	pthread_cond_destroy(&m->paused_cond);
	pthread_mutex_destroy(&m->wake_lock);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

struct cf_memory *cf_machine_memory(struct cf_machine *m)
{
	return m->memory;
}

const struct cf_plan_env *cf_machine_env(struct cf_machine *m)
{
	return &m->plan_env;
}

enum coffer_status cf_machine_vcpu_state(struct cf_machine *m, unsigned vcpu,
	struct cf_cpu_state *out, struct coffer_error *err)
{
	if (!m->vm)
		return cf_fail(
			err, COFFER_ERR_STATE, "machine: nothing was loaded");
	return m->accel->get_state(m->vm, vcpu, out, err);
}

uint64_t cf_machine_instructions(struct cf_machine *m, unsigned vcpu)
{
	return m->vm ? m->accel->instructions(m->vm, vcpu) : 0;
}

static void describe_access(struct cf_machine *m,
	const struct cf_trace_entry *e, struct cf_buf *out)
{
	const struct cf_io_range *r =
		cf_bus_find(e->mmio ? &m->mmio : &m->pio, e->addr);

	cf_buf_printf(out, "  vcpu%u %s %s 0x%" PRIx64 " = 0x%0*" PRIx64,
		e->vcpu, e->write ? "write" : "read ",
		e->mmio ? "memory" : "port", e->addr, 2 * e->size, e->value);
	cf_buf_printf(out, "  %s", r ? r->name : "(nothing there)");
	if (e->repeats > 1)
		cf_buf_printf(out, ", %" PRIu32 " times", e->repeats);
	cf_buf_printf(out, "\n");
}

void cf_machine_describe(struct cf_machine *m, struct cf_buf *out)
{
	cf_buf_printf(out, "last device accesses (latest last):\n");
	for (size_t i = 1; i <= CF_TRACE_LEN; i++) {
		const struct cf_trace_entry *e =
			&m->trace[(m->trace_at + i) % CF_TRACE_LEN];

		if (e->repeats)
			describe_access(m, e, out);
	}
}
