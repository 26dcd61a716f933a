/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans of IGVM files.  Files are made with the writer; what each loader does
 * with them is what the IGVM notes say of it.
 */
#include "syn.h"

#include "igvm/igvm.h"
#include "plan/plan.h"

#define MASK 1

static struct coffer_error err;
static struct cf_igvm_writer *writer;
static struct cf_buf bytes;
static struct cf_igvm *file;
static struct cf_plan *plan;
static uint8_t page[CF_PAGE_SIZE];

static void add(const struct cf_igvm_header *h)
{
	assert_ok(cf_igvm_writer_add(writer, h, &err));
}

static void begin(enum cf_igvm_platform_type type)
{
	struct cf_igvm_header h = { .type = CF_IGVM_SUPPORTED_PLATFORM,
		.compatibility_mask = MASK };

	h.u.platform.platform_type = (uint8_t)type;
	h.u.platform.platform_version = 1;
	assert_ok(cf_igvm_writer_create(1, CF_IGVM_X64, &writer, &err));
	add(&h);
}

static void add_policy(uint64_t policy)
{
	struct cf_igvm_header h = { .type = CF_IGVM_GUEST_POLICY,
		.compatibility_mask = MASK };

	h.u.policy.policy = policy;
	add(&h);
}

static void add_page(uint64_t gpa, uint32_t flags, uint16_t type, bool data)
{
	struct cf_igvm_header h = { .type = CF_IGVM_PAGE_DATA,
		.compatibility_mask = MASK };

	memset(page, (int)(gpa >> 12) + 1, sizeof(page));
	h.u.page.gpa = gpa;
	h.u.page.flags = flags;
	h.u.page.data_type = type;
	h.data = data ? page : NULL;
	h.data_len = data ? sizeof(page) : 0;
	add(&h);
}

static void add_context(uint64_t gpa, unsigned index, size_t at, uint8_t byte)
{
	struct cf_igvm_header h = { .type = CF_IGVM_VP_CONTEXT,
		.compatibility_mask = MASK,
		.data = page,
		.data_len = sizeof(page) };

	memset(page, 0, sizeof(page));
	page[0x3b0] = 1; /* SEV_FEATURES: SNP */
	page[at] = byte;
	h.u.vp_context.gpa = gpa;
	h.u.vp_context.vp_index = (uint16_t)index;
	add(&h);
}

static void add_area(uint32_t index, uint64_t len, uint8_t fill)
{
	struct cf_igvm_header h = { .type = CF_IGVM_PARAMETER_AREA };

	memset(page, fill, sizeof(page));
	h.u.parameter_area.index = index;
	h.u.parameter_area.number_of_bytes = len;
	h.data = fill ? page : NULL;
	h.data_len = fill ? sizeof(page) : 0;
	add(&h);
}

static void add_parameter(uint32_t type, uint32_t index, uint32_t offset)
{
	struct cf_igvm_header h = { .type = type };

	h.u.parameter.index = index;
	h.u.parameter.byte_offset = offset;
	add(&h);
}

static void add_insert(uint32_t index, uint64_t gpa)
{
	struct cf_igvm_header h = { .type = CF_IGVM_PARAMETER_INSERT,
		.compatibility_mask = MASK };

	h.u.parameter_insert.index = index;
	h.u.parameter_insert.gpa = gpa;
	add(&h);
}

static enum coffer_status make(enum cf_platform platform,
	const struct cf_loader_profile *profile, const struct cf_plan_env *env)
{
	assert_ok(cf_igvm_writer_finish(writer, &bytes, &err));
	cf_igvm_writer_destroy(writer);
	writer = NULL;
	assert_ok(cf_igvm_parse(bytes.data, bytes.len, &file, &err));
	plan = NULL;
	return cf_plan_from_igvm(file, platform, profile, env, &plan, &err);
}

static void end(void)
{
	cf_plan_destroy(plan);
	cf_igvm_destroy(file);
	cf_buf_finish(&bytes);
}

