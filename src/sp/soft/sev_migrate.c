/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Migration of SEV and SEV-ES guests.  The source checks that the target is a
 * platform that the guest's policy allows, and makes a session with it; then
 * packets go over whatever the hosts use.  As in the real API a packet does
 * not say where it belongs nor in which order: a host can send one twice
 * within a session, not into another.  Source: SEV API (AMD 55766), "Guest
 * Migration".
 */
#include "sp/soft/x509_priv.h"

#include "sp/soft/commands_priv.h"

#include <string.h>

struct target {
	uint8_t pdh_bytes[CF_SEV_CERT_LEN], chain[CF_SEV_CHAIN_LEN];
	uint8_t amd[2 * 0x640];
	uint32_t amd_len;
	struct cf_sev_cert pdh, pek, oca, cek;
	struct cf_amd_cert ask, ark;
};

static uint32_t read_target(struct call *c, struct target *t)
{
	t->amd_len = cf_load_le32(c->buf + 0x30);
	if (cf_load_le32(c->buf + 0x10) != sizeof(t->pdh_bytes) ||
		cf_load_le32(c->buf + 0x20) != sizeof(t->chain) ||
		t->amd_len > sizeof(t->amd))
		return CF_FW_INVALID_LENGTH;
	if (!cf_sp_read(c->sp, cf_load_le64(c->buf + 8), t->pdh_bytes,
		    sizeof(t->pdh_bytes)) ||
		!cf_sp_read(c->sp, cf_load_le64(c->buf + 0x18), t->chain,
			sizeof(t->chain)) ||
		!cf_sp_read(
			c->sp, cf_load_le64(c->buf + 0x28), t->amd, t->amd_len))
		return CF_FW_INVALID_ADDRESS;
	return CF_FW_SUCCESS;
}

static bool parse_one(
	const uint8_t *p, enum cf_sev_usage usage, struct cf_sev_cert *out)
{
	return !cf_sev_cert_parse(p, CF_SEV_CERT_LEN, out, NULL) &&
		out->usage == usage;
}

static bool parse_target(struct target *t)
{
	const uint8_t *p = t->chain;

	return parse_one(t->pdh_bytes, CF_SEV_USAGE_PDH, &t->pdh) &&
		parse_one(p, CF_SEV_USAGE_PEK, &t->pek) &&
		parse_one(p + CF_SEV_CERT_LEN, CF_SEV_USAGE_OCA, &t->oca) &&
		parse_one(p + 2 * CF_SEV_CERT_LEN, CF_SEV_USAGE_CEK, &t->cek) &&
		!cf_amd_cert_parse(t->amd, t->amd_len, &t->ask, NULL) &&
		!cf_amd_cert_parse(t->amd + t->ask.len, t->amd_len - t->ask.len,
			&t->ark, NULL) &&
		!t->pdh.is_rsa;
}

/* The root must be our own, byte for byte in its key. */
static bool is_our_root(struct cf_sp_soft *sp, const struct cf_amd_cert *ark)
{
	struct cf_buf own = { 0 };
	struct cf_amd_cert o;
	bool same = false;

	if (!cf_sp_append_amd_cert(sp, CF_SP_CERT_ARK, &own, NULL) &&
		!cf_amd_cert_parse(own.data, own.len, &o, NULL))
		same = o.number_len == ark->number_len &&
			memcmp(o.modulus, ark->modulus, o.number_len) == 0 &&
			memcmp(o.exponent, ark->exponent, o.number_len) == 0;
	cf_buf_finish(&own);
	return same;
}

static bool chain_is_good(struct cf_sp_soft *sp, const struct target *t)
{
	return is_our_root(sp, &t->ark) &&
		!cf_amd_cert_verify(&t->ark, &t->ark, NULL) &&
		!cf_amd_cert_verify(&t->ask, &t->ark, NULL) &&
		!cf_sev_cert_verify_ask(&t->cek, &t->ask, NULL) &&
		!cf_sev_cert_verify(&t->oca, &t->oca, NULL) &&
		!cf_sev_cert_verify(&t->pek, &t->oca, NULL) &&
		!cf_sev_cert_verify(&t->pek, &t->cek, NULL) &&
		!cf_sev_cert_verify(&t->pdh, &t->pek, NULL);
}

