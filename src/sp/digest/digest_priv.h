/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One measurement algorithm per platform behind the digest processor.  Each
 * keeps what an update gives it until `peek` asks for the digest so far.
 */
#ifndef CF_SP_DIGEST_PRIV_H
#define CF_SP_DIGEST_PRIV_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "sp/sp.h"

struct cf_batch;
struct meter;

struct meter_ops {
	size_t digest_len;
	enum coffer_status (*range)(struct meter *m,
		const struct cf_sp_update *u, struct coffer_error *err);
	/* NULL: the platform measures no such page. */
	enum coffer_status (*vmsa)(struct meter *m, uint64_t gpa,
		const uint8_t *page, struct coffer_error *err);
	enum coffer_status (*registers)(struct meter *m, const uint8_t *list,
		size_t len, struct coffer_error *err);
	enum coffer_status (*peek)(
		struct meter *m, uint8_t *out, struct coffer_error *err);
};

/* Pages of SNP_LAUNCH_UPDATE in a row, or one VBS register list. */
struct meter_item {
	const uint8_t *data; /* NULL: nothing of it is hashed */
	size_t len;
	uint64_t gpa;
	enum cf_page_type type;
	uint8_t perms[4];
};

struct meter {
	const struct meter_ops *ops;
	/* Running, or for single steps; SNP makes it when it is needed. */
	struct cf_hash *hash;
	struct cf_batch *batch; /* SNP; NULL until there are many pages */
	const struct cf_progress *progress; /* SNP */
	uint8_t ld[CF_DIGEST_MAX];
	struct meter_item *item; /* waiting */
	size_t nitems, items_cap;
	uint64_t npages; /* of all items; SNP */
	/* The last page that was hashed alone: the VMSAs of APs are equal. */
	bool has_memo;
	uint8_t memo_page[4096], memo_hash[CF_SHA384_LEN];
};

extern const struct meter_ops meter_sev;    /* SHA-256, SEV */
extern const struct meter_ops meter_sev_es; /* with VMSAs */
extern const struct meter_ops meter_snp;
extern const struct meter_ops meter_tdx;
extern const struct meter_ops meter_vbs;

enum coffer_status meter_keep(struct meter *m, const struct meter_item *item,
	struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status meter_bad_type(const struct cf_sp_update *u,
	const char *platform, struct coffer_error *err);

#endif
