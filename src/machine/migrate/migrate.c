/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saving and loading a machine: what must be the same on both sides, the
 * clock, memory, vCPUs, and the devices as the board lists them.
 */
#include "machine/migrate/migrate_priv.h"

#include "base/base.h"
#include "machine/backend/block.h"
#include "machine/machine_priv.h"

#include <inttypes.h>

/* --- Single sections --- */

static void walk_machine(struct cf_machine *m, struct cf_state *s)
{
	uint64_t memory = m->config.memory;
	uint32_t vcpus = m->config.vcpus, regions;
	uint8_t shift = (uint8_t)m->config.icount_shift;
	bool icount = m->config.icount;

	cf_state_u64(s, &memory);
	cf_state_need(s, memory == m->config.memory, "-m: another size");
	cf_state_u32(s, &vcpus);
	cf_state_need(s, vcpus == m->config.vcpus, "-smp: another number");
	cf_state_bool(s, &icount);
	cf_state_u8(s, &shift);
	cf_state_need(s,
		icount == m->config.icount && shift == m->config.icount_shift,
		"-icount");
	regions = (uint32_t)cf_memory_nregions(m->memory);
	cf_state_u32(s, &regions);
	cf_state_need(s, regions == cf_memory_nregions(m->memory),
		"the number of memory regions (firmware, kernel)");
	for (size_t i = 0; i < regions && cf_state_ok(s); i++) {
		struct cf_region r, was;

		cf_memory_region(m->memory, i, &r);
		was = r;
		cf_state_u64(s, &r.gpa);
		cf_state_u64(s, &r.len);
		cf_state_need(s, r.gpa == was.gpa && r.len == was.len,
			"a memory region (the size of the firmware)");
	}
}

static void walk_lines(struct cf_machine *m, struct cf_state *s)
{
	for (size_t i = 0; i < CF_NLINES; i++)
		cf_state_u32(s, &m->line_drivers[i]);
}

/* --- All of them, in the order of the stream --- */

struct walk {
	struct cf_machine *m;
	struct cf_migrate_io *io;
	bool loading;
	enum coffer_status status;
	struct coffer_error *err;
	struct cf_state s;
	uint64_t now; /* the time in the stream */
};

/* The virtual time, which goes on from where it stood. */
static void walk_clock(struct walk *w, struct cf_state *s)
{
	struct cf_machine *m = w->m;
	uint64_t skipped = m->skipped_ns;

	w->now = cf_clock_now(&m->clock);
	cf_state_u64(s, &w->now);
	cf_state_u64(s, &skipped);
	cf_state_need(s, w->now < CF_TIME_MAX && skipped <= w->now, "the time");
	if (!s->loading || !cf_state_ok(s))
		return;
	m->skipped_ns = skipped;
	if (!m->config.icount)
		atomic_store(&m->frozen_ns, w->now ? w->now : 1);
}

/* Counted time follows from what the vCPUs have executed, so that their
 * counts must be those of that time: devices rely on its bound. */
static void check_counts(struct walk *w)
{
	struct cf_machine *m = w->m;
	uint64_t left;

	if (w->status || !w->loading || !m->config.icount)
		return;
	left = (w->now - m->skipped_ns) >> m->config.icount_shift;
	for (unsigned i = 0; i < m->config.vcpus && !w->status; i++) {
		uint64_t n = m->accel->instructions(m->vm, i);

		if (n > left)
			break;
		left -= n;
	}
	if (left || cf_clock_now(&m->clock) != w->now)
		w->status = cf_fail(w->err, COFFER_ERR_FORMAT,
			"migration: the vCPUs' counts of instructions are not "
			"those of the time in section 'clock'");
}

/* True: walk over the section's fields, then call end(). */
static bool begin(struct walk *w, const char *name, uint32_t instance)
{
	if (w->status)
		return false;
	w->s = (struct cf_state) { .loading = w->loading,
		.out = &w->io->section };
	if (!w->loading) {
		w->io->section.len = 0;
		return true;
	}
	w->status = cf_migrate_take(w->io, name, instance, w->err);
	w->s.in = cf_cursor(w->io->section.data, w->io->section.len);
	return !w->status;
}

