/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNP guest contexts: creation, ASID, status, end.  Source: SNP firmware ABI
 * (AMD 56860), "Guest Management".
 */
#include "sp/soft/commands_priv.h"

#include <string.h>

uint32_t cf_sp_snp_gctx_create(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	uint64_t spa = cf_load_le64(c->buf);
	uint32_t fw = cf_sp_page_need(sp, spa, PAGE_FIRMWARE);
	uint8_t noise[CF_PAGE_SIZE];
	struct snp_guest *g = NULL;

	if (fw)
		return fw;
	for (size_t i = 0; i < MAX_GUESTS && !g; i++)
		if (!sp->snp[i].used)
			g = &sp->snp[i];
	if (!g)
		return CF_FW_RESOURCE_LIMIT;
	/* On hardware the page holds the context, encrypted; here the context
	 * is the firmware's own memory and the page is noise. */
	if (cf_sp_random(sp, noise, sizeof(noise), NULL) ||
		!sp->mem.host_write(
			sp->mem.opaque, spa, noise, sizeof(noise)) ||
		!cf_sp_page_set(sp, spa, PAGE_CONTEXT))
		return CF_FW_HWERROR_PLATFORM;
	*g = (struct snp_guest) { .used = true, .gctx = spa };
	return CF_FW_SUCCESS;
}

void cf_sp_snp_discard(struct cf_sp_soft *sp, struct snp_guest *g)
{
	cf_sp_asid_unbind(sp, g->asid);
	cf_sp_page_set(sp, g->gctx, PAGE_FIRMWARE);
	cf_wipe(g, sizeof(*g));
}

uint32_t cf_sp_snp_decommission(struct call *c)
{
	cf_sp_snp_discard(c->sp, c->snp);
	return CF_FW_SUCCESS;
}

static uint32_t activate(struct call *c, uint32_t asid)
{
	uint32_t fw;

	if (c->snp->asid)
		return CF_FW_ACTIVE;
	fw = cf_sp_asid_bind(c->sp, asid, ASID_SNP, c->snp->vek);
	if (!fw)
		c->snp->asid = asid;
	return fw;
}

uint32_t cf_sp_snp_activate(struct call *c)
{
	return activate(c, cf_load_le32(c->buf + 8));
}

/* The list names the core complexes that may run the guest; the model has
 * one. */
uint32_t cf_sp_snp_activate_ex(struct call *c)
{
	uint32_t n = cf_load_le32(c->buf + 0x14), asid;
	uint64_t ids = cf_load_le64(c->buf + 0x18);
	uint8_t id[4];

	if (cf_load_le32(c->buf) != 0x20)
		return CF_FW_INVALID_LENGTH;
	if (!n || n > 1024)
		return CF_FW_INVALID_PARAM;
	for (uint32_t i = 0; i < n; i++)
		if (!cf_sp_read(c->sp, ids + i * sizeof(id), id, sizeof(id)))
			return CF_FW_INVALID_ADDRESS;
	asid = cf_load_le32(c->buf + 0x10);
	/* A later call adds complexes to the same ASID. */
	if (c->snp->asid && c->snp->asid == asid)
		return CF_FW_SUCCESS;
	return activate(c, asid);
}

uint32_t cf_sp_snp_guest_status(struct call *c)
{
	uint64_t spa = cf_load_le64(c->buf + 8);
	uint8_t out[0x20] = { 0 };

	cf_store_le64(out, c->snp->policy);
	cf_store_le32(out + 8, c->snp->asid);
	out[0xC] = (uint8_t)c->snp->state;
	return cf_sp_write_page(c->sp, spa, out, sizeof(out));
}