static void assert_step(size_t i, enum cf_step_kind kind, uint64_t gpa,
	uint64_t len, enum cf_page_type type)
{
	assert_true(i < plan->nsteps);
	assert_int_equal(plan->step[i].kind, kind);
	assert_int_equal(plan->step[i].gpa, gpa);
	assert_int_equal(plan->step[i].len, len);
	if (kind == CF_STEP_RANGE)
		assert_int_equal(plan->step[i].type, type);
}

static void test_igvm_page_types_by_platform(void **state)
{
	begin(CF_IGVM_SEV_SNP);
	add_policy(0x30000);
	add_page(0x1000, 0, CF_IGVM_PAGE_NORMAL, true);
	add_page(0x2000, 0, CF_IGVM_PAGE_NORMAL, true);
	add_page(0x3000, 0, CF_IGVM_PAGE_NORMAL, false);
	add_page(0x4000, CF_IGVM_PAGE_UNMEASURED, CF_IGVM_PAGE_NORMAL, true);
	add_page(0x5000, 0, CF_IGVM_PAGE_SECRETS, false);
	add_page(0x6000, 0, CF_IGVM_PAGE_CPUID_DATA, false);
	add_page(0x7000, 0, CF_IGVM_PAGE_CPUID_XF, false);
	add_page(0x8000, CF_IGVM_PAGE_SHARED, CF_IGVM_PAGE_NORMAL, true);
	assert_ok(make(CF_PLATFORM_SEV_SNP, &cf_profile_spec, NULL));
	assert_true(plan->has_policy);
	assert_int_equal(plan->policy, 0x30000);
	assert_int_equal(plan->nsteps, 6);
	/* neighbours of one kind are one step */
	assert_step(0, CF_STEP_RANGE, 0x1000, 0x2000, CF_PAGE_NORMAL);
	assert_int_equal(plan->step[0].data[0], 2);
	assert_int_equal(plan->step[0].data[0x1000], 3);
	assert_step(1, CF_STEP_RANGE, 0x3000, 0x1000, CF_PAGE_NORMAL);
	assert_null(plan->step[1].data);
	assert_step(2, CF_STEP_RANGE, 0x4000, 0x1000, CF_PAGE_UNMEASURED);
	assert_step(3, CF_STEP_RANGE, 0x5000, 0x1000, CF_PAGE_SECRETS);
	assert_step(4, CF_STEP_RANGE, 0x6000, 0x2000, CF_PAGE_CPUID);
	assert_step(5, CF_STEP_RANGE, 0x8000, 0x1000, CF_PAGE_SHARED);
	end();

	begin(CF_IGVM_SEV);
	add_page(0x5000, 0, CF_IGVM_PAGE_SECRETS, false);
	assert_status(COFFER_ERR_UNSUPPORTED,
		make(CF_PLATFORM_SEV, &cf_profile_spec, NULL));
	assert_message("directive 0 (PAGE_DATA at offset 0x");
	assert_message("NORMAL pages only");
	end();

	begin(CF_IGVM_NATIVE);
	add_page(0x5000, 0, CF_IGVM_PAGE_SECRETS, false);
	assert_ok(make(CF_PLATFORM_NATIVE, &cf_profile_qemu, NULL));
	assert_step(0, CF_STEP_RANGE, 0x5000, 0x1000, CF_PAGE_NORMAL);
	end();
}

/* PAGE A, INSERT B, PAGE C: file order by the format, B A C in QEMU. */
static void test_igvm_qemu_flushes_pages_late(void **state)
{
	for (int qemu = 0; qemu < 2; qemu++) {
		begin(CF_IGVM_SEV_SNP);
		add_area(0, 0x2000, 0);
		add_page(0x1000, 0, 0, true);
		add_insert(0, 0x10000);
		add_page(0x2000, 0, 0, true);
		assert_ok(make(CF_PLATFORM_SEV_SNP,
			qemu ? &cf_profile_qemu : &cf_profile_spec, NULL));
		assert_int_equal(plan->nsteps, 3);
		assert_int_equal(plan->step[0].gpa, qemu ? 0x10000 : 0x1000);
		assert_int_equal(plan->step[1].gpa, qemu ? 0x1000 : 0x10000);
		assert_int_equal(plan->step[1 - qemu].type, CF_PAGE_UNMEASURED);
		assert_int_equal(plan->step[1 - qemu].len, 0x2000);
		assert_int_equal(plan->step[2].gpa, 0x2000);
		end();
	}
}

