/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of one software vCPU and of the VM around it.
 *
 * Guest code runs as blocks of decoded operations.  While a block runs,
 * r[CF_R_RIP] is the address of its first instruction and each operation
 * knows its offset; between blocks it is the address of the next instruction.
 * The status flags live in `fl`, as LAHF and SETO of the host leave them; the
 * rest of RFLAGS is in `flags`.
 *
 * A vCPU's fields belong to its thread.  Others touch only the atomics, or
 * anything while the world is stopped (world_priv.h).
 */
#ifndef CF_ACCEL_SOFT_CPU_PRIV_H
#define CF_ACCEL_SOFT_CPU_PRIV_H

#include "accel/accel.h"
#include "accel/soft/native/cpuid_priv.h"
#include "accel/soft/native/fpu_priv.h"
#include "accel/soft/native/native_priv.h"
#include "memory/memory.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Indices into r[] beyond the general registers. */
#define CF_R11    11
#define CF_R_ZERO 16 /* always 0: the base or index that is not there */
#define CF_R_RIP  17
#define CF_R_FS   18 /* base of FS, so that fs:[x] is an ordinary address */
#define CF_R_GS   19
#define CF_NREGS  20

/* RFLAGS */
#define CF_FL_CF    0x1u
#define CF_FL_PF    0x4u
#define CF_FL_AF    0x10u
#define CF_FL_ZF    0x40u
#define CF_FL_SF    0x80u
#define CF_FL_TF    0x100u
#define CF_FL_IF    0x200u
#define CF_FL_DF    0x400u
#define CF_FL_OF    0x800u
#define CF_FL_IOPL  0x3000u
#define CF_FL_NT    0x4000u
#define CF_FL_RF    0x10000u
#define CF_FL_VM    0x20000u
#define CF_FL_AC    0x40000u
#define CF_FL_VIF   0x80000u
#define CF_FL_VIP   0x100000u
#define CF_FL_ID    0x200000u
#define CF_FL_ARITH 0x8d5u

#define CF_CR0_PE 0x1u
#define CF_CR0_MP 0x2u
#define CF_CR0_EM 0x4u
#define CF_CR0_TS 0x8u
#define CF_CR0_ET 0x10u
#define CF_CR0_NE 0x20u
#define CF_CR0_WP 0x10000u
#define CF_CR0_AM 0x40000u
#define CF_CR0_NW 0x20000000u
#define CF_CR0_CD 0x40000000u
#define CF_CR0_PG 0x80000000u

#define CF_CR4_VME        0x1u
#define CF_CR4_PVI        0x2u
#define CF_CR4_TSD        0x4u
#define CF_CR4_DE         0x8u
#define CF_CR4_PSE        0x10u
#define CF_CR4_PAE        0x20u
#define CF_CR4_PGE        0x80u
#define CF_CR4_PCE        0x100u
#define CF_CR4_OSFXSR     0x200u
#define CF_CR4_OSXMMEXCPT 0x400u
#define CF_CR4_UMIP       0x800u
#define CF_CR4_FSGSBASE   0x10000u
#define CF_CR4_PCIDE      0x20000u
#define CF_CR4_OSXSAVE    0x40000u
#define CF_CR4_SMEP       0x100000u
#define CF_CR4_SMAP       0x200000u

#define CF_EFER_SCE   0x1u
#define CF_EFER_LME   0x100u
#define CF_EFER_LMA   0x400u
#define CF_EFER_NXE   0x800u
#define CF_EFER_SVME  0x1000u
#define CF_EFER_FFXSR 0x4000u

/* Segment attributes, VMCB packing. */
#define CF_SEG_TYPE      0xfu
#define CF_SEG_CODE      0x8u /* type bit: code */
#define CF_SEG_EC        0x4u /* expand down, conforming */
#define CF_SEG_RW        0x2u /* writable, readable */
#define CF_SEG_A         0x1u
#define CF_SEG_S         0x10u
#define CF_SEG_DPL_SHIFT 5
#define CF_SEG_P         0x80u
#define CF_SEG_L         0x200u
#define CF_SEG_DB        0x400u
#define CF_SEG_G         0x800u

