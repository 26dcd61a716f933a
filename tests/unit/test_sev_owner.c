/* SPDX-License-Identifier: Apache-2.0 */
/* A SEV platform of the test's own making, owned and damaged.  Real chains
 * and published packets are in the vectors test. */
#include "test.h"

#include "owner/secret.h"
#include "owner/session.h"
#include "owner/sev_chain.h"

static struct coffer_error err;

struct platform {
	uint8_t oca[48], pek[48], pdh[48], cek[48];
	struct cf_p384_public oca_pub, pek_pub, pdh_pub, cek_pub;
	uint8_t cert[4][CF_SEV_CERT_LEN]; /* PDH, PEK, OCA, CEK */
};

static void make(enum cf_sev_usage usage, enum cf_sev_algo algo,
	const struct cf_p384_public *key, uint8_t out[CF_SEV_CERT_LEN])
{
	const struct cf_sev_cert_fields fields = { usage, algo, 1, 55, key };

	cf_sev_cert_make(&fields, out);
}

static void make_platform(struct platform *p)
{
	assert_ok(cf_p384_generate(p->oca, &p->oca_pub, &err));
	assert_ok(cf_p384_generate(p->pek, &p->pek_pub, &err));
	assert_ok(cf_p384_generate(p->pdh, &p->pdh_pub, &err));
	assert_ok(cf_p384_generate(p->cek, &p->cek_pub, &err));
	make(CF_SEV_USAGE_PDH, CF_SEV_ALGO_ECDH_SHA256, &p->pdh_pub,
		p->cert[0]);
	make(CF_SEV_USAGE_PEK, CF_SEV_ALGO_ECDSA_SHA256, &p->pek_pub,
		p->cert[1]);
	make(CF_SEV_USAGE_OCA, CF_SEV_ALGO_ECDSA_SHA256, &p->oca_pub,
		p->cert[2]);
	make(CF_SEV_USAGE_CEK, CF_SEV_ALGO_ECDSA_SHA256, &p->cek_pub,
		p->cert[3]);
	assert_ok(cf_sev_cert_sign(
		p->cert[0], 0, CF_SEV_USAGE_PEK, p->pek, &err));
	assert_ok(cf_sev_cert_sign(
		p->cert[1], 0, CF_SEV_USAGE_OCA, p->oca, &err));
	assert_ok(cf_sev_cert_sign(
		p->cert[1], 1, CF_SEV_USAGE_CEK, p->cek, &err));
	assert_ok(cf_sev_cert_sign(
		p->cert[2], 0, CF_SEV_USAGE_OCA, p->oca, &err));
}

static void verify_all(struct platform *p, struct cf_sev_chain_result *result)
{
	struct cf_sev_chain chain = { 0 };

	assert_ok(cf_sev_chain_add(&chain, p->cert[0], sizeof(p->cert), &err));
	cf_sev_chain_verify(&chain, false, result);
}

static void test_sev_chain_names_the_link_that_breaks(void **state)
{
	static const struct {
		size_t cert;
		enum cf_sev_link link;
	} damage[] = {
		{ 0, CF_SEV_LINK_PDH_PEK },
		{ 1, CF_SEV_LINK_PEK_OCA },
		{ 1, CF_SEV_LINK_PEK_CEK },
		{ 2, CF_SEV_LINK_OCA_SELF },
	};
	struct cf_sev_chain_result result;
	struct platform p;

	make_platform(&p);
	verify_all(&p, &result);
	for (size_t i = 0; i <= CF_SEV_LINK_OCA_SELF; i++)
		assert_int_equal(result.link[i].verdict, CF_PASSED);
	assert_int_equal(result.link[CF_SEV_LINK_CEK_ASK].verdict, CF_FAILED);
	assert_int_equal(result.link[CF_SEV_LINK_ROOT].verdict, CF_FAILED);
	assert_false(cf_sev_chain_ok(&result));
	for (size_t i = 0; i < CF_ARRAY_LEN(damage); i++) {
		p.cert[damage[i].cert][4] ^= 1; /* API_MAJOR */
		verify_all(&p, &result);
		assert_int_equal(
			result.link[damage[i].link].verdict, CF_FAILED);
		p.cert[damage[i].cert][4] ^= 1;
	}
}

