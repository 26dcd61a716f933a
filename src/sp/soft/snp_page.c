/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNP pages after launch: debugging, moving, and swapping out and in with
 * metadata that keeps the host from replaying.  Source: SNP firmware ABI
 * (AMD 56860), "Page Management", SNP_PAGE_SWAP_OUT, SNP_DBG_DECRYPT.
 */
#include "sp/soft/commands_priv.h"

#include <string.h>

/* A page of the guest that the host has frozen (IMMUTABLE). */
static uint32_t frozen_page(
	struct call *c, uint64_t spa, struct cf_rmp_entry *e)
{
	uint32_t fw = cf_sp_rmp(c->sp, spa, e);
	enum page_state s;

	if (fw)
		return fw;
	s = cf_sp_page_state(e);
	if (s != PAGE_PRE_GUEST && s != PAGE_PRE_SWAP)
		return CF_FW_INVALID_PAGE_STATE;
	return e->asid == c->snp->asid ? CF_FW_SUCCESS
				       : CF_FW_INVALID_PAGE_OWNER;
}

/* A page that waits for contents: Pre-Guest. */
static uint32_t empty_page(struct call *c, uint64_t spa, struct cf_rmp_entry *e)
{
	uint32_t fw = frozen_page(c, spa, e);

	if (!fw && cf_sp_page_state(e) != PAGE_PRE_GUEST)
		fw = CF_FW_INVALID_PAGE_STATE;
	return fw;
}

static uint32_t set_rmp(
	struct cf_sp_soft *sp, uint64_t spa, const struct cf_rmp_entry *e)
{
	return sp->mem.rmp_set(sp->mem.opaque, spa, e) ? CF_FW_SUCCESS
						       : CF_FW_HWERROR_PLATFORM;
}

static uint32_t to_reclaim(struct cf_sp_soft *sp, uint64_t spa)
{
	return cf_sp_page_set(sp, spa, PAGE_RECLAIM) ? CF_FW_SUCCESS
						     : CF_FW_HWERROR_PLATFORM;
}

/* --- Debugging --- */

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

uint32_t cf_sp_snp_page_move(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	uint32_t flags = cf_load_le32(c->buf + 8);
	uint64_t src = cf_load_le64(c->buf + 0x10);
	uint64_t dst = cf_load_le64(c->buf + 0x18);
	struct cf_rmp_entry from, to;
	uint8_t page[CF_PAGE_SIZE];
	uint32_t fw;

	if (flags & ~1u)
		return CF_FW_INVALID_PARAM;
	if (c->snp->policy & SNP_POLICY_NO_SWAP)
		return CF_FW_POLICY_FAILURE;
	fw = frozen_page(c, src, &from);
	if (!fw)
		fw = empty_page(c, dst, &to);
	if (fw)
		return fw;
	if (flags & 1)
		return CF_FW_INVALID_PAGE_SIZE;
	if (src == dst || from.gpa != to.gpa)
		return CF_FW_INVALID_PARAM;
	if (!sp->mem.private_read(
		    sp->mem.opaque, c->snp->asid, src, page, sizeof(page)) ||
		!sp->mem.private_write(
			sp->mem.opaque, c->snp->asid, dst, page, sizeof(page)))
		return CF_FW_HWERROR_PLATFORM;
	cf_wipe(page, sizeof(page));
	from.immutable = false;
	fw = set_rmp(sp, dst, &from);
	return fw ? fw : to_reclaim(sp, src);
}

/* --- Swapping --- */

#define SWAP_TYPE_DATA     0
#define SWAP_TYPE_METADATA 1
#define SWAP_TYPE_VMSA     2
#define SWAP_IN_PLACE      BIT(3)
#define SWAP_ROOT          BIT(4)

#define MD_IV        0x08
#define MD_TAG       0x10
#define MD_FLAGS     0x20
#define MD_PERMS     0x28
#define MD_VALID     BIT(0)
#define MD_VALIDATED BIT(1)
#define MD_VMSA      BIT(2)
#define MD_METADATA  BIT(3)

struct swap {
	uint64_t src, dst, mdata;
	unsigned type;
	bool root, in_place;
};

static uint32_t decode_swap(struct call *c, struct swap *s, uint64_t allowed)
{
	uint64_t flags = cf_load_le64(c->buf + 0x28);

	s->src = cf_load_le64(c->buf + 8);
	s->dst = cf_load_le64(c->buf + 0x10);
	s->mdata = cf_load_le64(c->buf + 0x18);
	s->type = (unsigned)(flags >> 1 & 3);
	s->in_place = flags & SWAP_IN_PLACE;
	s->root = flags & SWAP_ROOT;
	if (flags & ~allowed || s->type == 3)
		return CF_FW_INVALID_PARAM;
	if (c->snp->policy & SNP_POLICY_NO_SWAP)
		return CF_FW_POLICY_FAILURE;
	return flags & BIT(0) ? CF_FW_INVALID_PAGE_SIZE : CF_FW_SUCCESS;
}

