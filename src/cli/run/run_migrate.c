/* SPDX-License-Identifier: Apache-2.0 */
/*
 * migrate and -incoming.  Going out, a thread stops the guest, saves it and
 * leaves it stopped; when that fails the guest goes on here.  Coming in, the
 * guest is made from the same options and then loaded.
 */
#include "cli/run/run_migrate_priv.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void tell(struct run *r, enum cf_migrate_status status)
{
	struct json_object *data;

	atomic_store(&r->migration.status, status);
	if (!r->monitor)
		return;
	data = json_object_new_object();
	json_object_object_add(data, "status",
		json_object_new_string(cf_migrate_status_name(status)));
	cf_monitor_event(r->monitor, "MIGRATION", data);
}

bool run_is_migrating(const struct run *r)
{
	enum cf_migrate_status s = atomic_load(&r->migration.status);

	return s == CF_MIGRATE_SETUP || s == CF_MIGRATE_ACTIVE;
}

static bool outgoing_gives_up(void *opaque)
{
	const struct run_migration *m = opaque;

	/* Whoever ends the process need not wait for a reader that stalls. */
	return atomic_load(&m->progress.cancel) || run_was_signalled();
}

/* The guest stands still from here on; false: it did before. */
static bool pause_guest(struct run *r)
{
	bool ran = cf_machine_is_running(r->machine);

	cf_machine_pause(r->machine);
	if (ran)
		cf_monitor_event(r->monitor, "STOP", NULL);
	return ran;
}

static void *outgoing(void *opaque)
{
	struct run *r = opaque;
	struct run_migration *m = &r->migration;
	struct coffer_error err;
	uint64_t began = now_ms();
	bool ran = false;
	enum coffer_status s = run_channel_out(&m->channel, m->uri, &err);

	if (!s) {
		tell(r, CF_MIGRATE_ACTIVE);
		ran = pause_guest(r);
		m->stopped_at = now_ms();
		s = cf_machine_save(
			r->machine, &m->channel.ops, &m->progress, &err);
		run_channel_close(&m->channel);
		m->downtime_ms = ran ? now_ms() - m->stopped_at : 0;
	}
	m->total_ms = now_ms() - began;
	if (!s) {
		tell(r, CF_MIGRATE_COMPLETED);
		return NULL;
	}
	snprintf(m->error, sizeof(m->error), "%s", err.msg);
	if (ran && !r->quit_asked) {
		cf_machine_resume(r->machine);
		cf_monitor_event(r->monitor, "RESUME", NULL);
	}
	tell(r,
		atomic_load(&m->progress.cancel) ? CF_MIGRATE_CANCELLED
						 : CF_MIGRATE_FAILED);
	return NULL;
}

static void join_thread(struct run_migration *m)
{
	if (m->has_thread)
		pthread_join(m->thread, NULL);
	m->has_thread = false;
}

enum coffer_status run_migrate(
	struct run *r, const char *uri, struct coffer_error *err)
{
	struct run_migration *m = &r->migration;
	enum coffer_status s = cf_machine_can_migrate(r->machine, err);
	int e;

	if (s)
		return s;
	if (run_is_migrating(r))
		return cf_fail(err, COFFER_ERR_STATE,
			"There's a migration process in progress");
	if (r->opts.gdb || r->opts.gdb_default)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"a guest with a debugger's port (-gdb) cannot be "
			"migrated");
	if (strlen(uri) >= sizeof(m->uri))
		return cf_fail(err, COFFER_ERR_ARGUMENT, "the URI is too long");
	join_thread(m);
	*m = (struct run_migration) { .channel = { .opaque = m,
					      .give_up = outgoing_gives_up } };
	strcpy(m->uri, uri);
	tell(r, CF_MIGRATE_SETUP);
	e = pthread_create(&m->thread, NULL, outgoing, r);
	if (e) {
		tell(r, CF_MIGRATE_FAILED);
		return cf_fail_errno(err, e, "migration");
	}
	m->has_thread = true;
	return COFFER_OK;
}

void run_migrate_cancel(struct run *r)
{
	if (run_is_migrating(r))
		atomic_store(&r->migration.progress.cancel, true);
}

void run_migrate_end(struct run *r)
{
	atomic_store(&r->migration.progress.cancel, true);
	join_thread(&r->migration);
}

void run_migrate_info(struct run *r, struct cf_monitor_migrate_info *out)
{
	struct run_migration *m = &r->migration;
	struct cf_migrate_progress *p = &m->progress;

	*out = (struct cf_monitor_migrate_info) {
		.status = atomic_load(&m->status),
		.total = atomic_load(&p->total),
		.transferred = atomic_load(&p->sent),
		.remaining = atomic_load(&p->total) - atomic_load(&p->done),
		.zero_pages = atomic_load(&p->zero_pages),
		.normal_pages = atomic_load(&p->normal_pages),
	};
	/* These are written before the status that they belong to. */
	if (run_is_migrating(r))
		return;
	out->total_ms = m->total_ms;
	out->downtime_ms = m->downtime_ms;
	out->error = m->error;
}

/* --- -incoming --- */

static bool incoming_gives_up(void *opaque)
{
	const struct run *r = opaque;

	return r->quit_asked || run_was_signalled();
}

enum coffer_status run_incoming_open(struct run *r, struct coffer_error *err)
{
	r->migration.channel = (struct run_channel) { .opaque = r,
		.give_up = incoming_gives_up };
	tell(r, CF_MIGRATE_SETUP);
	return run_channel_in(&r->migration.channel, r->opts.incoming, err);
}

enum coffer_status run_incoming_load(struct run *r, struct coffer_error *err)
{
	struct run_migration *m = &r->migration;
	enum coffer_status s;

	tell(r, CF_MIGRATE_ACTIVE);
	s = cf_machine_load(r->machine, &m->channel.ops, err);
	run_channel_close(&m->channel);
	tell(r, s ? CF_MIGRATE_FAILED : CF_MIGRATE_COMPLETED);
	return s;
}
