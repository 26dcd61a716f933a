/* SPDX-License-Identifier: Apache-2.0 */
/* The IGVM file of a kernel without firmware: what is in it, and refusals. */
#include "test.h"

#include "base/buf.h"
#include "image/cpu_state.h"
#include "shim/layout.h"
#include "shim/shim.h"

#define PAGE      4096u
#define SETUP_LEN (5 * 512)

static struct coffer_error err;

/* A kernel of the protocol's version 2.15: the setup header and some bytes. */
static uint8_t kernel[SETUP_LEN + 3 * PAGE + 100];

static void make_kernel(void)
{
	for (size_t i = 0; i < sizeof(kernel); i++)
		kernel[i] = i < SETUP_LEN ? 0 : (uint8_t)(i * 13 + 1);
	kernel[0x1F1] = SETUP_LEN / 512 - 1;
	cf_store_le16(kernel + 0x1FE, 0xAA55);
	kernel[0x200] = 0xEB; /* jump: its target ends the header */
	kernel[0x201] = 0x6A;
	memcpy(kernel + 0x202, "HdrS", 4);
	cf_store_le16(kernel + 0x206, 0x20F);
	kernel[0x211] = 1;
	cf_store_le32(kernel + 0x214, 0x100000);
	cf_store_le32(kernel + 0x22C, 0x7FFFFFFF);
	cf_store_le32(kernel + 0x230, 0x200000);
	kernel[0x234] = 1;
	cf_store_le16(kernel + 0x236, 0x7F);
	cf_store_le32(kernel + 0x238, 0x7FF);
	cf_store_le64(kernel + 0x258, 0x1000000);
	cf_store_le32(kernel + 0x260, 0x300000);
}

static struct cf_shim_params setup(void)
{
	static uint8_t initrd[PAGE + 1] = { 'i' };

	make_kernel();
	initrd[PAGE] = 'd';
	return (struct cf_shim_params) { .kernel = kernel,
		.kernel_len = sizeof(kernel),
		.initrd = initrd,
		.initrd_len = sizeof(initrd),
		.append = "console=ttyS0",
		.platform = { { CF_IGVM_SEV_SNP }, { CF_IGVM_SEV_ES },
			{ CF_IGVM_SEV }, { CF_IGVM_NATIVE } },
		.nplatforms = 4 };
}

/* The page at gpa for a mask; false when the file has none. */
static bool find_page(const struct cf_igvm *f, uint64_t gpa, uint32_t mask,
	struct cf_igvm_header *out)
{
	for (size_t i = 0; i < cf_igvm_count(f, CF_IGVM_DIRECTIVES); i++) {
		cf_igvm_get(f, CF_IGVM_DIRECTIVES, i, out);
		if (out->type == CF_IGVM_PAGE_DATA && out->u.page.gpa == gpa &&
			out->compatibility_mask & mask)
			return true;
	}
	return false;
}

static void build(const struct cf_shim_params *p, struct cf_buf *out,
	struct cf_igvm **file)
{
	assert_ok(cf_shim_build(p, out, &err));
	assert_ok(cf_igvm_parse(out->data, out->len, file, &err));
}

static void test_shim_puts_kernel_initrd_and_command_line(void **state)
{
	struct cf_shim_params p = setup();
	struct cf_buf out = { 0 };
	struct cf_igvm *f;
	struct cf_igvm_header h;

	build(&p, &out, &f);
	/* Kernel at its preferred address; the last page is filled up. */
	assert_true(find_page(f, 0x1000000, 0xF, &h));
	assert_memory_equal(h.data, kernel + SETUP_LEN, PAGE);
	assert_true(find_page(f, 0x1003000, 0xF, &h));
	assert_memory_equal(h.data, kernel + SETUP_LEN + 3 * PAGE, 100);
	assert_true(cf_is_zero(h.data + 100, PAGE - 100));
	assert_false(find_page(f, 0x1004000, 0xF, &h));
	/* RAM disk behind what the kernel needs to unpack. */
	assert_true(find_page(f, 0x1400000, 0xF, &h));
	assert_int_equal(h.data[0], 'i');
	assert_true(find_page(f, 0x1401000, 0xF, &h));
	assert_int_equal(h.data[0], 'd');
	assert_true(find_page(f, SHIM_CMDLINE, 0xF, &h));
	assert_string_equal((const char *)h.data, "console=ttyS0");
	assert_true(find_page(f, SHIM_ZERO_PAGE, 0xF, &h));
	assert_memory_equal(h.data + 0x202, "HdrS", 4);
	assert_int_equal(cf_load_le32(h.data + 0x218), 0x1400000);
	assert_int_equal(cf_load_le32(h.data + 0x21C), PAGE + 1);
	assert_int_equal(cf_load_le32(h.data + 0x228), SHIM_CMDLINE);
	cf_igvm_destroy(f);
	cf_buf_finish(&out);
}

