/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory: regions of RAM and ROM, the encryption state of each 4 KiB
 * page and the RMP.  Every access to guest memory goes through here.
 *
 * A page's bytes are held either raw (as host, devices and shared mappings
 * see them) or as the plain text of one guest key.  An access of the other
 * kind recodes the page in place and flips its state; accesses of the same
 * kind, nearly all, cost nothing.  Host and private views are different
 * functions, so that neither can be had by forgetting a flag.
 *
 * Sources: APM volume 2 (AMD 24593), chapters on SEV and SEV-SNP (RMP); the
 * cipher is the simulator's own, AMD's tweak constants are not public.
 */
#ifndef CF_MEMORY_H
#define CF_MEMORY_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_memory;

enum cf_region_kind {
	CF_REGION_RAM,
	CF_REGION_ROM, /* guest writes are dropped; the host may write */
	/* A flash chip: guests read the bytes, their writes go to the device
	 * at that address; the host may write.  See cf_memory_hide. */
	CF_REGION_FLASH,
};

struct cf_region {
	uint64_t gpa;
	uint64_t len; /* whole pages */
	enum cf_region_kind kind;
	const char *name; /* static text */
};

enum coffer_status cf_memory_create(
	struct cf_memory **out, struct coffer_error *err) CF_MUST_CHECK;
void cf_memory_destroy(struct cf_memory *mem);

/* Add zeroed memory, page aligned, overlapping nothing; at most 32 regions,
 * below 2^52. */
enum coffer_status cf_memory_add(struct cf_memory *mem, uint64_t gpa,
	uint64_t len, enum cf_region_kind kind, const char *name,
	struct coffer_error *err) CF_MUST_CHECK;
size_t cf_memory_nregions(const struct cf_memory *mem);
void cf_memory_region(
	const struct cf_memory *mem, size_t i, struct cf_region *out);
/*
 * A FLASH region: guests read the device (true) or the bytes (false).  gpa is
 * that of the region.  Hidden, its pages are to a CPU as if no memory were
 * there; host and private view stay as they are.  COFFER_ERR_ARGUMENT: no FLASH
 * region begins there.
 */
enum coffer_status cf_memory_hide(struct cf_memory *mem, uint64_t gpa,
	bool hidden, struct coffer_error *err) CF_MUST_CHECK;
/* Whether a guest's write at gpa belongs to a device although the address is
 * in memory. */
bool cf_memory_is_flash(const struct cf_memory *mem, uint64_t gpa);
/* True when the whole range is in regions (of either kind), without holes. */
bool cf_memory_covers(const struct cf_memory *mem, uint64_t gpa, uint64_t len);

/*
 * Host view: what devices, the loader and shared mappings read and write.
 * A private page reads as cipher text.  COFFER_ERR_ARGUMENT: not wholly in
 * memory.  COFFER_ERR_STATE: the write hits a page that the RMP assigns to a
 * guest, named in the message; nothing was written.
 */
