/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cryptography that a SEV guest owner and the secure processor share:
 * key derivation, the session blob, the launch measurement and the MAC of
 * transport packets.  Owner and firmware both use it, so that one of them
 * cannot drift from the other.
 *
 * Source: SEV API (AMD 55766), "Key Derivation", LAUNCH_START,
 * LAUNCH_MEASURE, LAUNCH_SECRET, SEND_UPDATE_DATA.
 */
#ifndef CF_CRYPTO_SEV_KDF_H
#define CF_CRYPTO_SEV_KDF_H

#include "crypto/crypto.h"

#define CF_SEV_KEY_LEN     16
#define CF_SEV_SESSION_LEN 0x80
#define CF_SEV_PACKET_LEN  0x34
#define CF_SEV_MEASURE_LEN 32

/* Counter mode of SP 800-108 over HMAC-SHA-256 as the firmware has it:
 * counter and bit length are little-endian.  out_len at most 2^28. */
enum coffer_status cf_sev_kdf(const uint8_t *key, size_t key_len,
	const char *label, const uint8_t *context, size_t context_len,
	uint8_t *out, size_t out_len, struct coffer_error *err) CF_MUST_CHECK;

/* Transport keys of a session; the caller wipes them. */
struct cf_sev_keys {
	uint8_t tek[CF_SEV_KEY_LEN];
	uint8_t tik[CF_SEV_KEY_LEN];
};

/* The session blob: NONCE, WRAP_TK, WRAP_IV, WRAP_MAC, POLICY_MAC.  z is the
 * X coordinate of the key agreement, 48 bytes big-endian. */
enum coffer_status cf_sev_session_wrap(const uint8_t z[CF_P384_LEN],
	const struct cf_sev_keys *keys, const uint8_t nonce[16],
	const uint8_t iv[16], uint32_t policy, uint8_t out[CF_SEV_SESSION_LEN],
	struct coffer_error *err) CF_MUST_CHECK;
/* COFFER_ERR_MISMATCH when WRAP_MAC or POLICY_MAC is wrong; the keys are then
 * zero. */
enum coffer_status cf_sev_session_unwrap(const uint8_t z[CF_P384_LEN],
	const uint8_t session[CF_SEV_SESSION_LEN], uint32_t policy,
	struct cf_sev_keys *keys, struct coffer_error *err) CF_MUST_CHECK;

/* MEASURE of LAUNCH_MEASURE, API 0.17 and later; MNONCE follows it in the
 * command's buffer and is not part of out. */
struct cf_sev_measure {
	uint8_t api_major, api_minor, build_id;
	uint32_t policy;
	const uint8_t *digest; /* 32 bytes */
	const uint8_t *mnonce; /* 16 bytes */
};
enum coffer_status cf_sev_launch_measure(const uint8_t tik[CF_SEV_KEY_LEN],
	const struct cf_sev_measure *m, uint8_t out[CF_SEV_MEASURE_LEN],
	struct coffer_error *err) CF_MUST_CHECK;

/* First byte of what a packet's MAC covers. */
enum cf_sev_packet_kind {
	CF_SEV_PACKET_SECRET = 0x01,
	CF_SEV_PACKET_DATA = 0x02, /* unconfirmed */
	CF_SEV_PACKET_VMSA = 0x03, /* unconfirmed */
};

/* The MAC of a packet header.  data is cipher text.  measure: 32 bytes for
 * LAUNCH_SECRET, NULL for migration. */
struct cf_sev_packet {
	enum cf_sev_packet_kind kind;
	uint32_t flags;
	const uint8_t *iv; /* 16 bytes */
	uint32_t guest_len;
	const uint8_t *data;
	uint32_t data_len;
	const uint8_t *measure;
};
enum coffer_status cf_sev_packet_mac(const uint8_t tik[CF_SEV_KEY_LEN],
	const struct cf_sev_packet *p, uint8_t out[CF_SHA256_LEN],
	struct coffer_error *err) CF_MUST_CHECK;

#endif
