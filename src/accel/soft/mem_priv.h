/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory through the software TLB.  The inline part is a hit inside one
 * page; the rest (misses, faults, devices, ROM, pages that hold code, page
 * crossings, watchpoints) is in mem.c.  All functions take the operation for
 * precise faults and do not return when the access faults.
 */
#ifndef CF_ACCEL_SOFT_MEM_PRIV_H
#define CF_ACCEL_SOFT_MEM_PRIV_H

#include "accel/soft/cpu_priv.h"

#include <string.h>

enum cf_access {
	CF_ACC_READ,
	CF_ACC_WRITE,
	CF_ACC_FETCH,
	CF_ACC_KIND = 3,
	CF_ACC_SYSTEM = 4, /* descriptor tables, TSS: CPL 0 whatever the CPL */
};

uint64_t cf_ld_slow(
	struct vcpu *cpu, const struct op *op, uint64_t addr, unsigned size);
void cf_st_slow(struct vcpu *cpu, const struct op *op, uint64_t addr,
	unsigned size, uint64_t v);
void *cf_rmw_slow(
	struct vcpu *cpu, const struct op *op, uint64_t addr, unsigned size);

static CF_ALWAYS_INLINE struct cf_tlb_entry *cf_tlb_at(
	struct vcpu *cpu, uint64_t addr)
{
	return &cpu->tlb[addr >> 12 & (CF_TLB_SIZE - 1)];
}

/* The page of the last byte is compared, so that a hit is inside the page. */
static CF_ALWAYS_INLINE bool cf_tlb_hit(
	const struct vcpu *cpu, uint64_t tag, uint64_t addr, unsigned size)
{
	return CF_LIKELY(
		tag == (((addr + size - 1) & CF_PAGE_MASK) | cpu->salt));
}

static CF_ALWAYS_INLINE void *cf_tlb_host(
	const struct cf_tlb_entry *e, uint64_t addr)
{
	return (void *)(uintptr_t)(addr + e->addend);
}

#define CF_DEFINE_LD_ST(bits)                                         \
	static CF_ALWAYS_INLINE uint##bits##_t cf_ld##bits(           \
		struct vcpu *cpu, const struct op *op, uint64_t addr) \
	{                                                             \
		const struct cf_tlb_entry *e = cf_tlb_at(cpu, addr);  \
		uint##bits##_t v;                                     \
                                                                      \
		if (!cf_tlb_hit(cpu, e->rtag, addr, bits / 8))        \
			return (uint##bits##_t)cf_ld_slow(            \
				cpu, op, addr, bits / 8);             \
		memcpy(&v, cf_tlb_host(e, addr), sizeof(v));          \
		return v;                                             \
	}                                                             \
	static CF_ALWAYS_INLINE void cf_st##bits(struct vcpu *cpu,    \
		const struct op *op, uint64_t addr, uint##bits##_t v) \
	{                                                             \
		const struct cf_tlb_entry *e = cf_tlb_at(cpu, addr);  \
                                                                      \
		if (!cf_tlb_hit(cpu, e->wtag, addr, bits / 8)) {      \
			cf_st_slow(cpu, op, addr, bits / 8, v);       \
			return;                                       \
		}                                                     \
		memcpy(cf_tlb_host(e, addr), &v, sizeof(v));          \
	}

CF_DEFINE_LD_ST(8)
CF_DEFINE_LD_ST(16)
CF_DEFINE_LD_ST(32)
CF_DEFINE_LD_ST(64)

/*
 * A pointer for reading and writing `size` bytes in place.  Permission to
 * write is checked now.  After changing them call cf_mem_commit(); a fault can
 * no longer happen.  Pages in RAM are returned as they are, so that host
 * atomics work on them; the rest is a copy.
 */
static CF_ALWAYS_INLINE void *cf_rmw(
	struct vcpu *cpu, const struct op *op, uint64_t addr, unsigned size)
{
	const struct cf_tlb_entry *e = cf_tlb_at(cpu, addr);

	if (!cf_tlb_hit(cpu, e->wtag, addr, size))
		return cf_rmw_slow(cpu, op, addr, size);
	return cf_tlb_host(e, addr);
}

void cf_mem_commit_slow(struct vcpu *cpu);
static CF_ALWAYS_INLINE void cf_mem_commit(struct vcpu *cpu)
{
	if (CF_UNLIKELY(cpu->rmw_pending))
		cf_mem_commit_slow(cpu);
}

/*
 * Operands of any size up to CF_NATIVE_MEM_MAX.  read: a pointer to the bytes,
 * in place or copied.  write: a pointer to write all of them to, then
 * cf_mem_commit().
 */
const void *cf_mem_read(
	struct vcpu *cpu, const struct op *op, uint64_t addr, unsigned size);
void *cf_mem_write(
	struct vcpu *cpu, const struct op *op, uint64_t addr, unsigned size);

/* Accesses that the processor makes on its own, at CPL 0: descriptors, TSS,
 * IDT, stacks of inner rings (with op NULL). */
