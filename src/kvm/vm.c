/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the devices, creating the VM and its vCPUs. */
#include "kvm/kvm_priv.h"

#include "base/base.h"
#include "kvm/uapi.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

static const struct generation {
	const char *name;
	unsigned long vm_type; /* with INIT2 */
} generations[] = {
	[CF_KVM_PLAIN] = { "plain", CF_KVM_DEFAULT_VM },
	[CF_KVM_SEV] = { "SEV", CF_KVM_SEV_VM },
	[CF_KVM_SEV_ES] = { "SEV-ES", CF_KVM_SEV_ES_VM },
	[CF_KVM_SEV_SNP] = { "SEV-SNP", CF_KVM_SNP_VM },
};

bool cf_kvm_is_legacy(const struct cf_kvm_vm *vm)
{
	return vm->legacy;
}

enum cf_kvm_generation cf_kvm_generation_of(const struct cf_kvm_vm *vm)
{
	return vm->generation;
}

const struct cf_log *cf_kvm_log(const struct cf_kvm_vm *vm)
{
	return vm->log;
}

long cf_kvm_ioctl_value(
	struct cf_kvm_vm *vm, unsigned long request, unsigned long value)
{
	return vm->sys->ioctl(vm->sys->opaque, vm->vm_fd, request, value);
}

long cf_kvm_ioctl(struct cf_kvm_vm *vm, unsigned long request, void *arg)
{
	return cf_kvm_ioctl_value(vm, request, (uintptr_t)arg);
}

long cf_kvm_vcpu_ioctl(
	struct cf_kvm_vm *vm, int fd, unsigned long request, void *arg)
{
	return vm->sys->ioctl(vm->sys->opaque, fd, request, (uintptr_t)arg);
}

static long kvm_system(
	struct cf_kvm_vm *vm, unsigned long request, unsigned long value)
{
	return vm->sys->ioctl(vm->sys->opaque, vm->kvm_fd, request, value);
}

long cf_kvm_capability(struct cf_kvm_vm *vm, unsigned long capability)
{
	long value = cf_kvm_ioctl_value(vm, KVM_CHECK_EXTENSION, capability);

	return value < 0 ? 0 : value;
}

long cf_kvm_supported_cpuid(struct cf_kvm_vm *vm, struct kvm_cpuid2 *list)
{
	return kvm_system(vm, KVM_GET_SUPPORTED_CPUID, (uintptr_t)list);
}

bool cf_kvm_system_attr(
	struct cf_kvm_vm *vm, uint32_t group, uint64_t attr, uint64_t *value)
{
	struct kvm_device_attr a = {
		.group = group,
		.attr = attr,
		.addr = (uintptr_t)value,
	};

	return kvm_system(vm, CF_KVM_GET_DEVICE_ATTR, (uintptr_t)&a) == 0;
}

static enum coffer_status open_kvm(
	struct cf_kvm_vm *vm, struct coffer_error *err)
{
	long version;
	int fd = vm->sys->open(vm->sys->opaque, "/dev/kvm", O_RDWR);

	if (fd == -EACCES || fd == -EPERM)
		return cf_fail_errno(err, -fd,
			"/dev/kvm: cannot open (is the user in group kvm?)");
	if (fd < 0)
		return cf_fail_errno(err, -fd,
			"/dev/kvm: cannot open (is kvm_amd or kvm_intel "
			"loaded and virtualization on in the BIOS?)");
	vm->kvm_fd = fd;
	version = kvm_system(vm, KVM_GET_API_VERSION, 0);
	if (version != 12)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"/dev/kvm: API version %ld, 12 is needed", version);
	vm->run_len = 0;
	version = kvm_system(vm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (version < (long)sizeof(struct kvm_run))
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"/dev/kvm: a vCPU area of %ld bytes is too small",
			version);
	vm->run_len = (size_t)version;
	return COFFER_OK;
}

static bool offers_type(struct cf_kvm_vm *vm, unsigned long type)
{
	long types = kvm_system(vm, KVM_CHECK_EXTENSION, CF_KVM_CAP_VM_TYPES);

	return type == CF_KVM_DEFAULT_VM || (types > 0 && types >> type & 1);
}

