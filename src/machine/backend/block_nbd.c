/* SPDX-License-Identifier: Apache-2.0 */
/* Disks on a server that speaks NBD (qemu-nbd, nbdkit), through libnbd: the
 * way to every format but raw. */
#include "machine/backend/block.h"

#include "base/base.h"
#include "config.h"
#include "machine/backend/nbd_priv.h"

#if HAVE_LIBNBD
#include <libnbd.h>

#include <time.h>

#define SECTOR 512

struct nbd_block {
	struct cf_block base;
	struct nbd_handle *nbd;
	unsigned timeout_ms;
	bool can_flush;
	bool dead; /* a request was given up: its buffer may be gone */
};

static struct nbd_block *nbd_block(struct cf_block *b)
{
	return CF_CONTAINER_OF(b, struct nbd_block, base);
}

static enum coffer_status failed(struct coffer_error *err)
{
	return cf_fail(err, COFFER_ERR_SYSTEM, "disk: %s", nbd_get_error());
}

static enum coffer_status refuse_dead(struct coffer_error *err)
{
	return cf_fail(err, COFFER_ERR_SYSTEM,
		"disk: the NBD server did not answer in time and is not asked "
		"again");
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/*
 * Wait for the command that `cookie` names.  A server that is silent for
 * longer than the limit is never asked again: the vCPU that waits here holds
 * the machine's lock, so it must not wait for ever.
 */
static enum coffer_status finish(
	struct nbd_block *n, int64_t cookie, struct coffer_error *err)
{
	uint64_t end = now_ms() + n->timeout_ms, now;
	int done;

	if (cookie < 0)
		return failed(err);
	while (!(done = nbd_aio_command_completed(n->nbd, (uint64_t)cookie))) {
		now = now_ms();
		if (now >= end) {
			n->dead = true;
			return refuse_dead(err);
		}
		if (nbd_poll(n->nbd, (int)(end - now)) < 0)
			return failed(err);
	}
	return done < 0 ? failed(err) : COFFER_OK;
}

static enum coffer_status remote_read(struct cf_block *b, uint64_t offset,
	void *out, size_t len, struct coffer_error *err)
{
	struct nbd_block *n = nbd_block(b);

	if (n->dead)
		return refuse_dead(err);
	return finish(n,
		nbd_aio_pread(n->nbd, out, len, offset, NBD_NULL_COMPLETION, 0),
		err);
}

static enum coffer_status remote_write(struct cf_block *b, uint64_t offset,
	const void *in, size_t len, struct coffer_error *err)
{
	struct nbd_block *n = nbd_block(b);

	if (n->dead)
		return refuse_dead(err);
	return finish(n,
		nbd_aio_pwrite(n->nbd, in, len, offset, NBD_NULL_COMPLETION, 0),
		err);
}

static enum coffer_status remote_flush(
	struct cf_block *b, struct coffer_error *err)
{
	struct nbd_block *n = nbd_block(b);

	if (n->dead)
		return refuse_dead(err);
	if (!n->can_flush)
		return COFFER_OK;
	return finish(n, nbd_aio_flush(n->nbd, NBD_NULL_COMPLETION, 0), err);
}

static void remote_destroy(struct cf_block *b)
{
	struct nbd_block *n = nbd_block(b);

	/* Says goodbye, which waits for an answer in some states. */
	if (!n->dead)
		nbd_shutdown(n->nbd, 0);
	nbd_close(n->nbd);
	free(n);
}

static const struct cf_block_ops nbd_ops = {
	.read = remote_read,
	.write = remote_write,
	.flush = remote_flush,
	.destroy = remote_destroy,
};

/* What the server offers must be a disk of sectors that can be used as the
 * command line says. */
static enum coffer_status check_export(struct nbd_handle *nbd, const char *name,
	bool readonly, uint64_t *size, struct coffer_error *err)
{
	int64_t bytes = nbd_get_size(nbd);
	int64_t unit = nbd_get_block_size(nbd, LIBNBD_SIZE_MINIMUM);

	if (bytes < 0)
		return cf_fail(err, COFFER_ERR_SYSTEM, "%s: %s", name,
			nbd_get_error());
	if (bytes < SECTOR || bytes % SECTOR)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"%s: the disk has %lld bytes; it must be a multiple of "
			"%d",
			name, (long long)bytes, SECTOR);
	if (unit > SECTOR)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"%s: the server reads and writes no less than %lld "
			"bytes, a sector has %d",
			name, (long long)unit, SECTOR);
	if (!readonly && nbd_is_read_only(nbd) != 0)
		return cf_fail(err, COFFER_ERR_SYSTEM,
			"%s: the server offers it read-only; add readonly=on",
			name);
	*size = (uint64_t)bytes;
	return COFFER_OK;
}

enum coffer_status cf_block_open_nbd_within(const char *name, bool readonly,
	unsigned timeout_ms, struct cf_block **out, struct coffer_error *err)
{
	CF_CLEANUP(cf_buf_finish) struct cf_buf uri = { 0 };
	enum coffer_status s = cf_nbd_uri(name, &uri, err);
	struct nbd_block *n;
	uint64_t size = 0;

	if (s)
		return s;
	n = cf_alloc_array(1, sizeof(*n));
	if (!n)
		return cf_fail_nomem(err, name);
	n->timeout_ms = timeout_ms;
	n->nbd = nbd_create();
	if (!n->nbd || nbd_connect_uri(n->nbd, cf_buf_text(&uri)))
		s = cf_fail(err, COFFER_ERR_SYSTEM, "%s: %s", name,
			nbd_get_error());
	else
		s = check_export(n->nbd, name, readonly, &size, err);
	if (s) {
		nbd_close(n->nbd);
		free(n);
		return s;
	}
	n->can_flush = nbd_can_flush(n->nbd) == 1;
	n->base = (struct cf_block) { &nbd_ops, size };
	*out = &n->base;
	return COFFER_OK;
}

#else

enum coffer_status cf_block_open_nbd_within(const char *name, bool readonly,
	unsigned timeout_ms, struct cf_block **out, struct coffer_error *err)
{
	return cf_fail(err, COFFER_ERR_UNSUPPORTED,
		"%s: built without libnbd; use a raw file", name);
}

#endif

enum coffer_status cf_block_open_nbd(const char *name, bool readonly,
	struct cf_block **out, struct coffer_error *err)
{
	return cf_block_open_nbd_within(
		name, readonly, CF_NBD_TIMEOUT_MS, out, err);
}
