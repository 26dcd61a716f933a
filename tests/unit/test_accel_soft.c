/* SPDX-License-Identifier: Apache-2.0 */
/* The core of the software CPU, by small pieces of guest code. */
#include "test.h"
#include "soft_guest.h"

#define DONE "outb %al, $0xf4\n"

static int setup(void **state)
{
	static struct guest g;

	guest_create(&g, 1);
	guest_map(&g);
	*state = &g;
	return 0;
}

static int teardown(void **state)
{
	guest_destroy(*state);
	return 0;
}

static void run(struct guest *g, const uint8_t *code, const uint8_t *end,
	struct cf_cpu_state *s)
{
	guest_long_mode(s);
	guest_run(g, code, end, s);
}

GUEST_ASM(code_sum,
	"xor %eax, %eax\n"
	"mov $1000, %ecx\n"
	"1: add %rcx, %rax\n"
	"dec %ecx\n"
	"jnz 1b\n" DONE);

static void test_accel_soft_runs_a_loop(void **state)
{
	struct cf_cpu_state s;

	run(*state, code_sum, code_sum_end, &s);
	assert_int_equal(s.gpr[CF_RAX], 500500);
	assert_int_equal(s.gpr[CF_RCX], 0);
}

GUEST_ASM(code_memory,
	"lea 1f(%rip), %rsi\n"
	"mov $0x200000, %edi\n"
	"mov $8, %ecx\n"
	"rep movsb\n"
	"movq 0x200000, %rax\n"
	"movq %rax, 0x200ffd\n" /* across two pages */
	"addl $0x10, 0x200fff\n"
	"movq 0x200ffd, %rbx\n"
	"pushq %rax\n"
	"popq %rdx\n"
	"call 2f\n" DONE "1: .quad 0x1122334455667788\n"
	"2: mov $0x55, %r8d\n"
	"ret\n");

static void test_accel_soft_reads_and_writes_memory(void **state)
{
	struct cf_cpu_state s;

	run(*state, code_memory, code_memory_end, &s);
	assert_int_equal(s.gpr[CF_RAX], 0x1122334455667788);
	/* The dword at offset 2 grew by 0x10. */
	assert_int_equal(s.gpr[CF_RBX], 0x1122334455767788);
	assert_int_equal(s.gpr[CF_RDX], 0x1122334455667788);
	assert_int_equal(s.gpr[CF_R8], 0x55);
	assert_int_equal(s.gpr[CF_RSP], GUEST_STACK);
}

GUEST_ASM(code_sse,
	"mov $3, %eax\n"
	"cvtsi2sd %eax, %xmm0\n"
	"sqrtsd %xmm0, %xmm1\n"
	"movsd %xmm1, 0x200000\n"
	"mov $100, %eax\n"
	"cltd\n"
	"mov $7, %ecx\n"
	"idivl %ecx\n" DONE);

static void test_accel_soft_runs_native_instructions(void **state)
{
	struct cf_cpu_state s;
	double v;

	run(*state, code_sse, code_sse_end, &s);
	guest_get(*state, 0x200000, &v, sizeof(v));
	assert_true(v == 1.7320508075688772);
	assert_int_equal(s.gpr[CF_RAX], 14);
	assert_int_equal(s.gpr[CF_RDX], 2);
}

/* An IDT whose gate for the vector leads to `handler`. */
static void put_gate(struct guest *g, unsigned vector, uint64_t handler)
{
	uint64_t gate[2] = {
		(handler & 0xffff) | 8u << 16 | UINT64_C(0x8e00) << 32 |
			(handler >> 16 & 0xffff) << 48,
		handler >> 32,
	};
	static const uint64_t gdt[3] = { 0, 0x00af9b000000ffff,
		0x00cf93000000ffff };

	guest_put(g, 0x5000 + vector * 16, gate, sizeof(gate));
	guest_put(g, 0x6000, gdt, sizeof(gdt));
}

static void with_tables(struct cf_cpu_state *s)
{
	guest_long_mode(s);
	s->idtr.base = 0x5000;
	s->idtr.limit = 0xfff;
	s->gdtr.base = 0x6000;
	s->gdtr.limit = 23;
}

