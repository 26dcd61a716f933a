/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine that stands still as a stream of bytes, and the way back: live
 * migration, and snapshots in a file.  The form is in docs/migration.md.
 */
#ifndef CF_MACHINE_MIGRATE_H
#define CF_MACHINE_MIGRATE_H

#include "machine/machine.h"

#include <stdatomic.h>

/* The bytes' way; each call takes or brings all of them or fails. */
struct cf_migrate_channel {
	void *opaque;
	enum coffer_status (*write)(void *opaque, const void *p, size_t n,
		struct coffer_error *err);
	enum coffer_status (*read)(
		void *opaque, void *p, size_t n, struct coffer_error *err);
};

/* What another thread may look at meanwhile. */
struct cf_migrate_progress {
	_Atomic uint64_t total; /* bytes of guest memory */
	_Atomic uint64_t done;  /* of these */
	_Atomic uint64_t zero_pages, normal_pages;
	_Atomic uint64_t sent; /* bytes of the stream */
	atomic_bool cancel;    /* give up soon: COFFER_ERR_STATE */
};

/* COFFER_OK, or why this machine cannot be migrated, in words. */
enum coffer_status cf_machine_can_migrate(
	struct cf_machine *m, struct coffer_error *err) CF_MUST_CHECK;

/* Write all of a paused machine.  Its devices do nothing meanwhile. */
enum coffer_status cf_machine_save(struct cf_machine *m,
	const struct cf_migrate_channel *to,
	struct cf_migrate_progress *progress,
	struct coffer_error *err) CF_MUST_CHECK;

/*
 * Read one into a machine that was made and loaded from the same description
 * and has not run.  The stream is not trusted; after a failure the machine is
 * only good to be destroyed.  The machine is left paused.
 */
enum coffer_status cf_machine_load(struct cf_machine *m,
	const struct cf_migrate_channel *from,
	struct coffer_error *err) CF_MUST_CHECK;

#endif
