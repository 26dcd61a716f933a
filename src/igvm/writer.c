/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer: headers are encoded as they are added, data goes to a store
 * that keeps equal blobs once, and file offsets are filled in at the end, when
 * the size of all headers is known.  The layout is the reference serializer's:
 * data in the order of initialization headers, then directives, without gaps.
 */
#include "igvm/igvm_priv.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/bytes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct blob {
	uint8_t *data; /* owned */
	size_t len;
	uint64_t hash;
	uint32_t offset; /* in the file; 0: not placed yet */
};

/* A file_offset to fill in. */
struct fixup {
	size_t at;   /* of the field, in the section's bytes */
	size_t blob; /* index */
};

struct section {
	struct cf_buf tlv;
	struct fixup *fixup;
	size_t nfixups, cap;
};

struct cf_igvm_writer {
	unsigned version;
	enum cf_igvm_arch arch;
	struct section section[CF_IGVM_NSECTIONS];
	struct blob *blob;
	size_t nblobs, blob_cap;
	size_t *slot; /* hash table of blob index + 1; 0: free */
	size_t nslots;
	/* What is needed to know the kind of a VP context. */
	struct cf_igvm platforms;
	enum cf_igvm_section last; /* where the latest addition went */
};

static uint64_t hash_bytes(const uint8_t *p, size_t len)
{
	uint64_t h = len * UINT64_C(0x9E3779B97F4A7C15);

	for (; len >= 8; p += 8, len -= 8)
		h = (h ^ cf_load_le64(p)) * UINT64_C(0xFF51AFD7ED558CCD) ^
			h >> 29;
	for (; len; p++, len--)
		h = (h ^ *p) * UINT64_C(0xFF51AFD7ED558CCD);
	return h ^ h >> 32;
}

static bool grow_slots(struct cf_igvm_writer *w)
{
	size_t n = w->nslots ? w->nslots * 2 : 64;
	size_t *slot = cf_alloc_array(n, sizeof(*slot));

	if (!slot)
		return false;
	for (size_t i = 0; i < w->nblobs; i++) {
		size_t at = w->blob[i].hash & (n - 1);

		while (slot[at])
			at = (at + 1) & (n - 1);
		slot[at] = i + 1;
	}
	free(w->slot);
	w->slot = slot;
	w->nslots = n;
	return true;
}

/* The index of the blob with these bytes, which are taken; false: no memory
 * and the bytes are freed. */
static bool store_blob(
	struct cf_igvm_writer *w, uint8_t *data, size_t len, size_t *out)
{
	uint64_t hash = hash_bytes(data, len);
	size_t at;

	if (2 * (w->nblobs + 1) > w->nslots && !grow_slots(w))
		goto free_data;
	for (at = hash & (w->nslots - 1); w->slot[at];
		at = (at + 1) & (w->nslots - 1)) {
		const struct blob *b = &w->blob[w->slot[at] - 1];

		if (b->hash == hash && b->len == len &&
			memcmp(b->data, data, len) == 0) {
			free(data);
			*out = w->slot[at] - 1;
			return true;
		}
	}
	if (!cf_grow_array(
		    &w->blob, &w->blob_cap, w->nblobs + 1, sizeof(*w->blob)))
		goto free_data;
	w->blob[w->nblobs] =
		(struct blob) { .data = data, .len = len, .hash = hash };
	*out = w->nblobs++;
	w->slot[at] = w->nblobs;
	return true;

free_data:
	free(data);
	return false;
}

enum coffer_status cf_igvm_writer_create(unsigned format_version,
	enum cf_igvm_arch arch, struct cf_igvm_writer **out,
	struct coffer_error *err)
{
	struct cf_igvm_writer *w;

	if (format_version != 1 && format_version != 2)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"igvm: format version %u: must be 1 or 2",
			format_version);
	if (format_version == 1 && arch != CF_IGVM_X64)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"igvm: architecture AARCH64 needs format version 2");
	w = cf_alloc_array(1, sizeof(*w));
	if (!w)
		return cf_fail_nomem(err, "igvm: the writer");
	*w = (struct cf_igvm_writer) {
		.version = format_version,
		.arch = arch,
		.platforms.arch = arch,
	};
	*out = w;
	return COFFER_OK;
}

