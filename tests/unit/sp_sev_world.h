/* SPDX-License-Identifier: Apache-2.0 */
/* A SEV or SEV-ES platform with one guest, for tests. */
#ifndef SP_SEV_WORLD_H
#define SP_SEV_WORLD_H

#include "test.h"

#include "crypto/sev_cert.h"
#include "crypto/sev_kdf.h"
#include "sp/soft/soft.h"
#include "sp_roots.h"

#define ASID   2
#define RAM    ((uint64_t)16 << 20)
#define ES     0x4u
#define NOSEND 0x8u
#define DOMAIN 0x10u
#define AREA   0x80000u /* where this test keeps what it passes */

static struct coffer_error err;

struct world {
	struct cf_memory *mem;
	struct cf_sp_soft *sp;
	struct cf_sp_guest *g;
};

static inline void open_world(struct world *w, const char *seed, bool es)
{
	const struct cf_sp_soft_config config = { .product = CF_SP_MILAN,
		.seed = (const uint8_t *)seed,
		.seed_len = strlen(seed),
		.ops = SP_ROOTS_OPS };

	*w = (struct world) { 0 };
	assert_ok(cf_memory_create(&w->mem, &err));
	assert_ok(cf_memory_add(w->mem, 0, RAM, CF_REGION_RAM, "ram", &err));
	assert_ok(cf_sp_soft_create(&config, &w->sp, &err));
	assert_ok(cf_sp_soft_guest_create(w->sp, w->mem,
		es ? CF_PLATFORM_SEV_ES : CF_PLATFORM_SEV, ASID, 2, &w->g,
		&err));
}

static inline void close_world(struct world *w)
{
	cf_sp_guest_destroy(w->g);
	cf_sp_soft_destroy(w->sp);
	cf_memory_destroy(w->mem);
}

static inline void put(struct world *w, uint64_t at, const void *p, size_t n)
{
	assert_ok(cf_guest_write(w->mem, at, p, n, &err));
}

static inline void get(struct world *w, uint64_t at, void *p, size_t n)
{
	assert_ok(cf_guest_read(w->mem, at, p, n, &err));
}

/* What an owner gives to LAUNCH_START. */
struct owner {
	struct cf_sev_keys keys;
	uint8_t cert[CF_SEV_CERT_LEN], session[CF_SEV_SESSION_LEN];
};

static inline void update(struct world *w, uint64_t gpa, size_t len)
{
	const struct cf_sp_update u = {
		.gpa = gpa, .len = len, .type = CF_PAGE_NORMAL
	};

	assert_ok(w->g->ops->launch_update(w->g, &u, &err));
}

static inline void start(
	struct world *w, uint32_t policy, const struct owner *o)
{
	struct cf_sp_launch l = {
		.platform = policy & ES ? CF_PLATFORM_SEV_ES : CF_PLATFORM_SEV,
		.policy = policy,
	};

	if (o) {
		l.dh_cert = o->cert;
		l.dh_cert_len = sizeof(o->cert);
		l.session = o->session;
		l.session_len = sizeof(o->session);
	}
	assert_ok(w->g->ops->launch_start(w->g, &l, &err));
}

static inline uint32_t call(
	struct world *w, uint32_t id, uint8_t *buf, size_t len)
{
	return cf_sp_soft_call(w->sp, id, buf, len);
}

#endif
