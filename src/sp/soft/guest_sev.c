/* SPDX-License-Identifier: Apache-2.0 */
/* A SEV or SEV-ES guest on the software processor: the launcher's operations
 * as the commands that KVM makes of them. */
#include "sp/soft/guest_priv.h"

#include <inttypes.h>
#include <string.h>

#define TMR_OFFSET ((uint64_t)32 << 20) /* in the guest's area */
#define REPORT_LEN 0xD0

static enum coffer_status call(struct soft_guest *g, uint32_t id,
	const char *name, uint8_t *buf, size_t len, struct coffer_error *err)
{
	cf_store_le32(buf, g->handle);
	return cf_sp_fw_result(
		err, cf_sp_soft_call(g->sp, id, buf, len), name, UINT64_MAX);
}

/* The first INIT may find damaged data and then makes new keys. */
enum coffer_status cf_sp_host_init_sev(
	struct soft_guest *g, struct coffer_error *err)
{
	bool snp = g->sp->snp_state == SNP_INIT;
	uint8_t buf[0x14] = { 0 };
	uint32_t fw;

	if (g->sp->sev_state != SEV_UNINIT) {
		if (g->platform == CF_PLATFORM_SEV_ES && !g->sp->es)
			return cf_fail(err, COFFER_ERR_STATE,
				"secure processor: it was initialised without "
				"SEV-ES");
		return COFFER_OK;
	}
	cf_store_le32(buf, BIT(0)); /* SEV-ES */
	cf_store_le64(buf + 8, g->area + TMR_OFFSET);
	cf_store_le32(buf + 0x10, snp ? 2u << 20 : 1u << 20);
	fw = cf_sp_soft_call(g->sp, 0x01, buf, sizeof(buf));
	if (fw == CF_FW_SECURE_DATA_INVALID)
		fw = cf_sp_soft_call(g->sp, 0x01, buf, sizeof(buf));
	return cf_sp_fw_result(err, fw, "INIT", UINT64_MAX);
}

static enum coffer_status put_session(struct soft_guest *g,
	const struct cf_sp_launch *l, uint8_t start[0x24],
	struct coffer_error *err)
{
	uint64_t cert = area_spa(g, AREA_BULK), session = area_spa(g, AREA_IN);
	enum coffer_status status;

	if (!l->dh_cert)
		return COFFER_OK;
	if (l->dh_cert_len > AREA_BULK_LEN || l->session_len > CF_PAGE_SIZE)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"LAUNCH_START: a certificate of %zu or a session of "
			"%zu bytes is too long",
			l->dh_cert_len, l->session_len);
	status = cf_guest_write(g->mem, cert, l->dh_cert, l->dh_cert_len, err);
	if (!status && l->session)
		status = cf_guest_write(
			g->mem, session, l->session, l->session_len, err);
	cf_store_le64(start + 8, cert);
	cf_store_le32(start + 0x10, (uint32_t)l->dh_cert_len);
	cf_store_le64(start + 0x18, session);
	cf_store_le32(start + 0x20, (uint32_t)l->session_len);
	return status;
}

static enum coffer_status launch_start(struct cf_sp_guest *base,
	const struct cf_sp_launch *l, struct coffer_error *err)
{
	struct soft_guest *g = soft_guest(base);
	uint8_t start[0x24] = { 0 }, activate[8];
	enum coffer_status status;
	uint32_t fw;

	if (l->platform != g->platform)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"secure processor: a guest of platform %s was made, "
			"and %s is launched",
			cf_platform_name(g->platform),
			cf_platform_name(l->platform));
	if (l->policy > UINT32_MAX)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"LAUNCH_START: policy 0x%" PRIx64 " has more than 32 "
			"bits",
			l->policy);
	if (l->platform == CF_PLATFORM_SEV_ES && !(l->policy & SEV_POLICY_ES))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"LAUNCH_START: policy 0x%" PRIx64 " has no SEV-ES bit "
			"(0x4), which a SEV-ES guest needs",
			l->policy);
	cf_store_le32(start, l->handle);
	cf_store_le32(start + 4, (uint32_t)l->policy);
	status = put_session(g, l, start, err);
	if (status)
		return status;
	fw = cf_sp_soft_call(g->sp, 0x30, start, sizeof(start));
	if (fw)
		return cf_sp_fw_result(err, fw, "LAUNCH_START", UINT64_MAX);
	g->handle = cf_load_le32(start);
	g->started = true;
	cf_store_le32(activate + 4, g->asid);
	return call(g, 0x21, "ACTIVATE", activate, sizeof(activate), err);
}

static enum coffer_status update(struct soft_guest *g, uint32_t id,
	const char *name, uint64_t spa, uint32_t len, struct coffer_error *err)
{
	uint8_t buf[0x14] = { 0 };

	cf_store_le64(buf + 8, spa);
	cf_store_le32(buf + 0x10, len);
	return call(g, id, name, buf, sizeof(buf), err);
}

