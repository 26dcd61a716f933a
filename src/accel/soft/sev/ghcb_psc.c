/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page state changes: what the hypervisor does to the RMP when the guest asks
 * for private or shared memory.
 *
 * Source: GHCB specification (AMD 56421), "SNP Page State Change".
 */
#include "accel/soft/sev/ghcb_priv.h"
#include "accel/soft/sev/sev_state_priv.h"

#include "base/bytes.h"
#include "base/log.h"

#include <inttypes.h>

#define PAGE        UINT64_C(4096)
#define LARGE_PAGES 512u
#define MAX_ENTRIES 253u
#define HEADER_LEN  8u

#define ALL_PERMISSIONS (CF_RMP_R | CF_RMP_W | CF_RMP_UX | CF_RMP_SX)

/* Upper half of SW_EXITINFO2: 1; the lower says what is wrong. */
#define BAD_HEADER (UINT64_C(1) << 32 | 1)
#define BAD_ENTRY  (UINT64_C(1) << 32 | 2)

enum psc_op { PSC_PRIVATE = 1, PSC_SHARED, PSC_PSMASH, PSC_UNSMASH };

/* RMPUPDATE to what the guest asks for.  As on hardware, what is so already
 * changes nothing, in particular not the validation; and what the firmware
 * holds does not change at all. */
static bool rmpupdate(
	struct vcpu *cpu, uint64_t gpa, bool private_page, bool large)
{
	uint64_t len = large ? CF_RMP_LARGE : PAGE;
	struct cf_rmp_entry e;

	if (!cf_rmp_get(cpu->vm->mem, gpa, &e) || e.immutable)
		return false;
	if (e.assigned == private_page)
		return true;
	e = (struct cf_rmp_entry) { .large = large };
	if (private_page)
		e = (struct cf_rmp_entry) { .assigned = true,
			.large = large,
			.asid = (uint16_t)cpu->vm->config.asid,
			.perms = { ALL_PERMISSIONS },
			.gpa = gpa & CF_PAGE_MASK };
	if (!cf_rmp_set(cpu->vm->mem, gpa, &e))
		return false;
	cf_history_add(
		cpu, private_page ? CF_HIST_PRIVATE : CF_HIST_SHARED, gpa, len);
	return true;
}

static void smash(struct vcpu *cpu, uint64_t gpa)
{
	uint64_t base = gpa & ~(CF_RMP_LARGE - 1);

	if (cf_rmp_smash(cpu->vm->mem, base))
		cf_history_add(cpu, CF_HIST_SMASHED, base, CF_RMP_LARGE);
}

bool cf_page_set_state(struct vcpu *cpu, uint64_t gpa, bool private_page)
{
	struct cf_rmp_entry e;

	if (!private_page && cf_rmp_get(cpu->vm->mem, gpa, &e) && e.large &&
		!e.immutable)
		smash(cpu, gpa);
	return rmpupdate(cpu, gpa, private_page, false);
}

/* True when 2 MiB can change in one entry: all of it shared, or one large
 * page. */
static bool goes_in_one(struct vcpu *cpu, uint64_t gpa, bool private_page)
{
	struct cf_rmp_entry e;

	if (cf_rmp_get(cpu->vm->mem, gpa, &e) && e.large)
		return true;
	return private_page && cf_rmp_vacant(cpu->vm->mem, gpa);
}

/* Hints: a page that cannot be split or joined stays as it is. */
static void resize(struct vcpu *cpu, uint64_t gpa, bool join)
{
	struct cf_rmp_entry e;

	if (!cf_rmp_get(cpu->vm->mem, gpa, &e) || e.immutable)
		return;
	if (!join)
		smash(cpu, gpa);
	else if (cf_rmp_join(cpu->vm->mem, gpa))
		cf_history_add(cpu, CF_HIST_JOINED, gpa, CF_RMP_LARGE);
}

/* One entry; *done counts its 4 KiB pages, for the guest to see.  lie: say so
 * without doing it. */
static bool do_entry(struct vcpu *cpu, uint64_t entry, bool lie, uint16_t *done)
{
	uint64_t gpa = entry & UINT64_C(0x000FFFFFFFFFF000);
	unsigned op = entry >> 52 & 0xF;
	bool large = entry >> 56 & 1, private_page = op == PSC_PRIVATE;
	unsigned n = large ? LARGE_PAGES : 1;

	if (entry >> 57 || (large && !cf_is_aligned(gpa, n * PAGE)) ||
		*done > n)
		return false;
	if (op == PSC_PSMASH || op == PSC_UNSMASH) {
		if (large)
			resize(cpu, gpa, op == PSC_UNSMASH);
		return true;
	}
	if (op != PSC_PRIVATE && op != PSC_SHARED)
		return false;
	if (lie)
		*done = (uint16_t)n;
	if (large && !*done && goes_in_one(cpu, gpa, private_page)) {
		if (!rmpupdate(cpu, gpa, private_page, true))
			return false;
		*done = LARGE_PAGES;
	}
	for (; *done < n; ++*done)
		if (!cf_page_set_state(cpu, gpa + *done * PAGE, private_page))
			return false;
	return true;
}

enum cf_ghcb_error cf_ghcb_psc(struct ghcb *g)
{
	uint8_t list[HEADER_LEN + 8 * MAX_ENTRIES];
	uint16_t current, end;
	uint64_t error = 0;
	bool lie = cf_fault(g->cpu->vm, CF_FAULT_PSC);

	if (!cf_ghcb_scratch_read(g, list, sizeof(list)))
		return GHCB_BAD_SCRATCH;
	current = cf_load_le16(list);
	end = cf_load_le16(list + 2);
	if (end >= MAX_ENTRIES || current > end)
		error = BAD_HEADER;
	else
		cf_log(g->cpu->vm->config.log, CF_LOG_DEBUG,
			"ghcb: vcpu=%u psc entries=%u..%u first=0x%016" PRIx64
			" last=0x%016" PRIx64,
			g->cpu->index, current, end,
			cf_load_le64(list + HEADER_LEN + 8 * (size_t)current),
			cf_load_le64(list + HEADER_LEN + 8 * (size_t)end));
	while (!error && current <= end) {
		uint8_t *at = list + HEADER_LEN + 8 * (size_t)current;
		uint64_t entry = cf_load_le64(at);
		uint16_t done = entry & 0xFFF;

		if (!do_entry(g->cpu, entry, lie, &done))
			error = BAD_ENTRY;
		else
			current++;
		cf_store_le64(at, (entry & ~UINT64_C(0xFFF)) | done);
	}
	cf_store_le16(list, current);
	if (!cf_ghcb_scratch_write(g, list, sizeof(list)))
		return GHCB_BAD_SCRATCH;
	g->result = error;
	return GHCB_OK;
}
