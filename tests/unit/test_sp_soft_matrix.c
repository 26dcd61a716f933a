/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every command in every platform state and guest state: the status is the
 * one of the table below, which was written from the specifications and not
 * from the model's own table.  A command's ROW says where it is legal and
 * what the call that `fill` makes gives there.
 */
#include "test.h"

#include "sp/soft/commands_priv.h"
#include "sp_matrix.h"

#define SP_MEM_PAGES 0x600
#include "sp_mem.h"
#include "sp_roots.h"

static struct coffer_error err;
static struct sp_mem mem;

/* --- Bringing a platform into a state --- */

static struct cf_sp_soft *power_on(void)
{
	static const struct cf_sp_firmware_version newer = {
		.sev_api = { 0, 24 },
		.snp_api = { 1, 56 },
		.build = 3,
		.snp_spl = 25,
	};
	struct cf_sp_soft_config config = { .product = CF_SP_MILAN,
		.seed = (const uint8_t *)"matrix",
		.seed_len = 6,
		.ops = SP_ROOTS_OPS };
	struct cf_sp_soft_memory bound;
	struct cf_sp_soft *sp;

	memset(&mem, 0, sizeof(mem));
	assert_ok(cf_sp_soft_create(&config, &sp, &err));
	sp_mem_bind(&mem, &bound);
	cf_sp_soft_set_memory(sp, &bound);
	assert_ok(cf_sp_soft_firmware_image(sp, &newer, mem.raw + IMAGE, &err));
	return sp;
}

static void must(struct cf_sp_soft *sp, uint32_t id, uint8_t *b, size_t n)
{
	uint32_t fw = cf_sp_soft_call(sp, id, b, n);

	if (fw)
		fail_msg("command 0x%02x: status 0x%02x on the way", id, fw);
}

/* The platform's own chain, with the key server's CEK: it may send to
 * itself. */
static void put_chain(struct cf_sp_soft *sp)
{
	struct cf_buf pdh = { 0 }, chain = { 0 }, amd = { 0 }, cek = { 0 };

	assert_ok(cf_sp_soft_sev_certs(sp, &pdh, &chain, &err));
	assert_ok(cf_sp_soft_amd_chain(sp, &amd, &err));
	assert_ok(cf_sp_soft_cek(sp, &cek, &err));
	memcpy(mem.raw + PDH, pdh.data, pdh.len);
	memcpy(mem.raw + CHAIN, chain.data, chain.len);
	memcpy(mem.raw + CHAIN + 2 * CF_SEV_CERT_LEN, cek.data, cek.len);
	memcpy(mem.raw + AMD, amd.data, amd.len);
	cf_buf_finish(&pdh);
	cf_buf_finish(&chain);
	cf_buf_finish(&amd);
	cf_buf_finish(&cek);
}

/* A guest in RUPDATE: the platform receives from itself. */
static uint32_t start_receiving(struct cf_sp_soft *sp, uint32_t policy_bits)
{
	uint8_t b[0x44] = { 0 };

	memcpy(mem.raw + CERT2, sp->keys.pdh_cert, CF_SEV_CERT_LEN);
	d(b, 4, policy_bits);
	q(b, 8, CERT2);
	d(b, 0x10, CF_SEV_CERT_LEN);
	q(b, 0x18, SESSION);
	d(b, 0x20, 0x80);
	must(sp, 0x50, b, 0x24);
	return cf_load_le32(b);
}

