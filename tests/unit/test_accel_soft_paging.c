/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of translations and what invalidates them: large pages, PCIDs,
 * INVLPG, INVPCID.
 */
#include "test.h"
#include "soft_guest.h"

#define DONE  "outb %al, $0xf4\n"
#define OTHER UINT64_C(0x11000) /* tables of a second address space */
#define PT_A  UINT64_C(0x14000)
#define PT_B  UINT64_C(0x15000)
#define FRAME UINT64_C(0x300000) /* and what follows: one number a page */

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

static void put64(struct guest *g, uint64_t gpa, uint64_t v)
{
	guest_put(g, gpa, &v, sizeof(v));
}

/* Address 1 GiB: page table PT_A in the first space, PT_B in the second; all
 * the rest as in the first. */
static void map_twice(struct guest *g)
{
	for (uint64_t i = 0; i < 16; i++)
		put64(g, FRAME + (i << 12), 100 + i);
	put64(g, 0x2008, 0x13003);
	put64(g, 0x13000, PT_A | 3);
	put64(g, PT_A, FRAME | 3);
	put64(g, OTHER, (OTHER + 0x1000) | 3);
	put64(g, OTHER + 0x1000, 0x3003);
	put64(g, OTHER + 0x1008, 0x16003);
	put64(g, 0x16000, PT_B | 3);
	put64(g, PT_B, (FRAME + 0x1000) | 3);
}

/* R10 to R12: CR3 of space A with PCID 1 (flushing), the same keeping what is
 * cached, space B with PCID 2 keeping.  RBX: the address, RSI: A's entry. */
#define SPACES                            \
	"mov %cr4, %rax\n"                \
	"or $0x20000, %eax\n"             \
	"mov %rax, %cr4\n"                \
	"mov $0x1001, %r10d\n"            \
	"mov $0x8000000000001001, %r11\n" \
	"mov $0x8000000000011002, %r12\n" \
	"mov $0x40000000, %ebx\n"         \
	"mov $0x14000, %esi\n"            \
	"mov $0x200000, %edi\n"           \
	"mov %r10, %cr3\n"
#define READ          "mov (%rbx), %eax\nstosl\n"
#define FRAME_OF_A(n) "movl $0x30" #n "003, (%rsi)\n"

GUEST_ASM(code_switch,
	SPACES READ /* 100 */
	"mov %r12, %cr3\n" FRAME_OF_A(
		2) "mov %r11, %cr3\n" READ /* 100: kept */
		   "mov %cr3, %r13\n"
		   "mov %r10, %cr3\n" READ /* 102: flushed */
		   "mov %r12, %cr3\n" READ /* 101: another PCID's was not */
			   FRAME_OF_A(
				   3) "mov $1, %eax\n"
				      "mov %rax, 0x210000\n"
				      "invpcid 0x210000, %rax\n" /* all of PCID 1 */
				      "mov %r11, %cr3\n" READ /* 103 */
				      "mov %r12, %cr3\n" FRAME_OF_A(
					      4) "mov %rbx, 0x210008\n"
						 "xor %eax, %eax\n"
						 "invpcid 0x210000, %rax\n" /* one address of PCID 1 */
						 "mov %r11, %cr3\n" READ /* 104 */
						 "mov %r12, %cr3\n" FRAME_OF_A(
							 5) "mov $2, %eax\n"
							    "invpcid 0x210000, %rax\n" /* everything, global too */
							    "mov %r11, %cr3\n" READ /* 105 */
							    "mov %r12, %cr3\n" FRAME_OF_A(
								    6) "mov $3, %eax\n"
								       "invpcid 0x210000, %rax\n" /* everything */
								       "mov %r11, %cr3\n" READ /* 106 */
									       FRAME_OF_A(
										       7) "invlpg (%rbx)\n" READ /* 107 */
										       DONE);

static void test_paging_keeps_address_spaces_apart_by_pcid(void **state)
{
	static const uint32_t want[] = { 100, 100, 102, 101, 103, 104, 105, 106,
		107 };
	uint32_t got[CF_ARRAY_LEN(want)];
	struct cf_cpu_state s;

	map_twice(*state);
	guest_long_mode(&s);
	guest_run(*state, code_switch, code_switch_end, &s);
	guest_get(*state, 0x200000, got, sizeof(got));
	for (size_t i = 0; i < CF_ARRAY_LEN(want); i++)
		if (got[i] != want[i])
			fail_msg("read %zu: %u, want %u", i, got[i], want[i]);
	assert_int_equal(s.gpr[13], 0x1001); /* bit 63 is not kept */
}

