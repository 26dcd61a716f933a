/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest on the software processor, what both APIs share: the host area with
 * the pages that firmware owns, RMPUPDATE, creation and end.
 */
#include "sp/soft/guest_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define AREA_STRIDE ((uint64_t)64 << 20)

enum coffer_status cf_sp_fw_result(
	struct coffer_error *err, uint32_t fw, const char *what, uint64_t gpa)
{
	const char *remedy = cf_fw_status_remedy(fw);
	char where[32] = "";

	if (!fw)
		return COFFER_OK;
	if (gpa != UINT64_MAX)
		snprintf(where, sizeof(where), " at 0x%" PRIx64, gpa);
	return cf_fail_fw(err, fw, "%s%s: firmware status %s (0x%02x)%s%s",
		what, where, cf_fw_status_name(fw), fw, *remedy ? ": " : "",
		remedy);
}

#define RMPUPDATE_INPUT     1u
#define RMPUPDATE_IMMUTABLE 2u
#define RMPUPDATE_OVERLAP   4u

/* What the page (or any page of a large one) is now, against the new entry's
 * size; `now` is the entry at spa. */
static unsigned check_overlap(const struct cf_memory *mem, uint64_t spa,
	bool large, const struct cf_rmp_entry *now)
{
	struct cf_rmp_entry e;

	if (now->immutable)
		return RMPUPDATE_IMMUTABLE;
	if (!large)
		return now->large ? RMPUPDATE_OVERLAP : 0;
	if (now->large)
		return 0;
	for (uint64_t at = 0; at < CF_RMP_LARGE; at += CF_PAGE_SIZE) {
		if (!cf_rmp_get(mem, spa + at, &e))
			return RMPUPDATE_INPUT;
		if (e.assigned || e.immutable)
			return RMPUPDATE_OVERLAP;
	}
	return 0;
}

unsigned cf_sp_host_rmpupdate(
	struct cf_memory *mem, uint64_t spa, const struct cf_rmp_entry *e)
{
	uint64_t len = e->large ? CF_RMP_LARGE : CF_PAGE_SIZE;
	struct cf_rmp_entry now, next = *e;
	unsigned code;

	if (!cf_is_aligned(spa | e->gpa, len) || !cf_rmp_get(mem, spa, &now) ||
		(!e->assigned && (e->asid || e->immutable)))
		return RMPUPDATE_INPUT;
	code = check_overlap(mem, spa, e->large, &now);
	if (code)
		return code;
	/* Freezing a page in place keeps what it is. */
	if (UNC_RMPUPDATE_KEEPS_VALIDATED && e->assigned && now.assigned &&
		e->asid == now.asid && e->gpa == now.gpa) {
		next.validated = now.validated;
		next.vmsa = now.vmsa;
		memcpy(next.perms, now.perms, sizeof(next.perms));
	} else {
		next.validated = false;
		next.vmsa = false;
		memset(next.perms, 0, sizeof(next.perms));
	}
	return cf_rmp_set(mem, spa, &next) ? 0 : RMPUPDATE_INPUT;
}

unsigned cf_sp_host_psmash(struct cf_memory *mem, uint64_t spa)
{
	struct cf_rmp_entry e;

	if (!cf_is_aligned(spa, CF_RMP_LARGE) || !cf_rmp_get(mem, spa, &e) ||
		!e.large)
		return RMPUPDATE_INPUT;
	if (e.immutable)
		return RMPUPDATE_IMMUTABLE;
	return cf_rmp_smash(mem, spa) ? 0 : RMPUPDATE_INPUT;
}

static enum coffer_status rmpupdate(struct soft_guest *g, uint64_t spa,
	const struct cf_rmp_entry *e, struct coffer_error *err)
{
	unsigned code = cf_sp_host_rmpupdate(g->mem, spa, e);

	if (!code)
		return COFFER_OK;
	return cf_fail(err, COFFER_ERR_STATE,
		"RMPUPDATE of page 0x%" PRIx64 ": %s", spa,
		code == RMPUPDATE_INPUT ? "not in memory"
			: code == RMPUPDATE_OVERLAP
			? "it overlaps an entry of another size"
			: "the firmware owns the page");
}

enum coffer_status cf_sp_host_to_firmware(
	struct soft_guest *g, uint64_t spa, struct coffer_error *err)
{
	const struct cf_rmp_entry e = { .assigned = true, .immutable = true };

	if (!cf_rmp_enabled(g->mem))
		return COFFER_OK;
	return rmpupdate(g, spa, &e, err);
}

