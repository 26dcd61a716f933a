/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling and dropping translations.
 *
 * The salt in the low bits of every tag makes entries of another generation
 * or privilege miss: bits 1:0 are 0 supervisor, 1 supervisor with AC set
 * (SMAP), 2 user, 3 user with alignment checks, which nothing is cached for; bits 11:2 count flushes.  So a flush, and a change of
 * privilege, costs nothing, and with PCIDs the entries of several address
 * spaces live side by side, each with the generation of its last flush.
 */
#include "accel/soft/block_priv.h"
#include "accel/soft/mem_priv.h"
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/debug/watch_priv.h"
#include "accel/soft/world_priv.h"

#define MAX_GEN 1023u

static uint64_t salt_of(const struct vcpu *cpu, bool user, bool ac)
{
	return (uint64_t)cpu->tlb_gen << 2 | (user ? 2u : ac ? 1u : 0u);
}

void cf_update_salt(struct vcpu *cpu)
{
	bool user = cpu->cpl == 3, ac = cpu->flags & CF_FL_AC;

	cpu->checks_alignment = user && ac && (cpu->cr0 & CF_CR0_AM);
	cpu->salt = salt_of(cpu, user, ac && (cpu->cr4 & CF_CR4_SMAP));
	/* A privilege that no entry has. */
	if (cpu->checks_alignment)
		cpu->salt |= 3;
	cpu->jump_salt =
		(uint64_t)cpu->mode_id << 58 | (uint64_t)cpu->jump_gen << 48;
}

/* Generations that no entry has; when they are used up, all entries go. */
static void new_tlb_gen(struct vcpu *cpu)
{
	unsigned i;

	if (++cpu->tlb_top > MAX_GEN) {
		for (i = 0; i < CF_TLB_SIZE; i++)
			cpu->tlb[i].rtag = cpu->tlb[i].wtag = CF_TLB_NONE;
		for (i = 0; i < CF_FETCH_SIZE; i++)
			cpu->fetch[i].tag = CF_TLB_NONE;
		for (i = 0; i < CF_SPACES; i++)
			cpu->space[i].tlb_gen = 0;
		memset(cpu->cached, 0, sizeof(cpu->cached));
		memset(cpu->large, 0, sizeof(cpu->large));
		cpu->tlb_top = 1;
	}
	cpu->tlb_gen = cpu->tlb_top;
}

static void new_jump_gen(struct vcpu *cpu)
{
	unsigned i;

	if (++cpu->jump_top > MAX_GEN) {
		/* Salts with generation 0 are never used. */
		memset(cpu->jump, 0, CF_JUMP_SIZE * sizeof(*cpu->jump));
		for (i = 0; i < CF_SPACES; i++)
			cpu->space[i].jump_gen = 0;
		cpu->jump_top = 1;
	}
	cpu->jump_gen = cpu->jump_top;
}

void cf_tlb_flush(struct vcpu *cpu)
{
	unsigned i;

	for (i = 0; i < CF_SPACES; i++)
		cpu->space[i].tlb_gen = cpu->space[i].jump_gen = 0;
	new_tlb_gen(cpu);
	new_jump_gen(cpu);
	memset(cpu->cached, 0, sizeof(cpu->cached));
	memset(cpu->large, 0, sizeof(cpu->large));
	cf_update_salt(cpu);
}

/* An address has one entry, so it is gone from all address spaces. */
void cf_tlb_flush_page(struct vcpu *cpu, uint64_t addr)
{
	struct cf_tlb_entry *e = cf_tlb_at(cpu, addr);
	const struct cf_large *l = &cpu->large[addr >> 63];
	unsigned i;

	/* A large page is cached in many places. */
	if (l->mask && (addr & l->mask) == l->base) {
		cf_tlb_flush(cpu);
		return;
	}
	e->rtag = e->wtag = CF_TLB_NONE;
	cpu->fetch[addr >> 12 & (CF_FETCH_SIZE - 1)].tag = CF_TLB_NONE;
	for (i = 0; i < CF_SPACES; i++)
		cpu->space[i].jump_gen = 0;
	new_jump_gen(cpu);
	cf_update_salt(cpu);
}

/* The space of a PCID, or the one to be given up for it. */
static unsigned space_of(const struct vcpu *cpu, unsigned pcid)
{
	unsigned i;

	for (i = 0; i < CF_SPACES; i++)
		if (cpu->space[i].pcid == pcid && cpu->space[i].tlb_gen)
			return i;
	return (cpu->current + 1) % CF_SPACES;
}

void cf_tlb_switch(struct vcpu *cpu, unsigned old, unsigned pcid, bool keep)
{
	struct cf_space *s = &cpu->space[cpu->current];

	*s = (struct cf_space) { .pcid = (uint16_t)old,
		.jump_gen = (uint16_t)cpu->jump_gen,
		.tlb_gen = (uint16_t)cpu->tlb_gen };
	cpu->current = space_of(cpu, pcid);
	s = &cpu->space[cpu->current];
	keep = keep && s->pcid == pcid;
	s->pcid = (uint16_t)pcid;
	if (keep && s->tlb_gen)
		cpu->tlb_gen = s->tlb_gen;
	else
		new_tlb_gen(cpu);
	if (keep && s->jump_gen)
		cpu->jump_gen = s->jump_gen;
	else
		new_jump_gen(cpu);
	cf_update_salt(cpu);
}

void cf_tlb_flush_pcid(struct vcpu *cpu, unsigned current, unsigned pcid)
{
	unsigned i;

	for (i = 0; i < CF_SPACES; i++)
		if (cpu->space[i].pcid == pcid)
			cpu->space[i].tlb_gen = cpu->space[i].jump_gen = 0;
	if (pcid != current)
		return;
	new_tlb_gen(cpu);
	new_jump_gen(cpu);
	cf_update_salt(cpu);
}