/* What decoded code depends on beside its bytes. */
#define CF_MODE_L         0x1u /* 64-bit code */
#define CF_MODE_D         0x2u /* CS.D */
#define CF_MODE_SS32      0x4u /* SS.B */
#define CF_MODE_PE        0x8u
#define CF_MODE_CPL3      0x10u
#define CF_MODE_SINGLE    0x20u /* blocks of one instruction */
#define CF_MODE_VM        0x40u /* virtual-8086: not CF_MODE_PE */
#define CF_MODE_FPU_SHIFT 8     /* cf_fpu_allowed() in bits 8.. */

#define CF_TLB_BITS  10
#define CF_TLB_SIZE  (1u << CF_TLB_BITS)
#define CF_PAGE_MASK (~(uint64_t)0xfff)

/*
 * One translation.  A tag is the page address with the salt of the vCPU's
 * state in its low bits, or 1 (never a salt) when that access kind must take
 * the slow path.  Host address = guest address + addend.
 */
struct cf_tlb_entry {
	uint64_t rtag, wtag;
	uint64_t addend;
	uint64_t gpa; /* page */
};
#define CF_TLB_NONE 1u

struct cf_fetch_entry {
	uint64_t tag;
	uint64_t gpa;
};
#define CF_FETCH_SIZE   256u
#define CF_CACHED_WORDS 256u

struct vcpu;
struct op;
struct block;

/* Execute op; returns what to execute next, or NULL: back to the loop. */
typedef const struct op *cf_op_fn(struct vcpu *cpu, const struct op *op);

/*
 * A decoded operation.  Registers are byte offsets into struct vcpu (so AH is
 * RAX's offset + 1).  Address = base + (index << shift) + disp for the flat
 * 64-bit forms; cf_ea_general() handles all others.
 */
#define CF_EA_SHIFT 0x3u
#define CF_EA_16    0x10u /* address size */
#define CF_EA_32    0x20u
struct op {
	cf_op_fn *fn;
	uint64_t imm; /* immediate; branches: the linked block */
	int32_t disp; /* of the address; branches: target - block start */
	uint8_t base, index;
	uint8_t shift; /* of the index; general forms: | CF_EA_16 or _32 */
	uint8_t dst, src;
	uint8_t seg;  /* enum cf_segment_index */
	uint8_t idx;  /* instructions before this one in the block */
	uint8_t len;  /* of the instruction */
	uint16_t off; /* from the block's start */
	uint8_t size; /* operand size in bytes */
	uint8_t aux;  /* what the handler wants */
};

struct block {
	uint64_t gpa;  /* of the first byte */
	uint64_t gpa2; /* second page of an instruction that straddles, or 0 */
	struct block *hash_next, *page_next, *page2_next;
	uint32_t mode;
	uint16_t len; /* bytes */
	uint8_t nops; /* without the end marker */
	bool dead;
	struct op ops[];
};

struct cf_jump_entry {
	uint64_t tag; /* rip ^ salt */
	struct block *block;
};
#define CF_JUMP_SIZE 4096u

#define CF_SPACES 8 /* address spaces whose translations are kept */

struct cf_blocks; /* block.c */

struct cf_seg_state {
	uint64_t base; /* FS and GS: kept equal to r[CF_R_FS], r[CF_R_GS] */
	uint32_t limit;
	uint16_t sel;
	uint16_t attr;
};

/* Kinds of the guest's breakpoints, dr_priv.h. */
#define CF_DR_EXEC 0x1u
#define CF_DR_DATA 0x2u
#define CF_DR_IO   0x4u

/* Bits of vcpu.attention. */
#define CF_ATT_KICK  0x1u
#define CF_ATT_IRQ   0x2u
#define CF_ATT_NMI   0x4u
#define CF_ATT_INIT  0x8u
#define CF_ATT_SIPI  0x10u
#define CF_ATT_WORLD 0x20u /* somebody wants the world stopped */
#define CF_ATT_CODE  0x40u /* code pages written by others, see block.c */
#define CF_ATT_PARK  0x80u
#define CF_ATT_SEV   0x200u /* cf_sev_attend() has work */

/* Why an exception is being delivered, for error codes and RIP. */
#define CF_EXC_DB  1
#define CF_VEC_DE  0
#define CF_VEC_DB  1
#define CF_VEC_NMI 2
#define CF_VEC_BP  3
#define CF_VEC_OF  4
#define CF_VEC_BR  5
#define CF_VEC_UD  6
#define CF_VEC_NM  7
#define CF_VEC_DF  8
#define CF_VEC_TS  10
#define CF_VEC_NP  11
#define CF_VEC_SS  12
#define CF_VEC_GP  13
#define CF_VEC_PF  14
#define CF_VEC_MF  16
#define CF_VEC_AC  17
#define CF_VEC_XM  19
#define CF_VEC_VC  29