/* state: one of the letters, 'u', 'i', or 'w' for a guest that is none. */
static struct cf_sp_soft *sev_world(
	char platform, char guest, bool active, uint32_t *handle)
{
	struct cf_sp_soft *sp = power_on();
	uint8_t b[0x44] = { 0 };

	*handle = 99;
	if (platform == 'u')
		return sp;
	init(b);
	must(sp, 0x01, b, 0x14);
	put_chain(sp);
	if (platform == 'i')
		return sp;
	memset(b, 0, sizeof(b));
	d(b, 4, SEV_POLICY_ES);
	must(sp, 0x30, b, 0x24);
	*handle = cf_load_le32(b);
	if (guest == 'w') {
		*handle = 99;
		return sp;
	}
	if (guest != 'L') {
		memset(b, 0, sizeof(b));
		d(b, 0, *handle);
		measure(b);
		must(sp, 0x33, b, 0x14);
	}
	if (guest != 'L' && guest != 'S')
		must(sp, 0x35, b, 4);
	if (strchr("srx", guest)) {
		memset(b, 0, sizeof(b));
		d(b, 0, *handle);
		send_start(b);
		must(sp, 0x40, b, 0x44);
	}
	if (guest == 'x')
		must(sp, 0x43, b, 4);
	if (guest == 'r')
		*handle = start_receiving(sp, SEV_POLICY_ES);
	if (active) {
		memset(b, 0, sizeof(b));
		d(b, 0, *handle);
		d(b, 4, 1);
		must(sp, 0x21, b, 8);
	}
	return sp;
}

static void set_rmp(uint64_t spa, struct cf_rmp_entry e)
{
	mem.rmp[spa / CF_PAGE_SIZE] = e;
}

static void freeze_smalls(void)
{
	struct cf_rmp_entry e = { .assigned = true,
		.immutable = true,
		.validated = true,
		.asid = 1 };

	for (e.gpa = SMALLS; e.gpa < SMALLS + CF_RMP_LARGE;
		e.gpa += CF_PAGE_SIZE)
		set_rmp(e.gpa, e);
}

static struct cf_sp_soft *snp_world(char platform, char guest, bool active)
{
	struct cf_sp_soft *sp = power_on();
	uint8_t b[0x40] = { 0 };
	struct cf_rmp_entry e = { .assigned = true, .immutable = true };

	if (platform == 'u')
		return sp;
	must(sp, 0x81, NULL, 0);
	set_rmp(OUT, e);
	set_rmp(GCTX, e);
	freeze_smalls();
	if (guest == 'i')
		return sp; /* a Firmware page, no context */
	q(b, 0, GCTX);
	must(sp, 0x93, b, 8);
	e.asid = 1;
	e.gpa = FRESH;
	set_rmp(FRESH, e);
	e.gpa = FROZEN;
	set_rmp(MOVE_TO, e);
	e.validated = true;
	e.gpa = FROZEN;
	set_rmp(FROZEN, e);
	e.gpa = VALID;
	e.immutable = false;
	set_rmp(VALID, e);
	if (guest == 'I')
		return sp;
	q(b, 8, 0xB0000);
	must(sp, 0xA0, b, 0x30);
	memset(b + 8, 0, sizeof(b) - 8);
	if (guest == 'R')
		must(sp, 0xA2, b, 0x40);
	memset(b + 8, 0, sizeof(b) - 8);
	d(b, 8, 1);
	if (active)
		must(sp, 0x91, b, 0xC);
	return sp;
}

/* --- The matrix --- */

struct scene {
	bool is_snp;
	char platform, guest; /* guest: its state, or 0 for none */
	bool active;
};

static uint32_t expected(const struct row *r, const struct scene *s)
{
	if (!strchr(r->platform, s->platform))
		return CF_FW_INVALID_PLATFORM_STATE;
	if (!r->guest)
		return r->legal;
	if (!s->guest)
		return CF_FW_INVALID_GUEST;
	if (!strchr(r->guest, s->guest))
		return CF_FW_INVALID_GUEST_STATE;
	if (!s->active)
		return r->active ? CF_FW_INACTIVE : r->inactive;
	return r->legal;
}

static size_t cells;

/* Each command on the same platform: what it did is undone by restoring the
 * firmware's memory and the machine's. */