enum coffer_status cf_sp_host_take_back(
	struct soft_guest *g, uint64_t spa, struct coffer_error *err)
{
	const struct cf_rmp_entry none = { 0 };
	struct cf_rmp_entry e;
	uint8_t buf[8];
	uint32_t fw;

	if (!cf_rmp_enabled(g->mem))
		return COFFER_OK;
	if (cf_rmp_get(g->mem, spa, &e) && e.immutable) {
		cf_store_le64(buf, spa);
		fw = cf_sp_soft_call(g->sp, 0xC7, buf, sizeof(buf));
		if (fw)
			return cf_sp_fw_result(
				err, fw, "SNP_PAGE_RECLAIM", spa);
	}
	return rmpupdate(g, spa, &none, err);
}

static enum coffer_status init_snp(
	struct soft_guest *g, struct coffer_error *err)
{
	uint8_t buf[0x40] = { 1 }; /* INIT_RMP */
	uint32_t fw;

	if (g->sp->snp_state == SNP_INIT)
		return COFFER_OK;
	fw = cf_sp_soft_call(g->sp, 0x85, buf, sizeof(buf));
	if (fw)
		return cf_sp_fw_result(err, fw, "SNP_INIT_EX", UINT64_MAX);
	cf_sp_soft_wbinvd(g->sp);
	return cf_sp_fw_result(err, cf_sp_soft_call(g->sp, 0x84, NULL, 0),
		"SNP_DF_FLUSH", UINT64_MAX);
}

static enum coffer_status create(struct soft_guest *g, struct coffer_error *err)
{
	struct cf_sp_soft_memory bound;
	enum coffer_status status;

	g->vmsa = cf_alloc_array(g->vcpus ? g->vcpus : 1, sizeof(*g->vmsa));
	if (!g->vmsa)
		return cf_fail_nomem(err, "a guest");
	for (unsigned i = 0; i < g->vcpus; i++)
		g->vmsa[i] = NO_VMSA;
	g->area = CF_SP_HOST_AREA + g->asid * AREA_STRIDE;
	status = cf_memory_add(g->mem, g->area,
		(AREA_VMSA + (uint64_t)g->vcpus) * CF_PAGE_SIZE, CF_REGION_RAM,
		"host area of the secure processor", err);
	if (status)
		return status;
	if (!g->sp->has_mem) {
		cf_sp_soft_memory_bind(g->mem, &bound);
		cf_sp_soft_set_memory(g->sp, &bound);
	}
	return g->platform == CF_PLATFORM_SEV_SNP ? init_snp(g, err)
						  : cf_sp_host_init_sev(g, err);
}

enum coffer_status cf_sp_soft_guest_create(struct cf_sp_soft *sp,
	struct cf_memory *mem, enum cf_platform platform, unsigned asid,
	unsigned vcpus, struct cf_sp_guest **out, struct coffer_error *err)
{
	enum coffer_status status;
	struct soft_guest *g;

	if (platform != CF_PLATFORM_SEV_SNP && platform != CF_PLATFORM_SEV &&
		platform != CF_PLATFORM_SEV_ES)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"secure processor: no guests of platform %s",
			cf_platform_name(platform));
	if (!asid || asid > CF_MEMORY_MAX_ASID)
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"secure processor: ASID %u is not in 1 .. %u", asid,
			CF_MEMORY_MAX_ASID);
	g = cf_alloc_array(1, sizeof(*g));
	if (!g)
		return cf_fail_nomem(err, "a guest");
	*g = (struct soft_guest) {
		.base.ops = platform == CF_PLATFORM_SEV_SNP
			? &cf_sp_soft_snp_ops
			: &cf_sp_soft_sev_ops,
		.sp = sp,
		.mem = mem,
		.platform = platform,
		.asid = asid,
		.vcpus = vcpus,
	};
	pthread_mutex_init(&g->lock, NULL);
	status = create(g, err);
	if (status) {
		g->base.ops->destroy(&g->base);
		return status;
	}
	*out = &g->base;
	return COFFER_OK;
}

bool cf_sp_soft_vmsa(
	const struct cf_sp_guest *base, unsigned vp_index, uint64_t *spa)
{
	const struct soft_guest *g =
		CF_CONTAINER_OF(base, const struct soft_guest, base);

	if (vp_index >= g->vcpus || g->vmsa[vp_index] == NO_VMSA)
		return false;
	*spa = g->vmsa[vp_index];
	return true;
}
