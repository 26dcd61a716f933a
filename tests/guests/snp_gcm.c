/* SPDX-License-Identifier: Apache-2.0 */
/* AES-256-GCM (FIPS 197, SP 800-38D) for a test guest: small, plain, slow. */
#include "snp.h"

#define ROUNDS 14

static uint8_t sbox[256];

static uint8_t twice(uint8_t x)
{
	return (uint8_t)(x << 1 ^ (x & 0x80 ? 0x1B : 0));
}

static uint8_t rotate(uint8_t x, unsigned n)
{
	return (uint8_t)(x << n | x >> (8 - n));
}

/* p runs through the field by powers of 3, q is its inverse. */
static void make_sbox(void)
{
	uint8_t p = 1, q = 1;

	do {
		p = (uint8_t)(p ^ twice(p));
		q = (uint8_t)(q ^ q << 1);
		q = (uint8_t)(q ^ q << 2);
		q = (uint8_t)(q ^ q << 4);
		if (q & 0x80)
			q ^= 0x09;
		sbox[p] = (uint8_t)(q ^ rotate(q, 1) ^ rotate(q, 2) ^
			rotate(q, 3) ^ rotate(q, 4) ^ 0x63);
	} while (p != 1);
	sbox[0] = 0x63;
}

static void expand_key(uint8_t w[240], const uint8_t key[32])
{
	uint8_t round = 1;

	memcpy(w, key, 32);
	for (unsigned i = 32; i < 240; i += 4) {
		uint8_t t[4];

		memcpy(t, w + i - 4, 4);
		if (i % 32 == 0) {
			uint8_t first = t[0];

			t[0] = (uint8_t)(sbox[t[1]] ^ round);
			t[1] = sbox[t[2]];
			t[2] = sbox[t[3]];
			t[3] = sbox[first];
			round = twice(round);
		} else if (i % 32 == 16) {
			for (unsigned j = 0; j < 4; j++)
				t[j] = sbox[t[j]];
		}
		for (unsigned j = 0; j < 4; j++)
			w[i + j] = w[i + j - 32] ^ t[j];
	}
}

static void add_key(uint8_t s[16], const uint8_t *key)
{
	for (unsigned i = 0; i < 16; i++)
		s[i] ^= key[i];
}

static void substitute_and_shift(uint8_t s[16])
{
	uint8_t t[16];

	for (unsigned i = 0; i < 16; i++)
		t[i] = sbox[s[(i + 4 * (i & 3)) & 15]];
	memcpy(s, t, 16);
}

static void mix_columns(uint8_t s[16])
{
	for (uint8_t *c = s; c < s + 16; c += 4) {
		uint8_t all = c[0] ^ c[1] ^ c[2] ^ c[3], first = c[0];

		c[0] ^= all ^ twice(c[0] ^ c[1]);
		c[1] ^= all ^ twice(c[1] ^ c[2]);
		c[2] ^= all ^ twice(c[2] ^ c[3]);
		c[3] ^= all ^ twice(c[3] ^ first);
	}
}

static void encrypt_block(const uint8_t w[240], uint8_t s[16])
{
	add_key(s, w);
	for (unsigned r = 1; r <= ROUNDS; r++) {
		substitute_and_shift(s);
		if (r < ROUNDS)
			mix_columns(s);
		add_key(s, w + 16 * r);
	}
}

/* y = (y xor block) * h in GF(2^128), bits in GCM's order. */
static void hash_block(
	uint8_t y[16], const uint8_t h[16], const uint8_t *block, size_t n)
{
	uint8_t v[16], z[16] = { 0 };

	for (size_t i = 0; i < n; i++)
		y[i] ^= block[i];
	memcpy(v, h, 16);
	for (unsigned bit = 0; bit < 128; bit++) {
		uint8_t carry = v[15] & 1;

		if (y[bit / 8] >> (7 - bit % 8) & 1)
			for (unsigned i = 0; i < 16; i++)
				z[i] ^= v[i];
		for (unsigned i = 15; i > 0; i--)
			v[i] = (uint8_t)(v[i] >> 1 | v[i - 1] << 7);
		v[0] = (uint8_t)(v[0] >> 1 ^ (carry ? 0xE1 : 0));
	}
	memcpy(y, z, 16);
}

static void hash(uint8_t y[16], const uint8_t h[16], const uint8_t *p, size_t n)
{
	for (; n > 16; n -= 16, p += 16)
		hash_block(y, h, p, 16);
	if (n)
		hash_block(y, h, p, n);
}

static void store_be(uint8_t *p, uint64_t v, unsigned n)
{
	while (n--) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

static void key_stream(const struct gcm *g, const uint8_t iv[12],
	uint32_t counter, uint8_t out[16])
{
	memcpy(out, iv, 12);
	store_be(out + 12, counter, 4);
	encrypt_block(g->round_key, out);
}

static void crypt(
	const struct gcm *g, const uint8_t iv[12], uint8_t *data, size_t n)
{
	uint8_t stream[16];

	for (size_t i = 0; i < n; i++) {
		if (i % 16 == 0)
			key_stream(g, iv, (uint32_t)(2 + i / 16), stream);
		data[i] ^= stream[i % 16];
	}
}

static void make_tag(const struct gcm *g, const uint8_t iv[12],
	const uint8_t *aad, size_t aad_len, const uint8_t *data, size_t n,
	uint8_t tag[16])
{
	uint8_t y[16] = { 0 }, lengths[16];

	hash(y, g->h, aad, aad_len);
	hash(y, g->h, data, n);
	store_be(lengths, aad_len * 8, 8);
	store_be(lengths + 8, n * 8, 8);
	hash_block(y, g->h, lengths, 16);
	key_stream(g, iv, 1, tag);
	add_key(tag, y);
}

void gcm_init(struct gcm *g, const uint8_t key[32])
{
	make_sbox();
	expand_key(g->round_key, key);
	memset(g->h, 0, 16);
	encrypt_block(g->round_key, g->h);
}

void gcm_seal(const struct gcm *g, const uint8_t iv[12], const uint8_t *aad,
	size_t aad_len, uint8_t *data, size_t n, uint8_t tag[16])
{
	crypt(g, iv, data, n);
	make_tag(g, iv, aad, aad_len, data, n, tag);
}

bool gcm_open(const struct gcm *g, const uint8_t iv[12], const uint8_t *aad,
	size_t aad_len, uint8_t *data, size_t n, const uint8_t tag[16])
{
	uint8_t want[16];

	make_tag(g, iv, aad, aad_len, data, n, want);
	if (memcmp(want, tag, 16))
		return false;
	crypt(g, iv, data, n);
	return true;
}
