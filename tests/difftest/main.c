/* SPDX-License-Identifier: Apache-2.0 */
/*
 * difftest [--seed N] [--count N] [--length N] [--only PREFIX]
 *
 * Case i has the seed N + i.  Prints a failing case, made as small as it
 * stays failing, and ends with status 1.
 */
#include "difftest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH    512
#define MAX_SHOW 5

struct options {
	uint64_t seed, count;
	size_t length;
	const char *only;
	bool host_only;
};

/* Run one case on both; NULL: they agree. */
static const char *differs(
	const struct test_case *c, struct result *host, struct result *engine)
{
	memset(host, 0, sizeof *host);
	memset(engine, 0, sizeof *engine);
	if (!run_on_host(c, 1, host) || !run_on_engine(c, 1, engine))
		return "a side could not run it";
	return compare(c, host, engine);
}

static void remove_step(struct test_case *c, size_t i)
{
	memmove(&c->step[i], &c->step[i + 1],
		(c->nsteps - i - 1) * sizeof c->step[0]);
	c->nsteps--;
}

static void make_smaller(struct test_case *c)
{
	static struct result host, engine;
	uint32_t undefined;

	for (size_t i = c->nsteps; i-- > 0;) {
		struct test_case t = *c;

		remove_step(&t, i);
		if (track_flags(&t, &undefined) && differs(&t, &host, &engine))
			*c = t;
	}
}

static void print_code(const struct test_case *c)
{
	uint8_t code[SLOT_LEN];
	size_t len = assemble(c, code);

	for (size_t at = 0; at < len;) {
		ZydisDisassembledInstruction d;

		if (!ZYAN_SUCCESS(ZydisDisassembleIntel(c->compat
				    ? ZYDIS_MACHINE_MODE_LONG_COMPAT_32
				    : ZYDIS_MACHINE_MODE_LONG_64,
			    CODE_AT + at, code + at, sizeof code - at, &d)))
			break;
		printf("  %08" PRIx64 "  %-40s", CODE_AT + at, d.text);
		for (size_t i = 0; i < d.info.length; i++)
			printf("%02x", code[at + i]);
		printf("\n");
		at += d.info.length;
	}
}

static void print_vector(const char *name, const uint8_t *a, const uint8_t *b,
	const uint8_t *start, size_t n)
{
	for (size_t i = 0; i < n; i += 16) {
		if (memcmp(a + i, b + i, 16) == 0)
			continue;
		printf("  %s+%zu start ", name, i);
		for (size_t k = 16; k-- > 0;)
			printf("%02x", start[i + k]);
		printf(" host ");
		for (size_t k = 16; k-- > 0;)
			printf("%02x", a[i + k]);
		printf(" engine ");
		for (size_t k = 16; k-- > 0;)
			printf("%02x", b[i + k]);
		printf("\n");
	}
}

static void print_states(const struct test_case *c, const struct result *host,
	const struct result *engine)
{
	const struct state *a = &host->end, *b = &engine->end, *s = &c->start;

	printf("  exception: host %d engine %d, rip %" PRIx64 " %" PRIx64
	       ", cr2 %" PRIx64 " %" PRIx64 "\n",
		host->vector, engine->vector, a->rip, b->rip, host->cr2,
		engine->cr2);
	printf("  flags: start %03" PRIx64 " host %03" PRIx64
	       " engine %03" PRIx64 "\n",
		s->rflags & 0xfff, a->rflags & 0xfff, b->rflags & 0xfff);
	for (int i = 0; i < 16; i++) {
		printf("  r%-2d start %016" PRIx64 " host %016" PRIx64
		       " engine %016" PRIx64 "%s\n",
			i, s->gpr[i], a->gpr[i], b->gpr[i],
			a->gpr[i] != b->gpr[i] ? "  <--" : "");
	}
	print_vector("fx", a->fx, b->fx, s->fx, 416);
	print_vector("ymm", a->high, b->high, s->high, 256);
	print_vector("mem", a->scratch, b->scratch, s->scratch, SCRATCH_LEN);
	print_vector("stack", a->stack, b->stack, s->stack, STACK_LEN);
}

static void report(const struct test_case *failed)
{
	static struct test_case c;
	static struct result host, engine;
	const char *what;

	c = *failed;
	make_smaller(&c);
	what = differs(&c, &host, &engine);
	printf("seed %" PRIu64 "%s: %s differs\n", c.seed,
		c.compat ? " (32-bit)" : "",
		what ? what : "(only in a batch) something");
	print_code(what ? &c : failed);
	print_states(&c, &host, &engine);
}

static int usage(void)
{
	fprintf(stderr,
		"usage: difftest [--seed N] [--count N] [--length N] "
		"[--only PREFIX] [--host-only]\n");
	return 2;
}

static bool parse(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--host-only") == 0) {
			o->host_only = true;
			continue;
		}
		if (!value)
			return false;
		if (strcmp(argv[i], "--seed") == 0)
			o->seed = strtoull(value, NULL, 0);
		else if (strcmp(argv[i], "--count") == 0)
			o->count = strtoull(value, NULL, 0);
		else if (strcmp(argv[i], "--length") == 0)
			o->length = strtoull(value, NULL, 0);
		else if (strcmp(argv[i], "--only") == 0)
			o->only = value;
		else
			return false;
		i++;
	}
	return o->length >= 1 && o->length <= MAX_INSNS;
}

/* -1: a side could not run; else how many cases differ. */
static int run_batch(
	const struct options *o, uint64_t seed, size_t n, unsigned *ended)
{
	static struct test_case cases[BATCH];
	static struct result host[BATCH], engine[BATCH];
	int failed = 0;

	for (size_t i = 0; i < n; i++)
		generate(&cases[i], seed + i, o->length, o->only);
	memset(host, 0, sizeof host);
	memset(engine, 0, sizeof engine);
	if (!run_on_host(cases, n, host))
		return -1;
	for (size_t i = 0; i < n; i++)
		*ended += host[i].vector == 3;
	if (o->host_only)
		return 0;
	if (!run_on_engine(cases, n, engine))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!compare(&cases[i], &host[i], &engine[i]))
			continue;
		if (failed++ < MAX_SHOW)
			report(&cases[i]);
	}
	return failed;
}

int main(int argc, char **argv)
{
	struct options o = { .seed = 1, .count = 2000, .length = 10 };
	uint64_t failures = 0;
	unsigned ended = 0;

	if (!parse(argc, argv, &o))
		return usage();
	printf("difftest: seed %" PRIu64 ", %" PRIu64
	       " sequences of %zu instructions\n",
		o.seed, o.count, o.length);
	for (uint64_t done = 0; done < o.count && failures < 20;) {
		size_t n = o.count - done < BATCH ? (size_t)(o.count - done)
						  : BATCH;
		int failed = run_batch(&o, o.seed + done, n, &ended);

		if (failed < 0) {
			fprintf(stderr, "difftest: a side could not run\n");
			return 1;
		}
		failures += (uint64_t)failed;
		done += n;
	}
	printf("difftest: %u ran to the end, %" PRIu64 " differ\n", ended,
		failures);
	return failures ? 1 : 0;
}
