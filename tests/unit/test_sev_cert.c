/* SPDX-License-Identifier: Apache-2.0 */
/* Binary certificates: a real platform's chain and certificates made here. */
#include "test.h"

#include "crypto/sev_cert.h"

static struct coffer_error err;

static uint8_t *load(const char *name, size_t *len)
{
	const char *vectors = getenv("COFFER_VECTORS");
	char path[4096];
	uint8_t *data = NULL;

	snprintf(path, sizeof(path), "%s/sevcerts/%s", vectors ? vectors : "",
		name);
	if (!vectors || cf_read_file(path, 4096, &data, len, &err)) {
		print_message("SKIP: no test vectors at %s\n", path);
		skip();
	}
	return data;
}

static struct cf_sev_cert load_cert(const char *name)
{
	struct cf_sev_cert c;
	size_t len;
	uint8_t *data = load(name, &len);

	assert_ok(cf_sev_cert_parse(data, len, &c, &err));
	return c;
}

static void unload(struct cf_sev_cert *c)
{
	free((void *)(uintptr_t)c->bytes);
}

static void test_real_chain_verifies_and_no_other_does(void **state)
{
	struct cf_sev_cert cek = load_cert("naples_cek.cert");
	struct cf_sev_cert oca = load_cert("naples_oca.cert");
	struct cf_sev_cert pek = load_cert("naples_pek.cert");
	struct cf_sev_cert pdh = load_cert("naples_pdh.cert");
	struct cf_amd_cert ark, ask, rome;
	size_t n;
	uint8_t *ark_bytes = load("naples_ark.cert", &n);
	uint8_t *ask_bytes, *rome_bytes;

	assert_ok(cf_amd_cert_parse(ark_bytes, n, &ark, &err));
	ask_bytes = load("naples_ask.cert", &n);
	assert_ok(cf_amd_cert_parse(ask_bytes, n, &ask, &err));
	rome_bytes = load("rome_ask.cert", &n);
	assert_ok(cf_amd_cert_parse(rome_bytes, n, &rome, &err));
	assert_ok(cf_amd_cert_verify(&ark, &ark, &err));
	assert_ok(cf_amd_cert_verify(&ask, &ark, &err));
	assert_ok(cf_sev_cert_verify_ask(&cek, &ask, &err));
	assert_ok(cf_sev_cert_verify(&pek, &cek, &err));
	assert_ok(cf_sev_cert_verify(&pek, &oca, &err));
	assert_ok(cf_sev_cert_verify(&oca, &oca, &err));
	assert_ok(cf_sev_cert_verify(&pdh, &pek, &err));

	assert_status(
		COFFER_ERR_MISMATCH, cf_amd_cert_verify(&ask, &ask, &err));
	assert_status(
		COFFER_ERR_MISMATCH, cf_sev_cert_verify(&pek, &pdh, &err));
	assert_status(
		COFFER_ERR_MISMATCH, cf_sev_cert_verify_ask(&cek, &rome, &err));
	/* Any changed byte of what is signed. */
	for (size_t i = 0; i < CF_SEV_CERT_BODY; i += 7) {
		uint8_t copy[CF_SEV_CERT_LEN];
		struct cf_sev_cert c;

		memcpy(copy, pdh.bytes, sizeof(copy));
		copy[i] ^= 1;
		if (cf_sev_cert_parse(copy, sizeof(copy), &c, &err) == 0)
			assert_status(COFFER_ERR_MISMATCH,
				cf_sev_cert_verify(&c, &pek, &err));
	}
	unload(&cek);
	unload(&oca);
	unload(&pek);
	unload(&pdh);
	free(ark_bytes);
	free(ask_bytes);
	free(rome_bytes);
}

static void test_amd_certificates_are_refused_at_every_shorter_length(
	void **state)
{
	struct cf_amd_cert a;
	size_t n;
	uint8_t *bytes = load("milan_ark.cert", &n);

	assert_ok(cf_amd_cert_parse(bytes, n, &a, &err));
	assert_int_equal(a.len, n);
	assert_ok(cf_amd_cert_verify(&a, &a, &err));
	for (size_t i = 0; i < n; i++)
		assert_status(COFFER_ERR_TRUNCATED,
			cf_amd_cert_parse(bytes, i, &a, &err));
	free(bytes);
}

