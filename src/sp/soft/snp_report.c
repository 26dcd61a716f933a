/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestation reports and derived keys: what a guest asks the firmware for.
 * Source: SNP firmware ABI (AMD 56860), MSG_REPORT_REQ, MSG_KEY_REQ,
 * "Attestation Report".
 */
#include "sp/soft/messages_priv.h"

#include <string.h>

#define REPORT_LEN        0x4A0
#define REPORT_SIGNED_LEN 0x2A0

enum signing_key { KEY_VCEK = 0, KEY_VLEK = 1, KEY_NONE = 7 };

/* KEY_SEL of a request: 0 what there is, 1 VCEK, 2 VLEK. */
static uint32_t select_key(const struct cf_sp_soft *sp,
	const struct snp_guest *g, unsigned sel, enum signing_key *out)
{
	if (sel == 0)
		sel = sp->has_vlek ? 2 : 1;
	if (sel == 3)
		return CF_FW_INVALID_PARAM;
	if (sel == 2 && !sp->has_vlek)
		return CF_FW_INVALID_KEY;
	if (sel == 1 && g->vcek_dis)
		return UNC_VCEK_DISABLED;
	*out = sel == 2 ? KEY_VLEK : KEY_VCEK;
	return CF_FW_SUCCESS;
}

static void fill_identity(
	const struct cf_sp_soft *sp, uint8_t *r, enum signing_key key)
{
	if (sp->product->report_version >= 3) {
		r[0x188] = sp->product->family;
		r[0x189] = sp->product->model;
		r[0x18A] = sp->product->stepping;
	}
	if (!sp->config.mask_chip_id &&
		!(key == KEY_VLEK && UNC_VLEK_CHIP_ID_ZERO))
		memcpy(r + 0x1A0, sp->chip_id, sp->product->hwid_len);
}

static void fill_versions(
	const struct cf_sp_soft *sp, const struct snp_guest *g, uint8_t *r)
{
	cf_store_le64(r + 0x038, cf_sp_current_tcb(sp));
	cf_store_le64(r + 0x180, cf_sp_reported_tcb(sp));
	cf_store_le64(r + 0x1E0, cf_sp_committed_tcb(sp));
	r[0x1E8] = sp->fw.build;
	r[0x1E9] = sp->fw.snp_minor;
	r[0x1EA] = sp->fw.snp_major;
	r[0x1EC] = sp->config.committed_build;
	r[0x1ED] = sp->config.committed_minor;
	r[0x1EE] = sp->config.committed_major;
	cf_store_le64(r + 0x1F0, g->launch_tcb);
}

static void fill_guest(const struct snp_guest *g, uint8_t *r)
{
	if (g->id_block_en) {
		memcpy(r + 0x004, g->id_block + 0x54, 4);  /* GUEST_SVN */
		memcpy(r + 0x010, g->id_block + 0x30, 32); /* both ids */
		memcpy(r + 0x0E0, g->id_key_digest, 48);
	}
	if (g->author_key_en)
		memcpy(r + 0x110, g->author_key_digest, 48);
	cf_store_le64(r + 0x008, g->policy);
	memcpy(r + 0x090, g->ld, sizeof(g->ld));
	memcpy(r + 0x0C0, g->host_data, sizeof(g->host_data));
	memcpy(r + 0x140, g->report_id, sizeof(g->report_id));
	memcpy(r + 0x160, g->report_id_ma, sizeof(g->report_id_ma));
}

static enum coffer_status sign(
	const struct cf_sp_soft *sp, enum signing_key key, uint8_t *r)
{
	uint8_t scalar[CF_P384_LEN];
	struct cf_p384_signature sig;
	enum coffer_status status;

	status = key == KEY_VLEK ? cf_sp_vlek(sp, scalar, NULL)
				 : cf_sp_vcek(sp, scalar, NULL);
	if (!status)
		status = cf_p384_sign(scalar, CF_HASH_SHA384, r,
			REPORT_SIGNED_LEN, &sig, NULL);
	cf_wipe(scalar, sizeof(scalar));
	if (status)
		return status;
	cf_p384_to_le72(sig.r, r + 0x2A0);
	cf_p384_to_le72(sig.s, r + 0x2E8);
	return COFFER_OK;
}

size_t cf_sp_msg_report(struct cf_sp_soft *sp, struct snp_guest *g,
	unsigned vmpck, const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t *r = out + 0x20;
	enum signing_key key = KEY_VCEK;
	uint32_t vmpl, flags, fw;

	if (len != 0x60 || !cf_is_zero(in + 0x48, 24) ||
		cf_load_le32(in + 0x44) & ~3u)
		return 0;
	vmpl = cf_load_le32(in + 0x40);
	fw = select_key(sp, g, cf_load_le32(in + 0x44) & 3, &key);
	if (vmpl > 3 || vmpl < vmpck)
		fw = CF_FW_INVALID_PARAM;
	cf_store_le32(out, fw);
	if (fw)
		return 0x20 + REPORT_LEN;
	cf_store_le32(out + 4, REPORT_LEN);
	if (sp->config.mask_chip_key)
		key = KEY_NONE;
	cf_store_le32(r, sp->product->report_version);
	cf_store_le32(r + 0x030, vmpl);
	cf_store_le32(r + 0x034, 1); /* ECDSA P-384 with SHA-384 */
	/* SMT_EN, ECC_EN, RAPL_DIS, ALIAS_CHECK_COMPLETE. */
	cf_store_le64(r + 0x040,
		BIT(0) | BIT(2) | (sp->rapl_dis ? BIT(3) : 0) |
			(sp->product->report_version >= 3 ? BIT(5) : 0));
	flags = (g->author_key_en ? BIT(0) : 0) |
		(sp->config.mask_chip_key ? BIT(1) : 0) | (unsigned)key << 2;
	cf_store_le32(r + 0x048, flags);
	memcpy(r + 0x050, in, 64);
	fill_guest(g, r);
	fill_versions(sp, g, r);
	fill_identity(sp, r, key);
	if (key != KEY_NONE && sign(sp, key, r)) {
		memset(out, 0, 0x20 + REPORT_LEN);
		cf_store_le32(out, CF_FW_HWERROR_PLATFORM);
	}
	return 0x20 + REPORT_LEN;
}

