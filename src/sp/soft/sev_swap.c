/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of SEV guests out of memory and back.  The host keeps cipher text and
 * metadata alike, so it can bring an older page back; what it cannot is to
 * read, to change, or to give a page to another guest.  Source: SEV API (AMD
 * 55766), SWAP_OUT, SWAP_IN; the form of the metadata entry is in part ours
 * (unconfirmed.h).
 */
#include "sp/soft/commands_priv.h"

#include <string.h>

#define SWAP_LARGE    BIT(0)
#define SWAP_TYPE     (3u << 1)
#define SWAP_VMSA     (2u << 1)
#define SWAP_IN_PLACE BIT(3)

/* The entry: software's, IV, tag, zeros, flags. */
#define MD_LEN   0x40
#define MD_IV    0x08
#define MD_TAG   0x10
#define MD_FLAGS 0x3C

struct swap {
	uint32_t flags; /* size and type, as the entry has them */
	uint64_t src, dst, mdata;
	uint32_t len;
	uint8_t md[MD_LEN];
	uint8_t *bytes;
};

static uint32_t decode(struct call *c, struct swap *s, uint32_t allowed)
{
	uint32_t flags = cf_load_le32(c->buf + 4);
	uint32_t type = flags & SWAP_TYPE;

	s->flags = flags & (SWAP_LARGE | SWAP_TYPE);
	s->src = cf_load_le64(c->buf + 8);
	s->dst = cf_load_le64(c->buf + 0x10);
	s->mdata = cf_load_le64(c->buf + 0x18);
	s->len = (uint32_t)(flags & SWAP_LARGE ? CF_RMP_LARGE : CF_PAGE_SIZE);
	if (flags & ~allowed || (type && type != SWAP_VMSA))
		return CF_FW_INVALID_PARAM;
	if (type && !(c->sev->policy & SEV_POLICY_ES))
		return UNC_VMSA_WITHOUT_ES;
	if (type && flags & SWAP_LARGE)
		return UNC_LARGE_SPECIAL_PAGE;
	if (!cf_is_aligned(s->src | s->dst, s->len) ||
		!cf_is_aligned(s->mdata, MD_LEN))
		return CF_FW_INVALID_ADDRESS;
	return CF_FW_SUCCESS;
}

/* The guest's offline key, made when it is first needed. */
static uint32_t need_key(struct call *c)
{
	if (c->sev->has_oek)
		return CF_FW_SUCCESS;
	if (cf_sp_random(c->sp, c->sev->oek, sizeof(c->sev->oek), NULL))
		return CF_FW_HWERROR_PLATFORM;
	c->sev->has_oek = true;
	return CF_FW_SUCCESS;
}

/* The entry without its tag, the IV in GCM's form. */
static void aad_of(const uint8_t md[MD_LEN], uint8_t aad[0x30], uint8_t iv[12])
{
	memcpy(aad, md, MD_TAG);
	memcpy(aad + MD_TAG, md + 0x20, MD_LEN - 0x20);
	memcpy(iv, md + MD_IV, 8);
	memset(iv + 8, 0, 4);
}

static uint32_t swap_out(struct call *c, struct swap *s)
{
	struct cf_sp_soft *sp = c->sp;
	uint8_t aad[0x30], iv[12];
	uint32_t fw = cf_sp_sev_range(sp, s->src, s->len);

	if (!fw)
		fw = need_key(c);
	if (fw)
		return fw;
	if (c->sev->oek_iv == UINT64_MAX)
		return CF_FW_AEAD_OFLOW;
	if (!sp->mem.private_read(
		    sp->mem.opaque, c->sev->asid, s->src, s->bytes, s->len))
		return CF_FW_INVALID_ADDRESS;
	memcpy(s->md, c->buf + 0x20, 8);
	cf_store_le64(s->md + MD_IV, ++c->sev->oek_iv);
	cf_store_le32(s->md + MD_FLAGS, s->flags);
	aad_of(s->md, aad, iv);
	if (cf_aes256_gcm_seal(c->sev->oek, iv, aad, sizeof(aad), s->bytes,
		    s->len, s->bytes, s->md + MD_TAG, NULL))
		return CF_FW_HWERROR_PLATFORM;
	fw = cf_sp_write_out(sp, s->dst, s->bytes, s->len);
	return fw ? fw : cf_sp_write_out(sp, s->mdata, s->md, sizeof(s->md));
}

static uint32_t swap_in(struct call *c, struct swap *s)
{
	struct cf_sp_soft *sp = c->sp;
	bool in_place = cf_load_le32(c->buf + 4) & SWAP_IN_PLACE;
	uint8_t aad[0x30], iv[12];
	uint32_t fw = cf_sp_sev_range(sp, s->dst, s->len);

	if (fw)
		return fw;
	if (!cf_sp_read(sp, s->mdata, s->md, sizeof(s->md)) ||
		!cf_sp_read(sp, in_place ? s->dst : s->src, s->bytes, s->len))
		return CF_FW_INVALID_ADDRESS;
	if (!c->sev->has_oek || !cf_is_zero(s->md + 0x20, MD_FLAGS - 0x20) ||
		cf_load_le32(s->md + MD_FLAGS) != s->flags)
		return UNC_SWAP_BAD_ENTRY;
	aad_of(s->md, aad, iv);
	if (cf_aes256_gcm_open(c->sev->oek, iv, aad, sizeof(aad), s->bytes,
		    s->len, s->bytes, s->md + MD_TAG, NULL))
		return UNC_SWAP_BAD_TAG;
	return sp->mem.private_write(
		       sp->mem.opaque, c->sev->asid, s->dst, s->bytes, s->len)
		? CF_FW_SUCCESS
		: CF_FW_INVALID_ADDRESS;
}

static uint32_t with_bytes(struct call *c, uint32_t allowed,
	uint32_t (*work)(struct call *c, struct swap *s))
{
	struct swap s = { 0 };
	uint32_t fw = decode(c, &s, allowed);

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

uint32_t cf_sp_sev_swap_out(struct call *c)
{
	return with_bytes(c, SWAP_LARGE | SWAP_TYPE, swap_out);
}

uint32_t cf_sp_sev_swap_in(struct call *c)
{
	return with_bytes(c, SWAP_LARGE | SWAP_TYPE | SWAP_IN_PLACE, swap_in);
}
