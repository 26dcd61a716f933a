/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNP platform commands: initialisation, status, configuration, the committed
 * version, the VLEK.  Source: SNP firmware ABI (AMD 56860), "Platform
 * Management".
 */
#include "sp/soft/commands_priv.h"

#include <string.h>

#define INIT_EX_INIT_RMP BIT(0)
#define INIT_EX_LIST     BIT(1)
#define INIT_EX_RAPL_DIS BIT(2)

static uint32_t initialise(struct cf_sp_soft *sp, uint32_t flags)
{
	/* No legacy guest may exist, and their memory has no RMP. */
	for (size_t i = 0; i < MAX_GUESTS; i++)
		if (sp->sev[i].used)
			return CF_FW_INVALID_PLATFORM_STATE;
	if (!sp->has_mem || !sp->mem.rmp_enable(sp->mem.opaque))
		return CF_FW_RMP_INIT_FAILED;
	sp->rapl_dis = flags & INIT_EX_RAPL_DIS;
	sp->has_vlek = false;
	sp->snp_state = SNP_INIT;
	return CF_FW_SUCCESS;
}

uint32_t cf_sp_snp_init(struct call *c)
{
	return initialise(c->sp, INIT_EX_INIT_RMP);
}

uint32_t cf_sp_snp_init_ex(struct call *c)
{
	uint32_t flags = cf_load_le32(c->buf), fw;
	uint8_t list[CF_PAGE_SIZE] = { 0 };

	/* Ciphertext hiding and TIO are features that the model lacks. */
	if (flags & ~(INIT_EX_INIT_RMP | INIT_EX_LIST | INIT_EX_RAPL_DIS))
		return flags & ~0x1Fu ? CF_FW_INVALID_PARAM : CF_FW_UNSUPPORTED;
	if (cf_load_le16(c->buf + 0x10))
		return CF_FW_INVALID_PARAM;
	if (!(flags & INIT_EX_INIT_RMP))
		return CF_FW_RMP_INIT_REQUIRED;
	if (flags & INIT_EX_LIST) {
		fw = cf_sp_ranges_read(c->sp, cf_load_le64(c->buf + 8), list);
		if (!fw)
			fw = cf_sp_ranges_check(c->sp, list);
		if (fw)
			return fw;
	}
	fw = initialise(c->sp, flags);
	if (!fw)
		cf_sp_ranges_set(c->sp, list);
	return fw;
}

static uint32_t shut_down(struct cf_sp_soft *sp)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(sp->asid); i++)
		if (sp->asid[i].dirty)
			return CF_FW_DFFLUSH_REQUIRED;
	for (size_t i = 0; i < MAX_GUESTS; i++)
		if (sp->snp[i].used)
			cf_sp_snp_discard(sp, &sp->snp[i]);
	sp->snp_state = SNP_UNINIT;
	return CF_FW_SUCCESS;
}

uint32_t cf_sp_snp_shutdown(struct call *c)
{
	return shut_down(c->sp);
}

uint32_t cf_sp_snp_shutdown_ex(struct call *c)
{
	if (cf_load_le32(c->buf) != 8)
		return CF_FW_INVALID_LENGTH;
	if (cf_load_le32(c->buf + 4) & ~3u)
		return CF_FW_INVALID_PARAM;
	return shut_down(c->sp);
}

uint64_t cf_sp_reported_tcb(const struct cf_sp_soft *sp)
{
	return cf_sp_tcb_encode(sp->product, &sp->config.reported);
}

uint64_t cf_sp_committed_tcb(const struct cf_sp_soft *sp)
{
	return cf_sp_tcb_encode(sp->product, &sp->config.committed);
}

uint64_t cf_sp_current_tcb(const struct cf_sp_soft *sp)
{
	const struct tcb current = cf_sp_current(sp);

	return cf_sp_tcb_encode(sp->product, &current);
}

struct tcb cf_sp_current(const struct cf_sp_soft *sp)
{
	struct tcb t = sp->product->current;

