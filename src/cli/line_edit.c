/* SPDX-License-Identifier: Apache-2.0 */
/* libedit by way of dlopen, and reading lines without it. */
#include "cli/line_edit.h"

#include <dlfcn.h>
#include <editline/readline.h>
#include <stdio.h>
#include <stdlib.h>

/* Filled once, before the first line, and never changed. */
static struct {
	void *library;
	__typeof__(readline) *readline;
	__typeof__(add_history) *add_history;
	__typeof__(rl_completion_matches) *completion_matches;
	__typeof__(rl_attempted_completion_function) *completion;
	__typeof__(rl_line_buffer) *line;
} edit;

/* The callbacks of libedit carry no pointer of ours. */
static line_candidate_fn *candidates;
static int word_start;

static char *next_candidate(const char *text, int state)
{
	return candidates(*edit.line, word_start, text, state);
}

static char **complete(const char *text, int start, int end)
{
	word_start = start;
	return edit.completion_matches(text, next_candidate);
}

static void load(void)
{
	void *l = edit.library ? NULL : dlopen("libedit.so.2", RTLD_NOW);

	if (!l)
		return;
	edit.readline = dlsym(l, "readline");
	edit.add_history = dlsym(l, "add_history");
	edit.completion_matches = dlsym(l, "rl_completion_matches");
	edit.completion = dlsym(l, "rl_attempted_completion_function");
	edit.line = dlsym(l, "rl_line_buffer");
	if (edit.readline && edit.add_history && edit.completion_matches &&
		edit.completion && edit.line)
		edit.library = l;
	else
		dlclose(l);
}

void line_complete_with(line_candidate_fn *candidate)
{
	load();
	candidates = candidate;
	if (edit.library)
		*edit.completion = candidate ? complete : NULL;
}

static char *read_plainly(const char *prompt)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	fputs(prompt, stdout);
	fflush(stdout);
	n = getline(&line, &cap, stdin);
	if (n < 0) {
		free(line);
		return NULL;
	}
	if (n && line[n - 1] == '\n')
		line[n - 1] = '\0';
	return line;
}

char *line_read(const char *prompt)
{
	load();
	return edit.library ? edit.readline(prompt) : read_plainly(prompt);
}

void line_remember(const char *line)
{
	if (edit.library)
		edit.add_history(line);
}
