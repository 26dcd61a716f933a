/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the firmware comes from: an IGVM file, flash drives or -bios.
 *
 * Source: QEMU's documentation, "IGVM support" and "Invocation".
 */
#include "cli/run/qemu_opts_priv.h"

#include "base/base.h"

#include <inttypes.h>
#include <string.h>

enum coffer_status qemu_named_object(const struct qemu_options *o,
	const char *prop, const char *prefix, const struct qemu_set **out,
	struct coffer_error *err)
{
	const char *id = qemu_get(&o->machine, prop);

	*out = NULL;
	if (!id)
		return COFFER_OK;
	*out = qemu_find_id(&o->object, id);
	if (!*out)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-machine %s=%s: no object has the id '%s'; add "
			"-object %s...,id=%s",
			prop, id, id, prefix, id);
	if (strncmp((*out)->type->name, prefix, strlen(prefix)) != 0)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-machine %s=%s: object '%s' is a %s, not a %s...",
			prop, id, id, (*out)->type->name, prefix);
	return COFFER_OK;
}

/* A flash drive to its unit: as told, or the next. */
static enum coffer_status add_pflash(struct qemu_options *o,
	const struct qemu_set *d, struct coffer_error *err)
{
	const char *key = qemu_was_given(d, "unit") ? "unit" : "index";
	uint64_t unit = o->pflash[0] ? 1 : 0;

	if (qemu_was_given(d, key))
		unit = qemu_get_u64(d, key);
	if (unit >= CF_ARRAY_LEN(o->pflash))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-drive if=pflash: unit %" PRIu64
			"; there are units 0 and 1",
			unit);
	if (o->pflash[unit])
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-drive if=pflash: unit %" PRIu64 " is given twice",
			unit);
	o->pflash[unit] = d;
	return COFFER_OK;
}

static enum coffer_status find_drives(
	struct qemu_options *o, struct coffer_error *err)
{
	enum coffer_status s = COFFER_OK;

	for (size_t i = 0; i < o->drive.n && s == COFFER_OK; i++) {
		const struct qemu_set *d = &o->drive.set[i];
		bool pflash = strcmp(qemu_get(d, "if"), "pflash") == 0;

		if (!qemu_get(d, "file"))
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"-drive: needs file=PATH");
		if (qemu_get_bool(d, "snapshot") && !pflash)
			return cf_fail(err, COFFER_ERR_UNSUPPORTED,
				"-drive snapshot=on: only with if=pflash; "
				"use readonly=on or a copy of the file");
		if (pflash)
			s = add_pflash(o, d, err);
	}
	if (s)
		return s;
	if (o->pflash[1] && !o->pflash[0])
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-drive if=pflash: unit 1 needs unit 0, which the "
			"guest starts from");
	if (o->pflash[0] && o->bios)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-bios cannot be given with -drive if=pflash; the "
			"flash holds the firmware");
	return COFFER_OK;
}

enum coffer_status qemu_find_firmware(
	struct qemu_options *o, struct coffer_error *err)
{
	enum coffer_status s =
		qemu_named_object(o, "igvm-cfg", "igvm-cfg", &o->igvm, err);

	if (s || (s = find_drives(o, err)))
		return s;
	if (!o->igvm)
		return COFFER_OK;
	if (!qemu_get(o->igvm, "file"))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-object igvm-cfg: needs file=PATH");
	if (o->pflash[0])
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-drive if=pflash: pflash devices cannot be "
			"configured when using IGVM; the file holds the "
			"firmware");
	if (o->bios)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"-bios cannot be given with igvm-cfg; the file holds "
			"the firmware");
	return COFFER_OK;
}
