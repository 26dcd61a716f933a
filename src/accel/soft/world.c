/* SPDX-License-Identifier: Apache-2.0 */
/* Stopping the world: see world_priv.h. */
#include "accel/soft/block_priv.h"
#include "accel/soft/mem_priv.h"
#include "accel/soft/world_priv.h"

void cf_gate_enter(struct vcpu *cpu)
{
	struct cf_vm *vm = cpu->vm;

	for (;;) {
		atomic_store(&cpu->in_guest, 1);
		if (CF_LIKELY(!atomic_load(&vm->world_stops)))
			return;
		cf_gate_leave(cpu);
		pthread_mutex_lock(&vm->gate_lock);
		while (atomic_load(&vm->world_stops))
			pthread_cond_wait(&vm->gate_cond, &vm->gate_lock);
		pthread_mutex_unlock(&vm->gate_lock);
	}
}

void cf_gate_leave(struct vcpu *cpu)
{
	struct cf_vm *vm = cpu->vm;

	atomic_store(&cpu->in_guest, 0);
	if (CF_UNLIKELY(atomic_load(&vm->world_stops))) {
		pthread_mutex_lock(&vm->gate_lock);
		pthread_cond_broadcast(&vm->gate_cond);
		pthread_mutex_unlock(&vm->gate_lock);
	}
}

void cf_world_stop(struct cf_vm *vm)
{
	unsigned i;

	pthread_mutex_lock(&vm->stop_lock);
	if (atomic_fetch_add(&vm->world_stops, 1) > 0)
		return; /* nested */
	for (i = 0; i < vm->nvcpus; i++) {
		if (atomic_load(&vm->vcpu[i]->in_guest))
			cf_attention(vm->vcpu[i], CF_ATT_WORLD);
	}
	pthread_mutex_lock(&vm->gate_lock);
	for (i = 0; i < vm->nvcpus; i++) {
		while (atomic_load(&vm->vcpu[i]->in_guest))
			pthread_cond_wait(&vm->gate_cond, &vm->gate_lock);
	}
	pthread_mutex_unlock(&vm->gate_lock);
}

void cf_world_resume(struct cf_vm *vm)
{
	if (atomic_fetch_sub(&vm->world_stops, 1) == 1) {
		pthread_mutex_lock(&vm->gate_lock);
		pthread_cond_broadcast(&vm->gate_cond);
		pthread_mutex_unlock(&vm->gate_lock);
	}
	pthread_mutex_unlock(&vm->stop_lock);
}

void cf_world_changed(struct cf_vm *vm, uint64_t gpa)
{
	unsigned i;

	for (i = 0; i < vm->nvcpus; i++) {
		struct vcpu *cpu = vm->vcpu[i];

		cf_tlb_forget_gpa(cpu, gpa);
		cf_blocks_kill(cpu, gpa & CF_PAGE_MASK, UINT64_MAX);
	}
}

int cf_world_init(struct cf_vm *vm)
{
	pthread_mutexattr_t attr;
	int rc = pthread_mutexattr_init(&attr);

	if (rc)
		return rc;
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	rc = pthread_mutex_init(&vm->stop_lock, &attr);
	pthread_mutexattr_destroy(&attr);
	if (rc)
		return rc;
	rc = pthread_mutex_init(&vm->gate_lock, NULL);
	if (rc) {
		pthread_mutex_destroy(&vm->stop_lock);
		return rc;
	}
	rc = pthread_cond_init(&vm->gate_cond, NULL);
	if (rc) {
		pthread_mutex_destroy(&vm->gate_lock);
		pthread_mutex_destroy(&vm->stop_lock);
	}
	return rc;
}

void cf_world_finish(struct cf_vm *vm)
{
	pthread_cond_destroy(&vm->gate_cond);
	pthread_mutex_destroy(&vm->gate_lock);
	pthread_mutex_destroy(&vm->stop_lock);
}
