/* SPDX-License-Identifier: Apache-2.0 */
/* An SNP guest for tests, and the guest's own side of messages: sealed and
 * opened with the crypto layer, not by the model. */
#ifndef SP_SNP_WORLD_H
#define SP_SNP_WORLD_H

#include "test.h"

#include "crypto/crypto.h"
#include "sp/soft/soft.h"

#define ASID     3
#define RAM      ((uint64_t)1 << 20)
#define POLICY   0x30000
#define SECRETS  0x2000
#define REQUEST  0x10000
#define RESPONSE 0x11000

static struct coffer_error err;

struct world {
	struct cf_memory *mem;
	struct cf_sp_soft *sp;
	struct cf_sp_guest *g;
	uint64_t seqno; /* next to send with VMPCK0 */
};

static inline void open_world(struct world *w, enum cf_sp_product product)
{
	const struct cf_sp_soft_config config = { .product = product,
		.seed = (const uint8_t *)"test",
		.seed_len = 4 };

	*w = (struct world) { .seqno = 1 };
	assert_ok(cf_memory_create(&w->mem, &err));
	assert_ok(cf_memory_add(w->mem, 0, RAM, CF_REGION_RAM, "ram", &err));
	assert_ok(cf_sp_soft_create(&config, &w->sp, &err));
	assert_ok(cf_sp_soft_guest_create(
		w->sp, w->mem, CF_PLATFORM_SEV_SNP, ASID, 2, &w->g, &err));
}

static inline void close_world(struct world *w)
{
	cf_sp_guest_destroy(w->g);
	cf_sp_soft_destroy(w->sp);
	cf_memory_destroy(w->mem);
}

static inline void start(struct world *w, uint64_t policy)
{
	const struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV_SNP,
		.policy = policy };

	assert_ok(w->g->ops->launch_start(w->g, &l, &err));
}

static inline enum coffer_status update(
	struct world *w, enum cf_page_type type, uint64_t gpa)
{
	const struct cf_sp_update u = {
		.gpa = gpa, .len = CF_PAGE_SIZE, .type = type
	};

	return w->g->ops->launch_update(w->g, &u, &err);
}

static inline void assert_digest(struct world *w, const char *want)
{
	uint8_t ld[CF_DIGEST_MAX];
	char text[2 * CF_DIGEST_MAX + 1];
	size_t len;

	assert_ok(w->g->ops->launch_digest(w->g, ld, &len, &err));
	assert_int_equal(len, 48);
	cf_hex(text, ld, len);
	assert_string_equal(text, want);
}

/* NORMAL, ZERO, SECRETS, CPUID, VMSA of zero pages: SNP notes B.6. */
static inline void launch(struct world *w)
{
	uint8_t zero[CF_PAGE_SIZE] = { 0 };

	start(w, POLICY);
	assert_ok(update(w, CF_PAGE_NORMAL, 0));
	assert_digest(w,
		"9d13634b6014bb21cf059b2dc694e7bff01a8a7137041100cd2b695f3d10fb6"
		"87267b97808b27f8f471d943bc6f53a20");
	assert_ok(update(w, CF_PAGE_ZERO, 0x1000));
	assert_digest(w,
		"3bb77aec4f0d90c147b6b7884b6bd5741994d2575305f89639c95186690d949"
		"261186702ef51f2fa7c0dd4c90f03ebfd");
	assert_ok(update(w, CF_PAGE_SECRETS, SECRETS));
	assert_digest(w,
		"0a38dc4cdc203b86ee6a64ab9f7bcc0c1e0fa47144e1e4d6fad2ce24573ef7e"
		"100d1b91f1869bcea9cd1e3dffd42a075");
	assert_ok(update(w, CF_PAGE_CPUID, 0x3000));
	assert_digest(w,
		"3bbf34c2d07995525f1135e5fd8fa00fa052f455911c6484ffbb3bbb0b64efa"
		"29f7d1bc9077fe600a08375e1097438a4");
	assert_ok(w->g->ops->launch_update_vmsa(
		w->g, 0, 0xFFFFFFFFF000, zero, &err));
	assert_digest(w,
		"4247431543ecca14e8996505d2f96bcf8499ca9a83def2268d1ec890aeee287"
		"8eaee5bbcfe3e1fa88c7fae2abb5621af");
}

