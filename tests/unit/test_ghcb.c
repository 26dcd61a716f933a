/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's side of the GHCB, with a test that plays the guest: it
 * fills in pages and MSRs as a guest would and reads the answers.
 *
 * Expected values: GHCB specification (AMD 56421), revision 2.
 */
#include "sev_fixture.h"

static void test_ghcb_msr_at_reset_offers_versions_1_and_2(void **state)
{
	uint64_t want = UINT64_C(2) << 48 | UINT64_C(1) << 32 | 51u << 24 | 1;

	assert_int_equal(cpu[0].ghcb_msr, want);
	assert_int_equal(msr_call(0x002), want);
}

static void test_ghcb_msr_answers_cpuid_one_register_at_a_time(void **state)
{
	uint32_t r[4];

	cf_cpuid(&cpu[0].cpuid, 0x8000001F, 0, r);
	assert_int_equal(r[1] & 0x3F, 51);
	for (uint64_t reg = 0; reg < 4; reg++)
		assert_int_equal(msr_call(UINT64_C(0x8000001F) << 32 |
					 reg << 30 | 0x004),
			(uint64_t)r[reg] << 32 | reg << 30 | 0x005);
}

static void test_ghcb_msr_registers_pages_of_memory_only(void **state)
{
	assert_int_equal(msr_call(GHCB | 0x012), GHCB | 0x013);
	assert_int_equal(msr_call(RAM | 0x012), (UINT64_MAX << 12) | 0x013);
	assert_int_equal(msr_call(0x010), (UINT64_MAX << 12) | 0x011);
}

static void test_ghcb_msr_tells_features(void **state)
{
	assert_int_equal(msr_call(0x080), 0x13u << 12 | 0x081);
}

static void test_ghcb_msr_changes_page_states(void **state)
{
	struct cf_rmp_entry e;

	assert_int_equal(msr_call(UINT64_C(1) << 52 | PRIVATE | 0x014), 0x015);
	assert_true(cf_rmp_get(vm.mem, PRIVATE, &e));
	assert_true(e.assigned);
	assert_false(e.validated);
	assert_int_equal(e.asid, ASID);
	assert_int_equal(e.gpa, PRIVATE);
	assert_int_equal(msr_call(UINT64_C(2) << 52 | PRIVATE | 0x014), 0x015);
	assert_true(cf_rmp_get(vm.mem, PRIVATE, &e));
	assert_false(e.assigned);
	/* Outside memory, and an operation that does not exist. */
	assert_int_not_equal(
		msr_call(UINT64_C(1) << 52 | RAM | 0x014) >> 32, 0);
	assert_int_not_equal(
		msr_call(UINT64_C(3) << 52 | PRIVATE | 0x014) >> 32, 0);
}

static void test_ghcb_msr_termination_is_put_into_words(void **state)
{
	static const struct {
		unsigned set, code;
		const char *text;
	} r[] = {
		{ 0, 1, "GHCB protocol version not supported" },
		{ 1, 2, "PVALIDATE failed" },
		{ 1, 0x77, "guest's own code" },
		{ 7, 1, "unknown reason set" },
		{ 0xC, 3, "coffer shim: the GHCB is refused" },
		{ 0xC, 0x20 + 14, "coffer shim: exception 14" },
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(r); i++) {
		msr_call(0x100 | (uint64_t)r[i].set << 12 |
			(uint64_t)r[i].code << 16);
		assert_true(outcome.stop);
		assert_int_equal(outcome.why, CF_STOP_GUEST_TERM);
		assert_non_null(strstr(outcome.text, r[i].text));
	}
}

static void test_ghcb_msr_unknown_request_stops_with_its_number(void **state)
{
	msr_call(0xABC);
	assert_true(outcome.stop);
	assert_int_equal(outcome.why, CF_STOP_UNSUPPORTED);
	assert_non_null(strstr(outcome.text, "0xabc"));
}

