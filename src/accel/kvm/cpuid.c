/* SPDX-License-Identifier: Apache-2.0 */
/* The CPUID of KVM vCPUs: what KVM supports, as much of it as the CPU type
 * has, with each vCPU's own topology. */
#include "accel/kvm/cpuid_priv.h"
#include "accel/kvm/kvm_engine.h"

#include "base/base.h"
#include "kvm/uapi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ENTRIES  256u
#define PAGE_ENTRIES 64u
#define X87_AREA     576u
#define LIST_LEN                     \
	(sizeof(struct kvm_cpuid2) + \
		MAX_ENTRIES * sizeof(struct kvm_cpuid_entry2))

/* Say, or refuse, what the host does not have. */
static enum coffer_status tell_missing(const struct cf_log *log,
	const struct cf_cpu_spec *spec, const struct cf_cpu_features *missing,
	struct coffer_error *err)
{
	char names[200];

	cf_cpu_feature_list(missing, names, sizeof(names));
	if (!names[0])
		return COFFER_OK;
	if (spec->enforce)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"-cpu %s,enforce: this host does not have: %s",
			spec->name, names);
	if (spec->check)
		cf_log(log, CF_LOG_WARN, "cpu: %s: this host does not have: %s",
			spec->name, names);
	return COFFER_OK;
}

/* The list for all vCPUs; spec may be NULL.  The caller frees *out. */
static enum coffer_status build(struct cf_kvm_vm *kvm,
	const struct cf_cpu_spec *spec, const struct cf_log *log,
	struct kvm_cpuid2 **out, struct coffer_error *err)
{
	struct kvm_cpuid2 *list = cf_alloc_array(1, LIST_LEN);
	struct cf_cpu_features missing;
	enum coffer_status status;
	long result;

	*out = list;
	if (!list)
		return cf_fail_nomem(err, "CPUID");
	list->nent = MAX_ENTRIES;
	result = cf_kvm_supported_cpuid(kvm, list);
	if (result < 0)
		return cf_fail_errno(err, (int)-result,
			"kvm: cannot ask for the CPUID that is supported");
	if (list->nent > MAX_ENTRIES)
		return cf_fail(err, COFFER_ERR_SYSTEM, "kvm: %u CPUID entries",
			list->nent);
	if (!spec)
		return COFFER_OK;
	status = kvm_cpuid_apply_type(spec, list, &missing, err);
	return status ? status : tell_missing(log, spec, &missing, err);
}

enum coffer_status kvm_build_cpuid(struct cf_vm *vm, struct coffer_error *err)
{
	return build(vm->kvm, vm->config.cpu, vm->config.log, &vm->cpuid, err);
}

/* Bits that it takes to number n things. */
static unsigned id_bits(unsigned n)
{
	unsigned bits = 0;

	while (n > 1u << bits)
		bits++;
	return bits;
}

/* Threads of a core (one), then cores; one socket. */
static void adjust_topology(
	unsigned vcpus, struct kvm_cpuid_entry2 *e, unsigned n)
{
	e->eax = e->ebx = 0;
	e->ecx = e->index & 0xff;
	e->edx = n;
	if (e->index == 0) {
		e->ebx = 1;
		e->ecx |= 1 << 8;
	} else if (e->index == 1) {
		e->eax = id_bits(vcpus);
		e->ebx = vcpus;
		e->ecx |= 2 << 8;
	}
}

static uint32_t sev_bits(enum cf_platform p)
{
	return 1u << 1 | (uint32_t)(p >= CF_PLATFORM_SEV_ES) << 3 |
		(uint32_t)(p == CF_PLATFORM_SEV_SNP) << 4;
}

/* Identity fields that differ between vCPUs, and the SEV leaf. */
static void adjust(const struct cf_cpuid_page_params *p,
	struct kvm_cpuid_entry2 *e, unsigned n)
{
	bool sev = p->platform != CF_PLATFORM_NATIVE;
	unsigned vcpus = p->vcpus;

	switch (e->function) {
	case 1:
		e->ebx = (e->ebx & 0xffff) | vcpus << 16 | n << 24;
		e->ecx |= 1u << 31;
		e->edx |= (uint32_t)(vcpus > 1) << 28;
		break;
	case 0xb:
		adjust_topology(vcpus, e, n);
		break;
	case 0x80000008:
		e->ecx = id_bits(vcpus) << 12 | (vcpus - 1);
		break;
	case 0x8000001e:
		e->eax = n;
		e->ebx = n & 0xff;
		e->ecx = 0;
		break;
	case 0x8000001f:
		e->eax = sev ? sev_bits(p->platform) : 0;
		e->ebx = sev ? p->cbit | 1u << 6 : 0;
		e->ecx = e->edx = 0;
		break;
	default:
		break;
	}
}

enum coffer_status kvm_set_cpuid(
	struct cf_vm *vm, unsigned n, struct coffer_error *err)
{
	struct kvm_cpuid2 *list = cf_alloc_array(1, LIST_LEN);
	const struct cf_cpuid_page_params p = { .platform = vm->config.platform,
		.cbit = vm->config.cbit,
		.vcpus = vm->config.vcpus };
	long result;

	if (!list)
		return cf_fail_nomem(err, "CPUID");
	memcpy(list, vm->cpuid, LIST_LEN);
	for (uint32_t i = 0; i < list->nent; i++)
		adjust(&p, &list->entries[i], n);
	result = cf_kvm_vcpu_ioctl(
		vm->kvm, vm->vcpu[n].fd, KVM_SET_CPUID2, list);
	free(list);
	if (result < 0)
		return cf_fail_errno(err, (int)-result,
			"kvm: cannot set the CPUID of vCPU %u", n);
	return COFFER_OK;
}

/* One entry of the page: leaf, subleaf, XCR0 and XSS that it is for, then the
 * registers.  The sizes that leaf 0xD gives are those for x87 alone. */
static void put_entry(uint8_t *at, const struct kvm_cpuid_entry2 *e)
{
	bool sized = e->function == 0xd && e->index < 2;

	cf_store_le32(at, e->function);
	cf_store_le32(at + 4, e->index);
	cf_store_le64(at + 8, sized ? 1 : 0);
	cf_store_le32(at + 0x18, e->eax);
	cf_store_le32(at + 0x1c, sized ? X87_AREA : e->ebx);
	cf_store_le32(at + 0x20, e->ecx);
	cf_store_le32(at + 0x24, e->edx);
}

enum coffer_status cf_accel_kvm_cpuid_page(struct cf_kvm_vm *kvm,
	const struct cf_cpuid_page_params *p, uint8_t page[4096],
	struct coffer_error *err)
{
	struct kvm_cpuid2 *list = NULL;
	enum coffer_status status = build(kvm, p->cpu, NULL, &list, err);
	uint32_t n = 0;

	memset(page, 0, 4096);
	for (uint32_t i = 0; !status && i < list->nent; i++) {
		struct kvm_cpuid_entry2 *e = &list->entries[i];

		adjust(p, e, 0);
		/* The hypervisor's own leaves are not the firmware's. */
		if (e->function >= 0x40000000 && e->function < 0x80000000)
			continue;
		if (n == PAGE_ENTRIES)
			status = cf_fail(err, COFFER_ERR_UNSUPPORTED,
				"kvm: more than %u CPUID leaves for an SNP "
				"guest; name a CPU type with -cpu",
				PAGE_ENTRIES);
		else
			put_entry(page + 16 + 48 * n++, e);
	}
	cf_store_le32(page, n);
	free(list);
	return status;
}
