/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ABI of microsoft/igvm's C library over our reader.  That interface
 * names files and buffers by numbers, so this file holds the one table of the
 * library and the lock around it.
 */
#include "igvm/igvm_priv.h"

#include "base/base.h"

#include "libigvm/igvm/igvm.h"

#include <pthread.h>

struct buffer {
	IgvmHandle handle;
	const uint8_t *data; /* inside the file, or owned */
	size_t len;
	uint8_t *owned;
};

struct file {
	IgvmHandle handle;
	uint8_t *bytes;
	struct cf_igvm *igvm;
	struct buffer *buffer; /* in order of handles */
	size_t nbuffers, cap;
};

static struct {
	pthread_mutex_t lock;
	IgvmHandle next;
	struct file *file; /* in order of handles */
	size_t nfiles, cap;
} library = { .lock = PTHREAD_MUTEX_INITIALIZER, .next = 1 };

static struct file *find_file(IgvmHandle handle)
{
	size_t low = 0, high = library.nfiles;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (library.file[mid].handle == handle)
			return &library.file[mid];
		if (library.file[mid].handle < handle)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static struct buffer *find_buffer(struct file *f, IgvmHandle handle)
{
	size_t low = 0, high = f->nbuffers;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (f->buffer[mid].handle == handle)
			return &f->buffer[mid];
		if (f->buffer[mid].handle < handle)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* The next handle; 0 when all were used up. */
static IgvmHandle new_handle(void)
{
	return library.next == INT32_MAX ? 0 : library.next++;
}

/* A buffer over these bytes; owned is freed with it. */
static IgvmHandle add_buffer(
	struct file *f, const uint8_t *data, size_t len, uint8_t *owned)
{
	IgvmHandle handle;

	if (!cf_grow_array(
		    &f->buffer, &f->cap, f->nbuffers + 1, sizeof(*f->buffer)) ||
		(handle = new_handle()) == 0) {
		free(owned);
		return IGVMAPI_INVALID_FILE;
	}
	f->buffer[f->nbuffers++] = (struct buffer) { handle, data, len, owned };
	return handle;
}

static void finish_file(struct file *f)
{
	for (size_t i = 0; i < f->nbuffers; i++)
		free(f->buffer[i].owned);
	free(f->buffer);
	cf_igvm_destroy(f->igvm);
	free(f->bytes);
}

IgvmHandle igvm_new_from_binary(const uint8_t *data, uint32_t len)
{
	struct file f = { 0 };
	IgvmHandle result;

	if (!data)
		return IGVMAPI_INVALID_PARAMETER;
	f.bytes = cf_dup(data, len);
	if (!f.bytes)
		return IGVMAPI_INVALID_FILE;
	result = (IgvmHandle)cf_igvm_parse_mode(
		f.bytes, len, CF_IGVM_BY_LIBRARY, &f.igvm, NULL);
	if (result) {
		finish_file(&f);
		return result;
	}
	pthread_mutex_lock(&library.lock);
	f.handle = new_handle();
	if (f.handle &&
		cf_grow_array(&library.file, &library.cap, library.nfiles + 1,
			sizeof(f)))
		library.file[library.nfiles++] = f;
	else
		f.handle = 0;
	pthread_mutex_unlock(&library.lock);
	if (f.handle)
		return f.handle;
	finish_file(&f);
	return IGVMAPI_INVALID_FILE;
}

void igvm_free(IgvmHandle file)
{
	struct file *f;

	pthread_mutex_lock(&library.lock);
	f = find_file(file);
	if (f) {
		size_t after = (size_t)(&library.file[library.nfiles] - f) - 1;

		finish_file(f);
		memmove(f, f + 1, after * sizeof(*f));
		if (--library.nfiles == 0) {
			free(library.file);
			library.file = NULL;
			library.cap = 0;
		}
	}
	pthread_mutex_unlock(&library.lock);
}

/* A header of a file; the result is IGVMAPI_OK or what is wrong with the
 * question. */
static IgvmResult find_header(const struct file *f, IgvmHeaderSection section,
	uint32_t index, struct cf_igvm_header *out)
{
	if (!f)
		return IGVMAPI_INVALID_HANDLE;
	if (section > IGVM_HEADER_SECTION_DIRECTIVE ||
		index >= cf_igvm_count(f->igvm, (enum cf_igvm_section)section))
		return IGVMAPI_INVALID_PARAMETER;
	cf_igvm_get(f->igvm, (enum cf_igvm_section)section, index, out);
	return IGVMAPI_OK;
}

int32_t igvm_header_count(IgvmHandle file, IgvmHeaderSection section)
{
	int32_t result = IGVMAPI_INVALID_HANDLE;
	const struct file *f;

	pthread_mutex_lock(&library.lock);
	f = find_file(file);
	if (f && section > IGVM_HEADER_SECTION_DIRECTIVE)
		result = IGVMAPI_INVALID_PARAMETER;
	else if (f)
		result = (int32_t)cf_igvm_count(
			f->igvm, (enum cf_igvm_section)section);
	pthread_mutex_unlock(&library.lock);
	return result;
}

int32_t igvm_get_header_type(
	IgvmHandle file, IgvmHeaderSection section, uint32_t index)
{
	struct cf_igvm_header h;
	int32_t result;

	pthread_mutex_lock(&library.lock);
	result = find_header(find_file(file), section, index, &h);
	if (result == IGVMAPI_OK)
		result = (int32_t)h.type;
	pthread_mutex_unlock(&library.lock);
	return result;
}

/* What the library that this one stands in for drops when it writes. */
static void drop_undefined(const struct cf_igvm *igvm, struct cf_igvm_header *h)
{
	int platform;

	switch (h->type) {
	case CF_IGVM_RELOCATABLE_REGION:
		h->u.relocatable.flags &= 0x7;
		break;
	case CF_IGVM_REQUIRED_MEMORY:
		h->u.required_memory.flags &= 0x1;
		break;
	case CF_IGVM_VP_CONTEXT:
		platform = cf_igvm_platform_of(igvm, h->compatibility_mask);
		if (platform != CF_IGVM_SEV_SNP && platform != CF_IGVM_SEV_ES)
			h->u.vp_context.gpa = 0;
		break;
	default:
		break;
	}
}

/* The same for the data of a VP context of VSM_ISOLATION: that library keeps
 * registers, not bytes, so what no register has comes back as zeros. */
static IgvmHandle add_register_list(
	struct file *f, const struct cf_igvm_header *h)
{
	uint8_t *p = cf_dup(h->data, h->data_len);

	if (!p)
		return IGVMAPI_INVALID_FILE;
	for (size_t at = 4; at < h->data_len; at += CF_IGVM_VBS_RECORD_SIZE) {
		uint8_t *value = p + at + 16;
		bool is_x64 = cf_igvm_arch(f->igvm) == CF_IGVM_X64;

		memset(p + at + 5, 0, 11);
		switch (is_x64 ? cf_load_le32(p + at + 1) >> 16 : 0) {
		case 6: /* segments: 16 bytes */
			break;
		case 7: /* tables: limit and base at the end */
			memset(value, 0, 6);
			break;
		default: /* 64-bit registers */
			memset(value + 8, 0, 8);
			break;
		}
	}
	return add_buffer(f, p, h->data_len, p);
}

static IgvmHandle add_data(struct file *f, const struct cf_igvm_header *h)
{
	if (!h->data)
		return IGVMAPI_NO_DATA;
	if (h->type == CF_IGVM_VP_CONTEXT &&
		cf_igvm_platform_of(f->igvm, h->compatibility_mask) ==
			CF_IGVM_VSM_ISOLATION)
		return add_register_list(f, h);
	return add_buffer(f, h->data, h->data_len, NULL);
}

static IgvmHandle add_header(struct file *f, struct cf_igvm_header *h)
{
	const struct cf_igvm_type_info *info = cf_igvm_type_info(h->type);
	const struct cf_igvm_where nowhere = { 0 };
	size_t len = cf_align_up(CF_IGVM_PREFIX_SIZE + info->size, 8);
	uint8_t *p = cf_alloc_array(len, 1);

	if (!p)
		return IGVMAPI_INVALID_FILE;
	drop_undefined(f->igvm, h);
	cf_store_le32(p, h->type);
	cf_store_le32(p + 4, info->size);
	cf_igvm_encode(info, h, &nowhere, p + CF_IGVM_PREFIX_SIZE);
	return add_buffer(f, p, len, p);
}

IgvmHandle igvm_get_header(
	IgvmHandle file, IgvmHeaderSection section, uint32_t index)
{
	struct cf_igvm_header h;
	IgvmHandle result;
	struct file *f;

	pthread_mutex_lock(&library.lock);
	f = find_file(file);
	result = find_header(f, section, index, &h);
	if (result == IGVMAPI_OK)
		result = add_header(f, &h);
	pthread_mutex_unlock(&library.lock);
	return result;
}

IgvmHandle igvm_get_header_data(
	IgvmHandle file, IgvmHeaderSection section, uint32_t index)
{
	struct cf_igvm_header h;
	IgvmHandle result;
	struct file *f;

	pthread_mutex_lock(&library.lock);
	f = find_file(file);
	result = find_header(f, section, index, &h);
	if (result == IGVMAPI_OK && section == IGVM_HEADER_SECTION_PLATFORM)
		result = IGVMAPI_INVALID_PARAMETER;
	if (result == IGVMAPI_OK)
		result = add_data(f, &h);
	pthread_mutex_unlock(&library.lock);
	return result;
}

const uint8_t *igvm_get_buffer(IgvmHandle file, IgvmHandle buffer)
{
	const uint8_t *result = NULL;
	const struct buffer *b;
	struct file *f;

	pthread_mutex_lock(&library.lock);
	f = find_file(file);
	b = f ? find_buffer(f, buffer) : NULL;
	if (b)
		result = b->data;
	pthread_mutex_unlock(&library.lock);
	return result;
}

int32_t igvm_get_buffer_size(IgvmHandle file, IgvmHandle buffer)
{
	int32_t result = IGVMAPI_INVALID_HANDLE;
	const struct buffer *b;
	struct file *f;

	pthread_mutex_lock(&library.lock);
	f = find_file(file);
	b = f ? find_buffer(f, buffer) : NULL;
	if (b)
		result = (int32_t)b->len;
	pthread_mutex_unlock(&library.lock);
	return result;
}

void igvm_free_buffer(IgvmHandle file, IgvmHandle buffer)
{
	struct buffer *b;
	struct file *f;

	pthread_mutex_lock(&library.lock);
	f = find_file(file);
	b = f ? find_buffer(f, buffer) : NULL;
	if (b) {
		size_t after = (size_t)(&f->buffer[f->nbuffers] - b) - 1;

		free(b->owned);
		memmove(b, b + 1, after * sizeof(*b));
		f->nbuffers--;
	}
	pthread_mutex_unlock(&library.lock);
}
