/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Swapping pages of SEV guests: what the host holds is noise to it and to
 * other guests, comes back whole in any place, and not when it was changed.
 */
#include "sp_sev_world.h"

#define BIG    CF_RMP_LARGE
#define MDATA  (AREA + 0x1000)
#define HANDLE 1

struct swap {
	uint32_t handle, flags;
	uint64_t src, dst;
};

static uint32_t swap_out(struct world *w, const struct swap *s)
{
	uint8_t b[0x28] = { 0 };

	cf_store_le32(b, s->handle);
	cf_store_le32(b + 4, s->flags);
	cf_store_le64(b + 8, s->src);
	cf_store_le64(b + 0x10, s->dst);
	cf_store_le64(b + 0x18, MDATA);
	cf_store_le64(b + 0x20, 0x1122334455667788);
	return cf_sp_soft_call(w->sp, 0x70, b, sizeof(b));
}

static uint32_t swap_in(struct world *w, const struct swap *s)
{
	uint8_t b[0x20] = { 0 };

	cf_store_le32(b, s->handle);
	cf_store_le32(b + 4, s->flags);
	cf_store_le64(b + 8, s->src);
	cf_store_le64(b + 0x10, s->dst);
	cf_store_le64(b + 0x18, MDATA);
	return cf_sp_soft_call(w->sp, 0x71, b, sizeof(b));
}

/* A guest whose memory at `at` is len bytes of a pattern. */
static void open_filled(struct world *w, bool es, uint64_t at, size_t len)
{
	uint8_t page[CF_PAGE_SIZE];

	open_world(w, "a", es);
	start(w, es ? ES : 0, NULL);
	for (size_t i = 0; i < len; i += sizeof(page)) {
		memset(page, (int)(0x33 + i / sizeof(page) * 5), sizeof(page));
		put(w, at + i, page, sizeof(page));
	}
	update(w, at, len);
}

static void assert_guest_reads(struct world *w, uint64_t at, size_t len)
{
	uint8_t byte;

	for (size_t i = 0; i < len; i += CF_PAGE_SIZE) {
		assert_ok(cf_guest_read_private(
			w->mem, ASID, at + i + 77, &byte, 1, &err));
		assert_int_equal(byte, (uint8_t)(0x33 + i / CF_PAGE_SIZE * 5));
	}
}

static void flip(struct world *w, uint64_t at)
{
	uint8_t b;

	get(w, at, &b, 1);
	b ^= 1;
	put(w, at, &b, 1);
}

static void cycle(uint32_t flags, uint64_t page)
{
	size_t len = flags & 1 ? BIG : CF_PAGE_SIZE;
	struct swap out = { HANDLE, flags, page, 2 * BIG };
	struct swap in = { HANDLE, flags, 2 * BIG, 3 * BIG };
	const uint64_t damage[] = { 2 * BIG, 2 * BIG + len - 1, MDATA,
		MDATA + 8, MDATA + 0x10 };
	uint8_t md[0x40];
	struct world w;

	open_filled(&w, flags & 4, page, len);
	assert_int_equal(swap_out(&w, &out), 0);
	get(&w, MDATA, md, sizeof(md));
	assert_true(cf_load_le64(md) == 0x1122334455667788);
	assert_int_equal(cf_load_le64(md + 8), 1);
	assert_int_equal(cf_load_le32(md + 0x3C), flags);
	for (size_t i = 0; i < CF_ARRAY_LEN(damage); i++) {
		flip(&w, damage[i]);
		assert_int_equal(swap_in(&w, &in), CF_FW_BAD_MEASUREMENT);
		flip(&w, damage[i]);
	}
	for (uint64_t at = MDATA + 0x20; at < MDATA + 0x40; at += 4) {
		flip(&w, at);
		assert_int_equal(swap_in(&w, &in), CF_FW_INVALID_MDATA_ENTRY);
		flip(&w, at);
	}
	assert_int_equal(swap_in(&w, &in), 0);
	assert_guest_reads(&w, 3 * BIG, len);
	/* Each time another IV; and in place. */
	assert_int_equal(swap_out(&w, &out), 0);
	get(&w, MDATA, md, sizeof(md));
	assert_int_equal(cf_load_le64(md + 8), 2);
	in.dst = 2 * BIG;
	in.src = 0;
	in.flags |= 8;
	assert_int_equal(swap_in(&w, &in), 0);
	assert_guest_reads(&w, 2 * BIG, len);
	close_world(&w);
}

