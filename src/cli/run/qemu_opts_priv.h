/* SPDX-License-Identifier: Apache-2.0 */
/* qemu_resolve.c and qemu_firmware.c: what they share. */
#ifndef CF_CLI_QEMU_OPTS_PRIV_H
#define CF_CLI_QEMU_OPTS_PRIV_H

#include "cli/run/qemu_opts.h"

/* The object that a machine property names, of a type that begins with prefix;
 * NULL when not given. */
enum coffer_status qemu_named_object(const struct qemu_options *o,
	const char *prop, const char *prefix, const struct qemu_set **out,
	struct coffer_error *err) CF_MUST_CHECK;

/* IGVM file, flash drives and -bios: which there are, and what they exclude. */
enum coffer_status qemu_find_firmware(
	struct qemu_options *o, struct coffer_error *err) CF_MUST_CHECK;

#endif
