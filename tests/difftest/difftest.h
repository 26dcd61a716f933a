/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The differential tester: random sequences of user-level instructions run on
 * the host processor, in a child process, and on the software CPU; then
 * registers, flags, memory and the exception that ended the run are compared.
 *
 * Both sides see the same linear addresses, below 4 GiB, so that memory
 * operands without registers work too.
 */
#ifndef COFFER_DIFFTEST_H
#define COFFER_DIFFTEST_H

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCRATCH_AT  0x10000000u
#define SCRATCH_LEN 0x2000u
#define STACK_AT    0x18000000u
#define STACK_LEN   0x1000u
#define CODE_AT     0x20000000u
#define CODE_LEN    0x400000u
#define SLOT_LEN    0x400u /* a sequence and the INT3 behind it */
#define NSLOTS      (CODE_LEN / SLOT_LEN)

#define MAX_INSNS    40
#define MAX_INSN_LEN 48 /* with the MOVs that set its address up */

/* One step: an instruction with what prepares it; removed as a whole when a
 * failing case is made smaller. */
struct step {
	uint8_t bytes[MAX_INSN_LEN];
	uint8_t len;
	uint8_t prepared;   /* bytes before the instruction itself */
	uint32_t tested;    /* status flags that it reads */
	uint32_t undefined; /* that it leaves undefined */
	uint32_t defined;   /* that it always sets */
	bool jump;          /* over the next step */
	bool sha, mmx, x87; /* an instruction of these extensions */
	ZydisMnemonic mnemonic;
};

struct state {
	uint64_t gpr[16]; /* encoding order */
	uint64_t rip, rflags;
	uint8_t fx[512]; /* FXSAVE image */
	uint8_t high[256];
	uint8_t scratch[SCRATCH_LEN];
	uint8_t stack[STACK_LEN];
};

struct result {
	struct state end;
	int vector; /* 3: the INT3 at the end */
	uint64_t cr2;
};

struct test_case {
	uint64_t seed;
	bool compat; /* 32-bit code under a 64-bit system */
	struct step step[MAX_INSNS];
	size_t nsteps;
	struct state start;
};

struct random {
	uint64_t s;
};
uint64_t random_next(struct random *r);
uint64_t random_below(struct random *r, uint64_t n);

/* A case that depends on its seed alone.  only: a prefix that mnemonics must
 * have, or NULL. */
void generate(
	struct test_case *c, uint64_t seed, size_t nsteps, const char *only);
/* Flags that are undefined at the end; false: a step would read some. */
bool track_flags(const struct test_case *c, uint32_t *undefined);
/* The code of a case; returns its length. */
size_t assemble(const struct test_case *c, uint8_t out[SLOT_LEN]);
bool step_init(bool compat, struct step *s, const uint8_t *bytes, size_t len,
	size_t prepared);

/* Run cases 0 .. n-1 (n <= NSLOTS) in slots of the same numbers. */
bool run_on_host(const struct test_case *cases, size_t n, struct result *out);
bool run_on_engine(const struct test_case *cases, size_t n, struct result *out);

/* NULL: equal; else what differs (static text). */
const char *compare(const struct test_case *c, const struct result *host,
	const struct result *engine);

#endif