/* Metadata pages name their context by its address. */
static uint32_t metadata_page(struct call *c, uint64_t page)
{
	struct cf_rmp_entry e;
	uint32_t fw = cf_sp_rmp(c->sp, page, &e);

	if (fw)
		return fw;
	if (cf_sp_page_state(&e) != PAGE_METADATA)
		return CF_FW_INVALID_PAGE_STATE;
	return e.gpa == c->snp->gctx ? CF_FW_SUCCESS : CF_FW_INVALID_PAGE_OWNER;
}

static bool set_metadata(struct call *c, uint64_t spa)
{
	const struct cf_rmp_entry e = {
		.assigned = true, .immutable = true, .gpa = c->snp->gctx
	};

	return c->sp->mem.rmp_set(c->sp->mem.opaque, spa, &e);
}

uint32_t cf_sp_snp_page_md_init(struct call *c)
{
	static const uint8_t zero[CF_PAGE_SIZE];
	uint64_t spa = cf_load_le64(c->buf + 8);
	uint32_t fw = cf_sp_page_need(c->sp, spa, PAGE_FIRMWARE);

	if (fw)
		return fw;
	return c->sp->mem.host_write(
		       c->sp->mem.opaque, spa, zero, sizeof(zero)) &&
			set_metadata(c, spa)
		? CF_FW_SUCCESS
		: CF_FW_HWERROR_PLATFORM;
}

static uint32_t load_entry(
	struct call *c, const struct swap *s, uint8_t md[SNP_MDATA_LEN])
{
	uint32_t fw;

	if (s->root) {
		memcpy(md, c->snp->root_mdata, SNP_MDATA_LEN);
		return CF_FW_SUCCESS;
	}
	if (!cf_is_aligned(s->mdata, SNP_MDATA_LEN))
		return CF_FW_INVALID_ADDRESS;
	fw = metadata_page(c, cf_align_down(s->mdata, CF_PAGE_SIZE));
	if (!fw && !cf_sp_read(c->sp, s->mdata, md, SNP_MDATA_LEN))
		fw = CF_FW_INVALID_ADDRESS;
	return fw;
}

static uint32_t store_entry(
	struct call *c, const struct swap *s, const uint8_t md[SNP_MDATA_LEN])
{
	if (s->root) {
		memcpy(c->snp->root_mdata, md, SNP_MDATA_LEN);
		return CF_FW_SUCCESS;
	}
	return c->sp->mem.host_write(
		       c->sp->mem.opaque, s->mdata, md, SNP_MDATA_LEN)
		? CF_FW_SUCCESS
		: CF_FW_HWERROR_PLATFORM;
}

/* The entry without its tag, the IV in GCM's form. */
static void aad_of(
	const uint8_t md[SNP_MDATA_LEN], uint8_t aad[0x30], uint8_t iv[12])
{
	memcpy(aad, md, MD_TAG);
	memcpy(aad + MD_TAG, md + MD_FLAGS, SNP_MDATA_LEN - MD_FLAGS);
	memcpy(iv, md + MD_IV, 8);
	memset(iv + 8, 0, 4);
}

/* The page's plain bytes and what its entry says of it. */
static uint32_t take_out(struct call *c, const struct swap *s,
	uint8_t md[SNP_MDATA_LEN], uint8_t page[CF_PAGE_SIZE])
{
	struct cf_sp_soft *sp = c->sp;
	struct cf_rmp_entry e;
	uint64_t flags = MD_VALID;
	uint32_t fw;

	if (s->type == SWAP_TYPE_METADATA) {
		fw = metadata_page(c, s->src);
		if (!fw && !cf_sp_read(sp, s->src, page, CF_PAGE_SIZE))
			fw = CF_FW_INVALID_ADDRESS;
		cf_store_le64(md + MD_FLAGS, flags | MD_METADATA);
		return fw;
	}
	fw = frozen_page(c, s->src, &e);
	if (fw)
		return fw;
	if (e.vmsa != (s->type == SWAP_TYPE_VMSA))
		return CF_FW_INVALID_PARAM;
	if (!sp->mem.private_read(
		    sp->mem.opaque, c->snp->asid, s->src, page, CF_PAGE_SIZE))
		return CF_FW_HWERROR_PLATFORM;
	flags |= e.validated ? MD_VALIDATED : 0;
	flags |= e.vmsa ? MD_VMSA : 0;
	cf_store_le64(md + MD_FLAGS, flags | e.gpa);
	memcpy(md + MD_PERMS, e.perms, sizeof(e.perms));
	return CF_FW_SUCCESS;
}

