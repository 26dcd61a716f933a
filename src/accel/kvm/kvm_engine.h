/* SPDX-License-Identifier: Apache-2.0 */
/* The KVM CPU engine's VM and vCPUs, for the files of this folder. */
#ifndef CF_ACCEL_KVM_ENGINE_H
#define CF_ACCEL_KVM_ENGINE_H

#include "accel/accel.h"
#include "kvm/kvm.h"

#include <pthread.h>
#include <stdatomic.h>

struct kvm_cpuid2;
struct kvm_run;

struct kvm_vcpu {
	int fd;
	struct kvm_run *run;
	bool parked;
	/* The thread inside KVM_RUN, for kicks; guarded by the VM's lock. */
	pthread_t thread;
	bool is_running;
	atomic_bool kicked;
	bool holds_certs; /* the lock on them, until the next entry is over */
	/* A guest that asks for the same conversion for ever is stopped. */
	uint64_t fault_gpa;
	unsigned fault_repeats;
};

struct cf_vm {
	struct cf_vm_config config;
	struct cf_kvm_vm *kvm;
	pthread_mutex_t lock;
	struct kvm_cpuid2 *cpuid; /* of all vCPUs, but for their numbers */
	bool state_protected;     /* registers can no longer be read or set */
	struct kvm_vcpu vcpu[CF_MAX_VCPUS];
};

/* regs.c */
enum coffer_status kvm_set_state(struct cf_vm *vm, unsigned vcpu,
	const struct cf_cpu_state *s, struct coffer_error *err);
enum coffer_status kvm_get_state(struct cf_vm *vm, unsigned vcpu,
	struct cf_cpu_state *s, struct coffer_error *err);

/* cpuid.c: once for the VM, then for each vCPU. */
enum coffer_status kvm_build_cpuid(struct cf_vm *vm, struct coffer_error *err);
enum coffer_status kvm_set_cpuid(
	struct cf_vm *vm, unsigned vcpu, struct coffer_error *err);

/* certs.c: a certificate request, and the end of one. */
bool kvm_handle_req_certs(
	struct cf_vm *vm, struct kvm_vcpu *v, struct cf_stop_info *out);
void kvm_release_certs(struct cf_vm *vm, struct kvm_vcpu *v);

/* exits.c: the fields of an exit that Debian 12's header does not know. */
void *kvm_exit_data(struct kvm_run *run);
/* exits.c: what KVM_RUN came back with.  True: enter the guest again; false:
 * *out says why the vCPU stops.  result is KVM_RUN's, negative errno. */
bool kvm_handle_exit(
	struct cf_vm *vm, unsigned vcpu, long result, struct cf_stop_info *out);

#endif
