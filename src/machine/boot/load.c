/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading: a plan, a firmware image, and the creation of the VM with the
 * first state of its vCPUs.
 */
#include "machine/machine_priv.h"

#include "base/base.h"
#include "image/cpu_state.h"
#include "image/image.h"
#include "machine/boot/load_priv.h"
#include "sp/sp.h"

#include <inttypes.h>

enum coffer_status cf_machine_create_vm(struct cf_machine *m,
	const struct cf_machine_launch *launch, uint64_t sev_features,
	struct coffer_error *err)
{
	struct cf_vm_config c = { .platform = m->config.platform,
		.vcpus = m->config.vcpus,
		.memory = m->memory,
		.host = &m->host,
		.log = m->config.log,
		.faults = m->config.faults,
		.cpu_model = m->config.cpu_model,
		.cpu = m->config.cpu,
		.tsc_hz = CF_MACHINE_TSC_HZ,
		.trace = m->config.trace,
		.seeded = m->config.seeded,
		.seed = m->config.seed,
		.cbit = m->config.cbit,
		.sev_features = sev_features,
		.debug_policy = m->may_debug,
		.kvm = m->config.kvm };

	if (launch) {
		c.sp = launch->sp;
		c.asid = launch->asid;
		c.certs = launch->certs;
	}
	return m->accel->vm_create(&c, &m->vm, err);
}

/* Boot processor: as given, or reset; the others wait for a start-up IPI. */
enum coffer_status cf_machine_set_reset_state(
	struct cf_machine *m, unsigned vcpu, struct coffer_error *err)
{
	struct cf_cpu_state state;
	uint32_t signature = 0;

	if (m->config.cpu_model &&
		!cf_cpu_type_signature(m->config.cpu_model, &signature))
		signature = 0x00800F12;
	cf_cpu_state_reset(&state, signature);
	return m->accel->set_state(m->vm, vcpu, &state, err);
}

static enum coffer_status step_state(const struct cf_step *step,
	struct cf_cpu_state *out, struct coffer_error *err)
{
	switch (step->format) {
	case CF_VCPU_VMSA:
		if (step->len < CF_PAGE_SIZE)
			break;
		cf_vmsa_decode(step->data, out);
		return COFFER_OK;
	case CF_VCPU_NATIVE:
		/* It lacks debug, FPU and more: those are as after reset. */
		cf_cpu_state_reset(out, 0);
		return cf_native_context_decode(
			step->data, step->len, out, err);
	case CF_VCPU_VBS:
		break;
	}
	return cf_fail(err, COFFER_ERR_UNSUPPORTED,
		"machine: vCPU %u: no engine takes this form of state",
		step->vp_index);
}

static enum coffer_status set_states(struct cf_machine *m,
	const struct cf_plan *plan, struct coffer_error *err)
{
	enum coffer_status s = COFFER_OK;

	for (unsigned i = 0; i < m->config.vcpus && s == COFFER_OK; i++) {
		s = cf_machine_set_reset_state(m, i, err);
		if (s == COFFER_OK)
			m->accel->park(m->vm, i, i != 0);
	}
	for (size_t i = 0; i < plan->nsteps && s == COFFER_OK; i++) {
		const struct cf_step *step = &plan->step[i];
		struct cf_cpu_state state;

		if (step->kind != CF_STEP_VCPU)
			continue;
		if (step->vp_index >= m->config.vcpus)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"machine: the plan has a state for vCPU %u, "
				"but there are %u; give more with -smp",
				step->vp_index, m->config.vcpus);
		s = step_state(step, &state, err);
		if (s == COFFER_OK)
			s = m->accel->set_state(
				m->vm, step->vp_index, &state, err);
	}
	return s;
}

/* SEV_FEATURES of the first VMSA; all of a guest's are the same. */
static uint64_t plan_features(const struct cf_plan *plan)
{
	struct cf_cpu_state state;

	for (size_t i = 0; i < plan->nsteps; i++) {
		const struct cf_step *step = &plan->step[i];

		if (step->kind != CF_STEP_VCPU ||
			step->format != CF_VCPU_VMSA ||
			step->len < CF_PAGE_SIZE)
			continue;
		cf_vmsa_decode(step->data, &state);
		return state.sev_features;
	}
	return 0;
}

/* One region from the lowest page of the flash window that the plan names to
 * the end of the highest, unless a flash chip is there. */
