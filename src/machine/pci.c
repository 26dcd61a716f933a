/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI configuration space and base address registers.
 *
 * Source: PCI Local Bus Specification 3.0, chapter 6; PCI Firmware
 * Specification, "Memory Mapped Configuration".
 */
#include "machine/pci_priv.h"

#include "base/base.h"
#include "base/state.h"

#define CONFIG_PORT  0xCF8
#define DATA_PORT    0xCFC
#define ADDR_ENABLE  0x80000000u
#define WINDOW_START 0xC0000000u /* where cf_pci_assign puts memory BARs */
#define WINDOW_END   0xFC000000u
#define IO_START     0xC000u
#define RESET_OFFSET 1 /* port 0xCF9 */
#define RESET_NOW    0x04u

struct cf_pci {
	struct cf_dev_env env;
	uint32_t address;
	uint8_t reset; /* RST_CNT */
	struct cf_pci_dev *dev[CF_PCI_MAX_DEVS];
	size_t ndevs;
	uint64_t ecam;
	void (*sink)(void *opaque, unsigned slot, bool level);
	void *sink_opaque;
};

static struct cf_pci_dev *find(
	const struct cf_pci *p, unsigned bus, unsigned devfn)
{
	for (size_t i = 0; bus == 0 && i < p->ndevs; i++)
		if ((unsigned)p->dev[i]->slot << 3 == (devfn & 0xF8) &&
			p->dev[i]->function == (devfn & 7))
			return p->dev[i];
	return NULL;
}

static uint64_t bar_address(const struct cf_pci_dev *d, unsigned i)
{
	const uint8_t *reg = d->config + CF_PCI_BAR0 + 4 * i;
	uint64_t v = cf_load_le32(reg) & (d->bar[i].io ? ~3u : ~15u);

	if (d->bar[i].wide)
		v |= (uint64_t)cf_load_le32(reg + 4) << 32;
	return v;
}

static void unmap_bar(struct cf_pci *p, struct cf_pci_bar *b)
{
	if (b->is_mapped)
		cf_bus_remove(
			b->io ? p->env.pio : p->env.mmio, b->mapped, b->dev);
	b->is_mapped = false;
}

/* Put a BAR where its register says, if decoding is on and nothing else is
 * there; a guest that sizes BARs moves them through odd places. */
static void update_bar(struct cf_pci *p, struct cf_pci_dev *d, unsigned i)
{
	struct cf_pci_bar *b = &d->bar[i];
	uint16_t command = cf_load_le16(d->config + CF_PCI_COMMAND);
	bool on = command & (b->io ? CF_PCI_COMMAND_IO : CF_PCI_COMMAND_MEM);
	uint64_t at = bar_address(d, i);
	struct cf_io_range range = { at, b->size, b->ops, b->dev, d->name };

	if (b->is_mapped && on && b->mapped == at)
		return;
	unmap_bar(p, b);
	if (!on || at == 0 || (b->io && at > 0xFFFF))
		return;
	if (cf_bus_add(b->io ? p->env.pio : p->env.mmio, &range, NULL) ==
		COFFER_OK) {
		b->mapped = at;
		b->is_mapped = true;
	}
}

static void update_bars(struct cf_pci *p, struct cf_pci_dev *d)
{
	for (unsigned i = 0; i < CF_PCI_NBARS; i++)
		if (d->bar[i].size)
			update_bar(p, d, i);
}

static uint32_t config_read(
	const struct cf_pci_dev *d, unsigned offset, unsigned size)
{
	uint8_t bytes[4] = { 0xFF, 0xFF, 0xFF, 0xFF };

	for (unsigned i = 0; d && i < size; i++)
		if (offset + i < CF_PCI_CONFIG_LEN)
			bytes[i] = d->config[offset + i];
	return cf_load_le32(bytes);
}

