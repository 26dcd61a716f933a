/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the SEV architecture meets the core of the CPU.  The core calls the
 * inline functions here; they cost one test of a flag for a plain guest.  What
 * they call for confidential guests is in sev_*.c.
 *
 * Source: APM volume 2 (AMD 24593), "SEV-ES" (automatic and non-automatic
 * exits) and "SEV-SNP" (RMP checks).
 */
#ifndef CF_ACCEL_SOFT_SEV_PRIV_H
#define CF_ACCEL_SOFT_SEV_PRIV_H

#include "accel/soft/cpu_priv.h"
#include "accel/soft/mem_priv.h"

/* Exit codes of instruction intercepts (VMCB EXITCODE). */
#define CF_EXIT_RD_DR7  0x27u
#define CF_EXIT_WR_DR7  0x37u
#define CF_EXIT_RDTSC   0x6eu
#define CF_EXIT_RDPMC   0x6fu
#define CF_EXIT_CPUID   0x72u
#define CF_EXIT_INVD    0x76u
#define CF_EXIT_IOIO    0x7bu
#define CF_EXIT_MSR     0x7cu
#define CF_EXIT_VMMCALL 0x81u
#define CF_EXIT_RDTSCP  0x87u
#define CF_EXIT_WBINVD  0x89u
#define CF_EXIT_MONITOR 0x8au
#define CF_EXIT_MWAIT   0x8bu
#define CF_EXIT_MMIO    0x400u /* nested fault with reserved bits */

/* sev_*.c: an intercepted event of an ES or SNP guest: #VC, or back when this
 * code is not intercepted for it. r[RIP] is exact (op NULL). */
void cf_sev_intercept(struct vcpu *cpu, uint32_t exit_code);

/* Called first by every instruction that hypervisors intercept. */
static inline void cf_intercept(struct vcpu *cpu, uint32_t exit_code)
{
	if (CF_UNLIKELY(cpu->vm->es))
		cf_sev_intercept(cpu, exit_code);
}

/*
 * MSRs: true when handled here (GHCB, SEV_STATUS); *fault: #GP.  For the rest
 * of an ES guest's intercepted MSRs it raises #VC.
 */
bool cf_sev_rdmsr(struct vcpu *cpu, uint32_t msr, uint64_t *value, bool *fault);
bool cf_sev_wrmsr(struct vcpu *cpu, uint32_t msr, uint64_t value, bool *fault);

/*
 * A translation is about to be used for `access` (enum cf_access).  Checks the
 * RMP of an SNP guest, raises or stops; a device page of an ES guest raises
 * #VC(MMIO).  `device`: no memory at gpa.  Returns whether write permission
 * may be cached along with it.
 */
bool cf_sev_check_fill(struct vcpu *cpu, const struct op *op, uint64_t addr,
	uint64_t gpa, unsigned access, bool user, bool private_view,
	bool device);

static inline bool cf_check_fill(struct vcpu *cpu, const struct op *op,
	uint64_t addr, uint64_t gpa, unsigned access, bool user,
	bool private_view, bool device)
{
	if (CF_UNLIKELY(cpu->vm->es))
		return cf_sev_check_fill(
			cpu, op, addr, gpa, access, user, private_view, device);
	return true;
}

/* -fault flip: another view of one page than its entry says. */
bool cf_sev_tampered_view(
	const struct vcpu *cpu, uint64_t gpa, bool private_view);

static inline bool cf_tampered_view(
	const struct vcpu *cpu, uint64_t gpa, bool private_view)
{
	if (CF_UNLIKELY(cpu->vm->config.faults.kinds & CF_FAULT_FLIP))
		return cf_sev_tampered_view(cpu, gpa, private_view);
	return private_view;
}

/* The key slot through which an access sees memory. */
static inline unsigned cf_view_asid(const struct vcpu *cpu, bool private_view)
{
	return cpu->vm->sev && private_view ? cpu->vm->config.asid : 0;
}

/* VMMCALL and VMGEXIT (with F3 or F2), PVALIDATE, RMPADJUST, RMPQUERY: op
 * handlers; for a guest that has them not they raise #UD. */
cf_op_fn cf_op_vmmcall, cf_op_vmgexit, cf_op_pvalidate, cf_op_rmpadjust,
	cf_op_rmpquery;

/* A write to CR0, CR4, CR8 or EFER happened (write trap of ES guests). */
void cf_sev_write_trap(struct vcpu *cpu, uint32_t exit_code, uint64_t value);

/*
 * CF_ATT_SEV: an order waits for this vCPU (AP creation).  Called between
 * blocks on the vCPU's own thread, also while it is parked or waits for SIPI.
 */
void cf_sev_attend(struct vcpu *cpu);

/*
 * INIT and start-up IPI of an ES or SNP guest, whose registers no one outside
 * may set.  On the vCPU's own thread, which waits (wait_sipi) after INIT.
 * True: taken care of, the core leaves the registers alone; for SIPI it also
 * means that the vCPU runs on from the state it has.
 */
bool cf_sev_init_ipi(struct vcpu *cpu);
bool cf_sev_startup_ipi(struct vcpu *cpu);

/*
 * What the SEV files want of the core.  MSRs as the machine and the core
 * emulate them, without intercepts (msr.c); false: #GP.  The whole state of a
 * vCPU, on its own thread or while it does not run (state.c).  rdtsc.
 */
bool cf_msr_read(struct vcpu *cpu, uint32_t msr, uint64_t *value);
bool cf_msr_write(struct vcpu *cpu, uint32_t msr, uint64_t value);
void cf_vcpu_load(struct vcpu *cpu, const struct cf_cpu_state *s);
void cf_vcpu_store(struct vcpu *cpu, struct cf_cpu_state *s);
/* migrate.c: all of a vCPU of a plain guest. */
struct cf_state;
void cf_vcpu_walk(struct cf_vm *vm, unsigned n, struct cf_state *s);
uint64_t cf_tsc(struct vcpu *cpu);

/* When a guest dies: append what is known of it to a line of text. */
void cf_sev_explain(struct vcpu *cpu, char *text, size_t size);

/* vm_create and state of confidential guests; plain: nothing to do. */
enum coffer_status cf_sev_vm_init(
	struct cf_vm *vm, struct coffer_error *err) CF_MUST_CHECK;
void cf_sev_vm_finish(struct cf_vm *vm);
/* When a vCPU of the VM has been made. */
void cf_sev_vcpu_init(struct vcpu *cpu);

#endif
