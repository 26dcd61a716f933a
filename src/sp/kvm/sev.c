/* SPDX-License-Identifier: Apache-2.0 */
/* SEV and SEV-ES launches: LAUNCH_* as KVM takes them. */
#include "sp/kvm/sp_kvm_priv.h"

#include "base/base.h"
#include "kvm/uapi.h"
#include "memory/memory.h"

#include <inttypes.h>

/* The kernel takes launch blobs of at most this size. */
#define MAX_BLOB 16384

static enum coffer_status launch_start(struct cf_sp_guest *base,
	const struct cf_sp_launch *l, struct coffer_error *err)
{
	struct kvm_guest *g = kvm_guest(base);
	struct cf_kvm_sev_launch_start start = {
		.handle = l->handle,
		.policy = (uint32_t)l->policy,
		.dh_uaddr = (uintptr_t)l->dh_cert,
		.dh_len = (uint32_t)l->dh_cert_len,
		.session_uaddr = (uintptr_t)l->session,
		.session_len = (uint32_t)l->session_len,
	};
	enum coffer_status status;

	if (l->policy > UINT32_MAX)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"LAUNCH_START: policy 0x%" PRIx64
			" does not fit in 32 bits",
			l->policy);
	if (l->dh_cert_len > MAX_BLOB || l->session_len > MAX_BLOB)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"LAUNCH_START: certificate and session blob may have "
			"at most %d bytes",
			MAX_BLOB);
	status = cf_kvm_sev(g->kvm, CF_KVM_SEV_LAUNCH_START, "LAUNCH_START",
		&start, NULL, err);
	if (!status)
		g->handle = start.handle;
	return status;
}

/* Host address of a range that is contiguous in one region. */
static uint8_t *host_range(struct kvm_guest *g, uint64_t gpa, uint64_t len)
{
	for (size_t i = 0; i < cf_memory_nregions(g->memory); i++) {
		enum cf_region_kind kind;
		struct cf_region r;

		cf_memory_region(g->memory, i, &r);
		if (gpa < r.gpa || !cf_range_ok(gpa - r.gpa, len, r.len))
			continue;
		return cf_memory_page(g->memory,
			       cf_align_down(gpa, CF_PAGE_SIZE), 0, &kind) +
			(gpa & (CF_PAGE_SIZE - 1));
	}
	return NULL;
}

static enum coffer_status launch_update(struct cf_sp_guest *base,
	const struct cf_sp_update *u, struct coffer_error *err)
{
	struct kvm_guest *g = kvm_guest(base);
	struct cf_kvm_sev_launch_update_data update = { 0 };
	uint8_t *at;

	/* What is not measured is only loaded, which the replay did. */
	if (u->type == CF_PAGE_UNMEASURED || u->type == CF_PAGE_SHARED)
		return COFFER_OK;
	if (u->type != CF_PAGE_NORMAL && u->type != CF_PAGE_ZERO)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"LAUNCH_UPDATE_DATA: SEV has no %s pages",
			cf_page_type_name(u->type));
	at = host_range(g, u->gpa, u->len);
	if (!at || u->len > UINT32_MAX)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"LAUNCH_UPDATE_DATA: 0x%" PRIx64 "+0x%" PRIx64
			" is not in one piece of guest memory",
			u->gpa, u->len);
	update.uaddr = (uintptr_t)at;
	update.len = (uint32_t)u->len;
	return cf_kvm_sev(g->kvm, CF_KVM_SEV_LAUNCH_UPDATE_DATA,
		"LAUNCH_UPDATE_DATA", &update, NULL, err);
}

/* KVM builds the pages from the vCPUs' registers, all in one command. */
static enum coffer_status launch_update_vmsa(struct cf_sp_guest *base,
	unsigned vp_index, uint64_t gpa, const uint8_t *page,
	struct coffer_error *err)
{
	kvm_guest(base)->vmsas_pending = true;
	return COFFER_OK;
}

static enum coffer_status flush_vmsas(
	struct kvm_guest *g, struct coffer_error *err)
{
	if (!g->vmsas_pending)
		return COFFER_OK;
	g->vmsas_pending = false;
	return cf_kvm_sev(g->kvm, CF_KVM_SEV_LAUNCH_UPDATE_VMSA,
		"LAUNCH_UPDATE_VMSA", NULL, NULL, err);
}

static enum coffer_status launch_measure(
	struct cf_sp_guest *base, uint8_t out[48], struct coffer_error *err)
{
	struct kvm_guest *g = kvm_guest(base);
	struct cf_kvm_sev_launch_measure measure = { 0 };
	uint8_t blob[48];
	enum coffer_status status = flush_vmsas(g, err);

	if (status)
		return status;
	measure.uaddr = (uintptr_t)blob;
	measure.len = sizeof(blob);
	status = cf_kvm_sev(g->kvm, CF_KVM_SEV_LAUNCH_MEASURE, "LAUNCH_MEASURE",
		&measure, NULL, err);
	if (status)
		return status;
	if (measure.len != sizeof(blob))
		return cf_fail(err, COFFER_ERR_FIRMWARE,
			"LAUNCH_MEASURE: %" PRIu32 " bytes, 48 are expected",
			measure.len);
	memcpy(out, blob, sizeof(blob));
	return COFFER_OK;
}

