/* SPDX-License-Identifier: Apache-2.0 */
/* Where two results differ, leaving out what is undefined. */
#include "difftest.h"
#include "vendors.h"

#include <string.h>

#define STATUS 0x8d5u
#define DF     0x400u

/* The flags defined where the run ended: all steps if it came to the end, and
 * not at all (its caller lets it be) after a fault in between. */
static bool flags_equal(const struct test_case *c, const struct result *a,
	const struct result *b)
{
	uint32_t undefined = STATUS;
	uint64_t mask;

	if (a->vector != 3 || !track_flags(c, &undefined))
		undefined = STATUS;
	mask = (STATUS & ~(uint64_t)undefined) | DF;
	return ((a->end.rflags ^ b->end.rflags) & mask) == 0;
}

/* ST registers, without what their 16 bytes hold beside 10. */
static bool st_equal(const struct state *a, const struct state *b)
{
	for (size_t i = 0; i < 8; i++)
		if (memcmp(a->fx + 32 + 16 * i, b->fx + 32 + 16 * i, 10) != 0)
			return false;
	return true;
}

static const char *x87_differs(const struct test_case *c,
	const struct result *host, const struct state *a, const struct state *b)
{
	if (memcmp(a->fx, b->fx, 2) != 0)
		return "x87 control word";
	if (memcmp(a->fx + 24, b->fx + 24, 4) != 0)
		return "mxcsr";
	if (!vendors_agree_on_x87(c, host))
		return NULL;
	if (memcmp(a->fx + 2, b->fx + 2, 2) != 0)
		return "x87 status word";
	if (a->fx[4] != b->fx[4])
		return "x87 tags";
	return st_equal(a, b) ? NULL : "x87 registers";
}

static bool address_differs(const struct test_case *c,
	const struct result *host, const struct result *engine)
{
	const uint64_t mask = vendors_agree_on_address(c, host)
		? UINT64_MAX
		: ~(uint64_t)0xfff;

	return (host->cr2 ^ engine->cr2) & mask;
}

const char *compare(const struct test_case *c, const struct result *host,
	const struct result *engine)
{
	static const char *const names[16] = { "rax", "rcx", "rdx", "rbx",
		"rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
		"r13", "r14", "r15" };
	const struct state *a = &host->end, *b = &engine->end;
	struct vectors va, vb;
	const char *what;

	if (vendors_excuse(c, host, engine))
		return NULL;
	if (host->vector != engine->vector)
		return "exception";
	if (a->rip != b->rip)
		return "rip";
	if (address_differs(c, host, engine))
		return "fault address";
	/* 32-bit code leaves upper halves and R8 to R15 undefined. */
	for (size_t i = 0; i < (c->compat ? 8 : 16); i++)
		if ((a->gpr[i] ^ b->gpr[i]) &
			(c->compat ? UINT32_MAX : UINT64_MAX))
			return names[i];
	if (!flags_equal(c, host, engine))
		return "flags";
	what = x87_differs(c, host, a, b);
	if (what)
		return what;
	vendors_settle(c, host, &va);
	vendors_settle(c, engine, &vb);
	if (memcmp(va.low, vb.low, sizeof va.low) != 0)
		return "xmm";
	if (memcmp(va.high, vb.high, sizeof va.high) != 0)
		return "ymm";
	if (memcmp(a->scratch, b->scratch, SCRATCH_LEN) != 0)
		return "memory";
	if (memcmp(a->stack, b->stack, STACK_LEN) != 0)
		return "stack";
	return NULL;
}