static void test_ghcb_refuses_what_is_malformed_with_its_code(void **state)
{
	begin();
	put(GHCB_CODE, 0x72);
	put(GHCB_INFO1, 0);
	put(GHCB_RAX, 0);
	put(GHCB_RCX, 0);
	send(); /* SW_EXITINFO2 is not valid */
	expect_malformed(GHCB_MISSING_INPUT);
	begin();
	put(GHCB_RAX, 0);
	call(0x72, 0, 0); /* RCX is missing */
	expect_malformed(GHCB_MISSING_INPUT);
	begin();
	call(0x12345678, 0, 0);
	expect_malformed(GHCB_BAD_EVENT);
	begin();
	page[GHCB_USAGE] = 1;
	call(0x76, 0, 0);
	expect_malformed(GHCB_BAD_USAGE);
	begin();
	page[GHCB_VERSION] = 3;
	call(0x76, 0, 0);
	expect_malformed(GHCB_BAD_USAGE);
	begin();
	put(GHCB_RCX, 0);
	call(0x7C, 2, 0); /* neither read nor write */
	expect_malformed(GHCB_BAD_INPUT);
	begin();
	assert_int_equal(msr_call(OTHER | 0x012), OTHER | 0x013);
	call(0x76, 0, 0);
	expect_malformed(GHCB_NOT_REGISTERED);
}

static void test_ghcb_cpuid_returns_four_registers(void **state)
{
	uint32_t r[4];

	begin();
	put(GHCB_RAX, 0x80000008);
	put(GHCB_RCX, 0);
	call(0x72, 0, 0);
	expect_ok();
	cf_cpuid(&cpu[0].cpuid, 0x80000008, 0, r);
	assert_int_equal(got(GHCB_RAX), r[0]);
	assert_int_equal(got(GHCB_RBX), r[1]);
	assert_int_equal(got(GHCB_RCX), r[2]);
	assert_int_equal(got(GHCB_RDX), r[3]);
	/* Leaf 0xD depends on XCR0, so that XCR0 is needed. */
	begin();
	put(GHCB_RAX, 0xD);
	put(GHCB_RCX, 0);
	call(0x72, 0, 0);
	expect_malformed(GHCB_MISSING_INPUT);
	begin();
	put(GHCB_RAX, 0xD);
	put(GHCB_RCX, 0);
	put(GHCB_XCR0, 1);
	call(0x72, 0, 0);
	expect_ok();
}

static void test_ghcb_msr_event_reads_writes_and_injects_gp(void **state)
{
	begin();
	put(GHCB_RCX, 0x1B);
	call(0x7C, 0, 0);
	expect_ok();
	assert_int_equal(got(GHCB_RAX), 0x55667788);
	assert_int_equal(got(GHCB_RDX), 0x11223344);
	begin();
	put(GHCB_RCX, 0x1B);
	put(GHCB_RAX, 0xB);
	put(GHCB_RDX, 0xA);
	call(0x7C, 1, 0);
	expect_ok();
	begin();
	put(GHCB_RCX, 0x12345);
	call(0x7C, 0, 0);
	assert_int_equal(got(GHCB_INFO1), 1);
	assert_int_equal(got(GHCB_INFO2), 0x80000B0D);
}

static void test_ghcb_ioio_single_accesses(void **state)
{
	static const struct {
		unsigned size, bits;
		uint64_t mask;
	} s[] = { { 1, 1, 0xFF }, { 2, 2, 0xFFFF }, { 4, 4, 0xFFFFFFFF } };

	for (size_t i = 0; i < CF_ARRAY_LEN(s); i++) {
		begin();
		put(GHCB_RAX, UINT64_C(0x1234567812345678));
		call(0x7B, UINT64_C(0x3F8) << 16 | s[i].bits << 4, 0);
		expect_ok();
		assert_int_equal(device.at, 0x3F8);
		assert_int_equal(device.size, s[i].size);
		assert_int_equal(device.value, 0x12345678 & s[i].mask);
		device.count = 0;
		begin();
		call(0x7B, UINT64_C(0x60) << 16 | s[i].bits << 4 | 1, 0);
		expect_ok();
		assert_int_equal(got(GHCB_RAX), 0xA0B0C0D0 & s[i].mask);
	}
	begin();
	call(0x7B, UINT64_C(0x60) << 16 | 3 << 4 | 1, 0);
	expect_malformed(GHCB_BAD_INPUT);
	begin();
	call(0x7B, UINT64_C(0x60) << 16 | 1 << 4, 0); /* OUT without RAX */
	expect_malformed(GHCB_MISSING_INPUT);
}