static void run_rows(struct cf_sp_soft *sp, const struct scene *s,
	uint32_t handle, const struct row *rows, size_t n)
{
	static struct sp_mem saved_mem;
	static struct cf_sp_soft saved;

	memcpy(&saved, sp, sizeof(saved));
	sp_mem_clean(&mem);
	memcpy(&saved_mem, &mem, sizeof(mem));
	for (size_t i = 0; i < n; i++) {
		const struct row *r = &rows[i];
		uint8_t b[0x80] = { 0 };
		uint32_t fw, want = expected(r, s);

		for (size_t g = 0; g < MAX_GUESTS; g++)
			if (saved.sev[g].digest)
				assert_ok(cf_hash_clone(saved.sev[g].digest,
					&sp->sev[g].digest, &err));
		r->fill(b);
		if (r->guest && s->is_snp)
			q(b, r->guest_at, GCTX);
		else if (r->guest)
			d(b, r->guest_at, handle);
		fw = cf_sp_soft_call(sp, r->id, b, r->size);
		if (fw != want)
			fail_msg("%s, platform %c, guest %c%s: status %s, want "
				 "%s",
				r->name, s->platform, s->guest ? s->guest : '-',
				s->active ? " active" : "",
				cf_fw_status_name(fw), cf_fw_status_name(want));
		/* One byte more or less is never taken. */
		assert_int_equal(cf_sp_soft_call(sp, r->id, b, r->size + 1),
			CF_FW_INVALID_LENGTH);
		for (size_t g = 0; g < MAX_GUESTS; g++)
			cf_hash_destroy(sp->sev[g].digest);
		memcpy(sp, &saved, sizeof(saved));
		sp_mem_restore(&mem, &saved_mem);
		cells++;
	}
	cf_sp_soft_destroy(sp);
}

static void test_every_sev_command_in_every_state(void **state)
{
	static const struct scene scenes[] = {
		{ false, 'u', 0, false },
		{ false, 'i', 0, false },
		{ false, 'w', 0, false },
		{ false, 'w', 'L', true },
		{ false, 'w', 'L', false },
		{ false, 'w', 'S', true },
		{ false, 'w', 'S', false },
		{ false, 'w', 'R', true },
		{ false, 'w', 'R', false },
		{ false, 'w', 's', true },
		{ false, 'w', 's', false },
		{ false, 'w', 'r', true },
		{ false, 'w', 'r', false },
		{ false, 'w', 'x', true },
		{ false, 'w', 'x', false },
	};

	cells = 0;
	for (size_t i = 0; i < CF_ARRAY_LEN(scenes); i++) {
		const struct scene *s = &scenes[i];
		uint32_t handle;
		struct cf_sp_soft *sp = sev_world(s->platform,
			s->guest ? s->guest : 'w', s->active, &handle);

		run_rows(sp, s, handle, sev, CF_ARRAY_LEN(sev));
	}
	assert_int_equal(cells, CF_ARRAY_LEN(scenes) * CF_ARRAY_LEN(sev));
}

static void test_every_snp_command_in_every_state(void **state)
{
	static const struct scene scenes[] = {
		{ true, 'u', 0, false },
		{ true, 'i', 0, false },
		{ true, 'i', 'I', false },
		{ true, 'i', 'L', false },
		{ true, 'i', 'L', true },
		{ true, 'i', 'R', false },
		{ true, 'i', 'R', true },
	};

	cells = 0;
	for (size_t i = 0; i < CF_ARRAY_LEN(scenes); i++) {
		const struct scene *s = &scenes[i];

		run_rows(snp_world(s->platform, s->guest ? s->guest : 'i',
				 s->active),
			s, 0, snp, CF_ARRAY_LEN(snp));
	}
	assert_int_equal(cells, CF_ARRAY_LEN(scenes) * CF_ARRAY_LEN(snp));
}

static const struct row *find_row(uint32_t id)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(sev); i++)
		if (sev[i].id == id)
			return &sev[i];
	for (size_t i = 0; i < CF_ARRAY_LEN(snp); i++)
		if (snp[i].id == id)
			return &snp[i];
	return NULL;
}

