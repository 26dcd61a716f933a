/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest images.  The synthetic firmware and its digests are those of the
 * launch notes; VMSA pages are compared by the SHA-256 that sev-snp-measure
 * gives for them.
 */
#include "syn.h"

#include "crypto/crypto.h"
#include "image/image.h"

static struct coffer_error err;

static void assert_sha256(const uint8_t *p, size_t n, const char *want)
{
	uint8_t hash[32];
	char text[65];

	assert_ok(cf_sha256(p, n, hash, &err));
	cf_hex(text, hash, sizeof(hash));
	assert_string_equal(text, want);
}

static void test_image_reads_firmware_tables(void **state)
{
	uint8_t fw[SYN_LEN];
	struct cf_ovmf o;

	make_syn(fw);
	assert_sha256(fw, sizeof(fw),
		"f182efd9790d41c237137c3fd6f416f3"
		"0c7ba60469b83a4b63560bac16837d1c");
	assert_ok(cf_ovmf_parse(fw, sizeof(fw), &o, &err));
	assert_int_equal(o.gpa, 0xffffe000);
	assert_true(o.has_reset_eip);
	assert_int_equal(o.reset_eip, 0x80b004);
	assert_true(o.has_secret_area);
	assert_int_equal(o.secret_gpa, 0x810000);
	assert_int_equal(o.secret_size, 0xc00);
	assert_true(o.has_hash_table);
	assert_int_equal(o.hash_table_gpa, 0x810c00);
	assert_int_equal(o.hash_table_size, 0x400);
	assert_true(o.has_sev_metadata);
	assert_false(o.has_tdx_metadata);
	assert_int_equal(o.nsections, 5);
	assert_int_equal(o.section[0].size, 0x2000);
	assert_int_equal(o.section[4].gpa, 0x810000);
	assert_int_equal(o.section[4].type, CF_OVMF_SNP_KERNEL_HASHES);
}

static void test_image_without_tables_is_valid(void **state)
{
	uint8_t fw[CF_PAGE_SIZE] = { 0 };
	struct cf_ovmf o;

	assert_ok(cf_ovmf_parse(fw, sizeof(fw), &o, &err));
	assert_false(o.has_reset_eip);
	assert_int_equal(o.nsections, 0);
	assert_ok(cf_ovmf_parse(fw, 16, &o, &err));
	assert_int_equal(o.gpa, 0xfffffff0);
	assert_status(COFFER_ERR_TRUNCATED, cf_ovmf_parse(fw, 0, &o, &err));
}

static void test_image_reads_the_old_reset_block(void **state)
{
	uint8_t fw[CF_PAGE_SIZE] = { 0 };
	struct cf_ovmf o;

	put(fw + sizeof(fw) - 0x20 - 22,
		"04b080001600de71f7007e1acb4f890e68c77e2fb44e");
	assert_ok(cf_ovmf_parse(fw, sizeof(fw), &o, &err));
	assert_true(o.has_reset_eip);
	assert_int_equal(o.reset_eip, 0x80b004);
	fw[sizeof(fw) - 0x32] = 17;
	assert_status(
		COFFER_ERR_FORMAT, cf_ovmf_parse(fw, sizeof(fw), &o, &err));
}

static enum coffer_status parse_ovmf(
	const uint8_t *bytes, size_t len, struct coffer_error *e)
{
	struct cf_ovmf parsed;

	return cf_ovmf_parse(bytes, len, &parsed, e);
}

static void test_image_refuses_each_mangled_field(void **state)
{
	static const struct mangle cases[] = {
		/* footer length below its own size, and past the image */
		{ 0x1fce, "1100", COFFER_ERR_FORMAT, "table footer" },
		{ 0x1fce, "ffff", COFFER_ERR_FORMAT, "table footer" },
		/* reset block length */
		{ 0x1fbc, "1100", COFFER_ERR_FORMAT, "length 17" },
		{ 0x1fbc, "6100", COFFER_ERR_FORMAT, "length 97" },
		/* no room for its data */
		{ 0x1fbc, "1200", COFFER_ERR_FORMAT, "has 0 bytes" },
		/* a second reset block where the secret block was */
		{ 0x1fa8, "de71f7007e1acb4f890e68c77e2fb44e", COFFER_ERR_FORMAT,
			"second entry" },
		/* secret area passes 4 GiB */
		{ 0x1f9e, "00f0ffff00100100", COFFER_ERR_FORMAT, "4 GiB" },
		/* metadata: offset, magic, version, length, count */
		{ 0x1f6e, "0f000000", COFFER_ERR_FORMAT, "offset 0xf " },
		{ 0x1f6e, "01200000", COFFER_ERR_FORMAT, "offset 0x2001" },
		{ 0x1000, "58", COFFER_ERR_FORMAT, "ASEV" },
		{ 0x1008, "02", COFFER_ERR_UNSUPPORTED, "version 2" },
		{ 0x1004, "0f000000", COFFER_ERR_FORMAT, "length" },
		{ 0x1004, "01100000", COFFER_ERR_FORMAT, "length" },
		{ 0x100c, "06", COFFER_ERR_FORMAT, "sections pass" },
		{ 0x100c, "ff", COFFER_ERR_UNSUPPORTED, "255 sections" },
		/* sections: unaligned, past 4 GiB, over each other, over the
		 * image */
		{ 0x1010, "01", COFFER_ERR_FORMAT, "section 0" },
		{ 0x1014, "01", COFFER_ERR_FORMAT, "section 0" },
		{ 0x1010, "00f0ffff00200000", COFFER_ERR_FORMAT, "section 0" },
		{ 0x101c, "00108000", COFFER_ERR_FORMAT,
			"section 1 overlaps section 0" },
		{ 0x101c, "00e0ffff", COFFER_ERR_FORMAT, "overlaps the image" },
	};
	uint8_t fw[SYN_LEN];

	make_syn(fw);
	assert_mangled(fw, sizeof(fw), cases, CF_ARRAY_LEN(cases), parse_ovmf);
}

