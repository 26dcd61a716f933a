/* SPDX-License-Identifier: Apache-2.0 */
/* The payload's AES-256-GCM against libcrypto's, and its own refusals. */
#include "test.h"

#include "crypto/crypto.h"
#include "snp.h"

static struct coffer_error err;

static void test_gcm_agrees_with_libcrypto_at_every_length(void **state)
{
	uint8_t key[32], iv[12], aad[48], mine[100], theirs[100], tag[16],
		want[16];
	struct gcm g;

	for (size_t n = 0; n <= sizeof(mine); n++) {
		for (unsigned i = 0; i < 32; i++)
			key[i] = (uint8_t)(i * 11 + n);
		for (unsigned i = 0; i < 48; i++)
			aad[i] = (uint8_t)(i ^ n);
		for (unsigned i = 0; i < 12; i++)
			iv[i] = (uint8_t)(n + i);
		for (unsigned i = 0; i < sizeof(mine); i++)
			mine[i] = theirs[i] = (uint8_t)(3 * i);
		gcm_init(&g, key);
		gcm_seal(&g, iv, aad, n % 49, mine, n, tag);
		assert_ok(cf_aes256_gcm_seal(
			key, iv, aad, n % 49, theirs, n, theirs, want, &err));
		assert_memory_equal(mine, theirs, n);
		assert_memory_equal(tag, want, 16);
		assert_true(gcm_open(&g, iv, aad, n % 49, mine, n, tag));
		tag[n % 16] ^= 1;
		assert_false(gcm_open(&g, iv, aad, n % 49, mine, n, tag));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_gcm_agrees_with_libcrypto_at_every_length),
	};

	return cmocka_run_group_tests_name("gcm", tests, NULL, NULL);
}
