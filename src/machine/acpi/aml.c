/* SPDX-License-Identifier: Apache-2.0 */
/* The AML writer. */
#include "machine/acpi/aml_priv.h"

#include "base/base.h"

enum {
	OP_NAME = 0x08,
	OP_BYTE = 0x0A,
	OP_WORD = 0x0B,
	OP_DWORD = 0x0C,
	OP_QWORD = 0x0E,
	OP_SCOPE = 0x10,
	OP_BUFFER = 0x11,
	OP_PACKAGE = 0x12,
	OP_EXT = 0x5B,
	OP_DEVICE = 0x82,
};

void cf_aml_name(struct cf_buf *b, const char *name)
{
	cf_buf_append(b, name, strlen(name));
}

void cf_aml_int(struct cf_buf *b, uint64_t v)
{
	if (v <= 1) {
		cf_buf_u8(b, (uint8_t)v); /* ZeroOp, OneOp */
	} else if (v <= UINT8_MAX) {
		cf_buf_u8(b, OP_BYTE);
		cf_buf_u8(b, (uint8_t)v);
	} else if (v <= UINT16_MAX) {
		cf_buf_u8(b, OP_WORD);
		cf_buf_le16(b, (uint16_t)v);
	} else if (v <= UINT32_MAX) {
		cf_buf_u8(b, OP_DWORD);
		cf_buf_le32(b, (uint32_t)v);
	} else {
		cf_buf_u8(b, OP_QWORD);
		cf_buf_le64(b, v);
	}
}

void cf_aml_named(struct cf_buf *b, const char *name)
{
	cf_buf_u8(b, OP_NAME);
	cf_aml_name(b, name);
}

static uint32_t hex_digit(char c)
{
	return c <= '9' ? (uint32_t)(c - '0') : (uint32_t)(c - 'A' + 10);
}

/* Three letters of five bits and four hexadecimal digits, big-endian. */
void cf_aml_eisaid(struct cf_buf *b, const char *id)
{
	uint32_t v = (uint32_t)(id[0] - 0x40) << 26 |
		(uint32_t)(id[1] - 0x40) << 21 |
		(uint32_t)(id[2] - 0x40) << 16 | hex_digit(id[3]) << 12 |
		hex_digit(id[4]) << 8 | hex_digit(id[5]) << 4 |
		hex_digit(id[6]);

	cf_buf_u8(b, OP_DWORD);
	cf_buf_le32(b, __builtin_bswap32(v));
}

/* PkgLength counts itself: one byte up to 63, else the low four bits in the
 * first byte and up to three more. */
static void package_length(struct cf_buf *b, size_t contents)
{
	unsigned more = 0;
	size_t n;

	if (contents + 1 > 0x3F)
		more = contents + 2 <= 0xFFF      ? 1
			: contents + 3 <= 0xFFFFF ? 2
						  : 3;
	n = contents + 1 + more;
	if (!more) {
		cf_buf_u8(b, (uint8_t)n);
		return;
	}
	cf_buf_u8(b, (uint8_t)(more << 6 | (n & 15)));
	n >>= 4;
	while (more--) {
		cf_buf_u8(b, (uint8_t)n);
		n >>= 8;
	}
}

static void wrap(struct cf_buf *b, struct cf_buf *head, struct cf_buf *contents)
{
	package_length(b, head->len + contents->len);
	cf_buf_append(b, head->data, head->len);
	cf_buf_append(b, contents->data, contents->len);
	b->failed |= head->failed | contents->failed;
	cf_buf_finish(head);
	cf_buf_finish(contents);
}

void cf_aml_scope(struct cf_buf *b, const char *name, struct cf_buf *contents)
{
	struct cf_buf head = { 0 };

	cf_buf_u8(b, OP_SCOPE);
	cf_aml_name(&head, name);
	wrap(b, &head, contents);
}

void cf_aml_device(struct cf_buf *b, const char *name, struct cf_buf *contents)
{
	struct cf_buf head = { 0 };

	cf_buf_u8(b, OP_EXT);
	cf_buf_u8(b, OP_DEVICE);
	cf_aml_name(&head, name);
	wrap(b, &head, contents);
}

void cf_aml_package(struct cf_buf *b, uint8_t n, struct cf_buf *contents)
{
	struct cf_buf head = { 0 };

	cf_buf_u8(b, OP_PACKAGE);
	cf_buf_u8(&head, n);
	wrap(b, &head, contents);
}

void cf_aml_buffer(struct cf_buf *b, struct cf_buf *contents)
{
	struct cf_buf head = { 0 };

	cf_buf_u8(b, OP_BUFFER);
	cf_aml_int(&head, contents->len);
	wrap(b, &head, contents);
}

void cf_aml_res_io(struct cf_buf *b, uint16_t base, uint8_t len)
{
	cf_buf_u8(b, 0x47);
	cf_buf_u8(b, 1); /* decodes 16 bits */
	cf_buf_le16(b, base);
	cf_buf_le16(b, base);
	cf_buf_u8(b, 1);
	cf_buf_u8(b, len);
}

void cf_aml_res_irq(struct cf_buf *b, unsigned irq)
{
	cf_buf_u8(b, 0x22); /* edge, active high */
	cf_buf_le16(b, (uint16_t)(1u << irq));
}

void cf_aml_res_memory(struct cf_buf *b, uint32_t base, uint32_t len)
{
	cf_buf_u8(b, 0x86);
	cf_buf_le16(b, 9);
	cf_buf_u8(b, 1); /* writable */
	cf_buf_le32(b, base);
	cf_buf_le32(b, len);
}

/* Word address space descriptor; type 1 I/O, 2 bus numbers. */
static void word_window(struct cf_buf *b, uint8_t type, uint8_t specific,
	uint16_t first, uint16_t last)
{
	cf_buf_u8(b, 0x88);
	cf_buf_le16(b, 13);
	cf_buf_u8(b, type);
	cf_buf_u8(b, 0x0C); /* minimum and maximum are fixed */
	cf_buf_u8(b, specific);
	cf_buf_le16(b, 0);
	cf_buf_le16(b, first);
	cf_buf_le16(b, last);
	cf_buf_le16(b, 0);
	cf_buf_le16(b, (uint16_t)(last - first + 1));
}

void cf_aml_res_bus(struct cf_buf *b, uint16_t first, uint16_t last)
{
	word_window(b, 2, 0, first, last);
}

void cf_aml_res_io_window(struct cf_buf *b, uint16_t first, uint16_t last)
{
	word_window(b, 1, 3, first, last);
}

void cf_aml_res_memory_window(struct cf_buf *b, uint32_t first, uint32_t last)
{
	cf_buf_u8(b, 0x87);
	cf_buf_le16(b, 23);
	cf_buf_u8(b, 0);
	cf_buf_u8(b, 0x0C);
	cf_buf_u8(b, 1); /* read-write, not cacheable */
	cf_buf_le32(b, 0);
	cf_buf_le32(b, first);
	cf_buf_le32(b, last);
	cf_buf_le32(b, 0);
	cf_buf_le32(b, last - first + 1);
}

void cf_aml_res_end(struct cf_buf *b)
{
	cf_buf_u8(b, 0x79);
	cf_buf_u8(b, 0); /* no checksum */
}
