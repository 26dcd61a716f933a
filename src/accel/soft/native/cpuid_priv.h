/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID of the named CPU types.  A type is data: signature, name, caches and
 * features; what the guest sees is that, less what the engine does not
 * implement or the host does not have.
 */
#ifndef CF_ACCEL_SOFT_CPUID_PRIV_H
#define CF_ACCEL_SOFT_CPUID_PRIV_H

#include "base/error.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_cpu_model;
struct cf_cpu_spec;
struct cf_log;

/* "EPYC-Milan", "EPYC-v4", "max", ...; case matters, as in QEMU.  An unknown
 * name is refused with the list of known ones. */
enum coffer_status cf_cpu_model_find(const char *name,
	const struct cf_cpu_model **out,
	struct coffer_error *err) CF_MUST_CHECK;
/* The i-th name, NULL past the last. */
const char *cf_cpu_model_name(size_t i);
/* Leaf 1 EAX: family, model, stepping. */
uint32_t cf_cpu_model_signature(const struct cf_cpu_model *m);

/* What -cpu adds and this engine or host lacks is logged; with enforce also
 * what it lacks of the type, and refused. */
enum coffer_status cf_cpu_spec_check(const struct cf_cpu_model *m,
	const struct cf_cpu_spec *spec, const struct cf_log *log,
	struct coffer_error *err) CF_MUST_CHECK;

/* What CPUID depends on beside the type. */
struct cf_cpuid_env {
	const struct cf_cpu_model *model;
	const struct cf_cpu_spec *spec; /* NULL: the type as it is */
	enum cf_platform platform;      /* leaf 0x8000001F for SEV guests */
	unsigned cbit;                  /* SEV guests */
	unsigned vcpus;
	unsigned vcpu; /* also its APIC id */
	uint64_t cr4, xcr0, xss;
	uint64_t tsc_hz;
	bool apic_off; /* by its base register */
};

/* Registers in the order EAX, EBX, ECX, EDX; unknown leaves give zeros. */
void cf_cpuid(const struct cf_cpuid_env *env, uint32_t leaf, uint32_t subleaf,
	uint32_t out[4]);

/* XCR0 bits on offer, and CR4 bits that the type's features allow. */
uint64_t cf_cpuid_xcr0(const struct cf_cpuid_env *env);
uint64_t cf_cpuid_cr4(const struct cf_cpuid_env *env);
bool cf_cpuid_invpcid(const struct cf_cpuid_env *env);

/* The SNP CPUID page (launch page type CPUID): every leaf that guests look
 * up, for the boot processor. */
void cf_cpuid_page_fill(const struct cf_cpuid_env *env, uint8_t page[4096]);

#endif
