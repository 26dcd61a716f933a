/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's view of a running guest.  Callbacks come from the monitor's
 * thread; the guest's current life is guarded by one lock, since a reset
 * replaces it.
 */
#include "cli/run/run_priv.h"

#include "memory/memory.h"
#include "sp/kvm/sp_kvm.h"

#include <json-c/json.h>
#include <string.h>

static struct run *lock(void *opaque)
{
	struct run *r = opaque;

	pthread_mutex_lock(&r->life_lock);
	return r;
}

static void unlock(struct run *r)
{
	pthread_mutex_unlock(&r->life_lock);
}

static enum coffer_status no_machine(struct coffer_error *err)
{
	return cf_fail(
		err, COFFER_ERR_STATE, "the guest is being started or ended");
}

/* From the first moment on: the monitor answers before the way is open. */
static bool is_incoming(const struct run *r)
{
	return r->opts.incoming &&
		(r->migration.status == CF_MIGRATE_NONE || run_is_migrating(r));
}

static enum cf_run_state run_state(void *opaque)
{
	struct run *r = lock(opaque);
	enum cf_run_state s = CF_RUN_SHUTDOWN;

	if (r->has_stopped_on_error)
		s = CF_RUN_INTERNAL_ERROR;
	else if (is_incoming(r))
		s = CF_RUN_INMIGRATE;
	else if (r->machine && cf_machine_is_running(r->machine))
		s = CF_RUN_RUNNING;
	else if (r->machine && !r->opts.incoming &&
		r->migration.status == CF_MIGRATE_COMPLETED)
		s = CF_RUN_POSTMIGRATE;
	else if (r->machine)
		s = r->has_started ? CF_RUN_PAUSED : CF_RUN_PRELAUNCH;
	unlock(r);
	return s;
}

/* While a migration holds the machine still. */
static enum coffer_status is_free(struct run *r, struct coffer_error *err)
{
	if (!r->machine)
		return no_machine(err);
	if (run_is_migrating(r))
		return cf_fail(err, COFFER_ERR_STATE,
			"the guest is being migrated; migrate_cancel ends that");
	return COFFER_OK;
}

static enum coffer_status stop(void *opaque, struct coffer_error *err)
{
	struct run *r = lock(opaque);
	enum coffer_status s = is_free(r, err);
	bool ran = false;

	if (!s) {
		ran = cf_machine_is_running(r->machine);
		cf_machine_pause(r->machine);
	}
	unlock(r);
	if (ran)
		cf_monitor_event(r->monitor, "STOP", NULL);
	return s;
}

static enum coffer_status cont(void *opaque, struct coffer_error *err)
{
	struct run *r = lock(opaque);
	enum coffer_status s = is_free(r, err);
	bool was_paused = false;

	if (!s) {
		was_paused = !cf_machine_is_running(r->machine);
		r->has_started = true;
		cf_machine_resume(r->machine);
	}
	unlock(r);
	if (was_paused)
		cf_monitor_event(r->monitor, "RESUME", NULL);
	return s;
}

static enum coffer_status powerdown(void *opaque, struct coffer_error *err)
{
	struct run *r = lock(opaque);
	enum coffer_status s = is_free(r, err);

	if (!s)
		cf_machine_power_button(r->machine);
	unlock(r);
	return s;
}

static enum coffer_status reset(void *opaque, struct coffer_error *err)
{
	struct run *r = lock(opaque);
	enum coffer_status s;
	enum cf_platform p = r->opts.platform;

	if (p == CF_PLATFORM_SEV_ES || p == CF_PLATFORM_SEV_SNP) {
		unlock(r);
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"a %s guest does not support reset: its registers are "
			"encrypted; end it and start it again",
			cf_platform_name(p));
	}
	s = is_free(r, err);
	if (!s)
		cf_machine_reset(r->machine);
	unlock(r);
	return s;
}

static enum coffer_status nmi(void *opaque, struct coffer_error *err)
{
	struct run *r = lock(opaque);
	enum coffer_status s = is_free(r, err);

