/* SPDX-License-Identifier: Apache-2.0 */
/* QEMU command lines: what is taken, what is refused and how it is said. */
#include "test.h"

#include "cli/run/qemu_opts.h"

#define SNP  "-object", "sev-snp-guest,id=sev0,cbitpos=51,reduced-phys-bits=1"
#define IGVM "-object", "igvm-cfg,id=igvm0,file=x.igvm"

static struct coffer_error err;
static const struct cli_command self = { .name = "run",
	.args = "",
	.options = qemu_option_table };

#define parse(o, ...)                                             \
	parse_words((o), (const char *[]) { "run", __VA_ARGS__ }, \
		sizeof((const char *[]) { "run", __VA_ARGS__ }) / \
			sizeof(char *))

static int parse_words(struct qemu_options *o, const char **words, size_t n)
{
	return qemu_options_parse((int)n, (char **)words, &self, o);
}

/* The words parse, and resolving them gives this message. */
#define assert_refused(text, ...)                                         \
	do {                                                              \
		struct qemu_options o_;                                   \
		assert_int_equal(parse(&o_, __VA_ARGS__), -1);            \
		assert_int_not_equal(qemu_resolve(&o_, &err), COFFER_OK); \
		assert_message(text);                                     \
		qemu_options_finish(&o_);                                 \
	} while (0)

static void test_documented_igvm_command_line_is_taken(void **state)
{
	struct qemu_options o;

	assert_int_equal(
		parse(&o, "-machine",
			"q35,confidential-guest-support=sev0,igvm-cfg=igvm0",
			SNP, IGVM, "-smp", "4", "-m", "2G", "-qmp",
			"unix:/tmp/q,server=on,wait=off", "-serial", "stdio",
			"-cpu", "EPYC-v4", "-nographic", "-no-reboot"),
		-1);
	assert_ok(qemu_resolve(&o, &err));
	assert_int_equal(o.platform, CF_PLATFORM_SEV_SNP);
	assert_int_equal(o.vcpus, 4);
	assert_int_equal(o.ram, (uint64_t)2 << 30);
	assert_string_equal(qemu_get(o.igvm, "file"), "x.igvm");
	assert_int_equal(qemu_get_u64(o.guest, "cbitpos"), 51);
	assert_int_equal(qemu_get_u64(o.guest, "policy"), 0x30000);
	assert_true(o.nographic && o.no_reboot);
	qemu_options_finish(&o);
}

static void test_sev_policy_selects_sev_es(void **state)
{
	struct qemu_options o;

	assert_int_equal(
		parse(&o, "--machine", "q35", "-machine", "memory-encryption=s",
			"-object",
			"sev-guest,id=s,cbitpos=47,reduced-phys-bits=1,"
			"policy=0x5"),
		-1);
	assert_ok(qemu_resolve(&o, &err));
	assert_int_equal(o.platform, CF_PLATFORM_SEV_ES);
	qemu_options_finish(&o);
	assert_int_equal(
		parse(&o, "-M", "confidential-guest-support=s", "-object",
			"sev-guest,id=s,cbitpos=47,reduced-phys-bits=1"),
		-1);
	assert_ok(qemu_resolve(&o, &err));
	assert_int_equal(o.platform, CF_PLATFORM_SEV);
	assert_int_equal(o.ram, 128 << 20);
	assert_int_equal(o.vcpus, 1);
	qemu_options_finish(&o);
}

static void test_memory_backend_gives_the_ram_size(void **state)
{
	struct qemu_options o;

	assert_int_equal(
		parse(&o, "-machine", "q35,memory-backend=ram1", "-object",
			"memory-backend-memfd,id=ram1,size=4G,share=true",
			"-smp", "sockets=1,cores=2,threads=2"),
		-1);
	assert_ok(qemu_resolve(&o, &err));
	assert_int_equal(o.ram, (uint64_t)4 << 30);
	assert_int_equal(o.vcpus, 4);
	qemu_options_finish(&o);
	assert_refused("not the size that -m gives", "-machine",
		"memory-backend=r", "-m", "1G", "-object",
		"memory-backend-ram,id=r,size=2G");
}

static void test_double_comma_is_a_comma(void **state)
{
	struct qemu_options o;

	assert_int_equal(parse(&o, "-drive", "file=a,,b.img,format=raw"), -1);
	assert_string_equal(qemu_get(&o.drive.set[0], "file"), "a,b.img");
	qemu_options_finish(&o);
}

static void test_unknown_option_is_a_usage_error(void **state)
{
	struct qemu_options o;

	assert_int_equal(parse(&o, "-frobnicate"), CLI_USAGE);
	assert_int_equal(parse(&o, "file.igvm"), CLI_USAGE);
	assert_int_equal(parse(&o, "-m"), CLI_USAGE);
}

