/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Migration of SEV and SEV-ES guests between two platforms: memory, VMSA, and
 * what must be refused: damaged, replayed and misdirected packets, policies
 * that forbid it, hosts that lie, chains that do not hold.
 */
#include "sp_sev_world.h"

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
		cmocka_unit_test(test_sev_guest_migrates_between_platforms),
		cmocka_unit_test(test_sev_es_guest_migrates_with_its_vmsa),
		cmocka_unit_test(test_replays_into_another_session_are_refused),
		cmocka_unit_test(test_migration_follows_the_policy),
		cmocka_unit_test(test_a_wrong_chain_is_refused),
	};

	return cmocka_run_group_tests_name(
		"sp_soft_migrate", tests, sp_roots_open, sp_roots_close);
}
