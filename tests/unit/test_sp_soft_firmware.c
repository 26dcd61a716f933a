/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware images: what an update changes, what it keeps, when it is
 * committed, and what is refused.
 */
#include "test.h"

#include "crypto/crypto.h"
#include "sp/soft/soft_priv.h"
#include "sp_roots.h"

#define RAM   ((uint64_t)1 << 20)
#define IMAGE 0x8000
#define OUT   0x9000

static struct coffer_error err;

/* The chip's record survives a power cycle, in `kept`. */
static uint8_t *kept;
static size_t kept_len;
static bool disk_full;

static enum coffer_status load(void *opaque, const char *record, uint8_t **data,
	size_t *len, struct coffer_error *e)
{
	if (strcmp(record, "snp-Milan") != 0)
		return sp_roots_load(opaque, record, data, len, e);
	*data = kept_len ? cf_alloc_array(kept_len, 1) : NULL;
	*len = kept_len;
	if (*data)
		memcpy(*data, kept, kept_len);
	return COFFER_OK;
}

static enum coffer_status store(void *opaque, const char *record,
	const uint8_t *data, size_t len, struct coffer_error *e)
{
	if (strcmp(record, "snp-Milan") != 0)
		return sp_roots_store(opaque, record, data, len, e);
	if (disk_full)
		return cf_fail(e, COFFER_ERR_SYSTEM, "no space left");
	free(kept);
	kept = cf_alloc_array(len, 1);
	kept_len = len;
	memcpy(kept, data, len);
	return COFFER_OK;
}

struct rig {
	struct cf_memory *mem;
	struct cf_sp_soft *sp;
};

static void power_on(struct rig *r)
{
	const struct cf_sp_soft_config config = { .product = CF_SP_MILAN,
		.seed = (const uint8_t *)"firmware",
		.seed_len = 8,
		.ops = {
			.load = load, .store = store, .lock = sp_roots_lock } };
	struct cf_sp_soft_memory bound;

	assert_ok(cf_memory_create(&r->mem, &err));
	assert_ok(cf_memory_add(r->mem, 0, RAM, CF_REGION_RAM, "ram", &err));
	assert_ok(cf_sp_soft_create(&config, &r->sp, &err));
	cf_sp_soft_memory_bind(r->mem, &bound);
	cf_sp_soft_set_memory(r->sp, &bound);
}

static void power_off(struct rig *r)
{
	cf_sp_soft_destroy(r->sp);
	cf_memory_destroy(r->mem);
}

static int forget(void **state)
{
	free(kept);
	kept = NULL;
	kept_len = 0;
	disk_full = false;
	return 0;
}

static const struct cf_sp_firmware_version newer = { .sev_api = { 0, 25 },
	.snp_api = { 1, 56 },
	.build = 3,
	.snp_spl = 26 };

static void put_image(struct rig *r, const struct cf_sp_firmware_version *v)
{
	uint8_t image[CF_SP_FIRMWARE_LEN];

	assert_ok(cf_sp_soft_firmware_image(r->sp, v, image, &err));
	assert_ok(cf_guest_write(r->mem, IMAGE, image, sizeof(image), &err));
}

static uint32_t download_ex(struct rig *r, uint32_t flags)
{
	uint8_t b[0x18] = { sizeof(b) };

	cf_store_le64(b + 8, IMAGE);
	cf_store_le32(b + 0x10, CF_SP_FIRMWARE_LEN);
	cf_store_le32(b + 0x14, flags);
	return cf_sp_soft_call(r->sp, 0xCA, b, sizeof(b));
}

static uint32_t download(struct rig *r)
{
	uint8_t b[0xC] = { 0 };

	cf_store_le64(b, IMAGE);
	cf_store_le32(b + 8, CF_SP_FIRMWARE_LEN);
	return cf_sp_soft_call(r->sp, 0x0B, b, sizeof(b));
}

static uint32_t update(
	struct rig *r, const struct cf_sp_firmware_version *v, uint32_t flags)
{
	put_image(r, v);
	return download_ex(r, flags);
}

static uint32_t commit(struct rig *r)
{
	uint8_t b[4] = { sizeof(b) };

	return cf_sp_soft_call(r->sp, 0xCB, b, sizeof(b));
}

static void init_snp(struct rig *r)
{
	assert_int_equal(cf_sp_soft_call(r->sp, 0x81, NULL, 0), 0);
}

/* What the firmware itself says it is. */
static void assert_runs(struct rig *r, const struct cf_sp_firmware_version *v)
{
	uint8_t sev[0xC] = { 0 }, snp[8], status[0x20];
	const struct cf_rmp_entry page = { .assigned = true,
		.immutable = true };

	assert_int_equal(cf_sp_soft_call(r->sp, 0x04, sev, sizeof(sev)), 0);
	assert_int_equal(sev[0], v->sev_api[0]);
	assert_int_equal(sev[1], v->sev_api[1]);
	assert_int_equal(sev[7], v->build);
	if (cf_rmp_enabled(r->mem))
		assert_true(cf_rmp_set(r->mem, OUT, &page));
	cf_store_le64(snp, OUT);
	assert_int_equal(cf_sp_soft_call(r->sp, 0x83, snp, sizeof(snp)), 0);
	assert_ok(cf_guest_read(r->mem, OUT, status, sizeof(status), &err));
	assert_int_equal(status[0], v->snp_api[0]);
	assert_int_equal(status[1], v->snp_api[1]);
	assert_int_equal(cf_load_le32(status + 4), v->build);
	assert_int_equal(status[0x10 + 6], v->snp_spl); /* CURRENT_TCB, Milan */
}