static inline void finish(struct world *w)
{
	const struct cf_sp_finish f = { .host_data = { 0x48 } };

	assert_ok(w->g->ops->launch_finish(w->g, &f, &err));
}

struct channel {
	uint8_t key[32];
	uint8_t vmpck;
};

static inline struct channel open_channel(struct world *w, unsigned vmpck)
{
	struct channel c = { .vmpck = (uint8_t)vmpck };

	assert_ok(cf_guest_read_private(w->mem, ASID,
		SECRETS + 0x20 + 32 * vmpck, c.key, sizeof(c.key), &err));
	assert_false(cf_is_zero(c.key, sizeof(c.key)));
	return c;
}

static inline void seal(const struct channel *c, uint64_t seqno, unsigned type,
	const uint8_t *payload, size_t len, uint8_t page[CF_PAGE_SIZE])
{
	uint8_t iv[12] = { 0 };

	memset(page, 0, CF_PAGE_SIZE);
	cf_store_le64(page + 0x20, seqno);
	page[0x30] = 1;
	page[0x31] = 1;
	cf_store_le16(page + 0x32, 0x60);
	page[0x34] = (uint8_t)type;
	page[0x35] = 1;
	cf_store_le16(page + 0x36, (uint16_t)len);
	page[0x3C] = c->vmpck;
	cf_store_le64(iv, seqno);
	assert_ok(cf_aes256_gcm_seal(c->key, iv, page + 0x30, 0x30, payload,
		len, page + 0x60, page, &err));
}

/* Send a sealed page; the firmware's status; the answer's payload in out. */
static inline uint32_t send_page(struct world *w, const struct channel *c,
	const uint8_t *page, uint8_t *out, size_t *out_len)
{
	uint8_t answer[CF_PAGE_SIZE], iv[12] = { 0 };
	uint64_t seqno = cf_load_le64(page + 0x20) + 1;
	uint32_t fw = 0xFFFF;
	size_t n;

	assert_ok(cf_guest_write(w->mem, REQUEST, page, CF_PAGE_SIZE, &err));
	assert_ok(w->g->ops->guest_request(w->g, REQUEST, RESPONSE, &fw, &err));
	if (fw)
		return fw;
	assert_ok(
		cf_guest_read(w->mem, RESPONSE, answer, sizeof(answer), &err));
	assert_int_equal(cf_load_le64(answer + 0x20), seqno);
	assert_int_equal(answer[0x34], page[0x34] + 1);
	assert_int_equal(answer[0x3C], c->vmpck);
	n = cf_load_le16(answer + 0x36);
	assert_true(n <= 4000);
	cf_store_le64(iv, seqno);
	assert_ok(cf_aes256_gcm_open(c->key, iv, answer + 0x30, 0x30,
		answer + 0x60, n, out, answer, &err));
	*out_len = n;
	return 0;
}

static inline uint32_t ask(struct world *w, const struct channel *c,
	unsigned type, const uint8_t *payload, size_t len, uint8_t *out,
	size_t *out_len)
{
	uint8_t page[CF_PAGE_SIZE];
	uint32_t fw;

	seal(c, w->seqno, type, payload, len, page);
	fw = send_page(w, c, page, out, out_len);
	if (!fw)
		w->seqno += 2;
	return fw;
}

/* A report for VMPL 0; its STATUS is in the first dword of out. */
static inline const uint8_t *get_report(struct world *w,
	const struct channel *c, unsigned key_sel, uint8_t out[4000])
{
	uint8_t req[0x60] = { 0xAB };
	size_t len;

	cf_store_le32(req + 0x40, c->vmpck);
	cf_store_le32(req + 0x44, key_sel);
	assert_int_equal(ask(w, c, 5, req, sizeof(req), out, &len), 0);
	assert_int_equal(len, 0x4C0);
	return out + 0x20;
}

#endif