	if (!s)
		cf_machine_nmi(r->machine);
	unlock(r);
	return s;
}

static void quit(void *opaque)
{
	struct run *r = lock(opaque);

	r->quit_asked = true;
	run_migrate_cancel(r);
	if (r->machine)
		cf_machine_quit(r->machine);
	unlock(r);
}

static unsigned vcpus(void *opaque)
{
	return ((struct run *)opaque)->opts.vcpus;
}

static uint64_t memory_size(void *opaque)
{
	return ((struct run *)opaque)->config.memory;
}

static const char *accel_name(void *opaque)
{
	return ((struct run *)opaque)->config.accel->name;
}

/* The launch as QAPI counts it: SEV and SEV-ES wait for secrets from the
 * measurement to the first run. */
static enum cf_sev_state sev_state(const struct run *r)
{
	if (!r->machine || !r->guest)
		return CF_SEV_UNINIT;
	if (r->has_started)
		return CF_SEV_RUNNING;
	return r->opts.platform == CF_PLATFORM_SEV_SNP ? CF_SEV_LAUNCH_UPDATE
						       : CF_SEV_LAUNCH_SECRET;
}

static void sev_info(void *opaque, struct cf_monitor_sev_info *out)
{
	struct run *r = lock(opaque);

	*out = (struct cf_monitor_sev_info) { 0 };
	if (r->opts.guest) {
		out->enabled = true;
		out->snp = r->opts.platform == CF_PLATFORM_SEV_SNP;
		out->api_major = r->api_major;
		out->api_minor = r->api_minor;
		out->build_id = r->api_build;
		out->state = sev_state(r);
		out->policy = r->launched_policy;
		out->handle = out->snp ? 0 : 1;
	}
	unlock(r);
}

static enum coffer_status sev_launch_measure(
	void *opaque, uint8_t out[48], struct coffer_error *err)
{
	struct run *r = lock(opaque);

	memcpy(out, r->measurement, sizeof(r->measurement));
	unlock(r);
	return COFFER_OK;
}

static enum coffer_status sev_inject_secret(void *opaque, const uint8_t *header,
	size_t header_len, const uint8_t *secret, size_t secret_len,
	const uint64_t *gpa, struct coffer_error *err)
{
	struct run *r = lock(opaque);
	enum coffer_status s;

	if (!r->guest)
		s = no_machine(err);
	else if (!gpa && !r->ovmf.has_secret_area)
		s = cf_fail(err, COFFER_ERR_ARGUMENT,
			"SEV: no secret area found in OVMF, gpa must be "
			"specified.");
	else
		s = r->guest->ops->launch_secret(r->guest, header, header_len,
			secret, secret_len, gpa ? *gpa : r->ovmf.secret_gpa,
			err);
	unlock(r);
	return s;
}

static enum coffer_status sev_attestation(void *opaque,
	const uint8_t mnonce[16], uint8_t *out, size_t *len,
	struct coffer_error *err)
{
	struct run *r = lock(opaque);
	enum coffer_status s;

	if (!r->guest)
		s = no_machine(err);
	else if (!r->guest->ops->attestation)
		s = cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"an SEV-SNP guest asks for its report itself");
	else
		s = r->guest->ops->attestation(r->guest, mnonce, out, len, err);
	unlock(r);
	return s;
}

static enum coffer_status read_physical(void *opaque, uint64_t gpa, void *out,
	size_t len, struct coffer_error *err)
{
	struct run *r = lock(opaque);
	enum coffer_status s = r->machine
		? cf_guest_read(
			  cf_machine_memory(r->machine), gpa, out, len, err)
		: no_machine(err);

	unlock(r);
	return s;
}

/* Registers, and what they point to, are read while the guest stands still. */
static enum coffer_status stands_still(struct run *r, struct coffer_error *err)
{
	if (!r->machine)
		return no_machine(err);
	if (cf_machine_is_running(r->machine))
		return cf_fail(err, COFFER_ERR_STATE,
			"the guest is running; 'stop' it to see registers and "
			"what they point to");
	return COFFER_OK;
}

