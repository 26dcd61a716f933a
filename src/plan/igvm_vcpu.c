/* SPDX-License-Identifier: Apache-2.0 */
/* VP contexts, with the rules that KVM has for VMSAs, and the SNP ID block. */
#include "plan_priv.h"

#include <inttypes.h>

#define VMSA_FIELDS_END   0x670 /* nothing after it */
#define VMSA_SEV_FEATURES 0x3b0

/* KVM rebuilds the page from registers: a field that it cannot carry over
 * would change the measurement without a word. */
static enum coffer_status check_kvm_vmsa(
	struct walk *w, const struct cf_igvm_header *h)
{
	bool snp = w->platform == CF_PLATFORM_SEV_SNP;
	uint64_t features = cf_load_le64(h->data + VMSA_SEV_FEATURES);

	if (h->u.vp_context.gpa != CF_KVM_VMSA_GPA)
		return walk_refuse(w, h, COFFER_ERR_FORMAT,
			"gpa 0x%" PRIx64
			": KVM measures every VMSA at 0x%" PRIx64,
			h->u.vp_context.gpa, (uint64_t)CF_KVM_VMSA_GPA);
	for (size_t i = 0; i < VMSA_FIELDS_END; i++) {
		const struct cf_vmsa_field *f;

		if (!h->data[i])
			continue;
		f = cf_vmsa_field_of(i);
		if (!f || !f->from_registers)
			return walk_refuse(w, h, COFFER_ERR_FORMAT,
				"vCPU %u: VMSA byte 0x%zx (%s) is not zero; "
				"KVM does not carry this field over",
				h->u.vp_context.vp_index, i,
				f ? f->name : "reserved");
	}
	if ((features & 1) != snp)
		return walk_refuse(w, h, COFFER_ERR_FORMAT,
			"vCPU %u: SEV_FEATURES 0x%" PRIx64
			": bit 0 must be %d on platform %s",
			h->u.vp_context.vp_index, features, snp,
			cf_platform_name(w->platform));
	return COFFER_OK;
}

static enum coffer_status check_vcpu(
	struct walk *w, const struct cf_igvm_header *h)
{
	const unsigned index = h->u.vp_context.vp_index;
	struct cf_cpu_state state;
	enum coffer_status st;

	if (w->env->vcpus && index >= w->env->vcpus)
		return walk_refuse(w, h, COFFER_ERR_ARGUMENT,
			"vCPU %u: the guest has %" PRIu32
			" vCPUs; give it more (-smp)",
			index, w->env->vcpus);
	switch (w->platform) {
	case CF_PLATFORM_SEV_ES:
	case CF_PLATFORM_SEV_SNP:
		return w->profile->kvm_vmsas ? check_kvm_vmsa(w, h) : COFFER_OK;
	case CF_PLATFORM_NATIVE:
	case CF_PLATFORM_SEV:
		if (w->profile->native_bsp_only && index)
			return walk_refuse(w, h, COFFER_ERR_UNSUPPORTED,
				"vCPU %u: a native context can be given for "
				"vCPU 0 only",
				index);
		cf_cpu_state_reset(&state, 0);
		st = cf_native_context_decode(
			h->data, h->data_len, &state, w->err);
		return st ? cf_error_context(
				    w->err, st, "VP_CONTEXT %zu", h->index)
			  : st;
	default:
		return COFFER_OK;
	}
}

static enum cf_vcpu_format format_of(enum cf_platform p)
{
	switch (p) {
	case CF_PLATFORM_SEV_ES:
	case CF_PLATFORM_SEV_SNP:
		return CF_VCPU_VMSA;
	case CF_PLATFORM_VBS:
		return CF_VCPU_VBS;
	default:
		return CF_VCPU_NATIVE;
	}
}

/* One context per vCPU; VBS has one per VTL, all of vCPU 0. */
static struct cf_step *find_vcpu(struct walk *w, unsigned index)
{
	for (size_t i = 0; i < w->nvcpus; i++)
		if (w->vcpu[i].vp_index == index)
			return &w->vcpu[i];
	return NULL;
}

enum coffer_status walk_vcpu(struct walk *w, const struct cf_igvm_header *h)
{
	enum coffer_status st;
	struct cf_step *before = NULL;
	const struct cf_step step = {
		.kind = CF_STEP_VCPU,
		.origin = { .what = "VP_CONTEXT", .index = h->index },
		.gpa = h->u.vp_context.gpa,
		.len = h->data_len,
		.data = h->data,
		.vp_index = h->u.vp_context.vp_index,
		.format = format_of(w->platform),
	};

