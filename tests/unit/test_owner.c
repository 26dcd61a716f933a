/* SPDX-License-Identifier: Apache-2.0 */
/* Reports and AMD chains of real machines, from the shared vectors; each test
 * skips where they are absent. */
#include "test.h"

#include "owner/verify.h"

/* Within the validity of every certificate used here. */
#define NOW ((int64_t)1735689600) /* 2025-01-01 */

/* Samples of the bits, or with TEST_EVERY_BIT (the slow suite) all. */
#ifdef TEST_EVERY_BIT
#define STRIDE(n) ((size_t)1)
#else
#define STRIDE(n) ((size_t)(n))
#endif

static struct coffer_error err;

struct evidence {
	struct cf_cert_set set;
	struct cf_report report;
	struct cf_chain chain;
	struct cf_verify_result result;
};

static uint8_t *load(const char *name, size_t *len)
{
	const char *folder = getenv("COFFER_VECTORS");
	char path[512];
	uint8_t *data = NULL;

	snprintf(path, sizeof(path), "%s/%s", folder ? folder : "", name);
	if (cf_read_file(path, 1 << 20, &data, len, &err))
		return NULL;
	return data;
}

static bool add(struct evidence *e, const char *name)
{
	size_t len;
	uint8_t *data = load(name, &len);

	if (!data)
		return false;
	assert_ok(cf_cert_set_add(&e->set, data, len, &err));
	free(data);
	return true;
}

static const struct cf_chain_options at_now = { .now = NOW };
static const struct cf_report_rules debug_off = {
	.policy = { .mask = CF_SNP_POLICY_DEBUG },
};

static void check(struct evidence *e, const struct cf_chain_options *o,
	const struct cf_report_rules *rules)
{
	cf_chain_find(&e->set, &e->report, o->root, &e->chain);
	cf_verify_chain(&e->chain, o, &e->result);
	cf_verify_report(&e->report, &e->chain, rules, &e->result);
}

/* Report and certificates; skips the test without them. */
static void open_evidence(
	struct evidence *e, const char *report, const char *const *certs)
{
	uint8_t raw[CF_REPORT_LEN];
	size_t len;
	uint8_t *data = load(report, &len);

	memset(e, 0, sizeof(*e));
	if (!data)
		skip();
	assert_ok(cf_report_locate(data, len, raw, &err));
	assert_ok(cf_report_parse(raw, sizeof(raw), &e->report, &err));
	free(data);
	for (; *certs; certs++)
		if (!add(e, *certs))
			skip();
	check(e, &at_now, &debug_off);
}

static const char *const virtee[] = { "reports/milan_virtee_vek.der",
	"roots/milan_ask.pem", "roots/milan_ark.pem", NULL };

static void assert_failed(
	const struct evidence *e, enum cf_check c, const char *text)
{
	assert_false(cf_verify_ok(&e->result));
	if (e->result.check[c].verdict != CF_FAILED ||
		!strstr(e->result.check[c].reason, text))
		fail_msg("%s is %s (%s), want failed (%s)", cf_check_name(c),
			cf_verdict_name(e->result.check[c].verdict),
			e->result.check[c].reason, text);
}

static void test_owner_verifies_a_milan_report(void **state)
{
	struct evidence e;

	open_evidence(&e, "reports/milan_virtee.bin", virtee);
	for (size_t i = 0; i < CF_CHECK_COUNT; i++)
		if (e.result.check[i].verdict == CF_FAILED)
			fail_msg("%s: %s", cf_check_name((enum cf_check)i),
				e.result.check[i].reason);
	assert_true(cf_verify_ok(&e.result));
	assert_int_equal(e.result.check[CF_CHECK_CHIP_ID].verdict, CF_PASSED);
	assert_int_equal(
		e.result.check[CF_CHECK_REVOCATION].verdict, CF_NOT_ASKED);
	assert_false(e.result.simulated);
	cf_cert_set_finish(&e.set);
}

static void test_owner_verifies_a_vlek_report_of_version_3(void **state)
{
	static const char *const certs[] = {
		"reports/milan_coco_vlek_v3_vek.der",
		"roots/ask_ark_milan_vlek.pem", NULL
	};
	struct evidence e;

	open_evidence(&e, "reports/milan_coco_vlek_v3.bin", certs);
	assert_true(cf_verify_ok(&e.result));
	assert_true(e.chain.info.vlek);
	assert_int_equal(
		e.result.check[CF_CHECK_CHIP_ID].verdict, CF_NOT_ASKED);
	cf_cert_set_finish(&e.set);
}