static void test_igvm_plans_are_the_same_when_order_is(void **state)
{
	struct cf_plan *spec;

	for (int mixed = 0; mixed < 2; mixed++) {
		begin(CF_IGVM_SEV_SNP);
		add_area(0, 0x1000, 0);
		if (mixed)
			add_page(0x1000, 0, 0, true);
		add_insert(0, 0x10000);
		add_page(0x2000, 0, 0, true);
		assert_ok(make(CF_PLATFORM_SEV_SNP, &cf_profile_spec, NULL));
		spec = plan;
		assert_ok(cf_plan_from_igvm(file, CF_PLATFORM_SEV_SNP,
			&cf_profile_qemu, NULL, &plan, &err));
		assert_int_equal(cf_plan_same(spec, plan), !mixed);
		assert_true(cf_plan_same(plan, plan));
		cf_plan_destroy(spec);
		end();
	}
}

static void test_igvm_qemu_measures_vcpus_last_by_index(void **state)
{
	begin(CF_IGVM_SEV_SNP);
	add_context(CF_KVM_VMSA_GPA, 1, 0x1f8, 1);
	add_page(0x1000, 0, 0, true);
	add_context(CF_KVM_VMSA_GPA, 0, 0x1f8, 2);
	assert_ok(make(CF_PLATFORM_SEV_SNP, &cf_profile_qemu, NULL));
	assert_int_equal(plan->nsteps, 3);
	assert_step(0, CF_STEP_RANGE, 0x1000, 0x1000, CF_PAGE_NORMAL);
	assert_int_equal(plan->step[1].vp_index, 0);
	assert_int_equal(plan->step[2].vp_index, 1);
	cf_plan_destroy(plan);
	assert_ok(cf_plan_from_igvm(file, CF_PLATFORM_SEV_SNP, &cf_profile_spec,
		NULL, &plan, &err));
	assert_int_equal(plan->step[0].vp_index, 1);
	assert_int_equal(plan->step[2].vp_index, 0);
	assert_int_equal(plan->step[2].format, CF_VCPU_VMSA);
	end();
}

static void refused_context(
	uint64_t gpa, unsigned index, size_t at, uint8_t byte, const char *text)
{
	const struct cf_plan_env env = { .vcpus = 2 };

	begin(CF_IGVM_SEV_SNP);
	add_context(gpa, index, at, byte);
	assert_true(
		make(CF_PLATFORM_SEV_SNP, &cf_profile_qemu, &env) != COFFER_OK);
	assert_message("directive 0 (VP_CONTEXT");
	assert_message(text);
	end();
}

static void test_igvm_kvm_refuses_vmsas_it_cannot_rebuild(void **state)
{
	const struct cf_plan_env env = { .vcpus = 2 };

	refused_context(0x803000, 0, 0x1f8, 0, "gpa 0x803000");
	refused_context(CF_KVM_VMSA_GPA, 0, 0x240, 1, "0x240 (CR2)");
	refused_context(CF_KVM_VMSA_GPA, 0, 0x141, 1, "0x141 (XSS)");
	refused_context(CF_KVM_VMSA_GPA, 0, 0xd8, 1, "(reserved)");
	refused_context(CF_KVM_VMSA_GPA, 0, 0x66f, 1, "(YMM_HIGH)");
	refused_context(CF_KVM_VMSA_GPA, 0, 0x3b0, 2, "bit 0 must be 1");
	refused_context(CF_KVM_VMSA_GPA, 2, 0x1f8, 0, "guest has 2 vCPUs");

	/* every register field is fine */
	begin(CF_IGVM_SEV_SNP);
	add_context(CF_KVM_VMSA_GPA, 1, 0x411, 3);
	assert_ok(make(CF_PLATFORM_SEV_SNP, &cf_profile_qemu, &env));
	end();

	/* the format itself allows it all, but one context per vCPU */
	begin(CF_IGVM_SEV_SNP);
	add_context(0x803000, 0, 0x240, 1);
	assert_ok(make(CF_PLATFORM_SEV_SNP, &cf_profile_spec, NULL));
	end();
	begin(CF_IGVM_SEV_SNP);
	add_context(CF_KVM_VMSA_GPA, 0, 0x1f8, 1);
	add_context(CF_KVM_VMSA_GPA, 0, 0x1f8, 2);
	assert_status(COFFER_ERR_FORMAT,
		make(CF_PLATFORM_SEV_SNP, &cf_profile_spec, NULL));
	assert_message("directive 0 has a context");
	assert_ok(cf_plan_from_igvm(file, CF_PLATFORM_SEV_SNP, &cf_profile_qemu,
		NULL, &plan, &err));
	assert_int_equal(plan->nsteps, 1);
	assert_int_equal(plan->step[0].data[0x1f8], 2);
	end();
}

