/* SPDX-License-Identifier: Apache-2.0 */
/* Mapping, reading and atomically replacing whole files. */
#include "base/file.h"

#include "base/alloc.h"
#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE (16u << 20) /* written between two words of progress */

static enum coffer_status open_regular(
	const char *path, int *fd, size_t *len, struct coffer_error *err)
{
	CF_CLEANUP(cf_close_fd) int file = -1;
	struct stat st;

	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return cf_fail_errno(err, errno, "%s: cannot open", path);
	if (fstat(file, &st) < 0)
		return cf_fail_errno(err, errno, "%s: cannot stat", path);
	if (!S_ISREG(st.st_mode))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"%s: not a regular file", path);
	*len = (size_t)st.st_size;
	*fd = cf_steal_fd(&file);
	return COFFER_OK;
}

enum coffer_status cf_map_file(
	const char *path, struct cf_mapping *out, struct coffer_error *err)
{
	CF_CLEANUP(cf_close_fd) int fd = -1;
	enum coffer_status status;
	void *at = NULL;
	size_t len;

	status = open_regular(path, &fd, &len, err);
	if (status)
		return status;
	if (len) {
		at = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
		if (at == MAP_FAILED)
			return cf_fail_errno(
				err, errno, "%s: cannot map", path);
	}
	*out = (struct cf_mapping) { .data = at, .len = len };
	return COFFER_OK;
}

void cf_unmap_file(struct cf_mapping *m)
{
	if (!m)
		return;
	if (m->data)
		munmap((void *)(uintptr_t)m->data, m->len);
	*m = (struct cf_mapping) { 0 };
}

/* Read until len bytes are there or the file ends. */
static ssize_t read_fully(int fd, uint8_t *at, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, at + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

enum coffer_status cf_read_file(const char *path, size_t max, uint8_t **data,
	size_t *len, struct coffer_error *err)
{
	CF_CLEANUP(cf_close_fd) int fd = -1;
	CF_CLEANUP(cf_free_ptr) uint8_t *bytes = NULL;
	enum coffer_status status;
	size_t size;
	ssize_t got;

	status = open_regular(path, &fd, &size, err);
	if (status)
		return status;
	if (size > max)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"%s: %zu bytes, at most %zu are allowed", path, size,
			max);
	bytes = cf_alloc_array(size + 1, 1);
	if (!bytes)
		return cf_fail_nomem(err, path);
	got = read_fully(fd, bytes, size);
	if (got < 0)
		return cf_fail_errno(err, errno, "%s: cannot read", path);
	bytes[got] = 0;
	*len = (size_t)got;
	*data = cf_steal_ptr(&bytes);
	return COFFER_OK;
}

static bool write_fully(
	int fd, const uint8_t *at, size_t len, const struct cf_progress *p)
{
	const size_t total = len;

	while (len) {
		ssize_t n = write(fd, at, len < PIECE ? len : PIECE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		len -= (size_t)n;
		cf_progress_tell(p, "writing", total - len, total);
	}
	return true;
}

static bool sync_folder_of(const char *path)
{
	CF_CLEANUP(cf_close_fd) int fd = -1;
	char dir[PATH_MAX];
	char *slash;

	if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return false;
	slash = strrchr(dir, '/');
	if (!slash)
		strcpy(dir, ".");
	else
		slash[slash == dir] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && fsync(fd) == 0;
}

enum coffer_status cf_write_file(const char *path, unsigned mode,
	const void *data, size_t len, struct coffer_error *err)
{
	return cf_write_file_told(path, mode, data, len, NULL, err);
}

enum coffer_status cf_write_file_told(const char *path, unsigned mode,
	const void *data, size_t len, const struct cf_progress *p,
	struct coffer_error *err)
{
	CF_CLEANUP(cf_close_fd) int fd = -1;
	char tmp[PATH_MAX];
	int errnum;

	if (snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= (int)sizeof(tmp))
		return cf_fail(
			err, COFFER_ERR_ARGUMENT, "%s: path too long", path);
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return cf_fail_errno(err, errno, "%s: cannot create", tmp);
	if (fchmod(fd, mode) < 0 || !write_fully(fd, data, len, p) ||
		fsync(fd) < 0 || rename(tmp, path) < 0)
		goto remove_tmp;
	if (!sync_folder_of(path))
		return cf_fail_errno(
			err, errno, "%s: cannot sync its folder", path);
	return COFFER_OK;

remove_tmp:
	errnum = errno;
	unlink(tmp);
	return cf_fail_errno(err, errnum, "%s: cannot write", path);
}
