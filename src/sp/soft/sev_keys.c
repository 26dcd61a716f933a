/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The platform's identity towards guest owners: OCA, PEK and PDH with their
 * certificates, kept in the storage or in the host's INIT_EX buffer; CEK from
 * the chip.  Source: SEV API (AMD 55766), "Keys", PEK_GEN, PDH_GEN, PEK_CSR,
 * PEK_CERT_IMPORT, PDH_CERT_EXPORT.
 */
#include "sp/soft/commands_priv.h"

#include <string.h>

#define NV_BUFFER_LEN 0x8000
#define NV_RECORD_LEN (1 + 3 * CF_P384_LEN + 3 * CF_SEV_CERT_LEN)

static enum coffer_status generate(struct cf_sp_soft *sp,
	uint8_t secret[CF_P384_LEN], struct coffer_error *err)
{
	uint8_t seed[32];
	enum coffer_status status = cf_sp_random(sp, seed, sizeof(seed), err);

	if (!status)
		status = cf_sp_derive_scalar(
			seed, "sim-platform-key", NULL, 0, secret, err);
	cf_wipe(seed, sizeof(seed));
	return status;
}

static enum coffer_status make_cert(const struct cf_sp_soft *sp,
	const uint8_t secret[CF_P384_LEN], enum cf_sev_usage usage,
	uint8_t cert[CF_SEV_CERT_LEN], struct coffer_error *err)
{
	struct cf_p384_public pub;
	const struct cf_sev_cert_fields f = {
		.usage = usage,
		.algo = usage == CF_SEV_USAGE_PDH ? CF_SEV_ALGO_ECDH_SHA256
						  : CF_SEV_ALGO_ECDSA_SHA256,
		.api_major = sp->fw.sev_major,
		.api_minor = sp->fw.sev_minor,
		.key = &pub,
	};
	enum coffer_status status = cf_p384_public(secret, &pub, err);

	if (!status)
		cf_sev_cert_make(&f, cert);
	return status;
}

enum coffer_status cf_sp_cek(const struct cf_sp_soft *sp,
	uint8_t scalar[CF_P384_LEN], uint8_t cert[CF_SEV_CERT_LEN],
	struct coffer_error *err)
{
	enum coffer_status status = cf_sp_derive_scalar(sp->chip_secret,
		"sev-chip-endorsement-key", NULL, 0, scalar, err);

	if (!status)
		status = make_cert(sp, scalar, CF_SEV_USAGE_CEK, cert, err);
	return status;
}

static enum coffer_status sign_with_cek(const struct cf_sp_soft *sp,
	uint8_t cert[CF_SEV_CERT_LEN], struct coffer_error *err)
{
	uint8_t cek[CF_P384_LEN], cek_cert[CF_SEV_CERT_LEN];
	enum coffer_status status = cf_sp_cek(sp, cek, cek_cert, err);

	if (!status)
		status = cf_sev_cert_sign(cert, 1, CF_SEV_USAGE_CEK, cek, err);
	cf_wipe(cek, sizeof(cek));
	return status;
}

static enum coffer_status make_pdh(
	struct cf_sp_soft *sp, struct sev_keys *k, struct coffer_error *err)
{
	enum coffer_status status = generate(sp, k->pdh, err);

	if (!status)
		status = make_cert(
			sp, k->pdh, CF_SEV_USAGE_PDH, k->pdh_cert, err);
	if (!status)
		status = cf_sev_cert_sign(
			k->pdh_cert, 0, CF_SEV_USAGE_PEK, k->pek, err);
	return status;
}

/* A self-owned identity: own OCA, PEK and PDH. */
static enum coffer_status make_keys(
	struct cf_sp_soft *sp, struct sev_keys *k, struct coffer_error *err)
{
	enum coffer_status status = generate(sp, k->oca, err);

	k->external_owner = false;
	if (!status)
		status = generate(sp, k->pek, err);
	if (!status)
		status = make_cert(
			sp, k->oca, CF_SEV_USAGE_OCA, k->oca_cert, err);
	if (!status)
		status = cf_sev_cert_sign(
			k->oca_cert, 0, CF_SEV_USAGE_OCA, k->oca, err);
	if (!status)
		status = make_cert(
			sp, k->pek, CF_SEV_USAGE_PEK, k->pek_cert, err);
	if (!status)
		status = cf_sev_cert_sign(
			k->pek_cert, 0, CF_SEV_USAGE_OCA, k->oca, err);
	if (!status)
		status = sign_with_cek(sp, k->pek_cert, err);
	return status ? status : make_pdh(sp, k, err);
}

