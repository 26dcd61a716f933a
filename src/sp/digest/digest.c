/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The digest-only secure processor, and the running digest of SEV and SEV-ES:
 * everything launched, in order, without addresses (SEV API, AMD 55766,
 * LAUNCH_UPDATE_DATA and LAUNCH_UPDATE_VMSA).
 */
#include "digest_priv.h"

#include "crypto/batch.h"

#include <inttypes.h>

struct digest_guest {
	struct cf_sp_guest base;
	bool started;
	struct meter meter;
};

enum coffer_status meter_keep(struct meter *m, const struct meter_item *item,
	struct coffer_error *err)
{
	if (!cf_grow_array(
		    &m->item, &m->items_cap, m->nitems + 1, sizeof(*m->item)))
		return cf_fail_nomem(err, "the launch digest");
	m->item[m->nitems++] = *item;
	return COFFER_OK;
}

enum coffer_status meter_bad_type(const struct cf_sp_update *u,
	const char *platform, struct coffer_error *err)
{
	return cf_fail_fw(err, CF_FW_INVALID_PARAM,
		"launch update at 0x%" PRIx64 ": %s has no page type '%s'",
		u->gpa, platform, cf_page_type_name(u->type));
}

static enum coffer_status sev_range(
	struct meter *m, const struct cf_sp_update *u, struct coffer_error *err)
{
	if (u->type != CF_PAGE_NORMAL)
		return meter_bad_type(u, "SEV", err);
	return cf_hash_update(m->hash, u->data, u->len, err);
}

static enum coffer_status sev_vmsa(struct meter *m, uint64_t gpa,
	const uint8_t *page, struct coffer_error *err)
{
	return cf_hash_update(m->hash, page, CF_PAGE_SIZE, err);
}

static enum coffer_status sev_peek(
	struct meter *m, uint8_t *out, struct coffer_error *err)
{
	return cf_hash_peek(m->hash, out, err);
}

const struct meter_ops meter_sev = {
	.digest_len = CF_SHA256_LEN,
	.range = sev_range,
	.peek = sev_peek,
};

const struct meter_ops meter_sev_es = {
	.digest_len = CF_SHA256_LEN,
	.range = sev_range,
	.vmsa = sev_vmsa,
	.peek = sev_peek,
};

static const struct {
	const struct meter_ops *ops;
	enum cf_hash_alg alg;
} meters[CF_NPLATFORMS] = {
	[CF_PLATFORM_SEV] = { &meter_sev, CF_HASH_SHA256 },
	[CF_PLATFORM_SEV_ES] = { &meter_sev_es, CF_HASH_SHA256 },
	[CF_PLATFORM_SEV_SNP] = { &meter_snp, 0 }, /* makes its own */
	[CF_PLATFORM_TDX] = { &meter_tdx, CF_HASH_SHA384 },
	[CF_PLATFORM_VBS] = { &meter_vbs, CF_HASH_SHA256 },
};

static struct digest_guest *of(struct cf_sp_guest *g)
{
	return CF_CONTAINER_OF(g, struct digest_guest, base);
}

static enum coffer_status launch_start(struct cf_sp_guest *g,
	const struct cf_sp_launch *l, struct coffer_error *err)
{
	struct digest_guest *d = of(g);

	if (d->started)
		return cf_fail_fw(err, CF_FW_INVALID_GUEST_STATE,
			"launch start: the launch has started before");
	if ((size_t)l->platform >= CF_NPLATFORMS || !meters[l->platform].ops)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"platform %s has no launch measurement",
			cf_platform_name(l->platform));
	d->meter.ops = meters[l->platform].ops;
	d->started = true;
	if (l->platform == CF_PLATFORM_SEV_SNP)
		return COFFER_OK;
	return cf_hash_create(meters[l->platform].alg, &d->meter.hash, err);
}

/* Only SNP's pages wait until the digest is asked for. */
static bool watch(struct cf_sp_guest *g, const struct cf_progress *p)
{
	struct digest_guest *d = of(g);

	d->meter.progress = p;
	return d->meter.ops == &meter_snp;
}

static enum coffer_status not_started(struct coffer_error *err)
{
	return cf_fail_fw(err, CF_FW_INVALID_GUEST_STATE,
		"launch update: the launch has not started");
}

