/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Persistent state of software processors in a directory: one file per
 * record, each replaced in one step with fsync, so that it survives a kill at
 * any point.  A lock file keeps processes that share the directory apart
 * while one makes or changes a record.
 */
#ifndef CF_SP_STATE_DIR_H
#define CF_SP_STATE_DIR_H

#include "sp/soft/soft.h"

struct cf_sp_state;

/* Open a directory, made with its parents when it is missing (mode 0700).
 * dir NULL: $XDG_STATE_HOME/coffer/sp, or ~/.local/state/coffer/sp. */
enum coffer_status cf_sp_state_open(const char *dir, struct cf_sp_state **out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_sp_state_close(struct cf_sp_state *s);
const char *cf_sp_state_path(const struct cf_sp_state *s);
/* load, store, lock and the system's clock; s is kept. */
void cf_sp_state_ops(struct cf_sp_state *s, struct cf_sp_soft_ops *ops);
/* Remove every record of the chip (not the roots, unless asked). */
enum coffer_status cf_sp_state_reset(struct cf_sp_state *s, bool roots,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
