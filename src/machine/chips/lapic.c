/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local APIC registers, timer and interrupt acceptance, in xAPIC and x2APIC
 * form.
 *
 * Source: APM volume 2 (AMD 24593), "Advanced Programmable Interrupt
 * Controller"; x2APIC: the same chapter, "x2APIC Support".
 */
#include "base/base.h"
#include "base/state.h"
#include "machine/chips/lapic_core_priv.h"

#define BUS_HZ 1000000000u /* the timer's clock before the divider */

#define MSR_APIC_BASE 0x1B
#define BASE_BSP      0x100u
#define BASE_X2APIC   0x400u
#define BASE_ENABLE   0x800u
#define MSR_X2APIC    0x800
#define SVR_ENABLE    0x100u

#define LVT_MASKED   0x10000u
#define LVT_PERIODIC 0x20000u
#define LVT_PENDING  0x1000u

static bool lapic_enabled(const struct lapic *l)
{
	return l->base & BASE_ENABLE;
}

bool lapic_software_enabled(const struct lapic *l)
{
	return lapic_enabled(l) && (l->svr & SVR_ENABLE);
}

bool lapic_is_x2(const struct lapic *l)
{
	return l->base & BASE_X2APIC;
}

static int highest(const uint32_t bits[8])
{
	for (int i = 7; i >= 0; i--)
		if (bits[i])
			return i * 32 + 31 - __builtin_clz(bits[i]);
	return -1;
}

static bool test_bit(const uint32_t bits[8], unsigned n)
{
	return bits[n / 32] >> (n % 32) & 1;
}

static void assign_bit(uint32_t bits[8], unsigned n, bool on)
{
	if (on)
		bits[n / 32] |= 1u << (n % 32);
	else
		bits[n / 32] &= ~(1u << (n % 32));
}

/* Processor priority: the higher of task and in-service priority. */
static uint32_t ppr(const struct lapic *l)
{
	int isr = highest(l->isr);
	uint32_t service = isr < 0 ? 0 : (uint32_t)isr & 0xF0;

	return (l->tpr & 0xF0) >= service ? l->tpr : service;
}

/* The vector that may interrupt now, or -1. */
static int deliverable(const struct lapic *l)
{
	int v;

	if (!lapic_software_enabled(l))
		return -1;
	v = highest(l->irr);
	return v >= 0 && ((uint32_t)v & 0xF0) > (ppr(l) & 0xF0) ? v : -1;
}

/* Does the 8259 reach this vCPU?  Through LINT0 in ExtINT mode, or directly
 * when the APIC is off. */
static bool takes_extint(const struct lapic *l)
{
	if (!lapic_enabled(l))
		return l->id == 0;
	return !(l->lvt[LVT_LINT0] & LVT_MASKED) &&
		(l->lvt[LVT_LINT0] >> 8 & 7) == CF_APIC_EXTINT;
}

bool cf_apics_pending(struct cf_apics *a, unsigned vcpu)
{
	const struct lapic *l = &a->apic[vcpu];

	return deliverable(l) >= 0 || l->extint ||
		(takes_extint(l) && a->hooks.pic_pending(a->hooks.opaque));
}

int cf_apics_take(struct cf_apics *a, unsigned vcpu)
{
	struct lapic *l = &a->apic[vcpu];
	int v = deliverable(l);

	if (v >= 0) {
		assign_bit(l->irr, (unsigned)v, false);
		assign_bit(l->isr, (unsigned)v, true);
		return v;
	}
	if (l->extint ||
		(takes_extint(l) && a->hooks.pic_pending(a->hooks.opaque))) {
		l->extint = false;
		return a->hooks.pic_ack(a->hooks.opaque);
	}
	return -1;
}

void lapic_accept(
	struct cf_apics *a, struct lapic *l, uint8_t vector, bool level)
{
	if (!lapic_software_enabled(l))
		return;
	if (vector < 16) {
		l->esr_next |= 0x40; /* received an illegal vector */
		return;
	}
	assign_bit(l->irr, vector, true);
	assign_bit(l->tmr, vector, level);
	if (deliverable(l) >= 0)
		a->hooks.notify(a->hooks.opaque, l->id);
}

static void end_of_interrupt(struct cf_apics *a, struct lapic *l)
{
	int v = highest(l->isr);

	if (v < 0)
		return;
	assign_bit(l->isr, (unsigned)v, false);
	if (test_bit(l->tmr, (unsigned)v))
		a->hooks.eoi(a->hooks.opaque, (uint8_t)v);
	if (deliverable(l) >= 0)
		a->hooks.notify(a->hooks.opaque, l->id);
}

void cf_apics_lint0(struct cf_apics *a)
{
	for (unsigned i = 0; i < a->n; i++)
		if (takes_extint(&a->apic[i]))
			a->hooks.notify(a->hooks.opaque, i);
}

