/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IGVM source: one walk over a file's directives, with what the loader
 * that is imitated does differently as data.
 */
#ifndef CF_PLAN_PRIV_H
#define CF_PLAN_PRIV_H

#include "base/base.h"
#include "igvm/igvm.h"
#include "plan/plan.h"

#define CF_PLATFORM_BIT(p) (1u << CF_PLATFORM_##p)
#define CF_PLATFORM_AMD_ALL                               \
	(CF_PLATFORM_BIT(SEV) | CF_PLATFORM_BIT(SEV_ES) | \
		CF_PLATFORM_BIT(SEV_SNP))
#define CF_PLATFORM_ANY ((1u << CF_NPLATFORMS) - 1)

/* The platforms on which a loader takes a header of this type. */
struct directive_rule {
	uint32_t type; /* enum cf_igvm_type; 0 ends the list */
	unsigned platforms;
};

struct cf_loader_profile {
	const char *name;
	/* Ends with type 0; a type that is not listed is refused. */
	const struct directive_rule *initializations;
	const struct directive_rule *directives;
	/* Refuse an unlisted type also when it is for another platform. */
	bool strict_types;
	/* A group of like pages reaches the firmware when the next page does
	 * not fit it; directives seen meanwhile come before it. */
	bool late_groups;
	/* The hypervisor measures vCPUs when the launch is finished, in order
	 * of their index. */
	bool vcpus_last;
	/* VMSAs at KVM's address, with fields that KVM carries over only. */
	bool kvm_vmsas;
	bool vcpu_replaces; /* a second context for a vCPU replaces the first */
	bool native_bsp_only;
	bool shared_pages;    /* honours the flag */
	bool area_contents;   /* areas start with their bytes, else zeros */
	bool full_memory_map; /* an area without room for the end entry is fine */
	bool id_block_v1;     /* the version is 1 whatever the file says */
};

/* A declared parameter area; `bytes` is NULL until somebody fills it. */
struct area {
	uint32_t index;
	uint64_t len;
	const uint8_t *initial;
	size_t initial_len;
	uint8_t *bytes;
	bool gone;
};

struct walk {
	const struct cf_igvm *file;
	const struct cf_loader_profile *profile;
	const struct cf_plan_env *env; /* never NULL */
	enum cf_platform platform;
	uint32_t mask;
	struct cf_plan *plan;
	struct coffer_error *err;
	struct area *area;
	size_t nareas, areas_cap;
	/* Pages of the group that is not flushed yet. */
	struct cf_step *pending;
	size_t npending, pending_cap;
	uint64_t pending_end; /* next address of the group */
	size_t pending_last;  /* directive index of its last page */
	uint32_t pending_flags, pending_mask;
	bool pending_has_data;
	struct cf_step *vcpu; /* for vcpus_last */
	size_t nvcpus, vcpus_cap;
};

/* Refuse a header: "igvm: directive 7 (PAGE_DATA at 0x1234): ...". */
enum coffer_status walk_refuse(const struct walk *w,
	const struct cf_igvm_header *h, enum coffer_status status,
	const char *fmt, ...) CF_PRINTF(4, 5);
/* Its type without the prefix that all types share. */
const char *walk_type_name(const struct cf_igvm_header *h);

/* igvm_params.c: areas and what is deposited in them. */
enum coffer_status walk_area(struct walk *w, const struct cf_igvm_header *h);
enum coffer_status walk_parameter(
	struct walk *w, const struct cf_igvm_header *h);
enum coffer_status walk_insert(struct walk *w, const struct cf_igvm_header *h);

/* igvm_vcpu.c: initial states and the ID block. */
enum coffer_status walk_vcpu(struct walk *w, const struct cf_igvm_header *h);
enum coffer_status walk_vcpus_last(struct walk *w);
enum coffer_status walk_id_block(
	struct walk *w, const struct cf_igvm_header *h);

#endif
