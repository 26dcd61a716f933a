/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer qmp: talk to a running guest's monitor.  With a command on the line
 * it prints the answer and ends; without, it is a shell with completion of
 * commands and of their arguments, both as the server describes them.
 */
#include "cli/cli.h"

#include "base/base.h"
#include "cli/line_edit.h"
#include "cli/qmp_client.h"

#include <json-c/json.h>
#include <string.h>
#include <unistd.h>

#define MAX_WORDS 32

/* The completion callback carries no pointer of ours. */
static struct qmp_client *completing;

static void print_event(struct json_object *o)
{
	fprintf(stderr, "%s\n",
		json_object_to_json_string_ext(o, JSON_C_TO_STRING_SPACED));
}

static void print_reply(struct json_object *reply)
{
	/* A human command answers with text that is meant to be read. */
	if (json_object_is_type(reply, json_type_string))
		fputs(json_object_get_string(reply), stdout);
	else
		puts(json_object_to_json_string_ext(reply,
			JSON_C_TO_STRING_PRETTY |
				JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(reply);
}

static char *complete_command(const char *text, int state)
{
	static size_t at;
	const char *name;

	if (state == 0)
		at = 0;
	while ((name = qmp_client_command(completing, at++)))
		if (strncmp(name, text, strlen(text)) == 0)
			return strdup(name);
	return NULL;
}

static char *complete_argument(const char *line, const char *text, int state)
{
	static size_t at;
	const char *name, *type;
	char command[64], *equals;

	if (state == 0)
		at = 0;
	if (sscanf(line, "%63s", command) != 1)
		return NULL;
	while (qmp_client_argument(completing, command, at++, &name, &type)) {
		if (strncmp(name, text, strlen(text)))
			continue;
		if (asprintf(&equals, "%s=", name) < 0)
			return NULL;
		return equals;
	}
	return NULL;
}

static char *complete(const char *line, int start, const char *text, int state)
{
	return start == 0 ? complete_command(text, state)
			  : complete_argument(line, text, state);
}

/* Split a line in place; returns the number of words. */
static int split(char *line, char **words)
{
	int n = 0;

	for (char *save = NULL, *word = strtok_r(line, " \t", &save);
		word && n < MAX_WORDS; word = strtok_r(NULL, " \t", &save))
		words[n++] = word;
	return n;
}

static void run_line(struct qmp_client *c, char *line)
{
	char *words[MAX_WORDS];
	struct json_object *reply;
	struct coffer_error err;
	int n = split(line, words);

	if (n == 0)
		return;
	if (qmp_client_words(c, n, words, &reply, &err))
		fprintf(stderr, "%s\n", err.msg);
	else
		print_reply(reply);
}

static void shell(struct qmp_client *c)
{
	bool tty = isatty(STDIN_FILENO);
	char *line;

	completing = c;
	line_complete_with(complete);
	while ((line = line_read(tty ? "(qmp) " : ""))) {
		if (*line && tty)
			line_remember(line);
		if (strcmp(line, "exit") == 0) {
			free(line);
			break;
		}
		run_line(c, line);
		free(line);
	}
	line_complete_with(NULL);
	completing = NULL;
}

static int run(int argc, char **argv, const struct cli_command *self)
{
	struct json_object *reply;
	struct qmp_client *c;
	struct coffer_error err;
	struct cli_args args;
	int leave = cli_parse(argc, argv, self, &args);

	if (leave >= 0)
		return leave;
	leave = CLI_OK;
	if (args.noperands == 0) {
		leave = cli_usage(self, "which socket?");
	} else if (qmp_client_open(args.operand[0], &c, &err)) {
		leave = cli_failed(self, &err);
	} else {
		qmp_client_on_event(c, print_event);
		if (args.noperands == 1)
			shell(c);
		else if (qmp_client_words(c, (int)args.noperands - 1,
				 (char *const *)args.operand + 1, &reply, &err))
			leave = cli_failed(self, &err);
		else
			print_reply(reply);
		qmp_client_close(c);
	}
	cli_args_finish(&args);
	return leave;
}

static const struct cli_option options[] = {
	{ 0 },
};

const struct cli_command cli_qmp = {
	.name = "qmp",
	.args = "SOCKET [COMMAND [KEY=VALUE...]]",
	.summary = "talk to a running guest's monitor",
	.details =
		"SOCKET is the path of -qmp unix:PATH, or tcp:HOST:PORT.  "
		"Without a command it is a shell;\nTab completes commands and "
		"their arguments, 'exit' ends it.",
	.options = options,
	.run = run,
};
