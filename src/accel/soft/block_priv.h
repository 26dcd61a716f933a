/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoded code.  Each vCPU has its own blocks, found by guest physical
 * address and mode, so that no lock is needed to run them; which pages hold
 * code is known to the whole VM (code_map.c).
 */
#ifndef CF_ACCEL_SOFT_BLOCK_PRIV_H
#define CF_ACCEL_SOFT_BLOCK_PRIV_H

#include "accel/soft/cpu_priv.h"

#define CF_BLOCK_MAX_OPS 64

bool cf_blocks_create(struct vcpu *cpu);
void cf_blocks_destroy(struct vcpu *cpu);

/* The block at r[RIP] in the current mode, decoded if need be; raises what the
 * fetch raises. */
struct block *cf_block_find(struct vcpu *cpu);
/* Forget everything; not from inside a block. */
void cf_blocks_flush(struct vcpu *cpu);
/* Memory that lives as long as the blocks; NULL: full. */
void *cf_blocks_alloc(struct vcpu *cpu, size_t len);
/* Kill blocks that touch these granules of a page. */
void cf_blocks_kill(struct vcpu *cpu, uint64_t gpa, uint64_t granules);
/* Ask another vCPU to kill; any thread. */
void cf_blocks_post(struct vcpu *cpu, uint64_t gpa, uint64_t granules);
/* Writes by others that have been posted to this vCPU (CF_ATT_CODE). */
void cf_blocks_take_posted(struct vcpu *cpu);

/* code_map.c */
enum coffer_status cf_code_map_init(
	struct cf_vm *vm, struct coffer_error *err) CF_MUST_CHECK;
void cf_code_map_finish(struct cf_vm *vm);
/* Granules that hold code; 0 for a page outside memory. */
uint64_t cf_code_granules(struct cf_vm *vm, uint64_t gpa);
/* Mark; makes sure that no vCPU keeps write permission in its TLB. */
/* False: no memory for the mark. */
CF_MUST_CHECK bool cf_code_mark(
	struct vcpu *cpu, uint64_t gpa, uint64_t granules);
/* len bytes at gpa, in one page, were written. */
void cf_code_written(struct vcpu *cpu, uint64_t gpa, unsigned len);
/* A device wrote there; any thread. */
void cf_code_written_by_host(struct cf_vm *vm, uint64_t gpa, uint64_t len);

/*
 * Decode one block from `avail` bytes at rip: operations into `ops`, which has
 * room for CF_BLOCK_MAX_OPS + 1, an end marker behind the last.  nops 0: the
 * first instruction needs more bytes (truncated), or there is no room.
 */
struct cf_decode_out {
	unsigned nops; /* without the end marker */
	unsigned len;  /* bytes */
	bool truncated;
};
void cf_decode_block(struct vcpu *cpu, const uint8_t *code, unsigned avail,
	unsigned max_ops, uint64_t rip, struct op *ops,
	struct cf_decode_out *out);

#endif
