/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explaining digests.  The digests are those that sev-snp-measure gives for
 * the synthetic firmware; the believed inputs are made wrong on purpose.
 */
#include "syn.h"

#include "explain/explain.h"
#include "igvm/igvm.h"
#include "sp/sp.h"

static struct coffer_error err;
static uint8_t fw[SYN_LEN];
static const struct cf_explain_image image = { "syn.fd", fw, SYN_LEN };

/* sev-snp-measure: snp, 3 vCPUs, EPYC-Genoa, QEMU, 0x1. */
static const char genoa3[] =
	"04d4049887d7ba76cee5aa1507144e5a4ad1a520963f6d190f412bbb034d70f3"
	"0b079ea0d4ba35c3311335ecdaffd2b9";
/* 1 vCPU, EPYC-v4, QEMU, 0x1, KERNEL, INITRD, "console=ttyS0". */
static const char kernel1[] =
	"dc41809e875787ea51fded3d1bd11176d91bab076e036895a579fde5295a1bd5"
	"db9f9e1aae67290df85c30d522c860f2";
/* 2 vCPUs, EC2, 0x1. */
static const char ec2[] =
	"73bd62aed0c24e54cc451a3e7c5c7908ed60dc6dd3fd27f0f37b7510147253c3"
	"969d71c2d5865c876b6e8692ddf2bb04";
/* The firmware pages alone. */
static const char pages[] =
	"6bf22a7601f006626b091077dcd1542eda86a2eadb581cec133bff8458b5777e"
	"f6ff9a8d6d81abe4d4bd80825c93e86b";
/* seves, 1 vCPU, EPYC-v4. */
static const char seves1[] =
	"d72bf7a70220a43f8dc64e5edb8ccae315977ba82206790982ce88302daeeb80";

/* HMAC-SHA-256 by Python, key 00..0F, over 04 01 37 02, policy 1, the digest of
 * mode sev, nonce 10..1F. */
static const char hmac_of_syn[] =
	"b396f455c6278a810d60ae74576ab006d50c46419ed30c3f385fb2895e027de3";

static int make_firmware(void **state)
{
	make_syn(fw);
	return 0;
}

static struct cf_explain_request request(const uint8_t *target, size_t len)
{
	return (struct cf_explain_request) {
		.target = target,
		.target_len = len,
		.platform = len == 48 ? CF_PLATFORM_SEV_SNP : CF_PLATFORM_SEV,
		.image = &image,
		.nimages = 1,
		.cpuid_signature = 0x800f12,
		.sev_features = len == 48,
		.vcpus = 1,
		.max_vcpus = 8,
	};
}

static void with_kernel(struct cf_explain_request *q, const char *append)
{
	q->has_kernel = true;
	q->kernel = (const uint8_t *)"KERNEL";
	q->kernel_len = 6;
	q->initrd = (const uint8_t *)"INITRD";
	q->initrd_len = 6;
	q->append = append;
}

/* The nearest explanation is these changes, "assumption: actual" each. */
static void assert_changes(struct cf_explain_request *q, const char *hex,
	const char *const *want, size_t n)
{
	uint8_t target[48];
	struct cf_explain_result r;
	const struct cf_explain_match *m = &r.match[0];

	put(target, hex);
	q->target = target;
	assert_ok(cf_explain_firmware(q, &r, &err));
	assert_true(r.nmatches > 0);
	for (size_t i = 1; i < r.nmatches; i++)
		assert_true(r.match[i].nchanges >= m->nchanges);
	assert_int_equal(m->nchanges, n);
	for (size_t i = 0; i < n; i++) {
		char text[192];

		snprintf(text, sizeof(text), "%s: %s", m->change[i].assumption,
			m->change[i].actual);
		assert_string_equal(text, want[i]);
	}
	cf_explain_result_finish(&r);
}

static void test_explain_says_when_nothing_is_wrong(void **state)
{
	struct cf_explain_request q = request(NULL, 48);

	q.vcpus = 3;
	q.cpuid_signature = 0xa10f10;
	assert_changes(&q, genoa3, NULL, 0);
}

static void test_explain_finds_vcpus_and_cpu(void **state)
{
	static const char *const want[] = {
		"CPU signature: 0xa10f10 (EPYC-Genoa)",
		"vCPUs: 3",
	};
	struct cf_explain_request q = request(NULL, 48);

	assert_changes(&q, genoa3, want, 2);
	q.vcpus = 3;
	assert_changes(&q, genoa3, want, 1);
	/* a signature that no named type has, told by the report */
	q.cpuid_signature = 0x123;
	q.reported_signature = 0xa10f10;
	assert_changes(&q, genoa3, want, 1);
}

