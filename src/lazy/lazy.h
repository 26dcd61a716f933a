/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared libraries that the program opens at the first call into them, because
 * loading all of them would cost a short command more than the command does.
 * Code calls their functions as ever: src/lazy/stubs.py makes a stub for each
 * function that is called, and the program links the stubs before the
 * libraries.  libcoffer and the tests are linked the ordinary way.
 */
#ifndef CF_LAZY_H
#define CF_LAZY_H

#include <stdbool.h>
#include <stddef.h>

/* One library; laid out by stubs.py. */
struct cf_lazy {
	const char *soname;
	const char *names; /* of its functions, one after the other */
	void **slot;       /* where they are; whole pages, NULL until bound */
	size_t slots_len;  /* bytes */
	size_t bound;
};

/*
 * Open what is not open yet: before a sandbox closes the way to files.  It is
 * there only in a program with stubs; elsewhere its address is NULL.
 */
__attribute__((weak)) void cf_lazy_open_all(void);

#endif
