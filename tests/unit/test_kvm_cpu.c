/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -cpu under KVM, on the fake kernel: what of a type the guest sees on a host
 * that has more and on one that has less, features added and taken away, and
 * what is said about it.
 */
#include "test.h"

#include "accel/kvm/kvm_engine.h"
#include "fake_kvm.h"
#include "image/cpu_feature.h"
#include "image/image.h"
#include "kvm/uapi.h"
#include "memory/memory.h"

static struct coffer_error err;
static struct fake_kvm fake;
static struct cf_cpu_spec spec;
static char warned[512];

static void write_log(
	void *opaque, enum cf_log_level level, const char *module_text)
{
	snprintf(warned, sizeof(warned), "%s", module_text);
}

/* A VM of 4 vCPUs with -cpu `text` on a host of type `host`. */
static enum coffer_status start(const char *host, const char *text)
{
	static const struct cf_log log = { .level = CF_LOG_WARN,
		.write = write_log };
	static const struct cf_accel_host machine = { 0 };
	struct cf_kvm_sys sys = fake_kvm_sys(&fake);
	struct cf_kvm_config config = { .sys = &sys };
	struct cf_vm_config vm_config = { .platform = CF_PLATFORM_NATIVE,
		.vcpus = 4,
		.cpu = &spec,
		.log = &log,
		.host = &machine };
	struct cf_memory *mem = NULL;
	struct cf_kvm_vm *kvm = NULL;
	struct cf_vm *vm = NULL;
	enum coffer_status s;

	fake_kvm_init(&fake);
	fake.cpu_type = host;
	warned[0] = '\0';
	assert_ok(cf_cpu_spec_parse(text, &spec, &err));
	assert_ok(cf_kvm_open(&config, &kvm, &err));
	assert_ok(cf_memory_create(&mem, &err));
	assert_ok(cf_memory_add(mem, 0, 1 << 20, CF_REGION_RAM, "ram", &err));
	vm_config.kvm = kvm;
	vm_config.memory = mem;
	s = cf_accel_kvm_ops()->vm_create(&vm_config, &vm, &err);
	if (!s)
		cf_accel_kvm_ops()->vm_destroy(vm);
	cf_kvm_close(kvm);
	cf_memory_destroy(mem);
	assert_string_equal(fake.complaint, "");
	return s;
}

/* Register 0 to 3 of a leaf that vCPU n was given; NULL: no such leaf. */
static const uint32_t *leaf(unsigned n, uint32_t function, uint32_t index)
{
	static uint32_t regs[4];

	for (uint32_t i = 0; i < fake.ncpuid[n]; i++) {
		const struct kvm_cpuid_entry2 *e = &fake.cpuid[n][i];

		if (e->function != function || e->index != index)
			continue;
		memcpy(regs, &e->eax, sizeof(regs));
		return regs;
	}
	return NULL;
}

static bool sees(const char *name)
{
	enum cf_cpuid_word w;
	struct cf_cpuid_place at;
	const uint32_t *regs;
	uint32_t bit;

	assert_true(cf_cpu_feature_find(name, strlen(name), &w, &bit));
	at = cf_cpuid_place_of(w);
	regs = leaf(0, at.leaf, at.subleaf);
	return regs && regs[at.reg] & bit;
}

