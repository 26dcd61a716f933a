/* SPDX-License-Identifier: Apache-2.0 */
/* Migration of coffer run: the ways of the bytes, and who moves them. */
#ifndef CF_CLI_RUN_MIGRATE_PRIV_H
#define CF_CLI_RUN_MIGRATE_PRIV_H

#include "cli/run/run_priv.h"

/* run_channel.c: uri is kept, and give_up (may be NULL) is asked while the
 * other side keeps waiting. */
enum coffer_status run_channel_out(struct run_channel *c, const char *uri,
	struct coffer_error *err) CF_MUST_CHECK;
/* Waits for the other side to connect. */
enum coffer_status run_channel_in(struct run_channel *c, const char *uri,
	struct coffer_error *err) CF_MUST_CHECK;
void run_channel_close(struct run_channel *c);

#endif
