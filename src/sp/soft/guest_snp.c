/* SPDX-License-Identifier: Apache-2.0 */
/* An SNP guest on the software processor: the launcher's operations as the
 * commands and page moves that KVM makes of them. */
#include "sp/soft/guest_priv.h"

#include <inttypes.h>
#include <string.h>

static enum coffer_status call(struct soft_guest *g, uint32_t id,
	const char *name, uint8_t *buf, size_t len, struct coffer_error *err)
{
	cf_store_le64(buf, area_spa(g, AREA_CONTEXT));
	return cf_sp_fw_result(
		err, cf_sp_soft_call(g->sp, id, buf, len), name, UINT64_MAX);
}

static enum coffer_status launch_start(struct cf_sp_guest *base,
	const struct cf_sp_launch *l, struct coffer_error *err)
{
	struct soft_guest *g = soft_guest(base);
	uint8_t create[8], start[0x30] = { 0 }, activate[0xC] = { 0 };
	enum coffer_status status;

	if (l->platform != CF_PLATFORM_SEV_SNP)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"secure processor: a guest of platform %s was made, "
			"and %s is launched",
			cf_platform_name(g->platform),
			cf_platform_name(l->platform));
	status = cf_sp_host_to_firmware(g, area_spa(g, AREA_CONTEXT), err);
	if (!status)
		status = call(g, 0x93, "SNP_GCTX_CREATE", create,
			sizeof(create), err);
	if (status)
		return status;
	g->started = true;
	cf_store_le64(start + 8, l->policy);
	cf_store_le32(start + 0x1C, l->tsc_khz);
	memcpy(start + 0x20, l->gosvw, sizeof(l->gosvw));
	status = call(g, 0xA0, "SNP_LAUNCH_START", start, sizeof(start), err);
	if (status)
		return status;
	cf_store_le32(activate + 8, g->asid);
	return call(g, 0x91, "SNP_ACTIVATE", activate, sizeof(activate), err);
}

/* What the firmware corrected in a CPUID page, for the message. */
static enum coffer_status cpuid_refused(struct soft_guest *g, uint64_t gpa,
	const uint8_t *before, struct coffer_error *err)
{
	uint8_t after[CF_PAGE_SIZE];

	if (!cf_sp_read(g->sp, gpa, after, sizeof(after)))
		memcpy(after, before, sizeof(after));
	for (size_t at = 0x10; at + 48 <= sizeof(after); at += 48)
		for (size_t r = 0; r < 4; r++) {
			size_t reg = at + 0x18 + 4 * r;

			if (memcmp(before + reg, after + reg, 4) == 0)
				continue;
			return cf_fail_fw(err, CF_FW_INVALID_PARAM,
				"SNP_LAUNCH_UPDATE at 0x%" PRIx64
				": the CPUID page says e%cx=0x%x for leaf 0x%x"
				" index %u; the firmware accepts 0x%x",
				gpa, "abcd"[r], cf_load_le32(before + reg),
				cf_load_le32(before + at),
				cf_load_le32(before + at + 4),
				cf_load_le32(after + reg));
		}
	return cf_sp_fw_result(
		err, CF_FW_INVALID_PARAM, "SNP_LAUNCH_UPDATE (CPUID)", gpa);
}

struct page {
	uint64_t spa, gpa;
	enum cf_page_type type;
	const uint8_t *perms;
};

static enum coffer_status update_page(
	struct soft_guest *g, const struct page *p, struct coffer_error *err)
{
	const struct cf_rmp_entry pre_guest = {
		.assigned = true,
		.immutable = true,
		.asid = (uint16_t)g->asid,
		.gpa = p->gpa,
	};
	uint8_t before[CF_PAGE_SIZE], buf[0x20] = { 0 };
	enum coffer_status status;
	struct cf_rmp_entry now;
	uint32_t fw;

	if (cf_rmp_get(g->mem, p->spa, &now) && now.assigned)
		return cf_fail(err, COFFER_ERR_STATE,
			"SNP_LAUNCH_UPDATE: page 0x%" PRIx64
			" was launched already",
			p->spa);

