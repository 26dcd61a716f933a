/* SPDX-License-Identifier: Apache-2.0 */
/* The fake kernel's KVM_GET_SUPPORTED_CPUID: an AMD processor with the features
 * of a named type, and leaves that guests must not see as they are. */
#include "fake_kvm_priv.h"

#include "image/cpu_feature.h"

#include <errno.h>

static void add(struct kvm_cpuid2 *list, uint32_t leaf, uint32_t subleaf,
	bool indexed, uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx)
{
	list->entries[list->nent++] =
		(struct kvm_cpuid_entry2) { .function = leaf,
			.index = subleaf,
			.flags = indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0,
			.eax = eax,
			.ebx = ebx,
			.ecx = ecx,
			.edx = edx };
}

/* The host's numbers: signature ffffffff, 64 CPUs, AVX-512 and PKRU. */
static void add_leaves(struct kvm_cpuid2 *list)
{
	add(list, 0, 0, false, 0x20, 1, 2, 3);
	add(list, 1, 0, false, 0xffffffff, 0xff400800, 1u << 31, 0);
	add(list, 5, 0, false, 64, 64, 3, 0);
	add(list, 6, 0, false, 0, 0, 0, 0);
	add(list, 7, 0, true, 1, 0, 0, 0);
	add(list, 7, 1, true, 0, 0, 0, 0);
	add(list, 0xb, 0, true, 1, 2, 0x100, 9);
	add(list, 0xb, 1, true, 7, 64, 0x201, 9);
	add(list, 0xd, 0, true, 0x2e7, 0x240, 0x988, 0);
	add(list, 0xd, 1, true, 0, 0x240, 0x1800, 0);
	add(list, 0xd, 2, true, 0x100, 0x240, 0, 0);
	add(list, 0xd, 5, true, 0x40, 0x340, 0, 0);
	add(list, 0xd, 6, true, 0x200, 0x380, 0, 0);
	add(list, 0xd, 7, true, 0x400, 0x580, 0, 0);
	add(list, 0xd, 9, true, 8, 0x980, 0, 0);
	add(list, 0xd, 11, true, 0x10, 0, 1, 0);
	add(list, 0x14, 0, true, 1, 2, 3, 4);
	add(list, 0x40000000, 0, false, 0x40000001, 0x4b4d564b, 0x564b4d56,
		0x4d);
	for (uint32_t leaf = 0x80000000; leaf <= 0x80000008; leaf++)
		add(list, leaf, 0, false, leaf ? 0x30303030 : 0, 0, 0, 0);
	add(list, 0x8000000a, 0, false, 1, 8, 0, 0);
	add(list, 0x8000001d, 0, true, 0x121, 0x1c0003f, 0x3f, 0);
	add(list, 0x8000001e, 0, false, 9, 9, 9, 9);
	add(list, 0x8000001f, 0, false, 0xff, 0xff, 509, 100);
	add(list, 0x80000021, 0, false, 0, 0, 0, 0);
	add(list, 0x80000022, 0, false, 1, 6, 0, 0);
}

long fake_supported_cpuid(const struct fake_kvm *f, struct kvm_cpuid2 *list)
{
	struct cf_cpu_features features;

	if (list->nent < 64)
		return -E2BIG;
	list->nent = 0;
	add_leaves(list);
	if (!cf_cpu_type_features(f->cpu_type, &features))
		return -EINVAL;
	for (uint32_t i = 0; i < list->nent; i++) {
		struct kvm_cpuid_entry2 *e = &list->entries[i];
		uint32_t *reg[] = { &e->eax, &e->ebx, &e->ecx, &e->edx };

		if (e->function == 0x80000000)
			e->eax = 0x80000022;
		for (unsigned w = 0; w < CF_NWORDS; w++) {
			struct cf_cpuid_place at = cf_cpuid_place_of(w);

			if (at.leaf == e->function && at.subleaf == e->index)
				*reg[at.reg] = features.w[w] |
					(w == CF_W_1_ECX ? 1u << 31 : 0);
		}
	}
	return 0;
}