static void test_type_on_a_newer_host_is_the_type(void **state)
{
	struct cf_cpu_features rome;
	char brand[49] = { 0 };
	uint32_t signature;

	assert_ok(start("EPYC-Turin", "EPYC-Rome"));
	assert_string_equal(warned, "");
	assert_true(sees("avx2") && sees("clwb") && sees("x2apic"));
	assert_false(sees("avx512f") || sees("pku") || sees("pcid"));
	assert_false(sees("svm") || sees("npt") || sees("monitor"));
	assert_true(sees("hypervisor"));
	assert_true(cf_cpu_type_features("EPYC-Rome", &rome));
	assert_int_equal(leaf(0, 7, 0)[1], rome.w[CF_W_7_EBX]);
	assert_int_equal(leaf(0, 0xd, 1)[0], rome.w[CF_W_D1_EAX]);
	/* Identity. */
	assert_true(cf_cpu_type_signature("EPYC-Rome", &signature));
	assert_int_equal(leaf(0, 1, 0)[0], signature);
	assert_int_equal(leaf(0, 0x80000001, 0)[0], signature);
	assert_int_equal(leaf(0, 0, 0)[0], 0xd);
	assert_memory_equal(&leaf(0, 0, 0)[1], "Auth", 4);
	for (uint32_t i = 0; i < 3; i++)
		memcpy(brand + 16 * i, leaf(0, 0x80000002 + i, 0), 16);
	assert_string_equal(brand, "AMD EPYC-Rome Processor");
	/* Leaves that it does not have. */
	assert_null(leaf(0, 0x14, 0));
	assert_null(leaf(0, 0x80000022, 0));
	assert_int_equal(leaf(0, 0x80000000, 0)[0], 0x8000001f);
	/* XSAVE: x87, SSE, AVX. */
	assert_int_equal(leaf(0, 0xd, 0)[0], 7);
	assert_int_equal(leaf(0, 0xd, 0)[2], 0x340);
	assert_int_equal(leaf(0, 0xd, 9)[0], 0);
	assert_int_equal(leaf(0, 0xd, 1)[2], 0);
}

static void test_type_with_avx512_keeps_its_state(void **state)
{
	assert_ok(start("EPYC-Turin", "EPYC-Genoa"));
	assert_string_equal(warned, "");
	assert_true(sees("avx512f") && sees("avx512-bf16") && sees("pku"));
	assert_int_equal(leaf(0, 0xd, 0)[0], 0x2e7);
	assert_int_equal(leaf(0, 0xd, 0)[2], 0x988);
	assert_int_equal(leaf(0, 0x80000000, 0)[0], 0x80000021);
}

static void test_type_on_an_older_host_is_what_both_have(void **state)
{
	assert_ok(start("EPYC-v4", "EPYC-Milan"));
	assert_false(sees("clwb") || sees("pcid") || sees("umip"));
	assert_true(sees("avx2") && sees("aes"));
	assert_non_null(strstr(warned, "EPYC-Milan"));
	assert_non_null(strstr(warned, "pcid"));
	assert_non_null(strstr(warned, "clwb"));
	assert_null(strstr(warned, "avx2"));
}

static void test_enforce_refuses_what_is_missing(void **state)
{
	assert_status(
		COFFER_ERR_UNSUPPORTED, start("EPYC-v4", "EPYC-Milan,enforce"));
	assert_message("pcid");
	assert_ok(start("EPYC-Turin", "EPYC-Milan,enforce"));
	assert_ok(start("EPYC-v4", "EPYC-Milan,check=off"));
	assert_string_equal(warned, "");
	assert_status(COFFER_ERR_UNSUPPORTED,
		start("EPYC-v4", "EPYC,+avx512f,enforce"));
	assert_message("avx512f");
}

static void test_features_are_added_and_taken_away(void **state)
{
	assert_ok(start("EPYC-Turin", "EPYC-Milan,+svm,-pcid,avx2=off"));
	assert_true(sees("svm") && sees("npt"));
	assert_false(sees("pcid") || sees("avx2") || sees("avx512f"));
	assert_ok(start("EPYC-Turin", "EPYC-Genoa,-avx"));
	assert_false(sees("avx") || sees("avx2") || sees("avx512f") ||
		sees("fma") || sees("vaes") || sees("avx512-bf16"));
	assert_int_equal(leaf(0, 0xd, 0)[0], 0x203);
	assert_ok(start("EPYC-Turin", "EPYC-Milan,-x2apic,+monitor"));
	assert_false(sees("x2apic"));
	assert_true(sees("monitor"));
	assert_ok(start("EPYC-Turin", "EPYC,-aes,+aes"));
	assert_true(sees("aes"));
}

static void test_host_is_all_that_kvm_has(void **state)
{
	assert_ok(start("EPYC-Genoa", "host"));
	assert_string_equal(warned, "");
	assert_true(sees("avx512f") && sees("svm"));
	assert_int_equal(leaf(0, 1, 0)[0], 0xffffffff);
	assert_non_null(leaf(0, 0x14, 0));
	assert_ok(start("EPYC-Genoa", "host,-svm"));
	assert_false(sees("svm"));
}

