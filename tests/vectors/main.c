/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every row of the shared vectors' cases.tsv as a test of its own, named by
 * its id.  A kind that no handler checks fails unless it is in the list of
 * those that wait; a kind that this list still names after its handler has come
 * fails too, so the list can only shrink.  An argument runs the kind or the id
 * that it names alone.
 */
#include "cases.h"
#include "vectors.h"

#include <sys/wait.h>
#include <unistd.h>

#define MAX_CASES 4096

/* Handlers in the form of an assertion, and those that answer. */
static const struct case_handler *const asserting[] = {
	measure_cases,
	igvm_cases,
	launch_cases,
};
static const struct vector_kind *const answering[] = {
	vector_owner_kinds,
	vector_sev_kinds,
};

static struct vcase cases[MAX_CASES];
static struct CMUnitTest tests[MAX_CASES + 2];
static size_t ncases;

/* Kinds whose code has not come yet. */
static const char *const waiting[] = {
	"tdx-quote",
	"tdx-quote-verify",
};

static const struct case_handler *find_asserting(const char *kind)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(asserting); i++)
		for (const struct case_handler *h = asserting[i]; h->kind; h++)
			if (strcmp(h->kind, kind) == 0)
				return h;
	return NULL;
}

static const struct vector_kind *find_answering(const char *kind)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(answering); i++)
		for (const struct vector_kind *k = answering[i]; k->kind; k++)
			if (strcmp(k->kind, kind) == 0)
				return k;
	return NULL;
}

static bool waits(const char *kind)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(waiting); i++)
		if (strcmp(waiting[i], kind) == 0)
			return true;
	return false;
}

static void answer(const struct vector_kind *kind, const struct vcase *v)
{
	const struct vector_row row = {
		.folder = getenv("COFFER_VECTORS"),
		.id = v->id,
		.kind = v->kind,
		.inputs = v->inputs,
		.parameters = v->parameters,
		.expected = v->expected,
	};
	struct cf_buf why = { 0 };
	char text[512];
	bool ok = kind->run(&row, &why);

	snprintf(text, sizeof(text), "%s",
		why.len ? cf_buf_text(&why) : "does not match");
	cf_buf_finish(&why);
	if (!ok)
		fail_msg("%s: %s", v->id, text);
}

static void test_case(void **state)
{
	struct vcase *v = *state;
	const struct case_handler *h = find_asserting(v->kind);
	const struct vector_kind *k = find_answering(v->kind);

	if (h)
		h->check(v);
	else if (k)
		answer(k, v);
	else
		v->skipped = true;
	if (v->skipped)
		skip();
}

static void test_every_kind_is_checked(void **state)
{
	for (size_t i = 0; i < ncases; i++) {
		bool has = find_asserting(cases[i].kind) ||
			find_answering(cases[i].kind);

		if (!has && !waits(cases[i].kind))
			fail_msg("%s: no handler for kind '%s'", cases[i].id,
				cases[i].kind);
		if (has && waits(cases[i].kind))
			fail_msg("kind '%s' has a handler: take it out of the "
				 "waiting list",
				cases[i].kind);
	}
}

/* The digests that the first launch stands on: none may be left out. */
static void test_no_plain_snp_digest_is_skipped(void **state)
{
	size_t seen = 0;

	for (size_t i = 0; i < ncases; i++) {
		const struct vcase *v = &cases[i];

		if (strcmp(v->kind, "measure-snp") != 0 ||
			!strstr(v->parameters, "vmm=QEMU") ||
			!strstr(v->parameters, "kernel=absent"))
			continue;
		seen++;
		if (v->skipped)
			fail_msg("%s was skipped", v->id);
	}
	assert_true(seen > 0);
}

static char *next_column(char **at)
{
	char *column = strsep(at, "\t");

	assert_non_null(column);
	return column;
}

static void read_cases(char *text, const char *only)
{
	char *line;

	strsep(&text, "\n"); /* names of the columns */
	while ((line = strsep(&text, "\n"))) {
		struct vcase *v = &cases[ncases];

		if (!*line)
			continue;
		assert_true(ncases < MAX_CASES);
		v->id = next_column(&line);
		v->kind = next_column(&line);
		v->inputs = next_column(&line);
		v->parameters = next_column(&line);
		v->expected = next_column(&line);
		if (only && strcmp(only, v->id) != 0 &&
			strcmp(only, v->kind) != 0)
			continue;
		tests[ncases++] = (struct CMUnitTest) {
			.name = v->id,
			.test_func = test_case,
			.initial_state = v,
		};
	}
}

static int run_rows(int argc, char **argv)
{
	const char *folder = getenv("COFFER_VECTORS");
	struct coffer_error err;
	char path[512];
	uint8_t *text;
	size_t len;
	int failed;

	snprintf(path, sizeof(path), "%s/cases.tsv", folder ? folder : ".");
	if (cf_read_file(path, 16 << 20, &text, &len, &err)) {
		printf("1..0 # SKIP no vectors: %s\n", err.msg);
		return 0;
	}
	read_cases((char *)text, argc > 1 ? argv[1] : NULL);
	tests[ncases] =
		(struct CMUnitTest)cmocka_unit_test(test_every_kind_is_checked);
	tests[ncases + 1] = (struct CMUnitTest)cmocka_unit_test(
		test_no_plain_snp_digest_is_skipped);
	failed = _cmocka_run_group_tests(
		"vectors", tests, argc > 1 ? ncases : ncases + 2, NULL, NULL);
	free(text);
	return failed;
}

/* cmocka 1.1 says "not ok" of a skipped test, which TAP readers count as a
 * failure: its output goes through here. */
static void mend_skips(FILE *from)
{
	char line[4096];

	while (fgets(line, sizeof(line), from)) {
		bool skip = strncmp(line, "not ok ", 7) == 0 &&
			strstr(line, "# SKIP");

		fputs(skip ? line + 4 : line, stdout);
	}
}

int main(int argc, char **argv)
{
	int ends[2], status;
	pid_t child;

	if (pipe(ends) != 0 || (child = fork()) < 0)
		return 1;
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		exit(run_rows(argc, argv));
	}
	close(ends[1]);
	mend_skips(fdopen(ends[0], "r"));
	return waitpid(child, &status, 0) == child && WIFEXITED(status)
		? WEXITSTATUS(status)
		: 1;
}
