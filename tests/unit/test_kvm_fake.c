/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hardware path on the fake kernel: SEV, SEV-ES and SNP launches from
 * open to first instruction, what the kernel may answer, and that the digest
 * which the firmware sees is the one computed offline.
 */
#include "test.h"

#include "accel/accel.h"
#include "crypto/crypto.h"
#include "fake_kvm.h"
#include "kvm/uapi.h"
#include "sp/kvm/sp_kvm.h"
#include "sp/soft/kvm_shape.h"

#include <errno.h>

static struct coffer_error err;
static struct fake_kvm fake;
static struct cf_kvm_sys sys;
static struct cf_kvm_vm *kvm;
static struct cf_memory *mem;
static struct cf_vm *vm;
static struct cf_sp_guest *guest;
static struct cf_plan *plan;
static struct cf_sp_soft *chip; /* NULL: only the digest is kept */
static bool with_chip;
static struct cf_ovmf ovmf;
static uint8_t image[8192];

/* A firmware image of 8 KiB that has all the tables and no code: SEV metadata
 * with five sections, reset block, secret and hash areas (the synthetic
 * firmware of the measurement notes). */
static void make_image(void)
{
	static const char meta[] =
		"415345564c0000000100000005000000008000000020000001000000"
		"002080000010000002000000003080000010000003000000004080000010"
		"000004000000000081000010000010000000";
	static const char tables[] =
		"001000001600666588dc4a989847a75e5585a7bf67cc"
		"000c8100000400001a001f3755723b3a044b927b1da6efa8d454"
		"00008100000c00001a0061b32e4c9b7dc34c8081127c90d3d294"
		"04b080001600de71f7007e1acb4f890e68c77e2fb44e"
		"7200de82b596b21ff745baeaa366c55a082d";

	memset(image, 0, sizeof(image));
	assert_true(cf_unhex(meta, image + 0x1000, 76));
	assert_true(cf_unhex(tables, image + 0x1F6E, 114));
	assert_ok(cf_ovmf_parse(image, sizeof(image), &ovmf, &err));
}

static int setup(void **state)
{
	fake_kvm_init(&fake);
	sys = fake_kvm_sys(&fake);
	kvm = NULL;
	mem = NULL;
	vm = NULL;
	guest = NULL;
	plan = NULL;
	chip = NULL;
	with_chip = false;
	make_image();
	return 0;
}

static int teardown(void **state)
{
	cf_accel_kvm_ops()->vm_destroy(vm);
	cf_sp_guest_destroy(guest);
	cf_kvm_close(kvm);
	cf_kvm_shape_destroy(fake.shape);
	cf_sp_soft_destroy(chip);
	cf_memory_destroy(mem);
	cf_plan_destroy(plan);
	cf_sp_guest_destroy(fake.firmware);
	if (fake.open_fds)
		print_error("%u descriptors are left open\n", fake.open_fds);
	return fake.open_fds ? -1 : 0;
}

static uint32_t pio_read(
	void *opaque, unsigned vcpu, uint16_t port, unsigned size)
{
	return 0;
}

static void pio_write(void *opaque, unsigned vcpu, uint16_t port, unsigned size,
	uint32_t value)
{
	if (port == 0xf4)
		cf_accel_kvm_ops()->kick(vm, vcpu);
}

static const struct cf_accel_host host = {
	.pio_read = pio_read,
	.pio_write = pio_write,
};

static enum coffer_status open_vm(enum cf_platform platform, bool legacy)
{
	static const enum cf_kvm_generation generations[] = {
		[CF_PLATFORM_NATIVE] = CF_KVM_PLAIN,
		[CF_PLATFORM_SEV] = CF_KVM_SEV,
		[CF_PLATFORM_SEV_ES] = CF_KVM_SEV_ES,
		[CF_PLATFORM_SEV_SNP] = CF_KVM_SEV_SNP,
	};
	struct cf_kvm_config config = { .sys = &sys,
		.generation = generations[platform],
		.legacy = legacy,
		.sev_device = "/dev/sev" };

	return cf_kvm_open(&config, &kvm, &err);
}

