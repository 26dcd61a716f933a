/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardware task switches and virtual-8086 mode, by the rules of APM volume 2,
 * "Task Management" and "Virtual-8086 Mode".  The guest is 32-bit code without
 * paging.
 */
#include "test.h"
#include "soft_guest.h"

#define DONE   "outb %al, $0xf4\n"
#define GDT    0x6000u
#define IDT    0x5000u
#define TSS1   0x7000u
#define TSS2   0x8000u
#define NOTES  0x201000u
#define S_TSS1 0x18u
#define S_TSS2 0x20u
#define S_GATE 0x28u
#define BUSY   ((uint64_t)1 << 41)
#define NT     0x4000u
#define RF     0x10000u
#define VM     0x20000u

/* In both TSSs. */
enum {
	LINK = 0,
	ESP0 = 4,
	SS0 = 8,
	EIP = 32,
	EFLAGS = 36,
	EAX = 40,
	ESP = 56,
	ES = 72,
	CS = 76,
	SS = 80,
	DS = 84,
	FS = 88,
	GS = 92,
	LDT = 96,
	TRAP = 100
};

static int setup(void **state)
{
	static struct guest g;

	guest_create(&g, 1);
	*state = &g;
	return 0;
}

static int teardown(void **state)
{
	guest_destroy(*state);
	return 0;
}

static void put32(struct guest *g, uint64_t gpa, uint32_t v)
{
	guest_put(g, gpa, &v, sizeof(v));
}

static uint32_t get32(struct guest *g, uint64_t gpa)
{
	return (uint32_t)guest_u64(g, gpa);
}

static void put64(struct guest *g, uint64_t gpa, uint64_t v)
{
	guest_put(g, gpa, &v, sizeof(v));
}

static uint64_t tss_descriptor(uint32_t base)
{
	return 0x0000890000002067 | (uint64_t)(base & 0xffff) << 16 |
		(uint64_t)(base >> 16 & 0xff) << 32;
}

/* A task that starts at `eip` with flat segments and its own stack. */
static void put_task(struct guest *g, uint32_t tss, uint32_t eip)
{
	static const uint8_t zero[0x200];

	guest_put(g, tss, zero, sizeof(zero));
	put32(g, tss + ESP0, 0x190000);
	put32(g, tss + SS0, 0x10);
	put32(g, tss + EIP, eip);
	put32(g, tss + EFLAGS, 2);
	put32(g, tss + ESP, 0x1a0000);
	put32(g, tss + CS, 8);
	for (unsigned i = 0; i < 6; i++)
		if (ES + 4 * i != CS)
			put32(g, tss + ES + 4 * i, 0x10);
	put32(g, tss + TRAP, 104u << 16); /* and the I/O bitmap */
}

/* Interrupt gates to stubs of 16 bytes at code + 0x400; ring 3 may ask for
 * vector 3. */
static void put_tables(struct guest *g)
{
	static const uint64_t gdt[] = { 0, 0x00cf9b000000ffff,
		0x00cf93000000ffff };

	guest_put(g, GDT, gdt, sizeof(gdt));
	put64(g, GDT + S_TSS1, tss_descriptor(TSS1) | BUSY);
	put64(g, GDT + S_TSS2, tss_descriptor(TSS2));
	put64(g, GDT + S_GATE, 0x0000e50000000000 | S_TSS2 << 16);
	for (uint64_t v = 0; v < 32; v++) {
		uint64_t to = GUEST_CODE + 0x400 + 16 * v;

		put64(g, IDT + 8 * v,
			(to & 0xffff) | 8u << 16 |
				(v == 3 ? 0xee00ull : 0x8e00ull) << 32 |
				(to >> 16) << 48);
	}
}

