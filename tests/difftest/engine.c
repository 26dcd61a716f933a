/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The software CPU's side: a guest in 64-bit mode at privilege level 3, with
 * only the tester's pages mapped.  Every exception arrives at its own HLT at
 * level 0, with the interrupted state in the frame on the stack there.
 */
#include "difftest.h"

#include "accel/accel.h"
#include "base/base.h"
#include "memory/memory.h"

#include <stdio.h>
#include <string.h>

/* The system area, identity mapped, supervisor only. */
#define SYS_AT    0x01000000u
#define PML4_AT   SYS_AT
#define PDPT_AT   (SYS_AT + 0x1000)
#define PD_AT     (SYS_AT + 0x2000)
#define PT_AT     (SYS_AT + 0x3000) /* up to 8 page tables */
#define GDT_AT    (SYS_AT + 0xb000)
#define TSS_AT    (SYS_AT + 0xc000)
#define IDT_AT    (SYS_AT + 0xd000)
#define HLT_AT    (SYS_AT + 0xe000) /* one of 16 bytes per vector */
#define STACK0_AT (SYS_AT + 0xf000)
#define SYS_LEN   0x10000u

#define PTE_P 0x1u
#define PTE_W 0x2u
#define PTE_U 0x4u

#define SEL_CODE0 0x08u
#define SEL_DATA3 0x1bu
#define SEL_CODE3 0x23u
#define SEL_TSS   0x28u
#define SEL_32    0x3bu

struct engine {
	struct cf_memory *mem;
	const struct cf_accel_ops *ops;
	struct cf_vm *vm;
	struct cf_accel_host host;
	unsigned npts;
};

static bool write_mem(struct engine *e, uint64_t gpa, const void *p, size_t len)
{
	struct coffer_error err;

	if (cf_guest_write(e->mem, gpa, p, len, &err) == COFFER_OK)
		return true;
	fprintf(stderr, "difftest: %s\n", err.msg);
	return false;
}

static bool write_u64(struct engine *e, uint64_t gpa, uint64_t v)
{
	uint8_t b[8];

	cf_store_le64(b, v);
	return write_mem(e, gpa, b, sizeof b);
}

/* All is below 1 GiB: one PDPT entry, page tables as they are needed. */
static bool map_pages(
	struct engine *e, uint64_t from, uint64_t len, uint64_t bits)
{
	for (uint64_t at = from; at < from + len; at += CF_PAGE_SIZE) {
		uint64_t pd = PD_AT + (at >> 21 & 511) * 8, pt;
		uint8_t old[8];

		if (cf_guest_read(e->mem, pd, old, sizeof old, NULL))
			return false;
		pt = cf_load_le64(old) & ~(uint64_t)0xfff;
		if (!pt) {
			pt = PT_AT + 0x1000 * (uint64_t)e->npts++;
			if (!write_u64(e, pd, pt | PTE_P | PTE_W | PTE_U))
				return false;
		}
		if (!write_u64(e, pt + (at >> 12 & 511) * 8, at | bits))
			return false;
	}
	return true;
}

static bool build_tables(struct engine *e)
{
	static const uint64_t gdt[] = { 0, 0x00af9a000000ffff, 0,
		0x00cff2000000ffff, 0x00affa000000ffff,
		0x0000890000000067 | (uint64_t)(TSS_AT & 0xffffff) << 16 |
			(uint64_t)(TSS_AT >> 24) << 56,
		0, 0x00cffa000000ffff };
	bool ok = write_u64(e, PML4_AT, PDPT_AT | PTE_P | PTE_W | PTE_U) &&
		write_u64(e, PDPT_AT, PD_AT | PTE_P | PTE_W | PTE_U);

	for (size_t i = 0; ok && i < CF_ARRAY_LEN(gdt); i++)
		ok = write_u64(e, GDT_AT + 8 * i, gdt[i]);
	ok = ok && write_u64(e, TSS_AT + 4, STACK0_AT + 0x1000);
	for (uint64_t v = 0; ok && v < 256; v++) {
		uint64_t h = HLT_AT + 16 * v;
		/* Interrupt gate that level 3 may use. */
		uint64_t gate = (h & 0xffff) | SEL_CODE0 << 16 |
			(uint64_t)0xee00 << 32 | (h >> 16 & 0xffff) << 48;

		ok = write_u64(e, IDT_AT + 16 * v, gate) &&
			write_u64(e, IDT_AT + 16 * v + 8, h >> 32) &&
			write_mem(e, h, "\xf4", 1);
	}
	return ok && map_pages(e, SYS_AT, SYS_LEN, PTE_P | PTE_W) &&
		map_pages(e, SCRATCH_AT, SCRATCH_LEN, PTE_P | PTE_W | PTE_U) &&
		map_pages(e, STACK_AT, STACK_LEN, PTE_P | PTE_W | PTE_U) &&
		map_pages(e, CODE_AT, CODE_LEN, PTE_P | PTE_U);
}

