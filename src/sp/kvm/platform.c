/* SPDX-License-Identifier: Apache-2.0 */
/* What /dev/sev tells of the platform: status, certificates, chip id. */
#include "sp/kvm/sp_kvm_priv.h"

#include "base/base.h"
#include "kvm/uapi.h"

#include <stdlib.h>

#define MAX_EXPORT 65536u

enum coffer_status cf_sp_kvm_platform_status(struct cf_kvm_vm *kvm,
	struct cf_sp_kvm_platform *out, struct coffer_error *err)
{
	struct cf_sev_platform_status s = { 0 };
	enum coffer_status status = cf_kvm_sev_device(
		kvm, CF_SEV_PLATFORM_STATUS, "PLATFORM_STATUS", &s, err);

	if (status)
		return status;
	*out = (struct cf_sp_kvm_platform) {
		.api_major = s.api_major,
		.api_minor = s.api_minor,
		.build = s.build,
		.state = s.state,
		.es_configured = s.flags & CF_SEV_STATUS_ES,
		.externally_owned = s.flags & 1,
		.guest_count = s.guest_count,
	};
	return COFFER_OK;
}

/* The first call fails with INVALID_LENGTH and tells the lengths. */
static bool is_length_query(
	enum coffer_status status, const struct coffer_error *err)
{
	return status == COFFER_ERR_FIRMWARE &&
		err->fw_status == CF_FW_INVALID_LENGTH;
}

static enum coffer_status export_pdh(struct cf_kvm_vm *kvm,
	struct cf_sp_kvm_certs *out, struct coffer_error *err)
{
	struct cf_sev_pdh_cert_export e = { 0 };
	struct coffer_error query;
	enum coffer_status status = cf_kvm_sev_device(
		kvm, CF_SEV_PDH_CERT_EXPORT, "PDH_CERT_EXPORT", &e, &query);

	if (status && !is_length_query(status, &query)) {
		if (err)
			*err = query;
		return status;
	}
	if (!e.pdh_cert_len || e.pdh_cert_len > MAX_EXPORT ||
		e.cert_chain_len > MAX_EXPORT)
		return cf_fail(err, COFFER_ERR_SYSTEM,
			"PDH_CERT_EXPORT: lengths %u and %u make no sense",
			e.pdh_cert_len, e.cert_chain_len);
	out->pdh = cf_alloc_array(e.pdh_cert_len, 1);
	out->chain = cf_alloc_array(e.cert_chain_len, 1);
	if (!out->pdh || !out->chain)
		return cf_fail_nomem(err, "the platform's certificates");
	e.pdh_cert_address = (uintptr_t)out->pdh;
	e.cert_chain_address = (uintptr_t)out->chain;
	status = cf_kvm_sev_device(
		kvm, CF_SEV_PDH_CERT_EXPORT, "PDH_CERT_EXPORT", &e, err);
	out->pdh_len = e.pdh_cert_len;
	out->chain_len = e.cert_chain_len;
	return status;
}

static enum coffer_status get_id(struct cf_kvm_vm *kvm,
	struct cf_sp_kvm_certs *out, struct coffer_error *err)
{
	struct cf_sev_get_id2 id = { 0 };
	struct coffer_error query;
	enum coffer_status status =
		cf_kvm_sev_device(kvm, CF_SEV_GET_ID2, "GET_ID", &id, &query);

	if (status && !is_length_query(status, &query)) {
		if (err)
			*err = query;
		return status;
	}
	if (!id.length || id.length > MAX_EXPORT)
		return cf_fail(err, COFFER_ERR_SYSTEM,
			"GET_ID: length %u makes no sense", id.length);
	out->id = cf_alloc_array(id.length, 1);
	if (!out->id)
		return cf_fail_nomem(err, "the chip id");
	id.address = (uintptr_t)out->id;
	status = cf_kvm_sev_device(kvm, CF_SEV_GET_ID2, "GET_ID", &id, err);
	out->id_len = id.length;
	return status;
}

enum coffer_status cf_sp_kvm_certs(struct cf_kvm_vm *kvm,
	struct cf_sp_kvm_certs *out, struct coffer_error *err)
{
	enum coffer_status status;

	*out = (struct cf_sp_kvm_certs) { 0 };
	status = export_pdh(kvm, out, err);
	if (!status)
		status = get_id(kvm, out, err);
	if (status)
		cf_sp_kvm_certs_finish(out);
	return status;
}

void cf_sp_kvm_certs_finish(struct cf_sp_kvm_certs *certs)
{
	free(certs->pdh);
	free(certs->chain);
	free(certs->id);
	*certs = (struct cf_sp_kvm_certs) { 0 };
}
