/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's side of the GHCB protocol, version 2.  It sees what a
 * hypervisor sees: the GHCB MSR and what the guest put into shared memory,
 * never a register of the vCPU.
 *
 * Source: GHCB specification (AMD 56421), revision 2.
 */
#ifndef CF_ACCEL_SOFT_GHCB_PRIV_H
#define CF_ACCEL_SOFT_GHCB_PRIV_H

#include "accel/soft/cpu_priv.h"

/* What is to be done when the exit has been handled, beside going on. */
struct cf_ghcb_outcome {
	bool stop; /* leave the engine: */
	enum cf_stop why;
	uint64_t code;
	char text[448];
};

#define CF_GHCB_VERSION_MIN 1u
#define CF_GHCB_VERSION_MAX 2u

/* Feature bitmap: SNP, AP creation, APIC id list. */
#define CF_GHCB_FEATURES_SNP (0x1u | 0x2u | 0x10u)

/* VMGEXIT.  The vCPU is outside the guest (world_priv.h). */
void cf_ghcb_exit(struct vcpu *cpu, struct cf_ghcb_outcome *out);
/* The MSR protocol: the low 12 bits of the MSR are not zero. */
void cf_ghcb_msr(struct vcpu *cpu, struct cf_ghcb_outcome *out);

/* Value of the MSR when a vCPU starts. */
uint64_t cf_ghcb_reset_value(const struct cf_vm *vm);
uint64_t cf_ghcb_features(const struct cf_vm *vm);
/* CPUID as the hypervisor answers it. */
void cf_ghcb_cpuid(const struct cf_vm *vm, const struct cf_cpuid_env *env,
	uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
/* A termination request in words. */
void cf_ghcb_terminate(struct vcpu *cpu, unsigned set, unsigned code,
	struct cf_ghcb_outcome *out);
/* AP reset hold: the vCPU waits for its start-up IPI; and has got it. */
void cf_ghcb_hold(struct vcpu *cpu);
void cf_ghcb_wake(struct vcpu *cpu);

/* Offsets of fields in the GHCB page; a field's valid bit is offset / 8. */
enum {
	GHCB_CPL = 0x0CB,
	GHCB_XSS = 0x140,
	GHCB_RAX = 0x1F8,
	GHCB_RCX = 0x308,
	GHCB_RDX = 0x310,
	GHCB_RBX = 0x318,
	GHCB_CODE = 0x390,
	GHCB_INFO1 = 0x398,
	GHCB_INFO2 = 0x3A0,
	GHCB_SCRATCH = 0x3A8,
	GHCB_XCR0 = 0x3E8,
	GHCB_VALID = 0x3F0,
	GHCB_BUFFER = 0x800,
	GHCB_BUFFER_END = 0xFF0,
	GHCB_VERSION = 0xFFA,
	GHCB_USAGE = 0xFFC,
};

/* SW_EXITINFO2 when the answer is "malformed request". */
enum cf_ghcb_error {
	GHCB_OK = 0,
	GHCB_NOT_REGISTERED = 1,
	GHCB_BAD_USAGE = 2,
	GHCB_BAD_SCRATCH = 3,
	GHCB_MISSING_INPUT = 4,
	GHCB_BAD_INPUT = 5,
	GHCB_BAD_EVENT = 6,
	GHCB_INJECT_GP, /* ours: not malformed, the guest gets #GP */
};

/* One exit through the page: a copy taken once, checked and used; what is
 * returned is marked and written back at the end. */
struct ghcb {
	struct vcpu *cpu;
	uint64_t gpa;
	uint8_t page[4096];
	uint8_t reply[16]; /* valid bits of the answer */
	bool buffer_changed;
	uint64_t code, info1, info2; /* as asked */
	uint64_t result;             /* SW_EXITINFO2 of the answer */
	struct cf_ghcb_outcome *out;
};

bool cf_ghcb_has(const struct ghcb *g, unsigned field);
uint64_t cf_ghcb_get(const struct ghcb *g, unsigned field);
void cf_ghcb_reply(struct ghcb *g, unsigned field, uint64_t v);
/* Shared memory that the scratch field names, `len` bytes of it: a pointer
 * into the copy of the page, or into `room` for memory elsewhere. */
CF_MUST_CHECK bool cf_ghcb_scratch_read(struct ghcb *g, void *out, size_t len);
CF_MUST_CHECK bool cf_ghcb_scratch_write(
	struct ghcb *g, const void *in, size_t len);
/* A whole page, aligned, in memory and not private. */
CF_MUST_CHECK bool cf_ghcb_shared_page(const struct ghcb *g, uint64_t gpa);

/* Events with files of their own. */
enum cf_ghcb_error cf_ghcb_ioio(struct ghcb *g);
enum cf_ghcb_error cf_ghcb_mmio_read(struct ghcb *g);
enum cf_ghcb_error cf_ghcb_mmio_write(struct ghcb *g);
enum cf_ghcb_error cf_ghcb_psc(struct ghcb *g);
enum cf_ghcb_error cf_ghcb_guest_request(struct ghcb *g);
enum cf_ghcb_error cf_ghcb_ext_request(struct ghcb *g);
enum cf_ghcb_error cf_ghcb_ap_creation(struct ghcb *g);
enum cf_ghcb_error cf_ghcb_ap_hold(struct ghcb *g);

#endif
