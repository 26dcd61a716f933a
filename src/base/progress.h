/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far long work has come: the library tells, and whoever asked for the
 * work may show it.
 */
#ifndef CF_BASE_PROGRESS_H
#define CF_BASE_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

struct cf_progress {
	void *opaque;
	/*
	 * Now and then, on the thread that called the library: `done` of
	 * `total` units of the work `what` ("measuring", static text) are
	 * done.  total 0: nobody knows how many there will be.
	 */
	void (*tell)(
		void *opaque, const char *what, uint64_t done, uint64_t total);
};

/* p NULL: nobody listens. */
static inline void cf_progress_tell(const struct cf_progress *p,
	const char *what, uint64_t done, uint64_t total)
{
	if (p)
		p->tell(p->opaque, what, done, total);
}

#endif
