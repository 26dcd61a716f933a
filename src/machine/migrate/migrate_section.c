/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of the stream: a header, then sections of name, instance, length,
 * bytes and their SHA-256. */
#include "machine/migrate/migrate_priv.h"

#include "base/base.h"
#include "crypto/crypto.h"

#include <inttypes.h>
#include <string.h>

#define HEADER_LEN   16u
#define VERSION      1u
#define FRAME_LEN    (MIGRATE_NAME_LEN + 4u + 4u) /* instance, length */
#define CHECKSUM_LEN 32u

static const uint8_t magic[8] = { 'C', 'F', 'M', 'I', 'G', 'R', 'A', 'T' };

static enum coffer_status write_all(struct cf_migrate_io *io, const void *p,
	size_t n, struct coffer_error *err)
{
	enum coffer_status s;

	if (io->progress && atomic_load(&io->progress->cancel))
		return cf_fail(err, COFFER_ERR_STATE, "migration: cancelled");
	s = io->channel->write(io->channel->opaque, p, n, err);
	if (!s && io->progress)
		atomic_fetch_add(&io->progress->sent, n);
	return s;
}

static enum coffer_status read_all(
	struct cf_migrate_io *io, void *p, size_t n, struct coffer_error *err)
{
	return io->channel->read(io->channel->opaque, p, n, err);
}

enum coffer_status cf_migrate_put_header(
	struct cf_migrate_io *io, struct coffer_error *err)
{
	uint8_t h[HEADER_LEN] = { 0 };

	memcpy(h, magic, sizeof(magic));
	cf_store_le32(h + 8, VERSION);
	return write_all(io, h, sizeof(h), err);
}

enum coffer_status cf_migrate_take_header(
	struct cf_migrate_io *io, struct coffer_error *err)
{
	uint8_t h[HEADER_LEN];
	enum coffer_status s = read_all(io, h, sizeof(h), err);

	if (s)
		return s;
	if (memcmp(h, magic, sizeof(magic)) != 0)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"migration: this is no migration stream of coffer");
	if (cf_load_le32(h + 8) != VERSION)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"migration: the stream has version %" PRIu32
			", this program reads %u",
			cf_load_le32(h + 8), VERSION);
	if (cf_load_le32(h + 12))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"migration: the header's last word is not zero");
	return COFFER_OK;
}

static void make_frame(
	uint8_t f[FRAME_LEN], const char *name, uint32_t instance, uint32_t len)
{
	memset(f, 0, FRAME_LEN);
	memcpy(f, name, strnlen(name, MIGRATE_NAME_LEN));
	cf_store_le32(f + MIGRATE_NAME_LEN, instance);
	cf_store_le32(f + MIGRATE_NAME_LEN + 4, len);
}

enum coffer_status cf_migrate_put(struct cf_migrate_io *io, const char *name,
	uint32_t instance, struct coffer_error *err)
{
	uint8_t frame[FRAME_LEN], sum[CHECKSUM_LEN];
	enum coffer_status s;

	if (io->section.failed || io->section.len > MIGRATE_SECTION_MAX)
		return cf_fail_nomem(err, "a section of the stream");
	make_frame(frame, name, instance, (uint32_t)io->section.len);
	s = cf_sha256(io->section.data, io->section.len, sum, err);
	if (!s)
		s = write_all(io, frame, sizeof(frame), err);
	if (!s && io->section.len)
		s = write_all(io, io->section.data, io->section.len, err);
	return s ? s : write_all(io, sum, sizeof(sum), err);
}

static enum coffer_status take_payload(struct cf_migrate_io *io, uint32_t len,
	const char *name, struct coffer_error *err)
{
	uint8_t sum[CHECKSUM_LEN], want[CHECKSUM_LEN];
	enum coffer_status s = COFFER_OK;

	io->section.len = 0;
	cf_buf_zeros(&io->section, len);
	if (io->section.failed)
		return cf_fail_nomem(err, "a section of the stream");
	if (len)
		s = read_all(io, io->section.data, len, err);
	if (!s)
		s = read_all(io, want, sizeof(want), err);
	if (!s)
		s = cf_sha256(io->section.data, len, sum, err);
	if (!s && memcmp(sum, want, sizeof(sum)) != 0)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"migration: section '%s': the checksum is wrong", name);
	return s;
}

/* What the stream calls a section, for a message to people. */
static const char *printable(
	const uint8_t name[MIGRATE_NAME_LEN], char out[MIGRATE_NAME_LEN + 1])
{
	size_t n = strnlen((const char *)name, MIGRATE_NAME_LEN);

	for (size_t i = 0; i < n; i++)
		out[i] = name[i] >= ' ' && name[i] < 0x7f ? (char)name[i] : '?';
	out[n] = '\0';
	return out;
}

enum coffer_status cf_migrate_take(struct cf_migrate_io *io, const char *name,
	uint32_t instance, struct coffer_error *err)
{
	uint8_t frame[FRAME_LEN], want[FRAME_LEN];
	char found[MIGRATE_NAME_LEN + 1];
	uint32_t len;
	enum coffer_status s = read_all(io, frame, sizeof(frame), err);

	if (s)
		return s;
	len = cf_load_le32(frame + MIGRATE_NAME_LEN + 4);
	make_frame(want, name, instance, len);
	if (memcmp(frame, want, sizeof(frame)) != 0)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"migration: section '%s' %" PRIu32 " comes where "
			"'%s' %" PRIu32 " is expected: the machines differ",
			printable(frame, found),
			cf_load_le32(frame + MIGRATE_NAME_LEN), name, instance);
	if (len > MIGRATE_SECTION_MAX)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"migration: section '%s' of %" PRIu32
			" bytes is too long",
			name, len);
	return take_payload(io, len, name, err);
}
