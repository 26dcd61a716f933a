/* SPDX-License-Identifier: Apache-2.0 */
/* QMP sessions without sockets: negotiation, commands, refusals, events. */
#include "test.h"

#include "monitor/monitor_priv.h"
#include "monitor/where.h"

static struct coffer_error err;

/* A machine that remembers what it was asked. */
struct fake_vm {
	enum cf_run_state state;
	struct cf_monitor_sev_info sev;
	bool quit;
	unsigned nmis;
	struct cf_monitor_migrate_info migration;
	uint64_t secret_gpa;
	size_t secret_len;
};

static enum cf_run_state fake_run_state(void *opaque)
{
	return ((struct fake_vm *)opaque)->state;
}

static enum coffer_status fake_stop(void *opaque, struct coffer_error *e)
{
	((struct fake_vm *)opaque)->state = CF_RUN_PAUSED;
	return COFFER_OK;
}

static enum coffer_status fake_cont(void *opaque, struct coffer_error *e)
{
	((struct fake_vm *)opaque)->state = CF_RUN_RUNNING;
	return COFFER_OK;
}

static enum coffer_status fake_reset(void *opaque, struct coffer_error *e)
{
	return cf_fail(e, COFFER_ERR_STATE, "an SEV-ES guest cannot reboot");
}

static enum coffer_status fake_powerdown(void *opaque, struct coffer_error *e)
{
	return COFFER_OK;
}

static enum coffer_status fake_nmi(void *opaque, struct coffer_error *e)
{
	((struct fake_vm *)opaque)->nmis++;
	return COFFER_OK;
}

static enum coffer_status fake_migrate(
	void *opaque, const char *uri, struct coffer_error *e)
{
	if (strncmp(uri, "file:", 5) != 0)
		return cf_fail(e, COFFER_ERR_ARGUMENT, "no way '%s'", uri);
	((struct fake_vm *)opaque)->migration.status = CF_MIGRATE_ACTIVE;
	return COFFER_OK;
}

static void fake_migrate_cancel(void *opaque)
{
	((struct fake_vm *)opaque)->migration.status = CF_MIGRATE_CANCELLED;
}

static void fake_migrate_info(void *opaque, struct cf_monitor_migrate_info *out)
{
	*out = ((struct fake_vm *)opaque)->migration;
}

static void fake_quit(void *opaque)
{
	((struct fake_vm *)opaque)->quit = true;
}

static unsigned fake_vcpus(void *opaque)
{
	return 2;
}

static uint64_t fake_memory_size(void *opaque)
{
	return (uint64_t)1 << 31;
}

static const char *fake_accel(void *opaque)
{
	return "soft";
}

static void fake_sev_info(void *opaque, struct cf_monitor_sev_info *out)
{
	*out = ((struct fake_vm *)opaque)->sev;
}

static enum coffer_status fake_capabilities(void *opaque,
	struct cf_monitor_sev_capabilities *out, struct coffer_error *e)
{
	static const uint8_t bytes[3] = { 1, 2, 3 };

	*out = (struct cf_monitor_sev_capabilities) { .pdh = bytes,
		.pdh_len = 3,
		.cert_chain = bytes,
		.cert_chain_len = 2,
		.cpu0_id = bytes,
		.cpu0_id_len = 1,
		.cbitpos = 51,
		.reduced_phys_bits = 1 };
	return COFFER_OK;
}

static enum coffer_status fake_measure(
	void *opaque, uint8_t out[48], struct coffer_error *e)
{
	memset(out, 0xab, 48);
	return COFFER_OK;
}

static enum coffer_status fake_inject(void *opaque, const uint8_t *header,
	size_t header_len, const uint8_t *secret, size_t secret_len,
	const uint64_t *gpa, struct coffer_error *e)
{
	struct fake_vm *vm = opaque;

	vm->secret_len = secret_len;
	vm->secret_gpa = gpa ? *gpa : 0;
	return COFFER_OK;
}

static enum coffer_status fake_attestation(void *opaque,
	const uint8_t mnonce[16], uint8_t *out, size_t *len,
	struct coffer_error *e)
{
	memset(out, 0, 208);
	memcpy(out, mnonce, 16);
	*len = 208;
	return COFFER_OK;
}

static enum coffer_status fake_read(void *opaque, uint64_t gpa, void *out,
	size_t len, struct coffer_error *e)
{
	if (gpa >= 0x100000)
		return cf_fail(e, COFFER_ERR_ARGUMENT, "no memory there");
	memset(out, 0x5a, len);
	return COFFER_OK;
}

