/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The GHCB MSR protocol: requests that fit into the MSR, for a guest that has
 * no GHCB page yet.  The low 12 bits say what it is.
 */
#include "accel/soft/sev/ghcb_priv.h"
#include "accel/soft/sev/sev_state_priv.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

#define CPUID_SEV 0x8000001Fu
#define CODE_MASK 0xFFFu
#define ALL_ONES  (UINT64_MAX << 12)

static uint64_t sev_info(const struct cf_vm *vm, unsigned cbit)
{
	return (uint64_t)CF_GHCB_VERSION_MAX << 48 |
		(uint64_t)CF_GHCB_VERSION_MIN << 32 |
		(uint64_t)(cbit & 0xFF) << 24 | 0x001;
}

/* Where the guest is told that the C-bit is. */
static unsigned cbit_as_told(const struct cf_vm *vm)
{
	return vm->config.cbit - cf_fault(vm, CF_FAULT_CBIT);
}

uint64_t cf_ghcb_reset_value(const struct cf_vm *vm)
{
	return sev_info(vm, vm->config.cbit);
}

uint64_t cf_ghcb_features(const struct cf_vm *vm)
{
	return vm->snp && !cf_fault(vm, CF_FAULT_FEATURES)
		? CF_GHCB_FEATURES_SNP
		: 0;
}

static uint64_t do_info(
	struct vcpu *cpu, uint64_t request, struct cf_ghcb_outcome *out)
{
	return sev_info(cpu->vm, cbit_as_told(cpu->vm));
}

void cf_ghcb_cpuid(const struct cf_vm *vm, const struct cf_cpuid_env *env,
	uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	cf_cpuid(env, leaf, subleaf, out);
	if (leaf != CPUID_SEV)
		return;
	if (cf_fault(vm, CF_FAULT_CPUID))
		out[0] = out[1] = out[2] = out[3] = 0;
	else
		out[1] = (out[1] & ~0x3Fu) | cbit_as_told(vm);
}

static uint64_t do_cpuid(
	struct vcpu *cpu, uint64_t request, struct cf_ghcb_outcome *out)
{
	unsigned reg = request >> 30 & 3;
	struct cf_cpuid_env env = cpu->cpuid;
	uint32_t regs[4];

	env.cr4 = cpu->cr4;
	cf_ghcb_cpuid(cpu->vm, &env, (uint32_t)(request >> 32), 0, regs);
	return (uint64_t)regs[reg] << 32 | (uint64_t)reg << 30 | 0x005;
}

static uint64_t do_hold(
	struct vcpu *cpu, uint64_t request, struct cf_ghcb_outcome *out)
{
	cf_ghcb_hold(cpu);
	return 0x007; /* until cf_ghcb_wake() */
}

static uint64_t do_preferred(
	struct vcpu *cpu, uint64_t request, struct cf_ghcb_outcome *out)
{
	return ALL_ONES | 0x011; /* none */
}

static uint64_t do_register(
	struct vcpu *cpu, uint64_t request, struct cf_ghcb_outcome *out)
{
	uint64_t gpa = request & ~(uint64_t)CODE_MASK;

	if (!cf_memory_covers(cpu->vm->mem, gpa, 4096) ||
		cf_fault(cpu->vm, CF_FAULT_REGISTER))
		return ALL_ONES | 0x013;
	cf_sev_of(cpu)->registered = gpa;
	return gpa | 0x013;
}

static uint64_t do_psc(
	struct vcpu *cpu, uint64_t request, struct cf_ghcb_outcome *out)
{
	uint64_t gpa = request & UINT64_C(0x000FFFFFFFFFF000);
	unsigned op = request >> 52 & 0xF;

	if (op != 1 && op != 2)
		return UINT64_C(1) << 32 | 0x015;
	if (!cf_fault(cpu->vm, CF_FAULT_PSC) &&
		!cf_page_set_state(cpu, gpa, op == 1))
		return UINT64_C(1) << 32 | 0x015;
	return 0x015;
}

static uint64_t do_run_vmpl(
	struct vcpu *cpu, uint64_t request, struct cf_ghcb_outcome *out)
{
	return UINT64_C(1) << 32 | 0x017; /* one VMPL runs: an error */
}

static uint64_t do_features(
	struct vcpu *cpu, uint64_t request, struct cf_ghcb_outcome *out)
{
	return cf_ghcb_features(cpu->vm) << 12 | 0x081;
}

static uint64_t do_terminate(
	struct vcpu *cpu, uint64_t request, struct cf_ghcb_outcome *out)
{
	cf_ghcb_terminate(cpu, request >> 12 & 0xF, request >> 16 & 0xFF, out);
	return request;
}

static const struct {
	unsigned code;
	const char *name;
	bool snp_only;
	uint64_t (*handle)(struct vcpu *cpu, uint64_t request,
		struct cf_ghcb_outcome *out);
} requests[] = {
	{ 0x002, "SEV information", false, do_info },
	{ 0x004, "CPUID", false, do_cpuid },
	{ 0x006, "AP reset hold", false, do_hold },
	{ 0x010, "preferred GHCB", false, do_preferred },
	{ 0x012, "register GHCB", false, do_register },
	{ 0x014, "page state change", true, do_psc },
	{ 0x016, "run VMPL", true, do_run_vmpl },
	{ 0x080, "hypervisor features", false, do_features },
	{ 0x100, "terminate", false, do_terminate },
};

void cf_ghcb_msr(struct vcpu *cpu, struct cf_ghcb_outcome *out)
{
	uint64_t request = cpu->ghcb_msr;
	unsigned code = request & CODE_MASK;

	for (size_t i = 0; i < CF_ARRAY_LEN(requests); i++) {
		if (requests[i].code != code ||
			(requests[i].snp_only && !cpu->vm->snp))
			continue;
		cpu->ghcb_msr = requests[i].handle(cpu, request, out);
		cf_log(cpu->vm->config.log, CF_LOG_DEBUG,
			"ghcb: vcpu=%u msr %s 0x%" PRIx64 " -> 0x%" PRIx64,
			cpu->index, requests[i].name, request, cpu->ghcb_msr);
		return;
	}
	/* The specification has no answer for an unknown request; the
	 * hypervisor can only give the guest up. */
	*out = (struct cf_ghcb_outcome) {
		.stop = true, .why = CF_STOP_UNSUPPORTED, .code = request
	};
	snprintf(out->text, sizeof(out->text),
		"ghcb: unknown MSR protocol request 0x%03x (MSR 0x%016" PRIx64
		")",
		code, request);
}
