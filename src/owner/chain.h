/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The X.509 side of attestation: a set of certificates from wherever they
 * came, AMD's extensions in them, AMD's root keys, and the choice of the
 * chain that belongs to a report.  Nothing here decides on trust; verify.h
 * does.
 *
 * Sources: VCEK certificate and KDS interface (AMD 57230), GHCB (AMD 56421),
 * "SNP Extended Guest Request".
 */
#ifndef CF_OWNER_CHAIN_H
#define CF_OWNER_CHAIN_H

#include "crypto/x509.h"
#include "owner/report.h"

/* What a VCEK or VLEK says about itself. */
struct cf_vek {
	bool vlek;
	unsigned struct_version;
	char product_name[32]; /* "Milan-B0" */
	enum cf_product product;
	struct cf_tcb tcb;
	uint8_t hwid[CF_CHIP_ID_LEN]; /* VCEK */
	size_t hwid_len;              /* 0: none */
	char csp_id[128];             /* VLEK; "" else */
};
enum coffer_status cf_vek_decode(const struct cf_x509 *cert, struct cf_vek *out,
	struct coffer_error *err) CF_MUST_CHECK;

enum cf_cert_role {
	CF_CERT_OTHER,
	CF_CERT_ARK,
	CF_CERT_ASK,  /* signs VCEKs */
	CF_CERT_ASVK, /* signs VLEKs */
	CF_CERT_VCEK,
	CF_CERT_VLEK,
};
const char *cf_cert_role_name(enum cf_cert_role role);
/* By common name; says nothing about who signed it. */
enum cf_cert_role cf_cert_role(const struct cf_x509 *cert);
/* The line that an ARK, ASK or ASVK names. */
enum cf_product cf_cert_line(const struct cf_x509 *cert);
/* The line whose root key at AMD this is; unknown: not AMD's. */
enum cf_product cf_cert_amd_root(const struct cf_x509 *cert);
/* The subject, or the extension, carries the mark of sim_marker.h. */
bool cf_cert_is_simulated(const struct cf_x509 *cert);

struct cf_cert_set {
	struct cf_x509 **cert;
	size_t ncerts, certs_cap;
	struct cf_x509_crl **crl;
	size_t ncrls, crls_cap;
};
void cf_cert_set_finish(struct cf_cert_set *set);
/* Add what these bytes hold: PEM, DER or the certificate table of an
 * extended guest request. */
enum coffer_status cf_cert_set_add(struct cf_cert_set *set, const uint8_t *p,
	size_t n, struct coffer_error *err) CF_MUST_CHECK;
/* Whether the bytes begin like a certificate table. */
bool cf_cert_table_detect(const uint8_t *p, size_t n);

/* A report's chain; certificates are borrowed from the set (and root). */
struct cf_chain {
	const struct cf_x509 *vek, *ask, *ark; /* NULL: not found */
	const struct cf_x509_crl *crl;         /* NULL: none given */
	struct cf_vek info;                    /* valid when vek is there */
};
/* Choose by signing key, chip id and reported TCB, then by issuer.  root, if
 * not NULL, is used as the ARK. */
void cf_chain_find(const struct cf_cert_set *set, const struct cf_report *r,
	const struct cf_x509 *root, struct cf_chain *out);

#endif
