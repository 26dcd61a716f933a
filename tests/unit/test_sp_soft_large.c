/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of 2 MiB through the firmware's commands: launched, moved, swapped,
 * reclaimed, joined, fixed; and what happens when sizes differ.
 *
 * Expected: SNP firmware ABI (AMD 56860), APM volume 3 (AMD 24594) for
 * RMPUPDATE and PSMASH.
 */
#include "sp/soft/guest_priv.h"
#include "sp_world.h"

#define BIG(n) ((uint64_t)(n) << 21)
#define PAGES  (CF_RMP_LARGE / CF_PAGE_SIZE)

static struct cf_rmp_entry entry_of(const struct world *w, uint64_t spa)
{
	struct cf_rmp_entry e;

	assert_true(cf_rmp_get(w->mem, spa, &e));
	return e;
}

static struct cf_rmp_entry guests(uint64_t gpa, bool large)
{
	return (struct cf_rmp_entry) { .assigned = true,
		.immutable = true,
		.large = large,
		.asid = ASID,
		.gpa = gpa };
}

/* A guest in LAUNCH, nothing measured. */
static void open_launch(struct world *w)
{
	const struct cf_sp_soft_config config = { .product = CF_SP_MILAN,
		.seed = (const uint8_t *)"large",
		.seed_len = 5 };
	const struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV_SNP,
		.policy = 0xB0000 };

	*w = (struct world) { .gctx = gctx_of(ASID) };
	assert_ok(cf_memory_create(&w->mem, &err));
	assert_ok(cf_memory_add(w->mem, 0, RAM, CF_REGION_RAM, "ram", &err));
	assert_ok(cf_sp_soft_create(&config, &w->sp, &err));
	assert_ok(cf_sp_soft_guest_create(
		w->sp, w->mem, CF_PLATFORM_SEV_SNP, ASID, 1, &w->g, &err));
	assert_ok(w->g->ops->launch_start(w->g, &l, &err));
}

static void fill(struct world *w, uint64_t spa, uint8_t seed)
{
	uint8_t page[CF_PAGE_SIZE];

	for (uint64_t i = 0; i < PAGES; i++) {
		memset(page, (int)(seed + i * 7), sizeof(page));
		assert_ok(cf_guest_write(w->mem, spa + i * CF_PAGE_SIZE, page,
			sizeof(page), &err));
	}
}

static void assert_filled(struct world *w, uint64_t spa, uint8_t seed)
{
	uint8_t byte;

	for (uint64_t i = 0; i < PAGES; i++) {
		assert_ok(cf_guest_read_private(w->mem, ASID,
			spa + i * CF_PAGE_SIZE + 99, &byte, 1, &err));
		assert_int_equal(byte, (uint8_t)(seed + i * 7));
	}
}

static uint32_t update(struct world *w, unsigned type, bool large, uint64_t spa)
{
	uint8_t b[0x20] = { 0 };

	cf_store_le64(b, w->gctx);
	cf_store_le32(b + 8, type << 1 | (uint32_t)large);
	cf_store_le64(b + 0x10, spa);
	b[0x19] = CF_RMP_R; /* VMPL 1 */
	return call(w, 0xA1, b, sizeof(b));
}

static void digest(struct world *w, uint8_t out[CF_SHA384_LEN])
{
	uint8_t all[CF_DIGEST_MAX];
	size_t len;

	assert_ok(w->g->ops->launch_digest(w->g, all, &len, &err));
	assert_int_equal(len, CF_SHA384_LEN);
	memcpy(out, all, CF_SHA384_LEN);
}