GUEST_ASM(code_fault,
	"mov $0x7fff00000000, %rdi\n"
	"mov $7, %eax\n"
	"add $1, %eax\n"
	"movb $1, (%rdi)\n" /* not mapped */
	"hlt\n"
	".skip 0x80 - (. - code_fault)\n"
	"pop %rbx\n" /* error code */
	"pop %rdx\n" /* rip */
	"mov %cr2, %rcx\n" DONE);

static void test_accel_soft_delivers_page_faults_precisely(void **state)
{
	struct guest *g = *state;
	struct cf_cpu_state s;

	put_gate(g, 14, GUEST_CODE + 0x80);
	with_tables(&s);
	guest_run(g, code_fault, code_fault_end, &s);
	assert_int_equal(s.gpr[CF_RAX], 8);
	assert_int_equal(s.gpr[CF_RBX], 2); /* write, not present */
	assert_int_equal(s.gpr[CF_RDX], GUEST_CODE + 18);
	assert_int_equal(s.gpr[CF_RCX], 0x7fff00000000);
}

GUEST_ASM(code_irq,
	"xor %ebx, %ebx\n"
	"sti\n"
	"1: inc %rcx\n"
	"test %ebx, %ebx\n"
	"jz 1b\n" DONE ".skip 0x80 - (. - code_irq)\n"
	"inc %ebx\n"
	"iretq\n");

static void test_accel_soft_takes_interrupts(void **state)
{
	struct guest *g = *state;
	struct coffer_error err;
	struct cf_cpu_state s;
	struct cf_stop_info stop;

	put_gate(g, 0x40, GUEST_CODE + 0x80);
	with_tables(&s);
	guest_put(g, GUEST_CODE, code_irq, (size_t)(code_irq_end - code_irq));
	assert_ok(g->ops->set_state(g->vm, 0, &s, &err));
	g->ops->run(g->vm, 0, 10000, &stop);
	assert_int_equal(stop.why, CF_STOP_BUDGET);
	g->irq = 0x40;
	g->ops->notify_irq(g->vm, 0);
	stop = guest_resume(g, 0);
	assert_int_equal(stop.why, CF_STOP_KICK);
	assert_ok(g->ops->get_state(g->vm, 0, &s, &err));
	assert_int_equal(s.gpr[CF_RBX], 1);
	assert_int_equal(s.gpr[CF_RSP], GUEST_STACK);
}

/* Overwrite the immediate of an instruction that has run already. */
GUEST_ASM(code_smc,
	"xor %ebx, %ebx\n"
	"1: mov $1, %eax\n"
	"add %eax, %ebx\n"
	"cmp $3, %ebx\n"
	"jae 2f\n"
	"movl $2, 1b+1-code_smc+0x100000\n"
	"jmp 1b\n"
	"2:" DONE);

static void test_accel_soft_notices_modified_code(void **state)
{
	struct cf_cpu_state s;

	run(*state, code_smc, code_smc_end, &s);
	assert_int_equal(s.gpr[CF_RBX], 3);
}

/* The very next instruction of the same block. */
GUEST_ASM(code_smc_next,
	"movb $0xc3, 1f-code_smc_next+0x100000+1\n" /* inc %ebx */
	"1: .byte 0xff, 0xc0\n"                     /* inc %eax */
	DONE);

static void test_accel_soft_notices_modified_next_instruction(void **state)
{
	struct cf_cpu_state s;

	guest_long_mode(&s);
	s.gpr[CF_RAX] = 0;
	s.gpr[CF_RBX] = 0;
	guest_run(*state, code_smc_next, code_smc_next_end, &s);
	assert_int_equal(s.gpr[CF_RAX], 0);
	assert_int_equal(s.gpr[CF_RBX], 1);
}

