/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The KVM engine on the real /dev/kvm: tiny guests through the real ioctls.
 * SKIP where there is no /dev/kvm.  A machine's KVM may itself be software
 * that emulates few instructions, so the guests are small and plain.
 */
#include "test.h"

#include "accel/kvm/kvm_engine.h"
#include "kvm/kvm.h"
#include "memory/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static struct coffer_error err;
static struct cf_kvm_vm *kvm;
static struct cf_memory *mem;
static struct cf_vm *vm;
static const struct cf_accel_ops *ops;

/* What the guest wrote to port 0x3f8, and when it asked to stop. */
static char said[64];
static atomic_uint said_len;
static uint64_t mmio_value;
static _Atomic uint64_t mmio_gpa;

static uint32_t pio_read(
	void *opaque, unsigned vcpu, uint16_t port, unsigned size)
{
	return port == 0x60 ? 0x5a : 0xffffffff;
}

static void pio_write(void *opaque, unsigned vcpu, uint16_t port, unsigned size,
	uint32_t value)
{
	unsigned at = atomic_fetch_add(&said_len, port == 0x3f8);

	if (port == 0x3f8 && at < sizeof(said) - 1)
		said[at] = (char)value;
	if (port == 0xf4)
		ops->kick(vm, vcpu);
}

static uint64_t mmio_read(
	void *opaque, unsigned vcpu, uint64_t gpa, unsigned size)
{
	return 0x11223344;
}

static void mmio_write(void *opaque, unsigned vcpu, uint64_t gpa, unsigned size,
	uint64_t value)
{
	mmio_value = value;
	mmio_gpa = gpa;
}

static const struct cf_accel_host host = {
	.pio_read = pio_read,
	.pio_write = pio_write,
	.mmio_read = mmio_read,
	.mmio_write = mmio_write,
};

static int setup(void **state)
{
	struct cf_kvm_config config = { .sys = cf_kvm_sys_linux() };
	struct cf_vm_config vm_config = {
		.platform = CF_PLATFORM_NATIVE, .vcpus = 1, .host = &host
	};

	kvm = NULL;
	mem = NULL;
	vm = NULL;
	ops = cf_accel_kvm(&err);
	if (!ops)
		return 0;
	memset(said, 0, sizeof(said));
	said_len = 0;
	if (cf_kvm_open(&config, &kvm, &err) || cf_memory_create(&mem, &err) ||
		cf_memory_add(mem, 0, 0x100000, CF_REGION_RAM, "ram", &err))
		return -1;
	vm_config.memory = mem;
	vm_config.kvm = kvm;
	return ops->vm_create(&vm_config, &vm, &err) ? -1 : 0;
}

static int teardown(void **state)
{
	if (ops)
		ops->vm_destroy(vm);
	cf_kvm_close(kvm);
	cf_memory_destroy(mem);
	return 0;
}

static void skip_without_kvm(void)
{
	if (ops)
		return;
	print_message("SKIP: %s\n", err.msg);
	skip();
}

/* Run 16-bit code at 0x1000 until it stops. */
static void run_code(const void *code, size_t len, struct cf_stop_info *stop)
{
	struct cf_cpu_state s;

	assert_ok(cf_guest_write(mem, 0x1000, code, len, &err));
	cf_cpu_state_reset(&s, 0x800F12);
	s.seg[CF_SEG_CS].selector = 0;
	s.seg[CF_SEG_CS].base = 0;
	s.rip = 0x1000;
	s.gpr[CF_RSP] = 0x8000;
	assert_ok(ops->set_state(vm, 0, &s, &err));
	ops->run(vm, 0, UINT64_MAX, stop);
}

static void test_kvm_guest_prints_and_stops(void **state)
{
	/* mov dx,0x3f8; mov al,'O'; out dx,al; mov al,'K'; out dx,al;
	 * in al,0x60; out dx,al; out 0xf4,al; hlt */
	static const uint8_t code[] = { 0xba, 0xf8, 0x03, 0xb0, 'O', 0xee, 0xb0,
		'K', 0xee, 0xe4, 0x60, 0xee, 0xe6, 0xf4, 0xf4 };
	struct cf_cpu_state s;
	struct cf_stop_info stop;

	skip_without_kvm();
	run_code(code, sizeof(code), &stop);
	if (stop.why != CF_STOP_KICK)
		fail_msg("stopped: %s", stop.detail);
	assert_string_equal(said, "OK\x5a");
	assert_ok(ops->get_state(vm, 0, &s, &err));
	assert_int_equal(s.gpr[CF_RDX] & 0xffff, 0x3f8);
	assert_int_equal(s.gpr[CF_RAX] & 0xff, 0x5a);
}

static void test_kvm_access_outside_memory_is_mmio(void **state)
{
	/* mov ax,0x2000; mov ds,ax... : ds=0xf000 -> 0xf0000 is RAM, so use
	 * ds:[..] above 1 MiB: ds=0xffff, offset 0x0110 -> 0x100100 */
	static const uint8_t code[] = { 0xb8, 0xff, 0xff, 0x8e, 0xd8, 0x66,
		0xa1, 0x10, 0x01, 0x66, 0xa3, 0x20, 0x01, 0xe6, 0xf4, 0xf4 };
	struct cf_stop_info stop;

	skip_without_kvm();
	run_code(code, sizeof(code), &stop);
	if (stop.why != CF_STOP_KICK)
		fail_msg("stopped: %s", stop.detail);
	assert_int_equal(mmio_gpa, 0x100110);
	assert_int_equal(mmio_value, 0x11223344);
}

static void *kick_later(void *opaque)
{
	usleep(20000);
	ops->kick(vm, 0);
	return NULL;
}

static void test_kvm_kick_ends_an_endless_loop(void **state)
{
	static const uint8_t code[] = { 0xeb, 0xfe };
	struct cf_stop_info stop;
	pthread_t thread;

	skip_without_kvm();
	assert_int_equal(pthread_create(&thread, NULL, kick_later, NULL), 0);
	run_code(code, sizeof(code), &stop);
	pthread_join(thread, NULL);
	assert_int_equal(stop.why, CF_STOP_KICK);
}

#define real_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		real_test(test_kvm_guest_prints_and_stops),
		real_test(test_kvm_access_outside_memory_is_mmio),
		real_test(test_kvm_kick_ends_an_endless_loop),
	};

	return cmocka_run_group_tests_name("kvm_real", tests, NULL, NULL);
}
