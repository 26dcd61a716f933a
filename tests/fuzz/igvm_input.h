/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input for the IGVM targets: a copy of the fuzzer's bytes whose length and
 * checksum fields are right, since no mutation would ever hit a checksum.
 */
#ifndef CF_FUZZ_IGVM_INPUT_H
#define CF_FUZZ_IGVM_INPUT_H

#include "base/base.h"

#include <zlib.h>

/* Exactly len bytes, so that ASan sees a read past them; free() it. */
static inline uint8_t *igvm_input(const uint8_t *data, size_t len)
{
	uint8_t *p = cf_dup(data, len);
	uint32_t fixed, at, size;
	uLong crc;

	if (!p || len < 24)
		return p;
	fixed = cf_load_le32(p + 4) == 2 ? 32 : 24;
	at = cf_load_le32(p + 8);
	size = cf_load_le32(p + 12);
	cf_store_le32(p + 16, (uint32_t)len);
	if (fixed > len || !cf_range_ok(at, size, len))
		return p;
	cf_store_le32(p + 20, 0);
	crc = crc32(crc32(0, p, fixed), p + at, size);
	cf_store_le32(p + 20, (uint32_t)crc);
	return p;
}

#endif
