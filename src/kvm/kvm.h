/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /dev/kvm and /dev/sev: the one place where system calls on them are made,
 * and the VM handle that the hardware secure processor (src/sp/kvm) and the
 * KVM CPU engine (src/accel/kvm) share.
 *
 * The system calls go through a table, so that tests run everything above it
 * against a fake kernel that checks what it is asked.
 */
#ifndef CF_KVM_H
#define CF_KVM_H

#include "base/error.h"
#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_memory;

/* Results are the call's own, or a negative errno. */
struct cf_kvm_sys {
	void *opaque;
	int (*open)(void *opaque, const char *path, int flags);
	long (*ioctl)(
		void *opaque, int fd, unsigned long request, uintptr_t arg);
	/* MAP_SHARED, read and write; NULL on failure. */
	void *(*map)(void *opaque, int fd, size_t len);
	void (*unmap)(void *opaque, void *at, size_t len);
	void (*close)(void *opaque, int fd);
	/* The processor's CPUID, eax to edx; zeros where there is no leaf. */
	void (*cpuid)(void *opaque, uint32_t leaf, uint32_t regs[4]);
};
const struct cf_kvm_sys *cf_kvm_sys_linux(void);

enum cf_kvm_generation {
	CF_KVM_PLAIN,
	CF_KVM_SEV,
	CF_KVM_SEV_ES,
	CF_KVM_SEV_SNP,
};

struct cf_kvm_vm;

/*
 * Open /dev/kvm and create a VM of the type that a generation needs.  legacy:
 * SEV and SEV-ES through the default VM type and KVM_SEV(_ES)_INIT;
 * legacy_if_old: only where the kernel knows no other way.
 * sev_device: "/dev/sev"; not opened for plain guests.
 * Messages say what is missing and how to get it.
 */
struct cf_kvm_config {
	const struct cf_kvm_sys *sys; /* kept */
	const struct cf_log *log;     /* kept; NULL: none */
	enum cf_kvm_generation generation;
	bool legacy, legacy_if_old;
	const char *sev_device;
};
enum coffer_status cf_kvm_open(const struct cf_kvm_config *config,
	struct cf_kvm_vm **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_kvm_close(struct cf_kvm_vm *vm); /* NULL is fine */

enum cf_kvm_generation cf_kvm_generation_of(const struct cf_kvm_vm *vm);
/* SEV or SEV-ES by the older commands. */
bool cf_kvm_is_legacy(const struct cf_kvm_vm *vm);

/* ioctl on the VM; the result or a negative errno. */
long cf_kvm_ioctl(struct cf_kvm_vm *vm, unsigned long request, void *arg);
long cf_kvm_ioctl_value(
	struct cf_kvm_vm *vm, unsigned long request, unsigned long value);
/* Capability of the VM; 0: absent. */
long cf_kvm_capability(struct cf_kvm_vm *vm, unsigned long capability);
/* KVM_GET_SUPPORTED_CPUID into list, whose nent says how much fits; 0 or a
 * negative errno. */
struct kvm_cpuid2;
long cf_kvm_supported_cpuid(struct cf_kvm_vm *vm, struct kvm_cpuid2 *list);
/* u64 behind a device attribute of /dev/kvm; false: absent. */
CF_MUST_CHECK bool cf_kvm_system_attr(
	struct cf_kvm_vm *vm, uint32_t group, uint64_t attr, uint64_t *value);

/*
 * KVM_MEMORY_ENCRYPT_OP.  COFFER_ERR_FIRMWARE with the firmware's status,
 * COFFER_ERR_SYSTEM when it was not called.  name is the command's, for the
 * message.  again: set when the kernel said EAGAIN (SNP_LAUNCH_UPDATE), may be
 * NULL.
 */
enum coffer_status cf_kvm_sev(struct cf_kvm_vm *vm, uint32_t id,
	const char *name, void *data, bool *again,
	struct coffer_error *err) CF_MUST_CHECK;

/* A command of /dev/sev itself, with the same error rules. */
enum coffer_status cf_kvm_sev_device(struct cf_kvm_vm *vm, uint32_t cmd,
	const char *name, void *data, struct coffer_error *err) CF_MUST_CHECK;

/*
 * Give the regions of guest memory to the VM: one slot each; with guest_memfd
 * behind it for SNP, pinned for SEV and SEV-ES.  mem is kept.
 */
enum coffer_status cf_kvm_set_memory(struct cf_kvm_vm *vm,
	struct cf_memory *mem, struct coffer_error *err) CF_MUST_CHECK;

/* SNP: make a page range private or shared.  Ranges outside memory: shared is
 * silently fine, private an error. */
enum coffer_status cf_kvm_convert(struct cf_kvm_vm *vm, uint64_t gpa,
	uint64_t len, bool private_pages,
	struct coffer_error *err) CF_MUST_CHECK;

/* vCPU n: its descriptor, and the shared run area. */
struct kvm_run;
enum coffer_status cf_kvm_create_vcpu(struct cf_kvm_vm *vm, unsigned n, int *fd,
	struct kvm_run **run, struct coffer_error *err) CF_MUST_CHECK;
void cf_kvm_close_vcpu(struct cf_kvm_vm *vm, int fd, struct kvm_run *run);
long cf_kvm_vcpu_ioctl(
	struct cf_kvm_vm *vm, int fd, unsigned long request, void *arg);
const struct cf_log *cf_kvm_log(const struct cf_kvm_vm *vm);

#endif
