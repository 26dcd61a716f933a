/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio network card on a user-mode network.
 *
 * Source: VIRTIO 1.1, section 5.1 "Network Device".
 */
#include "base/base.h"
#include "machine/backend/net_priv.h"
#include "machine/virtio/virtio_priv.h"

#define HEADER_LEN 12 /* virtio_net_hdr with num_buffers */
#define FRAME_MAX  (64 * 1024)
#define NWAITING   64
#define F_MAC      ((uint64_t)1 << 5)

enum { Q_RECEIVE = 0, Q_TRANSMIT = 1 };

struct net {
	struct cf_virtio_dev *transport;
	struct cf_user_net *user;
	uint8_t mac[6];
	/* Frames that came while the guest had no buffer; the oldest is at
	 * `first`.  What comes when it is full is dropped, as on a wire. */
	struct cf_buf waiting[NWAITING];
	unsigned first, nwaiting;
	/* Two, since sending a frame may bring its answer at once. */
	struct cf_virtio_chain tx, rx;
	uint8_t frame[FRAME_MAX];
};

static bool deliver(struct net *n, const uint8_t *frame, size_t len)
{
	uint8_t header[HEADER_LEN] = { 0 };

	if (!cf_virtio_pop(n->transport, Q_RECEIVE, &n->rx))
		return false;
	header[10] = 1; /* num_buffers */
	if (n->rx.in_len < HEADER_LEN + len ||
		!cf_virtio_write(
			n->transport, &n->rx, 0, header, sizeof(header)) ||
		!cf_virtio_write(
			n->transport, &n->rx, HEADER_LEN, frame, len)) {
		cf_virtio_broken(n->transport, "receive buffer too small");
		return true;
	}
	cf_virtio_push(
		n->transport, Q_RECEIVE, &n->rx, (uint32_t)(HEADER_LEN + len));
	return true;
}

static void deliver_waiting(struct net *n)
{
	while (n->nwaiting) {
		struct cf_buf *b = &n->waiting[n->first];

		if (!deliver(n, b->data, b->len))
			return;
		cf_buf_finish(b);
		n->first = (n->first + 1) % NWAITING;
		n->nwaiting--;
	}
}

/* From the user-mode network to the guest. */
static void from_network(void *opaque, const uint8_t *frame, size_t len)
{
	struct net *n = opaque;

	deliver_waiting(n);
	if (n->nwaiting == 0 && deliver(n, frame, len))
		return;
	if (n->nwaiting == NWAITING)
		return;
	cf_buf_append(
		&n->waiting[(n->first + n->nwaiting++) % NWAITING], frame, len);
}

static void transmit(struct net *n)
{
	while (cf_virtio_pop(n->transport, Q_TRANSMIT, &n->tx)) {
		uint64_t len = n->tx.out_len;

		if (len < HEADER_LEN || len - HEADER_LEN > FRAME_MAX ||
			!cf_virtio_read(n->transport, &n->tx, HEADER_LEN,
				n->frame, (size_t)len - HEADER_LEN)) {
			cf_virtio_broken(n->transport, "bad frame");
			return;
		}
		cf_user_net_send(n->user, n->frame, (size_t)len - HEADER_LEN);
		cf_virtio_push(n->transport, Q_TRANSMIT, &n->tx, 0);
	}
}

static void net_kick(void *self, unsigned q)
{
	struct net *n = self;

	if (q == Q_TRANSMIT)
		transmit(n);
	else
		deliver_waiting(n);
}

static uint32_t net_config(void *self, unsigned offset, unsigned size)
{
	const struct net *n = self;
	uint8_t out[4] = { 0 };

	if (offset < sizeof(n->mac) && size <= sizeof(n->mac) - offset)
		memcpy(out, n->mac + offset, size);
	return cf_load_le32(out);
}

static void net_reset(void *self)
{
	struct net *n = self;

	for (; n->nwaiting; n->nwaiting--) {
		cf_buf_finish(&n->waiting[n->first]);
		n->first = (n->first + 1) % NWAITING;
	}
}

static void net_destroy(void *self)
{
	struct net *n = self;

	cf_user_net_destroy(n->user);
	net_reset(n);
	free(n);
}

static const struct cf_virtio_ops net_ops = {
	.name = "virtio-net",
	.id = 1,
	.class_rev = 0x02000001,
	.nqueues = 2,
	.kick = net_kick,
	.config_read = net_config,
	.reset = net_reset,
	.destroy = net_destroy,
};

enum coffer_status cf_virtio_net_create(const struct cf_dev_env *env,
	const struct cf_nic_config *config, struct cf_virtio_device *out,
	struct coffer_error *err)
{
	struct net *n = cf_alloc_array(1, sizeof(*n));
	enum coffer_status s;

	if (!n)
		return cf_fail_nomem(err, "virtio-net");
	memcpy(n->mac, config->mac, sizeof(n->mac));
	s = cf_user_net_create(env, config, from_network, n, &n->user, err);
	if (s) {
		free(n);
		return s;
	}
	*out = (struct cf_virtio_device) { &net_ops, n, F_MAC, &n->transport };
	return COFFER_OK;
}
