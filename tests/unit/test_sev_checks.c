/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RMP checks, intercepts, MSRs and instructions of SEV-ES and SNP guests.
 *
 * Expected values: APM volumes 2 and 3 (AMD 24593, 24594).
 */
#include "sev_fixture.h"

/* One access as the TLB fill asks about it: 0 allowed, 1 exception, 2 stop. */
static int access_page(uint64_t gpa, unsigned kind, bool user,
	bool private_view, bool *writable)
{
	int r = setjmp(unwind);

	if (r)
		return r;
	*writable = cf_sev_check_fill(
		&cpu[0], NULL, gpa, gpa, kind, user, private_view, false);
	return 0;
}

static void set_page(uint64_t gpa, struct cf_rmp_entry e)
{
	e.gpa = e.gpa ? e.gpa : gpa;
	e.asid = e.asid ? e.asid : ASID;
	assert_true(cf_rmp_set(vm.mem, gpa, &e));
}

#define ALL 0xF
static void test_rmp_lets_validated_pages_pass(void **state)
{
	bool w = false;

	set_page(0x1000,
		(struct cf_rmp_entry) { .assigned = true,
			.validated = true,
			.perms = { ALL } });
	assert_int_equal(access_page(0x1000, CF_ACC_READ, false, true, &w), 0);
	assert_true(w);
	assert_int_equal(access_page(0x1000, CF_ACC_FETCH, true, true, &w), 0);
	/* Read only for its VMPL: the read must not bring write permission. */
	set_page(0x1000,
		(struct cf_rmp_entry) { .assigned = true,
			.validated = true,
			.perms = { CF_RMP_R } });
	assert_int_equal(access_page(0x1000, CF_ACC_READ, false, true, &w), 0);
	assert_false(w);
}

static void test_rmp_not_validated_raises_vc(void **state)
{
	bool w;

	set_page(0x1000,
		(struct cf_rmp_entry) { .assigned = true, .perms = { ALL } });
	assert_int_equal(access_page(0x1000, CF_ACC_READ, false, true, &w), 1);
	assert_int_equal(core.vector, CF_VEC_VC);
	assert_int_equal(core.error, 0x404);
}

static void test_rmp_breaches_stop_with_the_rule(void **state)
{
	static const struct {
		struct cf_rmp_entry e;
		unsigned access;
		bool private_view;
		const char *rule;
	} breach[] = {
		{ { 0 }, CF_ACC_READ, true, "the page is shared" },
		{ { .assigned = true,
			  .validated = true,
			  .asid = 9,
			  .perms = { ALL } },
			CF_ACC_READ, true, "another owner" },
		{ { .assigned = true,
			  .validated = true,
			  .gpa = 0x2000,
			  .perms = { ALL } },
			CF_ACC_READ, true, "another address" },
		{ { .assigned = true, .immutable = true, .perms = { ALL } },
			CF_ACC_READ, true, "firmware" },
		{ { .assigned = true,
			  .validated = true,
			  .perms = { CF_RMP_R } },
			CF_ACC_WRITE, true, "VMPL has no permission" },
		{ { .assigned = true,
			  .validated = true,
			  .perms = { CF_RMP_R | CF_RMP_W | CF_RMP_UX } },
			CF_ACC_FETCH, true, "VMPL has no permission" },
		{ { .assigned = true,
			  .validated = true,
			  .vmsa = true,
			  .perms = { ALL } },
			CF_ACC_WRITE, true, "save area" },
		{ { .assigned = true, .validated = true, .perms = { ALL } },
			CF_ACC_WRITE, false, "the page is private" },
	};
	bool w;

	for (size_t i = 0; i < CF_ARRAY_LEN(breach); i++) {
		set_page(0x1000, breach[i].e);
		assert_int_equal(access_page(0x1000, breach[i].access, false,
					 breach[i].private_view, &w),
			2);
		assert_non_null(strstr(core.text, breach[i].rule));
		assert_non_null(strstr(core.text, "never converted"));
		assert_int_equal(cpu[0].stop.gpa, 0x1000);
	}
	/* Reading cipher text through a shared mapping is allowed. */
	assert_int_equal(access_page(0x1000, CF_ACC_READ, false, false, &w), 0);
	assert_false(w);
}

static void test_rmp_breach_tells_the_history_of_the_page(void **state)
{
	bool w;

	cpu[0].r[CF_R_RIP] = 0xABC0;
	assert_int_equal(
		msr_call(UINT64_C(1) << 52 | UINT64_C(0x1000) | 0x014), 0x015);
	cpu[0].r[CF_R_RIP] = 0xABC8;
	assert_int_equal(
		msr_call(UINT64_C(2) << 52 | UINT64_C(0x1000) | 0x014), 0x015);
	assert_int_equal(access_page(0x1000, CF_ACC_READ, false, true, &w), 2);
	assert_non_null(strstr(core.text,
		"made shared by vcpu 0 at 0xabc8; before: made private by "
		"vcpu 0 at 0xabc0"));
}