static void test_a_large_page_is_launched_as_its_512_small_ones(void **state)
{
	static const unsigned types[] = { CF_PAGE_NORMAL, CF_PAGE_ZERO,
		CF_PAGE_UNMEASURED };
	uint8_t large[CF_SHA384_LEN], small[CF_SHA384_LEN];
	struct world w;

	for (size_t t = 0; t < CF_ARRAY_LEN(types); t++) {
		open_launch(&w);
		fill(&w, BIG(1), 3);
		rmp(&w, BIG(1), guests(BIG(4), true));
		assert_int_equal(update(&w, types[t], true, BIG(1)), 0);
		digest(&w, large);
		for (uint64_t i = 0; i < PAGES; i++) {
			uint64_t at = i * CF_PAGE_SIZE;
			struct cf_rmp_entry e = entry_of(&w, BIG(1) + at);

			assert_true(e.large && e.validated && !e.immutable);
			assert_true(e.gpa == BIG(4) + at);
			assert_int_equal(e.perms[0], 0xF);
			assert_int_equal(e.perms[1], CF_RMP_R);
		}
		if (types[t] != CF_PAGE_ZERO)
			assert_filled(&w, BIG(1), 3);
		close_world(&w);

		open_launch(&w);
		fill(&w, BIG(1), 3);
		for (uint64_t at = 0; at < CF_RMP_LARGE; at += CF_PAGE_SIZE) {
			rmp(&w, BIG(1) + at, guests(BIG(4) + at, false));
			assert_int_equal(
				update(&w, types[t], false, BIG(1) + at), 0);
		}
		digest(&w, small);
		assert_memory_equal(large, small, sizeof(large));
		close_world(&w);
	}
}

static void test_launch_update_wants_the_size_of_the_entry(void **state)
{
	static const unsigned special[] = { CF_PAGE_VMSA, CF_PAGE_SECRETS,
		CF_PAGE_CPUID };
	struct world w;

	open_launch(&w);
	rmp(&w, BIG(1), guests(BIG(1), true));
	rmp(&w, BIG(2), guests(BIG(2), false));
	assert_int_equal(update(&w, CF_PAGE_NORMAL, false, BIG(1)),
		CF_FW_INVALID_PAGE_SIZE);
	assert_int_equal(update(&w, CF_PAGE_NORMAL, false, BIG(1) + 0x1000),
		CF_FW_INVALID_PAGE_SIZE);
	assert_int_equal(update(&w, CF_PAGE_NORMAL, true, BIG(2)),
		CF_FW_INVALID_PAGE_SIZE);
	assert_int_equal(update(&w, CF_PAGE_NORMAL, true, BIG(1) + 0x1000),
		CF_FW_INVALID_ADDRESS);
	for (size_t i = 0; i < CF_ARRAY_LEN(special); i++)
		assert_int_equal(update(&w, special[i], true, BIG(1)),
			CF_FW_INVALID_PAGE_SIZE);
	assert_true(entry_of(&w, BIG(1)).immutable);
	close_world(&w);
}

static uint32_t one_address(struct world *w, uint32_t id, uint64_t spa)
{
	uint8_t b[8];

	cf_store_le64(b, spa);
	return call(w, id, b, sizeof(b));
}

static void test_reclaim_takes_a_large_page_whole(void **state)
{
	struct world w;

	open_world(&w, 0x30000);
	rmp(&w, BIG(1), guests(BIG(1), true));
	rmp(&w, BIG(2), guests(BIG(2), false));
	assert_int_equal(
		one_address(&w, 0xC7, BIG(1)), CF_FW_INVALID_PAGE_SIZE);
	assert_int_equal(
		one_address(&w, 0xC7, BIG(2) | 1), CF_FW_INVALID_PAGE_SIZE);
	assert_int_equal(one_address(&w, 0xC7, (BIG(1) + 0x1000) | 1),
		CF_FW_INVALID_ADDRESS);
	assert_int_equal(one_address(&w, 0xC7, BIG(1) | 1), 0);
	assert_true(entry_of(&w, BIG(1) + 0x5000).large);
	assert_int_equal(entry_of(&w, BIG(1) + 0x5000).asid, 0);
	assert_false(entry_of(&w, BIG(1) + 0x5000).immutable);
	/* And the host has it again. */
	assert_int_equal(cf_sp_host_rmpupdate(w.mem, BIG(1),
				 &(struct cf_rmp_entry) { .large = true }),
		0);
	assert_false(entry_of(&w, BIG(1) + 0x5000).assigned);
	close_world(&w);
}

static uint32_t move(struct world *w, bool large, uint64_t src, uint64_t dst)
{
	uint8_t b[0x20] = { 0 };

	cf_store_le64(b, w->gctx);
	cf_store_le32(b + 8, large);
	cf_store_le64(b + 0x10, src);
	cf_store_le64(b + 0x18, dst);
	return call(w, 0xC2, b, sizeof(b));
}

/* A validated, frozen large page with contents. */
static void put_frozen(struct world *w, uint64_t spa, uint64_t gpa)
{
	struct cf_rmp_entry e = guests(gpa, true);

	fill(w, spa, 9);
	assert_ok(cf_guest_encrypt_in_place(
		w->mem, ASID, spa, CF_RMP_LARGE, &err));
	e.validated = true;
	memcpy(e.perms, (uint8_t[]) { 0xF, 5, 0, 1 }, 4);
	rmp(w, spa, e);
}