static void test_igvm_refuses_pages_outside_memory_or_twice(void **state)
{
	static const struct cf_memory_range memory[] = {
		{ 0, 0xa0000, CF_MEMORY_RAM },
		{ 0xa0000, 0x60000, CF_MEMORY_RESERVED },
		{ 0x100000, 0x100000, CF_MEMORY_RAM },
	};
	const struct cf_plan_env env = {
		.memory = memory,
		.nmemory = CF_ARRAY_LEN(memory),
		.flash_base = 0xffc00000,
	};

	begin(CF_IGVM_NATIVE);
	add_page(0x9f000, 0, 0, false);
	add_page(0xa0000, 0, 0, false); /* over the edge of two ranges */
	add_page(0xffc00000, 0, 0, true);
	assert_ok(make(CF_PLATFORM_NATIVE, &cf_profile_qemu, &env));
	end();

	begin(CF_IGVM_NATIVE);
	add_page(0x1ff000, 0, 0, false);
	add_page(0x200000, 0, 0, false);
	assert_status(COFFER_ERR_ARGUMENT,
		make(CF_PLATFORM_NATIVE, &cf_profile_qemu, &env));
	assert_message("PAGE_DATA 0: 0x1ff000 size 0x2000 is outside");
	end();

	begin(CF_IGVM_NATIVE);
	add_page(0x1000, 0, 0, true);
	add_page(0x3000, 0, 0, true);
	add_page(0x1000, 0, 0, true);
	assert_status(COFFER_ERR_FORMAT,
		make(CF_PLATFORM_NATIVE, &cf_profile_qemu, NULL));
	assert_message("PAGE_DATA 2: page 0x1000 is given before by "
		       "PAGE_DATA 0");
	end();
}

static void test_igvm_parameters_are_filled(void **state)
{
	static const struct cf_memory_range memory[] = {
		{ 0, 0xa0000, CF_MEMORY_RAM },
		{ 0xf0000, 0x10000, CF_MEMORY_RESERVED },
	};
	static const uint8_t madt[] = "APICtable";
	const struct cf_plan_env env = {
		.vcpus = 3,
		.memory = memory,
		.nmemory = CF_ARRAY_LEN(memory),
		.madt = madt,
		.madt_len = sizeof(madt),
		.cmdline = "quiet",
	};
	const uint8_t *p;

	begin(CF_IGVM_SEV_SNP);
	add_area(7, CF_PAGE_SIZE, 0);
	add_parameter(CF_IGVM_VP_COUNT_PARAMETER, 7, 4);
	add_parameter(CF_IGVM_MEMORY_MAP, 7, 0x10);
	add_parameter(CF_IGVM_MADT, 7, 0x100);
	add_parameter(CF_IGVM_COMMAND_LINE, 7, 0xffa);
	add_parameter(CF_IGVM_ENVIRONMENT_INFO_PARAMETER, 7, 0x200);
	add_insert(7, 0x2000);
	assert_ok(make(CF_PLATFORM_SEV_SNP, &cf_profile_spec, &env));
	assert_step(0, CF_STEP_RANGE, 0x2000, 0x1000, CF_PAGE_UNMEASURED);
	p = plan->step[0].data;
	assert_int_equal(cf_load_le32(p + 4), 3);
	assert_int_equal(cf_load_le64(p + 0x10), 0);
	assert_int_equal(cf_load_le64(p + 0x18), 0xa0);
	assert_int_equal(cf_load_le64(p + 0x28), 0xf0);
	assert_int_equal(cf_load_le16(p + 0x38), 1);
	assert_true(cf_is_zero(p + 0x40, 24));
	assert_memory_equal(p + 0x100, madt, sizeof(madt));
	assert_int_equal(p[0x200], 1);
	assert_string_equal((const char *)p + 0xffa, "quiet");
	end();
}

