/* SPDX-License-Identifier: Apache-2.0 */
/* CPUID of the CPU types and the SNP CPUID page, against the manual. */
#include "accel/soft/native/cpuid_priv.h"
#include "base/bytes.h"
#include "image/cpu_feature.h"
#include "image/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct cf_cpuid_env env_of(const char *name, enum cf_platform platform)
{
	struct cf_cpuid_env env = { .platform = platform,
		.cbit = 51,
		.vcpus = 4,
		.vcpu = 2,
		.xcr0 = 7,
		.tsc_hz = 1000000000 };
	struct coffer_error err;

	assert_int_equal(cf_cpu_model_find(name, &env.model, &err), COFFER_OK);
	return env;
}

static void test_cpuid_knows_all_named_types(void **state)
{
	const char *name;
	uint32_t signature;

	for (size_t i = 0; (name = cf_cpu_type_name(i)); i++) {
		const struct cf_cpu_model *m;

		assert_int_equal(cf_cpu_model_find(name, &m, NULL), COFFER_OK);
		assert_true(cf_cpu_type_signature(name, &signature));
		assert_int_equal(cf_cpu_model_signature(m), signature);
	}
}

static void test_cpuid_refuses_unknown_type(void **state)
{
	const struct cf_cpu_model *m;
	struct coffer_error err;

	assert_int_equal(
		cf_cpu_model_find("Skylake", &m, &err), COFFER_ERR_ARGUMENT);
	assert_non_null(strstr(err.msg, "Skylake"));
	assert_non_null(strstr(err.msg, "EPYC-Milan"));
}

static void test_cpuid_identifies_type(void **state)
{
	struct cf_cpuid_env env = env_of("EPYC-Milan", CF_PLATFORM_NATIVE);
	char text[49] = { 0 };
	uint32_t r[4];

	cf_cpuid(&env, 0, 0, r);
	memcpy(text, &r[1], 4);
	memcpy(text + 4, &r[3], 4);
	memcpy(text + 8, &r[2], 4);
	assert_string_equal(text, "AuthenticAMD");
	cf_cpuid(&env, 1, 0, r);
	assert_int_equal(r[0], 0x00a00f11);
	assert_int_equal(r[1] >> 24, 2);
	assert_int_equal(r[1] >> 16 & 0xff, 4);
	for (uint32_t i = 0; i < 3; i++) {
		cf_cpuid(&env, 0x80000002 + i, 0, r);
		memcpy(text + 16 * i, r, 16);
	}
	assert_string_equal(text, "AMD EPYC-Milan Processor");
}

/* SSE2, NX, long mode and their kin: without them Linux does not start. */
static void test_cpuid_has_the_kernel_baseline(void **state)
{
	struct cf_cpuid_env env = env_of("EPYC", CF_PLATFORM_NATIVE);
	uint32_t r[4];

	cf_cpuid(&env, 1, 0, r);
	/* FPU PSE TSC MSR PAE CX8 APIC SEP PGE CMOV PAT FXSR SSE SSE2 */
	assert_int_equal(r[3] & 0x0701ab79, 0x0701ab79);
	assert_true(r[2] >> 31);
	cf_cpuid(&env, 0x80000001, 0, r);
	assert_int_equal(r[3] & 0x20100800, 0x20100800);
	cf_cpuid(&env, 6, 0, r);
	assert_int_equal(r[0], 4);
	cf_cpuid(&env, 0x80000007, 0, r);
	assert_int_equal(r[3], 0x100);
}

static void test_cpuid_follows_control_registers(void **state)
{
	struct cf_cpuid_env env = env_of("EPYC", CF_PLATFORM_NATIVE);
	uint32_t r[4];

	cf_cpuid(&env, 1, 0, r);
	assert_int_equal(r[2] & 1u << 27, 0);
	env.cr4 = 1u << 18;
	cf_cpuid(&env, 1, 0, r);
	assert_int_equal(r[2] & 1u << 27, 1u << 27);
	env.xcr0 = 3;
	cf_cpuid(&env, 0xd, 0, r);
	assert_int_equal(r[1], 576);
	assert_int_equal(r[0], cf_cpuid_xcr0(&env));
}