static void make_plan(enum cf_platform platform, unsigned vcpus, bool legacy)
{
	struct cf_firmware_params p = { .ovmf = &ovmf,
		.platform = platform,
		.vmm = CF_VMM_QEMU,
		.vcpus = vcpus,
		.cpuid_signature = 0x800F12,
		.sev_features = platform == CF_PLATFORM_SEV_SNP,
		.has_policy = true,
		.policy = platform == CF_PLATFORM_SEV_SNP ? 0x30000
			: platform == CF_PLATFORM_SEV_ES  ? 5
							  : 1,
		.era = legacy ? cf_vmsa_era_by_name(CF_VMM_QEMU, "es-init")
			      : NULL };

	assert_ok(cf_plan_from_firmware(&p, &plan, &err));
}

/* Roots of RSA keys take seconds to make: one set for all tests. */
static uint8_t *roots;
static size_t roots_len;

static enum coffer_status load_record(void *opaque, const char *record,
	uint8_t **data, size_t *len, struct coffer_error *e)
{
	*data = NULL;
	if (strcmp(record, "roots") || !roots)
		return COFFER_OK;
	*data = cf_dup(roots, roots_len);
	*len = roots_len;
	return COFFER_OK;
}

static enum coffer_status store_record(void *opaque, const char *record,
	const uint8_t *data, size_t len, struct coffer_error *e)
{
	if (strcmp(record, "roots") || roots)
		return COFFER_OK;
	roots = cf_dup(data, len);
	roots_len = len;
	return COFFER_OK;
}

/* The whole software processor behind the fake kernel. */
static void make_chip(enum cf_platform platform, unsigned vcpus)
{
	struct cf_sp_soft_config c = { .product = CF_SP_MILAN,
		.seed = (const uint8_t *)"fake",
		.seed_len = 4,
		.ops = { .load = load_record, .store = store_record } };
	struct cf_kvm_shape_config shape = { .platform = platform,
		.asid = 1,
		.vcpus = vcpus,
		.opaque = &fake,
		.mem = mem,
		.vmsa = platform == CF_PLATFORM_SEV ? NULL : fake_kvm_vmsa };
	struct cf_sp_soft_memory memory;

	assert_ok(cf_sp_soft_create(&c, &chip, &err));
	cf_sp_soft_memory_bind(mem, &memory);
	cf_sp_soft_set_memory(chip, &memory);
	shape.sp = chip;
	assert_ok(cf_kvm_shape_create(&shape, &fake.shape, &err));
}

/* Everything up to the replay; the plan and the fake are set up. */
static enum coffer_status prepare(
	enum cf_platform platform, unsigned vcpus, bool legacy)
{
	struct cf_vm_config config = {
		.platform = platform, .vcpus = vcpus, .host = &host
	};
	struct cf_sp_kvm_config sp = { .legacy = legacy,
		.sev_features = platform == CF_PLATFORM_SEV_SNP };
	enum coffer_status status = open_vm(platform, legacy);

	if (status)
		return status;
	assert_ok(cf_memory_create(&mem, &err));
	assert_ok(cf_memory_add(mem, 0, 0x900000, CF_REGION_RAM, "ram", &err));
	assert_ok(cf_memory_add(
		mem, 0xFFFFE000, 0x2000, CF_REGION_RAM, "firmware", &err));
	if (with_chip)
		make_chip(platform, vcpus);
	sp.kvm = kvm;
	sp.memory = mem;
	status = cf_sp_kvm_create(&sp, &guest, &err);
	if (status)
		return status;
	config.memory = mem;
	config.kvm = kvm;
	return cf_accel_kvm_ops()->vm_create(&config, &vm, &err);
}

static void set_states(void)
{
	for (size_t i = 0; i < plan->nsteps; i++) {
		struct cf_cpu_state s;

		if (plan->step[i].kind != CF_STEP_VCPU)
			continue;
		cf_vmsa_decode(plan->step[i].data, &s);
		assert_ok(cf_accel_kvm_ops()->set_state(
			vm, plan->step[i].vp_index, &s, &err));
	}
}

static enum coffer_status launch(void)
{
	struct cf_launch_params params = { 0 };
	struct cf_sp_finish finish = { 0 };
	enum coffer_status status;

	set_states();
	status = cf_launch_replay(plan, &params, mem, guest, &err);
	if (!status)
		status = guest->ops->launch_finish(guest, &finish, &err);
	return status;
}

/* The digest that the fake's firmware ended with is the offline one. */
static void assert_digest_is_expected(void)
{
	uint8_t want[CF_DIGEST_MAX], got[CF_DIGEST_MAX];
	size_t want_len, got_len;

	assert_ok(cf_launch_digest(plan, NULL, want, &want_len, &err));
	assert_ok(fake.firmware->ops->launch_digest(
		fake.firmware, got, &got_len, &err));
	assert_int_equal(got_len, want_len);
	assert_memory_equal(got, want, want_len);
}

