/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNP after launch: page moves and swaps, debugging, the platform's
 * configuration, the VLEK and migration agents, through the door.
 */
#include "test.h"

#include "sp_world.h"

static void assert_plain(struct world *w, uint64_t spa, uint8_t byte)
{
	uint8_t page[CF_PAGE_SIZE];

	assert_ok(cf_guest_read_private(
		w->mem, ASID, spa, page, sizeof(page), &err));
	assert_int_equal(page[0], byte);
	assert_int_equal(page[4095], byte);
}

static uint32_t move(struct world *w, uint64_t src, uint64_t dst)
{
	uint8_t buf[0x20] = { 0 };

	cf_store_le64(buf, w->gctx);
	cf_store_le64(buf + 0x10, src);
	cf_store_le64(buf + 0x18, dst);
	return call(w, 0xC2, buf, sizeof(buf));
}

static void test_a_moved_page_keeps_its_contents_and_rights(void **state)
{
	uint8_t raw[CF_PAGE_SIZE], page[CF_PAGE_SIZE];
	struct cf_rmp_entry e;
	struct world w;

	open_world(&w, 0x30000);
	assert_int_equal(move(&w, 0x1000, 0x8000), CF_FW_INVALID_PAGE_STATE);
	freeze(&w, 0x1000);
	assert_int_equal(move(&w, 0x1000, 0x8000), CF_FW_INVALID_PAGE_STATE);
	pre_guest(&w, 0x8000, 0x9000);
	assert_int_equal(move(&w, 0x1000, 0x8000), CF_FW_INVALID_PARAM);
	pre_guest(&w, 0x8000, 0x1000);
	assert_int_equal(move(&w, 0x1000, 0x8001), CF_FW_INVALID_ADDRESS);
	assert_int_equal(move(&w, 0x1000, 0x8000), 0);
	assert_plain(&w, 0x8000, 0x31);
	assert_true(cf_rmp_get(w.mem, 0x8000, &e));
	assert_true(e.validated && !e.immutable && e.gpa == 0x1000);
	assert_int_equal(e.perms[0], 0xF);
	assert_true(cf_rmp_get(w.mem, 0x1000, &e));
	assert_true(e.assigned && !e.immutable && !e.asid);

	/* Cipher text that the host carries elsewhere is noise there. */
	rmp(&w, 0x1000, (struct cf_rmp_entry) { 0 });
	assert_ok(cf_guest_read(w.mem, 0x8000, raw, sizeof(raw), &err));
	assert_ok(cf_guest_write(w.mem, 0x1000, raw, sizeof(raw), &err));
	assert_ok(cf_guest_read_private(
		w.mem, ASID, 0x1000, page, sizeof(page), &err));
	assert_int_not_equal(page[0], page[1]);
	close_world(&w);
}

struct swap {
	uint64_t src, dst, mdata, flags;
};

static uint32_t swap(struct world *w, uint32_t id, const struct swap *s)
{
	uint8_t buf[0x30] = { 0 };

	cf_store_le64(buf, w->gctx);
	cf_store_le64(buf + 8, s->src);
	cf_store_le64(buf + 0x10, s->dst);
	cf_store_le64(buf + 0x18, s->mdata);
	cf_store_le64(buf + 0x28, s->flags);
	return call(w, id, buf, sizeof(buf));
}