/* TDCR: bits 3, 1, 0 select 2, 4, ... 128, and 7 selects 1. */
static uint64_t divider(const struct lapic *l)
{
	unsigned code = (l->tdcr & 3) | (l->tdcr >> 1 & 4);

	return (uint64_t)1 << ((code + 1) & 7);
}

static uint64_t timer_ns(const struct lapic *l, uint64_t count)
{
	return cf_ticks_to_ns(count * divider(l), BUS_HZ);
}

static void arm_timer(struct cf_apics *a, struct lapic *l)
{
	if (l->tmict == 0)
		cf_timer_cancel(a->env.clock, &l->timer);
	else
		cf_timer_arm(a->env.clock, &l->timer,
			l->timer_start + timer_ns(l, l->tmict));
}

static void fire_timer(void *opaque)
{
	struct lapic *l = opaque;
	struct cf_apics *a = l->all;
	uint32_t lvt = l->lvt[LVT_TIMER];
	uint64_t period = timer_ns(l, l->tmict), now;

	if (!(lvt & LVT_MASKED))
		lapic_accept(a, l, (uint8_t)lvt, false);
	if (!(lvt & LVT_PERIODIC))
		return;
	/* Periods that passed unseen are not made up for. */
	now = cf_clock_now(a->env.clock);
	l->timer_start += period;
	if (now > l->timer_start)
		l->timer_start += (now - l->timer_start) / period * period;
	arm_timer(a, l);
}

static uint32_t current_count(struct cf_apics *a, const struct lapic *l)
{
	uint64_t now = cf_clock_now(a->env.clock), ticks;

	if (l->tmict == 0)
		return 0;
	/* Has ended, and a change of the mode alone does not start it. */
	if ((l->lvt[LVT_TIMER] & LVT_PERIODIC) && !l->timer.armed)
		return 0;
	ticks = cf_ns_to_ticks(now - l->timer_start, BUS_HZ) / divider(l);
	if (l->lvt[LVT_TIMER] & LVT_PERIODIC)
		return l->tmict - (uint32_t)(ticks % l->tmict);
	return ticks >= l->tmict ? 0 : l->tmict - (uint32_t)ticks;
}

static uint32_t x2_ldr(const struct lapic *l)
{
	return (l->id >> 4) << 16 | 1u << (l->id & 15);
}

uint32_t lapic_ldr(const struct lapic *l)
{
	return lapic_is_x2(l) ? x2_ldr(l) : l->ldr;
}

static uint32_t read_reg(struct cf_apics *a, struct lapic *l, unsigned reg)
{
	switch (reg) {
	case 0x02:
		return lapic_is_x2(l) ? l->id : l->id << 24;
	case 0x03:
		return 0x00050014; /* six LVT entries, version 0x14 */
	case 0x08:
		return l->tpr;
	case 0x0A:
		return ppr(l);
	case 0x0D:
		return lapic_ldr(l);
	case 0x0E:
		return l->dfr;
	case 0x0F:
		return l->svr;
	case 0x28:
		return l->esr;
	case 0x30:
		return (uint32_t)l->icr;
	case 0x31:
		return (uint32_t)(l->icr >> 32);
	case 0x38:
		return l->tmict;
	case 0x39:
		return current_count(a, l);
	case 0x3E:
		return l->tdcr;
	}
	if (reg >= 0x10 && reg < 0x18)
		return l->isr[reg - 0x10];
	if (reg >= 0x18 && reg < 0x20)
		return l->tmr[reg - 0x18];
	if (reg >= 0x20 && reg < 0x28)
		return l->irr[reg - 0x20];
	if (reg >= 0x32 && reg < 0x38)
		return l->lvt[reg - 0x32];
	return 0;
}

static void write_lvt(
	struct cf_apics *a, struct lapic *l, unsigned n, uint32_t v)
{
	static const uint32_t writable[NLVT] = {
		[LVT_TIMER] = 0x300FF,
		[LVT_THERMAL] = 0x107FF,
		[LVT_PERF] = 0x107FF,
		[LVT_LINT0] = 0x1A7FF,
		[LVT_LINT1] = 0x1A7FF,
		[LVT_ERROR] = 0x100FF,
	};

	/* What is due is due by the old entry. */
	if (n == LVT_TIMER && l->timer.armed &&
		cf_clock_now(a->env.clock) >= l->timer.deadline) {
		cf_timer_cancel(a->env.clock, &l->timer);
		fire_timer(l);
	}
	/* While the APIC is software-disabled, all entries are masked. */
	if (!lapic_software_enabled(l))
		v |= LVT_MASKED;
	l->lvt[n] = v & writable[n];
	if (n == LVT_LINT0 && takes_extint(l) &&
		a->hooks.pic_pending(a->hooks.opaque))
		a->hooks.notify(a->hooks.opaque, l->id);
}

