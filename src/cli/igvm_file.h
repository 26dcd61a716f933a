/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CLI_IGVM_FILE_H
#define CF_CLI_IGVM_FILE_H

#include "base/error.h"

struct cf_igvm;
struct cf_mapping;

/* cf_igvm_parse whose error tells a firmware image from a damaged file. */
enum coffer_status cli_parse_igvm(const struct cf_mapping *m,
	struct cf_igvm **file, struct coffer_error *err) CF_MUST_CHECK;

#endif