enum coffer_status cf_guest_read(struct cf_memory *mem, uint64_t gpa, void *out,
	size_t len, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_guest_write(struct cf_memory *mem, uint64_t gpa,
	const void *in, size_t len, struct coffer_error *err) CF_MUST_CHECK;

/*
 * Private view under a key slot (an ASID, 1 .. CF_MEMORY_MAX_ASID).  Only the
 * secure processor and the CPU engine use these.
 */
#define CF_MEMORY_MAX_ASID 15
#define CF_VEK_LEN         32
/* COFFER_ERR_STATE when the slot has a key. */
enum coffer_status cf_memory_set_key(struct cf_memory *mem, unsigned asid,
	const uint8_t vek[CF_VEK_LEN], struct coffer_error *err) CF_MUST_CHECK;
/* Pages under the key are cipher text from here on.  No key: no effect. */
void cf_memory_clear_key(struct cf_memory *mem, unsigned asid);
enum coffer_status cf_guest_read_private(struct cf_memory *mem, unsigned asid,
	uint64_t gpa, void *out, size_t len,
	struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_guest_write_private(struct cf_memory *mem, unsigned asid,
	uint64_t gpa, const void *in, size_t len,
	struct coffer_error *err) CF_MUST_CHECK;

/*
 * What the raw bytes of a range are becomes the plain text under the key, at
 * the same place: the effect of the firmware's in-place encryption.  gpa and
 * len are multiples of 16; on whole pages only the state changes.
 */
enum coffer_status cf_guest_encrypt_in_place(struct cf_memory *mem,
	unsigned asid, uint64_t gpa, uint64_t len,
	struct coffer_error *err) CF_MUST_CHECK;

/*
 * The page as one view sees it, for the CPU engine's TLB: recodes if needed
 * (with the world stopped, see cf_memory_sync) and returns a host pointer
 * that stays valid until the page flips again; NULL where there is no memory
 * (a hidden FLASH region is none) or the slot has no key.  asid 0 is the host
 * view.  No RMP check.  Other pages may flip during the call: a caller that
 * holds the pointer of another page looks that one up again.
 */
uint8_t *cf_memory_page(struct cf_memory *mem, uint64_t gpa, unsigned asid,
	enum cf_region_kind *kind);
/* Current view of a page without changing it; 0 raw, else the ASID. */
unsigned cf_memory_page_view(const struct cf_memory *mem, uint64_t gpa);

/*
 * What must happen around a change that vCPUs may have cached (flip, RMP
 * entry): stop() returns with every vCPU at a block boundary, changed() drops
 * their cached translations of the page, resume() lets them go.  NULL until an
 * engine installs it: no vCPU runs.
 *
 * stop() comes from any thread, from vCPU threads too, never nested: one
 * caller holds the world at a time, and a vCPU that waits in stop() for its
 * turn counts as stopped.  changed() must not call back into this module.
 */
struct cf_memory_sync {
	void *opaque;
	void (*stop)(void *opaque);
	void (*changed)(void *opaque, uint64_t gpa);
	void (*resume)(void *opaque);
	/* The host (a device) has written these bytes, which vCPUs may hold
	 * as decoded code; the world need not stand still.  NULL: nothing. */
	void (*written)(void *opaque, uint64_t gpa, uint64_t len);
	/* A FLASH region is hidden or shown, after changed() for its pages.
	 * NULL: nothing. */
	void (*hidden)(void *opaque, uint64_t gpa, bool hidden);
	/* A host write was refused: the RMP assigns the page.  NULL: nothing. */
	void (*refused)(void *opaque, uint64_t gpa);
};
void cf_memory_set_sync(struct cf_memory *mem,
	const struct cf_memory_sync *sync); /* copied; NULL: none */

/*
 * RMP: one entry per 4 KiB page of the regions, or one for 512 of them that
 * begin at a multiple of 2 MiB (a large entry).  Looked up by any of its
 * pages a large entry is that page's: gpa counts up with the page, all else is
 * the same.  A page that is not assigned has no size.
 */
#define CF_RMP_R  0x1u
#define CF_RMP_W  0x2u
#define CF_RMP_UX 0x4u
#define CF_RMP_SX 0x8u
struct cf_rmp_entry {
	bool assigned, validated, immutable, vmsa;
	bool large;       /* one entry for 2 MiB */
	uint16_t asid;    /* 0: firmware or hypervisor */
	uint8_t perms[4]; /* CF_RMP_* per VMPL */
	uint64_t gpa;
};
/* Without it every page reads as unassigned and nothing is checked. */
enum coffer_status cf_rmp_enable(
	struct cf_memory *mem, struct coffer_error *err) CF_MUST_CHECK;
bool cf_rmp_enabled(const struct cf_memory *mem);
/* Every page is nobody's again. */
void cf_rmp_reset(struct cf_memory *mem);
/* False when gpa is not in memory. */
CF_MUST_CHECK bool cf_rmp_get(
	const struct cf_memory *mem, uint64_t gpa, struct cf_rmp_entry *out);
/*
 * With the world stopped around it.  gpa in e is page aligned.  A large entry
 * takes the place of what its 512 pages had.  False: not in memory; a large
 * entry at an address, or for one, that is no multiple of 2 MiB or for pages
 * of two regions; a small one in the middle of a large one.
 */
CF_MUST_CHECK bool cf_rmp_set(
	struct cf_memory *mem, uint64_t gpa, const struct cf_rmp_entry *e);
#define CF_RMP_LARGE UINT64_C(0x200000)
/* Of a 2 MiB range: true when none of its pages is assigned. */
bool cf_rmp_vacant(const struct cf_memory *mem, uint64_t gpa);
/* PSMASH: the large entry that covers gpa becomes 512 small ones, otherwise
 * the same.  False: there is none. */
CF_MUST_CHECK bool cf_rmp_smash(struct cf_memory *mem, uint64_t gpa);
/* The opposite.  False: gpa is no multiple of 2 MiB, or the 512 entries are
 * not small, assigned, alike and for 2 MiB of guest memory in order. */
CF_MUST_CHECK bool cf_rmp_join(struct cf_memory *mem, uint64_t gpa);

#endif
