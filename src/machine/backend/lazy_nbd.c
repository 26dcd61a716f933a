/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libnbd, opened when the first remote disk asks for it: it brings a TLS, an
 * XML and a Unicode library, whose loading would cost every command several
 * times what the command itself takes.  Without the library nbd_create gives
 * NULL and nbd_get_error says why.
 */
#include "config.h"

#if HAVE_LIBNBD

#include <dlfcn.h>
#include <libnbd.h>
#include <pthread.h>

#define LIBRARY "libnbd.so.0"

/* Filled once, before the first call, and never changed. */
static struct {
	void *library;
	__typeof__(nbd_create) *create;
	__typeof__(nbd_close) *close;
	__typeof__(nbd_get_error) *get_error;
	__typeof__(nbd_connect_uri) *connect_uri;
	__typeof__(nbd_is_read_only) *is_read_only;
	__typeof__(nbd_can_flush) *can_flush;
	__typeof__(nbd_get_size) *get_size;
	__typeof__(nbd_get_block_size) *get_block_size;
	__typeof__(nbd_aio_pread) *aio_pread;
	__typeof__(nbd_aio_pwrite) *aio_pwrite;
	__typeof__(nbd_aio_flush) *aio_flush;
	__typeof__(nbd_aio_command_completed) *aio_command_completed;
	__typeof__(nbd_poll) *poll;
	__typeof__(nbd_shutdown) *shutdown;
} real;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
	void *l = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!l)
		return;
	real.create = dlsym(l, "nbd_create");
	real.close = dlsym(l, "nbd_close");
	real.get_error = dlsym(l, "nbd_get_error");
	real.connect_uri = dlsym(l, "nbd_connect_uri");
	real.is_read_only = dlsym(l, "nbd_is_read_only");
	real.can_flush = dlsym(l, "nbd_can_flush");
	real.get_size = dlsym(l, "nbd_get_size");
	real.get_block_size = dlsym(l, "nbd_get_block_size");
	real.aio_pread = dlsym(l, "nbd_aio_pread");
	real.aio_pwrite = dlsym(l, "nbd_aio_pwrite");
	real.aio_flush = dlsym(l, "nbd_aio_flush");
	real.aio_command_completed = dlsym(l, "nbd_aio_command_completed");
	real.poll = dlsym(l, "nbd_poll");
	real.shutdown = dlsym(l, "nbd_shutdown");
	if (real.create && real.close && real.get_error && real.connect_uri &&
		real.is_read_only && real.can_flush && real.get_size &&
		real.get_block_size && real.aio_pread && real.aio_pwrite &&
		real.aio_flush && real.aio_command_completed && real.poll &&
		real.shutdown)
		real.library = l;
	else
		dlclose(l);
}

struct nbd_handle *nbd_create(void)
{
	pthread_once(&once, load);
	return real.library ? real.create() : NULL;
}

const char *nbd_get_error(void)
{
	return real.library ? real.get_error()
			    : LIBRARY " cannot be loaded; is libnbd installed?";
}

void nbd_close(struct nbd_handle *h)
{
	if (h)
		real.close(h);
}

/* The rest is called with a handle only, so the library is there. */
int nbd_connect_uri(struct nbd_handle *h, const char *uri)
{
	return real.connect_uri(h, uri);
}

int nbd_is_read_only(struct nbd_handle *h)
{
	return real.is_read_only(h);
}

int nbd_can_flush(struct nbd_handle *h)
{
	return real.can_flush(h);
}

int64_t nbd_get_size(struct nbd_handle *h)
{
	return real.get_size(h);
}

int64_t nbd_get_block_size(struct nbd_handle *h, int size_type)
{
	return real.get_block_size(h, size_type);
}

int64_t nbd_aio_pread(struct nbd_handle *h, void *buf, size_t count,
	uint64_t offset, nbd_completion_callback done, uint32_t flags)
{
	return real.aio_pread(h, buf, count, offset, done, flags);
}

int64_t nbd_aio_pwrite(struct nbd_handle *h, const void *buf, size_t count,
	uint64_t offset, nbd_completion_callback done, uint32_t flags)
{
	return real.aio_pwrite(h, buf, count, offset, done, flags);
}

int64_t nbd_aio_flush(
	struct nbd_handle *h, nbd_completion_callback done, uint32_t flags)
{
	return real.aio_flush(h, done, flags);
}

int nbd_aio_command_completed(struct nbd_handle *h, uint64_t cookie)
{
	return real.aio_command_completed(h, cookie);
}

int nbd_poll(struct nbd_handle *h, int timeout)
{
	return real.poll(h, timeout);
}

int nbd_shutdown(struct nbd_handle *h, uint32_t flags)
{
	return real.shutdown(h, flags);
}

#endif
