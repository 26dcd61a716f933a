/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chip itself: its secrets and identity, made once and kept, and what SNP
 * keeps over a power cycle.
 */
#include "sp/soft/soft_priv.h"

#include <string.h>

/* Chip record: product, secret, chip id. */
#define CHIP_LEN (1 + 32 + 64)
/* SNP record: reported and committed TCB, flags, committed version, and the
 * firmware that runs; in one record, so that what is committed is never newer
 * than what runs.  The first form had no firmware. */
#define CONFIG_LEN_1 (8 + 8 + 1 + 3)
#define CONFIG_LEN   (CONFIG_LEN_1 + 6)

static enum coffer_status derive_chip(struct cf_sp_soft *sp,
	const struct cf_sp_soft_config *config, struct coffer_error *err)
{
	enum coffer_status status;
	uint8_t hash[CF_SHA256_LEN];

	status = cf_sha256(config->seed, config->seed_len, hash, err);
	if (status)
		return status;
	memcpy(sp->seed, hash, sizeof(sp->seed));
	sp->seeded = true;
	status = cf_sp_derive(hash, "chip-secret", NULL, 0, sp->chip_secret,
		sizeof(sp->chip_secret), err);
	if (!status)
		status = cf_sp_derive(hash, "chip-id", NULL, 0, sp->chip_id,
			sp->product->hwid_len, err);
	return status;
}

static enum coffer_status make_chip(
	struct cf_sp_soft *sp, struct coffer_error *err)
{
	const uint8_t none[32] = { 0 };
	uint8_t record[CHIP_LEN], secret[32];
	enum coffer_status status;

	status = cf_sp_random(sp, secret, sizeof(secret), err);
	if (!status)
		status = cf_sp_random(
			sp, sp->chip_id, sp->product->hwid_len, err);
	if (status)
		return status;
	record[0] = (uint8_t)sp->which;
	memcpy(record + 1, secret, 32);
	memcpy(record + 33, sp->chip_id, 64);
	memcpy(sp->chip_secret, none, sizeof(none));
	status = cf_sp_record_store(sp, "chip", record, sizeof(record), err);
	memcpy(sp->chip_secret, secret, sizeof(secret));
	cf_wipe(record, sizeof(record));
	cf_wipe(secret, sizeof(secret));
	return status;
}

enum coffer_status cf_sp_load_chip(struct cf_sp_soft *sp,
	const struct cf_sp_soft_config *config, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) uint8_t *record = NULL;
	enum coffer_status status;
	size_t len;

	if (config->seed)
		return derive_chip(sp, config, err);
	status = cf_sp_record_load(sp, "chip", CHIP_LEN, &record, &len, err);
	if (status)
		return status;
	if (!record)
		return make_chip(sp, err);
	if (record[0] != (uint8_t)sp->which)
		status = cf_fail(err, COFFER_ERR_FORMAT,
			"secure processor state: record 'chip-%s' is of "
			"another product",
			sp->product->name);
	memcpy(sp->chip_secret, record + 1, 32);
	memcpy(sp->chip_id, record + 33, 64);
	cf_wipe(record, len);
	return status;
}

enum coffer_status cf_sp_soft_stored_product(const struct cf_sp_soft_ops *ops,
	enum cf_sp_product *out, bool *found, struct coffer_error *err)
{
	*found = false;
	for (int i = 0; i < CF_SP_NPRODUCTS && !*found; i++) {
		CF_CLEANUP(cf_free_ptr) uint8_t *record = NULL;
		struct cf_sp_soft none = { .ops = *ops,
			.which = (enum cf_sp_product)i,
			.product = cf_sp_product((enum cf_sp_product)i) };
		enum coffer_status status;
		size_t len;

		status = cf_sp_record_load(
			&none, "chip", CHIP_LEN, &record, &len, err);
		if (status)
			return status;
		if (!record)
			continue;
		cf_wipe(record, len);
		*out = none.which;
		*found = true;
	}
	return COFFER_OK;
}

enum coffer_status cf_sp_store_config(
	struct cf_sp_soft *sp, struct coffer_error *err)
{
	uint8_t r[CONFIG_LEN];

	cf_store_le64(r, cf_sp_reported_tcb(sp));
	cf_store_le64(r + 8, cf_sp_committed_tcb(sp));
	r[16] = (uint8_t)(sp->config.mask_chip_id |
		sp->config.mask_chip_key << 1);
	r[17] = sp->config.committed_major;
	r[18] = sp->config.committed_minor;
	r[19] = sp->config.committed_build;
	r[20] = sp->fw.sev_major;
	r[21] = sp->fw.sev_minor;
	r[22] = sp->fw.snp_major;
	r[23] = sp->fw.snp_minor;
	r[24] = sp->fw.build;
	r[25] = sp->fw.spl;
	return cf_sp_record_store(sp, "snp", r, sizeof(r), err);
}

/* A new chip has committed one step below what it runs, as after a firmware
 * update that nobody has committed yet. */
