/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEV and SEV-ES on the software processor, with an owner who has only what
 * the platform exports: session, measurement, secret; ownership; migration
 * between two platforms.
 */
#include "test.h"

#include "crypto/sev_cert.h"
#include "crypto/sev_kdf.h"
#include "sp/soft/soft.h"
#include "sp_roots.h"

#define ASID   2
#define RAM    ((uint64_t)1 << 20)
#define ES     0x4u
#define NOSEND 0x8u
#define DOMAIN 0x10u
#define AREA   0x80000u /* where this test keeps what it passes */

static struct coffer_error err;

struct world {
	struct cf_memory *mem;
	struct cf_sp_soft *sp;
	struct cf_sp_guest *g;
};

static void open_world(struct world *w, const char *seed, bool es)
{
	const struct cf_sp_soft_config config = { .product = CF_SP_MILAN,
		.seed = (const uint8_t *)seed,
		.seed_len = strlen(seed),
		.ops = SP_ROOTS_OPS };

	*w = (struct world) { 0 };
	assert_ok(cf_memory_create(&w->mem, &err));
	assert_ok(cf_memory_add(w->mem, 0, RAM, CF_REGION_RAM, "ram", &err));
	assert_ok(cf_sp_soft_create(&config, &w->sp, &err));
	assert_ok(cf_sp_soft_guest_create(w->sp, w->mem,
		es ? CF_PLATFORM_SEV_ES : CF_PLATFORM_SEV, ASID, 2, &w->g,
		&err));
}

static void close_world(struct world *w)
{
	cf_sp_guest_destroy(w->g);
	cf_sp_soft_destroy(w->sp);
	cf_memory_destroy(w->mem);
}

static void put(struct world *w, uint64_t at, const void *p, size_t n)
{
	assert_ok(cf_guest_write(w->mem, at, p, n, &err));
}

static void get(struct world *w, uint64_t at, void *p, size_t n)
{
	assert_ok(cf_guest_read(w->mem, at, p, n, &err));
}

/* --- The guest owner --- */

struct owner {
	struct cf_sev_keys keys;
	uint8_t cert[CF_SEV_CERT_LEN], session[CF_SEV_SESSION_LEN];
};

static void make_session(
	struct owner *o, const uint8_t *pdh_cert, uint32_t policy)
{
	uint8_t secret[48], z[48], nonce[16] = { 1 }, iv[16] = { 2 };
	struct cf_p384_public pub;
	struct cf_sev_cert pdh;
	const struct cf_sev_cert_fields f = { .usage = CF_SEV_USAGE_PDH,
		.algo = CF_SEV_ALGO_ECDH_SHA256,
		.key = &pub };

	assert_ok(cf_sev_cert_parse(pdh_cert, CF_SEV_CERT_LEN, &pdh, &err));
	assert_ok(cf_p384_generate(secret, &pub, &err));
	cf_sev_cert_make(&f, o->cert);
	assert_ok(cf_p384_ecdh(secret, &pdh.key, z, &err));
	memset(&o->keys, 0x5A, sizeof(o->keys));
	assert_ok(cf_sev_session_wrap(
		z, &o->keys, nonce, iv, policy, o->session, &err));
}

