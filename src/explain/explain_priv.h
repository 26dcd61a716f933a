/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search space.  A guess is one value per assumption, as indices into
 * lists whose first entry is the believed one; so the number of changes is the
 * number of indices that are not zero.
 */
#ifndef CF_EXPLAIN_PRIV_H
#define CF_EXPLAIN_PRIV_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "explain/explain.h"
#include "sp/sp.h"

#define MAX_IMAGES    16
#define MAX_CMDLINES  12
#define MAX_VMMS      5
#define MAX_ERAS      16
#define MAX_CPUS      16
#define MAX_FEATURES  300
#define MAX_POLICIES  8
#define MAX_PLATFORMS 2

/* Stages of a launch that people take for its end. */
enum stage {
	STAGE_WHOLE,
	STAGE_NO_VCPUS,      /* before the first VMSA */
	STAGE_FIRMWARE_ONLY, /* what --mode snp:ovmf-hash prints */
};

struct guess {
	unsigned platform, image, kernel, cmdline, initrd;
	unsigned vmm, era, cpu, features, policy;
	unsigned vcpus; /* the number itself */
	enum stage stage;
	bool hmac;
};

struct image {
	char name[96];
	const uint8_t *bytes;
	size_t len;
	bool valid;
	struct cf_ovmf ovmf;
};

struct cmdline {
	const char *name;
	uint8_t hash[32];
};

struct space {
	const struct cf_explain_request *q;
	struct cf_explain_result *out;
	struct coffer_error *err;
	enum cf_platform platform[MAX_PLATFORMS];
	size_t nplatforms;
	struct image image[MAX_IMAGES];
	size_t nimages;
	bool kernel_on[2]; /* believed first */
	size_t nkernels;
	struct cmdline cmdline[MAX_CMDLINES];
	size_t ncmdlines;
	bool initrd_on[2];
	size_t ninitrds;
	uint8_t kernel_hash[32], initrd_hash[32], no_initrd_hash[32];
	enum cf_vmm vmm[MAX_VMMS];
	size_t nvmms;
	const struct cf_vmsa_era *era[MAX_ERAS]; /* of all VMMs */
	enum cf_vmm era_vmm[MAX_ERAS];
	size_t neras;
	uint32_t cpu[MAX_CPUS];
	size_t ncpus;
	uint64_t features[MAX_FEATURES];
	size_t nfeatures, nlikely; /* the likely ones come first */
	uint32_t policy[MAX_POLICIES];
	size_t npolicies;
	unsigned max_vcpus;
};

/* space.c: fill the lists; describe them in out->tried. */
enum coffer_status cf_space_fill(struct space *s) CF_MUST_CHECK;
void cf_space_describe(const struct space *s);
/* The CPU signature enters the VMSA of this era. */
bool cf_space_uses_cpu(const struct space *s, unsigned era);

/* match.c: remember a guess that fits. */
void cf_match_add(struct space *s, const struct guess *g);
/* Changes of a guess; fills *m when it is not NULL. */
size_t cf_match_changes(const struct space *s, const struct guess *g,
	struct cf_explain_match *m);
/* Insert, fewest changes first; drops what does not fit. */
void cf_match_insert(
	struct cf_explain_result *r, const struct cf_explain_match *m);

#endif
