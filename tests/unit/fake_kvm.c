/* SPDX-License-Identifier: Apache-2.0 */
/* The fake kernel: devices, VM, memory, vCPUs.  SEV is in fake_kvm_sev.c. */
#include "fake_kvm_priv.h"

#include "base/base.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

long fake_complain(struct fake_kvm *f, int errnum, const char *fmt, ...)
{
	va_list ap;

	if (!f->complaint[0]) {
		va_start(ap, fmt);
		vsnprintf(f->complaint, sizeof(f->complaint), fmt, ap);
		va_end(ap);
	}
	return -errnum;
}

void fake_kvm_init(struct fake_kvm *f)
{
	*f = (struct fake_kvm) {
		.vm_types = 1u << 0 | 1u << 2 | 1u << 3 | 1u << 4,
		.es_configured = true,
		.cbitpos = 51,
		.cpu_type = "EPYC-Genoa",
		.vm_type = -1,
	};
}

static int fake_open(void *opaque, const char *path, int flags)
{
	struct fake_kvm *f = opaque;

	if (strcmp(path, "/dev/kvm") == 0 && !f->no_dev_kvm) {
		f->open_fds++;
		return FAKE_KVM_FD;
	}
	if (strcmp(path, "/dev/sev") == 0 && !f->no_dev_sev) {
		f->open_fds++;
		return FAKE_SEV_FD;
	}
	return -ENOENT;
}

static void fake_close(void *opaque, int fd)
{
	((struct fake_kvm *)opaque)->open_fds--;
}

static void *fake_map(void *opaque, int fd, size_t len)
{
	struct fake_kvm *f = opaque;
	unsigned n = (unsigned)(fd - FAKE_VCPU_FD);

	if (n >= f->nvcpus || len != FAKE_RUN_LEN)
		return NULL;
	f->run[n] = calloc(1, len);
	return f->run[n];
}

static void fake_unmap(void *opaque, void *at, size_t len)
{
	free(at);
}

static long get_attr(struct fake_kvm *f, const struct kvm_device_attr *attr)
{
	uint64_t value;

	if (attr->group != CF_KVM_GRP_SEV)
		return -ENXIO;
	if (attr->attr == CF_KVM_SEV_VMSA_FEATURES)
		value = f->vmsa_features;
	else if (attr->attr == CF_KVM_SEV_SNP_REQ_CERTS && !f->no_req_certs)
		value = 1;
	else
		return -ENXIO;
	memcpy((void *)(uintptr_t)attr->addr, &value, sizeof(value));
	return 0;
}

static long on_device(struct fake_kvm *f, unsigned long request, uintptr_t arg)
{
	switch (request) {
	case KVM_GET_API_VERSION:
		return 12;
	case KVM_GET_VCPU_MMAP_SIZE:
		return FAKE_RUN_LEN;
	case KVM_CHECK_EXTENSION:
		return arg == CF_KVM_CAP_VM_TYPES ? (long)f->vm_types : 0;
	case KVM_CREATE_VM:
		if (arg > 31 || !(f->vm_types >> arg & 1))
			return -EINVAL;
		f->vm_type = (long)arg;
		f->open_fds++;
		return FAKE_VM_FD;
	case KVM_GET_SUPPORTED_CPUID:
		f->cpuid_queries++;
		return fake_supported_cpuid(f, (struct kvm_cpuid2 *)arg);
	case CF_KVM_GET_DEVICE_ATTR:
		return get_attr(f, (const struct kvm_device_attr *)arg);
	default:
		return fake_complain(
			f, ENOTTY, "/dev/kvm: request 0x%lx", request);
	}
}

static long add_slot(struct fake_kvm *f, uint32_t slot, uint64_t gpa,
	uint64_t len, uint64_t hva, bool memfd)
{
	/* A slot goes, or comes back as it was. */
	if (slot < f->nslots && !f->is_snp && f->slot[slot].gpa == gpa &&
		f->slot[slot].hva == hva && (!len) != f->slot[slot].gone &&
		(!len || len == f->slot[slot].len)) {
		f->slot[slot].gone = !len;
		return 0;
	}
	if (slot != f->nslots || slot >= FAKE_MAX_SLOTS)
		return fake_complain(f, EINVAL, "slot %u out of order", slot);
	if (!len || ((gpa | len | hva) & 4095))
		return fake_complain(
			f, EINVAL, "slot %u is not whole pages", slot);
	if (memfd != f->is_snp)
		return fake_complain(f, EINVAL,
			"slot %u: guest_memfd is for SNP and only for SNP",
			slot);
	f->slot[slot].gpa = gpa;
	f->slot[slot].len = len;
	f->slot[slot].hva = hva;
	f->slot[slot].memfd = memfd;
	f->nslots++;
	if (f->shape && !cf_kvm_shape_slot(f->shape, gpa, len, hva))
		return -ENOMEM;
	return 0;
}

