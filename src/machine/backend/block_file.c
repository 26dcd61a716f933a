/* SPDX-License-Identifier: Apache-2.0 */
/* Disks in raw files and block devices. */
#include "machine/backend/block.h"

#include "base/base.h"
#include "machine/backend/nbd_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512

struct file_block {
	struct cf_block base;
	int fd;
};

static struct file_block *file_block(struct cf_block *b)
{
	return CF_CONTAINER_OF(b, struct file_block, base);
}

static enum coffer_status file_read(struct cf_block *b, uint64_t offset,
	void *out, size_t len, struct coffer_error *err)
{
	uint8_t *p = out;

	while (len) {
		ssize_t n = pread(file_block(b)->fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return cf_fail_errno(
				err, n ? errno : EIO, "disk: read");
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return COFFER_OK;
}

static enum coffer_status file_write(struct cf_block *b, uint64_t offset,
	const void *in, size_t len, struct coffer_error *err)
{
	const uint8_t *p = in;

	while (len) {
		ssize_t n = pwrite(file_block(b)->fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return cf_fail_errno(
				err, n ? errno : EIO, "disk: write");
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return COFFER_OK;
}

static enum coffer_status file_flush(
	struct cf_block *b, struct coffer_error *err)
{
	if (fdatasync(file_block(b)->fd))
		return cf_fail_errno(err, errno, "disk: flush");
	return COFFER_OK;
}

static void file_destroy(struct cf_block *b)
{
	close(file_block(b)->fd);
	free(file_block(b));
}

static const struct cf_block_ops file_ops = {
	.read = file_read,
	.write = file_write,
	.flush = file_flush,
	.destroy = file_destroy,
};

/* One writer, or many readers. */
static enum coffer_status lock_file(
	int fd, const char *path, bool readonly, struct coffer_error *err)
{
	if (flock(fd, (readonly ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
		return COFFER_OK;
	return cf_fail_errno(err, errno,
		"%s: used by another process; add readonly=on to both to "
		"share it",
		path);
}

static enum coffer_status open_file(const char *path, bool readonly,
	struct cf_block **out, struct coffer_error *err)
{
	CF_CLEANUP(cf_close_fd) int fd = -1;
	struct file_block *f;
	enum coffer_status s;
	off_t end;

	fd = open(path, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (fd < 0)
		return cf_fail_errno(err, errno, "%s", path);
	s = lock_file(fd, path, readonly, err);
	if (s)
		return s;
	end = lseek(fd, 0, SEEK_END);
	if (end <= 0 || end % SECTOR)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"%s: a raw disk must have a multiple of %d bytes", path,
			SECTOR);
	f = cf_alloc_array(1, sizeof(*f));
	if (!f)
		return cf_fail_nomem(err, path);
	f->base = (struct cf_block) { &file_ops, (uint64_t)end };
	f->fd = cf_steal_fd(&fd);
	*out = &f->base;
	return COFFER_OK;
}

enum coffer_status cf_block_open(const char *path, bool readonly,
	struct cf_block **out, struct coffer_error *err)
{
	if (cf_nbd_is_name(path))
		return cf_block_open_nbd(path, readonly, out, err);
	return open_file(path, readonly, out, err);
}
