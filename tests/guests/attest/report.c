/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ioctls of /dev/sev-guest.
 *
 * Source: Linux, Documentation/virt/coco/sev-guest.rst; SNP firmware ABI (AMD
 * 56860), "MSG_REPORT_RSP" and "MSG_KEY_RSP".
 */
#include "attest.h"

#include <linux/sev-guest.h>
#include <string.h>
#include <sys/ioctl.h>

#define RSP_REPORT   0x20 /* behind status, size and reserved bytes */
#define RSP_KEY      0x20
#define FIELD_POLICY 0x1u
#define FIELD_IMAGE  0x8u /* the measurement */
#define PAGE         0x1000u

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		(uint32_t)p[3] << 24;
}

static void take_report(const struct snp_report_resp *r, uint8_t *report)
{
	const uint8_t *p = (const uint8_t *)r->data;

	if (le32(p) || le32(p + 4) != REPORT_LEN)
		fail("the report has a bad status or size");
	memcpy(report, p + RSP_REPORT, REPORT_LEN);
}

void get_report(int dev, const uint8_t data[64], uint8_t report[REPORT_LEN])
{
	static struct snp_report_resp resp;
	struct snp_report_req req = { .vmpl = 0 };
	struct snp_guest_request_ioctl io = { .msg_version = 1,
		.req_data = (uintptr_t)&req,
		.resp_data = (uintptr_t)&resp };

	memcpy(req.user_data, data, 64);
	if (ioctl(dev, SNP_GET_REPORT, &io))
		fail("SNP_GET_REPORT");
	take_report(&resp, report);
}

size_t get_ext_report(int dev, const uint8_t data[64],
	uint8_t report[REPORT_LEN], uint8_t certs[MAX_CERTS])
{
	static struct snp_report_resp resp;
	static uint8_t page[MAX_CERTS] __attribute__((aligned(4096)));
	struct snp_ext_report_req req = { .certs_len = 0 };
	struct snp_guest_request_ioctl io = { .msg_version = 1,
		.req_data = (uintptr_t)&req,
		.resp_data = (uintptr_t)&resp };

	memcpy(req.data.user_data, data, 64);
	/* Without room first: the answer says how much there must be. */
	if (ioctl(dev, SNP_GET_EXT_REPORT, &io) == 0) {
		take_report(&resp, report);
		return 0;
	}
	if (!req.certs_len || req.certs_len > MAX_CERTS || req.certs_len % PAGE)
		fail("SNP_GET_EXT_REPORT does not say how long its table is");
	req.certs_address = (uintptr_t)page;
	if (ioctl(dev, SNP_GET_EXT_REPORT, &io))
		fail("SNP_GET_EXT_REPORT");
	take_report(&resp, report);
	memcpy(certs, page, req.certs_len);
	return req.certs_len;
}

void get_derived_key(int dev, uint8_t key[KEY_LEN])
{
	static struct snp_derived_key_resp resp;
	struct snp_derived_key_req req = { .guest_field_select =
						   FIELD_POLICY | FIELD_IMAGE };
	struct snp_guest_request_ioctl io = { .msg_version = 1,
		.req_data = (uintptr_t)&req,
		.resp_data = (uintptr_t)&resp };
	const uint8_t *p = (const uint8_t *)resp.data;

	if (ioctl(dev, SNP_GET_DERIVED_KEY, &io))
		fail("SNP_GET_DERIVED_KEY");
	if (le32(p))
		fail("the derived key has a bad status");
	memcpy(key, p + RSP_KEY, KEY_LEN);
}