static void test_ghcb_ioio_strings_go_through_the_buffer(void **state)
{
	/* OUTSW of three elements, REP. */
	begin();
	put(GHCB_SCRATCH, GHCB + 0x800);
	memcpy(page + 0x800, "\1\2\3\4\5\6", 6);
	call(0x7B, UINT64_C(0x80) << 16 | 2 << 4 | 0xC, 3);
	expect_ok();
	assert_int_equal(device.count, 3);
	assert_int_equal(device.value, 0x0605);
	/* INSD of two. */
	device.count = 0;
	begin();
	put(GHCB_SCRATCH, GHCB + 0x800);
	call(0x7B, UINT64_C(0x80) << 16 | 4 << 4 | 0xD, 2);
	expect_ok();
	assert_int_equal(cf_load_le32(page + 0x800), 0xA0B0C0D0);
	assert_int_equal(cf_load_le32(page + 0x804), 0xA0B0C0D1);
	/* More than a buffer holds; a scratch outside memory; past the end. */
	begin();
	put(GHCB_SCRATCH, GHCB + 0x800);
	call(0x7B, UINT64_C(0x80) << 16 | 4 << 4 | 0xD, UINT64_MAX);
	expect_malformed(GHCB_BAD_SCRATCH);
	begin();
	put(GHCB_SCRATCH, RAM);
	call(0x7B, UINT64_C(0x80) << 16 | 1 << 4 | 0xD, 1);
	expect_malformed(GHCB_BAD_SCRATCH);
}

static void test_ghcb_mmio_goes_to_the_machine(void **state)
{
	begin();
	put(GHCB_SCRATCH, GHCB + 0x808);
	call(0x80000001, 0xFEE00020, 4);
	expect_ok();
	assert_int_equal(device.at, 0xFEE00020);
	assert_int_equal(device.size, 4);
	assert_int_equal(cf_load_le64(page + 0x808), 0x44332211);
	begin();
	put(GHCB_SCRATCH, GHCB + 0x808);
	cf_store_le64(page + 0x808, UINT64_C(0x1122334455667788));
	call(0x80000002, 0xFEC00000, 2);
	expect_ok();
	assert_int_equal(device.value, 0x7788);
	/* In memory it is the host's view of it. */
	begin();
	put(GHCB_SCRATCH, GHCB + 0x808);
	page[0x808] = 0x5A;
	call(0x80000002, 0x7001, 1);
	expect_ok();
	begin();
	put(GHCB_SCRATCH, GHCB + 0x808);
	call(0x80000001, 0x7000, 2);
	assert_int_equal(cf_load_le16(page + 0x808), 0x5A00);
	begin();
	put(GHCB_SCRATCH, GHCB + 0x808);
	call(0x80000001, 0xFEE00020, 3);
	expect_malformed(GHCB_BAD_INPUT);
	begin();
	call(0x80000001, 0xFEE00020, 4);
	expect_malformed(GHCB_MISSING_INPUT);
}

static void psc_entry(unsigned i, unsigned op, uint64_t gpa, bool large)
{
	cf_store_le64(page + 0x808 + 8 * i,
		gpa | (uint64_t)op << 52 | (uint64_t)large << 56);
}

static void psc(uint16_t current, uint16_t last)
{
	cf_store_le16(page + 0x800, current);
	cf_store_le16(page + 0x802, last);
	put(GHCB_SCRATCH, GHCB + 0x800);
	call(0x80000010, 0, 0);
}

