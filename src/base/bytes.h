/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integers in byte arrays, overflow-checked arithmetic, and the one cursor
 * through which every untrusted input is read.  A struct is never laid over a
 * buffer; each byte is widened before it is shifted.
 */
#ifndef CF_BASE_BYTES_H
#define CF_BASE_BYTES_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CF_PAGE_SIZE  ((size_t)4096)
#define CF_PAGE_SHIFT 12
#define CF_2MIB       ((uint64_t)2 << 20)
#define CF_4GIB       ((uint64_t)4 << 30)

static inline uint16_t cf_load_le16(const uint8_t p[static 2])
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t cf_load_le32(const uint8_t p[static 4])
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		(uint32_t)p[3] << 24;
}

static inline uint64_t cf_load_le64(const uint8_t p[static 8])
{
	return (uint64_t)cf_load_le32(p) | (uint64_t)cf_load_le32(p + 4) << 32;
}

static inline uint16_t cf_load_be16(const uint8_t p[static 2])
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t cf_load_be32(const uint8_t p[static 4])
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		(uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static inline uint64_t cf_load_be64(const uint8_t p[static 8])
{
	return (uint64_t)cf_load_be32(p) << 32 | (uint64_t)cf_load_be32(p + 4);
}

static inline void cf_store_le16(uint8_t p[static 2], uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void cf_store_le32(uint8_t p[static 4], uint32_t v)
{
	cf_store_le16(p, (uint16_t)v);
	cf_store_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void cf_store_le64(uint8_t p[static 8], uint64_t v)
{
	cf_store_le32(p, (uint32_t)v);
	cf_store_le32(p + 4, (uint32_t)(v >> 32));
}

static inline void cf_store_be16(uint8_t p[static 2], uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void cf_store_be32(uint8_t p[static 4], uint32_t v)
{
	cf_store_be16(p, (uint16_t)(v >> 16));
	cf_store_be16(p + 2, (uint16_t)v);
}

static inline void cf_store_be64(uint8_t p[static 8], uint64_t v)
{
	cf_store_be32(p, (uint32_t)(v >> 32));
	cf_store_be32(p + 4, (uint32_t)v);
}

/* True when the result does not fit; *out is then not to be used. */
static inline bool cf_add_overflow(size_t a, size_t b, size_t *out)
{
	return __builtin_add_overflow(a, b, out);
}

static inline bool cf_mul_overflow(size_t a, size_t b, size_t *out)
{
	return __builtin_mul_overflow(a, b, out);
}

static inline bool cf_add_overflow_u64(uint64_t a, uint64_t b, uint64_t *out)
{
	return __builtin_add_overflow(a, b, out);
}

/* align is a power of two. */
static inline bool cf_is_aligned(uint64_t v, uint64_t align)
{
	return (v & (align - 1)) == 0;
}

static inline uint64_t cf_align_down(uint64_t v, uint64_t align)
{
	return v & ~(align - 1);
}

/* Wraps to 0 within align-1 of the top: check the range first. */
static inline uint64_t cf_align_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

static inline bool cf_is_pow2(uint64_t v)
{
	return v && (v & (v - 1)) == 0;
}

/* True when every one of the n bytes is zero. */
bool cf_is_zero(const uint8_t *p, size_t n);

/*
 * The cursor.  A take either yields bytes and moves on, or returns false and
 * leaves the cursor where it was.
 */
struct cf_cursor {
	const uint8_t *at;
	size_t left;
};

static inline struct cf_cursor cf_cursor(const uint8_t *p, size_t n)
{
	return (struct cf_cursor) { .at = p, .left = n };
}

CF_MUST_CHECK static inline bool cf_take(
	struct cf_cursor *c, size_t n, const uint8_t **out)
{
	if (n > c->left)
		return false;
	*out = c->at;
	c->at += n;
	c->left -= n;
	return true;
}

CF_MUST_CHECK static inline bool cf_take_copy(
	struct cf_cursor *c, void *out, size_t n)
{
	const uint8_t *p;

	if (!cf_take(c, n, &p))
		return false;
	memcpy(out, p, n);
	return true;
}

CF_MUST_CHECK static inline bool cf_skip(struct cf_cursor *c, size_t n)
{
	const uint8_t *p;

	return cf_take(c, n, &p);
}

/* A cursor over the next n bytes that cannot read past them. */
CF_MUST_CHECK static inline bool cf_take_cursor(
	struct cf_cursor *c, size_t n, struct cf_cursor *out)
{
	const uint8_t *p;

	if (!cf_take(c, n, &p))
		return false;
	*out = cf_cursor(p, n);
	return true;
}

CF_MUST_CHECK static inline bool cf_take_u8(struct cf_cursor *c, uint8_t *out)
{
	const uint8_t *p;

	if (!cf_take(c, 1, &p))
		return false;
	*out = *p;
	return true;
}

CF_MUST_CHECK static inline bool cf_take_le16(
	struct cf_cursor *c, uint16_t *out)
{
	const uint8_t *p;

	if (!cf_take(c, 2, &p))
		return false;
	*out = cf_load_le16(p);
	return true;
}

CF_MUST_CHECK static inline bool cf_take_le32(
	struct cf_cursor *c, uint32_t *out)
{
	const uint8_t *p;

	if (!cf_take(c, 4, &p))
		return false;
	*out = cf_load_le32(p);
	return true;
}

CF_MUST_CHECK static inline bool cf_take_le64(
	struct cf_cursor *c, uint64_t *out)
{
	const uint8_t *p;

	if (!cf_take(c, 8, &p))
		return false;
	*out = cf_load_le64(p);
	return true;
}

static inline bool cf_at_end(const struct cf_cursor *c)
{
	return c->left == 0;
}

/*
 * The one checked door to a sub-range: offset and len wholly inside size.
 * Offsets are 64-bit because files say so.
 */
static inline bool cf_range_ok(uint64_t offset, uint64_t len, uint64_t size)
{
	return offset <= size && len <= size - offset;
}

#endif
