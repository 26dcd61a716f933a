/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting another vCPU under SNP: a VMSA that the guest itself writes, marked
 * in the RMP, handed to the hypervisor.
 *
 * Sources: GHCB specification (AMD 56421), "SNP AP Creation"; APM volume 2
 * (AMD 24593), table "VMSA layout".
 */
#include "snp.h"

#define AP_CREATION_NAE 0x80000013u
#define CREATE_NOW      1u
#define SEV_FEATURES    1u /* SNP alone, as this vCPU has them */
#define RMPADJUST_VMSA  (1u << 16)
#define VMPL1           1u

extern const uint8_t gdt[], idt[], pml4[], ap_start[];

static void segment(uint8_t *vmsa, unsigned offset, uint16_t selector,
	uint16_t attributes, uint32_t limit, uint64_t base)
{
	memcpy(vmsa + offset, &selector, 2);
	memcpy(vmsa + offset + 2, &attributes, 2);
	memcpy(vmsa + offset + 4, &limit, 4);
	memcpy(vmsa + offset + 8, &base, 8);
}

static void fill(uint8_t *vmsa, const struct vcpu *v, uintptr_t stack)
{
	const struct {
		uint16_t offset;
		uint64_t value;
	} field[] = {
		{ 0x0D0, 0x1D00 }, /* EFER: SVME, NXE, LMA, LME */
		{ 0x148, 0x20 },   /* CR4: PAE */
		{ 0x150, (uintptr_t)pml4 | UINT64_C(1) << C_BIT }, /* CR3 */
		{ 0x158, 0x80000033 },                             /* CR0 */
		{ 0x160, 0x400 },                                  /* DR7 */
		{ 0x168, 0xFFFF0FF0 },                             /* DR6 */
		{ 0x170, 2 },                                      /* RFLAGS */
		{ 0x178, (uintptr_t)ap_start },                    /* RIP */
		{ 0x1D8, stack },                                  /* RSP */
		{ 0x268, 0x0007040600070406 },                     /* PAT */
		{ 0x338, (uintptr_t)v },                           /* RDI */
		{ 0x3B0, SEV_FEATURES }, { 0x3E8, 1 },             /* XCR0 */
	};

	memset(vmsa, 0, PAGE);
	for (unsigned i = 0; i < sizeof(field) / sizeof(field[0]); i++)
		memcpy(vmsa + field[i].offset, &field[i].value, 8);
	for (unsigned i = 0; i < 6; i++) /* ES CS SS DS FS GS */
		segment(vmsa, i * 16, i == 1 ? 8 : 16, i == 1 ? 0xA9B : 0xC93,
			0xFFFFFFFF, i == 5 ? (uintptr_t)v : 0);
	segment(vmsa, 0x60, 0, 0, 3 * 8 - 1, (uintptr_t)gdt);
	segment(vmsa, 0x70, 0, 0x82, 0xFFFF, 0); /* LDTR */
	segment(vmsa, 0x80, 0, 0, 32 * 16 - 1, (uintptr_t)idt);
	segment(vmsa, 0x90, 0, 0x8B, 0xFFFF, 0); /* TR */
	*(uint32_t *)(vmsa + 0x408) = 0x1F80;    /* MXCSR */
	*(uint16_t *)(vmsa + 0x40C) = 0x5555;    /* FTW */
	*(uint16_t *)(vmsa + 0x410) = 0x40;      /* FCW */
}

void ap_create(uint32_t number, struct vcpu *v, uint8_t *vmsa, uintptr_t stack)
{
	fill(vmsa, v, stack);
	if (rmpadjust((uintptr_t)vmsa, RMPADJUST_VMSA | VMPL1))
		terminate(REASON_AP);
	ghcb_clear();
	ghcb_set(GHCB_RAX, SEV_FEATURES);
	ghcb_exit(AP_CREATION_NAE, (uint64_t)number << 32 | CREATE_NOW,
		(uintptr_t)vmsa, REASON_AP);
}
