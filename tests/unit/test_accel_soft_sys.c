/* SPDX-License-Identifier: Apache-2.0 */
/* System instructions, privilege changes and several vCPUs. */
#include "test.h"
#include "soft_guest.h"

#include <unistd.h>

#define DONE "outb %al, $0xf4\n"

static int setup(void **state)
{
	static struct guest g;

	guest_create(&g, 1);
	guest_map(&g);
	*state = &g;
	return 0;
}

static int setup_smp(void **state)
{
	static struct guest g;

	guest_create(&g, 2);
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

GUEST_ASM(code_cpuid,
	"mov $0x80000000, %eax\n"
	"cpuid\n"
	"mov %eax, %r8d\n"
	"xor %eax, %eax\n"
	"cpuid\n" DONE);

static void test_accel_soft_answers_cpuid(void **state)
{
	struct cf_cpu_state s;

	run(*state, code_cpuid, code_cpuid_end, &s);
	assert_int_equal(s.gpr[CF_RBX], 0x68747541); /* "Auth" */
	assert_int_equal(s.gpr[CF_RDX], 0x69746e65); /* "enti" */
	assert_int_equal(s.gpr[CF_RCX], 0x444d4163); /* "cAMD" */
	assert_in_range(s.gpr[CF_R8], 0x80000008, 0x800000ff);
}

/* User code makes a system call and is faulted for a privileged one. */
GUEST_ASM(code_syscall,
	"mov $0xc0000081, %ecx\n" /* STAR: kernel 8, user base 0x13 */
	"mov $0x00130008, %edx\n"
	"xor %eax, %eax\n"
	"wrmsr\n"
	"mov $0xc0000082, %ecx\n" /* LSTAR */
	"lea 2f(%rip), %rax\n"
	"xor %edx, %edx\n"
	"wrmsr\n"
	"mov $0xc0000080, %ecx\n"
	"rdmsr\n"
	"or $1, %eax\n" /* SCE */
	"wrmsr\n"
	"lea 1f(%rip), %rcx\n"
	"mov $0x202, %r11d\n"
	"sysretq\n"
	"1: mov %cs, %r8d\n"
	"mov %ss, %r9d\n"
	"syscall\n"
	"hlt\n"
	"2: mov %cs, %r10d\n" DONE);

static void test_accel_soft_changes_rings_by_syscall(void **state)
{
	struct guest *g = *state;
	uint64_t pd[512], pdpt = 0x3007, pml4 = 0x2007;
	struct cf_cpu_state s;
	unsigned i;

	for (i = 0; i < 512; i++)
		pd[i] = (uint64_t)i << 21 | 0x87; /* user */
	guest_put(g, 0x1000, &pml4, sizeof(pml4));
	guest_put(g, 0x2000, &pdpt, sizeof(pdpt));
	guest_put(g, 0x3000, pd, sizeof(pd));
	run(g, code_syscall, code_syscall_end, &s);
	assert_int_equal(s.gpr[CF_R8], 0x23);
	assert_int_equal(s.gpr[9], 0x1b);
	assert_int_equal(s.gpr[10], 0x8);
	assert_int_equal(s.cpl, 0);
	/* RCX is what followed SYSCALL, R11 its flags. */
	assert_int_equal(s.gpr[11] & 0x200, 0x200);
}

GUEST_ASM(code_string,
	"mov $0x200ff8, %edi\n"
	"mov $0xa5, %eax\n"
	"mov $5000, %ecx\n"
	"rep stosb\n"
	"mov %rdi, %r8\n"
	"movb $1, 0x202000\n"
	"mov $0x200ff8, %esi\n" /* overlapping copy repeats a pattern */
	"movb $7, 0x200ff8\n"
	"lea 1(%rsi), %rdi\n"
	"mov $100, %ecx\n"
	"rep movsb\n"
	"movzbl 0x201050, %r9d\n"
	"std\n"
	"mov $0x203000, %edi\n"
	"mov $3, %ecx\n"
	"mov $0x11223344, %eax\n"
	"rep stosl\n"
	"cld\n"
	"mov $0x200ff8, %edi\n"
	"mov $0x1, %eax\n"
	"mov $10000, %ecx\n"
	"repne scasb\n" DONE);

static void test_accel_soft_repeats_string_operations(void **state)
{
	struct cf_cpu_state s;

	run(*state, code_string, code_string_end, &s);
	assert_int_equal(s.gpr[CF_R8], 0x200ff8 + 5000);
	assert_int_equal(s.gpr[9], 7);
	assert_int_equal(guest_u64(*state, 0x202ff8), 0x1122334411223344);
	assert_int_equal(s.gpr[CF_RDI], 0x202001);
	assert_int_equal(s.gpr[CF_RCX], 10000 - (0x202001 - 0x200ff8));
}

GUEST_ASM(code_single_step,
	"pushfq\n"
	"orl $0x100, (%rsp)\n"
	"popfq\n"
	"nop\n"
	"nop\n"
	"nop\n" DONE ".skip 0x80 - (. - code_single_step)\n"
	"inc %r8d\n"
	"mov (%rsp), %r9\n"
	"cmp $2, %r8d\n"
	"jb 1f\n"
	"andl $~0x100, 16(%rsp)\n"
	"1: iretq\n");

static void test_accel_soft_traps_after_each_instruction(void **state)
{
	struct guest *g = *state;
	struct cf_cpu_state s;

	guest_long_mode(&s);
	guest_gate(g, &s, 1, GUEST_CODE + 0x80);
	guest_run(g, code_single_step, code_single_step_end, &s);
	/* Behind the first and the second NOP; not behind POPF itself. */
	assert_int_equal(s.gpr[CF_R8], 2);
	assert_int_equal(s.gpr[9], GUEST_CODE + 11);
	assert_true(s.dr6 & 0x4000);
}

/* Two vCPUs add to one counter with LOCK; then each says that it is done. */
GUEST_ASM(code_smp,
	"mov $200000, %ecx\n"
	"1: lock incq 0x200000\n"
	"lock xaddq %rdx, 0x200008\n"
	"mov $1, %edx\n"
	"dec %ecx\n"
	"jnz 1b\n" DONE);

struct runner {
	struct guest *g;
	unsigned vcpu;
	struct cf_stop_info stop;
};

static void *run_vcpu(void *opaque)
{
	struct runner *r = opaque;

	r->stop = guest_resume(r->g, r->vcpu);
	return NULL;
}

static void test_accel_soft_keeps_atomics_atomic(void **state)
{
	struct guest *g = *state;
	struct runner r[2] = { { .g = g, .vcpu = 0 }, { .g = g, .vcpu = 1 } };
	struct coffer_error err;
	struct cf_cpu_state s;
	pthread_t t[2];
	unsigned i;

	guest_put(g, GUEST_CODE, code_smp, (size_t)(code_smp_end - code_smp));
	guest_long_mode(&s);
	s.gpr[CF_RDX] = 1;
	for (i = 0; i < 2; i++) {
		assert_ok(g->ops->set_state(g->vm, i, &s, &err));
		assert_int_equal(
			pthread_create(&t[i], NULL, run_vcpu, &r[i]), 0);
	}
	for (i = 0; i < 2; i++) {
		pthread_join(t[i], NULL);
		assert_int_equal(r[i].stop.why, CF_STOP_KICK);
	}
	assert_int_equal(guest_u64(g, 0x200000), 400000);
	assert_int_equal(guest_u64(g, 0x200008), 400000);
}

/* One vCPU rewrites the code that the other runs, which sees it in the end. */
GUEST_ASM(code_patched,
	"1: xor %eax, %eax\n"
	"movb $1, 0x200000\n"
	"test %eax, %eax\n"
	"jz 1b\n" DONE);
GUEST_ASM(code_patcher,
	"1: cmpb $1, 0x200000\n"
	"jne 1b\n"
	"movw $0xc0ff, 0x100000\n" /* inc %eax */
	DONE);

static void test_accel_soft_notices_code_written_by_others(void **state)
{
	struct guest *g = *state;
	struct runner r[2] = { { .g = g, .vcpu = 0 }, { .g = g, .vcpu = 1 } };
	struct coffer_error err;
	struct cf_cpu_state s;
	pthread_t t[2];
	unsigned i;

	guest_put(g, GUEST_CODE, code_patched,
		(size_t)(code_patched_end - code_patched));
	guest_put(g, GUEST_CODE + 0x10000, code_patcher,
		(size_t)(code_patcher_end - code_patcher));
	guest_long_mode(&s);
	for (i = 0; i < 2; i++) {
		s.rip = GUEST_CODE + i * 0x10000;
		assert_ok(g->ops->set_state(g->vm, i, &s, &err));
		assert_int_equal(
			pthread_create(&t[i], NULL, run_vcpu, &r[i]), 0);
	}
	for (i = 0; i < 2; i++) {
		pthread_join(t[i], NULL);
		assert_int_equal(r[i].stop.why, CF_STOP_KICK);
	}
}

/* An application processor: INIT, then SIPI to real-mode code. */
GUEST_ASM(code_ap,
	".code16\n"
	"mov %cs, %ax\n"
	"mov %ax, %ds\n"
	"movw $0x4711, 0x100\n"
	"outb %al, $0xf4\n");

static void test_accel_soft_starts_processors_by_sipi(void **state)
{
	struct guest *g = *state;
	struct cf_stop_info stop;

	guest_put(g, 0x9000, code_ap, (size_t)(code_ap_end - code_ap));
	g->ops->park(g->vm, 1, true);
	stop = guest_resume(g, 1);
	assert_int_equal(stop.why, CF_STOP_PARKED);
	g->ops->init(g->vm, 1);
	stop = guest_resume(g, 1);
	assert_int_equal(stop.why, CF_STOP_PARKED);
	g->ops->sipi(g->vm, 1, 9);
	stop = guest_resume(g, 1);
	assert_int_equal(stop.why, CF_STOP_KICK);
	assert_int_equal(guest_u64(g, 0x9100) & 0xffff, 0x4711);
}

GUEST_ASM(code_count,
	"1: inc %eax\n"
	"jmp 1b\n");

static void test_accel_soft_counts_instructions(void **state)
{
	struct guest *g = *state;
	struct coffer_error err;
	struct cf_stop_info stop;
	struct cf_cpu_state a, b;
	uint64_t n;

	guest_long_mode(&a);
	guest_put(g, GUEST_CODE, code_count,
		(size_t)(code_count_end - code_count));
	assert_ok(g->ops->set_state(g->vm, 0, &a, &err));
	n = g->ops->instructions(g->vm, 0);
	g->ops->run(g->vm, 0, 12345, &stop);
	assert_int_equal(stop.why, CF_STOP_BUDGET);
	n = g->ops->instructions(g->vm, 0) - n;
	assert_in_range(n, 12345, 12345 + 64);
	assert_ok(g->ops->get_state(g->vm, 0, &b, &err));
	assert_int_equal(b.gpr[CF_RAX], (n + 1) / 2);
}

GUEST_ASM(code_faults, "ud2\n");

/* A handler whose first instruction faults executes nothing, for ever; a
 * budget ends it all the same. */
static void test_accel_soft_ends_a_loop_of_exceptions(void **state)
{
	const uint8_t at[4] = { 0, 0x05, 0, 0 }; /* 0000:0500 */
	struct guest *g = *state;
	struct cf_stop_info stop;
	struct coffer_error err;
	struct cf_cpu_state s;

	cf_cpu_state_reset(&s, 0xa00f11);
	s.rip = 0x500;
	s.seg[CF_SEG_CS].base = s.seg[CF_SEG_CS].selector = 0;
	guest_put(g, 6 * sizeof(at), at, sizeof(at));
	guest_put(
		g, 0x500, code_faults, (size_t)(code_faults_end - code_faults));
	assert_ok(g->ops->set_state(g->vm, 0, &s, &err));
	alarm(30);
	g->ops->run(g->vm, 0, 1000, &stop);
	alarm(0);
	assert_int_equal(stop.why, CF_STOP_BUDGET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f)     cmocka_unit_test_setup_teardown(f, setup, teardown)
#define TEST_SMP(f) cmocka_unit_test_setup_teardown(f, setup_smp, teardown)
		TEST(test_accel_soft_answers_cpuid),
		TEST(test_accel_soft_changes_rings_by_syscall),
		TEST(test_accel_soft_repeats_string_operations),
		TEST(test_accel_soft_traps_after_each_instruction),
		TEST(test_accel_soft_counts_instructions),
		TEST(test_accel_soft_ends_a_loop_of_exceptions),
		TEST_SMP(test_accel_soft_keeps_atomics_atomic),
		TEST_SMP(test_accel_soft_notices_code_written_by_others),
		TEST_SMP(test_accel_soft_starts_processors_by_sipi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
