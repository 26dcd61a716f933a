/* SPDX-License-Identifier: Apache-2.0 */
/* The crypto layer against published values. */
#include "test.h"

#include "crypto/crypto.h"

static struct coffer_error err;

static void assert_hex(const uint8_t *p, size_t n, const char *want)
{
	char text[257];

	cf_hex(text, p, n);
	assert_string_equal(text, want);
}

static void test_digests_of_empty_input(void **state)
{
	uint8_t out[64];
	struct cf_hash *h, *copy;

	assert_ok(cf_sha256("", 0, out, &err));
	assert_hex(out, 32,
		"e3b0c44298fc1c149afbf4c8996fb924"
		"27ae41e4649b934ca495991b7852b855");
	assert_ok(cf_hash_create(CF_HASH_SHA384, &h, &err));
	assert_ok(cf_hash_clone(h, &copy, &err));
	assert_ok(cf_hash_update(h, "abc", 3, &err));
	assert_ok(cf_hash_peek(h, out, &err));
	assert_hex(out, 48,
		"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
		"1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
	assert_ok(cf_hash_peek(copy, out, &err));
	assert_hex(out, 48,
		"38b060a751ac96384cd9327eb1b1e36a21fdb71114be0743"
		"4c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b");
	cf_hash_destroy(h);
	cf_hash_destroy(copy);
}

/* RFC 4231, test case 2. */
static void test_hmac_concatenates_its_parts(void **state)
{
	const struct cf_bytes parts[] = { { "what do ya ", 11 }, { "", 0 },
		{ "want for nothing?", 17 } };
	uint8_t out[32];

	assert_ok(cf_hmac_sha256("Jefe", 4, parts, 3, out, &err));
	assert_hex(out, 32,
		"5bdcc146bf60754e6a042426089575c7"
		"5a003f089d2739839dec58b964ec3843");
}

/* LAUNCH_SECRET example: AES-128-CTR of zeros under a zero key and IV. */
static void test_aes_ctr_of_zeros(void **state)
{
	uint8_t zero[16] = { 0 }, out[16];

	assert_ok(cf_aes128_ctr(zero, zero, zero, out, 16, &err));
	assert_hex(out, 16, "66e94bd4ef8a2c3b884cfa59ca342b2e");
}

/* The guest message of the SNP specification notes: key 00..1f, sequence 1,
 * an all-zero report request. */
static void test_gcm_seals_and_refuses_a_changed_tag(void **state)
{
	uint8_t key[32], iv[12] = { 1 },
			 aad[48] = { 1, 1, 0x60, 0, 5, 1, 0x60 };
	uint8_t plain[96] = { 0 }, sealed[96], back[96], tag[16];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	assert_ok(cf_aes256_gcm_seal(key, iv, aad, sizeof(aad), plain,
		sizeof(plain), sealed, tag, &err));
	assert_hex(tag, 16, "f82ad6a7637d3333e57fd9adeb832a0f");
	assert_hex(sealed, 16, "e22c823fa4afec074a0405c33cc188cb");
	assert_ok(cf_aes256_gcm_open(key, iv, aad, sizeof(aad), sealed,
		sizeof(sealed), back, tag, &err));
	assert_memory_equal(back, plain, sizeof(plain));
	tag[15] ^= 1;
	memset(back, 0xaa, sizeof(back));
	assert_status(COFFER_ERR_MISMATCH,
		cf_aes256_gcm_open(key, iv, aad, sizeof(aad), sealed,
			sizeof(sealed), back, tag, &err));
	assert_true(cf_is_zero(back, sizeof(back)));
}

static void test_p384_signs_verifies_and_agrees(void **state)
{
	uint8_t a[48], b[48], za[48], zb[48], le[72], back[48];
	struct cf_p384_public pa, pb, again;
	struct cf_p384_signature sig;

	assert_ok(cf_p384_generate(a, &pa, &err));
	assert_ok(cf_p384_generate(b, &pb, &err));
	assert_ok(cf_p384_public(a, &again, &err));
	assert_memory_equal(&again, &pa, sizeof(pa));
	assert_ok(cf_p384_ecdh(a, &pb, za, &err));
	assert_ok(cf_p384_ecdh(b, &pa, zb, &err));
	assert_memory_equal(za, zb, sizeof(za));
	assert_ok(cf_p384_sign(a, CF_HASH_SHA384, "text", 4, &sig, &err));
	assert_ok(cf_p384_verify(&pa, CF_HASH_SHA384, "text", 4, &sig, &err));
	assert_status(COFFER_ERR_MISMATCH,
		cf_p384_verify(&pa, CF_HASH_SHA384, "tex7", 4, &sig, &err));
	assert_status(COFFER_ERR_MISMATCH,
		cf_p384_verify(&pa, CF_HASH_SHA256, "text", 4, &sig, &err));
	assert_status(COFFER_ERR_MISMATCH,
		cf_p384_verify(&pb, CF_HASH_SHA384, "text", 4, &sig, &err));
	cf_p384_to_le72(sig.r, le);
	assert_true(cf_p384_from_le72(le, back));
	assert_memory_equal(back, sig.r, sizeof(back));
	le[71] = 1;
	assert_false(cf_p384_from_le72(le, back));
}

static void test_p384_refuses_keys_off_the_curve(void **state)
{
	uint8_t zero[48] = { 0 }, top[48], out[48];
	struct cf_p384_public pub = { .x = { 1 }, .y = { 1 } };
	struct cf_p384_signature sig = { 0 };

	memset(top, 0xff, sizeof(top));
	assert_status(COFFER_ERR_ARGUMENT, cf_p384_public(zero, &pub, &err));
	assert_status(COFFER_ERR_ARGUMENT, cf_p384_public(top, &pub, &err));
	zero[47] = 5;
	assert_status(COFFER_ERR_MISMATCH, cf_p384_ecdh(zero, &pub, out, &err));
	assert_status(COFFER_ERR_MISMATCH,
		cf_p384_verify(&pub, CF_HASH_SHA384, "", 0, &sig, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digests_of_empty_input),
		cmocka_unit_test(test_hmac_concatenates_its_parts),
		cmocka_unit_test(test_aes_ctr_of_zeros),
		cmocka_unit_test(test_gcm_seals_and_refuses_a_changed_tag),
		cmocka_unit_test(test_p384_signs_verifies_and_agrees),
		cmocka_unit_test(test_p384_refuses_keys_off_the_curve),
	};

	return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
