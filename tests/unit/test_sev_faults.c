/* SPDX-License-Identifier: Apache-2.0 */
/* The faults that the hypervisor commits on request (-fault). */
#include "sev_fixture.h"

static void with(const char *fault)
{
	vm.config.faults = (struct cf_faults) { 0 };
	assert_true(cf_faults_add(&vm.config.faults, fault, strlen(fault)));
}

static void test_faults_are_known_by_name(void **state)
{
	struct cf_faults f = { 0 };

	assert_true(cf_faults_add(&f, "psc", 3));
	assert_true(cf_faults_add(&f, "cpuid-page@12,flip", 13));
	assert_int_equal(f.kinds, CF_FAULT_PSC | CF_FAULT_CPUID_PAGE);
	assert_int_equal(f.skip[9], 12);
	assert_false(cf_faults_add(&f, "psc", 2));
	assert_false(cf_faults_add(&f, "psc@", 4));
	assert_false(cf_faults_add(&f, "psc@-1", 6));
	assert_false(cf_faults_add(&f, "psc@4294967296", 14));
	assert_false(cf_faults_add(&f, "psc@00000000000000001", 21));
	assert_false(cf_faults_add(&f, "", 0));
	assert_int_equal(f.kinds, CF_FAULT_PSC | CF_FAULT_CPUID_PAGE);
}

static void test_fault_cbit_lies_after_the_occasions_to_skip(void **state)
{
	const uint64_t leaf = UINT64_C(0x8000001F) << 32;

	with("cbit@1");
	assert_int_equal(msr_call(0x002) >> 24 & 0xFF, 51);
	assert_int_equal(msr_call(0x002) >> 24 & 0xFF, 50);
	/* EBX, by the MSR protocol. */
	assert_int_equal(
		msr_call(leaf | UINT64_C(1) << 30 | 0x004) >> 32 & 0x3F, 50);
	/* Not what hardware puts there at reset. */
	assert_int_equal(cf_ghcb_reset_value(&vm) >> 24 & 0xFF, 51);
}

static void test_fault_psc_lies_about_whole_requests(void **state)
{
	struct cf_rmp_entry e;

	with("psc@1");
	assert_int_equal(msr_call(UINT64_C(1) << 52 | 0x9000 | 0x014), 0x015);
	assert_true(cf_rmp_get(vm.mem, 0x9000, &e) && e.assigned);
	assert_int_equal(msr_call(UINT64_C(1) << 52 | 0xA000 | 0x014), 0x015);
	assert_true(cf_rmp_get(vm.mem, 0xA000, &e) && !e.assigned);
}

static void write_private(uint64_t gpa, uint8_t value)
{
	uint8_t bytes[4096];

	memset(bytes, value, sizeof(bytes));
	assert_ok(cf_guest_write_private(
		vm.mem, ASID, gpa, bytes, sizeof(bytes), &err));
}

static uint8_t read_private(uint64_t gpa)
{
	uint8_t v;

	assert_ok(cf_guest_read_private(vm.mem, ASID, gpa, &v, 1, &err));
	return v;
}

/* The translation for a write is made: the hypervisor sees the page. */
static void touch(uint64_t gpa)
{
	if (setjmp(unwind))
		fail_msg("the page cannot be written");
	cf_sev_check_fill(
		&cpu[0], NULL, gpa, gpa, CF_ACC_WRITE, false, true, false);
}

static void exit_once(void)
{
	begin();
	call(0x89, 0, 0); /* WBINVD */
	expect_ok();
}

static void test_fault_replay_is_not_noticed_by_sev_es(void **state)
{
	with("replay");
	write_private(0x9000, 'a');
	touch(0x9000);
	exit_once();
	assert_int_equal(read_private(0x9000), 'a');
	write_private(0x9000, 'b');
	exit_once();
	assert_int_equal(read_private(0x9000), 'a');
	/* Once. */
	write_private(0x9000, 'c');
	exit_once();
	exit_once();
	assert_int_equal(read_private(0x9000), 'c');
}

static void test_fault_replay_costs_snp_the_validation(void **state)
{
	struct cf_rmp_entry e = { .assigned = true,
		.validated = true,
		.asid = ASID,
		.gpa = 0x9000,
		.perms = { CF_RMP_R | CF_RMP_W } };
	char text[256] = "dies";

	with("replay");
	write_private(0x9000, 'a');
	assert_true(cf_rmp_set(vm.mem, 0x9000, &e));
	touch(0x9000);
	exit_once();
	write_private(0x9000, 'b');
	exit_once();
	assert_int_equal(read_private(0x9000), 'a');
	assert_true(cf_rmp_get(vm.mem, 0x9000, &e));
	assert_true(e.assigned && !e.validated);
	/* The next access raises #VC, and the report says why. */
	cf_sev_explain(&cpu[0], text, sizeof(text));
	assert_string_equal(text, "dies");
	if (!setjmp(unwind)) {
		cf_sev_check_fill(&cpu[0], NULL, 0x9000, 0x9000, CF_ACC_READ,
			false, true, false);
		fail();
	}
	assert_int_equal(core.vector, CF_VEC_VC);
	assert_int_equal(core.error, 0x404);
	cf_sev_explain(&cpu[0], text, sizeof(text));
	assert_non_null(strstr(text,
		"found gpa 0x9000 not validated, page replaced by an old copy"));
}