static void launch_and_run(
	enum cf_platform platform, unsigned vcpus, bool legacy)
{
	struct cf_stop_info stop;

	assert_ok(cf_sp_digest_create(NULL, &fake.firmware, &err));
	make_plan(platform, vcpus, legacy);
	assert_ok(prepare(platform, vcpus, legacy));
	assert_ok(launch());
	assert_string_equal(fake.complaint, "");
	assert_true(fake.is_running);
	assert_int_equal(fake.cpuid_queries, 1); /* for all vCPUs */
	assert_digest_is_expected();
	cf_accel_kvm_ops()->run(vm, 0, UINT64_MAX, &stop);
	assert_int_equal(stop.why, CF_STOP_KICK);
	assert_string_equal(fake.complaint, "");
}

static void test_sev_launch_measures_what_was_predicted(void **state)
{
	launch_and_run(CF_PLATFORM_SEV, 1, false);
	assert_string_equal(fake.calls, "INIT2 START DATA MEASURE FINISH");
}

static void test_sev_es_launch_measures_vmsas_once(void **state)
{
	launch_and_run(CF_PLATFORM_SEV_ES, 4, false);
	assert_string_equal(fake.calls, "INIT2 START DATA VMSA MEASURE FINISH");
}

static void test_legacy_vm_types_use_the_old_commands(void **state)
{
	launch_and_run(CF_PLATFORM_SEV_ES, 2, true);
	assert_string_equal(
		fake.calls, "ES_INIT START DATA VMSA MEASURE FINISH");
}

static void test_snp_launch_measures_what_was_predicted(void **state)
{
	launch_and_run(CF_PLATFORM_SEV_SNP, 4, false);
	assert_non_null(strstr(fake.calls, "INIT2 SNP_START SNP_UPDATE"));
	assert_null(strstr(fake.calls, "MEASURE"));
	assert_non_null(strstr(fake.calls, "SNP_FINISH"));
}

/* The same driver over the software processor itself: its digest is the
 * offline one too, and it says what hardware would. */
static void launch_on_chip(enum cf_platform platform, unsigned vcpus)
{
	uint8_t want[CF_DIGEST_MAX], got[CF_DIGEST_MAX];
	size_t want_len, got_len;
	struct cf_sp_guest *inner;

	with_chip = true;
	make_plan(platform, vcpus, false);
	assert_ok(prepare(platform, vcpus, false));
	assert_ok(launch());
	assert_string_equal(fake.complaint, "");
	inner = cf_kvm_shape_guest(fake.shape);
	assert_ok(cf_launch_digest(plan, NULL, want, &want_len, &err));
	assert_ok(inner->ops->launch_digest(inner, got, &got_len, &err));
	assert_int_equal(got_len, want_len);
	assert_memory_equal(got, want, want_len);
}

static void test_software_processor_measures_the_same_sev(void **state)
{
	launch_on_chip(CF_PLATFORM_SEV, 1);
}

static void test_software_processor_measures_the_same_es(void **state)
{
	launch_on_chip(CF_PLATFORM_SEV_ES, 2);
}

static void test_software_processor_measures_the_same_snp(void **state)
{
	launch_on_chip(CF_PLATFORM_SEV_SNP, 4);
}

static void test_wrong_id_block_is_the_firmwares_bad_measurement(void **state)
{
	static const uint8_t block[96], auth[4096];
	struct cf_sp_finish finish = {
		.id_block_enabled = true, .id_block = block, .id_auth = auth
	};
	struct cf_launch_params params = { 0 };

	with_chip = true;
	make_plan(CF_PLATFORM_SEV_SNP, 1, false);
	assert_ok(prepare(CF_PLATFORM_SEV_SNP, 1, false));
	set_states();
	assert_ok(cf_launch_replay(plan, &params, mem, guest, &err));
	assert_status(COFFER_ERR_FIRMWARE,
		guest->ops->launch_finish(guest, &finish, &err));
	assert_message("SNP_LAUNCH_FINISH");
	assert_true(err.fw_status == CF_FW_BAD_MEASUREMENT ||
		err.fw_status == CF_FW_INVALID_PARAM);
}