/* Linear addresses hold their own low byte; the upper half is not mapped. */
static enum coffer_status fake_read_virtual(void *opaque, unsigned vcpu,
	uint64_t gva, void *out, size_t len, struct coffer_error *e)
{
	if (gva >> 63)
		return cf_fail(e, COFFER_ERR_ARGUMENT, "no page there");
	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = (uint8_t)(gva + i + vcpu);
	return COFFER_OK;
}

static enum coffer_status fake_registers(void *opaque, unsigned vcpu,
	struct cf_cpu_state *out, struct coffer_error *e)
{
	out->rip = 0xfff0;
	return COFFER_OK;
}

static struct fake_vm fake;
static struct cf_monitor_vm fake_ops = {
	.opaque = &fake,
	.run_state = fake_run_state,
	.stop = fake_stop,
	.cont = fake_cont,
	.powerdown = fake_powerdown,
	.reset = fake_reset,
	.quit = fake_quit,
	.nmi = fake_nmi,
	.migrate = fake_migrate,
	.migrate_cancel = fake_migrate_cancel,
	.migrate_info = fake_migrate_info,
	.guest_name = "guest=vm1,debug-threads=on",
	.vcpus = fake_vcpus,
	.memory_size = fake_memory_size,
	.accel_name = fake_accel,
	.sev_info = fake_sev_info,
	.sev_capabilities = fake_capabilities,
	.sev_launch_measure = fake_measure,
	.sev_inject_secret = fake_inject,
	.sev_attestation = fake_attestation,
	.read_physical = fake_read,
	.read_virtual = fake_read_virtual,
	.registers = fake_registers,
};

/* A session whose output is collected. */
static struct cf_monitor *mon;
static struct cf_monitor_session *session;
static struct cf_buf said;

static void collect(void *opaque, const char *text, size_t len)
{
	cf_buf_append(&said, text, len);
}

static int setup(void **state)
{
	fake = (struct fake_vm) { .state = CF_RUN_PRELAUNCH };
	fake.sev = (struct cf_monitor_sev_info) { .enabled = true,
		.api_major = 1,
		.api_minor = 55,
		.build_id = 3,
		.state = CF_SEV_LAUNCH_SECRET,
		.policy = 5,
		.handle = 1 };
	return cf_monitor_create(&fake_ops, NULL, &mon, &err) ||
		cf_monitor_session_create(mon, collect, NULL, &session, &err);
}

static int teardown(void **state)
{
	cf_monitor_session_destroy(session);
	cf_monitor_destroy(mon);
	cf_buf_finish(&said);
	return 0;
}

/* What the session says to this input. */
static const char *say(const char *text)
{
	said.len = 0;
	cf_monitor_session_input(session, text, strlen(text));
	return cf_buf_text(&said);
}

static void negotiate(void)
{
	assert_string_equal(say("{\"execute\":\"qmp_capabilities\"}"),
		"{ \"return\": { } }\r\n");
}

#define assert_says(text, want)                                          \
	do {                                                             \
		const char *got_ = say(text);                            \
		if (!strstr(got_, (want)))                               \
			fail_msg("%s answered %s, not %s", (text), got_, \
				(want));                                 \
	} while (0)

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

static void test_sev_info_differs_by_type(void **state)
{
	negotiate();
	assert_says("{\"execute\":\"query-sev\"}",
		"\"enabled\": true, \"api-major\": 1, \"api-minor\": 55, "
		"\"build-id\": 3, \"state\": \"launch-secret\", \"sev-type\": "
		"\"sev\", \"policy\": 5, \"handle\": 1");
	fake.sev.snp = true;
	fake.sev.policy = 0x30000;
	assert_says("{\"execute\":\"query-sev\"}",
		"\"sev-type\": \"sev-snp\", \"snp-policy\": 196608 }");
	fake.sev = (struct cf_monitor_sev_info) { 0 };
	assert_says("{\"execute\":\"query-sev\"}", "\"enabled\": false");
}

