/* SPDX-License-Identifier: Apache-2.0 */
/* Disks on a server that speaks NBD (qemu-nbd, nbdkit), through libnbd: the
 * way to every format but raw. */
#include "machine/block.h"

#include "base/base.h"
#include "config.h"

#if HAVE_LIBNBD
#include <libnbd.h>

struct nbd_block {
	struct cf_block base;
	struct nbd_handle *nbd;
	bool can_flush;
};

static struct nbd_block *nbd_block(struct cf_block *b)
{
	return CF_CONTAINER_OF(b, struct nbd_block, base);
}

static enum coffer_status failed(struct coffer_error *err)
{
	return cf_fail(err, COFFER_ERR_SYSTEM, "disk: %s", nbd_get_error());
}

static enum coffer_status remote_read(struct cf_block *b, uint64_t offset,
	void *out, size_t len, struct coffer_error *err)
{
	return nbd_pread(nbd_block(b)->nbd, out, len, offset, 0) ? failed(err)
								 : COFFER_OK;
}

static enum coffer_status remote_write(struct cf_block *b, uint64_t offset,
	const void *in, size_t len, struct coffer_error *err)
{
	return nbd_pwrite(nbd_block(b)->nbd, in, len, offset, 0) ? failed(err)
								 : COFFER_OK;
}

static enum coffer_status remote_flush(
	struct cf_block *b, struct coffer_error *err)
{
	if (!nbd_block(b)->can_flush)
		return COFFER_OK;
	return nbd_flush(nbd_block(b)->nbd, 0) ? failed(err) : COFFER_OK;
}

static void remote_destroy(struct cf_block *b)
{
	nbd_shutdown(nbd_block(b)->nbd, 0);
	nbd_close(nbd_block(b)->nbd);
	free(nbd_block(b));
}

static const struct cf_block_ops nbd_ops = {
	.read = remote_read,
	.write = remote_write,
	.flush = remote_flush,
	.destroy = remote_destroy,
};

enum coffer_status cf_block_open_nbd(const char *uri, bool readonly,
	struct cf_block **out, struct coffer_error *err)
{
	struct nbd_block *n = cf_alloc_array(1, sizeof(*n));
	int64_t size = -1;

	if (!n)
		return cf_fail_nomem(err, uri);
	n->nbd = nbd_create();
	if (n->nbd && nbd_connect_uri(n->nbd, uri) == 0)
		size = nbd_get_size(n->nbd);
	if (size < 512 || size % 512 ||
		(!readonly && nbd_is_read_only(n->nbd) != 0)) {
		cf_fail(err, COFFER_ERR_SYSTEM, "%s: %s", uri,
			size < 0 ? nbd_get_error()
				 : "its size is no multiple of 512, or it is "
				   "read-only (add readonly=on)");
		nbd_close(n->nbd);
		free(n);
		return COFFER_ERR_SYSTEM;
	}
	n->can_flush = nbd_can_flush(n->nbd) == 1;
	n->base = (struct cf_block) { &nbd_ops, (uint64_t)size };
	*out = &n->base;
	return COFFER_OK;
}

#else

enum coffer_status cf_block_open_nbd(const char *uri, bool readonly,
	struct cf_block **out, struct coffer_error *err)
{
	return cf_fail(err, COFFER_ERR_UNSUPPORTED,
		"%s: built without libnbd; use a raw file", uri);
}

#endif
