/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binding of the stubs that stubs.py makes: what the dynamic linker does at
 * the start, done at the first call.  A library that is not there ends the
 * program in the same way, for nothing can go on from the middle of a call.
 */
#include "lazy/lazy.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern struct cf_lazy *cf_lazy_libraries[]
	__attribute__((visibility("hidden")));
/* Called from the stubs only. */
__attribute__((visibility("hidden"))) void cf_lazy_bind(struct cf_lazy *l);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void give_up(const char *soname)
{
	const char *why = dlerror();

	fprintf(stderr, "coffer: error while loading %s: %s\n", soname,
		why ? why : "unknown");
	_exit(127);
}

/* Once bound, the addresses cannot be changed any more. */
static void bind(struct cf_lazy *l)
{
	void *library = dlopen(l->soname, RTLD_NOW | RTLD_LOCAL);
	void **slot = l->slot;

	if (!library)
		give_up(l->soname);
	for (const char *name = l->names; *name; name += strlen(name) + 1) {
		void *at = dlsym(library, name);

		if (!at)
			give_up(l->soname);
		__atomic_store_n(slot++, at, __ATOMIC_RELEASE);
	}
	if (mprotect(l->slot, l->slots_len, PROT_READ))
		give_up(l->soname);
	l->bound = 1;
}

void cf_lazy_bind(struct cf_lazy *l)
{
	pthread_mutex_lock(&lock);
	if (!l->bound)
		bind(l);
	pthread_mutex_unlock(&lock);
}

void cf_lazy_open_all(void)
{
	for (size_t i = 0; cf_lazy_libraries[i]; i++)
		cf_lazy_bind(cf_lazy_libraries[i]);
}
