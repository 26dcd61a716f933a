/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program for the initial RAM disk of a Linux guest.  It proves to somebody
 * outside what runs here, and gets a secret in return:
 *
 *	outside: nonce N                             32 bytes, hexadecimal
 *	here:    public P                            a fresh X25519 key
 *	         report R                            of /dev/sev-guest
 *	         certs T                             the host's table, may be empty
 *	outside: secret E I C                        or nothing
 *
 * REPORT_DATA is SHA-512(label N P): the report is fresh, and whoever holds the
 * key is the guest that it speaks of.  E is the sender's X25519 key, I 12 bytes,
 * C the secret under AES-256-GCM with its tag behind it; the key is HKDF-SHA256
 * of the shared point, salt N, info: label E P.
 */
#ifndef GUEST_ATTEST_H
#define GUEST_ATTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_LEN      32u
#define NONCE_LEN    32u
#define IV_LEN       12u
#define TAG_LEN      16u
#define REPORT_LEN   1184u
#define MAX_SECRET   1024u
#define MAX_CERTS    0x4000u /* what the driver takes */
#define LABEL_REPORT "coffer test attest 1 report"
#define LABEL_SECRET "coffer test attest 1 secret"

/* Say why on the console and end. */
void fail(const char *what) __attribute__((noreturn));

/* report.c: the ioctls of /dev/sev-guest. */
void get_report(int dev, const uint8_t data[64], uint8_t report[REPORT_LEN]);
/* The same with the host's certificates; returns their length. */
size_t get_ext_report(int dev, const uint8_t data[64],
	uint8_t report[REPORT_LEN], uint8_t certs[MAX_CERTS]);
/* From the chip's key; bound to policy and measurement. */
void get_derived_key(int dev, uint8_t key[KEY_LEN]);

/* seal.c */
struct opener; /* holds the private key */
struct opener *opener_create(uint8_t public_key[KEY_LEN]);
void report_data(const uint8_t nonce[NONCE_LEN],
	const uint8_t public_key[KEY_LEN], uint8_t out[64]);
void sha256(const uint8_t *p, size_t n, uint8_t out[32]);
/* `sealed` is opened in place, its length without tag returned; false: not for
 * this key and nonce. */
bool opener_open(struct opener *o, const uint8_t nonce[NONCE_LEN],
	const uint8_t sender[KEY_LEN], const uint8_t iv[IV_LEN],
	uint8_t *sealed, size_t *len);

#endif
