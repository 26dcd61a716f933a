/* SPDX-License-Identifier: Apache-2.0 */
/* An SNP guest with a page of text and its secrets page, running on a
 * simulated Genoa; and the host's hand on the RMP. */
#ifndef SP_WORLD_H
#define SP_WORLD_H

#include "test.h"

#include "crypto/crypto.h"
#include "sp/soft/soft.h"

#define RAM     ((uint64_t)16 << 20)
#define SECRETS 0x2000
#define ASID    1

static struct coffer_error err;

struct world {
	struct cf_memory *mem;
	struct cf_sp_soft *sp;
	struct cf_sp_guest *g;
	uint64_t gctx;
};

static inline uint64_t gctx_of(unsigned asid)
{
	return CF_SP_HOST_AREA + asid * ((uint64_t)64 << 20);
}

static inline void open_world(struct world *w, uint64_t policy)
{
	const struct cf_sp_soft_config config = { .product = CF_SP_GENOA,
		.seed = (const uint8_t *)"page",
		.seed_len = 4 };
	const struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV_SNP,
		.policy = policy };
	const struct cf_sp_finish f = { 0 };
	struct cf_sp_update u = { .len = CF_PAGE_SIZE };
	uint8_t page[CF_PAGE_SIZE];

	*w = (struct world) { .gctx = gctx_of(ASID) };
	assert_ok(cf_memory_create(&w->mem, &err));
	assert_ok(cf_memory_add(w->mem, 0, RAM, CF_REGION_RAM, "ram", &err));
	assert_ok(cf_sp_soft_create(&config, &w->sp, &err));
	assert_ok(cf_sp_soft_guest_create(
		w->sp, w->mem, CF_PLATFORM_SEV_SNP, ASID, 1, &w->g, &err));
	assert_ok(w->g->ops->launch_start(w->g, &l, &err));
	memset(page, 0x31, sizeof(page));
	u.type = CF_PAGE_NORMAL;
	u.gpa = 0x1000;
	assert_ok(cf_guest_write(w->mem, u.gpa, page, sizeof(page), &err));
	assert_ok(w->g->ops->launch_update(w->g, &u, &err));
	u.type = CF_PAGE_SECRETS;
	u.gpa = SECRETS;
	assert_ok(w->g->ops->launch_update(w->g, &u, &err));
	assert_ok(w->g->ops->launch_finish(w->g, &f, &err));
}

static inline void close_world(struct world *w)
{
	cf_sp_guest_destroy(w->g);
	cf_sp_soft_destroy(w->sp);
	cf_memory_destroy(w->mem);
}

static inline void rmp(struct world *w, uint64_t spa, struct cf_rmp_entry e)
{
	assert_true(cf_rmp_set(w->mem, spa, &e));
}

static inline void firmware_page(struct world *w, uint64_t spa)
{
	rmp(w, spa,
		(struct cf_rmp_entry) { .assigned = true, .immutable = true });
}

static inline void pre_guest(struct world *w, uint64_t spa, uint64_t gpa)
{
	rmp(w, spa,
		(struct cf_rmp_entry) { .assigned = true,
			.immutable = true,
			.asid = ASID,
			.gpa = gpa });
}

static inline void freeze(struct world *w, uint64_t spa)
{
	struct cf_rmp_entry e;

	assert_true(cf_rmp_get(w->mem, spa, &e));
	e.immutable = true;
	rmp(w, spa, e);
}

static inline uint32_t call(
	struct world *w, uint32_t id, uint8_t *buf, size_t len)
{
	return cf_sp_soft_call(w->sp, id, buf, len);
}

#endif