static void config_write(struct cf_pci *p, struct cf_pci_dev *d,
	unsigned offset, unsigned size, uint32_t value)
{
	if (!d)
		return;
	for (unsigned i = 0; i < size && offset + i < CF_PCI_CONFIG_LEN; i++) {
		uint8_t mask = d->writable[offset + i];
		uint8_t v = (uint8_t)(value >> (8 * i));

		d->config[offset + i] =
			(uint8_t)((d->config[offset + i] & ~mask) | (v & mask));
	}
	if (offset < CF_PCI_BAR0 + 4 * CF_PCI_NBARS)
		update_bars(p, d);
	if (offset <= CF_PCI_COMMAND + 1)
		cf_pci_set_intx(d, d->intx);
	if (d->on_write)
		d->on_write(d->dev, offset, size);
}

static uint64_t address_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	const struct cf_pci *p = dev;

	if (offset == RESET_OFFSET && size == 1)
		return p->reset;
	return p->address >> (8 * offset);
}

/* Only a whole register is the address; the byte at 0xCF9 is the chip set's
 * reset control, which lies under it. */
static void address_write(void *dev, unsigned vcpu, uint64_t offset,
	unsigned size, uint64_t value)
{
	struct cf_pci *p = dev;

	if (offset == 0 && size == 4)
		p->address = (uint32_t)value;
	if (offset != RESET_OFFSET || size != 1)
		return;
	if ((value & RESET_NOW) && !(p->reset & RESET_NOW))
		p->env.end(p->env.opaque, CF_END_RESET, 0);
	p->reset = (uint8_t)value & 0x0E;
}

static uint64_t data_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	const struct cf_pci *p = dev;

	if (!(p->address & ADDR_ENABLE))
		return 0xFFFFFFFF;
	return config_read(
		find(p, p->address >> 16 & 0xFF, p->address >> 8 & 0xFF),
		(p->address & 0xFC) + (unsigned)offset, size);
}

static void data_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	struct cf_pci *p = dev;

	if (p->address & ADDR_ENABLE)
		config_write(p,
			find(p, p->address >> 16 & 0xFF,
				p->address >> 8 & 0xFF),
			(p->address & 0xFC) + (unsigned)offset, size,
			(uint32_t)value);
}

static uint64_t ecam_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	const struct cf_pci *p = dev;

	return config_read(find(p, (unsigned)(offset >> 20),
				   (unsigned)(offset >> 12) & 0xFF),
		(unsigned)offset & 0xFFF, size);
}

static void ecam_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	struct cf_pci *p = dev;

	config_write(p,
		find(p, (unsigned)(offset >> 20),
			(unsigned)(offset >> 12) & 0xFF),
		(unsigned)offset & 0xFFF, size, (uint32_t)value);
}

static const struct cf_io_ops address_ops = { address_read, address_write, 4 };
static const struct cf_io_ops data_ops = { data_read, data_write, 4 };
static const struct cf_io_ops ecam_ops = { ecam_read, ecam_write, 4 };

enum coffer_status cf_pci_create(const struct cf_dev_env *env,
	struct cf_pci **out, struct coffer_error *err)
{
	struct cf_pci *p = cf_alloc_array(1, sizeof(*p));
	struct cf_io_range data = { DATA_PORT, 4, &data_ops, p,
		"PCI configuration" };
	enum coffer_status s;

	if (!p)
		return cf_fail_nomem(err, "the PCI bus");
	p->env = *env;
	s = cf_bus_add(env->pio, &data, err);
	if (s == COFFER_OK)
		s = cf_bus_add(env->pio,
			&(struct cf_io_range) { CONFIG_PORT, 4, &address_ops, p,
				"PCI configuration" },
			err);
	if (s)
		cf_pci_destroy(p);
	else
		*out = p;
	return s;
}

void cf_pci_destroy(struct cf_pci *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->ndevs; i++)
		for (unsigned n = 0; n < CF_PCI_NBARS; n++)
			unmap_bar(p, &p->dev[i]->bar[n]);
	cf_bus_remove(p->env.pio, CONFIG_PORT, p);
	cf_bus_remove(p->env.pio, DATA_PORT, p);
	if (p->ecam)
		cf_bus_remove(p->env.mmio, p->ecam, p);
	free(p);
}