static void test_partial_and_repeated_updates_give_the_same(void **state)
{
	fake.eagain = 5;
	fake.pages_per_call = 1;
	launch_and_run(CF_PLATFORM_SEV_SNP, 1, false);
	assert_int_equal(fake.eagain, 0);
}

static void test_endless_eagain_is_given_up(void **state)
{
	fake.eagain = UINT32_MAX;
	make_plan(CF_PLATFORM_SEV_SNP, 1, false);
	assert_ok(prepare(CF_PLATFORM_SEV_SNP, 1, false));
	assert_status(COFFER_ERR_SYSTEM, launch());
	assert_message("EAGAIN");
}

static void test_cpuid_correction_names_leaf_and_registers(void **state)
{
	static _Alignas(4096) uint8_t page[4096];
	struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV_SNP,
		.policy = 0x30000 };
	struct cf_sp_update u = { .gpa = 0x803000,
		.len = 4096,
		.type = CF_PAGE_CPUID,
		.data = page };

	cf_store_le32(page, 1);
	cf_store_le32(page + 0x10, 1);
	cf_store_le32(page + 0x10 + 0x20, 0x01000080);
	fake.correct_cpuid = true;
	assert_ok(prepare(CF_PLATFORM_SEV_SNP, 1, false));
	assert_ok(guest->ops->launch_start(guest, &l, &err));
	assert_status(COFFER_ERR_FIRMWARE,
		guest->ops->launch_update(guest, &u, &err));
	assert_int_equal(err.fw_status, CF_FW_INVALID_PARAM);
	assert_message("CPUID 0x1/0x0");
	assert_message("ecx=01000080");
	assert_message("ecx=01000000");
}

static void test_missing_devices_and_old_kernels_are_named(void **state)
{
	fake.no_dev_kvm = true;
	assert_status(COFFER_ERR_SYSTEM, open_vm(CF_PLATFORM_NATIVE, false));
	assert_message("/dev/kvm: cannot open");
	fake.no_dev_kvm = false;
	fake.no_dev_sev = true;
	assert_status(COFFER_ERR_SYSTEM, open_vm(CF_PLATFORM_SEV, false));
	assert_message("/dev/sev: cannot open");
	fake.no_dev_sev = false;
	fake.vm_types = 1;
	assert_status(
		COFFER_ERR_UNSUPPORTED, open_vm(CF_PLATFORM_SEV_SNP, false));
	assert_message("does not offer SEV-SNP guests (VM type 4)");
	assert_ok(open_vm(CF_PLATFORM_SEV, true));
}

static void test_kernel_without_hypercall_exits_is_refused(void **state)
{
	fake.no_hypercall_exit = true;
	assert_status(
		COFFER_ERR_UNSUPPORTED, prepare(CF_PLATFORM_SEV_SNP, 1, false));
	assert_message("KVM_CAP_EXIT_HYPERCALL");
}

static void test_firmware_without_es_is_refused(void **state)
{
	fake.es_configured = false;
	assert_status(
		COFFER_ERR_UNSUPPORTED, prepare(CF_PLATFORM_SEV_ES, 1, false));
	assert_message("requires SEV-ES");
}

static void test_sev_features_must_fit_guest_and_kernel(void **state)
{
	struct cf_sp_kvm_config sp = { .sev_features = 0x21 };

	assert_ok(open_vm(CF_PLATFORM_SEV_SNP, false));
	sp.kvm = kvm;
	assert_status(
		COFFER_ERR_UNSUPPORTED, cf_sp_kvm_create(&sp, &guest, &err));
	assert_message("sev_features 0x20 that this kernel does not offer");
	sp.sev_features = 0;
	assert_status(
		COFFER_ERR_UNSUPPORTED, cf_sp_kvm_create(&sp, &guest, &err));
	assert_message("lack SNP_ACTIVE");
	fake.vmsa_features = 0x20;
	sp.sev_features = 0x21;
	assert_ok(cf_sp_kvm_create(&sp, &guest, &err));
	assert_int_equal(fake.init_features, 0x20);
}

/* Each command fails once with an errno and once with a firmware status; the
 * message names the command, the error keeps the code. */