/* The secret must be physically contiguous: KVM refuses a range over a page
 * boundary, so it is said here in words. */
static enum coffer_status launch_secret(struct cf_sp_guest *base,
	const uint8_t *header, size_t header_len, const uint8_t *data,
	size_t data_len, uint64_t gpa, struct coffer_error *err)
{
	struct kvm_guest *g = kvm_guest(base);
	struct cf_kvm_sev_launch_secret secret = {
		.hdr_uaddr = (uintptr_t)header,
		.hdr_len = (uint32_t)header_len,
		.trans_uaddr = (uintptr_t)data,
		.trans_len = (uint32_t)data_len,
		.guest_len = (uint32_t)data_len,
	};
	uint8_t *at;

	if (data_len > MAX_BLOB || header_len > MAX_BLOB)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"LAUNCH_SECRET: at most %d bytes", MAX_BLOB);
	if ((gpa & (CF_PAGE_SIZE - 1)) + data_len > CF_PAGE_SIZE)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"LAUNCH_SECRET: 0x%" PRIx64
			"+%zu crosses a page; the secret must lie in one",
			gpa, data_len);
	at = host_range(g, gpa, data_len);
	if (!at)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"LAUNCH_SECRET: 0x%" PRIx64 " is not guest memory",
			gpa);
	secret.guest_uaddr = (uintptr_t)at;
	return cf_kvm_sev(g->kvm, CF_KVM_SEV_LAUNCH_SECRET, "LAUNCH_SECRET",
		&secret, NULL, err);
}

static enum coffer_status launch_finish(struct cf_sp_guest *base,
	const struct cf_sp_finish *f, struct coffer_error *err)
{
	return cf_kvm_sev(kvm_guest(base)->kvm, CF_KVM_SEV_LAUNCH_FINISH,
		"LAUNCH_FINISH", NULL, NULL, err);
}

static enum coffer_status attestation(struct cf_sp_guest *base,
	const uint8_t mnonce[16], uint8_t *out, size_t *len,
	struct coffer_error *err)
{
	struct cf_kvm_sev_attestation_report report = {
		.uaddr = (uintptr_t)out,
		.len = (uint32_t)*len,
	};
	enum coffer_status status;

	memcpy(report.mnonce, mnonce, 16);
	status = cf_kvm_sev(kvm_guest(base)->kvm,
		CF_KVM_SEV_GET_ATTESTATION_REPORT, "ATTESTATION", &report, NULL,
		err);
	if (!status)
		*len = report.len;
	return status;
}

static enum coffer_status debug(struct kvm_guest *g, uint32_t id,
	const char *name, uintptr_t from, uintptr_t to, size_t len,
	struct coffer_error *err)
{
	struct cf_kvm_sev_dbg dbg = {
		.src_uaddr = from,
		.dst_uaddr = to,
		.len = (uint32_t)len,
	};

	return cf_kvm_sev(g->kvm, id, name, &dbg, NULL, err);
}

static enum coffer_status dbg_decrypt(struct cf_sp_guest *base, uint64_t gpa,
	uint8_t *out, size_t len, struct coffer_error *err)
{
	struct kvm_guest *g = kvm_guest(base);
	uint8_t *at = len > UINT32_MAX ? NULL : host_range(g, gpa, len);

	if (!at)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"DBG_DECRYPT: 0x%" PRIx64 " is not guest memory", gpa);
	return debug(g, CF_KVM_SEV_DBG_DECRYPT, "DBG_DECRYPT", (uintptr_t)at,
		(uintptr_t)out, len, err);
}

static enum coffer_status dbg_encrypt(struct cf_sp_guest *base, uint64_t gpa,
	const uint8_t *in, size_t len, struct coffer_error *err)
{
	struct kvm_guest *g = kvm_guest(base);
	uint8_t *at = len > UINT32_MAX ? NULL : host_range(g, gpa, len);

	if (!at)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"DBG_ENCRYPT: 0x%" PRIx64 " is not guest memory", gpa);
	return debug(g, CF_KVM_SEV_DBG_ENCRYPT, "DBG_ENCRYPT", (uintptr_t)in,
		(uintptr_t)at, len, err);
}

const struct cf_sp_guest_ops cf_sp_kvm_sev_ops = {
	.name = "kvm",
	.launch_start = launch_start,
	.launch_update = launch_update,
	.launch_update_vmsa = launch_update_vmsa,
	.launch_measure = launch_measure,
	.launch_secret = launch_secret,
	.launch_finish = launch_finish,
	.attestation = attestation,
	.dbg_decrypt = dbg_decrypt,
	.dbg_encrypt = dbg_encrypt,
	.destroy = cf_sp_kvm_destroy,
};
