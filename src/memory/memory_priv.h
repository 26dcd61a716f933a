/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of guest memory.
 *
 * Order of locks: the world is stopped first, then `lock` is taken.  Who
 * holds `lock` never stops the world, since a vCPU that waits for `lock` is
 * not at a block boundary.  A page's view and RMP entry change only with
 * `lock` held; they are atomic so that the fast paths may look without it.
 */
#ifndef CF_MEMORY_PRIV_H
#define CF_MEMORY_PRIV_H

#include "memory/memory.h"

#include <pthread.h>
#include <stdatomic.h>

#define PAGE_SIZE   4096u
#define PAGE_SHIFT  12
#define MAX_REGIONS 32
#define GPA_LIMIT   (UINT64_C(1) << 52)

struct cf_aes128;

/* An RMP entry in two words: page address with the four flags in its low
 * bits; ASID in bits 15:0 and permissions from bit 16 on. */
struct rmp_cell {
	_Atomic uint64_t where;
	_Atomic uint64_t who;
};

struct region {
	uint64_t gpa;
	uint64_t len;
	enum cf_region_kind kind;
	const char *name;
	uint8_t *host;
	_Atomic uint8_t *view;   /* per page: 0 raw, else the ASID */
	struct rmp_cell *rmp;    /* per page; NULL: no RMP */
	_Atomic uint8_t *hidden; /* FLASH: guests do not see it; else NULL */
};

/* The key of one slot: data encryption both ways, and the tweak's. */
struct key {
	struct cf_aes128 *encrypt, *decrypt, *tweak;
};

struct cf_memory {
	struct region region[MAX_REGIONS]; /* sorted by gpa */
	size_t nregions;
	bool rmp;
	pthread_mutex_t lock;
	struct key key[CF_MEMORY_MAX_ASID + 1]; /* [0] unused */
	struct cf_memory_sync sync;
};

/* One page found: its region and number there. */
struct place {
	const struct region *r;
	size_t page;
};

CF_MUST_CHECK bool cf_memory_find(
	const struct cf_memory *mem, uint64_t gpa, struct place *out);
/* COFFER_ERR_ARGUMENT unless the whole range is memory. */
enum coffer_status cf_memory_check(const struct cf_memory *mem, uint64_t gpa,
	uint64_t len, struct coffer_error *err) CF_MUST_CHECK;

void cf_memory_stop(struct cf_memory *mem);   /* stop, then lock */
void cf_memory_resume(struct cf_memory *mem); /* unlock, then resume */

/* Zero-filled address space that costs nothing until touched; NULL: none. */
void *cf_memory_map(size_t len);
void cf_memory_unmap(void *p, size_t len);

/* True when the RMP gives the page to a guest or the firmware. */
bool cf_rmp_assigned(const struct place *at);
/* An RMP array for a region; false: no memory. */
CF_MUST_CHECK bool cf_rmp_add_region(struct region *r);

static inline uint8_t *place_host(const struct place *at)
{
	return at->r->host + at->page * PAGE_SIZE;
}

static inline uint64_t place_gpa(const struct place *at)
{
	return at->r->gpa + (uint64_t)at->page * PAGE_SIZE;
}

static inline bool region_hidden(const struct region *r)
{
	return r->hidden &&
		atomic_load_explicit(r->hidden, memory_order_acquire);
}

static inline unsigned place_view(const struct place *at)
{
	return atomic_load_explicit(
		&at->r->view[at->page], memory_order_acquire);
}

#endif
