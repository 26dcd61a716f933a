/* SPDX-License-Identifier: Apache-2.0 */
/* CPUID lists in KVM's form. */
#ifndef CF_ACCEL_KVM_CPUID_PRIV_H
#define CF_ACCEL_KVM_CPUID_PRIV_H

#include "image/cpu_feature.h"

struct kvm_cpuid2;
struct kvm_cpuid_entry2;

/* NULL: not in the list. */
struct kvm_cpuid_entry2 *kvm_cpuid_find(
	struct kvm_cpuid2 *list, uint32_t leaf, uint32_t subleaf);

/* From what KVM supports, in place, to what a guest of this type sees.
 * missing: what the type or the user wants and KVM does not have. */
enum coffer_status kvm_cpuid_apply_type(const struct cf_cpu_spec *spec,
	struct kvm_cpuid2 *list, struct cf_cpu_features *missing,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