/* --- Where they are kept --- */

static void encode(const struct sev_keys *k, uint8_t r[NV_RECORD_LEN])
{
	r[0] = k->external_owner;
	memcpy(r + 1, k->oca, CF_P384_LEN);
	memcpy(r + 49, k->pek, CF_P384_LEN);
	memcpy(r + 97, k->pdh, CF_P384_LEN);
	memcpy(r + 145, k->oca_cert, CF_SEV_CERT_LEN);
	memcpy(r + 145 + CF_SEV_CERT_LEN, k->pek_cert, CF_SEV_CERT_LEN);
	memcpy(r + 145 + 2 * CF_SEV_CERT_LEN, k->pdh_cert, CF_SEV_CERT_LEN);
}

static void decode(const uint8_t r[NV_RECORD_LEN], struct sev_keys *k)
{
	k->external_owner = r[0];
	memcpy(k->oca, r + 1, CF_P384_LEN);
	memcpy(k->pek, r + 49, CF_P384_LEN);
	memcpy(k->pdh, r + 97, CF_P384_LEN);
	memcpy(k->oca_cert, r + 145, CF_SEV_CERT_LEN);
	memcpy(k->pek_cert, r + 145 + CF_SEV_CERT_LEN, CF_SEV_CERT_LEN);
	memcpy(k->pdh_cert, r + 145 + 2 * CF_SEV_CERT_LEN, CF_SEV_CERT_LEN);
}

/* The record code with the host's buffer as the storage: a length, then the
 * bytes; erased flash (all ones) and zeros are "none". */
static enum coffer_status nv_load(void *opaque, const char *record,
	uint8_t **data, size_t *len, struct coffer_error *err)
{
	struct cf_sp_soft *sp = opaque;
	uint8_t head[4];
	uint32_t n;

	*data = NULL;
	if (!cf_sp_read(sp, sp->nv_spa, head, sizeof(head)))
		return cf_fail(err, COFFER_ERR_ARGUMENT, "NV_PADDR");
	n = cf_load_le32(head);
	if (!n || n == UINT32_MAX)
		return COFFER_OK;
	if (n > NV_BUFFER_LEN - sizeof(head))
		n = 1; /* too short for a record: damaged */
	*data = cf_alloc_array(n, 1);
	if (!*data)
		return cf_fail_nomem(err, "persistent data");
	*len = n;
	if (!cf_sp_read(sp, sp->nv_spa + sizeof(head), *data, n))
		return cf_fail(err, COFFER_ERR_ARGUMENT, "NV_PADDR");
	return COFFER_OK;
}

static enum coffer_status nv_store(void *opaque, const char *record,
	const uint8_t *data, size_t len, struct coffer_error *err)
{
	struct cf_sp_soft *sp = opaque;
	uint8_t head[4];

	cf_store_le32(head, (uint32_t)len);
	if (len > NV_BUFFER_LEN - sizeof(head) ||
		!sp->mem.host_write(
			sp->mem.opaque, sp->nv_spa, head, sizeof(head)) ||
		!sp->mem.host_write(
			sp->mem.opaque, sp->nv_spa + sizeof(head), data, len))
		return cf_fail(err, COFFER_ERR_ARGUMENT, "NV_PADDR");
	return COFFER_OK;
}

static struct cf_sp_soft_ops use_nv(struct cf_sp_soft *sp)
{
	struct cf_sp_soft_ops was = sp->ops;

	if (sp->nv_spa) {
		sp->ops.opaque = sp;
		sp->ops.load = nv_load;
		sp->ops.store = nv_store;
		sp->ops.lock = NULL;
	}
	return was;
}

static enum coffer_status store_keys(
	struct cf_sp_soft *sp, const struct sev_keys *k)
{
	uint8_t r[NV_RECORD_LEN];
	struct cf_sp_soft_ops was = use_nv(sp);
	enum coffer_status status;

	encode(k, r);
	status = cf_sp_record_store(sp, "nv", r, sizeof(r), NULL);
	sp->ops = was;
	cf_wipe(r, sizeof(r));
	return status;
}

