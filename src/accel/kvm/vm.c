/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The KVM engine: creates irqchip, memory slots and vCPUs on a VM handle, and
 * runs vCPUs, one thread each.  KVM's own interrupt controllers and timer are
 * used, as SEV-ES and SNP require.
 */
#include "accel/kvm/kvm_engine.h"

#include "base/base.h"
#include "kvm/uapi.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* The signal that takes a thread out of KVM_RUN; its handler does nothing. */
#define KICK_SIGNAL SIGUSR1

static void nothing(int signal)
{
}

static enum coffer_status refused(
	struct coffer_error *err, long result, const char *what)
{
	return cf_fail_errno(err, (int)-result, "kvm: %s", what);
}

static enum coffer_status create_irqchip(
	struct cf_vm *vm, struct coffer_error *err)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	long result = cf_kvm_ioctl_value(vm->kvm, KVM_SET_TSS_ADDR, 0xfffbd000);

	if (result < 0)
		return refused(err, result, "cannot set the TSS address");
	result = cf_kvm_ioctl_value(vm->kvm, KVM_CREATE_IRQCHIP, 0);
	if (result < 0)
		return refused(
			err, result, "cannot create the interrupt controllers");
	result = cf_kvm_ioctl(vm->kvm, KVM_CREATE_PIT2, &pit);
	if (result < 0)
		return refused(err, result, "cannot create the timer");
	return COFFER_OK;
}

/* An SNP guest changes the state of its pages by hypercall. */
static enum coffer_status enable_hypercall_exit(
	struct cf_vm *vm, struct coffer_error *err)
{
	struct kvm_enable_cap cap = {
		.cap = CF_KVM_CAP_EXIT_HYPERCALL,
		.args = { 1ull << CF_KVM_HC_MAP_GPA_RANGE },
	};
	long result;

	if (!(cf_kvm_capability(vm->kvm, CF_KVM_CAP_EXIT_HYPERCALL) >>
			    CF_KVM_HC_MAP_GPA_RANGE &
		    1))
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"kvm: this kernel cannot hand page-state changes to "
			"us (KVM_CAP_EXIT_HYPERCALL); 6.11 or newer is needed");
	result = cf_kvm_ioctl(vm->kvm, KVM_ENABLE_CAP, &cap);
	return result < 0
		? refused(err, result, "cannot enable hypercall exits")
		: COFFER_OK;
}

static enum coffer_status create_vcpus(
	struct cf_vm *vm, struct coffer_error *err)
{
	enum coffer_status status = kvm_build_cpuid(vm, err);

	for (unsigned i = 0; !status && i < vm->config.vcpus; i++) {
		struct kvm_vcpu *v = &vm->vcpu[i];

		status = cf_kvm_create_vcpu(vm->kvm, i, &v->fd, &v->run, err);
		if (!status)
			status = kvm_set_cpuid(vm, i, err);
	}
	return status;
}

static void vm_destroy(struct cf_vm *vm)
{
	if (!vm)
		return;
	for (unsigned i = 0; i < vm->config.vcpus; i++)
		if (vm->vcpu[i].run)
			cf_kvm_close_vcpu(
				vm->kvm, vm->vcpu[i].fd, vm->vcpu[i].run);
	pthread_mutex_destroy(&vm->lock);
	free(vm->cpuid);
	free(vm);
}

static enum coffer_status set_up(struct cf_vm *vm, struct coffer_error *err)
{
	enum coffer_status status;

	/* Memory first: setting a slot waits for all that use the VM's tables,
	 * and from Linux 6.18 on each interrupt controller leaves behind a
	 * table to be freed after a grace period of its own, 10 ms or more. */
	status = cf_kvm_set_memory(vm->kvm, vm->config.memory, err);
	if (!status)
		status = create_irqchip(vm, err);
	if (!status && vm->config.platform == CF_PLATFORM_SEV_SNP)
		status = enable_hypercall_exit(vm, err);
	if (!status)
		status = create_vcpus(vm, err);
	return status;
}

static enum coffer_status vm_create(const struct cf_vm_config *config,
	struct cf_vm **out, struct coffer_error *err)
{
	struct sigaction sa = { .sa_handler = nothing };
	struct cf_vm *vm;
	enum coffer_status status;

	if (!config->kvm)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"kvm: the engine needs an open VM");
	vm = cf_alloc_array(1, sizeof(*vm));
	if (!vm)
		return cf_fail_nomem(err, "a VM");
	vm->config = *config;
	vm->kvm = config->kvm;
	pthread_mutex_init(&vm->lock, NULL);
	sigaction(KICK_SIGNAL, &sa, NULL);
	status = set_up(vm, err);
	if (status) {
		vm_destroy(vm);
		return status;
	}
	*out = vm;
	return COFFER_OK;
}

