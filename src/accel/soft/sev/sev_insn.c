/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instructions of SEV-ES and SNP: VMGEXIT, PVALIDATE, RMPADJUST, RMPQUERY
 * (and VMMCALL, which VMGEXIT is where there is no SEV-ES).
 *
 * Source: APM volume 3 (AMD 24594), the instructions' pages.
 */
#include "accel/soft/sev/ghcb_priv.h"
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/sev/sev_state_priv.h"

#include "accel/soft/insn/dispatch_priv.h"
#include "accel/soft/world_priv.h"
#include "base/bytes.h"

#define PAGE              UINT64_C(4096)
#define FAIL_INPUT        1u
#define FAIL_PERMISSION   2u
#define FAIL_SIZEMISMATCH 6u
#define SIZE_2MB          1u
#define ALL_PERMISSIONS   (CF_RMP_R | CF_RMP_W | CF_RMP_UX | CF_RMP_SX)

static void require_snp_cpl0(struct vcpu *cpu)
{
	if (!cpu->vm->snp)
		cf_raise(cpu, NULL, CF_VEC_UD);
	if (cpu->cpl)
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
}

/* The status flags but CF are cleared. */
static const struct op *finish(
	struct vcpu *cpu, const struct op *op, uint32_t result, bool carry)
{
	cpu->r[CF_RAX] = result;
	cf_flags_set_status(cpu, carry ? CF_FL_CF : 0);
	return cf_sys_done(cpu, op);
}

/* The page that RAX names: mapped, private, and the guest's own in the RMP;
 * anything else faults or stops.  What is not validated passes. */
static uint64_t own_page(
	struct vcpu *cpu, uint64_t addr, struct cf_rmp_entry *e)
{
	struct cf_walk walk;

	if (!cf_walk(cpu, addr, CF_ACC_READ, false, true, &walk))
		cf_raise_pf(cpu, NULL, addr, walk.error);
	walk.gpa &= CF_PAGE_MASK;
	if (!walk.private_view)
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
	if (!cf_rmp_get(cpu->vm->mem, walk.gpa, e) || !e->assigned ||
		e->immutable || e->asid != cpu->vm->config.asid ||
		e->gpa != walk.gpa) {
		/* The check of an access says what is wrong with it. */
		cf_sev_check_fill(cpu, NULL, addr, walk.gpa, CF_ACC_WRITE,
			false, true, false);
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
	}
	return walk.gpa;
}

/* RMP entries change with the world stopped, which a vCPU may only wait for
 * outside the guest. */
static void store_entry(
	struct vcpu *cpu, uint64_t gpa, const struct cf_rmp_entry *e)
{
	bool ok;

	cf_gate_leave(cpu);
	ok = cf_rmp_set(cpu->vm->mem, gpa, e);
	cf_gate_enter(cpu);
	if (!ok)
		cf_stop(cpu, NULL, CF_STOP_UNSUPPORTED,
			"rmp: no entry for a page that had one");
}

/*
 * The instruction's page size against the entry's; false: the instruction
 * ends with FAIL_SIZEMISMATCH.  Small on large is for the hypervisor: a nested
 * fault with the size-mismatch bit, on which it smashes the page and has the
 * guest try again.  Large on small is for the guest, which tries it page by
 * page.
 */
static bool same_size(
	struct vcpu *cpu, bool large, uint64_t gpa, struct cf_rmp_entry *e)
{
	uint64_t base = gpa & ~(CF_RMP_LARGE - 1);

	if (e->large == large)
		return true;
	if (large)
		return false;
	cf_gate_leave(cpu);
	if (cf_rmp_smash(cpu->vm->mem, base))
		cf_history_add(cpu, CF_HIST_SMASHED, base, CF_RMP_LARGE);
	cf_gate_enter(cpu);
	return cf_rmp_get(cpu->vm->mem, gpa, e) && !e->large;
}

static uint64_t entry_len(const struct cf_rmp_entry *e)
{
	return e->large ? CF_RMP_LARGE : PAGE;
}

/* The address in RAX without the bits that do not count. */
static uint64_t page_address(const struct vcpu *cpu)
{
	return cpu->r[CF_RAX] & CF_PAGE_MASK;
}

const struct op *cf_op_pvalidate(struct vcpu *cpu, const struct op *op)
{
	struct cf_rmp_entry e;
	bool validate = cpu->r[CF_RDX] & 1, large = cpu->r[CF_RCX] & SIZE_2MB;
	uint64_t gpa;

	cf_sys_begin(cpu, op);
	require_snp_cpl0(cpu);
	if (cpu->vmpl)
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
	if (cpu->r[CF_RCX] & 0xFFFFFFFE)
		return finish(cpu, op, FAIL_INPUT, false);
	gpa = own_page(cpu, page_address(cpu), &e);
	if (large && !cf_is_aligned(gpa, CF_RMP_LARGE))
		return finish(cpu, op, FAIL_INPUT, false);
	if (!same_size(cpu, large, gpa, &e))
		return finish(cpu, op, FAIL_SIZEMISMATCH, false);
	if (e.validated == validate)
		return finish(cpu, op, 0, true);
	e.validated = validate;
	e.perms[0] = ALL_PERMISSIONS;
	store_entry(cpu, gpa, &e);
	cf_history_add(cpu, validate ? CF_HIST_VALIDATED : CF_HIST_RESCINDED,
		gpa, entry_len(&e));
	if (validate && cf_fault(cpu->vm, CF_FAULT_VALIDATE)) {
		e.validated = false;
		store_entry(cpu, gpa, &e);
	}
	return finish(cpu, op, 0, false);
}