/* Same owner: the OCA keys are equal. */
static bool same_domain(const struct cf_sp_soft *sp, const struct target *t)
{
	return memcmp(sp->keys.oca_cert + 0x10, t->oca.bytes + 0x10, 0x404) ==
		0;
}

static uint32_t check_target(
	struct cf_sp_soft *sp, struct target *t, uint32_t policy)
{
	uint8_t major = (uint8_t)(policy >> 16),
		minor = (uint8_t)(policy >> 24);

	if (!parse_target(t) || !chain_is_good(sp, t))
		return UNC_SEND_BAD_CHAIN;
	if ((policy & SEV_POLICY_DOMAIN) && !same_domain(sp, t))
		return UNC_SEND_OTHER_DOMAIN;
	if (t->pek.api_major < major ||
		(t->pek.api_major == major && t->pek.api_minor < minor))
		return CF_FW_POLICY_FAILURE;
	return CF_FW_SUCCESS;
}

static uint32_t make_session(struct call *c, const struct cf_sev_cert *pdh)
{
	struct sev_guest *g = c->sev;
	uint8_t z[CF_P384_LEN], fresh[32], out[CF_SEV_SESSION_LEN];
	struct cf_sev_keys keys;
	enum coffer_status status;

	if (cf_p384_ecdh(c->sp->keys.pdh, &pdh->key, z, NULL))
		return CF_FW_INVALID_CERTIFICATE;
	status = cf_sp_random(c->sp, &keys, sizeof(keys), NULL);
	if (!status)
		status = cf_sp_random(c->sp, fresh, sizeof(fresh), NULL);
	if (!status)
		status = cf_sev_session_wrap(
			z, &keys, fresh, fresh + 16, g->policy, out, NULL);
	cf_wipe(z, sizeof(z));
	if (!status) {
		memcpy(g->tek, keys.tek, sizeof(g->tek));
		memcpy(g->tik, keys.tik, sizeof(g->tik));
	}
	cf_wipe(&keys, sizeof(keys));
	if (status)
		return CF_FW_HWERROR_PLATFORM;
	return cf_sp_write_out(
		c->sp, cf_load_le64(c->buf + 0x38), out, sizeof(out));
}

uint32_t cf_sp_sev_send_start(struct call *c)
{
	struct target t;
	uint32_t fw;

	if (c->sev->policy & SEV_POLICY_NOSEND)
		return CF_FW_POLICY_FAILURE;
	if (cf_load_le32(c->buf + 0x40) < CF_SEV_SESSION_LEN) {
		cf_store_le32(c->buf + 0x40, CF_SEV_SESSION_LEN);
		return CF_FW_INVALID_LENGTH;
	}
	fw = read_target(c, &t);
	if (!fw)
		fw = check_target(c->sp, &t, c->sev->policy);
	if (!fw)
		fw = make_session(c, &t.pdh);
	if (fw)
		return fw;
	cf_store_le32(c->buf + 4, c->sev->policy);
	cf_store_le32(c->buf + 0x40, CF_SEV_SESSION_LEN);
	c->sev->state = GS_SUPDATE;
	return CF_FW_SUCCESS;
}

