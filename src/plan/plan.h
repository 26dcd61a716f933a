/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The launch plan: everything that can start a guest is first turned into
 * one, and everything that the program does with a guest consumes one.  The
 * order of the steps is the order of measurement; nothing reorders it later.
 * A source never talks to a secure processor, a sink never parses a file.
 */
#ifndef CF_PLAN_H
#define CF_PLAN_H

#include "base/error.h"
#include "base/progress.h"
#include "image/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_igvm;

enum cf_platform {
	CF_PLATFORM_NATIVE,
	CF_PLATFORM_SEV,
	CF_PLATFORM_SEV_ES,
	CF_PLATFORM_SEV_SNP,
	CF_PLATFORM_TDX,
	CF_PLATFORM_VBS,
	CF_NPLATFORMS,
};

const char *cf_platform_name(enum cf_platform p); /* "sev-snp" */
CF_MUST_CHECK bool cf_platform_from_name(
	const char *name, enum cf_platform *out);

/* Page types; the values are those of SNP_LAUNCH_UPDATE (AMD 56860). */
enum cf_page_type {
	CF_PAGE_NORMAL = 1,
	CF_PAGE_VMSA = 2,
	CF_PAGE_ZERO = 3,
	CF_PAGE_UNMEASURED = 4,
	CF_PAGE_SECRETS = 5,
	CF_PAGE_CPUID = 6,
	CF_PAGE_SHARED = 16,    /* ours: loaded, host-visible, not measured */
	CF_PAGE_VBS_ERROR = 17, /* ours: VBS error range, measured as such */
};
const char *cf_page_type_name(enum cf_page_type t); /* "normal" */

enum cf_step_kind {
	CF_STEP_RANGE,    /* memory contents */
	CF_STEP_VCPU,     /* initial state of one vCPU */
	CF_STEP_REQUIRED, /* memory that must exist; private where it matters */
	CF_STEP_ERROR_RANGE, /* VBS: shared pages for error reports */
};

enum cf_vcpu_format {
	CF_VCPU_VMSA,   /* 4096 bytes */
	CF_VCPU_NATIVE, /* IGVM native x64 context, 232 bytes */
	CF_VCPU_VBS,    /* IGVM VBS register list */
};

/* Where a step comes from, for messages and views. */
struct cf_origin {
	const char *what; /* static text: "firmware", "PAGE_DATA", "VMSA" */
	size_t index;     /* directive or section number, SIZE_MAX: none */
};

struct cf_step {
	enum cf_step_kind kind;
	struct cf_origin origin;
	/* RANGE, REQUIRED, ERROR_RANGE: the guest range.  SNP, TDX and VBS
	 * ranges are whole pages; SEV and SEV-ES ones multiples of 16.
	 * VCPU: gpa of the VMSA, len its size. */
	uint64_t gpa;
	uint64_t len;
	/* RANGE: len bytes, NULL for zeros.  VCPU: the stored state.
	 * Borrowed from the source or owned by the plan. */
	const uint8_t *data;
	enum cf_page_type type;     /* RANGE */
	uint8_t vmpl_perms[4];      /* RANGE on SNP; [0] unused */
	uint16_t vp_index;          /* VCPU */
	enum cf_vcpu_format format; /* VCPU */
};

/* Where KVM puts every VMSA; it is measured with this address. */
#define CF_KVM_VMSA_GPA 0xFFFFFFFFF000u

struct cf_plan {
	enum cf_platform platform;
	bool has_policy;
	uint64_t policy;
	struct cf_step *step;
	size_t nsteps;
	/* SNP ID block and authentication information, as LAUNCH_FINISH takes
	 * them; id_block_enabled false: not given. */
	bool id_block_enabled, author_key_enabled;
	uint8_t id_block[96];
	uint8_t id_auth[4096];
	/* Who is told while the plan is replayed; NULL: nobody. */
	const struct cf_progress *progress;
	/* Bytes that the plan owns. */
	void **owned;
	size_t nowned, owned_cap, step_cap;
};

void cf_plan_destroy(struct cf_plan *plan); /* NULL is fine */