void cf_igvm_writer_destroy(struct cf_igvm_writer *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < CF_IGVM_NSECTIONS; i++) {
		cf_buf_finish(&w->section[i].tlv);
		free(w->section[i].fixup);
	}
	for (size_t i = 0; i < w->nblobs; i++)
		free(w->blob[i].data);
	free(w->blob);
	free(w->slot);
	free(w);
}

/* What the header's data grows to on disk. */
static enum coffer_status padded_len(const struct cf_igvm_writer *w,
	const struct cf_igvm_type_info *info, const struct cf_igvm_header *h,
	size_t *out, struct coffer_error *err)
{
	struct cf_igvm_where where = { .len = (uint32_t)h->data_len };
	uint64_t len = cf_igvm_data_size(&w->platforms, info, h, &where);
	int type;

	if (info->data == CF_IGVM_DATA_CONTEXT) {
		type = cf_igvm_platform_of(
			&w->platforms, h->compatibility_mask);
		if (type < 0)
			return cf_fail(err, COFFER_ERR_STATE,
				"igvm: VP_CONTEXT: no platform with mask 0x%x "
				"was added before",
				h->compatibility_mask);
		len = type == CF_IGVM_VSM_ISOLATION ? h->data_len
						    : CF_PAGE_SIZE;
	}
	if (h->data_len > len)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"igvm: %s: %zu bytes of data, room for %" PRIu64,
			cf_igvm_short_name(h->type), h->data_len, len);
	*out = (size_t)len;
	return COFFER_OK;
}

static enum coffer_status add_data(struct cf_igvm_writer *w,
	const struct cf_igvm_type_info *info, const struct cf_igvm_header *h,
	struct section *s, size_t content_at, struct coffer_error *err)
{
	enum coffer_status status;
	uint8_t *data;
	size_t len = 0, blob;

	if (!h->data || h->data_len == 0)
		return COFFER_OK;
	status = padded_len(w, info, h, &len, err);
	if (status)
		return status;
	data = len > UINT32_MAX ? NULL : cf_alloc_array(len, 1);
	if (!data)
		return cf_fail_nomem(err, "igvm: data of a header");
	memcpy(data, h->data, h->data_len);
	if (!store_blob(w, data, len, &blob) ||
		!cf_grow_array(
			&s->fixup, &s->cap, s->nfixups + 1, sizeof(*s->fixup)))
		return cf_fail_nomem(err, "igvm: data of a header");
	for (size_t i = 0; i < info->nfields; i++)
		if (info->field[i].kind == CF_IGVM_FILE_OFFSET)
			s->fixup[s->nfixups++] = (struct fixup) {
				.at = content_at + info->field[i].at,
				.blob = blob,
			};
	return COFFER_OK;
}

/* A type outside of the sections' ranges goes where the header before it
 * went, which keeps a file as it was read. */
static enum coffer_status add_opaque(struct cf_igvm_writer *w,
	const struct cf_igvm_header *h, struct coffer_error *err)
{
	enum cf_igvm_section section = cf_igvm_section_of(h->type);
	size_t len = h->u.opaque.len;
	struct cf_buf *b;

	if (!h->optional || len > UINT32_MAX)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"igvm: type 0x%x is unknown: it must be optional",
			h->type);
	if (section != CF_IGVM_NSECTIONS)
		w->last = section;
	b = &w->section[w->last].tlv;
	cf_buf_le32(b, h->type | CF_IGVM_OPTIONAL);
	cf_buf_le32(b, (uint32_t)len);
	cf_buf_append(b, h->u.opaque.bytes, len);
	cf_buf_zeros(b, -len % 8);
	return b->failed ? cf_fail_nomem(err, "igvm: a header") : COFFER_OK;
}