static void on_idle(void *opaque, unsigned vcpu)
{
	struct engine *e = opaque;

	e->ops->kick(e->vm, vcpu);
}

static uint64_t on_clock(void *opaque, unsigned vcpu)
{
	return 0;
}

static int no_interrupt(void *opaque, unsigned vcpu)
{
	return -1;
}

static bool none_pending(void *opaque, unsigned vcpu)
{
	return false;
}

static void engine_close(struct engine *e)
{
	if (e->vm)
		e->ops->vm_destroy(e->vm);
	cf_memory_destroy(e->mem);
}

static bool engine_open(struct engine *e)
{
	struct coffer_error err;
	struct cf_vm_config config = { .platform = CF_PLATFORM_NATIVE,
		.vcpus = 1,
		.cpu_model = "max",
		.tsc_hz = 1000000000 };
	bool ok;

	*e = (struct engine) { .host = { .opaque = e,
				       .idle = on_idle,
				       .clock_ns = on_clock,
				       .irq_take = no_interrupt,
				       .irq_pending = none_pending } };
	e->ops = cf_accel_soft(&err);
	ok = e->ops && !cf_memory_create(&e->mem, &err) &&
		!cf_memory_add(
			e->mem, SYS_AT, SYS_LEN, CF_REGION_RAM, "sys", &err) &&
		!cf_memory_add(e->mem, SCRATCH_AT, SCRATCH_LEN, CF_REGION_RAM,
			"scratch", &err) &&
		!cf_memory_add(e->mem, STACK_AT, STACK_LEN, CF_REGION_RAM,
			"stack", &err) &&
		!cf_memory_add(e->mem, CODE_AT, CODE_LEN, CF_REGION_RAM, "code",
			&err) &&
		build_tables(e);
	config.memory = e->mem;
	config.host = &e->host;
	ok = ok && !e->ops->vm_create(&config, &e->vm, &err);
	if (!ok) {
		fprintf(stderr, "difftest: %s\n", err.msg);
		engine_close(e);
	}
	return ok;
}

static void flat_state(struct cf_cpu_state *s, bool compat)
{
	const struct cf_segment data = {
		.selector = SEL_DATA3, .attrib = 0xcf3, .limit = 0xffffffff
	};

	for (size_t i = 0; i < CF_NSEGS; i++)
		s->seg[i] = data;
	s->seg[CF_SEG_CS] = (struct cf_segment) {
		.selector = SEL_CODE3, .attrib = 0xafb, .limit = 0xffffffff
	};
	if (compat)
		s->seg[CF_SEG_CS] = (struct cf_segment) {
			.selector = SEL_32, .attrib = 0xcfb, .limit = 0xffffffff
		};
	s->gdtr = (struct cf_segment) { .limit = 0x3f, .base = GDT_AT };
	s->idtr = (struct cf_segment) { .limit = 0xfff, .base = IDT_AT };
	s->tr = (struct cf_segment) { .selector = SEL_TSS,
		.attrib = 0x8b,
		.limit = 0x67,
		.base = TSS_AT };
	s->ldtr = (struct cf_segment) { .attrib = 0x82 };
	s->cr0 = 0x80050033; /* PG AM WP NE ET MP PE */
	s->cr3 = PML4_AT;
	s->cr4 = 0x406a0; /* PAE PGE OSFXSR OSXMMEXCPT OSXSAVE */
	s->efer = 0xd00;  /* NXE LMA LME */
	s->cpl = 3;
	s->xcr0 = __builtin_cpu_supports("avx") ? 7 : 3;
	s->dr7 = 0x400;
	s->dr6 = 0xffff0ff0;
}

