/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the software processor as files of a directory. */
#include "sp/soft/state_dir.h"

#include "base/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_RECORD (64u << 10)
#define ROOTS      "roots"

struct cf_sp_state {
	char path[PATH_MAX];
	int lock_fd;
	unsigned depth; /* of the lock */
};

static enum coffer_status default_path(
	char path[PATH_MAX], struct coffer_error *err)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n;

	if (xdg && *xdg == '/')
		n = snprintf(path, PATH_MAX, "%s/coffer/sp", xdg);
	else if (home && *home)
		n = snprintf(path, PATH_MAX, "%s/.local/state/coffer/sp", home);
	else
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"secure processor state: neither XDG_STATE_HOME nor "
			"HOME is set; give --sp-state DIR");
	if (n >= PATH_MAX)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"secure processor state: path too long");
	return COFFER_OK;
}

/* Like mkdir -p; the last part holds secrets, so all are private. */
static enum coffer_status make_dirs(const char *path, struct coffer_error *err)
{
	char part[PATH_MAX];

	for (size_t i = 1; path[i - 1]; i++) {
		if (path[i] != '/' && path[i])
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return cf_fail_errno(
				err, errno, "%s: cannot create", part);
	}
	return COFFER_OK;
}

static void state_lock(void *opaque, bool take)
{
	struct cf_sp_state *s = opaque;

	if (take) {
		if (s->depth++)
			return;
		while (flock(s->lock_fd, LOCK_EX) < 0 && errno == EINTR)
			;
		return;
	}
	if (!--s->depth)
		flock(s->lock_fd, LOCK_UN);
}

static bool join(char out[PATH_MAX], const char *dir, const char *name)
{
	size_t a = strlen(dir), b = strlen(name);

	if (b >= PATH_MAX || a >= PATH_MAX - 1 - b)
		return false;
	memcpy(out, dir, a);
	out[a] = '/';
	memcpy(out + a + 1, name, b + 1);
	return true;
}

/* A killed process leaves its temporary file: a record's name and six more
 * characters behind a dot.  Writers hold the lock, so nobody uses them now. */
static void sweep(const char *dir)
{
	char path[PATH_MAX];
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		const char *dot = strrchr(e->d_name, '.');

		if (dot && dot != e->d_name && strlen(dot) == 7 &&
			join(path, dir, e->d_name))
			unlink(path);
	}
	if (d)
		closedir(d);
}

static enum coffer_status open_lock(
	struct cf_sp_state *s, struct coffer_error *err)
{
	enum coffer_status status;
	char path[PATH_MAX];

	if (!join(path, s->path, ROOTS))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"secure processor state: path too long");
	status = make_dirs(path, err);
	if (status)
		return status;
	if (!join(path, s->path, "lock"))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"secure processor state: path too long");
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return cf_fail_errno(err, errno, "%s: cannot open", path);
	return COFFER_OK;
}

enum coffer_status cf_sp_state_open(
	const char *dir, struct cf_sp_state **out, struct coffer_error *err)
{
	struct cf_sp_state *s = cf_alloc_array(1, sizeof(*s));
	enum coffer_status status = COFFER_OK;
	char roots[PATH_MAX];

	if (!s)
		return cf_fail_nomem(err, "the secure processor state");
	s->lock_fd = -1;
	if (!dir)
		status = default_path(s->path, err);
	else if (snprintf(s->path, PATH_MAX, "%s", dir) >= PATH_MAX)
		status = cf_fail(
			err, COFFER_ERR_ARGUMENT, "%s: path too long", dir);
	if (!status)
		status = open_lock(s, err);
	if (status) {
		cf_sp_state_close(s);
		return status;
	}
	state_lock(s, true);
	sweep(s->path);
	if (join(roots, s->path, ROOTS))
		sweep(roots);
	state_lock(s, false);
	*out = s;
	return COFFER_OK;
}

void cf_sp_state_close(struct cf_sp_state *s)
{
	if (!s)
		return;
	cf_close_fd(&s->lock_fd);
	free(s);
}

const char *cf_sp_state_path(const struct cf_sp_state *s)
{
	return s->path;
}

static enum coffer_status state_load(void *opaque, const char *record,
	uint8_t **data, size_t *len, struct coffer_error *err)
{
	struct cf_sp_state *s = opaque;
	char path[PATH_MAX];

	*data = NULL;
	if (!join(path, s->path, record))
		return cf_fail(
			err, COFFER_ERR_ARGUMENT, "%s: path too long", record);
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return COFFER_OK;
	return cf_read_file(path, MAX_RECORD, data, len, err);
}

static enum coffer_status state_store(void *opaque, const char *record,
	const uint8_t *data, size_t len, struct coffer_error *err)
{
	struct cf_sp_state *s = opaque;
	enum coffer_status status;
	char path[PATH_MAX];

	if (!join(path, s->path, record))
		return cf_fail(
			err, COFFER_ERR_ARGUMENT, "%s: path too long", record);
	state_lock(s, true);
	status = cf_write_file(path, 0600, data, len, err);
	state_lock(s, false);
	return status;
}

static int64_t state_now(void *opaque)
{
	return time(NULL);
}

void cf_sp_state_ops(struct cf_sp_state *s, struct cf_sp_soft_ops *ops)
{
	ops->opaque = s;
	ops->load = state_load;
	ops->store = state_store;
	ops->lock = state_lock;
	ops->now = state_now;
}

static enum coffer_status remove_all(
	const char *dir, const char *keep, struct coffer_error *err)
{
	char path[PATH_MAX];
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return cf_fail_errno(err, errno, "%s: cannot open", dir);
	while ((e = readdir(d))) {
		if (e->d_type != DT_REG || strcmp(e->d_name, keep) == 0 ||
			!join(path, dir, e->d_name))
			continue;
		if (unlink(path) < 0) {
			int errnum = errno;

			closedir(d);
			return cf_fail_errno(
				err, errnum, "%s: cannot remove", path);
		}
	}
	closedir(d);
	return COFFER_OK;
}

enum coffer_status cf_sp_state_reset(
	struct cf_sp_state *s, bool roots, struct coffer_error *err)
{
	enum coffer_status status;
	char path[PATH_MAX];

	state_lock(s, true);
	status = remove_all(s->path, "lock", err);
	if (!status && roots && join(path, s->path, ROOTS))
		status = remove_all(path, "", err);
	state_lock(s, false);
	return status;
}