static void test_rmp_breach_tells_who_wrote_the_page(void **state)
{
	const struct op op = { .off = 5 };
	bool w;

	set_page(0x1000,
		(struct cf_rmp_entry) { .assigned = true,
			.validated = true,
			.perms = { ALL } });
	cpu[0].r[CF_R_RIP] = 0x7000;
	if (!setjmp(unwind))
		cf_sev_check_fill(&cpu[0], &op, 0x1000, 0x1000, CF_ACC_WRITE,
			false, true, false);
	set_page(0x1000, (struct cf_rmp_entry) { .asid = 9 });
	assert_int_equal(access_page(0x1000, CF_ACC_READ, false, true, &w), 2);
	assert_non_null(
		strstr(core.text, "; last written by vcpu 0 at 0x7005"));
}

static void test_sev_device_pages_raise_vc_for_es(void **state)
{
	if (!setjmp(unwind))
		cf_sev_check_fill(&cpu[0], NULL, 0xFEE00000, 0xFEE00000,
			CF_ACC_READ, false, false, true);
	assert_int_equal(core.vector, CF_VEC_VC);
	assert_int_equal(core.error, 0x400);
}

static void test_sev_intercepts_what_a_hypervisor_needs(void **state)
{
	static const struct {
		uint32_t code;
		bool vc;
	} t[] = {
		{ CF_EXIT_CPUID, true },
		{ CF_EXIT_IOIO, true },
		{ CF_EXIT_MSR, true },
		{ CF_EXIT_WR_DR7, true },
		{ CF_EXIT_RDTSC, false },
		{ CF_EXIT_RDTSCP, false },
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(t); i++) {
		volatile int raised = setjmp(unwind);

		if (!raised)
			cf_sev_intercept(&cpu[0], t[i].code);
		assert_int_equal(raised, t[i].vc);
		if (raised)
			assert_int_equal(core.error, t[i].code);
	}
}

static void test_sev_msrs(void **state)
{
	uint64_t v;
	bool fault;

	assert_true(cf_sev_rdmsr(&cpu[0], 0xC0010131, &v, &fault));
	assert_int_equal(v, 7);
	assert_true(cf_sev_wrmsr(&cpu[0], 0xC0010131, 0, &fault));
	assert_true(fault);
	assert_true(cf_sev_wrmsr(&cpu[0], 0xC0010130, 0x5000, &fault));
	assert_true(cf_sev_rdmsr(&cpu[0], 0xC0010130, &v, &fault));
	assert_int_equal(v, 0x5000);
	/* In the save area: no exit.  Others raise #VC. */
	assert_false(cf_sev_wrmsr(&cpu[0], 0xC0000080, 0, &fault));
	assert_false(cf_sev_rdmsr(&cpu[0], 0xC0000101, &v, &fault));
	if (!setjmp(unwind)) {
		cf_sev_rdmsr(&cpu[0], 0x1B, &v, &fault);
		fail();
	}
	assert_int_equal(core.error, 0x7C);
}

static void run(cf_op_fn *fn, uint64_t rax, uint64_t rcx, uint64_t rdx)
{
	const struct op op = { .len = 4 };

	cpu[0].r[CF_RAX] = rax;
	cpu[0].r[CF_RCX] = rcx;
	cpu[0].r[CF_RDX] = rdx;
	cpu[0].r[CF_R_RIP] = 0x100;
	core.vector = -1;
	core.text[0] = 0;
	if (!setjmp(unwind))
		fn(&cpu[0], &op);
}

static void test_pvalidate_reports_change_in_carry(void **state)
{
	struct cf_rmp_entry e;

	set_page(0x1000, (struct cf_rmp_entry) { .assigned = true });
	run(cf_op_pvalidate, 0x1000, 0, 1);
	assert_int_equal(cpu[0].r[CF_RAX], 0);
	assert_int_equal(cf_rflags(&cpu[0]) & CF_FL_ARITH, 0);
	assert_int_equal(cpu[0].r[CF_R_RIP], 0x104);
	assert_true(cf_rmp_get(vm.mem, 0x1000, &e));
	assert_true(e.validated);
	assert_int_equal(e.perms[0], ALL);
	run(cf_op_pvalidate, 0x1000, 0, 1); /* again: nothing changed */
	assert_int_equal(cpu[0].r[CF_RAX], 0);
	assert_int_equal(cf_rflags(&cpu[0]) & CF_FL_ARITH, CF_FL_CF);
	run(cf_op_pvalidate, 0x1000, 0, 0);
	assert_int_equal(cf_rflags(&cpu[0]) & CF_FL_ARITH, 0);
	assert_true(cf_rmp_get(vm.mem, 0x1000, &e));
	assert_false(e.validated);
	run(cf_op_pvalidate, 0x1000, 2, 1);
	assert_int_equal(cpu[0].r[CF_RAX], 1);
}