static void test_ghcb_psc_works_through_a_list(void **state)
{
	struct cf_rmp_entry e;

	begin();
	psc_entry(0, 1, 0x10000, false);
	psc_entry(1, 1, 0x200000, true);
	psc_entry(2, 2, 0x10000, false);
	psc(0, 2);
	expect_ok();
	assert_int_equal(got(GHCB_INFO2), 0);
	assert_int_equal(cf_load_le16(page + 0x800), 3); /* past the last */
	assert_true(cf_rmp_get(vm.mem, 0x10000, &e));
	assert_false(e.assigned);
	for (uint64_t at = 0x200000; at < 0x400000; at += PAGE) {
		assert_true(cf_rmp_get(vm.mem, at, &e));
		assert_true(e.assigned && e.gpa == at);
	}
}

static void test_ghcb_psc_stops_at_a_bad_entry(void **state)
{
	struct cf_rmp_entry e;

	begin();
	psc_entry(0, 1, 0x10000, false);
	psc_entry(1, 1, RAM, false);
	psc_entry(2, 1, 0x11000, false);
	psc(0, 2);
	expect_ok();
	assert_int_equal(got(GHCB_INFO2), UINT64_C(0x100000002));
	assert_int_equal(cf_load_le16(page + 0x800), 1); /* the bad one */
	assert_true(cf_rmp_get(vm.mem, 0x10000, &e) && e.assigned);
	assert_true(cf_rmp_get(vm.mem, 0x11000, &e) && !e.assigned);
	begin();
	psc(0, 253);
	assert_int_equal(got(GHCB_INFO2), UINT64_C(0x100000001));
	begin();
	psc(3, 2);
	assert_int_equal(got(GHCB_INFO2), UINT64_C(0x100000001));
	begin();
	psc_entry(0, 1, 0x201000, true); /* large, not aligned */
	psc(0, 0);
	assert_int_equal(got(GHCB_INFO2), UINT64_C(0x100000002));
}

static struct cf_rmp_entry entry_of(uint64_t gpa)
{
	struct cf_rmp_entry e;

	assert_true(cf_rmp_get(vm.mem, gpa, &e));
	return e;
}

static void psc_one(unsigned op, uint64_t gpa, bool large)
{
	begin();
	psc_entry(0, op, gpa, large);
	psc(0, 0);
	expect_ok();
	assert_int_equal(got(GHCB_INFO2), 0);
}

static void test_ghcb_psc_makes_large_pages_where_it_can(void **state)
{
	const uint64_t big = 0x200000, in = big + 0x7000;

	/* One page of it has an entry already: page by page. */
	psc_one(1, in, false);
	psc_one(1, big, true);
	assert_true(entry_of(in).assigned && !entry_of(in).large);
	assert_int_equal(cf_load_le64(page + 0x808) & 0xFFF, 512);
	psc_one(2, big, true);
	assert_false(entry_of(in).assigned);
	psc_one(1, big, true);
	assert_true(entry_of(in).large && entry_of(in).gpa == in);
	assert_int_equal(cf_load_le64(page + 0x808) & 0xFFF, 512);
	/* One page of it made shared: the rest stays, in small ones. */
	psc_one(2, in, false);
	assert_false(entry_of(in).assigned);
	assert_true(entry_of(big).assigned && !entry_of(big).large);
	psc_one(1, in, false);
	/* The hints. */
	psc_one(4, big, true);
	assert_true(entry_of(in).large);
	psc_one(3, big, true);
	assert_true(entry_of(in).assigned && !entry_of(in).large);
	psc_one(4, big, true);
	psc_one(2, big, true);
	assert_false(entry_of(in).assigned || entry_of(in).large);
}

static void test_ghcb_psc_leaves_the_firmwares_pages(void **state)
{
	struct cf_rmp_entry e = { .assigned = true, .immutable = true };

	assert_true(cf_rmp_set(vm.mem, 0x10000, &e));
	begin();
	psc_entry(0, 2, 0x10000, false);
	psc(0, 0);
	assert_int_equal(got(GHCB_INFO2), UINT64_C(0x100000002));
	assert_true(entry_of(0x10000).assigned);
}

