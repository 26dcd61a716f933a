/* SPDX-License-Identifier: Apache-2.0 */
/* Differences between two files: what is one, what is none. */
#include "test.h"
#include "test_igvm.h"
#include "test_igvmkit.h"

static struct coffer_error err;
static uint8_t image[KIT_IMAGE_LEN];

/* The differences as lines of text. */
static void note(void *opaque, const struct cf_difference *x)
{
	cf_buf_printf(opaque, "%s|%s|%s|%s|%s\n",
		x->platform < 0 ? "-"
				: cf_igvm_platform_name((unsigned)x->platform),
		x->what, x->where, x->a, x->b);
}

static void assert_diff(
	const struct cf_buf *a, const struct cf_buf *b, const char *want)
{
	struct cf_igvm *x = NULL, *y = NULL;
	struct cf_buf got = { 0 };

	assert_ok(cf_igvm_parse(a->data, a->len, &x, &err));
	assert_ok(cf_igvm_parse(b->data, b->len, &y, &err));
	assert_ok(cf_diff_files(x, y, note, &got, &err));
	assert_string_equal(got.len ? cf_buf_text(&got) : "", want);
	cf_igvm_destroy(x);
	cf_igvm_destroy(y);
	cf_buf_finish(&got);
}

static struct cf_build_params base_params(void)
{
	kit_image(image);
	return (struct cf_build_params) {
		.firmware = image,
		.firmware_len = sizeof(image),
		.platform = { { CF_IGVM_SEV_SNP } },
		.nplatforms = 1,
		.vcpus = 2,
	};
}

static void build(const struct cf_build_params *p, struct cf_buf *out)
{
	assert_ok(cf_build_from_firmware(p, out, &err));
}

static void test_a_file_is_the_same_as_itself(void **state)
{
	struct cf_build_params p = base_params();
	struct cf_buf a = { 0 };

	build(&p, &a);
	assert_diff(&a, &a, "");
	cf_buf_finish(&a);
}

static void test_policy_and_registers_are_named(void **state)
{
	struct cf_build_params p = base_params();
	struct cf_buf a = { 0 }, b = { 0 };

	build(&p, &a);
	p.platform[0].has_policy = p.platform[0].has_features = true;
	p.platform[0].policy = 0xB0000;
	p.platform[0].features = 0x21;
	build(&p, &b);
	assert_diff(&a, &b,
		"SEV_SNP|field|GUEST_POLICY: policy|0x30000|0xb0000\n"
		"SEV_SNP|register|vp 0: SEV_FEATURES|0x1|0x21\n"
		"SEV_SNP|register|vp 1: SEV_FEATURES|0x1|0x21\n");
	cf_buf_finish(&a);
	cf_buf_finish(&b);
}

static void test_changed_page_bytes_are_shown(void **state)
{
	struct cf_build_params p = base_params();
	struct cf_buf a = { 0 }, b = { 0 };

	build(&p, &a);
	image[0x1ffe] = 0xAB;
	image[0x1fff] = 0xCD;
	build(&p, &b);
	assert_diff(&a, &b,
		"SEV_SNP|data|page 0xffffe000: 2 bytes from offset 0xffe "
		"on|2222|abcd\n");
	cf_buf_finish(&a);
	cf_buf_finish(&b);
}

static void test_headers_of_one_side_are_listed(void **state)
{
	struct cf_build_params p = base_params();
	struct cf_buf a = { 0 }, b = { 0 };

	build(&p, &a);
	p.vcpus = 3;
	cf_store_le32(image + 0x2000 + 20, 0x1000); /* SEC memory: 1 page */
	build(&p, &b);
	assert_diff(&a, &b,
		"SEV_SNP|header|page 0x801000|present|absent\n"
		"SEV_SNP|data|page 0xfffff000: 1 byte from offset 0x15 on|"
		"2000000100000000d080000010000002|"
		"1000000100000000d080000010000002\n"
		"SEV_SNP|header|vp 2|absent|present\n");
	cf_buf_finish(&a);
	cf_buf_finish(&b);
}

static void test_masks_and_other_platforms_do_not_count(void **state)
{
	struct cf_build_params p = base_params();
	struct cf_buf a = { 0 }, b = { 0 };

	build(&p, &a);
	p.platform[1].type = CF_IGVM_SEV_SNP;
	p.platform[0].type = CF_IGVM_NATIVE;
	p.nplatforms = 2;
	build(&p, &b);
	assert_diff(&a, &b, "NATIVE|platform|platform|absent|present\n");
	cf_buf_finish(&a);
	cf_buf_finish(&b);
}

