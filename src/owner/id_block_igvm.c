/* SPDX-License-Identifier: Apache-2.0 */
/* The ID block inside an IGVM file: the SNP ID block directive. */
#include "owner/id_block.h"

#include "base/base.h"
#include "igvm/igvm.h"

#include <string.h>

enum {
	KEY_CURVE = 0,
	KEY_QX = 8,
	KEY_QY = 80,
	KEY_LEN = 152,
	SIG_S = 72,
};

#define CURVE_P384 2
#define ALGO_ECDSA 1

/* The first header of a type that applies to the mask. */
static bool find_header(const struct cf_igvm *file,
	enum cf_igvm_section section, uint32_t type, uint32_t mask,
	struct cf_igvm_header *out)
{
	for (size_t i = 0; i < cf_igvm_count(file, section); i++) {
		cf_igvm_get(file, section, i, out);
		if (out->type == type && (out->compatibility_mask & mask))
			return true;
	}
	return false;
}

static bool load_key(const uint8_t in[KEY_LEN], struct cf_p384_public *out)
{
	return cf_load_le32(in + KEY_CURVE) == CURVE_P384 &&
		cf_p384_from_le72(in + KEY_QX, out->x) &&
		cf_p384_from_le72(in + KEY_QY, out->y);
}

static bool load_signature(const uint8_t *in, struct cf_p384_signature *out)
{
	return cf_p384_from_le72(in, out->r) &&
		cf_p384_from_le72(in + SIG_S, out->s);
}

static void store_key(const struct cf_p384_public *pub, uint8_t out[KEY_LEN])
{
	memset(out, 0, KEY_LEN);
	cf_store_le32(out + KEY_CURVE, CURVE_P384);
	cf_p384_to_le72(pub->x, out + KEY_QX);
	cf_p384_to_le72(pub->y, out + KEY_QY);
}

static void store_signature(const struct cf_p384_signature *s, uint8_t *out)
{
	cf_p384_to_le72(s->r, out);
	cf_p384_to_le72(s->s, out + SIG_S);
}

enum coffer_status cf_id_block_from_igvm(const struct cf_igvm *file,
	struct cf_id_block *block, struct cf_id_auth *auth,
	struct coffer_error *err)
{
	uint32_t mask = cf_igvm_mask_of(file, CF_IGVM_SEV_SNP);
	struct cf_igvm_header h, policy;

	memset(block, 0, sizeof(*block));
	memset(auth, 0, sizeof(*auth));
	if (!find_header(
		    file, CF_IGVM_DIRECTIVES, CF_IGVM_SNP_ID_BLOCK, mask, &h))
		return cf_fail(err, COFFER_ERR_STATE,
			"igvm: the file has no SNP ID block");
	if (!find_header(file, CF_IGVM_INITIALIZATIONS, CF_IGVM_GUEST_POLICY,
		    mask, &policy))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"igvm: an SNP ID block without a guest policy header");
	memcpy(block->measurement, h.u.snp_id_block.ld, 48);
	memcpy(block->family_id, h.u.snp_id_block.family_id, 16);
	memcpy(block->image_id, h.u.snp_id_block.image_id, 16);
	block->version = h.u.snp_id_block.version;
	block->guest_svn = h.u.snp_id_block.guest_svn;
	block->policy = policy.u.policy.policy;
	auth->has_author = h.u.snp_id_block.author_key_enabled;
	if (h.u.snp_id_block.id_key_algorithm != ALGO_ECDSA ||
		!load_key(h.u.snp_id_block.id_public_key, &auth->id_key) ||
		!load_signature(h.u.snp_id_block.id_key_signature,
			&auth->block_signature))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"igvm: the ID key of the SNP ID block at 0x%llx is not "
			"one of P-384",
			(unsigned long long)h.position);
	if (auth->has_author &&
		(h.u.snp_id_block.author_key_algorithm != ALGO_ECDSA ||
			!load_key(h.u.snp_id_block.author_public_key,
				&auth->author_key) ||
			!load_signature(h.u.snp_id_block.author_key_signature,
				&auth->id_key_signature)))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"igvm: the author key of the SNP ID block at 0x%llx is "
			"not one of P-384",
			(unsigned long long)h.position);
	return COFFER_OK;
}

