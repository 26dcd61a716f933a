/* SPDX-License-Identifier: Apache-2.0 */
/* A flat memory for tests of the software processor: cipher text always, one
 * RMP entry a page.  Nothing of it is the library's memory.  It notes which
 * pages change, so that it can be put back fast. */
#ifndef SP_MEM_H
#define SP_MEM_H

#include "base/base.h"
#include "crypto/crypto.h"
#include "sp/soft/soft.h"

#ifndef SP_MEM_PAGES
#define SP_MEM_PAGES 64
#endif
#define SP_MEM_LEN (SP_MEM_PAGES * CF_PAGE_SIZE)

/* The fuzzer is to see the firmware, not this memory: without its
 * instrumentation an input takes a third of the time. */
#if defined(__clang__)
#define SP_MEM_PLAIN __attribute__((no_sanitize("coverage", "address")))
#else
#define SP_MEM_PLAIN
#endif

struct sp_mem {
	uint8_t raw[SP_MEM_LEN];
	struct cf_rmp_entry rmp[SP_MEM_PAGES];
	uint8_t key[CF_MEMORY_MAX_ASID + 1][CF_VEK_LEN];
	bool has_key[CF_MEMORY_MAX_ASID + 1];
	bool rmp_on;
	uint8_t dirty[SP_MEM_PAGES];
	size_t ndirty, dirty_page[SP_MEM_PAGES];
};

SP_MEM_PLAIN static inline void sp_mem_note(
	struct sp_mem *m, uint64_t spa, size_t n)
{
	size_t page = (size_t)(spa / CF_PAGE_SIZE);

	for (; n && page <= (spa + n - 1) / CF_PAGE_SIZE; page++)
		if (!m->dirty[page]) {
			m->dirty[page] = 1;
			m->dirty_page[m->ndirty++] = page;
		}
}

/* Nothing has changed yet. */
static inline void sp_mem_clean(struct sp_mem *m)
{
	memset(m->dirty, 0, sizeof(m->dirty));
	m->ndirty = 0;
}

/* As `from` was; m differs from it in noted pages only. */
SP_MEM_PLAIN static inline void sp_mem_restore(
	struct sp_mem *m, const struct sp_mem *from)
{
	while (m->ndirty) {
		size_t page = m->dirty_page[--m->ndirty];

		memcpy(m->raw + page * CF_PAGE_SIZE,
			from->raw + page * CF_PAGE_SIZE, CF_PAGE_SIZE);
		m->rmp[page] = from->rmp[page];
		m->dirty[page] = 0;
	}
	memcpy(m->key, from->key, sizeof(m->key));
	memcpy(m->has_key, from->has_key, sizeof(m->has_key));
	m->rmp_on = from->rmp_on;
}

/* XOR with a stream of the key and the address: fast, and noise elsewhere. */
SP_MEM_PLAIN static inline void sp_mem_mask(const struct sp_mem *m,
	unsigned asid, uint64_t spa, uint8_t *p, size_t n)
{
	uint64_t key, word;

	memcpy(&key, m->key[asid], sizeof(key));
	while (n) {
		size_t skip = (size_t)(spa % 8), len = 8 - skip;
		uint64_t stream = (spa - skip + key) * (key | 1) *
			UINT64_C(0x9E3779B97F4A7C15);

		if (len > n)
			len = n;
		stream ^= stream >> 32;
		if (len == 8) {
			memcpy(&word, p, 8);
			word ^= stream;
			memcpy(p, &word, 8);
		} else {
			for (size_t i = 0; i < len; i++)
				p[i] ^= (uint8_t)(stream >> 8 * (skip + i));
		}
		p += len;
		spa += len;
		n -= len;
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
	sp_mem_note(m, spa, n);
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
	sp_mem_note(m, spa, n);
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

SP_MEM_PLAIN static inline bool sp_mem_rmp_get(
	void *o, uint64_t spa, struct cf_rmp_entry *out)
{
	const struct sp_mem *m = o;

	if (spa >= SP_MEM_LEN)
		return false;
	*out = m->rmp_on ? m->rmp[spa / CF_PAGE_SIZE]
			 : (struct cf_rmp_entry) { 0 };
	return true;
}

SP_MEM_PLAIN static inline bool sp_mem_rmp_set(
	void *o, uint64_t spa, const struct cf_rmp_entry *e)
{
	struct sp_mem *m = o;

	size_t at = (size_t)(spa / CF_PAGE_SIZE), n = e->large ? 512 : 1;

	if (spa >= SP_MEM_LEN || !m->rmp_on || n > SP_MEM_PAGES - at ||
		(e->large && (at % 512 || e->gpa % CF_RMP_LARGE)) ||
		(!e->large && m->rmp[at].large))
		return false;
	for (size_t i = 0; i < n; i++) {
		m->rmp[at + i] = *e;
		m->rmp[at + i].large = e->large && e->assigned;
		m->rmp[at + i].gpa += e->asid ? i * CF_PAGE_SIZE : 0;
	}
	sp_mem_note(m, spa, n * CF_PAGE_SIZE);
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
