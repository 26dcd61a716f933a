/* SPDX-License-Identifier: Apache-2.0 */
/* Names of types, sections, platforms and registers, and section ranges. */
#include "igvm/igvm_priv.h"

#include "base/compiler.h"

#include <string.h>

bool cf_igvm_type_known(uint32_t type)
{
	return cf_igvm_type_info(type) != NULL;
}

const char *cf_igvm_type_name(uint32_t type)
{
	const struct cf_igvm_type_info *info = cf_igvm_type_info(type);

	return info ? info->name : "IGVM_VHT_UNKNOWN";
}

const char *cf_igvm_short_name(uint32_t type)
{
	return cf_igvm_type_name(type) + strlen("IGVM_VHT_");
}

const char *cf_igvm_platform_name(unsigned platform_type)
{
	static const char *const names[] = {
		[CF_IGVM_NATIVE] = "NATIVE",
		[CF_IGVM_VSM_ISOLATION] = "VSM_ISOLATION",
		[CF_IGVM_SEV_SNP] = "SEV_SNP",
		[CF_IGVM_TDX] = "TDX",
		[CF_IGVM_SEV] = "SEV",
		[CF_IGVM_SEV_ES] = "SEV_ES",
		[CF_IGVM_CCA] = "CCA",
	};

	return platform_type < CF_ARRAY_LEN(names) ? names[platform_type]
						   : "UNKNOWN";
}

const char *cf_igvm_section_name(enum cf_igvm_section section)
{
	static const char *const names[] = {
		[CF_IGVM_PLATFORMS] = "platform",
		[CF_IGVM_INITIALIZATIONS] = "initialization",
		[CF_IGVM_DIRECTIVES] = "directive",
		[CF_IGVM_NSECTIONS] = "header",
	};

	return names[section];
}

enum cf_igvm_section cf_igvm_section_of(uint32_t type)
{
	if (type >= 0x1 && type <= 0x100)
		return CF_IGVM_PLATFORMS;
	if (type >= 0x101 && type <= 0x200)
		return CF_IGVM_INITIALIZATIONS;
	if (type >= 0x301 && type <= 0x400)
		return CF_IGVM_DIRECTIVES;
	return CF_IGVM_NSECTIONS;
}

enum cf_igvm_refusal cf_igvm_bad_header(enum cf_igvm_section section)
{
	switch (section) {
	case CF_IGVM_PLATFORMS:
		return CF_IGVM_BAD_PLATFORM;
	case CF_IGVM_INITIALIZATIONS:
		return CF_IGVM_BAD_INITIALIZATION;
	case CF_IGVM_DIRECTIVES:
		return CF_IGVM_BAD_DIRECTIVE;
	case CF_IGVM_NSECTIONS:
		break;
	}
	return CF_IGVM_BAD_SECTION;
}

struct reg {
	uint32_t number;
	const char *name;
};

/* Hyper-V's register names, those that IGVM takes. */
static const struct reg x64_registers[] = {
	{ 0x20004, "Rsp" },
	{ 0x20005, "Rbp" },
	{ 0x20006, "Rsi" },
	{ 0x20008, "R8" },
	{ 0x20009, "R9" },
	{ 0x2000A, "R10" },
	{ 0x2000B, "R11" },
	{ 0x2000C, "R12" },
	{ 0x20010, "Rip" },
	{ 0x20011, "Rflags" },
	{ 0x40000, "Cr0" },
	{ 0x40002, "Cr3" },
	{ 0x40003, "Cr4" },
	{ 0x60000, "Es" },
	{ 0x60001, "Cs" },
	{ 0x60002, "Ss" },
	{ 0x60003, "Ds" },
	{ 0x60004, "Fs" },
	{ 0x60005, "Gs" },
	{ 0x60007, "Tr" },
	{ 0x70000, "Idtr" },
	{ 0x70001, "Gdtr" },
	{ 0x80001, "Efer" },
	{ 0x80004, "Pat" },
	{ 0x8000E, "MtrrDefType" },
	{ 0x80010, "MtrrPhysBase0" },
	{ 0x80011, "MtrrPhysBase1" },
	{ 0x80012, "MtrrPhysBase2" },
	{ 0x80013, "MtrrPhysBase3" },
	{ 0x80014, "MtrrPhysBase4" },
	{ 0x80040, "MtrrPhysMask0" },
	{ 0x80041, "MtrrPhysMask1" },
	{ 0x80042, "MtrrPhysMask2" },
	{ 0x80043, "MtrrPhysMask3" },
	{ 0x80044, "MtrrPhysMask4" },
	{ 0x80070, "MtrrFix64k00000" },
	{ 0x80071, "MtrrFix16k80000" },
	{ 0x80077, "MtrrFix4kE0000" },
	{ 0x80078, "MtrrFix4kE8000" },
	{ 0x80079, "MtrrFix4kF0000" },
	{ 0x8007A, "MtrrFix4kF8000" },
};

static const struct reg aarch64_registers[] = {
	{ 0x20000, "X0" },
	{ 0x20001, "X1" },
	{ 0x20002, "X2" },
	{ 0x20003, "X3" },
	{ 0x20004, "X4" },
	{ 0x20005, "X5" },
	{ 0x20006, "X6" },
	{ 0x20007, "X7" },
	{ 0x20022, "PC" },
	{ 0x20023, "CPSR" },
	{ 0x40002, "SCTLR_EL1" },
	{ 0x40005, "TTBR0_EL1" },
	{ 0x40006, "TTBR1_EL1" },
	{ 0x40007, "TCR_EL1" },
	{ 0x4000B, "MAIR_EL1" },
	{ 0x4000C, "VBAR_EL1" },
};

const char *cf_igvm_register_name(enum cf_igvm_arch arch, uint32_t number)
{
	const struct reg *r = x64_registers;
	size_t n = CF_ARRAY_LEN(x64_registers);

	if (arch == CF_IGVM_AARCH64) {
		r = aarch64_registers;
		n = CF_ARRAY_LEN(aarch64_registers);
	}
	for (size_t i = 0; i < n; i++)
		if (r[i].number == number)
			return r[i].name;
	return NULL;
}
