/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"
#include "soft_guest.h"

static uint32_t pio_read(void *o, unsigned vcpu, uint16_t port, unsigned size)
{
	return 0xabcd0000u | port;
}

static void pio_write(
	void *o, unsigned vcpu, uint16_t port, unsigned size, uint32_t value)
{
	struct guest *g = o;

	if (port == PORT_DONE) {
		atomic_fetch_add(&g->done, 1);
		g->ops->kick(g->vm, vcpu);
	} else if (port == PORT_LOG && g->log_len < sizeof(g->log)) {
		g->log[g->log_len++] = (uint8_t)value;
	}
}

static uint64_t mmio_read(void *o, unsigned vcpu, uint64_t gpa, unsigned size)
{
	struct guest *g = o;

	g->mmio_gpa = gpa;
	return g->mmio_value;
}

static void mmio_write(
	void *o, unsigned vcpu, uint64_t gpa, unsigned size, uint64_t value)
{
	struct guest *g = o;

	g->mmio_gpa = gpa;
	g->mmio_value = value;
}

static void hook(struct guest *g)
{
	if (!g->hook)
		return;
	g->hooked++;
	g->hook(g);
}

static uint64_t cr8_read(void *o, unsigned vcpu)
{
	hook(o);
	return 0;
}

static void cr8_write(void *o, unsigned vcpu, uint64_t v)
{
	hook(o);
}

static bool msr_read(void *o, unsigned vcpu, uint32_t msr, uint64_t *v)
{
	hook(o);
	*v = 0xFEE00900;
	return true;
}

static bool msr_write(void *o, unsigned vcpu, uint32_t msr, uint64_t v)
{
	hook(o);
	return true;
}

static int irq_take(void *o, unsigned vcpu)
{
	struct guest *g = o;
	int v = g->irq;

	g->irq = -1;
	return v;
}

static bool irq_pending(void *o, unsigned vcpu)
{
	const struct guest *g = o;

	return g->irq >= 0;
}

static uint64_t clock_ns(void *o, unsigned vcpu)
{
	const struct guest *g = o;

	return g->ops->instructions(g->vm, vcpu);
}

void guest_create(struct guest *g, unsigned vcpus)
{
	struct coffer_error err;
	struct cf_vm_config config;

	*g = (struct guest) { .irq = -1, .vcpus = vcpus };
	g->ops = cf_accel_soft(&err);
	g->host = (struct cf_accel_host) {
		.opaque = g,
		.pio_read = pio_read,
		.pio_write = pio_write,
		.mmio_read = mmio_read,
		.mmio_write = mmio_write,
		.irq_take = irq_take,
		.irq_pending = irq_pending,
		.cr8_read = cr8_read,
		.cr8_write = cr8_write,
		.msr_read = msr_read,
		.msr_write = msr_write,
		.clock_ns = clock_ns,
	};
	assert_ok(cf_memory_create(&g->mem, &err));
	assert_ok(cf_memory_add(
		g->mem, 0, GUEST_RAM, CF_REGION_RAM, "ram", &err));
	assert_ok(cf_memory_add(
		g->mem, GUEST_FLASH, 0x2000, CF_REGION_FLASH, "flash", &err));
	config = (struct cf_vm_config) {
		.platform = CF_PLATFORM_NATIVE,
		.vcpus = vcpus,
		.memory = g->mem,
		.host = &g->host,
		.cpu_model = "EPYC-Milan",
		.tsc_hz = 1000000000,
	};
	assert_ok(g->ops->vm_create(&config, &g->vm, &err));
}

void guest_destroy(struct guest *g)
{
	g->ops->vm_destroy(g->vm);
	cf_memory_destroy(g->mem);
}

void guest_put(struct guest *g, uint64_t gpa, const void *p, size_t n)
{
	struct coffer_error err;

	assert_ok(cf_guest_write(g->mem, gpa, p, n, &err));
}

void guest_get(struct guest *g, uint64_t gpa, void *p, size_t n)
{
	struct coffer_error err;

	assert_ok(cf_guest_read(g->mem, gpa, p, n, &err));
}

uint64_t guest_u64(struct guest *g, uint64_t gpa)
{
	uint64_t v;

	guest_get(g, gpa, &v, sizeof(v));
	return v;
}

void guest_map(struct guest *g)
{
	uint64_t pml4 = 0x2003, pdpt = 0x3003, pd[512];
	unsigned i;

	for (i = 0; i < 512; i++)
		pd[i] = (uint64_t)i << 21 | 0x83;
	guest_put(g, 0x1000, &pml4, sizeof(pml4));
	guest_put(g, 0x2000, &pdpt, sizeof(pdpt));
	guest_put(g, 0x3000, pd, sizeof(pd));
}

void guest_long_mode(struct cf_cpu_state *s)
{
	unsigned i;

	cf_cpu_state_reset(s, 0xa00f11);
	s->rip = GUEST_CODE;
	s->gpr[CF_RSP] = GUEST_STACK;
	s->cr0 = 0x80010033;
	s->cr3 = GUEST_CR3;
	s->cr4 = 0x620; /* PAE, OSFXSR, OSXMMEXCPT */
	s->efer = 0xd00;
	for (i = 0; i < CF_NSEGS; i++)
		s->seg[i] = (struct cf_segment) {
			.selector = 0x10, .attrib = 0xc93, .limit = UINT32_MAX
		};
	s->seg[CF_SEG_CS].selector = 8;
	s->seg[CF_SEG_CS].attrib = 0xa9b;
}

void guest_gate(struct guest *g, struct cf_cpu_state *s, unsigned vector,
	uint64_t handler)
{
	static const uint64_t gdt[5] = { 0, 0x00af9b000000ffff,
		0x00cf93000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff };
	uint64_t gate[2] = {
		(handler & 0xffff) | 8u << 16 | UINT64_C(0x8e00) << 32 |
			(handler >> 16 & 0xffff) << 48,
		handler >> 32,
	};

	guest_put(g, 0x5000 + vector * 16, gate, sizeof(gate));
	guest_put(g, 0x6000, gdt, sizeof(gdt));
	s->idtr.base = 0x5000;
	s->idtr.limit = 0xfff;
	s->gdtr.base = 0x6000;
	s->gdtr.limit = 39;
}

struct cf_stop_info guest_resume(struct guest *g, unsigned vcpu)
{
	struct cf_stop_info stop;

	g->ops->run(g->vm, vcpu, UINT64_MAX, &stop);
	return stop;
}

void guest_run(struct guest *g, const uint8_t *code, const uint8_t *end,
	struct cf_cpu_state *s)
{
	struct coffer_error err;
	struct cf_stop_info stop;

	guest_put(g, GUEST_CODE, code, (size_t)(end - code));
	assert_ok(g->ops->set_state(g->vm, 0, s, &err));
	stop = guest_resume(g, 0);
	if (stop.why != CF_STOP_KICK)
		fail_msg("stopped: %d at 0x%llx: %s", stop.why,
			(unsigned long long)stop.rip, stop.detail);
	assert_ok(g->ops->get_state(g->vm, 0, s, &err));
}
