/* SPDX-License-Identifier: Apache-2.0 */
/* What management programs ask about the program rather than the guest. */
#include "monitor/monitor_priv.h"

#include "accel/accel.h"
#include "image/image.h"

#include <stdio.h>
#include <string.h>

struct json_object *qmp_query_target(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct json_object *o = json_object_new_object();

	qmp_add_str(o, "arch", "x86_64");
	return o;
}

struct json_object *qmp_query_name(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct json_object *o = json_object_new_object();
	const char *name = mon->vm->guest_name;
	char text[128];

	/* -name [guest=]NAME[,process=...] */
	if (name && strncmp(name, "guest=", 6) == 0)
		name += 6;
	if (name) {
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(name, ","),
			name);
		qmp_add_str(o, "name", text);
	}
	return o;
}

struct json_object *qmp_query_machines(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct json_object *list = json_object_new_array();
	struct json_object *o = json_object_new_object();

	qmp_add_str(o, "name", "pc-q35");
	qmp_add_str(o, "alias", "q35");
	qmp_add_bool(o, "is-default", true);
	qmp_add_int(o, "cpu-max", CF_MAX_VCPUS);
	qmp_add_bool(o, "hotpluggable-cpus", false);
	qmp_add_bool(o, "numa-mem-supported", false);
	qmp_add_bool(o, "deprecated", false);
	qmp_add_bool(o, "acpi", true);
	json_object_array_add(list, o);
	return list;
}

static void add_cpu(struct json_object *list, const char *name)
{
	struct json_object *o = json_object_new_object();
	char type[64];

	snprintf(type, sizeof(type), "%s-x86_64-cpu", name);
	qmp_add_str(o, "name", name);
	qmp_add_str(o, "typename", type);
	qmp_add_bool(o, "static", false);
	qmp_add_bool(o, "deprecated", false);
	json_object_array_add(list, o);
}

struct json_object *qmp_query_cpu_definitions(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct json_object *list = json_object_new_array();
	const char *name;

	for (size_t i = 0; (name = cf_cpu_type_name(i)); i++)
		add_cpu(list, name);
	add_cpu(list, "max");
	if (qmp_accel_is_kvm(mon))
		add_cpu(list, "host");
	return list;
}
