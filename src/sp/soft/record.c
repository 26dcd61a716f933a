/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Persistent records.  Each is one blob that the storage replaces in one
 * step: a mark, the payload, and an HMAC under a key of the chip (of zeros
 * for the record that holds the chip itself).
 */
#include "sp/soft/soft_priv.h"

#include <stdio.h>
#include <string.h>

#define MARK     "coffer-sp-1\n"
#define NAME_LEN 32
#define MARK_LEN (sizeof(MARK) - 1)

/* One storage has a chip of each product: "chip-Milan". */
static void file_name(
	const struct cf_sp_soft *sp, const char *name, char out[NAME_LEN])
{
	snprintf(out, NAME_LEN, "%s-%s", name, sp->product->name);
}

static enum coffer_status checksum(const struct cf_sp_soft *sp,
	const char *name, const uint8_t *payload, size_t len,
	uint8_t out[CF_SHA256_LEN], struct coffer_error *err)
{
	const struct cf_bytes parts[] = {
		{ name, strlen(name) + 1 },
		{ payload, len },
	};

	return cf_hmac_sha256(sp->chip_secret, sizeof(sp->chip_secret), parts,
		CF_ARRAY_LEN(parts), out, err);
}

enum coffer_status cf_sp_record_load(struct cf_sp_soft *sp, const char *name,
	size_t want, uint8_t **payload, size_t *len, struct coffer_error *err)
{
	CF_CLEANUP(cf_free_ptr) uint8_t *data = NULL;
	uint8_t sum[CF_SHA256_LEN];
	enum coffer_status status;
	char file[NAME_LEN];
	size_t n = 0;

	*payload = NULL;
	*len = 0;
	if (!sp->ops.load)
		return COFFER_OK;
	file_name(sp, name, file);
	status = sp->ops.load(sp->ops.opaque, file, &data, &n, err);
	if (status || !data)
		return status;
	if (n < MARK_LEN + sizeof(sum) || memcmp(data, MARK, MARK_LEN) != 0)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"secure processor state: record '%s' is not one of "
			"ours",
			file);
	n -= MARK_LEN + sizeof(sum);
	status = checksum(sp, name, data + MARK_LEN, n, sum, err);
	if (status)
		return status;
	if ((want && n != want) ||
		!cf_equal_ct(sum, data + MARK_LEN + n, sizeof(sum)))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"secure processor state: record '%s' is damaged or of "
			"another chip; 'coffer sp reset' makes a new one",
			file);
	memmove(data, data + MARK_LEN, n);
	*len = n;
	*payload = cf_steal_ptr(&data);
	return COFFER_OK;
}

enum coffer_status cf_sp_record_store(struct cf_sp_soft *sp, const char *name,
	const uint8_t *payload, size_t len, struct coffer_error *err)
{
	struct cf_buf b = { 0 };
	uint8_t sum[CF_SHA256_LEN];
	enum coffer_status status;
	char file[NAME_LEN];

	if (!sp->ops.store)
		return COFFER_OK;
	status = checksum(sp, name, payload, len, sum, err);
	if (status)
		return status;
	file_name(sp, name, file);
	cf_buf_append(&b, MARK, MARK_LEN);
	cf_buf_append(&b, payload, len);
	cf_buf_append(&b, sum, sizeof(sum));
	if (b.failed)
		status = cf_fail_nomem(err, "a state record");
	else
		status =
			sp->ops.store(sp->ops.opaque, file, b.data, b.len, err);
	if (b.data)
		cf_wipe(b.data, b.len);
	cf_buf_finish(&b);
	return status;
}
