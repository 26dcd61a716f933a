/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command lines of QEMU's documents on IGVM and on AMD memory encryption,
 * word for word with files in place, on the fake kernel: from options to the
 * first instruction.
 */
#include "test.h"

#include "cli/run/run_priv.h"
#include "fake_kvm.h"
#include "igvmkit/igvmkit.h"
#include "syn.h"

#include <fcntl.h>
#include <unistd.h>

static struct coffer_error err;
static struct fake_kvm fake;
static char dir[32], firmware[64], igvm_snp[64], igvm_sev[64];
/* What a test changes of the kernel before it is used. */
static void (*before)(void);
static const struct cli_command self = { .name = "run" };

static void write_igvm(const char *path, enum cf_igvm_platform_type type,
	const uint8_t *image, size_t len)
{
	struct cf_build_params p = { .firmware = image,
		.firmware_len = len,
		.platform = { { .type = type } },
		.nplatforms = 1,
		.vcpus = 1 };
	struct cf_buf out = { 0 };

	assert_ok(cf_build_from_firmware(&p, &out, &err));
	assert_ok(cf_write_file(path, 0600, out.data, out.len, &err));
	cf_buf_finish(&out);
}

static int group_setup(void **state)
{
	uint8_t image[SYN_LEN];

	strcpy(dir, "/tmp/coffer-test-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(firmware, sizeof(firmware), "%s/OVMF.fd", dir);
	snprintf(igvm_snp, sizeof(igvm_snp), "%s/sev-snp.igvm", dir);
	snprintf(igvm_sev, sizeof(igvm_sev), "%s/sev.igvm", dir);
	make_syn(image);
	assert_ok(cf_write_file(firmware, 0600, image, sizeof(image), &err));
	write_igvm(igvm_snp, CF_IGVM_SEV_SNP, image, sizeof(image));
	write_igvm(igvm_sev, CF_IGVM_SEV, image, sizeof(image));
	return 0;
}

static int group_teardown(void **state)
{
	unlink(firmware);
	unlink(igvm_snp);
	unlink(igvm_sev);
	rmdir(dir);
	return 0;
}

/* The command on the fake kernel, without its standard error; the guest's
 * word 0x10 to isa-debug-exit makes the status 0x21. */
static int run(const char **words)
{
	const char *argv[40] = { "run" };
	int argc = 1, quiet, saved, status;
	struct cf_kvm_sys sys;

	for (; *words; words++)
		argv[argc++] = *words;
	fake_kvm_init(&fake);
	fake.last_word = 0x10;
	if (before)
		before();
	before = NULL;
	sys = fake_kvm_sys(&fake);
	saved = dup(STDERR_FILENO);
	quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(quiet, STDERR_FILENO);
	status = run_guest(argc, (char **)argv, &self, &sys);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(quiet);
	return status;
}

#define REST                                                           \
	"-accel", "kvm", "-m", "64", "-serial", "null", "-no-seccomp", \
		"-device", "isa-debug-exit,iobase=0xf4,iosize=0x4", NULL

#define RUN(...) run((const char *[]) { __VA_ARGS__, REST })

static void assert_launched(int status, const char *calls)
{
	if (fake.complaint[0])
		fail_msg("the kernel complains: %s", fake.complaint);
	assert_int_equal(status, 0x21);
	assert_string_equal(fake.calls, calls);
	assert_int_equal(fake.open_fds, 0);
}

static void test_sev_guest_of_the_document(void **state)
{
	assert_launched(RUN("-machine", "q35,confidential-guest-support=sev0",
				"-object",
				"sev-guest,id=sev0,cbitpos=51,"
				"reduced-phys-bits=1,legacy-vm-type=off",
				"-bios", firmware),
		"INIT2 START DATA MEASURE FINISH");
}

static void test_sev_es_guest_of_the_document(void **state)
{
	assert_launched(RUN("-machine", "q35,confidential-guest-support=sev0",
				"-object",
				"sev-guest,id=sev0,cbitpos=51,"
				"reduced-phys-bits=1,policy=0x5",
				"-bios", firmware),
		"INIT2 START DATA VMSA MEASURE FINISH");
}

static void test_legacy_vm_type_uses_the_old_commands(void **state)
{
	assert_launched(RUN("-machine", "q35,confidential-guest-support=sev0",
				"-object",
				"sev-guest,id=sev0,cbitpos=51,"
				"reduced-phys-bits=1,policy=0x5,"
				"legacy-vm-type=on",
				"-bios", firmware),
		"ES_INIT START DATA VMSA MEASURE FINISH");
}

static void be_old(void)
{
	fake.vm_types = 1u << 0;
}

static void test_legacy_vm_type_auto_follows_the_kernel(void **state)
{
	before = be_old;
	assert_launched(RUN("-machine", "q35,confidential-guest-support=sev0",
				"-object",
				"sev-guest,id=sev0,cbitpos=51,"
				"reduced-phys-bits=1,policy=0x5",
				"-bios", firmware),
		"ES_INIT START DATA VMSA MEASURE FINISH");
	before = be_old;
	assert_int_equal(
		RUN("-machine", "q35,confidential-guest-support=sev0",
			"-object",
			"sev-guest,id=sev0,cbitpos=51,reduced-phys-bits=1,"
			"legacy-vm-type=off",
			"-bios", firmware),
		CLI_FAILED);
	assert_string_equal(fake.calls, "");
}

static void offer_secure_tsc(void)
{
	fake.vmsa_features = 1u << 9;
}

static void test_secure_tsc_frequency_is_set_before_vcpus(void **state)
{
	int status;

	before = offer_secure_tsc;
	status = RUN("-machine", "q35,confidential-guest-support=sev0",
		"-object",
		"sev-snp-guest,id=sev0,cbitpos=51,reduced-phys-bits=1,"
		"secure-tsc=on,tsc-frequency=2500000000",
		"-bios", firmware);
	assert_string_equal(fake.complaint, "");
	assert_int_equal(status, 0x21);
	assert_int_equal(fake.init_features, 1u << 9);
	assert_int_equal(fake.tsc_khz, 2500000);
}

static void test_snp_guest_of_the_document(void **state)
{
	int status = RUN("-machine", "q35,confidential-guest-support=sev0",
		"-object",
		"sev-snp-guest,id=sev0,cbitpos=51,reduced-phys-bits=1", "-bios",
		firmware);

	assert_string_equal(fake.complaint, "");
	assert_int_equal(status, 0x21);
	assert_non_null(strstr(fake.calls, "INIT2 SNP_START SNP_UPDATE"));
	assert_non_null(strstr(fake.calls, "SNP_FINISH"));
}

static void test_igvm_snp_guest(void **state)
{
	char object[128];
	int status;

	snprintf(object, sizeof(object), "igvm-cfg,id=igvm0,file=%s", igvm_snp);
	status = RUN("-machine",
		"q35,confidential-guest-support=sev0,igvm-cfg=igvm0", "-object",
		"sev-snp-guest,id=sev0,cbitpos=51,reduced-phys-bits=1",
		"-object", object);
	assert_string_equal(fake.complaint, "");
	assert_int_equal(status, 0x21);
	assert_non_null(strstr(fake.calls, "SNP_FINISH"));
}

static void test_igvm_sev_guest_of_the_document(void **state)
{
	char object[128];

	snprintf(object, sizeof(object), "igvm-cfg,id=igvm0,file=%s", igvm_sev);
	assert_int_equal(
		RUN("-machine",
			"q35,confidential-guest-support=sev0,igvm-cfg=igvm0",
			"-object",
			"sev-guest,id=sev0,cbitpos=51,reduced-phys-bits=1",
			"-object", object),
		0x21);
	assert_string_equal(fake.complaint, "");
	assert_non_null(strstr(fake.calls, "START DATA"));
}

static void test_wrong_cbit_is_refused_before_the_launch(void **state)
{
	assert_int_equal(
		RUN("-machine", "q35,confidential-guest-support=sev0",
			"-object",
			"sev-guest,id=sev0,cbitpos=47,reduced-phys-bits=1",
			"-bios", firmware),
		CLI_FAILED);
	assert_null(strstr(fake.calls, "START"));
	assert_int_equal(fake.open_fds, 0);
}

static void test_snp_file_is_no_sev_guest(void **state)
{
	char object[128];

	snprintf(object, sizeof(object), "igvm-cfg,id=igvm0,file=%s", igvm_snp);
	assert_int_equal(
		RUN("-machine",
			"q35,confidential-guest-support=sev0,igvm-cfg=igvm0",
			"-object",
			"sev-guest,id=sev0,cbitpos=51,reduced-phys-bits=1",
			"-object", object),
		CLI_FAILED);
	assert_string_equal(fake.calls, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sev_guest_of_the_document),
		cmocka_unit_test(test_sev_es_guest_of_the_document),
		cmocka_unit_test(test_legacy_vm_type_uses_the_old_commands),
		cmocka_unit_test(test_legacy_vm_type_auto_follows_the_kernel),
		cmocka_unit_test(test_secure_tsc_frequency_is_set_before_vcpus),
		cmocka_unit_test(test_snp_guest_of_the_document),
		cmocka_unit_test(test_igvm_snp_guest),
		cmocka_unit_test(test_igvm_sev_guest_of_the_document),
		cmocka_unit_test(test_wrong_cbit_is_refused_before_the_launch),
		cmocka_unit_test(test_snp_file_is_no_sev_guest),
	};

	return cmocka_run_group_tests_name(
		"run_documents", tests, group_setup, group_teardown);
}