int fake_slot_of(const struct fake_kvm *f, uint64_t gpa)
{
	for (unsigned i = 0; i < f->nslots; i++)
		if (gpa >= f->slot[i].gpa &&
			gpa - f->slot[i].gpa < f->slot[i].len)
			return (int)i;
	return -1;
}

static long set_attributes(
	struct fake_kvm *f, const struct cf_kvm_memory_attributes *a)
{
	if (a->flags || (a->address | a->size) & 4095 || !a->size)
		return fake_complain(f, EINVAL, "bad memory attributes");
	if (a->attributes & ~CF_KVM_ATTRIBUTE_PRIVATE)
		return fake_complain(f, EINVAL, "unknown memory attribute");
	for (uint64_t at = 0; at < a->size; at += 4096) {
		uint64_t gfn = (a->address + at) >> 12;
		size_t i;

		for (i = 0; i < f->nprivate && f->private_gfn[i] != gfn; i++)
			;
		if (a->attributes && i == f->nprivate)
			f->private_gfn[f->nprivate++ % FAKE_MAX_PAGES] = gfn;
		else if (!a->attributes && i < f->nprivate)
			f->private_gfn[i] = f->private_gfn[--f->nprivate];
	}
	return 0;
}

static long pin(struct fake_kvm *f, const struct kvm_enc_region *r)
{
	for (unsigned i = 0; i < f->nslots; i++)
		if (f->slot[i].hva == r->addr && f->slot[i].len == r->size) {
			f->slot[i].pinned = true;
			return 0;
		}
	return fake_complain(f, EINVAL, "pins what is no slot");
}

static long create_vcpu(struct fake_kvm *f, uintptr_t n)
{
	if (n != f->nvcpus || n >= FAKE_MAX_VCPUS)
		return fake_complain(
			f, EINVAL, "vCPU %zu out of order", (size_t)n);
	if (f->vm_type != CF_KVM_DEFAULT_VM && !f->initialised)
		return fake_complain(f, EINVAL,
			"a vCPU before the VM's SEV was initialised");
	f->nvcpus++;
	f->open_fds++;
	return FAKE_VCPU_FD + (long)n;
}

static long on_vm(struct fake_kvm *f, unsigned long request, uintptr_t arg)
{
	const struct kvm_userspace_memory_region *r = (const void *)arg;
	const struct cf_kvm_userspace_memory_region2 *r2 = (const void *)arg;
	const struct kvm_enable_cap *cap = (const void *)arg;

	switch (request) {
	case KVM_CHECK_EXTENSION:
		return arg == CF_KVM_CAP_EXIT_HYPERCALL && !f->no_hypercall_exit
			? 1 << 12
			: 0;
	case KVM_SET_TSC_KHZ:
		if (f->nvcpus)
			return fake_complain(f, EINVAL, "TSC after a vCPU");
		f->tsc_khz = arg;
		return 0;
	case KVM_CREATE_IRQCHIP:
		/* Allowed, but it makes the slots wait for a grace period. */
		if (!f->slot[0].len)
			return fake_complain(
				f, EINVAL, "interrupt chips before memory");
		return 0;
	case KVM_SET_TSS_ADDR:
	case KVM_CREATE_PIT2:
	case KVM_IRQ_LINE:
		return 0;
	case KVM_ENABLE_CAP:
		if (cap->cap != CF_KVM_CAP_EXIT_HYPERCALL ||
			cap->args[0] != 1 << 12)
			return fake_complain(f, EINVAL, "unknown capability");
		return 0;
	case KVM_SET_USER_MEMORY_REGION:
		if (r->slot < FAKE_MAX_SLOTS)
			f->slot[r->slot].readonly =
				r->flags == KVM_MEM_READONLY;
		return add_slot(f, r->slot, r->guest_phys_addr, r->memory_size,
			r->userspace_addr, false);
	case CF_KVM_SET_USER_MEMORY_REGION2:
		if (r2->flags != CF_KVM_MEM_GUEST_MEMFD ||
			r2->guest_memfd != FAKE_MEMFD)
			return fake_complain(f, EINVAL, "no guest_memfd");
		return add_slot(f, r2->slot, r2->guest_phys_addr,
			r2->memory_size, r2->userspace_addr, true);
	case CF_KVM_CREATE_GUEST_MEMFD:
		f->open_fds++;
		return FAKE_MEMFD;
	case CF_KVM_SET_MEMORY_ATTRIBUTES:
		return set_attributes(f, (const void *)arg);
	case KVM_MEMORY_ENCRYPT_REG_REGION:
		return pin(f, (const void *)arg);
	case KVM_CREATE_VCPU:
		return create_vcpu(f, arg);
	case KVM_MEMORY_ENCRYPT_OP:
		return fake_sev_op(f, (struct cf_kvm_sev_cmd *)arg);
	default:
		return fake_complain(f, ENOTTY, "VM: request 0x%lx", request);
	}
}

