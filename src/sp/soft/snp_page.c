/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNP pages after launch: debugging, moving, reclaiming, joining, fixing.
 * Source: SNP firmware ABI (AMD 56860), "Page Management", SNP_DBG_DECRYPT.
 */
#include "sp/soft/commands_priv.h"

#include <string.h>

/* --- Debugging, 4 KiB at a time --- */

/* A 4 KiB piece of a guest's page, whatever the page's size is. */
static uint32_t guest_page(struct call *c, uint64_t spa)
{
	struct cf_rmp_entry e;
	uint32_t fw = cf_sp_rmp(c->sp, spa, &e);
	enum page_state s;

	if (fw)
		return fw;
	s = cf_sp_page_state(&e);
	if (s != PAGE_GUEST_VALID && s != PAGE_GUEST_INVALID)
		return CF_FW_INVALID_PAGE_STATE;
	return e.asid == c->snp->asid ? CF_FW_SUCCESS
				      : CF_FW_INVALID_PAGE_OWNER;
}

uint32_t cf_sp_snp_dbg_decrypt(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	uint64_t src = cf_load_le64(c->buf + 8);
	uint64_t dst = cf_load_le64(c->buf + 0x10);
	uint8_t page[CF_PAGE_SIZE];
	uint32_t fw;

	if (!(c->snp->policy & SNP_POLICY_DEBUG))
		return CF_FW_POLICY_FAILURE;
	fw = guest_page(c, src);
	if (!fw)
		fw = cf_sp_page_need(sp, dst, PAGE_FIRMWARE);
	if (fw)
		return fw;
	if (!sp->mem.private_read(
		    sp->mem.opaque, c->snp->asid, src, page, sizeof(page)))
		return CF_FW_INVALID_ADDRESS;
	fw = cf_sp_write_out(sp, dst, page, sizeof(page));
	cf_wipe(page, sizeof(page));
	return fw;
}

uint32_t cf_sp_snp_dbg_encrypt(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	uint64_t src = cf_load_le64(c->buf + 8);
	uint64_t dst = cf_load_le64(c->buf + 0x10);
	uint8_t page[CF_PAGE_SIZE];
	uint32_t fw;

	if (!(c->snp->policy & SNP_POLICY_DEBUG))
		return CF_FW_POLICY_FAILURE;
	fw = guest_page(c, dst);
	if (fw)
		return fw;
	if (!cf_is_aligned(src, CF_PAGE_SIZE) ||
		!cf_sp_read(sp, src, page, sizeof(page)) ||
		!sp->mem.private_write(
			sp->mem.opaque, c->snp->asid, dst, page, sizeof(page)))
		return CF_FW_INVALID_ADDRESS;
	return CF_FW_SUCCESS;
}

/* --- Moving --- */

static bool copy_private(
	struct call *c, const struct sp_page *from, const struct sp_page *to)
{
	const struct cf_sp_soft_memory *mem = &c->sp->mem;
	uint8_t bytes[CF_PAGE_SIZE];
	bool ok = true;

	for (uint64_t at = 0; ok && at < cf_sp_page_len(from);
		at += sizeof(bytes))
		ok = mem->private_read(mem->opaque, c->snp->asid,
			     from->spa + at, bytes, sizeof(bytes)) &&
			mem->private_write(mem->opaque, c->snp->asid,
				to->spa + at, bytes, sizeof(bytes));
	cf_wipe(bytes, sizeof(bytes));
	return ok;
}

uint32_t cf_sp_snp_page_move(struct call *c)
{
	uint32_t flags = cf_load_le32(c->buf + 8), fw;
	struct sp_page from = { .spa = cf_load_le64(c->buf + 0x10) };
	struct sp_page to = { .spa = cf_load_le64(c->buf + 0x18) };

	if (flags & ~1u)
		return CF_FW_INVALID_PARAM;
	if (c->snp->policy & SNP_POLICY_NO_SWAP)
		return CF_FW_POLICY_FAILURE;
	from.large = to.large = flags & 1;
	fw = cf_sp_page_find(c->sp, &from, FROZEN_PAGES, c->snp->asid);
	if (!fw)
		fw = cf_sp_page_find(
			c->sp, &to, BIT(PAGE_PRE_GUEST), c->snp->asid);
	if (fw)
		return fw;
	if (from.spa == to.spa || from.rmp.gpa != to.rmp.gpa)
		return CF_FW_INVALID_PARAM;
	if (!copy_private(c, &from, &to))
		return CF_FW_HWERROR_PLATFORM;
	from.rmp.immutable = false;
	fw = cf_sp_page_put(c->sp, &to, &from.rmp);
	return fw ? fw : cf_sp_page_to_reclaim(c->sp, &from);
}

/* --- Reclaiming --- */

uint32_t cf_sp_snp_page_reclaim(struct call *c)
{
	uint64_t arg = cf_load_le64(c->buf);
	struct sp_page p = { .spa = arg & ~(uint64_t)1, .large = arg & 1 };
	uint32_t fw = cf_sp_page_find(c->sp, &p,
		FROZEN_PAGES | BIT(PAGE_FIRMWARE) | BIT(PAGE_METADATA) |
			BIT(PAGE_RECLAIM),
		0);

	if (fw)
		return fw;
	return cf_sp_page_state(&p.rmp) == PAGE_RECLAIM
		? UNC_RECLAIM_AGAIN
		: cf_sp_page_to_reclaim(c->sp, &p);
}

/* --- Joining --- */

/* The i-th page from the first, against it: alike but for the addresses. */
static uint32_t check_neighbour(
	struct cf_sp_soft *sp, const struct sp_page *first, uint64_t i)
{
	struct sp_page p = { .spa = first->spa + i * CF_PAGE_SIZE };
	uint32_t fw =
		cf_sp_page_find(sp, &p, UNC_UNSMASH_STATES, first->rmp.asid);

	if (fw)
		return fw;
	return p.rmp.gpa == first->rmp.gpa + i * CF_PAGE_SIZE &&
			p.rmp.validated == first->rmp.validated &&
			p.rmp.vmsa == first->rmp.vmsa &&
			memcmp(p.rmp.perms, first->rmp.perms,
				sizeof(p.rmp.perms)) == 0
		? CF_FW_SUCCESS
		: UNC_UNSMASH_UNLIKE;
}

/* Frozen pages only, so that neither host nor guest changes one meanwhile. */
uint32_t cf_sp_snp_page_unsmash(struct call *c)
{
	struct sp_page first = { .spa = cf_load_le64(c->buf) & ~(uint64_t)1 };
	struct sp_page whole = { .spa = first.spa, .large = true };
	uint32_t fw;

	if (!cf_is_aligned(first.spa, CF_RMP_LARGE))
		return CF_FW_INVALID_ADDRESS;
	fw = cf_sp_page_find(c->sp, &first, UNC_UNSMASH_STATES, 0);
	if (!fw &&
		(!cf_is_aligned(first.rmp.gpa, CF_RMP_LARGE) || first.rmp.vmsa))
		fw = UNC_UNSMASH_UNLIKE;
	for (uint64_t i = 1; !fw && i < LARGE_PAGES; i++)
		fw = check_neighbour(c->sp, &first, i);
	if (fw)
		return fw;
	first.rmp.immutable = !UNC_UNSMASH_THAWS;
	return cf_sp_page_put(c->sp, &whole, &first.rmp);
}
