/* SPDX-License-Identifier: Apache-2.0 */
/* A firmware image: its tables, then a plan and a digest of what they say. */
#include "fuzz.h"

#include "sp/sp.h"

static void measure(const struct cf_ovmf *ovmf, enum cf_platform platform,
	enum cf_vmm vmm, const struct cf_kernel_hashes *hashes)
{
	const struct cf_firmware_params p = {
		.ovmf = ovmf,
		.platform = platform,
		.vmm = vmm,
		.vcpus = 2,
		.sev_features = 1,
		.hashes = hashes,
		.skip_firmware_pages = true,
	};
	uint8_t digest[CF_DIGEST_MAX];
	struct cf_plan *plan;
	uint64_t pages = 0;
	size_t len;

	if (cf_plan_from_firmware(&p, &plan, NULL))
		return;
	for (size_t i = 0; i < plan->nsteps; i++)
		pages += plan->step[i].len >> 12;
	/* Sections may cover 4 GiB: valid, but no news for a fuzzer. */
	if (pages < 4096)
		(void)!cf_launch_digest(plan, NULL, digest, &len, NULL);
	cf_plan_destroy(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cf_kernel_hashes hashes;
	struct cf_ovmf o;

	if (cf_ovmf_parse(data, size, &o, NULL))
		return 0;
	measure(&o, CF_PLATFORM_SEV, CF_VMM_QEMU, &hashes);
	measure(&o, CF_PLATFORM_SEV_ES, CF_VMM_QEMU, NULL);
	measure(&o, CF_PLATFORM_SEV_SNP, CF_VMM_QEMU, &hashes);
	measure(&o, CF_PLATFORM_SEV_SNP, CF_VMM_EC2, NULL);
	return 0;
}