enum coffer_status cf_machine_add_plan_memory(struct cf_machine *m,
	const struct cf_plan *plan, struct coffer_error *err)
{
	uint64_t low = CF_4GIB, high = 0, base = m->plan_env.flash_base;

	for (size_t i = 0; i < plan->nsteps; i++) {
		const struct cf_step *step = &plan->step[i];

		if (step->kind == CF_STEP_VCPU || step->gpa < base ||
			step->gpa >= CF_4GIB ||
			step->len > CF_4GIB - step->gpa || !step->len)
			continue;
		if (step->gpa < low)
			low = step->gpa;
		if (step->gpa + step->len > high)
			high = step->gpa + step->len;
	}
	if (high == 0)
		return COFFER_OK;
	low = cf_align_down(low, CF_PAGE_SIZE);
	high = cf_align_up(high, CF_PAGE_SIZE);
	if (cf_memory_covers(m->memory, low, high - low))
		return COFFER_OK;
	return cf_memory_add(
		m->memory, low, high - low, CF_REGION_RAM, "firmware", err);
}

static enum coffer_status create_vm_of_plan(struct cf_machine *m,
	const struct cf_machine_launch *launch, struct coffer_error *err)
{
	enum coffer_status s = cf_machine_create_vm(
		m, launch, plan_features(launch->plan), err);

	return s ? s : set_states(m, launch->plan, err);
}

/* NODBG of SEV, DEBUG of SNP; a plain guest has no secrets from its host. */
static bool policy_permits_debug(
	const struct cf_machine *m, const struct cf_machine_launch *launch)
{
	uint64_t policy;

	if (m->config.platform == CF_PLATFORM_NATIVE)
		return true;
	policy = launch->params->override_policy || !launch->plan->has_policy
		? launch->params->launch.policy
		: launch->plan->policy;
	return m->config.platform == CF_PLATFORM_SEV_SNP ? policy >> 19 & 1
							 : !(policy & 1);
}

enum coffer_status cf_machine_load_plan(struct cf_machine *m,
	const struct cf_machine_launch *launch, struct coffer_error *err)
{
	enum coffer_status s = COFFER_OK;

	m->has_firmware = true;
	m->may_debug = policy_permits_debug(m, launch);
	/* A payload without firmware needs the power management block; OVMF
	 * keeps one that is enabled. */
	s = cf_q35_preset(m->q35, err);
	if (s == COFFER_OK && m->accel->vm_before_launch)
		s = create_vm_of_plan(m, launch, err);
	if (s)
		return s;
	s = cf_launch_replay(
		launch->plan, launch->params, m->memory, launch->sp, err);
	if (s)
		return s;
	m->launch = *launch;
	m->launch_pending = true;
	return COFFER_OK;
}

enum coffer_status cf_machine_finish_launch(
	struct cf_machine *m, struct coffer_error *err)
{
	const struct cf_machine_launch *launch = &m->launch;
	enum coffer_status s = COFFER_OK;

	if (!m->launch_pending)
		return COFFER_OK;
	m->launch_pending = false;
	if (launch->sp)
		s = launch->sp->ops->launch_finish(
			launch->sp, launch->finish, err);
	if (s == COFFER_OK && !m->accel->vm_before_launch)
		s = create_vm_of_plan(m, launch, err);
	return s;
}

static enum coffer_status start_at_reset(
	struct cf_machine *m, struct coffer_error *err)
{
	enum coffer_status s = cf_machine_create_vm(m, NULL, 0, err);

	for (unsigned i = 0; i < m->config.vcpus && s == COFFER_OK; i++) {
		s = cf_machine_set_reset_state(m, i, err);
		if (s == COFFER_OK)
			m->accel->park(m->vm, i, i != 0);
	}
	return s;
}

enum coffer_status cf_machine_load_firmware(struct cf_machine *m,
	const uint8_t *image, size_t len, struct coffer_error *err)
{
	enum coffer_status s;

	if (len == 0 || len % CF_PAGE_SIZE || len > CF_4GIB - FLASH_LOWEST)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"firmware: %zu bytes; it must be whole pages, at most "
			"16 MiB",
			len);
	m->has_firmware = true;
	if ((s = cf_memory_add(m->memory, CF_4GIB - len, len, CF_REGION_ROM,
		     "firmware", err)) ||
		(s = cf_guest_write(m->memory, CF_4GIB - len, image, len, err)))
		return s;
	return start_at_reset(m, err);
}

enum coffer_status cf_machine_start_flash(
	struct cf_machine *m, struct coffer_error *err)
{
	m->has_firmware = true;
	return start_at_reset(m, err);
}