static void run(struct guest *g, const uint8_t *code, const uint8_t *end,
	struct cf_cpu_state *s)
{
	guest_long_mode(s);
	s->cr0 = 0x33;
	s->cr4 = 0;
	s->efer = 0;
	s->seg[CF_SEG_CS].attrib = 0xc9b;
	s->gdtr.base = GDT;
	s->gdtr.limit = 0x3f;
	s->idtr.base = IDT;
	s->idtr.limit = 255;
	s->tr = (struct cf_segment) { .selector = S_TSS1,
		.attrib = 0x8b,
		.limit = 0x2067,
		.base = TSS1 };
	guest_run(g, code, end, s);
}

/*
 * Stubs that note vector, error code (or 0), EIP, CS, EFLAGS, ESP or what is
 * on its place, SS, ES, DS, FS, GS of the frame, and DS itself; EDI says where.
 * Then they return to the address in ESI, in ring 0.
 */
#define STUBS(name)                                          \
	".set n, 0\n"                                        \
	".rept 32\n"                                         \
	".skip 0x400 + 16 * n - (. - " #name ")\n"           \
	".if !(n == 8 || (n >= 10 && n <= 14) || n == 17)\n" \
	"push $0\n"                                          \
	".endif\n"                                           \
	"push $n\n"                                          \
	"jmp 8f\n"                                           \
	".set n, n + 1\n"                                    \
	".endr\n"                                            \
	"8: mov %ds, %eax\n"                                 \
	"push %ss\n"                                         \
	"pop %ds\n"                                          \
	"push %ss\n"                                         \
	"pop %es\n"                                          \
	"mov %eax, 44(%edi)\n"                               \
	"mov %esi, %ebx\n"                                   \
	"mov %esp, %esi\n"                                   \
	"mov $11, %ecx\n"                                    \
	"rep movsl\n"                                        \
	"add $4, %edi\n"                                     \
	"mov $0x180000, %esp\n"                              \
	"jmp *%ebx\n"

struct note {
	uint32_t vector, error, eip, cs, eflags, esp, ss, es, ds, fs, gs;
	uint32_t handler_ds;
};

static struct note note_of(struct guest *g, unsigned i)
{
	struct note n;

	guest_get(g, NOTES + i * sizeof(n), &n, sizeof(n));
	return n;
}

/* The second task: counts in EAX, says what it sees, returns, goes on. */
GUEST_ASM(code_nest,
	".code32\n"
	"mov $7, %ebp\n"
	"lcall $0x20, $0\n"
	"lcall $0x28, $0\n" /* through the task gate */
	"mov %cr0, %ebx\n" DONE ".skip 0x200 - (. - code_nest)\n"
	"inc %eax\n"
	"pushf\n"
	"pop %ecx\n"
	"str %edx\n"
	"mov 0x601c, %ebx\n" /* descriptors: upper halves */
	"mov 0x6024, %ebp\n"
	"iret\n"
	"add $10, %eax\n"
	"iret\n");

static void test_task_call_nests_and_returns(void **state)
{
	struct guest *g = *state;
	struct cf_cpu_state s;

	put_tables(g);
	put_task(g, TSS2, GUEST_CODE + 0x200);
	run(g, code_nest, code_nest_end, &s);
	assert_int_equal(get32(g, TSS2 + EAX), 11);
	assert_int_equal(get32(g, TSS2 + LINK) & 0xffff, S_TSS1);
	/* ECX, EDX, EBX, EBP of the other task. */
	assert_int_equal(get32(g, TSS2 + EAX + 4) & NT, NT);
	assert_int_equal(get32(g, TSS2 + EAX + 8), S_TSS2);
	assert_int_equal(get32(g, TSS2 + EAX + 12) & BUSY >> 32, BUSY >> 32);
	assert_int_equal(get32(g, TSS2 + ESP + 4) & BUSY >> 32, BUSY >> 32);
	assert_int_equal(get32(g, TSS2 + EFLAGS) & NT, 0);
	/* Back in the first. */
	assert_int_equal(s.tr.selector, S_TSS1);
	assert_int_equal(s.gpr[CF_RBP], 7);
	assert_int_equal(s.gpr[CF_RBX] & 8, 8); /* CR0.TS */
	assert_int_equal(guest_u64(g, GDT + S_TSS1) & BUSY, BUSY);
	assert_int_equal(guest_u64(g, GDT + S_TSS2) & BUSY, 0);
}