/* Replace the identity in the storage, then in force. */
static uint32_t take_keys(struct cf_sp_soft *sp, const struct sev_keys *k)
{
	if (store_keys(sp, k))
		return CF_FW_HWERROR_PLATFORM;
	sp->keys = *k;
	return CF_FW_SUCCESS;
}

/* A damaged record makes INIT fail once; the next INIT starts anew. */
uint32_t cf_sp_sev_load_keys(struct cf_sp_soft *sp)
{
	CF_CLEANUP(cf_free_ptr) uint8_t *record = NULL;
	struct cf_sp_soft_ops was = use_nv(sp);
	enum coffer_status status;
	struct sev_keys k = { 0 };
	size_t len;

	status =
		cf_sp_record_load(sp, "nv", NV_RECORD_LEN, &record, &len, NULL);
	sp->ops = was;
	if (status == COFFER_ERR_FORMAT && !sp->nv_bad) {
		sp->nv_bad = true;
		return CF_FW_SECURE_DATA_INVALID;
	}
	if (status && status != COFFER_ERR_FORMAT)
		return CF_FW_HWERROR_PLATFORM;
	sp->nv_bad = false;
	if (record) {
		decode(record, &sp->keys);
		cf_wipe(record, len);
		return CF_FW_SUCCESS;
	}
	if (make_keys(sp, &k, NULL))
		return CF_FW_HWERROR_PLATFORM;
	return take_keys(sp, &k);
}

/* --- Commands --- */

uint32_t cf_sp_sev_pek_gen(struct call *c)
{
	struct sev_keys k = { 0 };

	if (make_keys(c->sp, &k, NULL))
		return CF_FW_HWERROR_PLATFORM;
	return take_keys(c->sp, &k);
}

uint32_t cf_sp_sev_pdh_gen(struct call *c)
{
	struct sev_keys k = c->sp->keys;

	if (make_pdh(c->sp, &k, NULL))
		return CF_FW_HWERROR_PLATFORM;
	return take_keys(c->sp, &k);
}

/* Back to self-owned.  The fresh identity is made by the next INIT; what is
 * stored now has to be valid and its own, so it is made here. */
uint32_t cf_sp_sev_platform_reset(struct call *c)
{
	struct sev_keys k = { 0 };

	c->sp->nv_bad = false;
	if (make_keys(c->sp, &k, NULL))
		return CF_FW_HWERROR_PLATFORM;
	return take_keys(c->sp, &k);
}

uint32_t cf_sp_sev_pek_csr(struct call *c)
{
	uint8_t csr[CF_SEV_CERT_LEN];

	if (cf_load_le32(c->buf + 8) < sizeof(csr)) {
		cf_store_le32(c->buf + 8, sizeof(csr));
		return CF_FW_INVALID_LENGTH;
	}
	if (make_cert(c->sp, c->sp->keys.pek, CF_SEV_USAGE_PEK, csr, NULL))
		return CF_FW_HWERROR_PLATFORM;
	return cf_sp_write_out(c->sp, cf_load_le64(c->buf), csr, sizeof(csr));
}

static bool read_cert(
	struct cf_sp_soft *sp, uint64_t spa, uint8_t bytes[CF_SEV_CERT_LEN])
{
	return cf_sp_read(sp, spa, bytes, CF_SEV_CERT_LEN);
}

/* The owner's PEK certificate must be of our PEK, signed by the OCA that came
 * with it, which signs itself. */
static uint32_t check_import(const struct sev_keys *k, const uint8_t *pek_bytes,
	const uint8_t *oca_bytes)
{
	struct cf_sev_cert pek, oca, ours;

	if (cf_sev_cert_parse(pek_bytes, CF_SEV_CERT_LEN, &pek, NULL) ||
		cf_sev_cert_parse(oca_bytes, CF_SEV_CERT_LEN, &oca, NULL) ||
		pek.usage != CF_SEV_USAGE_PEK || oca.usage != CF_SEV_USAGE_OCA)
		return CF_FW_INVALID_CERTIFICATE;
	if (cf_sev_cert_parse(k->pek_cert, CF_SEV_CERT_LEN, &ours, NULL))
		return CF_FW_HWERROR_PLATFORM;
	if (pek.is_rsa || memcmp(&pek.key, &ours.key, sizeof(pek.key)) != 0)
		return UNC_IMPORT_WRONG_KEY;
	if (cf_sev_cert_verify(&oca, &oca, NULL) ||
		cf_sev_cert_verify(&pek, &oca, NULL))
		return CF_FW_BAD_SIGNATURE;
	return CF_FW_SUCCESS;
}