static void test_fault_replay_smashes_a_large_page(void **state)
{
	struct cf_rmp_entry e = { .assigned = true,
		.validated = true,
		.large = true,
		.asid = ASID,
		.gpa = CF_RMP_LARGE,
		.perms = { CF_RMP_R | CF_RMP_W } };
	const uint64_t page_of_it = CF_RMP_LARGE + 0x9000;

	with("replay");
	write_private(page_of_it, 'a');
	assert_true(cf_rmp_set(vm.mem, CF_RMP_LARGE, &e));
	touch(page_of_it);
	exit_once();
	write_private(page_of_it, 'b');
	exit_once();
	assert_int_equal(read_private(page_of_it), 'a');
	assert_true(cf_rmp_get(vm.mem, page_of_it, &e));
	assert_true(e.assigned && !e.validated && !e.large);
	assert_true(cf_rmp_get(vm.mem, page_of_it + 0x1000, &e));
	assert_true(e.assigned && e.validated && !e.large);
}

static void test_fault_flip_turns_one_page_over(void **state)
{
	struct cf_rmp_entry e = { .assigned = true,
		.validated = true,
		.asid = ASID,
		.gpa = 0x9000,
		.perms = { CF_RMP_R | CF_RMP_W } };

	with("flip");
	assert_true(cf_rmp_set(vm.mem, 0x9000, &e));
	assert_true(cf_tampered_view(&cpu[0], 0x9000, true));
	touch(0x9000);
	exit_once();
	assert_int_equal(core.changed, 0x9000); /* translations forgotten */
	assert_false(cf_tampered_view(&cpu[0], 0x9123, true));
	assert_true(cf_tampered_view(&cpu[0], 0x9123, false));
	assert_true(cf_tampered_view(&cpu[0], 0xA000, true));
}

static uint64_t refused_at;

static void refused(void *opaque, uint64_t gpa)
{
	refused_at = gpa;
}

static void stand_still(void *opaque)
{
}

static void forget(void *opaque, uint64_t gpa)
{
}

static void test_fault_write_is_noise_or_refused(void **state)
{
	const struct cf_memory_sync sync = { .stop = stand_still,
		.changed = forget,
		.resume = stand_still,
		.refused = refused };
	struct cf_rmp_entry e = { .assigned = true,
		.validated = true,
		.asid = ASID,
		.gpa = 0x9000,
		.perms = { CF_RMP_R | CF_RMP_W } };
	uint8_t before[32], after[32];

	cf_memory_set_sync(vm.mem, &sync);
	refused_at = 0;
	with("write");
	write_private(0x9000, 'a');
	if (vm.snp)
		assert_true(cf_rmp_set(vm.mem, 0x9000, &e));
	touch(0x9000);
	assert_ok(cf_guest_read_private(
		vm.mem, ASID, 0x9000, before, sizeof(before), &err));
	exit_once();
	assert_ok(cf_guest_read_private(
		vm.mem, ASID, 0x9000, after, sizeof(after), &err));
	/* One block of the cipher, not its neighbour. */
	assert_int_equal(memcmp(before, after, 16) == 0, vm.snp);
	assert_memory_equal(before + 16, after + 16, 16);
	assert_int_equal(refused_at, vm.snp ? 0x9000 : 0);
	cf_memory_set_sync(vm.mem, NULL);
}

static void test_faults_of_the_cpuid_page(void **state)
{
	const struct cf_cpuid_page_params params = { .cpu_model = "EPYC-Milan",
		.platform = CF_PLATFORM_SEV_SNP,
		.cbit = 51,
		.vcpus = 1,
		.tsc_hz = 1000000000 };
	uint8_t good[4096], bad[4096];
	struct cf_faults f = { 0 };
	unsigned differ = 0;

	assert_ok(cf_accel_cpuid_page(&params, good, &err));
	memcpy(bad, good, sizeof(bad));
	cf_faults_cpuid_page(&f, bad);
	assert_memory_equal(bad, good, sizeof(bad));
	assert_true(cf_faults_add(&f, "cpuid-value", 11));
	cf_faults_cpuid_page(&f, bad);
	for (size_t i = 0; i < sizeof(bad); i++)
		differ += bad[i] != good[i];
	assert_int_equal(differ, 1);
	f = (struct cf_faults) { 0 };
	assert_true(cf_faults_add(&f, "cpuid-page", 10));
	memcpy(bad, good, sizeof(bad));
	cf_faults_cpuid_page(&f, bad);
	assert_int_equal(cf_load_le32(bad), cf_load_le32(good) - 1);
	for (uint32_t i = 0; i < cf_load_le32(bad); i++)
		assert_int_not_equal(
			cf_load_le32(bad + 16 + 48 * (size_t)i), 0x8000001F);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SNP(test_faults_are_known_by_name),
		ES(test_fault_cbit_lies_after_the_occasions_to_skip),
		SNP(test_fault_psc_lies_about_whole_requests),
		ES(test_fault_replay_is_not_noticed_by_sev_es),
		SNP(test_fault_replay_costs_snp_the_validation),
		SNP(test_fault_replay_smashes_a_large_page),
		SNP(test_fault_flip_turns_one_page_over),
		SNP(test_fault_write_is_noise_or_refused),
		ES(test_fault_write_is_noise_or_refused),
		SNP(test_faults_of_the_cpuid_page),
	};

	return cmocka_run_group_tests_name("sev_faults", tests, NULL, NULL);
}