static enum coffer_status launch_update(struct cf_sp_guest *base,
	const struct cf_sp_update *u, struct coffer_error *err)
{
	const uint64_t most = (uint64_t)1 << 30;
	enum coffer_status status = COFFER_OK;

	if (u->type == CF_PAGE_SHARED)
		return COFFER_OK;
	if (u->type != CF_PAGE_NORMAL)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"LAUNCH_UPDATE_DATA at 0x%" PRIx64
			": SEV has no pages of type %s",
			u->gpa, cf_page_type_name(u->type));
	for (uint64_t at = 0; at < u->len && !status; at += most) {
		uint64_t n = u->len - at < most ? u->len - at : most;

		status = update(soft_guest(base), 0x31, "LAUNCH_UPDATE_DATA",
			u->gpa + at, (uint32_t)n, err);
	}
	return status;
}

static enum coffer_status launch_update_vmsa(struct cf_sp_guest *base,
	unsigned vp_index, uint64_t gpa, const uint8_t *page,
	struct coffer_error *err)
{
	struct soft_guest *g = soft_guest(base);
	uint64_t spa = area_spa(g, AREA_VMSA + vp_index);
	enum coffer_status status;

	if (vp_index >= g->vcpus)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"LAUNCH_UPDATE_VMSA: state for vCPU %u, and there are "
			"%u",
			vp_index, g->vcpus);
	if (g->vmsa[vp_index] != NO_VMSA)
		return cf_fail(err, COFFER_ERR_STATE,
			"LAUNCH_UPDATE_VMSA: second state for vCPU %u",
			vp_index);
	status = cf_guest_write(g->mem, spa, page, CF_PAGE_SIZE, err);
	if (!status)
		status = update(
			g, 0x32, "LAUNCH_UPDATE_VMSA", spa, CF_PAGE_SIZE, err);
	if (!status)
		g->vmsa[vp_index] = spa;
	return status;
}

/* Run a command that writes `len` bytes to AREA_OUT, and fetch them. */
static enum coffer_status call_out(struct soft_guest *g, uint32_t id,
	const char *name, uint8_t *buf, size_t buf_len, uint8_t *out,
	size_t len, struct coffer_error *err)
{
	uint64_t spa = area_spa(g, AREA_OUT);
	enum coffer_status status, back;

	status = cf_sp_host_to_firmware(g, spa, err);
	if (status)
		return status;
	status = call(g, id, name, buf, buf_len, err);
	if (!status)
		status = cf_guest_read(g->mem, spa, out, len, err);
	back = cf_sp_host_take_back(g, spa, status ? NULL : err);
	return status ? status : back;
}

static enum coffer_status launch_measure(
	struct cf_sp_guest *base, uint8_t out[48], struct coffer_error *err)
{
	struct soft_guest *g = soft_guest(base);
	uint8_t buf[0x14] = { 0 };

	cf_store_le64(buf + 8, area_spa(g, AREA_OUT));
	cf_store_le32(buf + 0x10, 48);
	return call_out(
		g, 0x33, "LAUNCH_MEASURE", buf, sizeof(buf), out, 48, err);
}

static enum coffer_status launch_secret(struct cf_sp_guest *base,
	const uint8_t *header, size_t header_len, const uint8_t *data,
	size_t data_len, uint64_t gpa, struct coffer_error *err)
{
	struct soft_guest *g = soft_guest(base);
	uint64_t hdr = area_spa(g, AREA_IN), trans = area_spa(g, AREA_BULK);
	uint8_t buf[0x34] = { 0 };
	enum coffer_status status;

	if (header_len > CF_PAGE_SIZE || data_len > AREA_BULK_LEN)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"LAUNCH_SECRET: a header of %zu or a secret of %zu "
			"bytes is too long",
			header_len, data_len);
	status = cf_guest_write(g->mem, hdr, header, header_len, err);
	if (!status)
		status = cf_guest_write(g->mem, trans, data, data_len, err);
	if (status)
		return status;
	cf_store_le64(buf + 8, hdr);
	cf_store_le32(buf + 0x10, (uint32_t)header_len);
	cf_store_le64(buf + 0x18, gpa);
	cf_store_le32(buf + 0x20, (uint32_t)data_len);
	cf_store_le64(buf + 0x28, trans);
	cf_store_le32(buf + 0x30, (uint32_t)data_len);
	return call(g, 0x34, "LAUNCH_SECRET", buf, sizeof(buf), err);
}

static enum coffer_status launch_finish(struct cf_sp_guest *base,
	const struct cf_sp_finish *f, struct coffer_error *err)
{
	uint8_t buf[4];

	return call(
		soft_guest(base), 0x35, "LAUNCH_FINISH", buf, sizeof(buf), err);
}