/* Every bit that the signature covers, and the signature's own. */
static void test_owner_refuses_a_report_with_any_flipped_bit(void **state)
{
	struct evidence e;
	uint8_t raw[CF_REPORT_LEN];

	open_evidence(&e, "reports/milan_virtee.bin", virtee);
	memcpy(raw, e.report.raw, sizeof(raw));
	for (size_t bit = STRIDE(4) - 1; bit < sizeof(raw) * 8;
		bit += STRIDE(29)) {
		raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (!cf_report_parse(raw, sizeof(raw), &e.report, &err)) {
			cf_verify_report(
				&e.report, &e.chain, &debug_off, &e.result);
			assert_failed(&e, CF_CHECK_SIGNATURE, "");
		}
		raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cf_cert_set_finish(&e.set);
}

static void test_owner_refuses_a_certificate_with_any_flipped_bit(void **state)
{
	struct evidence e;
	size_t len;
	uint8_t *der = load(virtee[0], &len);

	if (!der)
		skip();
	open_evidence(&e, "reports/milan_virtee.bin", virtee + 1);
	assert_failed(&e, CF_CHECK_SIGNATURE, "no VCEK");
	assert_failed(&e, CF_CHECK_CHAIN, "no VCEK");
	for (size_t bit = STRIDE(2) - 1; bit < len * 8; bit += STRIDE(97)) {
		struct cf_cert_set both = e.set;
		struct cf_x509 *cert, *all[3];

		der[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (!cf_x509_parse(der, len, &cert, &err)) {
			memcpy(all, e.set.cert, 2 * sizeof(all[0]));
			all[2] = cert;
			both.cert = all;
			both.ncerts = 3;
			cf_chain_find(&both, &e.report, NULL, &e.chain);
			cf_verify_chain(&e.chain, &at_now, &e.result);
			cf_verify_report(
				&e.report, &e.chain, &debug_off, &e.result);
			assert_failed(&e, CF_CHECK_CHAIN, "");
			cf_x509_destroy(cert);
		}
		der[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(der);
	cf_cert_set_finish(&e.set);
}

static void test_owner_refuses_expired_and_future_certificates(void **state)
{
	const struct cf_chain_options late = { .now = NOW + 10 * 31536000LL };
	const struct cf_chain_options early = { .now = 1600000000 };
	struct evidence e;

	open_evidence(&e, "reports/milan_virtee.bin", virtee);
	check(&e, &late, &debug_off);
	assert_failed(&e, CF_CHECK_VALIDITY, "expired at 2030-04-03");
	check(&e, &early, &debug_off);
	assert_failed(&e, CF_CHECK_VALIDITY, "not valid before");
	cf_cert_set_finish(&e.set);
}

static void test_owner_refuses_the_root_of_another_line(void **state)
{
	static const char *const genoa[] = { "reports/milan_virtee_vek.der",
		"roots/genoa_ask.pem", "roots/genoa_ark.pem", NULL };
	struct evidence e;
	struct cf_chain_options o = at_now;
	struct cf_cert_set other = { 0 };
	uint8_t *data;
	size_t len;

	open_evidence(&e, "reports/milan_virtee.bin", genoa);
	assert_failed(&e, CF_CHECK_CHAIN, "");
	assert_failed(&e, CF_CHECK_ROOT, "no ARK");
	cf_cert_set_finish(&e.set);
	open_evidence(&e, "reports/milan_virtee.bin", virtee);
	data = load("roots/genoa_ark.pem", &len);
	assert_non_null(data);
	assert_ok(cf_cert_set_add(&other, data, len, &err));
	free(data);
	o.root = other.cert[0];
	check(&e, &o, &debug_off);
	assert_failed(&e, CF_CHECK_CHAIN, "issuer");
	assert_failed(&e, CF_CHECK_PRODUCT, "under the root of Genoa");
	/* Asking for a simulated root does not make AMD's one. */
	o.simulated = true;
	check(&e, &o, &debug_off);
	assert_failed(&e, CF_CHECK_CHAIN, "issuer");
	cf_cert_set_finish(&other);
	cf_cert_set_finish(&e.set);
}

static void test_owner_refuses_a_root_that_is_not_amds(void **state)
{
	static const char *const certs[] = { "certs/vcek_invalid_legacy.der",
		"roots/milan_ask.pem", "roots/milan_ark.pem", NULL };
	struct evidence e;

	open_evidence(&e, "reports/milan_virtee.bin", certs);
	assert_failed(&e, CF_CHECK_CHAIN, "signature");
	assert_failed(&e, CF_CHECK_SIGNATURE, "signature");
	assert_failed(&e, CF_CHECK_TCB, "certificate for");
	assert_failed(&e, CF_CHECK_CHIP_ID, "another chip");
	cf_cert_set_finish(&e.set);
}

static void test_owner_compares_every_field_that_it_is_asked_to(void **state)
{
	struct cf_report_rules rules = debug_off;
	uint8_t other[64] = { 0xee };
	struct evidence e;

	open_evidence(&e, "reports/milan_virtee.bin", virtee);
	rules.measurement = e.report.measurement;
	rules.report_data = e.report.report_data;
	rules.host_data = e.report.host_data;
	rules.chip_id = e.report.chip_id;
	rules.family_id = e.report.family_id;
	rules.image_id = e.report.image_id;
	rules.id_key_digest = e.report.id_key_digest;
	rules.author_key_digest = e.report.author_key_digest;
	rules.has_vmpl = rules.has_min_tcb = rules.has_min_svn = true;
	rules.min_tcb = e.chain.info.tcb;
	rules.has_firmware = rules.has_platform = true;
	rules.firmware = e.report.committed;
	assert_ok(cf_policy_rule_parse(
		CF_POLICY_PLATFORM, "smt,ecc=off", &rules.platform, &err));
	check(&e, &at_now, &rules);
	assert_true(cf_verify_ok(&e.result));
	for (size_t i = 0; i < CF_CHECK_COUNT; i++)
		if (i != CF_CHECK_REVOCATION)
			assert_int_equal(e.result.check[i].verdict, CF_PASSED);
	rules.measurement = rules.report_data = rules.host_data = other;
	rules.chip_id = rules.family_id = rules.image_id = other;
	rules.id_key_digest = rules.author_key_digest = other;
	rules.vmpl = 1;
	rules.min_svn = 1;
	rules.min_tcb.microcode++;
	rules.firmware.build++;
	assert_ok(cf_policy_rule_parse(
		CF_POLICY_PLATFORM, "smt=off", &rules.platform, &err));
	check(&e, &at_now, &rules);
	for (size_t i = CF_CHECK_CHIP_ID; i < CF_CHECK_COUNT; i++)
		if (i != CF_CHECK_POLICY)
			assert_failed(&e, (enum cf_check)i, "");
	cf_cert_set_finish(&e.set);
}

static void test_owner_refuses_a_debuggable_guest(void **state)
{
	static const char *const certs[] = { "reports/milan_coco_vcek_vek.der",
		"roots/milan_ask.pem", "roots/milan_ark.pem", NULL };
	struct cf_report_rules rules = debug_off;
	struct evidence e;

	open_evidence(&e, "reports/milan_coco_vcek.bin", certs);
	assert_true(cf_verify_ok(&e.result));
	e.report.policy |= CF_SNP_POLICY_DEBUG;
	cf_verify_report(&e.report, &e.chain, &rules, &e.result);
	assert_failed(&e, CF_CHECK_POLICY, "debug is on");
	e.report.policy = 0x1001f;
	cf_verify_report(&e.report, &e.chain, &rules, &e.result);
	assert_failed(&e, CF_CHECK_POLICY, "reserved");
	e.report.policy = 0x3001f;
	assert_ok(cf_policy_rule_parse(
		CF_POLICY_SNP, "abi=0.32", &rules.policy, &err));
	cf_verify_report(&e.report, &e.chain, &rules, &e.result);
	assert_failed(&e, CF_CHECK_POLICY, "want 0.32");
	cf_cert_set_finish(&e.set);
}

static void test_owner_parses_reports_strictly(void **state)
{
	static const struct {
		uint16_t at;
		uint8_t value;
		const char *message;
	} bad[] = {
		{ 0x000, 1, "version 1" },
		{ 0x000, 6, "version 6" },
		{ 0x048, 0x20, "0x048" },
		{ 0x04C, 1, "0x04c" },
		{ 0x188, 0x19, "0x188" },
		{ 0x19F, 1, "0x18b" },
		{ 0x1EB, 1, "0x1eb" },
		{ 0x200, 1, "0x1f8" },
		{ 0x29F, 1, "0x208" },
		{ 0x2A0 + 71, 1, "0x2a0" },
		{ 0x49F, 1, "0x330" },
	};
	uint8_t raw[CF_REPORT_LEN] = { 2 };
	struct cf_report r;

	assert_ok(cf_report_parse(raw, sizeof(raw), &r, &err));
	for (size_t n = 0; n < sizeof(raw); n++)
		assert_status(COFFER_ERR_TRUNCATED,
			cf_report_parse(raw, n, &r, &err));
	for (size_t i = 0; i < CF_ARRAY_LEN(bad); i++) {
		uint8_t was = raw[bad[i].at];

		raw[bad[i].at] = bad[i].value;
		assert_int_not_equal(
			cf_report_parse(raw, sizeof(raw), &r, &err), 0);
		assert_message(bad[i].message);
		raw[bad[i].at] = was;
	}
	raw[0] = 5;
	raw[0x188] = 0x1a;
	raw[0x189] = 0x02;
	raw[0x200] = 7;
	assert_ok(cf_report_parse(raw, sizeof(raw), &r, &err));
	assert_int_equal(r.current_mit, 7);
	assert_int_equal(cf_report_product(&r), CF_PRODUCT_TURIN);
}

static void test_owner_finds_reports_in_what_wraps_them(void **state)
{
	uint8_t wrapped[0x20 + CF_REPORT_LEN] = { 0 }, out[CF_REPORT_LEN];
	char hex[2 * CF_REPORT_LEN + 2];

	wrapped[0x20] = 2;
	wrapped[0x20 + 0x90] = 0xab;
	cf_store_le32(wrapped + 4, CF_REPORT_LEN);
	assert_ok(cf_report_locate(wrapped, sizeof(wrapped), out, &err));
	assert_int_equal(out[0x90], 0xab);
	memcpy(wrapped, "HCLA", 4);
	assert_ok(cf_report_locate(wrapped, sizeof(wrapped), out, &err));
	cf_hex(hex, wrapped + 0x20, CF_REPORT_LEN);
	strcat(hex, "\n");
	memset(out, 0, sizeof(out));
	assert_ok(
		cf_report_locate((const uint8_t *)hex, strlen(hex), out, &err));
	assert_int_equal(out[0x90], 0xab);
	assert_status(COFFER_ERR_FORMAT,
		cf_report_locate(wrapped, sizeof(wrapped) - 1, out, &err));
	assert_status(COFFER_ERR_FORMAT, cf_report_locate(NULL, 0, out, &err));
	assert_status(COFFER_ERR_FORMAT,
		cf_report_locate((const uint8_t *)"abc", 3, out, &err));
}

static void test_owner_orders_tcbs_by_component(void **state)
{
	const uint8_t raw[8] = { 3, 0, 0, 0, 0, 0, 8, 115 };
	const uint8_t turin[8] = { 1, 2, 3, 4, 0, 0, 0, 80 };
	struct cf_tcb a = cf_tcb_decode(CF_PRODUCT_MILAN, raw), b = a;
	uint8_t back[8];
	char text[96];

	assert_true(cf_tcb_equal(&a, &b));
	b.snp = 9;
	b.boot_loader = 2;
	assert_false(cf_tcb_at_least(&a, &b));
	assert_false(cf_tcb_at_least(&b, &a));
	a = cf_tcb_decode(CF_PRODUCT_TURIN, turin);
	cf_tcb_text(CF_PRODUCT_TURIN, &a, text, sizeof(text));
	assert_string_equal(
		text, "FMC 1, boot loader 2, TEE 3, SNP 4, microcode 80");
	cf_tcb_encode(CF_PRODUCT_TURIN, &a, back);
	assert_memory_equal(back, turin, sizeof(back));
}

static void assert_policy(enum cf_policy_kind kind, const char *words,
	uint64_t value, const char *back)
{
	struct cf_policy_rule rule;
	struct cf_buf text = { 0 };

	assert_ok(cf_policy_rule_parse(kind, words, &rule, &err));
	assert_int_equal(cf_policy_from_rule(kind, &rule), value);
	cf_policy_text(kind, value, &text);
	assert_string_equal(cf_buf_text(&text), back);
	cf_buf_finish(&text);
	assert_ok(cf_policy_check(kind, value, &rule, &err));
}

static void test_owner_reads_policies_as_words_and_numbers(void **state)
{
	struct cf_policy_rule rule;

	assert_policy(CF_POLICY_SNP, "smt,debug=off,abi=1.55", 0x30137,
		"abi=1.55,smt,debug=off");
	assert_policy(
		CF_POLICY_SNP, "0x30000", 0x30000, "abi=0.0,smt,debug=off");
	assert_policy(CF_POLICY_SNP, "debug,single-socket", 0x1a0000,
		"abi=0.0,debug,single-socket");
	assert_policy(CF_POLICY_SEV, "nodbg,es,api=1.40", 0x28010005,
		"api=1.40,nodbg,es");
	assert_policy(CF_POLICY_PLATFORM, "ecc,smt", 5, "smt,ecc");
	assert_status(COFFER_ERR_ARGUMENT,
		cf_policy_rule_parse(
			CF_POLICY_PLATFORM, "abi=1.55", &rule, &err));
	assert_status(COFFER_ERR_ARGUMENT,
		cf_policy_rule_parse(CF_POLICY_SNP, "smt,noks", &rule, &err));
	assert_message("noks");
	assert_status(COFFER_ERR_ARGUMENT,
		cf_policy_rule_parse(CF_POLICY_SNP, "smt=1", &rule, &err));
	assert_status(COFFER_ERR_ARGUMENT,
		cf_policy_rule_parse(CF_POLICY_SNP, "abi=1", &rule, &err));
	assert_status(COFFER_ERR_ARGUMENT,
		cf_policy_rule_parse(CF_POLICY_SNP, "", &rule, &err));
}

static void test_owner_reads_certificate_tables(void **state)
{
	static const uint8_t vcek[16] = { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64,
		0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd };
	struct cf_cert_set set = { 0 };
	uint8_t table[4096] = { 0 };
	size_t len;
	uint8_t *der = load(virtee[0], &len);

	if (!der)
		skip();
	memcpy(table, vcek, 16);
	cf_store_le32(table + 16, 64);
	cf_store_le32(table + 20, (uint32_t)len);
	memcpy(table + 64, der, len);
	assert_ok(cf_cert_set_add(&set, table, sizeof(table), &err));
	assert_int_equal(set.ncerts, 1);
	assert_int_equal(cf_cert_role(set.cert[0]), CF_CERT_VCEK);
	for (size_t n = 48; n < 64 + len; n += 7)
		assert_status(COFFER_ERR_FORMAT,
			cf_cert_set_add(&set, table, n, &err));
	/* No entry of zeros: the entries run into the certificate. */
	memset(table + 24, 0xcc, 40);
	assert_status(COFFER_ERR_FORMAT,
		cf_cert_set_add(&set, table, sizeof(table), &err));
	free(der);
	cf_cert_set_finish(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner_verifies_a_milan_report),
		cmocka_unit_test(
			test_owner_verifies_a_vlek_report_of_version_3),
		cmocka_unit_test(
			test_owner_refuses_a_report_with_any_flipped_bit),
		cmocka_unit_test(
			test_owner_refuses_a_certificate_with_any_flipped_bit),
		cmocka_unit_test(
			test_owner_refuses_expired_and_future_certificates),
		cmocka_unit_test(test_owner_refuses_the_root_of_another_line),
		cmocka_unit_test(test_owner_refuses_a_root_that_is_not_amds),
		cmocka_unit_test(
			test_owner_compares_every_field_that_it_is_asked_to),
		cmocka_unit_test(test_owner_refuses_a_debuggable_guest),
		cmocka_unit_test(test_owner_parses_reports_strictly),
		cmocka_unit_test(test_owner_finds_reports_in_what_wraps_them),
		cmocka_unit_test(test_owner_orders_tcbs_by_component),
		cmocka_unit_test(
			test_owner_reads_policies_as_words_and_numbers),
		cmocka_unit_test(test_owner_reads_certificate_tables),
	};

	return cmocka_run_group_tests_name("owner", tests, NULL, NULL);
}
