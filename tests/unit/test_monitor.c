/* SPDX-License-Identifier: Apache-2.0 */
/* QMP sessions without sockets: negotiation, refusals, introspection, events. */
#include "monitor_fixture.h"

#include "monitor/where.h"

static void test_greeting_and_negotiation(void **state)
{
	assert_non_null(strstr(cf_buf_text(&said),
		"{ \"QMP\": { \"version\": "
		"{ \"qemu\": "));
	assert_says("{\"execute\":\"query-status\"}",
		"\"class\": \"CommandNotFound\"");
	assert_says("{\"execute\":\"query-status\"}",
		"Expecting capabilities negotiation with 'qmp_capabilities'");
	assert_says("{\"execute\":\"qmp_capabilities\","
		    "\"arguments\":{\"enable\":[\"oob\"]}}",
		"Capability 'oob' is not available");
	negotiate();
	assert_says("{\"execute\":\"qmp_capabilities\"}", "already complete");
}

static void test_id_comes_back_and_pieces_are_joined(void **state)
{
	negotiate();
	assert_string_equal(say("{\"execute\":\"query-st"), "");
	assert_says("atus\",\"id\":[1,{\"a\":\"b\"}]}",
		"{ \"return\": { \"status\": \"prelaunch\", \"running\": "
		"false }, \"id\": [ 1, { \"a\": \"b\" } ] }");
	/* Two requests in one piece give two answers, in order. */
	assert_says("{\"execute\":\"stop\",\"id\":1}"
		    "{\"execute\":\"cont\",\"id\":2}",
		"{ \"return\": { }, \"id\": 1 }\r\n"
		"{ \"return\": { }, \"id\": 2 }\r\n");
	assert_int_equal(fake.state, CF_RUN_RUNNING);
}

static void test_malformed_requests_are_named(void **state)
{
	negotiate();
	assert_says("[1]", "QMP input must be a JSON object");
	assert_says("{\"a\":1}", "QMP input member 'a' is unexpected");
	assert_says("{\"id\":7}", "QMP input lacks member 'execute'");
	assert_says("{\"id\":7}", "\"id\": 7");
	assert_says("{\"execute\":1}", "'execute' must be a string");
	assert_says("{\"execute\":\"stop\",\"arguments\":[]}",
		"'arguments' must be an object");
	assert_says(
		"{\"execute\":\"fly\"}", "The command fly has not been found");
	assert_says("{\"execute\":\"stop\",\"arguments\":{\"x\":1}}",
		"Parameter 'x' is unexpected");
	assert_says("{\"execute\":\"pmemsave\",\"arguments\":{\"val\":0,"
		    "\"size\":1}}",
		"Parameter 'filename' is missing");
	assert_says("{\"execute\":\"pmemsave\",\"arguments\":{\"val\":\"0\","
		    "\"size\":1,\"filename\":\"f\"}}",
		"Invalid parameter type for 'val', expected: integer");
}

static void test_text_that_is_no_json_costs_one_line(void **state)
{
	negotiate();
	assert_says("}{ garbage \"\n", "JSON parse error");
	assert_says("{\"execute\":\"query-status\"}\n", "prelaunch");
	assert_says("{'a':\n", "");
	assert_says("\x01\x02\n", "JSON parse error");
	assert_says("{\"execute\":\"query-status\"}\n", "prelaunch");
}

static void test_ten_megabytes_of_garbage_are_survived(void **state)
{
	size_t n = (size_t)10 << 20;
	char *text = malloc(n + 1);

	assert_non_null(text);
	negotiate();
	/* An endless string: over the limit, one error, then skipped. */
	memset(text, 'x', n);
	memcpy(text, "{\"a\":\"", 6);
	text[n] = '\0';
	assert_says(text, "request is too long");
	assert_true(said.len < 200);
	/* Depth is limited too. */
	memset(text, '[', n);
	assert_says("\n", "");
	assert_says(text, "JSON parse error");
	assert_says("\n{\"execute\":\"query-status\"}\n", "prelaunch");
	free(text);
}

