/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the public API only. */
#ifndef CF_API_PRIV_H
#define CF_API_PRIV_H

#include "base/compiler.h"
#include "coffer/measure.h"
#include "plan/plan.h"

#include <stdbool.h>

CF_MUST_CHECK bool cf_api_platform(
	enum coffer_platform p, enum cf_platform *out);
/* CPU signature and VMM of a firmware guest. */
enum coffer_status cf_api_cpu(const struct coffer_firmware *guest,
	struct cf_firmware_params *p, struct coffer_error *err) CF_MUST_CHECK;

#endif
