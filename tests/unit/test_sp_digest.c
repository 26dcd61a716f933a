/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Launch digests.  All expected values are those of the launch and IGVM notes:
 * single steps, and the synthetic firmware through sev-snp-measure.
 */
#include "syn.h"

#include "sp/sp.h"

static struct coffer_error err;
static uint8_t fw[SYN_LEN];
static struct cf_ovmf ovmf;

static int parse_syn(void **state)
{
	make_syn(fw);
	assert_ok(cf_ovmf_parse(fw, sizeof(fw), &ovmf, &err));
	return 0;
}

static void assert_digest_of(const struct cf_plan *plan, const char *want)
{
	uint8_t digest[CF_DIGEST_MAX];
	char text[2 * CF_DIGEST_MAX + 1];
	size_t len;

	assert_ok(cf_launch_digest(plan, NULL, digest, &len, &err));
	cf_hex(text, digest, len);
	assert_string_equal(text, want);
}

static void one_page(enum cf_platform platform, enum cf_page_type type,
	uint64_t gpa, const char *want)
{
	struct cf_step step = {
		.kind = type == CF_PAGE_VMSA ? CF_STEP_VCPU : CF_STEP_RANGE,
		.gpa = gpa,
		.len = CF_PAGE_SIZE,
		.type = type,
		.format = CF_VCPU_VMSA,
	};
	static const uint8_t zero[CF_PAGE_SIZE];
	struct cf_plan plan = {
		.platform = platform,
		.step = &step,
		.nsteps = 1,
	};

	if (type == CF_PAGE_VMSA)
		step.data = zero;
	assert_digest_of(&plan, want);
}

static void test_snp_single_steps(void **state)
{
	const enum cf_platform snp = CF_PLATFORM_SEV_SNP;

	one_page(snp, CF_PAGE_NORMAL, 0xfffff000,
		"46c510442a54cc32344cef32e14dc3d6312fc4a010780dd1"
		"1fd33204df5550590356b069e6c6ca5bbfca71561f370399");
	one_page(snp, CF_PAGE_ZERO, 0x800000,
		"4472405c6dbc65e5629805f2be1b3df74eb119841eff1246"
		"6c24f43e67083c23df5e645b2742b6d9aa0f943e095cebaa");
	one_page(snp, CF_PAGE_UNMEASURED, 0x800000,
		"8cd64e16495d28db9db5fb176885ec972db5d0b66163a37d"
		"abe352d30f8501701c570b7c146bf32d6d26903eb36f9398");
	one_page(snp, CF_PAGE_SECRETS, 0x80d000,
		"e82e99caf82a32c31ec5070eef9e2135866d8f7de60d7568"
		"14f3bd8c989c1e826622e0a97dad026c6d9d81818780e6a2");
	one_page(snp, CF_PAGE_CPUID, 0x80e000,
		"c9e46442d2b4ddb823fa6b4a907930de7e93901180c5a312"
		"6ba234193059a0a51a21ba82f05d2fe0f3136f22b1b1a8e4");
	one_page(snp, CF_PAGE_VMSA, CF_KVM_VMSA_GPA,
		"f4577da9b848673216afc3909e5ea7aa80150dda44152687"
		"4cd2b0282894709b46484c13a07221aefbedfff667199259");
}

/* Pages of one byte value each at 0, 0x1000, ... */
static void filled_pages(enum cf_platform platform, const char *fills,
	const uint8_t *registers, size_t len, const char *want)
{
	static uint8_t page[2][CF_PAGE_SIZE];
	struct cf_step step[3] = { 0 };
	struct cf_plan plan = { .platform = platform, .step = step };

	for (size_t i = 0; fills[i]; i++) {
		memset(page[i], fills[i], CF_PAGE_SIZE);
		step[plan.nsteps++] = (struct cf_step) {
			.kind = CF_STEP_RANGE,
			.gpa = i * CF_PAGE_SIZE,
			.len = CF_PAGE_SIZE,
			.data = page[i],
			.type = CF_PAGE_NORMAL,
		};
	}
	if (registers) {
		/* In front: registers are measured last all the same. */
		memmove(step + 1, step, 2 * sizeof(*step));
		step[0] = (struct cf_step) {
			.kind = CF_STEP_VCPU,
			.data = registers,
			.len = len,
			.format = CF_VCPU_VBS,
		};
		plan.nsteps++;
	}
	assert_digest_of(&plan, want);
}

static void test_tdx_and_vbs_pages(void **state)
{
	uint8_t rip[36] = { 1, 0, 0, 0, 0, 0x10, 0x00, 0x02 };

	rip[4 + 16 + 1] = 0x10; /* RIP = 0x1000 */
	filled_pages(CF_PLATFORM_SEV_SNP, "\xcc\xdd", NULL, 0,
		"5987c91c61f0c2e8d7a6942ca46b56ba651572b894795653"
		"3d84c88cb7d98aaf7f638461e0d3e64a7110d769597540cd");
	filled_pages(CF_PLATFORM_TDX, "\xee\xff", NULL, 0,
		"d8585c0fe9f500f7ec21936be616a9ff16969a6a47e9483c"
		"9561b2e2fd9412bdcced56518174f17dc0a85326ff4b5aa8");
	filled_pages(CF_PLATFORM_VBS, "\xaa\xbb", rip, sizeof(rip),
		"aa9a1ac323dc94c90907328d2f60da58"
		"1d543b071ff688e5b1e78a8a34ae469e");
	one_page(CF_PLATFORM_TDX, CF_PAGE_UNMEASURED, 0,
		"8f3e9a8aca6784eab874f7aa4dda5d49104a88047f1f8669"
		"5ef2a88f5691a90e34aac48ce45ffa1f5a23c7d62980d570");
}

