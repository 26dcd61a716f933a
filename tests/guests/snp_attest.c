/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report from the secure processor: an encrypted message through
 * SNP_GUEST_REQUEST, with the key of VMPL 0 from the secrets page.
 *
 * Source: SNP firmware ABI (AMD 56860), "Guest Messages".
 */
#include "snp.h"

#define REQUEST_NAE   0x80000011u
#define VMPCK0        0x20u /* in the secrets page */
#define SEQUENCE      0xA0u
#define HEADER_SIZE   0x60u
#define AAD           0x30u /* header bytes 30 .. 5F */
#define AAD_SIZE      0x30u
#define REPORT_REQ    5
#define REQUEST_SIZE  0x60u
#define RESPONSE_SIZE 0x4C0u
#define REPORT_SIZE   1184u

static void header(uint8_t *m, uint64_t sequence)
{
	memset(m, 0, HEADER_SIZE);
	memcpy(m + 0x20, &sequence, 8);
	m[0x30] = 1; /* AES-256-GCM */
	m[0x31] = 1; /* header version */
	m[0x32] = HEADER_SIZE;
	m[0x34] = REPORT_REQ;
	m[0x35] = 1; /* message version */
	m[0x36] = REQUEST_SIZE;
}

static void check_response(const uint8_t *m, uint64_t sequence)
{
	static const uint8_t want[8] = { 1, 1, HEADER_SIZE, 0, REPORT_REQ + 1,
		1, RESPONSE_SIZE & 0xFF, RESPONSE_SIZE >> 8 };

	if (memcmp(m + 0x20, &sequence, 8) || memcmp(m + 0x30, want, 8) ||
		m[0x3C])
		terminate(REASON_RESPONSE);
}

void attest(uintptr_t secrets, uint8_t *request, uint8_t *response,
	const uint8_t data[64], uint8_t report[1184])
{
	static uint8_t m[PAGE]; /* never secrets in shared pages */
	uint32_t *stored = (uint32_t *)(secrets + SEQUENCE);
	uint64_t sequence = *stored + UINT64_C(1);
	uint8_t iv[12] = { 0 };
	struct gcm g;

	gcm_init(&g, (const uint8_t *)(secrets + VMPCK0));
	header(m, sequence);
	memset(m + HEADER_SIZE, 0, REQUEST_SIZE);
	memcpy(m + HEADER_SIZE, data, 64);
	memcpy(iv, &sequence, 8);
	gcm_seal(&g, iv, m + AAD, AAD_SIZE, m + HEADER_SIZE, REQUEST_SIZE, m);
	memcpy(request, m, HEADER_SIZE + REQUEST_SIZE);

	ghcb_clear();
	ghcb_exit(REQUEST_NAE, (uintptr_t)request, (uintptr_t)response,
		REASON_REQUEST);
	if (ghcb_get(GHCB_INFO2, REASON_REQUEST))
		terminate(REASON_REQUEST);

	memcpy(m, response, HEADER_SIZE + RESPONSE_SIZE);
	sequence++;
	check_response(m, sequence);
	memcpy(iv, &sequence, 8);
	if (!gcm_open(&g, iv, m + AAD, AAD_SIZE, m + HEADER_SIZE, RESPONSE_SIZE,
		    m))
		terminate(REASON_RESPONSE);
	*stored = (uint32_t)sequence;
	if (*(uint32_t *)(m + HEADER_SIZE) ||
		*(uint32_t *)(m + HEADER_SIZE + 4) != REPORT_SIZE)
		terminate(REASON_RESPONSE);
	memcpy(report, m + HEADER_SIZE + 0x20, REPORT_SIZE);
}
