/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KVM_EXIT_SNP_REQ_CERTS: an SNP guest asks for its report together with the
 * certificates of the key that signs it, and KVM asks us for these.
 *
 * The lock on them is held until the firmware has made the report, so that
 * whoever changes the key and the certificates under that lock never lets a
 * guest see one without the other: the vCPU is entered once more with
 * immediate_exit, which completes the request and comes straight back.
 *
 * Source: Linux, KVM API, "KVM_EXIT_SNP_REQ_CERTS" and
 * "KVM_SEV_SNP_ENABLE_REQ_CERTS".
 */
#include "accel/kvm/kvm_engine.h"

#include "base/base.h"
#include "kvm/uapi.h"
#include "memory/memory.h"

#include <errno.h>
#include <stdio.h>

/* What to tell KVM; npages becomes what is needed for ENOSPC. */
static uint64_t give(struct cf_vm *vm, struct cf_kvm_exit_snp_req_certs *req,
	const uint8_t *data, size_t len)
{
	uint64_t need = (len + CF_PAGE_SIZE - 1) / CF_PAGE_SIZE;
	struct coffer_error err;

	if (req->npages < need) {
		req->npages = need;
		return ENOSPC;
	}
	if (cf_guest_write(vm->config.memory, req->gpa, data, len, &err) ==
		COFFER_OK)
		return 0;
	cf_log(vm->config.log, CF_LOG_WARN,
		"kvm: certificates for the guest: %s", err.msg);
	return EIO;
}

bool kvm_handle_req_certs(
	struct cf_vm *vm, struct kvm_vcpu *v, struct cf_stop_info *out)
{
	const struct cf_cert_source *certs = vm->config.certs;
	struct cf_kvm_exit_snp_req_certs req;
	const uint8_t *data = NULL;
	size_t len = 0;

	if (!certs) {
		out->why = CF_STOP_UNSUPPORTED;
		snprintf(out->detail, sizeof(out->detail),
			"kvm: a certificate request, which was not asked for");
		return false;
	}
	memcpy(&req, kvm_exit_data(v->run), sizeof(req));
	switch (certs->lock(certs->opaque, &data, &len)) {
	case CF_CERTS_OK:
		req.ret = give(vm, &req, data, len);
		v->holds_certs = true;
		break;
	case CF_CERTS_BUSY:
		req.ret = EAGAIN; /* the guest tries again */
		break;
	default:
		req.ret = EIO;
		break;
	}
	memcpy(kvm_exit_data(v->run), &req, sizeof(req));
	return true;
}

void kvm_release_certs(struct cf_vm *vm, struct kvm_vcpu *v)
{
	if (v->holds_certs)
		vm->config.certs->unlock(vm->config.certs->opaque);
	v->holds_certs = false;
}
