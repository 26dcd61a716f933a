/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands and events, with their QAPI types.  Adding a command is adding
 * a row: arguments are checked, and introspection answers, from this table.
 *
 * Source: QEMU's QAPI schema (control, introspect, run-state, machine, misc,
 * misc-i386).
 */
#include "monitor/monitor_priv.h"

#include <string.h>

/* Types, leaves first. */

static const char *const run_states[] = { "debug", "inmigrate",
	"internal-error", "io-error", "paused", "postmigrate", "prelaunch",
	"finish-migrate", "restore-vm", "running", "save-vm", "shutdown",
	"suspended", "watchdog", "guest-panicked", "colo", NULL };
static const struct qapi_type run_state = { .kind = QAPI_ENUM,
	.name = "RunState",
	.values = run_states };

static const char *const sev_states[] = { "uninit", "launch-update",
	"launch-secret", "running", "send-update", "receive-update", NULL };
static const struct qapi_type sev_state = { .kind = QAPI_ENUM,
	.name = "SevState",
	.values = sev_states };

static const char *const sev_types[] = { "sev", "sev-snp", NULL };
static const struct qapi_type sev_type = { .kind = QAPI_ENUM,
	.name = "SevGuestType",
	.values = sev_types };

static const char *const capability_names[] = { "oob", NULL };
static const struct qapi_type capability = { .kind = QAPI_ENUM,
	.name = "QMPCapability",
	.values = capability_names };

static const char *const targets[] = { "x86_64", NULL };
static const struct qapi_type target = { .kind = QAPI_ENUM,
	.name = "SysEmuTarget",
	.values = targets };

#define STRUCT(symbol, type_name, ...)                                      \
	static const struct qapi_member symbol##_members[] = { __VA_ARGS__, \
		{ 0 } };                                                    \
	static const struct qapi_type symbol = {                            \
		.kind = QAPI_STRUCT,                                        \
		.name = type_name,                                          \
		.members = symbol##_members,                                \
	}

#define ARRAY(symbol, element)                                       \
	static const struct qapi_type symbol = { .kind = QAPI_ARRAY, \
		.of = element }

ARRAY(capability_list, &capability);
STRUCT(qmp_capabilities_arg, "qmp_capabilities-arg",
	{ "enable", &capability_list, true });

STRUCT(version_triple, "VersionTriple", { "major", &qapi_int, false },
	{ "minor", &qapi_int, false }, { "micro", &qapi_int, false });
STRUCT(version_info, "VersionInfo", { "qemu", &version_triple, false },
	{ "package", &qapi_str, false });

STRUCT(command_info, "CommandInfo", { "name", &qapi_str, false });
ARRAY(command_info_list, &command_info);

STRUCT(schema_info, "SchemaInfo", { "name", &qapi_str, false },
	{ "meta-type", &qapi_str, false });
ARRAY(schema_info_list, &schema_info);

STRUCT(status_info, "StatusInfo", { "running", &qapi_bool, false },
	{ "status", &run_state, false });

STRUCT(kvm_info, "KvmInfo", { "enabled", &qapi_bool, false },
	{ "present", &qapi_bool, false });

STRUCT(target_info, "TargetInfo", { "arch", &target, false });
STRUCT(name_info, "NameInfo", { "name", &qapi_str, true });
STRUCT(machine_info, "MachineInfo", { "name", &qapi_str, false },
	{ "alias", &qapi_str, true }, { "is-default", &qapi_bool, true },
	{ "cpu-max", &qapi_int, false },
	{ "hotpluggable-cpus", &qapi_bool, false },
	{ "numa-mem-supported", &qapi_bool, false },
	{ "deprecated", &qapi_bool, false }, { "acpi", &qapi_bool, false });
ARRAY(machine_info_list, &machine_info);
STRUCT(cpu_definition, "CpuDefinitionInfo", { "name", &qapi_str, false },
	{ "typename", &qapi_str, false }, { "static", &qapi_bool, false },
	{ "deprecated", &qapi_bool, false });
ARRAY(cpu_definition_list, &cpu_definition);