static void test_every_refused_command_is_named(void **state)
{
	static const struct {
		enum cf_platform platform;
		uint32_t id;
		const char *name;
	} commands[] = {
		{ CF_PLATFORM_SEV, CF_KVM_SEV_INIT2, "KVM_SEV_INIT2" },
		{ CF_PLATFORM_SEV, CF_KVM_SEV_LAUNCH_START, "LAUNCH_START" },
		{ CF_PLATFORM_SEV, CF_KVM_SEV_LAUNCH_UPDATE_DATA,
			"LAUNCH_UPDATE_DATA" },
		{ CF_PLATFORM_SEV_ES, CF_KVM_SEV_LAUNCH_UPDATE_VMSA,
			"LAUNCH_UPDATE_VMSA" },
		{ CF_PLATFORM_SEV, CF_KVM_SEV_LAUNCH_MEASURE,
			"LAUNCH_MEASURE" },
		{ CF_PLATFORM_SEV, CF_KVM_SEV_LAUNCH_FINISH, "LAUNCH_FINISH" },
		{ CF_PLATFORM_SEV_SNP, CF_KVM_SEV_SNP_LAUNCH_START,
			"SNP_LAUNCH_START" },
		{ CF_PLATFORM_SEV_SNP, CF_KVM_SEV_SNP_LAUNCH_UPDATE,
			"SNP_LAUNCH_UPDATE" },
		{ CF_PLATFORM_SEV_SNP, CF_KVM_SEV_SNP_LAUNCH_FINISH,
			"SNP_LAUNCH_FINISH" },
	};

	for (size_t i = 0; i < 2 * CF_ARRAY_LEN(commands); i++) {
		enum cf_platform platform = commands[i / 2].platform;
		enum coffer_status status;

		teardown(state);
		setup(state);
		fake.fail_id = commands[i / 2].id;
		fake.fail_errno = EIO;
		fake.fail_fw = i % 2 ? CF_FW_POLICY_FAILURE : 0;
		make_plan(platform, 1, false);
		status = prepare(platform, 1, false);
		if (!status)
			status = launch();
		assert_int_equal(status,
			i % 2 ? COFFER_ERR_FIRMWARE : COFFER_ERR_SYSTEM);
		assert_message(commands[i / 2].name);
		if (i % 2)
			assert_int_equal(err.fw_status, CF_FW_POLICY_FAILURE);
		else
			assert_int_equal(err.sys_errno, EIO);
	}
}

static void test_guest_page_state_changes_reach_the_kernel(void **state)
{
	struct cf_stop_info stop;

	fake.exit_reason = KVM_EXIT_HYPERCALL;
	fake.exit_data[0] = 12;
	fake.exit_data[1] = 0x400000;
	fake.exit_data[2] = 3;
	fake.exit_data[3] = 0x10;
	launch_and_run(CF_PLATFORM_SEV_SNP, 1, false);
	assert_int_equal(fake.private_gfn[fake.nprivate - 1], 0x402);
	/* The access in the other state comes with EFAULT. */
	fake.ran[0] = false;
	fake.exit_reason = CF_KVM_EXIT_MEMORY_FAULT;
	fake.exit_result = -EFAULT;
	fake.exit_data[0] = 0;
	fake.exit_data[1] = 0x402000;
	fake.exit_data[2] = 0x1000;
	cf_accel_kvm_ops()->run(vm, 0, UINT64_MAX, &stop);
	assert_int_equal(stop.why, CF_STOP_KICK);
	assert_int_equal(fake.private_gfn[fake.nprivate - 1], 0x401);
}

/* Flash: a read-only slot, which goes while the chip answers itself. */
static void test_flash_slots_come_and_go(void **state)
{
	struct cf_kvm_config c = { .sys = &sys, .generation = CF_KVM_PLAIN };

	assert_ok(cf_kvm_open(&c, &kvm, &err));
	assert_ok(cf_memory_create(&mem, &err));
	assert_ok(cf_memory_add(mem, 0, 0x2000, CF_REGION_RAM, "ram", &err));
	assert_ok(cf_memory_add(
		mem, 0xFFFFE000, 0x2000, CF_REGION_FLASH, "flash", &err));
	assert_ok(cf_kvm_set_memory(kvm, mem, &err));
	assert_false(fake.slot[0].readonly);
	assert_true(fake.slot[1].readonly);
	assert_ok(cf_memory_hide(mem, 0xFFFFE000, true, &err));
	assert_true(fake.slot[1].gone);
	assert_false(fake.slot[0].gone);
	assert_ok(cf_memory_hide(mem, 0xFFFFE000, false, &err));
	assert_false(fake.slot[1].gone);
	assert_true(fake.slot[1].readonly);
	assert_string_equal(fake.complaint, "");
}

