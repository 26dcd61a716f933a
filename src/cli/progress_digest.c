/* SPDX-License-Identifier: Apache-2.0 */
/* Digests with progress. */
#include "cli/progress.h"

#include "sp/sp.h"

enum coffer_status cli_launch_digest(const struct cli_command *self, bool quiet,
	struct cf_plan *plan, const uint8_t *seed, uint8_t *digest, size_t *len,
	struct coffer_error *err)
{
	struct cli_progress p;
	enum coffer_status st;

	cli_progress_begin(&p, self, stderr, quiet);
	plan->progress = cli_progress(&p);
	st = cf_launch_digest(plan, seed, digest, len, err);
	plan->progress = NULL;
	cli_progress_end(&p);
	return st;
}
