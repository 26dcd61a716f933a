/* SPDX-License-Identifier: Apache-2.0 */
/* Cursor, arithmetic, encodings, buffers, files and error messages. */
#include "test.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static struct coffer_error err;

static void test_cursor_refuses_to_read_past_its_end(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7 };
	struct cf_cursor c = cf_cursor(bytes, sizeof(bytes)), sub;
	const uint8_t *p;
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	assert_true(cf_take_le32(&c, &v32));
	assert_int_equal(v32, 0x04030201);
	assert_false(cf_take_le64(&c, &v64));
	assert_int_equal(c.left, 3);
	assert_false(cf_take(&c, SIZE_MAX, &p));
	assert_true(cf_take_cursor(&c, 2, &sub));
	assert_true(cf_take_le16(&sub, &v16));
	assert_int_equal(v16, 0x0605);
	assert_true(cf_at_end(&sub));
	assert_false(cf_at_end(&c));
}

static void test_range_check_cannot_wrap(void **state)
{
	assert_true(cf_range_ok(0, 0, 0));
	assert_true(cf_range_ok(4, 4, 8));
	assert_false(cf_range_ok(5, 4, 8));
	assert_false(cf_range_ok(9, 0, 8));
	assert_false(cf_range_ok(UINT64_MAX, 2, UINT64_MAX));
	assert_false(cf_range_ok(8, UINT64_MAX, UINT64_MAX));
}

static void test_integers_keep_their_byte_order(void **state)
{
	uint8_t p[8];

	cf_store_le64(p, 0x0102030405060708u);
	assert_int_equal(p[0], 8);
	assert_int_equal(cf_load_le64(p), 0x0102030405060708u);
	cf_store_be64(p, 0x0102030405060708u);
	assert_int_equal(p[0], 1);
	assert_int_equal(cf_load_be64(p), 0x0102030405060708u);
	assert_int_equal(cf_load_be32(p + 2), 0x03040506);
}

static void test_zero_check_looks_at_every_byte(void **state)
{
	uint8_t p[4096] = { 0 };

	assert_true(cf_is_zero(p, 0));
	assert_true(cf_is_zero(p, sizeof(p)));
	for (size_t i = 0; i < sizeof(p); i += 511) {
		p[i] = 1;
		assert_false(cf_is_zero(p, sizeof(p)));
		p[i] = 0;
	}
	p[sizeof(p) - 1] = 1;
	assert_false(cf_is_zero(p, sizeof(p)));
}

static void test_hex_takes_both_cases_and_exact_length(void **state)
{
	uint8_t out[3];
	char text[7];

	assert_true(cf_unhex("00fFa9", out, 3));
	cf_hex(text, out, 3);
	assert_string_equal(text, "00ffa9");
	assert_false(cf_unhex("00ff", out, 3));
	assert_false(cf_unhex("00ffa9b", out, 3));
	assert_false(cf_unhex("00ffg9", out, 3));
}

static void check_base64(const char *bytes, const char *text)
{
	struct cf_buf b = { 0 };

	cf_base64(&b, bytes, strlen(bytes));
	assert_string_equal(cf_buf_text(&b), text);
	cf_buf_finish(&b);
	assert_true(cf_unbase64(&b, text, strlen(text)));
	assert_string_equal(cf_buf_text(&b), bytes);
	cf_buf_finish(&b);
}

static bool is_base64(const char *text)
{
	struct cf_buf b = { 0 };
	bool ok = cf_unbase64(&b, text, strlen(text));

	cf_buf_finish(&b);
	return ok;
}

static void test_base64_follows_rfc_4648(void **state)
{
	check_base64("", "");
	check_base64("f", "Zg==");
	check_base64("fo", "Zm8=");
	check_base64("foobar", "Zm9vYmFy");
	assert_true(is_base64("Zm9v\nYmFy\n"));
	assert_false(is_base64("Zg="));
	assert_false(is_base64("Zg"));
	assert_false(is_base64("Zh=="));
	assert_false(is_base64("Z==="));
	assert_false(is_base64("Zg==Zg=="));
	assert_false(is_base64("Zm9*"));
}

