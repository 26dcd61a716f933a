/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parallel flash chip with Intel's command set behind an 8-bit bus, where
 * firmware lies and keeps its variables.  The chip's bytes are a region of
 * guest memory that guests read in place; a write is a command and ends here.
 * Until the guest goes back to reading the array, the region is hidden and
 * reads come here, too.
 *
 * As in QEMU, programming replaces a byte (a real chip can only clear bits),
 * and clearing the status clears the ready bit, too: it is how OVMF tells flash
 * from ROM.
 *
 * Source: JEDEC JESD68.01 (CFI); Intel 28F128J3 data sheet, "Command Set".
 */
#include "base/base.h"
#include "base/state.h"
#include "machine/backend/block.h"
#include "machine/devices_priv.h"
#include "memory/memory.h"

#include <inttypes.h>

#define BLOCK_SIZE 4096u
#define BUFFER     256u

enum {
	CMD_PROGRAM = 0x10,
	CMD_ERASE = 0x20,
	CMD_PROGRAM_2 = 0x40,
	CMD_CLEAR_STATUS = 0x50,
	CMD_READ_STATUS = 0x70,
	CMD_READ_ID = 0x90,
	CMD_QUERY = 0x98,
	CMD_CONFIRM = 0xD0,
	CMD_BUFFER = 0xE8,
};

#define STATUS_READY       0x80
#define STATUS_ERASE_ERR   0x20
#define STATUS_PROGRAM_ERR 0x10
#define STATUS_SEQUENCE    (STATUS_ERASE_ERR | STATUS_PROGRAM_ERR)

#define ID_INTEL  0x89
#define ID_DEVICE 0x18

enum cycle { COMMAND, ERASE, PROGRAM, COUNT, DATA, CONFIRM };
enum reads { ARRAY, STATUS, ID, QUERY };

#define QUERY_LEN 0x3A

struct cf_flash {
	struct cf_dev_env env;
	struct cf_block *block;
	bool readonly;
	uint64_t base;
	enum cycle cycle; /* what the next write is */
	enum reads reads; /* what is read */
	uint8_t status;
	uint8_t query[QUERY_LEN];
	/* The write buffer: a window of the array that begins at `window`. */
	uint64_t window;
	unsigned left; /* data writes to come */
	uint8_t data[BUFFER];
	bool filled[BUFFER];
};

static void show(struct cf_flash *f, enum reads reads)
{
	struct coffer_error err;

	if ((reads == ARRAY) != (f->reads == ARRAY) &&
		cf_memory_hide(f->env.mem, f->base, reads != ARRAY, &err))
		cf_log(f->env.log, CF_LOG_ERROR, "%s", err.msg);
	f->reads = reads;
}

static void set_error(struct cf_flash *f, uint8_t bits)
{
	f->status |= bits;
}

/* Into guest memory and into the file; `error` is what the status says when it
 * cannot be done. */
static void store(struct cf_flash *f, uint64_t offset, const uint8_t *p,
	size_t n, uint8_t error)
{
	struct coffer_error err;
	enum coffer_status s;

	if (f->readonly) {
		set_error(f, error);
		return;
	}
	s = cf_guest_write(f->env.mem, f->base + offset, p, n, &err);
	if (s == COFFER_OK)
		s = f->block->ops->write(f->block, offset, p, n, &err);
	if (s == COFFER_OK)
		return;
	set_error(f, error);
	cf_log(f->env.log, CF_LOG_WARN, "flash: cannot write: %s", err.msg);
}

static void finish(struct cf_flash *f)
{
	f->status |= STATUS_READY;
	f->cycle = COMMAND;
	show(f, STATUS);
}

static void command(struct cf_flash *f, uint64_t offset, uint8_t c)
{
	switch (c) {
	case CMD_PROGRAM:
	case CMD_PROGRAM_2:
		f->cycle = PROGRAM;
		show(f, STATUS);
		break;
	case CMD_ERASE:
		f->cycle = ERASE;
		show(f, STATUS);
		break;
	case CMD_BUFFER:
		f->cycle = COUNT;
		f->status |= STATUS_READY; /* a buffer is free */
		show(f, STATUS);
		break;
	case CMD_READ_STATUS:
		show(f, STATUS);
		break;
	case CMD_READ_ID:
		show(f, ID);
		break;
	case CMD_QUERY:
		show(f, QUERY);
		break;
	case CMD_CLEAR_STATUS:
		f->status = 0;
		show(f, ARRAY);
		break;
	default: /* 0xFF, and what it does not know */
		show(f, ARRAY);
	}
}