/* Verify the exported chain up to the simulated ARK, as an owner would. */
static void check_chain(struct world *w, uint8_t pdh_out[CF_SEV_CERT_LEN])
{
	struct cf_buf pdh = { 0 }, chain = { 0 }, amd = { 0 }, cek = { 0 };
	struct cf_sev_cert d, p, o, c;
	struct cf_amd_cert ask, ark;

	assert_ok(cf_sp_soft_sev_certs(w->sp, &pdh, &chain, &err));
	assert_ok(cf_sp_soft_amd_chain(w->sp, &amd, &err));
	assert_ok(cf_sp_soft_cek(w->sp, &cek, &err));
	assert_ok(cf_sev_cert_parse(pdh.data, pdh.len, &d, &err));
	assert_ok(cf_sev_cert_parse(chain.data, CF_SEV_CERT_LEN, &p, &err));
	assert_ok(cf_sev_cert_parse(
		chain.data + CF_SEV_CERT_LEN, CF_SEV_CERT_LEN, &o, &err));
	assert_ok(cf_sev_cert_parse(cek.data, cek.len, &c, &err));
	assert_ok(cf_amd_cert_parse(amd.data, amd.len, &ask, &err));
	assert_ok(cf_amd_cert_parse(
		amd.data + ask.len, amd.len - ask.len, &ark, &err));
	assert_int_equal(ask.len + ark.len, amd.len);
	assert_ok(cf_sev_cert_verify(&d, &p, &err));
	assert_ok(cf_sev_cert_verify(&p, &o, &err));
	assert_ok(cf_sev_cert_verify(&p, &c, &err));
	assert_ok(cf_sev_cert_verify(&o, &o, &err));
	assert_ok(cf_sev_cert_verify_ask(&c, &ask, &err));
	assert_ok(cf_amd_cert_verify(&ask, &ark, &err));
	assert_ok(cf_amd_cert_verify(&ark, &ark, &err));
	assert_memory_equal(ark.key_id, "SIMULATED", 9);
	/* The CEK that the platform itself gives is the same key, unsigned. */
	assert_memory_equal(cek.data + 0x10,
		chain.data + 2 * CF_SEV_CERT_LEN + 0x10, 0x404);
	memcpy(pdh_out, pdh.data, CF_SEV_CERT_LEN);
	cf_buf_finish(&pdh);
	cf_buf_finish(&chain);
	cf_buf_finish(&amd);
	cf_buf_finish(&cek);
}

static void update(struct world *w, uint64_t gpa, size_t len)
{
	const struct cf_sp_update u = {
		.gpa = gpa, .len = len, .type = CF_PAGE_NORMAL
	};

	assert_ok(w->g->ops->launch_update(w->g, &u, &err));
}

static void start(struct world *w, uint32_t policy, const struct owner *o)
{
	struct cf_sp_launch l = {
		.platform = policy & ES ? CF_PLATFORM_SEV_ES : CF_PLATFORM_SEV,
		.policy = policy,
	};

	if (o) {
		l.dh_cert = o->cert;
		l.dh_cert_len = sizeof(o->cert);
		l.session = o->session;
		l.session_len = sizeof(o->session);
	}
	assert_ok(w->g->ops->launch_start(w->g, &l, &err));
}

static void test_owner_with_exported_certificates_injects_a_secret(void **state)
{
	uint8_t text[4096 + 32], vmsa[4096] = { 7 }, pdh[CF_SEV_CERT_LEN];
	uint8_t measure[48], want[32], digest[32], hdr[52] = { 0 };
	uint8_t secret[32] = "the owner's secret", sealed[32], back[32];
	const uint32_t policy = ES;
	struct owner o;
	struct world w;
	struct cf_sev_packet p = { .kind = CF_SEV_PACKET_SECRET,
		.iv = hdr + 4,
		.guest_len = 32,
		.data = sealed,
		.data_len = 32,
		.measure = measure };
	struct cf_sev_measure m = { .api_minor = 24,
		.build_id = 21,
		.policy = policy,
		.digest = digest,
		.mnonce = measure + 32 };
	struct cf_hash *h;

	memset(text, 0x61, sizeof(text));
	open_world(&w, "a", true);
	check_chain(&w, pdh);
	make_session(&o, pdh, policy);
	start(&w, policy, &o);
	put(&w, 0x1000, text, sizeof(text));
	update(&w, 0x1000, sizeof(text));
	assert_ok(w.g->ops->launch_update_vmsa(w.g, 0, 0, vmsa, &err));
	assert_ok(w.g->ops->launch_measure(w.g, measure, &err));

	/* The owner computes the digest and the measurement himself. */
	assert_ok(cf_hash_create(CF_HASH_SHA256, &h, &err));
	assert_ok(cf_hash_update(h, text, sizeof(text), &err));
	assert_ok(cf_hash_update(h, vmsa, sizeof(vmsa), &err));
	assert_ok(cf_hash_peek(h, digest, &err));
	cf_hash_destroy(h);
	assert_ok(cf_sev_launch_measure(o.keys.tik, &m, want, &err));
	assert_memory_equal(measure, want, 32);

	assert_ok(cf_aes128_ctr(o.keys.tek, hdr + 4, secret, sealed, 32, &err));
	assert_ok(cf_sev_packet_mac(o.keys.tik, &p, hdr + 0x14, &err));
	hdr[0x14] ^= 1;
	assert_status(COFFER_ERR_FIRMWARE,
		w.g->ops->launch_secret(
			w.g, hdr, sizeof(hdr), sealed, 32, 0x8000, &err));
	assert_int_equal(err.fw_status, CF_FW_BAD_MEASUREMENT);
	hdr[0x14] ^= 1;
	assert_ok(w.g->ops->launch_secret(
		w.g, hdr, sizeof(hdr), sealed, 32, 0x8000, &err));
	assert_ok(w.g->ops->launch_finish(w.g, NULL, &err));
	assert_ok(cf_guest_read_private(w.mem, ASID, 0x8000, back, 32, &err));
	assert_memory_equal(back, secret, 32);
	get(&w, 0x8000, back, 32);
	assert_memory_not_equal(back, secret, 32);
	close_world(&w);
}

