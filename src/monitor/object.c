/* SPDX-License-Identifier: Apache-2.0 */
/* What every command uses: errors, and JSON objects by key. */
#include "monitor/monitor_priv.h"

#include <stdarg.h>
#include <stdio.h>

struct json_object *qmp_fail(struct qmp_error *e, const char *fmt, ...)
{
	va_list ap;

	e->cls = "GenericError";
	va_start(ap, fmt);
	vsnprintf(e->desc, sizeof(e->desc), fmt, ap);
	va_end(ap);
	return NULL;
}

struct json_object *qmp_fail_with(
	struct qmp_error *e, const struct coffer_error *err)
{
	return qmp_fail(e, "%s", err->msg);
}

struct json_object *qmp_unsupported(struct qmp_error *e, const char *what)
{
	return qmp_fail(e, "this machine does not support %s", what);
}

void qmp_add_str(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

void qmp_add_int(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

void qmp_add_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

const char *qmp_arg_str(struct json_object *args, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(args, key, &value))
		return "";
	return json_object_get_string(value);
}

bool qmp_arg_int(struct json_object *args, const char *key, int64_t *out)
{
	struct json_object *value;

	if (!json_object_object_get_ex(args, key, &value))
		return false;
	*out = (int64_t)json_object_get_uint64(value);
	if (json_object_get_int64(value) < 0)
		*out = json_object_get_int64(value);
	return true;
}
