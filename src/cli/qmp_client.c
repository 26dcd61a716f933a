/* SPDX-License-Identifier: Apache-2.0 */
/* The QMP client's connection, calls and schema. */
#include "cli/qmp_client.h"

#include "base/base.h"

#include <errno.h>
#include <json-c/json.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct qmp_client {
	int fd;
	struct json_tokener *tok;
	char bytes[4096];
	size_t at, len; /* unread part of bytes */
	struct json_object *schema;
	void (*event)(struct json_object *o);
};

static int connect_unix(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
		connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int connect_tcp(const char *where)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	char host[128];
	const char *colon = strrchr(where, ':');
	int fd;

	if (!colon || (size_t)(colon - where) >= sizeof(host)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(host, where, (size_t)(colon - where));
	host[colon - where] = '\0';
	if (getaddrinfo(host, colon + 1, &hints, &list)) {
		errno = EHOSTUNREACH;
		return -1;
	}
	fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, list->ai_addr, list->ai_addrlen) < 0) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	return fd;
}

/* One object from the connection; NULL with *err set. */
static struct json_object *read_object(
	struct qmp_client *c, struct coffer_error *err)
{
	json_tokener_reset(c->tok);
	for (;;) {
		struct json_object *o;
		ssize_t n;

		if (c->at < c->len) {
			o = json_tokener_parse_ex(c->tok, c->bytes + c->at,
				(int)(c->len - c->at));
			c->at += json_tokener_get_parse_end(c->tok);
			if (o)
				return o;
			if (json_tokener_get_error(c->tok) !=
				json_tokener_continue) {
				cf_fail(err, COFFER_ERR_FORMAT,
					"the server does not speak QMP");
				return NULL;
			}
		}
		n = read(c->fd, c->bytes, sizeof(c->bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			cf_fail(err, COFFER_ERR_SYSTEM,
				"the server closed the connection");
			return NULL;
		}
		c->at = 0;
		c->len = (size_t)n;
	}
}

static enum coffer_status send_text(
	struct qmp_client *c, const char *text, struct coffer_error *err)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = send(c->fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cf_fail_errno(err, errno, "cannot send");
		text += n;
		len -= (size_t)n;
	}
	return COFFER_OK;
}

/* The answer: "return" to *reply, or the error's text. */
static enum coffer_status take_answer(struct json_object *o,
	struct json_object **reply, struct coffer_error *err)
{
	struct json_object *value, *desc;

	if (json_object_object_get_ex(o, "return", &value)) {
		*reply = json_object_get(value);
		return COFFER_OK;
	}
	if (json_object_object_get_ex(o, "error", &value) &&
		json_object_object_get_ex(value, "desc", &desc))
		return cf_fail(err, COFFER_ERR_MISMATCH, "%s",
			json_object_get_string(desc));
	return cf_fail(err, COFFER_ERR_FORMAT, "an answer without result");
}

enum coffer_status qmp_client_call(struct qmp_client *c, const char *command,
	struct json_object *args, struct json_object **reply,
	struct coffer_error *err)
{
	struct json_object *request = json_object_new_object();
	enum coffer_status status;

	json_object_object_add(
		request, "execute", json_object_new_string(command));
	if (args)
		json_object_object_add(request, "arguments", args);
	status = send_text(c, json_object_to_json_string(request), err);
	json_object_put(request);
	while (!status) {
		struct json_object *o = read_object(c, err), *unused;

		if (!o)
			return err ? err->status : COFFER_ERR_SYSTEM;
		if (!json_object_object_get_ex(o, "event", &unused)) {
			status = take_answer(o, reply, err);
			json_object_put(o);
			break;
		}
		if (c->event)
			c->event(o);
		json_object_put(o);
	}
	return status;
}

static enum coffer_status negotiate(
	struct qmp_client *c, struct coffer_error *err)
{
	struct json_object *greeting = read_object(c, err), *qmp, *reply;
	enum coffer_status status;

	if (!greeting)
		return err ? err->status : COFFER_ERR_SYSTEM;
	if (!json_object_object_get_ex(greeting, "QMP", &qmp)) {
		json_object_put(greeting);
		return cf_fail(err, COFFER_ERR_FORMAT,
			"the server does not greet as QMP");
	}
	json_object_put(greeting);
	status = qmp_client_call(c, "qmp_capabilities", NULL, &reply, err);
	if (status)
		return status;
	json_object_put(reply);
	return qmp_client_call(c, "query-qmp-schema", NULL, &c->schema, err);
}