static void default_config(struct cf_sp_soft *sp)
{
	sp->fw = (struct firmware) {
		.sev_major = FW_SEV_MAJOR,
		.sev_minor = FW_SEV_MINOR,
		.snp_major = FW_SNP_MAJOR,
		.snp_minor = FW_SNP_MINOR,
		.build = FW_BUILD,
		.spl = sp->product->current.snp,
	};
	sp->config = (struct snp_config) {
		.committed = sp->product->current,
		.committed_major = FW_SNP_MAJOR,
		.committed_minor = FW_SNP_MINOR,
		.committed_build = FW_BUILD - 1,
	};
	sp->config.committed.snp--;
	sp->config.reported = sp->config.committed;
}

enum coffer_status cf_sp_load_config(
	struct cf_sp_soft *sp, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) uint8_t *r = NULL;
	enum coffer_status status;
	size_t len;

	default_config(sp);
	status = cf_sp_record_load(sp, "snp", 0, &r, &len, err);
	if (status || !r)
		return status;
	if (len != CONFIG_LEN && len != CONFIG_LEN_1)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"secure processor state: record 'snp' has %zu bytes, "
			"not %d",
			len, CONFIG_LEN);
	if (len == CONFIG_LEN)
		sp->fw = (struct firmware) { r[20], r[21], r[22], r[23], r[24],
			r[25] };
	if (!cf_sp_tcb_decode(
		    sp->product, cf_load_le64(r), &sp->config.reported) ||
		!cf_sp_tcb_decode(sp->product, cf_load_le64(r + 8),
			&sp->config.committed) ||
		r[16] > 3)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"secure processor state: record 'snp' has a patch "
			"level that a %s does not have",
			sp->product->name);
	sp->config.mask_chip_id = r[16] & BIT(0);
	sp->config.mask_chip_key = r[16] & BIT(1);
	sp->config.committed_major = r[17];
	sp->config.committed_minor = r[18];
	sp->config.committed_build = r[19];
	return COFFER_OK;
}

enum coffer_status cf_sp_soft_create(const struct cf_sp_soft_config *config,
	struct cf_sp_soft **out, struct coffer_error *err)
{
	struct cf_sp_soft *sp = cf_alloc_array(1, sizeof(*sp));
	enum coffer_status status;

	if (!sp)
		return cf_fail_nomem(err, "the secure processor");
	pthread_mutex_init(&sp->lock, NULL);
	sp->which = config->product;
	sp->product = cf_sp_product(config->product);
	sp->ops = config->ops;
	sp->progress = config->progress;
	sp->next_handle = 1;
	cf_sp_storage_lock(sp, true);
	status = cf_sp_load_chip(sp, config, err);
	if (!status)
		status = cf_sp_load_config(sp, err);
	cf_sp_storage_lock(sp, false);
	if (status) {
		cf_sp_soft_destroy(sp);
		return status;
	}
	*out = sp;
	return COFFER_OK;
}

void cf_sp_soft_destroy(struct cf_sp_soft *sp)
{
	if (!sp)
		return;
	for (size_t i = 0; i < MAX_GUESTS; i++)
		cf_hash_destroy(sp->sev[i].digest);
	pthread_mutex_destroy(&sp->lock);
	cf_wipe(sp, sizeof(*sp));
	free(sp);
}

void cf_sp_soft_set_memory(
	struct cf_sp_soft *sp, const struct cf_sp_soft_memory *mem)
{
	sp->mem = *mem;
	sp->has_mem = true;
}

/* TCB in the context: a lower REPORTED_TCB gives another key, as on hardware,
 * so that a fixed firmware's key cannot be had by the broken one. */
enum coffer_status cf_sp_vcek(const struct cf_sp_soft *sp,
	uint8_t scalar[CF_P384_LEN], struct coffer_error *err)
{
	uint8_t tcb[8];

	cf_store_le64(tcb, cf_sp_reported_tcb(sp));
	return cf_sp_derive_scalar(sp->chip_secret,
		"sev-versioned-chip-endorsement-key", tcb, sizeof(tcb), scalar,
		err);
}

enum coffer_status cf_sp_vlek(const struct cf_sp_soft *sp,
	uint8_t scalar[CF_P384_LEN], struct coffer_error *err)
{
	uint8_t tcb[8];

	cf_store_le64(tcb, cf_sp_reported_tcb(sp));
	return cf_sp_derive_scalar(
		sp->vlek_hashstick, "sim-vlek", tcb, sizeof(tcb), scalar, err);
}

void cf_sp_soft_facts(const struct cf_sp_soft *sp, struct cf_sp_soft_facts *out)
{
	*out = (struct cf_sp_soft_facts) {
		.product = sp->which,
		.chip_id_len = sp->product->hwid_len,
		.sev_api = { sp->fw.sev_major, sp->fw.sev_minor },
		.snp_api = { sp->fw.snp_major, sp->fw.snp_minor },
		.build = sp->fw.build,
		.current_tcb = cf_sp_current_tcb(sp),
		.committed_tcb = cf_sp_committed_tcb(sp),
		.reported_tcb = cf_sp_reported_tcb(sp),
		.committed_version = { sp->config.committed_major,
			sp->config.committed_minor,
			sp->config.committed_build },
		.mask_chip_id = sp->config.mask_chip_id,
		.mask_chip_key = sp->config.mask_chip_key,
		.vlek_loaded = sp->has_vlek,
		.external_owner = sp->keys.external_owner,
	};
	memcpy(out->chip_id, sp->chip_id, sizeof(out->chip_id));
}