static void test_a_large_page_moves_whole(void **state)
{
	struct cf_rmp_entry e;
	struct world w;

	open_world(&w, 0x30000);
	put_frozen(&w, BIG(1), BIG(5));
	rmp(&w, BIG(2), guests(BIG(5), false));
	rmp(&w, BIG(3), guests(BIG(5), true));
	assert_int_equal(
		move(&w, true, BIG(1), BIG(2)), CF_FW_INVALID_PAGE_SIZE);
	assert_int_equal(
		move(&w, false, BIG(1), BIG(2)), CF_FW_INVALID_PAGE_SIZE);
	assert_int_equal(
		move(&w, true, BIG(1), BIG(3) + 0x1000), CF_FW_INVALID_ADDRESS);
	assert_int_equal(move(&w, true, BIG(1), BIG(3)), 0);
	assert_filled(&w, BIG(3), 9);
	e = entry_of(&w, BIG(3) + 0x7000);
	assert_true(e.large && e.validated && !e.immutable);
	assert_true(e.gpa == BIG(5) + 0x7000);
	assert_int_equal(e.perms[1], 5);
	e = entry_of(&w, BIG(1) + 0x7000);
	assert_true(e.assigned && e.large && !e.asid && !e.immutable);
	close_world(&w);
}

struct swap {
	uint64_t src, dst, flags;
};

static uint32_t swap(struct world *w, uint32_t id, const struct swap *s)
{
	uint8_t b[0x30] = { 0 };

	cf_store_le64(b, w->gctx);
	cf_store_le64(b + 8, s->src);
	cf_store_le64(b + 0x10, s->dst);
	cf_store_le64(b + 0x28, s->flags | 0x10); /* entry in the context */
	return call(w, id, b, sizeof(b));
}

static void test_a_large_page_is_swapped_out_and_in_once(void **state)
{
	const struct cf_rmp_entry firmware = {
		.assigned = true, .immutable = true, .large = true
	};
	struct swap out = { BIG(1), BIG(2), 1 }, in = { BIG(2), BIG(3), 1 };
	struct cf_rmp_entry none = { .large = true };
	uint8_t byte;
	struct world w;

	open_world(&w, 0x30000);
	put_frozen(&w, BIG(1), BIG(5));
	firmware_page(&w, BIG(2));
	assert_int_equal(swap(&w, 0xC0, &out), CF_FW_INVALID_PAGE_SIZE);
	rmp(&w, BIG(2), firmware);
	out.flags = 0;
	assert_int_equal(swap(&w, 0xC0, &out), CF_FW_INVALID_PAGE_SIZE);
	out.flags = 1 | 1 << 1; /* a metadata page of 2 MiB */
	assert_int_equal(swap(&w, 0xC0, &out), CF_FW_INVALID_PAGE_SIZE);
	out.flags = 1;
	assert_int_equal(swap(&w, 0xC0, &out), 0);
	assert_true(entry_of(&w, BIG(1)).large && !entry_of(&w, BIG(1)).asid);
	assert_true(entry_of(&w, BIG(2)).large);
	assert_false(entry_of(&w, BIG(2)).immutable);

	/* Back in: in another size, damaged, right, and once more. */
	rmp(&w, BIG(2), none);
	rmp(&w, BIG(3), guests(BIG(5), false));
	in.flags = 0;
	assert_int_equal(swap(&w, 0xC1, &in), CF_FW_INVALID_MDATA_ENTRY);
	in.flags = 1;
	rmp(&w, BIG(3), guests(BIG(5), true));
	assert_ok(cf_guest_read(w.mem, BIG(3) - 1, &byte, 1, &err));
	byte ^= 1; /* the last byte that was swapped out */
	assert_ok(cf_guest_write(w.mem, BIG(3) - 1, &byte, 1, &err));
	assert_int_equal(swap(&w, 0xC1, &in), CF_FW_BAD_MEASUREMENT);
	byte ^= 1;
	assert_ok(cf_guest_write(w.mem, BIG(3) - 1, &byte, 1, &err));
	assert_int_equal(swap(&w, 0xC1, &in), 0);
	assert_filled(&w, BIG(3), 9);
	assert_true(entry_of(&w, BIG(3)).large);
	assert_true(entry_of(&w, BIG(3)).validated);
	assert_int_equal(entry_of(&w, BIG(3)).perms[1], 5);
	rmp(&w, BIG(4), guests(BIG(5), true));
	in.dst = BIG(4);
	assert_int_equal(swap(&w, 0xC1, &in), CF_FW_INVALID_MDATA_ENTRY);
	close_world(&w);
}

