/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that look at, stop and go on with the guest as a whole. */
#include "monitor/monitor_priv.h"

#include "base/base.h"
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const run_state_names[] = {
	[CF_RUN_PRELAUNCH] = "prelaunch",
	[CF_RUN_RUNNING] = "running",
	[CF_RUN_PAUSED] = "paused",
	[CF_RUN_SHUTDOWN] = "shutdown",
	[CF_RUN_GUEST_PANICKED] = "guest-panicked",
	[CF_RUN_INMIGRATE] = "inmigrate",
	[CF_RUN_POSTMIGRATE] = "postmigrate",
	[CF_RUN_INTERNAL_ERROR] = "internal-error",
};

const char *cf_run_state_name(enum cf_run_state s)
{
	return run_state_names[s];
}

struct json_object *qmp_query_version(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct json_object *o = json_object_new_object();
	struct json_object *triple = json_object_new_object();
	unsigned major = 0, minor = 0, micro = 0;

	/* The member is called "qemu" because clients look for it. */
	sscanf(COFFER_VERSION, "%u.%u.%u", &major, &minor, &micro);
	qmp_add_int(triple, "micro", micro);
	qmp_add_int(triple, "minor", minor);
	qmp_add_int(triple, "major", major);
	json_object_object_add(o, "qemu", triple);
	qmp_add_str(o, "package", "coffer-" COFFER_VERSION);
	return o;
}

struct json_object *qmp_query_status(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	enum cf_run_state s = mon->vm->run_state(mon->vm->opaque);
	struct json_object *o = json_object_new_object();

	qmp_add_str(o, "status", cf_run_state_name(s));
	qmp_add_bool(o, "running", s == CF_RUN_RUNNING);
	return o;
}

bool qmp_accel_is_kvm(const struct cf_monitor *mon)
{
	return mon->vm->accel_name &&
		strcmp(mon->vm->accel_name(mon->vm->opaque), "kvm") == 0;
}

struct json_object *qmp_query_kvm(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct json_object *o = json_object_new_object();

	qmp_add_bool(o, "enabled", qmp_accel_is_kvm(mon));
	qmp_add_bool(o, "present", access("/dev/kvm", F_OK) == 0);
	return o;
}

struct json_object *qmp_query_cpus_fast(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct json_object *list = json_object_new_array();
	unsigned n = mon->vm->vcpus(mon->vm->opaque);

	for (unsigned i = 0; i < n; i++) {
		struct json_object *o = json_object_new_object();
		struct json_object *props = json_object_new_object();
		char path[48];

		snprintf(path, sizeof(path), "/machine/unattached/device[%u]",
			i);
		qmp_add_int(props, "core-id", i);
		qmp_add_int(props, "thread-id", 0);
		qmp_add_int(props, "socket-id", 0);
		json_object_object_add(o, "props", props);
		qmp_add_int(o, "cpu-index", i);
		qmp_add_str(o, "qom-path", path);
		qmp_add_int(o, "thread-id", (uint64_t)getpid());
		qmp_add_str(o, "target", "x86_64");
		json_object_array_add(list, o);
	}
	return list;
}

struct json_object *qmp_query_memory_size(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct json_object *o = json_object_new_object();

	qmp_add_int(o, "base-memory", mon->vm->memory_size(mon->vm->opaque));
	qmp_add_int(o, "plugged-memory", 0);
	return o;
}

/* An operation without arguments or results. */
static struct json_object *simple(struct cf_monitor *mon,
	enum coffer_status (*op)(void *opaque, struct coffer_error *err),
	const char *what, struct qmp_error *e)
{
	struct coffer_error err;

	if (!op)
		return qmp_unsupported(e, what);
	if (op(mon->vm->opaque, &err))
		return qmp_fail_with(e, &err);
	return json_object_new_object();
}

struct json_object *qmp_stop(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	return simple(mon, mon->vm->stop, "stop", e);
}

struct json_object *qmp_cont(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	return simple(mon, mon->vm->cont, "cont", e);
}

struct json_object *qmp_powerdown(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct json_object *done =
		simple(mon, mon->vm->powerdown, "system_powerdown", e);

	if (done)
		cf_monitor_event(mon, "POWERDOWN", NULL);
	return done;
}

struct json_object *qmp_reset(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	return simple(mon, mon->vm->reset, "system_reset", e);
}

struct json_object *qmp_inject_nmi(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	return simple(mon, mon->vm->nmi, "inject-nmi", e);
}

struct json_object *qmp_quit(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	mon->vm->quit(mon->vm->opaque);
	return json_object_new_object();
}

typedef enum coffer_status (*reader)(const struct cf_monitor *mon,
	unsigned vcpu, uint64_t at, void *out, size_t len,
	struct coffer_error *err);

static enum coffer_status read_virtual(const struct cf_monitor *mon,
	unsigned vcpu, uint64_t at, void *out, size_t len,
	struct coffer_error *err)
{
	return mon->vm->read_virtual(mon->vm->opaque, vcpu, at, out, len, err);
}

static enum coffer_status read_physical(const struct cf_monitor *mon,
	unsigned vcpu, uint64_t at, void *out, size_t len,
	struct coffer_error *err)
{
	return mon->vm->read_physical(mon->vm->opaque, at, out, len, err);
}

/* Copy guest memory to a new file, page by page. */
static enum coffer_status save(const struct cf_monitor *mon, reader read_at,
	unsigned vcpu, uint64_t at, uint64_t size, const char *path,
	struct coffer_error *err)
{
	CF_CLEANUP(cf_close_fd) int fd = -1;
	uint8_t chunk[4096];

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return cf_fail_errno(err, errno, "cannot open '%s'", path);
	while (size) {
		size_t n = sizeof(chunk) - (at & 4095);
		enum coffer_status status;

		if (n > size)
			n = (size_t)size;
		status = read_at(mon, vcpu, at, chunk, n, err);
		if (status)
			return status;
		if (write(fd, chunk, n) != (ssize_t)n)
			return cf_fail_errno(
				err, errno, "cannot write '%s'", path);
		at += n;
		size -= n;
	}
	return COFFER_OK;
}

static struct json_object *save_command(struct cf_monitor *mon,
	struct json_object *args, bool virtual_address, struct qmp_error *e)
{
	int64_t at = 0, size = 0, cpu = 0;
	struct coffer_error err;

	qmp_arg_int(args, "val", &at);
	qmp_arg_int(args, "size", &size);
	qmp_arg_int(args, "cpu-index", &cpu);
	if (size < 0)
		return qmp_fail(e, "Parameter 'size' must not be negative");
	if (cpu < 0 || (uint64_t)cpu >= mon->vm->vcpus(mon->vm->opaque))
		return qmp_fail(
			e, "Parameter 'cpu-index' expects a CPU number");
	if (virtual_address ? !mon->vm->read_virtual : !mon->vm->read_physical)
		return qmp_unsupported(e, "saving memory");
	if (save(mon, virtual_address ? read_virtual : read_physical,
		    (unsigned)cpu, (uint64_t)at, (uint64_t)size,
		    qmp_arg_str(args, "filename"), &err))
		return qmp_fail_with(e, &err);
	return json_object_new_object();
}

struct json_object *qmp_memsave(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	return save_command(mon, args, true, e);
}

struct json_object *qmp_pmemsave(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	return save_command(mon, args, false, e);
}
