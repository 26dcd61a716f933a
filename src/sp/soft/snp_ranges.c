/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of page ranges that become HV-Fixed: the host's own for good, never
 * to be a guest's.  Source: SNP firmware ABI (AMD 56860), SNP_INIT_EX,
 * "RANGE_LIST".
 */
#include "sp/soft/commands_priv.h"

#define LIST_HEAD 8
#define RANGE_LEN 16

struct range {
	uint64_t base, pages;
};

static struct range range_at(const uint8_t *list, uint32_t i)
{
	const uint8_t *at = list + LIST_HEAD + i * RANGE_LEN;

	return (struct range) { cf_load_le64(at), cf_load_le32(at + 8) };
}

uint32_t cf_sp_ranges_read(
	struct cf_sp_soft *sp, uint64_t spa, uint8_t list[CF_PAGE_SIZE])
{
	uint32_t count;

	if (!cf_is_aligned(spa, CF_PAGE_SIZE) ||
		!cf_sp_read(sp, spa, list, CF_PAGE_SIZE))
		return CF_FW_INVALID_ADDRESS;
	count = cf_load_le32(list);
	if (count > (CF_PAGE_SIZE - LIST_HEAD) / RANGE_LEN ||
		cf_load_le32(list + 4))
		return CF_FW_INVALID_PARAM;
	for (uint32_t i = 0; i < count; i++) {
		struct range r = range_at(list, i);

		if (cf_load_le32(list + LIST_HEAD + i * RANGE_LEN + 12) ||
			r.pages * CF_PAGE_SIZE > UINT64_MAX - r.base)
			return CF_FW_INVALID_PARAM;
	}
	return CF_FW_SUCCESS;
}

/* Every page of the range that is memory; a range ends where memory does. */
static uint32_t check_range(struct cf_sp_soft *sp, const struct range *r)
{
	struct cf_rmp_entry e;

	if (!cf_is_aligned(r->base, CF_PAGE_SIZE))
		return UNC_RANGE_UNALIGNED;
	for (uint64_t i = 0; i < r->pages; i++) {
		enum page_state state;

		if (cf_sp_rmp(sp, r->base + i * CF_PAGE_SIZE, &e))
			return CF_FW_SUCCESS;
		state = cf_sp_page_state(&e);
		if (state != PAGE_HYPERVISOR && state != PAGE_HV_FIXED)
			return CF_FW_INVALID_PAGE_STATE;
	}
	return CF_FW_SUCCESS;
}

uint32_t cf_sp_ranges_check(
	struct cf_sp_soft *sp, const uint8_t list[CF_PAGE_SIZE])
{
	uint32_t fw = CF_FW_SUCCESS;

	for (uint32_t i = 0; !fw && i < cf_load_le32(list); i++) {
		struct range r = range_at(list, i);

		fw = check_range(sp, &r);
	}
	return fw;
}

static bool fix(struct cf_sp_soft *sp, struct sp_page *p)
{
	const struct cf_rmp_entry e = { .immutable = true };

	if (p->large && !cf_sp_page_put(sp, p, &e))
		return true;
	p->large = false;
	return !cf_sp_page_put(sp, p, &e);
}

/* 2 MiB at a time where it goes, as a large entry is only replaced whole. */
static void set_range(struct cf_sp_soft *sp, const struct range *r)
{
	uint64_t end = r->base + r->pages * CF_PAGE_SIZE;
	struct sp_page p = { .spa = r->base };

	for (; p.spa < end; p.spa += cf_sp_page_len(&p)) {
		p.large = cf_is_aligned(p.spa, CF_RMP_LARGE) &&
			end - p.spa >= CF_RMP_LARGE;
		if (!fix(sp, &p))
			return;
	}
}

void cf_sp_ranges_set(struct cf_sp_soft *sp, const uint8_t list[CF_PAGE_SIZE])
{
	for (uint32_t i = 0; i < cf_load_le32(list); i++) {
		struct range r = range_at(list, i);

		set_range(sp, &r);
	}
}
