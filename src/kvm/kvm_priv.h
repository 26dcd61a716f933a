/* SPDX-License-Identifier: Apache-2.0 */
/* The VM handle, for the files of this folder. */
#ifndef CF_KVM_PRIV_H
#define CF_KVM_PRIV_H

#include "kvm/kvm.h"

#define KVM_MAX_SLOTS 32

struct kvm_slot {
	uint64_t gpa, len;
	uint8_t *hva;
	int memfd;      /* guest_memfd; -1: none */
	bool is_pinned; /* KVM_MEMORY_ENCRYPT_REG_REGION */
};

struct cf_kvm_vm {
	const struct cf_kvm_sys *sys;
	const struct cf_log *log;
	enum cf_kvm_generation generation;
	bool legacy;
	int kvm_fd, vm_fd, sev_fd;
	size_t run_len; /* size of a vCPU's run area */
	struct kvm_slot slot[KVM_MAX_SLOTS];
	size_t nslots;
};

#endif
