/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's own breakpoints, by the rules of APM volume 2, "Software-Debug
 * Resources".  A handler notes DR6, RIP and RFLAGS of each #DB and goes on
 * with RF set; another does so for #UD and skips the instruction.
 */
#include "test.h"
#include "soft_guest.h"

#define DONE  "outb %al, $0xf4\n"
#define NOTES UINT64_C(0x201000)
#define DB_AT 0x400
#define UD_AT 0x480
#define B0    0x1u
#define B1    0x2u
#define BD    0x2000u
#define BS    0x4000u
#define CLEAN 0xffff0ff0u
#define RF    0x10000u

/* R15: where to note.  Where code is expected to be is in R8 and R9. */
#define HANDLERS(name)                    \
	".skip 0x400 - (. - " #name ")\n" \
	"push %rax\n"                     \
	"mov %dr6, %rax\n"                \
	"mov %rax, (%r15)\n"              \
	"mov 8(%rsp), %rax\n"             \
	"mov %rax, 8(%r15)\n"             \
	"mov 24(%rsp), %rax\n"            \
	"mov %rax, 16(%r15)\n"            \
	"add $24, %r15\n"                 \
	"xor %eax, %eax\n"                \
	"mov %rax, %dr6\n"                \
	"orl $0x10000, 24(%rsp)\n"        \
	"pop %rax\n"                      \
	"iretq\n"                         \
	".skip 0x480 - (. - " #name ")\n" \
	"movl $6, (%r15)\n"               \
	"mov (%rsp), %rax\n"              \
	"mov %rax, 8(%r15)\n"             \
	"mov 16(%rsp), %rax\n"            \
	"mov %rax, 16(%r15)\n"            \
	"add $24, %r15\n"                 \
	"addq $2, (%rsp)\n"               \
	"iretq\n"

struct note {
	uint64_t dr6, rip, rflags;
};

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

/* Returns how many notes were taken. */
static size_t run(struct guest *g, const uint8_t *code, const uint8_t *end,
	struct cf_cpu_state *s, struct note note[8])
{
	guest_long_mode(s);
	guest_gate(g, s, 1, GUEST_CODE + DB_AT);
	guest_gate(g, s, 6, GUEST_CODE + UD_AT);
	s->gpr[15] = NOTES;
	guest_run(g, code, end, s);
	guest_get(g, NOTES, note, 8 * sizeof(*note));
	return (size_t)(s->gpr[15] - NOTES) / sizeof(*note);
}

GUEST_ASM(code_exec,
	"lea 1f(%rip), %r8\n"
	"mov %r8, %dr0\n"
	"mov $1, %eax\n" /* L0 */
	"mov %rax, %dr7\n"
	"xor %ebx, %ebx\n"
	"mov $3, %ecx\n"
	"1: inc %ebx\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"xor %eax, %eax\n"
	"mov %rax, %dr7\n"
	"jmp 2f\n"
	"2: inc %ebx\n" DONE HANDLERS(code_exec));

static void test_debug_breakpoint_stops_before_each_execution(void **state)
{
	struct cf_cpu_state s;
	struct note n[8];

	assert_int_equal(run(*state, code_exec, code_exec_end, &s, n), 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(n[i].dr6, CLEAN | B0);
		assert_int_equal(n[i].rip, s.gpr[8]);
		assert_int_equal(n[i].rflags & RF, 0);
	}
	assert_int_equal(s.gpr[CF_RBX], 4);
	assert_int_equal(s.dr7, 0x400);
}

/* On UD2: first the breakpoint, then, with RF, the fault, whose frame has RF
 * so that a return does not stop again. */
GUEST_ASM(code_fault,
	"lea 1f(%rip), %r8\n"
	"mov %r8, %dr1\n"
	"mov $8, %eax\n" /* G1 */
	"mov %rax, %dr7\n"
	"1: ud2\n"
	"lea 1b(%rip), %r9\n" DONE HANDLERS(code_fault));

