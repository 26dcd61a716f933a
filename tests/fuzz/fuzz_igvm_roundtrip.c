/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the reader accepts the writer can write; reading that gives the same
 * headers and data, and writing it again the same bytes.
 */
#include "igvm_input.h"

#include "igvm/igvm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void rewrite(const struct cf_igvm *f, struct cf_buf *out)
{
	struct cf_igvm_writer *w = NULL;
	struct cf_igvm_header h;

	must(!cf_igvm_writer_create(
		cf_igvm_format_version(f), cf_igvm_arch(f), &w, NULL));
	for (unsigned s = 0; s < CF_IGVM_NSECTIONS; s++)
		for (size_t i = 0; i < cf_igvm_count(f, s); i++) {
			cf_igvm_get(f, s, i, &h);
			must(!cf_igvm_writer_add(w, &h, NULL));
		}
	must(!cf_igvm_writer_finish(w, out, NULL));
	cf_igvm_writer_destroy(w);
}

static void same_header(struct cf_igvm_header *a, struct cf_igvm_header *b)
{
	struct cf_igvm_field_view x, y;

	must(a->type == b->type && a->optional == b->optional);
	must(a->data_len == b->data_len);
	must(!a->data_len || memcmp(a->data, b->data, a->data_len) == 0);
	if (!cf_igvm_type_known(a->type)) {
		must(a->u.opaque.len == b->u.opaque.len);
		must(memcmp(a->u.opaque.bytes, b->u.opaque.bytes,
			     a->u.opaque.len) == 0);
	}
	for (size_t i = 0; cf_igvm_field_at(a, i, &x); i++) {
		must(cf_igvm_field_at(b, i, &y) && x.value == y.value);
		must(!x.is_bytes || memcmp(x.bytes, y.bytes, x.size) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *p = igvm_input(data, len);
	struct cf_buf once = { 0 }, twice = { 0 };
	struct cf_igvm *a = NULL, *b = NULL;
	struct cf_igvm_header x, y;

	if (!p || cf_igvm_parse(p, len, &a, NULL)) {
		free(p);
		return 0;
	}
	rewrite(a, &once);
	must(!cf_igvm_parse(once.data, once.len, &b, NULL));
	for (unsigned s = 0; s < CF_IGVM_NSECTIONS; s++) {
		must(cf_igvm_count(a, s) == cf_igvm_count(b, s));
		for (size_t i = 0; i < cf_igvm_count(a, s); i++) {
			cf_igvm_get(a, s, i, &x);
			cf_igvm_get(b, s, i, &y);
			same_header(&x, &y);
		}
	}
	rewrite(b, &twice);
	must(once.len == twice.len &&
		memcmp(once.data, twice.data, once.len) == 0);
	cf_igvm_destroy(a);
	cf_igvm_destroy(b);
	cf_buf_finish(&once);
	cf_buf_finish(&twice);
	free(p);
	return 0;
}
