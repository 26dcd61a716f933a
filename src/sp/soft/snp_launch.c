/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNP launch: LAUNCH_START with its policy, LAUNCH_UPDATE with every page
 * type, and the launch digest.  Source: SNP firmware ABI (AMD 56860), "Launch
 * Flow", SNP_LAUNCH_UPDATE.
 */
#include "sp/soft/commands_priv.h"

#include <string.h>

#define START_MA_EN  BIT(0)
#define START_IMI_EN BIT(1)

static uint32_t check_policy(const struct cf_sp_soft *sp, uint64_t policy)
{
	uint8_t minor = (uint8_t)policy, major = (uint8_t)(policy >> 8);

	if (policy >> 26 || !(policy & SNP_POLICY_MBO))
		return UNC_POLICY_RESERVED;
	if (major > sp->fw.snp_major ||
		(major == sp->fw.snp_major && minor > sp->fw.snp_minor))
		return CF_FW_POLICY_FAILURE;
	/* The simulated machine has SMT on, no CXL, AES-128 memory
	 * encryption and no ciphertext hiding. */
	if (!(policy & SNP_POLICY_SMT) ||
		(policy & (SNP_POLICY_AES256 | SNP_POLICY_CIPHER)))
		return CF_FW_POLICY_FAILURE;
	if ((policy & SNP_POLICY_RAPL_DIS) && !sp->rapl_dis)
		return CF_FW_POLICY_FAILURE;
	return CF_FW_SUCCESS;
}

/* The migration agent is a running guest; reports carry its id. */
static uint32_t bind_agent(struct call *c, uint64_t policy, uint64_t ma_gctx)
{
	struct snp_guest *ma = cf_sp_snp_find(c->sp, ma_gctx);

	if (!(policy & SNP_POLICY_MIGRATE_MA))
		return CF_FW_POLICY_FAILURE;
	if (!ma || ma == c->snp)
		return UNC_NOT_A_CONTEXT;
	if (ma->state != SG_RUNNING)
		return CF_FW_INVALID_GUEST_STATE;
	c->snp->ma_en = true;
	c->snp->ma_gctx = ma_gctx;
	memcpy(c->snp->report_id_ma, ma->report_id, sizeof(ma->report_id));
	return CF_FW_SUCCESS;
}

uint32_t cf_sp_snp_launch_start(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	struct snp_guest *g = c->snp;
	uint64_t policy = cf_load_le64(c->buf + 8);
	uint64_t ma_gctx = cf_load_le64(c->buf + 0x10);
	uint32_t flags = cf_load_le32(c->buf + 0x18), fw;

	if (flags & ~(START_MA_EN | START_IMI_EN))
		return CF_FW_INVALID_PARAM;
	fw = check_policy(sp, policy);
	if (fw)
		return fw;
	memset(g->report_id_ma, 0xff, sizeof(g->report_id_ma));
	if (flags & START_MA_EN) {
		fw = bind_agent(c, policy, ma_gctx);
		if (fw)
			return fw;
	}
	if (cf_sp_random(sp, g->vek, sizeof(g->vek), NULL) ||
		cf_sp_random(sp, g->vmpck, sizeof(g->vmpck), NULL) ||
		cf_sp_random(sp, g->oek, sizeof(g->oek), NULL) ||
		cf_sp_random(sp, g->report_id, sizeof(g->report_id), NULL))
		return CF_FW_HWERROR_PLATFORM;
	g->policy = policy;
	g->imi_en = flags & START_IMI_EN;
	g->tsc_khz = cf_load_le32(c->buf + 0x1C);
	memcpy(g->gosvw, c->buf + 0x20, sizeof(g->gosvw));
	g->launch_tcb = cf_sp_current_tcb(sp);
	g->state = SG_LAUNCH;
	return CF_FW_SUCCESS;
}

enum coffer_status cf_sp_page_info(uint8_t ld[CF_SHA384_LEN],
	const uint8_t contents[CF_SHA384_LEN], unsigned type, bool imi,
	const uint8_t perms[4], uint64_t gpa, struct coffer_error *err)
{
	uint8_t info[0x70];

	memcpy(info, ld, CF_SHA384_LEN);
	memcpy(info + 0x30, contents, CF_SHA384_LEN);
	cf_store_le16(info + 0x60, sizeof(info));
	info[0x62] = (uint8_t)type;
	info[0x63] = imi;
	for (size_t i = 0; i < 4; i++)
		info[0x64 + i] = perms[UNC_PAGE_INFO_REVERSED ? 3 - i : i];
	cf_store_le64(info + 0x68, gpa);
	return cf_sha384(info, sizeof(info), ld, err);
}

