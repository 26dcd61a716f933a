/* SPDX-License-Identifier: Apache-2.0 */
/* A QMP client: one connection, one request at a time, events on the side. */
#ifndef CF_CLI_QMP_CLIENT_H
#define CF_CLI_QMP_CLIENT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct json_object;
struct qmp_client;

/* where: path of a unix socket, or tcp:HOST:PORT.  Negotiates. */
enum coffer_status qmp_client_open(const char *where, struct qmp_client **out,
	struct coffer_error *err) CF_MUST_CHECK;
void qmp_client_close(struct qmp_client *c);

/* Events that arrive meanwhile; NULL: dropped. */
void qmp_client_on_event(
	struct qmp_client *c, void (*event)(struct json_object *o));

/* Execute a command; args is taken and may be NULL.  *reply is the value of
 * "return", owned.  COFFER_ERR_MISMATCH with the server's text when the
 * command failed. */
enum coffer_status qmp_client_call(struct qmp_client *c, const char *command,
	struct json_object *args, struct json_object **reply,
	struct coffer_error *err) CF_MUST_CHECK;

/* What query-qmp-schema says: command i's name (NULL past the end), and member
 * i of its arguments with the type's name. */
const char *qmp_client_command(struct qmp_client *c, size_t i);
bool qmp_client_argument(struct qmp_client *c, const char *command, size_t i,
	const char **name, const char **type);

/* "name key=value ..." as a call, each value by the type that the schema gives
 * it; *reply as for qmp_client_call. */
enum coffer_status qmp_client_words(struct qmp_client *c, int argc,
	char *const *argv, struct json_object **reply,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
