/* SPDX-License-Identifier: Apache-2.0 */
/* The two halves of coffer build. */
#ifndef CF_CLI_BUILD_PRIV_H
#define CF_CLI_BUILD_PRIV_H

#include "cli/cli.h"
#include "igvmkit/igvmkit.h"

/* From a kernel; p has the platforms and their policies. */
int cli_build_kernel(
	const struct cli_args *args, const struct cf_build_params *p);

#endif
