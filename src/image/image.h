/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest images other than IGVM files: OVMF flash images and their tables, the
 * kernel-hash table, CPU types and the VMSA pages that a VMM builds for them.
 * Pure functions over bytes.
 *
 * Sources: OVMF's GUIDed table and SEV metadata; QEMU's kernel hashes; APM
 * volume 2, VMSA layout.
 */
#ifndef CF_IMAGE_H
#define CF_IMAGE_H

#include "base/error.h"
#include "image/cpu_state.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cf_ovmf_section_type {
	CF_OVMF_SNP_SEC_MEM = 1,
	CF_OVMF_SNP_SECRETS = 2,
	CF_OVMF_CPUID = 3,
	CF_OVMF_SVSM_CAA = 4,
	CF_OVMF_SNP_KERNEL_HASHES = 0x10,
};

struct cf_ovmf_section {
	uint32_t gpa;
	uint32_t size;
	uint32_t type; /* enum cf_ovmf_section_type or unknown */
};

#define CF_OVMF_MAX_SECTIONS 64

/* What the tables at the end of a flash image say.  Offsets and sizes are
 * checked against the image and 4 GiB, sections are whole pages that overlap
 * neither each other nor the image; absent things are false or zero. */
struct cf_ovmf {
	const uint8_t *bytes; /* borrowed */
	size_t len;
	uint64_t gpa; /* 4 GiB - len */
	bool has_reset_eip;
	uint32_t reset_eip; /* where SEV-ES and SNP start APs */
	bool has_secret_area;
	uint32_t secret_gpa, secret_size;
	bool has_hash_table;
	uint32_t hash_table_gpa, hash_table_size;
	bool has_svsm_info;
	uint32_t svsm_entry_offset;
	bool has_sev_metadata;
	struct cf_ovmf_section section[CF_OVMF_MAX_SECTIONS];
	size_t nsections;
	bool has_tdx_metadata;
	uint32_t tdx_metadata_offset; /* back from the end of the image */
};

/* Parse an image; an image without tables is valid.  COFFER_ERR_FORMAT names
 * the table, the offset and the rule. */
enum coffer_status cf_ovmf_parse(const uint8_t *bytes, size_t len,
	struct cf_ovmf *out, struct coffer_error *err) CF_MUST_CHECK;

/* The table of SHA-256 hashes of kernel, initrd and command line that
 * measured direct boot puts into the guest. */
#define CF_KERNEL_HASHES_LEN 176
struct cf_kernel_hashes {
	uint8_t cmdline[32];
	uint8_t initrd[32];
	uint8_t kernel[32];
};
/* append may be NULL (no command line); initrd may be NULL with len 0. */
enum coffer_status cf_kernel_hashes_make(const uint8_t *kernel,
	size_t kernel_len, const uint8_t *initrd, size_t initrd_len,
	const char *append, struct cf_kernel_hashes *out,
	struct coffer_error *err) CF_MUST_CHECK;
void cf_kernel_hashes_table(
	const struct cf_kernel_hashes *h, uint8_t out[CF_KERNEL_HASHES_LEN]);

/* CPUID 1 EAX of a named CPU type ("EPYC-Milan-v2"); false if unknown. */
CF_MUST_CHECK bool cf_cpu_type_signature(const char *name, uint32_t *out);
/* Name i of the known types, NULL past the end. */
const char *cf_cpu_type_name(size_t i);
uint32_t cf_cpu_signature(unsigned family, unsigned model, unsigned stepping);

/* Which VMM builds the initial VMSAs, and which habits it has. */
enum cf_vmm {
	CF_VMM_QEMU,
	CF_VMM_EC2,
	CF_VMM_GCE,
	CF_VMM_KRUN,
	CF_VMM_SVSM, /* COCONUT-SVSM as a firmware, under QEMU */
};

/* The names that sev-snp-measure takes ("QEMU", "ec2", ...), any case. */
const char *cf_vmm_name(enum cf_vmm vmm);
CF_MUST_CHECK bool cf_vmm_from_name(const char *name, enum cf_vmm *out);

/*
 * VMMs and kernels change what they put into the VMSA.  An era is one named
 * set of values of one VMM; the first of each VMM is its current one.
 */
struct cf_vmsa_era;
/* Era i of a VMM, NULL past the end. */
const struct cf_vmsa_era *cf_vmsa_era_at(enum cf_vmm vmm, size_t i);
const struct cf_vmsa_era *cf_vmsa_era_by_name(
	enum cf_vmm vmm, const char *name);                  /* NULL: unknown */
const char *cf_vmsa_era_name(const struct cf_vmsa_era *era); /* "es-init" */
const char *cf_vmsa_era_text(const struct cf_vmsa_era *era); /* one line */

/* Where the processor starts; the eip of every BSP. */
#define CF_RESET_EIP 0xFFFFFFF0u

struct cf_vmsa_params {
	enum cf_vmm vmm;
	const struct cf_vmsa_era *era; /* of that VMM; NULL: current */
	uint32_t cpuid_signature;      /* where the VMM stores it */
	uint64_t sev_features;
	uint64_t eip; /* CF_RESET_EIP for the BSP, the reset block for APs */
};
/* The state that this VMM gives a vCPU, to be stored with cf_vmsa_encode. */
void cf_vmsa_initial(const struct cf_vmsa_params *p, struct cf_cpu_state *out);

#endif
