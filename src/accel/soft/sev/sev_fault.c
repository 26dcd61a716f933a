/* SPDX-License-Identifier: Apache-2.0 */
/* The faults that the hypervisor commits on request: names, and when. */
#include "accel/soft/sev/sev_state_priv.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/text.h"

#include <string.h>

/* In the order of their bits. */
static const char *const names[CF_NFAULTS] = {
	"features",
	"register",
	"psc",
	"validate",
	"cpuid",
	"request",
	"cbit",
	"replay",
	"flip",
	"cpuid-page",
	"cpuid-value",
	"write",
};

bool cf_faults_add(struct cf_faults *faults, const char *text, size_t len)
{
	const char *at = memchr(text, '@', len);
	size_t name_len = at ? (size_t)(at - text) : len;
	char number[16] = "0";
	uint64_t skip;

	if (at) {
		if (len - name_len - 1 >= sizeof(number))
			return false;
		memcpy(number, at + 1, len - name_len - 1);
		number[len - name_len - 1] = 0;
	}
	if (!cf_parse_u64(number, UINT32_MAX, &skip))
		return false;
	for (unsigned i = 0; i < CF_NFAULTS; i++) {
		if (strlen(names[i]) != name_len ||
			memcmp(names[i], text, name_len) != 0)
			continue;
		faults->kinds |= 1u << i;
		faults->skip[i] = (uint32_t)skip;
		return true;
	}
	return false;
}

bool cf_fault_slow(const struct cf_vm *vm, unsigned fault)
{
	unsigned i = 0;

	while (!(fault >> i & 1))
		i++;
	if (atomic_fetch_add(&vm->sev_vm->fault_seen[i], 1) <
		vm->config.faults.skip[i])
		return false;
	cf_log(vm->config.log, CF_LOG_DEBUG, "ghcb: fault %s", names[i]);
	return true;
}

#define PAGE_HEADER 16u
#define ENTRY_LEN   48u
#define LEAF_SEV    0x8000001Fu
/* In leaf 1, ECX: the TSC deadline timer, which firmware refuses. */
#define LEAF_FEATURES 1u
#define TSC_DEADLINE  (1u << 24)
#define ENTRY_ECX     0x20u

static uint8_t *find_leaf(uint8_t *page, uint32_t leaf)
{
	uint32_t n = cf_load_le32(page);

	for (uint32_t i = 0; i < n; i++) {
		uint8_t *e = page + PAGE_HEADER + ENTRY_LEN * (size_t)i;

		if (cf_load_le32(e) == leaf)
			return e;
	}
	return NULL;
}

void cf_faults_cpuid_page(const struct cf_faults *faults, uint8_t page[4096])
{
	uint8_t *e = find_leaf(page, LEAF_FEATURES);

	if (e && faults->kinds & CF_FAULT_CPUID_VALUE)
		cf_store_le32(e + ENTRY_ECX,
			cf_load_le32(e + ENTRY_ECX) | TSC_DEADLINE);
	e = find_leaf(page, LEAF_SEV);
	if (e && faults->kinds & CF_FAULT_CPUID_PAGE) {
		uint32_t n = cf_load_le32(page) - 1;
		uint8_t *end = page + PAGE_HEADER + ENTRY_LEN * (size_t)n;

		memmove(e, e + ENTRY_LEN, (size_t)(end - e));
		memset(end, 0, ENTRY_LEN);
		cf_store_le32(page, n);
	}
}
