/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which 64-byte granules of guest memory hold code that some vCPU has
 * decoded.  A page with any never has write permission in a TLB, so every
 * write to it comes to cf_code_written().
 *
 * Order between vCPUs.  A decoder marks before it reads the bytes; the first
 * mark on a page happens with the world stopped, which takes write permission
 * away everywhere.  A writer writes, then looks at the marks; the blocks of
 * other vCPUs are killed by themselves at their next block boundary
 * (CF_ATT_CODE), before anything that the writer does later can make them
 * run there again.
 */
#include "accel/soft/block_priv.h"
#include "accel/soft/mem_priv.h"
#include "accel/soft/world_priv.h"
#include "base/alloc.h"
#include "base/bytes.h"

#define L2_PAGES ((uint64_t)1 << CF_CODE_L2_BITS)
#define L1_ENTRIES \
	((size_t)1 << (CF_CODE_GPA_BITS - CF_PAGE_SHIFT - CF_CODE_L2_BITS))

/* They are chained, so that the end need not look through the first level,
 * whose pages are hardly ever touched. */
struct cf_code_table {
	struct cf_code_table *next;
	cf_code_word word[L2_PAGES];
};

enum coffer_status cf_code_map_init(struct cf_vm *vm, struct coffer_error *err)
{
	vm->code = calloc(L1_ENTRIES, sizeof(*vm->code));
	if (!vm->code)
		return cf_fail_nomem(err, "the map of decoded code");
	return COFFER_OK;
}

void cf_code_map_finish(struct cf_vm *vm)
{
	struct cf_code_table *t = atomic_load(&vm->code_tables), *next;

	for (; t; t = next) {
		next = t->next;
		free(t);
	}
	atomic_store(&vm->code_tables, NULL);
	free(vm->code);
	vm->code = NULL;
}

/* The words of a slot: new, or those that another vCPU was quicker to make. */
static cf_code_word *make_table(struct cf_vm *vm, _Atomic(cf_code_word *) *slot)
{
	struct cf_code_table *t = calloc(1, sizeof(*t));
	cf_code_word *there = NULL;

	if (!t)
		return NULL;
	if (!atomic_compare_exchange_strong(slot, &there, t->word)) {
		free(t);
		return there;
	}
	t->next = atomic_load(&vm->code_tables);
	while (!atomic_compare_exchange_weak(&vm->code_tables, &t->next, t))
		;
	return t->word;
}

static _Atomic uint64_t *word(struct cf_vm *vm, uint64_t gpa, bool make)
{
	uint64_t page = gpa >> CF_PAGE_SHIFT;
	_Atomic(cf_code_word *) *slot;
	cf_code_word *l2;

	if (page >> (CF_CODE_GPA_BITS - CF_PAGE_SHIFT))
		return NULL;
	slot = &vm->code[page >> CF_CODE_L2_BITS];
	l2 = atomic_load_explicit(slot, memory_order_acquire);
	if (!l2 && make)
		l2 = make_table(vm, slot);
	return l2 ? &l2[page & (L2_PAGES - 1)] : NULL;
}

uint64_t cf_code_granules(struct cf_vm *vm, uint64_t gpa)
{
	_Atomic uint64_t *w = word(vm, gpa, false);

	return w ? atomic_load(w) : 0;
}

bool cf_code_mark(struct vcpu *cpu, uint64_t gpa, uint64_t granules)
{
	struct cf_vm *vm = cpu->vm;
	_Atomic uint64_t *w = word(vm, gpa, true);
	unsigned i;

	if (!w)
		return false;
	if (atomic_fetch_or(w, granules))
		return true;
	/* The page's first code: nobody may keep write permission. */
	if (vm->nvcpus == 1) {
		cf_tlb_protect_gpa(cpu, gpa);
		return true;
	}
	cf_gate_leave(cpu);
	cf_world_stop(vm);
	for (i = 0; i < vm->nvcpus; i++)
		cf_tlb_protect_gpa(vm->vcpu[i], gpa);
	cf_world_resume(vm);
	cf_gate_enter(cpu);
	return true;
}

/* cpu: whose own thread this is; NULL: none of theirs. */
static void code_written(
	struct cf_vm *vm, struct vcpu *cpu, uint64_t gpa, unsigned len)
{
	_Atomic uint64_t *w = word(vm, gpa, false);
	unsigned first = (gpa & 0xfff) >> 6, last, i;
	uint64_t hit;

	if (!w || !len)
		return;
	last = (unsigned)(((gpa & 0xfff) + len - 1) >> 6);
	if (last > 63)
		last = 63;
	hit = (last == 63 ? UINT64_MAX : ((uint64_t)1 << (last + 1)) - 1) &
		~(((uint64_t)1 << first) - 1);
	hit &= atomic_load(w);
	if (!hit)
		return;
	atomic_fetch_and(w, ~hit);
	for (i = 0; i < vm->nvcpus; i++) {
		if (vm->vcpu[i] == cpu)
			cf_blocks_kill(cpu, gpa & CF_PAGE_MASK, hit);
		else
			cf_blocks_post(vm->vcpu[i], gpa & CF_PAGE_MASK, hit);
	}
}

void cf_code_written(struct vcpu *cpu, uint64_t gpa, unsigned len)
{
	code_written(cpu->vm, cpu, gpa, len);
}

void cf_code_written_by_host(struct cf_vm *vm, uint64_t gpa, uint64_t len)
{
	while (len) {
		uint64_t part = 0x1000 - (gpa & 0xfff);

		if (part > len)
			part = len;
		code_written(vm, NULL, gpa, (unsigned)part);
		gpa += part;
		len -= part;
	}
}
