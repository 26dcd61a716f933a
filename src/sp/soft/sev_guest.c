/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEV guest contexts: their making, ASID, status, end; copying and debugging.
 * Source: SEV API (AMD 55766), "Guest Management", "Debugging".
 */
#include "sp/soft/commands_priv.h"

#include <string.h>

uint32_t cf_sp_sev_check_policy(const struct cf_sp_soft *sp, uint32_t policy)
{
	uint8_t major = (uint8_t)(policy >> 16),
		minor = (uint8_t)(policy >> 24);

	if (policy & SEV_POLICY_RSVD)
		return UNC_SEV_POLICY_RESERVED;
	if (major > sp->fw.sev_major ||
		(major == sp->fw.sev_major && minor > sp->fw.sev_minor))
		return UNC_SEV_API_TOO_OLD;
	if ((policy & SEV_POLICY_ES) && !sp->es)
		return UNC_ES_NOT_ENABLED;
	return CF_FW_SUCCESS;
}

static uint32_t shared_key(struct cf_sp_soft *sp, uint32_t share,
	uint32_t policy, uint8_t vek[CF_VEK_LEN])
{
	for (size_t i = 0; i < MAX_GUESTS; i++) {
		const struct sev_guest *g = &sp->sev[i];

		if (!g->used || g->handle != share)
			continue;
		if (g->policy != policy || (policy & SEV_POLICY_NOKS))
			return UNC_KEY_SHARING_REFUSED;
		memcpy(vek, g->vek, CF_VEK_LEN);
		return CF_FW_SUCCESS;
	}
	return CF_FW_INVALID_GUEST;
}

uint32_t cf_sp_sev_new_guest(struct cf_sp_soft *sp, uint32_t share,
	uint32_t policy, struct sev_guest **out)
{
	uint32_t fw = cf_sp_sev_check_policy(sp, policy);
	struct sev_guest *g = NULL;

	if (fw)
		return fw;
	for (size_t i = 0; i < MAX_GUESTS && !g; i++)
		if (!sp->sev[i].used)
			g = &sp->sev[i];
	if (!g)
		return CF_FW_RESOURCE_LIMIT;
	*g = (struct sev_guest) { .policy = policy };
	if (share)
		fw = shared_key(sp, share, policy, g->vek);
	else if (cf_sp_random(sp, g->vek, sizeof(g->vek), NULL))
		fw = CF_FW_HWERROR_PLATFORM;
	*out = g;
	return fw;
}

uint32_t cf_sp_sev_open_session(struct cf_sp_soft *sp, uint64_t cert_spa,
	uint32_t cert_len, uint64_t session_spa, uint32_t session_len,
	struct sev_guest *g)
{
	uint8_t bytes[CF_SEV_CERT_LEN], session[CF_SEV_SESSION_LEN];
	uint8_t z[CF_P384_LEN];
	struct cf_sev_cert cert;
	struct cf_sev_keys keys;
	enum coffer_status status;

	if (cert_len != sizeof(bytes) || session_len != sizeof(session))
		return CF_FW_INVALID_LENGTH;
	if (!cf_sp_read(sp, cert_spa, bytes, sizeof(bytes)) ||
		!cf_sp_read(sp, session_spa, session, sizeof(session)))
		return CF_FW_INVALID_ADDRESS;
	/* The signature is not looked at: any owner may come. */
	if (cf_sev_cert_parse(bytes, sizeof(bytes), &cert, NULL) ||
		cert.usage != CF_SEV_USAGE_PDH || cert.is_rsa ||
		cf_p384_ecdh(sp->keys.pdh, &cert.key, z, NULL))
		return CF_FW_INVALID_CERTIFICATE;
	status = cf_sev_session_unwrap(z, session, g->policy, &keys, NULL);
	cf_wipe(z, sizeof(z));
	if (status)
		return UNC_SESSION_MAC;
	memcpy(g->tek, keys.tek, sizeof(g->tek));
	memcpy(g->tik, keys.tik, sizeof(g->tik));
	cf_wipe(&keys, sizeof(keys));
	return CF_FW_SUCCESS;
}

void cf_sp_sev_discard(struct cf_sp_soft *sp, struct sev_guest *g)
{
	bool others = false;

	cf_sp_asid_unbind(sp, g->asid);
	cf_hash_destroy(g->digest);
	cf_wipe(g, sizeof(*g));
	for (size_t i = 0; i < MAX_GUESTS; i++)
		others |= sp->sev[i].used;
	if (!others && sp->sev_state == SEV_WORKING)
		sp->sev_state = SEV_INIT;
}

uint32_t cf_sp_sev_decommission(struct call *c)
{
	if (c->sev->asid)
		return UNC_DECOMMISSION_ACTIVE;
	cf_sp_sev_discard(c->sp, c->sev);
	return CF_FW_SUCCESS;
}

