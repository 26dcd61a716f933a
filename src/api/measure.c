/* SPDX-License-Identifier: Apache-2.0 */
/* The public face of measuring. */
#include "api/api_priv.h"

#include "base/base.h"
#include "igvm/igvm.h"
#include "sp/sp.h"

#include <string.h>

bool cf_api_platform(enum coffer_platform p, enum cf_platform *out)
{
	switch (p) {
	case COFFER_SEV:
		*out = CF_PLATFORM_SEV;
		return true;
	case COFFER_SEV_ES:
		*out = CF_PLATFORM_SEV_ES;
		return true;
	case COFFER_SEV_SNP:
		*out = CF_PLATFORM_SEV_SNP;
		return true;
	case COFFER_TDX:
		*out = CF_PLATFORM_TDX;
		return true;
	case COFFER_VBS:
		*out = CF_PLATFORM_VBS;
		return true;
	}
	return false;
}

static enum coffer_status digest_plan(struct cf_plan *plan,
	struct coffer_digest *out, struct coffer_error *err)
{
	uint8_t digest[CF_DIGEST_MAX];
	size_t len;
	enum coffer_status status =
		cf_launch_digest(plan, NULL, digest, &len, err);

	if (!status) {
		memset(out, 0, sizeof(*out));
		memcpy(out->bytes, digest, len);
		out->len = len;
	}
	cf_plan_destroy(plan);
	return status;
}

enum coffer_status coffer_measure_igvm(const uint8_t *file, size_t len,
	enum coffer_platform platform, const char *profile,
	struct coffer_digest *out, struct coffer_error *err)
{
	const struct cf_loader_profile *loader =
		cf_profile_by_name(profile ? profile : "spec");
	const struct cf_plan_env env = { 0 };
	struct cf_plan *plan = NULL;
	struct cf_igvm *igvm = NULL;
	enum coffer_status status;
	enum cf_platform p;

	if (!file || !out || !loader || !cf_api_platform(platform, &p))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"measure: no file, no result, or a platform or profile "
			"that is not one");
	status = cf_igvm_parse(file, len, &igvm, err);
	if (!status)
		status = cf_plan_from_igvm(igvm, p, loader, &env, &plan, err);
	if (!status)
		status = digest_plan(plan, out, err);
	cf_igvm_destroy(igvm);
	return status;
}

enum coffer_status cf_api_cpu(const struct coffer_firmware *guest,
	struct cf_firmware_params *p, struct coffer_error *err)
{
	p->cpuid_signature = guest->cpu_signature;
	if (guest->cpu_type &&
		!cf_cpu_type_signature(guest->cpu_type, &p->cpuid_signature))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"measure: no CPU type '%s'", guest->cpu_type);
	if (!cf_vmm_from_name(guest->vmm ? guest->vmm : "qemu", &p->vmm))
		return cf_fail(err, COFFER_ERR_ARGUMENT, "measure: no VMM '%s'",
			guest->vmm);
	return COFFER_OK;
}

enum coffer_status coffer_measure_firmware(const struct coffer_firmware *guest,
	struct coffer_digest *out, struct coffer_error *err)
{
	struct cf_firmware_params p = { 0 };
	struct cf_kernel_hashes hashes;
	struct cf_plan *plan = NULL;
	struct cf_ovmf ovmf;
	enum coffer_status status;

	if (!guest || !guest->image || !out ||
		!cf_api_platform(guest->platform, &p.platform))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"measure: no image, no result or no platform");
	status = cf_api_cpu(guest, &p, err);
	if (!status)
		status = cf_ovmf_parse(
			guest->image, guest->image_len, &ovmf, err);
	if (!status && guest->kernel) {
		status = cf_kernel_hashes_make(guest->kernel, guest->kernel_len,
			guest->initrd, guest->initrd_len, guest->append,
			&hashes, err);
		p.hashes = &hashes;
	}
	if (status)
		return status;
	p.ovmf = &ovmf;
	/* SEV does not measure vCPUs, so that their number may be left out. */
	p.vcpus = p.platform == CF_PLATFORM_SEV ? 1 : guest->vcpus;
	if (p.platform == CF_PLATFORM_SEV_SNP)
		p.sev_features = guest->sev_features;
	status = cf_plan_from_firmware(&p, &plan, err);
	return status ? status : digest_plan(plan, out, err);
}