static void test_a_swapped_page_comes_back_whole_or_not_at_all(void **state)
{
	cycle(0, 0x3000);
	cycle(1, BIG);
	cycle(4, 0x3000); /* a VMSA */
}

static void test_swap_takes_pages_of_the_kind_and_size_it_names(void **state)
{
	struct swap s = { HANDLE, 0, 0x3000, 0x5000 };
	struct world w;

	open_filled(&w, false, 0x3000, CF_PAGE_SIZE);
	s.flags = 4;
	assert_int_equal(swap_out(&w, &s), CF_FW_POLICY_FAILURE);
	s.flags = 2;
	assert_int_equal(swap_out(&w, &s), CF_FW_INVALID_PARAM);
	s.flags = 8; /* in place is the way back only */
	assert_int_equal(swap_out(&w, &s), CF_FW_INVALID_PARAM);
	s.flags = 1;
	assert_int_equal(swap_out(&w, &s), CF_FW_INVALID_ADDRESS);
	s.flags = 0;
	s.src += 16;
	assert_int_equal(swap_out(&w, &s), CF_FW_INVALID_ADDRESS);
	s.src = RAM;
	assert_int_equal(swap_out(&w, &s), CF_FW_INVALID_ADDRESS);
	s.src = 0x3000;
	s.dst = RAM;
	assert_int_equal(swap_out(&w, &s), CF_FW_INVALID_ADDRESS);
	close_world(&w);
	open_filled(&w, true, 0x3000, CF_PAGE_SIZE);
	s.flags = 5;
	assert_int_equal(swap_out(&w, &s), CF_FW_INVALID_PAGE_SIZE);
	close_world(&w);
}

static void test_a_page_does_not_come_back_to_another_guest(void **state)
{
	struct swap s = { HANDLE, 0, 0x3000, 0x5000 };
	uint8_t b[0x24] = { 0 }, activate[8] = { 0 };
	struct world w;

	open_filled(&w, false, 0x3000, CF_PAGE_SIZE);
	assert_int_equal(swap_out(&w, &s), 0);
	assert_int_equal(cf_sp_soft_call(w.sp, 0x30, b, sizeof(b)), 0);
	memcpy(activate, b, 4);
	activate[4] = ASID + 1;
	assert_int_equal(
		cf_sp_soft_call(w.sp, 0x21, activate, sizeof(activate)), 0);
	s = (struct swap) { cf_load_le32(b), 0, 0x5000, 0x7000 };
	/* It has swapped nothing out yet, then something. */
	assert_int_equal(swap_in(&w, &s), CF_FW_INVALID_MDATA_ENTRY);
	s.src = 0x8000;
	s.dst = 0x9000;
	assert_int_equal(swap_out(&w, &s), 0);
	s.src = 0x9000;
	s.dst = 0xA000;
	assert_int_equal(swap_in(&w, &s), 0);
	s.handle = HANDLE;
	assert_int_equal(swap_in(&w, &s), CF_FW_BAD_MEASUREMENT);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_a_swapped_page_comes_back_whole_or_not_at_all),
		cmocka_unit_test(
			test_swap_takes_pages_of_the_kind_and_size_it_names),
		cmocka_unit_test(
			test_a_page_does_not_come_back_to_another_guest),
	};

	return cmocka_run_group_tests_name(
		"sp_soft_swap", tests, sp_roots_open, sp_roots_close);
}