/* What enters a derived key; fields that were not selected stay zero. */
#define MIX_LEN 0x110
enum mix_field {
	MIX_POLICY = BIT(0),
	MIX_IMAGE_ID = BIT(1),
	MIX_FAMILY_ID = BIT(2),
	MIX_MEASUREMENT = BIT(3),
	MIX_SVN = BIT(4),
	MIX_TCB = BIT(5),
	MIX_MIT_VECTOR = BIT(6),
};

struct key_request {
	uint32_t root, vmpl, svn;
	uint64_t select, tcb;
};

static void mix(
	const struct snp_guest *g, const struct key_request *q, uint8_t *m)
{
	memset(m, 0, MIX_LEN);
	cf_store_le32(m, q->root);
	cf_store_le32(m + 4, q->vmpl);
	cf_store_le64(m + 8, q->select);
	if (q->select & MIX_SVN)
		cf_store_le32(m + 0x10, q->svn);
	if (q->select & MIX_TCB)
		cf_store_le64(m + 0x18, q->tcb);
	if (q->select & MIX_POLICY)
		cf_store_le64(m + 0x20, g->policy);
	if (q->select & MIX_IMAGE_ID)
		memcpy(m + 0x30, g->id_block + 0x40, 16);
	if (q->select & MIX_FAMILY_ID)
		memcpy(m + 0x40, g->id_block + 0x30, 16);
	if (q->select & MIX_MEASUREMENT)
		memcpy(m + 0x50, g->ld, sizeof(g->ld));
	/* Always mixed: another owner never gets the same key. */
	memcpy(m + 0x80, g->host_data, sizeof(g->host_data));
	m[0xA0] = g->id_block_en;
	m[0xA1] = g->author_key_en;
	memcpy(m + 0xB0, g->id_key_digest, sizeof(g->id_key_digest));
	memcpy(m + 0xE0, g->author_key_digest, sizeof(g->author_key_digest));
}

static uint32_t root_secret(const struct cf_sp_soft *sp,
	const struct snp_guest *g, uint32_t root, uint8_t secret[32])
{
	enum signing_key key = KEY_VCEK;
	uint32_t fw;

	if (root & 1) {
		if (!g->has_vmrk)
			return CF_FW_INVALID_KEY;
		memcpy(secret, g->vmrk, 32);
		return CF_FW_SUCCESS;
	}
	fw = select_key(sp, g, root >> 1 & 3, &key);
	if (fw)
		return fw;
	if (cf_sp_derive(key == KEY_VLEK ? sp->vlek_hashstick : sp->chip_secret,
		    "gmsg-root", NULL, 0, secret, 32, NULL))
		return CF_FW_HWERROR_PLATFORM;
	return CF_FW_SUCCESS;
}

/* The patch levels asked for must not be above the committed ones. */
static bool tcb_is_allowed(const struct cf_sp_soft *sp, uint64_t v)
{
	struct tcb t;

	return cf_sp_tcb_decode(sp->product, v, &t) &&
		cf_sp_tcb_le(&t, &sp->config.committed);
}

size_t cf_sp_msg_key(struct cf_sp_soft *sp, struct snp_guest *g, unsigned vmpck,
	unsigned version, const uint8_t *in, size_t len, uint8_t *out)
{
	uint64_t fields = version == 2 ? 0x7F : 0x3F;
	struct key_request q;
	uint8_t secret[32], m[MIX_LEN];
	uint32_t fw;

	if (len != (version == 2 ? 0x28u : 0x20u) || cf_load_le32(in + 4) ||
		cf_load_le32(in) & ~7u)
		return 0;
	q.root = cf_load_le32(in);
	q.select = cf_load_le64(in + 8);
	q.vmpl = cf_load_le32(in + 0x10);
	q.svn = cf_load_le32(in + 0x14);
	q.tcb = cf_load_le64(in + 0x18);
	/* The model has no mitigation vector: selecting it mixes zero. */
	if (q.select & ~fields || q.vmpl > 3 || q.vmpl < vmpck ||
		q.svn > cf_load_le32(g->id_block + 0x54) ||
		!tcb_is_allowed(sp, q.tcb) ||
		(version == 2 && cf_load_le64(in + 0x20)))
		fw = CF_FW_INVALID_PARAM;
	else
		fw = root_secret(sp, g, q.root, secret);
	if (!fw) {
		mix(g, &q, m);
		if (cf_sp_derive(secret, "gmsg-keyreq", m, sizeof(m),
			    out + 0x20, 32, NULL))
			fw = CF_FW_HWERROR_PLATFORM;
		cf_wipe(secret, sizeof(secret));
	}
	cf_store_le32(out, fw);
	return 0x40;
}