static void make_pages(struct cf_buf *out, const uint8_t *order, size_t n)
{
	struct cf_igvm_writer *w = igvm_writer_with_platform(CF_IGVM_SEV_SNP);

	for (size_t i = 0; i < n; i++)
		igvm_add_page(w, order[i] * UINT64_C(0x1000), order[i]);
	assert_ok(cf_igvm_writer_finish(w, out, &err));
	cf_igvm_writer_destroy(w);
}

static void test_order_of_pages_counts(void **state)
{
	struct cf_buf a = { 0 }, b = { 0 }, c = { 0 };

	make_pages(&a, (const uint8_t[]) { 1, 2, 3, 4 }, 4);
	make_pages(&b, (const uint8_t[]) { 1, 3, 2, 4 }, 4);
	make_pages(&c, (const uint8_t[]) { 1, 2, 9, 7, 8, 3 }, 6);
	assert_diff(&a, &b,
		"SEV_SNP|order|first of those in another order|page "
		"0x2000|page 0x3000\n");
	assert_diff(&a, &c,
		"SEV_SNP|header|page 0x4000|present|absent\n"
		"SEV_SNP|header|pages 0x7000 to 0x9000 (3)|absent|present\n");
	cf_buf_finish(&a);
	cf_buf_finish(&b);
	cf_buf_finish(&c);
}

static void test_zeros_and_no_data_are_the_same(void **state)
{
	struct cf_igvm_header none = { .type = CF_IGVM_PAGE_DATA,
		.compatibility_mask = 1 };
	struct cf_igvm_writer *w = igvm_writer_with_platform(CF_IGVM_SEV_SNP);
	struct cf_buf a = { 0 }, b = { 0 };

	assert_ok(cf_igvm_writer_add(w, &none, &err));
	assert_ok(cf_igvm_writer_finish(w, &a, &err));
	cf_igvm_writer_destroy(w);
	w = igvm_writer_with_platform(CF_IGVM_SEV_SNP);
	igvm_add_page(w, 0, 0);
	assert_ok(cf_igvm_writer_finish(w, &b, &err));
	cf_igvm_writer_destroy(w);
	assert_diff(&a, &b, "");
	cf_buf_finish(&a);
	cf_buf_finish(&b);
}

static void test_versions_and_unknown_headers_are_compared(void **state)
{
	static const uint8_t x[] = { 1 }, y[] = { 2 };
	struct cf_igvm_header h = { .type = 0x3F0, .optional = true };
	struct cf_buf v1 = { 0 }, v2 = { 0 }, a = { 0 }, b = { 0 };
	struct cf_igvm_writer *w;

	igvm_api_test_file(1, &v1);
	igvm_api_test_file(2, &v2);
	assert_diff(&v1, &v2, "-|file|format version|1|2\n");
	for (size_t i = 0; i < 2; i++) {
		w = igvm_writer_with_platform(CF_IGVM_SEV_SNP);
		h.u.opaque.bytes = i ? y : x;
		h.u.opaque.len = 1;
		assert_ok(cf_igvm_writer_add(w, &h, &err));
		assert_ok(cf_igvm_writer_finish(w, i ? &b : &a, &err));
		cf_igvm_writer_destroy(w);
	}
	assert_diff(&a, &b,
		"SEV_SNP|field|type 0x3f0|other content|other content\n");
	cf_buf_finish(&v1);
	cf_buf_finish(&v2);
	cf_buf_finish(&a);
	cf_buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_is_the_same_as_itself),
		cmocka_unit_test(test_policy_and_registers_are_named),
		cmocka_unit_test(test_changed_page_bytes_are_shown),
		cmocka_unit_test(test_headers_of_one_side_are_listed),
		cmocka_unit_test(test_masks_and_other_platforms_do_not_count),
		cmocka_unit_test(test_order_of_pages_counts),
		cmocka_unit_test(test_zeros_and_no_data_are_the_same),
		cmocka_unit_test(
			test_versions_and_unknown_headers_are_compared),
	};

	return cmocka_run_group_tests_name("igvm_diff", tests, NULL, NULL);
}