void cf_tlb_forget_gpa(struct vcpu *cpu, uint64_t gpa)
{
	unsigned i;

	if (!cf_tlb_noted(cpu, gpa))
		return;
	gpa &= CF_PAGE_MASK;
	for (i = 0; i < CF_TLB_SIZE; i++) {
		if (cpu->tlb[i].gpa == gpa)
			cpu->tlb[i].rtag = cpu->tlb[i].wtag = CF_TLB_NONE;
	}
	for (i = 0; i < CF_FETCH_SIZE; i++) {
		if (cpu->fetch[i].gpa == gpa)
			cpu->fetch[i].tag = CF_TLB_NONE;
	}
}

void cf_tlb_protect_gpa(struct vcpu *cpu, uint64_t gpa)
{
	unsigned i;

	if (!cf_tlb_noted(cpu, gpa))
		return;
	gpa &= CF_PAGE_MASK;
	for (i = 0; i < CF_TLB_SIZE; i++) {
		if (cpu->tlb[i].gpa == gpa)
			cpu->tlb[i].wtag = CF_TLB_NONE;
	}
}

uint8_t *cf_page_host(struct vcpu *cpu, uint64_t gpa, unsigned asid,
	enum cf_region_kind *kind)
{
	struct cf_memory *mem = cpu->vm->mem;
	enum cf_region_kind ignored;
	uint8_t *page;

	gpa &= CF_PAGE_MASK;
	if (CF_LIKELY(cf_memory_page_view(mem, gpa) == asid))
		return cf_memory_page(mem, gpa, asid, kind ? kind : &ignored);
	/* The page must be recoded, with the world stopped. */
	do {
		cf_gate_leave(cpu);
		page = cf_memory_page(mem, gpa, asid, kind ? kind : &ignored);
		cf_gate_enter(cpu);
	} while (page && cf_memory_page_view(mem, gpa) != asid);
	/* Once more from inside: flash may have hidden itself meanwhile. */
	return page ? cf_memory_page(mem, gpa, asid, kind ? kind : &ignored)
		    : NULL;
}

static bool canonical(uint64_t addr)
{
	return (uint64_t)((int64_t)(addr << 16) >> 16) == addr;
}

void cf_check_canonical(struct vcpu *cpu, const struct op *op, uint64_t addr)
{
	bool stack = op && (op->seg == CF_SEG_SS);

	if ((cpu->mode & CF_MODE_L) && !canonical(addr))
		cf_raise_error(cpu, op, stack ? CF_VEC_SS : CF_VEC_GP, 0);
}

static void install(struct vcpu *cpu, uint64_t addr, uint64_t salt,
	const struct cf_place *place, bool read, bool write)
{
	struct cf_tlb_entry *e = cf_tlb_at(cpu, addr);
	uint64_t page = addr & CF_PAGE_MASK, tag = page | salt;

	e->addend = (uint64_t)(uintptr_t)place->host - addr;
	e->gpa = place->gpa & CF_PAGE_MASK;
	cf_tlb_note(cpu, place->gpa);
	e->rtag = read ? tag : CF_TLB_NONE;
	e->wtag = write ? tag : CF_TLB_NONE;
}

void cf_place(struct vcpu *cpu, const struct op *op, uint64_t addr,
	unsigned access, struct cf_place *out)
{
	bool system = access & CF_ACC_SYSTEM;
	bool user = cpu->cpl == 3 && !system;
	enum cf_region_kind kind = CF_REGION_RAM;
	struct cf_walk w;
	uint8_t *page;
	bool may_write;

	cf_check_canonical(cpu, op, addr);
	if (!(cpu->efer & CF_EFER_LMA))
		addr &= 0xffffffff;
	if (!cf_walk(cpu, addr, access, user, true, &w))
		cf_raise_pf(cpu, op, addr, w.error);
	page = cf_page_host(
		cpu, w.gpa, cf_view_asid(cpu, w.private_view), &kind);
	/* A flash chip's bytes are read in place and written by command. */
	if (kind == CF_REGION_FLASH && (access & CF_ACC_KIND) == CF_ACC_WRITE)
		page = NULL;
	may_write = cf_check_fill(
		cpu, op, addr, w.gpa, access, user, w.private_view, !page);
	*out = (struct cf_place) {
		.gpa = w.gpa,
		.host = page ? page + (w.gpa & 0xfff) : NULL,
		.rom = kind == CF_REGION_ROM,
	};
	out->code = page && cf_code_granules(cpu->vm, w.gpa);
	if (!page || (system && cpu->cpl == 3) || cf_watched(cpu))
		return;
	cf_tlb_note_size(cpu, addr, w.shift);
	install(cpu, addr,
		salt_of(cpu, user,
			!system && (cpu->flags & CF_FL_AC) &&
				(cpu->cr4 & CF_CR4_SMAP)),
		out, true,
		w.writable && may_write && kind == CF_REGION_RAM && !out->code);
}

bool cf_debug_translate(
	struct vcpu *cpu, uint64_t addr, uint64_t *gpa, bool *private_view)
{
	struct cf_walk w;

	/* As a supervisor read; SMAP does not concern a debugger. */
	uint64_t flags = cpu->flags;
	bool ok;

	cpu->flags |= CF_FL_AC;
	ok = cf_walk(cpu, addr, CF_ACC_READ, false, false, &w);
	cpu->flags = flags;
	if (ok) {
		*gpa = w.gpa;
		*private_view = w.private_view;
	}
	return ok;
}
