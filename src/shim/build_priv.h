/* SPDX-License-Identifier: Apache-2.0 */
/* Composing the IGVM file of a kernel without firmware: what the files share. */
#ifndef CF_SHIM_BUILD_PRIV_H
#define CF_SHIM_BUILD_PRIV_H

#include "image/bzimage.h"
#include "shim/shim.h"

struct cf_shim_job {
	const struct cf_shim_params *p;
	struct cf_bzimage bz;
	uint64_t kernel, kernel_end; /* with the memory it unpacks into */
	uint64_t initrd, initrd_end;
	uint32_t all; /* mask of every platform */
	uint32_t snp; /* mask of SNP */
	uint32_t sev; /* mask of plain SEV */
	uint32_t es;  /* mask of SEV-ES */
	unsigned vcpus;
	struct cf_igvm_writer *w;
	struct coffer_error *err;
};

struct cf_shim_rule {
	enum cf_igvm_platform_type type;
	uint32_t shim; /* what the shim is told */
	uint64_t policy;
};

/* NULL: no platform of the shim's. */
const struct cf_shim_rule *cf_shim_rule_of(enum cf_igvm_platform_type type);

/* Add one header for the platforms of the mask; false: see j->err. */
bool cf_shim_add(struct cf_shim_job *j, uint32_t mask, struct cf_igvm_header h);

/* The first state of every vCPU that the file starts. */
bool cf_shim_add_states(struct cf_shim_job *j);

#endif