static void test_unknown_fault_flags_stop_the_guest(void **state)
{
	struct cf_stop_info stop;

	launch_and_run(CF_PLATFORM_SEV_SNP, 1, false);
	fake.exit_reason = CF_KVM_EXIT_MEMORY_FAULT;
	fake.exit_result = -EFAULT;
	fake.exit_data[0] = 0x10;
	cf_accel_kvm_ops()->run(vm, 0, UINT64_MAX, &stop);
	assert_int_equal(stop.why, CF_STOP_UNSUPPORTED);
	assert_non_null(strstr(stop.detail, "unknown flags 0x10"));
}

static void test_private_conversion_outside_memory_is_refused(void **state)
{
	assert_ok(prepare(CF_PLATFORM_SEV_SNP, 1, false));
	assert_ok(cf_kvm_convert(kvm, 0x10000000, 4096, false, &err));
	assert_status(COFFER_ERR_ARGUMENT,
		cf_kvm_convert(kvm, 0x10000000, 4096, true, &err));
	assert_status(COFFER_ERR_ARGUMENT,
		cf_kvm_convert(kvm, 0x1001, 4096, true, &err));
	/* A range that runs out of its slot is not memory as a whole. */
	assert_status(COFFER_ERR_ARGUMENT,
		cf_kvm_convert(kvm, 0x8FF000, 8192, true, &err));
}

static void test_guest_termination_is_decoded(void **state)
{
	struct cf_stop_info stop;

	launch_and_run(CF_PLATFORM_SEV_SNP, 1, false);
	fake.exit_reason = KVM_EXIT_SYSTEM_EVENT;
	fake.exit_data[0] = CF_KVM_SYSTEM_EVENT_SEV_TERM | 1ull << 32;
	fake.exit_data[1] = 0x100 | 1 << 12 | 2 << 16;
	cf_accel_kvm_ops()->run(vm, 0, UINT64_MAX, &stop);
	assert_int_equal(stop.why, CF_STOP_GUEST_TERM);
	assert_int_equal(stop.code, 0x21100);
	assert_non_null(strstr(stop.detail, "set 1 code 2"));
}

static void test_platform_tells_version_and_certificates(void **state)
{
	struct cf_sp_kvm_platform p;
	struct cf_sp_kvm_certs certs;

	assert_ok(open_vm(CF_PLATFORM_SEV, false));
	assert_ok(cf_sp_kvm_platform_status(kvm, &p, &err));
	assert_int_equal(p.api_minor, 55);
	assert_int_equal(p.build, 21);
	assert_true(p.es_configured);
	assert_ok(cf_sp_kvm_certs(kvm, &certs, &err));
	assert_int_equal(certs.pdh_len, 2084);
	assert_int_equal(certs.chain_len, 6252);
	assert_int_equal(certs.id_len, 64);
	assert_int_equal(certs.id[63], 0x1d);
	cf_sp_kvm_certs_finish(&certs);
}

#define fake_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fake_test(test_sev_launch_measures_what_was_predicted),
		fake_test(test_sev_es_launch_measures_vmsas_once),
		fake_test(test_legacy_vm_types_use_the_old_commands),
		fake_test(test_snp_launch_measures_what_was_predicted),
		fake_test(test_software_processor_measures_the_same_sev),
		fake_test(test_software_processor_measures_the_same_es),
		fake_test(test_software_processor_measures_the_same_snp),
		fake_test(test_wrong_id_block_is_the_firmwares_bad_measurement),
		fake_test(test_partial_and_repeated_updates_give_the_same),
		fake_test(test_endless_eagain_is_given_up),
		fake_test(test_cpuid_correction_names_leaf_and_registers),
		fake_test(test_missing_devices_and_old_kernels_are_named),
		fake_test(test_kernel_without_hypercall_exits_is_refused),
		fake_test(test_firmware_without_es_is_refused),
		fake_test(test_sev_features_must_fit_guest_and_kernel),
		fake_test(test_every_refused_command_is_named),
		fake_test(test_guest_page_state_changes_reach_the_kernel),
		fake_test(test_flash_slots_come_and_go),
		fake_test(test_unknown_fault_flags_stop_the_guest),
		fake_test(test_private_conversion_outside_memory_is_refused),
		fake_test(test_guest_termination_is_decoded),
		fake_test(test_platform_tells_version_and_certificates),
	};

	return cmocka_run_group_tests_name("kvm_fake", tests, NULL, NULL);
}