GUEST_ASM(code_jump,
	".code32\n"
	"mov $0x401, %eax\n" /* L0, on an instruction of the other task */
	"mov $0x100208, %ebx\n"
	"mov %ebx, %dr0\n"
	"mov %eax, %dr7\n"
	"ljmp $0x20, $0\n"
	"2: inc %ecx\n" DONE ".skip 0x200 - (. - code_jump)\n"
	"pushf\n"
	"pop %edx\n"
	"mov %dr7, %ebx\n"
	"nop\nnop\nnop\n"
	"nop\n"                /* 0x208 */
	"movl $0x55, 0x7028\n" /* the other's EAX */
	"ljmp $0x18, $0\n");

static void test_task_jump_leaves_nothing_behind(void **state)
{
	struct guest *g = *state;
	struct cf_cpu_state s;

	put_tables(g);
	put_task(g, TSS2, GUEST_CODE + 0x200);
	put32(g, TSS2 + LINK, 0x1234);
	run(g, code_jump, code_jump_end, &s);
	assert_int_equal(s.gpr[CF_RAX] & 0xff, 0x55);
	assert_int_equal(get32(g, TSS2 + LINK), 0x1234);
	assert_int_equal(get32(g, TSS2 + EAX + 8) & NT, 0);
	/* Local breakpoints do not survive a switch. */
	assert_int_equal(get32(g, TSS2 + EAX + 12), 0x400);
	assert_int_equal(guest_u64(g, GDT + S_TSS1) & BUSY, BUSY);
	assert_int_equal(guest_u64(g, GDT + S_TSS2) & BUSY, 0);
}

/* #GP by a task gate: its error code is on the new task's stack, the address
 * of the instruction in the old task's TSS. */
GUEST_ASM(code_event,
	".code32\n"
	"mov $0x1230, %eax\n"
	"1: mov %eax, %fs\n"
	"lea 1b - code_event + 0x100000, %ebx\n" DONE
	".skip 0x200 - (. - code_event)\n"
	"pop %eax\n"
	"addl $2, 0x7020\n" /* EIP: skip the instruction */
	"iret\n");

static void test_task_gate_takes_an_exception(void **state)
{
	struct guest *g = *state;
	struct cf_cpu_state s;

	put_tables(g);
	put_task(g, TSS2, GUEST_CODE + 0x200);
	put64(g, IDT + 8 * 13, 0x0000850000000000 | S_TSS2 << 16);
	run(g, code_event, code_event_end, &s);
	assert_int_equal(get32(g, TSS2 + EAX), 0x1230);
	assert_int_equal(get32(g, TSS2 + ESP), 0x1a0000);
	assert_int_equal(get32(g, TSS1 + EIP), s.gpr[CF_RBX] + 2);
	assert_int_equal(get32(g, TSS1 + EFLAGS) & RF, RF);
}

/* T in the TSS: #DB in the new task, before its first instruction. */
GUEST_ASM(code_trap,
	".code32\n"
	"mov $0x201000, %edi\n"
	"mov $0x100300, %esi\n"
	"mov %esi, 0x8040\n" /* ESI and EDI of the other task */
	"mov %edi, 0x8044\n"
	"lcall $0x20, $0\n" DONE ".skip 0x300 - (. - code_trap)\n"
	"mov %dr6, %eax\n" DONE STUBS(code_trap));

static void test_task_trap_bit_raises_a_debug_exception(void **state)
{
	struct guest *g = *state;
	struct cf_cpu_state s;
	struct note n;

	put_tables(g);
	put_task(g, TSS2, GUEST_CODE + 0x200);
	put32(g, TSS2 + TRAP, 1 | 104u << 16);
	run(g, code_trap, code_trap_end, &s);
	n = note_of(g, 0);
	assert_int_equal(n.vector, 1);
	assert_int_equal(n.eip, GUEST_CODE + 0x200);
	assert_int_equal(s.gpr[CF_RAX], 0xffff8ff0); /* BT */
}

