/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SNP guest on the software processor: launch, guest messages, reports and
 * derived keys.  Expected digests are published vectors.
 */
#include "sp_snp_world.h"

static void test_launch_gives_the_published_digests(void **state)
{
	struct world w;
	uint8_t zero[CF_PAGE_SIZE] = { 0 }, page[CF_PAGE_SIZE];
	struct cf_rmp_entry e;
	uint64_t vmsa;

	open_world(&w, CF_SP_MILAN);
	launch(&w);
	/* The host reads cipher text, the guest the zeros that it was. */
	assert_ok(cf_guest_read(w.mem, 0, page, sizeof(page), &err));
	assert_memory_not_equal(page, zero, sizeof(page));
	assert_ok(cf_guest_read_private(
		w.mem, ASID, 0, page, sizeof(page), &err));
	assert_memory_equal(page, zero, sizeof(page));
	assert_true(cf_rmp_get(w.mem, 0, &e));
	assert_true(e.assigned && e.validated && !e.immutable && !e.vmsa);
	assert_int_equal(e.asid, ASID);
	assert_int_equal(e.perms[0], 0xF);
	assert_true(cf_sp_soft_vmsa(w.g, 0, &vmsa));
	assert_true(cf_rmp_get(w.mem, vmsa, &e));
	assert_true(e.vmsa && e.gpa == 0xFFFFFFFFF000);
	assert_false(cf_sp_soft_vmsa(w.g, 1, &vmsa));
	assert_status(COFFER_ERR_STATE,
		cf_guest_write(w.mem, 0, zero, sizeof(zero), &err));
	close_world(&w);
}

static void test_launch_refuses_a_page_twice_and_bad_policies(void **state)
{
	static const struct {
		uint64_t policy;
		uint32_t fw;
	} bad[] = {
		{ 0x20000, CF_FW_POLICY_FAILURE },   /* no SMT */
		{ 0x30200, CF_FW_POLICY_FAILURE },   /* ABI 2.0 */
		{ 0x30138, CF_FW_POLICY_FAILURE },   /* ABI 1.56 */
		{ 0x430000, CF_FW_POLICY_FAILURE },  /* AES-256-XTS */
		{ 0x830000, CF_FW_POLICY_FAILURE },  /* RAPL disabled */
		{ 0x1030000, CF_FW_POLICY_FAILURE }, /* ciphertext hiding */
		{ 0x10000, CF_FW_INVALID_PARAM },    /* bit 17 clear */
		{ 0x4030000, CF_FW_INVALID_PARAM },  /* bit 26 */
	};
	struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV_SNP };
	struct world w;

	for (size_t i = 0; i < CF_ARRAY_LEN(bad); i++) {
		open_world(&w, CF_SP_MILAN);
		l.policy = bad[i].policy;
		assert_status(COFFER_ERR_FIRMWARE,
			w.g->ops->launch_start(w.g, &l, &err));
		assert_int_equal(err.fw_status, bad[i].fw);
		close_world(&w);
	}
	open_world(&w, CF_SP_MILAN);
	start(&w, 0x30137);
	assert_ok(update(&w, CF_PAGE_NORMAL, 0));
	assert_status(COFFER_ERR_STATE, update(&w, CF_PAGE_NORMAL, 0));
	assert_message("launched already");
	assert_status(COFFER_ERR_STATE, update(&w, CF_PAGE_NORMAL, RAM));
	close_world(&w);
}

static void test_reports_hold_the_launch_by_product(void **state)
{
	static const struct {
		enum cf_sp_product product;
		uint32_t version;
		uint8_t family;
		size_t hwid;
	} rows[] = {
		{ CF_SP_MILAN, 2, 0, 64 },
		{ CF_SP_GENOA, 3, 0x19, 64 },
		{ CF_SP_TURIN, 5, 0x1A, 8 },
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(rows); i++) {
		uint8_t out[4000], ld[CF_DIGEST_MAX];
		const uint8_t *r;
		struct channel c;
		struct world w;
		size_t len;

		open_world(&w, rows[i].product);
		launch(&w);
		finish(&w);
		c = open_channel(&w, 0);
		r = get_report(&w, &c, 0, out);
		assert_int_equal(cf_load_le32(out), 0);
		assert_int_equal(cf_load_le32(out + 4), 0x4A0);
		assert_int_equal(cf_load_le32(r), rows[i].version);
		assert_int_equal(r[0x188], rows[i].family);
		assert_int_equal(cf_load_le64(r + 8), POLICY);
		assert_int_equal(r[0x50], 0xAB);
		assert_int_equal(r[0xC0], 0x48);
		assert_ok(w.g->ops->launch_digest(w.g, ld, &len, &err));
		assert_memory_equal(r + 0x90, ld, 48);
		assert_true(cf_is_zero(
			r + 0x1A0 + rows[i].hwid, 64 - rows[i].hwid));
		assert_false(cf_is_zero(r + 0x1A0, rows[i].hwid));
		assert_int_equal(r[0x160], 0xFF);
		assert_int_equal(r[0x17F], 0xFF);
		close_world(&w);
	}
}

