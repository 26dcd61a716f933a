/* SPDX-License-Identifier: Apache-2.0 */
/* Regions of guest memory: adding, finding, and stopping the world. */
#include "memory/memory_priv.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "crypto/crypto.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>

void *cf_memory_map(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void cf_memory_unmap(void *p, size_t len)
{
	if (p)
		munmap(p, len);
}

enum coffer_status cf_memory_create(
	struct cf_memory **out, struct coffer_error *err)
{
	struct cf_memory *mem = cf_alloc_array(1, sizeof(*mem));

	if (!mem)
		return cf_fail_nomem(err, "guest memory");
	if (pthread_mutex_init(&mem->lock, NULL)) {
		free(mem);
		return cf_fail_nomem(err, "guest memory's lock");
	}
	*out = mem;
	return COFFER_OK;
}

static void release_region(struct region *r)
{
	size_t pages = (size_t)(r->len / PAGE_SIZE);

	cf_memory_unmap(r->host, (size_t)r->len);
	cf_memory_unmap(r->view, pages * sizeof(*r->view));
	cf_memory_unmap(r->rmp, pages * sizeof(*r->rmp));
	free((void *)r->hidden);
}

void cf_memory_destroy(struct cf_memory *mem)
{
	if (!mem)
		return;
	for (unsigned i = 1; i <= CF_MEMORY_MAX_ASID; i++) {
		cf_aes128_destroy(mem->key[i].encrypt);
		cf_aes128_destroy(mem->key[i].decrypt);
		cf_aes128_destroy(mem->key[i].tweak);
	}
	for (size_t i = 0; i < mem->nregions; i++)
		release_region(&mem->region[i]);
	pthread_mutex_destroy(&mem->lock);
	free(mem);
}

static enum coffer_status check_region(const struct cf_memory *mem,
	uint64_t gpa, uint64_t len, const char *name, struct coffer_error *err)
{
	if (!len || !cf_is_aligned(gpa | len, PAGE_SIZE))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"memory: %s: 0x%" PRIx64 "+0x%" PRIx64
			" is not whole 4 KiB pages",
			name, gpa, len);
	if (gpa >= GPA_LIMIT || len > GPA_LIMIT - gpa)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"memory: %s: 0x%" PRIx64 "+0x%" PRIx64
			" ends above 2^52",
			name, gpa, len);
	if (mem->nregions == MAX_REGIONS)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"memory: %s: more than %d regions", name, MAX_REGIONS);
	for (size_t i = 0; i < mem->nregions; i++) {
		const struct region *r = &mem->region[i];

		if (gpa < r->gpa ? r->gpa - gpa < len : gpa - r->gpa < r->len)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"memory: %s at 0x%" PRIx64 " overlaps %s", name,
				gpa, r->name);
	}
	return COFFER_OK;
}

enum coffer_status cf_memory_add(struct cf_memory *mem, uint64_t gpa,
	uint64_t len, enum cf_region_kind kind, const char *name,
	struct coffer_error *err)
{
	enum coffer_status status = check_region(mem, gpa, len, name, err);
	struct region r = {
		.gpa = gpa, .len = len, .kind = kind, .name = name
	};
	size_t at = mem->nregions;

	if (status != COFFER_OK)
		return status;
	r.host = cf_memory_map((size_t)len);
	r.view = cf_memory_map((size_t)(len / PAGE_SIZE) * sizeof(*r.view));
	if (kind == CF_REGION_FLASH)
		r.hidden = cf_alloc_array(1, sizeof(*r.hidden));
	if (!r.host || !r.view || (kind == CF_REGION_FLASH && !r.hidden) ||
		(mem->rmp && !cf_rmp_add_region(&r))) {
		release_region(&r);
		return cf_fail(err, COFFER_ERR_NOMEM,
			"memory: no room for %s, 0x%" PRIx64 " bytes", name,
			len);
	}
	for (; at > 0 && mem->region[at - 1].gpa > gpa; at--)
		mem->region[at] = mem->region[at - 1];
	mem->region[at] = r;
	mem->nregions++;
	return COFFER_OK;
}

size_t cf_memory_nregions(const struct cf_memory *mem)
{
	return mem->nregions;
}

void cf_memory_region(
	const struct cf_memory *mem, size_t i, struct cf_region *out)
{
	const struct region *r = &mem->region[i];

	*out = (struct cf_region) {
		.gpa = r->gpa, .len = r->len, .kind = r->kind, .name = r->name
	};
}

bool cf_memory_find(
	const struct cf_memory *mem, uint64_t gpa, struct place *out)
{
	for (size_t i = 0; i < mem->nregions; i++) {
		const struct region *r = &mem->region[i];

		if (gpa < r->gpa)
			return false;
		if (gpa - r->gpa >= r->len)
			continue;
		*out = (struct place) { .r = r,
			.page = (size_t)((gpa - r->gpa) >> PAGE_SHIFT) };
		return true;
	}
	return false;
}

bool cf_memory_is_flash(const struct cf_memory *mem, uint64_t gpa)
{
	struct place at;

	return cf_memory_find(mem, gpa, &at) && at.r->kind == CF_REGION_FLASH;
}

enum coffer_status cf_memory_hide(struct cf_memory *mem, uint64_t gpa,
	bool hidden, struct coffer_error *err)
{
	struct place at;

	if (!cf_memory_find(mem, gpa, &at) || at.r->gpa != gpa || !at.r->hidden)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"memory: no flash begins at 0x%" PRIx64, gpa);
	cf_memory_stop(mem);
	atomic_store_explicit(at.r->hidden, hidden, memory_order_release);
	for (; at.page < at.r->len / PAGE_SIZE; at.page++)
		if (mem->sync.changed)
			mem->sync.changed(mem->sync.opaque, place_gpa(&at));
	if (mem->sync.hidden)
		mem->sync.hidden(mem->sync.opaque, gpa, hidden);
	cf_memory_resume(mem);
	return COFFER_OK;
}

bool cf_memory_covers(const struct cf_memory *mem, uint64_t gpa, uint64_t len)
{
	while (len) {
		struct place at;
		uint64_t left;

		if (!cf_memory_find(mem, gpa, &at))
			return false;
		left = at.r->len - (gpa - at.r->gpa);
		if (len <= left)
			return true;
		gpa += left; /* at most 2^52, see check_region */
		len -= left;
	}
	return true;
}

enum coffer_status cf_memory_check(const struct cf_memory *mem, uint64_t gpa,
	uint64_t len, struct coffer_error *err)
{
	if (cf_memory_covers(mem, gpa, len))
		return COFFER_OK;
	return cf_fail(err, COFFER_ERR_ARGUMENT,
		"memory: 0x%" PRIx64 "+0x%" PRIx64
		" is not wholly in guest memory",
		gpa, len);
}

void cf_memory_set_sync(
	struct cf_memory *mem, const struct cf_memory_sync *sync)
{
	mem->sync = sync ? *sync : (struct cf_memory_sync) { 0 };
}

void cf_memory_stop(struct cf_memory *mem)
{
	if (mem->sync.stop)
		mem->sync.stop(mem->sync.opaque);
	pthread_mutex_lock(&mem->lock);
}

void cf_memory_resume(struct cf_memory *mem)
{
	pthread_mutex_unlock(&mem->lock);
	if (mem->sync.resume)
		mem->sync.resume(mem->sync.opaque);
}
