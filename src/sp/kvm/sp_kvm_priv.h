/* SPDX-License-Identifier: Apache-2.0 */
/* The guest object of the hardware path, for the files of this folder. */
#ifndef CF_SP_KVM_PRIV_H
#define CF_SP_KVM_PRIV_H

#include "sp/kvm/sp_kvm.h"

#include "kvm/kvm.h"

struct kvm_guest {
	struct cf_sp_guest base; /* first: the ops see this pointer */
	struct cf_kvm_vm *kvm;
	struct cf_memory *memory;
	enum cf_kvm_generation generation;
	const uint8_t *cpuid_page;
	uint32_t handle;
	bool vmsas_pending; /* SEV-ES: LAUNCH_UPDATE_VMSA is still to come */
};

static inline struct kvm_guest *kvm_guest(struct cf_sp_guest *g)
{
	return (struct kvm_guest *)g;
}

extern const struct cf_sp_guest_ops cf_sp_kvm_sev_ops, cf_sp_kvm_snp_ops;

void cf_sp_kvm_destroy(struct cf_sp_guest *g);

#endif