GUEST_ASM(code_real,
	".code16\n"
	"mov $0x2000, %ax\n"
	"mov %ax, %ds\n"
	"movw $0x1234, 0x10\n"
	"lgdtl %cs:gdt_ptr - code_real\n"
	"mov %cr0, %eax\n"
	"or $1, %al\n"
	"mov %eax, %cr0\n"
	"ljmpl $8, $1f - code_real + 0x8000\n"
	"gdt_ptr: .word 39\n"
	".long gdt - code_real + 0x8000\n"
	".balign 8\n"
	"gdt: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff\n"
	".quad 0x00af9b000000ffff, 0\n"
	".code32\n"
	"1: mov $16, %eax\n"
	"mov %eax, %ds\n"
	"mov %eax, %ss\n"
	"mov $0x9000, %esp\n"
	"movl 0x20010, %ebx\n"
	"push %ebx\n"
	"pop %ecx\n"
	"mov $0x1000, %eax\n"
	"mov %eax, %cr3\n"
	"mov %cr4, %eax\n"
	"or $0x20, %eax\n"
	"mov %eax, %cr4\n"
	"mov $0xc0000080, %ecx\n"
	"rdmsr\n"
	"or $0x100, %eax\n"
	"wrmsr\n"
	"mov %cr0, %eax\n"
	"or $0x80000000, %eax\n"
	"mov %eax, %cr0\n"
	"ljmpl $24, $2f - code_real + 0x8000\n"
	".code64\n"
	"2: mov $0x123456789abcdef0, %r9\n" DONE);

static void test_accel_soft_goes_from_real_to_long_mode(void **state)
{
	struct guest *g = *state;
	struct coffer_error err;
	struct cf_cpu_state s;
	struct cf_stop_info stop;

	guest_put(g, 0x8000, code_real, (size_t)(code_real_end - code_real));
	cf_cpu_state_reset(&s, 0xa00f11);
	s.seg[CF_SEG_CS].selector = 0x800;
	s.seg[CF_SEG_CS].base = 0x8000;
	s.rip = 0;
	assert_ok(g->ops->set_state(g->vm, 0, &s, &err));
	stop = guest_resume(g, 0);
	if (stop.why != CF_STOP_KICK)
		fail_msg("stopped: %d at 0x%llx: %s", stop.why,
			(unsigned long long)stop.rip, stop.detail);
	assert_ok(g->ops->get_state(g->vm, 0, &s, &err));
	assert_int_equal(s.gpr[9], 0x123456789abcdef0);
	assert_int_equal(s.gpr[CF_RBX] & 0xffff, 0x1234);
	assert_true(s.efer & 0x400);
	assert_int_equal(s.seg[CF_SEG_CS].selector, 24);
}

GUEST_ASM(code_mmio,
	"mov $0xfee00000, %ebx\n"
	"lock orl $4, 0x20(%rbx)\n"
	"movl 0x20(%rbx), %eax\n" DONE);

static void test_accel_soft_reaches_devices(void **state)
{
	struct guest *g = *state;
	struct cf_cpu_state s;
	uint64_t pdpt = UINT64_C(3) << 30 | 0x83; /* 1 GiB page at 3 GiB */

	guest_put(g, 0x2018, &pdpt, sizeof(pdpt));
	g->mmio_value = 0x11;
	run(g, code_mmio, code_mmio_end, &s);
	assert_int_equal(s.gpr[CF_RAX], 0x15);
	assert_int_equal(g->mmio_gpa, 0xfee00020);
}

/* Reads: twice in place, also where a read has brought the translation; the
 * write between them goes to the device and changes nothing. */
GUEST_ASM(code_flash,
	"mov $0x10000000, %ebx\n"
	"movl 8(%rbx), %eax\n"
	"movb $0x70, 8(%rbx)\n"
	"movl 8(%rbx), %ecx\n"
	"lock incl 0x1008(%rbx)\n"
	"movq 0xffe(%rbx), %rdx\n" DONE);