static void check_vmsa(enum cf_vmm vmm, const char *era, uint32_t signature,
	uint64_t features, uint64_t eip, const char *want)
{
	struct cf_vmsa_params p = {
		.vmm = vmm,
		.era = era ? cf_vmsa_era_by_name(vmm, era) : NULL,
		.cpuid_signature = signature,
		.sev_features = features,
		.eip = eip,
	};
	struct cf_cpu_state s;
	uint8_t page[4096];

	cf_vmsa_initial(&p, &s);
	cf_vmsa_encode(&s, page);
	assert_sha256(page, sizeof(page), want);
}

static void test_vmsa_of_each_vmm_is_the_published_page(void **state)
{
	const uint32_t epyc = 0x800f12, ap = 0x80b004;

	check_vmsa(CF_VMM_QEMU, NULL, epyc, 1, CF_RESET_EIP,
		"591598a62aa556861a392da67feab71a"
		"919975d97a579eb1df12503178c9cbb3");
	check_vmsa(CF_VMM_QEMU, NULL, epyc, 1, ap,
		"4ffee74d299a5d74748460fd6238d5cd"
		"bb7da2fe1c12476a9bf3c8ecdbdcd905");
	check_vmsa(CF_VMM_EC2, NULL, epyc, 1, CF_RESET_EIP,
		"d6c9d0409668043e96874082e992eb1a"
		"08393f1ad6f3c1be450e51bc2cc66004");
	check_vmsa(CF_VMM_EC2, NULL, epyc, 1, ap,
		"ce413781191b8f11f8cf1a4a5d9d7f98"
		"24356c02390b47ea0d33976bc2430b90");
	check_vmsa(CF_VMM_GCE, NULL, epyc, 1, CF_RESET_EIP,
		"a2b1355de1e1f11159d4cfaa28a748c6"
		"d19f63b330a7cb09696eda0c5f2f8ab8");
	check_vmsa(CF_VMM_GCE, NULL, epyc, 1, ap,
		"e62b24c0430d685360090aa7362d89bc"
		"9009a43794cdd274a57abb8fada49344");
	check_vmsa(CF_VMM_QEMU, NULL, epyc, 0, CF_RESET_EIP,
		"8295cef559b57130391d59605890ef93"
		"297720b48bef9a8c3c985b9c3fb0788c");
	check_vmsa(CF_VMM_QEMU, "es-init", epyc, 0, CF_RESET_EIP,
		"30a76bd1aa5adf81f02832d38c21e31b"
		"073cf0663dd2337455db2a3c210666af");
}

/* Every byte of the page that the state holds survives the round trip; the
 * rest reads as zero. */
static void test_vmsa_round_trip_keeps_what_the_state_holds(void **state)
{
	uint8_t page[4096], again[4096], third[4096];
	struct cf_cpu_state s;
	size_t kept = 0;

	for (size_t i = 0; i < sizeof(page); i++)
		page[i] = (uint8_t)(1 + i % 251);
	cf_vmsa_decode(page, &s);
	cf_vmsa_encode(&s, again);
	for (size_t i = 0; i < sizeof(page); i++) {
		assert_true(again[i] == page[i] || again[i] == 0);
		kept += again[i] != 0;
	}
	/* ten segments, two bytes, the integers, FPU state */
	assert_int_equal(kept, 160 + 2 + 49 * 8 + 2 * 4 + 12 + 80 + 512);
	cf_vmsa_decode(again, &s);
	cf_vmsa_encode(&s, third);
	assert_memory_equal(third, again, sizeof(third));
	/* LDTR before IDTR, RSP and RAX apart from the other registers */
	assert_int_equal(s.ldtr.base, cf_load_le64(page + 0x78));
	assert_int_equal(s.idtr.base, cf_load_le64(page + 0x88));
	assert_int_equal(s.gpr[CF_RSP], cf_load_le64(page + 0x1d8));
	assert_int_equal(s.gpr[CF_RAX], cf_load_le64(page + 0x1f8));
	assert_int_equal(s.gpr[CF_R15], cf_load_le64(page + 0x378));
	assert_memory_equal(s.x87 + 10, page + 0x428, 8);
	assert_memory_equal(s.x87 + 18, page + 0x462, 2);
}

