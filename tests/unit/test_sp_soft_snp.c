/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SNP guest on the software processor: launch, ID block, guest messages,
 * reports and derived keys.  Expected digests are published vectors; messages
 * are sealed and opened here with the crypto layer, not by the model.
 */
#include "test.h"

#include "crypto/crypto.h"
#include "sp/soft/soft.h"
#include "sp/soft/state_dir.h"

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

static void open_world(struct world *w, enum cf_sp_product product)
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

static void close_world(struct world *w)
{
	cf_sp_guest_destroy(w->g);
	cf_sp_soft_destroy(w->sp);
	cf_memory_destroy(w->mem);
}

static void start(struct world *w, uint64_t policy)
{
	const struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV_SNP,
		.policy = policy };

	assert_ok(w->g->ops->launch_start(w->g, &l, &err));
}

static enum coffer_status update(
	struct world *w, enum cf_page_type type, uint64_t gpa)
{
	const struct cf_sp_update u = {
		.gpa = gpa, .len = CF_PAGE_SIZE, .type = type
	};

	return w->g->ops->launch_update(w->g, &u, &err);
}

static void assert_digest(struct world *w, const char *want)
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
static void launch(struct world *w)
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

static void finish(struct world *w)
{
	const struct cf_sp_finish f = { .host_data = { 0x48 } };

	assert_ok(w->g->ops->launch_finish(w->g, &f, &err));
}

static void test_launch_gives_the_published_digests(void **state)
{
	struct world w;
	uint8_t zero[CF_PAGE_SIZE] = { 0 }, page[CF_PAGE_SIZE];
	struct cf_rmp_entry e;
	uint64_t vmsa;

	open_world(&w, CF_SP_MILAN);
	launch(&w);
	/* The host reads cipher text, the guest the zeros that it was. */
	assert_ok(cf_guest_read(w.mem, 0, page, sizeof(page), &err));
	assert_memory_not_equal(page, zero, sizeof(page));
	assert_ok(cf_guest_read_private(
		w.mem, ASID, 0, page, sizeof(page), &err));
	assert_memory_equal(page, zero, sizeof(page));
	assert_true(cf_rmp_get(w.mem, 0, &e));
	assert_true(e.assigned && e.validated && !e.immutable && !e.vmsa);
	assert_int_equal(e.asid, ASID);
	assert_int_equal(e.perms[0], 0xF);
	assert_true(cf_sp_soft_vmsa(w.g, 0, &vmsa));
	assert_true(cf_rmp_get(w.mem, vmsa, &e));
	assert_true(e.vmsa && e.gpa == 0xFFFFFFFFF000);
	assert_false(cf_sp_soft_vmsa(w.g, 1, &vmsa));
	assert_status(COFFER_ERR_STATE,
		cf_guest_write(w.mem, 0, zero, sizeof(zero), &err));
	close_world(&w);
}

static void test_launch_refuses_a_page_twice_and_bad_policies(void **state)
{
	static const struct {
		uint64_t policy;
		uint32_t fw;
	} bad[] = {
		{ 0x20000, CF_FW_POLICY_FAILURE },   /* no SMT */
		{ 0x30200, CF_FW_POLICY_FAILURE },   /* ABI 2.0 */
		{ 0x30138, CF_FW_POLICY_FAILURE },   /* ABI 1.56 */
		{ 0x430000, CF_FW_POLICY_FAILURE },  /* AES-256-XTS */
		{ 0x830000, CF_FW_POLICY_FAILURE },  /* RAPL disabled */
		{ 0x1030000, CF_FW_POLICY_FAILURE }, /* ciphertext hiding */
		{ 0x10000, CF_FW_INVALID_PARAM },    /* bit 17 clear */
		{ 0x4030000, CF_FW_INVALID_PARAM },  /* bit 26 */
	};
	struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV_SNP };
	struct world w;

	for (size_t i = 0; i < CF_ARRAY_LEN(bad); i++) {
		open_world(&w, CF_SP_MILAN);
		l.policy = bad[i].policy;
		assert_status(COFFER_ERR_FIRMWARE,
			w.g->ops->launch_start(w.g, &l, &err));
		assert_int_equal(err.fw_status, bad[i].fw);
		close_world(&w);
	}
	open_world(&w, CF_SP_MILAN);
	start(&w, 0x30137);
	assert_ok(update(&w, CF_PAGE_NORMAL, 0));
	assert_status(COFFER_ERR_STATE, update(&w, CF_PAGE_NORMAL, 0));
	assert_message("launched already");
	assert_status(COFFER_ERR_STATE, update(&w, CF_PAGE_NORMAL, RAM));
	close_world(&w);
}

