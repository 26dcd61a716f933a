/* SPDX-License-Identifier: Apache-2.0 */
/* The accessor for guest memory (memory/memory.h). */
#include "sp/soft/soft_priv.h"

#include <string.h>

static bool host_read(void *o, uint64_t spa, void *out, size_t len)
{
	return cf_guest_read(o, spa, out, len, NULL) == COFFER_OK;
}

/* The firmware is not stopped by the RMP, so it goes by the page itself. */
static bool host_write(void *o, uint64_t spa, const void *in, size_t len)
{
	const uint8_t *from = in;

	if (!cf_memory_covers(o, spa, len))
		return false;
	while (len) {
		size_t offset = (size_t)(spa & (CF_PAGE_SIZE - 1));
		size_t n = CF_PAGE_SIZE - offset;
		uint8_t *page = cf_memory_page(o, spa - offset, 0, NULL);

		if (!page)
			return false;
		if (n > len)
			n = len;
		memcpy(page + offset, from, n);
		from += n;
		spa += n;
		len -= n;
	}
	return true;
}

static bool private_read(
	void *o, unsigned asid, uint64_t spa, void *out, size_t len)
{
	return cf_guest_read_private(o, asid, spa, out, len, NULL) == COFFER_OK;
}

static bool private_write(
	void *o, unsigned asid, uint64_t spa, const void *in, size_t len)
{
	return cf_guest_write_private(o, asid, spa, in, len, NULL) == COFFER_OK;
}

static bool encrypt(void *o, unsigned asid, uint64_t spa, size_t len)
{
	return cf_guest_encrypt_in_place(o, asid, spa, len, NULL) == COFFER_OK;
}

static bool set_key(void *o, unsigned asid, const uint8_t vek[CF_VEK_LEN])
{
	return cf_memory_set_key(o, asid, vek, NULL) == COFFER_OK;
}

static void clear_key(void *o, unsigned asid)
{
	cf_memory_clear_key(o, asid);
}

static bool rmp_enable(void *o)
{
	if (cf_rmp_enabled(o))
		cf_rmp_reset(o);
	return cf_rmp_enable(o, NULL) == COFFER_OK;
}

static bool rmp_get(void *o, uint64_t spa, struct cf_rmp_entry *out)
{
	return cf_rmp_get(o, spa, out);
}

static bool rmp_set(void *o, uint64_t spa, const struct cf_rmp_entry *e)
{
	return cf_rmp_set(o, spa, e);
}

void cf_sp_soft_memory_bind(
	struct cf_memory *mem, struct cf_sp_soft_memory *out)
{
	*out = (struct cf_sp_soft_memory) {
		.opaque = mem,
		.host_read = host_read,
		.host_write = host_write,
		.private_read = private_read,
		.private_write = private_write,
		.encrypt = encrypt,
		.set_key = set_key,
		.clear_key = clear_key,
		.max_asid = CF_MEMORY_MAX_ASID,
		.rmp_enable = rmp_enable,
		.rmp_get = rmp_get,
		.rmp_set = rmp_set,
	};
}
