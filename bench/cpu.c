/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions per second of the software CPU: an integer loop and a memory
 * loop, without devices.  Prints million guest instructions per second of CPU
 * time of the thread.
 */
#include "accel/accel.h"
#include "memory/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CODE  UINT64_C(0x100000)
#define STACK UINT64_C(0x180000)
#define RAM   (UINT64_C(64) << 20)
#define COUNT UINT64_C(400000000)

#define GUEST_ASM(name, text)                                               \
	__asm__(".pushsection .rodata\n.globl " #name "\n" #name ":\n" text \
		"\n.globl " #name "_end\n" #name "_end:\n"                  \
		".popsection\n");                                           \
	extern const uint8_t name[], name##_end[]

/* A congruential generator and a hash: dependent arithmetic. */
GUEST_ASM(integer_loop,
	"mov $1, %eax\n"
	"xor %ebx, %ebx\n"
	"mov $1103515245, %ecx\n"
	"1: imul %rcx, %rax\n"
	"add $12345, %rax\n"
	"mov %rax, %rdx\n"
	"shr $16, %rdx\n"
	"xor %rdx, %rbx\n"
	"lea (%rbx,%rbx,2), %rbx\n"
	"and $0xffffff, %edx\n"
	"cmp $0x1000000, %edx\n"
	"jb 1b\n"
	"hlt\n");

/* Sum, change and store over 4 MiB, with calls. */
GUEST_ASM(memory_loop,
	"mov $0x400000, %esi\n"
	"1: mov %rsi, %rdi\n"
	"mov $0x20000, %ecx\n"
	"2: mov (%rdi), %rax\n"
	"add 8(%rdi), %rax\n"
	"mov %rax, 16(%rdi)\n"
	"addq $1, 24(%rdi)\n"
	"push %rax\n"
	"pop %rdx\n"
	"add $32, %rdi\n"
	"dec %ecx\n"
	"jnz 2b\n"
	"call 3f\n"
	"jmp 1b\n"
	"3: ret\n");

static void die(const char *what, const struct coffer_error *err)
{
	fprintf(stderr, "bench_cpu: %s: %s\n", what, err->msg);
	exit(1);
}

static void put(struct cf_memory *mem, uint64_t gpa, const void *p, size_t n)
{
	struct coffer_error err;

	if (cf_guest_write(mem, gpa, p, n, &err))
		die("write", &err);
}

static void map(struct cf_memory *mem)
{
	uint64_t pml4 = 0x2003, pdpt = 0x3003, pd[512];
	unsigned i;

	for (i = 0; i < 512; i++)
		pd[i] = (uint64_t)i << 21 | 0x83;
	put(mem, 0x1000, &pml4, sizeof(pml4));
	put(mem, 0x2000, &pdpt, sizeof(pdpt));
	put(mem, 0x3000, pd, sizeof(pd));
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void bench(const char *name, const uint8_t *code, const uint8_t *end)
{
	const struct cf_accel_ops *ops;
	struct cf_vm_config config;
	struct cf_stop_info stop;
	struct cf_memory *mem = NULL;
	struct coffer_error err;
	struct cf_cpu_state s;
	struct cf_vm *vm = NULL;
	double start, took;
	unsigned i;

	ops = cf_accel_soft(&err);
	if (!ops || cf_memory_create(&mem, &err) ||
		cf_memory_add(mem, 0, RAM, CF_REGION_RAM, "ram", &err))
		die("memory", &err);
	config = (struct cf_vm_config) {
		.platform = CF_PLATFORM_NATIVE,
		.vcpus = 1,
		.memory = mem,
		.cpu_model = "EPYC-Milan",
	};
	if (ops->vm_create(&config, &vm, &err))
		die("vm", &err);
	map(mem);
	put(mem, CODE, code, (size_t)(end - code));
	cf_cpu_state_reset(&s, 0xa00f11);
	s.rip = CODE;
	s.gpr[CF_RSP] = STACK;
	s.cr0 = 0x80010033;
	s.cr3 = 0x1000;
	s.cr4 = 0x620;
	s.efer = 0xd00;
	for (i = 0; i < CF_NSEGS; i++)
		s.seg[i] = (struct cf_segment) { .attrib = 0xc93,
			.limit = UINT32_MAX };
	s.seg[CF_SEG_CS].attrib = 0xa9b;
	if (ops->set_state(vm, 0, &s, &err))
		die("state", &err);
	start = cpu_seconds();
	ops->run(vm, 0, COUNT, &stop);
	took = cpu_seconds() - start;
	if (stop.why != CF_STOP_BUDGET) {
		fprintf(stderr, "bench_cpu: %s stopped: %s\n", name,
			stop.detail);
		exit(1);
	}
	printf("%-14s %8.1f MIPS  (%llu instructions in %.2f s)\n", name,
		(double)ops->instructions(vm, 0) / took / 1e6,
		(unsigned long long)ops->instructions(vm, 0), took);
	ops->vm_destroy(vm);
	cf_memory_destroy(mem);
}

int main(void)
{
	bench("integer loop", integer_loop, integer_loop_end);
	bench("memory loop", memory_loop, memory_loop_end);
	return 0;
}