void cf_pci_dev_init(struct cf_pci_dev *d, const char *name, unsigned slot,
	unsigned function, uint16_t vendor, uint16_t device, uint32_t class_rev)
{
	*d = (struct cf_pci_dev) { .name = name,
		.slot = (uint8_t)slot,
		.function = (uint8_t)function };
	cf_store_le16(d->config, vendor);
	cf_store_le16(d->config + 2, device);
	cf_store_le32(d->config + 8, class_rev);
	d->config[CF_PCI_INT_LINE] = 0xFF;
	d->writable[CF_PCI_INT_LINE] = 0xFF;
	cf_store_le16(d->writable + CF_PCI_COMMAND,
		CF_PCI_COMMAND_IO | CF_PCI_COMMAND_MEM | CF_PCI_COMMAND_MASTER |
			CF_PCI_COMMAND_INTX);
	d->writable[0x0C] = 0xFF; /* cache line size */
}

unsigned cf_pci_add_cap(
	struct cf_pci_dev *d, uint8_t id, const uint8_t *body, size_t body_len)
{
	unsigned at = d->cap_end ? d->cap_end : CF_PCI_FIRST_CAP;

	if (body_len + 2 > CF_PCI_CONFIG_LEN - at)
		return 0;
	d->config[at] = id;
	memcpy(d->config + at + 2, body, body_len);
	d->config[d->last_cap ? d->last_cap + 1u : CF_PCI_CAPS] = (uint8_t)at;
	d->config[CF_PCI_STATUS] |= CF_PCI_STATUS_CAPS;
	d->last_cap = (uint8_t)at;
	d->cap_end = (uint16_t)cf_align_up(at + 2 + body_len, 4);
	return at;
}

enum coffer_status cf_pci_add(
	struct cf_pci *p, struct cf_pci_dev *d, struct coffer_error *err)
{
	if (p->ndevs == CF_PCI_MAX_DEVS)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"machine: more than %d PCI devices", CF_PCI_MAX_DEVS);
	for (unsigned i = 0; i < CF_PCI_NBARS; i++) {
		struct cf_pci_bar *b = &d->bar[i];
		uint8_t *reg = d->config + CF_PCI_BAR0 + 4 * i;
		uint8_t *mask = d->writable + CF_PCI_BAR0 + 4 * i;

		if (!b->size)
			continue;
		cf_store_le32(reg, b->io ? 1 : b->wide ? 4 : 0);
		cf_store_le32(mask, (uint32_t) ~(b->size - 1));
		if (b->wide)
			cf_store_le32(
				mask + 4, (uint32_t)(~(b->size - 1) >> 32));
	}
	d->bus = p;
	p->dev[p->ndevs++] = d;
	return COFFER_OK;
}

enum coffer_status cf_pci_map_ecam(
	struct cf_pci *p, uint64_t base, uint64_t len, struct coffer_error *err)
{
	struct cf_io_range range = { base, len, &ecam_ops, p, "PCI ECAM" };
	enum coffer_status s = COFFER_OK;

	if (base == p->ecam)
		return COFFER_OK;
	if (p->ecam)
		cf_bus_remove(p->env.mmio, p->ecam, p);
	p->ecam = 0;
	if (base)
		s = cf_bus_add(p->env.mmio, &range, err);
	if (s == COFFER_OK)
		p->ecam = base;
	return s;
}

