/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intercepts of SEV-ES and SNP guests.  A non-automatic exit raises #VC with
 * the exit code that a plain guest's exit would have had; an automatic one
 * exits at once and the guest never knows.
 *
 * Source: APM volume 2 (AMD 24593), "SEV-ES", "Types of Exits".
 */
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/sev/sev_state_priv.h"

#include "base/log.h"

#include <inttypes.h>

#define FEATURE_DEBUG_SWAP 0x20u

#define MSR_SEV_STATUS 0xC0010131u
#define MSR_GHCB       0xC0010130u

enum exit_kind {
	NOT_INTERCEPTED, /* the guest does it itself */
	RAISES_VC,
	VC_UNLESS_DEBUG_SWAP,
};

/* What a hypervisor intercepts of an ES guest: what it cannot do without. */
static const struct {
	uint32_t code;
	enum exit_kind kind;
} intercepts[] = {
	{ CF_EXIT_RD_DR7, VC_UNLESS_DEBUG_SWAP },
	{ CF_EXIT_WR_DR7, VC_UNLESS_DEBUG_SWAP },
	{ CF_EXIT_RDTSC, NOT_INTERCEPTED },
	{ CF_EXIT_RDTSCP, NOT_INTERCEPTED },
	{ CF_EXIT_RDPMC, RAISES_VC },
	{ CF_EXIT_CPUID, RAISES_VC },
	{ CF_EXIT_INVD, RAISES_VC },
	{ CF_EXIT_WBINVD, RAISES_VC },
	{ CF_EXIT_IOIO, RAISES_VC },
	{ CF_EXIT_MSR, RAISES_VC },
	{ CF_EXIT_VMMCALL, RAISES_VC },
	{ CF_EXIT_MONITOR, RAISES_VC },
	{ CF_EXIT_MWAIT, RAISES_VC },
};

void cf_sev_intercept(struct vcpu *cpu, uint32_t exit_code)
{
	enum exit_kind kind = NOT_INTERCEPTED;

	for (size_t i = 0; i < CF_ARRAY_LEN(intercepts); i++)
		if (intercepts[i].code == exit_code)
			kind = intercepts[i].kind;
	if (kind == VC_UNLESS_DEBUG_SWAP &&
		cpu->sev_features & FEATURE_DEBUG_SWAP)
		return;
	if (kind == NOT_INTERCEPTED)
		return;
	cf_log(cpu->vm->config.log, CF_LOG_DEBUG,
		"sev: vcpu=%u #VC exit=0x%x rip=0x%016" PRIx64, cpu->index,
		exit_code, cpu->r[CF_R_RIP]);
	cf_raise_error(cpu, NULL, CF_VEC_VC, exit_code);
}

/* MSRs that the save area holds: the hypervisor has no reason to see them.
 * EFER is written with a trap after the fact. */
static bool passes_through(uint32_t msr)
{
	static const uint32_t list[] = {
		0x048, 0x049,        /* SPEC_CTRL, PRED_CMD */
		0x174, 0x175, 0x176, /* SYSENTER */
		0x277,               /* PAT */
		0xDA0,               /* XSS */
		0xC0000080,          /* EFER */
		0xC0000081, 0xC0000082, 0xC0000083, 0xC0000084, /* SYSCALL */
		0xC0000100, 0xC0000101, 0xC0000102, /* FS, GS, kernel GS */
		0xC0000103,                         /* TSC_AUX */
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(list); i++)
		if (list[i] == msr)
			return true;
	return false;
}

/* Bits 0 to 2 name the generation; the rest are the save area's features. */
static uint64_t sev_status(const struct vcpu *cpu)
{
	if (!cpu->vm->es)
		return 1;
	return cpu->sev_features << 2 | 3;
}

bool cf_sev_rdmsr(struct vcpu *cpu, uint32_t msr, uint64_t *value, bool *fault)
{
	*fault = false;
	if (!cpu->vm->sev)
		return false;
	if (msr == MSR_SEV_STATUS) {
		*value = sev_status(cpu);
		return true;
	}
	if (!cpu->vm->es)
		return false;
	if (msr == MSR_GHCB) {
		*value = cpu->ghcb_msr;
		return true;
	}
	if (!passes_through(msr))
		cf_sev_intercept(cpu, CF_EXIT_MSR);
	return false;
}

bool cf_sev_wrmsr(struct vcpu *cpu, uint32_t msr, uint64_t value, bool *fault)
{
	*fault = false;
	if (!cpu->vm->sev)
		return false;
	if (msr == MSR_SEV_STATUS) { /* read only */
		*fault = true;
		return true;
	}
	if (!cpu->vm->es)
		return false;
	if (msr == MSR_GHCB) {
		cpu->ghcb_msr = value;
		return true;
	}
	if (!passes_through(msr))
		cf_sev_intercept(cpu, CF_EXIT_MSR);
	return false;
}

void cf_sev_write_trap(struct vcpu *cpu, uint32_t exit_code, uint64_t value)
{
	/* The hypervisor is told after the fact, and has nothing to object. */
	cf_log(cpu->vm->config.log, CF_LOG_DEBUG,
		"sev: write trap vcpu=%u exit=0x%x value=0x%" PRIx64,
		cpu->index, exit_code, value);
}
