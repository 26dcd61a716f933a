/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SNP attestation report: from bytes to fields.  Parsing checks the form
 * only; whether the report is to be believed is verify.h's business.
 *
 * Source: SNP firmware ABI (AMD 56860), ATTESTATION_REPORT, TCB_VERSION.
 */
#ifndef CF_OWNER_REPORT_H
#define CF_OWNER_REPORT_H

#include "crypto/crypto.h"

#define CF_REPORT_LEN        0x4A0
#define CF_REPORT_SIGNED_LEN 0x2A0
#define CF_CHIP_ID_LEN       64

/* Product lines; each has its own root key and TCB layout. */
enum cf_product {
	CF_PRODUCT_UNKNOWN,
	CF_PRODUCT_MILAN,
	CF_PRODUCT_GENOA,
	CF_PRODUCT_TURIN,
};
const char *cf_product_name(enum cf_product p); /* "Milan"; "unknown" */
/* By name up to a '-' ("Milan-B0"), exact case. */
enum cf_product cf_product_from_name(const char *name);
enum cf_product cf_product_from_cpuid(uint8_t family, uint8_t model);
/* Bytes of the hardware id that the line has: 64, Turin 8. */
size_t cf_product_chip_id_len(enum cf_product p);

/* A TCB_VERSION taken apart.  Versions compare component by component. */
struct cf_tcb {
	uint8_t fmc; /* Turin only, else 0 */
	uint8_t boot_loader;
	uint8_t tee;
	uint8_t snp;
	uint8_t microcode;
};
struct cf_tcb cf_tcb_decode(enum cf_product p, const uint8_t raw[8]);
void cf_tcb_encode(enum cf_product p, const struct cf_tcb *t, uint8_t raw[8]);
bool cf_tcb_at_least(const struct cf_tcb *have, const struct cf_tcb *want);
bool cf_tcb_equal(const struct cf_tcb *a, const struct cf_tcb *b);
/* "boot loader 3, TEE 0, SNP 8, microcode 115" */
void cf_tcb_text(
	enum cf_product p, const struct cf_tcb *t, char *out, size_t size);

enum cf_report_key {
	CF_REPORT_KEY_VCEK = 0,
	CF_REPORT_KEY_VLEK = 1,
	CF_REPORT_KEY_NONE = 7,
};

enum cf_report_tcb {
	CF_TCB_CURRENT,
	CF_TCB_REPORTED,
	CF_TCB_COMMITTED,
	CF_TCB_LAUNCH,
	CF_TCB_COUNT,
};
const char *cf_report_tcb_name(enum cf_report_tcb which); /* "reported" */

struct cf_firmware_version {
	uint8_t major, minor, build;
};

struct cf_report {
	uint8_t raw[CF_REPORT_LEN];
	uint32_t version; /* 2 to 5 */
	uint32_t guest_svn;
	uint64_t policy;
	uint8_t family_id[16], image_id[16];
	uint32_t vmpl;
	uint32_t signature_algo;
	uint64_t platform_info;
	uint32_t key_info; /* the three fields below, as they are stored */
	bool author_key, chip_key_masked;
	enum cf_report_key signing_key;
	uint8_t report_data[64];
	uint8_t measurement[48];
	uint8_t host_data[32];
	uint8_t id_key_digest[48], author_key_digest[48];
	uint8_t report_id[32], report_id_ma[32];
	uint8_t tcb_raw[CF_TCB_COUNT][8];
	uint8_t cpuid_family, cpuid_model, cpuid_stepping; /* 0 before v3 */
	uint8_t chip_id[CF_CHIP_ID_LEN];
	struct cf_firmware_version current, committed;
	uint64_t launch_mit, current_mit; /* 0 before v5 */
	struct cf_p384_signature signature;
};

/* Parse n bytes, which must be CF_REPORT_LEN: reserved bytes zero, version
 * known, signature in range. */
enum coffer_status cf_report_parse(const uint8_t *p, size_t n,
	struct cf_report *out, struct coffer_error *err) CF_MUST_CHECK;

/*
 * Find the report in what people have: the report itself, the firmware's
 * MSG_REPORT_RSP (report at 0x20), Azure's HCL blob (the same), or any of
 * them in hex digits and white space.  Copies CF_REPORT_LEN bytes.
 */
enum coffer_status cf_report_locate(const uint8_t *p, size_t n,
	uint8_t out[CF_REPORT_LEN], struct coffer_error *err) CF_MUST_CHECK;

/* The line that the report itself tells: from CPUID in v3 and later, else
 * unknown. */
enum cf_product cf_report_product(const struct cf_report *r);

#endif
