/* SPDX-License-Identifier: Apache-2.0 */
/* SEV platform commands: initialisation, status, identity of the chip.
 * Source: SEV API (AMD 55766), "Platform Management". */
#include "sp/soft/commands_priv.h"

#include <string.h>

#define OPTION_ES BIT(0)

/* The trusted memory region is for SEV-ES; the model keeps what it would hold
 * itself, and checks what the firmware checks of it. */
static uint32_t initialise(
	struct cf_sp_soft *sp, uint32_t options, uint64_t tmr, uint32_t tmr_len)
{
	uint32_t size = sp->snp_state == SNP_INIT ? 2u << 20 : 1u << 20;
	uint32_t fw;

	if (options & ~OPTION_ES)
		return CF_FW_INVALID_PARAM;
	if (options & OPTION_ES) {
		if (!tmr || !cf_is_aligned(tmr, size))
			return CF_FW_INVALID_ADDRESS;
		if (tmr_len != size)
			return CF_FW_INVALID_LENGTH;
	}
	fw = cf_sp_sev_load_keys(sp);
	if (fw)
		return fw;
	sp->es = options & OPTION_ES;
	sp->sev_state = SEV_INIT;
	return CF_FW_SUCCESS;
}

uint32_t cf_sp_sev_init(struct call *c)
{
	c->sp->nv_spa = 0;
	return initialise(c->sp, cf_load_le32(c->buf), cf_load_le64(c->buf + 8),
		cf_load_le32(c->buf + 0x10));
}

uint32_t cf_sp_sev_init_ex(struct call *c)
{
	uint64_t nv = cf_load_le64(c->buf + 0x18);
	uint8_t last;

	if (cf_load_le32(c->buf) != 0x24 ||
		cf_load_le32(c->buf + 0x20) != 0x8000)
		return CF_FW_INVALID_LENGTH;
	if (!nv || !cf_is_aligned(nv, CF_PAGE_SIZE) ||
		!cf_sp_read(c->sp, nv + 0x8000 - 1, &last, 1))
		return CF_FW_INVALID_ADDRESS;
	c->sp->nv_spa = nv;
	return initialise(c->sp, cf_load_le32(c->buf + 4),
		cf_load_le64(c->buf + 8), cf_load_le32(c->buf + 0x10));
}

uint32_t cf_sp_sev_shutdown(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;

	for (size_t i = 0; i < MAX_GUESTS; i++)
		if (sp->sev[i].used)
			cf_sp_sev_discard(sp, &sp->sev[i]);
	cf_wipe(&sp->keys, sizeof(sp->keys));
	sp->es = false;
	sp->nv_spa = 0;
	sp->sev_state = SEV_UNINIT;
	return CF_FW_SUCCESS;
}

uint32_t cf_sp_sev_platform_status(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	uint32_t guests = 0;

	for (size_t i = 0; i < MAX_GUESTS; i++)
		guests += sp->sev[i].used;
	c->buf[0] = sp->fw.sev_major;
	c->buf[1] = sp->fw.sev_minor;
	c->buf[2] = (uint8_t)sp->sev_state;
	cf_store_le32(c->buf + 3,
		(sp->keys.external_owner ? BIT(0) : 0) | (sp->es ? BIT(8) : 0));
	c->buf[7] = sp->fw.build;
	cf_store_le32(c->buf + 8, guests);
	return CF_FW_SUCCESS;
}

uint32_t cf_sp_sev_get_id(struct call *c)
{
	uint64_t spa = cf_load_le64(c->buf);

	if (cf_load_le32(c->buf + 8) < SEV_ID_LEN) {
		cf_store_le32(c->buf + 8, SEV_ID_LEN);
		return CF_FW_INVALID_LENGTH;
	}
	if (!cf_is_aligned(spa, 8))
		return CF_FW_INVALID_ADDRESS;
	return cf_sp_write_out(c->sp, spa, c->sp->chip_id, SEV_ID_LEN);
}