static void test_native_context_keeps_its_fields(void **state)
{
	uint8_t in[CF_NATIVE_CONTEXT_LEN], out[CF_NATIVE_CONTEXT_LEN];
	struct cf_cpu_state s, before;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i + 1);
	memset(in + 0x9a, 0, 4);
	put(in + 0xaa, "9ba0"); /* 64-bit code: G and L */
	put(in + 0xb6, "93c0"); /* data: G and DB */
	cf_cpu_state_reset(&s, 0x800f12);
	assert_ok(cf_native_context_decode(in, sizeof(in), &s, &err));
	assert_int_equal(s.seg[CF_SEG_CS].attrib, 0xa9b);
	assert_int_equal(s.seg[CF_SEG_SS].attrib, 0xc93);
	assert_int_equal(s.seg[CF_SEG_GS].base, cf_load_le64(in + 0xc0));
	assert_int_equal(s.gpr[CF_RSP], cf_load_le64(in + 0x20));
	assert_int_equal(s.tr.attrib, 0x8b);
	assert_int_equal(s.mxcsr, 0x1f80);
	cf_native_context_encode(&s, out);
	assert_memory_equal(in, out, sizeof(in));

	before = s;
	assert_status(COFFER_ERR_TRUNCATED,
		cf_native_context_decode(in, sizeof(in) - 1, &s, &err));
	in[0xab] |= 1;
	assert_status(COFFER_ERR_FORMAT,
		cf_native_context_decode(in, sizeof(in), &s, &err));
	in[0xab] &= (uint8_t)~1;
	in[0x9b] = 1;
	assert_status(COFFER_ERR_FORMAT,
		cf_native_context_decode(in, sizeof(in), &s, &err));
	assert_memory_equal(&before, &s, sizeof(s));
}

static void test_cpu_types_have_their_signatures(void **state)
{
	uint32_t signature;

	assert_int_equal(cf_cpu_signature(14, 1, 2), 0xe12);
	assert_int_equal(cf_cpu_signature(23, 1, 2), 0x800f12);
	assert_true(cf_cpu_type_signature("EPYC-Milan-v2", &signature));
	assert_int_equal(signature, 0xa00f11);
	assert_true(cf_cpu_type_signature("EPYC-Turin", &signature));
	assert_int_equal(signature, 0xb00f00);
	assert_false(cf_cpu_type_signature("epyc", &signature));
	assert_string_equal(cf_cpu_type_name(0), "EPYC");
	assert_null(cf_cpu_type_name(1000));
}

static void test_kernel_hash_table_is_the_published_one(void **state)
{
	struct cf_kernel_hashes h;
	uint8_t table[CF_KERNEL_HASHES_LEN];

	assert_ok(cf_kernel_hashes_make(NULL, 0, NULL, 0, NULL, &h, &err));
	cf_kernel_hashes_table(&h, table);
	assert_sha256(table, sizeof(table),
		"6e725681a17ae9f186635cbc1be74250"
		"8b61e0e550918894f1a5363ac86b5a1a");
	assert_ok(cf_kernel_hashes_make((const uint8_t *)"KERNEL", 6,
		(const uint8_t *)"INITRD", 6, "console=ttyS0", &h, &err));
	cf_kernel_hashes_table(&h, table);
	assert_sha256(table, sizeof(table),
		"89e0c84f79edd8bfd3d0e56b7b1c7b85"
		"004a8bc60ff2abfa0f92ee746f9b4b25");
}

static void test_vmm_and_era_names(void **state)
{
	enum cf_vmm vmm;

	assert_true(cf_vmm_from_name("qemu", &vmm));
	assert_int_equal(vmm, CF_VMM_QEMU);
	assert_true(cf_vmm_from_name("ec2", &vmm));
	assert_int_equal(vmm, CF_VMM_EC2);
	assert_false(cf_vmm_from_name("xen", &vmm));
	for (vmm = CF_VMM_QEMU; vmm <= CF_VMM_SVSM; vmm++)
		assert_string_equal(
			cf_vmsa_era_name(cf_vmsa_era_at(vmm, 0)), "current");
	assert_null(cf_vmsa_era_by_name(CF_VMM_GCE, "es-init"));
	assert_null(cf_vmsa_era_at(CF_VMM_GCE, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image_reads_firmware_tables),
		cmocka_unit_test(test_image_without_tables_is_valid),
		cmocka_unit_test(test_image_reads_the_old_reset_block),
		cmocka_unit_test(test_image_refuses_each_mangled_field),
		cmocka_unit_test(test_vmsa_of_each_vmm_is_the_published_page),
		cmocka_unit_test(
			test_vmsa_round_trip_keeps_what_the_state_holds),
		cmocka_unit_test(test_native_context_keeps_its_fields),
		cmocka_unit_test(test_cpu_types_have_their_signatures),
		cmocka_unit_test(test_kernel_hash_table_is_the_published_one),
		cmocka_unit_test(test_vmm_and_era_names),
	};

	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
