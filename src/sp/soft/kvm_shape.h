/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's shape of the secure processor over the software one: what
 * KVM_MEMORY_ENCRYPT_OP and /dev/sev take (struct cf_kvm_sev_cmd and its
 * friends, host virtual addresses in them) becomes commands at the door.  So
 * the code that drives hardware drives the model too, above a transport that
 * hands its ioctls here.
 *
 * Pointers in the structs are of this process.  Results are 0 or a negative
 * errno, as of the ioctl; the firmware's status goes to the struct.
 */
#ifndef CF_SP_KVM_SHAPE_H
#define CF_SP_KVM_SHAPE_H

#include "sp/soft/soft.h"

struct cf_kvm_sev_cmd;
struct cf_sev_issue_cmd;
struct cf_kvm_shape;

struct cf_kvm_shape_config {
	struct cf_sp_soft *sp; /* kept, like the memory */
	struct cf_memory *mem;
	enum cf_platform platform;
	unsigned asid, vcpus;
	/* The VMSA that the kernel builds of vCPU n; NULL for SEV. */
	void *opaque;
	void (*vmsa)(void *opaque, unsigned n, uint8_t page[4096]);
};
enum coffer_status cf_kvm_shape_create(const struct cf_kvm_shape_config *config,
	struct cf_kvm_shape **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_kvm_shape_destroy(struct cf_kvm_shape *s);

/* A memory slot: guest memory at gpa is at hva in this process.  At most 32;
 * false when there is no room. */
CF_MUST_CHECK bool cf_kvm_shape_slot(
	struct cf_kvm_shape *s, uint64_t gpa, uint64_t len, uint64_t hva);

/* KVM_MEMORY_ENCRYPT_OP and SEV_ISSUE_CMD. */
long cf_kvm_shape_op(struct cf_kvm_shape *s, struct cf_kvm_sev_cmd *cmd);
long cf_kvm_shape_device(struct cf_kvm_shape *s, struct cf_sev_issue_cmd *cmd);

/* The guest object beneath, for its VMSAs and digest; borrowed. */
struct cf_sp_guest *cf_kvm_shape_guest(struct cf_kvm_shape *s);

#endif
