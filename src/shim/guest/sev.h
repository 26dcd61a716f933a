/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's side of SEV-ES and SNP: GHCB protocol, page states, #VC.  One
 * GHCB per vCPU, found through GS.
 *
 * Sources: GHCB specification (AMD 56421); APM volume 2 (AMD 24593).
 */
#ifndef GUEST_SEV_H
#define GUEST_SEV_H

#include "lib.h"

#define C_BIT 51
#define PAGE  4096u

#define MSR_SEV_STATUS 0xC0010131u
#define MSR_GS_BASE    0xC0000101u
#define STATUS_SEV     0x1u
#define STATUS_ES      0x2u
#define STATUS_SNP     0x4u

/* Why the guest gives up: the code of its termination request, in a set of our
 * own, which the soft engine puts into words (ghcb_term.c). */
#define REASON_SET 0xCu
enum reason {
	REASON_PROTOCOL = 1,
	REASON_FEATURES,
	REASON_REGISTER,
	REASON_PSC,
	REASON_PVALIDATE,
	REASON_VMPL,
	REASON_CPUID,
	REASON_VC,
	REASON_IOIO,
	REASON_REQUEST,
	REASON_RESPONSE,
	REASON_AP,
	REASON_MEMORY,
	REASON_TABLE,
	REASON_CBIT,
	REASON_NOT_VALIDATED,
	REASON_EXCEPTION = 0x20, /* + vector */
};
void terminate(unsigned reason) __attribute__((noreturn));

/* What each vCPU has; GS points to it. */
struct vcpu {
	struct vcpu *self;
	uint8_t *ghcb;
	uint32_t number;
};
struct vcpu *this_vcpu(void);
void set_this_vcpu(struct vcpu *v);

/* SEV instructions. */
void vmgexit(void);
bool pvalidate(uintptr_t page, bool validate, bool large, uint32_t *result);
uint32_t rmpadjust(uintptr_t page, uint32_t target);

/* GHCB: MSR protocol and the page. */
uint64_t ghcb_msr_call(uint64_t request);
/* Terminates unless the hypervisor has these features (SNP: bit 0, AP
 * creation: bit 1). */
void ghcb_negotiate(uint64_t features);
void ghcb_register(struct vcpu *v, uint8_t *page); /* SNP; then use */
void ghcb_use(struct vcpu *v, uint8_t *page);
/* Fields of the page: byte offsets; set marks them valid. */
enum {
	GHCB_RAX = 0x1F8,
	GHCB_RBX = 0x318,
	GHCB_RCX = 0x308,
	GHCB_RDX = 0x310,
	GHCB_CODE = 0x390,
	GHCB_INFO1 = 0x398,
	GHCB_INFO2 = 0x3A0,
	GHCB_SCRATCH = 0x3A8,
	GHCB_XCR0 = 0x3E8,
	GHCB_BUFFER = 0x800,
};
void ghcb_clear(void);
void ghcb_set(unsigned field, uint64_t v);
uint64_t ghcb_get(unsigned field, unsigned reason);
/* Exit; terminates with `reason` when the hypervisor reports a failure. */
void ghcb_exit(uint64_t code, uint64_t info1, uint64_t info2, unsigned reason);
/* A device register, without going through #VC. */
void ghcb_mmio_write32(uint64_t gpa, uint32_t v);

/* Pages.  map_page is the payload's: make its mapping of one page private or
 * shared. */
void map_page(uintptr_t page, bool private_page);
void pages_request(uint64_t gpa, size_t n, bool private_pages); /* PSC */
void pages_validate(uintptr_t page, size_t n);     /* PVALIDATE, by address */
void pages_make_private(uintptr_t page, size_t n); /* both */
void pages_make_shared(uintptr_t page, size_t n);
/* The GHCB itself, when it is not needed any more; by the MSR protocol. */
void page_take_back(uintptr_t page);

/* Looks a leaf up in the CPUID page; zeros when it is absent.  Where the page
 * is, the payload says; 0: there is none, as on SEV-ES. */
extern const uintptr_t cpuid_page;
void cpuid_lookup(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
/* SNP: terminates unless the page says what the launch was for. */
void cpuid_check(void);

#endif
