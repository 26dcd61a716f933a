/* SPDX-License-Identifier: Apache-2.0 */
/* Option parsing and help from a subcommand's table. */
#include "cli/cli.h"

#include "base/base.h"

#include <inttypes.h>
#include <string.h>

static const struct cli_option *find_long(
	const struct cli_command *c, const char *name, size_t len)
{
	for (const struct cli_option *o = c->options; o && o->name; o++)
		if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

static const struct cli_option *find_letter(
	const struct cli_command *c, char letter)
{
	for (const struct cli_option *o = c->options; o && o->name; o++)
		if (o->letter && o->letter == letter)
			return o;
	return NULL;
}

static bool already(const struct cli_args *args, const struct cli_option *o)
{
	for (size_t i = 0; i < args->nvalues; i++)
		if (args->value[i].option == o)
			return true;
	return false;
}

/* The option and inline value that one word names; *option NULL: none. */
static void split_word(const struct cli_command *self, const char *word,
	const struct cli_option **option, const char **value)
{
	const char *equals;

	*value = NULL;
	if (word[1] != '-') {
		*option = find_letter(self, word[1]);
		if (word[2] && *option && (*option)->takes)
			*value = word + 2;
		else if (word[2])
			*option = NULL;
		return;
	}
	word += 2;
	equals = strchr(word, '=');
	*option = find_long(
		self, word, equals ? (size_t)(equals - word) : strlen(word));
	if (equals)
		*value = equals + 1;
}

static int parse_option(int argc, char **argv, int *at,
	const struct cli_command *self, struct cli_args *out)
{
	const char *word = argv[*at], *value;
	const struct cli_option *o;

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		cli_print_help(stdout, self);
		return CLI_OK;
	}
	split_word(self, word, &o, &value);
	if (!o)
		return cli_usage(self, "no option '%s'", word);
	if (o->takes && !value) {
		if (*at + 1 >= argc)
			return cli_usage(self, "--%s needs a value (%s)",
				o->name, o->takes);
		value = argv[++*at];
	}
	if (!o->takes && value)
		return cli_usage(self, "--%s takes no value", o->name);
	if (!o->repeats && already(out, o))
		return cli_usage(self, "--%s is given twice", o->name);
	out->value[out->nvalues++] =
		(struct cli_value) { .option = o, .value = value };
	return -1;
}

int cli_parse(int argc, char **argv, const struct cli_command *self,
	struct cli_args *out)
{
	bool options_end = false;

	*out = (struct cli_args) { .command = self };
	out->value = cf_alloc_array((size_t)argc, sizeof(*out->value));
	out->operand = cf_alloc_array((size_t)argc, sizeof(*out->operand));
	if (!out->value || !out->operand) {
		cli_args_finish(out);
		return cli_fail(self, "not enough memory");
	}
	for (int i = 1; i < argc; i++) {
		int leave = -1;

		if (options_end || argv[i][0] != '-' || !argv[i][1])
			out->operand[out->noperands++] = argv[i];
		else if (strcmp(argv[i], "--") == 0)
			options_end = true;
		else
			leave = parse_option(argc, argv, &i, self, out);
		if (leave >= 0) {
			cli_args_finish(out);
			return leave;
		}
	}
	return -1;
}

void cli_args_finish(struct cli_args *args)
{
	free(args->value);
	free(args->operand);
	*args = (struct cli_args) { 0 };
}

const char *cli_get(const struct cli_args *args, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < args->nvalues; i++)
		if (strcmp(args->value[i].option->name, name) == 0)
			found = args->value[i].value;
	return found;
}

bool cli_has(const struct cli_args *args, const char *name)
{
	for (size_t i = 0; i < args->nvalues; i++)
		if (strcmp(args->value[i].option->name, name) == 0)
			return true;
	return false;
}

const char *cli_get_nth(const struct cli_args *args, const char *name, size_t n)
{
	for (size_t i = 0; i < args->nvalues; i++)
		if (strcmp(args->value[i].option->name, name) == 0 && n-- == 0)
			return args->value[i].value;
	return NULL;
}

bool cli_get_u64(const struct cli_args *args, const char *name, uint64_t max,
	uint64_t fallback, uint64_t *out)
{
	const char *text = cli_get(args, name);

	*out = fallback;
	if (!text || cf_parse_u64(text, max, out))
		return true;
	cli_usage(args->command,
		"--%s: '%s' is not a number from 0 to %" PRIu64, name, text,
		max);
	return false;
}

void cli_print_help(FILE *to, const struct cli_command *self)
{
	fprintf(to, "usage: coffer %s [options] %s\n\n%s\n", self->name,
		self->args ? self->args : "", self->summary);
	if (self->details)
		fprintf(to, "\n%s\n", self->details);
	if (self->options && self->options->name)
		fprintf(to, "\noptions:\n");
	for (const struct cli_option *o = self->options; o && o->name; o++) {
		char left[64];
		int n = 0;

		if (o->letter)
			n = snprintf(left, sizeof(left), "-%c, ", o->letter);
		else
			n = snprintf(left, sizeof(left), "    ");
		snprintf(left + n, sizeof(left) - (size_t)n, "--%s%s%s",
			o->name, o->takes ? " " : "", o->takes ? o->takes : "");
		fprintf(to, "  %-32s %s\n", left, o->help);
	}
}
