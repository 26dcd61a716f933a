/* SPDX-License-Identifier: Apache-2.0 */
/* Composing IGVM files from firmware images, and showing them. */
#include "test.h"
#include "test_igvmkit.h"

static struct coffer_error err;
static uint8_t image[KIT_IMAGE_LEN];

static struct cf_build_params params_for(enum cf_igvm_platform_type type)
{
	kit_image(image);
	return (struct cf_build_params) {
		.firmware = image,
		.firmware_len = sizeof(image),
		.platform[0].type = type,
		.nplatforms = 1,
		.vcpus = 2,
	};
}

static struct cf_igvm *build(
	const struct cf_build_params *p, struct cf_buf *bytes)
{
	struct cf_igvm *file = NULL;

	assert_ok(cf_build_from_firmware(p, bytes, &err));
	assert_ok(cf_igvm_parse(bytes->data, bytes->len, &file, &err));
	return file;
}

static void assert_page(const struct cf_igvm *file, size_t index, uint64_t gpa,
	unsigned type, uint32_t flags, int fill)
{
	struct cf_igvm_header h;

	cf_igvm_get(file, CF_IGVM_DIRECTIVES, index, &h);
	assert_int_equal(h.type, CF_IGVM_PAGE_DATA);
	assert_int_equal(h.u.page.gpa, gpa);
	assert_int_equal(h.u.page.data_type, type);
	assert_int_equal(h.u.page.flags, flags);
	if (fill < 0)
		assert_null(h.data);
	else
		assert_int_equal(h.data[0], fill);
}

/* The order that buildigvm writes. */
static void test_snp_has_the_pages_of_the_metadata(void **state)
{
	struct cf_build_params p = params_for(CF_IGVM_SEV_SNP);
	struct cf_buf bytes = { 0 };
	struct cf_igvm *f = build(&p, &bytes);
	struct cf_igvm_header h;

	assert_int_equal(cf_igvm_format_version(f), 1);
	assert_int_equal(cf_igvm_mask_of(f, CF_IGVM_SEV_SNP), 1);
	cf_igvm_get(f, CF_IGVM_INITIALIZATIONS, 0, &h);
	assert_int_equal(h.u.policy.policy, 0x30000);
	assert_int_equal(cf_igvm_count(f, CF_IGVM_DIRECTIVES), 10);
	assert_page(f, 0, 0xffffd000, CF_IGVM_PAGE_NORMAL, 0, 0x11);
	assert_page(f, 1, 0xffffe000, CF_IGVM_PAGE_NORMAL, 0, 0x22);
	assert_page(f, 2, 0xfffff000, CF_IGVM_PAGE_NORMAL, 0, 'A');
	assert_page(f, 3, 0x80d000, CF_IGVM_PAGE_SECRETS, 0, -1);
	assert_page(f, 4, 0x810000, CF_IGVM_PAGE_NORMAL, 0, -1);
	assert_page(f, 5, 0x80e000, CF_IGVM_PAGE_CPUID_DATA, 0, -1);
	assert_page(f, 6, 0x800000, CF_IGVM_PAGE_NORMAL, 0, -1);
	assert_page(f, 7, 0x801000, CF_IGVM_PAGE_NORMAL, 0, -1);
	cf_igvm_destroy(f);
	cf_buf_finish(&bytes);
}

/* Offsets and values of the VMSA are those of buildigvm's table. */
static void test_vmsas_have_the_values_of_buildigvm(void **state)
{
	struct cf_build_params p = params_for(CF_IGVM_SEV_SNP);
	struct cf_buf bytes = { 0 };
	struct cf_igvm *f = build(&p, &bytes);
	struct cf_igvm_header h;

	for (unsigned vp = 0; vp < 2; vp++) {
		cf_igvm_get(f, CF_IGVM_DIRECTIVES, 8 + vp, &h);
		assert_int_equal(h.type, CF_IGVM_VP_CONTEXT);
		assert_int_equal(h.u.vp_context.gpa, 0xfffffffff000);
		assert_int_equal(h.u.vp_context.vp_index, vp);
		assert_int_equal(cf_load_le16(h.data + 0x10), 0xf000);
		assert_int_equal(cf_load_le16(h.data + 0x12), 0x9b);
		assert_int_equal(cf_load_le64(h.data + 0x18),
			vp ? 0x800000 : 0xffff0000);
		assert_int_equal(
			cf_load_le64(h.data + 0x178), vp ? 0xb004 : 0xfff0);
		assert_true(cf_is_zero(h.data + 0x60, 16));        /* GDTR */
		assert_true(cf_is_zero(h.data + 0x80, 16));        /* IDTR */
		assert_int_equal(cf_load_le64(h.data + 0x310), 0); /* RDX */
		assert_int_equal(cf_load_le64(h.data + 0xD0), 0x1000);
		assert_int_equal(cf_load_le64(h.data + 0x158), 0x10);
		assert_int_equal(cf_load_le64(h.data + 0x3B0), 1);
		assert_int_equal(cf_load_le16(h.data + 0x410), 0x37f);
	}
	cf_igvm_destroy(f);
	cf_buf_finish(&bytes);
}