static void test_accel_soft_reads_flash_and_writes_its_device(void **state)
{
	struct guest *g = *state;
	struct coffer_error err;
	struct cf_cpu_state s;
	uint32_t v = 0x11223344;
	uint64_t edge = UINT64_C(0x8877665544332211);

	guest_put(g, GUEST_FLASH + 8, &v, sizeof(v));
	guest_put(g, GUEST_FLASH + 0xffe, &edge, sizeof(edge));
	g->mmio_value = 0x55;
	run(g, code_flash, code_flash_end, &s);
	assert_int_equal(s.gpr[CF_RAX], v);
	assert_int_equal(s.gpr[CF_RCX], v);
	assert_int_equal(s.gpr[CF_RDX], edge);
	/* The locked operation asked the device: 0x70 was there, +1. */
	assert_int_equal(g->mmio_gpa, GUEST_FLASH + 0x1008);
	assert_int_equal(g->mmio_value, 0x71);
	assert_int_equal(guest_u64(g, GUEST_FLASH + 0x1008), 0);
	/* Hidden, reads are the device's, too. */
	assert_ok(cf_memory_hide(g->mem, GUEST_FLASH, true, &err));
	run(g, code_flash, code_flash_end, &s);
	assert_int_equal(s.gpr[CF_RAX], 0x71);
	assert_int_equal(s.gpr[CF_RCX], 0x70);
	assert_ok(cf_memory_hide(g->mem, GUEST_FLASH, false, &err));
	run(g, code_flash, code_flash_end, &s);
	assert_int_equal(s.gpr[CF_RAX], v);
}

GUEST_ASM(code_callbacks,
	"mov %cr8, %rax\n"
	"mov %rax, %cr8\n"
	"mov $0x1b, %ecx\n"
	"rdmsr\n"
	"wrmsr\n"
	"mov $1, %eax\n"
	"cpuid\n" DONE);

static void stop_the_world(struct guest *g)
{
	struct coffer_error err;

	assert_ok(cf_memory_hide(g->mem, GUEST_FLASH, true, &err));
	assert_ok(cf_memory_hide(g->mem, GUEST_FLASH, false, &err));
}

/* The machine's lock may be held by who stops the world: a vCPU that waits for
 * it in a callback must be outside, or both wait for ever. */
static void test_accel_soft_is_outside_in_callbacks(void **state)
{
	struct guest *g = *state;
	struct cf_cpu_state s;

	g->hook = stop_the_world;
	run(g, code_callbacks, code_callbacks_end, &s);
	assert_int_equal(g->hooked, 5);
}

static void test_accel_soft_stops_at_a_triple_fault(void **state)
{
	struct guest *g = *state;
	struct coffer_error err;
	struct cf_cpu_state s;
	struct cf_stop_info stop;
	static const uint8_t ud2[] = { 0x0f, 0x0b };

	guest_put(g, GUEST_CODE, ud2, sizeof(ud2));
	guest_long_mode(&s);
	s.idtr.limit = 0;
	assert_ok(g->ops->set_state(g->vm, 0, &s, &err));
	stop = guest_resume(g, 0);
	assert_int_equal(stop.why, CF_STOP_TRIPLE_FAULT);
	assert_int_equal(stop.rip, GUEST_CODE);
}

GUEST_ASM(code_one, "mov $1, %eax\n" DONE);
GUEST_ASM(code_two, "mov $2, %eax\n" DONE);

/* As a disk does that reads a program to where another one was. */
static void test_accel_soft_notices_code_written_by_the_host(void **state)
{
	struct cf_cpu_state s;

	run(*state, code_one, code_one_end, &s);
	assert_int_equal(s.gpr[CF_RAX], 1);
	run(*state, code_two, code_two_end, &s);
	assert_int_equal(s.gpr[CF_RAX], 2);
}

GUEST_ASM(code_debug,
	"nop\n"
	"movq $5, 0x200000\n"
	"movq 0x200008, %rax\n" DONE);