static void end(struct walk *w, const char *name, uint32_t instance)
{
	if (!w->loading) {
		w->status = cf_migrate_put(w->io, name, instance, w->err);
		return;
	}
	cf_state_need(&w->s, cf_at_end(&w->s.in), "bytes that are left over");
	if (w->s.wrong)
		w->status = cf_fail(w->err, COFFER_ERR_FORMAT,
			"migration: section '%s' %" PRIu32 ": wrong: %s", name,
			instance, w->s.wrong);
}

#define WALK(w, name, instance, function, object)                       \
	do {                                                            \
		if ((object) && begin(w, name, (uint32_t)(instance))) { \
			function(object, &(w)->s);                      \
			end(w, name, (uint32_t)(instance));             \
		}                                                       \
	} while (0)

static void walk_vcpus(struct walk *w)
{
	for (unsigned i = 0; i < w->m->config.vcpus; i++)
		if (begin(w, "vcpu", i)) {
			w->m->accel->vcpu_state(w->m->vm, i, &w->s);
			end(w, "vcpu", i);
		}
}

/* The devices of board.c.  PCI comes first: it puts registers where they
 * were.  Lines come last, after all that drives them. */
static void walk_devices(struct walk *w)
{
	struct cf_machine *m = w->m;

	WALK(w, "pci", 0, cf_pci_state, m->pci);
	WALK(w, "apics", 0, cf_apics_state, m->apics);
	WALK(w, "ioapic", 0, cf_ioapic_state, m->ioapic);
	WALK(w, "pic", 0, cf_pic_state, m->pic);
	WALK(w, "pit", 0, cf_pit_state, m->pit);
	WALK(w, "hpet", 0, cf_hpet_state, m->hpet);
	WALK(w, "rtc", 0, cf_rtc_state, m->rtc);
	WALK(w, "i8042", 0, cf_i8042_state, m->i8042);
	WALK(w, "acpi-pm", 0, cf_acpi_pm_state, m->pm);
	for (size_t i = 0; i < CF_MAX_SERIAL; i++)
		WALK(w, "serial", i, cf_serial_state, m->serial[i]);
	WALK(w, "testdev", 0, cf_testdev_state, m->testdev);
	WALK(w, "fw-cfg", 0, cf_fw_cfg_state, m->fw_cfg);
	for (size_t i = 0; i < CF_MAX_FLASH; i++)
		WALK(w, "flash", i, cf_flash_state, m->flash[i]);
	for (size_t i = 0; i < m->nvirtio; i++)
		WALK(w, "virtio", i, cf_virtio_state, m->virtio[i]);
	WALK(w, "lines", 0, walk_lines, m);
}

static void nothing(struct cf_machine *m, struct cf_state *s)
{
}

static enum coffer_status walk_all(struct walk *w)
{
	struct cf_machine *m = w->m;

	WALK(w, "machine", 0, walk_machine, m);
	WALK(w, "clock", 0, walk_clock, w);
	if (!w->status)
		w->status = w->loading ? cf_migrate_load_ram(m, w->io, w->err)
				       : cf_migrate_save_ram(m, w->io, w->err);
	walk_vcpus(w);
	check_counts(w);
	walk_devices(w);
	WALK(w, "end", 0, nothing, m);
	return w->status;
}

/* --- The two directions --- */

static enum coffer_status refuse_confidential(
	enum cf_platform platform, struct coffer_error *err)
{
	if (platform == CF_PLATFORM_SEV_SNP)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"an SEV-SNP guest is migrated by a migration agent "
			"that it was launched with, and there is none");
	return cf_fail(err, COFFER_ERR_UNSUPPORTED,
		"a %s guest cannot be migrated: its pages would have to leave "
		"through SEND_UPDATE, which this version does not do",
		cf_platform_name(platform));
}