static void write_svr(struct cf_apics *a, struct lapic *l, uint32_t v)
{
	l->svr = v & 0x3FF;
	if (!(v & SVR_ENABLE))
		for (unsigned i = 0; i < NLVT; i++)
			l->lvt[i] |= LVT_MASKED;
}

static void set_tpr(struct cf_apics *a, struct lapic *l, uint32_t v)
{
	l->tpr = v & 0xFF;
	if (deliverable(l) >= 0)
		a->hooks.notify(a->hooks.opaque, l->id);
}

static void write_reg(
	struct cf_apics *a, struct lapic *l, unsigned reg, uint32_t v)
{
	switch (reg) {
	case 0x08:
		set_tpr(a, l, v);
		break;
	case 0x0B:
		end_of_interrupt(a, l);
		break;
	case 0x0D:
		l->ldr = v & 0xFF000000;
		break;
	case 0x0E:
		l->dfr = v | 0x0FFFFFFF;
		break;
	case 0x0F:
		write_svr(a, l, v);
		break;
	case 0x28: /* a write makes the errors so far readable */
		l->esr = l->esr_next;
		l->esr_next = 0;
		break;
	case 0x30:
		l->icr = (l->icr & ~(uint64_t)0xFFFFFFFF) | (v & ~LVT_PENDING);
		lapic_send_ipi(a, l);
		break;
	case 0x31:
		l->icr = (uint32_t)l->icr | (uint64_t)v << 32;
		break;
	case 0x38:
		l->tmict = v;
		l->timer_start = cf_clock_now(a->env.clock);
		arm_timer(a, l);
		break;
	case 0x3E:
		l->tdcr = v & 0x0B;
		arm_timer(a, l);
		break;
	default:
		if (reg >= 0x32 && reg < 0x38)
			write_lvt(a, l, reg - 0x32, v);
	}
}

static uint64_t apic_read(
	void *dev, unsigned vcpu, uint64_t offset, unsigned size)
{
	struct cf_apics *a = dev;
	struct lapic *l = &a->apic[vcpu];

	if (!lapic_enabled(l) || lapic_is_x2(l) || offset & 15)
		return 0xFFFFFFFF;
	return read_reg(a, l, (unsigned)(offset >> 4) & 0xFF);
}

/* Memory writes from elsewhere than a vCPU's own window are messages; those
 * come through cf_apics_msi. */
static void apic_write(void *dev, unsigned vcpu, uint64_t offset, unsigned size,
	uint64_t value)
{
	struct cf_apics *a = dev;
	struct lapic *l = &a->apic[vcpu];

	if (!lapic_enabled(l) || lapic_is_x2(l) || offset & 15 || size != 4)
		return;
	write_reg(a, l, (unsigned)(offset >> 4) & 0xFF, (uint32_t)value);
}

uint64_t cf_apics_cr8(struct cf_apics *a, unsigned vcpu)
{
	return a->apic[vcpu].tpr >> 4;
}

void cf_apics_set_cr8(struct cf_apics *a, unsigned vcpu, uint64_t value)
{
	set_tpr(a, &a->apic[vcpu], (uint32_t)(value & 15) << 4);
}

bool cf_apics_msr_read(
	struct cf_apics *a, unsigned vcpu, uint32_t msr, uint64_t *value)
{
	struct lapic *l = &a->apic[vcpu];

	if (msr == MSR_APIC_BASE) {
		*value = l->base;
		return true;
	}
	if (msr < MSR_X2APIC || msr > MSR_X2APIC + 0x3F || !lapic_is_x2(l))
		return false;
	msr -= MSR_X2APIC;
	if (msr == 0x0E || msr == 0x31 || msr == 0x0B || msr == 0x3F)
		return false;
	*value = msr == 0x30 ? l->icr : read_reg(a, l, msr);
	return true;
}

static bool write_base(struct cf_apics *a, struct lapic *l, uint64_t value)
{
	uint64_t mode = value & (BASE_ENABLE | BASE_X2APIC);

	/* x2APIC needs the enable bit, and is left only by disabling. */
	if (mode == BASE_X2APIC || (lapic_is_x2(l) && mode == BASE_ENABLE) ||
		(value & ~(uint64_t)0xFFFFFFFFFFD00) ||
		(value & 0xFFFFFFFFFF000) != CF_APIC_BASE)
		return false;
	l->base = (value & ~(uint64_t)BASE_BSP) | (l->id ? 0 : BASE_BSP);
	return true;
}

