/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SNP launch digest: one step of a hash chain per page.  The contents of
 * pages are hashed many at a time, the chain afterwards.
 *
 * Source: SNP firmware ABI (AMD 56860), SNP_LAUNCH_UPDATE, "PAGE_INFO".
 */
#include "digest_priv.h"

#include "crypto/batch.h"

#include <inttypes.h>

/* PAGE_INFO */
enum {
	DIGEST_CUR = 0x00,
	CONTENTS = 0x30,
	LENGTH = 0x60,
	PAGE_TYPE = 0x62,
	VMPL3_PERMS = 0x64,
	VMPL2_PERMS = 0x65,
	VMPL1_PERMS = 0x66,
	GPA = 0x68,
	PAGE_INFO_LEN = 0x70,
};

/* Only these contents are hashed; other types enter as 48 zero bytes. */
static bool has_contents(enum cf_page_type type)
{
	return type == CF_PAGE_NORMAL || type == CF_PAGE_VMSA;
}

static enum coffer_status snp_range(
	struct meter *m, const struct cf_sp_update *u, struct coffer_error *err)
{
	if (u->type < CF_PAGE_NORMAL || u->type > CF_PAGE_CPUID)
		return meter_bad_type(u, "SNP", err);
	if (!cf_is_aligned(u->gpa, CF_PAGE_SIZE) ||
		!cf_is_aligned(u->len, CF_PAGE_SIZE))
		return cf_fail_fw(err, CF_FW_INVALID_ADDRESS,
			"launch update: 0x%" PRIx64 " size 0x%" PRIx64
			": not whole pages",
			u->gpa, u->len);
	for (uint64_t at = 0; at < u->len; at += CF_PAGE_SIZE) {
		struct meter_item item = {
			.data = has_contents(u->type) ? u->data + at : NULL,
			.len = CF_PAGE_SIZE,
			.gpa = u->gpa + at,
			.type = u->type,
		};
		enum coffer_status st;

		memcpy(item.perms, u->vmpl_perms, sizeof(item.perms));
		st = meter_keep(m, &item, err);
		if (st)
			return st;
	}
	return COFFER_OK;
}

static enum coffer_status snp_vmsa(struct meter *m, uint64_t gpa,
	const uint8_t *page, struct coffer_error *err)
{
	const struct meter_item item = {
		.data = page,
		.len = CF_PAGE_SIZE,
		.gpa = gpa,
		.type = CF_PAGE_VMSA,
	};

	return meter_keep(m, &item, err);
}

static enum coffer_status extend(struct meter *m, const struct meter_item *item,
	const uint8_t *contents, struct coffer_error *err)
{
	uint8_t info[PAGE_INFO_LEN] = { 0 };

	memcpy(info + DIGEST_CUR, m->ld, CF_SHA384_LEN);
	if (contents)
		memcpy(info + CONTENTS, contents, CF_SHA384_LEN);
	cf_store_le16(info + LENGTH, PAGE_INFO_LEN);
	info[PAGE_TYPE] = (uint8_t)item->type;
	info[VMPL3_PERMS] = item->perms[3];
	info[VMPL2_PERMS] = item->perms[2];
	info[VMPL1_PERMS] = item->perms[1];
	cf_store_le64(info + GPA, item->gpa);
	return cf_hash_once(m->hash, info, sizeof(info), m->ld, err);
}

/* The chain runs along while later pages are being hashed. */
struct chain {
	struct meter *m;
	const uint8_t (*hash)[48];
	size_t item;   /* next to enter the chain */
	size_t hashed; /* digests used so far */
};

/* Enter what can be entered with `ready` digests. */
static enum coffer_status extend_until(
	struct chain *c, size_t ready, struct coffer_error *err)
{
	enum coffer_status st = COFFER_OK;

	for (; !st && c->item < c->m->nitems; c->item++) {
		const struct meter_item *item = &c->m->item[c->item];

		if (item->data && c->hashed == ready)
			break;
		st = extend(c->m, item,
			item->data ? c->hash[c->hashed++] : NULL, err);
	}
	return st;
}

static enum coffer_status on_ready(
	void *opaque, size_t first, size_t n, struct coffer_error *err)
{
	return extend_until(opaque, first + n, err);
}

/* One page is not worth a batch, and often the same as the last. */
static enum coffer_status hash_alone(struct meter *m, const uint8_t *page,
	const uint8_t **hash, struct coffer_error *err)
{
	enum coffer_status st = COFFER_OK;

	*hash = m->memo_hash;
	if (m->has_memo && memcmp(m->memo_page, page, CF_PAGE_SIZE) == 0)
		return COFFER_OK;
	memcpy(m->memo_page, page, CF_PAGE_SIZE);
	st = cf_hash_once(m->hash, page, CF_PAGE_SIZE, m->memo_hash, err);
	m->has_memo = st == COFFER_OK;
	return st;
}

static enum coffer_status peek_one(struct meter *m, struct coffer_error *err)
{
	const struct meter_item *item = &m->item[0];
	const uint8_t *hash = NULL;
	enum coffer_status st = COFFER_OK;

	if (item->data)
		st = hash_alone(m, item->data, &hash, err);
	return st ? st : extend(m, item, hash, err);
}

static enum coffer_status peek_many(struct meter *m, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) const uint8_t **block = NULL;
	CF_CLEANUP(cf_free_ptr) uint8_t(*hash)[48] = NULL;
	struct chain c = { .m = m };
	enum coffer_status st;
	size_t n = 0;

	block = cf_alloc_array(m->nitems, sizeof(*block));
	hash = cf_alloc_array(m->nitems, sizeof(*hash));
	if (!block || !hash)
		return cf_fail_nomem(err, "the launch digest");
	c.hash = hash;
	for (size_t i = 0; i < m->nitems; i++)
		if (m->item[i].data)
			block[n++] = m->item[i].data;
	st = cf_batch_sha384_each(
		block, n, CF_PAGE_SIZE, hash, on_ready, &c, err);
	return st ? st : extend_until(&c, n, err);
}

static enum coffer_status snp_peek(
	struct meter *m, uint8_t *out, struct coffer_error *err)
{
	enum coffer_status st = COFFER_OK;

	if (m->nitems == 1)
		st = peek_one(m, err);
	else if (m->nitems)
		st = peek_many(m, err);
	if (st)
		return st;
	m->nitems = 0;
	memcpy(out, m->ld, CF_SHA384_LEN);
	return COFFER_OK;
}

const struct meter_ops meter_snp = {
	.digest_len = CF_SHA384_LEN,
	.range = snp_range,
	.vmsa = snp_vmsa,
	.peek = snp_peek,
};