/* More spaces than are kept, round and round: each sees its own page. */
GUEST_ASM(code_many,
	SPACES "xor %ebp, %ebp\n"
	       "1: mov %ebp, %ecx\n"
	       "and $15, %ecx\n"
	       "lea 0x1001(%rcx), %rax\n" /* A's tables, PCID 1 to 16 */
	       "bts $63, %rax\n"
	       "mov %ecx, %edx\n"
	       "shl $12, %edx\n"
	       "add $0x300003, %edx\n"
	       "mov %edx, (%rsi)\n"
	       "cmp $16, %ebp\n"
	       "jae 2f\n"
	       "btr $63, %rax\n" /* first time: fill */
	       "2: mov %rax, %cr3\n"
	       "mov (%rbx), %eax\n"
	       "sub $100, %eax\n"
	       "cmp %ecx, %eax\n"
	       "je 3f\n"
	       "inc %r8d\n"
	       "3: inc %ebp\n"
	       "cmp $160, %ebp\n"
	       "jb 1b\n" DONE);

static void test_paging_gives_up_the_oldest_address_space(void **state)
{
	struct cf_cpu_state s;

	map_twice(*state);
	guest_long_mode(&s);
	guest_run(*state, code_many, code_many_end, &s);
	assert_int_equal(s.gpr[CF_R8], 0);
}

/* Each of these is #GP(0); the handler counts and skips five bytes. */
GUEST_ASM(code_bad,
	"mov $0x210000, %edi\n"
	"mov $4, %eax\n"
	"invpcid (%rdi), %rax\n" /* no such type */
	"xor %eax, %eax\n"
	"movq $1, (%rdi)\n"
	"invpcid (%rdi), %rax\n" /* a PCID without CR4.PCIDE */
	"inc %eax\n"
	"invpcid (%rdi), %rax\n"
	"mov $2, %eax\n"
	"invpcid (%rdi), %rax\n" /* allowed */
	"movq $0x1000, (%rdi)\n"
	"invpcid (%rdi), %rax\n" /* reserved bits */
	"movq $0, (%rdi)\n"
	"mov $0x800000000000, %rcx\n"
	"mov %rcx, 8(%rdi)\n"
	"xor %eax, %eax\n"
	"invpcid (%rdi), %rax\n" /* no address */
	DONE ".skip 0x400 - (. - code_bad)\n"
	"inc %r14d\n"
	"add %r14, %r13\n"
	"pop %r12\n"
	"addq $5, (%rsp)\n"
	"iretq\n");

static void test_paging_invpcid_checks_what_it_is_given(void **state)
{
	struct cf_cpu_state s;

	guest_long_mode(&s);
	guest_gate(*state, &s, 13, GUEST_CODE + 0x400);
	guest_run(*state, code_bad, code_bad_end, &s);
	assert_int_equal(s.gpr[14], 5);
	assert_int_equal(s.gpr[12], 0);
}

/* CR4.PCIDE needs CR3's low bits clear; CR3 bit 63 is reserved without it. */
GUEST_ASM(code_enable,
	"mov %cr3, %rcx\n"
	"lea 1(%rcx), %rdx\n"
	"mov %rdx, %cr3\n"
	"mov %cr4, %rax\n"
	"bts $17, %rax\n"
	"mov %rax, %cr4\n" /* 0f 22 e0 */
	"nop\nnop\n"
	"bts $63, %rcx\n"
	"mov %rcx, %cr3\n"
	"nop\nnop\n"
	"btr $63, %rcx\n"
	"mov %rcx, %cr3\n"
	"mov %rax, %cr4\n"
	"nop\nnop\n" DONE ".skip 0x400 - (. - code_enable)\n"
	"inc %r14d\n"
	"pop %r12\n"
	"addq $5, (%rsp)\n"
	"iretq\n");

static void test_paging_pcids_are_enabled_by_the_rules(void **state)
{
	struct cf_cpu_state s;

	guest_long_mode(&s);
	guest_gate(*state, &s, 13, GUEST_CODE + 0x400);
	guest_run(*state, code_enable, code_enable_end, &s);
	assert_int_equal(s.gpr[14], 2);
	assert_int_equal(s.cr4 & 0x20000, 0x20000);
}

/* INVLPG of any address of a large page forgets all of it. */
GUEST_ASM(code_large,
	"mov $0x40000000, %ebx\n"
	"mov (%rbx), %eax\n"
	"mov 0x1000(%rbx), %eax\n"
	"mov 0x1ff000(%rbx), %eax\n"
	"mov 0x13000, %eax\n"
	"xor $0xe00000, %eax\n" /* from 4 MiB to 10 MiB */
	"mov %eax, 0x13000\n"
	"invlpg (%rbx)\n"
	"mov 0x1000(%rbx), %r8d\n"
	"mov 0x1ff000(%rbx), %r9d\n" DONE);

static void test_paging_invlpg_forgets_a_whole_large_page(void **state)
{
	struct guest *g = *state;
	struct cf_cpu_state s;

	put64(g, 0x2008, 0x13003);
	put64(g, 0x13000, 0x400083);
	put64(g, 0xa01000, 11);
	put64(g, 0xbff000, 12);
	guest_long_mode(&s);
	guest_run(g, code_large, code_large_end, &s);
	assert_int_equal(s.gpr[CF_R8], 11);
	assert_int_equal(s.gpr[9], 12);
}