static void test_igvm_parameters_must_fit(void **state)
{
	static const struct cf_memory_range memory[] = {
		{ 0, 0x100000, CF_MEMORY_RAM },
	};
	struct cf_plan_env env = {
		.memory = memory, .nmemory = 1, .cmdline = "quiet"
	};

	begin(CF_IGVM_SEV_SNP);
	add_area(7, CF_PAGE_SIZE, 0);
	add_parameter(CF_IGVM_COMMAND_LINE, 7, 0xffb);
	assert_status(COFFER_ERR_FORMAT,
		make(CF_PLATFORM_SEV_SNP, &cf_profile_spec, &env));
	assert_message("byte_offset 0xffb: 6 bytes do not fit");
	end();

	/* the map fits, its end entry does not: QEMU takes it */
	begin(CF_IGVM_SEV_SNP);
	add_area(7, CF_PAGE_SIZE, 0);
	add_parameter(CF_IGVM_MEMORY_MAP, 7, 0x1000 - 24);
	add_insert(7, 0x2000);
	assert_status(COFFER_ERR_FORMAT,
		make(CF_PLATFORM_SEV_SNP, &cf_profile_spec, &env));
	assert_ok(cf_plan_from_igvm(file, CF_PLATFORM_SEV_SNP, &cf_profile_qemu,
		&env, &plan, &err));
	end();

	begin(CF_IGVM_SEV_SNP);
	add_area(7, CF_PAGE_SIZE, 0);
	add_parameter(CF_IGVM_SRAT, 7, 0);
	assert_status(COFFER_ERR_UNSUPPORTED,
		make(CF_PLATFORM_SEV_SNP, &cf_profile_spec, &env));
	assert_message("no such table");
	assert_status(COFFER_ERR_UNSUPPORTED,
		cf_plan_from_igvm(file, CF_PLATFORM_SEV_SNP, &cf_profile_qemu,
			&env, &plan, &err));
	assert_message("loader 'qemu' does not take it on platform sev-snp");
	end();
}

static void test_igvm_area_contents_by_profile(void **state)
{
	begin(CF_IGVM_SEV_SNP);
	add_area(7, CF_PAGE_SIZE, 0x5a);
	add_parameter(CF_IGVM_VP_COUNT_PARAMETER, 7, 0);
	add_insert(7, 0x2000);
	assert_ok(make(CF_PLATFORM_SEV_SNP, &cf_profile_spec, NULL));
	assert_int_equal(plan->step[0].data[4], 0x5a);
	cf_plan_destroy(plan);
	assert_ok(cf_plan_from_igvm(file, CF_PLATFORM_SEV_SNP, &cf_profile_qemu,
		NULL, &plan, &err));
	assert_int_equal(plan->step[0].data[4], 0);
	end();
}

