/* SPDX-License-Identifier: Apache-2.0 */
/* coffer run -d, -D, -dfilter: what the software CPU logs, and where to. */
#include "cli/run/run_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const struct {
	const char *name;
	unsigned what;
} items[] = {
	{ "exec", CF_TRACE_BLOCKS },
	{ "int", CF_TRACE_EXCEPTIONS },
	{ "in_asm", CF_TRACE_CODE },
	{ "cpu", CF_TRACE_REGISTERS },
	/* As it is anyway while blocks are logged. */
	{ "nochain", 0 },
};

static FILE *log_file(const struct run *r)
{
	return r->trace_file ? r->trace_file : stderr;
}

static void write_trace(void *opaque, const char *text, size_t len)
{
	fwrite(text, 1, len, log_file(opaque));
}

static enum coffer_status parse_items(
	const char *list, unsigned *what, struct coffer_error *err)
{
	while (*list) {
		size_t n = strcspn(list, ","), i;

		for (i = 0; i < CF_ARRAY_LEN(items); i++)
			if (strlen(items[i].name) == n &&
				strncmp(items[i].name, list, n) == 0)
				break;
		if (i == CF_ARRAY_LEN(items))
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"-d %.*s: must be exec, int, in_asm, cpu or "
				"nochain",
				(int)n, list);
		*what |= items[i].what;
		list += n + (list[n] == ',');
	}
	return COFFER_OK;
}

/* One of FIRST..LAST, FIRST+LEN, FIRST-LEN (the LEN bytes up to FIRST). */
static bool parse_range(char *text, struct cf_trace_range *out)
{
	size_t n = strcspn(text, ".+-");
	char sign = text[n];
	uint64_t a, b;

	if (!sign || (sign == '.' && text[n + 1] != '.'))
		return false;
	text[n] = '\0';
	if (!cf_parse_u64(text, UINT64_MAX, &a) ||
		!cf_parse_u64(text + n + (sign == '.' ? 2 : 1), UINT64_MAX, &b))
		return false;
	if (sign == '.')
		*out = (struct cf_trace_range) { a, b };
	else if (sign == '+' && b && b - 1 <= UINT64_MAX - a)
		*out = (struct cf_trace_range) { a, a + (b - 1) };
	else if (sign == '-' && b && b - 1 <= a)
		*out = (struct cf_trace_range) { a - (b - 1), a };
	else
		return false;
	return out->first <= out->last;
}

static enum coffer_status parse_ranges(
	struct run *r, const char *list, struct coffer_error *err)
{
	struct cf_trace_config *t = &r->config.trace;
	char text[64];

	t->range = r->trace_range;
	while (*list) {
		size_t n = strcspn(list, ",");

		if (t->nranges == RUN_MAX_RANGES)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"-dfilter: more than %d ranges",
				RUN_MAX_RANGES);
		snprintf(text, sizeof(text), "%.*s", (int)n, list);
		if (n >= sizeof(text) ||
			!parse_range(text, &r->trace_range[t->nranges]))
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"-dfilter %.*s: must be FIRST..LAST, FIRST+LEN "
				"or FIRST-LEN",
				(int)n, list);
		t->nranges++;
		list += n + (list[n] == ',');
	}
	return COFFER_OK;
}

enum coffer_status run_configure_log(struct run *r, struct coffer_error *err)
{
	const struct qemu_options *o = &r->opts;
	struct cf_trace_config *t = &r->config.trace;
	enum coffer_status s = COFFER_OK;

	if (!o->log)
		return COFFER_OK;
	s = parse_items(o->log, &t->what, err);
	if (s == COFFER_OK && o->dfilter)
		s = parse_ranges(r, o->dfilter, err);
	if (s)
		return s;
	if (o->singlestep)
		t->what |= CF_TRACE_SINGLE;
	if (o->log_file) {
		r->trace_file = fopen(o->log_file, "we");
		if (!r->trace_file)
			return cf_fail_errno(err, errno, "-D %s", o->log_file);
	}
	t->write = write_trace;
	t->opaque = r;
	return COFFER_OK;
}

/* How far each vCPU came: two runs that are the same agree here too. */
void run_log_end(struct run *r)
{
	if (!r->config.trace.write)
		return;
	for (unsigned i = 0; i < r->config.vcpus; i++)
		fprintf(log_file(r), "End %u: %" PRIu64 " instructions\n", i,
			cf_machine_instructions(r->machine, i));
	fflush(log_file(r));
}

void run_close_log(struct run *r)
{
	if (r->trace_file)
		fclose(r->trace_file);
	r->trace_file = NULL;
}
