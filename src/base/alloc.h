/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation that cannot overflow, cleanup handlers for locals, and the two
 * functions for secrets.  NULL means no memory; nothing here aborts.
 */
#ifndef CF_BASE_ALLOC_H
#define CF_BASE_ALLOC_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Zeroed array of n elements; NULL on overflow or no memory; free() it. */
void *cf_alloc_array(size_t n, size_t size) CF_MUST_CHECK;

/* Grow an array to hold at least `need` elements, doubling; false: no memory,
 * array unchanged.  *cap counts elements. */
CF_MUST_CHECK bool cf_grow_array(
	void *array_ptr, size_t *cap, size_t need, size_t size);

/* Copy of n bytes; NULL on no memory.  n == 0 gives a valid pointer. */
void *cf_dup(const void *p, size_t n) CF_MUST_CHECK;

/* Overwrite a secret in a way that the compiler does not remove. */
void cf_wipe(void *p, size_t n);

/* Equality of secrets in time that depends on n alone. */
bool cf_equal_ct(const void *a, const void *b, size_t n);

/* For CF_CLEANUP: `CF_CLEANUP(cf_free_ptr) char *s = NULL;`. */
void cf_free_ptr(void *ptr_to_ptr);
void cf_close_fd(int *fd);

/* Hand the descriptor on and disarm the cleanup. */
static inline int cf_steal_fd(int *fd)
{
	int was = *fd;

	*fd = -1;
	return was;
}

static inline void *cf_steal_ptr(void *ptr_to_ptr)
{
	void **p = ptr_to_ptr;
	void *was = *p;

	*p = NULL;
	return was;
}

#endif
