/* SPDX-License-Identifier: Apache-2.0 */
/* Signing ID blocks, and refusing changed ones.  Digests of known keys are
 * in the vectors test. */
#include "test.h"

#include "crypto/key_file.h"
#include "igvm/igvm.h"
#include "owner/id_block.h"

static struct coffer_error err;

static const struct cf_id_block block = {
	.measurement = { 1, 2, 3 },
	.family_id = { 4 },
	.image_id = { 5 },
	.version = 1,
	.guest_svn = 7,
	.policy = 0x30000,
};

static void sign(
	bool author, uint8_t bytes[CF_ID_BLOCK_LEN], struct cf_id_auth *auth)
{
	uint8_t id[48], other[48];
	struct cf_p384_public pub;

	assert_ok(cf_p384_generate(id, &pub, &err));
	assert_ok(cf_p384_generate(other, &pub, &err));
	cf_id_block_encode(&block, bytes);
	assert_ok(
		cf_id_auth_sign(bytes, id, author ? other : NULL, auth, &err));
}

static void test_id_block_signature_covers_every_byte(void **state)
{
	uint8_t bytes[CF_ID_BLOCK_LEN];
	struct cf_id_auth auth;

	sign(true, bytes, &auth);
	assert_ok(cf_id_auth_verify(&auth, bytes, &err));
	for (size_t i = 0; i < sizeof(bytes); i += 5) {
		bytes[i] ^= 1;
		assert_status(COFFER_ERR_MISMATCH,
			cf_id_auth_verify(&auth, bytes, &err));
		assert_message("ID key");
		bytes[i] ^= 1;
	}
	auth.id_key_signature.s[40] ^= 1;
	assert_status(
		COFFER_ERR_MISMATCH, cf_id_auth_verify(&auth, bytes, &err));
	assert_message("author key");
}

static void test_id_auth_is_parsed_strictly(void **state)
{
	static const uint16_t reserved[] = { 0x008, 0x03F, 0x0D0, 0x23F, 0x2D4,
		0x643, 0x644, 0x67F, 0x710, 0x87F, 0xC83, 0xC84, 0xFFF };
	uint8_t bytes[CF_ID_BLOCK_LEN], packed[CF_ID_AUTH_LEN];
	struct cf_id_auth auth, back;

	sign(true, bytes, &auth);
	cf_id_auth_encode(&auth, packed);
	assert_ok(cf_id_auth_decode(packed, &back, &err));
	assert_memory_equal(&auth, &back, sizeof(auth));
	for (size_t i = 0; i < CF_ARRAY_LEN(reserved); i++) {
		packed[reserved[i]] = 1;
		assert_status(COFFER_ERR_FORMAT,
			cf_id_auth_decode(packed, &back, &err));
		packed[reserved[i]] = 0;
	}
	packed[0] = 2;
	assert_status(
		COFFER_ERR_FORMAT, cf_id_auth_decode(packed, &back, &err));
	packed[0] = 1;
	packed[4] = 0; /* an author key that the algorithm denies */
	assert_status(
		COFFER_ERR_FORMAT, cf_id_auth_decode(packed, &back, &err));
}

static void make_igvm(struct cf_buf *out, uint32_t policy_mask)
{
	struct cf_igvm_header snp = { .type = CF_IGVM_SUPPORTED_PLATFORM,
		.compatibility_mask = 1 };
	struct cf_igvm_header sev = snp;
	struct cf_igvm_header policy = { .type = CF_IGVM_GUEST_POLICY,
		.compatibility_mask = policy_mask };
	struct cf_igvm_writer *w;

	snp.u.platform.platform_type = CF_IGVM_SEV_SNP;
	snp.u.platform.platform_version = 1;
	sev.compatibility_mask = 2;
	sev.u.platform.platform_type = CF_IGVM_SEV;
	sev.u.platform.platform_version = 1;
	policy.u.policy.policy = 5;
	assert_ok(cf_igvm_writer_create(1, CF_IGVM_X64, &w, &err));
	assert_ok(cf_igvm_writer_add(w, &snp, &err));
	assert_ok(cf_igvm_writer_add(w, &sev, &err));
	assert_ok(cf_igvm_writer_add(w, &policy, &err));
	assert_ok(cf_igvm_writer_finish(w, out, &err));
	cf_igvm_writer_destroy(w);
}

