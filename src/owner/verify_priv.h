/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files verify*.c only. */
#ifndef CF_OWNER_VERIFY_PRIV_H
#define CF_OWNER_VERIFY_PRIV_H

#include "base/compiler.h"
#include "owner/verify.h"

void cf_check_set(struct cf_verify_result *result, enum cf_check check,
	enum cf_verdict verdict, const char *fmt, ...) CF_PRINTF(4, 5);

#endif
