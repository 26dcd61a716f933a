/* SPDX-License-Identifier: Apache-2.0 */
/* What a confidential VM keeps: made with the VM, gone with it. */
#include "accel/soft/sev/ghcb_priv.h"
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/sev/sev_state_priv.h"

#include "base/alloc.h"

#include <inttypes.h>

#define FEATURE_SNP        UINT64_C(0x1)
#define FEATURE_DEBUG_SWAP UINT64_C(0x20)
/* Defences against other guests' and the host's timing: nothing to do. */
#define FEATURE_NO_IBS UINT64_C(0x40)
#define FEATURE_BTB    UINT64_C(0x80)
#define FEATURES_SUPPORTED \
	(FEATURE_SNP | FEATURE_DEBUG_SWAP | FEATURE_NO_IBS | FEATURE_BTB)
#define DR7_RESET 0x400u

static enum coffer_status check_features(
	const struct cf_vm *vm, struct coffer_error *err)
{
	uint64_t f = vm->config.sev_features;

	if (f & ~FEATURES_SUPPORTED)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"sev: SEV_FEATURES 0x%" PRIx64 ": bits 0x%" PRIx64
			" are not supported by the soft engine",
			f, f & ~FEATURES_SUPPORTED);
	if (vm->es && vm->snp != !!(f & FEATURE_SNP))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"sev: SEV_FEATURES 0x%" PRIx64
			" %s SNP, the platform %s",
			f, vm->snp ? "lacks" : "has",
			vm->snp ? "has it" : "does not");
	return COFFER_OK;
}

enum coffer_status cf_sev_vm_init(struct cf_vm *vm, struct coffer_error *err)
{
	enum coffer_status status;
	struct cf_sev_vm *s;

	if (!vm->sev)
		return COFFER_OK;
	status = check_features(vm, err);
	if (status != COFFER_OK)
		return status;
	s = cf_alloc_array(1, sizeof(*s));
	if (!s)
		return cf_fail_nomem(err, "the SEV state of the VM");
	if (pthread_mutex_init(&s->lock, NULL)) {
		free(s);
		return cf_fail_nomem(err, "the SEV state's lock");
	}
	if (pthread_mutex_init(&s->tamper.lock, NULL)) {
		pthread_mutex_destroy(&s->lock);
		free(s);
		return cf_fail_nomem(err, "the SEV state's lock");
	}
	for (unsigned i = 0; i < CF_MAX_VCPUS; i++)
		s->vcpu[i] = (struct cf_sev_vcpu) { .registered = CF_NO_GPA,
			.vmsa = CF_NO_GPA,
			.order_vmsa = CF_NO_GPA,
			.lost = CF_NO_GPA,
			.dr7 = DR7_RESET };
	s->tamper.written = s->tamper.flipped = CF_NO_GPA;
	s->tamper.copied = CF_NO_GPA;
	vm->sev_vm = s;
	return COFFER_OK;
}

void cf_sev_vm_finish(struct cf_vm *vm)
{
	if (!vm->sev_vm)
		return;
	pthread_mutex_destroy(&vm->sev_vm->tamper.lock);
	pthread_mutex_destroy(&vm->sev_vm->lock);
	free(vm->sev_vm);
	vm->sev_vm = NULL;
}

void cf_sev_vcpu_init(struct vcpu *cpu)
{
	if (cpu->vm->es)
		cpu->ghcb_msr = cf_ghcb_reset_value(cpu->vm);
}
