/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the fake kernel share. */
#ifndef CF_FAKE_KVM_PRIV_H
#define CF_FAKE_KVM_PRIV_H

#include "fake_kvm.h"

#include "kvm/uapi.h"
#include "sp/soft/kvm_shape.h"

enum {
	FAKE_KVM_FD = 1000,
	FAKE_VM_FD = 1001,
	FAKE_SEV_FD = 1002,
	FAKE_MEMFD = 1003,
	FAKE_VCPU_FD = 1010,
	FAKE_RUN_LEN = 12288,
};

/* Remember the first broken rule; returns -errnum. */
long fake_complain(struct fake_kvm *f, int errnum, const char *fmt, ...)
	CF_PRINTF(3, 4);
/* Slot of an address, -1: none. */
int fake_slot_of(const struct fake_kvm *f, uint64_t gpa);

long fake_sev_op(struct fake_kvm *f, struct cf_kvm_sev_cmd *cmd);
long fake_sev_device(struct fake_kvm *f, struct cf_sev_issue_cmd *cmd);
long fake_supported_cpuid(const struct fake_kvm *f, struct kvm_cpuid2 *list);
long fake_registers(
	struct fake_kvm *f, unsigned n, unsigned long request, void *arg);

#endif
