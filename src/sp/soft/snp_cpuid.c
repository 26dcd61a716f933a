/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of SNP's CPUID page.  AMD's table of what each leaf may say is in
 * its processor references; the model's is: feature bits are at most what the
 * machine has, without those that firmware is known to refuse; the vendor is
 * the machine's and the highest leaves do not exceed it; identity and
 * topology are taken as given.
 */
#include "sp/soft/soft_priv.h"

#include <string.h>

#define HEADER_LEN  0x10
#define ENTRY_LEN   48
#define MAX_ENTRIES 64
#define LEAF_XSAVE  0xD

enum { EAX, EBX, ECX, EDX };

/* Feature registers, the bits that firmware never accepts, and those that
 * software or the hypervisor may set freely (OSXSAVE, OSPKE, the hypervisor
 * bit, the APIC bit). */
static const struct rule {
	uint32_t leaf, subleaf;
	uint8_t reg;
	uint32_t never, always;
} rules[] = {
	{ 1, 0, ECX, BIT(24), BIT(27) | BIT(31) },
	{ 1, 0, EDX, 0, BIT(9) },
	{ 7, 0, EBX, BIT(1), 0 },
	{ 7, 0, ECX, 0, BIT(4) },
	{ 7, 0, EDX, BIT(26) | BIT(27) | BIT(28) | BIT(29) | BIT(30) | BIT(31),
		0 },
	{ LEAF_XSAVE, 1, EAX, 0, 0 },
	{ 0x80000001, 0, ECX, 0, 0 },
	{ 0x80000001, 0, EDX, 0, BIT(9) },
	{ 0x80000008, 0, EBX, BIT(25), 0 },
	{ 0x8000001F, 0, EAX, 0, 0 },
	{ 0x80000021, 0, EAX, 0, 0 },
};

static void machine(struct cf_sp_soft *sp, uint32_t leaf, uint32_t subleaf,
	uint32_t regs[4])
{
	sp->ops.cpuid(sp->ops.opaque, leaf, subleaf, regs);
}

/* Highest leaf and vendor. */
static bool correct_range_leaf(
	struct cf_sp_soft *sp, uint32_t leaf, uint32_t regs[4])
{
	uint32_t has[4];

	if (!sp->ops.cpuid)
		return false;
	machine(sp, leaf, 0, has);
	if (regs[EAX] <= has[EAX])
		has[EAX] = regs[EAX];
	if (memcmp(regs, has, sizeof(has)) == 0)
		return false;
	memcpy(regs, has, sizeof(has));
	return true;
}

static bool correct_features(struct cf_sp_soft *sp, uint32_t leaf,
	uint32_t subleaf, uint32_t regs[4])
{
	uint32_t has[4] = { ~0u, ~0u, ~0u, ~0u };
	bool corrected = false;

	for (size_t i = 0; i < CF_ARRAY_LEN(rules); i++) {
		const struct rule *r = &rules[i];
		uint32_t allowed;

		if (r->leaf != leaf || r->subleaf != subleaf)
			continue;
		if (sp->ops.cpuid)
			machine(sp, leaf, subleaf, has);
		allowed = (has[r->reg] & ~r->never) | r->always;
		if (regs[r->reg] & ~allowed) {
			regs[r->reg] &= allowed;
			corrected = true;
		}
	}
	return corrected;
}

static bool leaf_is_known(uint32_t leaf)
{
	return leaf <= 0xFFFF || (leaf >= 0x40000000 && leaf <= 0x400000FF) ||
		(leaf >= 0x80000000 && leaf <= 0x8000FFFF);
}

static uint32_t check_entry(struct cf_sp_soft *sp, uint8_t *e)
{
	uint32_t leaf = cf_load_le32(e), subleaf = cf_load_le32(e + 4);
	uint32_t regs[4];
	bool corrected;

	if (!leaf_is_known(leaf) || cf_load_le64(e + 0x28))
		return CF_FW_INVALID_PARAM;
	/* XCR0_IN and XSS_IN. */
	if (leaf != LEAF_XSAVE && !cf_is_zero(e + 8, 16))
		return CF_FW_INVALID_PARAM;
	for (size_t i = 0; i < 4; i++)
		regs[i] = cf_load_le32(e + 0x18 + 4 * i);
	if (leaf == 0 || leaf == 0x80000000)
		corrected = correct_range_leaf(sp, leaf, regs);
	else
		corrected = correct_features(sp, leaf, subleaf, regs);
	for (size_t i = 0; i < 4; i++)
		cf_store_le32(e + 0x18 + 4 * i, regs[i]);
	return corrected ? CF_FW_INVALID_PARAM : CF_FW_SUCCESS;
}

uint32_t cf_sp_cpuid_check(struct cf_sp_soft *sp, uint8_t *table, size_t size)
{
	uint32_t count, fw = CF_FW_SUCCESS;

	if (size < HEADER_LEN || !cf_is_zero(table + 4, HEADER_LEN - 4))
		return CF_FW_INVALID_PARAM;
	count = cf_load_le32(table);
	if (count > MAX_ENTRIES || count > (size - HEADER_LEN) / ENTRY_LEN)
		return UNC_CPUID_COUNT;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t one =
			check_entry(sp, table + HEADER_LEN + i * ENTRY_LEN);

		if (one)
			fw = one;
	}
	return fw;
}

/* On INVALID_PARAM the page is left as host memory with the corrections. */
uint32_t cf_sp_cpuid_check_page(struct cf_sp_soft *sp, uint64_t spa)
{
	uint8_t page[CF_PAGE_SIZE];
	uint32_t fw;

	if (!cf_sp_read(sp, spa, page, sizeof(page)))
		return CF_FW_INVALID_ADDRESS;
	fw = cf_sp_cpuid_check(sp, page, sizeof(page));
	if (fw && !sp->mem.host_write(sp->mem.opaque, spa, page, sizeof(page)))
		return CF_FW_HWERROR_PLATFORM;
	return fw;
}