static enum coffer_status launch_update(struct cf_sp_guest *g,
	const struct cf_sp_update *u, struct coffer_error *err)
{
	struct digest_guest *d = of(g);

	if (!d->started)
		return not_started(err);
	return d->meter.ops->range(&d->meter, u, err);
}

static enum coffer_status launch_update_vmsa(struct cf_sp_guest *g,
	unsigned vp_index, uint64_t gpa, const uint8_t *page,
	struct coffer_error *err)
{
	struct digest_guest *d = of(g);

	if (!d->started)
		return not_started(err);
	if (!d->meter.ops->vmsa)
		return cf_fail_fw(err, CF_FW_INVALID_COMMAND,
			"launch update of vCPU %u: the platform measures no "
			"VMSA",
			vp_index);
	return d->meter.ops->vmsa(&d->meter, gpa, page, err);
}

static enum coffer_status launch_update_registers(struct cf_sp_guest *g,
	const uint8_t *list, size_t len, struct coffer_error *err)
{
	struct digest_guest *d = of(g);

	if (!d->started)
		return not_started(err);
	if (!d->meter.ops->registers)
		return cf_fail_fw(err, CF_FW_INVALID_COMMAND,
			"launch update: the platform measures no register "
			"list");
	return d->meter.ops->registers(&d->meter, list, len, err);
}

static enum coffer_status launch_digest(struct cf_sp_guest *g,
	uint8_t out[CF_DIGEST_MAX], size_t *len, struct coffer_error *err)
{
	struct digest_guest *d = of(g);
	enum coffer_status st;

	if (!d->started)
		return not_started(err);
	st = d->meter.ops->peek(&d->meter, out, err);
	if (!st)
		*len = d->meter.ops->digest_len;
	return st;
}

static void destroy(struct cf_sp_guest *g)
{
	struct digest_guest *d = of(g);

	cf_hash_destroy(d->meter.hash);
	cf_batch_destroy(d->meter.batch);
	free(d->meter.item);
	free(d);
}

static const struct cf_sp_guest_ops digest_ops = {
	.name = "digest",
	.simulated = true,
	.launch_start = launch_start,
	.watch = watch,
	.launch_update = launch_update,
	.launch_update_vmsa = launch_update_vmsa,
	.launch_update_registers = launch_update_registers,
	.launch_digest = launch_digest,
	.destroy = destroy,
};

enum coffer_status cf_sp_digest_create(
	const uint8_t *seed, struct cf_sp_guest **out, struct coffer_error *err)
{
	struct digest_guest *d = cf_alloc_array(1, sizeof(*d));

	if (!d)
		return cf_fail_nomem(err, "the launch digest");
	d->base.ops = &digest_ops;
	if (seed)
		memcpy(d->meter.ld, seed, CF_SHA384_LEN);
	*out = &d->base;
	return COFFER_OK;
}

enum coffer_status cf_sp_digest_clone(const struct cf_sp_guest *g,
	struct cf_sp_guest **out, struct coffer_error *err)
{
	const struct digest_guest *d =
		CF_CONTAINER_OF(g, const struct digest_guest, base);
	struct digest_guest *copy = cf_dup(d, sizeof(*d));
	enum coffer_status st;

	if (!copy)
		return cf_fail_nomem(err, "the launch digest");
	copy->meter.hash = NULL;
	copy->meter.batch = NULL;
	copy->meter.progress = NULL;
	copy->meter.item = NULL;
	copy->meter.items_cap = 0;
	st = d->meter.hash
		? cf_hash_clone(d->meter.hash, &copy->meter.hash, err)
		: COFFER_OK;
	/* VBS keeps its register lists to the end. */
	if (!st &&
		!cf_grow_array(&copy->meter.item, &copy->meter.items_cap,
			d->meter.nitems, sizeof(*d->meter.item)))
		st = cf_fail_nomem(err, "the launch digest");
	if (st) {
		destroy(&copy->base);
		return st;
	}
	if (d->meter.nitems)
		memcpy(copy->meter.item, d->meter.item,
			d->meter.nitems * sizeof(*d->meter.item));
	*out = &copy->base;
	return COFFER_OK;
}
