/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated certificates: chain, profile and marks, checked with
 * libcrypto's own verifier; and the table of extended guest requests.  RSA
 * keys are slow to make: they live in a directory of the build.
 */
#include "test.h"

#include "crypto/sim_marker.h"
#include "crypto/x509.h"
#include "sp/soft/soft.h"
#include "sp_roots.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

static struct coffer_error err;

static X509 *get(struct cf_sp_soft *sp, enum cf_sp_cert which)
{
	struct cf_buf b = { 0 };
	const unsigned char *at;
	X509 *x;

	assert_ok(cf_sp_soft_cert(sp, which, &b, &err));
	at = b.data;
	x = d2i_X509(NULL, &at, (long)b.len);
	assert_non_null(x);
	assert_ptr_equal(at, b.data + b.len);
	cf_buf_finish(&b);
	return x;
}

/* Value of an extension by OID; fails when it is not there once. */
static const ASN1_OCTET_STRING *extension(X509 *x, const char *oid)
{
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	int at = X509_get_ext_by_OBJ(x, obj, -1);

	if (at < 0)
		fail_msg("no extension %s", oid);
	assert_int_equal(X509_get_ext_by_OBJ(x, obj, at), -1);
	ASN1_OBJECT_free(obj);
	return X509_EXTENSION_get_data(X509_get_ext(x, at));
}

static void assert_level(X509 *x, const char *oid, unsigned want)
{
	const ASN1_OCTET_STRING *v = extension(x, oid);
	const unsigned char *at = ASN1_STRING_get0_data(v);
	ASN1_INTEGER *n = d2i_ASN1_INTEGER(NULL, &at, ASN1_STRING_length(v));

	assert_non_null(n);
	assert_int_equal(ASN1_INTEGER_get(n), want);
	ASN1_INTEGER_free(n);
}

static void assert_name(X509_NAME *name, const char *want)
{
	BIO *b = BIO_new(BIO_s_mem());
	char text[512];
	int n;

	X509_NAME_print_ex(b, name, 0, XN_FLAG_SEP_COMMA_PLUS);
	n = BIO_read(b, text, sizeof(text) - 1);
	text[n] = '\0';
	BIO_free(b);
	assert_string_equal(text, want);
}

#define RDNS                                                        \
	"OU=Engineering,C=US,L=Santa Clara,ST=CA,O=Advanced Micro " \
	"Devices,CN="
#define MARK ",description=" CF_SIM_NAME

static void assert_chain(X509 *ark, X509 *ca, X509 *leaf)
{
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *untrusted = sk_X509_new_null();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	X509_STORE_add_cert(store, ark);
	sk_X509_push(untrusted, ca);
	assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, untrusted), 1);
	X509_VERIFY_PARAM_set_time(
		X509_STORE_CTX_get0_param(ctx), time(NULL) + 60);
	if (X509_verify_cert(ctx) != 1)
		fail_msg("%s",
			X509_verify_cert_error_string(
				X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	sk_X509_free(untrusted);
	X509_STORE_free(store);
}

static struct cf_sp_soft *open_sp(enum cf_sp_product product)
{
	struct cf_sp_soft_config config = { .product = product,
		.seed = (const uint8_t *)"certs",
		.seed_len = 5 };
	struct cf_sp_soft *sp;

	cf_sp_state_ops(sp_roots_dir, &config.ops);
	assert_ok(cf_sp_soft_create(&config, &sp, &err));
	return sp;
}

static void test_milan_chain_has_the_profile_and_the_marks(void **state)
{
	struct cf_sp_soft *sp = open_sp(CF_SP_MILAN);
	X509 *ark = get(sp, CF_SP_CERT_ARK), *ask = get(sp, CF_SP_CERT_ASK);
	X509 *vcek = get(sp, CF_SP_CERT_VCEK);
	const ASN1_OCTET_STRING *hwid;

	assert_chain(ark, ask, vcek);
	assert_name(X509_get_subject_name(ark), RDNS "ARK-Milan" MARK);
	assert_name(X509_get_issuer_name(ark), RDNS "ARK-Milan" MARK);
	assert_name(X509_get_subject_name(ask), RDNS "SEV-Milan" MARK);
	assert_name(X509_get_subject_name(vcek), RDNS "SEV-VCEK" MARK);
	assert_name(X509_get_issuer_name(vcek), RDNS "SEV-Milan" MARK);
	assert_int_equal(ASN1_INTEGER_get(X509_get_serialNumber(ark)), 0x10000);
	assert_int_equal(ASN1_INTEGER_get(X509_get_serialNumber(ask)), 0x10001);
	assert_int_equal(ASN1_INTEGER_get(X509_get_serialNumber(vcek)), 0);
	assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(ark)), 4096);
	assert_int_equal(X509_get_signature_nid(vcek), NID_rsassaPss);
	extension(ark, CF_SIM_OID);
	extension(ask, CF_SIM_OID);
	/* 11 of AMD's and nothing else. */
	assert_int_equal(X509_get_ext_count(vcek), 11);
	assert_level(vcek, "1.3.6.1.4.1.3704.1.1", 0);
	assert_level(vcek, "1.3.6.1.4.1.3704.1.3.3", 23);
	assert_level(vcek, "1.3.6.1.4.1.3704.1.3.8", 219);
	hwid = extension(vcek, "1.3.6.1.4.1.3704.1.4");
	assert_int_equal(ASN1_STRING_length(hwid), 64);
	X509_free(ark);
	X509_free(ask);
	X509_free(vcek);
	cf_sp_soft_destroy(sp);
}

