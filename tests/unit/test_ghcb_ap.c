/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting vCPUs whose state the hypervisor cannot set: AP creation and AP
 * reset hold.
 *
 * Expected values: GHCB specification (AMD 56421), revision 2.
 */
#include "sev_fixture.h"

/* A private page with a save area of this state. */
static void make_vmsa(uint64_t gpa, uint64_t efer, uint64_t features)
{
	struct cf_rmp_entry e = { .assigned = true,
		.validated = true,
		.vmsa = true,
		.asid = ASID,
		.gpa = gpa };
	struct cf_cpu_state s;
	uint8_t vmsa[4096];

	cf_cpu_state_reset(&s, 0);
	s.rip = 0x1234;
	s.efer = efer;
	s.sev_features = features;
	cf_vmsa_encode(&s, vmsa);
	assert_ok(cf_guest_write_private(
		vm.mem, ASID, gpa, vmsa, sizeof(vmsa), &err));
	assert_true(cf_rmp_set(vm.mem, gpa, &e));
}

static void save_area_rip(uint64_t gpa, uint64_t rip)
{
	struct cf_cpu_state s;
	uint8_t vmsa[4096];

	assert_ok(cf_guest_read_private(
		vm.mem, ASID, gpa, vmsa, sizeof(vmsa), &err));
	cf_vmsa_decode(vmsa, &s);
	assert_int_equal(s.rip, rip);
}

static void create_ap(uint64_t apic_id, unsigned op, uint64_t vmsa)
{
	begin();
	put(GHCB_RAX, 1);
	call(0x80000013, apic_id << 32 | op, vmsa);
}

static void test_ghcb_ap_creation_starts_the_vcpu_from_its_vmsa(void **state)
{
	cpu[1].parked = true;
	make_vmsa(0x9000, 0x1000, 1);
	create_ap(1, 1, 0x9000);
	expect_ok();
	assert_int_equal(core.attention, CF_ATT_SEV);
	assert_int_equal(core.loads, 0); /* on its own thread, not before */
	cf_sev_attend(&cpu[1]);
	assert_int_equal(core.loads, 1);
	assert_int_equal(core.loaded.rip, 0x1234);
	assert_false(cpu[1].parked);
	/* Destroyed, its state is in the page again. */
	core.loaded.rip = 0x5678;
	create_ap(1, 2, 0);
	expect_ok();
	cf_sev_attend(&cpu[1]);
	assert_true(cpu[1].parked);
	save_area_rip(0x9000, 0x5678);
}

/* The guest does not wait until a vCPU stands still: what it puts into the page
 * for the next start is not written over. */
static void test_ghcb_ap_stop_leaves_a_page_alone_that_was_taken_back(
	void **state)
{
	make_vmsa(0x9000, 0x1000, 1);
	create_ap(1, 1, 0x9000);
	cf_sev_attend(&cpu[1]);
	core.loaded.rip = 0x5678;
	create_ap(1, 2, 0);
	expect_ok();
	cf_sev_vmsa_released(&vm, 0x9000);
	make_vmsa(0x9000, 0x1000, 1);
	cf_sev_attend(&cpu[1]);
	assert_true(cpu[1].parked);
	save_area_rip(0x9000, 0x1234);
}

/* The GHCB MSR is no part of the save area, and what was registered stays so:
 * firmware starts its vCPUs again and again. */
static void test_ghcb_ap_creation_keeps_the_ghcb(void **state)
{
	make_vmsa(0x9000, 0x1000, 1);
	cpu[1].ghcb_msr = OTHER;
	cf_sev_of(&cpu[1])->registered = OTHER;
	create_ap(1, 1, 0x9000);
	cf_sev_attend(&cpu[1]);
	assert_int_equal(core.loads, 1);
	assert_int_equal(cpu[1].ghcb_msr, OTHER);
	assert_int_equal(cf_sev_of(&cpu[1])->registered, OTHER);
}

static void test_ghcb_ap_creation_on_init_waits_for_init(void **state)
{
	make_vmsa(0x9000, 0x1000, 1);
	create_ap(1, 0, 0x9000);
	expect_ok();
	cf_sev_attend(&cpu[1]);
	assert_int_equal(core.loads, 0);
	assert_true(cf_sev_init_ipi(&cpu[1]));
	assert_int_equal(core.loads, 1);
}

static void test_ghcb_ap_creation_refuses_bad_save_areas(void **state)
{
	struct cf_rmp_entry e = {
		.assigned = true, .validated = true, .asid = ASID, .gpa = 0xA000
	};

	assert_true(cf_rmp_set(vm.mem, 0xA000, &e));
	create_ap(1, 1, 0xA000); /* not marked by RMPADJUST */
	expect_malformed(GHCB_BAD_INPUT);
	make_vmsa(0x200000, 0x1000, 1);
	create_ap(1, 1, 0x200000); /* 2 MiB aligned */
	expect_malformed(GHCB_BAD_INPUT);
	make_vmsa(0x9000, 0x1000, 1);
	create_ap(2, 1, 0x9000); /* no such vCPU */
	expect_malformed(GHCB_BAD_INPUT);
	create_ap(1, 3, 0x9000); /* no such request */
	expect_malformed(GHCB_BAD_INPUT);
	begin();
	put(GHCB_RAX, 3);
	call(0x80000013, UINT64_C(1) << 32 | 1, 0x9000); /* other features */
	expect_malformed(GHCB_BAD_INPUT);
	/* VMRUN's own checks come when it runs: no SVME, no guest. */
	cpu[1].parked = true;
	make_vmsa(0x9000, 0, 1);
	create_ap(1, 1, 0x9000);
	expect_ok();
	cf_sev_attend(&cpu[1]);
	assert_int_equal(core.loads, 0);
	assert_true(cpu[1].parked);
}

static void test_ghcb_reset_hold_ends_with_a_startup_ipi(void **state)
{
	begin();
	call(0x80000004, 0, 0);
	assert_true(cpu[0].wait_sipi);
	/* The vCPU comes out of the guest at once. */
	assert_int_equal(core.attention, CF_ATT_SEV);
	assert_true(cf_sev_startup_ipi(&cpu[0]));
	assert_false(cpu[0].wait_sipi);
	assert_ok(cf_guest_read(vm.mem, GHCB, page, sizeof(page), &err));
	assert_int_equal(got(GHCB_INFO2), 1);
	/* By the MSR protocol. */
	core.attention = 0;
	assert_int_equal(msr_call(0x006), 0x007);
	assert_int_equal(core.attention, CF_ATT_SEV);
	assert_true(cf_sev_startup_ipi(&cpu[0]));
	assert_int_equal(cpu[0].ghcb_msr, 0x1007);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SNP(test_ghcb_ap_creation_starts_the_vcpu_from_its_vmsa),
		SNP(test_ghcb_ap_stop_leaves_a_page_alone_that_was_taken_back),
		SNP(test_ghcb_ap_creation_keeps_the_ghcb),
		SNP(test_ghcb_ap_creation_on_init_waits_for_init),
		SNP(test_ghcb_ap_creation_refuses_bad_save_areas),
		ES(test_ghcb_reset_hold_ends_with_a_startup_ipi),
	};

	return cmocka_run_group_tests_name("ghcb_ap", tests, NULL, NULL);
}
