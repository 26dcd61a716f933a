/* SPDX-License-Identifier: Apache-2.0 */
/* An IGVM file that somebody named, or what he named instead. */
#include "cli/igvm_file.h"

#include "base/base.h"
#include "igvm/igvm.h"
#include "image/image.h"

/* One with tables at its end: the other way that these commands take a guest. */
static bool is_firmware(const struct cf_mapping *m)
{
	struct coffer_error ignored;
	struct cf_ovmf ovmf;

	return cf_ovmf_parse(m->data, m->len, &ovmf, &ignored) == COFFER_OK &&
		(ovmf.has_reset_eip || ovmf.has_sev_metadata);
}

enum coffer_status cli_parse_igvm(const struct cf_mapping *m,
	struct cf_igvm **file, struct coffer_error *err)
{
	const enum coffer_status st = cf_igvm_parse(m->data, m->len, file, err);

	if (st && is_firmware(m))
		return cf_fail(err, st,
			"a firmware image, not an IGVM file: 'coffer measure "
			"--ovmf' measures it, 'coffer build --firmware' makes "
			"an IGVM file of it");
	return st;
}
