/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One QMP session: greeting, negotiation, requests and replies.  Bytes come
 * in pieces of any size; the tokener keeps what is unfinished.  After text
 * that is not JSON, or a request over the limit, the rest of the line is
 * thrown away and the session goes on.
 */
#include "monitor/monitor_priv.h"

#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct cf_monitor_session {
	struct cf_monitor *mon;
	void (*write)(void *opaque, const char *text, size_t len);
	void *opaque;
	struct json_tokener *tok;
	size_t request_len; /* bytes of the unfinished request */
	bool negotiated;
	bool discarding; /* until the end of the line */
	struct cf_monitor_session *next;
};

/* Write one object as one line, and free it. */
static void send_object(struct cf_monitor_session *s, struct json_object *o)
{
	size_t len;
	const char *text = json_object_to_json_string_length(o,
		JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE, &len);

	pthread_mutex_lock(&s->mon->lock);
	if (text) {
		s->write(s->opaque, text, len);
		s->write(s->opaque, "\r\n", 2);
	}
	pthread_mutex_unlock(&s->mon->lock);
	json_object_put(o);
}

/* Take the reply (or the error when it is NULL) to the client. */
static void send_reply(struct cf_monitor_session *s, struct json_object *ret,
	const struct qmp_error *e, struct json_object *id)
{
	struct json_object *o = json_object_new_object();

	if (ret) {
		json_object_object_add(o, "return", ret);
	} else {
		struct json_object *error = json_object_new_object();

		qmp_add_str(error, "class", e->cls);
		qmp_add_str(error, "desc", e->desc);
		json_object_object_add(o, "error", error);
	}
	if (id)
		json_object_object_add(o, "id", json_object_get(id));
	send_object(s, o);
}

static void send_greeting(struct cf_monitor_session *s)
{
	struct json_object *o = json_object_new_object();
	struct json_object *qmp = json_object_new_object();

	json_object_object_add(
		qmp, "version", qmp_query_version(s->mon, NULL, NULL));
	json_object_object_add(qmp, "capabilities", json_object_new_array());
	json_object_object_add(o, "QMP", qmp);
	send_object(s, o);
}

/* qmp_capabilities: we offer none, so none may be enabled. */
static struct json_object *negotiate(struct cf_monitor_session *s,
	struct json_object *args, struct qmp_error *e)
{
	struct json_object *enable;

	if (json_object_object_get_ex(args, "enable", &enable) &&
		json_object_array_length(enable))
		return qmp_fail(e, "Capability '%s' is not available",
			json_object_get_string(
				json_object_array_get_idx(enable, 0)));
	s->negotiated = true;
	return json_object_new_object();
}

static struct json_object *not_found(struct qmp_error *e, const char *desc)
{
	qmp_fail(e, "%s", desc);
	e->cls = "CommandNotFound";
	return NULL;
}

static struct json_object *dispatch(struct cf_monitor_session *s,
	const char *name, struct json_object *args, struct qmp_error *e)
{
	const struct qmp_command *c = qmp_command_find(name);
	bool negotiation = strcmp(name, "qmp_capabilities") == 0;
	char why[256];

	if (!s->negotiated && !negotiation)
		return not_found(e,
			"Expecting capabilities negotiation with "
			"'qmp_capabilities'");
	if (s->negotiated && negotiation)
		return not_found(e,
			"Capabilities negotiation is already complete, "
			"command ignored");
	if (!c) {
		snprintf(why, sizeof(why),
			"The command %.100s has not been found", name);
		return not_found(e, why);
	}
	if (!qapi_check(c->schema.args, args, "arguments", why, sizeof(why)))
		return qmp_fail(e, "%s", why);
	return negotiation ? negotiate(s, args, e)
			   : c->handler(s->mon, args, e);
}

/* Check the outer object; false with *e set. */
static bool check_request(struct json_object *request,
	struct json_object **execute, struct json_object **args,
	struct qmp_error *e)
{
	*args = NULL;
	if (!json_object_is_type(request, json_type_object)) {
		qmp_fail(e, "QMP input must be a JSON object");
		return false;
	}
	json_object_object_foreach(request, key, value)
	{
		if (strcmp(key, "execute") && strcmp(key, "arguments") &&
			strcmp(key, "id")) {
			qmp_fail(e, "QMP input member '%.60s' is unexpected",
				key);
			return false;
		}
		if (strcmp(key, "arguments") == 0) {
			*args = value;
			if (!json_object_is_type(value, json_type_object)) {
				qmp_fail(e,
					"QMP input member 'arguments' must be "
					"an object");
				return false;
			}
		}
	}
	if (!json_object_object_get_ex(request, "execute", execute)) {
		qmp_fail(e, "QMP input lacks member 'execute'");
		return false;
	}
	if (!json_object_is_type(*execute, json_type_string)) {
		qmp_fail(e, "QMP input member 'execute' must be a string");
		return false;
	}
	return true;
}

static void handle_request(
	struct cf_monitor_session *s, struct json_object *request)
{
	struct json_object *execute, *args, *none = NULL, *ret = NULL;
	struct json_object *id = NULL;
	struct qmp_error e = { 0 };