	if (!h->data)
		return walk_refuse(w, h, COFFER_ERR_FORMAT, "it has no data");
	st = check_vcpu(w, h);
	if (st)
		return st;
	if (w->platform != CF_PLATFORM_VBS)
		before = find_vcpu(w, step.vp_index);
	if (before && !w->profile->vcpu_replaces)
		return walk_refuse(w, h, COFFER_ERR_FORMAT,
			"vCPU %u: directive %zu has a context for it already",
			step.vp_index, before->origin.index);
	if (before) {
		*before = step;
		return COFFER_OK;
	}
	if (!cf_grow_array(
		    &w->vcpu, &w->vcpus_cap, w->nvcpus + 1, sizeof(*w->vcpu)))
		return cf_fail_nomem(w->err, "the launch plan");
	w->vcpu[w->nvcpus++] = step;
	return w->profile->vcpus_last ? COFFER_OK
				      : cf_plan_add(w->plan, &step, w->err);
}

static int by_index(const void *a, const void *b)
{
	const struct cf_step *x = a, *y = b;

	return (x->vp_index > y->vp_index) - (x->vp_index < y->vp_index);
}

enum coffer_status walk_vcpus_last(struct walk *w)
{
	enum coffer_status st = COFFER_OK;

	if (!w->profile->vcpus_last || !w->nvcpus)
		return COFFER_OK;
	qsort(w->vcpu, w->nvcpus, sizeof(*w->vcpu), by_index);
	for (size_t i = 0; !st && i < w->nvcpus; i++)
		st = cf_plan_add(w->plan, &w->vcpu[i], w->err);
	return st;
}

/* SNP ID block and authentication information (AMD 56860, LAUNCH_FINISH). */
enum {
	ID_LD = 0x00,
	ID_FAMILY = 0x30,
	ID_IMAGE = 0x40,
	ID_VERSION = 0x50,
	ID_SVN = 0x54,
	ID_POLICY = 0x58,
	AUTH_ID_ALG = 0x000,
	AUTH_AUTHOR_ALG = 0x004,
	AUTH_BLOCK_SIG = 0x040,
	AUTH_ID_KEY = 0x240,
	AUTH_ID_KEY_SIG = 0x680,
	AUTH_AUTHOR_KEY = 0x880,
	KEY_X = 4, /* after the curve */
	KEY_Y = 76,
	KEY_PART = 72,
	IGVM_KEY_X = 8, /* IGVM has a reserved word after the curve */
};

static void put_key(uint8_t *to, const uint8_t igvm[152])
{
	memcpy(to, igvm, 4);
	memcpy(to + KEY_X, igvm + IGVM_KEY_X, KEY_PART);
	memcpy(to + KEY_Y, igvm + IGVM_KEY_X + KEY_PART, KEY_PART);
}

enum coffer_status walk_id_block(struct walk *w, const struct cf_igvm_header *h)
{
	struct cf_plan *plan = w->plan;
	uint8_t *id = plan->id_block, *auth = plan->id_auth;
	const bool v1 = w->profile->id_block_v1;

	if (w->platform != CF_PLATFORM_SEV_SNP)
		return COFFER_OK;
	if (plan->id_block_enabled)
		return walk_refuse(w, h, COFFER_ERR_FORMAT,
			"the file has a second ID block for this platform");
	plan->id_block_enabled = true;
	memcpy(id + ID_LD, h->u.snp_id_block.ld, 48);
	memcpy(id + ID_FAMILY, h->u.snp_id_block.family_id, 16);
	memcpy(id + ID_IMAGE, h->u.snp_id_block.image_id, 16);
	cf_store_le32(id + ID_VERSION, v1 ? 1 : h->u.snp_id_block.version);
	cf_store_le32(id + ID_SVN, h->u.snp_id_block.guest_svn);
	/* Initialization headers come before directives. */
	cf_store_le64(id + ID_POLICY, plan->policy);
	cf_store_le32(auth + AUTH_ID_ALG, h->u.snp_id_block.id_key_algorithm);
	cf_store_le32(
		auth + AUTH_AUTHOR_ALG, h->u.snp_id_block.author_key_algorithm);
	memcpy(auth + AUTH_BLOCK_SIG, h->u.snp_id_block.id_key_signature, 144);
	put_key(auth + AUTH_ID_KEY, h->u.snp_id_block.id_public_key);
	memcpy(auth + AUTH_ID_KEY_SIG, h->u.snp_id_block.author_key_signature,
		144);
	put_key(auth + AUTH_AUTHOR_KEY, h->u.snp_id_block.author_public_key);
	/* QEMU goes by the key's curve, the format by its flag. */
	plan->author_key_enabled = v1
		? h->u.snp_id_block.author_public_key[0] != 0
		: h->u.snp_id_block.author_key_enabled != 0;
	return COFFER_OK;
}