struct cf_watch; /* gdb break- and watchpoints, gdb_*.c */

struct vcpu {
	uint64_t r[CF_NREGS];
	uint16_t fl;    /* AH after LAHF in the high byte, OF in bit 0 */
	uint64_t count; /* instructions executed up to the last block exit */
	_Atomic uint64_t limit; /* leave the block chain when count >= limit */
	uint64_t salt;          /* of TLB tags, see tlb.c */
	uint64_t jump_salt;
	uint64_t flags;   /* RFLAGS without the status flags; bit 1 set */
	bool rmw_pending; /* cf_mem_commit() has work */
	uint32_t mode;
	uint8_t cpl;
	bool checks_alignment; /* ring 3, CR0.AM and AC: nothing hits the TLB */
	/* Memory operand that is not plainly mapped: see mem.c. */
	struct cf_bounce {
		uint64_t gpa[2];  /* first byte of each part */
		uint8_t *host[2]; /* NULL: device */
		uint32_t len[2];
		bool bounced;
		bool rom[2], code[2];
		unsigned nparts;
		_Alignas(64) uint8_t buf[CF_NATIVE_MEM_MAX];
	} bounce;

	struct cf_seg_state seg[CF_NSEGS];
	struct cf_seg_state ldtr, tr;
	struct {
		uint64_t base;
		uint32_t limit;
	} gdtr, idtr;
	uint64_t cr0, cr2, cr3, cr4, efer;
	uint64_t cr8; /* only without a machine that keeps it */
	uint64_t dr[4], dr6, dr7;
	uint8_t dr_armed;     /* CF_DR_*: kinds that DR7 enables */
	uint8_t dr_hit;       /* DR6 bits of the instruction so far */
	uint32_t dr6_pending; /* #DB is due before the next instruction */
	uint64_t xss;
	uint64_t star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t g_pat, dbgctl;
	uint32_t tsc_aux, pkru;
	uint64_t tsc_offset;
	uint64_t random;   /* state of the seeded generator */
	uint64_t mtrr[32]; /* see msr.c */
	uint64_t hwcr, de_cfg, spec_ctrl;
	struct cf_fpu fpu;

	/* Confidential guests, see sev_priv.h. */
	uint64_t ghcb_msr, sev_features, virtual_tom, vintr_ctrl;
	uint8_t vmpl;

	/* Events. */
	_Atomic uint32_t attention;
	bool irq_hint; /* ask the machine for an interrupt when IF allows */
	_Atomic unsigned nmis_sent; /* not seen by the loop yet */
	unsigned nmi_pending;       /* at most two: one runs, one waits */
	bool nmi_blocked;
	bool shadow;    /* STI or MOV SS: no interrupt before the next one */
	bool ss_shadow; /* MOV SS: no debug exception either */
	bool no_trap;   /* the instruction left TF behind, as INT does */
	bool halted;
	unsigned pauses;     /* in a row, with little between them */
	uint64_t last_pause; /* count at the last one */
	bool parked;         /* waits for SIPI or start */
	bool wait_sipi;
	uint8_t sipi_vector;
	bool stepping;   /* gdb single step */
	bool delivering; /* an exception is being delivered: vector below */
	uint8_t delivering_vector;
	uint64_t exc_count; /* count at the last exception */
	int fault_depth;    /* 0 none, 1 first fault, 2 #DF under delivery */
	uint64_t deadline;  /* count at which the budget ends */

	/* Raising from inside a handler. */
	jmp_buf *unwind;
	bool restore_sp; /* a fault now puts exc_sp back into RSP */
	uint64_t exc_sp;
	struct cf_exception {
		int vector;
		bool has_error, soft, trap;
		uint32_t error;
		uint64_t cr2;
	} exc;
	struct cf_stop_info stop; /* filled by cf_stop() */
	bool stopping;

	/* Code. */
	const struct op *link_op; /* exit to patch with the next block */
	struct cf_blocks *blocks;
	uint32_t mode_ids[64];
	unsigned nmode_ids, mode_id;
	unsigned jump_gen, tlb_gen; /* of the current address space */
	unsigned jump_top, tlb_top; /* the newest ones */
	struct cf_space {
		uint16_t pcid;
		uint16_t jump_gen, tlb_gen; /* 0: nothing is kept */
	} space[CF_SPACES];
	unsigned current; /* space */
	/* Where large pages may be cached, in the lower and upper half. */
	struct cf_large {
		uint64_t base, mask; /* mask 0: nowhere */
	} large[2];
	struct cf_jump_entry *jump;