/* -cpu TYPE,-x: what depends on it goes too; +x: as far as it can be had. */
static void test_cpuid_follows_the_features_of_the_option(void **state)
{
	struct cf_cpuid_env env = env_of("EPYC-Milan", CF_PLATFORM_NATIVE);
	struct cf_cpu_spec spec;
	struct coffer_error err;
	uint32_t with[4], without[4];

	cf_cpuid(&env, 7, 0, with);
	assert_int_equal(
		cf_cpu_spec_parse("EPYC-Milan,-avx,-umip,-smep", &spec, &err),
		COFFER_OK);
	env.spec = &spec;
	cf_cpuid(&env, 7, 0, without);
	assert_int_equal(without[1], with[1] & ~(1u << 5 | 1u << 7));
	assert_int_equal(with[2] & ~without[2], 1u << 2);
	cf_cpuid(&env, 1, 0, without);
	assert_int_equal(without[2] & (1u << 28 | 1u << 12), 0);
	assert_int_equal(cf_cpuid_xcr0(&env), 3);
	assert_int_equal(cf_cpuid_cr4(&env) & 1u << 11, 0);
	assert_int_equal(
		cf_cpu_spec_check(env.model, &spec, NULL, &err), COFFER_OK);
	/* The engine implements PCID and never SVM. */
	env = env_of("EPYC", CF_PLATFORM_NATIVE);
	assert_int_equal(
		cf_cpu_spec_parse("EPYC,+pcid,+svm", &spec, &err), COFFER_OK);
	env.spec = &spec;
	cf_cpuid(&env, 1, 0, with);
	assert_int_equal(with[2] >> 17 & 1, 1);
	cf_cpuid(&env, 0x80000001, 0, with);
	assert_int_equal(with[2] >> 2 & 1, 0);
	spec.enforce = true;
	assert_int_equal(cf_cpu_spec_check(env.model, &spec, NULL, &err),
		COFFER_ERR_UNSUPPORTED);
	assert_non_null(strstr(err.msg, "svm"));
}

/* Later types have what earlier ones lack, and nothing is lost. */
static void test_cpuid_types_differ(void **state)
{
	struct cf_cpuid_env naples = env_of("EPYC-v4", CF_PLATFORM_NATIVE);
	struct cf_cpuid_env rome = env_of("EPYC-Rome", CF_PLATFORM_NATIVE);
	struct cf_cpuid_env milan = env_of("EPYC-Milan", CF_PLATFORM_NATIVE);
	uint32_t a[4], b[4], c[4];

	cf_cpuid(&naples, 7, 0, a);
	cf_cpuid(&rome, 7, 0, b);
	cf_cpuid(&milan, 7, 0, c);
	assert_int_equal(a[2] & 4, 0);
	assert_int_equal(b[2] & 4, 4); /* UMIP */
	assert_int_equal(b[1] & a[1], a[1]);
	assert_int_equal(c[1] & b[1], b[1]);
	assert_int_equal(b[1] & 1 << 10, 0);
	assert_int_equal(c[1] & 1 << 10, 1 << 10); /* INVPCID */
	assert_true(cf_cpuid_cr4(&milan) & 1 << 17);
	assert_false(cf_cpuid_cr4(&rome) & 1 << 17);
}

static void test_cpuid_offers_no_more_than_the_host(void **state)
{
	struct cf_cpuid_env env = env_of("max", CF_PLATFORM_NATIVE);
	uint32_t r[4];

	cf_cpuid(&env, 1, 0, r);
	if (!__builtin_cpu_supports("avx"))
		assert_int_equal(r[2] & 1 << 28, 0);
	assert_int_equal(
		!!(r[2] & 1 << 20), !!__builtin_cpu_supports("sse4.2"));
	cf_cpuid(&env, 7, 0, r);
	assert_int_equal(!!(r[1] & 1 << 5), !!__builtin_cpu_supports("avx2"));
	assert_int_equal(r[1] & 1 << 16, 0); /* no AVX-512 */
}

static void test_cpuid_sev_leaf(void **state)
{
	struct cf_cpuid_env env = env_of("EPYC-Milan", CF_PLATFORM_SEV_SNP);
	uint32_t r[4];

	cf_cpuid(&env, 0x80000000, 0, r);
	assert_int_equal(r[0], 0x8000001f);
	cf_cpuid(&env, 0x8000001f, 0, r);
	assert_int_equal(r[0] & 0x1b, 0x1a); /* SEV, ES, SNP; not SME */
	assert_int_equal(r[1] & 0x3f, 51);
	assert_int_equal(r[1] >> 6 & 0x3f, 1);
	assert_int_equal(r[1] >> 12 & 0xf, 4);
	env.platform = CF_PLATFORM_SEV;
	cf_cpuid(&env, 0x8000001f, 0, r);
	assert_int_equal(r[0] & 0x1b, 0x02);
	env.platform = CF_PLATFORM_NATIVE;
	cf_cpuid(&env, 0x8000001f, 0, r);
	assert_int_equal(r[0], 0);
	cf_cpuid(&env, 0x80000000, 0, r);
	assert_int_equal(r[0], 0x8000001e);
}

