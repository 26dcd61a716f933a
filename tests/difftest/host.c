/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's side.  A child process maps the memory at its fixed addresses;
 * the kernel's signal frames load and store the whole register state.  Every
 * sequence ends in a signal (INT3's SIGTRAP if nothing faults before), whose
 * handler notes the state, puts the next case's start into the frame and
 * returns into it.
 */
#include "difftest.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define FX_MXCSR     24
#define FX_MASK      28
#define XSTATE_BV    512
#define YMM_HIGH     576
#define XFEATURE_YMM 4u

/* Linux's code segments. */
#define USER_CS   0x33
#define USER32_CS 0x23
#define USER_DS   0x2b

/* REG_* of the signal frame in encoding order. */
static const int gregs[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP,
	REG_RBP, REG_RSI, REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12,
	REG_R13, REG_R14, REG_R15 };

/* Of the child only. */
static const struct test_case *cases;
static struct result *results;
static size_t ncases, current;
static bool started;
static greg_t host_gregs[NGREG];
static uint8_t host_fpu[YMM_HIGH + 256];

static uint8_t *at(uintptr_t address)
{
	return (uint8_t *)address;
}

static void load_fpu(uint8_t *fp, const struct state *s)
{
	uint64_t features;

	memcpy(fp, s->fx, FX_MASK);
	memcpy(fp + 32, s->fx + 32, 384);
	memcpy(&features, fp + XSTATE_BV, 8);
	features |= 3;
	if (__builtin_cpu_supports("avx")) {
		features |= XFEATURE_YMM;
		memcpy(fp + YMM_HIGH, s->high, 256);
	}
	memcpy(fp + XSTATE_BV, &features, 8);
}

static void store_fpu(const uint8_t *fp, struct state *s)
{
	uint64_t features;

	memcpy(s->fx, fp, 512);
	memset(s->high, 0, 256);
	memcpy(&features, fp + XSTATE_BV, 8);
	if (features & XFEATURE_YMM)
		memcpy(s->high, fp + YMM_HIGH, 256);
	if (!(features & 2))
		memset(s->fx + 160, 0, 256);
	if (!(features & 1)) {
		memset(s->fx, 0, 24);
		memset(s->fx + 32, 0, 128);
		s->fx[0] = 0x7f;
		s->fx[1] = 3;
	}
}

static void start_case(ucontext_t *uc)
{
	const struct state *s = &cases[current].start;
	greg_t *g = uc->uc_mcontext.gregs;

	memcpy(at(SCRATCH_AT), s->scratch, SCRATCH_LEN);
	memcpy(at(STACK_AT), s->stack, STACK_LEN);
	for (size_t i = 0; i < 16; i++)
		g[gregs[i]] = (greg_t)s->gpr[i];
	g[REG_RIP] = (greg_t)(CODE_AT + current * SLOT_LEN);
	g[REG_EFL] = (greg_t)s->rflags;
	g[REG_CSGSFS] = (g[REG_CSGSFS] & ~(greg_t)0xffff) |
		(cases[current].compat ? USER32_CS : USER_CS);
	load_fpu((uint8_t *)uc->uc_mcontext.fpregs, s);
}

static void note_end(const ucontext_t *uc)
{
	struct result *r = &results[current];
	const greg_t *g = uc->uc_mcontext.gregs;

	for (size_t i = 0; i < 16; i++)
		r->end.gpr[i] = (uint64_t)g[gregs[i]];
	r->end.rip = (uint64_t)g[REG_RIP];
	r->end.rflags = (uint64_t)g[REG_EFL];
	r->vector = (int)g[REG_TRAPNO];
	r->cr2 = r->vector == 14 ? (uint64_t)g[REG_CR2] : 0;
	store_fpu((const uint8_t *)uc->uc_mcontext.fpregs, &r->end);
	memcpy(r->end.scratch, at(SCRATCH_AT), SCRATCH_LEN);
	memcpy(r->end.stack, at(STACK_AT), STACK_LEN);
}

static void on_signal(int sig, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)si;
	if (!started) {
		started = true;
		memcpy(host_gregs, uc->uc_mcontext.gregs, sizeof host_gregs);
		memcpy(host_fpu, uc->uc_mcontext.fpregs, sizeof host_fpu);
	} else {
		note_end(uc);
		current++;
	}
	if (current < ncases) {
		start_case(uc);
		return;
	}
	memcpy(uc->uc_mcontext.gregs, host_gregs, sizeof host_gregs);
	memcpy(uc->uc_mcontext.fpregs, host_fpu, sizeof host_fpu);
}

static bool map_at(uintptr_t address, size_t len)
{
	return mmap((void *)address, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		       0) == (void *)address;
}

static bool prepare(void)
{
	static uint8_t stack[64 * 1024];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction sa = { .sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	static const int signals[] = { SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL,
		SIGUSR1 };

	/* 64-bit programs run with null segments, 32-bit code cannot. */
	__asm__ volatile("mov %0, %%ds\n\tmov %0, %%es" : : "r"(USER_DS));
	if (!map_at(SCRATCH_AT, SCRATCH_LEN) || !map_at(STACK_AT, STACK_LEN) ||
		!map_at(CODE_AT, CODE_LEN))
		return false;
	for (size_t i = 0; i < ncases; i++)
		assemble(&cases[i], at(CODE_AT + i * SLOT_LEN));
	if (mprotect((void *)(uintptr_t)CODE_AT, CODE_LEN,
		    PROT_READ | PROT_EXEC))
		return false;
	if (sigaltstack(&alternate, NULL))
		return false;
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (sigaction(signals[i], &sa, NULL))
			return false;
	return true;
}

bool run_on_host(const struct test_case *c, size_t n, struct result *out)
{
	size_t len = n * sizeof *out;
	struct result *shared = mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 1;
	pid_t child;

	if (shared == MAP_FAILED)
		return false;
	child = fork();
	if (child == 0) {
		cases = c;
		results = shared;
		ncases = n;
		alarm(60); /* a sequence that does not end is a bug of ours */
		_exit(prepare() && raise(SIGUSR1) == 0 ? 0 : 1);
	}
	if (child > 0)
		waitpid(child, &status, 0);
	memcpy(out, shared, len);
	munmap(shared, len);
	return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
