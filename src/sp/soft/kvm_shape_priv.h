/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the kvm_shape*.c: launch (kvm_shape.c), migration and /dev/sev. */
#ifndef CF_SP_KVM_SHAPE_PRIV_H
#define CF_SP_KVM_SHAPE_PRIV_H

#include "sp/soft/guest_priv.h"
#include "sp/soft/kvm_shape.h"

#include <errno.h>

#define SHAPE_SLOTS 32

struct cf_kvm_shape {
	struct cf_kvm_shape_config config;
	struct cf_sp_guest *guest;
	struct {
		uint64_t gpa, len, hva;
	} slot[SHAPE_SLOTS];
	size_t nslots;
	bool initialised;
};

static inline void *shape_pointer(uint64_t uaddr)
{
	return (void *)(uintptr_t)uaddr;
}

/* Guest address of n bytes at a host address; false when not in one slot. */
bool cf_kvm_shape_gpa(const struct cf_kvm_shape *s, uint64_t uaddr, uint64_t n,
	uint64_t *gpa);

/* errno and firmware status of an error of the guest object. */
long cf_kvm_shape_result(
	const struct coffer_error *err, enum coffer_status st, uint32_t *fw);

/* Buffers of the caller in the host area, where the firmware reaches them:
 * copy in, mark for output, copy out and take back. */
bool cf_kvm_shape_put(
	struct soft_guest *g, uint64_t spa, uint64_t uaddr, size_t n);
bool cf_kvm_shape_open(struct soft_guest *g, uint64_t spa, size_t n);
bool cf_kvm_shape_take(
	struct soft_guest *g, uint64_t spa, uint64_t uaddr, size_t n);

/* SEND_* and RECEIVE_*; -ENOTTY when the id is none of them. */
long cf_kvm_shape_migrate(
	struct cf_kvm_shape *s, uint32_t id, uint8_t *data, uint32_t *fw);

#endif
