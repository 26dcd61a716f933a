/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VMSA page by name, for messages and views.
 *
 * Sources: APM volume 2 (AMD 24593), "VMSA layout"; QEMU's check of the fields
 * that KVM rebuilds from register state (target/i386/sev.c).
 */
#include "image/cpu_state.h"

#include "base/base.h"

#define REG true  /* KVM takes it from the vCPU's registers */
#define NO  false /* KVM would drop it */

static const struct cf_vmsa_field fields[] = {
	{ 0x000, 16, REG, "ES" },
	{ 0x010, 16, REG, "CS" },
	{ 0x020, 16, REG, "SS" },
	{ 0x030, 16, REG, "DS" },
	{ 0x040, 16, REG, "FS" },
	{ 0x050, 16, REG, "GS" },
	{ 0x060, 16, REG, "GDTR" },
	{ 0x070, 16, REG, "LDTR" },
	{ 0x080, 16, REG, "IDTR" },
	{ 0x090, 16, REG, "TR" },
	{ 0x0a0, 8, NO, "PL0_SSP" },
	{ 0x0a8, 8, NO, "PL1_SSP" },
	{ 0x0b0, 8, NO, "PL2_SSP" },
	{ 0x0b8, 8, NO, "PL3_SSP" },
	{ 0x0c0, 8, NO, "U_CET" },
	{ 0x0ca, 1, NO, "VMPL" },
	{ 0x0cb, 1, NO, "CPL" },
	{ 0x0d0, 8, REG, "EFER" },
	{ 0x140, 8, NO, "XSS" },
	{ 0x148, 8, REG, "CR4" },
	{ 0x150, 8, REG, "CR3" },
	{ 0x158, 8, REG, "CR0" },
	{ 0x160, 8, REG, "DR7" },
	{ 0x168, 8, REG, "DR6" },
	{ 0x170, 8, REG, "RFLAGS" },
	{ 0x178, 8, REG, "RIP" },
	{ 0x180, 8, NO, "DR0" },
	{ 0x188, 8, NO, "DR1" },
	{ 0x190, 8, NO, "DR2" },
	{ 0x198, 8, NO, "DR3" },
	{ 0x1a0, 8, NO, "DR0_ADDR_MASK" },
	{ 0x1a8, 8, NO, "DR1_ADDR_MASK" },
	{ 0x1b0, 8, NO, "DR2_ADDR_MASK" },
	{ 0x1b8, 8, NO, "DR3_ADDR_MASK" },
	{ 0x1d8, 8, REG, "RSP" },
	{ 0x1e0, 8, NO, "S_CET" },
	{ 0x1e8, 8, NO, "SSP" },
	{ 0x1f0, 8, NO, "ISST_ADDR" },
	{ 0x1f8, 8, REG, "RAX" },
	{ 0x200, 8, NO, "STAR" },
	{ 0x208, 8, NO, "LSTAR" },
	{ 0x210, 8, NO, "CSTAR" },
	{ 0x218, 8, NO, "SFMASK" },
	{ 0x220, 8, NO, "KERNEL_GS_BASE" },
	{ 0x228, 8, NO, "SYSENTER_CS" },
	{ 0x230, 8, NO, "SYSENTER_ESP" },
	{ 0x238, 8, NO, "SYSENTER_EIP" },
	{ 0x240, 8, NO, "CR2" },
	{ 0x268, 8, REG, "G_PAT" },
	{ 0x270, 8, NO, "DBGCTL" },
	{ 0x278, 8, NO, "BR_FROM" },
	{ 0x280, 8, NO, "BR_TO" },
	{ 0x288, 8, NO, "LAST_EXCP_FROM" },
	{ 0x290, 8, NO, "LAST_EXCP_TO" },
	{ 0x2e0, 8, NO, "SPEC_CTRL" },
	{ 0x2e8, 4, NO, "PKRU" },
	{ 0x2ec, 4, NO, "TSC_AUX" },
	{ 0x2f0, 8, NO, "GUEST_TSC_SCALE" },
	{ 0x2f8, 8, NO, "GUEST_TSC_OFFSET" },
	{ 0x300, 8, NO, "REG_PROT_NONCE" },
	{ 0x308, 8, REG, "RCX" },
	{ 0x310, 8, REG, "RDX" },
	{ 0x318, 8, REG, "RBX" },
	{ 0x328, 8, REG, "RBP" },
	{ 0x330, 8, REG, "RSI" },
	{ 0x338, 8, REG, "RDI" },
	{ 0x340, 8, REG, "R8" },
	{ 0x348, 8, REG, "R9" },
	{ 0x350, 8, REG, "R10" },
	{ 0x358, 8, REG, "R11" },
	{ 0x360, 8, REG, "R12" },
	{ 0x368, 8, REG, "R13" },
	{ 0x370, 8, REG, "R14" },
	{ 0x378, 8, REG, "R15" },
	{ 0x390, 8, NO, "GUEST_EXIT_INFO_1" },
	{ 0x398, 8, NO, "GUEST_EXIT_INFO_2" },
	{ 0x3a0, 8, NO, "GUEST_EXIT_INT_INFO" },
	{ 0x3a8, 8, NO, "GUEST_NRIP" },
	{ 0x3b0, 8, REG, "SEV_FEATURES" },
	{ 0x3b8, 8, NO, "VINTR_CTRL" },
	{ 0x3c0, 8, NO, "GUEST_EXIT_CODE" },
	{ 0x3c8, 8, NO, "VIRTUAL_TOM" },
	{ 0x3d0, 8, NO, "TLB_ID" },
	{ 0x3d8, 8, NO, "PCPU_ID" },
	{ 0x3e0, 8, NO, "EVENT_INJ" },
	{ 0x3e8, 8, REG, "XCR0" },
	{ 0x3f0, 16, NO, "XSAVE_VALID_BITMAP" },
	{ 0x400, 8, NO, "X87_DP" },
	{ 0x408, 4, REG, "MXCSR" },
	{ 0x40c, 2, NO, "X87_FTW" },
	{ 0x40e, 2, NO, "X87_FSW" },
	{ 0x410, 2, REG, "X87_FCW" },
	{ 0x412, 2, NO, "X87_FOP" },
	{ 0x414, 2, NO, "X87_DS" },
	{ 0x416, 2, NO, "X87_CS" },
	{ 0x418, 8, NO, "X87_RIP" },
	{ 0x420, 80, NO, "X87" },
	{ 0x470, 256, NO, "XMM" },
	{ 0x570, 256, NO, "YMM_HIGH" },
};

const struct cf_vmsa_field *cf_vmsa_field_of(size_t offset)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(fields); i++)
		if (offset >= fields[i].offset &&
			offset - fields[i].offset < fields[i].size)
			return &fields[i];
	return NULL;
}