/* The entry that RMPADJUST found: only VMPL 0 makes save areas, and those are
 * 4 KiB. */
static const struct op *adjust(struct vcpu *cpu, const struct op *op,
	uint64_t gpa, struct cf_rmp_entry *e)
{
	unsigned target = cpu->r[CF_RDX] & 0xFF;
	uint8_t perms = (uint8_t)(cpu->r[CF_RDX] >> 8);
	bool vmsa = cpu->r[CF_RDX] >> 16 & 1;

	/* Only below oneself, and no more than one has. */
	if (target <= cpu->vmpl || (perms & ~e->perms[cpu->vmpl & 3]))
		return finish(cpu, op, FAIL_PERMISSION, false);
	if (vmsa && e->large)
		return finish(cpu, op, FAIL_INPUT, false);
	e->perms[target] = perms;
	if (!cpu->vmpl)
		e->vmsa = vmsa;
	store_entry(cpu, gpa, e);
	cf_history_add(
		cpu, vmsa ? CF_HIST_VMSA : CF_HIST_ADJUSTED, gpa, entry_len(e));
	if (!e->vmsa)
		cf_sev_vmsa_released(cpu->vm, gpa);
	return finish(cpu, op, 0, false);
}

const struct op *cf_op_rmpadjust(struct vcpu *cpu, const struct op *op)
{
	struct cf_rmp_entry e;
	bool large = cpu->r[CF_RCX] & SIZE_2MB;
	uint64_t gpa;

	cf_sys_begin(cpu, op);
	require_snp_cpl0(cpu);
	if (!(cpu->mode & CF_MODE_L))
		cf_raise(cpu, NULL, CF_VEC_UD);
	if (cpu->r[CF_RCX] & ~UINT64_C(1) || cpu->r[CF_RDX] >> 17 ||
		(cpu->r[CF_RDX] & 0xFF) > 3 ||
		(cpu->r[CF_RDX] >> 8 & 0xFF & ~ALL_PERMISSIONS))
		return finish(cpu, op, FAIL_INPUT, false);
	gpa = own_page(cpu, page_address(cpu), &e);
	if (large && !cf_is_aligned(gpa, CF_RMP_LARGE))
		return finish(cpu, op, FAIL_INPUT, false);
	if (!same_size(cpu, large, gpa, &e))
		return finish(cpu, op, FAIL_SIZEMISMATCH, false);
	if (!e.validated)
		cf_sev_check_fill(cpu, NULL, cpu->r[CF_RAX], gpa, CF_ACC_READ,
			false, true, false);
	return adjust(cpu, op, gpa, &e);
}

const struct op *cf_op_rmpquery(struct vcpu *cpu, const struct op *op)
{
	struct cf_rmp_entry e;
	unsigned target = cpu->r[CF_RDX] & 0xFF;

	cf_sys_begin(cpu, op);
	require_snp_cpl0(cpu);
	if (!(cpu->mode & CF_MODE_L))
		cf_raise(cpu, NULL, CF_VEC_UD);
	if (target > 3)
		return finish(cpu, op, FAIL_INPUT, false);
	if (target <= cpu->vmpl)
		return finish(cpu, op, FAIL_PERMISSION, false);
	own_page(cpu, page_address(cpu), &e);
	cpu->r[CF_RCX] = e.large ? SIZE_2MB : 0;
	cpu->r[CF_RDX] = (uint64_t)e.perms[target] << 8 |
		(uint64_t)e.vmsa << 16 | target;
	return finish(cpu, op, 0, false);
}

const struct op *cf_op_vmmcall(struct vcpu *cpu, const struct op *op)
{
	cf_sys_begin(cpu, op);
	cf_intercept(cpu, CF_EXIT_VMMCALL);
	cf_raise(cpu, NULL, CF_VEC_UD);
}

const struct op *cf_op_vmgexit(struct vcpu *cpu, const struct op *op)
{
	struct cf_ghcb_outcome out = { 0 };

	if (!cpu->vm->es)
		return cf_op_vmmcall(cpu, op);
	cf_sys_begin(cpu, op);
	/* An automatic exit: RIP is past the instruction already. */
	cf_sys_done(cpu, op);
	cf_gate_leave(cpu);
	cf_ghcb_exit(cpu, &out);
	cf_gate_enter(cpu);
	if (out.stop) {
		cpu->stop.code = out.code;
		cf_stop(cpu, NULL, out.why, "%s", out.text);
	}
	return NULL;
}
