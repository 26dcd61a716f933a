/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardware breakpoints as a Linux program gets them: through ptrace on a
 * child, and through perf events on itself.  Static; prints "hwbp: ok" or what
 * went wrong.
 */
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define SINGLE_BLOCK 33 /* PTRACE_SINGLEBLOCK */

static volatile uint32_t watched[2];
static volatile uint32_t seen;

/* What the child does again and again; labels tell where. */
void touch(void);
__asm__(".pushsection .text\n"
	".globl touch, touch_write, touch_read, touch_jump, touch_target\n"
	"touch: nop\n"
	"lea watched(%rip), %rax\n"
	"incl (%rax)\n"
	"touch_write: mov (%rax), %ecx\n"
	"touch_read: nop\n"
	"jmp touch_target\n"
	"touch_jump: nop\n"
	"touch_target: ret\n"
	".popsection\n");
extern const char touch_write[], touch_read[], touch_target[];

static void fail(const char *what, long got, long want)
{
	printf("hwbp: %s: got %#lx, want %#lx\n", what, got, want);
	exit(1);
}

static void expect(const char *what, long got, long want)
{
	if (got != want)
		fail(what, got, want);
}

static void poke(pid_t child, unsigned reg, uint64_t v)
{
	expect("PTRACE_POKEUSER",
		ptrace(PTRACE_POKEUSER, child,
			offsetof(struct user, u_debugreg[reg]), v),
		0);
}

static long peek(pid_t child, unsigned reg)
{
	return ptrace(PTRACE_PEEKUSER, child,
		offsetof(struct user, u_debugreg[reg]), 0);
}

static long rip(pid_t child)
{
	return ptrace(
		PTRACE_PEEKUSER, child, offsetof(struct user, regs.rip), 0);
}

/* Go on in this way until the next trap. */
static void go(pid_t child, int how, const char *what)
{
	int status;

	expect(what, ptrace(how, child, 0, 0), 0);
	expect(what, waitpid(child, &status, 0), child);
	expect(what, WIFSTOPPED(status) ? WSTOPSIG(status) : -1, SIGTRAP);
}

static void by_ptrace(void)
{
	pid_t child = fork();
	uint64_t at = (uint64_t)(uintptr_t)touch;

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGTRAP);
		for (;;)
			touch();
	}
	expect("fork", waitpid(child, NULL, 0), child);

	poke(child, 0, at);
	poke(child, 7, 1);
	for (int i = 0; i < 3; i++) {
		go(child, PTRACE_CONT, "execution");
		expect("execution: RIP", rip(child), (long)at);
		expect("execution: DR6", peek(child, 6) & 0xf, 1);
	}
	poke(child, 7, 0);

	poke(child, 1, (uintptr_t)&watched);
	poke(child, 7, 0xd00004); /* 4 bytes, write */
	for (int i = 0; i < 2; i++) {
		go(child, PTRACE_CONT, "write");
		expect("write: RIP", rip(child), (long)(uintptr_t)touch_write);
		expect("write: DR6", peek(child, 6) & 0xf, 2);
	}
	poke(child, 7, 0);

	poke(child, 3, (uintptr_t)&watched);
	poke(child, 7, 0xf0000040); /* 4 bytes, read or write */
	go(child, PTRACE_CONT, "read");
	expect("read: RIP", rip(child), (long)(uintptr_t)touch_read);
	expect("read: DR6", peek(child, 6) & 0xf, 8);
	poke(child, 7, 0);

	go(child, PTRACE_SINGLESTEP, "step");
	expect("step: RIP", rip(child), (long)(uintptr_t)touch_read + 1);
	go(child, SINGLE_BLOCK, "block");
	expect("block: RIP", rip(child), (long)(uintptr_t)touch_target);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void by_perf(void)
{
	struct perf_event_attr a = { .type = PERF_TYPE_BREAKPOINT,
		.size = sizeof(a),
		.bp_type = HW_BREAKPOINT_W,
		.bp_addr = (uintptr_t)&watched[1],
		.bp_len = HW_BREAKPOINT_LEN_4,
		.exclude_kernel = 1 };
	int fd = (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
	uint64_t count = 0;

	if (fd < 0) {
		perror("hwbp: perf_event_open");
		exit(1);
	}
	for (unsigned i = 0; i < 5; i++)
		watched[1] = i;
	seen = watched[1];
	watched[0] = 7; /* beside it */
	expect("perf", read(fd, &count, sizeof(count)), sizeof(count));
	close(fd);
	watched[1] = 9;
	expect("perf: writes", (long)count, 5);
}

int main(void)
{
	by_ptrace();
	by_perf();
	puts("hwbp: ok");
	return 0;
}
