/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor's own files share: sessions, commands and their errors. */
#ifndef CF_MONITOR_PRIV_H
#define CF_MONITOR_PRIV_H

#include "monitor/monitor.h"
#include "monitor/schema.h"

#include <json-c/json.h>
#include <pthread.h>

/* Longest request; QEMU's limit is 64 MiB, a launch secret is 16 KiB. */
#define QMP_MAX_REQUEST ((size_t)1 << 20)
#define QMP_MAX_DEPTH   64

/* What a command that fails says. */
struct qmp_error {
	const char *cls; /* "GenericError", "CommandNotFound", ... */
	char desc[320];
};

/* Set *e; returns NULL so that a handler can return it. */
struct json_object *qmp_fail(struct qmp_error *e, const char *fmt, ...)
	CF_PRINTF(2, 3);
/* The same from a library call's error. */
struct json_object *qmp_fail_with(
	struct qmp_error *e, const struct coffer_error *err);
/* A machine that does not have the operation. */
struct json_object *qmp_unsupported(struct qmp_error *e, const char *what);

/* A handler gets checked arguments and returns an object that it gives away,
 * or NULL with *e set. */
typedef struct json_object *(*qmp_handler)(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);

struct qmp_command {
	struct qapi_command schema;
	qmp_handler handler;
};

struct cf_monitor {
	const struct cf_monitor_vm *vm;
	const struct cf_log *log;
	/* Guards the list of sessions and every write. */
	pthread_mutex_t lock;
	struct cf_monitor_session *sessions;
	struct qmp_server *server; /* NULL: nothing listens */
};

/* commands.c: the table, by index (NULL past the end) and by name. */
const struct qmp_command *qmp_command_at(size_t i);
const struct qmp_command *qmp_command_find(const char *name);

/* cmd_vm.c, cmd_sev.c, cmd_info.c */
/* cmd_migrate.c */
struct json_object *qmp_migrate(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_migrate_cancel(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_query_migrate(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
/* cmd_facts.c */
struct json_object *qmp_query_target(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_query_name(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_query_machines(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_query_cpu_definitions(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_inject_nmi(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_query_version(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_query_commands(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_query_schema(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_query_status(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_query_kvm(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_query_cpus_fast(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_query_memory_size(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_stop(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_cont(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_powerdown(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_reset(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_quit(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_memsave(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_pmemsave(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_human_command(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_query_sev(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_query_sev_capabilities(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_query_sev_launch_measure(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_sev_inject_launch_secret(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);
struct json_object *qmp_query_sev_attestation_report(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e);

/* cmd_examine.c: what follows "x" or "xp"; false with *e set. */
struct cf_buf;
bool qmp_examine(struct cf_monitor *mon, unsigned vcpu, bool physical,
	const char *args, struct cf_buf *out, struct qmp_error *e);

/* Text of "info sev" and friends, for human-monitor-command. */
const char *qmp_sev_state_name(enum cf_sev_state s);

bool qmp_accel_is_kvm(const struct cf_monitor *mon);

/* Small JSON helpers. */
void qmp_add_str(struct json_object *o, const char *key, const char *text);
void qmp_add_int(struct json_object *o, const char *key, uint64_t value);
void qmp_add_bool(struct json_object *o, const char *key, bool value);
const char *qmp_arg_str(struct json_object *args, const char *key);
/* False when absent. */
bool qmp_arg_int(struct json_object *args, const char *key, int64_t *out);

/* server.c */
void qmp_server_destroy(struct qmp_server *server);

#endif