static void put_smalls(struct world *w, uint64_t spa, uint64_t gpa)
{
	struct cf_rmp_entry e = guests(gpa, false);

	e.validated = true;
	e.perms[0] = 0xF;
	for (uint64_t at = 0; at < CF_RMP_LARGE; at += CF_PAGE_SIZE) {
		e.gpa = gpa + at;
		rmp(w, spa + at, e);
	}
}

static void test_unsmash_joins_frozen_pages_that_are_alike(void **state)
{
	const uint64_t odd = BIG(1) + 0x1ff000;
	struct cf_rmp_entry good, e;
	struct world w;

	open_world(&w, 0x30000);
	put_smalls(&w, BIG(1), BIG(5));
	assert_int_equal(
		one_address(&w, 0xC8, BIG(1) + 0x1000), CF_FW_INVALID_ADDRESS);
	assert_int_equal(one_address(&w, 0xC8, RAM), CF_FW_INVALID_ADDRESS);
	good = entry_of(&w, odd);

#define WRONG(field, value, status)                                      \
	do {                                                             \
		e = good;                                                \
		e.field = value;                                         \
		rmp(&w, odd, e);                                         \
		assert_int_equal(one_address(&w, 0xC8, BIG(1)), status); \
		rmp(&w, odd, good);                                      \
	} while (0)
	WRONG(immutable, false, CF_FW_INVALID_PAGE_STATE);
	WRONG(validated, false, CF_FW_INVALID_PAGE_STATE);
	WRONG(gpa, 0x1000, CF_FW_INVALID_PAGE_STATE);
	WRONG(perms[2], 1, CF_FW_INVALID_PAGE_STATE);
	WRONG(vmsa, true, CF_FW_INVALID_PAGE_STATE);
	WRONG(asid, ASID + 1, CF_FW_INVALID_PAGE_OWNER);
	WRONG(asid, 0, CF_FW_INVALID_PAGE_STATE);
#undef WRONG
	assert_int_equal(one_address(&w, 0xC8, BIG(1) | 1), 0);
	e = entry_of(&w, odd);
	assert_true(e.large && e.validated && !e.immutable);
	assert_true(e.gpa == BIG(5) + 0x1ff000 && e.perms[0] == 0xF);
	/* Not twice, and not where the guest would not have 2 MiB. */
	assert_int_equal(
		one_address(&w, 0xC8, BIG(1)), CF_FW_INVALID_PAGE_STATE);
	put_smalls(&w, BIG(2), BIG(5) + 0x1000);
	assert_int_equal(
		one_address(&w, 0xC8, BIG(2)), CF_FW_INVALID_PAGE_STATE);
	close_world(&w);
}

static void test_rmpupdate_and_psmash_keep_sizes_apart(void **state)
{
	struct cf_rmp_entry large = {
		.assigned = true, .large = true, .asid = ASID, .gpa = BIG(1)
	};
	struct cf_rmp_entry small = {
		.assigned = true, .asid = ASID, .gpa = BIG(1)
	};
	struct world w;

	open_world(&w, 0x30000);
	/* The guest's pages of the launch lie in the first 2 MiB. */
	assert_int_equal(cf_sp_host_rmpupdate(w.mem, 0, &large), 4);
	assert_int_equal(
		cf_sp_host_rmpupdate(w.mem, BIG(1) + 0x1000, &large), 1);
	large.gpa += 0x1000;
	assert_int_equal(cf_sp_host_rmpupdate(w.mem, BIG(1), &large), 1);
	large.gpa -= 0x1000;
	assert_int_equal(cf_sp_host_rmpupdate(w.mem, RAM, &large), 1);
	assert_int_equal(cf_sp_host_psmash(w.mem, BIG(1)), 1);
	assert_int_equal(cf_sp_host_rmpupdate(w.mem, BIG(1), &large), 0);
	assert_int_equal(cf_sp_host_rmpupdate(w.mem, BIG(1), &small), 4);
	assert_int_equal(
		cf_sp_host_rmpupdate(w.mem, BIG(1) + 0x3000, &small), 4);
	assert_int_equal(cf_sp_host_psmash(w.mem, BIG(1) + 0x1000), 1);
	large.immutable = true;
	assert_int_equal(cf_sp_host_rmpupdate(w.mem, BIG(1), &large), 0);
	assert_int_equal(cf_sp_host_psmash(w.mem, BIG(1)), 2);
	large.immutable = false;
	rmp(&w, BIG(1), large);
	assert_int_equal(cf_sp_host_psmash(w.mem, BIG(1)), 0);
	assert_false(entry_of(&w, BIG(1) + 0x3000).large);
	assert_int_equal(cf_sp_host_rmpupdate(w.mem, BIG(1), &small), 0);
	close_world(&w);
}