/* Each try ends in a note. */
GUEST_ASM(code_wrong,
	".code32\n"
	"mov $0x201000, %edi\n"
	"mov $1f - code_wrong + 0x100000, %esi\n"
	"ljmp $0x18, $0\n" /* busy */
	"1: mov $2f - code_wrong + 0x100000, %esi\n"
	"movb $0x09, 0x6025\n" /* not present */
	"lcall $0x20, $0\n"
	"2: movb $0x89, 0x6025\n"
	"movw $0x66, 0x6020\n" /* too short */
	"mov $3f - code_wrong + 0x100000, %esi\n"
	"ljmp $0x20, $0\n"
	"3: movw $0x67, 0x6020\n"
	"movw $0x20, 0x7000\n" /* IRET to a task that is not busy */
	"pushf\n"
	"orl $0x4000, (%esp)\n"
	"popf\n"
	"mov $4f - code_wrong + 0x100000, %esi\n"
	"iret\n"
	"4: pushf\n"
	"andl $~0x4000, (%esp)\n"
	"popf\n"
	"movl $0x38, 0x8054\n" /* DS of the new task */
	"mov $5f - code_wrong + 0x100000, %esi\n"
	"mov %esi, 0x8040\n"
	"mov %edi, 0x8044\n"
	"ljmp $0x20, $0\n"
	"5: str %ebp\n" DONE STUBS(code_wrong));

static void test_task_switch_refuses_what_is_wrong(void **state)
{
	static const uint32_t want[][2] = { { 13, S_TSS1 }, { 11, S_TSS2 },
		{ 10, S_TSS2 }, { 10, S_TSS2 }, { 10, 0x38 } };
	struct guest *g = *state;
	struct cf_cpu_state s;

	put_tables(g);
	put_task(g, TSS2, GUEST_CODE + 0x200);
	run(g, code_wrong, code_wrong_end, &s);
	for (unsigned i = 0; i < 5; i++) {
		struct note n = note_of(g, i);

		assert_int_equal(n.vector, want[i][0]);
		assert_int_equal(n.error, want[i][1]);
	}
	/* The last one is the new task's exception. */
	assert_int_equal(s.gpr[CF_RBP], S_TSS2);
	assert_int_equal(note_of(g, 4).eip, GUEST_CODE + 0x200);
}

/* Ring 0 enters virtual-8086 mode at 2000:0000 with the flags in EBX. */
#define ENTER_VM86                \
	"push $0x6666\n" /* GS */ \
	"push $0x5555\n"          \
	"push $0x2100\n" /* DS */ \
	"push $0x4444\n" /* ES */ \
	"push $0x3000\n" /* SS */ \
	"push $0x1000\n"          \
	"push %ebx\n"             \
	"push $0x2000\n"          \
	"push $0\n"               \
	"iret\n"

GUEST_ASM(code_vm,
	".code32\n"
	"mov $0x201000, %edi\n"
	"mov $1f - code_vm + 0x100000, %esi\n"
	"mov $0x20002, %ebx\n" /* IOPL 0 */
	ENTER_VM86 "1: " DONE STUBS(code_vm));

GUEST_ASM(code_in_vm,
	".code16\n"
	"mov %cs, %ax\n"
	"mov %ax, 4\n" /* DS:4 */
	"pushw %ds\n"
	"popw %es\n" /* loads are base = selector * 16 */
	"movw $0x1234, %es:6\n"
	"push %ss\n"
	"mov $0x7fff, %ax\n"
	"mov %ax, %fs\n"
	"lcall $0x2001, $0x30\n" /* 2001:0030 = 0x20040 */
	"int3\n"
	".skip 0x40 - (. - code_in_vm)\n"
	"movw $1, 8\n"
	"lret\n");