static struct cf_sp_soft_facts facts(struct rig *r)
{
	struct cf_sp_soft_facts f;

	cf_sp_soft_facts(r->sp, &f);
	return f;
}

static unsigned spl(uint64_t tcb)
{
	return (unsigned)(tcb >> 48 & 0xFF);
}

static void test_an_update_is_provisional_until_it_is_committed(void **state)
{
	struct cf_sp_firmware_version old = { .sev_api = { 0, 24 },
		.snp_api = { 1, 55 },
		.build = 20,
		.snp_spl = 23 };
	struct rig r;

	power_on(&r);
	init_snp(&r);
	assert_int_equal(update(&r, &newer, 0), 0);
	assert_runs(&r, &newer);
	assert_int_equal(spl(facts(&r).current_tcb), 26);
	assert_int_equal(spl(facts(&r).committed_tcb), 23);
	assert_int_equal(spl(facts(&r).reported_tcb), 23);
	assert_int_equal(facts(&r).committed_version[2], 20);
	/* Back to what is committed, and forward again. */
	assert_int_equal(update(&r, &old, 0), 0);
	assert_runs(&r, &old);
	assert_int_equal(update(&r, &newer, 0), 0);
	assert_int_equal(commit(&r), 0);
	assert_int_equal(spl(facts(&r).committed_tcb), 26);
	assert_int_equal(spl(facts(&r).reported_tcb), 26);
	assert_int_equal(facts(&r).committed_version[1], 56);
	assert_int_equal(facts(&r).committed_version[2], 3);
	assert_int_equal(update(&r, &old, 0), CF_FW_BAD_VERSION);
	assert_runs(&r, &newer);
	power_off(&r);
	/* It stays over a power cycle. */
	power_on(&r);
	assert_runs(&r, &newer);
	assert_int_equal(spl(facts(&r).committed_tcb), 26);
	power_off(&r);
}

static void test_an_update_can_be_committed_at_once(void **state)
{
	struct rig r;

	power_on(&r);
	assert_int_equal(update(&r, &newer, 1), 0);
	assert_int_equal(spl(facts(&r).committed_tcb), 26);
	power_off(&r);
	forget(NULL);
	/* The older command always does. */
	power_on(&r);
	put_image(&r, &newer);
	assert_int_equal(download(&r), 0);
	assert_runs(&r, &newer);
	assert_int_equal(spl(facts(&r).committed_tcb), 26);
	init_snp(&r);
	assert_int_equal(download(&r), CF_FW_INVALID_PLATFORM_STATE);
	power_off(&r);
}

static void test_older_versions_and_levels_are_refused(void **state)
{
	struct cf_sp_firmware_version v;
	struct rig r;

	power_on(&r);
	assert_int_equal(update(&r, &newer, 1), 0);
#define REFUSED(change, status)                              \
	do {                                                 \
		v = newer;                                   \
		change;                                      \
		assert_int_equal(update(&r, &v, 0), status); \
		assert_runs(&r, &newer);                     \
	} while (0)
	REFUSED(v.build--, CF_FW_BAD_VERSION);
	REFUSED((v.snp_api[1]--, v.build = 99), CF_FW_BAD_VERSION);
	REFUSED((v.snp_api[0] = 0, v.snp_api[1] = 99), CF_FW_BAD_VERSION);
	REFUSED(v.sev_api[1] = 23, CF_FW_BAD_VERSION);
	REFUSED(v.snp_spl--, CF_FW_BAD_SVN);
	REFUSED((v.build++, v.snp_spl--), CF_FW_BAD_SVN);
#undef REFUSED
	v = newer;
	v.build++;
	assert_int_equal(update(&r, &v, 0), 0);
	assert_runs(&r, &v);
	power_off(&r);
}

static void flip(struct rig *r, uint64_t at)
{
	uint8_t b;

	assert_ok(cf_guest_read(r->mem, IMAGE + at, &b, 1, &err));
	b ^= 1;
	assert_ok(cf_guest_write(r->mem, IMAGE + at, &b, 1, &err));
}

