/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptions of IGVM files.  One that is accepted gives a file; that file's
 * own description gives the same bytes.
 */
#include "base/base.h"
#include "igvmkit/igvmkit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct source {
	const uint8_t *data;
	size_t len;
};

static enum coffer_status load(void *opaque, const char *name,
	const uint8_t **data, size_t *len, struct coffer_error *e)
{
	const struct source *s = opaque;

	*data = s->data;
	*len = s->len;
	return COFFER_OK;
}

static void must(bool truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t part[64] = "what a manifest can take data from";
	struct source source = { part, sizeof(part) };
	struct cf_manifest_files files = { &source, load };
	struct cf_buf file = { 0 }, text = { 0 }, again = { 0 };
	struct coffer_error err = { 0 };
	struct cf_igvm *f = NULL;

	/* A page count alone can ask for gigabytes; that is no finding. */
	if (len < 4096 &&
		!cf_manifest_read(
			(const char *)data, len, &files, &file, &err)) {
		source = (struct source) { file.data, file.len };
		must(!cf_igvm_parse(file.data, file.len, &f, NULL));
		must(!cf_manifest_write(f, file.data, "f", &text, NULL));
		must(!cf_manifest_read((const char *)text.data, text.len,
			&files, &again, NULL));
		must(again.len == file.len &&
			memcmp(again.data, file.data, file.len) == 0);
	} else if (len < 4096) {
		must(err.msg[0]);
	}
	cf_igvm_destroy(f);
	cf_buf_finish(&file);
	cf_buf_finish(&text);
	cf_buf_finish(&again);
	return 0;
}
