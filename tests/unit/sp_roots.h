/* SPDX-License-Identifier: Apache-2.0 */
/* Storage for tests of the software processor: only the simulated roots are
 * kept, in a directory of the build, since RSA keys are slow to make. */
#ifndef SP_ROOTS_H
#define SP_ROOTS_H

#include "test.h"

#include "sp/soft/soft.h"
#include "sp/soft/state_dir.h"

static struct cf_sp_state *sp_roots_dir;

static inline bool sp_roots_keeps(const char *record)
{
	return strncmp(record, "roots/", 6) == 0;
}

static inline enum coffer_status sp_roots_load(void *opaque, const char *record,
	uint8_t **data, size_t *len, struct coffer_error *e)
{
	struct cf_sp_soft_ops ops = { 0 };

	*data = NULL;
	if (!sp_roots_keeps(record))
		return COFFER_OK;
	cf_sp_state_ops(sp_roots_dir, &ops);
	return ops.load(ops.opaque, record, data, len, e);
}

static inline enum coffer_status sp_roots_store(void *opaque,
	const char *record, const uint8_t *data, size_t len,
	struct coffer_error *e)
{
	struct cf_sp_soft_ops ops = { 0 };

	if (!sp_roots_keeps(record))
		return COFFER_OK;
	cf_sp_state_ops(sp_roots_dir, &ops);
	return ops.store(ops.opaque, record, data, len, e);
}

static inline void sp_roots_lock(void *opaque, bool take)
{
	struct cf_sp_soft_ops ops = { 0 };

	cf_sp_state_ops(sp_roots_dir, &ops);
	ops.lock(ops.opaque, take);
}

#define SP_ROOTS_OPS                                            \
	{                                                       \
		.load = sp_roots_load, .store = sp_roots_store, \
		.lock = sp_roots_lock                           \
	}

static inline int sp_roots_open(void **state)
{
	const char *root = getenv("COFFER_BUILD_ROOT");
	struct coffer_error e;
	char path[4096];

	snprintf(path, sizeof(path), "%s/sim-state", root ? root : "/tmp");
	return cf_sp_state_open(path, &sp_roots_dir, &e) ? -1 : 0;
}

static inline int sp_roots_close(void **state)
{
	cf_sp_state_close(sp_roots_dir);
	return 0;
}

#endif