static void test_ghcb_psc_of_the_present_state_keeps_validation(void **state)
{
	struct cf_rmp_entry e = { .assigned = true,
		.validated = true,
		.asid = ASID,
		.gpa = 0x10000 };

	assert_true(cf_rmp_set(vm.mem, 0x10000, &e));
	begin();
	psc_entry(0, 1, 0x10000, false);
	psc(0, 0);
	assert_true(cf_rmp_get(vm.mem, 0x10000, &e));
	assert_true(e.validated);
}

static void test_ghcb_guest_request_passes_the_firmware_status(void **state)
{
	sp.status = 0x16;
	begin();
	call(0x80000011, 0x7000, 0x8000);
	expect_ok();
	assert_int_equal(sp.request, 0x7000);
	assert_int_equal(sp.response, 0x8000);
	assert_int_equal(got(GHCB_INFO2), 0x16);
	begin();
	call(0x80000011, 0x7000, 0x7000);
	expect_malformed(GHCB_BAD_INPUT);
	begin();
	call(0x80000011, 0x7010, 0x8000);
	expect_malformed(GHCB_BAD_INPUT);
	assert_int_equal(
		msr_call(UINT64_C(1) << 52 | UINT64_C(0x8000) | 0x014), 0x015);
	begin();
	call(0x80000011, 0x7000, 0x8000); /* the response page is private */
	expect_malformed(GHCB_BAD_INPUT);
}

static void test_ghcb_extended_request_brings_certificates(void **state)
{
	uint8_t certs[8192];

	begin();
	put(GHCB_RAX, 0x10000);
	put(GHCB_RBX, 1);
	call(0x80000012, 0x7000, 0x8000);
	expect_ok();
	assert_int_equal(got(GHCB_INFO2), UINT64_C(1) << 32);
	assert_int_equal(got(GHCB_RBX), 2);
	assert_int_equal(sp.request, 0); /* not asked */
	begin();
	put(GHCB_RAX, 0x10000);
	put(GHCB_RBX, 2);
	call(0x80000012, 0x7000, 0x8000);
	expect_ok();
	assert_int_equal(got(GHCB_INFO2), 0);
	assert_int_equal(sp.request, 0x7000);
	assert_ok(cf_guest_read(vm.mem, 0x10000, certs, 8192, &err));
	assert_int_equal(certs[0], 0xCE);
	assert_int_equal(certs[4999], 0xCE);
	assert_int_equal(certs[5000], 0);
	assert_int_equal(certs_locked, 0);
}

static void test_ghcb_extended_request_while_certificates_change(void **state)
{
	cert_answer = CF_CERTS_BUSY;
	begin();
	put(GHCB_RAX, 0x10000);
	put(GHCB_RBX, 2);
	call(0x80000012, 0x7000, 0x8000);
	expect_ok();
	assert_int_equal(got(GHCB_INFO2), UINT64_C(2) << 32); /* busy */
	assert_int_equal(sp.request, 0);
	cert_answer = CF_CERTS_FAILED;
	begin();
	put(GHCB_RAX, 0x10000);
	put(GHCB_RBX, 2);
	call(0x80000012, 0x7000, 0x8000);
	expect_ok();
	assert_int_equal(got(GHCB_INFO2), UINT64_C(0xFFFFFFFF) << 32);
	assert_int_equal(sp.request, 0);
	assert_int_equal(certs_locked, 0);
}