static void load_state(struct cf_cpu_state *s, const struct state *from)
{
	memcpy(s->gpr, from->gpr, sizeof s->gpr);
	s->rflags = from->rflags;
	s->fcw = cf_load_le16(from->fx);
	s->fsw = cf_load_le16(from->fx + 2);
	s->ftw = 0;
	for (unsigned i = 0; i < 8; i++)
		if (!(from->fx[4] & 1u << i))
			s->ftw = (uint16_t)(s->ftw | 3u << 2 * i);
	s->mxcsr = cf_load_le32(from->fx + 24);
	for (size_t i = 0; i < 8; i++)
		memcpy(s->x87 + 10 * i, from->fx + 32 + 16 * i, 10);
	memcpy(s->xmm, from->fx + 160, 256);
	memcpy(s->ymm_high, from->high, 256);
}

static void store_state(const struct cf_cpu_state *s, struct state *to)
{
	memcpy(to->gpr, s->gpr, sizeof s->gpr);
	cf_store_le16(to->fx, s->fcw);
	cf_store_le16(to->fx + 2, s->fsw);
	to->fx[4] = 0;
	for (unsigned i = 0; i < 8; i++)
		if ((s->ftw >> 2 * i & 3) != 3)
			to->fx[4] = (uint8_t)(to->fx[4] | 1u << i);
	cf_store_le32(to->fx + 24, s->mxcsr);
	for (size_t i = 0; i < 8; i++)
		memcpy(to->fx + 32 + 16 * i, s->x87 + 10 * i, 10);
	memcpy(to->fx + 160, s->xmm, 256);
	memcpy(to->high, s->ymm_high, 256);
}

/* RIP, CS, RFLAGS, RSP, SS, from the top of the level-0 stack. */
static bool unwind_frame(
	struct engine *e, const struct cf_cpu_state *s, struct result *r)
{
	uint8_t frame[40];

	if (cf_guest_read(e->mem, STACK0_AT + 0x1000 - sizeof frame, frame,
		    sizeof frame, NULL))
		return false;
	r->vector = (int)((s->rip - HLT_AT) / 16);
	r->end.rip = cf_load_le64(frame);
	r->end.rflags = cf_load_le64(frame + 16);
	r->end.gpr[CF_RSP] = cf_load_le64(frame + 24);
	r->cr2 = r->vector == 14 ? s->cr2 : 0;
	return true;
}

static bool run_case(struct engine *e, const struct test_case *c, size_t slot,
	struct result *r)
{
	struct cf_cpu_state s = { 0 };
	struct cf_stop_info stop = { 0 };
	struct coffer_error err;

	flat_state(&s, c->compat);
	load_state(&s, &c->start);
	s.rip = CODE_AT + slot * SLOT_LEN;
	if (!write_mem(e, SCRATCH_AT, c->start.scratch, SCRATCH_LEN) ||
		!write_mem(e, STACK_AT, c->start.stack, STACK_LEN) ||
		e->ops->set_state(e->vm, 0, &s, &err))
		return false;
	e->ops->run(e->vm, 0, 1000000, &stop);
	if (e->ops->get_state(e->vm, 0, &s, &err))
		return false;
	store_state(&s, &r->end);
	if (s.rip < HLT_AT || s.rip >= HLT_AT + 0x1000) {
		r->vector = -1;
		r->end.rip = s.rip;
		fprintf(stderr, "difftest: engine stopped: %d at 0x%llx: %s\n",
			(int)stop.why, (unsigned long long)s.rip, stop.detail);
		return true;
	}
	return unwind_frame(e, &s, r) &&
		!cf_guest_read(e->mem, SCRATCH_AT, r->end.scratch, SCRATCH_LEN,
			&err) &&
		!cf_guest_read(e->mem, STACK_AT, r->end.stack, STACK_LEN, &err);
}

bool run_on_engine(const struct test_case *cases, size_t n, struct result *out)
{
	struct engine e;
	bool ok = engine_open(&e);

	if (!ok)
		return false;
	for (size_t i = 0; ok && i < n; i++) {
		uint8_t code[SLOT_LEN];

		assemble(&cases[i], code);
		ok = write_mem(&e, CODE_AT + i * SLOT_LEN, code, SLOT_LEN);
	}
	for (size_t i = 0; ok && i < n; i++)
		ok = run_case(&e, &cases[i], i, &out[i]);
	engine_close(&e);
	return ok;
}
