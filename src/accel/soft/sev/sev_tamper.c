/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hypervisor that tampers with memory.  It sees which pages the guest uses,
 * as one does from nested page tables, and strikes at an exit, when the guest
 * is about to go on.  Against SNP it can put an old page back only by taking
 * the page from the guest and giving it again, which clears the validation.
 */
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/sev/sev_state_priv.h"

#include "accel/soft/world_priv.h"
#include "base/log.h"

#include <inttypes.h>
#include <string.h>

#define PAGE     4096u
#define PATIENCE 64u /* exits that a page has time to change */

void cf_tamper_written_slow(struct cf_vm *vm, uint64_t gpa)
{
	atomic_store(&vm->sev_vm->tamper.written, gpa & CF_PAGE_MASK);
}

bool cf_sev_tampered_view(
	const struct vcpu *cpu, uint64_t gpa, bool private_view)
{
	const struct cf_sev_vm *s = cpu->vm->sev_vm;

	return private_view ^
		(atomic_load(&s->tamper.flipped) == (gpa & CF_PAGE_MASK));
}

static bool copy_page(struct cf_vm *vm, uint64_t gpa, uint8_t *out)
{
	struct coffer_error err;

	return cf_guest_read(vm->mem, gpa, out, PAGE, &err) == COFFER_OK;
}

/* A page that is the guest's, in an entry of its own. */
static bool take_page(struct cf_vm *vm, uint64_t gpa, struct cf_rmp_entry *e)
{
	if (!cf_rmp_get(vm->mem, gpa, e) || !e->assigned || e->vmsa ||
		e->immutable)
		return false;
	if (!e->large)
		return true;
	return cf_rmp_smash(vm->mem, gpa & ~(CF_RMP_LARGE - 1)) &&
		cf_rmp_get(vm->mem, gpa, e);
}

/* Under SNP the RMP refuses host writes: take the page, write, give it. */
static bool put_back(struct vcpu *cpu, uint64_t gpa, const uint8_t *copy)
{
	struct cf_memory *mem = cpu->vm->mem;
	struct cf_rmp_entry before = { 0 }, none = { 0 };
	struct coffer_error err;
	bool ok = true;

	if (cpu->vm->snp)
		ok = take_page(cpu->vm, gpa, &before) &&
			cf_rmp_set(mem, gpa, &none);
	ok = ok && cf_guest_write(mem, gpa, copy, PAGE, &err) == COFFER_OK;
	before.validated = false;
	if (ok && cpu->vm->snp)
		ok = cf_rmp_set(mem, gpa, &before);
	return ok;
}

/* Copy a page that the guest has just written; when it has changed since, put
 * the copy back. */
static void replay(struct vcpu *cpu, struct cf_tamper *t)
{
	uint8_t now[PAGE];

	if (t->replayed)
		return;
	if (t->copied != CF_NO_GPA && t->exits++ < PATIENCE) {
		if (!copy_page(cpu->vm, t->copied, now) ||
			memcmp(now, t->copy, PAGE) == 0)
			return;
		t->replayed = put_back(cpu, t->copied, t->copy);
		if (t->replayed)
			cf_history_add(cpu, CF_HIST_REPLAYED, t->copied, PAGE);
		t->copied = CF_NO_GPA;
		return;
	}
	if (!cf_fault(cpu->vm, CF_FAULT_REPLAY))
		return;
	t->copied = atomic_load(&t->written);
	t->exits = 0;
	if (t->copied != CF_NO_GPA && !copy_page(cpu->vm, t->copied, t->copy))
		t->copied = CF_NO_GPA;
}

static void flip(struct vcpu *cpu, struct cf_tamper *t)
{
	uint64_t gpa = atomic_load(&t->written);

	if (atomic_load(&t->flipped) != CF_NO_GPA || gpa == CF_NO_GPA ||
		!cf_fault(cpu->vm, CF_FAULT_FLIP))
		return;
	cf_world_stop(cpu->vm);
	atomic_store(&t->flipped, gpa);
	cf_world_changed(cpu->vm, gpa);
	cf_world_resume(cpu->vm);
	cf_history_add(cpu, CF_HIST_FLIPPED, gpa, PAGE);
}

/* A few bytes, as a device would write them; SNP's RMP refuses. */
static void write_page(struct vcpu *cpu, struct cf_tamper *t)
{
	static const uint8_t bytes[16] = "hostile host";
	uint64_t gpa = atomic_load(&t->written);
	struct coffer_error err;

	if (t->wrote || gpa == CF_NO_GPA || !cf_fault(cpu->vm, CF_FAULT_WRITE))
		return;
	t->wrote = true;
	if (cf_guest_write(cpu->vm->mem, gpa, bytes, sizeof(bytes), &err) ==
		COFFER_OK)
		cf_history_add(cpu, CF_HIST_WRITTEN, gpa, PAGE);
}

void cf_tamper_exit_slow(struct vcpu *cpu)
{
	struct cf_tamper *t = &cpu->vm->sev_vm->tamper;

	pthread_mutex_lock(&t->lock);
	if (cpu->vm->config.faults.kinds & CF_FAULT_REPLAY)
		replay(cpu, t);
	if (cpu->vm->config.faults.kinds & CF_FAULT_FLIP)
		flip(cpu, t);
	if (cpu->vm->config.faults.kinds & CF_FAULT_WRITE)
		write_page(cpu, t);
	pthread_mutex_unlock(&t->lock);
}