static uint32_t activate(struct call *c, uint32_t asid)
{
	uint32_t fw;

	if (c->sev->asid)
		return CF_FW_ACTIVE;
	fw = cf_sp_asid_bind(c->sp, asid, ASID_SEV, c->sev->vek);
	if (!fw)
		c->sev->asid = asid;
	return fw;
}

uint32_t cf_sp_sev_activate(struct call *c)
{
	return activate(c, cf_load_le32(c->buf + 4));
}

uint32_t cf_sp_sev_activate_ex(struct call *c)
{
	uint32_t asid = cf_load_le32(c->buf + 8), n, id;
	uint64_t ids = cf_load_le64(c->buf + 0x10);

	if (cf_load_le32(c->buf) != 0x18)
		return CF_FW_INVALID_LENGTH;
	n = cf_load_le32(c->buf + 0xC);
	if (!n || n > 1024)
		return CF_FW_INVALID_PARAM;
	for (uint32_t i = 0; i < n; i++)
		if (!cf_sp_read(c->sp, ids + i * sizeof(id), &id, sizeof(id)))
			return CF_FW_INVALID_ADDRESS;
	if (c->sev->asid && c->sev->asid == asid)
		return CF_FW_SUCCESS;
	return activate(c, asid);
}

uint32_t cf_sp_sev_deactivate(struct call *c)
{
	cf_sp_asid_unbind(c->sp, c->sev->asid);
	c->sev->asid = 0;
	return CF_FW_SUCCESS;
}

uint32_t cf_sp_sev_guest_status(struct call *c)
{
	cf_store_le32(c->buf + 4, c->sev->policy);
	cf_store_le32(c->buf + 8, c->sev->asid);
	c->buf[0xC] = (uint8_t)c->sev->state;
	return CF_FW_SUCCESS;
}

/* Pages of SNP guests and of the firmware are not a SEV guest's. */
uint32_t cf_sp_sev_range(struct cf_sp_soft *sp, uint64_t spa, uint32_t len)
{
	uint64_t last;

	if (!cf_is_aligned(spa, 16))
		return CF_FW_INVALID_ADDRESS;
	if (!len || !cf_is_aligned(len, 16))
		return CF_FW_INVALID_LENGTH;
	if (__builtin_add_overflow(spa, len - 1, &last))
		return CF_FW_INVALID_ADDRESS;
	for (uint64_t page = cf_align_down(spa, CF_PAGE_SIZE); page <= last;
		page += CF_PAGE_SIZE) {
		struct cf_rmp_entry e;
		uint32_t fw = cf_sp_rmp(sp, page, &e);

		if (fw)
			return fw;
		if (e.assigned)
			return CF_FW_INVALID_PAGE_STATE;
	}
	return CF_FW_SUCCESS;
}

/* The three copies work page by page at most; blocks of 16 stay whole. */
enum copy { COPY, DECRYPT, ENCRYPT };

static uint32_t copy_range(
	struct call *c, enum copy how, uint64_t src, uint64_t dst, uint32_t len)
{
	struct cf_sp_soft *sp = c->sp;
	void *mem = sp->mem.opaque;
	uint8_t page[CF_PAGE_SIZE];
	uint32_t fw = cf_sp_sev_range(sp, src, len);

	if (!fw && how != DECRYPT)
		fw = cf_sp_sev_range(sp, dst, len);
	if (!fw && !cf_is_aligned(dst, 16))
		fw = CF_FW_INVALID_ADDRESS;
	while (!fw && len) {
		uint32_t n = len < sizeof(page) ? len : sizeof(page);
		bool ok = how == ENCRYPT
			? sp->mem.host_read(mem, src, page, n)
			: sp->mem.private_read(mem, c->sev->asid, src, page, n);

		if (!ok)
			fw = CF_FW_INVALID_ADDRESS;
		else if (how == DECRYPT)
			fw = cf_sp_write_out(sp, dst, page, n);
		else if (!sp->mem.private_write(
				 mem, c->sev->asid, dst, page, n))
			fw = CF_FW_INVALID_ADDRESS;
		src += n;
		dst += n;
		len -= n;
	}
	cf_wipe(page, sizeof(page));
	return fw;
}

uint32_t cf_sp_sev_copy(struct call *c)
{
	return copy_range(c, COPY, cf_load_le64(c->buf + 8),
		cf_load_le64(c->buf + 0x10), cf_load_le32(c->buf + 4));
}

static uint32_t debug(struct call *c, enum copy how)
{
	if (c->sev->policy & SEV_POLICY_NODBG)
		return CF_FW_POLICY_FAILURE;
	return copy_range(c, how, cf_load_le64(c->buf + 8),
		cf_load_le64(c->buf + 0x10), cf_load_le32(c->buf + 0x18));
}

uint32_t cf_sp_sev_dbg_decrypt(struct call *c)
{
	return debug(c, DECRYPT);
}

uint32_t cf_sp_sev_dbg_encrypt(struct call *c)
{
	return debug(c, ENCRYPT);
}
