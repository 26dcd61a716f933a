/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks of one vCPU: an arena that is emptied when it is full, a hash by
 * physical address, and lists by page for invalidation.
 *
 * Blocks are never freed one by one.  A killed block stays where it is, with
 * every operation replaced by one that leaves to the loop, so whoever still
 * runs or jumps into it gets out at the next instruction.
 */
#include "accel/soft/block_priv.h"
#include "accel/soft/mem_priv.h"
#include "accel/soft/insn/ops_priv.h"
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/debug/trace_priv.h"

#include "base/alloc.h"

#include <sys/mman.h>

#define ARENA_LEN  ((size_t)16 << 20)
#define HASH_SIZE  16384u
#define PAGES_SIZE 4096u
#define MAX_POSTED 64u
/* A jump to a dead block costs a trip to the loop.  After so many the arena
 * is emptied, and with it all stale links. */
#define MAX_STALE 20000u

struct posted {
	uint64_t gpa, granules;
};

struct cf_blocks {
	uint8_t *arena;
	size_t used;
	struct block *hash[HASH_SIZE];
	struct block *pages[PAGES_SIZE];  /* by number of the first page */
	struct block *pages2[PAGES_SIZE]; /* of the second, if any */
	unsigned dead;
	pthread_mutex_t lock; /* of what is posted */
	struct posted posted[MAX_POSTED];
	unsigned nposted; /* more than MAX_POSTED: everything */
	struct op scratch[CF_BLOCK_MAX_OPS + 1];
};

bool cf_blocks_create(struct vcpu *cpu)
{
	struct cf_blocks *b = calloc(1, sizeof(*b));

	if (!b)
		return false;
	b->arena = mmap(NULL, ARENA_LEN, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b->arena == MAP_FAILED || pthread_mutex_init(&b->lock, NULL)) {
		if (b->arena != MAP_FAILED)
			munmap(b->arena, ARENA_LEN);
		free(b);
		return false;
	}
	cpu->blocks = b;
	return true;
}

void cf_blocks_destroy(struct vcpu *cpu)
{
	struct cf_blocks *b = cpu->blocks;

	if (!b)
		return;
	pthread_mutex_destroy(&b->lock);
	munmap(b->arena, ARENA_LEN);
	free(b);
	cpu->blocks = NULL;
}

void *cf_blocks_alloc(struct vcpu *cpu, size_t len)
{
	struct cf_blocks *b = cpu->blocks;
	void *p;

	len = (len + 31) & ~(size_t)31;
	if (len > ARENA_LEN - b->used)
		return NULL;
	p = b->arena + b->used;
	b->used += len;
	return p;
}

void cf_blocks_flush(struct vcpu *cpu)
{
	struct cf_blocks *b = cpu->blocks;

	b->used = 0;
	b->dead = 0;
	memset(b->hash, 0, sizeof(b->hash));
	memset(b->pages, 0, sizeof(b->pages));
	memset(b->pages2, 0, sizeof(b->pages2));
	memset(cpu->jump, 0, CF_JUMP_SIZE * sizeof(*cpu->jump));
	cpu->link_op = NULL;
}

static unsigned hash_of(uint64_t gpa, uint32_t mode)
{
	return (unsigned)(gpa ^ gpa >> 14 ^ mode * 0x9e37u) & (HASH_SIZE - 1);
}

static struct block **page_slot(struct block **pages, uint64_t gpa)
{
	return &pages[gpa >> 12 & (PAGES_SIZE - 1)];
}

static bool same_page(uint64_t a, uint64_t b)
{
	return (a & CF_PAGE_MASK) == (b & CF_PAGE_MASK);
}

/* Granules of page `page` that the block's bytes touch. */
static uint64_t granules_in(const struct block *b, uint64_t page)
{
	uint64_t first, last;

	if (same_page(b->gpa, page)) {
		first = b->gpa & 0xfff;
		last = first + b->len - 1;
	} else {
		first = 0;
		last = (b->gpa & 0xfff) + b->len - 1 - 0x1000;
	}
	if (last > 0xfff)
		last = 0xfff;
	first >>= 6;
	last >>= 6;
	return (last == 63 ? UINT64_MAX : ((uint64_t)1 << (last + 1)) - 1) &
		~(((uint64_t)1 << first) - 1);
}

