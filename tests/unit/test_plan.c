/* SPDX-License-Identifier: Apache-2.0 */
/* Plans made from firmware images: which steps, in which order. */
#include "syn.h"

#include "plan/plan.h"

static struct coffer_error err;
static uint8_t fw[SYN_LEN];
static struct cf_ovmf ovmf;

static int parse_syn(void **state)
{
	make_syn(fw);
	assert_ok(cf_ovmf_parse(fw, sizeof(fw), &ovmf, &err));
	return 0;
}

static struct cf_firmware_params params(enum cf_platform platform)
{
	return (struct cf_firmware_params) {
		.ovmf = &ovmf,
		.platform = platform,
		.vcpus = 2,
		.cpuid_signature = 0x800f12,
		.sev_features = platform == CF_PLATFORM_SEV_SNP,
	};
}

struct want {
	enum cf_step_kind kind;
	uint64_t gpa, len;
	enum cf_page_type type;
	bool has_data;
};

static void check_steps(
	const struct cf_plan *plan, const struct want *want, size_t n)
{
	assert_int_equal(plan->nsteps, n);
	for (size_t i = 0; i < n; i++) {
		const struct cf_step *s = &plan->step[i];

		assert_int_equal(s->kind, want[i].kind);
		assert_int_equal(s->gpa, want[i].gpa);
		assert_int_equal(s->len, want[i].len);
		if (s->kind == CF_STEP_RANGE)
			assert_int_equal(s->type, want[i].type);
		assert_int_equal(s->data != NULL, want[i].has_data);
	}
}

static void test_plan_snp_order_is_firmware_sections_vcpus(void **state)
{
	static const struct want want[] = {
		{ CF_STEP_RANGE, 0xffffe000, 0x2000, CF_PAGE_NORMAL, true },
		{ CF_STEP_RANGE, 0x800000, 0x2000, CF_PAGE_ZERO, false },
		{ CF_STEP_RANGE, 0x802000, 0x1000, CF_PAGE_SECRETS, false },
		{ CF_STEP_RANGE, 0x803000, 0x1000, CF_PAGE_CPUID, false },
		{ CF_STEP_RANGE, 0x804000, 0x1000, CF_PAGE_ZERO, false },
		{ CF_STEP_RANGE, 0x810000, 0x1000, CF_PAGE_ZERO, false },
		{ CF_STEP_VCPU, CF_KVM_VMSA_GPA, 0x1000, 0, true },
		{ CF_STEP_VCPU, CF_KVM_VMSA_GPA, 0x1000, 0, true },
	};
	struct cf_firmware_params p = params(CF_PLATFORM_SEV_SNP);
	struct cf_plan *plan;

	assert_ok(cf_plan_from_firmware(&p, &plan, &err));
	check_steps(plan, want, CF_ARRAY_LEN(want));
	assert_false(plan->has_policy);
	cf_plan_destroy(plan);
}

static void test_plan_kernel_hashes_page_holds_the_table(void **state)
{
	struct cf_firmware_params p = params(CF_PLATFORM_SEV_SNP);
	struct cf_kernel_hashes hashes;
	uint8_t table[CF_KERNEL_HASHES_LEN];
	struct cf_plan *plan;

	assert_ok(cf_kernel_hashes_make(NULL, 0, NULL, 0, NULL, &hashes, &err));
	cf_kernel_hashes_table(&hashes, table);
	p.hashes = &hashes;
	assert_ok(cf_plan_from_firmware(&p, &plan, &err));
	assert_int_equal(plan->step[5].type, CF_PAGE_NORMAL);
	assert_true(cf_is_zero(plan->step[5].data, 0xc00));
	assert_memory_equal(plan->step[5].data + 0xc00, table, sizeof(table));
	assert_true(cf_is_zero(
		plan->step[5].data + 0xc00 + sizeof(table), 0x400 - 176));
	cf_plan_destroy(plan);

	p.platform = CF_PLATFORM_SEV;
	assert_ok(cf_plan_from_firmware(&p, &plan, &err));
	assert_int_equal(plan->nsteps, 2);
	assert_int_equal(plan->step[1].gpa, 0x810c00);
	assert_int_equal(plan->step[1].len, 176);
	cf_plan_destroy(plan);
}

static void test_plan_vmms_differ_in_sections(void **state)
{
	struct cf_firmware_params p = params(CF_PLATFORM_SEV_SNP);
	struct cf_plan *plan;

	p.vmm = CF_VMM_EC2; /* CPUID pages last */
	assert_ok(cf_plan_from_firmware(&p, &plan, &err));
	assert_int_equal(plan->step[3].gpa, 0x804000);
	assert_int_equal(plan->step[5].type, CF_PAGE_CPUID);
	cf_plan_destroy(plan);
	p.vmm = CF_VMM_GCE; /* memory is unmeasured, the rest as elsewhere */
	assert_ok(cf_plan_from_firmware(&p, &plan, &err));
	assert_int_equal(plan->step[1].type, CF_PAGE_UNMEASURED);
	assert_int_equal(plan->step[4].type, CF_PAGE_ZERO);
	cf_plan_destroy(plan);

	ovmf.section[0].type = 0x77;
	assert_status(
		COFFER_ERR_UNSUPPORTED, cf_plan_from_firmware(&p, &plan, &err));
	assert_message("section 0: type 0x77");
	p.vmm = CF_VMM_QEMU;
	assert_ok(cf_plan_from_firmware(&p, &plan, &err));
	assert_int_equal(plan->step[1].type, CF_PAGE_ZERO);
	cf_plan_destroy(plan);
}