static void test_measurement_only_after_it_was_taken(void **state)
{
	negotiate();
	assert_says("{\"execute\":\"query-sev-launch-measure\"}",
		"\"data\": \"q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6ur");
	fake.sev.state = CF_SEV_LAUNCH_UPDATE;
	assert_says("{\"execute\":\"query-sev-launch-measure\"}",
		"SEV launch measurement is not available");
	fake.sev.state = CF_SEV_RUNNING;
	fake.sev.snp = true;
	assert_says("{\"execute\":\"query-sev-launch-measure\"}",
		"SEV launch measurement is not available");
}

static void test_secret_needs_the_right_state_and_base64(void **state)
{
	negotiate();
	assert_says("{\"execute\":\"sev-inject-launch-secret\",\"arguments\":"
		    "{\"packet-header\":\"AAAA\",\"secret\":\"AAECAw==\","
		    "\"gpa\":8388608}}",
		"{ \"return\": { } }");
	assert_int_equal(fake.secret_len, 4);
	assert_int_equal(fake.secret_gpa, 0x800000);
	assert_says("{\"execute\":\"sev-inject-launch-secret\",\"arguments\":"
		    "{\"packet-header\":\"AAAA\",\"secret\":\"*\"}}",
		"Failed to decode 'secret'");
	fake.sev.state = CF_SEV_RUNNING;
	assert_says("{\"execute\":\"sev-inject-launch-secret\",\"arguments\":"
		    "{\"packet-header\":\"AAAA\",\"secret\":\"AAAA\"}}",
		"SEV: Not in correct state. (LSECRET) 3");
}

static void test_attestation_nonce_is_sixteen_bytes(void **state)
{
	negotiate();
	assert_says("{\"execute\":\"query-sev-attestation-report\","
		    "\"arguments\":{\"mnonce\":\"AAAA\"}}",
		"mnonce must be 16 bytes (got 3)");
	assert_says("{\"execute\":\"query-sev-attestation-report\","
		    "\"arguments\":{\"mnonce\":\"?\"}}",
		"failed to decode mnonce input");
	assert_says("{\"execute\":\"query-sev-attestation-report\","
		    "\"arguments\":{\"mnonce\":\"AQIDBAUGBwgJCgsMDQ4PEA==\"}}",
		"\"data\": \"AQIDBAUGBwgJCgsMDQ4PEAAA");
}

static void test_failures_carry_the_reason(void **state)
{
	negotiate();
	assert_says("{\"execute\":\"system_reset\"}",
		"\"class\": \"GenericError\", \"desc\": \"an SEV-ES guest "
		"cannot reboot\"");
	fake_ops.read_virtual = NULL;
	assert_says("{\"execute\":\"memsave\",\"arguments\":{\"val\":0,"
		    "\"size\":1,\"filename\":\"f\"}}",
		"does not support saving memory");
	fake_ops.read_virtual = fake_read_virtual;
	assert_says("{\"execute\":\"memsave\",\"arguments\":{\"val\":0,"
		    "\"size\":1,\"filename\":\"f\",\"cpu-index\":2}}",
		"Parameter 'cpu-index' expects a CPU number");
	assert_says("{\"execute\":\"system_powerdown\"}",
		"\"event\": \"POWERDOWN\" }\r\n{ \"return\": { } }");
	assert_says("{\"execute\":\"quit\"}", "return");
	assert_true(fake.quit);
}

static void test_pmemsave_writes_what_the_host_sees(void **state)
{
	char dir[] = "/tmp/coffer-test-XXXXXX", path[64], request[256];
	uint8_t *data;
	size_t len;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/m", dir);
	snprintf(request, sizeof(request),
		"{\"execute\":\"pmemsave\",\"arguments\":{\"val\":4090,"
		"\"size\":5000,\"filename\":\"%s\"}}",
		path);
	negotiate();
	assert_says(request, "{ \"return\": { } }");
	assert_ok(cf_read_file(path, 1 << 20, &data, &len, &err));
	assert_int_equal(len, 5000);
	assert_int_equal(data[4999], 0x5a);
	free(data);
	assert_says("{\"execute\":\"pmemsave\",\"arguments\":{\"val\":1048576,"
		    "\"size\":1,\"filename\":\"/dev/null\"}}",
		"no memory there");
	remove(path);
	remove(dir);
}

