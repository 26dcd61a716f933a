/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing guest memory, in the host's and in a guest's view. */
#include "memory/recode_priv.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <string.h>

/* A range walked page by page. */
struct walk {
	const struct cf_memory *mem;
	uint64_t gpa;
	uint64_t left;
	struct place at;
	size_t offset; /* of the chunk in the page */
	size_t n;      /* its length */
	size_t done;   /* bytes before this chunk */
};

static struct walk walk_over(
	const struct cf_memory *mem, uint64_t gpa, uint64_t len)
{
	return (struct walk) { .mem = mem, .gpa = gpa, .left = len };
}

/* The next chunk; the range has been checked to be memory. */
static bool walk_next(struct walk *w)
{
	w->done += w->n;
	w->gpa += w->n;
	w->left -= w->n;
	w->n = 0;
	if (!w->left || !cf_memory_find(w->mem, w->gpa, &w->at))
		return false;
	w->offset = (size_t)(w->gpa & (PAGE_SIZE - 1));
	w->n = PAGE_SIZE - w->offset;
	if (w->n > w->left)
		w->n = (size_t)w->left;
	return true;
}

static bool all_raw(const struct cf_memory *mem, uint64_t gpa, uint64_t len)
{
	struct walk w = walk_over(mem, gpa, len);

	while (walk_next(&w))
		if (place_view(&w.at))
			return false;
	return true;
}

static enum coffer_status no_key(struct coffer_error *err, unsigned asid)
{
	return cf_fail(err, COFFER_ERR_STATE,
		"memory: key slot %u holds no key", asid);
}

enum coffer_status cf_guest_read(struct cf_memory *mem, uint64_t gpa, void *out,
	size_t len, struct coffer_error *err)
{
	enum coffer_status status = cf_memory_check(mem, gpa, len, err);
	struct walk w = walk_over(mem, gpa, len);
	uint8_t raw[PAGE_SIZE];
	bool ok = true;

	if (status != COFFER_OK)
		return status;
	/* Looking does not flip: the guest keeps its page, and nobody has to
	 * stop.  The lock keeps the view as it is meanwhile. */
	while (ok && walk_next(&w)) {
		const uint8_t *from = place_host(&w.at);

		if (!place_view(&w.at)) {
			memcpy((uint8_t *)out + w.done, from + w.offset, w.n);
			continue;
		}
		pthread_mutex_lock(&mem->lock);
		ok = cf_memory_peek_raw(mem, &w.at, raw);
		pthread_mutex_unlock(&mem->lock);
		memcpy((uint8_t *)out + w.done, raw + w.offset, w.n);
	}
	return ok ? COFFER_OK
		  : cf_fail(err, COFFER_ERR_INTERNAL,
			    "memory: cannot encrypt 0x%" PRIx64, gpa);
}

static void copy_in(
	const struct cf_memory *mem, uint64_t gpa, const void *in, uint64_t len)
{
	struct walk w = walk_over(mem, gpa, len);

	while (walk_next(&w))
		memcpy(place_host(&w.at) + w.offset,
			(const uint8_t *)in + w.done, w.n);
}

/* A page that flips tells by itself; one that stays raw may hold code. */
static void tell_written(const struct cf_memory *mem, uint64_t gpa, size_t len)
{
	if (mem->sync.written)
		mem->sync.written(mem->sync.opaque, gpa, len);
}

static enum coffer_status refuse_assigned(const struct cf_memory *mem,
	uint64_t gpa, uint64_t len, struct coffer_error *err)
{
	struct walk w = walk_over(mem, gpa, len);

	while (walk_next(&w)) {
		struct cf_rmp_entry e;

		if (!cf_rmp_assigned(&w.at) ||
			!cf_rmp_get(mem, place_gpa(&w.at), &e))
			continue;
		if (mem->sync.refused)
			mem->sync.refused(mem->sync.opaque, place_gpa(&w.at));
		return cf_fail(err, COFFER_ERR_STATE,
			"memory: the host may not write page 0x%" PRIx64
			": the RMP assigns it to %s (ASID %u%s)",
			place_gpa(&w.at), e.asid ? "a guest" : "the firmware",
			e.asid, e.validated ? ", validated" : "");
	}
	return COFFER_OK;
}

