/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificates that a user has, and which of them belong to a report.
 * Sources may overlap, so a certificate that is there already is dropped.
 */
#include "owner/chain.h"

#include "base/base.h"

#include <string.h>

#define MAX_CERTS       4096
#define TABLE_ENTRY_LEN 24
#define TABLE_MAX       64

/* Certificate GUIDs of the table, in the byte order of their text. */
static const uint8_t table_guids[][16] = {
	/* VCEK 63da758d-e664-4564-adc5-f4b93be8accd */
	{ 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4,
		0xb9, 0x3b, 0xe8, 0xac, 0xcd },
	/* VLEK a8074bc2-a25a-483e-aae6-39c045a0b8a1 */
	{ 0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39,
		0xc0, 0x45, 0xa0, 0xb8, 0xa1 },
	/* ASK, ASVK 4ab7b379-bbac-4fe4-a02f-05aef327c782 */
	{ 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05,
		0xae, 0xf3, 0x27, 0xc7, 0x82 },
	/* ARK c0b406a4-a803-4952-9743-3fb6014cd0ae */
	{ 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f,
		0xb6, 0x01, 0x4c, 0xd0, 0xae },
	/* CRL 92f81bc3-5811-4d3d-97ff-d19f88dc67ea */
	{ 0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1,
		0x9f, 0x88, 0xdc, 0x67, 0xea },
};

void cf_cert_set_finish(struct cf_cert_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->ncerts; i++)
		cf_x509_destroy(set->cert[i]);
	for (size_t i = 0; i < set->ncrls; i++)
		cf_x509_crl_destroy(set->crl[i]);
	free(set->cert);
	free(set->crl);
	*set = (struct cf_cert_set) { 0 };
}

static enum coffer_status take_crl(struct cf_cert_set *set,
	struct cf_x509_crl *crl, struct coffer_error *err)
{
	if (set->ncrls >= MAX_CERTS ||
		!cf_grow_array(&set->crl, &set->crls_cap, set->ncrls + 1,
			sizeof(struct cf_x509_crl *))) {
		cf_x509_crl_destroy(crl);
		return cf_fail_nomem(err, "so many revocation lists");
	}
	set->crl[set->ncrls++] = crl;
	return COFFER_OK;
}

static enum coffer_status take(void *opaque, struct cf_x509 *cert,
	struct cf_x509_crl *crl, struct coffer_error *err)
{
	struct cf_cert_set *set = opaque;

	if (crl)
		return take_crl(set, crl, err);
	for (size_t i = 0; i < set->ncerts; i++)
		if (cf_x509_equal(set->cert[i], cert)) {
			cf_x509_destroy(cert);
			return COFFER_OK;
		}
	if (set->ncerts >= MAX_CERTS ||
		!cf_grow_array(&set->cert, &set->certs_cap, set->ncerts + 1,
			sizeof(struct cf_x509 *))) {
		cf_x509_destroy(cert);
		return cf_fail_nomem(err, "so many certificates");
	}
	set->cert[set->ncerts++] = cert;
	return COFFER_OK;
}

static bool is_table_guid(const uint8_t guid[16])
{
	for (size_t i = 0; i < CF_ARRAY_LEN(table_guids); i++)
		if (memcmp(guid, table_guids[i], 16) == 0)
			return true;
	return false;
}

bool cf_cert_table_detect(const uint8_t *p, size_t n)
{
	return n >= 2 * TABLE_ENTRY_LEN && is_table_guid(p);
}

/* Entries of other GUIDs are whatever the host's owner put there: skipped. */
static enum coffer_status add_table(struct cf_cert_set *set, const uint8_t *p,
	size_t n, struct coffer_error *err)
{
	const struct cf_x509_sink sink = { set, take };
	struct cf_cursor c = cf_cursor(p, n);

	for (unsigned i = 0; i < TABLE_MAX; i++) {
		const uint8_t *guid;
		enum coffer_status status;
		uint32_t offset, len;

		if (!cf_take(&c, 16, &guid) || !cf_take_le32(&c, &offset) ||
			!cf_take_le32(&c, &len))
			return cf_fail(err, COFFER_ERR_TRUNCATED,
				"certificate table: no entry of zeros ends it");
		if (cf_is_zero(guid, 16))
			return COFFER_OK;
		if (!cf_range_ok(offset, len, n))
			return cf_fail(err, COFFER_ERR_FORMAT,
				"certificate table: entry %u: 0x%x bytes at "
				"0x%x are outside the table of 0x%zx",
				i, len, offset, n);
		if (!is_table_guid(guid))
			continue;
		status = cf_x509_read(p + offset, len, &sink, err);
		if (status)
			return cf_error_context(
				err, status, "certificate table: entry %u", i);
	}
	return cf_fail(err, COFFER_ERR_UNSUPPORTED,
		"certificate table: more than %u entries", TABLE_MAX);
}