	if (p->type == CF_PAGE_CPUID &&
		!cf_sp_read(g->sp, p->spa, before, sizeof(before)))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"SNP_LAUNCH_UPDATE: page 0x%" PRIx64
			" is not in memory",
			p->spa);
	if (cf_sp_host_rmpupdate(g->mem, p->spa, &pre_guest))
		return cf_fail(err, COFFER_ERR_STATE,
			"SNP_LAUNCH_UPDATE: page 0x%" PRIx64
			" is not in memory",
			p->spa);
	cf_store_le64(buf, area_spa(g, AREA_CONTEXT));
	cf_store_le32(buf + 8, (uint32_t)p->type << 1);
	cf_store_le64(buf + 0x10, p->spa);
	memcpy(buf + 0x19, p->perms + 1, 3);
	fw = cf_sp_soft_call(g->sp, 0xA1, buf, sizeof(buf));
	if (!fw)
		return COFFER_OK;
	status = cf_sp_host_take_back(g, p->spa, err);
	if (status)
		return status;
	if (p->type == CF_PAGE_CPUID && fw == CF_FW_INVALID_PARAM)
		return cpuid_refused(g, p->spa, before, err);
	return cf_sp_fw_result(err, fw, "SNP_LAUNCH_UPDATE", p->gpa);
}

static enum coffer_status launch_update(struct cf_sp_guest *base,
	const struct cf_sp_update *u, struct coffer_error *err)
{
	struct soft_guest *g = soft_guest(base);
	enum coffer_status status = COFFER_OK;

	if (u->type == CF_PAGE_SHARED)
		return COFFER_OK;
	if (!cf_is_aligned(u->gpa | u->len, CF_PAGE_SIZE))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"SNP_LAUNCH_UPDATE: range 0x%" PRIx64 "+0x%" PRIx64
			" is not whole pages",
			u->gpa, u->len);
	for (uint64_t at = 0; at < u->len && !status; at += CF_PAGE_SIZE) {
		const struct page p = { .spa = u->gpa + at,
			.gpa = u->gpa + at,
			.type = u->type,
			.perms = u->vmpl_perms };

		status = update_page(g, &p, err);
	}
	return status;
}

/* KVM keeps VMSAs in pages of its own; a VMSA whose address is in guest
 * memory is such a page of the guest. */
static enum coffer_status launch_update_vmsa(struct cf_sp_guest *base,
	unsigned vp_index, uint64_t gpa, const uint8_t *bytes,
	struct coffer_error *err)
{
	static const uint8_t no_perms[4];
	struct soft_guest *g = soft_guest(base);
	struct page p = {
		.spa = gpa, .gpa = gpa, .type = CF_PAGE_VMSA, .perms = no_perms
	};
	enum coffer_status status = COFFER_OK;

	if (vp_index >= g->vcpus)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"SNP_LAUNCH_UPDATE: state for vCPU %u, and there are "
			"%u",
			vp_index, g->vcpus);
	if (g->vmsa[vp_index] != NO_VMSA)
		return cf_fail(err, COFFER_ERR_STATE,
			"SNP_LAUNCH_UPDATE: second state for vCPU %u",
			vp_index);
	if (!cf_memory_covers(g->mem, gpa, CF_PAGE_SIZE)) {
		p.spa = area_spa(g, AREA_VMSA + vp_index);
		status =
			cf_guest_write(g->mem, p.spa, bytes, CF_PAGE_SIZE, err);
	}
	if (!status)
		status = update_page(g, &p, err);
	if (!status)
		g->vmsa[vp_index] = p.spa;
	return status;
}

static enum coffer_status launch_finish(struct cf_sp_guest *base,
	const struct cf_sp_finish *f, struct coffer_error *err)
{
	struct soft_guest *g = soft_guest(base);
	uint64_t block = area_spa(g, AREA_IN), auth = area_spa(g, AREA_IN2);
	uint8_t buf[0x40] = { 0 };
	enum coffer_status status;

	if (f->id_block_enabled) {
		status = cf_guest_write(
			g->mem, block, f->id_block, SNP_ID_BLOCK_LEN, err);
		if (!status)
			status = cf_guest_write(
				g->mem, auth, f->id_auth, CF_PAGE_SIZE, err);
		if (status)
			return status;
		cf_store_le64(buf + 8, block);
		cf_store_le64(buf + 0x10, auth);
	}
	buf[0x18] = (uint8_t)(f->id_block_enabled | f->author_key_enabled << 1 |
		f->vcek_disabled << 2);
	memcpy(buf + 0x20, f->host_data, sizeof(f->host_data));
	return call(g, 0xA2, "SNP_LAUNCH_FINISH", buf, sizeof(buf), err);
}