static void test_every_reply_fits_its_schema(void **state)
{
	negotiate();
	for (size_t i = 0; qmp_command_at(i); i++) {
		const struct qapi_command *c = &qmp_command_at(i)->schema;
		struct json_object *reply, *ret;
		char request[128], why[256];

		if (c->args != &qapi_empty || strcmp(c->name, "quit") == 0 ||
			strcmp(c->name, "system_reset") == 0 ||
			strcmp(c->name, "system_powerdown") == 0 ||
			strcmp(c->name, "query-qmp-schema") == 0)
			continue;
		snprintf(request, sizeof(request), "{\"execute\":\"%s\"}",
			c->name);
		reply = json_tokener_parse(say(request));
		assert_non_null(reply);
		if (!json_object_object_get_ex(reply, "return", &ret))
			fail_msg("%s: %s", c->name,
				json_object_to_json_string(reply));
		if (!qapi_check(c->ret, ret, "return", why, sizeof(why)))
			fail_msg("%s: %s", c->name, why);
		json_object_put(reply);
	}
}

/* A value of the member's type, or one that is of no member's. */
static struct json_object *value_of(const struct qapi_member *m, bool wrong)
{
	if (wrong)
		return json_object_new_array();
	if (m->type == &qapi_str)
		return json_object_new_string("AAAA");
	return json_object_new_int(0);
}

/* Execute with all members that must be there but `without`, with `broken` of
 * the wrong type. */
static const char *say_with(const struct qapi_command *c, const char *without,
	const char *broken, const char *extra)
{
	struct json_object *request = json_object_new_object();
	struct json_object *args = json_object_new_object();
	const char *answer;

	for (const struct qapi_member *m = c->args->members; m->name; m++) {
		bool wrong = broken && strcmp(broken, m->name) == 0;

		if ((m->optional && !wrong) ||
			(without && strcmp(without, m->name) == 0))
			continue;
		json_object_object_add(args, m->name, value_of(m, wrong));
	}
	if (extra)
		json_object_object_add(args, extra, json_object_new_int(1));
	json_object_object_add(
		request, "execute", json_object_new_string(c->name));
	json_object_object_add(request, "arguments", args);
	answer = say(json_object_to_json_string(request));
	json_object_put(request);
	return answer;
}

static void must_refuse(const struct qapi_command *c, const char *answer,
	const char *fmt, const char *member)
{
	char want[128];

	snprintf(want, sizeof(want), fmt, member);
	if (!strstr(answer, want) || !strstr(answer, "GenericError"))
		fail_msg("%s answered %s, not %s", c->name, answer, want);
}

static void test_every_command_checks_every_argument(void **state)
{
	negotiate();
	for (size_t i = 1; qmp_command_at(i); i++) {
		const struct qapi_command *c = &qmp_command_at(i)->schema;

		must_refuse(c, say_with(c, NULL, NULL, "lunch"),
			"Parameter '%s' is unexpected", "lunch");
		for (const struct qapi_member *m = c->args->members; m->name;
			m++) {
			must_refuse(c, say_with(c, NULL, m->name, NULL),
				"Invalid parameter type for '%s'", m->name);
			if (!m->optional)
				must_refuse(c, say_with(c, m->name, NULL, NULL),
					"Parameter '%s' is missing", m->name);
		}
	}
	assert_false(fake.quit);
	assert_int_equal(fake.nmis, 0);
}

static void test_facts_about_the_program(void **state)
{
	negotiate();
	assert_says("{\"execute\":\"query-target\"}", "\"arch\": \"x86_64\"");
	assert_says("{\"execute\":\"query-name\"}", "{ \"name\": \"vm1\" }");
	assert_says("{\"execute\":\"query-machines\"}", "\"alias\": \"q35\"");
	assert_says("{\"execute\":\"query-cpu-definitions\"}",
		"\"typename\": \"EPYC-Milan-x86_64-cpu\"");
	assert_says("{\"execute\":\"inject-nmi\"}", "{ \"return\": { } }");
	assert_int_equal(fake.nmis, 1);
}