static void test_a_changed_policy_or_session_is_refused(void **state)
{
	uint8_t pdh[CF_SEV_CERT_LEN];
	struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV, .policy = 1 };
	struct owner o;
	struct world w;

	open_world(&w, "a", false);
	check_chain(&w, pdh);
	make_session(&o, pdh, 0);
	l.dh_cert = o.cert;
	l.dh_cert_len = sizeof(o.cert);
	l.session = o.session;
	l.session_len = sizeof(o.session);
	assert_status(
		COFFER_ERR_FIRMWARE, w.g->ops->launch_start(w.g, &l, &err));
	assert_int_equal(err.fw_status, CF_FW_BAD_MEASUREMENT);
	l.policy = 0;
	o.session[0x10] ^= 1;
	assert_status(
		COFFER_ERR_FIRMWARE, w.g->ops->launch_start(w.g, &l, &err));
	assert_int_equal(err.fw_status, CF_FW_BAD_MEASUREMENT);
	o.session[0x10] ^= 1;
	assert_ok(w.g->ops->launch_start(w.g, &l, &err));
	close_world(&w);
}

static void test_attestation_is_signed_by_the_pek(void **state)
{
	uint8_t report[0xD0], mnonce[16] = { 9 }, text[16] = { 1 };
	struct cf_buf pdh = { 0 }, chain = { 0 };
	struct cf_p384_signature sig;
	struct cf_sev_cert pek;
	struct world w;
	size_t len = sizeof(report);

	open_world(&w, "a", false);
	start(&w, 0, NULL);
	put(&w, 0, text, sizeof(text));
	update(&w, 0, sizeof(text));
	assert_ok(w.g->ops->attestation(w.g, mnonce, report, &len, &err));
	assert_memory_equal(report, mnonce, 16);
	assert_ok(cf_sp_soft_sev_certs(w.sp, &pdh, &chain, &err));
	assert_ok(cf_sev_cert_parse(chain.data, CF_SEV_CERT_LEN, &pek, &err));
	assert_true(cf_p384_from_le72(report + 0x40, sig.r));
	assert_true(cf_p384_from_le72(report + 0x40 + 72, sig.s));
	assert_ok(cf_p384_verify(
		&pek.key, CF_HASH_SHA256, report, 0x34, &sig, &err));
	cf_buf_finish(&pdh);
	cf_buf_finish(&chain);
	close_world(&w);
}

static void test_debugging_follows_the_policy(void **state)
{
	uint8_t text[64], out[64];
	struct world w;

	memset(text, 0x42, sizeof(text));
	for (uint32_t nodbg = 0; nodbg < 2; nodbg++) {
		open_world(&w, "a", false);
		start(&w, nodbg, NULL);
		put(&w, 0x3000, text, sizeof(text));
		update(&w, 0x3000, sizeof(text));
		if (nodbg) {
			assert_status(COFFER_ERR_FIRMWARE,
				w.g->ops->dbg_decrypt(
					w.g, 0x3000, out, 64, &err));
			assert_int_equal(err.fw_status, CF_FW_POLICY_FAILURE);
		} else {
			assert_ok(w.g->ops->dbg_decrypt(
				w.g, 0x3000, out, 64, &err));
			assert_memory_equal(out, text, 64);
			text[5] = 1;
			assert_ok(w.g->ops->dbg_encrypt(
				w.g, 0x3000, text, 64, &err));
			assert_ok(cf_guest_read_private(
				w.mem, ASID, 0x3000, out, 64, &err));
			assert_memory_equal(out, text, 64);
		}
		close_world(&w);
	}
}

static uint32_t call(struct world *w, uint32_t id, uint8_t *buf, size_t len)
{
	return cf_sp_soft_call(w->sp, id, buf, len);
}

