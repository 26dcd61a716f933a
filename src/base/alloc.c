/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation, cleanup and secret-handling helpers. */
#include "base/alloc.h"

#include "base/bytes.h"

#include <string.h>
#include <unistd.h>

void *cf_alloc_array(size_t n, size_t size)
{
	return calloc(n ? n : 1, size ? size : 1);
}

bool cf_grow_array(void *array_ptr, size_t *cap, size_t need, size_t size)
{
	size_t want, bytes;
	void *old, *grown;

	if (need <= *cap)
		return true;
	if (cf_add_overflow(*cap, *cap / 2 + 8, &want) || want < need)
		want = need;
	if (cf_mul_overflow(want, size, &bytes))
		return false;
	memcpy(&old, array_ptr, sizeof(old));
	grown = realloc(old, bytes);
	if (!grown)
		return false;
	memcpy(array_ptr, &grown, sizeof(grown));
	*cap = want;
	return true;
}

void *cf_dup(const void *p, size_t n)
{
	void *copy = malloc(n ? n : 1);

	if (copy && n)
		memcpy(copy, p, n);
	return copy;
}

void cf_wipe(void *p, size_t n)
{
	if (n)
		explicit_bzero(p, n);
}

bool cf_equal_ct(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t diff = 0;

	for (size_t i = 0; i < n; i++)
		diff |= (uint8_t)(x[i] ^ y[i]);
	return diff == 0;
}

void cf_free_ptr(void *ptr_to_ptr)
{
	void *p;

	memcpy(&p, ptr_to_ptr, sizeof(p));
	free(p);
}

void cf_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