	struct cf_vm *vm;
	unsigned index;
	struct cf_cpuid_env cpuid;
	_Atomic int in_guest; /* see world_priv.h */
	struct cf_watch *watch;

	/* Which physical pages may be cached, by the low bits of their
	 * number: most of what is to be forgotten never was. */
	uint64_t cached[CF_CACHED_WORDS];
	struct cf_fetch_entry fetch[CF_FETCH_SIZE];
	_Alignas(64) struct cf_tlb_entry tlb[CF_TLB_SIZE];
};

#define CF_CODE_L2_BITS  9 /* pages per second-level table */
#define CF_CODE_GPA_BITS 40
typedef _Atomic uint64_t cf_code_word;

struct cf_vm {
	struct cf_vm_config config;
	struct cf_accel_host host; /* with defaults for what is NULL */
	struct cf_memory *mem;
	const struct cf_cpu_model *model;
	struct cf_native *native;
	unsigned nvcpus;
	struct vcpu *vcpu[CF_MAX_VCPUS];
	bool sev, es, snp;
	uint64_t cbit_mask; /* 0: not a SEV guest */
	uint64_t phys_mask; /* addresses a page table may hold */
	uint64_t tsc_hz;
	char *cpu_model_name;

	/* 64-byte granules that hold decoded code, one word per page. */
	_Atomic(cf_code_word *) *code; /* two levels, see code_map.c */
	_Atomic(struct cf_code_table *) code_tables; /* of the second */

	/* Stopping the world. */
	pthread_mutex_t stop_lock; /* recursive; held while stopped */
	pthread_mutex_t gate_lock;
	pthread_cond_t gate_cond;
	_Atomic int world_stops;
	unsigned trace;           /* CF_TRACE_*, trace_priv.h */
	struct cf_sev_vm *sev_vm; /* sev_state_priv.h; NULL: plain guest */
};

/* RFLAGS as the guest sees them, and back. */
static inline uint64_t cf_flags_status(const struct vcpu *cpu)
{
	return ((cpu->fl >> 8) & (CF_FL_ARITH & 0xff)) |
		(uint64_t)(cpu->fl & 1) << 11;
}

static inline void cf_flags_set_status(struct vcpu *cpu, uint64_t rflags)
{
	cpu->fl = (uint16_t)((rflags & (CF_FL_ARITH & 0xff)) << 8 | 0x200 |
		(rflags >> 11 & 1));
}

static inline uint64_t cf_rflags(const struct vcpu *cpu)
{
	return cpu->flags | cf_flags_status(cpu);
}

/* All of RFLAGS; takes care of the attention that TF needs. */
void cf_set_rflags(struct vcpu *cpu, uint64_t rflags);

/* Recompute what follows from segments, control registers and CPL: mode, the
 * salts, CPL itself from SS. */
void cf_update_mode(struct vcpu *cpu);

/*
 * Raise an exception at the instruction of op, or with op NULL at r[RIP].
 * Does not return: unwinds to the loop, which delivers it.
 */
_Noreturn void cf_raise(struct vcpu *cpu, const struct op *op, int vector);
_Noreturn void cf_raise_error(
	struct vcpu *cpu, const struct op *op, int vector, uint32_t error);
_Noreturn void cf_raise_pf(
	struct vcpu *cpu, const struct op *op, uint64_t addr, uint32_t error);

/* With cpu->exc filled already and r[RIP] exact. */
_Noreturn void cf_raise_filled(struct vcpu *cpu);

/* The engine cannot go on: stop with this reason.  Does not return. */
_Noreturn void cf_stop(struct vcpu *cpu, const struct op *op, enum cf_stop why,
	const char *fmt, ...) CF_PRINTF(4, 5);

/* Set attention bits, from any thread. */
void cf_attention(struct vcpu *cpu, uint32_t bits);

/* Instructions executed up to op, exactly. */
static inline uint64_t cf_exact_count(
	const struct vcpu *cpu, const struct op *op)
{
	return cpu->count + (op ? op->idx : 0u);
}

#endif