static void test_debug_faults_set_the_resume_flag(void **state)
{
	struct cf_cpu_state s;
	struct note n[8];

	assert_int_equal(run(*state, code_fault, code_fault_end, &s, n), 2);
	assert_int_equal(n[0].dr6, CLEAN | B1);
	assert_int_equal(n[0].rip, s.gpr[8]);
	assert_int_equal(n[1].dr6, 6);
	assert_int_equal(n[1].rip, s.gpr[8]);
	assert_int_equal(n[1].rflags & RF, RF);
}

/* Four bytes at 0x200004, on writes. */
GUEST_ASM(code_write,
	"mov $0x200004, %eax\n"
	"mov %rax, %dr0\n"
	"mov $0xd0001, %eax\n"
	"mov %rax, %dr7\n"
	"mov 0x200004, %eax\n"    /* a read */
	"movl $1, 0x200000\n"     /* below */
	"movb $1, 0x200008\n"     /* above */
	"movb $1, 0x200007\n"     /* the last byte */
	"1: lock incq 0x200000\n" /* reaches into it */
	"2: mov $0x200000, %edi\n"
	"mov $4, %ecx\n"
	"xor %eax, %eax\n"
	"3: rep stosw\n" /* the third element */
	"lea 1b(%rip), %r8\n"
	"lea 2b(%rip), %r9\n"
	"lea 3b(%rip), %r10\n" DONE HANDLERS(code_write));

