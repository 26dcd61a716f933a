/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNP_GUEST_REQUEST: the channel between a guest and the firmware, sealed
 * with the VMPCK from the guest's secrets page and counted, so that the host
 * can neither read, replay nor reorder.  Source: SNP firmware ABI (AMD
 * 56860), "Guest Messages".
 */
#include "sp/soft/commands_priv.h"
#include "sp/soft/messages_priv.h"

#include <string.h>

#define HDR_LEN     0x60
#define HDR_SEQNO   0x20
#define HDR_ALGO    0x30
#define HDR_VERSION 0x31
#define HDR_SIZE    0x32
#define HDR_TYPE    0x34
#define HDR_MSG_VER 0x35
#define HDR_MSG_LEN 0x36
#define HDR_VMPCK   0x3C
#define AAD         0x30
#define AAD_LEN     0x30
#define TAG_LEN     16

enum msg_type {
	MSG_CPUID_REQ = 1,
	MSG_KEY_REQ = 3,
	MSG_REPORT_REQ = 5,
	MSG_EXPORT_REQ = 7,
	MSG_IMPORT_REQ = 9,
	MSG_ABSORB_REQ = 11,
	MSG_VMRK_REQ = 13,
	MSG_ABSORB_NOMA_REQ = 15,
	MSG_TSC_INFO_REQ = 17,
};

struct message {
	unsigned type, version, vmpck;
	uint64_t seqno;
	size_t len;
	uint8_t payload[MSG_MAX];
};

static void iv_of(uint64_t seqno, uint8_t iv[12])
{
	cf_store_le64(iv, seqno);
	cf_store_le32(iv + 8, 0);
}

static bool header_is_good(const uint8_t *h)
{
	return h[HDR_ALGO] == 1 && h[HDR_VERSION] == 1 &&
		cf_load_le16(h + HDR_SIZE) == HDR_LEN && h[HDR_VMPCK] < 4 &&
		cf_load_le16(h + HDR_MSG_LEN) <= MSG_MAX &&
		cf_is_zero(h + TAG_LEN, HDR_SEQNO - TAG_LEN) &&
		cf_is_zero(h + 0x28, 8) && cf_is_zero(h + 0x38, 4) &&
		cf_is_zero(h + 0x3D, HDR_LEN - 0x3D);
}

static uint32_t open_request(
	const struct snp_guest *g, const uint8_t *page, struct message *m)
{
	uint8_t iv[12];

	if (!header_is_good(page))
		return CF_FW_INVALID_PARAM;
	m->type = page[HDR_TYPE];
	m->version = page[HDR_MSG_VER];
	m->vmpck = page[HDR_VMPCK];
	m->seqno = cf_load_le64(page + HDR_SEQNO);
	m->len = cf_load_le16(page + HDR_MSG_LEN);
	/* The response takes the next number, so both must be left. */
	if (g->msg_count[m->vmpck] >= UINT64_MAX - 1)
		return CF_FW_AEAD_OFLOW;
	if (m->seqno != g->msg_count[m->vmpck] + 1)
		return UNC_BAD_SEQNO;
	iv_of(m->seqno, iv);
	if (cf_aes256_gcm_open(g->vmpck[m->vmpck], iv, page + AAD, AAD_LEN,
		    page + HDR_LEN, m->len, m->payload, page, NULL))
		return CF_FW_INVALID_PARAM;
	return CF_FW_SUCCESS;
}

static enum coffer_status seal_response(const struct snp_guest *g,
	const struct message *req, const uint8_t *payload, size_t len,
	uint8_t *page)
{
	uint8_t iv[12];

	memset(page, 0, CF_PAGE_SIZE);
	cf_store_le64(page + HDR_SEQNO, req->seqno + 1);
	page[HDR_ALGO] = 1;
	page[HDR_VERSION] = 1;
	cf_store_le16(page + HDR_SIZE, HDR_LEN);
	page[HDR_TYPE] = (uint8_t)(req->type + 1);
	page[HDR_MSG_VER] = (uint8_t)req->version;
	cf_store_le16(page + HDR_MSG_LEN, (uint16_t)len);
	page[HDR_VMPCK] = (uint8_t)req->vmpck;
	iv_of(req->seqno + 1, iv);
	return cf_aes256_gcm_seal(g->vmpck[req->vmpck], iv, page + AAD, AAD_LEN,
		payload, len, page + HDR_LEN, page, NULL);
}