static void test_owner_takes_the_platform_with_its_own_ca(void **state)
{
	uint8_t csr[CF_SEV_CERT_LEN], oca[CF_SEV_CERT_LEN];
	uint8_t secret[48], buf[0x1C] = { 0 };
	struct cf_buf pdh = { 0 }, chain = { 0 };
	struct cf_p384_public pub;
	struct cf_sev_cert c, mine, exported;
	const struct cf_sev_cert_fields f = { .usage = CF_SEV_USAGE_OCA,
		.algo = CF_SEV_ALGO_ECDSA_SHA256,
		.key = &pub };
	struct world w;

	open_world(&w, "a", false);
	assert_int_equal(call(&w, 0x06, buf, 0x0C), CF_FW_INVALID_LENGTH);
	assert_int_equal(cf_load_le32(buf + 8), CF_SEV_CERT_LEN);
	cf_store_le64(buf, AREA);
	assert_int_equal(call(&w, 0x06, buf, 0x0C), 0);
	get(&w, AREA, csr, sizeof(csr));
	assert_ok(cf_sev_cert_parse(csr, sizeof(csr), &c, &err));
	assert_int_equal(c.usage, CF_SEV_USAGE_PEK);
	assert_int_equal(c.sig_usage[0], CF_SEV_USAGE_NONE);

	assert_ok(cf_p384_generate(secret, &pub, &err));
	cf_sev_cert_make(&f, oca);
	assert_ok(cf_sev_cert_sign(oca, 0, CF_SEV_USAGE_OCA, secret, &err));
	assert_ok(cf_sev_cert_sign(csr, 1, CF_SEV_USAGE_OCA, secret, &err));
	put(&w, AREA + 0x1000, oca, sizeof(oca));
	memset(buf, 0, sizeof(buf));
	cf_store_le64(buf, AREA);
	cf_store_le32(buf + 8, CF_SEV_CERT_LEN);
	cf_store_le64(buf + 0x10, AREA + 0x1000);
	cf_store_le32(buf + 0x18, CF_SEV_CERT_LEN);
	csr[0x20] ^= 1; /* another key */
	put(&w, AREA, csr, sizeof(csr));
	assert_int_equal(call(&w, 0x07, buf, 0x1C), CF_FW_INVALID_CERTIFICATE);
	csr[0x20] ^= 1;
	csr[0x630] ^= 1; /* another signature */
	put(&w, AREA, csr, sizeof(csr));
	assert_int_equal(call(&w, 0x07, buf, 0x1C), CF_FW_BAD_SIGNATURE);
	csr[0x630] ^= 1;
	put(&w, AREA, csr, sizeof(csr));
	assert_int_equal(call(&w, 0x07, buf, 0x1C), 0);
	assert_int_equal(call(&w, 0x07, buf, 0x1C), CF_FW_ALREADY_OWNED);

	assert_ok(cf_sp_soft_sev_certs(w.sp, &pdh, &chain, &err));
	assert_ok(cf_sev_cert_parse(
		chain.data, CF_SEV_CERT_LEN, &exported, &err));
	assert_ok(cf_sev_cert_parse(oca, sizeof(oca), &mine, &err));
	assert_ok(cf_sev_cert_verify(&exported, &mine, &err));
	assert_ok(cf_sev_cert_parse(
		chain.data + 2 * CF_SEV_CERT_LEN, CF_SEV_CERT_LEN, &c, &err));
	assert_ok(cf_sev_cert_verify(&exported, &c, &err));
	memset(buf, 0, sizeof(buf));
	assert_int_equal(call(&w, 0x04, buf, 0x0C), 0);
	assert_int_equal(buf[3] & 1, 1);
	cf_buf_finish(&pdh);
	cf_buf_finish(&chain);
	close_world(&w);
}

/* --- Migration --- */

#define T_PDH     (AREA + 0x0000)
#define T_CHAIN   (AREA + 0x1000)
#define T_AMD     (AREA + 0x4000)
#define T_SESSION (AREA + 0x6000)
#define T_HDR     (AREA + 0x7000)
#define T_TRANS   (AREA + 0x8000)

static uint32_t handle_of(struct world *w)
{
	/* The first guest of a fresh platform. */
	return 1;
}

/* What the target's host sends to the source's: the chain with the key
 * server's CEK. */