static void test_pvalidate_faults(void **state)
{
	run(cf_op_pvalidate, RAM, 0, 1); /* not mapped */
	assert_int_equal(core.vector, CF_VEC_PF);
	run(cf_op_pvalidate, 0x3000, 0, 1); /* not assigned */
	assert_int_equal(core.why, CF_STOP_UNSUPPORTED);
	assert_non_null(strstr(core.text, "nested fault"));
	cpu[0].cpl = 3;
	run(cf_op_pvalidate, 0x1000, 0, 1);
	assert_int_equal(core.vector, CF_VEC_GP);
	cpu[0].cpl = 0;
	cpu[0].vmpl = 1;
	run(cf_op_pvalidate, 0x1000, 0, 1);
	assert_int_equal(core.vector, CF_VEC_GP);
}

static void test_rmpadjust_gives_permissions_downwards(void **state)
{
	struct cf_rmp_entry e;

	set_page(0x1000,
		(struct cf_rmp_entry) { .assigned = true,
			.validated = true,
			.perms = { ALL } });
	run(cf_op_rmpadjust, 0x1000, 0, 1 | 3 << 8);
	assert_int_equal(cpu[0].r[CF_RAX], 0);
	assert_true(cf_rmp_get(vm.mem, 0x1000, &e));
	assert_int_equal(e.perms[1], 3);
	run(cf_op_rmpadjust, 0x1000, 0, 1 | 1 << 16);
	assert_true(cf_rmp_get(vm.mem, 0x1000, &e));
	assert_true(e.vmsa);
	run(cf_op_rmpquery, 0x1000, 0, 1);
	assert_int_equal(cpu[0].r[CF_RAX], 0);
	assert_int_equal(cpu[0].r[CF_RDX], 1 << 16 | 1);
	run(cf_op_rmpadjust, 0x1000, 0, 0); /* not below oneself */
	assert_int_equal(cpu[0].r[CF_RAX], 2);
	/* VMPL 1 may not give what it has not. */
	set_page(0x1000,
		(struct cf_rmp_entry) { .assigned = true,
			.validated = true,
			.perms = { ALL, CF_RMP_R } });
	cpu[0].vmpl = 1;
	run(cf_op_rmpadjust, 0x1000, 0, 2 | (CF_RMP_R | CF_RMP_W) << 8);
	assert_int_equal(cpu[0].r[CF_RAX], 2);
	run(cf_op_rmpadjust, 0x1000, 0, 2 | CF_RMP_R << 8);
	assert_int_equal(cpu[0].r[CF_RAX], 0);
}

#define BIG    UINT64_C(0x200000)
#define SMALL1 (BIG + 0x5000)

static struct cf_rmp_entry entry_of(uint64_t gpa)
{
	struct cf_rmp_entry e;

	assert_true(cf_rmp_get(vm.mem, gpa, &e));
	return e;
}

static void test_large_pages_are_validated_and_adjusted_whole(void **state)
{
	bool w;

	set_page(
		BIG, (struct cf_rmp_entry) { .assigned = true, .large = true });
	assert_int_equal(access_page(SMALL1, CF_ACC_READ, false, true, &w), 1);
	run(cf_op_pvalidate, BIG + 0x1000, 1, 1); /* not its address */
	assert_int_equal(cpu[0].r[CF_RAX], 1);
	run(cf_op_pvalidate, BIG, 1, 1);
	assert_int_equal(cpu[0].r[CF_RAX], 0);
	assert_int_equal(cf_rflags(&cpu[0]) & CF_FL_CF, 0);
	for (uint64_t at = BIG; at < 2 * BIG; at += 0x1000)
		assert_true(entry_of(at).validated && entry_of(at).large);
	assert_int_equal(access_page(SMALL1, CF_ACC_WRITE, false, true, &w), 0);
	run(cf_op_pvalidate, BIG, 1, 1);
	assert_int_equal(cf_rflags(&cpu[0]) & CF_FL_CF, CF_FL_CF);
	run(cf_op_rmpadjust, BIG, 1, 1 | 3 << 8);
	assert_int_equal(cpu[0].r[CF_RAX], 0);
	assert_int_equal(entry_of(SMALL1).perms[1], 3);
	/* Save areas are 4 KiB. */
	run(cf_op_rmpadjust, BIG, 1, 1 | 1 << 16);
	assert_int_equal(cpu[0].r[CF_RAX], 1);
	run(cf_op_rmpquery, SMALL1, 0, 1);
	assert_int_equal(cpu[0].r[CF_RCX], 1);
	assert_int_equal(cpu[0].r[CF_RDX], 1 | 3 << 8);
}

