/* SPDX-License-Identifier: Apache-2.0 */
/* Files as JSON: taken apart, put together again, and what is refused. */
#include "test.h"
#include "test_igvm.h"
#include "test_igvmkit.h"

static struct coffer_error err;

struct source {
	const uint8_t *data;
	size_t len;
};

static enum coffer_status load(void *opaque, const char *name,
	const uint8_t **data, size_t *len, struct coffer_error *e)
{
	const struct source *s = opaque;

	if (strcmp(name, "the-file") != 0)
		return cf_fail(e, COFFER_ERR_SYSTEM, "%s: not there", name);
	*data = s->data;
	*len = s->len;
	return COFFER_OK;
}

/* Manifest of a file and back; the bytes must be the same. */
static void assert_comes_back(const uint8_t *bytes, size_t len)
{
	struct source source = { bytes, len };
	struct cf_manifest_files files = { &source, load };
	struct cf_buf text = { 0 }, again = { 0 };
	struct cf_igvm *f = NULL;

	assert_ok(cf_igvm_parse(bytes, len, &f, &err));
	assert_ok(cf_manifest_write(f, bytes, "the-file", &text, &err));
	assert_ok(cf_manifest_read(
		(const char *)text.data, text.len, &files, &again, &err));
	assert_int_equal(again.len, len);
	assert_memory_equal(again.data, bytes, len);
	cf_igvm_destroy(f);
	cf_buf_finish(&text);
	cf_buf_finish(&again);
}

/* The corpus has a file for every header type. */
static void test_every_header_type_comes_back(void **state)
{
	static const char *const names[] = { "area", "cca", "corim", "empty",
		"error_range", "id_block", "native", "optional", "page",
		"page_kinds", "page_table", "parameters", "policy",
		"relocatable", "required", "v2", "vbs", "vbs_measurement",
		"vmsa" };
	const char *root = getenv("COFFER_SOURCE_ROOT");
	char path[512];

	for (size_t i = 0; i < CF_ARRAY_LEN(names); i++) {
		struct cf_mapping m;

		snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/igvm/%s",
			root ? root : ".", names[i]);
		assert_ok(cf_map_file(path, &m, &err));
		/* The corpus is not deduplicated the writer's way. */
		if (strcmp(names[i], "vmsa") != 0 &&
			strcmp(names[i], "native") != 0)
			assert_comes_back(m.data, m.len);
		cf_unmap_file(&m);
	}
}

static void test_built_files_come_back(void **state)
{
	static uint8_t image[KIT_IMAGE_LEN];
	struct cf_build_params p = {
		.firmware = image,
		.firmware_len = sizeof(image),
		.platform = { { CF_IGVM_SEV_SNP }, { CF_IGVM_SEV_ES },
			{ CF_IGVM_TDX } },
		.nplatforms = 3,
		.vcpus = 3,
	};
	struct cf_buf file = { 0 };

	kit_image(image);
	assert_ok(cf_build_from_firmware(&p, &file, &err));
	assert_comes_back(file.data, file.len);
	cf_buf_finish(&file);
	igvm_api_test_file(2, &file);
	assert_comes_back(file.data, file.len);
	cf_buf_finish(&file);
}

static const char small[] =
	"{ \"format_version\": 2, \"architecture\": \"X64\",\n"
	"  \"platforms\": [ { \"type\": \"SUPPORTED_PLATFORM\",\n"
	"    \"compatibility_mask\": 1, \"platform_type\": \"sev_snp\",\n"
	"    \"platform_version\": 1 } ],\n"
	"  \"initializations\": [ { \"type\": \"GUEST_POLICY\",\n"
	"    \"policy\": \"0x30000\", \"compatibility_mask\": \"0x1\" } ],\n"
	"  \"directives\": [\n"
	"    { \"type\": \"PAGE_DATA\", \"gpa\": 8192, \"pages\": 3,\n"
	"      \"compatibility_mask\": 1, \"data_type\": \"normal\",\n"
	"      \"data\": { \"file\": \"the-file\", \"offset\": 16,\n"
	"        \"length\": 4100 } },\n"
	"    { \"type\": \"PAGE_DATA\", \"compatibility_mask\": 1,\n"
	"      \"data_type\": \"secrets\" },\n"
	"    { \"type\": \"0x3f0\", \"optional\": true,\n"
	"      \"content\": \"c0ffee\" },\n"
	"    { \"type\": \"PARAMETER_AREA\", \"number_of_bytes\": 4096,\n"
	"      \"data\": { \"hex\": \"0102\" } } ] }\n";