static void test_vmsas_of_qemu_carry_the_cpu_signature(void **state)
{
	struct cf_build_params p = params_for(CF_IGVM_SEV_ES);
	struct cf_buf bytes = { 0 };
	struct cf_igvm_header h;
	struct cf_igvm *f;

	p.qemu_vmsa = true;
	p.cpuid_signature = 0x00800F12;
	f = build(&p, &bytes);
	assert_int_equal(cf_igvm_count(f, CF_IGVM_DIRECTIVES), 5);
	cf_igvm_get(f, CF_IGVM_DIRECTIVES, 3, &h);
	assert_int_equal(cf_load_le64(h.data + 0x310), 0x00800F12);
	assert_int_equal(cf_load_le32(h.data + 0x64), 0xffff);
	assert_int_equal(cf_load_le64(h.data + 0x3B0), 0);
	cf_igvm_destroy(f);
	cf_buf_finish(&bytes);
}

static void test_plain_platforms_have_no_vp_context(void **state)
{
	static const struct {
		enum cf_igvm_platform_type type;
		uint64_t policy;
	} cases[] = { { CF_IGVM_SEV, 1 }, { CF_IGVM_NATIVE, 0 } };

	for (size_t i = 0; i < CF_ARRAY_LEN(cases); i++) {
		struct cf_build_params p = params_for(cases[i].type);
		struct cf_buf bytes = { 0 };
		struct cf_igvm *f = build(&p, &bytes);
		struct cf_igvm_header h;

		assert_int_equal(cf_igvm_count(f, CF_IGVM_DIRECTIVES), 3);
		cf_igvm_get(f, CF_IGVM_INITIALIZATIONS, 0, &h);
		assert_int_equal(h.u.policy.policy, cases[i].policy);
		cf_igvm_destroy(f);
		cf_buf_finish(&bytes);
	}
}

/* Pages in the order of the TDX metadata, measured as it says. */
static void test_tdx_follows_its_own_metadata(void **state)
{
	struct cf_build_params p = params_for(CF_IGVM_TDX);
	const uint32_t not = CF_IGVM_PAGE_UNMEASURED;
	struct cf_buf bytes = { 0 };
	struct cf_igvm *f = build(&p, &bytes);

	assert_int_equal(cf_igvm_count(f, CF_IGVM_DIRECTIVES), 5);
	assert_page(f, 0, 0xffffe000, CF_IGVM_PAGE_NORMAL, 0, 0x22);
	assert_page(f, 1, 0xfffff000, CF_IGVM_PAGE_NORMAL, 0, 'A');
	assert_page(f, 2, 0xffffd000, CF_IGVM_PAGE_NORMAL, not, 0x11);
	assert_page(f, 3, 0x810000, CF_IGVM_PAGE_NORMAL, not, -1);
	assert_page(f, 4, 0x811000, CF_IGVM_PAGE_NORMAL, not, -1);
	cf_igvm_destroy(f);
	cf_buf_finish(&bytes);
}

static void test_one_file_serves_five_platforms(void **state)
{
	struct cf_build_params p = params_for(CF_IGVM_SEV_SNP);
	struct cf_buf bytes = { 0 }, again = { 0 };
	struct cf_igvm_header h;
	struct cf_igvm *f;

	p.platform[1].type = CF_IGVM_SEV_ES;
	p.platform[2].type = CF_IGVM_SEV;
	p.platform[3].type = CF_IGVM_NATIVE;
	p.platform[4].type = CF_IGVM_TDX;
	p.platform[0].has_policy = true;
	p.platform[0].policy = 0xB0000;
	p.nplatforms = 5;
	f = build(&p, &bytes);
	assert_int_equal(cf_igvm_mask_of(f, CF_IGVM_TDX), 16);
	cf_igvm_get(f, CF_IGVM_DIRECTIVES, 0, &h);
	assert_int_equal(h.compatibility_mask, 15);
	cf_igvm_get(f, CF_IGVM_DIRECTIVES, 3, &h);
	assert_int_equal(h.compatibility_mask, 1);
	cf_igvm_get(f, CF_IGVM_INITIALIZATIONS, 0, &h);
	assert_int_equal(h.u.policy.policy, 0xB0000);
	assert_int_equal(cf_igvm_count(f, CF_IGVM_DIRECTIVES), 8 + 5 + 4);
	assert_ok(cf_build_from_firmware(&p, &again, &err));
	assert_int_equal(bytes.len, again.len);
	assert_memory_equal(bytes.data, again.data, bytes.len);
	cf_igvm_destroy(f);
	cf_buf_finish(&bytes);
	cf_buf_finish(&again);
}

static void assert_refused(const struct cf_build_params *p,
	enum coffer_status status, const char *text)
{
	struct cf_buf bytes = { 0 };

	assert_status(status, cf_build_from_firmware(p, &bytes, &err));
	assert_message(text);
	assert_int_equal(bytes.len, 0);
	cf_buf_finish(&bytes);
}

