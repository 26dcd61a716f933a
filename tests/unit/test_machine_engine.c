/* SPDX-License-Identifier: Apache-2.0 */
/* The machine, around a CPU engine that a test plays. */
#include "test.h"

#include "machine/backend/chardev.h"
#include "machine/machine.h"

static struct coffer_error err;

struct cf_vm {
	const struct cf_vm_config *config;
	const struct cf_accel_host *host;
	unsigned state_calls;
	struct cf_cpu_state state;
	_Atomic bool kicked;
};

static void (*script)(struct cf_vm *vm, unsigned vcpu);

static enum coffer_status fake_create(const struct cf_vm_config *config,
	struct cf_vm **vm, struct coffer_error *e)
{
	*vm = calloc(1, sizeof(**vm));
	(*vm)->host = config->host;
	return COFFER_OK;
}

static void fake_destroy(struct cf_vm *vm)
{
	free(vm);
}

static enum coffer_status fake_set(struct cf_vm *vm, unsigned vcpu,
	const struct cf_cpu_state *s, struct coffer_error *e)
{
	vm->state = *s;
	vm->state_calls++;
	return COFFER_OK;
}

static enum coffer_status fake_get(struct cf_vm *vm, unsigned vcpu,
	struct cf_cpu_state *s, struct coffer_error *e)
{
	*s = vm->state;
	return COFFER_OK;
}

static void fake_park(struct cf_vm *vm, unsigned vcpu, bool parked)
{
}

static void fake_run(struct cf_vm *vm, unsigned vcpu, uint64_t budget,
	struct cf_stop_info *stop)
{
	if (vm->kicked) {
		stop->why = CF_STOP_KICK;
		return;
	}
	stop->why = CF_STOP_UNSUPPORTED;
	snprintf(stop->detail, sizeof(stop->detail), "script ended");
	script(vm, vcpu);
	if (vm->kicked)
		stop->why = CF_STOP_KICK;
}

static void fake_kick(struct cf_vm *vm, unsigned vcpu)
{
	vm->kicked = true;
}

static void fake_notify(struct cf_vm *vm, unsigned vcpu)
{
}

static unsigned nmis; /* a bit per vCPU */

static void fake_nmi(struct cf_vm *vm, unsigned vcpu)
{
	nmis |= 1u << vcpu;
}

static void fake_sipi(struct cf_vm *vm, unsigned vcpu, uint8_t vector)
{
}

static uint64_t fake_instructions(struct cf_vm *vm, unsigned vcpu)
{
	return 42;
}

static const struct cf_accel_ops fake_accel = {
	.name = "fake",
	.vm_create = fake_create,
	.vm_destroy = fake_destroy,
	.set_state = fake_set,
	.get_state = fake_get,
	.park = fake_park,
	.run = fake_run,
	.kick = fake_kick,
	.notify_irq = fake_notify,
	.init = fake_notify,
	.sipi = fake_sipi,
	.nmi = fake_nmi,
	.instructions = fake_instructions,
};

static struct cf_machine_result run_script(
	void (*s)(struct cf_vm *, unsigned), struct cf_buf *text)
{
	struct cf_machine_config c = { .memory = 16 << 20,
		.vcpus = 1,
		.cpu_model = "EPYC-Milan",
		.accel = &fake_accel };
	static const uint8_t rom[4096];
	struct cf_machine_result r;
	struct cf_machine *m;
	struct cf_buf out_text = { 0 };

	assert_ok(cf_chardev_buffer(&out_text, &c.serial[0], &err));
	script = s;
	assert_ok(cf_machine_create(&c, &m, &err));
	assert_ok(cf_machine_load_firmware(m, rom, sizeof(rom), &err));
	assert_ok(cf_machine_run(m, UINT64_MAX, &r, &err));
	if (text)
		cf_machine_describe(m, text);
	cf_machine_destroy(m);
	cf_chardev_destroy(c.serial[0]);
	cf_buf_finish(&out_text);
	return r;
}

static void script_reset(struct cf_vm *vm, unsigned vcpu)
{
	vm->host->pio_write(vm->host->opaque, vcpu, 0x64, 1, 0xFE);
}

static void script_stuck(struct cf_vm *vm, unsigned vcpu)
{
	for (int i = 0; i < 3; i++)
		vm->host->pio_read(vm->host->opaque, vcpu, 0x3FD, 1);
	vm->host->mmio_write(vm->host->opaque, vcpu, 0xD0000000, 4, 7);
}

static bool got_timer;

/* Program the LAPIC timer, sleep, take the interrupt, reset. */
static void script_sleep(struct cf_vm *vm, unsigned vcpu)
{
	const struct cf_accel_host *h = vm->host;

	h->mmio_write(h->opaque, vcpu, 0xFEE000F0, 4, 0x1FF);
	h->mmio_write(h->opaque, vcpu, 0xFEE003E0, 4, 0x0B);
	h->mmio_write(h->opaque, vcpu, 0xFEE00320, 4, 0x50);
	h->mmio_write(h->opaque, vcpu, 0xFEE00380, 4, 2000000);
	while (!h->irq_pending(h->opaque, vcpu))
		h->idle(h->opaque, vcpu);
	got_timer = h->irq_take(h->opaque, vcpu) == 0x50;
	script_reset(vm, vcpu);
}

static void test_machine_nmi_goes_to_every_vcpu(void **state)
{
	struct cf_machine_config c = { .memory = 16 << 20,
		.vcpus = 3,
		.cpu_model = "EPYC-Milan",
		.accel = &fake_accel };
	static const uint8_t rom[4096];
	struct cf_machine *m;

	nmis = 0;
	assert_ok(cf_machine_create(&c, &m, &err));
	cf_machine_nmi(m); /* nothing loaded: nobody there */
	assert_int_equal(nmis, 0);
	assert_ok(cf_machine_load_firmware(m, rom, sizeof(rom), &err));
	cf_machine_nmi(m);
	assert_int_equal(nmis, 7);
	cf_machine_destroy(m);
}

static void test_machine_ends_as_the_guest_asks(void **state)
{
	struct cf_machine_result r = run_script(script_reset, NULL);

	assert_int_equal(r.end, CF_END_RESET);
}

static void test_machine_wakes_an_idle_vcpu_with_a_timer(void **state)
{
	struct cf_machine_result r = run_script(script_sleep, NULL);

	assert_int_equal(r.end, CF_END_RESET);
	assert_true(got_timer);
}

static void test_machine_says_what_a_stuck_guest_did_last(void **state)
{
	struct cf_buf text = { 0 };
	struct cf_machine_result r = run_script(script_stuck, &text);

	assert_int_equal(r.end, CF_END_FAILED);
	assert_string_equal(r.stop.detail, "script ended");
	assert_non_null(strstr(cf_buf_text(&text),
		"read  port 0x3fd = 0x60  serial port, 3 times"));
	assert_non_null(strstr(cf_buf_text(&text),
		"write memory 0xd0000000 = 0x00000007  (nothing there)"));
	cf_buf_finish(&text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machine_nmi_goes_to_every_vcpu),
		cmocka_unit_test(test_machine_ends_as_the_guest_asks),
		cmocka_unit_test(test_machine_wakes_an_idle_vcpu_with_a_timer),
		cmocka_unit_test(test_machine_says_what_a_stuck_guest_did_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