static void test_unknown_property_type_and_value_fail(void **state)
{
	struct qemu_options o;

	assert_int_equal(parse(&o, "-machine", "frob=1"), CLI_FAILED);
	assert_int_equal(parse(&o, "-machine", "pc"), CLI_FAILED);
	assert_int_equal(parse(&o, "-object", "tdx-guest,id=t"), CLI_FAILED);
	assert_int_equal(
		parse(&o, "-object", "sev-guest,id=s,cbitpos=x"), CLI_FAILED);
	assert_int_equal(
		parse(&o, "-object", "sev-guest,id=s,policy=0x100000000"),
		CLI_FAILED);
	assert_int_equal(parse(&o, "-smp", "4,frob=2"), CLI_FAILED);
	assert_int_equal(parse(&o, "-m", "2X"), CLI_FAILED);
	assert_int_equal(
		parse(&o, "-object", "sev-snp-guest,id=s,host-data=AAA"),
		CLI_FAILED);
	assert_int_equal(parse(&o, "-device", "e1000,netdev=n"), CLI_FAILED);
	assert_int_equal(
		parse(&o, "-drive", "file=x,format=qcow2"), CLI_FAILED);
}

static void test_igvm_excludes_other_firmware(void **state)
{
	assert_refused("-bios cannot be given with igvm-cfg", "-machine",
		"igvm-cfg=igvm0", IGVM, "-bios", "OVMF.fd");
	assert_refused("pflash devices cannot be configured", "-machine",
		"igvm-cfg=igvm0", IGVM, "-drive", "if=pflash,file=OVMF.fd");
	assert_refused("needs file=PATH", "-machine", "igvm-cfg=igvm0",
		"-object", "igvm-cfg,id=igvm0");
}

static void test_ids_must_name_objects_of_the_right_type(void **state)
{
	assert_refused("no object has the id 'sev0'", "-machine",
		"confidential-guest-support=sev0");
	assert_refused(
		"no object has the id 'x'", "-machine", "igvm-cfg=x", SNP);
	assert_refused("is a igvm-cfg", "-machine",
		"confidential-guest-support=igvm0", IGVM);
	assert_refused("id 'sev0' is used twice", SNP, SNP);
	assert_refused("needs an id", "-object", "sev-guest,cbitpos=51");
	assert_refused("is not used", SNP);
}

static void test_guest_objects_check_what_qemu_checks(void **state)
{
	assert_refused("range of 1 to 63", "-machine",
		"confidential-guest-support=s", "-object",
		"sev-guest,id=s,cbitpos=51");
	assert_refused("cbitpos is 0", "-machine",
		"confidential-guest-support=s", "-object",
		"sev-guest,id=s,reduced-phys-bits=1");
	assert_refused("does not support SMM", "-machine",
		"smm=on,confidential-guest-support=sev0", SNP);
	assert_refused("in-kernel irqchip", "-machine",
		"kernel-irqchip=off,confidential-guest-support=sev0", SNP);
	assert_refused("secure-tsc", "-machine", "confidential-guest-support=s",
		"-object",
		"sev-snp-guest,id=s,cbitpos=51,reduced-phys-bits=1,"
		"tsc-frequency=1000000");
	assert_refused("length of 3 not equal to 32", "-machine",
		"confidential-guest-support=s", "-object",
		"sev-snp-guest,id=s,cbitpos=51,reduced-phys-bits=1,"
		"host-data=AAAA");
	assert_refused("go together", "-machine",
		"confidential-guest-support=s", "-object",
		"sev-snp-guest,id=s,cbitpos=51,reduced-phys-bits=1,"
		"id-auth=AAAA");
}

static void test_what_does_not_exist_is_refused_by_name(void **state)
{
	assert_refused("-vga std", "-vga", "std");
	assert_refused("-display gtk", "-display", "gtk");
	assert_refused("usb=on", "-machine", "usb=on");
	assert_refused("-append needs -kernel", "-append", "quiet");
	assert_refused("1 to 64", "-smp", "65");
	assert_refused("1 to 64", "-smp", "0");
	assert_refused("whole MiB", "-m", "0");
	assert_refused("1 TiB", "-m", "2T");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documented_igvm_command_line_is_taken),
		cmocka_unit_test(test_sev_policy_selects_sev_es),
		cmocka_unit_test(test_memory_backend_gives_the_ram_size),
		cmocka_unit_test(test_double_comma_is_a_comma),
		cmocka_unit_test(test_unknown_option_is_a_usage_error),
		cmocka_unit_test(test_unknown_property_type_and_value_fail),
		cmocka_unit_test(test_igvm_excludes_other_firmware),
		cmocka_unit_test(test_ids_must_name_objects_of_the_right_type),
		cmocka_unit_test(test_guest_objects_check_what_qemu_checks),
		cmocka_unit_test(test_what_does_not_exist_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