static void test_vm86_runs_16_bit_code_and_leaves_by_int3(void **state)
{
	struct guest *g = *state;
	struct cf_cpu_state s;
	struct note n;

	put_tables(g);
	put_task(g, TSS1, 0);
	guest_put(
		g, 0x20000, code_in_vm, (size_t)(code_in_vm_end - code_in_vm));
	run(g, code_vm, code_vm_end, &s);
	assert_int_equal(get32(g, 0x21004), 0x12342000);
	assert_int_equal(get32(g, 0x21008) & 0xffff, 1);
	assert_int_equal(get32(g, 0x30ffe) & 0xffff, 0x3000);
	n = note_of(g, 0);
	assert_int_equal(n.vector, 3);
	assert_int_equal(n.cs, 0x2000);
	assert_int_equal(n.eflags & VM, VM);
	assert_int_equal(n.esp, 0xffe);
	assert_int_equal(n.ss, 0x3000);
	assert_int_equal(n.es, 0x2100);
	assert_int_equal(n.ds, 0x2100);
	assert_int_equal(n.fs, 0x7fff);
	assert_int_equal(n.gs, 0x6666);
	/* The handler starts with null segments, in ring 0. */
	assert_int_equal(n.handler_ds, 0);
	assert_int_equal(s.cpl, 0);
	assert_int_equal(s.rflags & VM, 0);
}

/* One instruction each, tried with an I/O level of 0 and of 3. */
static const struct {
	uint8_t bytes[4];
	int vector[2]; /* by I/O level 0, 3; -1: none, the next one faults */
} vm_cases[] = {
	{ { 0xfa }, { 13, -1 } },             /* CLI */
	{ { 0xfb }, { 13, -1 } },             /* STI */
	{ { 0x9c }, { 13, -1 } },             /* PUSHF */
	{ { 0x9d }, { 13, -1 } },             /* POPF */
	{ { 0xcd, 0x03 }, { 13, 3 } },        /* INT 3 with its number */
	{ { 0xcc }, { 3, 3 } },               /* INT3 */
	{ { 0xf4 }, { 13, 13 } },             /* HLT */
	{ { 0x0f, 0x20, 0xc0 }, { 13, 13 } }, /* MOV EAX, CR0 */
	{ { 0x0f, 0x00, 0xd8 }, { 6, 6 } },   /* LTR */
	{ { 0x63, 0xc0 }, { 6, 6 } },         /* ARPL */
	{ { 0xe4, 0x70 }, { -1, -1 } },       /* IN, allowed by the bitmap */
	{ { 0xe4, 0x71 }, { 13, 13 } },       /* IN, not allowed */
};

static void vm_case(struct guest *g, unsigned i, bool iopl)
{
	uint8_t code[8] = { 0 };
	struct cf_cpu_state s;
	uint8_t patched[0x700];
	size_t len = (size_t)(code_vm_end - code_vm);
	struct note n;
	int want = vm_cases[i].vector[iopl];

	put_tables(g);
	put_task(g, TSS1, 0);
	guest_put(g, TSS1 + 104 + 0x71 / 8, &(uint8_t) { 0x02 }, 1);
	memcpy(code, vm_cases[i].bytes, 4);
	memcpy(code + 4, "\x0f\x0b", 2);
	for (unsigned k = 3; k > 0 && !code[k]; k--)
		code[k] = 0x90;
	guest_put(g, 0x20000, code, sizeof(code));
	assert_in_range(len, 1, sizeof(patched));
	memcpy(patched, code_vm, len);
	/* MOV EBX, flags is the third instruction. */
	memcpy(patched + 11, iopl ? "\x02\x30\x02\x00" : "\x02\x00\x02\x00", 4);
	run(g, patched, patched + len, &s);
	n = note_of(g, 0);
	if (n.vector != (uint32_t)(want < 0 ? 6 : want) ||
		(want < 0 && n.eip != 4) || (want == 13 && n.error))
		fail_msg("case %u, I/O level %d: vector %u error %u at %x", i,
			iopl ? 3 : 0, n.vector, n.error, n.eip);
}

static void test_vm86_leaves_privileged_instructions_to_the_monitor(
	void **state)
{
	for (unsigned i = 0; i < CF_ARRAY_LEN(vm_cases); i++) {
		vm_case(*state, i, false);
		vm_case(*state, i, true);
	}
}

