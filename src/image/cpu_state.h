/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architectural state of one vCPU as a plain struct, and its two stored
 * forms: the VMSA page of SEV-ES and SNP and the native context of IGVM.
 *
 * Source: APM volume 2 (AMD 24593), table "VMSA layout"; IGVM "native VP
 * context".
 */
#ifndef CF_IMAGE_CPU_STATE_H
#define CF_IMAGE_CPU_STATE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* attrib in VMCB packing: type 3:0, S 4, DPL 6:5, P 7, AVL 8, L 9, DB 10,
 * G 11. */
struct cf_segment {
	uint16_t selector;
	uint16_t attrib;
	uint32_t limit;
	uint64_t base;
};

enum cf_segment_index { /* the order of instruction encodings */
	CF_SEG_ES,
	CF_SEG_CS,
	CF_SEG_SS,
	CF_SEG_DS,
	CF_SEG_FS,
	CF_SEG_GS,
	CF_NSEGS,
};

enum cf_gpr { /* the order of instruction encodings */
	CF_RAX,
	CF_RCX,
	CF_RDX,
	CF_RBX,
	CF_RSP,
	CF_RBP,
	CF_RSI,
	CF_RDI,
	CF_R8,
	CF_R15 = 15,
	CF_NGPRS,
};

struct cf_cpu_state {
	uint64_t gpr[CF_NGPRS];
	uint64_t rip;
	uint64_t rflags;
	struct cf_segment seg[CF_NSEGS];
	struct cf_segment gdtr, idtr, ldtr, tr; /* gdtr, idtr: limit, base */
	uint64_t cr0, cr2, cr3, cr4, efer;
	uint64_t dr[4], dr6, dr7;
	uint64_t xcr0, xss;
	uint64_t star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t g_pat, dbgctl;
	uint32_t tsc_aux, pkru;
	uint8_t vmpl, cpl;
	/* x87 and SSE control; ftw is the abridged form of FXSAVE, a bit per
	 * register in use. */
	uint16_t fcw, fsw, ftw, fop;
	uint32_t mxcsr;
	uint8_t x87[80]; /* eight registers of 10 bytes, physical order */
	uint8_t xmm[16][16];
	uint8_t ymm_high[16][16];
	/* SEV-ES and SNP only. */
	uint64_t sev_features, virtual_tom, vintr_ctrl, event_inj;
	uint64_t guest_exit_info[2], guest_exit_code, guest_nrip;
};

/* The state of a processor after reset (INIT# differs, see the engines); x87
 * as KVM and QEMU leave it, initialised. */
void cf_cpu_state_reset(struct cf_cpu_state *s, uint32_t cpuid_signature);

/* Everything but the fields of SEV-ES and SNP, to or from a stream. */
struct cf_state;
void cf_cpu_state_walk(struct cf_cpu_state *c, struct cf_state *s);

/* VMSA page: all 4096 bytes are written; reserved bytes are zero. */
void cf_vmsa_encode(const struct cf_cpu_state *s, uint8_t page[4096]);
/* Never fails: every bit pattern is some state. */
void cf_vmsa_decode(const uint8_t page[4096], struct cf_cpu_state *s);

/* The field of a VMSA page that holds a byte; NULL: reserved.  A hypervisor
 * rebuilds the page from a vCPU's registers (KVM does): what it cannot carry
 * over is from_registers = false and must be zero in a page it is given. */
struct cf_vmsa_field {
	uint16_t offset, size;
	bool from_registers;
	const char *name;
};
const struct cf_vmsa_field *cf_vmsa_field_of(size_t offset);

/* IGVM native x64 context; bytes after the first 232 must be zero.  Fields
 * that it lacks keep the value that they have in *s: reset it first.
 * COFFER_ERR_TRUNCATED or _FORMAT (attributes that are not a descriptor's, or
 * a reserved field that is not zero); *s is then unchanged. */
#define CF_NATIVE_CONTEXT_LEN 232
enum coffer_status cf_native_context_decode(const uint8_t *p, size_t len,
	struct cf_cpu_state *s, struct coffer_error *err) CF_MUST_CHECK;
void cf_native_context_encode(
	const struct cf_cpu_state *s, uint8_t out[CF_NATIVE_CONTEXT_LEN]);

#endif