static void test_debug_watchpoint_traps_after_writes(void **state)
{
	struct cf_cpu_state s;
	struct note n[8];

	assert_int_equal(run(*state, code_write, code_write_end, &s, n), 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(n[i].dr6, CLEAN | B0);
	assert_int_equal(n[0].rip, s.gpr[8]);
	assert_int_equal(n[1].rip, s.gpr[9]);
	/* Elements three and four of the string; RIP still at it, then
	 * behind it. */
	assert_int_equal(n[2].rip, s.gpr[10]);
	assert_int_equal(n[3].rip, s.gpr[10] + 3);
	assert_int_equal(guest_u64(*state, 0x200000), 0);
}

GUEST_ASM(code_access,
	"mov $0x200010, %eax\n"
	"mov %rax, %dr1\n"
	"mov $0xb00008, %eax\n" /* 8 bytes, read or write */
	"mov %rax, %dr7\n"
	"mov 0x200010, %ebx\n"
	"1: movdqu 0x200001, %xmm0\n" /* its last byte */
	"2: mov 0x200018, %ebx\n"
	"lea 1b(%rip), %r8\n"
	"lea 2b(%rip), %r9\n" DONE HANDLERS(code_access));

static void test_debug_watchpoint_traps_after_reads(void **state)
{
	struct cf_cpu_state s;
	struct note n[8];

	assert_int_equal(run(*state, code_access, code_access_end, &s, n), 2);
	assert_int_equal(n[0].dr6, CLEAN | B1);
	assert_int_equal(n[0].rip, s.gpr[8]);
	assert_int_equal(n[1].rip, s.gpr[9]);
}

GUEST_ASM(code_io,
	"mov $0xe8, %eax\n"
	"mov %rax, %dr0\n"
	"mov $0x60001, %eax\n" /* 2 bytes, I/O */
	"mov %rax, %dr7\n"
	"outb %al, $0xe9\n" /* not yet: CR4.DE is clear */
	"mov %cr4, %rax\n"
	"or $8, %eax\n"
	"mov %rax, %cr4\n"
	"inb $0xea, %al\n"
	"outb %al, $0xe9\n"
	"1: inw $0xe7, %ax\n"
	"2: lea 1b(%rip), %r8\n"
	"lea 2b(%rip), %r9\n" DONE HANDLERS(code_io));

static void test_debug_io_breakpoint_needs_debug_extensions(void **state)
{
	struct cf_cpu_state s;
	struct note n[8];

	assert_int_equal(run(*state, code_io, code_io_end, &s, n), 2);
	assert_int_equal(n[0].dr6, CLEAN | B0);
	assert_int_equal(n[0].rip, s.gpr[8]);
	assert_int_equal(n[1].rip, s.gpr[9]);
}

/* The handler itself uses DR6, so GD must be clear in it. */
GUEST_ASM(code_detect,
	"mov $0x2000, %eax\n"
	"mov %rax, %dr7\n"
	"1: mov %dr3, %rbx\n"
	"mov %dr7, %r10\n"
	"lea 1b(%rip), %r8\n" DONE HANDLERS(code_detect));

static void test_debug_general_detect_guards_the_registers(void **state)
{
	struct cf_cpu_state s;
	struct note n[8];

	assert_int_equal(run(*state, code_detect, code_detect_end, &s, n), 1);
	assert_int_equal(n[0].dr6, CLEAN | BD);
	assert_int_equal(n[0].rip, s.gpr[8]);
	assert_int_equal(s.gpr[10], 0x400);
}

/* What a load of SS hits is told after the instruction behind it. */
GUEST_ASM(code_stack,
	"movl $0x10, 0x200020\n"
	"mov $0x200020, %eax\n"
	"mov %rax, %dr0\n"
	"mov $0xf0001, %eax\n"
	"mov %rax, %dr7\n"
	"mov 0x200020, %ss\n"
	"inc %ebx\n"
	"1: lea 1b(%rip), %r8\n" DONE HANDLERS(code_stack));

static void test_debug_trap_waits_behind_a_load_of_ss(void **state)
{
	struct cf_cpu_state s;
	struct note n[8];

	assert_int_equal(run(*state, code_stack, code_stack_end, &s, n), 1);
	assert_int_equal(n[0].dr6, CLEAN | B0);
	assert_int_equal(n[0].rip, s.gpr[8]);
}

/* TF with DEBUGCTL.BTF: after branches only, and once. */
GUEST_ASM(code_branch,
	"mov $0x1d9, %ecx\n"
	"mov $2, %eax\n"
	"xor %edx, %edx\n"
	"wrmsr\n"
	"pushfq\n"
	"orl $0x100, (%rsp)\n"
	"popfq\n"
	"nop\n"
	"jmp 1f\n"
	"nop\n"
	"1: pushfq\n"
	"andl $~0x100, (%rsp)\n"
	"popfq\n"
	"2: mov $0x1d9, %ecx\n"
	"rdmsr\n"
	"lea 1b(%rip), %r8\n"
	"lea 2b(%rip), %r9\n" DONE HANDLERS(code_branch));

static void test_debug_branch_steps(void **state)
{
	struct cf_cpu_state s;
	struct note n[8];
	size_t count = run(*state, code_branch, code_branch_end, &s, n);

	/* The branch, then single steps: PUSHF, AND and POPF. */
	assert_int_equal(count, 4);
	assert_int_equal(n[0].dr6, CLEAN | BS);
	assert_int_equal(n[0].rip, s.gpr[8]);
	assert_int_equal(n[3].rip, s.gpr[9]);
	assert_int_equal(s.gpr[CF_RAX], 0);
}

/* No trap behind INT3 (its handler starts with TF clear); one behind IRET. */
GUEST_ASM(code_step_int,
	"pushfq\n"
	"orl $0x100, (%rsp)\n"
	"popfq\n"
	"1: ud2\n"
	"2: pushfq\n"
	"andl $~0x100, (%rsp)\n"
	"popfq\n"
	"lea 1b(%rip), %r8\n"
	"lea 2b(%rip), %r9\n" DONE HANDLERS(code_step_int));

static void test_debug_step_over_a_fault(void **state)
{
	struct cf_cpu_state s;
	struct note n[8];

	/* #UD, whose IRET leads to the next instruction with TF again. */
	assert_int_equal(
		run(*state, code_step_int, code_step_int_end, &s, n), 4);
	assert_int_equal(n[0].dr6, 6);
	assert_int_equal(n[0].rip, s.gpr[8]);
	assert_int_equal(n[1].dr6, CLEAN | BS);
	assert_true(n[1].rip > s.gpr[9]);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_debug_breakpoint_stops_before_each_execution),
		TEST(test_debug_faults_set_the_resume_flag),
		TEST(test_debug_watchpoint_traps_after_writes),
		TEST(test_debug_watchpoint_traps_after_reads),
		TEST(test_debug_io_breakpoint_needs_debug_extensions),
		TEST(test_debug_general_detect_guards_the_registers),
		TEST(test_debug_trap_waits_behind_a_load_of_ss),
		TEST(test_debug_branch_steps),
		TEST(test_debug_step_over_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