static void test_messages_replayed_reordered_or_damaged_are_refused(
	void **state)
{
	uint8_t req[0x60] = { 1 }, first[CF_PAGE_SIZE], page[CF_PAGE_SIZE];
	uint8_t out[4000];
	struct channel c, other;
	struct world w;
	size_t len;

	open_world(&w, CF_SP_MILAN);
	launch(&w);
	finish(&w);
	c = open_channel(&w, 0);
	seal(&c, 1, 5, req, sizeof(req), first);
	assert_int_equal(send_page(&w, &c, first, out, &len), 0);
	/* The same again, one too early, one too late, an even number. */
	assert_int_equal(
		send_page(&w, &c, first, out, &len), CF_FW_INVALID_PARAM);
	for (uint64_t seqno = 0; seqno < 8; seqno++) {
		if (seqno == 3)
			continue;
		seal(&c, seqno, 5, req, sizeof(req), page);
		assert_int_equal(send_page(&w, &c, page, out, &len),
			CF_FW_INVALID_PARAM);
	}
	seal(&c, UINT64_MAX, 5, req, sizeof(req), page);
	assert_int_equal(
		send_page(&w, &c, page, out, &len), CF_FW_INVALID_PARAM);
	/* Any byte of the header or the cipher text. */
	for (size_t i = 0; i < 0x60 + sizeof(req); i++) {
		seal(&c, 3, 5, req, sizeof(req), page);
		page[i] ^= 1;
		assert_int_equal(send_page(&w, &c, page, out, &len),
			CF_FW_INVALID_PARAM);
	}
	/* Another VMPL's key counts by itself. */
	other = open_channel(&w, 2);
	seal(&other, 1, 5, req, sizeof(req), page);
	assert_int_equal(send_page(&w, &other, page, out, &len), 0);
	assert_int_equal(cf_load_le32(out), CF_FW_INVALID_PARAM); /* VMPL 0 */
	/* None of that moved the counter. */
	seal(&c, 3, 5, req, sizeof(req), page);
	assert_int_equal(send_page(&w, &c, page, out, &len), 0);
	close_world(&w);
}

static void derive(struct world *w, const struct channel *c,
	const uint8_t req[0x20], uint32_t want, uint8_t key[32])
{
	uint8_t out[4000];
	size_t len;

	assert_int_equal(ask(w, c, 3, req, 0x20, out, &len), 0);
	assert_int_equal(len, 0x40);
	assert_int_equal(cf_load_le32(out), want);
	memcpy(key, out + 0x20, 32);
}

static void test_derived_keys_depend_on_what_is_selected(void **state)
{
	uint8_t req[0x20] = { 0 }, base[32], key[32], tcb_key[32];
	struct channel c;
	struct world w, debug;

	open_world(&w, CF_SP_MILAN);
	launch(&w);
	finish(&w);
	c = open_channel(&w, 0);
	derive(&w, &c, req, 0, base);
	derive(&w, &c, req, 0, key);
	assert_memory_equal(base, key, 32);
	/* The number of a field that is not selected does not count. */
	req[0x18] = 1;
	derive(&w, &c, req, 0, key);
	assert_memory_equal(base, key, 32);
	req[8] = 0x20;
	derive(&w, &c, req, 0, tcb_key);
	assert_memory_not_equal(base, tcb_key, 32);
	req[0x18] = 0;
	derive(&w, &c, req, 0, key);
	assert_memory_not_equal(key, tcb_key, 32);
	/* Each field changes the key; bit 6 is not in version 1. */
	for (unsigned bit = 0; bit < 6; bit++) {
		req[8] = (uint8_t)(1u << bit);
		derive(&w, &c, req, 0, key);
		assert_memory_not_equal(base, key, 32);
	}
	req[8] = 0x40;
	derive(&w, &c, req, CF_FW_INVALID_PARAM, key);
	req[8] = 0;
	req[0x14] = 1; /* GUEST_SVN above the ID block's (none: 0) */
	derive(&w, &c, req, CF_FW_INVALID_PARAM, key);
	req[0x14] = 0;
	req[0x1F] = 0xFF; /* microcode above the committed one */
	derive(&w, &c, req, CF_FW_INVALID_PARAM, key);
	req[0x1F] = 0;
	req[0] = 1; /* VMRK, and there is none */
	derive(&w, &c, req, CF_FW_INVALID_KEY, key);
	req[0] = 4; /* VLEK, and there is none */
	derive(&w, &c, req, CF_FW_INVALID_KEY, key);
	req[0] = 0;
	req[0x10] = 1;
	derive(&w, &c, req, 0, key);
	assert_memory_not_equal(base, key, 32);
	close_world(&w);

	/* Another policy: a key with the policy selected differs, one
	 * without it does not. */
	open_world(&debug, CF_SP_MILAN);
	start(&debug, POLICY | 1 << 19);
	assert_ok(update(&debug, CF_PAGE_SECRETS, SECRETS));
	finish(&debug);
	c = open_channel(&debug, 0);
	memset(req, 0, sizeof(req));
	derive(&debug, &c, req, 0, key);
	assert_memory_equal(base, key, 32);
	close_world(&debug);
}