static void test_certificate_table_is_the_ghcb_one(void **state)
{
	struct cf_sp_soft *sp = open_sp(CF_SP_MILAN);
	struct cf_buf b = { 0 };
	static const uint8_t vcek_guid[4] = { 0x63, 0xda, 0x75, 0x8d };

	assert_ok(cf_sp_soft_cert_table(sp, &b, &err));
	assert_int_equal(b.len % CF_PAGE_SIZE, 0);
	assert_memory_equal(b.data, vcek_guid, 4);
	for (size_t i = 0; i < 3; i++) {
		uint32_t at = cf_load_le32(b.data + 24 * i + 16);
		uint32_t len = cf_load_le32(b.data + 24 * i + 20);
		const unsigned char *der = b.data + at;
		X509 *x;

		assert_true(cf_range_ok(at, len, b.len));
		x = d2i_X509(NULL, &der, (long)len);
		assert_non_null(x);
		assert_ptr_equal(der, b.data + at + len);
		X509_free(x);
	}
	assert_true(cf_is_zero(b.data + 72, 24));
	cf_buf_finish(&b);
	cf_sp_soft_destroy(sp);
}

static void test_crl_is_signed_by_the_ark(void **state)
{
	struct cf_sp_soft *sp = open_sp(CF_SP_MILAN);
	X509 *ark = get(sp, CF_SP_CERT_ARK);
	struct cf_buf b = { 0 };
	const unsigned char *at;
	X509_CRL *crl;

	assert_ok(cf_sp_soft_cert(sp, CF_SP_CERT_CRL, &b, &err));
	at = b.data;
	crl = d2i_X509_CRL(NULL, &at, (long)b.len);
	assert_non_null(crl);
	assert_int_equal(X509_CRL_verify(crl, X509_get0_pubkey(ark)), 1);
	X509_CRL_free(crl);
	X509_free(ark);
	cf_buf_finish(&b);
	cf_sp_soft_destroy(sp);
}

/* A guest with nothing but a secrets page asks for a report; the answer. */
static void get_report(
	struct cf_sp_soft *sp, struct cf_memory *mem, uint8_t report[0x4A0])
{
	const struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV_SNP,
		.policy = 0x30000 };
	const struct cf_sp_update u = { .len = CF_PAGE_SIZE,
		.type = CF_PAGE_SECRETS };
	const struct cf_sp_finish f = { 0 };
	uint8_t page[CF_PAGE_SIZE] = { 0 }, zero[0x60] = { 0 }, key[32];
	uint8_t iv[12] = { 1 }, out[0x4C0];
	struct cf_sp_guest *g;
	uint32_t fw;

	assert_ok(cf_sp_soft_guest_create(
		sp, mem, CF_PLATFORM_SEV_SNP, 1, 1, &g, &err));
	assert_ok(g->ops->launch_start(g, &l, &err));
	assert_ok(g->ops->launch_update(g, &u, &err));
	assert_ok(g->ops->launch_finish(g, &f, &err));
	assert_ok(cf_guest_read_private(mem, 1, 0x20, key, 32, &err));
	page[0x20] = 1;
	page[0x30] = 1;
	page[0x31] = 1;
	page[0x32] = 0x60;
	page[0x34] = 5;
	page[0x35] = 1;
	page[0x36] = 0x60;
	assert_ok(cf_aes256_gcm_seal(key, iv, page + 0x30, 0x30, zero,
		sizeof(zero), page + 0x60, page, &err));
	assert_ok(cf_guest_write(mem, 0x1000, page, sizeof(page), &err));
	assert_ok(g->ops->guest_request(g, 0x1000, 0x2000, &fw, &err));
	assert_int_equal(fw, 0);
	assert_ok(cf_guest_read(mem, 0x2000, page, sizeof(page), &err));
	iv[0] = 2;
	assert_ok(cf_aes256_gcm_open(key, iv, page + 0x30, 0x30, page + 0x60,
		sizeof(out), out, page, &err));
	memcpy(report, out + 0x20, 0x4A0);
	cf_sp_guest_destroy(g);
}