/* The secrets page, into zeros. */
static void fill_secrets(
	const struct cf_sp_soft *sp, const struct snp_guest *g, uint8_t *page)
{
	cf_store_le32(page, UNC_SECRETS_VERSION);
	cf_store_le32(page + 4, g->imi_en);
	cf_store_le32(page + 8, sp->product->cpuid);
	memcpy(page + 0x10, g->gosvw, sizeof(g->gosvw));
	memcpy(page + 0x20, g->vmpck, sizeof(g->vmpck));
}

struct update {
	unsigned type;
	bool imi;
	uint8_t perms[4];
	struct sp_page page;
};

/* Put the final plain text of 4 KiB in place, under the guest's key, and give
 * what of it is measured. */
static uint32_t place_page(struct call *c, const struct update *u, uint64_t spa,
	uint8_t contents[CF_SHA384_LEN])
{
	struct cf_sp_soft *sp = c->sp;
	unsigned asid = c->snp->asid;
	uint8_t page[CF_PAGE_SIZE] = { 0 };
	uint32_t fw;
	bool ok;

	memset(contents, 0, CF_SHA384_LEN);
	switch (u->type) {
	case CF_PAGE_NORMAL:
	case CF_PAGE_VMSA:
		if (!cf_sp_read(sp, spa, page, sizeof(page)))
			return CF_FW_INVALID_ADDRESS;
		if (cf_sha384(page, sizeof(page), contents, NULL))
			return CF_FW_HWERROR_PLATFORM;
		break;
	case CF_PAGE_CPUID:
		fw = cf_sp_cpuid_check_page(sp, spa);
		if (fw)
			return fw;
		break;
	case CF_PAGE_SECRETS:
		fill_secrets(sp, c->snp, page);
		break;
	default:
		break;
	}
	if (u->type == CF_PAGE_SECRETS || u->type == CF_PAGE_ZERO)
		ok = sp->mem.private_write(
			sp->mem.opaque, asid, spa, page, sizeof(page));
	else
		ok = sp->mem.encrypt(sp->mem.opaque, asid, spa, CF_PAGE_SIZE);
	cf_wipe(page, u->type == CF_PAGE_SECRETS ? sizeof(page) : 0);
	return ok ? CF_FW_SUCCESS : CF_FW_HWERROR_PLATFORM;
}

static uint32_t decode_update(struct call *c, struct update *u)
{
	uint32_t flags = cf_load_le32(c->buf + 8);

	u->type = flags >> 1 & 7;
	u->imi = flags & BIT(4);
	u->page.spa = cf_load_le64(c->buf + 0x10);
	u->page.large = flags & BIT(0);
	memcpy(u->perms + 1, c->buf + 0x19, 3);
	u->perms[0] = 0;
	if (flags & ~0x1Fu)
		return CF_FW_INVALID_PARAM;
	if (u->type == 0 || u->type == 7)
		return UNC_BAD_PAGE_TYPE;
	if (u->imi && !c->snp->imi_en)
		return CF_FW_INVALID_PARAM;
	if ((u->perms[1] | u->perms[2] | u->perms[3]) & 0xF0)
		return CF_FW_INVALID_PARAM;
	if (u->page.large && u->type != CF_PAGE_NORMAL &&
		u->type != CF_PAGE_ZERO && u->type != CF_PAGE_UNMEASURED)
		return UNC_LARGE_SPECIAL_PAGE;
	return cf_sp_page_find(
		c->sp, &u->page, BIT(PAGE_PRE_GUEST), c->snp->asid);
}

/* 4 KiB of the page: placed, and one step of the digests. */
static uint32_t update_piece(
	struct call *c, const struct update *u, uint64_t offset)
{
	uint64_t gpa = u->page.rmp.gpa + offset;
	uint8_t contents[CF_SHA384_LEN];
	uint32_t fw = place_page(c, u, u->page.spa + offset, contents);

	if (fw)
		return fw;
	if (cf_sp_page_info(
		    c->snp->ld, contents, u->type, u->imi, u->perms, gpa, NULL))
		return CF_FW_HWERROR_PLATFORM;
	if (u->imi &&
		cf_sp_page_info(c->snp->imd, contents, u->type, u->imi,
			u->perms, gpa, NULL))
		return CF_FW_HWERROR_PLATFORM;
	return CF_FW_SUCCESS;
}

uint32_t cf_sp_snp_launch_update(struct call *c)
{
	struct update u;
	uint32_t fw = decode_update(c, &u);

	for (uint64_t at = 0; !fw && at < cf_sp_page_len(&u.page);
		at += CF_PAGE_SIZE)
		fw = update_piece(c, &u, at);
	if (fw)
		return fw;
	u.page.rmp.immutable = false;
	u.page.rmp.validated = true;
	u.page.rmp.vmsa = u.type == CF_PAGE_VMSA;
	memcpy(u.page.rmp.perms, u.perms, sizeof(u.page.rmp.perms));
	u.page.rmp.perms[0] = CF_RMP_R | CF_RMP_W | CF_RMP_UX | CF_RMP_SX;
	return cf_sp_page_put(c->sp, &u.page, &u.page.rmp);
}
