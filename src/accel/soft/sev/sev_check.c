/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks when a translation is about to be used: a device page of an ES guest
 * raises #VC, and an SNP guest's page must be what its RMP entry says.
 *
 * Source: APM volume 2 (AMD 24593), "RMP and VMPL Access Checks" and "Nested
 * Page Table Faults".
 */
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/sev/sev_state_priv.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

#define EXIT_NOT_VALIDATED 0x404u

/* Why the RMP stops an access; the text of the report. */
struct verdict {
	const char *rule; /* NULL: it does not */
	bool not_validated;
};

static uint8_t permission_for(unsigned access, bool user)
{
	switch (access & CF_ACC_KIND) {
	case CF_ACC_WRITE:
		return CF_RMP_W;
	case CF_ACC_FETCH:
		return user ? CF_RMP_UX : CF_RMP_SX;
	default:
		return CF_RMP_R;
	}
}

static struct verdict judge_private(const struct vcpu *cpu,
	const struct cf_rmp_entry *e, uint64_t gpa, unsigned access, bool user)
{
	uint8_t need = permission_for(access, user);

	if (!e->assigned)
		return (struct verdict) {
			.rule = "private access, but the page is shared"
		};
	if (e->asid != cpu->vm->config.asid)
		return (struct verdict) {
			.rule = "private access to a page of another owner"
		};
	if (e->gpa != (gpa & CF_PAGE_MASK))
		return (struct verdict) {
			.rule = "the RMP has the page at another address"
		};
	if (e->immutable)
		return (struct verdict) {
			.rule = "the page belongs to the firmware"
		};
	if (!e->validated)
		return (struct verdict) { .not_validated = true };
	if ((e->perms[cpu->vmpl & 3] & need) != need)
		return (struct verdict) {
			.rule = "the VMPL has no permission"
		};
	if (e->vmsa && need == CF_RMP_W)
		return (struct verdict) { .rule = "write to a save area" };
	return (struct verdict) { 0 };
}

static const char *access_name(unsigned access)
{
	static const char *const name[] = { "read", "write", "fetch",
		"access" };

	return name[access & CF_ACC_KIND];
}

static _Noreturn void nested_fault(struct vcpu *cpu, const struct op *op,
	uint64_t addr, uint64_t gpa, unsigned access, const char *rule)
{
	char history[192];

	cf_history_text(cpu->vm, gpa, history, sizeof(history));
	cpu->stop.gpa = gpa;
	cf_stop(cpu, op, CF_STOP_UNSUPPORTED,
		"nested fault: %s of 0x%" PRIx64 " (gpa 0x%" PRIx64
		"): %s; page %s",
		access_name(access), addr, gpa, rule, history);
}

static _Noreturn void raise_vc(
	struct vcpu *cpu, const struct op *op, uint32_t exit_code, uint64_t gpa)
{
	cf_log(cpu->vm->config.log, CF_LOG_DEBUG,
		"sev: vcpu=%u #VC exit=0x%x gpa=0x%016" PRIx64, cpu->index,
		exit_code, gpa);
	cf_raise_error(cpu, op, CF_VEC_VC, exit_code);
}

bool cf_sev_check_fill(struct vcpu *cpu, const struct op *op, uint64_t addr,
	uint64_t gpa, unsigned access, bool user, bool private_view,
	bool device)
{
	struct cf_rmp_entry e;
	struct verdict v = { 0 };

	if (device)
		raise_vc(cpu, op, CF_EXIT_MMIO, gpa);
	if (private_view && (access & CF_ACC_KIND) == CF_ACC_WRITE) {
		cf_history_write(
			cpu, gpa, cpu->r[CF_R_RIP] + (op ? op->off : 0));
		cf_tamper_written(cpu->vm, gpa);
	}
	if (!cpu->vm->snp || !cf_rmp_get(cpu->vm->mem, gpa, &e))
		return true;
	if (private_view) {
		v = judge_private(cpu, &e, gpa, access, user);
		if (v.not_validated) {
			cf_sev_of(cpu)->lost = gpa & CF_PAGE_MASK;
			raise_vc(cpu, op, EXIT_NOT_VALIDATED, gpa);
		}
	} else if (e.assigned && (access & CF_ACC_KIND) == CF_ACC_WRITE) {
		v.rule = "shared write, but the page is private";
	}
	if (v.rule)
		nested_fault(cpu, op, addr, gpa, access, v.rule);
	if (!private_view)
		return !e.assigned;
	return (e.perms[cpu->vmpl & 3] & CF_RMP_W) && !e.vmsa;
}
