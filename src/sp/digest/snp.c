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

/* Join what continues the last item; an image is one item then, however many
 * steps it came in. */
static bool joins(struct meter *m, const struct meter_item *item)
{
	struct meter_item *last = m->nitems ? &m->item[m->nitems - 1] : NULL;

	if (!last || last->type != item->type ||
		last->gpa + last->len != item->gpa ||
		memcmp(last->perms, item->perms, sizeof(item->perms)) != 0 ||
		(item->data ? !last->data ||
					last->data + last->len != item->data
			    : last->data != NULL))
		return false;
	last->len += item->len;
	return true;
}

static enum coffer_status snp_range(
	struct meter *m, const struct cf_sp_update *u, struct coffer_error *err)
{
	struct meter_item item = {
		.data = has_contents(u->type) ? u->data : NULL,
		.len = u->len,
		.gpa = u->gpa,
		.type = u->type,
	};

	if (u->type < CF_PAGE_NORMAL || u->type > CF_PAGE_CPUID)
		return meter_bad_type(u, "SNP", err);
	if (!cf_is_aligned(u->gpa, CF_PAGE_SIZE) ||
		!cf_is_aligned(u->len, CF_PAGE_SIZE))
		return cf_fail_fw(err, CF_FW_INVALID_ADDRESS,
			"launch update: 0x%" PRIx64 " size 0x%" PRIx64
			": not whole pages",
			u->gpa, u->len);
	if (!u->len)
		return COFFER_OK;
	memcpy(item.perms, u->vmpl_perms, sizeof(item.perms));
	m->npages += u->len / CF_PAGE_SIZE;
	return joins(m, &item) ? COFFER_OK : meter_keep(m, &item, err);
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

	m->npages++;
	return meter_keep(m, &item, err);
}

static enum coffer_status sha384(struct meter *m, const void *p, size_t n,
	uint8_t *out, struct coffer_error *err)
{
	enum coffer_status st = COFFER_OK;

	if (m->batch)
		return cf_batch_sha384_one(m->batch, p, n, out, err);
	if (!m->hash)
		st = cf_hash_create(CF_HASH_SHA384, &m->hash, err);
	return st ? st : cf_hash_once(m->hash, p, n, out, err);
}

/* PAGE_INFO of the page at offset `at` of an item. */
static void page_info(const struct meter *m, const struct meter_item *item,
	uint64_t at, const uint8_t *contents, uint8_t info[PAGE_INFO_LEN])
{
	memset(info, 0, PAGE_INFO_LEN);
	memcpy(info + DIGEST_CUR, m->ld, CF_SHA384_LEN);
	if (contents)
		memcpy(info + CONTENTS, contents, CF_SHA384_LEN);
	cf_store_le16(info + LENGTH, PAGE_INFO_LEN);
	info[PAGE_TYPE] = (uint8_t)item->type;
	info[VMPL3_PERMS] = item->perms[3];
	info[VMPL2_PERMS] = item->perms[2];
	info[VMPL1_PERMS] = item->perms[1];
	cf_store_le64(info + GPA, item->gpa + at);
}

/* The chain runs along while later pages are being hashed. */
struct chain {
	struct meter *m;
	const uint8_t (*hash)[48];
	size_t item;   /* of which... */
	uint64_t at;   /* ...the page here is the next to enter the chain */
	size_t hashed; /* digests used so far */
	size_t pages;
};

static size_t next_step(void *opaque, size_t ready, uint8_t text[CF_BATCH_TEXT])
{
	const struct chain *c = opaque;
	const struct meter_item *item = &c->m->item[c->item];

	if (c->item == c->m->nitems || (item->data && c->hashed >= ready))
		return 0;
	page_info(c->m, item, c->at, item->data ? c->hash[c->hashed] : NULL,
		text);
	return PAGE_INFO_LEN;
}

static void take_step(void *opaque, const uint8_t digest[48])
{
	struct chain *c = opaque;
	const struct meter_item *item = &c->m->item[c->item];

	memcpy(c->m->ld, digest, CF_SHA384_LEN);
	c->hashed += item->data != NULL;
	c->at += CF_PAGE_SIZE;
	if (c->at == item->len) {
		c->at = 0;
		c->item++;
	}
	if (++c->pages % 64 == 0 || c->pages == c->m->npages)
		cf_progress_tell(
			c->m->progress, "measuring", c->pages, c->m->npages);
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
	st = sha384(m, page, CF_PAGE_SIZE, m->memo_hash, err);
	m->has_memo = st == COFFER_OK;
	return st;
}

static enum coffer_status peek_one(struct meter *m, struct coffer_error *err)
{
	const struct meter_item *item = &m->item[0];
	const uint8_t *hash = NULL;
	uint8_t info[PAGE_INFO_LEN];
	enum coffer_status st = COFFER_OK;

	if (item->data)
		st = hash_alone(m, item->data, &hash, err);
	page_info(m, item, 0, hash, info);
	return st ? st : sha384(m, info, sizeof(info), m->ld, err);
}

static size_t list_blocks(const struct meter *m, const uint8_t **block)
{
	size_t n = 0;

	for (size_t i = 0; i < m->nitems; i++) {
		const struct meter_item *item = &m->item[i];

		for (uint64_t at = 0; item->data && at < item->len;
			at += CF_PAGE_SIZE)
			block[n++] = item->data + at;
	}
	return n;
}

static enum coffer_status peek_many(struct meter *m, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) const uint8_t **block = NULL;
	CF_CLEANUP(cf_free_ptr) uint8_t(*hash)[48] = NULL;
	struct chain c = { .m = m };
	const struct cf_batch_chain chain = {
		.next = next_step,
		.take = take_step,
		.opaque = &c,
	};
	enum coffer_status st = COFFER_OK;

	block = cf_alloc_array(m->npages, sizeof(*block));
	hash = cf_alloc_array(m->npages, sizeof(*hash));
	if (!block || !hash)
		return cf_fail_nomem(err, "the launch digest");
	if (!m->batch)
		st = cf_batch_create(&m->batch, err);
	if (st)
		return st;
	c.hash = hash;
	return cf_batch_sha384(m->batch, block, list_blocks(m, block),
		CF_PAGE_SIZE, hash, &chain, err);
}

static enum coffer_status snp_peek(
	struct meter *m, uint8_t *out, struct coffer_error *err)
{
	enum coffer_status st = COFFER_OK;

	if (m->npages == 1)
		st = peek_one(m, err);
	else if (m->npages)
		st = peek_many(m, err);
	if (st)
		return st;
	m->npages = 0;
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