static uint32_t send(struct call *c, enum cf_sev_packet_kind kind)
{
	struct cf_sp_soft *sp = c->sp;
	uint64_t spa = cf_load_le64(c->buf + 0x18);
	uint32_t len = cf_load_le32(c->buf + 0x20), fw;
	CF_CLEANUP(cf_free_ptr) uint8_t *data = NULL;
	uint8_t hdr[CF_SEV_PACKET_LEN] = { 0 };
	struct cf_sev_packet p = {
		.kind = kind, .iv = hdr + 4, .guest_len = len, .data_len = len
	};

	if (len > UNC_SECRET_MAX)
		return CF_FW_INVALID_LENGTH;
	if (cf_load_le32(c->buf + 0x10) < sizeof(hdr) ||
		cf_load_le32(c->buf + 0x30) < len) {
		cf_store_le32(c->buf + 0x10, sizeof(hdr));
		cf_store_le32(c->buf + 0x30, len);
		return CF_FW_INVALID_LENGTH;
	}
	fw = cf_sp_sev_range(sp, spa, len);
	if (fw)
		return fw;
	data = cf_alloc_array(len, 1);
	if (!data)
		return CF_FW_RESOURCE_LIMIT;
	if (!sp->mem.private_read(sp->mem.opaque, c->sev->asid, spa, data, len))
		return CF_FW_INVALID_ADDRESS;
	p.data = data;
	if (cf_sp_random(sp, hdr + 4, 16, NULL) ||
		cf_aes128_ctr(c->sev->tek, hdr + 4, data, data, len, NULL) ||
		cf_sev_packet_mac(c->sev->tik, &p, hdr + 0x14, NULL))
		return CF_FW_HWERROR_PLATFORM;
	fw = cf_sp_write_out(sp, cf_load_le64(c->buf + 8), hdr, sizeof(hdr));
	if (!fw)
		fw = cf_sp_write_out(
			sp, cf_load_le64(c->buf + 0x28), data, len);
	cf_store_le32(c->buf + 0x10, sizeof(hdr));
	cf_store_le32(c->buf + 0x30, len);
	return fw;
}

uint32_t cf_sp_sev_send_update_data(struct call *c)
{
	return send(c, UNC_MAC_SEND_DATA);
}

uint32_t cf_sp_sev_send_update_vmsa(struct call *c)
{
	if (!(c->sev->policy & SEV_POLICY_ES))
		return UNC_VMSA_WITHOUT_ES;
	return send(c, UNC_MAC_SEND_VMSA);
}

static uint32_t leave(struct call *c, enum sev_gstate state)
{
	cf_wipe(c->sev->tek, sizeof(c->sev->tek));
	cf_wipe(c->sev->tik, sizeof(c->sev->tik));
	c->sev->state = state;
	return CF_FW_SUCCESS;
}

uint32_t cf_sp_sev_send_finish(struct call *c)
{
	return leave(c, UNC_AFTER_SEND_FINISH);
}

uint32_t cf_sp_sev_send_cancel(struct call *c)
{
	return leave(c, GS_RUNNING);
}

uint32_t cf_sp_sev_receive_start(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	struct sev_guest *g = NULL;
	uint32_t fw = cf_sp_sev_new_guest(
		sp, cf_load_le32(c->buf), cf_load_le32(c->buf + 4), &g);

	if (!fw)
		fw = cf_sp_sev_open_session(sp, cf_load_le64(c->buf + 8),
			cf_load_le32(c->buf + 0x10),
			cf_load_le64(c->buf + 0x18),
			cf_load_le32(c->buf + 0x20), g);
	if (fw) {
		if (g)
			cf_wipe(g, sizeof(*g));
		return fw;
	}
	g->used = true;
	g->handle = sp->next_handle++;
	g->state = GS_RUPDATE;
	sp->sev_state = SEV_WORKING;
	cf_store_le32(c->buf, g->handle);
	return CF_FW_SUCCESS;
}

uint32_t cf_sp_sev_receive_update_data(struct call *c)
{
	return cf_sp_sev_open_packet(
		c, UNC_MAC_SEND_DATA, NULL, UNC_SECRET_MAX);
}

uint32_t cf_sp_sev_receive_update_vmsa(struct call *c)
{
	if (!(c->sev->policy & SEV_POLICY_ES))
		return UNC_VMSA_WITHOUT_ES;
	return cf_sp_sev_open_packet(
		c, UNC_MAC_SEND_VMSA, NULL, UNC_SECRET_MAX);
}

uint32_t cf_sp_sev_receive_finish(struct call *c)
{
	return leave(c, GS_RUNNING);
}