enum coffer_status qmp_client_open(
	const char *where, struct qmp_client **out, struct coffer_error *err)
{
	struct qmp_client *c = cf_alloc_array(1, sizeof(*c));
	enum coffer_status status;

	if (!c)
		return cf_fail_nomem(err, "a QMP client");
	c->tok = json_tokener_new();
	c->fd = strncmp(where, "tcp:", 4) == 0 ? connect_tcp(where + 4)
					       : connect_unix(where);
	if (c->fd < 0)
		status = cf_fail_errno(err, errno, "%s: cannot connect", where);
	else if (!c->tok)
		status = cf_fail_nomem(err, "a QMP client");
	else
		status = negotiate(c, err);
	if (status) {
		qmp_client_close(c);
		return status;
	}
	*out = c;
	return COFFER_OK;
}

void qmp_client_close(struct qmp_client *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	if (c->tok)
		json_tokener_free(c->tok);
	json_object_put(c->schema);
	free(c);
}

void qmp_client_on_event(
	struct qmp_client *c, void (*event)(struct json_object *o))
{
	c->event = event;
}

static const char *member(struct json_object *o, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(o, key, &value))
		return "";
	return json_object_get_string(value);
}

const char *qmp_client_command(struct qmp_client *c, size_t n)
{
	for (size_t i = 0; i < json_object_array_length(c->schema); i++) {
		struct json_object *o = json_object_array_get_idx(c->schema, i);

		if (strcmp(member(o, "meta-type"), "command") == 0 && n-- == 0)
			return member(o, "name");
	}
	return NULL;
}

static struct json_object *find(
	struct qmp_client *c, const char *meta, const char *name)
{
	for (size_t i = 0; i < json_object_array_length(c->schema); i++) {
		struct json_object *o = json_object_array_get_idx(c->schema, i);

		if (strcmp(member(o, "name"), name) == 0 &&
			strcmp(member(o, "meta-type"), meta) == 0)
			return o;
	}
	return NULL;
}

bool qmp_client_argument(struct qmp_client *c, const char *command, size_t i,
	const char **name, const char **type)
{
	struct json_object *o = find(c, "command", command), *list;

	if (o)
		o = find(c, "object", member(o, "arg-type"));
	if (!o || !json_object_object_get_ex(o, "members", &list) ||
		i >= json_object_array_length(list))
		return false;
	o = json_object_array_get_idx(list, i);
	*name = member(o, "name");
	*type = member(o, "type");
	return true;
}

/* Text as a value of the schema's type; NULL: it is not one. */
static struct json_object *typed_value(const char *type, const char *text)
{
	uint64_t number;

	if (strcmp(type, "str") == 0)
		return json_object_new_string(text);
	if (strcmp(type, "int") == 0)
		return cf_parse_u64(text, UINT64_MAX, &number)
			? json_object_new_uint64(number)
			: NULL;
	if (strcmp(type, "bool") == 0) {
		bool on = !strcmp(text, "on") || !strcmp(text, "true");

		if (on || !strcmp(text, "off") || !strcmp(text, "false"))
			return json_object_new_boolean(on);
		return NULL;
	}
	return json_tokener_parse(text);
}

static enum coffer_status add_word(struct qmp_client *c, const char *command,
	const char *word, struct json_object *args, struct coffer_error *err)
{
	const char *equals = strchr(word, '='), *name, *type;

	if (!equals)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"'%s' is not of the form key=value", word);
	for (size_t i = 0; qmp_client_argument(c, command, i, &name, &type);
		i++) {
		struct json_object *value;

		if (strlen(name) != (size_t)(equals - word) ||
			memcmp(name, word, strlen(name)))
			continue;
		value = typed_value(type, equals + 1);
		if (!value)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"%s: '%s' is not of type %s", name, equals + 1,
				type);
		json_object_object_add(args, name, value);
		return COFFER_OK;
	}
	return cf_fail(err, COFFER_ERR_ARGUMENT, "%s has no argument '%.*s'",
		command, (int)(equals - word), word);
}

enum coffer_status qmp_client_words(struct qmp_client *c, int argc,
	char *const *argv, struct json_object **reply, struct coffer_error *err)
{
	struct json_object *args = json_object_new_object();

	for (int i = 1; i < argc; i++) {
		enum coffer_status status =
			add_word(c, argv[0], argv[i], args, err);

		if (status) {
			json_object_put(args);
			return status;
		}
	}
	return qmp_client_call(c, argv[0], args, reply, err);
}