static void test_ghcb_small_events(void **state)
{
	begin();
	call(0x6E, 0, 0);
	assert_int_equal(got(GHCB_RAX), 0x23456789);
	assert_int_equal(got(GHCB_RDX), 1);
	begin();
	put(GHCB_RAX, 0x55);
	call(0x37, 0, 0);
	expect_ok();
	begin();
	call(0x27, 0, 0);
	assert_int_equal(got(GHCB_RAX), 0x455);
	begin();
	put(GHCB_RAX, 0);
	put(GHCB_CPL, 0);
	call(0x81, 0, 0);
	assert_int_equal(got(GHCB_RAX), (uint64_t)-1000);
	begin();
	call(0x80000005, 0, 0xB000);
	expect_ok();
	begin();
	call(0x80000005, 1, 0);
	assert_int_equal(got(GHCB_INFO2), 0xB000);
	begin();
	call(0x8000FFFD, 0, 0);
	assert_int_equal(got(GHCB_INFO2), vm.snp ? 0x13 : 0);
	cpu[0].nmi_blocked = true;
	begin();
	call(0x80000003, 0, 0);
	assert_false(cpu[0].nmi_blocked);
	begin();
	call(0x8000FFFE, 1 | 2 << 4, 0);
	assert_int_equal(outcome.why, CF_STOP_GUEST_TERM);
	assert_int_equal(outcome.code, 0x21100);
	begin();
	call(0x8000FFFF, 0x404, 0);
	assert_int_equal(outcome.why, CF_STOP_UNSUPPORTED);
	assert_non_null(strstr(outcome.text, "0x404"));
}

static void test_ghcb_lists_apic_ids(void **state)
{
	uint8_t list[12];

	begin();
	put(GHCB_RAX, 1);
	call(0x80000017, 0x7000, 0);
	expect_ok();
	assert_ok(cf_guest_read(vm.mem, 0x7000, list, sizeof(list), &err));
	assert_int_equal(cf_load_le32(list), 2);
	assert_int_equal(cf_load_le32(list + 8), 1);
}

static void test_ghcb_es_has_no_snp_events(void **state)
{
	static const uint32_t codes[] = { 0x80000010, 0x80000011, 0x80000013 };

	for (size_t i = 0; i < CF_ARRAY_LEN(codes); i++) {
		begin();
		put(GHCB_SCRATCH, GHCB + 0x800);
		call(codes[i], 0x7000, 0x8000);
		expect_malformed(GHCB_BAD_EVENT);
	}
	begin();
	call(0x76, 0, 0); /* needs no registration either */
	expect_ok();
}

static void test_ghcb_outside_memory_goes_back_to_the_guest(void **state)
{
	assert_int_equal(msr_call(RAM), RAM);
	assert_false(outcome.stop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SNP(test_ghcb_msr_at_reset_offers_versions_1_and_2),
		SNP(test_ghcb_msr_answers_cpuid_one_register_at_a_time),
		SNP(test_ghcb_msr_registers_pages_of_memory_only),
		SNP(test_ghcb_msr_tells_features),
		SNP(test_ghcb_msr_changes_page_states),
		SNP(test_ghcb_msr_termination_is_put_into_words),
		SNP(test_ghcb_msr_unknown_request_stops_with_its_number),
		SNP(test_ghcb_refuses_what_is_malformed_with_its_code),
		SNP(test_ghcb_cpuid_returns_four_registers),
		SNP(test_ghcb_msr_event_reads_writes_and_injects_gp),
		SNP(test_ghcb_ioio_single_accesses),
		SNP(test_ghcb_ioio_strings_go_through_the_buffer),
		SNP(test_ghcb_mmio_goes_to_the_machine),
		SNP(test_ghcb_psc_works_through_a_list),
		SNP(test_ghcb_psc_stops_at_a_bad_entry),
		SNP(test_ghcb_psc_makes_large_pages_where_it_can),
		SNP(test_ghcb_psc_leaves_the_firmwares_pages),
		SNP(test_ghcb_psc_of_the_present_state_keeps_validation),
		SNP(test_ghcb_guest_request_passes_the_firmware_status),
		SNP(test_ghcb_extended_request_while_certificates_change),
		SNP(test_ghcb_extended_request_brings_certificates),
		SNP(test_ghcb_small_events),
		ES(test_ghcb_small_events),
		SNP(test_ghcb_lists_apic_ids),
		ES(test_ghcb_es_has_no_snp_events),
		SNP(test_ghcb_outside_memory_goes_back_to_the_guest),
	};

	return cmocka_run_group_tests_name("ghcb", tests, NULL, NULL);
}
