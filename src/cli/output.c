/* SPDX-License-Identifier: Apache-2.0 */
/* Messages on standard error and colour on terminals. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

int cli_failed(const struct cli_command *self, const struct coffer_error *err)
{
	return cli_fail(self, "%s", err->msg);
}

static void print_message(
	const struct cli_command *self, const char *fmt, va_list ap)
{
	fflush(stdout);
	fprintf(stderr, "coffer %s: ", self->name);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int cli_fail(const struct cli_command *self, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_message(self, fmt, ap);
	va_end(ap);
	return CLI_FAILED;
}

int cli_usage(const struct cli_command *self, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_message(self, fmt, ap);
	va_end(ap);
	fprintf(stderr, "see 'coffer %s --help'\n", self->name);
	return CLI_USAGE;
}

static const char *escape(FILE *f, const char *code)
{
	const char *off = getenv("NO_COLOR");

	if ((off && *off) || !isatty(fileno(f)))
		return "";
	return code;
}

const char *cli_green(FILE *f)
{
	return escape(f, "\033[32m");
}

const char *cli_red(FILE *f)
{
	return escape(f, "\033[31m");
}

const char *cli_bold(FILE *f)
{
	return escape(f, "\033[1m");
}

const char *cli_reset(FILE *f)
{
	return escape(f, "\033[0m");
}