static void test_made_certificates_parse_and_verify(void **state)
{
	uint8_t secret[48], other[48], cert[CF_SEV_CERT_LEN];
	struct cf_p384_public pub;
	struct cf_sev_cert c;
	struct cf_sev_cert_fields f = { .usage = CF_SEV_USAGE_OCA,
		.algo = CF_SEV_ALGO_ECDSA_SHA256,
		.api_minor = 24,
		.key = &pub };

	assert_ok(cf_p384_generate(other, &pub, &err));
	assert_ok(cf_p384_generate(secret, &pub, &err));
	cf_sev_cert_make(&f, cert);
	assert_ok(cf_sev_cert_parse(cert, sizeof(cert), &c, &err));
	assert_int_equal(c.usage, CF_SEV_USAGE_OCA);
	assert_int_equal(c.sig_usage[0], CF_SEV_USAGE_NONE);
	assert_status(COFFER_ERR_MISMATCH, cf_sev_cert_verify(&c, &c, &err));
	for (unsigned slot = 0; slot < 2; slot++) {
		cf_sev_cert_make(&f, cert);
		assert_ok(cf_sev_cert_sign(
			cert, slot, CF_SEV_USAGE_OCA, secret, &err));
		assert_ok(cf_sev_cert_parse(cert, sizeof(cert), &c, &err));
		assert_ok(cf_sev_cert_verify(&c, &c, &err));
	}
	assert_ok(cf_sev_cert_sign(cert, 1, CF_SEV_USAGE_OCA, other, &err));
	assert_ok(cf_sev_cert_parse(cert, sizeof(cert), &c, &err));
	assert_status(COFFER_ERR_MISMATCH, cf_sev_cert_verify(&c, &c, &err));
	/* A point off the curve. */
	cert[0x14] ^= 1;
	assert_ok(cf_sev_cert_parse(cert, sizeof(cert), &c, &err));
	assert_status(COFFER_ERR_MISMATCH, cf_sev_cert_verify(&c, &c, &err));
}

static void test_malformed_certificates_are_refused_by_field(void **state)
{
	static const struct {
		size_t at;
		const char *message;
	} mangles[] = {
		{ 0, "version 0" },
		{ 9, "key usage" },
		{ 0xD, "key algorithm" },
		{ 0x10, "not on P-384" },
		{ 0x5B, "not on P-384" },
	};
	uint8_t secret[48], cert[CF_SEV_CERT_LEN], copy[CF_SEV_CERT_LEN];
	struct cf_p384_public pub;
	struct cf_sev_cert c;
	const struct cf_sev_cert_fields f = { .usage = CF_SEV_USAGE_PDH,
		.algo = CF_SEV_ALGO_ECDH_SHA256,
		.key = &pub };

	assert_ok(cf_p384_generate(secret, &pub, &err));
	cf_sev_cert_make(&f, cert);
	for (size_t i = 0; i < CF_ARRAY_LEN(mangles); i++) {
		memcpy(copy, cert, sizeof(copy));
		copy[mangles[i].at] ^= mangles[i].at ? 0x80 : 1;
		assert_status(COFFER_ERR_FORMAT,
			cf_sev_cert_parse(copy, sizeof(copy), &c, &err));
		assert_message(mangles[i].message);
	}
	assert_status(COFFER_ERR_TRUNCATED,
		cf_sev_cert_parse(cert, sizeof(cert) - 1, &c, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_chain_verifies_and_no_other_does),
		cmocka_unit_test(
			test_amd_certificates_are_refused_at_every_shorter_length),
		cmocka_unit_test(test_made_certificates_parse_and_verify),
		cmocka_unit_test(
			test_malformed_certificates_are_refused_by_field),
	};

	return cmocka_run_group_tests_name("sev_cert", tests, NULL, NULL);
}