static struct sev_guest *context(const struct soft_guest *g)
{
	for (size_t i = 0; i < MAX_GUESTS; i++)
		if (g->started && g->sp->sev[i].used &&
			g->sp->sev[i].handle == g->handle)
			return &g->sp->sev[i];
	return NULL;
}

static enum coffer_status launch_digest(struct cf_sp_guest *base,
	uint8_t out[CF_DIGEST_MAX], size_t *len, struct coffer_error *err)
{
	struct sev_guest *ctx = context(soft_guest(base));

	if (!ctx)
		return cf_fail(err, COFFER_ERR_STATE,
			"secure processor: the guest was not launched");
	*len = CF_SHA256_LEN;
	if (ctx->state == GS_LUPDATE)
		return cf_hash_peek(ctx->digest, out, err);
	memcpy(out, ctx->launch_digest, sizeof(ctx->launch_digest));
	return COFFER_OK;
}

static enum coffer_status attestation(struct cf_sp_guest *base,
	const uint8_t mnonce[16], uint8_t *out, size_t *len,
	struct coffer_error *err)
{
	struct soft_guest *g = soft_guest(base);
	uint8_t buf[0x24] = { 0 };

	if (*len < REPORT_LEN)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"ATTESTATION: room for %zu bytes, %u are needed", *len,
			REPORT_LEN);
	cf_store_le64(buf + 8, area_spa(g, AREA_OUT));
	memcpy(buf + 0x10, mnonce, 16);
	cf_store_le32(buf + 0x20, REPORT_LEN);
	*len = REPORT_LEN;
	return call_out(
		g, 0x36, "ATTESTATION", buf, sizeof(buf), out, REPORT_LEN, err);
}

/* Debug accesses go block by block of 16; a page at a time here. */
static enum coffer_status dbg_decrypt(struct cf_sp_guest *base, uint64_t gpa,
	uint8_t *out, size_t len, struct coffer_error *err)
{
	struct soft_guest *g = soft_guest(base);
	enum coffer_status status = COFFER_OK;

	for (size_t at = 0; at < len && !status; at += CF_PAGE_SIZE) {
		size_t n = len - at < CF_PAGE_SIZE ? len - at : CF_PAGE_SIZE;
		uint8_t buf[0x1C] = { 0 };

		cf_store_le64(buf + 8, gpa + at);
		cf_store_le64(buf + 0x10, area_spa(g, AREA_OUT));
		cf_store_le32(buf + 0x18, (uint32_t)n);
		status = call_out(g, 0x60, "DBG_DECRYPT", buf, sizeof(buf),
			out + at, n, err);
	}
	return status;
}

static enum coffer_status dbg_encrypt(struct cf_sp_guest *base, uint64_t gpa,
	const uint8_t *in, size_t len, struct coffer_error *err)
{
	struct soft_guest *g = soft_guest(base);
	enum coffer_status status = COFFER_OK;

	for (size_t at = 0; at < len && !status; at += CF_PAGE_SIZE) {
		size_t n = len - at < CF_PAGE_SIZE ? len - at : CF_PAGE_SIZE;
		uint64_t from = area_spa(g, AREA_IN);
		uint8_t buf[0x1C] = { 0 };

		status = cf_guest_write(g->mem, from, in + at, n, err);
		if (status)
			return status;
		cf_store_le64(buf + 8, from);
		cf_store_le64(buf + 0x10, gpa + at);
		cf_store_le32(buf + 0x18, (uint32_t)n);
		status = call(g, 0x61, "DBG_ENCRYPT", buf, sizeof(buf), err);
	}
	return status;
}

static void destroy(struct cf_sp_guest *base)
{
	struct soft_guest *g = soft_guest(base);
	enum coffer_status status CF_UNUSED;
	uint8_t buf[4];

	if (g->started) {
		status = call(g, 0x22, "DEACTIVATE", buf, sizeof(buf), NULL);
		cf_sp_soft_wbinvd(g->sp);
		cf_sp_soft_call(g->sp, 0x0A, NULL, 0);
		status = call(g, 0x20, "DECOMMISSION", buf, sizeof(buf), NULL);
	}
	pthread_mutex_destroy(&g->lock);
	free(g->vmsa);
	free(g);
}

const struct cf_sp_guest_ops cf_sp_soft_sev_ops = {
	.name = "soft",
	.simulated = true,
	.launch_start = launch_start,
	.launch_update = launch_update,
	.launch_update_vmsa = launch_update_vmsa,
	.launch_measure = launch_measure,
	.launch_secret = launch_secret,
	.launch_finish = launch_finish,
	.launch_digest = launch_digest,
	.attestation = attestation,
	.dbg_decrypt = dbg_decrypt,
	.dbg_encrypt = dbg_encrypt,
	.destroy = destroy,
};