STRUCT(cpu_props, "CpuInstanceProperties", { "core-id", &qapi_int, true },
	{ "thread-id", &qapi_int, true }, { "socket-id", &qapi_int, true });
STRUCT(cpu_info, "CpuInfoFast", { "cpu-index", &qapi_int, false },
	{ "qom-path", &qapi_str, false }, { "thread-id", &qapi_int, false },
	{ "props", &cpu_props, true }, { "target", &target, false });
ARRAY(cpu_info_list, &cpu_info);

STRUCT(memory_info, "MemoryInfo", { "base-memory", &qapi_int, false },
	{ "plugged-memory", &qapi_int, true });

STRUCT(memsave_arg, "memsave-arg", { "val", &qapi_int, false },
	{ "size", &qapi_int, false }, { "filename", &qapi_str, false },
	{ "cpu-index", &qapi_int, true });
STRUCT(pmemsave_arg, "pmemsave-arg", { "val", &qapi_int, false },
	{ "size", &qapi_int, false }, { "filename", &qapi_str, false });

static const char *const migration_statuses[] = { "none", "setup", "cancelling",
	"cancelled", "active", "completed", "failed", NULL };
static const struct qapi_type migration_status = { .kind = QAPI_ENUM,
	.name = "MigrationStatus",
	.values = migration_statuses };
STRUCT(migrate_arg, "migrate-arg", { "uri", &qapi_str, false });
STRUCT(migration_ram, "MigrationStats", { "total", &qapi_int, false },
	{ "transferred", &qapi_int, false }, { "remaining", &qapi_int, false },
	{ "duplicate", &qapi_int, false }, { "normal", &qapi_int, false },
	{ "normal-bytes", &qapi_int, false },
	{ "page-size", &qapi_int, false });
STRUCT(migration_info, "MigrationInfo", { "status", &migration_status, true },
	{ "ram", &migration_ram, true }, { "total-time", &qapi_int, true },
	{ "downtime", &qapi_int, true }, { "error-desc", &qapi_str, true });

STRUCT(human_arg, "human-monitor-command-arg",
	{ "command-line", &qapi_str, false }, { "cpu-index", &qapi_int, true });

STRUCT(sev_info, "SevInfo", { "enabled", &qapi_bool, false },
	{ "api-major", &qapi_int, false }, { "api-minor", &qapi_int, false },
	{ "build-id", &qapi_int, false }, { "state", &sev_state, false },
	{ "sev-type", &sev_type, false }, { "policy", &qapi_int, true },
	{ "handle", &qapi_int, true }, { "snp-policy", &qapi_int, true });
STRUCT(sev_capabilities, "SevCapability", { "pdh", &qapi_str, false },
	{ "cert-chain", &qapi_str, false }, { "cpu0-id", &qapi_str, false },
	{ "cbitpos", &qapi_int, false },
	{ "reduced-phys-bits", &qapi_int, false });
STRUCT(sev_measure, "SevLaunchMeasureInfo", { "data", &qapi_str, false });
STRUCT(sev_secret_arg, "sev-inject-launch-secret-arg",
	{ "packet-header", &qapi_str, false }, { "secret", &qapi_str, false },
	{ "gpa", &qapi_int, true });
STRUCT(sev_attestation_arg, "query-sev-attestation-report-arg",
	{ "mnonce", &qapi_str, false });
STRUCT(sev_attestation, "SevAttestationReport", { "data", &qapi_str, false });

/* The negotiation command is answered by the session itself; its row is here
 * for introspection. */