static void test_shim_tells_itself_what_the_launch_loads(void **state)
{
	struct cf_shim_params p = setup();
	struct cf_buf out = { 0 };
	struct cf_igvm *f;
	struct cf_igvm_header h, page;
	const uint8_t *params;

	build(&p, &out, &f);
	assert_true(find_page(f, SHIM_PARAMS, 0xF, &h));
	params = h.data;
	assert_int_equal(cf_load_le64(params + SHIM_P_ENTRY), 0x1000200);
	assert_int_equal(cf_load_le64(params + SHIM_P_NRANGES), 3);
	/* Every page of the ranges is in the file or a parameter's, and no
	 * page of the file is outside them. */
	for (unsigned i = 0; i < 3; i++) {
		const uint8_t *r = params + SHIM_P_RANGES + 16 * i;

		for (uint64_t at = cf_load_le64(r); at < cf_load_le64(r + 8);
			at += PAGE)
			if (at < SHIM_MEMORY_MAP || at >= SHIM_TABLES)
				assert_true(find_page(f, at, 1, &page));
	}
	for (size_t i = 0; i < cf_igvm_count(f, CF_IGVM_DIRECTIVES); i++) {
		bool inside = false;

		cf_igvm_get(f, CF_IGVM_DIRECTIVES, i, &page);
		if (page.type != CF_IGVM_PAGE_DATA ||
			page.u.page.gpa == SHIM_RESET)
			continue;
		for (unsigned k = 0; k < 3; k++) {
			const uint8_t *r = params + SHIM_P_RANGES + 16 * k;

			inside |= page.u.page.gpa >= cf_load_le64(r) &&
				page.u.page.gpa < cf_load_le64(r + 8);
		}
		assert_true(inside);
	}
	cf_igvm_destroy(f);
	cf_buf_finish(&out);
}

static void test_shim_enters_in_32_bit_mode_on_every_platform(void **state)
{
	struct cf_shim_params p = setup();
	struct cf_buf out = { 0 };
	struct cf_igvm *f;
	struct cf_igvm_header h;
	unsigned seen = 0;

	build(&p, &out, &f);
	for (size_t i = 0; i < cf_igvm_count(f, CF_IGVM_DIRECTIVES); i++) {
		struct cf_cpu_state s;

		cf_igvm_get(f, CF_IGVM_DIRECTIVES, i, &h);
		if (h.type != CF_IGVM_VP_CONTEXT)
			continue;
		if (h.compatibility_mask & 3)
			cf_vmsa_decode(h.data, &s);
		else
			assert_ok(cf_native_context_decode(
				h.data, 232, &s, &err));
		assert_int_equal(s.rip, SHIM_BASE);
		assert_int_equal(s.cr0 & 0x80000001, 1);
		assert_int_equal(s.seg[CF_SEG_CS].attrib, 0xC9B);
		switch (h.compatibility_mask) {
		case 1:
			assert_int_equal(s.gpr[CF_RDX], SHIM_SNP);
			assert_int_equal(s.gpr[CF_RBX], 1 << (51 - 32));
			assert_int_equal(s.sev_features, 1);
			break;
		case 2:
			assert_int_equal(s.gpr[CF_RDX], SHIM_SEV_ES);
			assert_int_equal(s.sev_features, 0);
			break;
		case 8:
			assert_int_equal(s.gpr[CF_RDX], SHIM_NATIVE);
			assert_int_equal(s.gpr[CF_RBX], 0);
			break;
		}
		seen |= h.compatibility_mask;
	}
	/* Plain SEV comes from the reset vector. */
	assert_int_equal(seen, 0xB);
	assert_true(find_page(f, SHIM_RESET, 4, &h));
	assert_int_equal(h.compatibility_mask, 4);
	assert_int_equal(h.data[0xFF0], 0xE9); /* jump, 16-bit offset */
	assert_int_equal(0xFF3 + (int16_t)cf_load_le16(h.data + 0xFF1), 0xF00);
	cf_igvm_destroy(f);
	cf_buf_finish(&out);
}

