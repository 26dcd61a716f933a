/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loader profiles as data.
 *
 * Sources: the IGVM format and microsoft/igvm's measurement (`spec`); QEMU,
 * backends/igvm.c and target/i386/sev.c, third generation (`qemu`).
 */
#include "plan_priv.h"

static const struct directive_rule spec_initializations[] = {
	{ CF_IGVM_GUEST_POLICY, CF_PLATFORM_ANY },
	/* A file may be loaded where it says, without relocation. */
	{ CF_IGVM_RELOCATABLE_REGION, CF_PLATFORM_ANY },
	{ CF_IGVM_PAGE_TABLE_RELOCATION_REGION, CF_PLATFORM_ANY },
	{ CF_IGVM_CORIM_DOCUMENT, CF_PLATFORM_ANY },
	{ CF_IGVM_CORIM_SIGNATURE, CF_PLATFORM_ANY },
	{ 0 },
};

static const struct directive_rule spec_directives[] = {
	{ CF_IGVM_PARAMETER_AREA, CF_PLATFORM_ANY },
	{ CF_IGVM_PAGE_DATA, CF_PLATFORM_ANY },
	{ CF_IGVM_PARAMETER_INSERT, CF_PLATFORM_ANY },
	{ CF_IGVM_VP_CONTEXT, CF_PLATFORM_ANY & ~CF_PLATFORM_BIT(TDX) },
	{ CF_IGVM_REQUIRED_MEMORY, CF_PLATFORM_ANY },
	{ CF_IGVM_VP_COUNT_PARAMETER, CF_PLATFORM_ANY },
	{ CF_IGVM_SRAT, CF_PLATFORM_ANY },
	{ CF_IGVM_MADT, CF_PLATFORM_ANY },
	{ CF_IGVM_MMIO_RANGES, CF_PLATFORM_ANY },
	{ CF_IGVM_SNP_ID_BLOCK, CF_PLATFORM_ANY },
	{ CF_IGVM_MEMORY_MAP, CF_PLATFORM_ANY },
	{ CF_IGVM_ERROR_RANGE, CF_PLATFORM_BIT(VBS) },
	{ CF_IGVM_COMMAND_LINE, CF_PLATFORM_ANY },
	{ CF_IGVM_SLIT, CF_PLATFORM_ANY },
	{ CF_IGVM_PPTT, CF_PLATFORM_ANY },
	{ CF_IGVM_VBS_MEASUREMENT, CF_PLATFORM_BIT(VBS) },
	{ CF_IGVM_DEVICE_TREE, CF_PLATFORM_ANY },
	{ CF_IGVM_ENVIRONMENT_INFO_PARAMETER, CF_PLATFORM_ANY },
	{ 0 },
};

const struct cf_loader_profile cf_profile_spec = {
	.name = "spec",
	.initializations = spec_initializations,
	.directives = spec_directives,
	.shared_pages = true,
	.area_contents = true,
};

#define QEMU_ALL (CF_PLATFORM_BIT(NATIVE) | CF_PLATFORM_AMD_ALL)

static const struct directive_rule qemu_initializations[] = {
	{ CF_IGVM_GUEST_POLICY, QEMU_ALL },
	{ 0 },
};

static const struct directive_rule qemu_directives[] = {
	{ CF_IGVM_PARAMETER_AREA, QEMU_ALL },
	{ CF_IGVM_PAGE_DATA, QEMU_ALL },
	{ CF_IGVM_PARAMETER_INSERT, QEMU_ALL },
	{ CF_IGVM_VP_CONTEXT, QEMU_ALL & ~CF_PLATFORM_BIT(SEV) },
	{ CF_IGVM_REQUIRED_MEMORY, QEMU_ALL },
	{ CF_IGVM_VP_COUNT_PARAMETER, QEMU_ALL },
	{ CF_IGVM_MADT, QEMU_ALL },
	{ CF_IGVM_SNP_ID_BLOCK, QEMU_ALL },
	{ CF_IGVM_MEMORY_MAP, QEMU_ALL },
	{ CF_IGVM_COMMAND_LINE, QEMU_ALL },
	{ CF_IGVM_DEVICE_TREE, QEMU_ALL },
	{ CF_IGVM_ENVIRONMENT_INFO_PARAMETER, QEMU_ALL },
	{ 0 },
};

const struct cf_loader_profile cf_profile_qemu = {
	.name = "qemu",
	.initializations = qemu_initializations,
	.directives = qemu_directives,
	.strict_types = true,
	.late_groups = true,
	.vcpus_last = true,
	.kvm_vmsas = true,
	.vcpu_replaces = true,
	.native_bsp_only = true,
	.full_memory_map = true,
	.id_block_v1 = true,
};

const struct cf_loader_profile *cf_profile_by_name(const char *name)
{
	static const struct cf_loader_profile *const all[] = {
		&cf_profile_spec,
		&cf_profile_qemu,
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(all); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}
