/* SPDX-License-Identifier: Apache-2.0 */
/* The SEV commands' transport: errors of kernel and firmware told apart. */
#include "kvm/kvm_priv.h"

#include "base/base.h"
#include "kvm/uapi.h"

#include <errno.h>

/* Which of the two refused decides what the user can do about it. */
static enum coffer_status refused(
	const char *name, long result, uint32_t fw, struct coffer_error *err)
{
	if (fw != 0 && fw != CF_KVM_SEV_NO_FW_CALL)
		return cf_fail_fw(err, fw, "%s: the firmware refused", name);
	if (result == -ENOTTY)
		return cf_fail_errno(err, ENOTTY,
			"%s: SEV is not enabled in KVM (kvm_amd sev=1?)", name);
	if (result == -EBUSY)
		return cf_fail_errno(err, EBUSY,
			"%s: no free ASID; fewer guests, or more ASIDs in the "
			"BIOS (SEV-ES ASID space limit)",
			name);
	if (result == -ENOMEM)
		return cf_fail_errno(err, ENOMEM,
			"%s: guest memory could not be pinned; raise the "
			"memlock limit",
			name);
	return cf_fail_errno(err, (int)-result, "%s: the kernel refused", name);
}

enum coffer_status cf_kvm_sev(struct cf_kvm_vm *vm, uint32_t id,
	const char *name, void *data, bool *again, struct coffer_error *err)
{
	struct cf_kvm_sev_cmd cmd = {
		.id = id,
		.data = (uintptr_t)data,
		.sev_fd = (uint32_t)vm->sev_fd,
	};
	long result = cf_kvm_ioctl(vm, KVM_MEMORY_ENCRYPT_OP, &cmd);

	if (again)
		*again = result == -EAGAIN;
	if (result >= 0 || (again && *again))
		return COFFER_OK;
	return refused(name, result, cmd.error, err);
}

enum coffer_status cf_kvm_sev_device(struct cf_kvm_vm *vm, uint32_t cmd,
	const char *name, void *data, struct coffer_error *err)
{
	struct cf_sev_issue_cmd issue = {
		.cmd = cmd,
		.data = (uintptr_t)data,
	};
	long result = vm->sys->ioctl(vm->sys->opaque, vm->sev_fd,
		CF_SEV_ISSUE_CMD, (uintptr_t)&issue);

	if (result >= 0)
		return COFFER_OK;
	return refused(name, result, issue.error, err);
}
