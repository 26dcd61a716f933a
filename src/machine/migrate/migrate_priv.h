/* SPDX-License-Identifier: Apache-2.0 */
/* Sections of the stream, between the file that frames them and those that
 * fill them. */
#ifndef CF_MACHINE_MIGRATE_PRIV_H
#define CF_MACHINE_MIGRATE_PRIV_H

#include "base/buf.h"
#include "base/state.h"
#include "machine/migrate/migrate.h"

#define MIGRATE_NAME_LEN    16
#define MIGRATE_SECTION_MAX ((uint32_t)2 << 20)

struct cf_migrate_io {
	const struct cf_migrate_channel *channel;
	struct cf_migrate_progress *progress; /* NULL: nobody looks */
	struct cf_buf section;                /* the payload */
};

/* migrate_section.c: io->section goes out under this name, or comes in and
 * must have it.  Coming in, at most MIGRATE_SECTION_MAX bytes, and what they
 * hash to has been compared. */
enum coffer_status cf_migrate_put(struct cf_migrate_io *io, const char *name,
	uint32_t instance, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_migrate_take(struct cf_migrate_io *io, const char *name,
	uint32_t instance, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_migrate_put_header(
	struct cf_migrate_io *io, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_migrate_take_header(
	struct cf_migrate_io *io, struct coffer_error *err) CF_MUST_CHECK;

/* migrate_ram.c: all regions, in the order of the machine. */
enum coffer_status cf_migrate_save_ram(struct cf_machine *m,
	struct cf_migrate_io *io, struct coffer_error *err) CF_MUST_CHECK;
enum coffer_status cf_migrate_load_ram(struct cf_machine *m,
	struct cf_migrate_io *io, struct coffer_error *err) CF_MUST_CHECK;

#endif
