/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameter areas: pages that the host fills with what it knows.  Nothing of
 * them is measured.  Without a machine (when measuring) they stay as they are,
 * but every place is checked all the same.
 */
#include "plan_priv.h"

#include <inttypes.h>

#define AREA_MAX      ((uint64_t)256 << 20)
#define MAP_ENTRY     24
#define MMIO_LEN      32
#define ENV_IS_SHARED 1u

static struct area *find_area(struct walk *w, uint32_t index)
{
	for (size_t i = w->nareas; i-- > 0;)
		if (w->area[i].index == index && !w->area[i].gone)
			return &w->area[i];
	return NULL;
}

enum coffer_status walk_area(struct walk *w, const struct cf_igvm_header *h)
{
	const uint64_t len = h->u.parameter_area.number_of_bytes;

	if (len > AREA_MAX)
		return walk_refuse(w, h, COFFER_ERR_UNSUPPORTED,
			"number_of_bytes 0x%" PRIx64 ": at most 0x%" PRIx64
			" are supported",
			len, AREA_MAX);
	if (!cf_grow_array(
		    &w->area, &w->areas_cap, w->nareas + 1, sizeof(*w->area)))
		return cf_fail_nomem(w->err, "a parameter area");
	w->area[w->nareas++] = (struct area) {
		.index = h->u.parameter_area.index,
		.len = len,
		.initial = w->profile->area_contents ? h->data : NULL,
		.initial_len = h->data_len,
	};
	return COFFER_OK;
}

/* The bytes of an area, made when first needed. */
static enum coffer_status open_area(struct walk *w, struct area *a)
{
	if (a->bytes)
		return COFFER_OK;
	a->bytes = cf_plan_alloc(w->plan, a->len);
	if (!a->bytes)
		return cf_fail_nomem(w->err, "a parameter area");
	if (a->initial)
		memcpy(a->bytes, a->initial,
			a->initial_len < a->len ? a->initial_len : a->len);
	return COFFER_OK;
}

/* Room for n bytes where the header says, as *out. */
static enum coffer_status deposit(struct walk *w,
	const struct cf_igvm_header *h, uint64_t n, uint8_t **out)
{
	struct area *a = find_area(w, h->u.parameter.index);
	enum coffer_status st;

	if (!a)
		return walk_refuse(w, h, COFFER_ERR_FORMAT,
			"parameter_area_index %" PRIu32 ": no such area",
			h->u.parameter.index);
	if (!cf_range_ok(h->u.parameter.byte_offset, n, a->len))
		return walk_refuse(w, h, COFFER_ERR_FORMAT,
			"byte_offset 0x%" PRIx32 ": %" PRIu64
			" bytes do not fit into area %" PRIu32 " of 0x%" PRIx64,
			h->u.parameter.byte_offset, n, a->index, a->len);
	st = open_area(w, a);
	if (!st)
		*out = a->bytes + h->u.parameter.byte_offset;
	return st;
}

static enum coffer_status put_bytes(struct walk *w,
	const struct cf_igvm_header *h, const uint8_t *p, size_t n)
{
	enum coffer_status st;
	uint8_t *to;

	if (!p && w->env->nmemory)
		return walk_refuse(w, h, COFFER_ERR_UNSUPPORTED,
			"this machine has no such table");
	st = deposit(w, h, n, &to);
	if (!st && p)
		memcpy(to, p, n);
	return st;
}

static enum coffer_status put_u32(
	struct walk *w, const struct cf_igvm_header *h, uint32_t value)
{
	uint8_t bytes[4];

	cf_store_le32(bytes, value);
	return put_bytes(w, h, bytes, sizeof(bytes));
}

static enum coffer_status put_cmdline(
	struct walk *w, const struct cf_igvm_header *h)
{
	const char *text = w->env->cmdline ? w->env->cmdline : "";

	return put_bytes(w, h, (const uint8_t *)text, strlen(text) + 1);
}