enum coffer_status cf_igvm_writer_add(struct cf_igvm_writer *w,
	const struct cf_igvm_header *h, struct coffer_error *err)
{
	const struct cf_igvm_type_info *info = cf_igvm_type_info(h->type);
	struct cf_igvm_where where = { .len = (uint32_t)h->data_len };
	struct cf_igvm *p = &w->platforms;
	uint8_t content[1024];
	enum coffer_status status;
	struct section *s;
	size_t at;

	if (!info)
		return add_opaque(w, h, err);
	if (h->data_len > UINT32_MAX ||
		(h->data_len && info->data == CF_IGVM_NO_DATA))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"igvm: %s: takes no %zu bytes of data",
			cf_igvm_short_name(h->type), h->data_len);
	w->last = cf_igvm_section_of(h->type);
	s = &w->section[w->last];
	at = s->tlv.len + CF_IGVM_PREFIX_SIZE;
	cf_igvm_encode(info, h, &where, content);
	cf_buf_le32(&s->tlv, h->type | (h->optional ? CF_IGVM_OPTIONAL : 0));
	cf_buf_le32(&s->tlv, info->size);
	cf_buf_append(&s->tlv, content, info->size);
	cf_buf_zeros(&s->tlv, -(size_t)info->size % 8);
	if (s->tlv.failed)
		return cf_fail_nomem(err, "igvm: a header");
	if (h->type == CF_IGVM_SUPPORTED_PLATFORM &&
		p->nplatforms < CF_IGVM_MAX_PLATFORMS) {
		p->platform[p->nplatforms].mask = h->compatibility_mask;
		p->platform[p->nplatforms++].type = h->u.platform.platform_type;
	}
	status = add_data(w, info, h, s, at, err);
	if (status)
		s->tlv.len = at - CF_IGVM_PREFIX_SIZE;
	return status;
}

/* Place each blob at its first use and fill in the offsets. */
static bool place_blobs(struct cf_igvm_writer *w, uint64_t at, size_t *end)
{
	for (size_t i = 0; i < CF_IGVM_NSECTIONS; i++) {
		struct section *s = &w->section[i];

		for (size_t k = 0; k < s->nfixups; k++) {
			struct blob *b = &w->blob[s->fixup[k].blob];

			if (b->offset == 0) {
				if (b->len > UINT32_MAX - at)
					return false;
				b->offset = (uint32_t)at;
				at += b->len;
			}
			cf_store_le32(s->tlv.data + s->fixup[k].at, b->offset);
		}
	}
	*end = (size_t)at;
	return at <= UINT32_MAX;
}

static void write_file(const struct cf_igvm_writer *w, uint32_t fixed,
	uint32_t tlv, size_t end, uint8_t *p)
{
	size_t at = fixed;

	cf_store_le32(p, CF_IGVM_MAGIC);
	cf_store_le32(p + 0x4, w->version);
	cf_store_le32(p + 0x8, fixed);
	cf_store_le32(p + 0xC, tlv);
	cf_store_le32(p + 0x10, (uint32_t)end);
	if (w->version == 2) {
		cf_store_le32(p + 0x18, w->arch);
		cf_store_le32(p + 0x1C, CF_PAGE_SIZE);
	}
	for (size_t i = 0; i < CF_IGVM_NSECTIONS; i++) {
		if (w->section[i].tlv.len)
			memcpy(p + at, w->section[i].tlv.data,
				w->section[i].tlv.len);
		at += w->section[i].tlv.len;
	}
	for (size_t i = 0; i < w->nblobs; i++)
		if (w->blob[i].offset)
			memcpy(p + w->blob[i].offset, w->blob[i].data,
				w->blob[i].len);
	cf_store_le32(p + CF_IGVM_CHECKSUM_AT,
		(uint32_t)crc32_z(0, p, (size_t)fixed + tlv));
}

enum coffer_status cf_igvm_writer_serialize(
	struct cf_igvm_writer *w, struct cf_buf *out, struct coffer_error *err)
{
	uint32_t fixed = w->version == 2 ? CF_IGVM_V2_SIZE : CF_IGVM_V1_SIZE;
	size_t tlv = 0, end, before = out->len;

	for (size_t i = 0; i < CF_IGVM_NSECTIONS; i++)
		tlv += w->section[i].tlv.len;
	for (size_t i = 0; i < w->nblobs; i++)
		w->blob[i].offset = 0;
	if (tlv > UINT32_MAX - fixed || !place_blobs(w, fixed + tlv, &end))
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"igvm: the file would not fit into 4 GiB");
	cf_buf_zeros(out, end);
	if (out->failed)
		return cf_fail_nomem(err, "igvm: the file");
	write_file(w, fixed, (uint32_t)tlv, end, out->data + before);
	return COFFER_OK;
}

enum coffer_status cf_igvm_writer_finish(
	struct cf_igvm_writer *w, struct cf_buf *out, struct coffer_error *err)
{
	size_t before = out->len;
	struct cf_igvm *check = NULL;
	enum coffer_status status = cf_igvm_writer_serialize(w, out, err);

	if (!status)
		status = cf_igvm_parse(
			out->data + before, out->len - before, &check, err);
	cf_igvm_destroy(check);
	if (status)
		out->len = before;
	return status;
}
