/* SPDX-License-Identifier: Apache-2.0 */
/* coffer build --manifest: the files that a description names. */
#include "cli/build_priv.h"

#include "base/base.h"
#include "igvmkit/igvmkit.h"

#include <stdio.h>
#include <string.h>

struct part {
	char *path;
	struct cf_mapping m;
};

struct parts {
	const char *manifest; /* names are relative to its folder */
	struct part *part;
	size_t n, cap;
};

/* The path of a name, owned. */
static char *path_of(const struct parts *p, const char *name)
{
	const char *slash = strrchr(p->manifest, '/');
	struct cf_buf b = { 0 };

	if (name[0] != '/' && slash)
		cf_buf_append(
			&b, p->manifest, (size_t)(slash - p->manifest) + 1);
	cf_buf_append(&b, name, strlen(name) + 1);
	if (b.failed)
		cf_buf_finish(&b);
	return (char *)b.data;
}

/* Each file is mapped once. */
static enum coffer_status load(void *opaque, const char *name,
	const uint8_t **data, size_t *len, struct coffer_error *err)
{
	struct parts *p = opaque;
	char *path = path_of(p, name);
	enum coffer_status status;
	size_t i = 0;

	if (!path ||
		!cf_grow_array(&p->part, &p->cap, p->n + 1, sizeof(*p->part))) {
		free(path);
		return cf_fail_nomem(err, "the list of files");
	}
	while (i < p->n && strcmp(p->part[i].path, path) != 0)
		i++;
	if (i < p->n) {
		free(path);
	} else {
		status = cf_map_file(path, &p->part[i].m, err);
		if (status) {
			free(path);
			return status;
		}
		p->part[i].path = path;
		p->n++;
	}
	*data = p->part[i].m.data;
	*len = p->part[i].m.len;
	return COFFER_OK;
}

enum coffer_status cli_build_manifest(
	const char *path, struct cf_buf *out, struct coffer_error *err)
{
	struct parts parts = { .manifest = path };
	struct cf_manifest_files files = { &parts, load };
	struct cf_mapping m = { 0 };
	enum coffer_status status = cf_map_file(path, &m, err);

	if (status)
		return status;
	status =
		cf_manifest_read((const char *)m.data, m.len, &files, out, err);
	if (status)
		cf_error_context(err, status, "%s", path);
	for (size_t i = 0; i < parts.n; i++) {
		cf_unmap_file(&parts.part[i].m);
		free(parts.part[i].path);
	}
	free(parts.part);
	cf_unmap_file(&m);
	return status;
}