static void kick(struct cf_vm *vm, unsigned n)
{
	struct kvm_vcpu *v = &vm->vcpu[n];

	atomic_store(&v->kicked, true);
	v->run->immediate_exit = 1;
	pthread_mutex_lock(&vm->lock);
	if (v->is_running)
		pthread_kill(v->thread, KICK_SIGNAL);
	pthread_mutex_unlock(&vm->lock);
}

static void set_running(struct cf_vm *vm, struct kvm_vcpu *v, bool running)
{
	pthread_mutex_lock(&vm->lock);
	v->thread = pthread_self();
	v->is_running = running;
	pthread_mutex_unlock(&vm->lock);
}

static void run(
	struct cf_vm *vm, unsigned n, uint64_t budget, struct cf_stop_info *out)
{
	struct kvm_vcpu *v = &vm->vcpu[n];
	bool go_on = true;

	*out = (struct cf_stop_info) { .why = CF_STOP_KICK };
	/* Launched: from here on the registers are the guest's own. */
	if (vm->config.platform == CF_PLATFORM_SEV_ES ||
		vm->config.platform == CF_PLATFORM_SEV_SNP)
		vm->state_protected = true;
	set_running(vm, v, true);
	while (go_on) {
		long result;

		/* In this order a kick is never lost: it sets kicked first.
		 * A certificate request is completed before all else. */
		v->run->immediate_exit = v->holds_certs;
		if (!v->holds_certs && atomic_exchange(&v->kicked, false))
			break;
		result = cf_kvm_vcpu_ioctl(vm->kvm, v->fd, KVM_RUN, NULL);
		kvm_release_certs(vm, v);
		go_on = kvm_handle_exit(vm, n, result, out);
	}
	set_running(vm, v, false);
}

static void notify_irq(struct cf_vm *vm, unsigned vcpu)
{
	/* The controllers are the kernel's: it wakes its vCPUs itself. */
}

static void park(struct cf_vm *vm, unsigned n, bool parked)
{
	struct kvm_mp_state state = {
		.mp_state = parked ? KVM_MP_STATE_UNINITIALIZED
				   : KVM_MP_STATE_RUNNABLE,
	};

	vm->vcpu[n].parked = parked;
	if (cf_kvm_vcpu_ioctl(
		    vm->kvm, vm->vcpu[n].fd, KVM_SET_MP_STATE, &state) < 0)
		cf_log(vm->config.log, CF_LOG_WARN, "kvm: cannot park vcpu=%u",
			n);
}

static void irq_line(struct cf_vm *vm, unsigned gsi, bool level)
{
	struct kvm_irq_level irq = { .irq = gsi, .level = level };

	if (cf_kvm_ioctl(vm->kvm, KVM_IRQ_LINE, &irq) < 0)
		cf_log(vm->config.log, CF_LOG_WARN,
			"kvm: cannot set line gsi=%u", gsi);
}

static void nmi(struct cf_vm *vm, unsigned n)
{
	cf_kvm_vcpu_ioctl(vm->kvm, vm->vcpu[n].fd, KVM_NMI, NULL);
}

/* INIT and SIPI travel inside the kernel's APICs. */
static void init(struct cf_vm *vm, unsigned n)
{
	park(vm, n, true);
}

static void sipi(struct cf_vm *vm, unsigned n, uint8_t vector)
{
	cf_log(vm->config.log, CF_LOG_WARN,
		"kvm: SIPI from outside the guest, vcpu=%u", n);
}

static uint64_t instructions(struct cf_vm *vm, unsigned n)
{
	return 0;
}

static const struct cf_accel_ops kvm_ops = {
	.name = "kvm",
	.has_irqchip = true,
	.vm_before_launch = true,
	.vm_create = vm_create,
	.vm_destroy = vm_destroy,
	.set_state = kvm_set_state,
	.get_state = kvm_get_state,
	.park = park,
	.run = run,
	.kick = kick,
	.notify_irq = notify_irq,
	.irq_line = irq_line,
	.init = init,
	.sipi = sipi,
	.nmi = nmi,
	.instructions = instructions,
};

const struct cf_accel_ops *cf_accel_kvm(struct coffer_error *err)
{
	if (access("/dev/kvm", R_OK | W_OK) == 0)
		return &kvm_ops;
	cf_fail_errno(err, errno,
		"/dev/kvm: cannot be used (is kvm_amd or kvm_intel loaded, "
		"and is the user in group kvm?); -accel soft works anywhere");
	return NULL;
}

const struct cf_accel_ops *cf_accel_kvm_ops(void)
{
	return &kvm_ops;
}