static void test_the_table_here_has_every_command_of_the_model(void **state)
{
	struct cf_sp_soft *sp = power_on();
	const struct command *c;
	uint8_t b[0x80] = { 0 };

	for (size_t i = 0; (c = cf_sp_command_at(i)); i++) {
		const struct row *r = find_row(c->id);

		if (!r)
			fail_msg("%s is not in the test", c->name);
		assert_string_equal(r->name, c->name);
	}
	for (uint32_t id = 0; id < 0x10000; id++)
		if (!find_row(id))
			assert_int_equal(cf_sp_soft_call(sp, id, b, sizeof(b)),
				CF_FW_INVALID_COMMAND);
	cf_sp_soft_destroy(sp);
}

/* Every byte of a buffer that is in no field. */
static void test_reserved_bytes_must_be_zero(void **state)
{
	static const struct {
		uint32_t id;
		size_t at;
	} reserved[] = {
		{ 0x31, 4 },
		{ 0x34, 4 },
		{ 0x34, 0x14 },
		{ 0x34, 0x24 },
		{ 0x33, 4 },
		{ 0x60, 4 },
	};
	uint32_t handle;
	struct cf_sp_soft *sp = sev_world('w', 'L', true, &handle);

	for (size_t i = 0; i < CF_ARRAY_LEN(reserved); i++) {
		const struct row *r = find_row(reserved[i].id);
		uint8_t b[0x80] = { 0 };

		r->fill(b);
		d(b, 0, handle);
		b[reserved[i].at] = 1;
		assert_int_equal(cf_sp_soft_call(sp, r->id, b, r->size),
			CF_FW_INVALID_PARAM);
	}
	cf_sp_soft_destroy(sp);
}

static void test_command_buffers_are_read_at_their_address(void **state)
{
	struct cf_sp_soft *sp = power_on();

	assert_int_equal(cf_sp_soft_command(sp, 0x04, DATA), 0);
	assert_int_equal(mem.raw[DATA + 1], 24);
	assert_int_equal(cf_sp_soft_command(sp, 0x04, SP_MEM_LEN - 0xB),
		CF_FW_INVALID_ADDRESS);
	assert_int_equal(cf_sp_soft_command(sp, 0x04, UINT64_MAX - 4),
		CF_FW_INVALID_ADDRESS);
	/* With SNP on, what firmware fills must be a Firmware page. */
	must(sp, 0x81, NULL, 0);
	assert_int_equal(cf_sp_soft_command(sp, 0x04, DATA + 0x100),
		CF_FW_INVALID_PAGE_STATE);
	set_rmp(DATA,
		(struct cf_rmp_entry) { .assigned = true, .immutable = true });
	assert_int_equal(cf_sp_soft_command(sp, 0x04, DATA + 0x100), 0);
	cf_sp_soft_destroy(sp);
}

static void test_the_page_of_the_manual_has_the_command_table(void **state)
{
	const char *root = getenv("COFFER_SOURCE_ROOT");
	struct cf_buf table = { 0 };
	char path[4096];
	uint8_t *text;
	size_t len;

	if (!root) {
		print_message("SKIP: COFFER_SOURCE_ROOT is not set\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/docs/secure-processor.md", root);
	assert_ok(cf_read_file(path, 1 << 20, &text, &len, &err));
	cf_sp_soft_commands_markdown(&table);
	if (!strstr((const char *)text, cf_buf_text(&table)))
		fail_msg("docs/secure-processor.md: replace its table with "
			 "what 'coffer sp commands' prints");
	cf_buf_finish(&table);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_sev_command_in_every_state),
		cmocka_unit_test(test_every_snp_command_in_every_state),
		cmocka_unit_test(
			test_the_table_here_has_every_command_of_the_model),
		cmocka_unit_test(test_reserved_bytes_must_be_zero),
		cmocka_unit_test(
			test_command_buffers_are_read_at_their_address),
		cmocka_unit_test(
			test_the_page_of_the_manual_has_the_command_table),
	};

	return cmocka_run_group_tests_name(
		"sp_soft_matrix", tests, sp_roots_open, sp_roots_close);
}