static void erase(struct cf_flash *f, uint64_t offset)
{
	uint8_t ones[BLOCK_SIZE];

	memset(ones, 0xFF, sizeof(ones));
	store(f, cf_align_down(offset, BLOCK_SIZE), ones, sizeof(ones),
		STATUS_ERASE_ERR);
}

/* The first byte decides about the window; all must lie in it. */
static void take_data(struct cf_flash *f, uint64_t offset, uint8_t v)
{
	if (f->window == UINT64_MAX)
		f->window = cf_align_down(offset, BUFFER);
	if (cf_align_down(offset, BUFFER) != f->window) {
		set_error(f, STATUS_SEQUENCE);
		finish(f);
		return;
	}
	f->data[offset - f->window] = v;
	f->filled[offset - f->window] = true;
	if (--f->left == 0)
		f->cycle = CONFIRM;
}

/* Runs of filled bytes, each in one go. */
static void write_buffer(struct cf_flash *f)
{
	unsigned from = 0, to;

	while (from < BUFFER) {
		for (to = from; to < BUFFER && f->filled[to];)
			to++;
		if (to > from)
			store(f, f->window + from, f->data + from, to - from,
				STATUS_PROGRAM_ERR);
		from = to + 1;
	}
}

static void flash_write(void *dev, unsigned vcpu, uint64_t offset,
	unsigned size, uint64_t value)
{
	struct cf_flash *f = dev;
	uint8_t v = (uint8_t)value;

	switch (f->cycle) {
	case COMMAND:
		command(f, offset, v);
		break;
	case PROGRAM:
		store(f, offset, &v, 1, STATUS_PROGRAM_ERR);
		finish(f);
		break;
	case ERASE:
		if (v == CMD_CONFIRM)
			erase(f, offset);
		else
			set_error(f, STATUS_SEQUENCE);
		finish(f);
		break;
	case COUNT:
		f->left = v + 1u; /* one to all of BUFFER */
		f->window = UINT64_MAX;
		memset(f->filled, 0, sizeof(f->filled));
		f->cycle = DATA;
		break;
	case DATA:
		take_data(f, offset, v);
		break;
	case CONFIRM:
		if (v == CMD_CONFIRM)
			write_buffer(f);
		else
			set_error(f, STATUS_SEQUENCE);
		finish(f);
		break;
	}
}

static uint64_t flash_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	struct cf_flash *f = dev;
	uint8_t at = (uint8_t)offset, v = 0;

	switch (f->reads) {
	case ARRAY: /* a device's DMA, or an access that began in the array */
		if (cf_guest_read(f->env.mem, f->base + offset, &v, 1, NULL))
			v = 0xFF;
		return v;
	case STATUS:
		return f->status;
	case ID:
		return at == 0 ? ID_INTEL : at == 1 ? ID_DEVICE : 0;
	case QUERY:
		return at < QUERY_LEN ? f->query[at] : 0;
	}
	return 0;
}

static uint8_t log2_up(uint64_t n)
{
	uint8_t shift = 0;

	while (((uint64_t)1 << shift) < n)
		shift++;
	return shift;
}

/* Times are powers of two: of microseconds, for erasing of milliseconds. */
static void fill_query(struct cf_flash *f)
{
	uint8_t *q = f->query;

	memcpy(q + 0x10, "QRY", 3);
	cf_store_le16(q + 0x13, 0x0001); /* Intel's extended command set */
	cf_store_le16(q + 0x15, 0x0031); /* its table */
	q[0x1B] = 0x45; /* 4.5 to 5.5 V, no programming voltage */
	q[0x1C] = 0x55;
	q[0x1F] = q[0x20] = 7; /* byte, buffer */
	q[0x21] = 10;          /* block */
	q[0x23] = q[0x24] = 4; /* at most 2^4 times as long */
	q[0x25] = 4;
	q[0x27] = log2_up(f->block->size);
	cf_store_le16(q + 0x28, 0); /* 8 bits */
	cf_store_le16(q + 0x2A, log2_up(BUFFER));
	q[0x2C] = 1; /* one kind of blocks: their number less 1, size / 256 */
	cf_store_le16(q + 0x2D, (uint16_t)(f->block->size / BLOCK_SIZE - 1));
	cf_store_le16(q + 0x2F, BLOCK_SIZE / 256);
	memcpy(q + 0x31, "PRI10", 5); /* version 1.0, no optional features */
}

