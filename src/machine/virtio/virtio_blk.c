/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio block device.
 *
 * Source: VIRTIO 1.1, section 5.2 "Block Device".
 */
#include "base/base.h"
#include "machine/backend/block.h"
#include "machine/virtio/virtio_priv.h"

#include <stdio.h>

#define SECTOR     512
#define HEADER_LEN 16
#define ID_LEN     20
#define PIECE      65536u

enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };

#define F_SEG_MAX  ((uint64_t)1 << 2)
#define F_RO       ((uint64_t)1 << 5)
#define F_BLK_SIZE ((uint64_t)1 << 6)
#define F_FLUSH    ((uint64_t)1 << 9)

struct blk {
	struct cf_virtio_dev *transport;
	struct cf_block *block;
	bool readonly;
	char id[ID_LEN + 1];
	struct cf_virtio_chain chain; /* the request in work */
	uint8_t piece[PIECE];
};

static bool range_ok(const struct blk *b, uint64_t sector, uint64_t len)
{
	return sector <= b->block->size / SECTOR && len % SECTOR == 0 &&
		cf_range_ok(sector * SECTOR, len, b->block->size);
}

/* Data goes through a buffer of fixed size, whatever the request's is. */
static uint8_t move(struct blk *b, bool to_guest, uint64_t sector, uint64_t len)
{
	uint64_t at = 0, disk = sector * SECTOR;

	if (!range_ok(b, sector, len))
		return S_IOERR;
	while (at < len) {
		size_t n = len - at < PIECE ? (size_t)(len - at) : PIECE;

		if (to_guest) {
			if (b->block->ops->read(
				    b->block, disk + at, b->piece, n, NULL) ||
				!cf_virtio_write(b->transport, &b->chain, at,
					b->piece, n))
				return S_IOERR;
		} else {
			if (!cf_virtio_read(b->transport, &b->chain,
				    HEADER_LEN + at, b->piece, n) ||
				b->block->ops->write(
					b->block, disk + at, b->piece, n, NULL))
				return S_IOERR;
		}
		at += n;
	}
	return S_OK;
}

static uint8_t serve(struct blk *b, uint32_t *written)
{
	uint8_t header[HEADER_LEN];
	uint64_t sector, in = b->chain.in_len - 1;

	*written = 1;
	if (!cf_virtio_read(b->transport, &b->chain, 0, header, sizeof(header)))
		return S_IOERR;
	sector = cf_load_le64(header + 8);
	switch (cf_load_le32(header)) {
	case T_IN:
		*written = (uint32_t)in + 1;
		return move(b, true, sector, in);
	case T_OUT:
		if (b->readonly)
			return S_IOERR;
		return move(b, false, sector, b->chain.out_len - HEADER_LEN);
	case T_FLUSH:
		return b->block->ops->flush(b->block, NULL) ? S_IOERR : S_OK;
	case T_GET_ID:
		if (in < ID_LEN ||
			!cf_virtio_write(
				b->transport, &b->chain, 0, b->id, ID_LEN))
			return S_IOERR;
		*written = ID_LEN + 1;
		return S_OK;
	}
	return S_UNSUPP;
}

static void blk_kick(void *self, unsigned q)
{
	struct blk *b = self;

	while (cf_virtio_pop(b->transport, q, &b->chain)) {
		uint32_t written;
		uint8_t status;

		/* The last writable byte is the status. */
		if (b->chain.out_len < HEADER_LEN || !b->chain.in_len ||
			b->chain.in_len > UINT32_MAX) {
			cf_virtio_broken(b->transport,
				"request without header or status");
			return;
		}
		status = serve(b, &written);
		if (!cf_virtio_write(b->transport, &b->chain,
			    b->chain.in_len - 1, &status, 1)) {
			cf_virtio_broken(
				b->transport, "status byte outside memory");
			return;
		}
		cf_virtio_push(b->transport, q, &b->chain, written);
	}
}

static uint32_t blk_config(void *self, unsigned offset, unsigned size)
{
	const struct blk *b = self;
	uint8_t config[64] = { 0 };
	uint8_t out[4] = { 0 };

	cf_store_le64(config, b->block->size / SECTOR);
	cf_store_le32(config + 12, CF_VIRTIO_CHAIN_MAX - 2); /* seg_max */
	cf_store_le32(config + 20, SECTOR);
	if (offset < sizeof(config) && size <= sizeof(config) - offset)
		memcpy(out, config + offset, size);
	return cf_load_le32(out);
}

static void blk_destroy(void *self)
{
	free(self);
}

static const struct cf_virtio_ops blk_ops = {
	.name = "virtio-blk",
	.id = 2,
	.class_rev = 0x01000001,
	.nqueues = 1,
	.kick = blk_kick,
	.config_read = blk_config,
	.destroy = blk_destroy,
};

enum coffer_status cf_virtio_blk_create(struct cf_block *block, bool readonly,
	unsigned index, struct cf_virtio_device *out, struct coffer_error *err)
{
	struct blk *b = cf_alloc_array(1, sizeof(*b));

	if (!b)
		return cf_fail_nomem(err, "a disk");
	b->block = block;
	b->readonly = readonly;
	snprintf(b->id, sizeof(b->id), "coffer-disk%u", index);
	*out = (struct cf_virtio_device) { &blk_ops, b,
		F_SEG_MAX | F_BLK_SIZE | F_FLUSH | (readonly ? F_RO : 0),
		&b->transport };
	return COFFER_OK;
}