static void test_igvm_id_block_is_laid_out_for_the_firmware(void **state)
{
	struct cf_igvm_header h = { .type = CF_IGVM_SNP_ID_BLOCK,
		.compatibility_mask = MASK };

	memset(h.u.snp_id_block.ld, 0x11, 48);
	memset(h.u.snp_id_block.family_id, 0x22, 16);
	memset(h.u.snp_id_block.image_id, 0x33, 16);
	h.u.snp_id_block.version = 9;
	h.u.snp_id_block.guest_svn = 4;
	h.u.snp_id_block.id_key_algorithm = 1;
	memset(h.u.snp_id_block.id_key_signature, 0x44, 144);
	h.u.snp_id_block.id_public_key[0] = 2;
	memset(h.u.snp_id_block.id_public_key + 8, 0x55, 72);
	memset(h.u.snp_id_block.id_public_key + 80, 0x66, 72);
	begin(CF_IGVM_SEV_SNP);
	add_policy(0x3001f);
	add_page(0, 0, 0, true);
	add(&h);
	assert_ok(make(CF_PLATFORM_SEV_SNP, &cf_profile_spec, NULL));
	assert_true(plan->id_block_enabled);
	assert_false(plan->author_key_enabled);
	assert_int_equal(plan->id_block[47], 0x11);
	assert_int_equal(plan->id_block[48], 0x22);
	assert_int_equal(plan->id_block[79], 0x33);
	assert_int_equal(cf_load_le32(plan->id_block + 0x50), 9);
	assert_int_equal(cf_load_le32(plan->id_block + 0x54), 4);
	assert_int_equal(cf_load_le64(plan->id_block + 0x58), 0x3001f);
	assert_int_equal(plan->id_auth[0x40], 0x44);
	assert_int_equal(plan->id_auth[0x240], 2);
	assert_int_equal(plan->id_auth[0x244], 0x55);
	assert_int_equal(plan->id_auth[0x244 + 72], 0x66);
	assert_true(cf_is_zero(plan->id_auth + 0x244 + 144, 0x680 - 0x2d4));
	cf_plan_destroy(plan);
	assert_ok(cf_plan_from_igvm(file, CF_PLATFORM_SEV_SNP, &cf_profile_qemu,
		NULL, &plan, &err));
	assert_int_equal(cf_load_le32(plan->id_block + 0x50), 1);
	end();

	begin(CF_IGVM_SEV_SNP);
	add(&h);
	add(&h);
	assert_status(COFFER_ERR_FORMAT,
		make(CF_PLATFORM_SEV_SNP, &cf_profile_spec, NULL));
	assert_message("second ID block");
	end();
}

static void test_igvm_platform_is_the_strongest_usable(void **state)
{
	struct cf_igvm_header h = { .type = CF_IGVM_SUPPORTED_PLATFORM,
		.compatibility_mask = 2 };
	enum cf_platform p;

	begin(CF_IGVM_NATIVE);
	h.u.platform.platform_type = CF_IGVM_SEV_SNP;
	h.u.platform.platform_version = 1;
	add(&h);
	add_page(0, 0, 0, true);
	assert_ok(make(CF_PLATFORM_NATIVE, &cf_profile_spec, NULL));
	assert_ok(cf_plan_pick_platform(file, ~0u, &p, &err));
	assert_int_equal(p, CF_PLATFORM_SEV_SNP);
	assert_ok(cf_plan_pick_platform(
		file, 1u << CF_PLATFORM_NATIVE, &p, &err));
	assert_int_equal(p, CF_PLATFORM_NATIVE);
	assert_status(COFFER_ERR_UNSUPPORTED,
		cf_plan_pick_platform(
			file, 1u << CF_PLATFORM_SEV_ES, &p, &err));
	assert_message("no compatible platform");
	cf_plan_destroy(plan);
	plan = NULL;
	assert_status(COFFER_ERR_UNSUPPORTED,
		cf_plan_from_igvm(file, CF_PLATFORM_TDX, &cf_profile_spec, NULL,
			&plan, &err));
	assert_message("does not support platform tdx");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_igvm_page_types_by_platform),
		cmocka_unit_test(test_igvm_qemu_flushes_pages_late),
		cmocka_unit_test(test_igvm_plans_are_the_same_when_order_is),
		cmocka_unit_test(test_igvm_qemu_measures_vcpus_last_by_index),
		cmocka_unit_test(test_igvm_kvm_refuses_vmsas_it_cannot_rebuild),
		cmocka_unit_test(
			test_igvm_refuses_pages_outside_memory_or_twice),
		cmocka_unit_test(test_igvm_parameters_are_filled),
		cmocka_unit_test(test_igvm_parameters_must_fit),
		cmocka_unit_test(test_igvm_area_contents_by_profile),
		cmocka_unit_test(
			test_igvm_id_block_is_laid_out_for_the_firmware),
		cmocka_unit_test(test_igvm_platform_is_the_strongest_usable),
	};

	return cmocka_run_group_tests_name("plan_igvm", tests, NULL, NULL);
}
