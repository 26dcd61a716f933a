/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificates that an SNP guest gets with its report: those of the
 * software processor, or the file that certs-path names.
 *
 * The file is opened once, before the process gives up opening files, and read
 * anew for each request under a shared lock (F_OFD_SETLK).  Who replaces key
 * and certificates takes an exclusive lock and rewrites the file in place.
 *
 * Source: Linux, KVM API, "KVM_SEV_SNP_ENABLE_REQ_CERTS" (file locking); GHCB
 * specification (AMD 56421), "SNP Extended Guest Request".
 */
#include "cli/run/run_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRY_LEN 24u /* GUID, offset, length */
#define TABLE_MAX ((size_t)1 << 20)

static bool set_lock(int fd, short type)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &fl) == 0;
}

/* The form that the GHCB specification gives the table. */
static enum coffer_status check_table(
	const char *path, const uint8_t *p, size_t n, struct coffer_error *err)
{
	struct cf_cursor c = cf_cursor(p, n);
	const uint8_t *guid;
	uint32_t offset, len;

	while (cf_take(&c, 16, &guid) && cf_take_le32(&c, &offset) &&
		cf_take_le32(&c, &len)) {
		if (cf_is_zero(guid, 16))
			return COFFER_OK;
		if (!cf_range_ok(offset, len, n))
			return cf_fail(err, COFFER_ERR_FORMAT,
				"%s: certificate table: 0x%" PRIx32
				" bytes at 0x%" PRIx32
				" are outside the file of 0x%zx",
				path, len, offset, n);
	}
	return cf_fail(err, COFFER_ERR_FORMAT,
		"%s: no certificate table of the GHCB specification: no entry "
		"of zeros ends it ('coffer sp certs' writes one)",
		path);
}

/* The whole file; the caller holds the lock. */
static enum coffer_status read_table(
	struct run_certs *c, struct coffer_error *err)
{
	struct stat st;
	size_t at = 0, size;

	if (fstat(c->fd, &st))
		return cf_fail_errno(err, errno, "%s", c->path);
	if (st.st_size < (off_t)ENTRY_LEN || st.st_size > (off_t)TABLE_MAX)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"%s: %lld bytes; a certificate table has from %u to "
			"%zu",
			c->path, (long long)st.st_size, ENTRY_LEN, TABLE_MAX);
	size = (size_t)st.st_size;
	c->table.len = 0;
	cf_buf_zeros(&c->table, size);
	if (c->table.failed)
		return cf_fail_nomem(err, "a certificate table");
	while (at < size) {
		ssize_t n =
			pread(c->fd, c->table.data + at, size - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return cf_fail_errno(err, n < 0 ? errno : EIO,
				"%s: cannot read", c->path);
		at += (size_t)n;
	}
	return check_table(c->path, c->table.data, c->table.len, err);
}

static enum cf_certs lock(void *opaque, const uint8_t **data, size_t *len)
{
	struct run_certs *c = opaque;
	enum cf_certs result = CF_CERTS_OK;
	struct coffer_error err;

	pthread_mutex_lock(&c->mutex);
	if (c->path && !set_lock(c->fd, F_RDLCK)) {
		result = errno == EAGAIN || errno == EACCES ? CF_CERTS_BUSY
							    : CF_CERTS_FAILED;
	} else if (c->path && read_table(c, &err)) {
		cf_log(c->log, CF_LOG_WARN, "%s", err.msg);
		set_lock(c->fd, F_UNLCK);
		result = CF_CERTS_FAILED;
	}
	*data = c->table.data;
	*len = c->table.len;
	if (result != CF_CERTS_OK)
		pthread_mutex_unlock(&c->mutex);
	return result;
}

static void unlock(void *opaque)
{
	struct run_certs *c = opaque;

	if (c->path)
		set_lock(c->fd, F_UNLCK);
	pthread_mutex_unlock(&c->mutex);
}

/* Now, so that what is wrong is said before the guest starts.  A writer may
 * be at work: it has then the lock, and the first request will tell. */
enum coffer_status run_open_certs(struct run *r, struct coffer_error *err)
{
	struct run_certs *c = &r->certs;
	enum coffer_status s = COFFER_OK;

	pthread_mutex_init(&c->mutex, NULL);
	c->is_open = true;
	c->fd = -1;
	c->log = &r->log;
	c->path = qemu_get(r->opts.guest, "certs-path");
	c->source = (struct cf_cert_source) {
		.opaque = c, .lock = lock, .unlock = unlock
	};
	if (!c->path)
		return COFFER_OK;
	c->fd = open(c->path, O_RDONLY | O_CLOEXEC);
	if (c->fd < 0)
		return cf_fail_errno(
			err, errno, "certs-path: cannot open '%s'", c->path);
	if (set_lock(c->fd, F_RDLCK)) {
		s = read_table(c, err);
		set_lock(c->fd, F_UNLCK);
	}
	return s;
}

void run_close_certs(struct run *r)
{
	struct run_certs *c = &r->certs;

	if (!c->is_open)
		return;
	if (c->fd >= 0)
		close(c->fd);
	cf_buf_finish(&c->table);
	pthread_mutex_destroy(&c->mutex);
	*c = (struct run_certs) { 0 };
}
