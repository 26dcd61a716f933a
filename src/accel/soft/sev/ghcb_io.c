/* SPDX-License-Identifier: Apache-2.0 */
/* GHCB events that reach devices: port I/O and MMIO. */
#include "accel/soft/sev/ghcb_priv.h"
#include "accel/soft/sev/sev_state_priv.h"

#include "base/bytes.h"

#define IO_IN     0x1u
#define IO_STRING 0x4u
#define IO_REP    0x8u

/* Bits 4, 5, 6: 1, 2, 4 bytes; exactly one is set. */
static unsigned io_size(uint64_t info)
{
	switch (info >> 4 & 7) {
	case 1:
		return 1;
	case 2:
		return 2;
	case 4:
		return 4;
	default:
		return 0;
	}
}

static uint32_t port_in(struct ghcb *g, uint16_t port, unsigned size)
{
	const struct cf_accel_host *host = &g->cpu->vm->host;

	return host->pio_read(host->opaque, g->cpu->index, port, size);
}

static void port_out(struct ghcb *g, uint16_t port, unsigned size, uint32_t v)
{
	const struct cf_accel_host *host = &g->cpu->vm->host;

	host->pio_write(host->opaque, g->cpu->index, port, size, v);
}

static uint32_t keep(uint64_t v, unsigned size)
{
	return (uint32_t)(size == 4 ? v : v & ((1u << 8 * size) - 1));
}

/* INS, OUTS: the data is in the shared buffer, SW_EXITINFO2 counts elements;
 * what does not fit into one buffer is more than a guest may ask for. */
static enum cf_ghcb_error string_io(
	struct ghcb *g, uint16_t port, unsigned size, bool in)
{
	uint64_t count = g->info2;
	uint8_t data[GHCB_BUFFER_END - GHCB_BUFFER];
	size_t len;

	if (!cf_ghcb_has(g, GHCB_SCRATCH))
		return GHCB_MISSING_INPUT;
	if (count > sizeof(data) / size)
		return GHCB_BAD_SCRATCH;
	len = (size_t)count * size;
	if (!in && !cf_ghcb_scratch_read(g, data, len))
		return GHCB_BAD_SCRATCH;
	for (size_t at = 0; at < len; at += size) {
		uint32_t v = 0;

		if (in) {
			v = port_in(g, port, size);
			memcpy(data + at, &v, size);
		} else {
			memcpy(&v, data + at, size);
			port_out(g, port, size, v);
		}
	}
	if (in && !cf_ghcb_scratch_write(g, data, len))
		return GHCB_BAD_SCRATCH;
	return GHCB_OK;
}

enum cf_ghcb_error cf_ghcb_ioio(struct ghcb *g)
{
	uint16_t port = (uint16_t)(g->info1 >> 16);
	unsigned size = io_size(g->info1);
	bool in = g->info1 & IO_IN;

	if (!size)
		return GHCB_BAD_INPUT;
	if (g->info1 & IO_STRING)
		return string_io(g, port, size, in);
	if (in) {
		cf_ghcb_reply(g, GHCB_RAX, keep(port_in(g, port, size), size));
		return GHCB_OK;
	}
	if (!cf_ghcb_has(g, GHCB_RAX))
		return GHCB_MISSING_INPUT;
	port_out(g, port, size, keep(cf_ghcb_get(g, GHCB_RAX), size));
	return GHCB_OK;
}

static bool mmio_size_ok(uint64_t n)
{
	return n == 1 || n == 2 || n == 4 || n == 8;
}

/* An address in memory is an access as the host makes it: OVMF writes its
 * flash this way, which an IGVM file has put into RAM.  A flash chip is asked
 * itself, for reads too. */
static bool in_memory(const struct ghcb *g)
{
	return cf_memory_covers(g->cpu->vm->mem, g->info1, g->info2) &&
		!cf_memory_is_flash(g->cpu->vm->mem, g->info1);
}

enum cf_ghcb_error cf_ghcb_mmio_read(struct ghcb *g)
{
	const struct cf_accel_host *host = &g->cpu->vm->host;
	struct coffer_error err;
	uint8_t data[8];

	if (!mmio_size_ok(g->info2))
		return GHCB_BAD_INPUT;
	if (!in_memory(g))
		cf_store_le64(data,
			host->mmio_read(host->opaque, g->cpu->index, g->info1,
				(unsigned)g->info2));
	else if (cf_guest_read(g->cpu->vm->mem, g->info1, data,
			 (size_t)g->info2, &err) != COFFER_OK)
		return GHCB_BAD_INPUT;
	return cf_ghcb_scratch_write(g, data, (size_t)g->info2)
		? GHCB_OK
		: GHCB_BAD_SCRATCH;
}

enum cf_ghcb_error cf_ghcb_mmio_write(struct ghcb *g)
{
	const struct cf_accel_host *host = &g->cpu->vm->host;
	enum cf_region_kind kind = CF_REGION_RAM;
	uint8_t data[8] = { 0 };
	struct coffer_error err;

	if (!mmio_size_ok(g->info2))
		return GHCB_BAD_INPUT;
	if (!cf_ghcb_scratch_read(g, data, (size_t)g->info2))
		return GHCB_BAD_SCRATCH;
	if (in_memory(g)) {
		if (!cf_memory_page(g->cpu->vm->mem, g->info1,
			    cf_memory_page_view(g->cpu->vm->mem, g->info1),
			    &kind) ||
			kind == CF_REGION_ROM)
			return GHCB_OK; /* dropped */
		return cf_guest_write(g->cpu->vm->mem, g->info1, data,
			       (size_t)g->info2, &err) == COFFER_OK
			? GHCB_OK
			: GHCB_BAD_INPUT;
	}
	host->mmio_write(host->opaque, g->cpu->index, g->info1,
		(unsigned)g->info2, cf_load_le64(data));
	return GHCB_OK;
}