enum coffer_status cf_machine_can_migrate(
	struct cf_machine *m, struct coffer_error *err)
{
	if (m->config.platform != CF_PLATFORM_NATIVE)
		return refuse_confidential(m->config.platform, err);
	if (!m->accel->vcpu_state)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"the %s engine cannot save its interrupt controllers; "
			"a guest that is to be migrated needs -accel soft",
			m->accel->name);
	return COFFER_OK;
}

static enum coffer_status flush(
	struct cf_block *b, bool readonly, struct coffer_error *err)
{
	return readonly || !b->ops->flush ? COFFER_OK : b->ops->flush(b, err);
}

static enum coffer_status flush_disks(
	struct cf_machine *m, struct coffer_error *err)
{
	const struct cf_machine_config *c = &m->config;
	enum coffer_status s = COFFER_OK;

	for (size_t i = 0; i < c->ndrives && !s; i++)
		s = flush(c->drive[i].block, c->drive[i].readonly, err);
	for (size_t i = 0; i < c->nflash && !s; i++)
		s = flush(c->flash[i].block, c->flash[i].readonly, err);
	return s;
}

/* RAM and firmware. */
static uint64_t all_memory(const struct cf_machine *m)
{
	uint64_t n = 0;

	for (size_t i = 0; i < cf_memory_nregions(m->memory); i++) {
		struct cf_region r;

		cf_memory_region(m->memory, i, &r);
		n += r.len;
	}
	return n;
}

static enum coffer_status save(struct cf_machine *m, struct cf_migrate_io *io,
	struct coffer_error *err)
{
	struct walk w = { .m = m, .io = io, .err = err };
	enum coffer_status s;

	/* Nobody lets it go on meanwhile; devices wait for the lock. */
	pthread_mutex_lock(&m->lock);
	if (!m->vm || m->launch_pending)
		s = cf_fail(err, COFFER_ERR_STATE,
			"migration: the guest has not been started");
	else if (atomic_load(&m->ending))
		s = cf_fail(err, COFFER_ERR_STATE,
			"migration: the guest has ended");
	else if (cf_machine_is_running(m))
		s = cf_fail(err, COFFER_ERR_STATE,
			"migration: the guest is running");
	else
		s = flush_disks(m, err);
	if (!s)
		s = cf_migrate_put_header(io, err);
	if (!s)
		s = walk_all(&w);
	pthread_mutex_unlock(&m->lock);
	return s;
}

enum coffer_status cf_machine_save(struct cf_machine *m,
	const struct cf_migrate_channel *to,
	struct cf_migrate_progress *progress, struct coffer_error *err)
{
	struct cf_migrate_io io = { .channel = to, .progress = progress };
	enum coffer_status s = cf_machine_can_migrate(m, err);

	if (!s && progress)
		atomic_store(&progress->total, all_memory(m));
	if (!s)
		s = save(m, &io, err);
	cf_buf_finish(&io.section);
	return s;
}

static enum coffer_status store_flash(
	struct cf_machine *m, struct coffer_error *err)
{
	enum coffer_status s = COFFER_OK;

	for (size_t i = 0; i < CF_MAX_FLASH && !s; i++)
		if (m->flash[i])
			s = cf_flash_store(m->flash[i], err);
	return s;
}

enum coffer_status cf_machine_load(struct cf_machine *m,
	const struct cf_migrate_channel *from, struct coffer_error *err)
{
	struct cf_migrate_io io = { .channel = from };
	struct walk w = { .m = m, .io = &io, .err = err, .loading = true };
	enum coffer_status s = cf_machine_can_migrate(m, err);

	if (!s)
		s = cf_machine_finish_launch(m, err);
	if (!s && (!m->vm || !atomic_load(&m->paused)))
		s = cf_fail(err, COFFER_ERR_STATE,
			"migration: the machine is not ready to be loaded");
	if (!s)
		s = cf_migrate_take_header(&io, err);
	pthread_mutex_lock(&m->lock);
	if (!s)
		s = walk_all(&w);
	if (!s)
		s = store_flash(m, err);
	pthread_mutex_unlock(&m->lock);
	cf_buf_finish(&io.section);
	return s;
}
