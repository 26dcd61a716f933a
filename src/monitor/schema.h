/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of QEMU's QAPI schema that we serve, as tables: they check the
 * arguments of commands and answer query-qmp-schema, so that neither can
 * drift from the other.
 */
#ifndef CF_MONITOR_SCHEMA_H
#define CF_MONITOR_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;

enum qapi_kind {
	QAPI_STR,
	QAPI_INT,
	QAPI_BOOL,
	QAPI_ANY,
	QAPI_ENUM,
	QAPI_STRUCT,
	QAPI_ARRAY, /* of `of` */
};

struct qapi_type;

struct qapi_member {
	const char *name; /* NULL ends a list */
	const struct qapi_type *type;
	bool optional;
};

struct qapi_type {
	enum qapi_kind kind;
	const char *name;
	const char *const *values;         /* ENUM, NULL-terminated */
	const struct qapi_member *members; /* STRUCT */
	const struct qapi_type *of;        /* ARRAY */
};

extern const struct qapi_type qapi_str, qapi_int, qapi_bool, qapi_any,
	qapi_empty;

struct qapi_command {
	const char *name;
	const struct qapi_type *args; /* STRUCT */
	const struct qapi_type *ret;  /* STRUCT or ARRAY */
};

struct qapi_event {
	const char *name;
	const struct qapi_type *data; /* STRUCT */
};

/* Check a value against a type.  On failure writes the sentence that QEMU
 * would ("Parameter 'x' is missing") to why and returns false. */
bool qapi_check(const struct qapi_type *type, struct json_object *value,
	const char *where, char *why, size_t why_len);

/* The reply of query-qmp-schema for these commands and events; owned by the
 * caller, NULL on no memory. */
struct json_object *qapi_introspect(const struct qapi_command *const *commands,
	size_t ncommands, const struct qapi_event *events, size_t nevents);

#endif