static void swap_cycle(uint64_t flags, uint64_t mdata)
{
	struct swap out = { 0x1000, 0x10000, mdata, flags };
	struct swap in = { 0x10000, 0x8000, mdata, flags };
	uint8_t buf[0x10], blob[CF_PAGE_SIZE];
	struct cf_rmp_entry e;
	struct world w;

	open_world(&w, 0x30000);
	firmware_page(&w, 0x20000);
	cf_store_le64(buf, w.gctx);
	cf_store_le64(buf + 8, 0x20000);
	assert_int_equal(call(&w, 0xC3, buf, sizeof(buf)), 0);
	firmware_page(&w, 0x10000);
	assert_int_equal(swap(&w, 0xC0, &out), CF_FW_INVALID_PAGE_STATE);
	freeze(&w, 0x1000);
	out.flags |= 4; /* a VMSA, which it is not */
	assert_int_equal(swap(&w, 0xC0, &out), CF_FW_INVALID_PARAM);
	out.flags = flags;
	assert_int_equal(swap(&w, 0xC0, &out), 0);
	/* The entry holds a page now. */
	freeze(&w, SECRETS);
	firmware_page(&w, 0x11000);
	out.src = SECRETS;
	out.dst = 0x11000;
	assert_int_equal(swap(&w, 0xC0, &out), CF_FW_INVALID_MDATA_ENTRY);

	/* Back in: wrong address, damaged, then right, then once more. */
	rmp(&w, 0x10000, (struct cf_rmp_entry) { 0 });
	pre_guest(&w, 0x8000, 0x7000);
	assert_int_equal(swap(&w, 0xC1, &in), CF_FW_INVALID_MDATA_ENTRY);
	pre_guest(&w, 0x8000, 0x1000);
	assert_ok(cf_guest_read(w.mem, 0x10000, blob, sizeof(blob), &err));
	blob[77] ^= 1;
	assert_ok(cf_guest_write(w.mem, 0x10000, blob, sizeof(blob), &err));
	assert_int_equal(swap(&w, 0xC1, &in), CF_FW_BAD_MEASUREMENT);
	blob[77] ^= 1;
	assert_ok(cf_guest_write(w.mem, 0x10000, blob, sizeof(blob), &err));
	assert_int_equal(swap(&w, 0xC1, &in), 0);
	assert_plain(&w, 0x8000, 0x31);
	assert_true(cf_rmp_get(w.mem, 0x8000, &e));
	assert_true(e.validated && !e.immutable && e.perms[0] == 0xF);
	pre_guest(&w, 0x9000, 0x1000);
	in.dst = 0x9000;
	assert_int_equal(swap(&w, 0xC1, &in), CF_FW_INVALID_MDATA_ENTRY);
	close_world(&w);
}

static void test_a_swapped_page_comes_back_once_and_whole(void **state)
{
	swap_cycle(0, 0x20040);
	swap_cycle(0x10, 0); /* metadata in the context */
}

static void test_metadata_pages_swap_too(void **state)
{
	struct swap out = { 0x20000, 0x10000, 0, 0x12 };
	struct swap in = { 0x10000, 0x21000, 0, 0x12 };
	uint8_t buf[0x10];
	struct cf_rmp_entry e;
	struct world w;

	open_world(&w, 0x30000);
	firmware_page(&w, 0x20000);
	cf_store_le64(buf, w.gctx);
	cf_store_le64(buf + 8, 0x20000);
	assert_int_equal(call(&w, 0xC3, buf, sizeof(buf)), 0);
	firmware_page(&w, 0x10000);
	assert_int_equal(swap(&w, 0xC0, &out), 0);
	firmware_page(&w, 0x21000);
	assert_int_equal(swap(&w, 0xC1, &in), 0);
	assert_true(cf_rmp_get(w.mem, 0x21000, &e));
	assert_true(e.immutable && !e.asid && e.gpa == w.gctx);
	close_world(&w);
}

static void test_policy_can_forbid_swapping(void **state)
{
	struct swap s = { 0x1000, 0x10000, 0, 0x10 };
	struct world w;

	open_world(&w, 0x2030000);
	freeze(&w, 0x1000);
	assert_int_equal(swap(&w, 0xC0, &s), CF_FW_POLICY_FAILURE);
	assert_int_equal(swap(&w, 0xC1, &s), CF_FW_POLICY_FAILURE);
	assert_int_equal(move(&w, 0x1000, 0x8000), CF_FW_POLICY_FAILURE);
	close_world(&w);
}

static void test_debugging_needs_the_policy(void **state)
{
	uint8_t bytes[8000], back[100];
	struct world w;

	open_world(&w, 0x30000);
	assert_status(COFFER_ERR_FIRMWARE,
		w.g->ops->dbg_decrypt(w.g, 0x1000, bytes, 16, &err));
	assert_int_equal(err.fw_status, CF_FW_POLICY_FAILURE);
	close_world(&w);
	open_world(&w, 0xB0000);
	assert_ok(
		w.g->ops->dbg_decrypt(w.g, 0x1000, bytes, sizeof(bytes), &err));
	assert_int_equal(bytes[4095], 0x31);
	assert_int_equal(bytes[4096], 4); /* secrets page, version */
	memset(back, 0x55, sizeof(back));
	assert_ok(w.g->ops->dbg_encrypt(w.g, 0x1100, back, 100, &err));
	assert_ok(cf_guest_read_private(w.mem, ASID, 0x10FF, bytes, 102, &err));
	assert_int_equal(bytes[0], 0x31);
	assert_int_equal(bytes[1], 0x55);
	assert_int_equal(bytes[100], 0x55);
	assert_int_equal(bytes[101], 0x31);
	close_world(&w);
}

/* --- Configuration and VLEK --- */

static uint32_t config(struct world *w, uint64_t tcb, uint32_t flags)
{
	uint8_t buf[0x40] = { 0 };

	cf_store_le64(buf, tcb);
	cf_store_le32(buf + 8, flags);
	return call(w, 0xC9, buf, sizeof(buf));
}