static void test_id_block_goes_into_an_igvm_file_and_back(void **state)
{
	struct cf_buf plain = { 0 }, once = { 0 }, twice = { 0 };
	struct cf_id_auth auth, auth_back;
	struct cf_id_block back;
	struct cf_igvm_header h;
	struct cf_igvm *file;
	uint8_t bytes[CF_ID_BLOCK_LEN];

	make_igvm(&plain, 3);
	sign(false, bytes, &auth);
	assert_ok(cf_igvm_parse(plain.data, plain.len, &file, &err));
	assert_status(COFFER_ERR_STATE,
		cf_id_block_from_igvm(file, &back, &auth_back, &err));
	assert_ok(cf_id_block_into_igvm(file, &block, &auth, &once, &err));
	cf_igvm_destroy(file);
	assert_ok(cf_igvm_parse(once.data, once.len, &file, &err));
	assert_ok(cf_id_block_from_igvm(file, &back, &auth_back, &err));
	assert_memory_equal(&back, &block, sizeof(back));
	assert_memory_equal(&auth_back, &auth, sizeof(auth));
	/* The SEV platform keeps its own policy. */
	assert_int_equal(cf_igvm_count(file, CF_IGVM_INITIALIZATIONS), 2);
	cf_igvm_get(file, CF_IGVM_INITIALIZATIONS, 0, &h);
	assert_int_equal(h.u.policy.policy, 5);
	assert_int_equal(h.compatibility_mask, 2);
	/* Signing again replaces. */
	assert_ok(cf_id_block_into_igvm(file, &block, &auth, &twice, &err));
	assert_int_equal(twice.len, once.len);
	cf_igvm_destroy(file);
	cf_buf_finish(&plain);
	cf_buf_finish(&once);
	cf_buf_finish(&twice);
}

static void test_keys_survive_pem(void **state)
{
	struct cf_p384_public pub, back;
	struct cf_buf pem = { 0 };
	uint8_t secret[48], again[48];

	assert_ok(cf_p384_generate(secret, &pub, &err));
	assert_ok(cf_p384_secret_to_pem(secret, &pem, &err));
	assert_ok(
		cf_p384_secret_from_pem(pem.data, pem.len, again, &back, &err));
	assert_memory_equal(again, secret, sizeof(secret));
	assert_memory_equal(&back, &pub, sizeof(pub));
	assert_ok(cf_p384_public_from_pem(pem.data, pem.len, &back, &err));
	assert_memory_equal(&back, &pub, sizeof(pub));
	pem.len = 0;
	assert_ok(cf_p384_public_to_pem(&pub, &pem, &err));
	assert_ok(cf_p384_public_from_pem(pem.data, pem.len, &back, &err));
	assert_memory_equal(&back, &pub, sizeof(pub));
	assert_status(COFFER_ERR_FORMAT,
		cf_p384_secret_from_pem(pem.data, pem.len, again, &back, &err));
	assert_status(COFFER_ERR_FORMAT,
		cf_p384_public_from_pem("nonsense", 8, &back, &err));
	cf_buf_finish(&pem);
}

/* openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 */
static void test_keys_of_other_curves_are_refused(void **state)
{
	static const char p256[] =
		"-----BEGIN PUBLIC KEY-----\n"
		"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n"
		"6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n"
		"-----END PUBLIC KEY-----\n";
	struct cf_p384_public pub;

	assert_status(COFFER_ERR_UNSUPPORTED,
		cf_p384_public_from_pem(p256, sizeof(p256) - 1, &pub, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_id_block_signature_covers_every_byte),
		cmocka_unit_test(test_id_auth_is_parsed_strictly),
		cmocka_unit_test(test_id_block_goes_into_an_igvm_file_and_back),
		cmocka_unit_test(test_keys_survive_pem),
		cmocka_unit_test(test_keys_of_other_curves_are_refused),
	};

	return cmocka_run_group_tests_name("id_block", tests, NULL, NULL);
}
