/* SPDX-License-Identifier: Apache-2.0 */
/* CPU types as data: between the table of types and the leaves. */
#ifndef CF_ACCEL_SOFT_CPUID_MODEL_PRIV_H
#define CF_ACCEL_SOFT_CPUID_MODEL_PRIV_H

#include "accel/soft/native/cpuid_priv.h"
#include "image/cpu_feature.h"

struct cf_cpu_cache {
	uint8_t level;
	uint8_t type; /* 1 data, 2 instructions, 3 both */
	uint16_t ways;
	uint32_t kib;
	bool shared; /* by all cores */
};

#define CF_CPU_NCACHES 4 /* L1 data, L1 instruction, L2, L3 */

struct cf_cpu_model {
	const char *name;
	const char *brand; /* at most 47 characters */
	struct cf_cpu_features features;
	struct cf_cpu_cache cache[CF_CPU_NCACHES];
};

/* What the guest may see of a type's features, with those that -cpu adds and
 * less those that it takes away (spec may be NULL): those that the engine
 * implements itself, and those that it executes natively if the host has
 * them. */
void cf_cpu_features_offered(const struct cf_cpu_model *m,
	const struct cf_cpu_spec *spec, struct cf_cpu_features *out);

/* Bits by name, where code asks for them. */
#define CF_1_EDX_APIC     (1u << 9)
#define CF_1_ECX_PCID     (1u << 17)
#define CF_1_ECX_XSAVE    (1u << 26)
#define CF_1_ECX_OSXSAVE  (1u << 27)
#define CF_1_ECX_AVX      (1u << 28)
#define CF_7_EBX_FSGSBASE (1u << 0)
#define CF_7_EBX_SMEP     (1u << 7)
#define CF_7_EBX_INVPCID  (1u << 10)
#define CF_7_EBX_SMAP     (1u << 20)
#define CF_7_ECX_UMIP     (1u << 2)

#endif
