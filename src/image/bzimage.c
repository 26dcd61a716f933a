/* SPDX-License-Identifier: Apache-2.0 */
/* The setup header of a bzImage. */
#include "image/bzimage.h"

#include "base/base.h"

#include <inttypes.h>

#define SECTOR 512

/* Offsets in the image. */
enum {
	SETUP_SECTS = 0x1f1,
	BOOT_FLAG = 0x1fe,
	JUMP_LENGTH = 0x201, /* the header ends this far after 0x202 */
	MAGIC = 0x202,
	VERSION = 0x206,
	LOADFLAGS = 0x211,
	CODE32_START = 0x214,
	INITRD_ADDR_MAX = 0x22c,
	KERNEL_ALIGNMENT = 0x230,
	RELOCATABLE = 0x234,
	XLOADFLAGS = 0x236,
	CMDLINE_SIZE = 0x238,
	PAYLOAD_OFFSET = 0x248,
	PAYLOAD_LENGTH = 0x24c,
	PREF_ADDRESS = 0x258,
	INIT_SIZE = 0x260,
	HEADER_LIMIT = 0x290, /* where boot_params has other things */
};

static enum coffer_status parse_fixed(
	struct cf_bzimage *k, struct coffer_error *err)
{
	const uint8_t *p = k->bytes;
	size_t sectors;

	if (k->len < HEADER_LIMIT)
		return cf_fail(err, COFFER_ERR_TRUNCATED,
			"kernel: %zu bytes, a bzImage has a header up to 0x%x",
			k->len, HEADER_LIMIT);
	if (cf_load_le16(p + BOOT_FLAG) != 0xaa55 ||
		memcmp(p + MAGIC, "HdrS", 4) != 0)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"kernel: offset 0x%x: no boot flag and 'HdrS': not a "
			"bzImage",
			BOOT_FLAG);
	k->protocol = cf_load_le16(p + VERSION);
	if (k->protocol < 0x206)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"kernel: boot protocol %d.%02d, at least 2.06 is "
			"needed",
			k->protocol >> 8, k->protocol & 0xff);
	k->header_end = (size_t)MAGIC + p[JUMP_LENGTH];
	if (k->header_end <= CMDLINE_SIZE || k->header_end > HEADER_LIMIT)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"kernel: offset 0x%x: the header ends at 0x%zx, must "
			"be up to 0x%x",
			JUMP_LENGTH, k->header_end, HEADER_LIMIT);
	/* Zero means four, for the oldest loaders' sake. */
	sectors = p[SETUP_SECTS] ? p[SETUP_SECTS] : 4;
	k->setup_len = (sectors + 1) * SECTOR;
	if (k->setup_len >= k->len)
		return cf_fail(err, COFFER_ERR_TRUNCATED,
			"kernel: setup part of %zu bytes, the file has %zu",
			k->setup_len, k->len);
	k->kernel_len = k->len - k->setup_len;
	return COFFER_OK;
}

/* Fields that came with later versions are absent from older headers. */
static void parse_rest(struct cf_bzimage *k)
{
	const uint8_t *p = k->bytes;

	k->loadflags = p[LOADFLAGS];
	k->code32_start = cf_load_le32(p + CODE32_START);
	k->initrd_addr_max = cf_load_le32(p + INITRD_ADDR_MAX);
	k->kernel_alignment = cf_load_le32(p + KERNEL_ALIGNMENT);
	k->relocatable = p[RELOCATABLE] != 0;
	k->cmdline_size = cf_load_le32(p + CMDLINE_SIZE);
	k->pref_address = 0x100000;
	if (k->protocol >= 0x208 && k->header_end >= PAYLOAD_LENGTH + 4) {
		k->payload_offset = cf_load_le32(p + PAYLOAD_OFFSET);
		k->payload_len = cf_load_le32(p + PAYLOAD_LENGTH);
	}
	if (k->protocol >= 0x20a && k->header_end >= INIT_SIZE + 4) {
		k->pref_address = cf_load_le64(p + PREF_ADDRESS);
		k->init_size = cf_load_le32(p + INIT_SIZE);
	}
	if (k->protocol >= 0x20c)
		k->xloadflags = cf_load_le16(p + XLOADFLAGS);
}

static enum coffer_status check(
	const struct cf_bzimage *k, struct coffer_error *err)
{
	if (!(k->loadflags & CF_BZIMAGE_LOADED_HIGH))
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"kernel: offset 0x%x: a zImage (loads below 1 MiB); "
			"give a bzImage",
			LOADFLAGS);
	if (k->relocatable && !cf_is_pow2(k->kernel_alignment))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"kernel: offset 0x%x: alignment 0x%" PRIx32
			" is not a power of two",
			KERNEL_ALIGNMENT, k->kernel_alignment);
	if (!cf_range_ok(k->payload_offset, k->payload_len, k->kernel_len))
		return cf_fail(err, COFFER_ERR_TRUNCATED,
			"kernel: offset 0x%x: payload 0x%" PRIx32
			" size 0x%" PRIx32 " passes the end of the file",
			PAYLOAD_OFFSET, k->payload_offset, k->payload_len);
	if (k->init_size > UINT64_MAX - k->pref_address)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"kernel: offset 0x%x: address 0x%" PRIx64
			" and size 0x%" PRIx32 " wrap",
			PREF_ADDRESS, k->pref_address, k->init_size);
	return COFFER_OK;
}

bool cf_bzimage_is(const uint8_t *bytes, size_t len)
{
	return cf_range_ok(MAGIC, 4, len) &&
		memcmp(bytes + MAGIC, "HdrS", 4) == 0;
}

enum coffer_status cf_bzimage_parse(const uint8_t *bytes, size_t len,
	struct cf_bzimage *out, struct coffer_error *err)
{
	struct cf_bzimage k = { .bytes = bytes, .len = len };
	enum coffer_status st = parse_fixed(&k, err);

	if (st)
		return st;
	parse_rest(&k);
	st = check(&k, err);
	if (!st)
		*out = k;
	return st;
}