/* The table as in the CPUID page; the answer has STATUS in front of COUNT. */
static size_t msg_cpuid(
	struct cf_sp_soft *sp, const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t table[MSG_MAX];
	uint32_t fw;

	if (len < 0x10 || (len - 0x10) % 48 ||
		cf_load_le32(in) != (len - 0x10) / 48)
		return 0;
	memcpy(table, in, len);
	fw = cf_sp_cpuid_check(sp, table, len);
	cf_store_le32(out, fw);
	cf_store_le32(out + 4, cf_load_le32(in));
	memcpy(out + 0x10, table + 0x10, len - 0x10);
	return len;
}

/* The guest's clock against the machine's: SCALE is 8.32 fixed point. */
static size_t msg_tsc_info(
	const struct snp_guest *g, const uint8_t *in, size_t len, uint8_t *out)
{
	const uint64_t nominal_khz = 2000000;
	uint64_t khz = g->tsc_khz ? g->tsc_khz : nominal_khz;

	if (len != 0x80 || !cf_is_zero(in, len))
		return 0;
	cf_store_le64(out + 8, (khz << 32) / nominal_khz);
	return 0x80;
}

static size_t answer(struct cf_sp_soft *sp, struct snp_guest *g,
	const struct message *m, uint8_t *out)
{
	if (m->version != 1 && !(m->type == MSG_KEY_REQ && m->version == 2))
		return 0;
	switch (m->type) {
	case MSG_CPUID_REQ:
		return msg_cpuid(sp, m->payload, m->len, out);
	case MSG_KEY_REQ:
		return cf_sp_msg_key(
			sp, g, m->vmpck, m->version, m->payload, m->len, out);
	case MSG_REPORT_REQ:
		return cf_sp_msg_report(
			sp, g, m->vmpck, m->payload, m->len, out);
	case MSG_TSC_INFO_REQ:
		return msg_tsc_info(g, m->payload, m->len, out);
	case MSG_EXPORT_REQ:
		return cf_sp_msg_export(sp, g, m->payload, m->len, out);
	case MSG_IMPORT_REQ:
		return cf_sp_msg_import(sp, g, m->payload, m->len, out);
	case MSG_ABSORB_REQ:
	case MSG_ABSORB_NOMA_REQ:
		return cf_sp_msg_absorb(sp, g, m->type == MSG_ABSORB_NOMA_REQ,
			m->payload, m->len, out);
	case MSG_VMRK_REQ:
		return cf_sp_msg_vmrk(sp, g, m->payload, m->len, out);
	default:
		return 0;
	}
}

uint32_t cf_sp_snp_guest_request(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	uint64_t response = cf_load_le64(c->buf + 0x10);
	uint8_t page[CF_PAGE_SIZE], payload[MSG_MAX] = { 0 };
	struct message m = { 0 };
	uint32_t fw;
	size_t len;

	if (!cf_is_aligned(cf_load_le64(c->buf + 8), CF_PAGE_SIZE) ||
		!cf_sp_read(sp, cf_load_le64(c->buf + 8), page, sizeof(page)))
		return CF_FW_INVALID_ADDRESS;
	fw = cf_sp_page_need(sp, response, PAGE_FIRMWARE);
	if (!fw)
		fw = open_request(c->snp, page, &m);
	if (fw)
		return fw;
	len = answer(sp, c->snp, &m, payload);
	cf_wipe(m.payload, sizeof(m.payload));
	if (!len)
		return CF_FW_INVALID_PARAM;
	if (seal_response(c->snp, &m, payload, len, page))
		return CF_FW_HWERROR_PLATFORM;
	cf_wipe(payload, sizeof(payload));
	fw = cf_sp_write_out(sp, response, page, sizeof(page));
	if (!fw)
		c->snp->msg_count[m.vmpck] += 2;
	return fw;
}
