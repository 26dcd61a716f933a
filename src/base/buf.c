/* SPDX-License-Identifier: Apache-2.0 */
/* Growable byte buffer. */
#include "base/buf.h"

#include "base/alloc.h"
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cf_buf_finish(struct cf_buf *b)
{
	if (!b)
		return;
	free(b->data);
	*b = (struct cf_buf) { 0 };
}

/* Room for n more bytes; NULL and failed when there is none. */
static uint8_t *extend(struct cf_buf *b, size_t n)
{
	size_t need;

	if (b->failed)
		return NULL;
	if (cf_add_overflow(b->len, n, &need) ||
		!cf_grow_array(&b->data, &b->cap, need, 1)) {
		b->failed = true;
		return NULL;
	}
	b->len = need;
	return b->data + (need - n);
}

void cf_buf_append(struct cf_buf *b, const void *p, size_t n)
{
	uint8_t *at;

	if (n == 0)
		return;
	at = extend(b, n);
	if (at)
		memcpy(at, p, n);
}

void cf_buf_zeros(struct cf_buf *b, size_t n)
{
	uint8_t *at;

	if (n == 0)
		return;
	at = extend(b, n);
	if (at)
		memset(at, 0, n);
}

void cf_buf_u8(struct cf_buf *b, uint8_t v)
{
	cf_buf_append(b, &v, 1);
}

void cf_buf_le16(struct cf_buf *b, uint16_t v)
{
	uint8_t p[2];

	cf_store_le16(p, v);
	cf_buf_append(b, p, sizeof(p));
}

void cf_buf_le32(struct cf_buf *b, uint32_t v)
{
	uint8_t p[4];

	cf_store_le32(p, v);
	cf_buf_append(b, p, sizeof(p));
}

void cf_buf_le64(struct cf_buf *b, uint64_t v)
{
	uint8_t p[8];

	cf_store_le64(p, v);
	cf_buf_append(b, p, sizeof(p));
}

void cf_buf_printf(struct cf_buf *b, const char *fmt, ...)
{
	char small[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if ((size_t)n < sizeof(small)) {
		cf_buf_append(b, small, (size_t)n);
		return;
	}
	/* One byte more for the NUL, given back afterwards. */
	uint8_t *at = extend(b, (size_t)n + 1);

	if (!at)
		return;
	va_start(ap, fmt);
	vsnprintf((char *)at, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len--;
}

const char *cf_buf_text(struct cf_buf *b)
{
	cf_buf_u8(b, 0);
	if (b->failed)
		return NULL;
	b->len--;
	return (const char *)b->data;
}
