/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hardware secure processor: struct cf_sp_guest over KVM's SEV commands
 * and /dev/sev.  What the firmware itself does for the `soft` implementation,
 * the kernel and the AMD-SP do here; the order of calls is the same.
 *
 * Sources: Linux, "AMD memory encryption" (KVM), UAPI of 6.11 and later.
 */
#ifndef CF_SP_KVM_H
#define CF_SP_KVM_H

#include "sp/sp.h"

struct cf_kvm_vm;

struct cf_sp_kvm_config {
	struct cf_kvm_vm *kvm;    /* kept; no vCPU created yet */
	struct cf_memory *memory; /* kept; may be given to the VM later */
	uint64_t sev_features;    /* of the VMSAs, SNP_ACTIVE included */
	bool legacy;              /* KVM_SEV_INIT, KVM_SEV_ES_INIT */
	/* SNP: the CPUID page to launch with (4096 bytes, kept); what the plan
	 * holds there is replaced, as in QEMU.  NULL: the plan's own. */
	const uint8_t *cpuid_page;
	uint32_t tsc_khz; /* SNP with secure TSC; 0: the host's */
	/* SNP: the guest's requests for certificates come out of KVM_RUN. */
	bool request_certs;
};

/* Check the platform and initialise SEV for the VM (INIT2, or the legacy
 * commands). */
enum coffer_status cf_sp_kvm_create(const struct cf_sp_kvm_config *config,
	struct cf_sp_guest **out, struct coffer_error *err) CF_MUST_CHECK;

struct cf_sp_kvm_platform {
	uint8_t api_major, api_minor, build, state;
	bool es_configured, externally_owned;
	uint32_t guest_count;
};
enum coffer_status cf_sp_kvm_platform_status(struct cf_kvm_vm *kvm,
	struct cf_sp_kvm_platform *out, struct coffer_error *err) CF_MUST_CHECK;

/* PDH certificate, its chain (PEK, OCA, CEK) and the chip id, for
 * query-sev-capabilities; each owned by the caller. */
struct cf_sp_kvm_certs {
	uint8_t *pdh, *chain, *id;
	size_t pdh_len, chain_len, id_len;
};
enum coffer_status cf_sp_kvm_certs(struct cf_kvm_vm *kvm,
	struct cf_sp_kvm_certs *out, struct coffer_error *err) CF_MUST_CHECK;
void cf_sp_kvm_certs_finish(struct cf_sp_kvm_certs *certs);

#endif
