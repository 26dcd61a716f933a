/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka with the headers it wants, and what every test program shares. */
#ifndef CF_TEST_H
#define CF_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

/* Fails with the message of the error when a call did not succeed. */
#define assert_ok(call)                                                \
	do {                                                           \
		enum coffer_status status_ = (call);                   \
		if (status_ != COFFER_OK)                              \
			fail_msg("%s: %s: %s", #call,                  \
				coffer_status_name(status_), err.msg); \
	} while (0)

#define assert_status(want, call)                            \
	do {                                                 \
		enum coffer_status status_ = (call);         \
		if (status_ != (want))                       \
			fail_msg("%s: %s, want %s", #call,   \
				coffer_status_name(status_), \
				coffer_status_name(want));   \
	} while (0)

/* The error message holds this text. */
#define assert_message(text)                                                  \
	do {                                                                  \
		if (!strstr(err.msg, (text)))                                 \
			fail_msg("message '%s' lacks '%s'", err.msg, (text)); \
	} while (0)

#endif