static void test_large_on_small_is_for_the_guest_to_repeat(void **state)
{
	set_page(BIG,
		(struct cf_rmp_entry) { .assigned = true, .perms = { ALL } });
	run(cf_op_pvalidate, BIG, 1, 1);
	assert_int_equal(cpu[0].r[CF_RAX], 6);
	assert_false(entry_of(BIG).validated);
	run(cf_op_rmpadjust, BIG, 1, 1);
	assert_int_equal(cpu[0].r[CF_RAX], 6);
}

/* A nested fault with the size-mismatch bit: the hypervisor smashes. */
static void test_small_on_large_smashes_the_page(void **state)
{
	set_page(
		BIG, (struct cf_rmp_entry) { .assigned = true, .large = true });
	run(cf_op_pvalidate, SMALL1, 0, 1);
	assert_int_equal(core.why, 0);
	assert_int_equal(cpu[0].r[CF_RAX], 0);
	assert_true(entry_of(SMALL1).validated);
	assert_true(entry_of(SMALL1).gpa == SMALL1);
	assert_false(entry_of(SMALL1).large || entry_of(BIG).large);
	assert_true(entry_of(BIG).assigned && !entry_of(BIG).validated);
	set_page(BIG,
		(struct cf_rmp_entry) { .assigned = true,
			.validated = true,
			.large = true,
			.perms = { ALL } });
	run(cf_op_rmpadjust, SMALL1, 0, 1 | 1 << 16);
	assert_int_equal(cpu[0].r[CF_RAX], 0);
	assert_true(entry_of(SMALL1).vmsa && !entry_of(SMALL1).large);
	assert_true(entry_of(BIG).validated && !entry_of(BIG).vmsa);
}

static void test_sev_instructions_are_undefined_without_snp(void **state)
{
	run(cf_op_pvalidate, 0x1000, 0, 1);
	assert_int_equal(core.vector, CF_VEC_UD);
	run(cf_op_rmpadjust, 0x1000, 0, 1);
	assert_int_equal(core.vector, CF_VEC_UD);
	vm.es = vm.sev = false;
	run(cf_op_vmgexit, 0, 0, 0);
	assert_int_equal(core.vector, CF_VEC_UD);
	vm.es = vm.sev = true;
	run(cf_op_vmmcall, 0, 0, 0);
	assert_int_equal(core.vector, CF_VEC_VC);
	assert_int_equal(core.error, CF_EXIT_VMMCALL);
}

static void test_sev_features_that_are_not_modelled_are_refused(void **state)
{
	struct cf_vm other = { .sev = true, .es = true, .snp = true };

	other.config.sev_features = 0x9;
	assert_status(COFFER_ERR_UNSUPPORTED, cf_sev_vm_init(&other, &err));
	assert_message("0x8");
	other.config.sev_features = 0;
	assert_status(COFFER_ERR_ARGUMENT, cf_sev_vm_init(&other, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SNP(test_rmp_lets_validated_pages_pass),
		SNP(test_rmp_not_validated_raises_vc),
		SNP(test_rmp_breaches_stop_with_the_rule),
		SNP(test_rmp_breach_tells_the_history_of_the_page),
		SNP(test_rmp_breach_tells_who_wrote_the_page),
		ES(test_sev_device_pages_raise_vc_for_es),
		ES(test_sev_intercepts_what_a_hypervisor_needs),
		SNP(test_sev_msrs),
		SNP(test_pvalidate_reports_change_in_carry),
		SNP(test_pvalidate_faults),
		SNP(test_rmpadjust_gives_permissions_downwards),
		SNP(test_large_pages_are_validated_and_adjusted_whole),
		SNP(test_large_on_small_is_for_the_guest_to_repeat),
		SNP(test_small_on_large_smashes_the_page),
		ES(test_sev_instructions_are_undefined_without_snp),
		SNP(test_sev_features_that_are_not_modelled_are_refused),
	};

	return cmocka_run_group_tests_name("sev_checks", tests, NULL, NULL);
}