static void check_syn(enum cf_platform platform, unsigned vcpus,
	const char *cpu, enum cf_vmm vmm, uint64_t features, const char *kernel,
	const char *initrd, const char *append, const char *want)
{
	struct cf_firmware_params p = {
		.ovmf = &ovmf,
		.platform = platform,
		.vmm = vmm,
		.vcpus = vcpus,
		.sev_features = features,
	};
	struct cf_kernel_hashes hashes;
	struct cf_plan *plan;

	if (cpu)
		assert_true(cf_cpu_type_signature(cpu, &p.cpuid_signature));
	if (kernel) {
		assert_ok(cf_kernel_hashes_make((const uint8_t *)kernel,
			strlen(kernel), (const uint8_t *)initrd,
			initrd ? strlen(initrd) : 0, append, &hashes, &err));
		p.hashes = &hashes;
	}
	assert_ok(cf_plan_from_firmware(&p, &plan, &err));
	assert_digest_of(plan, want);
	cf_plan_destroy(plan);
}

static void test_sev_digest_of_firmware(void **state)
{
	const enum cf_platform sev = CF_PLATFORM_SEV, es = CF_PLATFORM_SEV_ES;

	check_syn(sev, 1, NULL, CF_VMM_QEMU, 0, NULL, NULL, NULL,
		"f182efd9790d41c237137c3fd6f416f3"
		"0c7ba60469b83a4b63560bac16837d1c");
	check_syn(sev, 1, NULL, CF_VMM_QEMU, 0, "KERNEL", "INITRD",
		"console=ttyS0",
		"7296eb8458498945c5b06ccdc053b00c"
		"272390a6b62e4ccfb7017f36ec01a8c1");
	check_syn(sev, 1, NULL, CF_VMM_QEMU, 0, "KERNEL", NULL, NULL,
		"0a90bab60fee7d3b50625d57db22f0e4"
		"a27a87bd58d4a76bc287e68d544480bf");
	check_syn(es, 1, "EPYC-v4", CF_VMM_QEMU, 0, NULL, NULL, NULL,
		"d72bf7a70220a43f8dc64e5edb8ccae3"
		"15977ba82206790982ce88302daeeb80");
	check_syn(es, 2, "EPYC-Milan", CF_VMM_QEMU, 0, "KERNEL", "INITRD",
		"console=ttyS0",
		"a53245e620e37d98dec0b2eeb9ac7275"
		"63adf93410c70eac120f7e262e09cc4d");
}

static void test_snp_digest_of_firmware(void **state)
{
	const enum cf_platform snp = CF_PLATFORM_SEV_SNP;

	check_syn(snp, 1, "EPYC-v4", CF_VMM_QEMU, 1, NULL, NULL, NULL,
		"f17b29a8b869f1e5a7f2b06569f77305e3a900ed30c7adfc"
		"a5dd0dc17acfddce9deee0fa4706a9f420fb025c20c47349");
	check_syn(snp, 3, "EPYC-Genoa", CF_VMM_QEMU, 1, NULL, NULL, NULL,
		"04d4049887d7ba76cee5aa1507144e5a4ad1a520963f6d19"
		"0f412bbb034d70f30b079ea0d4ba35c3311335ecdaffd2b9");
	check_syn(snp, 1, "EPYC-v4", CF_VMM_QEMU, 1, "KERNEL", "INITRD",
		"console=ttyS0",
		"dc41809e875787ea51fded3d1bd11176d91bab076e036895"
		"a579fde5295a1bd5db9f9e1aae67290df85c30d522c860f2");
	check_syn(snp, 2, "EPYC-Turin", CF_VMM_QEMU, 0x21, "KERNEL", NULL, NULL,
		"38598757e82e5077c85ecdb3abeced23141b6df2a91b776f"
		"2e70ab7f2f02bdbce48ca684f67ee6cf559291c87c7a1d92");
	check_syn(snp, 2, NULL, CF_VMM_EC2, 1, NULL, NULL, NULL,
		"73bd62aed0c24e54cc451a3e7c5c7908ed60dc6dd3fd27f0"
		"f37b7510147253c3969d71c2d5865c876b6e8692ddf2bb04");
	check_syn(snp, 2, NULL, CF_VMM_GCE, 1, NULL, NULL, NULL,
		"65916db1368f4e4a5b499dc4bc715cd3d071dce2d9f49486"
		"1a6635b80e2e82e641d1c88c148eaff653d29260620cb48f");
}