static enum coffer_status verify_report(
	struct cf_sp_soft *sp, const uint8_t report[0x4A0])
{
	struct cf_buf der = { 0 };
	struct cf_p384_signature sig;
	struct cf_x509 *vcek;
	enum coffer_status status;

	assert_ok(cf_sp_soft_cert(sp, CF_SP_CERT_VCEK, &der, &err));
	assert_ok(cf_x509_parse(der.data, der.len, &vcek, &err));
	assert_true(cf_p384_from_le72(report + 0x2A0, sig.r));
	assert_true(cf_p384_from_le72(report + 0x2E8, sig.s));
	status = cf_x509_verify_p384(vcek, report, 0x2A0, &sig, &err);
	cf_x509_destroy(vcek);
	cf_buf_finish(&der);
	return status;
}

static void test_reports_verify_with_the_vcek_of_their_tcb(void **state)
{
	uint8_t report[0x4A0], config[0x40] = { 0 };
	struct cf_sp_soft_facts f;
	struct cf_sp_soft *sp;
	struct cf_memory *mem;
	struct cf_sp_soft_config c = { .product = CF_SP_MILAN,
		.seed = (const uint8_t *)"report",
		.seed_len = 6,
		.ops = SP_ROOTS_OPS };

	assert_ok(cf_sp_soft_create(&c, &sp, &err));
	assert_ok(cf_memory_create(&mem, &err));
	assert_ok(cf_memory_add(
		mem, 0, 16 * CF_PAGE_SIZE, CF_REGION_RAM, "ram", &err));
	get_report(sp, mem, report);
	assert_ok(verify_report(sp, report));
	report[0x50] ^= 1;
	assert_status(COFFER_ERR_MISMATCH, verify_report(sp, report));
	report[0x50] ^= 1;
	/* Another reported TCB: another key, another certificate. */
	cf_sp_soft_facts(sp, &f);
	cf_store_le64(config, f.reported_tcb - 1);
	assert_int_equal(cf_sp_soft_call(sp, 0xC9, config, sizeof(config)), 0);
	assert_status(COFFER_ERR_MISMATCH, verify_report(sp, report));
	cf_sp_soft_destroy(sp);
	cf_memory_destroy(mem);
}

static void test_vlek_replaces_the_vcek_once_it_is_loaded(void **state)
{
	static const uint8_t vlek_guid[4] = { 0xa8, 0x07, 0x4b, 0xc2 };
	uint8_t wrapped[CF_SP_VLEK_WRAPPED_LEN], load[0x10] = { 0x10 };
	struct cf_sp_soft *sp = open_sp(CF_SP_MILAN);
	struct cf_sp_soft_memory bound;
	struct cf_memory *mem;
	struct cf_buf b = { 0 };
	X509 *ark, *asvk, *vlek;

	assert_status(COFFER_ERR_STATE,
		cf_sp_soft_cert(sp, CF_SP_CERT_VLEK, &b, &err));
	assert_ok(cf_memory_create(&mem, &err));
	assert_ok(cf_memory_add(
		mem, 0, CF_PAGE_SIZE, CF_REGION_RAM, "ram", &err));
	cf_sp_soft_memory_bind(mem, &bound);
	cf_sp_soft_set_memory(sp, &bound);
	assert_int_equal(cf_sp_soft_call(sp, 0x81, NULL, 0), 0);
	assert_ok(cf_sp_soft_vlek_wrap(sp, wrapped, &err));
	assert_ok(cf_guest_write(mem, 0, wrapped, sizeof(wrapped), &err));
	assert_int_equal(cf_sp_soft_call(sp, 0xCD, load, sizeof(load)), 0);

	ark = get(sp, CF_SP_CERT_ARK);
	asvk = get(sp, CF_SP_CERT_ASVK);
	vlek = get(sp, CF_SP_CERT_VLEK);
	assert_chain(ark, asvk, vlek);
	assert_name(X509_get_subject_name(vlek), RDNS "SEV-VLEK" MARK);
	assert_name(X509_get_issuer_name(vlek), RDNS "SEV-VLEK-Milan" MARK);
	assert_int_equal(
		ASN1_STRING_length(extension(vlek, "1.3.6.1.4.1.3704.1.5")),
		2 + strlen(CF_SP_CSP_ID));
	/* Ten of the VCEK's, CSP_ID in the place of HWID. */
	assert_int_equal(X509_get_ext_count(vlek), 11);
	assert_ok(cf_sp_soft_cert_table(sp, &b, &err));
	assert_memory_equal(b.data, vlek_guid, sizeof(vlek_guid));
	X509_free(ark);
	X509_free(asvk);
	X509_free(vlek);
	cf_buf_finish(&b);
	cf_sp_soft_destroy(sp);
	cf_memory_destroy(mem);
}

