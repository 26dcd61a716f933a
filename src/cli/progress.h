/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Progress for people: one line on standard error that is written over, when
 * that is a terminal and the work takes more than a second.  It is gone before
 * anything else is printed.
 */
#ifndef CF_CLI_PROGRESS_H
#define CF_CLI_PROGRESS_H

#include "base/progress.h"
#include "cli/cli.h"

struct cli_progress {
	struct cf_progress told;
	const char *command;
	FILE *to;
	uint64_t (*now_ms)(void); /* a clock that never goes back */
	uint64_t begin_ms, shown_ms;
	bool is_on, is_over, is_shown;
};

/* quiet: show nothing, as with --json. */
void cli_progress_begin(struct cli_progress *p, const struct cli_command *self,
	FILE *to, bool quiet);
/* What to hand to the library; NULL when nothing would be shown. */
const struct cf_progress *cli_progress(struct cli_progress *p);
/* Take the line away, before other output. */
void cli_progress_hide(struct cli_progress *p);
/* The same for good: what is told afterwards is not shown. */
void cli_progress_end(struct cli_progress *p);

/* cf_launch_digest with progress. */
struct cf_plan;
enum coffer_status cli_launch_digest(const struct cli_command *self, bool quiet,
	struct cf_plan *plan, const uint8_t *seed, uint8_t *digest, size_t *len,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
