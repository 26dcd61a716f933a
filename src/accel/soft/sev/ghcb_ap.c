/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting and stopping vCPUs whose state the hypervisor cannot set: AP reset
 * hold of SEV-ES and AP creation of SNP.  What is to happen to another vCPU
 * is left as an order that it carries out on its own thread.
 *
 * Source: GHCB specification (AMD 56421), "AP Reset Hold", "SNP AP Creation".
 */
#include "accel/soft/sev/ghcb_priv.h"
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/sev/sev_state_priv.h"

#include "accel/soft/world_priv.h"
#include "base/bytes.h"
#include "base/log.h"

#include <inttypes.h>

#define PAGE       UINT64_C(4096)
#define LARGE_PAGE UINT64_C(0x200000)
#define EFER_SVME  0x1000u

enum ap_request { CREATE_ON_INIT, CREATE_NOW, DESTROY };

void cf_ghcb_hold(struct vcpu *cpu)
{
	cf_sev_of(cpu)->hold = true;
	cpu->wait_sipi = true;
	/* Not one instruction more before the start-up IPI, whose answer in
	 * the MSR the guest would overwrite. */
	cf_attention(cpu, CF_ATT_SEV);
}

enum cf_ghcb_error cf_ghcb_ap_hold(struct ghcb *g)
{
	cf_ghcb_hold(g->cpu);
	return GHCB_OK;
}

void cf_ghcb_wake(struct vcpu *cpu)
{
	struct coffer_error err;
	uint8_t one[8] = { 1 }, valid[16] = { 0 };
	uint64_t gpa = cpu->ghcb_msr;
	enum coffer_status status;

	if (gpa & (PAGE - 1)) {
		cpu->ghcb_msr = UINT64_C(1) << 12 | 0x007;
		return;
	}
	valid[GHCB_INFO1 / 64] |= 1u << (GHCB_INFO1 / 8 & 7);
	valid[GHCB_INFO2 / 64] |= 1u << (GHCB_INFO2 / 8 & 7);
	status = cf_guest_write(cpu->vm->mem, gpa + GHCB_INFO2, one, 8, &err);
	if (status == COFFER_OK)
		status = cf_guest_write(
			cpu->vm->mem, gpa + GHCB_VALID, valid, 16, &err);
	if (status != COFFER_OK)
		cf_log(cpu->vm->config.log, CF_LOG_WARN,
			"ghcb: cannot wake vcpu=%u: %s", cpu->index, err.msg);
}

/* The checks that a hypervisor makes before it hands a page to VMRUN; KVM
 * refuses 2 MiB aligned pages because of an erratum of the first chips. */
static bool vmsa_ok(const struct ghcb *g, uint64_t gpa)
{
	struct cf_rmp_entry e;

	return cf_is_aligned(gpa, PAGE) && !cf_is_aligned(gpa, LARGE_PAGE) &&
		cf_rmp_get(g->cpu->vm->mem, gpa, &e) && e.assigned &&
		e.validated && e.vmsa && e.asid == g->cpu->vm->config.asid;
}

static void order(
	struct vcpu *target, enum cf_ap_order what, uint64_t vmsa, bool on_init)
{
	struct cf_sev_vm *s = target->vm->sev_vm;
	struct cf_sev_vcpu *v = cf_sev_of(target);

	pthread_mutex_lock(&s->lock);
	v->order = what;
	v->order_vmsa = vmsa;
	v->on_init = on_init;
	pthread_mutex_unlock(&s->lock);
	if (on_init)
		return;
	cf_attention(target, CF_ATT_SEV);
	if (target->vm->host.wake)
		target->vm->host.wake(target->vm->host.opaque, target->index);
}

enum cf_ghcb_error cf_ghcb_ap_creation(struct ghcb *g)
{
	uint64_t apic_id = g->info1 >> 32;
	unsigned vmpl = g->info1 >> 16 & 0xF;
	unsigned request = g->info1 & 0xFFFF;
	struct cf_vm *vm = g->cpu->vm;

	if (apic_id >= vm->nvcpus || vmpl)
		return GHCB_BAD_INPUT;
	if (request == DESTROY) {
		order(vm->vcpu[apic_id], CF_AP_STOP, CF_NO_GPA, false);
		return GHCB_OK;
	}
	if (request != CREATE_ON_INIT && request != CREATE_NOW)
		return GHCB_BAD_INPUT;
	if (!cf_ghcb_has(g, GHCB_RAX))
		return GHCB_MISSING_INPUT;
	if (cf_ghcb_get(g, GHCB_RAX) != vm->config.sev_features ||
		!vmsa_ok(g, g->info2))
		return GHCB_BAD_INPUT;
	order(vm->vcpu[apic_id], CF_AP_START, g->info2,
		request == CREATE_ON_INIT);
	return GHCB_OK;
}

/* VMRUN with the guest's own save area; false: VMRUN refuses it.  Reading it
 * may stop the world, so that the vCPU is outside the guest meanwhile. */
