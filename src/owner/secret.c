/* SPDX-License-Identifier: Apache-2.0 */
/* Secret table and LAUNCH_SECRET packet. */
#include "owner/secret.h"

#include "base/base.h"

#include <string.h>

enum {
	HEADER_FLAGS = 0x00,
	HEADER_IV = 0x04,
	HEADER_MAC = 0x14,
};

#define BLOCK      16
#define ENTRY_HEAD 20 /* GUID and length, of the table and of each entry */

/* 1e74f542-71dd-4d66-963e-ef4287ff173b, as it stands in memory. */
static const uint8_t table_guid[16] = { 0x42, 0xf5, 0x74, 0x1e, 0xdd, 0x71,
	0x66, 0x4d, 0x96, 0x3e, 0xef, 0x42, 0x87, 0xff, 0x17, 0x3b };

static enum coffer_status table_len(const struct cf_secret_entry *entries,
	size_t n, size_t *out, struct coffer_error *err)
{
	size_t len = ENTRY_HEAD;

	for (size_t i = 0; i < n; i++) {
		if (entries[i].len > CF_SECRET_MAX)
			return cf_fail(err, COFFER_ERR_UNSUPPORTED,
				"secret %zu: %zu bytes; at most %u", i,
				entries[i].len, CF_SECRET_MAX);
		len += ENTRY_HEAD + entries[i].len;
		if (len > CF_SECRET_MAX)
			return cf_fail(err, COFFER_ERR_UNSUPPORTED,
				"secret table: more than %u bytes",
				CF_SECRET_MAX);
	}
	*out = len;
	return COFFER_OK;
}

static uint8_t *put_head(uint8_t *at, const uint8_t guid[16], size_t len)
{
	memcpy(at, guid, 16);
	cf_store_le32(at + 16, (uint32_t)len);
	return at + ENTRY_HEAD;
}

enum coffer_status cf_secret_table(const struct cf_secret_entry *entries,
	size_t n, struct cf_buf *out, struct coffer_error *err)
{
	enum coffer_status status;
	size_t len = 0, start = out->len;
	uint8_t *at;

	if (n == 0)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"secret table: there is no secret");
	status = table_len(entries, n, &len, err);
	if (status)
		return status;
	/* In one allocation: growing would leave copies that nobody wipes. */
	cf_buf_zeros(out, cf_align_up(len, BLOCK));
	if (out->failed)
		return cf_fail_nomem(err, "a secret table");
	at = put_head(out->data + start, table_guid, len);
	for (size_t i = 0; i < n; i++) {
		at = put_head(at, entries[i].guid, ENTRY_HEAD + entries[i].len);
		if (entries[i].len)
			memcpy(at, entries[i].data, entries[i].len);
		at += entries[i].len;
	}
	return COFFER_OK;
}

enum coffer_status cf_secret_packet(const struct cf_secret_params *params,
	const uint8_t *plain, size_t n, uint8_t header[CF_SEV_PACKET_LEN],
	struct cf_buf *data, struct coffer_error *err)
{
	struct cf_sev_packet packet = { CF_SEV_PACKET_SECRET };
	enum coffer_status status = COFFER_OK;
	size_t at = data->len;

	if (n == 0 || n % BLOCK || n > CF_SECRET_MAX)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"secret packet: %zu bytes; want 16 to %u in blocks of "
			"16",
			n, CF_SECRET_MAX);
	cf_store_le32(header + HEADER_FLAGS, params->flags);
	if (params->iv)
		memcpy(header + HEADER_IV, params->iv, 16);
	else
		status = cf_random(header + HEADER_IV, 16, err);
	cf_buf_zeros(data, n);
	if (!status && data->failed)
		status = cf_fail_nomem(err, "a secret packet");
	if (!status)
		status = cf_aes128_ctr(params->keys->tek, header + HEADER_IV,
			plain, data->data + at, n, err);
	if (status)
		return status;
	packet.flags = params->flags;
	packet.iv = header + HEADER_IV;
	packet.guest_len = packet.data_len = (uint32_t)n;
	packet.data = data->data + at;
	packet.measure = params->measure;
	return cf_sev_packet_mac(
		params->keys->tik, &packet, header + HEADER_MAC, err);
}