static void pass_chain(struct world *from, struct world *to)
{
	struct cf_buf pdh = { 0 }, chain = { 0 }, amd = { 0 }, cek = { 0 };

	assert_ok(cf_sp_soft_sev_certs(from->sp, &pdh, &chain, &err));
	assert_ok(cf_sp_soft_amd_chain(from->sp, &amd, &err));
	assert_ok(cf_sp_soft_cek(from->sp, &cek, &err));
	memcpy(chain.data + 2 * CF_SEV_CERT_LEN, cek.data, CF_SEV_CERT_LEN);
	put(to, T_PDH, pdh.data, pdh.len);
	put(to, T_CHAIN, chain.data, chain.len);
	put(to, T_AMD, amd.data, amd.len);
	cf_buf_finish(&pdh);
	cf_buf_finish(&chain);
	cf_buf_finish(&amd);
	cf_buf_finish(&cek);
}

static uint32_t send_start(struct world *w)
{
	uint8_t buf[0x44] = { 0 };
	uint32_t fw;

	cf_store_le32(buf, handle_of(w));
	cf_store_le64(buf + 8, T_PDH);
	cf_store_le32(buf + 0x10, CF_SEV_CERT_LEN);
	cf_store_le64(buf + 0x18, T_CHAIN);
	cf_store_le32(buf + 0x20, CF_SEV_CHAIN_LEN);
	cf_store_le64(buf + 0x28, T_AMD);
	cf_store_le32(buf + 0x30, 2 * 0x640);
	cf_store_le64(buf + 0x38, T_SESSION);
	cf_store_le32(buf + 0x40, CF_SEV_SESSION_LEN);
	fw = call(w, 0x40, buf, sizeof(buf));
	return fw;
}

static uint32_t packet(struct world *w, uint32_t id, uint32_t handle,
	uint64_t gpa, uint32_t len)
{
	uint8_t buf[0x34] = { 0 };

	cf_store_le32(buf, handle);
	cf_store_le64(buf + 8, T_HDR);
	cf_store_le32(buf + 0x10, CF_SEV_PACKET_LEN);
	cf_store_le64(buf + 0x18, gpa);
	cf_store_le32(buf + 0x20, len);
	cf_store_le64(buf + 0x28, T_TRANS);
	cf_store_le32(buf + 0x30, len);
	return call(w, id, buf, sizeof(buf));
}

static void carry(struct world *from, struct world *to, uint64_t at, size_t n)
{
	uint8_t bytes[4096];

	get(from, at, bytes, n);
	put(to, at, bytes, n);
}

static void carry_packet(struct world *from, struct world *to, size_t n)
{
	carry(from, to, T_HDR, CF_SEV_PACKET_LEN);
	carry(from, to, T_TRANS, n);
}

/* RECEIVE_START with what the source left; the guest's handle or 0. */
static uint32_t receive_start(
	struct world *from, struct world *to, uint32_t policy, uint32_t *handle)
{
	struct cf_buf pdh = { 0 }, chain = { 0 };
	uint8_t buf[0x24] = { 0 };
	uint32_t fw;

	assert_ok(cf_sp_soft_sev_certs(from->sp, &pdh, &chain, &err));
	put(to, T_PDH, pdh.data, pdh.len);
	carry(from, to, T_SESSION, CF_SEV_SESSION_LEN);
	cf_store_le32(buf + 4, policy);
	cf_store_le64(buf + 8, T_PDH);
	cf_store_le32(buf + 0x10, CF_SEV_CERT_LEN);
	cf_store_le64(buf + 0x18, T_SESSION);
	cf_store_le32(buf + 0x20, CF_SEV_SESSION_LEN);
	fw = call(to, 0x50, buf, sizeof(buf));
	*handle = fw ? 0 : cf_load_le32(buf);
	cf_buf_finish(&pdh);
	cf_buf_finish(&chain);
	return fw;
}

static void activate(struct world *w, uint32_t handle)
{
	uint8_t buf[8];

	cf_store_le32(buf, handle);
	cf_store_le32(buf + 4, ASID);
	assert_int_equal(call(w, 0x21, buf, sizeof(buf)), 0);
}

static void run_guest(struct world *w, uint32_t policy)
{
	uint8_t measure[48], page[4096];

	memset(page, 0x77, sizeof(page));
	start(w, policy, NULL);
	put(w, 0x1000, page, sizeof(page));
	update(w, 0x1000, sizeof(page));
	if (policy & ES) {
		memset(page, 0x99, sizeof(page));
		assert_ok(
			w->g->ops->launch_update_vmsa(w->g, 0, 0, page, &err));
	}
	assert_ok(w->g->ops->launch_measure(w->g, measure, &err));
	assert_ok(w->g->ops->launch_finish(w->g, NULL, &err));
}

