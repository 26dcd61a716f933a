/* SPDX-License-Identifier: Apache-2.0 */
/* The real system calls behind struct cf_kvm_sys. */
#include "kvm/kvm.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int sys_open(void *opaque, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static long sys_ioctl(
	void *opaque, int fd, unsigned long request, uintptr_t arg)
{
	int result = ioctl(fd, request, arg);

	return result < 0 ? -errno : result;
}

static void *sys_map(void *opaque, int fd, size_t len)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

static void sys_unmap(void *opaque, void *at, size_t len)
{
	munmap(at, len);
}

static void sys_close(void *opaque, int fd)
{
	close(fd);
}

static void sys_cpuid(void *opaque, uint32_t leaf, uint32_t regs[4])
{
	regs[0] = regs[1] = regs[2] = regs[3] = 0;
	__get_cpuid(leaf, &regs[0], &regs[1], &regs[2], &regs[3]);
}

static const struct cf_kvm_sys linux_sys = {
	.open = sys_open,
	.ioctl = sys_ioctl,
	.map = sys_map,
	.unmap = sys_unmap,
	.close = sys_close,
	.cpuid = sys_cpuid,
};

const struct cf_kvm_sys *cf_kvm_sys_linux(void)
{
	return &linux_sys;
}