/* Request with VMPCK0, sequence number counted by the caller. */
static uint32_t ask(struct world *w, uint64_t seqno, unsigned type,
	const uint8_t *payload, size_t len, uint8_t *out)
{
	uint8_t page[CF_PAGE_SIZE] = { 0 }, key[32], iv[12] = { 0 };
	uint32_t fw = 0xFFFF;

	assert_ok(cf_guest_read_private(
		w->mem, ASID, SECRETS + 0x20, key, sizeof(key), &err));
	cf_store_le64(page + 0x20, seqno);
	page[0x30] = 1;
	page[0x31] = 1;
	cf_store_le16(page + 0x32, 0x60);
	page[0x34] = (uint8_t)type;
	page[0x35] = 1;
	cf_store_le16(page + 0x36, (uint16_t)len);
	cf_store_le64(iv, seqno);
	assert_ok(cf_aes256_gcm_seal(key, iv, page + 0x30, 0x30, payload, len,
		page + 0x60, page, &err));
	assert_ok(cf_guest_write(w->mem, 0x30000, page, sizeof(page), &err));
	assert_ok(w->g->ops->guest_request(w->g, 0x30000, 0x31000, &fw, &err));
	if (fw)
		return fw;
	assert_ok(cf_guest_read(w->mem, 0x31000, page, sizeof(page), &err));
	cf_store_le64(iv, seqno + 1);
	assert_ok(cf_aes256_gcm_open(key, iv, page + 0x30, 0x30, page + 0x60,
		cf_load_le16(page + 0x36), out, page, &err));
	return 0;
}

static const uint8_t *report(
	struct world *w, uint64_t seqno, unsigned sel, uint8_t *out)
{
	uint8_t req[0x60] = { 0 };

	req[0x44] = (uint8_t)sel;
	assert_int_equal(ask(w, seqno, 5, req, sizeof(req), out), 0);
	return out + 0x20;
}

/* Genoa's committed patch levels in the model: 10, 0, 22, 84. */
#define COMMITTED 0x541600000000000Aull

static void test_config_lowers_and_masks_what_is_reported(void **state)
{
	uint8_t out[4000];
	const uint8_t *r;
	struct world w;

	open_world(&w, 0x30000);
	r = report(&w, 1, 0, out);
	assert_true(cf_load_le64(r + 0x180) == COMMITTED);
	assert_int_equal(config(&w, COMMITTED + 1, 0), CF_FW_INVALID_PARAM);
	assert_int_equal(
		config(&w, COMMITTED | 0x10000, 0), CF_FW_INVALID_PARAM);
	assert_int_equal(config(&w, COMMITTED, 4), CF_FW_INVALID_PARAM);
	assert_int_equal(config(&w, COMMITTED - 1, 1), 0);
	r = report(&w, 3, 0, out);
	assert_true(cf_load_le64(r + 0x180) == COMMITTED - 1);
	assert_true(cf_load_le64(r + 0x1E0) == COMMITTED);
	assert_true(cf_is_zero(r + 0x1A0, 64));
	assert_false(cf_is_zero(r + 0x2A0, 144));
	/* Masked key: no signature, SIGNING_KEY 7. */
	assert_int_equal(config(&w, COMMITTED, 2), 0);
	r = report(&w, 5, 0, out);
	assert_int_equal(r[0x48], 2 | 7 << 2);
	assert_true(cf_is_zero(r + 0x2A0, 144));
	assert_false(cf_is_zero(r + 0x1A0, 64));
	close_world(&w);
}

static void test_commit_raises_the_committed_version(void **state)
{
	uint8_t buf[4] = { 4 }, out[4000];
	const uint8_t *r;
	struct world w;

	open_world(&w, 0x30000);
	r = report(&w, 1, 0, out);
	assert_int_equal(r[0x1E8], 21);
	assert_int_equal(r[0x1EC], 20);
	assert_int_equal(call(&w, 0xCB, buf, sizeof(buf)), 0);
	r = report(&w, 3, 0, out);
	assert_int_equal(r[0x1EC], 21);
	assert_memory_equal(r + 0x38, r + 0x1E0, 8);
	assert_memory_equal(r + 0x38, r + 0x180, 8);
	close_world(&w);
}

