/* SPDX-License-Identifier: Apache-2.0 */
/* The line that tells how far long work has come. */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 1000 /* shorter work shows nothing */
#define INTERVAL_MS 100
#define MAX_LINE    128

static uint64_t monotonic_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A line that wrapped could not be written over. */
static size_t width_of(FILE *to)
{
	struct winsize size;

	if (ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col > 1 &&
		size.ws_col < MAX_LINE)
		return size.ws_col - 1u;
	return 79;
}

static void tell(void *opaque, const char *what, uint64_t done, uint64_t total)
{
	struct cli_progress *p = opaque;
	const uint64_t now = p->now_ms(), spent = now - p->begin_ms;
	char line[MAX_LINE];

	if (p->is_over || spent < PATIENCE_MS ||
		(p->is_shown && now - p->shown_ms < INTERVAL_MS))
		return;
	if (total)
		snprintf(line, sizeof(line), "coffer %s: %s, %u %%", p->command,
			what, (unsigned)((double)done / (double)total * 100));
	else if (done)
		snprintf(line, sizeof(line), "coffer %s: %s, %" PRIu64,
			p->command, what, done);
	else
		snprintf(line, sizeof(line), "coffer %s: %s, %" PRIu64 " s",
			p->command, what, spent / 1000);
	fprintf(p->to, "\r%.*s\033[K", (int)width_of(p->to), line);
	fflush(p->to);
	p->shown_ms = now;
	p->is_shown = true;
}

void cli_progress_begin(struct cli_progress *p, const struct cli_command *self,
	FILE *to, bool quiet)
{
	const char *term = getenv("TERM");

	*p = (struct cli_progress) {
		.told = { .opaque = p, .tell = tell },
		.command = self->name,
		.to = to,
		.now_ms = monotonic_ms,
		.begin_ms = monotonic_ms(),
		/* A dumb terminal cannot erase. */
		.is_on = !quiet && isatty(fileno(to)) && term &&
			strcmp(term, "dumb") != 0,
	};
}

const struct cf_progress *cli_progress(struct cli_progress *p)
{
	return p->is_on ? &p->told : NULL;
}

void cli_progress_hide(struct cli_progress *p)
{
	if (!p->is_shown)
		return;
	fputs("\r\033[K", p->to);
	fflush(p->to);
	p->is_shown = false;
}

void cli_progress_end(struct cli_progress *p)
{
	cli_progress_hide(p);
	p->is_over = true;
}