bool cf_apics_msr_write(
	struct cf_apics *a, unsigned vcpu, uint32_t msr, uint64_t value)
{
	struct lapic *l = &a->apic[vcpu];

	if (msr == MSR_APIC_BASE)
		return write_base(a, l, value);
	if (msr < MSR_X2APIC || msr > MSR_X2APIC + 0x3F || !lapic_is_x2(l))
		return false;
	msr -= MSR_X2APIC;
	if (msr == 0x30) {
		l->icr = value & ~(uint64_t)LVT_PENDING;
		lapic_send_ipi(a, l);
		return true;
	}
	if (msr == 0x3F) {
		lapic_accept(a, l, (uint8_t)value, false);
		return true;
	}
	if (msr == 0x02 || msr == 0x0D || msr == 0x0E || msr == 0x31 ||
		value >> 32)
		return false;
	write_reg(a, l, msr, (uint32_t)value);
	return true;
}

void cf_apics_reset_one(struct cf_apics *a, unsigned vcpu)
{
	struct lapic *l = &a->apic[vcpu];

	cf_timer_cancel(a->env.clock, &l->timer);
	*l = (struct lapic) { .all = a,
		.id = vcpu,
		.base = CF_APIC_BASE | BASE_ENABLE | (vcpu ? 0 : BASE_BSP),
		.svr = 0xFF,
		.dfr = 0xFFFFFFFF,
		.timer = { .fire = fire_timer, .opaque = l } };
	for (unsigned i = 0; i < NLVT; i++)
		l->lvt[i] = LVT_MASKED;
	/* What a PC's firmware leaves behind, and what QEMU starts with: the
	 * 8259 reaches the boot processor. */
	if (vcpu == 0)
		l->lvt[LVT_LINT0] = CF_APIC_EXTINT << 8;
}

static const struct cf_io_ops apic_ops = { apic_read, apic_write, 4 };

enum coffer_status cf_apics_create(const struct cf_dev_env *env, unsigned vcpus,
	const struct cf_apic_hooks *hooks, struct cf_apics **out,
	struct coffer_error *err)
{
	struct cf_apics *a = cf_alloc_array(1, sizeof(*a));
	struct cf_io_range range = { CF_APIC_BASE, CF_PAGE_SIZE, &apic_ops, a,
		"local APIC" };
	enum coffer_status s;

	if (!a)
		return cf_fail_nomem(err, "the local APICs");
	a->env = *env;
	a->hooks = *hooks;
	a->n = vcpus;
	for (unsigned i = 0; i < vcpus; i++)
		cf_apics_reset_one(a, i);
	s = cf_bus_add(env->mmio, &range, err);
	if (s)
		free(a);
	else
		*out = a;
	return s;
}

void cf_apics_destroy(struct cf_apics *a)
{
	if (!a)
		return;
	for (unsigned i = 0; i < a->n; i++)
		cf_timer_cancel(a->env.clock, &a->apic[i].timer);
	cf_bus_remove(a->env.mmio, CF_APIC_BASE, a);
	free(a);
}

static void lapic_state(struct cf_apics *a, struct lapic *l, struct cf_state *s)
{
	uint32_t *const words[] = { &l->tpr, &l->ldr, &l->dfr, &l->svr, &l->esr,
		&l->esr_next, &l->tmict, &l->tdcr };

	cf_state_u64(s, &l->base);
	cf_state_need(s,
		(l->base & ~(uint64_t)(BASE_X2APIC | BASE_ENABLE)) ==
			(CF_APIC_BASE | (l->id ? 0 : BASE_BSP)),
		"the base");
	for (size_t i = 0; i < CF_ARRAY_LEN(words); i++)
		cf_state_u32(s, words[i]);
	for (size_t i = 0; i < 8; i++) {
		cf_state_u32(s, &l->isr[i]);
		cf_state_u32(s, &l->tmr[i]);
		cf_state_u32(s, &l->irr[i]);
	}
	for (size_t i = 0; i < NLVT; i++)
		cf_state_u32(s, &l->lvt[i]);
	cf_state_u64(s, &l->icr);
	cf_state_u64(s, &l->timer_start);
	cf_state_need(s, l->timer_start <= cf_clock_now(a->env.clock),
		"the timer's start");
	cf_state_timer(s, a->env.clock, &l->timer);
	cf_state_need(s, !l->timer.armed || l->tmict, "the timer");
	cf_state_bool(s, &l->extint);
}

void cf_apics_state(struct cf_apics *a, struct cf_state *s)
{
	uint32_t next = a->next_lowest;

	cf_state_u32(s, &next);
	cf_state_need(s, next <= a->n, "whose turn it is");
	if (cf_state_ok(s))
		a->next_lowest = next;
	for (unsigned i = 0; i < a->n; i++)
		lapic_state(a, &a->apic[i], s);
}
