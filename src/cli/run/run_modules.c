/* SPDX-License-Identifier: Apache-2.0 */
/* The list of modules that -initrd is for a multiboot kernel. */
#include "cli/run/run_priv.h"

#include "image/bzimage.h"
#include "image/multiboot.h"

#include <string.h>

bool run_takes_modules(const struct run *r)
{
	return !r->igvm && !r->firmware.len &&
		!cf_bzimage_is(r->kernel.data, r->kernel.len) &&
		cf_multiboot_is(r->kernel.data, r->kernel.len);
}

/* "FILE" or "FILE ARGUMENTS"; all of it is the module's string. */
static enum coffer_status map_module(
	struct run *r, const char *item, size_t len, struct coffer_error *err)
{
	struct cf_kernel_module *m = &r->module[r->nmodules];
	CF_CLEANUP(cf_free_ptr) char *path = NULL;
	char *text;
	enum coffer_status s;

	if (r->nmodules == CF_MAX_MODULES)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"-initrd: more than %d modules", CF_MAX_MODULES);
	text = r->module_text[r->nmodules] = strndup(item, len);
	path = text ? strndup(text, strcspn(text, " ")) : NULL;
	if (!path)
		return cf_fail_nomem(err, "module");
	s = cf_map_file(path, &r->module_file[r->nmodules], err);
	if (s)
		return s;
	*m = (struct cf_kernel_module) {
		.bytes = r->module_file[r->nmodules].data,
		.len = r->module_file[r->nmodules].len,
		.text = text,
	};
	r->nmodules++;
	return COFFER_OK;
}

enum coffer_status run_map_modules(struct run *r, struct coffer_error *err)
{
	const char *list = r->opts.initrd;
	enum coffer_status s = COFFER_OK;

	while (*list && s == COFFER_OK) {
		size_t n = strcspn(list, ",");

		s = map_module(r, list, n, err);
		list += n + (list[n] == ',');
	}
	return s;
}

void run_unmap_modules(struct run *r)
{
	for (size_t i = 0; i < CF_MAX_MODULES; i++) {
		cf_unmap_file(&r->module_file[i]);
		free(r->module_text[i]);
		r->module_text[i] = NULL;
	}
}
