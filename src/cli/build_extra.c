/* SPDX-License-Identifier: Apache-2.0 */
/* coffer build: options for what a file holds besides the firmware. */
#include "cli/build_priv.h"

#include "base/base.h"
#include "image/image.h"

#include <string.h>

/* "0x806000", "64K": up to the end character, which is skipped. */
static bool take_number(const char **at, char end, bool is_size, uint64_t *out)
{
	const char *stop = strchr(*at, end);
	char text[32];

	if (!stop || (size_t)(stop - *at) >= sizeof(text))
		return false;
	memcpy(text, *at, (size_t)(stop - *at));
	text[stop - *at] = 0;
	*at = stop + 1;
	return is_size ? cf_parse_size(text, 1, out)
		       : cf_parse_u64(text, UINT64_MAX, out);
}

/* "NAME[@OFFSET]" of the comma-separated list at *at. */
static bool take_use(const char **at, struct cf_build_area *area)
{
	size_t len = strcspn(*at, ",");
	char text[48], *offset;
	uint64_t v = 0;
	uint32_t type;

	if (len >= sizeof(text) || area->nuses == CF_BUILD_MAX_USES)
		return false;
	memcpy(text, *at, len);
	text[len] = 0;
	*at += len + ((*at)[len] == ',');
	offset = strchr(text, '@');
	if (offset) {
		*offset++ = 0;
		if (!cf_parse_u64(offset, UINT32_MAX, &v))
			return false;
	}
	type = cf_build_parameter_type(text);
	if (!type)
		return false;
	area->use[area->nuses].type = (enum cf_igvm_type)type;
	area->use[area->nuses++].offset = (uint32_t)v;
	return true;
}

/* GPA[:SIZE]=NAME[@OFFSET],... */
static bool parse_area(const char *text, struct cf_build_area *area)
{
	const char *colon = strchr(text, ':'), *equals = strchr(text, '=');
	bool sized = colon && equals && colon < equals;

	*area = (struct cf_build_area) { .size = CF_PAGE_SIZE };
	if (!take_number(&text, sized ? ':' : '=', false, &area->gpa))
		return false;
	if (sized && !take_number(&text, '=', true, &area->size))
		return false;
	while (*text)
		if (!take_use(&text, area))
			return false;
	return area->nuses > 0;
}

static int parse_entry(const struct cli_args *args, struct cf_build_params *p)
{
	const char *entry = cli_get(args, "native-entry");
	const char *comma = entry ? strchr(entry, ',') : NULL;

	if (!entry)
		return -1;
	p->has_native_entry = true;
	p->page_tables = 0x1000;
	if (comma ? take_number(&entry, ',', false, &p->native_entry) &&
				cf_parse_u64(entry, UINT64_MAX, &p->page_tables)
		  : cf_parse_u64(entry, UINT64_MAX, &p->native_entry))
		return -1;
	return cli_usage(args->command,
		"--native-entry '%s': must be ADDRESS[,PAGE-TABLES]",
		cli_get(args, "native-entry"));
}

int cli_build_extra(const struct cli_args *args, struct cf_build_params *p)
{
	const char *text;

	for (size_t i = 0; (text = cli_get_nth(args, "parameters", i)); i++) {
		if (i == CF_BUILD_MAX_AREAS)
			return cli_usage(args->command,
				"--parameters: more than %d areas",
				CF_BUILD_MAX_AREAS);
		if (!parse_area(text, &p->area[p->nareas++]))
			return cli_usage(args->command,
				"--parameters '%s': must be "
				"GPA[:SIZE]=NAME[@OFFSET],...; names: "
				"vp-count, memory-map, madt, srat, slit, pptt, "
				"mmio-ranges, command-line, device-tree, "
				"environment",
				text);
	}
	return parse_entry(args, p);
}

enum coffer_status cli_build_hashes(const struct cli_args *args,
	struct cf_kernel_hashes *out, struct coffer_error *err)
{
	const char *initrd_path = cli_get(args, "initrd");
	struct cf_mapping kernel = { 0 }, initrd = { 0 };
	enum coffer_status status =
		cf_map_file(cli_get(args, "kernel"), &kernel, err);

	if (!status && initrd_path)
		status = cf_map_file(initrd_path, &initrd, err);
	if (!status)
		status = cf_kernel_hashes_make(kernel.data, kernel.len,
			initrd.data, initrd.len, cli_get(args, "append"), out,
			err);
	cf_unmap_file(&initrd);
	cf_unmap_file(&kernel);
	return status;
}
