/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fw_cfg: selector and data ports, and DMA.
 *
 * Source: QEMU, "QEMU Firmware Configuration (fw_cfg) Device".
 */
#include "machine/chips/fw_cfg_priv.h"

#include "base/base.h"
#include "base/state.h"
#include "memory/memory.h"

#define SELECTOR_PORT 0x510
#define DMA_PORT      0x514

#define FEATURE_TRADITIONAL 0x1u
#define FEATURE_DMA         0x2u

#define DMA_ERROR  0x01u
#define DMA_READ   0x02u
#define DMA_SKIP   0x04u
#define DMA_SELECT 0x08u
#define DMA_WRITE  0x10u

#define NITEMS    0x60
#define NAME_LEN  56
#define ENTRY_LEN 64
#define MAX_FILES (NITEMS - CF_FW_CFG_FILE_FIRST)

struct item {
	const uint8_t *data;
	size_t len;
	uint8_t *owned;
};

struct cf_fw_cfg {
	struct cf_dev_env env;
	struct item item[NITEMS];
	char name[MAX_FILES][NAME_LEN];
	size_t nfiles;
	uint8_t directory[4 + MAX_FILES * ENTRY_LEN];
	uint8_t small[16][4]; /* numbers */
	size_t nsmall;
	uint16_t selected;
	size_t at;
	uint64_t dma_address;
};

static const struct item *current(const struct cf_fw_cfg *f)
{
	static const struct item none;
	unsigned key = f->selected & 0x3FFF;

	/* 0x8000: architecture items, of which there are none. */
	return f->selected & 0x8000 || key >= NITEMS ? &none : &f->item[key];
}

static void select_item(struct cf_fw_cfg *f, uint16_t key)
{
	f->selected = key;
	f->at = 0;
}

/* Bytes past the end read as zeros. */
static void take(struct cf_fw_cfg *f, uint8_t *out, size_t n)
{
	const struct item *it = current(f);
	size_t have = f->at < it->len ? it->len - f->at : 0;

	if (have > n)
		have = n;
	if (have)
		memcpy(out, it->data + f->at, have);
	memset(out + have, 0, n - have);
	f->at += have;
}

static void skip(struct cf_fw_cfg *f, size_t n)
{
	const struct item *it = current(f);

	f->at = n > it->len - f->at ? it->len : f->at + n;
}

static uint64_t port_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	struct cf_fw_cfg *f = dev;
	uint8_t v;

	if (offset != 1)
		return 0xFF;
	take(f, &v, 1);
	return v;
}

static void port_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	if (offset == 0 && size == 2)
		select_item(dev, (uint16_t)value);
}

/* Copy items into guest memory in pieces, so that the guest's length does not
 * decide about an allocation. */
static bool dma_copy(struct cf_fw_cfg *f, uint64_t gpa, uint32_t len)
{
	uint8_t piece[4096];

	while (len) {
		uint32_t n = len < sizeof(piece) ? len : sizeof(piece);

		take(f, piece, n);
		if (cf_guest_write(f->env.mem, gpa, piece, n, NULL))
			return false;
		gpa += n;
		len -= n;
	}
	return true;
}

static void dma_run(struct cf_fw_cfg *f)
{
	uint8_t d[16], done[4] = { 0 };
	uint32_t control, len;
	uint64_t gpa;
	bool ok = true;

	if (cf_guest_read(f->env.mem, f->dma_address, d, sizeof(d), NULL)) {
		cf_log(f->env.log, CF_LOG_WARN,
			"fw_cfg: DMA descriptor outside memory gpa=0x%016llx",
			(unsigned long long)f->dma_address);
		return;
	}
	control = cf_load_be32(d);
	len = cf_load_be32(d + 4);
	gpa = cf_load_be64(d + 8);
	if (control & DMA_SELECT)
		select_item(f, (uint16_t)(control >> 16));
	if (control & DMA_READ)
		ok = dma_copy(f, gpa, len);
	else if (control & DMA_SKIP)
		skip(f, len);
	else if (control & DMA_WRITE)
		ok = false; /* no item is writable */
	cf_store_be32(done, ok ? 0 : DMA_ERROR);
	if (cf_guest_write(f->env.mem, f->dma_address, done, 4, NULL))
		cf_log(f->env.log, CF_LOG_WARN,
			"fw_cfg: DMA descriptor cannot be written");
}

/* Both halves are big-endian; the low half starts the transfer. */
static void dma_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	struct cf_fw_cfg *f = dev;
	uint32_t v = __builtin_bswap32((uint32_t)value);

	if (size != 4)
		return;
	if (offset == 0) {
		f->dma_address = (uint64_t)v << 32;
		return;
	}
	f->dma_address |= v;
	dma_run(f);
	f->dma_address = 0;
}

static uint64_t dma_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	static const uint8_t signature[8] = "QEMU CFG";
	uint64_t v = 0;

	memcpy(&v, signature + offset, size);
	return v;
}

