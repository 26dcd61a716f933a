/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable byte buffer for everything that is produced: files, packets,
 * text.  A failed append sets `failed` and later ones do nothing, so that a
 * writer checks once, at the end.
 */
#ifndef CF_BASE_BUF_H
#define CF_BASE_BUF_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_buf {
	uint8_t *data; /* NULL while empty */
	size_t len;
	size_t cap;
	bool failed; /* an append found no memory; data is incomplete */
};

void cf_buf_finish(struct cf_buf *b); /* NULL or zeroed is fine */
void cf_buf_append(struct cf_buf *b, const void *p, size_t n);
void cf_buf_zeros(struct cf_buf *b, size_t n);
void cf_buf_u8(struct cf_buf *b, uint8_t v);
void cf_buf_le16(struct cf_buf *b, uint16_t v);
void cf_buf_le32(struct cf_buf *b, uint32_t v);
void cf_buf_le64(struct cf_buf *b, uint64_t v);
void cf_buf_printf(struct cf_buf *b, const char *fmt, ...) CF_PRINTF(2, 3);

/* The text so far, NUL-terminated (the NUL is not counted in len); NULL after
 * a failure.  Valid until the next append. */
const char *cf_buf_text(struct cf_buf *b);

#endif
