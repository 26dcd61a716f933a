/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio entropy device: the host kernel's random numbers.
 *
 * Source: VIRTIO 1.1, section 5.4 "Entropy Device".
 */
#include "base/base.h"
#include "machine/virtio_priv.h"

#include <sys/random.h>

#define PIECE 256

struct rng {
	struct cf_virtio_dev *transport;
	struct cf_virtio_chain chain;
};

/* A request is answered with at most one piece; the driver asks again. */
static void rng_kick(void *self, unsigned q)
{
	struct rng *r = self;
	uint8_t bytes[PIECE];

	while (cf_virtio_pop(r->transport, q, &r->chain)) {
		size_t n = r->chain.in_len < PIECE ? (size_t)r->chain.in_len
						   : PIECE;
		ssize_t got = getrandom(bytes, n, 0);

		if (got < 0 ||
			!cf_virtio_write(r->transport, &r->chain, 0, bytes,
				(size_t)got)) {
			cf_virtio_broken(r->transport, "buffer outside memory");
			return;
		}
		cf_virtio_push(r->transport, q, &r->chain, (uint32_t)got);
	}
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
	.destroy = rng_destroy,
};

enum coffer_status cf_virtio_rng_create(
	struct cf_virtio_device *out, struct coffer_error *err)
{
	struct rng *r = cf_alloc_array(1, sizeof(*r));

	if (!r)
		return cf_fail_nomem(err, "virtio-rng");
	*out = (struct cf_virtio_device) { &rng_ops, r, 0, &r->transport };
	return COFFER_OK;
}
