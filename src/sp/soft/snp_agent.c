/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a migration agent asks for: the context of a guest that was bound to
 * it, out of one platform and into another.  Layouts are of an older ABI, the
 * newer ones are not public in what the sources hold.  Source: SNP firmware
 * ABI (AMD 56860), MSG_EXPORT_REQ and those after it.
 */
#include "sp/soft/messages_priv.h"

#include <string.h>

#define GCTX_LEN     0x300
#define GCTX_VERSION 2
#define HEAD_LEN     0x20

/* Where each field of the exported context lies. */
static void encode(const struct snp_guest *g, uint8_t *x)
{
	memset(x, 0, GCTX_LEN);
	memcpy(x, g->ld, 48);
	memcpy(x + 0x030, g->oek, 32);
	memcpy(x + 0x050, g->vmpck, 128);
	memcpy(x + 0x0D0, g->vmrk, 32);
	memcpy(x + 0x0F0, g->host_data, 32);
	memcpy(x + 0x110, g->id_key_digest, 48);
	memcpy(x + 0x140, g->author_key_digest, 48);
	memcpy(x + 0x170, g->report_id, 32);
	memcpy(x + 0x190, g->imd, 48);
	for (size_t i = 0; i < 4; i++)
		cf_store_le64(x + 0x1C0 + 8 * i, g->msg_count[i]);
	memcpy(x + 0x1E0, g->root_mdata, SNP_MDATA_LEN);
	cf_store_le32(x + 0x220,
		(g->author_key_en ? BIT(0) : 0) |
			(g->id_block_en ? BIT(1) : 0) |
			(g->has_vmrk ? BIT(2) : 0));
	cf_store_le64(x + 0x228, g->policy);
	cf_store_le32(x + 0x230, g->state);
	cf_store_le64(x + 0x238, g->oek_iv);
	memcpy(x + 0x240, g->id_block, SNP_ID_BLOCK_LEN);
	memcpy(x + 0x2A0, g->gosvw, 16);
}

/* Everything but what belongs to the platform: address, ASID, VEK. */
static void decode(struct snp_guest *g, const uint8_t *x)
{
	uint32_t flags = cf_load_le32(x + 0x220);

	memcpy(g->ld, x, 48);
	memcpy(g->oek, x + 0x030, 32);
	memcpy(g->vmpck, x + 0x050, 128);
	memcpy(g->vmrk, x + 0x0D0, 32);
	memcpy(g->host_data, x + 0x0F0, 32);
	memcpy(g->id_key_digest, x + 0x110, 48);
	memcpy(g->author_key_digest, x + 0x140, 48);
	memcpy(g->report_id, x + 0x170, 32);
	memcpy(g->imd, x + 0x190, 48);
	for (size_t i = 0; i < 4; i++)
		g->msg_count[i] = cf_load_le64(x + 0x1C0 + 8 * i);
	memcpy(g->root_mdata, x + 0x1E0, SNP_MDATA_LEN);
	g->author_key_en = flags & BIT(0);
	g->id_block_en = flags & BIT(1);
	g->has_vmrk = flags & BIT(2);
	g->policy = cf_load_le64(x + 0x228);
	g->state = (enum snp_gstate)cf_load_le32(x + 0x230);
	g->oek_iv = cf_load_le64(x + 0x238);
	memcpy(g->id_block, x + 0x240, SNP_ID_BLOCK_LEN);
	memcpy(g->gosvw, x + 0x2A0, 16);
}

static bool context_is_plausible(const uint8_t *x)
{
	uint32_t state = cf_load_le32(x + 0x230);
	uint64_t policy = cf_load_le64(x + 0x228);

	return (state == SG_LAUNCH || state == SG_RUNNING) && !(policy >> 26) &&
		(policy & SNP_POLICY_MBO) && !(cf_load_le32(x + 0x220) & ~7u) &&
		!cf_load_le32(x + 0x224) && !cf_load_le32(x + 0x234) &&
		cf_is_zero(x + 0x2B0, GCTX_LEN - 0x2B0);
}

/* A guest whose agent the sender is. */
static uint32_t ward(struct cf_sp_soft *sp, const struct snp_guest *agent,
	uint64_t gctx, struct snp_guest **out)
{
	struct snp_guest *g = cf_sp_snp_find(sp, gctx);

	if (!g)
		return CF_FW_INVALID_GUEST;
	if (!g->ma_en || g->ma_gctx != agent->gctx)
		return CF_FW_INVALID_PARAM;
	*out = g;
	return CF_FW_SUCCESS;
}

