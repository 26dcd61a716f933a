/* SPDX-License-Identifier: Apache-2.0 */
/* The coffer program: finds the subcommand and hands over. */
#include "cli/cli.h"

#include "config.h"

#include <string.h>

/* In the order of the work. */
static const struct cli_command *const commands[] = {
	&cli_build,
	&cli_diff,
	&cli_inspect,
	&cli_measure,
	&cli_explain,
	&cli_run,
	&cli_sign,
	&cli_verify,
	&cli_certs,
	&cli_session,
	&cli_secret,
	&cli_sp,
	&cli_host,
	&cli_qmp,
	NULL,
};

static void print_usage(FILE *to)
{
	fprintf(to,
		"usage: coffer COMMAND [options]\n"
		"\n"
		"Launch, measure and attest confidential virtual machines.\n"
		"\n"
		"commands:\n");
	for (size_t i = 0; commands[i]; i++)
		fprintf(to, "  %-10s %s\n", commands[i]->name,
			commands[i]->summary);
	fprintf(to,
		"\n"
		"'coffer COMMAND --help' tells the options of one.\n"
		"'coffer --version' prints the version.\n");
}

int cli_print_version(void)
{
	printf("coffer %s\n", COFFER_VERSION);
	return CLI_OK;
}

/* For shell completion: the commands, or the options of one. */
static int list_options(const char *name)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct cli_option *o = commands[i]->options;

		if (!name)
			puts(commands[i]->name);
		else if (strcmp(commands[i]->name, name) == 0)
			for (; o && o->name; o++)
				printf("--%s\n", o->name);
	}
	return CLI_OK;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr);
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_usage(stdout);
		return CLI_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		return cli_print_version();
	}
	if (strcmp(argv[1], "--list-options") == 0)
		return list_options(argc > 2 ? argv[2] : NULL);
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			return commands[i]->run(
				argc - 1, argv + 1, commands[i]);
	fprintf(stderr, "coffer: no command '%s'; see 'coffer --help'\n",
		argv[1]);
	return CLI_USAGE;
}