static const struct qmp_command commands[] = {
	{ { "qmp_capabilities", &qmp_capabilities_arg, &qapi_empty }, NULL },
	{ { "query-version", &qapi_empty, &version_info }, qmp_query_version },
	{ { "query-commands", &qapi_empty, &command_info_list },
		qmp_query_commands },
	{ { "query-qmp-schema", &qapi_empty, &schema_info_list },
		qmp_query_schema },
	{ { "query-target", &qapi_empty, &target_info }, qmp_query_target },
	{ { "query-name", &qapi_empty, &name_info }, qmp_query_name },
	{ { "query-machines", &qapi_empty, &machine_info_list },
		qmp_query_machines },
	{ { "query-cpu-definitions", &qapi_empty, &cpu_definition_list },
		qmp_query_cpu_definitions },
	{ { "query-status", &qapi_empty, &status_info }, qmp_query_status },
	{ { "query-kvm", &qapi_empty, &kvm_info }, qmp_query_kvm },
	{ { "query-cpus-fast", &qapi_empty, &cpu_info_list },
		qmp_query_cpus_fast },
	{ { "query-memory-size-summary", &qapi_empty, &memory_info },
		qmp_query_memory_size },
	{ { "stop", &qapi_empty, &qapi_empty }, qmp_stop },
	{ { "cont", &qapi_empty, &qapi_empty }, qmp_cont },
	{ { "system_powerdown", &qapi_empty, &qapi_empty }, qmp_powerdown },
	{ { "system_reset", &qapi_empty, &qapi_empty }, qmp_reset },
	{ { "inject-nmi", &qapi_empty, &qapi_empty }, qmp_inject_nmi },
	{ { "quit", &qapi_empty, &qapi_empty }, qmp_quit },
	{ { "memsave", &memsave_arg, &qapi_empty }, qmp_memsave },
	{ { "pmemsave", &pmemsave_arg, &qapi_empty }, qmp_pmemsave },
	{ { "migrate", &migrate_arg, &qapi_empty }, qmp_migrate },
	{ { "migrate_cancel", &qapi_empty, &qapi_empty }, qmp_migrate_cancel },
	{ { "query-migrate", &qapi_empty, &migration_info },
		qmp_query_migrate },
	{ { "human-monitor-command", &human_arg, &qapi_str },
		qmp_human_command },
	{ { "query-sev", &qapi_empty, &sev_info }, qmp_query_sev },
	{ { "query-sev-capabilities", &qapi_empty, &sev_capabilities },
		qmp_query_sev_capabilities },
	{ { "query-sev-launch-measure", &qapi_empty, &sev_measure },
		qmp_query_sev_launch_measure },
	{ { "sev-inject-launch-secret", &sev_secret_arg, &qapi_empty },
		qmp_sev_inject_launch_secret },
	{ { "query-sev-attestation-report", &sev_attestation_arg,
		  &sev_attestation },
		qmp_query_sev_attestation_report },
};

STRUCT(migration_event, "MIGRATION-arg",
	{ "status", &migration_status, false });

static const char *const shutdown_causes[] = { "none", "error", "host-error",
	"host-qmp-quit", "host-qmp-system-reset", "host-signal", "host-ui",
	"guest-shutdown", "guest-reset", "guest-panic", "subsystem-reset",
	"snapshot-load", NULL };
static const struct qapi_type shutdown_cause = { .kind = QAPI_ENUM,
	.name = "ShutdownCause",
	.values = shutdown_causes };
STRUCT(shutdown_data, "SHUTDOWN-arg", { "guest", &qapi_bool, false },
	{ "reason", &shutdown_cause, false });

static const struct qapi_event events[] = {
	{ "SHUTDOWN", &shutdown_data },
	{ "POWERDOWN", &qapi_empty },
	{ "RESET", &shutdown_data },
	{ "MIGRATION", &migration_event },
	{ "STOP", &qapi_empty },
	{ "RESUME", &qapi_empty },
};

const struct qmp_command *qmp_command_at(size_t i)
{
	return i < CF_ARRAY_LEN(commands) ? &commands[i] : NULL;
}

const struct qmp_command *qmp_command_find(const char *name)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].schema.name, name) == 0)
			return &commands[i];
	return NULL;
}

struct json_object *qmp_query_commands(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < CF_ARRAY_LEN(commands); i++) {
		struct json_object *o = json_object_new_object();

		qmp_add_str(o, "name", commands[i].schema.name);
		json_object_array_add(list, o);
	}
	return list;
}

struct json_object *qmp_query_schema(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	const struct qapi_command *rows[CF_ARRAY_LEN(commands)];

	for (size_t i = 0; i < CF_ARRAY_LEN(commands); i++)
		rows[i] = &commands[i].schema;
	return qapi_introspect(
		rows, CF_ARRAY_LEN(rows), events, CF_ARRAY_LEN(events));
}