	t.snp = sp->fw.spl;
	return t;
}

uint32_t cf_sp_snp_platform_status(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	uint64_t spa = cf_load_le64(c->buf);
	uint8_t out[0x20] = { 0 };
	uint32_t guests = 0, flags = 0;

	for (size_t i = 0; i < MAX_GUESTS; i++)
		guests += sp->snp[i].used;
	flags |= sp->config.mask_chip_id ? BIT(0) : 0;
	flags |= sp->config.mask_chip_key ? BIT(1) : 0;
	flags |= sp->has_vlek ? BIT(2) : 0;
	flags |= BIT(3); /* FEATURE_INFO exists */
	flags |= sp->rapl_dis ? BIT(4) : 0;
	out[0] = sp->fw.snp_major;
	out[1] = sp->fw.snp_minor;
	out[2] = (uint8_t)sp->snp_state;
	/* IS_RMP_INIT, ALIAS_CHECK_COMPLETE. */
	out[3] = sp->snp_state == SNP_INIT ? BIT(0) | BIT(1) : 0;
	cf_store_le32(out + 4, sp->fw.build);
	cf_store_le32(out + 8, flags);
	cf_store_le32(out + 0xC, guests);
	cf_store_le64(out + 0x10, cf_sp_current_tcb(sp));
	cf_store_le64(out + 0x18, cf_sp_reported_tcb(sp));
	return cf_sp_write_page(sp, spa, out, sizeof(out));
}

uint32_t cf_sp_snp_config(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	struct snp_config was = sp->config;
	uint64_t tcb = cf_load_le64(c->buf);
	uint32_t flags = cf_load_le32(c->buf + 8);
	struct tcb reported;

	if (flags & ~3u || !cf_sp_tcb_decode(sp->product, tcb, &reported))
		return CF_FW_INVALID_PARAM;
	if (!tcb && UNC_CONFIG_ZERO_RESETS)
		reported = sp->config.committed;
	if (!cf_sp_tcb_le(&reported, &sp->config.committed))
		return CF_FW_INVALID_PARAM;
	sp->config.reported = reported;
	sp->config.mask_chip_id = flags & BIT(0);
	sp->config.mask_chip_key = flags & BIT(1);
	if (cf_sp_store_config(sp, NULL)) {
		sp->config = was;
		return CF_FW_HWERROR_PLATFORM;
	}
	return CF_FW_SUCCESS;
}

void cf_sp_commit(struct cf_sp_soft *sp)
{
	bool tracking = cf_sp_reported_tcb(sp) == cf_sp_committed_tcb(sp);

	sp->config.committed = cf_sp_current(sp);
	sp->config.committed_major = sp->fw.snp_major;
	sp->config.committed_minor = sp->fw.snp_minor;
	sp->config.committed_build = sp->fw.build;
	if (tracking && UNC_COMMIT_REPORTED_FOLLOWS)
		sp->config.reported = sp->config.committed;
}

uint32_t cf_sp_snp_commit(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	struct snp_config was = sp->config;

	if (cf_load_le32(c->buf) != 4)
		return CF_FW_INVALID_LENGTH;
	cf_sp_commit(sp);
	if (cf_sp_store_config(sp, NULL)) {
		sp->config = was;
		return CF_FW_HWERROR_PLATFORM;
	}
	return CF_FW_SUCCESS;
}

/* CPUID Fn8000_0024: of the optional features the model has SNP shutdown
 * (ECX bit 1) and RAPL_DIS (bit 2). */
uint32_t cf_sp_snp_feature_info(struct call *c)
{
	uint64_t spa = cf_load_le64(c->buf + 8);
	uint8_t out[16] = { 0 };

	if (cf_load_le32(c->buf) != 0x10)
		return CF_FW_INVALID_LENGTH;
	if (cf_load_le32(c->buf + 4))
		return CF_FW_INVALID_PARAM;
	cf_store_le32(out + 8, BIT(1) | BIT(2));
	return cf_sp_write_page(c->sp, spa, out, sizeof(out));
}
