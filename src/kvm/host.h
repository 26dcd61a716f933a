/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine can run: facts about processor, kernel, modules and
 * devices, and what follows from them.  Gathering touches the system, judging
 * is pure.
 *
 * Sources: APM volume 3 (AMD 24594), CPUID Fn8000_001F; kvm_amd's parameters;
 * the BIOS option names are those of AMD's reference BIOS.
 */
#ifndef CF_KVM_HOST_H
#define CF_KVM_HOST_H

#include "base/error.h"
#include "kvm/kvm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A module parameter. */
enum cf_host_param {
	CF_PARAM_ABSENT, /* module not loaded, or it has no such parameter */
	CF_PARAM_OFF,
	CF_PARAM_ON,
};

struct cf_host_facts {
	char vendor[13];
	char model_name[49];
	bool under_hypervisor; /* CPUID 1 ECX[31] */
	bool has_svm, has_vmx;
	/* CPUID 8000_001F: EAX bits and the rest; zero when absent. */
	bool cpu_sev, cpu_sev_es, cpu_snp;
	unsigned cbitpos, reduced_phys_bits;
	unsigned asids, min_sev_asid; /* ECX, EDX */
	char kernel[65];
	int kvm_errno;          /* opening /dev/kvm; 0: fine */
	unsigned long vm_types; /* KVM_CAP_VM_TYPES */
	bool kvm_amd_loaded, kvm_intel_loaded;
	enum cf_host_param sev, sev_es, sev_snp;
	int sev_errno; /* opening /dev/sev */
	bool has_platform_status;
	uint8_t api_major, api_minor, build;
	bool firmware_es, externally_owned;
	uint64_t memlock; /* bytes, UINT64_MAX: no limit */
};

/* Look at this machine; never fails, what cannot be found stays zero. */
void cf_host_gather(const struct cf_kvm_sys *sys, struct cf_host_facts *out);

enum cf_host_verdict {
	CF_HOST_YES,
	CF_HOST_NO,
	CF_HOST_UNKNOWN,
};

#define CF_HOST_NLINES 20

/* One line of the answer.  needed_by has a bit per enum cf_kvm_generation
 * that fails without it. */
struct cf_host_line {
	const char *what; /* static text */
	enum cf_host_verdict verdict;
	unsigned needed_by;
	char found[96];
	char remedy[160]; /* empty when there is nothing to do */
};

struct cf_host_report {
	enum cf_host_verdict can[4]; /* by enum cf_kvm_generation */
	struct cf_host_line line[CF_HOST_NLINES];
	size_t nlines;
};

void cf_host_judge(
	const struct cf_host_facts *facts, struct cf_host_report *out);

#endif
