/* SPDX-License-Identifier: Apache-2.0 */
/* Checking JSON against the schema tables, and describing them. */
#include "monitor/schema.h"

#include "base/compiler.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

const struct qapi_type qapi_str = { .kind = QAPI_STR, .name = "str" };
const struct qapi_type qapi_int = { .kind = QAPI_INT, .name = "int" };
const struct qapi_type qapi_bool = { .kind = QAPI_BOOL, .name = "bool" };
const struct qapi_type qapi_any = { .kind = QAPI_ANY, .name = "any" };
static const struct qapi_member no_members[] = { { 0 } };
const struct qapi_type qapi_empty = {
	.kind = QAPI_STRUCT,
	.name = "q_empty",
	.members = no_members,
};

static const char *kind_word(const struct qapi_type *type)
{
	switch (type->kind) {
	case QAPI_STR:
	case QAPI_ENUM:
		return "string";
	case QAPI_INT:
		return "integer";
	case QAPI_BOOL:
		return "boolean";
	case QAPI_STRUCT:
		return "object";
	case QAPI_ARRAY:
		return "array";
	case QAPI_ANY:
		break;
	}
	return "value";
}

static bool wrong_type(const struct qapi_type *type, const char *where,
	char *why, size_t why_len)
{
	snprintf(why, why_len, "Invalid parameter type for '%s', expected: %s",
		where, kind_word(type));
	return false;
}

static bool check_enum(const struct qapi_type *type, struct json_object *value,
	const char *where, char *why, size_t why_len)
{
	const char *text = json_object_get_string(value);

	for (size_t i = 0; type->values[i]; i++)
		if (strcmp(type->values[i], text) == 0)
			return true;
	snprintf(why, why_len, "Parameter '%s' does not accept value '%.60s'",
		where, text);
	return false;
}

