/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every row of cases.tsv; prints TAP.  Arguments, if any, are kinds or
 * ids to run alone.
 */
#include "vectors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TABLE ((size_t)16 << 20)

static const struct vector_kind *const tables[] = {
	vector_owner_kinds,
	vector_sev_kinds,
};

/* Kinds that have no handler yet; any other without one fails. */
static const char *const left_out[] = {
	"igvm-measure-none",
	"igvm-measure-snp",
	"igvm-measure-tdx",
	"igvm-measure-vbs",
	"igvm-parse",
	"igvm-reject",
	"measure-error",
	"measure-sev",
	"measure-seves",
	"measure-snp",
	"measure-snp-meta",
	"measure-svsm",
	"sev-ca",
	"sev-cert-fields",
	"sev-chain",
	"sev-kdf",
	"sev-launch-measure",
	"sev-secret",
	"snp-ovmf-hash",
	"tdx-quote",
	"tdx-quote-verify",
	"vmsa",
	NULL,
};

static const struct vector_kind *find_kind(const char *kind)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(tables); i++)
		for (const struct vector_kind *k = tables[i]; k->kind; k++)
			if (strcmp(k->kind, kind) == 0)
				return k;
	return NULL;
}

static bool is_left_out(const char *kind)
{
	for (size_t i = 0; left_out[i]; i++)
		if (strcmp(left_out[i], kind) == 0)
			return true;
	return false;
}

static bool is_asked(const struct vector_row *row, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], row->id) == 0 ||
			strcmp(argv[i], row->kind) == 0)
			return true;
	return argc < 2;
}

/* Columns of a line, which is cut in place. */
static bool split(char *line, struct vector_row *row)
{
	const char **column[] = { &row->id, &row->kind, &row->inputs,
		&row->parameters, &row->expected };

	for (size_t i = 0; i < CF_ARRAY_LEN(column); i++) {
		*column[i] = strsep(&line, "\t");
		if (!*column[i])
			return false;
	}
	return true;
}

/* 1 passed, 0 failed, -1 not run. */
static int run_row(const struct vector_row *row, unsigned number)
{
	const struct vector_kind *kind = find_kind(row->kind);
	struct cf_buf why = { 0 };
	bool ok;

	if (!kind && is_left_out(row->kind)) {
		printf("ok %u - %s # SKIP kind %s has no handler\n", number,
			row->id, row->kind);
		return -1;
	}
	ok = kind ? kind->run(row, &why)
		  : vector_fail(&why, "no handler for kind %s", row->kind);
	printf("%sok %u - %s\n", ok ? "" : "not ", number, row->id);
	if (!ok)
		printf("# %s: %s\n", row->id,
			why.len ? cf_buf_text(&why) : "does not match");
	cf_buf_finish(&why);
	return ok;
}

int main(int argc, char **argv)
{
	const char *folder = getenv("COFFER_VECTORS");
	unsigned number = 0, failed = 0;
	char path[512], *at, *line;
	uint8_t *table;
	size_t len;

	snprintf(path, sizeof(path), "%s/cases.tsv", folder ? folder : "");
	if (cf_read_file(path, MAX_TABLE, &table, &len, NULL)) {
		printf("1..0 # SKIP no test vectors at '%s'\n", path);
		return 0;
	}
	at = (char *)table;
	strsep(&at, "\n"); /* the names of the columns */
	while ((line = strsep(&at, "\n"))) {
		struct vector_row row = { .folder = folder };

		if (!*line)
			continue;
		if (!split(line, &row)) {
			printf("not ok %u - malformed row\n", ++number);
			failed++;
		} else if (is_asked(&row, argc, argv) &&
			run_row(&row, ++number) == 0) {
			failed++;
		}
	}
	printf("1..%u\n", number);
	free(table);
	return failed != 0;
}
