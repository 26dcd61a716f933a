/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of coffer build. */
#ifndef CF_CLI_BUILD_PRIV_H
#define CF_CLI_BUILD_PRIV_H

#include "cli/cli.h"
#include "igvmkit/igvmkit.h"

/* From a kernel; p has the platforms and their policies. */
int cli_build_kernel(
	const struct cli_args *args, const struct cf_build_params *p);

struct cf_buf;

/* Write the file, with progress. */
enum coffer_status build_write(const struct cli_args *args, const char *path,
	const struct cf_buf *file, struct coffer_error *err) CF_MUST_CHECK;

/* The file that a manifest describes, appended to *out. */
enum coffer_status cli_build_manifest(const char *path, struct cf_buf *out,
	struct coffer_error *err) CF_MUST_CHECK;

/* Parameter areas and native entry; as cli_parse, -1 to go on. */
int cli_build_extra(const struct cli_args *args, struct cf_build_params *p);

/* Hashes of --kernel, --initrd and --append, which go with --firmware. */
enum coffer_status cli_build_hashes(const struct cli_args *args,
	struct cf_kernel_hashes *out, struct coffer_error *err) CF_MUST_CHECK;

#endif
