/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux without firmware: an IGVM file with a kernel, an initial RAM disk, a
 * command line and the boot shim, all measured.  The shim runs first in the
 * guest; it accepts memory, checks what the host says, and enters the kernel.
 */
#ifndef CF_SHIM_H
#define CF_SHIM_H

#include "base/error.h"
#include "igvm/igvm.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_buf;

struct cf_shim_platform {
	enum cf_igvm_platform_type type; /* SEV_SNP, SEV_ES, SEV, NATIVE */
	bool has_policy;                 /* else the platform's usual one */
	uint64_t policy;
};
#define CF_SHIM_MAX_PLATFORMS 4
#define CF_SHIM_MAX_VCPUS     255 /* xAPIC ids */

/* The C-bit is bit 51, as on Milan and later. */

struct cf_shim_params {
	const uint8_t *kernel, *initrd; /* bzImage; initrd may be NULL */
	size_t kernel_len, initrd_len;
	const char *append; /* NULL: empty */
	/* DSDT of the machine; NULL: one with soft off alone. */
	const uint8_t *dsdt;
	size_t dsdt_len;
	/* In the order of the file; the i-th one gets mask 1 << i. */
	struct cf_shim_platform platform[CF_SHIM_MAX_PLATFORMS];
	size_t nplatforms;
	/* SEV-ES measures the state of each; on other platforms the kernel
	 * starts as many as there are.  0: 1. */
	unsigned vcpus;
};

/*
 * Compose the file and append it to *out; equal params give equal bytes.
 * COFFER_ERR_ARGUMENT, _UNSUPPORTED (a platform or kernel that the shim cannot
 * start), _FORMAT (of the kernel), _NOMEM.
 */
enum coffer_status cf_shim_build(const struct cf_shim_params *p,
	struct cf_buf *out, struct coffer_error *err) CF_MUST_CHECK;

#endif
