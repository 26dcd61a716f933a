/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How libcoffer reports failure.  Every function that can fail returns a
 * status; the detail (a sentence for a person, the errno, the firmware's own
 * code) goes to an optional struct that the caller owns.
 */
#ifndef COFFER_ERROR_H
#define COFFER_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What class of thing went wrong; decides what the caller can do about it. */
enum coffer_status {
	COFFER_OK = 0,
	COFFER_ERR_ARGUMENT,    /* the caller passed nonsense */
	COFFER_ERR_FORMAT,      /* the bytes break a rule of their format */
	COFFER_ERR_TRUNCATED,   /* the bytes end before the format says so */
	COFFER_ERR_UNSUPPORTED, /* valid, but not something that we can do */
	COFFER_ERR_STATE,       /* right call, wrong moment */
	COFFER_ERR_MISMATCH,    /* checked, and it is not what was expected */
	COFFER_ERR_NOMEM,       /* memory allocation failed */
	COFFER_ERR_SYSTEM,      /* a system call failed, see sys_errno */
	COFFER_ERR_FIRMWARE,    /* the firmware refused, see fw_status */
	COFFER_ERR_INTERNAL,    /* a bug of ours; please report it */
};

/** Detail of a failure.  Zero it or not, it is only written on failure. */
struct coffer_error {
	enum coffer_status status;
	int sys_errno;      /* 0 unless a system call failed */
	uint32_t fw_status; /* 0 unless the firmware refused the command */
	char msg[256]; /* one line, no newline: what, where, rule, remedy */
};

/** Short lower-case name of a status ("format"); never NULL. */
const char *coffer_status_name(enum coffer_status status);

#ifdef __cplusplus
}
#endif

#endif
