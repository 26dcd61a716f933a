/* SPDX-License-Identifier: Apache-2.0 */
/* AMD's extensions in VCEK and VLEK certificates; found by OID, since their
 * order differs between lines. */
#include "owner/chain.h"

#include "base/base.h"

#include <string.h>

#define AMD_OID "1.3.6.1.4.1.3704.1."

#define TAG_INTEGER    0x02
#define TAG_IA5_STRING 0x16

/* One primitive DER value with a short length that fills the n bytes. */
static bool der_value(const uint8_t *p, size_t n, uint8_t tag,
	const uint8_t **value, size_t *len)
{
	if (n < 2 || p[0] != tag || p[1] > 0x7F || p[1] != n - 2)
		return false;
	*value = p + 2;
	*len = p[1];
	return true;
}

static enum coffer_status bad(
	struct coffer_error *err, const char *oid, const char *rule)
{
	return cf_fail(err, COFFER_ERR_FORMAT,
		"certificate: extension " AMD_OID "%s %s", oid, rule);
}

/* An INTEGER within a byte; values from 0x80 have a leading zero. */
static enum coffer_status get_u8(const struct cf_x509 *cert, const char *oid,
	bool must, uint8_t *out, struct coffer_error *err)
{
	char full[64] = AMD_OID;
	const uint8_t *p, *v;
	size_t n, len;

	strncat(full, oid, sizeof(full) - sizeof(AMD_OID));
	*out = 0;
	if (!cf_x509_extension(cert, full, &p, &n))
		return must ? bad(err, oid, "is missing") : COFFER_OK;
	if (!der_value(p, n, TAG_INTEGER, &v, &len) || len == 0 || len > 2 ||
		(len == 1 && v[0] > 0x7F) ||
		(len == 2 && (v[0] != 0 || v[1] < 0x80)))
		return bad(err, oid, "is not an INTEGER from 0 to 255");
	*out = v[len - 1];
	return COFFER_OK;
}

static enum coffer_status get_text(const struct cf_x509 *cert, const char *oid,
	char *out, size_t size, struct coffer_error *err)
{
	char full[64] = AMD_OID;
	const uint8_t *p, *v;
	size_t n, len;

	strncat(full, oid, sizeof(full) - sizeof(AMD_OID));
	out[0] = '\0';
	if (!cf_x509_extension(cert, full, &p, &n))
		return bad(err, oid, "is missing");
	if (!der_value(p, n, TAG_IA5_STRING, &v, &len) || len >= size)
		return bad(err, oid, "is not an IA5String that fits");
	for (size_t i = 0; i < len; i++)
		if (v[i] < 0x20 || v[i] > 0x7E)
			return bad(err, oid, "has a control character");
	memcpy(out, v, len);
	out[len] = '\0';
	return COFFER_OK;
}

static enum coffer_status get_tcb(const struct cf_x509 *cert,
	struct cf_vek *out, struct coffer_error *err)
{
	const struct {
		const char *oid;
		uint8_t *to;
		bool must;
	} parts[] = {
		{ "3.1", &out->tcb.boot_loader, true },
		{ "3.2", &out->tcb.tee, true },
		{ "3.3", &out->tcb.snp, true },
		{ "3.8", &out->tcb.microcode, true },
		{ "3.9", &out->tcb.fmc, out->product == CF_PRODUCT_TURIN },
	};

	for (size_t i = 0; i < CF_ARRAY_LEN(parts); i++) {
		enum coffer_status status = get_u8(
			cert, parts[i].oid, parts[i].must, parts[i].to, err);

		if (status)
			return status;
	}
	if (out->tcb.fmc && out->product != CF_PRODUCT_TURIN)
		return bad(err, "3.9", "belongs to Turin");
	return COFFER_OK;
}

/* The reserved levels exist to be zero; what they will mean is unknown. */
static enum coffer_status check_spare_levels(
	const struct cf_x509 *cert, struct coffer_error *err)
{
	static const char *const oids[] = { "3.4", "3.5", "3.6", "3.7" };
	uint8_t v;

	for (size_t i = 0; i < CF_ARRAY_LEN(oids); i++) {
		enum coffer_status status =
			get_u8(cert, oids[i], false, &v, err);

		if (status)
			return status;
		if (v)
			return bad(err, oids[i], "is reserved and not zero");
	}
	return COFFER_OK;
}

/* HWID is raw bytes in extnValue, with no inner tag. */
static enum coffer_status get_identity(const struct cf_x509 *cert,
	struct cf_vek *out, struct coffer_error *err)
{
	const uint8_t *p;
	size_t n;

	if (out->vlek)
		return get_text(
			cert, "5", out->csp_id, sizeof(out->csp_id), err);
	if (!cf_x509_extension(cert, AMD_OID "4", &p, &n))
		return bad(err, "4", "is missing");
	if (n != cf_product_chip_id_len(out->product))
		return bad(err, "4", "has the wrong length for the product");
	memcpy(out->hwid, p, n);
	out->hwid_len = n;
	return COFFER_OK;
}

enum coffer_status cf_vek_decode(const struct cf_x509 *cert, struct cf_vek *out,
	struct coffer_error *err)
{
	enum cf_cert_role role = cf_cert_role(cert);
	enum coffer_status status;
	uint8_t version;

	memset(out, 0, sizeof(*out));
	if (role != CF_CERT_VCEK && role != CF_CERT_VLEK)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"certificate: its subject is neither SEV-VCEK nor "
			"SEV-VLEK");
	out->vlek = role == CF_CERT_VLEK;
	status = get_u8(cert, "1", true, &version, err);
	if (!status)
		status = get_text(cert, "2", out->product_name,
			sizeof(out->product_name), err);
	if (status)
		return status;
	out->struct_version = version;
	out->product = cf_product_from_name(out->product_name);
	if (out->product == CF_PRODUCT_UNKNOWN)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"certificate: product '%s' is not known",
			out->product_name);
	status = get_tcb(cert, out, err);
	if (!status)
		status = check_spare_levels(cert, err);
	if (!status)
		status = get_identity(cert, out, err);
	return status;
}
