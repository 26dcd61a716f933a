/* SPDX-License-Identifier: Apache-2.0 */
/* Creating the guest object: platform checks and SEV initialisation. */
#include "sp/kvm/sp_kvm_priv.h"

#include "base/base.h"
#include "kvm/uapi.h"

#include <inttypes.h>
#include <stdlib.h>

#define SNP_ACTIVE 1ull

static enum coffer_status init_legacy(
	const struct kvm_guest *g, struct coffer_error *err)
{
	if (g->generation == CF_KVM_SEV_ES)
		return cf_kvm_sev(g->kvm, CF_KVM_SEV_ES_INIT, "KVM_SEV_ES_INIT",
			NULL, NULL, err);
	return cf_kvm_sev(
		g->kvm, CF_KVM_SEV_INIT, "KVM_SEV_INIT", NULL, NULL, err);
}

/* SNP_ACTIVE is the kernel's to add; every other feature must be one that it
 * offers. */
static enum coffer_status init2(
	const struct kvm_guest *g, uint64_t features, struct coffer_error *err)
{
	struct cf_kvm_sev_init init = { 0 };
	uint64_t offered = 0, extra;

	if (!cf_kvm_system_attr(
		    g->kvm, CF_KVM_GRP_SEV, CF_KVM_SEV_VMSA_FEATURES, &offered))
		offered = 0;
	init.vmsa_features = features & ~SNP_ACTIVE;
	extra = init.vmsa_features & ~offered;
	if (extra)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"KVM_SEV_INIT2: the VMSA asks for sev_features 0x%" PRIx64
			" that this kernel does not offer (it has 0x%" PRIx64
			"); build the image without them",
			extra, offered);
	return cf_kvm_sev(
		g->kvm, CF_KVM_SEV_INIT2, "KVM_SEV_INIT2", &init, NULL, err);
}

/* SNP_LAUNCH_START takes the VM's frequency as the guest's. */
static enum coffer_status set_tsc(
	const struct kvm_guest *g, uint32_t khz, struct coffer_error *err)
{
	long result = cf_kvm_ioctl_value(g->kvm, KVM_SET_TSC_KHZ, khz);

	return result < 0
		? cf_fail_errno(err, (int)-result,
			  "tsc-frequency: KVM_SET_TSC_KHZ of %" PRIu32 " kHz",
			  khz)
		: COFFER_OK;
}

/* Before the first vCPU, says the kernel. */
static enum coffer_status enable_certs(
	const struct kvm_guest *g, struct coffer_error *err)
{
	uint64_t offered = 0;

	if (g->generation != CF_KVM_SEV_SNP ||
		!cf_kvm_system_attr(g->kvm, CF_KVM_GRP_SEV,
			CF_KVM_SEV_SNP_REQ_CERTS, &offered) ||
		!offered)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"certs-path: this kernel does not ask for certificates "
			"(KVM_X86_SEV_SNP_REQ_CERTS; Linux 7.0 or newer is "
			"needed); leave certs-path out, the guest then fetches "
			"them itself");
	return cf_kvm_sev(g->kvm, CF_KVM_SEV_SNP_ENABLE_REQ_CERTS,
		"SNP_ENABLE_REQ_CERTS", NULL, NULL, err);
}

static enum coffer_status initialise(const struct kvm_guest *g,
	const struct cf_sp_kvm_config *config, struct coffer_error *err)
{
	bool snp = g->generation == CF_KVM_SEV_SNP;
	struct cf_sp_kvm_platform platform;
	enum coffer_status status;

	if (snp != (bool)(config->sev_features & SNP_ACTIVE))
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"the VMSA's sev_features 0x%" PRIx64 " %s SNP_ACTIVE, "
			"but the guest is %s",
			config->sev_features, snp ? "lack" : "have",
			snp ? "SEV-SNP" : "not SEV-SNP");
	status = cf_sp_kvm_platform_status(g->kvm, &platform, err);
	if (status)
		return status;
	if (g->generation == CF_KVM_SEV_ES && !platform.es_configured)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"the guest policy requires SEV-ES, which this host's "
			"firmware was not initialised for (kvm_amd sev_es=1, "
			"and a minimum SEV ASID above 1 in the BIOS)");
	if (config->legacy && !snp)
		return init_legacy(g, err);
	status = init2(g, config->sev_features, err);
	if (!status && config->tsc_khz)
		status = set_tsc(g, config->tsc_khz, err);
	return status || !config->request_certs ? status : enable_certs(g, err);
}

enum coffer_status cf_sp_kvm_create(const struct cf_sp_kvm_config *config,
	struct cf_sp_guest **out, struct coffer_error *err)
{
	struct kvm_guest *g = cf_alloc_array(1, sizeof(*g));
	enum coffer_status status;

	if (!g)
		return cf_fail_nomem(err, "a guest context");
	g->kvm = config->kvm;
	g->memory = config->memory;
	g->generation = cf_kvm_generation_of(config->kvm);
	g->cpuid_page = config->cpuid_page;
	g->base.ops = g->generation == CF_KVM_SEV_SNP ? &cf_sp_kvm_snp_ops
						      : &cf_sp_kvm_sev_ops;
	status = initialise(g, config, err);
	if (status) {
		free(g);
		return status;
	}
	*out = &g->base;
	return COFFER_OK;
}

void cf_sp_kvm_destroy(struct cf_sp_guest *g)
{
	free(g);
}