static void kill_block(struct cf_blocks *bs, struct block *b)
{
	unsigned i;
	struct block **at = &bs->hash[hash_of(b->gpa, b->mode)];

	for (; *at; at = &(*at)->hash_next) {
		if (*at == b) {
			*at = b->hash_next;
			break;
		}
	}
	for (i = 0; i <= b->nops; i++)
		b->ops[i].fn = cf_op_stale;
	b->dead = true;
	bs->dead++;
}

static void kill_on_list(struct cf_blocks *bs, struct block *b, uint64_t gpa,
	uint64_t granules, bool second)
{
	while (b) {
		if (same_page(second ? b->gpa2 : b->gpa, gpa) && !b->dead &&
			(granules_in(b, gpa) & granules))
			kill_block(bs, b);
		b = second ? b->page2_next : b->page_next;
	}
}

void cf_blocks_kill(struct vcpu *cpu, uint64_t gpa, uint64_t granules)
{
	struct cf_blocks *bs = cpu->blocks;

	kill_on_list(bs, *page_slot(bs->pages, gpa), gpa, granules, false);
	kill_on_list(bs, *page_slot(bs->pages2, gpa), gpa, granules, true);
}

void cf_blocks_post(struct vcpu *cpu, uint64_t gpa, uint64_t granules)
{
	struct cf_blocks *b = cpu->blocks;

	pthread_mutex_lock(&b->lock);
	if (b->nposted < MAX_POSTED)
		b->posted[b->nposted] =
			(struct posted) { gpa & CF_PAGE_MASK, granules };
	if (b->nposted <= MAX_POSTED)
		b->nposted++;
	pthread_mutex_unlock(&b->lock);
	cf_attention(cpu, CF_ATT_CODE);
}

void cf_blocks_take_posted(struct vcpu *cpu)
{
	struct cf_blocks *b = cpu->blocks;
	unsigned i;

	pthread_mutex_lock(&b->lock);
	if (b->nposted > MAX_POSTED)
		cf_blocks_flush(cpu);
	else
		for (i = 0; i < b->nposted; i++)
			cf_blocks_kill(
				cpu, b->posted[i].gpa, b->posted[i].granules);
	b->nposted = 0;
	pthread_mutex_unlock(&b->lock);
}

/* Physical address of code at a linear address; raises. */
static uint64_t fetch_gpa(struct vcpu *cpu, uint64_t addr)
{
	struct cf_fetch_entry *e =
		&cpu->fetch[addr >> 12 & (CF_FETCH_SIZE - 1)];
	uint64_t tag = (addr & CF_PAGE_MASK) | cpu->salt;
	struct cf_walk w;

	if (e->tag == tag)
		return e->gpa | (addr & 0xfff);
	if (!cf_walk(cpu, addr, CF_ACC_FETCH, cpu->cpl == 3, true, &w))
		cf_raise_pf(cpu, NULL, addr, w.error);
	cf_check_fill(cpu, NULL, addr, w.gpa, CF_ACC_FETCH, cpu->cpl == 3, true,
		false);
	e->tag = tag;
	e->gpa = w.gpa & CF_PAGE_MASK;
	cf_tlb_note(cpu, w.gpa);
	cf_tlb_note_size(cpu, addr, w.shift);
	return w.gpa;
}

/* Linear address of the next instruction, with the checks of a fetch. */
static uint64_t code_address(struct vcpu *cpu)
{
	uint64_t rip = cpu->r[CF_R_RIP];

	if (cpu->mode & CF_MODE_L) {
		if ((uint64_t)((int64_t)(rip << 16) >> 16) != rip)
			cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
		return rip;
	}
	if (rip > cpu->seg[CF_SEG_CS].limit)
		cf_raise_error(cpu, NULL, CF_VEC_GP, 0);
	return (cpu->seg[CF_SEG_CS].base + rip) & 0xffffffff;
}

static const uint8_t *code_page(struct vcpu *cpu, uint64_t gpa)
{
	const uint8_t *page =
		cf_page_host(cpu, gpa, cf_view_asid(cpu, true), NULL);

	if (!page) {
		cpu->stop.gpa = gpa;
		cf_stop(cpu, NULL, CF_STOP_UNSUPPORTED,
			"instruction fetch from 0x%llx, where no memory is",
			(unsigned long long)gpa);
	}
	return page;
}

static void mark_granules(struct vcpu *cpu, uint64_t gpa, uint64_t granules)
{
	if (!cf_code_mark(cpu, gpa, granules))
		cf_stop(cpu, NULL, CF_STOP_UNSUPPORTED,
			"no room to decode code at gpa 0x%llx",
			(unsigned long long)gpa);
}

