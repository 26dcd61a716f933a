/* SPDX-License-Identifier: Apache-2.0 */
/* A small disk in memory that begins as a file's contents and is never written
 * back: snapshot=on. */
#include "machine/backend/block.h"

#include "base/base.h"

#include <inttypes.h>

#define COPY_MAX (64u << 20)

struct copy_block {
	struct cf_block base;
	uint8_t *bytes;
};

static struct copy_block *copy_block(struct cf_block *b)
{
	return CF_CONTAINER_OF(b, struct copy_block, base);
}

static enum coffer_status check(const struct cf_block *b, uint64_t offset,
	size_t len, struct coffer_error *err)
{
	if (cf_range_ok(offset, len, b->size))
		return COFFER_OK;
	return cf_fail(err, COFFER_ERR_ARGUMENT,
		"disk: 0x%" PRIx64 "+0x%zx is past its end", offset, len);
}

static enum coffer_status copy_read(struct cf_block *b, uint64_t offset,
	void *out, size_t len, struct coffer_error *err)
{
	enum coffer_status s = check(b, offset, len, err);

	if (s == COFFER_OK)
		memcpy(out, copy_block(b)->bytes + offset, len);
	return s;
}

static enum coffer_status copy_write(struct cf_block *b, uint64_t offset,
	const void *in, size_t len, struct coffer_error *err)
{
	enum coffer_status s = check(b, offset, len, err);

	if (s == COFFER_OK)
		memcpy(copy_block(b)->bytes + offset, in, len);
	return s;
}

static enum coffer_status copy_flush(
	struct cf_block *b, struct coffer_error *err)
{
	return COFFER_OK;
}

static void copy_destroy(struct cf_block *b)
{
	free(copy_block(b)->bytes);
	free(copy_block(b));
}

static const struct cf_block_ops copy_ops = {
	.read = copy_read,
	.write = copy_write,
	.flush = copy_flush,
	.destroy = copy_destroy,
};

static enum coffer_status make_copy(
	struct cf_block *from, struct cf_block **out, struct coffer_error *err)
{
	struct copy_block *c;
	enum coffer_status s;

	if (from->size > COPY_MAX)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"snapshot=on keeps the disk in memory: at most %u MiB",
			COPY_MAX >> 20);
	c = cf_alloc_array(1, sizeof(*c));
	if (!c)
		return cf_fail_nomem(err, "a copy of a disk");
	c->base = (struct cf_block) { &copy_ops, from->size };
	c->bytes = cf_alloc_array((size_t)from->size, 1);
	if (!c->bytes) {
		free(c);
		return cf_fail_nomem(err, "a copy of a disk");
	}
	s = from->ops->read(from, 0, c->bytes, (size_t)from->size, err);
	if (s)
		copy_destroy(&c->base);
	else
		*out = &c->base;
	return s;
}

enum coffer_status cf_block_open_copy(
	const char *path, struct cf_block **out, struct coffer_error *err)
{
	struct cf_block *file;
	enum coffer_status s = cf_block_open(path, true, &file, err);

	if (s)
		return s;
	s = make_copy(file, out, err);
	cf_block_destroy(file);
	return s ? cf_error_context(err, s, "%s", path) : s;
}