enum coffer_status cf_cert_set_add(struct cf_cert_set *set, const uint8_t *p,
	size_t n, struct coffer_error *err)
{
	const struct cf_x509_sink sink = { set, take };

	if (cf_cert_table_detect(p, n))
		return add_table(set, p, n, err);
	return cf_x509_read(p, n, &sink, err);
}

static bool vek_fits(const struct cf_vek *v, const struct cf_report *r)
{
	struct cf_tcb reported =
		cf_tcb_decode(v->product, r->tcb_raw[CF_TCB_REPORTED]);
	enum cf_product told = cf_report_product(r);

	return (told == CF_PRODUCT_UNKNOWN || told == v->product) &&
		cf_tcb_equal(&v->tcb, &reported) &&
		(v->vlek || memcmp(v->hwid, r->chip_id, v->hwid_len) == 0);
}

enum fit { FIT_NONE, FIT_KIND, FIT_READABLE, FIT_REPORT };

static enum fit vek_fit(const struct cf_x509 *cert, const struct cf_report *r,
	struct cf_vek *info)
{
	enum cf_cert_role want = r->signing_key == CF_REPORT_KEY_VLEK
		? CF_CERT_VLEK
		: CF_CERT_VCEK;

	if (cf_cert_role(cert) != want)
		return FIT_NONE;
	if (cf_vek_decode(cert, info, NULL))
		return FIT_KIND;
	return vek_fits(info, r) ? FIT_REPORT : FIT_READABLE;
}

/* The VEK that fits the report; failing that the nearest, so that the checks
 * can tell what about it is wrong. */
static void find_vek(const struct cf_cert_set *set, const struct cf_report *r,
	struct cf_chain *out)
{
	enum fit best = FIT_NONE;

	for (size_t i = 0; i < set->ncerts && best < FIT_REPORT; i++) {
		struct cf_vek info;
		enum fit fit = vek_fit(set->cert[i], r, &info);

		if (fit <= best)
			continue;
		best = fit;
		out->vek = set->cert[i];
		out->info = info;
	}
}

static const struct cf_x509 *find_issuer(const struct cf_cert_set *set,
	const struct cf_x509 *cert, enum cf_cert_role role)
{
	const struct cf_x509 *named = NULL;

	for (size_t i = 0; i < set->ncerts; i++) {
		if (cf_cert_role(set->cert[i]) != role ||
			!cf_x509_names_chain(cert, set->cert[i]))
			continue;
		if (!cf_x509_verify(cert, set->cert[i], NULL))
			return set->cert[i];
		named = set->cert[i];
	}
	return named;
}

/* The newest list of the root's.  One that only names the root is the answer
 * when there is no better: it is to fail.  Lists of other roots, as in a copy
 * of the key distribution service, do not concern this chain. */
static const struct cf_x509_crl *find_crl(
	const struct cf_cert_set *set, const struct cf_x509 *ark)
{
	const struct cf_x509_crl *best = NULL, *named = NULL;

	for (size_t i = 0; i < set->ncrls; i++) {
		const struct cf_x509_crl *crl = set->crl[i];

		if (!cf_x509_crl_names(crl, ark))
			continue;
		named = crl;
		if (!cf_x509_crl_verify(crl, ark, NULL) &&
			(!best ||
				cf_x509_crl_this_update(crl) >
					cf_x509_crl_this_update(best)))
			best = crl;
	}
	return best ? best : named;
}

void cf_chain_find(const struct cf_cert_set *set, const struct cf_report *r,
	const struct cf_x509 *root, struct cf_chain *out)
{
	*out = (struct cf_chain) { 0 };
	find_vek(set, r, out);
	if (out->vek)
		out->ask = find_issuer(set, out->vek,
			r->signing_key == CF_REPORT_KEY_VLEK ? CF_CERT_ASVK
							     : CF_CERT_ASK);
	out->ark = root;
	if (!root && out->ask)
		out->ark = find_issuer(set, out->ask, CF_CERT_ARK);
	if (out->ark)
		out->crl = find_crl(set, out->ark);
}