static void test_accel_soft_stops_for_a_debugger(void **state)
{
	const struct cf_debug_point points[] = {
		{ CF_DEBUG_EXEC, GUEST_CODE + 1, 1 },
		{ CF_DEBUG_WRITE, 0x200000, 8 },
		{ CF_DEBUG_READ, 0x200008, 8 },
	};
	struct guest *g = *state;
	struct cf_cpu_state s;
	struct cf_stop_info stop;
	struct coffer_error err;
	uint64_t value = 0;

	guest_put(g, GUEST_CODE, code_debug,
		(size_t)(code_debug_end - code_debug));
	guest_long_mode(&s);
	assert_ok(g->ops->set_state(g->vm, 0, &s, &err));
	assert_true(g->ops->debug_points(g->vm, points, 3));
	stop = guest_resume(g, 0);
	assert_int_equal(stop.why, CF_STOP_DEBUG);
	assert_int_equal(stop.code, CF_DEBUG_HIT_EXEC);
	assert_int_equal(stop.rip, GUEST_CODE + 1);
	stop = guest_resume(g, 0);
	assert_int_equal(stop.code, CF_DEBUG_HIT_WRITE);
	assert_int_equal(stop.gpa, 0x200000);
	assert_true(g->ops->debug_read(g->vm, 0, 0x200000, &value, 8));
	assert_int_equal(value, 5);
	value = 77;
	assert_true(g->ops->debug_write(g->vm, 0, 0x200008, &value, 8));
	stop = guest_resume(g, 0);
	assert_int_equal(stop.code, CF_DEBUG_HIT_READ);
	assert_ok(g->ops->get_state(g->vm, 0, &s, &err));
	assert_int_equal(s.gpr[CF_RAX], 77);
	/* One step at a time, without points. */
	assert_true(g->ops->debug_points(g->vm, NULL, 0));
	s.rip = GUEST_CODE;
	assert_ok(g->ops->set_state(g->vm, 0, &s, &err));
	g->ops->debug_step(g->vm, 0, true);
	stop = guest_resume(g, 0);
	g->ops->debug_step(g->vm, 0, false);
	assert_int_equal(stop.code, CF_DEBUG_HIT_STEP);
	assert_int_equal(stop.rip, GUEST_CODE + 1);
	/* Nothing is mapped beyond the first GiB. */
	assert_false(
		g->ops->debug_read(g->vm, 0, UINT64_C(1) << 40, &value, 8));
}

/* A SIB byte with base 5 in mode 0: a displacement and no base, whatever
 * REX.B says, with both sizes of address. */
GUEST_ASM(code_no_base,
	"mov $0x100, %r13d\n"
	"movl $0x1111, 0x200100\n"
	"movl $0x2222, 0x200200\n"
	".byte 0x67, 0x43, 0x8b, 0x04, 0x2d, 0x00, 0x00, 0x20, 0x00\n"
	".byte 0x43, 0x8b, 0x0c, 0x2d, 0x00, 0x00, 0x20, 0x00\n"
	".byte 0x67, 0x43, 0x8b, 0x14, 0x6d, 0x00, 0x00, 0x20, 0x00\n" DONE);

static void test_accel_soft_addresses_without_base(void **state)
{
	struct cf_cpu_state s;

	run(*state, code_no_base, code_no_base_end, &s);
	assert_int_equal(s.gpr[CF_RAX], 0x1111);
	assert_int_equal(s.gpr[CF_RCX], 0x1111);
	assert_int_equal(s.gpr[CF_RDX], 0x2222);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(test_accel_soft_runs_a_loop),
		TEST(test_accel_soft_reads_and_writes_memory),
		TEST(test_accel_soft_runs_native_instructions),
		TEST(test_accel_soft_delivers_page_faults_precisely),
		TEST(test_accel_soft_takes_interrupts),
		TEST(test_accel_soft_notices_modified_code),
		TEST(test_accel_soft_notices_modified_next_instruction),
		TEST(test_accel_soft_goes_from_real_to_long_mode),
		TEST(test_accel_soft_reaches_devices),
		TEST(test_accel_soft_reads_flash_and_writes_its_device),
		TEST(test_accel_soft_is_outside_in_callbacks),
		TEST(test_accel_soft_stops_at_a_triple_fault),
		TEST(test_accel_soft_notices_code_written_by_the_host),
		TEST(test_accel_soft_stops_for_a_debugger),
		TEST(test_accel_soft_addresses_without_base),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