static void test_a_description_by_hand_is_built(void **state)
{
	static uint8_t bytes[4116];
	struct source source = { bytes, sizeof(bytes) };
	struct cf_manifest_files files = { &source, load };
	struct cf_buf out = { 0 };
	struct cf_igvm *f = NULL;
	struct cf_igvm_header h;

	memset(bytes + 16, 0x5A, 4100);
	assert_ok(cf_manifest_read(small, strlen(small), &files, &out, &err));
	assert_ok(cf_igvm_parse(out.data, out.len, &f, &err));
	assert_int_equal(cf_igvm_format_version(f), 2);
	assert_int_equal(cf_igvm_mask_of(f, CF_IGVM_SEV_SNP), 1);
	assert_int_equal(cf_igvm_count(f, CF_IGVM_DIRECTIVES), 6);
	for (unsigned i = 0; i < 3; i++) {
		cf_igvm_get(f, CF_IGVM_DIRECTIVES, i, &h);
		assert_int_equal(h.u.page.gpa, 8192 + i * 4096);
		if (i == 2) {
			assert_null(h.data);
			continue;
		}
		assert_int_equal(h.data[3], 0x5A);
		assert_int_equal(h.data[4], i ? 0 : 0x5A);
	}
	cf_igvm_get(f, CF_IGVM_DIRECTIVES, 3, &h);
	assert_int_equal(h.u.page.data_type, CF_IGVM_PAGE_SECRETS);
	cf_igvm_get(f, CF_IGVM_DIRECTIVES, 4, &h);
	assert_int_equal(h.u.opaque.len, 3);
	cf_igvm_get(f, CF_IGVM_DIRECTIVES, 5, &h);
	assert_int_equal(h.data_len, 4096);
	assert_int_equal(h.data[1], 2);
	assert_int_equal(h.data[2], 0);
	cf_igvm_destroy(f);
	cf_buf_finish(&out);
}

#define ONE(header) "{\"directives\":[" header "]}"

static void test_wrong_descriptions_say_where(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{ "", "manifest: the text ends too early" },
		{ "{", "manifest: the text ends too early" },
		{ "[]", "manifest: must be an object" },
		{ "{\"a\" 1}",
			"manifest: byte 5: object property name "
			"separator ':' expected" },
		{ "{} x", "manifest: byte 3: text after the end" },
		{ "{\"directive\":[]}", "manifest: no key 'directive'" },
		{ "{\"format_version\":3}",
			"manifest: format_version: must be 1 or 2" },
		{ "{\"architecture\":\"arm\"}",
			"manifest: architecture: must be X64 or AARCH64" },
		{ "{\"directives\":{}}",
			"manifest: 'directives' must be an array" },
		{ ONE("1"), "manifest: directives[0]: must be an object" },
		{ ONE("{}"), "manifest: directives[0]: 'type' is missing" },
		{ ONE("{\"type\":\"PAGE\"}"),
			"manifest: directives[0]: type 'PAGE' is no header "
			"type" },
		{ ONE("{\"type\":\"PAGE_DATA\",\"gap\":0}"),
			"manifest: directives[0]: no field 'gap' in this type "
			"of header" },
		{ ONE("{\"type\":\"PAGE_DATA\",\"file_offset\":0}"),
			"manifest: directives[0]: no field 'file_offset' in "
			"this type of header" },
		{ ONE("{\"type\":\"PAGE_DATA\",\"gpa\":-1}"),
			"manifest: directives[0]: gpa: must be a number up to "
			"0xffffffffffffffff" },
		{ ONE("{\"type\":\"PAGE_DATA\",\"data_type\":65536}"),
			"manifest: directives[0]: data_type: must be a number "
			"up to 0xffff" },
		{ ONE("{\"type\":\"SNP_ID_BLOCK\",\"ld\":\"00\"}"),
			"manifest: directives[0]: ld: must be 96 hex digits" },
		{ ONE("{\"type\":\"MADT\",\"pages\":2}"),
			"manifest: directives[0]: pages: only PAGE_DATA takes "
			"it" },
		{ ONE("{\"type\":\"PAGE_DATA\",\"pages\":\"many\"}"),
			"manifest: directives[0]: pages: must be a number" },
		{ ONE("{\"type\":\"PAGE_DATA\",\"data\":1}"),
			"manifest: directives[0]: data: must be an object" },
		{ ONE("{\"type\":\"PAGE_DATA\",\"data\":{}}"),
			"manifest: directives[0]: data: must have 'hex', or "
			"'file' with 'offset' and 'length' as needed" },
		{ ONE("{\"type\":\"PAGE_DATA\",\"data\":{\"hex\":\"0\"}}"),
			"manifest: directives[0]: hex: must be pairs of hex "
			"digits" },
		{ ONE("{\"type\":\"PAGE_DATA\",\"data\":{\"file\":\"no\"}}"),
			"manifest: directives[0]: no: not there" },
		{ ONE("{\"type\":\"PAGE_DATA\",\"data\":{\"file\":"
		      "\"the-file\",\"offset\":9}}"),
			"manifest: directives[0]: data: 0 bytes at 9 must lie "
			"in 'the-file', which has 8" },
		{ ONE("{\"type\":\"PAGE_DATA\",\"data\":{\"file\":"
		      "\"the-file\",\"offset\":4,\"length\":5}}"),
			"manifest: directives[0]: data: 5 bytes at 4 must lie "
			"in 'the-file', which has 8" },
		{ ONE("{\"type\":\"PAGE_DATA\",\"pages\":0,\"data\":{\"hex\":"
		      "\"00\"}}"),
			"manifest: directives[0]: data: 1 bytes do not fit 0 "
			"pages" },
		{ ONE("{\"type\":\"MADT\",\"data\":{\"hex\":\"00\"}}"),
			"manifest: directives[0]: igvm: MADT: takes no 1 "
			"bytes of data" },
		{ ONE("{\"type\":\"0x3f0\"}"),
			"manifest: directives[0]: igvm: type 0x3f0 is "
			"unknown: it must be optional" },
		{ "{}",
			"igvm: no SUPPORTED_PLATFORM header; at least one is "
			"needed" },
	};
	static const uint8_t eight[8];
	struct source source = { eight, sizeof(eight) };
	struct cf_manifest_files files = { &source, load };

	for (size_t i = 0; i < CF_ARRAY_LEN(cases); i++) {
		struct cf_buf out = { 0 };

		assert_int_not_equal(
			cf_manifest_read(cases[i].text, strlen(cases[i].text),
				&files, &out, &err),
			COFFER_OK);
		assert_string_equal(err.msg, cases[i].message);
		assert_int_equal(out.len, 0);
		cf_buf_finish(&out);
	}
}