	if (json_object_is_type(request, json_type_object))
		json_object_object_get_ex(request, "id", &id);
	if (check_request(request, &execute, &args, &e)) {
		if (!args)
			args = none = json_object_new_object();
		ret = dispatch(s, json_object_get_string(execute), args, &e);
	}
	send_reply(s, ret, &e, id);
	json_object_put(none);
}

/* Report bad input and skip to the end of the line. */
static void refuse_input(struct cf_monitor_session *s, const char *why)
{
	struct qmp_error e;

	qmp_fail(&e, "JSON parse error, %s", why);
	send_reply(s, NULL, &e, NULL);
	json_tokener_reset(s->tok);
	s->request_len = 0;
	s->discarding = true;
}

/* Feed at most one request's bytes; returns how many were used. */
static size_t feed(struct cf_monitor_session *s, const char *bytes, size_t len)
{
	struct json_object *request;
	enum json_tokener_error state;
	size_t used;

	if (len > QMP_MAX_REQUEST)
		len = QMP_MAX_REQUEST;
	request = json_tokener_parse_ex(s->tok, bytes, (int)len);
	state = json_tokener_get_error(s->tok);
	used = json_tokener_get_parse_end(s->tok);
	if (state == json_tokener_continue) {
		s->request_len += len;
		if (s->request_len > QMP_MAX_REQUEST)
			refuse_input(s, "request is too long");
		return len;
	}
	if (state != json_tokener_success) {
		refuse_input(s, json_tokener_error_desc(state));
		return used;
	}
	s->request_len = 0;
	handle_request(s, request);
	json_object_put(request);
	return used;
}

/* White space between requests would start the tokener for nothing, and a
 * control character is QEMU's sign to forget what came before. */
static bool between_requests(const struct cf_monitor_session *s, char c)
{
	return s->request_len == 0 && strchr(" \t\r\n", c) && c;
}

void cf_monitor_session_input(
	struct cf_monitor_session *s, const char *bytes, size_t len)
{
	while (len) {
		size_t used = 1;

		if (s->discarding)
			s->discarding = *bytes != '\n';
		else if (!between_requests(s, *bytes))
			used = feed(s, bytes, len);
		bytes += used;
		len -= used;
	}
}

enum coffer_status cf_monitor_session_create(struct cf_monitor *mon,
	void (*write)(void *opaque, const char *text, size_t len), void *opaque,
	struct cf_monitor_session **out, struct coffer_error *err)
{
	struct cf_monitor_session *s = cf_alloc_array(1, sizeof(*s));

	if (s)
		s->tok = json_tokener_new_ex(QMP_MAX_DEPTH);
	if (!s || !s->tok) {
		free(s);
		return cf_fail_nomem(err, "a monitor session");
	}
	s->mon = mon;
	s->write = write;
	s->opaque = opaque;
	pthread_mutex_lock(&mon->lock);
	s->next = mon->sessions;
	mon->sessions = s;
	pthread_mutex_unlock(&mon->lock);
	send_greeting(s);
	*out = s;
	return COFFER_OK;
}

void cf_monitor_session_destroy(struct cf_monitor_session *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->mon->lock);
	for (struct cf_monitor_session **at = &s->mon->sessions; *at;
		at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			break;
		}
	pthread_mutex_unlock(&s->mon->lock);
	json_tokener_free(s->tok);
	free(s);
}

void cf_monitor_event(
	struct cf_monitor *mon, const char *name, struct json_object *data)
{
	struct json_object *o = json_object_new_object();
	struct json_object *stamp = json_object_new_object();
	struct timespec now;
	const char *text;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	qmp_add_int(stamp, "seconds", (uint64_t)now.tv_sec);
	qmp_add_int(stamp, "microseconds", (uint64_t)now.tv_nsec / 1000);
	json_object_object_add(o, "timestamp", stamp);
	qmp_add_str(o, "event", name);
	if (data)
		json_object_object_add(o, "data", data);
	text = json_object_to_json_string_length(
		o, JSON_C_TO_STRING_SPACED, &len);
	pthread_mutex_lock(&mon->lock);
	for (struct cf_monitor_session *s = mon->sessions; text && s;
		s = s->next) {
		if (!s->negotiated)
			continue;
		s->write(s->opaque, text, len);
		s->write(s->opaque, "\r\n", 2);
	}
	pthread_mutex_unlock(&mon->lock);
	json_object_put(o);
}

enum coffer_status cf_monitor_create(const struct cf_monitor_vm *vm,
	const struct cf_log *log, struct cf_monitor **out,
	struct coffer_error *err)
{
	struct cf_monitor *mon = cf_alloc_array(1, sizeof(*mon));

	if (!mon)
		return cf_fail_nomem(err, "the monitor");
	mon->vm = vm;
	mon->log = log;
	pthread_mutex_init(&mon->lock, NULL);
	*out = mon;
	return COFFER_OK;
}

void cf_monitor_destroy(struct cf_monitor *mon)
{
	if (!mon)
		return;
	qmp_server_destroy(mon->server);
	while (mon->sessions)
		cf_monitor_session_destroy(mon->sessions);
	pthread_mutex_destroy(&mon->lock);
	free(mon);
}
