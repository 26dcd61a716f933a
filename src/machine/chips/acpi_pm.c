/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI fixed hardware: PM1 event and control registers, the PM timer and a
 * GPE0 block without events, where the LPC bridge decodes them.
 *
 * Source: ACPI 6.4, section "Fixed Hardware"; ICH9 data sheet, "PMBASE".
 */
#include "base/base.h"
#include "base/state.h"
#include "machine/devices_priv.h"

#define PM_LEN     0x80
#define PMTIMER_HZ 3579545u

enum {
	PM1_STS = 0x00,
	PM1_EN = 0x02,
	PM1_CNT = 0x04,
	PM_TMR = 0x08,
	GPE0 = 0x20, /* 16 bytes */
	SMI_EN = 0x30,
};

#define STS_TIMER        0x0001
#define STS_POWER_BUTTON 0x0100
#define STS_WRITABLE     0x8D31 /* bits that writing 1 clears */
#define CNT_SCI_EN       0x0001
#define CNT_SLP_EN       0x2000

struct cf_acpi_pm {
	struct cf_dev_env env;
	struct cf_irq sci;
	uint16_t base;
	uint16_t sts, en, cnt;
	uint32_t smi_en;
	uint8_t gpe0[16];
	struct cf_timer timer; /* the next change of the timer's top bit */
	uint64_t cleared;      /* number of changes that were acknowledged */
};

static uint64_t timer_ticks(const struct cf_acpi_pm *p)
{
	return cf_ns_to_ticks(cf_clock_now(p->env.clock), PMTIMER_HZ);
}

static uint16_t status(const struct cf_acpi_pm *p)
{
	uint64_t changes = timer_ticks(p) >> 23;

	return (uint16_t)(p->sts | (changes != p->cleared ? STS_TIMER : 0));
}

static void update(struct cf_acpi_pm *p)
{
	uint64_t next = ((timer_ticks(p) >> 23) + 1) << 23;

	cf_irq_set(&p->sci, (p->cnt & CNT_SCI_EN) && (status(p) & p->en));
	if (p->en & STS_TIMER)
		cf_timer_arm(p->env.clock, &p->timer,
			cf_ticks_to_ns(next, PMTIMER_HZ));
	else
		cf_timer_cancel(p->env.clock, &p->timer);
}

static void fire(void *opaque)
{
	update(opaque);
}

static uint64_t pm_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	struct cf_acpi_pm *p = dev;
	uint8_t reg[PM_LEN] = { 0 };
	uint64_t v = 0;

	if (offset == PM_TMR && size == 4)
		return timer_ticks(p) & 0xFFFFFF;
	cf_store_le16(reg + PM1_STS, status(p));
	cf_store_le16(reg + PM1_EN, p->en);
	cf_store_le16(reg + PM1_CNT, p->cnt);
	cf_store_le32(reg + PM_TMR, (uint32_t)timer_ticks(p) & 0xFFFFFF);
	memcpy(reg + GPE0, p->gpe0, sizeof(p->gpe0));
	cf_store_le32(reg + SMI_EN, p->smi_en);
	memcpy(&v, reg + offset, size);
	return v;
}

/* SLP_EN: the type 0 in our DSDT's \_S5 means off; others do nothing. */
static void write_control(struct cf_acpi_pm *p, uint16_t v)
{
	p->cnt = v & (uint16_t)~CNT_SLP_EN;
	if ((v & CNT_SLP_EN) && (v >> 10 & 7) == 0)
		p->env.end(p->env.opaque, CF_END_POWEROFF, 0);
}

static void pm_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	struct cf_acpi_pm *p = dev;
	uint16_t v = (uint16_t)value;

	switch (offset) {
	case PM1_STS:
		if (v & STS_TIMER)
			p->cleared = timer_ticks(p) >> 23;
		p->sts &= (uint16_t) ~(v & STS_WRITABLE);
		if (size == 4)
			p->en = (uint16_t)(value >> 16);
		break;
	case PM1_EN:
		p->en = v;
		break;
	case PM1_CNT:
		write_control(p, v);
		break;
	case SMI_EN:
		p->smi_en = (uint32_t)value;
		break;
	default:
		/* GPE0: status is write-one-to-clear and always clear. */
		if (offset >= GPE0 + 8 && offset + size <= GPE0 + 16)
			memcpy(p->gpe0 + (offset - GPE0), &value, size);
		return;
	}
	update(p);
}

static const struct cf_io_ops pm_ops = { pm_read, pm_write, 4 };

enum coffer_status cf_acpi_pm_create(const struct cf_dev_env *env,
	const struct cf_irq *sci, struct cf_acpi_pm **out,
	struct coffer_error *err)
{
	struct cf_acpi_pm *p = cf_alloc_array(1, sizeof(*p));

	if (!p)
		return cf_fail_nomem(err, "ACPI power management");
	p->env = *env;
	p->sci = *sci;
	p->timer = (struct cf_timer) { .fire = fire, .opaque = p };
	*out = p;
	return COFFER_OK;
}

void cf_acpi_pm_destroy(struct cf_acpi_pm *p)
{
	if (!p)
		return;
	cf_timer_cancel(p->env.clock, &p->timer);
	if (p->base)
		cf_bus_remove(p->env.pio, p->base, p);
	free(p);
}

enum coffer_status cf_acpi_pm_map(
	struct cf_acpi_pm *p, uint16_t base, struct coffer_error *err)
{
	struct cf_io_range range = { base, PM_LEN, &pm_ops, p,
		"power management" };
	enum coffer_status s = COFFER_OK;

	if (base == p->base)
		return COFFER_OK;
	if (p->base)
		cf_bus_remove(p->env.pio, p->base, p);
	p->base = 0;
	if (base)
		s = cf_bus_add(p->env.pio, &range, err);
	if (s == COFFER_OK)
		p->base = base;
	return s;
}

void cf_acpi_pm_enable(struct cf_acpi_pm *p)
{
	p->cnt |= CNT_SCI_EN;
	update(p);
}

void cf_acpi_pm_power_button(struct cf_acpi_pm *p)
{
	p->sts |= STS_POWER_BUTTON;
	update(p);
}

/* Where its registers lie is the LPC bridge's to say. */
void cf_acpi_pm_state(struct cf_acpi_pm *p, struct cf_state *s)
{
	cf_state_u16(s, &p->sts);
	cf_state_u16(s, &p->en);
	cf_state_u16(s, &p->cnt);
	cf_state_u32(s, &p->smi_en);
	cf_state_bytes(s, p->gpe0, sizeof(p->gpe0));
	cf_state_u64(s, &p->cleared);
	cf_state_timer(s, p->env.clock, &p->timer);
}