static void test_cpuid_page_is_corrected_and_refused(void **state)
{
	uint8_t page[CF_PAGE_SIZE] = { 1 };
	struct world w;

	open_world(&w, CF_SP_MILAN);
	start(&w, POLICY);
	cf_store_le32(page + 0x10, 1);
	cf_store_le32(page + 0x10 + 0x20, 1u << 24 | 1u << 23);
	assert_ok(cf_guest_write(w.mem, 0x3000, page, sizeof(page), &err));
	assert_status(COFFER_ERR_FIRMWARE, update(&w, CF_PAGE_CPUID, 0x3000));
	assert_int_equal(err.fw_status, CF_FW_INVALID_PARAM);
	assert_message("ecx=0x1800000 for leaf 0x1");
	assert_message("accepts 0x800000");
	/* The host gets the corrected page back and may use it. */
	assert_ok(cf_guest_read(w.mem, 0x3000, page, sizeof(page), &err));
	assert_int_equal(cf_load_le32(page + 0x30), 1u << 23);
	assert_ok(update(&w, CF_PAGE_CPUID, 0x3000));
	/* More entries than there is room for. */
	page[0] = 65;
	assert_ok(cf_guest_write(w.mem, 0x4000, page, sizeof(page), &err));
	assert_status(COFFER_ERR_FIRMWARE, update(&w, CF_PAGE_CPUID, 0x4000));
	close_world(&w);
}

static void test_cpuid_and_tsc_messages_are_answered(void **state)
{
	uint8_t table[0x10 + 2 * 48] = { 2 }, out[4000];
	uint8_t zeros[0x80] = { 0 };
	struct channel c;
	struct world w;
	size_t len;

	open_world(&w, CF_SP_GENOA);
	launch(&w);
	finish(&w);
	c = open_channel(&w, 0);
	cf_store_le32(table + 0x10, 0x80000008);
	cf_store_le32(table + 0x40, 7);
	cf_store_le32(table + 0x40 + 0x24, 1u << 26 | 1); /* SPEC_CTRL */
	assert_int_equal(ask(&w, &c, 1, table, sizeof(table), out, &len), 0);
	assert_int_equal(len, sizeof(table));
	assert_int_equal(cf_load_le32(out), CF_FW_INVALID_PARAM);
	assert_int_equal(cf_load_le32(out + 4), 2);
	assert_int_equal(cf_load_le32(out + 0x40 + 0x24), 1);
	cf_store_le32(table + 0x40 + 0x24, 1);
	assert_int_equal(ask(&w, &c, 1, table, sizeof(table), out, &len), 0);
	assert_int_equal(cf_load_le32(out), 0);
	/* The count and the length of the message differ. */
	table[0] = 3;
	assert_int_equal(ask(&w, &c, 1, table, sizeof(table), out, &len),
		CF_FW_INVALID_PARAM);
	assert_int_equal(ask(&w, &c, 17, zeros, sizeof(zeros), out, &len), 0);
	assert_int_equal(len, 0x80);
	/* No desired frequency: the guest's clock is the machine's. */
	assert_true(cf_load_le64(out + 8) == (uint64_t)1 << 32);
	/* Types that are none, and answers. */
	for (unsigned type = 0; type < 256; type++)
		if (type == 0 || type > 18 || type % 2 == 0)
			assert_int_equal(
				ask(&w, &c, type, zeros, 16, out, &len),
				CF_FW_INVALID_PARAM);
	close_world(&w);
}

static void test_a_guest_launched_without_the_vcek_gets_none(void **state)
{
	const struct cf_sp_finish f = { .vcek_disabled = true };
	uint8_t out[4000], req[0x20] = { 0 }, key[32];
	struct channel c;
	struct world w;

	open_world(&w, CF_SP_MILAN);
	launch(&w);
	assert_ok(w.g->ops->launch_finish(w.g, &f, &err));
	c = open_channel(&w, 0);
	get_report(&w, &c, 0, out);
	assert_int_equal(cf_load_le32(out), CF_FW_INVALID_KEY);
	get_report(&w, &c, 1, out);
	assert_int_equal(cf_load_le32(out), CF_FW_INVALID_KEY);
	get_report(&w, &c, 3, out);
	assert_int_equal(cf_load_le32(out), CF_FW_INVALID_PARAM);
	derive(&w, &c, req, CF_FW_INVALID_KEY, key);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_launch_gives_the_published_digests),
		cmocka_unit_test(
			test_launch_refuses_a_page_twice_and_bad_policies),
		cmocka_unit_test(test_reports_hold_the_launch_by_product),
		cmocka_unit_test(
			test_messages_replayed_reordered_or_damaged_are_refused),
		cmocka_unit_test(test_derived_keys_depend_on_what_is_selected),
		cmocka_unit_test(test_cpuid_page_is_corrected_and_refused),
		cmocka_unit_test(test_cpuid_and_tsc_messages_are_answered),
		cmocka_unit_test(
			test_a_guest_launched_without_the_vcek_gets_none),
	};

	return cmocka_run_group_tests_name("sp_soft_snp", tests, NULL, NULL);
}
