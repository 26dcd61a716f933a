/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A monitor and one session over a virtual machine that answers without being
 * one: what a client says goes in with say(), what it hears comes out.
 */
#ifndef CF_TEST_MONITOR_FIXTURE_H
#define CF_TEST_MONITOR_FIXTURE_H

#include "test.h"

#include "monitor/monitor_priv.h"

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

#define monitor_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
