/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SNP CPUID page: the leaves that an SNP guest looks up without asking
 * the hypervisor.
 *
 * Source: SEV-SNP Firmware ABI (AMD 56860), "CPUID page"; what is in it: the
 * leaves that EDK2 and Linux look up.
 */
#include "accel/soft/native/cpuid_model_priv.h"

#include "accel/soft/native/fpu_priv.h"
#include "accel/accel.h"
#include "base/bytes.h"

#include <string.h>

#define HEADER_LEN 16
#define ENTRY_LEN  48
#define MAX_COUNT  64

/* xcr0: the value that an entry for leaf 0xD applies to; guests take those
 * for 1 and 3 and add the sizes of the other components themselves. */
static const struct row {
	uint32_t leaf, subleaf;
	uint64_t xcr0;
} rows[] = {
	{ 0x0, 0, 0 },
	{ 0x1, 0, 0 },
	{ 0x6, 0, 0 },
	{ 0x7, 0, 0 },
	{ 0xb, 0, 0 },
	{ 0xb, 1, 0 },
	{ 0xd, 0, 1 },
	{ 0xd, 0, 3 },
	{ 0xd, 1, 1 },
	{ 0xd, 1, 3 },
	{ 0xd, 2, 0 },
	{ 0x40000000, 0, 0 },
	{ 0x80000000, 0, 0 },
	{ 0x80000001, 0, 0 },
	{ 0x80000002, 0, 0 },
	{ 0x80000003, 0, 0 },
	{ 0x80000004, 0, 0 },
	{ 0x80000005, 0, 0 },
	{ 0x80000006, 0, 0 },
	{ 0x80000007, 0, 0 },
	{ 0x80000008, 0, 0 },
	{ 0x8000001d, 0, 0 },
	{ 0x8000001d, 1, 0 },
	{ 0x8000001d, 2, 0 },
	{ 0x8000001d, 3, 0 },
	{ 0x8000001e, 0, 0 },
	{ 0x8000001f, 0, 0 },
};

_Static_assert(CF_ARRAY_LEN(rows) <= MAX_COUNT, "CPUID page has 64 entries");

void cf_cpuid_page_fill(const struct cf_cpuid_env *env, uint8_t page[4096])
{
	struct cf_cpuid_env at = *env;
	uint8_t *p = page + HEADER_LEN;

	memset(page, 0, CF_PAGE_SIZE);
	cf_store_le32(page, CF_ARRAY_LEN(rows));
	for (size_t i = 0; i < CF_ARRAY_LEN(rows); i++, p += ENTRY_LEN) {
		const struct row *r = &rows[i];
		uint32_t out[4];

		at.vcpu = 0;
		at.cr4 = 0; /* OSXSAVE: guests take it from CR4 */
		at.xcr0 = r->xcr0;
		cf_cpuid(&at, r->leaf, r->subleaf, out);
		cf_store_le32(p, r->leaf);
		cf_store_le32(p + 4, r->subleaf);
		cf_store_le64(p + 8, r->xcr0);
		for (size_t k = 0; k < 4; k++)
			cf_store_le32(p + 24 + 4 * k, out[k]);
	}
}

enum coffer_status cf_accel_cpuid_page(const struct cf_cpuid_page_params *p,
	uint8_t page[4096], struct coffer_error *err)
{
	struct cf_cpuid_env env = { .spec = p->cpu,
		.platform = p->platform,
		.cbit = p->cbit,
		.vcpus = p->vcpus,
		.tsc_hz = p->tsc_hz };
	enum coffer_status s = cf_cpu_model_find(p->cpu_model, &env.model, err);

	if (s == COFFER_OK)
		cf_cpuid_page_fill(&env, page);
	return s;
}
