/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification on evidence made by tests/data/owner/make.py: chains that are
 * right, and for each check one that is wrong in just that.
 */
#include "test.h"

#include "owner/verify.h"

/* Within the validity of all but vcek_expired.der. */
#define NOW ((int64_t)1735689600) /* 2025-01-01 */

static struct coffer_error err;

static uint8_t *load(const char *name, size_t *len)
{
	char path[1024];
	uint8_t *data;

	snprintf(path, sizeof(path), "%s/tests/data/owner/%s",
		getenv("COFFER_SOURCE_ROOT"), name);
	assert_ok(cf_read_file(path, 65536, &data, len, &err));
	return data;
}

static void add(struct cf_cert_set *set, const char *name)
{
	size_t len;
	uint8_t *data = load(name, &len);

	assert_ok(cf_cert_set_add(set, data, len, &err));
	free(data);
}

struct scene {
	const char *what;
	const char *report, *vek, *ask, *ark, *crl;
	bool ark_unnamed;    /* among the certificates, not given as root */
	bool not_simulated;  /* simulated is not asked for */
	enum cf_check fails; /* CF_CHECK_COUNT: none */
	const char *reason;
};

static const struct scene scenes[] = {
	{ "v2", "report_v2.bin", "vcek.der", "ask_milan.der", "ark_milan.der",
		.fails = CF_CHECK_COUNT },
	{ "v3", "report_v3.bin", "vcek.der", "ask_milan.der", "ark_milan.der",
		"crl_empty.der", .fails = CF_CHECK_COUNT },
	{ "Genoa", "report_v3_genoa.bin", "vcek_genoa.der", "ask_genoa.der",
		"ark_genoa.der", .fails = CF_CHECK_COUNT },
	{ "v5 of Turin", "report_v5_turin.bin", "vcek_turin.der",
		"ask_turin.der", "ark_turin.der", .fails = CF_CHECK_COUNT },
	{ "VLEK", "report_vlek.bin", "vlek.der", "asvk.der", "ark_milan.der",
		.fails = CF_CHECK_COUNT },
	{ "simulated without being asked", "report_v3.bin", "vcek.der",
		"ask_milan.der", "ark_milan.der", .not_simulated = true,
		.fails = CF_CHECK_ROOT, .reason = "SIMULATED" },
	{ "simulated without being named", "report_v3.bin", "vcek.der",
		"ask_milan.der", "ark_milan.der", .ark_unnamed = true,
		.fails = CF_CHECK_ROOT, .reason = "SIMULATED" },
	{ "marked in a part", "report_v3.bin", "vcek_plain.der",
		"ask_plain.der", "ark_plain.der", .fails = CF_CHECK_ROOT,
		.reason = "not a root key of AMD's" },
	{ "another root of the same name", "report_v3.bin", "vcek.der",
		"ask_milan.der", "ark_other.der", .fails = CF_CHECK_CHAIN,
		.reason = "ASK: the signature" },
	{ "expired", "report_v3.bin", "vcek_expired.der", "ask_milan.der",
		"ark_milan.der", .fails = CF_CHECK_VALIDITY,
		.reason = "expired at 2024-06-01" },
	{ "revoked", "report_v3.bin", "vcek.der", "ask_milan.der",
		"ark_milan.der", "crl_ask.der", .fails = CF_CHECK_REVOCATION,
		.reason = "ASK: revoked" },
	{ "old list", "report_v3.bin", "vcek.der", "ask_milan.der",
		"ark_milan.der", "crl_old.der", .fails = CF_CHECK_REVOCATION,
		.reason = "out of date" },
	{ "list of another root", "report_v3.bin", "vcek.der", "ask_milan.der",
		"ark_milan.der", "crl_other.der", .fails = CF_CHECK_REVOCATION,
		.reason = "signature" },
	{ "list of another line", "report_v3.bin", "vcek.der", "ask_milan.der",
		"ark_milan.der", "crl_genoa.der", .fails = CF_CHECK_COUNT },
	{ "another chip", "report_v3.bin", "vcek_other_chip.der",
		"ask_milan.der", "ark_milan.der", .fails = CF_CHECK_CHIP_ID,
		.reason = "another chip" },
	{ "another TCB", "report_v3.bin", "vcek_other_tcb.der", "ask_milan.der",
		"ark_milan.der", .fails = CF_CHECK_TCB,
		.reason = "microcode 200" },
	{ "rolled back", "report_rollback.bin", "vcek.der", "ask_milan.der",
		"ark_milan.der", .fails = CF_CHECK_TCB, .reason = "<=" },
	{ "product of another line", "report_v3.bin", "vcek_other_product.der",
		"ask_milan.der", "ark_milan.der", .fails = CF_CHECK_PRODUCT,
		.reason = "Genoa-B1" },
	{ "report of another line", "report_v3_genoa.bin", "vcek.der",
		"ask_milan.der", "ark_milan.der", .fails = CF_CHECK_PRODUCT,
		.reason = "(Genoa)" },
	{ "debug", "report_debug.bin", "vcek.der", "ask_milan.der",
		"ark_milan.der", .fails = CF_CHECK_POLICY,
		.reason = "debug is on" },
	{ "masked key", "report_masked.bin", "vcek.der", "ask_milan.der",
		"ark_milan.der", .fails = CF_CHECK_SIGNATURE,
		.reason = "masked" },
	{ "VCEK for a VLEK's report", "report_vlek.bin", "vcek.der",
		"ask_milan.der", "ark_milan.der", .fails = CF_CHECK_SIGNATURE,
		.reason = "no VLEK" },
	{ "ASK that is no authority", "report_v3.bin", "vcek.der",
		"ask_no_ca.der", "ark_milan.der", .fails = CF_CHECK_CHAIN,
		.reason = "not a certificate of that role" },
	{ "VCEK that is an authority", "report_v3.bin", "vcek_ca.der",
		"ask_milan.der", "ark_milan.der", .fails = CF_CHECK_CHAIN,
		.reason = "not a certificate of that role" },
	{ "RSA-2048", "report_v3.bin", "vcek_small.der", "ask_small.der",
		"ark_milan.der", .fails = CF_CHECK_CHAIN,
		.reason = "4096 bits" },
	{ "SHA-256", "report_v3.bin", "vcek_sha256.der", "ask_milan.der",
		"ark_milan.der", .fails = CF_CHECK_CHAIN,
		.reason = "RSASSA-PSS with SHA-384" },
	{ "PKCS 1", "report_v3.bin", "vcek_pkcs1.der", "ask_milan.der",
		"ark_milan.der", .fails = CF_CHECK_CHAIN,
		.reason = "RSASSA-PSS with SHA-384" },
	{ "P-256", "report_v3.bin", "vcek_p256.der", "ask_milan.der",
		"ark_milan.der", .fails = CF_CHECK_SIGNATURE,
		.reason = "P-384" },
	{ "reserved level", "report_v3.bin", "vcek_spare.der", "ask_milan.der",
		"ark_milan.der", .fails = CF_CHECK_CHAIN,
		.reason = "3.5 is reserved" },
};

