/* SPDX-License-Identifier: Apache-2.0 */
/* SNP_LAUNCH_FINISH with an ID block: what is checked, in which order. */
#include "sp_snp_world.h"

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
		cmocka_unit_test(
			test_id_block_is_checked_in_the_order_of_the_firmware),
	};

	return cmocka_run_group_tests_name(
		"sp_soft_idblock", tests, NULL, NULL);
}
