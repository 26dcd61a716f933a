/* SPDX-License-Identifier: Apache-2.0 */
/* The attestation report's layout. */
#include "owner/report.h"

#include "base/base.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
	OFF_VERSION = 0x000,
	OFF_GUEST_SVN = 0x004,
	OFF_POLICY = 0x008,
	OFF_FAMILY_ID = 0x010,
	OFF_IMAGE_ID = 0x020,
	OFF_VMPL = 0x030,
	OFF_SIGNATURE_ALGO = 0x034,
	OFF_CURRENT_TCB = 0x038,
	OFF_PLATFORM_INFO = 0x040,
	OFF_KEY_INFO = 0x048,
	OFF_REPORT_DATA = 0x050,
	OFF_MEASUREMENT = 0x090,
	OFF_HOST_DATA = 0x0C0,
	OFF_ID_KEY_DIGEST = 0x0E0,
	OFF_AUTHOR_KEY_DIGEST = 0x110,
	OFF_REPORT_ID = 0x140,
	OFF_REPORT_ID_MA = 0x160,
	OFF_REPORTED_TCB = 0x180,
	OFF_CPUID = 0x188,
	OFF_CHIP_ID = 0x1A0,
	OFF_COMMITTED_TCB = 0x1E0,
	OFF_CURRENT_VERSION = 0x1E8,
	OFF_COMMITTED_VERSION = 0x1EC,
	OFF_LAUNCH_TCB = 0x1F0,
	OFF_LAUNCH_MIT = 0x1F8,
	OFF_CURRENT_MIT = 0x200,
	OFF_SIGNATURE_R = 0x2A0,
	OFF_SIGNATURE_S = 0x2E8,
};

enum {
	KEY_INFO_AUTHOR = 1 << 0,
	KEY_INFO_MASKED = 1 << 1,
	KEY_INFO_SIGNER_SHIFT = 2,
	KEY_INFO_SIGNER_MASK = 7,
	KEY_INFO_KNOWN = 0x1F,
};

#define VERSION_MIN   2
#define VERSION_CPUID 3
#define VERSION_MIT   5
#define VERSION_MAX   5

/* Header of MSG_REPORT_RSP before the report: status, size, reserved. */
#define RESPONSE_HEADER 0x20
#define HCL_MAGIC       "HCLA"

/* Bytes that are zero up to (not including) the version in until. */
static const struct reserved {
	uint16_t at, len;
	uint32_t until;
} reserved[] = {
	{ 0x04C, 4, VERSION_MAX + 1 },
	{ 0x188, 3, VERSION_CPUID },
	{ 0x18B, 21, VERSION_MAX + 1 },
	{ 0x1EB, 1, VERSION_MAX + 1 },
	{ 0x1EF, 1, VERSION_MAX + 1 },
	{ 0x1F8, 16, VERSION_MIT },
	{ 0x208, 0x98, VERSION_MAX + 1 },
	{ 0x330, 0x170, VERSION_MAX + 1 },
};

static enum coffer_status check_reserved(
	const struct cf_report *r, struct coffer_error *err)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(reserved); i++) {
		const struct reserved *z = &reserved[i];

		if (r->version < z->until &&
			!cf_is_zero(r->raw + z->at, z->len))
			return cf_fail(err, COFFER_ERR_FORMAT,
				"report: reserved bytes at 0x%03x are not zero "
				"in a report of version %u",
				z->at, r->version);
	}
	if (r->key_info & ~(uint32_t)KEY_INFO_KNOWN)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"report: reserved bits at 0x048 are set: 0x%x",
			r->key_info);
	return COFFER_OK;
}

static void load_key_info(struct cf_report *r)
{
	r->key_info = cf_load_le32(r->raw + OFF_KEY_INFO);
	r->author_key = r->key_info & KEY_INFO_AUTHOR;
	r->chip_key_masked = r->key_info & KEY_INFO_MASKED;
	r->signing_key = (enum cf_report_key)(
		r->key_info >> KEY_INFO_SIGNER_SHIFT & KEY_INFO_SIGNER_MASK);
}

static struct cf_firmware_version load_version(const uint8_t *p)
{
	return (struct cf_firmware_version) {
		.build = p[0],
		.minor = p[1],
		.major = p[2],
	};
}