uint32_t cf_sp_snp_page_swap_out(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	uint8_t old[SNP_MDATA_LEN], md[SNP_MDATA_LEN] = { 0 };
	uint8_t page[CF_PAGE_SIZE], aad[0x30], iv[12];
	struct swap s;
	uint32_t fw = decode_swap(c, &s, 0x17);

	if (!fw)
		fw = load_entry(c, &s, old);
	/* Firmware writes the destination, as it writes every output. */
	if (!fw)
		fw = cf_sp_page_need(sp, s.dst, PAGE_FIRMWARE);
	if (!fw)
		fw = take_out(c, &s, md, page);
	if (fw)
		return fw;
	if (cf_load_le64(old + MD_FLAGS) & MD_VALID)
		return UNC_SWAP_BAD_ENTRY;
	if (c->snp->oek_iv == UINT64_MAX)
		return CF_FW_AEAD_OFLOW;
	memcpy(md, c->buf + 0x20, 8);
	cf_store_le64(md + MD_IV, ++c->snp->oek_iv);
	aad_of(md, aad, iv);
	if (cf_aes256_gcm_seal(c->snp->oek, iv, aad, sizeof(aad), page,
		    sizeof(page), page, md + MD_TAG, NULL))
		return CF_FW_HWERROR_PLATFORM;
	fw = cf_sp_write_out(sp, s.dst, page, sizeof(page));
	if (!fw)
		fw = store_entry(c, &s, md);
	if (!fw)
		fw = to_reclaim(sp, s.dst);
	return fw ? fw : to_reclaim(sp, s.src);
}

static uint32_t put_in(struct call *c, const struct swap *s,
	const uint8_t md[SNP_MDATA_LEN], struct cf_rmp_entry *e,
	const uint8_t page[CF_PAGE_SIZE])
{
	struct cf_sp_soft *sp = c->sp;
	uint64_t flags = cf_load_le64(md + MD_FLAGS);

	if (s->type == SWAP_TYPE_METADATA)
		return sp->mem.host_write(
			       sp->mem.opaque, s->dst, page, CF_PAGE_SIZE) &&
				set_metadata(c, s->dst)
			? CF_FW_SUCCESS
			: CF_FW_HWERROR_PLATFORM;
	if (!sp->mem.private_write(
		    sp->mem.opaque, c->snp->asid, s->dst, page, CF_PAGE_SIZE))
		return CF_FW_HWERROR_PLATFORM;
	e->immutable = false;
	e->validated = flags & MD_VALIDATED;
	e->vmsa = flags & MD_VMSA;
	memcpy(e->perms, md + MD_PERMS, sizeof(e->perms));
	return set_rmp(sp, s->dst, e);
}

/* The entry must be of this kind of page, and of this guest address. */
static bool entry_fits(const struct swap *s, const uint8_t md[SNP_MDATA_LEN],
	const struct cf_rmp_entry *e)
{
	uint64_t flags = cf_load_le64(md + MD_FLAGS);

	if (!(flags & MD_VALID) ||
		!(flags & MD_METADATA) != (s->type != SWAP_TYPE_METADATA) ||
		!(flags & MD_VMSA) != (s->type != SWAP_TYPE_VMSA))
		return false;
	return s->type == SWAP_TYPE_METADATA ||
		cf_align_down(flags, CF_PAGE_SIZE) == e->gpa;
}

uint32_t cf_sp_snp_page_swap_in(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	uint8_t md[SNP_MDATA_LEN], page[CF_PAGE_SIZE], aad[0x30], iv[12];
	static const uint8_t none[SNP_MDATA_LEN];
	struct cf_rmp_entry e = { 0 };
	enum coffer_status opened;
	struct swap s;
	uint32_t fw = decode_swap(c, &s, 0x1F);

	if (!fw)
		fw = load_entry(c, &s, md);
	if (!fw)
		fw = s.type == SWAP_TYPE_METADATA
			? cf_sp_page_need(sp, s.dst, PAGE_FIRMWARE)
			: empty_page(c, s.dst, &e);
	if (fw)
		return fw;
	if (cf_load_le64(c->buf + 0x20))
		return CF_FW_INVALID_PARAM;
	if (!entry_fits(&s, md, &e))
		return UNC_SWAP_BAD_ENTRY;
	if (!s.in_place && !cf_is_aligned(s.src, CF_PAGE_SIZE))
		return CF_FW_INVALID_ADDRESS;
	if (!cf_sp_read(sp, s.in_place ? s.dst : s.src, page, sizeof(page)))
		return CF_FW_INVALID_ADDRESS;
	aad_of(md, aad, iv);
	opened = cf_aes256_gcm_open(c->snp->oek, iv, aad, sizeof(aad), page,
		sizeof(page), page, md + MD_TAG, NULL);
	if (opened)
		return UNC_SWAP_BAD_TAG;
	/* Once only: that entry is used up. */
	fw = put_in(c, &s, md, &e, page);
	cf_wipe(page, sizeof(page));
	return fw ? fw : store_entry(c, &s, none);
}
