/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's part of a guest on the software processor: what KVM does around
 * the firmware's commands.  guest.c has what both APIs share, guest_snp.c and
 * guest_sev.c the operations.
 */
#ifndef CF_SP_SOFT_GUEST_PRIV_H
#define CF_SP_SOFT_GUEST_PRIV_H

#include "sp/soft/soft_priv.h"

/* Pages of the host area: the guest's context, buffers, then VMSAs. */
enum area_page {
	AREA_CONTEXT,
	AREA_IN,
	AREA_IN2,
	AREA_OUT,
	AREA_BULK, /* AREA_BULK_LEN bytes */
	AREA_VMSA = 32,
};
#define NO_VMSA       UINT64_MAX
#define AREA_BULK_LEN ((AREA_VMSA - AREA_BULK) * CF_PAGE_SIZE)

struct soft_guest {
	struct cf_sp_guest base;
	struct cf_sp_soft *sp;
	struct cf_memory *mem;
	enum cf_platform platform;
	unsigned asid, vcpus;
	uint64_t area;
	uint32_t handle; /* SEV */
	bool started;
	uint64_t *vmsa;       /* per vCPU: where its VMSA page is, or NO_VMSA */
	pthread_mutex_t lock; /* vCPU threads make guest requests */
};

extern const struct cf_sp_guest_ops cf_sp_soft_snp_ops;
extern const struct cf_sp_guest_ops cf_sp_soft_sev_ops;

static inline struct soft_guest *soft_guest(struct cf_sp_guest *g)
{
	return CF_CONTAINER_OF(g, struct soft_guest, base);
}

static inline uint64_t area_spa(const struct soft_guest *g, unsigned page)
{
	return g->area + page * CF_PAGE_SIZE;
}

/* A firmware status as an error, NULL-safe; fw SUCCESS gives COFFER_OK. */
enum coffer_status cf_sp_fw_result(struct coffer_error *err, uint32_t fw,
	const char *what, uint64_t gpa) CF_MUST_CHECK;

/* INIT with SEV-ES, unless somebody has. */
enum coffer_status cf_sp_host_init_sev(
	struct soft_guest *g, struct coffer_error *err) CF_MUST_CHECK;

/* RMPUPDATE as the instruction does it (APM volume 3): 0 on success, 1 bad
 * input, 2 the page is immutable, 4 it overlaps an entry of the other size.
 * VALIDATED and VMSA are cleared unless the page stays the same guest page. */
unsigned cf_sp_host_rmpupdate(struct cf_memory *mem, uint64_t spa,
	const struct cf_rmp_entry *e) CF_MUST_CHECK;
/* PSMASH: 0, 1 there is no large entry at spa, 2 it is immutable. */
unsigned cf_sp_host_psmash(struct cf_memory *mem, uint64_t spa) CF_MUST_CHECK;
enum coffer_status cf_sp_host_to_firmware(struct soft_guest *g, uint64_t spa,
	struct coffer_error *err) CF_MUST_CHECK;
/* PAGE_RECLAIM where needed, then back to the hypervisor. */
enum coffer_status cf_sp_host_take_back(struct soft_guest *g, uint64_t spa,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
