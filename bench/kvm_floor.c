/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a program can do to run a plain guest on KVM with the
 * kernel's interrupt controllers and timer: the ioctls of `coffer run -accel
 * kvm`, in its order, and nothing else.  For bench/start.
 *
 * usage: bench_kvm_floor FIRMWARE-OF-64-KIB
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM      (64ul << 20)
#define FIRMWARE 0x10000ul
#define SERIAL   0x3f8
#define EXIT     0xf4

static void *anonymous(size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static int set_slot(int vm, uint32_t slot, uint32_t flags, uint64_t gpa,
	size_t len, void *at)
{
	struct kvm_userspace_memory_region r = { .slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = len,
		.userspace_addr = (uintptr_t)at };

	return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &r);
}

static int set_cpuid(int kvm, int vcpu)
{
	struct kvm_cpuid2 *list =
		calloc(1, sizeof(*list) + 256 * sizeof(list->entries[0]));

	if (!list)
		return -1;
	list->nent = 256;
	return ioctl(kvm, KVM_GET_SUPPORTED_CPUID, list) < 0
		? -1
		: ioctl(vcpu, KVM_SET_CPUID2, list);
}

/* Until the guest ends; its exit status, as QEMU's isa-debug-exit gives it. */
static int run(int vcpu, struct kvm_run *r)
{
	while (ioctl(vcpu, KVM_RUN, 0) == 0 && r->exit_reason == KVM_EXIT_IO) {
		const char *data = (const char *)r + r->io.data_offset;

		if (r->io.port == SERIAL && write(1, data, 1) != 1)
			return 1;
		if (r->io.port == EXIT)
			return *data << 1 | 1;
	}
	return 1;
}

int main(int argc, char **argv)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	struct kvm_regs regs = { .rip = 0xfff0, .rflags = 2 };
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int file = argc > 1 ? open(argv[1], O_RDONLY) : -1, vm, vcpu;
	void *ram = anonymous(RAM), *firmware = anonymous(FIRMWARE);
	int len = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	struct kvm_run *area;

	if (kvm < 0 || file < 0 || len < 0 || ram == MAP_FAILED ||
		firmware == MAP_FAILED ||
		read(file, firmware, FIRMWARE) != (ssize_t)FIRMWARE ||
		ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return 1;
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0 || set_slot(vm, 0, 0, 0, RAM, ram) ||
		set_slot(vm, 1, KVM_MEM_READONLY, 0xffff0000, FIRMWARE,
			firmware) ||
		ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000) ||
		ioctl(vm, KVM_CREATE_IRQCHIP, 0) ||
		ioctl(vm, KVM_CREATE_PIT2, &pit))
		return 1;
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	area = mmap(
		NULL, (size_t)len, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (vcpu < 0 || area == MAP_FAILED || set_cpuid(kvm, vcpu) ||
		ioctl(vcpu, KVM_SET_REGS, &regs))
		return 1;
	return run(vcpu, area);
}