uint64_t cf_sys_ld(struct vcpu *cpu, uint64_t addr, unsigned size);
void cf_sys_st(struct vcpu *cpu, uint64_t addr, unsigned size, uint64_t v);

/* Where one page of guest memory is, as an access finds it. */
struct cf_place {
	uint64_t gpa;  /* of the byte asked for */
	uint8_t *host; /* of the same byte; NULL: no memory, a device */
	bool rom;      /* writes are dropped */
	bool code;     /* holds decoded code: tell cf_code_written() */
};

/* Somebody wants to see every access to data (breakpoints, alignment checks):
 * nothing is cached, so that all come here. */
static inline bool cf_watched(const struct vcpu *cpu)
{
	return CF_UNLIKELY(cpu->watch || (cpu->dr_armed & CF_DR_DATA) ||
		cpu->checks_alignment);
}

/* #GP, or #SS, for a data address that the mode does not have. */
void cf_check_canonical(struct vcpu *cpu, const struct op *op, uint64_t addr);
/* Translate one address, filling the TLB; raises when it faults. */
void cf_place(struct vcpu *cpu, const struct op *op, uint64_t addr,
	unsigned access, struct cf_place *out);

/* For debuggers: translate without side effects; false: not mapped. */
bool cf_debug_translate(
	struct vcpu *cpu, uint64_t addr, uint64_t *gpa, bool *private_view);

/* Address of the memory operand of op, checked against its segment. */
uint64_t cf_ea_general(
	struct vcpu *cpu, const struct op *op, unsigned size, bool write);
/* Segment part alone: linear address of seg:offset. */
uint64_t cf_linear(struct vcpu *cpu, const struct op *op, unsigned seg,
	uint64_t offset, unsigned size, bool write);

/* Drop translations: all; of one address. */
void cf_tlb_flush(struct vcpu *cpu);
void cf_tlb_flush_page(struct vcpu *cpu, uint64_t addr);
/* From one PCID to another, where keep: with what is cached of it. */
void cf_tlb_switch(struct vcpu *cpu, unsigned old, unsigned pcid, bool keep);
/* All of one PCID; current is the one in CR3. */
void cf_tlb_flush_pcid(struct vcpu *cpu, unsigned current, unsigned pcid);
/* Drop what is cached of a guest physical page (world stopped or own). */
void cf_tlb_forget_gpa(struct vcpu *cpu, uint64_t gpa);
/* Only write permission. */
void cf_tlb_protect_gpa(struct vcpu *cpu, uint64_t gpa);

/* The page of gpa as key slot `asid` sees it; NULL: no memory.  May let others
 * stop the world. */
uint8_t *cf_page_host(struct vcpu *cpu, uint64_t gpa, unsigned asid,
	enum cf_region_kind *kind);

uint64_t cf_mmio_read(struct vcpu *cpu, uint64_t gpa, unsigned size);
void cf_mmio_write(
	struct vcpu *cpu, uint64_t gpa, unsigned size, uint64_t value);

/* Host pointer when the access hits plain RAM after filling the TLB, else
 * NULL (device, ROM on write, code on write). */
uint8_t *cf_host_at(
	struct vcpu *cpu, const struct op *op, uint64_t addr, bool write);

/* After a change of paging, CPL, AC or mode: the salts. */
void cf_update_salt(struct vcpu *cpu);

/* A translation from a page of 1 << shift bytes is cached now: INVLPG must find
 * all of them. */
static inline void cf_tlb_note_size(
	struct vcpu *cpu, uint64_t addr, unsigned shift)
{
	struct cf_large *l = &cpu->large[addr >> 63];
	uint64_t mask = ~(((uint64_t)1 << shift) - 1);

	if (shift <= 12)
		return;
	if (!l->mask) {
		*l = (struct cf_large) { addr & mask, mask };
		return;
	}
	/* One range for all, as large as it must be. */
	l->mask &= mask;
	while ((l->base ^ addr) & l->mask)
		l->mask <<= 1;
	l->base &= l->mask;
}

/* Note that a translation to this page is cached now. */
static inline void cf_tlb_note(struct vcpu *cpu, uint64_t gpa)
{
	uint64_t bit = gpa >> 12 & (CF_CACHED_WORDS * 64 - 1);

	cpu->cached[bit >> 6] |= (uint64_t)1 << (bit & 63);
}

static inline bool cf_tlb_noted(const struct vcpu *cpu, uint64_t gpa)
{
	uint64_t bit = gpa >> 12 & (CF_CACHED_WORDS * 64 - 1);

	return cpu->cached[bit >> 6] >> (bit & 63) & 1;
}

/* Page walk (walk.c). */
struct cf_walk {
	uint64_t gpa;      /* of the byte, C-bit removed */
	uint32_t error;    /* page-fault error code when it failed */
	bool writable;     /* at this privilege, and dirty already */
	bool private_view; /* C-bit of the leaf */
	unsigned shift;    /* log2 of the size of the page */
};
/* False: page fault with `error`, or for a bad table entry likewise. */
bool cf_walk(struct vcpu *cpu, uint64_t addr, unsigned access, bool user,
	bool set_bits, struct cf_walk *out);

#endif