static void test_sev_key_agreement_keys_sign_nothing(void **state)
{
	struct cf_sev_cert pdh, pek;
	struct platform p;

	make_platform(&p);
	assert_ok(
		cf_sev_cert_sign(p.cert[1], 0, CF_SEV_USAGE_PDH, p.pdh, &err));
	assert_ok(cf_sev_cert_parse(p.cert[0], CF_SEV_CERT_LEN, &pdh, &err));
	assert_ok(cf_sev_cert_parse(p.cert[1], CF_SEV_CERT_LEN, &pek, &err));
	assert_status(
		COFFER_ERR_MISMATCH, cf_sev_cert_verify(&pek, &pdh, &err));
}

static void test_sev_session_opens_on_its_platform_only(void **state)
{
	struct cf_sev_session session;
	struct cf_sev_cert pdh, owner;
	struct cf_sev_keys keys;
	struct platform p;
	uint8_t z[48];

	make_platform(&p);
	assert_ok(cf_sev_cert_parse(p.cert[0], CF_SEV_CERT_LEN, &pdh, &err));
	assert_ok(cf_sev_session_create(&pdh, 5, &session, &err));
	assert_ok(cf_sev_cert_parse(
		session.dh_cert, CF_SEV_CERT_LEN, &owner, &err));
	assert_int_equal(owner.usage, CF_SEV_USAGE_PDH);
	assert_ok(cf_p384_ecdh(p.pdh, &owner.key, z, &err));
	assert_ok(cf_sev_session_unwrap(z, session.blob, 5, &keys, &err));
	assert_memory_equal(&keys, &session.keys, sizeof(keys));
	assert_ok(cf_p384_ecdh(p.pek, &owner.key, z, &err));
	assert_status(COFFER_ERR_MISMATCH,
		cf_sev_session_unwrap(z, session.blob, 5, &keys, &err));
	cf_sev_session_wipe(&session);
	assert_true(cf_is_zero((uint8_t *)&session, sizeof(session)));
	assert_ok(cf_sev_cert_parse(p.cert[1], CF_SEV_CERT_LEN, &pdh, &err));
	assert_status(COFFER_ERR_ARGUMENT,
		cf_sev_session_create(&pdh, 5, &session, &err));
	assert_message("PEK");
}

static void test_sev_measurement_depends_on_every_input(void **state)
{
	const uint8_t tik[16] = { 1 };
	uint8_t digest[32] = { 2 }, measurement[48] = { 0 };
	struct cf_sev_measure m = { 1, 55, 2, 5, digest, measurement + 32 };

	measurement[40] = 9;
	assert_ok(cf_sev_launch_measure(tik, &m, measurement, &err));
	assert_ok(cf_sev_measurement_check(tik, &m, measurement, &err));
	for (size_t i = 0; i < sizeof(measurement); i++) {
		measurement[i] ^= 4;
		assert_status(COFFER_ERR_MISMATCH,
			cf_sev_measurement_check(tik, &m, measurement, &err));
		measurement[i] ^= 4;
	}
	m.policy = 1;
	assert_status(COFFER_ERR_MISMATCH,
		cf_sev_measurement_check(tik, &m, measurement, &err));
}

static void test_sev_secrets_have_limits(void **state)
{
	static const uint8_t big[CF_SECRET_MAX + 1];
	static const struct cf_sev_keys keys;
	struct cf_secret_entry entries[2] = { { { 1 }, big, 1 },
		{ { 2 }, big, CF_SECRET_MAX } };
	const struct cf_secret_params params = { &keys, big, NULL, 0 };
	uint8_t header[CF_SEV_PACKET_LEN];
	struct cf_buf out = { 0 };

	assert_status(
		COFFER_ERR_ARGUMENT, cf_secret_table(entries, 0, &out, &err));
	assert_status(COFFER_ERR_UNSUPPORTED,
		cf_secret_table(entries, 2, &out, &err));
	assert_ok(cf_secret_table(entries, 1, &out, &err));
	assert_int_equal(out.len, 48);
	assert_status(COFFER_ERR_ARGUMENT,
		cf_secret_packet(&params, big, 0, header, &out, &err));
	assert_status(COFFER_ERR_ARGUMENT,
		cf_secret_packet(&params, big, 17, header, &out, &err));
	assert_ok(cf_secret_packet(&params, big, 32, header, &out, &err));
	assert_int_equal(out.len, 80);
	cf_buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sev_chain_names_the_link_that_breaks),
		cmocka_unit_test(test_sev_key_agreement_keys_sign_nothing),
		cmocka_unit_test(test_sev_session_opens_on_its_platform_only),
		cmocka_unit_test(test_sev_measurement_depends_on_every_input),
		cmocka_unit_test(test_sev_secrets_have_limits),
	};

	return cmocka_run_group_tests_name("sev_owner", tests, NULL, NULL);
}