static enum coffer_status load(struct cf_flash *f, struct coffer_error *err)
{
	uint8_t block[BLOCK_SIZE];
	enum coffer_status s = COFFER_OK;

	for (uint64_t at = 0; at < f->block->size && s == COFFER_OK;
		at += sizeof(block)) {
		s = f->block->ops->read(
			f->block, at, block, sizeof(block), err);
		if (s == COFFER_OK)
			s = cf_guest_write(f->env.mem, f->base + at, block,
				sizeof(block), err);
	}
	return s;
}

/* Writes come byte by byte, as the chip's bus is. */
static const struct cf_io_ops flash_ops = { flash_read, flash_write, 1 };

enum coffer_status cf_flash_create(const struct cf_dev_env *env,
	struct cf_block *block, bool readonly, uint64_t end,
	struct cf_flash **out, struct coffer_error *err)
{
	struct cf_flash *f;
	enum coffer_status s;
	uint64_t len = block->size;

	if (!len || len % BLOCK_SIZE || len > CF_FLASH_MAX ||
		len > end - (CF_4GIB - CF_FLASH_MAX))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"flash: %" PRIu64 " bytes; a chip must have a multiple "
			"of %u, and all together at most %u MiB",
			len, BLOCK_SIZE, CF_FLASH_MAX >> 20);
	f = cf_alloc_array(1, sizeof(*f));
	if (!f)
		return cf_fail_nomem(err, "the flash chip");
	f->env = *env;
	f->block = block;
	f->readonly = readonly;
	f->base = end - len;
	f->status = STATUS_READY;
	fill_query(f);
	if ((s = cf_memory_add(
		     env->mem, f->base, len, CF_REGION_FLASH, "flash", err)) ||
		(s = load(f, err)) ||
		(s = cf_bus_add(env->mmio,
			 &(struct cf_io_range) {
				 f->base, len, &flash_ops, f, "flash" },
			 err))) {
		cf_flash_destroy(f);
		return s;
	}
	*out = f;
	return COFFER_OK;
}

void cf_flash_destroy(struct cf_flash *f)
{
	if (f)
		cf_bus_remove(f->env.mmio, f->base, f);
	free(f);
}

enum coffer_status cf_flash_store(struct cf_flash *f, struct coffer_error *err)
{
	enum coffer_status s = COFFER_OK;
	uint8_t block[BLOCK_SIZE];

	for (uint64_t at = 0; !s && !f->readonly && at < f->block->size;
		at += sizeof(block)) {
		s = cf_guest_read(
			f->env.mem, f->base + at, block, sizeof(block), err);
		if (!s)
			s = f->block->ops->write(
				f->block, at, block, sizeof(block), err);
	}
	return s;
}

void cf_flash_state(struct cf_flash *f, struct cf_state *s)
{
	uint8_t cycle = (uint8_t)f->cycle, reads = (uint8_t)f->reads;
	uint32_t left = f->left;

	cf_state_u8(s, &cycle);
	cf_state_need(s, cycle <= CONFIRM, "the cycle");
	cf_state_u8(s, &reads);
	cf_state_need(s, reads <= QUERY, "what is read");
	cf_state_u8(s, &f->status);
	cf_state_u64(s, &f->window);
	cf_state_u32(s, &left);
	cf_state_need(s,
		cycle < DATA ||
			(cycle == DATA && left >= 1 && left <= BUFFER &&
				f->window == UINT64_MAX) ||
			(f->window < f->block->size &&
				f->window % BUFFER == 0 && left <= BUFFER &&
				(cycle == DATA) == (left > 0)),
		"the write buffer");
	cf_state_bytes(s, f->data, sizeof(f->data));
	for (size_t i = 0; i < BUFFER; i++)
		cf_state_bool(s, &f->filled[i]);
	if (!s->loading || !cf_state_ok(s))
		return;
	f->cycle = (enum cycle)cycle;
	f->left = left;
	show(f, (enum reads)reads);
}
