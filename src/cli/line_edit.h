/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading lines from a person, with libedit where it is there.  It is opened
 * here, at the first line, because only `coffer qmp` uses it and it brings
 * four libraries; its interface has variables, so src/lazy cannot do it.
 */
#ifndef CF_CLI_LINE_EDIT_H
#define CF_CLI_LINE_EDIT_H

/* The next line of standard input without its end; caller frees.  NULL: no
 * more. */
char *line_read(const char *prompt);
/* Keep a line for the arrow keys. */
void line_remember(const char *line);

/*
 * Candidates for the word `text` from column `start` of `line` on: called with
 * state 0, then 1 and on until it returns NULL; results are freed by libedit.
 */
typedef char *line_candidate_fn(
	const char *line, int start, const char *text, int state);
void line_complete_with(line_candidate_fn *candidate);

#endif
