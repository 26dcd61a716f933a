/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNP pages out of memory and back, with metadata that keeps the host from
 * replaying.  Source: SNP firmware ABI (AMD 56860), "Page Swapping",
 * SNP_PAGE_SWAP_OUT, SNP_PAGE_SWAP_IN, SNP_PAGE_MD_INIT.
 */
#include "sp/soft/commands_priv.h"

#include <string.h>

#define SWAP_LARGE         BIT(0)
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
#define MD_LARGE     BIT(4)

struct swap {
	struct sp_page src, dst;
	uint64_t mdata;
	unsigned type;
	bool root, in_place;
	uint8_t *bytes; /* of the page, plain or sealed */
	size_t len;
};

static uint32_t decode_swap(struct call *c, struct swap *s, uint64_t allowed)
{
	uint64_t flags = cf_load_le64(c->buf + 0x28);

	s->src.spa = cf_load_le64(c->buf + 8);
	s->dst.spa = cf_load_le64(c->buf + 0x10);
	s->src.large = s->dst.large = flags & SWAP_LARGE;
	s->len = (size_t)cf_sp_page_len(&s->src);
	s->mdata = cf_load_le64(c->buf + 0x18);
	s->type = (unsigned)(flags >> 1 & 3);
	s->in_place = flags & SWAP_IN_PLACE;
	s->root = flags & SWAP_ROOT;
	if (flags & ~allowed || s->type == 3)
		return CF_FW_INVALID_PARAM;
	if (c->snp->policy & SNP_POLICY_NO_SWAP)
		return CF_FW_POLICY_FAILURE;
	if (s->src.large && s->type != SWAP_TYPE_DATA)
		return UNC_LARGE_SPECIAL_PAGE;
	return CF_FW_SUCCESS;
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
static uint32_t take_out(
	struct call *c, struct swap *s, uint8_t md[SNP_MDATA_LEN])
{
	struct cf_sp_soft *sp = c->sp;
	const struct cf_rmp_entry *e = &s->src.rmp;
	uint64_t flags = MD_VALID;
	uint32_t fw;

	if (s->type == SWAP_TYPE_METADATA) {
		fw = metadata_page(c, s->src.spa);
		if (!fw && !cf_sp_read(sp, s->src.spa, s->bytes, s->len))
			fw = CF_FW_INVALID_ADDRESS;
		cf_store_le64(md + MD_FLAGS, flags | MD_METADATA);
		return fw;
	}
	fw = cf_sp_page_find(sp, &s->src, FROZEN_PAGES, c->snp->asid);
	if (fw)
		return fw;
	if (e->vmsa != (s->type == SWAP_TYPE_VMSA))
		return CF_FW_INVALID_PARAM;
	if (!sp->mem.private_read(
		    sp->mem.opaque, c->snp->asid, s->src.spa, s->bytes, s->len))
		return CF_FW_HWERROR_PLATFORM;
	flags |= e->validated ? MD_VALIDATED : 0;
	flags |= e->vmsa ? MD_VMSA : 0;
	flags |= e->large ? MD_LARGE : 0;
	cf_store_le64(md + MD_FLAGS, flags | e->gpa);
	memcpy(md + MD_PERMS, e->perms, sizeof(e->perms));
	return CF_FW_SUCCESS;
}

static uint32_t swap_out(struct call *c, struct swap *s)
{
	struct cf_sp_soft *sp = c->sp;
	uint8_t old[SNP_MDATA_LEN], md[SNP_MDATA_LEN] = { 0 };
	uint8_t aad[0x30], iv[12];
	uint32_t fw = load_entry(c, s, old);

	/* Firmware writes the destination, as it writes every output. */
	if (!fw)
		fw = cf_sp_page_find(sp, &s->dst, BIT(PAGE_FIRMWARE), 0);
	if (!fw)
		fw = take_out(c, s, md);
	if (fw)
		return fw;
	if (cf_load_le64(old + MD_FLAGS) & MD_VALID)
		return UNC_SWAP_BAD_ENTRY;
	if (c->snp->oek_iv == UINT64_MAX)
		return CF_FW_AEAD_OFLOW;
	memcpy(md, c->buf + 0x20, 8);
	cf_store_le64(md + MD_IV, ++c->snp->oek_iv);
	aad_of(md, aad, iv);
	if (cf_aes256_gcm_seal(c->snp->oek, iv, aad, sizeof(aad), s->bytes,
		    s->len, s->bytes, md + MD_TAG, NULL))
		return CF_FW_HWERROR_PLATFORM;
	fw = cf_sp_write_out(sp, s->dst.spa, s->bytes, s->len);
	if (!fw)
		fw = store_entry(c, s, md);
	if (!fw)
		fw = cf_sp_page_to_reclaim(sp, &s->dst);
	return fw ? fw : cf_sp_page_to_reclaim(sp, &s->src);
}

/* Decode, then work on a buffer of the page's size. */
static uint32_t with_bytes(struct call *c, uint64_t allowed,
	uint32_t (*work)(struct call *c, struct swap *s))
{
	struct swap s = { 0 };
	uint32_t fw = decode_swap(c, &s, allowed);

	if (fw)
		return fw;
	s.bytes = cf_alloc_array(s.len, 1);
	if (!s.bytes)
		return CF_FW_RESOURCE_LIMIT;
	fw = work(c, &s);
	cf_wipe(s.bytes, s.len);
	free(s.bytes);
	return fw;
}

uint32_t cf_sp_snp_page_swap_out(struct call *c)
{
	return with_bytes(c, 0x17, swap_out);
}

static uint32_t put_in(
	struct call *c, struct swap *s, const uint8_t md[SNP_MDATA_LEN])
{
	struct cf_sp_soft *sp = c->sp;
	uint64_t flags = cf_load_le64(md + MD_FLAGS);
	struct cf_rmp_entry e = s->dst.rmp;

	if (s->type == SWAP_TYPE_METADATA)
		return sp->mem.host_write(
			       sp->mem.opaque, s->dst.spa, s->bytes, s->len) &&
				set_metadata(c, s->dst.spa)
			? CF_FW_SUCCESS
			: CF_FW_HWERROR_PLATFORM;
	if (!sp->mem.private_write(
		    sp->mem.opaque, c->snp->asid, s->dst.spa, s->bytes, s->len))
		return CF_FW_HWERROR_PLATFORM;
	e.immutable = false;
	e.validated = flags & MD_VALIDATED;
	e.vmsa = flags & MD_VMSA;
	memcpy(e.perms, md + MD_PERMS, sizeof(e.perms));
	return cf_sp_page_put(sp, &s->dst, &e);
}

/* The entry must be of this kind and size of page, and of this guest
 * address. */
static bool entry_fits(const struct swap *s, const uint8_t md[SNP_MDATA_LEN])
{
	uint64_t flags = cf_load_le64(md + MD_FLAGS);

	if (!(flags & MD_VALID) ||
		!(flags & MD_METADATA) != (s->type != SWAP_TYPE_METADATA) ||
		!(flags & MD_VMSA) != (s->type != SWAP_TYPE_VMSA) ||
		!(flags & MD_LARGE) != !s->dst.large)
		return false;
	return s->type == SWAP_TYPE_METADATA ||
		cf_align_down(flags, CF_PAGE_SIZE) == s->dst.rmp.gpa;
}

static uint32_t swap_in(struct call *c, struct swap *s)
{
	static const uint8_t none[SNP_MDATA_LEN];
	struct cf_sp_soft *sp = c->sp;
	uint8_t md[SNP_MDATA_LEN], aad[0x30], iv[12];
	uint32_t fw = load_entry(c, s, md);

	if (!fw)
		fw = s->type == SWAP_TYPE_METADATA
			? cf_sp_page_find(sp, &s->dst, BIT(PAGE_FIRMWARE), 0)
			: cf_sp_page_find(sp, &s->dst, BIT(PAGE_PRE_GUEST),
				  c->snp->asid);
	if (fw)
		return fw;
	if (cf_load_le64(c->buf + 0x20))
		return CF_FW_INVALID_PARAM;
	if (!entry_fits(s, md))
		return UNC_SWAP_BAD_ENTRY;
	if (!s->in_place && !cf_is_aligned(s->src.spa, s->len))
		return CF_FW_INVALID_ADDRESS;
	if (!cf_sp_read(sp, s->in_place ? s->dst.spa : s->src.spa, s->bytes,
		    s->len))
		return CF_FW_INVALID_ADDRESS;
	aad_of(md, aad, iv);
	if (cf_aes256_gcm_open(c->snp->oek, iv, aad, sizeof(aad), s->bytes,
		    s->len, s->bytes, md + MD_TAG, NULL))
		return UNC_SWAP_BAD_TAG;
	/* Once only: that entry is used up. */
	fw = put_in(c, s, md);
	return fw ? fw : store_entry(c, s, none);
}

uint32_t cf_sp_snp_page_swap_in(struct call *c)
{
	return with_bytes(c, 0x1F, swap_in);
}