static void test_plan_refuses_what_cannot_launch(void **state)
{
	struct cf_firmware_params p = params(CF_PLATFORM_SEV_SNP);
	struct cf_kernel_hashes hashes = { 0 };
	struct cf_plan *plan;

	p.hashes = &hashes;
	ovmf.section[4].size = 0x7f000000;
	assert_status(
		COFFER_ERR_UNSUPPORTED, cf_plan_from_firmware(&p, &plan, &err));
	assert_message("section 4: kernel hashes of 0x7f000000 bytes");
	ovmf.nsections = 4;
	assert_status(
		COFFER_ERR_UNSUPPORTED, cf_plan_from_firmware(&p, &plan, &err));
	assert_message("doesn't include SNP_KERNEL_HASHES section");
	p.platform = CF_PLATFORM_SEV;
	ovmf.has_hash_table = false;
	assert_status(
		COFFER_ERR_UNSUPPORTED, cf_plan_from_firmware(&p, &plan, &err));
	assert_message("doesn't support kernel/initrd/cmdline measurement");

	p = params(CF_PLATFORM_SEV_SNP);
	ovmf.has_reset_eip = false;
	assert_status(
		COFFER_ERR_UNSUPPORTED, cf_plan_from_firmware(&p, &plan, &err));
	assert_message("reset block");
	p.vcpus = 1;
	assert_ok(cf_plan_from_firmware(&p, &plan, &err));
	cf_plan_destroy(plan);
	p.vcpus = 0;
	assert_status(
		COFFER_ERR_ARGUMENT, cf_plan_from_firmware(&p, &plan, &err));
	p.vcpus = 1;
	ovmf.has_sev_metadata = false;
	assert_status(
		COFFER_ERR_UNSUPPORTED, cf_plan_from_firmware(&p, &plan, &err));
	assert_message("no SEV metadata");
	p.platform = CF_PLATFORM_TDX;
	assert_status(
		COFFER_ERR_UNSUPPORTED, cf_plan_from_firmware(&p, &plan, &err));
}

static void test_plan_check_names_both_origins(void **state)
{
	const struct cf_step a = { .kind = CF_STEP_RANGE,
		.origin = { "PAGE_DATA", 3 },
		.gpa = 0x1000,
		.len = 0x3000,
		.type = CF_PAGE_NORMAL };
	struct cf_step b = a;
	struct cf_plan *plan = calloc(1, sizeof(*plan));

	plan->platform = CF_PLATFORM_SEV_SNP;
	b.origin = (struct cf_origin) { "PARAMETER_INSERT", 7 };
	b.gpa = 0x3000;
	assert_ok(cf_plan_add(plan, &a, &err));
	assert_ok(cf_plan_add(plan, &b, &err));
	assert_status(COFFER_ERR_FORMAT, cf_plan_check(plan, &err));
	assert_string_equal(err.msg,
		"PARAMETER_INSERT 7: page 0x3000 is given before by "
		"PAGE_DATA 3; a page can be launched once");
	plan->step[1].gpa = 0x4000;
	assert_ok(cf_plan_check(plan, &err));
	plan->step[1].gpa = 0x4010;
	assert_status(COFFER_ERR_FORMAT, cf_plan_check(plan, &err));
	plan->step[1].gpa = UINT64_MAX - 0xfff;
	assert_status(COFFER_ERR_FORMAT, cf_plan_check(plan, &err));
	assert_message("wrap");
	cf_plan_destroy(plan);
}

static void test_plan_names(void **state)
{
	enum cf_platform p;

	assert_true(cf_platform_from_name("sev-es", &p));
	assert_int_equal(p, CF_PLATFORM_SEV_ES);
	assert_false(cf_platform_from_name("sev_es", &p));
	assert_string_equal(cf_platform_name(CF_PLATFORM_VBS), "vbs");
	assert_string_equal(cf_page_type_name(CF_PAGE_CPUID), "cpuid");
	assert_string_equal(cf_page_type_name(9), "unknown");
	cf_plan_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			test_plan_snp_order_is_firmware_sections_vcpus,
			parse_syn),
		cmocka_unit_test_setup(
			test_plan_kernel_hashes_page_holds_the_table,
			parse_syn),
		cmocka_unit_test_setup(
			test_plan_vmms_differ_in_sections, parse_syn),
		cmocka_unit_test_setup(
			test_plan_refuses_what_cannot_launch, parse_syn),
		cmocka_unit_test(test_plan_check_names_both_origins),
		cmocka_unit_test(test_plan_names),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
