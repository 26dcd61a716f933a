/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear to guest-physical addresses, from a vCPU's registers and the page
 * tables in memory: what a debugger needs, whatever the CPU engine.  No
 * permissions are checked and no accessed bits set.
 *
 * Source: APM volume 2 (AMD 24593), "Page Translation and Protection".
 */
#ifndef CF_MACHINE_TRANSLATE_PRIV_H
#define CF_MACHINE_TRANSLATE_PRIV_H

#include "image/cpu_state.h"

struct cf_translate {
	const struct cf_cpu_state *state; /* CR0, CR3, CR4, EFER */
	uint64_t cbit_mask;               /* 0: no memory encryption */
	/* Bytes of a page table, which SEV always takes as encrypted. */
	enum coffer_status (*read)(void *opaque, uint64_t gpa, void *out,
		size_t len, struct coffer_error *err);
	void *opaque;
};

/* COFFER_ERR_ARGUMENT with the level in words when nothing is mapped there.
 * private_page: the C-bit says that the page is encrypted. */
enum coffer_status cf_translate(const struct cf_translate *t, uint64_t gva,
	uint64_t *gpa, bool *private_page,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