static void make_header(const struct cf_id_block *block,
	const struct cf_id_auth *auth, uint32_t mask, struct cf_igvm_header *h)
{
	memset(h, 0, sizeof(*h));
	h->type = CF_IGVM_SNP_ID_BLOCK;
	h->compatibility_mask = mask;
	memcpy(h->u.snp_id_block.ld, block->measurement, 48);
	memcpy(h->u.snp_id_block.family_id, block->family_id, 16);
	memcpy(h->u.snp_id_block.image_id, block->image_id, 16);
	h->u.snp_id_block.version = block->version;
	h->u.snp_id_block.guest_svn = block->guest_svn;
	h->u.snp_id_block.id_key_algorithm = ALGO_ECDSA;
	store_key(&auth->id_key, h->u.snp_id_block.id_public_key);
	store_signature(
		&auth->block_signature, h->u.snp_id_block.id_key_signature);
	if (!auth->has_author)
		return;
	h->u.snp_id_block.author_key_enabled = 1;
	h->u.snp_id_block.author_key_algorithm = ALGO_ECDSA;
	store_key(&auth->author_key, h->u.snp_id_block.author_public_key);
	store_signature(&auth->id_key_signature,
		h->u.snp_id_block.author_key_signature);
}

/* A policy header may speak for other platforms too: they keep theirs. */
static enum coffer_status copy_policy(struct cf_igvm_header *h, uint32_t mask,
	uint64_t policy, struct cf_igvm_writer *w, struct coffer_error *err)
{
	struct cf_igvm_header others = *h;
	enum coffer_status status = COFFER_OK;

	others.compatibility_mask &= ~mask;
	if (others.compatibility_mask)
		status = cf_igvm_writer_add(w, &others, err);
	if (status)
		return status;
	h->compatibility_mask = mask;
	h->u.policy.policy = policy;
	return cf_igvm_writer_add(w, h, err);
}

/* The headers of a section, without the ID block of these platforms and with
 * the policy replaced. */
static enum coffer_status copy_section(const struct cf_igvm *file,
	enum cf_igvm_section section, uint32_t mask, uint64_t policy,
	struct cf_igvm_writer *w, struct coffer_error *err)
{
	enum coffer_status status = COFFER_OK;

	for (size_t i = 0; !status && i < cf_igvm_count(file, section); i++) {
		struct cf_igvm_header h;
		bool ours;

		cf_igvm_get(file, section, i, &h);
		ours = h.compatibility_mask & mask;
		if (h.type == CF_IGVM_GUEST_POLICY && ours)
			status = copy_policy(&h, mask, policy, w, err);
		else if (h.type != CF_IGVM_SNP_ID_BLOCK || !ours)
			status = cf_igvm_writer_add(w, &h, err);
	}
	return status;
}

static enum coffer_status add_missing_policy(const struct cf_igvm *file,
	uint32_t mask, uint64_t policy, struct cf_igvm_writer *w,
	struct coffer_error *err)
{
	struct cf_igvm_header h;

	if (find_header(file, CF_IGVM_INITIALIZATIONS, CF_IGVM_GUEST_POLICY,
		    mask, &h))
		return COFFER_OK;
	h = (struct cf_igvm_header) { .type = CF_IGVM_GUEST_POLICY };
	h.compatibility_mask = mask;
	h.u.policy.policy = policy;
	return cf_igvm_writer_add(w, &h, err);
}

enum coffer_status cf_id_block_into_igvm(const struct cf_igvm *file,
	const struct cf_id_block *block, const struct cf_id_auth *auth,
	struct cf_buf *out, struct coffer_error *err)
{
	uint32_t mask = cf_igvm_mask_of(file, CF_IGVM_SEV_SNP);
	struct cf_igvm_writer *w = NULL;
	struct cf_igvm_header h;
	enum coffer_status status;

	if (!mask)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"igvm: the file does not support SEV-SNP");
	status = cf_igvm_writer_create(
		cf_igvm_format_version(file), cf_igvm_arch(file), &w, err);
	if (status)
		return status;
	make_header(block, auth, mask, &h);
	for (int s = 0; !status && s < CF_IGVM_NSECTIONS; s++)
		status = copy_section(file, (enum cf_igvm_section)s, mask,
			block->policy, w, err);
	if (!status)
		status = add_missing_policy(file, mask, block->policy, w, err);
	if (!status)
		status = cf_igvm_writer_add(w, &h, err);
	if (!status)
		status = cf_igvm_writer_finish(w, out, err);
	cf_igvm_writer_destroy(w);
	return status;
}