static void test_impossible_files_are_refused(void **state)
{
	struct cf_build_params p = params_for(CF_IGVM_VSM_ISOLATION);

	assert_refused(&p, COFFER_ERR_UNSUPPORTED,
		"platform vsm cannot start firmware images");
	p = params_for(CF_IGVM_SEV_SNP);
	p.nplatforms = 2;
	p.platform[1].type = CF_IGVM_SEV_SNP;
	assert_refused(&p, COFFER_ERR_ARGUMENT, "sev-snp is given twice");
	p = params_for(CF_IGVM_SEV_SNP);
	p.platform[0].has_features = true;
	p.platform[0].features = 0x20;
	assert_refused(
		&p, COFFER_ERR_ARGUMENT, "bit 0 (SNPActive) must be set");
	p = params_for(CF_IGVM_SEV_SNP);
	p.vcpus = 0;
	assert_refused(&p, COFFER_ERR_ARGUMENT, "0 vCPUs");
	p.vcpus = 65536;
	assert_refused(&p, COFFER_ERR_ARGUMENT, "65536 vCPUs");
}

static void test_images_that_lack_tables_are_refused(void **state)
{
	struct cf_build_params p = params_for(CF_IGVM_SEV_SNP);
	size_t footer = KIT_IMAGE_LEN - 0x30;
	struct cf_buf bytes = { 0 };

	image[footer] ^= 1;
	assert_refused(&p, COFFER_ERR_UNSUPPORTED, "no SEV metadata");
	p.platform[0].type = CF_IGVM_TDX;
	assert_refused(&p, COFFER_ERR_UNSUPPORTED, "no TDX metadata");
	p.platform[0].type = CF_IGVM_SEV_ES;
	assert_refused(&p, COFFER_ERR_UNSUPPORTED, "no SEV-ES reset block");
	p.vcpus = 1;
	cf_igvm_destroy(build(&p, &bytes));
	cf_buf_finish(&bytes);
}

static void test_bad_tdx_metadata_is_refused(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
		const char *text;
	} cases[] = {
		{ 0x2800, 0, "must start with \"TDVF\"" },
		{ 0x2808, 2, "must be version 1" },
		{ 0x2804, 15, "long enough" },
		{ 0x280C, 4, "long enough" },
		{ 0x2810, 0x2001,
			"data 0x2000 at 0x2001 must lie in the image" },
		{ 0x2818, 0xffffe001, "must be whole pages below 4 GiB" },
		{ 0x2820, 0x1000, "that hold its 0x2000 bytes" },
		{ 0x2824, 1, "must be whole pages below 4 GiB" },
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(cases); i++) {
		struct cf_build_params p = params_for(CF_IGVM_TDX);

		cf_store_le32(image + cases[i].at, cases[i].value);
		assert_refused(&p, COFFER_ERR_FORMAT, cases[i].text);
	}
}

static void test_text_view_merges_pages_and_shows_registers(void **state)
{
	static const char *const wanted[] = {
		"IGVM version 1, X64\n",
		"  0x00000001  SEV_SNP ",
		"policy 0x30000: SMT allowed, ABI 0.0 or later\n",
		"0x00000001  0xffffd000      12 KiB     normal, data\n",
		"  0-2          PAGE_DATA ",
		"0x80d000        4 KiB      secrets, no data\n",
		"  6-7          PAGE_DATA ",
		"    RIP=0xfff0  RFLAGS=0x2\n",
		"CS=selector 0xf000 base 0x800000 limit 0xffff attrib 0x09b",
		"  vp 2, mask 0x00000001: as vp 1\n",
	};
	struct cf_build_params p = params_for(CF_IGVM_SEV_SNP);
	struct cf_buf bytes = { 0 }, text = { 0 };
	struct cf_igvm *f;

	p.vcpus = 3;
	f = build(&p, &bytes);
	assert_ok(cf_view_text(f, &text, &err));
	for (size_t i = 0; i < CF_ARRAY_LEN(wanted); i++)
		if (!strstr(cf_buf_text(&text), wanted[i]))
			fail_msg("'%s' is not in:\n%s", wanted[i],
				cf_buf_text(&text));
	cf_igvm_destroy(f);
	cf_buf_finish(&bytes);
	cf_buf_finish(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snp_has_the_pages_of_the_metadata),
		cmocka_unit_test(test_vmsas_have_the_values_of_buildigvm),
		cmocka_unit_test(test_vmsas_of_qemu_carry_the_cpu_signature),
		cmocka_unit_test(test_plain_platforms_have_no_vp_context),
		cmocka_unit_test(test_tdx_follows_its_own_metadata),
		cmocka_unit_test(test_one_file_serves_five_platforms),
		cmocka_unit_test(test_impossible_files_are_refused),
		cmocka_unit_test(test_images_that_lack_tables_are_refused),
		cmocka_unit_test(test_bad_tdx_metadata_is_refused),
		cmocka_unit_test(
			test_text_view_merges_pages_and_shows_registers),
	};

	return cmocka_run_group_tests_name("igvmkit", tests, NULL, NULL);
}