static void check_scene(const struct scene *s, const struct cf_verify_result *r)
{
	if (s->fails == CF_CHECK_COUNT) {
		for (size_t i = 0; i < CF_CHECK_COUNT; i++)
			if (r->check[i].verdict == CF_FAILED)
				fail_msg("%s: %s: %s", s->what,
					cf_check_name((enum cf_check)i),
					r->check[i].reason);
		assert_true(cf_verify_ok(r));
		assert_true(r->simulated);
		return;
	}
	assert_false(cf_verify_ok(r));
	if (r->check[s->fails].verdict != CF_FAILED ||
		!strstr(r->check[s->fails].reason, s->reason))
		fail_msg("%s: %s is %s (%s), want '%s'", s->what,
			cf_check_name(s->fails),
			cf_verdict_name(r->check[s->fails].verdict),
			r->check[s->fails].reason, s->reason);
}

static void test_owner_names_the_check_that_a_scene_breaks(void **state)
{
	static const struct cf_report_rules rules = {
		.policy = { .mask = CF_SNP_POLICY_DEBUG },
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(scenes); i++) {
		const struct scene *s = &scenes[i];
		struct cf_cert_set set = { 0 }, root = { 0 };
		struct cf_chain_options o = { .now = NOW };
		struct cf_verify_result result;
		struct cf_report report;
		struct cf_chain chain;
		size_t len;
		uint8_t *raw = load(s->report, &len);

		assert_ok(cf_report_parse(raw, len, &report, &err));
		free(raw);
		add(&set, s->vek);
		add(&set, s->ask);
		if (s->crl)
			add(&set, s->crl);
		add(s->ark_unnamed ? &set : &root, s->ark);
		o.root = root.ncerts ? root.cert[0] : NULL;
		o.simulated = !s->not_simulated;
		cf_chain_find(&set, &report, o.root, &chain);
		cf_verify_chain(&chain, &o, &result);
		cf_verify_report(&report, &chain, &rules, &result);
		check_scene(s, &result);
		cf_cert_set_finish(&set);
		cf_cert_set_finish(&root);
	}
}