uint32_t cf_sp_sev_pek_cert_import(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	struct sev_keys k = sp->keys;
	uint32_t fw;

	if (k.external_owner)
		return CF_FW_ALREADY_OWNED;
	if (cf_load_le32(c->buf + 8) != CF_SEV_CERT_LEN ||
		cf_load_le32(c->buf + 0x18) != CF_SEV_CERT_LEN)
		return CF_FW_INVALID_LENGTH;
	if (!read_cert(sp, cf_load_le64(c->buf), k.pek_cert) ||
		!read_cert(sp, cf_load_le64(c->buf + 0x10), k.oca_cert))
		return CF_FW_INVALID_ADDRESS;
	fw = check_import(&sp->keys, k.pek_cert, k.oca_cert);
	if (fw)
		return fw;
	/* The owner may have used either slot; ours is the other. */
	if (cf_load_le32(k.pek_cert + CF_SEV_CERT_BODY) != CF_SEV_USAGE_OCA)
		memcpy(k.pek_cert + 0x414, k.pek_cert + 0x61C, 0x208);
	if (sign_with_cek(sp, k.pek_cert, NULL))
		return CF_FW_HWERROR_PLATFORM;
	k.external_owner = true;
	cf_wipe(k.oca, sizeof(k.oca));
	if (UNC_IMPORT_NEW_PDH && make_pdh(sp, &k, NULL))
		return CF_FW_HWERROR_PLATFORM;
	return take_keys(sp, &k);
}

static enum coffer_status export_chain(struct cf_sp_soft *sp,
	uint8_t chain[CF_SEV_CHAIN_LEN], struct coffer_error *err)
{
	uint8_t cek[CF_P384_LEN];
	enum coffer_status status;

	memcpy(chain, sp->keys.pek_cert, CF_SEV_CERT_LEN);
	memcpy(chain + CF_SEV_CERT_LEN, sp->keys.oca_cert, CF_SEV_CERT_LEN);
	if (UNC_CEK_EXPORT_SIGNED)
		return cf_sp_cek_signed(sp, chain + 2 * CF_SEV_CERT_LEN, err);
	status = cf_sp_cek(sp, cek, chain + 2 * CF_SEV_CERT_LEN, err);
	cf_wipe(cek, sizeof(cek));
	return status;
}

enum coffer_status cf_sp_soft_sev_certs(struct cf_sp_soft *sp,
	struct cf_buf *pdh, struct cf_buf *chain, struct coffer_error *err)
{
	uint8_t bytes[CF_SEV_CHAIN_LEN];
	enum coffer_status status;

	if (sp->sev_state == SEV_UNINIT)
		return cf_fail(err, COFFER_ERR_STATE,
			"secure processor: no SEV certificates before INIT");
	status = export_chain(sp, bytes, err);
	if (status)
		return status;
	cf_buf_append(pdh, sp->keys.pdh_cert, CF_SEV_CERT_LEN);
	cf_buf_append(chain, bytes, sizeof(bytes));
	return pdh->failed || chain->failed
		? cf_fail_nomem(err, "SEV certificates")
		: COFFER_OK;
}

uint32_t cf_sp_sev_pdh_cert_export(struct call *c)
{
	struct cf_sp_soft *sp = c->sp;
	uint8_t chain[CF_SEV_CHAIN_LEN];
	uint32_t fw;

	if (cf_load_le32(c->buf + 8) < CF_SEV_CERT_LEN ||
		cf_load_le32(c->buf + 0x18) < sizeof(chain)) {
		cf_store_le32(c->buf + 8, CF_SEV_CERT_LEN);
		cf_store_le32(c->buf + 0x18, sizeof(chain));
		return CF_FW_INVALID_LENGTH;
	}
	if (export_chain(sp, chain, NULL))
		return CF_FW_HWERROR_PLATFORM;
	fw = cf_sp_write_out(
		sp, cf_load_le64(c->buf), sp->keys.pdh_cert, CF_SEV_CERT_LEN);
	if (!fw)
		fw = cf_sp_write_out(
			sp, cf_load_le64(c->buf + 0x10), chain, sizeof(chain));
	return fw;
}
