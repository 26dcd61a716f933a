/* SPDX-License-Identifier: Apache-2.0 */
/* The CPUID of a KVM vCPU: what KVM supports, with this vCPU's APIC id. */
#include "accel/kvm/kvm_engine.h"

#include "base/base.h"
#include "kvm/uapi.h"

#include <errno.h>
#include <stdlib.h>

#define MAX_ENTRIES 256u

/* The kernel asks the processor, leaf by leaf: once is enough for all vCPUs. */
static enum coffer_status get_supported(
	struct cf_vm *vm, struct coffer_error *err)
{
	long result;

	if (vm->cpuid)
		return COFFER_OK;
	vm->cpuid = cf_alloc_array(1,
		sizeof(*vm->cpuid) +
			MAX_ENTRIES * sizeof(vm->cpuid->entries[0]));
	if (!vm->cpuid)
		return cf_fail_nomem(err, "CPUID");
	vm->cpuid->nent = MAX_ENTRIES;
	result = cf_kvm_supported_cpuid(vm->kvm, vm->cpuid);
	if (result < 0)
		return cf_fail_errno(err, (int)-result,
			"kvm: cannot ask for the supported CPUID");
	return COFFER_OK;
}

/* Identity fields that differ between vCPUs, and the SEV leaf; whatever vCPU
 * they were for before. */
static void adjust(struct cf_vm *vm, struct kvm_cpuid_entry2 *e, unsigned n)
{
	bool sev = vm->config.platform != CF_PLATFORM_NATIVE;

	switch (e->function) {
	case 1:
		e->ebx = (e->ebx & 0xffff) | vm->config.vcpus << 16 | n << 24;
		e->ecx |= 1u << 31;
		break;
	case 0xb:
		e->edx = n;
		break;
	case 0x8000001e:
		e->eax = n;
		break;
	case 0x8000001f:
		e->eax = sev ? 1u << 1 |
				(vm->config.platform >= CF_PLATFORM_SEV_ES)
					<< 3 |
				(vm->config.platform == CF_PLATFORM_SEV_SNP)
					<< 4
			     : 0;
		e->ebx = sev ? vm->config.cbit | 1u << 6 : 0;
		e->ecx = e->edx = 0;
		break;
	default:
		break;
	}
}

enum coffer_status kvm_set_cpuid(
	struct cf_vm *vm, unsigned n, struct coffer_error *err)
{
	enum coffer_status status = get_supported(vm, err);
	long result;

	if (status)
		return status;
	for (uint32_t i = 0; i < vm->cpuid->nent; i++)
		adjust(vm, &vm->cpuid->entries[i], n);
	result = cf_kvm_vcpu_ioctl(
		vm->kvm, vm->vcpu[n].fd, KVM_SET_CPUID2, vm->cpuid);
	if (result < 0)
		return cf_fail_errno(err, (int)-result,
			"kvm: cannot set the CPUID of vCPU %u", n);
	return COFFER_OK;
}