static void test_explain_finds_the_vmm_with_its_era(void **state)
{
	static const char *const want[] = { "VMM: ec2", "vCPUs: 2" };
	struct cf_explain_request q = request(NULL, 48);

	assert_changes(&q, ec2, want, 2);
	static const char *const era[] = { "era: current (EC2 (RDX 0x600))" };

	q.vmm = CF_VMM_EC2;
	q.era = cf_vmsa_era_by_name(CF_VMM_EC2, "rdx-0");
	q.vcpus = 2;
	assert_changes(&q, ec2, era, 1);
}

static void test_explain_finds_features_likely_or_not(void **state)
{
	static const char *const want[] = { "guest features: 0x1" };
	struct cf_explain_request q = request(NULL, 48);

	q.vcpus = 3;
	q.cpuid_signature = 0xa10f10;
	q.sev_features = 0x21;
	assert_changes(&q, genoa3, want, 1);
	q.sev_features = 0xdead;
	assert_changes(&q, genoa3, want, 1);
}

static void test_explain_finds_the_command_line(void **state)
{
	static const char *const newline[] = {
		"command line: without final blanks and newlines",
	};
	static const char *const off[] = { "kernel hashes: off" };
	struct cf_explain_request q = request(NULL, 48);

	with_kernel(&q, "console=ttyS0\n");
	assert_changes(&q, kernel1, newline, 1);
	with_kernel(&q, "console=ttyS0");
	assert_changes(&q, kernel1, NULL, 0);
	q.vcpus = 3;
	q.cpuid_signature = 0xa10f10;
	assert_changes(&q, genoa3, off, 1);
}

static void test_explain_finds_the_stage_and_the_mode(void **state)
{
	static const char *const stage[] = {
		"stage: the firmware pages alone (snp:ovmf-hash)",
	};
	static const char *const mode[] = { "mode: sev-es" };
	struct cf_explain_request q = request(NULL, 48);

	assert_changes(&q, pages, stage, 1);
	q = request(NULL, 32);
	assert_changes(&q, seves1, mode, 1);
}

static void test_explain_finds_the_other_firmware(void **state)
{
	static const char *const want[] = { "firmware: syn.fd" };
	static uint8_t vars[CF_PAGE_SIZE];
	const struct cf_explain_image both[] = {
		{ "vars.fd", vars, sizeof(vars) },
		image,
	};
	struct cf_explain_request q = request(NULL, 48);

	q.image = both;
	q.nimages = 2;
	q.vcpus = 3;
	q.cpuid_signature = 0xa10f10;
	assert_changes(&q, genoa3, want, 1);
}

static void test_explain_tells_an_hmac_from_a_digest(void **state)
{
	static const char *const want[] = {
		"value: HMAC of LAUNCH_MEASURE",
		"policy: 0x1",
	};
	static uint8_t tik[16];
	struct cf_explain_request q = request(NULL, 32);

	for (uint8_t i = 0; i < 16; i++) {
		tik[i] = i;
		q.hmac.nonce[i] = (uint8_t)(0x10 + i);
	}
	q.hmac.tik = tik;
	q.hmac.api_major = 1;
	q.hmac.api_minor = 55;
	q.hmac.build = 2;
	q.hmac.policy = 5;
	assert_changes(&q, hmac_of_syn, want, 2);
	q.hmac.policy = 1;
	assert_changes(&q, hmac_of_syn, want, 1);
}

static void test_explain_says_what_it_tried(void **state)
{
	static const uint8_t nothing[48];
	struct cf_explain_request q = request(nothing, 48);
	struct cf_explain_result r;

	q.max_vcpus = 0; /* 64 */
	assert_ok(cf_explain_firmware(&q, &r, &err));
	assert_int_equal(r.nmatches, 0);
	assert_true(r.candidates > 10000);
	assert_non_null(strstr(cf_buf_text(&r.tried), "vCPUs: 1 to 64"));
	cf_explain_result_finish(&r);
	q.target_len = 40;
	assert_status(COFFER_ERR_ARGUMENT, cf_explain_firmware(&q, &r, &err));
}

static void add_header(struct cf_igvm_writer *w, const struct cf_igvm_header *h)
{
	assert_ok(cf_igvm_writer_add(w, h, &err));
}

/* The file has one context, the guest ran with three vCPUs: KVM added reset
 * states.  The digest comes from the firmware source, whose first VMSA is the
 * same state as a vCPU's without a context. */