/* A branch to an address that code cannot have faults itself. */
GUEST_ASM(code_canonical,
	"mov $0x800000000000, %rcx\n"
	"mov %rsp, %rbp\n"
	"jmp *%rcx\n" /* ff e1 */
	"1: nop\nnop\nnop\n"
	"call *%rcx\n"
	"nop\nnop\nnop\n"
	"cmp %rsp, %rbp\n"
	"jne 2f\n"
	"push %rcx\n"
	"ret\n"
	"nop\nnop\nnop\nnop\n"
	"pop %rdx\n"
	"2: lea 1b(%rip), %r8\n" DONE ".skip 0x400 - (. - code_canonical)\n"
	"inc %r14d\n"
	"pop %r12\n"
	"mov (%rsp), %r13\n"
	"addq $5, (%rsp)\n"
	"iretq\n");

static void test_paging_branch_to_no_address_faults_at_the_branch(void **state)
{
	struct cf_cpu_state s;

	guest_long_mode(&s);
	guest_gate(*state, &s, 13, GUEST_CODE + 0x400);
	guest_run(*state, code_canonical, code_canonical_end, &s);
	assert_int_equal(s.gpr[14], 3);
	assert_int_equal(s.gpr[CF_RDX], UINT64_C(0x800000000000));
	assert_int_equal(s.gpr[CF_RSP], GUEST_STACK);
}

/* Ring 3 with CR0.AM and RFLAGS.AC: what is not aligned is #AC(0), before
 * anything is written.  The handler counts and goes on at R13. */
GUEST_ASM(code_align,
	"mov %cr0, %rax\n"
	"bts $18, %rax\n"
	"mov %rax, %cr0\n"
	"push $0x1b\n"
	"push $0x170000\n"
	"push $0x40202\n"
	"push $0x23\n"
	"lea 1f(%rip), %rax\n"
	"push %rax\n"
	"iretq\n"
	"1: mov $0x200000, %ebx\n"
	"mov (%rbx), %eax\n"
	"movw %ax, 2(%rbx)\n"
	"movb %al, 3(%rbx)\n"
	"movups 16(%rbx), %xmm0\n"
	"lea 2f(%rip), %r13\n"
	"mov 2(%rbx), %eax\n"
	"2: lea 3f(%rip), %r13\n"
	"movl $-1, 9(%rbx)\n"
	"3: lea 4f(%rip), %r13\n"
	"movups 8(%rbx), %xmm0\n"
	"4: lea 5f(%rip), %r13\n"
	"lock incq 0xffc(%rbx)\n" /* across two pages */
	"5: lea 6f(%rip), %r13\n"
	"lea 1(%rbx), %rdi\n"
	"mov $3, %ecx\n"
	"rep stosl\n"
	"6: mov %ecx, %ebp\n"
	"pushfq\n"
	"btrl $18, (%rsp)\n"
	"popfq\n"
	"mov 1(%rbx), %eax\n" /* nobody minds without AC */
	"lea 7f(%rip), %r13\n"
	"hlt\n"
	"7: .skip 0x400 - (. - code_align)\n"
	"inc %r14d\n"
	"pop %rax\n"
	"add %rax, %r12\n"
	"mov %r13, (%rsp)\n"
	"iretq\n"
	".skip 0x480 - (. - code_align)\n" DONE);

static void test_paging_alignment_is_checked_in_ring_3(void **state)
{
	static const uint64_t gdt[5] = { 0, 0x00af9b000000ffff,
		0x00cf93000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff };
	struct guest *g = *state;
	struct cf_cpu_state s;
	uint64_t pd[512];

	for (uint64_t i = 0; i < 512; i++)
		pd[i] = i << 21 | 0x87;
	put64(g, 0x1000, 0x2007);
	put64(g, 0x2000, 0x3007);
	guest_put(g, 0x3000, pd, sizeof(pd));
	guest_long_mode(&s);
	guest_gate(g, &s, 17, GUEST_CODE + 0x400);
	guest_gate(g, &s, 13, GUEST_CODE + 0x480);
	guest_put(g, 0x6000, gdt, sizeof(gdt));
	/* The TSS: only where ring 0's stack is. */
	put64(g, 0x7004, GUEST_STACK);
	s.tr = (struct cf_segment) {
		.attrib = 0x8b, .limit = 0x67, .base = 0x7000
	};
	guest_run(g, code_align, code_align_end, &s);
	assert_int_equal(s.gpr[14], 5);
	assert_int_equal(s.gpr[12], 0);
	assert_int_equal(s.gpr[CF_RBP], 3);
	assert_int_equal(guest_u64(g, 0x200008), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_paging_keeps_address_spaces_apart_by_pcid),
		TEST(test_paging_gives_up_the_oldest_address_space),
		TEST(test_paging_invpcid_checks_what_it_is_given),
		TEST(test_paging_pcids_are_enabled_by_the_rules),
		TEST(test_paging_invlpg_forgets_a_whole_large_page),
		TEST(test_paging_branch_to_no_address_faults_at_the_branch),
		TEST(test_paging_alignment_is_checked_in_ring_3),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