/* Offsets beyond 64 KiB fault; a gate must lead to ring 0. */
GUEST_ASM(code_beyond,
	".code16\n"
	"mov $0xffff, %bx\n"
	"mov (%bx), %ax\n"
	"ud2\n");

static void test_vm86_segments_have_64_kib(void **state)
{
	struct guest *g = *state;
	struct cf_cpu_state s;
	struct note n;

	put_tables(g);
	put_task(g, TSS1, 0);
	guest_put(g, 0x20000, code_beyond,
		(size_t)(code_beyond_end - code_beyond));
	run(g, code_vm, code_vm_end, &s);
	n = note_of(g, 0);
	assert_int_equal(n.vector, 13);
	assert_int_equal(n.eip, 3);
	assert_int_equal(n.error, 0);
}

/* With CR4.VME and I/O level 0: a virtual interrupt flag, and INT n through the
 * program's own table unless the TSS says otherwise. */
GUEST_ASM(code_vme,
	".code32\n"
	"mov %cr4, %eax\n"
	"or $1, %eax\n"
	"mov %eax, %cr4\n"
	"mov $0x201000, %edi\n"
	"mov $1f - code_vme + 0x100000, %esi\n"
	"mov $0x20002, %ebx\n" ENTER_VM86 "1: " DONE STUBS(code_vme));

GUEST_ASM(code_in_vme,
	".code16\n"
	"sti\n"
	"pushf\n" /* IF set, I/O level 3 */
	"popw 0\n"
	"int $0x21\n" /* to 2000:0080, with the virtual flag off */
	"pushf\n"
	"popw 4\n" /* on again, by IRET */
	"cli\n"
	"pushf\n"
	"popw 6\n"
	"pushw $0x3202\n"
	"popf\n"
	"pushf\n"
	"popw 8\n"
	"int $0x22\n" /* the monitor's: #GP */
	".skip 0x80 - (. - code_in_vme)\n"
	"pushf\n"
	"popw 2\n"
	"iretw\n");

static void test_vm86_extensions_give_a_virtual_interrupt_flag(void **state)
{
	struct guest *g = *state;
	struct cf_cpu_state s;
	uint16_t fl[5];
	struct note n;

	put_tables(g);
	put_task(g, TSS1, 0);
	/* The map of redirected interrupts lies below the I/O bitmap. */
	put32(g, TSS1 + TRAP, 136u << 16);
	guest_put(g, TSS1 + 104 + 0x22 / 8, &(uint8_t) { 1 << (0x22 & 7) }, 1);
	put32(g, 0x21 * 4, 0x20000080);
	guest_put(g, 0x20000, code_in_vme,
		(size_t)(code_in_vme_end - code_in_vme));
	run(g, code_vme, code_vme_end, &s);
	guest_get(g, 0x21000, fl, sizeof(fl));
	assert_int_equal(fl[0], 0x3202);
	assert_int_equal(fl[1], 0x3002);
	assert_int_equal(fl[2], 0x3202);
	assert_int_equal(fl[3], 0x3002);
	assert_int_equal(fl[4], 0x3202);
	n = note_of(g, 0);
	assert_int_equal(n.vector, 13);
	assert_int_equal(n.error, 0);
	/* The real flag was never touched; VIF is set. */
	assert_int_equal(n.eflags & 0xa3200, 0xa0000);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_task_call_nests_and_returns),
		TEST(test_task_jump_leaves_nothing_behind),
		TEST(test_task_gate_takes_an_exception),
		TEST(test_task_trap_bit_raises_a_debug_exception),
		TEST(test_task_switch_refuses_what_is_wrong),
		TEST(test_vm86_runs_16_bit_code_and_leaves_by_int3),
		TEST(test_vm86_leaves_privileged_instructions_to_the_monitor),
		TEST(test_vm86_segments_have_64_kib),
		TEST(test_vm86_extensions_give_a_virtual_interrupt_flag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