static enum coffer_status launch_digest(struct cf_sp_guest *base,
	uint8_t out[CF_DIGEST_MAX], size_t *len, struct coffer_error *err)
{
	struct soft_guest *g = soft_guest(base);
	struct snp_guest *ctx =
		cf_sp_snp_find(g->sp, area_spa(g, AREA_CONTEXT));

	if (!ctx)
		return cf_fail(err, COFFER_ERR_STATE,
			"secure processor: the guest was not launched");
	memcpy(out, ctx->ld, sizeof(ctx->ld));
	*len = sizeof(ctx->ld);
	return COFFER_OK;
}

/* The guest's pages are shared memory that it can change at any time: the
 * firmware gets a copy, and its answer goes back through another. */
static enum coffer_status request(struct soft_guest *g, uint64_t request_gpa,
	uint64_t response_gpa, uint32_t *fw, struct coffer_error *err)
{
	uint64_t in = area_spa(g, AREA_IN), out = area_spa(g, AREA_OUT);
	uint8_t page[CF_PAGE_SIZE], buf[0x18] = { 0 };
	enum coffer_status status;

	status = cf_guest_read(g->mem, request_gpa, page, sizeof(page), err);
	if (!status)
		status = cf_guest_write(g->mem, in, page, sizeof(page), err);
	if (!status)
		status = cf_sp_host_to_firmware(g, out, err);
	if (status)
		return status;
	cf_store_le64(buf, area_spa(g, AREA_CONTEXT));
	cf_store_le64(buf + 8, in);
	cf_store_le64(buf + 0x10, out);
	*fw = cf_sp_soft_call(g->sp, 0x94, buf, sizeof(buf));
	status = cf_guest_read(g->mem, out, page, sizeof(page), err);
	if (!status)
		status = cf_sp_host_take_back(g, out, err);
	if (!status && !*fw)
		status = cf_guest_write(
			g->mem, response_gpa, page, sizeof(page), err);
	return status;
}

static enum coffer_status guest_request(struct cf_sp_guest *base,
	uint64_t request_gpa, uint64_t response_gpa, uint32_t *fw_status,
	struct coffer_error *err)
{
	struct soft_guest *g = soft_guest(base);
	enum coffer_status status;

	if (!cf_is_aligned(request_gpa | response_gpa, CF_PAGE_SIZE))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"SNP_GUEST_REQUEST: 0x%" PRIx64 " or 0x%" PRIx64
			" is not a page address",
			request_gpa, response_gpa);
	pthread_mutex_lock(&g->lock);
	status = request(g, request_gpa, response_gpa, fw_status, err);
	pthread_mutex_unlock(&g->lock);
	return status;
}

/* One page of the guest as a debugger sees it; policy DEBUG. */
static enum coffer_status debug_page(struct soft_guest *g, uint64_t gpa,
	uint8_t page[CF_PAGE_SIZE], struct coffer_error *err)
{
	uint64_t to = area_spa(g, AREA_OUT);
	uint8_t buf[0x18];
	enum coffer_status status = cf_sp_host_to_firmware(g, to, err), back;

	if (status)
		return status;
	cf_store_le64(buf + 8, gpa);
	cf_store_le64(buf + 0x10, to);
	status = call(g, 0xB0, "SNP_DBG_DECRYPT", buf, sizeof(buf), err);
	if (!status)
		status = cf_guest_read(g->mem, to, page, CF_PAGE_SIZE, err);
	back = cf_sp_host_take_back(g, to, status ? NULL : err);
	return status ? status : back;
}