static void test_explain_igvm_finds_vcpus_without_context(void **state)
{
	struct cf_igvm_header platform = { .type = CF_IGVM_SUPPORTED_PLATFORM,
		.compatibility_mask = 1 };
	struct cf_igvm_header context = { .type = CF_IGVM_VP_CONTEXT,
		.compatibility_mask = 1 };
	const struct cf_vmsa_params p = { .cpuid_signature = 0xa00f11,
		.sev_features = 1,
		.eip = CF_RESET_EIP };
	uint8_t vmsa[4096], target[CF_DIGEST_MAX];
	struct cf_cpu_state state_of;
	struct cf_explain_result r;
	struct cf_igvm_writer *w;
	struct cf_buf bytes = { 0 };
	struct cf_igvm *file;
	struct cf_step step[3];
	struct cf_plan plan = {
		.platform = CF_PLATFORM_SEV_SNP, .step = step, .nsteps = 3
	};
	size_t len;

	cf_vmsa_initial(&p, &state_of);
	cf_vmsa_encode(&state_of, vmsa);
	for (uint16_t i = 0; i < 3; i++)
		step[i] = (struct cf_step) { .kind = CF_STEP_VCPU,
			.gpa = CF_KVM_VMSA_GPA,
			.len = sizeof(vmsa),
			.data = vmsa,
			.vp_index = i,
			.format = CF_VCPU_VMSA };
	assert_ok(cf_launch_digest(&plan, NULL, target, &len, &err));

	platform.u.platform.platform_type = CF_IGVM_SEV_SNP;
	platform.u.platform.platform_version = 1;
	context.u.vp_context.gpa = CF_KVM_VMSA_GPA;
	context.data = vmsa;
	context.data_len = sizeof(vmsa);
	assert_ok(cf_igvm_writer_create(1, CF_IGVM_X64, &w, &err));
	add_header(w, &platform);
	add_header(w, &context);
	assert_ok(cf_igvm_writer_finish(w, &bytes, &err));
	cf_igvm_writer_destroy(w);
	assert_ok(cf_igvm_parse(bytes.data, bytes.len, &file, &err));
	assert_ok(cf_explain_igvm(file, CF_PLATFORM_SEV_SNP, &cf_profile_qemu,
		target, len, &r, &err));
	assert_true(r.nmatches > 0);
	assert_int_equal(r.match[0].nchanges, 1);
	assert_string_equal(r.match[0].change[0].actual,
		"3: 2 of CPU 0xa00f11 have no context in the file");
	cf_explain_result_finish(&r);
	cf_igvm_destroy(file);
	cf_buf_finish(&bytes);
}

static void test_explain_igvm_finds_zero_pages(void **state)
{
	struct cf_igvm_header platform = { .type = CF_IGVM_SUPPORTED_PLATFORM,
		.compatibility_mask = 1 };
	struct cf_igvm_header page = { .type = CF_IGVM_PAGE_DATA,
		.compatibility_mask = 1 };
	struct cf_explain_result r;
	struct cf_igvm_writer *w;
	struct cf_buf bytes = { 0 };
	struct cf_igvm *file;
	uint8_t target[48];

	platform.u.platform.platform_type = CF_IGVM_SEV_SNP;
	platform.u.platform.platform_version = 1;
	assert_ok(cf_igvm_writer_create(1, CF_IGVM_X64, &w, &err));
	add_header(w, &platform);
	add_header(w, &page);
	assert_ok(cf_igvm_writer_finish(w, &bytes, &err));
	cf_igvm_writer_destroy(w);
	assert_ok(cf_igvm_parse(bytes.data, bytes.len, &file, &err));
	/* igvmmeasure -n of one such page at 0, from the notes */
	put(target,
		"70c0ecaab9608f14ebf8ac6f0f07bcd8728f4e2ab30382b5"
		"39b4de4de904ca9f8ebdf4b2cd3cd84dd996bd55dd794676");
	assert_ok(cf_explain_igvm(file, CF_PLATFORM_SEV_SNP, &cf_profile_spec,
		target, 48, &r, &err));
	assert_true(r.nmatches > 0);
	assert_int_equal(r.match[0].nchanges, 1);
	assert_string_equal(
		r.match[0].change[0].assumption, "pages without data");
	cf_explain_result_finish(&r);
	cf_igvm_destroy(file);
	cf_buf_finish(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain_says_when_nothing_is_wrong),
		cmocka_unit_test(test_explain_finds_vcpus_and_cpu),
		cmocka_unit_test(test_explain_finds_the_vmm_with_its_era),
		cmocka_unit_test(test_explain_finds_features_likely_or_not),
		cmocka_unit_test(test_explain_finds_the_command_line),
		cmocka_unit_test(test_explain_finds_the_stage_and_the_mode),
		cmocka_unit_test(test_explain_finds_the_other_firmware),
		cmocka_unit_test(test_explain_tells_an_hmac_from_a_digest),
		cmocka_unit_test(test_explain_says_what_it_tried),
		cmocka_unit_test(test_explain_igvm_finds_zero_pages),
		cmocka_unit_test(test_explain_igvm_finds_vcpus_without_context),
	};

	return cmocka_run_group_tests_name(
		"explain", tests, make_firmware, NULL);
}
