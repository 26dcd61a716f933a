/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a certificate says it is, and AMD's root keys.  Roots are pinned by
 * key, not by certificate: the certificates come from the user.
 */
#include "owner/chain.h"

#include "base/base.h"
#include "crypto/sim_marker.h"

#include <stdio.h>
#include <string.h>

/*
 * SHA-384 of the SubjectPublicKeyInfo of each line's ARK, computed from the
 * ARK certificates that AMD's key distribution service gives
 * (https://kdsintf.amd.com/vcek/v1/LINE/cert_chain).
 */
static const struct {
	enum cf_product line;
	uint8_t spki_sha384[CF_SHA384_LEN];
} amd_roots[] = {
	{ CF_PRODUCT_MILAN,
		{ 0x12, 0x49, 0xf6, 0x7f, 0x15, 0xcf, 0x22, 0x9a, 0x40, 0x69,
			0x19, 0x5e, 0x1a, 0x9c, 0xe5, 0x37, 0xd1, 0x76, 0x5e,
			0xf7, 0x06, 0xa1, 0xf4, 0xa1, 0x23, 0xc3, 0x6b, 0xe9,
			0x51, 0x87, 0x86, 0x51, 0x5d, 0x25, 0xec, 0xc0, 0x07,
			0xf3, 0x66, 0xb5, 0x64, 0xd2, 0xb3, 0xf3, 0x1c, 0x48,
			0x08, 0x2e } },
	{ CF_PRODUCT_GENOA,
		{ 0x32, 0xab, 0x53, 0xa6, 0xce, 0x5e, 0xc1, 0x49, 0x26, 0x20,
			0x73, 0x96, 0xe5, 0xc4, 0x75, 0xae, 0x76, 0x8a, 0x6a,
			0x98, 0x31, 0xb7, 0xe8, 0x60, 0xb5, 0xac, 0xf2, 0xe1,
			0xc1, 0xdf, 0xf2, 0x22, 0xbc, 0x5a, 0x8b, 0xfc, 0x43,
			0xeb, 0x5e, 0x06, 0x39, 0x31, 0x89, 0xc1, 0xf2, 0x46,
			0xd8, 0x80 } },
	{ CF_PRODUCT_TURIN,
		{ 0x34, 0x75, 0xf0, 0x8a, 0x97, 0x27, 0xf8, 0xac, 0x9a, 0x1d,
			0xea, 0xea, 0x5f, 0x2a, 0x20, 0x97, 0xaa, 0x59, 0xd6,
			0x4d, 0x05, 0xc2, 0xa6, 0x78, 0xc2, 0x29, 0xc8, 0x73,
			0xe6, 0x35, 0x9d, 0x3a, 0x69, 0x26, 0x28, 0x7a, 0x2a,
			0x22, 0xcd, 0x5f, 0x88, 0xa3, 0x85, 0xe3, 0x33, 0xa2,
			0xfc, 0xc5 } },
};

const char *cf_cert_role_name(enum cf_cert_role role)
{
	static const char *const names[] = {
		[CF_CERT_OTHER] = "other",
		[CF_CERT_ARK] = "ARK",
		[CF_CERT_ASK] = "ASK",
		[CF_CERT_ASVK] = "ASVK",
		[CF_CERT_VCEK] = "VCEK",
		[CF_CERT_VLEK] = "VLEK",
	};

	return role < CF_ARRAY_LEN(names) ? names[role] : names[0];
}

/* Longest prefix first: "SEV-VLEK-Milan" also begins with "SEV-". */
static const struct {
	const char *prefix;
	enum cf_cert_role role;
	bool whole; /* the common name is nothing but the prefix */
} roles[] = {
	{ "SEV-VCEK", CF_CERT_VCEK, true },
	{ "SEV-VLEK", CF_CERT_VLEK, true },
	{ "SEV-VLEK-", CF_CERT_ASVK, false },
	{ "SEV-", CF_CERT_ASK, false },
	{ "ARK-", CF_CERT_ARK, false },
};

static enum cf_cert_role role_of_name(const char *cn, const char **line)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(roles); i++) {
		size_t len = strlen(roles[i].prefix);

		if (strncmp(cn, roles[i].prefix, len) != 0)
			continue;
		*line = cn + len;
		if (roles[i].whole ? cn[len] == '\0'
				   : cf_product_from_name(cn + len) !=
					CF_PRODUCT_UNKNOWN)
			return roles[i].role;
	}
	return CF_CERT_OTHER;
}

enum cf_cert_role cf_cert_role(const struct cf_x509 *cert)
{
	const char *line;
	char cn[64];

	if (!cf_x509_subject(cert, "CN", cn, sizeof(cn)))
		return CF_CERT_OTHER;
	return role_of_name(cn, &line);
}

enum cf_product cf_cert_line(const struct cf_x509 *cert)
{
	const char *line;
	char cn[64];

	if (!cf_x509_subject(cert, "CN", cn, sizeof(cn)) ||
		role_of_name(cn, &line) == CF_CERT_OTHER)
		return CF_PRODUCT_UNKNOWN;
	return cf_product_from_name(line);
}

enum cf_product cf_cert_amd_root(const struct cf_x509 *cert)
{
	uint8_t digest[CF_SHA384_LEN];

	if (cf_x509_spki_sha384(cert, digest, NULL))
		return CF_PRODUCT_UNKNOWN;
	for (size_t i = 0; i < CF_ARRAY_LEN(amd_roots); i++)
		if (memcmp(digest, amd_roots[i].spki_sha384, sizeof(digest)) ==
			0)
			return amd_roots[i].line;
	return CF_PRODUCT_UNKNOWN;
}

bool cf_cert_is_simulated(const struct cf_x509 *cert)
{
	const uint8_t *p;
	char text[64];
	size_t n;

	return (cf_x509_subject(cert, "description", text, sizeof(text)) &&
		       strcmp(text, CF_SIM_NAME) == 0) ||
		cf_x509_extension(cert, CF_SIM_OID, &p, &n);
}