static const struct cf_io_ops port_ops = { port_read, port_write, 2 };
static const struct cf_io_ops dma_ops = { dma_read, dma_write, 4 };

enum coffer_status cf_fw_cfg_create(const struct cf_dev_env *env,
	struct cf_fw_cfg **out, struct coffer_error *err)
{
	struct cf_fw_cfg *f = cf_alloc_array(1, sizeof(*f));
	struct cf_io_range port = { SELECTOR_PORT, 2, &port_ops, f, "fw_cfg" };
	struct cf_io_range dma = { DMA_PORT, 8, &dma_ops, f, "fw_cfg DMA" };
	enum coffer_status s;

	if (!f)
		return cf_fail_nomem(err, "fw_cfg");
	f->env = *env;
	cf_fw_cfg_item(f, CF_FW_CFG_SIGNATURE, "QEMU", 4);
	cf_fw_cfg_u32(f, CF_FW_CFG_ID, FEATURE_TRADITIONAL | FEATURE_DMA);
	cf_fw_cfg_item(f, CF_FW_CFG_DIRECTORY, f->directory, 4);
	s = cf_bus_add(env->pio, &port, err);
	if (s == COFFER_OK)
		s = cf_bus_add(env->pio, &dma, err);
	if (s)
		cf_fw_cfg_destroy(f);
	else
		*out = f;
	return s;
}

void cf_fw_cfg_destroy(struct cf_fw_cfg *f)
{
	if (!f)
		return;
	cf_bus_remove(f->env.pio, SELECTOR_PORT, f);
	cf_bus_remove(f->env.pio, DMA_PORT, f);
	for (size_t i = 0; i < NITEMS; i++)
		free(f->item[i].owned);
	free(f);
}

void cf_fw_cfg_item(
	struct cf_fw_cfg *f, uint16_t key, const void *data, size_t len)
{
	f->item[key].data = data;
	f->item[key].len = len;
}

void cf_fw_cfg_u16(struct cf_fw_cfg *f, uint16_t key, uint16_t v)
{
	uint8_t *p = f->small[f->nsmall++ % CF_ARRAY_LEN(f->small)];

	cf_store_le16(p, v);
	cf_fw_cfg_item(f, key, p, 2);
}

void cf_fw_cfg_u32(struct cf_fw_cfg *f, uint16_t key, uint32_t v)
{
	uint8_t *p = f->small[f->nsmall++ % CF_ARRAY_LEN(f->small)];

	cf_store_le32(p, v);
	cf_fw_cfg_item(f, key, p, 4);
}

static void write_directory(struct cf_fw_cfg *f)
{
	cf_store_be32(f->directory, (uint32_t)f->nfiles);
	for (size_t i = 0; i < f->nfiles; i++) {
		uint8_t *e = f->directory + 4 + i * ENTRY_LEN;
		unsigned key = CF_FW_CFG_FILE_FIRST + (unsigned)i;

		memset(e, 0, ENTRY_LEN);
		cf_store_be32(e, (uint32_t)f->item[key].len);
		cf_store_be16(e + 4, (uint16_t)key);
		memcpy(e + 8, f->name[i], NAME_LEN);
	}
	f->item[CF_FW_CFG_DIRECTORY].len = 4 + f->nfiles * ENTRY_LEN;
}

enum coffer_status cf_fw_cfg_file(struct cf_fw_cfg *f, const char *name,
	const void *data, size_t len, struct coffer_error *err)
{
	uint8_t *copy;
	size_t at = 0;

	if (f->nfiles == MAX_FILES || strlen(name) >= NAME_LEN)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"fw_cfg: no room for file '%s'", name);
	copy = cf_dup(data, len);
	if (!copy)
		return cf_fail_nomem(err, name);
	while (at < f->nfiles && strcmp(f->name[at], name) < 0)
		at++;
	memmove(f->name[at + 1], f->name[at], (f->nfiles - at) * NAME_LEN);
	memmove(&f->item[CF_FW_CFG_FILE_FIRST + at + 1],
		&f->item[CF_FW_CFG_FILE_FIRST + at],
		(f->nfiles - at) * sizeof(f->item[0]));
	memset(f->name[at], 0, NAME_LEN);
	memcpy(f->name[at], name, strlen(name));
	f->item[CF_FW_CFG_FILE_FIRST + at] =
		(struct item) { .data = copy, .len = len, .owned = copy };
	f->nfiles++;
	write_directory(f);
	return COFFER_OK;
}

/* What it offers is made of the command line. */
void cf_fw_cfg_state(struct cf_fw_cfg *f, struct cf_state *s)
{
	uint64_t at = f->at;

	cf_state_u16(s, &f->selected);
	cf_state_u64(s, &at);
	cf_state_u64(s, &f->dma_address);
	cf_state_need(s, cf_state_ok(s) && at <= current(f)->len,
		"the place in an item");
	if (cf_state_ok(s))
		f->at = (size_t)at;
}
