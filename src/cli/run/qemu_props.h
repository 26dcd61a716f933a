/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU's property syntax, "type,key=value,switch,..." with ",," for a comma in
 * a value, checked against tables of known types and properties.
 */
#ifndef CF_CLI_QEMU_PROPS_H
#define CF_CLI_QEMU_PROPS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum qemu_prop_kind {
	QEMU_STR,
	QEMU_U16,
	QEMU_U32,
	QEMU_U64,
	QEMU_BOOL,
	QEMU_AUTO,   /* on, off, auto */
	QEMU_SIZE,   /* bytes; suffixes K M G T */
	QEMU_MIB,    /* as SIZE, without a suffix in MiB */
	QEMU_BASE64, /* param: longest length in bytes, decimal */
	QEMU_CHOICE, /* param: "a|b|c" */
	QEMU_MANY,   /* string that may be given more than once */
};

struct qemu_prop {
	const char *name;
	enum qemu_prop_kind kind;
	const char *fallback; /* NULL: absent */
	const char *help;
	const char *param;
};

/* What a first word or an object type names. */
struct qemu_type {
	const char *name;
	const char *help;
	const struct qemu_prop *props; /* ends with a NULL name */
};

#define QEMU_MAX_VALUES 24

struct qemu_set {
	const struct qemu_type *type;
	struct qemu_value {
		const struct qemu_prop *prop;
		char *text; /* owned */
	} value[QEMU_MAX_VALUES];
	size_t nvalues;
};

/*
 * Parse text into *set.  where names the option in messages ("-object").
 * types: NULL-name-terminated; with implied NULL the first word selects among
 * them, else there is one type and a first word without "=" is the value of
 * the property `implied`.  *set may already hold values (options that add up).
 */
enum coffer_status qemu_parse(const char *where, const char *text,
	const struct qemu_type *types, const char *implied,
	struct qemu_set *set, struct coffer_error *err) CF_MUST_CHECK;
void qemu_set_finish(struct qemu_set *set);

/* Values are checked by qemu_parse, so these cannot fail; a property without
 * value and fallback gives NULL, 0 or false. */
const char *qemu_get(const struct qemu_set *set, const char *name);
const char *qemu_get_nth(
	const struct qemu_set *set, const char *name, size_t i);
uint64_t qemu_get_u64(const struct qemu_set *set, const char *name);
bool qemu_get_bool(const struct qemu_set *set, const char *name);
bool qemu_was_given(const struct qemu_set *set, const char *name);
/* Decode a BASE64 property; *len 0 when absent. */
enum coffer_status qemu_get_base64(const struct qemu_set *set, const char *name,
	uint8_t *out, size_t cap, size_t *len,
	struct coffer_error *err) CF_MUST_CHECK;

/* If text asks for help ("help" or "TYPE,help"), print it. */
bool qemu_help(FILE *to, const char *where, const char *text,
	const struct qemu_type *types);

/* The next comma-separated piece of *text with ",," decoded, or NULL at the
 * end; returns owned. */
char *qemu_next_piece(const char **text);

#endif