static enum coffer_status dbg_decrypt(struct cf_sp_guest *base, uint64_t gpa,
	uint8_t *out, size_t len, struct coffer_error *err)
{
	struct soft_guest *g = soft_guest(base);
	uint8_t page[CF_PAGE_SIZE];
	enum coffer_status status = COFFER_OK;

	while (len && !status) {
		size_t offset = (size_t)(gpa & (CF_PAGE_SIZE - 1));
		size_t n = CF_PAGE_SIZE - offset;

		if (n > len)
			n = len;
		status = debug_page(g, gpa - offset, page, err);
		if (!status)
			memcpy(out, page + offset, n);
		out += n;
		gpa += n;
		len -= n;
	}
	cf_wipe(page, sizeof(page));
	return status;
}

static enum coffer_status dbg_encrypt(struct cf_sp_guest *base, uint64_t gpa,
	const uint8_t *in, size_t len, struct coffer_error *err)
{
	struct soft_guest *g = soft_guest(base);
	uint64_t from = area_spa(g, AREA_IN);
	uint8_t page[CF_PAGE_SIZE], buf[0x18];
	enum coffer_status status = COFFER_OK;

	while (len && !status) {
		size_t offset = (size_t)(gpa & (CF_PAGE_SIZE - 1));
		size_t n = CF_PAGE_SIZE - offset;

		if (n > len)
			n = len;
		/* The command takes whole pages. */
		status = debug_page(g, gpa - offset, page, err);
		memcpy(page + offset, in, n);
		if (!status)
			status = cf_guest_write(
				g->mem, from, page, sizeof(page), err);
		cf_store_le64(buf + 8, from);
		cf_store_le64(buf + 0x10, gpa - offset);
		if (!status)
			status = call(g, 0xB1, "SNP_DBG_ENCRYPT", buf,
				sizeof(buf), err);
		in += n;
		gpa += n;
		len -= n;
	}
	cf_wipe(page, sizeof(page));
	return status;
}

enum coffer_status cf_sp_soft_guest_load_vlek(struct cf_sp_guest *base,
	const uint8_t wrapped[CF_SP_VLEK_WRAPPED_LEN], struct coffer_error *err)
{
	struct soft_guest *g = soft_guest(base);
	uint8_t buf[0x10] = { sizeof(buf) };
	enum coffer_status status;

	if (g->platform != CF_PLATFORM_SEV_SNP)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"SNP_VLEK_LOAD: a guest of platform %s has no use for "
			"a VLEK",
			cf_platform_name(g->platform));
	status = cf_guest_write(g->mem, area_spa(g, AREA_IN), wrapped,
		CF_SP_VLEK_WRAPPED_LEN, err);
	if (status)
		return status;
	cf_store_le64(buf + 8, area_spa(g, AREA_IN));
	return cf_sp_fw_result(err,
		cf_sp_soft_call(g->sp, 0xCD, buf, sizeof(buf)), "SNP_VLEK_LOAD",
		UINT64_MAX);
}

static void destroy(struct cf_sp_guest *base)
{
	struct soft_guest *g = soft_guest(base);
	uint64_t gctx = area_spa(g, AREA_CONTEXT);
	enum coffer_status status CF_UNUSED;
	uint8_t buf[8];

	if (g->started) {
		status = call(
			g, 0x90, "SNP_DECOMMISSION", buf, sizeof(buf), NULL);
		if (!status)
			status = cf_sp_host_take_back(g, gctx, NULL);
		cf_sp_soft_wbinvd(g->sp);
		cf_sp_soft_call(g->sp, 0x84, NULL, 0);
	}
	pthread_mutex_destroy(&g->lock);
	free(g->vmsa);
	free(g);
}

const struct cf_sp_guest_ops cf_sp_soft_snp_ops = {
	.name = "soft",
	.simulated = true,
	.launch_start = launch_start,
	.launch_update = launch_update,
	.launch_update_vmsa = launch_update_vmsa,
	.launch_finish = launch_finish,
	.launch_digest = launch_digest,
	.guest_request = guest_request,
	.dbg_decrypt = dbg_decrypt,
	.dbg_encrypt = dbg_encrypt,
	.destroy = destroy,
};