static void test_migration_is_told_as_qapi_has_it(void **state)
{
	negotiate();
	assert_says("{\"execute\":\"query-migrate\"}", "{ \"return\": { } }");
	assert_says("{\"execute\":\"migrate\",\"arguments\":"
		    "{\"uri\":\"exec:cat\"}}",
		"no way 'exec:cat'");
	assert_says("{\"execute\":\"migrate\",\"arguments\":"
		    "{\"uri\":\"file:x\"}}",
		"{ \"return\": { } }");
	fake.migration.total = 8192;
	fake.migration.remaining = 4096;
	fake.migration.normal_pages = 1;
	assert_says("{\"execute\":\"query-migrate\"}",
		"\"status\": \"active\", \"ram\": { \"total\": 8192, "
		"\"transferred\": 0, \"remaining\": 4096, \"duplicate\": 0, "
		"\"normal\": 1, \"normal-bytes\": 4096");
	assert_says("{\"execute\":\"migrate_cancel\"}", "return");
	fake.migration.error = "cancelled";
	assert_says("{\"execute\":\"query-migrate\"}",
		"\"error-desc\": \"cancelled\"");
	fake.migration.status = CF_MIGRATE_COMPLETED;
	fake.migration.downtime_ms = 12;
	assert_says("{\"execute\":\"query-migrate\"}", "\"downtime\": 12");
}

static void test_introspection_names_every_command_and_type(void **state)
{
	struct json_object *reply, *list;

	negotiate();
	reply = json_tokener_parse(say("{\"execute\":\"query-qmp-schema\"}"));
	assert_true(json_object_object_get_ex(reply, "return", &list));
	/* Every type that is referred to is described. */
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		static const char *const refs[] = { "arg-type", "ret-type",
			"element-type" };

		for (size_t r = 0; r < CF_ARRAY_LEN(refs); r++) {
			struct json_object *ref, *name;
			bool found = false;

			if (!json_object_object_get_ex(o, refs[r], &ref))
				continue;
			for (size_t j = 0; j < json_object_array_length(list);
				j++) {
				json_object_object_get_ex(
					json_object_array_get_idx(list, j),
					"name", &name);
				found |= json_object_equal(ref, name);
			}
			if (!found)
				fail_msg("%s is not described",
					json_object_get_string(ref));
		}
	}
	json_object_put(reply);
	assert_says("{\"execute\":\"query-commands\"}",
		"{ \"name\": \"sev-inject-launch-secret\" }");
}

static void test_events_reach_negotiated_sessions_only(void **state)
{
	said.len = 0;
	cf_monitor_event(mon, "STOP", NULL);
	assert_int_equal(said.len, 0);
	negotiate();
	said.len = 0;
	cf_monitor_event(mon, "STOP", NULL);
	assert_non_null(strstr(cf_buf_text(&said), "\"event\": \"STOP\""));
	assert_non_null(strstr(cf_buf_text(&said), "\"microseconds\": "));
}

static void test_addresses_follow_qemu(void **state)
{
	struct qmp_where w;

	assert_ok(qmp_where_parse("unix:/tmp/a,server=on,wait=off", &w, &err));
	assert_int_equal(w.kind, QMP_UNIX);
	assert_string_equal(w.address, "/tmp/a");
	assert_false(w.wait);
	assert_ok(qmp_where_parse("tcp:localhost:4444,server", &w, &err));
	assert_string_equal(w.port, "4444");
	assert_true(w.wait);
	assert_ok(qmp_where_parse("stdio", &w, &err));
	assert_status(COFFER_ERR_ARGUMENT,
		qmp_where_parse("tcp:h,server=on", &w, &err));
	assert_message("no port");
	assert_status(
		COFFER_ERR_ARGUMENT, qmp_where_parse("unix:/tmp/a", &w, &err));
	assert_message("only server=on is supported");
	assert_status(COFFER_ERR_ARGUMENT,
		qmp_where_parse("pipe:x,server=on", &w, &err));
	assert_status(COFFER_ERR_ARGUMENT,
		qmp_where_parse("unix:/a,server=on,tls=on", &w, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		monitor_test(test_greeting_and_negotiation),
		monitor_test(test_id_comes_back_and_pieces_are_joined),
		monitor_test(test_malformed_requests_are_named),
		monitor_test(test_text_that_is_no_json_costs_one_line),
		monitor_test(test_ten_megabytes_of_garbage_are_survived),
		monitor_test(test_every_reply_fits_its_schema),
		monitor_test(test_every_command_checks_every_argument),
		monitor_test(test_facts_about_the_program),
		monitor_test(test_migration_is_told_as_qapi_has_it),
		monitor_test(test_introspection_names_every_command_and_type),
		monitor_test(test_events_reach_negotiated_sessions_only),
		monitor_test(test_addresses_follow_qemu),
	};

	return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}
