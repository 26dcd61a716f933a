/* SPDX-License-Identifier: Apache-2.0 */
/* The byte helpers that are too long to be inline. */
#include "base/bytes.h"

bool cf_is_zero(const uint8_t *p, size_t n)
{
	/* A buffer is all zero when its first byte is and it equals itself
	 * shifted by one; memcmp is the fastest loop that libc has. */
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}