static void test_cpuid_topology(void **state)
{
	struct cf_cpuid_env env = env_of("EPYC-Rome", CF_PLATFORM_NATIVE);
	uint32_t r[4];

	cf_cpuid(&env, 0xb, 0, r);
	assert_int_equal(r[1], 1);
	assert_int_equal(r[2], 0x100);
	assert_int_equal(r[3], 2);
	cf_cpuid(&env, 0xb, 1, r);
	assert_int_equal(r[0], 2); /* four vCPUs: two bits */
	assert_int_equal(r[1], 4);
	assert_int_equal(r[2], 0x201);
	cf_cpuid(&env, 0x8000001e, 0, r);
	assert_int_equal(r[0], 2);
	cf_cpuid(&env, 0x80000008, 0, r);
	assert_int_equal(r[2], 2 << 12 | 3);
	/* L3 of Rome: 16 MiB, 16 ways, shared by all four. */
	cf_cpuid(&env, 0x8000001d, 3, r);
	assert_int_equal(r[0], 3 << 14 | 1 << 8 | 3 << 5 | 3);
	assert_int_equal((r[1] >> 22) + 1, 16);
	assert_int_equal((r[2] + 1) * 16 * 64, 16 << 20);
	cf_cpuid(&env, 0x8000001d, 4, r);
	assert_int_equal(r[0], 0);
}

static const uint8_t *entry(
	const uint8_t *page, uint32_t leaf, uint32_t subleaf, uint64_t xcr0)
{
	uint32_t count = cf_load_le32(page);

	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *e = page + 16 + (size_t)48 * i;

		if (cf_load_le32(e) == leaf && cf_load_le32(e + 4) == subleaf &&
			cf_load_le64(e + 8) == xcr0)
			return e;
	}
	return NULL;
}

static void test_cpuid_page_holds_what_guests_look_up(void **state)
{
	static const uint32_t leaves[] = { 0, 1, 7, 0xb, 0x80000000, 0x80000001,
		0x80000007, 0x80000008, 0x8000001e, 0x8000001f };
	struct cf_cpuid_env env = env_of("EPYC-Milan", CF_PLATFORM_SEV_SNP);
	uint8_t page[4096];
	const uint8_t *e;

	cf_cpuid_page_fill(&env, page);
	assert_in_range(cf_load_le32(page), 1, 64);
	for (size_t i = 0; i < CF_ARRAY_LEN(leaves); i++)
		assert_non_null(entry(page, leaves[i], 0, 0));
	e = entry(page, 0x8000001f, 0, 0);
	assert_int_equal(cf_load_le32(e + 28) & 0x3f, 51);
	/* Linux takes the sizes for XCR0 1 and 3, and wants XSAVEC. */
	e = entry(page, 0xd, 0, 3);
	assert_non_null(e);
	assert_int_equal(cf_load_le32(e + 28), 0x240);
	e = entry(page, 0xd, 1, 3);
	assert_non_null(e);
	assert_true(cf_load_le32(e + 24) & 2);
	/* The boot processor's APIC id. */
	e = entry(page, 1, 0, 0);
	assert_int_equal(cf_load_le32(e + 28) >> 24, 0);
	assert_true(cf_is_zero(page + 16 + 48 * 64, 4096 - 16 - 48 * 64));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpuid_knows_all_named_types),
		cmocka_unit_test(test_cpuid_refuses_unknown_type),
		cmocka_unit_test(test_cpuid_identifies_type),
		cmocka_unit_test(test_cpuid_has_the_kernel_baseline),
		cmocka_unit_test(test_cpuid_follows_control_registers),
		cmocka_unit_test(test_cpuid_follows_the_features_of_the_option),
		cmocka_unit_test(test_cpuid_types_differ),
		cmocka_unit_test(test_cpuid_offers_no_more_than_the_host),
		cmocka_unit_test(test_cpuid_sev_leaf),
		cmocka_unit_test(test_cpuid_topology),
		cmocka_unit_test(test_cpuid_page_holds_what_guests_look_up),
	};

	return cmocka_run_group_tests_name("cpuid", tests, NULL, NULL);
}
