/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of hashes that measured direct boot puts into the guest, so that
 * the firmware can check what it is given over fw_cfg.
 *
 * Source: OVMF's BlobVerifierLibSevHashes and QEMU's SEV kernel hashes.
 */
#include "image/image.h"

#include "base/base.h"
#include "crypto/crypto.h"

#define ENTRY_LEN 50
#define TABLE_LEN (18 + 3 * ENTRY_LEN) /* without padding to 16 bytes */

static const uint8_t table_guid[16] = { 0x06, 0xd6, 0x38, 0x94, 0x22, 0x4f,
	0xc9, 0x4c, 0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21 };
static const uint8_t cmdline_guid[16] = { 0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd,
	0x94, 0x4c, 0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a };
static const uint8_t initrd_guid[16] = { 0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a,
	0xd7, 0x4b, 0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d };
static const uint8_t kernel_guid[16] = { 0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab,
	0x7f, 0x42, 0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b };

enum coffer_status cf_kernel_hashes_make(const uint8_t *kernel,
	size_t kernel_len, const uint8_t *initrd, size_t initrd_len,
	const char *append, struct cf_kernel_hashes *out,
	struct coffer_error *err)
{
	struct cf_kernel_hashes h;
	enum coffer_status st;

	/* The final NUL is hashed, alone when there is no command line. */
	if (!append)
		append = "";
	st = cf_sha256(append, strlen(append) + 1, h.cmdline, err);
	if (!st)
		st = cf_sha256(initrd ? initrd : kernel_guid, initrd_len,
			h.initrd, err);
	if (!st)
		st = cf_sha256(kernel ? kernel : kernel_guid, kernel_len,
			h.kernel, err);
	if (!st)
		*out = h;
	return st;
}

static void store_entry(
	uint8_t *p, const uint8_t guid[16], const uint8_t hash[32])
{
	memcpy(p, guid, 16);
	cf_store_le16(p + 16, ENTRY_LEN);
	memcpy(p + 18, hash, 32);
}

void cf_kernel_hashes_table(
	const struct cf_kernel_hashes *h, uint8_t out[CF_KERNEL_HASHES_LEN])
{
	memset(out, 0, CF_KERNEL_HASHES_LEN);
	memcpy(out, table_guid, 16);
	cf_store_le16(out + 16, TABLE_LEN);
	store_entry(out + 18, cmdline_guid, h->cmdline);
	store_entry(out + 18 + ENTRY_LEN, initrd_guid, h->initrd);
	store_entry(out + 18 + 2 * ENTRY_LEN, kernel_guid, h->kernel);
}