/* --- The guest's side of messages --- */

struct channel {
	uint8_t key[32];
	uint8_t vmpck;
};

static struct channel open_channel(struct world *w, unsigned vmpck)
{
	struct channel c = { .vmpck = (uint8_t)vmpck };

	assert_ok(cf_guest_read_private(w->mem, ASID,
		SECRETS + 0x20 + 32 * vmpck, c.key, sizeof(c.key), &err));
	assert_false(cf_is_zero(c.key, sizeof(c.key)));
	return c;
}

static void seal(const struct channel *c, uint64_t seqno, unsigned type,
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
static uint32_t send_page(struct world *w, const struct channel *c,
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

static uint32_t ask(struct world *w, const struct channel *c, unsigned type,
	const uint8_t *payload, size_t len, uint8_t *out, size_t *out_len)
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
static const uint8_t *get_report(struct world *w, const struct channel *c,
	unsigned key_sel, uint8_t out[4000])
{
	uint8_t req[0x60] = { 0xAB };
	size_t len;

	cf_store_le32(req + 0x40, c->vmpck);
	cf_store_le32(req + 0x44, key_sel);
	assert_int_equal(ask(w, c, 5, req, sizeof(req), out, &len), 0);
	assert_int_equal(len, 0x4C0);
	return out + 0x20;
}

static void test_reports_hold_the_launch_by_product(void **state)
{
	static const struct {
		enum cf_sp_product product;
		uint32_t version;
		uint8_t family;
		size_t hwid;
	} rows[] = {
		{ CF_SP_MILAN, 2, 0, 64 },
		{ CF_SP_GENOA, 3, 0x19, 64 },
		{ CF_SP_TURIN, 5, 0x1A, 8 },
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(rows); i++) {
		uint8_t out[4000], ld[CF_DIGEST_MAX];
		const uint8_t *r;
		struct channel c;
		struct world w;
		size_t len;

		open_world(&w, rows[i].product);
		launch(&w);
		finish(&w);
		c = open_channel(&w, 0);
		r = get_report(&w, &c, 0, out);
		assert_int_equal(cf_load_le32(out), 0);
		assert_int_equal(cf_load_le32(out + 4), 0x4A0);
		assert_int_equal(cf_load_le32(r), rows[i].version);
		assert_int_equal(r[0x188], rows[i].family);
		assert_int_equal(cf_load_le64(r + 8), POLICY);
		assert_int_equal(r[0x50], 0xAB);
		assert_int_equal(r[0xC0], 0x48);
		assert_ok(w.g->ops->launch_digest(w.g, ld, &len, &err));
		assert_memory_equal(r + 0x90, ld, 48);
		assert_true(cf_is_zero(
			r + 0x1A0 + rows[i].hwid, 64 - rows[i].hwid));
		assert_false(cf_is_zero(r + 0x1A0, rows[i].hwid));
		assert_int_equal(r[0x160], 0xFF);
		assert_int_equal(r[0x17F], 0xFF);
		close_world(&w);
	}
}

static void test_messages_replayed_reordered_or_damaged_are_refused(
	void **state)
{
	uint8_t req[0x60] = { 1 }, first[CF_PAGE_SIZE], page[CF_PAGE_SIZE];
	uint8_t out[4000];
	struct channel c, other;
	struct world w;
	size_t len;

	open_world(&w, CF_SP_MILAN);
	launch(&w);
	finish(&w);
	c = open_channel(&w, 0);
	seal(&c, 1, 5, req, sizeof(req), first);
	assert_int_equal(send_page(&w, &c, first, out, &len), 0);
	/* The same again, one too early, one too late, an even number. */
	assert_int_equal(
		send_page(&w, &c, first, out, &len), CF_FW_INVALID_PARAM);
	for (uint64_t seqno = 0; seqno < 8; seqno++) {
		if (seqno == 3)
			continue;
		seal(&c, seqno, 5, req, sizeof(req), page);
		assert_int_equal(send_page(&w, &c, page, out, &len),
			CF_FW_INVALID_PARAM);
	}
	seal(&c, UINT64_MAX, 5, req, sizeof(req), page);
	assert_int_equal(
		send_page(&w, &c, page, out, &len), CF_FW_INVALID_PARAM);
	/* Any byte of the header or the cipher text. */
	for (size_t i = 0; i < 0x60 + sizeof(req); i++) {
		seal(&c, 3, 5, req, sizeof(req), page);
		page[i] ^= 1;
		assert_int_equal(send_page(&w, &c, page, out, &len),
			CF_FW_INVALID_PARAM);
	}
	/* Another VMPL's key counts by itself. */
	other = open_channel(&w, 2);
	seal(&other, 1, 5, req, sizeof(req), page);
	assert_int_equal(send_page(&w, &other, page, out, &len), 0);
	assert_int_equal(cf_load_le32(out), CF_FW_INVALID_PARAM); /* VMPL 0 */
	/* None of that moved the counter. */
	seal(&c, 3, 5, req, sizeof(req), page);
	assert_int_equal(send_page(&w, &c, page, out, &len), 0);
	close_world(&w);
}

static void derive(struct world *w, const struct channel *c,
	const uint8_t req[0x20], uint32_t want, uint8_t key[32])
{
	uint8_t out[4000];
	size_t len;

	assert_int_equal(ask(w, c, 3, req, 0x20, out, &len), 0);
	assert_int_equal(len, 0x40);
	assert_int_equal(cf_load_le32(out), want);
	memcpy(key, out + 0x20, 32);
}

static void test_derived_keys_depend_on_what_is_selected(void **state)
{
	uint8_t req[0x20] = { 0 }, base[32], key[32], tcb_key[32];
	struct channel c;
	struct world w, debug;

	open_world(&w, CF_SP_MILAN);
	launch(&w);
	finish(&w);
	c = open_channel(&w, 0);
	derive(&w, &c, req, 0, base);
	derive(&w, &c, req, 0, key);
	assert_memory_equal(base, key, 32);
	/* The number of a field that is not selected does not count. */
	req[0x18] = 1;
	derive(&w, &c, req, 0, key);
	assert_memory_equal(base, key, 32);
	req[8] = 0x20;
	derive(&w, &c, req, 0, tcb_key);
	assert_memory_not_equal(base, tcb_key, 32);
	req[0x18] = 0;
	derive(&w, &c, req, 0, key);
	assert_memory_not_equal(key, tcb_key, 32);
	/* Each field changes the key; bit 6 is not in version 1. */
	for (unsigned bit = 0; bit < 6; bit++) {
		req[8] = (uint8_t)(1u << bit);
		derive(&w, &c, req, 0, key);
		assert_memory_not_equal(base, key, 32);
	}
	req[8] = 0x40;
	derive(&w, &c, req, CF_FW_INVALID_PARAM, key);
	req[8] = 0;
	req[0x14] = 1; /* GUEST_SVN above the ID block's (none: 0) */
	derive(&w, &c, req, CF_FW_INVALID_PARAM, key);
	req[0x14] = 0;
	req[0x1F] = 0xFF; /* microcode above the committed one */
	derive(&w, &c, req, CF_FW_INVALID_PARAM, key);
	req[0x1F] = 0;
	req[0] = 1; /* VMRK, and there is none */
	derive(&w, &c, req, CF_FW_INVALID_KEY, key);
	req[0] = 4; /* VLEK, and there is none */
	derive(&w, &c, req, CF_FW_INVALID_KEY, key);
	req[0] = 0;
	req[0x10] = 1;
	derive(&w, &c, req, 0, key);
	assert_memory_not_equal(base, key, 32);
	close_world(&w);

	/* Another policy: a key with the policy selected differs, one
	 * without it does not. */
	open_world(&debug, CF_SP_MILAN);
	start(&debug, POLICY | 1 << 19);
	assert_ok(update(&debug, CF_PAGE_SECRETS, SECRETS));
	finish(&debug);
	c = open_channel(&debug, 0);
	memset(req, 0, sizeof(req));
	derive(&debug, &c, req, 0, key);
	assert_memory_equal(base, key, 32);
	close_world(&debug);
}

static void test_cpuid_page_is_corrected_and_refused(void **state)
{
	uint8_t page[CF_PAGE_SIZE] = { 1 };
	struct world w;

	open_world(&w, CF_SP_MILAN);
	start(&w, POLICY);
	cf_store_le32(page + 0x10, 1);
	cf_store_le32(page + 0x10 + 0x20, 1u << 24 | 1u << 23);
	assert_ok(cf_guest_write(w.mem, 0x3000, page, sizeof(page), &err));
	assert_status(COFFER_ERR_FIRMWARE, update(&w, CF_PAGE_CPUID, 0x3000));
	assert_int_equal(err.fw_status, CF_FW_INVALID_PARAM);
	assert_message("ecx=0x1800000 for leaf 0x1");
	assert_message("accepts 0x800000");
	/* The host gets the corrected page back and may use it. */
	assert_ok(cf_guest_read(w.mem, 0x3000, page, sizeof(page), &err));
	assert_int_equal(cf_load_le32(page + 0x30), 1u << 23);
	assert_ok(update(&w, CF_PAGE_CPUID, 0x3000));
	/* More entries than there is room for. */
	page[0] = 65;
	assert_ok(cf_guest_write(w.mem, 0x4000, page, sizeof(page), &err));
	assert_status(COFFER_ERR_FIRMWARE, update(&w, CF_PAGE_CPUID, 0x4000));
	close_world(&w);
}

static void test_cpuid_and_tsc_messages_are_answered(void **state)
{
	uint8_t table[0x10 + 2 * 48] = { 2 }, out[4000];
	uint8_t zeros[0x80] = { 0 };
	struct channel c;
	struct world w;
	size_t len;

	open_world(&w, CF_SP_GENOA);
	launch(&w);
	finish(&w);
	c = open_channel(&w, 0);
	cf_store_le32(table + 0x10, 0x80000008);
	cf_store_le32(table + 0x40, 7);
	cf_store_le32(table + 0x40 + 0x24, 1u << 26 | 1); /* SPEC_CTRL */
	assert_int_equal(ask(&w, &c, 1, table, sizeof(table), out, &len), 0);
	assert_int_equal(len, sizeof(table));
	assert_int_equal(cf_load_le32(out), CF_FW_INVALID_PARAM);
	assert_int_equal(cf_load_le32(out + 4), 2);
	assert_int_equal(cf_load_le32(out + 0x40 + 0x24), 1);
	cf_store_le32(table + 0x40 + 0x24, 1);
	assert_int_equal(ask(&w, &c, 1, table, sizeof(table), out, &len), 0);
	assert_int_equal(cf_load_le32(out), 0);
	/* The count and the length of the message differ. */
	table[0] = 3;
	assert_int_equal(ask(&w, &c, 1, table, sizeof(table), out, &len),
		CF_FW_INVALID_PARAM);
	assert_int_equal(ask(&w, &c, 17, zeros, sizeof(zeros), out, &len), 0);
	assert_int_equal(len, 0x80);
	/* No desired frequency: the guest's clock is the machine's. */
	assert_true(cf_load_le64(out + 8) == (uint64_t)1 << 32);
	/* Types that are none, and answers. */
	for (unsigned type = 0; type < 256; type++)
		if (type == 0 || type > 18 || type % 2 == 0)
			assert_int_equal(
				ask(&w, &c, type, zeros, 16, out, &len),
				CF_FW_INVALID_PARAM);
	close_world(&w);
}

static void test_a_guest_launched_without_the_vcek_gets_none(void **state)
{
	const struct cf_sp_finish f = { .vcek_disabled = true };
	uint8_t out[4000], req[0x20] = { 0 }, key[32];
	struct channel c;
	struct world w;

	open_world(&w, CF_SP_MILAN);
	launch(&w);
	assert_ok(w.g->ops->launch_finish(w.g, &f, &err));
	c = open_channel(&w, 0);
	get_report(&w, &c, 0, out);
	assert_int_equal(cf_load_le32(out), CF_FW_INVALID_KEY);
	get_report(&w, &c, 1, out);
	assert_int_equal(cf_load_le32(out), CF_FW_INVALID_KEY);
	get_report(&w, &c, 3, out);
	assert_int_equal(cf_load_le32(out), CF_FW_INVALID_PARAM);
	derive(&w, &c, req, CF_FW_INVALID_KEY, key);
	close_world(&w);
}

static void put_key(uint8_t *at, const struct cf_p384_public *pub)
{
	cf_store_le32(at, 2);
	cf_p384_to_le72(pub->x, at + 4);
	cf_p384_to_le72(pub->y, at + 0x4C);
}

static void put_signature(
	uint8_t *at, const uint8_t secret[48], const uint8_t *p, size_t n)
{
	struct cf_p384_signature sig;

	assert_ok(cf_p384_sign(secret, CF_HASH_SHA384, p, n, &sig, &err));
	cf_p384_to_le72(sig.r, at);
	cf_p384_to_le72(sig.s, at + 72);
}

struct id {
	uint8_t block[96], auth[4096];
	uint8_t id_secret[48], author_secret[48];
};

static void make_id(struct world *w, struct id *id)
{
	struct cf_p384_public pub;
	uint8_t ld[CF_DIGEST_MAX];
	size_t len;

	memset(id, 0, sizeof(*id));
	assert_ok(w->g->ops->launch_digest(w->g, ld, &len, &err));
	memcpy(id->block, ld, 48);
	memset(id->block + 0x30, 0xFA, 16);
	memset(id->block + 0x40, 0x1A, 16);
	cf_store_le32(id->block + 0x50, 1);
	cf_store_le32(id->block + 0x54, 7);
	cf_store_le64(id->block + 0x58, POLICY);
	cf_store_le32(id->auth, 1);
	cf_store_le32(id->auth + 4, 1);
	assert_ok(cf_p384_generate(id->id_secret, &pub, &err));
	put_key(id->auth + 0x240, &pub);
	put_signature(id->auth + 0x40, id->id_secret, id->block, 96);
	assert_ok(cf_p384_generate(id->author_secret, &pub, &err));
	put_key(id->auth + 0x880, &pub);
	put_signature(
		id->auth + 0x680, id->author_secret, id->auth + 0x240, 0x404);
}

static uint32_t try_finish(struct world *w, const struct id *id, bool author)
{
	struct cf_sp_finish f = { .id_block_enabled = true,
		.author_key_enabled = author,
		.id_block = id->block,
		.id_auth = id->auth };

	if (!w->g->ops->launch_finish(w->g, &f, &err))
		return 0;
	assert_int_equal(err.status, COFFER_ERR_FIRMWARE);
	return err.fw_status;
}

static void test_id_block_is_checked_in_the_order_of_the_firmware(void **state)
{
	struct cf_sp_finish f = { .author_key_enabled = true };
	struct id good, bad;
	uint8_t out[4000], digest[48];
	const uint8_t *r;
	struct channel c;
	struct world w;

	open_world(&w, CF_SP_MILAN);
	launch(&w);
	make_id(&w, &good);
	bad = good; /* everything wrong: the digest is told first */
	bad.block[0] ^= 1;
	bad.block[0x58] ^= 1;
	assert_int_equal(try_finish(&w, &bad, true), CF_FW_BAD_MEASUREMENT);
	bad = good;
	bad.block[0x58] ^= 1;
	assert_int_equal(try_finish(&w, &bad, true), CF_FW_POLICY_FAILURE);
	bad = good;
	bad.block[0x40] ^= 1;
	assert_int_equal(try_finish(&w, &bad, true), CF_FW_BAD_SIGNATURE);
	bad = good;
	bad.auth[0x40] ^= 1;
	assert_int_equal(try_finish(&w, &bad, true), CF_FW_BAD_SIGNATURE);
	bad = good;
	bad.auth[0x680] ^= 1;
	assert_int_equal(try_finish(&w, &bad, true), CF_FW_BAD_SIGNATURE);
	bad = good;
	bad.auth[8] = 1;
	assert_int_equal(try_finish(&w, &bad, true), CF_FW_INVALID_PARAM);
	bad = good;
	bad.block[0x50] = 2;
	assert_int_equal(try_finish(&w, &bad, true), CF_FW_INVALID_PARAM);
	bad = good;
	bad.auth[0] = 2;
	assert_int_equal(try_finish(&w, &bad, true), CF_FW_INVALID_PARAM);
	assert_status(
		COFFER_ERR_FIRMWARE, w.g->ops->launch_finish(w.g, &f, &err));
	assert_int_equal(err.fw_status, CF_FW_INVALID_PARAM);

	assert_int_equal(try_finish(&w, &good, true), 0);
	assert_int_equal(
		try_finish(&w, &good, true), CF_FW_INVALID_GUEST_STATE);
	c = open_channel(&w, 0);
	r = get_report(&w, &c, 1, out);
	assert_int_equal(cf_load_le32(r + 4), 7);
	assert_memory_equal(r + 0x10, good.block + 0x30, 32);
	assert_ok(cf_sha384(good.auth + 0x240, 0x404, digest, &err));
	assert_memory_equal(r + 0xE0, digest, 48);
	assert_ok(cf_sha384(good.auth + 0x880, 0x404, digest, &err));
	assert_memory_equal(r + 0x110, digest, 48);
	assert_int_equal(r[0x48], 1);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_launch_gives_the_published_digests),
		cmocka_unit_test(
			test_launch_refuses_a_page_twice_and_bad_policies),
		cmocka_unit_test(test_reports_hold_the_launch_by_product),
		cmocka_unit_test(
			test_messages_replayed_reordered_or_damaged_are_refused),
		cmocka_unit_test(test_derived_keys_depend_on_what_is_selected),
		cmocka_unit_test(test_cpuid_page_is_corrected_and_refused),
		cmocka_unit_test(test_cpuid_and_tsc_messages_are_answered),
		cmocka_unit_test(
			test_a_guest_launched_without_the_vcek_gets_none),
		cmocka_unit_test(
			test_id_block_is_checked_in_the_order_of_the_firmware),
	};

	return cmocka_run_group_tests_name("sp_soft_snp", tests, NULL, NULL);
}
