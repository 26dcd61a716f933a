/* SPDX-License-Identifier: Apache-2.0 */
/* An IGVM file on its way to a digest, on every platform, by every loader. */
#include "fuzz.h"

#include "igvm/igvm.h"
#include "sp/sp.h"

static void measure(const struct cf_igvm *file, enum cf_platform platform,
	const struct cf_loader_profile *profile)
{
	static const struct cf_memory_range memory[] = {
		{ 0, 0xa0000, CF_MEMORY_RAM },
		{ 0x100000, 0x40000000, CF_MEMORY_RAM },
	};
	static const uint8_t table[64];
	const struct cf_plan_env env = {
		.vcpus = 2,
		.memory = memory,
		.nmemory = 2,
		.flash_base = 0xff000000,
		.madt = table,
		.madt_len = sizeof(table),
		.cmdline = "quiet",
	};
	uint8_t digest[CF_DIGEST_MAX];
	struct cf_plan *plan;
	uint64_t pages = 0;
	size_t len;

	if (cf_plan_from_igvm(file, platform, profile, &env, &plan, NULL) == 0)
		cf_plan_destroy(plan);
	if (cf_plan_from_igvm(file, platform, profile, NULL, &plan, NULL))
		return;
	for (size_t i = 0; i < plan->nsteps; i++)
		pages += plan->step[i].kind == CF_STEP_REQUIRED
			? 0
			: plan->step[i].len >> 12;
	/* Parameter areas may be large: valid, but no news for a fuzzer. */
	if (pages < 4096)
		(void)!cf_launch_digest(plan, NULL, digest, &len, NULL);
	cf_plan_destroy(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cf_igvm *file;

	if (cf_igvm_parse(data, size, &file, NULL))
		return 0;
	for (unsigned p = 0; p < CF_NPLATFORMS; p++) {
		measure(file, (enum cf_platform)p, &cf_profile_spec);
		measure(file, (enum cf_platform)p, &cf_profile_qemu);
	}
	cf_igvm_destroy(file);
	return 0;
}