/* --- HV-Fixed --- */

static void put_list(
	struct world *w, uint64_t at, uint64_t base, uint32_t pages)
{
	uint8_t list[CF_PAGE_SIZE] = { 1 };

	cf_store_le64(list + 8, base);
	cf_store_le32(list + 16, pages);
	assert_ok(cf_guest_write(w->mem, at, list, sizeof(list), &err));
}

/* The host reads and writes it, and no guest ever gets it. */
static void assert_fixed(struct world *w, uint64_t spa)
{
	struct cf_rmp_entry e = {
		.assigned = true, .asid = ASID, .gpa = 0x7000
	};
	uint8_t byte = 7;

	assert_false(entry_of(w, spa).assigned);
	assert_true(entry_of(w, spa).immutable);
	assert_ok(cf_guest_write(w->mem, spa, &byte, 1, &err));
	assert_int_equal(cf_sp_host_rmpupdate(w->mem, spa, &e), 2);
	assert_int_equal(one_address(w, 0xC7, spa), CF_FW_INVALID_PAGE_STATE);
}

static void test_init_ex_fixes_what_its_list_names(void **state)
{
	const struct cf_sp_soft_config config = { .product = CF_SP_MILAN,
		.seed = (const uint8_t *)"fix",
		.seed_len = 3 };
	struct cf_sp_soft_memory bound;
	uint8_t b[0x40] = { 3 };
	struct world w = { 0 };

	assert_ok(cf_memory_create(&w.mem, &err));
	assert_ok(cf_memory_add(w.mem, 0, RAM, CF_REGION_RAM, "ram", &err));
	assert_ok(cf_sp_soft_create(&config, &w.sp, &err));
	cf_sp_soft_memory_bind(w.mem, &bound);
	cf_sp_soft_set_memory(w.sp, &bound);
	put_list(&w, 0x50000, 0x7001, 3);
	cf_store_le64(b + 8, 0x50000);
	assert_int_equal(call(&w, 0x85, b, sizeof(b)), CF_FW_INVALID_PARAM);
	/* A range may go on where there is no memory. */
	put_list(&w, 0x50000, RAM - BIG(1) - 0x2000, 4096);
	assert_int_equal(call(&w, 0x85, b, sizeof(b)), 0);
	assert_fixed(&w, RAM - BIG(1) - 0x2000);
	assert_fixed(&w, RAM - 0x1000);
	assert_false(entry_of(&w, RAM - BIG(1) - 0x3000).immutable);
	/* The next initialisation begins anew. */
	assert_int_equal(call(&w, 0x82, NULL, 0), 0);
	b[0] = 1;
	assert_int_equal(call(&w, 0x85, b, sizeof(b)), 0);
	assert_false(entry_of(&w, RAM - 0x1000).immutable);
	cf_sp_soft_destroy(w.sp);
	cf_memory_destroy(w.mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_a_large_page_is_launched_as_its_512_small_ones),
		cmocka_unit_test(
			test_launch_update_wants_the_size_of_the_entry),
		cmocka_unit_test(test_reclaim_takes_a_large_page_whole),
		cmocka_unit_test(test_a_large_page_moves_whole),
		cmocka_unit_test(test_a_large_page_is_swapped_out_and_in_once),
		cmocka_unit_test(
			test_unsmash_joins_frozen_pages_that_are_alike),
		cmocka_unit_test(test_rmpupdate_and_psmash_keep_sizes_apart),
		cmocka_unit_test(test_init_ex_fixes_what_its_list_names),
	};

	return cmocka_run_group_tests_name("sp_soft_large", tests, NULL, NULL);
}
