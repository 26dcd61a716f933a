/* SPDX-License-Identifier: Apache-2.0 */
/* Where the sectors of a disk are: a raw file, or a server that speaks NBD. */
#ifndef CF_BLOCK_H
#define CF_BLOCK_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_block;

struct cf_block_ops {
	enum coffer_status (*read)(struct cf_block *b, uint64_t offset,
		void *out, size_t len, struct coffer_error *err);
	enum coffer_status (*write)(struct cf_block *b, uint64_t offset,
		const void *in, size_t len, struct coffer_error *err);
	enum coffer_status (*flush)(
		struct cf_block *b, struct coffer_error *err);
	void (*destroy)(struct cf_block *b);
};

struct cf_block {
	const struct cf_block_ops *ops;
	uint64_t size; /* bytes */
};

/* A path, an NBD URI (nbd:// nbd+unix:// nbds://...) or QEMU's older
 * nbd:HOST:PORT and nbd:unix:PATH.  A file that is no multiple of
 * 512 bytes long is refused. */
enum coffer_status cf_block_open(const char *path, bool readonly,
	struct cf_block **out, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_block_open_nbd(const char *name, bool readonly,
	struct cf_block **out, struct coffer_error *err) CF_MUST_CHECK;

/* A copy in memory of what a small one holds; writes end with it. */
enum coffer_status cf_block_open_copy(const char *path, struct cf_block **out,
	struct coffer_error *err) CF_MUST_CHECK;

static inline void cf_block_destroy(struct cf_block *b)
{
	if (b)
		b->ops->destroy(b);
}

#endif
