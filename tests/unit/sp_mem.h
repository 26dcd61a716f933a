/* SPDX-License-Identifier: Apache-2.0 */
/* A flat memory for tests of the software processor: cipher text always, one
 * RMP entry a page.  Nothing of it is the library's memory. */
#ifndef SP_MEM_H
#define SP_MEM_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "sp/soft/soft.h"

#ifndef SP_MEM_PAGES
#define SP_MEM_PAGES 64
#endif
#define SP_MEM_LEN (SP_MEM_PAGES * CF_PAGE_SIZE)

struct sp_mem {
	uint8_t raw[SP_MEM_LEN];
	struct cf_rmp_entry rmp[SP_MEM_PAGES];
	uint8_t key[CF_MEMORY_MAX_ASID + 1][CF_VEK_LEN];
	bool has_key[CF_MEMORY_MAX_ASID + 1];
	bool rmp_on;
};

/* XOR with a stream of the key and the address: fast, and noise elsewhere. */
static inline void sp_mem_mask(const struct sp_mem *m, unsigned asid,
	uint64_t spa, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t at = spa + i;

		p[i] ^= (uint8_t)(m->key[asid][at % CF_VEK_LEN] ^ at ^ at >> 8 ^
			(at >> 12) * 13);
	}
}

static inline bool sp_mem_read(void *o, uint64_t spa, void *out, size_t n)
{
	const struct sp_mem *m = o;

	if (!cf_range_ok(spa, n, SP_MEM_LEN))
		return false;
	memcpy(out, m->raw + spa, n);
	return true;
}

static inline bool sp_mem_write(void *o, uint64_t spa, const void *in, size_t n)
{
	struct sp_mem *m = o;

	if (!cf_range_ok(spa, n, SP_MEM_LEN))
		return false;
	memcpy(m->raw + spa, in, n);
	return true;
}

static inline bool sp_mem_private_read(
	void *o, unsigned asid, uint64_t spa, void *out, size_t n)
{
	const struct sp_mem *m = o;

	if (!m->has_key[asid] || !sp_mem_read(o, spa, out, n))
		return false;
	sp_mem_mask(m, asid, spa, out, n);
	return true;
}

static inline bool sp_mem_encrypt(
	void *o, unsigned asid, uint64_t spa, size_t n)
{
	struct sp_mem *m = o;

	if (!m->has_key[asid] || !cf_range_ok(spa, n, SP_MEM_LEN))
		return false;
	sp_mem_mask(m, asid, spa, m->raw + spa, n);
	return true;
}

static inline bool sp_mem_private_write(
	void *o, unsigned asid, uint64_t spa, const void *in, size_t n)
{
	return sp_mem_write(o, spa, in, n) && sp_mem_encrypt(o, asid, spa, n);
}

static inline bool sp_mem_set_key(
	void *o, unsigned asid, const uint8_t vek[CF_VEK_LEN])
{
	struct sp_mem *m = o;

	memcpy(m->key[asid], vek, CF_VEK_LEN);
	m->has_key[asid] = true;
	return true;
}

static inline void sp_mem_clear_key(void *o, unsigned asid)
{
	struct sp_mem *m = o;

	m->has_key[asid] = false;
}

static inline bool sp_mem_rmp_enable(void *o)
{
	struct sp_mem *m = o;

	m->rmp_on = true;
	return true;
}

static inline bool sp_mem_rmp_get(
	void *o, uint64_t spa, struct cf_rmp_entry *out)
{
	const struct sp_mem *m = o;

	if (spa >= SP_MEM_LEN)
		return false;
	*out = m->rmp_on ? m->rmp[spa / CF_PAGE_SIZE]
			 : (struct cf_rmp_entry) { 0 };
	return true;
}

static inline bool sp_mem_rmp_set(
	void *o, uint64_t spa, const struct cf_rmp_entry *e)
{
	struct sp_mem *m = o;

	if (spa >= SP_MEM_LEN || !m->rmp_on)
		return false;
	m->rmp[spa / CF_PAGE_SIZE] = *e;
	return true;
}

static inline void sp_mem_bind(struct sp_mem *m, struct cf_sp_soft_memory *out)
{
	*out = (struct cf_sp_soft_memory) {
		.opaque = m,
		.host_read = sp_mem_read,
		.host_write = sp_mem_write,
		.private_read = sp_mem_private_read,
		.private_write = sp_mem_private_write,
		.encrypt = sp_mem_encrypt,
		.set_key = sp_mem_set_key,
		.clear_key = sp_mem_clear_key,
		.max_asid = CF_MEMORY_MAX_ASID,
		.rmp_enable = sp_mem_rmp_enable,
		.rmp_get = sp_mem_rmp_get,
		.rmp_set = sp_mem_rmp_set,
	};
}

#endif