/* The other vCPUs of SEV-ES come from reset into a page of their own. */
static void test_shim_holds_the_other_vcpus_of_sev_es(void **state)
{
	struct cf_shim_params p = setup();
	struct cf_buf out = { 0 };
	struct cf_igvm *f;
	struct cf_igvm_header h;
	unsigned held = 0;

	p.vcpus = 4;
	build(&p, &out, &f);
	for (size_t i = 0; i < cf_igvm_count(f, CF_IGVM_DIRECTIVES); i++) {
		struct cf_cpu_state s;

		cf_igvm_get(f, CF_IGVM_DIRECTIVES, i, &h);
		if (h.type != CF_IGVM_VP_CONTEXT || !h.u.vp_context.vp_index)
			continue;
		assert_int_equal(h.compatibility_mask, 2);
		assert_int_equal(h.u.vp_context.vp_index, ++held);
		cf_vmsa_decode(h.data, &s);
		assert_int_equal(s.rip, 0xFFF0);
		assert_int_equal(s.seg[CF_SEG_CS].base, 0xFFFF0000);
		assert_int_equal(s.cr0 & 1, 0);
		assert_int_equal(s.efer, 0x1000);
	}
	assert_int_equal(held, 3);
	assert_true(find_page(f, SHIM_RESET, 2, &h));
	assert_int_equal(h.compatibility_mask, 2);
	assert_int_equal(cf_load_le32(h.data), 0); /* the jump table */
	assert_int_equal(h.data[0xFF0], 0xE9);
	assert_int_equal(0xFF3 + (int16_t)cf_load_le16(h.data + 0xFF1), 0xF00);
	assert_true(find_page(f, SHIM_PARAMS, 0xF, &h));
	assert_int_equal(cf_load_le64(h.data + SHIM_P_PROCESSORS), 4);
	assert_true(find_page(f, SHIM_SECRET, 0xF, &h));
	assert_true(cf_is_zero(h.data, PAGE));
	cf_igvm_destroy(f);
	cf_buf_finish(&out);
}

static void test_shim_gives_equal_files_for_equal_input(void **state)
{
	struct cf_shim_params p = setup();
	struct cf_buf a = { 0 }, b = { 0 };

	assert_ok(cf_shim_build(&p, &a, &err));
	assert_ok(cf_shim_build(&p, &b, &err));
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.data, b.data, a.len);
	cf_buf_finish(&a);
	cf_buf_finish(&b);
}

static void refuse(const struct cf_shim_params *p, enum coffer_status status,
	const char *message)
{
	struct cf_buf out = { 0 };

	assert_status(status, cf_shim_build(p, &out, &err));
	assert_message(message);
	assert_int_equal(out.len, 0);
	cf_buf_finish(&out);
}

static void test_shim_refuses_what_it_cannot_start(void **state)
{
	struct cf_shim_params p = setup();
	char line[0x900];

	p.nplatforms = 0;
	refuse(&p, COFFER_ERR_ARGUMENT, "1 to 4 platforms");
	p = setup();
	p.vcpus = CF_SHIM_MAX_VCPUS + 1;
	refuse(&p, COFFER_ERR_ARGUMENT, "256 vCPUs, at most 255");
	p = setup();
	p.platform[1].type = CF_IGVM_TDX;
	refuse(&p, COFFER_ERR_UNSUPPORTED, "platform TDX");
	p = setup();
	memset(line, 'x', sizeof(line));
	line[0x800] = 0;
	p.append = line;
	refuse(&p, COFFER_ERR_ARGUMENT, "2048 characters");
	p = setup();
	cf_store_le16(kernel + 0x236, 0);
	refuse(&p, COFFER_ERR_UNSUPPORTED, "no 64-bit entry");
	p = setup();
	cf_store_le32(kernel + 0x22C, 0x1400FFF);
	refuse(&p, COFFER_ERR_UNSUPPORTED, "initrd");
	p = setup();
	cf_store_le64(kernel + 0x258, 0x100000);
	refuse(&p, COFFER_ERR_UNSUPPORTED, "preferred address");
	p = setup();
	kernel[0x202] = 'x';
	refuse(&p, COFFER_ERR_FORMAT, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shim_puts_kernel_initrd_and_command_line),
		cmocka_unit_test(test_shim_tells_itself_what_the_launch_loads),
		cmocka_unit_test(
			test_shim_enters_in_32_bit_mode_on_every_platform),
		cmocka_unit_test(test_shim_holds_the_other_vcpus_of_sev_es),
		cmocka_unit_test(test_shim_gives_equal_files_for_equal_input),
		cmocka_unit_test(test_shim_refuses_what_it_cannot_start),
	};

	return cmocka_run_group_tests_name("shim", tests, NULL, NULL);
}