/* Copy the block from scratch into the arena and the tables. */
static struct block *publish(struct vcpu *cpu, uint64_t gpa, uint64_t gpa2,
	const struct cf_decode_out *out)
{
	struct cf_blocks *bs = cpu->blocks;
	struct block *b = cf_blocks_alloc(
		cpu, sizeof(*b) + (out->nops + 1) * sizeof(struct op));
	struct block **slot;

	if (!b)
		return NULL;
	*b = (struct block) {
		.gpa = gpa,
		.gpa2 = gpa2,
		.mode = cpu->mode,
		.len = (uint16_t)out->len,
		.nops = (uint8_t)out->nops,
	};
	memcpy(b->ops, bs->scratch, (out->nops + 1) * sizeof(struct op));
	slot = &bs->hash[hash_of(gpa, b->mode)];
	b->hash_next = *slot;
	*slot = b;
	slot = page_slot(bs->pages, gpa);
	b->page_next = *slot;
	*slot = b;
	if (gpa2) {
		slot = page_slot(bs->pages2, gpa2);
		b->page2_next = *slot;
		*slot = b;
	}
	return b;
}

/*
 * Decode at gpa.  The bytes are read after the pages are marked: what is
 * written from then on is noticed.
 */
static struct block *decode(struct vcpu *cpu, uint64_t addr, uint64_t gpa)
{
	struct cf_blocks *bs = cpu->blocks;
	unsigned avail = (unsigned)(0x1000 - (gpa & 0xfff)), room;
	unsigned max = cpu->mode & CF_MODE_SINGLE ? 1 : CF_BLOCK_MAX_OPS;
	uint64_t gpa2 = 0, rip = cpu->r[CF_R_RIP];
	struct cf_decode_out out;
	const uint8_t *page;
	uint8_t bytes[32];

	/* At most 64 instructions of 15 bytes. */
	room = avail < 960 ? avail : 960;
	page = code_page(cpu, gpa);
	mark_granules(cpu, gpa,
		granules_in(
			&(struct block) { .gpa = gpa, .len = (uint16_t)room },
			gpa));
	cf_decode_block(
		cpu, page + (gpa & 0xfff), avail, max, rip, bs->scratch, &out);
	if (out.truncated) {
		/* One instruction across two pages. */
		gpa2 = fetch_gpa(cpu, (addr & CF_PAGE_MASK) + 0x1000);
		gpa2 &= CF_PAGE_MASK;
		memcpy(bytes, page + (gpa & 0xfff), avail);
		page = code_page(cpu, gpa2);
		mark_granules(cpu, gpa2, 1);
		memcpy(bytes + avail, page, 15);
		cf_decode_block(
			cpu, bytes, avail + 15, 1, rip, bs->scratch, &out);
	}
	if (!out.nops)
		return NULL;
	cf_trace_code(cpu, addr, gpa2 ? bytes : page + (gpa & 0xfff), out.len);
	return publish(cpu, gpa, gpa2, &out);
}

static struct block *lookup(struct vcpu *cpu, uint64_t addr, uint64_t gpa)
{
	struct block *b = cpu->blocks->hash[hash_of(gpa, cpu->mode)];

	for (; b; b = b->hash_next) {
		if (b->gpa != gpa || b->mode != cpu->mode)
			continue;
		if (!b->gpa2 ||
			same_page(b->gpa2,
				fetch_gpa(cpu, (addr & CF_PAGE_MASK) + 0x1000)))
			return b;
	}
	return NULL;
}

struct block *cf_block_find(struct vcpu *cpu)
{
	uint64_t rip = cpu->r[CF_R_RIP], addr, gpa;
	struct cf_jump_entry *e = &cpu->jump[cf_jump_hash(rip)];
	struct block *b;

	if (e->tag == (rip ^ cpu->jump_salt) && !e->block->dead)
		return e->block;
	addr = code_address(cpu);
	gpa = fetch_gpa(cpu, addr);
	if (cpu->blocks->dead > MAX_STALE)
		cf_blocks_flush(cpu);
	b = lookup(cpu, addr, gpa);
	if (!b)
		b = decode(cpu, addr, gpa);
	if (!b) {
		/* The arena is full, or the stubs are. */
		cf_blocks_flush(cpu);
		b = decode(cpu, addr, gpa);
	}
	if (!b)
		cf_stop(cpu, NULL, CF_STOP_UNSUPPORTED,
			"no room for decoded code");
	e->tag = rip ^ cpu->jump_salt;
	e->block = b;
	return b;
}
