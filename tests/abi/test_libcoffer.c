/* SPDX-License-Identifier: Apache-2.0 */
/* libcoffer from outside: its headers and the shared library alone. */
#include <coffer/coffer.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"

static struct coffer_error err;

static uint8_t *load(const char *name, size_t *len)
{
	const char *folder = getenv("COFFER_VECTORS");
	uint8_t *data = malloc(1 << 20);
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder ? folder : "", name);
	f = fopen(path, "rb");
	if (!f || !data) {
		free(data);
		skip();
	}
	*len = fread(data, 1, 1 << 20, f);
	fclose(f);
	return data;
}

static void assert_hex(const uint8_t *p, size_t n, const char *want)
{
	char text[129];

	for (size_t i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", p[i]);
	assert_string_equal(text, want);
}

static void test_version_is_told(void **state)
{
	assert_string_equal(coffer_version(), COFFER_VERSION);
	assert_string_equal(coffer_status_name(COFFER_ERR_FORMAT), "format");
}

/* Row igvm-idblock-004 of the vectors has the digest of this file. */
static void test_igvm_file_is_measured(void **state)
{
	struct coffer_digest digest;
	size_t len;
	uint8_t *file = load("igvm/tool_bz2_x86.igvm", &len);

	assert_int_equal(coffer_measure_igvm(file, len, COFFER_SEV_SNP, NULL,
				 &digest, &err),
		COFFER_OK);
	assert_hex(digest.bytes, digest.len,
		"a3e144490d2a1c39997e8ac2344d02fe85bdc424617ae766"
		"296ae920d08f9ff6e0a1381d2f2984e8cd73a942747aed18");
	assert_int_equal(coffer_measure_igvm(file, len / 2, COFFER_SEV_SNP,
				 NULL, &digest, &err),
		COFFER_ERR_TRUNCATED);
	assert_int_equal(coffer_measure_igvm(file, len, COFFER_SEV_SNP, "other",
				 &digest, &err),
		COFFER_ERR_ARGUMENT);
	assert_int_not_equal(
		coffer_measure_igvm(file, len, COFFER_TDX, NULL, &digest, &err),
		COFFER_OK);
	free(file);
}

/* Row measure-sev-001 of the vectors. */
static void test_firmware_with_a_kernel_is_measured(void **state)
{
	struct coffer_firmware guest = {
		.platform = COFFER_SEV,
		.kernel = (const uint8_t *)"",
		.append = "console=ttyS0 loglevel=7",
	};
	struct coffer_digest digest;
	uint8_t *image =
		load("measure/ovmf_AmdSev_suffix.bin", &guest.image_len);

	guest.image = image;
	assert_int_equal(
		coffer_measure_firmware(&guest, &digest, &err), COFFER_OK);
	assert_hex(digest.bytes, digest.len,
		"82a3ee5d537c3620628270c292ae30cb"
		"40c3c878666a7890ee7ef2a08fb535ff");
	guest.vmm = "nobody";
	assert_int_equal(coffer_measure_firmware(&guest, &digest, &err),
		COFFER_ERR_ARGUMENT);
	free(image);
}

/* Row measure-sev-001 again: its digest, and a belief that lacks the kernel's
 * command line. */
static void test_wrong_command_line_is_explained(void **state)
{
	static const uint8_t digest[32] = { 0x82, 0xa3, 0xee, 0x5d, 0x53, 0x7c,
		0x36, 0x20, 0x62, 0x82, 0x70, 0xc2, 0x92, 0xae, 0x30, 0xcb,
		0x40, 0xc3, 0xc8, 0x78, 0x66, 0x6a, 0x78, 0x90, 0xee, 0x7e,
		0xf2, 0xa0, 0x8f, 0xb5, 0x35, 0xff };
	struct coffer_firmware guest = {
		.platform = COFFER_SEV,
		.kernel = (const uint8_t *)"",
		.append = "console=ttyS0 loglevel=7\n",
	};
	const char *assumption, *believed, *actual;
	struct coffer_explanation *e;
	uint8_t *image =
		load("measure/ovmf_AmdSev_suffix.bin", &guest.image_len);

	guest.image = image;
	assert_int_equal(
		coffer_explain_firmware(&guest, digest, 32, 0, &e, &err),
		COFFER_OK);
	assert_true(coffer_explanation_matches(e) > 0);
	assert_true(coffer_explanation_candidates(e) > 1);
	assert_true(strlen(coffer_explanation_tried(e)) > 0);
	assert_true(coffer_explanation_change(
		e, 0, 0, &assumption, &believed, &actual));
	assert_non_null(strstr(assumption, "command line"));
	assert_false(coffer_explanation_change(
		e, 0, 99, &assumption, &believed, &actual));
	coffer_explanation_destroy(e);
	assert_int_equal(
		coffer_explain_firmware(&guest, digest, 31, 0, &e, &err),
		COFFER_ERR_ARGUMENT);
	free(image);
}

static void add(struct coffer_certs *certs, const char *name)
{
	size_t len;
	uint8_t *data = load(name, &len);

	assert_int_equal(coffer_certs_add(certs, data, len, &err), COFFER_OK);
	free(data);
}

static void test_report_is_verified_by_a_chain_that_outlives_its_set(
	void **state)
{
	const struct coffer_trust trust = { .now = 1735689600 };
	struct coffer_expectation expected = { 0 };
	struct coffer_verification v;
	struct coffer_certs *certs;
	struct coffer_chain *chain;
	size_t len;
	uint8_t *report = load("reports/milan_virtee.bin", &len);

	assert_int_equal(coffer_certs_create(&certs, &err), COFFER_OK);
	add(certs, "reports/milan_virtee_vek.der");
	add(certs, "roots/milan_ask.pem");
	add(certs, "roots/milan_ark.pem");
	assert_int_equal(
		coffer_chain_create(certs, report, len, &trust, &chain, &err),
		COFFER_OK);
	coffer_certs_destroy(certs);
	expected.measurement = report + 0x90;
	assert_int_equal(
		coffer_verify_report(chain, report, len, &expected, &v, &err),
		COFFER_OK);
	assert_true(v.verified);
	assert_false(v.simulated);
	assert_true(v.nchecks > 10);
	expected.measurement = report;
	assert_int_equal(
		coffer_verify_report(chain, report, len, &expected, &v, &err),
		COFFER_OK);
	assert_false(v.verified);
	report[0x90] ^= 1;
	expected.measurement = NULL;
	assert_int_equal(
		coffer_verify_report(chain, report, len, &expected, &v, &err),
		COFFER_OK);
	assert_false(v.verified);
	expected.policy = "no=such,word";
	assert_int_equal(
		coffer_verify_report(chain, report, len, &expected, &v, &err),
		COFFER_ERR_ARGUMENT);
	coffer_chain_destroy(chain);
	free(report);
}

static void test_session_is_made_for_a_real_platform_only(void **state)
{
	static const char *const names[] = { "pdh", "pek", "oca", "cek", "ask",
		"ark" };
	struct coffer_session session;
	uint8_t all[16384];
	size_t n = 0;

	for (size_t i = 0; i < 6; i++) {
		char name[64];
		size_t len;
		uint8_t *data;

		snprintf(name, sizeof(name), "sevcerts/naples_%s.cert",
			names[i]);
		data = load(name, &len);
		memcpy(all + n, data, len);
		n += len;
		free(data);
	}
	assert_int_equal(
		coffer_session_create(all, n, 5, false, &session, &err),
		COFFER_OK);
	coffer_session_wipe(&session);
	all[5] ^= 1; /* in the PDH */
	assert_int_equal(
		coffer_session_create(all, n, 5, false, &session, &err),
		COFFER_ERR_MISMATCH);
	assert_non_null(strstr(err.msg, "PDH by PEK"));
}

static void test_secrets_refuse_what_is_no_guid(void **state)
{
	const uint8_t key[16] = { 0 }, measurement[48] = { 0 };
	struct coffer_secret secret = { "not-a-guid", key, 1 };
	uint8_t header[52], *payload;
	size_t len;

	assert_int_equal(coffer_secret_packet(key, key, measurement, &secret, 1,
				 header, &payload, &len, &err),
		COFFER_ERR_ARGUMENT);
	secret.guid = "736869e5-84f0-4973-92ec-06879ce3da0b";
	assert_int_equal(coffer_secret_packet(key, key, measurement, &secret, 1,
				 header, &payload, &len, &err),
		COFFER_OK);
	assert_int_equal(len, 48);
	free(payload);
}

static void test_id_block_is_signed_and_embedded(void **state)
{
	struct coffer_id_block id = { .policy = 0x30000 };
	uint8_t block[96], auth[4096], *out;
	size_t len, out_len;
	uint8_t *file = load("igvm/tool_bz2_x86.igvm", &len);
	uint8_t *pem = load("idblock/id_key_test.pem", &out_len);

	pem[out_len] = '\0';
	assert_int_equal(
		coffer_id_block_sign(&id, (char *)pem, NULL, block, auth, &err),
		COFFER_OK);
	assert_int_equal(coffer_id_block_into_igvm(
				 file, len, block, auth, &out, &out_len, &err),
		COFFER_OK);
	free(out);
	block[0] ^= 1;
	assert_int_equal(coffer_id_block_into_igvm(
				 file, len, block, auth, &out, &out_len, &err),
		COFFER_ERR_MISMATCH);
	free(pem);
	free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_is_told),
		cmocka_unit_test(test_igvm_file_is_measured),
		cmocka_unit_test(test_firmware_with_a_kernel_is_measured),
		cmocka_unit_test(test_wrong_command_line_is_explained),
		cmocka_unit_test(
			test_report_is_verified_by_a_chain_that_outlives_its_set),
		cmocka_unit_test(test_session_is_made_for_a_real_platform_only),
		cmocka_unit_test(test_secrets_refuse_what_is_no_guid),
		cmocka_unit_test(test_id_block_is_signed_and_embedded),
	};

	return cmocka_run_group_tests_name("libcoffer", tests, NULL, NULL);
}