static void test_files_may_be_forbidden(void **state)
{
	struct cf_buf out = { 0 };

	assert_status(COFFER_ERR_FORMAT,
		cf_manifest_read(small, strlen(small), NULL, &out, &err));
	assert_string_equal(err.msg,
		"manifest: directives[0]: data: files cannot be read here");
	cf_buf_finish(&out);
}

static void assert_holds(struct cf_buf *text, const char *want)
{
	if (!strstr(cf_buf_text(text), want))
		fail_msg("'%s' is not in:\n%s", want, cf_buf_text(text));
}

static void test_json_view_has_positions_and_registers(void **state)
{
	static uint8_t image[KIT_IMAGE_LEN];
	struct cf_build_params p = {
		.firmware = image,
		.firmware_len = sizeof(image),
		.platform = { { CF_IGVM_SEV_SNP } },
		.nplatforms = 1,
		.vcpus = 1,
	};
	struct cf_buf file = { 0 }, text = { 0 };
	struct cf_igvm *f = NULL;

	kit_image(image);
	assert_ok(cf_build_from_firmware(&p, &file, &err));
	assert_ok(cf_igvm_parse(file.data, file.len, &f, &err));
	assert_ok(cf_view_json(f, file.data, &text, &err));
	assert_holds(&text, "\"position\": 24,");
	assert_holds(&text, "\"platform_type\": \"SEV_SNP\"");
	assert_holds(&text, "\"pages\": 3,");
	assert_holds(&text, "\"RIP\": \"0xfff0\"");
	assert_holds(&text, "\"policy\": \"0x30000\"");
	cf_igvm_destroy(f);
	cf_buf_finish(&file);
	cf_buf_finish(&text);
}

/* A name cannot end the script that holds the data. */
static void test_html_view_cannot_be_broken_out_of(void **state)
{
	struct cf_buf file = { 0 }, page = { 0 };
	struct cf_igvm *f = NULL;
	const char *at, *end;

	igvm_api_test_file(1, &file);
	assert_ok(cf_igvm_parse(file.data, file.len, &f, &err));
	assert_ok(cf_view_html(
		f, file.data, file.len, "</script><b>\"x\"", &page, &err));
	at = strstr(cf_buf_text(&page), "id=\"data\">");
	assert_non_null(at);
	end = strstr(at, "</script>");
	assert_non_null(end);
	/* The data is whole JSON up to the end of its script. */
	assert_int_equal(end[-2], '}');
	assert_null(strstr(at, "@DATA@"));
	assert_non_null(strstr(at, "\"digests\":[\""));
	cf_igvm_destroy(f);
	cf_buf_finish(&file);
	cf_buf_finish(&page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_header_type_comes_back),
		cmocka_unit_test(test_built_files_come_back),
		cmocka_unit_test(test_a_description_by_hand_is_built),
		cmocka_unit_test(test_wrong_descriptions_say_where),
		cmocka_unit_test(test_files_may_be_forbidden),
		cmocka_unit_test(test_json_view_has_positions_and_registers),
		cmocka_unit_test(test_html_view_cannot_be_broken_out_of),
	};

	return cmocka_run_group_tests_name("igvm_manifest", tests, NULL, NULL);
}
