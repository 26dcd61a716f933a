/* SPDX-License-Identifier: Apache-2.0 */
/* Dispatch of port and memory-mapped accesses to devices. */
#include "machine/bus_priv.h"

#include "base/base.h"

#include <inttypes.h>

/* Index of the first range whose base is above addr. */
static size_t upper_bound(const struct cf_bus *bus, uint64_t addr)
{
	size_t low = 0, high = bus->nranges;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (bus->range[mid].base > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static bool holds(const struct cf_io_range *r, uint64_t addr)
{
	return addr >= r->base && addr - r->base < r->len;
}

enum coffer_status cf_bus_add(struct cf_bus *bus,
	const struct cf_io_range *range, struct coffer_error *err)
{
	size_t at = upper_bound(bus, range->base);

	if (range->len == 0 || range->len - 1 > UINT64_MAX - range->base)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"machine: %s: bad range at 0x%" PRIx64, range->name,
			range->base);
	if (bus->nranges == CF_BUS_MAX_RANGES)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"machine: %s: more than %d device ranges", range->name,
			CF_BUS_MAX_RANGES);
	if ((at > 0 && holds(&bus->range[at - 1], range->base)) ||
		(at < bus->nranges && holds(range, bus->range[at].base)))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"machine: %s at 0x%" PRIx64 " overlaps another device",
			range->name, range->base);
	memmove(&bus->range[at + 1], &bus->range[at],
		(bus->nranges - at) * sizeof(bus->range[0]));
	bus->range[at] = *range;
	bus->nranges++;
	return COFFER_OK;
}

void cf_bus_remove(struct cf_bus *bus, uint64_t base, const void *dev)
{
	for (size_t i = 0; i < bus->nranges; i++) {
		if (bus->range[i].base != base || bus->range[i].dev != dev)
			continue;
		bus->nranges--;
		memmove(&bus->range[i], &bus->range[i + 1],
			(bus->nranges - i) * sizeof(bus->range[0]));
		return;
	}
}

const struct cf_io_range *cf_bus_find(struct cf_bus *bus, uint64_t addr)
{
	size_t at;

	if (bus->last < bus->nranges && holds(&bus->range[bus->last], addr))
		return &bus->range[bus->last];
	at = upper_bound(bus, addr);
	if (at == 0 || !holds(&bus->range[at - 1], addr))
		return NULL;
	bus->last = at - 1;
	return &bus->range[at - 1];
}

static uint64_t ones(unsigned size)
{
	return size >= 8 ? UINT64_MAX : ((uint64_t)1 << (8 * size)) - 1;
}

/* The access can go to the device as it is. */
static bool fits(const struct cf_io_range *r, uint64_t addr, unsigned size)
{
	return size <= r->ops->unit && size <= r->len - (addr - r->base);
}

uint64_t cf_bus_read(
	struct cf_bus *bus, unsigned vcpu, uint64_t addr, unsigned size)
{
	const struct cf_io_range *r = cf_bus_find(bus, addr);
	uint64_t value = 0;
	unsigned piece;

	if (r && fits(r, addr, size)) {
		if (!r->ops->read)
			return ones(size);
		return r->ops->read(r->dev, vcpu, addr - r->base, size) &
			ones(size);
	}
	if (size == 1)
		return 0xFF;
	piece = size / 2;
	value = cf_bus_read(bus, vcpu, addr, piece);
	return value |
		cf_bus_read(bus, vcpu, addr + piece, piece) << (8 * piece);
}

void cf_bus_write(struct cf_bus *bus, unsigned vcpu, uint64_t addr,
	unsigned size, uint64_t value)
{
	const struct cf_io_range *r = cf_bus_find(bus, addr);
	unsigned piece;

	value &= ones(size);
	if (r && fits(r, addr, size)) {
		if (r->ops->write)
			r->ops->write(
				r->dev, vcpu, addr - r->base, size, value);
		return;
	}
	if (size == 1)
		return;
	piece = size / 2;
	cf_bus_write(bus, vcpu, addr, piece, value);
	cf_bus_write(bus, vcpu, addr + piece, piece, value >> (8 * piece));
}
