/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pair of 8259A interrupt controllers with the edge/level registers of
 * the PIIX.
 *
 * Source: 8259A data sheet (Intel 231468).
 */
#include "base/base.h"
#include "base/state.h"
#include "machine/devices_priv.h"

#define MASTER_PORT  0x20
#define SLAVE_PORT   0xA0
#define ELCR_PORT    0x4D0
#define CASCADE_LINE 2
#define SPURIOUS     7

struct chip {
	struct cf_pic *pair;
	uint8_t irr, isr, imr, elcr, levels;
	uint8_t base;     /* vector of line 0 */
	uint8_t lowest;   /* line of lowest priority, 7 after ICW1 */
	uint8_t icw_next; /* 0: none expected, else 2, 3 or 4 */
	bool needs_icw4, auto_eoi, rotate_on_aeoi, special_mask;
	bool special_nested;
	bool read_isr, poll;
};

struct cf_pic {
	struct cf_bus *pio;
	struct cf_irq output;
	struct chip chip[2];
};

/* 0 is the highest priority, 8: no bit set. */
static unsigned priority_of(const struct chip *c, uint8_t bits)
{
	for (unsigned p = 0; p < 8; p++)
		if (bits & 1u << ((c->lowest + 1 + p) & 7))
			return p;
	return 8;
}

/* The line that wants service now, or -1. */
static int requested(const struct chip *c)
{
	uint8_t in_service = c->isr;
	unsigned want = priority_of(c, c->irr & (uint8_t)~c->imr), busy;

	if (want == 8)
		return -1;
	if (c->special_mask)
		in_service &= (uint8_t)~c->imr;
	/* A master in special fully nested mode lets the slave interrupt
	 * itself. */
	if (c->special_nested && c == &c->pair->chip[0])
		in_service &= (uint8_t) ~(1u << CASCADE_LINE);
	busy = priority_of(c, in_service);
	if (want >= busy)
		return -1;
	return (int)((c->lowest + 1 + want) & 7);
}

static void set_line(struct chip *c, unsigned line, bool level)
{
	uint8_t bit = (uint8_t)(1u << line);
	bool was = c->levels & bit;

	if (level)
		c->levels |= bit;
	else
		c->levels &= (uint8_t)~bit;
	if (c->elcr & bit) {
		c->irr = (uint8_t)(level ? c->irr | bit : c->irr & ~bit);
		return;
	}
	if (level && !was)
		c->irr |= bit;
	if (!level)
		c->irr &= (uint8_t)~bit;
}

static void update(struct cf_pic *p)
{
	set_line(&p->chip[0], CASCADE_LINE, requested(&p->chip[1]) >= 0);
	cf_irq_set(&p->output, requested(&p->chip[0]) >= 0);
}

void cf_pic_set(struct cf_pic *p, unsigned line, bool level)
{
	set_line(&p->chip[line >> 3 & 1], line & 7, level);
	update(p);
}

bool cf_pic_pending(const struct cf_pic *p)
{
	return requested(&p->chip[0]) >= 0;
}

static void acknowledge(struct chip *c, unsigned line)
{
	uint8_t bit = (uint8_t)(1u << line);

	if (!(c->elcr & bit))
		c->irr &= (uint8_t)~bit;
	if (!c->auto_eoi)
		c->isr |= bit;
	else if (c->rotate_on_aeoi)
		c->lowest = (uint8_t)line;
}

/* A request that went away before the acknowledge reads as line 7. */
uint8_t cf_pic_ack(struct cf_pic *p)
{
	struct chip *master = &p->chip[0], *slave = &p->chip[1];
	int line = requested(master), second;
	uint8_t vector;

	if (line < 0)
		return (uint8_t)(master->base + SPURIOUS);
	acknowledge(master, (unsigned)line);
	vector = (uint8_t)(master->base + line);
	if (line == CASCADE_LINE) {
		second = requested(slave);
		if (second >= 0)
			acknowledge(slave, (unsigned)second);
		vector = (uint8_t)(slave->base +
			(second < 0 ? SPURIOUS : second));
	}
	update(p);
	return vector;
}

static void write_icw1(struct chip *c, uint8_t v)
{
	struct cf_pic *pair = c->pair;
	uint8_t elcr = c->elcr, levels = c->levels;

	*c = (struct chip) { .pair = pair,
		.elcr = elcr,
		.levels = levels,
		.lowest = 7,
		.icw_next = 2,
		.needs_icw4 = v & 1 };
}

/* OCW2: R, SL and EOI select what is done to which line. */
static void write_ocw2(struct chip *c, uint8_t v)
{
	unsigned command = v >> 5, line = v & 7, p;

	switch (command) {
	case 0:
	case 4:
		c->rotate_on_aeoi = command == 4;
		break;
	case 1: /* non-specific EOI */
	case 5: /* and rotate */
		p = priority_of(c, c->isr);
		if (p == 8)
			break;
		line = (c->lowest + 1 + p) & 7;
		c->isr &= (uint8_t) ~(1u << line);
		if (command == 5)
			c->lowest = (uint8_t)line;
		break;
	case 3: /* specific EOI */
	case 7: /* and rotate */
		c->isr &= (uint8_t) ~(1u << line);
		if (command == 7)
			c->lowest = (uint8_t)line;
		break;
	case 6:
		c->lowest = (uint8_t)line;
		break;
	}
}

