/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEV and SEV-ES launch: start with or without an owner's session, measured
 * updates, the measurement, secrets, the attestation report.  Source: SEV API
 * (AMD 55766), "Launch", ATTESTATION.
 */
#include "sp/soft/commands_priv.h"

#include <string.h>

#define MEASURE_LEN 0x30
#define REPORT_LEN  0xD0

uint32_t cf_sp_sev_launch_start(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	uint64_t cert = cf_load_le64(c->buf + 8);
	struct sev_guest *g = NULL;
	uint32_t fw = cf_sp_sev_new_guest(
		sp, cf_load_le32(c->buf), cf_load_le32(c->buf + 4), &g);

	if (!fw && cert)
		fw = cf_sp_sev_open_session(sp, cert,
			cf_load_le32(c->buf + 0x10),
			cf_load_le64(c->buf + 0x18),
			cf_load_le32(c->buf + 0x20), g);
	else if (!fw &&
		(cf_sp_random(sp, g->tek, sizeof(g->tek), NULL) ||
			cf_sp_random(sp, g->tik, sizeof(g->tik), NULL)))
		fw = CF_FW_HWERROR_PLATFORM;
	if (!fw && cf_hash_create(CF_HASH_SHA256, &g->digest, NULL))
		fw = CF_FW_HWERROR_PLATFORM;
	if (fw) {
		if (g)
			cf_wipe(g, sizeof(*g));
		return fw;
	}
	g->used = true;
	g->handle = sp->next_handle++;
	g->state = GS_LUPDATE;
	sp->sev_state = SEV_WORKING;
	cf_store_le32(c->buf, g->handle);
	return CF_FW_SUCCESS;
}

static uint32_t update(struct call *c, uint64_t spa, uint32_t len)
{
	struct cf_sp_soft *sp = c->sp;
	uint32_t fw = cf_sp_sev_range(sp, spa, len);
	uint8_t page[CF_PAGE_SIZE];

	for (uint32_t at = 0; !fw && at < len; at += sizeof(page)) {
		size_t n = len - at < sizeof(page) ? len - at : sizeof(page);

		if (!cf_sp_read(sp, spa + at, page, n))
			fw = CF_FW_INVALID_ADDRESS;
		else if (cf_hash_update(c->sev->digest, page, n, NULL))
			fw = CF_FW_HWERROR_PLATFORM;
	}
	if (!fw && !sp->mem.encrypt(sp->mem.opaque, c->sev->asid, spa, len))
		fw = CF_FW_HWERROR_PLATFORM;
	return fw;
}

uint32_t cf_sp_sev_launch_update_data(struct call *c)
{
	return update(c, cf_load_le64(c->buf + 8), cf_load_le32(c->buf + 0x10));
}

uint32_t cf_sp_sev_launch_update_vmsa(struct call *c)
{
	uint64_t spa = cf_load_le64(c->buf + 8);

	if (!(c->sev->policy & SEV_POLICY_ES))
		return UNC_VMSA_WITHOUT_ES;
	if (cf_load_le32(c->buf + 0x10) != CF_PAGE_SIZE)
		return CF_FW_INVALID_LENGTH;
	if (!cf_is_aligned(spa, CF_PAGE_SIZE))
		return CF_FW_INVALID_ADDRESS;
	return update(c, spa, CF_PAGE_SIZE);
}

uint32_t cf_sp_sev_launch_measure(struct call *c)
{
	struct sev_guest *g = c->sev;
	const struct cf_sev_measure m = {
		.api_major = c->sp->fw.sev_major,
		.api_minor = c->sp->fw.sev_minor,
		.build_id = c->sp->fw.build,
		.policy = g->policy,
		.digest = g->launch_digest,
		.mnonce = g->mnonce,
	};
	uint8_t out[MEASURE_LEN];
	uint32_t fw;

	if (cf_load_le32(c->buf + 0x10) < MEASURE_LEN) {
		cf_store_le32(c->buf + 0x10, MEASURE_LEN);
		return CF_FW_INVALID_LENGTH;
	}
	if (cf_hash_peek(g->digest, g->launch_digest, NULL) ||
		cf_sp_random(c->sp, g->mnonce, sizeof(g->mnonce), NULL) ||
		cf_sev_launch_measure(g->tik, &m, g->measure, NULL))
		return CF_FW_HWERROR_PLATFORM;
	memcpy(out, g->measure, sizeof(g->measure));
	memcpy(out + sizeof(g->measure), g->mnonce, sizeof(g->mnonce));
	fw = cf_sp_write_out(c->sp, cf_load_le64(c->buf + 8), out, sizeof(out));
	if (!fw)
		g->state = GS_LSECRET;
	return fw;
}

