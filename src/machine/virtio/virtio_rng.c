/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio entropy device: the host kernel's random numbers, or those of a seed
 * when a run is to repeat itself.
 *
 * Source: VIRTIO 1.1, section 5.4 "Entropy Device".
 */
#include "base/base.h"
#include "base/state.h"
#include "machine/virtio/virtio_priv.h"

#include <sys/random.h>

#define PIECE 256

struct rng {
	bool seeded;
	uint64_t state;
	struct cf_virtio_dev *transport;
	struct cf_virtio_chain chain;
};

/* splitmix64, as RDRAND in such a run. */
static void fill_from_seed(struct rng *r, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		out[i] = (uint8_t)(z >> 56);
	}
}

/* A request is answered with at most one piece; the driver asks again. */
static void rng_kick(void *self, unsigned q)
{
	struct rng *r = self;
	uint8_t bytes[PIECE];

	while (cf_virtio_pop(r->transport, q, &r->chain)) {
		size_t n = r->chain.in_len < PIECE ? (size_t)r->chain.in_len
						   : PIECE;
		ssize_t got = (ssize_t)n;

		if (r->seeded)
			fill_from_seed(r, bytes, n);
		else
			got = getrandom(bytes, n, 0);
		if (got < 0 ||
			!cf_virtio_write(r->transport, &r->chain, 0, bytes,
				(size_t)got)) {
			cf_virtio_broken(r->transport, "buffer outside memory");
			return;
		}
		cf_virtio_push(r->transport, q, &r->chain, (uint32_t)got);
	}
}

/* Where a seeded run is in its numbers. */
static void rng_state(void *self, struct cf_state *s)
{
	struct rng *r = self;
	bool seeded = r->seeded;

	cf_state_bool(s, &seeded);
	cf_state_need(s, seeded == r->seeded, "-seed, which is on one side");
	cf_state_u64(s, &r->state);
}

static void rng_destroy(void *self)
{
	free(self);
}

static const struct cf_virtio_ops rng_ops = {
	.name = "virtio-rng",
	.id = 4,
	.class_rev = 0x00FF0001,
	.nqueues = 1,
	.kick = rng_kick,
	.state = rng_state,
	.destroy = rng_destroy,
};

enum coffer_status cf_virtio_rng_create(const uint64_t *seed,
	struct cf_virtio_device *out, struct coffer_error *err)
{
	struct rng *r = cf_alloc_array(1, sizeof(*r));

	if (!r)
		return cf_fail_nomem(err, "virtio-rng");
	r->seeded = seed != NULL;
	r->state = seed ? ~*seed : 0; /* another stream than the vCPUs' */
	*out = (struct cf_virtio_device) { &rng_ops, r, 0, &r->transport };
	return COFFER_OK;
}
