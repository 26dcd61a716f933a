/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory as the firmware checks it: page states in the RMP, buffers that the
 * host names, and the binding of ASIDs to guests and keys.
 */
#include "sp/soft/commands_priv.h"

bool cf_sp_read(struct cf_sp_soft *sp, uint64_t spa, void *out, size_t n)
{
	return sp->has_mem && sp->mem.host_read(sp->mem.opaque, spa, out, n);
}

uint32_t cf_sp_rmp(
	struct cf_sp_soft *sp, uint64_t spa, struct cf_rmp_entry *out)
{
	if (!sp->has_mem || !cf_is_aligned(spa, CF_PAGE_SIZE) ||
		!sp->mem.rmp_get(sp->mem.opaque, spa, out))
		return CF_FW_INVALID_ADDRESS;
	return CF_FW_SUCCESS;
}

/* Output buffers must not be a guest's; with SNP on they must be Firmware
 * pages, so that the host cannot be tricked into writing its own. */
uint32_t cf_sp_write_out(
	struct cf_sp_soft *sp, uint64_t spa, const void *in, size_t n)
{
	uint64_t last;

	if (!sp->has_mem || !n || __builtin_add_overflow(spa, n - 1, &last))
		return CF_FW_INVALID_ADDRESS;
	for (uint64_t page = cf_align_down(spa, CF_PAGE_SIZE);
		sp->snp_state == SNP_INIT && page <= last;
		page += CF_PAGE_SIZE) {
		struct cf_rmp_entry e;
		uint32_t fw = cf_sp_rmp(sp, page, &e);

		if (fw)
			return fw;
		if (cf_sp_page_state(&e) == PAGE_FIRMWARE)
			continue;
		if (UNC_LEGACY_OUT_NEEDS_FIRMWARE || e.assigned)
			return CF_FW_INVALID_PAGE_STATE;
	}
	return sp->mem.host_write(sp->mem.opaque, spa, in, n)
		? CF_FW_SUCCESS
		: CF_FW_INVALID_ADDRESS;
}

uint32_t cf_sp_write_page(
	struct cf_sp_soft *sp, uint64_t spa, const void *in, size_t n)
{
	uint32_t fw;

	if (!cf_is_aligned(spa, CF_PAGE_SIZE))
		return CF_FW_INVALID_ADDRESS;
	if (sp->snp_state == SNP_INIT) {
		fw = cf_sp_page_need(sp, spa, PAGE_FIRMWARE);
		if (fw)
			return fw;
	}
	fw = cf_sp_write_out(sp, spa, in, n);
	if (!fw && sp->snp_state == SNP_INIT &&
		!cf_sp_page_set(sp, spa, PAGE_RECLAIM))
		fw = CF_FW_HWERROR_PLATFORM;
	return fw;
}

enum page_state cf_sp_page_state(const struct cf_rmp_entry *e)
{
	/* The host may use HV-Fixed pages, and RMPUPDATE refuses them. */
	if (!e->assigned)
		return e->immutable ? PAGE_HV_FIXED : PAGE_HYPERVISOR;
	if (e->asid)
		return e->immutable
			? (e->validated ? PAGE_PRE_SWAP : PAGE_PRE_GUEST)
			: (e->validated ? PAGE_GUEST_VALID
					: PAGE_GUEST_INVALID);
	if (!e->immutable)
		return PAGE_RECLAIM;
	if (e->gpa)
		return PAGE_METADATA;
	return e->vmsa ? PAGE_CONTEXT : PAGE_FIRMWARE;
}

bool cf_sp_page_set(struct cf_sp_soft *sp, uint64_t spa, enum page_state state)
{
	const struct cf_rmp_entry e = {
		.assigned = true,
		.immutable = state != PAGE_RECLAIM,
		.vmsa = state == PAGE_CONTEXT,
	};

	return sp->mem.rmp_set(sp->mem.opaque, spa, &e);
}

uint32_t cf_sp_page_find(struct cf_sp_soft *sp, struct sp_page *p,
	unsigned states, uint32_t asid)
{
	uint32_t fw = cf_sp_rmp(sp, p->spa, &p->rmp);

	if (fw)
		return fw;
	if (p->large && !cf_is_aligned(p->spa, CF_RMP_LARGE))
		return CF_FW_INVALID_ADDRESS;
	if (!(states & BIT(cf_sp_page_state(&p->rmp))))
		return CF_FW_INVALID_PAGE_STATE;
	if (asid && p->rmp.asid != asid)
		return CF_FW_INVALID_PAGE_OWNER;
	return p->rmp.large == p->large ? CF_FW_SUCCESS
					: CF_FW_INVALID_PAGE_SIZE;
}

uint32_t cf_sp_page_put(struct cf_sp_soft *sp, const struct sp_page *p,
	const struct cf_rmp_entry *e)
{
	struct cf_rmp_entry sized = *e;

	sized.large = p->large;
	return sp->mem.rmp_set(sp->mem.opaque, p->spa, &sized)
		? CF_FW_SUCCESS
		: CF_FW_HWERROR_PLATFORM;
}

uint32_t cf_sp_page_to_reclaim(struct cf_sp_soft *sp, const struct sp_page *p)
{
	const struct cf_rmp_entry e = { .assigned = true };

	return cf_sp_page_put(sp, p, &e);
}

uint32_t cf_sp_page_need(
	struct cf_sp_soft *sp, uint64_t spa, enum page_state state)
{
	struct sp_page p = { .spa = spa };

	return cf_sp_page_find(sp, &p, BIT(state), 0);
}

uint32_t cf_sp_asid_bind(struct cf_sp_soft *sp, uint32_t asid,
	enum asid_owner owner, const uint8_t vek[CF_VEK_LEN])
{
	struct asid_slot *slot;

	if (!sp->has_mem)
		return CF_FW_INVALID_ADDRESS;
	if (!asid || asid > sp->mem.max_asid || asid > CF_MEMORY_MAX_ASID)
		return CF_FW_INVALID_ASID;
	slot = &sp->asid[asid];
	if (slot->owner != ASID_FREE)
		return CF_FW_ASID_OWNED;
	if (slot->dirty)
		return CF_FW_DFFLUSH_REQUIRED;
	if (!sp->mem.set_key(sp->mem.opaque, asid, vek))
		return CF_FW_HWERROR_PLATFORM;
	slot->owner = owner;
	return CF_FW_SUCCESS;
}

/* The caches may still hold lines of the guest: WBINVD and DF_FLUSH come
 * before another one gets the ASID. */
void cf_sp_asid_unbind(struct cf_sp_soft *sp, uint32_t asid)
{
	if (!asid)
		return;
	sp->mem.clear_key(sp->mem.opaque, asid);
	sp->asid[asid] = (struct asid_slot) { .dirty = true };
	sp->wbinvd_needed = true;
}

void cf_sp_soft_wbinvd(struct cf_sp_soft *sp)
{
	sp->wbinvd_needed = false;
}

uint32_t cf_sp_df_flush(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;

	if (sp->wbinvd_needed)
		return CF_FW_WBINVD_REQUIRED;
	for (size_t i = 0; i < CF_ARRAY_LEN(sp->asid); i++)
		sp->asid[i].dirty = false;
	return CF_FW_SUCCESS;
}