static void load_fields(struct cf_report *r)
{
	const uint8_t *p = r->raw;

	r->version = cf_load_le32(p + OFF_VERSION);
	r->guest_svn = cf_load_le32(p + OFF_GUEST_SVN);
	r->policy = cf_load_le64(p + OFF_POLICY);
	memcpy(r->family_id, p + OFF_FAMILY_ID, sizeof(r->family_id));
	memcpy(r->image_id, p + OFF_IMAGE_ID, sizeof(r->image_id));
	r->vmpl = cf_load_le32(p + OFF_VMPL);
	r->signature_algo = cf_load_le32(p + OFF_SIGNATURE_ALGO);
	r->platform_info = cf_load_le64(p + OFF_PLATFORM_INFO);
	load_key_info(r);
	memcpy(r->report_data, p + OFF_REPORT_DATA, sizeof(r->report_data));
	memcpy(r->measurement, p + OFF_MEASUREMENT, sizeof(r->measurement));
	memcpy(r->host_data, p + OFF_HOST_DATA, sizeof(r->host_data));
	memcpy(r->id_key_digest, p + OFF_ID_KEY_DIGEST,
		sizeof(r->id_key_digest));
	memcpy(r->author_key_digest, p + OFF_AUTHOR_KEY_DIGEST,
		sizeof(r->author_key_digest));
	memcpy(r->report_id, p + OFF_REPORT_ID, sizeof(r->report_id));
	memcpy(r->report_id_ma, p + OFF_REPORT_ID_MA, sizeof(r->report_id_ma));
	memcpy(r->tcb_raw[CF_TCB_CURRENT], p + OFF_CURRENT_TCB, 8);
	memcpy(r->tcb_raw[CF_TCB_REPORTED], p + OFF_REPORTED_TCB, 8);
	memcpy(r->tcb_raw[CF_TCB_COMMITTED], p + OFF_COMMITTED_TCB, 8);
	memcpy(r->tcb_raw[CF_TCB_LAUNCH], p + OFF_LAUNCH_TCB, 8);
	r->cpuid_family = p[OFF_CPUID];
	r->cpuid_model = p[OFF_CPUID + 1];
	r->cpuid_stepping = p[OFF_CPUID + 2];
	memcpy(r->chip_id, p + OFF_CHIP_ID, sizeof(r->chip_id));
	r->current = load_version(p + OFF_CURRENT_VERSION);
	r->committed = load_version(p + OFF_COMMITTED_VERSION);
	r->launch_mit = cf_load_le64(p + OFF_LAUNCH_MIT);
	r->current_mit = cf_load_le64(p + OFF_CURRENT_MIT);
}

enum coffer_status cf_report_parse(const uint8_t *p, size_t n,
	struct cf_report *out, struct coffer_error *err)
{
	enum coffer_status status;

	if (n != CF_REPORT_LEN)
		return cf_fail(err, COFFER_ERR_TRUNCATED,
			"report: %zu bytes; want %u", n, CF_REPORT_LEN);
	memcpy(out->raw, p, CF_REPORT_LEN);
	load_fields(out);
	if (out->version < VERSION_MIN || out->version > VERSION_MAX)
		return cf_fail(err, COFFER_ERR_UNSUPPORTED,
			"report: version %u; versions %u to %u are known",
			out->version, VERSION_MIN, VERSION_MAX);
	status = check_reserved(out, err);
	if (status)
		return status;
	if (!cf_p384_from_le72(out->raw + OFF_SIGNATURE_R, out->signature.r) ||
		!cf_p384_from_le72(
			out->raw + OFF_SIGNATURE_S, out->signature.s))
		return cf_fail(err, COFFER_ERR_FORMAT,
			"report: the signature's numbers at 0x2a0 are longer "
			"than 48 bytes");
	return COFFER_OK;
}

enum cf_product cf_report_product(const struct cf_report *r)
{
	if (r->version < VERSION_CPUID)
		return CF_PRODUCT_UNKNOWN;
	return cf_product_from_cpuid(r->cpuid_family, r->cpuid_model);
}

static bool is_response(const uint8_t *p, size_t n)
{
	return n >= RESPONSE_HEADER + CF_REPORT_LEN && cf_load_le32(p) == 0 &&
		cf_load_le32(p + 4) == CF_REPORT_LEN &&
		cf_is_zero(p + 8, RESPONSE_HEADER - 8);
}

static bool is_hcl(const uint8_t *p, size_t n)
{
	return n >= RESPONSE_HEADER + CF_REPORT_LEN &&
		memcmp(p, HCL_MAGIC, strlen(HCL_MAGIC)) == 0;
}

static enum coffer_status locate_binary(const uint8_t *p, size_t n,
	uint8_t out[CF_REPORT_LEN], struct coffer_error *err)
{
	size_t at = 0;

	if (is_response(p, n) || is_hcl(p, n))
		at = RESPONSE_HEADER;
	else if (n != CF_REPORT_LEN)
		return cf_fail(err, COFFER_ERR_FORMAT,
			"report: %zu bytes are not a report of %u bytes, nor "
			"a report response, nor an HCL blob",
			n, CF_REPORT_LEN);
	memcpy(out, p + at, CF_REPORT_LEN);
	return COFFER_OK;
}

/* The digits of a text that holds nothing but hex and white space; false for
 * anything else. */
static bool collect_digits(const uint8_t *p, size_t n, struct cf_buf *digits)
{
	for (size_t i = 0; i < n; i++) {
		if (isspace(p[i]))
			continue;
		if (!isxdigit(p[i]))
			return false;
		cf_buf_u8(digits, p[i]);
	}
	return digits->len > 0 && digits->len % 2 == 0;
}

enum coffer_status cf_report_locate(const uint8_t *p, size_t n,
	uint8_t out[CF_REPORT_LEN], struct coffer_error *err)
{
	struct cf_buf digits = { 0 };
	enum coffer_status status;
	uint8_t *bytes = NULL;
	size_t len;

	if (n == CF_REPORT_LEN || !collect_digits(p, n, &digits)) {
		cf_buf_finish(&digits);
		return locate_binary(p, n, out, err);
	}
	len = digits.len / 2;
	bytes = cf_alloc_array(len, 1);
	if (!bytes || !cf_buf_text(&digits))
		status = cf_fail_nomem(err, "a report in hex");
	else if (!cf_unhex(cf_buf_text(&digits), bytes, len))
		status = cf_fail(err, COFFER_ERR_INTERNAL, "report: bad hex");
	else
		status = locate_binary(bytes, len, out, err);
	free(bytes);
	cf_buf_finish(&digits);
	return status;
}
