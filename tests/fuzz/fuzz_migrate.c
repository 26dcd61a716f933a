/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A migration stream from an attacker who can compute checksums: a good stream
 * with bytes of its sections replaced as the input says and the checksums made
 * right again.  A board that takes it then runs for a while and is accessed.
 *
 * The input: changes of 4 bytes (section, offset, value), up to a zero section
 * 0xFF, then accesses as ports and registers of 4 bytes.
 */
#include "fuzz.h"

#include "../unit/migrate_board.h"
#include "crypto/crypto.h"

#define FRAME        24u
#define CHECKSUM     32u
#define HEADER       16u
#define MAX_SECTIONS 64u

static struct cf_cursor input;

/* Devices as they are after a guest has used them a little. */
static void program(const struct cf_accel_host *h)
{
	static const struct {
		uint16_t port;
		uint8_t size;
		uint32_t value;
	} writes[] = { { 0x43, 1, 0x34 }, { 0x40, 1, 0x34 }, { 0x40, 1, 0x12 },
		{ 0x70, 1, 0x0A }, { 0x71, 1, 0x26 }, { 0x70, 1, 0x0B },
		{ 0x71, 1, 0x42 }, { 0xCF8, 4, 0x80001010 },
		{ 0xCFC, 4, 0xC0000000 }, { 0xCF8, 4, 0x80001014 },
		{ 0xCFC, 4, 0xC0010000 }, { 0xCF8, 4, 0x80001004 },
		{ 0xCFC, 2, 7 } };

	for (size_t i = 0; i < CF_ARRAY_LEN(writes); i++)
		h->pio_write(h->opaque, 0, writes[i].port, writes[i].size,
			writes[i].value);
	h->mmio_write(h->opaque, 0, 0xFEE000F0, 4, 0x1FF);
	h->mmio_write(h->opaque, 0, 0xFEE00320, 4, 0x20050);
	h->mmio_write(h->opaque, 0, 0xFEE00380, 4, 1000);
	h->mmio_write(h->opaque, 0, 0xFED00010, 8, 1);
	h->mmio_write(h->opaque, 0, 0xFED00100, 8, 0x4C);
	h->mmio_write(h->opaque, 0, 0xFED00108, 8, 1000);
}

/* Some time passes, and the guest does what the input says. */
static void use(struct cf_vm *vm)
{
	const struct cf_accel_host *h = vm->host;
	uint16_t at;
	uint8_t op, v;

	for (unsigned i = 0; i < 64; i++) {
		vm->registers[0] += 1u << (i % 24);
		h->idle(h->opaque, 0);
		h->irq_take(h->opaque, 0);
		if (!cf_take_u8(&input, &op) || !cf_take_u8(&input, &v) ||
			!cf_take_le16(&input, &at))
			continue;
		if (op & 1)
			h->pio_write(h->opaque, 0, at, 1, v);
		else
			h->pio_read(h->opaque, 0, at, 1);
		h->mmio_read(h->opaque, 0, 0xFEE00000 + (at & 0xFF0), 4);
		h->mmio_read(h->opaque, 0, 0xFED00000 + (at & 0x3F8), 8);
		h->mmio_write(h->opaque, 0, 0xC0003000 + (at & 0xC), 4, v);
		h->mmio_write(h->opaque, 0, 0xC0010000 + (at & 0x3C), 4, v);
	}
}

/* Where each section's frame begins. */
static size_t find_sections(const struct cf_buf *b, size_t at[MAX_SECTIONS])
{
	size_t n = 0, pos = HEADER;

	while (pos < b->len && n < MAX_SECTIONS) {
		at[n++] = pos;
		pos += FRAME + cf_load_le32(b->data + pos + 20) + CHECKSUM;
	}
	return n;
}

static void change(struct cf_buf *b)
{
	size_t at[MAX_SECTIONS], n = find_sections(b, at);
	uint8_t section, value;
	uint16_t offset;

	while (cf_take_u8(&input, &section) && section != 0xFF &&
		cf_take_u8(&input, &value) && cf_take_le16(&input, &offset)) {
		uint8_t *frame = b->data + at[section % n];
		uint32_t len = cf_load_le32(frame + 20);

		if (!len)
			continue;
		frame[FRAME + offset % len] = value;
		if (cf_sha256(frame + FRAME, len, frame + FRAME + len, NULL))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct board_stream stream = { 0 };
	struct cf_migrate_channel c = board_channel(&stream);
	struct cf_machine_result result;
	struct board b;

	input = cf_cursor(data, size);
	board_script = use;
	if (board_create(&b)) {
		program(board_vm->host);
		if (cf_machine_save(b.m, &c, NULL, NULL))
			abort(); /* a board that was just made */
	}
	board_destroy(&b);
	change(&stream.buf);
	if (board_create(&b) && cf_machine_load(b.m, &c, NULL) == COFFER_OK) {
		cf_machine_resume(b.m);
		if (cf_machine_run(b.m, UINT64_MAX, &result, NULL))
			abort();
	}
	board_destroy(&b);
	cf_buf_finish(&stream.buf);
	return 0;
}
