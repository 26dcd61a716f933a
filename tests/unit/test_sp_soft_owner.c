/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest owner's toolkit against the software processor, with nothing but
 * bytes between them: chain, session, launch, measurement, secret; and the
 * same with a platform that cheats.
 */
#include "test.h"

#include "owner/secret.h"
#include "owner/session.h"
#include "owner/sev_chain.h"
#include "sp/soft/soft.h"
#include "sp_roots.h"

#define ASID   1
#define RAM    ((uint64_t)1 << 20)
#define POLICY 0x5u /* NODBG, ES */
#define SECRET 0x9000u

static struct coffer_error err;

struct host {
	struct cf_memory *mem;
	struct cf_sp_soft *sp;
	struct cf_sp_guest *g;
};

static void open_host(struct host *h)
{
	const struct cf_sp_soft_config config = { .product = CF_SP_MILAN,
		.seed = (const uint8_t *)"host",
		.seed_len = 4,
		.ops = SP_ROOTS_OPS };

	assert_ok(cf_memory_create(&h->mem, &err));
	assert_ok(cf_memory_add(h->mem, 0, RAM, CF_REGION_RAM, "ram", &err));
	assert_ok(cf_sp_soft_create(&config, &h->sp, &err));
	assert_ok(cf_sp_soft_guest_create(
		h->sp, h->mem, CF_PLATFORM_SEV_ES, ASID, 1, &h->g, &err));
}

static void close_host(struct host *h)
{
	cf_sp_guest_destroy(h->g);
	cf_sp_soft_destroy(h->sp);
	cf_memory_destroy(h->mem);
}

/* What the host exports, as one file. */
static void export_chain(struct host *h, struct cf_buf *out)
{
	struct cf_buf chain = { 0 };

	assert_ok(cf_sp_soft_sev_certs(h->sp, out, &chain, &err));
	cf_buf_append(out, chain.data, chain.len);
	assert_ok(cf_sp_soft_cek(h->sp, out, &err));
	assert_ok(cf_sp_soft_amd_chain(h->sp, out, &err));
	cf_buf_finish(&chain);
}

/* The owner's side of the start: nothing is trusted before the chain is. */
static void make_session(const struct cf_buf *file, struct cf_sev_session *s)
{
	static struct cf_sev_chain chain;
	struct cf_sev_chain_result result;

	chain = (struct cf_sev_chain) { 0 };
	assert_ok(cf_sev_chain_add(&chain, file->data, file->len, &err));
	cf_sev_chain_verify(&chain, false, &result);
	assert_false(cf_sev_chain_ok(&result)); /* it is simulated */
	cf_sev_chain_verify(&chain, true, &result);
	assert_true(result.simulated);
	assert_true(cf_sev_chain_ok(&result));
	assert_ok(cf_sev_session_create(&chain.pdh, POLICY, s, &err));
}

static void launch(struct host *h, const struct cf_sev_session *s,
	const uint8_t *text, size_t len, const uint8_t vmsa[4096],
	uint8_t measurement[48])
{
	const struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV_ES,
		.policy = POLICY,
		.dh_cert = s->dh_cert,
		.dh_cert_len = sizeof(s->dh_cert),
		.session = s->blob,
		.session_len = sizeof(s->blob) };
	const struct cf_sp_update u = {
		.gpa = 0x1000, .len = len, .type = CF_PAGE_NORMAL
	};

	assert_ok(h->g->ops->launch_start(h->g, &l, &err));
	assert_ok(cf_guest_write(h->mem, u.gpa, text, len, &err));
	assert_ok(h->g->ops->launch_update(h->g, &u, &err));
	assert_ok(h->g->ops->launch_update_vmsa(h->g, 0, 0, vmsa, &err));
	assert_ok(h->g->ops->launch_measure(h->g, measurement, &err));
}

/* The digest that the owner expects, of what he gave to be launched. */
static void expect(const uint8_t *text, size_t len, const uint8_t vmsa[4096],
	uint8_t digest[32])
{
	struct cf_hash *h;

	assert_ok(cf_hash_create(CF_HASH_SHA256, &h, &err));
	assert_ok(cf_hash_update(h, text, len, &err));
	assert_ok(cf_hash_update(h, vmsa, 4096, &err));
	assert_ok(cf_hash_peek(h, digest, &err));
	cf_hash_destroy(h);
}

static void test_owner_checks_launches_and_injects(void **state)
{
	uint8_t text[8192], vmsa[4096] = { 1 }, measurement[48], digest[32];
	uint8_t header[CF_SEV_PACKET_LEN], back[256];
	const char pass[] = "a passphrase";
	struct cf_secret_entry entry = { .data = (const uint8_t *)pass,
		.len = sizeof(pass) };
	struct cf_buf file = { 0 }, table = { 0 }, data = { 0 };
	struct cf_sev_session session;
	struct cf_sev_measure m = { .api_minor = 24,
		.build_id = 21,
		.policy = POLICY,
		.digest = digest };
	struct cf_secret_params params = { .keys = &session.keys,
		.measure = measurement };
	struct host h;

	memset(text, 0x90, sizeof(text));
	open_host(&h);
	export_chain(&h, &file);
	make_session(&file, &session);
	launch(&h, &session, text, sizeof(text), vmsa, measurement);
	expect(text, sizeof(text), vmsa, digest);
	assert_ok(cf_sev_measurement_check(
		session.keys.tik, &m, measurement, &err));

	assert_true(cf_guid_from_text(
		"736869e5-84f0-4973-92ec-06879ce3da0b", entry.guid));
	assert_ok(cf_secret_table(&entry, 1, &table, &err));
	assert_ok(cf_secret_packet(
		&params, table.data, table.len, header, &data, &err));
	assert_ok(h.g->ops->launch_secret(h.g, header, sizeof(header),
		data.data, data.len, SECRET, &err));
	assert_ok(h.g->ops->launch_finish(h.g, NULL, &err));
	assert_ok(cf_guest_read_private(
		h.mem, ASID, SECRET, back, table.len, &err));
	assert_memory_equal(back, table.data, table.len);
	assert_ok(cf_guest_read(h.mem, SECRET, back, table.len, &err));
	assert_memory_not_equal(back, table.data, table.len);
	cf_sev_session_wipe(&session);
	cf_buf_finish(&file);
	cf_buf_finish(&table);
	cf_buf_finish(&data);
	close_host(&h);
}

static void test_owner_notices_another_image(void **state)
{
	uint8_t text[4096] = { 7 }, vmsa[4096] = { 1 }, measurement[48];
	uint8_t digest[32];
	struct cf_buf file = { 0 };
	struct cf_sev_session session;
	struct cf_sev_measure m = { .api_minor = 24,
		.build_id = 21,
		.policy = POLICY,
		.digest = digest };
	struct host h;

	open_host(&h);
	export_chain(&h, &file);
	make_session(&file, &session);
	text[100] = 1; /* the host's own */
	launch(&h, &session, text, sizeof(text), vmsa, measurement);
	text[100] = 0;
	expect(text, sizeof(text), vmsa, digest);
	assert_status(COFFER_ERR_MISMATCH,
		cf_sev_measurement_check(
			session.keys.tik, &m, measurement, &err));
	cf_sev_session_wipe(&session);
	cf_buf_finish(&file);
	close_host(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owner_checks_launches_and_injects),
		cmocka_unit_test(test_owner_notices_another_image),
	};

	return cmocka_run_group_tests_name(
		"sp_soft_owner", tests, sp_roots_open, sp_roots_close);
}