static enum coffer_status read_virtual(void *opaque, unsigned vcpu,
	uint64_t gva, void *out, size_t len, struct coffer_error *err)
{
	struct run *r = lock(opaque);
	enum coffer_status s = stands_still(r, err);

	if (!s)
		s = cf_machine_read_virtual(
			r->machine, vcpu, gva, out, len, err);
	unlock(r);
	return s;
}

static enum coffer_status registers(void *opaque, unsigned vcpu,
	struct cf_cpu_state *out, struct coffer_error *err)
{
	struct run *r = lock(opaque);
	enum coffer_status s = stands_still(r, err);

	if (!s)
		s = cf_machine_vcpu_state(r->machine, vcpu, out, err);
	unlock(r);
	return s;
}

static enum coffer_status migrate(
	void *opaque, const char *uri, struct coffer_error *err)
{
	struct run *r = lock(opaque);
	enum coffer_status s =
		r->machine ? run_migrate(r, uri, err) : no_machine(err);

	unlock(r);
	return s;
}

static void migrate_cancel(void *opaque)
{
	run_migrate_cancel(opaque);
}

static void migrate_info(void *opaque, struct cf_monitor_migrate_info *out)
{
	run_migrate_info(opaque, out);
}

enum coffer_status run_start_monitor(struct run *r, struct coffer_error *err)
{
	enum coffer_status s;

	pthread_mutex_init(&r->life_lock, NULL);
	r->monitor_vm = (struct cf_monitor_vm) {
		.opaque = r,
		.run_state = run_state,
		.stop = stop,
		.cont = cont,
		.powerdown = powerdown,
		.reset = reset,
		.nmi = nmi,
		.guest_name = r->opts.name,
		.quit = quit,
		.vcpus = vcpus,
		.memory_size = memory_size,
		.accel_name = accel_name,
		.sev_info = sev_info,
		.sev_launch_measure = sev_launch_measure,
		.sev_inject_secret = sev_inject_secret,
		.sev_attestation = sev_attestation,
		.sev_capabilities = run_sev_capabilities,
		.read_physical = read_physical,
		.read_virtual = read_virtual,
		.registers = registers,
		.migrate = migrate,
		.migrate_cancel = migrate_cancel,
		.migrate_info = migrate_info,
	};
	if (!r->opts.qmp)
		return COFFER_OK;
	s = cf_monitor_create(&r->monitor_vm, &r->log, &r->monitor, err);
	return s ? s : cf_monitor_listen(r->monitor, r->opts.qmp, err);
}

void run_stop_monitor(struct run *r)
{
	cf_monitor_destroy(r->monitor);
	r->monitor = NULL;
	pthread_mutex_destroy(&r->life_lock);
}

/* SHUTDOWN or RESET, with the cause as QAPI names it. */
void run_tell_end(struct run *r, const struct cf_machine_result *result)
{
	static const char *const reasons[] = {
		[CF_END_NONE] = "none",
		[CF_END_POWEROFF] = "guest-shutdown",
		[CF_END_RESET] = "guest-reset",
		[CF_END_DEBUG_EXIT] = "guest-shutdown",
		[CF_END_QUIT] = "host-qmp-quit",
		[CF_END_BUDGET] = "host-error",
		[CF_END_FAILED] = "guest-panic",
	};
	struct json_object *data;

	if (!r->monitor)
		return;
	data = json_object_new_object();
	json_object_object_add(data, "guest",
		json_object_new_boolean(result->end != CF_END_QUIT &&
			result->end != CF_END_BUDGET));
	json_object_object_add(
		data, "reason", json_object_new_string(reasons[result->end]));
	cf_monitor_event(r->monitor,
		result->end == CF_END_RESET ? "RESET" : "SHUTDOWN", data);
}