/* LAUNCH_SECRET and RECEIVE_UPDATE_*: the packet's MAC is checked over the
 * bytes that are then used, so everything is read once. */
uint32_t cf_sp_sev_open_packet(struct call *c, enum cf_sev_packet_kind kind,
	const uint8_t *measure, uint32_t max)
{
	struct cf_sp_soft *sp = c->sp;
	uint64_t spa = cf_load_le64(c->buf + 0x18);
	uint32_t guest_len = cf_load_le32(c->buf + 0x20);
	uint32_t len = cf_load_le32(c->buf + 0x30), fw;
	CF_CLEANUP(cf_free_ptr) uint8_t *data = NULL;
	uint8_t hdr[CF_SEV_PACKET_LEN], mac[CF_SHA256_LEN];
	const struct cf_sev_packet *p;

	if (cf_load_le32(c->buf + 0x10) != sizeof(hdr) || len > max ||
		len != guest_len)
		return CF_FW_INVALID_LENGTH;
	fw = cf_sp_sev_range(sp, spa, guest_len);
	if (fw)
		return fw;
	data = cf_alloc_array(len, 1);
	if (!data)
		return CF_FW_RESOURCE_LIMIT;
	if (!cf_sp_read(sp, cf_load_le64(c->buf + 8), hdr, sizeof(hdr)) ||
		!cf_sp_read(sp, cf_load_le64(c->buf + 0x28), data, len))
		return CF_FW_INVALID_ADDRESS;
	p = &(const struct cf_sev_packet) {
		.kind = kind,
		.flags = cf_load_le32(hdr),
		.iv = hdr + 4,
		.guest_len = guest_len,
		.data = data,
		.data_len = len,
		.measure = measure,
	};
	if (cf_sev_packet_mac(c->sev->tik, p, mac, NULL))
		return CF_FW_HWERROR_PLATFORM;
	if (!cf_equal_ct(mac, hdr + 0x14, sizeof(mac)))
		return CF_FW_BAD_MEASUREMENT;
	/* Compressed data was never documented. */
	if (cf_load_le32(hdr))
		return CF_FW_UNSUPPORTED;
	if (cf_aes128_ctr(c->sev->tek, hdr + 4, data, data, len, NULL))
		fw = CF_FW_HWERROR_PLATFORM;
	else if (!sp->mem.private_write(
			 sp->mem.opaque, c->sev->asid, spa, data, len))
		fw = CF_FW_INVALID_ADDRESS;
	cf_wipe(data, len);
	return fw;
}

uint32_t cf_sp_sev_launch_secret(struct call *c)
{
	return cf_sp_sev_open_packet(
		c, CF_SEV_PACKET_SECRET, c->sev->measure, UNC_SECRET_MAX);
}

uint32_t cf_sp_sev_launch_finish(struct call *c)
{
	cf_wipe(c->sev->tek, sizeof(c->sev->tek));
	cf_wipe(c->sev->tik, sizeof(c->sev->tik));
	c->sev->state = GS_RUNNING;
	return CF_FW_SUCCESS;
}

uint32_t cf_sp_sev_attestation(struct call *c)
{
	struct sev_guest *g = c->sev;
	struct cf_p384_signature sig;
	uint8_t r[REPORT_LEN] = { 0 };

	if (cf_load_le32(c->buf + 0x20) < REPORT_LEN) {
		cf_store_le32(c->buf + 0x20, REPORT_LEN);
		return CF_FW_INVALID_LENGTH;
	}
	memcpy(r, c->buf + 0x10, 16);
	if (g->state == GS_LUPDATE) {
		if (cf_hash_peek(g->digest, r + 0x10, NULL))
			return CF_FW_HWERROR_PLATFORM;
	} else {
		memcpy(r + 0x10, g->launch_digest, sizeof(g->launch_digest));
	}
	cf_store_le32(r + 0x30, g->policy);
	cf_store_le32(r + 0x34, CF_SEV_USAGE_PEK);
	cf_store_le32(r + 0x38, CF_SEV_ALGO_ECDSA_SHA256);
	if (cf_p384_sign(c->sp->keys.pek, CF_HASH_SHA256, r, 0x34, &sig, NULL))
		return CF_FW_HWERROR_PLATFORM;
	cf_p384_to_le72(sig.r, r + 0x40);
	cf_p384_to_le72(sig.s, r + 0x40 + 72);
	return cf_sp_write_out(c->sp, cf_load_le64(c->buf + 8), r, sizeof(r));
}