static void test_numbers_refuse_signs_junk_and_overflow(void **state)
{
	uint64_t v;

	assert_true(cf_parse_u64("18446744073709551615", UINT64_MAX, &v));
	assert_int_equal(v, UINT64_MAX);
	assert_true(cf_parse_u64("0x30000", UINT64_MAX, &v));
	assert_int_equal(v, 0x30000);
	assert_false(cf_parse_u64("18446744073709551616", UINT64_MAX, &v));
	assert_false(cf_parse_u64("", 9, &v));
	assert_false(cf_parse_u64("0x", 9, &v));
	assert_false(cf_parse_u64("-1", UINT64_MAX, &v));
	assert_false(cf_parse_u64("1 ", 9, &v));
	assert_false(cf_parse_u64("10", 9, &v));
	assert_true(cf_parse_size("2G", 1 << 20, &v));
	assert_int_equal(v, (uint64_t)2 << 30);
	assert_true(cf_parse_size("128", 1 << 20, &v));
	assert_int_equal(v, 128 << 20);
	assert_false(cf_parse_size("20000000T", 1, &v));
	assert_false(cf_parse_size("G", 1, &v));
}

static void test_guid_text_is_mixed_endian(void **state)
{
	static const char text[] = "96b582de-1fb2-45f7-baea-a366c55a082d";
	uint8_t guid[16];
	char back[37];

	assert_true(cf_guid_from_text(text, guid));
	assert_int_equal(guid[0], 0xde);
	assert_int_equal(guid[4], 0xb2);
	assert_int_equal(guid[8], 0xba);
	cf_guid_to_text(back, guid);
	assert_string_equal(back, text);
	assert_false(cf_guid_from_text("96b582de", guid));
}

static void test_buffer_grows_and_prints(void **state)
{
	struct cf_buf b = { 0 };
	char big[1000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	cf_buf_printf(&b, "%d-%s", 7, big);
	assert_int_equal(b.len, sizeof(big) + 1);
	assert_int_equal(strlen(cf_buf_text(&b)), b.len);
	cf_buf_zeros(&b, 3);
	cf_buf_le64(&b, 1);
	assert_int_equal(b.len, sizeof(big) + 12);
	assert_false(b.failed);
	cf_buf_zeros(&b, SIZE_MAX);
	assert_true(b.failed);
	assert_null(cf_buf_text(&b));
	cf_buf_finish(&b);
}

static void test_file_is_replaced_whole_or_not_at_all(void **state)
{
	char dir[] = "/tmp/coffer-test-XXXXXX", path[64];
	struct cf_mapping m;
	struct stat st;
	uint8_t *data;
	size_t len;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/f", dir);
	assert_ok(cf_write_file(path, 0600, "abc", 3, &err));
	assert_ok(cf_write_file(path, 0600, "defg", 4, &err));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_ok(cf_read_file(path, 4, &data, &len, &err));
	assert_int_equal(len, 4);
	assert_string_equal((char *)data, "defg");
	free(data);
	assert_status(
		COFFER_ERR_ARGUMENT, cf_read_file(path, 3, &data, &len, &err));
	assert_ok(cf_map_file(path, &m, &err));
	assert_memory_equal(m.data, "defg", 4);
	cf_unmap_file(&m);
	assert_status(COFFER_ERR_SYSTEM,
		cf_write_file("/nonexistent/f", 0600, "", 0, &err));
	unlink(path);
	assert_status(COFFER_ERR_SYSTEM, cf_map_file(path, &m, &err));
	assert_int_equal(err.sys_errno, ENOENT);
	assert_message(path);
	assert_message("cannot open: No such file or directory");
	assert_status(COFFER_ERR_ARGUMENT, cf_map_file(dir, &m, &err));
	rmdir(dir);
}

static void test_error_context_goes_in_front(void **state)
{
	cf_fail(&err, COFFER_ERR_FORMAT, "bad %d", 7);
	assert_int_equal(cf_error_context(&err, COFFER_ERR_FORMAT, "f.igvm"),
		COFFER_ERR_FORMAT);
	assert_string_equal(err.msg, "f.igvm: bad 7");
	assert_int_equal(
		cf_fail(NULL, COFFER_ERR_STATE, "x"), COFFER_ERR_STATE);
	assert_string_equal(
		coffer_status_name(COFFER_ERR_FIRMWARE), "firmware");
	assert_string_equal(coffer_status_name(99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cursor_refuses_to_read_past_its_end),
		cmocka_unit_test(test_range_check_cannot_wrap),
		cmocka_unit_test(test_integers_keep_their_byte_order),
		cmocka_unit_test(test_zero_check_looks_at_every_byte),
		cmocka_unit_test(test_hex_takes_both_cases_and_exact_length),
		cmocka_unit_test(test_base64_follows_rfc_4648),
		cmocka_unit_test(test_numbers_refuse_signs_junk_and_overflow),
		cmocka_unit_test(test_guid_text_is_mixed_endian),
		cmocka_unit_test(test_buffer_grows_and_prints),
		cmocka_unit_test(test_file_is_replaced_whole_or_not_at_all),
		cmocka_unit_test(test_error_context_goes_in_front),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