/* The VM type must be one that this kernel offers. */
static enum coffer_status check_type(
	struct cf_kvm_vm *vm, unsigned long type, struct coffer_error *err)
{
	if (offers_type(vm, type))
		return COFFER_OK;
	return cf_fail(err, COFFER_ERR_UNSUPPORTED,
		"/dev/kvm: this kernel does not offer %s guests (VM type %lu); "
		"is kvm_amd loaded with sev=1 sev_es=1 sev_snp=1, SEV on in "
		"the BIOS, and the kernel 6.11 or newer?",
		generations[vm->generation].name, type);
}

static enum coffer_status open_sev(
	struct cf_kvm_vm *vm, const char *path, struct coffer_error *err)
{
	int fd = vm->sys->open(vm->sys->opaque, path, O_RDWR);

	if (fd < 0)
		return cf_fail_errno(err, -fd,
			"%s: cannot open (is the ccp module loaded, and may "
			"this user open it?)",
			path);
	vm->sev_fd = fd;
	return COFFER_OK;
}

static bool may_be_legacy(enum cf_kvm_generation g)
{
	return g == CF_KVM_SEV || g == CF_KVM_SEV_ES;
}

static enum coffer_status create_vm(struct cf_kvm_vm *vm,
	const struct cf_kvm_config *config, struct coffer_error *err)
{
	unsigned long type = generations[config->generation].vm_type;
	enum coffer_status status;
	long fd;

	status = open_kvm(vm, err);
	if (!status && may_be_legacy(config->generation))
		vm->legacy = config->legacy ||
			(config->legacy_if_old && !offers_type(vm, type));
	if (vm->legacy)
		type = CF_KVM_DEFAULT_VM;
	if (!status)
		status = check_type(vm, type, err);
	if (status)
		return status;
	fd = kvm_system(vm, KVM_CREATE_VM, type);
	if (fd < 0)
		return cf_fail_errno(err, (int)-fd,
			"/dev/kvm: cannot create a %s VM",
			generations[config->generation].name);
	vm->vm_fd = (int)fd;
	if (config->generation == CF_KVM_PLAIN)
		return COFFER_OK;
	return open_sev(vm, config->sev_device, err);
}

enum coffer_status cf_kvm_open(const struct cf_kvm_config *config,
	struct cf_kvm_vm **out, struct coffer_error *err)
{
	struct cf_kvm_vm *vm = cf_alloc_array(1, sizeof(*vm));
	enum coffer_status status;

	if (!vm)
		return cf_fail_nomem(err, "a VM");
	vm->sys = config->sys;
	vm->log = config->log;
	vm->generation = config->generation;
	vm->kvm_fd = vm->vm_fd = vm->sev_fd = -1;
	status = create_vm(vm, config, err);
	if (status) {
		cf_kvm_close(vm);
		return status;
	}
	*out = vm;
	return COFFER_OK;
}

static void close_fd(struct cf_kvm_vm *vm, int fd)
{
	if (fd >= 0)
		vm->sys->close(vm->sys->opaque, fd);
}

void cf_kvm_close(struct cf_kvm_vm *vm)
{
	if (!vm)
		return;
	for (size_t i = 0; i < vm->nslots; i++)
		close_fd(vm, vm->slot[i].memfd);
	close_fd(vm, vm->sev_fd);
	close_fd(vm, vm->vm_fd);
	close_fd(vm, vm->kvm_fd);
	free(vm);
}

enum coffer_status cf_kvm_create_vcpu(struct cf_kvm_vm *vm, unsigned n, int *fd,
	struct kvm_run **run, struct coffer_error *err)
{
	long made = cf_kvm_ioctl_value(vm, KVM_CREATE_VCPU, n);
	void *at;

	if (made < 0)
		return cf_fail_errno(err, (int)-made,
			"kvm: cannot create vCPU "
			"%u",
			n);
	at = vm->sys->map(vm->sys->opaque, (int)made, vm->run_len);
	if (!at) {
		close_fd(vm, (int)made);
		return cf_fail(err, COFFER_ERR_SYSTEM,
			"kvm: cannot map the run area of vCPU %u", n);
	}
	*fd = (int)made;
	*run = at;
	return COFFER_OK;
}

void cf_kvm_close_vcpu(struct cf_kvm_vm *vm, int fd, struct kvm_run *run)
{
	if (run)
		vm->sys->unmap(vm->sys->opaque, run, vm->run_len);
	close_fd(vm, fd);
}
