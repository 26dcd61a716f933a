/* SPDX-License-Identifier: Apache-2.0 */
/* What facts about a host are judged to mean. */
#include "test.h"

#include "kvm/host.h"

#include <errno.h>

/* A host that can do everything. */
static struct cf_host_facts good(void)
{
	return (struct cf_host_facts) {
		.vendor = "AuthenticAMD",
		.model_name = "AMD EPYC 9654 96-Core Processor",
		.has_svm = true,
		.cpu_sev = true,
		.cpu_sev_es = true,
		.cpu_snp = true,
		.cbitpos = 51,
		.reduced_phys_bits = 1,
		.asids = 1006,
		.min_sev_asid = 100,
		.kernel = "6.12.0",
		.vm_types = 0x1d,
		.kvm_amd_loaded = true,
		.sev = CF_PARAM_ON,
		.sev_es = CF_PARAM_ON,
		.sev_snp = CF_PARAM_ON,
		.has_platform_status = true,
		.api_major = 1,
		.api_minor = 55,
		.firmware_es = true,
		.memlock = UINT64_MAX,
	};
}

static const struct cf_host_line *line_of(
	const struct cf_host_report *r, const char *what)
{
	for (size_t i = 0; i < r->nlines; i++)
		if (strcmp(r->line[i].what, what) == 0)
			return &r->line[i];
	fail_msg("no line '%s'", what);
	return NULL;
}

static void assert_can(
	const struct cf_host_report *r, bool plain, bool sev, bool es, bool snp)
{
	assert_int_equal(r->can[CF_KVM_PLAIN] == CF_HOST_YES, plain);
	assert_int_equal(r->can[CF_KVM_SEV] == CF_HOST_YES, sev);
	assert_int_equal(r->can[CF_KVM_SEV_ES] == CF_HOST_YES, es);
	assert_int_equal(r->can[CF_KVM_SEV_SNP] == CF_HOST_YES, snp);
}

static void test_good_host_can_do_everything(void **state)
{
	struct cf_host_facts f = good();
	struct cf_host_report r;

	cf_host_judge(&f, &r);
	assert_can(&r, true, true, true, true);
	for (size_t i = 0; i < r.nlines; i++)
		assert_string_equal(r.line[i].remedy, "");
	assert_string_equal(
		line_of(&r, "C-bit")->found, "cbitpos=51,reduced-phys-bits=1");
	assert_string_equal(
		line_of(&r, "ASIDs for SEV-ES and SNP")->found, "99 of 1006");
	assert_true(r.nlines <= CF_HOST_NLINES);
}

/* Each missing thing takes away just what needs it, and has a remedy. */
static void test_each_missing_thing_is_named(void **state)
{
	struct cf_host_facts no_es = good(), no_snp = good(), no_asid = good(),
			     no_param = good(), no_dev = good(),
			     no_kvm = good(), locked = good(), old = good();
	struct cf_host_report r;

	no_es.cpu_sev_es = no_es.cpu_snp = false;
	cf_host_judge(&no_es, &r);
	assert_can(&r, true, true, false, false);
	no_snp.cpu_snp = false;
	cf_host_judge(&no_snp, &r);
	assert_can(&r, true, true, true, false);
	no_asid.min_sev_asid = 1;
	cf_host_judge(&no_asid, &r);
	assert_can(&r, true, true, false, false);
	assert_non_null(strstr(line_of(&r, "ASIDs for SEV-ES and SNP")->remedy,
		"SEV-ES ASID Space Limit"));
	no_param.sev_es = CF_PARAM_OFF;
	cf_host_judge(&no_param, &r);
	assert_can(&r, true, true, false, false);
	assert_string_equal(line_of(&r, "kvm_amd sev_es")->found, "off");
	no_dev.sev_errno = EACCES;
	no_dev.has_platform_status = false;
	cf_host_judge(&no_dev, &r);
	assert_can(&r, true, false, false, false);
	assert_non_null(strstr(line_of(&r, "/dev/sev")->remedy, "group"));
	no_kvm.kvm_errno = ENOENT;
	cf_host_judge(&no_kvm, &r);
	assert_can(&r, false, false, false, false);
	assert_non_null(strstr(line_of(&r, "/dev/kvm")->remedy, "modprobe"));
	locked.memlock = 8 << 20;
	cf_host_judge(&locked, &r);
	assert_can(&r, true, false, false, true);
	assert_string_equal(line_of(&r, "memlock limit")->found, "8 MiB");
	old.vm_types = 1;
	cf_host_judge(&old, &r);
	assert_can(&r, true, true, true, false);
}

static void test_software_kvm_is_not_hardware(void **state)
{
	struct cf_host_facts f = good();
	struct cf_host_report r;

	f.has_svm = false;
	f.under_hypervisor = true;
	cf_host_judge(&f, &r);
	assert_can(&r, false, false, false, false);
	assert_non_null(strstr(line_of(&r, "/dev/kvm")->found, "software KVM"));
	assert_non_null(strstr(
		line_of(&r, "hardware virtualization")->remedy, "nested"));
}

static void test_gathering_this_host_is_possible(void **state)
{
	struct cf_host_facts f;
	struct cf_host_report r;

	cf_host_gather(cf_kvm_sys_linux(), &f);
	assert_int_equal(strlen(f.vendor), 12);
	assert_true(strlen(f.kernel) > 0);
	cf_host_judge(&f, &r);
	assert_true(r.nlines > 8 && r.nlines <= CF_HOST_NLINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_host_can_do_everything),
		cmocka_unit_test(test_each_missing_thing_is_named),
		cmocka_unit_test(test_software_kvm_is_not_hardware),
		cmocka_unit_test(test_gathering_this_host_is_possible),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