static void test_what_is_no_image_of_this_chip_is_refused(void **state)
{
	struct cf_sp_soft_config config = {
		.product = CF_SP_GENOA,
		.seed = (const uint8_t *)"other",
		.seed_len = 5,
		.ops = SP_ROOTS_OPS,
	};
	uint8_t image[CF_SP_FIRMWARE_LEN], b[0x18] = { sizeof(b) };
	struct cf_sp_soft *other;
	struct rig r;

	power_on(&r);
	put_image(&r, &newer);
	for (uint64_t at = 0; at < CF_SP_FIRMWARE_LEN; at += 3) {
		bool signed_only = (at >= 0x30 && at < 0x36) || at >= 0x40;

		flip(&r, at);
		assert_int_equal(download_ex(&r, 0),
			signed_only ? CF_FW_BAD_SIGNATURE
				    : CF_FW_UPDATE_FAILED);
		flip(&r, at);
	}
	assert_int_equal(download_ex(&r, 2), CF_FW_INVALID_PARAM);
	cf_store_le64(b + 8, IMAGE);
	cf_store_le32(b + 0x10, CF_SP_FIRMWARE_LEN - 1);
	assert_int_equal(
		cf_sp_soft_call(r.sp, 0xCA, b, 0x18), CF_FW_INVALID_LENGTH);
	cf_store_le32(b + 0x10, CF_SP_FIRMWARE_LEN);
	b[0]--;
	assert_int_equal(
		cf_sp_soft_call(r.sp, 0xCA, b, 0x18), CF_FW_INVALID_LENGTH);
	b[0]++;
	cf_store_le64(b + 8, IMAGE + 16);
	assert_int_equal(
		cf_sp_soft_call(r.sp, 0xCA, b, 0x18), CF_FW_INVALID_ADDRESS);
	cf_store_le64(b + 8, RAM - 0x20);
	assert_int_equal(
		cf_sp_soft_call(r.sp, 0xCA, b, 0x18), CF_FW_INVALID_ADDRESS);
	/* Well made, for another product. */
	assert_ok(cf_sp_soft_create(&config, &other, &err));
	assert_ok(cf_sp_soft_firmware_image(other, &newer, image, &err));
	assert_ok(cf_guest_write(r.mem, IMAGE, image, sizeof(image), &err));
	assert_int_equal(download_ex(&r, 0), CF_FW_UPDATE_FAILED);
	cf_sp_soft_destroy(other);
	assert_int_equal(facts(&r).build, 21);
	power_off(&r);
}

static void test_sev_guests_keep_the_firmware_from_changing(void **state)
{
	uint8_t init[0x14] = { 0 };
	struct rig r;

	power_on(&r);
	init_snp(&r);
	assert_int_equal(cf_sp_soft_call(r.sp, 0x01, init, sizeof(init)), 0);
	assert_int_equal(update(&r, &newer, 0), CF_FW_SHUTDOWN_REQUIRED);
	assert_int_equal(cf_sp_soft_call(r.sp, 0x02, NULL, 0), 0);
	assert_int_equal(download_ex(&r, 0), 0);
	power_off(&r);
}

static void test_an_update_that_cannot_be_kept_does_not_happen(void **state)
{
	struct rig r;

	power_on(&r);
	put_image(&r, &newer);
	disk_full = true;
	assert_int_equal(download_ex(&r, 1), CF_FW_HWERROR_PLATFORM);
	assert_int_equal(facts(&r).build, 21);
	assert_int_equal(spl(facts(&r).committed_tcb), 23);
	disk_full = false;
	assert_int_equal(download_ex(&r, 1), 0);
	power_off(&r);
}

/* Records from before there were images: 20 bytes, the first firmware. */
static void test_the_first_form_of_the_record_is_read(void **state)
{
	struct rig r;

	power_on(&r);
	assert_int_equal(update(&r, &newer, 0), 0);
	kept_len = 0;
	assert_ok(cf_sp_record_store(r.sp, "snp",
		(const uint8_t[]) { 4, 0, 0, 0, 0, 0, 22, 219, 4, 0, 0, 0, 0, 0,
			23, 219, 1, 1, 55, 20 },
		20, &err));
	power_off(&r);
	power_on(&r);
	assert_int_equal(facts(&r).build, 21);
	assert_int_equal(spl(facts(&r).reported_tcb), 22);
	assert_true(facts(&r).mask_chip_id);
	power_off(&r);
	/* Any other length is damage. */
	power_on(&r);
	assert_ok(cf_sp_record_store(
		r.sp, "snp", (const uint8_t[21]) { 0 }, 21, &err));
	power_off(&r);
	assert_status(COFFER_ERR_FORMAT,
		cf_sp_soft_create(
			&(struct cf_sp_soft_config) { .product = CF_SP_MILAN,
				.seed = (const uint8_t *)"firmware",
				.seed_len = 8,
				.ops = { .load = load } },
			&r.sp, &err));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, forget, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_an_update_is_provisional_until_it_is_committed),
		CASE(test_an_update_can_be_committed_at_once),
		CASE(test_older_versions_and_levels_are_refused),
		CASE(test_what_is_no_image_of_this_chip_is_refused),
		CASE(test_sev_guests_keep_the_firmware_from_changing),
		CASE(test_an_update_that_cannot_be_kept_does_not_happen),
		CASE(test_the_first_form_of_the_record_is_read),
	};

	return cmocka_run_group_tests_name(
		"sp_soft_firmware", tests, sp_roots_open, sp_roots_close);
}