static void test_vcpus_differ_in_their_numbers_only(void **state)
{
	assert_ok(start("EPYC-Milan", "EPYC-Milan"));
	assert_int_equal(leaf(0, 1, 0)[1] >> 16, 0x0004);
	assert_int_equal(leaf(3, 1, 0)[1] >> 16, 0x0304);
	assert_int_equal(leaf(3, 0xb, 0)[3], 3);
	assert_int_equal(leaf(3, 0xb, 0)[1], 1);
	assert_int_equal(leaf(3, 0xb, 1)[0], 2);
	assert_int_equal(leaf(3, 0xb, 1)[1], 4);
	assert_int_equal(leaf(3, 0x8000001e, 0)[0], 3);
	assert_int_equal(leaf(3, 0x80000008, 0)[2], 2u << 12 | 3);
	assert_int_equal(leaf(3, 0x8000001f, 0)[0], 0);
}

static void test_unknown_type_is_refused(void **state)
{
	assert_status(COFFER_ERR_ARGUMENT, start("EPYC", "Skylake"));
	assert_message("Skylake");
}

static void test_spec_refuses_what_it_does_not_know(void **state)
{
	assert_status(COFFER_ERR_ARGUMENT,
		cf_cpu_spec_parse("EPYC,+lunch", &spec, &err));
	assert_message("'lunch'");
	assert_status(COFFER_ERR_ARGUMENT,
		cf_cpu_spec_parse("EPYC,avx=perhaps", &spec, &err));
	assert_message("'perhaps' is not on or off");
	assert_status(COFFER_ERR_ARGUMENT, cf_cpu_spec_parse("", &spec, &err));
	assert_status(
		COFFER_ERR_ARGUMENT, cf_cpu_spec_parse(",+avx", &spec, &err));
	assert_status(
		COFFER_ERR_ARGUMENT, cf_cpu_spec_parse("EPYC,", &spec, &err));
	assert_status(
		COFFER_ERR_ARGUMENT, cf_cpu_spec_parse("EPYC,+", &spec, &err));
	assert_ok(cf_cpu_spec_parse("EPYC,+sse4_1,sse4-2=on", &spec, &err));
	assert_int_equal(spec.add.w[CF_W_1_ECX], 1u << 19 | 1u << 20);
}

/* Values that are written down elsewhere: QEMU's for these types. */
static void test_types_have_the_known_words(void **state)
{
	struct cf_cpu_features f;

	for (size_t i = 0; cf_cpu_type_name(i); i++)
		assert_true(cf_cpu_type_features(cf_cpu_type_name(i), &f));
	assert_true(cf_cpu_type_features("EPYC-Milan-v1", &f));
	assert_int_equal(f.w[CF_W_1_EDX], 0x078bfbff);
	assert_int_equal(f.w[CF_W_1_ECX], 0x76da320b);
	assert_int_equal(f.w[CF_W_7_EBX], 0x219c07a9);
	assert_int_equal(f.w[CF_W_81_EDX], 0x2fd3fbff);
	assert_false(cf_cpu_type_features("EPYC-None", &f));
	assert_false(cf_cpu_type_features("host", &f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_type_on_a_newer_host_is_the_type),
		cmocka_unit_test(test_type_with_avx512_keeps_its_state),
		cmocka_unit_test(test_type_on_an_older_host_is_what_both_have),
		cmocka_unit_test(test_enforce_refuses_what_is_missing),
		cmocka_unit_test(test_features_are_added_and_taken_away),
		cmocka_unit_test(test_host_is_all_that_kvm_has),
		cmocka_unit_test(test_vcpus_differ_in_their_numbers_only),
		cmocka_unit_test(test_unknown_type_is_refused),
		cmocka_unit_test(test_spec_refuses_what_it_does_not_know),
		cmocka_unit_test(test_types_have_the_known_words),
	};

	return cmocka_run_group_tests_name("kvm_cpu", tests, NULL, NULL);
}