static void test_vlek_signs_when_it_is_loaded(void **state)
{
	uint8_t wrapped[CF_SP_VLEK_WRAPPED_LEN], buf[0x10] = { 0x10 };
	uint8_t out[4000];
	const uint8_t *r;
	struct world w;

	open_world(&w, 0x30000);
	assert_ok(cf_sp_soft_vlek_wrap(w.sp, wrapped, &err));
	cf_store_le64(buf + 8, 0x40000);
	wrapped[0x20] ^= 1;
	assert_ok(
		cf_guest_write(w.mem, 0x40000, wrapped, sizeof(wrapped), &err));
	assert_int_equal(
		call(&w, 0xCD, buf, sizeof(buf)), CF_FW_BAD_MEASUREMENT);
	report(&w, 1, 2, out);
	assert_int_equal(cf_load_le32(out), CF_FW_INVALID_KEY);
	wrapped[0x20] ^= 1;
	assert_ok(
		cf_guest_write(w.mem, 0x40000, wrapped, sizeof(wrapped), &err));
	assert_int_equal(call(&w, 0xCD, buf, sizeof(buf)), 0);
	r = report(&w, 3, 0, out);
	assert_int_equal(r[0x48], 1 << 2);
	assert_true(cf_is_zero(r + 0x1A0, 64));
	r = report(&w, 5, 1, out);
	assert_int_equal(r[0x48], 0);
	close_world(&w);
}

/* --- Migration agents --- */

static void test_an_agent_exports_and_imports_its_ward(void **state)
{
	uint8_t buf[0x40] = { 0 }, out[4000], in[0x320] = { 0 };
	uint64_t gctx = 0x60000, target = 0x61000;
	struct world w;
	uint32_t fw;

	open_world(&w, 0x30000);
	for (unsigned i = 0; i < 2; i++) {
		firmware_page(&w, gctx + i * 0x1000);
		cf_store_le64(buf, gctx + i * 0x1000);
		assert_int_equal(call(&w, 0x93, buf, 8), 0);
	}
	/* Without the policy bit no agent is bound. */
	cf_store_le64(buf, gctx);
	cf_store_le64(buf + 8, 0x30000);
	cf_store_le64(buf + 0x10, w.gctx);
	cf_store_le32(buf + 0x18, 1);
	assert_int_equal(call(&w, 0xA0, buf, 0x30), CF_FW_POLICY_FAILURE);
	cf_store_le64(buf + 8, 0x70000);
	assert_int_equal(call(&w, 0xA0, buf, 0x30), 0);
	memset(buf, 0, sizeof(buf));
	cf_store_le64(buf, gctx);
	assert_int_equal(call(&w, 0xA2, buf, 0x40), 0);

	/* Not its ward: itself. */
	cf_store_le64(in, w.gctx);
	assert_int_equal(ask(&w, 1, 7, in, 0x10, out), 0);
	assert_int_equal(cf_load_le32(out), CF_FW_INVALID_PARAM);
	cf_store_le64(in, gctx);
	assert_int_equal(ask(&w, 3, 7, in, 0x10, out), 0);
	assert_int_equal(cf_load_le32(out), 0);
	assert_int_equal(cf_load_le32(out + 4), 0x300);
	assert_int_equal(cf_load_le64(out + 0x20 + 0x228), 0x70000);
	assert_int_equal(cf_load_le32(out + 0x20 + 0x230), 2);

	memcpy(in + 0x20, out + 0x20, 0x300);
	cf_store_le64(in, target);
	cf_store_le32(in + 8, 0x300);
	cf_store_le32(in + 12, 2);
	fw = ask(&w, 5, 9, in, sizeof(in), out);
	assert_int_equal(fw, 0);
	assert_int_equal(cf_load_le32(out), 0);
	/* Into a context that runs already: no. */
	assert_int_equal(ask(&w, 7, 9, in, sizeof(in), out), 0);
	assert_int_equal(cf_load_le32(out), CF_FW_INVALID_GUEST_STATE);

	/* A root key for its ward. */
	memset(in, 0, sizeof(in));
	cf_store_le64(in, gctx);
	memset(in + 0x20, 0x77, 32);
	assert_int_equal(ask(&w, 9, 13, in, 0x40, out), 0);
	assert_int_equal(cf_load_le32(out), 0);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_a_moved_page_keeps_its_contents_and_rights),
		cmocka_unit_test(test_a_swapped_page_comes_back_once_and_whole),
		cmocka_unit_test(test_metadata_pages_swap_too),
		cmocka_unit_test(test_policy_can_forbid_swapping),
		cmocka_unit_test(test_debugging_needs_the_policy),
		cmocka_unit_test(test_config_lowers_and_masks_what_is_reported),
		cmocka_unit_test(test_commit_raises_the_committed_version),
		cmocka_unit_test(test_vlek_signs_when_it_is_loaded),
		cmocka_unit_test(test_an_agent_exports_and_imports_its_ward),
	};

	return cmocka_run_group_tests_name("sp_soft_page", tests, NULL, NULL);
}
