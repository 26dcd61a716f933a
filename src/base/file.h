/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files as a whole: mapped for reading, read into memory, or replaced in one
 * step.  Only the program and the impure folders open files; the pure ones
 * get bytes.
 */
#ifndef CF_BASE_FILE_H
#define CF_BASE_FILE_H

#include "base/error.h"
#include "base/progress.h"

#include <stddef.h>
#include <stdint.h>

/* A read-only private mapping.  data is NULL exactly when len is 0. */
struct cf_mapping {
	const uint8_t *data;
	size_t len;
};

/* Map a regular file; messages start with the path. */
enum coffer_status cf_map_file(const char *path, struct cf_mapping *out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_unmap_file(struct cf_mapping *m); /* NULL or zeroed is fine */

/* Read a whole file of at most max bytes; *data is owned, free() it; one NUL
 * that len does not count follows the bytes. */
enum coffer_status cf_read_file(const char *path, size_t max, uint8_t **data,
	size_t *len, struct coffer_error *err) CF_MUST_CHECK;

/* Replace path with these bytes or leave it as it was: temporary file in the
 * same folder, fsync, rename, fsync of the folder.  mode as for open(2). */
enum coffer_status cf_write_file(const char *path, unsigned mode,
	const void *data, size_t len, struct coffer_error *err) CF_MUST_CHECK;
/* The same, and p is told. */
enum coffer_status cf_write_file_told(const char *path, unsigned mode,
	const void *data, size_t len, const struct cf_progress *p,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
