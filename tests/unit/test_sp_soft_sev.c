/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEV and SEV-ES on the software processor, with an owner who has only what
 * the platform exports: session, measurement, secret, attestation; debugging;
 * taking the platform into ownership.
 */
#include "sp_sev_world.h"

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

static uint32_t init_ex(struct world *w)
{
	uint8_t buf[0x24] = { 0 };

	cf_store_le32(buf, sizeof(buf));
	cf_store_le64(buf + 0x18, AREA);
	cf_store_le32(buf + 0x20, 0x8000);
	return call(w, 0x0D, buf, sizeof(buf));
}

static void pek_key(struct world *w, uint8_t key[64])
{
	struct cf_buf pdh = { 0 }, chain = { 0 };

	assert_ok(cf_sp_soft_sev_certs(w->sp, &pdh, &chain, &err));
	memcpy(key, chain.data + 0x14, 64);
	cf_buf_finish(&pdh);
	cf_buf_finish(&chain);
}

static void test_init_ex_keeps_the_identity_in_the_hosts_buffer(void **state)
{
	uint8_t first[64], again[64], byte;
	struct world w;

	open_world(&w, "a", false);
	assert_int_equal(call(&w, 0x02, NULL, 0), 0);
	/* Erased flash. */
	byte = 0xFF;
	for (uint64_t i = 0; i < 8; i++)
		put(&w, AREA + i, &byte, 1);
	assert_int_equal(init_ex(&w), 0);
	pek_key(&w, first);
	assert_int_equal(call(&w, 0x02, NULL, 0), 0);
	assert_int_equal(init_ex(&w), 0);
	pek_key(&w, again);
	assert_memory_equal(first, again, sizeof(first));
	/* PEK_GEN is written there too. */
	assert_int_equal(call(&w, 0x05, NULL, 0), 0);
	pek_key(&w, first);
	assert_memory_not_equal(first, again, sizeof(first));
	assert_int_equal(call(&w, 0x02, NULL, 0), 0);
	assert_int_equal(init_ex(&w), 0);
	pek_key(&w, again);
	assert_memory_equal(first, again, sizeof(first));
	/* What the host changed is refused once, then replaced. */
	assert_int_equal(call(&w, 0x02, NULL, 0), 0);
	get(&w, AREA + 500, &byte, 1);
	byte ^= 1;
	put(&w, AREA + 500, &byte, 1);
	assert_int_equal(init_ex(&w), CF_FW_SECURE_DATA_INVALID);
	assert_int_equal(init_ex(&w), 0);
	pek_key(&w, again);
	assert_memory_not_equal(first, again, sizeof(first));
	close_world(&w);
}

static void test_keys_are_shared_where_both_policies_allow(void **state)
{
	uint8_t buf[0x24] = { 0 }, text[32] = { 3 }, back[32];
	struct world w;

	open_world(&w, "a", false);
	start(&w, 0, NULL);
	cf_store_le32(buf, 1);
	cf_store_le32(buf + 4, 1); /* another policy */
	assert_int_equal(
		call(&w, 0x30, buf, sizeof(buf)), CF_FW_POLICY_FAILURE);
	cf_store_le32(buf + 4, 0);
	cf_store_le32(buf, 99);
	assert_int_equal(call(&w, 0x30, buf, sizeof(buf)), CF_FW_INVALID_GUEST);
	cf_store_le32(buf, 1);
	assert_int_equal(call(&w, 0x30, buf, sizeof(buf)), 0);
	assert_int_equal(cf_load_le32(buf), 2);
	cf_store_le32(buf + 4, ASID);
	assert_int_equal(call(&w, 0x21, buf, 8), CF_FW_ASID_OWNED);
	cf_store_le32(buf + 4, ASID + 1);
	assert_int_equal(call(&w, 0x21, buf, 8), 0);
	/* What one has written the other can read. */
	assert_ok(cf_guest_write_private(
		w.mem, ASID, 0x4000, text, sizeof(text), &err));
	assert_ok(cf_guest_read_private(
		w.mem, ASID + 1, 0x4000, back, sizeof(back), &err));
	assert_memory_equal(text, back, sizeof(text));
	close_world(&w);
	/* NOKS. */
	open_world(&w, "a", false);
	start(&w, 2, NULL);
	cf_store_le32(buf, 1);
	cf_store_le32(buf + 4, 2);
	assert_int_equal(
		call(&w, 0x30, buf, sizeof(buf)), CF_FW_POLICY_FAILURE);
	close_world(&w);
}

static void test_an_asid_is_flushed_before_it_is_used_again(void **state)
{
	uint8_t buf[0x24] = { 0 };
	struct world w;

	open_world(&w, "a", false);
	start(&w, 0, NULL);
	cf_store_le32(buf, 1);
	assert_int_equal(call(&w, 0x20, buf, 4), CF_FW_ACTIVE);
	assert_int_equal(call(&w, 0x22, buf, 4), 0);
	cf_store_le32(buf + 4, ASID);
	assert_int_equal(call(&w, 0x21, buf, 8), CF_FW_DFFLUSH_REQUIRED);
	assert_int_equal(call(&w, 0x0A, NULL, 0), CF_FW_WBINVD_REQUIRED);
	cf_sp_soft_wbinvd(w.sp);
	assert_int_equal(call(&w, 0x21, buf, 8), CF_FW_DFFLUSH_REQUIRED);
	assert_int_equal(call(&w, 0x0A, NULL, 0), 0);
	cf_store_le32(buf + 4, 0);
	assert_int_equal(call(&w, 0x21, buf, 8), CF_FW_INVALID_ASID);
	cf_store_le32(buf + 4, CF_MEMORY_MAX_ASID + 1);
	assert_int_equal(call(&w, 0x21, buf, 8), CF_FW_INVALID_ASID);
	cf_store_le32(buf + 4, ASID);
	assert_int_equal(call(&w, 0x21, buf, 8), 0);
	assert_int_equal(call(&w, 0x21, buf, 8), CF_FW_ACTIVE);
	close_world(&w);
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
		cmocka_unit_test(
			test_init_ex_keeps_the_identity_in_the_hosts_buffer),
		cmocka_unit_test(
			test_keys_are_shared_where_both_policies_allow),
		cmocka_unit_test(
			test_an_asid_is_flushed_before_it_is_used_again),
	};

	return cmocka_run_group_tests_name(
		"sp_soft_sev", tests, sp_roots_open, sp_roots_close);
}
