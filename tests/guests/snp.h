/* SPDX-License-Identifier: Apache-2.0 */
/* The SNP payload: what its files share. */
#ifndef GUEST_SNP_H
#define GUEST_SNP_H

#include "payload.h"
#include "sev.h"

#define HEAP     0x200000u /* 2 MiB that the launch did not load */
#define HEAP_END 0x400000u

/* AES-256-GCM. */
struct gcm {
	uint8_t round_key[240];
	uint8_t h[16];
};
void gcm_init(struct gcm *g, const uint8_t key[32]);
/* In place; the tag is over aad and cipher text. */
void gcm_seal(const struct gcm *g, const uint8_t iv[12], const uint8_t *aad,
	size_t aad_len, uint8_t *data, size_t n, uint8_t tag[16]);
bool gcm_open(const struct gcm *g, const uint8_t iv[12], const uint8_t *aad,
	size_t aad_len, uint8_t *data, size_t n, const uint8_t tag[16]);

/* Ask for a report over 64 bytes, in two shared pages. */
void attest(uintptr_t secrets, uint8_t *request, uint8_t *response,
	const uint8_t data[64], uint8_t report[1184]);

/* Start vCPU `number` at ap_start. */
void ap_create(uint32_t number, struct vcpu *v, uint8_t *vmsa, uintptr_t stack);
void snp_ap(struct vcpu *v);

#endif