/* AMD's keys stay AMD's, and a set with everything in it still finds the one
 * chain that fits the report. */
static void test_owner_finds_the_chain_among_many(void **state)
{
	static const char *const all[] = { "vcek_other_chip.der",
		"vcek_other_tcb.der", "vcek_genoa.der", "vcek_spare.der",
		"vlek.der", "vcek.der", "ask_genoa.der", "ask_small.der",
		"ask_turin.der", "asvk.der", "ask_milan.der", "ark_genoa.der",
		"ark_other.der", "ark_milan.der", "vcek_turin.der" };
	struct cf_cert_set set = { 0 };
	struct cf_report report;
	struct cf_chain chain;
	size_t len;
	uint8_t *raw = load("report_v3.bin", &len);

	assert_ok(cf_report_parse(raw, len, &report, &err));
	free(raw);
	for (size_t i = 0; i < CF_ARRAY_LEN(all); i++)
		add(&set, all[i]);
	add(&set, "vcek.der"); /* twice is once */
	assert_int_equal(set.ncerts, CF_ARRAY_LEN(all));
	cf_chain_find(&set, &report, NULL, &chain);
	assert_ptr_equal(chain.vek, set.cert[5]);
	assert_ptr_equal(chain.ask, set.cert[10]);
	assert_ptr_equal(chain.ark, set.cert[13]);
	for (size_t i = 0; i < set.ncerts; i++) {
		assert_int_equal(
			cf_cert_amd_root(set.cert[i]), CF_PRODUCT_UNKNOWN);
		assert_true(cf_cert_is_simulated(set.cert[i]));
	}
	cf_cert_set_finish(&set);
}

static void test_owner_refuses_every_flipped_bit_of_a_chain(void **state)
{
	static const char *const names[] = { "vcek.der", "ask_milan.der" };
	struct cf_cert_set root = { 0 };
	struct cf_report report;
	size_t len;
	uint8_t *raw = load("report_v3.bin", &len);

	assert_ok(cf_report_parse(raw, len, &report, &err));
	free(raw);
	add(&root, "ark_milan.der");
	for (size_t k = 0; k < CF_ARRAY_LEN(names); k++) {
		uint8_t *der = load(names[k], &len);

		for (size_t bit = k; bit < len * 8; bit += 113) {
			const struct cf_chain_options o = { .now = NOW,
				.root = root.cert[0],
				.simulated = true };
			struct cf_cert_set set = { 0 };
			struct cf_verify_result result;
			struct cf_chain chain;

			der[bit / 8] ^= (uint8_t)(1 << bit % 8);
			add(&set, names[1 - k]);
			if (!cf_cert_set_add(&set, der, len, &err)) {
				cf_chain_find(&set, &report, o.root, &chain);
				cf_verify_chain(&chain, &o, &result);
				assert_int_equal(
					result.check[CF_CHECK_CHAIN].verdict,
					CF_FAILED);
			}
			der[bit / 8] ^= (uint8_t)(1 << bit % 8);
			cf_cert_set_finish(&set);
		}
		free(der);
	}
	cf_cert_set_finish(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_owner_names_the_check_that_a_scene_breaks),
		cmocka_unit_test(test_owner_finds_the_chain_among_many),
		cmocka_unit_test(
			test_owner_refuses_every_flipped_bit_of_a_chain),
	};

	return cmocka_run_group_tests_name(
		"owner_simulated", tests, NULL, NULL);
}