static uint16_t map_type(enum cf_memory_kind kind)
{
	enum { MEMORY, PLATFORM_RESERVED, PERSISTENT };

	switch (kind) {
	case CF_MEMORY_RAM:
		return MEMORY;
	case CF_MEMORY_NVS:
		return PERSISTENT;
	default:
		return PLATFORM_RESERVED;
	}
}

/* One entry per range and an entry without pages as the end. */
static enum coffer_status put_memory_map(
	struct walk *w, const struct cf_igvm_header *h)
{
	const struct cf_plan_env *env = w->env;
	uint64_t n = (uint64_t)env->nmemory * MAP_ENTRY;
	enum coffer_status st;
	uint8_t *to;

	if (!w->profile->full_memory_map)
		n += MAP_ENTRY;
	st = deposit(w, h, n, &to);
	if (st)
		return st;
	memset(to, 0, n);
	for (size_t i = 0; i < env->nmemory; i++, to += MAP_ENTRY) {
		cf_store_le64(to, env->memory[i].base >> CF_PAGE_SHIFT);
		cf_store_le64(to + 8, env->memory[i].size >> CF_PAGE_SHIFT);
		cf_store_le16(to + 16, map_type(env->memory[i].kind));
	}
	return COFFER_OK;
}

static enum coffer_status put_mmio_ranges(
	struct walk *w, const struct cf_igvm_header *h)
{
	enum coffer_status st;
	uint8_t *to;

	/* No range of ours is reserved for the guest's own devices. */
	st = deposit(w, h, MMIO_LEN, &to);
	if (!st)
		memset(to, 0, MMIO_LEN);
	return st;
}

enum coffer_status walk_parameter(
	struct walk *w, const struct cf_igvm_header *h)
{
	const struct cf_plan_env *env = w->env;

	switch (h->type) {
	case CF_IGVM_VP_COUNT_PARAMETER:
		return put_u32(w, h, env->vcpus);
	case CF_IGVM_ENVIRONMENT_INFO_PARAMETER:
		return put_u32(w, h, ENV_IS_SHARED);
	case CF_IGVM_MADT:
		return put_bytes(w, h, env->madt, env->madt_len);
	case CF_IGVM_SRAT:
		return put_bytes(w, h, env->srat, env->srat_len);
	case CF_IGVM_SLIT:
		return put_bytes(w, h, env->slit, env->slit_len);
	case CF_IGVM_PPTT:
		return put_bytes(w, h, env->pptt, env->pptt_len);
	case CF_IGVM_DEVICE_TREE:
		return put_bytes(w, h, env->device_tree, env->device_tree_len);
	case CF_IGVM_COMMAND_LINE:
		return put_cmdline(w, h);
	case CF_IGVM_MEMORY_MAP:
		return put_memory_map(w, h);
	case CF_IGVM_MMIO_RANGES:
		return put_mmio_ranges(w, h);
	default:
		return walk_refuse(w, h, COFFER_ERR_INTERNAL, "no handler");
	}
}

enum coffer_status walk_insert(struct walk *w, const struct cf_igvm_header *h)
{
	struct area *a = find_area(w, h->u.parameter_insert.index);
	struct cf_step step = {
		.kind = CF_STEP_RANGE,
		.origin = { .what = "PARAMETER_INSERT", .index = h->index },
		.gpa = h->u.parameter_insert.gpa,
		.type = CF_PAGE_UNMEASURED,
	};

	if (!a)
		return walk_refuse(w, h, COFFER_ERR_FORMAT,
			"parameter_area_index %" PRIu32 ": no such area",
			h->u.parameter_insert.index);
	if (a->initial) {
		enum coffer_status st = open_area(w, a);

		if (st)
			return st;
	}
	a->gone = true;
	step.len = a->len;
	step.data = a->bytes;
	return cf_plan_add(w->plan, &step, w->err);
}