static void write_ocw3(struct chip *c, uint8_t v)
{
	if (v & 0x04)
		c->poll = true;
	if (v & 0x02)
		c->read_isr = v & 1;
	if (v & 0x40)
		c->special_mask = v & 0x20;
}

static void write_data(struct chip *c, uint8_t v)
{
	switch (c->icw_next) {
	case 2:
		c->base = v & 0xF8;
		c->icw_next = 3;
		break;
	case 3:
		c->icw_next = c->needs_icw4 ? 4 : 0;
		break;
	case 4:
		c->special_nested = v & 0x10;
		c->auto_eoi = v & 0x02;
		c->icw_next = 0;
		break;
	default:
		c->imr = v;
	}
}

static void pic_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	struct chip *c = dev;
	uint8_t v = (uint8_t)value;

	if (offset)
		write_data(c, v);
	else if (v & 0x10)
		write_icw1(c, v);
	else if (v & 0x08)
		write_ocw3(c, v);
	else
		write_ocw2(c, v);
	update(c->pair);
}

static uint64_t pic_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	struct chip *c = dev;
	int line;

	if (c->poll) {
		c->poll = false;
		line = requested(c);
		if (line < 0)
			return 0;
		acknowledge(c, (unsigned)line);
		update(c->pair);
		return 0x80u | (unsigned)line;
	}
	if (offset)
		return c->imr;
	return c->read_isr ? c->isr : c->irr;
}

static uint64_t elcr_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	const struct cf_pic *p = dev;

	return p->chip[offset].elcr;
}

/* Lines 0, 1, 2, 8 and 13 are always edge triggered. */
static void elcr_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	struct cf_pic *p = dev;

	p->chip[offset].elcr = (uint8_t)(value & (offset ? 0xDE : 0xF8));
}

static const struct cf_io_ops pic_ops = { pic_read, pic_write, 1 };
static const struct cf_io_ops elcr_ops = { elcr_read, elcr_write, 1 };

enum coffer_status cf_pic_create(const struct cf_dev_env *env,
	const struct cf_irq *output, struct cf_pic **out,
	struct coffer_error *err)
{
	struct cf_pic *p = cf_alloc_array(1, sizeof(*p));
	struct cf_io_range ranges[] = {
		{ MASTER_PORT, 2, &pic_ops, NULL, "interrupt controller" },
		{ SLAVE_PORT, 2, &pic_ops, NULL, "interrupt controller" },
		{ ELCR_PORT, 2, &elcr_ops, NULL, "edge/level registers" },
	};
	enum coffer_status s = COFFER_OK;

	if (!p)
		return cf_fail_nomem(err, "the interrupt controller");
	p->pio = env->pio;
	p->output = *output;
	for (int i = 0; i < 2; i++) {
		p->chip[i] = (struct chip) { .pair = p, .lowest = 7 };
		ranges[i].dev = &p->chip[i];
	}
	ranges[2].dev = p;
	for (size_t i = 0; i < CF_ARRAY_LEN(ranges) && s == COFFER_OK; i++)
		s = cf_bus_add(env->pio, &ranges[i], err);
	if (s)
		cf_pic_destroy(p);
	else
		*out = p;
	return s;
}

void cf_pic_destroy(struct cf_pic *p)
{
	if (!p)
		return;
	cf_bus_remove(p->pio, MASTER_PORT, &p->chip[0]);
	cf_bus_remove(p->pio, SLAVE_PORT, &p->chip[1]);
	cf_bus_remove(p->pio, ELCR_PORT, p);
	free(p);
}

static void chip_state(struct chip *c, struct cf_state *s)
{
	uint8_t *const bytes[] = { &c->irr, &c->isr, &c->imr, &c->elcr,
		&c->levels, &c->base, &c->lowest, &c->icw_next };
	bool *const flags[] = { &c->needs_icw4, &c->auto_eoi,
		&c->rotate_on_aeoi, &c->special_mask, &c->special_nested,
		&c->read_isr, &c->poll };

	for (size_t i = 0; i < CF_ARRAY_LEN(bytes); i++)
		cf_state_u8(s, bytes[i]);
	for (size_t i = 0; i < CF_ARRAY_LEN(flags); i++)
		cf_state_bool(s, flags[i]);
	cf_state_need(s, c->lowest < 8, "the lowest line");
	cf_state_need(s, c->icw_next <= 4 && c->icw_next != 1,
		"the word that comes next");
}

void cf_pic_state(struct cf_pic *p, struct cf_state *s)
{
	chip_state(&p->chip[0], s);
	chip_state(&p->chip[1], s);
}