static uint32_t simple(struct world *w, uint32_t id, uint32_t handle)
{
	uint8_t buf[4];

	cf_store_le32(buf, handle);
	return call(w, id, buf, sizeof(buf));
}

static void migrate(uint32_t policy)
{
	uint8_t page[4096];
	struct world a, b;
	uint32_t handle;
	uint64_t vmsa;

	open_world(&a, "source", policy & ES);
	open_world(&b, "target", policy & ES);
	run_guest(&a, policy);
	pass_chain(&b, &a);
	assert_int_equal(send_start(&a), 0);
	assert_int_equal(receive_start(&a, &b, policy, &handle), 0);
	activate(&b, handle);

	assert_int_equal(packet(&a, 0x41, handle_of(&a), 0x1000, 4096), 0);
	carry_packet(&a, &b, 4096);
	/* Every damaged part of it is refused. */
	for (size_t i = 0; i < CF_SEV_PACKET_LEN; i += 3) {
		uint8_t hdr[CF_SEV_PACKET_LEN];

		get(&b, T_HDR, hdr, sizeof(hdr));
		hdr[i] ^= 1;
		put(&b, T_HDR, hdr, sizeof(hdr));
		assert_int_equal(packet(&b, 0x51, handle, 0x1000, 4096),
			CF_FW_BAD_MEASUREMENT);
		hdr[i] ^= 1;
		put(&b, T_HDR, hdr, sizeof(hdr));
	}
	assert_int_equal(
		packet(&b, 0x51, handle, 0x1000, 2048), CF_FW_BAD_MEASUREMENT);
	assert_int_equal(packet(&b, 0x51, handle, 0x1000, 4096), 0);

	if (policy & ES) {
		assert_true(cf_sp_soft_vmsa(a.g, 0, &vmsa));
		/* Data is no VMSA. */
		assert_int_equal(packet(&b, 0x52, handle, 0x3000, 4096),
			CF_FW_BAD_MEASUREMENT);
		assert_int_equal(
			packet(&a, 0x42, handle_of(&a), vmsa, 4096), 0);
		carry_packet(&a, &b, 4096);
		assert_int_equal(packet(&b, 0x51, handle, 0x3000, 4096),
			CF_FW_BAD_MEASUREMENT);
		assert_int_equal(packet(&b, 0x52, handle, 0x3000, 4096), 0);
		assert_ok(cf_guest_read_private(
			b.mem, ASID, 0x3000, page, sizeof(page), &err));
		assert_int_equal(page[100], 0x99);
	}
	assert_int_equal(simple(&a, 0x43, handle_of(&a)), 0);
	assert_int_equal(simple(&b, 0x53, handle), 0);
	assert_ok(cf_guest_read_private(
		b.mem, ASID, 0x1000, page, sizeof(page), &err));
	assert_int_equal(page[0], 0x77);
	assert_int_equal(page[4095], 0x77);
	/* The source's guest is gone for good. */
	assert_int_equal(packet(&a, 0x41, handle_of(&a), 0x1000, 4096),
		CF_FW_INVALID_GUEST_STATE);
	assert_int_equal(send_start(&a), CF_FW_INVALID_GUEST_STATE);
	close_world(&a);
	close_world(&b);
}

static void test_sev_guest_migrates_between_platforms(void **state)
{
	migrate(0);
}

static void test_sev_es_guest_migrates_with_its_vmsa(void **state)
{
	migrate(ES);
}

