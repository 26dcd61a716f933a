/* SPDX-License-Identifier: Apache-2.0 */
/* Session keys, measurement and packet MACs against the values that
 * virtee's sev crate and sev-tool publish. */
#include "test.h"

#include "crypto/sev_kdf.h"

static struct coffer_error err;
static const uint8_t zero[64];

static void assert_hex(const uint8_t *p, size_t n, const char *want)
{
	char text[257];

	cf_hex(text, p, n);
	assert_string_equal(text, want);
}

static void test_kdf_gives_the_published_keys(void **state)
{
	uint8_t master[16], out[16];

	assert_ok(cf_sev_kdf(
		zero, 16, "sev-master-secret", zero, 16, master, 16, &err));
	assert_hex(master, 16, "ab4d269fcc62bedb4511d56c386ce706");
	assert_ok(cf_sev_kdf(master, 16, "sev-kek", NULL, 0, out, 16, &err));
	assert_hex(out, 16, "b6abfbfb75ea1ea74ed8750b8afdb973");
	assert_ok(cf_sev_kdf(master, 16, "sev-kik", NULL, 0, out, 16, &err));
	assert_hex(out, 16, "53b524bf5669a363f365c864acba8572");
}

static void test_session_macs_are_those_of_the_tools(void **state)
{
	static const struct cf_sev_keys keys;
	uint8_t session[CF_SEV_SESSION_LEN];

	assert_ok(
		cf_sev_session_wrap(zero, &keys, zero, zero, 0, session, &err));
	assert_hex(session + 0x60, 32,
		"aa7855e13839dd767cd5da7c1ff50365"
		"40c9264b7a803029315e55375287b4af");
}

static void test_session_opens_only_unchanged(void **state)
{
	struct cf_sev_keys keys, back;
	uint8_t z[48], nonce[16], iv[16], session[CF_SEV_SESSION_LEN];

	memset(&keys, 0x5a, sizeof(keys));
	memset(z, 1, sizeof(z));
	memset(nonce, 2, sizeof(nonce));
	memset(iv, 3, sizeof(iv));
	assert_ok(cf_sev_session_wrap(z, &keys, nonce, iv, 5, session, &err));
	assert_ok(cf_sev_session_unwrap(z, session, 5, &back, &err));
	assert_memory_equal(&keys, &back, sizeof(keys));
	assert_status(COFFER_ERR_MISMATCH,
		cf_sev_session_unwrap(z, session, 4, &back, &err));
	assert_message("POLICY_MAC");
	assert_true(cf_is_zero((uint8_t *)&back, sizeof(back)));
	for (size_t i = 0; i < sizeof(session); i++) {
		session[i] ^= 0x10;
		assert_status(COFFER_ERR_MISMATCH,
			cf_sev_session_unwrap(z, session, 5, &back, &err));
		session[i] ^= 0x10;
	}
	z[0] ^= 1;
	assert_status(COFFER_ERR_MISMATCH,
		cf_sev_session_unwrap(z, session, 5, &back, &err));
	assert_message("WRAP_MAC");
}

static void test_measurement_of_an_empty_guest(void **state)
{
	uint8_t tik[16], mnonce[16], digest[32], out[32];
	const struct cf_sev_measure m = { 0, 0x12, 0x0f, 0, digest, mnonce };

	assert_ok(cf_sha256("", 0, digest, &err));
	assert_true(cf_unhex("66320db73158a35a255d051758e95ed4", tik, 16));
	assert_true(cf_unhex("4fbe0bedbad6c86ae8f68971d103e554", mnonce, 16));
	assert_ok(cf_sev_launch_measure(tik, &m, out, &err));
	assert_hex(out, 32,
		"6faab2daae389bcd3405a05d6cafe33c"
		"0414f7bedd0bae19ba5f38b7fd1664ea");
}

static void test_secret_mac_covers_the_measurement(void **state)
{
	uint8_t tik[16], data[32], out[32];
	struct cf_sev_packet p = { CF_SEV_PACKET_SECRET, 0, zero, 32, data, 32,
		zero };

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	memcpy(tik, data, sizeof(tik));
	assert_ok(cf_sev_packet_mac(tik, &p, out, &err));
	assert_hex(out, 32,
		"e58a7e2518a441ab1c98652498b30e0d"
		"60ebfc438723a2a0bea992935d1537a4");
	assert_ok(cf_aes128_ctr(zero, zero, zero, data, 16, &err));
	p.guest_len = p.data_len = 16;
	assert_ok(cf_sev_packet_mac(zero, &p, out, &err));
	assert_hex(out, 32,
		"bb28694f4af3f8c385900055506eaff1"
		"8f5a6ce21e727622ba9f109774f8949e");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kdf_gives_the_published_keys),
		cmocka_unit_test(test_session_macs_are_those_of_the_tools),
		cmocka_unit_test(test_session_opens_only_unchanged),
		cmocka_unit_test(test_measurement_of_an_empty_guest),
		cmocka_unit_test(test_secret_mac_covers_the_measurement),
	};

	return cmocka_run_group_tests_name("sev_kdf", tests, NULL, NULL);
}
