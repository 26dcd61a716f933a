/* SPDX-License-Identifier: Apache-2.0 */
/* Migration as QEMU's management programs drive it. */
#include "monitor/monitor_priv.h"

#define PAGE_SIZE 4096u

const char *cf_migrate_status_name(enum cf_migrate_status s)
{
	static const char *const names[] = {
		[CF_MIGRATE_NONE] = "none",
		[CF_MIGRATE_SETUP] = "setup",
		[CF_MIGRATE_ACTIVE] = "active",
		[CF_MIGRATE_COMPLETED] = "completed",
		[CF_MIGRATE_FAILED] = "failed",
		[CF_MIGRATE_CANCELLED] = "cancelled",
	};

	return names[s];
}

struct json_object *qmp_migrate(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct coffer_error err;

	if (!mon->vm->migrate)
		return qmp_unsupported(e, "migration");
	if (mon->vm->migrate(mon->vm->opaque, qmp_arg_str(args, "uri"), &err))
		return qmp_fail_with(e, &err);
	return json_object_new_object();
}

struct json_object *qmp_migrate_cancel(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	if (mon->vm->migrate_cancel)
		mon->vm->migrate_cancel(mon->vm->opaque);
	return json_object_new_object();
}

static struct json_object *ram_stats(const struct cf_monitor_migrate_info *i)
{
	struct json_object *o = json_object_new_object();

	qmp_add_int(o, "total", i->total);
	qmp_add_int(o, "transferred", i->transferred);
	qmp_add_int(o, "remaining", i->remaining);
	qmp_add_int(o, "duplicate", i->zero_pages);
	qmp_add_int(o, "normal", i->normal_pages);
	qmp_add_int(o, "normal-bytes", i->normal_pages * PAGE_SIZE);
	qmp_add_int(o, "page-size", PAGE_SIZE);
	return o;
}

struct json_object *qmp_query_migrate(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct cf_monitor_migrate_info info = { 0 };
	struct json_object *o = json_object_new_object();

	if (mon->vm->migrate_info)
		mon->vm->migrate_info(mon->vm->opaque, &info);
	/* Like QEMU: nothing at all before the first. */
	if (info.status == CF_MIGRATE_NONE)
		return o;
	qmp_add_str(o, "status", cf_migrate_status_name(info.status));
	if (info.total)
		json_object_object_add(o, "ram", ram_stats(&info));
	if (info.total_ms)
		qmp_add_int(o, "total-time", info.total_ms);
	if (info.status == CF_MIGRATE_COMPLETED)
		qmp_add_int(o, "downtime", info.downtime_ms);
	if (info.error && info.error[0])
		qmp_add_str(o, "error-desc", info.error);
	return o;
}
