/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measurements of the platforms that are not AMD's: MRTD of a TDX guest
 * and the boot digest of a Hyper-V VBS guest.
 *
 * Sources: Intel TDX module, TDH.MEM.PAGE.ADD and TDH.MR.EXTEND; microsoft/
 * igvm, VBS measurement.
 */
#include "digest_priv.h"

#define TDX_RECORD 128 /* name, GPA, zeros */
#define TDX_CHUNK  256

static enum coffer_status tdx_record(struct meter *m, const char *name,
	uint64_t gpa, struct coffer_error *err)
{
	uint8_t record[TDX_RECORD] = { 0 };

	memcpy(record, name, strlen(name));
	cf_store_le64(record + 16, gpa);
	return cf_hash_update(m->hash, record, sizeof(record), err);
}

/* A page is added, then extended with its contents 256 bytes at a time;
 * unmeasured ones are only added. */
static enum coffer_status tdx_page(struct meter *m, uint64_t gpa,
	const uint8_t *data, struct coffer_error *err)
{
	enum coffer_status st = tdx_record(m, "MEM.PAGE.ADD", gpa, err);

	for (size_t at = 0; !st && data && at < CF_PAGE_SIZE; at += TDX_CHUNK) {
		st = tdx_record(m, "MR.EXTEND", gpa + at, err);
		if (!st)
			st = cf_hash_update(m->hash, data + at, TDX_CHUNK, err);
	}
	return st;
}

static enum coffer_status tdx_range(
	struct meter *m, const struct cf_sp_update *u, struct coffer_error *err)
{
	enum coffer_status st = COFFER_OK;

	if (u->type != CF_PAGE_NORMAL && u->type != CF_PAGE_UNMEASURED)
		return meter_bad_type(u, "TDX", err);
	for (uint64_t at = 0; !st && at < u->len; at += CF_PAGE_SIZE)
		st = tdx_page(m, u->gpa + at,
			u->type == CF_PAGE_NORMAL ? u->data + at : NULL, err);
	return st;
}

static enum coffer_status tdx_peek(
	struct meter *m, uint8_t *out, struct coffer_error *err)
{
	return cf_hash_peek(m->hash, out, err);
}

const struct meter_ops meter_tdx = {
	.digest_len = CF_SHA384_LEN,
	.range = tdx_range,
	.peek = tdx_peek,
};

/* VBS: digest = SHA-256(digest, chunk). */
enum {
	VBS_PAGE_HEADER = 32,
	VBS_PAGE_LEN = VBS_PAGE_HEADER + 4096,
	VBS_PAGE_TYPE = 2,
	VBS_REGISTER_LEN = 48,
	VBS_REGISTER_TYPE = 0,
	VBS_UNMEASURED = 0x4, /* bits 1:0 acceptance */
	VBS_ERROR_RANGE = 0x7,
	LIST_ENTRY_LEN = 32, /* of IGVM's register list, after a u32 count */
};

static enum coffer_status vbs_page(struct meter *m, uint64_t gpa,
	uint64_t metadata, const uint8_t *data, struct coffer_error *err)
{
	uint8_t step[CF_SHA256_LEN + VBS_PAGE_LEN] = { 0 };
	uint8_t *chunk = step + CF_SHA256_LEN;

	memcpy(step, m->ld, CF_SHA256_LEN);
	cf_store_le32(chunk, VBS_PAGE_LEN);
	cf_store_le32(chunk + 4, VBS_PAGE_TYPE);
	cf_store_le64(chunk + 16, metadata);
	cf_store_le64(chunk + 24, gpa / CF_PAGE_SIZE);
	if (data)
		memcpy(chunk + VBS_PAGE_HEADER, data, CF_PAGE_SIZE);
	return cf_hash_once(m->hash, step, sizeof(step), m->ld, err);
}

static enum coffer_status vbs_range(
	struct meter *m, const struct cf_sp_update *u, struct coffer_error *err)
{
	enum coffer_status st = COFFER_OK;
	bool measured = u->type == CF_PAGE_NORMAL;
	uint64_t metadata = 0;

	if (u->type == CF_PAGE_UNMEASURED)
		metadata = VBS_UNMEASURED;
	else if (u->type == CF_PAGE_VBS_ERROR)
		metadata = VBS_ERROR_RANGE;
	else if (!measured)
		return meter_bad_type(u, "VBS", err);
	for (uint64_t at = 0; !st && at < u->len; at += CF_PAGE_SIZE)
		st = vbs_page(m, u->gpa + at, metadata,
			measured ? u->data + at : NULL, err);
	return st;
}

/* Registers come after all pages, wherever they stand in the file. */
static enum coffer_status vbs_registers(struct meter *m, const uint8_t *list,
	size_t len, struct coffer_error *err)
{
	const struct meter_item item = { .data = list, .len = len };

	if (len < 4 || (len - 4) / LIST_ENTRY_LEN != cf_load_le32(list) ||
		(len - 4) % LIST_ENTRY_LEN)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"VBS register list: %zu bytes do not fit its count",
			len);
	return meter_keep(m, &item, err);
}

static enum coffer_status vbs_register(struct meter *m, uint8_t *ld,
	const uint8_t *entry, struct coffer_error *err)
{
	uint8_t step[CF_SHA256_LEN + VBS_REGISTER_LEN] = { 0 };
	uint8_t *chunk = step + CF_SHA256_LEN;

	memcpy(step, ld, CF_SHA256_LEN);
	cf_store_le32(chunk, VBS_REGISTER_LEN);
	cf_store_le32(chunk + 4, VBS_REGISTER_TYPE);
	chunk[20] = entry[0]; /* VTL */
	memcpy(chunk + 28, entry + 1, 4);
	memcpy(chunk + 32, entry + 16, 16);
	return cf_hash_once(m->hash, step, sizeof(step), ld, err);
}

static enum coffer_status vbs_peek(
	struct meter *m, uint8_t *out, struct coffer_error *err)
{
	enum coffer_status st = COFFER_OK;
	uint8_t ld[CF_SHA256_LEN];

	memcpy(ld, m->ld, sizeof(ld));
	for (size_t i = 0; i < m->nitems; i++)
		for (size_t at = 4; !st && at < m->item[i].len;
			at += LIST_ENTRY_LEN)
			st = vbs_register(m, ld, m->item[i].data + at, err);
	if (!st)
		memcpy(out, ld, sizeof(ld));
	return st;
}

const struct meter_ops meter_vbs = {
	.digest_len = CF_SHA256_LEN,
	.range = vbs_range,
	.registers = vbs_registers,
	.peek = vbs_peek,
};