static void facts_of(const char *seed, enum cf_sp_product product,
	struct cf_sp_soft_facts *f, uint8_t cek[0x404])
{
	const struct cf_sp_soft_config c = { .product = product,
		.seed = (const uint8_t *)seed,
		.seed_len = strlen(seed) };
	struct cf_buf pdh = { 0 }, chain = { 0 };
	uint8_t init[0x14] = { 0 };
	struct cf_sp_soft *sp;

	assert_ok(cf_sp_soft_create(&c, &sp, &err));
	assert_int_equal(cf_sp_soft_call(sp, 0x01, init, sizeof(init)), 0);
	cf_sp_soft_facts(sp, f);
	assert_ok(cf_sp_soft_sev_certs(sp, &pdh, &chain, &err));
	memcpy(cek, chain.data + 2 * 0x824 + 0x10, 0x404);
	cf_buf_finish(&pdh);
	cf_buf_finish(&chain);
	cf_sp_soft_destroy(sp);
}

static void test_a_seed_makes_the_same_chip_again(void **state)
{
	struct cf_sp_soft_facts a, b;
	uint8_t cek_a[0x404], cek_b[0x404];

	facts_of("one", CF_SP_MILAN, &a, cek_a);
	facts_of("one", CF_SP_MILAN, &b, cek_b);
	assert_memory_equal(a.chip_id, b.chip_id, 64);
	assert_memory_equal(cek_a, cek_b, sizeof(cek_a));
	facts_of("two", CF_SP_MILAN, &b, cek_b);
	assert_memory_not_equal(a.chip_id, b.chip_id, 64);
	assert_memory_not_equal(cek_a, cek_b, sizeof(cek_a));
	facts_of("one", CF_SP_TURIN, &b, cek_b);
	assert_int_equal(b.chip_id_len, 8);
	assert_true(cf_is_zero(b.chip_id + 8, 56));
}

/* Turin: structVersion 1, fmcSPL, no spl4, eight bytes of HWID. */
static void test_turin_has_its_own_extensions(void **state)
{
	struct cf_sp_spl spl[5];
	struct cf_sp_soft_facts f;
	struct cf_sp_soft *sp = open_sp(CF_SP_TURIN);
	X509 *vcek = get(sp, CF_SP_CERT_VCEK);
	ASN1_OBJECT *spl4 = OBJ_txt2obj("1.3.6.1.4.1.3704.1.3.4", 1);

	assert_level(vcek, "1.3.6.1.4.1.3704.1.1", 1);
	assert_level(vcek, "1.3.6.1.4.1.3704.1.3.9", 1);
	assert_int_equal(X509_get_ext_by_OBJ(vcek, spl4, -1), -1);
	assert_int_equal(
		ASN1_STRING_length(extension(vcek, "1.3.6.1.4.1.3704.1.4")), 8);
	cf_sp_soft_facts(sp, &f);
	assert_int_equal(cf_sp_tcb_split(CF_SP_TURIN, f.reported_tcb, spl), 5);
	assert_string_equal(spl[0].name, "fmcSPL");
	assert_int_equal(spl[0].value, 1);
	ASN1_OBJECT_free(spl4);
	X509_free(vcek);
	cf_sp_soft_destroy(sp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_milan_chain_has_the_profile_and_the_marks),
		cmocka_unit_test(test_certificate_table_is_the_ghcb_one),
		cmocka_unit_test(test_crl_is_signed_by_the_ark),
		cmocka_unit_test(
			test_reports_verify_with_the_vcek_of_their_tcb),
		cmocka_unit_test(test_vlek_replaces_the_vcek_once_it_is_loaded),
		cmocka_unit_test(test_a_seed_makes_the_same_chip_again),
		cmocka_unit_test(test_turin_has_its_own_extensions),
	};

	return cmocka_run_group_tests_name(
		"sp_soft_certs", tests, sp_roots_open, sp_roots_close);
}