/* The digest after the firmware pages stands in for them. */
static void test_snp_seed_replaces_firmware_pages(void **state)
{
	const struct cf_firmware_params p = {
		.ovmf = &ovmf,
		.platform = CF_PLATFORM_SEV_SNP,
		.vcpus = 1,
		.cpuid_signature = 0x800f12,
		.sev_features = 1,
		.skip_firmware_pages = true,
	};
	uint8_t seed[48], digest[CF_DIGEST_MAX];
	char text[97];
	struct cf_plan *plan;
	size_t len;

	put(seed,
		"6bf22a7601f006626b091077dcd1542eda86a2eadb581cec"
		"133bff8458b5777ef6ff9a8d6d81abe4d4bd80825c93e86b");
	assert_ok(cf_plan_from_firmware(&p, &plan, &err));
	assert_ok(cf_launch_digest(plan, seed, digest, &len, &err));
	assert_int_equal(len, 48);
	cf_hex(text, digest, len);
	assert_string_equal(text,
		"f17b29a8b869f1e5a7f2b06569f77305e3a900ed30c7adfc"
		"a5dd0dc17acfddce9deee0fa4706a9f420fb025c20c47349");
	cf_plan_destroy(plan);
}

static void test_digest_can_be_asked_between_updates(void **state)
{
	static const uint8_t page[CF_PAGE_SIZE];
	const struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV_SNP };
	const struct cf_sp_update u = {
		.gpa = 0xfffff000,
		.len = CF_PAGE_SIZE,
		.data = page,
		.type = CF_PAGE_NORMAL,
	};
	uint8_t digest[2][CF_DIGEST_MAX];
	struct cf_sp_guest *g;
	char text[97];
	size_t len;

	assert_ok(cf_sp_digest_create(NULL, &g, &err));
	assert_status(COFFER_ERR_FIRMWARE, g->ops->launch_update(g, &u, &err));
	assert_int_equal(err.fw_status, CF_FW_INVALID_GUEST_STATE);
	assert_ok(g->ops->launch_start(g, &l, &err));
	assert_status(COFFER_ERR_FIRMWARE, g->ops->launch_start(g, &l, &err));
	assert_ok(g->ops->launch_digest(g, digest[0], &len, &err));
	assert_true(cf_is_zero(digest[0], len));
	assert_ok(g->ops->launch_update(g, &u, &err));
	assert_ok(g->ops->launch_digest(g, digest[0], &len, &err));
	assert_ok(g->ops->launch_digest(g, digest[1], &len, &err));
	assert_memory_equal(digest[0], digest[1], len);
	cf_hex(text, digest[0], len);
	assert_string_equal(text,
		"46c510442a54cc32344cef32e14dc3d6312fc4a010780dd1"
		"1fd33204df5550590356b069e6c6ca5bbfca71561f370399");
	cf_sp_guest_destroy(g);
}

static void test_digest_refuses_what_the_platform_lacks(void **state)
{
	static const uint8_t page[CF_PAGE_SIZE];
	const struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV };
	struct cf_sp_update u = {
		.len = CF_PAGE_SIZE, .data = page, .type = CF_PAGE_SECRETS
	};
	struct cf_plan native = { .platform = CF_PLATFORM_NATIVE };
	uint8_t digest[CF_DIGEST_MAX];
	struct cf_sp_guest *g;
	size_t len;

	assert_ok(cf_sp_digest_create(NULL, &g, &err));
	assert_ok(g->ops->launch_start(g, &l, &err));
	assert_status(COFFER_ERR_FIRMWARE, g->ops->launch_update(g, &u, &err));
	assert_message("secrets");
	assert_status(COFFER_ERR_FIRMWARE,
		g->ops->launch_update_vmsa(g, 0, 0, page, &err));
	cf_sp_guest_destroy(g);
	assert_status(COFFER_ERR_UNSUPPORTED,
		cf_launch_digest(&native, NULL, digest, &len, &err));
}

static void test_firmware_status_names(void **state)
{
	assert_string_equal(
		cf_fw_status_name(CF_FW_BAD_MEASUREMENT), "BAD_MEASUREMENT");
	assert_string_equal(cf_fw_status_name(0x1c), "INVALID_PAGE_OWNER");
	assert_string_equal(cf_fw_status_name(0x1e), "unknown status");
	assert_string_equal(cf_fw_status_remedy(CF_FW_SUCCESS), "");
	for (uint32_t i = 1; i <= 0x28; i++)
		if (i != 0x1e)
			assert_true(strlen(cf_fw_status_remedy(i)) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snp_single_steps),
		cmocka_unit_test(test_tdx_and_vbs_pages),
		cmocka_unit_test_setup(test_sev_digest_of_firmware, parse_syn),
		cmocka_unit_test_setup(test_snp_digest_of_firmware, parse_syn),
		cmocka_unit_test_setup(
			test_snp_seed_replaces_firmware_pages, parse_syn),
		cmocka_unit_test(test_digest_can_be_asked_between_updates),
		cmocka_unit_test(test_digest_refuses_what_the_platform_lacks),
		cmocka_unit_test(test_firmware_status_names),
	};

	return cmocka_run_group_tests_name("sp_digest", tests, NULL, NULL);
}