/* For sources.  A step is copied; its data is not. */
enum coffer_status cf_plan_add(struct cf_plan *plan, const struct cf_step *step,
	struct coffer_error *err) CF_MUST_CHECK;
/* What every finished plan keeps to: whole pages, no page twice, no wrap.
 * COFFER_ERR_FORMAT names both origins. */
enum coffer_status cf_plan_check(
	const struct cf_plan *plan, struct coffer_error *err) CF_MUST_CHECK;
/* The same steps with the same data in the same order: no launch can tell them
 * apart.  Policy and ID block are not looked at. */
bool cf_plan_same(const struct cf_plan *a, const struct cf_plan *b);
/* "PAGE_DATA 7" of a step, for messages. */
#define CF_ORIGIN_TEXT_LEN 48
void cf_origin_text(
	const struct cf_origin *origin, char out[CF_ORIGIN_TEXT_LEN]);
/* Zeroed memory that lives as long as the plan; NULL: no memory. */
uint8_t *cf_plan_alloc(struct cf_plan *plan, size_t n) CF_MUST_CHECK;

/* Facts about the machine that IGVM parameters are filled from.  Zeroed is
 * "none": measuring needs no machine, parameters are not measured. */
enum cf_memory_kind {
	CF_MEMORY_RAM,
	CF_MEMORY_RESERVED,
	CF_MEMORY_ACPI,
	CF_MEMORY_NVS,
};
struct cf_memory_range {
	uint64_t base, size;
	enum cf_memory_kind kind;
};
struct cf_plan_env {
	uint32_t vcpus; /* 0: not known, no VP index check */
	/* Sorted, no overlaps.  Pages outside it are refused, unless they lie
	 * in [flash_base, 4 GiB), where the machine makes memory to fit.
	 * nmemory 0: not known, no check. */
	const struct cf_memory_range *memory;
	size_t nmemory;
	uint64_t flash_base; /* 0: no such window */
	const uint8_t *madt, *srat, *slit, *pptt, *device_tree;
	size_t madt_len, srat_len, slit_len, pptt_len, device_tree_len;
	const char *cmdline;
};

/* How a host's loader treats an IGVM file: order, merging, VMSA rules and the
 * directives that it takes.  Data, since hosts change their rules. */
struct cf_loader_profile;
extern const struct cf_loader_profile cf_profile_spec; /* file order */
extern const struct cf_loader_profile cf_profile_qemu;
const struct cf_loader_profile *cf_profile_by_name(const char *name);

/* A plan for one platform of an IGVM file.  file is kept by the plan. */
enum coffer_status cf_plan_from_igvm(const struct cf_igvm *file,
	enum cf_platform platform, const struct cf_loader_profile *profile,
	const struct cf_plan_env *env, struct cf_plan **out,
	struct coffer_error *err) CF_MUST_CHECK;

/* The strongest platform that the file supports and `usable` (a bit per
 * platform) allows: SNP, SEV-ES, SEV, native. */
enum coffer_status cf_plan_pick_platform(const struct cf_igvm *file,
	unsigned usable, enum cf_platform *out,
	struct coffer_error *err) CF_MUST_CHECK;

/* A plan for a firmware image and what a VMM adds to it. */
struct cf_firmware_params {
	const struct cf_ovmf *ovmf; /* kept by the plan */
	enum cf_platform platform;
	enum cf_vmm vmm;
	unsigned vcpus;
	uint32_t cpuid_signature;
	uint64_t sev_features;
	bool has_policy;
	uint64_t policy;
	const struct cf_vmsa_era *era;         /* NULL: current */
	const struct cf_kernel_hashes *hashes; /* NULL: no kernel hashes */
	const uint8_t *svsm; /* COCONUT-SVSM image; NULL: none */
	size_t svsm_len, svsm_vars_size;
	const struct cf_ovmf *svsm_tables; /* the SVSM image's own tables */
	bool skip_firmware_pages; /* a precomputed firmware digest stands in */
};
enum coffer_status cf_plan_from_firmware(const struct cf_firmware_params *p,
	struct cf_plan **out, struct coffer_error *err) CF_MUST_CHECK;

#endif
