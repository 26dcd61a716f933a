/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program: a table of subcommands, one file each.  A subcommand parses
 * its options, calls the library and prints; exit status 0 ok, 1 failed or
 * mismatch, 2 usage.  Options and their help are one table per subcommand, so
 * that help, man page and behaviour cannot drift apart.
 */
#ifndef CF_CLI_H
#define CF_CLI_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
};

/* One option.  takes NULL: a switch; else the placeholder of its value. */
struct cli_option {
	const char *name; /* without dashes: "vcpu-type" */
	char letter;      /* 0: none */
	const char *takes;
	const char *help; /* one line */
	bool repeats;     /* may be given more than once */
};

struct cli_command {
	const char *name;
	const char *args;    /* placeholder text of its operands */
	const char *summary; /* one line for the list of subcommands */
	const char *details; /* paragraph for --help; may be NULL */
	const struct cli_option *options; /* ends with a NULL name */
	int (*run)(int argc, char **argv, const struct cli_command *self);
};

/* Options found by cli_parse: values by name.  Operands in order. */
struct cli_args {
	const struct cli_command *command;
	struct cli_value {
		const struct cli_option *option;
		const char *value; /* NULL for a switch */
	} * value;
	size_t nvalues;
	const char **operand;
	size_t noperands;
};

/* Parse argv[1..] against self->options: --name value, --name=value, -x
 * value, -- ends options; --help prints and leaves.  Returns -1 to go on, or
 * the exit status to leave with (a message was printed). */
int cli_parse(int argc, char **argv, const struct cli_command *self,
	struct cli_args *out);
void cli_args_finish(struct cli_args *args);
/* Last value of an option; NULL when absent.  name must be in the table. */
const char *cli_get(const struct cli_args *args, const char *name);
bool cli_has(const struct cli_args *args, const char *name);
/* i-th value of a repeatable option; NULL past the end. */
const char *cli_get_nth(
	const struct cli_args *args, const char *name, size_t i);
/* Number option within [0, max]; prints and returns false when it is not. */
bool cli_get_u64(const struct cli_args *args, const char *name, uint64_t max,
	uint64_t fallback, uint64_t *out);

/* "coffer NAME: message" on standard error; CLI_FAILED and CLI_USAGE. */
int cli_failed(const struct cli_command *self, const struct coffer_error *err);
int cli_fail(const struct cli_command *self, const char *fmt, ...)
	CF_PRINTF(2, 3);
int cli_usage(const struct cli_command *self, const char *fmt, ...)
	CF_PRINTF(2, 3);
int cli_print_version(void); /* CLI_OK */
void cli_print_help(FILE *to, const struct cli_command *self);

/* Colour escape or "" when the stream is no terminal or NO_COLOR is set. */
const char *cli_green(FILE *f);
const char *cli_red(FILE *f);
const char *cli_bold(FILE *f);
const char *cli_reset(FILE *f);

extern const struct cli_command cli_explain;
extern const struct cli_command cli_build, cli_inspect, cli_measure, cli_run;
extern const struct cli_command cli_diff;
extern const struct cli_command cli_sign, cli_verify, cli_verify_launch;
extern const struct cli_command cli_certs, cli_secret, cli_session;
extern const struct cli_command cli_host, cli_qmp, cli_sp;

#endif