size_t cf_sp_msg_export(struct cf_sp_soft *sp, struct snp_guest *agent,
	const uint8_t *in, size_t len, uint8_t *out)
{
	struct snp_guest *g = NULL;
	uint32_t flags, fw;

	if (len != 0x10 || cf_load_le32(in + 0xC))
		return 0;
	flags = cf_load_le32(in + 8);
	if (flags & ~1u)
		return 0;
	fw = ward(sp, agent, cf_load_le64(in), &g);
	if (!fw && g->state == SG_INIT)
		fw = CF_FW_INVALID_GUEST_STATE;
	if (!fw && (flags & 1) && !g->imi_en)
		fw = CF_FW_INVALID_PARAM;
	cf_store_le32(out, fw);
	cf_store_le32(out + 4, GCTX_LEN);
	cf_store_le32(out + 8, GCTX_VERSION);
	if (!fw)
		encode(g, out + HEAD_LEN);
	return HEAD_LEN + GCTX_LEN;
}

/* The head that IMPORT and ABSORB share; the context follows it. */
static bool head_is_good(const uint8_t *in, size_t len)
{
	return len == HEAD_LEN + GCTX_LEN && cf_load_le32(in + 8) == GCTX_LEN &&
		cf_load_le32(in + 0xC) == GCTX_VERSION &&
		cf_is_zero(in + 0x10, 16);
}

static uint32_t import(struct cf_sp_soft *sp, const struct snp_guest *agent,
	uint64_t gctx, const uint8_t *x)
{
	struct snp_guest *g = cf_sp_snp_find(sp, gctx);

	if (!g || g == agent)
		return CF_FW_INVALID_GUEST;
	if (g->state != SG_INIT)
		return CF_FW_INVALID_GUEST_STATE;
	if (!context_is_plausible(x))
		return CF_FW_INVALID_PARAM;
	if (!(cf_load_le64(x + 0x228) & SNP_POLICY_MIGRATE_MA))
		return CF_FW_POLICY_FAILURE;
	if (cf_sp_random(sp, g->vek, sizeof(g->vek), NULL))
		return CF_FW_HWERROR_PLATFORM;
	decode(g, x);
	g->ma_en = true;
	g->ma_gctx = agent->gctx;
	memcpy(g->report_id_ma, agent->report_id, sizeof(g->report_id_ma));
	g->launch_tcb = cf_sp_current_tcb(sp);
	return CF_FW_SUCCESS;
}

size_t cf_sp_msg_import(struct cf_sp_soft *sp, struct snp_guest *agent,
	const uint8_t *in, size_t len, uint8_t *out)
{
	if (!head_is_good(in, len))
		return 0;
	cf_store_le32(out, import(sp, agent, cf_load_le64(in), in + HEAD_LEN));
	return 0x10;
}

/* A guest that was launched from the incoming migration image takes over a
 * context whose image digest is its own. */
static uint32_t absorb(
	struct cf_sp_soft *sp, struct snp_guest *g, const uint8_t *x)
{
	if (g->state == SG_INIT)
		return CF_FW_INVALID_GUEST_STATE;
	if (!g->imi_en || !context_is_plausible(x))
		return CF_FW_INVALID_PARAM;
	if (!cf_equal_ct(g->imd, x + 0x190, sizeof(g->imd)))
		return CF_FW_BAD_MEASUREMENT;
	decode(g, x);
	return CF_FW_SUCCESS;
}

size_t cf_sp_msg_absorb(struct cf_sp_soft *sp, struct snp_guest *agent,
	bool self, const uint8_t *in, size_t len, uint8_t *out)
{
	struct snp_guest *g = agent;
	uint32_t fw = CF_FW_SUCCESS;

	if (!head_is_good(in, len) || (self && cf_load_le64(in)))
		return 0;
	if (!self)
		fw = ward(sp, agent, cf_load_le64(in), &g);
	if (!fw)
		fw = absorb(sp, g, in + HEAD_LEN);
	cf_store_le32(out, fw);
	return 0x10;
}

size_t cf_sp_msg_vmrk(struct cf_sp_soft *sp, struct snp_guest *agent,
	const uint8_t *in, size_t len, uint8_t *out)
{
	struct snp_guest *g = NULL;
	uint32_t fw;

	if (len != 0x40 || !cf_is_zero(in + 8, 24))
		return 0;
	fw = ward(sp, agent, cf_load_le64(in), &g);
	if (!fw) {
		memcpy(g->vmrk, in + 0x20, sizeof(g->vmrk));
		g->has_vmrk = true;
	}
	cf_store_le32(out, fw);
	return 0x10;
}