static bool enter_vmsa(struct vcpu *cpu, uint64_t gpa)
{
	const struct cf_vm_config *config = &cpu->vm->config;
	struct cf_cpu_state s;
	struct coffer_error err;
	enum coffer_status status;
	uint8_t page[4096];

	cf_gate_leave(cpu);
	status = cf_guest_read_private(
		cpu->vm->mem, config->asid, gpa, page, sizeof(page), &err);
	cf_gate_enter(cpu);
	if (status != COFFER_OK)
		return false;
	cf_vmsa_decode(page, &s);
	if (!(s.efer & EFER_SVME) || s.vmpl > 3 ||
		s.sev_features != config->sev_features)
		return false;
	/* The GHCB MSR is no part of the save area: it keeps its value, and
	 * firmware counts on it when it starts a vCPU for a second time. */
	cf_vcpu_load(cpu, &s);
	return true;
}

static void start(struct vcpu *cpu, uint64_t vmsa)
{
	struct cf_sev_vcpu *v = cf_sev_of(cpu);

	v->hold = false;
	v->started = true;
	if (!enter_vmsa(cpu, vmsa)) {
		cf_log(cpu->vm->config.log, CF_LOG_ERROR,
			"sev: vcpu=%u: VMRUN refuses the save area at "
			"gpa=0x%016" PRIx64,
			cpu->index, vmsa);
		cpu->parked = true;
		return;
	}
	pthread_mutex_lock(&cpu->vm->sev_vm->lock);
	v->vmsa = vmsa;
	pthread_mutex_unlock(&cpu->vm->sev_vm->lock);
	cpu->parked = false;
	cpu->wait_sipi = false;
	cpu->halted = false;
}

void cf_sev_vmsa_released(struct cf_vm *vm, uint64_t gpa)
{
	struct cf_sev_vm *s = vm->sev_vm;

	pthread_mutex_lock(&s->lock);
	for (unsigned i = 0; i < vm->nvcpus; i++)
		if (s->vcpu[i].vmsa == gpa)
			s->vcpu[i].vmsa = CF_NO_GPA;
	pthread_mutex_unlock(&s->lock);
}

/* #VMEXIT for the last time: the state goes to the page it came from, unless
 * the guest, which does not wait for this, has taken the page back.  It cannot
 * do so meanwhile: the world stands still. */
static void stop(struct vcpu *cpu)
{
	struct cf_sev_vcpu *v = cf_sev_of(cpu);
	enum coffer_status status = COFFER_OK;
	struct cf_cpu_state s;
	struct coffer_error err;
	uint8_t page[4096];
	uint64_t gpa;

	cpu->parked = true;
	cf_vcpu_store(cpu, &s);
	cf_vmsa_encode(&s, page);
	cf_gate_leave(cpu);
	cf_world_stop(cpu->vm);
	pthread_mutex_lock(&cpu->vm->sev_vm->lock);
	gpa = v->vmsa;
	v->vmsa = CF_NO_GPA;
	pthread_mutex_unlock(&cpu->vm->sev_vm->lock);
	if (gpa != CF_NO_GPA)
		status = cf_guest_write_private(cpu->vm->mem,
			cpu->vm->config.asid, gpa, page, sizeof(page), &err);
	cf_world_resume(cpu->vm);
	cf_gate_enter(cpu);
	if (status != COFFER_OK)
		cf_log(cpu->vm->config.log, CF_LOG_WARN,
			"sev: vcpu=%u: save area lost: %s", cpu->index,
			err.msg);
}

static void take_order(struct vcpu *cpu, bool at_init)
{
	struct cf_sev_vm *s = cpu->vm->sev_vm;
	struct cf_sev_vcpu *v = cf_sev_of(cpu);
	enum cf_ap_order what = CF_AP_NONE;
	uint64_t vmsa;

	pthread_mutex_lock(&s->lock);
	vmsa = v->order_vmsa;
	if (v->on_init == at_init) {
		what = v->order;
		v->order = CF_AP_NONE;
		v->on_init = false;
	}
	pthread_mutex_unlock(&s->lock);
	if (what == CF_AP_START)
		start(cpu, vmsa);
	else if (what == CF_AP_STOP)
		stop(cpu);
}

void cf_sev_attend(struct vcpu *cpu)
{
	take_order(cpu, false);
}

bool cf_sev_init_ipi(struct vcpu *cpu)
{
	if (!cpu->vm->es)
		return false;
	/* Registers stay as they are: nobody outside can reset them. */
	cpu->wait_sipi = true;
	take_order(cpu, true);
	return true;
}

bool cf_sev_startup_ipi(struct vcpu *cpu)
{
	struct cf_sev_vcpu *v;

	if (!cpu->vm->es)
		return false;
	v = cf_sev_of(cpu);
	if (v->hold) {
		cf_gate_leave(cpu);
		cf_ghcb_wake(cpu);
		cf_gate_enter(cpu);
	}
	v->hold = false;
	v->started = true;
	cpu->wait_sipi = false;
	return true;
}