static void test_replays_into_another_session_are_refused(void **state)
{
	struct world a, b;
	uint32_t first, second;

	open_world(&a, "source", false);
	open_world(&b, "target", false);
	run_guest(&a, 0);
	pass_chain(&b, &a);
	assert_int_equal(send_start(&a), 0);
	assert_int_equal(receive_start(&a, &b, 0, &first), 0);
	activate(&b, first);
	assert_int_equal(packet(&a, 0x41, handle_of(&a), 0x1000, 4096), 0);
	carry_packet(&a, &b, 4096);
	assert_int_equal(packet(&b, 0x51, first, 0x1000, 4096), 0);
	/* Cancelled and started anew: the old packet is worth nothing. */
	assert_int_equal(simple(&a, 0x44, handle_of(&a)), 0);
	pass_chain(&b, &a);
	assert_int_equal(send_start(&a), 0);
	assert_int_equal(simple(&b, 0x22, first), 0);
	cf_sp_soft_wbinvd(b.sp);
	assert_int_equal(call(&b, 0x0A, NULL, 0), 0);
	assert_int_equal(receive_start(&a, &b, 0, &second), 0);
	activate(&b, second);
	assert_int_equal(
		packet(&b, 0x51, second, 0x1000, 4096), CF_FW_BAD_MEASUREMENT);
	/* After a new PDH the old session is worth nothing either. */
	assert_int_equal(call(&b, 0x09, NULL, 0), 0);
	assert_int_equal(
		receive_start(&a, &b, 0, &second), CF_FW_BAD_MEASUREMENT);
	close_world(&a);
	close_world(&b);
}

static void test_migration_follows_the_policy(void **state)
{
	struct world a, b;
	uint32_t handle;

	open_world(&a, "source", false);
	open_world(&b, "target", false);
	run_guest(&a, NOSEND);
	pass_chain(&b, &a);
	assert_int_equal(send_start(&a), CF_FW_POLICY_FAILURE);
	close_world(&a);

	open_world(&a, "source", false);
	run_guest(&a, DOMAIN);
	pass_chain(&b, &a);
	assert_int_equal(send_start(&a), CF_FW_POLICY_FAILURE);
	pass_chain(&a, &a); /* its own domain */
	assert_int_equal(send_start(&a), 0);
	close_world(&a);

	/* The host lies about the policy. */
	open_world(&a, "source", false);
	run_guest(&a, 0);
	pass_chain(&b, &a);
	assert_int_equal(send_start(&a), 0);
	assert_int_equal(
		receive_start(&a, &b, 1, &handle), CF_FW_BAD_MEASUREMENT);
	assert_int_equal(receive_start(&a, &b, 25u << 24, &handle),
		CF_FW_POLICY_FAILURE);
	close_world(&a);
	close_world(&b);
}

static void test_a_wrong_chain_is_refused(void **state)
{
	static const uint64_t at[] = { T_PDH + 0x20, T_CHAIN + 0x20,
		T_CHAIN + CF_SEV_CERT_LEN + 0x20,
		T_CHAIN + 2 * CF_SEV_CERT_LEN + 0x20,
		T_CHAIN + 2 * CF_SEV_CERT_LEN + 0x41C, T_AMD + 0x300,
		T_AMD + 0x640 + 0x300 };
	struct world a, b;
	uint8_t byte;

	open_world(&a, "source", false);
	open_world(&b, "target", false);
	run_guest(&a, 0);
	for (size_t i = 0; i < CF_ARRAY_LEN(at); i++) {
		pass_chain(&b, &a);
		get(&a, at[i], &byte, 1);
		byte ^= 1;
		put(&a, at[i], &byte, 1);
		assert_int_equal(send_start(&a), CF_FW_INVALID_CERTIFICATE);
	}
	/* The CEK as the platform itself exports it is not signed. */
	pass_chain(&b, &a);
	byte = 0;
	put(&a, T_CHAIN + 2 * CF_SEV_CERT_LEN + 0x414, &byte, 1);
	assert_int_equal(send_start(&a), CF_FW_INVALID_CERTIFICATE);
	pass_chain(&b, &a);
	assert_int_equal(send_start(&a), 0);
	close_world(&a);
	close_world(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_owner_with_exported_certificates_injects_a_secret),
		cmocka_unit_test(test_a_changed_policy_or_session_is_refused),
		cmocka_unit_test(test_attestation_is_signed_by_the_pek),
		cmocka_unit_test(test_debugging_follows_the_policy),
		cmocka_unit_test(test_owner_takes_the_platform_with_its_own_ca),
		cmocka_unit_test(test_sev_guest_migrates_between_platforms),
		cmocka_unit_test(test_sev_es_guest_migrates_with_its_vmsa),
		cmocka_unit_test(test_replays_into_another_session_are_refused),
		cmocka_unit_test(test_migration_follows_the_policy),
		cmocka_unit_test(test_a_wrong_chain_is_refused),
	};

	return cmocka_run_group_tests_name(
		"sp_soft_sev", tests, sp_roots_open, sp_roots_close);
}