static void test_memsave_goes_through_the_vcpu(void **state)
{
	char dir[] = "/tmp/coffer-test-XXXXXX", path[64], request[256];
	uint8_t *data;
	size_t len;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/m", dir);
	snprintf(request, sizeof(request),
		"{\"execute\":\"memsave\",\"arguments\":{\"val\":16382,"
		"\"size\":4,\"cpu-index\":1,\"filename\":\"%s\"}}",
		path);
	negotiate();
	assert_says(request, "{ \"return\": { } }");
	assert_ok(cf_read_file(path, 1 << 20, &data, &len, &err));
	assert_int_equal(len, 4);
	assert_memory_equal(data, "\xff\x00\x01\x02", 4);
	free(data);
	assert_says("{\"execute\":\"memsave\",\"arguments\":{\"val\":"
		    "9223372036854775808,\"size\":1,"
		    "\"filename\":\"/dev/null\"}}",
		"no page there");
	assert_says("{\"execute\":\"memsave\",\"arguments\":{\"val\":0,"
		    "\"size\":1,\"cpu-index\":2,\"filename\":\"/dev/null\"}}",
		"expects a CPU number");
	assert_says("{\"execute\":\"memsave\",\"arguments\":{\"val\":0,"
		    "\"size\":-1,\"filename\":\"/dev/null\"}}",
		"must not be negative");
	remove(path);
	remove(dir);
}

#define assert_human(line, want)                                            \
	assert_says("{\"execute\":\"human-monitor-command\",\"arguments\":" \
		    "{\"command-line\":\"" line "\"}}",                     \
		(want))

static void test_human_commands_examine_memory(void **state)
{
	negotiate();
	assert_human("x /4xb 0x10",
		"\"0000000000000010: 0x10 0x11 0x12 0x13"
		"\\r\\n\"");
	assert_human("x /2gx 0x10",
		"0000000000000010: 0x1716151413121110 0x1f1e1d1c1b1a1918");
	assert_human("x/5wx 0",
		"0x0f0e0d0c\\r\\n0000000000000010: "
		"0x13121110\\r\\n");
	assert_human("x 128", "0000000000000080: 0x83828180\\r\\n");
	assert_human("x /db 0xff",
		"0000000000000"
		"0ff: -1\\r\\n");
	assert_human("x /ub 0xff", ": 255\\r\\n");
	assert_human("x /2cb 0x1f", ": '\\\\x1f' ' '\\r\\n");
	assert_human("x /xb $rip", "000000000000fff0: 0xf0\\r\\n");
	assert_human("xp /2xh 0x100", "0000000000000100: 0x5a5a 0x5a5a\\r\\n");
	assert_human("xp 0x100000", "no memory there");
	assert_human("x 0x8000000000000000", "no page there");
	assert_human("x /4i 0", "format 'i' is not known");
	assert_human("x /0 0", "from 1 to 1024 units");
	assert_human("x /99999999999999999999xb 0", "from 1 to 4096 units");
	assert_human("x /4097b 0", "from 1 to 4096 units");
	assert_human("x", "no human command 'x'");
	assert_human("x /4", "'' is no address");
	assert_human("x 12z", "'12z' is no address");
	assert_human("x -1", "'-1' is no address");
	assert_human("x $lunch", "no register '$lunch'");
	assert_human("xy 0", "no human command 'xy 0'");
}

static void test_human_commands_print_text(void **state)
{
	negotiate();
	assert_says("{\"execute\":\"human-monitor-command\",\"arguments\":"
		    "{\"command-line\":\"info registers\"}}",
		"RIP=000000000000fff0");
	assert_says("{\"execute\":\"human-monitor-command\",\"arguments\":"
		    "{\"command-line\":\"info sev\"}}",
		"debug: off");
	assert_human("info kvm", "kvm support: disabled");
	assert_human("info version", "coffer ");
	assert_says("{\"execute\":\"human-monitor-command\",\"arguments\":"
		    "{\"command-line\":\"info lunch\"}}",
		"no human command 'info lunch'");
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

#define monitor_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
		monitor_test(test_sev_info_differs_by_type),
		monitor_test(test_measurement_only_after_it_was_taken),
		monitor_test(test_secret_needs_the_right_state_and_base64),
		monitor_test(test_attestation_nonce_is_sixteen_bytes),
		monitor_test(test_failures_carry_the_reason),
		monitor_test(test_pmemsave_writes_what_the_host_sees),
		monitor_test(test_memsave_goes_through_the_vcpu),
		monitor_test(test_human_commands_examine_memory),
		monitor_test(test_human_commands_print_text),
		monitor_test(test_events_reach_negotiated_sessions_only),
		monitor_test(test_addresses_follow_qemu),
	};

	return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}