void cf_pci_assign(struct cf_pci *p)
{
	uint64_t mem = WINDOW_START, io = IO_START;

	for (size_t i = 0; i < p->ndevs; i++) {
		struct cf_pci_dev *d = p->dev[i];
		uint16_t command = cf_load_le16(d->config + CF_PCI_COMMAND);

		for (unsigned n = 0; n < CF_PCI_NBARS; n++) {
			struct cf_pci_bar *b = &d->bar[n];
			uint64_t *next = b->io ? &io : &mem;
			uint8_t *reg = d->config + CF_PCI_BAR0 + 4 * n;
			uint64_t at;

			if (!b->size)
				continue;
			at = cf_align_up(*next, b->size);
			if (at + b->size > (b->io ? 0x10000 : WINDOW_END))
				continue;
			*next = at + b->size;
			cf_store_le32(
				reg, (uint32_t)at | (cf_load_le32(reg) & 15));
			command |=
				b->io ? CF_PCI_COMMAND_IO : CF_PCI_COMMAND_MEM;
		}
		cf_store_le16(d->config + CF_PCI_COMMAND, command);
		update_bars(p, d);
	}
}

void cf_pci_set_intx_sink(struct cf_pci *p,
	void (*sink)(void *opaque, unsigned slot, bool level), void *opaque)
{
	p->sink = sink;
	p->sink_opaque = opaque;
}

void cf_pci_set_intx(struct cf_pci_dev *d, bool level)
{
	struct cf_pci *p = d->bus;
	bool any = false;

	d->intx = level;
	if (level)
		d->config[CF_PCI_STATUS] |= CF_PCI_STATUS_INTX;
	else
		d->config[CF_PCI_STATUS] &= (uint8_t)~CF_PCI_STATUS_INTX;
	for (size_t i = 0; i < p->ndevs; i++) {
		const struct cf_pci_dev *o = p->dev[i];

		uint16_t command = cf_load_le16(o->config + CF_PCI_COMMAND);

		if (o->slot == d->slot && o->intx &&
			!(command & CF_PCI_COMMAND_INTX))
			any = true;
	}
	if (p->sink)
		p->sink(p->sink_opaque, d->slot, any);
}

bool cf_pci_is_master(const struct cf_pci_dev *d)
{
	return cf_load_le16(d->config + CF_PCI_COMMAND) & CF_PCI_COMMAND_MASTER;
}

/* Only what a guest can set is taken; all else must be the same here. */
static void function_state(struct cf_pci_dev *d, struct cf_state *s)
{
	uint8_t config[CF_PCI_CONFIG_LEN];
	bool intx = d->intx;

	memcpy(config, d->config, sizeof(config));
	cf_state_bytes(s, config, sizeof(config));
	cf_state_bool(s, &intx);
	if (!s->loading || !cf_state_ok(s))
		return;
	for (size_t i = 0; i < CF_PCI_CONFIG_LEN; i++) {
		uint8_t fixed = (uint8_t)~d->writable[i];

		if (i == CF_PCI_STATUS)
			fixed &= (uint8_t)~CF_PCI_STATUS_INTX;
		cf_state_need(s, !((config[i] ^ d->config[i]) & fixed),
			"a register that is another here: the devices differ");
	}
	if (!cf_state_ok(s))
		return;
	memcpy(d->config, config, sizeof(config));
	d->intx = intx;
}

void cf_pci_state(struct cf_pci *p, struct cf_state *s)
{
	uint32_t n = (uint32_t)p->ndevs;

	cf_state_u32(s, &p->address);
	cf_state_u8(s, &p->reset);
	cf_state_u32(s, &n);
	cf_state_need(s, n == p->ndevs, "the number of functions");
	for (size_t i = 0; i < p->ndevs; i++)
		function_state(p->dev[i], s);
	if (!s->loading || !cf_state_ok(s))
		return;
	/* All go first, so that none is in another's way. */
	for (size_t i = 0; i < p->ndevs; i++)
		for (unsigned b = 0; b < CF_PCI_NBARS; b++)
			unmap_bar(p, &p->dev[i]->bar[b]);
	for (size_t i = 0; i < p->ndevs; i++) {
		struct cf_pci_dev *d = p->dev[i];

		update_bars(p, d);
		for (unsigned at = 0; d->on_write && at < CF_PCI_CONFIG_LEN;
			at += 4)
			d->on_write(d->dev, at, 4);
	}
}