/* The next entry after the exit completes it, immediate_exit or not. */
static long complete_certs(struct fake_kvm *f, unsigned n)
{
	struct cf_kvm_exit_snp_req_certs req;

	memcpy(&req, f->run[n] + 0x20, sizeof(req));
	f->certs_answered = true;
	f->certs_ret = req.ret;
	f->certs_npages = req.npages;
	if (req.ret && req.ret != ENOSPC && req.ret != EAGAIN && req.ret != EIO)
		return fake_complain(
			f, EINVAL, "certificates: error %d", (int)req.ret);
	return 0;
}

/* A guest of the fake kernel does one thing, then asks to be kicked. */
static long run_vcpu(struct fake_kvm *f, unsigned n)
{
	struct kvm_run *run = (struct kvm_run *)(void *)f->run[n];

	if (f->is_snp && !f->is_running)
		return fake_complain(f, EINVAL, "KVM_RUN before LAUNCH_FINISH");
	if (f->on_run)
		f->on_run(f, n);
	if (f->ran[n] && f->exit_reason == CF_KVM_EXIT_SNP_REQ_CERTS &&
		!f->certs_answered) {
		long result = complete_certs(f, n);

		if (result)
			return result;
	}
	if (run->immediate_exit)
		return -EINTR;
	if (f->exit_reason && !f->ran[n]) {
		f->ran[n] = true;
		run->exit_reason = f->exit_reason;
		memcpy(f->run[n] + 0x20, f->exit_data, sizeof(f->exit_data));
		return f->exit_result;
	}
	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = KVM_EXIT_IO_OUT;
	run->io.size = 1;
	run->io.count = 1;
	run->io.port = 0xf4;
	run->io.data_offset = 0x800;
	f->run[n][0x800] = f->last_word;
	return 0;
}

static long set_cpuid(
	struct fake_kvm *f, unsigned n, const struct kvm_cpuid2 *list)
{
	if (!list->nent || list->nent > CF_ARRAY_LEN(f->cpuid[n]))
		return fake_complain(f, E2BIG, "%u CPUID entries", list->nent);
	memcpy(f->cpuid[n], list->entries,
		list->nent * sizeof(list->entries[0]));
	f->ncpuid[n] = list->nent;
	return 0;
}

static long on_vcpu(
	struct fake_kvm *f, unsigned n, unsigned long request, uintptr_t arg)
{
	switch (request) {
	case KVM_RUN:
		return run_vcpu(f, n);
	case KVM_SET_CPUID2:
		return set_cpuid(f, n, (const struct kvm_cpuid2 *)arg);
	case KVM_SET_MP_STATE:
	case KVM_NMI:
		return 0;
	default:
		return fake_registers(f, n, request, (void *)arg);
	}
}

static long fake_ioctl(
	void *opaque, int fd, unsigned long request, uintptr_t arg)
{
	struct fake_kvm *f = opaque;

	if (fd == FAKE_KVM_FD)
		return on_device(f, request, arg);
	if (fd == FAKE_VM_FD)
		return on_vm(f, request, arg);
	if (fd == FAKE_SEV_FD && request == CF_SEV_ISSUE_CMD)
		return fake_sev_device(f, (struct cf_sev_issue_cmd *)arg);
	if (fd >= FAKE_VCPU_FD && (unsigned)(fd - FAKE_VCPU_FD) < f->nvcpus)
		return on_vcpu(f, (unsigned)(fd - FAKE_VCPU_FD), request, arg);
	return fake_complain(f, EBADF, "fd %d, request 0x%lx", fd, request);
}

/* An EPYC that has it all. */
static void fake_cpuid(void *opaque, uint32_t leaf, uint32_t regs[4])
{
	const struct fake_kvm *f = opaque;

	memset(regs, 0, 4 * sizeof(regs[0]));
	if (leaf == 0) {
		memcpy(&regs[1], "Auth", 4);
		memcpy(&regs[3], "enti", 4);
		memcpy(&regs[2], "cAMD", 4);
	} else if (leaf == 0x80000001) {
		regs[2] = 1 << 2;
	} else if (leaf == 0x8000001F) {
		regs[0] = 1 << 1 | 1 << 3 | 1 << 4;
		regs[1] = f->cbitpos | 1 << 6;
		regs[2] = 509;
		regs[3] = 100;
	}
}

struct cf_kvm_sys fake_kvm_sys(struct fake_kvm *f)
{
	return (struct cf_kvm_sys) {
		.opaque = f,
		.open = fake_open,
		.ioctl = fake_ioctl,
		.map = fake_map,
		.unmap = fake_unmap,
		.close = fake_close,
		.cpuid = fake_cpuid,
	};
}