enum coffer_status cf_guest_write(struct cf_memory *mem, uint64_t gpa,
	const void *in, size_t len, struct coffer_error *err)
{
	enum coffer_status status = cf_memory_check(mem, gpa, len, err);
	struct walk w = walk_over(mem, gpa, len);

	if (status != COFFER_OK)
		return status;
	if (!mem->rmp && all_raw(mem, gpa, len)) {
		copy_in(mem, gpa, in, len);
		tell_written(mem, gpa, len);
		return COFFER_OK;
	}
	if (all_raw(mem, gpa, len)) {
		pthread_mutex_lock(&mem->lock);
		status = refuse_assigned(mem, gpa, len, err);
		if (status == COFFER_OK)
			copy_in(mem, gpa, in, len);
		pthread_mutex_unlock(&mem->lock);
		if (status == COFFER_OK)
			tell_written(mem, gpa, len);
		return status;
	}
	cf_memory_stop(mem);
	status = refuse_assigned(mem, gpa, len, err);
	while (status == COFFER_OK && walk_next(&w))
		if (!cf_memory_flip(mem, &w.at, 0))
			status = cf_fail(err, COFFER_ERR_INTERNAL,
				"memory: cannot encrypt 0x%" PRIx64, w.gpa);
	if (status == COFFER_OK)
		copy_in(mem, gpa, in, len);
	cf_memory_resume(mem);
	return status;
}

enum coffer_status cf_guest_read_private(struct cf_memory *mem, unsigned asid,
	uint64_t gpa, void *out, size_t len, struct coffer_error *err)
{
	enum coffer_status status = cf_memory_check(mem, gpa, len, err);
	struct walk w = walk_over(mem, gpa, len);

	if (status != COFFER_OK)
		return status;
	if (!cf_memory_has_key(mem, asid))
		return no_key(err, asid);
	while (walk_next(&w)) {
		const uint8_t *host = cf_memory_page(mem, w.gpa, asid, NULL);

		if (!host)
			return no_key(err, asid);
		memcpy((uint8_t *)out + w.done, host + w.offset, w.n);
	}
	return COFFER_OK;
}

enum coffer_status cf_guest_write_private(struct cf_memory *mem, unsigned asid,
	uint64_t gpa, const void *in, size_t len, struct coffer_error *err)
{
	enum coffer_status status = cf_memory_check(mem, gpa, len, err);
	struct walk w = walk_over(mem, gpa, len);

	if (status != COFFER_OK)
		return status;
	if (!cf_memory_has_key(mem, asid))
		return no_key(err, asid);
	cf_memory_stop(mem);
	while (walk_next(&w)) {
		/* A page that is overwritten whole needs no recoding. */
		if (w.n == PAGE_SIZE)
			cf_memory_declare(mem, &w.at, asid);
		else if (!cf_memory_flip(mem, &w.at, asid))
			break;
	}
	if (w.left)
		status = no_key(err, asid);
	else
		copy_in(mem, gpa, in, len);
	cf_memory_resume(mem);
	return status;
}

/* One page of an in-place encryption: what is raw now stays as plain text,
 * what is outside the chunk keeps its raw bytes. */
static bool encrypt_chunk(
	struct cf_memory *mem, const struct walk *w, unsigned asid)
{
	uint8_t raw[PAGE_SIZE];

	if (w->n == PAGE_SIZE && !place_view(&w->at)) {
		cf_memory_declare(mem, &w->at, asid);
		return true;
	}
	if (!cf_memory_peek_raw(mem, &w->at, raw) ||
		!cf_memory_flip(mem, &w->at, asid))
		return false;
	memcpy(place_host(&w->at) + w->offset, raw + w->offset, w->n);
	return true;
}

enum coffer_status cf_guest_encrypt_in_place(struct cf_memory *mem,
	unsigned asid, uint64_t gpa, uint64_t len, struct coffer_error *err)
{
	enum coffer_status status = cf_memory_check(mem, gpa, len, err);
	struct walk w = walk_over(mem, gpa, len);

	if (status != COFFER_OK)
		return status;
	if (!cf_is_aligned(gpa | len, 16))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"memory: 0x%" PRIx64 "+0x%" PRIx64
			" is not whole 16-byte blocks",
			gpa, len);
	if (!cf_memory_has_key(mem, asid))
		return no_key(err, asid);
	cf_memory_stop(mem);
	while (walk_next(&w))
		if (!encrypt_chunk(mem, &w, asid)) {
			status = cf_fail(err, COFFER_ERR_INTERNAL,
				"memory: cannot encrypt 0x%" PRIx64, w.gpa);
			break;
		}
	cf_memory_resume(mem);
	return status;
}

uint8_t *cf_memory_page(struct cf_memory *mem, uint64_t gpa, unsigned asid,
	enum cf_region_kind *kind)
{
	struct place at;
	bool ok = true;

	if (!cf_memory_find(mem, gpa, &at) || region_hidden(at.r))
		return NULL;
	if (CF_UNLIKELY(place_view(&at) != asid)) {
		cf_memory_stop(mem);
		ok = cf_memory_flip(mem, &at, asid);
		cf_memory_resume(mem);
	}
	if (kind)
		*kind = at.r->kind;
	return ok ? place_host(&at) : NULL;
}

unsigned cf_memory_page_view(const struct cf_memory *mem, uint64_t gpa)
{
	struct place at;

	return cf_memory_find(mem, gpa, &at) ? place_view(&at) : 0;
}