static const struct qapi_member *find_member(
	const struct qapi_type *type, const char *name)
{
	for (const struct qapi_member *m = type->members; m->name; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

static bool check_struct(const struct qapi_type *type,
	struct json_object *value, char *why, size_t why_len)
{
	json_object_object_foreach(value, key, member_value)
	{
		const struct qapi_member *m = find_member(type, key);

		if (!m) {
			snprintf(why, why_len,
				"Parameter '%.60s' is unexpected", key);
			return false;
		}
		if (!qapi_check(m->type, member_value, key, why, why_len))
			return false;
	}
	for (const struct qapi_member *m = type->members; m->name; m++) {
		if (m->optional ||
			json_object_object_get_ex(value, m->name, NULL))
			continue;
		snprintf(why, why_len, "Parameter '%s' is missing", m->name);
		return false;
	}
	return true;
}

bool qapi_check(const struct qapi_type *type, struct json_object *value,
	const char *where, char *why, size_t why_len)
{
	static const enum json_type wants[] = {
		[QAPI_STR] = json_type_string,
		[QAPI_INT] = json_type_int,
		[QAPI_BOOL] = json_type_boolean,
		[QAPI_ENUM] = json_type_string,
		[QAPI_STRUCT] = json_type_object,
		[QAPI_ARRAY] = json_type_array,
	};

	if (type->kind == QAPI_ANY)
		return true;
	if (!json_object_is_type(value, wants[type->kind]))
		return wrong_type(type, where, why, why_len);
	if (type->kind == QAPI_ENUM)
		return check_enum(type, value, where, why, why_len);
	if (type->kind == QAPI_STRUCT)
		return check_struct(type, value, why, why_len);
	if (type->kind == QAPI_ARRAY)
		for (size_t i = 0; i < json_object_array_length(value); i++)
			if (!qapi_check(type->of,
				    json_object_array_get_idx(value, i), where,
				    why, why_len))
				return false;
	return true;
}

/* Introspection.  Like QEMU we describe each type once, but call it by its
 * own name instead of a number: clients follow the references either way. */

static void describe(struct json_object *list, const struct qapi_type *type);

static void add(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static const char *type_name(
	const struct qapi_type *type, char *buf, size_t len)
{
	if (type->kind != QAPI_ARRAY)
		return type->name;
	snprintf(buf, len, "[%s]", type->of->name);
	return buf;
}

static bool is_listed(struct json_object *list, const char *name)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *entry = json_object_array_get_idx(list, i);
		struct json_object *have;

		if (json_object_object_get_ex(entry, "name", &have) &&
			strcmp(json_object_get_string(have), name) == 0)
			return true;
	}
	return false;
}

static void describe_enum(
	struct json_object *entry, const struct qapi_type *type)
{
	struct json_object *members = json_object_new_array();
	struct json_object *values = json_object_new_array();

	add(entry, "meta-type", "enum");
	for (size_t i = 0; type->values[i]; i++) {
		struct json_object *m = json_object_new_object();

		add(m, "name", type->values[i]);
		json_object_array_add(members, m);
		json_object_array_add(
			values, json_object_new_string(type->values[i]));
	}
	json_object_object_add(entry, "members", members);
	json_object_object_add(entry, "values", values);
}

static void describe_struct(struct json_object *list, struct json_object *entry,
	const struct qapi_type *type)
{
	struct json_object *members = json_object_new_array();
	char buf[64];

	add(entry, "meta-type", "object");
	for (const struct qapi_member *m = type->members; m->name; m++) {
		struct json_object *member = json_object_new_object();

		add(member, "name", m->name);
		add(member, "type", type_name(m->type, buf, sizeof(buf)));
		if (m->optional)
			json_object_object_add(member, "default", NULL);
		json_object_array_add(members, member);
		describe(list, m->type);
	}
	json_object_object_add(entry, "members", members);
}

static void describe(struct json_object *list, const struct qapi_type *type)
{
	static const char *const builtin[] = {
		[QAPI_STR] = "string",
		[QAPI_INT] = "int",
		[QAPI_BOOL] = "boolean",
		[QAPI_ANY] = "value",
	};
	struct json_object *entry;
	char buf[64];

	if (is_listed(list, type_name(type, buf, sizeof(buf))))
		return;
	entry = json_object_new_object();
	add(entry, "name", type_name(type, buf, sizeof(buf)));
	/* Listed before its members: a struct may hold an array of itself. */
	json_object_array_add(list, entry);
	switch (type->kind) {
	case QAPI_ENUM:
		describe_enum(entry, type);
		break;
	case QAPI_STRUCT:
		describe_struct(list, entry, type);
		break;
	case QAPI_ARRAY:
		add(entry, "meta-type", "array");
		add(entry, "element-type", type->of->name);
		describe(list, type->of);
		break;
	default:
		add(entry, "meta-type", "builtin");
		add(entry, "json-type", builtin[type->kind]);
		break;
	}
}

struct json_object *qapi_introspect(const struct qapi_command *const *commands,
	size_t ncommands, const struct qapi_event *events, size_t nevents)
{
	struct json_object *list = json_object_new_array();
	char buf[64];

	for (size_t i = 0; i < ncommands; i++) {
		const struct qapi_command *c = commands[i];
		struct json_object *entry = json_object_new_object();

		add(entry, "name", c->name);
		add(entry, "meta-type", "command");
		add(entry, "arg-type", c->args->name);
		add(entry, "ret-type", type_name(c->ret, buf, sizeof(buf)));
		json_object_array_add(list, entry);
		describe(list, c->args);
		describe(list, c->ret);
	}
	for (size_t i = 0; i < nevents; i++) {
		struct json_object *entry = json_object_new_object();

		add(entry, "name", events[i].name);
		add(entry, "meta-type", "event");
		add(entry, "arg-type", events[i].data->name);
		json_object_array_add(list, entry);
		describe(list, events[i].data);
	}
	return list;
}
