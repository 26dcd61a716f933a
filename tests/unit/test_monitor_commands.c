/* SPDX-License-Identifier: Apache-2.0 */
/* What single commands of the monitor do: SEV, memory, the human ones. */
#include "monitor_fixture.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		monitor_test(test_sev_info_differs_by_type),
		monitor_test(test_measurement_only_after_it_was_taken),
		monitor_test(test_secret_needs_the_right_state_and_base64),
		monitor_test(test_attestation_nonce_is_sixteen_bytes),
		monitor_test(test_failures_carry_the_reason),
		monitor_test(test_pmemsave_writes_what_the_host_sees),
		monitor_test(test_memsave_goes_through_the_vcpu),
		monitor_test(test_human_commands_examine_memory),
		monitor_test(test_human_commands_print_text),
	};

	return cmocka_run_group_tests_name(
		"monitor_commands", tests, NULL, NULL);
}
